"""Colours of columns, so that one derivative along a sum of columns yields many columns of a sparse Jacobian.

Owns the grouping of columns, and the way back from derivatives along groups to the entries. Calls no function and finds
no pattern; sparsity.py does.

Two columns may share a colour if no row has an entry in both: then each entry is alone in its row of the derivative
along their sum (Curtis, Powell and Reid, J. Inst. Math. Appl. 13, 1974). That is a colouring of the graph in which
columns that share a row are neighbours. No order of columns is best for a greedy colouring, so several are tried:
largest first, smallest last and incidence degree (Coleman and Moré, SIAM J. Numer. Anal. 20, 1983), and saturation
(Brélaz, Comm. ACM 22, 1979), which finds the 5 colours of a five-point Laplacian where the others need 6 or 7.
A row with r entries needs r colours, so the search ends where that bound is met.
"""

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import chain
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]
Lists: TypeAlias = list[list[int]]

# The sum over rows of (entries in the row)**2, above which the neighbours of columns are not listed: 20 million
# take about 2 s. Only the orders that need no neighbours are tried then.
MOST_PAIRS = 20_000_000

# Saturation is tried with other ties for as long as all tries together visit so many pairs, some 0.3 s.
PAIRS_TO_VISIT = 1_000_000
MOST_TRIES = 12


def groups(pattern: Any) -> Array:
    """colours[j] = 0, 1, ... for each column j of a pattern of shape (m, n): columns of one colour share no row.

    pattern is a scipy.sparse matrix or array of any format (every stored entry counts, a zero too, but for formats
    that store whole blocks or diagonals) or a dense array (every entry that is not 0 counts). Empty columns get
    colour 0. The same pattern gets the same colours in every run. The number of colours, colours.max() + 1, is at
    least that of the entries of the fullest row, and for banded and block-diagonal patterns no more, in whatever
    order their columns stand; in general the least number is not to be had quickly.

    Raises ValueError if pattern does not have two dimensions.
    """
    row, column, shape = entries(pattern)
    return column_colours(row, column, shape)


def column_colours(row: Array, column: Array, shape: tuple[int, int], *, thorough: bool = True) -> Array:
    """`groups` of the pattern with entries (row[e], column[e]), each once. Not thorough: two quick orders only."""
    sizes = np.bincount(row, minlength=shape[0])
    least = int(sizes.max(initial=0))
    occupied = np.bincount(column, minlength=shape[1]) > 0
    if least == occupied.sum():  # a full row: nothing can be shared
        return np.where(occupied, np.cumsum(occupied) - 1, 0)
    rows = _lists(column, row, shape[1])
    best: list[int] = []
    for colours in _colourings(rows, row, column, sizes, thorough):
        if not best or max(colours) < max(best):
            best = colours
        if not best or max(best) < least:
            break
    return np.array(best, dtype=np.intp)


def decompress(pattern: Any, colours: Any, compressed: Any, scales: Any = None) -> Any:
    """J[i, j] = compressed[i, colours[j]] / scales[j] at the entries of the pattern, as a scipy.sparse.csr_array.

    pattern has shape (m, n) and is as in `groups`; colours has shape (n,), from `groups`. Column k of compressed,
    which has shape (m, number of colours), is the derivative along the sum of scales[j] times the unit vector j over
    the columns j of colour k. scales has shape (n,) and no zero; None means ones. Error bounds decompress likewise,
    with the absolute values of the scales.

    Raises ValueError for shapes that do not fit, and for two columns of one colour that share a row: their entries
    could not be told apart. Raises ImportError where SciPy is missing.
    """
    row, column, shape = entries(pattern)
    colours, compressed, scales = _checked("decompress", shape, colours, compressed, scales)
    cell = row * compressed.shape[1] + colours[column]
    if cell.size and np.bincount(cell).max() > 1:
        _refuse_shared_cell(row, column, cell)
    return _csr(compressed[row, colours[column]] / scales[column], row, column, shape)


def entries(pattern: Any) -> tuple[Array, Array, tuple[int, int]]:
    """The rows and columns of a pattern's entries, each entry once, sorted by row, then by column; and its shape."""
    shape = np.shape(pattern)
    if len(shape) != 2:
        raise ValueError(f"a pattern has rows and columns, but this one has shape {shape}")
    if hasattr(pattern, "tocoo"):
        found = pattern.tocoo()
        key = found.row.astype(np.intp) * shape[1] + found.col
        if pattern.format == "bsr":
            key = key[found.data != 0]
        if not np.all(key[1:] > key[:-1]):
            key = np.sort(key)  # np.unique hashes, and takes ten times as long
            key = key[np.diff(key, prepend=-1) > 0]
        row, column = np.divmod(key, max(1, shape[1]))
    else:
        row, column = np.nonzero(np.asarray(pattern))
    return row, column, (int(shape[0]), int(shape[1]))


def scipy_sparse() -> ModuleType:
    """scipy.sparse, imported where it is first needed; an ImportError that says what to install."""
    try:
        import scipy.sparse  # type: ignore[import-untyped]
    except ImportError as error:
        raise ImportError(
            "a sparse Jacobian is returned as a scipy.sparse.csr_array, and SciPy is not installed. "
            "Install it (pip install scipy), or leave sparsity out for a dense Jacobian"
        ) from error
    return scipy.sparse  # type: ignore[no-any-return]


# ---------------------------------------------------------------------------------------------- columns


