"""Loops that append to a list, stacked in the end: what the loop keeps is the result, entry by entry no longer."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.compiler.agreement import agrees

MATRIX = np.random.default_rng(0).normal(size=(3, 3)) * 0.3
STATE = np.array([0.1, 0.2, 0.3])


def trajectory(x: Any, axis: int = 0) -> Any:
    found = [x]
    for _ in range(60):
        x = x + 0.1 * np.tanh(MATRIX @ x)
        found.append(x)
    return np.stack(found, axis=axis)


def two_at_a_time(x: Any) -> Any:
    found = []
    for _ in range(40):
        x = np.sin(x) + 0.1
        found += [x, x * 2]
    return np.stack(found[::-1])


def numbers(x: Any) -> Any:
    found = []
    for _ in range(500):
        x = 3.5 * x * (1 - x)
        found.append(x)
    return np.mean(np.stack(found))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_stacked_along_an_axis(axis: int) -> None:
    for f in (trajectory, bb.jacobian(trajectory), bb.jacfwd(trajectory)):
        agrees(partial(f, axis=axis), (STATE,))
    agrees(bb.value_and_grad(lambda x: np.sum(trajectory(x, axis) ** 3)), (STATE,))


def test_other_orders_and_numbers() -> None:
    agrees(two_at_a_time, (STATE,))
    agrees(bb.jacobian(two_at_a_time), (STATE,))
    agrees(numbers, (0.3,))


def test_the_stack_is_a_slice() -> None:
    compiled = bb.compile(numbers)
    compiled(0.3)
    assert "s1[0:499]" in compiled.source()  # the first turn, of a Python number, is none of the loop's
    whole = bb.compile(trajectory)
    whole(STATE)
    assert "np.stack([v1]), s1])" in whole.source()


def test_views_of_what_is_captured_are_one_array_and_read_at_each_call() -> None:
    """A rule that transposes a captured matrix does so in every turn of a loop, and makes a new view each time."""
    compiled = bb.compile(bb.jacobian(lambda x: trajectory(x)[-1]))
    try:
        for _ in range(2):
            np.testing.assert_allclose(compiled(STATE), bb.jacobian(lambda x: trajectory(x)[-1])(STATE), rtol=1e-12)
            MATRIX[:] *= 2
    finally:
        MATRIX[:] /= 4
    assert "c2" not in compiled.source()
