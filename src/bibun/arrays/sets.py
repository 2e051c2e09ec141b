"""Stand-ins for sets: the entries without repetitions, what two arrays share, and zeros trimmed at the ends.

The values are a selection, so they keep their derivatives: of equal entries, that of the first. Indices and counts are
constants. Inside vmap what is kept has to be at the same places of the sorted entries for the whole batch.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from bibun.arrays.creation import as_array
from bibun.arrays.deciding import common
from bibun.arrays.registry import implements, row
from bibun.arrays.selection import take
from bibun.core.traced import beside

_hashed_order = row("hashed_order")


def _starts(ordered: Any, *, equal_nan: bool) -> Any:
    """Of sorted rows, which differ from the one before."""
    differs = np.not_equal(ordered[1:], ordered[:-1])
    if equal_nan and ordered.dtype.kind in "fc":
        differs = differs & ~(np.isnan(ordered[1:]) & np.isnan(ordered[:-1]))
    if differs.ndim > 1:
        differs = np.any(differs, axis=1)
    return np.concatenate([np.ones(min(ordered.shape[0], 1), bool), differs])


def _order(rows: Any) -> Any:
    """Sorted; rows of several entries by the first, then the second, ..."""
    if rows.ndim == 1:
        return np.argsort(rows, kind="stable")
    return np.lexsort(np.flip(rows.T, 0)) if rows.shape[1] else np.arange(rows.shape[0])


@implements(np.unique)
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """The different entries (parts along the axis), sorted, or as NumPy leaves them; and where each is first, which one each is,
    how often it is."""
    ar = as_array(ar)
    shape = ar.shape
    if axis is not None:
        axis = normalize_axis_index(axis, ar.ndim)
    if axis is None or ar.ndim == 1:
        rows = np.reshape(ar, (-1,))
    else:
        moved = np.moveaxis(ar, axis, 0)
        rows, equal_nan = np.reshape(moved, (shape[axis], prod(moved.shape[1:]))), False
    order = _order(rows)
    ordered = rows[order]
    starts = common(_starts(ordered, equal_nan=equal_nan), "np.unique")
    values = ordered[starts]
    alone = axis is None and not (return_index or return_inverse or return_counts)
    if not sorted and alone and (ar.dtype.kind in "iu" or (ar.dtype.kind == "c" and not equal_nan)):
        values = values[_hashed_order(rows)]
    if rows.ndim > 1:
        values = np.moveaxis(np.reshape(values, (values.shape[0], *moved.shape[1:])), 0, axis)
    found = [values]
    if return_index:
        found.append(order[starts])
    if return_inverse:
        inverse = take(np.cumsum(starts) - 1, np.argsort(order))
        found.append(np.reshape(inverse, shape) if axis is None else inverse)
    if return_counts:
        found.append(np.diff(np.concatenate([np.flatnonzero(starts), [rows.shape[0]]])))
    return found[0] if len(found) == 1 else tuple(found)


def _named(numpy_function: Any, *, indices: bool = False, inverse: bool = False, counts: bool = False) -> None:
    """A function of the array API: unique with these answers, under their names."""
    answer: Any = numpy_function(np.zeros(1))

    @implements(numpy_function)
    def named(x: Any) -> Any:
        return type(answer)(*unique(x, indices, inverse, counts, equal_nan=False))


_named(np.unique_all, indices=True, inverse=True, counts=True)
_named(np.unique_counts, counts=True)
_named(np.unique_inverse, inverse=True)


@implements(np.unique_values)
def unique_values(x: Any) -> Any:
    """The different entries."""
    return unique(x, equal_nan=False, sorted=False)


def _flat(x: Any) -> Any:
    return np.reshape(as_array(x), (-1,))


def _together(ar1: Any, ar2: Any, assume_unique: bool) -> tuple[Any, Any]:
    """The entries of both, sorted, and in which order these were."""
    a, b = (_flat(x) if assume_unique else unique(x) for x in (ar1, ar2))
    both = np.concatenate([a, b])
    order = np.argsort(both, kind="stable")
    return both[order], order


@implements(np.intersect1d)
def intersect1d(ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False) -> Any:
    """What is in both: the entries of the first."""
    both, order = _together(ar1, ar2, assume_unique)
    twice = common(np.equal(both[1:], both[:-1]), "np.intersect1d")
    shared = both[:-1][twice]
    if not return_indices:
        return shared
    ar1, ar2 = _flat(ar1), _flat(ar2)
    if assume_unique:
        return shared, order[:-1][twice], order[1:][twice] - ar1.shape[0]
    a, first = unique(ar1, return_index=True)
    _, second = unique(ar2, return_index=True)
    return shared, take(first, order[:-1][twice]), take(second, order[1:][twice] - a.shape[0])


@implements(np.union1d)
def union1d(ar1: Any, ar2: Any) -> Any:
    """What is in one of the two."""
    return unique(np.concatenate([ar1, ar2], axis=None))


@implements(np.setdiff1d)
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """What is in the first and not in the second."""
    a = _flat(ar1) if assume_unique else unique(ar1)
    left = common(np.isin(a, as_array(ar2), invert=True), "np.setdiff1d")
    return beside(left, a)[left]


@implements(np.setxor1d)
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """What is in one of the two and not in both."""
    both, _ = _together(ar1, ar2, assume_unique)
    end = np.ones(min(both.shape[0], 1), bool)
    changes = np.concatenate([end, np.not_equal(both[1:], both[:-1]), end])
    return both[common(changes[1:] & changes[:-1], "np.setxor1d")]


@implements(np.trim_zeros)
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    """Without the zeros in front ("f") and behind ("b"), along all axes or these."""
    given, filt = filt, as_array(filt)
    trim = trim.lower()
    if trim not in ("fb", "bf", "f", "b"):
        raise ValueError(f"unexpected character(s) in `trim`: {trim!r}")
    axes = range(filt.ndim) if axis is None else normalize_axis_tuple(axis, filt.ndim, "axis")
    key = [slice(None)] * filt.ndim
    for i in axes:
        others = tuple(j for j in range(filt.ndim) if j != i)
        kept = common(np.any(np.not_equal(filt, 0), axis=others), "np.trim_zeros")
        if not np.any(kept):
            key[i] = slice(0, 0)
            continue
        start = int(np.argmax(kept)) if "f" in trim else 0
        key[i] = slice(start, filt.shape[i] - int(np.argmax(np.flip(kept))) if "b" in trim else None)
    return given[key[0]] if len(key) == 1 else filt[tuple(key)]
