"""Shapes, axes, repeating, padding, diagonals, dtypes: values, derivatives, and which results are views."""

from __future__ import annotations

from copy import copy, deepcopy
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.families.agreement import check, check_first, sample

X = sample(2, 3, 4)
M = sample(3, 4, seed=2)
V = sample(5, seed=3)

LINEAR: dict[str, Any] = {
    "reshape": lambda x: np.reshape(x, (4, 6)),
    "reshape -1": lambda x: np.reshape(x, (3, -1)),
    "reshape to one": lambda x: np.reshape(x, -1),
    "reshape F": lambda x: np.reshape(x, (4, 6), order="F"),
    "reshape A of F": lambda x: np.reshape(x.T, (4, 6), order="A"),
    "ravel": np.ravel,
    "ravel F": lambda x: np.ravel(x, order="F"),
    "ravel K of swapped": lambda x: np.ravel(np.swapaxes(x, 0, 1), order="K"),
    "transpose": np.transpose,
    "transpose axes": lambda x: np.transpose(x, (1, -1, 0)),
    "matrix_transpose": np.matrix_transpose,
    "swapaxes": lambda x: np.swapaxes(x, 0, -1),
    "moveaxis": lambda x: np.moveaxis(x, 0, -1),
    "moveaxis two": lambda x: np.moveaxis(x, (0, 1), (2, 0)),
    "rollaxis": lambda x: np.rollaxis(x, 2),
    "rollaxis start": lambda x: np.rollaxis(x, 0, 2),
    "expand_dims": lambda x: np.expand_dims(x, 1),
    "expand_dims two": lambda x: np.expand_dims(x, (0, -1)),
    "squeeze": lambda x: np.squeeze(x[:1, :, None]),
    "squeeze axis": lambda x: np.squeeze(x[:1, :, None], axis=(0, 2)),
    "atleast_1d": np.atleast_1d,
    "atleast_2d": lambda x: np.atleast_2d(x[0, 0]),
    "atleast_3d": lambda x: np.atleast_3d(x[0]),
    "broadcast_to": lambda x: np.broadcast_to(x, (2, 2, 3, 4)),
    "broadcast_to ones": lambda x: np.broadcast_to(x[:, :1], (2, 5, 4)),
    "broadcast_arrays": lambda x: np.broadcast_arrays(x[0], np.ones((2, 1, 1)))[0],
    "flip": np.flip,
    "flip axes": lambda x: np.flip(x, (0, -1)),
    "fliplr": np.fliplr,
    "flipud": np.flipud,
    "roll": lambda x: np.roll(x, 5),
    "roll axis": lambda x: np.roll(x, -1, axis=1),
    "roll axes": lambda x: np.roll(x, (1, -2), axis=(0, 2)),
    "roll one shift": lambda x: np.roll(x, 1, axis=(1, 2)),
    "rot90": np.rot90,
    "rot90 twice": lambda x: np.rot90(x, 2, axes=(1, 2)),
    "rot90 back": lambda x: np.rot90(x, -1, axes=(2, 0)),
    "repeat": lambda x: np.repeat(x, 3),
    "repeat axis": lambda x: np.repeat(x, 2, axis=1),
    "repeat each": lambda x: np.repeat(x, [2, 0, 3], axis=1),
    "repeat zero": lambda x: np.repeat(x, 0, axis=0),
    "tile": lambda x: np.tile(x, 2),
    "tile axes": lambda x: np.tile(x, (2, 1, 3)),
    "tile more axes": lambda x: np.tile(x[0, 0], (2, 3)),
    "resize": lambda x: np.resize(x, (5, 7)),
    "tril": lambda x: np.tril(x, 1),
    "triu": lambda x: np.triu(x, -1),
    "tril of a vector": lambda x: np.tril(x[0, 0]),
    "diag": lambda x: np.diag(x[0, 0], -1),
    "diag of a matrix": lambda x: np.diag(x[0], 1),
    "diagflat": lambda x: np.diagflat(x[0], 2),
    "diagonal": np.diagonal,
    "diagonal axes": lambda x: np.diagonal(x, -1, 2, 1),
    "diagonal outside": lambda x: np.diagonal(x, 9),
    "trace": np.trace,
    "trace axes": lambda x: np.trace(x, 1, 1, 2),
    "copy": np.copy,
}


