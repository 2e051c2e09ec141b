"""What a recording would be with more turns of some loops: from that with a few, and those with one more of each.

Where one turn more makes one turn more of all that comes of that loop, and moves what is read by a distance, these say what the
recording with two more turns of all loops is; where they do, they say what that with hundreds is.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.exactly import InexactError, exactly
from bibun.compiler.flat import Flat, Head
from bibun.compiler.rolling.periods import Repeats
from bibun.compiler.rolling.stream import LEAVES, Stream, leaves_first, with_numbers
from bibun.interpreters.recording import CAPTURED

Array = np.ndarray[Any, Any]


class NotContinued(Exception):
    """The recordings do not go on from one to the next by the same step."""


class Part(NamedTuple):
    """Calls that repeat, or some in one turn.

    kinds       of one turn: equal for calls that are alike but for the whole numbers in their keys
    first       of the first turn: operands, and those numbers (call, k)
    step        by how much they move from turn to turn
    """

    kinds: Array
    first: tuple[Array, Array]
    step: tuple[Array, Array]
    turns: int


class Spread(NamedTuple):
    """All calls of a recording: their kinds, operands, and numbers in keys; and the numbers of those that are returned."""

    kinds: Array
    operands: Array
    moving: Array
    numbers: Array


class Outline:
    """A recording in parts. `lags`: at which distances it was seen to repeat."""

    def __init__(self, flat: Flat, numbers: Sequence[int], known: dict[Hashable, int]) -> None:
        stream = Stream(flat)
        repeats = Repeats(stream)
        self.lags = repeats.lags
        order = count()  # of captured arrays
        leaves = [
            known.setdefault((row, next(order) if row is CAPTURED else settings, like), len(known))
            if row in LEAVES
            else -1
            for row, settings, like, _ in flat.heads
        ]
        kinds = np.array(leaves, np.int64)[flat.codes]
        kinds[stream.numbers] = stream.named(known)
        moving = np.zeros((len(flat), stream.moving.shape[1]), np.int64)
        moving[stream.numbers] = stream.moving
        self.all = Spread(kinds, flat.operands, moving, np.array(numbers, np.int64))
        self._ends = np.append(flat.starts, len(flat.operands))
        self.parts = []
        at = 0
        for start, period, turns in repeats.stretches:
            start += len(flat) - len(stream.numbers)
            self.parts += [self._part(at, start, 1), self._part(start, start + period * turns, turns)]
            at = start + period * turns
        self.parts.append(self._part(at, len(flat), 1))

    def beyond(self, others: Sequence[Outline], steps: Sequence[int]) -> tuple[list[Part], Array]:
        """The parts so many steps to each of the others away, and the numbers that are returned there."""
        if any(len(other.parts) != len(self.parts) for other in others):
            raise NotContinued
        parts = [_beyond(part, [other.parts[n] for other in others], steps) for n, part in enumerate(self.parts)]
        return parts, _line(self.all.numbers, [other.all.numbers for other in others], steps)

    def is_like(self, found: tuple[list[Part], Array]) -> bool:
        """Whether these are its parts and numbers."""
        parts, numbers = found
        spread = (np.concatenate([_all(part, k) for part in parts]) for k in range(3))
        return all(map(np.array_equal, self.all, (*spread, numbers)))

    def _part(self, start: int, stop: int, turns: int) -> Part:
        kinds = self.all.kinds[start:stop].reshape(turns, -1)
        operands = self.all.operands[self._ends[start] : self._ends[stop]].reshape(turns, -1)
        moving = self.all.moving[start:stop].reshape(turns, len(kinds[0]), self.all.moving.shape[1])
        if (kinds != kinds[0]).any():
            raise NotContinued
        (first, step), (from_, by) = _moves(operands), _moves(moving)
        return Part(kinds[0], (first, from_), (step, by), turns)


def continued(runs: Sequence[tuple[Flat, Sequence[int]]], more: Sequence[int]) -> tuple[Flat, list[int]]:
    """The recording with so many more turns of each loop than the first one has, and which numbers of it are returned.

    runs: the first; for each loop that with one turn more; the last with two turns more of each.
    Raises NotContinued."""
    *known, (last, outputs) = (leaves_first(flat, numbers) for flat, numbers in runs)
    flats = [*(flat for flat, _ in known), last]
    if any(flat.places for flat in flats) or not _alike(flats):  # decisions, arrays
        raise NotContinued
    names: dict[Hashable, int] = {}
    first, *others = (Outline(flat, numbers, names) for flat, numbers in known)
    if not Outline(last, outputs, names).is_like(first.beyond(others, [2] * len(more))):
        raise NotContinued
    return _made(flats[0], first, first.beyond(others, more))


def _alike(flats: Sequence[Flat]) -> bool:
    """Whether they have the same constants, and have captured the same arrays."""
    with suppress(InexactError):
        return (
            len(
                {
                    (exactly(flat.constants), *map(_content, flat.arrays.values()), *flat.alone.values())
                    for flat in flats
                }
            )
            == 1
        )
    return False


def _content(array: Array) -> Hashable:
    return array.dtype, array.shape, array.strides, array.flags.num, array.tobytes()


def _moves(table: Array) -> tuple[Array, Array]:
    """The first row of a table, and the step to each next one."""
    first = table[0]
    step = table[1] - first if len(table) > 1 else np.zeros_like(first)
    if (table != _rows(first, step, len(table))).any():
        raise NotContinued
    return first, step


def _rows(first: Array, step: Array, turns: int) -> Array:
    return first + step * np.arange(turns).reshape(-1, *(1,) * first.ndim)


def _all(part: Part, k: int) -> Array:
    """Of all turns the kinds (0), operands (1) or numbers in keys (2)."""
    if k == 0:
        return np.tile(part.kinds, part.turns)
    first = part.first[k - 1]
    return _rows(first, part.step[k - 1], part.turns).reshape(part.turns * len(first), *first.shape[1:])


def _made(flat: Flat, first: Outline, found: tuple[list[Part], Array]) -> tuple[Flat, list[int]]:
    """The recording of these parts, and the numbers that are returned."""
    parts, numbers = found
    heads = _Heads(flat, first.all)
    codes = np.concatenate([heads.codes(part) for part in parts])
    made = flat.changed(heads.heads, codes, np.concatenate([_all(part, 1) for part in parts]), flat.constants)
    made.lags = first.lags
    captured = made.numbers_of(lambda row, *_: row is CAPTURED)
    made.alone = dict(zip(captured, flat.alone.values(), strict=True))
    return made, numbers.tolist()


def _line(first: Any, others: Sequence[Any], steps: Sequence[int]) -> Any:
    return first + sum(step * (other - first) for other, step in zip(others, steps, strict=True))


def _beyond(part: Part, others: Sequence[Part], steps: Sequence[int]) -> Part:
    constant = part.first[0] < 0
    for other in others:
        alike = np.array_equal(part.kinds, other.kinds) and all(map(np.array_equal, part.step, other.step))
        if not alike or part.first[0].shape != other.first[0].shape:
            raise NotContinued
        if (part.first[0] != other.first[0])[constant].any():
            raise NotContinued
    operands, moving = (_line(part.first[k], [other.first[k] for other in others], steps) for k in range(2))
    turns = _line(part.turns, [other.turns for other in others], steps)
    return Part(part.kinds, (operands, moving), part.step, turns)


class _Heads:
    """Heads of the calls of parts, in the order in which they come first."""

    def __init__(self, flat: Flat, calls: Spread) -> None:
        self.heads: list[Head] = []
        self._flat = flat
        self._known: dict[tuple[int, ...], int] = {}
        self._examples: dict[tuple[int, ...], int] = {}
        for n, (kind, numbers) in enumerate(zip(calls.kinds.tolist(), calls.moving.tolist(), strict=True)):
            self._examples.setdefault((kind, *numbers), n)
            self._examples.setdefault((kind,), n)

    def codes(self, part: Part) -> Array:
        """Of each call of the part the number of its head."""
        codes = np.empty((part.turns, len(part.kinds)), np.int64)
        moving = np.flatnonzero(part.step[1].any(axis=1))
        for turn in range(part.turns if len(moving) else 1):
            numbers = (part.first[1] + turn * part.step[1]).tolist()
            for slot in moving if turn else range(len(part.kinds)):
                codes[turn or slice(None), slot] = self._code(int(part.kinds[slot]), numbers[slot])
        return codes.ravel()

    def _code(self, kind: int, numbers: list[int]) -> int:
        found = self._known.get((kind, *numbers))
        if found is None:
            example = self._examples.get((kind, *numbers))
            row, settings, like, count = self._flat.heads[
                self._flat.codes[self._examples[kind,] if example is None else example]
            ]
            if example is None:
                settings = with_numbers(settings, numbers)
            found = self._known[kind, *numbers] = len(self.heads)
            self.heads.append((row, settings, like, count))
        return found
