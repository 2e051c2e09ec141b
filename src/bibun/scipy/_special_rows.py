"""Rows of the functions of scipy.special that are no ufuncs: sums of exponentials, spherical Bessel and Legendre functions,
sequences of functions. special.py gives them SciPy's parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.core.broadcasting import is_complex, unbroadcast
from bibun.core.kinds import constant, elementwise, general, reduction
from bibun.core.primitive import Primitive
from bibun.errors import NoDerivativeError, located
from bibun.primitives.special import orthogonal

Axes = tuple[int, ...]
_N = "the order n: an integer does not vary continuously"
_M = "the order m: an integer does not vary continuously"

# ---- sums of exponentials; the reduced axes are kept


def _weights(a: Any, y: Any) -> Any:
    """exp(a - y): 1 where both are infinite, 0 where all are -infinity"""
    top = np.equal(a, np.inf) & np.equal(y, np.inf)
    return np.where(top, 1.0, np.exp(np.where(top, 0.0, a) - np.where(top | np.equal(y, -np.inf), 0.0, y)))


def _shares(a: Any, y: Any, axis: Axes, factor: Any = 1.0) -> Any:
    """exp(a - y) over the sum of factor exp(a - y), which is 1 but for the rounding of y: of a large y all that is below its
    last digit. A sum that is 0 or infinite stays out."""
    weights = _weights(a, y)
    total = np.sum(factor * weights, axis=axis, keepdims=True)
    return weights / np.where(np.equal(total, 0) | ~np.isfinite(y), np.ones_like(total), total)


def _logsumexp(a: Any, *, axis: Axes, keepdims: bool) -> Any:
    return special.logsumexp(a, axis=axis, keepdims=keepdims)


def _signed(a: Any, b: Any, *, axis: Axes) -> tuple[Any, Any]:
    y, sign = special.logsumexp(a, axis=axis, b=b, keepdims=True, return_sign=True)
    return np.asarray(y)[()], np.asarray(sign)[()]


def _real(a: Any, b: Any) -> None:
    if is_complex(a) or is_complex(b):
        raise NoDerivativeError(
            f"{located()}logsumexp with b= or return_sign= has no complex derivative: its value is the logarithm of a modulus. "
            "Write np.log(np.sum(b * np.exp(a - shift))) + shift."
        )


def _by_a(y: Any, a: Any, b: Any, axis: Axes) -> Any:
    return b * _by_b(y, a, b, axis)


def _by_b(y: Any, a: Any, b: Any, axis: Axes) -> Any:
    _real(a, b)
    return y[1] * _shares(a, y[0], axis, b * y[1])


logsumexp = reduction(
    _logsumexp,
    lambda g, y, x, axis: g * _shares(x, y, axis),
    lambda t, y, x, axis: np.sum(t * _shares(x, y, axis), axis=axis, keepdims=True),
    name="logsumexp",
)
signed_logsumexp = general(
    _signed,
    lambda g, y, a, b, axis, a_shape: unbroadcast(g[0] * _by_a(y, a, b, axis), a_shape),
    lambda g, y, a, b, axis, b_shape: unbroadcast(g[0] * _by_b(y, a, b, axis), b_shape),
    pushforwards=(
        lambda t, y, a, b, axis: (np.sum(t * _by_a(y, a, b, axis), axis=axis, keepdims=True), np.zeros_like(y[1])),
        lambda t, y, a, b, axis: (np.sum(t * _by_b(y, a, b, axis), axis=axis, keepdims=True), np.zeros_like(y[1])),
    ),
    inputs=("a", "b"),
    name="signed_logsumexp",
)
largest = constant(
    lambda x, *, axis, keepdims: np.max(x, axis=axis, keepdims=keepdims),
    "it is subtracted and added again: no result depends on it",
    batch="reduction",
    name="largest",
)


# ---- spherical Bessel functions, by the recurrences of their derivatives (DLMF 10.51.2, 10.51.5)


def _spherical(kind: str, below: int, above: int) -> tuple[Primitive, Primitive]:
    """The function and its derivative f' = (± n f_(n-1) ± (n + 1) f_(n+1)) / (2n + 1), which holds of f' too."""
    function = getattr(special, f"spherical_{kind}")

    def turn(n: Any, z: Any) -> Any:
        n = n * np.int64(1)  # unsigned, n - 1 and -n would wrap
        lower = slope(np.where(n == 0, 1, n) - 1, z)
        return (below * n * lower + above * (n + 1) * slope(n + 1, z)) / (2 * n + 1)

    name = f"spherical_{kind}"
    value = elementwise(
        lambda a, b: function(a, b), _N, lambda a, b: slope(a, b), guarded=True, domain=("whole", "positive"), name=name
    )
    slope = elementwise(
        lambda a, b: function(a, b, derivative=True), _N, lambda a, b: turn(a, b),
        guarded=True, domain=("whole", "positive"), name=f"slope_of_{name}",
    )  # fmt: skip
    return value, slope


spherical_jn, slope_of_spherical_jn = _spherical("jn", 1, -1)
spherical_yn, slope_of_spherical_yn = _spherical("yn", 1, -1)
spherical_in, slope_of_spherical_in = _spherical("in", 1, 1)
spherical_kn, slope_of_spherical_kn = _spherical("kn", -1, -1)

diric = elementwise(
    special.diric,
    lambda a, b: -np.sin(a / 2) / 2 * orthogonal.slope_of_chebyu(b - 1.0, np.cos(a / 2)) / b,
    "the count n: an integer does not vary continuously",
    domain=("real", "trials"),
)


# ---- Legendre functions of SciPy 1.15: their derivatives of an order up to 2 are SciPy's, that of order 3 is the differential
# equation's, differentiated; `options` are the other settings


def _third_of_legendre(ps: tuple[Any, Any, Any], n: Any, m: Any, z: Any) -> Any:
    """(1 - z²) p''' = 4z p'' + (2 - n(n + 1) + m²/(1 - z²)) p' + 2z m²/(1 - z²)² p"""
    p, slope, second = ps
    rest, square = 1 - z * z, 1.0 * m * m
    return (4 * z * second + (2 - n * (n + 1.0) + square / rest) * slope + 2 * z * square / rest**2 * p) / rest


def _third_by_angle(ps: tuple[Any, Any, Any], n: Any, m: Any, theta: Any) -> Any:
    """p''' = -cot θ p'' + (1/sin²θ - n(n + 1) + m²/sin²θ) p' - 2 m² cos θ/sin³θ p"""
    p, slope, second = ps
    s, c, square = np.sin(theta), np.cos(theta), 1.0 * m * m
    return -c / s * second + ((1 + square) / s**2 - n * (n + 1.0)) * slope - 2 * square * c / s**3 * p


