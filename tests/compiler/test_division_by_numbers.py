"""A division of a vector by a number is written as products, and is rounded as the division is."""

from __future__ import annotations

import numpy as np
import pytest

import bibun as bb

SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 5e-324, -5e-324, 1e-310, 2.2e-308, 1e300, -1.7e308]


@pytest.mark.parametrize(
    "divisor", [3.0, -7.0, 49.0, 1.4142135623730951, 0.1, 1e-5, 6.02e23, 1.9999999999999998, 255.0]
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_as_divided(divisor: float, dtype: type) -> None:
    """To the last bit, but where what is lost in the product is too small to have all its bits: there to one ulp."""
    random = np.random.default_rng(1)
    ordinary = random.uniform(-10, 10, 40_000) * 10.0 ** random.integers(-20, 20, 40_000)
    multiples = np.arange(-5000.0, 5001.0) * divisor
    with np.errstate(all="ignore"):
        x = np.concatenate([SPECIAL, ordinary, multiples]).astype(dtype)
        want = x / dtype(divisor)
    got = bb.compile(lambda x: x / divisor)(x)
    assert got.dtype == dtype
    tiny, least = np.finfo(dtype).tiny, np.finfo(dtype).smallest_subnormal
    ends = (np.minimum(np.abs(x), np.abs(want)) < tiny / np.finfo(dtype).epsneg) & (want != 0)
    np.testing.assert_array_equal(got[~ends], want[~ends])
    np.testing.assert_array_equal(np.signbit(got), np.signbit(want))
    np.testing.assert_allclose(got[ends], want[ends], rtol=np.finfo(dtype).eps, atol=least)


def test_divisors_at_the_ends_of_the_range() -> None:
    x = np.linspace(-2.0, 2.0, 33)
    for divisor in (0.0, 1e-310, 1e305, np.inf, np.nan):
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(bb.compile(lambda x, d=divisor: x / d)(x), x / divisor)
