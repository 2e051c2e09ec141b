"""Long vectors are stored register by register, in the order of memory."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.native.machine import available, machine

pytestmark = pytest.mark.skipif(not available(), reason="without llvmlite nothing is stored by machine code")


def bend(x: Any) -> Any:
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@pytest.mark.parametrize(("dtype", "size"), [(np.float64, 8), (np.float32, 4)])
def test_no_store_is_longer_than_a_register(dtype: Any, size: int) -> None:
    """LLVM itself would store the registers of a longer one last first, and most lines of the cache twice."""
    x = np.random.default_rng(1).uniform(-1.5, 1.5, 10_000).astype(dtype)
    compiled = bb.compile(bb.grad(bend), threads=1)
    by_hand = np.zeros_like(x)
    by_hand[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    by_hand[1:] += 200 * (x[1:] - x[:-1] ** 2)
    np.testing.assert_allclose(compiled(x), by_hand, rtol=1e4 * np.finfo(dtype).eps, atol=1e4 * np.finfo(dtype).eps)
    stores = re.findall(r"store <(\d+) x (?:double|float)> (%\w+), ptr (%\w+)", compiled.llvm())  # type: ignore[attr-defined]
    assert stores
    assert {int(lanes) for lanes, _, _ in stores} == {machine().width // size}


def test_a_number_that_is_returned_is_not_read_from_where_it_is_stored() -> None:
    """What is padded with it can come first: the derivative by an argument that is not used, and one by places."""
    places = np.random.default_rng(1).integers(0, 130, size=130)

    def f(v: Any, s: Any) -> Any:
        y = np.sum(v[np.stack([places, places[::-1]])] * 0.5, axis=0)
        z = np.sort(y) * 0.5 + y[np.argmax(y)] - y[np.argmin(y)]
        return np.sum(z * np.cos(np.arange(130))) + z[0:1:2].sum()

    v = np.random.default_rng(3).normal(size=130)
    for got, want in zip(
        bb.compile(bb.grad(f, argnums=(0, 1)))(v, 0.3), bb.grad(f, argnums=(0, 1))(v, 0.3), strict=True
    ):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", [(6, 6), (40, 50), (4, 5, 6)])
def test_numbers_of_a_flattened_array_beside_what_it_is_made_of(shape: tuple[int, ...]) -> None:
    x = np.linspace(0, 1, int(np.prod(shape))).reshape(shape)
    for f in (
        lambda x: x - np.mean(np.exp(x).ravel()[:2]),
        lambda x: x / ((x * 2 + 1).reshape(-1)[-1] - (x * 2).reshape(-1)[0]),
        lambda x: x + (x + 0.5).flatten()[0] * (x + 0.5).flatten()[-1],
    ):
        np.testing.assert_allclose(bb.compile(f)(x), f(x), rtol=1e-12)
        total = lambda x, f=f: np.sum(f(x) ** 2)  # noqa: E731
        np.testing.assert_allclose(bb.compile(bb.grad(total))(x), bb.grad(total)(x), rtol=1e-9)
