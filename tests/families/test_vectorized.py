"""np.vectorize and np.frompyfunc: NumPy's own loop is the truth of values, closed forms and differences of derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import bibun as bb

X = np.array([[0.5, -1.5, 2.0], [0.25, 1.0, -0.75]])


def piecewise(v: Any) -> Any:
    return v * v if v > 0 else np.sin(v)


def scaled(v: Any, factor: Any = 2.0) -> Any:
    return v * factor


CALLS: dict[str, Callable[[Any], Any]] = {
    "branches": lambda x: np.vectorize(piecewise)(x),
    "otypes": lambda x: np.vectorize(piecewise, otypes=[float])(x),
    "broadcast": lambda x: np.vectorize(lambda a, b: a * b**2)(x, x[0]),
    "keyword": lambda x: np.vectorize(scaled)(x, factor=x[0, 0]),
    "excluded": lambda x: np.vectorize(lambda a, p: a * p[0] + p[1], excluded=[1])(x, [2.0, 3.0]),
    "excluded by name": lambda x: np.vectorize(lambda a, p: a * p[1], excluded=["p"])(x, p=[2.0, 3.0]),
    "several": lambda x: sum(np.vectorize(lambda a: (a * a, np.exp(a)))(x)),
    "signature": lambda x: np.vectorize(np.dot, signature="(n),(n)->()")(x, x[0]),
    "signature of arrays": lambda x: np.vectorize(lambda v: np.outer(v, v), signature="(n)->(n,n)")(x),
    "signature with a number": lambda x: np.vectorize(np.polyval, signature="(n),()->()")(x, x[0, 1]),
    "signature of a number first": lambda x: np.vectorize(np.polyval, signature=" (n) , ( ) -> ()")([2.0, 1.0], x),
    "signature and excluded": lambda x: np.vectorize(lambda k, v: k * v, excluded=[0], signature="(n)->(n)")(
        x[0, 0], x
    ),
    "signature and excluded by name": lambda x: np.vectorize(scaled, excluded=["factor"], signature="(n)->(n)")(
        x, factor=x[0, 0]
    ),
    "signature of two outputs": lambda x: np.vectorize(lambda v: (v.sum(), v * v), signature="(n)->(),(n)")(x)[1],
    "cache": lambda x: np.vectorize(piecewise, cache=True)(x),
    "number": lambda x: np.vectorize(piecewise)(x[1, 1]),
    "from outside": lambda x: np.vectorize(lambda a: a * x[0, 0])(np.arange(3.0)),
    "decorator": lambda x: np.vectorize(otypes=[float])(piecewise)(x),
}


@pytest.mark.parametrize("name", CALLS)
def test_derivatives(name: str) -> None:
    f = CALLS[name]
    plain = f(X)
    assert_allclose(bb.jvp(f, (X,), (np.ones_like(X),))[0], plain, rtol=1e-14)
    weights = np.cos(np.arange(np.size(plain))).reshape(np.shape(plain))
    g = lambda x: np.sum(f(x) * weights)  # noqa: E731
    expected = bb.numerical.gradient(lambda x: float(g(x)), X)
    assert_allclose(bb.grad(g)(X), expected.value, atol=1e-7)
    assert_allclose(bb.jvp(g, (X,), (np.ones_like(X),))[1], np.sum(bb.grad(g)(X)), rtol=1e-12)
    curvature = bb.hvp(g, (X,), (np.ones_like(X),))
    second = bb.numerical.gradient(lambda x: float(np.sum(bb.grad(g)(x))), X)
    assert_allclose(curvature, second.value, atol=1e-6)


def test_what_frompyfunc_makes() -> None:
    square = np.frompyfunc(lambda v: v * v, 1, 1)
    both = np.frompyfunc(lambda a, b: (a * b, a + b), 2, 2)
    assert_allclose(bb.grad(lambda x: np.sum(square(x)))(X), 2 * X)
    assert_allclose(bb.grad(lambda x: np.sum(both(x, x[0])[0]))(X)[1], X[0])
    assert_allclose(bb.jvp(square, (X,), (np.ones_like(X),))[1], 2 * X)


def test_plain_calls_are_numpys() -> None:
    assert np.vectorize(math.floor)(np.array([1.5, 2.5])).dtype == int
    assert_allclose(np.vectorize(scaled)([1, 2]), [2.0, 4.0])
    with pytest.raises(ValueError, match="size 0 inputs unless `otypes`"):
        np.vectorize(scaled)(np.array([]))


def test_the_dtype_of_the_first_result() -> None:
    relu = np.vectorize(lambda v: v if v > 0 else 0)
    assert relu(-X).dtype == int  # which loses the fractions
    with pytest.raises(
        bb.LostDerivativeError, match=r"NumPy would round the others to int64.*Return a float there \(0\.0 inst"
    ):
        bb.vjp(relu, -X)
    truncated = np.vectorize(lambda v: v, otypes=[int])
    np.testing.assert_array_equal(bb.vjp(truncated, X)[0], truncated(X))


def test_dtypes_beside_numbers() -> None:
    """As NumPy has them, whatever is traced."""
    x = X[0].astype(np.float32)
    for f in (
        np.vectorize(lambda v: v if v > 0 else 1),
        lambda x: np.select([x > 0, x < 0], [x, 3.0]),
        lambda x: np.select([x > 0], [x], default=np.float64(1)),
        lambda x: np.multiply.outer(x, 2.0),
        lambda x: np.minimum.outer(3, x),
    ):
        y, dy = bb.jvp(f, (x,), (x,))
        assert y.dtype == dy.dtype == f(x).dtype
        np.testing.assert_array_equal(y, f(x))


def test_the_number_of_arguments_of_a_signature() -> None:
    with pytest.raises(TypeError, match="expected 1, got 2"):
        bb.vjp(np.vectorize(np.sum, signature="(n)->()"), X, X)


def test_what_makes_numbers_of_its_entries_says_so() -> None:
    with pytest.raises(bb.LostDerivativeError, match=r"np\.sin"):
        bb.grad(lambda x: np.sum(np.vectorize(math.sin)(x)))(X)
    with pytest.raises(bb.LostDerivativeError, match="would become a plain Python number"):
        bb.grad(lambda x: np.sum(np.vectorize(lambda v: math.sin(v))(x)))(X)
