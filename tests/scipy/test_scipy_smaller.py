"""Smaller functions of several modules: SciPy's numbers, and the slopes of these."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.scipy import integrate, interpolate, linalg, optimize, stats
from tests.scipy.agreement import check_beside, slopes

scipy_integrate, scipy_interpolate, scipy_linalg, scipy_optimize, scipy_stats = (
    pytest.importorskip(f"scipy.{name}") for name in ("integrate", "interpolate", "linalg", "optimize", "stats")
)
ours = SimpleNamespace(interpolate=interpolate, linalg=linalg, optimize=optimize, stats=stats)
theirs = SimpleNamespace(interpolate=scipy_interpolate, linalg=scipy_linalg, optimize=scipy_optimize, stats=scipy_stats)
_random = np.random.default_rng(0)
x, y = np.array([0.0, 1.1, 2.3, 3.2, 4.5]), _random.normal(size=5)
t, c = np.array([0, 0, 0, 0, 1.2, 2.1, 3, 3, 3, 3.0]), _random.normal(size=10)
T = np.array([0, 0.1, 0.2, 0.3, 1.2, 2.1, 3, 3.1, 3.2, 3.3])
TY, INNER = np.array([0, 0, 0, 1.1, 2, 2, 2.0]), np.array([[0.5, 0.3], [1.7, 1.4], [2.7, 1.9]])
pts, q = _random.normal(size=(6, 2)), _random.normal(size=(4, 2))
A, B, M = _random.normal(size=(6, 2)), _random.normal(size=(6, 3)), _random.normal(size=(4, 4))
yy, ww = np.array([1.0, 3, 2, 2.5, 4, 3.3, 5]), np.array([1.0, 2, 0.5, 1, 1.5, 1, 2])
h, e = np.array([2.0, 5, 1, 3]), np.array([0.0, 1, 2.5, 3, 4.4])
P, Q = np.array([0.3, 1.7, 2.7, 4.0]), np.array([0.1, 0.4, 0.77])

CASES: dict[str, tuple[Any, ...]] = {
    "lagrange": (lambda m, x, y: m.interpolate.lagrange(x, y).coeffs, x, y),
    "pade": (
        lambda m, a: np.concatenate([p.coeffs for p in m.interpolate.pade(a, 2)]),
        np.array([1.0, 0.9, 0.6, 0.3, 0.2]),
    ),
    "pade of given degrees": (
        lambda m, a: np.concatenate([p.coeffs for p in m.interpolate.pade(a, 1, 2)]),
        np.array([1.0, 0.9, 0.6, 0.3, 0.2]),
    ),
    "pade with a long denominator": (
        lambda m, a: np.concatenate([p.coeffs for p in m.interpolate.pade(a, 3, 1)]),
        np.array([1.0, 0.9, 0.6, 0.3, 0.2]),
    ),
    "approximate_taylor_polynomial": (
        lambda m, x, s: m.interpolate.approximate_taylor_polynomial(lambda v: np.exp(s * v), x, 3, 1.0, order=5).coeffs,
        0.3,
        0.7,
    ),
    "splder": (lambda m, t, c: m.interpolate.splder((t, c, 3))[1], T, c),
    "splantider": (lambda m, t, c: m.interpolate.splantider((t, c, 3), 2)[1], T, c),
    "splint": (lambda m, a, b, c: m.interpolate.splint(a, b, (t, c, 3)), 0.3, 2.5, c),
    "splint beyond the ends": (lambda m, a, b, c: m.interpolate.splint(a, b, (t, c, 3)), -0.3, 3.5, c),
    "spalde": (lambda m, v, c: m.interpolate.spalde(v, (t, c, 3)), 0.3, c),
    "spalde at several points": (lambda m, v, c: np.stack(m.interpolate.spalde(v, (t, c, 3))), np.array([0.3, 1.7]), c),
    "NearestNDInterpolator": (lambda m, v: m.interpolate.NearestNDInterpolator(pts, v)(q), _random.normal(size=6)),
    "NearestNDInterpolator of vectors": (
        lambda m, v: m.interpolate.NearestNDInterpolator(pts, v)(q[:, 0], q[:, 1]),
        _random.normal(size=(6, 2)),
    ),
    **{
        f"NdBSpline{nu}": (
            lambda m, v, c, t, nu=nu: m.interpolate.NdBSpline((t, TY), c, (3, 2))(v, nu=nu),
            INNER,
            _random.normal(size=(6, 4)),
            T,
        )
        for nu in (None, (1, 0), (1, 1))
    },
    "NdBSpline of vectors": (
        lambda m, c: m.interpolate.NdBSpline((t, TY), c, (3, 2))(INNER[0]),
        _random.normal(size=(6, 4, 2)),
    ),
    "NdBSpline within": (
        lambda m, c: m.interpolate.NdBSpline((t, TY), c, (3, 2), extrapolate=False)(INNER + [[0, 0], [9, 0], [0, 0]]),
        _random.normal(size=(6, 4)),
    ),
    "CloughTocher2DInterpolator": (
        lambda m, v: m.interpolate.CloughTocher2DInterpolator(pts, v, -1.0, 1e-14)(q),
        _random.normal(size=6),
    ),
    "CloughTocher2DInterpolator of vectors": (
        lambda m, v: m.interpolate.CloughTocher2DInterpolator(pts, v, 0.0, 1e-14, 9999)(q[:, 0] / 4, q[:, 1] / 4),
        _random.normal(size=(6, 2)),
    ),
    "griddata, nearest": (
        lambda m, v: m.interpolate.griddata(pts, v, (q[:, 0], q[:, 1]), "nearest"),
        _random.normal(size=6),
    ),
    "subspace_angles": (lambda m, A, B: m.linalg.subspace_angles(A, B), A, B),
    "funm": (lambda m, A: m.linalg.funm(A, np.exp), M),
    "funm of another function": (lambda m, A: m.linalg.funm(A, lambda w: w**3 + np.sin(w)), M[:3, :3]),
    "isotonic_regression": (lambda m, y, w: m.optimize.isotonic_regression(y, weights=w).x, yy, ww),
    "isotonic_regression downwards": (lambda m, y: m.optimize.isotonic_regression(y, increasing=False).x, yy),
    **{
        f"rv_histogram {n}": (
            lambda m, p, n=n: getattr(m.stats.rv_histogram((h, e), density=True), n)(p),
            P if "df" in n or n == "sf" else Q,
        )
        for n in ("pdf", "logpdf", "cdf", "sf", "ppf", "isf")
    },
    **{
        f"rv_histogram by {n}": (
            lambda m, h, e, n=n: getattr(m.stats.rv_histogram((h, e), density=False), n)(
                P if "df" in n or n == "sf" else Q
            ),
            h,
            e,
        )
        for n in ("pdf", "cdf", "ppf")
    },
    **{
        f"rv_histogram by {n}": (
            lambda m, h, e, n=n: getattr(m.stats.rv_histogram((h, e), density=False), n)(0.3, 1.7),
            h,
            e,
        )
        for n in ("mean", "var", "std")
    },
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_beside_scipy(case: Any) -> None:
    f, *xs = case
    check_beside(f, ours, theirs, *xs, rtol=1e-5)


OLDER: dict[str, dict[str, Any]] = {
    "fmin": {"xtol": 1e-10, "ftol": 1e-12}, "fmin_powell": {"xtol": 1e-10, "ftol": 1e-12}, "fmin_cg": {"gtol": 1e-9},
    "fmin_bfgs": {"gtol": 1e-9},
    "fmin_ncg": {"fprime": lambda x, p: np.stack([2 * (x[0] - p) + 0.4 * x[0] ** 3, 2 * (x[1] - p**2)])},
}  # fmt: skip


@pytest.mark.parametrize("name", OLDER)
def test_older_names_of_minimize(name: str) -> None:
    """2 (x - p) + 0.4 x³ = 0: x' = 2 / (2 + 1.2 x²), and the other one is p²."""

    def place(p: Any) -> Any:
        f = lambda x, p: (x[0] - p) ** 2 + (x[1] - p**2) ** 2 + 0.1 * x[0] ** 4  # noqa: E731
        return getattr(optimize, name)(f, np.zeros(2), args=(p,), disp=0, **OLDER[name])

    at = place(0.7)
    for jacobian in (bb.jacfwd, bb.jacrev):
        np.testing.assert_allclose(jacobian(place)(0.7), [2 / (2 + 1.2 * at[0] ** 2), 1.4], rtol=1e-7)
    np.testing.assert_allclose(bb.jvp(place, (0.7,), (1.0,))[0], at, atol=1e-7)


