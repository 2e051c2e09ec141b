"""Loops in loops, as of a model in substeps between its observations: both come back, forwards and on the way back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.rolling import again
from tests.collected import Collected
from tests.compiler.agreement import agrees, same
from tests.compiler.reading_back import assert_alike, program_of

DAYS, STEPS = 9, 8
RANDOM = np.random.default_rng(5)
DATA = RANDOM.normal(size=(40, 3))
FORCES = RANDOM.normal(size=(40 * 30, 3))
THETA = np.array([0.5, 0.1, 0.3])
model = Collected()
Times = tuple[int, int]


def slope(y: Any, p: Any) -> Any:
    return np.stack([-p[0] * y[0] * y[1], p[0] * y[0] * y[1] - p[1] * y[1], np.sin(p[2] * y[1])])


def step(y: Any, p: Any) -> Any:
    """Heun's."""
    k = slope(y, p)
    return y + 0.05 * (k + slope(y + 0.1 * k, p))


def days(p: Any, times: Times) -> Iterator[Any]:
    """The state at the end of each day."""
    y = p
    for _ in range(times[0]):
        for _ in range(times[1]):
            y = step(y, p)
        yield y


@model
def states_in_a_list(p: Any, times: Times) -> Any:
    return np.sum((np.stack(list(days(p, times))) - DATA[: times[0]]) ** 2)


@model
def a_number_of_each_in_a_list(p: Any, times: Times) -> Any:
    return np.sum((np.stack([y[1] for y in days(p, times)]) - DATA[: times[0], 1]) ** 2)


@model
def every_few_steps(p: Any, times: Times) -> Any:
    y, found = p, []
    for i in range(times[0] * times[1]):
        if i % times[1] == 0:
            found.append(y)
        y = step(y, p)
    return np.sum(np.sin(np.stack(found)))


@model
def rows_of_an_array(p: Any, times: Times) -> Any:
    y, found = p, np.zeros((times[0], 3), like=p)
    for day in range(times[0]):
        for _ in range(times[1]):
            y = step(y, p)
        found[day] = y
    return np.sum((found - DATA[: times[0]]) ** 2)


@model
def places_of_both_loops(p: Any, times: Times) -> Any:
    y, found = p, np.zeros(times, like=p)
    for day in range(times[0]):
        for k in range(times[1]):
            y = step(y, p)
            found[day, k] = y[1] * p[0]
    return np.sum(np.sin(found) * np.arange(times[1]))


@model
def a_running_sum(p: Any, times: Times) -> Any:
    y, total = p, 0.0
    for day in range(times[0]):
        for _ in range(times[1]):
            y = step(y, p)
        total = total + np.sum((y - DATA[day]) ** 2)
    return total


@model
def what_differs_in_each_step(p: Any, times: Times) -> Any:
    """Numbers, and arrays of the code around, which are read at each call."""
    y, total, i = p, 0.0, 0
    for day in range(times[0]):
        first = y
        for k in range(times[1]):
            y = step(y, p) + 0.01 * FORCES[i] * p[2] + 0.01 * np.sin(0.1 * i) * first + 0.001 * k * p[0]
            i += 1
        total = total + np.sum((y - DATA[day]) ** 2)
    return total


@model
def decisions(p: Any, times: Times) -> Any:
    y, total = p, 0.0
    for _ in range(times[0]):
        for _ in range(times[1]):
            y = step(y, p) * 1.01 if y[0] < 100 else y
        total = total + np.cos(y[1]) if y[1] < 100 else total
    return total


@model
def three_deep(p: Any, times: Times) -> Any:
    y, z, total = p, p, 0.0
    for _ in range(times[0]):
        for _ in range(times[1]):
            for _ in range(7):
                z = 0.5 * z + 0.1 * np.sin(z + y) + 0.1 * np.cos(p * z)
            y = step(y, p) + 0.1 * z
        total = total + np.sum(y * z)
        z = 0.9 * z
    return total


