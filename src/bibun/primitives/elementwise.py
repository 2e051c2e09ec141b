"""Rows of the elementwise functions: one line of mathematics each. `y` is the output, `x` (or `a`, `b`) the inputs.

A partial that compares gives a number of the input's dtype, so that float32 stays float32. Rows are `guarded` where
the partial can be infinite at the edge of the domain (see core/kinds.py, guarded_times).
"""

from __future__ import annotations

import operator
from math import factorial, log, pi
from typing import Any

import numpy as np

from bibun.core.broadcasting import unbroadcast
from bibun.core.kinds import elementwise, general, guarded_times, linear
from bibun.core.traced import Traced
from bibun.primitives.series import joined, polynomial

__all__ = ["guarded_times"]

LN2, LN10 = log(2.0), log(10.0)
# d/dt sin(t) / t, over t, in powers of t**2, to |t| = 1: the next term is 2e-20
_SINC = [(-1) ** k * 2 * k / factorial(2 * k + 1) for k in range(1, 11)]


def _won(beats: Any, ties: Any, mine: Any) -> Any:
    """The partial of a maximum or minimum by `mine`: 1 where this input won, shared equally at ties."""
    if not isinstance(ties, Traced) and not np.any(ties):
        return beats
    return np.where(ties, np.result_type(mine).type(0.5), beats)


def _phase(x: Any) -> Any:
    """conj(x) / |x|, and 0 at 0: the partial of |x| (of a real x, its sign)."""
    if np.result_type(x).kind != "c":
        return np.sign(x)
    return _over(np.conj(x), np.abs(x))


def _over(x: Any, length: Any) -> Any:
    """x / length; at 0, where it has every direction, the constant 0."""
    zero = np.equal(length, 0)
    return np.where(zero, np.zeros_like(x), x / np.where(zero, np.ones_like(length), length))


def _turn(v: Any, y: Any, x: Any, other: Any) -> Any:
    """For x/|x| of a complex x: what of v does not turn along the ray; a real sign has derivative 0."""
    if np.result_type(x).kind != "c":
        return np.zeros_like(v)
    return (v - np.real(v * y) * other) / np.abs(x)


def _slope_of_angle(x: Any) -> Any:
    """d arg(x): Im(dx / x), written as the real part of -i dx / x. The angle of a real x is a step."""
    return -1j / x if np.result_type(x).kind == "c" else None


def _inverse(b: Any) -> Any:
    """1 / b, of Python's 0 too: NumPy's infinity and warning."""
    try:
        return 1 / b
    except ZeroDivisionError:
        return np.divide(1.0, b).item()


def _power_base(a: Any, b: Any) -> Any:
    """b a**(b - 1), and 0 where b is 0, whatever a is; by b its derivative there is 1 / a, where that is a number."""
    if isinstance(b, (int, float)):
        return b * a ** (b - 1) if b != 0 else np.zeros_like(a)
    tiny = np.finfo(np.result_type(a)).tiny if np.result_type(a).kind in "fc" else 1
    zero = np.equal(b, 0) & (np.abs(a) < tiny)
    return b * np.power(a, np.where(zero, 1, b - 1))


def _beside(number: Any, array: Any) -> Any:
    """A number of Python's in the dtype that NumPy gives it beside the array: a function of it alone would be a float64."""
    return np.result_type(array, number).type(number) if isinstance(number, (int, float)) else number


def _power_exponent(y: Any, a: Any) -> Any:
    """y log a. Where a is 0: 0 for b >= 0 (y is 0 there for every b > 0), and -inf for b < 0."""
    a = _beside(a, y)
    zero = np.equal(a, 0)
    at_zero = np.where(np.isfinite(y), np.zeros_like(y), -y)
    base = np.where(zero, np.ones_like(a), a)
    if np.result_type(y).kind == "c" and np.result_type(a).kind != "c":
        base = base + 0j  # a negative number has a logarithm then
    return np.where(zero, at_zero, y * np.log(base))


