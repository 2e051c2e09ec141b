"""Functions of plain arrays that write into a traced one: what was there before is gone, with its derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import bibun as bb

A = np.arange(1.0, 7.0).reshape(2, 3)
V, ODD, EYE = np.arange(1.0, 4.0), np.array([-np.inf, 0.0, np.inf]), np.eye(3)
X, DX = np.array([5.0, 6.0, 7.0]), np.array([0.1, 0.2, 0.3])

BY_POSITION: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "isneginf": (np.isneginf, (ODD,)), "isposinf": (np.isposinf, (ODD,)), "isnan": (np.isnan, (ODD,)),
    "fix": (np.fix, (V,)), "round": (np.round, (V, 0)), "clip": (np.clip, (V, 1, 2)), "exp": (np.exp, (V,)),
    "greater": (np.greater, (V, 1)), "ldexp": (np.ldexp, (V, 2)), "matvec": (np.matvec, (EYE, V)),
    "all": (np.all, (A, 0)), "mean": (np.mean, (A, 0, None)), "std": (np.std, (A, 0, None)), "max": (np.max, (A, 0)),
    "median": (np.median, (A, 0)), "quantile": (np.quantile, (A, 0.5, 0)), "nanmin": (np.nanmin, (A, 0)),
    "cumsum": (np.cumsum, (V, None, None)), "dot": (np.dot, (V, EYE)), "compress": (np.compress, ([1, 1, 1], V, None)),
    "concatenate": (np.concatenate, ([V[:1], V[1:]], 0)), "trace": (np.trace, (np.ones((3, 3, 3)), 0, 0, 1, None)),
    "reduceat": (np.add.reduceat, (V, [0, 1, 2], 0, None)), "accumulate": (np.add.accumulate, (V, 0, None)),
    "irfft": (np.fft.irfft, (np.ones(2), 3, -1, None)),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_POSITION)
def test_results_of_plain_arrays_by_position(name: str) -> None:
    """NumPy gives the values, and they do not depend on what was there."""
    function, given = BY_POSITION[name]
    expected = X * 1.0
    function(*given, expected)
    assert not np.array_equal(expected, X)

    def f(x: Any) -> Any:
        y = x * 1.0
        function(*given, y)
        return y + 0 * x

    for g in (f, bb.compile(f)):
        y, dy = bb.jvp(g, (X,), (DX,))
        assert_array_equal(y, expected)
        assert_array_equal(dy, np.zeros(3))
        assert_array_equal(bb.jacrev(g)(X), np.zeros((3, 3)))


@pytest.mark.parametrize("function", [np.isneginf, np.isposinf])
def test_infinities_are_numpys(function: Any) -> None:
    for values in (ODD, ODD.astype(np.float32), np.array([1, 2]), np.array(-np.inf)):
        expected = function(values)
        found = bb.vjp(lambda x, values=values: (x * function(x * 0.0 + values), function(x * 0.0 + values))[0], 1.0)[0]
        assert_array_equal(found, 1.0 * expected)
        assert np.shape(found) == np.shape(expected)
    with pytest.raises(TypeError):
        bb.grad(lambda x: np.real(function(1j * x)))(1.0)
