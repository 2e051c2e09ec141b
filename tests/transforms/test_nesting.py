"""Transforms in transforms: no perturbation confusion, in any order, and errors for values that escape their transform."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import bibun as bb
from bibun import Variable

A = 1.3
X = np.array([0.5, -1.5, 2.0])


def by_jvp(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: bb.jvp(f, (x,), (1.0,))[1]


def by_vjp(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: bb.vjp(f, x)[1](1.0)[0]


def by_linearize(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: bb.linearize(f, x)[1](1.0)


def by_backward(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Through a Variable of the user's own: at the outermost place only, because its grad leaves the transform."""

    def derivative(x: Any) -> Any:
        v = Variable(np.array(x))
        f(v).backward()
        return v.grad

    return derivative


DERIVATIVES = {
    "grad": bb.grad,
    "jvp": by_jvp,
    "vjp": by_vjp,
    "linearize": by_linearize,
    "jacfwd": bb.jacfwd,
    "jacrev": bb.jacrev,
    "jacobian": bb.jacobian,
}
pairs = pytest.mark.parametrize(("outer", "inner"), [(o, i) for o in [*DERIVATIVES, "backward"] for i in DERIVATIVES])


def derivatives(outer: str, inner: str) -> tuple[Any, Any]:
    return by_backward if outer == "backward" else DERIVATIVES[outer], DERIVATIVES[inner]


# ---- the classic cases -------------------------------------------------------------------------------------------


@pairs
def test_perturbation_confusion(outer: str, inner: str) -> None:
    """d/dx (x d/dy (x y)) = 2 x; a system that confuses the two perturbations says something else."""
    d_outer, d_inner = derivatives(outer, inner)
    assert_allclose(d_outer(lambda x: x * d_inner(lambda y: x * y)(x))(A), 2 * A)
    assert_allclose(d_outer(lambda x: x * d_inner(lambda y: x + y)(1.0))(A), 1.0)
    assert_allclose(d_outer(lambda x: d_inner(lambda y: x * y * y)(2.0))(A), 4.0)
    assert_allclose(d_outer(lambda x: x * d_inner(lambda y: y * y)(x))(A), 4 * A)


@pairs
def test_second_and_third_derivatives(outer: str, inner: str) -> None:
    d_outer, d_inner = derivatives(outer, inner)
    assert_allclose(d_outer(d_inner(np.sin))(A), -np.sin(A))
    assert_allclose(d_outer(d_inner(d_inner(np.sin)))(A), -np.cos(A))
    assert_allclose(d_outer(d_inner(lambda x: x**3))(A), 6 * A)
    assert_allclose(d_outer(d_inner(lambda x: 5.0 * x))(A), 0.0)


@pairs
def test_inner_functions_that_read_outer_values_at_two_levels(outer: str, inner: str) -> None:
    """f(x) = d/dy [d/dz (x y z**2) at y] at x = d/dy (2 x y**2) = 4 x**2."""
    d_outer, d_inner = derivatives(outer, inner)
    f = lambda x: d_inner(lambda y: d_inner(lambda z: x * y * z * z)(y))(x)  # noqa: E731
    assert_allclose(f(A), 4 * A * A)
    assert_allclose(d_outer(f)(A), 8 * A)


def test_a_function_with_a_memory_of_its_perturbation() -> None:
    """Manzyuk and others, "Perturbation confusion in forward automatic differentiation of higher-order functions":
    s(u)(f)(x) = f(x + u), and d/du s at 0 of d/dx: the closure outlives the derivative that made it."""

    def shift(u: Any) -> Any:
        return lambda f: lambda x: f(x + u)

    def derivative_of_shift(f: Any) -> Any:
        return lambda y: bb.jvp(lambda u: shift(u)(f)(y), (0.0,), (1.0,))[1]

    assert_allclose(derivative_of_shift(derivative_of_shift(np.exp))(1.0), np.e)
    by_grad = lambda f: lambda y: bb.grad(lambda u: shift(u)(f)(y))(0.0)  # noqa: E731
    assert_allclose(by_grad(by_grad(np.sin))(A), -np.sin(A))
    assert_allclose(by_grad(derivative_of_shift(by_grad(np.sin)))(A), -np.cos(A))


