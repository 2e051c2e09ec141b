"""Random programs that write into an array: slices, masks, lists of indices, views, loops. Asks no package; the test does.

NumPy's text `y[key] += v` is bibun's and PyTorch's too; JAX says y = y.at[key].add(v).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.oracles.draws import Draw, Shape

Value = Callable[[Any, Any, Any], Any]  # of the package, the array as it stands, and the input


@dataclass(frozen=True)
class Write:
    """One line: y[key] = v, y[key] += v or y[key] *= v; through a view if `view`."""

    key: Any
    kind: str
    value: Value
    view: bool


Program = list[Write]


def shape_of(key: Any, shape: Shape) -> Shape:
    return np.empty(shape)[key].shape


def draw_key(d: Draw, shape: Shape) -> Any:
    n = shape[0]
    start = d.whole(0, n - 2)
    keys: list[Any] = [
        d.whole(-n, n - 1),
        slice(start, d.whole(start + 1, n)),
        slice(None, None, 2),
        Ellipsis,
        d.generator.permutation(n)[: d.whole(1, n)],
        d.mask(shape) if len(shape) == 1 else d.mask((n,)),
    ]
    if len(shape) == 2:
        keys += [(slice(None), d.whole(0, shape[1] - 1)), (d.whole(0, n - 1), slice(1, None)), d.mask(shape)]
    return d.one_of(*keys)


def draw_value(d: Draw, key: Any, shape: Shape) -> Value:
    """A value that fits what the key takes: a number, of the input, of the array itself."""
    fits = shape_of(key, shape)
    c = float(d.within((0.5, 1.5), ()))
    numbers = d.within((-1, 1), fits)
    return d.one_of(
        lambda xp, y, x: c,
        lambda xp, y, x: xp.sin(c * x[key]),
        lambda xp, y, x: xp.cos(y[key]) * x[key],
        lambda xp, y, x: xp.tanh(y[key] * c) + x[-1].sum(),
        lambda xp, y, x: 0.1 * (y * x).sum(),
        lambda xp, y, x: x[key] * xp.asarray(numbers),
        lambda xp, y, x: y[key] / (1.0 + y[key] * y[key]),
    )


def draw_loop(d: Draw, n: int) -> Program:
    """A recurrence, a line each step: y[i] from y[i-1] and x[i]."""
    c = float(d.within((0.2, 0.8), ()))
    kind = d.one_of("set", "add", "multiply")

    def step(i: int) -> Value:
        return lambda xp, y, x: c * xp.sin(y[i - 1]) + y[i] * x[i] + 0.5

    return [Write(i, kind, step(i), view=False) for i in range(1, n)]


def draw_program(d: Draw) -> tuple[Shape, Program]:
    shape = d.one_of((5,), (4, 3))
    program: Program = []
    for _ in range(d.whole(3, 7)):
        key = draw_key(d, shape)
        view = isinstance(key, slice | tuple) and d.flag()
        program.append(Write(key, d.one_of("set", "add", "multiply"), draw_value(d, key, shape), view))
    loop = draw_loop(d, shape[0])
    at = d.whole(0, len(program))
    return shape, [*program[:at], *loop, *program[at:]]


def run_in_place(program: Program, xp: Any, x: Any, read: Callable[[Any], Any] = lambda y: y) -> Any:
    """With NumPy's text. `read` is what a value is computed from: PyTorch wants a copy of what will be written over."""
    y = x * 1.0
    for write in program:
        value = write.value(xp, read(y), x)
        if write.view:
            part = y[write.key]
            if write.kind == "set":
                part[...] = value
            elif write.kind == "add":
                part += value
            else:
                part *= value
        elif write.kind == "set":
            y[write.key] = value
        elif write.kind == "add":
            y[write.key] += value
        else:
            y[write.key] *= value
    return y


def run_of_jax(program: Program, xp: Any, x: Any) -> Any:
    """With the methods of JAX's arrays, which cannot be written into."""
    y = x * 1.0
    for write in program:
        y = getattr(y.at[write.key], write.kind)(write.value(xp, y, x), unique_indices=True)
    return y