def test_older_names_of_minimize_scalar() -> None:
    """2 (x - p) + p exp(x p) = 0"""
    for name, settings in (("brent", {}), ("golden", {}), ("fminbound", {"x1": -1.0, "x2": 3.0})):
        place = lambda p, name=name, settings=settings: getattr(optimize, name)(  # noqa: E731
            lambda x: (x - p) ** 2 + np.exp(x * p), **settings
        )
        v = place(0.7)
        truth = (2 - (1 + v * 0.7) * np.exp(0.7 * v)) / (2 + 0.49 * np.exp(0.7 * v))
        np.testing.assert_allclose(bb.grad(place)(0.7), truth, rtol=1e-5)
        assert bb.jvp(place, (0.7,), (1.0,))[0] == pytest.approx(v)
    with pytest.raises(bb.NoDerivativeError, match="full_output="):
        bb.grad(lambda p: optimize.brent(lambda x: (x - p) ** 2, full_output=True)[0])(0.7)


def test_cubic_griddata_is_linear_in_the_values() -> None:
    """So the slopes are the values of unit data, to the 1e-6 to which SciPy finds these."""
    places = np.array([[0.1, 0.2], [-0.2, 0.3]])
    found = bb.jacobian(lambda v: interpolate.griddata(pts, v, places, "cubic"))(np.arange(6.0))
    np.testing.assert_allclose(found, scipy_interpolate.griddata(pts, np.eye(6), places, "cubic"), atol=1e-5)


