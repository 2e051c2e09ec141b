"""erf and erfc. Owns the scaled tail e**(a**2) erfc(a), of which the normal distribution is made too."""

from __future__ import annotations

from bibun.compiler.native.code import Value, absolute, copysign, fma, muladd, select
from bibun.compiler.native.mathematics.arithmetic import (
    Pair,
    accurate_polynomial,
    at_most,
    chains,
    constant,
    fast_two_sum,
    polynomial,
    rarely,
    two_product,
)
from bibun.compiler.native.mathematics.exponentials import (
    exponential_less_1,
    exponential_less_1_pair,
    halves,
    power_of_2,
    reduced,
)
from bibun.compiler.native.mathematics.registry import word

# erf(x) / x - 1 of w = x**2 - 1.125, on [-1.125, 1.125], degree 14, error 2**-57.2
ERROR_NEAR = (
    -0.1831638252160808,
    -0.2002244862536007,
    0.05207608401055198,
    -0.011439241436457926,
    0.002113278881815115,
    -0.00033384132504434894,
    4.588856069396916e-05,
    -5.57194416997727e-06,
    6.052458384781473e-07,
    -5.943647692499439e-08,
    5.323602852633713e-09,
    -4.380808219878868e-10,
    3.335349078351612e-11,
    -2.407729300435858e-12,
    1.5777885890017468e-13,
)
# erf(x) / x - 1 of w = x**2 - 1.125, on [-1.125, 1.125], degree 8, error 2**-30.19
ERROR_NEAR_SINGLE = (
    -0.18316382533339992,
    -0.20022448096054382,
    0.052076086537410644,
    -0.011439297909163546,
    0.0021132719830776274,
    -0.00033367953887713045,
    4.588928503713116e-05,
    -5.742745129275546e-06,
    6.144942841106058e-07,
)
# erfc(x)**(1/8) of w = x - 2.25, on [-0.75, 3.75], degree 15, error 2**-57.19
ERROR_FAR = (
    0.44222676430740376,
    -0.2699193968536335,
    0.030696639519819505,
    0.014046968288669661,
    -0.0034469543266440524,
    -0.0003719464623373954,
    0.0001887812644650177,
    -4.210068603421301e-06,
    -5.268995433561638e-06,
    4.426808459209463e-07,
    9.539242403156366e-08,
    -1.109332784413267e-08,
    -2.3946031481444392e-09,
    5.053448213996892e-10,
    -1.2165041899669032e-11,
    -2.7120234907845916e-12,
)
# erfc(x)**(1/8) of w = x - 2.25, on [-0.75, 1.75], degree 6, error 2**-31.23
ERROR_FAR_SINGLE = (
    0.44222675027712544,
    -0.26991950758753275,
    0.030696948822789852,
    0.014049448256088488,
    -0.003445376282814958,
    -0.0003791362425014476,
    0.0001809366757416701,
)


@word
def erf(x: Value, *, single: bool) -> Value:
    """2 / sqrt(pi) times the integral of exp(-t**2) from 0 to x.

    Below 1.5 x + x p(x**2); from there 1 - q(|x|)**8, the converse of an idea of Hastings (Approximations for Digital
    Computers, 1955, sheet 43): erfc is less than 0.034 there, so that an eightfold error of q is still no more than half of
    one in erf's last place, and q, a root of a function that falls so fast, is a polynomial of low degree.
    """
    size = at_most(4.0 if single else 6.0, absolute(x))
    p = accurate_polynomial(ERROR_NEAR_SINGLE if single else ERROR_NEAR, fma(x, x, -1.125))
    q = accurate_polynomial(ERROR_FAR_SINGLE if single else ERROR_FAR, size - 2.25)
    for _ in range(3):
        q = q * q
    return select(size < 1.5, muladd(x, p, x), copysign(1.0 - q, x))


