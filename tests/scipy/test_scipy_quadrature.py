"""Integrals of functions and of samples: derivatives against closed forms and differences of SciPy's own numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.exceptions import ComplexWarning

import bibun as bb
from bibun.scipy import integrate
from tests.families.agreement import check_first, check_second

scipy_integrate = pytest.importorskip("scipy.integrate")

A = np.array([1.0, 0.5, 1.5])


def test_an_integral_whose_derivative_is_more_singular_than_it() -> None:
    def area(a: Any) -> Any:
        return integrate.quad(lambda x: x**a, 0, 1)[0]  # 1 / (1 + a)

    derivative: Any = area
    for order, sign in enumerate((1, -1, 2)):
        np.testing.assert_allclose(derivative(-0.5), sign * 0.5 ** -(order + 1), rtol=1e-9)
        derivative = bb.grad(derivative)
    np.testing.assert_allclose(bb.jvp(area, (-0.5,), (1.0,))[1], -4.0, rtol=1e-9)


def window(a: Any) -> Any:
    return integrate.quad(lambda x, c: np.exp(-c * x * x * a[0]), a[1], a[2] * a[1] + 1, args=(a[2],), epsabs=1e-13)[0]


def test_limits_arguments_and_closures_at_once() -> None:
    check_first(window, A)
    check_second(window, A)


def test_an_integral_under_vmap() -> None:
    stack = np.stack([A, A / 2])
    looped = [bb.grad(window)(a) for a in stack]
    np.testing.assert_allclose(bb.vmap(bb.grad(window))(stack), looped, rtol=1e-12)
    np.testing.assert_allclose(bb.vmap(lambda a: integrate.quad(lambda x: a * x, 0.0, 2.0)[0])(A), 2 * A, rtol=1e-12)


def test_an_infinite_interval_and_a_report() -> None:
    def area(a: Any) -> Any:
        value, error, report = integrate.quad(lambda x: np.exp(-a * x * x), -np.inf, np.inf, full_output=True)
        assert error < 1e-7
        assert report["neval"] > 20
        return value

    np.testing.assert_allclose(bb.grad(area)(2.0), -np.sqrt(np.pi) / 2 / 2**1.5, rtol=1e-8)


def test_weights() -> None:
    def area(w: Any, b: Any) -> Any:
        return integrate.quad(lambda x: w * x, 0.0, b, weight="cos", wvar=3.0)[0]  # ∫ w x cos 3x

    check_first(area, np.float64(1.3), np.float64(2.0))
    with pytest.raises(bb.NoDerivativeError, match="weight"):
        bb.grad(lambda b: integrate.quad(np.cos, 0.0, b, weight="alg", wvar=(-0.5, 0))[0])(1.0)
    with pytest.raises(bb.NoDerivativeError, match="wvar= is a setting"):
        bb.grad(lambda a: integrate.quad(lambda x: np.exp(a * x), 0, 1, weight="alg", wvar=(a, 0.2))[0])(0.3)
    by_argument = bb.grad(lambda c: integrate.quad(lambda x: c * np.cos(x), 0.0, 1.0, weight="alg", wvar=(-0.5, 0))[0])(
        2.0
    )
    np.testing.assert_allclose(by_argument, scipy_integrate.quad(np.cos, 0, 1, weight="alg", wvar=(-0.5, 0))[0])


def test_variables_define_by_run() -> None:
    a, b = bb.Variable(np.array(2.0)), bb.Variable(np.array(1.5))
    area = integrate.quad(lambda x: a * x**2, 0.0, b)[0]
    area.backward()
    np.testing.assert_allclose([a.grad, b.grad], [1.5**3 / 3, 2 * 1.5**2], rtol=1e-12)
    with pytest.raises(bb.NoDerivativeError, match="nest transforms"):
        integrate.quad(lambda x: a * x**2, 0.0, b)[0].backward(create_graph=True)
    end = bb.Variable(np.array(1.5, np.float32))
    integrate.quad(lambda x: x, 0.0, end)[0].backward()
    assert end.grad.dtype == np.float32


def test_arrays_and_several_dimensions() -> None:
    def vector(a: Any) -> Any:
        return integrate.quad_vec(lambda x: np.exp(-x * a) * np.array([1, x, x]), a[0], 3.0)[0]

    check_first(vector, A)

    def volume(a: Any) -> Any:
        return integrate.dblquad(lambda y, x: np.exp(-a[0] * x * y) * a[1], 0, a[2], lambda x: a[0] * x, 3.0)[0]

    plain = scipy_integrate.dblquad(lambda y, x: np.exp(-A[0] * x * y) * A[1], 0, A[2], lambda x: A[0] * x, 3.0)
    assert volume(A) == plain[0]
    np.testing.assert_allclose(bb.grad(volume)(A), bb.numerical.gradient(volume, A).value, rtol=1e-6)
    box = bb.grad(lambda a: integrate.tplquad(lambda z, y, x: a * x, 0, 1, 0, 1, 0, lambda x, y: y * a)[0])(2.0)
    np.testing.assert_allclose(box, 1.0, rtol=1e-9)  # a² / 4
    check_first(lambda a: integrate.fixed_quad(lambda x: np.exp(a[0] * x), a[1], a[2])[0], A)


def of_a_complex_number(name: str, z: Any) -> tuple[Any, Any]:
    """(an integral, the same by NumPy's words), both real."""
    if name == "quad":
        return integrate.quad(lambda t: np.real(np.exp(z * t)), 0, 1)[0], np.real((np.exp(z) - 1) / z)
    if name == "complex_func":
        value = integrate.quad(lambda t: np.exp(z * t) * np.conj(z), 0, 1, complex_func=True)[0]
        return np.abs(value + z), np.abs((np.exp(z) - 1) / z * np.conj(z) + z)
    if name == "quad_vec":  # not holomorphic, of an array, up to a limit
        value = integrate.quad_vec(lambda t: np.exp(z * t) * np.conj(z) * np.stack([t**0, t]), 0, np.abs(z))[0]
        b = np.abs(z)
        first, second = (np.exp(z * b) - 1) / z, b * np.exp(z * b) / z - (np.exp(z * b) - 1) / z**2
        return np.abs(value[0]) + np.imag(value[1] * z), np.abs(first * np.conj(z)) + np.imag(second * np.conj(z) * z)
    value = integrate.dblquad(lambda y, x: np.real(np.exp(z * x) * y), 0, 1, 0, lambda x: 1.0)[0]
    return value, np.real((np.exp(z) - 1) / z / 2)


@pytest.mark.parametrize("name", ["quad", "complex_func", "quad_vec", "dblquad"])
def test_a_complex_parameter(name: str) -> None:
    z = 0.6 + 0.8j
    gradients = [bb.grad(lambda z, k=k: of_a_complex_number(name, z)[k]) for k in range(2)]
    np.testing.assert_allclose(gradients[0](z), gradients[1](z), rtol=1e-9)

    def second(k: int) -> Any:
        return bb.grad(lambda z: np.imag(gradients[k](z)))(z)

    np.testing.assert_allclose(second(0), second(1), rtol=1e-8)


def test_a_complex_array_of_a_real_parameter() -> None:
    def size(a: Any) -> Any:
        return np.abs(integrate.quad_vec(lambda t: np.exp(1j * a * t), 0, 1)[0])  # |sin(a/2) / (a/2)|

    def exact(a: Any) -> Any:
        return np.sin(a / 2) / (a / 2)

    np.testing.assert_allclose(bb.grad(size)(1.3), bb.grad(exact)(1.3), rtol=1e-9)
    np.testing.assert_allclose(bb.hessian(size)(1.3), bb.grad(bb.grad(exact))(1.3), rtol=1e-8)
    np.testing.assert_allclose(bb.grad(bb.grad(size))(1.3), bb.grad(bb.grad(exact))(1.3), rtol=1e-8)


def test_a_complex_integrand_without_complex_func_is_real_with_a_warning() -> None:
    def area(a: Any) -> Any:
        return integrate.quad(lambda t: np.exp(1j * a * t), 0, 1)[0]

    with pytest.warns(ComplexWarning):
        np.testing.assert_allclose(area(1.3), np.sin(1.3) / 1.3, rtol=1e-12)
    with pytest.warns(ComplexWarning):
        np.testing.assert_allclose(bb.grad(area)(1.3), np.cos(1.3) / 1.3 - np.sin(1.3) / 1.3**2, rtol=1e-9)


@pytest.mark.parametrize("name", ["trapezoid", "simpson", "cumulative_trapezoid", "cumulative_simpson"])
@pytest.mark.parametrize("n", [3, 6, 7])
def test_samples(name: str, n: int) -> None:
    generator = np.random.default_rng(n)
    x, y = np.cumsum(0.3 + generator.random(n)), generator.standard_normal((2, n))
    ours, theirs = getattr(integrate, name), getattr(scipy_integrate, name)
    for settings in ({"x": x}, {"dx": 0.3}):
        value, _ = bb.jvp(lambda y: ours(y, **settings), (y,), (y,))
        np.testing.assert_allclose(value, theirs(y, **settings), rtol=1e-13, atol=1e-14)
    check_first(lambda y, x: ours(y, x=x), y, x)
    check_second(lambda y, x: ours(y, x=x), y, x)


@pytest.mark.parametrize("n", [2, 3, 4, 6, 7])
def test_a_batch_of_places_one_of_which_is_repeated(n: int) -> None:
    x, y = np.cumsum(0.1 + np.random.default_rng(n).random((3, n)), axis=1), np.cos(np.arange(n))
    x[1, 1] = x[1, 0]
    expected = [scipy_integrate.simpson(y, x=one) for one in x]
    np.testing.assert_allclose(bb.vmap(lambda x: integrate.simpson(y, x=x))(x), expected, rtol=1e-13)


@pytest.mark.parametrize("name", ["trapezoid", "simpson", "cumulative_trapezoid", "cumulative_simpson", "romb"])
@pytest.mark.parametrize("n", [2, 3, 4, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
def test_samples_keep_the_precision_that_scipy_gives_them(name: str, n: int, dtype: Any) -> None:
    y = (np.arange(n) + 1).astype(dtype)
    for settings in (
        {},
        {"dx": 0.3},
        {"dx": np.float64(0.3)},
        {"x": np.arange(n, dtype=np.float32)},
        {"x": np.arange(n) / 2},
    ):
        if name == "romb" and (n == 4 or "x" in settings):
            continue
        expected = getattr(scipy_integrate, name)(y, **settings)
        value, tangent = bb.jvp(lambda y, s=settings: getattr(integrate, name)(y, **s), (y,), (y,))
        np.testing.assert_allclose(value, expected, rtol=1e-5)
        if name != "trapezoid" or np.result_type(*settings.values(), y) == dtype:  # mixed, SciPy's has changed
            assert value.dtype == tangent.dtype == expected.dtype


def test_romberg() -> None:
    y = np.cos(np.arange(9.0))
    value, tangent = bb.jvp(lambda y: integrate.romb(y, 0.1), (y,), (y,))
    np.testing.assert_allclose([value, tangent], scipy_integrate.romb(y, 0.1), rtol=1e-13)  # it is linear
