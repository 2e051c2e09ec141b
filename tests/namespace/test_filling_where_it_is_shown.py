"""Arrays of bibun.numpy that are written to through what shows their memory, and copies, which show it no more. The truth is
the same text with NumPy: its values, and differences of these for the derivatives."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import numpy
import pytest
from numpy.testing import assert_allclose

import bibun as bb
import bibun.numpy
from bibun.errors import LostDerivativeError
from tests.families.agreement import check

X = numpy.array([0.5, -1.5, 2.0, 0.25])

PROGRAMS: dict[str, Callable[[Any, Any], Any]] = {}


def program(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    PROGRAMS[function.__name__] = function
    return function


# ---- out= --------------------------------------------------------------------------------------------------------


@program
def out_of_what_broadcasts(np, x):
    y = np.zeros((2, 4))
    numpy.add(x, 1.0, out=y)
    y.reshape(-1)[5] = 3.0
    return y


@program
def out_of_another_order(np, x):
    a = x * numpy.linspace(0.1, 1.0, 16).reshape(4, 4)
    y, z = np.zeros((4, 4)), np.zeros((4, 4)).T
    numpy.sin(a.T, out=y)
    numpy.einsum("ij->ji", a, out=z)
    y.ravel()[1] = 3.0
    return numpy.stack([y, z])


@program
def out_into_a_view(np, x):
    y = np.zeros((4, 4))
    seen = y[1]
    numpy.multiply(x, x[0], out=y[:2])
    numpy.sin(x, out=y.T[3])
    return y + seen


@program
def out_without_axes(np, x):
    y = np.zeros(())
    numpy.sum(x, out=y)
    return y * x


# ---- reshapes of reshapes ----------------------------------------------------------------------------------------


@program
def reshapes_of_reshapes(np, x):
    y, z = np.zeros((2, 6)), np.zeros((4, 6))
    v = y.reshape(3, 4)
    v[0] = x
    v.reshape(-1)[5] = x[1]
    v[None].reshape(2, 6).ravel()[1] *= 2
    w = z.reshape(3, 8)
    w[:, 0] = x[0]
    w.reshape(-1)[::5] += 2 * x[3]
    w[:, ::2] *= 3
    w[::-1, ::-2].reshape(-1)[3] = 9.0  # a copy
    w[1:, 1:6:2].T[0] += x[2]
    return numpy.concatenate([y.ravel(), z.ravel()])


# ---- copies, and what is none ------------------------------------------------------------------------------------


@program
def the_same_dtype_is_the_same_memory(np, x):
    y = np.ones(4)
    same = [y.astype(float, copy=False), np.asarray(y), np.array(y, copy=None), np.ascontiguousarray(y)]
    for i in range(4):
        same[i][i] = x[i]
    return y * sum(z[1] for z in same)


@program
def another_order_is_a_copy(np, x):
    y = np.ones((4, 4))
    copies = [
        np.ascontiguousarray(y.T),
        np.asfortranarray(y),
        np.asarray(y, order="F"),
        np.array(y[:, 1:], copy=None, order="C"),
        np.ascontiguousarray(y.diagonal()),
        np.ascontiguousarray(y[0, ::2]),
        np.asarray(seen := y.diagonal(), order="F"),
        y.astype(float, "F", copy=False),
    ]
    y[...] = x
    copies.append(np.asarray(seen, order="C"))
    y *= x[1]
    return y.sum() * x[0] + sum(c.sum() for c in copies) * x


@program
def the_same_order_is_none(np, x):
    y = np.ones((4, 4))
    same = [
        np.asfortranarray(y.T),
        np.asarray(y.T, order="F"),
        np.ascontiguousarray(y[1:]),
        np.array(y, copy=None, ndmin=3),
    ]
    y[...] = x
    return sum(s.sum(axis=-1).sum() for s in same) * x


@program
def arrays_that_lie_in_columns(np, x):
    y = np.asfortranarray(np.ones((3, 4)))
    z, w = np.zeros((2, 4), order="F"), copy(y)
    copies = [np.ascontiguousarray(y), y.reshape(-1).reshape(3, 4), np.array(y, order="C")]
    y.reshape(-1, order="F")[4:] = 2.0
    w.ravel(order="F")[3:5] = x[:2]
    y[1] = x
    z.T.reshape(-1)[2:6] = x
    y.T.ravel()[:3] *= x[:3]
    return sum(copies) * x + y + w + z.sum(axis=0)


@program
def orders_of_what_is_filled(np, x):
    y = np.ones((4, 4))
    y[0] = x
    other, same = np.asfortranarray(y), np.asfortranarray(y.T)
    y[1] = 5.0 * x
    return other * x + same


@program
def a_reshape_that_copies_can_be_filled(np, x):
    y = np.ones((2, 3))
    copies = [y.T.reshape(-1), y.T.ravel(), numpy.reshape(y.T, 6), numpy.ravel(y.T)]
    for made in copies:
        made[:4] = x
    return y.sum() * x + sum(copies)[:4]


# ---- views that were made before ---------------------------------------------------------------------------------


@program
def views_of_what_has_no_axes(np, x):
    y = np.ones(())
    wide, longer, same, all_of_it = np.broadcast_to(y, (4,)), y[None], y.reshape(1, 1), y[...]
    y[()] = x[0]
    longer *= x[1]
    all_of_it += x[2]
    return wide.sum() * x + wide + same[0]


@program
def what_lies_in_no_order_is_copied(np, x):
    y = np.ones((3, 4))
    views = [
        numpy.broadcast_to(numpy.rot90(y), (2, 4, 3)),
        numpy.lib.stride_tricks.sliding_window_view(y, 2, 1),
        numpy.diagonal(numpy.reshape(y, (2, 2, 3))),
        numpy.einsum("iji->ij", y.reshape(2, 3, 2)),
    ]
    y[0] = x
    copies = [z for view in views for z in (view.reshape(-1), numpy.ravel(view), np.ascontiguousarray(view))]
    y[1] = x[0] * x[1]
    return sum(numpy.sum(c) for c in (*copies, *views)) * x + y[0]


@program
def windows_that_are_written_to(np, x):
    y = np.ones(6)
    windows = numpy.lib.stride_tricks.sliding_window_view(y, 3, writeable=True)
    y[0] = x[0]
    windows[1] = x[:3]
    windows[3, 1:] *= x[3]
    return y[:4] * y[2:] + numpy.sum(windows) * x


@program
def views_of_every_kind(np, x):
    y = np.ones((2, 3, 4))
    views = [
        y.transpose(2, 0, 1),
        y.reshape(6, 4).T[::-1],
        y.reshape(3, 2, 4),
        y.T.swapaxes(0, 1)[..., 1:],
        numpy.moveaxis(y, 0, -1)[1:, ::-2],
        numpy.rot90(y, 1, (0, 2)),
        y[:, None].squeeze(),
        y[1, 2, 3, ...],
        numpy.diagonal(y, 0, 0, 1),
        numpy.einsum("iij->ji", y[:, :2]),
        np.broadcast_to(y[0], (2, 3, 4)),
        numpy.lib.stride_tricks.sliding_window_view(y, 2, 2),
        y[:0],
    ]
    y[1] = x
    for n, view in enumerate(views[:7]):
        view[..., :1] += x[n % 4] * (0.1 * n + 0.1)
    views[7][...] *= x[3]
    return sum(numpy.sum(numpy.sin(view)) for view in views) * x + y[0, 1]


# ---- y.flat ------------------------------------------------------------------------------------------------------


@program
def entries_of_flat(np, x):
    y = np.zeros((2, 4))
    y.T.flat[1] = 5.0
    y[:, ::2].flat[2:] = 7.0
    y.T.flat[2] = x[0]
    y[:, ::2].flat[1:3] = x[:2]
    y.flat[-1] = x[2]
    y.T.flat[[4, 3]] += x[:2]
    y.flat[4:6] *= x[1]
    return y


@program
def flat_is_kept(np, x):
    y = np.ones((2, 4))
    across, along = y.T.flat, y[0].flat
    across[0] = 7.0
    y[1] = x
    across[3] = x[0]
    across[4:] = x[::-1]
    read = across[1:3]
    across[1] = 9.0
    return y * numpy.sum(across[2:5]) + along[1] + numpy.sum(read)


@program
def flat_is_set_and_read(np, x):
    y = np.ones((2, 4))
    y.T.flat = x
    before = y.flat[1:3]
    y[0] = x
    after = y.flat[1:3]
    y[0] = 0.0
    y.T.flat = np.copy(y[1]).flat
    total = numpy.sum(numpy.sin(y.T.flat)) + sum(v for v in y.T.flat) + len(y.flat)
    return total * x + numpy.multiply(x, y[1].flat) + before.sum() + after.sum()


# ---- places that index arrays name ------------------------------------------------------------------------------


@program
def entries_that_lists_name_are_changed(np, x):
    y = np.zeros(4)
    y[[0, 1]] += x[:2]
    y[numpy.array([1, 2])] -= x[:2] ** 2
    y[numpy.array([True, False, True, True])] *= x[0]
    y[[0, 3]] /= 1.0 + x[1] ** 2
    y[[0, 0]] += x[2:]
    return y


@program
def finite_elements(np, x):
    stiffness = np.zeros((5, 5))
    for element in range(4):
        nodes = numpy.array([element, element + 1])
        stiffness[numpy.ix_(nodes, nodes)] += x[element] * numpy.array([[1.0, -1.0], [-1.0, 1.0]])
    ends = numpy.arange(5)
    stiffness[ends, ends] += x[0]
    stiffness[:, [0, 4]] *= x[1]
    return stiffness


@program
def a_copy_by_indices(np, x):
    y = np.ones((3, 4))
    rows = y[[0, 1]]
    rows[0] = x
    return y * x + rows[0]


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_numpy_does(name):
    f = PROGRAMS[name]
    g = lambda x: f(bibun.numpy, x)  # noqa: E731
    expected = f(numpy, X)
    assert_allclose(g(bb.Variable(X)).data, expected, rtol=1e-13)
    tangent = numpy.cos(X)
    h = 1e-5
    slope = (f(numpy, X + h * tangent) - f(numpy, X - h * tangent)) / (2 * h)
    value, dy = bb.jvp(g, (X,), (tangent,))
    assert_allclose(value, expected, rtol=1e-13)
    assert_allclose(dy, slope, rtol=1e-6, atol=1e-7)
    check(lambda x: numpy.asarray(g(x)) if type(x) is numpy.ndarray else g(x), X)
    compiled = bb.compile(g)
    assert_allclose(compiled(X), expected, rtol=1e-12)
    assert_allclose(compiled(X + 0.03), f(numpy, X + 0.03), rtol=1e-12)


WAYS: dict[str, Callable[[Any], Any]] = {
    "slices": lambda y: y[1:, ::2],
    "transpose": lambda y: y.transpose(2, 0, 1),
    "reshape": lambda y: y.reshape(6, 10).T,
    "reshape of a transpose": lambda y: y.T.reshape(5, 4, 3, 1),
    "moveaxis": lambda y: numpy.moveaxis(y, 1, 0)[2],
    "flip": lambda y: numpy.flip(y, (0, 2)),
    "a diagonal": lambda y: numpy.einsum("ii->i", y[0, :, 1:]),
    "a diagonal the other way": lambda y: y[2, ::-1, :4].diagonal()[:, None],
    "an entry": lambda y: y.T[1, 2, 1, ...],
}


@pytest.mark.parametrize("way", WAYS)
def test_a_view_shows_the_memory_that_is_written_to(way):
    """A view that copied its entries would be copied anew at each update: a loop over n rows would cost n arrays."""
    y = bibun.numpy.zeros((3, 4, 5))
    view = WAYS[way](y)
    y[0] = bb.Variable(numpy.ones(5))
    assert numpy.shares_memory(view.value.value, y.value.value)
    numpy.testing.assert_array_equal(view.data, WAYS[way](y.value.value))


def test_views_of_views_follow_from_level_to_level():
    """What lies between the array and a view of its transposed reshape is nobody's array that would be left behind."""

    def outer(np, x, t):
        y = np.zeros((2, 6))
        view = y.reshape(3, 4).T
        part = view[1:]
        y[0] = x
        part[0] *= 2.0
        y[1] = t
        part[1, 1:] = t * t * x
        return numpy.sum(view**2 * numpy.arange(12.0).reshape(4, 3))

    def slope(x):
        return bb.grad(lambda t: outer(bibun.numpy, x, t))(3.0)

    h = 1e-3
    plain = lambda x, t: outer(numpy, x, t)  # noqa: E731
    mixed = (plain(2 + h, 3 + h) - plain(2 + h, 3 - h) - plain(2 - h, 3 + h) + plain(2 - h, 3 - h)) / (4 * h * h)
    assert_allclose(slope(2.0), (plain(2, 3 + h) - plain(2, 3 - h)) / (2 * h), rtol=1e-5)
    assert_allclose(bb.grad(slope)(2.0), mixed, rtol=1e-5)


