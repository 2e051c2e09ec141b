"""Stand-ins for what is around an array, np.pad in all its modes, and for the windows that run over it."""

from __future__ import annotations

from collections.abc import Callable
from operator import index
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from bibun.arrays.creation import as_array, holds_traced
from bibun.arrays.quantiles import median
from bibun.arrays.reductions import max_, mean, min_
from bibun.arrays.registry import implements, row
from bibun.arrays.selection import take
from bibun.arrays.sequences import linspace
from bibun.arrays.shapes import lengths
from bibun.errors import NoDerivativeError, located

_put, _getitem = row("put"), row("getitem")
_COPYING = ("edge", "reflect", "symmetric", "wrap")  # each new entry is one of the old
_STATISTICS: dict[str, Callable[..., Any]] = {"maximum": max_, "minimum": min_, "mean": mean, "median": median}


@implements(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **settings: Any) -> Any:
    """More entries before and behind along each axis, by the rule that the mode says."""
    array = as_array(array)
    if not array.ndim:
        return np.copy(array)
    widths = _widths(pad_width, array.ndim)
    if mode == "empty":
        return _with_constants(array, widths, 0)
    if mode == "constant":
        values = settings.get("constant_values", 0)
        if not holds_traced(values):
            return _with_constants(array, widths, values)
        return _along_each(array, widths, _constants, _pairs(values, array.ndim).astype(array.dtype))
    if mode in ("reflect", "symmetric") and settings.get("reflect_type", "even") == "odd":
        return _along_each(array, widths, _reflected, [mode == "symmetric"] * array.ndim)
    if mode in _COPYING:
        places = np.arange(array.size).reshape(array.shape)
        return _getitem(np.reshape(array, (-1,)), key=(np.pad(places, widths, mode=mode, **settings),))
    if mode == "linear_ramp":
        return _along_each(array, widths, _ramps, _pairs(settings.get("end_values", 0), array.ndim))
    if mode in _STATISTICS:
        spans = settings.get("stat_length")
        each = [(None, None)] * array.ndim if spans is None else _pairs(spans, array.ndim)
        return _along_each(array, widths, _statistics(_STATISTICS[mode]), each)
    raise NoDerivativeError(
        f"{located()}np.pad(mode={mode!r}) has no derivative rule; the modes constant, empty, linear_ramp, "
        f"{', '.join(_STATISTICS)}, {', '.join(_COPYING)} have. Or join the parts with np.concatenate."
    )


def _pairs(value: Any, ndim: int) -> Any:
    """One value, a pair, or a pair for each axis: as the latter."""
    return np.broadcast_to(as_array(value), (ndim, 2))


def _widths(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    if isinstance(pad_width, dict):
        given, widths = pad_width, [(0, 0)] * ndim
        for axis, width in given.items():
            widths[axis] = (index(width),) * 2 if np.ndim(width) == 0 else lengths(width)  # type: ignore[assignment]
        return widths
    return [(index(before), index(behind)) for before, behind in np.broadcast_to(np.asarray(pad_width), (ndim, 2))]


def _with_constants(array: Any, widths: list[tuple[int, int]], values: Any) -> Any:
    """Among plain constants: in one copy."""
    around = np.pad(np.zeros(array.shape, array.dtype), widths, constant_values=values)
    key = tuple(slice(before, before + n) for (before, _), n in zip(widths, array.shape, strict=True))
    return _put(around, array, key=key)


def _along_each(array: Any, widths: list[tuple[int, int]], border: Callable[..., Any], settings: Any) -> Any:
    """Along one axis after the other: `border` gives what is before and behind, along the first axis."""
    for axis, (before, behind) in enumerate(widths):
        if before or behind:
            lines = np.moveaxis(array, axis, 0)
            if not len(lines) and border is not _constants:
                raise ValueError(f"can't extend empty axis {axis} using modes other than 'constant' or 'empty'")
            parts = border(lines, before, behind, settings[axis])
            array = np.moveaxis(np.concatenate([parts[0], lines, parts[1]]), 0, axis)
    return array


def _constants(lines: Any, before: int, behind: int, values: Any) -> list[Any]:
    return [np.broadcast_to(values[i], (n, *lines.shape[1:])) for i, n in enumerate((before, behind))]


def _ramps(lines: Any, before: int, behind: int, ends: Any) -> list[Any]:
    """From the end values to the edges, at equal steps."""
    rise, fall = (
        linspace(ends[i], lines[-i], n, endpoint=False).astype(lines.dtype) for i, n in enumerate((before, behind))
    )
    return [rise, np.flip(fall, 0)]


def _statistics(statistic: Callable[..., Any]) -> Callable[..., Any]:
    """A statistic of the entries next to the edge, as many as the setting says, or all."""

    def border(lines: Any, before: int, behind: int, spans: Any) -> list[Any]:
        first, last = (len(lines) if span is None else min(index(span), len(lines)) for span in spans)
        if not first or not last:
            raise ValueError("np.pad: a statistic of no entry: stat_length is 0.")
        near = lines[:first], lines[len(lines) - last :]
        return [
            np.broadcast_to(statistic(part, axis=0, keepdims=True).astype(lines.dtype), (n, *lines.shape[1:]))
            for part, n in zip(near, (before, behind), strict=True)
        ]

    return border


def _reflected(lines: Any, before: int, behind: int, symmetric: bool) -> list[Any]:
    """The graph turned by half a circle about its ends, again and again: f(-i) = 2 f(0) - f(i)."""
    n = len(lines)
    if n == 1:
        return [np.broadcast_to(lines, (k, *lines.shape[1:])) for k in (before, behind)]
    period = 2 * n if symmetric else 2 * (n - 1)
    rise = lines[-1] - lines[0]
    parts = []
    for places in (np.arange(-before, 0), np.arange(n, n + behind)):
        turns, place = np.divmod(places, period)
        turned = place >= n
        source = np.where(turned, period - place - symmetric, place)
        shape = (-1,) + (1,) * (lines.ndim - 1)
        sign, edges = (np.reshape(np.asarray(v, lines.dtype), shape) for v in (1 - 2 * turned, 2 * turned))
        far = np.reshape(np.asarray(2 * turns, lines.dtype), shape)
        parts.append(sign * take(lines, source, axis=0) + edges * lines[-1] + far * rise)
    return parts


@implements(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    """All windows of that shape, their axes behind the others. Not a view: NumPy's is read-only by default."""
    windows = lengths(window_shape)
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim, allow_duplicate=True)
    if len(windows) != len(axes):
        raise ValueError("Must provide matching length window_shape and axis; they have different lengths.")
    y = x
    for i, window in zip(axes, windows, strict=True):
        starts = y.shape[i] - window + 1
        if window < 0 or starts < 1:
            raise ValueError("window shape cannot be larger than input array shape, or negative")
        places = np.arange(starts)[:, None] + np.arange(window)
        y = np.moveaxis(take(y, places, axis=i), i + 1, -1)
    return y
