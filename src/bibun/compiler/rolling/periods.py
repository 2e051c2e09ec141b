"""Which stretches of a stream repeat, and with what period. Arrays in, stretches out; knows no call.

A lag p is right for a stretch where the codes equal those p and 2p before, and every operand and every moving number is
affine in the turn: a[i] - 2 a[i - p] + a[i - 2p] = 0. That one rule covers operands that stay (difference 0), that are of
the same turn or an earlier one (difference p), and that read another loop forwards or backwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.rolling.stream import LEAF, Stream

Array = np.ndarray[Any, Any]
TURNS, CALLS = 6, 64  # a stretch of fewer turns, or of fewer calls saved, is left as it is
_NEAR = 64  # operands nearer than this go into the hash that looks for lags
_CANDIDATES = 4  # lags tried for each length of hash


class Stretch(NamedTuple):
    """Calls from `start` on that repeat with a `period`, in `turns` turns."""

    start: int
    period: int
    turns: int

    @property
    def stop(self) -> int:
        """Behind the last call."""
        return self.start + self.period * self.turns


class Repeats:
    """What of a stream repeats.

    stretches   disjoint ones, in order: the longest first come to be

    lags: at which distances it is looked at, where these are known.
    """

    def __init__(self, stream: Stream, lags: Sequence[int] = ()) -> None:
        self.stream = stream
        self.stretches: list[Stretch] = []
        self._found: list[tuple[int, int, int, int]] = []
        count = len(stream.numbers)
        if count < CALLS:
            return
        self._columns = stream.columns()
        lags = lags or _lags(stream)
        spacings = {spacing for lag in lags if (spacing := self._look(lag)) is not None}
        for lag in spacings.difference(lags):
            self._look(lag)
        self._found.sort()
        self.stretches = self._chosen(np.zeros(count, bool), count)

    def _look(self, lag: int) -> int | None:
        """Note what repeats at a lag. Where it does so again and again at the same distance, that distance: of loops in a
        loop only what moves with the outer one may tell its turns apart, and pieces come again sooner."""
        starts, stops = _runs(self._repeats(lag))
        whole = stops - starts + 2 * lag
        enough = _long_enough(whole, lag)
        starts, whole = starts[enough].tolist(), whole[enough].tolist()
        self._found += [(lag - calls, lag, start, start + calls) for start, calls in zip(starts, whole, strict=True)]
        if len(starts) < TURNS - 1:
            return None
        distance, often = Counter(b - a for a, b in pairwise(starts)).most_common(1)[0]
        return distance if often >= TURNS - 2 else None

    def _repeats(self, lag: int) -> Array:
        """For each call from 2 lag on, whether it continues what is lag and 2 lag before it."""
        codes = self.stream.codes
        same: Array = (codes[2 * lag :] == codes[lag:-lag]) & (codes[lag:-lag] == codes[: -2 * lag])
        for column, first, stop in self._columns:
            low, high = max(first - 2 * lag, 0), min(stop, len(same))  # elsewhere all three are empty
            here = slice(low, high)
            before, middle, now = (column[low + k * lag : high + k * lag] for k in range(3))
            same[here] &= now + before == 2 * middle
        return same

    @property
    def saved(self) -> int:
        """How many calls there are less."""
        return sum(stretch.period * (stretch.turns - 1) for stretch in self.stretches)

    def within(self, start: int, stop: int, period: int) -> list[Stretch]:
        """Those of a shorter period inside a part of the stream."""
        taken = np.ones(len(self.stream.codes), bool)
        taken[start:stop] = False
        return self._chosen(taken, period)

    def _chosen(self, taken: Array, period: int) -> list[Stretch]:
        result = []
        for _, lag, start, stop in self._found:
            if lag >= period:
                continue
            start, stop = _free(taken, start, stop)
            if not _long_enough(stop - start, lag):
                continue
            start = _rotated(self.stream, start, stop, lag)
            turns = (stop - start) // lag
            if turns < TURNS:
                continue
            taken[start : start + lag * turns] = True
            result.append(Stretch(start, lag, turns))
        return sorted(result)


def _long_enough(calls: Any, lag: int) -> Any:
    return calls >= max(TURNS * lag, CALLS + lag)


def _lags(stream: Stream) -> list[int]:
    """Distances at which long pieces of the stream come again, the commonest for pieces of 1, 4, 16, ... calls."""
    count = len(stream.codes)
    here = np.arange(count)
    mixed = stream.codes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for j in range(stream.positions.shape[1]):
        back = here - stream.positions[:, j]
        near = np.where((stream.positions[:, j] != LEAF) & (back <= _NEAR), back, 0).astype(np.uint64)
        mixed = (mixed ^ (near + np.uint64(j + 1))) * np.uint64(0xC2B2AE3D27D4EB4F)
        mixed ^= mixed >> np.uint64(29)
    lags: set[int] = set()
    length = 1
    bits = np.uint64(
        count.bit_length()
    )  # the lowest ones of a hash give way to the place: sorting is quicker by one number
    while 3 * length <= count and length <= 1 << 14:
        ordered = np.sort((mixed >> bits << bits) + here[: len(mixed)].astype(np.uint64))
        hashes = ordered >> bits
        distances = np.diff((ordered - (hashes << bits)).view(np.int64))[hashes[1:] == hashes[:-1]]
        if not len(distances):
            break
        often = np.bincount(distances)
        common = np.argsort(often)[::-1][:_CANDIDATES]
        lags |= {int(p) for p in common if often[p] >= max(4, count // 400) and p * TURNS <= count}
        for _ in range(2):  # pieces of twice the length
            if len(mixed) > length:
                mixed = mixed[:-length] * np.uint64(0xC2B2AE3D27D4EB4F) + (
                    mixed[length:] ^ (mixed[length:] >> np.uint64(31))
                )
                length *= 2
    # What repeats every call repeats every third one too, and rarer pieces are not among the commonest.
    return sorted(lags | {d for p in lags if p <= _NEAR for d in range(1, p) if p % d == 0})


def _runs(true: Array) -> tuple[Array, Array]:
    """Where a mask is true: the first places of its runs, and those behind the last."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], true, [False]))))
    return edges[::2], edges[1::2]


def _free(taken: Array, start: int, stop: int) -> tuple[int, int]:
    """The longest part that no other stretch has taken."""
    if not taken[start:stop].any():
        return start, stop
    firsts, stops = _runs(~taken[start:stop])
    if not len(firsts):
        return start, start
    longest = int(np.argmax(stops - firsts))
    return start + int(firsts[longest]), start + int(stops[longest])


def _rotated(stream: Stream, start: int, stop: int, lag: int) -> int:
    """The start, moved by less than a turn to where the fewest values go from one turn to the next."""
    slack = (stop - start) % lag
    middle = start + ((stop - start) // lag - 2) * lag
    last: dict[int, int] = {}  # of each value of the loop: where it is read last
    for i in range(middle, middle + lag):
        for now, before in zip(stream.positions[i].tolist(), stream.positions[i - lag].tolist(), strict=True):
            if now != LEAF and now - before == lag and now >= start:
                last[now] = i
    live = np.zeros(lag)
    for value, reader in last.items():
        if reader - value >= lag:
            live += 1
        else:
            live[(np.arange(value + 1, reader + 1) - start) % lag] += 1
    live[np.arange(lag) > slack] += 0.5  # costs a turn
    return start + int(np.argmin(live))
