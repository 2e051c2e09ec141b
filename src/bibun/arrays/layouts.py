"""How arrays lie in memory, as far as NumPy shows it to its users: orders, and copies in an order."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays import in_place
from bibun.arrays.places import shown
from bibun.arrays.registry import implements, row
from bibun.core.traced import Traced, alike, recorded
from bibun.errors import NoDerivativeError, located
from bibun.primitives.shapes import inverse

_copy, _transpose = row("copy"), row("transpose")


def layout(a: Any) -> Any:
    """An ndarray that lies in memory as NumPy's would: strides decide what is a view, and orders A and K."""
    if not isinstance(a, Traced):
        return a
    steps = []
    while (base := getattr(a, "base", None)) is not None:
        a, primitive, settings = base
        steps.append((primitive, settings))
    memory = alike(a)
    if not isinstance(memory, np.ndarray) or not memory.size:
        memory = np.empty(a.shape, a.dtype)
    elif memory.shape != a.shape:  # a batch has axes that its code does not see: an entry, in memory of its own
        memory = np.empty_like(memory[(0,) * (memory.ndim - len(a.shape))])
    for primitive, settings in reversed(steps):
        memory = shown(primitive, memory, settings)
    return memory


def check_memory(a: Any, order: str) -> None:
    """Refuse an order that asks how an array lies, where a program is made: that is the same for arrays in any order."""
    if recorded(a) is not None and sum(n > 1 for n in a.shape) > 1:
        raise NoDerivativeError(
            f"{located()}order={order!r} asks how the array lies in memory, by which compile does not tell arguments apart. "
            "Write order='C' or order='F'."
        )


def order_of(a: Any) -> str:
    """What the order A means beside an array."""
    return "F" if layout(a).flags.fnc else "C"


def laid(order: str | None, like: Any, ndim: int) -> tuple[int, ...]:
    """The axes of a new array of that order, the outermost in memory first; K and A ask how `like` lies.

    Recordings are alike for arrays that lie in whatever way: there they are C.
    """
    axes = tuple(range(ndim))
    if order in ("K", "A") and ndim > 1 and ndim == len(like.shape) and recorded(like) is None:
        if order == "K":
            return in_place.outermost_first(layout(like), ndim)
        order = order_of(like)
    return axes[::-1] if order == "F" else axes


@implements(np.copy)
def copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    """The same entries in memory of their own; of a number an array without axes, where its method gives a number."""
    return in_place.memory(copied(a if isinstance(alike(a), np.ndarray) else np.broadcast_to(a, ()), order))


def copied(a: Any, order: str = "K") -> Any:
    """The same entries in memory of their own, which lies as the order says; of a number a number."""
    if not a.shape:
        return _copy(a) if in_place.is_number(a) else in_place.memory(_copy(a))
    axes = None if order == "C" else laid(order, a, len(a.shape))
    if axes is None or axes == tuple(range(len(axes))):
        return _copy(a)
    return _in_axes(a, axes)


def _in_axes(a: Any, axes: tuple[int, ...]) -> Any:
    """A copy whose axes lie so, the outermost first."""
    return _transpose(_copy(_transpose(a, axes=axes)), axes=inverse(axes))


def in_order(a: Any, order: str | None) -> Any:
    """The array itself where it lies so (K and A: in whatever way), else a copy."""
    if order not in ("C", "F") or not isinstance(a, Traced):
        return a
    flags = layout(a).flags
    return a if (flags.c_contiguous if order == "C" else flags.f_contiguous) else copied(a, order)


def laid_as(y: Any, order: str, like: Any) -> Any:
    """y itself where it lies in this order beside `like`, as NumPy's result does, else a copy that does."""
    ndim = len(y.shape)
    if ndim < 2 or not isinstance(y, Traced) or recorded(y) is not None:
        return y
    if _in_rows(y) and (order == "C" or _in_rows(like)):  # as nearly always
        return y
    axes = laid(order, like, ndim)
    if in_place.outermost_first(layout(y), ndim) == axes:
        return y
    return _in_axes(y, axes)


def _in_rows(a: Any) -> bool:
    """Whether it is known at once that it lies in C order, and is no view."""
    memory = alike(a)
    return getattr(a, "base", None) is None and isinstance(memory, np.ndarray) and memory.flags.c_contiguous


def along(a: Any, axis: int, indices: Any, order: str = "C") -> Any:
    """The entries at these indices along the axis, in this order, as functions of NumPy's lay them.

    Brackets lay the axes of an index outermost. Compiled programs do not tell orders apart.
    """
    y = a[(*(slice(None),) * axis, indices)]
    if len(y.shape) < 2 or recorded(y) is not None:
        return y
    return in_order(y, order)
