"""Sequences beside one another: convolutions, correlations, and the straight lines of np.interp."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.families.agreement import check, check_first, check_second, sample

LONG, SHORT, EVEN = sample(5), sample(3, seed=1), sample(4, seed=2)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("function", [np.convolve, np.correlate])
@pytest.mark.parametrize(
    ("a", "v"), [(LONG, SHORT), (SHORT, LONG), (LONG, EVEN), (EVEN, LONG), (LONG, 0.7 * LONG), (LONG, SHORT[:1])]
)
def test_products_of_sequences(function: Any, mode: str, a: Any, v: Any) -> None:
    check(lambda a, v: function(a, v, mode), a, v)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("function", [np.convolve, np.correlate])
def test_products_of_complex_sequences(function: Any, mode: str) -> None:
    a, v = LONG + 1j * LONG[::-1], SHORT * (1 - 2j)
    for pair in ((a, v), (v, a), (a, SHORT), (LONG, v)):
        check_first(lambda a, v: function(a, v, mode), *pair)
    check_second(lambda a, v: function(a, v, mode), a, v)


POINTS = np.array([-1.9, -1.1, -0.2, 0.6, 1.8])
LINES: dict[str, Any] = {
    "interp": lambda x, y: np.interp(x, POINTS, y),
    "by the points": lambda x, y: np.interp(x, POINTS + 0.03 * y, y),
    "beyond the ends": lambda x, y: np.interp(2 * x, POINTS, y, left=y[2], right=-3.0),
    "period": lambda x, y: np.interp(2 * x, POINTS, y, period=4.2),
    "by the period": lambda x, y: np.interp(2 * x, POINTS, y, period=4.3 + 0.01 * y[0]),
    "one point": lambda x, y: np.interp(x, POINTS[:1], y[:1]),
    "matrix": lambda x, y: np.interp(np.outer(x, x), POINTS, y),
    "complex": lambda x, y: np.interp(x, POINTS, y + 2j * y),
}


@pytest.mark.parametrize("name", LINES)
def test_straight_lines(name: str) -> None:
    f = LINES[name]
    check_first(f, LONG, 0.9 * LONG[::-1])
    check_second(f, LONG, 0.9 * LONG[::-1])


def test_straight_lines_of_a_batch() -> None:
    stacked = np.stack([LONG, -LONG])
    f = lambda x: np.interp(x, np.sort(x) + 0.1, x * x)  # noqa: E731
    np.testing.assert_allclose(bb.vmap(f)(stacked), [f(x) for x in stacked])


def test_at_a_point_the_line_behind_counts() -> None:
    """At the last one, the line before it."""
    slopes = bb.grad(lambda x: np.sum(np.interp(x, [0.0, 1.0, 3.0], [0.0, 2.0, 3.0])))(np.array([0.0, 1.0, 3.0]))
    np.testing.assert_array_equal(slopes, [2, 0.5, 0.5])


@pytest.mark.parametrize(
    "values", [(1, np.inf, 3, 4, 7), (1, np.inf, np.inf, -np.inf, 7), (np.nan, 1, 3, 3, -np.inf)], ids=str
)
def test_lines_to_infinite_values_are_numpys(values: tuple[float, ...]) -> None:
    """The line from the other point, where that from the one is inf - inf; a point has its own value."""
    x, y = np.array([-1, 0, 0.5, 1, 1.5, 2, 3, 3.2, 4, 9, np.nan]), np.array(values, float)
    f = lambda x, y: np.interp(x, np.arange(5.0), y)  # noqa: E731
    with np.errstate(invalid="ignore"):
        want = f(x, y)
        np.testing.assert_array_equal(f(bb.Variable(x), y).data, want)
        np.testing.assert_array_equal(bb.jvp(f, (x, y), (np.ones_like(x), y))[0], want)
        np.testing.assert_array_equal(bb.compile(f)(x, y), want)


def test_slopes_beside_infinite_values() -> None:
    x, y = np.array([0.5, 1.5, 3.2]), np.array([1, np.inf, 3, 4, 7])
    f = lambda x, y: np.sum(np.interp(x, np.arange(5.0), y))  # noqa: E731
    with np.errstate(invalid="ignore"):
        for gradient in (bb.grad(f, argnums=(0, 1)), bb.compile(bb.grad(f, argnums=(0, 1)))):
            by_x, by_y = gradient(x, y)
            np.testing.assert_array_equal(by_x, [np.inf, -np.inf, 3])
            np.testing.assert_allclose(by_y, [0.5, 1, 0.5, 0.8, 0.2], rtol=1e-15)
