"""Looking far below a window: for a scale on which f is a line, or for structure that was taken for noise."""

from __future__ import annotations

from collections.abc import Generator
from math import frexp, inf, ldexp

from bibun.numerical.argument_rounding import pair_beside
from bibun.numerical.course import ROUNDINGS, START, Course
from bibun.numerical.window import Window

PROBES = 9
FIRST = 14  # octaves
STEP = 10  # octaves, or half the way that is left
LIKE_A_LINE = 0.3  # even part by odd part
QUIET = 0.1  # of the amplitude of the noise
SUSPICIOUS = 1e-10  # noise above this may be structure that the levels are too wide for
FAINT = 256  # roundings; above this, where all levels are wider than the natural scale
FAR = 16  # octaves: farther down, an iteration that stops early is smooth, and its slope there is wrong
ALIAS = 32  # times the noise and the truncation
NATURAL = -6  # however large x is, f may vary on a scale of 1

Probe = Generator[list[float], None, "int | str | None"]


def line_below(course: Course, varies: float, ceiling: int, noise: float = 0.0) -> Probe:
    """The top of a window below `ceiling` on whose scale f is a line; "side" where f has values on one side only; None
    where there is only noise, or nothing. f varies by `varies` at the ceiling.
    """
    lowest, highest, exponent = course.floor, ceiling, ceiling - FIRST
    for _ in range(PROBES):
        exponent = max(exponent, lowest)
        if not (yield from course.need_one(exponent)):
            if exponent <= lowest + 1:
                return "side"
        else:
            odd, even, rounding = course.parts(exponent)
            seen = max(odd, even)
            if seen <= ROUNDINGS * rounding:  # too far down
                lowest = max(lowest, exponent + 1)
                if highest - exponent <= 3:
                    return None
                exponent = (highest + exponent) // 2
                continue
            if even <= LIKE_A_LINE * odd and not (noise > 0 and seen >= QUIET * noise):
                length = odd / even if even > 0.5 * ROUNDINGS * rounding else inf  # in units of 2**exponent
                length = min(length, varies / odd)
                top = frexp(length)[1] + exponent - START if length < inf else highest - START
                return max(min(top, highest - 2), course.floor + 4)
        if exponent <= lowest:
            course.bottomless = True  # noise, a jump, or something finer still
            return None
        highest = min(highest, exponent)
        exponent -= max(STEP, (exponent - lowest) // 2)
    return None


def aliased(course: Course, window: Window) -> Generator[list[float], None, int | None]:
    """Steps that are whole numbers see nothing of a function with period 1. A pair between them does. The top of a window
    on the natural scale.
    """
    if course.alias_sought or window.bottom < 0 or course.samples.evaluations + 2 > course.limit:
        return None
    course.alias_sought = True
    beside = yield from pair_beside(course, window, window.bottom)
    if beside is None:
        return None
    rounding = course.samples.precision * max(beside.size, window.size)
    if beside.residual <= ALIAS * (max(window.sigma * window.size, rounding) + window.truncation * beside.at):
        return None
    course.ceiling, course.rescues, course.widenings = window.bottom, 0, 0
    return NATURAL + 2


def structure_below(course: Course, window: Window) -> Generator[list[float], None, int | None]:
    """Noise, or structure finer than the levels? At two far smaller steps noise is as loud. The top of a window for it."""
    amplitude = window.sigma * window.sizes[-1]
    suspicious = FAINT * window.precision if window.bottom > NATURAL else SUSPICIOUS
    if not window.noisy or window.sigma <= suspicious or course.spent or amplitude > QUIET * course.loudest:
        return None  # as loud as where it was looked for before
    course.loudest = amplitude
    far = min(min(window.bottom, course.start - 6) - FAR, NATURAL)
    excess = even = rounding = 0.0
    for exponent in (max(far, course.floor + 9), max(far - 4, course.floor + 6)):
        if not (yield from course.need_one(exponent)):
            return None
        odd, even, rounding = course.parts(exponent)
        excess = abs(odd - abs(window.value) * ldexp(1.0, exponent)) if course.order == 1 else odd
        if max(odd, even) == 0.0 or max(odd, even, excess) <= ROUNDINGS * rounding:
            return None  # constant: f is rounded to so many digits
        if max(even, excess) >= QUIET * amplitude:
            return None
    lengths = [2.0 ** ((window.bottom - exponent) // 2 + 6)]  # on which the hidden part varies, in units of the step
    if excess > 0.5 * ROUNDINGS * rounding:
        lengths.append(amplitude / excess)
    if even > 0.5 * ROUNDINGS * rounding:
        lengths.append((amplitude / even) ** 0.5)
    top = frexp(min(lengths))[1] + exponent - START
    if top >= window.bottom - 1:
        return None
    course.ceiling, course.rescues, course.widenings = window.bottom, 0, 0
    return max(top, course.floor + 3)
