"""Random programs of 5 to 40 operations: reverse mode against forward mode against differences, and what is built of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

import bibun as bb
from tests.laws.differences import directional_with_error, moved, paired
from tests.laws.programs import SHAPES, Program, programs

STEP = 1 / 256  # compositions of 40 steps can be steep; rounding is eps * 4096
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def close(got: Any, want: Any, scale: Any, what: str, tolerance: float = 1e-9) -> None:
    np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * max(1.0, float(np.max(np.abs(scale)))), err_msg=what)


def drawn(seed: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """A point within [-1, 1], and a direction."""
    random = np.random.default_rng(seed)
    return tuple(random.uniform(-0.9, 0.9, s) for s in SHAPES), tuple(random.uniform(-1, 1, s) for s in SHAPES)


def first_order(program: Program, seed: int) -> None:
    """Reverse = forward = numerical, of every entry of the outputs and of their weighted sum."""
    x, t = drawn(seed)
    y, dy = bb.jvp(program, x, t)
    numerical, error = directional_with_error(lambda h: program(*moved(x, t, h)), STEP)
    for got, want, off, plain in zip(dy, numerical, error, program(*x), strict=True):
        scale = max(1.0, float(np.max(np.abs(want), initial=0.0)))
        if np.max(off, initial=0.0) > 1e-4 * scale:
            reject()  # differences tell nothing about a program this steep
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-9 * scale + 10 * np.max(off, initial=0.0))
        assert np.shape(got) == np.shape(plain)
    for value, plain in zip(y, program(*x), strict=True):
        np.testing.assert_array_equal(value, plain)
    g = tuple(np.random.default_rng(seed + 1).uniform(-1, 1, np.shape(part)) for part in y)
    _, pullback = bb.vjp(program, *x)
    close(paired(pullback(g), t), paired(g, dy), paired(g, dy), "reverse and forward", 1e-10)


def ways_agree(program: Program, seed: int) -> None:
    """Variables and backward, grad, linearize, checkpoint and vmap give the same derivative of one number."""
    x, t = drawn(seed)
    gradient = bb.grad(program.total, argnums=(0, 1, 2))(*x)
    boxes = tuple(map(bb.Variable, x))
    program.total(*boxes).backward()
    again = bb.grad(bb.checkpoint(program.total), argnums=(0, 1, 2))(*x)
    batch = tuple(np.stack([part, part / 2]) for part in x)
    batched = bb.vmap(bb.grad(program.total, argnums=(0, 1, 2)))(*batch)
    halves = bb.grad(program.total, argnums=(0, 1, 2))(*(part / 2 for part in x))
    for k, want in enumerate(gradient):
        left = boxes[k].grad
        close(np.zeros_like(want) if left is None else left, want, want, "backward", 1e-13)
        close(again[k], want, want, "checkpoint", 1e-13)
        close(batched[k], np.stack([want, halves[k]]), batched[k], "vmap of grad", 1e-10)
    value, push = bb.linearize(program.total, *x)
    close(value, program.total(*x), value, "value", 1e-15)
    close(push(*t), bb.jvp(program.total, x, t)[1], paired(gradient, t), "linearize", 1e-10)


def second_order(program: Program, seed: int) -> None:
    """Hessian times a vector: forward over reverse = reverse over reverse = reverse over forward = numerical."""
    x, t = drawn(seed)
    gradient = bb.grad(program.total, argnums=(0, 1, 2))
    along = bb.jvp(gradient, x, t)[1]
    for name, other in {
        "reverse over reverse": bb.vjp(gradient, *x)[1](t),
        "reverse over forward": bb.vjp(lambda *x: bb.jvp(program.total, x, t)[1], *x)[1](1.0),
    }.items():
        for a, b in zip(other, along, strict=True):
            close(a, b, b, name)
    numerical, error = directional_with_error(lambda h: gradient(*moved(x, t, h)), STEP)
    for got, want, off in zip(along, numerical, error, strict=True):
        scale = max(1.0, float(np.max(np.abs(want))))
        if np.max(off) > 1e-4 * scale:
            reject()
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-8 * scale + 10 * np.max(off))


LAWS = {"first order": (first_order, 40), "ways agree": (ways_agree, 25), "second order": (second_order, 15)}


@pytest.mark.parametrize(("law", "most"), LAWS.values(), ids=LAWS.keys())
def test_random_programs(law: Any, most: int) -> None:
    @settings(max_examples=60, suppress_health_check=QUIET)
    @given(programs(5, most), st.integers(0, 2**31))
    def holds(program: Program, seed: int) -> None:
        law(program, seed)

    holds()


@pytest.mark.heavy
@pytest.mark.parametrize(("law", "most"), LAWS.values(), ids=LAWS.keys())
def test_many_random_programs(law: Any, most: int) -> None:
    @settings(max_examples=600, suppress_health_check=QUIET)
    @given(programs(5, most), st.integers(0, 2**31))
    def holds(program: Program, seed: int) -> None:
        law(program, seed)

    holds()
