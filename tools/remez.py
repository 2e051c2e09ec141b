"""Minimax polynomials with coefficients in floating point. Knows no function; coefficients.py does.

The exchange algorithm of Remez on a fixed grid, so that every run prints the same digits. The coefficients are then made
doubles one after the other, from the constant term on, and the later ones are fitted again each time: the error that
rounding one leaves is made good by the rest (after Brisebarre and Chevillard, "Efficient polynomial L-approximations",
ARITH 18, 2007, who look for the best such polynomial; this greedy one is as good to a few percent here).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath  # type: ignore[import-untyped]
from mpmath import mp, mpf

mp.dps = 70
Real = Any  # mpmath's numbers have no types


class Table(NamedTuple):
    """p of this degree close to `function` on [low, high]; `weight` times p's error is the error of the word."""

    name: str
    degree: int
    low: Real
    high: Real
    function: Callable[[Real], Real]
    weight: Callable[[Real], Real]
    constant_in_two: bool = False  # the constant term is most of the value and has a second double, NAME_LOW


def grid(low: Real, high: Real, count: int) -> list[Real]:
    """Chebyshev's points, which crowd at the ends as the extrema of the error do."""
    return [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * i / (count - 1)) for i in range(count)]


def value(coefficients: list[Real], x: Real) -> Real:
    """Horner's rule."""
    total = mpf(0)
    for c in reversed(coefficients):
        total = total * x + c
    return total


def extrema(errors: list[Real], count: int) -> list[int]:
    """Places of `count` extrema whose signs alternate, those of the greatest errors."""
    runs: list[list[int]] = []
    for i, error in enumerate(errors):
        if runs and (errors[runs[-1][0]] > 0) == (error > 0):
            runs[-1].append(i)
        else:
            runs.append([i])
    places = [max(run, key=lambda i: abs(errors[i])) for run in runs]
    while len(places) > count:
        places.pop(0 if abs(errors[places[0]]) < abs(errors[places[-1]]) else -1)
    return places


def remez(points: list[Real], values: list[Real], weights: list[Real], terms: int) -> list[Real]:
    """The coefficients whose greatest weighted error on the points is least."""
    usable = [i for i, w in enumerate(weights) if w != 0]
    places = [usable[round(k * (len(usable) - 1) / terms)] for k in range(terms + 1)]
    found: list[Real] = []
    for _ in range(40):
        matrix = mpmath.matrix(terms + 1, terms + 1)
        right = mpmath.matrix(terms + 1, 1)
        for row, i in enumerate(places):
            for k in range(terms):
                matrix[row, k] = points[i] ** k
            matrix[row, terms] = (-1) ** row / weights[i]
            right[row] = values[i]
        solved = mpmath.lu_solve(matrix, right)
        found, level = [solved[k] for k in range(terms)], abs(solved[terms])
        errors = [weights[i] * (value(found, points[i]) - values[i]) for i in usable]
        peaks = extrema(errors, terms + 1)
        if len(peaks) < terms + 1 or max(map(abs, errors)) <= level * mpf("1.0001"):
            break
        places = [usable[i] for i in peaks]
    return found


def rounded(coefficients: list[Real], points: list[Real], weights: list[Real], constant_in_two: bool) -> list[Real]:
    """Each made a double, from the constant term on, what that changes made good by the later ones (least squares)."""
    free, terms = list(coefficients), len(coefficients)
    moments = [mpmath.fsum(w * w * x**s for x, w in zip(points, weights, strict=True)) for s in range(2 * terms)]
    for k in range(terms):
        single = mpf(float(free[k]))
        kept = single + float(free[k] - single) if constant_in_two and k == 0 else single
        lost, free[k] = free[k] - kept, kept
        later = range(k + 1, terms)
        if later and lost:
            matrix = mpmath.matrix([[moments[i + j] for j in later] for i in later])
            solved = mpmath.lu_solve(matrix, mpmath.matrix([lost * moments[k + i] for i in later]))
            for i in later:
                free[i] += solved[i - k - 1]
    return free


def fit(table: Table) -> tuple[list[Real], Real]:
    """The coefficients as doubles, and the greatest error left."""
    points = grid(mpf(table.low), mpf(table.high), 16 * (table.degree + 2))
    values, weights = [table.function(x) for x in points], [table.weight(x) for x in points]
    found = rounded(remez(points, values, weights, table.degree + 1), points, weights, table.constant_in_two)
    error = max(abs(w * (value(found, x) - y)) for x, y, w in zip(points, values, weights, strict=True))
    return found, error
