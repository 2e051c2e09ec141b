"""Stand-ins for what writes to chosen entries in place. A plain array cannot take traced values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from bibun.arrays import in_place, indexing, lost
from bibun.arrays.creation import as_array, stored
from bibun.arrays.deciding import anywhere
from bibun.arrays.registry import implements
from bibun.arrays.selection import take
from bibun.core.traced import Traced, alike
from bibun.errors import NoDerivativeError, located
from bibun.primitives.selection import key_along


def _checked(array: Any, name: str, *others: Any) -> None:
    """Refuse a plain destination, where the derivative would be lost."""
    if not isinstance(array, Traced):
        raise lost.into_plain(next(o for o in others if isinstance(o, Traced)), name)


def _unraveled(a: Any, places: Any) -> tuple[Any, ...]:
    """The key of these positions of the flattened array."""
    return tuple(np.unravel_index(places, a.shape)) if a.shape else ()


@implements(np.copyto)
def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    """dst[...] = src, where the mask is true."""
    _checked(dst, "np.copyto", as_array(src), where)
    src = as_array(src)
    if type(alike(src)) is not int and not np.can_cast(src.dtype, dst.dtype, casting):
        raise TypeError(f"np.copyto: cannot cast from {src.dtype} to {dst.dtype} by the rule {casting!r}.")
    if where is True:
        indexing.set_(dst, ..., src)
    else:
        more = max(src.ndim - len(dst.shape), 0)
        if set(src.shape[:more]) == {1}:  # NumPy leaves out axes of length 1 in front
            src = np.reshape(src, src.shape[more:])
        in_place.assign(dst, np.where(where, src, dst.alias()).astype(dst.dtype), "np.copyto")


@implements(np.put)
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """a.flat[ind] = v, the values repeated as often as needed."""
    _checked(a, "np.put", as_array(v), ind)
    v = stored(v, a.dtype)
    places = np.reshape(as_array(ind), (-1,))
    if not places.size or not v.size:
        return
    if mode == "raise":
        if np.any((places < -a.size) | (places >= a.size)):
            raise IndexError(f"np.put: an index is out of bounds for an array of {a.size} entries.")
        places = np.where(places < 0, places + a.size, places)
    else:
        places = places % a.size if mode == "wrap" else np.clip(places, 0, a.size - 1)
    v = _repeated(v, np.arange(places.size))
    if not a.shape:
        indexing.set_(a, (Ellipsis,), v[-1])  # one entry: what is stored last
    else:
        indexing.set_(a, _unraveled(a, places), v)


def _safely(values: Any, dtype: np.dtype[Any], name: str) -> Any:
    """As an array to be stored, in one whose dtype holds every number of theirs; NumPy asks that of arrays alone."""
    have = values.dtype if isinstance(values, (Traced, np.ndarray)) else dtype
    if not np.can_cast(have, dtype, "safe" if np.ndim(values) else "same_kind"):
        raise NoDerivativeError(
            f"{located()}{name}: cannot cast from {have} to {dtype} by the rule 'safe'. Write x = np.where(mask, values, x)."
        )
    return stored(values, dtype)


@implements(np.place)
def place(arr: Any, mask: Any, vals: Any) -> None:
    """arr[mask] = vals, the values repeated as often as needed, in the order of the true entries."""
    _checked(arr, "np.place", as_array(vals), mask)
    vals = _safely(vals, arr.dtype, "np.place")
    mask = np.reshape(as_array(mask).astype(bool), (-1,))
    if not vals.size:
        if anywhere(mask):
            raise ValueError("Cannot insert from an empty array!")
        return
    number = np.maximum(np.cumsum(mask) - 1, 0)  # of the value that a true entry takes
    _choose(arr, mask, take(vals, number % vals.size))


@implements(np.putmask)
def putmask(a: Any, mask: Any, values: Any) -> None:
    """a.flat[i] = values[i] where mask.flat[i], the values repeated as often as needed."""
    _checked(a, "np.putmask", as_array(values), mask)
    values = _safely(values, a.dtype, "np.putmask")
    if values.size:
        _choose(a, as_array(mask).astype(bool), _repeated(values, np.arange(a.size)))


def _choose(a: Any, mask: Any, values: Any) -> None:
    """a = values where the mask is true, both in the order of the entries."""
    shape = a.shape
    new = np.where(np.reshape(mask, shape), np.reshape(values, shape), a.alias())
    in_place.assign(a, new.astype(a.dtype), "np.putmask")


def _repeated(values: Any, order: Any) -> Any:
    """Of the flattened values, repeated without end, those at these positions."""
    return np.reshape(values, (-1,))[order % values.size]


@implements(np.put_along_axis)
def put_along_axis(arr: Any, indices: Any, values: Any, axis: Any) -> None:
    """arr[..., indices[..., j, ...], ...] = values[..., j, ...]."""
    values, indices = as_array(values), as_array(indices)
    _checked(arr, "np.put_along_axis", values, indices)
    if indices.ndim != (1 if axis is None else arr.ndim):
        raise ValueError(
            f"np.put_along_axis: indices has {indices.ndim} axes, and needs "
            + ("1 for axis=None." if axis is None else f"{arr.ndim}, as the array has.")
        )
    values = stored(values, arr.dtype)
    if axis is None:
        indexing.set_(arr, _unraveled(arr, np.where(indices < 0, indices + arr.size, indices)), values)
        return
    axis = normalize_axis_index(axis, arr.ndim)
    indexing.set_(arr, key_along(indices, axis, arr.shape), values)
