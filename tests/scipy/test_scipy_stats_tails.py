"""Distributions far out and at their ends: probabilities near 0 and 1 and their slopes, quantiles of 0, of 1, of next to nothing.

The slope of a distribution function is the density, and of its logarithm density over probability, both by SciPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.scipy import stats
from tests.scipy.test_scipy_stats import shapes_of

scipy_stats, mpmath = pytest.importorskip("scipy.stats"), pytest.importorskip("mpmath")

FAR = np.array([1e-100, 1e-30, 1e-20, 1e-12, 1e-3, 0.3])
# SciPy's own values or densities are wrong there: by a cdf that is 1 less another, or an overflow; or z is too coarse.
UNSURE = {
    "burr", "burr12", "fisk", "loguniform", "reciprocal", "pareto", "powerlaw", "truncnorm", "jf_skew_t", "ncf", "pearson3",
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Error in function boost")
@pytest.mark.parametrize("which", ["cdf", "sf", "logcdf", "logsf"])
@pytest.mark.parametrize("name", sorted(set(stats.CONTINUOUS) - UNSURE))
def test_slopes_in_both_tails(name: str, which: str) -> None:
    ours, family, shapes = getattr(stats, name), getattr(scipy_stats, name), shapes_of(name)
    with np.errstate(all="ignore"):
        z = np.concatenate([family.ppf(FAR, *shapes), family.isf(FAR, *shapes)])
        low, high = family.support(*shapes)
        z = z[(z > low) & (z < min(high, 1 - 1e-6 if high == 1 else high, 1e150))]
        value, slope = bb.jvp(lambda z: getattr(ours, which)(z, *shapes), (z,), (np.ones_like(z),))
        expected = getattr(family, which)(z, *shapes)
        truth = np.exp(family.logpdf(z, *shapes) - (expected if which.startswith("log") else 0))
    clear = np.isfinite(expected) & np.isfinite(truth)
    np.testing.assert_allclose(value[clear], expected[clear], rtol=1e-7, atol=1e-300)
    np.testing.assert_allclose(slope[clear], (truth if "cdf" in which else -truth)[clear], rtol=1e-6, atol=1e-300)


Q = np.array([-1.0, 0.0, 1e-20, 1e-15, 1e-10, 0.1, 0.3, 0.5, 0.8, 0.99, 1.0, 1.5, np.nan])


@pytest.mark.parametrize("which", ["ppf", "isf"])
@pytest.mark.parametrize("name", stats.CONTINUOUS)
def test_quantiles_of_all_that_may_be_asked(name: str, which: str) -> None:
    shapes: Any = shapes_of(name)
    if name == "norminvgauss":  # of one member SciPy gives one value for all
        shapes = [np.full(len(Q), shape) for shape in shapes]
    q = Q if name not in ("f", "moyal", "weibull_max") or which == "ppf" else Q[4:]  # there SciPy's goes by 1 - q
    found, slope = bb.jvp(lambda s: getattr(getattr(stats, name), which)(q, *shapes, scale=s), (2.0,), (1.0,))
    with np.errstate(all="ignore"):
        expected = getattr(getattr(scipy_stats, name), which)(q, *shapes, scale=2.0)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-15)
    inner = np.isfinite(expected)
    np.testing.assert_allclose(slope[inner], expected[inner] / 2, rtol=1e-7, atol=1e-15)


def test_derivatives_of_quantiles_at_the_ends() -> None:
    """Of 0 and 1: the end of the support moves with the shapes; by q it is 1 / density, which nests."""
    by_q, by_a = (
        bb.jacobian(lambda q, a: stats.truncnorm.ppf(q, a, 1.5), argnums=k)(np.array([0.0, 0.4, 1.0]), -0.5)
        for k in (0, 1)
    )
    x = scipy_stats.truncnorm.ppf([0.0, 0.4, 1.0], -0.5, 1.5)
    np.testing.assert_allclose(np.diag(by_q), 1 / scipy_stats.truncnorm.pdf(x, -0.5, 1.5), rtol=1e-9)
    np.testing.assert_allclose(by_a[[0, 2]], [1.0, 0.0], atol=1e-12)
    second = bb.grad(bb.grad(lambda q: stats.truncnorm.ppf(q, -0.5, 1.5)))(0.0)
    np.testing.assert_allclose(second, -0.5 / scipy_stats.truncnorm.pdf(-0.5, -0.5, 1.5) ** 2, rtol=1e-9)  # x / pdf²
    assert bb.grad(lambda q: stats.t.ppf(q, 3.0))(1.0) == np.inf
    slopes = bb.vmap(bb.grad(lambda q: stats.t.isf(q, 3.0)))(np.array([0.0, 0.5]))
    np.testing.assert_allclose(slopes, [-np.inf, -1 / scipy_stats.t.pdf(0.0, 3.0)], rtol=1e-12)


def test_quantiles_of_cauchys_family_by_mpmath() -> None:
    """-1 / tan(πq)"""
    for q in (1e-20, 1e-10, 0.1, 0.25, 0.49, 0.7, 0.999):
        exact = mpmath.mpf(q)
        truth = -1 / mpmath.tan(mpmath.pi * exact), mpmath.pi / mpmath.sin(mpmath.pi * exact) ** 2
        for f, sign in ((stats.cauchy.ppf, 1), (stats.cauchy.isf, -1)):
            found = bb.value_and_grad(f)(q)
            np.testing.assert_allclose(found, [sign * float(part) for part in truth], rtol=1e-12)


@pytest.mark.parametrize("c", [0.2, -0.3, 1e-9, 0.0])
@pytest.mark.parametrize("name", ["genextreme", "genpareto"])
def test_quantiles_of_a_tail_with_a_shape(name: str, c: float) -> None:
    """By mpmath: ((1 - q)**-c - 1) / c, and (1 - (-log q)**c) / c; by the shape c, about 0 too."""
    sign = 1 if name == "genextreme" else -1

    def truth(q: Any, c: Any) -> Any:
        s = -mpmath.log(q) if name == "genextreme" else 1 - q
        return (1 - s ** (sign * c)) / (sign * c)

    with mpmath.workdps(100):
        c_about = mpmath.mpf(c) + mpmath.mpf("1e-20")
        for q in map(mpmath.mpf, (1e-12, 0.3, 0.999)):
            found = [bb.grad(getattr(stats, name).ppf, argnums=k)(float(q), c) for k in (0, 1)]
            by_c = (truth(q, 3 * c_about) - truth(q, c_about)) / (2 * c_about) if abs(c) < 1e-6 else None
            expected = (
                mpmath.diff(lambda q: truth(q, c_about), q),
                mpmath.diff(lambda c: truth(q, c), c_about) if by_c is None else by_c,
            )
            np.testing.assert_allclose(found, [float(part) for part in expected], rtol=1e-6)


def test_skewed_left_tail_by_mpmath() -> None:
    """The slope by the skewness a is -exp(-z² (1 + a²) / 2) / (π (1 + a²))."""
    z, a = -10.0, 1.3
    assert stats.skewnorm.cdf(z, a) == bb.jvp(lambda z: stats.skewnorm.cdf(z, a), (z,), (1.0,))[0]
    by_z, by_a = (bb.grad(stats.skewnorm.cdf, argnums=k)(z, a) for k in (0, 1))
    np.testing.assert_allclose(by_z, scipy_stats.skewnorm.pdf(z, a), rtol=1e-10)
    np.testing.assert_allclose(by_a, -np.exp(-(z**2) * (1 + a**2) / 2) / (np.pi * (1 + a**2)), rtol=1e-10)
    assert bb.value_and_grad(stats.skewnorm.logcdf)(-30.0, a) == (-np.inf, 0.0)  # as a density that underflows


@pytest.mark.parametrize(
    ("name", "k", "shapes"), [("poisson", 60, (2.3,)), ("binom", 19, (20, 0.1)), ("geom", 200, (0.4,))]
)
def test_logarithms_of_counts_that_are_almost_certain(name: str, k: int, shapes: tuple[float, ...]) -> None:
    """-sf, to all digits, and its slope: both vanish in log(cdf), which is 0."""
    family, parameter = getattr(stats, name), shapes[-1]
    value, slope = bb.value_and_grad(lambda p: family.logcdf(k, *shapes[:-1], p))(parameter)
    sf, sf_slope = bb.value_and_grad(lambda p: family.sf(k, *shapes[:-1], p))(parameter)
    np.testing.assert_allclose([value, slope], [-sf, -sf_slope], rtol=1e-12)
    np.testing.assert_allclose(value, -getattr(scipy_stats, name).sf(k, *shapes), rtol=1e-9)
    assert -1e-15 < value < 0


def test_quantiles_of_parameters_that_are_none_are_nan() -> None:
    """Those of the others keep their derivatives."""
    value, slope = bb.jvp(lambda mu: stats.invgauss.ppf(0.3, mu), (np.array([1.0, -2.0]),), (np.ones(2),))
    expected = bb.jvp(lambda mu: stats.invgauss.ppf(0.3, mu), (1.0,), (1.0,))
    np.testing.assert_allclose([value[0], slope[0]], expected, rtol=1e-14)
    assert np.isnan(value[1])
    assert np.isnan(bb.jvp(lambda q: stats.t.ppf(q, -1.0), (0.3,), (1.0,))[0])


# At which SciPy's density is that of a point beside the end, or 0 where the limit is infinite
_OFF_THE_END = {"truncnorm", "loguniform", "reciprocal"}


@pytest.mark.parametrize("q", [0.0, 1.0])
@pytest.mark.parametrize("which", ["ppf", "isf"])
@pytest.mark.parametrize("name", sorted(set(stats.CONTINUOUS) - _OFF_THE_END))
def test_slopes_of_quantiles_of_0_and_1(name: str, which: str, q: float) -> None:
    """By q ± 1 / density, by the shapes that of the end, by differences; where the formula's parts are 0 and infinite too."""
    family, shapes = getattr(stats, name), shapes_of(name)
    plain = getattr(scipy_stats, name)
    end = getattr(plain, which)(q, *shapes)
    sign = 1 if which == "ppf" else -1
    with np.errstate(divide="ignore", invalid="ignore"):
        truth = sign / plain.pdf(end, *shapes) if np.isfinite(end) else sign * np.inf
    np.testing.assert_allclose(bb.grad(getattr(family, which))(q, *shapes), truth, rtol=1e-9, atol=1e-15)
    for k in range(len(shapes)):
        h = 1e-6 * np.eye(len(shapes))[k]
        try:
            found = bb.grad(getattr(family, which), argnums=k + 1)(q, *shapes)
        except bb.NoDerivativeError:
            continue  # of a quantile within, there is no rule
        if np.isfinite(end):
            ends = [getattr(plain, which)(q, *(shapes + step)) for step in (h, -h)]
            np.testing.assert_allclose(found, (ends[0] - ends[1]) / 2e-6, rtol=1e-8, atol=1e-8)
        else:
            assert found == 0


