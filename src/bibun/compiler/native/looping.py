"""A loop over nests: carried values in registers where they are few numbers, in two buffers that take turns where not."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import product
from typing import Any, NamedTuple

from bibun.compiler.fusing.affine import Affine, fixed, linear, variable
from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.expressions import BYTES, Expression
from bibun.compiler.fusing.nests import INLINE_ALWAYS, WHOLE_AXIS
from bibun.compiler.fusing.steps import LoopStep
from bibun.compiler.native.code import Value
from bibun.compiler.native.function import Function

REGISTERS = 16  # entries of a carried value that are registers one by one
_VECTOR = 32  # of one that is a vector

Index = tuple[Affine, ...]


class Register(NamedTuple):
    """A carried value, or an entry of it, as a register: its index, the first value, before the loop."""

    carried: Expression
    following: Expression
    after: Buffer
    place: Index
    first: Value


def write_loop(writer: Any, step: LoopStep) -> None:
    """Write the loop at the level at which the function is."""
    function: Function = writer.function
    schedule = step.schedule
    assert schedule is not None
    for first, before, _ in step.carried:
        if first is not before:
            _copy(function, first, before)
    registers = _registers(function, step)
    pairs = [(before, after) for _, before, after in step.carried if after is not before]
    bases = [function.base(buffer) for pair in pairs for buffer in pair]
    names: list[Hashable] = [("base", buffer.name) for pair in pairs for buffer in pair]
    known = {name: function.known[name] for name in names}
    turns, buffers, ground, around = writer.evaluation.turns, writer.evaluation.buffers, function.ground, function.turns

    def write(variable: Value, now: list[Value]) -> list[Value]:
        """Of each pair of buffers the one is read and the other written; in the next turn the other way round."""
        function.ground, function.turns = function.depth, (*around, (function.depth, variable))
        writer.evaluation.turns, writer.evaluation.buffers = schedule.turns, schedule.buffers
        for name, base in zip(names, now, strict=False):
            function.keep(name, base, function.ground)
        for r, value in zip(registers, now[len(bases) :], strict=True):
            function.keep((r.carried.number, r.place), value, function.ground)
        writer.run(schedule)
        swapped = [now[n + 1 - 2 * (n % 2)] for n in range(len(bases))]
        following = [*swapped, *(_following(function, r) for r in registers)]
        function.ground, function.turns = ground, around
        writer.evaluation.turns, writer.evaluation.buffers = turns, buffers
        return following

    function.repeat("turn", (0, step.body.turns, 1), [*bases, *(r.first for r in registers)], write)
    function.known |= known  # a loop around may have them take turns too


def _copy(function: Function, source: Buffer, target: Buffer) -> None:
    """All entries of a buffer into another one."""
    if source.contiguous:
        a, b = function.base(source), function.base(target)
        function.module.declare("@llvm.memcpy.p0.p0.i64", "void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
        function.at(function.depth).line(
            f"call void @llvm.memcpy.p0.p0.i64({b.typed}, {a.typed}, i64 {target.bytes}, i1 false)"
        )
        return
    for index in product(*(range(n) for n in source.shape)):
        place = tuple(fixed(i) for i in index)
        value, _ = function.load(source, linear(place, source.steps))
        function.store(target, linear(place, target.steps), value)


def _registers(function: Function, step: LoopStep) -> list[Register]:
    """The carried values that are few numbers, entry by entry or as a vector; their first values are loaded."""
    found: list[Register] = []
    pairs = zip(step.body.carried, step.body.following, step.carried, strict=True)
    for carried, following, (first, before, after) in pairs:
        if carried.kind not in BYTES or after is before:
            continue
        for index in _indices(carried.shape):
            value, _ = function.load(first, linear(index, first.steps))
            found.append(Register(carried, following, after, index, value))
    return found


def _indices(shape: tuple[int, ...]) -> list[Index]:
    """Each entry of a small array, or one that stands for all of a short axis."""
    size = 1
    for n in shape:
        size *= n
    if not size or size > _VECTOR:
        return []
    if not shape or shape[-1] <= INLINE_ALWAYS:
        return [tuple(map(fixed, index)) for index in product(*map(range, shape))] if size <= REGISTERS else []
    return [(variable(WHOLE_AXIS + shape[0]),)] if len(shape) == 1 else []


def _following(function: Function, r: Register) -> Value:
    """The value of a register in the next turn: known, or read back from where the turn has stored it."""
    found = function.known.get((r.following.number, r.place))
    if found is not None and found[0].lanes == r.first.lanes:
        return found[0]
    value, _ = function.load(r.after, linear(r.place, r.after.steps))
    return value
