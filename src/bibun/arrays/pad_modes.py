"""What np.pad puts before and behind an axis in each of its modes: the parts that are joined to it. padding.py has np.pad.

One axis after the other is padded, so that a later axis continues what was put along an earlier one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Widths = tuple[int, int]


def _part(x: Any, axis: int, which: slice) -> Any:
    return x[(*(slice(None),) * axis, which)]


def _repeated(x: Any, axis: int, width: int) -> Any:
    """One entry along the axis, `width` times."""
    return np.broadcast_to(x, (*x.shape[:axis], width, *x.shape[axis + 1 :]))


def _shaped(values: Any, axis: int, ndim: int) -> Any:
    """A line of numbers along the axis."""
    return np.reshape(values, (1,) * axis + (-1,) + (1,) * (ndim - 1 - axis))


def constant(x: Any, axis: int, widths: Widths, values: Any) -> Any:
    """Two numbers."""
    ends = [np.broadcast_to(np.asarray(0, x.dtype) + v, (1,) * x.ndim).astype(x.dtype) for v in values]
    parts = [np.broadcast_to(v, (*x.shape[:axis], n, *x.shape[axis + 1 :])) for v, n in zip(ends, widths, strict=True)]
    return np.concatenate([parts[0], x, parts[1]], axis=axis)


def linear_ramp(x: Any, axis: int, widths: Widths, values: Any) -> Any:
    """From the edges to two numbers, in even steps; whole numbers are those below."""
    edges = _part(x, axis, slice(1)), _part(x, axis, slice(-1, None))
    parts = []
    for edge, end, n in zip(edges, values, widths, strict=True):
        edge, end = edge * 1.0, end * 1.0  # the difference of unsigned numbers would wrap
        steps = _shaped(np.arange(n, dtype=np.finfo(np.result_type(edge, np.float16)).dtype), axis, x.ndim)
        ramp = end + steps * ((edge - end) / max(n, 1))
        parts.append((np.floor(ramp) if x.dtype.kind in "iu" else ramp).astype(x.dtype))
    return np.concatenate([parts[0], x, np.flip(parts[1], axis)], axis=axis)


def _median(x: Any, axis: int) -> Any:
    """The middle one of the sorted entries, or the mean of two; nan, which is sorted to the end, if there is one."""
    ordered, n = np.sort(x, axis=axis), x.shape[axis]
    middle = np.mean(_part(ordered, axis, slice((n - 1) // 2, n // 2 + 1)), axis=axis, keepdims=True)
    last = _part(ordered, axis, slice(-1, None))
    return np.where(np.isnan(last), last, middle)


STATISTICS: dict[str, Callable[[Any, int], Any]] = {
    "mean": lambda x, axis: np.mean(x, axis=axis, keepdims=True),
    "median": _median,
    "maximum": lambda x, axis: np.max(x, axis=axis, keepdims=True),
    "minimum": lambda x, axis: np.min(x, axis=axis, keepdims=True),
}


def statistic(x: Any, axis: int, widths: Widths, values: Any, mode: str) -> Any:
    """A statistic of so many entries from each edge (None: of all)."""
    n, of = x.shape[axis], STATISTICS[mode]
    lengths = [n if v is None or v > n else int(v) for v in values]
    if 0 in lengths and mode in ("maximum", "minimum"):
        raise ValueError("stat_length of 0 yields no value for padding")
    chunks = _part(x, axis, slice(lengths[0])), _part(x, axis, slice(n - lengths[1], None))
    found = [of(chunk, axis) for chunk in chunks]
    if x.dtype.kind in "iu":
        found = [np.round(v) for v in found]
    parts = [_repeated(v.astype(x.dtype), axis, w) for v, w in zip(found, widths, strict=True)]
    return np.concatenate([parts[0], x, parts[1]], axis=axis)


def odd_reflection(x: Any, axis: int, widths: Widths, mode: str) -> Any:
    """Mirrored at both edges e to 2 e - x; then what is there is mirrored again, as often as it takes.

    Not by a formula with the distance between the edges: as NumPy has it, an infinite edge harms what is mirrored at it alone.
    """
    n = x.shape[axis]
    skipped = 0 if mode == "symmetric" else 1  # whether the edge itself is mirrored too
    if n == 1:  # NumPy repeats a single entry
        return _repeated(x, axis, widths[0] + 1 + widths[1])
    period = n - skipped
    before, behind = widths
    while before or behind:
        length = (x.shape[axis] - skipped) // period * period
        left, right = min(length, before), min(length, behind)
        end = x.shape[axis] - skipped
        first, last = _part(x, axis, slice(1)), _part(x, axis, slice(-1, None))
        x = np.concatenate(
            [
                2 * first - np.flip(_part(x, axis, slice(skipped, left + skipped)), axis),
                x,
                2 * last - np.flip(_part(x, axis, slice(end - right, end)), axis),
            ],
            axis=axis,
        )
        before, behind = before - left, behind - right
    return x
