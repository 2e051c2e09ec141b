"""Rows of sliding windows along an axis, and of their transpose, which adds overlapping windows up."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bibun.core.kinds import linear
from bibun.core.primitive import Primitive


def _windows(x: Any, *, axis: int, length: int) -> Any:
    """y[..., i, ..., k] = x[..., i + k, ...], a view: the new axis is the last."""
    return sliding_window_view(x, length, axis)


def _overlap_add(g: Any, *, axis: int, length: int) -> Any:
    """One addition an entry of the window, each of a whole array."""
    *shape, _ = np.shape(g)
    places = shape[axis]
    shape[axis] = places + length - 1
    total = np.zeros(shape, np.result_type(g))
    for k in range(length):
        total[(*(slice(None),) * axis, slice(k, k + places))] += g[..., k]
    return total


sliding_windows: Primitive = linear(
    _windows,
    lambda g, axis, length: overlap_add(g, axis=axis, length=length),
    batch="axis",
    name="sliding_windows",
)
overlap_add: Primitive = linear(
    _overlap_add,
    lambda g, axis, length: sliding_windows(g, axis=axis, length=length),
    batch="axis",
    name="overlap_add",
)
