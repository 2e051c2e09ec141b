"""Loops over parts of a model, as a mixture's components: turns that join many arrays, and use indices made anew each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.collected import Collected
from tests.compiler.agreement import agrees, agrees_with_derivatives, same

TURNS, SIZE = 8, 9
X = np.random.default_rng(7).normal(size=(TURNS, SIZE))
loop = Collected()


@loop
def a_matrix_of_nine_numbers(x: Any) -> Any:
    """Rotations of a point, one after the other."""
    point = x[0, :3]
    for row in x:
        s, c = np.sin(row), np.cos(row)
        turn = np.stack([c[0], -s[0], 0 * c[1], s[0], c[0], 0 * c[1], s[3], c[3], c[0] * s[1]])
        point = turn.reshape(3, 3) @ point
    return point


@loop
def a_triangle_packed_in_columns(x: Any) -> Any:
    """As in ADBench's Gaussian mixtures: the logarithms of the diagonal, then the entries below it, column by column."""
    found = []
    for row in x:
        columns, at = [], 3
        for j in range(3):
            columns.append(np.concatenate([np.zeros(j + 1), row[at : at + 2 - j]]))
            at += 2 - j
        lower = np.stack(columns, axis=1) + np.diag(np.exp(row[:3]))
        found.append(np.sum((lower @ row[6:]) ** 2))
    return np.stack(found)


@loop
def columns_one_by_one(x: Any) -> Any:
    total = 0.0
    for row in x:
        total = total + np.column_stack([row * k for k in range(1, 11)]) @ np.concatenate([row, [1.0]])
    return total


@loop
def every_turn_makes_its_index(x: Any) -> Any:
    y = x[0]
    for row in x:
        y = np.sin(y)[np.arange(SIZE)[::-1]] + np.diag(row)[np.array([0, 1, 2]), np.array([0, 1, 2])].sum()
    return y


@pytest.mark.parametrize("f", loop, ids=lambda f: f.__name__)
def test_they_agree(f: Callable[[Any], Any]) -> None:
    agrees_with_derivatives(f, X, X[::-1].copy())


@pytest.mark.parametrize("f", loop, ids=lambda f: f.__name__)
def test_they_are_loops(f: Callable[[Any], Any]) -> None:
    def text(turns: int) -> str:
        compiled = bb.compile(f)
        compiled(np.ones((turns, SIZE)))
        return str(compiled.source())

    assert text(8).count("for t in range(") == 1
    assert abs(text(30).count("\n") - text(20).count("\n")) < 4, "the text does not grow with the turns"


def test_more_operands_than_a_loop_may_have_are_written_out() -> None:
    def f(x: Any) -> Any:
        for _ in range(6):
            x = np.sin(np.stack([x[i % 3] * i for i in range(40)])[:3])
        return x

    agrees(f, (X[0, :3],))


def test_other_entries_are_another_index() -> None:
    def f(x: Any) -> Any:
        for k in range(8):
            x = np.cos(x[np.array([0, 1, 2 if k != 5 else 0])] * 1.1)
        return x

    agrees(bb.jacobian(f), (X[0, :3],))


def test_indices_alike_are_the_same_on_disk(tmp_path: Any, monkeypatch: Any) -> None:
    """Whether a function uses one array twice, or two with the same entries."""
    monkeypatch.setenv("BIBUN_CACHE_DIR", str(tmp_path))
    index = np.array([2, 0, 1])

    def shared(x: Any) -> Any:
        return np.sin(x)[index] * np.cos(x)[index]

    def apart(x: Any) -> Any:
        return np.sin(x)[index.copy()] * np.cos(x)[index.copy()]

    for f in (shared, apart, shared):
        same(bb.compile(f)(X[0, :3]), f(X[0, :3]))


def test_captured_arrays_alike_are_two() -> None:
    """What they hold is read in each call, and may differ then."""
    a, b = np.ones(3), np.ones(3)
    compiled = bb.compile(lambda x: np.sum(a * x) - np.sum(b * x * x))
    x = X[0, :3]
    same(compiled(x), np.sum(x) - np.sum(x * x))
    b[:] = 3.0
    same(compiled(x), np.sum(x) - 3.0 * np.sum(x * x))


@pytest.mark.parametrize("rows", [60, 72, 81, 128])
def test_what_repeats_every_call_is_found_where_its_multiples_are_commoner(rows: int) -> None:
    """Of the entries of a stack: every third was found to repeat, and then nothing that read all of them."""

    def f(a: Any) -> Any:
        y = np.zeros_like(a)
        y[0] = a[0]
        for i in range(1, len(a)):
            y[i] = np.tanh(y[i - 1] + 0.3 * a[i])
        return np.sum(np.stack([np.sum(row**2) for row in y]) ** 2)

    a = np.random.default_rng(0).normal(size=(rows, 20))
    compiled: Any = bb.compile(bb.grad(f))
    np.testing.assert_allclose(compiled(a), bb.grad(f)(a), rtol=1e-11, atol=1e-11)
    assert compiled.source().count("\n") < 60
