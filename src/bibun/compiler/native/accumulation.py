"""Running sums and products along an axis, in one pass over memory.

Along the last axis a vector of neighbours at a time is summed up by halves, and what came before is added to all of it;
a product could overflow on the way, so it goes entry by entry. Along another axis whole rows are joined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any, NamedTuple

from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.schedule import Call
from bibun.compiler.native.arithmetic import WORDS
from bibun.compiler.native.code import LLVM, WIDTH, Value, spelled
from bibun.compiler.native.function import Function, first_lanes
from bibun.compiler.native.routines import part, writes

REGISTERS = 8  # vectors of a row that are carried in registers; a longer row is read back
ABREAST = 8  # rows that go entry by entry side by side: each waits for its own last result only


class Running(NamedTuple):
    """`length` entries to join, in memory behind `outer` places of the axes before theirs; `inner` lie side by side."""

    function: Function
    word: str
    kind: str
    lanes: int
    backward: bool
    outer: int
    length: int
    inner: int

    def join(self, a: Value, b: Value) -> Value:
        return WORDS[self.word](a, b)


@writes("running")
def _running(writer: Any, step: Call) -> None:
    word, axis, backward = step.expression.params.settings
    (source,), target = step.operands, part(writer, step, 0)
    shape, kind = target.shape, target.kind
    lanes = writer.module.vector_bits // WIDTH[kind]
    run = Running(
        writer.function, word, kind, lanes, backward, prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])
    )
    write = _along_others if run.inner > 1 else _by_halves if word == "fadd" and run.length >= 2 * lanes else _abreast
    write(run, source, target)


def _pointer(run: Running, base: Value, place: Value | int) -> Value:
    code = run.function.at(run.function.depth)
    text = place.typed if isinstance(place, Value) else f"i64 {place}"
    return code.emit(f"getelementptr {LLVM[run.kind]}, {base.typed}, {text}", "ptr")


def _rows(run: Running, buffers: Sequence[Buffer], write: Callable[[list[Value]], None]) -> None:
    """Write what is done for each place of the axes in front, with pointers to its first entry."""
    function, bases = run.function, [run.function.base(buffer) for buffer in buffers]
    if run.outer == 1:
        write(bases)
        return

    def turn(n: Value, _: list[Value]) -> list[Value]:
        function.at(function.depth)
        start = n * (run.length * run.inner)
        write([_pointer(run, base, start) for base in bases])
        return []

    function.repeat("outer", (0, run.outer, 1), [], turn)


# ---- memory, a number (lanes 0) or a vector at a time -------------------------------------------


class Chunk(NamedTuple):
    """Neighbours in memory: from where on, how many lanes, and how many of them count."""

    start: int
    lanes: int
    size: int


def _load(run: Running, pointer: Value, lanes: int = 0, size: int = 0) -> Value:
    code = run.function.at(run.function.depth)
    shape = spelled(run.kind, lanes)
    if size == lanes:
        return code.emit(f"load {shape}, {pointer.typed}, align {WIDTH[run.kind] // 8}", run.kind, lanes)
    name = f"@llvm.masked.load.v{lanes}{run.kind}.p0"
    code.module.declare(name, f"{shape} {name}(ptr, <{lanes} x i1>, {shape})")
    mask = f"<{lanes} x i1> {first_lanes(size, lanes)}"
    neutral = code.constant(_neutral(run), run.kind, lanes)
    return code.emit(
        f"call {shape} {name}(ptr align {WIDTH[run.kind] // 8} {pointer.text}, {mask}, {neutral.typed})", run.kind, lanes
    )  # fmt: skip


def _store(run: Running, pointer: Value, value: Value, size: int = 0) -> None:
    code = run.function.at(run.function.depth)
    if size == value.lanes:
        code.line(f"store {value.typed}, {pointer.typed}, align {WIDTH[run.kind] // 8}")
        return
    name = f"@llvm.masked.store.v{value.lanes}{run.kind}.p0"
    code.module.declare(name, f"void {name}({value.type}, ptr, <{value.lanes} x i1>)")
    mask = f"<{value.lanes} x i1> {first_lanes(size, value.lanes)}"
    code.line(f"call void {name}({value.typed}, ptr align {WIDTH[run.kind] // 8} {pointer.text}, {mask})")


def _neutral(run: Running) -> float:
    """What joining leaves as it is, the sign of a zero too."""
    return 1 if run.word == "fmul" else -0.0


# ---- along the last axis ------------------------------------------------------------------------


def _abreast(run: Running, source: Buffer, target: Buffer) -> None:
    """Entry by entry, some rows side by side."""
    function, whole = run.function, run.outer // ABREAST * ABREAST
    x, y = function.base(source), function.base(target)
    first, step = (run.length - 1, -1) if run.backward else (0, 1)

    def group(start: Value | int, rows: int) -> None:
        function.at(function.depth)
        places = [(start + k) * run.length + first for k in range(rows)]
        values = [_load(run, _pointer(run, x, place)) for place in places]
        for place, value in zip(places, values, strict=True):
            _store(run, _pointer(run, y, place), value)

        def turn(n: Value, now: list[Value]) -> list[Value]:
            function.at(function.depth)
            following = []
            for place, before in zip(places, now, strict=True):
                at = n * step + place
                value = run.join(before, _load(run, _pointer(run, x, at)))
                _store(run, _pointer(run, y, at), value)
                following.append(value)
            return following

        if run.length > 1:
            function.repeat("entry", (1, run.length, 1), values, turn)

    def several(n: Value, _: list[Value]) -> list[Value]:
        group(n, ABREAST)
        return []

    if whole:
        function.repeat("rows", (0, whole, ABREAST), [], several)
    if run.outer > whole:
        group(whole, run.outer - whole)


def _by_halves(run: Running, source: Buffer, target: Buffer) -> None:
    """A vector at a time, and what is left of the row as part of one."""
    function, lanes = run.function, run.lanes
    whole = run.length // lanes * lanes

    def row(pointers: list[Value]) -> None:
        x, y = pointers

        def block(place: Value | int, before: Value, size: int) -> Value:
            own = _sums(run, _load(run, _pointer(run, x, place), lanes, size))
            _store(run, _pointer(run, y, place), before + own, size)
            last = f"<{lanes} x i32> " + ("zeroinitializer" if run.backward else f"splat (i32 {lanes - 1})")
            code = function.at(function.depth)
            return before + code.emit(f"shufflevector {own.typed}, {own.type} poison, {last}", run.kind, lanes)

        def turn(n: Value, now: list[Value]) -> list[Value]:
            function.at(function.depth)
            return [block(run.length - lanes - n if run.backward else n, now[0], lanes)]

        start = function.at(function.depth).constant(_neutral(run), run.kind, lanes)
        (before,) = function.repeat("block", (0, whole, lanes), [start], turn)
        if run.length > whole:
            block(0 if run.backward else whole, before, run.length - whole)

    _rows(run, (source, target), row)


def _sums(run: Running, x: Value) -> Value:
    """The running sums within a vector: of pairs, of four, of eight."""
    code, lanes = run.function.at(run.function.depth), x.lanes
    nothing = code.constant(_neutral(run), run.kind, lanes)
    distance = 1
    while distance < lanes:
        order = range(distance, lanes + distance) if run.backward else range(-distance, lanes - distance)
        places = ", ".join(f"i32 {k if 0 <= k < lanes else lanes}" for k in order)
        x = x + code.emit(f"shufflevector {x.typed}, {nothing.typed}, <{lanes} x i32> <{places}>", run.kind, lanes)
        distance *= 2
    return x


# ---- along another axis -------------------------------------------------------------------------


def _along_others(run: Running, source: Buffer, target: Buffer) -> None:
    short = run.inner <= REGISTERS * run.lanes
    _rows(run, (source, target), partial(_in_registers if short else _row_after_row, run))


def _chunks(run: Running, start: int) -> list[Chunk]:
    """The row from `start` on, in vectors."""
    return [Chunk(k, run.lanes, min(run.lanes, run.inner - k)) for k in range(start, run.inner, run.lanes)]


def _in_registers(run: Running, pointers: list[Value]) -> None:
    """A short row of running results stays in registers."""
    function, (x, y) = run.function, pointers
    first, step = ((run.length - 1) * run.inner, -run.inner) if run.backward else (0, run.inner)
    chunks = _chunks(run, 0)

    def turn(n: Value, now: list[Value]) -> list[Value]:
        function.at(function.depth)
        place = n * step + first
        following = []
        for chunk, before in zip(chunks, now, strict=True):
            at = place + chunk.start
            value = run.join(before, _load(run, _pointer(run, x, at), chunk.lanes, chunk.size))
            _store(run, _pointer(run, y, at), value, chunk.size)
            following.append(value)
        return following

    start = function.at(function.depth).constant(_neutral(run), run.kind, run.lanes)
    function.repeat("entry", (0, run.length, 1), [start] * len(chunks), turn)


def _row_after_row(run: Running, pointers: list[Value]) -> None:
    """A long row of running results is in the cache: it has just been written."""
    function, (x, y) = run.function, pointers
    first, step = ((run.length - 1) * run.inner, -run.inner) if run.backward else (0, run.inner)
    whole = run.inner // run.lanes * run.lanes

    def joined(place: Value, size: int) -> None:
        before = _load(run, _pointer(run, y, place - step), run.lanes, size)
        value = run.join(before, _load(run, _pointer(run, x, place), run.lanes, size))
        _store(run, _pointer(run, y, place), value, size)

    def turn(n: Value, _: list[Value]) -> list[Value]:
        function.at(function.depth)
        place = n * step + first

        def along(k: Value, _: list[Value]) -> list[Value]:
            function.at(function.depth)
            joined(place + k, run.lanes)
            return []

        function.repeat("along", (0, whole, run.lanes), [], along)
        for chunk in _chunks(run, whole):
            function.at(function.depth)
            joined(place + chunk.start, chunk.size)
        return []

    function.module.declare("@llvm.memmove.p0.p0.i64", "void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)")
    begin, to = _pointer(run, x, first), _pointer(run, y, first)
    size = run.inner * WIDTH[run.kind] // 8
    function.at(function.depth).line(
        f"call void @llvm.memmove.p0.p0.i64({to.typed}, {begin.typed}, i64 {size}, i1 false)"
    )
    if run.length > 1:
        function.repeat("row", (1, run.length, 1), [], turn)
