"""Least squares: least_squares, curve_fit, lsq_linear, nnls. A fit is a minimum of its cost, and is differentiated as one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any

import numpy as np
from scipy import optimize  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.errors import NoDerivativeError, located
from bibun.scipy._calls import no_rule
from bibun.scipy._estimates import estimates
from bibun.scipy._levels import all_at, at, batches, is_traced, plain_function, steering
from bibun.scipy._problem import Problem, derived, each, floats
from bibun.scipy.optimize.constraints import Bounds, Constraints
from bibun.scipy.optimize.minima import _active, optimum
from bibun.scipy.optimize.roots import _failure
from bibun.scipy.sparse.linalg import matrix_of
from bibun.transforms.derived import jacobian
from bibun.transforms.reverse import grad

Function = Callable[..., Any]

# ρ of the loss functions of least_squares
_LOSSES: dict[str, Function] = {
    "linear": lambda z: z,
    "huber": lambda z: np.where(z <= 1, z, 2 * np.sqrt(np.where(z <= 1, 1, z)) - 1),
    "soft_l1": lambda z: 2 * (np.sqrt(1 + z) - 1),
    "cauchy": np.log1p,
    "arctan": np.arctan,
}


def least_squares(
    fun: Function,
    x0: Any,
    jac: Any = "2-point",
    bounds: Any = (-np.inf, np.inf),
    method: str = "trf",
    *more: Any,
    **settings: Any,
) -> Any:
    """A minimum of Σ ρ(fun²) / 2: as for minimize. `.x`, `.cost`, `.fun`, `.grad` have derivatives, and `.jac`
    if ρ is linear; to ask one of what else the result holds raises NoDerivativeError.

    Parameters as in SciPy. The exact Jacobian is used unless jac= is given.
    """
    call = signature(optimize.least_squares).bind(fun, x0, jac, bounds, method, *more, **settings).arguments
    given = {key: value for key, value in call.items() if key not in ("fun", "x0", "jac", "bounds", "args", "kwargs")}
    loss, scale = given.get("loss", "linear"), given.get("f_scale", 1.0)
    problem = Problem(fun, call.get("args", ()), call.get("kwargs"))
    x0 = np.atleast_1d(floats(x0))
    limits = _bounds(bounds, x0.size)

    def run(entry: Any) -> dict[str, Any]:
        start = np.asarray(all_at(x0, entry))
        exact = Problem(jac, problem.args, problem.settings).plain(entry) if callable(jac) else None
        if exact is None and jac == "2-point":
            exact = derived(problem, entry, lambda f: jacobian(lambda x: np.atleast_1d(as_array(f(x)))), start)
        found = optimize.least_squares(
            problem.plain(entry),
            start,
            exact or jac,
            (at(limits.lower, entry), at(limits.upper, entry)),
            **all_at(given, entry),
        )
        return dict(found) | _active(lambda x: _cost(problem(x), loss, scale), found.x, limits, Constraints(()), entry)  # type: ignore[arg-type]

    fields = each(problem.sizes(x0, limits.lower, limits.upper, given), run)
    active = {name: fields.pop(name) for name in ("_low", "_high", "_held", "_multipliers")}
    result = optimize.OptimizeResult(fields)

    def cost(x: Any) -> Any:
        return _cost(problem(x), loss, scale)

    x = optimum(cost, result.x, limits, Constraints(()), active, name="least_squares", failure=_failure(result))
    if x is not result.x:
        result.x, result.fun, result.cost, result.grad = x, np.atleast_1d(problem(x)), cost(x), grad(cost)(x)
        if loss == "linear":  # by others SciPy weighs the rows
            result.jac = jacobian(lambda x: np.atleast_1d(as_array(problem(x))))(x)
        estimates(result, x, "least_squares", "x", "fun", "cost", "grad", *(["jac"] if loss == "linear" else []))
    return result


@wraps(optimize.leastsq)
def leastsq(func: Function, x0: Any, args: Any = (), *more: Any, **settings: Any) -> Any:
    """(x, flag): the x of least_squares with method="lm", where it has derivatives; else SciPy's."""
    names = ("Dfun", "full_output", "col_deriv", "ftol", "xtol", "gtol", "maxfev", "epsfcn", "factor", "diag")
    given = dict(zip(names, more, strict=False)) | settings
    problem, start = Problem(func, args), np.reshape(floats(x0), -1)
    if not is_traced(x0, args, problem(all_at(start, dict.fromkeys(batches(x0), 0)))):
        return optimize.leastsq(func, start, args, *more, **settings)
    if given.keys() - {"ftol", "xtol", "gtol", "maxfev"}:
        raise no_rule("leastsq", "its settings are ftol, xtol, gtol and maxfev; write least_squares for others")
    tolerances = {key: given[key] for key in ("ftol", "xtol", "gtol") if given.get(key)}
    return least_squares(
        func, start, method="lm", args=problem.args, max_nfev=given.get("maxfev") or None, **tolerances
    ).x, 1


