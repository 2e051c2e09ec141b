"""scipy.integrate with derivatives: quadrature, of functions and of samples, and differential equations.

The numbers are SciPy's. Names that are not here are SciPy's own, for plain arrays.
"""

from __future__ import annotations

from typing import Any

from scipy import integrate as _scipy  # type: ignore[import-untyped]

from bibun.scipy.integrate.boundary_value import solve_bvp
from bibun.scipy.integrate.initial_value import odeint, solve_ivp
from bibun.scipy.integrate.quadrature import dblquad, fixed_quad, nquad, quad, quad_vec, tanhsinh, tplquad
from bibun.scipy.integrate.samples import cumulative_simpson, cumulative_trapezoid, romb, simpson, trapezoid

__all__ = [
    "cumulative_simpson",
    "cumulative_trapezoid",
    "dblquad",
    "fixed_quad",
    "nquad",
    "odeint",
    "quad",
    "quad_vec",
    "romb",
    "simpson",
    "solve_bvp",
    "solve_ivp",
    "tanhsinh",
    "tplquad",
    "trapezoid",
]


def __getattr__(name: str) -> Any:
    return getattr(_scipy, name)
