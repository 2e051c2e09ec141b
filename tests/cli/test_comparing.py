"""An exact derivative beside the numerical one: digits, error bars and warnings, against closed forms."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bibun.cli.arguments import Leaf
from bibun.cli.comparing import OUTPUTS, Comparison, agreeing_digits, compare


def compared(exact: Any, f: Callable[[Any], Any], x: Any, seconds: float = 1e-6, method: str = "auto") -> Comparison:
    return compare(("x",), exact, lambda y: np.asarray(f(y)), Leaf("x", x), seconds, method)


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


@pytest.mark.parametrize(("method", "digits"), [("auto", 15), ("real", 12)])
def test_entries_of_a_jacobian(method: str, digits: float) -> None:
    x = np.array([0.3, -1.0, 2.0])
    truth = np.outer([1.0, 2.0], np.cos(x))
    found = compared(truth, lambda x: np.array([1.0, 2.0]) * np.sum(np.sin(x)), x, method=method)
    assert found.numerical is not None
    assert found.error is not None
    assert found.numerical.shape == found.error.shape == (2, 3)
    assert np.all(np.abs(found.numerical - truth) <= found.error + 1e-16)
    assert found.agreement is not None
    assert found.agreement > digits
    assert found.warning == ""


def test_a_wrong_entry_is_named() -> None:
    x = np.array([1.0, 2.0, 3.0])
    found = compared(np.array([2.0, 4.5, 6.0]), lambda x: np.sum(x * x), x)
    assert found.warning.startswith("x at [1]: exact 4.5, numerical 4 ± ")
    assert found.warning.endswith(". They disagree; `bibun check` finds out which rule is wrong.")
    assert found.agreement == pytest.approx(-math.log10(0.5 / 4.5))
    np.testing.assert_array_equal(x, [1.0, 2.0, 3.0])


def test_a_large_argument_is_compared_along_directions() -> None:
    x = np.linspace(0.1, 1.0, 201)
    right = compared(np.cos(x), lambda x: np.sum(np.sin(x)), x)
    assert right.numerical is None
    assert len(right.directions) == 3
    assert right.agreement is not None
    assert right.agreement > 13
    assert right.warning == ""
    wrong = compared(1.1 * np.cos(x), lambda x: np.sum(np.sin(x)), x)
    assert wrong.warning.startswith("x along a random direction: exact ")


def test_a_large_jacobian_is_compared_along_directions() -> None:
    x = np.linspace(0.1, 1.0, 101)
    assert x.size**2 > OUTPUTS
    found = compared(np.diag(np.cos(x)), np.sin, x)
    assert len(found.directions) == 3
    assert found.agreement is not None
    assert found.agreement > 13


def test_a_slow_function_is_compared_along_one_direction() -> None:
    x = np.array([1.0, 2.0])
    found = compared(2 * x, lambda x: np.sum(x * x), x, seconds=10.0)
    assert len(found.directions) == 1
    assert found.agreement is not None
    assert found.agreement > 13


def test_an_argument_without_entries() -> None:
    found = compared(np.zeros(0), np.sum, np.zeros(0))
    assert (found.agreement, found.within, found.warning) == (None, None, "")


def test_a_complex_argument_follows_the_convention_of_grad() -> None:
    z = np.array([1 + 2j, 3 - 1j])
    found = compared(2 * np.conj(z), lambda z: np.sum(np.abs(z) ** 2), z)  # df/da - i df/db of |z|**2
    assert found.agreement is not None
    assert found.agreement > 12
    holomorphic = compared(np.diag(np.exp(z)), np.exp, z)
    assert holomorphic.agreement is not None
    assert holomorphic.agreement > 12
    many = np.exp(1j * np.arange(300.0))
    found = compared(2 * np.conj(many), lambda z: np.sum(np.abs(z) ** 2), many)
    assert found.directions
    assert found.agreement is not None
    assert found.agreement > 10


def test_any_exception_beside_the_point_costs_the_steps_on_that_side_only() -> None:
    class Unusual(Exception):
        pass

    def guarded(x: Any) -> Any:
        if np.any(x < 1):
            raise Unusual("x is at least 1")
        return np.log(x)

    found = compared(np.array(1.0), guarded, np.float64(1.0), method="real")
    assert found.agreement is not None
    assert found.agreement > 8
    assert found.warning == ""


def test_float32_is_compared_in_float64() -> None:
    x = np.array([0.1, 0.2], np.float32)
    found = compared(np.cos(x), lambda x: np.sum(np.sin(x)), x)
    assert found.numerical is not None
    np.testing.assert_allclose(found.numerical, np.cos(x.astype(np.float64)), rtol=1e-13)
