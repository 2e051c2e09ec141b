"""Rosenbrock's function, its gradient, Hessian, and Hessian times a vector, as SciPy has them for trying optimisers on."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize  # type: ignore[import-untyped]

from bibun.scipy._calls import stands_for
from bibun.scipy._problem import floats


@stands_for(optimize.rosen)
def rosen(x: Any) -> Any:
    """Σ 100 (x[i + 1] - x[i]²)² + (1 - x[i])²"""
    x = floats(x)
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2, axis=0)


@stands_for(optimize.rosen_der)
def rosen_der(x: Any) -> Any:
    """The gradient."""
    x = floats(x)
    beyond = x[1:] - x[:-1] ** 2
    by_first, zero = -400 * beyond * x[:-1] - 2 * (1 - x[:-1]), 0 * x[:1]
    return np.concatenate([by_first, zero]) + np.concatenate([zero, 200 * beyond])


@stands_for(optimize.rosen_hess)
def rosen_hess(x: Any) -> Any:
    """The Hessian, which has three diagonals."""
    main, beside = _diagonals(floats(x))
    return np.diag(main) + np.diag(beside, 1) + np.diag(beside, -1)


@stands_for(optimize.rosen_hess_prod)
def rosen_hess_prod(x: Any, p: Any) -> Any:
    """The Hessian times p."""
    main, beside = _diagonals(np.atleast_1d(floats(x)))
    p = floats(p)
    zero = 0 * p[:1]
    return main * p + np.concatenate([beside * p[1:], zero]) + np.concatenate([zero, beside * p[:-1]])


def _diagonals(x: Any) -> tuple[Any, Any]:
    """The main one, and the one on both sides of it."""
    zero = 0 * x[:1]
    by_first = np.concatenate([1200 * x[:-1] ** 2 - 400 * x[1:] + 2, zero])
    return by_first + np.concatenate([zero, 200 + 0 * x[:-1]]), -400 * x[:-1]
