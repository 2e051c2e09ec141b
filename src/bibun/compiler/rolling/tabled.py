"""Keys whose whole numbers follow no rule, E[:, o] for o in observations: the numbers become operands, of which a loop has
a table, as of other numbers that differ from turn to turn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from bibun.compiler.flat import Flat
from bibun.compiler.rolling.periods import CALLS, TURNS, Repeats, Stretch
from bibun.compiler.rolling.stream import Stream, axes_of_key
from bibun.interpreters.recording import Recording
from bibun.primitives import TABLE
from bibun.primitives.indexing import Place

_WITH_OPERANDS = {TABLE[name]: TABLE[f"{name}_at"] for name in ("getitem", "put", "scatter_add")}
# Where nothing is computed, entries are only moved: what comes from where is known without a loop (fusing/shuffles.py).
_MOVES = {"part"} | {
    TABLE[name]
    for name in ("getitem", "put", "scatter_add", "add", "stack", "reshape", "broadcast_to", "transpose", "copy")
}
_PERIODS = range(1, 9)  # calls of one kind in a turn, at most, of which the numbers are looked at one by one


def with_tables(flat: Flat) -> tuple[Flat, Repeats]:
    """The recording, and what of it repeats: with such numbers as operands, where more of it does then."""
    found = Repeats(Stream(flat))
    stream = found.stream
    chosen = _chosen(flat, stream, found.stretches) if len(stream.numbers) >= CALLS else []
    if len(chosen) < TURNS:
        return flat, found
    computing = np.zeros(len(stream.codes), bool)
    for stretch in Repeats(stream.without_numbers(chosen)).stretches:
        numbers = stream.numbers[stretch.start : stretch.start + stretch.period]
        if any(flat[n][0] not in _MOVES for n in numbers):
            computing[stretch.start : stretch.stop] = True
    chosen = [at for at in chosen if computing[at]]
    if len(chosen) < TURNS:
        return flat, found
    other = _with_operands(flat, stream.numbers[chosen].tolist())
    more = Repeats(Stream(other))
    return (other, more) if more.saved > found.saved else (flat, found)


def _chosen(flat: Flat, stream: Stream, found: Sequence[Stretch]) -> list[int]:
    """The places in the stream of calls in no loop whose numbers are of one kind, many, and irregular."""
    straight = np.ones(len(stream.codes), bool)
    for stretch in found:
        straight[stretch.start : stretch.stop] = False
    alike: defaultdict[int, list[int]] = defaultdict(list)
    for at in stream.places[flat.numbers_of(lambda row, *_: row in _WITH_OPERANDS)].tolist():
        if straight[at]:
            alike[int(stream.codes[at])].append(at)
    many = [places for places in alike.values() if len(places) >= TURNS and _irregular(stream.moving[places])]
    return [at for places in many for at in places]


def _irregular(moving: np.ndarray[Any, Any]) -> bool:
    """Whether these numbers move by no fixed steps, however many calls of the kind a turn has."""
    return not any(
        bool((moving[2 * q :] + moving[: -2 * q] == 2 * moving[q:-q]).all()) for q in _PERIODS if 2 * q < len(moving)
    )


def _with_operands(flat: Flat, numbers: Sequence[int]) -> Flat:
    made = Recording()
    made.calls, made.constants, made.places = list(flat), list(flat.constants), flat.places
    known: dict[int, int] = {}
    for number in numbers:
        row, operands, settings, like = made.calls[number]
        lengths = axes_of_key(flat, number)
        more: list[int] = []
        entries: list[Any] = []
        for k, length in zip(settings["key"], lengths, strict=True):
            if type(k) is not int:
                entries.append(k)
                continue
            entries.append(Place(len(more)))
            k %= length
            if k not in known:
                made.constants.append(k)
                known[k] = -len(made.constants)
            more.append(known[k])
        made.calls[number] = _WITH_OPERANDS[row], (*operands, *more), {**settings, "key": tuple(entries)}, like
    return Flat(made, flat.alone, flat.origins)
