"""Reductions and running sums and products: values, derivatives of every order and mode, special cases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.core.traced import bare
from tests.families.agreement import along, check, check_first, check_second, sample

X = sample(2, 3, 4)
MASK = np.arange(24).reshape(2, 3, 4) % 3 != 1

REDUCTIONS = {
    "sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min, "amax": np.amax, "amin": np.amin,
    "mean": np.mean, "var": np.var, "std": np.std, "ptp": np.ptp,
}  # fmt: skip
AXES: list[Any] = [None, 0, -1, (0, 2), (-1, 1), (), (0, 1, 2)]


@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reduction_over_axes(name: str, axis: Any) -> None:
    function = REDUCTIONS[name]
    if axis == () and name == "std":
        check_first(lambda x: function(x, axis=axis), X)  # the root of 0: its slope is 0 by choice
        return
    check(lambda x: function(x, axis=axis), X)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reduction_keeps_axes(name: str) -> None:
    function = REDUCTIONS[name]
    check(lambda x: function(x, axis=1, keepdims=True) * x, X)
    check_first(lambda x: function(x, None, keepdims=True), X)


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min"])
@pytest.mark.parametrize("initial", [2, 0.5, np.float64(0.5), np.array(0.5)], ids=repr)
def test_initial_takes_the_dtype_of_the_entries(name: str, initial: Any) -> None:
    function = REDUCTIONS[name]
    for x in (X.astype(np.float32), X[:0].astype(np.float32)):
        expected = function(x, axis=0, initial=initial)
        found = function(bb.Variable(x), axis=0, initial=initial)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found.data, expected, rtol=1e-6)


@pytest.mark.parametrize("function", [np.sum, np.prod, np.cumsum, np.cumulative_prod])
def test_small_integers_stay_small_where_that_is_asked_for(function: Any) -> None:
    x = np.array([[100, 3, -7], [90, 100, 5]], np.int8)
    expected = function(x, axis=1, dtype=np.int8)
    for found in (
        function(bb.Variable(x), axis=1, dtype=np.int8),
        bb.vmap(lambda x: function(x, axis=0, dtype=np.int8))(x),
    ):
        assert found.dtype == np.int8
        np.testing.assert_array_equal(bare(found), expected)


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "var", "std"])
@pytest.mark.parametrize("axis", [None, 1, (0, 2)], ids=str)
def test_reduction_where(name: str, axis: Any) -> None:
    function = REDUCTIONS[name]
    check(lambda x: function(x, axis=axis, where=MASK), X)
    check_first(lambda x: function(x, axis=axis, where=MASK, keepdims=True), X)


@pytest.mark.parametrize("name", ["max", "min"])
def test_extreme_where_and_initial(name: str) -> None:
    function = REDUCTIONS[name]
    far = -9.0 if name == "max" else 9.0
    check(lambda x: function(x, axis=1, where=MASK, initial=far), X)
    check(lambda x: function(x, axis=1, initial=0.01), X)
    with pytest.raises(ValueError, match="does not have an identity"):
        bb.jvp(lambda x: function(x, where=MASK), (X,), (X,))


@pytest.mark.parametrize("function", [np.sum, np.prod])
def test_initial_is_differentiated_too(function: Any) -> None:
    check(lambda x, start: function(x, axis=1, initial=start), X, np.array(1.5))
    check_first(lambda x: function(x, axis=0, initial=2.5, keepdims=True), X)


@pytest.mark.parametrize("function", [np.sum, np.prod, np.max, np.mean, np.var, np.std])
def test_masked_entries_may_be_nan(function: Any) -> None:
    x = np.array([1.0, np.nan, 3.0, np.inf])
    good = np.isfinite(x)
    more = {"initial": -1.0} if function is np.max else {}
    value, gradient = bb.value_and_grad(lambda x: function(x, where=good, **more))(x)
    assert value == function(x[good])
    np.testing.assert_array_equal(gradient[~good], 0)
    np.testing.assert_allclose(gradient[good], bb.grad(function)(x[good]))


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "prod"])
def test_complex(name: str) -> None:
    z = sample(3, 4) + 1j * sample(3, 4, seed=1)
    function = REDUCTIONS[name]
    check(lambda z: function(z, axis=1), z)


def test_variance_options() -> None:
    check(lambda x: np.var(x, axis=1, ddof=1), X)
    check(lambda x: np.std(x, axis=(0, 1), ddof=2, keepdims=True), X)
    check_first(lambda x: np.var(x, axis=1, correction=1), X)
    check(lambda x: np.var(x, axis=1, mean=np.mean(x, axis=1, keepdims=True)), X)
    check_first(lambda x: np.var(x, where=MASK, ddof=1), X)
    with pytest.raises(ValueError, match="simultaneously"):
        bb.grad(lambda x: np.var(x, ddof=1, correction=1))(X)


def test_variance_closed_form() -> None:
    x = sample(7)
    np.testing.assert_allclose(bb.grad(np.var)(x), 2 * (x - x.mean()) / 7, rtol=1e-13, atol=1e-16)
    np.testing.assert_allclose(bb.hessian(np.var)(x), 2 / 7 * (np.eye(7) - 1 / 7), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(bb.grad(np.std)(x), (x - x.mean()) / (7 * x.std()), rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("constant", [0.0, 3.0])
def test_deviation_of_constant_data_has_derivative_zero(constant: float) -> None:
    x = np.full((2, 3), constant)
    np.testing.assert_array_equal(bb.grad(np.std)(x), 0)
    np.testing.assert_array_equal(bb.jvp(lambda x: np.std(x, axis=1), (x,), (x + 1,))[1], 0)
    np.testing.assert_array_equal(bb.hessian(np.std)(x[0]), 0)
    mixed = np.array([[1.0, 1.0, 1.0], [1.0, 2.0, 4.0]])
    gradient = bb.grad(lambda x: np.sum(np.std(x, axis=1)))(mixed)
    np.testing.assert_allclose(gradient[1], bb.grad(np.std)(mixed[1]))
    np.testing.assert_array_equal(gradient[0], 0)


@pytest.mark.parametrize("x", [[2.0, 0.0, 3.0, 4.0], [0.0, 5.0, 0.0, 3.0], [0.0, 0.0, 0.0], [0.0], [2.0, 3.0]], ids=str)
def test_product_with_zeros(x: list[float]) -> None:
    """d prod/dx_i is the product of the others; the second derivative that of all but two."""
    a = np.array(x)
    n = len(a)
    others = [np.prod(np.delete(a, i)) for i in range(n)]
    twice = [[0.0 if i == j else np.prod(np.delete(a, [i, j])) for j in range(n)] for i in range(n)]
    np.testing.assert_array_equal(bb.grad(np.prod)(a), others)
    np.testing.assert_array_equal(bb.jacfwd(np.prod)(a), others)
    np.testing.assert_array_equal(bb.hessian(np.prod)(a), twice)
    np.testing.assert_array_equal(bb.jacrev(bb.grad(np.prod))(a), twice)
    np.testing.assert_array_equal(bb.jacfwd(bb.jacfwd(np.prod))(a), twice)


def test_product_of_zeros_over_axes_to_third_order() -> None:
    x = sample(2, 3, 2)
    x[0, 1] = 0
    x[1, :, 1] = 0
    for axis in (0, (0, 2), None, (2, 1)):
        check(lambda x, axis=axis: np.prod(x, axis=axis), x)
    third = bb.jacfwd(bb.hessian(np.prod))(np.array([0.0, 0.0, 0.0]))
    expected = np.zeros((3, 3, 3))
    for i, j, k in np.ndindex(3, 3, 3):
        expected[i, j, k] = len({i, j, k}) == 3
    np.testing.assert_array_equal(third, expected)


@pytest.mark.parametrize("axis", [None, 0, 1, -1], ids=str)
def test_running_sums_and_products(axis: Any) -> None:
    zeros = X.copy()
    zeros[0, 1] = 0
    zeros[1, :2, 2] = 0
    check(lambda x: np.cumsum(x, axis=axis), X)
    check(lambda x: np.cumprod(x, axis=axis), X)
    check(lambda x: np.cumprod(x, axis=axis), zeros)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 8, 13])
def test_running_product_of_every_length(n: int) -> None:
    x = sample(n)
    x[1::3] = 0
    expected = np.zeros((n, n))
    for k, i in np.ndindex(n, n):
        expected[k, i] = np.prod(np.delete(x[: k + 1], i)) if i <= k else 0
    if n:
        np.testing.assert_allclose(bb.jacrev(np.cumprod)(x), expected, rtol=1e-13, atol=0)
        np.testing.assert_allclose(bb.jacfwd(np.cumprod)(x), expected, rtol=1e-13, atol=0)
    assert bb.vjp(np.cumprod, x)[1](x)[0].shape == (n,)


@pytest.mark.skipif(not hasattr(np, "cumulative_sum"), reason="NumPy 2.1 has it")
def test_cumulative_functions() -> None:
    for function in (np.cumulative_sum, np.cumulative_prod):
        check(lambda x, function=function: function(x, axis=1, include_initial=True), X)
        check(lambda x, function=function: function(x), X[0, 0])


def test_ties_share_equally() -> None:
    x = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    np.testing.assert_allclose(bb.grad(lambda x: np.sum(np.max(x, axis=1)))(x), [[0, 0.5, 0.5], [1 / 3] * 3])
    np.testing.assert_allclose(bb.grad(lambda x: np.sum(np.min(x, axis=1)))(x), [[1, 0, 0], [1 / 3] * 3])
    direction = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(bb.jvp(lambda x: np.max(x, axis=1), (x,), (direction,))[1], [1.5, 4.0])
    np.testing.assert_array_equal(bb.hessian(np.max)(x[0]), np.zeros((3, 3)))


def test_extreme_of_nan_belongs_to_the_nan() -> None:
    value, gradient = bb.value_and_grad(np.max)(np.array([1.0, np.nan, 3.0]))
    assert np.isnan(value)
    np.testing.assert_array_equal(gradient, [0, 1, 0])


def test_empty_arrays() -> None:
    empty = np.zeros((0, 3))
    for function, value in ((np.sum, 0.0), (np.prod, 1.0)):
        y, pullback = bb.vjp(function, empty)
        assert y == value
        assert pullback(1.0)[0].shape == (0, 3)
        y, pullback = bb.vjp(lambda x, f=function: f(x, axis=0), empty)
        np.testing.assert_array_equal(y, [value] * 3)
        assert pullback(np.ones(3))[0].shape == (0, 3)
    y, pullback = bb.vjp(lambda x: np.max(x, axis=0, initial=-1.0) + np.sum(x), empty)
    np.testing.assert_array_equal(y, [-1.0] * 3)
    with pytest.raises(ValueError, match="zero-size array"):
        bb.vjp(np.max, empty)


def test_zero_dimensional() -> None:
    x = np.array(2.5)
    for function in (np.sum, np.prod, np.max, np.min, np.mean):
        assert bb.grad(function)(x) == 1
        assert bb.grad(lambda x, f=function: f(x, axis=()) ** 2)(x) == 5
    for function in (np.var, np.std, np.ptp):
        assert bb.grad(function)(x) == 0
    np.testing.assert_array_equal(bb.jacrev(np.cumsum)(x), [1.0])
    np.testing.assert_array_equal(bb.jacrev(np.cumprod)(x), [1.0])


def test_dtype_argument() -> None:
    x = np.array([1.5, 2.5], np.float32)
    y, pullback = bb.vjp(lambda x: np.sum(x, dtype=np.float64), x)
    assert y.dtype == np.float64
    assert pullback(np.float64(1))[0].dtype == np.float32
    assert bb.vjp(lambda x: np.mean(x), x.astype(np.float16))[0].dtype == np.float16
    assert bb.vjp(lambda x: np.prod(x, dtype=complex), x)[0].dtype == complex


def test_average() -> None:
    weights = np.array([0.2, 0.5, 0.1])
    check(lambda x: np.average(x, axis=1, weights=weights), X)
    check(lambda w: np.average(X, axis=1, weights=w), weights)
    check(lambda x, w: np.average(x, weights=w), X, X**2 + 0.1)
    check_first(lambda x: np.average(x, axis=(0, 1), weights=np.abs(X[..., 0])), X)
    y, total = np.average(bb.Variable(X), axis=1, weights=weights, returned=True)
    expected = np.average(X, axis=1, weights=weights, returned=True)
    np.testing.assert_allclose(y.data, expected[0])
    np.testing.assert_allclose(total, expected[1])
    with pytest.raises(ZeroDivisionError, match="sum to zero"):
        np.average(bb.Variable(X[0, 0]), weights=[1, -1, 1, -1])
    with pytest.raises(TypeError, match="Axis must be specified"):
        np.average(bb.Variable(X), weights=weights)


def test_sum_holds_no_memory() -> None:
    x = bb.Variable(np.ones((1000, 1000)))
    y = np.sum(x)
    y.backward()
    np.testing.assert_array_equal(x.grad, np.ones((1000, 1000)))
    node = y.node
    assert sum(np.asarray(s).nbytes for s in node.saved if not isinstance(s, tuple | bool)) == 0


def test_out_by_position_and_by_name() -> None:
    for write in (lambda x, out: np.sum(x, 0, None, out), lambda x, out: x.sum(0, out=out)):
        x = bb.Variable(X[0])
        out = np.zeros_like(x[0])
        assert write(x, out) is out
        np.sum(out * out).backward()
        np.testing.assert_allclose(x.grad, np.broadcast_to(2 * X[0].sum(0), (3, 4)))
        with pytest.raises(bb.LostDerivativeError, match="plain ndarray"):
            write(x, np.zeros(4))


def test_truth_values_are_plain() -> None:
    x = bb.Variable(X)
    assert np.all(x > -3)
    assert not np.any(x > 3)
    np.testing.assert_array_equal(np.all(x, axis=1), np.all(X, axis=1))
    np.testing.assert_array_equal((x > 0).any(axis=(0, -1)), (X > 0).any(axis=(0, -1)))
    np.testing.assert_array_equal(np.any(x, axis=0, keepdims=True, where=MASK), np.any(X, 0, keepdims=True, where=MASK))
    np.testing.assert_array_equal(np.argmax(x, axis=1), np.argmax(X, axis=1))
    rows = bb.vmap(lambda row: np.where(np.all(row > -1.5, axis=0), np.sum(row), 0.0))(X[0])
    np.testing.assert_allclose(rows, [r.sum() if (r > -1.5).all() else 0 for r in X[0]])


def test_masks_that_differ_along_a_batch() -> None:
    x = sample(3, 5)
    for f in (
        lambda x: np.sum(x, where=x > 0),
        lambda x: np.mean(x, where=x > -1),
        lambda x: np.var(x, where=x > -1),
        lambda x: np.max(x, where=x < 1, initial=-2.0),
        lambda x: np.average(x, weights=x * x),
    ):
        np.testing.assert_allclose(bb.vmap(f)(x), [f(row) for row in x], rtol=1e-14)
        gradient = bb.grad(f)
        np.testing.assert_allclose(bb.vmap(gradient)(x), [gradient(row) for row in x], rtol=1e-12, atol=1e-15)


def test_differences() -> None:
    check(lambda x: np.diff(x, axis=1), X)
    check_first(lambda x: np.diff(x, n=2, prepend=0.0, append=x[..., :1]), X)
    check(lambda x: np.ediff1d(x, to_begin=[1.0], to_end=x[0, 0, :2]), X)
    check(lambda y: np.trapezoid(y, dx=0.5, axis=1), X)
    check(lambda y, x: np.trapezoid(y, x), X, np.array([0.0, 0.7, 1.0, 2.2]))
    check(lambda y, x: np.trapezoid(y, x, axis=1), X, np.abs(X) + 1)
    check_first(lambda y: np.diff(y, n=0), X)
    with pytest.raises(ValueError, match="non-negative"):
        np.diff(bb.Variable(X), n=-1)


@pytest.mark.parametrize("edge_order", [1, 2])
def test_gradient_along_axes(edge_order: int) -> None:
    steps = np.array([0.0, 0.7, 1.0, 2.2])
    check(lambda f: np.gradient(f, axis=1, edge_order=edge_order), X)
    check(lambda f: np.gradient(f, 0.5, steps, axis=(1, 2), edge_order=edge_order)[1], X)
    check(lambda f, x: np.gradient(f, x, axis=2, edge_order=edge_order), X, steps)
    for found, expected in zip(np.gradient(bb.Variable(X[0])), np.gradient(X[0]), strict=True):
        np.testing.assert_allclose(found.data, expected)


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("places", [(), (0.3,), (np.arange(4),), (np.array([0.0, 0.7, 1.0, 2.2]),)], ids=str)
def test_gradient_is_numpys_to_the_bit(places: Any, edge_order: int) -> None:
    """Inside it is the difference of both neighbours, which a nan or a large number between them does not reach."""
    for x in (X, X.astype(np.float32), np.array([1, np.nan, 3, 4.0]), np.array([0, 1e20, 1, 5.0])):
        f = lambda x: np.gradient(x, *places, axis=-1, edge_order=edge_order)  # noqa: E731
        for found in (f(bb.Variable(x)).data, bb.jvp(f, (x,), (np.ones_like(x),))[0]):
            np.testing.assert_array_equal(found, f(x), strict=True)
        np.testing.assert_allclose(bb.compile(f)(x), f(x), rtol=1e-6 if x.dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("edge_order", [1, 2])
def test_gradient_by_places_at_equal_distances(edge_order: int) -> None:
    """NumPy takes one distance for all there, but the slope depends on each."""
    check(lambda f, x: np.gradient(f, x, axis=2, edge_order=edge_order), X, np.arange(4.0))


def test_reduce_and_accumulate_of_ufuncs() -> None:
    check(lambda x: np.add.reduce(x, axis=1), X)
    check(lambda x: np.multiply.reduce(x), X)
    check(lambda x: np.maximum.reduce(x, axis=(0, 1)), X)
    check(lambda x: np.minimum.reduce(x, axis=2, keepdims=True), X)
    check(lambda x: np.add.accumulate(x, axis=1), X)
    check(lambda x: np.multiply.accumulate(x), X)


def test_second_order_through_selection_of_an_extreme() -> None:
    check_second(lambda x: np.max(x * x, axis=1), X)
    x = sample(5)
    expected = np.zeros((5, 5))
    k = int(np.argmax(x * x))
    expected[k, k] = 2
    np.testing.assert_array_equal(bb.hessian(lambda x: np.max(x * x))(x), expected)


def test_large_product_does_not_divide() -> None:
    """The factors underflow to 0 together, no one of them is 0: a quotient would be 0 / x."""
    x = np.full(400, 0.1)
    x[7] = 1e-30
    gradient = bb.grad(lambda x: np.prod(x[:8]) * 1e7 + np.prod(x) * 0)(x)
    np.testing.assert_allclose(gradient[7], 1.0, rtol=1e-12)
    assert np.all(np.isfinite(gradient))
    assert along(lambda x: np.asarray(np.prod(x)), (x,), (x,)) == 0


@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool", "float32"])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (0,)], ids=str)
def test_initial_and_dtype_as_numpy_takes_them(dtype: str, shape: tuple[int, ...]) -> None:
    x = np.asarray(np.arange(np.prod(shape)).reshape(shape), dtype)
    calls: list[Any] = [
        lambda x: np.sum(x, initial=1.5), lambda x: np.prod(x, axis=0, initial=2.5), lambda x: np.max(x, initial=1.5),
        lambda x: np.min(x, initial=True, where=x > 1), lambda x: np.add.reduce(x, dtype=bool),
        lambda x: np.add.accumulate(x, dtype=bool), lambda x: np.mean(x + 1, axis=-1, dtype=int), lambda x: np.std(x[:1]),
    ]  # fmt: skip
    for f in calls if shape != (0,) else calls[:4]:
        expected = f(x)
        for found in (bare(f(bb.Variable(x))), bb.compile(f)(x)):
            assert (type(found), found.dtype) == (type(expected), expected.dtype)
            np.testing.assert_array_equal(found, expected)
