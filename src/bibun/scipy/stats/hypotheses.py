"""Tests of hypotheses: their statistics, and the probabilities of values as far out where the hypothesis holds.

A probability by degrees of freedom that the data decide (unequal variances) has no derivative; the statistic has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import log, pi, sqrt
from typing import Any, ClassVar

import numpy as np
from scipy import special, stats  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.errors import NoDerivativeError
from bibun.primitives.repeated import holds
from bibun.scipy._calls import has_traced, no_rule, stands_for
from bibun.scipy.stats.along import of_rows, rows, undefined
from bibun.scipy.stats.correlations import ConfidenceInterval
from bibun.scipy.stats.distribution import floats, nan_unless
from bibun.scipy.stats.samples import kurtosis, skew


@dataclass(init=False, repr=False, eq=False)  # so that transforms take it for a container of its fields
class TestResult:
    """(statistic, pvalue), the latter computed when it is asked for: where it has no derivative the statistic has one."""

    __test__ = False  # no test of pytest's

    statistic: Any
    pvalue: Any

    def __init__(self, statistic: Any, probability: Callable[[], Any], **more: Any) -> None:
        self.statistic, self._probability = statistic, probability
        vars(self).update(more)

    def __getattr__(self, name: str) -> Any:
        """The probability of a statistic at least as far out, under the hypothesis, in the dtype of that."""
        if name != "pvalue":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self.pvalue = as_array(self._probability()).astype(np.result_type(self.statistic), copy=False)[()]
        return self.pvalue

    def __repr__(self) -> str:
        try:
            shown = self._asdict()
        except NoDerivativeError:
            shown = {"statistic": self.statistic}
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in shown.items())})"

    def _asdict(self) -> dict[str, Any]:
        """By their names, as of SciPy's results."""
        return {"statistic": self.statistic, "pvalue": self.pvalue}

    def __iter__(self) -> Iterator[Any]:
        yield self.statistic
        yield self.pvalue

    def __getitem__(self, index: Any) -> Any:
        return self.statistic if index in (0, -2) else tuple(self)[index]

    def __len__(self) -> int:
        return 2


@dataclass(init=False, repr=False, eq=False)
class TtestResult(TestResult):
    """What the tests of means return: df, and confidence_interval(), too."""

    df: Any
    estimate: Any
    error: Any
    alternative: ClassVar[str]  # no array: what a transform returns has none

    def _asdict(self) -> dict[str, Any]:
        return super()._asdict() | {"df": self.df}

    def confidence_interval(self, confidence_level: Any = 0.95) -> ConfidenceInterval:
        """Of the mean, or of the difference of means: estimate ± error times a quantile of t."""
        if "alternative" not in vars(self):
            raise AttributeError(
                "confidence_interval: a transform returned this result, with its numbers alone. Take the interval inside the "
                "function that is transformed."
            )
        share = 0.5 + confidence_level / 2 if self.alternative == "two-sided" else confidence_level
        reach = special.stdtrit(self.df, share) * self.error
        endless = np.where(self.error > 0, np.inf, np.nan)
        low = -endless if self.alternative == "less" else self.estimate - reach
        high = endless if self.alternative == "greater" else self.estimate + reach
        return ConfidenceInterval(low, high)


def _probability(below: Callable[[Any], Any], z: Any, alternative: str) -> Callable[[], Any]:
    """Of a statistic that is symmetric about 0: `below` is its distribution function."""
    sides = {"two-sided": lambda: 2 * below(-np.abs(z)), "less": lambda: below(z), "greater": lambda: below(-z)}
    if alternative not in sides:
        raise ValueError("`alternative` must be 'less', 'greater', or 'two-sided'.")
    return sides[alternative]


# ---- means


def _t_test(estimate: Any, error: Any, df: Any, alternative: str) -> TtestResult:
    t = estimate / error
    df = np.broadcast_to(as_array(df).astype(t.dtype), np.shape(t))[()]
    p = _probability(lambda z: special.stdtr(df, z), t, alternative)
    return TtestResult(t, p, df=df, alternative=alternative, estimate=estimate, error=error)


