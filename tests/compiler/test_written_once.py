"""Sums that are written out term by term are so once: not again between the edges of padding, nor for other roots' rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.compiler.agreement import agrees

CHANNELS = 8


def dilated(weights: Any, x: Any) -> Any:
    """y[t] = tanh(sum_k x[t - 2 k] weights[k]), with zeros before the first row."""
    y = 0.0
    for k in range(3):
        y = y + np.concatenate([np.zeros((2 * k, CHANNELS)), x[: len(x) - 2 * k]]) @ weights[k]
    return np.tanh(y)


def step(p: Any, y: Any) -> Any:
    """Of a network 2-16-2 for ten rows."""
    return y + 0.1 * (np.tanh(y @ p[0] + p[1]) @ p[2] + p[3])


def network(p: Any, y: Any) -> Any:
    for _ in range(3):
        y = step(p, y)
    return np.sum(y**2)


def operations(text: str) -> int:
    """How many products are added up in the text of a program."""
    return text.count("fmuladd")


@pytest.mark.parametrize("rows", [16, 64, 67])
def test_padding_does_not_repeat_products(rows: int) -> None:
    random = np.random.default_rng(rows)
    weights, x = random.normal(size=(3, CHANNELS, CHANNELS)), random.normal(size=(rows, CHANNELS))
    compiled = bb.compile(dilated)
    got = compiled(weights, x)
    want = np.zeros((rows, CHANNELS))
    for t in range(rows):
        want[t] = np.tanh(sum(x[t - 2 * k] @ weights[k] for k in range(3) if t >= 2 * k))
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)
    assert operations(compiled.llvm()) < 2 * 3 * CHANNELS**2
    agrees(bb.grad(lambda w, x: np.sum(dilated(w, x) ** 2)), (weights, x))


def test_rows_of_other_lengths_do_not_repeat_each_other() -> None:
    random = np.random.default_rng(1)
    p = (random.normal(size=(2, 16)), random.normal(size=16), random.normal(size=(16, 2)), random.normal(size=2))
    y = random.normal(size=(10, 2))
    compiled = bb.compile(bb.grad(network))
    compiled(p, y)
    assert len(compiled.llvm()) < 230_000  # it was 300 kB, of corners between 10 and 16 rows
    agrees(bb.grad(network), (p, y))
