"""Matrices of many short rows: some rows are read side by side, and change places with their columns in registers."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.native.machine import available

pytestmark = pytest.mark.skipif(not available(), reason="no machine code on this machine")
rng = np.random.default_rng(17)
ROWS = [1, 2, 3, 7, 8, 15, 16, 17, 40, 130, 1003]


def whole(dtype: Any, *shape: int) -> Any:
    """Small whole numbers, of which sums are exact."""
    return rng.integers(-8, 9, size=shape).astype(dtype)


def programs(x: Any, w: Any, e: Any) -> Any:
    """A sum along each row, one along each column, and three columns alone."""
    return x @ w, x.T @ e, x[:, 0] * e, x[:, -1] - e, x[:, x.shape[1] // 2]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("columns", [2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 30, 31])
def test_sums_are_exact_for_whole_numbers(columns: int, dtype: type) -> None:
    compiled = bb.compile(programs)
    for rows in ROWS[:: 2 if columns % 2 else 3]:
        x, w, e = whole(dtype, rows, columns), whole(dtype, columns), whole(dtype, rows)
        a, b, c = (y.astype(np.int64) for y in (x, w, e))
        expected = [(a * b).sum(axis=1), (a * c[:, None]).sum(axis=0), a[:, 0] * c, a[:, -1] - c, a[:, columns // 2]]
        for found, wanted in zip(compiled(x, w, e), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_a_regression_and_its_gradient() -> None:
    """sum of c (X w - y)^2 by w: 2 X^T (c (X w - y)), of rows that do not fill the last vector."""
    x, w, y, c = whole(float, 5003, 30), whole(float, 30), whole(float, 5003), whole(float, 5003)
    compiled = bb.compile(bb.value_and_grad(lambda w: np.sum(c * (x @ w - y) ** 2)))
    value, gradient = compiled(w)
    rest = (x * w).sum(axis=1) - y
    assert value == (c * rest * rest).sum()
    np.testing.assert_array_equal(gradient, (2 * x * (c * rest)[:, None]).sum(axis=0))


def test_infinities_and_nan_stay_in_their_rows() -> None:
    x = np.ones((37, 11))
    x[3, 2], x[36, 10], x[20, 0] = np.inf, np.nan, -np.inf
    expected = np.full(37, 11.0)
    expected[[3, 36, 20]] = np.inf, np.nan, -np.inf
    np.testing.assert_array_equal(bb.compile(lambda x, w: x @ w)(x, np.ones(11)), expected)


@pytest.mark.parametrize("columns", [3, 8, 13, 30])
def test_nothing_is_gathered(columns: int) -> None:
    """One by one, entries took three times as long."""
    compiled = bb.compile(lambda x, w, e: (x @ w, x.T @ e))
    compiled(whole(float, 640, columns), whole(float, columns), whole(float, 640))
    body = compiled.llvm().split("define", 1)[1]  # type: ignore[attr-defined]
    assert "masked.gather" not in body


FENCED = """
import numpy as np, bibun as bb
from tests.compiler.fenced import run_fenced
from tests.compiler.test_short_rows import ROWS, programs, whole
for columns in (2, 3, 5, 8, 11, 17, 30):
    for rows in ROWS:
        for dtype in (np.float64, np.float32):
            leaves = [whole(dtype, rows, columns), whole(dtype, columns), whole(dtype, rows)]
            compiled = bb.compile(programs)
            want = compiled(*leaves)
            (paths,) = compiled.careful.paths.values()
            for at_end in (True, False):
                got = run_fenced(paths.versions[0].native, leaves, at_end=at_end)
                assert all(map(np.array_equal, got, want))
"""


def test_nothing_beyond_the_last_row_is_read() -> None:
    done = subprocess.run([sys.executable, "-c", FENCED], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"ended with {done.returncode}:\n{done.stderr[-3000:]}"