@of_rows(stats.ttest_1samp, "a", "popmean")
def ttest_1samp(a: Any, popmean: Any, alternative: str) -> TtestResult:
    """(mean - popmean) / (std / √n)"""
    if np.shape(popmean)[-1] != 1:
        raise ValueError("`popmean.shape[axis]` must equal 1.")
    n = np.shape(a)[-1]
    mean, error = np.mean(a, axis=-1), np.std(a, axis=-1, ddof=1) / sqrt(n)
    found = _t_test(mean - popmean[..., 0], error, n - 1.0, alternative)
    found.estimate = mean
    return found


@of_rows(stats.ttest_rel, "a", "b")
def ttest_rel(a: Any, b: Any, alternative: str) -> TtestResult:
    """The test that a - b has the mean 0."""
    return ttest_1samp(a - b, 0.0, axis=-1, alternative=alternative)  # type: ignore[no-any-return]


def _of_two(first: tuple[Any, Any, Any], second: tuple[Any, Any, Any], equal: bool, alternative: str) -> TtestResult:
    """By (mean, variance, number) of each; with variances that are not `equal` by Welch's degrees of freedom."""
    (m1, v1, n1), (m2, v2, n2) = first, second
    if equal:
        df: Any = n1 + n2 - 2.0
        shared = (v1 * (n1 - 1) + v2 * (n2 - 1)) / df
        return _t_test(m1 - m2, np.sqrt(shared * (1 / n1 + 1 / n2)), df, alternative)
    v1, v2 = v1 / n1, v2 / n2
    df = (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))
    return _t_test(m1 - m2, np.sqrt(v1 + v2), df, alternative)


@of_rows(stats.ttest_ind, "a", "b")
def ttest_ind(a: Any, b: Any, equal_var: bool, alternative: str, trim: Any = 0, method: Any = None) -> TtestResult:
    """The difference of the means over its standard error."""
    if trim or method is not None:
        raise no_rule("ttest_ind", "trim= and method= cut or draw entries; leave them away")
    return _of_two(_moments(a, equal_var), _moments(b, equal_var), equal_var, alternative)


def _moments(x: Any, equal_var: bool) -> tuple[Any, Any, int]:
    """Mean, variance and number; one observation has no variance, but adds none to a shared one."""
    n = np.shape(x)[-1]
    alone = 0.0 * x[..., 0] if equal_var else undefined(x)
    return np.mean(x, axis=-1), np.var(x, axis=-1, ddof=1) if n > 1 else alone, n


@stands_for(stats.ttest_ind_from_stats)
def ttest_ind_from_stats(
    mean1: Any, std1: Any, nobs1: Any, mean2: Any, std2: Any, nobs2: Any, equal_var: bool = True,
    alternative: str = "two-sided",
) -> TtestResult:  # fmt: skip
    """The same by means and standard deviations."""
    first, second = (floats(mean1), floats(std1) ** 2, nobs1), (floats(mean2), floats(std2) ** 2, nobs2)
    return _of_two(first, second, equal_var, alternative)


