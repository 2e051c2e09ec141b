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

SOLVE = np.linalg.inv(LADDER[:, None] ** np.array([0, 2, 4]))  # of slope = g + cubic h**2 + quintic h**4
NEARLY_ONE = 1 - 1e-12

SIGNIFICANT = 9.0  # a coefficient counts as known from 3 standard deviations on
SURPRISE = 4.0  # a measurement this many variances from the forecast means that the forecast claimed too much
FORGETTING = 0.1  # a measurement as foretold lowers the drift rate to no less than this share
ORDINARY = 0.3  # a derivative g that varies over an extent has a cubic of about g / extent**2; of this share at least
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

    extent    how far each variable may be expected to move: its unit, its size, or the range that it has visited
    window    the widest of the three steps of the next measurement; measured_window that of the last one
    drift     how much cubic changes, for a move by one extent
    beyond    a bound on what the seventh order adds to a central difference, over h**6
    explained  the square of the largest derivative that the coefficients lead to expect, when they were measured
    """

    def __init__(self, x: Array, outputs: int) -> None:
        n = len(x)
        self.extent, self._low, self._high = np.ones(n), x.copy(), x.copy()
        zeros = np.zeros((outputs, n))
        self.gradient, self.quadratic, self.cubic, self.quartic, self.quintic = (zeros.copy() for _ in range(5))
        self.covariance = np.zeros((outputs, n, 2, 2))
        self.quartic_variance = np.full((outputs, n), np.inf)
        self.drift, self.beyond = zeros.copy(), zeros.copy()
        self.known = np.zeros(n, bool)
        self.explained = np.zeros(n)
        self.window = np.full(n, 1 / 16)
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
        least = ORDINARY * np.abs(self.gradient) / self.extent**2
        drift = np.maximum(self.drift, least)
        doubt = bent + 16 * own**2 * unsure + (drift * distance) ** 2
        size = self.cubic**2 + least**2 + np.abs(self.quadratic * quartic)
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
        units = np.stack([width**2, width**4], axis=-1)  # the state is (g, cubic width**2, quintic width**4)
        variance = pairs.variance(noise)
        state = np.einsum("sp,pmk->mks", SOLVE, pairs.slopes())
        covariance = np.einsum("sp,pmk,tp->mkst", SOLVE, variance, SOLVE)
        mean = np.stack([forecast.cubic[:, which], self.quintic[:, which]], axis=-1) * units
        spread = forecast.covariance[:, which] * units[..., :, None] * units[..., None, :]
        self._learn_drift(which, state, covariance, mean, forecast.distance[which], units[..., 0])
        state, covariance = _merged(state, covariance, mean, spread, new)
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
        self._measured(x, which, width)
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
        self._measured(x, which, np.abs(steps[2]))
        return np.asarray(40 * variance[0] + ((nearer - wider) / 3) ** 2 / 4)

    def _measured(self, x: Array, which: Indices, width: Array) -> None:
        """Remember where, how widely, and what derivatives to expect."""
        self.measured_window[which] = width
        number = 1 + max(self._points, default=0)
        self._measured_at[which] = number
        self._points[number] = x.copy()
        self._points = {k: point for k, point in self._points.items() if np.any(self._measured_at == k)}
        self.known[which] = True
        far = self.extent[which]
        slope = np.abs(self.gradient[:, which]) + 2 * np.abs(self.quadratic[:, which]) * far
        cubic = np.sqrt(self.cubic[:, which] ** 2 + self.covariance[:, which, 0, 0])
        self.explained[which] = np.sum((slope + 3 * cubic * far**2) ** 2, axis=0)


def _merged(
    state: Array, covariance: Array, mean: Array, spread: Array, new: npt.NDArray[np.bool_]
) -> tuple[Array, Array]:
    """The measured state and what was foretold of its last two entries, weighed by their covariances.

    A forecast that lies farther off than it should is given as much more spread.
    """
    apart = mean - state[..., 1:]
    surprise = np.einsum("...r,...rc,...c->...", apart, inverse(spread + covariance[..., 1:, 1:]), apart)
    spread = spread * np.maximum(1, surprise / SURPRISE)[..., None, None]
    weight = inverse(spread + covariance[..., 1:, 1:])
    gain = np.where(new[:, None, None], 0.0, covariance[..., :, 1:] @ weight)
    left = np.einsum("...sr,...tr->...st", gain, covariance[..., :, 1:])
    both = spread @ weight @ covariance[..., 1:, 1:]  # the same as covariance - left there, without cancellation
    merged = covariance - left
    merged[..., 1:, 1:] = np.where(new[:, None, None], covariance[..., 1:, 1:], (both + np.swapaxes(both, -1, -2)) / 2)
    floor = 1e-12 * np.einsum("...ii->...i", covariance)
    index = np.arange(3)
    merged[..., index, index] = np.maximum(merged[..., index, index], floor)
    return state + np.einsum("...rc,...c->...r", gain, apart), merged


def inverse(matrices: Array) -> Array:
    """Of symmetric positive 2 x 2 matrices, shape (..., 2, 2). What has no variance at all has no weight either."""
    deviations = np.sqrt(np.maximum(np.einsum("...ii->...i", matrices), 0))
    weights = np.where(deviations > 0, 1 / np.maximum(deviations, TINY), 0.0)
    correlation = np.clip(matrices[..., 0, 1] * weights[..., 0] * weights[..., 1], -NEARLY_ONE, NEARLY_ONE)
    result = weights[..., :, None] * weights[..., None, :]
    result[..., 0, 1] *= -correlation
    result[..., 1, 0] *= -correlation
    return np.asarray(result / (1 - correlation**2)[..., None, None])
