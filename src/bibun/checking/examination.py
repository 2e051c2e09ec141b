"""Trials along directions: every mode beside the numerical derivative, row by row of the outputs. Locates nothing.

A contradiction is confirmed before it is believed: by a second numerical derivative from other points, and against the
noise of the exact derivative, which rounding inside the function may make large (cancellation).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isfinite

import numpy as np

from bibun.checking import directions
from bibun.checking.exact import ROUNDING, Direction, Gradient, Mode, terms
from bibun.checking.judging import Judged, judge, threshold, worst
from bibun.checking.outputs import Row
from bibun.checking.problem import Array, Problem
from bibun.checking.slopes import Entry, Line, Ray, Slope

NOISE_WEIGHT = 8.0  # a contradiction exceeds the noise of the exact derivative by this
PRECISION_WEIGHT = 2.0  # ... or what higher precision changes by this
_SHARPER = {"e": np.float32, "f": np.float64, "d": np.longdouble, "F": np.complex128, "D": np.clongdouble}
# Where that noise is looked for: near enough that the derivative varies by less, far enough that the rounding differs.
_NEAR = (2.0**-27, 2.0**-29, 2.0**-31)
_NEAR_SINGLE = (2.0**-12, 2.0**-14, 2.0**-16)
_FAR = 100.0  # a contradiction that exceeds its threshold by this is none of the numerical bound's rare failures
_SHORT = tuple(0.7 * 2.0**-k for k in (40, 33, 26, 19, 12))  # steps of plain differences
_SHORT_ROUNDINGS = 16.0
_REFUTED = 2.0**14  # a bound that higher precision exceeds becomes so much of that difference
_NEAR_OVERFLOW = 1e-8
_RAYS = 16
_OTHER_POINTS = 0.75  # scales a direction so that the second derivative has other points than the first


@dataclass(frozen=True, slots=True)
class Trial:
    """The judgements along one direction, all modes and rows."""

    direction: Direction
    judged: tuple[Judged, ...]
    along: str

    @property
    def worst(self) -> Judged:
        return worst(self.judged)

    @property
    def verdict(self) -> str:
        return self.worst.verdict

    def of_mode(self, mode: int) -> Judged:
        """The worst of one mode."""
        return worst(j for j in self.judged if j.mode == mode)


class Examination:
    """The modes and the rows of a problem, at its point."""

    def __init__(self, problem: Problem, rows: list[Row], modes: list[Mode], rng: np.random.Generator) -> None:
        self.problem, self.rows, self.modes, self.rng = problem, rows, modes, rng
        self.searches = 0  # for wrong entries
        self.wrong_outputs: dict[int, tuple[int, Array]] = {}  # by row: an output, and its entry, found wrong before
        self._rays: dict[tuple[int, tuple[int, ...], bool], Ray] = {}
        limits = [np.finfo(x.dtype) for x in problem.point]
        self._smallest = max(float(limit.smallest_subnormal) for limit in limits)
        self._largest = min(float(limit.max) for limit in limits)
        self._noise_scales = directions.base_scales(problem.point)
        self._gradients = next((mode for mode in modes if isinstance(mode, Gradient)), None)

    @property
    def sensitivity(self) -> list[Array] | None:
        """|gradient| by each leaf, the largest over the rows, as a mode claims it; None where no mode has gradients."""
        if self._gradients is None:
            return None
        parts = zip(*self._gradients.gradients, strict=True)
        return [np.max([np.abs(g) for g in of_rows], axis=0) for of_rows in parts]

    def direction(self) -> list[Array]:
        """A random direction through every entry."""
        point = self.problem.point
        found = directions.random_direction(
            point, directions.scales(point, self.sensitivity, self._noise_scales), self.rng
        )
        return found if self._gradients is None else directions.leaning(found, self._gradients.gradients[0], self.rng)

    def broken(self, leaf: int) -> Array:
        """The flat indices of a leaf where a gradient is nan or infinite, as far as there are modes with gradients."""
        found = np.zeros(self.problem.leaves[leaf].value.size, bool)
        for mode in self.modes:
            if isinstance(mode, Gradient):
                for gradient in mode.gradients:
                    found |= ~np.isfinite(gradient[leaf]).reshape(-1)
        return np.flatnonzero(found)

    def aligned(self, direction: list[Array], leaf: int) -> list[Direction]:
        """Directions with the signs of the gradients: along them a gradient outside the slopes of kinks shows most."""
        v = direction[leaf]
        if v.dtype.kind == "c":
            return []
        return [
            directions.only(
                [np.abs(x) * np.where(g >= 0, 1, -1) for x, g in zip(direction, gradient, strict=True)], leaf
            )
            for mode in self.modes
            if isinstance(mode, Gradient)
            for gradient in mode.gradients
        ]

    def line(self, direction: Direction, along: str, *, thorough: bool = True) -> Trial:
        """Compare along a direction. Not `thorough`: what is wrong will be looked at closely along parts of it."""
        return self._try(Line(self.problem, direction, self.rows), direction, along, thorough=thorough)

    def entry(self, leaf: int, index: tuple[int, ...], *, imaginary: bool = False, known_wrong: bool = False) -> Trial:
        """Compare by one entry. `known_wrong`: a contradiction was confirmed already, along a direction with this entry."""
        direction = self.unit(leaf, index, imaginary=imaginary)
        label = f"entry {index}" if index else "the number"
        if self.problem.leaves[leaf].complex:
            label = f"{'imaginary' if imaginary else 'real'} part of {label}"
        ray = self.ray(leaf, index, imaginary=imaginary)
        return self._try(ray, direction, label, known_wrong=known_wrong)

    def ray(self, leaf: int, index: tuple[int, ...], *, imaginary: bool) -> Ray:
        """The outputs along one entry. Kept for a while: among many outputs the wrong one is looked for later."""
        key = (leaf, index, imaginary)
        if key not in self._rays:
            if len(self._rays) >= _RAYS:
                self._rays.clear()
            self._rays[key] = Entry(self.problem, leaf, index, self.rows, imaginary=imaginary)
        return self._rays[key]

    def unit(self, leaf: int, index: tuple[int, ...], *, imaginary: bool) -> Direction:
        """One entry moves by 1, or by i."""
        x = self.problem.leaves[leaf].value
        v = np.zeros(x.shape, np.complex128 if x.dtype.kind == "c" else np.float64)
        v[index] = 1j if imaginary else 1
        return [v if i == leaf else None for i in range(len(self.problem.leaves))]

    def _try(
        self, ray: Ray, direction: Direction, along: str, *, known_wrong: bool = False, thorough: bool = True
    ) -> Trial:
        slopes = [ray.slope(row) for row in self.rows]
        judged = []
        for m, mode in enumerate(self.modes):
            exact, inside = mode.along(direction), mode.uncertainty(direction)
            for k, slope in enumerate(slopes):
                bar = self.rounding(mode, k, float(exact[k]), direction) + float(inside[k])
                judged.append(judge(m, k, float(exact[k]), bar, slope, excused=self._excused(slope)))
        wrong = [j for j in judged if _wrong(j)]
        if wrong and not (known_wrong and all(abs(j.gap) > _FAR * j.threshold for j in wrong)):
            judged = self._confirmed(judged, direction, thorough)
        return Trial(direction, tuple(judged), along)

    def _excused(self, slope: Slope) -> bool:
        """Whether nan and inf are no error: other outputs are nan, or the derivative is too large for the dtype."""
        return self.problem.spoilt or abs(slope.value) > _NEAR_OVERFLOW * self._largest

    def rounding(self, mode: Mode, row: int, exact: float, direction: Direction) -> float:
        """What rounding, and underflow, do to a derivative summed over many entries."""
        size = abs(exact) if isfinite(exact) else 0.0
        if self._gradients is not None:
            size = max(size, terms(self._gradients.gradients[row], direction))
        farthest = max((float(np.max(np.abs(v), initial=0)) for v in direction if v is not None), default=0.0)
        found = ROUNDING * (max(self.problem.precision, mode.precision) * size + self._smallest * farthest)
        return found if isfinite(found) else inf

    def _confirmed(self, judged: list[Judged], direction: Direction, thorough: bool) -> list[Judged]:
        """Contradictions stay where the noise of the exact derivative and a second numerical one leave them standing."""
        wrong = sorted({j.mode for j in judged if _wrong(j)})
        noise = {m: self._noise(self.modes[m], direction, thorough) for m in wrong}
        factor = _OTHER_POINTS * self._scale_of(direction)
        scaled = [None if v is None else factor * v for v in direction]
        other = Line(self.problem, scaled, self.rows)
        sharp = Line(self.problem, scaled, self.rows, [_sharpened(x) for x in self.problem.point])
        found = []
        for j in judged:
            if _wrong(j):
                # beside a kink a derivative jumps, as it should
                bar = j.bar + (0.0 if j.slope.kink else float(noise[j.mode][j.row]))
                j = self._judged(replace(j, bar=bar), j.slope)
            if _wrong(j):
                j = self._again(j, other, sharp, factor)
            found.append(j)
        return found

    def _again(self, judged: Judged, other: Line, sharp: Line, factor: float) -> Judged:
        """A contradiction beside numerical derivatives from other points: by the same method, and by real values alone.

        The latter is often less sharp; it counts where it contradicts the first. What higher precision changes is
        rounding inside the function, which may be smooth nearby, and then a bound knows nothing of it.
        """
        first, row = judged.slope, self.rows[judged.row]
        second = other.slope(row).divided(factor)
        if not _wrong(self._judged(judged, second)):
            return self._judged(judged, _reconciled(first, second))
        third = other.slope(row, "real").divided(factor)
        contradicts = abs(third.value - first.value) > threshold(third, first.error)
        if contradicts and not _wrong(self._judged(judged, third)):
            return self._judged(judged, _reconciled(first, third))
        if self._staircase(judged, other, factor):
            return self._judged(judged, replace(first, error=max(first.error, abs(judged.gap))))
        try:
            sharper = sharp.slope(row, "real").divided(factor)
        except Exception:  # noqa: BLE001  the user's function, in a dtype that it was not made for
            return judged
        if abs(sharper.value - first.value) <= threshold(sharper, first.error):
            return judged
        return self._judged(judged, replace(first, error=_REFUTED * abs(sharper.value - first.value)))

    def _staircase(self, judged: Judged, line: Line, factor: float) -> bool:
        """Whether plain differences over short steps speak for the exact derivative: longer steps may pass over jumps.

        The two shortest do that rounding allows; one alone may be off by chance, as its step is not so short.
        """
        row, gap = self.rows[judged.row], abs(judged.gap)
        noise = _SHORT_ROUNDINGS * max(float(np.finfo(y.dtype).eps) for y in self.problem.reference)
        slack = noise * row.size(self.problem.reference) / abs(factor)
        told = [h for h in _SHORT if slack / h < gap / 4][:2]
        for h in told:
            rise = line.number(row, line.start + h) - line.number(row, line.start - h)
            if not abs(rise / (2 * h * factor) - judged.exact) <= gap / 2:
                return False
        return len(told) == 2

    def _judged(self, judged: Judged, slope: Slope) -> Judged:
        return judge(judged.mode, judged.row, judged.exact, judged.bar, slope, excused=self._excused(slope))

    def _scale_of(self, direction: Direction) -> float:
        """What makes the steps of a direction those of a random one: the scale of a single entry, else 1."""
        moving = [(i, np.flatnonzero(v)) for i, v in enumerate(direction) if v is not None and np.any(v)]
        if len(moving) == 1 and moving[0][1].size == 1:
            leaf, (where,) = moving[0][0], moving[0][1]
            v = direction[leaf]
            assert v is not None
            return float(self._noise_scales[leaf].reshape(-1)[where] / np.abs(v.reshape(-1)[where]))
        return 1.0

    def _noise(self, mode: Mode, direction: Direction, thorough: bool) -> Array:
        """What rounding inside the function may do to the exact derivative, seen in two ways: it differs from the one in
        higher precision, and near the point it is not on a straight line.
        """
        point, center = self.problem.point, mode.along(direction)
        found = [np.zeros(len(self.rows))]
        with np.errstate(all="ignore"):
            if thorough:
                sharper = _tried(mode, direction, [_sharpened(x) for x in point])
                if sharper is not None:
                    found.append(PRECISION_WEIGHT * np.abs(center - sharper))
            shift = directions.random_direction(point, self._noise_scales, self.rng)
            for h in _NEAR_SINGLE if self.problem.precision > 1e-15 else _NEAR:
                above = _tried(mode, direction, [_shifted(x, h * s) for x, s in zip(point, shift, strict=True)])
                below = _tried(mode, direction, [_shifted(x, -h * s) for x, s in zip(point, shift, strict=True)])
                if above is not None and below is not None:
                    found.append(NOISE_WEIGHT * np.abs(above - center + (below - center)) / 2)
        return np.asarray(np.max(np.where(np.isfinite(found), found, 0), axis=0))


def _sharpened(x: Array) -> Array:
    return x.astype(_SHARPER.get(x.dtype.char, x.dtype))


def _wrong(judged: Judged) -> bool:
    return judged.verdict == "disagrees"


def _tried(mode: Mode, direction: Direction, values: list[Array]) -> Array | None:
    """The exact derivative elsewhere, or in another dtype; None where the function has none."""
    try:
        return mode.along(direction, values)
    except Exception:  # noqa: BLE001  the user's function, beyond its domain or in a dtype that it was not made for
        return None


def _reconciled(one: Slope, two: Slope) -> Slope:
    """Two numerical derivatives of which only one contradicts: their difference is part of the error."""
    error = max(one.error, two.error, abs(one.value - two.value))
    return Slope(one.value, error if isfinite(error) else inf, two.status, one.unit, one.slack)


def _shifted(x: Array, step: Array) -> Array:
    return np.asarray((x + step).astype(x.dtype))
