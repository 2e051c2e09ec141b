"""Numbers that sum a sample up: within limits, by ranks, on the circle, of directions, and distances of two samples.

Which entries are within limits, and in what order they stand, is decided by their values: it has no derivative. Those in bins
are in histogram.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, prod, sqrt
from typing import Any

import numpy as np
from scipy import special, stats  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.arrays.reductions import root_of_squares
from bibun.primitives.repeated import holds
from bibun.scipy._calls import newer, no_rule, stands_for
from bibun.scipy._levels import steering
from bibun.scipy.stats.along import of_rows, undefined
from bibun.scipy.stats.distribution import doubles, floats, nan_unless
from bibun.scipy.stats.samples import _Sample, zscore

# ---- within limits


def _within(x: Any, limits: Any, inclusive: Any) -> _Sample:
    """What is within the limits; an end that is None is none."""
    s = _Sample("", x, -1)
    if limits is None:
        return s
    low, high = limits
    outside = np.zeros(np.shape(x), bool)
    if low is not None:
        outside = outside | (x < low if inclusive[0] else x <= low)
    if high is not None:
        outside = outside | (x > high if inclusive[1] else x >= high)
    if not holds(~outside):
        raise ValueError("No array values within given limits")
    s.missing, s.x = outside, np.where(outside, 1.0, x)
    return s


@of_rows(stats.tmean)
def tmean(a: Any, limits: Any, inclusive: Any) -> Any:
    """The mean of what is within the limits."""
    s = _within(a, limits, inclusive)
    return s.out(s.mean(s.x))


def _spread(s: _Sample, ddof: int) -> Any:
    """The variance, nan of too few; about an infinite mean infinite, where something finite is."""
    mean, y = s.mean(s.x), s.variance(ddof)
    if holds(np.isinf(mean)):
        finite = np.isfinite(s.x) if s.missing is None else np.isfinite(s.x) & ~s.missing
        y = np.where(np.isinf(mean) & np.any(finite, axis=-1, keepdims=True), np.inf, y)
    return nan_unless(s.count > ddof, y, mean)


@of_rows(stats.tvar)
def tvar(a: Any, limits: Any, inclusive: Any, ddof: int) -> Any:
    """The variance of what is within the limits."""
    s = _within(a, limits, inclusive)
    return s.out(_spread(s, ddof))


@of_rows(stats.tstd)
def tstd(a: Any, limits: Any, inclusive: Any, ddof: int) -> Any:
    """The standard deviation of what is within the limits."""
    s = _within(a, limits, inclusive)
    return s.out(root_of_squares(_spread(s, ddof)))


@of_rows(stats.tsem)
def tsem(a: Any, limits: Any, inclusive: Any, ddof: int) -> Any:
    """The standard deviation over √n, of what is within the limits."""
    s = _within(a, limits, inclusive)
    return s.out(root_of_squares(_spread(s, ddof)) / np.sqrt(s.count).astype(a.dtype))


@of_rows(stats.tmin)
def tmin(a: Any, lowerlimit: Any, inclusive: bool) -> Any:
    """The smallest that is not below the limit."""
    s = _within(a, None if lowerlimit is None else (lowerlimit, None), (inclusive, True))
    return _extreme(s, np.inf, np.min)


@of_rows(stats.tmax)
def tmax(a: Any, upperlimit: Any, inclusive: bool) -> Any:
    """The largest that is not above the limit."""
    s = _within(a, None if upperlimit is None else (None, upperlimit), (True, inclusive))
    return _extreme(s, -np.inf, np.max)


def _extreme(s: _Sample, beyond: float, of: Callable[..., Any]) -> Any:
    if s.missing is None:
        return of(s.x, axis=-1)
    y = of(np.where(s.missing, beyond, s.x), axis=-1)
    return np.where(np.all(s.missing, axis=-1), np.nan, y)


# ---- by ranks


@of_rows(stats.iqr)
def iqr(x: Any, rng: Any, scale: Any, interpolation: str) -> Any:
    """The distance of two quantiles, over `scale` ("normal": the standard deviation of normal ones)."""
    if isinstance(scale, str):
        if scale.lower() != "normal":
            raise ValueError(f"{scale} not a valid scale for `iqr`")
        scale = float(2 * sqrt(2) * special.erfinv(0.5))
    low, high = sorted(steering("iqr", rng=rng)["rng"])
    ends = np.percentile(x, np.array([low, high], x.dtype), axis=-1, method=interpolation)  # type: ignore[call-overload]
    return (ends[1] - ends[0]) / scale


@of_rows(stats.median_abs_deviation)
def median_abs_deviation(x: Any, center: Any, scale: Any) -> Any:
    """The median distance from the median, or from center(x, axis=), over `scale`."""
    if isinstance(scale, str):
        if scale.lower() != "normal":
            raise ValueError(f"{scale} is not a valid scale value.")
        scale = float(special.ndtri(0.75))
    middle = (np.median if center is None else center)(x, axis=-1)
    return np.median(np.abs(x - middle[..., None]), axis=-1) / scale


_FRACTIONS: dict[str, Any] = {"fraction": "linear", "lower": "lower", "higher": "higher"}


@stands_for(stats.scoreatpercentile)
def scoreatpercentile(
    a: Any, per: Any, limit: Any = (), interpolation_method: str = "fraction", axis: Any = None
) -> Any:
    """np.percentile of what is within the limits."""
    a = doubles(a)
    if limit:
        a, axis = a[(a >= limit[0]) & (a <= limit[1])], None
    if interpolation_method not in _FRACTIONS:
        raise ValueError("interpolation_method can only be 'fraction', 'lower' or 'higher'")
    return np.percentile(a, per, axis=axis, method=_FRACTIONS[interpolation_method])


_QUANTILES = {
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull", "linear",
    "median_unbiased", "normal_unbiased",
}  # fmt: skip


def _quantile(
    x: Any, p: Any, *, method: str = "linear", axis: Any = 0, nan_policy: str = "propagate", keepdims: Any = None,
    weights: Any = None,
) -> Any:  # fmt: skip
    """np.quantile, of one probability or of several of one axis of numbers."""
    if weights is not None or nan_policy == "omit" or (np.ndim(p) and np.ndim(x) > 1):
        raise no_rule(
            "quantile", "write np.quantile, whose probabilities come first, of values without weights and nan"
        )
    if "harrell" in method or method.startswith(("_", "round")):
        raise no_rule("quantile", f"method={method!r} is SciPy's alone; take one of np.quantile's")
    if method not in _QUANTILES:
        raise ValueError(f"`method` must be one of {_QUANTILES}, not {method!r}")
    if nan_policy == "raise" and holds(np.isnan(x)):
        raise ValueError("The input contains nan values")
    return np.quantile(floats(x), p, axis=axis, method=method, keepdims=bool(keepdims) and not np.ndim(p))  # type: ignore[call-overload]


def _lmoment(sample: Any, order: Any, sorted: bool, standardize: bool) -> Any:
    """Sums of the sorted sample with SciPy's weights; those of third order and more over the second."""
    orders = np.arange(1, 5) if order is None else np.asarray(order)
    if orders.size == 0 or orders.dtype.kind not in "iu" or np.any(orders < 1):
        raise ValueError("`order` must be a scalar or a non-empty array of positive integers.")
    if orders.ndim > 1:
        raise ValueError("`order` must be a scalar or a non-empty 1D array.")
    n, most = np.shape(sample)[-1], max(2, int(np.max(orders)))
    weights = stats.lmoment(np.eye(n), np.arange(1, most + 1), axis=-1, sorted=True, standardize=False)
    weights = weights.astype(sample.dtype)
    found = np.moveaxis((sample if sorted else np.sort(sample, axis=-1)) @ weights.T, -1, 0)
    if standardize:
        found = np.concatenate([found[:2], found[2:] / found[1]])
    return found[orders - 1]


