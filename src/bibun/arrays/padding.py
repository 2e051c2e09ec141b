"""Stand-ins for padding, triangles and diagonals: what puts entries among zeros, or zeros among entries."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from bibun.arrays import in_place, indexing, lost, pad_modes, shapes
from bibun.arrays.creation import as_array, holds_traced, stored
from bibun.arrays.layouts import copied, laid_as
from bibun.arrays.pad_modes import STATISTICS
from bibun.arrays.protocol import with_out
from bibun.arrays.reductions import reducing
from bibun.arrays.registry import implements, row
from bibun.arrays.shapes import is_traced
from bibun.errors import NoDerivativeError, located

_put, _where, _diagonal, _getitem = row("put"), row("where"), row("diagonal"), row("getitem")
_COPYING = ("edge", "reflect", "symmetric", "wrap")  # each new entry is one of the old
_VALUES = {
    "constant": "constant_values",
    "linear_ramp": "end_values",
    "empty": "",
    **dict.fromkeys(STATISTICS, "stat_length"),
}


@implements(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **settings: Any) -> Any:
    """More entries before and behind along each axis, by the rule that the mode says."""
    array = as_array(array)
    y = _padded_by(mode, array, pad_width, settings)
    return copied(array, "A") if y is array else laid_as(y, "A", array)


def _padded_by(mode: Any, array: Any, pad_width: Any, settings: dict[str, Any]) -> Any:
    odd = settings.get("reflect_type") == "odd" and mode in ("reflect", "symmetric")
    if callable(mode):
        return _filled_by(mode, array, pad_width, settings)
    if mode not in _COPYING and mode not in _VALUES:
        raise ValueError(f"mode {mode!r} is not supported")
    if mode in ("constant", "empty") and not holds_traced(settings.get("constant_values", 0)):
        return _padded_with(array, pad_width, settings.get("constant_values", 0))
    if mode in _COPYING and not odd:
        places = np.arange(array.size).reshape(array.shape)
        places = np.pad(places, pad_width, mode=mode, **settings)
        return _getitem(np.reshape(array, (-1,)), key=(..., places))  # an array, of one number too
    if odd and array.dtype.kind == "b":
        raise NoDerivativeError(f"{located()}np.pad: 2 e - x of truth values is none. Write x.astype(int).")
    allowed = "reflect_type" if odd else _VALUES[mode]
    if unknown := settings.keys() - {allowed}:
        raise ValueError(f"unsupported keyword arguments for mode {mode!r}: {unknown}")
    values = settings.get(allowed, None if mode in STATISTICS else 0)
    if mode in STATISTICS:
        _check_lengths(values)
    values = (None,) if odd or values is None else values
    values = stored(values, array.dtype) if holds_traced(values) else np.asarray(values)
    values = np.broadcast_to(values, (array.ndim, 2))
    for axis, widths in enumerate(_pairs(pad_width, array.ndim)):
        if not array.shape[axis] and any(widths) and mode != "constant":
            raise ValueError(f"can't extend empty axis {axis} using modes other than 'constant' or 'empty'")
        if any(widths):
            array = _padded(array, axis, widths, values[axis], mode, odd)
    return array


def _filled_by(function: Any, array: Any, pad_width: Any, settings: dict[str, Any]) -> Any:
    """By a function that writes to every line along every axis, zeros standing there before; what it returns is not asked."""
    padded = _padded_with(array, pad_width, 0)
    for axis, widths in enumerate(_pairs(pad_width, array.ndim)):
        lines = np.moveaxis(padded, axis, -1)
        for i in np.ndindex(*lines.shape[:-1]):
            function(lines[(*i, ...)], widths, axis, settings)
    return padded


def _padded(x: Any, axis: int, widths: tuple[int, int], values: Any, mode: str, odd: bool) -> Any:
    if odd:
        return pad_modes.odd_reflection(x, axis, widths, mode)
    if mode in STATISTICS:
        return pad_modes.statistic(x, axis, widths, values, mode)
    return (pad_modes.linear_ramp if mode == "linear_ramp" else pad_modes.constant)(x, axis, widths, values)


def _check_lengths(values: Any) -> None:
    if any(v is not None and v < 0 for v in np.ravel(np.asarray(values, object))):
        raise ValueError("index can't contain negative values")


def _pairs(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    """How many entries before and behind each axis."""
    if isinstance(pad_width, dict):
        given = {axis % ndim: n if np.iterable(n) else (n, n) for axis, n in pad_width.items()}
        pad_width = [given.get(axis, (0, 0)) for axis in range(ndim)]
    if np.any(np.less(pad_width, 0)):
        raise ValueError("index can't contain negative values")
    return [(int(before), int(behind)) for before, behind in np.broadcast_to(pad_width, (ndim, 2))]


def _padded_with(array: Any, pad_width: Any, values: Any) -> Any:
    inside = np.pad(np.ones(array.shape, bool), pad_width)
    around = np.pad(np.zeros(array.shape, array.dtype), pad_width, constant_values=values)
    key = tuple(_extent(inside, i, n) for i, n in enumerate(array.shape))
    return _put(around, array, key=key)


def _extent(inside: Any, axis: int, length: int) -> slice:
    """Where along an axis the old entries are."""
    others = tuple(i for i in range(inside.ndim) if i != axis)
    start = int(np.argmax(inside.any(axis=others))) if length else 0
    return slice(start, start + length)


def _triangle(x: Any, lower: bool, k: int) -> Any:
    x = x if x.ndim != 1 else np.broadcast_to(x, (x.shape[0], x.shape[0]))
    rows, columns = x.shape[-2:]
    mask = np.tri(rows, columns, k=k if lower else k - 1, dtype=bool)
    mask.setflags(write=False)
    zero = x.dtype.kind != "b" and 0
    return _where(mask, x, zero) if lower else _where(mask, zero, x)


@implements(np.tril)
def tril(m: Any, k: int = 0) -> Any:
    """Zeros above the k-th diagonal."""
    return _triangle(m, True, k)


@implements(np.triu)
def triu(m: Any, k: int = 0) -> Any:
    """Zeros below the k-th diagonal."""
    return _triangle(m, False, k)


@implements(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The entries a[..., i, i + offset] of two axes, along a new last axis."""
    n = len(a.shape)
    if n < 2:
        raise ValueError(f"diag requires an array of at least two dimensions; the array has {n}.")
    axis1, axis2 = normalize_axis_index(axis1, n), normalize_axis_index(axis2, n)
    if axis1 == axis2:
        raise ValueError("axis1 and axis2 cannot be the same")
    settings = {"offset": int(offset), "axis1": axis1, "axis2": axis2}
    return in_place.view(a, _diagonal(a, **settings), _diagonal, settings)


