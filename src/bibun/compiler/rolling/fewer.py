"""A recorded function with long loops, as one whose loops have as few turns as somebody wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.flat import Flat
from bibun.compiler.rolling.periods import CALLS, TURNS, Repeats, Stretch
from bibun.compiler.rolling.stream import LEAVES, Stream, leaves_first
from bibun.interpreters.merging import merge_alike
from bibun.interpreters.recording import CAPTURED, CONSTANT, INPUT, PART, Recording
from bibun.primitives import TABLE

NEAR = 3  # turns from the first, or from the last one, whose values are read behind a loop
LEAST = 1_000  # calls of a function that is worth the attempt
_PARTS = 8  # of which the function with few turns is one, at most


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

    def __init__(self, flat: Flat, first: int, loops: Sequence[Stretch], given: list[int | None], returned: list[int]):
        self._flat, self._first, self._loops = flat, first, loops
        self._given, self._returned = given, returned
        self._leaves = flat.numbers_of(lambda row, *_: row in LEAVES)
        self.turns = [loop.turns for loop in loops]
        self.few = [_few(loop) for loop in loops]

    def __call__(self, turns: Sequence[int], leaves: Sequence[Any], argument: Callable[[int], Any]) -> list[Any]:
        """What it returns for these leaves of its arguments, after so many turns of each loop. argument(n): number n of those of
        the whole run, which the function may read from around it."""
        values = {number: leaf for number, leaf in zip(self._given, leaves, strict=True) if number is not None}
        for number in chain(self._leaves, self._numbers(turns)):
            if number not in values:
                row, operands, settings, _ = self._flat[number]
                read = [values[self._moved(n, turns)] if n >= 0 else self._flat.constants[-1 - n] for n in operands]
                values[number] = argument(settings) if row is INPUT else _value(row, read, settings)
        return [values[self._moved(n, turns)] for n in self._returned]

    def _numbers(self, turns: Sequence[int]) -> Iterator[int]:
        """Of the calls, without those of the turns that are left out."""
        starts = [self._first, *[loop.stop for loop in self._loops]]
        stops = [loop.start + n * loop.period for loop, n in zip(self._loops, turns, strict=True)]
        return chain(*map(range, starts, [*stops, len(self._flat)]))

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
    merge_alike(function.recording, [])
    whole = Flat(function.recording)
    if whole.places or not all(whole.alone.values()):  # decisions; arrays that others hold
        return None
    numbers = [n for n in (*function.given, *function.returned) if n is not None]
    flat, numbers = leaves_first(whole, numbers)
    places = iter(numbers)
    given = [None if n is None else next(places) for n in function.given]
    returned = list(places)
    stream = Stream(flat)
    first = len(flat) - len(stream.numbers) + int((Stream(whole).numbers < function.first).sum())
    loops = [s._replace(start=s.start + len(flat) - len(stream.numbers)) for s in Repeats(stream).stretches]
    loops = [
        loop
        for loop in loops
        if loop.start >= first and loop.turns > 2 * _few(loop) and _is_free(flat, len(stream.numbers), returned, loop)
    ]
    left = count - sum(loop.period * (loop.turns - _few(loop)) for loop in loops)
    if left * _PARTS > count or not _is_closed(flat, first, given, returned):
        return None
    return Fewer(flat, first, loops, given, returned)


def _is_closed(flat: Flat, first: int, given: Sequence[int | None], returned: Sequence[int]) -> bool:
    """Whether all that the function reads is its own, or of the arguments, or does not vary."""
    read = np.append(flat.operands[flat.starts[first] :], np.array(returned, np.int64))
    before = set(read[(read >= 0) & (read < first)].tolist())
    return all(n in given or flat.heads[flat.codes[n]][0] in LEAVES for n in before)


def _is_free(flat: Flat, calls: int, returned: Sequence[int], loop: Stretch) -> bool:
    """Whether the turns read the same leaves, and what is behind them only of the first and of the last ones."""
    stop = flat.starts[loop.stop] if loop.stop < len(flat) else len(flat.operands)
    turns = flat.operands[flat.starts[loop.start] : stop].reshape(loop.turns, -1)
    leaves = turns[0] < len(flat) - calls
    behind = np.concatenate((flat.operands[stop:], np.array(returned, np.int64)))
    near = NEAR * loop.period
    middle = (behind >= loop.start + near) & (behind < loop.stop - near)
    return not middle.any() and bool((turns[:, leaves] == turns[0, leaves]).all())
