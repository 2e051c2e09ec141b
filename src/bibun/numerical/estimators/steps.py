"""How wide to step: the variance that each step would leave in the derivative. Calls no function, learns nothing.

A central difference at h leaves

    noise / (2 h**2) + (h**2, h**4) covariance (h**2, h**4)^T + (beyond h**6)**2

of variance: noise falls with h, and what is not known of the truncation rises. All powers of two are tried. At a
bound two points on the free side, h and 2 h, leave 6.5 noise / h**2 + 4 h**4 covariance + (6 quartic h**3)**2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bibun.numerical.estimators.axes import LADDER, SIGNIFICANT, SOLVE, TINY, Array, Axes, Forecast, Indices, inverse
from bibun.numerical.estimators.noise import NoiseModel

OCTAVES = np.arange(-40, 2)  # of the window; 40 below it a step is lost in the rounding of x
WIDER = 2.0 ** np.arange(-30, 3)  # of the last window: what the next one may be
RETREAT = 1 / 32  # of a step at which f has no value: the room that is left
AT_ONCE = 1 << 20  # numbers: 8 MB
EXACT = 2.0**-44  # the smallest step, relative to x


@dataclass(frozen=True, slots=True)
class Room:
    """How far each variable may go down and up, shape (n,)."""

    down: Array
    up: Array

    @property
    def both(self) -> Array:
        return np.minimum(self.down, self.up)

    @property
    def wider(self) -> Array:
        return np.maximum(self.down, self.up)

    @property
    def side(self) -> Array:
        """The roomier side, -1 or 1."""
        return np.where(self.down > self.up, -1.0, 1.0)

    def without(self, which: Indices, distances: Array, values: Array) -> Room:
        """Less room on the sides where f has no value, for values at distances, shapes (steps, m, k) and (steps, k)."""
        failed = np.asarray(~np.isfinite(values).all(axis=1))
        if not np.any(failed):
            return self
        down, up = self.down.copy(), self.up.copy()
        for row, bad in zip(distances, failed, strict=True):
            t, i = row[bad], which[bad]
            np.minimum.at(down, i[t < 0], -t[t < 0] * RETREAT)
            np.minimum.at(up, i[t > 0], t[t > 0] * RETREAT)
        return Room(down, up)


@dataclass(frozen=True, slots=True)
class Steps:
    """For each variable: the step, the side (0 for central), the variance it leaves, summed over f's numbers."""

    step: Array
    side: Array
    variance: Array


def expected_noise(axes: Axes, noise: NoiseModel, f: Array, step: Array) -> Array:
    """The variance of the noise at x +- step, by the size that f is expected to have there; shape (..., m, n)."""
    step = step[..., None, :]
    return noise.variance((f**2)[:, None] + (axes.gradient * step) ** 2 + (axes.quadratic * step**2) ** 2)


def central_variance(noise: Array, covariance: Array, beyond: Array, step: Array) -> Array:
    """What a central difference leaves, where f has noise of this variance."""
    square = step**2
    unknown = covariance[..., 0, 0] + 2 * covariance[..., 0, 1] * square + covariance[..., 1, 1] * square**2
    return np.asarray(noise / (2 * square) + unknown * square**2 + (beyond * square**3) ** 2)


def sided_variance(noise: Array, covariance: Array, quartic: Array, step: Array) -> Array:
    """What (-3 f(x) + 4 f(x + h) - f(x + 2 h)) / (2 h) leaves."""
    return np.asarray(6.5 * noise / step**2 + 4 * covariance[..., 0, 0] * step**4 + (6 * quartic * step**3) ** 2)


