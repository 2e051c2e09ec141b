"""The numerical derivatives of every kind of number and container, and how they call f: many points at once, with workers,
within a budget, with errors passed on, without a warning.
"""

from __future__ import annotations

import math
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bibun.numerical import derivative, gradient, hessian, jacobian
from tests.numerical.black_boxes import rosenbrock, rosenbrock_gradient, same

METHODS = ("auto", "real")


# Kinds of x


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "x", [3, np.int64(3), np.array(3), np.float32(3), np.array(3, dtype=np.float32), 3.0], ids=lambda x: repr(x)
)
def test_numbers_of_every_real_type(x, method):
    estimate = derivative(lambda x: x**2 / 3, x, method=method)
    assert np.shape(estimate.value) == ()
    assert abs(estimate.value - 2) <= estimate.error
    assert estimate.value == pytest.approx(2, rel=1e-5 if getattr(x, "dtype", None) == np.float32 else 1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_float32_is_judged_as_float32(method):
    estimate = derivative(np.sin, np.float32(0.7), method=method)
    truth = math.cos(float(np.float32(0.7)))
    assert abs(estimate.value - truth) <= estimate.error <= 1e-4


@pytest.mark.parametrize("method", METHODS)
def test_integer_arrays_are_not_rounded(method):
    x = np.array([1, 2, 3])
    estimate = gradient(lambda x: np.sum(x**2) / 2, x, method)
    assert estimate.value.dtype == np.float64
    assert np.allclose(estimate.value, [1, 2, 3], rtol=1e-12)
    assert np.array_equal(x, [1, 2, 3])
    assert x.dtype.kind == "i"


def test_complex_x_of_an_analytic_function():
    z = 0.5 + 0.8j
    estimate = derivative(np.exp, z)
    assert abs(estimate.value - np.exp(z)) <= abs(estimate.error)
    assert abs(estimate.value - np.exp(z)) <= 1e-10


def test_complex_x_of_a_function_that_is_not_analytic():
    estimate = derivative(np.conj, 0.5 + 0.8j)
    assert estimate.status.startswith("not analytic")
    assert abs(estimate.error) >= 1


def test_real_function_of_complex_x_has_the_gradient_of_bibun_grad():
    z = np.array([0.5 + 0.8j, -1.0 + 2j])
    estimate = gradient(lambda z: np.sum(np.abs(z) ** 2), z)
    assert np.allclose(estimate.value, 2 * np.conj(z), rtol=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_shapes_of_x_and_of_f(method):
    x = np.array([[0.5, 1.0, 1.5], [2.0, 2.5, 3.0]])
    for shape in ((), (1,), (2, 2)):
        estimate = derivative(lambda t, shape=shape: np.sin(t) * np.ones(shape), x, method=method)
        assert estimate.value.shape == estimate.error.shape == (2, 3, *shape)
        assert np.allclose(estimate.value, np.cos(x).reshape(2, 3, *(1 for _ in shape)), rtol=1e-11)
    assert jacobian(lambda x: x[0] * x[1], x, method).value.shape == (3, 2, 3)
    assert gradient(np.sum, x, method).value.shape == (2, 3)
    assert gradient(lambda x: np.sin(x[:1]), np.array([0.5]), method).value.shape == (1,)
    assert gradient(np.sum, np.zeros((0, 3)), method).value.shape == (0, 3)


@pytest.mark.parametrize("method", METHODS)
def test_containers(method):
    x = {"w": np.array([[1.0, 2.0]]), "b": (0.5, np.array([3.0]))}

    def f(p):
        return np.sum(p["w"] ** 2) * p["b"][0] + np.sum(np.sin(p["b"][1]))

    estimate = gradient(f, x, method)
    assert np.allclose(estimate.value["w"], [[1.0, 2.0]], rtol=1e-11)
    assert estimate.value["b"][0] == pytest.approx(5.0, rel=1e-11)
    assert np.allclose(estimate.value["b"][1], np.cos(3.0), rtol=1e-11)
    assert estimate.error["w"].shape == (1, 2)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf])
