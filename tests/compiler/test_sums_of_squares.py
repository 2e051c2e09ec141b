"""Sums of squares and of scaled squares, products of constants, and matrices of wide rows that are read twice."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import bibun as bb

RNG = np.random.default_rng(7)


@pytest.mark.parametrize("n", [1, 2, 7, 16, 17, 255, 2049, 10_001])
@pytest.mark.parametrize("scale", [1.0, 3.0, 0.5])
def test_a_sum_of_two_squares_is_as_exact_as_two_sums(n: int, scale: float) -> None:
    a, b = RNG.standard_normal((2, n))
    found = bb.compile(lambda a, b: np.sum(scale * a**2 + b**2))(a, b)
    truth = Fraction(scale) * sum(Fraction(x) ** 2 for x in a.tolist()) + sum(Fraction(x) ** 2 for x in b.tolist())
    assert abs(found - float(truth)) <= 4 * math.ulp(float(truth))


def test_sums_of_squares_along_each_axis() -> None:
    a, b = RNG.standard_normal((2, 37, 5))

    def sums(a: Any, b: Any) -> Any:
        squares = (a - 1) ** 2 + 2 * b**2
        return np.sum(squares, axis=0), np.sum(squares, axis=1), np.sum(squares)

    exact = [
        [Fraction(x - 1) ** 2 + 2 * Fraction(y) ** 2 for x, y in zip(*rows, strict=True)]
        for rows in zip(a.tolist(), b.tolist(), strict=True)
    ]
    columns, rows, total = bb.compile(sums)(a, b)
    np.testing.assert_allclose(columns, [float(sum(column)) for column in zip(*exact, strict=True)], rtol=1e-14)
    np.testing.assert_allclose(rows, [float(sum(row)) for row in exact], rtol=1e-14)
    np.testing.assert_allclose(total, float(sum(map(sum, exact))), rtol=1e-14)


@pytest.mark.parametrize(
    ("f", "numbers"),
    [
        (lambda x, y: (200.0 * x) * (2.0 * y), [400.0]),
        (lambda x, y: (0.25 * x) * (3.0 * y), [0.75]),
        (lambda x, y: 5.0 * (x * 2) * y, [10.0]),  # Python's whole number is one of NumPy's dtype
        (lambda x, y: (3.0 * x) * (7.0 * y), [3.0, 7.0]),  # 21 x y would be rounded otherwise
    ],
)
def test_constants_of_both_factors_are_one_where_nothing_is_rounded_twice(
    f: Callable[..., Any], numbers: list[float]
) -> None:
    x, y = RNG.standard_normal((2, 100))
    compiled = bb.compile(f)
    np.testing.assert_array_equal(compiled(x, y), f(x, y))
    used = set(re.findall("0x([0-9A-F]{16})", compiled.llvm()))
    assert {struct.pack(">d", number).hex().upper() for number in numbers} == used


@pytest.mark.parametrize("shape", [(1000, 100), (257, 64), (4096, 65), (300, 1000)])
def test_a_matrix_of_wide_rows_that_is_read_twice(shape: tuple[int, int]) -> None:
    """The gradient of |tanh(X w)|^2 / 2 is X^T (t (1 - t^2)): products of each row, summed without rounding."""
    design, w = RNG.standard_normal(shape) / 10, RNG.standard_normal(shape[1])
    value, gradient = bb.compile(bb.value_and_grad(lambda w: 0.5 * np.sum(np.tanh(design @ w) ** 2)))(w)
    t = np.array([math.tanh(math.fsum(row * w)) for row in design])
    truth = [math.fsum(column * t * (1 - t**2)) for column in design.T]
    assert value == pytest.approx(0.5 * math.fsum(t**2), rel=1e-12)
    np.testing.assert_allclose(gradient, truth, rtol=1e-10, atol=1e-12)