def _bounds(bounds: Any, size: int) -> Bounds:
    """From a pair of arrays; no bounds where all are infinite."""
    lower, upper = (bounds.lb, bounds.ub) if isinstance(bounds, optimize.Bounds) else bounds
    free = not is_traced(lower, upper) and np.all(np.isinf(lower)) and np.all(np.isinf(upper))
    return Bounds(
        None if free else optimize.Bounds(*(np.broadcast_to(as_array(b), (size,)) for b in (lower, upper))), size
    )


def _cost(residuals: Any, loss: Any, scale: Any) -> Any:
    """Σ scale² ρ((r / scale)²) / 2."""
    if callable(loss) and not is_traced(residuals, scale):
        return 0.5 * scale**2 * np.sum(loss((np.asarray(residuals) / scale) ** 2)[0])
    if callable(loss):
        raise NoDerivativeError(
            f"{located()}least squares: a loss of your own is a function that gives derivatives as numbers. To differentiate the "
            "solution write the cost as a function, and use bibun.scipy.optimize.minimize."
        )
    return 0.5 * scale**2 * np.sum(_LOSSES[loss]((as_array(residuals) / scale) ** 2))


def curve_fit(
    f: Function,
    xdata: Any,
    ydata: Any,
    p0: Any = None,
    sigma: Any = None,
    absolute_sigma: bool = False,
    check_finite: bool | None = None,
    bounds: Any = (-np.inf, np.inf),
    method: str | None = None,
    jac: Any = None,
    *,
    full_output: bool = False,
    nan_policy: str | None = None,
    **kwargs: Any,
) -> Any:
    """(popt, pcov), both with derivatives by xdata, ydata, sigma, and what f reads.

    popt is a minimum of Σ ρ(((f(xdata, *p) - ydata) / sigma)²), ρ(z) = z unless loss= is given; pcov = (JᵀJ)⁻¹, of another ρ
    with the rows of J weighed by the curvatures of their terms, times the mean of the terms unless absolute_sigma.
    """
    xdata, ydata = as_array(xdata), as_array(ydata)
    sigma = None if sigma is None else as_array(sigma)
    start = np.ones(len(signature(f).parameters) - 1) if p0 is None else np.atleast_1d(floats(p0))
    limits = _bounds(bounds, start.size)
    loss, scale = kwargs.get("loss", "linear"), kwargs.get("f_scale", 1.0)

    def residuals(p: Any) -> Any:
        r = as_array(f(xdata, *p)) - ydata
        if sigma is None:
            return r
        return r / sigma if sigma.ndim < 2 else np.linalg.solve(np.linalg.cholesky(sigma), r)

    def cost(p: Any) -> Any:
        return _cost(residuals(p), loss, scale)

    problem = Problem(residuals)

    def run(entry: Any) -> dict[str, Any]:
        x, y, s = all_at((xdata, ydata, sigma), entry)
        model = wraps(f)(lambda _, *p: _plain_model(f, x, p, entry))
        exact = plain_function(jac, entry) if callable(jac) else jac
        if jac is None:
            exact = derived(
                Problem(lambda p: f(x, *p)),
                entry,
                lambda g: jacobian(lambda p: as_array(g(p))),
                np.asarray(all_at(start, entry)),
            )
            exact = (lambda d: lambda _, *p: d(np.asarray(p)))(exact) if exact else None
        pair = (at(limits.lower, entry), at(limits.upper, entry)) if limits else (-np.inf, np.inf)
        popt, pcov, info, message, status = optimize.curve_fit(
            model, x, y, None if p0 is None else all_at(start, entry), s, absolute_sigma, check_finite, pair, method, exact,
            full_output=True, nan_policy=nan_policy, **all_at(kwargs, entry),
        )  # fmt: skip
        found = {"x": popt, "cov": pcov, "info": info, "message": message, "status": status}
        return found | _active(cost, popt, limits, Constraints(()), entry)  # type: ignore[arg-type]

    result = each(problem.sizes(start, xdata, ydata, sigma, limits.lower, limits.upper, kwargs), run)
    popt = optimum(cost, result["x"], limits, Constraints(()), result, name="curve_fit")
    pcov = result["cov"]
    if popt is not result["x"]:
        pcov = _covariance(residuals, popt, absolute_sigma, loss, scale)
        result["info"] = dict(result["info"])
        estimates(result["info"], popt, "curve_fit")
    return (popt, pcov, result["info"], result["message"], result["status"]) if full_output else (popt, pcov)


