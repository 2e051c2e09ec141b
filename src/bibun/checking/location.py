"""Which entries of an argument have a wrong derivative. Judges nothing itself: every entry it names, a trial has found wrong.

The gap of a direction v between an exact and the numerical derivative is sum v_i e_i over the wrong entries. With v
times a code, (1 + i/n), a single wrong entry gives its own number away: the quotient of the two gaps is 1 + i/n. The
same code along one axis finds a row. Where neither explains the gap, the entries are halved, and the halves that have
a gap are followed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import numpy as np

from bibun.checking.exact import Direction, Mode
from bibun.checking.examination import Examination, Trial
from bibun.checking.judging import MARGIN, Judged, threshold
from bibun.checking.outputs import Row, unit_row
from bibun.checking.problem import Array
from bibun.checking.slopes import Line, Ray

BUDGET = 300  # evaluations for one argument
LISTED = 8  # wrong entries that are named
TRIED = 6  # entries tried to learn whether all of them, or all of a row, are wrong
MANY = 2  # so many wrong ones among those tried
_CERTAIN = 0.4  # a number that is known to this is rounded to an integer
_SMALL = 4  # so few entries are halved without asking for a code
_BLURRED = 4.0  # a difference of gaps whose bar is so much larger than one of its own says nothing


@dataclass(frozen=True, slots=True)
class Gap:
    """Of a direction, exact minus numerical, and what is certain of it."""

    value: float
    bar: float

    @property
    def certain(self) -> bool:
        return not abs(self.value) <= self.bar  # nan is certain to be wrong

    def without(self, other: Gap) -> Gap:
        return Gap(self.value - other.value, self.bar + other.bar)


@dataclass(slots=True)
class Found:
    """What the search of one argument came to: the trials of the entries that were tried, and a sentence."""

    note: str = ""
    entries: dict[int, tuple[Trial, ...]] = field(default_factory=dict)  # by the flat index

    @property
    def wrong(self) -> list[int]:
        return [i for i, trials in self.entries.items() if is_wrong(trials)]


@dataclass(slots=True)
class Outcome:
    """What became of one leaf: the trial that decided, the leaves it went through, and the entries that were tried."""

    trial: Trial
    group: tuple[int, ...]
    verdict: str
    found: Found = field(default_factory=Found)


class Search:
    """For the wrong entries of one leaf, by the mode and row that disagreed most along a direction."""

    def __init__(self, examination: Examination, leaf: int, trial: Trial) -> None:
        self.examination, self.leaf = examination, leaf
        judged, v = trial.worst, trial.direction[leaf]
        assert v is not None
        self.mode, self.row = judged.mode, judged.row
        self.shape, self.v = v.shape, v.reshape(-1)
        self.found = Found()
        self.first = Gap(judged.gap, judged.threshold)
        examination.searches += 1
        self.end = examination.problem.evaluations + BUDGET

    def run(self) -> Found:
        """Entries, with a sentence on what they have in common."""
        everything = np.flatnonzero(self.v)
        for explained in (self._one_entry, self._row, self._many):
            if explained(everything):
                return self.found
        self._halves(everything, self.first)
        return self.found

    @property
    def spent(self) -> bool:
        return self.examination.problem.evaluations >= self.end

    def gap(self, weights: Array) -> Gap:
        """Of the direction v times these weights."""
        part = (self.v * weights).reshape(self.shape)
        problem, mode = self.examination.problem, self.examination.modes[self.mode]
        direction = [part if i == self.leaf else None for i in range(len(problem.leaves))]
        row = self.examination.rows[self.row]
        slope = Line(problem, direction, (row,)).slope(row)
        exact = float(mode.along(direction)[self.row])
        bar = threshold(slope, self.examination.rounding(mode, self.row, exact, direction))
        return Gap(exact - slope.value, bar) if slope.known else Gap(0.0, np.inf)

    def wrong_at(self, i: int) -> bool:
        """Try one entry."""
        if i not in self.found.entries:
            index = tuple(int(k) for k in np.unravel_index(i, self.shape))
            self.found.entries[i] = try_entry(self.examination, self.leaf, index, known_wrong=True)
        return is_wrong(self.found.entries[i])

    def _decoded(self, members: Array, codes: Array, count: int, gap: Gap) -> int | None:
        """The code of the one wrong entry, or row, among the members; None where the gaps do not come to an integer."""
        scale = 2.0 ** int(np.ceil(np.log2(max(count, 2))))
        weights = np.zeros(self.v.size)
        weights[members] = 1 + codes / scale
        if not gap.certain or not np.isfinite(gap.value) or self.spent:
            return None
        if scale * gap.bar / abs(gap.value) / MARGIN > _CERTAIN:
            return None
        coded = self.gap(weights)
        quotient = coded.value / gap.value
        number = (quotient - 1) * scale
        uncertain = scale * (coded.bar + abs(quotient) * gap.bar) / abs(gap.value) / MARGIN
        nearest = round(number) if np.isfinite(number) else -1
        if not 0 <= nearest < count or uncertain > _CERTAIN or abs(number - nearest) > uncertain + 0.02:
            return None
        return nearest

    def _one_entry(self, members: Array, gap: Gap | None = None) -> bool:
        """Whether one entry explains the gap of the members."""
        gap = gap or self.first
        if members.size == 1:
            return self.wrong_at(int(members[0]))
        position = self._decoded(members, np.arange(members.size), members.size, gap)
        if position is None or not self.wrong_at(int(members[position])):
            return False
        return not gap.without(self._of_entry(int(members[position]), gap.bar)).certain

    def _of_entry(self, i: int, bar: float) -> Gap:
        """What one entry has a share in the gap of v."""
        shares = [self.v[i].real, self.v[i].imag]
        value = 0.0
        for share, trial in zip(shares, self.found.entries[i], strict=False):
            value += share * sum(j.gap for j in trial.judged if (j.mode, j.row) == (self.mode, self.row))
        return Gap(float(value), bar)

    def _row(self, members: Array) -> bool:
        """Whether the wrong entries are in one row (or column, ...), and what is wrong there."""
        if len(self.shape) < 2:
            return False
        for axis, size in enumerate(self.shape):
            if size == 1 or self.spent:
                continue
            codes = np.unravel_index(members, self.shape)[axis]
            at = self._decoded(members, codes, size, self.first)
            if at is None:
                continue
            row = members[codes == at]
            rest = np.ones(self.v.size)
            rest[row] = 0
            if self.gap(rest).certain:
                continue
            if not self._many(row, f"of {slab_name(axis, at, len(self.shape))} "):
                self._halves(row, self.first)
            return True
        return False

    def _many(self, members: Array, where: str = "") -> bool:
        """Whether of a few entries, drawn among the members, several are wrong: then it is hopeless to list them all."""
        tried = np.sort(self.examination.rng.choice(members, min(TRIED, members.size), replace=False))
        wrong = sum([self.wrong_at(int(i)) for i in tried])
        if wrong < MANY:
            return False
        if wrong == len(tried):
            self.found.note = f"{where}every entry tried is wrong ({wrong} of {members.size})"
        else:
            self.found.note = f"{where}many entries are wrong: {wrong} of {len(tried)} tried, of {members.size}"
        return True

    def _halves(self, members: Array, gap: Gap) -> None:
        """Halve the members, and follow the halves that have a gap, one to its end before the next."""
        waiting = [(members, gap)]
        while waiting and not self.spent and len(self.found.wrong) < LISTED:
            members, gap = waiting.pop()
            if members.size == 1:
                self.wrong_at(int(members[0]))
            elif members.size <= _SMALL or not self._one_entry(members, gap):
                waiting += self._split(members, gap)
        if waiting:
            self.found.note = "there may be more wrong entries: the search ended here"

    def _split(self, members: Array, gap: Gap) -> list[tuple[Array, Gap]]:
        """The halves that have a gap. That of the second is what the first leaves of the whole, where that is sure."""
        one, two = np.array_split(members, 2)
        first = self._gap_of(one)
        if not first.certain:
            return [(two, gap)]
        second = gap.without(first)
        if not second.certain and second.bar > first.bar * _BLURRED:
            second = self._gap_of(two)
        return [(half, its) for half, its in ((two, second), (one, first)) if its.certain]

    def _gap_of(self, members: Array) -> Gap:
        weights = np.zeros(self.v.size)
        weights[members] = 1
        return self.gap(weights)


def slab_name(axis: int, at: int, dimensions: int) -> str:
    """How one row, column, ... is written: [3, :]."""
    return f"[{', '.join(str(at) if k == axis else ':' for k in range(dimensions))}]"


def try_entry(examination: Examination, leaf: int, index: tuple[int, ...], *, known_wrong: bool) -> tuple[Trial, ...]:
    """One entry of a leaf: one trial, of a complex leaf two."""
    parts = (False, True) if examination.problem.leaves[leaf].complex else (False,)
    return tuple(examination.entry(leaf, index, imaginary=part, known_wrong=known_wrong) for part in parts)


def is_wrong(trials: tuple[Trial, ...]) -> bool:
    """Whether an entry disagrees."""
    return any(trial.verdict == "disagrees" for trial in trials)


def wrong_output(examination: Examination, leaf: int, index: tuple[int, ...], judged: Judged) -> Row:
    """The one output that the derivative by an entry is wrong of, where the row that disagreed combines many: by halving.

    The row itself where no single output is wrong for certain.
    """
    row, mode = examination.rows[judged.row], examination.modes[judged.mode]
    if row.single:
        return row
    direction = examination.unit(leaf, index, imaginary=False)
    gap = partial(_output_gap, examination.ray(leaf, index, imaginary=False), row, mode, direction)
    known = examination.wrong_outputs.get(judged.row)
    if known is not None and gap(known) > 1:
        return unit_row(examination.problem, row, known[0], int(known[1][0]))
    within = [(i, np.flatnonzero(u)) for i, u in enumerate(row.parts) if u is not None]
    while True:
        halves = [(i, half) for i, where in within for half in np.array_split(where, 2) if half.size]
        gaps = [gap(half) for half in halves]
        worst = int(np.argmax(gaps))
        if gaps[worst] <= 1:
            return row
        within = [halves[worst]]
        if halves[worst][1].size == 1:
            examination.wrong_outputs[judged.row] = halves[worst]
            return unit_row(examination.problem, row, halves[worst][0], int(halves[worst][1][0]))


def _output_gap(ray: Ray, row: Row, mode: Mode, direction: Direction, place: tuple[int, Array]) -> float:
    """The gap of some entries of one output, in units of what is certain."""
    output, members = place
    u = row.parts[output]
    assert u is not None
    mask = np.zeros(u.size, bool)
    mask[members] = True
    part = row.restricted(output, mask)
    slope = ray.slope(part)
    bar = threshold(slope, float(np.finfo(float).tiny))
    return abs(mode.of_row(part, direction) - slope.value) / bar if slope.known else 0.0
