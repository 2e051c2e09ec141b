"""Compiled reductions over short axes beside short ones, where an axis is one vector or is unrolled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb

REDUCTIONS = {"sum": np.sum, "max": np.max, "min": np.min, "prod": np.prod}


@pytest.mark.parametrize("shape", [(6, 5), (3, 7), (5, 6), (20, 5), (2, 30), (4, 3, 5), (7, 1, 9)], ids=str)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_of_computed_entries(name: str, shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(shape)
    x = random.uniform(0.5, 1.5, size=(9, *shape[1:]))
    index = random.integers(0, 9, size=shape[0])
    for axis in range(len(shape)):

        def f(x: Any, axis: int = axis) -> Any:
            return REDUCTIONS[name](x[index] ** 1.5, axis=axis)

        np.testing.assert_allclose(bb.compile(f)(x), f(x), rtol=1e-14)


@pytest.mark.parametrize("shape", [(5, 7, 2, 3), (5, 7, 3, 3), (50, 2, 3), (5, 3)], ids=str)
def test_of_products_with_an_infinity(shape: tuple[int, ...]) -> None:
    """A number that stands in one lane of a vector leaves the others as they are."""
    letters = "ijkl"[: len(shape)]
    a, b = np.ones(shape), np.ones(shape[-2:] if len(shape) > 2 else shape[-1:])
    b.flat[0] = np.inf
    kept = letters[: a.ndim - b.ndim]
    y = bb.compile(lambda a, b: np.einsum(f"{letters},{letters[len(kept) :]}->{kept}", a, b))(a, b)
    np.testing.assert_array_equal(y, np.full(shape[: len(kept)], np.inf))
