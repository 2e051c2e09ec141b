"""jacobian, hessian and hvp: shapes, containers and modes against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import bibun as bb

A, B = 1.3, 0.7
X = np.array([0.5, -1.5, 2.0])
W = np.array([[1.0, 2.0, -1.0], [0.5, -0.5, 3.0]])


def rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_hessian(x: np.ndarray) -> np.ndarray:
    diagonal = np.zeros_like(x)
    diagonal[:-1] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    diagonal[1:] += 200
    off = -400 * x[:-1]
    return np.diag(diagonal) + np.diag(off, 1) + np.diag(off, -1)


# ---- jacobian ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 5), (5, 2), (3, 3), (1, 4), (4, 1)])
def test_both_modes_agree(rows: int, columns: int) -> None:
    generator = np.random.default_rng(rows * 10 + columns)
    matrix, x = generator.normal(size=(rows, columns)), generator.normal(size=columns)
    expected = np.cos(matrix @ x)[:, None] * matrix
    for transform in (bb.jacobian, bb.jacfwd, bb.jacrev):
        assert_allclose(transform(lambda v: np.sin(matrix @ v))(x), expected)


def test_jacobian_takes_the_mode_with_fewer_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen by how often f runs: once to learn the shape of y, and once for the mode."""
    modes: list[type] = []

    def f(x: Any) -> Any:
        modes.append(type(x))
        return np.concatenate([x, x])[: 2 if len(x) > 2 else None] * 1.0

    assert bb.jacobian(f)(X).shape == (2, 3)
    wide = modes.pop()
    modes.clear()
    assert bb.jacobian(f)(X[:2]).shape == (4, 2)
    assert wide is bb.Variable
    assert modes.pop() is not bb.Variable


def test_jacobian_of_containers() -> None:
    def f(p: dict[str, Any], s: Any) -> list[Any]:
        return [p["w"] @ p["x"] * s, p["x"]]

    by_p, by_s = bb.jacobian(f, (0, 1))({"w": W, "x": X}, 2.0)[0]
    assert_allclose(by_p["w"], 2 * np.einsum("ij,k->ijk", np.eye(2), X))
    assert_allclose(by_p["x"], 2 * W)
    assert_allclose(by_s, W @ X)
    by_p, by_s = bb.jacobian(f, (0, 1))({"w": W, "x": X}, 2.0)[1]
    assert_allclose(by_p["x"], np.eye(3))
    assert_array_equal(by_p["w"], np.zeros((3, 2, 3)))
    assert_array_equal(by_s, np.zeros(3))


def test_jacobian_of_numbers() -> None:
    assert isinstance(bb.jacobian(np.sin)(A), float)
    assert_allclose(bb.jacobian(np.sin)(A), np.cos(A))
    assert_allclose(bb.jacobian(lambda x: [x, x**2])(A), [1.0, 2 * A])


def test_jacobian_of_nothing() -> None:
    assert bb.jacobian(lambda x: x * 2.0)(X[:0]).shape == (0, 0)
    assert bb.jacobian(lambda x: x[:0])(X).shape == (0, 3)


# ---- hessian -----------------------------------------------------------------------------------------------------


def test_hessian_of_a_number_a_vector_and_a_matrix() -> None:
    assert_allclose(bb.hessian(np.sin)(A), -np.sin(A))
    assert_allclose(bb.hessian(rosenbrock)(X), rosenbrock_hessian(X))
    found = bb.hessian(lambda w: np.sum(w**3))(W)
    assert found.shape == (2, 3, 2, 3)
    assert_allclose(found.reshape(6, 6), np.diag(6 * W.ravel()))


def test_hessian_of_containers() -> None:
    """For each leaf of x the containers of x: H[i][j] has shape x_i.shape + x_j.shape."""

    def f(p: dict[str, Any]) -> Any:
        return np.sum(p["w"] @ p["x"]) * p["s"]

    found = bb.hessian(f)({"w": W, "x": X, "s": 2.0})
    assert set(found) == {"w", "x", "s"}
    assert all(set(row) == {"w", "x", "s"} for row in found.values())
    assert_array_equal(found["w"]["w"], np.zeros((2, 3, 2, 3)))
    assert_allclose(found["w"]["x"], 2 * np.broadcast_to(np.eye(3), (2, 3, 3)))
    assert_allclose(found["x"]["w"], 2 * np.moveaxis(np.broadcast_to(np.eye(3), (2, 3, 3)), 1, 0).transpose(0, 1, 2))
    assert_allclose(found["s"]["x"], np.sum(W, axis=0))
    assert_allclose(found["x"]["s"], np.sum(W, axis=0))
    assert found["s"]["s"] == 0.0