@pytest.mark.parametrize("c", [-0.3, 0.0, 0.3])
def test_extreme_quantiles_of_0(c: float) -> None:
    """(1 - (-log q)**c) / c: by q infinitely steep; by c that of the end 1 / c where there is one. Nested and compiled too."""
    by_q = bb.grad(lambda q: stats.genextreme.ppf(q, c))
    assert by_q(0.0) == np.inf
    assert bb.compile(by_q)(0.0) == np.inf
    by_c = bb.grad(lambda c: stats.genextreme.ppf(0.0, c))(c)
    np.testing.assert_allclose(by_c, -1 / c**2 if c < 0 else 0.0, rtol=1e-14)


def test_second_slopes_of_quantiles_of_0() -> None:
    """Infinite where the density falls to 0; of arcsine q, sin²(πq/2), and of powerlaw q**2, those of the formula."""
    second = {
        name: float(bb.grad(bb.grad(lambda q: getattr(stats, name).ppf(q, *shapes)))(0.0))
        for name, shapes in {"norm": (), "t": (3.0,), "invgauss": (1.0,), "arcsine": (), "powerlaw": (0.5,)}.items()
    }
    np.testing.assert_allclose(list(second.values()), [-np.inf, -np.inf, -np.inf, np.pi**2 / 2, 2.0], rtol=1e-14)


