"""Stand-ins for joins and splits. The parts of a split are views, as NumPy's are."""

from __future__ import annotations

from itertools import pairwise
from operator import index
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from bibun.arrays.creation import as_array, stored
from bibun.arrays.layouts import along, laid_as, layout, order_of
from bibun.arrays.protocol import write_out
from bibun.arrays.registry import implements, row
from bibun.arrays.shapes import astype
from bibun.core.traced import Traced, alike

_concatenate, _stack = row("concatenate"), row("stack")


def _cast(arrays: list[Any], dtype: Any, casting: Any, name: str) -> list[Any]:
    """All in the dtype that the caller wants, where the casting rule allows it."""
    if dtype is None:
        return arrays
    for a in arrays:
        if not np.can_cast(a.dtype, dtype, casting):
            raise TypeError(f"{name}: cannot cast {a.dtype} to {np.dtype(dtype)} by the rule {casting!r}.")
    return [astype(a, dtype, copy=False) if isinstance(a, Traced) else a.astype(dtype) for a in arrays]


def _parts(arrays: Any, name: str) -> list[Any]:
    """The arrays to join, each an ndarray or traced."""
    parts = [as_array(a) for a in arrays]
    if not parts:
        raise ValueError(f"{name}: need at least one array to join.")
    return parts


