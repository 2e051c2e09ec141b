"""Joins and splits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.families.agreement import check, check_first, sample

A, B = sample(2, 3), sample(2, 3, seed=1)
V, W = sample(3, seed=2), sample(3, seed=3)
X = sample(4, 6, 2)

JOINS: dict[str, Any] = {
    "concatenate": lambda a, b: np.concatenate([a, b]),
    "concatenate axis": lambda a, b: np.concatenate((a, b[:, :1], a), axis=-1),
    "concatenate flat": lambda a, b: np.concatenate([a, b[0]], axis=None),
    "concatenate with plain": lambda a, b: np.concatenate([a, [[1, 2, 3]], b]),
    "concatenate of an array": lambda a, b: np.concatenate(a * b),
    "stack": lambda a, b: np.stack([a, b, a]),
    "stack axis": lambda a, b: np.stack((a, b), axis=1),
    "stack last": lambda a, b: np.stack((a, b), axis=-1),
    "stack numbers": lambda a, b: np.stack([a[0, 0], b[1, 1], 2.5]),
    "vstack": lambda a, b: np.vstack([a, b[0]]),
    "hstack": lambda a, b: np.hstack([a, b]),
    "hstack vectors": lambda a, b: np.hstack([a[0], b[1], b[0, 0]]),
    "dstack": lambda a, b: np.dstack([a, b]),
    "dstack vectors": lambda a, b: np.dstack([a[0], b[0]]),
    "column_stack": lambda a, b: np.column_stack([a[:, 0], b]),
    "append": lambda a, b: np.append(a, b),
    "append axis": lambda a, b: np.append(a, b, axis=1),
    "append to plain": lambda a, b: np.append([1.0, 2.0], a * b),
    "block": lambda a, b: np.block([[a, b], [b, 2.0 * a]]),
    "block mixed": lambda a, b: np.block([[a, np.ones((2, 1))], [1.0, b[0]]]),
    "block list": lambda a, b: np.block([a, b]),
    "block vectors": lambda a, b: np.block([a[0], 1.0, b[1]]),
    "meshgrid": lambda a, b: np.stack(np.meshgrid(a[0], b[1])),
    "meshgrid ij": lambda a, b: np.stack(np.meshgrid(a[0], b[:, 0], a[1], indexing="ij")),
    "meshgrid sparse": lambda a, b: np.multiply(*np.meshgrid(a[0], b[1], sparse=True)),
    "insert": lambda a, b: np.insert(a, 1, b[0], axis=0),
    "insert column": lambda a, b: np.insert(a, 1, b[:, 0], axis=1),
    "insert number": lambda a, b: np.insert(a, 2, b[0, 0]),
    "insert many": lambda a, b: np.insert(a, [2, 0, 0], b, axis=1),
    "insert slice": lambda a, b: np.insert(a, slice(0, 3, 2), b[0, 0], axis=1),
    "insert several at one place": lambda a, b: np.insert(a[0], 1, b[1]),
    "delete": lambda a, b: np.delete(a * b, 1, axis=1),
    "delete flat": lambda a, b: np.delete(a * b, [0, -1]),
    "delete slice": lambda a, b: np.delete(a * b, slice(0, 2), axis=1),
    "delete mask": lambda a, b: np.delete(a * b, np.array([True, False, True]), axis=1),
}


@pytest.mark.parametrize("name", JOINS)
def test_join(name: str) -> None:
    check(JOINS[name], A, B)


@pytest.mark.parametrize("name", ["concatenate", "stack axis", "block", "vstack"])
def test_join_with_one_constant(name: str) -> None:
    join = JOINS[name]
    check(lambda a: join(a, B), A)
    check(lambda b: join(A, b), B)


def test_join_of_dtypes() -> None:
    a, b = A.astype(np.float32), B + 1j * A
    y, pullback = bb.vjp(lambda a, b: np.concatenate([a, b]), a, b)
    assert y.dtype == complex
    ca, cb = pullback(y)
    assert (ca.dtype, cb.dtype) == (np.float32, complex)
    np.testing.assert_array_equal(ca, a)
    np.testing.assert_array_equal(cb, b)
    x = bb.Variable(A)
    assert np.concatenate([x, x], dtype=np.float32).dtype == np.float32
    assert np.stack([x, 1j * x], dtype=np.complex64).dtype == np.complex64
    with pytest.raises(TypeError, match="cannot cast"):
        np.concatenate([x, 1j * x], dtype=np.float64)


def test_complaints() -> None:
    x = bb.Variable(A)
    for wrong, text in (
        (lambda: np.concatenate([x[0, 0], x[0, 1]]), "zero-dimensional"),
        (lambda: np.concatenate([x, V]), "same number of dimensions"),
        (lambda: np.concatenate([x, np.ones((1, 2))]), "must match exactly"),
        (lambda: np.stack([x, x[0]]), "same shape"),
        (lambda: np.split(x, 2, axis=1), "equal division"),
        (lambda: np.block([[x, x], []]), "empty"),
        (lambda: np.block([[x, x], x]), "depths"),
        (lambda: np.vsplit(x[0], 1), "2 or more dimensions"),
        (lambda: np.meshgrid(x[0], x[0], indexing="yx"), "'xy' and 'ij'"),
    ):
        with pytest.raises(ValueError, match=text):
            wrong()


SPLITS: dict[str, Any] = {
    "split": lambda x: np.split(x, 2),
    "split axis": lambda x: np.split(x, 3, axis=1),
    "split at": lambda x: np.split(x, [1, 4], axis=1),
    "split beyond": lambda x: np.split(x, [5, 9], axis=1),
    "array_split": lambda x: np.array_split(x, 4, axis=1),
    "array_split more than there are": lambda x: np.array_split(x, 3, axis=-1),
    "hsplit": lambda x: np.hsplit(x, 2),
    "vsplit": lambda x: np.vsplit(x, 4),
    "dsplit": lambda x: np.dsplit(x, [1]),
    "unstack": lambda x: np.unstack(x, axis=1) if hasattr(np, "unstack") else tuple(np.moveaxis(x, 1, 0)),
}


@pytest.mark.parametrize("name", SPLITS)
def test_split(name: str) -> None:
    split = SPLITS[name]
    parts = split(X)
    found = split(bb.Variable(X))
    assert len(found) == len(parts)
    for part, expected in zip(found, parts, strict=True):
        np.testing.assert_array_equal(part.data, expected)
    check(lambda x: np.concatenate([np.ravel(p) * (k + 1.5) for k, p in enumerate(split(x))]), X)


def test_parts_of_a_split_are_views() -> None:
    def updated(x: Any) -> Any:
        x = x * 1.0
        first, *_, last = np.split(x, 3, axis=1)
        first *= last
        return x

    check(updated, X)


def test_stack_of_many_numbers() -> None:
    """A vector computed entry by entry."""

    def f(x: Any) -> Any:
        return np.stack([np.sin(x[i]) * x[(i + 1) % 50] for i in range(50)])

    x = sample(50)
    jacobian = np.diag(np.cos(x) * np.roll(x, -1)) + np.roll(np.diag(np.sin(x)), 1, axis=1)
    np.testing.assert_allclose(bb.jacrev(f)(x), jacobian, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(bb.jacfwd(f)(x), jacobian, rtol=1e-13, atol=1e-15)


def test_out_by_position() -> None:
    for write, shape in (
        (lambda x, out: np.concatenate([x, x], 0, out), (6,)),
        (lambda x, out: np.stack([x, x], 1, out), (3, 2)),
    ):
        x = bb.Variable(V)
        out = np.zeros(shape, like=x)
        assert write(x, out) is out
        np.sum(out * out).backward()
        np.testing.assert_array_equal(x.grad, 4 * V)
        with pytest.raises(bb.LostDerivativeError, match="plain ndarray"):
            write(x, np.zeros(shape))


def test_only_what_is_needed_is_pulled_back() -> None:
    x = bb.Variable(V)
    y = np.concatenate([x, np.ones(1000)])
    np.sum(y * 2).backward()
    np.testing.assert_array_equal(x.grad, [2, 2, 2])
    z = np.stack([x, W])
    assert z.node.parents is x.node


def test_empty_parts() -> None:
    y, pullback = bb.vjp(lambda a, b: np.concatenate([a, b]), np.zeros((0, 3)), A)
    np.testing.assert_array_equal(y, A)
    nothing, rest = pullback(y)
    assert nothing.shape == (0, 3)
    np.testing.assert_array_equal(rest, A)
    check_first(lambda v: np.append(v, []), V)