def _plain_model(f: Function, x: Any, p: Any, entry: Any) -> Any:
    y = as_array(f(x, *p))
    return at(y, entry)


def _covariance(residuals: Function, p: Any, absolute: bool, loss: str, scale: Any) -> Any:
    """(JᵀWJ)⁻¹, times the mean of the terms; W = 1 for the linear loss, else as SciPy has it."""
    slopes, r = jacobian(residuals)(p), residuals(p)
    weighed = slopes
    if loss != "linear":
        curvatures = grad(lambda r: np.sum(grad(lambda r: _cost(r, loss, scale))(r)))(r)
        weighed = slopes * np.maximum(curvatures, np.finfo(float).eps)[:, None]
    covariance = np.linalg.inv(np.swapaxes(slopes, -1, -2) @ weighed)
    if absolute:
        return covariance
    return covariance * (2 * _cost(r, loss, scale) / (np.size(r) - np.size(p)))


def lsq_linear(A: Any, b: Any, bounds: Any = (-np.inf, np.inf), *more: Any, **settings: Any) -> Any:
    """A minimum of |A x - b|² / 2 between bounds. `.x`, `.fun` and `.cost` have derivatives. Parameters as in SciPy.

    A may be sparse, with plain or traced entries, or a LinearOperator.
    """
    settings, more = steering("lsq_linear", **settings), steering("lsq_linear", more=more)["more"]
    b, limits = as_array(b), _bounds(bounds, np.shape(A)[-1])

    def run(A: Any, b: Any, lower: Any, upper: Any) -> Any:
        return optimize.lsq_linear(A, b, (lower, upper), *more, **settings)

    return _linear(run, A, b, limits, "lsq_linear")


def nnls(A: Any, b: Any, **settings: Any) -> Any:
    """(x, |A x - b|) of the least |A x - b| with x >= 0; both have derivatives."""
    A, b, settings = as_array(A), as_array(b), steering("nnls", **settings)
    limits = _bounds((0, np.inf), A.shape[-1])

    def run(A: Any, b: Any, *_: Any) -> Any:
        return optimize.OptimizeResult(x=optimize.nnls(A, b, **settings)[0], success=True)

    x = _linear(run, A, b, limits, "nnls").x
    return x, np.linalg.norm(A @ x - b)


def _linear(run: Function, A: Any, b: Any, limits: Bounds, name: str) -> Any:
    kind, data = matrix_of(A)

    def residuals(x: Any) -> Any:
        return kind.product(*data, x) - b

    def cost(x: Any) -> Any:
        return np.sum(residuals(x) ** 2) / 2

    def one(entry: Any) -> dict[str, Any]:
        matrix = kind.matrix(*all_at(data, entry))
        found = run(matrix, at(b, entry), at(limits.lower, entry), at(limits.upper, entry))
        return dict(found) | _active(cost, found.x, limits, Constraints(()), entry)  # type: ignore[arg-type]

    fields = each(Problem(cost).sizes(np.zeros(np.shape(A)[-1]), limits.lower, limits.upper), one)
    active = {key: fields.pop(key) for key in ("_low", "_high", "_held", "_multipliers")}
    result = optimize.OptimizeResult(fields)
    x = optimum(cost, result.x, limits, Constraints(()), active, name=name, failure=_failure(result))
    if x is not result.x:
        result.x, result.fun, result.cost = x, residuals(x), cost(x)
        estimates(result, x, name, "x", "fun", "cost")
    return result
