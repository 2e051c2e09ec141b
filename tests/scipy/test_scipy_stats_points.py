"""Points of distributions and means where the parts of a formula are nan, 0 or infinite."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import bibun as bb
from bibun.scipy import stats
from tests.scipy.test_scipy_stats import (
    BY_PARAMETERS,
    BY_POINT,
    CONTINUOUS,
    DISCRETE,
    PARAMETERS,
    WHOLE,
    arguments,
    integrated,
    refused,
)

scipy_stats, special = pytest.importorskip("scipy.stats"), pytest.importorskip("scipy.special")


def check_nan(f: Any, args: list[Any], by: tuple[int, ...]) -> None:
    """With nan in the place of any argument, the value and its slopes by all are nan, in both modes."""
    for place in range(len(args)):
        given = [np.nan if i == place else np.float64(a) for i, a in enumerate(args)]
        for slopes in (bb.grad(f, argnums=by)(*given), bb.jacfwd(f, argnums=by)(*given)):
            np.testing.assert_array_equal(slopes, np.full(len(by), np.nan), err_msg=f"nan in the place {place}")
        value = lambda x, given=given: f(*given[: by[0]], x, *given[by[0] + 1 :])  # noqa: E731
        assert np.isnan(bb.value_and_grad(value)(given[by[0]])[0])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of SciPy's own arithmetic with nan
@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
@pytest.mark.parametrize("name", CONTINUOUS)
def test_nan_among_the_arguments(name: str) -> None:
    for which in (*BY_POINT, "ppf", "isf", *BY_PARAMETERS):
        if integrated(name, which):
            continue
        given = arguments(name, which)
        if which not in BY_PARAMETERS:
            given[0] = given[0][2]
        out = refused(name, which)
        check_nan(getattr(CONTINUOUS[name], which), given, tuple(i for i in range(len(given)) if i not in out))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", DISCRETE)
def test_nan_among_the_arguments_of_counts(name: str) -> None:
    family, shapes = DISCRETE[name], PARAMETERS[name]
    for which in ("logpmf", "pmf", "cdf", "sf", "ppf", "isf", "mean", "var"):
        first = () if which in ("mean", "var") else (0.4,) if which in ("ppf", "isf") else (3,)
        form = {"sf": "cdf", "pmf": "logpmf"}.get(which, which)
        if which not in ("ppf", "isf") and (family.forms | family.moments)[form] is None:
            continue  # no rule
        whole = [i + len(first) for i in WHOLE.get(name, (0,) if name == "nbinom" and form == "cdf" else ())]
        n = len(first) + len(shapes) + 1
        check_nan(
            getattr(family, which), [*first, *shapes, 0.0], tuple(i for i in range(len(first), n) if i not in whole)
        )


@pytest.mark.parametrize("name", DISCRETE)
def test_between_counts_the_probability_is_0(name: str) -> None:
    shapes, by = PARAMETERS[name], tuple(i + 1 for i in range(len(PARAMETERS[name])) if i not in WHOLE.get(name, ()))
    for k in (1.5, -0.5, 2.25):
        assert scipy_stats.poisson.pmf(k, 2.0) == DISCRETE[name].pmf(k, *shapes) == 0
        if by:
            for slopes in (f(DISCRETE[name].pmf, argnums=by)(k, *shapes) for f in (bb.grad, bb.jacfwd)):
                np.testing.assert_array_equal(slopes, np.zeros(len(by)))


# The ends where the density is infinite: C (x - end)**(power - 1)
INFINITE: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "arcsine": ((), (0.0, 1.0)), "beta": ((0.5, 0.4), (0.0, 1.0)), "gamma": ((0.5,), (0.0,)), "chi2": ((1.0,), (0.0,)),
    "chi": ((0.5,), (0.0,)), "weibull_min": ((0.5,), (0.0,)), "weibull_max": ((0.5,), (0.0,)), "nakagami": ((0.3,), (0.0,)),
    "f": ((1.0, 3.0), (0.0,)), "burr12": ((0.5, 1.0), (0.0,)), "exponweib": ((0.5, 0.5), (0.0,)),
    "exponpow": ((0.5,), (0.0,)), "rdist": ((1.0,), (1.0,)), "mielke": ((0.5, 2.3), (0.0,)),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:divide by zero")  # SciPy's
@pytest.mark.parametrize("which", ["pdf", "logpdf"])
@pytest.mark.parametrize("name", INFINITE)
def test_densities_that_are_infinite(name: str, which: str) -> None:
    """They fall from there infinitely steeply; of other entries they say nothing."""
    (shapes, ends), f = INFINITE[name], getattr(CONTINUOUS[name], which)
    for end in ends:
        inwards = 1.0 if end == 0 and name != "weibull_max" else -1.0
        assert f(end, *shapes) == getattr(getattr(scipy_stats, name), which)(end, *shapes) == np.inf
        assert bb.jvp(lambda x: f(x, *shapes), (end,), (1.0,)) == (np.inf, -inwards * np.inf)
        assert bb.value_and_grad(lambda x: f(x, *shapes))(end) == (np.inf, -inwards * np.inf)
        assert bb.grad(lambda loc: f(end, *shapes, loc))(0.0) == inwards * np.inf
        assert bb.hessian(lambda x: f(x, *shapes))(end) == np.inf
        for slopes in (bb.grad(f, argnums=(len(shapes) + 1, len(shapes) + 2)), bb.jacfwd(f, argnums=len(shapes) + 2)):
            found = np.ravel(slopes(end, *shapes, 0.0, 1.0))[-1]  # the scale moves the end, but for one at 0
            assert found == (0 if end == 0 else inwards * np.inf * end)
        inside = end + 0.3 * inwards
        both = bb.grad(lambda x: np.sum(f(x, *shapes)))(np.array([end, inside]))
        np.testing.assert_allclose(both[1], bb.grad(lambda x: f(x, *shapes))(inside), rtol=1e-14)
        for k in range(len(shapes)):
            by = [f(end, *shapes[:k], s, *shapes[k + 1 :]) for s in (shapes[k] + 1e-6, shapes[k] - 1e-6)]
            assert by == [np.inf, np.inf]  # so it is constant
            for slope in (bb.grad(f, argnums=k + 1), bb.jacfwd(f, argnums=k + 1)):
                assert slope(end, *shapes) == 0


@pytest.mark.filterwarnings("ignore:divide by zero")  # SciPy's
@pytest.mark.parametrize("c", [0.5, 1.0, 1.5])
def test_the_centre_of_two_sided_weibulls(c: float) -> None:
    """0, infinite, or a kink: the same to both sides, of which the mean slope is 0."""
    for which in ("logpdf", "pdf"):
        f = getattr(stats.dweibull, which)
        sides = [getattr(scipy_stats.dweibull, which)(x, c) for x in (-1e-3, 1e-3)]
        assert sides[0] == sides[1]
        for slopes in (bb.grad(f, argnums=(0, 2)), bb.jacfwd(f, argnums=(0, 2))):
            assert slopes(0.0, c, 0.0) == (0, 0)
        assert bb.grad(f, argnums=3)(0.0, c, 0.0, 1.0) == bb.jacfwd(f, argnums=3)(0.0, c, 0.0, 1.0)


FLAT: dict[str, list[tuple[float, ...]]] = {
    "chi": [(0.5,), (0.7,)], "nakagami": [(0.25,), (0.4,)], "burr": [(0.5, 0.5), (1.0, 0.5), (1.5, 0.4), (0.3, 2.0)],
    "fisk": [(0.5,), (0.8,)], "exponweib": [(0.5, 0.5), (1.2, 0.5), (2.0, 0.4)], "gengamma": [(0.5, 0.5)],
    "weibull_min": [(0.5,)],    "gamma": [(0.5,)], "burr12": [(0.5, 1.0)], "loglaplace": [(0.5,)], "beta": [(0.5, 2.0)],
}  # fmt: skip


@pytest.mark.parametrize("name", FLAT)
def test_quantiles_of_0_where_the_density_is_infinite(name: str) -> None:
    """There they are flat; by the shapes the end is constant. Second slopes are those of the power, or nan."""
    for shapes in FLAT[name]:
        for which, q in (("ppf", 0.0), ("isf", 1.0)):
            f = getattr(CONTINUOUS[name], which)
            assert bb.value_and_grad(lambda q, f=f: f(q, *shapes))(q) == (0, 0)
            assert bb.jvp(lambda q, f=f: f(q, *shapes), (q,), (1.0,)) == (0, 0)
            inner = np.array([0.1, 0.5, 0.9])
            expected = getattr(getattr(scipy_stats, name), which)(inner, *shapes)
            np.testing.assert_allclose(
                bb.jvp(lambda q, f=f: f(q, *shapes), (inner,), (inner,))[0], expected, rtol=1e-12
            )
    second = {("burr", (1.0, 0.5)): 2.0, ("fisk", (0.5,)): 2.0, ("burr", (0.5, 0.5)): 0.0}
    for shapes in FLAT[name]:
        found = bb.hessian(lambda q: CONTINUOUS[name].ppf(q, *shapes))(0.0)
        assert np.isnan(found) or found == np.inf or found == pytest.approx(second.get((name, shapes), found))


@pytest.mark.parametrize("name", ["fisk", "burr", "exponweib"])
def test_quantiles_near_both_ends_by_mpmath(name: str) -> None:
    def quantile(q: Any, c: Any, d: Any) -> Any:
        if name == "fisk":
            return (q / (1 - q)) ** (1 / c)
        if name == "burr":
            return (q ** (-1 / d) - 1) ** (-1 / c)
        return (-mpmath.log1p(-(q ** (1 / c)))) ** (1 / d)

    c, d = 1.3, 0.7
    shapes = (c,) if name == "fisk" else (c, d)
    with mpmath.workdps(150):
        for q in (1e-60, 1e-9, 0.3, 0.5, 0.7, 1 - 1e-9):
            for which, p in (("ppf", mpmath.mpf(q)), ("isf", 1 - mpmath.mpf(q))):
                value = float(quantile(p, c, d))
                h = min(p, 1 - p) * mpmath.mpf(10) ** -15
                slope = float((quantile(p + h, c, d) - quantile(p - h, c, d)) / (2 * h)) * (1 if which == "ppf" else -1)
                found = bb.value_and_grad(lambda q, which=which: getattr(CONTINUOUS[name], which)(q, *shapes))(q)
                np.testing.assert_allclose(found, (value, slope), rtol=1e-12)


def test_von_mises_without_concentration_is_uniform() -> None:
    z = np.linspace(-3.0, 3.0, 5)
    for which in BY_POINT:
        f = getattr(stats.vonmises, which)
        np.testing.assert_allclose(
            bb.jvp(lambda z, f=f: f(z, 0.0), (z,), (z,))[0], getattr(scipy_stats.vonmises, which)(z, 0.0)
        )
    np.testing.assert_allclose(bb.jacfwd(stats.vonmises.logpdf, argnums=1)(z, 0.0), np.cos(z), rtol=1e-14)
    np.testing.assert_allclose(bb.jacrev(stats.vonmises.pdf, argnums=1)(z, 0.0), np.cos(z) / (2 * np.pi), rtol=1e-14)
    np.testing.assert_array_equal(bb.jacrev(stats.vonmises.pdf)(z, 0.0), np.zeros((5, 5)))
    assert bb.grad(stats.vonmises.cdf)(0.5, 0.0) == pytest.approx(1 / (2 * np.pi))


def test_rice_without_a_distance_is_rayleigh() -> None:
    """log I₀(z b) begins with (z b)²/4, so by b its logarithm has the second slope z²/2 - 1, and the mean half its own."""
    z = np.array([0.3, 1.2, 4.0])
    for jacobian in (bb.jacfwd, bb.jacrev):
        np.testing.assert_allclose(jacobian(stats.rice.logpdf, argnums=1)(z, 0.0), np.zeros(3), atol=1e-15)
        second = jacobian(jacobian(stats.rice.logpdf, argnums=1), argnums=1)(z, 0.0)
        np.testing.assert_allclose(second, z**2 / 2 - 1, rtol=1e-14)
    assert bb.hessian(lambda b: stats.rice.mean(b))(0.0) == pytest.approx(np.sqrt(np.pi / 2) / 2, rel=1e-14)


@pytest.mark.parametrize("p", [-0.5, -1.0, -2.0, -3.3])
def test_means_of_negative_powers_of_0(p: float) -> None:
    """s^(1/p) x₀ (1 + Σ sᵢ xᵢ^p / (p s) x₀^-p): of one entry that is 0. Of several the mean stays 0."""
    weights, x = np.array([1.0, 2.0, 0.5, 1.5]), np.array([0.4, 0.0, 1.3, 2.0])
    for w in (None, weights):
        f = lambda x, w=w: stats.pmean(x, p, weights=w)  # noqa: E731
        shares = np.ones(4) / 4 if w is None else w / np.sum(w)
        expected = np.array([0, shares[1] ** (1 / p), 0, 0])
        assert f(x) == scipy_stats.pmean(x, p, weights=w) == 0
        for gradient in (bb.grad(f), bb.jacfwd(f)):
            np.testing.assert_allclose(gradient(x), expected, rtol=1e-14)
        if p <= -1:
            np.testing.assert_allclose(
                bb.hessian(f)(x)[1, 1], bb.hessian(f)(x + [0, 1e-9, 0, 0])[1, 1], rtol=1e-6, atol=1e-3
            )
        else:
            assert bb.hessian(f)(x)[1, 1] == -np.inf
        rows = np.stack([x, x + 1, np.zeros(4)])
        spread = w if w is None else np.broadcast_to(w, (3, 4))
        total = lambda x, w=spread: np.sum(stats.pmean(x, p, axis=1, weights=w))  # noqa: E731
        y, found = bb.value_and_grad(total)(rows)
        np.testing.assert_allclose(found, [expected, bb.grad(f)(x + 1), np.zeros(4)], rtol=1e-13)
        np.testing.assert_allclose(y, scipy_stats.pmean(x + 1, p, weights=w), rtol=1e-14)
    np.testing.assert_allclose(bb.grad(lambda x: stats.pmean(x, -1.0))(x), bb.grad(stats.hmean)(x), rtol=1e-14)
    assert bb.grad(lambda p: stats.pmean(x, p))(p) == 0


def test_noncentral_quantiles_that_are_infinite() -> None:
    """As those of Student's own: steep by the probability, and an end that no other parameter moves."""
    assert bb.grad(special.nctdtrit, argnums=(1, 2))(2.0, 0.5, 1.0) == (0.0, np.inf)
    assert bb.jacfwd(special.nctdtrit, argnums=(1, 2))(2.0, 0.5, 1.0) == (0.0, np.inf)
    assert bb.grad(special.stdtrit, argnums=1)(2.0, 1.0) == np.inf


