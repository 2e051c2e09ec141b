"""A recording as arrays of numbers: one code a call, and where its operands are. Finds nothing; periods.py does.

Arguments, captured arrays and constants are taken out of the stream: where they happen to appear first must not break a
period. Whole numbers in a key (x[i], x[i:i + 3]) are not part of the code either: they may move with a loop.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from bibun.compiler.graph import frozen
from bibun.interpreters.recording import CAPTURED, CONSTANT, GUARD, INPUT, PART, Recording

OPERANDS = 6  # a call of more is not looked for in loops
MOVING = 8  # whole numbers in a key, at most
LEAF = -1  # the position of an operand that is not in the stream
_KEYED = ("getitem", "put", "scatter_add", "getitem_at", "put_at", "scatter_add_at")


class Stream:
    """The calls of a recording that compute something.

    numbers     of each call in the recording
    codes       equal for calls of the same row, with the same settings, kinds of operands and likeness of the value
    positions   (call, operand): the operand's place in the stream; LEAF for a leaf
    leaves      (call, operand): the operand's number in the recording where it is a leaf (negative: a constant)
    moving      (call, k): whole numbers in its key
    wide        of each call of more than OPERANDS operands their places, which `positions` leaves out
    """

    def __init__(self, recording: Recording) -> None:
        place: dict[int, int] = {}
        self.numbers: list[int] = []
        self.wide: dict[int, list[int]] = {}
        codes: list[int] = []
        positions: list[Sequence[int]] = []
        leaves: list[Sequence[int]] = []
        moving: list[Sequence[int]] = []
        known: dict[Hashable, int] = {}
        kinds = _leaf_kinds(recording)
        none, empty = (LEAF,) * OPERANDS, (0,) * MOVING
        for number, (row, operands, settings, like) in enumerate(recording.calls):
            if row is INPUT or row is CAPTURED or row is CONSTANT:
                continue
            at = len(self.numbers)
            place[number] = at
            self.numbers.append(number)
            if len(operands) > OPERANDS:
                self.wide[at] = [place.get(n, LEAF) for n in operands]
                codes.append(-1 - at)
                positions.append(none)
                leaves.append(none)
                moving.append(empty)
                continue
            where = [place.get(n, LEAF) for n in operands]
            which = [kinds[n] if p == LEAF else None for n, p in zip(operands, where, strict=True)]
            name = row if isinstance(row, str) else row.name
            fixed, numbers = skeleton(name, settings)
            key = (name, fixed, like, *which)
            codes.append(known.setdefault(key, len(known)))
            rest = OPERANDS - len(where)
            positions.append((*where, *none[:rest]))
            leaves.append((*operands, *none[:rest]))
            moving.append((*numbers, *empty[len(numbers) :]) if numbers else empty)
        count = len(codes)
        self.codes = np.array(codes, np.int64)
        self.positions = np.array(positions, np.int64).reshape(count, OPERANDS)
        self.leaves = np.array(leaves, np.int64).reshape(count, OPERANDS)
        self.moving = np.array(moving, np.int64).reshape(count, MOVING)


def _leaf_kinds(recording: Recording) -> dict[int, Hashable]:
    """Of each leaf what must be equal for two of them to take turns."""
    kinds: dict[int, Hashable] = {-1 - k: ("constant", type(value)) for k, value in enumerate(recording.constants)}
    for number, (row, _, settings, like) in enumerate(recording.calls):
        if row is CAPTURED:
            kinds[number] = (row, like, settings.strides)
        elif row is INPUT or row is CONSTANT:
            kinds[number] = (row, number)
    return kinds


def skeleton(name: str, settings: Any) -> tuple[Hashable, tuple[int, ...]]:
    """Settings without the whole numbers of a key, and those."""
    if settings is None or (type(settings) is dict and not settings):
        return None, ()
    if name in (GUARD, PART):
        return (type(settings), settings), ()
    if name not in _KEYED:
        return frozen(settings), ()
    found: list[int] = []
    entries: list[Hashable] = []
    for k in settings["key"]:
        if type(k) is int:
            found.append(k)
            entries.append(int)
        elif type(k) is slice and type(k.start) is type(k.stop) is int and k.step is None:
            found += (k.start, k.stop)
            entries.append((slice, k.stop - k.start))
        else:
            entries.append(frozen(k))
    if len(found) > MOVING:
        return frozen(settings), ()
    rest = {key: value for key, value in settings.items() if key != "key"}
    return (tuple(entries), frozen(rest)), tuple(found)
