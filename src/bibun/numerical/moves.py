"""The next move of a search whose window converges, or does not for want of wider levels. Asks for no values."""

from __future__ import annotations

from math import log2
from typing import NamedTuple

from bibun.numerical.course import Course
from bibun.numerical.window import TRUNCATION_WEIGHT, Window

TARGET = 8.8e-14  # where the claimed error is this share of the derivative, nothing more is asked for
GOOD_ENOUGH = 16  # times the target: not worth wider levels
LIMITED = 0.5  # truncation of this share of the noise: a level of half the step helps
CONVERGED = 0.05  # an error of this share of the slope, and the rest is a matter of digits
FEW_LEVELS, MANY_LEVELS, MOST_LEVELS = 7, 9, 14

ADJOINING = 3  # so many octaves wider, the levels join the window that is there
FARTHEST = 40
MOST_WIDENINGS = 4
DECAY_MARGIN = 1.25
WORTH = (0.7, 0.6, 0.13)  # what is left of the error must be less: one octave wider, a few, a window of its own
WORTH_A_TRY = 1e-10  # with a larger error, wider levels are tried even where the decay promises nothing
TRY = 2

FINE_NOISE = 1e-3  # relative noise below this is rather noise than structure
FINEST_NOISE = 1e-8  # and below this it is noise


class Move(NamedTuple):
    """stop; deeper: a level of half the step; wider: `to` octaves more, joined; jump: a window with its top at `to`;
    beside: look between the levels; below: look far below; side: f has values on one side of x only.
    """

    kind: str
    to: int = 0


STOP, DEEPER, BESIDE, BELOW, SIDE = (Move(kind) for kind in ("stop", "deeper", "beside", "below", "side"))


def settled(course: Course, window: Window) -> bool:
    """Whether the target is reached, and the noise known; or all that was found possible beside this x."""
    if window.error <= course.enough * window.size and converges(window):
        return True
    return window.error <= TARGET * abs(window.value) and (window.evidence >= 3 or not window.noisy)


def converges(window: Window) -> bool:
    """Whether some digits are there."""
    return window.error < CONVERGED * window.slope


def improved(course: Course, window: Window) -> Move:
    """The move of a window that converges."""
    truncation, noise = TRUNCATION_WEIGHT * window.truncation, window.noise_weight * window.noise
    last = len(window.table.rows) - 1
    limited = truncation > max(TARGET * abs(window.scaled), LIMITED * noise)
    if limited or (window.evidence < 1 and window.count < FEW_LEVELS):
        if not limited and not window.below:
            return BESIDE  # one value, which may tell the noise
        stuck = window.count >= FEW_LEVELS and window.chosen < last - 3
        return STOP if stuck or window.count >= MOST_LEVELS else DEEPER
    nearer = _nearer_x(course, window, last)
    if nearer is not None:
        return nearer
    wider = _wider(course, window)
    if wider is STOP and window.noisy and window.evidence < 3 and window.count < MANY_LEVELS:
        return DEEPER if window.below else BESIDE
    return wider


def _nearer_x(course: Course, window: Window, last: int) -> Move | None:
    """x is near 0, and the noise shrinks with the step: f is large only away from x."""
    top, noises = course.top_near_x(), window.noises
    if top is None or not (window.chosen == last > 0 and noises[-1] < 0.7 * noises[-2]):
        return None
    if window.sizes[-1] <= 4 * abs(course.samples.center) or top >= window.bottom - 2 or course.rescues >= 5:
        return None
    course.rescues += 1
    course.ceiling, course.farther = min(course.ceiling, window.bottom), window
    return Move("jump", top)


def _wider(course: Course, window: Window) -> Move:
    """Noise limits the answer: would wider levels have less of it, and not too much truncation?"""
    room = course.room(window)
    error = TRUNCATION_WEIGHT * window.truncation + window.noise_weight * window.noise
    if course.widenings >= MOST_WIDENINGS or room <= 0 or error <= GOOD_ENOUGH * TARGET * abs(window.scaled):
        return STOP
    octaves = _octaves(course, window, room, error)
    worth = TARGET if course.thorough else WORTH_A_TRY
    if not octaves and error > worth * abs(window.scaled) and not course.tried:
        course.tried = True
        octaves = min(TRY, room)
    if not octaves:
        return STOP
    course.widenings += 1
    course.before = window
    return Move("wider", octaves) if octaves <= ADJOINING else Move("jump", window.top + octaves)


def _octaves(course: Course, window: Window, room: int, error: float) -> int:
    """How many octaves wider would be best, by the measured decay; 0 where they are not worth their evaluations."""
    slope = max(abs(window.scaled), abs(window.odd[0]) if course.order % 2 else abs(window.even[0]))
    decay = DECAY_MARGIN * max(window.own_decay, 0.25 * window.decay)
    widest = window.noises[0] / window.sizes[0] * max(window.sizes)
    best, octaves = error, 0
    for wider in range(1, min(room, FARTHEST) + 1):
        truncation, noise = slope, widest * 2.0 ** (-wider * course.order)
        shrinks = (2.0**wider * decay) ** 2
        for _ in range(wider + window.count if wider <= ADJOINING else course.levels):
            truncation *= shrinks
            expected = TRUNCATION_WEIGHT * truncation + window.noise_weight * noise
            if expected < best:
                best, octaves = expected, wider
            noise *= 2.0**course.order
            shrinks /= 4
    one, few, own_window = WORTH
    worth = one if octaves <= 1 else few if octaves <= ADJOINING else own_window
    return octaves if best < worth * error else 0


def converging(course: Course, window: Window) -> Move:
    """The move of a window with no digits: wider where rounding or fine noise limits it, deeper where that helps, else
    far below.
    """
    room = course.room(window)
    decay = window.decay if window.noisy else window.decay_bound
    fine = not window.noisy or window.sigma < FINE_NOISE
    noise_limits = window.noise > 2 * window.truncation and fine and (decay < 0.3 or window.noisy)
    if noise_limits and room > 0 and course.widenings < MOST_WIDENINGS:
        course.before = window
        course.widenings += 1
        octaves = max(3, min(12, int(-log2(max(decay, 1e-6))) - 3))
        return Move("jump", window.top + min(octaves, room))
    if window.truncation > 0.3 * window.noise and window.decay < 0.7 and window.count < FEW_LEVELS - 1:
        return DEEPER
    steady = abs(window.decay - course.decay) < 0.2 * course.decay  # a power of h, the same on every scale
    if steady and window.count < FEW_LEVELS and window.truncation > window.noise:
        return DEEPER
    if course.rescues >= 5 or (window.noisy and window.sigma < FINEST_NOISE):
        return STOP
    course.rescues += 1
    top = None if course.near_x else course.top_near_x()
    course.near_x = True
    if top is not None and top < window.bottom - 1:
        course.ceiling = min(course.ceiling, window.bottom)
        return Move("jump", top)
    course.decay = window.decay
    return BELOW
