"""scipy.special's logsumexp and softmax as machine code, against SciPy: with infinities and nan, in every mode."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special

import bibun as bb
from bibun.scipy import special
from tests.compiler.agreement import is_native

X = np.random.default_rng(5).normal(size=(7, 5)) * 40
INF = np.inf
EDGES = np.array([
    [INF, 1, 2], [-INF, -INF, -INF], [np.nan, 1, 2], [-INF, 0, 1], [INF, -INF, 0], [1e308, 1e308, -1e308], [5e-324, 0, 0],
])  # fmt: skip
AXES = [None, 0, 1, -1, (0, 1)]


def native(compiled: Any) -> Any:
    is_native(compiled)
    assert "no machine code" not in compiled.explain()


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("keepdims", [False, True])
def test_values(axis: Any, keepdims: bool, dtype: str) -> None:
    with np.errstate(all="ignore"):
        edges = EDGES.astype(dtype)
    for x in (X.astype(dtype), edges):
        compiled = bb.compile(lambda x: special.logsumexp(x, axis=axis, keepdims=keepdims))
        with np.errstate(all="ignore"):
            expected = scipy.special.logsumexp(x, axis=axis, keepdims=keepdims)
            found = compiled(x)
        np.testing.assert_allclose(found, expected, rtol=1e-14 if dtype == "f8" else 1e-6)
        assert np.shape(found) == np.shape(expected)
        native(compiled)


@pytest.mark.parametrize("axis", AXES)
def test_gradients_are_softmax(axis: Any) -> None:
    compiled = bb.compile(bb.grad(lambda x: np.sum(special.logsumexp(x, axis=axis))))
    np.testing.assert_allclose(compiled(X), scipy.special.softmax(X, axis=axis), rtol=1e-13, atol=1e-300)
    native(compiled)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax(name: str, axis: Any) -> None:
    compiled = bb.compile(lambda x: getattr(special, name)(x, axis=axis))
    expected = getattr(scipy.special, name)(X, axis=axis)
    np.testing.assert_allclose(compiled(X), expected, rtol=1e-13, atol=1e-300)
    native(compiled)


def test_hessian() -> None:
    """diag(p) - p p'"""
    x = X[0] / 40
    p = scipy.special.softmax(x)
    compiled = bb.compile(bb.hessian(special.logsumexp))
    np.testing.assert_allclose(compiled(x), np.diag(p) - np.outer(p, p), rtol=1e-12, atol=1e-15)
    native(compiled)


@pytest.mark.parametrize("shape", [(3, 0), (0, 3), (3, 1)])
def test_few_entries(shape: tuple[int, ...]) -> None:
    x = np.zeros(shape)
    with np.errstate(all="ignore"):
        found = bb.compile(lambda x: special.logsumexp(x, axis=1))(x)
        np.testing.assert_array_equal(found, scipy.special.logsumexp(x, axis=1))
