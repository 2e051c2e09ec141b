"""Functions of matrices and matrix equations from one end of the range to the other.

The truth: a function f of degree d, f(s a) = s**d f(a), has the slope s**(d - 1) f'(a) at s a; by a power of two that is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
import bibun.scipy.linalg as linalg
from tests.families.agreement import sample

SQUARE, TALL = sample(4, 4) + 2 * np.eye(4), sample(5, 3, seed=1)
SYMMETRIC = SQUARE + SQUARE.T
DEFINITE = SQUARE @ SQUARE.T + np.eye(4)
RIGHT = sample(4, 4, seed=5)
LAST = 8  # powers of two that are left to the ends of the range, for sums
POWERS = {np.float64: (1024 - LAST, 700, -700, LAST - 1022), np.float32: (128 - LAST, 84, -84, LAST - 126)}

# The function, where, and how large its slope by a unit direction is at s a and along s t: s**(d - 1) and s**d
FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Any, float]] = {
    "polar, rotation": (lambda a: linalg.polar(a)[0], SQUARE, 0),
    "polar, tall": (lambda a: linalg.polar(a)[0], TALL, 0),
    "polar, stretch": (lambda a: linalg.polar(a)[1], SQUARE, 1),
    "orthogonal_procrustes": (lambda a: linalg.orthogonal_procrustes(a, RIGHT.astype(a.dtype))[0], SQUARE, 0),
    "signm": (linalg.signm, SYMMETRIC - 4 * np.eye(4), 0),
    "logm": (linalg.logm, DEFINITE, 0),  # but for a constant
    "fractional_matrix_power": (lambda a: linalg.fractional_matrix_power(a, 0.5), DEFINITE, 0.5),
    "sqrtm": (linalg.sqrtm, DEFINITE, 0.5),
    "schur": (lambda a: np.sort(np.diagonal(linalg.schur(a)[0])), SYMMETRIC, 1),
    "solve_sylvester": (lambda a: linalg.solve_sylvester(a, a + a.T, a @ RIGHT.astype(a.dtype)), DEFINITE, 0),
    "solve_continuous_lyapunov": (
        lambda q: linalg.solve_continuous_lyapunov(DEFINITE.astype(q.dtype) / 64, q),
        RIGHT,
        1,
    ),
}


def slope(f: Any, a: Any) -> Any:
    return bb.grad(lambda x: (lambda y: np.sum(y * sample(*np.shape(y), seed=3).astype(y.dtype)))(f(x)))(a)


@pytest.mark.filterwarnings("ignore:(The )?logm")
@pytest.mark.parametrize("dtype", POWERS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_slopes_scale(name: str, dtype: Any) -> None:
    f, a, degree = FUNCTIONS[name]
    a, t = a.astype(dtype), sample(*a.shape, seed=4).astype(dtype)
    by_a, along = slope(f, a), bb.jvp(f, (a,), (t,))[1]
    for power in POWERS[dtype]:
        scale, by_degree = dtype(2.0**power), dtype(2.0 ** (power * degree))
        # logm checks itself by float64, and of float32 its slope has half the digits
        tolerance = 3e-3 if dtype is np.float32 else 1e-9
        for found, expected in (
            (slope(f, scale * a) / by_degree * scale, by_a),
            (bb.jvp(f, (scale * a,), (scale * t,))[1] / by_degree, along),
        ):
            atol = tolerance * np.max(np.abs(expected))
            np.testing.assert_allclose(found, expected, rtol=tolerance, atol=atol, err_msg=f"at 2**{power}")


@pytest.mark.parametrize("dtype", POWERS)
def test_inverses_have_slopes_beside_tangents_of_their_size(dtype: Any) -> None:
    """The slope of degree -2 times a size of degree 1."""
    one = np.ones(3, dtype)
    for f, a in (
        (lambda c: linalg.solve_circulant(c, one), np.array([9.0, 1.0, 2.0])),
        (lambda c: linalg.solve_toeplitz(c, one), np.array([9.0, 1.0, 2.0])),
        (lambda a: linalg.solve_sylvester(a, a.T, np.outer(one, one)), DEFINITE[:3, :3]),
        (linalg.pinvh, DEFINITE),
        (linalg.inv, SQUARE),
    ):
        a, t = a.astype(dtype), sample(*a.shape, seed=4).astype(dtype)
        expected = bb.jvp(f, (a,), (t,))[1]
        for scale in (dtype(2.0**power) for power in POWERS[dtype][1:-1]):
            found = bb.jvp(f, (scale * a,), (scale * t,))[1] * scale
            np.testing.assert_allclose(found, expected, rtol=1e-9 if dtype is np.float64 else 1e-3)
