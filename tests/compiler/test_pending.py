"""Large arrays are recorded without being computed: what is asked of them on the way is right all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.interpreters.stand_ins import LARGE
from tests.compiler.agreement import same

CAPTURED = np.linspace(-1.0, 1.0, LARGE)


def in_place(x: Any) -> Any:
    """y is of a as it was."""
    a = 1.0 * x
    y = a + 1
    a[0:5] = 7.0
    a *= 2
    return y if y[0] > 1 else a, np.sum(y * a)


def a_view(x: Any) -> Any:
    a = 2.0 * x
    b = a[10:]
    y = b * 2
    b[0] = 9.0
    return (y + 1 if a[10] > 5 else y - 1) if y[0] < 9 else -y


def numbers_of_it(x: Any) -> Any:
    """Operators of numbers that wait."""
    s = np.sum(x * 2)
    t = -s * 0.5 + np.exp(s / LARGE)
    turns = int(np.floor(np.abs(t))) % 5
    for _ in range(turns):
        x = x + t
    return x if np.sqrt(t * t) > 3 else -x


def rows(x: Any) -> Any:
    total = 0.0
    for row in (x * 2).reshape(4, -1):
        r = np.exp(row)
        total = total + np.sum(r) if r[0] > 1 else total - np.sum(r)
    return total


def how_many(x: Any) -> Any:
    y = np.tanh(x)
    if y.any() and not np.all(y > 0):
        y = y + 1
    k = int(np.argmax(y))
    return x[k : k + 1] * np.count_nonzero(y > 1), y[y > 1.5], np.sort(y)


def until_small(x: Any) -> Any:
    turns = 0
    while np.sum(np.abs(x)) > 100.0:
        x = 0.4 * x
        turns += 1
    return x, turns


def products(x: Any) -> Any:
    y = 2 * x.reshape(128, -1)
    z = y @ y.T
    return z * 3 if (z == z.T).all() and z[0, 0] > 1 else z


def with_a_captured_array(x: Any) -> Any:
    y = x + CAPTURED
    return y * 2 if y[3] > 0 else y - x


def caught(x: Any) -> Any:
    try:
        return x + np.ones(3)
    except ValueError:
        return x * 2


@pytest.mark.parametrize(
    "f", [in_place, a_view, numbers_of_it, rows, how_many, until_small, products, with_a_captured_array]
)
@pytest.mark.parametrize("sign", [1, -1])
def test_decisions_and_results(f: Callable[..., Any], sign: int) -> None:
    x = sign * np.random.default_rng(0).uniform(-1, 1, LARGE)
    want, compiled = f(x), bb.compile(f)
    for _ in range(2):
        same(compiled(x), want, error=1e-11)
    (paths,) = compiled.careful.paths.values()
    assert paths.plain is None


def test_an_exception_that_the_function_handles() -> None:
    x = np.ones(LARGE)
    same(bb.compile(caught)(x), caught(x))


def test_what_is_printed() -> None:
    seen = []

    def f(x: Any) -> Any:
        y = 2 * x + 1
        seen.append(str(np.sum(y)))
        seen.append(f"{y}")
        return y

    x = np.random.default_rng(0).uniform(-1, 1, LARGE)
    bb.compile(f)(x)
    recorded = list(seen)
    f(x)
    assert str(np.sum(2 * x + 1)) in recorded[0]
    assert f"{(2 * x + 1)[0]:.8g}"[:8] in recorded[1]
