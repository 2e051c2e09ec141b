"""grad, value_and_grad, vjp, jacrev: arguments, containers, dtypes and values, each against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import bibun as bb

A, B, C = 1.3, 0.7, -0.4
X = np.array([0.5, -1.5, 2.0])
W = np.array([[1.0, 2.0, -1.0], [0.5, -0.5, 3.0]])


def f3(a: Any, b: Any, c: Any) -> Any:
    return a * a * b + np.sin(c) * b


# ---- grad and value_and_grad -------------------------------------------------------------------------------------


def test_grad_of_a_number_an_array_and_a_matrix() -> None:
    assert_allclose(bb.grad(np.sin)(A), np.cos(A))
    assert_allclose(bb.grad(lambda x: np.sum(np.sin(x)))(X), np.cos(X))
    assert_allclose(bb.grad(lambda w: np.sum((w @ X) ** 2))(W), 2 * np.outer(W @ X, X))


def test_the_kind_of_result_is_that_of_the_argument() -> None:
    number = bb.grad(np.sin)(A)
    assert isinstance(number, float)
    array = bb.grad(lambda x: np.sum(x * x))(X)
    assert type(array) is np.ndarray
    assert bb.grad(np.sin)(np.array(A)).shape == ()
    value, _ = bb.value_and_grad(np.sin)(A)
    assert isinstance(value, float)


@pytest.mark.parametrize(
    ("argnums", "expected"),
    [
        (0, 2 * A * B),
        (1, A * A + np.sin(C)),
        (2, np.cos(C) * B),
        (-1, np.cos(C) * B),
        (-3, 2 * A * B),
        (np.int64(1), A * A + np.sin(C)),
        ((0,), (2 * A * B,)),
        ((0, 1, 2), (2 * A * B, A * A + np.sin(C), np.cos(C) * B)),
        ((2, 0), (np.cos(C) * B, 2 * A * B)),
        ([1, -1], (A * A + np.sin(C), np.cos(C) * B)),
    ],
)
def test_argnums(argnums: Any, expected: Any) -> None:
    for found in (
        bb.grad(f3, argnums)(A, B, C),
        bb.value_and_grad(f3, argnums)(A, B, C)[1],
        bb.jacrev(f3, argnums)(A, B, C),
        bb.jacfwd(f3, argnums)(A, B, C),
        bb.jacobian(f3, argnums=argnums)(A, B, C),
    ):
        assert type(found) is tuple if isinstance(expected, tuple) else isinstance(found, float)
        assert_allclose(found, expected)


def test_value_and_grad() -> None:
    value, gradient = bb.value_and_grad(lambda x: np.sum(x**3))(X)
    assert_allclose(value, np.sum(X**3))
    assert_allclose(gradient, 3 * X**2)


def test_has_aux() -> None:
    def f(x: Any) -> Any:
        y = np.exp(x)
        return np.sum(y), {"y": y, "name": "aux", "constant": X, "nothing": None}

    gradient, aux = bb.grad(f, has_aux=True)(X)
    assert_allclose(gradient, np.exp(X))
    assert_allclose(aux["y"], np.exp(X))
    assert type(aux["y"]) is np.ndarray
    assert aux["name"] == "aux"
    assert aux["constant"] is X
    assert aux["nothing"] is None
    (value, aux), gradient = bb.value_and_grad(f, has_aux=True)(X)
    assert_allclose(value, np.sum(np.exp(X)))
    assert type(aux["y"]) is np.ndarray
    assert_allclose(gradient, np.exp(X))


def test_auxiliary_output_may_be_differentiated_by_an_outer_transform() -> None:
    def outer(x: Any) -> Any:
        gradient, aux = bb.grad(lambda v: (np.sum(v**3 * x), v * x), has_aux=True)(x)
        return np.sum(gradient) + np.sum(aux)  # 3 x**3 + x**2

    assert_allclose(bb.grad(outer)(X), 9 * X**2 + 2 * X)


def test_keyword_arguments_are_passed_on() -> None:
    def f(x: Any, *, scale: Any, power: int = 2) -> Any:
        return np.sum(x**power * scale)

    assert_allclose(bb.grad(f)(X, scale=3.0), 6 * X)
    assert_allclose(bb.grad(f)(X, scale=X, power=3), 3 * X**3)
    assert_allclose(bb.jacrev(f)(X, scale=3.0), 6 * X)
    assert_allclose(bb.jacfwd(f)(X, scale=3.0), 6 * X)
    assert_allclose(bb.hessian(f)(X, scale=3.0), 6 * np.eye(3))
    assert_allclose(bb.value_and_grad(f)(X, scale=1.0)[0], np.sum(X**2))


def test_other_arguments_may_be_anything() -> None:
    def f(x: Any, mode: str, function: Any, table: dict[str, Any], nothing: None) -> Any:
        assert mode == "sum"
        assert nothing is None
        return np.sum(function(x) * table["scale"])

    assert_allclose(bb.grad(f)(X, "sum", np.sin, {"scale": 2, "name": "x"}, None), 2 * np.cos(X))
    assert_allclose(bb.jacfwd(f)(X, "sum", np.sin, {"scale": 2, "name": "x"}, None), 2 * np.cos(X))


def test_unused_arguments_have_zero_gradients() -> None:
    found = bb.grad(lambda a, b, c: a * a, (0, 1, 2))(A, X, W.astype(np.float32))
    assert_allclose(found[0], 2 * A)
    assert_array_equal(found[1], np.zeros(3))
    assert_array_equal(found[2], np.zeros((2, 3)))
    assert found[2].dtype == np.float32
    assert bb.grad(lambda d: d["a"] ** 2)({"a": A, "b": B})["b"] == 0.0


def test_gradients_are_apart_from_one_another_and_from_the_arguments() -> None:
    a, b = X.copy(), X.copy()
    ga, gb = bb.grad(lambda a, b: np.sum(a + b), (0, 1))(a, b)
    ga[:] = 9.0
    assert_array_equal(gb, np.ones(3))
    x = X.copy()
    (g,) = bb.vjp(lambda v: v, x)[1](x)
    g[:] = 0.0
    assert_array_equal(x, X)


def test_arguments_are_not_changed() -> None:
    def f(x: Any) -> Any:
        x += 1.0
        x[0] = 5.0
        return np.sum(x * x)

    x = X.copy()
    assert_allclose(bb.grad(f)(x), [0.0, *(2 * (X[1:] + 1))])
    assert_array_equal(x, X)
    bb.jvp(f, (x,), (x,))
    bb.vmap(f)(np.stack([x, x]))
    assert_array_equal(x, X)


def test_the_wrapper_keeps_the_name_and_the_docstring() -> None:
    def energy(x: Any) -> Any:
        """The energy."""
        return x * x

    for transform in (
        bb.grad,
        bb.value_and_grad,
        bb.jacrev,
        bb.jacfwd,
        bb.jacobian,
        bb.hessian,
        bb.vmap,
        bb.checkpoint,
    ):
        assert transform(energy).__name__ == "energy"
        assert transform(energy).__doc__ == "The energy."


def test_python_control_flow_on_values() -> None:
    def f(x: Any) -> Any:
        y = x
        while y < 10.0:
            y = y * y if y > 1.0 else y + 1.0
        return y if x > 0 else -y

    # 0.5 -> 1.5 -> 2.25 -> 5.0625 -> 25.6...: (x + 1)**8
    assert_allclose(bb.grad(f)(0.5), 8 * 1.5**7)
    assert_allclose(bb.jvp(f, (0.5,), (1.0,)), (1.5**8, 8 * 1.5**7))
    # -0.5 -> 0.5 -> 1.5 ...: -(x + 2)**8
    assert_allclose(bb.grad(f)(-0.5), -8 * 1.5**7)
    assert_allclose(bb.grad(bb.grad(f))(0.5), 56 * 1.5**6)


def test_newtons_method_inside_a_derivative() -> None:
    """The root of y**3 = x by iteration until it stands; d/dx x**(1/3)."""

    def cube_root(x: Any) -> Any:
        y = x
        for _ in range(100):
            step = (y**3 - x) / (3 * y**2)
            y = y - step
            if abs(step) < 1e-14:
                break
        return y

    assert_allclose(bb.grad(cube_root)(2.0), 2.0 ** (-2 / 3) / 3)
    assert_allclose(bb.grad(bb.grad(cube_root))(2.0), -2 / 9 * 2.0 ** (-5 / 3), rtol=1e-6)


def test_a_class_with_a_call_and_a_partial() -> None:
    from functools import partial

    class Model:
        def __call__(self, x: Any) -> Any:
            return np.sum(x**2)

    assert_allclose(bb.grad(Model())(X), 2 * X)
    assert_allclose(bb.grad(partial(f3, b=B, c=C))(A), 2 * A * B)
    assert_allclose(bb.grad(np.linalg.norm)(X), X / np.linalg.norm(X))


# ---- dtypes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_real_dtypes_are_kept(dtype: Any) -> None:
    x = X.astype(dtype)
    value, gradient = bb.value_and_grad(lambda v: np.sum(np.sin(v) * 2))(x)
    assert np.result_type(value) == gradient.dtype == dtype
    assert bb.grad(np.sin)(dtype(0.5)).dtype == dtype
    assert bb.jacrev(np.sin)(x).dtype == dtype
    assert bb.jacfwd(np.sin)(x).dtype == dtype
    assert bb.hessian(lambda v: np.sum(np.sin(v)))(x).dtype == dtype
    y, dy = bb.jvp(np.sin, (x,), (x,))
    assert y.dtype == dy.dtype == dtype
    assert_allclose(gradient.astype(float), 2 * np.cos(X), rtol=2e-3)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_complex_arguments(dtype: Any) -> None:
    """JAX's convention: df/da - i df/db for z = a + i b, so that df = Re(sum gradient dz)."""
    z = np.array([1 + 2j, -0.5j, 3 - 1j], dtype)
    rtol = 1e-5 if dtype is np.complex64 else 1e-12
    for f, expected in [
        (lambda z: np.sum(np.abs(z) ** 2), 2 * np.conj(z)),
        (lambda z: np.sum(np.real(z)), np.ones(3)),
        (lambda z: np.sum(np.imag(z)), -1j * np.ones(3)),
        (lambda z: np.sum(np.real(z * z)), 2 * z),
        (lambda z: np.sum(np.real(np.exp(z))), np.exp(z)),
        (lambda z: np.sum(np.imag(np.exp(z))), -1j * np.exp(z)),
        (lambda z: np.sum(np.abs(z)), np.conj(z) / np.abs(z)),
        (lambda z: np.sum(np.real(z * np.conj(z))), 2 * np.conj(z)),
        (lambda z: np.real(z[0] * z[1]), np.array([z[1], z[0], 0])),
    ]:
        gradient = bb.grad(f)(z)
        assert gradient.dtype == dtype
        assert_allclose(gradient, expected, rtol=rtol, atol=1e-6 if dtype is np.complex64 else 1e-12)
        direction = np.array([0.3 - 1j, 2j, 1.0], dtype)
        assert_allclose(bb.jvp(f, (z,), (direction,))[1], np.real(np.sum(gradient * direction)), rtol=rtol, atol=1e-6)


