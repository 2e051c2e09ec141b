"""The methods of ufuncs (reduce, accumulate, reduceat, at) and the axes of generalized ones (np.matmul and its kind).

Sums, products and extremes are the reductions that they are; of any other ufunc of two inputs the methods are derived
from its row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from bibun.arrays import in_place, indexing
from bibun.arrays.layouts import laid_as
from bibun.arrays.registry import FUNCTIONS, found, row
from bibun.arrays.shapes import astype
from bibun.core.primitive import Primitive
from bibun.core.traced import Traced, alike, plain, unlisted
from bibun.core.watching import index
from bibun.errors import OTHERWISE, NoDerivativeError, located
from bibun.primitives.indexing import may_repeat
from bibun.primitives.ufunc_methods import EXTREMES, pieces

_REDUCE: dict[Any, Any] = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min,
           np.logical_and: np.all, np.logical_or: np.any}  # fmt: skip
_ACCUMULATE: dict[Any, Any] = {np.add: np.cumsum, np.multiply: np.cumprod}
_IN_ANY_ORDER = (np.fmax, np.fmin, np.hypot, np.logaddexp, np.logaddexp2)  # of ufuncs with a derivative, not in _REDUCE
_accumulate, _accumulate_steps, _sum_pieces = row("accumulate"), row("accumulate_steps"), row("sum_pieces")
_leaders, _tie_shares, _take_along_axis = row("leaders"), row("tie_shares"), row("take_along_axis")
_NONE = np._NoValue
NUMBERS = (int, float, complex)  # Python's, which take the dtype of the arrays beside them


def _of_two(function: np.ufunc, method: str) -> Primitive:
    """The row of a ufunc of two inputs and one output."""
    primitive = found(function)
    if not isinstance(primitive, Primitive) or function.nin != 2 or function.nout != 1 or function.signature:
        raise ValueError(f"{method} only supported for binary functions that return one value; {function} is not.")
    return primitive


def _array(x: Any, dtype: Any) -> Any:
    if not isinstance(x, Traced):
        return np.asarray(x, dtype)
    return x if dtype is None else astype(x, dtype, copy=False)


def reduce(
    function: np.ufunc,
    x: Any,
    axis: Any = 0,
    dtype: Any = None,
    keepdims: bool = False,
    initial: Any = _NONE,
    where: Any = True,
) -> Any:
    """f(... f(f(initial, x[0]), x[1]) ...) along axes."""
    x = _array(x, dtype)
    if function in (np.logical_and, np.logical_or):
        y = FUNCTIONS[_REDUCE[function]](x, axis=axis, keepdims=keepdims, where=where)
        return y if initial is _NONE or initial is None else function(initial, y)
    if function in _REDUCE:
        more = {} if initial is _NONE else {"initial": initial}
        if dtype is not None and function in (np.add, np.multiply):
            more["dtype"] = dtype
        return FUNCTIONS[_REDUCE[function]](x, axis=axis, keepdims=keepdims, where=where, **more)
    primitive = _of_two(function, "reduce")
    x = _in_loop(function, x)
    axes = _axes(axis, x.ndim)
    if len(axes) > 1 and primitive.kind != "constant" and function not in _IN_ANY_ORDER:
        raise ValueError(
            f"reduction operation '{function.__name__}' is not reorderable, so at most one axis may be specified"
        )
    if function is np.hypot and initial is _NONE:
        initial = 0  # NumPy begins with the identity: np.hypot.reduce([-3.0]) is 3
    mask = where if where is True else _as_one_axis(np.broadcast_to(where, x.shape), axes)
    y = _along_one(function, primitive, _as_one_axis(x, axes), initial, mask)
    return np.expand_dims(y, axes) if keepdims else y


def _in_loop(function: np.ufunc, x: Any) -> Any:
    """The entries in the dtype of the result of NumPy's loop: np.divide.reduce of whole numbers is one of floats from the
    first entry on, np.logical_xor.reduce one of truth values."""
    dtype = function.resolve_dtypes((None, x.dtype, None), reduction=True)[0]
    return x if x.dtype == dtype else x.astype(dtype)


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Those to reduce; NumPy lets a number pass for an array of one axis."""
    if axis is None:
        return tuple(range(ndim))
    return () if not ndim and axis in (0, -1) else normalize_axis_tuple(axis, ndim)


def _as_one_axis(x: Any, axes: tuple[int, ...]) -> Any:
    """The axes together as the first one; of no axes, one of length 1."""
    if not axes:
        return x[None]
    moved = np.moveaxis(x, axes, range(len(axes)))
    return moved if len(axes) == 1 else np.reshape(moved, (-1, *np.shape(moved)[len(axes) :]))


