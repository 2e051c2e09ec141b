"""The implicit function theorem: a solution x of F(x, θ) = 0 has dx = -(∂F/∂x)⁻¹ ∂F/∂θ dθ. Solves nothing by itself.

θ is whatever F reads that is traced, from its arguments or from the code around it. That need not be listed: F at the
solution returns zeros that carry the derivative by θ at each level where there is one. The levels are added from the
outermost to the innermost. At each of them x and ∂F/∂x are already right, to every order, as functions of the levels
below, so -(∂F/∂x)⁻¹ F has the derivative of x there, and nested derivatives come out right to every order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bibun.arrays.creation import as_array
from bibun.core.traced import bare
from bibun.errors import DerivativeValueError, located
from bibun.scipy._levels import differentiated, moving, without
from bibun.transforms.derived import jacobian
from bibun.transforms.forward import jvp

Residual = Callable[[Any], Any]

_SINGULAR = 1e14  # a condition number above leaves two digits of the derivative, or none
_FAR = 1e-3  # how far the solution may be, by Newton's step, where the solver says that it has not converged


def implicit(residual: Residual, x: Any, *, name: str, failure: str = "", separate: bool = False) -> Any:
    """x with its derivatives. `x`: a solution, without derivatives (inside vmap, of every entry).

    failure     the solver's message where it says that it has not converged
    separate    equation i is in x[i] alone, so that ∂F/∂x is a diagonal
    """
    residual = residual if separate else _flat(residual, np.shape(x))
    shape, x = np.shape(x), x if separate else np.reshape(x, -1)
    here = residual(x)
    levels = differentiated(here)
    for level in levels:
        if level != levels[0]:
            here = residual(x)
        slope = without(_slope(residual, x, separate), level)
        if level == levels[0]:
            _check(slope, without(here, 0), x, name, failure, separate)
        step = -_solved(slope, without(here, level + 1), separate)
        x = moving(x, step, level)
    return x if separate else np.reshape(x, shape)[()]


def _flat(residual: Residual, shape: tuple[int, ...]) -> Residual:
    return lambda x: np.reshape(as_array(residual(np.reshape(x, shape)[()])), -1)


def _slope(residual: Residual, x: Any, separate: bool) -> Any:
    """∂F/∂x, or its diagonal."""
    if separate:
        return jvp(residual, (x,), (np.ones(np.shape(x), np.result_type(x))[()],))[1]
    return jacobian(residual)(x)


def _solved(slope: Any, here: Any, separate: bool) -> Any:
    return here / slope if separate else np.linalg.solve(slope, here)


def _check(slope: Any, here: Any, x: Any, name: str, failure: str, separate: bool) -> None:
    """Raise where the theorem does not hold: a singular ∂F/∂x, or a point that is no solution."""
    matrix = bare(slope)
    if not np.all(np.isfinite(matrix)):
        raise DerivativeValueError(
            f"{located()}{name}: the derivative of the equations by the unknowns is not finite at the solution, so the "
            "solution has no derivative there."
        )
    if matrix.shape[-2:] == (0, 0):
        return
    condition = np.inf if separate and np.any(matrix == 0) else 1.0 if separate else np.max(np.linalg.cond(matrix))
    if condition > _SINGULAR:
        raise DerivativeValueError(
            f"{located()}{name}: the Jacobian of the equations by the unknowns is singular at the solution (condition number "
            f"{condition:.1g}), so the solution is not unique, or does not vary smoothly. Remove unknowns that the equations "
            "do not determine, add a term that does (regularise), or do not differentiate here."
        )
    if failure:
        step = bare(_solved(slope, here, separate))
        far = np.max(np.abs(step) / (1 + np.abs(bare(x))), initial=0)
        if not far < _FAR:
            raise DerivativeValueError(
                f"{located()}{name}: the solver has not converged ({failure.strip()}), and Newton's step from there is "
                f"still {far:.1g} of x. Only a solution has the derivative of a solution: give a better start, more "
                "iterations or another method."
            )
