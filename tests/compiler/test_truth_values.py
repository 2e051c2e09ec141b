"""Truth values in programs: one bit each, which is neither a sign nor a number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.collected import Collected
from tests.compiler.agreement import agrees

program = Collected()
SHAPES = [(3,), (5, 7), (100, 60), (3000,)]


@program
def extremes(x: Any) -> Any:
    return np.max(x > 0), np.min(x > 0), (x > 0).max(), np.max(x > 9), np.min(x > -9)


@program
def along_axes(x: Any) -> Any:
    return np.max(x > 0, axis=0), np.min(x > 0, axis=-1, keepdims=True), np.max(x > 0.9, axis=-1)


@program
def with_initial_and_where(x: Any) -> Any:
    return (
        np.max(x > 0, initial=True),
        np.min(x > -9, initial=False),
        np.max(x > 0, where=x < 0, initial=False),
        np.min(x > 0, where=x > 0, initial=True),
    )


@program
def by_other_names(x: Any) -> Any:
    return np.maximum.reduce(x > 0), np.minimum.reduce(x > 0), np.nanmax(x > 0), np.nanmin(x > 0)


@program
def counted(x: Any) -> Any:
    return np.bincount((x > 0).ravel())


@program
def operators(x: Any) -> Any:
    return (x > 0) + (x < 1), (x > 0) * (x < 1), (x > 0) ^ (x < 1), x * ((x > 0) + (x < 2))


@program
def powers(x: Any) -> Any:
    return (x > 0) ** 2, np.power(x > 0, 2), (x > 0) ** 3, x * (x > 0) ** 2


@pytest.mark.filterwarnings("error")  # a program is made
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("f", program, ids=lambda f: f.__name__)
def test_truth_values(f: Callable[[Any], Any], shape: tuple[int, ...]) -> None:
    x = np.cos(np.arange(np.prod(shape))).reshape(shape)
    agrees(f, (x,), (0.5 * x,))


def test_a_factor_that_is_an_extreme_counts_in_the_gradient() -> None:
    gradient = bb.compile(bb.grad(lambda x: np.sum((x > 0).max() * x - (x > 0).min() * x)))
    for _ in range(2):
        assert np.array_equal(gradient(np.array([1.0, -1.0, 2.0])), [1.0, 1.0, 1.0])
        assert np.array_equal(gradient(np.array([1.0, 1.0, 2.0])), [0.0, 0.0, 0.0])
        assert np.array_equal(gradient(np.array([-1.0, -1.0, -2.0])), [0.0, 0.0, 0.0])
