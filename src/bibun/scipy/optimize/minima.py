"""Minima: minimize and minimize_scalar. At a minimum the derivative of fun by x is 0, or x is at a bound or a constraint.

The conditions of Karush, Kuhn and Tucker, with what is active taken from the solution:

    ∂(fun - λᵀc)/∂x = 0        for x[i] between its bounds, else x[i] = bound[i]
    c[j] = its limit           for an active constraint, else λ[j] = 0

So the derivative of an x[i] at a bound is that of the bound. Where a constraint is active and λ = 0 (the minimum would be
there without it), the derivative is that of one side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize  # type: ignore[import-untyped]

from bibun.core.traced import bare
from bibun.scipy._estimates import estimates
from bibun.scipy._implicit import implicit
from bibun.scipy._levels import all_at, at, batches, is_traced, plain_function
from bibun.scipy._problem import Problem, derived, each, floats
from bibun.scipy.optimize.constraints import Bounds, Constraints, for_scipy
from bibun.scipy.optimize.roots import _failure, _number, _settings, _value_of
from bibun.transforms.derived import hessian
from bibun.transforms.reverse import grad

Function = Callable[..., Any]

_GRADIENT = [
    "cg",
    "bfgs",
    "newton-cg",
    "l-bfgs-b",
    "tnc",
    "slsqp",
    "dogleg",
    "trust-ncg",
    "trust-krylov",
    "trust-exact",
    "trust-constr",
]
_HESSIAN = ["newton-cg", "dogleg", "trust-ncg", "trust-krylov", "trust-exact", "trust-constr"]


def minimize(
    fun: Function,
    x0: Any,
    args: Any = (),
    method: Any = None,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Any = None,
    options: Any = None,
) -> Any:
    """A minimum of fun: dx = -(∂²fun/∂x²)⁻¹ ∂²fun/∂x∂θ dθ. `.x`, `.fun` and `.jac` have derivatives; to ask one of what else
    the result holds (hess_inv, the multipliers of some methods), the solver's estimate, raises NoDerivativeError.

    Methods that use a gradient or a Hessian get the exact ones unless jac=, hess= or hessp= are given. Constraints and
    bounds that are active hold the solution (see the module). Raises DerivativeValueError where a derivative is asked of a
    point that is no minimum, or of one where the Hessian is singular.
    """
    problem = Problem(_value_of(fun) if jac is True else fun, args)
    x0 = np.atleast_1d(floats(x0))
    if x0.ndim != 1:
        raise ValueError("'x0' must only have one dimension.")
    limits, conditions = Bounds(bounds, x0.size), Constraints(constraints)
    method, (tol, options) = _method(method, bounds, constraints), _settings("minimize", tol, options)

    def run(entry: Any) -> dict[str, Any]:
        start = np.asarray(all_at(x0, entry))
        gradient = Problem(jac, args).plain(entry) if callable(jac) else jac
        curvature = Problem(hess, args).plain(entry) if callable(hess) else hess
        if gradient in (None, False, True) and method in _GRADIENT:
            gradient = derived(problem, entry, lambda f: grad(lambda x: _one(f(x))), start)
        if hess is None and hessp is None and method in _HESSIAN and callable(gradient):
            curvature = derived(problem, entry, lambda f: hessian(lambda x: _one(f(x))), start)
        args_here = all_at(problem.args, entry)
        product = (lambda x, p: plain_function(hessp, entry)(x, p, *args_here)) if hessp is not None else None
        found = optimize.minimize(
            problem.plain(entry), start, (), method, gradient, curvature, product,
            limits.plain(entry), for_scipy(constraints, entry, start), tol, callback, options,
        )  # fmt: skip
        return dict(found) | _active(problem, found.x, limits, conditions, entry)

    read: tuple[Any, ...] = (limits.lower, limits.upper, conditions.arguments)
    if conditions:  # their functions may read a batch from the code around them
        read = (*read, conditions.values(all_at(x0, dict.fromkeys(batches(x0), 0))))
    fields = each(problem.sizes(x0, *read), run)
    active = {name: fields.pop(name) for name in ("_low", "_high", "_held", "_multipliers")}
    result = optimize.OptimizeResult(fields)
    x = optimum(problem, result.x, limits, conditions, active, name="minimize", failure=_failure(result))
    if x is not result.x:
        result.x, result.fun = x, _one(problem(x))
        if "jac" in result:
            result.jac = grad(lambda x: _one(problem(x)))(x)
        estimates(result, x, "minimize", "x", "fun", "jac")
    return result


def _method(method: Any, bounds: Any, constraints: Any) -> Any:
    """SciPy's choice, by the same rule, since what it is given depends on it."""
    if method is not None:
        return method.lower() if isinstance(method, str) else method
    if Constraints(constraints):
        return "slsqp"
    return "bfgs" if bounds is None else "l-bfgs-b"


