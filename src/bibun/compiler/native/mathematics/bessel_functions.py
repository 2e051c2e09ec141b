"""i0, i0e, i1, i1e: the modified Bessel functions of the first kind, of order 0 and 1; with an e times e**-|x|.

Up to 5 polynomials of x**2, sums of positive numbers. Above, e**-x sqrt(x) I(x) is between 0.36 and 0.42, a polynomial of 1 / x
on [5, 12] and another one from 12 on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bibun.compiler.native.code import Value, absolute, copysign, fma, muladd, select, square_root
from bibun.compiler.native.mathematics.arithmetic import (
    INFINITY,
    NAN,
    Pair,
    at_most,
    chain,
    chains,
    constant,
    fast_two_sum,
    polynomial,
    two_product,
)
from bibun.compiler.native.mathematics.exponentials import exponential_less_1_pair, power_of_2, reduced
from bibun.compiler.native.mathematics.registry import word

# (I0(x) - 1) / z of z = x**2, on [0.0, 25.0], degree 11, error 2**-57.92
I0_NEAR = (
    0.24999999999999997,
    0.01562500000000011,
    0.0004340277777776382,
    6.781684027860779e-06,
    6.78168402499608e-08,
    4.709502854729095e-10,
    2.4028067703827486e-12,
    9.386037492837798e-15,
    2.8964734082870266e-17,
    7.259666415235524e-20,
    1.4516855421315764e-22,
    3.2468936587057034e-25,
)
# The derivative of log(I0(x)) by x**2, on [0.0, 5.0], degree 2, error 2**-4.696
I0_SLOPE = (
    0.25964588021454693,
    -0.047562682824530945,
    0.0025623544368906788,
)
# e**-x sqrt(x) I0(x) of 1 / x - 9/64, on [-0.057292, 0.059375], degree 19, error 2**-59.63
I0_MIDDLE = (
    0.40661689091076547,
    0.06034037885686024,
    0.05197883246713644,
    0.11523827075955774,
    0.3154806991518546,
    -0.7774470317681549,
    -14.658841570749157,
    -4.7768894321249595,
    558.314246640175,
    -595.5875185853955,
    -21063.001750520263,
    103440.61232051408,
    411770.8125429314,
    -6670937.448321904,
    22466655.29897454,
    158771105.7712008,
    -2214922923.9579844,
    6468749724.746716,
    63494217098.41065,
    -439986452806.88904,
)
I0_MIDDLE_LOW = -1.489512952210233e-17
# e**-x sqrt(x) I0(x) of 1 / x - 1/16, on [-0.0625, 0.020833], degree 17, error 2**-58.6
I0_FAR = (
    0.4021765094450081,
    0.05376883173868682,
    0.03487131504445322,
    0.04564186636849278,
    0.09724543192856665,
    0.31180487135655827,
    1.4885323303204028,
    10.554035671953823,
    92.42417881529167,
    524.7744735591137,
    -7001.451634767647,
    -238083.29972088002,
    -2183166.862963879,
    22069975.172011923,
    840396295.6514384,
    10184716525.97477,
    60721798316.02955,
    149580577668.6292,
)
I0_FAR_LOW = -2.5390190949785967e-17
# (I1(x) / x - 1/2) / z of z = x**2, on [0.0, 25.0], degree 11, error 2**-60.35
I1_NEAR = (
    0.0625,
    0.0026041666666666696,
    5.4253472222217455e-05,
    6.781684027808531e-07,
    5.651403355424241e-09,
    3.363930591331243e-11,
    1.5017544229171945e-13,
    5.21445258432052e-16,
    1.4482920667241438e-18,
    3.2983215631591758e-21,
    6.072807410127375e-24,
    1.2321823238684381e-26,
)
# The derivative of log(I1(x) / x) by x**2, on [0.0, 5.0], degree 2, error 2**-5.672
I1_SLOPE = (
    0.12745112399180794,
    -0.009183374549914273,
    -0.00044042989886463175,
)
# e**-x sqrt(x) I1(x) of 1 / x - 9/64, on [-0.057292, 0.059375], degree 19, error 2**-59.65
I1_MIDDLE = (
    0.37683338620624734,
    -0.1662372844729246,
    -0.07826123619629974,
    -0.1449988085334805,
    -0.3880796793153039,
    0.6901449606440287,
    16.045871435707255,
    11.918657558051901,
    -595.3318901483951,
    373.81313325022984,
    22827.272254455303,
    -100658.3827979779,
    -490539.45898191165,
    6940763.200089886,
    -20725961.795726765,
    -180433465.01538092,
    2267652592.4143715,
    -5904896262.091574,
    -67474983273.7457,
    443693776729.6963,
)
I1_MIDDLE_LOW = 1.1511174760539851e-17
# e**-x sqrt(x) I1(x) of 1 / x - 1/16, on [-0.0625, 0.020833], degree 17, error 2**-58.47
I1_FAR = (
    0.38939845902587233,
    -0.15599323509177282,
    -0.05612435554160811,
    -0.06159788929397364,
    -0.12025266802674885,
    -0.3653092176489887,
    -1.6779610486415781,
    -11.574998978351386,
    -100.25475217441793,
    -584.5380804760374,
    6968.0573220440165,
    248289.8986561746,
    2352300.1208817144,
    -21514587.44347655,
    -861235337.9467689,
    -10540336717.225422,
    -63159301063.48454,
    -156113661818.01883,
)
I1_FAR_LOW = -4.444013762052243e-18
GREATEST = 1.7976931348623157e308
SHIFT = 17  # 2**-17 e**720 is a number, and I is infinite before


class Tables(NamedTuple):
    """Of one order. `first`: I(x) / x**order at 0."""

    first: float
    near: Sequence[float]
    slope: Sequence[float]
    middle: Sequence[float]
    middle_low: float
    far: Sequence[float]
    far_low: float


def _near(size: Value, tables: Tables) -> Pair:
    """I(x), in two parts: x**order (first + z q(z)) with z = x**2.

    At 5 an error of z is 2.5 times one of the result; so what z lost is brought back by the derivative, roughly.
    """
    z = size * size
    lost = fma(size, size, -z) * polynomial(tables.slope, size)
    q = chain(tables.near, z)
    start = muladd(muladd(z, q, tables.first), lost, tables.first)
    total = fma(z, q, start)
    rest = fma(z, q, start - total)
    if tables.first == 1.0:
        return total, rest
    product, low = two_product(size, total)
    return product, muladd(size, rest, low)


def _far(size: Value, tables: Tables) -> Pair:
    """e**-x I(x) = p(1 / x) / sqrt(x), in two parts. Source of the form: Abramowitz and Stegun 9.7.1."""
    root = square_root(size)
    inverse = 1.0 / root
    t = inverse * inverse
    middle = muladd(t - 0.140625, chains(tables.middle[1:], t - 0.140625), tables.middle_low)
    far = muladd(t - 0.0625, chains(tables.far[1:], t - 0.0625), tables.far_low)
    is_middle = size < 12.0
    first, rest = select(is_middle, constant(tables.middle[0], size), tables.far[0]), select(is_middle, middle, far)
    p = rest + first
    y = p * inverse
    root_low = fma(-root, root, size) * (inverse * 0.5)
    excess = fma(y, root, -p) + muladd(y, root_low, (p - first) - rest)
    return y, -(excess * inverse)


def _exponential(x: Value, shift: int) -> Pair:
    """2**-shift e**x in two parts."""
    part = reduced(x, low=True)
    return fast_two_sum(*exponential_less_1_pair(part, power_of_2(part.bits - shift if shift else part.bits), 0.0))


def _growing(x: Value, tables: Tables) -> Value:
    size = absolute(x)
    near, near_low = _near(size, tables)
    y, y_low = _far(at_most(720.0, size), tables)
    e, e_low = _exponential(at_most(720.0, size), SHIFT)
    far = fma(e, y, muladd(e, y_low, e_low * y)) * 2.0**SHIFT
    return select(
        size <= 5.0, near + near_low, select(size.equals(INFINITY), NAN, far)
    )  # nan is what SciPy has at infinity


def _scaled(x: Value, tables: Tables) -> Value:
    size = absolute(x)
    near, near_low = _near(size, tables)
    y, y_low = _far(at_most(GREATEST, size), tables)
    e, e_low = _exponential(-at_most(5.0, size), 0)
    scaled = fma(e, near, muladd(e, near_low, e_low * near))
    return select(size <= 5.0, scaled, select(size.equals(INFINITY), 0.0, y + y_low))


ORDER_0 = Tables(1.0, I0_NEAR, I0_SLOPE, I0_MIDDLE, I0_MIDDLE_LOW, I0_FAR, I0_FAR_LOW)
ORDER_1 = Tables(0.5, I1_NEAR, I1_SLOPE, I1_MIDDLE, I1_MIDDLE_LOW, I1_FAR, I1_FAR_LOW)


@word
def i0(x: Value, *, single: bool) -> Value:
    """I0(x), beyond the greatest double from 713.99. Source: the definition as a power series; Abramowitz and Stegun 9.7.1."""
    return _growing(x, ORDER_0)


@word
def i0e(x: Value, *, single: bool) -> Value:
    """e**-|x| I0(x). Source: as i0."""
    return _scaled(x, ORDER_0)


@word
def i1(x: Value, *, single: bool) -> Value:
    """I1(x), the derivative of I0, odd. Source: as i0."""
    return copysign(_growing(x, ORDER_1), x)


@word
def i1e(x: Value, *, single: bool) -> Value:
    """e**-|x| I1(x). Source: as i0."""
    return copysign(_scaled(x, ORDER_1), x)