def _slope_of_legendre(made: Any, third: Callable[..., Any], order: int, n: Any, m: Any, z: Any) -> Any:
    return made(order + 1) if order < 2 else third(tuple(made(k) for k in range(3)), n, m, z)


def _legendre(name: str, third: Callable[..., Any], *, domain: str) -> Primitive:
    def function(a: Any, b: Any, c: Any, *, order: int, options: tuple[tuple[str, Any], ...]) -> Any:
        return np.asarray(getattr(special, name)(a, b, c, diff_n=order, **dict(options)))[order]

    def slope(a: Any, b: Any, c: Any, order: int, options: Any) -> Any:
        return _slope_of_legendre(lambda k: made(a, b, c, order=k, options=options), third, order, a, b, c)

    made: Primitive = elementwise(function, _N, _M, slope, domain=("higher_mode", "mode", domain), name=name)
    return made


def _legendre_p(a: Any, b: Any, *, order: int) -> Any:
    return np.asarray(special.legendre_p(a, b, diff_n=order))[order]


def _by_z(a: Any, b: Any, order: int) -> Any:
    return _slope_of_legendre(lambda k: legendre_p(a, b, order=k), _third_of_legendre, order, a, 0, b)


legendre_p: Primitive = elementwise(_legendre_p, _N, _by_z, domain=("higher_mode", "unit"), name="legendre_p")
assoc_legendre_p = _legendre("assoc_legendre_p", _third_of_legendre, domain="unit")
sph_legendre_p = _legendre("sph_legendre_p", _third_by_angle, domain="positive")


# ---- sequences: functions of orders 0, 1, ... along the first axes, and their slopes, which SciPy gives together


