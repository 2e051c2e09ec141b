"""gammaln and gamma. Up to 7/2 the function at 2 + f, |f| <= 1/2, and the recurrence once or twice; Stirling's series above."""

from __future__ import annotations

from typing import NamedTuple

from bibun.compiler.native.code import Value, absolute, fma, muladd, select
from bibun.compiler.native.mathematics.arithmetic import (
    INFINITY,
    NAN,
    ROUNDING_BITS,
    Pair,
    clamped,
    constant,
    divided,
    fast_two_sum,
    polynomial,
    rarely,
    two_product,
    two_sum,
)
from bibun.compiler.native.mathematics.exponentials import LOG2_E, halves, power_of_2
from bibun.compiler.native.mathematics.logarithms import (
    LOG2_E_LOW,
    LOGARITHM,
    log_of_any,
    scaled_down,
    split,
)
from bibun.compiler.native.mathematics.powers import logarithm_2_pair, power_of_2_pair_less_1
from bibun.compiler.native.mathematics.registry import word
from bibun.compiler.native.mathematics.trigonometric import SINC, SINC_LOW

# (log(gamma(2 + f)) - (1 - Euler) f) / f**2, on [-0.5, 0.5], degree 16, error 2**-56.06
LOG_GAMMA = (
    0.3224670334241133,
    -0.06735230105319646,
    0.020580808427765135,
    -0.007385551028885148,
    0.0028905103318934288,
    -0.0011927539023492762,
    0.0005096694937248732,
    -0.00022315495852726397,
    9.94579634892736e-05,
    -4.4923876656297946e-05,
    2.0503393537914414e-05,
    -9.455624692786029e-06,
    4.394183448226716e-06,
    -1.975870609206924e-06,
    8.983609317797708e-07,
    -5.796246113591108e-07,
    2.9917610513676264e-07,
)
# x (log(gamma(x)) - (x - 1/2) log(x) + x - log(2 pi) / 2) of z = 1 / x**2, on [0.0, 0.081633], degree 9, error 2**-58.95
STIRLING = (
    0.0833333333333332,
    -0.0027777777776533193,
    0.0007936507586764082,
    -0.0005952335686288474,
    0.0008414248363677524,
    -0.0019030896185878352,
    0.0059928427572773285,
    -0.02132272739081677,
    0.06345202904034458,
    -0.10225450096318489,
)
# (gamma(2 + f) - 1) / f, on [-0.5, 0.5], degree 17, error 2**-56.42
GAMMA = (
    0.42278433509846686,
    0.41184033042644186,
    0.08157691924716073,
    0.07424901075321896,
    -0.0002669820742086774,
    0.011154045732199762,
    -0.0028526456423171864,
    0.0021039330090803082,
    -0.0009195769768803687,
    0.000490392887909239,
    -0.00024090935149430367,
    0.000121637954001698,
    -6.098942029622355e-05,
    3.0631234369739015e-05,
    -1.4529115375062e-05,
    7.097672182696207e-06,
    -5.1571745722273394e-06,
    2.7325253625506874e-06,
)
EDGE = 3.5
SLOPE, SLOPE_LOW = 0.42278433509846713, 4.942915152430645e-18  # 1 - Euler's constant, the derivative of both at 2
LN2_SHORT, LN2_REST = 0.693147180559663, 2.8235290563031577e-13  # together ln 2; k times the first is exact


class Place(NamedTuple):
    """Where x > 0 stands: below 1/2, 3/2, 5/2 or 7/2. f = x - 0, 1, 2 or 3."""

    first: Value
    second: Value
    third: Value
    fourth: Value
    f: Value


def _place(x: Value) -> Place:
    first, second, third, fourth = x < 0.5, x < 1.5, x < 2.5, x < EDGE
    whole = select(third, select(first, constant(0.0, x), select(second, constant(1.0, x), 2.0)), 3.0)
    return Place(first, second, third, fourth, x - whole)


class Logarithm(NamedTuple):
    """high + low + rest, each much smaller than the one before, to some 2**-58."""

    high: Value
    low: Value
    rest: Value


