"""What these tests have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bibun.compiler.native import build


class _Filled:
    """NumPy, but for `empty`, which it fills: what a program does not write, or reads before it has, is nan."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def empty(self, shape: Any, dtype: Any) -> Any:
        made = np.empty(shape, dtype)
        made.reshape(-1).view(np.uint8)[...] = 0xFF
        return made


@pytest.fixture(autouse=True)
def _nothing_is_left_from_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call of a program runs in memory that holds nothing of an earlier one."""
    monkeypatch.setattr(build, "np", _Filled())