def test_complex_numbers() -> None:
    z = 1.0 + 2.0j
    assert_allclose(bb.grad(abs)(z), np.conj(z) / abs(z))
    assert_allclose(bb.grad(lambda z: np.abs(z) ** 2)(z), 2 * np.conj(z))


def test_complex_values_inside_a_real_function() -> None:
    def f(x: Any) -> Any:
        z = np.exp(1j * x) + x
        return np.sum(np.abs(z) ** 2)  # 1 + 2 x cos x + x**2

    gradient = bb.grad(f)(X)
    assert gradient.dtype == float
    assert_allclose(gradient, 2 * np.cos(X) - 2 * X * np.sin(X) + 2 * X)
    assert_allclose(bb.hessian(f)(X), np.diag(-4 * np.sin(X) - 2 * X * np.cos(X) + 2), atol=1e-12)


def test_holomorphic_jacobians() -> None:
    z = np.array([1 + 2j, -0.5j])
    assert_allclose(bb.jacrev(np.exp)(z), np.diag(np.exp(z)))
    assert_allclose(bb.jacfwd(np.exp)(z), np.diag(np.exp(z)))
    assert_allclose(bb.jacobian(lambda z: z**3)(1 + 1j), 3 * (1 + 1j) ** 2)


def test_jacobians_between_real_and_complex() -> None:
    """A complex output of a real input has the complex derivative; a real output of a complex one its gradient."""
    for transform in (bb.jacrev, bb.jacfwd, bb.jacobian):
        assert_allclose(transform(lambda x: np.exp(1j * x))(X), np.diag(1j * np.exp(1j * X)))
        assert_allclose(transform(lambda x: np.real(np.exp(1j * x)))(X), np.diag(-np.sin(X)))
    z = np.array([1 + 2j, -0.5j])
    for transform in (bb.jacrev, bb.jacobian):
        assert_allclose(transform(lambda z: np.abs(z) ** 2)(z), np.diag(2 * np.conj(z)))


