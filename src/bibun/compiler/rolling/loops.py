"""From stretches to loops: what each operand of a turn is, and which values of a loop have to be kept.

An operand of a stretch is of the same turn or an earlier one (carried), the same in every turn (it stays), or a value of
another loop in another turn each time (a stream), which that loop keeps. Where an operand is none of these, a stretch is
shortened, or given up.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.rolling.periods import TURNS, Stretch
from bibun.compiler.rolling.stream import LEAF, Stream

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
    """A call of the stream for each turn, none of them in a loop."""

    calls: tuple[int, ...]


class Plan:
    """Loops and the operands of their turns.

    operands    (loop, slot, operand) -> what it is
    kept        for each loop the slots whose values of all turns are kept
    last        for each loop the slots whose value of the last turn is read behind it
    """

    def __init__(self, stream: Stream, found: list[Stretch], wanted: list[int]) -> None:
        self.stream = stream
        self.stretches = found
        self.wanted = wanted  # calls of the stream that are asked for
        while not self._arranged():
            pass

    def _arranged(self) -> bool:
        """One attempt; False if a stretch had to be changed."""
        self.owner = np.full(len(self.stream.codes), -1, np.int64)
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
            if call != LEAF:
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
        second = self.stream.positions[s.start + s.period : s.start + 2 * s.period]
        for slot in range(s.period):
            for w, (at, then) in enumerate(zip(first[slot].tolist(), second[slot].tolist(), strict=True)):
                if at == LEAF:
                    self._leaf(j, slot, w)
                    continue
                found = self._operand(j, at, then - at)
                if found is None:
                    return False
                self.operands[j, slot, w] = found
        return True

    def _leaf(self, j: int, slot: int, w: int) -> None:
        s = self.stretches[j]
        numbers = self.stream.leaves[s.start + slot : s.stop : s.period, w]
        same = bool((numbers == numbers[0]).all())
        self.operands[j, slot, w] = Leaf((int(numbers[0]),) if same else tuple(numbers.tolist()))

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
        other = int(owners[owners >= 0][0])
        inside = owners == other
        if not inside.all():
            first, stop = _longest(inside)
            if other == j or stop - first < TURNS:
                return self._shortened(j, 0, 0)
            return self._shortened(j, first, stop)
        o = self.stretches[other]
        if other == j or step % o.period:
            return self._shortened(j, 0, 0)
        turn, slot = divmod(at - o.start, o.period)
        self.kept[other].add(slot)
        return Kept(other, slot, turn, step // o.period)

    def _shortened(self, j: int, first: int, stop: int) -> None:
        """Keep only these turns of a stretch; with fewer than TURNS it is given up."""
        s = self.stretches[j]
        before = Stretch(s.start, s.period, first)
        now = Stretch(s.start + first * s.period, s.period, stop - first)
        behind = Stretch(s.start + stop * s.period, s.period, s.turns - stop)
        parts = (before, now, behind) if now.turns >= TURNS else ()
        self.stretches[j : j + 1] = [part for part in parts if part.turns >= TURNS]


def _longest(mask: Any) -> tuple[int, int]:
    """The longest run of True: (first, behind the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.view(np.int8), [0]))))
    k = int(np.argmax(edges[1::2] - edges[::2]))
    return int(edges[2 * k]), int(edges[2 * k + 1])
