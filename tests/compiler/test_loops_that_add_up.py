"""Loops whose next array is made of the one before, entry by entry: it may take its memory, where nothing else reads that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import bibun as bb
from bibun.compiler.native.machine import available

N = 24
A = np.random.default_rng(5).normal(size=(N, N)) / 6
V = np.linspace(-1, 1, N)

ALONE: dict[str, Callable[[Any, Any, int], Any]] = {
    "a sum": lambda s, v, i: (s + v[:, None] * np.sin(v), np.tanh(A @ v)),
    "a decayed one": lambda s, v, i: (0.9 * s + np.outer(v, v) / (i + 1), v * 1.01),
    "a function of itself": lambda s, v, i: (s + 0.1 * np.sin(s) * v, np.cos(v)),
    "a maximum": lambda s, v, i: (np.maximum(s, v[:, None] * v), np.roll(v, 1) * 1.1),
    "nothing": lambda s, v, i: (s, np.tanh(s @ v) * (i % 2)),
    "without the other": lambda s, v, i: (np.tanh(s * 1.1 + A), v),
}
READ_ELSEWHERE: dict[str, Callable[[Any, Any, int], Any]] = {
    "across": lambda s, v, i: (0.5 * s + 0.25 * s.T + v, v),
    "a row on": lambda s, v, i: (s + 0.1 * np.roll(s, 1, axis=0), v),
    "its sums": lambda s, v, i: (s + 0.01 * v, 0.1 * np.sum(s, axis=0)),
    "its first row": lambda s, v, i: (s * 0.8 + v, 0.5 * v + 0.1 * s[0]),
    "its product": lambda s, v, i: (0.5 * s + 0.1 * A, np.tanh(s @ v)),
    "its product with itself": lambda s, v, i: (0.5 * s + 0.01 * s @ s, v),
    "through NumPy": lambda s, v, i: (s * 0.9, np.abs(np.fft.rfft(s, axis=0))[0].real * 0.1 + v),
    "its sum with the next": lambda s, v, i: (s * 0.9 + A, np.sum(s * 0.9 + A, axis=1) * 0.1 + s[:, 3]),
}


def steps(turn: Callable[[Any, Any, int], Any], turns: int) -> Callable[[Any, Any], Any]:
    def f(s: Any, v: Any) -> Any:
        for i in range(turns):
            s, v = turn(s, v, i)
        return s, v

    return f


@pytest.mark.parametrize("turns", [90, 91])  # of fewer the code stays as it is written
@pytest.mark.parametrize("name", [*ALONE, *READ_ELSEWHERE])
def test_as_uncompiled(name: str, turns: int) -> None:
    f = steps({**ALONE, **READ_ELSEWHERE}[name], turns)
    compiled = bb.compile(f)
    for s, v in ((A, V), (A.T.copy(), V[::-1].copy())):
        before = s.copy()
        for found, expected in zip(compiled(s, v), f(s, v), strict=True):
            assert_allclose(found, expected, rtol=1e-11, atol=1e-13)
        np.testing.assert_array_equal(s, before)
    gradient = bb.grad(lambda s, v: sum(np.sum(np.sin(y)) for y in f(s, v)), argnums=(0, 1))
    for found, expected in zip(bb.compile(gradient)(A, V), gradient(A, V), strict=True):
        assert_allclose(found, expected, rtol=1e-9, atol=1e-10)


def test_every_one_of_them_is_returned() -> None:
    def f(s: Any) -> Any:
        found = []
        for i in range(99):
            found.append(s)
            s = s + i * A
        return np.stack(found), s

    every, last = bb.compile(f)(V[:, None] * V)
    shares = np.array([i * (i - 1) / 2 for i in range(100)])
    assert_allclose(every, V[:, None] * V + shares[:99, None, None] * A, rtol=1e-13, atol=1e-14)
    assert_allclose(last, V[:, None] * V + 98 * 99 / 2 * A, rtol=1e-13, atol=1e-14)


def test_a_loop_in_the_loop() -> None:
    def f(s: Any, v: Any) -> Any:
        for _ in range(80):
            for _ in range(70):
                v = np.tanh(A @ v + 0.1 * s[0])
            s = 0.5 * s + v[:, None] * v
        return s

    assert_allclose(bb.compile(f)(A, V), f(A, V), rtol=1e-11, atol=1e-13)


@pytest.mark.skipif(not available(), reason="no machine code on this machine")
def test_the_gradient_of_a_matrix_is_added_up_where_it_stands() -> None:
    def f(k: Any) -> Any:
        x = np.ones(N)
        for _ in range(90):
            x = np.tanh(k @ x)
        return np.sum(x)

    compiled = bb.compile(bb.grad(f))
    step = 1e-6 * np.outer(V, V)
    slope = (f(A + step) - f(A - step)) / 2e-6
    assert_allclose(np.vdot(compiled(A), np.outer(V, V)), slope, rtol=1e-8)
    assert f"fused loop over {N} x {N}: copy" not in compiled.explain()  # type: ignore[attr-defined]
    assert f"fused loop over {N * N}: copy" not in compiled.explain()  # type: ignore[attr-defined]


@pytest.mark.skipif(not available(), reason="no machine code on this machine")
@pytest.mark.parametrize("turns", [90, 91])
def test_what_the_last_turn_makes_is_not_copied_in_each(turns: int) -> None:
    """Of the two memories that take turns the last one is where the result is asked for."""

    def heat(x: Any) -> Any:
        for _ in range(turns):
            x = x + 0.1 * (np.roll(x, 1) - 2 * x + np.roll(x, -1))
        return x

    compiled, wave = bb.compile(heat), np.cos(2 * np.pi * 3 * np.arange(500) / 500)
    shrinks = (1 - 0.2 * (1 - np.cos(2 * np.pi * 3 / 500))) ** turns  # an eigenvector
    for scale in (1.0, -2.0):
        assert_allclose(compiled(scale * wave), scale * shrinks * wave, rtol=1e-11, atol=1e-13)
    assert "copy" not in compiled.explain()  # type: ignore[attr-defined]


@pytest.mark.parametrize("turns", [90, 91, 92])
def test_arrays_that_change_places(turns: int) -> None:
    def f(a: Any, b: Any) -> Any:
        for _ in range(turns):
            a, b = b, 0.5 * a + 0.4 * b[::-1]
        return a, b

    def exchanged(a: Any, b: Any, c: Any) -> Any:
        for _ in range(turns):
            a, b, c = b, c, a
            c = np.tanh(c)
        return a, b, c

    compiled, three = bb.compile(f), bb.compile(exchanged)
    for x in (A, A.T.copy()):
        for found, expected in zip(compiled(x, -x), f(x, -x), strict=True):
            assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
        for found, expected in zip(three(x, -x, 2 * x), exchanged(x, -x, 2 * x), strict=True):
            assert_allclose(found, expected, rtol=1e-12)