def best_steps(axes: Axes, noise: NoiseModel, forecast: Forecast, f: Array, x: Array, room: Room) -> Steps:
    """The steps that leave the least variance with two calls a variable."""
    steps = axes.window * 2.0 ** OCTAVES[:, None]
    large = steps > EXACT * np.abs(x)

    def of_central(steps: Array) -> Array:
        noisy = expected_noise(axes, noise, f, steps)
        return central_variance(noisy, forecast.covariance, axes.beyond, steps[:, None, :])

    def of_sided(steps: Array) -> Array:
        noisy = expected_noise(axes, noise, f, steps)
        return sided_variance(noisy, forecast.covariance, axes.known_quartic, steps[:, None, :])

    central = np.where(large & (steps <= room.both), _totals(of_central, steps, axes), np.inf)
    sided = np.where(large & (2 * steps <= room.wider), _totals(of_sided, steps, axes), np.inf)
    columns = np.arange(len(x))
    best, other = central.argmin(axis=0), sided.argmin(axis=0)
    to_side = sided[other, columns] < central[best, columns]
    return Steps(
        steps[np.where(to_side, other, best), columns],
        np.where(to_side, room.side, 0.0),
        np.where(to_side, sided[other, columns], central[best, columns]),
    )


def variance_if_measured(axes: Axes, noise: NoiseModel, forecast: Forecast, f: Array) -> Array:
    """What three pairs a variable would leave, summed over f's numbers, shape (n,)."""
    steps = axes.window * LADDER[:, None]
    slopes = expected_noise(axes, noise, f, steps) / (2 * steps[:, None] ** 2)
    alone = np.einsum("sp,pmk,tp->mkst", SOLVE, slopes, SOLVE)
    units = np.stack([axes.window**2, axes.window**4], axis=-1)
    spread = forecast.covariance * units[..., :, None] * units[..., None, :]
    side = alone[..., 0, 1:]
    gained = np.einsum("...r,...rc,...c->...", side, inverse(spread + alone[..., 1:, 1:]), side)
    return np.asarray(np.sum(alone[..., 0, 0] - gained, axis=0))


def next_windows(axes: Axes, noise: NoiseModel, f: Array, x: Array) -> Array:
    """The widest step for the next three pairs of each variable, from what the last ones showed.

    A quintic that is lost in noise is taken to be no larger than cubic / extent**2: this is what lets windows widen.
    The next measurement tells, and its two narrower pairs are there if it was too bold.
    """
    widths = axes.measured_window * WIDER[:, None]
    cubic, quintic = np.abs(axes.cubic), np.abs(axes.quintic)
    known = quintic**2 > SIGNIFICANT * axes.covariance[..., 1, 1]
    quintic = np.where(known, quintic, np.minimum(quintic, cubic / axes.extent**2))

    def left(widths: Array) -> Array:
        wide = widths[:, None, :]
        noisy = 64 * expected_noise(axes, noise, f, widths / 2) + expected_noise(axes, noise, f, widths)
        truncation = quintic * wide**4 * np.minimum(1, quintic * wide**2 / (cubic + TINY)) / 64
        return np.asarray(noisy / (18 * wide**2) + truncation**2)  # of (4 slope(h/2) - slope(h)) / 3

    total = _totals(left, widths, axes)
    usable = ((widths <= 2 * axes.extent) | (WIDER[:, None] <= 1)) & (widths > 16 * EXACT * np.abs(x))
    total = np.where(usable, total, np.inf)
    best = widths[total.argmin(axis=0), np.arange(len(axes.window))]
    return np.asarray(np.maximum(best, _power_of_two_above(16 * EXACT * np.abs(x))))


def _totals(variance: Callable[[Array], Array], steps: Array, axes: Axes) -> Array:
    """The variances for rows of steps, summed over f's numbers, a few rows at a time."""
    rows = max(1, AT_ONCE // max(1, axes.cubic.size))
    return np.concatenate([variance(steps[i : i + rows]).sum(axis=1) for i in range(0, len(steps), rows)])


def _power_of_two_above(sizes: Array) -> Array:
    return np.where(sizes > 0, np.ldexp(1.0, np.frexp(sizes)[1]), 0.0)
