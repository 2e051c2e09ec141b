"""Steps that are routines (see fusing/expressions.py, Routine): a function for each name, in ROUTINES, writes its code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bibun.compiler.fusing.affine import ZERO
from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.steps import Call
from bibun.compiler.native.code import LLVM, Value
from bibun.compiler.native.function import Function

Write = Callable[[Any, Call], None]
ROUTINES: dict[str, Write] = {}


def writes(name: str) -> Callable[[Write], Write]:
    """Register what writes a routine: a function of the program's writer and the step."""

    def register(function: Write) -> Write:
        ROUTINES[name] = function
        return function

    return register


def part(writer: Any, step: Call, number: int) -> Buffer:
    """Where a part goes; one that nobody reads, into memory that is not read."""
    if number not in step.outputs:
        shape, kind = step.expression.params.parts[number]
        step.outputs[number] = writer.scratch(shape, kind)
    return step.outputs[number]


def copied(writer: Any, step: Call, number: int) -> Buffer:
    """A part that is made in place: the memory of it, with the operand in it."""
    target = part(writer, step, number)
    source = step.operands[dict(step.expression.params.over)[number]]
    if target is not source:
        function: Function = writer.function
        to, start = function.base(target), function.base(source)
        function.module.declare("@llvm.memcpy.p0.p0.i64", "void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
        function.at(function.depth).line(
            f"call void @llvm.memcpy.p0.p0.i64({to.typed}, {start.typed}, i64 {target.bytes}, i1 false)"
        )
    return target


def each(
    function: Function,
    stack: tuple[int, ...],
    buffers: Sequence[Buffer],
    ranks: Sequence[int],
    write: Callable[[list[Value]], None],
) -> None:
    """Write what is done for each entry of a stack, with a pointer into each buffer.

    `ranks`: how many axes of each buffer an entry has; the axes before these broadcast against the stack.
    """
    steps = [_steps(buffer, rank, len(stack)) for buffer, rank in zip(buffers, ranks, strict=True)]
    kinds = [LLVM[buffer.kind] for buffer in buffers]

    def along(axis: int, pointers: list[Value]) -> None:
        if axis == len(stack):
            write(pointers)
        elif stack[axis] == 1:
            along(axis + 1, pointers)
        else:
            function.repeat("matrix", (0, stack[axis], 1), [], lambda n, _: turn(axis, pointers, n))

    def turn(axis: int, pointers: list[Value], n: Value) -> list[Value]:
        code = function.at(function.depth)
        moved = [
            code.emit(f"getelementptr {kind}, {pointer.typed}, {(n * step[axis]).typed}", "ptr") if step[axis] else pointer
            for pointer, step, kind in zip(pointers, steps, kinds, strict=True)
        ]  # fmt: skip
        along(axis + 1, moved)
        return []

    along(0, [function.base(buffer) for buffer in buffers])


def _steps(buffer: Buffer, rank: int, axes: int) -> list[int]:
    """Entries between neighbours along each axis of the stack; 0 where the buffer repeats."""
    lead = len(buffer.shape) - rank
    own = [0 if n == 1 else step for n, step in zip(buffer.shape[:lead], buffer.steps[:lead], strict=True)]
    return [0] * (axes - lead) + own


@writes("unless")
def _unless(writer: Any, step: Call) -> None:
    """A Python function makes the parts again where a condition does not hold."""
    count, again = step.expression.params.settings
    for number in list(step.outputs):
        copied(writer, step, number)
    function: Function = writer.function
    good, *_ = step.operands
    for buffer in (*step.operands, *step.outputs.values()):
        function.base(buffer)
    condition, _ = function.load(good, ZERO)
    call = Call(step.expression, step.operands[1 + count :], step.outputs)
    when(function, ~condition, lambda: writer.through_numpy(call, again, (False,) * len(call.operands)))


def when(function: Function, condition: Value, write: Callable[[], None]) -> None:
    """Code for the case that a condition holds; what it has looked up is not known behind it."""
    level, label = function.levels[-1], function.label("when")
    code = function.at(function.depth)
    code.line(f"br i1 {condition.text}, label %{label}, label %{label}.end")
    code.lines.append(f"{label}:")
    level.label, keys = label, len(level.keys)
    write()
    for key in level.keys[keys:]:
        function.known.pop(key, None)
    del level.keys[keys:]
    code = function.at(function.depth)
    code.line(f"br label %{label}.end")
    code.lines.append(f"{label}.end:")
    level.label = f"{label}.end"