def _colourings(rows: Lists, row: Array, column: Array, sizes: Array, thorough: bool) -> Iterator[list[int]]:
    """Colourings of the columns, the quick ones first. `rows` are the rows of each column, `sizes` those of rows."""
    n = len(rows)
    crowd = np.bincount(column, weights=sizes[row], minlength=n)
    yield _greedy(rows, range(n), sizes.size)
    yield _greedy(rows, np.argsort(-crowd, kind="stable").tolist(), sizes.size)
    pairs = int(crowd.sum())
    if not thorough or pairs > MOST_PAIRS:
        return
    columns = _lists(row, column, sizes.size)
    neighbours = [list(set(chain.from_iterable(columns[i] for i in mine)) - {j}) for j, mine in enumerate(rows)]
    degrees = [len(mine) for mine in neighbours]
    yield _saturated(neighbours, range(n))
    yield _greedy(rows, _peeled(neighbours, degrees)[::-1], sizes.size)  # smallest last
    yield _greedy(rows, _peeled(neighbours, [max(degrees)] * n), sizes.size)  # incidence degree
    rng = np.random.default_rng(0)
    for _ in range(min(MOST_TRIES, PAIRS_TO_VISIT // max(1, pairs))):
        yield _saturated(neighbours, rng.permutation(n).tolist())


def _greedy(rows: Lists, order: Iterable[int], count: int) -> list[int]:
    """Each column in its turn gets the first colour that none of its rows holds yet."""
    held = [0] * count  # by each row: bit k is colour k
    left = [0] * count  # columns of each row still to come: a row that is complete holds nothing any more
    for i in chain.from_iterable(rows):
        left[i] += 1
    colours = [0] * len(rows)
    for j in order:
        taken = 0
        for i in rows[j]:
            taken |= held[i]
        free = ~taken & (taken + 1)
        colours[j] = free.bit_length() - 1
        for i in rows[j]:
            left[i] -= 1
            held[i] = held[i] | free if left[i] else 0
    return colours


def _peeled(neighbours: Lists, start: Sequence[int]) -> list[int]:
    """Vertices, always one of the lowest key next, after which the keys of its neighbours are lower by 1.

    From the degrees, and reversed, this is smallest last; from equal keys it is incidence degree.
    """
    key = list(start)
    buckets: Lists = [[] for _ in range(max(key, default=0) + 1)]
    for v in reversed(range(len(neighbours))):
        buckets[key[v]].append(v)
    order: list[int] = []
    done, low = [False] * len(neighbours), 0
    while len(order) < len(neighbours):
        while not buckets[low]:
            low += 1
        v = buckets[low].pop()
        if done[v] or key[v] != low:
            continue  # it has moved to a lower bucket since
        done[v] = True
        order.append(v)
        for w in neighbours[v]:
            if not done[w]:
                key[w] -= 1
                buckets[key[w]].append(w)
                low = min(low, key[w])
    return order


def _saturated(neighbours: Lists, ties: Sequence[int]) -> list[int]:
    """The next vertex to be coloured is one whose neighbours have the most colours, then one of most neighbours."""
    n = len(neighbours)
    ranked = sorted(range(n), key=lambda v: (-len(neighbours[v]), ties[v]))
    rank = {v: place for place, v in enumerate(ranked)}
    taken, colours = [0] * n, [-1] * n
    heap = list(range(n))  # rank - n * (colours around): one number, for a heap of tuples takes twice the time
    while heap:
        v = ranked[heappop(heap) % n]
        if colours[v] >= 0:
            continue  # it has come up the heap since
        free = ~taken[v] & (taken[v] + 1)
        colours[v] = free.bit_length() - 1
        for w in neighbours[v]:
            if colours[w] < 0 and not taken[w] & free:
                taken[w] |= free
                heappush(heap, rank[w] - n * taken[w].bit_count())
    return colours


# ---------------------------------------------------------------------------------------------- entries


def _lists(key: Array, value: Array, count: int) -> Lists:
    """For each key from 0 to count - 1 the values that stand beside it, as lists: indexing them is Python's work."""
    order = np.argsort(key, kind="stable")
    ends = np.searchsorted(key[order], np.arange(1, count + 1)).tolist()
    values = value[order].tolist()
    return [values[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _csr(value: Array, row: Array, column: Array, shape: tuple[int, int]) -> Any:
    """The entries, which are in order, as a csr_array. Zeros among the values stay stored: the pattern is kept."""
    ends = np.searchsorted(row, np.arange(shape[0] + 1))
    return scipy_sparse().csr_array((value, column, ends), shape=shape)


def _checked(name: str, shape: tuple[int, int], colours: Any, compressed: Any, scales: Any) -> tuple[Array, ...]:
    colours, compressed = np.asarray(colours, dtype=np.intp), np.asarray(compressed)
    scales = np.ones(shape[1]) if scales is None else np.asarray(scales)
    if colours.shape != (shape[1],) or scales.shape != (shape[1],):
        raise ValueError(
            f"{name}: the pattern has {shape[1]} columns, so colours and scales have shape ({shape[1]},), "
            f"but these have {colours.shape} and {scales.shape}"
        )
    count = int(colours.max(initial=-1)) + 1
    if compressed.ndim != 2 or compressed.shape[0] != shape[0] or compressed.shape[1] < count:
        raise ValueError(
            f"{name}: {shape[0]} rows and {count} colours need derivatives of shape ({shape[0]}, {count}), "
            f"but these have {compressed.shape}"
        )
    return colours, compressed, scales


def _refuse_shared_cell(row: Array, column: Array, cell: Array) -> None:
    order = np.argsort(cell, kind="stable")
    twice = order[np.flatnonzero(np.diff(cell[order]) == 0)[0] + np.arange(2)]
    raise ValueError(
        f"decompress: columns {column[twice[0]]} and {column[twice[1]]} share row {row[twice[0]]} and a colour, so "
        "their entries cannot be told apart. Take the colours from groups(pattern)"
    )
