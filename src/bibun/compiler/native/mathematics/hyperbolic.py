"""sinh, cosh, tanh and their inverses asinh, acosh, atanh. Owns the polynomials of sinh and cosh near 0."""

from __future__ import annotations

from bibun.compiler.native.code import Value, absolute, copysign, fma, muladd, select, square_root
from bibun.compiler.native.mathematics.arithmetic import (
    INFINITY,
    NAN,
    ROUNDING_BITS,
    Pair,
    at_most,
    constant,
    divided,
    fast_two_sum,
    muladd_polynomial,
    polynomial,
    rarely,
)
from bibun.compiler.native.mathematics.exponentials import (
    exp_of_any,
    exponential_less_1,
    exponential_less_1_pair,
    power_of_2,
    reduced,
)
from bibun.compiler.native.mathematics.logarithms import log_of_any, logarithm_of_1_plus
from bibun.compiler.native.mathematics.registry import word

# (sinh(r) - r) / r**3 of z = r**2, on [0.0, 0.12014], degree 4, error 2**-61.68
SINH = (
    0.16666666666666677,
    0.008333333333321452,
    0.00019841269886522895,
    2.7557243850624983e-06,
    2.5109151021266796e-08,
)
# (sinh(r) - r) / r**3 of z = r**2, on [0.0, 0.12014], degree 1, error 2**-26.17
SINH_SINGLE = (
    0.1666654296815319,
    0.008366587159730246,
)
# (cosh(r) - 1) / r**2 of z = r**2, on [0.0, 0.12014], degree 4, error 2**-57.96
COSH = (
    0.5000000000000013,
    0.04166666666651158,
    0.0013888888947862985,
    2.480148917634257e-05,
    2.7631524702023566e-07,
)
# (cosh(r) - 1) / r**2 of z = r**2, on [0.0, 0.12014], degree 2, error 2**-34.3
COSH_SINGLE = (
    0.5000000079154647,
    0.04166626700699204,
    0.001394623473465906,
)


@word
def sinh(x: Value, *, single: bool) -> Value:
    """(e**x - e**-x) / 2 = (a - b) cosh(r) + (a + b) sinh(r) with x = n ln 2 + r, a = 2**(n - 1), b = 2**-(n + 1).

    Without a division, and without cancellation: at n = 0 only sinh(r) is left. Source: the addition theorem.
    """
    return _hyperbolic(x, odd=True, single=single)


@word
def cosh(x: Value, *, single: bool) -> Value:
    """(e**x + e**-x) / 2 = (a + b) cosh(r) + (a - b) sinh(r). Source: as sinh."""
    return _hyperbolic(x, odd=False, single=single)


def _hyperbolic(x: Value, *, odd: bool, single: bool) -> Value:
    size = absolute(x)
    part = reduced(at_most(100.0, size) if single else size, single=single, low=not single)
    a, b = power_of_2(part.bits - 1), power_of_2(2 * ROUNDING_BITS - 1 - part.bits)
    even, other = (a - b, a + b) if odd else (a + b, a - b)
    z = part.r * part.r
    if single:
        sine = muladd(part.r * z, polynomial(SINH_SINGLE, z), part.r)
        result = muladd(even, muladd(z, polynomial(COSH_SINGLE, z), 1.0), other * sine)
        return copysign(result, x) if odd else result
    assert part.low is not None
    sine = muladd_polynomial(part.r * z, SINH, z, part.low)  # sinh(r) - r
    high = fma(other, part.r, even)
    low = fma(other, part.r, even - high)
    common = high + muladd(even, z * polynomial(COSH, z), muladd(other, sine, low))
    result = rarely(size > 708.0, common, lambda: select(size > 708.0, exp_of_any(size, -1), common))
    return copysign(result, x) if odd else result


@word
def tanh(x: Value, *, single: bool) -> Value:
    """e / (e + 2) of e = e**(2 |x|) - 1, with the sign of x. Source: FDLIBM s_tanh.c; both parts of e are divided."""
    double = at_most(40.0, absolute(x) * 2.0)  # tanh(20) is 1 to 2**-56
    part = reduced(double, single=single, low=not single)
    scale = power_of_2(part.bits)
    if single:
        e = muladd(scale, exponential_less_1(part.r, single=True), scale - 1.0)
        return copysign(e / (e + 2.0), x)
    e, low = fast_two_sum(*exponential_less_1_pair(part, scale, 1.0))
    total, lost = fast_two_sum(constant(2.0, e), e)
    return copysign(divided((e, low), (total, lost + low)), x)


@word
def asinh(x: Value, *, single: bool) -> Value:
    """log(|x| + sqrt(x**2 + 1)) with the sign of x, as log(1 + (|x| + (sqrt(x**2 + 1) - 1))), the sum in two parts.

    Source: FDLIBM s_asinh.c; the second part of the root spares its case distinctions.
    """
    size = absolute(x)
    square = fma(x, x, 1.0)
    root, root_low = _root(square, fma(x, x, 1.0 - square))
    high, low = fast_two_sum(size, root - 1.0)
    common = logarithm_of_1_plus(high, low + root_low, single=single)
    large = size > 2.0**500
    return copysign(rarely(large, common, lambda: select(large, log_of_any(size, 1.0), common)), x)


@word
def acosh(x: Value, *, single: bool) -> Value:
    """log(x + sqrt(x**2 - 1)), as log(1 + (t + sqrt(t**2 + 2 t))) with t = x - 1; nan below 1. Source: as asinh."""
    t = x - 1.0
    square = fma(t, t, t * 2.0)
    root, root_low = _root(square, fma(t, t, t * 2.0 - square))
    high, low = fast_two_sum(root, t)
    common = logarithm_of_1_plus(high, low + root_low, single=single)

    def careful() -> Value:
        result = select(x > 2.0**500, log_of_any(x, 1.0), common)
        return select(x > 1.0, result, select(x.equals(1.0), constant(0.0, x), NAN))

    return rarely(~((x > 1.0) & (x < 2.0**500)), common, careful)


@word
def atanh(x: Value, *, single: bool) -> Value:
    """log((1 + |x|) / (1 - |x|)) / 2 with the sign of x, as log(1 + 2 |x| / (1 - |x|)). Source: FDLIBM e_atanh.c."""
    size = absolute(x)
    double, divisor = size * 2.0, 1.0 - size
    inverse = 1.0 / divisor
    quotient = double * inverse
    rest = fma(-quotient, divisor, double) - quotient * ((1.0 - divisor) - size)
    common = logarithm_of_1_plus(quotient, rest * inverse, single=single) * 0.5
    edge = select(size.equals(1.0), constant(INFINITY, x), NAN)
    return copysign(rarely(~(size < 1.0), common, lambda: select(size < 1.0, common, edge)), x)


def _root(square: Value, low: Value) -> Pair:
    """The square root of a pair."""
    root = square_root(square)
    return root, (fma(-root, root, square) + low) * (0.5 / root)