@implements(np.linalg.diagonal)
def linalg_diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """The diagonals of the last two axes."""
    return diagonal(x, offset, -2, -1)


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    """The k-th diagonal of a matrix, or the matrix with the vector v there."""
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise ValueError("Input must be 1- or 2-d.")
    k = index(k)
    n = v.shape[0] + abs(k)
    rows = np.arange(v.shape[0]) + max(-k, 0)
    return _put(np.zeros((n, n), v.dtype), v, key=(rows, rows + k))


@implements(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    """The matrix with the entries of v on the k-th diagonal."""
    return diag(np.reshape(v, (-1,)), k)


@reducing(np.trace)
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    """The sum of a diagonal."""
    return np.sum(diagonal(a, offset, axis1, axis2), axis=-1, dtype=with_out(dtype, a, out))


@implements(np.linalg.trace)
def linalg_trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """The sum of the diagonals of the last two axes."""
    return trace(x, offset, -2, -1, dtype)


@implements(np.fill_diagonal)
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """a[i, ..., i] = val, in place."""
    if not is_traced(a):
        raise lost.into_plain(as_array(val), "np.fill_diagonal")
    val = stored(val, a.dtype)
    if a.ndim < 2:
        raise ValueError("array must be at least 2-d")
    if a.ndim > 2 and len(set(a.shape)) > 1:
        raise ValueError("All dimensions of input must be of equal length")
    step = a.shape[1] + 1 if a.ndim == 2 else 1 + sum(a.shape[0] ** i for i in range(1, a.ndim))
    end = a.shape[1] ** 2 if a.ndim == 2 and not wrap else a.size
    places = np.arange(0, min(end, a.size), step)
    if not val.size:
        return  # as NumPy has it: there is nothing to store
    value = shapes.resize(val, places.shape) if is_traced(val) else np.resize(val, places.shape)
    indexing.set_(a, np.unravel_index(places, a.shape), value)
