"""A recorded function with long loops, as one whose loops have as few turns as somebody wants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from bibun.compiler.flat import Flat
from bibun.compiler.rolling.periods import CALLS, TURNS, Repeats
from bibun.compiler.rolling.stream import LEAVES, Stream, leaves_first
from bibun.core.traced import Traced
from bibun.interpreters.merging import merge_alike
from bibun.interpreters.recorded import Recorded
from bibun.interpreters.recording import CAPTURED, INPUT, PART, Recording
from bibun.primitives import TABLE

NEAR = 3  # turns from the first, or from the last one, whose values are read behind a loop
GIVEN = "given"  # says of an input that a transform gives it, in place of a value of its own
LEAST = 1_000  # calls of a function that is worth the attempt
_PARTS = 2  # of which the functions with few turns are one, at most


class NotContinued(Exception):
    """Recordings of a few turns do not say what that of all turns is."""


class Function(NamedTuple):
    """Calls of a recording that are those of a function: from number `first` on.

    given       for each leaf of its arguments its number; None for a plain one
    returned    for each leaf of its result its number
    """

    recording: Recording
    first: int
    given: list[int | None]
    returned: list[int]


class Around(Protocol):
    """What the function reads from around it when it runs with fewer turns."""

    def argument(self, number: int) -> Any:
        """One of the arguments of the whole run."""

    def leaf(self, entry: TurnLeaf, value: Any) -> Any:
        """What stands for a leaf of which there is another one in each turn."""


class TurnLeaf(NamedTuple):
    """One leaf of those that differ from turn to turn: of the sequence `stack` that of this turn."""

    stack: int
    turn: int
    place: int = -1  # these need not lie at equal distances (stream.py)


class Loop(NamedTuple):
    """A stretch of the calls; of each slot the operands that are another leaf in each turn, and of which sequence."""

    start: int
    period: int
    turns: int
    changing: dict[int, list[tuple[int, int]]]

    @property
    def few(self) -> int:
        """With how many turns it, and what comes of it, is still seen to be a loop."""
        return max(TURNS, CALLS // self.period + 2) + NEAR + 1

    @property
    def stop(self) -> int:
        """Behind the last call."""
        return self.start + self.period * self.turns


class Fewer(NamedTuple):
    """The function, in `flat`: its leaves, and from number `first` on its calls.

    sequences   of leaves that are other ones in each turn: their numbers
    given       for each leaf of its arguments its number; None for a plain one
    returned    for each leaf of its result its number
    """

    flat: Flat
    leaves: int
    first: int
    loops: list[Loop]
    sequences: list[Sequence[int]]
    given: list[int | None]
    returned: list[int]

    def run(self, turns: Sequence[int], leaves: Sequence[Any], around: Around) -> list[Any]:
        """What it returns for these leaves of its arguments, after so many turns of each loop."""
        values = {number: leaf for number, leaf in zip(self.given, leaves, strict=True) if number is not None}
        for number in range(self.leaves):
            row, operands, settings, _ = self.flat[number]
            if number not in values and settings is not GIVEN:
                values[number] = around.argument(settings) if row is INPUT else self.plain((*operands, number)[0])
        entries: dict[TurnLeaf, Any] = {}
        double = all(
            like is None or like.dtype.kind not in "fc" or like.dtype.char in "dD" for *_, like, _ in self.flat.heads
        )
        for number, changing, turn in self._numbers(turns):
            row, operands, settings, _ = self.flat[number]
            read = [values[self._moved(n, turns)] if n >= 0 else self.plain(n) for n in operands]
            for k, stack in changing:
                entry = TurnLeaf(stack, turn)
                if entry not in entries:
                    value = self.plain(self.sequences[stack][turn])
                    if double and type(value) is float:  # of Python's, a decision would say that no divisor is 0
                        value = np.float64(value)
                    entries[entry] = around.leaf(entry, value)
                read[k] = entries[entry]
            if row is TABLE["put"] and isinstance(read[0], Recorded) and is_deeper(read[1]):
                raise NotContinued  # the transform refuses it, wherever the loop is written out
            values[number] = _value(row, read, settings)
        return [values[self._moved(n, turns)] for n in self.returned]

    def plain(self, number: int) -> Any:
        """A constant, or a captured array: a copy, where nobody else is to hold it."""
        if number < 0:
            return self.flat.constants[-1 - number]
        array = self.flat[number][2]
        return array.copy(order="K") if self.flat.alone[number] else array

    def _numbers(self, turns: Sequence[int]) -> Iterator[tuple[int, Sequence[tuple[int, int]], int]]:
        """Of the calls, without those of the turns that are left out; which operands change, and the turn."""
        at = self.first
        for loop, count in zip(self.loops, turns, strict=True):
            yield from ((n, (), 0) for n in range(at, loop.start))
            for n in range(count * loop.period):
                yield loop.start + n, loop.changing.get(n % loop.period, ()), n // loop.period
            at = loop.stop
        yield from ((n, (), 0) for n in range(at, len(self.flat)))

    def _moved(self, number: int, turns: Sequence[int]) -> int:
        """Where the value is that the function has of this number: the last turns are other ones now."""
        for loop, n in zip(self.loops, turns, strict=True):
            if loop.stop - NEAR * loop.period <= number < loop.stop:
                return number - (loop.turns - n) * loop.period
        return number


def is_deeper(value: Any) -> bool:
    """Whether a value is one of a transform's."""
    return isinstance(value, Traced) and not isinstance(value, Recorded)


