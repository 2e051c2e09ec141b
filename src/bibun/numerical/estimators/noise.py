"""How noisy f is: from its values at equally spaced points of a line, and as a function of its size. Calls nothing.

Differences of order k of a smooth function vanish like t**k with the spacing t; those of noise of variance s**2
have variance s**2 (2k)! / (k!)**2. So at a small spacing, from some order on,

    s**2 = (k!)**2 / (2k)! * mean of (difference of order k)**2

is the same for neighbouring orders, and the differences have both signs (Hamming 1971; Moré and Wild 2011, 2012).
"""

from __future__ import annotations

from enum import Enum
from math import comb

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

POINTS = 7  # 6 calls beside f(x); with 5 points the noise was out by a factor of 2 in one of four, with 9 no better
AGREEMENT = 4.0  # neighbouring orders of difference may differ by this factor, by chance
KEPT = 8  # measurements that the model rests on
FAR_APART = 8.0  # two sizes of f tell constant noise from proportional noise if they differ by this factor
FINEST = 1e-13  # noise below this share of |f| is rounding, and proportional to f until there is evidence


class Spacing(Enum):
    """Whether the points of a line were at a useful distance."""

    GOOD = "good"
    TOO_SMALL = "too small"  # f is the same at most neighbours: it is a staircase at this distance
    TOO_LARGE = "too large"  # the differences show f itself, not its noise


def noise_of(values: Array) -> tuple[Array, Spacing]:
    """The standard deviation of each column's noise, shape (m,), from values of shape (points, m), equally spaced."""
    rows, changes = [], []
    differences = values
    for order in range(1, len(values)):
        differences = np.diff(differences, axis=0)
        rows.append(np.sqrt(np.mean(differences**2, axis=0) / comb(2 * order, order)))
        changes.append((differences.max(axis=0) > 0) & (differences.min(axis=0) < 0))
    levels = np.array(rows)
    found = np.full(values.shape[1], np.nan)
    for i in range(1, len(levels) - 2):
        three = levels[i : i + 3]
        agree = (three.max(axis=0) <= AGREEMENT * three.min(axis=0)) & changes[i] & np.isnan(found)
        found = np.where(agree, three.mean(axis=0), found)
    stairs = np.mean(np.diff(values, axis=0) == 0, axis=0) >= 0.5
    smooth = np.isnan(found) & ~stairs
    spacing = Spacing.GOOD
    if stairs.all():
        spacing = Spacing.TOO_SMALL
    elif 2 * np.count_nonzero(smooth) > len(smooth):
        spacing = Spacing.TOO_LARGE
    return np.where(np.isnan(found), levels[-3:].min(axis=0), found), spacing


class NoiseModel:
    """variance(f) = constant**2 + (share f)**2 for each number that f gives, from all measurements so far.

    `rounding` is the least relative noise, of the dtype that f gives.
    """

    def __init__(self, rounding: Array) -> None:
        self.rounding = rounding
        self.constant = np.zeros_like(rounding)
        self.share = rounding.copy()
        self.undecided = np.ones(rounding.shape, bool)
        self._sizes: list[Array] = []
        self._levels: list[Array] = []

    @property
    def measured_at(self) -> Array:
        """|f| at the last measurement."""
        return self._sizes[-1]

    def variance(self, square: Array) -> Array:
        """Of values whose squares are given, shape (..., m, n)."""
        return (self.constant**2)[:, None] + (self.share**2)[:, None] * square

    def level(self, f: Array) -> Array:
        """The standard deviation at values of f, shape (m,)."""
        return np.sqrt(self.constant**2 + (self.share * f) ** 2)

    def add(self, f: Array, sigma: Array) -> None:
        """Take in what was measured where f had the value f."""
        size = np.abs(f)
        self._sizes = [*self._sizes, size][-KEPT:]
        self._levels = [*self._levels, np.maximum(sigma, self.rounding * size)][-KEPT:]
        sizes, levels = np.array(self._sizes), np.array(self._levels)
        with np.errstate(all="ignore"):
            constant, share = self._shape(sizes, levels)
            expected = np.sqrt(constant**2 + (share * sizes) ** 2)
            weights = 0.7 ** np.arange(len(levels))[::-1, None]  # the newest count most: noise may change on the way
            squares = np.where(expected > 0, (levels / expected) ** 2, 1.0)
            factor = np.sqrt(np.sum(weights * squares, axis=0) / np.sum(weights))
        self.constant = constant * factor
        self.share = np.maximum(share * factor, self.rounding)

    def _shape(self, sizes: Array, levels: Array) -> tuple[Array, Array]:
        """Constant and share up to a common factor, from the measurements at the smallest and the largest |f|."""
        columns = np.arange(sizes.shape[1])
        low, high = sizes.argmin(axis=0), sizes.argmax(axis=0)
        smallest, largest = sizes[low, columns], sizes[high, columns]
        quiet, loud = levels[low, columns], levels[high, columns]
        last = levels[-1]
        self.undecided = largest < FAR_APART * smallest
        slope = np.maximum((loud**2 - quiet**2) / (largest**2 - smallest**2), 0)
        rest = np.maximum(quiet**2 - slope * smallest**2, 0)
        proportional = np.where(self.undecided, last < FINEST * sizes[-1], loud * smallest > quiet * largest / 3)
        constant_only = np.where(self.undecided, ~proportional, loud < 3 * quiet)
        constant = np.where(constant_only, last, np.where(proportional, 0.0, np.sqrt(rest)))
        share = np.where(constant_only, 0.0, np.where(proportional, levels[-1] / sizes[-1], np.sqrt(slope)))
        return constant, np.nan_to_num(share, nan=0.0, posinf=0.0)
