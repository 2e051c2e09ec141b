"""Stand-ins for sliding windows, and for angles without their jumps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple
from numpy.lib.stride_tricks import sliding_window_view

from bibun.arrays import in_place
from bibun.arrays.creation import as_array
from bibun.arrays.layouts import laid_as
from bibun.arrays.registry import implements, row
from bibun.errors import NoDerivativeError, located

_sliding_windows = row("sliding_windows")


@implements(sliding_window_view)
def windows(x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False) -> Any:
    """y[i, ..., k, ...] = x[i + k, ...], one new axis for each axis that a window slides along."""
    if writeable:
        raise NoDerivativeError(
            f"{located()}sliding_window_view(writeable=True): a write would reach many windows at once. Write to x itself."
        )
    x = as_array(x)
    lengths = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    if any(n < 0 for n in lengths):
        raise ValueError("window_shape cannot contain negative values")
    axes = range(x.ndim) if axis is None else normalize_axis_tuple(axis, x.ndim, allow_duplicate=True)
    if len(lengths) != len(axes):
        raise ValueError(f"sliding_window_view: {len(lengths)} window lengths for {len(axes)} axes.")
    for i, n in zip(axes, lengths, strict=True):
        if x.shape[i] < n:
            raise ValueError("window shape cannot be larger than input array shape")
        settings = {"axis": i, "length": int(n)}
        x = in_place.view(x, _sliding_windows(x, **settings), _sliding_windows, settings)
    return x


@implements(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * np.pi) -> Any:
    """p with multiples of the period added, so that no step along the axis is longer than half of it."""
    p = as_array(p)
    axis = normalize_axis_index(axis, p.ndim)
    steps = np.diff(p, axis=axis)
    dtype = np.result_type(steps, period)
    whole = dtype.kind in "iu"
    high, odd = divmod(period, 2) if whole else (period / 2, 0)
    wrapped = np.mod(steps + high, period) - high
    if not odd:  # a step of half a period keeps its sign
        wrapped = np.where(np.equal(wrapped, -high) & np.greater(steps, 0), high, wrapped)
    moved = np.where(np.less(np.abs(steps), period / 2 if discont is None else discont), 0, wrapped - steps)
    first = (*(slice(None),) * axis, slice(1))
    rest = p[(*(slice(None),) * axis, slice(1, None))] + np.cumsum(moved, axis=axis)
    return laid_as(np.concatenate([p[first].astype(dtype), rest.astype(dtype)], axis=axis), "K", p)