def _sequence(function: Callable[..., Any], second: Callable[..., Any], *, name: str, domain: str) -> Primitive:
    """(f, f') with f'' = second(f, f', x, orders), from the differential equation."""

    def pull(g: Any, y: Any, x: Any, orders: Any) -> Any:
        leading = tuple(range(np.ndim(y[0]) - np.ndim(x)))
        return np.sum(g[0] * y[1] + g[1] * second(*y, x, orders), axis=leading)

    def push(t: Any, y: Any, x: Any, orders: Any) -> Any:
        return t * y[1], t * second(*y, x, orders)

    return general(function, pull, pushforwards=(push,), inputs=("x",), domain=(domain,), name=name)


def _along(count: int, x: Any, first: float = 0.0) -> Any:
    """first, first + 1, ... along a first axis of its own."""
    return np.reshape(first + np.arange(count), (-1,) + (1,) * np.ndim(x))


def _second_of_lqmn(q: Any, slope: Any, x: Any, orders: tuple[int, int]) -> Any:
    """f', and (2x f' - (n(n + 1) - m²/(1 - x²)) f) / (1 - x²)"""
    m, n = orders
    square, rest = _along(m + 1, x)[:, None] ** 2, 1 - x * x
    return (2 * x * slope - (_along(n + 1, x) * (_along(n + 1, x) + 1) - square / rest) * q) / rest


def _second_of_lqn(q: Any, slope: Any, x: Any, orders: int) -> Any:
    """f', and (2x f' - n(n + 1) f) / (1 - x²)"""
    n = _along(orders + 1, x)
    return (2 * x * slope - n * (n + 1) * q) / (1 - x * x)


def _second_of_riccati(s: Any, slope: Any, x: Any, orders: int) -> Any:
    """f', and (n(n + 1)/x² - 1) f"""
    n = np.arange(orders + 1.0)
    at_0 = np.equal(x, 0)
    return np.where(at_0, np.where(n == 1, 2 / 3, 0.0), (n * (n + 1) / np.where(at_0, 1.0, x) ** 2 - 1) * s)


def _second_of_lmbda(value: Any, slope: Any, x: Any, orders: float) -> Any:
    """f', and (2v + 1)/(2v + 2) 0F1(v + 2; -x²/4) - f"""
    v = orders - int(orders) + np.arange(int(orders) + 1.0)
    return (2 * v + 1) / (2 * v + 2) * special.hyp0f1(v + 2, -x * x / 4) - value


def _second_of_cylinder(d: Any, slope: Any, x: Any, orders: float) -> Any:
    """f', and (x²/4 - v - 1/2) f"""
    v = orders - int(orders) + np.arange(max(int(orders), 1) + 1)
    return (x * x / 4 - v - 0.5) * d


def _second_of_whole_cylinder(d: Any, slope: Any, x: Any, orders: int) -> Any:
    """f', and (x²/4 - n - 1/2) f"""
    return (x * x / 4 - np.arange(orders + 1) - 0.5) * d


def _whole_number(x: Any, *, orders: int) -> tuple[Any, ...]:
    return tuple(part[: orders + 1] for part in special.pbdn_seq(orders, np.asarray(x)[()]))


def _number(function: Callable[..., Any]) -> Callable[..., Any]:
    """SciPy's function of one number, which takes no array."""
    return lambda x, *, orders: function(orders, np.asarray(x)[()].item())


lqn = _sequence(lambda x, *, orders: special.lqn(orders, x), _second_of_lqn, name="lqn", domain="unit")
lqmn = _sequence(lambda x, *, orders: special.lqmn(*orders, x), _second_of_lqmn, name="lqmn", domain="unit")
riccati_jn = _sequence(_number(special.riccati_jn), _second_of_riccati, name="riccati_jn", domain="positive")
riccati_yn = _sequence(_number(special.riccati_yn), _second_of_riccati, name="riccati_yn", domain="positive")
lmbda = _sequence(_number(special.lmbda), _second_of_lmbda, name="lmbda", domain="positive")
pbdv_seq = _sequence(_number(special.pbdv_seq), _second_of_cylinder, name="pbdv_seq", domain="real")
pbvv_seq = _sequence(_number(special.pbvv_seq), _second_of_cylinder, name="pbvv_seq", domain="real")
pbdn_seq = _sequence(_whole_number, _second_of_whole_cylinder, name="pbdn_seq", domain="complex")
