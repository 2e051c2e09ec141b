"""One function while it is written: memory reached by affine addresses, at the level where each address is known."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

from bibun.compiler.fusing.affine import Affine, level_of
from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.nests import WHOLE_AXIS
from bibun.compiler.native.code import LLVM, WIDTH, Code, Declares, Value, spelled
from bibun.compiler.native.levels import Levels
from bibun.compiler.native.transposing import joined, transposed

STORED = {"i1": "i8"}  # truth values are bytes in memory


class Lanes(NamedTuple):
    """What a variable that stands for a vector of places means now: how many lanes, and which of them count (None: all)."""

    number: int
    mask: str | None

    @property
    def masked(self) -> str:
        """The mask as an operand."""
        return f"<{self.number} x i1> {self.mask or 'splat (i1 true)'}"


def lanes_of(extent: int) -> Lanes:
    """An axis of this length as one vector."""
    count = 1 << (extent - 1).bit_length()
    return Lanes(count, None if count == extent else first_lanes(extent, count))


def first_lanes(extent: int, count: int) -> str:
    """A mask of the first lanes."""
    return f"<{', '.join('i1 true' if k < extent else 'i1 false' for k in range(count))}>"


class Function(Levels):
    """Levels of code, and memory reached by affine addresses.

    vectors     the variables that stand for a vector of places: that of the vector loop that is written now
    turns       of the loops over nests that are written now, the outermost first: the level of each, and its turn
    """

    def __init__(self, module: Declares, slots: dict[str, Any]) -> None:
        super().__init__(module)
        self.slots = slots  # of each buffer by name: a number of the frame, or an offset in the workspace
        self.vectors: dict[int, Lanes] = {}
        self.turns: tuple[tuple[int, Value], ...] = ()
        self.notes = False  # whether anything may be noted

    def depth_of(self, place: Affine) -> int:
        """The level of an affine function of loop variables."""
        loops = [v for v, _ in place[1] if v < WHOLE_AXIS]
        return self.ground + (loops[-1] + 1 if loops and loops[-1] >= 0 else 0)

    def loop_of(self, number: int) -> tuple[int, Value]:
        """The level of a loop, and its variable: of the nest's loops, or the turn of one around."""
        if number < 0:
            return self.turns[level_of(number)]
        depth = self.ground + number + 1
        loop = self.levels[depth].loop
        assert loop is not None
        return depth, loop

    # ---- memory -----------------------------------------------------------------------------------

    def base(self, buffer: Buffer) -> Value:
        """Where a buffer begins."""
        key = ("base", buffer.name)
        found = self.known.get(key)
        if found is not None:
            return found[0]
        if buffer.inside is not None:
            whole = self.base(buffer.inside)
            depth, turn = self.turns[buffer.level]
            code = self.at(depth)
            kind = LLVM.get(STORED.get(buffer.kind, buffer.kind))
            entries, kind = (buffer.entries, kind) if kind else (buffer.bytes, "i8")  # complex numbers are NumPy's
            places = turn if entries == 1 else turn * entries
            return self.keep(key, code.emit(f"getelementptr {kind}, {whole.typed}, {places.typed}", "ptr"), depth)
        slot = self.slots[buffer.name]
        if isinstance(slot, Value):
            return self.keep(key, slot, 0)
        if buffer.place == "temporary":
            workspace = self.known.get("workspace")
            start = workspace[0] if workspace else self.keep("workspace", self._frame(0), 0)
            code = self.at(0)
            pointer = code.emit(f"getelementptr i8, {start.typed}, i64 {slot}", "ptr")
        elif buffer.place == "captured":
            pointer = self.entry(slot)
        else:
            pointer = self._frame(slot)
        return self.keep(key, pointer, 0)

    def entry(self, slot: int) -> Value:
        """An entry of the context."""
        code = self.at(0)
        where = code.emit(f"getelementptr ptr, ptr %context, i64 {slot}", "ptr")
        return code.emit(f"load ptr, {where.typed}", "ptr")

    def _frame(self, slot: int) -> Value:
        code = self.at(0)
        where = code.emit(f"getelementptr ptr, ptr %frame, i64 {slot}", "ptr")
        return code.emit(f"load ptr, {where.typed}", "ptr")

    def pointer(self, buffer: Buffer, place: Affine) -> tuple[Value, int]:
        """To an entry: that of lane 0, where the vector loop's variable takes part. With the level at which it is read, in
        the innermost loop over nests: there its memory may be written."""
        base = self.base(buffer)
        found = (base, self.known["base", buffer.name][1])
        kind = LLVM[STORED.get(buffer.kind, buffer.kind)]
        offset, terms = place
        for n in range(len(terms)):
            key = ("pointer", buffer.name, terms[: n + 1])
            before = self.known.get(key)
            if before is None:
                number, step = terms[n]
                if number >= WHOLE_AXIS:
                    continue  # the pointer is that of lane 0
                depth, loop = self.loop_of(number)
                depth = max(depth, found[1])
                code = self.at(depth)
                places = loop if step == 1 else code.binary("mul", loop, step)
                value = code.emit(f"getelementptr {kind}, {found[0].typed}, {places.typed}", "ptr")
                self.keep(key, value, depth)
                before = (value, depth)
            found = before
        found = found[0], max(found[1], self.ground)
        return self._further(("pointer", buffer.name, place), kind, found, offset) if offset else found

    def _further(self, key: Hashable, kind: str, found: tuple[Value, int], offset: int) -> tuple[Value, int]:
        """A pointer `offset` entries behind another one."""
        before = self.known.get(key)
        if before is None:
            value = self.at(found[1]).emit(f"getelementptr {kind}, {found[0].typed}, i64 {offset}", "ptr")
            before = (self.keep(key, value, found[1]), found[1])
        return before

    def load(self, buffer: Buffer, place: Affine, depth: int = 0) -> tuple[Value, int]:
        """The entry at a place, or a vector of them; with its level. `depth`: that at which the entry changes, if it does."""
        lanes, step = self.across(place)
        if lanes is not None and step == 2 and buffer.packed and not any(c % 2 for _, c in place[1]):
            return self._half(buffer, place, depth, lanes)
        if lanes is not None and self._has_blocks(buffer, place, lanes, step):
            return self._of_block(buffer, place, depth, lanes, step)
        kind = STORED.get(buffer.kind, buffer.kind)
        pointer, outermost = self.pointer(buffer, place)
        depth = max(depth, outermost)
        value = self.read(self.at(depth), pointer, kind, lanes, step)
        return (value.to("i1") if buffer.kind == "i1" else value), depth

    def read(self, code: Code, pointer: Value, kind: str, lanes: Lanes | None, step: int) -> Value:
        """What a pointer points to, or entries from there on, `step` apart."""
        if lanes is None:
            return code.emit(f"load {LLVM[kind]}, {pointer.typed}", kind)
        if step == 1:
            return self.load_vector(code, pointer, kind, lanes)
        return self.gather(code, self._pointers(code, pointer, kind, step, lanes), kind, lanes)

    def _has_blocks(self, buffer: Buffer, place: Affine, lanes: Lanes, step: int) -> bool:
        """Whether it is the same column of as many rows as there are lanes, of a matrix that nobody writes to."""
        register = self._lanes_of_register(buffer.kind)
        rows = (
            (step >= register or (step > 1 and lanes.mask is None))
            and buffer.entries % step == 0
            and all(c % step == 0 for _, c in place[1])
        )
        known = buffer.place in ("input", "captured") and buffer.contiguous and buffer.kind in ("f64", "f32")
        return known and rows and lanes.number % register == 0

    def _of_block(self, buffer: Buffer, place: Affine, depth: int, lanes: Lanes, step: int) -> tuple[Value, int]:
        """A column of some rows: as many of their columns as a register has lanes are read side by side, once for all of them,
        and change places with the rows in registers. Gathered, each entry would take as long as a vector."""
        register = self._lanes_of_register(buffer.kind)
        column = place[0] % step
        first = max(min(column // register * register, step - register), 0)
        start = (place[0] - column + first, place[1])
        wanted = ("column", buffer.name, start, lanes, column - first)
        if wanted not in self.known:
            pointer, outermost = self.pointer(buffer, start)
            depth = max(depth, outermost)
            code = self.at(depth)
            starts = self._rows_of(code, lanes, step) if step >= register else range(0, lanes.number * step, register)
            rows = [self._row(code, pointer, buffer.kind, at) for at in starts]
            size = min(step, register)
            blocks = [transposed(rows[n : n + size]) for n in range(0, len(rows), size)]
            for n, parts in enumerate(zip(*blocks, strict=True)):
                self.keep((*wanted[:-1], n), joined(parts), depth)
        return self.known[wanted]

    def _rows_of(self, code: Code, lanes: Lanes, step: int) -> list[Value | int]:
        """Where the row of each lane begins; of a lane that does not count, which may have none, that of the first one."""
        if lanes.mask is None:
            return [k * step for k in range(lanes.number)]
        counts = [code.emit(f"extractelement {lanes.masked}, i64 {k}", "i1") for k in range(1, lanes.number)]
        return [0, *(code.select(each, code.constant(k * step, "i64"), 0) for k, each in enumerate(counts, 1))]

    def _row(self, code: Code, pointer: Value, kind: str, offset: Value | int) -> Value:
        """A register of entries, so many behind a pointer."""
        text = offset.typed if isinstance(offset, Value) else f"i64 {offset}"
        place = code.emit(f"getelementptr {LLVM[kind]}, {pointer.typed}, {text}", "ptr")
        return self.load_vector(code, place, kind, Lanes(self._lanes_of_register(kind), None))

    def _lanes_of_register(self, kind: str) -> int:
        return self.module.vector_bits // WIDTH[kind]

    def _half(self, buffer: Buffer, place: Affine, depth: int, lanes: Lanes) -> tuple[Value, int]:
        """The real or the imaginary parts of complex numbers, which are read together, once for both."""
        half = place[0] % 2
        whole = (place[0] - half, place[1])
        key = ("complex", buffer.name, whole, lanes)
        found = self.known.get(key)
        if found is None:
            pointer, outermost = self.pointer(buffer, whole)
            depth = max(depth, outermost)
            code = self.at(depth)
            both = self.load_vector(code, pointer, buffer.kind, self._twice(code, lanes))
            found = (self.keep(key, both, depth), depth)
        both, depth = found
        places = ", ".join(f"i32 {2 * k + half}" for k in range(lanes.number))
        text = f"shufflevector {both.typed}, {both.type} poison, <{lanes.number} x i32> <{places}>"
        return self.at(depth).emit(text, buffer.kind, lanes.number), depth

    def store_complex(self, buffer: Buffer, place: Affine, real: Value, imaginary: Value) -> None:
        """Put complex numbers at a place, that of their real parts; at the innermost level."""
        lanes, step = self.across(place)
        if lanes is None or step != 2:
            self.store(buffer, place, real)
            self.store(buffer, (place[0] + 1, place[1]), imaginary)
            return
        self.interrupt()
        pointer, _ = self.pointer(buffer, place)
        code, n = self.at(self.depth), lanes.number
        real, imaginary = code.splat(real, n), code.splat(imaginary, n)
        places = ", ".join(f"i32 {k}, i32 {n + k}" for k in range(n))
        text = f"shufflevector {real.typed}, {imaginary.typed}, <{2 * n} x i32> <{places}>"
        self.store_vector(code, pointer, code.emit(text, buffer.kind, 2 * n), self._twice(code, lanes))

    def _twice(self, code: Code, lanes: Lanes) -> Lanes:
        """Each lane two times, one behind the other."""
        n = lanes.number
        if lanes.mask is None:
            return Lanes(2 * n, None)
        places = ", ".join(f"i32 {k}, i32 {k}" for k in range(n))
        mask = code.emit(
            f"shufflevector {lanes.masked}, {_mask(lanes)} poison, <{2 * n} x i32> <{places}>", "i1", 2 * n
        )
        return Lanes(2 * n, mask.text)

    def store(self, buffer: Buffer, place: Affine, value: Value) -> None:
        """Put an entry, or a vector of them, at a place; at the innermost level."""
        self.interrupt()
        lanes, step = self.across(place)
        pointer, _ = self.pointer(buffer, place)
        self.put(self.at(self.depth), pointer, value, STORED.get(buffer.kind, buffer.kind), lanes, step)

    def put(self, code: Code, pointer: Value, value: Value, kind: str, lanes: Lanes | None, step: int) -> None:
        """An entry where a pointer points to, or entries from there on, `step` apart."""
        if kind != value.kind:
            value = value.to(kind)
        if lanes is None:
            code.line(f"store {value.typed}, {pointer.typed}")
            return
        value = code.splat(value, lanes.number)
        if step == 1:
            self.store_vector(code, pointer, value, lanes)
            return
        align, suffix = WIDTH[kind] // 8, f"v{lanes.number}{kind}"
        pointers = self._pointers(code, pointer, kind, step, lanes)
        self._declare("void", f"masked.scatter.{suffix}.v{lanes.number}p0", [value.type, pointers.type, _mask(lanes)])
        code.line(
            f"call void @llvm.masked.scatter.{suffix}.v{lanes.number}p0({value.typed}, "
            f"{pointers.type} align {align} {pointers.text}, {lanes.masked})"
        )

    def store_vector(self, code: Code, pointer: Value, value: Value, lanes: Lanes) -> None:
        """The lanes that count, one behind the other."""
        align = WIDTH[value.kind] // 8
        if lanes.mask is None:
            for k, part in enumerate(self._registers(code, value)):
                place = code.emit(f"getelementptr {part.type}, {pointer.typed}, i64 {k}", "ptr") if k else pointer
                code.line(f"store {part.typed}, {place.typed}, align {align}")
            return
        suffix = f"v{lanes.number}{value.kind}"
        self._declare("void", f"masked.store.{suffix}.p0", [value.type, "ptr", _mask(lanes)])
        code.line(
            f"call void @llvm.masked.store.{suffix}.p0({value.typed}, ptr align {align} {pointer.text}, {lanes.masked})"
        )

    def _registers(self, code: Code, value: Value) -> list[Value]:
        """A vector of several registers as that many vectors.

        LLVM stores the last register of a long vector first. Where the vectors do not begin at lines of the cache, the
        processor then writes most lines twice, which takes up to 1.7 times as long.
        """
        lanes = self.module.vector_bits // WIDTH[value.kind]
        if value.lanes <= lanes:
            return [value]
        parts = [", ".join(f"i32 {k}" for k in range(n, n + lanes)) for n in range(0, value.lanes, lanes)]
        return [
            code.emit(f"shufflevector {value.typed}, {value.type} poison, <{lanes} x i32> <{part}>", value.kind, lanes)
            for part in parts
        ]

    def note(self, bad: Value, depth: int) -> None:
        """Remember that something was out of bounds: the function then returns that the call must be made plainly."""
        self.notes = True
        code = self.at(depth)
        if bad.lanes:
            name = f"@llvm.vector.reduce.or.v{bad.lanes}i1"
            self.module.declare(name, f"i1 {name}({bad.type})")
            bad = code.emit(f"call i1 {name}({bad.typed})", "i1")
        before = code.emit("load i8, ptr %flag", "i8")
        after = before | bad.to("i8")
        code.line(f"store {after.typed}, ptr %flag")

    def noted(self) -> str:
        """What the function returns: 1 where something was out of bounds, else 0. To be asked once, when all is written."""
        if not self.notes:
            return "i32 0"
        code = self.at(0)
        code.lines[:0] = ["  %flag = alloca i8", "  store i8 0, ptr %flag"]  # before any condition
        return code.emit("load i8, ptr %flag", "i8").to("i32").typed

    def load_vector(self, code: Code, pointer: Value, kind: str, lanes: Lanes, rest: str = "zeroinitializer") -> Value:
        """One behind the other; `rest`: what the lanes are that do not count."""
        align = WIDTH[kind] // 8
        shape = spelled(kind, lanes.number)
        if lanes.mask is None:
            return code.emit(f"load {shape}, {pointer.typed}, align {align}", kind, lanes.number)
        suffix = f"v{lanes.number}{kind}"
        self._declare(shape, f"masked.load.{suffix}.p0", ["ptr", _mask(lanes), shape])
        return code.emit(
            f"call {shape} @llvm.masked.load.{suffix}.p0(ptr align {align} {pointer.text}, {lanes.masked}, {shape} {rest})",
            kind, lanes.number,
        )  # fmt: skip

    def gather(self, code: Code, pointers: Value, kind: str, lanes: Lanes) -> Value:
        """What a vector of pointers points to."""
        shape = spelled(kind, lanes.number)
        suffix = f"v{lanes.number}{kind}"
        self._declare(shape, f"masked.gather.{suffix}.v{lanes.number}p0", [pointers.type, _mask(lanes), shape])
        return code.emit(
            f"call {shape} @llvm.masked.gather.{suffix}.v{lanes.number}p0({pointers.type} align {WIDTH[kind] // 8} "
            f"{pointers.text}, {lanes.masked}, {shape} zeroinitializer)",
            kind, lanes.number,
        )  # fmt: skip

    def _pointers(self, code: Code, pointer: Value, kind: str, step: int, lanes: Lanes) -> Value:
        """To entries `step` apart, from that of lane 0."""
        places = ", ".join(f"i64 {k * step}" for k in range(lanes.number))
        return code.emit(
            f"getelementptr {LLVM[kind]}, {pointer.typed}, <{lanes.number} x i64> <{places}>", "ptr", lanes.number
        )

    def across(self, place: Affine) -> tuple[Lanes | None, int]:
        """Of which variable the place is a vector of places, and how many entries lie between its lanes."""
        for v, c in place[1]:
            if v >= WHOLE_AXIS:
                return lanes_of(v - WHOLE_AXIS), c
            if v in self.vectors:
                return self.vectors[v], c
        return None, 0

    def _declare(self, result: str, name: str, arguments: list[str]) -> None:
        self.module.declare(f"@llvm.{name}", f"{result} @llvm.{name}({', '.join(arguments)})")


def _mask(lanes: Lanes) -> str:
    return f"<{lanes.number} x i1>"
