"""Looking far below a window: for a scale on which f is a line, or for structure that was taken for noise."""

from __future__ import annotations

from collections.abc import Generator
from math import frexp, inf, ldexp

from bibun.numerical.course import ROUNDINGS, START, Course
from bibun.numerical.window import Window

PROBES = 9
FIRST = 14  # octaves
STEP = 10  # octaves, or half the way that is left
LIKE_A_LINE = 0.3  # even part by odd part
FLAT = 0.05
QUIET = 0.1  # of the amplitude of the noise
LOUDER = 32.0  # than the noise: it is none
SUSPICIOUS = 1e-10  # noise above this may be structure that the levels are too wide for
FAINT = 256  # roundings; above this, where all levels are wider than the natural scale
ARGUMENT = 64.0  # roundings of x, which the few samples of it make seem larger
FAR = 16  # octaves: farther down, an iteration that stops early is smooth, and its slope there is wrong
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


def suspicious(course: Course, window: Window) -> bool:
    """Whether its noise may be structure that the levels are too wide for, and not what f rounds its argument by."""
    least = (FAINT * window.precision if window.bottom > NATURAL else SUSPICIOUS) * window.size
    if window.beside:
        least = max(least, ARGUMENT * window.precision * course.samples.scale * window.slope)
    return window.noisy and window.sigma * window.size > least


def structure_below(course: Course, window: Window) -> Generator[list[float], None, int | None]:
    """Noise, or structure finer than the levels? At two far smaller steps noise is as loud. The top of a window for it."""
    amplitude = window.sigma * window.sizes[-1]
    if not suspicious(course, window) or course.spent or amplitude > QUIET * course.loudest:
        return None  # as loud as where it was looked for before
    course.loudest = amplitude
    far = min(min(window.bottom, course.start - 6) - FAR, NATURAL)
    exponents = max(far, course.floor + 9), max(far - 4, course.floor + 6)
    for exponent in exponents:
        if not (yield from course.need_one(exponent)):
            return None
        odd, even, rounding = course.parts(exponent)
        hidden = abs(odd - ldexp(abs(window.value), exponent)) if course.order == 1 else 0.0
        if max(even, hidden) >= LOUDER * amplitude and (yield from course.look_beside(window)):
            amplitude = window.sigma * window.sizes[-1]
        if max(odd, even) == 0.0:
            yield from course.look_beside(window)
            return None  # constant: f is rounded to so many digits, whether or not it is in phase
        if even < FLAT * hidden and (yield from course.look_beside(window)):  # a line, and noise is none
            amplitude = window.sigma * window.sizes[-1]
        if max(even, 0.0 if window.in_phase else hidden) >= QUIET * amplitude:
            return None  # as loud as above
    wide, exponent = exponents
    bent = abs(course.parts(wide)[0] - ldexp(odd, wide - exponent))
    hidden = hidden if course.order == 1 else bent
    if bent >= QUIET * amplitude or max(odd, even, hidden) <= ROUNDINGS * rounding:
        return None
    lengths = [2.0 ** ((window.bottom - exponent) // 2 + 6)]  # on which the hidden part varies, in units of the step
    if hidden > 0.5 * ROUNDINGS * rounding:
        lengths.append(amplitude / hidden)
    if even > 0.5 * ROUNDINGS * rounding:
        lengths.append((amplitude / even) ** 0.5)
    top = frexp(min(lengths))[1] + exponent - START
    if top >= window.bottom - 1:
        return None
    course.ceiling, course.rescues, course.widenings = window.bottom, 0, 0
    return max(top, course.floor + 3)