def f_oneway(
    *samples: Any, axis: Any = 0, equal_var: bool = True, nan_policy: str = "propagate", keepdims: bool = False
) -> Any:
    """The variance between groups over that within them; Welch's where the variances are not equal."""
    if not has_traced(samples, {}):
        return stats.f_oneway(*samples, axis=axis, equal_var=equal_var, nan_policy=nan_policy, keepdims=keepdims)
    xs = rows("f_oneway", samples, axis, nan_policy, keepdims)
    k, counts = len(xs), [np.shape(x)[-1] for x in xs]
    if k < 2:
        raise TypeError(f"at least two inputs are required; got {k}.")
    means = [np.mean(x, axis=-1) for x in xs]
    if equal_var:
        total, within = (
            sum(counts),
            sum(np.sum((x - m[..., None]) ** 2, axis=-1) for x, m in zip(xs, means, strict=True)),
        )
        mean = sum(n * m for n, m in zip(counts, means, strict=True)) / total
        between = sum(n * (m - mean) ** 2 for n, m in zip(counts, means, strict=True))
        found, dfd = between / (k - 1) / (within / (total - k)), total - k
    else:
        w = [n / np.var(x, axis=-1, ddof=1) for n, x in zip(counts, xs, strict=True)]
        mean = sum(v * m for v, m in zip(w, means, strict=True)) / sum(w)
        spread = sum((1 - v / sum(w)) ** 2 / (n - 1) for v, n in zip(w, counts, strict=True))
        between = sum(v * (m - mean) ** 2 for v, m in zip(w, means, strict=True)) / (k - 1)
        found, dfd = between / (1 + 2 * (k - 2) / (k**2 - 1) * spread), (k**2 - 1) / (3 * spread)
    return TestResult(found, lambda: special.fdtrc(k - 1, dfd, found))


# ---- counts

_POWERS = {
    "pearson": 1, "log-likelihood": 0, "freeman-tukey": -0.5, "mod-log-likelihood": -1, "neyman": -2, "cressie-read": 2 / 3,
}  # fmt: skip


def _divergence(f_obs: Any, f_exp: Any, ddof: Any, power: Any, sum_check: bool) -> TestResult:
    if isinstance(power, str) and power not in _POWERS:
        raise ValueError(f"invalid string for lambda_: {power!r}. Valid strings are {sorted(_POWERS)}")
    power = 1 if power is None else _POWERS[power] if isinstance(power, str) else power
    if f_exp is None:
        f_exp = np.mean(f_obs, axis=-1, keepdims=True)
    elif sum_check:
        seen, expected = np.sum(f_obs, axis=-1), np.sum(f_exp, axis=-1)
        if holds(np.abs(seen - expected) > 1.5e-8 * np.minimum(seen, expected)):
            raise ValueError(
                "For each axis slice, the sum of the observed frequencies must agree with the sum of the expected frequencies"
            )
    if power == 1:
        terms = (f_obs - f_exp) ** 2 / f_exp
    elif power == 0:
        terms = 2.0 * special.xlogy(f_obs, f_obs / f_exp)
    elif power == -1:
        terms = 2.0 * special.xlogy(f_exp, f_exp / f_obs)
    else:
        terms = f_obs * ((f_obs / f_exp) ** power - 1) * (2 / (power * (power + 1)))
    found = np.sum(terms, axis=-1)
    df = np.shape(terms)[-1] - 1 - as_array(ddof)
    return TestResult(found, lambda: nan_unless(df > 0, special.chdtrc(df, found), np.sum(f_obs, axis=-1)))


@of_rows(stats.chisquare, "f_obs", "f_exp", empty=True)
def chisquare(f_obs: Any, f_exp: Any = None, ddof: Any = 0, sum_check: bool = True) -> TestResult:
    """Σ (observed - expected)² / expected; without f_exp their mean is expected."""
    return _divergence(f_obs, f_exp, ddof, 1, sum_check)


@of_rows(stats.power_divergence, "f_obs", "f_exp", empty=True)
def power_divergence(f_obs: Any, f_exp: Any = None, ddof: Any = 0, lambda_: Any = None) -> TestResult:
    """2 / (λ (λ + 1)) Σ observed ((observed / expected)**λ - 1), and the limits at λ = 0 and -1."""
    return _divergence(f_obs, f_exp, ddof, lambda_, True)


# ---- normality


def _exponential(z: Any) -> TestResult:
    """Whose statistic is chi-squared of two degrees."""
    return TestResult(z, lambda: np.exp(-z / 2))


def _normal(z: Any, alternative: str) -> TestResult:
    """Whose statistic is about normal."""
    return TestResult(z, _probability(special.ndtr, z, alternative))


