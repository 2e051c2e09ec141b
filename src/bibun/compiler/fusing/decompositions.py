"""Lowering of linear algebra to LAPACK's routines, those that NumPy uses; a matrix is factored once for all that need it.

As NumPy does, all is computed in double precision, and rounded where the matrix was of single numbers. LAPACK reads
columns first: what it takes and gives are the transposes of what is written here, in row-major order. A routine says by
`info` that it has failed; the program then is left, and NumPy says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bibun.compiler.fusing.affine import identity, variable
from bibun.compiler.fusing.elimination import cofactors, determinant, eliminated, entry, small, substituted
from bibun.compiler.fusing.expressions import DTYPES, Expression, Expressions, Routine
from bibun.compiler.fusing.lowering import LOWERINGS, SEVERAL, Lowering, kind_of
from bibun.compiler.fusing.views import reshaped
from bibun.compiler.graph import Node
from bibun.compiler.native.callbacks import Parts, Row
from bibun.compiler.native.context import blas
from bibun.primitives.repeated import EQUAL

KIND = "f64"
LOST = 0.375  # of the digits, at most, where the matrix of cofactors is made of the inverse (primitives/linalg.py)
One = Callable[..., "Expression | None"]
Several = Callable[..., "list[Expression] | None"]


def decomposes(name: str, *routines: str) -> Callable[[One], One]:
    """Register the lowering of a row: a function of its operands in double precision. It needs these routines."""

    def register(function: One) -> One:
        def lower(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
            found = function(lower, node, *_doubles(lower, operands)) if _suits(node, routines) else None
            return None if found is None else lower.make.cast(found, single_or_double(node))

        LOWERINGS[name] = lower
        return function

    return register


def decomposes_into(name: str, *routines: str) -> Callable[[Several], Several]:
    """The same of a row with several outputs."""

    def register(function: Several) -> Several:
        def lower(lower: Lowering, node: Node, operands: list[Expression]) -> list[Expression] | None:
            return function(lower, node, *_doubles(lower, operands)) if _suits(node, routines) else None

        SEVERAL[name] = lower
        return function

    return register


def _suits(node: Node, routines: tuple[str, ...]) -> bool:
    """Whether the routines are there, and have something to do."""
    if any(kind_of(x.dtype) is None or not x.size for x in node.operands) or (node.like is not None and not node.size):
        return False
    return all(name in blas() for name in routines)


def _doubles(lower: Lowering, operands: list[Expression]) -> list[Expression]:
    return [lower.make.cast(x, KIND) for x in operands]


def single_or_double(node: Node) -> str:
    """Single where all operands are."""
    return "f32" if {kind_of(x.dtype) for x in node.operands} == {"f32"} else KIND


def swapped(make: Expressions, x: Expression) -> Expression:
    """The last two axes swapped: a matrix as LAPACK reads it, or from LAPACK."""
    *batch, rows, columns = x.shape
    n = len(batch)
    return make.view(x, [*identity(n), variable(n + 1), variable(n)], [*batch, columns, rows])


def leave_if_failed(lower: Lowering, info: Expression) -> None:
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
    routine = Routine("lu", (), ((a.shape, KIND), ((*batch, n), "i32"), (tuple(batch), "i32")), ((0, 0),))
    columns = swapped(make, a)
    turned = make.has_routine(routine, a) and not make.has_routine(routine, columns)
    lu, pivots, info = make.routine(routine, a if turned else columns)
    return Factors(lu, pivots, info, turned)


@decomposes("solve", "dgetrf", "dgetrs", "dtrsm", "dtrsv")
def solve(lower: Lowering, node: Node, a: Expression, b: Expression) -> Expression | None:
    """By a triangle that a is, by elimination written out, or by LU."""
    if len(b.shape) < 2:
        return None
    make = lower.make
    b = make.broadcast(b, node.shape)
    triangle = _triangle(make, a)
    if triangle is not None:
        factor, below, turned = triangle
        if not below:
            leave_if_singular(lower, factor)
        return solved_by_triangle(make, factor, b, lower=below, turned=turned)
    if small(a, node.shape[-1]):
        right = [[entry(make, b, i, j) for j in range(node.shape[-1])] for i in range(node.shape[-2])]
        return _solved(lower, a, right, node.shape)
    factors = _factors(make, a)
    leave_if_failed(lower, factors.info)
    columns = swapped(make, b)
    routine = Routine("lu_solve", ("T" if factors.turned else "N",), ((columns.shape, KIND),), ((0, 2),))
    return swapped(make, make.routine(routine, factors.lu, factors.pivots, columns)[0])


def solved_by_triangle(
    make: Expressions, a: Expression, b: Expression, *, lower: bool, turned: bool = False, unit: bool = False
) -> Expression:
    """The solution for the lower or the upper triangle of a, or for that triangle's transpose."""
    base = swapped(make, a)
    if a.op == "view" and base.op != "view":  # as it lies in memory
        a, lower, turned = base, not lower, not turned
    return make.routine(Routine("triangular_solve", (lower, turned, unit), ((b.shape, KIND),), ((0, 1),)), a, b)[0]


