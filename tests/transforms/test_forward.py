"""jvp, jacfwd and linearize against closed forms, and against reverse mode where that is the law."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import bibun as bb
from bibun.transforms import forward

A, B = 1.3, 0.7
X = np.array([0.5, -1.5, 2.0])
T = np.array([1.0, -2.0, 0.5])
W = np.array([[1.0, 2.0, -1.0], [0.5, -0.5, 3.0]])


# ---- jvp ---------------------------------------------------------------------------------------------------------


def test_jvp_of_numbers_and_arrays() -> None:
    y, dy = bb.jvp(np.sin, (A,), (2.0,))
    assert isinstance(y, float)
    assert isinstance(dy, float)
    assert_allclose((y, dy), (np.sin(A), 2 * np.cos(A)))
    y, dy = bb.jvp(lambda w, x: np.tanh(w @ x), (W, X), (W * 0.1, T))
    slope = 1 - np.tanh(W @ X) ** 2
    assert_allclose(y, np.tanh(W @ X))
    assert_allclose(dy, slope * (0.1 * W @ X + W @ T))


def test_lists_of_primals_and_integer_tangents() -> None:
    assert_allclose(bb.jvp(np.multiply, [A, B], [1, 0]), (A * B, B))
    dy = bb.jvp(np.sin, (X.astype(np.float32),), (np.array([1, 2, 3]),))[1]
    assert dy.dtype == np.float32


def test_jvp_of_containers() -> None:
    def f(p: dict[str, Any], x: Any) -> tuple[Any, dict[str, Any]]:
        return p["a"] * x, {"sum": np.sum(p["b"][0]), "constant": X, "number": 2.0}

    y, dy = bb.jvp(f, ({"a": X, "b": [X]}, A), ({"a": T, "b": [T]}, 10.0))
    assert_allclose(y[0], X * A)
    assert_allclose(dy[0], T * A + 10 * X)
    assert_allclose(dy[1]["sum"], np.sum(T))
    assert_array_equal(dy[1]["constant"], np.zeros(3))
    assert dy[1]["number"] == 0.0


def test_jvp_of_what_does_not_depend() -> None:
    y, dy = bb.jvp(lambda x: (np.ones(2), 3, np.arange(2)), (A,), (1.0,))
    assert_array_equal(dy[0], np.zeros(2))
    assert dy[1] == 0.0
    assert dy[2].dtype.kind == "f"


def test_steps_have_zero_tangents() -> None:
    for f in (np.floor, np.sign, np.round, lambda x: np.where(x > 0, 1.0, 0.0), lambda x: (x > 0).astype(float)):
        y, dy = bb.jvp(f, (X,), (T,))
        assert_array_equal(y, f(X))
        assert_array_equal(dy, np.zeros(3))


def test_a_directional_derivative_needs_no_jacobian() -> None:
    """For a million entries: a Jacobian would have 10**12."""
    x = np.linspace(0.0, 1.0, 1_000_000)
    y, dy = bb.jvp(np.sin, (x,), (np.ones_like(x),))
    assert_allclose(dy, np.cos(x))


def test_a_complex_tangent() -> None:
    z, t = np.array([1 + 2j, -1j]), np.array([0.5j, 2 - 1j])
    assert_allclose(bb.jvp(np.exp, (z,), (t,))[1], np.exp(z) * t)
    y, dy = bb.jvp(lambda z: np.abs(z) ** 2, (z,), (t,))
    assert dy.dtype == float
    assert_allclose(dy, 2 * np.real(np.conj(z) * t))


def test_a_complex_tangent_of_a_real_primal_is_refused() -> None:
    with pytest.raises(TypeError, match=r"jvp: a complex tangent for argument 0, which is real"):
        bb.jvp(np.sin, (X,), (1j * X,))


def test_jvp_of_what_shows_the_memory_of_its_argument() -> None:
    x, t = X.copy(), T.copy()
    y, dy = bb.jvp(lambda v: v[1:], (x,), (t,))
    y[:] = dy[:] = 0.0
    y, dy = bb.jvp(lambda v: v, (x,), (t,))
    y[:] = dy[:] = 0.0
    assert_array_equal(x, X)
    assert_array_equal(t, T)


# ---- jacfwd ------------------------------------------------------------------------------------------------------


def test_jacfwd_has_the_shape_of_y_and_x() -> None:
    x = np.arange(6.0).reshape(2, 3) / 5
    found = bb.jacfwd(lambda x: np.sin(x).T @ np.ones((2, 4)))(x)
    assert found.shape == (3, 4, 2, 3)
    assert_allclose(found, np.einsum("ij,jk,l->jlik", np.cos(x), np.eye(3), np.ones(4)))
    assert bb.jacfwd(np.sin)(A).shape == ()
    assert bb.jacfwd(lambda x: x * np.ones((2, 2)))(A).shape == (2, 2)


def test_jacfwd_of_containers() -> None:
    def f(p: dict[str, Any]) -> dict[str, Any]:
        return {"product": p["a"] * p["b"], "total": np.sum(p["b"]), "constant": np.ones(2)}

    found = bb.jacfwd(f)({"a": X, "b": 2.0})
    assert_allclose(found["product"]["a"], 2 * np.eye(3))
    assert_allclose(found["product"]["b"], X)
    assert_array_equal(found["total"]["a"], np.zeros(3))
    assert_array_equal(found["constant"]["a"], np.zeros((2, 3)))
    assert_array_equal(found["constant"]["b"], np.zeros(2))


SETTINGS: dict[str, Any] = {
    "initial": lambda x, s: np.prod(x, initial=s),
    "pad": lambda x, s: np.pad(x, 1, constant_values=s) ** 2,
    "interp": lambda x, s: np.interp(np.array([-1.0, 0.5]), np.arange(3.0), x, left=s),
    "select": lambda x, s: np.select([np.arange(3) > 1], [x], default=s),
    "full_like": lambda x, s: np.full_like(x, s) * x,
    "unwrap": lambda x, s: np.unwrap(4 * x, period=s),
    "piecewise": lambda x, s: np.piecewise(x, [x > 0], [s, lambda v: v]),
    "reduce": lambda x, s: np.add.reduce(x, initial=s),
    "ddof": lambda x, s: np.var(x, ddof=s),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_jacfwd_by_several_arguments_that_numpy_does_not_ask_alone(name: str) -> None:
    """NumPy asks the array, so that the number s is seen only while the array is traced; each column against jvp."""
    f, s = SETTINGS[name], 0.7
    by_x, by_s = bb.jacfwd(f, argnums=(0, 1))(X, s)
    for k, unit in enumerate(np.eye(3)):
        assert_allclose(by_x[..., k], bb.jvp(f, (X, s), (unit, 0.0))[1], rtol=1e-14)
    assert_allclose(by_s, bb.jvp(f, (X, s), (0 * X, 1.0))[1], rtol=1e-14)
    numerical = (f(X, s + 1e-6) - f(X, s - 1e-6)) / 2e-6
    assert_allclose(by_s, numerical, rtol=1e-7, atol=1e-8)


def test_jacfwd_of_nothing() -> None:
    assert bb.jacfwd(lambda x: 2.0 * x)(X[:0]).shape == (0, 0)
    assert bb.jacfwd(lambda x: np.sum(x))(X[:0]).shape == (0,)
    assert bb.jacfwd(lambda x: x[:0])(X).shape == (0, 3)


def test_jacfwd_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large x takes its tangents a piece at a time."""
    x = np.linspace(0.0, 1.0, 7)
    whole = bb.jacfwd(lambda v: np.outer(np.sin(v), v))(x)
    monkeypatch.setattr(forward, "_AT_ONCE", 15)  # two tangents of 7 entries
    assert_array_equal(bb.jacfwd(lambda v: np.outer(np.sin(v), v))(x), whole)
    assert_allclose(bb.hessian(lambda v: np.sum(v**3))(x), np.diag(6 * x))
    assert_array_equal(bb.jacfwd(lambda p: p["a"][:2] * p["b"])({"a": x, "b": 2.0})["a"], 2 * np.eye(7)[:2])