def test_hessian_of_several_arguments() -> None:
    (haa, hab), (hba, hbb) = bb.hessian(lambda a, b: np.sum(a**2 * b), (0, 1))(X, 3.0)
    assert_allclose(haa, 6 * np.eye(3))
    assert_allclose(hab, 2 * X)
    assert_allclose(hba, 2 * X)
    assert hbb == 0.0
    assert_allclose(bb.hessian(lambda a, b: np.sum(a**2 * b), 1)(X, 3.0), 0.0)


def test_every_composition_is_the_hessian() -> None:
    expected = rosenbrock_hessian(X)
    g = bb.grad(rosenbrock)
    for second in (
        bb.hessian(rosenbrock),
        bb.jacfwd(g),
        bb.jacrev(g),
        bb.jacobian(g),
        bb.jacfwd(bb.jacrev(rosenbrock)),
        bb.jacrev(bb.jacfwd(rosenbrock)),
        bb.jacfwd(bb.jacfwd(rosenbrock)),
        bb.jacrev(bb.jacrev(rosenbrock)),
    ):
        assert_allclose(second(X), expected, rtol=1e-11)


def test_third_derivatives() -> None:
    found = bb.jacfwd(bb.hessian(lambda x: np.sum(x**4) + x[0] * x[1] * x[2]))(X)
    expected = np.zeros((3, 3, 3))
    expected[range(3), range(3), range(3)] = 24 * X
    for i, j, k in [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]:
        expected[i, j, k] = 1.0
    assert_allclose(found, expected, atol=1e-12)


def test_a_linear_function_has_a_zero_hessian() -> None:
    assert_array_equal(bb.hessian(np.sum)(X), np.zeros((3, 3)))
    assert_array_equal(bb.hessian(lambda x: 3.0 * x)(A), 0.0)
    assert bb.grad(bb.grad(lambda x: 3.0 * x))(A) == 0.0
    assert bb.grad(bb.grad(bb.grad(lambda x: x * x)))(A) == 0.0


def test_a_non_holomorphic_gradient_is_not_differentiated_as_if_it_were() -> None:
    with pytest.raises((bb.DerivativeValueError, bb.NoDerivativeError), match="complex"):
        bb.hessian(lambda z: np.abs(z) ** 2)(1 + 2j)


# ---- hvp ---------------------------------------------------------------------------------------------------------


def test_hvp() -> None:
    v = np.array([1.0, -2.0, 0.5])
    assert_allclose(bb.hvp(rosenbrock, (X,), (v,)), rosenbrock_hessian(X) @ v)
    assert_allclose(bb.hvp(np.sin, (A,), (2.0,)), -2 * np.sin(A))


def test_hvp_of_several_arguments_and_containers() -> None:
    def f(a: Any, p: dict[str, Any]) -> Any:
        return np.sum(a**2 * p["b"]) + p["c"] ** 3

    found = bb.hvp(f, (X, {"b": 3.0, "c": A}), (X * 2, {"b": 10.0, "c": 1.0}))
    assert type(found) is tuple
    assert_allclose(found[0], 6 * 2 * X + 2 * X * 10)
    assert_allclose(found[1]["b"], np.sum(2 * X * 2 * X))
    assert_allclose(found[1]["c"], 6 * A)


def test_hvp_of_a_large_x_needs_no_hessian() -> None:
    x = np.linspace(-1.0, 1.0, 100_000)
    v = np.cos(x)
    expected = np.zeros_like(x)
    expected[:-1] = (1200 * x[:-1] ** 2 - 400 * x[1:] + 2) * v[:-1] - 400 * x[:-1] * v[1:]
    expected[1:] += 200 * v[1:] - 400 * x[:-1] * v[:-1]
    assert_allclose(bb.hvp(rosenbrock, (x,), (v,)), expected)


def test_newtons_method_with_conjugate_gradients() -> None:
    """To the minimum of Rosenbrock's function with hessian-vector products alone."""
    from scipy.optimize import minimize

    found = minimize(
        rosenbrock,
        np.zeros(5),
        jac=bb.grad(rosenbrock),
        hessp=lambda x, v: bb.hvp(rosenbrock, (x,), (v,)),
        method="Newton-CG",
        tol=1e-12,
    )
    assert_allclose(found.x, np.ones(5), rtol=1e-8)