@pytest.mark.parametrize("name", LINEAR)
def test_linear_map(name: str) -> None:
    check(LINEAR[name], X)


@pytest.mark.parametrize("name", ["reshape", "transpose", "tril", "diag", "repeat", "roll axis", "trace"])
def test_linear_map_of_complex(name: str) -> None:
    check_first(LINEAR[name], X + 1j * sample(2, 3, 4, seed=1))


PADS: dict[str, dict[str, Any]] = {
    "constant": {"mode": "constant"},
    "constant value": {"mode": "constant", "constant_values": 2.5},
    "constant values": {"mode": "constant", "constant_values": ((1.0, 2.0), (3.0, 4.0))},
    "edge": {"mode": "edge"},
    "reflect": {"mode": "reflect"},
    "symmetric": {"mode": "symmetric"},
    "wrap": {"mode": "wrap"},
}


@pytest.mark.parametrize("width", [1, (2, 1), ((0, 3), (2, 0)), 0, ((7, 0), (0, 9))], ids=str)
@pytest.mark.parametrize("name", PADS)
def test_pad(name: str, width: Any) -> None:
    check(lambda x: np.pad(x, width, **PADS[name]), M)


def test_pad_with_a_differentiated_value() -> None:
    check(lambda x, v: np.pad(x, 1, constant_values=v), M, np.array(0.7))


def test_pad_of_nothing() -> None:
    y, pullback = bb.vjp(lambda x: np.pad(x, 2), np.zeros((0, 3)))
    np.testing.assert_array_equal(y, np.zeros((4, 7)))
    assert pullback(y)[0].shape == (0, 3)


def test_complaints_are_those_of_numpy() -> None:
    x = bb.Variable(X)
    for wrong, error, text in (
        (lambda: np.reshape(x, (5, 5)), ValueError, "cannot reshape"),
        (lambda: np.reshape(x, (5, -1)), ValueError, "cannot reshape"),
        (lambda: np.transpose(x, (0, 1)), ValueError, "axes don't match"),
        (lambda: np.squeeze(x, 0), ValueError, "not equal to one"),
        (lambda: np.moveaxis(x, 0, 5), np.exceptions.AxisError, "out of bounds"),
        (lambda: np.sum(x, axis=3), np.exceptions.AxisError, "out of bounds"),
        (lambda: np.broadcast_to(x, (5,)), ValueError, "more dimensions"),
        (lambda: np.diagonal(x[0, 0]), ValueError, "at least two dimensions"),
    ):
        with pytest.raises(error, match=text):
            wrong()


def test_answers_about_shapes_are_plain() -> None:
    def f(x: Any) -> Any:
        assert np.shape(x) == (2, 3, 4)
        assert np.ndim(x) == 3
        assert np.size(x) == 24
        assert np.size(x, 1) == 3
        assert np.result_type(x, np.float32) == np.float64
        assert np.can_cast(x, complex)
        assert not np.iscomplexobj(x)
        assert np.isrealobj(x)
        return np.sum(x)

    bb.grad(f)(X)
    bb.vmap(f)(np.stack([X, X]))
    bb.jvp(f, (X,), (X,))


