"""Zeros and fixed points: root, root_scalar and its methods as functions, newton, fixed_point, fsolve."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, NamedTuple
from warnings import warn

import numpy as np
from scipy import optimize  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.core.traced import bare
from bibun.primitives.constants import search_start
from bibun.scipy._estimates import estimates
from bibun.scipy._implicit import implicit
from bibun.scipy._levels import all_at, steering
from bibun.scipy._problem import Problem, derived, each, floats
from bibun.transforms.derived import jacobian
from bibun.transforms.reverse import grad

Function = Callable[..., Any]

_TAKES_JACOBIAN = ("hybr", "lm")


def root(
    fun: Function,
    x0: Any,
    args: Any = (),
    method: str = "hybr",
    jac: Any = None,
    tol: float | None = None,
    callback: Any = None,
    options: Any = None,
) -> Any:
    """x with fun(x) = 0, and dx = -(∂fun/∂x)⁻¹ ∂fun/∂θ dθ. `.x` and `.fun` have derivatives.

    hybr and lm are given the exact Jacobian unless jac= is. Raises DerivativeValueError where a derivative is asked of a
    point that is no solution, or of one where the Jacobian is singular.
    """
    problem = Problem(_value_of(fun) if jac is True else fun, args)
    given, tol, options = Problem(jac, args) if callable(jac) else None, *_settings("root", tol, options)
    x0 = floats(x0)
    if method in ("hybr", "lm"):  # the others keep its shape
        x0 = np.reshape(x0, -1)
    sizes = problem.sizes(x0)

    def run(entry: Any) -> dict[str, Any]:
        f, start = problem.plain(entry), np.asarray(all_at(x0, entry))
        exact = given.plain(entry) if given else None
        if exact is None and jac in (None, False, True) and method in _TAKES_JACOBIAN:
            exact = _jacobian(problem, entry, start)
        return dict(optimize.root(f, start, (), method, exact, tol, callback, options))

    result = optimize.OptimizeResult(each(sizes, run))
    residual = problem
    if np.size(bare(result.fun)) != np.size(bare(result.x)):  # lm: the least sum of squares
        residual = grad(lambda x: np.sum(problem(x) ** 2) / 2)  # type: ignore[assignment]
    found = implicit(residual, result.x, name="root", failure=_failure(result))
    if found is not result.x:
        result.x, result.fun = found, problem(found)
        estimates(result, found, "root", "x", "fun")
    return result


def fsolve(
    func: Function,
    x0: Any,
    args: Any = (),
    fprime: Any = None,
    full_output: bool = False,
    col_deriv: bool = False,
    xtol: float = 1.49012e-08,
    maxfev: int = 0,
    band: Any = None,
    epsfcn: Any = None,
    factor: float = 100,
    diag: Any = None,
) -> Any:
    """root(method="hybr") in its older form."""
    options = {"col_deriv": col_deriv, "xtol": xtol, "maxfev": maxfev, "band": band, "eps": epsfcn}
    found = root(func, x0, args, jac=fprime, options=options | {"factor": factor, "diag": diag})
    if not full_output:
        if message := _failure(found):
            warn(message, RuntimeWarning, stacklevel=2)
        return found.x
    known = {key: found[key] for key in ("nfev", "njev", "fjac", "r", "qtf") if key in found}
    return found.x, known | {"fvec": found.fun}, found.status, found.message


def _settings(name: str, *values: Any) -> tuple[Any, ...]:
    """Tolerances and options as plain numbers."""
    return tuple(steering(name, settings=values)["settings"])


def _value_of(fun: Function) -> Function:
    """The value of a function that returns (value, derivative)."""
    return lambda *args: fun(*args)[0]


def _jacobian(problem: Problem, entry: Any, start: Any) -> Function | None:
    """The exact Jacobian for SciPy, where bibun can run on the function."""
    return derived(problem, entry, lambda f: jacobian(lambda x: np.reshape(as_array(f(x)), -1)), start)


def _failure(result: Any) -> str:
    """What the solver says where it has not converged."""
    if np.all(bare(result.get("success", True))):
        return ""
    message = result.get("message", "")
    return str(message if isinstance(message, str) else next(iter(message), ""))


# One number


def root_scalar(
    f: Function,
    args: Any = (),
    method: str | None = None,
    bracket: Any = None,
    fprime: Any = None,
    fprime2: Any = None,
    x0: Any = None,
    x1: Any = None,
    xtol: float | None = None,
    rtol: float | None = None,
    maxiter: int | None = None,
    options: Any = None,
) -> Any:
    """x with f(x) = 0, and dx = -∂f/∂θ dθ / f'(x). `.root` has derivatives; the bracket has no influence on them.

    newton and halley need not be given fprime (and fprime2): they then use the exact ones.
    """
    problem = Problem(_value_of(f) if fprime is True or fprime2 is True else f, args)
    x0, x1 = search_start(x0), search_start(x1)
    bracket = None if bracket is None else [search_start(end) for end in bracket]
    near = x0 if bracket is None else bracket[0]
    xtol, rtol, options = _settings("root_scalar", xtol, rtol, options)
    sizes = {} if near is None else problem.sizes(near, bracket, x1)  # SciPy says what is missing

    def run(entry: Any) -> dict[str, Any]:
        g = problem.plain(entry)
        first, second = (Problem(p, args).plain(entry) if callable(p) else p for p in (fprime, fprime2))
        if method in ("newton", "halley") and first in (None, False, True):
            first = _slope(problem, entry, 1, all_at(near, entry))
        if method == "halley" and second in (None, False, True):
            second = _slope(problem, entry, 2, all_at(near, entry))
        found = optimize.root_scalar(
            g, (), method, all_at(bracket, entry), first, second, all_at(x0, entry), all_at(x1, entry),
            xtol, rtol, maxiter, options,
        )  # fmt: skip
        return dict(found)

    result = each(sizes, run)
    failure = "" if np.all(bare(result["converged"])) else str(result["flag"])
    result["root"] = implicit(problem, _number(result["root"]), name="root_scalar", failure=failure, separate=True)
    return _root_results(result)


def _root_results(fields: dict[str, Any]) -> Any:
    made = optimize.RootResults(*(fields[key] for key in ("root", "iterations", "function_calls")), 0, "")
    made.update(fields)
    return made


def _number(x: Any) -> Any:
    return np.float64(x) if isinstance(x, (int, float)) else x


def _slope(problem: Problem, entry: Any, order: int, start: Any) -> Function | None:
    """f', or f'', for SciPy."""
    return derived(problem, entry, lambda f: grad(f) if order == 1 else grad(grad(f)), np.float64(start))


