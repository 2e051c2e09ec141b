"""Shapes around the lengths at which code is written otherwise: unrolled, one vector as a whole, a loop with a rest."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from tests.compiler.agreement import agrees

LENGTHS = (1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33)
SHAPES = [
    *product(LENGTHS, LENGTHS),
    (1, 1, 1),
    (2, 3, 5),
    (3, 5, 2),
    (5, 2, 3),
    (4, 4, 4),
    (7, 8, 9),
    (9, 7, 1),
    (2, 40, 2),
]


@pytest.mark.parametrize("name", ["sum", "max"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_reduction_over_each_axis(shape: tuple[int, ...], name: str) -> None:
    reduction: Any = getattr(np, name)
    x = np.random.default_rng(0).uniform(0.5, 1.5, shape)
    for axis in (*range(len(shape)), None):
        agrees(lambda x, axis=axis: reduction(x, axis=axis), (x,), (x[::-1],))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_products_of_matrices(shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(size=shape), random.normal(size=(shape[-1], 3))
    agrees(lambda a, b: (a @ b, a @ b[:, 0], np.swapaxes(a, -1, -2) @ a), (a, b))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 9])
@pytest.mark.parametrize("shape", [(1, 5), (2, 5), (3, 5), (5, 5), (2, 17), (9, 9)], ids=str)
def test_products_of_joined_rows(shape: tuple[int, int], count: int) -> None:
    """Turns that run side by side do not cross the border between the parts."""
    x = np.random.default_rng(0).normal(size=shape)

    def gram(x: Any) -> Any:
        rows = np.concatenate([x, np.zeros((count, shape[1]))])
        return rows @ rows.T, np.sum(rows * rows, axis=1), np.sum(rows, axis=0)

    agrees(gram, (x,))


@pytest.mark.parametrize("turns", [5, 6, 7, 17, 40])
def test_a_stack_of_what_each_turn_gives(turns: int) -> None:
    def f(x: Any) -> Any:
        h, seen = 0.0 * x[0], []
        for row in x:
            h = 0.6 * h + np.tanh(row)
            seen.append(h)
        return np.stack(seen)

    agrees(f, (np.random.default_rng(0).normal(size=(turns, 3)),))