def _solved(lower: Lowering, a: Expression, right: list[list[Expression]], shape: tuple[int, ...]) -> Expression:
    """By elimination written out."""
    make = lower.make
    found = eliminated(make, make.broadcast(a, (*shape[:-2], *a.shape[-2:])), right)
    bad = found.singular
    lower.checks.append((make.reduce("or", bad, range(len(bad.shape))), False))
    return substituted(make, found, shape)


def _triangle(make: Expressions, a: Expression) -> tuple[Expression, bool, bool] | None:
    """The triangle that a matrix is, or is the transpose of: a factor of Cholesky's or r of QR; whether it is the lower
    one, and whether it is transposed."""
    for x, turned in ((a, False), (swapped(make, a), True)):
        while x.op == "cast":  # to single precision and back
            (x,) = x.operands
        if x.number in make.upper:
            return x, False, turned
        made = x.operands[0] if x.op == "part" and x.params == 0 else x
        if made.op == "routine" and made.params.name == "cholesky":
            return x, True, turned
    return None


def leave_if_singular(lower: Lowering, triangle: Expression) -> None:
    """The program, where there is 0 on the diagonal."""
    make, n = lower.make, len(triangle.shape) - 2
    diagonal = make.view(triangle, [*identity(n), variable(n), variable(n)], triangle.shape[:-1])
    leave_unless(lower, make.map("not_equal", diagonal, make.number(0, triangle.kind), kind="i1"))


def leave_unless(lower: Lowering, good: Expression) -> None:
    """NumPy or SciPy says what is wrong where this is not so everywhere."""
    check = (lower.make.reduce("and", good, range(len(good.shape))), True)
    if check not in lower.checks:
        lower.checks.append(check)


@decomposes("inv", "dgetrf", "dgetri")
def _inv(lower: Lowering, node: Node, a: Expression) -> Expression:
    if small(a):
        one, zero = (lower.make.number(n, KIND) for n in (1, 0))
        n = a.shape[-1]
        return _solved(lower, a, [[one if i == j else zero for j in range(n)] for i in range(n)], a.shape)
    factors = _factors(lower.make, a)
    leave_if_failed(lower, factors.info)
    return _inverse(lower.make, factors)


def _inverse(make: Expressions, factors: Factors) -> Expression:
    """Of what has been factored, by columns: of the transpose, by rows."""
    routine = Routine("lu_inverse", (), ((factors.lu.shape, KIND),), ((0, 0),))
    (inverse,) = make.routine(routine, factors.lu, factors.pivots)
    return inverse if factors.turned else swapped(make, inverse)


# ---- determinants -------------------------------------------------------------------------------


def _determinant(make: Expressions, factors: Factors) -> tuple[Expression, Expression]:
    """Its sign, and the logarithm of its absolute value, as NumPy computes them: 0 and -inf for a singular matrix."""
    lu, pivots, info, _ = factors
    batch, n = info.shape, lu.shape[-1]
    last = variable(len(batch))
    diagonal = make.view(lu, [*identity(len(batch)), last, last], [*batch, n])
    own = make.view(make.cast(make.make("iota", (), 0, (n,), "i64"), "i32"), [last], [*batch, n])
    stays = make.map("equal", pivots, make.map("fadd", own, make.number(1, "i32")), kind="i1")
    below = make.map("less", diagonal, make.number(0, KIND), kind="i1")
    flips = make.map("logical_xor", stays, below)
    factor = make.map("select", flips, make.number(1, KIND), make.number(-1, KIND), kind=KIND)
    sign = make.reduce("fmul", factor, [len(batch)])
    size = make.reduce("fadd", make.map("log", make.map("fabs", diagonal)), [len(batch)])
    singular = make.map("greater", info, make.number(0, "i32"), kind="i1")
    return (
        make.map("select", singular, make.number(0, KIND), sign, kind=KIND),
        make.map("select", singular, make.number(-np.inf, KIND), size, kind=KIND),
    )


