"""Laws of the numerical derivatives: linearity, scaling and translation by powers of two, and good manners: the caller's
array is not touched, f is not called outside its bounds, and whatever f does to its argument changes nothing.
"""

from __future__ import annotations

import math
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bibun.numerical import derivative, directional, gradient, hessian, jacobian

METHODS = ("auto", "real")
SMOOTH = {
    "sin": (np.sin, np.cos),
    "exp": (np.exp, np.exp),
    "rational": (lambda x: x / (1 + x * x), lambda x: (1 - x * x) / (1 + x * x) ** 2),
    "cube": (lambda x: x * x * x, lambda x: 3 * x * x),
    "root": (lambda x: np.sqrt(1 + x * x), lambda x: x / np.sqrt(1 + x * x)),
}
smooth = st.sampled_from(sorted(SMOOTH))
points = st.floats(-8, 8).filter(lambda x: abs(x) > 1e-3)
methods = st.sampled_from(METHODS)
powers = st.integers(-40, 40)


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_gradient(x):
    result = np.zeros_like(x)
    result[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    result[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return result


def same(a, b):
    """Equal to the last bit, value and error."""
    return np.array_equal(a.value, b.value) and np.array_equal(a.error, b.error)


# Laws


@given(smooth, smooth, points, st.floats(-3, 3), st.floats(-3, 3), methods)
def test_linear(f_name, g_name, x, a, b, method):
    f, g = SMOOTH[f_name][0], SMOOTH[g_name][0]
    parts = derivative(f, x, method=method), derivative(g, x, method=method)
    together = derivative(lambda t: a * f(t) + b * g(t), x, method=method)
    error = together.error + abs(a) * parts[0].error + abs(b) * parts[1].error
    rounding = 4 * 2.0**-52 * (abs(a * parts[0].value) + abs(b * parts[1].value))
    assert abs(together.value - (a * parts[0].value + b * parts[1].value)) <= 2 * error + rounding


@given(smooth, points, powers, methods)
def test_a_power_of_two_times_f_scales_every_bit(name, x, power, method):
    f, factor = SMOOTH[name][0], 2.0**power
    plain = derivative(f, x, method=method)
    scaled = derivative(lambda t: factor * f(t), x, method=method)
    assert scaled.value == factor * plain.value
    assert scaled.error == pytest.approx(factor * plain.error, rel=1e-12)
    assert scaled.evaluations == plain.evaluations


@given(smooth, points, st.integers(0, 40), methods)
def test_a_power_of_two_times_x_scales_every_bit(name, x, power, method):
    f, factor = SMOOTH[name][0], 2.0**power
    plain = derivative(f, x, method=method)
    wide = derivative(lambda t: f(t / factor), x * factor, method=method)
    assert abs(wide.value * factor - plain.value) <= wide.error * factor + plain.error
    if abs(x) >= 1:  # below, the first step no longer follows x
        assert wide.value * factor == plain.value


@given(smooth, points, methods)
def test_the_sign_of_f_changes_the_sign_only(name, x, method):
    f = SMOOTH[name][0]
    plain, negative = derivative(f, x, method=method), derivative(lambda t: -f(t), x, method=method)
    assert negative.value == -plain.value
    assert negative.error == plain.error


@given(smooth, st.integers(-(2**10), 2**10), methods)
def test_mirrored_x(name, numerator, method):
    f, x = SMOOTH[name][0], numerator / 128  # few bits: all steps are exact on both sides
    plain, mirrored = derivative(f, x, method=method), derivative(lambda t: f(-t), -x, method=method)
    assert mirrored.value == -plain.value
    if method == "real":  # the test of a complex step looks to one side
        assert mirrored.error == plain.error


@given(smooth, st.integers(-(2**10), 2**10), st.integers(0, 12), methods)
def test_translated_by_a_power_of_two(name, numerator, power, method):
    x, shift = numerator / 128, 2.0**power  # x + shift is exact
    f, slope = SMOOTH[name]
    plain, moved = derivative(f, x, method=method), derivative(lambda t: f(t - shift), x + shift, method=method)
    assert abs(moved.value - plain.value) <= 1.5 * (moved.error + plain.error)
    assert moved.value == pytest.approx(slope(x), rel=1e-7, abs=1e-7)


@given(st.lists(points, min_size=1, max_size=5), methods)
def test_an_array_is_its_entries(xs, method):
    together = derivative(np.tanh, np.array(xs), method=method)
    assert together.value.shape == together.error.shape == (len(xs),)
    for x, value, error in zip(xs, together.value, together.error, strict=True):
        alone = derivative(np.tanh, x, method=method)
        assert abs(value - alone.value) <= error + alone.error


@given(st.lists(points, min_size=2, max_size=4), methods)
def test_gradient_along_a_direction_is_the_directional_derivative(xs, method):
    x = np.array(xs)
    v = np.linspace(-1, 2, x.size)
    whole, along = gradient(rosenbrock, x, method), directional(rosenbrock, x, v, method=method)
    rounding = 1e-13 * np.abs(whole.value) @ np.abs(v)
    assert abs(whole.value @ v - along.value) <= 2 * (whole.error @ np.abs(v) + along.error) + rounding


@pytest.mark.parametrize("method", METHODS)
def test_gradient_is_a_jacobian_row_and_a_hessian_is_the_jacobian_of_a_gradient(method):
    x = np.array([0.3, -1.2, 0.8])
    row = jacobian(lambda x: np.array([rosenbrock(x)]), x, method)
    assert np.all(np.abs(row.value[0] - rosenbrock_gradient(x)) <= row.error[0] + 1e-15)
    second, exact = hessian(rosenbrock, x, method), jacobian(rosenbrock_gradient, x, method)
    assert second.value.shape == (3, 3)
    assert np.array_equal(second.value, second.value.T)
    assert np.all(np.abs(second.value - exact.value) <= second.error + exact.error)


# The caller's array


def spoil(x):
    """Uses x, then overwrites it."""
    y = np.sum(np.sin(x) * x)
    x[...] = 1e6
    return y


def recycle():
    buffer = np.zeros(2)

    def f(x):
        buffer[0], buffer[1] = np.sum(x**2), np.sum(np.sin(x))
        return buffer

    return f


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("operation", [gradient, jacobian, hessian])
def test_f_may_overwrite_its_argument(operation, method):
    x = np.array([0.5, -1.5, 2.0])
    before = x.copy()
    spoiled = operation(spoil, x, method)
    clean = operation(lambda x: spoil(x.copy()), x, method)
    assert np.array_equal(x, before)
    assert same(spoiled, clean)


@pytest.mark.parametrize("method", METHODS)
def test_f_may_overwrite_its_argument_along_a_direction(method):
    x, v = np.array([0.5, -1.5, 2.0]), np.array([1.0, 0.0, -2.0])
    estimate = directional(spoil, x, v, method=method)
    assert np.array_equal(x, [0.5, -1.5, 2.0])
    assert np.array_equal(v, [1.0, 0.0, -2.0])
    assert estimate.value == pytest.approx((np.cos(x) * x + np.sin(x)) @ v, rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_f_may_give_the_same_buffer_each_time(method):
    x = np.array([0.5, -1.5, 2.0])
    estimate = jacobian(recycle(), x, method)
    truth = np.array([2 * x, np.cos(x)])
    assert np.all(np.abs(estimate.value - truth) <= estimate.error + 1e-15)
    assert np.allclose(estimate.value, truth, rtol=1e-11)


@pytest.mark.parametrize("method", METHODS)
def test_f_may_give_its_argument_back(method):
    estimate = jacobian(lambda x: x, np.array([0.5, -1.5]), method)
    assert np.allclose(estimate.value, np.eye(2), rtol=0, atol=1e-14)
    seen = []
    derivative(lambda x: seen.append(x) or np.sin(x), 0.5, method=method)
    assert len(set(map(complex, seen))) == len(seen)  # kept points are not overwritten, and none is asked for twice


def test_a_read_only_array_is_taken():
    x = np.array([0.5, -1.5, 2.0])
    x.flags.writeable = False
    assert np.allclose(gradient(spoil, x).value, np.cos(x) * x + np.sin(x), rtol=1e-11)


def test_the_results_are_not_aliased():
    x = np.array([1.0, 2.0])
    first, second = gradient(rosenbrock, x), gradient(rosenbrock, x)
    first.value[:] = 0
    first.error[:] = 0
    assert np.all(second.value != 0)
    assert same(second, gradient(rosenbrock, x))


# Bounds


@given(
    st.floats(-5, 5), st.floats(0, 3), st.floats(0, 3), st.sampled_from(["first", "second"]), methods, st.booleans()
)  # fmt: skip
def test_never_outside_the_bounds(x, left, right, order, method, kinked):
    low, high = x - left, x + right
    seen = []

    def f(t):
        seen.append(complex(t))
        return abs(t - x) if kinked else np.exp(t)

    derivative(f, x, {"first": 1, "second": 2}[order], method, bounds=(low, high))
    assert all(low <= t.real <= high for t in seen)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("operation", [gradient, hessian, jacobian])
def test_arrays_never_outside_the_bounds(operation, method):
    x = np.array([0.0, 1.0, 0.25])
    low, high = np.zeros(3), np.array([1.0, 1.0, 0.25 + 1e-9])
    seen = []

    def f(x):
        seen.append(x.copy())
        return np.sum(np.exp(x)) * x[0]

    estimate = operation(f, x, method, bounds=(low, high))
    assert all(np.all((low <= point.real) & (point.real <= high)) for point in seen)
    if operation is not hessian:
        truth = np.exp(x) * x[0] + np.array([np.sum(np.exp(x)), 0, 0])
        assert np.all(np.abs(estimate.value - truth) <= estimate.error + 1e-14)
        assert estimate.value[:2] == pytest.approx(truth[:2], rel=1e-7, abs=1e-7)


def test_one_sided_at_a_bound():
    at_low = derivative(lambda x: np.exp(x) if x >= 2 else 1 / 0, 2.0, method="real", bounds=(2, 5))
    assert at_low.status.startswith("boundary")
    assert at_low.value == pytest.approx(math.exp(2), rel=1e-8)
    assert abs(at_low.value - math.exp(2)) <= at_low.error


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
    assert not abs(estimate.value - 340 * math.cos(680)) > estimate.error
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
    assert real.evaluations <= 8 * x.size
    assert np.max(np.abs(real.value - exact)) <= 1e-11 * np.max(np.abs(exact))
    assert np.mean(np.abs(real.value - exact) <= real.error) >= 0.99


def test_evaluations_of_a_hessian():
    x = np.random.default_rng(6).uniform(-1.5, 1.5, 10)
    estimate = hessian(rosenbrock, x)
    exact = jacobian(rosenbrock_gradient, x).value
    assert estimate.evaluations <= 400
    assert np.max(np.abs(estimate.value - exact)) <= 1e-12 * np.max(np.abs(exact))
    assert np.mean(np.abs(estimate.value - exact) <= estimate.error) >= 0.99
