"""Integrals of functions: quad, quad_vec, dblquad, tplquad, nquad, fixed_quad. The rule of their derivatives: leibniz.py."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from math import inf
from typing import Any
from warnings import warn

import numpy as np
from numpy.exceptions import ComplexWarning
from scipy import integrate, special  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.arrays.registry import row
from bibun.core.traced import Traced, bare
from bibun.scipy._calls import no_rule
from bibun.scipy._levels import batches, gathered, is_traced, steering
from bibun.scipy.integrate.leibniz import integral, refuse

Function = Callable[..., Any]

# The weight functions of quad whose product with f has a value at the limits
_WEIGHTS: dict[Any, Function] = {
    None: lambda f, w: f,
    "cos": lambda f, w: lambda x: f(x) * np.cos(w * x),
    "sin": lambda f, w: lambda x: f(x) * np.sin(w * x),
}


def quad(func: Function, a: Any, b: Any, args: Any = (), full_output: Any = 0, *more: Any, **settings: Any) -> Any:
    """(∫ func(x, *args) dx from a to b, its error), and with full_output a dict; parameters as in SciPy.

    The integral has derivatives by a, b, args and what func reads; each is an integral by quad itself, to the same
    tolerances. The error is that of the value. With a weight of its own singularity at the limits (alg, alg-loga, ...,
    cauchy) the limits have no derivative.
    """
    call = signature(integrate.quad).bind(func, a, b, args, full_output, *more, **settings).arguments
    args = args if isinstance(args, tuple) else (args,)
    given = {key: value for key, value in call.items() if key not in ("func", "a", "b", "args", "full_output")}
    if given.get("complex_func"):
        del given["complex_func"]
        both = [quad(_part(func, part), a, b, args, full_output, **given) for part in (np.real, np.imag)]
        extra = ({"real": both[0][1:], "imag": both[1][1:]},) if full_output else ()
        return both[0][0] + 1j * both[1][0], both[0][1] + 1j * both[1][1], *extra
    weight, wvar = given.get("weight"), given.get("wvar")
    refuse(wvar, "quad", "wvar= is a setting of the method. Put the weight into the function to differentiate by it.")
    whole = _WEIGHTS.get(weight)
    if whole is None:
        for end in (a, b):
            refuse(end, "quad", f"a limit has no derivative with weight={weight!r}, which may be infinite there.")
    points = given.pop("points", None)
    given = steering("quad", **given)
    reports: list[Any] = []

    def run(f: Function, a: float, b: float) -> Any:
        here = given if points is None else given | {"points": _breaks(points, a, b)}
        return _entrywise(lambda g: _one(g, a, b, full_output, here, reports), f)

    value = (
        integral(run, _scalar(func, args), a, b)
        if whole is None or weight is None
        else _weighed(run, func, args, a, b, whole, wvar)
    )
    return (value, *reports[0])


def _breaks(points: Any, a: float, b: float) -> Any:
    """Where to divide the interval, which does not change the integral: within vmap where any entry says, if that is inside."""
    sizes = batches(points)
    plain = gathered(as_array(points), sizes)
    return plain[(plain > min(a, b)) & (plain < max(a, b))] if sizes else plain


def _scalar(func: Function, args: Any) -> Function:
    """The number that it returns, which may be an array of one."""

    def f(x: Any) -> Any:
        y = func(x, *args)
        if not isinstance(y, Traced):
            return np.asarray(y, float)[()] if np.iscomplexobj(y) else y  # as SciPy has it, and its warning
        if y.dtype.kind == "c":
            message = (
                "quad: the imaginary part of the integrand is discarded. Take np.real of it, or complex_func=True."
            )
            warn(message, ComplexWarning, stacklevel=2)
            y = np.real(y)
        return np.reshape(y, ()) if y.shape else y

    return f


def _part(func: Function, part: Function) -> Function:
    return lambda x, *args: part(func(x, *args))


def _one(g: Function, a: float, b: float, full_output: Any, given: dict[str, Any], reports: list[Any]) -> Any:
    """One run of SciPy's, of a function of numbers. The report of the first is that of the value."""
    value, *report = integrate.quad(g, a, b, (), full_output, **given)
    reports.append(report)
    return np.float64(value)


def _entrywise(run: Function, f: Function) -> Any:
    """An integral an entry. All of them ask for the same numbers first, which are computed once (see Integrand)."""
    shapes: list[tuple[int, ...]] = []

    def first(x: float) -> Any:
        y = np.asarray(f(x))
        shapes.append(y.shape)
        return y[(0,) * y.ndim] if y.size else 0.0

    value = _by_parts(run, first)
    if not shapes or not shapes[0]:
        return value
    places = np.ndindex(shapes[0])
    found = [value if not any(i) else _by_parts(run, lambda x, i=i: np.asarray(f(x))[i]) for i in places]
    return np.reshape(found, shapes[0])


def _by_parts(run: Function, f: Function) -> Any:
    """∫ f, of a complex f the real and the imaginary part: a slope by something complex is complex."""
    is_complex = False

    def real(x: float) -> Any:
        nonlocal is_complex
        y = f(x)
        is_complex = is_complex or np.iscomplexobj(y)
        return np.real(y)

    value = run(real)
    return row("rectangular")(value, run(lambda x: np.imag(f(x)))) if is_complex else value


def _weighed(run: Function, func: Function, args: Any, a: Any, b: Any, whole: Function, wvar: Any) -> Any:
    """With the limits held fixed, and those by quad without a weight: ∫ from a to a + da of the product."""
    f = _scalar(func, args)
    value = integral(run, f, bare(a), bare(b))
    for end, sign in ((a, -1), (b, 1)):
        if isinstance(end, Traced):
            fixed = bare(end)
            value = value + sign * integral(
                lambda g, p, q: _entrywise(lambda h: np.float64(integrate.quad(h, p, q)[0]), g),
                whole(f, wvar),
                fixed,
                end,
            )
    return value


