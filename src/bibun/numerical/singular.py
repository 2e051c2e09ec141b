"""Kinks and jumps at x itself, where there is no derivative. Asks for values of f, calls nothing.

Over symmetric levels the even part of a smooth f shrinks fourfold from level to level. At a kink it halves: it is
half the difference of the two slopes, times h. At a jump the even part or the odd part stays. Noise can look like that
on a few levels, so two levels far below must say the same.
"""

from __future__ import annotations

from collections.abc import Generator
from itertools import pairwise
from math import inf, ldexp
from typing import NamedTuple

from bibun.numerical.boundary import one_sided
from bibun.numerical.extrapolation import Table
from bibun.numerical.samples import Samples
from bibun.numerical.window import TRUNCATION_WEIGHT, Window

HALVES = (1.7, 2.3)  # the even part of a kink beside some curvature
STAYS = (0.95, 1.05)
BELOW = (9, 18)  # octaves; and a third level near the smallest step that x has
LOWEST = 8
SAME = 0.1
GONE = 0.3
ROUNDINGS = 8.0


class Singular(NamedTuple):
    """No derivative: the mean of the two slopes and half their difference at a kink; one slope, error inf, at a jump."""

    value: float
    error: float
    status: str


def suspected(window: Window) -> str:
    """ "kink", "jump", or "" where the last levels look like neither."""
    floor = ROUNDINGS * window.precision * max(window.sizes)
    even, odd = window.even[-3:], window.odd[-3:]
    if min(map(abs, even)) > floor:
        if _ratios_within(even, HALVES):
            return "kink"
        if _ratios_within(even, STAYS):
            return "jump"
    if min(map(abs, odd)) > floor and _ratios_within(odd, STAYS):
        return "jump"
    return ""


def kink_of_slope(window: Window) -> Singular | None:
    """For the second derivative: f' with a kink at x. (odd part) / h then shrinks to f' by halves, not by quarters.

    With second derivatives a and b on the two sides it is f' + (b - a) h / 4 + ..., and the even part gives their mean.
    """
    slopes = [part * 2.0**j for j, part in enumerate(window.odd)]
    steps = [wide - narrow for wide, narrow in pairwise(slopes)]
    floor = ROUNDINGS * window.precision * max(window.sizes) * 2.0 ** len(steps)
    if len(steps) < 3 or min(map(abs, steps)) <= floor or not _ratios_within(steps, HALVES):
        return None
    half, half_error = (4 * abs(part) for part in _quotient(window, steps))  # a step is an eighth of b - a, times h
    mean_error = TRUNCATION_WEIGHT * window.truncation + window.noise_weight * window.noise
    error = half + half_error + window.unscaled(mean_error)
    words = f"kink of the slope: second derivatives {window.value - half:.6g} and {window.value + half:.6g}"
    return Singular(window.value, error, words)


def _ratios_within(parts: list[float], limits: tuple[float, float]) -> bool:
    low, high = limits
    return all(low < wide / narrow < high for wide, narrow in pairwise(parts))


def singular(samples: Samples, window: Window, kind: str) -> Generator[list[float], None, Singular | int | None]:
    """Look far below whether the suspicion holds. A kink beside x gives the top of a window that does not reach it."""
    levels = [window.bottom]
    for exponent in (*(window.bottom - octaves for octaves in BELOW), samples.floor + LOWEST):
        if exponent >= levels[-1] - 3 or exponent < samples.floor + LOWEST:
            continue
        levels.append(exponent)
        step = ldexp(1.0, exponent)
        missing = [t for t in (-step, step) if t not in samples.values]
        if missing:
            yield missing
        if not samples.valid(exponent):
            return None
    if len(levels) < 2:
        return None
    if kind == "kink":
        return _kink(samples, window, levels)
    if not (_jumps(samples, levels, samples.even) or _jumps(samples, levels, samples.odd)):
        return None
    return (yield from _jump(samples, levels[-1]))


def _kink(samples: Samples, window: Window, levels: list[int]) -> Singular | int | None:
    first = ldexp(samples.even(levels[0]), -levels[0])
    for level in levels[1:]:
        if samples.even(level) == samples.odd(level) == 0.0:
            continue  # f underflows
        half, rounding = ldexp(samples.even(level), -level), ldexp(samples.rounding(level), -level)
        if abs(half - first) > SAME * abs(first) + ROUNDINGS * rounding:
            return level if abs(half) < GONE * abs(first) + rounding else None
    half, half_error = _quotient(window, window.even)
    slope, slope_error = _quotient(window, window.odd)
    half = abs(half)
    error = half + half_error + slope_error + 4 * ldexp(samples.rounding(window.bottom), -window.bottom)
    return Singular(slope, error, f"kink: slopes {slope - half:.6g} and {slope + half:.6g}")


def _quotient(window: Window, parts: list[float]) -> tuple[float, float]:
    """parts / h at h = 0. Left and right of a kink f is not the same, so that all powers of h occur."""
    table = Table(2)
    for j, part in enumerate(parts):
        table.append(part * 2.0**j)
    last = len(table.rows) - 1
    column = table.best[last]
    truncation = TRUNCATION_WEIGHT * table.truncations[last][column]
    return window.unscaled(table.rows[last][column]), window.unscaled(truncation)


def _jumps(samples: Samples, levels: list[int], part: object) -> bool:
    parts = [part(e) for e in levels]  # type: ignore[operator]
    floor = ROUNDINGS * max(samples.rounding(e) for e in levels)
    return min(map(abs, parts)) > floor and all(abs(p - parts[0]) <= SAME * abs(parts[0]) for p in parts)


def _jump(samples: Samples, exponent: int) -> Generator[list[float], None, Singular]:
    """The slope of the side on which f is continuous; its other side jumps."""
    below, above = samples.pair(exponent)
    sizes = abs(below - samples.center), abs(above - samples.center)
    size = max(sizes)
    if min(sizes) > SAME * size:
        return Singular(
            0.0, inf, f"jump: f is {below:.6g} to the left, {samples.center:.6g} at x, {above:.6g} to the right"
        )
    side = yield from one_sided(samples, 1, -1 if sizes[0] < sizes[1] else 1)
    which = "right" if sizes[0] < sizes[1] else "left"
    return Singular(
        side.value, inf, f"jump: f jumps by {size:.6g} on the {which} of x; the value is the other side's slope"
    )
