"""The schedule of a loop's body, and where the values are that go from turn to turn. schedule.py does the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bibun.compiler.fusing.buffers import Buffer, numbers
from bibun.compiler.fusing.expressions import BYTES, Expression
from bibun.compiler.fusing.looping import Body
from bibun.compiler.fusing.overwriting import LEAST, Overwriting, parts_read, versions_of
from bibun.compiler.fusing.steps import LoopStep

if TYPE_CHECKING:
    from bibun.compiler.fusing.schedule import Schedule


def schedule_body(around: Schedule, step: LoopStep) -> None:
    """Give a loop its schedule: carried values go to and fro between two buffers, or are written where they stand."""
    body = step.body
    own = [around.temporary(x) for x in body.following]
    parts = [part for part in body.parts if part[0] in step.outputs]  # lowering can find that one is never read
    level = len(around.turns)
    asked = [(x, _part_of_turn(step, n, x, level) if stacked else step.outputs[n]) for n, x, stacked in parts]
    arrays = _written_arrays(body)
    ends: dict[int, Buffer] = {}

    def attempt(apart: set[int]) -> tuple[Schedule, set[int]]:
        turned = {body.carried[k].number: end for k, end in ends.items()}
        left = [(x, whole) for x, whole in asked if not any(whole is end for end in ends.values())]
        inner = type(around)(
            [*body.following, *(x for x, _ in left)], body.guards, targets=[*following, *(whole for _, whole in left)],
            around=around, turns=(*around.turns, body.turns), apart=apart, places={} if body.turns % 2 else turned,
        )  # fmt: skip
        return inner, _overwrite(inner, {k: v for k, v in arrays.items() if k not in ends}, following, left)

    following, apart = list(own), set[int]()
    inner, written = attempt(apart)
    patched = [versions for k, versions in arrays.items() if k not in written and versions[-1].op != "map"]
    if patched and (apart := {n for versions in patched for n in parts_read(inner, versions)}):
        inner, written = attempt(apart)
    ends |= _ends(body, asked, written)
    if ends:
        following = [ends.get(k, f) if body.turns % 2 else f for k, f in enumerate(own)]
        inner, written = attempt(apart)
    step.schedule = inner
    for k, (first, before) in enumerate(zip(step.expression.operands, body.carried, strict=False)):
        if before.number not in inner.buffers:
            inner.buffers[before.number] = inner.places.get(before.number) or inner.temporary(before)
        place = inner.buffers[before.number]
        step.carried.append((around.buffers[first.number], place, place if k in written else following[k]))
        if k in written or following[k] is not own[k]:
            around.temporaries.remove(own[k])
    step.reads = [*(first for first, _, _ in step.carried), *(inner.buffers[n] for n in around.buffers)]
    around.temporaries += inner.temporaries


def _ends(body: Body, asked: list[tuple[Expression, Buffer]], written: set[int]) -> dict[int, Buffer]:
    """Of large carried values that go to and fro, where the last one is asked for: that is one of the two buffers, the one
    that the last turn writes, and no turn copies it."""
    found: dict[int, Buffer] = {}
    for k, (carried, x) in enumerate(zip(body.carried, body.following, strict=True)):
        last = [whole for y, whole in asked if y is x and whole.inside is None]
        alone = len(last) == 1 and sum(y is x for y in body.following) == 1 and k not in written
        if alone and last[0].contiguous and carried.size >= LEAST and x.kind in BYTES:
            found[k] = last[0]
    return found


def _part_of_turn(step: LoopStep, number: int, x: Expression, level: int) -> Buffer:
    """Where a turn of a loop in so many others puts an entry of a stack."""
    entry = Buffer("turn", next(numbers), x.shape, x.kind)
    entry.inside, entry.level = step.outputs[number], level
    return entry


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
