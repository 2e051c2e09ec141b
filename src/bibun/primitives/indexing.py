"""Rows of indexing: take entries out, and put entries in (functionally: a new array; in_place.py makes updates of it).

`key` is a tuple of what NumPy's brackets take. Where an entry of it is itself traced (an index that differs along a
batch), it is an array input, and the key holds a Place where it stood.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from bibun.core.broadcasting import unbroadcast
from bibun.core.cotangents import Scattered
from bibun.core.kinds import constant, linear, multilinear
from bibun.core.primitive import Primitive
from bibun.core.traced import Traced


class Place(NamedTuple):
    """Stands in a key for the array input of that number."""

    number: int


def fill(key: tuple[Any, ...], arrays: Sequence[Any]) -> tuple[Any, ...]:
    """The key with the arrays put in their places."""
    return tuple(arrays[k.number] if isinstance(k, Place) else k for k in key) if arrays else key


def may_repeat(key: tuple[Any, ...]) -> bool:
    """Whether a key can name an entry twice: only arrays of integers can (and a Place, which stands for one)."""
    return any(
        isinstance(k, (list, tuple))
        or (isinstance(k, Traced) and k.dtype.kind != "b")
        or (isinstance(k, np.ndarray) and k.ndim > 0 and k.dtype.kind != "b")
        for k in key
    )


def _getitem(x: Any, *arrays: Any, key: tuple[Any, ...]) -> Any:
    return x[fill(key, arrays)]


def _scatter_add(x: Any, *arrays: Any, key: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with x added at the key."""
    return Scattered(shape, fill(key, arrays), x, repeats=may_repeat(key)).dense()


def _spread(g: Any, shape: tuple[int, ...], key: tuple[Any, ...], *arrays: Any) -> Any:
    """The cotangent of indexing: kept small for the sweep to add up, unless somebody records it."""
    if any(isinstance(v, Traced) for v in (g, *arrays)):
        return (scatter_add_at if arrays else scatter_add)(g, *arrays, key=key, shape=shape)
    return Scattered(shape, fill(key, arrays), g, repeats=may_repeat(key))


def _put(x: Any, v: Any, *arrays: Any, key: tuple[Any, ...]) -> Any:
    """A copy of x with v at the key."""
    y = np.array(x)
    y[fill(key, arrays)] = v
    return y


def nothing(like: Any) -> Any:
    """Zero, of the dtype of `like`: a number, which is put wherever it is put."""
    return np.result_type(like).type(0)


def taken(g: Any, v_shape: tuple[int, ...], key: tuple[Any, ...], *arrays: Any, take: Any = None) -> Any:
    """The cotangent of what was put: of two values for one entry, the last was kept, and only that one counts."""
    if len(arrays) == len(key) == 1 and np.result_type(arrays[0]).kind == "b" and prod(v_shape) == 1:
        mask = arrays[0]  # of a batch each entry has another count, but one number is put everywhere
        mask = np.reshape(mask, (*np.shape(mask), *(1,) * (np.ndim(g) - np.ndim(mask))))
        return np.reshape(np.sum(np.where(mask, g, nothing(g))), v_shape)
    found = getitem_at(g, *arrays, key=key) if arrays else (take or getitem)(g, key=key)
    if may_repeat(fill(key, arrays)):
        found = np.where(lasting(*arrays, key=key, shape=np.shape(g)), found, 0)
    extra = len(v_shape) - np.ndim(found)  # NumPy drops leading axes of length 1 in an assignment
    return np.reshape(unbroadcast(found, v_shape[max(extra, 0) :]), v_shape)