quantile, lmoment = newer(stats, "quantile", stands_for, _quantile), newer(stats, "lmoment", of_rows, _lmoment)


@stands_for(stats.expectile)
def expectile(a: Any, alpha: Any = 0.5, *, weights: Any = None) -> Any:
    """The e with alpha Σ w (a - e) over the entries above it = (1 - alpha) Σ w (e - a) over those below."""
    if holds((as_array(alpha) < 0) | (as_array(alpha) > 1)):
        raise ValueError("The expectile level alpha must be in the range [0, 1].")
    a = np.reshape(doubles(a), -1)
    w = np.ones(np.shape(a)) if weights is None else np.reshape(np.broadcast_to(as_array(weights), np.shape(a)), -1)
    order = np.argsort(a)
    a, w = np.take_along_axis(a, order, 0), np.take_along_axis(w, order, 0)
    mass, moment = np.cumsum(w), np.cumsum(w * a)
    excess = (1 - alpha) * (mass * a - moment) - alpha * (moment[-1] - moment - (mass[-1] - mass) * a)  # of e = a
    first, last = (np.arange(np.shape(a)[0]) == i for i in (0, np.shape(a)[0] - 1))
    below = ((excess <= 0) & ~(last & (alpha == 1))) | (first & (alpha < 1))  # at 0 and 1 one has all of the weight
    shares = w * np.where(below, 1 - alpha, alpha)
    return np.sum(shares * a) / np.sum(shares)


