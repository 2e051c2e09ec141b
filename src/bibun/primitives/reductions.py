"""Rows of the reductions and the running sums and products. arrays/reductions.py composes where= and initial=.

The setting `axis` of a reduction is a tuple of non-negative numbers, and `keepdims` True or False; `axis` of a
running sum or product is one non-negative number. No rule divides by an entry: products are right with zeros among
their factors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.core.kinds import general, linear, reduction
from bibun.core.primitive import Primitive
from bibun.core.rules import rule

Axes = tuple[int, ...]
_add: Any = np.add.reduce
_multiply: Any = np.multiply.reduce
_largest: Any = np.maximum.reduce
_smallest: Any = np.minimum.reduce


def _sum(x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return _add(x, axis=axis, keepdims=keepdims)


def _prod(x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return _multiply(x, axis=axis, keepdims=keepdims)


def _max(x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return _largest(x, axis=axis, keepdims=keepdims)


def _min(x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return _smallest(x, axis=axis, keepdims=keepdims)


def _cumsum(x: Any, *, axis: int) -> Any:
    return np.add.accumulate(x, axis=axis)


def _cumprod(x: Any, *, axis: int) -> Any:
    return np.multiply.accumulate(x, axis=axis)


def _expanded(y: Any, shape: tuple[int, ...], axis: Axes, keepdims: bool) -> Any:
    """The result of a reduction with its reduced axes kept, to broadcast against what was reduced."""
    if keepdims or not axis or len(axis) == len(shape):
        return y
    return np.reshape(y, tuple(1 if i in axis else n for i, n in enumerate(shape)))


def _spread(g: Any, x_shape: tuple[int, ...], axis: Axes, keepdims: bool) -> Any:
    """The cotangent of a sum: the same for every entry that was summed, in no memory of its own."""
    if not x_shape:
        return g  # a number stays one
    if isinstance(g, np.number):
        return np.ndarray(x_shape, g.dtype, g, strides=(0,) * len(x_shape))  # a quarter of the time of broadcast_to
    return np.broadcast_to(_expanded(g, x_shape, axis, keepdims), x_shape)


def _shares(y: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    """1 where x is the extreme, shared equally at ties; if that is nan, it belongs to the entries that are nan."""
    won = np.equal(x, _expanded(y, np.shape(x), axis, keepdims)) | np.not_equal(x, x)
    ties = np.sum(won, axis=axis, keepdims=True)
    return np.divide(won, ties, dtype=np.result_type(x, np.float16))


def _pull_extreme(g: Any, y: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    return _expanded(g, np.shape(x), axis, keepdims) * _shares(y, x, axis, keepdims)


def _push_extreme(t: Any, y: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    return np.sum(t * _shares(y, x, axis, keepdims), axis=axis, keepdims=keepdims)


def _products_of_others(x: Any, axis: Axes) -> Any:
    """For each entry, the product of the others along the axes: of those before it times those behind it."""
    shape = np.shape(x)
    if not axis or 0 in shape:
        return np.ones_like(x)
    order = (*(i for i in range(len(shape)) if i not in axis), *axis)
    moved = np.transpose(x, order)
    lines = np.reshape(moved, (*np.shape(moved)[: -len(axis)], -1))
    one = np.ones_like(lines[..., :1])
    before = np.cumprod(np.concatenate([one, lines[..., :-1]], axis=-1), axis=-1)
    behind = np.cumprod(np.concatenate([one, lines[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    products = np.reshape(before * behind, np.shape(moved))
    return np.transpose(products, sorted(range(len(order)), key=order.__getitem__))


# s[i] = a[i] s[i - 1] + b[i], of which a running product's derivatives are made


def _recurrence(a: Any, b: Any, *, axis: int) -> Any:
    """log2(n) doublings of the distance."""
    a, b = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
    step, n = 1, np.shape(b)[0]
    while step < n:
        b = np.concatenate([b[:step], b[step:] + a[step:] * b[:-step]])
        a = np.concatenate([a[:step], a[step:] * a[:-step]])
        step *= 2
    return np.moveaxis(b, 0, axis)


def before(x: Any, first: float, axis: int) -> Any:
    """The entry before each one; `first` before the first."""
    lead = (slice(None),) * axis
    return np.concatenate([np.full_like(x[(*lead, slice(1))], first), x[(*lead, slice(-1))]], axis=axis)


def backward(a: Any, g: Any, axis: int) -> Any:
    """h[i] = g[i] + a[i + 1] h[i + 1]"""
    factors = before(np.flip(a, axis), 0, axis)
    return np.flip(recurrence(factors, np.flip(g, axis), axis=axis), axis)


def _pull_recurrence(g: Any, needed: tuple[int, ...], y: Any, xs: list[Any], axis: int) -> list[Any]:
    h = backward(xs[0], g, axis)
    return [h if i else h * before(y, 0, axis) for i in needed]


def _push_recurrence(tangents: list[Any], y: Any, xs: list[Any], axis: int) -> Any:
    """dy[i] = a[i] dy[i - 1] + da[i] y[i - 1] + db[i]"""
    da, db = tangents
    moved = 0 if da is None else da * before(y, 0, axis)
    return recurrence(xs[0], moved if db is None else moved + db, axis=axis)


def _recurrence_batch(primitive: Any, values: Any, batched: Any, settings: Any) -> Any:
    a, b = values
    a, b = (x if mine else x[None] for x, mine in zip((a, b), batched, strict=True))
    a, b = np.broadcast_arrays(a, b)
    return primitive(a, b, axis=settings["axis"] + 1)


recurrence = Primitive(
    "recurrence",
    "general",
    _recurrence,
    inputs=None,
    pullbacks=(rule(_pull_recurrence),),
    pushforwards=(rule(_push_recurrence),),
    batch=_recurrence_batch,
)


def _pull_cumprod(g: Any, y: Any, x: Any, axis: int) -> Any:
    """g_x[i] = (x[0] ... x[i-1]) s[i] with s[i] = g[i] + x[i+1] s[i+1]."""
    return before(y, 1, axis) * backward(x, g, axis)


def _push_cumprod(t: Any, y: Any, x: Any, axis: int) -> Any:
    """dy[i] = x[i] dy[i-1] + t[i] y[i-1]."""
    return recurrence(x, t * before(y, 1, axis), axis=axis)


sum_ = linear(_sum, _spread, batch="reduction", native="sum", name="sum")
prod = reduction(
    _prod,
    lambda g, x, axis, keepdims: _expanded(g, np.shape(x), axis, keepdims) * _products_of_others(x, axis),
    lambda t, x, axis, keepdims: np.sum(t * _products_of_others(x, axis), axis=axis, keepdims=keepdims),
    name="prod",
)
max_ = reduction(_max, _pull_extreme, _push_extreme, domain=("distinct",), native="max", name="max")
min_ = reduction(_min, _pull_extreme, _push_extreme, domain=("distinct",), native="min", name="min")
cumsum = linear(
    _cumsum,
    lambda g, axis: np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis),
    batch="axis",
    name="cumsum",
)
cumprod = general(_cumprod, _pull_cumprod, pushforwards=(_push_cumprod,), inputs=("x",), batch="axis", name="cumprod")