def _lasting(*arrays: Any, key: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """For each entry that x[key] = v writes, whether it is still there afterwards: an index may name a place twice."""
    key = fill(key, arrays)
    if len(key) == 1 and isinstance(key[0], np.ndarray) and key[0].dtype.kind != "b":  # without an array of that shape
        rows = np.ravel(key[0]) % shape[0]
        _, last = np.unique(rows[::-1], return_index=True)
        lasts = np.zeros(rows.size, bool)
        lasts[rows.size - 1 - last] = True
        return np.broadcast_to(lasts.reshape((*key[0].shape, *(1,) * len(shape[1:]))), (*key[0].shape, *shape[1:]))
    places = np.zeros(shape, int)
    written = places[key]
    order = np.arange(written.size).reshape(written.shape)
    places[key] = order
    return places[key] == order


lasting = constant(_lasting, "whether an entry is overwritten is True or False", name="lasting")


def _behind_batch(key: tuple[Any, ...], size: int) -> tuple[Any, ...]:
    """The key for an array with a batch axis of this length in front.

    Where NumPy moves the axes of index arrays to the front, the batch is one more of these, the outermost: a slice would
    stand behind them.
    """
    arrays = [k for k in key if isinstance(k, (np.ndarray, list, bool, np.bool_))]
    if arrays:  # a number beside them counts as one too
        advanced = [n for n, k in enumerate(key) if isinstance(k, (np.ndarray, list, int, np.integer, np.bool_))]
        if advanced[-1] - advanced[0] + 1 != len(advanced):
            ndim = max(1 if np.result_type(k).kind == "b" else np.ndim(k) for k in arrays)
            return (np.arange(size).reshape(-1, *(1,) * ndim), *key)
    return (slice(None), *key)


def _getitem_batch(primitive: Any, values: Any, batched: Any, settings: Any) -> Any:
    return primitive(values[0], key=_behind_batch(settings["key"], np.shape(values[0])[0]))


def _scatter_batch(primitive: Any, values: Any, batched: Any, settings: Any) -> Any:
    size = np.shape(values[0])[0]
    return primitive(values[0], key=_behind_batch(settings["key"], size), shape=(size, *settings["shape"]))


def _put_batch(primitive: Any, values: Any, batched: Any, settings: Any) -> Any:
    """Both with the batch in front; the value with as many axes as what it replaces."""
    size = next(np.shape(v)[0] for v, mine in zip(values, batched, strict=True) if mine)
    x, v = (v if mine else np.broadcast_to(v, (size, *np.shape(v))) for v, mine in zip(values, batched, strict=True))
    ndim = np.empty(np.shape(x)[1:], bool)[settings["key"]].ndim
    shape = np.shape(v)[1:]
    shape = shape[max(len(shape) - ndim, 0) :]  # NumPy drops leading axes of length 1 in an assignment
    v = np.reshape(v, (size, *(1,) * (ndim - len(shape)), *shape))
    return primitive(x, v, key=_behind_batch(settings["key"], size))


getitem = multilinear(
    _getitem,
    lambda g, x_shape, key: _spread(g, x_shape, key),
    inputs=("x",),
    batch=_getitem_batch,
    name="getitem",
)
scatter_add = multilinear(
    _scatter_add,
    lambda g, key: getitem(g, key=key),
    inputs=("x",),
    batch=_scatter_batch,
    name="scatter_add",
)
put: Primitive = linear(  # both rules read the same, which memory.py makes use of
    _put,
    lambda g, b_shape, key: put(g, nothing(g), key=key),
    lambda g, b_shape, key: taken(g, b_shape, key),
    inputs=("a", "b"),
    joint=True,
    batch=_put_batch,
    name="put",
)
# The same with one traced index array (an index along a batch); arrays/index_arrays.py makes one of several.
getitem_at = multilinear(
    lambda x, i, *, key: _getitem(x, i, key=key),
    lambda g, x_shape, i, key: _spread(g, x_shape, key, i),
    None,
    inputs=("x", "i"),
    name="getitem_at",
)
scatter_add_at = multilinear(
    lambda x, i, *, key, shape: _scatter_add(x, i, key=key, shape=shape),
    lambda g, i, key: getitem_at(g, i, key=key),
    None,
    inputs=("x", "i"),
    name="scatter_add_at",
)
put_at: Primitive = linear(
    lambda a, b, i, *, key: _put(a, b, i, key=key),
    lambda g, i, key: put_at(g, nothing(g), i, key=key),
    lambda g, b_shape, i, key: taken(g, b_shape, key, i),
    None,
    inputs=("a", "b", "i"),
    joint=True,
    name="put_at",
)
