"""Correlation of two samples and the line of least squares through them, with their probabilities under independence."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import special, stats  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.arrays.reductions import root_of_squares
from bibun.errors import NoDerivativeError, located
from bibun.scipy._calls import no_rule
from bibun.scipy._levels import is_traced


class ConfidenceInterval(NamedTuple):
    """Its ends."""

    low: Any
    high: Any


class _Correlation(NamedTuple):
    statistic: Any
    pvalue: Any


class Correlation(_Correlation):
    """A statistic and the probability of one as far from 0 under independence; and what its interval needs."""

    number: int
    alternative: str

    @property
    def correlation(self) -> Any:
        """The statistic, by its other name."""
        return self.statistic

    def confidence_interval(self, confidence_level: Any = 0.95, method: Any = None) -> ConfidenceInterval:
        """By Fisher's transformation: arctanh(r) is about normal, with the variance 1 / (n - 3)."""
        if method is not None:
            raise no_rule("pearsonr(...).confidence_interval", "method= draws samples; leave it away")
        r, n = self.statistic, self.number
        if n <= 3:
            return ConfidenceInterval(np.full_like(r, -1.0), np.full_like(r, 1.0))
        share = 0.5 + confidence_level / 2 if self.alternative == "two-sided" else confidence_level
        reach = special.ndtri(share) / np.sqrt(n - 3)
        low, high = np.tanh(np.arctanh(r) - reach), np.tanh(np.arctanh(r) + reach)
        if self.alternative == "less":
            low = np.full_like(r, -1.0)
        elif self.alternative == "greater":
            high = np.full_like(r, 1.0)
        return ConfidenceInterval(low, high)


def _correlation(x: Any, y: Any) -> Any:
    """Along the last axis."""
    x, y = x - np.mean(x, axis=-1, keepdims=True), y - np.mean(y, axis=-1, keepdims=True)
    return np.sum(x * y, axis=-1) / np.sqrt(np.sum(x * x, axis=-1) * np.sum(y * y, axis=-1))


def _p_of_correlation(r: Any, n: int, alternative: str) -> Any:
    """2 P(more than |r|), P(less than r) or P(more), (1 + r) / 2 being beta(n/2 - 1, n/2 - 1) under independence."""
    half = n / 2 - 1
    if alternative == "two-sided":
        return 2 * special.betainc(half, half, (1 - np.abs(r)) / 2)
    if alternative not in ("less", "greater"):
        raise ValueError("`alternative` must be 'less', 'greater', or 'two-sided'.")
    return special.betainc(half, half, (1 + r if alternative == "less" else 1 - r) / 2)


def pearsonr(x: Any, y: Any, *, alternative: str = "two-sided", method: Any = None, axis: Any = 0) -> Any:
    """(r, pvalue) of two samples along an axis, and .confidence_interval()."""
    if not is_traced(x, y):
        return stats.pearsonr(x, y, alternative=alternative, method=method, axis=axis)
    if method is not None:
        raise no_rule("pearsonr", "method= draws samples, whose number below a statistic jumps; leave it away")
    x, y = as_array(x), as_array(y)
    if axis is None:
        x, y, axis = np.reshape(x, -1), np.reshape(y, -1), 0
    x, y = np.moveaxis(x, axis, -1), np.moveaxis(y, axis, -1)
    n = x.shape[-1]
    if n != y.shape[-1] or n < 2:
        raise ValueError("`x` and `y` must have the same length along `axis`, and that must be at least 2.")
    r = _correlation(x, y)
    # two points are on a line: SciPy's r is 1 or -1 then, and its p 1
    found = Correlation(r, 1.0 + 0.0 * r if n == 2 else _p_of_correlation(r, n, alternative))
    found.number, found.alternative = n, alternative
    return found


def spearmanr(a: Any, b: Any = None, **settings: Any) -> Any:
    """SciPy's, of plain arrays: ranks do not vary continuously."""
    if is_traced(a, b):
        raise NoDerivativeError(
            f"{located()}spearmanr has no derivative: a rank is a whole number, constant where it does not jump. Use pearsonr, "
            "or ranks that are smooth, Σ expit((x - x[i]) / width)."
        )
    return stats.spearmanr(a, b, **settings)


class _Line(NamedTuple):
    slope: Any
    intercept: Any
    rvalue: Any
    pvalue: Any
    stderr: Any


class LinregressResult(_Line):
    """What linregress returns: five entries; and intercept_stderr, which is none of them, as in SciPy's."""

    intercept_stderr: Any


def linregress(x: Any, y: Any, alternative: str = "two-sided", **settings: Any) -> Any:
    """The line of least squares, with the correlation and the standard errors."""
    if not is_traced(x, y):
        return stats.linregress(x, y, alternative, **settings)
    x, y = (as_array(v).astype(np.result_type(as_array(v), np.float64)) for v in (x, y))
    if settings or x.ndim != 1:
        raise NoDerivativeError(
            f"{located()}linregress: with derivatives it takes two arrays of one axis and alternative=, no further settings. For "
            "more axes take bibun.vmap."
        )
    n, mean = len(x), np.mean(x)
    squares, r = np.mean((x - mean) ** 2), _correlation(x, y)
    slope = np.mean((x - mean) * (y - np.mean(y))) / squares
    error = root_of_squares((1 - r**2) * np.var(y) / squares / (n - 2))
    at_zero = error * np.sqrt(squares + mean**2)
    found = LinregressResult(slope, np.mean(y) - slope * mean, r, _p_of_correlation(r, n, alternative), error)
    found.intercept_stderr = at_zero
    return found
