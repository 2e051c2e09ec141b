"""A schedule becomes a module: one function that runs its steps on memory given by pointers.

    i32 program(ptr frame, ptr context)

The frame holds pointers: the workspace, then arguments and outputs. The context is the table of native/context.py. The
result is 0, or 1 where the call has to be made in another way: a decision fell otherwise, an index was out of bounds, a
row that runs through NumPy raised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.expressions import PACKED
from bibun.compiler.fusing.nests import Nest
from bibun.compiler.fusing.schedule import Schedule
from bibun.compiler.fusing.stages import Stage
from bibun.compiler.fusing.steps import Call, Guard, LoopStep
from bibun.compiler.native.callbacks import Copy, Memory, MovingRow, Row, callback
from bibun.compiler.native.code import LLVM, Value, literal
from bibun.compiler.native.context import Context
from bibun.compiler.native.contraction import contract
from bibun.compiler.native.evaluation import Evaluation
from bibun.compiler.native.function import Function
from bibun.compiler.native.looping import write_loop
from bibun.compiler.native.machine import machine
from bibun.compiler.native.module import Module
from bibun.compiler.native.nests import NestWriter
from bibun.compiler.native.routines import ROUTINES
from bibun.compiler.native.sharing import table_of
from bibun.compiler.native.stages import StageWriter
from bibun.compiler.native.watch import UNCHANGED, Watched
from bibun.compiler.rolling.rolled import moves

ALIGNMENT = 64
PART = 1200  # lines of a module, after which another one begins: LLVM takes about 50 ms for so many
_SIGNATURE = "i32 @{}(ptr noalias %frame, ptr noalias %context)"


class Layout:
    """Where buffers are found: slots of the frame, offsets in the workspace."""

    def __init__(self, schedule: Schedule, inputs: int, outputs: int) -> None:
        self.slots: dict[str, int] = {f"input{n}": 1 + n for n in range(inputs)}
        self.slots |= {f"output{n}": 1 + inputs + n for n in range(outputs)}
        self.frame = 1 + inputs + outputs
        self.workspace = 0
        for buffer in schedule.temporaries:
            if buffer.strip is not None:
                continue  # that of a stage
            self.slots[buffer.name] = self.reserve(buffer.bytes)

    def reserve(self, size: int) -> int:
        """More workspace: the offset of so many bytes."""
        offset = self.workspace
        self.workspace += -(-size // ALIGNMENT) * ALIGNMENT
        return offset


def _in_order(parts: int) -> str:
    """The program that calls its parts until one of them leaves."""
    lines = [f"define internal {_SIGNATURE.format('program')} nounwind {{", "entry:"]
    for n in range(parts):
        lines += [
            f"  %r{n} = call i32 @part{n}(ptr %frame, ptr %context)",
            f"  %left{n} = icmp ne i32 %r{n}, 0",
            f"  br i1 %left{n}, label %leave, label %after{n}",
            f"after{n}:",
        ]
    return "\n".join([*lines, "  ret i32 0", "leave:", "  ret i32 1", "}"])


def _memory(buffer: Buffer) -> Memory:
    """As NumPy reads it."""
    if buffer.packed:
        return Memory(buffer.shape[:-1], PACKED[buffer.kind], buffer.array)
    return Memory(buffer.shape, buffer.kind, buffer.array)


class ProgramWriter:
    """Writes the program's function into a module; a long program as several, each in a module of its own.

    watched     index arrays of the code around, if there are any
    finished    is called with the text of each module but the last, as soon as it is written
    module      the last one, which has the program's function
    """

    def __init__(
        self,
        schedule: Schedule,
        context: Context,
        layout: Layout,
        threads: int,
        watched: Watched | None,
        finished: Callable[[str], object],
    ) -> None:
        self.schedule = schedule
        self.layout = layout
        self.threads = threads
        self.module = Module(8 * machine().width)
        self.context = context
        self.calls_python = False
        self.stages = 0
        parts = 0
        self._arrays = self._captured(schedule)
        self._begin()
        if watched is not None:
            self._look_at(watched)
        for n, step in enumerate(schedule.steps, 1):
            self._step(step, schedule)
            if n < len(schedule.steps) and self.module.length + len(self.function.at(0).lines) >= PART:
                self._end(f"part{parts}", "hidden")
                parts += 1
                finished(self.module.text())
                self.module = self.module.following()
                self._begin()
        if not parts:
            self._end("program", "internal")
            return
        self._end(f"part{parts}", "internal")
        for n in range(parts):
            self.module.declare(f"@part{n}", f"hidden {_SIGNATURE.format(f'part{n}')}")
        self.module.define(_in_order(parts + 1))

    def _look_at(self, watched: Watched) -> None:
        """Leave where an index array of the code around has changed."""
        self.context.kept.append(watched)
        slot = self.context.slot("watched", lambda: int(watched.table.ctypes.data), ("watched",))
        table, compare = self.function.entry(slot), self.function.entry(self.context.of_process("memcmp"))
        self.module.define(UNCHANGED)
        code = self.function.at(self.function.depth)
        self.leave_unless(code.emit(f"call i32 @unchanged({table.typed}, {compare.typed})", "i32").equals(0))

    def _begin(self) -> None:
        """A function of its own."""
        self.function = Function(self.module, {**self.layout.slots, **self._arrays})
        self.evaluation = Evaluation(self.function, self.schedule.buffers)
        self.nests = NestWriter(self.function, self.evaluation, self.module.vector_bits // 8)
        self._leave = False

    def _end(self, name: str, linkage: str) -> None:
        result = self.function.noted()
        lines = [*self.function.at(0).lines, f"  ret {result}"]
        if self._leave:
            lines += ["leave:", "  ret i32 1"]
        body = "\n".join(lines)
        head = f"define {linkage} {_SIGNATURE.format(name)} noinline nounwind {self.module.long}"
        self.module.define(f"{head} {{\nentry:\n{body}\n}}")

    def run(self, schedule: Schedule) -> None:
        """Write the steps of a schedule, at the level at which the function is."""
        self.function.slots.update(self._captured(schedule))
        for step in schedule.steps:
            self._step(step, schedule)

    def _captured(self, schedule: Schedule) -> dict[str, int]:
        """Arrays from outside are found in the context: asked once, not for each part of a long program."""
        captured = [buffer for buffer in schedule.buffers.values() if buffer.place == "captured"]
        return {buffer.name: self.context.array(buffer.name, buffer.array) for buffer in captured}

    def reserved(self, size: int) -> Value:
        """Memory of the workspace."""
        return self.function.base(Buffer("temporary", self._reserve(size), (), "f64"))

    def scratch(self, shape: tuple[int, ...], kind: str) -> Buffer:
        """Memory of the workspace as an array."""
        buffer = Buffer("temporary", 0, shape, kind)
        buffer.number = self._reserve(buffer.bytes)
        return buffer

    def _reserve(self, size: int) -> int:
        number = -1 - len(self.function.slots)
        self.function.slots[f"temporary{number}"] = self.layout.reserve(size)
        return number

    def _step(self, step: Any, schedule: Schedule) -> None:
        if isinstance(step, Nest):
            self.nests.write(step, schedule.cuts[id(step)])
        elif isinstance(step, Stage):
            self.stages += 1
            StageWriter(self, step, self.stages)
        elif isinstance(step, LoopStep):
            write_loop(self, step)
        elif isinstance(step, Guard):
            self._guard(step)
        elif step.expression.op == "contract":
            contract(self, step)
        elif step.expression.op == "routine":
            ROUTINES[step.expression.params.name](self, step)
        elif step.expression.op != "call":
            self.through_numpy(step, Copy(), (False,))
        else:
            row, settings, weak = step.expression.params
            kind = MovingRow if moves(settings) else Row
            self.through_numpy(step, kind(row.name, tuple((settings or {}).items())), weak)

    def leave_unless(self, condition: Any) -> None:
        """Return 1 where a condition does not hold."""
        function = self.function
        label = function.label("held")
        code = function.at(function.depth)
        code.line(f"br i1 {condition.text}, label %{label}, label %leave")
        code.lines.append(f"{label}:")
        function.levels[-1].label = label
        self._leave = True

    def _guard(self, step: Guard) -> None:
        value, _ = self.function.load(step.buffer, (0, ()))
        code = self.function.at(self.function.depth)
        if isinstance(step.outcome, bool):
            value = value.to("i1")  # any number but 0 is true
        wanted = code.constant(step.outcome, value.kind)
        self.leave_unless(value.equals(wanted))

    def integer(self, value: int) -> str:
        """An argument of a BLAS routine: a pointer to a constant integer."""
        return f"ptr {self.module.constant(f'integer.{value}', f'i32 {value}')}"

    def number(self, value: float, kind: str) -> str:
        """An argument of a BLAS routine: a pointer to a constant float."""
        text = literal(value, kind)
        return f"ptr {self.module.constant(f'number.{kind}.{text}', f'{LLVM[kind]} {text}')}"

    def letter(self, value: str) -> str:
        """An argument of a BLAS routine: a pointer to a letter."""
        return f"ptr {self.module.constant(f'letter.{value}', f'i8 {ord(value)}')}"

    def through_numpy(self, step: Call, function: Any, weak: Sequence[bool]) -> None:
        """A call of Python: pointers to operands and outputs in an array, whose address is the argument."""
        self.calls_python = True
        operands = [_memory(b) for b in step.operands]
        outputs = {part: _memory(b) for part, b in step.outputs.items()}
        run = callback(function, weak, operands, outputs)
        origin = ("numpy", function, tuple(weak), operands, outputs)
        target = self.function.entry(self.context.held(f"call{len(self.context.slots)}", run, origin))
        buffers = [*step.operands, *step.outputs.values()]
        pointers = [self.function.base(buffer) for buffer in buffers]
        names = ("PyLong_FromLongLong", "PyObject_Vectorcall", "PyErr_Clear")
        make, invoke, clear = (self.function.entry(self.context.of_process(name)) for name in names)
        argument = self.function.at(0).emit("alloca ptr", "ptr")
        table = table_of(self.function, pointers)
        code = self.function.at(self.function.depth)
        number = code.emit(f"ptrtoint {table.typed} to i64", "i64")
        boxed = code.emit(f"call ptr {make.text}({number.typed})", "ptr")
        code.line(f"store {boxed.typed}, {argument.typed}")
        result = code.emit(f"call ptr {invoke.text}({target.typed}, {argument.typed}, i64 1, ptr null)", "ptr")
        self._release(boxed)
        worked = code.emit(f"icmp ne {result.typed}, null", "i1")
        label = self.function.label("raised")
        code.line(f"br i1 {worked.text}, label %{label}.not, label %{label}")
        code.lines.append(f"{label}:")
        code.line(f"call void {clear.text}()")
        code.line("br label %leave")
        code.lines.append(f"{label}.not:")
        self._release(result)
        self._leave = True
        self.function.levels[-1].label = f"{label}.not"

    def _release(self, thing: Value) -> None:
        """One reference less."""
        release = self.function.entry(self.context.of_process("Py_DecRef"))
        code = self.function.at(self.function.depth)
        code.line(f"call void {release.text}({thing.typed})")
