"""Rows of a matrix in registers that become its columns. Reads nothing; function.py does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bibun.compiler.native.code import Value


def transposed(rows: Sequence[Value]) -> list[Value]:
    """A matrix with rows and columns exchanged: as many vectors as each has lanes, in blocks of 1, then of 2, 4, ...; or fewer,
    which are the matrix of so many columns, row after row."""
    rows, count, lanes = list(rows), len(rows), rows[0].lanes
    if count < lanes:
        return [_column(rows, n) for n in range(count)]
    size = 1
    while size < count:
        for n in (n for n in range(count) if not n & size):
            above, below = rows[n], rows[n + size]
            wanted = [k if not k & size else count + k - size for k in range(count)]
            rows[n] = _shuffled(above, below, wanted)
            rows[n + size] = _shuffled(above, below, [k + size for k in wanted])
        size *= 2
    return rows


def _column(rows: Sequence[Value], first: int) -> Value:
    """Every so many-th entry, from the first on, of as many vectors: a vector is taken from them one after the other."""
    lanes, found = rows[0].lanes, rows[0]
    places = [divmod(place, lanes) for place in range(first, len(rows) * lanes, len(rows))]
    held = [lane for _, lane in places]
    for n, row in enumerate(rows[1:], 1):
        found = _shuffled(found, row, [lanes + at if of == n else held[k] for k, (of, at) in enumerate(places)])
        held = list(range(lanes))
    return found


def joined(parts: Sequence[Value]) -> Value:
    """Vectors of one length, one behind the other."""
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=True)
        parts = [_shuffled(a, b, range(2 * a.lanes)) for a, b in pairs]
    return parts[0]


def _shuffled(a: Value, b: Value, lanes: Iterable[int]) -> Value:
    """These lanes of both together."""
    numbers = [f"i32 {k}" for k in lanes]
    text = f"shufflevector {a.typed}, {b.typed}, <{len(numbers)} x i32> <{', '.join(numbers)}>"
    return a.code.emit(text, a.kind, len(numbers))
