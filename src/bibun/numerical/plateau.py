"""f that has the same value at several levels: what its values do not show. Asks for values of f, calls nothing.

1 - cos(x) is 0 for all x below 1e-8, and a rounding of the cosine is all that may be missing. Its own value, 0, does not
say how large that is; but values farther away do, which are multiples of one number. A function that is constant by
itself, max(x, 0) beside 0, has no such number.
"""

from __future__ import annotations

from collections.abc import Generator
from math import ldexp, remainder

from bibun.numerical.beside import SHARE
from bibun.numerical.course import Course
from bibun.numerical.samples import EPS, scaled
from bibun.numerical.window import Window

ROUNDINGS = 16.0  # of the largest value: what differences of values are known to
CERTAIN = 256.0  # times that: the last remainder of numbers with nothing in common is a little above it
STAIRS = 2.0**-20  # of x or f: wider stairs that leave all levels constant are f itself, as those of floor(x)
SAME = 1 + 1e-9  # changes that are so much alike differ by rounding
NEAREST = 3  # changes; larger ones may have gone through more than a sum
MOST = 5  # pairs; f may have no values far from x
FEW = 2  # values that differ, and two multiples of nothing in common


def hidden(course: Course, window: Window) -> Generator[list[float], None, tuple[float, float]]:
    """What a plateau hides of the derivative, and the stairs of f, 0 where there are none."""
    level = window.count
    while level and window.odd[level - 1] == window.even[level - 1] == 0.0:
        level -= 1
    if level == window.count or course.together:
        return 0.0, 0.0
    everything = window.varies() == 0.0
    samples, exponent = course.samples, min(course.highest, 1000) if everything else window.top + 1
    for _ in range(MOST):
        changes = _changes(course)
        if len(changes) >= FEW or samples.evaluations + 2 > course.limit:
            break
        t = ldexp(SHARE, exponent)  # of all bits: what f computes of it has no unit of its own
        yield [-t, t]
        if not _changes(course) and samples.values[-t] == samples.values[t]:
            break  # constant, as far as f can show
        exponent += -1 if everything else 1
    size = max(abs(value) for value in samples.values.values() if value == value)
    small = _changes(course)[:NEAREST]
    stairs = _common_unit(small, ROUNDINGS * EPS * (abs(samples.center) + max(small, default=0.0)))
    if everything and stairs > STAIRS * max(abs(samples.x), size):
        stairs = 0.0
    missing = max(stairs, EPS * size)
    for _ in range(course.order):
        missing = scaled(missing, level - window.top)
    return missing, stairs / size if size else 0.0


def _changes(course: Course) -> list[float]:
    """By how much values differ from f(x), the least first; what differs by rounding counts once."""
    center, distinct = course.samples.center, [0.0]
    for change in sorted(abs(value - center) for value in course.samples.values.values() if value == value):
        if change > distinct[-1] * SAME:
            distinct.append(change)
    return distinct[1:]


def _common_unit(changes: list[float], rounding: float) -> float:
    """The number of which all are multiples, by Euclid's algorithm; 0 where it is lost in rounding."""
    unit = 0.0
    for change in changes:
        wide, narrow = change, unit
        while narrow > rounding:
            wide, narrow = narrow, abs(remainder(wide, narrow))
        unit = wide
    return unit if unit > CERTAIN * rounding else 0.0
