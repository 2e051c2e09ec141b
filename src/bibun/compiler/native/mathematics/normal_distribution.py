"""ndtr, log_ndtr: the normal distribution, by scipy.special's names. The tail is error_functions.py's."""

from __future__ import annotations

from bibun.compiler.native.code import Value, absolute, copysign, muladd, select
from bibun.compiler.native.mathematics.arithmetic import Pair, at_most, constant, fast_two_sum, rarely, two_product
from bibun.compiler.native.mathematics.error_functions import scaled_tail, times_gaussian
from bibun.compiler.native.mathematics.logarithms import logarithm_of_1_plus
from bibun.compiler.native.mathematics.registry import word

ROOT_HALF, ROOT_HALF_LOW = 0.7071067811865476, -4.833646656726457e-17  # together sqrt(1/2) to 2**-109


def _tail(size: Value, *, single: bool) -> Pair:
    """e**(x**2 / 2) ndtr(-x) of size = x >= 0."""
    a, a_low = two_product(size, constant(ROOT_HALF, size))
    y, y_low = scaled_tail(a, muladd(size, ROOT_HALF_LOW, a_low), single=single)
    return y * 0.5, y_low * 0.5


@word
def ndtr(x: Value, *, single: bool) -> Value:
    """The probability that a standard normal variable is less than x, erfc(-x / sqrt(2)) / 2. Source: scaled_tail."""
    size = at_most(20.0 if single else 39.0, absolute(x))
    tail = times_gaussian(_tail(size, single=single), *two_product(size * 0.5, size), single=single)
    return select(x > 0.0, 1.0 - tail, tail)


@word
def log_ndtr(x: Value, *, single: bool) -> Value:
    """log(ndtr(x)): for x <= 0 log(y) - x**2 / 2 with the scaled tail y, else log(1 - e**(-x**2 / 2) y).

    Source: scaled_tail.
    """
    size = absolute(x)
    y = _tail(at_most(2.0**30, size), single=single)  # beyond, log(y) is nothing beside x**2
    half = two_product(size * 0.5, size)
    upper = x > 0.0
    bound = 200.0 if single else 745.0
    far = half[0] > bound
    tail = times_gaussian(y, select(far, bound, half[0]), select(far, 0.0, half[1]), single=single)
    high, low = fast_two_sum(constant(-1.0, x), y[0])
    logarithm = logarithm_of_1_plus(select(upper, -tail, high), select(upper, 0.0, y[1] + low), single=single)
    common = copysign(select(upper, logarithm, (logarithm - half[1]) - half[0]), constant(-1.0, x))
    huge = size > 2.0**500  # whose square may be infinite
    return rarely(huge, common, lambda: select(huge, select(upper, constant(-0.0, x), -(size * 0.5 * size)), common))
