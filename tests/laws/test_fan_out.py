"""The law of fan-out: the derivative of a sum of uses of one value is the sum of their derivatives, in whatever order they come.

Cotangents reach a value in many forms (an array, a read-only broadcast one, a number, a few entries of an array, entries
named twice), and the sweep adds each form to each other, in place where it can. Every sequence of up to four uses is tried.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest

import bibun as bb


class Use(NamedTuple):
    """A use of x that gives one number, its gradient and its second derivative (the diagonal of the Hessian)."""

    f: Callable[[Any], Any]
    gradient: Callable[[Any], Any]
    second: Callable[[Any], Any]


def constant(*entries: float) -> Callable[[Any], Any]:
    return lambda x: np.reshape(entries, np.shape(x)) * np.ones_like(x)


def zero(x: Any) -> Any:
    return np.zeros_like(x)


SCALAR = {
    "x": Use(lambda x: 1 * x, constant(1), zero),
    "x * x": Use(lambda x: x * x, lambda x: 2 * x, constant(2)),
    "sum(x)": Use(lambda x: np.sum(x), constant(1), zero),
    "sum(x[None])": Use(lambda x: np.sum(x[None]), constant(1), zero),
    "sum(sin(x[...]))": Use(lambda x: np.sum(np.sin(x[...])), np.cos, lambda x: -np.sin(x)),
    "sum(stack)": Use(lambda x: np.sum(np.stack([x, 2 * x])), constant(3), zero),
    "sum(broadcast)": Use(lambda x: np.sum(np.broadcast_to(x, (2, 2))), constant(4), zero),
}
VECTOR = {
    "sum(x)": Use(lambda x: np.sum(x), constant(1, 1), zero),
    "x @ x": Use(lambda x: x @ x, lambda x: 2 * x, constant(2, 2)),
    "x[0]": Use(lambda x: 1 * x[0], constant(1, 0), zero),
    "x[1]**3": Use(lambda x: x[1] ** 3, lambda x: np.array([0, 3 * x[1] ** 2]), lambda x: np.array([0, 6 * x[1]])),
    "x[[0, 0]]": Use(lambda x: np.sum(x[np.array([0, 0])]), constant(2, 0), zero),
    "x[::-1]": Use(lambda x: np.sum(x[::-1] * np.array([1.0, 5.0])), constant(5, 1), zero),
    "sum(exp(x))": Use(lambda x: np.sum(np.exp(x)), np.exp, np.exp),
    "concatenate": Use(lambda x: np.sum(np.concatenate([x, x])[1:]), constant(1, 2), zero),
}
ORDERS = [(0.7, SCALAR, uses) for n in (2, 3, 4) for uses in product(SCALAR, repeat=n)]
ORDERS += [(np.array([0.7, -1.2]), VECTOR, uses) for n in (2, 3) for uses in product(VECTOR, repeat=n)]


def added(table: dict[str, Use], uses: tuple[str, ...]) -> Callable[[Any], Any]:
    """The sum of the uses, made one after the other."""

    def f(x: Any) -> Any:
        made = [table[use].f(x) for use in uses]
        total = made[0]
        for y in made[1:]:
            total = total + y
        return total

    return f


def wanted(table: dict[str, Use], uses: tuple[str, ...], x: Any) -> tuple[Any, Any]:
    return sum(table[use].gradient(x) for use in uses), sum(table[use].second(x) for use in uses)


@pytest.mark.parametrize("last", [*SCALAR, *(name for name in VECTOR if name not in SCALAR)])
def test_every_order_of_uses(last: str) -> None:
    wrong = []
    for x, table, uses in ORDERS:
        if uses[-1] != last:
            continue
        f, (gradient, second) = added(table, uses), wanted(table, uses, np.asarray(x))
        found = {"grad": (bb.grad(f)(x), gradient)}
        box = bb.Variable(np.array(x))
        f(box).backward()
        found["backward"] = (box.grad, gradient)
        if len(uses) == 2:
            found["jvp of grad"] = (bb.jvp(bb.grad(f), (x,), (np.ones_like(x),))[1], second)
            found["vjp of grad"] = (bb.vjp(bb.grad(f), x)[1](np.ones_like(x))[0], second)
            found["vmap of grad"] = (bb.vmap(bb.grad(f))(np.stack([x, x]))[1], gradient)
        wrong += [
            f"{what} of {' + '.join(uses)}: {got} instead of {want}"
            for what, (got, want) in found.items()
            if not np.allclose(got, want, rtol=1e-13, atol=1e-13)
        ]
    assert not wrong, "\n".join(wrong[:5])
