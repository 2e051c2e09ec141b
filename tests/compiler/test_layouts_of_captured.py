"""Captured arrays in any memory order, read as one axis: reshaped, by masks, in tensor products."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb

NUMBERS = np.arange(24.0).reshape(4, 6) + 0.5
LARGE = np.arange(400.0).reshape(20, 20)
LAYOUTS = {
    "rows": NUMBERS,
    "columns": np.asfortranarray(NUMBERS),
    "from behind": NUMBERS[::-1, ::-1],
    "part": LARGE[3:7, 5:11],
    "steps": LARGE[::5, ::3][:, :6],
    "one row": np.broadcast_to(NUMBERS[0], (4, 6)),
    "one column": np.broadcast_to(NUMBERS[:, :1], (4, 6)),
}
X = np.random.default_rng(5).standard_normal((4, 6))


@pytest.mark.parametrize("factor", [1.0, 1 + 2j])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_as_one_axis(layout: str, factor: Any) -> None:
    plain = LAYOUTS[layout]
    if factor != 1:
        copied = np.empty_like(plain, dtype=complex, subok=False)  # in the order of the original
        copied[...] = plain * factor
        plain = copied

    def read(x: Any) -> Any:
        captured = np.asarray(plain, like=x)
        return (
            captured.ravel() * x[0, 0],
            captured[x > 0] * x[x > 0],
            captured.reshape(6, 4)[1],
            np.tensordot(captured, x),
        )

    def filled(x: Any) -> Any:
        y = np.zeros_like(x, dtype=plain.dtype)
        y[:] = plain
        return y.ravel()

    raveled, masked, row, product = bb.compile(read)(X)
    flat = [plain[i, j] for i in range(4) for j in range(6)]
    np.testing.assert_array_equal(raveled, np.array(flat) * X[0, 0])
    np.testing.assert_array_equal(masked, [plain[i, j] * X[i, j] for i in range(4) for j in range(6) if X[i, j] > 0])
    np.testing.assert_array_equal(row, flat[4:8])
    np.testing.assert_allclose(product, np.sum(plain * X), rtol=1e-13)
    np.testing.assert_array_equal(bb.compile(filled)(X), flat)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_as_a_direction(layout: str) -> None:
    direction = LAYOUTS[layout]
    along = bb.compile(lambda x: bb.jvp(lambda x: np.sum(x[x > 0] ** 2), (x,), (direction,))[1])
    np.testing.assert_allclose(along(X), np.sum(np.where(X > 0, 2 * X * direction, 0)), rtol=1e-13)