# e**(a**2) erfc(a) (1 + 2 a) of w = 1 / (a + 4) - 5/32, on [-0.15625, 0.09375], degree 23, error 2**-58.04
TAIL = (
    1.2672926603147934,
    1.0074902761020832,
    -5.95197216355786,
    -130.31567488794073,
    -1252.5473567214904,
    -8480.908497981736,
    -43730.81226867243,
    -171809.28517609363,
    -483613.70370541804,
    -762887.0987101856,
    495499.5822664595,
    5837348.3087708,
    9109458.219416052,
    -23225125.58837441,
    -97117798.84716284,
    59510069.864265695,
    789565657.8684605,
    28256748.80920857,
    -6432017490.931605,
    -2153740920.7243156,
    54810204475.20337,
    43351467842.686386,
    -378936135424.4282,
    -716446054054.0505,
)
# e**(a**2) erfc(a) (1 + 2 a) of w = 1 / (a + 4) - 5/32, on [-0.15625, 0.09375], degree 12, error 2**-30.87
TAIL_SINGLE = (
    1.2672926608651929,
    1.0074903184772666,
    -5.9519762642335525,
    -130.31578992839744,
    -1252.542544225937,
    -8480.812818758865,
    -43732.80208342942,
    -171845.17620094013,
    -483271.83090667694,
    -756120.0512317222,
    476192.2458897107,
    5210046.940238468,
    8286377.800679538,
)

TAIL_LOW = -8.529108684740577e-17  # of the constant term
TWO_OVER_ROOT_PI = 1.1283791670955126


def scaled_tail(a: Value, a_low: Value, *, single: bool) -> Pair:
    """e**(a**2) erfc(a) for a >= 0, to 2**-57 for a <= 28 and 2**-47 beyond; `a_low` is the rest of a.

    p(t) / (1 + 2 a) with t = 1 / (a + 4) and a polynomial p between 1 and 1.16, after Shepherd and Laframboise (Mathematics
    of Computation 36, 1981). One division serves both denominators. The rounding of a + 4 and of t, to which p is sensitive
    where a is small, is made good with the derivative of the tail y, 2 a y - 2 / sqrt(pi).
    """
    double = a + a
    divisor, divisor_low = fast_two_sum(constant(1.0, a), double)
    other, other_low = fast_two_sum(constant(4.0, a), a)
    both = 1.0 / (divisor * other)
    t, inverse = divisor * both, other * both
    if single:
        y = inverse * polynomial(TAIL_SINGLE, t - 0.15625)
        return y, y
    rest = muladd(t - 0.15625, chains(TAIL[1:], t - 0.15625), TAIL_LOW)
    p = rest + TAIL[0]
    y = p * inverse
    slope = fma(fma(double, y, -TWO_OVER_ROOT_PI), divisor, y + y)  # of p by a
    shift = muladd(t, other_low + a_low, fma(t, other, -1.0)) * other
    p_low = muladd(shift, slope, rest - (p - TAIL[0]))
    excess = fma(y, divisor, -p) + muladd(y, muladd(a_low, 2.0, divisor_low), -p_low)
    return y, -(excess * inverse)


def times_gaussian(y: Pair, square: Value, square_low: Value, *, single: bool) -> Value:
    """y e**-(square + square_low), down to the smallest numbers, square <= 784."""
    if single:
        part = reduced(-square, single=True)
        scale = power_of_2(part.bits)
        return muladd(scale, exponential_less_1(part.r, single=True), scale) * y[0]
    part = reduced(-square, low=True)
    r, low = fast_two_sum(part.r, part.low - square_low)
    part = part._replace(r=r, low=low)

    def of(scale: Value) -> Value:
        e, e_low = fast_two_sum(*exponential_less_1_pair(part, scale, 0.0))
        return fma(e, y[0], muladd(e, y[1], e_low * y[0]))

    def careful() -> Value:
        first, second = halves(part.bits)
        return select(square > 700.0, of(first) * second, common)

    common = of(power_of_2(part.bits))
    return rarely(square > 700.0, common, careful)


@word
def erfc(x: Value, *, single: bool) -> Value:
    """1 - erf(x), relatively exact down to the smallest numbers, at x = 27.2. Source: scaled_tail, times exp(-x**2)."""
    a = at_most(15.0 if single else 28.0, absolute(x))
    tail = times_gaussian(scaled_tail(a, constant(0.0, a), single=single), *two_product(a, a), single=single)
    return select(x < 0.0, 2.0 - tail, tail)
