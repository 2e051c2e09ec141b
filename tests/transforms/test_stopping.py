"""stop_gradient against closed forms, in each mode, nested, in batches and programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb

X = np.array([0.7, -1.2])


def f(x: Any) -> Any:
    return np.sum(bb.stop_gradient(x) ** 2 * np.sin(x))


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (bb.grad(f), X**2 * np.cos(X)),
        (bb.jacfwd(f), X**2 * np.cos(X)),
        (bb.hessian(f), np.diag(-(X**2) * np.sin(X))),
        (lambda x: bb.jvp(f, (x,), (np.ones(2),))[1], np.sum(X**2 * np.cos(X))),
        (bb.grad(lambda x: np.sum(bb.grad(f)(x) ** 2)), -2 * X**4 * np.cos(X) * np.sin(X)),
        (bb.grad(lambda x: np.sum(x * bb.stop_gradient({"a": (np.exp(x), 2.0)})["a"][0])), np.exp(X)),
    ],
)
def test_what_is_stopped_is_held_fixed(transform: Callable[[Any], Any], expected: Any) -> None:
    np.testing.assert_allclose(transform(X), expected, rtol=1e-14, atol=1e-16)
    np.testing.assert_allclose(bb.compile(transform)(X), expected, rtol=1e-13, atol=1e-16)
    many = bb.vmap(transform)(np.stack([X / 2, X]))
    np.testing.assert_allclose(many[1], expected, rtol=1e-13, atol=1e-16)


def test_a_program_reads_it_at_each_call() -> None:
    compiled = bb.compile(bb.grad(f))
    for x in (X, 2 * X):
        np.testing.assert_allclose(compiled(x), x**2 * np.cos(x), rtol=1e-13)


def test_an_outer_derivative_is_stopped_too() -> None:
    """d/da of d/dx (stop(x a) x + a x) = d/da of (stop(x a) + a) = 1"""
    assert bb.grad(lambda a: bb.grad(lambda x: bb.stop_gradient(x * a) * x + a * x)(3.0))(2.0) == 1


def test_where_nothing_else_depends_on_it_there_is_no_derivative_to_take() -> None:
    with pytest.raises(bb.DerivativeValueError, match="does not depend"):
        bb.grad(lambda x: np.sum(bb.stop_gradient(x)))(X)


def test_by_variables() -> None:
    x = bb.Variable(X.copy())
    y = np.sum(bb.stop_gradient(x) * x)
    y.backward()
    np.testing.assert_array_equal(x.grad, X)


def test_writing_into_it_leaves_the_value_alone() -> None:
    def g(x: Any) -> Any:
        y = x * 1.0
        held = bb.stop_gradient(y)
        held[0] = 5.0
        return np.sum(y * held)

    np.testing.assert_array_equal(bb.grad(g)(X), [5.0, X[1]])
    plain = X.copy()
    assert bb.stop_gradient(plain) is plain
