"""What steps that are powers of two cannot show: that f rounds its argument, f(x (1 + delta)).

Beside x + h both sides are then rounded alike. A pair of steps beside the powers of two tells, and the derivative is
off by delta x f'', which no step makes smaller.
"""

from __future__ import annotations

from collections.abc import Generator

from bibun.numerical.course import Course
from bibun.numerical.samples import EPS, scaled
from bibun.numerical.window import Window

FAR_DOWN = 2.0**20  # of such a step in x, where rounding of the argument is likely
ROUNDINGS = 8


def argument_rounding(course: Course, window: Window) -> Generator[list[float], None, float]:
    """What to add to the error for it; two evaluations where it may matter."""
    samples, level = course.samples, window.chosen
    if course.order != 1:
        return 0.0
    even, exponent = abs(window.even[level]), window.top - level
    bend = scaled(2 * even, -exponent)  # f'' h
    steps_in_x = scaled(abs(samples.x), -exponent)
    systematic = 0.25 * EPS * steps_in_x * bend
    seen = systematic > window.error and even > 4 * window.sigma * window.sizes[level]
    if not seen and (steps_in_x <= FAR_DOWN or window.noisy):
        return 0.0
    yield from course.look_beside(window)
    yield from course.look_beside(window, mirrored=True)
    beside = [window.differs(t) for t in window.beside]
    if not beside:
        return systematic
    residual, truncation = max(found for found, _ in beside), max(left for _, left in beside)
    if residual > ROUNDINGS * (4 * window.sigma * window.sizes[level] + truncation):
        return 2 * systematic
    share = scaled(residual / max(window.slope, 1e-300), -exponent)
    return min(systematic, 2 * share * bend)
