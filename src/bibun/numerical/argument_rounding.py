"""What steps that are powers of two cannot show: that f rounds its argument, f(x (1 + delta)).

Beside x + h both sides are then rounded alike. A pair of steps beside the powers of two tells, and the derivative is
off by delta x f'', which no step makes smaller.
"""

from __future__ import annotations

from collections.abc import Generator
from math import ldexp
from typing import NamedTuple

from bibun.numerical.course import Course
from bibun.numerical.samples import EPS, scaled
from bibun.numerical.window import Window

BESIDE = 0.7310585786300049  # of the step: as far as can be from a dyadic number
FAR_DOWN = 2.0**20  # of such a step in x, where rounding of the argument is likely
ROUNDINGS = 8


def argument_rounding(course: Course, window: Window, error: float) -> Generator[list[float], None, float]:
    """What to add to the error for it; two evaluations where it may matter."""
    samples, level = course.samples, window.chosen
    if course.order != 1:
        return 0.0
    even, exponent = abs(window.even[level]), window.top - level
    bend = scaled(2 * even, -exponent)  # f'' h
    steps_in_x = scaled(abs(samples.x), -exponent)
    systematic = 0.25 * EPS * steps_in_x * bend
    seen = systematic > error and even > 4 * window.sigma * window.sizes[level]
    if not seen and (steps_in_x <= FAR_DOWN or window.noisy):
        return 0.0
    beside = yield from pair_beside(course, window, exponent)
    if beside is None:
        return systematic
    residual, at, _ = beside
    if residual > ROUNDINGS * (4 * window.sigma * window.sizes[level] + window.truncation * at):
        return 2 * systematic
    share = scaled(residual / max(window.slope, 1e-300), -exponent)
    return min(systematic, 2 * share * bend)


class Beside(NamedTuple):
    """How far f at -at and at, in units of 2**top, is from what the levels let expect; and the larger of the two values."""

    residual: float
    at: float
    size: float


def pair_beside(course: Course, window: Window, exponent: int) -> Generator[list[float], None, Beside | None]:
    """A pair of steps beside the power of two; None where f has no value there."""
    samples, step = course.samples, ldexp(BESIDE, exponent)
    yield [-step, step]
    below, above = samples.values[-step], samples.values[step]
    if below != below or above != above:
        return None
    at = 0.5 * ((samples.x + step) - (samples.x - step)) / ldexp(1.0, window.top)
    residual = _residual(window, samples.center, below, above, at)
    return Beside(residual, at, max(abs(below), abs(above)))


def _residual(window: Window, center: float, below: float, above: float, at: float) -> float:
    steps = [2.0**-j for j in range(window.count)]
    odd = _interpolate([part / h for part, h in zip(window.odd, steps, strict=True)], steps, at) * at
    even = _interpolate([part / h / h for part, h in zip(window.even, steps, strict=True)], steps, at) * at * at
    return max(abs((above - below) * 0.5 - odd), abs((below - center) * 0.5 + (above - center) * 0.5 - even))


def _interpolate(values: list[float], steps: list[float], at: float) -> float:
    """The polynomial in h**2 through these values, at h = `at` (Neville)."""
    squares, square, row = [step * step for step in steps], at * at, list(values)
    for m in range(1, len(row)):
        for i in range(len(row) - m):
            row[i] = row[i + 1] + (row[i + 1] - row[i]) * (square - squares[i + m]) / (squares[i + m] - squares[i])
    return row[0]