def test_batches_between_derivatives() -> None:
    """d/dx sum over v of d/dy (x v y**2) at v."""
    f = lambda x: np.sum(bb.vmap(lambda v: bb.grad(lambda y: x * v * y * y)(v))(X))  # noqa: E731
    assert_allclose(f(A), np.sum(2 * A * X * X))
    assert_allclose(bb.grad(f)(A), np.sum(2 * X * X))
    assert_allclose(bb.jvp(f, (A,), (1.0,))[1], np.sum(2 * X * X))
    assert_allclose(bb.vmap(bb.grad(f))(X), np.full(3, np.sum(2 * X * X)))
    assert_allclose(bb.hessian(lambda x: f(x) * x)(A), 4 * np.sum(X * X))


def test_a_derivative_of_a_minimiser() -> None:
    """The argument of the minimum of (y - x)**2 + y**4, by gradient steps inside: dy/dx = 2 / (2 + 12 y**2)."""

    def argmin(x: Any) -> Any:
        slope = bb.grad(lambda y: (y - x) ** 2 + y**4)
        y = 0.0 * x
        for _ in range(200):
            y = y - 0.1 * slope(y)
        return y

    y = argmin(A)
    assert_allclose(bb.grad(argmin)(A), 2 / (2 + 12 * y**2))
    assert_allclose(bb.jvp(argmin, (A,), (1.0,))[1], 2 / (2 + 12 * y**2))


def test_hamiltonian_dynamics() -> None:
    """The field (dH/dp, -dH/dq) from gradients, its divergence 0 by Jacobians, along a whole trajectory."""

    def energy(q: Any, p: Any) -> Any:
        return 0.5 * np.sum(p**2) + np.sum(np.cos(q)) + q[0] * q[1]

    def field(z: Any) -> Any:
        q, p = z[:2], z[2:]
        return np.concatenate([bb.grad(energy, 1)(q, p), -bb.grad(energy, 0)(q, p)])

    z = np.array([0.3, -0.2, 1.0, 0.5])
    jacobian = bb.jacobian(field)(z)
    assert_allclose(np.trace(jacobian), 0.0, atol=1e-14)
    expected = np.zeros((4, 4))
    expected[0, 2] = expected[1, 3] = 1
    expected[2:, :2] = [[np.cos(z[0]), -1], [-1, np.cos(z[1])]]
    assert_allclose(jacobian, expected, atol=1e-15)


# ---- random nests, against exact polynomials ---------------------------------------------------------------------

Polynomial = dict[tuple[tuple[int, int], ...], Fraction]  # {((variable, power), ...): coefficient}


def add(p: Polynomial, q: Polynomial) -> Polynomial:
    total = dict(p)
    for monomial, c in q.items():
        total[monomial] = total.get(monomial, Fraction(0)) + c
    return {m: c for m, c in total.items() if c}


def multiply(p: Polynomial, q: Polynomial) -> Polynomial:
    total: Polynomial = {}
    for m, c in p.items():
        for n, d in q.items():
            powers = dict(m)
            for v, k in n:
                powers[v] = powers.get(v, 0) + k
            total = add(total, {tuple(sorted(powers.items())): c * d})
    return total


def differentiate(p: Polynomial, v: int) -> Polynomial:
    total: Polynomial = {}
    for m, c in p.items():
        powers = dict(m)
        k = powers.pop(v, 0)
        if k:
            if k > 1:
                powers[v] = k - 1
            total = add(total, {tuple(sorted(powers.items())): c * k})
    return total


def substitute(p: Polynomial, v: int, q: Polynomial) -> Polynomial:
    total: Polynomial = {}
    for m, c in p.items():
        powers = dict(m)
        term: Polynomial = {tuple(sorted((u, k) for u, k in powers.items() if u != v)): c}
        for _ in range(powers.get(v, 0)):
            term = multiply(term, q)
        total = add(total, term)
    return total


