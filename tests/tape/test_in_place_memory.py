"""Where in-place updates write: into the memory that there is, if nobody else holds it. A loop over n rows costs n rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import bibun as bb
from bibun import Variable
from bibun.arrays.keys import composed
from bibun.core.cotangents import Scattered
from bibun.interpreters import sweep
from bibun.primitives import TABLE

ROWS, COLUMNS = 40, 6
X = np.linspace(0.5, 1.5, COLUMNS)


def address(y: Variable) -> int:
    place: int = y.data.__array_interface__["data"][0]
    return place


def filled(x: Any) -> Any:
    return np.zeros((5, COLUMNS), like=x)


def test_rows_are_written_where_they_stand() -> None:
    x = Variable(X.copy())
    y = filled(x)
    before = address(y)
    for i in range(5):
        y[i] = x * i
        y[i] += y[i - 1]
    assert address(y) == before
    assert_allclose(y.data, np.cumsum(np.arange(5.0)[:, None] * X, axis=0))


def test_a_view_of_a_view_is_written_where_it_stands() -> None:
    x = Variable(X.copy())
    y = filled(x)
    inside = y[1:-1][:, ::-2]
    inside[0] = 1.0  # a view was there before anything was written
    before = address(y)
    inside[1] = x[:3]
    assert address(y) == before
    assert_array_equal(y.data[2], [0, X[2], 0, X[1], 0, X[0]])
    assert_array_equal(inside.data[1], X[:3])


HOLDERS: dict[str, Callable[[Any], Any]] = {
    "a node": lambda y: y * y,
    "a view of its user": lambda y: y.data,
    "another name": lambda y: y.alias(),
    "what a view was used for": lambda y: np.exp(y[:3]) * y[:3],
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_what_somebody_holds_is_copied(holder: str) -> None:
    y = Variable(np.ones((5, COLUMNS))) * 2.0
    held = HOLDERS[holder](y)
    expected = np.array(getattr(held, "data", held))
    y[0] = 7.0
    y[1, 2] = 8.0
    assert_array_equal(getattr(held, "data", held), expected)
    assert_array_equal(y.data[0], np.full(COLUMNS, 7.0))


def test_the_array_that_a_variable_was_made_with_stays() -> None:
    data = X.copy()
    x = Variable(data)
    x[0] = 9.0
    assert_array_equal(data, X)
    bb.grad(lambda x: x.__setitem__(0, 2.0 * x[1]) or np.sum(x * x))(data)
    assert_array_equal(data, X)


def recurrence(x: Any) -> Any:
    y = np.zeros((ROWS, COLUMNS), like=x)
    y[0] = x
    for i in range(1, ROWS):
        y[i] = np.sin(y[i - 1]) * x
        y[i, 0] += y[i - 1, 1]
    return np.sum(y * y)


def through_views(x: Any) -> Any:
    y = np.zeros((ROWS + 4, COLUMNS), like=x)
    inside = y[1:-1][1:-1]
    for i in range(ROWS):
        inside[i] = x * i
    for i, row in enumerate(y):
        row[:] *= 0.5 * i
    return np.sum(y * y)


def by_entries(x: Any) -> Any:
    y = np.zeros(ROWS * COLUMNS, like=x)
    for i in range(ROWS):
        y[i * COLUMNS] = x[i % COLUMNS] ** 2
        np.add.at(y, [i, i, -1], x[0])
        y[[i, (7 * i) % ROWS]] += x[1]
    return np.sum(y * y)


def rearranged(x: Any) -> Any:
    y = np.zeros((COLUMNS, ROWS), like=x)
    held, pairs = y.T, y.reshape(-1, 2)
    for i in range(1, ROWS):
        y.T[i] = x * i
        held[i] = np.sin(held[i - 1]) + 0.1 * held[i]
        held[i, [0, 2]] *= 0.5
        pairs[i] += x[:2]
        pairs.flat[3 * i : 3 * i + 2] += x[1]
        np.flip(y)[1, i] = x[2]
        np.moveaxis(y[:, None], -1, 0)[i, :, 0] += x[3]
        np.ravel(y)[i] *= 0.9
        y.ravel()[ROWS - 2 : ROWS + 2] += x[0]
        y[1:][[i % 3, 4], i] *= 1.1
    return np.sum(y * y)


def parts(x: Any) -> Any:
    y = np.zeros((ROWS, COLUMNS), complex, like=x)
    real, imaginary = y.real, y.T.imag
    for i in range(1, ROWS):
        real[i] += x * i
        imaginary[:, i] = np.sin(imaginary[:, i - 1]) + real[i] * x
        y.imag[i, 0] *= x[1]
        y[1:].real.T[0, i - 1] *= 0.5
    return np.sum((y * y).real) + np.sum(y.imag * x)


LOOPS = [recurrence, through_views, by_entries, rearranged, parts]


@pytest.mark.parametrize("f", LOOPS)
def test_no_copy_is_made_in_any_mode(f: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """`put` copies the array: forwards, and its cotangent backwards. A loop may do so at its start and end only."""
    row = TABLE["put"]
    copy, calls = row.function, 0

    def counting(*args: Any, **settings: Any) -> Any:
        nonlocal calls
        calls += 1
        return copy(*args, **settings)

    monkeypatch.setattr(row, "function", counting)
    ways: list[Callable[[], Any]] = [
        lambda: f(Variable(X.copy())).backward(),
        lambda: bb.grad(f)(X),
        lambda: bb.jvp(f, (X,), (X,)),
        lambda: bb.vmap(f)(np.stack([X, X])),
        lambda: bb.hvp(f, (X,), (X,)),
        lambda: bb.grad(lambda x: np.sum(bb.grad(f)(x)))(X),
    ]
    for way in ways:
        calls = 0
        way()
        assert calls <= 8


@pytest.mark.parametrize("f", LOOPS)
def test_derivatives_of_loops(f: Callable[[Any], Any]) -> None:
    """Reverse, forward and second order agree with numerical differences."""
    gradient = bb.grad(f)(X)
    expected = bb.numerical.gradient(lambda x: float(f(x)), X)
    assert_allclose(gradient, expected.value, atol=1e-6 * np.abs(gradient).max())
    assert_allclose(bb.jvp(f, (X,), (np.ones(COLUMNS),))[1], np.sum(gradient), rtol=1e-12)
    second = bb.hvp(f, (X,), (np.ones(COLUMNS),))
    assert_allclose(second, bb.grad(lambda x: np.sum(bb.grad(f)(x)))(X), rtol=1e-12)
    forward = bb.jvp(lambda x: bb.jvp(f, (x,), (np.ones(COLUMNS),))[1], (X,), (np.ones(COLUMNS),))[1]
    assert_allclose(np.sum(second), forward, rtol=1e-12)


def test_a_cotangent_that_others_hold_is_not_written_to() -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        kept = y + 0.0
        y[1] = 3.0 * x[0]
        return np.stack([y, kept])

    cotangent = np.arange(1.0, 1.0 + 2 * COLUMNS).reshape(2, COLUMNS)
    _, pullback = bb.vjp(f, X)
    (first,) = pullback(cotangent)
    (again,) = pullback(cotangent)
    assert_array_equal(cotangent, np.arange(1.0, 1.0 + 2 * COLUMNS).reshape(2, COLUMNS))
    expected = cotangent[0] + cotangent[1]
    expected[1] -= cotangent[0, 1]
    expected[0] += 3 * cotangent[0, 1]
    assert_allclose(first, expected)
    assert_allclose(again, expected)


WAYS: dict[str, Callable[[Any], Any]] = {
    "transpose": lambda y: y.transpose(2, 0, 1),
    "swapaxes": lambda y: y.swapaxes(0, 2),
    "reshape": lambda y: y.reshape(6, 10),
    "reshape apart": lambda y: y.reshape(3, 2, 2, 5),
    "reshape across": lambda y: y.reshape(2, 6, 5),
    "ravel": lambda y: y.ravel(),
    "flat of a transpose": lambda y: y.T.flat,
    "flip": lambda y: np.flip(y, (0, 2)),
    "rot90": lambda y: np.rot90(y, 1, (0, 2)),
    "expand_dims": lambda y: np.expand_dims(y, (0, 2)),
    "squeeze": lambda y: np.squeeze(y[:, 1:2]),
    "view": lambda y: y.view(),
    "every second": lambda y: y[:, ::-2].T[1:],
    "a row's columns": lambda y: y[1].T,
    "diagonals": lambda y: np.einsum("iij->ji", y[:, :3]),
    "of a reshape": lambda y: y.reshape(6, 10).T[2:, ::-1],
    "empty": lambda y: y[:0].T,
}


@pytest.mark.parametrize("way", WAYS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_writing_through_a_view_is_writing_to_its_base(way: str, data: st.DataObject) -> None:
    """Any key, of any view, beside NumPy: the values, and which of them have which derivative."""
    weights = np.arange(60.0).reshape(3, 4, 5)
    plain, x = weights.copy(), Variable(weights.copy())
    y = x * 1.0
    view = WAYS[way](plain)
    if isinstance(view, np.flatiter):
        key = data.draw(st.integers(-60, 59) | st.slices(60))
    else:
        lists = [st.lists(st.integers(-n, n - 1), min_size=2, max_size=2).map(np.array) for n in view.shape if n]
        key = tuple(data.draw(st.lists(st.one_of(keys, *lists), max_size=3)))
    try:
        shape = np.shape(view[key])
    except IndexError:
        return
    v = Variable(np.asarray(-np.arange(1.0, np.prod(shape) + 1).reshape(shape)))  # each is to be found again
    view[key] = v.data
    WAYS[way](y)[key] = v
    assert_array_equal(y.data, plain)
    np.sum(y * weights).backward()
    assert_array_equal(x.grad, np.where(plain >= 0, weights, 0))
    expected = np.zeros(v.size)
    expected[(-1 - plain[plain < 0]).astype(int)] = weights[plain < 0]
    assert_array_equal(np.reshape(v.grad, -1) if v.size else expected, expected)


@pytest.mark.parametrize("way", [way for way in WAYS if way not in ("flat of a transpose", "empty")])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_few_entries_of_a_view_are_entries_of_its_base(way: str, data: st.DataObject) -> None:
    """Their cotangent as places of the base, which the sweep does for few of them, beside NumPy."""
    places, x = np.arange(60).reshape(3, 4, 5), Variable(np.zeros((3, 4, 5)))
    view = WAYS[way](places)
    lists = [st.lists(st.integers(-n, n - 1), min_size=2, max_size=2).map(np.array) for n in view.shape]
    key = tuple(data.draw(st.lists(st.one_of(keys, *lists), max_size=3)))
    try:
        taken = np.asarray(view[key])
    except IndexError:
        return
    weights = np.cos(np.arange(taken.size)).reshape(taken.shape)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep, "_FEW", 1e-9)
        patch.setattr(sweep, "_LARGE", 0)
        np.sum(WAYS[way](x * 1.0)[key] * weights).backward()
    expected = np.bincount(taken.ravel(), weights.ravel(), minlength=60)
    assert_allclose(np.ravel(x.grad), expected, atol=1e-14)


def read_and_written(x: Any) -> Any:
    y, z = np.zeros((40, COLUMNS * 40), like=x), np.zeros((COLUMNS, 40 * 40), like=x)
    rows, blocks = y[1:], y.reshape(40, 40, COLUMNS)
    for i in range(1, 39):
        rows[i, :COLUMNS] += x
        blocks[i, 1] += blocks[i - 1, 1] * x
        y.T[i, :2] += x[:2]
        z.T[i] += z.T[i - 1] + x
    return np.sum(y * y) + np.sum(z * z)


def test_reading_a_few_entries_of_views_makes_no_arrays_on_the_way_back(monkeypatch: pytest.MonkeyPatch) -> None:
    dense, calls = Scattered.dense, 0

    def counting(scattered: Any) -> Any:
        nonlocal calls
        calls += scattered.shape[-1] > COLUMNS
        return dense(scattered)

    monkeypatch.setattr(Scattered, "dense", counting)
    monkeypatch.setattr(sweep, "_LARGE", 0)
    gradient = bb.grad(read_and_written)(X)
    assert calls <= 8
    assert_allclose(gradient, bb.jacfwd(read_and_written)(X), rtol=1e-12)


def test_a_window_is_not_written_to() -> None:
    """As in NumPy, where it is no writable view."""
    y = Variable(X.copy()) * 1.0
    with pytest.raises(ValueError, match="read-only"):
        np.lib.stride_tricks.sliding_window_view(y, 2)[0] = 1.0


keys = st.one_of(
    st.integers(-3, 3), st.none(), st.just(Ellipsis),
    st.builds(slice, *[st.none() | st.integers(-4, 4)] * 2, st.sampled_from([None, 1, 2, -1, -2])),
)  # fmt: skip
lists = st.lists(st.integers(-1, 0), min_size=1, max_size=3).map(np.array)


@given(st.lists(keys, max_size=4), st.lists(keys | lists, max_size=4))
def test_keys_put_together(outer: list[Any], inner: list[Any]) -> None:
    x = np.arange(60).reshape(3, 4, 5)
    try:
        expected = x[tuple(outer)][tuple(inner)]
    except IndexError:
        return
    found = composed(tuple(outer), tuple(inner), x.shape)
    if found is not None:
        assert_array_equal(x[found], expected)
        assert np.shape(x[found]) == np.shape(expected)
    else:
        assert expected.size == 0 or any(isinstance(k, np.ndarray) for k in inner)


@pytest.mark.parametrize("view", [np.squeeze, lambda y: y[0, ...], lambda y: y.reshape(())])
def test_one_entry_is_put_into_a_view_without_axes(view: Callable[[Any], Any]) -> None:
    def f(x: Any) -> Any:
        y = 1.0 * x
        view(y)[...] = 2 * x
        return y * 1

    x = np.array([3.0])
    np.testing.assert_array_equal(f(x), [6.0])
    np.testing.assert_array_equal(bb.jvp(f, (x,), (x,)), [[6.0], [6.0]])
    np.testing.assert_array_equal(bb.jacrev(f)(x), [[2.0]])