@pytest.mark.parametrize("name", ["norm", "expon", "gumbel_r", "logistic"])
def test_the_slope_of_a_quantile_of_1_stays_with_it(name: str) -> None:
    """It is infinite; other entries, and what np.where leaves out, know nothing of it."""
    family, q = getattr(stats, name), np.array([0.5, 1.0])
    slope = 1 / getattr(scipy_stats, name).pdf(getattr(scipy_stats, name).ppf(0.5))
    np.testing.assert_allclose(bb.grad(lambda q: family.ppf(q)[0])(q), [slope, 0.0], rtol=1e-12)
    np.testing.assert_allclose(
        bb.grad(lambda q: np.sum(np.where(q < 1, family.ppf(q), 0)))(q), [slope, 0.0], rtol=1e-12
    )
    for jacobian in (bb.jacfwd, bb.jacrev):
        np.testing.assert_allclose(jacobian(family.ppf)(q), np.diag([slope, np.inf]), rtol=1e-12)


# A point where the probability is between 1e-300 and 1e-154: the square of it is 0
FAR_OUT = {
    "logsf": {
        "gamma": (370.0, 2.0), "chi2": (800.0, 3.0), "halfnorm": (27.0,), "maxwell": (27.0,), "chi": (27.0, 3.0),
        "erlang": (370.0, 2), "gumbel_r": (400.0,), "laplace": (400.0,), "hypsecant": (400.0,), "t": (1e24, 7.3),
        "gennorm": (60.0, 1.5), "dweibull": (60.0, 1.5), "nakagami": (15.0, 1.7), "moyal": (740.0,),
        "gengamma": (42.0, 2.0, 1.7), "loggamma": (5.95, 0.4), "loglaplace": (1e48, 3.7), "invgamma": (1e44, 3.9),
        "genextreme": (1e43, -0.25), "exponnorm": (800.0, 2.0),
    },
    "logcdf": {
        "laplace": (-400.0,), "gumbel_l": (-400.0,), "hypsecant": (-400.0,), "exponnorm": (-28.0, 1.5), "invgamma": (2e-3, 2.0),
        "levy": (1e-3,), "moyal": (-6.6,), "f": (1e-100, 3.5, 4.0), "exponweib": (1e-60, 1.8, 2.0), "burr": (1e-60, 2.0, 1.8),
        "dweibull": (-60.0, 1.5), "t": (-1e24, 7.3),
    },
}  # fmt: skip


