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
from bibun.compiler.rolling.fewer import Fewer, NotContinued, TurnLeaf
from bibun.compiler.rolling.periods import Repeats
from bibun.compiler.rolling.stream import ENTRY, LEAVES, Stream, leaves_first, with_numbers
from bibun.interpreters.recording import CAPTURED

Array = np.ndarray[Any, Any]


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
    """All calls of a recording: their kinds, operands, and numbers in keys; and the numbers of those that are returned.

    Leaves of which there is another one in each turn are no calls. Where one is an operand, its place is said by `_coded`."""

    kinds: Array
    operands: Array
    moving: Array
    numbers: Array


class Outline:
    """A recording in parts, its leaves first. `lags`: at which distances it repeats."""

    def __init__(self, flat: Flat, numbers: Sequence[int], known: dict[Hashable, int]) -> None:
        self.flat, places = leaves_first(flat)
        stream = Stream(self.flat)
        repeats = Repeats(stream)
        self.lags = sorted({stretch.period for stretch in repeats.stretches})
        entries = self.flat.numbers_of(lambda row, *_: row is ENTRY)
        kept = np.ones(len(flat), bool)
        kept[entries] = False
        moved = np.append(np.cumsum(kept) - 1, np.arange(-len(flat.constants), 0))
        moved[entries] = [_coded(self.flat[n][2]) for n in entries]
        kinds, moving = self._kinds(stream, known), np.zeros((len(flat), stream.moving.shape[1]), np.int64)
        moving[stream.numbers] = stream.moving
        self.all = Spread(kinds[kept], moved[self.flat.operands], moving[kept], moved[places[list(numbers)]])
        self.codes = self.flat.codes[kept]
        self._ends = np.append(self.flat.starts[kept], len(flat.operands))
        self.parts = []
        at, leaves = 0, len(self.codes) - len(stream.numbers)
        for start, period, turns in repeats.stretches:
            start += leaves
            self.parts += [self._part(at, start, 1), self._part(start, start + period * turns, turns)]
            at = start + period * turns
        self.parts.append(self._part(at, len(self.codes), 1))

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

    def _kinds(self, stream: Stream, known: dict[Hashable, int]) -> Array:
        """Of each call a number that is that of calls which are alike but for operands and numbers in keys. Leaves are like
        themselves: an array like that which is captured as the same one of all."""
        order = count()
        names = [
            known.setdefault((row, next(order) if row is CAPTURED else settings, like), len(known))
            if row in LEAVES
            else -1
            for row, settings, like, _ in self.flat.heads
        ]
        kinds = np.array(names, np.int64)[self.flat.codes]
        kinds[stream.numbers] = stream.named(known)
        return kinds

    def _part(self, start: int, stop: int, turns: int) -> Part:
        kinds = self.all.kinds[start:stop].reshape(turns, -1)
        operands = self.all.operands[self._ends[start] : self._ends[stop]].reshape(turns, -1)
        moving = self.all.moving[start:stop].reshape(turns, len(kinds[0]), self.all.moving.shape[1])
        if (kinds != kinds[0]).any():
            raise NotContinued
        (first, step), (from_, by) = _moves(operands), _moves(moving)
        return Part(kinds[0], (first, from_), (step, by), turns)


def continued(runs: Sequence[tuple[Flat, Sequence[int]]], more: Sequence[int], short: Fewer) -> tuple[Flat, list[int]]:
    """The recording with so many more turns of each loop than the first one has, and which numbers of it are returned.

    runs: the first; for each loop that with one turn more; the last with two turns more of each. short: what they are runs of.
    Raises NotContinued."""
    flats = [flat for flat, _ in runs]
    if any(flat.places for flat in flats) or not _alike(flats):  # decisions, arrays
        raise NotContinued
    names: dict[Hashable, int] = {}
    first, *others, last = (Outline(flat, numbers, names) for flat, numbers in runs)
    if (first.all.numbers < 0).any() or not last.is_like(first.beyond(others, [2] * len(more))):
        raise NotContinued
    return _made(first, first.beyond(others, more), short)


def _alike(flats: Sequence[Flat]) -> bool:
    """Whether they have the same constants, and have captured the same arrays."""
    first, *others = flats
    arrays = list(first.arrays.values())
    with suppress(InexactError):
        return all(
            exactly(first.constants) == exactly(flat.constants)
            and list(first.alone.values()) == list(flat.alone.values())
            and all(map(_same, arrays, flat.arrays.values()))
            for flat in others
        )
    return False


def _same(one: Array, other: Array) -> bool:
    return one is other or _content(one) == _content(other)


def _content(array: Array) -> Hashable:
    return array.dtype, array.shape, array.strides, array.flags.num, array.tobytes()


_SEQUENCE, _LEAF = 2**32, -(2**56)


def _coded(leaf: TurnLeaf) -> int:
    """A number for it, below those of constants; in a sequence it moves with the turns."""
    return _LEAF - leaf.stack * _SEQUENCE - leaf.turn


def _decoded(code: int) -> tuple[int, int]:
    return divmod(_LEAF - code, _SEQUENCE)


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


def _made(first: Outline, found: tuple[list[Part], Array], short: Fewer) -> tuple[Flat, list[int]]:
    """The recording of these parts, and the numbers that are returned."""
    parts, numbers = found
    heads = _Heads(first)
    codes = np.concatenate([heads.codes(part) for part in parts])
    operands = np.concatenate([_all(part, 1) for part in parts])
    coded = np.array(sorted(set(operands[operands <= _LEAF].tolist())), np.int64)  # np.unique imports np.ma
    leaves = [short.sequences[stack][turn] for stack, turn in map(_decoded, coded.tolist())]
    arrays, constants = ({n: k for k, n in enumerate({n for n in leaves if (n < 0) is kind})} for kind in (False, True))
    known = first.flat.constants
    numbers_of = [arrays[n] if n >= 0 else -1 - len(known) - constants[n] for n in leaves]
    if len(coded):
        there = operands <= _LEAF
        operands = np.where(operands >= 0, operands + len(arrays), operands)
        operands[there] = np.array(numbers_of)[np.searchsorted(coded, operands[there])]
    codes = np.append(np.arange(len(arrays)), codes + len(arrays))
    captured = [short.flat.heads[short.flat.codes[n]] for n in arrays]
    values = [*known, *(short.flat.constants[-1 - n] for n in constants)]
    made = first.flat.changed([*captured, *heads.heads], codes, operands, values)
    made.lags = first.lags
    alone = [*(short.flat.alone[n] for n in arrays), *first.flat.alone.values()]
    made.alone = dict(zip(made.numbers_of(lambda row, *_: row is CAPTURED), alone, strict=True))
    return made, (numbers + len(arrays)).tolist()


def _line(first: Any, others: Sequence[Any], steps: Sequence[int]) -> Any:
    return first + sum(step * (other - first) for other, step in zip(others, steps, strict=True))


def _beyond(part: Part, others: Sequence[Part], steps: Sequence[int]) -> Part:
    constant = (part.first[0] < 0) & (part.first[0] > _LEAF)
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

    def __init__(self, outline: Outline) -> None:
        self.heads: list[Head] = []
        self._outline, calls = outline, outline.all
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
            code = self._outline.codes[self._examples[kind,] if example is None else example]
            row, settings, like, count = self._outline.flat.heads[code]
            if example is None:
                settings = with_numbers(settings, numbers)
            found = self._known[kind, *numbers] = len(self.heads)
            self.heads.append((row, settings, like, count))
        return found
