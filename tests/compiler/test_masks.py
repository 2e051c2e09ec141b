"""Boolean masks as indices: the shape of what they take out is one of the run's decisions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb


def positive_part(x: Any) -> Any:
    return np.sum(x[x > 0] ** 3)


def cleared(x: Any) -> Any:
    x = x + 0
    x[x < 0] = 0
    return np.sum(x**2)


def share(x: Any) -> Any:
    return np.sum(x) * len(x[x > 0]) / len(x)


def bounded(x: Any) -> Any:
    """Of an empty sum nothing is left that reads x."""
    return np.tanh(positive_part(x))


def found(x: Any) -> Any:
    return x**2 * np.flatnonzero(x > 0).size * np.nonzero(x > 1)[0].size


@pytest.mark.parametrize("f", [positive_part, cleared, share, bounded, lambda x: np.sum(found(x))])
def test_as_the_plain_function(f: Any) -> None:
    compiled = bb.compile(bb.value_and_grad(f))
    for x in ([-1.0, -2.0, -3.0], [1.0, -2.0, 3.0], [-1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [-1.0, -2.0, -3.0]):
        for got, want in zip(compiled(np.array(x)), bb.value_and_grad(f)(np.array(x)), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-14)


def rows_and_columns(x: Any) -> Any:
    m = np.reshape(x[:4] * x[1:5], (2, 2))
    top = m[np.unravel_index(np.argmax(m), m.shape)]
    crossed = m[np.ix_(m[:, 0] > 0, m[0] > 0)]
    return top**2 + np.sum(m[np.nonzero(m > 0)] ** 3) + np.sum(crossed) + m[np.argmin(m[0]), np.argmax(m[:, 1])]


def relaxed(x: Any) -> Any:
    m = np.reshape(x[:4] * 1.0, (2, 2))
    m[np.where(m < 0)] *= 0.25
    np.add.at(m, (np.argsort(m[0]), np.argsort(m[1])), x[4])
    return np.sum(m**2 * m[(0, 0),])


@pytest.mark.filterwarnings("error")  # a program is made
@pytest.mark.parametrize("f", [rows_and_columns, relaxed])
def test_several_index_arrays(f: Any) -> None:
    compiled = bb.compile(bb.value_and_grad(f))
    draw = np.random.default_rng(5)
    for x in [draw.normal(size=5) for _ in range(6)]:
        for got, want in zip(compiled(x), bb.value_and_grad(f)(x), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-13)
        np.testing.assert_allclose(
            bb.grad(f)(x), bb.numerical.gradient(lambda x: float(f(x)), x).value, rtol=1e-8, atol=1e-9
        )