@pytest.mark.parametrize(("which", "name"), [(which, name) for which in FAR_OUT for name in FAR_OUT[which]])
def test_curvature_of_logarithms_of_probabilities_far_out(which: str, name: str) -> None:
    """h (ℓ' - h), h = ± density over probability, ℓ' the slope of the logarithm of the density"""
    z, *shapes = FAR_OUT[which][name]
    family, plain = getattr(stats, name), getattr(scipy_stats, name)
    sign = 1 if which == "logcdf" else -1
    with np.errstate(divide="ignore"):
        logarithm = float(np.log(getattr(plain, which[3:])(z, *shapes)))
    assert -690 < logarithm < -355
    h = sign * np.exp(plain.logpdf(z, *shapes) - logarithm)
    slope = bb.grad(lambda z: family.logpdf(z, *shapes))(z)
    f = lambda z: getattr(family, which)(z, *shapes)  # noqa: E731
    found = bb.grad(bb.grad(f))(z), bb.hessian(f)(z), bb.jvp(lambda z: bb.jvp(f, (z,), (1.0,))[1], (z,), (1.0,))[1]
    np.testing.assert_allclose(bb.grad(f)(z), h, rtol=1e-9)
    np.testing.assert_allclose(found, h * (slope - h), rtol=1e-6, atol=1e-13 * h * h)


def test_logarithms_of_probabilities_that_underflow_are_constants() -> None:
    for f, z in ((stats.gamma.logcdf, 1e-200), (stats.gamma.logsf, 800.0)):
        assert bb.value_and_grad(lambda z, f=f: f(z, 2.0))(z) == (-np.inf, 0.0)
        assert bb.grad(bb.grad(lambda z, f=f: f(z, 2.0)))(z) == 0.0


