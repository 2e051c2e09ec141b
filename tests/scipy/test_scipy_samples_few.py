"""Statistics of samples that are too small, that do not belong together, or of one value: what SciPy has of them, or raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.scipy.agreement import check_beside, slopes

plain = pytest.importorskip("scipy.stats")
from bibun.scipy import stats  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of SciPy's own
x = np.array([0.1, 0.3, 1.0, 2.0, 3.0])
X = np.random.default_rng(3).uniform(1, 2, size=(3, 4))
P = np.random.default_rng(1).uniform(0.1, 0.9, size=(3, 2))
W = np.arange(1.0, 7).reshape(3, 2)


def both(found: Any) -> Any:
    """The statistic and its probability."""
    return np.stack([found[0], found[1]])


BESIDE: dict[str, tuple[Any, ...]] = {
    **{
        f"stouffer along {axis}": (lambda m, p, axis=axis: both(m.combine_pvalues(p, "stouffer", W, axis=axis)), P)
        for axis in (0, 1, None)
    },
    "stouffer, a weight for each": (lambda m, p: both(m.combine_pvalues(p, "stouffer", [1.0, 2], axis=0)), P),
    "stouffer, weights of a row": (lambda m, p: both(m.combine_pvalues(p, "stouffer", [1.0, 2], axis=1)), P),
    "stouffer by weights": (lambda m, w: both(m.combine_pvalues(P, "stouffer", w)), W),
    "chisquare, broadcast": (
        lambda m, x: both(m.chisquare(x, x[0] * np.sum(x, 1, keepdims=True) / np.sum(x[0]), axis=1)),
        X,
    ),
    "ttest_ind, broadcast": (lambda m, x: both(m.ttest_ind(x, np.arange(5.0), axis=1)), X),
    "ttest_rel, broadcast": (lambda m, x: both(m.ttest_rel(x, np.arange(4.0) ** 2, axis=1)), X),
    "ttest_1samp, means": (lambda m, x: both(m.ttest_1samp(x, np.arange(4.0), axis=0)), X),
    "f_oneway, broadcast": (lambda m, x: both(m.f_oneway(x, np.arange(4.0) ** 2, axis=1)), X),
    "binned by rows": (lambda m, v: m.binned_statistic([0.1, 0.2, 0.6, 0.7], v, np.mean, 2).statistic, X),
    "binned, one empty": (lambda m, v: m.binned_statistic([0.1, 0.2, 0.6, 0.7], v, np.sum, 3).statistic, X),
    "a mean of a number": (lambda m, x: m.tmean(x, axis=0, keepdims=True), 2.0),
}


@pytest.mark.parametrize("name", BESIDE)
def test_beside_scipy(name: str) -> None:
    f, *xs = BESIDE[name]
    check_beside(f, stats, plain, *xs)


UNDEFINED: dict[str, tuple[Callable[[Any, Any], Any], Any]] = {
    **{
        f"{name} {limits} {ddof}": (lambda m, x, n=name, d=ddof, lim=limits: getattr(m, n)(x, lim, ddof=d), x)
        for name in ("tvar", "tstd", "tsem")
        for limits, ddof in (((None, 0.5), 2), ((None, 0.2), 2), (None, 5), (None, 6))
    },
    "gstd": (lambda m, x: m.gstd(x, ddof=5), x),
    "gzscore": (lambda m, x: m.gzscore(x, ddof=5), x),
    "gzscore of one": (lambda m, x: m.gzscore(x), x[:1]),
    "zscore": (lambda m, x: m.zscore(x, ddof=5), x),
    "kstat": (lambda m, x: m.kstat(x, 2), x[:1]),
    "kstat 4": (lambda m, x: m.kstat(x, 4), x[:3]),
    "kstatvar": (lambda m, x: m.kstatvar(x, 2), x[:3]),
    "chisquare": (lambda m, x: m.chisquare(x)[1], x[:1]),
    "power_divergence": (lambda m, x: m.power_divergence(x)[1], x[:1]),
    "Welch's": (lambda m, x: m.ttest_ind(x, [1.0, 2.0], equal_var=False)[0], x[:1]),
    **{f"skewtest of {n}": (lambda m, x: both(m.skewtest(x)), x[:n]) for n in (1, 2, 5)},
    **{f"normaltest of {n}": (lambda m, x: both(m.normaltest(x)), x[:n]) for n in (1, 2, 5)},
}


@pytest.mark.parametrize("name", UNDEFINED)
def test_of_too_few_it_is_nan_with_its_slopes(name: str) -> None:
    f, at = UNDEFINED[name]
    assert not np.any(np.isfinite(f(plain, at)))  # of kstat a number over 0: infinite, or nan
    y, tangent = bb.jvp(lambda x: f(stats, x), (at,), (np.ones_like(at),))
    assert np.all(np.isnan(y))
    assert np.all(np.isnan(tangent))
    found = bb.grad(lambda x: np.sum(f(stats, x)))(at)
    assert np.any(np.isnan(found))  # of those within the limits


@pytest.mark.parametrize("name", ["tmin", "tmax", "iqr", "tmean", "tstd", "gstd", "kstat", "circmean", "lmoment"])
def test_of_nothing_it_is_nan(name: str) -> None:
    for shape in ((0,), (2, 0)):
        f = lambda m, x: getattr(m, name)(x, axis=-1)  # noqa: E731
        y, _ = bb.jvp(lambda x: f(stats, x), (np.zeros(shape),), (np.zeros(shape),))
        np.testing.assert_array_equal(y, f(plain, np.zeros(shape)))
    for equal in (True, False):
        found, _ = bb.jvp(lambda x: both(stats.ttest_ind(x, x + 1, equal_var=equal)), (x[:0],), (x[:0],))
        assert np.isnan(found).all()


def test_one_sided_intervals_of_one_value() -> None:
    for side in ("less", "greater"):
        f = lambda m, x, side=side: m.ttest_1samp(x, 0.2, alternative=side).confidence_interval()  # noqa: E731
        assert np.isnan(f(plain, x[:1])).all()
        assert np.isnan(bb.jvp(lambda x: tuple(f(stats, x)), (x[:1],), (x[:1],))[0]).all()


def test_beside_an_infinite_entry() -> None:
    for name in ("tvar", "tstd", "tsem"):
        f = lambda m, x, name=name: getattr(m, name)(x)  # noqa: E731
        at = np.array([1.0, np.inf, 2.0])
        assert bb.jvp(lambda x: f(stats, x), (at,), (at,))[0] == f(plain, at) == np.inf


def test_the_ends_of_an_expectile() -> None:
    for level, end in ((0.0, 0), (1.0, 4)):
        y, slope = bb.value_and_grad(lambda x, level=level: stats.expectile(x, level))(x)
        assert y == plain.expectile(x, level) == x[end]
        np.testing.assert_array_equal(slope, np.eye(5)[end])


def test_the_distance_of_a_sample_to_itself() -> None:
    f = lambda u: stats.energy_distance(u, x)  # noqa: E731
    for found in (bb.grad(f)(x), bb.jacfwd(f)(x)):
        np.testing.assert_array_equal(found, np.zeros(5))


u = np.array([1.0, 2, 4])
WRONG: dict[str, tuple[Callable[[Any, Any], Any], Any]] = {
    **{
        f"{name}, {what}": (lambda m, x, n=name, v=v, w=w, b=b: getattr(m, n)(x, v, w, b), at)
        for name in ("wasserstein_distance", "energy_distance")
        for what, (at, v, w, b) in {
            "too few weights": (u, u + 1, [1.0, 2], None),
            "negative weights": (u, u + 1, None, [-1.0, 2, 3]),
            "no weight": (u, u + 1, [0.0, 0, 0], None),
            "infinite weight": (u, u + 1, [np.inf, 1, 1], None),
            "empty": (u[:0], u, None, None),
            "a matrix": (u[None], u, None, None),
        }.items()
    },
    **{f"order {k}": (lambda m, x, k=k: m.lmoment(x, order=k), x) for k in (0, 1.5, [], [[1, 2]], [1, 0], -1)},
    **{
        f"quantile {k}": (lambda m, x, k=k: m.quantile(x, 0.3, method=k), x)
        for k in ("lower", "higher", "nearest", "midpoint", "none")
    },
    "ttest_ind, no broadcasting": (lambda m, x: m.ttest_ind(x, np.arange(5.0), axis=0), X),
    "ttest_1samp, several means": (lambda m, x: m.ttest_1samp(x, np.arange(4.0), axis=1), X),
    "binned, too few values": (lambda m, v: m.binned_statistic(np.arange(4.0), v, np.mean, 2), X[:, :3]),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_scipy_refuses(name: str) -> None:
    f, at = WRONG[name]
    needed = "lmoment" if name.startswith("order") else "quantile"
    if not hasattr(plain, needed):
        pytest.skip("of a newer SciPy")
    with pytest.raises((ValueError, AttributeError)) as theirs:
        f(plain, at)
    with pytest.raises(theirs.type):
        bb.jvp(lambda x: f(stats, x), (at,), (np.ones_like(at),))


def test_nan_is_refused_within_vmap() -> None:
    f = lambda x: stats.gzscore(x, nan_policy="raise")  # noqa: E731
    np.testing.assert_allclose(bb.vmap(f)(np.stack([x, 2 * x])), np.stack([plain.gzscore(x)] * 2))
    with pytest.raises(ValueError, match="nan"):
        bb.vmap(f)(np.stack([x, x * np.nan]))


DTYPES: dict[str, Callable[[Any, Any], Any]] = {
    **{n: lambda m, x, n=n: getattr(m, n)(x, (0.2, 2.5)) for n in ("tmean", "tvar", "tstd", "tsem")},
    "median_abs_deviation": lambda m, x: m.median_abs_deviation(x, scale="normal"),
    "iqr": lambda m, x: m.iqr(x, scale="normal"),
    **{
        f"combine_pvalues by {k}": lambda m, x, k=k: m.combine_pvalues(x / 4, k)[1]
        for k in ("fisher", "stouffer", "pearson", "tippett", "mudholkar_george")
    },
    "binned_statistic": lambda m, x: m.binned_statistic(np.arange(5.0), x, "mean", 2).statistic,
    "wasserstein_distance": lambda m, x: m.wasserstein_distance(x, x + x),
    "energy_distance": lambda m, x: m.energy_distance(x, x + x),
    "expectile": lambda m, x: m.expectile(x),
    "mean of rv_histogram": lambda m, x: m.rv_histogram((x, np.arange(6, dtype="f"))).mean(),
    "std of rv_histogram": lambda m, x: m.rv_histogram((x, np.arange(6, dtype="f"))).std(),
}


@pytest.mark.parametrize("name", DTYPES)
def test_the_dtype_is_scipys(name: str) -> None:
    f, single = DTYPES[name], x.astype(np.float32)
    y, _ = bb.jvp(lambda x: f(stats, x), (single,), (np.ones_like(single),))
    expected = f(plain, single)
    assert np.result_type(y) == np.result_type(expected)
    np.testing.assert_allclose(y, expected, rtol=1e-5)


def test_results_go_through_transforms() -> None:
    f = lambda x: stats.ttest_1samp(x, 0.3)  # noqa: E731
    value, tangent = bb.jvp(f, (x,), (x,))
    known = plain.ttest_1samp(x, 0.3)
    np.testing.assert_allclose([value.statistic, value.pvalue, value.df], [*known, known.df])
    truth = slopes(lambda s: np.array(plain.ttest_1samp(x * s, 0.3)), np.array(1.0))
    np.testing.assert_allclose([tangent.statistic, tangent.pvalue], truth, rtol=1e-6)
    assert list(value._asdict()) == ["statistic", "pvalue", "df"]
    assert repr(value).startswith("TtestResult(statistic=")
    with pytest.raises(AttributeError, match="inside the function"):
        value.confidence_interval()
    shown: list[str] = []
    bb.jvp(lambda x: (shown.append(repr(stats.ttest_ind(x, x**2, equal_var=False))), x)[1], (x,), (x,))
    assert "statistic=" in shown[0]
    assert "pvalue" not in shown[0]  # which has no derivative
    mapped = bb.vmap(stats.jarque_bera)(np.stack([x, x**2]))
    np.testing.assert_allclose(mapped.pvalue, [plain.jarque_bera(x)[1], plain.jarque_bera(x**2)[1]])
    directions = bb.vmap(stats.directional_stats)(np.stack([X, X**2]))
    np.testing.assert_allclose(directions.mean_direction[1], plain.directional_stats(X**2).mean_direction)
    assert not isinstance(directions, tuple)
