"""Riccati's matrix equations, by the implicit function theorem: x at a solution, which SciPy finds. For real matrices.

The system of the theorem is dense, of n² unknowns: for controllers of tens of states, not of hundreds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.core.kinds import constant
from bibun.scipy._calls import no_rule, stands_for
from bibun.scipy._implicit import implicit
from bibun.scipy._levels import refuse_recorded, without


def _solution(solver: Callable[..., Any], residual: Callable[..., Any], matrices: Any, balanced: bool) -> Any:
    a, b, q, r, e, s = matrices
    given = [as_array(m) for m in (a, b, q, r)]
    shapes = np.shape(given[1])
    given += [np.eye(shapes[0]) if e is None else as_array(e), np.zeros(shapes) if s is None else as_array(s)]
    if any(m.dtype.kind == "c" for m in given):
        raise no_rule(solver.__name__, "the matrices are complex; write the equation of real and imaginary parts")

    def run(*values: Any) -> Any:
        refuse_recorded(*values)
        a, b, q, r, e, s = values
        return solver(
            a, b, q, r, *((e, s) if matrices[4] is not None or matrices[5] is not None else ()), balanced=balanced
        )

    start = constant(run, "SciPy searches for it", batch="loop", name=solver.__name__)(*(without(m, 0) for m in given))
    return implicit(lambda x: residual(x, *given), start, name=solver.__name__)


@stands_for(source.solve_continuous_are)
def solve_continuous_are(a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True) -> Any:
    """x with aᵀ x e + eᵀ x a - (eᵀ x b + s) r⁻¹ (eᵀ x b + s)ᵀ + q = 0."""

    def residual(x: Any, a: Any, b: Any, q: Any, r: Any, e: Any, s: Any) -> Any:
        both, coupled = a.T @ x @ e, e.T @ x @ b + s
        return both + e.T @ x @ a - coupled @ np.linalg.solve(r, b.T @ x @ e + s.T) + q

    return _solution(source.solve_continuous_are, residual, (a, b, q, r, e, s), balanced)


@stands_for(source.solve_discrete_are)
def solve_discrete_are(a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True) -> Any:
    """x with aᵀ x a - eᵀ x e - (aᵀ x b + s) (r + bᵀ x b)⁻¹ (aᵀ x b + s)ᵀ + q = 0."""

    def residual(x: Any, a: Any, b: Any, q: Any, r: Any, e: Any, s: Any) -> Any:
        coupled = a.T @ x @ b + s
        return a.T @ x @ a - e.T @ x @ e - coupled @ np.linalg.solve(r + b.T @ x @ b, b.T @ x @ a + s.T) + q

    return _solution(source.solve_discrete_are, residual, (a, b, q, r, e, s), balanced)
