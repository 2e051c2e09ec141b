"""Arrays that are filled piece by piece at known places: compiled, they are read through one index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.fusing import origins
from tests.collected import Collected
from tests.compiler.agreement import agrees

SIDE = 9
LOWER = SIDE * (SIDE - 1) // 2
X = np.random.default_rng(3).normal(size=(2, LOWER + SIDE))
WEIGHTS = np.random.default_rng(4).normal(size=(2, SIDE, SIDE))
filled = Collected()


@filled
def triangles(x: Any) -> Any:
    y = np.zeros((2, SIDE, SIDE), like=x)
    at = SIDE
    for j in range(SIDE):
        for i in range(j + 1, SIDE):
            y[:, i, j] = x[:, at]
            at += 1
    return y


@filled
def triangle_and_diagonal(x: Any) -> Any:
    y = triangles(x)
    for i in range(SIDE):
        y[:, i, i] = np.exp(x[:, i])
    return y


@filled
def symmetric(x: Any) -> Any:
    y = np.ones((2, SIDE, SIDE), like=x)
    at = SIDE
    for j in range(SIDE):
        for i in range(j + 1, SIDE):
            y[:, i, j] = x[:, at]
            y[:, j, i] = x[:, at]
            at += 1
    return y


@filled
def written_twice(x: Any) -> Any:
    y = triangles(x)
    for i in range(SIDE - 1):
        y[1, i] = x[0, i : i + SIDE]
        y[:, i + 1, i] = y[:, i, i + 1]
    return y


@filled
def added(x: Any) -> Any:
    y = np.zeros((2, SIDE, SIDE), like=x)
    for i in range(SIDE):
        y[:, i] += x[:, i : i + SIDE]
        y[:, :, i] += x[:, 2 * i : 2 * i + SIDE]
    return y


@filled
def windows(x: Any) -> Any:
    y = np.zeros((2, SIDE, SIDE), like=x)
    for i in range(SIDE):
        y = y + np.pad(x[:, i : i + SIDE, None] * np.ones(SIDE - i), ((0, 0), (0, 0), (i, 0)))
        y[0, i, :] += 0.1 * np.cos(0.01 * np.sum(y))
    return y


@filled
def joined_columns(x: Any) -> Any:
    columns, at = [], SIDE
    for j in range(SIDE):
        below = SIDE - j - 1
        columns.append(np.concatenate([np.zeros((2, j + 1)), x[:, at : at + below]], axis=1))
        at += below
    return np.stack(columns, axis=2) + np.exp(x[:, :SIDE, None]) * np.eye(SIDE)


@filled
def backwards_and_turned(x: Any) -> Any:
    y = np.zeros((SIDE, 2, SIDE), like=x)
    for i in range(SIDE):
        for k in range(2):
            y[SIDE - 1 - i, k, ::-1] = x[1 - k, i : i + 2 * SIDE : 2]
    return y.transpose(1, 0, 2)


@filled
def read_on_the_way(x: Any) -> Any:
    y = np.zeros((2, SIDE, SIDE), like=x)
    for i in range(1, SIDE):
        for j in range(1, SIDE):
            y[:, i, j] = y[:, i - 1, j] + np.sin(x[:, i]) * y[:, i, j - 1] + x[:, i + j]
    return y


def steps(compiled: Any) -> int:
    text = compiled.explain()
    return sum(text.count(word) for word in ("fused loop", "straight code"))


@pytest.mark.parametrize("f", filled, ids=lambda f: f.__name__)
def test_they_are_filled_alike(f: Callable[[Any], Any]) -> None:
    agrees(f, (X,), (2 * X,))
    agrees(lambda x, t: bb.jvp(f, (x,), (t,)), (X, X[::-1].copy()))


@pytest.mark.parametrize("f", filled, ids=lambda f: f.__name__)
def test_the_way_back(f: Callable[[Any], Any]) -> None:
    agrees(bb.grad(lambda x: np.sum(WEIGHTS * f(x) ** 2)), (X,), (2 * X,))


@pytest.mark.parametrize("f", [triangles, symmetric, joined_columns, backwards_and_turned])
def test_there_is_no_step_for_each_piece(f: Callable[[Any], Any]) -> None:
    for program in (f, bb.grad(lambda x: np.sum(WEIGHTS * f(x) ** 2))):
        compiled = bb.compile(program)
        compiled(X)
        assert steps(compiled) <= 6


@pytest.mark.parametrize("side", [3, 24, 40])
def test_large_triangles_multiply(side: int) -> None:
    random = np.random.default_rng(side)
    below, v = random.normal(size=(3, side * (side - 1) // 2)), random.normal(size=(11, side))

    def loss(below: Any, v: Any) -> Any:
        y = np.zeros((3, side, side), like=below)
        at = 0
        for j in range(side):
            for i in range(j + 1, side):
                y[:, i, j] = below[:, at]
                at += 1
        return np.sum(np.einsum("kij,nj->nki", y, v) ** 2)

    agrees(bb.value_and_grad(loss, argnums=(0, 1)), (below, v))


def test_another_process_fills_with_other_numbers_than_zeros(tmp_path: Any, monkeypatch: Any) -> None:
    """What is folded into the code because only the run holds it is part of the program's name on disk."""
    monkeypatch.setenv("BIBUN_CACHE_DIR", str(tmp_path))
    found = [bb.compile(lambda x, n=n: x * np.full(3, n))(np.arange(3.0)) for n in (0.0, 2.0, -1.0, 2.0)]
    np.testing.assert_array_equal(found, [n * np.arange(3.0) for n in (0.0, 2.0, -1.0, 2.0)])


