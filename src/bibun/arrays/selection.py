"""Stand-ins for what chooses entries: where, clip, sort, take and their like; and rounding, of derivative 0.

What writes to chosen entries in place (np.put, np.copyto, ...) is in writing.py.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from operator import index
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from bibun.arrays.creation import as_array
from bibun.arrays.in_place import memory
from bibun.arrays.layouts import along, laid_as
from bibun.arrays.protocol import write_out
from bibun.arrays.reductions import reducing
from bibun.arrays.registry import WRITES_OUT, implements, row
from bibun.core import watching
from bibun.core.traced import Traced, alike

_where, _take_along_axis, _nonzero = row("where"), row("take_along_axis"), row("nonzero")
_count_nonzero, _searchsorted = row("count_nonzero"), row("searchsorted")
_argsort, _argpartition = row("argsort"), row("argpartition")
_rint, _trunc, _rectangular = row("rint"), row("trunc"), row("rectangular")
_MISSING = np._NoValue
# What the method of a plain array calls, which has no public name.
_clip_ufunc: Any = import_module("numpy._core.umath").clip


@implements(np.where)
def where(condition: Any, x: Any = _MISSING, y: Any = _MISSING, /) -> Any:
    """x where the condition is true, else y; given only the condition, the indices where it is true."""
    if x is _MISSING and y is _MISSING:
        return _nonzero(condition)
    if x is _MISSING or y is _MISSING:
        raise ValueError("either both or neither of x and y should be given")
    return memory(_where(_operand(condition), _operand(x), _operand(y)))


def _operand(value: Any) -> Any:
    """Python's numbers as they are (they take the dtype of what is beside them), lists as arrays."""
    return as_array(value) if isinstance(value, (list, tuple)) else value


@implements(np.clip, _clip_ufunc)
def clip(
    a: Any,
    a_min: Any = _MISSING,
    a_max: Any = _MISSING,
    out: Any = None,
    *,
    min: Any = _MISSING,
    max: Any = _MISSING,
    **settings: Any,
) -> Any:
    """minimum(maximum(a, a_min), a_max); at a bound, half of the derivative is the bound's."""
    low, high = (_bound(old, new) for old, new in ((a_min, min), (a_max, max)))
    y = _operand(a)
    if getattr(y, "dtype", np.dtype(float)).kind in "iu":  # bounds beyond the dtype bound nothing
        ends = np.iinfo(y.dtype)
        low = None if type(alike(low)) is int and low < ends.min else low
        high = None if type(alike(high)) is int and high > ends.max else high
    if settings:  # those of a ufunc: dtype=, where=, ...
        bounds = [_operand(bound) for bound in (low, high) if bound is not None]
        one: Any = np.positive if not bounds else np.minimum if low is None else np.maximum
        return (_clip_ufunc if len(bounds) == 2 else one)(y, *bounds, out=out, **settings)
    if low is not None:
        y = np.maximum(y, _operand(low))
    if high is not None:
        y = np.minimum(y, _operand(high))
    y = np.copy(y) if y is a else y
    return y if out is None else write_out(out, y, "np.clip", spread=True)


WRITES_OUT.add(clip)  # by itself, since where= leaves what is there


def _bound(old: Any, new: Any) -> Any:
    """The bound by either name; None where there is none."""
    if old is not _MISSING and new is not _MISSING:
        raise ValueError("Passing `min` or `max` keyword argument when `a_min` and `a_max` are provided is forbidden.")
    given = new if old is _MISSING else old
    return None if given is _MISSING else given


@implements(np.sort)
def sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """The entries in increasing order along the axis; equal ones keep the derivative that they come with."""
    if axis is None:
        a, axis = np.reshape(a, (-1,)), 0
    axis = normalize_axis_index(axis, a.ndim)
    return _ordered(a, _argsort(a, axis=axis, kind="stable" if stable else kind), axis)


