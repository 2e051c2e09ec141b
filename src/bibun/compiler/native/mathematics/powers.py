"""pow, cbrt, hypot. Owns the logarithm of twice the precision that pow needs.

log2(x) must be good to 2**-66 of itself, because y multiplies it by up to 2**10 before the exponential takes it. So with
x = 2**k (1 + f) and s = f / (2 + f), both with their rounding errors,

    log2(1 + f) = s (c1 + s**2 (c3 + s**2 p(s**2)))

in pairs, only p in doubles (after SLEEF's and Arm's pow: Shibata and Petrogalli, IEEE TPDS 31, 2020).
"""

from __future__ import annotations

from bibun.compiler.native.code import Value, absolute, copysign, fma, muladd, select, square_root
from bibun.compiler.native.mathematics.arithmetic import (
    INFINITY,
    NAN,
    ROUNDING,
    Pair,
    clamped,
    constant,
    fast_two_sum,
    muladd_polynomial,
    polynomial,
    rarely,
    two_product,
)
from bibun.compiler.native.mathematics.exponentials import (
    EXPONENTIAL,
    LN2,
    LN2_LOW,
    halves,
    power_of_2,
    power_of_2_less_1,
)
from bibun.compiler.native.mathematics.logarithms import LEAST, Split, split, split_of_any
from bibun.compiler.native.mathematics.registry import word

# (log2((1 + s) / (1 - s)) - 2 (s + s**3 / 3) / ln(2)) / s**5 of z = s**2, on [0.0, 0.029438], degree 7, error 2**-73.49
POWER = (
    0.5770780163555851,
    0.412198583111345,
    0.3205988979130338,
    0.26230819862375204,
    0.22195227274513404,
    0.19240123193225206,
    0.16845327921228562,
    0.17280332921189345,
)
# log2((1 + s) / (1 - s)) / s of z = s**2, on [0.0, 0.029438], degree 4, error 2**-37.79
POWER_SINGLE = (
    2.8853900817900815,
    0.961796673348071,
    0.577083583689455,
    0.4116727997996488,
    0.3407285391969857,
)
# 2 / ln 2 and 2 / (3 ln 2), each the sum of its two numbers
FIRST, FIRST_LOW = 2.8853900817779268, 4.0710547481862066e-17
THIRD, THIRD_LOW = 0.9617966939259756, 5.0577616648125907e-17


def logarithm_2_pair(k: Value, f: Value) -> Pair:
    """k + log2(1 + f) to some 2**-65 of itself."""
    divisor, divisor_low = fast_two_sum(constant(2.0, f), f)
    inverse = 1.0 / divisor
    s = f * inverse
    s_low = (fma(-s, divisor, f) - s * divisor_low) * inverse
    z, z_low = two_product(s, s)
    z_low = muladd(s * 2.0, s_low, z_low)
    inner, inner_low = fast_two_sum(constant(THIRD, f), z * polynomial(POWER, z))
    inner_low = inner_low + THIRD_LOW
    tail, tail_low = two_product(z, inner)
    tail_low = tail_low + muladd(z, inner_low, z_low * inner)
    factor, factor_low = fast_two_sum(constant(FIRST, f), tail)
    factor_low = factor_low + (tail_low + FIRST_LOW)
    product, product_low = two_product(s, factor)
    product_low = product_low + muladd(s, factor_low, s_low * factor)
    high, low = fast_two_sum(k, product)
    return high, low + product_low


def _exponent(part: Split, y: Value, *, single: bool) -> tuple[Value, Value | None]:
    """y log2(x) and its rounding error, which a float does not need."""
    if single:
        s = part.f / (part.f + 2.0)
        return y * muladd(s, polynomial(POWER_SINGLE, s * s), part.k), None
    high, low = logarithm_2_pair(part.k, part.f)
    product, product_low = two_product(y, high)
    return product, muladd(y, low, product_low)


def power_of_2_pair_less_1(exponent: Value, low: Value | None) -> tuple[Value, Value]:
    """(n in the low bits, 2**r - 1) with exponent + low = n + r, |exponent| < 2**20."""
    if low is None:
        return power_of_2_less_1(exponent, single=True)
    shifted = exponent + ROUNDING
    r, low = fast_two_sum(exponent - (shifted - ROUNDING), low)
    e, e_low = two_product(r, constant(LN2, r))
    e_low = e_low + muladd(r, LN2_LOW, low * LN2)
    return shifted.bits(), e + muladd_polynomial(e * e, EXPONENTIAL, e, e_low)


@word
def pow(x: Value, y: Value, *, single: bool) -> Value:
    """x**y = 2**(y log2(x)), as C99 and np.power have it at zeros, infinities, nan, and for x < 0 with an integer y."""
    part = split(x)
    exponent, low = _exponent(part, y, single=single)
    bits, rest = power_of_2_pair_less_1(exponent, low)
    scale = power_of_2(bits)
    unusual = (part.bits < LEAST) | ~(absolute(exponent) < 1022.0)
    return rarely(unusual, muladd(scale, rest, scale), lambda: _pow_of_any(x, y, single=single))


