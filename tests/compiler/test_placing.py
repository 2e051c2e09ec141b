"""New arrays lie where loops do not wait for them: not just behind what is read, by the lowest bits of addresses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.native.machine import available

pytestmark = pytest.mark.skipif(not available(), reason="no machine code on this machine")

PAGE, SIZE = 4096, 10_000


def test_new_arrays_seldom_lie_just_behind_what_is_read() -> None:
    def differences(x: Any) -> Any:
        return x[1:] * x[:-1] - 2.0 * x[1:]

    compiled = bb.compile(differences, threads=1)
    memory = np.zeros(SIZE + 2 * PAGE // 8)
    start = -memory.ctypes.data % PAGE // 8
    unlucky = 0
    for place in range(64):
        x = memory[start + 8 * place : start + 8 * place + SIZE]
        x[...] = np.arange(SIZE)
        y = compiled(x)
        np.testing.assert_array_equal(y, differences(x))
        unlucky += 0 < (y.ctypes.data - x.ctypes.data) % PAGE < 1280
    assert unlucky < 16  # where nobody looks it is 20