@pytest.mark.parametrize("c", [0.01, 0.414, 3.0])
def test_the_long_left_tail_of_the_log_gamma_family(c: float) -> None:
    """γ(c, e**z) / Γ(c), by mpmath"""

    def probability(z: Any) -> Any:
        return mpmath.gammainc(c, 0, mpmath.exp(z), regularized=True)

    truths = {
        "cdf": probability, "sf": lambda z: 1 - probability(z), "logcdf": lambda z: mpmath.log(probability(z)),
        "logsf": lambda z: mpmath.log1p(-probability(z)),
    }  # fmt: skip
    with mpmath.workdps(40):
        for z in (-2000.0, -800.0, -41.0, -39.0, 1.0):
            for which, truth in truths.items():
                f = lambda z, which=which: getattr(stats.loggamma, which)(z, c)  # noqa: E731
                slopes = [float(mpmath.diff(truth, z, k, h=mpmath.mpf("1e-12"))) for k in (1, 2)]
                np.testing.assert_allclose(bb.jvp(f, (z,), (1.0,))[0], float(truth(z)), rtol=1e-13)
                np.testing.assert_allclose([bb.grad(f)(z), bb.grad(bb.grad(f))(z)], slopes, rtol=1e-12, atol=1e-13)
    for q in (1e-300, 1e-9, 0.3):
        x, slope = bb.value_and_grad(lambda q: stats.loggamma.ppf(q, c))(q)
        np.testing.assert_allclose(x, scipy_stats.loggamma.ppf(q, c), rtol=1e-12)
        np.testing.assert_allclose(slope, 1 / scipy_stats.loggamma.pdf(x, c), rtol=1e-11)


@pytest.mark.parametrize("which", ["cdf", "sf", "logcdf", "logsf", "logpdf"])
@pytest.mark.parametrize(
    ("z", "a", "b"), [(0.5, -1.0, np.inf), (3.0, 0.3, np.inf), (-0.7, -np.inf, 0.7), (-3.0, -np.inf, -0.5)]
)
def test_truncated_normals_with_one_end(z: float, a: float, b: float, which: str) -> None:
    """Of all modes the same: by SciPy's values, with differences."""
    f, plain = (lambda z, of=of: getattr(of.truncnorm, which)(z, a, b) for of in (stats, scipy_stats))
    first, second = (
        (plain(z + 1e-4) - plain(z - 1e-4)) / 2e-4,
        (plain(z + 1e-4) - 2 * plain(z) + plain(z - 1e-4)) / 1e-8,
    )
    np.testing.assert_allclose([bb.grad(f)(z), bb.jvp(f, (z,), (1.0,))[1]], first, rtol=1e-6)
    found = bb.grad(bb.grad(f))(z), bb.hessian(f)(z), bb.jvp(lambda z: bb.jvp(f, (z,), (1.0,))[1], (z,), (1.0,))[1]
    np.testing.assert_allclose(found, second, rtol=1e-5, atol=2e-7)


def test_quantiles_of_a_truncated_normal_next_to_its_end() -> None:
    for q in (0.0, 1e-30, 1e-17, 1e-10):
        by_a, by_b = (bb.grad(stats.truncnorm.ppf, argnums=k)(q, 0.1, 2.0, scale=1.7) for k in (1, 2))
        np.testing.assert_allclose([by_a, by_b], [1.7, 0.0], atol=1e-9)


@pytest.mark.parametrize(
    ("name", "z", "a", "b"),
    [("logsf", -35.78013447182217, -40.0, -35.0), ("logcdf", 5.94888, 3.0, np.inf), ("logcdf", 1.9, -1.0, 2.0)],
)
def test_logarithms_of_probabilities_next_to_one(name: str, z: float, a: float, b: float) -> None:
    """By mpmath: the logarithm of 1 less what is left out."""
    with mpmath.workdps(60):
        whole = mpmath.ncdf(b) - mpmath.ncdf(a)
        rest = mpmath.ncdf(z) - mpmath.ncdf(a) if name == "logsf" else mpmath.ncdf(b) - mpmath.ncdf(z)
        expected = mpmath.log1p(-rest / whole)
        slope = (-1 if name == "logsf" else 1) * mpmath.npdf(z) / (whole - rest)
    value, found = bb.value_and_grad(lambda z: getattr(stats.truncnorm, name)(z, a, b))(z)
    assert value == pytest.approx(float(expected), rel=1e-10)
    assert found == pytest.approx(float(slope), rel=1e-10)
