"""Polynomials by their coefficients, the highest power first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.families.agreement import check, check_first, check_second, sample

P, Q = sample(4), sample(3, seed=1)
POINTS, VALUES = sample(6, seed=2), 0.8 * sample(6, seed=3)


def joined(parts: Any) -> Any:
    """All numbers of several results in one vector."""
    return np.concatenate([np.ravel(part) for part in parts])


ARITHMETIC: dict[str, Any] = {
    "polyadd": np.polyadd,
    "polysub": lambda p, q: np.polysub(q, p),
    "polymul": np.polymul,
    "polydiv": lambda p, q: joined(np.polydiv(p, q)),
    "polydiv by a number": lambda p, q: joined(np.polydiv(p, q[0])),
    "polydiv by a longer one": lambda p, q: joined(np.polydiv(q, p)),
    "polyval": lambda p, q: np.polyval(p, np.outer(q, q)),
    "polyval of a list": lambda p, q: np.polyval(p, [1.0, 2.0]) * q[0],
    "polyval at traced points": lambda p, q: np.polyval([1.0, 2.0, 3.0], p) * q[0],
    "polyder": lambda p, q: np.polyder(p, 2) * q[0],
    "polyint": lambda p, q: np.polyint(p, 2, k=q[:2]),
    "polyint by a number": lambda p, q: np.polyint(p, 2, q[0]),
    "vander": lambda p, q: np.vander(p, 4) * q[0],
    "vander increasing": lambda p, q: np.vander(p, 3, increasing=True) * q,
    "poly": lambda p, q: np.poly(p) * q[0],
    "poly of a matrix": lambda p, q: np.poly(np.outer(q, p[:3]) + np.diag(p[1:])),
    "poly1d": lambda p, q: np.poly1d(p)(q),
    "poly1d arithmetic": lambda p, q: (np.poly1d(p) * np.poly1d(q) - 2 * np.poly1d(q) ** 2).deriv()(q),
    "poly1d by another": lambda p, q: joined(part.coeffs for part in np.poly1d(p) / np.poly1d(q)),
    "poly1d by a plain one": lambda p, q: joined(part.coeffs for part in np.poly1d(p) / np.poly1d([1.0, 2.0])) * q[0],
    "a plain poly1d by another": lambda p, q: (  # in single precision NumPy's remainder has rounding errors in front
        joined(part.coeffs[-2:] for part in np.poly1d([3.0, 2.0, 1.0, 4.0]) / np.poly1d(q)) * p[0]
    ),
    "poly1d integ": lambda p, q: np.poly1d(p).integ(k=1.0)(q),
    "in two variables": lambda p, q: np.polynomial.polynomial.polyval2d(q, p[:3], np.outer(q, p)),
    "on a grid": lambda p, q: np.polynomial.polynomial.polygrid2d(q, p, np.outer(q, p)),
    "of numpy.polynomial": lambda p, q: np.polynomial.polynomial.polyval(p, [1.0, 2.0, 3.0]) * q[0],
    "of Chebyshev": lambda p, q: np.polynomial.chebyshev.chebval(p, [1.0, 2.0, 3.0]) * q[0],
}


@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic(name: str) -> None:
    if name in ("in two variables", "on a grid") and not hasattr(np.polynomial.polynomial.polyval2d, "_implementation"):
        pytest.skip("this NumPy makes plain arrays of its arguments")
    check(ARITHMETIC[name], P, Q)


FITS: dict[str, Any] = {
    "polyfit": lambda x, y: np.polyfit(x, y, 2),
    "weights": lambda x, y: np.polyfit(x, VALUES, 2, w=y * y + 0.3),
    "several": lambda x, y: np.polyfit(x, np.stack([y, x * y], axis=1), 2),
    "full": lambda x, y: joined(np.polyfit(x, y, 2, full=True)[:2]),
    "singular values": lambda x, y: np.polyfit(x, y, 2, full=True)[3],
    "cov": lambda x, y: joined(np.polyfit(x, y, 2, cov=True)),
    "unscaled": lambda x, y: np.polyfit(x, y, 2, w=y * y + 0.3, cov="unscaled")[1],
    "through all points": lambda x, y: np.polyfit(x, y, 5),
}


@pytest.mark.parametrize("name", FITS)
def test_fits(name: str) -> None:
    f = FITS[name]
    check_first(f, POINTS, VALUES)
    check_second(f, POINTS, VALUES)


def test_the_derivative_of_a_fit_is_exact_for_a_line() -> None:
    """d(slope)/dy[i] = (x[i] - mean x) / sum of (x - mean x)**2."""
    off = POINTS - POINTS.mean()
    slope = bb.grad(lambda y: np.polyfit(POINTS, y, 1)[0])(VALUES)
    np.testing.assert_allclose(slope, off / np.sum(off**2), rtol=1e-12)


def test_a_fit_of_too_few_points_warns() -> None:
    with pytest.warns(np.exceptions.RankWarning, match="poorly conditioned"):
        bb.grad(lambda y: np.sum(np.polyfit(np.ones(4), y, 2)))(P)


ROOTS = {
    "real": np.array([2.0, 1.0, -3.5, 0.7]),
    "conjugate": np.array([1.0, 0.4, 2.0, -1.0]),
    "complex": np.array([1.0, 0.4 + 1j, 2.0, -1.0j]),
    "zero among them": np.array([1.5, -1.0, -2.0, 0.0]),
    "leading zeros": np.array([0.0, 0.0, 1.5, -1.0, -2.0]),
}


@pytest.mark.parametrize("name", ROOTS)
def test_roots(name: str) -> None:
    c = ROOTS[name]
    if name != "leading zeros":  # which a difference would make others of
        check_first(lambda p: np.sum(np.roots(p) ** 3), c)
        check_second(lambda p: np.sum(np.roots(p) ** 3), c)
    got = np.asarray(bb.jvp(np.roots, (c,), (c,))[0])
    np.testing.assert_array_equal(got, np.roots(c))
    assert got.dtype == np.roots(c).dtype


def test_roots_and_coefficients_are_inverse() -> None:
    roots = np.array([0.3, -1.2, 2.5])
    there_and_back = bb.jacobian(lambda r: np.sort(np.roots(np.poly(r))))(np.sort(roots))
    np.testing.assert_allclose(there_and_back, np.eye(3), atol=1e-12)


def test_a_double_root_has_no_derivative() -> None:
    with pytest.raises(bb.DerivativeValueError, match="a root of higher order"):
        bb.grad(lambda p: np.sum(np.roots(p)))(np.array([1.0, 0.0, 0.0]))


def test_a_polynomial_holds_its_coefficients_from_numpy() -> None:
    for f in (np.polyder, np.polyint, lambda p: np.polyadd(p, p), lambda p: np.polyval(p, 2.0)):
        with pytest.raises(
            bb.LostDerivativeError, match=r"a plain array of a np\.poly1d: write p\.coeffs instead of p\.$"
        ):
            bb.grad(lambda c, f=f: f(np.poly1d(c)))(P)


def test_compiled_roots_change_their_kind() -> None:
    f = lambda p: np.sum(np.abs(np.roots(p)) ** 2)  # noqa: E731
    compiled = bb.compile(bb.grad(f))
    for c in (ROOTS["real"], ROOTS["conjugate"], ROOTS["real"] * 1.1):
        np.testing.assert_allclose(compiled(c), bb.grad(f)(c), rtol=1e-10)


@pytest.mark.parametrize("dtype", "efdgFD")
def test_polynomials_of_zeros_have_numpys_dtype(dtype: str) -> None:
    zeros = np.array([1.0, 2.5], dtype)
    found = np.poly(bb.Variable(zeros)).data
    np.testing.assert_allclose(found, np.poly(zeros), rtol=1e-6)
    assert found.dtype == np.poly(zeros).dtype
    assert np.sort_complex(bb.Variable(zeros)).dtype == np.sort_complex(zeros).dtype