def _signed_logarithm(make: Expressions, a: Expression) -> tuple[Expression, Expression]:
    if small(a):
        return determinant(make, eliminated(make, a, [[]] * a.shape[-1]), a.shape[:-2])
    return _determinant(make, _factors(make, a))


def _det_of(make: Expressions, a: Expression) -> Expression:
    sign, size = _signed_logarithm(make, a)
    return make.map("fmul", sign, make.map("exp", size))


@decomposes("det", "dgetrf")
def _det(lower: Lowering, node: Node, a: Expression) -> Expression:
    return _det_of(lower.make, a)


@decomposes_into("slogdet", "dgetrf")
def _slogdet(lower: Lowering, node: Node, a: Expression) -> list[Expression]:
    return list(_signed_logarithm(lower.make, a))


@decomposes("cofactor", "dgetrf", "dgetri")
def _cofactor(lower: Lowering, node: Node, a: Expression) -> Expression:
    """det(a) a^-T where that is good to five eighths of the digits, else NumPy decides."""
    make = lower.make
    if a.shape[-1] <= 3:
        return cofactors(make, a)
    factors = _factors(make, a)
    inverse = _inverse(make, factors)
    det = reshaped(make, _det_of(make, a), (*a.shape[:-2], 1, 1))
    value = make.map("fmul", det, swapped(make, inverse))
    condition = make.map("fmul", _size(make, a), _size(make, inverse))
    limit = float(np.finfo(DTYPES[single_or_double(node)]).eps) ** -LOST
    good = make.map("less", condition, make.number(limit, KIND), kind="i1")
    good = make.map("and", good, make.map("equal", factors.info, make.number(0, "i32"), kind="i1"))
    return _unless(make, good, [make.cast(value, single_or_double(node))], [a], _again(node))[0]


def _size(make: Expressions, x: Expression) -> Expression:
    """The 2-norm of each matrix."""
    n = len(x.shape)
    return make.map("sqrt", make.reduce("fadd", make.map("fmul", x, x), [n - 2, n - 1]))


def _again(node: Node, turned: tuple[int, ...] = ()) -> Parts:
    """What the row's own function gives; the `turned` ones of its outputs as LAPACK would."""
    return Parts(Row(node.name, tuple((node.settings or {}).items())), DTYPES[single_or_double(node)].str, turned)


def _unless(
    make: Expressions,
    good: Expression,
    parts: list[Expression],
    operands: list[Expression],
    function: Parts,
) -> list[Expression]:
    """The parts where `good` holds for all of a stack; else what a function of the operands gives."""
    if good.shape:
        good = make.reduce("and", good, range(len(good.shape)))
    shapes = tuple((x.shape, x.kind) for x in parts)
    over = tuple((n, n + 1) for n in range(len(parts)))
    return make.routine(Routine("unless", (len(parts), function), shapes, over), good, *parts, *operands)


# ---- Cholesky -----------------------------------------------------------------------------------


@decomposes("cholesky", "dpotrf")
def _cholesky(lower: Lowering, node: Node, a: Expression) -> Expression:
    return cholesky(lower, a)


def cholesky(lower: Lowering, a: Expression) -> Expression:
    """The factor by the lower triangle, which in row-major order is the upper one of LAPACK's."""
    routine = Routine("cholesky", (), ((a.shape, KIND), (a.shape[:-2], "i32")), ((0, 0),))
    factor, info = lower.make.routine(routine, a)
    leave_if_failed(lower, info)
    return factor


# ---- eigenvalues and singular values ------------------------------------------------------------


