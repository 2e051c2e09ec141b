"""Two sparse matrices: their product and sum. The places are found plainly, the entries are gathered and added up."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays.registry import row
from bibun.scipy.sparse._matrices import SORTED, Pattern, parts


def summed(data: Any, rows: Any, columns: Any, shape: Any, flipped: bool = False) -> tuple[Any, Pattern]:
    """Entries and pattern of those at (rows, columns), line by line in order, added up where places repeat."""
    lines, across = (columns, rows) if flipped else (rows, columns)
    count, width = shape[::-1] if flipped else shape
    places, which = np.unique(lines * width + across, return_inverse=True)
    data = row("scatter_add")(data, key=(which,), shape=places.shape)
    lines, across = np.divmod(places, max(width, 1))
    starts = np.concatenate([[0], np.cumsum(np.bincount(lines, minlength=count))])
    return data, Pattern(across, starts, tuple(shape), flipped)


def multiplied(a: Any, b: Any) -> tuple[Any, Pattern]:
    """a @ b: each entry of a meets the entries of one row of b."""
    (x, p), (y, q) = _both(a, b, a.shape[1], b.shape[0])
    order = np.argsort(q.rows, kind="stable")
    lengths = np.bincount(q.rows, minlength=q.shape[0])
    meets = lengths[p.columns]
    first = np.repeat(np.arange(len(meets)), meets)
    since = np.arange(len(first)) - np.repeat(np.cumsum(meets) - meets, meets)
    second = order[np.repeat((np.cumsum(lengths) - lengths)[p.columns], meets) + since]
    data, pattern = summed(x[first] * y[second], p.rows[first], q.columns[second], (p.shape[0], q.shape[1]))
    return data, pattern.unordered(SORTED)


def added(a: Any, b: Any) -> tuple[Any, Pattern]:
    """a + b: the entries of both."""
    (x, p), (y, q) = _both(a, b, a.shape, b.shape)
    data, rows, columns = map(np.concatenate, ((x, y), (p.rows, q.rows), (p.columns, q.columns)))
    return _ordered(*summed(data, rows, columns, p.shape), p, q)


def common(a: Any, b: Any) -> tuple[Any, Pattern]:
    """a times b, entry by entry: at the places that both have."""
    both = _both(a, b, a.shape, b.shape)
    (x, p), (y, q) = (summed(z, r.rows, r.columns, r.shape) for z, r in both)
    keys: list[Any] = [r.rows * r.shape[1] + r.columns for r in (p, q)]
    _, first, second = np.intersect1d(keys[0], keys[1], assume_unique=True, return_indices=True)
    return _ordered(*summed(x[first] * y[second], p.rows[first], p.columns[first], p.shape), both[0][1], both[1][1])


def _ordered(data: Any, pattern: Pattern, p: Pattern, q: Pattern) -> tuple[Any, Pattern]:
    """SciPy's sum or product of matrices whose entries are in an order of their own is such a matrix."""
    ordered_by = max(p.ordered_by, q.ordered_by)  # the longer one
    return data, pattern.unordered(ordered_by) if ordered_by else pattern


def _both(a: Any, b: Any, of_a: Any, of_b: Any) -> tuple[Any, Any]:
    if of_a != of_b or len(b.shape) != 2 or len(a.shape) != 2:
        raise ValueError(f"sparse matrices of shapes {a.shape} and {b.shape} do not fit together")
    return parts(a), parts(b)
