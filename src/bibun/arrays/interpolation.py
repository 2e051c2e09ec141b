"""Stand-ins for sequences beside one another: np.convolve and np.correlate, and the straight lines of np.interp."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays.creation import as_array
from bibun.arrays.deciding import anywhere
from bibun.arrays.registry import implements, row
from bibun.arrays.selection import take

_convolve, _searchsorted, _guarded_times = row("convolve"), row("searchsorted"), row("guarded_times")
_MODES = {0: "valid", 1: "same", 2: "full"}


def _vectors(a: Any, v: Any, mode: Any, name: str) -> tuple[Any, Any, str]:
    a, v = (np.reshape(x, (1,)) if not x.ndim else x for x in (as_array(a), as_array(v)))
    mode = _MODES.get(mode, mode)
    if mode not in _MODES.values():
        raise ValueError(f"{name}: the mode must be full, same or valid; it is {mode!r}.")
    if a.ndim > 1 or v.ndim > 1:
        raise ValueError("object too deep for desired array")
    if not a.size or not v.size:
        raise ValueError(f"{name}: an array is empty.")
    return a, v, mode


def _part(a: Any, b: Any, mode: str, *, late: bool = False) -> Any:
    """Of a and b, of which a is the longer one; `late`: where the middle is not one place, the later one."""
    if mode != "same":
        return _convolve(a, b, mode=mode)
    start = b.shape[0] // 2 if late else (b.shape[0] - 1) // 2
    return _convolve(a, b, mode="full")[start : start + a.shape[0]]


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    """y[k] = the sum of a[k - j] v[j]: all of it, the part as long as the longer one, or where both overlap wholly."""
    a, v, mode = _vectors(a, v, mode, "np.convolve")
    return _part(a, v, mode) if a.shape[0] >= v.shape[0] else _part(v, a, mode)


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    """y[k] = the sum of a[k + j] conj(v[j])."""
    a, v, mode = _vectors(a, v, mode, "np.correlate")
    b = np.flip(np.conjugate(v) if v.dtype.kind == "c" else v)
    return _part(a, b, mode) if a.shape[0] >= b.shape[0] else _part(b, a, mode, late=True)


@implements(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """The straight lines through the points (xp, fp) at x; `left` and `right` of them, the first and the last of fp."""
    x, xp, fp = (as_array(v) for v in (x, xp, fp))
    if period is None and "c" in (x.dtype.kind, xp.dtype.kind):  # with a period NumPy takes their real parts
        raise TypeError(
            f"np.interp: places on a line are real numbers, x is {x.dtype} and xp {xp.dtype}. Write x.real."
        )
    x, xp, fp = x.astype(float), xp.astype(float), fp.astype(complex if fp.dtype.kind == "c" else float)
    if xp.ndim != 1 or fp.ndim != 1:
        raise ValueError("Data points must be 1-D sequences")
    if xp.shape != fp.shape:
        raise ValueError("fp and xp are not of the same length.")
    if not xp.size:
        raise ValueError("array of sample points is empty")
    if period is not None:
        left = right = None
        x, xp, fp = _in_one_period(x, xp, fp, period)
    last = xp.shape[0] - 1
    left, right = fp[0] if left is None else left, fp[-1] if right is None else right
    below, above = np.less(x, xp[0]), np.greater(x, xp[-1])
    if not last:
        middle = fp[0] + 0 * x
    else:
        inside = np.where(below, xp[0], np.where(above, xp[-1], x))
        middle = _between(inside, xp, fp)
    y = np.where(below, left, np.where(above, right, middle))
    return y if x.ndim else y[()]


def _between(x: Any, xp: Any, fp: Any) -> Any:
    """The line from the point before x; where that is nan, as from an infinite value, the line from the point behind; where
    both are, the value of both points if it is the same one."""
    last = xp.shape[0] - 1
    near = np.clip(_searchsorted(xp, x, side="right") - 1, 0, last)  # the last point is its own
    i = np.minimum(near, last - 1)
    before, behind, end = take(fp, i), take(fp, i + 1), take(xp, i + 1)
    slope = (behind - before) / (end - take(xp, i))
    start = _distance(x, take(xp, near))
    # At a point its value, however steep the line is
    y = _guarded_times(start, slope) + take(fp, near)
    turned = np.logical_and(np.isnan(y), np.equal(x, x))
    if not anywhere(turned):
        return y
    # The line that is not taken has no length: an infinite one, times a cotangent of 0, would be nan
    y = _guarded_times(np.where(turned, 0.0, start), slope) + take(fp, near)
    other = _guarded_times(np.where(turned, _distance(x, end), 0.0), slope) + behind
    other = np.where(np.logical_and(np.isnan(other), np.equal(before, behind)), before, other)
    return np.where(turned, other, y)


def _distance(x: Any, point: Any) -> Any:
    """x - point, and 0 where both are the same infinity."""
    same = np.logical_and(np.isinf(x), np.equal(x, point))
    return np.where(same, 0.0, x) - np.where(same, 0.0, point)


def _in_one_period(x: Any, xp: Any, fp: Any, period: Any) -> tuple[Any, Any, Any]:
    """Points and places brought into one period, and the points at its ends repeated beyond it."""
    if anywhere(np.equal(period, 0)):
        raise ValueError("period must be a non-zero value")
    period = np.abs(period)
    x, xp = x % period, xp % period
    order = np.argsort(xp)
    xp, fp = take(xp, order), take(fp, order)
    return x, np.concatenate([xp[-1:] - period, xp, xp[:1] + period]), np.concatenate([fp[-1:], fp, fp[:1]])
