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
    found = Repeats(Stream(flat), flat.lags)
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
    heads, codes, constants = list(flat.heads), flat.codes.copy(), list(flat.constants)
    known: dict[int, int] = {}
    alike: dict[tuple[int, ...], tuple[int, list[int]]] = {}  # of calls of one head, of operands of one head each
    ends: list[int] = []
    more: list[int] = []
    for number in numbers:
        row, operands, settings, like = flat[number]
        kinds = (int(flat.codes[number]), *[int(flat.codes[n]) if n >= 0 else n for n in operands])
        if kinds not in alike:
            key: list[Any] = []
            read: list[int] = []
            for k, length in zip(settings["key"], axes_of_key(flat, number), strict=True):
                if type(k) is not int:
                    key.append(k)
                    continue
                key.append(Place(len(read)))
                if k % length not in known:
                    constants.append(k % length)
                    known[k % length] = -len(constants)
                read.append(known[k % length])
            alike[kinds] = len(heads), read
            heads.append((_WITH_OPERANDS[row], {**settings, "key": tuple(key)}, like, len(operands) + len(read)))
        codes[number], read = alike[kinds]
        ends += [int(flat.starts[number]) + len(operands)] * len(read)
        more += read
    return flat.changed(heads, codes, np.insert(flat.operands, ends, more), constants)
