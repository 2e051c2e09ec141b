"""Stand-ins for medians and quantiles: entries of the sorted array, and the straight lines between them.

A quantile lies at a position among the sorted entries; `method` says how q gives the position. Its derivative by the
array belongs to the entries beside the position, that by q to their distance (0 where the method takes one of them).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bibun.arrays.creation import as_array
from bibun.arrays.deciding import anywhere
from bibun.arrays.layouts import laid_as
from bibun.arrays.protocol import with_out
from bibun.arrays.reductions import axes_there, broadcastable, reducing
from bibun.arrays.registry import row
from bibun.arrays.statistics import nanmean
from bibun.core.traced import Traced

_take_along_axis = row("take_along_axis")
_NONE = np._NoValue


def _between(alpha: float, beta: float) -> Callable[[Any, Any], Any]:
    """The positions of Hyndman and Fan (The American Statistician 50, 1996, 361), counted from 0."""
    return lambda n, q: n * q + (alpha + q * (1 - alpha - beta)) - 1


def _averaged(n: Any, q: Any) -> Any:
    place = n * q - 1
    return np.where(np.equal(place, np.floor(place)), place + 0.5, np.ceil(place))


def _closest(n: Any, q: Any) -> Any:
    """Halves go to the entry of even number, counted from 1."""
    return np.rint(n * q) - 1


# The position of a quantile among n sorted entries, and whether it is always a whole number.
METHODS: dict[str, tuple[Callable[[Any, Any], Any], bool]] = {
    "inverted_cdf": (lambda n, q: np.ceil(n * q - 1), True),
    "averaged_inverted_cdf": (_averaged, False),
    "closest_observation": (_closest, True),
    "interpolated_inverted_cdf": (_between(0, 1), False),
    "hazen": (_between(0.5, 0.5), False),
    "weibull": (_between(0, 0), False),
    "linear": (lambda n, q: (n - 1) * q, False),
    "median_unbiased": (_between(1 / 3, 1 / 3), False),
    "normal_unbiased": (_between(3 / 8, 3 / 8), False),
    "lower": (lambda n, q: np.floor((n - 1) * q), True),
    "higher": (lambda n, q: np.ceil((n - 1) * q), True),
    "midpoint": (lambda n, q: (np.floor((n - 1) * q) + np.ceil((n - 1) * q)) / 2, False),
    "nearest": (lambda n, q: np.rint((n - 1) * q), True),
}


def _lines(a: Any, axis: Any) -> tuple[Any, tuple[int, ...], tuple[int, ...]]:
    """The entries over the axes along the last one; the shape of the rest, and that with the axes kept."""
    axes = axes_there(axis, a.ndim)
    rest = [i for i in range(a.ndim) if i not in axes]
    shape = tuple(a.shape[i] for i in rest)
    kept = tuple(1 if i in axes else n for i, n in enumerate(a.shape))
    order = (*rest, *sorted(axes))
    count = int(np.prod([a.shape[i] for i in axes]))
    return np.reshape(np.transpose(a, order), (*shape, count)), shape, kept


def _entries(ordered: Any, places: Any) -> Any:
    """The entries at these places of the last axis: one list of them for all lines, or one a line."""
    if not isinstance(places, Traced) and places.ndim == 1:
        return ordered[..., places]
    places = np.broadcast_to(places, (*ordered.shape[:-1], places.shape[-1]))
    return _take_along_axis(ordered, places, axis=ordered.ndim - 1, distinct=False)


def _at(ordered: Any, position: Any, last: Any, whole: bool, dtype: Any) -> Any:
    """The value at a position of the sorted lines, on the straight line between its neighbours."""
    position = np.clip(position, 0, last)
    below = np.floor(position).astype(np.intp)
    if whole:
        return _entries(ordered, below)
    above = np.minimum(below + 1, last).astype(np.intp)
    low, high = _entries(ordered, below), _entries(ordered, above)
    part = (position - below).astype(dtype)
    distance = high - low
    return np.where(part >= 0.5, high - distance * (1 - part), low + distance * part)  # from the nearer one, as NumPy


def _sorted(lines: Any, *places: Any) -> Any:
    """The lines with the entries that are asked for in their places; sorted, where these are not known."""
    if any(isinstance(p, Traced) for p in places):
        return np.sort(lines, axis=-1)
    n = lines.shape[-1]
    return np.partition(lines, np.unique(np.clip(np.concatenate([*places, [n - 1]]), 0, n - 1)), axis=-1)


def _unweighted(lines: Any, q: Any, method: str, *, skip: bool, weak: bool) -> Any:
    """The quantiles along the last axis. `skip`: nan, which is sorted to the end, does not count."""
    if method not in METHODS:
        raise ValueError(f"{method!r} is not a valid method. Use one of: {', '.join(METHODS)}")
    positions, whole = METHODS[method]
    n: Any = lines.shape[-1]
    if skip:
        n = np.sum(~np.isnan(lines), axis=-1, keepdims=True)
    position = positions(n, q)
    have = np.result_type(q)
    dtype = lines.dtype if weak and lines.dtype.kind == "f" else have if have.kind == "f" else np.dtype(float)
    whole = whole or (method == "linear" and have.kind in "iu")
    if skip:
        return _at(np.sort(lines, axis=-1), position, np.maximum(n - 1, 0), whole, dtype)
    places = np.floor(position).astype(np.intp)
    return _at(_sorted(lines, places, places + 1), position, n - 1, whole, dtype)


def _weighted(lines: Any, q: Any, weights: Any, *, skip: bool) -> Any:
    """The first entry up to which the weights reach the fraction q of their sum."""
    order = np.argsort(lines, axis=-1)
    ordered = _take_along_axis(lines, order, axis=lines.ndim - 1, distinct=True)
    weights = np.take_along_axis(weights, order, axis=-1)
    if skip:
        weights = np.where(np.isnan(ordered), 0, weights)
    reached = np.cumsum(weights, axis=-1, dtype=np.float64)
    reached = reached / reached[..., -1:]
    if not skip and anywhere(np.isnan(reached[..., -1])):
        raise ValueError("Weights included NaN, inf or were all zero.")
    if np.result_type(q).kind == "f":
        reached = reached.astype(np.result_type(q))
    before = np.less(reached[..., None, :], q[:, None]) | np.equal(reached[..., None, :], 0)
    return _entries(ordered, np.minimum(np.sum(before, axis=-1), lines.shape[-1] - 1))


def _weights_like(weights: Any, a: Any, axis: Any) -> Any:
    """Weights in the shape of the array."""
    if anywhere(np.less(weights, 0)):
        raise ValueError("Weights must be non-negative.")
    return np.broadcast_to(broadcastable(weights, a.shape, axis), a.shape)


def _quantile(
    a: Any, q: Any, axis: Any, method: str, keepdims: Any, weights: Any, *, skip: bool = False, scale: int = 1
) -> Any:
    """The quantiles q / scale, their axes before those of the result."""
    a = as_array(a)
    if a.dtype.kind == "c":
        raise TypeError("a must be an array of real numbers")
    weak = type(q) in (int, float)
    q = as_array(q) / scale if scale != 1 else as_array(q)
    if anywhere(np.less(q, 0) | np.greater(q, 1) | np.isnan(q)):
        raise ValueError(f"{'Quantiles' if scale == 1 else 'Percentiles'} must be in the range [0, {scale}]")
    if np.ndim(q) > 2:
        raise ValueError("q must be a scalar or 1d")
    if skip and not a.size:
        return nanmean(a, axis, keepdims=keepdims)
    skip = skip and a.dtype.kind == "f"
    lines, rest, kept = _lines(a, axis)
    if not lines.shape[-1]:
        raise IndexError("np.quantile: there is no entry to take a quantile of.")
    fractions = np.reshape(q, (-1,))
    if weights is None:
        y = _unweighted(lines, fractions, method, skip=skip, weak=weak)
    elif method != "inverted_cdf":
        raise ValueError(f"Only method 'inverted_cdf' supports weights. Got: {method}.")
    else:
        w, *_ = _lines(_weights_like(as_array(weights), a, axis), axis)
        y = _weighted(lines, fractions, w, skip=skip)
    if a.dtype.kind == "f" and not skip:
        y = _unless_nan(y, lines)
    y = np.moveaxis(laid_as(y, "C", y), -1, 0) if skip else laid_as(np.moveaxis(y, -1, 0), "C", y)
    shape = (*q.shape, *(kept if bool(keepdims) and keepdims is not _NONE else rest))
    return (
        _shaped(y, shape) if weights is None else np.reshape(y, shape)
    )  # NumPy's weighted ones are arrays, of one entry too


def _shaped(y: Any, shape: tuple[int, ...]) -> Any:
    """In this shape; a number, not an array, where it is ()."""
    y = np.reshape(y, shape)
    return y if shape else y[()]


def _unless_nan(y: Any, lines: Any) -> Any:
    """nan for the lines that have one."""
    bad = np.any(np.isnan(lines), axis=-1, keepdims=True)
    return np.where(bad, np.asarray(np.nan, y.dtype), y) if isinstance(bad, Traced) or np.any(bad) else y


def _median(a: Any, axis: Any, keepdims: Any, *, skip: bool, out: Any = None) -> Any:
    """The entry in the middle, or the mean of the two there."""
    lines, rest, kept = _lines(as_array(a), axis)
    if lines.dtype.kind not in "fc":
        lines = lines.astype(float)
    n: Any = lines.shape[-1]
    shape = kept if bool(keepdims) and keepdims is not _NONE else rest
    if not n:
        return _shaped(np.mean(lines, axis=-1), shape)
    if skip:
        n = np.sum(~np.isnan(lines), axis=-1, keepdims=True)
        low, high = np.maximum(n - 1, 0) // 2, np.minimum(n // 2, lines.shape[-1] - 1)
        ordered = np.sort(lines, axis=-1)
    else:
        low, high = np.array([(n - 1) // 2]), np.array([n // 2])
        ordered = _sorted(lines, low, high)
    if out is not None:
        ordered = ordered.astype(with_out(None, ordered, out))
    odd = not skip and n % 2
    y = _entries(ordered, low) if odd else (_entries(ordered, low) + _entries(ordered, high)) / 2
    return _shaped(y if skip else _unless_nan(y, lines), shape)


@reducing(np.median)
def median(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    """The middle of the entries over axes."""
    return _median(a, axis, keepdims, skip=False, out=out)


@reducing(np.nanmedian, spread=True)
def nanmedian(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = _NONE) -> Any:
    """The middle of those that are not nan."""
    return _median(a, axis, keepdims, skip=True)


def _stand_in(numpy_function: Any, *, skip: bool, scale: int) -> Any:
    @reducing(numpy_function, spread=True)
    def stand_in(
        a: Any,
        q: Any,
        axis: Any = None,
        out: Any = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: Any = False,
        *,
        weights: Any = None,
    ) -> Any:
        return _quantile(a, q, axis, method, keepdims, weights, skip=skip, scale=scale)

    return stand_in


quantile = _stand_in(np.quantile, skip=False, scale=1)
percentile = _stand_in(np.percentile, skip=False, scale=100)
nanquantile = _stand_in(np.nanquantile, skip=True, scale=1)
nanpercentile = _stand_in(np.nanpercentile, skip=True, scale=100)