def _value(row: Any, read: list[Any], settings: Any) -> Any:
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
    if whole.places:  # decisions
        return None
    flat, places = leaves_first(whole)
    leaves = len(flat.numbers_of(lambda row, *_: row in LEAVES))
    first = leaves + int((places[: function.first] >= leaves).sum())
    returned = places[function.returned].tolist()
    loops, sequences = _loops(flat, leaves, first, returned)
    left = count - sum(loop.period * (loop.turns - loop.few) for loop in loops)
    given = [None if n is None else int(places[n]) for n in function.given]
    if left * _PARTS * (len(loops) + 2) > count or not _is_closed(flat, first, given, returned):
        return None
    return Fewer(flat, leaves, first, loops, sequences, given, returned)


def _is_closed(flat: Flat, first: int, given: Sequence[int | None], returned: Sequence[int]) -> bool:
    """Whether all that the function reads is its own, or of the arguments, or does not vary."""
    read = np.append(flat.operands[flat.starts[first] :], np.array(returned, np.int64))
    before = set(read[(read >= 0) & (read < first)].tolist())
    return all(n in given or _is_around(*flat.heads[flat.codes[n]]) for n in before)


def _is_around(row: Any, settings: Any, *_: Any) -> bool:
    """Whether a call is a leaf of the whole run; those that another transform gives are none."""
    return row in LEAVES and settings is not GIVEN


def _loops(flat: Flat, leaves: int, first: int, returned: Sequence[int]) -> tuple[list[Loop], list[Sequence[int]]]:
    """Those that can have fewer turns, and the sequences of leaves that these read."""
    loops: list[Loop] = []
    sequences: dict[tuple[int, ...], int] = {}
    for start, period, turns in Repeats(Stream(flat)).stretches:
        loop = Loop(leaves + start, period, turns, {})
        if loop.start >= first and turns > 2 * loop.few and _is_free(flat, leaves, returned, loop, sequences):
            loops.append(loop)
    return loops, list(sequences)


def _is_free(
    flat: Flat, leaves: int, returned: Sequence[int], loop: Loop, sequences: dict[tuple[int, ...], int]
) -> bool:
    """Whether what is behind the loop reads of it only the first and the last turns, and its leaves are constants and arrays.

    Notes which of these are other ones in each turn."""
    ends = np.append(flat.starts, len(flat.operands))
    behind = np.append(flat.operands[ends[loop.stop] :], np.array(returned, np.int64))
    near = NEAR * loop.period
    if ((behind >= loop.start + near) & (behind < loop.stop - near)).any():
        return False
    turns = flat.operands[ends[loop.start] : ends[loop.stop]].reshape(loop.turns, -1)
    starts = ends[loop.start : loop.start + loop.period] - ends[loop.start]
    changing = (turns[0] < leaves) & (turns != turns[0]).any(axis=0)
    for column in np.flatnonzero(changing).tolist():
        sequence = tuple(turns[:, column].tolist())
        if any(n >= 0 and flat.heads[flat.codes[n]][0] is not CAPTURED for n in sequence):
            return False
        slot = int(np.searchsorted(starts, column, side="right")) - 1
        operand = column - int(starts[slot]), sequences.setdefault(sequence, len(sequences))
        loop.changing.setdefault(slot, []).append(operand)
    return True
