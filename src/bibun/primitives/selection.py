"""Rows that choose between entries: by a condition, or by an index along an axis (which sorting is)."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.core.broadcasting import unbroadcast
from bibun.core.cotangents import Scattered
from bibun.core.kinds import linear, multilinear
from bibun.core.traced import Traced

Shape = tuple[int, ...]


def _where(condition: Any, a: Any, b: Any) -> Any:
    return np.where(condition, a, b)


def key_along(indices: Any, axis: int, shape: Shape) -> tuple[Any, ...]:
    """What the brackets take for "this index along the axis, everything else where it is"."""
    behind = len(shape) - 1
    return tuple(
        indices if i == axis else np.arange(n).reshape((1,) * i + (n,) + (1,) * (behind - i))
        for i, n in enumerate(shape)
    )


def _take_along(x: Any, i: Any, *, axis: int, distinct: bool) -> Any:
    return x[key_along(i, axis, np.shape(x))]


def _scattered(x: Any, i: Any, shape: Shape, axis: int, distinct: bool) -> Scattered:
    return Scattered(shape, key_along(i, axis, shape), x, repeats=not distinct)


def _spread_along(g: Any, x_shape: Shape, i: Any, axis: int, distinct: bool) -> Any:
    """The cotangent of take_along_axis: kept small for the sweep to add up, unless somebody records it."""
    if isinstance(g, Traced) or isinstance(i, Traced):
        return add_along_axis(g, i, shape=x_shape, axis=axis, distinct=distinct)
    return _scattered(g, i, x_shape, axis, distinct)


def _along_batch(primitive: Any, values: Any, batched: Any, settings: Any) -> Any:
    """Both with the batch in front."""
    size = next(np.shape(v)[0] for v, mine in zip(values, batched, strict=True) if mine)
    x, i = (v if mine else np.broadcast_to(v, (size, *np.shape(v))) for v, mine in zip(values, batched, strict=True))
    more = {"shape": (size, *settings["shape"])} if "shape" in settings else {}
    return primitive(x, i, axis=settings["axis"] + 1, distinct=settings["distinct"], **more)


where = linear(
    _where,
    None,
    lambda g, condition, a_shape: unbroadcast(np.where(condition, g, 0), a_shape),
    lambda g, condition, b_shape: unbroadcast(np.where(condition, 0, g), b_shape),
    inputs=("condition", "a", "b"),
    joint=True,
    batch="elementwise",
    native="select",
    name="where",
)
# `distinct`: no index names an entry twice (sorting permutes), so the adjoint assigns instead of adding.
take_along_axis = multilinear(
    _take_along, _spread_along, None, inputs=("x", "i"), batch=_along_batch, name="take_along_axis"
)
add_along_axis = multilinear(
    lambda x, i, *, shape, axis, distinct: _scattered(x, i, shape, axis, distinct).dense(),
    lambda g, i, axis, distinct: take_along_axis(g, i, axis=axis, distinct=distinct),
    None,
    inputs=("x", "i"),
    batch=_along_batch,
    name="add_along_axis",
)