def _logarithm(high: Value, low: Value) -> Logarithm:
    """log(high + low) of a positive normal number: as logarithms.py, nothing rounded away."""
    part = split(high)
    f, lost = fast_two_sum(part.f, low * scaled_down(part.bits))
    total, error = fast_two_sum(part.k * LN2_SHORT, f)
    s = f / muladd(f, 2.0, 4.0)
    z = s * s
    square = f * f
    tail = muladd(s, muladd(z, polynomial(LOGARITHM, z), square), muladd(part.k, LN2_REST, lost))
    less = fma(square, -0.5, tail)
    less_low = tail - fma(square, 0.5, less)
    return Logarithm(total, less, fma(fma(f, f, -square), -0.5, error + less_low))


def _log_gamma(x: Value) -> Pair:
    """log(gamma(x)) in two parts, 2**-1000 < x < 2**1000.

    At 2 + f: f (1 - Euler) + f**2 u(f); then log(x - 1) is added, or log(x) or log(x (x + 1)) subtracted. Above 7/2
    (x - 1/2) (log(x) - 1) + (log(2 pi) - 1) / 2 + t(1 / x**2) / x.
    """
    place = _place(x)
    product = fma(x, x, x)
    argument = select(place.second, select(place.first, product, x), select(place.third, constant(1.0, x), x - 1.0))
    argument = select(place.fourth, argument, x)
    log = _logarithm(argument, select(place.first, fma(x, x, x - product), 0.0))

    sign = select(place.second, constant(-1.0, x), 1.0)
    signed = log.high * sign
    near = fma(place.f, SLOPE, signed)
    square = place.f * place.f
    rest = muladd(log.rest, sign, muladd(place.f, SLOPE_LOW, fma(place.f, SLOPE, signed - near)))
    rest = muladd(square * place.f, polynomial(LOG_GAMMA[1:], place.f), rest)
    near_low = fma(square, LOG_GAMMA[0], log.low * sign) + rest  # of the two great ones the sum is small

    inverse = 1.0 / x
    less = log.high - 1.0
    less_low = (log.high - (less + 1.0)) + (log.low + log.rest)
    factor = x - 0.5
    far, far_low = two_product(factor, less)
    series = muladd(inverse, polynomial(STIRLING, inverse * inverse), 0.4189385332046728)
    return select(place.fourth, near, far), select(place.fourth, near_low, muladd(factor, less_low, far_low) + series)


@word
def gammaln(x: Value, *, single: bool) -> Value:
    """log(|gamma(x)|). Below 0 by reflection, -log(|x sin(pi x)| / pi) - log(gamma(-x)): two ulps in general, but beside the
    roots there, which lie between -2 and -3 and so on, the two terms cancel and leave an error of 2**-55 of each.

    Source: FDLIBM e_lgamma_r.c for the cases; minimax polynomials, the logarithm in two parts.
    """
    high, low = _log_gamma(x)
    common = high + low
    usual = (x > 2.0**-1000) & (x < 2.0**1000)
    return rarely(~usual, common, lambda: select(usual, common, _log_gamma_of_any(x)))


def _log_gamma_of_any(x: Value) -> Value:
    size = absolute(x)
    high, low = _log_gamma(size)
    result = select(size > 2.0**1000, size * (log_of_any(size) - 1.0), high + low)
    tiny = size < 2.0**-100
    result = select(tiny, -log_of_any(size), result)
    sine, sine_low = _sine_part(size)
    product, product_low = two_product(size, sine)
    log = _logarithm(product, muladd(size, sine_low, product_low))
    total, error = two_sum(log.high, high)
    below = -(total + ((log.low + low) + (error + log.rest)))
    below = select(sine.equals(0.0), INFINITY, select(tiny, result, below))
    below = select(size.equals(INFINITY), -INFINITY, below)
    return select(x.is_nan(), x, select(x < 0.0, below, select(size.equals(INFINITY), INFINITY, result)))


def _sine_part(size: Value) -> Pair:
    """|sin(pi x)| / pi, in two parts, to some 2**-58."""
    rounding = constant(2.0**52, size)
    r = absolute(size - ((size + rounding) - rounding))
    r = select(size < 2.0**52, r, 0.0)
    z, z_low = two_product(r, r)
    less, less_low = two_product(z, constant(SINC[0], size))
    less_low = muladd(z, muladd(z, polynomial(SINC[1:], z), SINC_LOW), muladd(z_low, SINC[0], less_low))
    first = 1.0 - less
    high, rest = fast_two_sum(first, ((1.0 - first) - less) - less_low)
    product, low = two_product(r, high)
    return product, muladd(r, rest, low)


