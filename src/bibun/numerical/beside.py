"""A point beside the steps that are powers of two: where a function in phase with these shows that it is. Calls nothing.

sin(2 pi n t / h), a table whose nodes lie h apart, or a difference that is rounded to multiples of h look at h, 2h, 4h, ...
like another function, which is smooth. The polynomial through the levels says what f is in between; an f that is not
there shows as noise, and whether it is noise or structure is for others to find out.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import frexp, ldexp

from bibun.numerical.samples import Samples

SHARE = 0.7310585786300049  # of a step: as far as can be from a number of few bits
BITS = 40
ACCIDENT = 1 / 1024  # an addition counts for no less than this share of the one before, which may be small by accident
SHRINKS = 1 / 64  # and the next one for no less than this share of it


def distance(samples: Samples, exponent: int) -> float:
    """0.73 of 2**exponent, so that x - t and x + t are exact."""
    unit = max(samples.floor, exponent - BITS)
    if exponent >= frexp(samples.scale)[1]:  # x + t has another exponent than x
        unit = max(unit, samples.floor + 5)
    return ldexp(round(ldexp(SHARE, exponent - unit)), unit)


def differences(odd: Sequence[float], even: Sequence[float], change: float, at: float) -> tuple[float, float]:
    """How far a change of f over the distance `at` is from that of the levels 1, 1/2, 1/4, ..., and their truncation."""
    sign, at = (1.0 if at > 0 else -1.0), abs(at)
    odds: list[float] = []
    evens: list[float] = []
    found = truncation = before = 0.0
    first = min(
        len(odd) - 1, max(0, 1 - frexp(at)[1])
    )  # from the level below: narrower ones tell much of their own noise
    for j in range(first, -1, -1):
        steps = 2.0**j
        last = (odds[-1], evens[-1]) if odds else (0.0, 0.0)
        _extend(odds, odd[j] * steps * at, j, at * at)
        _extend(evens, even[j] * steps * steps * at * at, j, at * at)
        addition = max(abs(odds[-1] - last[0]) + abs(evens[-1] - last[1]), ACCIDENT * before)
        left = addition * max(SHRINKS, min(1.0, 4 * addition / before)) if before > 0 else addition
        if not truncation or left < truncation:
            found, truncation = abs(change - (sign * odds[-1] + evens[-1])), left
        before = addition
    return found, truncation


def _extend(row: list[float], value: float, j: int, square: float) -> None:
    """Neville's row at h**2 = `square` for the levels narrower than j, extended by the value of level j."""
    step = 4.0**-j
    row.insert(0, value)  # row[m]: the polynomial through level j and the m levels below
    for m in range(1, len(row)):
        narrow = step * 4.0**-m
        row[m] = row[m - 1] + (row[m - 1] - row[m]) * (square - step) / (step - narrow)