# ---- vjp ---------------------------------------------------------------------------------------------------------


def test_vjp_returns_the_value_and_a_pullback_of_tuples() -> None:
    y, pullback = bb.vjp(lambda x: np.sin(x), X)
    assert_allclose(y, np.sin(X))
    found = pullback(np.ones(3))
    assert type(found) is tuple
    assert_allclose(found[0], np.cos(X))


def test_a_pullback_may_be_called_many_times() -> None:
    _, pullback = bb.vjp(lambda w, x: np.tanh(w @ x), W, X)
    slope = 1 - np.tanh(W @ X) ** 2
    for g in (np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([2.0, -3.0]), np.array([1.0, 0.0])):
        gw, gx = pullback(g)
        assert_allclose(gw, np.outer(g * slope, X))
        assert_allclose(gx, (g * slope) @ W)


def test_a_pullback_is_linear_and_can_be_differentiated() -> None:
    """d/dg of sum(pullback(g)**2) = 2 J J^T g, and d/dx through the pullback."""
    _, pullback = bb.vjp(lambda x: W @ np.sin(x), X)
    jacobian = W * np.cos(X)
    g = np.array([0.3, -0.8])
    assert_allclose(bb.grad(lambda g: np.sum(pullback(g)[0] ** 2))(g), 2 * jacobian @ jacobian.T @ g)
    found = bb.grad(lambda x: np.sum(bb.vjp(lambda v: W @ np.sin(v), x)[1](g)[0]))(X)
    assert_allclose(found, -np.sin(X) * (g @ W))