VIEWS: dict[str, Any] = {
    "reshape": lambda x: x.reshape(4, 3),
    "reshape F": lambda x: x.reshape((4, 3), order="F"),
    "reshape of T": lambda x: x.T.reshape(12),
    "reshape of T of T": lambda x: x.T.T.reshape(2, 6),
    "reshape of rows": lambda x: x[1:].reshape(-1),
    "reshape of columns": lambda x: x[:, 1:].reshape(-1),
    "ravel": np.ravel,
    "ravel K of T": lambda x: x.T.ravel(order="K"),
    "ravel F of T": lambda x: x.T.ravel(order="F"),
    "flatten": lambda x: x.flatten(),
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "swapaxes": lambda x: np.swapaxes(x, 0, 1),
    "moveaxis": lambda x: np.moveaxis(x, 0, 1),
    "expand_dims": lambda x: np.expand_dims(x, 1),
    "squeeze": lambda x: np.squeeze(x[None]),
    "atleast_3d": np.atleast_3d,
    "flip": np.flip,
    "fliplr": np.fliplr,
    "flip of a slice": lambda x: np.flip(x[:, ::2], 1)[1:],
    "rot90": np.rot90,
    "view": lambda x: x.view(),
    "real": lambda x: x.real,
    "flat": lambda x: x.flat if isinstance(x, bb.Variable) else x.reshape(-1),
    "row": lambda x: x[1],
    "copy": np.copy,
    "astype": lambda x: x.astype(float),
    "repeat": lambda x: np.repeat(x, 1, axis=0),
    "tile": lambda x: np.tile(x, 1),
    "roll": lambda x: np.roll(x, 0, axis=1),
    "take": lambda x: np.take(x, 1, axis=0),
    "tril": lambda x: np.tril(x, 5),
    "split": lambda x: np.split(x, 3)[1],
    "array_split": lambda x: np.array_split(x, 3, axis=1)[0],
    "stack": lambda x: np.stack([x]),
    "unstacked": lambda x: list(np.moveaxis(x, 1, 0))[2],
    "sort": lambda x: np.sort(x, axis=0),
    "clip": lambda x: np.clip(x, -9, None),
}


@pytest.mark.parametrize("name", VIEWS)
def test_update_of_a_view_reaches_the_base_where_numpy_has_it(name: str) -> None:
    """b = view(a); b *= 3; a += 1: values of a and b as NumPy's, derivatives as the numerical ones."""
    view = VIEWS[name]

    def updated(a: Any) -> Any:
        a = a * 1.0
        b = view(a)
        b *= 3.0
        a += 1.0
        return np.concatenate([np.reshape(a, -1), np.reshape(b * b, -1)])

    check(updated, M)


LAID: dict[str, Any] = {  # arrays that lie in memory in many ways
    "C": lambda x: x * 1.0,
    "F": lambda x: x.T,
    "swapped": lambda x: np.swapaxes(x, 0, 1) * 2.0,
    "steps": lambda x: x[:, ::2].T,
    "repeated": lambda x: np.broadcast_to(x[0].T, (2, 4, 3)),
}


def _filled(like: Any, order: str) -> Any:
    y = np.zeros_like(like, order=order)  # type: ignore[call-overload]
    y[...] = like
    return y


def _written(x: Any, order: str) -> Any:
    y = np.copy(x, order=order)  # type: ignore[call-overload]
    y.ravel(order)[:5] *= 3.0
    y.T[0] *= 2.0
    return y


ORDERED: dict[str, Any] = {
    "np.copy": lambda x, order: np.copy(x, order=order),
    "copy": lambda x, order: x.copy(order),
    "astype": lambda x, order: x.astype(np.float32, order=order),
    "astype without a copy": lambda x, order: x.astype(float, order=order, copy=False),
    "array": lambda x, order: np.array(x, order=order, like=x),
    "asarray": lambda x, order: np.asarray(x, order=order, like=x),
    "contiguous": lambda x, order: (np.asfortranarray if order == "F" else np.ascontiguousarray)(x, like=x),
    "copy.copy": lambda x, order: deepcopy(copy(x)),
    "take": lambda x, order: np.take(np.repeat(x, [1] * x.shape[1], axis=1), [1, 0], axis=1),
    "delete": lambda x, order: np.delete(np.insert(x, 1, 2 * x[0, 0, 0], axis=1), 0, axis=2),
    "delete many": lambda x, order: np.delete(x, [0, 1], axis=2 if x.shape[2] > 2 else 0),
    "meshgrid": lambda x, order: np.meshgrid(x[0, 0], x[:, 0, 0])[order in "CF"],
    "zeros_like": _filled,
    "full": lambda x, order: np.full(x.shape, x[0, 0, 1], order="F" if order == "F" else "C", like=x) + x,
    "written": _written,
}


