"""Lowering of linear algebra to LAPACK's routines, those that NumPy uses; a matrix is factored once for all that need it.

LAPACK reads columns first: what it takes and gives are the transposes of what is written here, in row-major order. A
routine says by `info` that it has failed; the program then is left, and NumPy says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.fusing.affine import identity, variable
from bibun.compiler.fusing.expressions import DTYPES, Expression, Expressions, Routine
from bibun.compiler.fusing.lowering import SEVERAL, Lowering, kind_of, lowers, reshaped
from bibun.compiler.fusing.products import einsum
from bibun.compiler.graph import Node
from bibun.compiler.native.context import blas
from bibun.primitives.repeated import EQUAL

Shape = tuple[int, ...]
Several = Callable[[Lowering, Node, list[Expression]], "list[Expression] | None"]
LOST = 0.375  # of the digits, at most, where the matrix of cofactors is made of the inverse (primitives/linalg.py)


def lowers_several(name: str) -> Callable[[Several], Several]:
    """Register the lowering of a row with several outputs."""

    def register(function: Several) -> Several:
        SEVERAL[name] = function
        return function

    return register


def swapped(make: Expressions, x: Expression) -> Expression:
    """The last two axes swapped: a matrix as LAPACK reads it, or from LAPACK."""
    *batch, rows, columns = x.shape
    n = len(batch)
    return make.view(x, [*identity(n), variable(n + 1), variable(n)], [*batch, columns, rows])


def _in_floats(lower: Lowering, node: Node, operands: list[Expression], *routines: str) -> list[Expression] | None:
    """The operands in the kind in which LAPACK computes; None where it is not there, or has nothing to do."""
    kinds = [kind_of(x.dtype) for x in node.operands]
    if None in kinds or any(x.size == 0 for x in operands):
        return None
    kind = "f32" if set(kinds) == {"f32"} else "f64"
    letter = "s" if kind == "f32" else "d"
    if node.like is not None and (kind_of(node.dtype) != kind or node.size == 0):
        return None
    if not all(letter + name in blas() for name in routines):
        return None
    return [lower.make.cast(x, kind) for x in operands]


def _check(lower: Lowering, info: Expression) -> None:
    """Leave the program where a routine has failed."""
    if info.shape:
        info = lower.make.reduce("maximum", lower.make.map("fabs", info), range(len(info.shape)))
    lower.checks.append((info, 0))


# ---- systems of equations -----------------------------------------------------------------------


class Factors(NamedTuple):
    """P L U of each matrix of a stack; `turned`: of its transpose."""

    lu: Expression
    pivots: Expression
    info: Expression
    turned: bool


def _factors(make: Expressions, a: Expression) -> Factors:
    """The factors that there are, of the matrix or of its transpose; else those that NumPy computes."""
    *batch, n, _ = a.shape
    shapes = (((*batch, n, n), a.kind), ((*batch, n), "i32"), (tuple(batch), "i32"))
    routine = Routine("lu", (), shapes, ((0, 0),))
    columns = swapped(make, a)
    turned = make.has_routine(routine, a) and not make.has_routine(routine, columns)
    lu, pivots, info = make.routine(routine, a if turned else columns)
    return Factors(lu, pivots, info, turned)


@lowers("solve")
def _solve(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    found = _in_floats(lower, node, operands, "getrf", "getrs", "trsm", "trsv")
    if found is None or min(len(x.shape) for x in found) < 2:
        return None
    (a, b), make = found, lower.make
    b = make.broadcast(b, node.shape)
    triangle = _cholesky_factor(make, a)
    if triangle is not None:
        factor, turned = triangle
        routine = Routine("triangular_solve", (turned,), ((node.shape, a.kind),), ((0, 1),))
        return make.routine(routine, factor, b)[0]
    factors = _factors(make, a)
    _check(lower, factors.info)
    columns = swapped(make, b)
    routine = Routine("lu_solve", ("T" if factors.turned else "N",), ((columns.shape, a.kind),), ((0, 2),))
    return swapped(make, make.routine(routine, factors.lu, factors.pivots, columns)[0])


def _cholesky_factor(make: Expressions, a: Expression) -> tuple[Expression, bool] | None:
    """The Cholesky factor that a matrix is, or is the transpose of, and which of both."""
    for x, turned in ((a, False), (swapped(make, a), True)):
        made = x.operands[0] if x.op == "part" and x.params == 0 else x
        if made.op == "routine" and made.params.name == "cholesky":
            return x, turned
    return None


@lowers("inv")
def _inv(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    found = _in_floats(lower, node, operands, "getrf", "getri")
    if found is None:
        return None
    factors = _factors(lower.make, found[0])
    _check(lower, factors.info)
    return _inverse(lower.make, factors)


def _inverse(make: Expressions, factors: Factors) -> Expression:
    """Of what has been factored, by columns: of the transpose, by rows."""
    routine = Routine("lu_inverse", (), ((factors.lu.shape, factors.lu.kind),), ((0, 0),))
    (inverse,) = make.routine(routine, factors.lu, factors.pivots)
    return inverse if factors.turned else swapped(make, inverse)


# ---- determinants -------------------------------------------------------------------------------


def _determinant(make: Expressions, factors: Factors) -> tuple[Expression, Expression]:
    """Its sign, and the logarithm of its absolute value, as NumPy computes them: 0 and -inf for a singular matrix."""
    lu, pivots, info, _ = factors
    batch, n, kind = info.shape, lu.shape[-1], lu.kind
    lead = identity(len(batch))
    last = variable(len(batch))
    diagonal = make.view(lu, [*lead, last, last], [*batch, n])
    one, minus = make.number(1, kind), make.number(-1, kind)
    own = make.view(make.cast(make.make("iota", (), 0, (n,), "i64"), "i32"), [last], [*batch, n])
    stays = make.map("equal", pivots, make.map("fadd", own, make.number(1, "i32")), kind="i1")
    below = make.map("less", diagonal, make.number(0, kind), kind="i1")
    flips = make.map("select", make.map("logical_xor", stays, below), one, minus, kind=kind)
    sign = make.reduce("fmul", flips, [len(batch)])
    size = make.reduce("fadd", make.map("log", make.map("fabs", diagonal)), [len(batch)])
    singular = make.map("greater", info, make.number(0, "i32"), kind="i1")
    return (
        make.map("select", singular, make.number(0, kind), sign, kind=kind),
        make.map("select", singular, make.number(-np.inf, kind), size, kind=kind),
    )


def _det_of(make: Expressions, factors: Factors) -> Expression:
    sign, size = _determinant(make, factors)
    return make.map("fmul", sign, make.map("exp", size))


@lowers("det")
def _det(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    found = _in_floats(lower, node, operands, "getrf")
    return None if found is None else _det_of(lower.make, _factors(lower.make, found[0]))


@lowers_several("slogdet")
def _slogdet(lower: Lowering, node: Node, operands: list[Expression]) -> list[Expression] | None:
    found = _in_floats(lower, node, operands, "getrf")
    return None if found is None else list(_determinant(lower.make, _factors(lower.make, found[0])))


@lowers("cofactor")
def _cofactor(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """det(a) a^-T where that is good to five eighths of the digits, else NumPy decides."""
    found = _in_floats(lower, node, operands, "getrf", "getri")
    if found is None:
        return None
    (a,), make = found, lower.make
    factors = _factors(make, a)
    inverse = _inverse(make, factors)
    det = reshaped(make, _det_of(make, factors), (*a.shape[:-2], 1, 1))
    value = make.map("fmul", det, swapped(make, inverse))
    condition = make.map("fmul", _size(make, a), _size(make, inverse))
    limit = float(np.finfo(DTYPES[a.kind]).eps) ** -LOST
    good = make.map("less", condition, make.number(limit, a.kind), kind="i1")
    good = make.map("and", good, make.map("equal", factors.info, make.number(0, "i32"), kind="i1"))
    return _unless(make, good, [value], [a], lambda a: (node_function(node)(a),))[0]


def _size(make: Expressions, x: Expression) -> Expression:
    """The 2-norm of each matrix."""
    n = len(x.shape)
    return make.map("sqrt", make.reduce("fadd", make.map("fmul", x, x), [n - 2, n - 1]))


def node_function(node: Node) -> Callable[..., Any]:
    """What NumPy computes for a node, of its operands."""
    row: Any = node.row
    settings = node.settings or {}
    return lambda *xs: row.function(*xs, **settings)


def _unless(
    make: Expressions,
    good: Expression,
    parts: list[Expression],
    operands: list[Expression],
    function: Callable[..., tuple[Any, ...]],
) -> list[Expression]:
    """The parts where `good` holds for all of a stack; else what a Python function of the operands gives."""
    if good.shape:
        good = make.reduce("and", good, range(len(good.shape)))
    shapes = tuple((x.shape, x.kind) for x in parts)
    over = tuple((n, n + 1) for n in range(len(parts)))
    return make.routine(Routine("unless", (len(parts), function), shapes, over), good, *parts, *operands)


# ---- Cholesky -----------------------------------------------------------------------------------


@lowers("cholesky")
def _cholesky(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """The lower triangle in row-major order is the upper one of LAPACK's."""
    found = _in_floats(lower, node, operands, "potrf")
    if found is None:
        return None
    routine = Routine("cholesky", (), ((node.shape, found[0].kind), (node.shape[:-2], "i32")), ((0, 0),))
    factor, info = lower.make.routine(routine, found[0])
    _check(lower, info)
    return factor


