"""In-place updates with NumPy's view semantics, functional underneath: an update makes a new value and hands it round.

A view knows its base and the call that made it; a base knows its views (weakly). Writing to a view writes the changed
entries into its base, up to the root (places.py knows where they lie in it); then every living view of the root is made
anew from it. Reading costs nothing.

The new value is a copy with the entries changed, unless nobody else holds the old one: no node that kept it for its rule,
no other array, no view. Then the entries are written where they stand. So that reading entries of an array that is being
filled does not hold it, a few of them are copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from numbers import Number
from operator import index as as_number
from typing import Any
from weakref import ref

import numpy as np

from bibun.arrays.keys import composed
from bibun.arrays.kinship import check_written, joins, root_of
from bibun.arrays.places import as_lists, as_slices
from bibun.arrays.registry import row
from bibun.core.primitive import Primitive
from bibun.core.traced import Traced, alike, recorded
from bibun.errors import LostDerivativeError
from bibun.primitives.memory import copy_in, flat, getitem_apart, put_into
from bibun.tree import named

_getitem, _put, _real, _imag, _rectangular = row("getitem"), row("put"), row("real"), row("imag"), row("rectangular")
_reshape = row("reshape")
_READ_ONLY = (row("broadcast_to"), row("diagonal"), row("sliding_windows"))  # NumPy lets nobody write to these views
_NO_ARRAYS = (Number, np.bool_, slice, type(None), type(Ellipsis), str, bytes, Traced)  # in a key
_FEW = 16  # views of one base before the dead ones are looked for
_PART = 4  # of a written array, what is at most the fourth part is copied when it is read


def view(base: Any, y: Any, primitive: Primitive, settings: dict[str, Any]) -> Any:
    """Say that y = primitive(base, **settings) shows the memory of base, which a number has not. Returns y."""
    if not isinstance(base, Traced) or y is base or type(y) is not type(base) or (not base.shape and is_number(base)):
        return y
    y.view_of = (base, primitive, settings)
    views = getattr(base, "views", None)
    if views is None:
        base.views = [ref(y)]
    else:
        if len(views) >= _FEW and not len(views) & (len(views) - 1):  # at powers of two: constant cost a view
            views[:] = [v for v in views if v() is not None]
        views.append(ref(y))
    return y


def shown(base: Any, key: tuple[Any, ...]) -> Any:
    """base[key] for a basic key: a view, or a copy of few entries of an array that is being written."""
    return (getitem_apart if hasattr(root_of(base), "written") and _few(base, key) else _getitem)(base, key=key)


def _few(array: Any, key: tuple[Any, ...]) -> bool:
    """Whether the key takes a small part of the array."""
    return bool(_PART * np.broadcast_to(False, array.shape)[key].size <= array.size)


def is_flat(array: Any) -> bool:
    """Whether it is the x.flat of an array."""
    origin = getattr(array, "view_of", None)
    return origin is not None and origin[1] is flat


def write(array: Any, key: tuple[Any, ...], value: Any) -> None:
    """array[key] = value, into the array whose memory it shows; the key is not traced."""
    part = any(k is Ellipsis for k in key)  # of an array, though it may have no axes
    while (origin := getattr(array, "view_of", None)) is not None:
        below, primitive, settings = origin
        if primitive in _READ_ONLY:
            raise ValueError(
                "assignment destination is read-only: NumPy lets nobody write to what np.broadcast_to, np.diagonal or "
                "sliding_window_view show. Copy it first."
            )
        if primitive is _real or primitive is _imag:
            value = _with_part(below, key, primitive, value)
        elif _is_joined_in_a_recording(array):
            replace(below, _reshape(_put(array.alias(), value, key=key), shape=below.shape))
            return
        elif primitive is _getitem and (inner := composed(settings["key"], key, below.shape)) is not None:
            key = inner
        else:
            key, value = _placed(array, key, value)
        array = below
    if part and len(key) == len(array.shape) and all(isinstance(k, (int, np.integer)) for k in key):
        key = (*key, Ellipsis)
    replace(array, _with_entries(array, key, value))


def _placed(array: Any, key: tuple[Any, ...], value: Any) -> tuple[tuple[Any, ...], Any]:
    """array[key] = value, for a view, as a key of its base and what is put there."""
    below, primitive, settings = array.view_of
    where = as_slices(below.shape, primitive, settings, key)
    # A program has better code for a key as it is than for a list of places. A list may name a place twice: what is put into
    # a part of the view must not be overwritten by the rest.
    listed = below.shape and (primitive is getitem_apart or (_few(array, key) and recorded(array) is None))
    if where is None and not listed:
        key, value = (Ellipsis,), _put(array.alias(), value, key=key)
        where = as_slices(below.shape, primitive, settings, key)
    if where is None:
        return as_lists(below.shape, primitive, settings, key), value
    return where.key, where.laid(value)


def _is_joined_in_a_recording(array: Any) -> bool:
    """Whether it is a root whose axes are joined: as keys of that, keys of this that move with a loop would follow no rule."""
    below, primitive, _ = array.view_of
    if recorded(array) is None or getattr(below, "view_of", None) is not None:
        return False
    return primitive in (_reshape, flat) and joins(below.shape, array.shape)


def _with_part(array: Any, key: tuple[Any, ...], part: Primitive, value: Any) -> Any:
    """What array[key] is, with the value as its real or imaginary part."""
    there = getitem_apart(array.alias(), key=key)
    more = np.ndim(value) - len(there.shape)
    value = np.broadcast_to(np.reshape(value, np.shape(value)[more:]) if more > 0 else value, there.shape)
    return _rectangular(value, _imag(there)) if part is _real else _rectangular(_real(there), value)


def _with_entries(array: Any, key: tuple[Any, ...], value: Any) -> Any:
    """The array with value at the key: in its own memory where only it and its views hold that."""
    array.written = True
    inner = isinstance(value, Traced) and value.level > array.level  # what _hand_down refuses
    return (_put if inner or not array.alone(list(views_of(array))) else put_into)(array, value, key=key)


def views_of(array: Any) -> Iterator[Any]:
    """The living views of an array, and theirs."""
    for weak in getattr(array, "views", ()):
        view = weak()
        if view is not None:
            yield view
            yield from views_of(view)


def assign(array: Any, new: Any, name: str = "an in-place update") -> Any:
    """array[...] = new, as array += x and out=array do: shape and dtype of array stay. Returns array."""
    shape, dtype = np.shape(array), np.result_type(array)
    if np.broadcast_shapes(shape, np.shape(new)) != shape:
        raise ValueError(f"{name}: a result of shape {np.shape(new)} does not fit into an array of shape {shape}.")
    have = np.result_type(new)
    if not np.can_cast(have, dtype, "same_kind"):
        raise TypeError(f"{name}: a result of {have} cannot be stored in an array of {dtype}. Write y = ... instead.")
    if np.shape(new) != shape:
        new = np.broadcast_to(new, shape).copy()  # each entry in its place, or views of the array would be copies
    replace(array, new if have == dtype else new.astype(dtype))
    return memory(array)


def is_number(array: Any) -> bool:
    """Whether it stands for a number, of which y += 1 makes another one, as y = y + 1 does."""
    if np.shape(array) or hasattr(array, "views") or getattr(array, "view_of", None) is not None:
        return False
    plain = alike(array)
    return not isinstance(plain, np.ndarray) or plain.ndim > 0  # of a batch of numbers each entry is one


def memory(array: Any) -> Any:
    """Note that it is an array, also without axes, though its value be a number: an update changes it. Returns it."""
    if isinstance(array, Traced) and not array.shape:
        array.views = getattr(array, "views", [])
    return array


def replace(array: Any, new: Any) -> None:
    """Make `array` stand for `new`, of the same shape and dtype, and tell everything that shares its memory."""
    if named(array) is not array:  # a name, of what is written to
        array[...] = new
        return
    if not isinstance(new, Traced) or new.level < array.level:
        new = array.constant(new.alias() if isinstance(new, Traced) else new)
    if getattr(array, "view_of", None) is None:
        _hand_down(array, _laid_as(array, new))
    else:
        write(array, (Ellipsis,), new)


def outermost_first(memory: Any, ndim: int) -> tuple[int, ...]:
    """The last `ndim` axes as they lie in memory: the one with the widest steps first."""
    return tuple(sorted(range(ndim), key=lambda i: -abs(memory.strides[i - ndim])))


def _laid_as(array: Any, new: Any) -> Any:
    """The new value in the memory order of the old one, which NumPy would have written into: ravel("K") asks for it."""
    ndim, old, memory = len(array.shape), alike(array), alike(new)
    if ndim < 2 or memory is old or (old.flags.c_contiguous and memory.flags.c_contiguous):
        return new
    axes = outermost_first(old, ndim)
    if axes == outermost_first(memory, ndim):
        return new
    return copy_in(axes)(new)


def _hand_down(root: Any, new: Any) -> None:
    """Give the root its new value, and each living view below it its own, made anew."""
    check_written(root)
    waiting = [(root, new)]
    while waiting:
        array, value = waiting.pop()
        if value.level != array.level:
            raise LostDerivativeError(
                f"an array of an outer function ({array.word}) was updated in place with a value that an inner "
                f"transform traces ({value.word}). Make the array inside the inner function, or return the value."
            )
        array.become(value)
        for weak in getattr(array, "views", ()):
            below = weak()
            if below is not None:
                _, primitive, settings = below.view_of
                waiting.append((below, primitive(array, **settings)))


def copied(index: Any) -> Any:
    """What NumPy takes for an array in a key (a list, a range, memory, ...), as an array of its own: its owner may change it.

    Of what is empty and no array it takes nothing; what has __index__ is a number.
    """
    if isinstance(index, np.ndarray):
        return np.array(index)
    if isinstance(index, _NO_ARRAYS):
        return index
    if not isinstance(index, (list, tuple)) and hasattr(index, "__index__"):
        with suppress(TypeError):  # an array of another library has it too
            return as_number(index)
    made = np.array(index)
    return made if made.size else made.astype(int)