def _slope_of_sinc(y: Any, x: Any) -> Any:
    """(cos πx - y) / x, about 0 by its series"""
    near = np.abs(x) < 1 / pi
    return joined(
        near, x, lambda x: pi * pi * x * polynomial(_SINC, (pi * x) ** 2), lambda x: (np.cos(pi * x) - y) / x, 1
    )


def _one_minus_square(x: Any) -> Any:
    """(1 - x)(1 + x). Of a complex x on a cut, x - 1 and -x - 1 keep the sign of the zero that says on which side of it."""
    return (x - 1) * (-x - 1) if np.result_type(x).kind == "c" else (1 - x) * (1 + x)


def _inverse_hypotenuse(x: Any) -> Any:
    """1 / sqrt(1 + x**2), where x**2 may be too large for its dtype."""
    return 1 / np.sqrt(1 + x * x) if np.result_type(x).kind == "c" else 1 / np.hypot(1, x)


# Arithmetic
add = elementwise(np.add, 1, 1, native="fadd", fast=operator.add)
subtract = elementwise(np.subtract, 1, -1, native="fsub", fast=operator.sub)
multiply = elementwise(np.multiply, lambda b: b, lambda a: a, native="fmul", fast=operator.mul)
# Not an operation of NumPy: a product that machine code too rounds before it adds anything. Where the sum decides, as an edge of
# bins does, it must be NumPy's to the last bit.
rounded_product = elementwise(lambda a, b: a * b, lambda b: b, lambda a: a, native="times", name="rounded_product")
divide = elementwise(
    np.divide, _inverse, lambda y, b: -y / b,
    guarded=True, native="fdiv", fast=operator.truediv, domain=("real", "nonzero"),
)  # fmt: skip
negative = elementwise(np.negative, -1, native="fneg", fast=operator.neg)
positive = elementwise(np.positive, 1)
power = elementwise(
    np.power,
    _power_base,
    _power_exponent,
    guarded=True,
    native="pow",
    fast=operator.pow,
    domain=("positive", "real"),
)
float_power = elementwise(
    np.float_power, _power_base, _power_exponent, guarded=True, native="pow", domain=("positive", "real")
)
remainder = elementwise(
    np.remainder, 1, lambda a, b: -np.floor(a / b),
    fast=operator.mod, native="remainder", domain=("generic", "nonzero"),
)  # fmt: skip
fmod = elementwise(np.fmod, 1, lambda a, b: -np.trunc(a / b), native="fmod", domain=("generic", "nonzero"))
square = elementwise(np.square, lambda x: 2 * x, native="square")
reciprocal = elementwise(np.reciprocal, lambda y: -y * y, guarded=True, native="reciprocal", domain=("nonzero",))
sqrt = elementwise(np.sqrt, lambda y: 0.5 / y, guarded=True, native="sqrt", domain=("positive",))
cbrt = elementwise(np.cbrt, lambda y: 1 / (3 * y * y), guarded=True, native="cbrt", domain=("nonzero",))
hypot = elementwise(np.hypot, lambda y, a: _over(a, y), lambda y, b: _over(b, y), native="hypot")

# Exponentials and logarithms
exp = elementwise(np.exp, lambda y: y, native="exp")
exp2 = elementwise(np.exp2, lambda y: y * LN2, native="exp2")
expm1 = elementwise(np.expm1, lambda x: np.exp(x), native="expm1")  # y + 1 has no digits where y is near -1
log_ = elementwise(np.log, lambda x: 1 / x, guarded=True, native="log", domain=("positive",))
log2 = elementwise(np.log2, lambda x: 1 / (x * LN2), guarded=True, native="log2", domain=("positive",))
log10 = elementwise(np.log10, lambda x: 1 / (x * LN10), guarded=True, native="log10", domain=("positive",))
log1p = elementwise(np.log1p, lambda x: 1 / (1 + x), guarded=True, native="log1p", domain=("positive",))
logaddexp = elementwise(
    np.logaddexp, lambda a, b: _share(a, b, 1.0), lambda a, b: _share(b, a, 1.0), native="logaddexp"
)
logaddexp2 = elementwise(
    np.logaddexp2, lambda a, b: _share(a, b, LN2), lambda a, b: _share(b, a, LN2), native="logaddexp2"
)


