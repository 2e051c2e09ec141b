"""Statistics of samples, as NumPy's operations: means, moments, kernel densities.

Parameters as in SciPy. Which entries nan_policy="omit" leaves out depends on their values, and has no derivative.
"""

from __future__ import annotations

from math import log, prod
from typing import Any, NamedTuple

import numpy as np
from scipy import special, stats  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.arrays.reductions import axes_of, root_of_squares
from bibun.primitives.repeated import holds
from bibun.scipy._calls import no_rule
from bibun.scipy._levels import is_traced, steering, without
from bibun.scipy._objects import Beside, plainly
from bibun.scipy.stats.distribution import floats, nan_unless


class _Sample:
    """Values along axes, and means of what is computed from them; where nan_policy is "omit", without those that are nan."""

    def __init__(self, name: str, a: Any, axis: Any, nan_policy: str = "propagate", keepdims: bool = False) -> None:
        if nan_policy not in ("propagate", "omit", "raise"):
            raise ValueError(f"{name}: nan_policy={nan_policy!r} must be one of 'propagate', 'raise', 'omit'")
        a = floats(a)
        self.axes, self.keepdims, self.missing = axes_of(axis, np.ndim(a)), keepdims, None
        if nan_policy == "raise" and holds(np.isnan(a)):
            raise ValueError("The input contains nan values")
        if nan_policy == "omit":
            self.missing = np.isnan(a)
            a = np.where(self.missing, 1.0, a)  # any number: its slope is multiplied by 0
        self.x = a

    @property
    def count(self) -> Any:
        """How many there are, as a number, or with the axes kept."""
        if self.missing is None:
            return prod(np.shape(self.x)[i] for i in self.axes)
        return np.sum(~self.missing, axis=self.axes, keepdims=True)

    def mean(self, y: Any, weights: Any = None) -> Any:
        """Of y, which is computed from the values, with the axes kept."""
        if self.missing is None and weights is None:
            return np.mean(y, axis=self.axes, keepdims=True)
        w = self._weights(weights, y)
        return np.sum(w * y, axis=self.axes, keepdims=True) / np.sum(w, axis=self.axes, keepdims=True)

    def shares(self, weights: Any = None) -> Any:
        """What mean multiplies each value by."""
        w = self._weights(weights, self.x)
        return w / np.sum(w, axis=self.axes, keepdims=True)

    def _weights(self, weights: Any, y: Any) -> Any:
        """Of each value; 0 of one that is missing."""
        w = np.broadcast_to(np.ones((), np.real(y).dtype) if weights is None else as_array(weights), np.shape(y))
        return w if self.missing is None else np.where(self.missing, 0.0, w)

    def moment(self, order: Any, center: Any = None) -> Any:
        """The mean of (x - center)**order, with the axes kept."""
        return self.mean((self.x - (self.mean(self.x) if center is None else center)) ** order)

    def variance(self, ddof: int) -> Any:
        """The second moment, of complex numbers that of their distances, corrected for `ddof`."""
        apart = self.x - self.mean(self.x)
        squares = np.real(apart) ** 2 + np.imag(apart) ** 2 if self.x.dtype.kind == "c" else apart**2
        if not ddof:
            return self.mean(squares)
        with np.errstate(divide="ignore", invalid="ignore"):  # of too few it is nan
            return self.mean(squares) * np.divide(self.count, self.count - ddof).astype(squares.dtype)

    def out(self, y: Any) -> Any:
        """A result, whose axes are kept."""
        return y if self.keepdims else np.squeeze(y, self.axes)


def zscore(a: Any, axis: Any = 0, ddof: int = 0, nan_policy: str = "propagate") -> Any:
    """(a - mean) / std"""
    return zmap(a, a, axis, ddof, nan_policy)


def zmap(scores: Any, compare: Any, axis: Any = 0, ddof: int = 0, nan_policy: str = "propagate") -> Any:
    """(scores - mean) / std, of the mean and std of `compare`."""
    if not is_traced(scores, compare):
        return stats.zmap(scores, compare, axis, ddof, nan_policy)
    s = _Sample("zmap", compare, axis, nan_policy)
    mean = s.mean(s.x)
    y = (as_array(scores) - mean) / np.sqrt(s.variance(ddof))
    return nan_unless((s.count > ddof) & (y == y), y, as_array(scores), mean)


