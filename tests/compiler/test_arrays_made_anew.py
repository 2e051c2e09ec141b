"""Plain arrays that a function makes again at each use, alike: its program holds one. Those that somebody else holds too are
read at each call, each by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.compiler.agreement import agrees_with_derivatives

K = np.random.default_rng(3).normal(size=(6, 6)) / 6
X = np.array([0.5, 1.5, -2.0, 0.25, 1.0, -0.75])


def shapes(compiled: Any) -> list[str]:
    """What the program has from around the function, a line each."""
    return [line for line in compiled.source().splitlines() if line.startswith("#   c")]


def halved(x: Any) -> Any:
    for _ in range(40):
        x = np.tanh((0.5 * K) @ x)
    return np.sum(x)


def transposed(x: Any) -> Any:
    total = 0.0
    for _ in range(40):
        step = np.array([[1.0, 0.1], [0.0, 1.0]])
        x = np.concatenate([step @ x[:2], step.T @ x[2:4], step[0] * x[4:]])
        total = total + np.sum(np.eye(2)[1] * x[:2])
    return total


def large(x: Any) -> Any:
    wide = np.ones((200, 200))
    y = np.zeros(200, like=x) + x[0]
    for _ in range(30):
        y = np.sin((wide * 0.01) @ y)
    return np.sum(y)


@pytest.mark.parametrize(
    ("f", "count"), [(halved, 1), (transposed, 4), (large, 1)], ids=["halved", "transposed", "large"]
)
def test_one_array_is_enough(f: Any, count: int) -> None:
    compiled = bb.compile(bb.grad(f))
    np.testing.assert_allclose(compiled(X), bb.grad(f)(X), rtol=1e-12, atol=1e-15)
    assert len(shapes(compiled)) <= count
    assert compiled.source().count("\n") < 60
    agrees_with_derivatives(f, X, X[::-1] / 2)


@pytest.mark.parametrize("part", [lambda a: a, lambda a: a.T, lambda a: a[::2], lambda a: a[None][0]])
def test_arrays_that_are_held_elsewhere_are_read_at_each_call(part: Any) -> None:
    """Alike at the first call, they may differ at the next one: by themselves, or through a view that somebody has."""
    held = [np.array(K) for _ in range(40)]
    views = [part(a) for a in held]

    def f(x: Any) -> Any:
        total = 0.0
        for a in views:
            total = total * 0.5 + np.sum(a[:3, :3] @ x[:3])
        return total

    compiled = bb.compile(f)
    np.testing.assert_allclose(compiled(X), f(X), rtol=1e-13)
    for n, a in enumerate(held):
        a *= n
    np.testing.assert_allclose(compiled(X), f(X), rtol=1e-13)


def test_made_by_the_function_and_kept_by_it() -> None:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        total = 0.0
        for _ in range(30):
            a = np.ones(6)
            if len(kept) < 30:
                kept.append(a[2:4])
            total = total * 0.5 + np.sum(a * x)
        return total

    compiled = bb.compile(f)
    expected = compiled(X)
    for view in kept:
        view[...] = 7.0
    np.testing.assert_allclose(expected, np.sum(X) * (2 - 0.5**29), rtol=1e-13)


def test_the_same_array_returned_and_used() -> None:
    def f(x: Any) -> Any:
        a, b = np.ones(6), np.ones(6)
        return a, b, np.sum(a * x) + np.sum(b * x)

    a, b, total = bb.compile(f)(X)
    a[0] = 5.0
    assert b[0] == 1
    assert total == pytest.approx(2 * np.sum(X))
