"""Boundary value problems: solve_bvp. The collocation that SciPy solves, differentiated by the implicit function theorem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import integrate  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.core.traced import bare
from bibun.errors import NoDerivativeError, located
from bibun.scipy._implicit import implicit
from bibun.scipy._levels import all_at, at, batches, is_traced, steering
from bibun.scipy._problem import storing
from bibun.scipy.interpolate import CubicHermiteSpline

Function = Callable[..., Any]


def solve_bvp(
    fun: Function,
    bc: Function,
    x: Any,
    y: Any,
    p: Any = None,
    S: Any = None,
    fun_jac: Any = None,
    bc_jac: Any = None,
    **settings: Any,
) -> Any:
    """y' = fun(x, y, p) with bc(y(a), y(b), p) = 0. `.y`, `.p`, `.yp` and `.sol` have derivatives by what fun and bc read.

    The mesh is SciPy's, held fixed. The unknowns, y at the mesh and p, solve SciPy's equations there:

        y[i+1] - y[i] = h (f[i] + 4 f(middle) + f[i+1]) / 6,    y(middle) = (y[i] + y[i+1]) / 2 - h (f[i+1] - f[i]) / 8

    The cost is that of a dense system of as many unknowns.
    """
    if S is not None or is_traced(x):
        raise NoDerivativeError(
            f"{located()}solve_bvp: the singular term S and the mesh x are not differentiated. Scale the interval into fun: "
            "y' = (b - a) f over x from 0 to 1."
        )
    if batches(y, p):
        raise _mapped()
    settings = steering("solve_bvp", **settings)
    fun, bc = storing(fun), storing(bc)
    parameters = () if p is None else (np.asarray(all_at(as_array(p), {})),)

    def plain(g: Function) -> Function:
        def of_arrays(*args: Any) -> Any:
            value = as_array(g(*args))
            if batches(value):
                raise _mapped()
            return at(value, {})

        return of_arrays

    jacobians = {"fun_jac": _steering(fun_jac), "bc_jac": _steering(bc_jac)}
    start = bare(as_array(y))
    found = integrate.solve_bvp(plain(fun), plain(bc), np.asarray(x), start, *parameters, **jacobians, **settings)
    mesh, shape = found.x, found.y.shape
    h, size = np.diff(mesh), found.y.size

    def split(unknowns: Any) -> tuple[Any, Any]:
        return np.reshape(unknowns[:size], shape), () if p is None else (unknowns[size:],)

    def residual(unknowns: Any) -> Any:
        y, p = split(unknowns)
        f = as_array(fun(mesh, y, *p))
        middle = (y[:, 1:] + y[:, :-1]) / 2 - h / 8 * (f[:, 1:] - f[:, :-1])
        at_middle = as_array(fun(mesh[:-1] + h / 2, middle, *p))
        defects = y[:, 1:] - y[:, :-1] - h / 6 * (f[:, :-1] + f[:, 1:] + 4 * at_middle)
        return np.concatenate([np.reshape(defects, -1), np.reshape(as_array(bc(y[:, 0], y[:, -1], *p)), -1)])

    start = np.concatenate([found.y.ravel(), *(() if p is None else (found.p,))])
    solution = implicit(residual, start, name="solve_bvp", failure="" if found.success else found.message)
    if solution is not start:
        found.y, extra = split(solution)
        found.yp = as_array(fun(mesh, found.y, *extra))
        found.p = extra[0] if extra else None
        found.sol = CubicHermiteSpline(mesh, found.y, found.yp, axis=1)
    return found


def _steering(jac: Function | None) -> Function | None:
    """A Jacobian for SciPy's steps, as plain numbers."""
    return None if jac is None else lambda *args: all_at(jac(*args), {})


def _mapped() -> NoDerivativeError:
    return NoDerivativeError(f"{located()}solve_bvp: inside vmap each entry has a mesh of its own. Write a loop.")