# ---- logarithms


@of_rows(stats.gstd)
def gstd(a: Any, ddof: int) -> Any:
    """exp(std(log a))"""
    if np.shape(a)[-1] <= ddof:
        return undefined(a)
    return np.exp(np.std(np.log(a), axis=-1, ddof=ddof))


@stands_for(stats.gzscore)
def gzscore(a: Any, *, axis: Any = 0, ddof: int = 0, nan_policy: str = "propagate") -> Any:
    """(log a - mean) / std, of the logarithms."""
    return zscore(np.log(floats(a)), axis, ddof, nan_policy)


# ---- on the circle, and directions


def _on_circle(x: Any, high: Any, low: Any) -> tuple[Any, Any, Any]:
    """Means of the sine and the cosine, and how long a radian is."""
    radian = (high - low) / (2 * pi)
    return np.mean(np.sin(x / radian), axis=-1), np.mean(np.cos(x / radian), axis=-1), radian


def _resultant(x: Any, high: Any, low: Any) -> Any:
    sine, cosine, _ = _on_circle(x, high, low)
    return np.minimum(root_of_squares(sine**2 + cosine**2), 1.0)  # by rounding it may be more


@of_rows(stats.circmean)
def circmean(samples: Any, high: Any, low: Any) -> Any:
    """The angle of the mean direction, between low and high."""
    sine, cosine, radian = _on_circle(samples, high, low)
    return (np.arctan2(sine, cosine) * radian - low) % (high - low) + low


@of_rows(stats.circvar)
def circvar(samples: Any, high: Any, low: Any) -> Any:
    """1 - R, R the length of the mean of the directions."""
    return 1.0 - _resultant(samples, high, low)


@of_rows(stats.circstd)
def circstd(samples: Any, high: Any, low: Any, normalize: bool) -> Any:
    """√(-2 log R), in radians where `normalize`."""
    y = root_of_squares(-2 * np.log(_resultant(samples, high, low)))
    return y if normalize else y * ((high - low) / (2 * pi))


@dataclass(frozen=True)
class DirectionalStats:
    """What directional_stats returns, as SciPy's of that name."""

    mean_direction: Any
    mean_resultant_length: Any


@stands_for(stats.directional_stats)
def directional_stats(samples: Any, *, axis: int = 0, normalize: bool = True) -> DirectionalStats:
    """The mean of vectors, which stand along the last axis: its direction and its length."""
    x = np.moveaxis(floats(samples), axis, 0)
    if x.ndim < 2:
        raise ValueError(f"samples must at least be two-dimensional. Instead samples has shape: {np.shape(x)}")
    if normalize:
        x = x / np.linalg.norm(x, axis=-1, keepdims=True)
    mean = np.mean(x, axis=0)
    length = np.linalg.norm(mean, axis=-1, keepdims=True)
    return DirectionalStats(mean / length, length[..., 0])


