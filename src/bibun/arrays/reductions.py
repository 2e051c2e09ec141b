"""Stand-ins for NumPy's reductions and running sums and products.

where= is a choice before the reduction (an entry that is left out may be nan without harm), initial= an
operation after it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from math import prod as product
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from bibun.arrays.creation import as_array
from bibun.arrays.protocol import with_out, write_out
from bibun.arrays.registry import WRITES_OUT, implements, row
from bibun.arrays.shapes import astype
from bibun.core.rules import parameters
from bibun.core.traced import Traced
from bibun.errors import warn

_sum, _prod, _max, _min = row("sum"), row("prod"), row("max"), row("min")
_cumsum, _cumprod, _all, _any = row("cumsum"), row("cumprod"), row("all"), row("any")
_NONE = np._NoValue  # what NumPy passes for an argument that was not given
_SMALL = ("b", "i", "u")
FEW = "Degrees of freedom <= 0 for slice"


def reducing(*functions: Any, plain: str = "", spread: bool = False) -> Callable[[Any], Any]:
    """Stand in for these functions, and for the method of that name: `out` may be given by position too, and has the shape of
    the result, or with `spread` a larger one.

    The stand-in sees it for the dtype to compute in, and leaves the writing to this.
    """

    def register(stand_in: Any) -> Any:
        names = parameters(stand_in)
        position = names.index("out") if "out" in names else sys.maxsize  # by keyword alone

        @implements(*functions, plain=plain)
        @wraps(stand_in)
        def writing(*args: Any, **settings: Any) -> Any:
            out = args[position] if len(args) > position else settings.get("out")
            y = stand_in(*args, **settings)
            return y if out is None else write_out(out, y, f"np.{functions[0].__name__}", spread=spread)

        WRITES_OUT.add(writing)
        return writing

    return register


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """The setting `axis` of a reduction: None is all axes."""
    if axis is None:
        return tuple(range(ndim))
    if type(axis) is int and -ndim <= axis < ndim:
        return (axis % ndim,)
    if not ndim and axis in (0, -1):
        return ()  # of a number NumPy takes these too
    return normalize_axis_tuple(axis, ndim)


def axes_there(axis: Any, ndim: int) -> tuple[int, ...]:
    """The same where a number has no axis: where NumPy counts the entries along it, or moves it."""
    return axes_of(axis, ndim) if ndim or axis is None else normalize_axis_tuple(axis, 0)


def _given(value: Any) -> bool:
    return value is not None and value is not _NONE


def _initial(value: Any, y: Any) -> Any:
    """`initial` in the dtype of the reduction."""
    if isinstance(value, Traced):
        return astype(value, y.dtype, copy=False)
    return value if type(value) in (int, float, complex) and y.dtype.kind in "fc" else np.asarray(value, y.dtype)


def _prepared(a: Any, dtype: Any, where: Any, neutral: Any) -> Any:
    """What goes into the row: in the dtype that was asked for, `neutral` where the entry is left out."""
    a = as_array(a)
    if dtype is not None:
        a = astype(a, dtype, copy=False) if isinstance(a, Traced) else a.astype(dtype)
    return a if where is True or where is _NONE else _chosen(where, a, neutral)


def _chosen(where: Any, a: Any, neutral: Any) -> Any:
    """The entries that take part, which `where` may choose but not repeat."""
    shape = np.broadcast_shapes(np.shape(where), a.shape)
    if shape != a.shape:
        raise ValueError(
            f"where= of shape {np.shape(where)} would repeat the entries of an array of shape {a.shape}: it chooses among "
            f"them. Write np.broadcast_to(x, {shape}), if they shall be repeated."
        )
    return np.where(where, a, neutral)


def _of(dtype: Any, y: Any) -> Any:
    """In the dtype that was asked for, also where small integers were added up as large ones."""
    return y if dtype is None or y.dtype == dtype else y.astype(dtype)


@reducing(np.sum)
def sum_(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """The sum over axes, plus `initial`."""
    dtype = with_out(dtype, a, out)
    a = _prepared(a, dtype, where, 0)
    y = _of(dtype, _sum(a, axis=axes_of(axis, a.ndim), keepdims=bool(keepdims) and keepdims is not _NONE))
    return y + _initial(initial, y) if _given(initial) else y


@reducing(np.prod)
def prod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """The product over axes, times `initial`."""
    dtype = with_out(dtype, a, out)
    a = _prepared(a, dtype, where, 1)
    y = _of(dtype, _prod(a, axis=axes_of(axis, a.ndim), keepdims=bool(keepdims) and keepdims is not _NONE))
    return y * _initial(initial, y) if _given(initial) else y


def _extreme(primitive: Any, better: Any, a: Any, axis: Any, out: Any, keepdims: Any, initial: Any, where: Any) -> Any:
    a = _prepared(a, with_out(None, a, out), True, None)  # in which NumPy reads `initial` too
    keepdims = bool(keepdims) and keepdims is not _NONE
    if not _given(initial):
        if where is not True and where is not _NONE:
            raise ValueError(
                f"reduction operation '{primitive.name}' does not have an identity, so to use a where mask one "
                "has to specify 'initial'"
            )
        return primitive(a, axis=axes_of(axis, a.ndim), keepdims=keepdims)
    axis, initial = axes_of(axis, a.ndim), _initial(initial, a)
    a = _prepared(a, None, where, initial)
    if product(a.shape[i] for i in axis) == 0:
        shape = [1 if i in axis else n for i, n in enumerate(a.shape) if keepdims or i not in axis]
        initial = initial if isinstance(initial, Traced) else np.asarray(initial, a.dtype)
        return np.broadcast_to(initial, shape)[()]
    return better(primitive(a, axis=axis, keepdims=keepdims), initial)


@reducing(np.max)
def max_(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = _NONE, where: Any = True
) -> Any:
    """The largest entry over axes, or `initial` if that is larger; ties share the derivative equally."""
    return _extreme(_max, np.maximum, a, axis, out, keepdims, initial, where)


@reducing(np.min)
def min_(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = _NONE, where: Any = True
) -> Any:
    """The smallest entry over axes, or `initial` if that is smaller; ties share the derivative equally."""
    return _extreme(_min, np.minimum, a, axis, out, keepdims, initial, where)


implements(np.amax)(max_)
implements(np.amin)(min_)


@reducing(np.ptp)
def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    """The largest entry minus the smallest."""
    most = max_(a, axis, None, keepdims)
    return _of(with_out(None, most, out), most) - min_(a, axis, None, keepdims)


def _truth(primitive: Any, a: Any, axis: Any, keepdims: Any, where: Any, neutral: bool) -> Any:
    a = as_array(a)
    if where is not True and where is not _NONE:
        a = _chosen(where, np.not_equal(a, 0), neutral)
    keepdims = bool(keepdims) and keepdims is not _NONE
    return primitive(a, axis=axes_of(axis, np.ndim(a)), keepdims=keepdims)


@reducing(np.all, plain=_all.reason)
def all_(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
    """Whether all are true."""
    return _truth(_all, a, axis, keepdims, where, True)


@reducing(np.any, plain=_any.reason)
def any_(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
    """Whether any is true."""
    return _truth(_any, a, axis, keepdims, where, False)


def _count(a: Any, axis: tuple[int, ...], where: Any, keepdims: bool) -> Any:
    """How many entries each sum has; of the dtype of the entries where it is an array."""
    if where is True or where is _NONE:
        return product([a.shape[i] for i in axis])
    count = np.sum(np.broadcast_to(where, a.shape), axis=axis, keepdims=keepdims)
    return count.astype(np.float64 if a.dtype.kind in "biu" else np.zeros((), a.dtype).real.dtype)


def _by(total: Any, count: Any, empty: str) -> Any:
    """A sum by a number of entries; of none, nan and a warning, as NumPy has it."""
    if not isinstance(count, (int, float)) or count:
        return total / count
    warn(f"{empty}.", RuntimeWarning)
    with np.errstate(divide="ignore", invalid="ignore"):
        return total / np.zeros((), total.dtype)


@reducing(np.mean)
def mean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True
) -> Any:
    """The sum over axes by the number of entries."""
    a = as_array(a)
    short = dtype is None and a.dtype == np.float16  # NumPy adds these up in float32
    if dtype is None:
        dtype = np.float64 if a.dtype.kind in _SMALL else np.float32 if short else None
    axis, keepdims = axes_there(axis, a.ndim), bool(keepdims) and keepdims is not _NONE
    total = sum_(a, axis, with_out(dtype, a, out), None, keepdims, None, where)
    total = _of(with_out(None, total, out), total)  # whatever dtype was asked for, NumPy divides what stands in out=
    y = _by(total, _count(a, axis, where, keepdims), "Mean of empty slice")
    return y.astype(np.float16) if short and out is None else _of(total.dtype, y)


@reducing(np.var)
def var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = _NONE,
    correction: Any = _NONE,
) -> Any:
    """The sum of |a - mean|**2 over axes by n - ddof. `dtype` is that of both sums, not of the distances."""
    return variance(as_array(a), axis, dtype, out, ddof, keepdims, where, mean, correction)


def variance(
    a: Any,
    axis: Any,
    dtype: Any,
    out: Any,
    ddof: float,
    keepdims: Any,
    where: Any,
    mean: Any,
    correction: Any,
    *,
    narrow: bool = False,
) -> Any:
    """The same of an array. narrow: of distances in the dtype of a, as np.nanvar has them."""
    if _given(correction):
        if ddof:
            raise ValueError("ddof and correction can't be provided simultaneously.")
        ddof = correction
    if dtype is None and a.dtype.kind in _SMALL:
        dtype = np.float64
    axis, keepdims = axes_there(axis, a.ndim), bool(keepdims) and keepdims is not _NONE
    if not _given(mean):
        total = sum_(a, axis, dtype, None, True, None, where)
        mean = _of(dtype, _by(total, _count(a, axis, where, True), "Mean of empty slice"))
    distance = _prepared(a - mean, a.dtype if narrow else None, where, 0)
    squares = np.square(distance)
    if distance.dtype.kind == "c":
        squares = np.square(np.real(distance)) + np.square(np.imag(distance))
    freedom = _count(a, axis, where, keepdims) - ddof
    freedom = max(freedom, 0) if isinstance(freedom, (int, float)) else np.maximum(freedom, 0)
    dtype = with_out(dtype, squares, out)
    return _of(dtype, _by(sum_(squares, axis, dtype, None, keepdims), freedom, FEW))


def root_of_squares(total: Any) -> Any:
    """√ of a sum of squares. Where that is 0, the derivative is 0: the middle of all slopes possible there."""
    flat = np.equal(total, 0)
    if not isinstance(flat, Traced) and not np.any(flat):
        return np.sqrt(total)
    return np.where(flat, 0, np.sqrt(np.where(flat, 1, total)))[()]


@reducing(np.std)
def std(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = _NONE,
    correction: Any = _NONE,
) -> Any:
    """The root of the variance; in whole numbers where `dtype` asks for them, which NumPy has of one variance alone."""
    total = variance(as_array(a), axis, dtype, out, ddof, keepdims, where, mean, correction)
    whole = np.result_type(total)
    if dtype is None or whole.kind in "fc":
        return root_of_squares(total)
    if np.shape(total):
        raise TypeError(f"np.std: the roots of variances are no numbers of {whole}, which dtype= asks for.")
    return np.sqrt(total).astype(whole)


@implements(np.average)
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False) -> Any:
    """The sum of weights times a over axes by the sum of the weights."""
    a, keepdims = as_array(a), bool(keepdims) and keepdims is not _NONE
    axis = axes_there(axis, a.ndim) if axis is not None else None
    if weights is None:
        y = mean(a, axis, None, None, keepdims)
        total = np.full(np.shape(y), a.size / max(np.size(y), 1), y.dtype)
    else:
        weights = broadcastable(as_array(weights), a.shape, axis)
        axis = axes_of(axis, a.ndim)
        weights = np.broadcast_to(weights, a.shape)
        total = np.sum(weights, axis=axis, keepdims=keepdims, dtype=np.result_type(a, weights, np.float16))
        zero = np.any(np.equal(total, 0))
        if not isinstance(zero, Traced) and zero:
            raise ZeroDivisionError("Weights sum to zero, can't be normalized")
        y = np.sum(a * weights, axis=axis, keepdims=keepdims) / total
    return (y, np.broadcast_to(total, np.shape(y))) if returned else y


def broadcastable(weights: Any, shape: tuple[int, ...], axis: Any) -> Any:
    """Weights of the lengths of the reduced axes, shaped to stand along them."""
    if weights.shape == shape:
        return weights
    if axis is None:
        raise TypeError("Axis must be specified when shapes of a and weights differ.")
    axis = axes_of(axis, len(shape))
    if weights.shape != tuple(shape[i] for i in axis):
        raise ValueError("Shape of weights must be consistent with shape of a along specified axis.")
    weights = np.transpose(weights, sorted(range(len(axis)), key=axis.__getitem__))
    return np.reshape(weights, tuple(n if i in axis else 1 for i, n in enumerate(shape)))


def _running(primitive: Any, a: Any, axis: Any, dtype: Any) -> Any:
    a = _prepared(a, dtype, True, 0)
    if axis is None or not a.ndim:
        a, axis = np.reshape(a, (-1,)), axis or 0
    return _of(dtype, primitive(a, axis=normalize_axis_index(axis, a.ndim)))


@reducing(np.cumsum)
def cumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """The sums up to each entry."""
    return _running(_cumsum, a, axis, with_out(dtype, a, out))


@reducing(np.cumprod)
def cumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """The products up to each entry."""
    return _running(_cumprod, a, axis, with_out(dtype, a, out))


def _cumulative(running: Any, first: Any) -> Any:
    def cumulative(
        x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None, include_initial: bool = False
    ) -> Any:
        if axis is None and x.ndim > 1:
            raise ValueError("For arrays which have more than one dimension ``axis`` argument is required.")
        x = np.atleast_1d(x)
        (axis,) = normalize_axis_tuple(0 if axis is None else axis, x.ndim)
        y = running(x, axis, with_out(dtype, x, out))
        if not include_initial:
            return y
        return np.concatenate([first(y, shape=(*y.shape[:axis], 1, *y.shape[axis + 1 :])), y], axis=axis)

    return cumulative


if hasattr(np, "cumulative_sum"):  # since NumPy 2.1
    reducing(np.cumulative_sum)(_cumulative(cumsum, np.zeros_like))
    reducing(np.cumulative_prod)(_cumulative(cumprod, np.ones_like))