@implements(np.concatenate)
def concatenate(
    arrays: Any, /, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    """Joined along an axis; flattened before, where axis is None."""
    parts = _cast(_parts(arrays, "np.concatenate"), dtype, casting, "np.concatenate")
    if axis is None:
        parts, axis = [np.reshape(a, (-1,)) for a in parts], 0
    if not parts[0].ndim:
        raise ValueError("zero-dimensional arrays cannot be concatenated; np.stack joins them")
    y = _laid(_concatenate, parts, normalize_axis_index(axis, parts[0].ndim))
    return y if out is None else write_out(out, y, "np.concatenate")


def _laid(join: Any, parts: list[Any], axis: int) -> Any:
    """The parts joined. Each entry of a batch lies as NumPy would lay it, not as the batch happens to."""
    y = join(*parts, axis=axis)
    if not isinstance(y, Traced) or np.shape(alike(y)) == y.shape:
        return y
    return laid_as(y, "K", join(*map(layout, parts), axis=axis))


@implements(np.stack)
def stack(arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    """Joined along a new axis: all have one shape."""
    parts = _cast(_parts(arrays, "np.stack"), dtype, casting, "np.stack")
    shapes = {a.shape for a in parts}
    if len(shapes) > 1:
        found = ", ".join(map(str, sorted(shapes)))
        raise ValueError(f"np.stack: all input arrays must have the same shape, not {found}.")
    y = _laid(_stack, parts, normalize_axis_index(axis, parts[0].ndim + 1))
    return y if out is None else write_out(out, y, "np.stack")


@implements(np.vstack)
def vstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    """Joined along the first axis; vectors are rows."""
    return concatenate([np.atleast_2d(a) for a in _parts(tup, "np.vstack")], 0, dtype=dtype, casting=casting)


@implements(np.hstack)
def hstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    """Joined along the second axis; vectors along their only one."""
    parts = [np.atleast_1d(a) for a in _parts(tup, "np.hstack")]
    return concatenate(parts, 0 if parts[0].ndim == 1 else 1, dtype=dtype, casting=casting)


@implements(np.dstack)
def dstack(tup: Any) -> Any:
    """Joined along the third axis."""
    return concatenate([np.atleast_3d(a) for a in _parts(tup, "np.dstack")], 2)


@implements(np.column_stack)
def column_stack(tup: Any) -> Any:
    """Joined along the second axis; vectors are columns."""
    parts = _parts(tup, "np.column_stack")
    return concatenate([a if a.ndim >= 2 else np.reshape(a, (-1, 1)) for a in parts], 1)


@implements(np.append)
def append(arr: Any, values: Any, axis: Any = None) -> Any:
    """Joined along an axis; flattened before, where axis is None."""
    return concatenate([arr, values], axis)


@implements(np.block)
def block(arrays: Any) -> Any:
    """Blocks in nested lists: the innermost along the last axis, the next along the one before it."""
    if not isinstance(arrays, list):
        return np.copy(as_array(arrays))
    depth = _depth(arrays)
    ndim = max(depth, _most_axes(arrays))
    return _blocks(arrays, ndim, depth)


def _depth(arrays: Any) -> int:
    return 1 + max(map(_depth, arrays)) if isinstance(arrays, list) and arrays else 0


def _most_axes(arrays: Any) -> int:
    return max(map(_most_axes, arrays)) if isinstance(arrays, list) else np.ndim(arrays)


def _blocks(arrays: Any, ndim: int, depth: int) -> Any:
    if isinstance(arrays, list):
        if not arrays:
            raise ValueError("np.block: a list of blocks is empty.")
        return concatenate([_blocks(a, ndim, depth - 1) for a in arrays], -depth)
    if depth:
        raise ValueError("np.block: the lists are nested to different depths.")
    a = as_array(arrays)
    return np.reshape(a, (1,) * (ndim - a.ndim) + a.shape)


@implements(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Parts along an axis: at these indices, or so many, as equal as they can be."""
    n = ary.shape[normalize_axis_index(axis, ary.ndim)]
    if np.ndim(indices_or_sections) == 0:
        sections = int(indices_or_sections)
        if sections <= 0:
            raise ValueError("number sections must be larger than 0.")
        each, more = divmod(n, sections)
        ends = list(np.cumsum([0] + [each + 1] * more + [each] * (sections - more)))
    else:
        ends = [0, *map(index, indices_or_sections), n]
    before = (slice(None),) * (axis % ary.ndim)
    return [ary[(*before, slice(start, end))] for start, end in pairwise(ends)]


@implements(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """As array_split, where a number of parts must divide the length."""
    if np.ndim(indices_or_sections) == 0:
        n = ary.shape[axis]
        if n % indices_or_sections:
            raise ValueError(
                f"array split does not result in an equal division: {n} entries, {indices_or_sections} parts."
            )
    return array_split(ary, indices_or_sections, axis)


@implements(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Split along the second axis (the first of a vector)."""
    return _split_along("hsplit", ary, indices_or_sections, 1 if ary.ndim > 1 else 0, 1)


@implements(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Split along the first axis."""
    return _split_along("vsplit", ary, indices_or_sections, 0, 2)


@implements(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Split along the third axis."""
    return _split_along("dsplit", ary, indices_or_sections, 2, 3)


def _split_along(name: str, ary: Any, indices_or_sections: Any, axis: int, least: int) -> list[Any]:
    if ary.ndim < least:
        raise ValueError(f"{name} only works on arrays of {least} or more dimensions")
    return split(ary, indices_or_sections, axis)


if hasattr(np, "unstack"):  # since NumPy 2.1

    @implements(np.unstack)
    def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
        """The layers along an axis."""
        if x.ndim == 0:
            raise ValueError("Input array must be at least 1-d.")
        return tuple(np.moveaxis(x, axis, 0))


@implements(np.delete)
def delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    """Without the entries at these indices along the axis."""
    arr = as_array(arr)
    if axis is None:
        arr, axis = np.reshape(arr, (-1,)), 0
    axis = normalize_axis_index(axis, arr.ndim)
    obj = obj if isinstance(obj, slice) else _places(obj)
    by_brackets = not isinstance(obj, slice) and obj.size != 1  # NumPy takes several out by a mask in brackets
    order = "K" if by_brackets else order_of(arr)
    return along(arr, axis, np.delete(np.arange(arr.shape[axis]), obj), order)


def _places(obj: Any) -> Any:
    """Indices as an array; of an empty list, no index."""
    return np.asarray(obj) if np.size(obj) else np.zeros(0, int)


@implements(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    """With values before these indices along the axis."""
    arr = as_array(arr)
    values = stored(values, arr.dtype)
    if axis is None:
        arr, axis = np.reshape(arr, (-1,)), 0
    axis = normalize_axis_index(axis, arr.ndim)
    n = arr.shape[axis]
    obj = np.arange(n)[obj] if isinstance(obj, slice) else _places(obj)
    obj = np.flatnonzero(obj) if obj.dtype == bool else obj
    if obj.size == 1:  # one place for all that the values have along the axis
        values = np.reshape(values, (1,) * (arr.ndim - values.ndim) + values.shape)
        values = np.moveaxis(values, 0, axis) if not obj.ndim else values
        obj = np.repeat(obj, values.shape[axis])
    many = len(np.insert(np.arange(n), obj, -1)) - n
    new = np.broadcast_to(values, (*arr.shape[:axis], many, *arr.shape[axis + 1 :]))
    if new.dtype != arr.dtype:
        new = new.astype(arr.dtype)
    order = np.insert(np.arange(n), obj, np.arange(n, n + many))
    return along(_concatenate(arr, new, axis=axis), axis, order, order_of(arr))


@implements(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    """The coordinates of a grid: entry i varies along axis i (the first two swapped for `xy`)."""
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    n = len(xi)
    order = [1, 0, *range(2, n)] if indexing == "xy" and n > 1 else list(range(n))
    lines = [
        np.reshape(x, (1,) * order[i] + (-1,) + (1,) * (n - 1 - order[i])) for i, x in enumerate(map(as_array, xi))
    ]
    grid = tuple(lines) if sparse else tuple(np.broadcast_arrays(*lines))
    return tuple(x.copy() for x in grid) if copy else grid
