"""Powers of e and 2: exp, exp2, expm1. Owns the reduction by ln 2 that other families start from.

x = n ln 2 + r with |r| <= ln 2 / 2, and e**r - 1 = r + r**2 q(r) with a minimax polynomial q, as in every libm since Cody
and Waite (Software Manual for the Elementary Functions, 1980), but without a table: a vector has no cheap ones.
"""

from __future__ import annotations

from typing import NamedTuple

from bibun.compiler.native.code import Value, absolute, copysign, fma, muladd, select
from bibun.compiler.native.mathematics.arithmetic import (
    ONE_BITS,
    ROUNDING,
    ROUNDING_BITS,
    clamped,
    muladd_polynomial,
    rarely,
)
from bibun.compiler.native.mathematics.registry import word

# (exp(r) - 1 - r) / r**2, on [-0.34661, 0.34661], degree 9, error 2**-57.99
EXPONENTIAL = (
    0.5000000000000012,
    0.166666666666667,
    0.04166666666651894,
    0.008333333333307267,
    0.0013888888946234311,
    0.00019841269917158266,
    2.480149065063516e-05,
    2.7557216568873025e-06,
    2.763105412162814e-07,
    2.5117758746304176e-08,
)
# (exp(r) - 1 - r) / r**2, on [-0.34661, 0.34661], degree 4, error 2**-28.25
EXPONENTIAL_SINGLE = (
    0.5000000093207361,
    0.16666518809315664,
    0.041666211247297365,
    0.008368892847134726,
    0.0013950174948699563,
)
LOG2_E = 1.4426950408889634
LN2, LN2_LOW = 0.6931471805599453, 2.3190468138462996e-17  # together ln 2 to 2**-109


class Reduced(NamedTuple):
    """x = n ln 2 + r. `bits`: an integer whose low bits are n. `low`: the rounding error of r, where it was asked for."""

    bits: Value
    n: Value
    r: Value
    low: Value | None = None


def reduced(x: Value, *, single: bool = False, low: bool = False) -> Reduced:
    """x less the nearest multiple of ln 2, for |x| < 2**20.

    The first difference is exact: x and n LN2 are multiples of 2**-54 and differ by less than 1/2.
    """
    shifted = muladd(x, LOG2_E, ROUNDING)
    n = shifted - ROUNDING
    r = fma(n, -LN2, x)
    if single:
        return Reduced(shifted.bits(), n, r)
    rounded = fma(n, -LN2_LOW, r)
    return Reduced(shifted.bits(), n, rounded, fma(n, -LN2_LOW, r - rounded) if low else None)


def exponential_less_1(r: Value, *, single: bool) -> Value:
    """e**r - 1 for |r| <= ln 2 / 2."""
    return muladd_polynomial(r * r, EXPONENTIAL_SINGLE if single else EXPONENTIAL, r, r)


def power_of_2(bits: Value) -> Value:
    """2**n of the n in the low bits, -1022 <= n <= 1023."""
    return ((bits << 52) + ONE_BITS).as_float()


def halves(bits: Value) -> tuple[Value, Value]:
    """Two powers of 2 whose product is 2**n: for n where 2**n itself is subnormal or infinite."""
    n = bits - ROUNDING_BITS
    half = n >> 1
    return power_of_2(half), power_of_2(n - half)


@word
def exp(x: Value, *, single: bool) -> Value:
    """e**x = 2**n (1 + (r + r**2 q(r))). Source: Cody and Waite; q of tools/coefficients.py."""
    if single:
        part = reduced(clamped(x, -110.0, 90.0), single=True)
        scale = power_of_2(part.bits)
        return muladd(scale, exponential_less_1(part.r, single=True), scale)
    part = reduced(x)
    scale = power_of_2(part.bits)
    common = fma(scale, exponential_less_1(part.r, single=False), scale)
    return rarely(absolute(x) > 708.0, common, lambda: exp_of_any(x))


def exp_of_any(x: Value, shift: int = 0) -> Value:
    """2**shift e**x of every double."""
    part = reduced(clamped(x, -746.0, 712.0))
    first, second = halves(part.bits + shift if shift else part.bits)
    return fma(first, exponential_less_1(part.r, single=False), first) * second