MODES = [
    "grad",
    "jvp",
    "vjp",
    "linearize",
    "jacfwd",
    "jacrev",
    "value",
    "checkpoint",
    "vmap",
    "vmap of grad",
    "second",
    "hvp",
]


@st.composite
def programs(draw: Any, variables: int = 1, depth: int = 3) -> Any:
    """A number, a variable, a sum, a product, or a transform of a function of one more variable."""
    kind = draw(st.sampled_from(["number", "variable", "variable", "sum", "product", "transform", "transform"]))
    if depth == 0 and kind not in ("number", "variable"):
        kind = "variable"
    if kind == "number":
        return ("number", draw(st.integers(-2, 2)))
    if kind == "variable":
        return ("variable", draw(st.integers(0, variables - 1)))
    if kind in ("sum", "product"):
        return (kind, draw(programs(variables, depth - 1)), draw(programs(variables, depth - 1)))
    body, at, direction = (draw(programs(variables + n, depth - 1)) for n in (1, 0, 0))
    return ("transform", draw(st.sampled_from(MODES)), variables, body, at, direction)


def exact(program: Any) -> Polynomial:
    kind, *rest = program
    if kind == "number":
        return {(): Fraction(rest[0])} if rest[0] else {}
    if kind == "variable":
        return {((rest[0], 1),): Fraction(1)}
    if kind == "sum":
        return add(exact(rest[0]), exact(rest[1]))
    if kind == "product":
        return multiply(exact(rest[0]), exact(rest[1]))
    mode, v, body, at, direction = rest
    whole = add(exact(body), {((v, 1),): Fraction(1)})  # the body and the variable, so that it depends on it
    point, other = exact(at), exact(direction)
    first = differentiate(whole, v)
    if mode in ("value", "checkpoint"):
        return substitute(whole, v, point)
    if mode == "vmap":
        return add(substitute(whole, v, point), substitute(whole, v, other))
    if mode == "vmap of grad":
        return add(substitute(first, v, point), substitute(first, v, other))
    if mode == "second":
        return substitute(differentiate(first, v), v, point)
    if mode == "hvp":
        return multiply(substitute(differentiate(first, v), v, point), other)
    if mode in ("jvp", "vjp", "linearize"):
        return multiply(substitute(first, v, point), other)
    return substitute(first, v, point)


def run(program: Any, values: list[Any]) -> Any:
    kind, *rest = program
    if kind == "number":
        return float(rest[0])
    if kind == "variable":
        return values[rest[0]]
    if kind in ("sum", "product"):
        a, b = (run(part, values) for part in rest)
        return a + b if kind == "sum" else a * b
    mode, _, body, at, direction = rest
    f = lambda v: run(body, [*values, v]) + v  # noqa: E731
    point, other = run(at, values), run(direction, values)
    if mode in ("grad", "jacfwd", "jacrev"):
        return getattr(bb, mode)(f)(point)
    if mode == "jvp":
        return bb.jvp(f, (point,), (other,))[1]
    if mode == "vjp":
        return bb.vjp(f, point)[1](other)[0]
    if mode == "linearize":
        return bb.linearize(f, point)[1](other)
    if mode == "vmap":
        return np.sum(bb.vmap(f)(np.stack([point, other])))
    if mode == "vmap of grad":
        return np.sum(bb.vmap(bb.grad(f))(np.stack([point, other])))
    if mode == "second":
        return bb.grad(bb.grad(f))(point)
    if mode == "hvp":
        return bb.hvp(f, (point,), (other,))
    return bb.checkpoint(f)(point) if mode == "checkpoint" else f(point)


def evaluate(p: Polynomial, at: Fraction) -> float:
    total = Fraction(0)
    for m, c in p.items():
        for v, k in m:
            assert v == 0
            c *= at**k
        total += c
    return float(total)


