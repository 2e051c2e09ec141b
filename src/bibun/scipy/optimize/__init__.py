"""scipy.optimize with derivatives: of a solution by all that its equations read.

The solvers are SciPy's. Where they can use a Jacobian and none is given, they get the exact one. What a solution's
derivative is follows from the equations that it solves, not from the steps that led to it: see _implicit.py. Names that
are not here are SciPy's own, for plain arrays.
"""

from __future__ import annotations

from typing import Any

from scipy import optimize as _scipy  # type: ignore[import-untyped]

from bibun.scipy._calls import of_plain_values
from bibun.scipy.optimize.fits import curve_fit, least_squares, leastsq, lsq_linear, nnls
from bibun.scipy.optimize.minima import minimize, minimize_scalar
from bibun.scipy.optimize.programs import linear_sum_assignment, linprog, milp
from bibun.scipy.optimize.roots import (
    bisect,
    brenth,
    brentq,
    fixed_point,
    fsolve,
    newton,
    ridder,
    root,
    root_scalar,
    toms748,
)
from bibun.scipy.optimize.rosenbrock import rosen, rosen_der, rosen_hess, rosen_hess_prod
from bibun.scipy.optimize.searches import differential_evolution, direct, dual_annealing, shgo

__all__ = [
    "bisect",
    "brenth",
    "brentq",
    "curve_fit",
    "differential_evolution",
    "direct",
    "dual_annealing",
    "fixed_point",
    "fsolve",
    "least_squares",
    "leastsq",
    "linear_sum_assignment",
    "linprog",
    "lsq_linear",
    "milp",
    "minimize",
    "minimize_scalar",
    "newton",
    "nnls",
    "ridder",
    "root",
    "root_scalar",
    "rosen",
    "rosen_der",
    "rosen_hess",
    "rosen_hess_prod",
    "shgo",
    "toms748",
]


_INSTEAD = {
    "fmin": 'minimize(fun, x0, method="Nelder-Mead").x',
    "fmin_powell": 'minimize(fun, x0, method="Powell").x',
    "fmin_cg": 'minimize(fun, x0, method="CG").x',
    "fmin_bfgs": "minimize(fun, x0).x",
    "fmin_ncg": 'minimize(fun, x0, method="Newton-CG").x',
    "fmin_l_bfgs_b": 'minimize(fun, x0, method="L-BFGS-B").x',
    "fmin_tnc": 'minimize(fun, x0, method="TNC").x',
    "fmin_cobyla": 'minimize(fun, x0, method="COBYLA", constraints=...).x',
    "fmin_slsqp": 'minimize(fun, x0, method="SLSQP", constraints=...).x',
    "basinhopping": "dual_annealing(fun, bounds).x",
    "brute": "differential_evolution(fun, bounds).x",
    "golden": 'minimize_scalar(fun, bracket, method="golden").x',
    "brent": "minimize_scalar(fun, bracket).x",
    "fminbound": 'minimize_scalar(fun, bounds=bounds, method="bounded").x',
    "bracket": "minimize_scalar(fun).x",
    "newton_krylov": 'root(fun, x0, method="krylov").x',
} | {
    name: f'root(fun, x0, method="{name}").x'
    for name in ("broyden1", "broyden2", "anderson", "linearmixing", "diagbroyden", "excitingmixing")
}


def __getattr__(name: str) -> Any:
    found = getattr(_scipy, name)
    return of_plain_values(found, f"write bibun.scipy.optimize.{_INSTEAD[name]}") if name in _INSTEAD else found


__getattr__.reasons = {  # type: ignore[attr-defined]  # for the errors of SciPy's own functions, see arrays/lost.py
    name: f"it is for plain numbers; write bibun.scipy.optimize.{instead}, which has derivatives"
    for name, instead in _INSTEAD.items()
}
