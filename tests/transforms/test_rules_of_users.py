"""Rules of users: what leaves NumPy takes no batch, and what is not linear has one mode only. Nothing is silently wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import bibun as bb
from bibun.compat import autograd
from bibun.compat.autograd import extend

A = np.array([[2.0, 0.5], [0.1, 1.0]])
LU = scipy.linalg.lu_factor(A)
INVERSE = np.linalg.inv(A)
B = np.array([1.0, 2.0])


def filled(g: Any) -> Any:
    """A plain array, filled entry by entry."""
    buffer = np.zeros(2)
    buffer[:] = g
    return INVERSE.T @ buffer


PULLBACKS: dict[str, Callable[[Any], Any]] = {
    "a solver": lambda g: scipy.linalg.lu_solve(LU, g, trans=1),
    "numbers": lambda g: INVERSE.T @ np.array([float(g[0]), float(g[1])]),
    "a branch": lambda g: INVERSE.T @ g if np.any(g) else 0 * g,
    "a constant branch": lambda g: INVERSE.T @ g if np.any(g) else np.zeros(2),
    "a buffer": filled,
}


def by_custom_vjp(pull: Callable[[Any], Any]) -> Callable[..., Any]:
    @bb.custom_vjp
    def solve(b: Any) -> Any:
        return INVERSE @ b

    solve.defvjp(lambda b: (solve.f(b), None), lambda _, g: (pull(g),))
    return solve


def by_function(pull: Callable[[Any], Any]) -> Callable[..., Any]:
    class Solve(bb.Function):
        def forward(self, b: Any) -> Any:
            return scipy.linalg.lu_solve(LU, b)

        def backward(self, g: Any) -> Any:
            return pull(g)

    return Solve()


def by_autograd(pull: Callable[[Any], Any]) -> Callable[..., Any]:
    @extend.primitive
    def solve(b: Any) -> Any:
        return scipy.linalg.lu_solve(LU, b)

    extend.defvjp(solve, lambda ans, b: pull)
    return solve  # type: ignore[no-any-return]


@pytest.mark.parametrize("pull", PULLBACKS.values(), ids=PULLBACKS)
@pytest.mark.parametrize("make", [by_custom_vjp, by_function, by_autograd])
def test_jacobians_through_a_pullback_that_leaves_numpy(make: Any, pull: Any) -> None:
    solve = make(pull)

    def f(b: Any) -> Any:
        return 2 * solve(b * b)

    expected = 2 * INVERSE * (2 * B)
    for transform in (bb.jacobian, bb.jacrev):
        np.testing.assert_allclose(transform(f)(B), expected, rtol=1e-13)
    np.testing.assert_allclose(bb.grad(lambda b: f(b)[1])(B), expected[1], rtol=1e-13)
    np.testing.assert_allclose(bb.vmap(bb.jacrev(f))(np.stack([B, B])), [expected, expected], rtol=1e-13)


@pytest.mark.parametrize("name", ["a branch", "a constant branch"])
@pytest.mark.parametrize("make", [by_custom_vjp, by_function, by_autograd])
def test_forward_mode_of_a_pullback_that_does_nothing_for_zeros(make: Any, name: str) -> None:
    """Its transpose is not taken at zeros, where it is another function."""
    solve = make(PULLBACKS[name])
    np.testing.assert_allclose(bb.jvp(solve, (B,), (np.array([1.0, 3.0]),))[1], INVERSE @ [1.0, 3.0], rtol=1e-13)
    np.testing.assert_allclose(bb.jacfwd(solve)(B), INVERSE, rtol=1e-13)
    np.testing.assert_allclose(bb.linearize(solve, B)[1](np.array([1.0, 3.0])), INVERSE @ [1.0, 3.0], rtol=1e-13)


def test_reverse_mode_of_a_pushforward_that_does_nothing_for_zeros() -> None:
    @bb.custom_jvp
    def solve(b: Any) -> Any:
        return np.linalg.solve(A, b)

    solve.defjvp(lambda xs, ts: (solve.f(*xs), INVERSE @ ts[0] if np.any(ts[0]) else np.zeros(2)))
    np.testing.assert_allclose(bb.grad(lambda b: np.sum(solve(b)))(B), INVERSE.sum(0), rtol=1e-13)


@pytest.mark.parametrize("make", [by_custom_vjp, by_function, by_autograd])
def test_a_pullback_that_is_not_linear_has_no_transpose(make: Any) -> None:
    """A clipped gradient: reverse mode gives what the rule says; of forward mode nobody knows what it would be."""
    clipped = make(lambda g: np.clip(INVERSE.T @ g, -0.2, 0.2))
    np.testing.assert_allclose(bb.grad(lambda b: np.sum(clipped(b)))(B), np.clip(INVERSE.sum(0), -0.2, 0.2), rtol=1e-13)
    for transform in (bb.jacfwd(clipped), lambda b: bb.jvp(clipped, (b,), (np.array([1.0, -3.0]),))):
        with pytest.raises(bb.DerivativeValueError, match="is not linear"):
            transform(B)
    np.testing.assert_allclose(bb.jacobian(clipped)(B), np.clip(INVERSE, -0.2, 0.2), rtol=1e-13)  # by reverse mode


def test_a_pushforward_that_is_not_linear_has_no_transpose() -> None:
    @bb.custom_jvp
    def f(x: Any) -> Any:
        return x * x

    f.defjvp(lambda xs, ts: (f.f(*xs), 2 * xs[0] * ts[0] * ts[0]))
    with pytest.raises(bb.DerivativeValueError, match="is not linear"):
        bb.grad(lambda x: np.sum(f(x)))(np.array([1.0, 3.0]))


def test_an_error_of_the_rule_is_the_users() -> None:
    solve = by_custom_vjp(lambda g: g[7])
    with pytest.raises(IndexError):
        bb.jacrev(solve)(B)


@pytest.mark.parametrize(
    "f",
    [lambda x: x - 1.0, lambda x: np.reshape(x, (2, 1)), lambda x: 3 * x, np.sum, lambda x: x, np.flip],
    ids=range(6),
)
@pytest.mark.parametrize("transform", [bb.jacobian, bb.jacfwd, bb.jacrev])
def test_jacobians_are_the_callers_to_write_to(transform: Any, f: Any) -> None:
    """Also where the Jacobian is made of unit vectors alone."""
    first = transform(f)(B)
    expected = first.copy()
    first += 0.1
    np.testing.assert_array_equal(transform(f)(B), expected)


def test_hessians_are_the_callers_to_write_to() -> None:
    for f in (lambda x: np.sum(3 * x), lambda x: np.sum(x * x) / 2, lambda x: x[0] * x[1]):
        hessian = bb.hessian(f)(B)
        hessian += 0.1 * np.eye(2)  # as Levenberg and Marquardt do
        np.testing.assert_array_equal(bb.hessian(f)(B), hessian - 0.1 * np.eye(2))


def test_hessians_of_a_clipped_gradient_are_those_of_reverse_mode() -> None:
    """Clipped at 3: where the cotangent 3 y**2 is below, the Hessian of y**3."""
    clip = by_custom_vjp(lambda g: INVERSE.T @ np.clip(g, -3.0, 3.0))
    by_hand = 6 * INVERSE.T @ np.diag(INVERSE @ B * (3 * (INVERSE @ B) ** 2 < 3)) @ INVERSE
    assert 0 < np.sum(3 * (INVERSE @ B) ** 2 < 3) < 2
    np.testing.assert_allclose(bb.hessian(lambda b: np.sum(clip(b) ** 3))(B), by_hand, rtol=1e-12)
    np.testing.assert_allclose(autograd.hessian(lambda b: np.sum(clip(b) ** 3))(B), by_hand, rtol=1e-12)
    v = np.array([1.0, -2.0])
    product = autograd.hessian_vector_product(lambda b: np.sum(clip(b) ** 3))(B, v)
    np.testing.assert_allclose(product, by_hand @ v, rtol=1e-12)


def test_a_pullback_that_iterates_is_linear_to_its_tolerance() -> None:
    """Richardson's iteration with the transposed matrix, until the residual is a thousandth of g."""

    def pull(g: Any) -> Any:
        x = 0 * g
        while np.max(np.abs(g - A.T @ x)) > 1e-4 * np.max(np.abs(g)):
            x = x + 0.5 * (g - A.T @ x)
        return x

    for make in (by_custom_vjp, by_function, by_autograd):
        np.testing.assert_allclose(bb.jacfwd(make(pull))(B), INVERSE, atol=1e-3)


