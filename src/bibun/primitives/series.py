"""Polynomials for where a closed form loses its digits: near a removable singularity, and far out. Holds no row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def polynomial(coefficients: Sequence[float], z: Any) -> Any:
    """c[0] + c[1] z + c[2] z**2 + ..., by Horner's scheme."""
    total = coefficients[-1] * z
    for c in coefficients[-2:0:-1]:
        total = (total + c) * z
    return total + coefficients[0]


def joined(near: Any, x: Any, inside: Callable[[Any], Any], outside: Callable[[Any], Any], apart: float) -> Any:
    """inside(x) where `near`, else outside(x). Neither sees the other's x: 0 stands in for it inside, `apart` outside."""
    return np.where(near, inside(np.where(near, x, 0)), outside(np.where(near, apart, x)))
