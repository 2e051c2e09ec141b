"""What a recording would be with more turns: from those with n, n + 1 and n + 2.

Where one turn more makes one turn more of each loop that comes of it, and moves what is read by the same distance, two of
them say what the third one is; where they do, they say what the hundredth is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.flat import Flat
from bibun.compiler.rolling.periods import Repeats
from bibun.compiler.rolling.stream import Stream

Array = np.ndarray[Any, Any]


class Part(NamedTuple):
    """Calls that repeat, or some in one turn.

    codes       of one turn
    first       operands of the first turn
    step        by how much they move from turn to turn
    """

    codes: Array
    first: Array
    step: Array
    turns: int


class Outline(NamedTuple):
    """A recording in parts, and the numbers of it that are returned."""

    parts: list[Part]
    numbers: Array


class NotContinued(Exception):
    """The recordings do not go on from one to the next by the same step."""


def continued(flats: Sequence[Flat], numbers: Sequence[Sequence[int]], more: int) -> tuple[Flat, list[int]]:
    """The recording with `more` turns than the first one has, and the numbers of it that are returned. Raises NotContinued."""
    first, second, third = (list(flat.parts(outputs)) for flat, outputs in zip(flats, numbers, strict=True))
    if any(flat.alone or flat.places for flat in flats) or not first[0] == second[0] == third[0]:
        raise NotContinued
    one, two = _outline(flats[0], numbers[0]), _outline(flats[1], numbers[1])
    found, outputs = _made(flats[0], _beyond(one, two, 2))
    if list(found.parts(outputs)) != third:
        raise NotContinued
    return _made(flats[0], _beyond(one, two, more))


def _outline(flat: Flat, numbers: Sequence[int]) -> Outline:
    stream = Stream(flat)
    parts, at = [], 0
    for stretch in Repeats(stream).stretches:
        found = stream.numbers[stretch.start : stretch.stop]
        start, stop = int(found[0]), int(found[-1]) + 1
        if stop - start > len(found):
            raise NotContinued
        parts += [_part(flat, at, start, 1), _part(flat, start, stop, stretch.turns)]
        at = stop
    return Outline([*parts, _part(flat, at, len(flat), 1)], np.array(numbers, np.int64))


def _part(flat: Flat, start: int, stop: int, turns: int) -> Part:
    ends = np.append(flat.starts, len(flat.operands))
    codes = flat.codes[start:stop].reshape(turns, -1)
    operands = flat.operands[ends[start] : ends[stop]].reshape(turns, -1)
    step = operands[1] - operands[0] if turns > 1 else np.zeros_like(operands[0])
    if (codes != codes[0]).any() or (operands != operands[0] + step * np.arange(turns)[:, None]).any():
        raise NotContinued
    return Part(codes[0], operands[0], step, turns)


def _beyond(one: Outline, two: Outline, steps: int) -> Outline:
    """From one to the other, and on."""
    if len(one.parts) != len(two.parts):
        raise NotContinued
    parts = [_beyond_part(a, b, steps) for a, b in zip(one.parts, two.parts, strict=True)]
    return Outline(parts, one.numbers + steps * (two.numbers - one.numbers))


def _beyond_part(one: Part, two: Part, steps: int) -> Part:
    if not (np.array_equal(one.codes, two.codes) and np.array_equal(one.step, two.step)):
        raise NotContinued
    moved = two.first - one.first
    if moved[one.first < 0].any():
        raise NotContinued
    return Part(one.codes, one.first + steps * moved, one.step, one.turns + steps * (two.turns - one.turns))


def _made(flat: Flat, outline: Outline) -> tuple[Flat, list[int]]:
    """The recording of that outline, of which this one is another length."""
    codes = [np.tile(part.codes, part.turns) for part in outline.parts]
    operands = [(part.first + part.step * np.arange(part.turns)[:, None]).ravel() for part in outline.parts]
    made = flat.changed(flat.heads, np.concatenate(codes), np.concatenate(operands), flat.constants)
    return made, outline.numbers.tolist()
