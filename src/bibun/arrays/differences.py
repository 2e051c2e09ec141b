"""Stand-ins for differences of neighbours along an axis, and the trapezoidal sums and slopes made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from bibun.arrays.creation import as_array
from bibun.arrays.registry import implements


def _along(axis: int, part: Any) -> tuple[Any, ...]:
    return (*(slice(None),) * axis, part)


@implements(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue) -> Any:
    """a[i + 1] - a[i] along the axis, n times over; of truth values, whether they differ."""
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n!r}")
    a = as_array(a)
    if a.ndim == 0:
        raise ValueError("diff requires input that is at least one dimensional")
    axis = normalize_axis_index(axis, a.ndim)
    end = (*a.shape[:axis], 1, *a.shape[axis + 1 :])
    parts = [as_array(p) for p in (prepend, a, append) if p is not np._NoValue]
    if n and len(parts) > 1:
        a = np.concatenate([p if p.ndim else np.broadcast_to(p, end) for p in parts], axis=axis)
    for _ in range(n):
        behind, before = a[_along(axis, slice(1, None))], a[_along(axis, slice(None, -1))]
        a = behind - before if a.dtype.kind != "b" else np.not_equal(behind, before)
    return a


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """The differences of the flattened entries, with these values before and behind."""
    ary = np.reshape(ary, (-1,))
    parts = [to_begin, ary[1:] - ary[:-1], to_end]
    return np.concatenate([np.reshape(as_array(p).astype(ary.dtype), (-1,)) for p in parts if p is not None])


@implements(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of the straight lines through the points: the sum of dx (y[i] + y[i + 1]) / 2."""
    y = as_array(y)
    axis = normalize_axis_index(axis, y.ndim)
    if x is not None:
        x = as_array(x)
        dx = np.diff(x, axis=0 if x.ndim == 1 else axis)
        if x.ndim == 1:
            dx = np.reshape(dx, (-1,) + (1,) * (y.ndim - 1 - axis))
    middles = (y[_along(axis, slice(1, None))] + y[_along(axis, slice(None, -1))]) / 2
    return np.sum(dx * middles, axis=axis)


@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """The slope along each axis: of second order inside, of order `edge_order` at both ends."""
    f = as_array(f)
    axes = tuple(range(f.ndim)) if axis is None else normalize_axis_tuple(axis, f.ndim)
    if edge_order not in (1, 2):
        raise ValueError("'edge_order' greater than 2 not supported")
    if len(varargs) not in (0, 1, len(axes)):
        raise TypeError("invalid number of arguments")
    steps = varargs * len(axes) if len(varargs) == 1 else varargs or (1.0,) * len(axes)
    if len(varargs) == 1 and len(axes) > 1 and np.ndim(varargs[0]):
        raise ValueError("distances must be scalars or one array an axis")
    slopes = tuple(_slope(f, as_array(h), i, edge_order) for h, i in zip(steps, axes, strict=True))
    return slopes[0] if len(slopes) == 1 else slopes


def _slope(f: Any, h: Any, axis: int, edge_order: int) -> Any:
    n = f.shape[axis]
    if n < edge_order + 1:
        raise ValueError(
            "Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) elements "
            "are required."
        )
    if h.ndim and h.shape != (n,):
        raise ValueError("when 1d, distances must match the length of the corresponding dimension")
    f = np.moveaxis(f if f.dtype.kind in "fc" else f.astype(float), axis, 0)
    steps = np.diff(h) if h.ndim else np.broadcast_to(h, (n - 1,))
    steps = np.reshape(steps, (-1,) + (1,) * (f.ndim - 1))
    chords = (f[1:] - f[:-1]) / steps
    before, behind = steps[:-1], steps[1:]
    inside = (behind * chords[:-1] + before * chords[1:]) / (before + behind)
    first, last = chords[:1], chords[-1:]
    if edge_order == 2:  # the parabola through the last three points: the slope there, from the two chords
        first = first + (first - chords[1:2]) * steps[:1] / (steps[:1] + steps[1:2])
        last = last + (last - chords[-2:-1]) * steps[-1:] / (steps[-1:] + steps[-2:-1])
    slopes = np.moveaxis(np.concatenate([first, inside, last]), 0, axis)
    return slopes if slopes.dtype == f.dtype else slopes.astype(f.dtype)
