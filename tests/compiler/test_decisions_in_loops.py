"""Decisions in a loop that is rolled up count even where the program reads nothing else of that loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.compiler.agreement import same

N = 40
RISING, RANDOM = np.arange(1.0, N + 1), np.random.default_rng(3).standard_normal(N)


def count(x: Any) -> Any:
    n = 0
    for v in x:
        if v < 0:
            n += 1
    return n


def checked(x: Any) -> Any:
    for v in x:
        if np.isnan(v):
            raise ValueError("not a number")
    return np.sum(x**2)


def best(x: Any) -> Any:
    at = 0
    for i in range(len(x)):
        if x[i] > x[at]:
            at = i
    return at


def escape(c: Any) -> Any:
    z = 0 * c
    for n in range(50):
        if abs(z) > 2:
            return n
        z = z * z + c
    return 50


def kept(x: Any) -> Any:
    return np.mean(x[[0, *(i for i in range(1, len(x)) if not abs(x[i]) > 1)]])


def insertion_sort(x: Any) -> Any:
    found: list[Any] = []
    for v in x:
        k = 0
        while k < len(found) and found[k] < v:
            k += 1
        found.insert(k, v)
    return np.stack(found)


def contacts(x: Any) -> Any:
    energy = 0.0 * x[0]
    for i in range(len(x)):
        for j in range(i):
            distance = abs(x[i] - x[j])
            if distance < 1:
                energy = energy + (1 - distance) ** 2
    return energy


def watched(u: Any) -> Any:
    for _ in range(20):
        u = u * 0.9 + 0.1 * np.roll(u, 1)
        for v in u:
            if v > 50:
                return u * 100
    return u


@pytest.mark.parametrize("f", [count, best, kept, insertion_sort, contacts, watched, lambda x: all(v >= 0 for v in x)])
@pytest.mark.parametrize("calls", [(RISING, RANDOM, -RISING), (RANDOM, 100 * RISING, RISING)])
def test_each_call_decides(f: Callable[..., Any], calls: tuple[Any, ...]) -> None:
    compiled = bb.compile(f)
    for x in calls:
        same(compiled(x), f(x))


@pytest.mark.parametrize("f", [contacts, kept, lambda u: np.sum(watched(u))])
def test_each_call_decides_what_is_differentiated(f: Callable[..., Any]) -> None:
    compiled = bb.compile(bb.value_and_grad(f))
    for x in (3 * RISING, RANDOM, 10 * RANDOM, 100 * RISING):
        same(compiled(x), bb.value_and_grad(f)(x))


def test_an_error_that_a_loop_finds() -> None:
    compiled = bb.compile(checked)
    assert compiled(RISING) == np.sum(RISING**2)
    with pytest.raises(ValueError, match="not a number"):
        compiled(np.where(RISING == 7, np.nan, RISING))


def test_a_complex_loop_that_ends_early() -> None:
    compiled = bb.compile(escape)
    assert (
        [compiled(c) for c in (0.1 + 0j, 2 + 2j, 0.5 + 0.5j)]
        == [escape(c) for c in (0.1 + 0j, 2 + 2j, 0.5 + 0.5j)]
        == [50, 1, 5]
    )
