"""np.emath, which decides by the values between real and complex; i0, unwrap, sliding windows, pairs of results."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import bibun as bb
from tests.families.agreement import check, check_first, check_second, sample

X = np.array([[-1.6, -0.7, 0.75], [1.5, -2.3, 0.5]])  # of both signs, beyond 1 and within
Z = X + 1j * sample(2, 3, seed=1)
POSITIVE = np.abs(X)
SMALL = X / 4

EMATH: dict[str, Any] = {
    **{name: getattr(np.emath, name) for name in ("sqrt", "log", "log2", "log10", "arccos", "arcsin", "arctanh")},
    "logn": lambda x: np.emath.logn(3, x),
    "logn, base": lambda x: np.emath.logn(x, -2.0),
    "power": lambda x: np.emath.power(x, 1.5),
    "power, exponent": lambda x: np.emath.power(-2.0, x),
    "power, negative": lambda x: np.emath.power(x, -2),
}


@pytest.mark.parametrize("name", EMATH)
def test_emath(name: str) -> None:
    f = EMATH[name]
    for x in (X, Z, SMALL if name.startswith("arc") else POSITIVE):
        check_first(f, x)
        check_second(f, x)
    for x in (X, POSITIVE, POSITIVE.astype(np.float32), X.astype(np.float32)):
        y = bb.vjp(f, x)[0]
        assert (y.dtype, y.tobytes()) == (f(x).dtype, f(x).tobytes())


def test_both_sides_of_the_cuts() -> None:
    """Beyond 1 the sign of a zero imaginary part says on which side of the cut an argument is."""
    z = np.array([complex(x, y) for x in (2.0, -2.0) for y in (0.0, -0.0)])
    for f in (np.arccos, np.arcsin):
        slopes = (f(z + 1e-6) - f(z - 1e-6)) / 2e-6  # adding a real number keeps the side where y = 0
        keeps = np.array([True, False, True, False])
        got = np.diagonal(bb.jacobian(f)(z))
        np.testing.assert_allclose(got[keeps], slopes[keeps], rtol=1e-8)
        np.testing.assert_allclose(got[~keeps], np.conj(got[keeps]), rtol=1e-14)  # f(conj z) = conj f(z)


@pytest.mark.parametrize("name", ["sqrt", "arccos"])
def test_emath_compiled(name: str) -> None:
    f = bb.value_and_grad(lambda x: np.sum(np.abs(EMATH[name](x)) ** 3))
    compiled = bb.compile(f)
    for x in (X, SMALL, np.abs(SMALL), 1.9 * X):  # each side of the decision has a version of its own
        for got, want in zip(compiled(x), f(x), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-12)


def test_real_if_close_and_sort_complex() -> None:
    check(lambda x: np.real_if_close(x * (1 + 1e-15j)), X)
    assert bb.vjp(np.real_if_close, Z)[0].dtype.kind == "c"
    check_first(lambda z: np.real_if_close(z, tol=1000), Z)
    check_first(np.sort_complex, Z)
    check_first(np.sort_complex, X)
    assert bb.vjp(np.sort_complex, X.astype(np.float32))[0].dtype == np.complex128


@pytest.mark.parametrize("order", range(4))
def test_i0_and_its_derivatives(order: int) -> None:
    """Of every size: the power series, the asymptotic one, and where they meet."""
    f: Any = np.i0
    for _ in range(order):
        f = bb.grad(f)
    for x in (0.0, 1e-8, -0.5, 3.0, 7.9, 8.1, -19.99, 19.99, 20.01, 45.0, -200.0, 690.0):
        want = float(mpmath.diff(lambda t: mpmath.besseli(0, t), mpmath.mpf(x), order)) if order else np.i0(x)
        np.testing.assert_allclose(f(x), want, rtol=4e-15, atol=1e-16 if order % 2 else 0)


def test_i0_in_every_mode() -> None:
    check(np.i0, X)
    check(np.i0, 10 * X)
    assert bb.grad(lambda x: np.sum(np.i0(x)))(X.astype(np.float32)).dtype == np.float32
    with pytest.raises(TypeError, match="complex"):
        bb.vjp(np.i0, Z)


ANGLES = np.array([[0.1, 3.0, -2.8, 2.9, 9.5], [1.0, 8.0, 14.0, -3.0, -2.5]])


def test_unwrap() -> None:
    check(np.unwrap, ANGLES)
    check(lambda p: np.unwrap(p, axis=0), ANGLES)
    check(lambda p: np.unwrap(p, 4.0, -1), ANGLES)
    check(lambda p: np.unwrap(p, discont=0.5, period=5.0), ANGLES)
    check(lambda p, period: np.unwrap(p, period=period), ANGLES, np.array(5.3), batch=False)
    steps = np.array([0.0, 0.5, 0.0, -0.5, 0.0])  # of half a period: each keeps its sign
    assert np.array_equal(bb.vjp(lambda p: np.unwrap(p, period=1), steps)[0], np.unwrap(steps, period=1))
    whole = np.array([0, 3, -3, 5, 1])
    assert np.array_equal(np.unwrap(bb.Variable(whole), period=5).data, np.unwrap(whole, period=5))


CUBE = sample(3, 4, 5)


def test_sliding_windows() -> None:
    check(lambda x: sliding_window_view(x, 3), X.ravel())
    check(lambda x: sliding_window_view(x, (2, 2, 3)), CUBE)
    check(lambda x: sliding_window_view(x, 2, axis=1), CUBE)
    check(lambda x: sliding_window_view(x, (2, 3), axis=(-1, 0)), CUBE)
    check(lambda x: sliding_window_view(x, (2, 2), (2, 2)), CUBE, batch=False)
    check(
        lambda x, k: np.einsum("ijk,k->ij", sliding_window_view(x, 3, 1), k), X, np.array([1.0, -2.0, 0.5]), batch=False
    )
    x = bb.Variable(CUBE)
    with pytest.raises(bb.NoDerivativeError, match="writeable"):
        sliding_window_view(x, 2, axis=0, writeable=True)
    with pytest.raises(ValueError, match="larger than"):
        sliding_window_view(x, 9, axis=0)
    with pytest.raises(ValueError, match="window lengths"):
        sliding_window_view(x, 2)


def test_a_convolution_by_windows_has_the_gradient_of_a_convolution() -> None:
    k, g = np.array([0.5, -1.0, 2.0]), sample(8, seed=3)
    x = sample(10)
    _, pullback = bb.vjp(lambda x: sliding_window_view(x, 3) @ k, x)
    np.testing.assert_allclose(pullback(g)[0], np.convolve(g, k), atol=1e-14)


def test_pairs_of_results() -> None:
    x, y = np.array([7.3, -2.6, 0.4]), np.array([2.1, 0.8, -1.7])
    for k in (0, 1):
        check(lambda x, y, k=k: np.divmod(x, y)[k], x, y, batch=False)
        check(lambda x, y, k=k: divmod(x, y)[k], x, y, batch=False)
        check(lambda x, k=k: np.modf(x)[k], x)
    check(lambda x: np.frexp(x)[0], x)
    check(lambda x: np.ldexp(x, np.array([1, -2, 3])), x, batch=False)
    check(lambda x: np.ldexp(*np.frexp(x)), x, batch=False)
    exponents = np.frexp(bb.Variable(x))[1]
    assert exponents.dtype == np.int32
    assert np.array_equal(exponents, np.frexp(x)[1])


@pytest.mark.parametrize("dtype", ["?", "u1", "i2", "i4", "i8"])
@pytest.mark.parametrize("shape", [(), (3,), (0,)])
def test_both_parts_of_integers_are_floats(dtype: str, shape: tuple[int, ...]) -> None:
    x = np.resize([3, 0, 1], shape).astype(dtype)
    for got in (bb.compile(np.modf)(x), bb.vmap(np.modf)(x[None])):
        for part, want in zip(got, np.modf(x), strict=True):
            assert part.dtype == want.dtype
            np.testing.assert_array_equal(part, np.reshape(want, np.shape(part)))


def test_results_into_given_arrays() -> None:
    x = bb.Variable(np.array([7.3, -2.6]))
    fraction, whole = np.zeros_like(x), np.zeros_like(x)
    got = np.modf(x, out=(fraction, whole))
    assert got[0] is fraction
    assert got[1] is whole
    assert np.array_equal(whole.data, [7.0, -2.0])
    np.sum(fraction * fraction).backward()
    np.testing.assert_allclose(x.grad, 2 * np.modf(x.data)[0])
