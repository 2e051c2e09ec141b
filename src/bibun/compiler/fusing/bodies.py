"""The schedule of a loop's body, and where the values are that go from turn to turn. schedule.py does the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bibun.compiler.fusing.buffers import Buffer, numbers
from bibun.compiler.fusing.expressions import Expression
from bibun.compiler.fusing.looping import Body
from bibun.compiler.fusing.overwriting import Overwriting, parts_read, versions_of
from bibun.compiler.fusing.steps import LoopStep

if TYPE_CHECKING:
    from bibun.compiler.fusing.schedule import Schedule


def schedule_body(around: Schedule, step: LoopStep) -> None:
    """Give a loop its schedule: carried values go to and fro between two buffers, or are written where they stand."""
    body = step.body
    following = [around.temporary(x) for x in body.following]
    parts = [part for part in body.parts if part[0] in step.outputs]  # lowering can find that one is never read
    wholes = [_part_of_turn(step, n, x, stacked) for n, x, stacked in parts]
    outputs = [*body.following, *(x for _, x, _ in parts)]
    arrays = _written_arrays(body)

    def attempt(apart: set[int]) -> tuple[Schedule, set[int]]:
        inner = type(around)(
            outputs, body.guards, targets=[*following, *wholes], around=around, turns=body.turns, apart=apart
        )
        return inner, _overwrite(inner, arrays, following, list(zip(outputs[len(following) :], wholes, strict=True)))

    inner, written = attempt(set())
    patched = [versions for k, versions in arrays.items() if k not in written and versions[-1].op == "patch"]
    if patched and (apart := {n for versions in patched for n in parts_read(inner, versions)}):
        inner, written = attempt(apart)
    step.schedule = inner
    for k, (first, before) in enumerate(zip(step.expression.operands, body.carried, strict=False)):
        if before.number not in inner.buffers:
            inner.buffers[before.number] = inner.temporary(before)
        place = inner.buffers[before.number]
        step.carried.append((around.buffers[first.number], place, place if k in written else following[k]))
        if k in written:
            around.temporaries.remove(following[k])
    step.reads = [*(first for first, _, _ in step.carried), *(inner.buffers[n] for n in around.buffers)]
    around.temporaries += inner.temporaries


def _part_of_turn(step: LoopStep, number: int, x: Expression, stacked: bool) -> Buffer:
    """Where a turn puts what the loop gives: into a stack, or where the next turn puts its own."""
    whole = step.outputs[number]
    if not stacked:
        return whole
    return Buffer("turn", next(numbers), x.shape, x.kind, inside=whole)


def _written_arrays(body: Body) -> dict[int, list[Expression]]:
    """The carried values that turns may write where they stand, by their number, each with its versions."""
    found = {k: versions_of(c, f) for k, (c, f) in enumerate(zip(body.carried, body.following, strict=True))}
    return {k: v for k, v in found.items() if v and sum(f is v[-1] for f in body.following) == 1}


def _overwrite(
    inner: Schedule,
    arrays: dict[int, list[Expression]],
    following: list[Buffer],
    parts: list[tuple[Expression, Buffer]],
) -> set[int]:
    """Write into carried arrays where they stand, as far as that is possible: the numbers of these."""
    written = set()
    for k, versions in arrays.items():
        last = [buffer for x, buffer in parts if x is versions[-1] and buffer.inside is None]
        carried = inner.buffers.get(versions[0].number)
        # what is left after the last turn, where that is asked for: then no turn copies it
        memory = last[0] if len(last) == 1 and last[0].contiguous else carried
        if memory is None or carried is None or len(last) > 1:
            continue
        if Overwriting(inner, versions, [following[k], *last], memory).done():
            written.add(k)
    if written:
        inner.note_reads()
    return written
