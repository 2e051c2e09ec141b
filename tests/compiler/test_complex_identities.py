"""What holds for every real number in floating point, and not for every complex one: NumPy computes with all four parts."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import bibun as bb

PARTS = (np.inf, -np.inf, np.nan, 0.0, -0.0, 1.0, -2.5)
NUMBERS = np.array([complex(a, b) for a, b in product(PARTS, PARTS)])
FUNCTIONS = {
    "x 1": lambda z, w: (z * 1, 1 * z, z * 1.0, z / 1),
    "x (-1)": lambda z, w: (z * -1, -1 * z, z * -1.0),
    "x + 0": lambda z, w: (z + 0.0, z + -0.0, -0.0 + z, z - 0, z - (0 - 0j)),
    "-(-x)": lambda z, w: (np.negative(-z), z + -w, -z + w, z - -w),
    "-x y": lambda z, w: (-z * w, z * -w, -z * -w),
    "-x / y": lambda z, w: (-z / w, z / -w),
}


def _seen(x: Any) -> np.ndarray[Any, Any]:
    """Its parts, with the signs of zeros; nan has none."""
    parts = np.stack([np.real(x), np.imag(x)])
    return np.stack([parts, np.where(np.isnan(parts), 0.0, np.copysign(1.0, parts))])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_they_are_numpys_to_the_signs_of_zeros(name: str) -> None:
    """z * -1 was -z: [-inf - 1j] of [inf + 1j], where NumPy has [-inf + nan j]."""
    f = FUNCTIONS[name]
    z, w = (x.ravel() for x in np.meshgrid(NUMBERS, NUMBERS[::-1]))
    with np.errstate(all="ignore"):
        want, got = f(z, w), bb.compile(f)(z, w)
    for y, plain in zip(
        got if isinstance(got, tuple) else (got,), want if isinstance(want, tuple) else (want,), strict=True
    ):
        np.testing.assert_array_equal(_seen(y), _seen(plain))


def test_a_zero_that_is_added_turns_the_sign_of_one() -> None:
    z = np.array([0 - 0j, complex(0.0, -0.0)])
    got = bb.compile(lambda z: np.exp(z) + 0.0)(z)
    assert not np.signbit((np.exp(z) + 0.0).imag).any()
    assert not np.signbit(got.imag).any()


def test_copies_are_added_part_by_part() -> None:
    f = lambda z: np.sum(np.broadcast_to(z, (2, *z.shape)), axis=0)  # noqa: E731
    np.testing.assert_array_equal(bb.compile(f)(NUMBERS), f(NUMBERS))


def test_derivatives_are_those_of_numpy() -> None:
    f = bb.grad(lambda z: np.real(np.sum(-z * 1 * np.conj(z) / -1)))
    z = NUMBERS[np.isfinite(NUMBERS)]
    np.testing.assert_allclose(bb.compile(f)(z), f(z), rtol=1e-12)
