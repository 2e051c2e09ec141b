"""Statistics of samples, as NumPy's operations: means, moments, correlation, regression, kernel densities.

Parameters as in SciPy, but for nan_policy: entries that are nan give nan, which is its default "propagate".
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import special, stats  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.errors import NoDerivativeError, located
from bibun.scipy._levels import is_traced, without


def _propagate(policy: str, name: str) -> None:
    if policy != "propagate":
        raise NoDerivativeError(
            f"{located()}{name}: nan_policy={policy!r} chooses entries by their values. Choose them before: x[~np.isnan(x)]."
        )


def _over(x: Any, axis: Any) -> tuple[Any, int]:
    """The array, flattened where axis is None."""
    x = as_array(x)
    return (np.reshape(x, -1), 0) if axis is None else (x, axis)


def zscore(a: Any, axis: Any = 0, ddof: int = 0, nan_policy: str = "propagate") -> Any:
    """(a - mean) / std"""
    return zmap(a, a, axis, ddof, nan_policy)


def zmap(scores: Any, compare: Any, axis: Any = 0, ddof: int = 0, nan_policy: str = "propagate") -> Any:
    """(scores - mean) / std, of the mean and std of `compare`."""
    if not is_traced(scores, compare):
        return stats.zmap(scores, compare, axis, ddof, nan_policy)
    _propagate(nan_policy, "zscore")
    scores, compare = as_array(scores), as_array(compare)
    mean = np.mean(compare, axis=axis, keepdims=True)
    return (scores - mean) / np.std(compare, axis=axis, ddof=ddof, keepdims=True)


def _mean(x: Any, weights: Any, axis: int) -> Any:
    return np.mean(x, axis=axis) if weights is None else np.average(x, axis=axis, weights=weights)


def gmean(a: Any, axis: Any = 0, dtype: Any = None, weights: Any = None, **settings: Any) -> Any:
    """exp(mean(log a))"""
    if not is_traced(a, weights):
        return stats.gmean(a, axis, dtype, weights, **settings)
    a, axis = _over(a, axis)
    return np.exp(_mean(np.log(a), weights, axis))


def hmean(a: Any, axis: Any = 0, dtype: Any = None, *, weights: Any = None, **settings: Any) -> Any:
    """1 / mean(1 / a)"""
    if not is_traced(a, weights):
        return stats.hmean(a, axis, dtype, weights=weights, **settings)
    a, axis = _over(a, axis)
    return 1.0 / _mean(1.0 / a, weights, axis)


def pmean(a: Any, p: Any, *, axis: Any = 0, dtype: Any = None, weights: Any = None, **settings: Any) -> Any:
    """mean(a**p)**(1 / p), the geometric mean for p = 0."""
    if not is_traced(a, p, weights):
        return stats.pmean(a, p, axis=axis, dtype=dtype, weights=weights, **settings)
    if not is_traced(p) and p == 0:
        return gmean(a, axis, dtype, weights)
    a, axis = _over(a, axis)
    return _mean(a**p, weights, axis) ** (1 / p)


def moment(
    a: Any, order: Any = 1, axis: Any = 0, nan_policy: str = "propagate", *, center: Any = None, **settings: Any
) -> Any:
    """mean((a - center)**order), the center the mean unless it is given."""
    if not is_traced(a, center):
        return stats.moment(a, order, axis, nan_policy, center=center, **settings)
    _propagate(nan_policy, "moment")
    a, axis = _over(a, axis)
    return _moment(a, order, axis, center)


def _moment(a: Any, order: int, axis: int, center: Any = None) -> Any:
    middle = np.mean(a, axis=axis, keepdims=True) if center is None else center
    return np.mean((a - middle) ** order, axis=axis)


def skew(a: Any, axis: Any = 0, bias: bool = True, nan_policy: str = "propagate", **settings: Any) -> Any:
    """m3 / m2**1.5, of the central moments; corrected for their bias unless `bias`."""
    if not is_traced(a):
        return stats.skew(a, axis, bias, nan_policy, **settings)
    _propagate(nan_policy, "skew")
    a, axis = _over(a, axis)
    n, g = a.shape[axis], _moment(a, 3, axis) / _moment(a, 2, axis) ** 1.5
    return g if bias or n < 3 else g * np.sqrt((n - 1.0) * n) / (n - 2.0)


def kurtosis(
    a: Any, axis: Any = 0, fisher: bool = True, bias: bool = True, nan_policy: str = "propagate", **settings: Any
) -> Any:
    """m4 / m2**2, less 3 where `fisher`; corrected for their bias unless `bias`."""
    if not is_traced(a):
        return stats.kurtosis(a, axis, fisher, bias, nan_policy, **settings)
    _propagate(nan_policy, "kurtosis")
    a, axis = _over(a, axis)
    n, g = a.shape[axis], _moment(a, 4, axis) / _moment(a, 2, axis) ** 2
    if not bias and n > 3:
        g = 1.0 / (n - 2) / (n - 3) * ((n**2 - 1.0) * g - 3 * (n - 1) ** 2.0) + 3.0
    return g - 3 if fisher else g


def sem(a: Any, axis: Any = 0, ddof: int = 1, nan_policy: str = "propagate", **settings: Any) -> Any:
    """std / √n"""
    if not is_traced(a):
        return stats.sem(a, axis, ddof, nan_policy, **settings)
    _propagate(nan_policy, "sem")
    a, axis = _over(a, axis)
    return np.std(a, axis=axis, ddof=ddof) / np.sqrt(a.shape[axis])


def variation(a: Any, axis: Any = 0, nan_policy: str = "propagate", ddof: int = 0, **settings: Any) -> Any:
    """std / mean"""
    if not is_traced(a):
        return stats.variation(a, axis, nan_policy, ddof, **settings)
    _propagate(nan_policy, "variation")
    a, axis = _over(a, axis)
    return np.std(a, axis=axis, ddof=ddof) / np.mean(a, axis=axis)


def trim_mean(a: Any, proportiontocut: float, axis: Any = 0, **settings: Any) -> Any:
    """The mean of what is left when so much of the smallest and of the largest is cut."""
    if not is_traced(a):
        return stats.trim_mean(a, proportiontocut, axis, **settings)
    a, axis = _over(a, axis)
    n = a.shape[axis]
    cut = int(proportiontocut * n)
    if 2 * cut >= n and cut:
        raise ValueError("Proportion too big.")
    return np.mean(np.take(np.sort(a, axis=axis), np.arange(cut, n - cut), axis=axis), axis=axis)


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
    _propagate(nan_policy, "describe")
    a, axis = _over(a, axis)
    extremes = np.min(a, axis=axis), np.max(a, axis=axis)
    mean, variance = np.mean(a, axis=axis), np.var(a, axis=axis, ddof=ddof)
    return DescribeResult(a.shape[axis], extremes, mean, variance, skew(a, axis, bias), kurtosis(a, axis, True, bias))


class Correlation(NamedTuple):
    """A statistic and the probability of one as far from 0 under independence."""

    statistic: Any
    pvalue: Any

    @property
    def correlation(self) -> Any:
        """The statistic, by its other name."""
        return self.statistic


def _correlation(x: Any, y: Any) -> Any:
    x, y = x - np.mean(x), y - np.mean(y)
    return np.sum(x * y) / np.sqrt(np.sum(x * x) * np.sum(y * y))


def _p_of_correlation(r: Any, n: int) -> Any:
    """2 P(more than |r|), (1 + r) / 2 being beta(n/2 - 1, n/2 - 1) under independence."""
    half = n / 2 - 1
    return 2 * special.betainc(half, half, (1 - np.abs(r)) / 2)


def pearsonr(x: Any, y: Any, **settings: Any) -> Any:
    """(r, pvalue) of two samples along one axis; of plain arrays SciPy's, with its further parameters."""
    if not is_traced(x, y):
        return stats.pearsonr(x, y, **settings)
    if settings or np.ndim(x) != 1:
        raise NoDerivativeError(
            f"{located()}pearsonr: with derivatives it takes two arrays of one axis, and no settings."
        )
    x, y = as_array(x), as_array(y)
    r = _correlation(x, y)
    return Correlation(r, _p_of_correlation(r, len(x)))


