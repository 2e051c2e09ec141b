"""Arrays of bibun.numpy that traced values are stored in. The truth is the same text with NumPy: its values, and differences
of these for the derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import bibun as bb
import bibun.numpy
from tests.families.agreement import check

X = numpy.array([0.5, -1.5, 2.0, 0.25])

PROGRAMS: dict[str, Callable[[Any, Any], Any]] = {}


def program(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    PROGRAMS[function.__name__] = function
    return function


@program
def entries_of_zeros(np, x):
    y = np.zeros(4)
    for i in range(4):
        y[i] = x[i] ** 2 * x[i - 1]
    return y


@program
def rows_of_empty(np, x):
    y = np.empty((3, 4))
    y[0] = x
    for i in range(2):
        y[i + 1] = np.sin(y[i]) + y[i, ::-1]
    return y


@program
def a_recurrence(np, x):
    y = np.ones(6)
    y[0] = x[0]
    for i in range(5):
        y[i + 1] = y[i] * x[1] + 0.1 * y[i] ** 2
    return y


@program
def through_views_made_before(np, x):
    y = np.full((3, 4), 0.5)
    row, column, turned = y[1], y[:, 2], y.T
    row[:] = x
    column *= x[:3]
    turned[3] += x[0]
    return y * row + column.sum()


@program
def through_views_of_views(np, x):
    y = np.zeros((4, 4))
    part = y[1:][:, ::-1][::2]
    flat = y.reshape(-1)
    part[0, 1:3] = x[:2]
    flat[3] = x[3] * part[0, 1]
    part[...] += flat[:4]
    return y + part.sum()


@program
def views_are_read_after_the_update(np, x):
    y = np.arange(12.0).reshape(3, 4) + 0 * np.zeros((3, 4))
    y = np.array(y)
    above = y[0]
    y[0] = x
    return above * y[1] + np.sum(y[0:2, 1])


@program
def a_view_is_updated_plainly(np, x):
    y = np.zeros((2, 4))
    row = y[1]
    y[0] = x
    row += 2.5
    row[1] = -1.0
    return y[0] * y[1]


@program
def by_functions(np, x):
    y = np.ones((4, 4))
    np.fill_diagonal(y, x)
    np.copyto(y[3], x * x)
    np.put(y, [1, 6], x[:2])
    np.add.at(y, ([0, 0, 1], [2, 2, 3]), x[:3])
    np.putmask(y, np.eye(4) + np.eye(4, k=2) > 0, x[3])
    np.place(y[2], [True, False, False, True], x[1:3])
    np.put_along_axis(y, np.array([[0], [1], [0], [2]]), x[:, None] * 2, 1)
    return y


@program
def into_out(np, x):
    y, z = np.zeros(4), np.zeros((2, 4))
    np.multiply(x, 3.0, out=y)
    np.sin(x, out=z[1])
    np.add(z[1], x, out=z[0])
    np.cumsum(x, out=z[1])
    return y * z


@program
def by_methods(np, x):
    y = np.zeros((2, 4))
    y[0].fill(x[0])
    y[1] = x
    y[1].sort()
    y.put([1, 2], x[:2])
    y.flat[3] = x[2]
    return y.sum(axis=0) * y.mean() + y.ravel()[2:6]


@program
def augmented(np, x):
    y = np.ones(4)
    z = y
    y += x
    y *= x[::-1]
    y -= 0.5
    y[1:] /= 2 + x[1:] ** 2
    y[0] **= 2
    return y + z


@program
def masks_and_lists_of_places(np, x):
    y = np.zeros(4)
    y[x > 0] = x[x > 0] * 2
    y[[1, 3]] += x[:2]
    mask = np.zeros(4, bool)
    mask[2] = True
    y[mask] = x[mask] ** 3
    return y


@program
def lists_of_numbers(np, x):
    y = np.array([[0.0, 1.0], [2.0, 3.0]])
    y[0] = [x[0], x[1] * x[2]]
    y[:, 1] = (1.0, x[3])
    return y @ np.array([[x[0], 1.0], [0.5, x[1]]])


@program
def a_matrix_of_entries(np, x):
    rotation = np.array([[np.cos(x[0]), -np.sin(x[0]), 0.0], [np.sin(x[0]), np.cos(x[0]), 0.0], [0.0, 0.0, 1.0]])
    return rotation @ x[:3]


@program
def constants(np, x):
    a, b = np.eye(4), np.linspace(0, 1, 4)
    return np.dot(a + 0.1, x) * b + np.ones(4) @ x - np.identity(4)[1] * x


@program
def copies_are_apart(np, x):
    y = np.zeros(4)
    y[0] = x[0]
    z = y.copy()
    y[1] = x[1]
    w = np.copy(y)
    w[2] = x[2]
    return y * 2 + z * 3 + w * 5


@program
def made_alike(np, x):
    t = np.linspace(0.0, 1.0, 4)
    y, z = np.zeros_like(t), np.full_like(t, 0.25)
    y[0] = x[0]
    for i in range(3):
        y[i + 1] = y[i] + (t[i + 1] - t[i]) * x[i] * y[i]
    z[1:3] = y[:2]
    return y * z


@program
def a_number_of_shape_nothing(np, x):
    y = np.zeros(())
    for i in range(4):
        y += x[i] ** 2
    y[...] = y * x[0]
    return y


@program
def views_of_a_number_and_of_nothing(np, x):
    y, z = np.zeros(()), np.zeros((2, 3))
    one, none = np.reshape(y, (-1,)), z[:, 3:]
    one[[True]] = x[:1]
    z[0, 1] = x[1]
    none[...] = x[2]
    one[0] *= x[3]
    return one + y + z.sum() + none.sum()


@program
def swapped(np, x):
    y = np.array([1.0, 2.0, 3.0, 4.0])
    y[1] = x[1]
    y[0], y[1] = y[1], y[0]
    y[2:], y[:2] = y[:2].copy(), y[2:].copy()
    return y * x


@program
def joined(np, x):
    y = np.zeros(2)
    y[1] = x[0]
    return np.concatenate([y, x[:1], [x[1], 2.0]]) + np.r_[x, y[1]] + np.c_[x, x**2].sum(axis=1)[1]


@program
def entry_by_entry(np, x):
    f = np.vectorize(lambda a, b: a * a * b if a > 0 else b)
    return f(x, x[1]) + f(x[2], x)


@program
def a_grid(np, x):
    return np.arange(x[3], 1.2, 0.25) * np.full(4, x[0]) + np.full((4,), [x[1], 1.0, x[2], x[1]])


@pytest.mark.parametrize("name", PROGRAMS)
def test_values_and_derivatives(name):
    f = PROGRAMS[name]
    expected = numpy.asarray(f(numpy, X.copy()))
    found = f(bibun.numpy, X.copy())
    assert_allclose(numpy.asarray(found), expected, rtol=1e-13)
    _, dy = bb.jvp(lambda x: f(bibun.numpy, x), (X,), (numpy.cos(X),))
    h = 1e-5
    plain = (numpy.asarray(f(numpy, X + h * numpy.cos(X))) - numpy.asarray(f(numpy, X - h * numpy.cos(X)))) / (2 * h)
    assert_allclose(dy, plain, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", PROGRAMS)
def test_all_modes_agree(name):
    f = PROGRAMS[name]
    batch = name not in (
        "entry_by_entry",
        "masks_and_lists_of_places",
        "a_grid",
        "by_functions",
    )  # they decide by values
    check(lambda x: numpy.asarray(v) if type(v := f(bibun.numpy, x)) is numpy.float64 else v, X, batch=batch)


@pytest.mark.parametrize("name", PROGRAMS)
def test_compiled(name):
    f = PROGRAMS[name]
    gradient = bb.grad(lambda x: numpy.sum(numpy.sin(f(bibun.numpy, x))))
    compiled = bb.compile(gradient)
    for x in (X, X + 0.03):
        assert_allclose(compiled(x), gradient(x), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", PROGRAMS)
def test_define_by_run(name):
    f = PROGRAMS[name]
    x = bb.Variable(X.copy())
    bb.Variable.backward(numpy.sum(numpy.sin(f(bibun.numpy, x))))
    assert_allclose(x.grad, bb.grad(lambda x: numpy.sum(numpy.sin(f(bibun.numpy, x))))(X), rtol=1e-12)


# ---- random programs ---------------------------------------------------------------------------------------------

VIEWS: list[Callable[[Any], Any]] = [
    lambda a: a[1:],
    lambda a: a[::-1],
    lambda a: a[..., ::2],
    lambda a: a[0],
    lambda a: a[None],
    lambda a: a.T,
    lambda a: a.reshape(-1),
    lambda a: a.ravel(),
    lambda a: numpy.expand_dims(a, 0),
    lambda a: numpy.moveaxis(a, 0, -1),
    lambda a: numpy.flip(a),
    lambda a: a.view(),
    lambda a: a.reshape(-1, order="F"),
    lambda a: a.ravel("K"),
    lambda a: a.astype(float, order="F", copy=False),
    lambda a: a.astype(float, copy=False),
    lambda a: a[[0, -1]],
    lambda a: numpy.rot90(numpy.atleast_2d(a)),
    lambda a: numpy.split(a, [1], axis=-1)[1],
]
UPDATES: list[Callable[[Any, Any], Any]] = [
    lambda a, x: a.__setitem__(..., x[0] * x[1]),
    lambda a, x: a.__iadd__(x[2]),
    lambda a, x: a.__imul__(1.5),
    lambda a, x: a.__setitem__((..., 0), a[..., -1] * x[0]),
    lambda a, x: a.__setitem__(..., a * a[..., ::-1] * 0.5),
    lambda a, x: numpy.add(a, x[3], out=a),
    lambda a, x: numpy.copyto(a, numpy.sin(a)),
    lambda a, x: a.fill(x[1]),
    lambda a, x: a.__setitem__(..., 0.75),
    lambda a, x: a.flat.__setitem__(slice(0, 2), x[:2]),
    lambda a, x: a.flat.__setitem__(-1, x[0]),
    lambda a, x: a.__setitem__([0, -1], a[[0, -1]] + x[1]),
    lambda a, x: numpy.multiply(x[1], numpy.ones(a.shape[-1]), out=a),
    lambda a, x: numpy.multiply(a.T, x[0], out=a.T),
    lambda a, x: numpy.put(a, [0, -1], x[:2]),
]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("view"), st.integers(0, 9), st.integers(0, len(VIEWS) - 1)),
            st.tuples(st.just("update"), st.integers(0, 9), st.integers(0, len(UPDATES) - 1)),
        ),
        min_size=1,
        max_size=10,
    )
)
def test_random_programs_on_views(steps):
    def run(np, x):
        arrays = [np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])]
        for word, which, what in steps:
            a = arrays[which % len(arrays)]
            if not a.size or a.ndim == 0 or a.ndim > 4:
                continue
            if word == "view":
                made = VIEWS[what](a)
                arrays.append(np.array(made) if type(made) is numpy.ndarray and np is not numpy else made)  # a copy
            else:
                UPDATES[what](a, x)
        return np.concatenate([numpy.sin(a).reshape(-1) for a in arrays])

    expected = run(numpy, X)
    y, dy = bb.jvp(lambda x: run(bibun.numpy, x), (X,), (numpy.ones(4),))
    assert_allclose(y, expected, rtol=1e-12)
    h = 1e-6
    assert_allclose(dy, (run(numpy, X + h) - run(numpy, X - h)) / (2 * h), rtol=1e-5, atol=1e-5)
    weights = numpy.cos(numpy.arange(expected.size))
    gradient = bb.grad(lambda x: numpy.sum(weights * run(bibun.numpy, x)) + 0 * x[0])(X)
    assert_allclose(numpy.sum(gradient), numpy.sum(weights * dy), rtol=1e-9, atol=1e-9)


def test_copies_of_traced_arrays_lie_in_memory_as_those_of_numpy() -> None:
    x = numpy.arange(6.0).reshape(2, 3)
    for copied in (
        lambda np, a: np.asfortranarray(a),
        lambda np, a: np.ascontiguousarray(a.T),
        lambda np, a: np.copy(a.T),
        lambda np, a: np.array([a[0], a[1]], order="F"),
        lambda np, a: np.asarray(a, order="F"),
    ):
        y = bb.vjp(lambda a, copied=copied: copied(bibun.numpy, a).ravel("K"), x)[0]
        numpy.testing.assert_array_equal(y, copied(numpy, x).ravel("K"))


def test_an_array_that_is_broadcast_with_others_is_shown_without_a_warning() -> None:
    """NumPy warns of writing to it, and where it is asked whether that may be done."""
    y = bibun.numpy.array([1.0, 2.0, 3.0])
    wide = bibun.numpy.broadcast_arrays(y, numpy.ones((2, 3)))[0]
    shown = numpy.asarray(wide)
    y[0] = 5.0
    numpy.testing.assert_array_equal(shown, [[5.0, 2.0, 3.0]] * 2)
    assert not shown.flags.writeable
