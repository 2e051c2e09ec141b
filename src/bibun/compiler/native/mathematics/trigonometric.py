"""sin, cos, tan, sinc, and sin and cos of one argument. The multiples of pi / 2 are reduction.py's.

After x = n pi / 2 + r, |r| <= pi / 4, both a polynomial for sin(r) and one for cos(r) are evaluated, and n tells which of
them is the result, and its sign.
"""

from __future__ import annotations

from bibun.compiler.native.code import Value, absolute, fma, literal, muladd, select
from bibun.compiler.native.mathematics.arithmetic import (
    accurate_polynomial,
    constant,
    divided,
    fast_two_sum,
    muladd_polynomial,
    polynomial,
    rarely,
)
from bibun.compiler.native.mathematics.reduction import Reduced, reduced
from bibun.compiler.native.mathematics.registry import word

# (r - sin(r)) / r**3 of z = r**2, on [0.0, 0.61691], degree 5, error 2**-57.88
SINE = (
    0.1666666666666663,
    -0.00833333333332192,
    0.0001984126982946076,
    -2.7557313583261536e-06,
    2.505074250416644e-08,
    -1.589595564817715e-10,
)
# sin(r) / r of z = r**2, on [0.0, 0.61691], degree 3, error 2**-28.2
SINE_SINGLE = (
    0.9999999967631563,
    -0.16666650228351904,
    0.008332016594228891,
    -0.00019501830072424274,
)
# (cos(r) - 1 + r**2 / 2) / r**4 of z = r**2, on [0.0, 0.61691], degree 5, error 2**-64.18
COSINE = (
    0.0416666666666666,
    -0.001388888888887448,
    2.4801587289677297e-05,
    -2.7557314402882654e-07,
    2.0875729538045967e-09,
    -1.135994723473544e-11,
)
# cos(r) of z = r**2, on [0.0, 0.61691], degree 4, error 2**-34.3
COSINE_SINGLE = (
    0.9999999999525768,
    -0.49999999615280233,
    0.04166661672429119,
    -0.0013886618758668652,
    2.4379887531899792e-05,
)
# (tan(h) - h) / h**3 of z = h**2, on [0.0, 0.15423], degree 8, error 2**-58.69
TANGENT = (
    0.3333333333333351,
    0.13333333333288078,
    0.05396825400841893,
    0.021869486789238064,
    0.0088632784432308,
    0.0035914933149219577,
    0.0014615847682836619,
    0.000559002821384652,
    0.0003289008845009926,
)
# (tan(h) - h) / h**3 of z = h**2, on [0.0, 0.15423], degree 3, error 2**-28.85
TANGENT_SINGLE = (
    0.33333291568871687,
    0.1333592754254472,
    0.053470222505649284,
    0.02557633939641581,
)


@word
def sin(x: Value, *, single: bool) -> Value:
    """The sine of x radians. Source: Cody and Waite; for |x| > 2**21 Payne and Hanek."""
    return _circular(x, 0, single=single)


@word
def cos(x: Value, *, single: bool) -> Value:
    """The cosine of x radians. Source: as sin."""
    return _circular(x, 1, single=single)


def _circular(x: Value, quarters: int, *, single: bool) -> Value:
    part = reduced(x, single=single)
    quadrant = part.quadrant + quarters if quarters else part.quadrant
    if part.low is not None and not x.lanes:
        either = _sine_or_cosine(part.r, part.low, quadrant)
        return _of_quadrant(quadrant, either, either)
    return _of_quadrant(quadrant, _sine(part), _cosine(part))


def _sine_or_cosine(r: Value, low: Value, quadrant: Value) -> Value:
    """The sine of a scalar r - low, or where the quadrant is odd the cosine: first - (first r**2 p(r**2) + rest).

    One polynomial, its coefficients loaded from one of two rows: sooner ready than two of which one is selected.
    """
    code = r.code
    rows = [*SINE, 0.0, 0.0], [0.5, *(-c for c in COSINE), 0.0]
    numbers = ", ".join(f"double {literal(c, 'f64')}" for row in rows for c in row)
    table = code.module.constant("sine_cosine", f"[{2 * len(rows[0])} x double] [{numbers}]")
    odd = quadrant & 1
    row = code.emit(f"getelementptr [{len(rows[0])} x double], ptr {table}, {odd.typed}", "ptr")
    places = [code.emit(f"getelementptr double, ptr {row.text}, i64 {i}", "ptr") for i in range(len(COSINE) + 1)]
    coefficients = [code.emit(f"load double, {place.typed}", "f64") for place in places]
    is_odd = odd.differs(0)
    first, rest = select(is_odd, 1.0, r), select(is_odd, -r, constant(1.0, r)) * low
    z = r * r
    return first - muladd(first * z, polynomial(coefficients, z), rest)


