"""Gaussian elimination of small matrices, written out entry by entry, so that it goes on in the loops over a stack.

As LAPACK's, by rows with the largest pivot; rows change places by selects.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np

from bibun.compiler.fusing.affine import fixed, identity
from bibun.compiler.fusing.expressions import Box, Expression, Expressions
from bibun.compiler.fusing.views import reshaped

LARGEST = 3  # rows of a matrix that is small; of a long stack one more, which takes a quarter of a second to compile
LONG = 1000
COLUMNS = 4  # right-hand sides


class Eliminated(NamedTuple):
    """The upper triangle, right-hand sides behind it, whether an odd number of rows has moved, and a pivot is 0."""

    rows: list[list[Expression]]
    odd: Expression
    singular: Expression


def small(a: Expression, columns: int = 0) -> bool:
    """Whether to write it out."""
    *batch, _, n = a.shape
    return n <= LARGEST + (prod(batch) >= LONG) and columns <= COLUMNS


def entry(make: Expressions, x: Expression, i: int, j: int) -> Expression:
    """One of each matrix."""
    *batch, _, _ = x.shape
    return make.view(x, [*identity(len(batch)), fixed(i), fixed(j)], batch)


def eliminated(make: Expressions, a: Expression, right: list[list[Expression]]) -> Eliminated:
    """Of a stack of matrices, and of the entries of its right-hand sides.

    Column by column, each entry less the sum of its products, as OpenBLAS does: so that the same matrices are singular.
    """
    n = a.shape[-1]
    rows = [[*(entry(make, a, i, j) for j in range(n)), *right[i]] for i in range(n)]
    odd = singular = make.number(False, "i1")
    zero = make.number(0, a.kind)
    for c in range(n):
        for r in range(1, n):
            rows[r][c] = _less_products(make, rows, r, c)
        odd = make.map("logical_xor", odd, _exchange(make, rows, c))
        singular = make.map("or", singular, make.map("equal", rows[c][c], zero, kind="i1"))
        inverse = make.map("reciprocal", rows[c][c])
        for r in range(c + 1, n):
            rows[r][c] = make.map("fmul", rows[r][c], inverse)
    for c in range(n, len(rows[0])):
        for r in range(1, n):
            rows[r][c] = _less_products(make, rows, r, c)
    return Eliminated(rows, odd, singular)


def _less_products(make: Expressions, rows: list[list[Expression]], r: int, c: int) -> Expression:
    """An entry less what the rows above take from it. The first product is rounded by itself."""
    total = None
    for k in range(min(r, c)):
        pair = rows[r][k], rows[k][c]
        total = make.map("times", *pair) if total is None else make.map("fadd", total, make.map("fmul", *pair))
    return rows[r][c] if total is None else make.map("fsub", rows[r][c], total)


def _exchange(make: Expressions, rows: list[list[Expression]], c: int) -> Expression:
    """The row with the first of the largest entries in column c, and row c, change places; whether they are two."""
    first = rows[c]
    largest = make.map("fabs", first[c])
    found = make.number(False, "i1")
    here: dict[int, Expression] = {}  # whether a row has the largest entry
    for r in range(c + 1, len(rows)):
        size = make.map("fabs", rows[r][c])
        larger = make.map("greater", size, largest, kind="i1")
        here = {k: make.map("and", x, make.map("logical_not", larger)) for k, x in here.items()} | {r: larger}
        largest = make.map("select", larger, size, largest, kind=size.kind)
        found = make.map("or", found, larger)
        rows[c] = _chosen(make, larger, rows[r], rows[c])
    for r, moved in here.items():
        rows[r] = _chosen(make, moved, first, rows[r])
    return found


def _chosen(make: Expressions, condition: Expression, a: list[Expression], b: list[Expression]) -> list[Expression]:
    return [make.map("select", condition, x, y, kind=x.kind) for x, y in zip(a, b, strict=True)]


def substituted(make: Expressions, found: Eliminated, shape: tuple[int, ...]) -> Expression:
    """The solution, of this shape, from the last row to the first."""
    n, columns = shape[-2:]
    solved: list[list[Expression]] = []
    for i in reversed(range(n)):
        row = found.rows[i]
        values = []
        for c in range(columns):
            value = row[n + c]
            for k, below in enumerate(reversed(solved), start=i + 1):
                value = make.map("fsub", value, make.map("fmul", row[k], below[c]))
            values.append(make.map("fdiv", value, row[i]))
        solved.append(values)
    return _matrix(make, solved[::-1], shape)


def _matrix(make: Expressions, rows: list[list[Expression]], shape: tuple[int, ...]) -> Expression:
    """Its entries put together."""
    batch, kind = shape[:-2], rows[0][0].kind
    parts, boxes = [], []
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            parts.append(reshaped(make, make.broadcast(value, batch), (*batch, 1, 1)))
            boxes.append(Box((*(0 for _ in batch), i, j), (1,) * len(shape)))
    if len(parts) == 1:
        return parts[0]
    return make.make("place", (make.number(0, kind), *parts), tuple(boxes), shape, kind)


def determinant(make: Expressions, found: Eliminated, batch: tuple[int, ...]) -> tuple[Expression, Expression]:
    """Its sign, and the logarithm of its absolute value: 0 and -inf for a singular matrix."""
    pivots = [row[i] for i, row in enumerate(found.rows)]
    kind = pivots[0].kind
    odd, size = found.odd, make.number(0, kind)
    for pivot in pivots:
        odd = make.map("logical_xor", odd, make.map("less", pivot, make.number(0, kind), kind="i1"))
        size = make.map("fadd", size, make.map("log", make.map("fabs", pivot)))
    sign = make.map("select", odd, make.number(-1, kind), make.number(1, kind), kind=kind)
    sign = make.map("select", found.singular, make.number(0, kind), sign, kind=kind)
    size = make.map("select", found.singular, make.number(-np.inf, kind), size, kind=kind)
    return make.broadcast(sign, batch), make.broadcast(size, batch)


def cofactors(make: Expressions, a: Expression) -> Expression:
    """Of matrices of at most three rows: a product of the others of a row, or what two rows and columns leave."""
    n = a.shape[-1]
    if n == 1:
        return make.broadcast(make.number(1, a.kind), a.shape)

    def at(i: int, j: int) -> Expression:
        return entry(make, a, i % n, j % n)

    if n == 2:
        rows = [[at(1, 1), make.map("fneg", at(1, 0))], [make.map("fneg", at(0, 1)), at(0, 0)]]
        return _matrix(make, rows, a.shape)
    rows = [
        [
            make.map(
                "fsub",
                make.map("fmul", at(i + 1, j + 1), at(i + 2, j + 2)),
                make.map("fmul", at(i + 1, j + 2), at(i + 2, j + 1)),
            )
            for j in range(n)
        ]
        for i in range(n)
    ]
    return _matrix(make, rows, a.shape)
