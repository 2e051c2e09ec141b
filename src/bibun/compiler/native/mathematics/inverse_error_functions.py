"""erfinv and ndtri: where erf and ndtr have a given value."""

from __future__ import annotations

from bibun.compiler.native.code import Value, absolute, copysign, fma, muladd, select, square_root
from bibun.compiler.native.mathematics.arithmetic import (
    INFINITY,
    NAN,
    Pair,
    chains,
    constant,
    polynomial,
    rarely,
    two_product,
)
from bibun.compiler.native.mathematics.error_functions import TWO_OVER_ROOT_PI, scaled_tail
from bibun.compiler.native.mathematics.exponentials import LN2
from bibun.compiler.native.mathematics.logarithms import log_of_any, logarithm, split
from bibun.compiler.native.mathematics.registry import word

# erfinv(x) / x of -log(1 - x**2) - 1, on [-1.0, 4.0001], degree 22, error 2**-59.63
CENTRAL = (
    1.1273743936892278,
    0.24783287028621093,
    0.004250709244824757,
    -0.0023763699555788206,
    0.00010012177623070586,
    3.820187248670976e-05,
    -4.275585713806475e-06,
    -5.652252270930054e-07,
    1.2231714597764725e-07,
    6.040135403312015e-09,
    -3.0241746555556553e-09,
    1.657975261806256e-11,
    6.758799832103025e-11,
    -3.723215210930592e-12,
    -1.3649412995901924e-12,
    1.5102726143746717e-13,
    2.5113497913891214e-14,
    -4.724592685376976e-15,
    -5.803305980570627e-16,
    2.6299984909264865e-16,
    -3.610681168250994e-17,
    2.4337780476056795e-18,
    -6.860533344179466e-20,
)
CENTRAL_LOW = -4.7152477908551e-17
# erfinv(x) / x of -log(1 - x**2) - 1, on [-1.0, 4.0001], degree 10, error 2**-28.73
CENTRAL_SINGLE = (
    1.127374393275928,
    0.24783288458874195,
    0.004250716376350976,
    -0.0023764491623418952,
    0.00010013384284627115,
    3.8315911230742685e-05,
    -4.3463357684562115e-06,
    -5.970409489138135e-07,
    1.7044378130220104e-07,
    -1.380623041481778e-08,
    3.355780618804559e-10,
)
# erfinv(x) / sqrt(w) of 1 / sqrt(w) - 1/4, w = -log(1 - x**2), on [-0.21339, 0.19726], degree 10, error 2**-23.76
FAR = (
    0.9599459628018545,
    -0.19819589369506319,
    0.08013525394344866,
    0.5535587596214623,
    -0.8528389096931269,
    0.8926618607285394,
    -5.024695269982563,
    -2.733572857260003,
    48.65465512812003,
    142.3077650937687,
    -724.8651952696641,
)
EDGE = 0.006737946999085467  # e**-5: where 1 - x**2 is less, the tail
ROOT_2, ROOT_2_LOW = 1.4142135623730951, -9.667293313452913e-17  # together sqrt(2) to 2**-108


@word
def erfinv(x: Value, *, single: bool) -> Value:
    """The y with erf(y) = x: x p(w) of w = -log(1 - x**2), after Giles (GPU Computing Gems, Jade Edition, 2011, chapter 10).

    For w > 5 that is only a first guess, made in 1 / sqrt(w); Halley's step on log(erfc(y)) = log(1 - |x|) follows.
    """
    size = absolute(x)
    square = fma(-x, x, 1.0)
    common = copysign(_central(square, x, None, single=single), x)

    def careful() -> Value:
        y, rest = _tail(1.0 - size)
        result = select(square > EDGE, common, copysign(y + rest, x))
        return select(size < 1.0, result, copysign(select(size.equals(1.0), constant(INFINITY, x), NAN), x))

    return rarely(~(square > EDGE), common, careful)


@word
def ndtri(x: Value, *, single: bool) -> Value:
    """The y with ndtr(y) = x, sqrt(2) erfinv(2 x - 1). Source: as erfinv; the tail takes log(2 x) or log(2 (1 - x))."""
    upper = 1.0 - x
    product = x * 4.0 * upper
    double = x + x
    difference = double - 1.0
    lever, lever_low = two_product(difference, constant(ROOT_2, x))
    lever_low = muladd(double - (difference + 1.0), ROOT_2, muladd(difference, ROOT_2_LOW, lever_low))
    common = _central(product, lever, lever_low, single=single)

    def careful() -> Value:
        below = x < 0.5
        y, rest = _tail(select(below, x, upper) * 2.0)
        tail = fma(y, ROOT_2, muladd(rest, ROOT_2, y * ROOT_2_LOW))
        tail = select(below, -tail, tail)
        edge = select(x.equals(0.0), constant(-INFINITY, x), select(x.equals(1.0), constant(INFINITY, x), NAN))
        return select((x > 0.0) & (x < 1.0), select(product > EDGE, common, tail), edge)

    return rarely(~(product > EDGE), common, careful)


def _central(square: Value, x: Value, x_low: Value | None, *, single: bool) -> Value:
    """(x + x_low) p(w) with w = -log(square)."""
    part = split(square)
    w = -1.0 - logarithm(part.k, part.f, single=single)
    if single:
        return x * polynomial(CENTRAL_SINGLE, w)
    rest = muladd(w, chains(CENTRAL[1:], w), CENTRAL_LOW)
    product = x * rest if x_low is None else muladd(x_low, rest + CENTRAL[0], x * rest)
    return fma(x, CENTRAL[0], product)


def _tail(rest: Value) -> Pair:
    """The y >= 1.9 with erfc(y) = rest, and what is to be added to it."""
    logarithm = log_of_any(rest)
    w = muladd(rest, 0.5, -LN2) - logarithm  # -log(rest (2 - rest)) to 2**-21
    root = square_root(w)
    y = polynomial(FAR, 1.0 / root - 0.25) * root
    scaled, _ = scaled_tail(y, constant(0.0, y), single=False)
    slope = TWO_OVER_ROOT_PI / scaled  # log(erfc(y)) = log(scaled) - y**2 has the derivative -slope
    square, square_low = two_product(y, y)
    step = ((log_of_any(scaled) - square_low) - (square + logarithm)) / slope
    return y, step * muladd(step * 0.5, muladd(y, 2.0, -slope), 1.0)