def test_vjp_of_containers() -> None:
    def f(p: dict[str, Any], x: Any) -> dict[str, Any]:
        return {"sum": p["a"] + x, "product": (p["a"] * p["b"], x * 2.0)}

    y, pullback = bb.vjp(f, {"a": X, "b": 2.0 * X}, 3.0)
    assert_allclose(y["product"][0], 2 * X**2)
    gp, gx = pullback({"sum": np.ones(3), "product": (np.full(3, 10.0), 100.0)})
    assert_allclose(gp["a"], 1 + 10 * 2 * X)
    assert_allclose(gp["b"], 10 * X)
    assert_allclose(gx, 3 + 200)


def test_vjp_has_aux() -> None:
    y, pullback, aux = bb.vjp(lambda x: (np.sin(x), ("aux", np.cos(x))), X, has_aux=True)
    assert_allclose(y, np.sin(X))
    assert aux[0] == "aux"
    assert type(aux[1]) is np.ndarray
    assert_allclose(pullback(np.ones(3))[0], np.cos(X))


def test_vjp_of_what_does_not_depend_is_zero() -> None:
    y, pullback = bb.vjp(lambda x, y: (np.ones(2), y), X, 1.0)
    gx, gy = pullback((np.ones(2), 5.0))
    assert_array_equal(gx, np.zeros(3))
    assert gy == 5.0


