"""Brackets in every form that NumPy has: values, shapes and what is a view as NumPy's, derivatives by the places named."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies
from numpy.testing import assert_allclose, assert_array_equal

import bibun as bb
from bibun import Variable

SHAPE = (3, 4, 5)
A = np.arange(60.0).reshape(SHAPE) * 0.1 - 2.0
MASK = A[:, :, 0] > -1.0


class AsArray:
    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array([0, 0, 2])


class AsNumber:
    def __index__(self) -> int:
        return 1


KEYS: dict[str, Any] = {
    "integer": 1,
    "negative integer": -1,
    "NumPy integer": np.int64(2),
    "integers": (1, -2, 3),
    "slice": slice(1, 3),
    "negative step": slice(None, None, -1),
    "slices": (slice(0, 2), slice(None, None, 2), slice(3, 0, -1)),
    "empty slice": slice(2, 2),
    "slice past the end": slice(1, 99),
    "ellipsis": ...,
    "ellipsis and integer": (..., 2),
    "integer ellipsis integer": (0, ..., 1),
    "new axis": None,
    "new axes": (None, 1, None, slice(1, 3), None),
    "nothing": (),
    "array of integers": np.array([2, 0, 1]),
    "repeated integers": np.array([1, 1, 1, 0]),
    "list of integers": [0, 2, 0],
    "matrix of integers": np.array([[0, 1], [2, 1]]),
    "0-d array": np.array(1),
    "empty list": [],
    "two arrays": (np.array([0, 1]), np.array([3, 3])),
    "arrays that broadcast": (np.array([[0], [2]]), np.array([1, 3])),
    "array and slice": (np.array([0, 0, 2]), slice(1, 3)),
    "slice and array": (slice(None), np.array([3, 1, 1])),
    "arrays apart": (np.array([0, 2]), slice(None), np.array([1, 1])),
    "arrays apart by an integer": (0, slice(None), np.array([1, 1])),
    "array, new axis, array": (np.array([0, 2]), None, np.array([1, 1])),
    "array and ellipsis": (..., np.array([4, 4, 0])),
    "mask of all": A > 0,
    "mask of two axes": MASK,
    "mask of one axis": np.array([True, False, True]),
    "list of booleans": [True, False, True],
    "mask and integer": (np.array([True, False, True]), 2),
    "mask and array": (np.array([True, False, True]), np.array([0, 1])),
    "two masks": (np.array([True, False, True]), slice(None), np.array([True, False, True, False, False])),
    "True": True,
    "False": False,
    "True and slice": (True, slice(1, 2)),
    "0-d mask": np.array(True),
    "empty mask": np.zeros(SHAPE, bool),
    "unsigned": np.array([2, 1], np.uint8),
    "ix_": np.ix_([0, 2], [1, 1], [0, 4]),
    "range": range(-3, 3),
    "range and integer": (range(2), slice(None), 1),
    "ranges apart": (range(2), slice(None), range(2)),
    "integer, ellipsis, range": (0, ..., range(3)),
    "array of another kind": array("l", [0, 0, 2]),
    "memory": memoryview(array("l", [2, 0, 0])),
    "what gives an array": AsArray(),
    "what is a number": AsNumber(),
    "True, ellipsis and list": (True, ..., [0, 1]),
    "True and list": (True, [0, 1, 0]),
    "empty list of two axes": [[]],
    "integer, new axis, list": (0, None, [3, 1]),
    "integer, slice, mask": (0, slice(None), np.array([True, False, True, True, False])),
    "integer, slice, True": (0, slice(None), True),
    "True, new axis, list": (True, None, [0, 1]),
    "matrices apart": ([[0], [2]], slice(None), [[1, 1]]),
}


@pytest.mark.parametrize("name", KEYS)
def test_every_form(name: str) -> None:
    key = KEYS[name]
    expected = A[key]
    places = np.arange(60).reshape(SHAPE)[key]
    weights = np.cos(np.arange(places.size, dtype=float)).reshape(places.shape)
    gradient = np.zeros(60)
    np.add.at(gradient, places.ravel(), weights.ravel())
    x = Variable(A.copy())
    y = x[key]
    assert_array_equal(y.data, expected)
    assert y.shape == np.shape(expected)
    np.sum(y * weights).backward()
    assert_allclose(x.grad.ravel(), gradient, atol=1e-15)
    direction = np.sin(A)
    found, tangent = bb.jvp(lambda v: v[key], (A,), (direction,))
    assert_array_equal(found, expected)
    assert_array_equal(tangent, direction[key])
    assert_allclose(bb.hvp(lambda v: np.sum(v[key] ** 3), (A,), (direction,)), _scattered(6 * A * direction, places))
    batch = np.stack([A, -A])
    assert_array_equal(bb.vmap(lambda v: v[key])(batch), [A[key], -A[key]])
    assert_array_equal(bb.vmap(bb.grad(lambda v: np.sum(v[key])))(batch)[1], _scattered(np.ones(SHAPE), places))


def _scattered(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """values at each place, as often as it is named."""
    return values * np.bincount(places.ravel(), minlength=60).reshape(SHAPE)


@pytest.mark.parametrize("name", KEYS)
def test_assignment_in_every_form(name: str) -> None:
    """y[key] = v for v of the whole shape, of one that broadcasts, and of a number: the last value written counts."""
    key = KEYS[name]
    shape = np.shape(A[key])
    writes = np.arange(int(np.prod(shape))).reshape(shape)
    last = np.full(SHAPE, -1)
    last[key] = writes
    for v in (np.cos(np.arange(writes.size, dtype=float)).reshape(shape), np.full(shape[-1:], 0.5), np.array(7.0)):
        plain = A * A
        plain[key] = v

        def f(x: Any, v: Any) -> Any:
            y = x * x
            y[key] = v
            return y

        weights = np.sin(np.arange(60.0)).reshape(SHAPE)
        by_x = np.where(last < 0, 2 * A * weights, 0.0)
        by_write = np.zeros(writes.size)
        by_write[last[last >= 0]] = weights[last >= 0]
        by_v = by_write.reshape(shape)
        extra = by_v.ndim - v.ndim
        by_v = by_v.sum(axis=tuple(range(extra))) if extra else by_v
        x, value = Variable(A.copy()), Variable(v.copy())
        y = f(x, value)
        assert_array_equal(y.data, plain)
        np.sum(y * weights).backward()
        assert_allclose(x.grad, by_x)
        assert_allclose(value.grad, by_v, atol=1e-14)
        tangents = np.cos(A), np.sin(v)
        dy = bb.jvp(f, (A, v), tangents)[1]
        paired = np.sum(x.grad * tangents[0]) + np.sum(value.grad * tangents[1])
        assert_allclose(np.sum(dy * weights), paired, atol=1e-12)
        batch = bb.vmap(f)(np.stack([A, A]), np.stack([v, v]))
        assert_array_equal(batch, [plain, plain])
        assert_array_equal(bb.vmap(f, in_axes=(0, None))(np.stack([A, A]), v), [plain, plain])


@pytest.mark.parametrize("name", KEYS)
def test_an_assignment_pushes_a_batch_of_tangents_into_an_array_of_its_own(name: str) -> None:
    """Column k of the Jacobian is 1 where entry k was written last: the tangents of zeros are one array for the batch."""
    key = KEYS[name]
    shape = np.shape(A[key])
    writes = np.arange(int(np.prod(shape))).reshape(shape)
    if not writes.size:
        return
    last = np.full(SHAPE, -1)
    last[key] = writes

    def f(v: Any) -> Any:
        y = np.zeros(SHAPE, like=v)
        y[key] = v
        return y

    expected = (last[..., None] == np.arange(writes.size)).reshape(*SHAPE, *shape)
    assert_array_equal(bb.jacfwd(f)(np.cos(writes * 1.0)), expected)


@settings(max_examples=150)
@given(st.data())
def test_random_keys(data: Any) -> None:
    shape = data.draw(numpy_strategies.array_shapes(min_dims=1, max_dims=3, max_side=4))
    a = np.arange(float(np.prod(shape))).reshape(shape)
    key = data.draw(
        st.one_of(
            numpy_strategies.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True),
            numpy_strategies.integer_array_indices(shape),
            numpy_strategies.arrays(bool, shape),
        )
    )
    expected = np.asarray(a[key])
    places = np.asarray(np.arange(a.size).reshape(shape)[key])
    x = Variable(a.copy())
    y = x[key]
    assert_array_equal(np.asarray(y.data), expected)
    np.sum(y).backward()
    assert_array_equal(x.grad.ravel(), np.bincount(places.ravel().astype(int), minlength=a.size))
    assert_array_equal(bb.vmap(lambda v: v[key])(a[None])[0], expected)
    if expected.ndim:
        plain, z = a.copy(), x * 1.0
        shown, traced = plain[key], z[key]
        shown += 1.0
        traced += 1.0
        assert_array_equal(z.data, plain)  # a view where NumPy has one, and only there


@pytest.mark.parametrize("key", [3, (0, 0, 0, 0), np.array([5]), "name", 1.5, (0, 1.0), np.zeros((2, 2), bool), {}])
def test_a_wrong_key_is_numpys_error(key: Any) -> None:
    try:
        A[key]
    except (IndexError, TypeError) as error:
        with pytest.raises(type(error)):
            Variable(A.copy())[key]
        with pytest.raises(type(error)):
            bb.grad(lambda x: np.sum(x[key]))(A)


def test_iteration_and_unpacking() -> None:
    x = Variable(A.copy())
    assert len(x) == 3
    assert [row.shape for row in x] == [(4, 5)] * 3
    first, *others = x
    assert_array_equal(first.data, A[0])
    assert len(others) == 2
    assert_array_equal(next(iter(reversed(x))).data, A[2])
    assert bb.grad(lambda v: sum(a * b for a, b in zip(v, reversed(v), strict=True)))(
        np.array([1.0, 2.0, 4.0])
    ).tolist() == [
        8.0,
        4.0,
        2.0,
    ]
    with pytest.raises(TypeError, match="iteration over a 0-d array"):
        iter(Variable(np.array(1.0)))
    with pytest.raises(TypeError, match="unsized"):
        len(Variable(np.array(1.0)))


def test_containment() -> None:
    x = Variable(np.array([1.0, 2.0]))
    assert 2.0 in x
    assert 3.0 not in x


def test_indices_that_come_from_the_values() -> None:
    """argmax, argsort and comparisons give plain indices; what they take out has its derivative."""
    v = np.array([0.3, 2.0, -1.0])
    assert_array_equal(bb.grad(lambda x: x[np.argmax(x)] ** 2)(v), [0.0, 4.0, 0.0])
    assert_array_equal(bb.jacrev(lambda x: x[np.argsort(x)])(v), np.eye(3)[[2, 0, 1]])
    assert_array_equal(bb.grad(lambda x: np.sum(x[x > 0]))(v), [1.0, 1.0, 0.0])
    assert_array_equal(bb.grad(lambda x: np.sum(x[np.nonzero(x > 0)]))(v), [1.0, 1.0, 0.0])


def test_indices_that_differ_along_a_batch() -> None:
    v = np.array([[0.3, 2.0, -1.0], [5.0, 1.0, 4.0]])
    i = np.array([2, 1])
    assert_array_equal(bb.vmap(lambda x: x[np.argmax(x)])(v), [2.0, 5.0])
    assert_array_equal(bb.vmap(lambda x, i: x[i])(v, i), [-1.0, 1.0])
    assert_array_equal(bb.vmap(lambda x, i: np.asarray(x, like=i)[i], in_axes=(None, 0))(v[0], i), [-1, 2])
    assert_array_equal(bb.vmap(bb.grad(lambda x, i: x[i] ** 2))(v, i), [[0, 0, -2.0], [0, 2.0, 0]])
    assert_array_equal(bb.vmap(lambda x: x[np.argsort(x)])(v), np.sort(v, axis=1))
    assert_array_equal(bb.grad(lambda x: np.sum(bb.vmap(lambda r, i: r[i] ** 2)(x, i)))(v), [[0, 0, -2.0], [0, 2.0, 0]])

    def put(x: Any, i: Any) -> Any:
        y = x * x
        y[i] = 7.0 * x[0]
        return np.sum(y)

    expected = [[0.6 + 7.0, 4.0, 0.0], [10.0 + 7.0, 0.0, 8.0]]
    assert_allclose(bb.vmap(bb.grad(put))(v, i), expected)
    assert_allclose(bb.grad(lambda x: np.sum(bb.vmap(put)(x, i)))(v), expected)


SEVERAL: dict[str, Callable[[Any, Any, Any], tuple[Any, ...]]] = {
    "neighbours": lambda a, i, j: (i, j),
    "numbers": lambda a, i, j: (i[0], j[1]),
    "a number and an array": lambda a, i, j: (i[0], j),
    "a column and a row": lambda a, i, j: (i[:, None], j),
    "behind a slice": lambda a, i, j: (slice(None, None, 2), i, j),
    "behind an ellipsis": lambda a, i, j: (..., i, j - 3),
    "around a slice": lambda a, i, j: (i, slice(1, None), j),
    "around an empty ellipsis": lambda a, i, j: (slice(None), i, ..., j),
    "around a new axis": lambda a, i, j: (i, None, j),
    "beside a plain array": lambda a, i, j: (np.array([1, 0]), i, j),
    "beside a plain number": lambda a, i, j: (1, i, slice(None), j)[:2] + (j,),
    "a number in front": lambda a, i, j: (i, 0, None, j),
    "new axes": lambda a, i, j: (None, i, j, None),
    "three": lambda a, i, j: (i, j, i),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_several_indices_that_differ_along_a_batch(name: str) -> None:
    """As NumPy, which is asked about one entry at a time."""
    key = SEVERAL[name]
    v = np.random.default_rng(3).normal(size=(2, 3, 3, 3))
    i, j = np.array([[0, 2], [-1, 1]]), np.array([[1, 0], [2, 2]])

    def taken(a: Any, i: Any, j: Any) -> Any:
        return a[key(a, i, j)]

    def put(a: Any, i: Any, j: Any) -> Any:
        b = a * a
        b[key(a, i, j)] = 3.0 * a[0, 0, 0]
        return b

    def added(a: Any, i: Any, j: Any) -> Any:
        b = a * a
        np.add.at(b, key(a, i, j), a[0, 0, 0])
        return b

    for f in (taken, put, added):
        expected = [f(*entry) for entry in zip(v, i, j, strict=True)]
        assert_allclose(bb.vmap(f)(v, i, j), expected, rtol=1e-14)
        slope = lambda a, i, j, f=f: bb.grad(lambda a: np.sum(np.sin(f(a, i, j))))(a)  # noqa: E731
        expected = [slope(*entry) for entry in zip(v, i, j, strict=True)]
        assert_allclose(bb.vmap(slope)(v, i, j), expected, rtol=1e-12)


def test_several_indices_out_of_bounds() -> None:
    m, i = np.ones((2, 3, 4)), np.array([2, 3])
    with pytest.raises(IndexError, match="out of bounds for axis 0 with size 3"):
        bb.vmap(lambda m, i: m[i, i])(m, i)
    with pytest.raises(IndexError, match="too many indices"):
        bb.vmap(lambda m, i: m[i, i, i])(m, i)


def test_a_tuple_in_a_key_is_an_index_array() -> None:
    v = np.arange(6.0).reshape(3, 2)
    assert_array_equal(bb.grad(lambda x: np.sum(x[(0, 2, 2),] * v[(0, 2, 2),]))(v), [[0, 1], [0, 0], [8, 10]])

    def added(x: Any) -> Any:
        y = x * 1.0
        np.add.at(y, ((0, 0), (1, 1)), x[2])
        return y

    assert_array_equal(bb.jvp(added, (v,), (v,))[1], [[0, 10], [2, 3], [4, 5]])


def test_a_loop_over_entries() -> None:
    """As many cotangents as entries, each small until they are added up."""
    v = np.linspace(0.0, 1.0, 500)

    def f(x: Any) -> Any:
        total = 0.0
        for i in range(500):
            total = total + x[i] ** 2 * (i % 3)
        return total

    assert_allclose(bb.grad(f)(v), 2 * v * (np.arange(500) % 3))
    assert_allclose(bb.grad(lambda x: sum((row @ row for row in x), 0.0))(A[0]), 2 * A[0])


@pytest.mark.parametrize("key", [[False, True, True], range(-3, 3), (range(2),), [True, True, False]], ids=str)
@pytest.mark.parametrize("function", [np.add, np.subtract, np.multiply])
def test_at_of_lists_and_ranges(function: np.ufunc, key: Any) -> None:
    x, v = np.array([1.0, 2.0, 3.0]), np.array([5.0, 7.0])
    v = v if np.size(x[key]) == 2 else np.arange(6.0)
    if function is np.multiply and np.size(x[key]) == 6:
        pytest.skip("places that repeat are for add and subtract")
    expected = x.copy()
    function.at(expected, key, v)

    def f(x: Any, v: Any) -> Any:
        y = x * 1.0
        function.at(y, key, v)
        return y

    found, tangent = bb.jvp(f, (x, v), (np.cos(x), np.sin(v)))
    assert_array_equal(found, expected)
    by_x, by_v = bb.vjp(f, x, v)[1](np.ones(3))
    assert_allclose(np.sum(tangent), by_x @ np.cos(x) + by_v @ np.sin(v))
    step = 1e-6
    moved = [f(x + s * np.cos(x), v + s * np.sin(v)) for s in (step, -step)]
    assert_allclose(tangent, (moved[0] - moved[1]) / (2 * step), atol=1e-8)


@pytest.mark.parametrize("taken", [lambda t: t[t > 9], lambda t: t[:0], lambda t: t[[[]]], lambda t: np.delete(t, 0)])
def test_nothing_of_a_number(taken: Callable[[Any], Any]) -> None:
    """Its cotangent is none of an entry of what the view shows."""
    for made in (np.atleast_1d, lambda x: x.reshape(1)):
        f = lambda x, made=made: np.sum(taken(made(x * x)) ** 2) + x  # noqa: E731
        assert bb.grad(f)(2.0) == 1.0
        assert bb.hessian(lambda x, f=f: f(x) * x)(2.0) == 2.0
