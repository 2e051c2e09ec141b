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


class Slope:
    """∂F/∂x: the arrays that it is made of, and the solution of an equation with it."""

    flat = False  # whether F and x are made vectors

    def at(self, residual: Residual, x: Any) -> tuple[Any, ...]:
        """The arrays, at x."""
        raise NotImplementedError

    def solved(self, slope: tuple[Any, ...], r: Any) -> Any:
        """dx with ∂F/∂x dx = r."""
        raise NotImplementedError

    def condition(self, slope: tuple[Any, ...]) -> Any:
        """The condition number; with plain arrays, which inside vmap have those of all entries."""
        raise NotImplementedError


class _Dense(Slope):
    flat = True

    def at(self, residual: Residual, x: Any) -> tuple[Any, ...]:
        return (jacobian(residual)(x),)

    def solved(self, slope: tuple[Any, ...], r: Any) -> Any:
        return np.linalg.solve(slope[0], r)

    def condition(self, slope: tuple[Any, ...]) -> Any:
        return 1.0 if slope[0].shape[-1] == 0 else np.max(np.linalg.cond(slope[0]))


class _Diagonal(Slope):
    def at(self, residual: Residual, x: Any) -> tuple[Any, ...]:
        return (jvp(residual, (x,), (np.ones(np.shape(x), np.result_type(x))[()],))[1],)

    def solved(self, slope: tuple[Any, ...], r: Any) -> Any:
        return r / slope[0]

    def condition(self, slope: tuple[Any, ...]) -> Any:
        return np.inf if np.any(slope[0] == 0) else 1.0


def implicit(
    residual: Residual, x: Any, *, name: str, failure: str = "", separate: bool = False, slope: Slope | None = None
) -> Any:
    """x with its derivatives. `x`: a solution, without derivatives (inside vmap, of every entry).

    failure     the solver's message where it says that it has not converged
    separate    equation i is in x[i] alone, so that ∂F/∂x is a diagonal
    slope       ∂F/∂x, where more is known of it
    """
    by = slope or (_Diagonal() if separate else _Dense())
    shape = np.shape(x)
    if by.flat:
        residual, x = _flat(residual, shape), np.reshape(x, -1)
    here = residual(x)
    levels = differentiated(here)
    for level in levels:
        if level != levels[0]:
            here = residual(x)
        arrays = tuple(without(part, level) for part in by.at(residual, x))
        if level == levels[0]:
            _check(by, arrays, without(here, 0), x, name, failure)
        x = moving(x, -by.solved(arrays, without(here, level + 1)), level)
    return np.reshape(x, shape)[()] if by.flat else x


def _flat(residual: Residual, shape: tuple[int, ...]) -> Residual:
    return lambda x: np.reshape(as_array(residual(np.reshape(x, shape)[()])), -1)


def _check(by: Slope, arrays: tuple[Any, ...], here: Any, x: Any, name: str, failure: str) -> None:
    """Raise where the theorem does not hold: a singular ∂F/∂x, or a point that is no solution."""
    plain = tuple(map(bare, arrays))
    if not all(np.all(np.isfinite(part)) for part in plain):
        raise DerivativeValueError(
            f"{located()}{name}: the derivative of the equations by the unknowns is not finite at the solution, so the "
            "solution has no derivative there."
        )
    condition = by.condition(plain)
    if condition > _SINGULAR:
        raise DerivativeValueError(
            f"{located()}{name}: the Jacobian of the equations by the unknowns is singular at the solution (condition number "
            f"{condition:.1g}), so the solution is not unique, or does not vary smoothly. Remove unknowns that the equations "
            "do not determine, add a term that does (regularise), or do not differentiate here."
        )
    if failure:
        step = bare(by.solved(arrays, here))
        far = np.max(np.abs(step) / (1 + np.abs(bare(x))), initial=0)
        if not far < _FAR:
            raise DerivativeValueError(
                f"{located()}{name}: the solver has not converged ({failure.strip()}), and Newton's step from there is "
                f"still {far:.1g} of x. Only a solution has the derivative of a solution: give a better start, more "
                "iterations or another method."
            )
