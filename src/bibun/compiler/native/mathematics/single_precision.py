"""The commonest words in floats of 32 bits: twice the lanes of doubles. Owns the constants of that format.

Each is the double's algorithm with shorter tables. Where an argument is special, too great or too small, the word is
computed in doubles instead (registry.py), so that nothing here scales twice or reduces a great angle.
"""

from __future__ import annotations

from typing import NamedTuple

from bibun.compiler.native.code import Value, absolute, copysign, fma, muladd, select
from bibun.compiler.native.mathematics.arithmetic import (
    Pair,
    accurate_polynomial,
    at_most,
    constant,
    divided,
    fast_two_sum,
    polynomial,
)
from bibun.compiler.native.mathematics.error_functions import ERROR_FAR_SINGLE, ERROR_NEAR_SINGLE
from bibun.compiler.native.mathematics.exponentials import EXPONENTIAL_2_SINGLE, EXPONENTIAL_SINGLE
from bibun.compiler.native.mathematics.logarithms import LOGARITHM_SINGLE
from bibun.compiler.native.mathematics.reduction import TWO_OVER_PI
from bibun.compiler.native.mathematics.registry import quick

ROUNDING = 12582912.0  # 1.5 * 2**23
ONE_BITS, SQRT_HALF_BITS = 127 << 23, 0x3F3504F3
SHIFT = ONE_BITS - SQRT_HALF_BITS + (2 << 23)  # as in logarithms.py
LEAST = SHIFT + (1 << 23)
LN2, LN2_LOW = 0.6931471824645996, -1.9046542121259336e-09  # together ln 2 to 2**-54
# 1 / ln 2, 1 / ln 10 and log10(2) likewise
LOG2_E, LOG2_E_LOW = 1.4426950216293335, 1.9259629911266175e-08
LOG10_E, LOG10_E_LOW = 0.4342944920063019, -1.0103050052231683e-08
LOG10_2, LOG10_2_LOW = 0.3010300099849701, -1.4320988897559699e-08
# pi / 2 in three parts to 2**-60, the second of 11 bits; none is negative, so that -0 is reduced to -0
HALF_PI, MIDDLE, LOWEST = 1.570796251296997, 7.549533620476723e-08, 2.5633440682570896e-12
LARGE = 512.0  # n LOWEST is good to 2**-50 below, and no float there is nearer to a multiple of pi / 2 than 2**-27


class Reduced(NamedTuple):
    """x = n ln 2 + r + low, scale = 2**n."""

    r: Value
    low: Value
    scale: Value


def _reduced(x: Value) -> Reduced:
    shifted = muladd(x, LOG2_E, ROUNDING)
    n = shifted - ROUNDING
    exact = fma(n, -LN2, x)
    r = fma(n, -LN2_LOW, exact)
    return Reduced(r, fma(n, -LN2_LOW, exact - r), ((shifted.bits() << 23) + ONE_BITS).as_float())


def _less_1(r: Value, low: Value) -> Value:
    return muladd(r * r, polynomial(EXPONENTIAL_SINGLE, r), low)


def _exponential(x: Value, one: float) -> Pair:
    """scale e**r - one, as a sum."""
    part = _reduced(x)
    shift = part.scale - one if one else part.scale
    high = fma(part.scale, part.r, shift)
    return high, fma(part.scale, _less_1(part.r, part.low), fma(part.scale, part.r, shift - high))


@quick
def exp(x: Value) -> tuple[Value, Value]:
    """As exponentials.exp."""
    part = _reduced(x)
    return absolute(x) > 87.0, fma(part.scale, _less_1(part.r, part.r), part.scale)


@quick
def exp2(x: Value) -> tuple[Value, Value]:
    """As exponentials.exp2."""
    shifted = x + ROUNDING
    r = x - (shifted - ROUNDING)
    p = muladd(r * r, polynomial(EXPONENTIAL_2_SINGLE, r), r * LN2)
    scale = ((shifted.bits() << 23) + ONE_BITS).as_float()
    return absolute(x) > 126.0, fma(scale, p, scale)


@quick
def expm1(x: Value) -> tuple[Value, Value]:
    """As exponentials.expm1."""
    high, low = _exponential(x, 1.0)
    return absolute(x) > 87.0, copysign(high + low, x)


@quick
def expit(x: Value) -> tuple[Value, Value]:
    """As logistic.expit."""
    e, e_low = fast_two_sum(*_exponential(-at_most(87.0, absolute(x)), 0.0))
    below = x < 0.0
    total, low = fast_two_sum(constant(1.0, e), e)
    return x < -87.0, divided((select(below, e, 1.0), select(below, e_low, 0.0)), (total, low + e_low))


# (tanh(x) - x) / x**3 of z = x**2, on [0.0, 0.39062], degree 4, error 2**-27.85
TANH_FLOAT = (
    -0.3333328389991188,
    0.13331490417318803,
    -0.053743419604247444,
    0.020650325060945315,
    -0.0057167520898621345,
)


