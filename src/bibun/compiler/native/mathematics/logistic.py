"""The logistic function and its kin: expit, log_expit, logit, logaddexp, logaddexp2. All need e**-d, d >= 0, and log(1 + it)."""

from __future__ import annotations

from collections.abc import Callable

from bibun.compiler.native.code import Value, absolute, fma, muladd, select
from bibun.compiler.native.mathematics.arithmetic import (
    INFINITY,
    NAN,
    Pair,
    at_most,
    constant,
    divided,
    fast_two_sum,
    rarely,
)
from bibun.compiler.native.mathematics.exponentials import (
    FAR,
    LN2,
    LOG2_E,
    exp2_of_any,
    exp_of_any,
    exponential_less_1,
    exponential_less_1_pair,
    power_of_2,
    power_of_2_less_1,
    reduced,
)
from bibun.compiler.native.mathematics.logarithms import log_of_any, logarithm_of_1_plus, logarithm_of_pair
from bibun.compiler.native.mathematics.registry import word


def _exponential(x: Value, *, single: bool) -> Pair:
    """e**x for -708 <= x <= 0, in two parts."""
    part = reduced(x, single=single, low=not single)
    scale = power_of_2(part.bits)
    if single:
        e = muladd(scale, exponential_less_1(part.r, single=True), scale)
        return e, e
    return fast_two_sum(*exponential_less_1_pair(part, scale, 0.0))


@word
def expit(x: Value, *, single: bool) -> Value:
    """1 / (1 + e**-x), of e = e**-|x|: 1 / (1 + e) or e / (1 + e). Source: the definition; both parts of e are divided."""
    e, e_low = _exponential(-at_most(FAR, absolute(x)), single=single)
    below = x < 0.0
    if single:
        return select(below, e, 1.0) / (e + 1.0)
    total, low = fast_two_sum(constant(1.0, e), e)
    common = divided((select(below, e, 1.0), select(below, e_low, 0.0)), (total, low + e_low))
    return rarely(x < -FAR, common, lambda: select(x < -FAR, exp_of_any(x), common))


@word
def log_expit(x: Value, *, single: bool) -> Value:
    """log(1 / (1 + e**-x)) = min(x, 0) - log(1 + e**-|x|), a sum of numbers of one sign. Source: scipy.special.log_expit."""
    size = absolute(x)
    tail = logarithm_of_1_plus(*_exponential(-at_most(FAR, size), single=single), single=single)
    return rarely(
        size > FAR,
        at_most(-0.0, x) - tail,
        lambda: at_most(-0.0, x) - select(size > FAR, exp_of_any(-size), tail),
    )


@word
def logit(x: Value, *, single: bool) -> Value:
    """log(x / (1 - x)), the quotient in two parts, so that the root at 1/2 is exact. Source: the definition."""
    divisor = 1.0 - x
    inverse = 1.0 / divisor
    quotient = x * inverse
    rest = fma(-quotient, divisor, x) - quotient * ((1.0 - divisor) - x)
    common = logarithm_of_pair(quotient, rest * inverse, single=single)
    usual = (x > 2.0**-1000) & (x < 1.0)

    def careful() -> Value:
        above = select(x.equals(1.0), constant(INFINITY, x), NAN)
        return select(usual, common, select(x < 0.5, log_of_any(x, single=single), above))

    return rarely(~usual, common, careful)


@word
def logaddexp(x: Value, y: Value, *, single: bool) -> Value:  # `single`: the difference needs all of the digits
    """log(e**x + e**y) = m + log(1 + e**-|x - y|), m the greater. Near 0 the error is an ulp of m, as np.logaddexp's."""

    def tail(d: Value) -> Value:
        return logarithm_of_1_plus(*_exponential(-at_most(FAR, d), single=False), single=False)

    return _added(x, y, FAR, tail, exp_of_any, LN2)


@word
def logaddexp2(x: Value, y: Value, *, single: bool) -> Value:
    """log2(2**x + 2**y) = m + log2(1 + 2**-|x - y|), m the greater. Near 0 the error is an ulp of m, as np.logaddexp2's."""

    def tail(d: Value) -> Value:
        bits, p = power_of_2_less_1(-at_most(1021.0, d), single=False)
        scale = power_of_2(bits)
        e = fma(scale, p, scale)
        return logarithm_of_1_plus(e, fma(scale, p, scale - e), single=False) * LOG2_E

    def far(x: Value) -> Value:
        return exp2_of_any(x) * LOG2_E

    return _added(x, y, 1021.0, tail, far, 1.0)


def _added(
    x: Value, y: Value, edge: float, tail: Callable[[Value], Value], far: Callable[[Value], Value], of_equal: float
) -> Value:
    """The greater + tail(their distance), or beyond the edge far(-distance)."""
    greater = select(x > y, x, y)
    distance = absolute(x - y)
    near = tail(distance)

    def careful() -> Value:
        result = greater + select(distance > edge, far(-distance), near)
        return select(x.equals(y), x + of_equal, result)  # inf and inf too

    return rarely(~(distance <= edge), greater + near, careful)
