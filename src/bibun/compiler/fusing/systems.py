"""Lowering of SciPy's solvers of linear equations that say what they do (`native`, scipy/_systems.py)."""

from __future__ import annotations

from typing import Any

from bibun.compiler.fusing.decompositions import (
    cholesky,
    decomposes,
    leave_if_singular,
    leave_unless,
    solve,
    solved_by_triangle,
    swapped,
)
from bibun.compiler.fusing.expressions import Expression
from bibun.compiler.fusing.lowering import Lowering
from bibun.compiler.graph import Node


@decomposes("linear_system", "dgetrf", "dgetrs", "dpotrf", "dtrsm", "dtrsv")
def _linear_system(lower: Lowering, node: Node, *inputs: Expression) -> Expression | None:
    settings: Any = node.settings
    native = settings["system"].native
    if native is None or inputs[1].shape[-2] != inputs[0].shape[-1]:  # SciPy takes one number for a multiple of 1
        return None
    (a, b), make = inputs, lower.make
    structure, triangle, turned, unit = native
    for x in (a, b):
        leave_unless(lower, make.map("isfinite", x, kind="i1"))
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
