"""Values of few bits that become others: integers that are floats from the first turn of a loop on, sums that are wider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb

COUNTS = np.array([3, 4, 9])
STEPS = np.linspace(0.1, 1.0, 20).tolist()


def halved(x: Any) -> Any:
    total, rest = x, x[0]
    for _ in range(24):
        rest = rest // 2
        total = total + rest + 0.5
    return total


def rounded(x: Any) -> Any:
    total = (x * 1.5).astype(int)
    for _ in range(20):
        total = total + np.sin(x[0] * 1.0) + 0.5
    return total


def decided(x: Any) -> Any:
    total = x > 3
    for step in STEPS:
        total = total + step / (2 + x[0] * x[0])
    return total


def widened(x: Any) -> Any:
    total, angle = x.astype(np.float32), x[0] * 0.5
    for _ in range(20):
        angle = np.cos(angle) * 0.5
        total = total * 0.9 + x * angle
    return total


@pytest.mark.parametrize("f", [halved, rounded, decided, widened])
@pytest.mark.parametrize("dtype", ["i8", "i4", "f8"])
def test_a_loop_that_begins_with_another_dtype(f: Callable[[Any], Any], dtype: str) -> None:
    compiled = bb.compile(f)
    for x in (COUNTS.astype(dtype), COUNTS[::-1].astype(dtype)):
        want, found = f(x), compiled(x)
        assert found.dtype == want.dtype
        np.testing.assert_allclose(found, want, rtol=1e-6 if f is widened else 1e-13)


def test_its_derivative() -> None:
    def loss(p: Any, n: Any) -> Any:
        total, rest = n, n[0]
        for _ in range(24):
            rest = rest // 2
            total = total + rest + p
        return np.sum(total * total)

    value, slope = bb.compile(bb.value_and_grad(loss))(0.5, COUNTS)
    last = COUNTS + 1 + 24 * 0.5  # of 3 halves, 1 and then 0
    assert value == np.sum(last**2)
    assert slope == np.sum(2 * last * 24)


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "i8", "u8"])
def test_sums_of_what_wraps_around(dtype: str) -> None:
    ends = np.iinfo(dtype)
    x = np.array([1, ends.min or 7, ends.max], dtype)
    modulus = 2**ends.bits
    wrapped = [(-int(n) - ends.min) % modulus + ends.min for n in x]  # as integers of so many bits are negated
    exact = sum(wrapped)
    for f in (lambda a: np.sum(-a), lambda a: (-a).sum(axis=0)):
        found = int(bb.compile(f)(x))
        assert (found - exact) % 2**64 == 0


def test_fast_takes_no_turns_away() -> None:
    z = np.array([1 + 5j, 0.5 - 4j])
    turns = np.array([-2j, 2j]) * np.pi
    np.testing.assert_allclose(bb.compile(lambda z: np.log(np.exp(z)), fast=True)(z), z + turns, rtol=1e-13)
