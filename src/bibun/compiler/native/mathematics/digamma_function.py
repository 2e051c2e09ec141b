"""digamma: the logarithmic derivative of gamma."""

from __future__ import annotations

from bibun.compiler.native.code import Value, absolute, copysign, fma, muladd, select
from bibun.compiler.native.mathematics.arithmetic import (
    NAN,
    chains,
    constant,
    fast_two_sum,
    polynomial,
    rarely,
    two_product,
)
from bibun.compiler.native.mathematics.exponentials import LN2, LN2_LOW
from bibun.compiler.native.mathematics.logarithms import log_of_any, shortfall, split
from bibun.compiler.native.mathematics.reduction import HALF_PI
from bibun.compiler.native.mathematics.registry import word
from bibun.compiler.native.mathematics.trigonometric import SINC

# digamma(x) / (x - root) of x - 3/2, on [-0.5, 0.5], degree 21, error 2**-55.94
DIGAMMA = (
    0.951055876031833,
    -0.4236274212814606,
    0.24054248424077398,
    -0.14840492305388772,
    0.09498872445497253,
    -0.06192213327485214,
    0.04076083381080812,
    -0.026975796686059626,
    0.017907252481529193,
    -0.011908219518721406,
    0.007926944016226635,
    -0.0052799450827440315,
    0.003519012144697459,
    -0.002345429656337908,
    0.0015565993633395558,
    -0.0010367991595512712,
    0.0007234369454939333,
    -0.0004848593185034192,
    0.00022702515836190158,
    -0.00014675921191017248,
    0.000259851476293027,
    -0.00017672263102035452,
)
DIGAMMA_LOW = -5.431817617300095e-17
# (log(x) - 1 / (2 x) - digamma(x)) x**2 of z = 1 / x**2, on [0.0, 0.11111], degree 10, error 2**-57.73
ASYMPTOTIC = (
    0.0833333333333129,
    -0.00833333332332448,
    0.0039682521910177895,
    -0.004166504205039731,
    0.007566851484225742,
    -0.020773615384503157,
    0.07540760558942831,
    -0.29992277419900276,
    1.0475677116591766,
    -2.54820417881893,
    3.0355079987974367,
)
ROOT, ROOT_LOW = 1.4616321449683622, 9.549995429965697e-17  # where digamma is 0


@word
def digamma(x: Value, *, single: bool) -> Value:
    """The derivative of log(gamma(x)), scipy.special.psi. Below 0 by reflection, digamma(-x) - 1/x - pi / tan(pi x), with an
    error of some ulps of pi / tan(pi x); nan at -1, -2, ....

    On [1, 2] (x - root) q(x), the root in two parts, as in Boost's digamma.hpp (Maddock); below and up to 3 one step of the
    recurrence; above log(x) - 1 / (2 x) - a(1 / x**2) / x**2.
    """
    common = _digamma(x)
    usual = (x > 2.0**-1000) & (x < 2.0**1000)
    return rarely(~usual, common, lambda: select(usual, common, _digamma_of_any(x)))


def _digamma(x: Value) -> Value:
    """For 2**-1000 < x < 2**1000."""
    first, second, third = x < 1.0, x < 2.0, x < 3.0
    less = x - 1.0
    place = select(first, x + 1.0, select(second, x, less))  # in [1, 2]
    lost = select(first, x - (place - 1.0), 0.0)
    divisor = select(second, x, select(third, less, x))
    inverse = 1.0 / divisor
    inverse_low = fma(-inverse, divisor, 1.0) * inverse

    distance, distance_low = place - ROOT, lost - ROOT_LOW
    t = place - 1.5
    rest = muladd(t, chains(DIGAMMA[1:], t), DIGAMMA_LOW)
    step = select(second, select(first, -inverse, 0.0), inverse)
    step_low = select(second, select(first, -inverse_low, 0.0), inverse_low)
    product, product_low = two_product(distance, constant(DIGAMMA[0], x))
    total, error = fast_two_sum(step, product)
    low = muladd(distance, rest, muladd(distance_low, rest + DIGAMMA[0], product_low + step_low))
    near = total + (error + low)

    part = split(x)
    square = inverse * inverse
    tail = muladd(square, polynomial(ASYMPTOTIC, square), inverse * 0.5)
    far = fma(part.k, LN2, part.f - shortfall(part.f, fma(part.k, LN2_LOW, -tail)))
    return select(third, near, far)


def _digamma_of_any(x: Value) -> Value:
    size = absolute(x)
    above = select(size > 2.0**1000, log_of_any(size), _digamma(size))
    rounding = constant(2.0**52, x)
    r = size - ((size + rounding) - rounding)
    r = select(size < 2.0**52, r, 0.0)
    half = absolute(r)
    other = 0.5 - half
    cosine = other * (1.0 - other * other * polynomial(SINC, other * other))
    sine = half * (1.0 - half * half * polynomial(SINC, half * half))
    cotangent = copysign(cosine / sine * (2 * HALF_PI), r)
    below = above + (1.0 / size + cotangent)
    below = select(r.equals(0.0), NAN, below)
    result = select(x < 0.0, below, above)
    result = select(size < 2.0**-1000, -1.0 / x, result)
    return select(x.is_nan(), x, result)
