"""Values of f that agree with its gradients: what is left of the noise when the gradient is integrated along the path.

Between two points s apart, f changes by (g0 + g1) . s / 2, up to a third-order term; where steps are short this is
known far better than the difference of two noisy values, and a line search that is given it does not stall. Each new
value of f is weighed against what the best known point before it foretells, as a Kalman filter does.

The values handed out keep their differences and let their common error be: an optimiser cannot be told that a value
it already has was a little too low. Calls no function.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bibun.numerical.estimators.axes import TINY, Array, Axes

KEPT = 20  # points: a line search and its neighbours
TRUSTED = 25.0  # variances; a value farther from its forecast than that shows that the forecast is wrong
TRAPEZOID = 1 / 6  # of the change of g . s: what the trapezoidal rule errs on a cubic without a quadratic part


@dataclass(frozen=True, slots=True)
class Milestone:
    """A point, the best estimate of f there, its variance, and how much more that is than the value handed out."""

    x: Array
    value: float
    variance: float
    offset: float
    gradient: Array
    gradient_variance: Array

    @property
    def handed_out(self) -> float:
        return self.value - self.offset


class Path:
    """The last points at which value and gradient are known."""

    def __init__(self) -> None:
        self._points: list[Milestone] = []

    def near(self, f: float, variance: float) -> bool:
        """Whether noise could decide between f and a value on the path."""
        if not self._points:
            return False
        nearest = min(abs(f - point.handed_out) for point in self._points)
        return nearest**2 < 400 * (variance + min(point.variance for point in self._points))

    def add(
        self, x: Array, f: float, variance: float, g: Array, g_variance: Array, axes: Axes, told: float | None
    ) -> float:
        """The value to hand out at x, where f was seen. `told` is one that has been handed out already."""
        value, left, offset = f, variance, 0.0
        before = self._foretell(x, g, g_variance, axes)
        if before is not None:
            point, change, doubt = before
            surprise = f - point.value - change
            total = point.variance + doubt + variance
            if surprise**2 <= TRUSTED * total:
                value = point.value + change + (point.variance + doubt) / total * surprise
                left = (point.variance + doubt) * variance / total
                offset = (point.offset + point.variance / total * surprise) * variance / (doubt + variance)
        if told is not None:
            offset = value - told
        self._points = [*self._points, Milestone(x.copy(), value, left, offset, g.copy(), g_variance.copy())][-KEPT:]
        return value - offset

    def _foretell(self, x: Array, g: Array, g_variance: Array, axes: Axes) -> tuple[Milestone, float, float] | None:
        """The point that foretells f(x) best, the change of f from there, and the variance of that."""
        if not self._points:
            return None
        s = x - np.array([point.x for point in self._points])
        before = np.array([point.gradient for point in self._points])
        variance = np.array([point.gradient_variance for point in self._points])
        bend = np.abs(axes.cubic[0]) / (np.abs(axes.quadratic[0]) + TINY)
        share = TRAPEZOID * np.linalg.norm(s / axes.extent, axis=1) + np.max(bend * np.abs(s), axis=1) / 4
        truncation = np.sum(np.abs((g - before) * s), axis=1) * np.minimum(TRAPEZOID, share)
        doubt = np.sum((g_variance + variance) * s**2, axis=1) / 4 + truncation**2 + TINY
        best = int(doubt.argmin())
        return self._points[best], float(np.dot(g + before[best], s[best]) / 2), float(doubt[best])
