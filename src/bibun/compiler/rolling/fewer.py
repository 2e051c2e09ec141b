"""A recorded function with a long loop, as one whose loop has as few turns as somebody wants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.flat import Flat
from bibun.compiler.rolling.periods import Repeats, Stretch
from bibun.compiler.rolling.stream import Stream
from bibun.core.primitive import Primitive
from bibun.interpreters.recording import CONSTANT, PART, Recording

NEAR = 3  # turns from the first, or from the last one, whose values are read behind the loop
LEAST = 4_000  # calls of a loop that is worth the attempt


class Function(NamedTuple):
    """Calls of a recording that are those of a function: from number `first` on.

    given       for each leaf of its arguments its number; None for a plain one
    returned    for each leaf of its result its number
    """

    recording: Recording
    first: int
    given: list[int | None]
    returned: list[int]


class Fewer:
    """The function. `turns`: how many its loop has."""

    def __init__(self, function: Function, loop: Stretch) -> None:
        self.turns = loop.turns
        self._function = function
        self._loop = loop

    def __call__(self, turns: int, leaves: Sequence[Any]) -> list[Any]:
        """What it returns for these leaves of its arguments, after so many turns."""
        recording, _, given, returned = self._function
        values = {number: leaf for number, leaf in zip(given, leaves, strict=True) if number is not None}
        for number in self._numbers(turns):
            row, operands, settings, _ = recording.calls[number]
            read = [values[self._moved(n, turns)] if n >= 0 else recording.constants[-1 - n] for n in operands]
            if row is PART:
                values[number] = read[0][settings]
            elif row is CONSTANT:
                values[number] = read[0]
            else:
                values[number] = row(*read, **(settings or {}))
        return [values[self._moved(n, turns)] for n in returned]

    def _numbers(self, turns: int) -> Iterator[int]:
        loop = self._loop
        before = range(self._function.first, loop.start + turns * loop.period)
        return chain(before, range(loop.stop, len(self._function.recording.calls)))

    def _moved(self, number: int, turns: int) -> int:
        """Where the value is that the function has of this number: the last turns are other ones now."""
        loop = self._loop
        if number >= loop.stop or number < loop.stop - NEAR * loop.period:
            return number
        return number - (loop.turns - turns) * loop.period


def fewer(function: Function) -> Fewer | None:
    """None where nearly all that the function does is not one loop whose turns do the same."""
    calls = function.recording.calls
    if len(calls) - function.first < LEAST or not all(_is_known(row) for row, *_ in calls[function.first :]):
        return None
    flat = Flat(function.recording)
    repeats = Repeats(Stream(flat))
    loop = max(repeats.stretches, key=lambda stretch: stretch.period * stretch.turns, default=None)
    if loop is None:
        return None
    numbers = repeats.stream.numbers[loop.start : loop.stop]
    there = Stretch(int(numbers[0]), loop.period, loop.turns)
    alike = (flat.codes[numbers].reshape(loop.turns, -1) == flat.codes[numbers[: loop.period]]).all()
    if len(numbers) < LEAST or numbers[-1] - numbers[0] >= len(numbers) or there.start < function.first or not alike:
        return None
    return Fewer(function, there) if _reads(flat, function, there) else None


def _is_known(row: Any) -> bool:
    return isinstance(row, Primitive) or row in (PART, CONSTANT)


def _reads(flat: Flat, function: Function, loop: Stretch) -> bool:
    """Whether all that the function reads is its own or its arguments', and behind the loop only of its first and last turns."""
    last = len(flat)
    own = flat.operands[flat.starts[function.first] : ]
    before = set(own[(own >= 0) & (own < function.first)].tolist()) | {n for n in function.returned if n < function.first}
    if not before <= {n for n in function.given if n is not None}:
        return False
    turn = flat.operands[flat.starts[loop.start] : flat.starts[loop.stop] if loop.stop < last else None]
    turns = turn.reshape(loop.turns, -1)
    if (turns[:, turns[0] < 0] != turns[0, turns[0] < 0]).any():  # constants of each turn
        return False
    behind = flat.operands[flat.starts[loop.stop] :] if loop.stop < last else np.array([], np.int64)
    read = np.concatenate((behind, np.array(function.returned, np.int64)))
    near = NEAR * loop.period
    return not ((read >= loop.start + near) & (read < loop.stop - near)).any()