@implements(np.partition)
def partition(a: Any, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None) -> Any:
    """The k-th entry in its sorted place, the smaller ones before it, the larger ones behind."""
    if axis is None:
        a, axis = np.reshape(a, (-1,)), 0
    axis = normalize_axis_index(axis, a.ndim)
    kth = [*map(index, np.reshape(kth, (-1,)))]
    return _ordered(a, _argpartition(a, np.array(kth, int), axis=axis, kind=kind), axis)


def _ordered(a: Any, order: Any, axis: int) -> Any:
    if isinstance(order, np.ndarray):
        order.setflags(write=False)  # nobody else holds it, so the tape need not copy it
    return laid_as(_take_along_axis(a, order, axis=axis, distinct=True), "K", a)


@reducing(np.take)
def take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    """The entries at these indices along the axis (of the flattened array, where it is None)."""
    return _taken(a, indices, axis, out, mode)


def _taken(a: Any, indices: Any, axis: Any, out: Any, mode: str = "raise") -> Any:
    a, indices = as_array(a), as_array(watching.index(indices))
    if axis is None:
        a, axis = np.reshape(a, (-1,)), 0
    elif not a.ndim:
        a = np.reshape(a, (1,))
    axis = normalize_axis_index(axis, a.ndim)
    indices = _in_range(indices, a.shape[axis], mode)
    y = _taken_along(a, indices, axis) if isinstance(indices, Traced) else along(a, axis, indices)
    if out is not None and not np.can_cast(np.result_type(out), y.dtype, "safe"):  # NumPy casts back what it writes
        raise TypeError(f"out= of {np.result_type(out)} for entries of {y.dtype}: cannot cast by the rule 'safe'.")
    return y


def _taken_along(a: Any, indices: Any, axis: int) -> Any:
    """By indices that differ along a batch."""
    line = np.reshape(indices, (1,) * axis + (-1,) + (1,) * (a.ndim - 1 - axis))
    y = _take_along_axis(a, line, axis=axis, distinct=False)
    return np.reshape(y, a.shape[:axis] + indices.shape + a.shape[axis + 1 :])


@implements(np.count_nonzero, plain=_count_nonzero.reason)
def count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """How many entries are not 0."""
    return _count_nonzero(as_array(a), axis=axis, keepdims=keepdims)


def _in_range(indices: Any, n: int, mode: str) -> Any:
    if indices.dtype.kind == "b" or not indices.size:
        indices = indices.astype(int)
    if mode == "wrap":
        return indices % n
    return np.minimum(np.maximum(indices, 0), n - 1) if mode == "clip" else indices


@implements(np.searchsorted, plain=_searchsorted.reason)
def searchsorted(a: Any, v: Any, side: Any = "left", sorter: Any = None) -> Any:
    """Where v would go into a, which is sorted, or which the sorter sorts."""
    a, v = as_array(a), _operand(v)
    if sorter is not None and np.shape(sorter) != a.shape:
        raise ValueError("sorter.size must equal a.size")
    return _searchsorted(a if sorter is None else take(a, sorter), v, side=side)


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    """y[..., j, ...] = arr[..., indices[..., j, ...], ...]."""
    arr, indices = as_array(arr), as_array(indices)
    if axis is None:
        arr, axis = np.reshape(arr, (-1,)), 0
    axis = normalize_axis_index(axis, arr.ndim)
    if indices.dtype.kind not in "iu":
        raise IndexError("`indices` must be an integer array")
    if indices.ndim != arr.ndim:
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    return _take_along_axis(arr, indices, axis=axis, distinct=False)


@reducing(np.compress)
def compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    """The entries along the axis where the condition is true."""
    return _taken(a, np.flatnonzero(as_array(condition)), axis, out)


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    """The entries of the flattened array where the condition is true."""
    return take(arr, np.flatnonzero(as_array(condition)))


