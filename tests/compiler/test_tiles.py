"""Products of matrices by the program's own code (native/tiles.py): here on every machine, also where BLAS is quicker.

Entries are small whole numbers where results are compared exactly: in any order their sums are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from math import fsum
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.native import contraction, tiles
from bibun.compiler.native.machine import available

pytestmark = pytest.mark.skipif(not available(), reason="no machine code on this machine")
rng = np.random.default_rng(11)


@pytest.fixture(autouse=True)
def _wide_registers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contraction, "suits", lambda sides, kind, _: tiles.suits(sides, kind, tiles.BITS))


def tiled(f: Callable[..., Any], *args: Any, threads: int = 1) -> Any:
    """The compiled function, which has tiles, after a call."""
    compiled = bb.compile(f, threads=threads)
    compiled(*args)
    assert "in tiles" in compiled.explain()  # type: ignore[attr-defined]
    return compiled


def whole(dtype: type, *shape: int) -> Any:
    """Small whole numbers."""
    return rng.integers(-8, 9, size=shape).astype(dtype)


SIZES = [
    (26, 26, 26), (3, 40, 400), (5, 25, 30), (8, 48, 60), (33, 65, 129), (200, 24, 50), (9, 1000, 25), (64, 100, 500),
    (25, 31, 193), (100, 50, 192), (17, 49, 385), (13, 27, 1000),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(("m", "n", "k"), SIZES)
def test_products_are_exact_for_whole_numbers(m: int, n: int, k: int, transposed: bool, dtype: type) -> None:
    a, b = whole(dtype, *((k, m) if transposed else (m, k))), whole(dtype, k, n)
    if transposed:
        found = tiled(lambda a, b: a.T @ b, a, b)(a, b)
    else:
        found = tiled(lambda a, b: a @ b, a, b)(a, b)
    left = a.T if transposed else a
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, left.astype(np.int64) @ b.astype(np.int64))


PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[int, ...], tuple[int, ...]]] = {
    "some rows and columns of larger arrays": (lambda a, b: a[3:40, 2:33] @ b[1:32, 5:60], (50, 50), (40, 70)),
    "every other row": (lambda a, b: a[::2] @ b[::2], (60, 30), (60, 40)),
    "a result in columns": (lambda a, b: np.einsum("ji,kj->ki", a, b), (40, 30), (50, 40)),
    "a stack": (lambda a, b: a @ b, (6, 30, 40), (6, 40, 50)),
    "a stack and a matrix": (lambda a, b: a @ b, (6, 30, 40), (40, 50)),
    "sums along two axes that do not lie as one": (
        lambda a, b: np.einsum("aib,abj->ij", a, b),
        (3, 30, 40),
        (3, 40, 50),
    ),
    "rows that overlap": (
        lambda a, b: np.lib.stride_tricks.sliding_window_view(a, 40) @ b,
        (100,),
        (40, 50),
    ),
    "in a loop": (lambda a, b: _powers(a, b), (32, 32), (32, 40)),
}


def _powers(a: Any, b: Any) -> Any:
    for _ in range(20):
        b = np.sign(a @ b)
    return b


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_of_whole_numbers(name: str) -> None:
    f, first, second = PROGRAMS[name]
    a, b = whole(np.float64, *first), whole(np.float64, *second)
    np.testing.assert_array_equal(tiled(f, a, b)(a, b), f(a.astype(np.int64), b.astype(np.int64)))


def test_gradients_of_a_product() -> None:
    """d/da sum(c * (a b)) = c b^T, d/db = a^T c."""
    a, b, c = whole(np.float64, 40, 30), whole(np.float64, 30, 50), whole(np.float64, 40, 50)
    gradient = bb.grad(lambda a, b: np.sum(c * (a @ b)), argnums=(0, 1))
    by_a, by_b = tiled(gradient, a, b)(a, b)
    np.testing.assert_array_equal(by_a, c @ b.T)
    np.testing.assert_array_equal(by_b, a.T @ c)


def test_infinities_and_nan_stay_in_their_rows_and_columns() -> None:
    a, b = np.ones((30, 40)), np.ones((40, 50))
    a[3, 5], a[7, 8], b[2, 9] = np.inf, np.nan, -np.inf
    found = tiled(lambda a, b: a @ b, a, b)(a, b)
    expected = np.full((30, 50), 40.0)
    expected[3], expected[:, 9] = np.inf, -np.inf
    expected[3, 9] = expected[7] = np.nan
    np.testing.assert_array_equal(found, expected)


def test_as_many_bits_with_threads_as_without() -> None:
    a, b = rng.normal(size=(300, 200)), rng.normal(size=(200, 260))
    alone, together = (tiled(lambda a, b: np.sin(a @ b), a, b, threads=n) for n in (1, 2))
    np.testing.assert_array_equal(alone(a, b), together(a, b))
    narrow = rng.normal(size=(8, 200)), rng.normal(size=(200, 1500))
    alone, together = (tiled(lambda a, b: np.sin(a @ b), *narrow, threads=n) for n in (1, 2))
    np.testing.assert_array_equal(alone(*narrow), together(*narrow))


def test_long_sums_lose_little() -> None:
    """As in blocks, whose errors do not grow with the length: within 100 roundings of the exact sum."""
    a, b = rng.uniform(size=(4, 20_000)), rng.uniform(size=(20_000, 30))
    found = tiled(lambda a, b: a @ b, a, b)(a, b)
    exact = np.array([[fsum(x * y for x, y in zip(row, column, strict=True)) for column in b.T] for row in a])
    np.testing.assert_allclose(found, exact, rtol=100 * 2.0**-53)


@pytest.mark.parametrize("terms", [30_011, 30_000])
def test_long_sums_of_a_small_result_are_shared(terms: int) -> None:
    """Each part of a sum has a result of its own, to which that of the next slice is added. The last terms are no whole block."""
    a, b = whole(np.float64, 3, 30_011, 20), whole(np.float64, 3, 30_011, 12)

    def f(a: Any, b: Any) -> Any:
        return np.einsum("bti,btj->ij", a[:, :terms], b[:, :terms])

    alone, together = (tiled(f, a, b, threads=n) for n in (1, 2))
    expected = sum(x[:, None] * y for k in range(3) for x, y in zip(a[k, :terms], b[k, :terms], strict=True))
    np.testing.assert_array_equal(alone(a, b), expected)
    np.testing.assert_array_equal(together(a / 7, b / 3), alone(a / 7, b / 3))
    first, second = (x[:, :terms, 0].ravel() for x in (a / 7, b / 3))
    exact = fsum(x * y for x, y in zip(first.tolist(), second.tolist(), strict=True))
    assert abs(alone(a / 7, b / 3)[0, 0] - exact) <= 10 * 2.0**-53 * (abs(first) @ abs(second))


def test_products_that_are_alike_have_one_function() -> None:
    a, b = whole(np.float64, 20, 30, 40), whole(np.float64, 20, 40, 50)
    text = tiled(lambda a, b: a @ b, a, b).llvm()
    assert text.count("define internal i32 @product") == 1


def test_empty_products_are_zeros() -> None:
    a, b = np.zeros((30, 0)), np.zeros((0, 50))
    np.testing.assert_array_equal(bb.compile(lambda a, b: a @ b + 1)(a, b), np.ones((30, 50)))