def test_x_that_is_not_finite(x, method):
    estimate = derivative(np.exp, x, method=method)
    assert estimate.status.startswith("not finite")
    assert not estimate.error < math.inf


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("x", [1e-300, 1e300, -1e-300, -1e300])
def test_ends_of_the_range(x, method):
    assert derivative(lambda x: 3 * x, x, method=method).value == pytest.approx(3, rel=1e-12)
    estimate = derivative(lambda x: np.sin(x / abs(float(np.real(x)))), x, method=method)
    assert estimate.error >= 0
    logarithm = derivative(np.log, abs(x), method=method)
    assert logarithm.value == pytest.approx(1 / abs(x), rel=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_one_bad_entry_does_not_spoil_the_others(method):
    estimate = derivative(np.log, np.array([2.0, -1.0, math.nan, 4.0]), method=method)
    assert np.allclose(estimate.value[[0, 3]], [0.5, 0.25], rtol=1e-11)
    assert not np.any(estimate.error[[1, 2]] < math.inf)
    assert estimate.status.startswith("not finite")


# How f is called


def many(x):
    """For vectorized=True: the first axis is that of the points."""
    return np.sin(x) * np.exp(-x)


@pytest.mark.parametrize("method", METHODS)
def test_many_points_in_one_call_give_the_same(method):
    x = np.linspace(0.5, 3, 4)
    together, alone = derivative(many, x, method=method, vectorized=True), derivative(many, x, method=method)
    assert np.all(np.abs(together.value - alone.value) <= together.error + alone.error)
    calls = []
    derivative(lambda x: calls.append(x.shape) or many(x), x, method=method, vectorized=True)
    assert len(calls) <= 8
    table = gradient(lambda xs: np.sum(np.sin(xs), axis=1), x, method, vectorized=True)
    assert np.allclose(table.value, np.cos(x), rtol=1e-11)


@pytest.mark.parametrize("method", METHODS)
def test_workers_give_the_same(method):
    x = np.array([0.5, -1.5, 2.0])
    with ThreadPoolExecutor(2) as pool:
        shared = gradient(rosenbrock, x, method, workers=pool)
    assert np.allclose(shared.value, rosenbrock_gradient(x), rtol=1e-11)
    assert np.all(np.abs(shared.value - rosenbrock_gradient(x)) <= shared.error + 1e-13)


@pytest.mark.parametrize("most", [1, 2, 3, 5, 8, 20])
@pytest.mark.parametrize("method", METHODS)
def test_a_budget_is_kept(method, most):
    calls = []
    estimate = derivative(lambda x: calls.append(x) or np.sin(340 * x), 2.0, method=method, max_evaluations=most)
    assert estimate.evaluations == len(calls) <= most
    missed = abs(estimate.value - 340 * math.cos(680)) > estimate.error
    if missed:  # a wave that so few values cannot show: it must say that it does not know
        assert estimate.status.startswith(("budget", "unresolved"))
        assert estimate.error >= 0.1 * abs(estimate.value - 340 * math.cos(680))
    if most <= 2:
        assert estimate.status.startswith("budget")


@pytest.mark.parametrize("method", METHODS)
def test_a_budget_of_a_gradient_is_kept(method):
    calls = []
    x = np.linspace(0.1, 1, 6)
    estimate = gradient(lambda x: calls.append(0) or rosenbrock(x), x, method, max_evaluations=7)
    assert estimate.evaluations == len(calls) <= 7
    truth = rosenbrock_gradient(x)
    assert not np.any(np.abs(estimate.value - truth) > estimate.error + 1e-13)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("error", [KeyboardInterrupt, NameError, MemoryError])
def test_errors_of_the_program_pass_through(error, method):
    def f(x):
        if x != 2.0:
            raise error("in f")
        return x

    with pytest.raises(error, match="in f"):
        derivative(f, 2.0, method=method)


@pytest.mark.parametrize("method", METHODS)
def test_what_f_raises_at_x_itself_passes_through(method):
    with pytest.raises(ValueError, match="domain"):
        derivative(math.log, -1.0, method=method)


@pytest.mark.parametrize("method", METHODS)
def test_no_warning_reaches_the_caller(method):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        derivative(np.log, 1e-3, method=method)
        derivative(lambda x: np.asarray(x).astype(float) ** 2, 0.5, method=method)
        derivative(np.exp, 709.0, method=method)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_twice(method):
    x = np.array([0.3, 1.7])
    assert same(gradient(rosenbrock, x, method), gradient(rosenbrock, x, method))
    assert same(derivative(np.abs, 0.0, method=method), derivative(np.abs, 0.0, method=method))


def test_evaluations_of_a_large_gradient():
    x = np.random.default_rng(5).uniform(-1.5, 1.5, 200)
    exact = rosenbrock_gradient(x)
    auto, real = gradient(rosenbrock, x), gradient(rosenbrock, x, "real")
    assert auto.evaluations <= x.size + 6
    assert np.max(np.abs(auto.value - exact)) <= 1e-14 * np.max(np.abs(exact))
    assert real.evaluations <= 8.6 * x.size  # four levels for each entry, and more for those that need them
    assert np.max(np.abs(real.value - exact)) <= 1e-10 * np.max(np.abs(exact))
    assert np.mean(np.abs(real.value - exact) <= real.error) >= 0.99


def test_evaluations_of_a_hessian():
    x = np.random.default_rng(6).uniform(-1.5, 1.5, 10)
    estimate = hessian(rosenbrock, x)
    exact = jacobian(rosenbrock_gradient, x).value
    assert estimate.evaluations <= 400
    assert np.max(np.abs(estimate.value - exact)) <= 1e-12 * np.max(np.abs(exact))
    assert np.mean(np.abs(estimate.value - exact) <= estimate.error) >= 0.99
