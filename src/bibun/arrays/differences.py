"""Stand-ins for differences of neighbours along an axis, and the trapezoidal sums and slopes made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from bibun.arrays.creation import as_array
from bibun.arrays.deciding import everywhere
from bibun.arrays.layouts import laid_as
from bibun.arrays.registry import implements
from bibun.core.traced import plain, unlisted


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
    """The differences of the flattened entries, with these values before and behind, in the dtype of the entries."""
    ary = np.reshape(ary, (-1,))
    ends = [None if end is None else as_array(end) for end in (to_begin, to_end)]
    for name, end in zip(("to_begin", "to_end"), ends, strict=True):
        if end is not None and not np.can_cast(end.dtype, ary.dtype, "same_kind"):
            raise TypeError(f"dtype of `{name}` must be compatible with input `ary` under the `same_kind` rule.")
    parts = [ends[0], ary[1:] - ary[:-1], ends[1]]
    return np.concatenate([np.reshape(p.astype(ary.dtype), (-1,)) for p in parts if p is not None])


@implements(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of the straight lines through the points: the sum of dx (y[i] + y[i + 1]) / 2."""
    y = as_array(y)
    along = normalize_axis_index(axis, y.ndim)
    if x is not None:
        x = as_array(x)
        dx = np.diff(x, axis=0 if x.ndim == 1 else axis)  # of several axes, it may have more than y
        if x.ndim == 1:
            dx = np.reshape(dx, (-1,) + (1,) * (y.ndim - 1 - along))
    pairs = y[_along(along, slice(1, None))] + y[_along(along, slice(None, -1))]
    return np.sum(dx * pairs / 2, axis=axis)  # halved last, as NumPy does: small whole numbers wrap around before


@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """The slope along each axis: of second order inside, of order `edge_order` at both ends."""
    f = as_array(f)
    axes = tuple(range(f.ndim)) if axis is None else normalize_axis_tuple(axis, f.ndim)
    if edge_order not in (1, 2):
        raise ValueError("'edge_order' greater than 2 not supported")
    if len(varargs) not in (0, 1, len(axes)):
        raise TypeError("invalid number of arguments")
    varargs = tuple(map(unlisted, varargs))
    steps = varargs * len(axes) if len(varargs) == 1 else varargs or (1.0,) * len(axes)
    if len(varargs) == 1 and len(axes) > 1 and np.ndim(varargs[0]):
        raise ValueError("distances must be scalars or one array an axis")
    slopes = tuple(laid_as(_slope(f, h, i, edge_order), "K", f) for h, i in zip(steps, axes, strict=True))
    return slopes[0] if len(slopes) == 1 else slopes


def _slope(f: Any, h: Any, axis: int, edge_order: int) -> Any:
    n = f.shape[axis]
    if n < edge_order + 1:
        raise ValueError(
            "Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) elements "
            "are required."
        )
    f = np.moveaxis(f.astype(float) if f.dtype.kind in "iu" else f, axis, 0)
    if np.ndim(h):
        h = _distances(h, n)
    if np.ndim(h):
        h = np.reshape(h, (-1,) + (1,) * (f.ndim - 1))
        inside = _weighed(f[:-2], f[1:-1], f[2:], _middle(h[:-1], h[1:]))
    else:
        inside = (f[2:] - f[:-2]) / (2.0 * h)
    first, last = (h[:1], h[-1:]) if np.ndim(h) else (h, h)
    if edge_order == 1:
        ends = (f[1:2] - f[:1]) / first, (f[-1:] - f[-2:-1]) / last
    elif np.ndim(h):
        left, right = _edge(first, h[1:2]), _edge(last, h[-2:-1])
        ends = _weighed(f[:1], f[1:2], f[2:3], left), _weighed(f[-3:-2], f[-2:-1], f[-1:], [-w for w in right[::-1]])
    else:
        ends = (
            _weighed(f[:1], f[1:2], f[2:3], (-1.5 / h, 2.0 / h, -0.5 / h)),
            _weighed(f[-3:-2], f[-2:-1], f[-1:], (0.5 / h, -2.0 / h, 1.5 / h)),
        )
    slopes = np.moveaxis(np.concatenate([ends[0], inside, ends[1]]), 0, axis)
    dtype = f.dtype if f.dtype.kind in "fc" else np.dtype(float)
    return slopes if slopes.dtype == dtype else slopes.astype(dtype)


def _distances(places: Any, n: int) -> Any:
    """From each place to the next; one number where all are equal, as for NumPy. Not where the places are differentiated:
    the slope depends on each of them."""
    if places.shape != (n,):
        raise ValueError("when 1d, distances must match the length of the corresponding dimension")
    steps = np.diff(places.astype(float) if places.dtype.kind in "iu" else places)
    return steps[0] if plain(steps) is steps and everywhere(np.equal(steps, steps[0])) else steps


def _weighed(a: Any, b: Any, c: Any, weights: Any) -> Any:
    return weights[0] * a + weights[1] * b + weights[2] * c


def _middle(before: Any, behind: Any) -> tuple[Any, Any, Any]:
    """The weights of three points for the slope of their parabola at the second."""
    both = before + behind
    return -behind / (before * both), (behind - before) / (before * behind), before / (behind * both)


def _edge(near: Any, far: Any) -> tuple[Any, Any, Any]:
    """The same at the first; at the last with the other sign, in the other order."""
    both = near + far
    return -(2.0 * near + far) / (near * both), both / (near * far), -near / (far * both)