@of_rows(stats.jarque_bera)
def jarque_bera(x: Any) -> TestResult:
    """n / 6 (skewness² + kurtosis² / 4)"""
    return _exponential(np.shape(x)[-1] / 6 * (skew(x, -1) ** 2 + kurtosis(x, -1) ** 2 / 4))


@of_rows(stats.skewtest)
def skewtest(a: Any, alternative: str) -> TestResult:
    """The skewness, transformed to be about normal (D'Agostino 1970)."""
    n = float(np.shape(a)[-1])
    if n < 8:
        return _normal(undefined(a), alternative)
    y = skew(a, -1) * sqrt((n + 1) * (n + 3) / (6 * (n - 2)))
    spread = 3 * (n**2 + 27 * n - 70) * (n + 1) * (n + 3) / ((n - 2) * (n + 5) * (n + 7) * (n + 9))
    w = sqrt(2 * (spread - 1)) - 1
    y = np.where(y == 0, 1.0, y)  # as SciPy has it
    z = np.arcsinh(y / sqrt(2 / (w - 1))) / sqrt(log(w) / 2)
    return _normal(z, alternative)


@of_rows(stats.kurtosistest)
def kurtosistest(a: Any, alternative: str) -> TestResult:
    """The kurtosis, transformed to be about normal (Anscombe, Glynn 1983)."""
    n = float(np.shape(a)[-1])
    if n < 5:
        return _normal(undefined(a), alternative)
    variance = 24 * n * (n - 2) * (n - 3) / ((n + 1) ** 2 * (n + 3) * (n + 5))
    x = (kurtosis(a, -1, False) - 3 * (n - 1) / (n + 1)) / sqrt(variance)
    lean = 6 * (n * n - 5 * n + 2) / ((n + 7) * (n + 9)) * sqrt(6 * (n + 3) * (n + 5) / (n * (n - 2) * (n - 3)))
    A = 6 + 8 / lean * (2 / lean + sqrt(1 + 4 / lean**2))
    z = (1 - 2 / (9 * A) - np.cbrt((1 - 2 / A) / (1 + x * sqrt(2 / (A - 4))))) / sqrt(2 / (9 * A))
    return _normal(z, alternative)


@of_rows(stats.normaltest)
def normaltest(a: Any) -> TestResult:
    """The sum of the squares of skewtest's and kurtosistest's."""
    return _exponential(skewtest(a, axis=-1).statistic ** 2 + kurtosistest(a, axis=-1).statistic ** 2)


# ---- probabilities of several tests


@of_rows(stats.combine_pvalues, "pvalues", "weights")
def combine_pvalues(pvalues: Any, method: str, weights: Any = None) -> TestResult:
    """One probability of many."""
    p, n = pvalues, np.shape(pvalues)[-1]
    if method == "fisher":
        z = -2 * np.sum(np.log(p), axis=-1)
        return TestResult(z, lambda: special.chdtrc(2 * n, z))
    if method == "pearson":
        z = 2 * np.sum(np.log1p(-p), axis=-1)
        return TestResult(z, lambda: special.chdtr(2 * n, -z))
    if method == "mudholkar_george":
        z = -np.sum(special.logit(p), axis=-1)
        df = 5 * n + 4
        return TestResult(z, lambda: special.stdtr(df, -z * sqrt(3 / n) / pi * sqrt(df / (df - 2))))
    if method == "tippett":
        z = np.min(p, axis=-1)
        return TestResult(z, lambda: -np.expm1(n * np.log1p(-z)))
    if method != "stouffer":
        raise ValueError(f"Invalid method {method!r}.")
    z = -special.ndtri(p)
    if weights is None:
        z = np.sum(z, axis=-1) / sqrt(n)
    else:
        w = np.broadcast_to(weights, np.broadcast_shapes(np.shape(weights), np.shape(z)))
        z = np.sum(w * z, axis=-1) / np.sqrt(np.sum(w**2, axis=-1))
    return TestResult(z, lambda: special.ndtr(-z))
