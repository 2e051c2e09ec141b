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