def spearmanr(a: Any, b: Any = None, **settings: Any) -> Any:
    """SciPy's, of plain arrays: ranks do not vary continuously."""
    if is_traced(a, b):
        raise NoDerivativeError(
            f"{located()}spearmanr has no derivative: a rank is a whole number, constant where it does not jump. Use pearsonr, "
            "or ranks that are smooth, Σ expit((x - x[i]) / width)."
        )
    return stats.spearmanr(a, b, **settings)


class LinregressResult(NamedTuple):
    """What linregress returns; intercept_stderr is an entry like the others."""

    slope: Any
    intercept: Any
    rvalue: Any
    pvalue: Any
    stderr: Any
    intercept_stderr: Any


def linregress(x: Any, y: Any, alternative: str = "two-sided", **settings: Any) -> Any:
    """The line of least squares, with the correlation and the standard errors."""
    if not is_traced(x, y):
        return stats.linregress(x, y, alternative, **settings)
    if alternative != "two-sided" or settings:
        raise NoDerivativeError(
            f"{located()}linregress: with derivatives only alternative='two-sided', without further settings."
        )
    x, y = as_array(x), as_array(y)
    n, mean = len(x), np.mean(x)
    squares, r = np.mean((x - mean) ** 2), _correlation(x, y)
    slope = np.mean((x - mean) * (y - np.mean(y))) / squares
    error = np.sqrt((1 - r**2) * np.var(y) / squares / (n - 2))
    at_zero = error * np.sqrt(squares + mean**2)
    return LinregressResult(slope, np.mean(y) - slope * mean, r, _p_of_correlation(r, n), error, at_zero)


class gaussian_kde:
    """A density of normal kernels about the points of a dataset (dimensions, points): by the points, the dataset and weights.

    bw_method: "scott", "silverman", a number, or a function of this object, as in SciPy.
    """

    def __init__(self, dataset: Any, bw_method: Any = None, weights: Any = None) -> None:
        dataset = as_array(dataset)
        self.dataset = np.reshape(dataset, (1, -1)) if dataset.ndim < 2 else dataset
        self.d, self.n = self.dataset.shape
        weights = np.ones(self.n) if weights is None else as_array(weights)
        self.weights = weights / np.sum(weights)
        self.neff = 1 / np.sum(self.weights**2)
        self.factor = self._factor(bw_method)
        mean = np.sum(self.dataset * self.weights, axis=1, keepdims=True)
        apart = self.dataset - mean
        spread = (apart * self.weights) @ apart.T / (1 - np.sum(self.weights**2))
        self.covariance = spread * self.factor**2

    def _factor(self, method: Any) -> Any:
        if method is None or method == "scott":
            return self.neff ** (-1.0 / (self.d + 4))
        if method == "silverman":
            return (self.neff * (self.d + 2.0) / 4.0) ** (-1.0 / (self.d + 4))
        return method(self) if callable(method) else method

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

    def evaluate(self, points: Any) -> Any:
        """The density at points (dimensions, number)."""
        return np.exp(self.logpdf(points))

    __call__ = pdf = evaluate
