"""The row of the modified Bessel functions I_n of whole order: np.i0, and those of which its derivatives are made.

NumPy has only I_0, and SciPy, which has all, may not be installed. Of the others, I_n(x) is its power series, whose terms have
one sign, up to |x| = 20, and beyond it the asymptotic series, whose smallest term is e**-40 there.
"""

from __future__ import annotations

from math import factorial, pi, prod
from typing import Any

import numpy as np

from bibun.core.kinds import general
from bibun.primitives.series import joined, polynomial

_JOINT = 20.0
_POWERS, _ASYMPTOTIC = 48, 36  # terms: the next are below 1e-17 of the sum at the joint


def _near(x: Any, order: int) -> Any:
    series = [1 / (factorial(k) * factorial(k + order)) for k in range(_POWERS)]
    return (x / 2) ** order * polynomial(series, x * x / 4)


def _far(x: Any, order: int) -> Any:
    """e**x / sqrt(2 pi x) times a series in 1/x, for positive x; the exponential in halves, which do not overflow."""
    series = [
        prod((2 * j - 1) ** 2 - 4 * order * order for j in range(1, k + 1)) / (factorial(k) * 8**k)
        for k in range(_ASYMPTOTIC)
    ]
    return np.exp(x / 2) * (polynomial(series, 1 / x) / np.sqrt(2 * pi * x)) * np.exp(x / 2)


def _bessel_i(x: Any, *, order: int) -> Any:
    if not order:
        return np.i0(x)
    size = np.abs(x)
    y = joined(size <= _JOINT, size, lambda x: _near(x, order), lambda x: _far(x, order), _JOINT)
    return (np.where(x < 0, -y, y) if order % 2 else y).astype(np.result_type(x))[()]


def _slope(x: Any, order: int) -> Any:
    """(I_(n-1) + I_(n+1)) / 2, with I_-1 = I_1."""
    return (bessel_i(x, order=abs(order - 1)) + bessel_i(x, order=order + 1)) / 2


bessel_i = general(
    _bessel_i,
    lambda g, x, order: g * _slope(x, order),
    pushforwards=(lambda t, x, order: t * _slope(x, order),),
    inputs=("x",),
    batch="elementwise",
    name="bessel_i",
)