def nquad(func: Function, ranges: Any, args: Any = None, opts: Any = None, full_output: bool = False) -> Any:
    """(∫...∫ func, its error): quad within quad, with all the derivatives of quad. Limits may be functions."""
    ranges = [r if callable(r) else (lambda *_, r=r: r) for r in ranges]
    options = [opts] * len(ranges) if opts is None or isinstance(opts, dict) or callable(opts) else list(opts)
    errors: list[Any] = []
    evaluations = [0]

    def along(depth: int, *fixed: Any) -> Any:
        low, high = ranges[-depth - 1](*fixed)
        option = options[-depth - 1] or {}
        settings = dict(option(*fixed) if callable(option) else option)
        if "points" in settings:
            settings["points"] = [x for x in settings["points"] if low <= x <= high]
        last = depth + 1 == len(ranges)
        inner = func if last else lambda *x: along(depth + 1, *x)
        value, error, *rest = quad(inner, low, high, fixed, True, **settings)
        errors.append(error)
        evaluations[0] += rest[0]["neval"] if last else 0
        return value

    value = along(0, *(args or ()))
    report = (value, max(errors))
    return (*report, {"neval": evaluations[0]}) if full_output else report


def dblquad(
    func: Function,
    a: Any,
    b: Any,
    gfun: Any,
    hfun: Any,
    args: Any = (),
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
) -> Any:
    """(∫∫ func(y, x) dy dx, its error), x from a to b and y from gfun(x) to hfun(x)."""
    inner = [lambda x, *_: [_limit(gfun, x), _limit(hfun, x)], [a, b]]
    return nquad(func, inner, args, {"epsabs": epsabs, "epsrel": epsrel})


def tplquad(
    func: Function,
    a: Any,
    b: Any,
    gfun: Any,
    hfun: Any,
    qfun: Any,
    rfun: Any,
    args: Any = (),
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
) -> Any:
    """(∫∫∫ func(z, y, x) dz dy dx, its error), z from qfun(x, y) to rfun(x, y)."""
    inner = lambda y, x, *_: [_limit(qfun, x, y), _limit(rfun, x, y)]  # noqa: E731  one of three ranges
    return nquad(
        func,
        [inner, lambda x, *_: [_limit(gfun, x), _limit(hfun, x)], [a, b]],
        args,
        {"epsabs": epsabs, "epsrel": epsrel},
    )


def _limit(limit: Any, *x: Any) -> Any:
    return limit(*x) if callable(limit) else limit


def quad_vec(f: Function, a: Any, b: Any, *more: Any, **settings: Any) -> Any:
    """(∫ f(x) dx, its error), f an array; parameters as in SciPy. Derivatives as of quad, of the array at once."""
    call = signature(integrate.quad_vec).bind(f, a, b, *more, **settings).arguments
    args = call.get("args", ())
    args = args if isinstance(args, tuple) else (args,)
    given = {key: value for key, value in call.items() if key not in ("f", "a", "b", "args")}
    given = steering("quad_vec", **given)
    reports: list[Any] = []

    def run(g: Function, a: float, b: float) -> Any:
        value, *report = integrate.quad_vec(g, a, b, **given)
        reports.append(report)
        return value

    return (integral(run, lambda x: as_array(f(x, *args))[()], a, b), *reports[0])


def fixed_quad(func: Function, a: Any, b: Any, args: Any = (), n: int = 5) -> Any:
    """(Gauss's rule of n points, None). A sum like any other: its derivatives are those of the sum."""
    if not is_traced(a, b) and inf in (abs(a), abs(b)):
        raise ValueError("Gaussian quadrature is only available for finite limits.")
    x, w = special.roots_legendre(n)
    y = (b - a) * (np.real(x) + 1) / 2.0 + a
    return (b - a) / 2.0 * np.sum(w * func(y, *args), axis=-1), None


def tanhsinh(f: Function, a: Any, b: Any, *, args: Any = (), **settings: Any) -> Any:
    """∫ f(x, *args) dx from one number to another, in `.integral`, with derivatives as of quad.

    Where nothing is traced it is SciPy's, of arrays too. Else f takes numbers.
    """
    extra = args if isinstance(args, tuple) else (args,)
    reports: list[Any] = []

    def run(g: Function, low: float, high: float) -> Any:
        def one(h: Function) -> Any:
            reports.append(integrate.tanhsinh(np.vectorize(h, otypes=[float]), low, high, **settings))
            return np.float64(reports[-1].integral)

        return _entrywise(one, g)

    if not is_traced(a, b, extra) and not is_traced(f(_within(a, b), *extra)):
        return integrate.tanhsinh(f, a, b, args=args, **settings)
    if np.ndim(a) or np.ndim(b):
        raise no_rule("tanhsinh", "its limits are arrays; write a call for each pair, or bibun.vmap over them")
    for word in ("log", "preserve_shape", "callback"):
        if settings.get(word):
            raise no_rule("tanhsinh", f"{word}= is of plain functions; leave it away")
    with np.errstate(all="ignore"):  # far out, where SciPy leaves away what is not finite
        value = integral(run, _scalar(f, extra), a, b)
    report = reports[0]
    report.integral = value
    return report


def _within(a: Any, b: Any) -> Any:
    """Places between the limits, also where one of them is infinite."""
    low, high = (np.clip(np.asarray(end, float), -1e3, 1e3) for end in (a, b))
    return low + 0.45 * (high - low)
