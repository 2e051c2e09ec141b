"""Identity matrices in rows of results: Hessians and Jacobians, of which a few diagonals are not zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb

LENGTHS = (31, 32, 33, 64, 100)
RANDOM = np.random.default_rng(21)


def _rosenbrock(x: Any) -> Any:
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def _its_hessian(x: Any) -> Any:
    corner = 1200.0 * x[:-1] ** 2 - 400.0 * x[1:] + 2.0
    beside = -400.0 * x[:-1]
    main = np.append(corner, 0.0) + np.append(0.0, np.full(len(x) - 1, 200.0))
    return np.diag(main) + np.diag(beside, 1) + np.diag(beside, -1)


def _mirrored(x: Any) -> Any:
    return np.sum(x**2 * x[::-1])  # the sum of x_i^2 x_(n-1-i)


def _its_mirrored_hessian(x: Any) -> Any:
    n = len(x)
    result = np.zeros((n, n))
    for i in range(n):  # d2 of x_i^2 x_j + x_j^2 x_i, for j = n - 1 - i; in the middle of x_i^3
        j = n - 1 - i
        result[i, i] += 2.0 * x[j] if i != j else 6.0 * x[i]
        if i != j:
            result[i, j] += 2.0 * x[i] + 2.0 * x[j]
    return result


def _five(x: Any) -> Any:
    return np.sum(x[:-3] * x[3:]) + np.sum(x[:-2] * x[2:]) + np.sum(x[:-1] * x[1:])


def _its_seven_diagonals(x: Any) -> Any:
    return sum(np.diag(np.ones(len(x) - abs(k)), k) for k in (-3, -2, -1, 1, 2, 3))


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize(
    ("f", "truth"), [(_rosenbrock, _its_hessian), (_mirrored, _its_mirrored_hessian), (_five, _its_seven_diagonals)]
)
def test_hessians(f: Any, truth: Callable[[Any], Any], n: int) -> None:
    hessian = bb.compile(bb.hessian(f))
    for x in RANDOM.standard_normal((3, n)):
        np.testing.assert_allclose(hessian(x), truth(x), rtol=1e-12, atol=1e-12 * np.abs(truth(x)).max())


@pytest.mark.parametrize("n", LENGTHS)
def test_jacobians(n: int) -> None:
    def stencil(x: Any) -> Any:
        return x[2:] - 2.0 * np.exp(x[1:-1]) + x[:-2] * x[1:-1]

    jacobian = bb.compile(bb.jacobian(stencil))
    for x in RANDOM.standard_normal((3, n)):
        truth = np.zeros((n - 2, n))
        for i in range(n - 2):
            truth[i, i : i + 3] = x[i + 1], x[i] - 2.0 * np.exp(x[i + 1]), 1.0
        np.testing.assert_allclose(jacobian(x), truth, rtol=1e-13)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_zero_times_infinity(bad: float) -> None:
    """Where a factor of the identity matrix is infinite, the zeros of its row or column become nan, as when NumPy computes."""
    for f in (_rosenbrock, _mirrored):
        hessian = bb.compile(bb.hessian(f))
        for place in (0, 1, 20, 39):
            x = RANDOM.standard_normal(40)
            x[place] = bad
            with np.errstate(invalid="ignore"):
                np.testing.assert_allclose(hessian(x), bb.hessian(f)(x), rtol=1e-12, atol=1e-10)


def test_identity_matrices_in_a_function() -> None:
    n = 40

    def function(x: Any) -> Any:
        return np.outer(x, x) + np.eye(n) * x + np.eye(n)[::-1] * x[:, None]

    x = RANDOM.standard_normal(n)
    truth = np.outer(x, x) + np.diag(x) + np.diag(x)[:, ::-1]
    np.testing.assert_allclose(bb.compile(function)(x), truth, rtol=1e-14)


def test_rows_are_shared_among_threads() -> None:
    n = 700
    x = RANDOM.standard_normal(n)
    np.testing.assert_allclose(bb.compile(bb.hessian(_rosenbrock), threads=2)(x), _its_hessian(x), rtol=1e-12)


def test_no_entry_asks_where_it_is() -> None:
    hessian: Any = bb.compile(bb.hessian(_rosenbrock), threads=1)
    hessian(np.ones(100))
    assert "icmp eq <" not in hessian.llvm()
    flops = next(line for line in hessian.explain().splitlines() if "flops, " in line)
    assert float(flops.split()[0]) < 40.0, flops  # thousands: of 100 x 100 entries, 19 operations each, there were 190
