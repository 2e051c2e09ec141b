"""Stand-ins for functions that call a function of the user's: along an axis, over axes, piece by piece.

np.vectorize and np.frompyfunc are in vectorized.py.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import index
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from bibun.arrays.creation import as_array
from bibun.arrays.deciding import anywhere, batched
from bibun.arrays.indexing import updated
from bibun.arrays.registry import implements
from bibun.arrays.selection import take


@implements(np.apply_along_axis)
def apply_along_axis(func1d: Callable[..., Any], axis: Any, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """The function of each line along the axis; the axes of what it returns stand in the place of that one."""
    arr = as_array(arr)
    axis = normalize_axis_index(axis, arr.ndim)
    lines = np.moveaxis(arr, axis, -1)
    over = lines.shape[:-1]
    if 0 in over:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    results = [as_array(func1d(lines[i], *args, **kwargs)) for i in np.ndindex(over)]
    shape = results[0].shape
    made = np.reshape(np.stack(results), (*over, *shape))
    return np.moveaxis(made, range(len(over), made.ndim), range(axis, axis + len(shape)))


@implements(np.apply_over_axes)
def apply_over_axes(func: Callable[[Any, int], Any], a: Any, axes: Any) -> Any:
    """func(a, axis) for one axis after the other, each of which stays with length 1 if the function drops it."""
    y = as_array(a)
    ndim = y.ndim
    for axis in (axes,) if np.ndim(axes) == 0 else axes:
        axis = index(axis) + ndim if axis < 0 else index(axis)
        made = func(y, axis)
        y = made if made.ndim == ndim else np.expand_dims(made, axis)
        if y.ndim != ndim:
            raise ValueError("function is not returning an array of the correct shape")
    return y


@implements(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """Where a condition is true (the last of several): the function of the entries there, or the number, or the
    numbers, one for each of these entries.

    Where conditions differ along a batch, a function is called for all entries, those outside of its piece replaced by
    one inside: it has to work entry by entry, and to have a value at them.
    """
    x = as_array(x)
    if np.isscalar(condlist) or (x.ndim and np.ndim(condlist[0]) == 0):  # one condition
        condlist = [condlist]
    conditions = [as_array(c).astype(bool) for c in condlist]
    if len(conditions) == len(funclist) - 1:
        conditions.append(~np.any(np.stack(conditions), axis=0))
    if len(conditions) != len(funclist):
        n = len(conditions)
        raise ValueError(f"with {n} condition(s), either {n} or {n + 1} functions are expected")
    y = np.zeros_like(x)
    for condition, piece in zip(conditions, funclist, strict=True):
        if not callable(piece):  # an array has an entry for each that is chosen, one after the other
            y = updated(y, condition, piece)
        elif not anywhere(condition):
            continue
        elif batched(condition):
            chosen = np.reshape(condition, condition.shape + (1,) * (x.ndim - condition.ndim))  # along the first axes
            y = np.where(chosen, piece(_inside(x, np.broadcast_to(chosen, x.shape)), *args, **kw), y).astype(x.dtype)
        else:
            y = updated(y, condition, piece(x[condition], *args, **kw))
    return y


def _inside(x: Any, condition: Any) -> Any:
    """The entries where the condition is true, elsewhere the first of these."""
    first = np.argmax(np.reshape(condition, (-1,)))
    return np.where(condition, x, take(x, first))
