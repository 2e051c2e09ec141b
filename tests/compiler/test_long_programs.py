"""Programs of many operations in a row that no loop stands for: nothing may follow all of them by calling itself."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.fusing.walking import Walk
from bibun.compiler.native.context import Context

STEPS: tuple[Callable[[Any, Any, float], Any], ...] = (
    lambda v, w, c: np.sin(v) * c + w,
    lambda v, w, c: v * w * 0.1 + c,
    lambda v, w, c: np.tanh(v - w * c),
    lambda v, w, c: v + c * np.cos(w),
    lambda v, w, c: v / (1 + w * w),
    lambda v, w, c: np.exp(-v * v) + w * c,
)


def without_period(length: int) -> Callable[[Any], Any]:
    """A chain of operations that are drawn, each on the latest value and one of the 30 before."""
    drawn = random.Random(length)
    steps = [(drawn.choice(STEPS), drawn.random(), drawn.randrange(1, 30)) for _ in range(length)]

    def function(x: Any) -> Any:
        values = [x]
        for step, number, back in steps:
            values.append(step(values[-1], values[max(0, len(values) - back)], number))
        return np.sum(values[-1])

    return function


@pytest.mark.parametrize("x", [np.float64(0.3), np.linspace(0.1, 1, 10), np.linspace(0.1, 1, 999)], ids=np.size)
def test_many_operations_in_a_row(x: Any) -> None:
    """As machine code, or the warning would be an error; in several functions, of which each leaves as one would."""
    function = bb.value_and_grad(without_period(700))
    compiled = bb.compile(function)
    for scale in (1.0, 0.5):
        (value, gradient), (want, slope) = compiled(scale * x), function(scale * x)
        np.testing.assert_allclose(value, want, rtol=1e-11)
        np.testing.assert_allclose(gradient, slope, rtol=1e-8, atol=1e-12)
    assert "@part1" in compiled.llvm() or np.size(x) > 256  # rows that are many are stages, functions of their own


def bodies(count: int, turns: int) -> Callable[[Any, Any], Any]:
    """Where each of some bodies is after some turns that pull them towards each other."""

    def moved(x: Any, v: Any) -> Any:
        x, v = [x[i] for i in range(count)], [v[i] for i in range(count)]
        for _ in range(turns):
            for i in range(count):
                for j in range(count):
                    if i != j:
                        d = x[j] - x[i]
                        square = np.sum(d * d) + 0.1
                        v[i] = v[i] + 0.01 * d / (square * np.sqrt(square))
            x = [a + 0.1 * b for a, b in zip(x, v, strict=True)]
        return sum(np.sum(a * a) for a in x)

    return moved


def test_what_many_results_share_is_not_followed_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Products with a Hessian through some 10,000 operations, which walks for each of 200 results went through."""
    random, f = np.random.default_rng(0), bodies(6, 4)
    x, v, t = random.normal(size=(3, 6, 3))
    visits: list[int] = []
    plainly = Walk.visit

    def visit(self: Walk, *args: Any, **settings: Any) -> None:
        plainly(self, *args, **settings)
        visits.append(self.count)

    def product(x: Any, v: Any, t: Any) -> Any:
        return bb.hvp(lambda x: f(x, v), (x,), (t,))

    monkeypatch.setattr(Walk, "visit", visit)
    np.testing.assert_allclose(bb.compile(product)(x, v, t), product(x, v, t), rtol=1e-9, atol=1e-9)
    assert sum(visits) < 1_300_000  # 890,000; it was 1,940,000


def test_captured_arrays_are_entered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of many parts, with an array of its own in each turn: each part entered all of them once more."""
    entered: list[str] = []
    enter = Context.array

    def counting(context: Context, name: str, array: Any) -> int:
        entered.append(name)
        return enter(context, name, array)

    monkeypatch.setattr(Context, "array", counting)
    mask = np.array([True, False] * 4)

    def f(a: Any) -> Any:
        b = a * 1
        for i in range(len(a)):
            b[i, mask] *= 0.9
        return np.sum(b * b)

    x = np.linspace(0.5, 1.5, 8 * 120).reshape(120, 8)
    gradient = bb.compile(bb.grad(f))
    np.testing.assert_allclose(gradient(x), 2 * x * np.where(mask, 0.81, 1), rtol=1e-14)
    assert entered
    assert len(entered) == len(set(entered))


def test_layers_of_numbers_that_are_wired_at_will() -> None:
    """Each of the last ones is made of all others: written out for each, 1,000 of them were 18,000."""
    wires = [np.random.default_rng(layer).permutation(100) for layer in range(10)]

    def f(x: Any) -> Any:
        values = [x[i] for i in range(100)]
        for wire in wires:
            values = [np.tanh(value + values[j]) for value, j in zip(values, wire.tolist(), strict=True)]
        return sum(values)

    x = np.linspace(-1, 1, 100)
    want = x
    for wire in wires:
        want = np.tanh(want + want[wire])
    compiled = bb.compile(f)
    np.testing.assert_allclose(compiled(x), np.sum(want), rtol=1e-12)
    assert compiled.llvm().count("tanh") < 5000
