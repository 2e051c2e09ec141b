"""What the cases are made of: modules to write a formula for, its truth, noise and other things around a function.

A formula is a function of a module `m` and x: with NUMPY or MATH as `m` it is a black box, with mpmath it is the truth.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import mpmath
import numpy as np
import scipy.integrate
import scipy.interpolate
import scipy.special

Formula = Callable[[Any, Any], Any]
Function = Callable[[Any], Any]


_SHARED = {name: name for name in ("exp", "sin", "cos", "tan", "log", "sqrt", "sinh", "cosh", "tanh", "expm1", "log1p")}
_INVERSE = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "atanh": "arctanh"}
_SPECIAL = {name: name for name in ("gamma", "erf", "erfc", "ellipk")}

NUMPY = SimpleNamespace(
    **{ours: getattr(np, theirs) for ours, theirs in (_SHARED | _INVERSE | {"cbrt": "cbrt"}).items()},
    **{ours: getattr(scipy.special, theirs) for ours, theirs in _SPECIAL.items()},
    besselj=scipy.special.jv,
    loggamma=scipy.special.loggamma,
)
MATH = SimpleNamespace(
    **{name: getattr(math, name) for name in (*_SHARED, *_INVERSE, "cbrt", "gamma", "erf", "erfc")},
    loggamma=math.lgamma,
)


def exact_derivative(formula: Formula, x: float, order: int = 1) -> float:
    """The derivative of order 1 or 2 in mpmath, rounded once."""
    size = abs(x) or 1e-300
    digits = int(120 + 45 * order + (order + 1) * abs(math.log10(size)))
    with mpmath.workdps(digits):
        center, step = mpmath.mpf(x), mpmath.mpf(size) * mpmath.mpf(10) ** -45
        below, above = formula(mpmath, center - step), formula(mpmath, center + step)
        if order == 1:
            return float(mpmath.re(above - below) / (2 * step))
        return float(mpmath.re(above - 2 * formula(mpmath, center) + below) / step**2)


def pseudo_noise(x: Any, salt: int = 0) -> Any:
    """Uniform, of variance 1, the same for the same bits of x (Weyl sequence and xor-shift multiplication)."""
    if np.iscomplexobj(x):
        raise TypeError("pseudo_noise takes real numbers")
    number = np.array(x, dtype=np.float64)
    bits = number.reshape(-1).view(np.uint64) + np.uint64(0x632BE59BD9B4E019 * (2 * salt + 1) % 2**64)
    for shift in (30, 27, 33):
        bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(0x2545F4914F6CDD1D)
    uniform = (bits ^ (bits >> np.uint64(31))) / 2.0**64
    return ((2 * uniform - 1) * math.sqrt(3)).reshape(number.shape)[()]


def black_box(formula: Formula, module: SimpleNamespace) -> Function:
    return lambda x: formula(module, x)


# What is put around a function


def relative_noise(level: float) -> Callable[[Function], Function]:
    return lambda f: lambda x: f(x) * (1 + level * pseudo_noise(x))


def noise(level: float) -> Callable[[Function], Function]:
    return lambda f: lambda x: f(x) + level * pseudo_noise(x, 1)


def rounded(decimals: int) -> Callable[[Function], Function]:
    return lambda f: lambda x: np.round(f(np.real(x)), decimals)


def only(inside: Callable[[float], bool], error: Exception | None = None) -> Callable[[Function], Function]:
    """f on a part of the line; elsewhere it raises, or gives nan."""

    def wrap(f: Function) -> Function:
        def guarded(x: Any) -> Any:
            if inside(float(np.real(x))):
                return f(x)
            if error is None:
                return np.nan
            raise error

        return guarded

    return wrap


def in_single(f: Function) -> Function:
    return lambda x: f(np.asarray(np.real(x)).astype(np.float32))


def to_single(f: Function) -> Function:
    return lambda x: np.asarray(f(np.real(x))).astype(np.float32)


# Black boxes that are not one formula


def kepler(m: Any, x: Any) -> Any:
    """Nine steps of Newton's method for E - 0.3 sin E = x."""
    e = x
    for _ in range(9):
        e = e - (e - 0.3 * m.sin(e) - x) / (1 - 0.3 * m.cos(e))
    return e


def oscillator(x: Any) -> float:
    """y(2) of y'' = -x y, y(0) = 1, y'(0) = 0, by an adaptive solver."""
    solution = scipy.integrate.solve_ivp(
        lambda t, y: [y[1], -float(x) * y[0]], (0, 2), [1.0, 0.0], rtol=1e-8, atol=1e-8
    )
    return float(solution.y[0, -1])


def bisection(x: Any) -> float:
    """The root y of y**3 + y = x, to 1e-8."""
    x = float(x)
    low, high = 0.0, 4.0 + x
    while high - low > 1e-8:
        middle = (low + high) / 2
        low, high = (low, middle) if middle**3 + middle > x else (middle, high)
    return (low + high) / 2


def bisection_slope(x: float) -> float:
    root = mpmath.findroot(lambda y: y**3 + y - x, 1.2)
    return float(1 / (3 * root**2 + 1))


_KNOTS = np.linspace(0, 5, 21)
SPLINE = scipy.interpolate.CubicSpline(_KNOTS, np.sin(_KNOTS))
TIMES = np.array([0.3, -1.2, 0.8, 2.1])


def log_of_sum(m: Any, x: Any) -> Any:
    return mpmath.log(mpmath.fsum(mpmath.exp(x * float(t)) for t in TIMES))


def rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_gradient(x: Any) -> Any:
    result = np.zeros_like(x)
    result[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    result[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return result


def same(a: Any, b: Any) -> bool:
    """Equal to the last bit, value and error."""
    return np.array_equal(a.value, b.value) and np.array_equal(a.error, b.error)
