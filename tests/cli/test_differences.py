"""The numerical side of the command against closed forms: accuracy, and an error estimate that holds."""

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from bibun.cli.arguments import Leaf
from bibun.cli.comparing import agreeing_digits, compare
from bibun.cli.differences import levels_for, scale_of, slope


def derivative(f: Callable[[Any], Any], x: float) -> tuple[float, float]:
    """The numerical derivative of f at x and its estimated error."""
    scale = float(scale_of(np.array(x)))
    with np.errstate(all="ignore"):
        found = slope(lambda t: np.asarray(f(x + t * scale)), levels_for(x))
    return float(found.value) / scale, float(found.error) / scale


SMOOTH = {
    "sin": (np.sin, 0.3, math.cos(0.3), 13),
    "exp": (np.exp, 5.0, math.exp(5.0), 12),
    "log near its edge": (np.log, 0.01, 100.0, 11),
    "log very near its edge": (np.log, 1e-6, 1e6, 10),
    "sqrt near its edge": (np.sqrt, 1e-3, 0.5 / math.sqrt(1e-3), 11),
    "fast oscillation at a small x": (lambda x: np.sin(1e8 * x), 1e-8, 1e8 * math.cos(1.0), 10),
    "fast oscillation": (lambda x: np.sin(1e3 * x), 2.0, 1e3 * math.cos(2e3), 11),
    "overflow at the first step": (lambda x: np.exp(100 * x), 6.0, 100 * math.exp(600.0), 11),
    "a large constant beside": (lambda x: x + 1000, 1e-8, 1.0, 11),
    "large x": (lambda x: x**3, 1e6, 3e12, 13),
    "near a pole": (np.tan, 1.5, float(mpmath.sec(mpmath.mpf("1.5")) ** 2), 12),
    "near a kink": (np.abs, -0.01, -1.0, 14),
    "step of a ramp": (lambda x: np.tanh(1e6 * x), 1e-7, 1e6 / math.cosh(0.1) ** 2, 11),
}


@pytest.mark.parametrize(("f", "x", "truth", "digits"), SMOOTH.values(), ids=SMOOTH)
def test_digits_of_a_smooth_function(f: Any, x: float, truth: float, digits: int) -> None:
    value, error = derivative(f, x)
    assert abs(value - truth) <= 10.0**-digits * abs(truth)
    assert abs(value - truth) <= error


ZERO = {
    "constant": (lambda x: 0 * x + 3.0, 2.0),
    "minimum": (lambda x: (x - 1.3) ** 2 + np.exp(-((x - 1.3) ** 2)) + 7, 1.3),
    "flat side of a kink": (lambda x: np.maximum(x, 0.0), -0.01),
    "between two steps": (np.floor, 2.3),
}


@pytest.mark.parametrize(("f", "x"), ZERO.values(), ids=ZERO)
def test_zero_derivatives(f: Any, x: float) -> None:
    value, error = derivative(f, x)
    assert abs(value) <= error <= 1e-12


def test_the_error_estimate_sees_noise() -> None:
    value, error = derivative(lambda x: x**2 + 1e-9 * np.sin(1e12 * x), 1.1)
    assert abs(value - 2.2) < 1e-8
    assert 1e-10 < error < 1e-6


def test_no_value_where_one_side_is_outside_the_domain() -> None:
    value, error = derivative(np.sqrt, 0.0)
    assert math.isnan(value)
    assert math.isinf(error)


def test_an_exception_costs_one_step_only() -> None:
    def guarded(x: float) -> float:
        if x < 0.99:
            raise ValueError("x must be at least 0.99")
        return math.log(x)

    value, _ = derivative(guarded, 1.0)
    assert abs(value - 1.0) < 1e-9


def test_every_output_chooses_its_own_step() -> None:
    x, scale = 0.5, float(scale_of(np.array(0.5)))
    found = slope(lambda t: np.array([np.sin(x + t * scale), np.exp(1000 * (x + t * scale - 0.5))]))
    np.testing.assert_allclose(found.value / scale, [math.cos(0.5), 1000.0], rtol=1e-10)


def test_digits_are_relative_capped_and_not_counted_below_the_numerical_error() -> None:
    exact, numerical = np.array([1.0, 100.0, 1.0, 1e-20]), np.array([1.001, 101.0, 1.0, 0.0])
    found = agreeing_digits(exact, numerical, np.array([0.0, 0.0, 0.0, 1e-14]))
    np.testing.assert_allclose(found, [-math.log10(0.001 / 1.001), -math.log10(1 / 101), 16.0, np.nan], rtol=1e-9)


def test_a_small_wrong_entry_is_not_hidden_by_the_numerical_error() -> None:
    found = agreeing_digits(np.array([2e-13]), np.array([1e-13]), np.array([1e-15]))
    np.testing.assert_allclose(found, [-math.log10(0.5)])


def test_digits_of_what_is_not_finite_are_unknown() -> None:
    exact, numerical = np.array([np.inf, 1.0]), np.array([1.0, np.nan])
    assert np.isnan(agreeing_digits(exact, numerical, np.zeros(2))).all()


def test_a_wrong_entry_is_named() -> None:
    x = np.array([1.0, 2.0, 3.0])
    wrong = np.array([2.0, 4.5, 6.0])
    found = compare(("x",), wrong, lambda x: np.asarray(np.sum(x * x)), Leaf("x", x), 1e-6)
    assert found.warning == (
        "x at [1]: exact 4.5, numerical 4. They disagree: a kink, noise or a wrong hand-written backward is likely."
    )
    assert found.agreement == pytest.approx(-math.log10(0.5 / 4.5))
    np.testing.assert_array_equal(x, [1.0, 2.0, 3.0])


def test_a_large_argument_is_compared_along_directions() -> None:
    x = np.linspace(0.1, 1.0, 201)
    right = compare(("x",), np.cos(x), lambda x: np.asarray(np.sum(np.sin(x))), Leaf("x", x), 1e-6)
    assert right.numerical is None
    assert len(right.directions) == 3
    assert right.agreement is not None
    assert right.agreement > 10
    assert right.warning == ""
    wrong = compare(("x",), 1.1 * np.cos(x), lambda x: np.asarray(np.sum(np.sin(x))), Leaf("x", x), 1e-6)
    assert "along a random direction" in wrong.warning


def test_a_slow_function_is_compared_along_one_direction() -> None:
    x = np.array([1.0, 2.0])
    found = compare(("x",), 2 * x, lambda x: np.asarray(np.sum(x * x)), Leaf("x", x), 10.0)
    assert len(found.directions) == 1
    assert found.agreement is not None
    assert found.agreement > 10


def test_a_complex_argument_follows_the_convention_of_grad() -> None:
    z = np.array([1 + 2j, 3 - 1j])
    exact = 2 * np.conj(z)  # df/da - i df/db of |z|**2
    found = compare(("z",), exact, lambda z: np.asarray(np.sum(np.abs(z) ** 2)), Leaf("z", z), 1e-6)
    assert found.agreement is not None
    assert found.agreement > 12
    many = np.exp(1j * np.arange(300.0))
    exact = 2 * np.conj(many)
    found = compare(("z",), exact, lambda z: np.asarray(np.sum(np.abs(z) ** 2)), Leaf("z", many), 1e-6)
    assert found.directions
    assert found.agreement is not None
    assert found.agreement > 10