# ---- eigenvalues and singular values ------------------------------------------------------------


def _distinct(make: Expressions, values: Expression) -> Expression:
    """Whether no two neighbours are tied (primitives/repeated.py), so that the row's vectors are NumPy's."""
    *batch, n = values.shape
    axis, kind = len(batch), values.kind
    if n == 1:
        return make.number(True, "i1")
    epsilon = float(np.finfo(DTYPES[kind]).eps)
    squares = make.reduce("fadd", make.map("fmul", values, values), [axis])
    near = make.map("fmul", make.map("sqrt", squares), make.number(EQUAL * epsilon, kind))
    first, second = (make.view(values, [*identity(axis), variable(axis, 1, k)], [*batch, n - 1]) for k in (0, 1))
    gap = make.map("fabs", make.map("fsub", second, first))
    sizes = make.map("fadd", make.map("fabs", first), make.map("fabs", second))
    close = make.map("fmul", sizes, make.number(epsilon**0.5, kind))
    return make.map("greater", gap, make.map("minimum", close, reshaped(make, near, (*batch, 1))), kind="i1")


@lowers_several("eigh")
def _eigh(lower: Lowering, node: Node, operands: list[Expression]) -> list[Expression] | None:
    found = _in_floats(lower, node, operands, "syevd")
    if found is None:
        return None
    (a,), make = found, lower.make
    *batch, n, _ = a.shape
    shapes = (((*batch, n), a.kind), (a.shape, a.kind), (tuple(batch), "i32"))
    routine = Routine("eigh", (node.settings["UPLO"],), shapes, ((1, 0),))
    w, v, info = make.routine(routine, swapped(make, a))
    _check(lower, info)
    plain = node_function(node)

    def again(a: Any) -> tuple[Any, ...]:
        w, v = plain(a)
        return w, np.swapaxes(v, -1, -2)

    w, v = _unless(make, _distinct(make, w), [w, v], [a], again)
    return [w, swapped(make, v)]


