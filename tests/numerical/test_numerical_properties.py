"""Laws of the numerical derivatives: linearity, scaling and translation by powers of two, and good manners: the caller's
array is not touched, f is not called outside its bounds, and whatever f does to its argument changes nothing.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bibun.numerical import derivative, directional, gradient, hessian, jacobian
from tests.numerical.black_boxes import rosenbrock, rosenbrock_gradient, same

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
