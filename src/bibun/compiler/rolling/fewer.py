"""A recorded function with long loops, as one whose loops have as few turns as somebody wants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.flat import Flat
from bibun.compiler.rolling.periods import CALLS, TURNS, Repeats, Stretch
from bibun.compiler.rolling.stream import Stream
from bibun.core.primitive import Primitive
from bibun.interpreters.recording import CAPTURED, CONSTANT, PART, Recording
from bibun.primitives import TABLE

NEAR = 3  # turns from the first, or from the last one, whose values are read behind a loop
LEAST = 1_000  # calls of a function that is worth the attempt
_PARTS = 8  # of which the function with few turns is one, at most
_WORDS = (CAPTURED, CONSTANT, PART)


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
    """The function.

    turns       how many each of its loops has
    few         with how many they, and what comes of them, are still seen to be loops
    """

    def __init__(self, function: Function, loops: Sequence[Stretch]) -> None:
        self._function, self._loops = function, loops
        self.turns = [loop.turns for loop in loops]
        self.few = [_few(loop) for loop in loops]

    def __call__(self, turns: Sequence[int], leaves: Sequence[Any]) -> list[Any]:
        """What it returns for these leaves of its arguments, after so many turns of each loop."""
        recording, _, given, returned = self._function
        values = {number: leaf for number, leaf in zip(given, leaves, strict=True) if number is not None}
        for number in self._numbers(turns):
            row, operands, settings, _ = recording.calls[number]
            read = [values[self._moved(n, turns)] if n >= 0 else recording.constants[-1 - n] for n in operands]
            values[number] = _value(row, read, settings)
        return [values[self._moved(n, turns)] for n in returned]

    def _numbers(self, turns: Sequence[int]) -> Iterator[int]:
        """Of the calls, without those of the turns that are left out."""
        starts = [self._function.first, *[loop.stop for loop in self._loops]]
        stops = [loop.start + n * loop.period for loop, n in zip(self._loops, turns, strict=True)]
        return chain(*map(range, starts, [*stops, len(self._function.recording.calls)]))

    def _moved(self, number: int, turns: Sequence[int]) -> int:
        """Where the value is that the function has of this number: the last turns are other ones now."""
        for loop, n in zip(self._loops, turns, strict=True):
            if loop.stop - NEAR * loop.period <= number < loop.stop:
                return number - (loop.turns - n) * loop.period
        return number


def _few(loop: Stretch) -> int:
    return max(TURNS, CALLS // loop.period + 2) + NEAR + 1


def _value(row: Any, read: list[Any], settings: Any) -> Any:
    if row is CAPTURED:
        return settings.copy(order="K")  # nobody else is to hold it
    if row is CONSTANT:
        return read[0]
    if row is PART:
        return read[0][settings]
    if row is TABLE["power"]:
        return read[0] ** read[1]  # squares are not recorded as such
    return row(*read, **(settings or {}))


def fewer(function: Function) -> Fewer | None:
    """None where it does not do nearly all in loops whose turns do the same."""
    count = len(function.recording.calls) - function.first
    if count < LEAST:
        return None
    flat = Flat(function.recording)
    rows = [flat.heads[code][0] for code in np.unique(flat.codes[function.first :])]
    if not all(isinstance(row, Primitive) or row in _WORDS for row in rows) or not all(flat.alone.values()):
        return None
    repeats = Repeats(Stream(flat))
    loops = []
    for start, period, turns in repeats.stretches:
        numbers = repeats.stream.numbers[start : start + period * turns]
        there = Stretch(int(numbers[0]), period, turns)
        together = numbers[-1] - numbers[0] < len(numbers) and there.start >= function.first
        if together and turns > 2 * _few(there) and _is_free(flat, function, there):
            loops.append(there)
    left = count - sum(loop.period * (loop.turns - _few(loop)) for loop in loops)
    return Fewer(function, loops) if loops and left * _PARTS < count and _is_closed(flat, function) else None


def _is_closed(flat: Flat, function: Function) -> bool:
    """Whether all that the function reads is its own or its arguments'."""
    read = np.append(flat.operands[flat.starts[function.first] :], np.array(function.returned, np.int64))
    return {*read[(read >= 0) & (read < function.first)].tolist()} <= {*function.given}


def _is_free(flat: Flat, function: Function, loop: Stretch) -> bool:
    """Whether the turns read the same constants, and what is behind them only of the first and of the last ones."""
    stop = flat.starts[loop.stop] if loop.stop < len(flat) else len(flat.operands)
    turns = flat.operands[flat.starts[loop.start] : stop].reshape(loop.turns, -1)
    constant = turns[0] < 0
    behind = np.concatenate((flat.operands[stop:], np.array(function.returned, np.int64)))
    near = NEAR * loop.period
    middle = (behind >= loop.start + near) & (behind < loop.stop - near)
    return not middle.any() and bool((turns[:, constant] == turns[0, constant]).all())
