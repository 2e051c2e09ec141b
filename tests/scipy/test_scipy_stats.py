"""Distributions and statistics: SciPy's numbers, the slopes of these, and closed forms by mpmath."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import bibun as bb
from bibun.arrays.registry import found
from bibun.scipy import stats
from bibun.scipy.stats.continuous import Continuous
from tests.scipy.agreement import check_beside, slopes

scipy_stats, special = pytest.importorskip("scipy.stats"), pytest.importorskip("scipy.special")

CONTINUOUS, DISCRETE, RARER = stats.CONTINUOUS, stats.DISCRETE, set(stats.RARER) - {"anglit", "bradford"}
SHAPES = {
    "t": (3.3,), "chi2": (2.7,), "f": (3.2, 6.5), "gamma": (1.7,), "beta": (1.6, 2.4), "lognorm": (0.7,),
    "truncnorm": (-0.5, 1.7), "vonmises": (1.3,), "genextreme": (0.3,), "genpareto": (0.3,), "skewnorm": (1.4,),
    "exponnorm": (1.2,), "triang": (0.3,), "johnsonsu": (-0.4, 1.3), "johnsonsb": (0.6, 1.3), "erlang": (2,),
    "skewcauchy": (0.3,), "wrapcauchy": (0.3,), "truncpareto": (1.7, 3.2), "truncweibull_min": (1.7, 0.2, 1.9),
    "genexpon": (1.7, 2.3, 0.8), "ncf": (3.2, 6.5, 0.8), "nct": (3.3, 0.6), "ncx2": (2.7, 1.4), "kappa4": (0.3, 0.2),
    "norminvgauss": (1.7, 0.4), "pearson3": (0.7,), "tukeylambda": (0.3,), "genhalflogistic": (0.3,), "rdist": (2.7,),
}  # fmt: skip
LOC, SCALE = 0.3, 1.7
Q = np.array([0.04, 0.21, 0.47, 0.66, 0.93])
BY_POINT = ("pdf", "logpdf", "cdf", "sf", "logcdf", "logsf")
BY_PARAMETERS = ("mean", "var", "std", "entropy")


# Of a method, by which of its arguments there is no closed form (1 is the first shape, or 0 where there is no point)
_OF_CDF = ("cdf", "sf", "logcdf", "logsf", "ppf", "isf")
REFUSED: dict[tuple[str, str], tuple[int, ...]] = {
    **{
        (name, which): (1,)
        for name in ("gamma", "chi2", "chi", "invgamma", "loggamma", "t", "gennorm", "erlang", "nakagami", "gengamma")
        for which in _OF_CDF
    },
    **{(name, which): (1, 2) for name in ("beta", "betaprime", "f") for which in _OF_CDF},
    **{
        (name, which): (1,)
        for name in ("vonmises", "vonmises_line", "dgamma", "halfgennorm", "rdist", "pearson3", "rel_breitwigner")
        for which in _OF_CDF
    },
    **{(name, which): (1, 2) for name in ("jf_skew_t", "norminvgauss", "geninvgauss") for which in _OF_CDF},
    **{(name, which): (1,) for name in ("ncx2", "nct") for which in (*_OF_CDF, "pdf", "logpdf")},
    **{("ncf", which): (1, 2) for which in (*_OF_CDF, "pdf", "logpdf")},
    **{("geninvgauss", which): (1,) for which in ("pdf", "logpdf")},  # the order of a Bessel function
}


def refused(name: str, which: str) -> tuple[int, ...]:
    """Of a method, by which arguments there is no rule."""
    if which not in BY_PARAMETERS:
        return REFUSED.get((name, which), ())
    form = CONTINUOUS[name].moments["var" if which == "std" else which]
    return tuple(range(len(shapes_of(name)))) if form is None else ()


def shapes_of(name: str) -> tuple[float, ...]:
    family = CONTINUOUS[name]
    return SHAPES.get(name, (1.7, 2.3)[: len(family.shapes)])


def arguments(name: str, which: str) -> list[Any]:
    """The point or probabilities first, where the method has them."""
    parameters = [*shapes_of(name), LOC, SCALE]
    if which in BY_PARAMETERS:
        return parameters
    points = Q if which in ("ppf", "isf") else CONTINUOUS[name].plain.ppf(Q, *parameters)
    return [points, *parameters]


def integrated(name: str, which: str) -> bool:
    """Whether SciPy integrates for a moment. By the shapes it has no rule, and by loc and scale all families share theirs."""
    return which in BY_PARAMETERS and (name in RARER or (name == "vonmises" and which in ("var", "std")))


def digits(name: str) -> float:
    """To which SciPy's values are right: Kolmogorov's density breaks its series off, by mpmath to 7e-9 at 0.85."""
    return 2e-8 if name == "kstwobign" else 1e-11


@pytest.mark.filterwarnings("ignore:The shape parameter of the erlang")  # next to a whole number
@pytest.mark.parametrize("which", [*BY_POINT, "ppf", "isf", *BY_PARAMETERS])
@pytest.mark.parametrize("name", CONTINUOUS)
def test_a_family(name: str, which: str) -> None:
    if integrated(name, which):
        pytest.skip("SciPy integrates for it, slowly")
    if name == "skewnorm" and which in _OF_CDF and found(special.owens_t) is None:
        pytest.skip("a row of scipy.special that this build has not")
    args = arguments(name, which)
    for k in range(len(args)):

        def at(family: Any, k: int = k) -> Any:
            return lambda v: getattr(family, which)(*args[:k], v, *args[k + 1 :])

        x = np.asarray(args[k], float)
        if k in refused(name, which):
            with pytest.raises(bb.NoDerivativeError):
                bb.jvp(at(CONTINUOUS[name]), (x,), (np.ones_like(x),))
            continue
        y, tangent = bb.jvp(at(CONTINUOUS[name]), (x,), (np.ones_like(x),))
        _, pullback = bb.vjp(lambda v, at=at: np.sum(at(CONTINUOUS[name])(v)), x)
        np.testing.assert_allclose(y, at(CONTINUOUS[name].plain)(x), rtol=digits(name), atol=1e-12)
        truth = slopes(at(CONTINUOUS[name].plain), x)
        if which in BY_PARAMETERS and not np.isfinite(y):
            continue
        along = np.sum(truth, axis=-1) if x.ndim else truth
        np.testing.assert_allclose(tangent, along, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(np.sum(pullback(np.ones(()))[0]), np.sum(tangent), rtol=1e-9, atol=1e-9)


@pytest.mark.filterwarnings("ignore:The shape parameter of the erlang")
@pytest.mark.parametrize("name", CONTINUOUS)
def test_densities_to_second_order_and_in_batches(name: str) -> None:
    check_beside(
        lambda m, x, *p: getattr(m, name).logpdf(x, *p), stats, scipy_stats, *arguments(name, "logpdf"), rtol=1e-4,
        value=digits(name), skip=refused(name, "logpdf"),
    )  # fmt: skip


def test_quantiles_to_second_order() -> None:
    for name in ("invgauss", "truncnorm", "betaprime", "norm", "gumbel_r"):
        args = arguments(name, "ppf")

        def quantile(m: Any, q: Any, scale: Any, name: str = name, args: Any = args) -> Any:
            return getattr(m, name).ppf(q, *args[1:-1], scale)

        check_beside(quantile, stats, scipy_stats, Q, SCALE, rtol=1e-4, value=1e-10)


@pytest.mark.parametrize(("name", "outside"), [("expon", -1.0), ("beta", 2.0), ("uniform", -0.1), ("pareto", 0.5)])
def test_outside_the_support(name: str, outside: float) -> None:
    family, shapes = CONTINUOUS[name], shapes_of(name)
    for which in ("pdf", "cdf", "sf", "logpdf"):
        y, tangent = bb.jvp(lambda x: getattr(family, which)(x, *shapes), (outside,), (1.0,))
        assert y == getattr(family.plain, which)(outside, *shapes)
        assert tangent == 0


EDGES: dict[str, list[tuple[float, ...]]] = {  # shapes: usual ones, at the ends of what they may be, and beyond
    "triang": [(0.3,), (0.0,), (1.0,), (1.2,), (-0.1,)], "loguniform": [(0.5, 3.0), (3.0, 0.5), (-1.0, 2.0)],
    "reciprocal": [(0.5, 3.0)], "rice": [(1.2,), (0.0,), (-1.0,), (30.0,)], "nakagami": [(0.4,), (3.0,), (-1.0,)],
    "johnsonsu": [(-0.4, 1.3), (2.0, -1.0)], "johnsonsb": [(0.6, 1.3), (-2.0, 0.4), (1.0, -1.0)],
    "gengamma": [(1.7, 2.3), (1.7, -2.3), (0.5, 2.0), (0.4, 1.0), (1.0, 0.0), (-1.0, 2.0)], "moyal": [()], "wald": [()],
    "exponweib": [(1.7, 2.3), (0.5, 1.0), (1.0, 1.0), (-1.0, 2.0)], "foldnorm": [(1.3,), (0.0,), (-0.5,), (40.0,)],
    "burr": [(1.7, 2.3), (0.5, 1.0), (2.0, 0.5), (10.0, 4.0), (1.0, -1.0)], "erlang": [(1,), (3,), (-1,)],
    "truncnorm": [(-0.5, 1.7), (1.0, 0.5)],
    "alpha": [(1.7,), (-1.0,)], "anglit": [()], "argus": [(1.7,), (0.1,)], "bradford": [(1.7,)], "cosine": [()],
    "crystalball": [(1.7, 2.3), (0.4, 1.2), (1.0, 0.9)], "dgamma": [(1.7,), (1.0,)], "exponpow": [(1.7,), (0.7,), (1.0,)],
    "fatiguelife": [(1.7,)], "foldcauchy": [(1.7,), (0.0,), (-1.0,)], "genexpon": [(1.7, 2.3, 0.8)],
    "genhalflogistic": [(0.3,), (1.0,)], "genlogistic": [(1.7,), (0.3,)], "gibrat": [()], "halfgennorm": [(1.7,), (0.5,)],
    "invweibull": [(1.7,)], "kappa3": [(1.7,), (0.4,)], "laplace_asymmetric": [(1.7,), (0.4,)], "levy_l": [()],
    "kappa4": [(0.3, 0.2), (-0.3, 0.2), (0.3, -0.2), (-0.3, -0.2), (0.0, 0.2), (0.3, 0.0), (0.0, 0.0)],
    "mielke": [(1.7, 2.3)], "ncx2": [(2.7, 1.4), (2.0, 0.0)], "nct": [(3.3, 0.6), (3.3, -2.0)], "ncf": [(3.2, 6.5, 0.8)],
    "pearson3": [(0.7,), (-0.7,), (0.0,), (3.0,)], "powerlognorm": [(1.7, 2.3)], "powernorm": [(1.7,)],
    "recipinvgauss": [(1.7,)], "skewcauchy": [(0.3,), (-0.5,), (1.2,)], "truncpareto": [(1.7, 3.2), (-0.5, 3.2), (1.0, 0.5)],
    "truncweibull_min": [(1.7, 0.2, 1.9), (1.7, 0.0, 1.9)], "tukeylambda": [(0.3,), (-0.4,), (0.0,)],
    "wrapcauchy": [(0.3,), (1.2,)], "kstwobign": [()], "rdist": [(2.7,), (2.0,)], "jf_skew_t": [(1.7, 2.3)],
    "rel_breitwigner": [(1.7,)], "vonmises_line": [(1.3,), (0.0,)],
}  # fmt: skip
PLACES = np.array(
    [-np.inf, -3.0, -0.5, 0.0, 1e-9, 0.01, 0.3, 0.5, 0.77, 1.0 - 1e-9, 1.0, 1.3, 3.0, 12.0, 200.0, np.inf, np.nan]
)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of SciPy's, at the ends
@pytest.mark.parametrize("name", EDGES)
def test_over_the_support_at_its_ends_and_beyond(name: str) -> None:
    family, plain = CONTINUOUS[name], CONTINUOUS[name].plain
    for shapes in EDGES[name]:
        for which in BY_POINT:
            y, tangent = bb.jvp(lambda x: getattr(family, which)(x, *shapes), (PLACES,), (np.ones(len(PLACES)),))
            expected = getattr(plain, which)(PLACES, *shapes)
            gone = (
                np.isinf(expected) & which.startswith("log") & (np.exp(y) < 1e-14)
            )  # SciPy's logarithm of 0; ours is finite
            gone |= np.isnan(expected) & np.isinf(PLACES)  # inf - inf
            np.testing.assert_allclose(
                np.where(gone, 0, y), np.where(gone, 0, expected), rtol=1e-6, atol=1e-14, err_msg=f"{which} {shapes}"
            )
            assert np.all(tangent[np.isin(expected, [0.0, -np.inf]) & (PLACES < 0) & ~gone] == 0)
        q = np.array([-0.1, 0.0, 1e-8, 0.2, 0.5, 0.9, 1.0, 1.1])
        if family.forms["ppf"] is None:  # by an equation, which has a solution
            q = q[(q > 0) & (q < 1) & np.isfinite(plain.ppf(0.5, *shapes))]
        for which in ("ppf", "isf"):
            y, _ = bb.jvp(lambda q: getattr(family, which)(q, *shapes), (q,), (np.ones(len(q)),))
            np.testing.assert_allclose(y, getattr(plain, which)(q, *shapes), rtol=1e-8, err_msg=f"{which} {shapes}")


def test_parameters_that_are_none_give_nan() -> None:
    for family in (stats.norm, stats.expon):
        y, _ = bb.jvp(lambda s: family.pdf(1.0, 0.0, s), (-1.0,), (1.0,))
        assert np.isnan(y)
    assert np.isnan(bb.jvp(lambda a: stats.gamma.logpdf(1.0, a), (-1.0,), (1.0,))[0])


def test_tails_keep_their_digits() -> None:
    mpmath = pytest.importorskip("mpmath")
    for x in (-30.0, 5.0, 12.0):
        truth = mpmath.diff(lambda z: mpmath.log(mpmath.ncdf(z)), x) if x < 0 else None
        if truth is not None:
            np.testing.assert_allclose(bb.grad(stats.norm.logcdf)(x), float(truth), rtol=1e-9)
    mpmath.mp.dps = 40
    mass = lambda a, b: mpmath.log(mpmath.ncdf(-a) - mpmath.ncdf(-b))  # noqa: E731
    truth = float(mpmath.diff(lambda a: -mass(a, mpmath.mpf(12)), 10))
    slope = bb.grad(lambda a: stats.truncnorm.logpdf(11.0, a, 12.0))(10.0)
    np.testing.assert_allclose(slope, truth, rtol=1e-9)
    mpmath.mp.dps = 15


def test_shapes_where_the_formula_has_a_removable_singularity() -> None:
    for name in ("genextreme", "genpareto"):
        family = CONTINUOUS[name]
        slope = bb.grad(lambda c: family.logpdf(1.3, c))(0.0)
        near = [family.plain.logpdf(1.3, c) for c in (-1e-3, 1e-3)]
        np.testing.assert_allclose(slope, (near[1] - near[0]) / 2e-3, rtol=1e-5)


def test_shapes_without_a_closed_form_say_so() -> None:
    for call in (
        lambda a: stats.gamma.cdf(1.0, a),
        lambda k: stats.vonmises.cdf(1.0, k),
        lambda a: stats.beta.ppf(0.3, a, 2.0),
    ):
        with pytest.raises(bb.NoDerivativeError, match="no closed form"):
            bb.grad(call)(1.5)


def test_frozen_distributions() -> None:
    def density(mu: Any, s: Any) -> Any:
        return stats.norm(mu, scale=s).logpdf(1.0) + stats.gamma(2.0, scale=s).mean()

    # -log s - (1 - mu)² / 2s² + 2 s + constant
    np.testing.assert_allclose(bb.grad(density, argnums=(0, 1))(0.3, 1.5), [0.7 / 2.25, -1 / 1.5 + 0.49 / 1.5**3 + 2])
    assert stats.norm(0.0, 2.0).cdf(1.0) == scipy_stats.norm(0.0, 2.0).cdf(1.0)
    for make in (lambda m: m.norm(0.0, 2.0), lambda m: m.multivariate_normal(MEAN, COV)):
        np.testing.assert_array_equal(make(stats).rvs(3, random_state=1), make(scipy_stats).rvs(3, random_state=1))


def test_plain_numbers_go_to_scipy() -> None:
    assert isinstance(stats.norm, Continuous)
    assert stats.norm.rvs(size=3, random_state=1).shape == (3,)
    assert stats.norm.pdf(0.3) == scipy_stats.norm.pdf(0.3)
    assert stats.mannwhitneyu is scipy_stats.mannwhitneyu


# Counts

PARAMETERS = {
    "poisson": (2.3,), "binom": (6, 0.3), "bernoulli": (0.3,), "nbinom": (3.5, 0.4), "geom": (0.3,), "betabinom": (6, 1.2, 2.3),
    "planck": (0.6,), "logser": (0.4,), "betanbinom": (5, 2.3, 3.1), "boltzmann": (0.7, 6), "dlaplace": (0.8,),
    "hypergeom": (20, 7, 12), "skellam": (3.2, 1.4), "yulesimon": (3.5,), "zipfian": (1.3, 7),
}  # fmt: skip
WHOLE = {
    "binom": (0,),
    "betabinom": (0,),
    "betanbinom": (0,),
    "boltzmann": (1,),
    "hypergeom": (0, 1, 2),
    "zipfian": (1,),
}
COUNTS, SUMS = np.arange(-1, 9), ("cdf", "sf")


@pytest.mark.parametrize("which", ["logpmf", "pmf", "cdf", "sf", "mean", "var", "std"])
@pytest.mark.parametrize("name", DISCRETE)
def test_counts(name: str, which: str) -> None:
    parameters = PARAMETERS[name]
    skip = WHOLE.get(name, (0,) if name == "nbinom" and which in ("cdf", "sf") else ())
    first = () if which in ("mean", "var", "std") else (COUNTS,)
    if (which in SUMS and DISCRETE[name].forms["cdf"] is None) or (which in ("var", "std") and name == "betanbinom"):
        if name != "hypergeom":
            with pytest.raises(bb.NoDerivativeError, match="add up"):
                bb.jvp(lambda p: getattr(DISCRETE[name], which)(*first, *parameters[:-1], p), (parameters[-1],), (1.0,))
        return

    def at(m: Any, *p: Any) -> Any:
        whole = [int(v) if k in skip and name != "nbinom" else v for k, v in enumerate(p)]
        y = getattr(getattr(m, name), which)(*first, *whole)
        return np.where(np.isfinite(y), y, 0.0)

    check_beside(at, stats, scipy_stats, *parameters, rtol=1e-6, skip=skip)


@pytest.mark.parametrize("which", ["logpmf", "pmf", "cdf", "sf"])
@pytest.mark.parametrize("name", DISCRETE)
def test_many_counts_at_once(name: str, which: str) -> None:
    """Of the counts alone there is no derivative to know."""
    found = bb.vmap(lambda k: getattr(DISCRETE[name], which)(k, *PARAMETERS[name]))(COUNTS)
    np.testing.assert_allclose(
        found, getattr(getattr(scipy_stats, name), which)(COUNTS, *PARAMETERS[name]), rtol=1e-10, atol=1e-14
    )


METHODS = {
    "median": lambda m, mu, s: m.norm(mu, s).median() + m.gumbel_r.median(loc=mu, scale=s),
    "interval": lambda m, mu, s: (
        np.stack(m.norm(mu, s).interval(0.9)) * np.stack(m.logistic.interval(0.5 + mu, scale=s))
    ),
    "stats": lambda m, mu, s: (
        np.stack(m.gamma(2.5, mu, s).stats("mvsk")) + np.stack(m.norm.stats(mu, s, moments="vmks"))
    ),
    "one of them": lambda m, mu, s: m.beta.stats(1 + mu, s, moments="v"),
    "moments": lambda m, mu, s: m.gamma(2.5, mu, s).moment(3) + m.expon.moment(4, mu, s) + m.beta.moment(2, 1 + mu, s),
    "by keyword": lambda m, mu, s: m.norm(mu, s).ppf(q=0.3) + m.norm.cdf(x=0.3, loc=mu, scale=s),
}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())
def test_methods_of_the_parameters(method: Any) -> None:
    check_beside(method, stats, scipy_stats, 0.3, 1.7, rtol=1e-5)


def test_counts_have_medians_and_moments() -> None:
    np.testing.assert_allclose(
        bb.grad(lambda mu: stats.poisson(mu).median() + stats.poisson.moment(2, mu))(2.3), 2 * 2.3 + 1
    )
    assert bb.jvp(lambda p: stats.binom.interval(0.9, 10, p), (0.3,), (1.0,)) == ((1.0, 5.0), (0.0, 0.0))


LEFT = {
    "fit": (lambda x: stats.norm.fit(x + np.zeros(3)), r"optimize\.minimize of -np\.sum\(logpdf\)"),
    "expect": (lambda x: stats.norm(x).expect(np.sin), r"integrate\.quad"),
    "fit of vectors": (lambda x: stats.multivariate_normal.fit(x + np.eye(3)), r"optimize\.minimize"),
    "logcdf": (lambda x: stats.multivariate_normal.logcdf(x + np.zeros(3)), r"methods that there are"),
    "entropy": (lambda x: stats.poisson(x).entropy(), r"-pmf \* logpmf"),
    "moment": (lambda x: stats.gamma(x).moment(3), r"differentiate by loc and scale only"),
    "stats": (lambda x: stats.gamma(x).stats("s"), r"write the integral"),
}


@pytest.mark.parametrize("case", LEFT.values(), ids=LEFT.keys())
def test_what_has_no_formula_says_what_to_write(case: Any) -> None:
    f, message = case
    with pytest.raises(bb.NoDerivativeError, match=message):
        bb.jvp(f, (1.3,), (1.0,))


def test_the_number_of_trials_is_no_variable() -> None:
    for f in (lambda n: stats.hypergeom.logpmf(2, 20.0, n, 9), lambda n: stats.zipfian.pmf(2, 1.3, n)):
        with pytest.raises(bb.NoDerivativeError, match="whole"):
            bb.grad(f)(6.0)
    with pytest.raises(bb.NoDerivativeError, match="whole"):
        bb.grad(lambda n: stats.binom.logpmf(2, n, 0.3))(6.0)


# Vectors and matrices

M = np.random.default_rng(1).standard_normal((3, 3))
COV = M @ M.T + np.eye(3)
POINTS = np.random.default_rng(2).standard_normal((4, 3))
MEAN = np.array([0.3, -0.2, 0.5])


def symmetric(a: Any) -> Any:
    return (a + np.swapaxes(a, -1, -2)) / 2


def test_normal_and_student_vectors() -> None:
    beside = lambda f, *xs: check_beside(f, stats, scipy_stats, *xs, rtol=1e-5)  # noqa: E731
    beside(lambda m, x, mu, c: m.multivariate_normal.logpdf(x, mu, symmetric(c)), POINTS, MEAN, COV)
    beside(lambda m, x, mu: m.multivariate_normal(mu, COV).pdf(x), POINTS, MEAN)
    beside(lambda m, c: m.multivariate_normal.entropy(MEAN, symmetric(c)), COV)
    beside(lambda m, x: m.multivariate_normal.logpdf(x, 0.3, 2.0), POINTS[:, 0])
    beside(lambda m, x, mu, c: m.multivariate_t.logpdf(x, mu, symmetric(c), 4.5), POINTS, MEAN, COV)
    df = bb.grad(lambda df: np.sum(stats.multivariate_t.logpdf(POINTS, MEAN, COV, df)))(4.5)
    plain = [np.sum(scipy_stats.multivariate_t.logpdf(POINTS, MEAN, COV, d)) for d in (4.4999, 4.5001)]
    np.testing.assert_allclose(df, (plain[1] - plain[0]) / 2e-4, rtol=1e-6)
    with pytest.raises(bb.NoDerivativeError, match="quasi-random"):
        bb.grad(lambda mu: stats.multivariate_normal.cdf(POINTS[0], mu, COV))(MEAN)


@pytest.mark.parametrize("df", [2.5, 40.0, 1e3, 1e9])
@pytest.mark.parametrize("name", ["multivariate_t", "wishart", "invwishart"])
def test_entropies_of_vectors_and_matrices(name: str, df: float) -> None:
    """By the matrix (p + 1 or 1 halves of its inverse), frozen and not, and by the degrees of freedom against mpmath."""
    first = (MEAN,) if name == "multivariate_t" else ()
    order = (lambda c, df: (*first, c, df)) if first else (lambda c, df: (df, c))
    for frozen in (False, True):

        def f(c: Any, df: Any, module: Any = stats, frozen: bool = frozen) -> Any:
            family, given = getattr(module, name), order(c, df)
            return family(*given).entropy() if frozen else family.entropy(*given)

        value, slopes = bb.value_and_grad(f, (0, 1))(COV, df)
        np.testing.assert_allclose(
            value, f(COV, df, scipy_stats), rtol=1e-12, atol=3e-14 * df
        )  # the terms are df log df
        np.testing.assert_allclose(slopes[0], np.linalg.inv(COV) / 2 * (1 if first else len(COV) + 1), rtol=1e-12)
        with mpmath.workdps(40):
            truth = mpmath.diff(lambda n: entropy_of_the_unit_matrix(name, n, len(COV)), df)
        np.testing.assert_allclose(slopes[1], float(truth), rtol=1e-7)
    both = bb.vmap(lambda df: f(COV, df))(np.array([df, 3.0]))
    np.testing.assert_allclose(both, [f(COV, df, scipy_stats), f(COV, 3.0, scipy_stats)], atol=3e-14 * df)


def entropy_of_the_unit_matrix(name: str, df: Any, p: int) -> Any:
    """But for what does not hang on df."""
    gamma = lambda a: sum(mpmath.loggamma(a - mpmath.mpf(j) / 2) for j in range(p))  # noqa: E731
    psi = lambda a: sum(mpmath.digamma(a - mpmath.mpf(j) / 2) for j in range(p))  # noqa: E731
    if name == "multivariate_t":
        h, half = (df + p) / 2, df / 2
        gammas = mpmath.loggamma(half) - mpmath.loggamma(h) + h * (mpmath.digamma(h) - mpmath.digamma(half))
        return gammas + mpmath.log(df) * p / 2
    sign = 1 if name == "invwishart" else -1
    return gamma(df / 2) - (df + sign * (p + 1)) / 2 * psi(df / 2) + df * p / 2


def test_what_a_family_of_vectors_has_no_derivative_of_is_named() -> None:
    """Frozen and not."""
    for f in (
        lambda c: stats.multivariate_t(MEAN, c, 4.0).cdf(POINTS),
        lambda c: stats.wishart(4.0, c).mode(),
        lambda c: stats.multinomial(5, np.diagonal(c)).entropy(),
    ):
        with pytest.raises(
            bb.NoDerivativeError, match=r"(multivariate_t\.cdf|wishart\.mode|multinomial\.entropy) has no"
        ):
            bb.grad(f)(COV)


@pytest.mark.parametrize("shape", [(3,), (1, 3), (2, 1, 3), (1, 1, 3)])
def test_axes_of_one_point_go(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(7).standard_normal(shape)
    for density in (
        lambda m, x: m.multivariate_normal.logpdf(x, MEAN, COV), lambda m, x: m.multivariate_t(MEAN, COV, 3).pdf(x),
        lambda m, x: m.dirichlet.logpdf(np.full((3, 1), 1 / 3), 1 + x.ravel()[:3] ** 2),
        lambda m, x: m.wishart.logpdf(COV[:, :, None] * (1 + x.ravel()[0] ** 2), 5, COV),
        lambda m, x: m.invwishart.logpdf(COV[:, :, None] * (1 + x.ravel()[0] ** 2), 5, COV),
    ):  # fmt: skip
        y = bb.jvp(lambda x, density=density: density(stats, x), (x,), (x,))[0]
        assert np.shape(y) == np.shape(density(scipy_stats, x))
        np.testing.assert_allclose(y, density(scipy_stats, x), rtol=1e-12)


def test_too_few_for_a_variance() -> None:
    for name in ("sem", "variation"):
        y, slope = bb.jvp(lambda x, name=name: getattr(stats, name)(x, ddof=1), (np.ones(1),), (np.ones(1),))
        assert np.isnan(y)
        assert np.isnan(slope)


def test_shares_and_counts_of_many_kinds() -> None:
    alpha = np.array([1.2, 2.3, 3.1])
    shares = np.random.default_rng(3).dirichlet(alpha, 5).T
    beside = lambda f, *xs: check_beside(f, stats, scipy_stats, *xs, rtol=1e-5)  # noqa: E731
    beside(lambda m, x, a: m.dirichlet.logpdf(x, a), shares[:-1], alpha)
    for which in ("mean", "var", "entropy"):
        beside(lambda m, a, which=which: getattr(m.dirichlet, which)(a), alpha)
    counts = [[1, 2, 3], [2, 2, 2]]
    beside(lambda m, p: m.multinomial.logpmf(counts, 6, p / np.sum(p)), np.array([0.2, 0.3, 0.5]))


@pytest.mark.parametrize("n", [2, 3, 4])
def test_directions(n: int) -> None:
    towards = lambda v: v / np.sqrt(np.sum(v**2, axis=-1, keepdims=True))  # noqa: E731
    v, mu = np.random.default_rng(n).standard_normal((2, 5, n))
    beside = lambda f, *xs: check_beside(f, stats, scipy_stats, *xs, rtol=1e-5)  # noqa: E731
    beside(lambda m, v, mu: m.vonmises_fisher.logpdf(towards(v), towards(mu), 2.3), v, mu[0])
    k = 0.7 + 0.5 * n
    slope = bb.grad(lambda k: np.sum(stats.vonmises_fisher(towards(mu[0]), k).pdf(towards(v))))(k)
    plain = lambda k: np.sum(scipy_stats.vonmises_fisher(towards(mu[0]), k).pdf(towards(v)))  # noqa: E731
    np.testing.assert_allclose(slope, (plain(k + 1e-4) - plain(k - 1e-4)) / 2e-4, rtol=1e-6)
    y, slope = bb.value_and_grad(lambda k: stats.vonmises_fisher.entropy(towards(mu[0]), k))(k)
    plain = lambda k: scipy_stats.vonmises_fisher.entropy(towards(mu[0]), k)  # noqa: E731
    np.testing.assert_allclose([y, slope], [plain(k), (plain(k + 1e-4) - plain(k - 1e-4)) / 2e-4], rtol=1e-6)
    for wrong, message in (
        ((v, mu[0], 1.0), "'x' must be of norm 1"),
        ((towards(v), towards(mu[0]), -1.0), "positive"),
    ):
        with pytest.raises(ValueError, match=message):
            stats.vonmises_fisher.logpdf(*map(bb.Variable, map(np.array, wrong)))


@pytest.mark.parametrize("exponent", [0.0, 0.4, 1.0, -0.7, 2.0])
def test_powers_towards_the_normal(exponent: float) -> None:
    x = np.array([[0.3, 1.2, 2.7, 0.9], [1.5, 0.6, 3.1, 2.2]])
    beside = lambda f, *xs: check_beside(f, stats, scipy_stats, *xs, rtol=1e-5)  # noqa: E731
    beside(lambda m, x: m.boxcox(x, exponent), x[0])
    beside(lambda m, x: m.yeojohnson(x, exponent), x[0] - 1)
    beside(lambda m, x: m.boxcox_llf(exponent, x, axis=1), x)
    beside(lambda m, x: m.yeojohnson_llf(exponent, x - 1, axis=1, keepdims=True), x)
    for f in (lambda m, e: m.boxcox_llf(e, x[0]), lambda m, e: m.yeojohnson_llf(e, x[0] - 1)):
        slope = bb.grad(lambda e, f=f: f(stats, e))(exponent)
        steps = [f(scipy_stats, exponent + k * 1e-3) for k in (-2, -1, 1, 2)]
        np.testing.assert_allclose(
            slope, (8 * (steps[2] - steps[1]) - steps[3] + steps[0]) / 12e-3, rtol=1e-6, atol=1e-8
        )
    with pytest.raises(bb.NoDerivativeError, match=r"minimize_scalar"):
        stats.boxcox(bb.Variable(x[0]))


@pytest.mark.parametrize("name", ["wishart", "invwishart"])
def test_random_matrices(name: str) -> None:
    sample = scipy_stats.wishart.rvs(5, COV, random_state=0)
    beside = lambda f, *xs: check_beside(f, stats, scipy_stats, *xs, rtol=1e-4, value=1e-10)  # noqa: E731
    beside(lambda m, x, s: getattr(m, name).logpdf(symmetric(x), 5.5, symmetric(s)), sample, COV)
    df = bb.grad(lambda df: getattr(stats, name).logpdf(sample, df, COV))(5.5)
    plain = [getattr(scipy_stats, name).logpdf(sample, d, COV) for d in (5.4999, 5.5001)]
    np.testing.assert_allclose(df, (plain[1] - plain[0]) / 2e-4, rtol=1e-6)


# Statistics

DATA = 0.5 + np.random.default_rng(4).random((7, 3))


@pytest.mark.parametrize("name", ["zscore", "gmean", "hmean", "skew", "kurtosis", "sem", "variation"])
def test_statistics(name: str) -> None:
    check_beside(lambda m, x: getattr(m, name)(x), stats, scipy_stats, DATA, rtol=1e-5)
    check_beside(lambda m, x: getattr(m, name)(x, axis=None), stats, scipy_stats, DATA, rtol=1e-5)


def test_statistics_with_settings() -> None:
    beside = lambda f, *xs: check_beside(f, stats, scipy_stats, *xs, rtol=1e-5)  # noqa: E731
    beside(lambda m, x: m.skew(x, bias=False), DATA)
    beside(lambda m, x: m.kurtosis(x, fisher=False, bias=False, axis=1), DATA.T)
    beside(lambda m, x, p: m.pmean(x, p if m is stats else float(p)), DATA, 2.5)
    beside(lambda m, x, w: m.gmean(x, weights=w), DATA, DATA[::-1])
    beside(lambda m, x: m.trim_mean(x, 0.2), DATA)
    beside(lambda m, x: m.moment(x, 3), DATA)
    beside(lambda m, x: np.stack(m.describe(x)[2:]), DATA)
    beside(
        lambda m, x, w: m.gmean(x, axis=0, weights=w, keepdims=True),
        DATA[:4, :2] @ np.ones((2, 4)) + np.eye(4),
        DATA[:4, 0],
    )
    beside(lambda m, x: m.moment(x, [2, 3], axis=None), DATA)
    beside(lambda m, x, y: m.entropy(x) + m.entropy(x, y, base=2.0) + m.entropy(x, keepdims=True)[0], DATA, DATA[::-1])


@pytest.mark.filterwarnings("ignore:The (harmonic|power) mean is only defined")
def test_means_of_powers_are_not_defined_where_scipys_are_not() -> None:
    x = np.array([[1.0, -2.0], [4.0, 3.0]])  # (1 + 4) / 2 would be a mean of squares
    for f in (lambda m, x: m.pmean(x, 2, axis=1), lambda m, x: m.hmean(x, axis=1)):
        expected = f(scipy_stats, x)
        assert np.isnan(expected[0])
        y, slope = bb.jvp(lambda x, f=f: f(stats, x), (x,), (np.ones_like(x),))
        np.testing.assert_allclose(y, expected)
        np.testing.assert_allclose(slope[1], np.sum(slopes(lambda x, f=f: f(scipy_stats, x)[1], x)), rtol=1e-8)
    with pytest.raises(NotImplementedError, match="only implemented for finite"):
        bb.jvp(lambda x: stats.pmean(x, np.inf), (DATA,), (DATA,))
    with pytest.raises(bb.NoDerivativeError, match="at p = 0 it is a limit; write gmean"):
        bb.grad(lambda p: stats.pmean(DATA[0], p))(0.0)


OMITTED = {
    "zscore": lambda m, x, p: m.zscore(x, axis=1, ddof=1, nan_policy=p),
    "gmean": lambda m, x, p: m.gmean(x, nan_policy=p),
    "hmean": lambda m, x, p: m.hmean(x, axis=1, nan_policy=p, keepdims=True),
    "pmean": lambda m, x, p: m.pmean(x, 1.7, axis=None, nan_policy=p),
    "moment": lambda m, x, p: m.moment(x, 3, nan_policy=p),
    "skew": lambda m, x, p: m.skew(x, bias=False, nan_policy=p, keepdims=True),
    "kurtosis": lambda m, x, p: m.kurtosis(x, bias=False, axis=1, nan_policy=p),
    "sem": lambda m, x, p: m.sem(x, nan_policy=p),
    "variation": lambda m, x, p: m.variation(x, ddof=1, nan_policy=p),
    "describe": lambda m, x, p: np.stack([*m.describe(x, nan_policy=p)[2:], *m.describe(x, nan_policy=p)[1]]),
}


@pytest.mark.parametrize("f", OMITTED.values(), ids=OMITTED.keys())
def test_entries_that_are_nan_are_left_out(f: Any) -> None:
    x = np.random.default_rng(5).random((6, 5)) + 0.5
    x[[0, 2, 2, 4], [1, 0, 3, 1]] = np.nan
    known = np.isfinite(x)

    def of_known(m: Any, v: Any) -> Any:
        full = np.full(x.shape, np.nan, like=v)
        full[known] = v
        y = f(m, full, "omit")
        return np.where(np.isnan(y), 0.0, y)

    check_beside(of_known, stats, scipy_stats, x[known], rtol=1e-5)
    assert np.all(np.isfinite(bb.grad(lambda x: np.sum(np.nan_to_num(f(stats, x, "omit"))))(x)))
    with pytest.raises(ValueError, match="The input contains nan values"):
        bb.grad(lambda x: np.sum(f(stats, x, "raise")))(x)
    with pytest.raises(ValueError, match="must be one of"):
        bb.grad(lambda x: np.sum(f(stats, x, "drop")))(x)


def test_correlation_and_regression() -> None:
    beside = lambda f, *xs: check_beside(f, stats, scipy_stats, *xs, rtol=1e-5)  # noqa: E731
    x, y = DATA[:, 0], DATA[:, 1]
    beside(lambda m, x, y: np.stack([m.pearsonr(x, y)[0], m.pearsonr(x, y)[1]]), x, y)

    def line(m: Any, x: Any, y: Any) -> Any:
        found = m.linregress(x, y)
        return np.stack(
            [found.slope, found.intercept, found.rvalue, found.pvalue, found.stderr, found.intercept_stderr]
        )

    beside(line, x, y)
    for alternative in ("two-sided", "less", "greater"):

        def correlation(m: Any, x: Any, y: Any, alternative: str = alternative) -> Any:
            found = m.pearsonr(x, y, alternative=alternative)
            return np.stack([*found, *found.confidence_interval(), *found.confidence_interval(0.8)])

        beside(correlation, x, y)
        beside(lambda m, y, alternative=alternative: m.linregress(x, y, alternative).pvalue, y)
        assert (
            correlation(stats, bb.Variable(x[:2]), y[:2]).data.tolist()
            == correlation(scipy_stats, x[:2], y[:2]).tolist()
        )
    beside(lambda m, x: m.pearsonr(x, DATA[::-1] ** 2, axis=1).statistic, DATA)
    with pytest.raises(bb.NoDerivativeError, match="method= draws samples"):
        stats.pearsonr(bb.Variable(x), y, method=scipy_stats.PermutationMethod())
    with pytest.raises(bb.NoDerivativeError, match="two arrays of one axis"):
        stats.linregress(bb.Variable(DATA), DATA)
    with pytest.raises(bb.NoDerivativeError, match="rank"):
        bb.grad(lambda x: stats.spearmanr(x, y)[0])(x)


def test_kernel_densities() -> None:
    generator = np.random.default_rng(5)
    points, data, weights = generator.random((2, 4)), generator.random((2, 9)), 0.5 + generator.random(9)
    for method in (None, "silverman", 0.4):
        check_beside(
            lambda m, p, d, w: m.gaussian_kde(d, method, w)(p),
            stats,
            scipy_stats,
            points,
            data,
            weights,
            rtol=1e-5,
            value=1e-10,
        )