def _share(mine: Any, other: Any, base: float) -> Any:
    """mine's share of the sum: 1 / (1 + e**(base (other - mine))), of which only the decaying e**-|...| is computed."""
    mine, other = _beside(mine, other), _beside(other, mine)
    equal = np.equal(mine, other) & np.isinf(mine)  # equal infinities share equally
    lead = base * (np.where(equal, np.zeros_like(mine), mine) - np.where(equal, np.zeros_like(other), other))
    ahead = lead >= 0
    decay = np.exp(np.where(ahead, -lead, lead))
    return np.where(ahead, np.ones_like(decay), decay) / (1 + decay)


# Trigonometric and hyperbolic functions
# Not an operation of NumPy: in the pullback of the product, at x = 1 and -1, an infinite cotangent would meet a factor 0.
one_minus_square = elementwise(_one_minus_square, lambda x: -2 * x, domain=("unit",), name="one_minus_square")
sin = elementwise(np.sin, lambda x: np.cos(x), native="sin")
cos = elementwise(np.cos, lambda x: -np.sin(x), native="cos")
tan = elementwise(np.tan, lambda y: 1 + y * y, native="tan", domain=("unit",))
arcsin = elementwise(
    np.arcsin, lambda x: 1 / np.sqrt(one_minus_square(x)), guarded=True, domain=("unit",), native="asin"
)
arccos = elementwise(
    np.arccos, lambda x: -1 / np.sqrt(one_minus_square(x)), guarded=True, domain=("unit",), native="acos"
)
arctan = elementwise(np.arctan, lambda x: _inverse_hypotenuse(x) ** 2, native="atan")
arctan2 = elementwise(
    np.arctan2, lambda a, b: b / np.hypot(a, b) / np.hypot(a, b), lambda a, b: -a / np.hypot(a, b) / np.hypot(a, b),
    guarded=True, native="atan2", domain=("nonzero", "nonzero"),
)  # fmt: skip
sinc = elementwise(np.sinc, _slope_of_sinc, native="sinc")
sinh = elementwise(np.sinh, lambda x: np.cosh(x), native="sinh")
cosh = elementwise(np.cosh, lambda x: np.sinh(x), native="cosh")
# Of the largest slope, 1, this has all digits, and of that where y is near 1 few: from |x| = 19 it is 0. 1 / cosh(x)**2 has them,
# for ten times the time.
tanh = elementwise(np.tanh, lambda y: 1 - y * y, native="tanh")
arcsinh = elementwise(np.arcsinh, lambda x: _inverse_hypotenuse(x), native="asinh")
arccosh = elementwise(
    np.arccosh, lambda x: 1 / np.sqrt(x - 1) / np.sqrt(x - (-1)), guarded=True, domain=("above_one",), native="acosh"
)
arctanh = elementwise(np.arctanh, lambda x: 1 / one_minus_square(x), guarded=True, domain=("unit",), native="atanh")
degrees = elementwise(np.degrees, 180 / pi, native="degrees")
rad2deg = elementwise(np.rad2deg, 180 / pi, native="degrees")
radians = elementwise(np.radians, pi / 180, native="radians")
deg2rad = elementwise(np.deg2rad, pi / 180, native="radians")

