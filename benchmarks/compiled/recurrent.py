"""ADBench's LSTM: the mean log-likelihood of the next character over a sequence, by all weights.

Its gates are elementwise: a weight and a bias for each of a cell's four gates, fed by the input, by the hidden state,
by the input and by the hidden state.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.compiled.rows import Row
from benchmarks.harness import Call

LAYERS, WIDTH = 2, 14


def problem(characters: int) -> Any:
    """(weights and biases by layer, weights in and out and a bias, hidden and cell states by layer, sequence)."""
    generator = np.random.default_rng(9)
    return (
        0.5 * generator.standard_normal((2 * LAYERS, 4 * WIDTH)),
        0.5 * generator.standard_normal((3, WIDTH)),
        0.5 * generator.standard_normal((2 * LAYERS, WIDTH)),
        np.eye(WIDTH)[generator.integers(0, WIDTH, characters)],
    )


def make_step(numpy: Any, main: Any, extra: Any) -> Callable[..., Any]:
    def sigmoid(x: Any) -> Any:
        return 1.0 / (1.0 + numpy.exp(-x))

    def cell(weight: Any, bias: Any, hidden: Any, state: Any, given: Any) -> Any:
        gates = numpy.concatenate([given, hidden, given, hidden]) * weight + bias
        forget, keep, show = (sigmoid(gates[i * WIDTH : (i + 1) * WIDTH]) for i in range(3))
        state = state * forget + keep * numpy.tanh(gates[3 * WIDTH :])
        return show * numpy.tanh(state), state

    def step(states: Any, given: Any, wanted: Any) -> Any:
        """The states after one character, and the log-likelihood of the one that followed."""
        x, after = given * extra[0], []
        for layer in range(LAYERS):
            x, state = cell(main[2 * layer], main[2 * layer + 1], *states[layer], x)
            after.append((x, state))
        scores = x * extra[1] + extra[2]
        scores = scores - numpy.log(numpy.sum(numpy.exp(scores)) + 2.0)  # the 2 is ADBench's
        return after, numpy.sum(wanted * scores)

    return step


def _layers(states: Any) -> list[Any]:
    return [(states[2 * layer], states[2 * layer + 1]) for layer in range(LAYERS)]


def make_loss(first: Any, sequence: Any) -> Callable[..., Any]:
    def loss(main: Any, extra: Any) -> Any:
        step = make_step(np, main, extra)
        states, total = _layers(first), 0.0
        for given, wanted in pairwise(sequence):
            states, likelihood = step(states, given, wanted)
            total = total + likelihood
        return -total / ((len(sequence) - 1) * WIDTH)

    return loss


def _jax(jax: Any, problem: Any) -> Any:
    def loss(main: Any, extra: Any, first: Any, sequence: Any) -> Any:
        step = make_step(jax.numpy, main, extra)
        pairs = sequence[:-1], sequence[1:]
        _, likelihoods = jax.lax.scan(lambda states, pair: step(states, *pair), _layers(first), pairs)
        return -jax.numpy.sum(likelihoods) / ((len(sequence) - 1) * WIDTH)

    return jax.value_and_grad(loss, argnums=(0, 1)), (*problem[:2], *map(jax.numpy.asarray, problem[2:]))


LSTM = Row(
    key="lstm",
    title=f"ADBench LSTM, {LAYERS} layers of {WIDTH}, 200 characters",
    problem=problem,
    size=200,
    bibun=lambda bb, problem: (bb.value_and_grad(make_loss(*problem[2:]), argnums=(0, 1)), problem[:2]),
    jax=_jax,
    primal=lambda problem: Call(make_loss(*problem[2:]), problem[:2]),
)
