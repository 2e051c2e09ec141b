"""Loops over keys that are lists, y[[i, j]] = v: compiled, they are loops, and write where the array stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.collected import Collected
from tests.compiler.agreement import agrees, agrees_with_derivatives, same

TURNS = 30
X = np.random.default_rng(5).normal(size=(TURNS, 2))
loop = Collected()


@loop
def two_places(x: Any) -> Any:
    y = np.zeros(2 * TURNS + 1, like=x)
    for i in range(TURNS):
        y[[i + 1, i + TURNS]] = np.sin(x[i]) * y[[i, i + 1]] + x[i]
    return y


@loop
def neighbours_change_places(x: Any) -> Any:
    y = np.concatenate([x[:, 0], x[:, 1]])
    for i in range(TURNS):
        y[[i, i + 1]] = 0.9 * y[[i + 1, i]]
    return y


@loop
def added_at_rows(x: Any) -> Any:
    y = np.ones((TURNS + 2, 2), like=x)
    for i in range(TURNS):
        y[[i, i + 2, -1]] += np.cos(x[i])
    return y


@loop
def columns_of_a_part(x: Any) -> Any:
    y = np.zeros((2, TURNS + 1, 3), like=x)
    for i in range(TURNS):
        y[:, [i, i + 1], 1:] = x[i] + y[:, [i], :2] * x[i, 0]
    return y


@loop
def pairs_of_lists(x: Any) -> Any:
    y = np.zeros((TURNS + 1, 3, TURNS), like=x)
    for i in range(TURNS):
        y[[i, i + 1], :, [i, 0]] = y[[i], :, [0]] * 0.5 + x[i, :1]
    return y


@loop
def a_number_and_the_same_place_twice(x: Any) -> Any:
    y = np.zeros(TURNS + 2, like=x)
    for i in range(TURNS):
        y[[i, i + 1]] = 2.0
        y[[i + 1, i + 1]] = x[i]
    return y * x[0, 0]


@pytest.mark.parametrize("f", loop, ids=lambda f: f.__name__)
def test_they_agree(f: Callable[[Any], Any]) -> None:
    agrees_with_derivatives(f, X, X[::-1].copy())


@pytest.mark.parametrize("f", loop, ids=lambda f: f.__name__)
def test_they_are_loops(f: Callable[[Any], Any]) -> None:
    compiled = bb.compile(f)
    compiled(X)
    assert compiled.source().count("for t in range(") == 1
    assert len(compiled.source().splitlines()) < 30


def test_a_list_for_all_turns_stays_an_index() -> None:
    def f(x: Any) -> Any:
        for _ in range(8):
            x = np.sin(x[[1, 0, 2]]) + x[[2, 1, 1]]
        return x

    agrees(bb.jacobian(f), (X[0:3, 0],))


def test_captured_arrays_of_each_turn_are_found_again_on_disk(tmp_path: Any, monkeypatch: Any) -> None:
    """Their numbers in the recording are other ones after keys are spelled out."""
    monkeypatch.setenv("BIBUN_CACHE_DIR", str(tmp_path))

    def made(rows: Any) -> Callable[[Any], Any]:
        def f(x: Any) -> Any:
            y = np.zeros(TURNS + 2, like=x)
            for i in range(TURNS):
                y[[i, i + 1]] = y[[i + 1, i]] + rows[i] * x
            return y

        return f

    for seed in (1, 2, 3):
        f = made(np.random.default_rng(seed).normal(size=(TURNS, 2)))
        same(bb.compile(f)(X[0]), f(X[0]))