@pytest.fixture(autouse=True)
def short_bodies(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Loops are looked for in short bodies too, so that the programs here may be small."""
    monkeypatch.setattr(again, "LEAST", 1)
    return iter(())


def text_of(f: Callable[..., Any], times: Times) -> str:
    compiled = bb.compile(lambda p: f(p, times))
    compiled(THETA)
    return str(compiled.source())


@pytest.mark.parametrize("f", model, ids=lambda f: f.__name__)
def test_they_agree(f: Callable[..., Any]) -> None:
    for transform in (lambda g: g, bb.value_and_grad, bb.jacfwd):
        agrees(transform(lambda p: f(p, (DAYS, STEPS))), (THETA,), (THETA[::-1].copy(),))


@pytest.mark.parametrize("f", model, ids=lambda f: f.__name__)
def test_their_text_runs(f: Callable[..., Any]) -> None:
    def loss(p: Any) -> Any:
        return f(p, (DAYS, STEPS))

    for g in (loss, bb.value_and_grad(loss)):
        compiled = bb.compile(g)
        compiled(THETA)
        around = {name: globals()[name] for name in ("DATA", "FORCES")}
        assert_alike(program_of(str(compiled.source()), around)(THETA), g(THETA))


@pytest.mark.parametrize("f", model, ids=lambda f: f.__name__)
def test_the_text_grows_with_neither(f: Callable[..., Any]) -> None:
    few, more = (text_of(bb.value_and_grad(f), times) for times in ((10, 12), (13, 15)))
    assert re.search(r"\n        for \w+ in range", few), "a loop in a loop"
    assert more.count("for") == few.count("for")
    assert more.count("\n") - few.count("\n") < 50, (
        "less than one step of the way back, which is written out thrice more"
    )


def test_arrays_of_the_code_around_are_read_at_each_call() -> None:
    forces = FORCES.copy()

    def loss(p: Any) -> Any:
        y, total = p, 0.0
        for day in range(DAYS):
            for k in range(STEPS):
                y = step(y, p) + 0.01 * (forces[day * STEPS + k] * p)
            total = total + np.sum(y * y)
        return total

    compiled = bb.compile(bb.grad(loss))
    same(compiled(THETA), bb.grad(loss)(THETA))
    forces *= -2.0
    same(compiled(THETA), bb.grad(loss)(THETA))


def test_another_process_finds_them_on_disk(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIBUN_CACHE_DIR", str(tmp_path))

    def loss(p: Any) -> Any:
        return what_differs_in_each_step(p, (DAYS, STEPS))

    for _ in range(2):  # the second one as another process would
        same(bb.compile(bb.grad(loss))(THETA), bb.grad(loss)(THETA))


@pytest.mark.parametrize("size", [70, 20_000])
def test_memory_that_takes_turns_in_both_loops(size: int) -> None:
    """The inner loop's two buffers are those of the outer one; and large steps are shared between threads."""
    x = np.linspace(0.0, 1.0, size)

    def f(p: Any) -> Any:
        z, found = p * x, []
        y = z
        for _ in range(7):
            for _ in range(6):
                for _ in range(7):
                    z = 0.5 * z + 0.1 * np.sin(z + y) + 0.01 * np.cos(y) * z * p + 0.01 * y * np.exp(-z)
                y = y + 0.1 * z
            found.append(np.mean(y))
            z = 0.9 * z
        return np.sum(np.stack(found))

    g = bb.value_and_grad(f)
    for threads in (1, 2):
        same(bb.compile(g, threads=threads)(0.3), g(0.3))


def test_rk4_of_long_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is outside of these tests: a day of 16 steps is written once."""
    monkeypatch.undo()

    def rk4(y: Any, p: Any) -> Any:
        a = slope(y, p)
        b = slope(y + 0.05 * a, p)
        c = slope(y + 0.05 * b, p)
        return y + 0.1 / 6 * (a + 2 * b + 2 * c + slope(y + 0.1 * c, p))

    def loss(p: Any, times: Times) -> Any:
        y, found = p, []
        for _ in range(times[0]):
            for _ in range(times[1]):
                y = rk4(y, p)
            found.append(y[1])
        return np.sum(np.stack(found) ** 2)

    agrees(bb.value_and_grad(lambda p: loss(p, (7, 16))), (THETA,))
    few, more = (text_of(bb.grad(loss), times).count("\n") for times in ((7, 16), (8, 20)))
    assert more - few < 60, "four steps more, of 150 lines each on the way back"
