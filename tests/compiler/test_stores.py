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