@lowers("eigvalsh")
def _eigvalsh(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """A symmetric matrix is its transpose: its other triangle is read."""
    found = _in_floats(lower, node, operands, "syevd")
    if found is None:
        return None
    (a,), make = found, lower.make
    triangle = "U" if node.settings["UPLO"] == "L" else "L"
    shapes = ((node.shape, a.kind), (a.shape, a.kind), (node.shape[:-1], "i32"))
    w, _, info = make.routine(Routine("eigvalsh", (triangle,), shapes, ((1, 0),)), a)
    _check(lower, info)
    return w


def _singular(lower: Lowering, a: Expression, vectors: str) -> list[Expression]:
    """u, s, v^H of the matrix whose columns are the rows of `a`, as LAPACK gives them. `vectors`: A (all), S, N (none)."""
    *batch, columns, rows = a.shape
    k = min(rows, columns)
    u, vh = ((k, rows), (columns, k)) if vectors == "S" else ((rows, rows), (columns, columns))
    if vectors == "N":
        u = vh = (1, 1)
    shapes = (((*batch, *u), a.kind), ((*batch, k), a.kind), ((*batch, *vh), a.kind), (a.shape, a.kind))
    routine = Routine("svd", (vectors,), (*shapes, (tuple(batch), "i32")), ((3, 0),))
    u_rows, s, vh_rows, _, info = lower.make.routine(routine, a)
    _check(lower, info)
    return [u_rows, s, vh_rows]


@lowers_several("svd")
def _svd(lower: Lowering, node: Node, operands: list[Expression]) -> list[Expression] | None:
    found = _in_floats(lower, node, operands, "gesdd")
    if found is None:
        return None
    (a,), make = found, lower.make
    u, s, vh = _singular(lower, swapped(make, a), "A" if node.settings["full_matrices"] else "S")
    plain = node_function(node)

    def again(a: Any) -> tuple[Any, ...]:
        u, s, vh = plain(a)
        return np.swapaxes(u, -1, -2), s, np.swapaxes(vh, -1, -2)

    u, s, vh = _unless(make, _distinct(make, s), [u, s, vh], [a], again)
    return [swapped(make, u), s, swapped(make, vh)]


@lowers("svdvals")
def _svdvals(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """Those of the transpose, which lies as LAPACK reads it."""
    found = _in_floats(lower, node, operands, "gesdd")
    return None if found is None else _singular(lower, found[0], "N")[1]


@lowers("pinv")
def _pinv(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """v diag(1 / s) u^H, without the s that are not above rcond times the largest; of the transpose's u and v."""
    rcond = node.settings["rcond"]
    found = _in_floats(lower, node, operands, "gesdd")
    if found is None or not isinstance(rcond, (float, int, np.floating)):
        return None
    (a,), make = found, lower.make
    v, s, u = _singular(lower, a, "S")  # (k, columns) and (rows, k)
    axis = len(s.shape) - 1
    largest = reshaped(make, make.reduce("maximum", s, [axis]), (*s.shape[:-1], 1))
    cutoff = make.map("fmul", largest, make.number(rcond, a.kind))
    above = make.map("greater", s, cutoff, kind="i1")
    inverse = make.map("select", above, make.map("reciprocal", s), make.number(0, a.kind), kind=a.kind)
    scaled = make.map("fmul", u, reshaped(make, inverse, (*s.shape[:-1], 1, s.shape[-1])))
    batch = tuple(range(axis))
    letters = ((*batch, axis, axis + 1), (*batch, axis + 2, axis))
    return einsum(make, [v, scaled], letters, (*batch, axis + 1, axis + 2), node)
