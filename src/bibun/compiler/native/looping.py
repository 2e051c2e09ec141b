"""A loop over nests: carried values in registers where they are few numbers, in two buffers that take turns where not."""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

from bibun.compiler.fusing.affine import Affine, fixed, linear, variable
from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.expressions import BYTES, Expression
from bibun.compiler.fusing.nests import INLINE_ALWAYS, WHOLE_AXIS
from bibun.compiler.fusing.schedule import LoopStep
from bibun.compiler.native.code import Value
from bibun.compiler.native.function import Function

REGISTERS = 16  # entries of a carried value that are registers one by one
_VECTOR = 32  # of one that is a vector

Index = tuple[Affine, ...]


class Register(NamedTuple):
    """A carried value, or an entry of it, as a register: its index, the first value, the name of the loop's own."""

    carried: Expression
    following: Expression
    after: Buffer
    place: Index
    first: Value
    now: Value


def write_loop(writer: Any, step: LoopStep) -> None:
    """Write the loop at the level at which the function is."""
    function: Function = writer.function
    schedule = step.schedule
    assert schedule is not None
    for first, before, _ in step.carried:
        _copy(function, first, before)
    outer = function.depth
    label, came = function.label("turn"), function.levels[-1].label
    code = function.at(outer)
    registers = _registers(function, step, label)
    pairs = [(before, after) for _, before, after in step.carried]
    bases = [(function.base(before), function.base(after)) for before, after in pairs]
    ground, function.ground = function.ground, outer + 1
    function.push(code.parameter(f"{label}.i", "i64"), label)
    for n, (before, after) in enumerate(pairs):
        function.keep(("base", before.name), code.parameter(f"{label}.b{n}", "ptr"), outer + 1)
        function.keep(("base", after.name), code.parameter(f"{label}.a{n}", "ptr"), outer + 1)
    for r in registers:
        function.keep((r.carried.number, r.place), r.now, outer + 1)
    turns, buffers = writer.evaluation.turns, writer.evaluation.buffers
    writer.evaluation.turns, writer.evaluation.buffers = schedule.turns, schedule.buffers
    writer.run(schedule)
    nexts = [_following(function, r) for r in registers]
    writer.evaluation.turns, writer.evaluation.buffers = turns, buffers
    last = function.levels[-1].label
    body = function.pop()
    function.ground = ground
    phis = [(f"{label}.i", "i64", "0", f"%{label}.n")]
    for n, (b, a) in enumerate(bases):
        phis.append((f"{label}.b{n}", "ptr", b.text, f"%{label}.a{n}"))
        phis.append((f"{label}.a{n}", "ptr", a.text, f"%{label}.b{n}"))
    phis += [(r.now.text[1:], r.now.type, r.first.text, value.text) for r, value in zip(registers, nexts, strict=True)]
    lines = function.levels[outer].lines
    lines += [f"  br label %{label}", f"{label}:"]
    lines += [f"  %{name} = phi {kind} [{a}, %{came}], [{b}, %{last}]" for name, kind, a, b in phis]
    lines += body
    lines += [
        f"  %{label}.n = add nuw nsw i64 %{label}.i, 1",
        f"  %{label}.c = icmp ult i64 %{label}.n, {step.body.turns}",
        f"  br i1 %{label}.c, label %{label}, label %{label}.end",
        f"{label}.end:",
    ]
    function.levels[outer].label = f"{label}.end"


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


def _registers(function: Function, step: LoopStep, label: str) -> list[Register]:
    """The carried values that are few numbers, entry by entry or as a vector; their first values are loaded."""
    found: list[Register] = []
    pairs = zip(step.body.carried, step.body.following, step.carried, strict=True)
    for carried, following, (first, _, after) in pairs:
        if carried.kind not in BYTES:
            continue
        for index in _indices(carried.shape):
            value, _ = function.load(first, linear(index, first.steps))
            now = function.code.parameter(f"{label}.v{len(found)}", value.kind, value.lanes)
            found.append(Register(carried, following, after, index, value, now))
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
    if found is not None and found[0].lanes == r.now.lanes:
        return found[0]
    value, _ = function.load(r.after, linear(r.place, r.after.steps))
    return value