# ---- linearize ---------------------------------------------------------------------------------------------------


def test_linearize_runs_the_function_once() -> None:
    runs = []

    def f(x: Any) -> Any:
        runs.append(1)
        return np.sin(x) * x

    y, f_jvp = bb.linearize(f, X)
    assert_allclose(y, np.sin(X) * X)
    for t in (T, -T, np.ones(3), np.zeros(3), T):
        assert_allclose(f_jvp(t), (np.cos(X) * X + np.sin(X)) * t)
    assert len(runs) == 1


def test_linearize_agrees_with_jvp_and_with_the_pullback() -> None:
    def f(w: Any, x: Any) -> Any:
        return np.tanh(w @ x), np.sum(w)

    y, f_jvp = bb.linearize(f, W, X)
    expected = bb.jvp(f, (W, X), (W * 0.3, T))
    assert_allclose(y[0], expected[0][0])
    found = f_jvp(W * 0.3, T)
    assert_allclose(found[0], expected[1][0])
    assert_allclose(found[1], expected[1][1])
    _, pullback = bb.vjp(f, W, X)
    g = np.array([2.0, -1.0]), 3.0
    gw, gx = pullback(g)
    assert_allclose(np.sum(found[0] * g[0]) + found[1] * g[1], np.sum(gw * W * 0.3) + np.sum(gx * T))


def test_linearize_of_containers_constants_and_numbers() -> None:
    y, f_jvp = bb.linearize(lambda p: {"a": p["x"] ** 2, "b": 3.0}, {"x": A})
    assert_allclose(y["a"], A**2)
    found = f_jvp({"x": 10.0})
    assert_allclose(found["a"], 20 * A)
    assert found["b"] == 0.0
    assert_allclose(bb.linearize(np.exp, 1.0 + 1j)[1](2j), 2j * np.exp(1 + 1j))
    assert_allclose(bb.linearize(lambda z: np.abs(z) ** 2, 1.0 + 2j)[1](1j), 4.0)
    assert_allclose(bb.linearize(lambda x: np.exp(1j * x), A)[1](2.0), 2j * np.exp(1j * A))


def test_linearize_can_be_nested() -> None:
    def f(x: Any) -> Any:
        _, f_jvp = bb.linearize(lambda v: v**3, x)
        return np.sum(f_jvp(x))  # 3 x**3

    assert_allclose(bb.grad(f)(X), 9 * X**2)
    assert_allclose(bb.jvp(f, (X,), (T,))[1], np.sum(9 * X**2 * T))
    _, f_jvp = bb.linearize(np.sin, X)
    assert_allclose(bb.vmap(f_jvp)(np.eye(3)), np.diag(np.cos(X)))
    assert_allclose(bb.jacfwd(f_jvp)(T), np.diag(np.cos(X)))


def test_a_wrong_tangent_of_linearize_is_named() -> None:
    _, f_jvp = bb.linearize(np.sin, X)
    with pytest.raises(
        ValueError, match=r"f_jvp: a tangent of shape \(2,\) for argument 0 of shape \(3,\); they are alike"
    ):
        f_jvp(np.ones(2))
    with pytest.raises(TypeError, match="1 primals, but 2 tangents"):
        f_jvp(X, X)
