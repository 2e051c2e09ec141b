"""Riccati's equations: SciPy's solutions, their slopes along matrices that stay symmetric, and a controller that is tuned."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.scipy import linalg
from tests.scipy.agreement import check_beside

plain = pytest.importorskip("scipy.linalg")

_random = np.random.default_rng(0)
A, B = _random.normal(size=(3, 3)) / 2, _random.normal(size=(3, 2))
Q, R, E, S = np.diag([1.0, 2.0, 0.5]), np.array([[1.0, 0.2], [0.2, 0.8]]), np.eye(3) + 0.1 * A, 0.1 * B


def symmetric(a: Any) -> Any:
    return (a + np.swapaxes(a, -1, -2)) / 2


class Symmetric:
    """SciPy's modules of equations, given q and r that are symmetric."""

    def __init__(self, module: Any, name: str) -> None:
        self.solve = getattr(module, name)

    def __call__(self, a: Any, b: Any, q: Any, r: Any, *more: Any) -> Any:
        return self.solve(a, b, symmetric(q), symmetric(r), *more)


@pytest.mark.parametrize("name", ["solve_continuous_are", "solve_discrete_are"])
def test_by_every_matrix(name: str) -> None:
    check_beside(
        lambda m, a, b, q, r: m(a, b, q, r),
        Symmetric(linalg, name),
        Symmetric(plain, name),
        A,
        B,
        Q,
        R,
        rtol=1e-5,
        value=1e-9,
    )
    check_beside(
        lambda m, a, e, s: m(a, B, Q, R, e, s),
        Symmetric(linalg, name),
        Symmetric(plain, name),
        A,
        E,
        S,
        rtol=1e-5,
        value=1e-9,
    )


def test_numbers_are_matrices_of_one_entry() -> None:
    """SciPy's own example, and d/da of the x with 2 a x = q: -x / a."""
    a, b, q = np.array([[4.0, 3.0], [-4.5, -3.5]]), [[1.0], [-1.0]], [[9.0, 6.0], [6.0, 4.0]]
    check_beside(lambda m, a, r: m.solve_continuous_are(a, b, q, r), linalg, plain, a, 1.0, rtol=1e-5, value=1e-9)
    np.testing.assert_allclose(bb.grad(lambda a: linalg.solve_continuous_lyapunov(a, 4.0)[0, 0])(0.5), -8.0)


def test_in_closed_form_and_compiled() -> None:
    def gain(a: Any) -> Any:  # 2 a x - x² + 1 = 0
        return linalg.solve_continuous_are(np.reshape(a, (1, 1)), np.eye(1), np.eye(1), np.eye(1))[0, 0]

    slope = 1 + 0.7 / np.sqrt(0.7**2 + 1)
    np.testing.assert_allclose(bb.grad(gain)(0.7), slope, rtol=1e-10)
    np.testing.assert_allclose(bb.grad(bb.grad(gain))(0.7), (0.7**2 + 1) ** -1.5, rtol=1e-9)
    v = bb.Variable(np.array(0.7))
    gain(v).backward()
    np.testing.assert_allclose(v.grad, slope, rtol=1e-10)


@pytest.mark.parametrize("name", ["solve_continuous_are", "solve_discrete_are"])
def test_many_states_take_equations_of_their_size(name: str) -> None:
    n, m = 60, 10
    a, b, direction = _random.normal(size=(n, n)) / 8, _random.normal(size=(n, m)), _random.normal(size=(n, n))

    def cost(module: Any, a: Any) -> Any:
        return np.trace(getattr(module, name)(a, b, np.eye(n), np.eye(m)))

    tracemalloc.start()
    gradient = bb.grad(lambda a: cost(linalg, a))(a)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * a.nbytes  # a matrix of n² unknowns alone takes 3600
    slope = (cost(plain, a + 1e-5 * direction) - cost(plain, a - 1e-5 * direction)) / 2e-5
    np.testing.assert_allclose(np.sum(gradient * direction), slope, rtol=1e-6)


def test_complex_matrices_are_refused() -> None:
    with pytest.raises(bb.NoDerivativeError, match="real and imaginary parts"):
        bb.jvp(lambda a: linalg.solve_continuous_are(a * (1 + 0j), B, Q, R), (A,), (A,))


@pytest.mark.parametrize("name", ["solve_continuous_are", "solve_discrete_are"])
def test_stacks(name: str) -> None:
    """One equation after the other, as SciPy has it since 1.16."""
    one = Symmetric(plain, name)
    for more in ((), (E, S)):
        check_beside(
            lambda m, a, q, more=more: m(a, B, q, R, *more),
            Symmetric(linalg, name),
            lambda a, b, q, r, *more: np.stack([one(each, b, q, r, *more) for each in a]),
            np.stack([A, A.T, A / 2]),
            Q,
            rtol=1e-5,
            value=1e-9,
        )
