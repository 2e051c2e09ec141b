"""np.interp at the ends of tables that go on to infinity, which users write for "flat beyond"."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb

POINTS, VALUES = np.array([-np.inf, 0.0, 1.0, np.inf]), np.array([1.0, 2.0, 3.0, 4.0])
X = np.array([-np.inf, -5.0, 0.0, 0.5, 1.0, 7.0, np.inf, np.nan])


@pytest.mark.filterwarnings(
    "ignore:invalid value:RuntimeWarning"
)  # the line from a point at -infinity, which is not taken
def test_points_at_infinity() -> None:
    def table(x: Any) -> Any:
        return np.interp(x, POINTS, VALUES)

    expected = np.interp(X, POINTS, VALUES)
    np.testing.assert_array_equal(bb.vjp(table, X)[0], expected)
    np.testing.assert_array_equal(bb.jvp(table, (X,), (np.ones(8),))[0], expected)
    np.testing.assert_array_equal(bb.compile(table)(X), expected)
    np.testing.assert_array_equal(bb.grad(lambda x: np.sum(table(x)))(np.array([-5.0, 0.5, 7.0])), [0.0, 1.0, 0.0])


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("ends", [(-np.inf, np.inf), (-np.inf, 2.5), (-1.5, np.inf)])
def test_slopes_by_the_values_at_points_at_infinity(ends: tuple[float, float]) -> None:
    """Lines are linear in the values: the slopes by them are the lines of unit vectors, by NumPy."""
    points = np.array([ends[0], 0.0, 1.0, ends[1]])
    x = np.array([-np.inf, -5.0, -1.0, 0.0, 0.5, 1.0, 2.0, 7.0, np.inf])
    truth = np.stack([np.interp(x, points, e) for e in np.eye(4)], axis=-1)
    f = lambda fp: np.interp(x, points, fp)  # noqa: E731
    for jacobian in (bb.jacrev(f), bb.jacfwd(f), bb.compile(bb.jacrev(f))):
        np.testing.assert_array_equal(jacobian(VALUES), truth)
    np.testing.assert_array_equal(bb.vmap(bb.jacrev(f))(np.stack([VALUES, -VALUES])), [truth, truth])


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_slopes_by_values_of_which_one_is_infinite() -> None:
    """By each value how much of the line is its; an infinite one changes the value of the line, and not that."""
    points, x = np.arange(4.0), np.array([0.0, 0.5, 1.0, 1.5, 2.0, 2.5])
    truth = np.stack([np.interp(x, points, e) for e in np.eye(4)], axis=-1)
    f = lambda fp: np.interp(x, points, fp)  # noqa: E731
    for value in (np.inf, -np.inf):
        values = np.array([1.0, value, 3.0, 4.0])
        for jacobian in (bb.jacrev(f), bb.jacfwd(f)):
            np.testing.assert_array_equal(jacobian(values), truth)
