"""What is known of f along each axis, and how it goes out of date as x moves. Calls no function, chooses no step.

    f(x + t e_i) = f(x) + g t + quadratic t**2 + cubic t**3 + quartic t**4 + quintic t**5 + ...

A central difference at h is g + cubic h**2 + quintic h**4 + ..., so knowing `cubic` makes wide steps accurate, and
wide steps are what noise asks for. cubic and quintic are the state of a Kalman filter for each entry: three pairs of
values measure them (`learn_pairs`), and a move of x adds variance, at a rate that the filter's own surprises tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bibun.numerical.estimators.noise import NoiseModel

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

TINY = 1e-300
LADDER = np.array([0.25, 0.5, 1.0])  # the three steps that measure an axis, in units of its window

SIGNIFICANT = 9.0  # a coefficient counts as known from 3 standard deviations on
SURPRISE = 4.0  # a measurement this many variances from the forecast means that the forecast claimed too much
FORGETTING = 0.1  # a measurement as foretold lowers the drift rate to no less than this share
NEAR = 0.01  # a surprise after a shorter relative move is not blamed on the move alone


@dataclass(frozen=True, slots=True)
class Forecast:
    """cubic, the covariance of (cubic, quintic), shape (m, n, 2, 2), and the relative distance moved, shape (n,)."""

    cubic: Array
    covariance: Array
    distance: Array


@dataclass(frozen=True, slots=True)
class Pairs:
    """f at x - h and x + h for the three steps of each of some variables: shape (3, m, k), steps (3, k)."""

    steps: Array
    below: Array
    above: Array
    center: Array  # f(x), shape (m,)

    def slopes(self) -> Array:
        return (self.above - self.below) / (2 * self.steps[:, None])

    def bends(self) -> Array:
        """quadratic + quartic h**2 + ..."""
        f = self.center[:, None]
        return ((self.above - f) / 2 + (self.below - f) / 2) / self.steps[:, None] ** 2

    def variance(self, noise: NoiseModel) -> Array:
        """Of the slopes."""
        return noise.variance(np.maximum(self.below**2, self.above**2)) / (2 * self.steps[:, None] ** 2)


class Axes:
    """The coefficients, shape (m, n) for m numbers that f gives and n variables, and where they were measured.

    extent    how far each variable may be expected to move: its size, or the range that it has visited
    window    the widest of the three steps of the next measurement; measured_window that of the last one
    drift     how much cubic changes, for a move by one extent
    beyond    a bound on what the seventh order adds to a central difference, over h**6
    explained  the square of the largest derivative that the coefficients lead to expect, when they were measured
    """

    def __init__(self, x: Array, outputs: int, extent: Array) -> None:
        n = len(x)
        self.extent, self._low, self._high = extent, x.copy(), x.copy()
        zeros = np.zeros((outputs, n))
        self.gradient, self.quadratic, self.cubic, self.quartic, self.quintic = (zeros.copy() for _ in range(5))
        self.covariance = np.zeros((outputs, n, 2, 2))
        self.quartic_variance = np.full((outputs, n), np.inf)
        self.drift, self.beyond = zeros.copy(), zeros.copy()
        self.known = np.zeros(n, bool)
        self.explained = np.zeros(n)
        self.window = 2.0 ** np.floor(np.log2(extent)) / 16
        self.measured_window = self.window.copy()
        self._points: dict[int, Array] = {}  # the points at which axes were measured, a number for each
        self._measured_at = np.zeros(n, int)

    def move(self, x: Array) -> Forecast:
        """What is known at x. The move along an axis itself is followed with the quartic where that is known."""
        self._low, self._high = np.minimum(self._low, x), np.maximum(self._high, x)
        self.extent = np.maximum(np.maximum(self.extent, self._high - self._low), np.abs(x))
        own, distance = np.zeros_like(x), np.zeros_like(x)
        for number, point in self._points.items():
            here = self._measured_at == number
            own[here] = (x - point)[here]
            distance[here] = np.linalg.norm((x - point) / self.extent)
        quartic = self.known_quartic
        covariance = self.covariance.copy()
        bent = 100 * own**4 * (self.quintic**2 + covariance[..., 1, 1])  # d cubic = 4 quartic t + 10 quintic t**2 + ...
        unsure = np.where(quartic != 0, self.quartic_variance, 0.0)
        doubt = bent + 16 * own**2 * unsure + (self.drift * distance) ** 2
        size = self.cubic**2 + np.abs(self.quadratic * quartic)
        lost = doubt > 4 * size  # after a long way nothing but the size is left
        cubic = np.where(lost, 0.0, self.cubic + 4 * quartic * own)
        covariance[..., 0, 0] += np.where(lost, 4 * size, doubt)
        covariance[..., 1, 1] += (self.quintic * np.minimum(distance, 1)) ** 2
        return Forecast(cubic, covariance, distance)

    @property
    def known_quartic(self) -> Array:
        """The quartic where it stands out of the noise, 0 elsewhere."""
        return np.where(self.quartic**2 > SIGNIFICANT * self.quartic_variance, self.quartic, 0.0)

    def learn_pairs(self, x: Array, which: Indices, pairs: Pairs, noise: NoiseModel, forecast: Forecast) -> Array:
        """Take in three pairs for each variable of `which`. Returns the variance of the gradient, shape (m, k)."""
        new = ~self.known[which]
        width = pairs.steps[2]
        self.measured_window[which] = width
        units = np.stack([width**2, width**4], axis=-1)  # of the scaled state (g, cubic h**2, quintic h**4)
        variance = pairs.variance(noise) + TINY
        precision, weighted = _normal_equations(pairs, variance)
        alone: Array = np.linalg.inv(precision)
        measured: Array = np.einsum("...rc,...c->...r", alone, weighted)
        mean: Array = np.stack([forecast.cubic[:, which], self.quintic[:, which]], axis=-1) * units
        spread = forecast.covariance[:, which] * units[..., :, None] * units[..., None, :]
        spread = spread + np.eye(2) * (1e-30 * np.max(measured**2, axis=-1) + TINY)[..., None, None]
        self._learn_drift(which, measured, alone, mean, forecast.distance[which], units[..., 0])
        prior = np.linalg.inv(_widened(spread, measured, alone, mean))
        prior[:, new] = 0
        precision[..., 1:, 1:] += prior
        weighted[..., 1:] += np.einsum("...rc,...c->...r", prior, mean)
        covariance = np.linalg.inv(precision)
        state = np.einsum("...rc,...c->...r", covariance, weighted)
        self.gradient[:, which] = state[..., 0]
        self.cubic[:, which] = state[..., 1] / units[..., 0]
        self.quintic[:, which] = state[..., 2] / units[..., 1]
        self.covariance[:, which] = covariance[..., 1:, 1:] / (units[..., :, None] * units[..., None, :])
        clear = np.maximum(np.abs(state[..., 2]) - 2 * np.sqrt(covariance[..., 2, 2]), 0)
        left = clear * np.minimum(1, clear / (np.abs(state[..., 1]) + TINY))
        self.beyond[:, which] = left / (4 * width**6)
        self._learn_bend(which, pairs, variance, noise, forecast.distance[which])
        steep = np.maximum(np.abs(self.cubic), 4 * np.abs(self.known_quartic) * self.extent)[:, which]
        self.drift[:, which] = np.where(new, steep, self.drift[:, which])
        self.measured(x, which)
        return np.asarray(covariance[..., 0, 0] + (left / 64) ** 2)

    def _learn_drift(
        self, which: Indices, measured: Array, alone: Array, mean: Array, distance: Array, unit: Array
    ) -> None:
        surprise = np.abs(measured[..., 1] - mean[..., 0])
        deviation = np.sqrt(alone[..., 1, 1] + self.covariance[:, which, 0, 0] * unit**2)
        drift, moved = self.drift[:, which], unit * np.maximum(distance, NEAR)
        less = np.clip((surprise + 2 * deviation) / moved, FORGETTING * drift, drift)
        more = np.maximum(less, surprise / moved)
        self.drift[:, which] = np.where(surprise**2 > SURPRISE * deviation**2, more, less)

    def _learn_bend(self, which: Indices, pairs: Pairs, variance: Array, noise: NoiseModel, distance: Array) -> None:
        """quadratic and quartic, from the two wider pairs and f(x)."""
        bends, squares = pairs.bends(), pairs.steps**2
        apart = squares[2] - squares[1]
        quartic = (bends[2] - bends[1]) / apart
        self.quadratic[:, which] = (4 * bends[1] - bends[2]) / 3
        center = noise.variance(pairs.center[:, None] ** 2)
        seen = np.sum((variance[1:] + center / squares[1:, None]) / squares[1:, None], axis=0) / apart**2
        before = self.quartic_variance[:, which] + (quartic * np.minimum(distance, 1)) ** 2
        known = np.isfinite(before) & ((quartic - self.quartic[:, which]) ** 2 <= SIGNIFICANT * (before + seen))
        gain = np.where(known, before / (np.where(known, before, 1.0) + seen + TINY), 1.0)
        self.quartic[:, which] += gain * (quartic - self.quartic[:, which])
        self.quartic_variance[:, which] = gain * seen

    def learn_one_sided(self, x: Array, which: Indices, steps: Array, slopes: Array, variance: Array) -> Array:
        """Take in (f(x + t) - f(x)) / t at t = signed `steps`, shape (3, k); only the size of cubic is learned."""
        nearer, wider = 2 * slopes[0] - slopes[1], 2 * slopes[1] - slopes[2]  # g - 2 cubic h**2 and g - 8 cubic h**2
        cubic = (nearer - wider) / (6 * steps[0] ** 2)
        known = 12.6 * variance[0] / (36 * steps[0] ** 4)  # 4 + 9/4 + 1/16, twice: f(x) has noise as well
        self.gradient[:, which] = (4 * nearer - wider) / 3
        self.quadratic[:, which] = (slopes[1] - slopes[0]) / steps[0]
        self.cubic[:, which] = 0.0
        self.quintic[:, which] = 0.0
        self.covariance[:, which] = 0.0
        self.covariance[:, which, 0, 0] = cubic**2 + known
        self.quartic_variance[:, which] = np.inf
        self.drift[:, which] = np.abs(cubic)
        self.beyond[:, which] = 0.0
        self.measured_window[which] = np.abs(steps[2])
        self.measured(x, which)
        return np.asarray(40 * variance[0] + ((nearer - wider) / 3) ** 2 / 4)

    def measured(self, x: Array, which: Indices) -> None:
        """Remember where."""
        number = 1 + max(self._points, default=0)
        self._measured_at[which] = number
        self._points[number] = x.copy()
        self._points = {k: point for k, point in self._points.items() if np.any(self._measured_at == k)}
        self.known[which] = True
        far = self.extent[which]
        slope = np.abs(self.gradient[:, which]) + 2 * np.abs(self.quadratic[:, which]) * far
        cubic = np.sqrt(self.cubic[:, which] ** 2 + self.covariance[:, which, 0, 0])
        self.explained[which] = np.sum((slope + 3 * cubic * far**2) ** 2, axis=0)


def _normal_equations(pairs: Pairs, variance: Array) -> tuple[Array, Array]:
    """Of slope_k = g + cubic h_k**2 + quintic h_k**4, in units of the widest step: shapes (m, k, 3, 3), (m, k, 3)."""
    squares = (pairs.steps / pairs.steps[2]) ** 2
    rows = np.stack([np.ones_like(squares), squares, squares**2], axis=-1)
    precision = np.einsum("pmk,pkr,pkc->mkrc", 1 / variance, rows, rows)
    return precision, np.einsum("pmk,pkr->mkr", pairs.slopes() / variance, rows)


def _widened(spread: Array, measured: Array, alone: Array, mean: Array) -> Array:
    """The covariance of the forecast, larger by as much as the measurement is farther from it than it should be."""
    apart = measured[..., 1:] - mean
    surprise = np.einsum("...r,...rc,...c->...", apart, np.linalg.inv(spread + alone[..., 1:, 1:]), apart)
    return np.asarray(spread * np.maximum(1, surprise / SURPRISE)[..., None, None])
