"""From stretches to loops: what each operand of a turn is, and which values of a loop have to be kept.

An operand of a stretch is of the same turn or an earlier one (carried), the same in every turn (it stays), or a value of
another loop in another turn each time (a stream), which that loop keeps. Where an operand is none of these, a stretch is
shortened, or given up.
"""

from __future__ import annotations

from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.rolling.periods import TURNS, Repeats, Stretch
from bibun.compiler.rolling.stream import LEAF

EARLIER = 3  # turns back that a value is carried, at most


class Carried(NamedTuple):
    """The value of call `slot` of the turn, `back` turns ago."""

    slot: int
    back: int


class Stays(NamedTuple):
    """The value of this call of the stream, in every turn."""

    call: int


class Leaf(NamedTuple):
    """Leaves of the recording: one number, or one for each turn."""

    numbers: tuple[int, ...]


class Kept(NamedTuple):
    """The value of `slot` of another loop in its turn first + step * turn."""

    loop: int
    slot: int
    first: int
    step: int


class Scattered(NamedTuple):
    """A call of the stream for each turn, none of them in a loop, or all in one turn of a loop."""

    calls: tuple[int, ...]


class Plan:
    """Loops and the operands of their turns.

    operands    (loop, slot, operand) -> what it is
    kept        for each loop the slots whose values of all turns are kept
    last        for each loop the slots whose value of the last turn is read behind it
    """

    def __init__(self, repeats: Repeats, wanted: list[int]) -> None:
        self.repeats = repeats
        self.stream = repeats.stream
        self.stretches = list(repeats.stretches)
        self.wanted = wanted  # calls of the stream that are asked for
        while not self._arranged():
            pass

    def _arranged(self) -> bool:
        """One attempt; False if a stretch had to be changed."""
        self.owner = np.full(len(self.stream.numbers), -1, np.int64)
        for j, s in enumerate(self.stretches):
            self.owner[s.start : s.stop] = j
        self.operands: dict[tuple[int, int, int], Any] = {}
        self.kept: list[set[int]] = [set() for _ in self.stretches]
        self.last: list[set[int]] = [set() for _ in self.stretches]
        for j in range(len(self.stretches)):
            if not self._loop(j):
                return False
        straight = np.flatnonzero(self.owner < 0)
        for call in (*self.stream.positions[straight].ravel().tolist(), *chain(*self.stream.wide.values())):
            if call > LEAF:
                self.needs(call)
        for call in self.wanted:
            self.needs(call)
        return True

    def needs(self, call: int) -> None:
        """A call of the stream is read from outside of loops, or stays."""
        j = int(self.owner[call])
        if j >= 0:
            turn, slot = divmod(call - self.stretches[j].start, self.stretches[j].period)
            (self.last if turn == self.stretches[j].turns - 1 else self.kept)[j].add(slot)

    def _loop(self, j: int) -> bool:
        s = self.stretches[j]
        first = self.stream.positions[s.start : s.start + s.period]
        steps = self.stream.positions[s.start + s.period : s.start + 2 * s.period] - first
        leaves = self.stream.leaves.T[:, s.start : s.stop].reshape(-1, s.turns, s.period)
        same = (leaves == leaves[:, :1]).all(axis=1)
        for (slot, w), at in np.ndenumerate(first):
            if at <= LEAF:
                found: Any = Leaf(tuple(leaves[w, : 1 if same[w, slot] else None, slot].tolist()))
            else:
                found = self._operand(j, int(at), int(steps[slot, w]))
            if found is None:
                return False
            self.operands[j, slot, w] = found
        return True

    def _operand(self, j: int, at: int, step: int) -> Any:
        """What an operand is that is call `at` in the first turn and moves by `step`; None: the stretch was changed."""
        s = self.stretches[j]
        if step == s.period and at + step * (s.turns - 1) >= s.start:
            back = 0 if at >= s.start else -((at - s.start) // s.period)
            if back <= EARLIER:
                for before in range(back):
                    self.needs(at + before * s.period)
                return Carried((at - s.start) % s.period, back)
        if step == 0:
            if self.owner[at] == j:  # all turns read one of the first: it must be before the loop
                return self._shortened(j, (at - s.start) // s.period + 1, s.turns)
            self.needs(at)
            return Stays(at)
        return self._stream(j, at, step)

    def _stream(self, j: int, at: int, step: int) -> Any:
        s = self.stretches[j]
        calls = at + step * np.arange(s.turns)
        owners = self.owner[calls]
        if (owners == -1).all():
            return Scattered(tuple(calls.tolist()))
        first, stop = _longest(owners)
        other = int(owners[first])
        if stop - first < s.turns:
            return self._shortened(j, first, stop) if other != j else self._shortened(j, 0, 0)
        o = self.stretches[other]
        if other == j:
            return self._shortened(j, 0, 0)
        if step % o.period:  # another slot in each turn
            return self._scattered(j, calls, (calls - o.start) // o.period)
        turn, slot = divmod(at - o.start, o.period)
        self.kept[other].add(slot)
        return Kept(other, slot, turn, step // o.period)

    def _scattered(self, j: int, calls: Any, turns: Any) -> Any:
        """Calls of several slots of another loop, all in one of its turns."""
        first, stop = _longest(turns)
        if stop - first < len(turns):
            return self._shortened(j, first, stop)
        for call in calls.tolist():
            self.needs(call)
        return Scattered(tuple(calls.tolist()))

    def _shortened(self, j: int, first: int, stop: int) -> None:
        """Keep only these turns of a stretch; with fewer than TURNS it is given up. What is left over may repeat in itself."""
        s = self.stretches[j]
        cuts = (0, first, stop, s.turns) if stop - first >= TURNS else (0, s.turns)
        parts = [Stretch(s.start + a * s.period, s.period, b - a) for a, b in pairwise(cuts)]
        self.stretches[j : j + 1] = chain(
            *(
                [part] if TURNS <= part.turns < s.turns else self.repeats.within(part.start, part.stop, s.period)
                for part in parts
            )
        )


def _longest(owners: Any) -> tuple[int, int]:
    """The longest run of equal numbers: (first, behind the last)."""
    edges = np.flatnonzero(np.diff(owners, prepend=owners[0] - 1, append=owners[-1] - 1))
    k = int(np.argmax(np.diff(edges)))
    return int(edges[k]), int(edges[k + 1])