# ---- unbiased estimates of cumulants


@of_rows(stats.kstat)
def kstat(data: Any, n: int) -> Any:
    """The unbiased estimate of the n-th cumulant, by the central moments."""
    if n not in (1, 2, 3, 4):
        raise ValueError("k-statistics only supported for 1<=n<=4")
    count = np.shape(data)[-1]
    if count < n:
        return undefined(data)
    mean = np.mean(data, axis=-1, keepdims=True)
    if n == 1:
        return mean[..., 0]
    of = {k: np.mean((data - mean) ** k, axis=-1) for k in (2, n)}
    if n < 4:
        return of[n] * count ** (n - 1) / prod(count - k for k in range(1, n))
    factor = count**2 / ((count - 1.0) * (count - 2.0) * (count - 3.0))
    return factor * ((count + 1) * of[4] - 3 * (count - 1) * of[2] ** 2)


@of_rows(stats.kstatvar)
def kstatvar(data: Any, n: int) -> Any:
    """The unbiased estimate of the variance of kstat."""
    if n not in (1, 2):
        raise ValueError("Only n=1 or n=2 supported.")
    count = np.shape(data)[-1]
    if count < 2 * n:
        return undefined(data)
    second = kstat(data, 2, axis=-1)
    if n == 1:
        return second / count
    return (2 * count * second**2 + (count - 1) * kstat(data, 4, axis=-1)) / (count * (count + 1))


# ---- distances of two samples


def _between(u: Any, v: Any, u_weights: Any, v_weights: Any) -> tuple[Any, Any]:
    """From one value to the next: the difference of the two shares that are not above, and how far it is."""
    u, v = doubles(u), doubles(v)
    if np.ndim(u) != 1 or np.ndim(v) != 1:
        raise ValueError(f"The values must be one-dimensional, not of shape {np.shape(u)} and {np.shape(v)}.")
    values = np.concatenate([u, v])
    order = np.argsort(values)
    n, m = np.shape(u)[0], np.shape(v)[0]
    shares = []
    for weights, count, sides in ((u_weights, n, (0, m)), (v_weights, m, (n, 0))):
        w = np.ones(count) if weights is None else doubles(weights)
        _check_weights(w, count)
        sums = np.cumsum(np.take_along_axis(np.pad(w, sides), order, 0))
        shares.append(sums[:-1] / sums[-1])
    return shares[0] - shares[1], np.diff(np.take_along_axis(values, order, 0))


def _check_weights(w: Any, count: int) -> None:
    """Raise SciPy's errors where they belong to no distribution."""
    if not count:
        raise ValueError("Distribution can't be empty.")
    if np.shape(w) != (count,):
        raise ValueError("Value and weight array-likes for the same empirical distribution must be of the same size.")
    if holds(w < 0):
        raise ValueError("All weights must be non-negative.")
    total = np.sum(w)
    if holds(~((total > 0) & (total < np.inf))):
        raise ValueError(
            "Weight array-like sum must be positive and finite. Set as None for an equal distribution of weight."
        )


@stands_for(stats.wasserstein_distance)
def wasserstein_distance(u_values: Any, v_values: Any, u_weights: Any = None, v_weights: Any = None) -> Any:
    """∫ |U - V|, of the distribution functions of the two samples."""
    apart, steps = _between(u_values, v_values, u_weights, v_weights)
    return np.sum(np.abs(apart) * steps)


@stands_for(stats.energy_distance)
def energy_distance(u_values: Any, v_values: Any, u_weights: Any = None, v_weights: Any = None) -> Any:
    """√(2 ∫ (U - V)²). Of a sample to itself, where it has a cusp, the derivative is 0: the middle of its slopes."""
    apart, steps = _between(u_values, v_values, u_weights, v_weights)
    return sqrt(2) * root_of_squares(np.sum(apart**2 * steps))