def test_blocks_of_isotonic_regression() -> None:
    found, plainly = (
        optimize.isotonic_regression(bb.Variable(yy), weights=ww),
        scipy_optimize.isotonic_regression(yy, weights=ww),
    )
    np.testing.assert_array_equal(found.blocks, plainly.blocks)
    np.testing.assert_allclose(found.weights, plainly.weights)


def test_tanhsinh() -> None:
    """∫ exp(-a t²) over the half-line is √(π / a) / 2, and ∫ t**a from 0 to b is b**(a + 1) / (a + 1)."""
    f = lambda a: integrate.tanhsinh(lambda t: np.exp(-a * t**2), 0, np.inf).integral  # noqa: E731
    for derivative in (bb.grad(f), bb.jacfwd(f)):
        np.testing.assert_allclose(derivative(1.3), -np.sqrt(np.pi) / 4 * 1.3**-1.5, rtol=1e-9)
    np.testing.assert_allclose(bb.hessian(f)(1.3), 3 * np.sqrt(np.pi) / 8 * 1.3**-2.5, rtol=1e-9)
    g = lambda a, b: integrate.tanhsinh(lambda t, a: t**a, 0, b, args=a).integral  # noqa: E731
    by_a, by_b = bb.grad(g, argnums=(0, 1))(0.3, 1.7)
    np.testing.assert_allclose(by_b, 1.7**0.3, rtol=1e-9)
    np.testing.assert_allclose(by_a, 1.7**1.3 * (np.log(1.7) / 1.3 - 1 / 1.69), rtol=1e-9)
    np.testing.assert_allclose(bb.vmap(f)(np.array([1.3, 2.0])), np.sqrt(np.pi / np.array([1.3, 2.0])) / 2, rtol=1e-9)
    assert integrate.tanhsinh(np.cos, 0, [1.0, 2.0]).integral.shape == (2,)
    with pytest.raises(bb.NoDerivativeError, match="log="):
        bb.grad(lambda a: integrate.tanhsinh(lambda t: a * t, 0, 1, log=True).integral)(1.3)


def test_a_spline_object_has_a_derivative_and_an_integral() -> None:
    spline = lambda c: interpolate.BSpline(t, c, 3)  # noqa: E731
    for name in ("splder", "splantider"):
        f = lambda m, c, name=name: getattr(m, name)(m.BSpline(t, c, 3))(1.7)  # noqa: E731
        truth = slopes(lambda c, f=f: f(scipy_interpolate, c), c[:6])
        np.testing.assert_allclose(bb.jacrev(lambda c, f=f: f(interpolate, c))(c[:6]), truth, rtol=1e-7, atol=1e-9)
    found = bb.grad(lambda c: interpolate.splint(0.3, 2.0, spline(c)))(c[:6])
    truth = slopes(lambda c: scipy_interpolate.splint(0.3, 2.0, (t, np.pad(c, (0, 4)), 3)), c[:6])
    np.testing.assert_allclose(found, truth, rtol=1e-7, atol=1e-10)


def test_refused() -> None:
    for call, message in (
        (lambda s: interpolate.splint(0.0, s, (t, c, 3), 1), "full_output="),
        (lambda s: interpolate.CloughTocher2DInterpolator(pts * s, np.ones(6)), "RBFInterpolator"),
        (lambda s: interpolate.CloughTocher2DInterpolator(pts, np.ones(6))(q * s), "RBFInterpolator"),
        (lambda s: stats.rv_histogram((h * s, e), density=True).entropy(), "no derivative|has no attribute|SciPy's"),
    ):
        with pytest.raises((bb.NoDerivativeError, AttributeError), match=message):
            bb.jvp(call, (1.0,), (1.0,))
    with pytest.raises(ValueError, match="must be independent"):
        bb.grad(lambda a: linalg.subspace_angles(a, B)[0])(np.ones((6, 2)))


def test_a_function_of_a_matrix_as_the_one_that_is_known() -> None:
    """By the eigenvalues the logarithm of M Mᵀ + 1 has logm's derivatives."""
    spd = M @ M.T + np.eye(4)
    found, truth = (bb.jacobian(f)(spd) for f in (lambda a: linalg.funm(a, np.log), linalg.logm))
    np.testing.assert_allclose(found, truth, rtol=1e-9, atol=1e-10)
