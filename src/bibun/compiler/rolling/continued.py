"""What a recording would be with more turns of some loops: from that with a few, and those with one more of each.

Where one turn more makes one turn more of all that comes of that loop, and moves what is read by a distance, these say what the
recording with two more turns of all loops is; where they do, they say what that with hundreds is.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.flat import Flat, Head
from bibun.compiler.rolling.periods import Repeats
from bibun.compiler.rolling.stream import LEAVES, Stream, with_numbers
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


class Outline:
    """A recording in parts, and the numbers of it that are returned. `lags`: at which distances it was seen to repeat."""

    def __init__(self, flat: Flat, numbers: Sequence[int], known: dict[Hashable, int]) -> None:
        stream = Stream(flat)
        repeats = Repeats(stream)
        self.lags = repeats.lags
        self.numbers = np.array(numbers, np.int64)
        self._flat = flat
        self._ends = np.append(flat.starts, len(flat.operands))
        order = count()  # of captured arrays
        leaves = [
            known.setdefault((row, next(order) if row is CAPTURED else settings, like), len(known))
            if row in LEAVES
            else -1
            for row, settings, like, _ in flat.heads
        ]
        self.kinds = np.array(leaves, np.int64)[flat.codes]
        self.kinds[stream.numbers] = stream.named(known)
        self.moving = np.zeros((len(flat), stream.moving.shape[1]), np.int64)
        self.moving[stream.numbers] = stream.moving
        self.parts = []
        at = 0
        for start, period, turns in repeats.stretches:
            start += int(stream.numbers[0])
            self.parts += [self._part(at, start, 1), self._part(start, start + period * turns, turns)]
            at = start + period * turns
        self.parts.append(self._part(at, len(flat), 1))

    def _part(self, start: int, stop: int, turns: int) -> Part:
        kinds = self.kinds[start:stop].reshape(turns, -1)
        operands = self._flat.operands[self._ends[start] : self._ends[stop]].reshape(turns, -1)
        moving = self.moving[start:stop].reshape(turns, len(kinds[0]), self.moving.shape[1])
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
    found, numbers = _made(flats[0], first, others, [2] * len(more))
    if list(found.parts(numbers)) != list(last.parts(outputs)):
        raise NotContinued
    return _made(flats[0], first, others, more)


def leaves_first(flat: Flat, numbers: Sequence[int]) -> tuple[Flat, list[int]]:
    """The same calls, behind the leaves, so that none of these is between the turns of a loop."""
    leaf = np.array([row in LEAVES for row, *_ in flat.heads], bool)[flat.codes]
    order = np.argsort(~leaf, kind="stable")
    places = np.append(np.argsort(order), np.arange(-len(flat.constants), 0))  # constants keep their numbers
    codes = flat.codes[order]
    counts = flat.counts[codes]
    ends = np.cumsum(counts)
    operands = flat.operands[np.repeat(flat.starts[order] - ends + counts, counts) + np.arange(ends[-1])]
    _, first, codes = np.unique(codes, return_index=True, return_inverse=True)
    heads = [flat.heads[flat.codes[order[n]]] for n in np.sort(first)]
    made = flat.changed(heads, np.argsort(np.argsort(first))[codes], places[operands], flat.constants)
    made.alone = {int(places[n]): alone for n, alone in flat.alone.items()}
    return made, places[list(numbers)].tolist()


def _alike(flats: Sequence[Flat]) -> bool:
    """Whether they have captured the same arrays."""
    first, *others = (list(flat.arrays.values()) for flat in flats)
    return all(len(first) == len(arrays) and all(map(np.array_equal, first, arrays)) for arrays in others)


def _moves(table: Array) -> tuple[Array, Array]:
    """The first row of a table, and the step to each next one."""
    first = table[0]
    step = table[1] - first if len(table) > 1 else np.zeros_like(first)
    if (table != _rows(first, step, len(table))).any():
        raise NotContinued
    return first, step


def _rows(first: Array, step: Array, turns: int) -> Array:
    return first + step * np.arange(turns).reshape(-1, *(1,) * first.ndim)


def _made(flat: Flat, first: Outline, others: Sequence[Outline], steps: Sequence[int]) -> tuple[Flat, list[int]]:
    """The first one, so many steps to each of the others away."""
    if any(len(other.parts) != len(first.parts) for other in others):
        raise NotContinued
    parts = [_beyond(part, [other.parts[n] for other in others], steps) for n, part in enumerate(first.parts)]
    heads = _Heads(flat, first)
    codes = np.concatenate([heads.codes(part) for part in parts])
    operands = np.concatenate([_rows(part.first[0], part.step[0], part.turns).ravel() for part in parts])
    made = flat.changed(heads.heads, codes, operands, flat.constants)
    made.lags = first.lags
    captured = made.numbers_of(lambda row, *_: row is CAPTURED)
    made.alone = dict(zip(captured, flat.alone.values(), strict=True))
    return made, _line(first.numbers, [other.numbers for other in others], steps).tolist()


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

    def __init__(self, flat: Flat, outline: Outline) -> None:
        self.heads: list[Head] = []
        self._flat, self._outline = flat, outline
        self._known: dict[tuple[int, ...], int] = {}
        self._examples: dict[tuple[int, ...], int] = {}
        for n, (kind, numbers) in enumerate(zip(outline.kinds.tolist(), outline.moving.tolist(), strict=True)):
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