HALF_LOG2_2PI = 1.3257480647361595  # log2(2 pi) / 2


def _gamma(x: Value) -> tuple[Pair, Value]:
    """((m, rest), n in the low bits of an integer): (m + rest) 2**n, for 2**-1000 < x < 2**1000, n clamped to +-1100.

    At 2 + f: 1 + f g(f), times x - 1 or divided by x or x (x + 1). Above 7/2 Stirling's formula as a power of 2, with an
    exponent in two parts as for pow.
    """
    place = _place(x)
    product = fma(x, x, x)
    rest = place.f * polynomial(GAMMA, place.f)
    p = rest + 1.0
    top = select(place.third, constant(1.0, x), x - 1.0)
    numerator, low = two_product(p, top)
    numerator_low = muladd(rest - (p - 1.0), top, low)
    divisor = select(place.second, select(place.first, product, x), select(place.third, constant(1.0, x), 1.0))
    divisor = select(place.fourth, divisor, x)
    inverse = 1.0 / divisor
    quotient = numerator * inverse
    divisor_low = select(place.first, fma(x, x, x - product), 0.0)
    excess = fma(quotient, divisor, -numerator) + muladd(quotient, divisor_low, -numerator_low)

    part = split(x)
    log, log_low = logarithm_2_pair(part.k, part.f)
    factor = x - 0.5
    a, a_low = two_product(factor, log)
    b, b_low = two_product(x, constant(LOG2_E, x))
    total, error = two_sum(a, -b)
    series = inverse * polynomial(STIRLING, inverse * inverse) * LOG2_E
    added, added_low = fast_two_sum(constant(HALF_LOG2_2PI, x), series)
    exponent, lost = two_sum(total, added)
    low = (lost + error) + (muladd(factor, log_low, a_low) - muladd(x, LOG2_E_LOW, b_low)) + added_low
    bounded = clamped(exponent, -1100.0, 1100.0)
    bits, rest = power_of_2_pair_less_1(bounded, select(bounded.equals(exponent), low, 0.0))
    pair = select(place.fourth, quotient, 1.0), select(place.fourth, -(excess * inverse), rest)
    return pair, select(place.fourth, ROUNDING_BITS, bits)


@word
def gamma(x: Value, *, single: bool) -> Value:
    """The gamma function; below 0 by reflection, 1 / ((x sin(pi x) / pi) gamma(-x)), negated; nan at -1, -2, ....

    Source: Stirling's formula and minimax polynomials; the pair of the exponent as in pow.
    """
    (m, rest), bits = _gamma(x)
    usual = (x > 2.0**-1000) & (x < 170.0)
    common = (m + rest) * power_of_2(bits)
    return rarely(~usual, common, lambda: select(usual, common, _gamma_of_any(x)))


def _gamma_of_any(x: Value) -> Value:
    size = absolute(x)
    parts, bits = _gamma(size)
    m, m_low = fast_two_sum(*parts)
    first, second = halves(bits)
    above = select(size > 172.0, constant(INFINITY, x), m * first * second)

    sine, sine_low = _sine_part(size)
    product, low = two_product(size, sine)
    divisor, divisor_low = two_product(product, m)
    divisor_low = muladd(muladd(size, sine_low, low), m, muladd(product, m_low, divisor_low))
    first, second = halves(2 * ROUNDING_BITS - bits)
    below = divided((constant(1.0, x), constant(0.0, x)), (divisor, divisor_low)) * first * second
    shifted = size + 2.0**52
    whole = shifted - 2.0**52
    odd = select(whole > size, shifted.bits() - 1, shifted.bits())  # the greatest integer below |x|
    below = (below.bits() ^ (~odd << 63)).as_float()
    below = select(sine.equals(0.0), NAN, below)
    result = select(x < 0.0, below, above)
    result = select(size < 2.0**-100, 1.0 / x, result)
    return select(x.is_nan(), x, result)
