"""Lowering of SciPy's solvers of linear equations that say what they do (`native`, scipy/_systems.py)."""

from __future__ import annotations

from typing import Any

from bibun.compiler.fusing.affine import fixed, identity, variable
from bibun.compiler.fusing.decompositions import (
    KIND,
    cholesky,
    decomposes,
    leave_if_failed,
    leave_if_singular,
    solve,
    solved_by_triangle,
    swapped,
)
from bibun.compiler.fusing.expressions import Expression, Routine
from bibun.compiler.fusing.lowering import Lowering
from bibun.compiler.graph import Node


@decomposes("linear_system", "dgetrf", "dgetrs", "dpotrf", "dtrsm", "dtrsv", "dgtsv")
def _linear_system(lower: Lowering, node: Node, *inputs: Expression) -> Expression | None:
    settings: Any = node.settings
    native = settings["system"].native
    if native is None or inputs[1].shape[-2] != inputs[0].shape[-1]:  # SciPy takes one number for a multiple of 1
        return None
    (a, b), make = inputs, lower.make
    structure, triangle, turned, unit = native
    if structure == "tridiagonal" and a.shape[-1] == 1:
        return None
    if structure == "tridiagonal":
        return _tridiagonal(lower, make.broadcast(a, (*node.shape[:-2], *a.shape[-2:])), make.broadcast(b, node.shape))
    if structure == "general":
        return solve(lower, node, swapped(make, a) if turned else a, b)
    b = make.broadcast(b, node.shape)
    if structure == "triangular":
        if not unit:
            leave_if_singular(lower, a)
        return solved_by_triangle(make, a, b, lower=triangle == "lower", turned=turned, unit=unit)
    factor = cholesky(lower, a if triangle == "lower" else swapped(make, a))
    half = solved_by_triangle(make, factor, b, lower=True)
    return solved_by_triangle(make, factor, half, lower=True, turned=True)


def _tridiagonal(lower: Lowering, a: Expression, b: Expression) -> Expression:
    """By elimination, of a in band storage: the diagonals above, on and below the main one."""
    make, (*stack, _, n) = lower.make, a.shape
    batch = identity(len(stack))

    def diagonal(row: int, start: int, length: int) -> Expression:
        return make.view(a, [*batch, fixed(row), variable(len(stack), 1, start)], (*stack, length))

    operands = [diagonal(2, 0, n - 1), diagonal(1, 0, n), diagonal(0, 1, n - 1), swapped(make, b)]
    parts = (*((x.shape, KIND) for x in operands), (tuple(stack), "i32"))
    *_, x, info = make.routine(Routine("tridiagonal_solve", (), parts, tuple((k, k) for k in range(4))), *operands)
    leave_if_failed(lower, info)
    return swapped(make, x)