def test_cotangents_get_the_dtype_of_the_output() -> None:
    _, pullback = bb.vjp(np.sin, X.astype(np.float32))
    assert pullback(np.ones(3))[0].dtype == np.float32
    assert_allclose(pullback(np.array([1, 0, 2]))[0], np.cos(X) * [1, 0, 2], rtol=1e-6)
    assert_allclose(bb.vjp(np.sin, A)[1](1)[0], np.cos(A))


# ---- jacrev ------------------------------------------------------------------------------------------------------


def test_jacrev_has_the_shape_of_y_and_x() -> None:
    x = np.arange(6.0).reshape(2, 3) / 5
    found = bb.jacrev(lambda x: np.sin(x).T @ np.ones((2, 4)))(x)
    assert found.shape == (3, 4, 2, 3)
    expected = np.einsum("ij,jk,l->jlik", np.cos(x), np.eye(3), np.ones(4))
    assert_allclose(found, expected)


def test_jacrev_of_containers() -> None:
    def f(p: dict[str, Any]) -> tuple[Any, Any]:
        return p["a"] * p["b"], np.sum(p["b"])

    product, total = bb.jacrev(f)({"a": X, "b": 2.0})
    assert_allclose(product["a"], 2 * np.eye(3))
    assert_allclose(product["b"], X)
    assert_array_equal(total["a"], np.zeros(3))
    assert total["b"] == 1.0


def test_jacrev_of_constants_and_of_nothing() -> None:
    assert_array_equal(bb.jacrev(lambda x: np.ones(2))(X), np.zeros((2, 3)))
    assert_array_equal(bb.jacrev(lambda x: x[:0])(X), np.zeros((0, 3)))
    assert_array_equal(bb.jacrev(lambda x: np.array([np.sum(0.0)]) + 0.0 * np.sum(x))(X[:0]), np.zeros((1, 0)))
    assert bb.jacrev(lambda x: 3.0)(A) == 0.0


# ---- with Variables ----------------------------------------------------------------------------------------------


def test_transforms_of_variables_are_recorded() -> None:
    """grad(f)(x) of a Variable is a Variable, and backward goes through it."""
    x = bb.Variable(X.copy())
    gradient = bb.grad(lambda v: np.sum(v**3))(x)
    assert isinstance(gradient, bb.Variable)
    assert_allclose(gradient.data, 3 * X**2)
    gradient.backward()
    assert_allclose(x.grad, 6 * X)
    x.cleargrad()
    np.sum(bb.jvp(np.sin, (x,), (X,))[1]).backward()
    assert_allclose(x.grad, -np.sin(X) * X)
    x.cleargrad()
    np.sum(bb.vmap(lambda v: v**3)(x)).backward()
    assert_allclose(x.grad, 3 * X**2)
    x.cleargrad()
    np.sum(bb.hessian(lambda v: np.sum(v**3))(x)).backward()
    assert_allclose(x.grad, np.full(3, 6.0))


def test_variables_read_from_the_code_around() -> None:
    w = bb.Variable(np.array(2.0))
    gradient = bb.grad(lambda x: np.sum(w * x**2))(X)
    assert_allclose(gradient.data, 4 * X)
    np.sum(gradient).backward()
    assert_allclose(w.grad, np.sum(2 * X))