# Kinks: the subgradient that treats the branches alike
absolute = elementwise(np.absolute, _phase, native="fabs", domain=("nonzero",))
fabs = elementwise(np.fabs, lambda x: np.sign(x), native="fabs", domain=("nonzero",))
maximum = elementwise(
    np.maximum,
    lambda a, b: _won((a > b) | (a != a), a == b, a),
    lambda a, b: _won((b > a) | (b != b), a == b, b),
    native="maximum",
)
minimum = elementwise(
    np.minimum,
    lambda a, b: _won((a < b) | (a != a), a == b, a),
    lambda a, b: _won((b < a) | (b != b), a == b, b),
    native="minimum",
)
fmax = elementwise(
    np.fmax,
    lambda a, b: _won((a > b) | (b != b), a == b, a),
    lambda a, b: _won((b > a) | (a != a), a == b, b),
    native="fmax",
)
fmin = elementwise(
    np.fmin,
    lambda a, b: _won((a < b) | (b != b), a == b, a),
    lambda a, b: _won((b < a) | (a != a), a == b, b),
    native="fmin",
)
copysign = elementwise(
    np.copysign, lambda a, b: np.copysign(1, a) * np.copysign(1, _beside(b, a)), 0,
    native="copysign", domain=("nonzero", "nonzero"),
)  # fmt: skip

# Steps: the derivative is 0 wherever it exists
floor = elementwise(np.floor, 0, native="floor", domain=("generic",))
ceil = elementwise(np.ceil, 0, native="ceil", domain=("generic",))
trunc = elementwise(np.trunc, 0, native="trunc", domain=("generic",))
rint = elementwise(np.rint, 0, native="rint", domain=("generic",))
sign = general(
    np.sign,
    lambda g, y, x: _turn(g, y, x, np.conjugate(y)),
    pushforwards=(lambda t, y, x: _turn(t, np.conjugate(y), x, y),),
    domain=("nonzero",),
    batch="elementwise",
    native="sign",
)
floor_divide = elementwise(
    np.floor_divide, 0, 0, fast=operator.floordiv, native="floor_divide", domain=("generic", "nonzero")
)
heaviside = elementwise(np.heaviside, 0, lambda a: np.equal(a, 0), native="heaviside", domain=("nonzero", "real"))
fraction = elementwise(lambda x: np.modf(x)[0], 1, name="fraction", domain=("generic",))
spacing = elementwise(np.spacing, 0, native="spacing")
nextafter = elementwise(np.nextafter, 1, 0, native="nextafter")

# x = m 2**e, with e constant between the powers of 2
mantissa = elementwise(
    lambda x: np.frexp(x)[0],
    lambda x: np.where(np.isnan(x), x, np.ldexp(np.ones_like(x), -np.frexp(x)[1])),
    name="mantissa",
    domain=("generic",),
)
ldexp = elementwise(
    np.ldexp, lambda a, b: np.ldexp(np.ones_like(a), b), "its exponent, which is an integer", domain=("real", "whole")
)

# Complex parts: y real, and the tangent is Re(p dx), which the interpreters take where y is real and p dx is not
real = elementwise(np.real, 1, domain=("complex",))
imag = elementwise(  # reads no entry, and so holds none
    np.imag, lambda x_dtype: -1j if x_dtype.kind == "c" else None, guarded=True, domain=("complex",)
)
angle = elementwise(np.angle, _slope_of_angle, guarded=True, domain=("complex",), native="angle")


def _rectangular(a: Any, b: Any) -> Any:
    """a + ib, exactly: 1j times an infinity has a real part that is nan."""
    shape = np.broadcast_shapes(np.shape(a), np.shape(b))
    like = a if np.shape(a) == shape else b  # which lies as the result of a ufunc does
    y = np.empty_like(like, np.result_type(a, b, np.complex64), shape=shape)
    y.real, y.imag = a, b
    return y if shape else y[()]


rectangular = linear(
    _rectangular,
    lambda g, a_shape: unbroadcast(np.real(g), a_shape),
    lambda g, b_shape: unbroadcast(-np.imag(g), b_shape),
    inputs=("a", "b"), joint=True, batch="elementwise", name="rectangular",
)  # fmt: skip
conjugate = linear(np.conjugate, lambda g: np.conjugate(g), batch="elementwise", domain=("complex",))
