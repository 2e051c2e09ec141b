"""Random programs of slices, updates in place, views and loops: their text, and that of their derivatives, run.

What is at stake are the updates in place that the text makes of functional ones: none may be seen by who must not see it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.compiler.reading_back import assert_alike, program_of

N = 6  # entries of every value
State = list[Any]
Step = Callable[[State, int], None]


def _entrywise(random: np.random.Generator) -> Step:
    a, b, to = random.integers(0, 3, 3)
    which = random.integers(0, 4)

    def step(s: State, t: int) -> None:
        s[to] = [np.sin(s[a]), s[a] * s[b], 0.5 * s[a] - s[b], np.tanh(s[a] + 0.1 * t)][which]

    return step


def _update(random: np.random.Generator) -> Step:
    a, to = random.integers(0, 3, 2)
    start, width = int(random.integers(0, 3)), int(random.integers(1, 4))
    adds, moves = random.integers(0, 2, 2)

    def step(s: State, t: int) -> None:
        here = slice(start, start + width)
        there = slice(t % 3, t % 3 + width) if moves else here
        s[to] = s[to] + 0.0  # a copy: who else has the array keeps the old one
        if adds:
            s[to][there] += np.cos(s[a][here])
        else:
            s[to][there] = 0.9 * s[a][here]

    return step


def _entry(random: np.random.Generator) -> Step:
    a, to = random.integers(0, 3, 2)
    i, j = (int(k) for k in random.integers(0, N, 2))

    def step(s: State, t: int) -> None:
        s[to] = 1.0 * s[to]
        s[to][(i + t) % N] = 0.3 * s[a][j] + s[to][(i + t) % N]

    return step


def _view(random: np.random.Generator) -> Step:
    a, b, to = random.integers(0, 3, 3)
    i = int(random.integers(1, N))

    def step(s: State, t: int) -> None:
        view = s[a][::-1]
        s[to] = np.concatenate([view[i:], s[b][:i]]) * 0.8

    return step


def _choice(random: np.random.Generator) -> Step:
    a, to = random.integers(0, 3, 2)

    def step(s: State, t: int) -> None:
        if np.sum(s[a]) > -100:
            s[to] = np.where(s[a] > 0, s[to], 0.2 * s[a])

    return step


MAKERS = (_entrywise, _update, _entry, _view, _choice)


def program(seed: int) -> Callable[[Any], Any]:
    """Some steps, then some of them again and again, then some more."""
    random = np.random.default_rng(seed)
    before, body, after = (
        [MAKERS[random.integers(0, len(MAKERS))](random) for _ in range(random.integers(1, 5))] for _ in range(3)
    )
    turns = int(random.integers(6, 40))

    def f(x: Any) -> Any:
        s = [x, 0.5 * x, np.cos(x)]
        for step in before:
            step(s, 0)
        for t in range(turns):
            for step in body:
                step(s, t)
        for step in after:
            step(s, 1)
        return np.sum(s[0] * s[1] + s[2])

    return f


@pytest.fixture(autouse=True)
def numpy_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bibun.compiler.compiled.available", lambda: False)


def check(seed: int) -> None:
    f = program(seed)
    x = np.random.default_rng(seed).uniform(-1, 1, N)
    for g in (f, bb.value_and_grad(f), lambda x: bb.hvp(f, (x,), (np.ones(N),))):
        want = g(x)
        compiled = bb.compile(g)
        assert_alike(compiled(x), want)
        assert_alike(compiled(x), want)
        assert_alike(program_of(compiled.source(), {})(x), want)


@pytest.mark.parametrize("seed", range(25))
def test_a_few(seed: int) -> None:
    check(seed)


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(25, 400))
def test_many(seed: int) -> None:
    check(seed)