def test_a_view_of_a_traced_view_that_could_not_follow_is_refused():
    """It would go on to show what was there before."""

    def outer(x):
        def inner(t):
            y = bibun.numpy.zeros((2, 3))
            row = y[0]
            y[0] = x
            part = row[1:]  # of the traced array that row names
            y[0] = t
            return numpy.sum(part)

        return bb.grad(inner)(x)

    with pytest.raises(LostDerivativeError, match="there is a view"):
        bb.grad(outer)(2.0)


def test_no_update_of_flat_is_lost():
    """What NumPy refuses of y.flat, or that which would write into a copy, is an error."""
    y = bibun.numpy.zeros((2, 3))
    for update in (
        lambda f: f.__iadd__(1.0),
        lambda f: numpy.add(1.0, 2.0, out=f),
        lambda f: numpy.copyto(f, 3.0),
    ):
        with pytest.raises(ValueError, match="read-only"):
            update(y.T.flat)
    y.T.flat[:] = numpy.arange(6.0)
    numpy.testing.assert_array_equal(y, [[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]])
    numpy.testing.assert_array_equal(numpy.asarray(y.T.flat), numpy.arange(6.0))


def test_a_plain_array_takes_what_a_buffer_adds_to_it():
    y = numpy.ones(3)
    numpy.add.at(y, [0, 0], bibun.numpy.ones(2))
    numpy.testing.assert_array_equal(y, [3.0, 1.0, 1.0])


@pytest.mark.parametrize("view", [lambda y: y.diagonal(), lambda y: numpy.broadcast_to(y, (2, 3, 3))])
def test_what_numpy_lets_nobody_write_to_stays_so(view):
    y = bibun.numpy.ones((3, 3))
    seen = view(y)
    with pytest.raises(ValueError, match="read-only"):
        seen[0] = 2.0
    y[0, 0] = bb.Variable(numpy.array(3.0))
    with pytest.raises(ValueError, match="read-only"):
        seen[0] = 2.0
    numpy.testing.assert_array_equal(seen.data, view(y.data))
