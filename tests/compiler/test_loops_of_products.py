"""Loops that are rolled up, of products, columns and running products: as many turns as an axis has entries, and others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.native.machine import available

STEPS: dict[str, Callable[[Any, Any], Any]] = {
    "product with columns": lambda a, b: (a @ b[:, :2])[:, :1] * b,
    "column of the other": lambda a, b: (np.sin(a) @ b) * b[:, :1],
    "transposed": lambda a, b: a.T @ b + b[:1],
    "running product": lambda a, b: np.cumprod(np.tanh(a[:, :1] * b) + 0.5, axis=-1),
    "running sum": lambda a, b: np.cumsum(a * b[:1], axis=0)[::-1],
}


@pytest.mark.parametrize("turns", [6, 7, 8, 9, 13])
@pytest.mark.parametrize("name", STEPS)
def test_as_uncompiled(name: str, turns: int) -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 6, 6))

    def f(a: Any, b: Any) -> Any:
        for _ in range(turns):
            a = np.tanh(STEPS[name](a, b)) + a * 0.1
        return np.sum(a * a)

    gradient = bb.value_and_grad(f, argnums=(0, 1))
    (y, mine), (value, theirs) = bb.compile(gradient)(a, b), gradient(a, b)
    np.testing.assert_allclose(y, value, rtol=1e-12)
    np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-11)


def test_a_stack_beside_a_product() -> None:
    """One loop nest; a part of the stack ends in each turn of its first loop."""
    arrays = np.random.default_rng(0).normal(size=(6, 6, 6))
    compiled = bb.compile(lambda *xs: (xs[0] @ xs[1], np.stack(xs)))
    product, stack = compiled(*arrays)
    np.testing.assert_allclose(product, arrays[0] @ arrays[1], rtol=1e-13, atol=1e-14)
    np.testing.assert_array_equal(stack, arrays)


@pytest.mark.skipif(not available(), reason="no machine code on this machine")
def test_functions_of_mathematics_beside_a_product_are_computed_in_vectors() -> None:
    """Each entry stands in the loop over the rows of the matrix, of which vectors are made: there it is one number."""
    matrix = np.random.default_rng(0).normal(size=(100, 90)) / 10

    def f(x: Any) -> Any:
        for _ in range(7):
            x = matrix.T @ np.tanh(matrix @ x)
        return x

    compiled, x = bb.compile(f), np.ones(90)
    np.testing.assert_allclose(compiled(x), f(x.astype(np.longdouble)).astype(float), rtol=1e-11)
    assert "tanh.f64x" in compiled.llvm()  # type: ignore[attr-defined]
    assert "tanh.f64(" not in compiled.llvm()  # type: ignore[attr-defined]
