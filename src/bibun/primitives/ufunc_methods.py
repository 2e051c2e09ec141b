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
from bibun.primitives import reductions

EXTREMES = (np.maximum, np.minimum, np.fmax, np.fmin)
_INDEX = "an index or a count is an integer: it does not vary continuously"
_REASON = "a comparison, an operation on bits or a count does not vary continuously"


def _accumulate(x: Any, *, axis: int, row: Primitive) -> Any:
    ufunc: Any = row.function
    return ufunc.accumulate(x, axis=axis)


def _part(axis: int, which: slice) -> tuple[Any, ...]:
    return (*(slice(None),) * axis, which)


def _partials(y: Any, x: Any, axis: int, row: Primitive) -> tuple[Any, Any]:
    """dy[i]/dy[i - 1] and dy[i]/dx[i]: of the first entry 0 and 1."""
    if row.function in EXTREMES:
        shares = tie_shares(x, axis=axis, ufunc=row.function).astype(np.result_type(y))
        return 1 - shares, shares
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
    return reductions.backward(by_before, g, axis) * by_entry


def _push_accumulate(t: Any, y: Any, x: Any, axis: int, row: Primitive) -> Any:
    if not np.shape(x)[axis]:
        return t
    by_before, by_entry = _partials(y, x, axis, row)
    return reductions.recurrence(by_before, t * by_entry, axis=axis)


accumulate = general(
    _accumulate,
    _pull_accumulate,
    pushforwards=(_push_accumulate,),
    inputs=("x",),
    batch="axis",
    name="accumulate",
)


def _takes_over(x: Any, axis: int, ufunc: Any) -> tuple[Any, Any]:
    """A running extreme along the last axis, and where it becomes another one; nan stays nan."""
    y = np.moveaxis(ufunc.accumulate(x, axis=axis), axis, -1)
    before, behind = y[..., :-1], y[..., 1:]
    over = np.ones(y.shape, bool)
    over[..., 1:] = (before != behind) & ~((before != before) & (behind != behind))
    return y, over


def _places(over: Any) -> Any:
    return np.maximum.accumulate(np.where(over, np.arange(over.shape[-1]), 0), axis=-1)


def _leaders(x: Any, *, axis: int, ufunc: Any) -> Any:
    """Of a running extreme, where the entry stands that it shows; of equal ones the first."""
    return np.moveaxis(_places(_takes_over(x, axis, ufunc)[1]), -1, axis)


def _tie_shares(x: Any, *, axis: int, ufunc: Any) -> Any:
    """What each entry has of a running extreme when it comes: 1, 1/n as the n-th of equal ones, or 0.

    With the rest for those before it, equal ones share equally.
    """
    y, over = _takes_over(x, axis, ufunc)
    wins = over | (y == np.moveaxis(x, axis, -1))
    count = np.cumsum(wins, axis=-1)
    among = count - np.take_along_axis(count, _places(over), axis=-1) + 1
    return np.moveaxis(np.where(wins, 1 / among, 0), -1, axis)


leaders = constant(_leaders, _INDEX, batch="axis", name="leaders")
tie_shares = constant(_tie_shares, _INDEX, batch="axis", name="tie_shares")
accumulate_steps = constant(_accumulate, _REASON, batch="axis", name="accumulate_steps")


# The sums of pieces of an axis, x[i[k]:i[k + 1]]; where these do not increase, the one entry x[i[k]]


def _sum_pieces(x: Any, *, indices: tuple[int, ...], axis: int) -> Any:
    return np.add.reduceat(x, indices, axis=axis)


def pieces(indices: tuple[int, ...], length: int) -> list[tuple[int, int]]:
    """Where each piece begins and ends."""
    ends = (*indices[1:], length)
    return [(start, max(end, start + 1)) for start, end in zip(indices, ends, strict=True)]


def _spread_pieces(g: Any, *, indices: tuple[int, ...], axis: int, length: int) -> Any:
    """Each cotangent at all places of its piece, added up where pieces overlap."""
    starts = np.array(indices, int)
    lengths = np.maximum(np.append(starts[1:], length) - starts, 1) if indices else starts
    source = np.repeat(np.arange(len(starts)), lengths)
    places = np.arange(source.size) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
    shape = np.shape(g)
    total = np.zeros((*shape[:axis], length, *shape[axis + 1 :]), np.result_type(g))
    lead: Any = (slice(None),) * axis
    spread = g[(*lead, source)]
    if np.all(places[1:] > places[:-1]):
        total[(*lead, places)] = spread
    else:
        np.add.at(total, (*lead, places), spread)
    return total


sum_pieces: Primitive = linear(
    _sum_pieces,
    lambda g, x_shape, indices, axis: spread_pieces(g, indices=indices, axis=axis, length=x_shape[axis]),
    batch="axis",
    name="sum_pieces",
)
spread_pieces: Primitive = linear(
    _spread_pieces,
    lambda g, indices, axis: sum_pieces(g, indices=indices, axis=axis),
    batch="axis",
    name="spread_pieces",
)
