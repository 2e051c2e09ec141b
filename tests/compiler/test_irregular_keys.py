"""Loops over whole numbers without a rule, E[:, o] for o in observations: compiled, they are loops, which read a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.collected import Collected
from tests.compiler.agreement import agrees_with_derivatives, is_native

TURNS = 60
OBSERVED = np.random.default_rng(4).integers(0, 5, TURNS)
TOKENS = OBSERVED.tolist()
E = np.random.default_rng(5).uniform(0.5, 1.5, size=(4, 5))
loop = Collected()


@loop
def forward_algorithm(e: Any) -> Any:
    a, total = np.ones(4) / 4, 0.0
    for o in OBSERVED:
        a = (np.roll(a, 1) + 0.3 * a) * e[:, o]
        s = np.sum(a)
        total, a = total + np.log(s), a / s
    return total


@loop
def embedded_tokens(e: Any) -> Any:
    h = np.zeros(4)
    for o in TOKENS:
        h = np.tanh(0.5 * h + e[:, -1 - o])
    return h


@loop
def a_place_that_moves_beside_one_that_jumps(e: Any) -> Any:
    total = 0.0
    for t, o in enumerate(TOKENS):
        total = np.sin(total + e[t % 4, o] * e[o % 4, t % 5])
    return total


@loop
def put_and_added(e: Any) -> Any:
    y, z = np.zeros_like(e[0]), e * 1.0
    for t, o in enumerate(OBSERVED):
        y[o] = np.cos(y[o - 1]) * e[1, o]
        z[t % 4, o] += 0.1 * y[o]
        z[:, TOKENS[t - 1]] *= 0.9
    return np.sum(y) + np.sum(z**2)


@loop
def slices_of_a_fixed_length(e: Any) -> Any:
    x = np.reshape(e, -1)
    total = 0.0
    for o in OBSERVED:
        total = np.tanh(0.5 * total + x[o : o + 3] * x[2 * o])
    return total


@pytest.mark.parametrize("f", loop, ids=lambda f: f.__name__)
def test_as_plainly(f: Callable[[Any], Any]) -> None:
    agrees_with_derivatives(f, E, E[::-1] * 0.9)


@pytest.mark.parametrize("f", loop[:4], ids=lambda f: f.__name__)
def test_they_are_loops(f: Callable[[Any], Any]) -> None:
    compiled = bb.compile(bb.grad(lambda e: np.sum(f(e))))
    compiled(E)
    is_native(compiled)
    assert compiled.source().count("\n") < 110
    assert "for t in range(" in compiled.source()


def test_likelihood_by_the_sum_over_all_paths() -> None:
    """Of three observations, the truth: the sum over all paths of hidden states."""
    start, turn = np.array([0.6, 0.4]), np.array([[0.7, 0.3], [0.2, 0.8]])
    seen = [1, 0, 2] * 10

    def likelihood(e: Any) -> Any:
        a = start
        for o in seen:
            a = (a * e[:, o]) @ turn
        return np.sum(a)

    e = np.array([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]])
    product = np.linalg.multi_dot([np.diag(e[:, o]) @ turn for o in seen])
    value, gradient = bb.compile(bb.value_and_grad(likelihood))(e)
    assert value == pytest.approx(start @ product @ np.ones(2), rel=1e-13)
    assert np.sum(gradient * e) == pytest.approx(len(seen) * value, rel=1e-12)  # Euler: of degree 1 in each e[:, o]