def _along_one(function: np.ufunc, primitive: Primitive, x: Any, initial: Any, where: Any) -> Any:
    """Along the first axis. An entry that `where` leaves out is skipped."""
    given = initial is not None and initial is not _NONE
    if where is not True:
        start = initial if given else function.identity
        if start is None:
            raise ValueError(
                f"reduction operation '{function.__name__}' does not have an identity, so to use a where mask one has to "
                "specify 'initial'"
            )
        total, one = np.broadcast_to(_array(start, x.dtype), x.shape[1:]), np.ones((), x.dtype)
        for mask, entry in zip(where, x, strict=True):
            total = np.where(mask, primitive(total, np.where(mask, entry, one)), total)
        return total
    if not given and not len(x):
        if function.identity is None:
            raise ValueError(f"zero-size array to reduction operation {function.__name__} which has no identity")
        return np.full_like(x, function.identity, shape=x.shape[1:])
    if given:
        x = np.concatenate([np.broadcast_to(_array(initial, x.dtype), (1, *x.shape[1:])), x])
    # Not the ufunc's own reduce: on processors with AVX-512, NumPy 2.4's np.power.reduce leaves entries out
    return _running(primitive, x, 0)[-1]


def _running(primitive: Primitive, x: Any, axis: int) -> Any:
    return (_accumulate_steps if primitive.kind == "constant" else _accumulate)(x, axis=axis, row=primitive)


def accumulate(function: np.ufunc, x: Any, axis: int = 0, dtype: Any = None) -> Any:
    """y[i] = f(y[i - 1], x[i]) along an axis, from y[0] = x[0]. Equal extremes share."""
    x = _array(x, dtype)
    if not x.ndim:
        raise TypeError("cannot accumulate on a scalar")
    if function in _ACCUMULATE:
        return FUNCTIONS[_ACCUMULATE[function]](x, axis=axis, dtype=dtype)
    axis, primitive = normalize_axis_index(axis, x.ndim), _of_two(function, "accumulate")
    x = _in_loop(function, x)
    if function in EXTREMES and x.shape[axis] and not _ties(x, axis, function):
        return laid_as(_take_along_axis(x, _leaders(x, axis=axis, ufunc=function), axis=axis, distinct=False), "K", x)
    return _running(primitive, x, axis)


def _ties(x: Any, axis: int, function: np.ufunc) -> bool:
    """Whether equal entries share a running extreme anywhere: a decision by the values."""
    shares = plain(_tie_shares(x, axis=axis, ufunc=function))
    return bool(np.any(np.greater(shares, 0) & np.less(shares, 1)))


def reduceat(function: np.ufunc, x: Any, indices: Any, axis: int = 0, dtype: Any = None) -> Any:
    """The reductions of the pieces x[indices[k]:indices[k + 1]] along an axis."""
    indices = index(indices)
    if isinstance(indices, Traced) and not indices.records:
        raise NoDerivativeError(
            f"{located()}{function.__name__}.reduceat with indices that are traced: the lengths of its pieces would "
            "differ. Give plain indices."
        )
    x = _array(x, dtype)
    axis = normalize_axis_index(axis, x.ndim)
    # those of a recording are decisions: a program is for these pieces
    places = tuple(map(int, indices)) if isinstance(indices, Traced) else tuple(np.asarray(indices).tolist())
    if places and not 0 <= min(places) <= max(places) < x.shape[axis]:
        raise IndexError(f"reduceat: the indices are not all in [0, {x.shape[axis]})")
    if function is np.add:
        y = _sum_pieces(x, indices=places, axis=axis)
        return y if dtype is None else astype(y, dtype, copy=False)  # small integers were added up as large ones
    lead = (slice(None),) * axis
    if function not in _REDUCE:  # of one entry it would begin with the identity
        x = _in_loop(function, x)
    parts = [x[(*lead, slice(start, end))] for start, end in pieces(places, x.shape[axis])]
    whole = [
        part if part.shape[axis] == 1 and function not in _REDUCE else reduce(function, part, axis, dtype, True)
        for part in parts
    ]
    return np.concatenate(whole, axis=axis)


def at(function: np.ufunc, array: Any, key: Any, *values: Any) -> None:
    """array[key] = f(array[key], value), once for each time that the key names a place."""
    indices = index(key if isinstance(key, tuple) else (key,))
    if function in (np.add, np.subtract) or not isinstance(array, Traced) or not may_repeat(indices):
        indexing.at(function, array, key, *values)
        return
    if function.nout != 1 or function.signature:
        raise ValueError(f"{function.__name__}.at: only ufuncs of one output can be applied in place.")
    primitive: Any = found(function)
    if primitive is None:
        raise NoDerivativeError(
            f"{located()}{function.__name__}.at has no derivative rule in bibun. Write it with functions that have one, or "
            f"{OTHERWISE}."
        )
    if any(isinstance(k, Traced) for k in indices):
        _at_each(primitive, array, indices, values)
        return
    named = np.arange(array.size).reshape(array.shape)[key]
    places = np.ravel(named)
    others = [np.reshape(np.broadcast_to(v, np.shape(named)), (-1,)) for v in values]
    flat = np.reshape(array.alias(), (-1,))
    for turn in _turns(places):
        chosen = flat[places[turn]]
        updated = primitive(chosen, *(v[turn] for v in others))
        if not np.can_cast(updated.dtype, flat.dtype, "same_kind"):
            raise NoDerivativeError(
                f"{located()}{function.__name__}.at: {updated.dtype} in an array of {flat.dtype} would lose a part of it, "
                f"and its derivative. Make it wide enough first: x = x.astype({updated.dtype})."
            )
        flat = indexing.updated(flat, (places[turn],), updated)
    in_place.assign(array, np.reshape(flat, array.shape), f"{function.__name__}.at")


