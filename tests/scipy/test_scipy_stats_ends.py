"""Distributions where the parts of a density or of a distribution function change over, overflow or underflow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.scipy.agreement import slopes

plain = pytest.importorskip("scipy.stats")
from bibun.scipy import stats  # noqa: E402


def derivatives(f: Any, x: Any) -> tuple[Any, Any]:
    """Of both modes."""
    return bb.grad(f)(x), bb.jacfwd(f)(x)


@pytest.mark.skipif(not hasattr(plain, "jf_skew_t"), reason="of a newer SciPy")
def test_skew_t_at_its_location() -> None:
    """By hand at z = 0: (a - b) / √n, and -(a + 1/2 + b + 1/2 ) / n of n = a + b."""
    a, b = 4.0, 2.0
    for found in derivatives(lambda x: stats.jf_skew_t.logpdf(x, a, b), 0.0):
        np.testing.assert_allclose(found, (a - b) / np.sqrt(a + b))
    np.testing.assert_allclose(bb.hessian(lambda x: stats.jf_skew_t.logpdf(x, a, b))(0.0), -(a + b + 1) / (a + b))


def test_a_doubly_exponential_tail() -> None:
    """kappa4 of h = k = 0 is Gumbel's: log cdf = -e**-x."""
    for found in derivatives(lambda x: stats.kappa4.logcdf(x, 0.0, 0.0), -40.0):
        np.testing.assert_allclose(found, np.exp(40.0), rtol=1e-12)
    for which in ("cdf", "sf"):
        f = lambda x, which=which: getattr(stats.kappa4, which)(x, 0.0, 0.0)  # noqa: E731
        assert [*derivatives(f, -800.0), bb.hessian(f)(-800.0)] == [0, 0, 0]
    # of h = -1 it is the logistic family
    for found in derivatives(lambda x: stats.kappa4.logcdf(x, -1.0, 0.0), -800.0):
        np.testing.assert_allclose(found, 1.0)


@pytest.mark.parametrize(
    ("name", "which", "x", "shapes", "truth"),
    [
        ("powernorm", "logsf", 1e8, (2.0,), -2e8),  # 2 log Φ(-x), about -x²
        ("powerlognorm", "logsf", 1e9, (2.0, 1e-8), -2 * np.log(1e9) / 1e-16 / 1e9),  # the same of log(x) / s
    ],
)
def test_slopes_of_large_logarithms(name: str, which: str, x: float, shapes: Any, truth: float) -> None:
    for found in derivatives(lambda x: getattr(getattr(stats, name), which)(x, *shapes), x):
        np.testing.assert_allclose(found, truth, rtol=1e-9)


@pytest.mark.parametrize("which", ["cdf", "sf", "pdf"])
def test_beyond_an_overflow_nothing_changes(which: str) -> None:
    f = lambda x, b: getattr(stats.exponpow, which)(x, b)  # noqa: E731
    for x, b in ((30.0, 2.0), (800.0, 1.0)):
        assert bb.grad(f, argnums=(0, 1))(x, b) == (0, 0)
        np.testing.assert_array_equal(bb.hessian(lambda p: f(p[0], p[1]))(np.array([x, b])), np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("name", "shapes"),
    [("kappa3", (2.0,)), ("kappa3", (1.0,)), ("burr", (1.0, 1.0)), ("fisk", (1.0,)), ("mielke", (1.0, 2.0))],
)
def test_a_finite_density_at_0(name: str, shapes: Any) -> None:
    """By the point to one side; by a shape, where it is one that leaves the density finite."""
    family, theirs = getattr(stats, name), getattr(plain, name)
    h = 1e-5
    near = [theirs.pdf(k * h, *shapes) for k in range(1, 5)]  # which SciPy may not have at 0
    slope = (-13 / 3 * near[0] + 9.5 * near[1] - 7 * near[2] + 11 / 6 * near[3]) / h  # of third order, at 0
    for found in derivatives(lambda x: family.pdf(x, *shapes), 0.0):
        np.testing.assert_allclose(found, slope, rtol=1e-5, atol=1e-5)
    if name == "kappa3":
        truth = slopes(lambda a: theirs.logpdf([0.0, 1.0], a[0]).sum(), np.array(shapes))
        for found in derivatives(lambda a: family.logpdf(np.array([0.0, 1.0]), a[0]).sum(), np.array(shapes)):
            np.testing.assert_allclose(found, truth, rtol=1e-7)


@pytest.mark.parametrize(
    ("name", "shapes", "x"),
    [
        ("ncx2", (4.0, 2.0), 1400.0),
        ("ncx2", (4.0, 2.0), 2000.0),
        ("ncx2", (4.0, 2000.0), 0.01),
        ("nct", (4.0, 30.0), 0.01),
    ],
)
def test_densities_that_underflow_have_a_logarithm(name: str, shapes: Any, x: float) -> None:
    family, theirs = getattr(stats, name), getattr(plain, name)
    truth = slopes(lambda x: theirs.logpdf(x, *shapes), np.array(x), 1e-3 * x)
    y, tangent = bb.jvp(lambda x: family.logpdf(x, *shapes), (x,), (1.0,))
    np.testing.assert_allclose(y, theirs.logpdf(x, *shapes), rtol=1e-12)
    np.testing.assert_allclose(tangent, truth, rtol=1e-7)
    assert np.isfinite(bb.hessian(lambda x: family.logpdf(x, *shapes))(x))


@pytest.mark.parametrize(("name", "shapes", "slope"), [("nct", (4.0, 3.0), -5.0), ("ncf", (4.0, 3.0, 2.0), -2.5)])
def test_tails_like_a_power(name: str, shapes: Any, slope: float) -> None:
    """-(df + 1) / x of t, -(dfd / 2 + 1) / x of F."""
    for found in derivatives(lambda x: getattr(stats, name).logpdf(x, *shapes), 1e100):
        np.testing.assert_allclose(found, slope * 1e-100, rtol=1e-12)


@pytest.mark.filterwarnings("ignore:Bin widths are not constant")
def test_a_histogram_of_equal_edges() -> None:
    """Without density= SciPy takes a density for given wherever the edges differ."""
    counts, edges = np.array([1.0, 2, 3]), np.arange(4.0)
    cdf = lambda m, e: m.rv_histogram((counts, e)).cdf(0.5)  # noqa: E731
    truth = slopes(lambda e: cdf(plain, e), edges, 1e-3)
    for found in derivatives(lambda e: cdf(stats, e), edges):
        np.testing.assert_allclose(found, truth, atol=1e-9)
    stack = np.stack([edges, edges**1.5])
    looped = [bb.grad(lambda e: cdf(stats, e))(e) for e in stack]
    np.testing.assert_allclose(bb.vmap(bb.grad(lambda e: cdf(stats, e)))(stack), looped)


@pytest.mark.parametrize(
    ("which", "q", "scale"),
    [("ppf", -1.0, 1.0), ("isf", 1.5, 1.0), ("ppf", 0.5, -1.0), ("cdf", 0.5, -1.0), ("pdf", 0.5, -2.0)],
)
def test_a_histogram_where_it_has_no_value(which: str, q: float, scale: float) -> None:
    of = lambda m, q: getattr(m.rv_histogram((np.array([1.0, 2, 3]), np.arange(4.0))), which)(q, 0.0, scale)  # noqa: E731
    assert np.isnan(of(plain, q))
    assert np.isnan([*bb.value_and_grad(lambda q: of(stats, q))(q), bb.jacfwd(lambda q: of(stats, q))(q)]).all()
