"""More words for random programs: loops over rows that read, write and stack at moving places, gathers and scatters."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.compiler.programs import LARGEST, ODD, Shape, axes, few_rows, turns, word


def some_rows(shape: Shape) -> bool:
    return few_rows(shape) and shape[0] > 2


def seeds(*shapes: Shape) -> Any:
    return st.tuples(st.integers(0, 2**30))


def rows_of(x: Any, seed: int) -> Any:
    """Numbers of rows, some more than once."""
    return np.random.default_rng(seed).integers(0, len(x), len(x))


# ---- one value after the other ------------------------------------------------------------------------


@word(few_rows)
def scan_of_choices(x: Any) -> Any:
    h, seen = 0.0 * x[0], []
    for row in x:
        h = np.where(row > ODD, 0.5 * h + row, 0.25 * h)
        seen.append(h)
    return np.tanh(np.stack(seen))


@word(few_rows)
def scan_of_decisions(x: Any) -> Any:
    h, seen = 0.0 * x[0], []
    for row in x[:9]:
        h = 0.5 * h + row if np.mean(row) > ODD else 0.25 * h - row
        seen.append(h)
    return np.tanh(np.stack(seen))


@word(few_rows)
def there_and_back(x: Any) -> Any:
    """The second loop reads the stack of the first from its end."""
    h, seen = 0.0 * x[0], []
    for row in x:
        h = 0.5 * h + np.sin(row)
        seen.append(h)
    g, back = 0.0 * x[0], []
    for k in reversed(range(len(x))):
        g = 0.5 * g + seen[k] * x[k]
        back.append(g)
    return np.tanh(np.stack(back[::-1]))


@word(some_rows)
def two_back(x: Any) -> Any:
    y = np.zeros_like(x)
    for i in range(2, len(x)):
        y[i] = 0.5 * y[i - 1] - 0.25 * y[i - 2] + x[i]
    return np.tanh(y)


@word(lambda shape: len(shape) == 2 and 1 < shape[1] <= 64)
def columns(x: Any) -> Any:
    y = x.copy()
    for j in range(1, x.shape[1]):
        y[:, j] = 0.5 * y[:, j - 1] + y[:, j] * 0.5
    return y


@word(some_rows, lambda shape: st.tuples(st.integers(1, 3)))
def windows(x: Any, width: int) -> Any:
    return np.stack([np.mean(x[i : i + width], axis=0) for i in range(len(x) - width + 1)])


@word(axes, turns)
def swapped(x: Any, count: int) -> Any:
    a, b, c = x, 0.5 * x, 0.0 * x
    for _ in range(count):
        a, b, c = b, c + 0.25 * a, np.sin(a) * 0.5
    return np.tanh(a + b - c)


@word(axes, turns)
def diffused(x: Any, count: int) -> Any:
    for _ in range(count):
        x = x + 0.2 * (np.roll(x, 1, 0) - 2 * x + np.roll(x, -1, 0))
    return x


@word(some_rows, turns)
def relaxed(x: Any, count: int) -> Any:
    x = 1.0 * x
    for _ in range(count % 20):
        x[1:-1] = 0.5 * (x[2:] + x[:-2])
    return x


@word(few_rows, turns)
def queued(x: Any, count: int) -> Any:
    for k in range(count % 12):
        x = np.concatenate([x[1:], 0.5 * x[:1] + 0.25 * x[k % len(x)]])
    return x


@word(lambda a, b: len(a) == 2 and a[0] == a[1] and b == a[1:] and a[0] <= 20, turns, arity=2)
def network(a: Any, b: Any, count: int) -> Any:
    seen = []
    for _ in range(count % 20 + 1):
        b = np.tanh(0.5 * (a @ b))
        seen.append(np.sum(b))
    return b + np.tanh(np.sum(np.stack(seen)))


@word(lambda shape: axes(shape) and shape[0] <= 8)
def pairs(x: Any) -> Any:
    total = 0.0 * x[0]
    for i in range(len(x)):
        for j in range(i):
            total = total + 0.1 * np.sin(x[i] - x[j])
    return np.tanh(total)


@word(few_rows, lambda shape: st.tuples(st.integers(2, 4)))
def nested_scan(x: Any, inside: int) -> Any:
    seen = []
    for row in x:
        h, inner = row, []
        for k in range(inside):
            h = 0.5 * np.sin(h + row * k)
            inner.append(h)
        seen.append(np.mean(np.stack(inner), axis=0) + h)
    return np.tanh(np.stack(seen))


@word(few_rows, seeds)
def in_some_order(x: Any, seed: int) -> Any:
    h = 0.0 * x[0]
    y = np.zeros_like(x)
    for i in rows_of(x, seed):
        h = np.tanh(0.5 * h + x[i])
        y[i] = y[i] * 0.5 + h
    return y


# ---- computed places ----------------------------------------------------------------------------------


@word(axes, seeds)
def added_at(x: Any, seed: int) -> Any:
    y = 0.5 * x
    np.add.at(y, rows_of(x, seed), x * 0.25)
    return np.tanh(y)


@word(axes, seeds)
def put_at(x: Any, seed: int) -> Any:
    """Where a row is put more than once the last one stays."""
    y = 0.5 * x
    y[rows_of(x, seed)] = np.cos(x)
    return y


@word(lambda shape: axes(shape) and np.prod(shape) <= LARGEST // 2, seeds)
def taken(x: Any, seed: int) -> Any:
    index = rows_of(x, seed)
    return np.sum(x[np.stack([index, index[::-1]])] * 0.5, axis=0)


@word(lambda shape: len(shape) == 2 and 0 not in shape, seeds)
def points(x: Any, seed: int) -> Any:
    i, j = rows_of(x, seed), rows_of(x.T, seed)
    n = min(len(i), len(j))
    y = 1.0 * x
    y[i[:n], j[:n]] += 0.25
    return y * 0.5 + np.mean(x[i[:n], j[:n]])


@word(axes)
def by_largest(x: Any) -> Any:
    """The places are computed from values."""
    flat = x.reshape(-1)
    return np.sort(x, axis=-1) * 0.5 + flat[np.argmax(flat)] - flat[np.argmin(flat)]


@word(axes)
def ranked(x: Any) -> Any:
    order = np.argsort(x, axis=-1, kind="stable")
    return np.take_along_axis(0.5 * x, order[..., ::-1], axis=-1)