@quick
def tanh(x: Value) -> tuple[None, Value]:
    """x + x**3 p(x**2) up to 5/8, from there 1 - 2 / (e**(2 |x|) + 1): what is subtracted is less than 1/2."""
    size = absolute(x)
    part = _reduced(at_most(20.0, size * 2.0))
    e = fma(part.scale, _less_1(part.r, part.r), part.scale)
    far = muladd(1.0 / (e + 1.0), -2.0, 1.0)
    z = x * x
    near = muladd(size * z, polynomial(TANH_FLOAT, z), size)
    return None, copysign(select(size < 0.625, near, far), x)


def _exponent(x: Value) -> tuple[Value, Value]:
    bits = x.bits() + SHIFT
    return bits, (bits.shifted_right(23) | (0x96 << 23)).as_float() - (2.0**23 + 129)


def _split(x: Value) -> tuple[Value, Value, Value]:
    """(shifted bits, k, f) with x = 2**k (1 + f)."""
    bits, k = _exponent(x)
    return bits, k, ((bits & ((1 << 23) - 1)) + SQRT_HALF_BITS).as_float() - 1.0


def _logarithm(k: Value, f: Value) -> Value:
    return fma(k, LN2, f + muladd(f * f, polynomial(LOGARITHM_SINGLE, f), k * LN2_LOW))


@quick
def log(x: Value) -> tuple[Value, Value]:
    """As logarithms.log, by a polynomial in f alone."""
    bits, k, f = _split(x)
    return bits < LEAST, _logarithm(k, f)


@quick
def log1p(x: Value) -> tuple[Value, Value]:
    """As logarithms.log1p."""
    bits, k = _exponent(x + 1.0)
    scale = ((256 << 23) - (bits & (0x1FF << 23))).as_float()
    return bits < LEAST, copysign(_logarithm(k, fma(x, scale, scale - 1.0)), x)


@quick
def log2(x: Value) -> tuple[Value, Value]:
    """As logarithms.log2."""
    bits, k, f = _split(x)
    tail = f * f * polynomial(LOGARITHM_SINGLE, f)
    return bits < LEAST, k + fma(f, LOG2_E, muladd(tail, LOG2_E, f * LOG2_E_LOW))


@quick
def log10(x: Value) -> tuple[Value, Value]:
    """As logarithms.log10."""
    bits, k, f = _split(x)
    tail = f * f * polynomial(LOGARITHM_SINGLE, f)
    low = muladd(f, LOG10_E_LOW, k * LOG10_2_LOW)
    return bits < LEAST, fma(k, LOG10_2, fma(f, LOG10_E, muladd(tail, LOG10_E, low)))


# (r - sin(r)) / r**3 of z = r**2, on [0.0, 0.61691], degree 2, error 2**-27.97
SINE_FLOAT = (
    0.16666654605514528,
    -0.008332160513042362,
    0.0001951524927333193,
)
# (cos(r) - 1 + r**2 / 2) / r**4 of z = r**2, on [0.0, 0.61691], degree 2, error 2**-33.29
COSINE_FLOAT = (
    0.04166664688022092,
    -0.0013887367894039803,
    2.4438472399448046e-05,
)


def _circular(x: Value, quarters: int) -> tuple[Value, Value]:
    integer = muladd(x, TWO_OVER_PI, ROUNDING)
    n = integer - ROUNDING
    exact = fma(n, -HALF_PI, x)
    r = fma(n, -MIDDLE, exact)
    low = fma(n, LOWEST, fma(n, MIDDLE, r - exact))
    z = r * r
    sine = r - muladd(r * z, polynomial(SINE_FLOAT, z), low)
    cosine = 1.0 - muladd(-(z * z), polynomial(COSINE_FLOAT, z), fma(z, 0.5, -(r * low)))
    quadrant = integer.bits() + quarters if quarters else integer.bits()
    result = select((quadrant & 1).differs(0), cosine, sine)
    return absolute(x) > LARGE, (result.bits() ^ ((quadrant & 2) << 30)).as_float()


@quick
def sin(x: Value) -> tuple[Value, Value]:
    """As trigonometric.sin."""
    return _circular(x, 0)


@quick
def cos(x: Value) -> tuple[Value, Value]:
    """As trigonometric.cos."""
    return _circular(x, 1)


@quick
def erf(x: Value) -> tuple[None, Value]:
    """As error_functions.erf."""
    size = at_most(4.0, absolute(x))
    p = accurate_polynomial(ERROR_NEAR_SINGLE, fma(x, x, -1.125))
    q = accurate_polynomial(ERROR_FAR_SINGLE, size - 2.25)
    for _ in range(3):
        q = q * q
    return None, select(size < 1.5, muladd(x, p, x), copysign(1.0 - q, x))
