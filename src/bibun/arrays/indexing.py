"""Brackets: x[key] and x[key] = value, in every form that NumPy has, on traced arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays import in_place
from bibun.arrays.deciding import batched
from bibun.arrays.index_arrays import together
from bibun.arrays.keys import is_basic, with_bounds
from bibun.arrays.registry import FUNCTIONS, row
from bibun.arrays.shapes import fitted
from bibun.core.traced import Traced, plain
from bibun.core.watching import index
from bibun.errors import DerivativeValueError, LostDerivativeError, NoDerivativeError, located
from bibun.primitives.indexing import Place, may_repeat

_getitem, _getitem_at, _put, _put_at = row("getitem"), row("getitem_at"), row("put"), row("put_at")
_scatter_add, _scatter_add_at = row("scatter_add"), row("scatter_add_at")


def get(x: Any, key: Any) -> Any:
    """x[key]. A view of x where NumPy gives one."""
    key = key if isinstance(key, tuple) else (key,)
    if is_basic(key):
        y = in_place.shown(x, key)
        if not y.shape:  # without an ellipsis it is a number
            return in_place.memory(in_place.view(x, y, _getitem, {"key": key})) if Ellipsis in key else y
        return y if in_place.is_flat(x) else in_place.view(x, y, _getitem, {"key": key})
    key = with_bounds(key)
    if is_basic(key):
        return get(x, key)
    key, traced = _settled(key)
    if is_basic(key):
        return get(x, key)
    if any(np.result_type(k).kind == "b" and not k.records for k in traced):
        raise DerivativeValueError(
            f"{located()}x[mask] inside vmap, with a mask that is a batch, would have another length for each entry. "
            "Write np.where(mask, x, 0), or x[mask] = value."
        )
    if not traced:
        return _getitem(x, key=key)
    one = together(np.shape(x), key, traced)
    return _getitem_at(one.laid(x), one.index, key=one.key)


def updated(x: Any, key: Any, value: Any) -> Any:
    """A copy of x with value at the key."""
    key, value, traced = _prepared(x, key, value)
    return _put_traced(x, value, traced, key) if traced else _put(x, value, key=key)


def _put_traced(x: Any, value: Any, traced: list[Any], key: tuple[Any, ...]) -> Any:
    """The same by a key that holds traced index arrays."""
    one = together(np.shape(x), key, traced)
    return one.back(_put_at(one.laid(x), value, one.index, key=one.key), np.shape(x))


def _prepared(x: Any, key: Any, value: Any) -> tuple[tuple[Any, ...], Any, list[Any]]:
    """The key, the value as x can take it, and what of the key is traced."""
    traced: list[Any] = []
    key = key if isinstance(key, tuple) else (key,)
    if not is_basic(key):
        key, traced = _settled(with_bounds(key))
    if isinstance(value, (list, tuple)):
        entries = [v if isinstance(v, Traced) else np.asarray(v) for v in fitted(value, np.result_type(x))]
        value = np.stack(entries)
    elif type(value) is complex:
        value = fitted(value, np.result_type(x))
    have, want = np.result_type(value), np.result_type(x)
    if isinstance(value, Traced) and want.kind in "iub" and have.kind in "fc":
        raise NoDerivativeError(
            f"x[key] = value: x holds {want} and value {have}; storing it would round it, and its derivative would be "
            "lost. Make x a float array first: x = x.astype(float)."
        )
    if isinstance(value, Traced) and have != want and want.kind in "fc":
        value = value.astype(want)
    return key, value, traced


def _cycled(x: Any, key: tuple[Any, ...], value: Any) -> Any:
    """What x.flat[key] = value stores: the entries of the value one after the other, again and again."""
    shape = np.broadcast_to(False, x.shape)[key].shape
    entries = np.reshape(value, (-1,))
    count = int(np.prod(shape))
    if entries.shape[0] != count:
        entries = entries[np.arange(count) % entries.shape[0]]
    return np.reshape(entries, shape)


def set_(x: Any, key: Any, value: Any) -> None:
    """x[key] = value: x, and every view of the same memory, change."""
    key, value, traced = _prepared(x, key, value)
    if in_place.is_flat(x) and np.ndim(value) and not traced:
        if all(isinstance(k, (int, np.integer)) for k in key):
            raise ValueError(f"x.flat[i] = value: an entry is a number, and value has shape {np.shape(value)}.")
        if not np.size(value):
            return  # as NumPy has it: there is nothing to store
        value = _cycled(x, key, value)
    if traced:
        in_place.replace(x, _put_traced(x, value, traced, key))
    else:
        in_place.write(x, key, value)


def at(function: np.ufunc, array: Any, key: Any, *values: Any) -> None:
    """function.at(array, key, *values) where no place is named twice; np.add.at and np.subtract.at, wherever it may be."""
    if not isinstance(array, Traced):
        raise LostDerivativeError(
            f"{located()}np.{function.__name__}.at would write a traced array into a plain ndarray, and its derivative "
            "would be lost. Make the array with np.zeros_like(x) or np.zeros(n, like=x)."
        )
    key = tuple(map(in_place.copied, key if isinstance(key, tuple) else (key,)))
    if not may_repeat(key):
        set_(array, key, function(get(array, key), *values))
        return
    wide = np.result_type(array, values[0])  # truth values and small integers would not hold what is added up
    if values[0] is None:  # which would be taken for nan
        raise TypeError(f"np.{function.__name__}.at: None is no number.")
    spread = np.broadcast_to(values[0], np.shape(get(array, key))).astype(wide, copy=False)
    key, traced = _settled(key)
    if len(key) == 1 and isinstance(key[0], np.ndarray):  # of a large array only the rows that are named
        rows, places = np.unique(key[0] % array.shape[0], return_inverse=True)
        shape = (rows.size, *array.shape[1:])
        total = _scatter_add(spread, key=(places.reshape(key[0].shape),), shape=shape)
        set_(array, (rows,), function(get(array, (rows,)), total))
        return
    if traced:
        one = together(array.shape, key, traced)
        added = one.back(_scatter_add_at(spread, one.index, key=one.key, shape=one.shape), array.shape)
    else:
        added = _scatter_add(spread, key=key, shape=array.shape)
    in_place.assign(array, FUNCTIONS[function](array, added))


def _settled(key: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[Any]]:
    """The key with its arrays copied (they may change before the derivative is taken), and those that are traced."""
    traced: list[Any] = []
    settled: list[Any] = []
    for given in index(key):
        k = plain(given) if isinstance(given, Traced) and not batched(given) else given  # places do not vary
        if isinstance(k, Traced):
            settled.append(Place(len(traced)))
            traced.append(k)
        else:
            settled.append(in_place.copied(k))
    return tuple(settled), traced