@pytest.mark.parametrize("background", [0.0, -0.0])
def test_a_negative_zero_that_is_written_keeps_its_sign(background: float) -> None:
    def f(x: Any) -> Any:
        y = np.full((2, SIDE, SIDE), background, like=x)
        for i in range(SIDE):
            for j in range(SIDE - 1):
                y[:, i, j] = -background if i >= j else x[:, i + j]
        return np.copysign(1.0, y)

    agrees(f, (X,), (-X,))


def test_what_others_are_written_onto_is_looked_up_once(own_cache: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a program twice as long, twice as many parts are looked at: not each of them again for all that came before."""

    def parts(turns: int) -> int:
        def f(x: Any, m: Any) -> Any:
            y, table, last = x.copy(), m * 1.0 + 0 * x[0], x[0]
            first = [x[0], x[1] * 0.5, x[2], x[3] - x[1], x[4]]
            for i in range(0, 3 * turns, 3):
                for j in range(12):
                    table[j % 4, j] += np.tanh(first[j % 5] * np.sum(y[j : j + 4]))
                    last = np.cos(x[j] + y[0] + y[1]) * table[j // 3 % 4, j + 2]
                    np.add.at(y, np.array([i, i + 1, i]), np.tanh(first[i % 5] + x[i : i + 2] @ table[:2, i]) * 0.5)
            return np.sum(np.sin(y)) + np.sum(table * table) + last

        count = 0
        region_of = origins.region_of

        def counted(*args: Any) -> Any:
            nonlocal count
            count += 1
            return region_of(*args)

        length = 3 * turns + 24
        x, m = np.linspace(-1.0, 1.0, length), np.sin(np.arange(4.0 * length)).reshape(4, length)
        gradient = bb.grad(f, argnums=(0, 1))
        with monkeypatch.context() as patch:
            patch.setattr(origins, "region_of", counted)
            found = bb.compile(gradient, threads=1)(x, m)
        for slope, want in zip(found, gradient(x, m), strict=True):
            np.testing.assert_allclose(slope, want, rtol=1e-10, atol=1e-10)
        return count

    assert 0 < parts(8) < 2.5 * parts(4)
