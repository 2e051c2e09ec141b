"""Arrays made of numbers that may be traced, and of the whole numbers of a recording."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.families.agreement import check, check_first, check_second, sample

S, R, V = np.array(0.7), np.array(1.9), sample(3)

SEQUENCES: dict[str, Any] = {
    "linspace": lambda s, v: np.linspace(s, 2.0, 5),
    "linspace without the end": lambda s, v: np.linspace(0, s, 4, endpoint=False),
    "linspace of arrays": lambda s, v: np.linspace(v, s, 4, axis=-1),
    "the step": lambda s, v: np.linspace(v, s, 4, retstep=True)[1],
    "linspace of one": lambda s, v: np.linspace(s, v, 1),
    "linspace of a list": lambda s, v: np.linspace(v, [s, 1.0, 2.0], 3),
    "logspace": lambda s, v: np.logspace(s, v, 4, axis=1),
    "logspace by the base": lambda s, v: np.logspace(s, 1.0, 4, base=v * v + 1),
    "geomspace": lambda s, v: np.geomspace(s, 3 + v, 4),
    "geomspace without the end": lambda s, v: np.geomspace(v * v + 0.1, 9.0, 3, endpoint=False, axis=-1),
    "geomspace of negative numbers": lambda s, v: np.geomspace(-s, -5 + v[0], 4),
    "arange": lambda s, v: np.arange(s, 3.05, 0.5 + 0.01 * v[0], like=v),
    "arange by the step": lambda s, v: np.arange(0.0, 3.0, s, like=v) * v[0],
    "arange of one": lambda s, v: np.arange(s + 2, like=v) * v[0] + s,
    "arange of three": lambda s, v: np.arange(s, 4.0, step=1.0, like=v) * v[0],
    "meshgrid": lambda s, v: np.stack(np.meshgrid(v, s * v[:2])),
    "meshgrid sparse": lambda s, v: np.multiply(*np.meshgrid(v, s * v, indexing="ij", sparse=True)),
    "ix_": lambda s, v: np.multiply(*np.ix_(v, v * s)),
    "indices of the shape": lambda s, v: np.outer(v, v * s)[np.diag_indices_from(np.outer(v, v))],
    "lower indices": lambda s, v: np.outer(v, v * s)[np.tril_indices_from(np.outer(v, v), -1)],
    "full": lambda s, v: np.full((2, 3), [s, 1.0, v[0]], like=v),
    "insert one": lambda s, v: np.insert(v, 1, s),
    "insert several at one place": lambda s, v: np.insert(v, [1], [s, 2.0, s * s]),
    "insert a column": lambda s, v: np.insert(np.outer(v, v), 1, v * s, axis=1),
    "insert columns": lambda s, v: np.insert(np.outer(v, v), [0, 3], v[:, None] * s, axis=1),
    "insert by a slice": lambda s, v: np.insert(v, slice(0, 3, 2), s),
    "delete by a mask": lambda s, v: np.delete(np.outer(v, v), np.array([True, False, True]), axis=0) * s,
    "delete by a slice": lambda s, v: np.delete(v, slice(None, None, -2)) * s,
    "delete nothing": lambda s, v: np.delete(v, []) * s,
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequences(name: str) -> None:
    f = SEQUENCES[name]
    check_first(f, S, V)
    check_second(f, S, V)


def test_insert_by_a_mask() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        np.insert(np.zeros(2), np.array([True, False]), 1.0)
    if caught:
        pytest.skip("this NumPy takes a mask for numbers")
    for mask in ([True, False, True], [False, True, False]):
        check_first(lambda s, v, mask=mask: np.insert(v, np.array(mask), [s, 1.0]), S, V)


def test_sequences_in_single_precision_and_complex() -> None:
    check(lambda s, r: np.linspace(s, r, 5) * np.logspace(s, r, 5), S, R)
    check_first(lambda z: np.geomspace(z, 2.0 + 1j, 4), np.array(0.4 - 1.1j))
    y = bb.jvp(lambda s: np.linspace(s, 1, 4), (np.float32(0.5),), (np.float32(1),))[0]
    assert y.dtype == np.float32


def test_the_ends_are_exact() -> None:
    ends = bb.jvp(lambda s: np.geomspace(s, 7.3, 5), (0.3,), (1.0,))
    assert ends[0][0] == 0.3
    assert ends[0][-1] == 7.3
    np.testing.assert_allclose(ends[1][[0, -1]], [1, 0], atol=1e-15)


WHOLE: dict[str, Any] = {
    "slice": lambda n, x: np.outer(x, x)[:n, 1 : n + 1],
    "arange": lambda n, x: np.arange(n) * x[: int(n)],
    "arange of limits": lambda n, x: np.arange(n, 0, -1) * x[: int(n)],
    "arange of half steps": lambda n, x: np.arange(0, n, 0.5)[:2] * x[:2],
    "eye": lambda n, x: np.eye(n) @ x[: int(n)],
    "tri": lambda n, x: np.tri(5, k=n) @ x,
    "tril_indices": lambda n, x: np.outer(x, x)[np.tril_indices(n)],
    "indices": lambda n, x: np.indices((n,))[0] * x[: int(n)],
    "zeros": lambda n, x: np.zeros((n, 2)) + x[0],
    "full": lambda n, x: np.full((n, 2), x[0], like=x),
    "hanning": lambda n, x: np.hanning(n) * x[: int(n)],
    "kaiser": lambda n, x: np.kaiser(n, 14.0) * x[: int(n)],
    "linspace": lambda n, x: np.linspace(x[0], x[1], n),
    "array": lambda n, x: np.array([n, 1]) * x[:2],
    "vander": lambda n, x: np.vander(x, n),
    "tile": lambda n, x: np.tile(x, (n, 2)),
    "resize": lambda n, x: np.resize(x, (n, 4)),
    "broadcast_to": lambda n, x: np.broadcast_to(x, (n, 5)),
    "repeat": lambda n, x: np.repeat(x, n),
    "pad": lambda n, x: np.pad(x, (n, 1), "edge"),
    "diag": lambda n, x: np.diag(x, n),
    "partition": lambda n, x: np.partition(x, n)[n],
    "insert": lambda n, x: np.insert(x, n, x[0]),
    "delete": lambda n, x: np.delete(x, n) ** 2,
    "split": lambda n, x: np.split(x, [n, 4])[0] ** 2,
    "bincount": lambda n, x: np.bincount([0, 1, 2, 2, 1], x, minlength=n) ** 2,
    "histogram": lambda n, x: np.histogram(x, n, weights=x)[0] ** 2,
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_of_a_recording_are_decisions(name: str) -> None:
    f = lambda n, x: np.sum(WHOLE[name](n, x))  # noqa: E731
    x = np.array([1.0, 2.5, 3.0, 4.0, 5.5])
    compiled = bb.compile(bb.grad(f, argnums=1))
    for n in (3, 2, 3):
        np.testing.assert_allclose(compiled(n, x), bb.grad(f, argnums=1)(n, x), atol=1e-12)


def test_numbers_that_vary_continuously_are_no_decisions() -> None:
    with pytest.raises(bb.LostDerivativeError):
        bb.compile(lambda s: np.arange(s))(2.5)


@pytest.mark.parametrize("order", ["C", "F"])
def test_positions_and_indices(order: Any) -> None:
    """Of a batch, each its own."""
    places = np.array([0, 5, 11])
    got = bb.vmap(lambda i: np.stack(np.unravel_index(i, (3, 4), order)))(places)
    np.testing.assert_array_equal(got, np.stack(np.unravel_index(places, (3, 4), order), axis=1))
    back = bb.vmap(lambda i: np.ravel_multi_index((i[0], i[1]), (3, 4), order=order))(got)
    np.testing.assert_array_equal(back, places)
    wrapped = bb.vmap(lambda i: np.ravel_multi_index((i, i), (3, 4), ("wrap", "clip"), order))(places)
    np.testing.assert_array_equal(wrapped, np.ravel_multi_index((places, places), (3, 4), ("wrap", "clip"), order))


FILLED: dict[str, Any] = {
    "a list": lambda v: np.full_like(v, [1, 2, 3]),
    "an array": lambda v: np.full_like(v, np.array([1.5, 2, 3])),
    "a column": lambda v: np.full_like(v, [[1], [2], [3]]),
    "in another order": lambda v: np.full_like(v, [1, 2, 3], order="F", dtype=int),
    "of another shape": lambda v: np.full_like(v, [1.5, 2], shape=(3, 2)),
}


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("name", FILLED)
def test_filled_with_several_numbers(name: str, order: Any) -> None:
    """Broadcast against the axes as they are, whatever the array's order in memory."""
    f, x = FILLED[name], np.ones((3, 3), order=order)
    want = f(x)
    for got in (f(bb.Variable(x)).data, bb.vmap(f)(np.stack([x, x]))[1], bb.compile(f)(x)):
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got, want)
    assert f(bb.Variable(x)).data.flags.f_contiguous == want.flags.f_contiguous
    with pytest.raises(ValueError, match="broadcast"):
        np.full_like(bb.Variable(x), [1, 2])


def test_what_was_filled_can_hold_traced_values() -> None:
    def f(x: Any) -> Any:
        y = np.full_like(x, [1, 2, 3])
        y[1] = x[1] ** 2
        return y * x

    check(f, np.array([0.5, 2.0, -1.5]))