def test_the_spread_of_complex_samples_is_that_of_their_distances() -> None:
    sample = np.array([1 + 2j, 2 - 1j, 0.5 + 0.3j, 4j])
    for name in ("zscore", "sem"):
        want = getattr(scipy_stats, name)(sample)
        got = bb.vjp(getattr(stats, name), sample)[0]
        np.testing.assert_allclose(got, want, rtol=1e-14)
        assert np.result_type(got) == np.result_type(want)


def _probability(name: str, which: str, k: int, shapes: tuple[float, ...], p: Any) -> Any:
    """By mpmath, from the probability of each count."""
    exact: Any = {
        "poisson": lambda k, m: m**k * mpmath.exp(-m) / mpmath.factorial(k),
        "binom": lambda k, n, p: mpmath.binomial(n, k) * p**k * (1 - p) ** (n - k),
        "bernoulli": lambda k, p: p**k * (1 - p) ** (1 - k),
        "nbinom": lambda k, n, p: mpmath.rf(n, k) / mpmath.factorial(k) * p**n * (1 - p) ** k,
        "geom": lambda k, p: p * (1 - p) ** (k - 1),
    }[name]
    first = k if "pmf" in which else int(name == "geom")
    y = sum(exact(mpmath.mpf(i), *shapes, p) for i in range(first, k + 1))
    y = 1 - y if which.endswith("sf") else y
    return y if not which.startswith("log") else mpmath.log(y) if y > 0 else -mpmath.inf


