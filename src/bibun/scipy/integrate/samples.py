"""Integrals of samples: trapezoid, simpson, romb and the cumulative ones, as sums of NumPy's operations.

The precision is SciPy's, which is not that of the samples everywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import integrate  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.scipy._levels import is_traced


def _last(y: Any, x: Any, dx: Any, axis: int) -> tuple[Any, Any]:
    """The samples with their axis last, and the steps between them."""
    y = np.moveaxis(y, axis, -1)
    if x is None:
        # a number has no precision of its own
        dx = np.asarray(dx, np.finfo(_floating(y)).dtype) if type(dx) in (int, float) else as_array(dx)
        return y, np.broadcast_to(np.moveaxis(dx, axis, -1) if dx.ndim else dx, (*y.shape[:-1], y.shape[-1] - 1))
    x = as_array(x)
    return y, np.diff(x if x.ndim == 1 else np.moveaxis(x, axis, -1), axis=-1)


def _floating(y: Any) -> Any:
    """The dtype of the samples, if it is that of an integral too."""
    return y.dtype if y.dtype.kind in "fc" else np.dtype(float)


def _double(h: Any) -> Any:
    return h.astype(float) if h.dtype.kind != "c" else h


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Σ dx[i] (y[i] + y[i + 1]) / 2"""
    if not is_traced(y, x, dx):
        return integrate.trapezoid(y, x, dx, axis)
    y = as_array(y)
    if not y.shape[axis]:
        return np.sum(y, axis=axis)
    dtype = np.result_type(_floating(y), *(d for d in (x, dx) if np.iscomplexobj(d)))
    y, steps = _last(y, x, dx, axis)
    return np.sum(steps * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1).astype(dtype)


def cumulative_trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None) -> Any:
    """The trapezoidal sums up to each sample."""
    if not is_traced(y, x, dx):
        return integrate.cumulative_trapezoid(y, x, dx, axis, initial)
    y, steps = _last(as_array(y), x, dx, axis)
    sums = np.cumsum(steps * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)
    if initial is not None:
        if initial != 0:
            raise ValueError("`initial` must be `None` or `0`.")
        sums = np.concatenate([np.zeros((*sums.shape[:-1], 1), sums.dtype), sums], axis=-1)
    return np.moveaxis(sums, -1, axis)


def simpson(y: Any, x: Any = None, *, dx: Any = 1.0, axis: int = -1) -> Any:
    """Simpson's rule; an even number of samples has its last interval from the parabola through the last three."""
    if not is_traced(y, x, dx):
        return integrate.simpson(y, x, dx=dx, axis=axis)
    y, h = _last(as_array(y), x, dx, axis)
    n = y.shape[-1]
    if n == 2:
        return 0.5 * h[..., 0] * (y[..., 0] + y[..., 1])
    if x is not None or n % 2 == 0:
        h = _double(h)
    odd = n - 1 + n % 2
    result = _pairs(y[..., :odd], h[..., : odd - 1])
    if n % 2:
        return result
    h0, h1 = h[..., -2], h[..., -1]
    return result + _last_third(h0, h1, y[..., -3], y[..., -2], y[..., -1])


def _pairs(y: Any, h: Any) -> Any:
    """Simpson's rule over pairs of intervals, which may be of different lengths."""
    h0, h1 = h[..., ::2], h[..., 1::2]
    total, ratio = h0 + h1, _quotient(h0, h1)
    left, middle, right = y[..., :-2:2], y[..., 1::2], y[..., 2::2]
    outer = left * (2 - _quotient(1.0, ratio)) + right * (2 - ratio)
    return np.sum(total / 6 * (outer + middle * _quotient(total**2, h0 * h1)), axis=-1)


def _quotient(a: Any, b: Any) -> Any:
    """a / b; and 0 where b is, as SciPy has it: over an interval of length 0 there is no parabola."""
    none = np.equal(b, 0)
    return np.where(none, 0.0, a / np.where(none, 1.0, b))


def _last_third(h0: Any, h1: Any, a: Any, b: Any, c: Any) -> Any:
    """The integral over h1 of the parabola through a, b, c."""
    total = h0 + h1
    right = _quotient(2 * h1**2 + 3 * h0 * h1, 6 * total)
    middle = _quotient(h1**2 + 3 * h0 * h1, 6 * h0)
    return right * c + middle * b - _quotient(h1**3, 6 * h0 * total) * a


def cumulative_simpson(y: Any, *, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None) -> Any:
    """The integrals up to each sample, of the parabolas through three samples."""
    if not is_traced(y, x, dx, initial):
        return integrate.cumulative_simpson(y, x=x, dx=dx, axis=axis, initial=initial)
    y = as_array(y)
    if y.shape[axis] < 3:
        sums = np.moveaxis(cumulative_trapezoid(y, x, dx, axis), axis, -1)
    else:
        y, h = _last(y, x, as_array(dx), axis)
        sums = np.cumsum(_thirds(y, h), axis=-1)
    if initial is not None:
        initial = as_array(initial)
        start = np.moveaxis(initial, axis, -1) if initial.ndim else initial
        start = np.broadcast_to(start, (*sums.shape[:-1], 1))
        sums = np.concatenate([start, sums + start], axis=-1)
    return np.moveaxis(sums, -1, axis)


def _thirds(y: Any, h: Any) -> Any:
    """The integral over each interval: the first of a pair by the parabola to its right, the second by that to its left."""
    forward = _over_first(h[..., :-1], h[..., 1:], y[..., :-2], y[..., 1:-1], y[..., 2:])
    backward = _over_first(h[..., 1:], h[..., :-1], y[..., 2:], y[..., 1:-1], y[..., :-2])
    count = h.shape[-1]
    take_forward = (np.arange(count) % 2 == 0) & (np.arange(count) < count - 1)
    forward = np.concatenate([forward, forward[..., :1]], axis=-1)
    backward = np.concatenate([backward[..., :1], backward], axis=-1)
    return np.where(take_forward, forward, backward)


def _over_first(h0: Any, h1: Any, a: Any, b: Any, c: Any) -> Any:
    """The integral over h0 of the parabola through a, b, c."""
    near, both = h0 / (h0 + h1), h0 / h1
    product = near * both
    return h0 / 6 * ((3 - near) * a + (3 + product + near) * b - product * c)


def romb(y: Any, dx: Any = 1.0, axis: int = -1, show: bool = False) -> Any:
    """Romberg's extrapolation of the trapezoidal sums of 2**k + 1 samples."""
    if not is_traced(y, dx):
        return integrate.romb(y, dx, axis, show)
    y = np.moveaxis(as_array(y), axis, -1)
    intervals = y.shape[-1] - 1
    depth = intervals.bit_length() - 1
    if intervals < 1 or 1 << depth != intervals:
        raise ValueError("Number of samples must be one plus a non-negative power of 2.")
    h = intervals * _double(as_array(dx))
    row = [(y[..., 0] + y[..., -1]) / 2.0 * h]
    for i in range(1, depth + 1):
        step = intervals >> i
        h = h / 2
        new = [0.5 * row[0] + h * np.sum(y[..., step :: 2 * step], axis=-1)]
        for j in range(1, i + 1):
            new.append(new[j - 1] + (new[j - 1] - row[j - 1]) / ((1 << 2 * j) - 1))
        row = new
    return row[-1]