def _one(y: Any) -> Any:
    """The number that fun returns, which may be an array of one."""
    return np.reshape(y, ()) if np.shape(y) else y


def _active(problem: Problem, x: Any, limits: Bounds, conditions: Constraints, entry: Any) -> dict[str, Any]:
    """What holds a plain solution in one entry: bounds, constraints, and the multipliers of these."""
    x = np.asarray(x, float)
    if not (limits or conditions) or not _varies(problem, x, limits, conditions):
        none = np.zeros(x.shape, bool)
        count = np.size(bare(conditions.values(x))) if conditions else 0
        return {"_low": none, "_high": none, "_held": np.zeros(count), "_multipliers": np.zeros(count)}
    slope = np.asarray(at(grad(lambda x: _one(problem(x)))(x), entry))
    held, multipliers, slope = conditions.active(x, slope, limits, entry)

    def curvature() -> Any:
        return np.diagonal(np.asarray(at(hessian(lambda x: _one(problem(x)))(x), entry)))

    low, high = limits.active(x, slope, curvature, entry)
    return {"_low": low, "_high": high, "_held": held, "_multipliers": multipliers}


def _varies(problem: Function, x: Any, limits: Bounds, conditions: Constraints) -> bool:
    """Whether the solution does, with anything that is traced: else fun need not be one that can be differentiated."""
    return is_traced(
        problem(x), limits.lower, limits.upper, conditions.values(x) if conditions else (), conditions.arguments
    )


def optimum(
    problem: Function, x: Any, limits: Bounds, conditions: Constraints, active: Any, *, name: str, failure: str = ""
) -> Any:
    """A minimum with its derivatives, from the equations that hold there."""
    if not _varies(problem, x, limits, conditions):
        return x
    held, multipliers = active["_held"], active["_multipliers"]
    n = np.shape(x)[-1] if np.ndim(x) else 1

    def lagrangian(x: Any, multipliers: Any) -> Any:
        value = _one(problem(x))
        return value - np.sum(multipliers * conditions.values(x)) if conditions else value

    def residual(both: Any) -> Any:
        x, multipliers = both[:n], both[n:]
        equations = limits.equations(x, grad(lagrangian)(x, multipliers), active["_low"], active["_high"])
        if not conditions:
            return equations
        limit = np.where(np.not_equal(held, 0), conditions.distance(x, held), multipliers)
        return np.concatenate([equations, limit])

    start = np.concatenate([np.reshape(x, (n,)), multipliers]) if conditions else x
    both = implicit(residual, start, name=name, failure=failure)
    return x if both is start else both[:n] if conditions else both


def first_within(low: Any, high: Any) -> Any:
    """Where SciPy's bounded search begins: at the limits themselves the function need not have a value."""
    return low + 0.5 * (3 - 5**0.5) * (high - low)


def minimize_scalar(
    fun: Function,
    bracket: Any = None,
    bounds: Any = None,
    args: Any = (),
    method: Any = None,
    tol: float | None = None,
    options: Any = None,
) -> Any:
    """A minimum of a function of one number: dx = -∂²fun/∂x∂θ dθ / fun''(x), and that of the bound where x is at one."""
    problem, (tol, options) = Problem(fun, args), _settings("minimize_scalar", tol, options)
    limits = Bounds(None if bounds is None else [tuple(bounds)], 1)
    near = bounds if bounds is not None else bracket if bracket is not None else (0.0,)
    first = near[0] if bounds is None else first_within(*bounds)

    def run(entry: Any) -> dict[str, Any]:
        found = optimize.minimize_scalar(
            problem.plain(entry), all_at(bracket, entry), all_at(bounds, entry), (), method, tol, options
        )
        held = _active(lambda x: problem(x[0]), [found.x], limits, Constraints(()), entry)  # type: ignore[arg-type]
        return dict(found) | held

    fields = each(problem.sizes(first, near), run)
    active = {name: fields.pop(name) for name in ("_low", "_high", "_held", "_multipliers")}
    result = optimize.OptimizeResult(fields)
    start = np.reshape(_number(result.x), (1,))
    x = optimum(
        lambda x: problem(x[0]),
        start,
        limits,
        Constraints(()),
        active,
        name="minimize_scalar",
        failure=_failure(result),
    )
    if x is not start:
        result.x = x[0]
        result.fun = _one(problem(result.x))
        estimates(result, x[0], "minimize_scalar", "x", "fun")
    return result