def _magnitude(make: Expressions, values: Expression) -> Expression:
    """The 2-norm of the last axis: of scaled values, and no smaller than the normal numbers."""
    *batch, _ = values.shape
    axis, kind = len(batch), values.kind
    tiny = make.number(float(np.finfo(DTYPES[kind]).tiny), kind)
    scale = make.map("maximum", make.reduce("maximum", make.map("fabs", values), [axis]), tiny)
    scaled = make.map("fdiv", values, reshaped(make, scale, (*batch, 1)))
    return make.map("fmul", make.map("sqrt", make.reduce("fadd", make.map("square", scaled), [axis])), scale)


def _distinct(make: Expressions, values: Expression) -> Expression:
    """Whether no two neighbours are tied (primitives/repeated.py), so that the row's vectors are NumPy's."""
    *batch, n = values.shape
    axis, kind = len(batch), values.kind
    if n == 1:
        return make.number(True, "i1")
    epsilon = float(np.finfo(DTYPES[kind]).eps)
    near = make.map("fmul", _magnitude(make, values), make.number(EQUAL * epsilon, kind))
    first, second = (make.view(values, [*identity(axis), variable(axis, 1, k)], [*batch, n - 1]) for k in (0, 1))
    gap = make.map("fabs", make.map("fsub", second, first))
    sizes = make.map("fadd", make.map("fabs", first), make.map("fabs", second))
    close = make.map("fmul", sizes, make.number(epsilon**0.5, kind))
    return make.map("greater", gap, make.map("minimum", close, reshaped(make, near, (*batch, 1))), kind="i1")


@decomposes_into("eigh", "dsyevd")
def _eigh(lower: Lowering, node: Node, a: Expression) -> list[Expression]:
    make = lower.make
    *batch, n, _ = a.shape
    shapes = (((*batch, n), KIND), (a.shape, KIND), (tuple(batch), "i32"))
    w, v, info = make.routine(Routine("eigh", (node.settings["UPLO"],), shapes, ((1, 0),)), swapped(make, a))
    leave_if_failed(lower, info)
    w, v = (make.cast(x, single_or_double(node)) for x in (w, v))
    w, v = _unless(make, _distinct(make, w), [w, v], [a], _again(node, turned=(1,)))
    return [w, swapped(make, v)]


@decomposes("eigvalsh", "dsyevd")
def _eigvalsh(lower: Lowering, node: Node, a: Expression) -> Expression:
    """A symmetric matrix is its transpose: its other triangle is read."""
    triangle = "U" if node.settings["UPLO"] == "L" else "L"
    shapes = ((node.shape, KIND), (a.shape, KIND), (node.shape[:-1], "i32"))
    w, _, info = lower.make.routine(Routine("eigvalsh", (triangle,), shapes, ((1, 0),)), a)
    leave_if_failed(lower, info)
    return w


def singular(lower: Lowering, a: Expression, vectors: str) -> list[Expression]:
    """u, s, v^H of the matrix whose columns are the rows of `a`, as LAPACK gives them. `vectors`: A (all), S, N (none)."""
    *batch, columns, rows = a.shape
    k = min(rows, columns)
    u, vh = {
        "A": ((rows, rows), (columns, columns)), "S": ((k, rows), (columns, k)), "N": ((1, 1), (1, 1)),
    }[vectors]  # fmt: skip
    shapes = (((*batch, *u), KIND), ((*batch, k), KIND), ((*batch, *vh), KIND), (a.shape, KIND))
    routine = Routine("svd", (vectors,), (*shapes, (tuple(batch), "i32")), ((3, 0),))
    u_rows, s, vh_rows, _, info = lower.make.routine(routine, a)
    leave_if_failed(lower, info)
    return [u_rows, s, vh_rows]


@decomposes_into("svd", "dgesdd")
def _svd(lower: Lowering, node: Node, a: Expression) -> list[Expression]:
    make = lower.make
    parts = singular(lower, swapped(make, a), "A" if node.settings["full_matrices"] else "S")
    u, s, vh = (make.cast(x, single_or_double(node)) for x in parts)
    u, s, vh = _unless(make, _distinct(make, s), [u, s, vh], [a], _again(node, turned=(0, 2)))
    return [swapped(make, u), s, swapped(make, vh)]


@decomposes("svdvals", "dgesdd")
def _svdvals(lower: Lowering, node: Node, a: Expression) -> Expression:
    """Those of the transpose, which lies as LAPACK reads it."""
    return singular(lower, a, "N")[1]