AT_ENDS = [("poisson", (), 0, 4), ("binom", (6,), 0, 6), ("binom", (6,), 1, 6), ("bernoulli", (), 0, 1),
           ("bernoulli", (), 1, 1), ("nbinom", (3.5,), 1, 4), ("geom", (), 1, 4)]  # fmt: skip


@pytest.mark.filterwarnings("ignore:divide by zero")  # of the logarithm of 0
@pytest.mark.parametrize("which", ["pmf", "logpmf", "cdf", "sf", "logcdf", "logsf"])
@pytest.mark.parametrize(("name", "shapes", "end", "most"), AT_ENDS, ids=[f"{c[0]} {c[2]}" for c in AT_ENDS])
def test_counts_at_the_ends_of_their_parameter(
    name: str, shapes: tuple[float, ...], end: int, most: int, which: str
) -> None:
    """One-sided differences; the logarithm of a probability that vanishes there is infinitely steep."""
    step = mpmath.mpf("1e-20") * (1 if end == 0 else -1)
    for k in range(int(name == "geom"), most + 1):
        with mpmath.workdps(200):
            start, y = (_probability(name, which, k, shapes, end + h) for h in (0, step))
            constant = which.endswith("sf") and most == k and name in ("binom", "bernoulli")  # 0 for every p
            truth = 0.0 if constant else float((y - start) / step)
        f = lambda p, k=k: getattr(DISCRETE[name], which)(k, *shapes, p)  # noqa: E731
        for derivative in (bb.grad(f), bb.jacfwd(f), bb.compile(bb.grad(f))):
            np.testing.assert_allclose(derivative(float(end)), truth, rtol=1e-12, atol=1e-12, err_msg=f"{k}")
        beside = np.array([end, 0.4, end])
        slopes = bb.vmap(bb.grad(f))(beside)
        np.testing.assert_allclose(slopes, [truth, bb.grad(f)(0.4), truth], rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(bb.grad(lambda p: np.sum(f(p)))(beside), slopes, rtol=1e-12, atol=1e-12)


def test_curvature_of_counts_at_the_ends_of_their_parameter() -> None:
    """(m² / 2 e**-m)'' = 1, (15 p² (1 - p)⁴)'' = 30, (p (1 - p)²)'' = 2"""
    cases = (
        ("poisson", (), 2, 0.0, 1.0),
        ("binom", (6,), 2, 0.0, 30.0),
        ("binom", (6,), 4, 1.0, 30.0),
        ("geom", (), 3, 1.0, 2.0),
    )
    for name, shapes, k, end, truth in cases:
        f = lambda p: DISCRETE[name].pmf(k, *shapes, p)  # noqa: E731
        np.testing.assert_allclose([bb.grad(bb.grad(f))(end), bb.hessian(f)(end)], truth, rtol=1e-12)


def test_pearsons_third_at_no_skewness() -> None:
    """The normal one, whose logarithm changes with the skewness by (z³ - 3z) / 6, and by mpmath near it and far from it."""
    z = np.array([-2.0, 0.3, 1.7])
    for jacobian in (bb.jacfwd, bb.jacrev):
        np.testing.assert_allclose(jacobian(stats.pearson3.logpdf, argnums=1)(z, 0.0), (z**3 - 3 * z) / 6, rtol=1e-13)

    def exact(skew: Any, z: Any) -> Any:
        a, b = 4 / skew**2, 2 / skew
        return mpmath.log(abs(b)) + (a - 1) * mpmath.log(b * z + a) - b * z - a - mpmath.loggamma(a)

    with mpmath.workdps(60):
        for skew in (1e-5, -1e-3, 0.1, 0.3, -0.5, 2.0):
            for point in (0.3, 0.9):
                found = bb.value_and_grad(lambda s, x=point: stats.pearson3.logpdf(x, s))(skew)
                truth = exact(mpmath.mpf(skew), point), mpmath.diff(lambda s, x=point: exact(s, x), mpmath.mpf(skew))
                np.testing.assert_allclose(found, [float(part) for part in truth], rtol=1e-11)


def test_kappa_at_shapes_that_are_limits() -> None:
    """By both shapes at 0, against differences of SciPy's beside it."""
    for h, k in ((0.0, 0.2), (0.3, 0.0), (0.0, 0.0)):
        for which in ("logpdf", "cdf"):
            for place in (0, 1):
                f = lambda s, h=h, k=k, place=place, which=which, m=stats: getattr(m.kappa4, which)(  # noqa: E731
                    0.7, *((s, k) if place == 0 else (h, s))
                )
                beside = [f(s + (h, k)[place], m=scipy_stats) for s in (-2e-3, -1e-3, 1e-3, 2e-3)]
                truth = (8 * (beside[2] - beside[1]) - beside[3] + beside[0]) / 12e-3
                np.testing.assert_allclose(bb.grad(f)((h, k)[place]), truth, rtol=1e-8)


def test_kolmogorovs_density_by_mpmath() -> None:
    def density(x: Any) -> Any:
        return 8 * x * mpmath.nsum(lambda k: (-1) ** (int(k) - 1) * k**2 * mpmath.exp(-2 * k**2 * x**2), [1, 60])

    for x in (0.3, 0.85, 1.4):
        with mpmath.workdps(40):
            truth = density(mpmath.mpf(x)), mpmath.diff(density, mpmath.mpf(x))
        np.testing.assert_allclose(
            bb.value_and_grad(stats.kstwobign.pdf)(x), [float(part) for part in truth], rtol=1e-12
        )


def test_a_member_at_points_in_and_beyond_the_range() -> None:
    """Of norminvgauss SciPy gives the value of the first point for all, where one of them is beyond."""
    q = np.array([-1.0, 0.1, 0.5, 0.9])
    value, slope = bb.jvp(lambda q: stats.norminvgauss.isf(q, 1.7, 0.4), (q,), (np.ones(4),))
    np.testing.assert_allclose(value[1:], [scipy_stats.norminvgauss.isf(p, 1.7, 0.4) for p in q[1:]], rtol=1e-9)
    np.testing.assert_allclose(slope[1:], -1 / scipy_stats.norminvgauss.pdf(value[1:], 1.7, 0.4), rtol=1e-9)
    assert np.isnan(value[0])