def _of_quadrant(quadrant: Value, sine: Value, cosine: Value) -> Value:
    """The sine of quadrant pi / 2 + r."""
    result = sine if sine is cosine else select((quadrant & 1).differs(0), cosine, sine)
    return (result.bits() ^ ((quadrant & 2) << 62)).as_float()


def _sine(part: Reduced) -> Value:
    """sin(r - low) = r - (low + r**3 s(r**2)); of -0 it is -0."""
    z = part.r * part.r
    if part.low is None:
        return part.r * polynomial(SINE_SINGLE, z)
    return part.r - muladd_polynomial(part.r * z, SINE, z, part.low)


def _cosine(part: Reduced) -> Value:
    """cos(r - low) = 1 - (r**2 / 2 - r low - r**4 c(r**2)); `low` is known late, and stands where it does not delay."""
    z = part.r * part.r
    if part.low is None:
        return polynomial(COSINE_SINGLE, z)
    return 1.0 - muladd(-(z * z), polynomial(COSINE, z), fma(z, 0.5, -(part.r * part.low)))


@word
def tan(x: Value, *, single: bool) -> Value:
    """The tangent of x radians: with t = tan(r / 2), 2 t / (1 - t**2), or where n is odd its inverse, negated.

    Source: reduction as sin; the half angle as in SLEEF (Shibata and Petrogalli, IEEE TPDS 31, 2020), which leaves a
    polynomial of half the length. Numerator and denominator have their rounding errors with them.
    """
    part = reduced(x, single=single)
    odd = (part.quadrant & 1).differs(0)
    return _tangent_single(part.r, odd) if part.low is None else _tangent(part.r, part.low, odd)


def _tangent(r: Value, low: Value, odd: Value) -> Value:
    half = r * 0.5
    z = half * half
    excess = muladd_polynomial(half * z, TANGENT, z, low * -0.5)
    double, double_low = fast_two_sum(r, excess * 2.0)
    t = double * 0.5
    other = fma(-t, t, 1.0)
    other_low = fma(-t, t, 1.0 - other) - t * double_low
    top = select(odd, -other, double), select(odd, -other_low, double_low)
    return divided(top, (select(odd, double, other), select(odd, double_low, other_low)))


def _tangent_single(r: Value, odd: Value) -> Value:
    half = r * 0.5
    z = half * half
    t = muladd(half * z, polynomial(TANGENT_SINGLE, z), half)
    double, other = t * 2.0, muladd(-t, t, 1.0)
    return select(odd, -other, double) / select(odd, double, other)


# (1 - sin(pi r) / (pi r)) / r**2 of z = r**2, on [0.0, 0.25], degree 8, error 2**-69.8
SINC = (
    1.6449340668482264,
    -0.8117424252833536,
    0.19075182412208228,
    -0.026147847817604493,
    0.0023460810347206056,
    -0.00014842878652864303,
    6.975838091623002e-06,
    -2.530039381033934e-07,
    7.0878328804151805e-09,
)
SINC_LOW = 3.021040847599491e-17  # of the constant term
# (1 - sin(pi r) / (pi r)) / r**2 of z = r**2, on [0.0, 0.25], degree 4, error 2**-35.31
SINC_SINGLE = (
    1.6449340628501732,
    -0.8117422085958057,
    0.1907479631574072,
    -0.026117547929800235,
    0.0022371526212863406,
)


@word
def sinc(x: Value, *, single: bool) -> Value:
    """sin(pi x) / (pi x), 1 at 0: with the integer n next to |x| and r = |x| - n, (-1)**n (r / |x|) (sin(pi r) / (pi r)).

    Exactly 0 at integers, where np.sinc has what sin leaves of the rounded multiple of pi. Source: the definition.
    """
    size = absolute(x)
    shifted = size + 2.0**52  # rounds to an integer, up to 2**52
    r = size - (shifted - 2.0**52)
    z = r * r
    less = z * accurate_polynomial(SINC_SINGLE if single else SINC, z)
    inverse = 1.0 / size
    ratio = r * inverse
    high = 1.0 - less
    if single:
        value = ratio * high
    else:
        rest = fma(-ratio, size, r) * inverse
        value = fma(ratio, high, muladd(ratio, (1.0 - high) - less, rest * high))
    common = (value.bits() ^ (shifted.bits() << 63)).as_float()

    def careful() -> Value:
        value = select(size >= 2.0**52, (x - x) / x, common)
        return select(size < 2.0**-500, 1.0, value)

    return rarely(~((size >= 2.0**-500) & (size < 2.0**52)), common, careful)
