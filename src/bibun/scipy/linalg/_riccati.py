"""Riccati's matrix equations, by the implicit function theorem: x at a solution, which SciPy finds. For real matrices.

The equation of the theorem is linear, and one of Sylvester's: with k = r⁻¹ (bᵀ x e + sᵀ) and the closed loop c = a - b k

    cᵀ dx e + eᵀ dx c = -(what the matrices change)

of the continuous equation, and cᵀ dx c - eᵀ dx e of the discrete one, with its k. This one becomes Sylvester's by Cayley's
transform, 2 (cᵀ dx c - eᵀ dx e) = (c - e)ᵀ dx (c + e) + (c + e)ᵀ dx (c - e), where c e⁻¹ has no eigenvalue -1: it is stable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.core.kinds import constant
from bibun.scipy._calls import no_rule, stands_for
from bibun.scipy._implicit import Slope, implicit
from bibun.scipy._levels import refuse_recorded, without
from bibun.scipy.linalg._matrices import one_by_one, transpose
from bibun.scipy.linalg._solvers import sylvester


class _ClosedLoop(Slope):
    """From the closed loop as it is to the left and to the right of dx, which differ where r is not symmetric."""

    def __init__(self, loops: Callable[[Any], tuple[Any, Any]], e: Any, discrete: bool) -> None:
        self.loops, self.e, self.discrete = loops, e, discrete

    def at(self, residual: Any, x: Any) -> tuple[Any, ...]:
        left, right = self.loops(x)
        if not self.discrete:
            before, after = transpose(self.e), self.e
        else:
            before, after = left + transpose(self.e), right + self.e
            left, right = left - transpose(self.e), right - self.e
        return np.linalg.solve(before, left), _divided(right, after), before, after

    def solved(self, slope: tuple[Any, ...], r: Any) -> Any:
        left, right, before, after = slope
        scale = 2.0 if self.discrete else 1.0
        return sylvester(left, right, scale * np.linalg.solve(before, _divided(r, after)))

    def condition(self, slope: tuple[Any, ...]) -> Any:
        left, right = (np.linalg.eigvals(side) for side in slope[:2])
        sums = np.abs(left[..., :, None] + right[..., None, :])
        return np.max(np.max(sums, (-2, -1)) / np.maximum(np.min(sums, (-2, -1)), np.finfo(float).tiny), initial=0)


def _divided(a: Any, b: Any) -> Any:
    """a b⁻¹"""
    return transpose(np.linalg.solve(transpose(b), transpose(a)))


def _solution(
    solver: Callable[..., Any], residual: Callable[..., Any], loops: Callable[..., Any], matrices: Any, balanced: bool
) -> Any:
    a, b, q, r, e, s = matrices
    given = [np.atleast_2d(as_array(m)) for m in (a, b, q, r)]
    shape, general = np.shape(given[1])[-2:], not (e is None and s is None)
    others = np.eye(shape[0]) if e is None else e, np.zeros(shape) if s is None else s
    given += [np.atleast_2d(as_array(m)) for m in others]
    if any(m.ndim > 2 for m in given):

        def one(*parts: Any) -> tuple[Any, ...]:
            known = parts if general else (*parts[:4], None, None)
            return (_solution(solver, residual, loops, known, balanced),)

        return one_by_one(one, given, [2] * len(given))[0]
    if any(m.dtype.kind == "c" for m in given):
        raise no_rule(solver.__name__, "the matrices are complex; write the equation of real and imaginary parts")

    def run(*values: Any) -> Any:
        refuse_recorded(*values)
        a, b, q, r, e, s = values
        return solver(a, b, q, r, *((e, s) if general else ()), balanced=balanced)

    start = constant(run, "SciPy searches for it", batch="loop", name=solver.__name__)(*(without(m, 0) for m in given))
    slope = _ClosedLoop(lambda x: loops(x, *given), given[4], solver is source.solve_discrete_are)
    return implicit(lambda x: residual(x, *given), start, name=solver.__name__, slope=slope)


@stands_for(source.solve_continuous_are)
def solve_continuous_are(a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True) -> Any:
    """x with aᵀ x e + eᵀ x a - (eᵀ x b + s) r⁻¹ (eᵀ x b + s)ᵀ + q = 0."""

    def residual(x: Any, a: Any, b: Any, q: Any, r: Any, e: Any, s: Any) -> Any:
        both, coupled = a.T @ x @ e, e.T @ x @ b + s
        return both + e.T @ x @ a - coupled @ np.linalg.solve(r, b.T @ x @ e + s.T) + q

    def loops(x: Any, a: Any, b: Any, q: Any, r: Any, e: Any, s: Any) -> Any:
        return a.T - _divided(e.T @ x @ b + s, r) @ b.T, a - b @ np.linalg.solve(r, b.T @ x @ e + s.T)

    return _solution(source.solve_continuous_are, residual, loops, (a, b, q, r, e, s), balanced)


@stands_for(source.solve_discrete_are)
def solve_discrete_are(a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True) -> Any:
    """x with aᵀ x a - eᵀ x e - (aᵀ x b + s) (r + bᵀ x b)⁻¹ (aᵀ x b + s)ᵀ + q = 0."""

    def residual(x: Any, a: Any, b: Any, q: Any, r: Any, e: Any, s: Any) -> Any:
        coupled = a.T @ x @ b + s
        return a.T @ x @ a - e.T @ x @ e - coupled @ np.linalg.solve(r + b.T @ x @ b, b.T @ x @ a + s.T) + q

    def loops(x: Any, a: Any, b: Any, q: Any, r: Any, e: Any, s: Any) -> Any:
        g = r + b.T @ x @ b
        return a.T - _divided(a.T @ x @ b + s, g) @ b.T, a - b @ np.linalg.solve(g, b.T @ x @ a + s.T)

    return _solution(source.solve_discrete_are, residual, loops, (a, b, q, r, e, s), balanced)
