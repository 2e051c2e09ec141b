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
