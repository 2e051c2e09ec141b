"""Plain arrays that a function changes after it has computed with them: what they held when they were read counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb

SIZES = (4, 40_000)


def powers(x: Any) -> Any:
    """The sum over i of (x0 + x1 t_i + x2 t_i**2)**2."""
    t = np.arange(len(x)) / len(x)
    p, y = np.ones(len(x)), 0.0
    for k in range(3):
        y = y + x[k] * p
        p *= t
    return np.sum(y**2)


def put_back(x: Any) -> Any:
    """a + 2 (a + 4 x0), with a the sum of x."""
    w = np.ones(len(x))
    a = w @ x
    w[0] = 5
    b = w @ x
    w[0] = 1
    return a + 2 * b


def shown(x: Any) -> Any:
    """(1 + (1 + 2) + (1 + 2 + 3)) x, of a read-only view of the diagonal."""
    scale, total = np.zeros((3, 3)), 0.0
    for k in range(3):
        scale[k, k] = k + 1
        total = total + np.sum(scale.diagonal() * x[:3])
    return total


def repeated(x: Any) -> Any:
    """6 times the sum of x**2."""
    w, total = np.ones(1), 0.0
    for _ in range(3):
        total = total + np.sum(np.broadcast_to(w, x.shape) * x**2)
        w += 1
    return total


def units(x: Any) -> Any:
    """x0**2 + 2 x1**2 + 3 x2**2."""
    e, total = np.zeros(len(x)), 0.0
    for i in range(3):
        e[i] = 1
        total = total + (i + 1) * np.sum(e * x) ** 2
        e[i] = 0
    return total


def counted(x: Any) -> Any:
    """(0 + 1 + 2 + 3) times the sum of x**2: k is an array of no axes."""
    k, total = np.array(0.0), 0.0
    for _ in range(4):
        total = total + np.sum(x**2) * k
        k += 1
    return total


def first(x: Any, *factors: float) -> Any:
    return np.concatenate([factors, np.zeros(len(x) - len(factors))])


def of_powers(x: Any) -> Any:
    t = np.arange(len(x)) / len(x)
    y = x[0] + x[1] * t + x[2] * t**2
    return first(x, 2 * np.sum(y), 2 * np.sum(y * t), 2 * np.sum(y * t**2))


GRADIENTS: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (powers, of_powers),
    (put_back, lambda x: 3 + first(x, 8.0)),
    (shown, lambda x: first(x, 3.0, 4.0, 3.0)),
    (repeated, lambda x: 12 * x),
    (units, lambda x: first(x, 2 * x[0], 4 * x[1], 6 * x[2])),
    (counted, lambda x: 12 * x),
]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("f", "gradient"), GRADIENTS)
def test_what_an_array_held_when_it_was_read(size: int, f: Callable[..., Any], gradient: Callable[..., Any]) -> None:
    x = np.linspace(0.5, 1.5, size)
    compiled, derived = bb.compile(f), bb.compile(bb.value_and_grad(f))
    with pytest.warns(bb.CompileWarning, match="changes while it runs"):
        found = [compiled(x)]
    with pytest.warns(bb.CompileWarning, match="changes while it runs"):
        pairs = [derived(x)]
    found.append(compiled(x))
    pairs.append(derived(x))
    np.testing.assert_allclose([*found, *(value for value, _ in pairs)], f(x), rtol=1e-12)
    for _, there in pairs:
        np.testing.assert_allclose(there, gradient(x), rtol=1e-10, atol=1e-12)


def test_a_work_array_of_the_code_around() -> None:
    buffer = np.empty(3)

    def f(x: Any) -> Any:
        buffer[:] = 0
        a = buffer * x
        buffer[:] = 2
        return np.sum((a + buffer * x) ** 2)

    compiled = bb.compile(bb.grad(f))
    with pytest.warns(bb.CompileWarning, match="changes while it runs"):
        found = [compiled(np.ones(3))]
    np.testing.assert_allclose([*found, compiled(np.ones(3))], 8.0)


def test_a_repeated_number_of_the_code_around_is_read_at_each_call() -> None:
    number = np.ones(1)
    shown = np.broadcast_to(number, (3,))
    compiled = bb.compile(lambda x: shown * x)
    np.testing.assert_array_equal(compiled(np.ones(3)), np.ones(3))
    number[0] = 2.0
    np.testing.assert_array_equal(compiled(np.ones(3)), np.full(3, 2.0))
