"""Stand-ins for arrays made like a traced one: traced too, so that traced values can be stored in them.

np.zeros(n, like=x) and its kind, which no traced value goes into, are in protocol.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays import in_place
from bibun.arrays.layouts import copied, in_order, laid, laid_as, layout, repeated
from bibun.arrays.registry import implements
from bibun.arrays.shapes import astype, fitted, is_traced, lengths, on_cpu
from bibun.core.traced import Traced, unlisted
from bibun.primitives.memory import copy_in
from bibun.primitives.shapes import inverse


def holds_traced(value: Any) -> bool:
    """Whether there is a traced array in nested lists and tuples."""
    if isinstance(value, (list, tuple)):
        return any(map(holds_traced, value))
    return isinstance(value, Traced)


def as_array(value: Any) -> Any:
    """An ndarray, or a traced array: also of nested lists that hold traced ones, which are stacked."""
    if isinstance(value, (Traced, np.ndarray)):
        return value
    value = unlisted(value)
    return value if isinstance(value, Traced) else np.asarray(value)


def stored(value: Any, dtype: np.dtype[Any]) -> Any:
    """As an array to be stored in one of this dtype."""
    return as_array(fitted(value, dtype))


def _like(make: Any, a: Any, dtype: Any, shape: Any, device: Any, order: str, *fill: Any) -> Any:
    on_cpu(device)
    shape, dtype = a.shape if shape is None else lengths(shape), a.dtype if dtype is None else dtype
    axes = laid(order, a, len(shape))
    made = make(tuple(shape[i] for i in axes), *fill, dtype=dtype)
    made = made if axes == tuple(range(len(axes))) else np.transpose(made, inverse(axes))
    return in_place.memory(repeated(a, made))


@implements(np.zeros_like)
def zeros_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> Any:
    """Zeros."""
    return _like(np.zeros, a, dtype, shape, device, order)


@implements(np.empty_like)
def empty_like(
    prototype: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """Zeros, which is as good as what NumPy would find in memory."""
    return _like(np.zeros, prototype, dtype, shape, device, order)


@implements(np.ones_like)
def ones_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> Any:
    """Ones."""
    return _like(np.ones, a, dtype, shape, device, order)


@implements(np.full_like)
def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """The fill value everywhere; it may itself be traced."""
    fill_value = as_array(fill_value)
    if not is_traced(fill_value) and fill_value.ndim:
        on_cpu(device)
        return in_place.memory(a.constant(np.full_like(layout(a), fill_value, dtype, order, shape=shape)))
    if not is_traced(fill_value):
        return _like(np.full, a, dtype, shape, device, order, fill_value)
    on_cpu(device)
    fill_value = astype(fill_value, a.dtype if dtype is None else dtype)
    spread = np.broadcast_to(fill_value, a.shape if shape is None else lengths(shape))
    return in_place.memory(copy_in(laid(order, a, len(spread.shape)))(spread))


@implements(np.array)
def array(
    object: Any,
    dtype: Any = None,
    *,
    copy: Any = True,
    order: str = "K",
    subok: bool = False,
    ndmin: int = 0,
    ndmax: int = 0,
) -> Any:
    """np.array([x, y], like=x): the stack of nested lists of traced arrays."""
    made = _made(object, dtype, copy, order)
    shape = np.shape(made)
    return np.reshape(made, (1,) * (ndmin - len(shape)) + shape) if len(shape) < ndmin else made


@implements(np.asarray, np.asanyarray)
def asarray(a: Any, dtype: Any = None, order: Any = None, *, device: Any = None, copy: Any = None) -> Any:
    """np.asarray(x, like=x): x itself where nothing asks for a copy."""
    on_cpu(device)
    return _made(a, dtype, copy, order)


@implements(np.ascontiguousarray)
def ascontiguousarray(a: Any, dtype: Any = None) -> Any:
    """np.ascontiguousarray(x, like=x): x, with one axis at least; a copy where it lies otherwise in memory."""
    return np.atleast_1d(_made(a, dtype, None, "C"))


@implements(np.asfortranarray)
def asfortranarray(a: Any, dtype: Any = None) -> Any:
    """np.asfortranarray(x, like=x), likewise."""
    return np.atleast_1d(_made(a, dtype, None, "F"))


def _made(value: Any, dtype: Any, copy: Any, order: Any) -> Any:
    made = as_array(value)
    if copy is False and (made is not value or (dtype is not None and np.dtype(dtype) != made.dtype)):
        raise ValueError("asarray: a list, or another dtype, needs a copy, and copy=False forbids that.")
    if not is_traced(made):
        return np.array(made, dtype, order=order or "K")
    if dtype is not None and np.dtype(dtype) != made.dtype:
        return in_place.memory(in_order(astype(made, dtype), order))
    if copy is False and in_order(made, order) is not made:
        raise ValueError(f"asarray: order={order!r} needs a copy of this array, and copy=False forbids that.")
    number = not made.shape and in_place.is_number(made)  # of which NumPy makes an array
    if copy is False and number:
        raise ValueError("asarray: an array of a number is a copy of it, and copy=False forbids that.")
    if made is not value and not isinstance(value, np.ndarray):
        return laid_as(made, "F" if order == "F" else "C", made)  # of a list
    if not number and (not copy or made is not value):
        return in_order(made, order)
    return in_place.memory(copied(made, order or "K"))