def _at_each(primitive: Any, array: Any, indices: tuple[Any, ...], values: tuple[Any, ...]) -> None:
    """With an index that is another one in each entry of a batch, or in each call of a program: one place after the other."""
    if len(indices) > 1:
        raise NoDerivativeError(
            f"{located()}{primitive.name}.at with several indices of which one is traced has no derivative rule. Index a "
            "flat array by one: np.ravel_multi_index gives the places."
        )
    (index,) = indices
    spread = [np.broadcast_to(v, (*index.shape, *array.shape[1:])) for v in values]
    for k in np.ndindex(index.shape):
        place = index[k]
        indexing.set_(array, place, primitive(indexing.get(array, place), *(v[k] for v in spread)))


def _turns(places: Any) -> list[Any]:
    """The places in groups that name none twice: the first time that each is named, the second time, ..."""
    order = np.argsort(places, kind="stable")
    ranked = places[order]
    first = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]) if len(places) else places
    lengths = np.diff(np.append(first, len(places)))
    times = np.empty(len(places), int)
    times[order] = np.arange(len(places)) - np.repeat(first, lengths)
    return [np.flatnonzero(times == n) for n in range(times.max(initial=-1) + 1)]


def outer(function: np.ufunc, a: Any, b: Any) -> tuple[Any, Any]:
    """The inputs shaped so that f(a, b) has every entry of a beside every entry of b."""
    if function.signature or function.nin != 2:
        raise ValueError(f"outer product only supported for binary functions without a signature; not for {function}.")
    a, b = (x if isinstance(x, Traced) else np.asarray(x) for x in (a, b))  # Python's numbers count as float64 here
    return np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b


def in_loop(function: np.ufunc, inputs: tuple[Any, ...], dtype: Any = None, **settings: Any) -> tuple[Any, ...]:
    """The inputs in the dtypes of the loop that NumPy takes for these settings: dtype= is that of its outputs, signature= are
    those of all. NumPy's own error where there is none, or where it would lose what casting= does not let go."""
    if dtype is not None:
        settings["signature"] = (None,) * function.nin + (np.dtype(dtype),) * function.nout
    inputs = tuple(x if type(x) in NUMBERS else unlisted(x) for x in inputs)
    given = [alike(x) for x in inputs]
    kinds = [type(x) if type(x) in NUMBERS else np.result_type(x) for x in given]
    if settings.get("casting") == "equiv" and any(type(x) in NUMBERS for x in given):  # NumPy's search would crash
        raise TypeError(
            f"np.{function.__name__}: casting='equiv' does not cast Python's numbers; write np.float64(number)."
        )
    found = function.resolve_dtypes((*kinds, *(None,) * function.nout), **settings)
    return tuple(_array(x, dtype) for x, dtype in zip(inputs, found, strict=False))


# Generalized ufuncs: the function works on the last axes, wherever the call says that these are


def with_axes(
    function: np.ufunc, inputs: tuple[Any, ...], axes: Any = None, axis: Any = None, keepdims: bool = False
) -> Any:
    """f with the axes that it works on moved to the end, and those of the result moved back."""
    signature: Any = function.signature
    outputs = [core.count(",") + 1 if core else 0 for core in signature.split("->")[1].strip("()").split("),(")]
    if (axis is not None or keepdims) and outputs != [0]:
        raise TypeError(
            f"{function.__name__}: axis= and keepdims= are for functions of vectors whose result is a number."
        )
    if axis is not None:
        axes = [(axis,)] * len(inputs) + [(axis,) if keepdims else ()]
    elif axes is None:
        axes = [(-1,)] * len(inputs) + [(-1,) if keepdims else ()]
    axes = [(i,) if isinstance(i, (int, np.integer)) else tuple(i) for i in axes]
    if len(axes) == len(inputs):
        axes.append(axes[0] if keepdims else ())
    if len(axes) != len(inputs) + 1:
        raise ValueError(f"axes should be a list with an entry for all {len(inputs)} inputs and the output")
    moved = [np.moveaxis(x, over, range(-len(over), 0)) for x, over in zip(inputs, axes, strict=False)]
    y = FUNCTIONS[function](*moved)
    if keepdims:
        y = y[..., None]
    return np.moveaxis(y, range(-len(axes[-1]), 0), axes[-1])