@pytest.mark.parametrize("order", "CFAK")
@pytest.mark.parametrize("name", ORDERED)
def test_copies_lie_in_memory_as_those_of_numpy(name: str, order: str) -> None:
    """ravel("K") shows the order of the entries in memory; what goes back is that of the same program on tangents."""
    X3 = np.arange(24.0).reshape(2, 3, 4)
    for laid in LAID.values():

        def f(x: Any, laid: Any = laid) -> Any:
            return ORDERED[name](laid(x), order).ravel("K")

        expected = f(X3.copy())
        y, pullback = bb.vjp(f, X3)
        np.testing.assert_array_equal(y, expected)
        np.testing.assert_array_equal(bb.vmap(f)(np.stack([X3 + 1, X3]))[1], expected)
        np.testing.assert_array_equal(bb.vmap(f, in_axes=3)(np.stack([X3 + 1, X3], 3))[1], expected)
        g = np.arange(1.0, y.size + 1).astype(y.dtype)  # f is linear
        basis = np.array([np.sum(g * f(e.reshape(X3.shape))) for e in np.eye(24)])
        np.testing.assert_array_equal(np.ravel(pullback(g)[0]), basis)


def test_flat_is_written_through_and_read_as_a_copy() -> None:
    def updated(a: Any) -> Any:
        a = a * 1.0
        b, c, d = a.flat[1:3], a.flat[...], a.T.flat[:2]
        for copied in (b, c, d):
            copied *= 3.0
        a.flat[2:4] = a.flat[:2] * a.flat[1]
        a.T.flat[1:3] = 2.0
        flat = a.flat
        a *= 2.0
        flat[-1] = flat[1]
        return np.concatenate([np.reshape(a, -1), b * b, c * c, d * d])

    check(updated, M)


def test_read_only_views_follow_the_base() -> None:
    for view in (np.diagonal, np.diag, lambda x: np.broadcast_to(x, (2, 3, 4))):

        def updated(a: Any, view: Any = view) -> Any:
            a = a * 1.0
            b = view(a)
            a *= 2.0
            return b * 1.0

        check_first(updated, M)


def test_assignment_to_a_leaf_reaches_its_views() -> None:
    x = bb.Variable(M.copy())
    row = x.reshape(-1)[4:8]
    x[1] = 2.0 * x[0]
    np.testing.assert_array_equal(row.data, 2 * M[0])
    np.sum(row * row).backward()
    expected = np.zeros((3, 4))
    expected[0] = 8 * M[0]
    np.testing.assert_allclose(x.grad, expected)


def test_fill_diagonal() -> None:
    def filled(wrap: bool, *shape: int) -> Any:
        def f(v: Any) -> Any:
            a = np.zeros(shape, like=v) + 1.0
            np.fill_diagonal(a, v, wrap=wrap)
            return a

        return f

    plain = np.full((7, 3), 1.0)
    np.fill_diagonal(plain, V[:2], wrap=True)
    np.testing.assert_array_equal(bb.vjp(filled(True, 7, 3), V[:2])[0], plain)
    for wrap, shape in ((False, (3, 4)), (True, (7, 3)), (False, (2, 2, 2))):
        y, dy = bb.jvp(filled(wrap, *shape), (V[:2],), (V[:2],))
        expected = np.ones(shape)
        np.fill_diagonal(expected, V[:2], wrap=wrap)
        np.testing.assert_array_equal(y, expected)
        moved = np.zeros(shape)
        np.fill_diagonal(moved, V[:2], wrap=wrap)
        np.testing.assert_array_equal(dy, moved)
    with pytest.raises(bb.LostDerivativeError, match="fill_diagonal"):
        np.fill_diagonal(np.zeros((2, 2)), bb.Variable(V))


def test_astype_keeps_each_precision() -> None:
    x = np.array([1.25, 2.5], np.float32)
    y, pullback = bb.vjp(lambda x: x.astype(np.float64) * 3, x)
    assert y.dtype == np.float64
    (c,) = pullback(np.ones(2))
    assert c.dtype == np.float32
    np.testing.assert_array_equal(c, 3)
    _, pullback = bb.vjp(lambda x: x.astype(complex) * 1j, x)
    (c,) = pullback(np.array([1, 1j]))
    np.testing.assert_array_equal(c, [0, -1])
    assert c.dtype == np.float32


def test_astype_to_integers_is_plain_and_to_objects_refused() -> None:
    x = bb.Variable(V)
    places = np.floor(np.abs(x)).astype(int)
    assert type(places) is np.ndarray
    np.testing.assert_array_equal(places, np.floor(np.abs(V)).astype(int))
    np.sum(x[places]).backward()
    np.testing.assert_array_equal(x.grad, np.bincount(places, minlength=5))
    with pytest.raises(bb.LostDerivativeError, match=r"astype\(object\)"):
        x.astype(object)


