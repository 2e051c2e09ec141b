"""Logarithms: log, log2, log10, log1p. Owns the split into a power of 2 and 1 + f that other families start from.

x = 2**k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), and with s = f / (2 + f)

    log(1 + f) = log((1 + s) / (1 - s)) = f - (f**2/2 - s (f**2/2 + s**2 l(s**2)))

where l is a minimax polynomial: the arrangement of FDLIBM's e_log.c (Sun Microsystems, 1993), where f, the greatest term,
is exact and is added last. Below, s stands for half of that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from bibun.compiler.native.code import Value, copysign, fma, muladd, select
from bibun.compiler.native.mathematics.arithmetic import (
    INFINITY,
    NAN,
    ONE_BITS,
    constant,
    fast_two_sum,
    muladd_polynomial,
    polynomial,
    rarely,
)
from bibun.compiler.native.mathematics.exponentials import LN2, LN2_LOW, LOG2_E
from bibun.compiler.native.mathematics.registry import word

# (log((1 + 2 s) / (1 - 2 s)) - 4 s) / s**3 of z = s**2, on [0.0, 0.0073595], degree 6, error 2**-59.49
LOGARITHM = (
    5.333333333333387,
    12.799999999813345,
    36.571428789774636,
    113.77765686634962,
    372.3993656645171,
    1254.5299567631084,
    4848.229348876183,
)
# (log(1 + f) - f) / f**2, on [-0.29289, 0.41421], degree 8, error 2**-27.82
LOGARITHM_SINGLE = (
    -0.4999998914514584,
    0.33333308327104316,
    -0.25001523279133614,
    0.20003014498733912,
    -0.166111234102021,
    0.1416347247206794,
    -0.1320899599352443,
    0.13004894603934417,
    -0.0782301556478244,
)
# (f - log(1 + f)) / f**2, on [-0.29289, 0.41421], degree 19, error 2**-56.77
LOGARITHM_SCALAR = (
    0.5000000000000004,
    -0.3333333333333318,
    0.24999999999972386,
    -0.20000000000034174,
    0.16666666671661948,
    -0.14285714285529377,
    0.12499999589519431,
    -0.11111110763266721,
    0.1000001817974181,
    -0.09090938061089546,
    0.08332868956284833,
    -0.0769123852906744,
    0.07149676759444698,
    -0.06687944065890192,
    0.06198655601142109,
    -0.05648963037559427,
    0.05645805774379741,
    -0.0653770349955694,
    0.061003948736593,
    -0.02693452095624559,
)
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
SHIFT = ONE_BITS - SQRT_HALF_BITS + (2 << 52)  # brings the exponent field of [sqrt(1/2), sqrt(2)) to 1025
LEAST = SHIFT + (1 << 52)  # of the smallest normal number
SMALLEST_NORMAL, TWO_54 = 2.0**-1022, 2.0**54


class Split(NamedTuple):
    """A positive normal number: 2**k (1 + f), and the shifted bits that tell (below LEAST) that it is none."""

    bits: Value
    k: Value
    f: Value


def exponent(x: Value) -> tuple[Value, Value]:
    """(shifted bits, k as a double). The bits of x <= 0, nan, and of x > 2**1022 wrap round to below LEAST."""
    bits = x.bits() + SHIFT
    # An integer below 2**52 is a double but for its exponent: cheaper than converting where the machine has no such thing.
    return bits, (bits.shifted_right(52) | (0x433 << 52)).as_float() - (2.0**52 + 1025)


def split(x: Value) -> Split:
    """x = 2**k (1 + f)."""
    bits, k = exponent(x)
    return Split(bits, k, ((bits & ((1 << 52) - 1)) + SQRT_HALF_BITS).as_float() - 1.0)


def split_of_any(x: Value) -> Split:
    """The same of a positive subnormal number too."""
    subnormal = x < SMALLEST_NORMAL
    part = split(select(subnormal, x * TWO_54, x))
    return part._replace(k=part.k - select(subnormal, constant(54.0, x), 0.0))


def logarithm(k: Value, f: Value, *, single: bool) -> Value:
    """k ln 2 + log(1 + f)."""
    if single:
        return muladd(k, LN2, logarithm_single(f))
    return muladd(k, LN2, f - shortfall(f, k * LN2_LOW))


def shortfall(f: Value, low: Value | float) -> Value:
    """f - log(1 + f) - low, which is at most a quarter of f: so its own rounding counts little.

    A scalar is waited for, and a long polynomial is ready before a division is.
    """
    square = f * f
    if not f.lanes:
        return muladd_polynomial(square, LOGARITHM_SCALAR, f, -low if isinstance(low, Value) else constant(-low, f))
    s = f / muladd(f, 2.0, 4.0)
    z = s * s
    return fma(square, 0.5, -muladd(s, muladd(z, polynomial(LOGARITHM, z), square), low))


def logarithm_single(f: Value) -> Value:
    """log(1 + f) to 2**-27."""
    return muladd(f * f, polynomial(LOGARITHM_SINGLE, f), f)


@word
def log(x: Value, *, single: bool) -> Value:
    """The natural logarithm: -inf at 0, nan below. Source: FDLIBM e_log.c."""
    return _of_split(x, lambda k, f: logarithm(k, f, single=single))


def _of_split(x: Value, of: Callable[[Value, Value], Value]) -> Value:
    """The function of (k, f); of every x that is no positive normal number too."""
    part = split(x)
    return rarely(part.bits < LEAST, of(part.k, part.f), lambda: _of_any(x, of))


def _of_any(x: Value, of: Callable[[Value, Value], Value]) -> Value:
    part = split_of_any(x)
    result = of(part.k, part.f)
    return select(x > 0.0, select(x.equals(INFINITY), x, result), select(x.equals(0.0), constant(-INFINITY, x), NAN))


def log_of_any(x: Value, shift: float = 0.0, *, single: bool = False) -> Value:
    """log(2**shift x) of every double."""
    return _of_any(x, lambda k, f: logarithm(k + shift, f, single=single))


def scaled_down(bits: Value) -> Value:
    """2**-k of the shifted bits of a number 2**k (1 + f)."""
    return ((2048 << 52) - (bits & (0xFFF << 52))).as_float()


def logarithm_of_pair(high: Value, low: Value, *, single: bool) -> Value:
    """log(high + low), 2**-1022 <= high <= 2**1022. `single` leaves low out."""
    part = split(high)
    if single:
        return logarithm(part.k, part.f, single=True)
    return _of_parts(part.k, part.f, low * scaled_down(part.bits))


def logarithm_of_1_plus(high: Value, low: Value, *, single: bool) -> Value:
    """log(1 + high + low), -1 < high < 2**1000. `single` leaves low out."""
    bits, k = exponent(high + 1.0)
    scale = scaled_down(bits)
    f = fma(high, scale, scale - 1.0)
    return logarithm(k, f, single=True) if single else _of_parts(k, f, low * scale)


def _of_parts(k: Value, f: Value, low: Value) -> Value:
    f, lost = fast_two_sum(f, low)
    return muladd(k, LN2, f - shortfall(f, muladd(k, LN2_LOW, lost)))


@word
def log1p(x: Value, *, single: bool) -> Value:
    """log(1 + x): k of the rounded sum, f = 2**-k x + (2**-k - 1), which rounds only for 0.41 < x < 0.5."""
    bits, k = exponent(x + 1.0)
    scale = scaled_down(bits)
    common = logarithm(k, fma(x, scale, scale - 1.0), single=single)

    def careful() -> Value:
        usual = (x > -1.0) & (x < 2.0**1000)
        return select(usual, common, log_of_any(x + 1.0, single=single))

    return copysign(rarely(bits < LEAST, common, careful), x)


# 1 / ln 2, 1 / ln 10 and log10(2), each the sum of its two numbers; k times the first of the last is exact
LOG2_E_LOW = 2.0355273740931033e-17
LOG10_E, LOG10_E_LOW = 0.4342944819032518, 1.098319650216765e-17
LOG10_2, LOG10_2_LOW = 0.30102999566383914, 1.42050232272661e-13


@word
def log2(x: Value, *, single: bool) -> Value:
    """The logarithm to the base 2, exact for powers of 2. Source: as log, times 1 / ln 2 in two parts."""

    def of(k: Value, f: Value) -> Value:
        return k + _in_base(f, LOG2_E, LOG2_E_LOW, 0.0, single=single)

    return _of_split(x, of)


@word
def log10(x: Value, *, single: bool) -> Value:
    """The logarithm to the base 10, exact for powers of 10. Source: as log, times 1 / ln 10 in two parts."""

    def of(k: Value, f: Value) -> Value:
        return muladd(k, LOG10_2, _in_base(f, LOG10_E, LOG10_E_LOW, k * LOG10_2_LOW, single=single))

    return _of_split(x, of)


def _in_base(f: Value, factor: float, factor_low: float, low: Value | float, *, single: bool) -> Value:
    """log(1 + f) (factor + factor_low) + low."""
    if single:
        return logarithm_single(f) * factor
    return fma(f, factor, muladd(f, factor_low, muladd(shortfall(f, 0.0), -factor, low)))
