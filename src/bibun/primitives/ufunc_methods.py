"""Rows of the ufunc methods accumulate and reduceat, for every ufunc of two inputs that has no quicker ones.

The setting `row` is the elementwise row of the ufunc, `axis` one non-negative number. y[i] = f(y[i - 1], x[i]) is
differentiated through its partials: dy[i] = a[i] dy[i - 1] + b[i] dx[i], a recurrence.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.core.kinds import constant, general, linear
from bibun.core.primitive import Primitive
from bibun.core.rules import Rule
from bibun.primitives.reductions import backward, recurrence

_REASON = "a comparison, an operation on bits or a count does not vary continuously"


def _accumulate(x: Any, *, axis: int, row: Primitive) -> Any:
    ufunc: Any = row.function
    return ufunc.accumulate(x, axis=axis)


def _part(axis: int, which: slice) -> tuple[Any, ...]:
    return (*(slice(None),) * axis, which)


def _partials(y: Any, x: Any, axis: int, row: Primitive) -> tuple[Any, Any]:
    """dy[i]/dy[i - 1] and dy[i]/dx[i]: of the first entry 0 and 1."""
    behind = _part(axis, slice(1, None))
    named = {"a": y[_part(axis, slice(-1))], "b": x[behind], "y": y[behind]}
    found = []
    for first, partial in enumerate(row.partials):
        p = partial.function(*(named[name] for name in partial.reads)) if isinstance(partial, Rule) else partial
        p = np.broadcast_to(p, np.shape(named["y"])).astype(np.result_type(y))
        found.append(np.concatenate([np.full_like(y[_part(axis, slice(1))], first), p], axis=axis))
    return found[0], found[1]


def _pull_accumulate(g: Any, y: Any, x: Any, axis: int, row: Primitive) -> Any:
    if not np.shape(x)[axis]:
        return g
    by_before, by_entry = _partials(y, x, axis, row)
    return backward(by_before, g, axis) * by_entry


def _push_accumulate(t: Any, y: Any, x: Any, axis: int, row: Primitive) -> Any:
    if not np.shape(x)[axis]:
        return t
    by_before, by_entry = _partials(y, x, axis, row)
    return recurrence(by_before, t * by_entry, axis=axis)


def _along_batch(primitive: Any, values: Any, batched: Any, settings: Any) -> Any:
    return primitive(values[0], **{**settings, "axis": settings["axis"] + 1})


accumulate = general(
    _accumulate,
    _pull_accumulate,
    pushforwards=(_push_accumulate,),
    inputs=("x",),
    batch=_along_batch,
    name="accumulate",
)
accumulate_steps = constant(_accumulate, _REASON, batch=_along_batch, name="accumulate_steps")


# The sums of pieces of an axis, x[i[k]:i[k + 1]]; where these do not increase, the one entry x[i[k]]


def _sum_pieces(x: Any, *, indices: tuple[int, ...], axis: int) -> Any:
    return np.add.reduceat(x, indices, axis=axis)


def pieces(indices: tuple[int, ...], length: int) -> list[tuple[int, int]]:
    """Where each piece begins and ends."""
    ends = (*indices[1:], length)
    return [(start, max(end, start + 1)) for start, end in zip(indices, ends, strict=True)]


def _spread_pieces(g: Any, *, indices: tuple[int, ...], axis: int, length: int) -> Any:
    """Each cotangent at all places of its piece, added up where pieces overlap."""
    bounds = pieces(indices, length)
    source = np.repeat(np.arange(len(bounds)), [end - start for start, end in bounds])
    places = np.concatenate([np.arange(start, end) for start, end in bounds]) if bounds else source
    shape = np.shape(g)
    total = np.zeros((*shape[:axis], length, *shape[axis + 1 :]), np.result_type(g))
    lead: Any = (slice(None),) * axis
    np.add.at(total, (*lead, places), g[(*lead, source)])
    return total


sum_pieces: Primitive = linear(
    _sum_pieces,
    lambda g, x_shape, indices, axis: spread_pieces(g, indices=indices, axis=axis, length=x_shape[axis]),
    batch=_along_batch,
    name="sum_pieces",
)
spread_pieces: Primitive = linear(
    _spread_pieces,
    lambda g, indices, axis: sum_pieces(g, indices=indices, axis=axis),
    batch=_along_batch,
    name="spread_pieces",
)
