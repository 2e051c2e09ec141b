"""Powers of e and 2: exp, exp2, expm1. Owns the reduction by ln 2 that other families start from.

x = n ln 2 + r with |r| <= ln 2 / 2, and e**r - 1 = r + r**2 q(r) with a minimax polynomial q, as in every libm since Cody
and Waite (Software Manual for the Elementary Functions, 1980); in vectors without a table, for a vector has no cheap ones.
"""

from __future__ import annotations

from typing import NamedTuple

from bibun.compiler.native.code import Value, absolute, copysign, fma, literal, muladd, select
from bibun.compiler.native.mathematics.arithmetic import (
    INFINITY,
    ONE_BITS,
    ROUNDING,
    ROUNDING_BITS,
    Pair,
    clamped,
    constant,
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
FAR = 708.0  # e**708 and e**-708 are still normal numbers


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


def exponential_less_1_pair(part: Reduced, scale: Value, one: float) -> Pair:
    """scale e**(r + low) - one, in two parts, to some 2**-57. |r| <= ln 2 / 2, scale a power of 2."""
    assert part.low is not None
    rest = muladd_polynomial(part.r * part.r, EXPONENTIAL, part.r, part.low)
    shift = scale - one if one else scale
    high = fma(scale, part.r, shift)
    return high, fma(scale, rest, fma(scale, part.r, shift - high))


def power_of_2(bits: Value) -> Value:
    """2**n of the n in the low bits, -1022 <= n <= 1023."""
    return ((bits << 52) + ONE_BITS).as_float()


def halves(bits: Value) -> tuple[Value, Value]:
    """Two powers of 2 whose product is 2**n: for n where 2**n itself is subnormal or infinite."""
    n = bits - ROUNDING_BITS
    half = n >> 1
    return power_of_2(half), power_of_2(n - half)


def exp_of_any(x: Value, shift: int = 0) -> Value:
    """2**shift e**x of every double."""
    part = reduced(clamped(x, -746.0, 712.0))
    first, second = halves(part.bits + shift if shift else part.bits)
    return fma(first, exponential_less_1(part.r, single=False), first) * second


def _beyond(x: Value, p: Value, bits: Value, least: float, most: float) -> Value:
    """2**n (1 + p), down to the smallest number and up to the greatest; 0 for x below `least`, infinity above `most`."""
    first, second = halves(bits)
    result = fma(first, p, first) * second
    return select(x > most, constant(INFINITY, x), select(x < least, 0.0, result))


@word
def exp(x: Value, *, single: bool) -> Value:
    """e**x = 2**n (1 + (r + r**2 q(r))). Source: Cody and Waite; q of tools/coefficients.py."""
    if single:
        part = reduced(clamped(x, -110.0, 90.0), single=True)
        scale = power_of_2(part.bits)
        return muladd(scale, exponential_less_1(part.r, single=True), scale)
    if not x.lanes:
        return rarely(absolute(x) > FAR, _exp_by_table(x), lambda: exp_of_any(x))
    part = reduced(x)
    scale = power_of_2(part.bits)
    p = exponential_less_1(part.r, single=False)
    return rarely(absolute(x) > FAR, fma(scale, p, scale), lambda: _beyond(x, p, part.bits, -746.0, 710.0))


# (exp(r) - 1 - r) / r**2, on [-0.043326, 0.043326], degree 5, error 2**-58.3
EXPONENTIAL_EIGHTH = (
    0.5000000000000301,
    0.16666666666667432,
    0.04166666656935346,
    0.008333333316202562,
    0.0013889783245093022,
    0.0001984248260216969,
)
# 2**(j / 8), and what its rounding lost, in terms of it
EIGHTHS = (
    1.0,
    1.0905077326652577,
    1.189207115002721,
    1.2968395546510096,
    1.4142135623730951,
    1.5422108254079407,
    1.681792830507429,
    1.8340080864093424,
)
EIGHTHS_LOST = (
    0.0,
    -2.7939114859515733e-17,
    3.3484623336251524e-17,
    1.9572585293112036e-17,
    -6.835808657661922e-17,
    5.1548301170786783e-17,
    4.875160526227062e-17,
    1.790126907604513e-17,
)


def _exp_by_table(x: Value) -> Value:
    """Of a scalar, with eighths of powers of 2 from a table: a shorter polynomial is sooner ready."""
    code = x.code
    shifted = muladd(x, 8 * LOG2_E, ROUNDING)
    n = shifted - ROUNDING
    r = fma(n, -LN2_LOW / 8, fma(n, -LN2 / 8, x))
    numbers = ", ".join(f"double {literal(c, 'f64')}" for pair in zip(EIGHTHS, EIGHTHS_LOST, strict=True) for c in pair)
    table = code.module.constant("eighths", f"[16 x double] [{numbers}]")
    bits = shifted.bits()
    row = code.emit(f"getelementptr [2 x double], ptr {table}, {(bits & 7).typed}", "ptr")
    second = code.emit(f"getelementptr double, {row.typed}, i64 1", "ptr")
    power, lost = (code.emit(f"load double, {place.typed}", "f64") for place in (row, second))
    scale = (power.bits() + ((bits >> 3) << 52)).as_float()
    return fma(scale, muladd_polynomial(r * r, EXPONENTIAL_EIGHTH, r, r + lost), scale)


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
    bits, p = power_of_2_less_1(x, single=single)
    scale = power_of_2(bits)
    common = fma(scale, p, scale)
    return common if single else rarely(absolute(x) > 1022.0, common, lambda: _beyond(x, p, bits, -1080.0, 1025.0))


def power_of_2_less_1(x: Value, *, single: bool) -> tuple[Value, Value]:
    """(n in the low bits, 2**r - 1) with x = n + r, |r| <= 1/2."""
    shifted = x + ROUNDING
    r = x - (shifted - ROUNDING)
    return shifted.bits(), muladd_polynomial(r * r, EXPONENTIAL_2_SINGLE if single else EXPONENTIAL_2, r, r * LN2)


def exp2_of_any(x: Value) -> Value:
    """2**x of every double."""
    bits, p = power_of_2_less_1(x, single=False)
    return _beyond(x, p, bits, -1080.0, 1025.0)


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

    def careful() -> Value:
        return select(x > FAR, exp_of_any(x), select(x < -FAR, -1.0, common))

    return rarely(absolute(x) > FAR, common, careful)
