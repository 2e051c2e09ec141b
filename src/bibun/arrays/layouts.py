"""How arrays lie in memory, as far as NumPy shows it to its users: orders, and copies in an order."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays import in_place
from bibun.arrays.kinship import related
from bibun.arrays.places import shown
from bibun.arrays.registry import implements, row
from bibun.core.traced import Traced, alike, recorded
from bibun.primitives.memory import copy_in, getitem_apart

_copy = row("copy")


def layout(a: Any) -> Any:
    """An ndarray that lies in memory as NumPy's would: strides decide what is a view, and orders A and K."""
    if not isinstance(a, Traced):
        return a
    steps = []
    while (origin := getattr(a, "view_of", None)) is not None:
        a, primitive, settings = origin
        steps.append((primitive, settings))
    memory = alike(a)
    if not isinstance(memory, np.ndarray) or not memory.size:
        memory = np.empty(a.shape, a.dtype)
    elif memory.shape != a.shape:  # a batch has axes that its code does not see: an entry, in memory of its own
        memory = np.empty_like(memory[(0,) * (memory.ndim - len(a.shape))])
    for primitive, settings in reversed(steps):
        memory = shown(primitive, memory, settings)
        if primitive is getitem_apart:  # of places that lie in no order, as no two axes of this do
            memory = np.empty([n + 1 for n in memory.shape], memory.dtype)[tuple(map(slice, memory.shape))]
    return memory


def order_of(a: Any) -> str:
    """What the order A means beside an array."""
    return "F" if layout(a).flags.fnc else "C"


def laid(order: str | None, like: Any, ndim: int) -> tuple[int, ...]:
    """The axes of a new array of that order, the outermost in memory first; K and A ask how `like` lies."""
    axes = tuple(range(ndim))
    if order in ("K", "A") and ndim > 1 and ndim == len(like.shape):
        if order == "K":
            return in_place.outermost_first(layout(like), ndim)
        order = order_of(like)
    return axes[::-1] if order == "F" else axes


@implements(np.copy)
def copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    """The same entries in memory of their own; of a number an array without axes, where its method gives a number."""
    return in_place.memory(copied(a if isinstance(alike(a), np.ndarray) else np.broadcast_to(a, ()), order))


def repeated(like: Any, made: Any) -> Any:
    """A new array whose entries are all one number, as one of the level of `like`. A recording sees that number."""
    if not made.size or recorded(like) is None:
        return like.constant(made)
    y = like.constant(np.broadcast_to(made[(0,) * made.ndim], made.shape))
    if np.shape(alike(y)) != made.shape:  # of a batch, in which each entry lies so
        return like.constant(made)
    recorded(y).lie_as(made)
    return y


def copied(a: Any, order: str = "K") -> Any:
    """The same entries in memory of their own, which lies as the order says; of a number a number."""
    if not a.shape:
        return _copy(a) if in_place.is_number(a) else in_place.memory(_copy(a))
    axes = None if order == "C" else laid(order, a, len(a.shape))
    if axes is None or axes == tuple(range(len(axes))):
        return _copy(a)
    return copy_in(axes)(a)


def in_order(a: Any, order: str | None) -> Any:
    """The array itself where it lies so (K and A: in whatever way), else a copy."""
    if order not in ("C", "F") or not isinstance(a, Traced):
        return a
    flags = layout(a).flags
    return related(a, a if (flags.c_contiguous if order == "C" else flags.f_contiguous) else copied(a, order))


def laid_as(y: Any, order: str, like: Any) -> Any:
    """y itself where it lies in this order beside `like`, as NumPy's result does, else a copy that does."""
    ndim = len(y.shape)
    if ndim < 2 or not isinstance(y, Traced):
        return y
    if _in_rows(y) and (order == "C" or (order != "F" and _in_rows(like))):  # as nearly always
        return y
    axes = laid(order, like, ndim)
    if in_place.outermost_first(layout(y), ndim) == axes:
        return y
    return copy_in(axes)(y)


def _in_rows(a: Any) -> bool:
    """Whether it is known at once that it lies in C order, and is no view."""
    memory = alike(a)
    return getattr(a, "view_of", None) is None and isinstance(memory, np.ndarray) and memory.flags.c_contiguous


def along(a: Any, axis: int, indices: Any, order: str = "C") -> Any:
    """The entries at these indices along the axis, in this order, as functions of NumPy's lay them.

    Brackets lay the axes of an index outermost.
    """
    y = a[(*(slice(None),) * axis, indices)]
    return y if len(y.shape) < 2 else in_order(y, order)
