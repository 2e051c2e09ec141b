"""Functions that test_pickling.py sends to other processes, which import them from here."""

from __future__ import annotations

from typing import Any

import numpy as np

import bibun as bb


def plain(x: Any, power: int = 2) -> Any:
    return np.sum(x**power)


@bb.compile
def decorated(x: Any) -> Any:
    return np.sin(x) * 2


gradient = bb.compile(bb.grad(plain))
nothing = None  # is not to be taken for a compiled function that is gone


class Model:
    @bb.compile
    def value(self, x: Any) -> Any:
        return x + 1


def call(function: Any, *args: Any) -> tuple[Any, str]:
    """In another process: the result, and what was called."""
    return function(*args), repr(function)
