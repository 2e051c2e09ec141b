"""Loops over large arrays: in each turn threads share what it computes, and change no bit of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.native.machine import available
from bibun.compiler.native.pool import cores
from tests.compiler.test_threads import bits, close

needs_cores = pytest.mark.skipif(not available() or cores() < 2, reason="one core, or no machine code")

IN_A_TURN = r"\nturn\d+:((?!\nturn\d+\.end:).)*(ptr|i32) @stage"  # handed to the threads, or called
TURNS = 40
SIZE = 70_001
random = np.random.default_rng(5)
X, ROWS = random.normal(size=SIZE), random.normal(size=(TURNS, SIZE)) / 3
MATRIX, POINTS = random.normal(size=(6, 6)) / 4, random.normal(size=(60_000, 2))


def neighbours(x: Any) -> Any:
    for _ in range(TURNS):
        x = np.sin(x) + 0.1 * (np.roll(x, 1) - 2 * x + np.roll(x, -1))
    return x


def where_it_stands(x: Any) -> Any:
    for i in range(TURNS):
        x = x + 0.01 * i * np.sin(x)
    return x


def with_numbers(x: Any) -> Any:
    mean, largest = 0.1, 1.0
    for _ in range(TURNS):
        x = np.tanh(x * largest) + mean
        mean, largest = 0.3 * np.mean(x * x), np.max(np.cos(x))
    return x, mean, largest


def rows_of_an_array(rows: Any) -> Any:
    x, total = np.zeros(SIZE), 0.0
    for row in rows:
        x = 0.5 * x + np.exp(-row * row)
        total = total + np.sum(np.sin(x) * row)
    return x, total


def rows_that_it_writes(x: Any) -> Any:
    y = np.zeros((TURNS, SIZE), like=x)
    y[0] = x
    for i in range(1, TURNS):
        y[i] = np.sin(y[i - 1]) * np.cos(x) + i
    return y


def the_last_before(x: Any) -> Any:
    before = np.cos(x)
    for _ in range(TURNS):
        x, before = np.sin(x) + 0.5 * before, x
    return x - before


def beside_a_small_loop(x: Any) -> Any:
    v = x[:6]
    for _ in range(TURNS):
        for _ in range(TURNS):
            v = np.tanh(MATRIX @ v) + 0.1
        x = 0.9 * x + np.sin(x * v[0])
    return x, v


def in_a_loop_of_a_loop(x: Any) -> Any:
    y = 0.1 * x
    for i in range(12):
        for _ in range(TURNS):
            y = np.tanh(y * x) + 0.1 * i
        x = 0.5 * x + y
    return x


def mixture(means: Any) -> Any:
    density = np.zeros(len(POINTS))
    for mean in means:
        density = density + np.exp(-0.5 * np.sum((POINTS - mean) ** 2, axis=1))
    return np.sum(np.log(density))


MEANS = random.normal(size=(TURNS, 2))
PROGRAMS: dict[str, tuple[Callable[..., Any], Any]] = {
    "neighbours": (neighbours, X),
    "where it stands": (where_it_stands, X),
    "with numbers": (with_numbers, X),
    "rows of an array": (rows_of_an_array, ROWS),
    "rows that it writes": (rows_that_it_writes, X),
    "the last before": (the_last_before, X),
    "beside a small loop": (beside_a_small_loop, X),
    "in a loop of a loop": (in_a_loop_of_a_loop, X),
    "mixture": (mixture, MEANS),
}
GRADIENTS = {
    f"the gradient, {name}": (bb.grad(lambda x, f=f: np.sum(np.sin(f(x)))), x)
    for name, (f, x) in PROGRAMS.items()
    if name in ("neighbours", "where it stands", "rows that it writes", "the last before", "mixture")
} | {"the gradient, rows of an array": (bb.grad(lambda rows: rows_of_an_array(rows)[1]), ROWS)}


@needs_cores
@pytest.mark.parametrize(("f", "x"), (PROGRAMS | GRADIENTS).values(), ids=PROGRAMS | GRADIENTS)
def test_the_number_of_threads_changes_no_bit(f: Callable[..., Any], x: Any) -> None:
    alone, together = bb.compile(f, threads=1), bb.compile(f, threads=2)
    expected = bits(alone(x))
    close(alone(x), f(x))
    for _ in range(3):
        assert bits(together(x)) == expected
    assert re.search(IN_A_TURN, together.llvm(), re.DOTALL)  # type: ignore[attr-defined]


@needs_cores
def test_an_error_in_the_part_of_another_thread() -> None:
    """NumPy says what is wrong with an index, in whichever turn and part it is."""

    def f(x: Any, indices: Any) -> Any:
        for i in indices:
            x = np.sin(x[i]) + 0.1
        return x

    compiled = bb.compile(f, threads=2)
    indices = np.tile(np.arange(SIZE), (TURNS, 1))
    for turn, place in ((0, 0), (TURNS // 2, SIZE // 2), (TURNS - 1, SIZE - 1)):
        np.testing.assert_allclose(compiled(X, indices), f(X, indices), rtol=1e-10)
        indices[turn, place] = SIZE
        with pytest.raises(IndexError, match="out of bounds"):
            compiled(X, indices)
        indices[turn, place] = place


@needs_cores
def test_short_turns_are_not_shared() -> None:
    """Handing 10 microseconds of work over would cost more than it saves."""
    data, y = random.normal(size=(2000, 20)), random.normal(size=2000)

    def descended(w: Any) -> Any:
        for _ in range(100):
            w = w - 0.1 * (data.T @ (data @ w - y) / 2000)
        return w

    compiled = bb.compile(descended, threads=2)
    close(compiled(np.zeros(20)), descended(np.zeros(20)))
    assert not re.search(IN_A_TURN, compiled.llvm(), re.DOTALL)  # type: ignore[attr-defined]
