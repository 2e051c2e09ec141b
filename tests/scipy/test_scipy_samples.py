"""Statistics of samples and tests of hypotheses: SciPy's numbers, and the slopes of these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.scipy.agreement import check_beside

plain = pytest.importorskip("scipy.stats")
from bibun.scipy import stats  # noqa: E402

_random = np.random.default_rng(0)
x, X, y = 2 * _random.normal(size=9), _random.normal(size=(4, 9)), _random.normal(size=7)
positive, p = np.exp(x / 3), _random.uniform(0.05, 0.9, size=6)
counts, expected = np.array([5.0, 7.2, 9.1, 3.3]), np.array([6.0, 6.6, 8.0, 4.0])


def both(found: Any) -> Any:
    """The statistic and its probability."""
    return np.stack([found[0], found[1]])


def scaled(e: Any, x: Any) -> Any:
    """Expected counts of the same sum."""
    return e * (np.sum(x) / np.sum(e))


CASES: dict[str, tuple[Any, ...]] = {
    "tmean": (lambda m, x: m.tmean(x, (-1.9, 2.1)), x),
    "tmean of all": (lambda m, x: m.tmean(x, axis=1, keepdims=True), X),
    "tvar": (lambda m, x: m.tvar(x, (None, 1.1), axis=1), X),
    "tstd": (lambda m, x: m.tstd(x, (-1.0, 1.1), (False, True)), x),
    "tsem": (lambda m, x: m.tsem(x, (-1.0, 1.1)), x),
    "tsem over two axes": (lambda m, x: m.tsem(x, axis=(0, 1), keepdims=True), X),
    "tmin": (lambda m, x: m.tmin(x, -0.5), x),
    "tmax": (lambda m, x: m.tmax(x, 0.6, axis=1), X),
    "iqr": (lambda m, x: m.iqr(x), x),
    "iqr scaled": (lambda m, x: m.iqr(x, axis=1, rng=(80, 10), scale="normal", interpolation="midpoint"), X),
    "median_abs_deviation": (lambda m, x: m.median_abs_deviation(x, axis=1, scale="normal"), X),
    "median_abs_deviation from the mean": (lambda m, x: m.median_abs_deviation(x, center=np.mean), x),
    "scoreatpercentile": (lambda m, x: m.scoreatpercentile(x, [30.0, 60], axis=1, interpolation_method="lower"), X),
    "quantile of several": (lambda m, x: m.quantile(x, [0.2, 0.7], method="hazen"), x),
    "quantile": (lambda m, x: m.quantile(x, 0.3, axis=1, keepdims=True), X),
    "lmoment": (lambda m, x: m.lmoment(x, axis=1), X),
    "lmoment, one": (lambda m, x: m.lmoment(x, order=3, standardize=False), x),
    "lmoment, two": (lambda m, x: m.lmoment(x, order=[1, 3], axis=1, keepdims=True), X),
    "expectile": (lambda m, x, a, w: m.expectile(x, a, weights=w), x, 0.3, positive),
    "gstd": (lambda m, x: m.gstd(x), positive),
    "gzscore": (lambda m, x: m.gzscore(x, ddof=1), positive),
    "circmean": (lambda m, x: m.circmean(x, high=3.0, low=-3.0, axis=1), X),
    "circvar": (lambda m, x: m.circvar(x), x),
    "circstd": (lambda m, x: m.circstd(x, high=3.0, low=-3.0), x),
    "circstd in radians": (lambda m, x: m.circstd(x, high=np.pi, low=-np.pi, normalize=True), x),
    "directions": (lambda m, x: m.directional_stats(x).mean_direction, X),
    "length of the mean direction": (lambda m, x: m.directional_stats(x, axis=0).mean_resultant_length, X),
    **{f"kstat {k}": (lambda m, x, k=k: m.kstat(x, k, axis=1), X) for k in (1, 2, 3, 4)},
    **{f"kstatvar {k}": (lambda m, x, k=k: m.kstatvar(x, k), x) for k in (1, 2)},
    "wasserstein_distance": (lambda m, *u: m.wasserstein_distance(*u), x, y, positive, np.exp(y)),
    "energy_distance": (lambda m, x, y, v: m.energy_distance(x, y, v), x, y, positive),
    **{
        f"binned {name}": (lambda m, v, name=name: m.binned_statistic(x, v, name, bins=3).statistic, X)
        for name in ("mean", "sum", "std", "min", "max", "median")
    },
    "binned by a function": (lambda m, v: m.binned_statistic(x, v, np.ptp, 3, (-4, 4)).statistic, x + 0.3),
    "ttest_1samp": (lambda m, x, mean: both(m.ttest_1samp(x, mean)), x, 0.3),
    "ttest_1samp to one side": (lambda m, x: both(m.ttest_1samp(x, 0.2, axis=1, alternative="less")), X),
    **{
        f"interval, {side}": (
            lambda m, x, side=side: np.stack(m.ttest_1samp(x, 0.2, 1, alternative=side).confidence_interval(0.9)), X
        )
        for side in ("two-sided", "less", "greater")
    },
    "ttest_ind": (lambda m, x, y: both(m.ttest_ind(x, y)), x, y),
    "ttest_ind, Welch": (lambda m, x, y: m.ttest_ind(x, y, equal_var=False)[0], x, y),
    "ttest_ind, degrees": (lambda m, x, y: m.ttest_ind(x, y, equal_var=False).df, x, y),
    "ttest_rel": (lambda m, x: both(m.ttest_rel(x, X, axis=1, alternative="greater", keepdims=True)), X[::-1]),
    "ttest_ind_from_stats": (lambda m, a, s: both(m.ttest_ind_from_stats(a, s, 8, 0.2, 1.1, 9)), 0.7, 1.3),
    "from_stats, Welch": (lambda m, a, s: m.ttest_ind_from_stats(a, s, 8, 0.2, 1.1, 9, False).statistic, 0.7, 1.3),
    "f_oneway": (lambda m, x, y: both(m.f_oneway(x, y, positive)), x, y),
    "f_oneway of rows": (lambda m, x: both(m.f_oneway(x, X + 0.2, axis=1)), X[::-1]),
    "f_oneway, Welch": (lambda m, x, y: m.f_oneway(x, y, positive, equal_var=False).statistic, x, y),
    "chisquare": (lambda m, x: both(m.chisquare(x, ddof=1)), counts),
    "chisquare of expected": (lambda m, x, e: both(m.chisquare(x, scaled(e, x))), counts, expected),
    **{
        f"power_divergence {k}": (lambda m, x, e, k=k: both(m.power_divergence(x, scaled(e, x), lambda_=k)), counts, expected)
        for k in (0.3, "log-likelihood", "mod-log-likelihood", "cressie-read")
    },
    "jarque_bera": (lambda m, x: both(m.jarque_bera(x, axis=1)), X),
    "skewtest": (lambda m, x: both(m.skewtest(x, axis=1)), X),
    "kurtosistest": (lambda m, x: both(m.kurtosistest(x, alternative="less")), x),
    "normaltest": (lambda m, x: both(m.normaltest(x, axis=1)), X),
    **{
        f"combine_pvalues, {how}": (lambda m, q, how=how: both(m.combine_pvalues(q, how)), p)
        for how in ("fisher", "pearson", "mudholkar_george", "tippett", "stouffer")
    },
    "combine_pvalues, weighed": (lambda m, q, w: both(m.combine_pvalues(q, "stouffer", w)), p, np.abs(x[:6])),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_beside_scipy(case: Any) -> None:
    f, *xs = case
    check_beside(f, stats, plain, *xs, rtol=1e-5)


def test_within_limits_that_leave_nothing() -> None:
    rows = np.array([[1.0, 2.0], [0.2, 0.7]])
    value, tangent = bb.jvp(lambda x: stats.tmin(x, 0.9, axis=1), (rows,), (np.ones_like(rows),))
    np.testing.assert_array_equal(value, [1.0, np.nan])
    assert tangent[0] == 1
    with pytest.raises(ValueError, match="No array values within given limits"):
        bb.grad(lambda x: stats.tmean(x, (50.0, None)))(x)
    z = bb.Variable(x)
    np.testing.assert_array_equal(stats.scoreatpercentile(z, 30, (-1, 1)).data, plain.scoreatpercentile(x, 30, (-1, 1)))


def test_what_the_tests_return() -> None:
    """A pair, with the degrees of freedom beside it."""
    for name, args in (("ttest_1samp", (x, 0.3)), ("ttest_ind", (x, y)), ("f_oneway", (x, y))):
        found, theirs = getattr(stats, name)(bb.Variable(x), *args[1:]), getattr(plain, name)(*args)
        statistic, probability = found
        assert len(found) == 2
        np.testing.assert_allclose([found[1].data, found[-1].data], [probability.data] * 2)
        np.testing.assert_allclose([statistic.data, probability.data], list(theirs), rtol=1e-12)
        assert name == "f_oneway" or found.df == theirs.df
    few = stats.kurtosistest(bb.Variable(x[:4])), stats.skewtest(bb.Variable(x[:7]))
    assert all(np.isnan(part.data) for found in few for part in found)


REFUSED: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "degrees": (lambda x: stats.ttest_ind(x, y, equal_var=False).pvalue, bb.NoDerivativeError, "degrees of freedom"),
    "trim": (lambda x: stats.ttest_ind(x, y, trim=0.1).statistic, bb.NoDerivativeError, "leave them away"),
    "bins": (lambda x: stats.binned_statistic(x, x, bins=3).statistic, bb.NoDerivativeError, "by the values only"),
    "omit": (lambda x: stats.iqr(x * np.array(8 * [1] + [np.nan]), nan_policy="omit"), bb.NoDerivativeError, "x[~np.isnan"),
    "nan": (lambda x: stats.iqr(x * np.array(8 * [1] + [np.nan]), nan_policy="raise"), ValueError, "contains nan"),
    "policy": (lambda x: stats.iqr(x, nan_policy="none"), ValueError, "nan_policy must be"),
    "weights": (lambda x: stats.quantile(x, 0.3, weights=positive), bb.NoDerivativeError, "np.quantile"),
    "method": (lambda x: stats.quantile(x, 0.3, method="harrell-davis"), bb.NoDerivativeError, "SciPy's alone"),
    "sums": (lambda x: stats.chisquare(positive, x**2).statistic, ValueError, "the sum of the observed"),
    "alternative": (lambda x: stats.skewtest(x, alternative="other").statistic, ValueError, "`alternative` must be"),
    "combination": (lambda x: stats.combine_pvalues(x, "other").statistic, ValueError, "Invalid method"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_refused(case: Any) -> None:
    f, error, message = case
    with pytest.raises(error, match=message.replace("[", r"\[")):
        bb.jvp(f, (x,), (np.ones_like(x),))


def test_arrays_that_are_filled() -> None:
    """Of bibun.numpy: they hold what is traced."""
    import bibun.numpy as bnp

    def filled(m: Any, p: Any) -> Any:
        a = bnp.zeros(4)
        a[0], a[1:] = p, np.array([1.0, 2.0, 4.5])
        return m.tvar(a) + m.f_oneway(a, np.array([0.3, 0.7]))[0]

    truth = (filled(plain, 0.4 + 1e-5) - filled(plain, 0.4 - 1e-5)) / 2e-5
    np.testing.assert_allclose(bb.grad(lambda p: filled(stats, p))(0.4), truth, rtol=1e-7)