# ---- functions that write into their arguments --------------------------------------------------------

X = np.array([3.0, 2.0])


def doubled(x: Any) -> Any:
    x *= 2
    return x**2


@pytest.mark.parametrize("transform", [bb.jacobian, bb.jacfwd, bb.jacrev])
def test_jacobians_leave_the_arguments_as_they_are(transform: Any) -> None:
    x, c = X.copy(), np.array([2.0, 5.0])
    np.testing.assert_array_equal(transform(doubled)(x), np.diag(8 * X))
    np.testing.assert_array_equal(transform(lambda d: doubled(d["x"]))({"x": x})["x"], np.diag(8 * X))
    np.testing.assert_array_equal(transform(lambda a, b: a * b.__imul__(2))(x, c), np.diag([4.0, 10.0]))
    np.testing.assert_array_equal(c, [4.0, 10.0])  # f runs once on an argument that is not differentiated
    np.testing.assert_array_equal(bb.vmap(transform(doubled))(np.stack([x, x])), [np.diag(8 * X)] * 2)
    np.testing.assert_array_equal(x, X)


def cleared(y: Any) -> Any:
    y[0] = 0.0
    return np.sum(y**2)


def in_a_function() -> Any:
    class Cleared(bb.Function):
        def forward(self, y: Any) -> Any:
            return cleared(y)

        def backward(self, g: Any) -> Any:
            return g * 2 * self.input * np.array([0.0, 1.0])

    return Cleared()


