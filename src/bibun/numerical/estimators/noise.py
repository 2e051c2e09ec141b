"""How noisy f is: from its values at equally spaced points of a line, and as a function of its size. Calls nothing.

Over a short line a smooth function is a polynomial of low degree, and noise is not. So what is left when one is
subtracted is noise, once a higher degree leaves no less. (Moré and Wild 2011 look at differences of high order in the
same way; those of 7 values of noise s come to between 0.33 s and 1.7 s in 9 of 10 cases, these to 0.45 s and 1.5 s.)
"""

from __future__ import annotations

from enum import Enum
from functools import cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

POINTS = 7  # 6 calls beside f(x)
DEGREES = (1, 2, 3, 4)
MORE = 4.0  # a degree that leaves so many times less than the one or two before has found f, not noise
KEPT = 8  # measurements that the model rests on
FAR_APART = 8.0  # two sizes of f tell constant noise from proportional noise if they differ by this factor
FINEST = 1e-13  # noise below this share of |f| is rounding, and proportional to f until there is evidence


class Spacing(Enum):
    """Whether the points of a line were at a useful distance."""

    GOOD = "good"
    TOO_SMALL = "too small"  # f is the same at most neighbours: it is a staircase at this distance
    TOO_LARGE = "too large"  # f is not a polynomial of low degree at this distance


def noise_of(values: Array) -> tuple[Array, Spacing]:
    """The standard deviation of each column's noise, shape (m,), from values of shape (points, m), equally spaced."""
    left = []
    for degree in DEGREES:
        basis = _polynomials(len(values), degree)
        rest = values - basis @ (basis.T @ values)
        left.append(np.sqrt(np.sum(rest**2, axis=0) / (len(values) - degree - 1)))
    settled = [left[i] <= MORE * np.minimum(left[i + 1], left[i + 2]) for i in range(len(left) - 2)]
    sigma = np.select(settled, left[:-2], left[-1])
    stairs = np.mean(np.diff(values, axis=0) == 0, axis=0) >= 0.5
    smooth = ~np.any(settled, axis=0) & ~stairs
    spacing = Spacing.GOOD
    if stairs.all():
        spacing = Spacing.TOO_SMALL
    elif 2 * np.count_nonzero(smooth) > len(smooth):
        spacing = Spacing.TOO_LARGE
    return sigma, spacing


@cache
def _polynomials(points: int, degree: int) -> Array:
    """An orthonormal basis of the polynomials up to this degree on equally spaced points, a column each."""
    return np.asarray(np.linalg.qr(np.vander(np.linspace(-1, 1, points), degree + 1))[0])


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
    def range(self) -> tuple[Array, Array]:
        """The smallest and the largest |f| at which noise was measured."""
        return np.min(self._sizes, axis=0), np.max(self._sizes, axis=0)

    def variance(self, square: Array) -> Array:
        """Of values whose squares are given, shape (..., m, n)."""
        return (self.constant**2)[:, None] + (self.share**2)[:, None] * square

    def level(self, f: Array) -> Array:
        """The standard deviation at values of f, shape (m,)."""
        return np.sqrt(self.constant**2 + (self.share * f) ** 2)

    def add(self, f: Array, sigma: Array) -> None:
        """Take in what was measured where f had the value f."""
        size, sigma = np.abs(f), _shrunk(sigma)
        self._sizes = [*self._sizes, size][-KEPT:]
        self._levels = [*self._levels, np.maximum(sigma, self.rounding * size)][-KEPT:]
        sizes, levels = np.array(self._sizes), np.array(self._levels)
        with np.errstate(all="ignore"):
            constant, share = self._shape(sizes, levels)
            expected = np.sqrt(constant**2 + (share * sizes) ** 2)
            weights = 0.7 ** np.arange(len(levels))[::-1, None]  # the newest count most: noise may change on the way
            squares = np.where(expected > 0, (levels / expected) ** 2, 1.0)
            factor = np.sqrt(
                np.sum(weights * squares, axis=0) / np.sum(weights) * (1 + 1 / len(levels))
            )  # small samples
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


def _shrunk(sigma: Array) -> Array:
    """Each level, from 4 degrees of freedom or so, lifted towards that of all numbers: some are small by chance only."""
    typical = np.mean(sigma**2)
    return np.asarray(np.sqrt((4 * sigma**2 + 2 * np.clip(typical, sigma**2, 16 * sigma**2)) / 6))
