"""Compiled searches in sorted arrays: against NumPy's, with ties, nan and infinities, and the lines of np.interp."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.compiler.agreement import same
from tests.compiler.calls import through_numpy

inf, nan = np.inf, np.nan
SORTED = [[0.5], [-1.0, 2.0], [-inf, 0.0, 0.0, 1.0, nan], [0.0] * 9, [1.0, 2.0, nan, nan], list(np.arange(-20, 33) / 4)]
PLACES = np.array([[-inf, -1.0, -0.0, 0.0, 0.5], [1.0, 2.0, 99.0, inf, nan]])


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("dtypes", ["dd", "ff", "df", "fd", "qq", "dq", "qd", "ii"])
@pytest.mark.parametrize("n", range(len(SORTED)))
def test_as_numpy_finds_them(n: int, dtypes: str, side: Any) -> None:
    a, x = (np.nan_to_num(v, nan=50, posinf=70, neginf=-70) if t in "qi" else np.array(v)
            for v, t in zip((SORTED[n], PLACES), dtypes, strict=True))  # fmt: skip
    a, x = a.astype(dtypes[0]), x.astype(dtypes[1])
    compiled = bb.compile(lambda a, x: np.searchsorted(a, x, side))
    for places in (x, x[::-1, ::-2], x[0, 1]):
        same(compiled(a, places), np.searchsorted(a, places, side))
    same(compiled(np.repeat(a, 2)[::2], x), np.searchsorted(a, x, side))
    compiled = bb.compile(lambda x: np.searchsorted(a, x, side))
    same(compiled(x), np.searchsorted(a, x, side))
    assert not through_numpy(compiled)


def test_python_numbers_and_what_is_empty() -> None:
    a = np.array([1.0, 2.0, 3.0], "f")
    same(bb.compile(lambda a: np.searchsorted(a, 2.5))(a), np.searchsorted(a, 2.5))
    same(bb.compile(lambda a: np.searchsorted(a, a))(a[:0]), np.searchsorted(a[:0], a[:0]))
    same(bb.compile(lambda a, x: np.searchsorted(a, x))(a[:0], a), np.searchsorted(a[:0], a))
    b = np.array([False, True])
    same(bb.compile(lambda b: np.searchsorted(b, b))(b), np.searchsorted(b, b))


def test_lines_through_points() -> None:
    random = np.random.default_rng(0)
    x, xp, fp = random.uniform(-4, 4, 60), np.sort(random.normal(size=20)), random.normal(size=20)
    f = lambda x, xp, fp: np.sum(np.tanh(np.interp(x, xp, fp)))  # noqa: E731
    gradient = bb.value_and_grad(f, argnums=(0, 1, 2))
    compiled = bb.compile(gradient)
    (y, g), (expected, h) = compiled(x, xp, fp), gradient(x, xp, fp)
    same((y, *g), (expected, *h))
    assert not through_numpy(compiled)
