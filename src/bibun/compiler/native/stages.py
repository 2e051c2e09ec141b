"""A stage becomes a function of its own, over the rows of one chunk, and a loop over chunks that calls it.

    i32 stage(ptr frame, ptr context, ptr local, ptr totals, i64 start, i64 stop)

`local` is memory for one strip of rows. `totals` is that of the chunk's running results; they are joined when all chunks
are done, in their order. A sum of floats that is one number is kept as two, the second one what rounding has lost
(Knuth's TwoSum).

In loops over nests, their turns, and where memory begins that is another one in each turn, stand in a table in the workspace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bibun.compiler.fusing.affine import ZERO
from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.expressions import BYTES, identity_of
from bibun.compiler.fusing.nests import Root
from bibun.compiler.fusing.stages import Member, Stage, used
from bibun.compiler.native.arithmetic import WORDS, two_sum
from bibun.compiler.native.code import LLVM, Code, Value
from bibun.compiler.native.evaluation import Evaluation
from bibun.compiler.native.function import STORED, Function
from bibun.compiler.native.loops import Rows
from bibun.compiler.native.nests import NestWriter, fill
from bibun.compiler.native.sharing import Job, define, share
from bibun.compiler.native.totals import Total


def compensated(root: Root) -> bool:
    """Whether what rounding loses of a running sum is kept beside it."""
    return root.word == "fadd" and root.buffer.kind[0] == "f" and root.buffer.entries == 1


class StageWriter:
    """Writes the function of a stage, and what the program does with it."""

    def __init__(self, writer: Any, stage: Stage, number: int) -> None:
        self.writer = writer
        self.stage = stage
        self.name = f"stage{number}"
        self.record = 0  # bytes of the running results of one chunk
        self.totals: list[tuple[Root, Buffer, int]] = []  # with their own buffers, and where in the record
        for root in stage.totals:
            self.totals.append((root, root.buffer, self.record))
            self.record += -(-root.buffer.bytes * (2 if compensated(root) else 1) // 64) * 64
        self.places: dict[str, int] = {}  # of what is kept a strip at a time, in its memory
        self.strip = 0  # bytes of it, for each thread
        for buffer in stage.local:
            self.places[buffer.name] = self.strip
            self.strip += -(-buffer.bytes // 64) * 64
        self.table: Buffer | None = None
        self.moving: list[Buffer] = []  # another one in each turn of the loop around
        if writer.function.turns:
            self.moving = [buffer for buffer in dict.fromkeys(used(stage)) if self._moves(buffer)]
            self.table = writer.scratch((len(writer.function.turns) + len(self.moving),), "i64")
        self._define()
        self._call()

    def _moves(self, buffer: Buffer) -> bool:
        _, depth = self.writer.function.known.get(("base", buffer.name), (None, 0))
        return buffer.inside is not None or depth > 0

    # ---- the function -------------------------------------------------------------------------------

    def _define(self) -> None:
        writer = self.writer
        function = Function(writer.module, dict(writer.function.slots))
        if self.table is not None:
            self._told(function, self.table, len(writer.function.turns))
        evaluation = Evaluation(function, writer.evaluation.buffers)
        evaluation.turns = writer.evaluation.turns
        nests = NestWriter(function, evaluation, writer.module.vector_bits // 8)
        for root, buffer, offset in self.totals:
            code = function.at(0)
            root.buffer = Buffer("total", offset, buffer.shape, buffer.kind, buffer.steps)
            function.slots[root.buffer.name] = code.emit(f"getelementptr i8, ptr %totals, i64 {offset}", "ptr")
            fill(function, root.buffer, identity_of(str(root.word), buffer.kind))
            if compensated(root):
                nests.lost[id(root)] = lost = Buffer("lost", offset, (), buffer.kind)
                function.slots[lost.name] = function.at(0).emit(
                    f"getelementptr i8, ptr %totals, i64 {offset + buffer.bytes}", "ptr"
                )
                fill(function, lost, 0)
        self._strips(function, nests)
        for root, buffer, _ in self.totals:
            root.buffer = buffer
        result = function.noted()
        self.notes = result != "i32 0"
        define(writer.module, self.name, function, result)

    def _told(self, function: Function, table: Buffer, turns: int) -> None:
        """Read the table."""
        start = function.base(table)
        code = function.at(0)
        places = [code.emit(f"getelementptr i64, {start.typed}, i64 {n}", "ptr") for n in range(table.entries)]
        function.turns = tuple([(0, code.emit(f"load i64, {place.typed}", "i64")) for place in places[:turns]])
        for place, buffer in zip(places[turns:], self.moving, strict=True):
            function.keep(("base", buffer.name), code.emit(f"load ptr, {place.typed}", "ptr"), 0)

    def _tell(self, function: Function, table: Buffer) -> None:
        """Write it, in each turn."""
        start, bases = function.base(table), [function.base(buffer) for buffer in self.moving]
        code = function.at(function.depth)
        for n, value in enumerate([*(turn for _, turn in function.turns), *bases]):
            place = code.emit(f"getelementptr i64, {start.typed}, i64 {n}", "ptr")
            code.line(f"store {value.typed}, {place.typed}")

    def _strips(self, function: Function, nests: NestWriter) -> None:
        """The loop over strips; where one strip is all there is, none."""
        stage = self.stage
        code = function.at(0)
        start, stop = code.parameter("start", "i64"), code.parameter("stop", "i64")
        if stage.strip >= stage.chunk:
            self._members(function, nests, start, stop)
            return

        def write(strip: Value, _: list[Value]) -> Sequence[Value]:
            function.ground = function.depth
            end = function.at(function.depth).binary("add", strip, stage.strip)
            self._members(function, nests, strip, function.at(function.depth).select(end < stop, end, stop))
            return []

        function.repeat("strip", (start, stop, stage.strip), [], write)

    def _members(self, function: Function, nests: NestWriter, start: Value, stop: Value) -> None:
        """One strip: local memory begins with its first row."""
        for buffer in self.stage.local:
            assert buffer.strip is not None
            begin = function.base(self._whole(function, buffer))
            code = function.at(function.depth)
            kind = LLVM[STORED.get(buffer.kind, buffer.kind)]
            offset = start * -buffer.steps[buffer.strip[0]]
            pointer = code.emit(f"getelementptr {kind}, {begin.typed}, {offset.typed}", "ptr")
            function.keep(("base", buffer.name), pointer, function.ground)
        for m in self.stage.members:
            for root in self._added_to(m):
                if root.buffer in self.stage.local:
                    whole = self._whole(function, root.buffer)
                    fill(function, whole, identity_of(str(root.word), root.buffer.kind))
            nests.write(m.nest, m.cuts, Rows(m.row, start, stop))

    def _whole(self, function: Function, buffer: Buffer) -> Buffer:
        """The memory of a strip from its beginning."""
        place = self.places[buffer.name]
        whole = Buffer("local", place, (buffer.bytes // BYTES[buffer.kind],), buffer.kind)
        if whole.name not in function.slots:
            code = function.at(0)
            function.slots[whole.name] = code.emit(f"getelementptr i8, ptr %local, i64 {place}", "ptr")
        return whole

    def _added_to(self, member: Member) -> list[Root]:
        """The roots that add to memory row by row."""
        roots = [r for r in member.nest.roots if r.word is not None and r not in self.stage.totals]
        return [r for r in roots if Total(r, member.nest, member.row).adds]

    # ---- in the program -----------------------------------------------------------------------------

    def _call(self) -> None:
        """A loop over chunks, each with memory of its own for its running results; then these are joined."""
        writer, stage = self.writer, self.stage
        function: Function = writer.function
        for m in stage.members:
            for root in self._added_to(m):
                if root.buffer not in stage.local:
                    fill(function, root.buffer, identity_of(str(root.word), root.buffer.kind))
        threads = min(writer.threads, stage.chunks)
        memory, local = writer.reserved(self.record * stage.chunks), writer.reserved(self.strip * threads)
        if self.table is not None:
            self._tell(function, self.table)
        job = Job(self.name, local, memory, self.strip, self.record, stage.extent, stage.chunk, stage.work)
        bad = share(writer, job, threads)
        if self.notes:
            function.at(function.depth)
            writer.leave_unless(bad.equals(0))
        for root, buffer, offset in self.totals:
            if compensated(root):
                self._summed(root, buffer, memory, offset)
            else:
                self._joined(root, buffer, memory, offset)

    def _summed(self, root: Root, buffer: Buffer, memory: Value, offset: int) -> None:
        """A number: the chunks' sums, with what was lost in each, and in adding them."""
        function: Function = self.writer.function
        kind = LLVM[buffer.kind]

        def read(code: Code, chunk: Value, extra: int) -> Value:
            place = chunk * self.record + offset + extra
            pointer = code.emit(f"getelementptr i8, {memory.typed}, {place.typed}", "ptr")
            return code.emit(f"load {kind}, {pointer.typed}", buffer.kind)

        def write(chunk: Value, now: list[Value]) -> Sequence[Value]:
            code = function.at(function.depth)
            total, lost = two_sum(now[0], read(code, chunk, 0))
            return [total, now[1] + lost + read(code, chunk, buffer.bytes)]

        zero = function.at(function.depth).constant(0, buffer.kind)
        total, lost = function.repeat("sum", (0, self.stage.chunks, 1), [zero, zero], write)
        function.at(function.depth)
        # An infinite sum has lost nan: inf - inf.
        value = function.code.select((lost - lost).equals(0), total + lost, total)
        function.store(buffer, ZERO, value)
        if not root.target:
            function.keep((root.of.number, ()), value, function.ground)

    def _joined(self, root: Root, buffer: Buffer, memory: Value, offset: int) -> None:
        """An array: entry by entry the chunks' results, in order."""
        function: Function = self.writer.function
        kind = STORED.get(buffer.kind, buffer.kind)
        base = function.base(buffer)

        def entry(place: Value, _: list[Value]) -> Sequence[Value]:
            outer = function.at(function.depth)
            first = outer.constant(identity_of(str(root.word), buffer.kind), kind)

            def chunk(number: Value, now: list[Value]) -> Sequence[Value]:
                code = function.at(function.depth)
                at = number * self.record + offset
                start = code.emit(f"getelementptr i8, {memory.typed}, {at.typed}", "ptr")
                pointer = code.emit(f"getelementptr {LLVM[kind]}, {start.typed}, {place.typed}", "ptr")
                return [WORDS[str(root.word)](now[0], code.emit(f"load {LLVM[kind]}, {pointer.typed}", kind))]

            (value,) = function.repeat("join", (0, self.stage.chunks, 1), [first], chunk)
            code = function.at(function.depth)
            pointer = code.emit(f"getelementptr {LLVM[kind]}, {base.typed}, {place.typed}", "ptr")
            code.line(f"store {value.typed}, {pointer.typed}")
            return []

        function.repeat("entry", (0, buffer.entries, 1), [], entry)