def with_a_pullback() -> Any:
    f = bb.custom_vjp(lambda y: cleared(y))
    f.defvjp(lambda y: (cleared(y), y), lambda y, g: (2 * g * y * np.array([0.0, 1.0]),))
    return f


def with_a_pushforward() -> Any:
    f = bb.custom_jvp(lambda y: cleared(y))
    f.defjvp(lambda xs, ts: (cleared(xs[0] * 1), np.sum(2 * xs[0] * ts[0] * np.array([0.0, 1.0]))))
    return f


def with_a_rule_of_autograds() -> Any:
    f = extend.primitive(lambda y: cleared(y))
    extend.defvjp(f, lambda ans, y: lambda g: 2 * g * y * np.array([0.0, 1.0]))
    return f


@pytest.mark.parametrize(
    "make", [lambda: bb.checkpoint(cleared), in_a_function, with_a_pullback, with_a_pushforward, with_a_rule_of_autograds],
    ids=["checkpoint", "Function", "custom_vjp", "custom_jvp", "primitive"],
)  # fmt: skip
def test_what_a_function_writes_into_its_arguments_does_not_reach_the_tape(make: Any) -> None:
    block = make()

    def f(x: Any) -> Any:
        y = x * 1
        before = np.sum(y**3)
        r = block(y)
        return before + r + 10 * y[0]

    x = X.copy()
    for _ in range(2):
        np.testing.assert_allclose(bb.grad(f)(x), [3 * 9 + 10, 3 * 4 + 4])
        np.testing.assert_allclose(bb.jvp(block, (x,), (np.array([1.0, 1.0]),)), (4, 4))
        np.testing.assert_allclose(bb.vmap(bb.grad(f))(np.stack([x, x]))[1], [37, 16])
    np.testing.assert_array_equal(x, X)


def test_a_cotangent_in_the_place_of_retain_grad() -> None:
    w = bb.Variable(np.array([1.0, 2.0]))
    y = np.sum(w**2)
    with pytest.raises(TypeError, match="y.grad = g"):
        y.backward(np.array(3.0))
    with pytest.raises(TypeError, match="y.grad = g"):
        (w * 2).backward(np.ones(2))
    y.grad = np.array(3.0)
    y.backward()
    np.testing.assert_array_equal(np.asarray(getattr(w.grad, "data", w.grad)), [6, 12])
