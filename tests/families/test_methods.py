"""The methods and attributes of ndarray, each against the same method of a plain array."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.families.agreement import check, sample

X = sample(2, 3, 4)
Z = X + 1j * sample(2, 3, 4, seed=1)
MASK = np.arange(24).reshape(2, 3, 4) % 3 != 1

METHODS: dict[str, Any] = {
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "real": lambda x: x.real,
    "imag": lambda x: x.imag,
    "ravel": lambda x: x.ravel(),
    "ravel F": lambda x: x.ravel("F"),
    "flatten": lambda x: x.flatten(),
    "flatten F": lambda x: x.flatten(order="F"),
    "flatten K of a transpose": lambda x: x.T.flatten("K") * x.transpose(1, 2, 0).flatten("A"),
    "squeeze": lambda x: x[:1].squeeze(0),
    "reshape": lambda x: x.reshape(6, 4),
    "reshape tuple": lambda x: x.reshape((6, -1)),
    "reshape F": lambda x: x.reshape(6, 4, order="F"),
    "transpose": lambda x: x.transpose(),
    "transpose numbers": lambda x: x.transpose(2, 0, 1),
    "transpose tuple": lambda x: x.transpose((2, 0, 1)),
    "swapaxes": lambda x: x.swapaxes(0, 2),
    "sum": lambda x: x.sum(axis=1, keepdims=True),
    "sum where": lambda x: x.sum(where=MASK, initial=2.0),
    "mean": lambda x: x.mean(0),
    "var": lambda x: x.var(axis=(1, 2), ddof=1),
    "std": lambda x: x.std(),
    "min": lambda x: x.min(axis=-1),
    "max": lambda x: x.max(0, keepdims=True),
    "prod": lambda x: x.prod(axis=1),
    "cumsum": lambda x: x.cumsum(),
    "cumprod": lambda x: x.cumprod(axis=2),
    "trace": lambda x: x.trace(offset=1),
    "diagonal": lambda x: x.diagonal(0, 1, 2),
    "take": lambda x: x.take([1, 2], axis=1),
    "repeat": lambda x: x.repeat(2, axis=0),
    "clip": lambda x: x.clip(-0.5, 0.7),
    "clip max": lambda x: x.clip(max=0.7),
    "conj": lambda x: x.conj(),
    "conjugate": lambda x: x.conjugate(),
    "compress": lambda x: x.compress([True, False, True], axis=1),
    "copy": lambda x: x.copy(),
    "astype": lambda x: x.astype(np.complex128),
    "view": lambda x: x.view(),
    "choose": lambda x: (
        MASK.astype(int).choose([x, 2 * x]) if isinstance(x, np.ndarray) else np.choose(MASK * 1, [x, 2 * x])
    ),
}
COMPLEX = (
    "T",
    "real",
    "imag",
    "ravel",
    "sum",
    "mean",
    "var",
    "std",
    "prod",
    "cumsum",
    "cumprod",
    "trace",
    "conj",
    "view",
)


@pytest.mark.parametrize("name", METHODS)
def test_method(name: str) -> None:
    check(METHODS[name], X)


@pytest.mark.parametrize("name", COMPLEX)
def test_method_of_complex(name: str) -> None:
    check(METHODS[name], Z)


IN_PLACE: dict[str, Any] = {
    "sort": lambda a: a.sort(),
    "sort axis": lambda a: a.sort(axis=1, kind="stable"),
    "partition": lambda a: a.partition(0, axis=0),
    "fill": lambda a: a.fill(2.5),
    "put": lambda a: a.put([0, -1], [1.0, 2.0]),
    "sort a row": lambda a: a[1, 2].sort(),
    "fill a column": lambda a: a[:, 1].fill(0.5),
    "sort a transpose": lambda a: a.T.sort(axis=0),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_method_in_place(name: str) -> None:
    def updated(x: Any) -> Any:
        a = x * 1.0
        assert IN_PLACE[name](a) is None
        return a * x

    check(updated, X)


def test_fill_with_a_traced_value() -> None:
    def filled(v: Any) -> Any:
        a = np.zeros((2, 3), like=v)
        a.fill(v[0] * v[1])
        return a

    v = np.array([2.0, 3.0])
    np.testing.assert_array_equal(bb.jacrev(filled)(v), np.broadcast_to([3.0, 2.0], (2, 3, 2)))


def test_flat() -> None:
    def f(x: Any) -> Any:
        a = x * 1.0
        a.flat[3] = a.flat[1] * a.flat[2]
        a.T.flat[1] *= 2.0
        return a

    check(f, X)
    x = bb.Variable(X) * 1
    x.flat = [1.0, 2.0]
    np.testing.assert_array_equal(x.data, np.resize([1.0, 2.0], X.shape))
    assert [float(v.data) for v in bb.Variable(X).flat] == list(X.flat)


@pytest.mark.parametrize(
    "key", [slice(None), slice(1, 4), slice(-1, None, -2), [4, 0, 2], np.arange(24) % 2 == 0], ids=repr
)
@pytest.mark.parametrize("count", [0, 1, 2, 6, 9])
def test_flat_repeats_what_is_stored(key: Any, count: int) -> None:
    """NumPy's own loop over the entries is the truth; an entry's derivative is how often it was stored, and not overwritten."""
    values = np.arange(1.0, count + 1)

    def f(v: Any) -> Any:
        a = X * np.ones_like(v, shape=())
        a.flat[key] = v
        return a

    plain = X.copy()
    plain.flat[key] = values
    np.testing.assert_array_equal(f(values), plain)
    for transform in (lambda f: f, bb.compile):
        np.testing.assert_array_equal(transform(lambda v: bb.vjp(f, v)[0])(values), plain)
        slopes = transform(bb.jacrev(f))(values)
        assert slopes.shape == (*X.shape, count)
        np.testing.assert_array_equal(slopes @ values, np.where(plain == X, 0, plain))


def test_a_shape_that_is_set_in_place_teaches() -> None:
    def f(x: Any) -> Any:
        x = x * 1.0
        x.shape = (-1,)
        return np.sum(x)

    for run in (bb.grad(f), bb.jacfwd(f), lambda x: bb.vmap(f)(x[None])):
        with pytest.raises(AttributeError, match=r"cannot be set in place. Make another: y = x.reshape\(\(-1,\)\)"):
            run(X)


def test_integer_answers_are_plain() -> None:
    x = bb.Variable(X)
    for name, arguments in (
        ("argmax", {"axis": 1}), ("argmin", {}), ("argsort", {"axis": 0}), ("argpartition", {"kth": 1}),
        ("all", {"axis": 1}), ("any", {"keepdims": True}),
    ):  # fmt: skip
        found = getattr(x, name)(**arguments)
        assert not isinstance(found, bb.Variable)
        np.testing.assert_array_equal(found, getattr(X, name)(**arguments))
    for found, expected in zip(x.nonzero(), X.nonzero(), strict=True):
        np.testing.assert_array_equal(found, expected)
    line = np.sort(X.ravel())
    np.testing.assert_array_equal(bb.Variable(line).searchsorted([0.1, -5.0]), line.searchsorted([0.1, -5.0]))
    out = np.zeros((2, 4), int)
    assert x.argmax(1, out=out) is out
    np.testing.assert_array_equal(out, X.argmax(1))


def test_round() -> None:
    np.testing.assert_array_equal(bb.Variable(X).round(1).data, X.round(1))
    np.testing.assert_array_equal(bb.jacfwd(lambda x: x.round())(X[0, 0]), np.zeros((4, 4)))


def test_methods_with_out() -> None:
    for call in (
        lambda x, out: x.sum(1, out=out),
        lambda x, out: x.mean(1, None, out),
        lambda x, out: x.max(axis=1, out=out),
        lambda x, out: x.std(1, out=out),
        lambda x, out: x.take([0, 1, 2, 3], axis=2, out=x * 0).sum(1, out=out),
        lambda x, out: x[:, 0].clip(-1, 1, out=out),
        lambda x, out: x.repeat(2, 0)[:, 1:, :2].trace(0, 1, 2, None, out[0]) is not None and out,
    ):
        x = bb.Variable(X)
        out = np.zeros((2, 4), like=x)
        assert call(x, out) is out
        plain = np.zeros((2, 4))
        assert call(X, plain) is plain
        np.testing.assert_allclose(out.data, plain, rtol=1e-14)
        np.sum(out).backward()
        assert np.any(x.grad)


def test_copy_is_independent() -> None:
    x = bb.Variable(X.copy())
    a = x * 2
    b = a.copy()
    b += 1
    np.testing.assert_array_equal(a.data, 2 * X)
    leaf = x.copy()
    leaf[0] = 0
    np.testing.assert_array_equal(x.data, X)
    np.sum(leaf).backward()
    np.testing.assert_array_equal(x.grad[0], 0)
    np.testing.assert_array_equal(x.grad[1], 1)


def test_view_of_another_dtype_is_refused() -> None:
    with pytest.raises(bb.NoDerivativeError, match="reads its bytes as something else"):
        bb.Variable(Z).view(float)
    with pytest.raises(TypeError, match="Cannot cast"):
        bb.Variable(Z).astype(float, casting="safe")


def test_dot_and_operators() -> None:
    a, b = sample(3, 4), sample(4, 2, seed=5)
    check(lambda a, b: a.dot(b), a, b)
    check(lambda a, b: (a @ b).T.reshape(-1), a, b)


def test_matrix_attributes_complain_about_vectors() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        _ = bb.Variable(X[0, 0]).mT