def _pow_of_any(x: Value, y: Value, *, single: bool) -> Value:
    size, steps = absolute(x), absolute(y)
    exponent, low = _exponent(split_of_any(size), y, single=single)
    bounded = clamped(exponent, -1100.0, 1100.0)
    bounded_low = None if low is None else select(bounded.equals(exponent), low, 0.0)
    bits, rest = power_of_2_pair_less_1(bounded, bounded_low)
    first, second = halves(bits)
    result = fma(first, rest, first) * second

    infinite = size.equals(0.0) | size.equals(INFINITY) | steps.equals(INFINITY)
    growing = (size > 1.0) ^ (y < 0.0)
    result = select(infinite, select(growing, constant(INFINITY, x), 0.0), result)
    whole = _is_whole(steps)
    result = select((x < 0.0) & ~whole & ~infinite, NAN, result)
    odd = whole & ~_is_whole(steps * 0.5)
    result = (result.bits() ^ select(odd, x.bits() & (-1 << 63), 0)).as_float()
    result = select(x.is_nan() | y.is_nan(), NAN, result)
    one = x.equals(1.0) | y.equals(0.0) | (size.equals(1.0) & steps.equals(INFINITY))
    return select(one, 1.0, result)


def _is_whole(size: Value) -> Value:
    """Where a number >= 0 is an integer."""
    return (size >= 2.0**52) | ((size + 2.0**52) - 2.0**52).equals(size)


# (1 + f)**(-1/3), on [-0.29289, 0.41421], degree 5, error 2**-17.41
INVERSE_CUBE_ROOT = (
    1.0000038539280494,
    -0.3332609522510945,
    0.22160490893934676,
    -0.17581897560675247,
    0.16041858707685605,
    -0.10806361843274254,
)
THIRD_POWERS = 0.7937005259840998, 1.2599210498948732  # 2**(-1/3), 2**(1/3)


@word
def cbrt(x: Value, *, single: bool) -> Value:
    """The cube root. With |x| = 2**(3 q) m, w = m**(-1/3) from a polynomial and one step of third order, then m w**2 and a
    step of Newton's that takes the exact cube. Source: Markstein, IA-64 and Elementary Functions (2000), chapter 12.
    """
    size = absolute(x)
    part = split(size)
    common = _cube_root(part, single=single)

    def careful() -> Value:
        result = _cube_root(split_of_any(size), single=single)
        return select((size > 0.0) & (size < INFINITY), result, size)

    return copysign(rarely(part.bits < LEAST, common, careful), x)


def _cube_root(part: Split, *, single: bool) -> Value:
    shifted = muladd(part.k, 1 / 3, ROUNDING)
    rest = muladd(shifted - ROUNDING, -3.0, part.k)  # -1, 0 or 1
    m = part.f + 1.0
    up, down = rest > 0.0, rest < 0.0
    m = m * select(up, constant(2.0, m), select(down, constant(0.5, m), 1.0))
    w = polynomial(INVERSE_CUBE_ROOT, part.f)
    w = w * select(up, constant(THIRD_POWERS[0], m), select(down, constant(THIRD_POWERS[1], m), 1.0))
    square = w * w
    error = fma(-(m * w), square, 1.0)
    w = muladd(w * error, muladd(error, 2 / 9, 1 / 3), w)
    square = w * w
    root = m * square
    if not single:
        cube, cube_low = two_product(root, root)
        excess = muladd(cube_low, root, fma(cube, root, -m))
        root = muladd(excess, square * (-1 / 3), root)
    return (root.bits() + (shifted.bits() << 52)).as_float()


@word
def hypot(x: Value, y: Value, *, single: bool) -> Value:
    """sqrt(x**2 + y**2), one square rounded; inf if either is. Source: the definition, scaled where a square would not do."""
    a, b = absolute(x), absolute(y)
    if single:
        common = square_root(muladd(a, a, b * b))
        return rarely(common.is_nan(), common, lambda: _infinite_or(common, a, b))
    u, v = select(a > b, a, b), select(a > b, b, a)
    common = square_root(fma(u, u, v * v))

    def careful() -> Value:
        scale = select(u > 1.0, constant(2.0**-600, u), 2.0**600)
        s, t = u * scale, v * scale
        scaled = square_root(fma(s, s, t * t)) * select(u > 1.0, constant(2.0**600, u), 2.0**-600)
        return _infinite_or(select(usual, common, select(u > 0.0, scaled, u + v)), a, b)

    usual = (u > 2.0**-400) & (u < 2.0**500)
    return rarely(~usual, common, careful)


def _infinite_or(result: Value, a: Value, b: Value) -> Value:
    return select(a.equals(INFINITY) | b.equals(INFINITY), constant(INFINITY, a), result)