# (2**r - 1 - r LN2) / r**2 with the double LN2, on [-0.5, 0.5], degree 9, error 2**-57.52
EXPONENTIAL_2 = (
    0.24022650695910114,
    0.0555041086648223,
    0.00961812910759903,
    0.0013333558146337284,
    0.0001540353045240485,
    1.5252733874757595e-05,
    1.321543716404448e-06,
    1.0178049509081286e-07,
    7.073514069281818e-09,
    4.45648546740093e-10,
)
# (exp(r) - 1 - r) / r**2, on [-0.34661, 0.34661], degree 9, error 2**-57.99
EXPONENTIAL = (
    0.5000000000000012,
    0.166666666666667,
    0.04166666666651894,
    0.008333333333307267,
    0.0013888888946234311,
    0.00019841269917158266,
    2.480149065063516e-05,
    2.7557216568873025e-06,
    2.763105412162814e-07,
    2.5117758746304176e-08,
)
# (exp(r) - 1 - r) / r**2, on [-0.34661, 0.34661], degree 4, error 2**-28.25
EXPONENTIAL_SINGLE = (
    0.5000000093207361,
    0.16666518809315664,
    0.041666211247297365,
    0.008368892847134726,
    0.0013950174948699563,
)
# (2**r - 1 - r LN2) / r**2 with the double LN2, on [-0.5, 0.5], degree 9, error 2**-57.52
EXPONENTIAL_2 = (
    0.24022650695910114,
    0.0555041086648223,
    0.00961812910759903,
    0.0013333558146337284,
    0.0001540353045240485,
    1.5252733874757595e-05,
    1.321543716404448e-06,
    1.0178049509081286e-07,
    7.073514069281818e-09,
    4.45648546740093e-10,
)
# (2**r - 1 - r LN2) / r**2 with the double LN2, on [-0.5, 0.5], degree 4, error 2**-28.26
EXPONENTIAL_2_SINGLE = (
    0.24022651143458001,
    0.05550361646054252,
    0.009618024023020002,
    0.0013390442928820556,
    0.0001547148632021055,
)


@word
def exp2(x: Value, *, single: bool) -> Value:
    """2**x = 2**n (1 + (r ln 2 + r**2 q(r))) with r = x - n, exact. Source: as exp."""
    if single:
        x = clamped(x, -152.0, 130.0)
    shifted = x + ROUNDING
    p = exp2_less_1(x - (shifted - ROUNDING), single=single)
    scale = power_of_2(shifted.bits())
    common = fma(scale, p, scale)
    return common if single else rarely(absolute(x) > 1022.0, common, lambda: exp2_of_any(x))


def exp2_less_1(r: Value, *, single: bool) -> Value:
    """2**r - 1 for |r| <= 1/2."""
    return muladd_polynomial(r * r, EXPONENTIAL_2_SINGLE if single else EXPONENTIAL_2, r, r * LN2)


def exp2_of_any(x: Value) -> Value:
    """2**x of every double."""
    x = clamped(x, -1077.0, 1025.0)
    shifted = x + ROUNDING
    first, second = halves(shifted.bits())
    return fma(first, exp2_less_1(x - (shifted - ROUNDING), single=False), first) * second


@word
def expm1(x: Value, *, single: bool) -> Value:
    """e**x - 1 = (2**n - 1) + 2**n (r + r**2 q(r)). Source: as exp; what is rounded in the sum is added again (Dekker)."""
    if single:
        part = reduced(clamped(x, -30.0, 90.0), single=True)
        scale = power_of_2(part.bits)
        return copysign(muladd(scale, exponential_less_1(part.r, single=True), scale - 1.0), x)
    part = reduced(x, low=True)
    high, low = exponential_less_1_pair(part, power_of_2(part.bits), 1.0)
    common = copysign(high + low, x)
    return rarely(absolute(x) > 708.0, common, lambda: select(absolute(x) > 708.0, _expm1_of_large(x), common))


def exponential_less_1_pair(part: Reduced, scale: Value, one: float) -> tuple[Value, Value]:
    """scale e**(r + low) - one, as a pair whose error is some 2**-57 of it. |r| <= ln 2 / 2, scale a power of 2."""
    assert part.low is not None
    rest = muladd_polynomial(part.r * part.r, EXPONENTIAL, part.r, part.low)
    shift = scale - one
    high = fma(scale, part.r, shift)
    return high, fma(scale, rest, fma(scale, part.r, shift - high))


def _expm1_of_large(x: Value) -> Value:
    part = reduced(clamped(x, -50.0, 710.0), low=True)
    half = power_of_2(part.bits - 1)  # 2**1024 is not a number
    high, low = exponential_less_1_pair(part, half, 0.5)
    return (high + low) * 2.0
