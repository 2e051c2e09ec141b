"""The functions of NumPy that make arrays: of values that may be traced, and able to hold traced values.

An array of floating-point or complex numbers that is made here is a Buffer. One of integers or truth values, which no
derivative goes into, is an ndarray: it serves as an index or a mask.
"""

from __future__ import annotations

import operator
from functools import wraps
from typing import Any

import numpy as np

from bibun.arrays import creation
from bibun.arrays.creation import as_array, holds_traced
from bibun.arrays.shapes import on_cpu
from bibun.core.traced import Traced
from bibun.interpreters.buffer import fillable, shown
from bibun.tree import named, unnamed


def making(function: Any) -> Any:
    """A function that makes an array, of which the result can hold traced values."""

    @wraps(function)
    def make(*args: Any, **settings: Any) -> Any:
        return fillable(function(*args, **settings))

    return make


zeros, ones, empty = making(np.zeros), making(np.ones), making(np.empty)
eye, identity, tri = making(np.eye), making(np.identity), making(np.tri)
zeros_like, ones_like, empty_like, full_like = map(making, (np.zeros_like, np.ones_like, np.empty_like, np.full_like))


@wraps(np.full)
def full(
    shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", *, device: Any = None, like: Any = None
) -> Any:
    """The fill value everywhere; it may be traced, or a list of traced values."""
    fill_value = as_array(fill_value) if holds_traced(fill_value) else named(fill_value)
    like = like if like is not None or not isinstance(fill_value, Traced) else fill_value
    return fillable(np.full(shape, fill_value, dtype, order, device=device, like=like))


@wraps(np.array)
def array(
    object: Any,
    dtype: Any = None,
    *,
    copy: Any = True,
    order: Any = "K",
    subok: bool = False,
    ndmin: int = 0,
    like: Any = None,
    **settings: Any,
) -> Any:
    """An array of a value, or of nested lists that may hold traced values."""
    if not holds_traced(object):
        made = np.array(object, dtype, copy=copy, order=order, subok=subok, ndmin=ndmin, like=like, **settings)
        return made if _memory_of(made, object) else fillable(made)
    value = unnamed(object)
    make = np.array if isinstance(value, np.ndarray) else creation.array
    return fillable(shown(make(value, dtype, copy=copy, order=order, ndmin=ndmin), (object,)))


@wraps(np.asarray)
def asarray(
    a: Any, dtype: Any = None, order: Any = None, *, device: Any = None, copy: Any = None, like: Any = None
) -> Any:
    """The value itself where it is an array of that dtype, else a new array; of nested lists too."""
    on_cpu(device)
    return array(a, dtype, copy=copy, order=order or "K", like=like)


@wraps(np.asanyarray)
def asanyarray(a: Any, dtype: Any = None, order: Any = None, **settings: Any) -> Any:
    """As asarray; subclasses of ndarray stay what they are."""
    if holds_traced(a):
        return asarray(a, dtype, order, **settings)
    made = np.asanyarray(a, dtype, order, **settings)
    return made if _memory_of(made, a) else fillable(made)


@wraps(np.ascontiguousarray)
def ascontiguousarray(a: Any, dtype: Any = None, *, like: Any = None) -> Any:
    """As asarray, with one axis at least."""
    return np.atleast_1d(asarray(a, dtype, "C", like=like)) if holds_traced(a) else np.ascontiguousarray(a, dtype)


@wraps(np.asfortranarray)
def asfortranarray(a: Any, dtype: Any = None, *, like: Any = None) -> Any:
    """As asarray, with one axis at least."""
    return np.atleast_1d(asarray(a, dtype, "F", like=like)) if holds_traced(a) else np.asfortranarray(a, dtype)


@wraps(np.asarray_chkfinite)
def asarray_chkfinite(a: Any, dtype: Any = None, order: Any = None) -> Any:
    """As asarray; nan and infinity are an error."""
    made = asarray(a, dtype, order)
    if np.result_type(made).kind in "fc" and not np.all(np.isfinite(made)):
        raise ValueError("array must not contain infs or NaNs")
    return made


@wraps(np.copy)
def copy(a: Any, order: Any = "K", subok: bool = False) -> Any:
    """A copy, which can hold traced values."""
    return array(a, order=order, subok=subok, copy=True)


@wraps(np.arange)
def arange(*args: Any, dtype: Any = None, device: Any = None, like: Any = None, **named_args: Any) -> Any:
    """start + i step for i below (stop - start) / step. Where start or step is traced, so is the result; how many entries
    there are is decided by the values."""
    given = dict(zip(("start", "stop", "step", "dtype"), args, strict=False)) | named_args
    dtype = given.pop("dtype", dtype)
    if len(args) == 1 and "stop" not in named_args:
        given = {"start": 0, "stop": args[0]} | named_args
    start, stop, step = (
        named(given.get(name, default)) for name, default in (("start", 0), ("stop", None), ("step", 1))
    )
    if not any(isinstance(v, Traced) for v in (start, stop, step)):
        return np.arange(*map(named, args[:3]), dtype=dtype, device=device, like=like, **named_args)
    if stop is None:
        start, stop = 0, start
    count = max(operator.index(np.ceil((stop - start) / step).astype(int)), 0)
    following = (start + step) - start  # as NumPy rounds it
    made = start + np.arange(count) * following
    return made if dtype is None else made.astype(dtype)


@wraps(np.fromiter)
def fromiter(iter: Any, dtype: Any, count: int = -1, *, like: Any = None) -> Any:
    """An array of what an iterator gives."""
    values = [value for value, _ in zip(iter, range(count), strict=False)] if count >= 0 else list(iter)
    return array(values, dtype) if holds_traced(values) else fillable(np.fromiter(values, dtype, count, like=like))


def _memory_of(made: Any, given: Any) -> bool:
    """Whether it shows the memory of what was given, so that storing in it is storing in that."""
    return made is given or made.base is not None or type(made) is not np.ndarray


__all__ = [
    "arange", "array", "asanyarray", "asarray", "asarray_chkfinite", "ascontiguousarray", "asfortranarray", "copy",
    "empty", "empty_like", "eye", "fromiter", "full", "full_like", "identity", "ones", "ones_like", "tri",
    "zeros", "zeros_like",
]  # fmt: skip
