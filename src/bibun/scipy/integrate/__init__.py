"""scipy.integrate with derivatives: quadrature, of functions and of samples, and differential equations.

The numbers are SciPy's. Names that are not here are SciPy's own, for plain arrays.
"""

from __future__ import annotations

from typing import Any

from scipy import integrate as _scipy  # type: ignore[import-untyped]

from bibun.scipy.integrate.boundary_value import solve_bvp
from bibun.scipy.integrate.initial_value import odeint, solve_ivp
from bibun.scipy.integrate.quadrature import dblquad, fixed_quad, nquad, quad, quad_vec, tplquad
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
    "tplquad",
    "trapezoid",
]


_STEPPERS = ("ode", "complex_ode", "RK23", "RK45", "DOP853", "Radau", "BDF", "LSODA")


def __getattr__(name: str) -> Any:
    return getattr(_scipy, name)


__getattr__.reasons = dict.fromkeys(  # type: ignore[attr-defined]  # for SciPy's own functions, see arrays/lost.py
    _STEPPERS,
    "its steps are for plain numbers; write bibun.scipy.integrate.solve_ivp(fun, (t0, t1), y0, t_eval=...).y instead",
)
