"""Rows that look at memory: of indexing for arrays that nobody else holds, whose entries are overwritten where they stand; of
copies that lie in an order.

They mean what `put`, `getitem` and `copy` mean and bear their names; the table does not list them. Who may write is known to
arrays/in_place.py. A loop that fills n rows of an array so costs n rows, forwards and backwards, and not n arrays.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from bibun.core.primitive import Primitive
from bibun.core.traced import Traced, owned
from bibun.primitives.indexing import getitem, nothing, put, taken
from bibun.primitives.shapes import copy, inverse, reshape


def _put_into(x: Any, v: Any, *, key: tuple[Any, ...]) -> Any:
    """x itself, with v at the key; a copy where its memory is not its own."""
    if isinstance(v, Traced) or not owned(x, []):
        return put(x, v, key=key)
    x[key] = v
    return x


def _getitem_apart(x: Any, *, key: tuple[Any, ...]) -> Any:
    """x[key] in memory of its own."""
    if isinstance(x, Traced):
        return getitem(x, key=key)
    y = x[key]
    return y.copy() if isinstance(y, np.ndarray) else y


def _consume(g: Any, needed: tuple[int, ...], v_shape: tuple[int, ...], key: tuple[Any, ...]) -> list[Any]:
    """The cotangents of `put`, that of the array in the memory of g itself."""
    part = taken(g, v_shape, key, take=getitem_apart) if 1 in needed else None
    if 0 not in needed:
        return [part]
    left = put_into(g, nothing(g), key=key)
    return [left] if part is None else [left, part]


def _as(row: Primitive, function: Any, consume: Any = None) -> Primitive:
    """The row, done by another function."""
    return Primitive(
        row.name,
        row.kind,
        function,
        inputs=row.inputs,
        pullbacks=row.pullbacks,
        joint=row.joint,
        batch=row.batch,
        domain=row.domain,
        consume=consume,
    )


flat = _as(reshape, reshape.function)  # of x.flat: a view to write through, of which what is read is a copy
put_into = _as(put, _put_into, _consume)
getitem_apart = _as(getitem, _getitem_apart)
MEANS = {put_into: put, getitem_apart: getitem}  # the rows of the table


@cache
def copy_in(axes: tuple[int, ...]) -> Primitive:
    """The row of copies whose last axes lie so, the outermost first."""
    back = inverse(axes)

    def copied(x: Any) -> Any:
        front = x.ndim - len(axes)
        first, ours, theirs = tuple(range(front)), *(tuple(front + n for n in order) for order in (axes, back))
        return np.transpose(np.transpose(x, (*first, *ours)).copy(), (*first, *theirs))

    made = _as(copy, copied)
    MEANS[made] = copy
    return made