def gmean(
    a: Any,
    axis: Any = 0,
    dtype: Any = None,
    weights: Any = None,
    *,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:
    """exp(mean(log a))"""
    if not is_traced(a, weights):
        return stats.gmean(a, axis, dtype, weights, nan_policy=nan_policy, keepdims=keepdims)
    s = _Sample("gmean", _typed(a, dtype), axis, nan_policy, keepdims)
    zero = s.x == 0
    if not holds(zero):
        return s.out(np.exp(s.mean(np.log(s.x), weights)))
    # Beside an entry that is 0 the logarithm has no slope; the mean has one as a product, and beside another 0 stays 0
    shares, several = s.shares(weights), np.sum(zero, axis=s.axes, keepdims=True) > 1
    factors = np.where(zero & (shares == 0), np.nan, s.x**shares)  # SciPy's 0 log 0
    factors = np.where(several & ~np.isnan(factors), without(factors, 0), factors)
    return s.out(np.prod(factors, axis=s.axes, keepdims=True))


def hmean(
    a: Any,
    axis: Any = 0,
    dtype: Any = None,
    *,
    weights: Any = None,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:
    """1 / mean(1 / a)"""
    if not is_traced(a, weights):
        return stats.hmean(a, axis, dtype, weights=weights, nan_policy=nan_policy, keepdims=keepdims)
    s = _Sample("hmean", _typed(a, dtype), axis, nan_policy, keepdims)
    x = _sizes(s.x)
    zero = x == 0
    if not holds(zero):
        return s.out(1.0 / s.mean(1.0 / x, weights))
    # Both sides of the fraction times the entry that is 0; beside another one the mean stays 0
    factor, share, rest, several = _apart(x, zero, s, weights, lambda x: 1.0 / x)
    share = np.where(np.any(zero, axis=s.axes, keepdims=True), share, 0.0)
    return s.out(np.where(several, 0.0, factor / (share + factor * rest)))


def pmean(
    a: Any, p: Any, *, axis: Any = 0, dtype: Any = None, weights: Any = None, nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:  # fmt: skip
    """mean(a**p)**(1 / p), the geometric mean for p = 0."""
    if not is_traced(a, p, weights):
        return stats.pmean(a, p, axis=axis, dtype=dtype, weights=weights, nan_policy=nan_policy, keepdims=keepdims)
    if holds(np.isinf(p)):
        raise NotImplementedError("Power mean only implemented for finite `p`")
    if not is_traced(p) and p == 0:
        return gmean(a, axis, dtype, weights, nan_policy=nan_policy, keepdims=keepdims)
    if holds(np.equal(p, 0)):
        raise no_rule("pmean", "at p = 0 it is a limit; write gmean where p is always 0")
    s = _Sample("pmean", _typed(a, dtype), axis, nan_policy, keepdims)
    x = _sizes(s.x)
    zero = (x == 0) & (p < 0)
    if not holds(zero):
        return s.out(s.mean(x**p, weights) ** (1 / p))
    # In an entry x₀ that is 0 it begins with s^(1/p) x₀ (1 + Σ sᵢ xᵢ^p x₀^-p / (p s)), of the shares s; of several it stays 0
    x0, share, rest, several = _apart(x, zero, s, weights, lambda x: x**p)
    begin = share ** (1 / p) * x0 + share ** (1 / p - 1) * rest * x0 ** (1 - p) / p
    regular = s.mean(np.where(zero, 1.0, x) ** p, weights) ** (1 / p)
    none = ~np.any(zero, axis=s.axes, keepdims=True)
    return s.out(np.where(none, regular, np.where(several, 0.0, begin)))


def _apart(x: Any, zero: Any, s: Any, weights: Any, term: Any) -> tuple[Any, Any, Any, Any]:
    """The entry that is 0 and its share (1 and 1 without one), the sum of the others' terms; whether there are several."""
    shares = s.shares(weights)
    total, share, rest, count = (
        np.sum(part, axis=s.axes, keepdims=True)
        for part in (
            np.where(zero, x, 0.0), zero * shares, np.where(zero, 0.0, shares * term(np.where(zero, 1.0, x))), zero
        )
    )  # fmt: skip
    return np.where(count > 0, total, 1.0), np.where(count > 0, share, 1.0), rest, count > 1


def _sizes(x: Any) -> Any:
    """x, and nan for what is negative, of which these means are not defined."""
    negative = x < 0
    return np.where(negative, np.nan, x) if holds(negative) else x


def _typed(a: Any, dtype: Any) -> Any:
    return as_array(a) if dtype is None else as_array(a).astype(dtype)


def moment(
    a: Any, order: Any = 1, axis: Any = 0, nan_policy: str = "propagate", *, center: Any = None, keepdims: bool = False
) -> Any:
    """mean((a - center)**order), the center the mean unless it is given; of several orders along a first axis."""
    if not is_traced(a, center):
        return stats.moment(a, order, axis, nan_policy, center=center, keepdims=keepdims)
    s = _Sample("moment", a, axis, nan_policy, keepdims)
    found = [s.out(s.moment(k, center)) for k in np.atleast_1d(order).tolist()]
    return np.stack(found) if np.ndim(order) else found[0]


def skew(a: Any, axis: Any = 0, bias: bool = True, nan_policy: str = "propagate", *, keepdims: bool = False) -> Any:
    """m3 / m2**1.5, of the central moments; corrected for their bias unless `bias`."""
    if not is_traced(a):
        return stats.skew(a, axis, bias, nan_policy, keepdims=keepdims)
    s = _Sample("skew", a, axis, nan_policy, keepdims)
    n, g = s.count, s.moment(3) / s.moment(2) ** 1.5
    if not bias:
        m = np.maximum(n, 3).astype(g.dtype)
        g = np.where(n < 3, g, g * np.sqrt((m - 1.0) * m) / (m - 2.0))
    return s.out(g)


def kurtosis(
    a: Any,
    axis: Any = 0,
    fisher: bool = True,
    bias: bool = True,
    nan_policy: str = "propagate",
    *,
    keepdims: bool = False,
) -> Any:
    """m4 / m2**2, less 3 where `fisher`; corrected for their bias unless `bias`."""
    if not is_traced(a):
        return stats.kurtosis(a, axis, fisher, bias, nan_policy, keepdims=keepdims)
    s = _Sample("kurtosis", a, axis, nan_policy, keepdims)
    n, g = s.count, s.moment(4) / s.moment(2) ** 2
    if not bias:
        m = np.maximum(n, 4).astype(g.dtype)
        g = np.where(n < 4, g, 1.0 / (m - 2) / (m - 3) * ((m**2 - 1.0) * g - 3 * (m - 1) ** 2.0) + 3.0)
    return s.out(g - 3 if fisher else g)


def sem(a: Any, axis: Any = 0, ddof: int = 1, nan_policy: str = "propagate", *, keepdims: bool = False) -> Any:
    """std / √n"""
    if not is_traced(a):
        return stats.sem(a, axis, ddof, nan_policy, keepdims=keepdims)
    s = _Sample("sem", a, axis, nan_policy, keepdims)
    return s.out(root_of_squares(s.variance(ddof)) / np.sqrt(s.count).astype(np.real(s.x).dtype))


def variation(a: Any, axis: Any = 0, nan_policy: str = "propagate", ddof: int = 0, *, keepdims: bool = False) -> Any:
    """std / mean"""
    if not is_traced(a):
        return stats.variation(a, axis, nan_policy, ddof, keepdims=keepdims)
    s = _Sample("variation", a, axis, nan_policy, keepdims)
    return s.out(root_of_squares(s.variance(ddof)) / s.mean(s.x))


def trim_mean(
    a: Any, proportiontocut: float, axis: Any = 0, *, nan_policy: str = "propagate", keepdims: bool = False
) -> Any:
    """The mean of what is left when so much of the smallest and of the largest is cut."""
    proportiontocut = steering("trim_mean", proportiontocut=proportiontocut)[
        "proportiontocut"
    ]  # it is rounded to a count
    if not is_traced(a):
        return stats.trim_mean(a, proportiontocut, axis, nan_policy=nan_policy, keepdims=keepdims)
    if nan_policy == "omit":
        raise no_rule(
            "trim_mean", "nan_policy='omit' cuts another number from each row; write trim_mean(x[~np.isnan(x)], ...)"
        )
    s = _Sample("trim_mean", a, axis, nan_policy, keepdims)
    n, cut = s.count, int(proportiontocut * s.count)
    if 2 * cut >= n and cut:
        raise ValueError("Proportion too big.")
    rest = [i for i in range(np.ndim(s.x)) if i not in s.axes]
    rows = np.reshape(np.transpose(s.x, (*rest, *s.axes)), (*(np.shape(s.x)[i] for i in rest), n))
    y = np.mean(np.sort(rows, axis=-1)[..., cut : n - cut], axis=-1)
    return np.expand_dims(y, s.axes) if keepdims else y


def entropy(
    pk: Any, qk: Any = None, base: float | None = None, axis: Any = 0, *, nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:  # fmt: skip
    """-Σ p log p of probabilities, or with qk their divergence Σ p log(p / q); both are first divided by their sum."""
    if not is_traced(pk, qk, base):
        return stats.entropy(pk, qk, base, axis, nan_policy=nan_policy, keepdims=keepdims)
    if nan_policy == "omit":
        raise no_rule("entropy", "nan_policy='omit' leaves probabilities out; choose them before: p[~np.isnan(p)]")
    pk, qk = (pk, None) if qk is None else np.broadcast_arrays(as_array(pk), as_array(qk))
    p, size = _summed(_Sample("entropy", pk, axis, nan_policy, keepdims))
    if qk is None:
        y = np.log(size) + np.sum(special.entr(p.x), axis=p.axes, keepdims=True) / size
    else:
        q, weight = _summed(_Sample("entropy", qk, axis, nan_policy))
        each = special.rel_entr(p.x, q.x)
        y = np.log(weight / size) + np.sum(each, axis=p.axes, keepdims=True) / size
    if base is not None:
        y = y / (np.log(base) if is_traced(base) else log(base))
    return p.out(y)


def _summed(p: _Sample) -> tuple[_Sample, Any]:
    """A sample divided by the number that is its sum, and its sum then. That is 1, to be divided by for its derivative: if the
    entries were divided by it, the infinite slope at an empty one would come to all others, times 0."""
    p.x = p.x / without(np.sum(p.x, axis=p.axes, keepdims=True), 0)
    return p, np.sum(p.x, axis=p.axes, keepdims=True)


class DescribeResult(NamedTuple):
    """What describe returns, as SciPy's of that name."""

    nobs: Any
    minmax: Any
    mean: Any
    variance: Any
    skewness: Any
    kurtosis: Any


def describe(a: Any, axis: Any = 0, ddof: int = 1, bias: bool = True, nan_policy: str = "propagate") -> Any:
    """Number, (min, max), mean, variance, skewness, kurtosis."""
    if not is_traced(a):
        return stats.describe(a, axis, ddof, bias, nan_policy)
    s = _Sample("describe", a, axis, nan_policy)
    low, high = (s.x, s.x) if s.missing is None else (np.where(s.missing, end, s.x) for end in (np.inf, -np.inf))
    extremes = np.min(low, axis=s.axes), np.max(high, axis=s.axes)
    n = s.count if s.missing is None else s.out(s.count)
    shape = skew(a, axis, bias, nan_policy), kurtosis(a, axis, True, bias, nan_policy)
    return DescribeResult(n, extremes, s.out(s.mean(s.x)), s.out(s.variance(ddof)), *shape)


class gaussian_kde(Beside, of=stats.gaussian_kde):
    """A density of normal kernels about the points of a dataset (dimensions, points): by the points, the dataset and weights.

    bw_method: "scott", "silverman", a number, or a function of this object, as in SciPy.
    """

    def __init__(self, dataset: Any, bw_method: Any = None, weights: Any = None) -> None:
        dataset = as_array(dataset)
        self.dataset = np.reshape(dataset, (1, -1)) if dataset.ndim < 2 else dataset
        self.d, self.n = self.dataset.shape
        given = np.ones(self.n) if weights is None else as_array(weights)
        self.weights = given / np.sum(given)
        self.neff = 1 / np.sum(self.weights**2)
        self.factor = self._factor(bw_method)
        mean = np.sum(self.dataset * self.weights, axis=1, keepdims=True)
        apart = self.dataset - mean
        spread = (apart * self.weights) @ apart.T / (1 - np.sum(self.weights**2))
        self.covariance = spread * self.factor**2
        if not is_traced(dataset, self.weights, self.factor):
            self._scipy = stats.gaussian_kde(dataset, self.factor if callable(bw_method) else bw_method, weights)

    def set_bandwidth(self, bw_method: Any = None) -> None:
        """Another width of the kernels; None is the one that they have."""
        if bw_method is not None:
            self._scipy = None
            self.__init__(self.dataset, bw_method, self.weights)  # type: ignore[misc]

    def _factor(self, method: Any) -> Any:
        if method is None or method == "scott":
            return self.neff ** (-1.0 / (self.d + 4))
        if method == "silverman":
            return (self.neff * (self.d + 2.0) / 4.0) ** (-1.0 / (self.d + 4))
        return method(self) if callable(method) else method

    @plainly
    def logpdf(self, x: Any) -> Any:
        """log Σ weights exp(-|x - point|² / 2) / normalisation, the squares by the inverse covariance; a number a point."""
        x = as_array(x)
        x = np.reshape(x, (self.d, -1)) if x.ndim < 2 else x
        factor = np.linalg.cholesky(self.covariance)
        points, centers = np.linalg.solve(factor, x), np.linalg.solve(factor, self.dataset)
        energy = np.sum((points[:, :, None] - centers[:, None, :]) ** 2, axis=0) / 2
        terms = np.log(self.weights) - energy
        top = without(np.max(terms, axis=-1, keepdims=True), 0)  # any number gives the same sum
        total = np.log(np.sum(np.exp(terms - top), axis=-1)) + top[..., 0]
        return total - self.d / 2 * np.log(2 * np.pi) - np.sum(np.log(np.diagonal(factor)))

    @plainly
    def evaluate(self, points: Any) -> Any:
        """The density at points (dimensions, number)."""
        return np.exp(self.logpdf(points))

    __call__ = pdf = evaluate
