"""The methods of ufuncs, of every ufunc that has them, and the axes of generalized ufuncs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.arrays.registry import found
from bibun.errors import LostDerivativeError, NoDerivativeError
from tests.families.agreement import check, check_first, sample

UFUNCS = {f.__name__: f for f in vars(np).values() if isinstance(f, np.ufunc)}
TWO = {
    name: f
    for name, f in UFUNCS.items()
    if f.nin == 2 and f.nout == 1 and not f.signature and found(f) is not None and "dd->d" in f.types
}
X = np.abs(sample(3, 4)) + 0.7  # positive and distinct, which every function takes
Y = np.abs(sample(4, seed=1)) + 0.6
STEPS = {"heaviside", "floor_divide", "remainder", "fmod"}  # of running results: a kink may be near

BROKEN = {"power", "pow", "arctan2", "atan2"}  # NumPy 2.4's np.power.reduce(x) is x[0] ** x[-1], with AVX-512


def test_every_ufunc_has_a_row_or_a_reason() -> None:
    """All but those of dates."""
    assert [name for name, f in UFUNCS.items() if found(f) is None] == ["isnat"]


@pytest.mark.parametrize("name", TWO)
def test_reduce_and_accumulate(name: str) -> None:
    f = TWO[name]
    x = np.array([[7.31, 2.45, 1.83, 1.17], [5.27, 3.71, 1.29, 1.41], [9.13, 1.97, 1.61, 1.41]]) if name in STEPS else X
    check_first(lambda x: f.accumulate(x), x)
    check_first(lambda x: f.accumulate(x, -1), x)
    check_first(lambda x: f.outer(x, Y), x)
    if not np.isclose(f.reduce(x[0]), f.accumulate(x[0])[-1]):
        assert name in BROKEN
        np.testing.assert_array_equal(bb.vjp(lambda x: f.reduce(x, 1), x)[0], f.accumulate(x, 1)[:, -1])
        return
    check_first(lambda x: f.reduce(x), x)
    check_first(lambda x: f.reduce(x, axis=1, keepdims=True), x)
    check_first(lambda x: f.reduce(x, axis=0, initial=8.05), x)
    check_first(lambda x: f.reduceat(x, [0, 2, 1, 3], 1), x)


def test_arrays_by_name() -> None:
    check(lambda x: np.add.reduce(array=x, axis=1) * np.multiply.accumulate(array=x, axis=1)[:, -1], X, batch=False)
    check(lambda x: np.logaddexp.reduceat(array=x, indices=[0, 2], axis=1), X, batch=False)


@pytest.mark.parametrize("name", ["subtract", "divide", "logaddexp", "hypot", "maximum", "fmin", "float_power"])
def test_to_second_order(name: str) -> None:
    f, x = TWO[name], X[:2, :3].copy()
    check(lambda x: f.reduce(x, 1), x, batch=False)
    check(lambda x: f.accumulate(x, 1), x, batch=False)
    check(lambda x: f.reduceat(x, [0, 1], 1), x, batch=False)


@pytest.mark.parametrize("name", ["logaddexp", "maximum", "fmax", "add", "multiply", "hypot"])
def test_several_axes_and_masks(name: str) -> None:
    f, x = TWO[name], sample(2, 3, 4)
    mask = np.random.default_rng(0).random((3, 4)) < 0.6
    check(lambda x: f.reduce(x, axis=(0, 2)), x)
    check(lambda x: f.reduce(x, axis=None, keepdims=True), x)
    check_first(lambda x: f.reduce(x, axis=1, where=mask, initial=0.3), x)
    check_first(lambda x: f.reduce(x, axis=(0, 2), where=mask, initial=0.3), x)
    check_first(lambda x: f.reduce(x, axis=()), x)


def test_a_mask_skips_entries() -> None:
    mask = np.array([True, False, True, True])
    check(lambda x: np.subtract.reduce(x, 1, where=mask, initial=2.0), X, batch=False)
    check(lambda x: np.divide.reduce(x, 1, where=mask, initial=2.0), X, batch=False)
    with pytest.raises(ValueError, match="does not have an identity"):
        bb.grad(lambda x: np.subtract.reduce(x, where=mask))(X[0])
    with pytest.raises(ValueError, match="not reorderable"):
        bb.grad(lambda x: np.subtract.reduce(x, axis=None))(X)


def test_the_initial_value_may_be_traced() -> None:
    check(lambda x, s: np.logaddexp.reduce(x, initial=s), X, np.array(0.4), batch=False)


def test_softmax() -> None:
    """The gradient of logaddexp.reduce."""
    x = sample(50) * 10
    want = np.exp(x - np.max(x)) / np.sum(np.exp(x - np.max(x)))
    np.testing.assert_allclose(bb.grad(np.logaddexp.reduce)(x), want, rtol=1e-12)


def test_empty_and_short() -> None:
    for f in (np.logaddexp, np.hypot, np.add):
        _, pullback = bb.vjp(lambda x, f=f: f.reduce(x, 1), np.ones((2, 0)))
        assert pullback(np.ones(2))[0].shape == (2, 0)
        _, dy = bb.jvp(lambda x, f=f: f.accumulate(x, 1), (np.ones((2, 0)),), (np.ones((2, 0)),))
        assert dy.shape == (2, 0)
    with pytest.raises(ValueError, match="no identity"):
        bb.grad(lambda x: np.fmax.reduce(x))(np.ones(0))
    assert bb.grad(np.hypot.reduce)(np.array([-3.0])) == [-1.0]
    assert bb.grad(lambda x: np.logaddexp.reduce(x, axis=0))(2.0) == 1.0
    with pytest.raises(TypeError, match="cannot accumulate on a scalar"):
        bb.grad(np.subtract.accumulate)(2.0)


@pytest.mark.parametrize("name", ["maximum", "minimum", "fmax", "fmin"])
def test_running_extremes(name: str) -> None:
    """Each shows the entries so far that are equal to it, which share equally; nan spreads, or is passed over."""
    f = TWO[name]
    x = np.array([[2.0, 2.0, 1.0, 2.0, 3.0, 0.5], [np.nan, 1.0, 1.5, 0.5, 1.5, 2.5], [1.0, np.nan, 3.0, 0.5, 2.0, 4.0]])
    for rows in (x, x[2:]):  # with ties, and without
        y, pullback = bb.vjp(lambda x: f.accumulate(x, axis=1), rows)
        np.testing.assert_array_equal(y, f.accumulate(rows, axis=1))
        want = np.zeros(rows.shape)
        for i, line in enumerate(y):
            for j, value in enumerate(line):
                equal = np.isnan(rows[i]) if np.isnan(value) else rows[i] == value
                equal[j + 1 :] = False
                want[i] += equal / np.sum(equal)
        np.testing.assert_allclose(pullback(np.ones(rows.shape))[0], want, rtol=1e-14)
        _, dy = bb.jvp(lambda x: f.accumulate(x, axis=1), (rows,), (np.ones(rows.shape),))
        np.testing.assert_allclose(dy, np.ones(rows.shape), rtol=1e-14)


def test_dtypes_and_out() -> None:
    x = bb.Variable(X.astype(np.float32))
    y = np.logaddexp.reduce(x, dtype=np.float64)
    assert y.dtype == np.float64
    target = np.zeros_like(x[0], dtype=np.float64)
    assert np.subtract.reduce(x, 0, None, target) is target
    np.sum(target * y).backward()
    assert x.grad.dtype == np.float32
    with pytest.raises(LostDerivativeError, match="out="):
        np.maximum.accumulate(x, out=np.zeros(x.shape, np.float32))


def test_constants() -> None:
    x = bb.Variable(np.array([[3, 5], [6, 2]]))
    assert np.array_equal(np.gcd.reduce(x), [3, 1])
    assert np.array_equal(np.bitwise_xor.accumulate(x, 1), np.bitwise_xor.accumulate(x.data, 1))
    assert np.array_equal(np.greater.outer(x, x), np.greater.outer(x.data, x.data))
    assert np.array_equal(np.logical_xor.reduce(x, axis=None), np.logical_xor.reduce(x.data, axis=None))
    assert np.array_equal(np.bitwise_count(x), np.bitwise_count(x.data))


PLACES: dict[str, Any] = {
    "once": [2, 0],
    "twice": [1, 3, 1, 1, 0],
    "a mask": np.array([True, False, True, False]),
    "a slice": slice(1, 3),
    "none": np.array([], int),
}


@pytest.mark.parametrize("key", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "maximum", "logaddexp", "power", "hypot"])
def test_at(name: str, key: Any) -> None:
    f = TWO[name]
    n = len(Y[key])

    def updated(x: Any, v: Any) -> Any:
        y = +x  # no alias of the caller's
        f.at(y, key, v)
        return y

    check(updated, Y, np.abs(sample(n, seed=2)) + 0.65, batch=False)
    check_first(lambda v: updated(np.zeros_like(v, shape=4) + Y, v), np.array(0.8))


def test_at_of_one_input_and_of_matrices() -> None:
    def updated(x: Any) -> Any:
        y = np.copy(x)
        np.square.at(y, [0, 2, 0])
        np.multiply.at(y, (slice(None), [1, 1, 2]), np.array([2.0, 3.0, 4.0]))
        return y

    check(updated, X, batch=False)


@pytest.mark.parametrize("name", ["multiply", "maximum", "add", "hypot"])
def test_at_places_that_are_arguments(name: str) -> None:
    """An index that differs along a batch, or from call to call of a program."""

    def f(x: Any, places: Any) -> Any:
        y = x * 1.5
        TWO[name].at(y, places, x[:3])
        return np.sum(y * y)

    keys = np.array([[1, 3, 1], [0, 0, 0], [2, 1, 3]])
    values, slopes = zip(*(bb.value_and_grad(f)(Y, key) for key in keys), strict=True)
    along = bb.vmap(bb.value_and_grad(f), in_axes=(None, 0))(Y, keys)
    np.testing.assert_allclose(along[0], values)
    np.testing.assert_allclose(along[1], slopes)
    compiled = bb.compile(bb.value_and_grad(f))
    for key, value, slope in zip(keys, values, slopes, strict=True):
        np.testing.assert_allclose(compiled(Y, key)[0], value)
        np.testing.assert_allclose(compiled(Y, key)[1], slope)


def test_at_reaches_the_views() -> None:
    x = bb.Variable(np.array([1.0, 2.0, 3.0]))
    y = x * 1
    view = y[1:]
    np.multiply.at(view, [0, 0], 3.0)
    assert np.array_equal(y.data, [1.0, 18.0, 3.0])
    np.sum(y).backward()
    assert np.array_equal(x.grad, [1.0, 9.0, 1.0])
    with pytest.raises(LostDerivativeError):
        np.multiply.at(np.ones(3), [0], x[0])


A, B, V, W = sample(2, 3, 4), sample(2, 4, 5, seed=1), sample(2, 4, seed=2), sample(2, 4, seed=3)


def test_axes_of_generalized_ufuncs() -> None:
    check(lambda a, b: np.matmul(a, b, axes=[(0, 2), (2, 1), (0, 1)]), sample(3, 2, 4), sample(2, 5, 4, seed=1))
    check(lambda a, b: np.matmul(a, b, axes=[(-2, -1), (-2, -1), (-1, -2)]), A, B)
    check(lambda v, w: np.vecdot(v, w, axis=0), V, W)
    check(lambda v, w: np.vecdot(v, w, axis=0, keepdims=True), V, W)
    check(lambda v, w: np.vecdot(v, w, keepdims=True), V, W)
    check_first(lambda v, w: np.vecdot(v, w, axes=[0, 0, ()]), V + 1j * W, W - 2j * V)
    check(lambda v, w: np.vecdot(v, w, axes=[0, -1]), V.T.copy(), W)
    if hasattr(np, "matvec"):  # NumPy 2.2
        check(lambda a, v: np.matvec(a, v, axes=[(-1, -2), -1, 0]), A.swapaxes(1, 2).copy(), V)
        check(lambda v, a: np.vecmat(v, a, axes=[-1, (1, 2), -1]), V, B)
    with pytest.raises(TypeError, match="axis= and keepdims="):
        bb.grad(lambda a: np.sum(np.matmul(a, B, axis=0)))(A)


def test_what_no_pieces_can_be() -> None:
    with pytest.raises(NoDerivativeError, match="plain indices"):
        bb.vmap(lambda i: np.add.reduceat(X[0], i))(np.array([[0, 1], [0, 2]]))
    with pytest.raises(IndexError, match="reduceat"):
        bb.grad(lambda x: np.sum(np.add.reduceat(x, [0, 9])))(Y)
    with pytest.raises(ValueError, match="only supported for binary"):
        np.sin.reduce(bb.Variable(Y))


@pytest.mark.parametrize("method", ["reduce", "accumulate"])
def test_compiled(method: str) -> None:
    def number(x: Any) -> Any:
        return np.sum(getattr(np.logaddexp, method)(x) ** 2 + getattr(np.subtract, method)(x))

    compiled = bb.compile(bb.value_and_grad(number))
    for x in (X, 2 * X):
        for got, want in zip(compiled(x), bb.value_and_grad(number)(x), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-12)


def test_pieces_that_are_arguments_of_a_program() -> None:
    def f(x: Any, places: Any) -> Any:
        return np.sum(np.add.reduceat(x, places) ** 2) + np.sum(np.maximum.reduceat(x, places))

    compiled = bb.compile(bb.value_and_grad(f))
    for places in (np.array([0, 2]), np.array([1, 3]), np.array([0, 2])):
        for got, want in zip(compiled(Y, places), bb.value_and_grad(f)(Y, places), strict=True):
            np.testing.assert_allclose(got, want)


def test_axes_of_numbers_inside_compile() -> None:
    def number(x: Any) -> Any:
        return np.sum(x, axis=-1) + np.max(x, axis=0) + np.prod(x, axis=-1) + np.sum(np.cumsum(x, axis=0))

    for x in (2.0, 3.0):
        assert number(x) == bb.compile(number)(x) == bb.vjp(number, x)[0]
        assert bb.grad(number)(x) == bb.compile(bb.grad(number))(x) == 4.0


@pytest.mark.parametrize("name", ["logical_or", "logical_and", "logical_xor"])
def test_reductions_of_truth_begin_with_an_initial_value(name: str) -> None:
    function = UFUNCS[name]
    for x in (np.zeros((2, 3)), np.eye(3), np.ones((2, 3)), np.zeros((0, 3))):
        for initial in (False, True, 0.0, 2.5):
            for f in (
                lambda x: function.reduce(x, initial=initial),
                lambda x: function.reduce(x, axis=1, keepdims=True, initial=initial, where=x < 1),
            ):
                for got in (f(bb.Variable(x)), bb.compile(f)(x)):
                    assert got.dtype == bool
                    np.testing.assert_array_equal(got, f(x))
