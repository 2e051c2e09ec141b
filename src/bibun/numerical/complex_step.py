"""The complex step, f'(x) = Im f(x + i eta) / eta, and a test that f is a function it is true of. Calls no function.

The complex step has no cancellation: eta is as small as one likes (Lyness and Moler 1967; Squire and Trapp 1998). But it
is silently wrong where f is not analytic as written: abs, conjugate, a comparison, a real part. So two more values
are asked for: f(x + h + i eta), and f(x - h), which goes through the real f. A cubic has f(x), f'(x), f(x+h) and
f'(x+h), and must meet f(x-h):

    f(x - h) = 5 f(x+h) - 4 f(x) - 2 h (2 f'(x) + f'(x+h)) + h**4 f'''' / 6
"""

from __future__ import annotations

from collections.abc import Generator
from math import frexp, isfinite, ldexp
from typing import Any, NamedTuple

from bibun.numerical.samples import EPS, SMALLEST, SMALLEST_SCALE

ETA = 2.0**-80  # times x: its square vanishes beside anything, and nothing underflows
ETA_AT_ZERO = 2.0**-340  # where its powers must vanish
FIRST = 13  # h is this many octaves below the scale of x, where h**4 is a rounding error
FINER, FINEST = 3, 8  # octaves to the next h; where the mismatch is far from rounding, the second
FAR = 2.0**12
TRIES = 4
ROUNDINGS = 24.0  # what the rounding of the four values and of h f' may come to, in units of the largest
FEW_ROUNDINGS = 4.0
MOST_ROUNDINGS = 1024.0  # NumPy's complex log1p and its like have hundreds where the result is small
STAYS = 4.0  # a mismatch that shrinks by less is noise; by 2**FINER, a wrong slope
FALLS = 64.0  # by more than this, the h**4 of a right one
RESOLUTION = 1e-6  # the test must be able to see an error of this share of the derivative


class Certified(NamedTuple):
    """A complex step that passed the test; `error` bounds the rounding of the derivative."""

    value: float
    error: float
    step: float


class Test(NamedTuple):
    """How f(x - h) met its prediction: the mismatch in roundings, and f'' as far as two slopes tell."""

    roundings: float
    curvature: float
    step: float


Values = dict[float | complex, Any]
Asks = Generator[list[float | complex], None, Any]


def eta_for(scale: float) -> float:
    """The imaginary step for an x of this size: a power of two."""
    return ldexp(ETA, max(frexp(scale)[1], -900)) if scale else ETA_AT_ZERO


def certified(x: float, scale: float, values: Values) -> Asks:
    """f'(x) by the complex step, Certified, or None. Asks for f at x + t, complex and real, as `search` does."""
    eta = eta_for(scale)
    yield [complex(0.0, eta)]
    center = values[complex(0.0, eta)]
    slope = center.imag / eta
    test = yield from met_by_f(center.real, slope, scale, values)
    if test is None:
        return None
    size = max(scale, SMALLEST_SCALE)
    parts = abs(center.real) / size + abs(x) * test.curvature
    error = EPS * ((0.7 + 0.20 * test.roundings) * abs(slope) + 0.25 * parts)
    if error > 1e-9 * abs(slope):
        return None
    error += SMALLEST / eta + (eta / test.step) ** 2 * test.curvature * test.step  # underflow, and eta**2 f''' / 6
    return Certified(slope, error, test.step)


def met_by_f(f: float, slope: float, scale: float, values: Values, part: float = 0.0) -> Asks:
    """Whether `slope` is the derivative of the real f: a Test, or None where it is not, or nobody can tell.

    `part`: the size of what the slope along a direction is a sum of, for the parts may cancel, in f as well.
    """
    if not (isfinite(f) and isfinite(slope)):
        return None
    eta = eta_for(scale)
    level = frexp(max(scale, SMALLEST_SCALE))[1] - FIRST
    before = 0.0
    for _ in range(TRIES):
        h = ldexp(1.0, level)
        yield [complex(h, eta), -h]
        ahead, behind = values[complex(h, eta)], values[-h]
        f_ahead, slope_ahead, f_behind = ahead.real, ahead.imag / eta, behind.real
        mismatch = abs(f_behind - f + 5 * (f - f_ahead) + 2 * h * (2 * slope + slope_ahead))
        rounding = EPS * max(abs(f), abs(f_ahead), abs(f_behind), h * abs(slope), h * abs(slope_ahead), part * scale)
        if not isfinite(mismatch) or behind.imag != 0:
            return None
        if rounding == 0.0:
            return Test(0.0, 0.0, h)  # f is 0 at and about x
        if max(rounding * ROUNDINGS, min(mismatch, before)) > RESOLUTION * h * max(abs(slope), abs(slope_ahead), part):
            return None  # the test could not tell a right derivative from a wrong one
        roundings = mismatch / rounding
        right = roundings <= ROUNDINGS if not before else mismatch <= max(FEW_ROUNDINGS * rounding, before / FALLS)
        noise = before and mismatch > before / STAYS and roundings <= MOST_ROUNDINGS
        if (right and roundings <= ROUNDINGS) or noise:
            if before < FALLS * FEW_ROUNDINGS * rounding:  # noise, and now small by chance?
                roundings = max(roundings, before / rounding)
            return Test(roundings, abs(slope_ahead - slope) / h, h)
        if before and roundings > ROUNDINGS and mismatch > before / FALLS:
            return None  # as a wrong slope shrinks
        before = mismatch
        level -= FINEST if roundings > FAR * ROUNDINGS else FINER
    return None
