"""x**3 and x**4 are written as products: close to the power over the whole range, and so are their derivatives."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import bibun as bb

SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 5e-324, -5e-324, 1e-310, 2.2e-308, 1e300, -1.7e308]


def arguments(n: int, dtype: Any) -> Any:
    """Those whose powers are ordinary, subnormal, 0, and infinite."""
    random, limits = np.random.default_rng(n), np.finfo(dtype)
    exponents = [random.uniform(limits.minexp - 60, limits.maxexp + 2, 4000) / n]
    exponents += [random.uniform(limits.minexp - 54, limits.minexp + 2, 2000) / n, random.uniform(-3, 3, 20_000)]
    sizes = np.exp2(np.concatenate(exponents))
    with np.errstate(all="ignore"):
        return np.concatenate([SPECIAL, sizes * random.choice([-1, 1], sizes.shape)]).astype(dtype)


@pytest.mark.parametrize("power", [np.power, np.float_power])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", [3, 4])
def test_within_two_units_in_the_last_place(n: int, dtype: Any, power: Any) -> None:
    x = arguments(n, dtype)
    compiled = bb.compile(lambda x: power(x, n))
    with np.errstate(all="ignore"):
        got, want = [compiled(x) for _ in range(2)][1], power(x, n)
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    np.testing.assert_array_equal(np.signbit(got), np.signbit(want))
    np.testing.assert_array_equal(got[np.isinf(want)], want[np.isinf(want)])
    worst = Fraction(0)
    for base, value, near in zip(x.tolist(), got.tolist(), want, strict=True):
        if np.isfinite(near):
            true = Fraction(base) ** n
            worst = max(worst, abs(Fraction(value) - true) / Fraction(float(abs(np.spacing(near)))))
    assert worst <= (Fraction(3, 2) if n == 3 else 2)
    assert ".pow." not in compiled.llvm()


@pytest.mark.parametrize("n", [-1, -3, 5, 3.5])
def test_other_exponents_stay_powers(n: float) -> None:
    x = np.random.default_rng(0).uniform(0.1, 3, 1000)
    compiled = bb.compile(lambda x: x**n)
    for _ in range(2):
        np.testing.assert_allclose(compiled(x), x**n, rtol=1e-15)


@pytest.mark.parametrize("n", [3, 4])
def test_derivatives(n: int) -> None:
    """n x**(n-1) and n (n-1) x**(n-2), at 0, infinities and nan too."""
    x = np.array([0.0, -0.0, 1.5, -2.25, 1e-200, 1e-80, -1e100, np.inf, -np.inf, np.nan])
    first = bb.compile(lambda x: bb.jvp(lambda x: x**n, (x,), (np.ones(10),))[1])
    second = bb.compile(bb.grad(lambda x: np.sum(bb.grad(lambda x: np.sum(x**n))(x))))
    with np.errstate(all="ignore"):
        for _ in range(2):
            np.testing.assert_allclose(first(x), n * x ** (n - 1.0), rtol=1e-15)
            np.testing.assert_allclose(second(x), n * (n - 1) * x ** (n - 2.0), rtol=1e-15)


def test_numbers_and_broadcast_exponents() -> None:
    cubed = bb.compile(lambda x: x ** np.full((3, 1), 3.0))
    number = bb.compile(lambda a: a**3 + a**4)
    for _ in range(2):
        assert cubed(np.array([1.0, 2.0])).tolist() == [[1.0, 8.0]] * 3
        assert number(-2.0) == 8.0
        assert type(number(-2.0)) is float
