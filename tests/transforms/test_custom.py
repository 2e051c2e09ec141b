"""Functions with derivatives of their own: custom_vjp, custom_jvp and checkpoint under every transform."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import bibun as bb
from bibun import Variable

A, B = 1.3, 0.7
X = np.array([0.5, -1.5, 2.0])
T = np.array([1.0, -2.0, 0.5])


@bb.custom_vjp
def cube_by_vjp(x: Any) -> Any:
    """x**3."""
    return x**3


cube_by_vjp.defvjp(lambda x: (x**3, x), lambda x, g: (3 * x**2 * g,))


@bb.custom_jvp
def cube_by_jvp(x: Any) -> Any:
    """x**3."""
    return x**3


@cube_by_jvp.defjvp
def _(primals: Any, tangents: Any) -> Any:
    (x,), (t,) = primals, tangents
    return x**3, 3 * x**2 * t


@bb.checkpoint
def cube_by_checkpoint(x: Any) -> Any:
    """x**3."""
    return x * x * x


CUBES = [cube_by_vjp, cube_by_jvp, cube_by_checkpoint]
cubes = pytest.mark.parametrize("cube", CUBES, ids=["custom_vjp", "custom_jvp", "checkpoint"])


# ---- all three ---------------------------------------------------------------------------------------------------


@cubes
def test_the_value(cube: Any) -> None:
    assert_allclose(cube(A), A**3)
    assert_allclose(cube(X), X**3)
    assert cube.__doc__ == "x**3."


@cubes
def test_first_order(cube: Any) -> None:
    assert_allclose(bb.grad(cube)(A), 3 * A**2)
    assert_allclose(bb.value_and_grad(cube)(A), (A**3, 3 * A**2))
    assert_allclose(bb.jvp(cube, (X,), (T,)), (X**3, 3 * X**2 * T))
    assert_allclose(bb.vjp(cube, X)[1](T)[0], 3 * X**2 * T)
    assert_allclose(bb.linearize(cube, X)[1](T), 3 * X**2 * T)
    for jacobian in (bb.jacobian, bb.jacrev, bb.jacfwd):
        assert_allclose(jacobian(cube)(X), np.diag(3 * X**2))


@cubes
def test_higher_orders(cube: Any) -> None:
    f = lambda x: np.sum(cube(x))  # noqa: E731
    assert_allclose(bb.grad(bb.grad(cube))(A), 6 * A)
    assert_allclose(bb.grad(bb.grad(bb.grad(cube)))(A), 6.0)
    assert_allclose(bb.hessian(f)(X), np.diag(6 * X))
    assert_allclose(bb.hvp(f, (X,), (T,)), 6 * X * T)
    assert_allclose(bb.jacrev(bb.jacrev(f))(X), np.diag(6 * X))
    assert_allclose(bb.jacrev(bb.jacfwd(f))(X), np.diag(6 * X))
    assert_allclose(bb.jacfwd(bb.jacfwd(f))(X), np.diag(6 * X))
    second = bb.jvp(lambda x: bb.jvp(cube, (x,), (T,))[1], (X,), (T,))[1]
    assert_allclose(second, 6 * X * T * T)


@cubes
def test_batches(cube: Any) -> None:
    assert_allclose(bb.vmap(cube)(X), X**3)
    assert_allclose(bb.vmap(bb.grad(cube))(X), 3 * X**2)
    assert_allclose(bb.vmap(bb.grad(bb.grad(cube)))(X), 6 * X)
    assert_allclose(bb.grad(lambda x: np.sum(bb.vmap(cube)(x)))(X), 3 * X**2)
    assert_allclose(bb.hessian(lambda x: np.sum(bb.vmap(cube)(x)))(X), np.diag(6 * X))
    assert_allclose(bb.jvp(bb.vmap(cube), (X,), (T,))[1], 3 * X**2 * T)
    assert_allclose(bb.vmap(lambda x, t: bb.jvp(cube, (x,), (t,))[1])(X, T), 3 * X**2 * T)
    matrix = np.stack([X, T])
    assert_allclose(bb.vmap(bb.jacrev(cube))(matrix), [np.diag(3 * X**2), np.diag(3 * T**2)])


@cubes
def test_variables(cube: Any) -> None:
    x = Variable(X.copy())
    y = cube(x)
    assert_allclose(y.data, X**3)
    y.backward(create_graph=True)
    gradient = x.grad
    assert_allclose(gradient.data, 3 * X**2)
    x.cleargrad()
    gradient.backward()
    assert_allclose(x.grad, 6 * X)


@cubes
def test_single_precision_is_kept(cube: Any) -> None:
    x = X.astype(np.float32)
    assert cube(x).dtype == np.float32
    assert bb.grad(lambda v: np.sum(cube(v)))(x).dtype == np.float32
    assert bb.jvp(cube, (x,), (x,))[1].dtype == np.float32


@cubes
def test_mutated_arguments(cube: Any) -> None:
    data = X.copy()
    x = Variable(data)
    y = cube(x)
    data[:] = 100.0
    y.backward()
    assert_allclose(x.grad, 3 * X**2)


@cubes
def test_inside_a_larger_function(cube: Any) -> None:
    f = lambda x: np.sum(np.sin(cube(x) * 2.0) + cube(x[::-1])[0] * x)  # noqa: E731
    plain = lambda x: np.sum(np.sin(x**3 * 2.0) + (x[::-1] ** 3)[0] * x)  # noqa: E731
    assert_allclose(bb.grad(f)(X), bb.grad(plain)(X))
    assert_allclose(bb.hessian(f)(X), bb.hessian(plain)(X))


# ---- the rule is what is used ------------------------------------------------------------------------------------


def test_the_rule_replaces_the_derivative() -> None:
    """A rule that says something else than the truth shows that it is the rule that is used."""

    @bb.custom_vjp
    def straight_through(x: Any) -> Any:
        return np.round(x)

    straight_through.defvjp(lambda x: (np.round(x), None), lambda _, g: (g,))
    assert_allclose(bb.grad(lambda x: np.sum(straight_through(x) ** 2))(X), 2 * np.round(X))
    assert_allclose(bb.jvp(straight_through, (X,), (T,)), (np.round(X), T))

    @bb.custom_jvp
    def clipped(x: Any) -> Any:
        return x * x

    clipped.defjvp(lambda xs, ts: (xs[0] ** 2, np.clip(2 * xs[0], -1, 1) * ts[0]))
    assert_allclose(bb.grad(lambda x: np.sum(clipped(x)))(X), np.clip(2 * X, -1, 1))


def test_a_gradient_that_is_clipped_on_the_way() -> None:
    identity = bb.custom_vjp(lambda x: x)
    identity.defvjp(lambda x: (x, None), lambda _, g: (np.clip(g, -1.0, 1.0),))
    assert_allclose(bb.grad(lambda x: np.sum(identity(x) * 10.0 + x))(X), np.full(3, 2.0))


def test_a_function_that_is_stable_only_by_its_rule() -> None:
    """log(1 + e**x), whose own derivative is nan for large x."""

    @bb.custom_jvp
    def log1pexp(x: Any) -> Any:
        return np.where(x > 50, x, np.log1p(np.exp(np.minimum(x, 50))))

    log1pexp.defjvp(lambda xs, ts: (log1pexp(xs[0]), ts[0] / (1 + np.exp(-xs[0]))))
    x = np.array([-3.0, 0.0, 100.0])
    sigmoid = 1 / (1 + np.exp(-x))
    assert_allclose(bb.vmap(bb.grad(log1pexp))(x), sigmoid)
    assert_allclose(bb.vmap(bb.grad(bb.grad(log1pexp)))(x), sigmoid * (1 - sigmoid), atol=1e-15)


def test_implicit_differentiation() -> None:
    """The root of y + sin(y) = x by Newton: dy/dx = 1 / (1 + cos y), to second order."""

    def solve(x: Any) -> Any:
        y = np.zeros_like(x)
        for _ in range(50):
            y = y - (y + np.sin(y) - x) / (1 + np.cos(y))
        return y

    root = bb.custom_vjp(solve)
    root.defvjp(lambda x: (root(x), root(x)), lambda y, g: (g / (1 + np.cos(y)),))
    x = np.array(0.8)
    y = solve(x)
    assert_allclose(bb.grad(root)(x), 1 / (1 + np.cos(y)))
    assert_allclose(bb.grad(bb.grad(root))(x), np.sin(y) / (1 + np.cos(y)) ** 3)


@bb.custom_vjp
def softened(x: Any) -> Any:
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m)))


def _softened_forward(x: Any) -> Any:
    y = softened(x)
    return y, (x, y)


softened.defvjp(_softened_forward, lambda kept, g: (g * np.exp(kept[0] - kept[1]),))


def test_compiled_where_forward_calls_the_function_itself() -> None:
    """The pattern of the documentation; the gradient of log sum exp is the softmax."""
    share = np.exp(X) / np.sum(np.exp(X))
    for _ in range(2):
        assert_allclose(bb.compile(softened)(X), np.logaddexp.reduce(X))
        assert_allclose(bb.compile(bb.grad(softened))(X), share)
        assert_allclose(bb.compile(bb.hessian(softened))(X), np.diag(share) - np.outer(share, share), atol=1e-15)
        assert_allclose(bb.compile(bb.vmap(softened))(np.stack([X, T])), [softened(X), softened(T)])
        assert_allclose(bb.compile(bb.vmap(bb.grad(softened)))(np.stack([X, X])), [share, share])


# ---- arguments ---------------------------------------------------------------------------------------------------


@bb.custom_vjp
def scaled(mode: str, p: dict[str, Any], x: Any, n: int = 2) -> Any:
    return p["a"] * x**n if mode == "power" else p["b"] + x


def _scaled_forward(mode: str, p: dict[str, Any], x: Any, n: int = 2) -> Any:
    return p["a"] * x**n, (p["a"], x, n)


def _scaled_backward(residuals: Any, g: Any) -> Any:
    a, x, n = residuals
    return None, {"a": np.sum(g * x**n), "b": np.zeros(2)}, g * a * n * x ** (n - 1), None


scaled.defvjp(_scaled_forward, _scaled_backward)


def test_containers_and_other_arguments_of_custom_vjp() -> None:
    p = {"b": np.ones(2), "a": 3.0}
    gp, gx = bb.grad(lambda p, x: np.sum(scaled("power", p, x, 3)), (0, 1))(p, X)
    assert_allclose(gp["a"], np.sum(X**3))
    assert_array_equal(gp["b"], np.zeros(2))
    assert_allclose(gx, 9 * X**2)
    assert_allclose(scaled("other", p, X[:2]), 1 + X[:2])


def test_keywords_are_arguments_too() -> None:
    f = bb.custom_vjp(lambda x, w: x * w)
    f.defvjp(lambda x, w: (x * w, (x, w)), lambda r, g: (g * r[1], g * r[0]))
    assert_allclose(bb.grad(lambda w: f(2.0, w=w))(3.0), 2.0)
    assert_allclose(bb.grad(lambda w: f(w=w, x=w))(3.0), 6.0)
    g = bb.custom_jvp(lambda x, w: x * w)
    g.defjvp(lambda p, t: (p[0] * p[1], t[0] * p[1] + p[0] * t[1]))
    assert_allclose(bb.grad(lambda w: g(2.0, w=w))(3.0), 2.0)
    assert_allclose(bb.jvp(lambda w: g(w=w, x=w), (3.0,), (1.0,))[1], 6.0)


def test_several_outputs_and_containers() -> None:
    @bb.custom_vjp
    def polar(r: Any, t: Any) -> dict[str, Any]:
        return {"y": r * np.sin(t), "x": r * np.cos(t)}

    def backward(residuals: Any, g: Any) -> Any:
        r, t = residuals
        return g["x"] * np.cos(t) + g["y"] * np.sin(t), r * (g["y"] * np.cos(t) - g["x"] * np.sin(t))

    polar.defvjp(lambda r, t: (polar(r, t), (r, t)), backward)
    assert_allclose(bb.grad(lambda r, t: polar(r, t)["x"], (0, 1))(A, B), (np.cos(B), -A * np.sin(B)))
    jacobian = bb.jacobian(polar, (0, 1))(A, B)
    assert_allclose(jacobian["y"], (np.sin(B), A * np.cos(B)))
    moved = bb.jvp(polar, (A, B), (1.0, 0.0))[1]
    assert_allclose((moved["x"], moved["y"]), (np.cos(B), np.sin(B)))
    batch = bb.vmap(polar)(X, X)
    assert_allclose(batch["x"], X * np.cos(X))
    second = bb.hessian(lambda r, t: polar(r, t)["x"], (0, 1))(A, B)
    assert_allclose(second, [[0.0, -np.sin(B)], [-np.sin(B), -A * np.cos(B)]])


def test_several_outputs_of_custom_jvp() -> None:
    @bb.custom_jvp
    def f(p: dict[str, Any], s: Any) -> tuple[Any, Any]:
        return p["x"] * s, np.sum(p["x"])

    @f.defjvp
    def rule(primals: Any, tangents: Any) -> Any:
        (p, s), (tp, ts) = primals, tangents
        return f(p, s), (tp["x"] * s + p["x"] * ts, np.sum(tp["x"]))

    assert_allclose(bb.jvp(f, ({"x": X}, 2.0), ({"x": T}, 1.0))[1][0], 2 * T + X)
    gp, gs = bb.grad(lambda p, s: np.sum(f(p, s)[0]) + f(p, s)[1] ** 2, (0, 1))({"x": X}, 2.0)
    assert_allclose(gp["x"], 2 + 2 * np.sum(X))
    assert_allclose(gs, np.sum(X))


def test_arguments_that_are_not_differentiated() -> None:
    f = bb.custom_vjp(lambda x, n: x**n)
    f.defvjp(lambda x, n: (x**n, (x, n)), lambda r, g: (g * r[1] * r[0] ** (r[1] - 1), None))
    assert_allclose(bb.grad(lambda x: f(x, 3))(A), 3 * A**2)
    assert bb.grad(lambda x, n: f(x, n), 1)(A, 3.0) == 0.0
    g = bb.custom_jvp(lambda x, n: x**n)
    g.defjvp(lambda p, t: (p[0] ** p[1], t[0] * p[1] * p[0] ** (p[1] - 1)))
    assert_allclose(bb.grad(lambda x: g(x, 3))(A), 3 * A**2)
    assert_allclose(bb.jvp(lambda x: g(x, 3), (A,), (2.0,))[1], 6 * A**2)


@pytest.mark.parametrize(
    ("cotangents", "error", "message"),
    [
        ((1.0,), ValueError, "backward of f returned 1 cotangents for 2 arguments"),
        ((1.0, 2.0, 3.0), ValueError, "backward of f returned 3 cotangents for 2 arguments"),
        (({"a": 1.0}, 1.0), ValueError, "returned 1 cotangents for argument 0, which holds 2 values"),
        (({"a": np.ones(2), "b": 1.0}, 1.0), ValueError, r"a cotangent of shape \(2,\) for an argument of shape \(\)"),
    ],
)
def test_wrong_cotangents(cotangents: Any, error: type[Exception], message: str) -> None:
    @bb.custom_vjp
    def f(p: dict[str, Any], x: Any) -> Any:
        return p["a"] * p["b"] * x

    f.defvjp(lambda p, x: (f(p, x), None), lambda _, g: cotangents)
    with pytest.raises(error, match=message):
        bb.grad(lambda p, x: f(p, x), (0, 1))({"a": 1.0, "b": 2.0}, 3.0)


def test_a_wrong_tangent() -> None:
    f = bb.custom_jvp(lambda x: x * x)
    f.defjvp(lambda xs, ts: (xs[0] ** 2, np.ones(2)))
    with pytest.raises(
        ValueError, match=r"custom_jvp: the rule of <lambda> returned a tangent of shape \(2,\) for an output of"
    ):
        bb.jvp(f, (X,), (T,))
    g = bb.custom_jvp(lambda x: (x, x))
    g.defjvp(lambda xs, ts: (g(xs[0]), ts[0]))
    with pytest.raises(ValueError, match="custom_jvp: the rule of <lambda> returned 1 tangents for 2 outputs"):
        bb.jvp(g, (X,), (T,))


def test_a_rule_that_was_not_given() -> None:
    with pytest.raises(bb.NoDerivativeError, match=r"custom_vjp: f\.defvjp\(forward, backward\) was not called"):

        @bb.custom_vjp
        def f(x: Any) -> Any:
            return x

        f(1.0)
    with pytest.raises(bb.NoDerivativeError, match=r"custom_jvp: g\.defjvp\(rule\) was not called"):

        @bb.custom_jvp
        def g(x: Any) -> Any:
            return x

        g(1.0)


@pytest.mark.parametrize("wrap", ["vjp", "jvp"])
def test_a_value_from_the_code_around_is_refused(wrap: str) -> None:
    def outer(w: Any) -> Any:
        if wrap == "vjp":
            f = bb.custom_vjp(lambda x: x * w)
            f.defvjp(lambda x: (x * w, None), lambda _, g: (g * w,))
        else:
            f = bb.custom_jvp(lambda x: x * w)
            f.defjvp(lambda xs, ts: (xs[0] * w, ts[0] * w))
        return f(2.0)

    with pytest.raises(
        bb.NoDerivativeError, match=r"<lambda> reads a Variable from the code around it.*Pass it as an argument"
    ):
        bb.grad(outer)(3.0)


# ---- checkpoint --------------------------------------------------------------------------------------------------


def test_checkpoint_runs_the_function_again() -> None:
    runs: list[int] = []

    def f(x: Any) -> Any:
        runs.append(1)
        return np.sin(x)

    assert_allclose(bb.grad(bb.checkpoint(f))(A), np.cos(A))
    assert len(runs) == 2
    runs.clear()
    bb.checkpoint(f)(A)
    assert len(runs) == 1


def test_checkpoint_of_containers_keywords_and_other_arguments() -> None:
    @bb.checkpoint
    def f(p: dict[str, Any], x: Any, mode: str, *, scale: Any = 1.0) -> dict[str, Any]:
        assert mode == "sin"
        return {"y": np.sin(p["a"] * x) * scale, "n": 3.0}

    gp, gx, gs = bb.grad(lambda p, x, s: np.sum(f(p, x, "sin", scale=s)["y"]), (0, 1, 2))({"a": A}, X, B)
    assert_allclose(gp["a"], np.sum(np.cos(A * X) * X) * B)
    assert_allclose(gx, np.cos(A * X) * A * B)
    assert_allclose(gs, np.sum(np.sin(A * X)))
    assert f({"a": A}, X, "sin")["n"] == 3.0


def test_checkpoint_of_a_closure_is_right() -> None:
    def outer(w: Any) -> Any:
        inner: Callable[[Any], Any] = bb.checkpoint(lambda x: np.sin(x * w))
        return inner(w) + inner(2.0)

    assert_allclose(bb.grad(outer)(A), 2 * A * np.cos(A * A) + 2 * np.cos(2 * A))
    assert_allclose(bb.grad(bb.grad(outer))(A), 2 * np.cos(A * A) - 4 * A * A * np.sin(A * A) - 4 * np.sin(2 * A))
    assert_allclose(bb.jvp(outer, (A,), (1.0,))[1], 2 * A * np.cos(A * A) + 2 * np.cos(2 * A))


def test_checkpoints_nest() -> None:
    inner = bb.checkpoint(lambda x: np.sin(x) * x)
    outer = bb.checkpoint(lambda x: inner(inner(x)))
    plain = lambda x: np.sin(np.sin(x) * x) * (np.sin(x) * x)  # noqa: E731
    assert_allclose(bb.grad(outer)(A), bb.grad(plain)(A))
    assert_allclose(bb.grad(bb.grad(outer))(A), bb.grad(bb.grad(plain))(A))


def test_checkpoint_with_control_flow() -> None:
    @bb.checkpoint
    def f(x: Any) -> Any:
        while x < 10:
            x = x * x if x > 1 else x + 1
        return x

    assert_allclose(bb.grad(f)(0.5), 8 * 1.5**7)


def test_an_error_in_a_checkpointed_function_is_the_users() -> None:
    @bb.checkpoint
    def f(x: Any) -> Any:
        raise KeyError("the user's own")

    with pytest.raises(KeyError, match="the user's own"):
        bb.grad(f)(A)


def test_methods_can_be_decorated() -> None:
    class Model:
        def __init__(self, scale: float) -> None:
            self.scale = scale

        @bb.checkpoint
        def energy(self, x: Any) -> Any:
            return np.sum(np.sin(x) * self.scale)

    assert_allclose(bb.grad(Model(3.0).energy)(X), 3 * np.cos(X))