def _bracketing(name: str) -> Function:
    """bisect and its kind: SciPy's function of f and a bracket, with its parameters."""
    solver = getattr(optimize, name)

    @wraps(solver)
    def find(f: Function, a: Any, b: Any, args: Any = (), *more: Any, **settings: Any) -> Any:
        call = signature(solver).bind(f, a, b, args, *more, **settings).arguments
        full = call.get("full_output", False)
        settings = steering(name, **dict(list(call.items())[4:])) | {"full_output": True}
        a, b = search_start(a), search_start(b)
        problem = Problem(f, args)

        def run(entry: Any) -> dict[str, Any]:
            x, report = solver(problem.plain(entry), *all_at((a, b), entry), **settings)
            return dict(report) | {"root": x}

        result = each(problem.sizes(a, b), run)
        failure = "" if np.all(bare(result["converged"])) else str(result["flag"])
        x = implicit(problem, _number(result["root"]), name=name, failure=failure, separate=True)
        return (x, _root_results(result | {"root": x})) if full else x

    return find


bisect, brentq, brenth = _bracketing("bisect"), _bracketing("brentq"), _bracketing("brenth")
ridder, toms748 = _bracketing("ridder"), _bracketing("toms748")


class Roots(NamedTuple):
    """What newton reports of an array."""

    root: Any
    converged: Any
    zero_der: Any


def newton(
    func: Function,
    x0: Any,
    fprime: Any = None,
    args: Any = (),
    tol: float = 1.48e-08,
    maxiter: int = 50,
    fprime2: Any = None,
    x1: Any = None,
    rtol: float = 0.0,
    full_output: bool = False,
    disp: bool = True,
) -> Any:
    """A zero of func, or of each of its entries, which depend on the entry of x of the same place alone."""
    problem = Problem(func, args)
    more = [Problem(p, args) if p is not None else None for p in (fprime, fprime2)]
    tol, rtol = _settings("newton", tol, rtol)
    x0, x1 = search_start(x0), search_start(x1)

    def run(entry: Any) -> dict[str, Any]:
        first, second = (p.plain(entry) if p else None for p in more)
        start, other = all_at((floats(x0), x1), entry)
        found = optimize.newton(
            problem.plain(entry), np.asarray(start)[()], first, (), tol, maxiter, second, other, rtol, True, disp
        )
        return dict(found[1]) if len(found) == 2 else found._asdict()  # for an array, SciPy's report is another one

    result = each(problem.sizes(x0, x1), run)
    failure = "" if np.all(bare(result["converged"])) else "it gave up after maxiter steps"
    x = implicit(problem, _number(result["root"]), name="newton", failure=failure, separate=True)
    if not full_output:
        return x
    return Roots(**result | {"root": x}) if "zero_der" in result else (x, _root_results(result | {"root": x}))


def fixed_point(
    func: Function, x0: Any, args: Any = (), xtol: float = 1e-08, maxiter: int = 500, method: str = "del2"
) -> Any:
    """x = func(x), and dx = (1 - ∂func/∂x)⁻¹ ∂func/∂θ dθ."""
    problem, (xtol,) = Problem(func, args), _settings("fixed_point", xtol)

    def run(entry: Any) -> dict[str, Any]:
        start = np.asarray(all_at(floats(x0), entry))
        return {"x": optimize.fixed_point(problem.plain(entry), start, (), xtol, maxiter, method)}

    found = each(problem.sizes(x0), run)["x"]
    return implicit(lambda x: x - problem(x), found if np.ndim(found) else found[()], name="fixed_point")
