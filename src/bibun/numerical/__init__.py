"""Derivatives of black boxes, from function values alone. Knows nothing of Variables, tapes and rules.

central_difference.py holds the functions of the books, which change the caller's array in place
and put it back.
"""

from bibun.numerical.central_difference import (
    _numerical_gradient_1d,
    numerical_diff,
    numerical_gradient,
    numerical_gradient_2d,
)

__all__ = ["_numerical_gradient_1d", "numerical_diff", "numerical_gradient", "numerical_gradient_2d"]