@implements(np.choose)
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    """y[i] = choices[a[i]][i]."""
    a = as_array(a)
    n = len(choices)
    choices = [choices[i] for i in range(n)]
    dtype = np.result_type(*(v if isinstance(v, (int, float, complex)) else as_array(v) for v in choices))
    arrays = np.broadcast_arrays(a, *(as_array(v) for v in choices))
    stacked = np.stack(arrays[1:], dtype=dtype, casting="unsafe")
    y = laid_as(take_along_axis(stacked, _in_range(arrays[0], n, mode)[None], 0)[0], "C", a)
    return y if out is None else write_out(out, y, "np.choose")


@implements(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """The first of the choices whose condition is true, else the default."""
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    if not len(condlist):
        raise ValueError("select with an empty condition list is not possible")
    values = [v if type(v) in (int, float, complex) else as_array(v) for v in (*choicelist, default)]
    y = as_array(default).astype(np.result_type(*values), copy=False)
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        condition = as_array(condition)
        if np.result_type(condition).kind != "b":
            raise TypeError(f"invalid entry in condlist: should be boolean ndarray, not {np.result_type(condition)}")
        y = np.where(condition, choice, y)
    return laid_as(y, "C", y)


def of_parts(z: Any, function: Callable[[Any], Any]) -> Any:
    """function(re z) + i function(im z): 1j times an infinite or negative part would change the other one, to nan or its sign."""
    return _rectangular(function(np.real(z)), function(np.imag(z)))


@implements(np.nan_to_num)
def nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """x with numbers in the place of nan and the infinities, in the dtype of x; there the derivative is 0."""
    if x.dtype.kind == "c":
        y = of_parts(x, lambda part: nan_to_num(part, True, nan, posinf, neginf))
    elif x.dtype.kind != "f":
        y = np.copy(x)
    else:
        limits = np.finfo(x.dtype)
        y = np.where(np.isnan(x), _put_in(x, nan), x)
        y = np.where(np.isposinf(x), _put_in(x, limits.max if posinf is None else posinf), y)
        y = np.where(np.isneginf(x), _put_in(x, limits.min if neginf is None else neginf), y)[()]
    if copy:
        return y
    x[...] = y
    return x


def _put_in(x: Any, value: Any) -> Any:
    """A value in the dtype of the array in which it is put."""
    value = as_array(value)
    if not np.can_cast(value.dtype, x.dtype, "same_kind"):
        raise TypeError(f"Cannot cast array data from {value.dtype!r} to {x.dtype!r} according to the rule 'same_kind'")
    return value.astype(x.dtype)


@implements(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    """The argument of a complex number."""
    y = row("angle")(z)
    return y * (180 / np.pi) if deg else y


@implements(np.round, np.around)
def round_(a: Any, decimals: int = 0, out: Any = None) -> Any:
    """To so many decimals, halves to even: it goes in steps, so its derivative is 0."""
    decimals = index(decimals)  # of few bits, powers of 10 would wrap
    if a.dtype.kind == "c":
        y = laid_as(of_parts(a, lambda part: round_(part, decimals)), "K", a)
    elif decimals == 0 or (decimals > 0 and a.dtype.kind in "iu"):  # times 10**decimals, large integers would wrap
        y = _rint(a) if a.dtype.kind == "f" else a.astype(np.float16 if a.dtype.kind == "b" else a.dtype)
    else:
        scale = 10 ** abs(decimals)
        y = round_(a * scale) / scale if decimals > 0 else round_(a / scale) * scale
        y = laid_as(y.astype(a.dtype), "A", a)
    return y if out is None else write_out(out, y, "np.round")


@reducing(np.fix, spread=True)
def fix(x: Any, out: Any = None) -> Any:
    """Towards 0, to an integer: it goes in steps, so its derivative is 0."""
    return _trunc(x) if isinstance(x, Traced) else np.trunc(x)


def _infinite(name: str, function: Any) -> None:
    """Whether entries are infinite."""
    constant = row(name)

    @reducing(function, plain=constant.reason, spread=True)
    def infinite(x: Any, out: Any = None) -> Any:
        return constant(x)


_infinite("isposinf", np.isposinf)
_infinite("isneginf", np.isneginf)
