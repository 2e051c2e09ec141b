"""Where to begin along many lines: what the values along a few of them say of the best levels. Calls no function."""

from __future__ import annotations

from collections.abc import Sequence
from math import frexp, inf

from bibun.numerical.course import Course, Start
from bibun.numerical.samples import Samples
from bibun.numerical.search import USUAL
from bibun.numerical.window import Window

ENOUGH = 5.0  # times the error that a window of so many levels has beside the first few x


def learned(pilots: Sequence[Samples], order: int) -> Start:
    """A window of as many levels as a search begins with, at the top that is best for most of these samples.

    Steps may go with the size of x, or be the same for all: what varies less is taken.
    """
    found = [best for samples in pilots if (best := _best_top(samples, order)) is not None]
    if 2 * len(found) <= len(pilots):
        return USUAL
    middle = len(found) // 2
    octaves, tops = sorted(one[0] for one in found), sorted(one[1] for one in found)
    if octaves[-1] - octaves[0] < tops[-1] - tops[0]:
        errors = sorted(error * scale for _, _, error, scale in found)
        return Start(octaves=octaves[middle], enough=ENOUGH * errors[middle])
    errors = sorted(error for _, _, error, _ in found)
    return Start(top=tops[middle], enough=ENOUGH * errors[middle])


def _best_top(samples: Samples, order: int) -> tuple[int, int, float, float] | None:
    """Octaves above the usual top, the top, the error beside the size of f, and the scale of x; None where no window
    converges.
    """
    course = Course(samples, order, 1 << 30, USUAL)
    values, best = samples.values, None
    least = inf
    for exponent in sorted(frexp(t)[1] - 1 for t in values if t > 0 and frexp(t)[0] == 0.5):
        if all(2.0 ** (exponent - j) in values and samples.valid(exponent - j) for j in range(course.levels)):
            window = Window(samples, exponent, course.levels, order)
            if window.error < least and window.error < 1e-3 * abs(window.value) and window.size:
                least = window.error
                best = exponent - course.usual, exponent, window.error / window.size, course.scale
    return best