@pytest.mark.skipif(not hasattr(np, "astype"), reason="NumPy 2.1 has it")
def test_astype_as_a_function() -> None:
    check(lambda x: np.astype(x, np.complex128), V)
    assert np.astype(bb.Variable(V), np.float32).dtype == np.float32


def test_real_and_imaginary_parts() -> None:
    z = V + 1j * sample(5, seed=4)
    check(lambda z: z.real * 2, z)
    check(lambda z: z.imag * z.real, z)
    check_first(lambda x: x.imag + x.real, V)

    def swapped(z: Any) -> Any:
        w = z * 1
        w.real = z.imag * z.imag
        w.imag = 2.0
        w.real += 1
        return w

    check(swapped, z)
    with pytest.raises(TypeError, match="imaginary part to set"):
        bb.Variable(V).imag = 1.0


def test_creation_like() -> None:
    def f(x: Any) -> Any:
        a = np.zeros_like(x)
        b = np.ones_like(x, shape=(2,))
        c = np.full_like(x, x[0])
        d = np.empty_like(x, dtype=np.float32)
        assert d.dtype == np.float32
        a[1] = x[0] * x[1]
        b[0] = x[2]
        return np.concatenate([a, b, c])

    check(f, V)


def test_array_like_stacks_nested_lists() -> None:
    def f(x: Any, y: Any) -> Any:
        return np.array([[x[0] * y[1], 1.0, 2], [x[1], y[0], x[2]]], like=x)

    def plain(x: Any, y: Any) -> Any:
        return np.array([[x[0] * y[1], 1.0, 2], [x[1], y[0], x[2]]])

    value, pullback = bb.vjp(f, V, V + 1)
    np.testing.assert_array_equal(value, plain(V, V + 1))
    g = sample(2, 3)
    np.testing.assert_allclose(pullback(g)[0], [g[0, 0] * (V[1] + 1), g[1, 0], g[1, 2], 0, 0])
    np.testing.assert_allclose(pullback(g)[1], [g[1, 1], g[0, 0] * V[0], 0, 0, 0])
    x = bb.Variable(V)
    assert np.asarray(x, like=x) is x
    assert np.array(x, like=x) is not x
    assert np.asarray(x, np.float32, like=x).dtype == np.float32
    assert np.array(x, ndmin=3, like=x).shape == (1, 1, 5)


def test_empty_and_zero_dimensional() -> None:
    for f in (
        np.ravel,
        np.transpose,
        np.flip,
        np.copy,
        lambda x: np.reshape(x, (3, 0)),
        lambda x: np.tile(x, 2),
    ):
        y, pullback = bb.vjp(f, np.zeros((0, 3)))
        assert y.shape == f(np.zeros((0, 3))).shape
        assert pullback(y)[0].shape == (0, 3)
    for f in (
        np.ravel,
        np.transpose,
        np.atleast_2d,
        lambda x: np.broadcast_to(x, (2, 3)),
        lambda x: np.repeat(x, 4),
    ):
        check(f, np.array(1.5))


def test_reshape_without_a_copy() -> None:
    y = 1.0 * bb.Variable(np.arange(6.0).reshape(2, 3))
    np.reshape(y, (6,), copy=False)[0] = 9.0
    assert y.data[0, 0] == 9.0
    with pytest.raises(ValueError, match="Unable to avoid"):
        np.reshape(y.T, (6,), copy=False)
    assert np.reshape(y[:0].T, (0,), copy=False).shape == (0,)


def test_arrays_are_on_the_processor() -> None:
    x = bb.Variable(np.ones(2))
    for make in (np.zeros_like, np.ones_like, np.empty_like, lambda x, **on: np.full_like(x, 2.0, **on)):
        assert make(x, device="cpu").shape == (2,)
        with pytest.raises(ValueError, match="gpu"):
            make(x, device="gpu")
    for make in (lambda x, **on: np.astype(x, np.float32, **on), lambda x, **on: np.asarray(x, like=x, **on)):
        assert make(x, device="cpu").shape == (2,)
        with pytest.raises(ValueError, match="gpu"):
            make(x, device="gpu")