@settings(max_examples=300)
@given(programs(), st.sampled_from([Fraction(1, 2), Fraction(-1), Fraction(3, 4), Fraction(0)]))
def test_random_nests(program: Any, at: Fraction) -> None:
    polynomial = exact(program)
    expected = evaluate(polynomial, at)
    slope = 1 + evaluate(differentiate(polynomial, 0), at)
    curvature = evaluate(differentiate(differentiate(polynomial, 0), 0), at)
    f = lambda x: run(program, [x]) + x  # noqa: E731
    x = float(at)
    close = {"rtol": 1e-9, "atol": 1e-9}
    assert_allclose(run(program, [x]), expected, **close)
    assert_allclose(bb.grad(f)(x), slope, **close)
    assert_allclose(bb.jvp(f, (x,), (1.0,))[1], slope, **close)
    assert_allclose(bb.vmap(f)(np.array([x, x])), [expected + x] * 2, **close)
    assert_allclose(by_backward(f)(x), slope, **close)
    assert_allclose(bb.grad(bb.grad(f))(x), curvature, **close)
    assert_allclose(bb.vmap(bb.jacfwd(bb.grad(f)))(np.array([x, x])), [curvature] * 2, **close)


# ---- values that escape ------------------------------------------------------------------------------------------

ESCAPES: dict[str, Callable[[Any, Any], Any]] = {
    "grad": lambda f, x: bb.grad(f)(x),
    "jvp": lambda f, x: bb.jvp(f, (x,), (1.0,)),
    "vjp": lambda f, x: bb.vjp(f, x),
    "vmap": lambda f, x: bb.vmap(f)(np.stack([x, x])),
    "jacfwd": lambda f, x: bb.jacfwd(f)(x),
    "jacrev": lambda f, x: bb.jacrev(f)(x),
    "linearize": lambda f, x: bb.linearize(f, x),
}


@pytest.mark.parametrize("outer", ESCAPES)
@pytest.mark.parametrize("inner", ESCAPES)
def test_a_value_of_an_inner_transform_that_has_ended(outer: str, inner: str) -> None:
    def f(x: Any) -> Any:
        found: list[Any] = []

        def g(y: Any) -> Any:
            found.append(y * y)
            return y

        ESCAPES[inner](g, x)
        return found[0] * x

    with pytest.raises(
        bb.DerivativeValueError, match="of an inner transform that has ended. Return it from the inner function"
    ):
        ESCAPES[outer](f, A)


def test_a_value_of_an_outer_transform_that_has_ended_never_becomes_a_number() -> None:
    """It cannot be known for dead, because an outer function that still runs looks the same; but it stays what it is."""
    kept: list[Any] = []
    bb.grad(lambda x: kept.append(x) or x * x)(A)
    found = bb.grad(lambda y: y * kept[0])(2.0)
    assert isinstance(found, Variable)
    with pytest.raises(bb.LostDerivativeError):
        float(found)


def test_an_error_in_a_nest_leaves_nothing_behind() -> None:
    def fails(x: Any) -> Any:
        if x > 0:
            raise ArithmeticError("the user's own")
        return x

    for transform in ESCAPES.values():
        with pytest.raises(ArithmeticError, match="the user's own"):
            transform(lambda x: bb.grad(fails)(x), A) if transform is not ESCAPES["vmap"] else bb.grad(fails)(A)
    assert_allclose(bb.grad(lambda x: x * bb.grad(lambda y: x * y)(x))(A), 2 * A)


def test_generators_and_callbacks_across_levels() -> None:
    """An inner derivative is taken while an outer one is suspended, and the other way round."""

    def steps(x: Any) -> Any:
        y = x
        while True:
            y = y * x
            yield bb.grad(lambda v: v * y)(x) + y

    def f(x: Any) -> Any:
        running = steps(x)
        return next(running) + next(running) * bb.grad(lambda z: next(running) * z)(x)

    # y: x**2, x**3, x**4; each step gives 2 y: 2 x**2 + 2 x**3 * 2 x**4
    assert_allclose(f(A), 2 * A**2 + 4 * A**7)
    assert_allclose(bb.grad(f)(A), 4 * A + 28 * A**6)
