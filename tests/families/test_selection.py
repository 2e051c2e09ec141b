"""Choosing entries: by conditions, by bounds, by order, by index; and writing to chosen entries in place."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.families.agreement import check, check_first, sample

X = sample(2, 3, 4)
Y = 0.83 * sample(2, 3, 4, seed=1)
V = sample(6, seed=2)
MASK = np.arange(24).reshape(2, 3, 4) % 3 != 1

SELECTIONS: dict[str, Any] = {
    "where": lambda x, y: np.where(MASK, x, y),
    "where computed": lambda x, y: np.where(x > y, x * y, x + y),
    "where broadcast": lambda x, y: np.where(MASK[:, :1], x[0, 0], y),
    "where number": lambda x, y: np.where(x > 0, x, 0) + np.where(y > 0, 1.5, y),
    "where list": lambda x, y: np.where([True, False, True, True], x, y),
    "where beside a list": lambda x, y: np.where(x > y, [1.0, 2.0, 3.0, 4.0], x * y),
    "nonzero": lambda x, y: x[np.where(MASK)] * y[np.nonzero(MASK)],
    "clip": lambda x, y: np.clip(x, -0.5, 1) * y,
    "clip by arrays": lambda x, y: np.clip(x, y - 0.4, y + 0.3),
    "clip, the method of a plain array": lambda x, y: MASK.astype(float).clip(x, np.maximum(x, y) + 0.1),
    "clip below": lambda x, y: np.clip(x, 0.1, None) + np.clip(y, None, 0.1),
    "sort": lambda x, y: np.sort(x) * y,
    "sort axis": lambda x, y: np.sort(x, axis=0, kind="stable") * y,
    "sort flat": lambda x, y: np.sort(x + 0.01 * x * y, axis=None),
    "sort stable": lambda x, y: np.sort(x, axis=1, stable=True) * y,
    "argsort": lambda x, y: np.take_along_axis(x, np.argsort(y, axis=1), axis=1),
    "take": lambda x, y: np.take(x, [0, 3, 3, -1]) * y[0, 0],
    "take axis": lambda x, y: np.take(x * y, [[2, 0], [1, 1]], axis=1),
    "take one": lambda x, y: np.take(x * y, 2, axis=-1),
    "take wrap": lambda x, y: np.take(x * y, [5, -7, 2], axis=2, mode="wrap"),
    "take clip": lambda x, y: np.take(x * y, [5, -7, 2], axis=1, mode="clip"),
    "take_along_axis": lambda x, y: np.take_along_axis(x * y, np.array([[[1, 1, 0, 2]]]), axis=1),
    "take_along_axis flat": lambda x, y: np.take_along_axis(x * y, np.array([3, 3, 20]), axis=None),
    "compress": lambda x, y: np.compress([True, False, True], x * y, axis=1),
    "compress flat": lambda x, y: np.compress([True, False, True], x * y),
    "extract": lambda x, y: np.extract(MASK, x * y),
    "choose": lambda x, y: np.choose(MASK.astype(int), [x, y]),
    "choose broadcast": lambda x, y: np.choose([0, 2, 1, 0], (x, y[0, 0], 1.5)),
    "choose wrap": lambda x, y: np.choose(MASK.astype(int) + 3, [x, y], mode="wrap"),
    "select": lambda x, y: np.select([x > 1, y > 0], [x * x, y], default=x * y),
    "select number": lambda x, y: np.select([x > 1, x > -1], [x * y, y]),
    "nan_to_num": lambda x, y: np.nan_to_num(x) * y,
}


@pytest.mark.parametrize("name", SELECTIONS)
def test_selection(name: str) -> None:
    batch = not name.startswith(("where computed", "sort flat"))
    check(SELECTIONS[name], X, Y, batch=batch)


@pytest.mark.parametrize("name", ["where computed", "sort flat", "sort axis"])
def test_batches_decide_for_themselves(name: str) -> None:
    f = SELECTIONS[name]
    xs, ys = np.stack([X, -Y, X * Y]), np.stack([Y, X, X - Y])
    np.testing.assert_allclose(bb.vmap(f)(xs, ys), np.stack([f(x, y) for x, y in zip(xs, ys, strict=True)]))
    gradient = bb.grad(lambda x, y: np.sum(f(x, y) ** 2 * np.arange(f(X, Y).size).reshape(f(X, Y).shape)))
    expected = np.stack([gradient(x, y) for x, y in zip(xs, ys, strict=True)])
    np.testing.assert_allclose(bb.vmap(gradient)(xs, ys), expected)


def test_branch_not_taken_does_no_harm() -> None:
    x = np.array([-1.0, 0.0, 4.0])
    with np.errstate(invalid="ignore", divide="ignore"):
        gradient = bb.grad(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0)))(x)
        np.testing.assert_array_equal(gradient, [0, 0, 0.25])
        gradient = bb.grad(lambda x: np.sum(np.where(x > 0, np.log(x), x)))(x)
        np.testing.assert_array_equal(gradient, [1, 1, 0.25])


def test_condition_may_be_traced() -> None:
    x = np.array([0.0, 2.0, -1.0])
    np.testing.assert_array_equal(bb.grad(lambda x: np.sum(np.where(x, 3 * x, x)))(x), [1, 3, 3])
    assert [list(i) for i in np.where(bb.Variable(x))] == [[1, 2]]
    with pytest.raises(ValueError, match="both or neither"):
        np.where(bb.Variable(x) > 0, bb.Variable(x))


def test_float32_beside_a_number() -> None:
    x = bb.Variable(V.astype(np.float32))
    for y in (
        np.where(x > 0, x, 0.0),
        np.clip(x, -0.5, 0.5),
        np.select([x > 0], [x]),
        np.nan_to_num(x),
        np.round(x, 1),
    ):
        assert y.dtype == np.float32
        np.sum(y).backward()
    assert x.grad.dtype == np.float32


def test_clip_at_and_between_the_bounds() -> None:
    x = np.array([-2.0, -1.0, 0.5, 1.0, 3.0])
    np.testing.assert_array_equal(bb.grad(lambda x: np.sum(np.clip(x, -1, 1)))(x), [0, 0.5, 1, 0.5, 0])
    np.testing.assert_array_equal(bb.grad(lambda b: np.sum(np.clip(x, b, 1)))(np.float64(-1)), 1.5)
    if np.lib.NumpyVersion(np.__version__) >= "2.1.0":
        check_first(lambda x: np.clip(x, min=-0.7, max=0.7), V)
        with pytest.raises(ValueError, match="forbidden"):
            np.clip(bb.Variable(V), 0, 1, max=2)
    check_first(lambda x: np.clip(x, None, 0.3), V)
    np.testing.assert_array_equal(np.clip(bb.Variable(V), 1, -1).data, np.clip(V, 1, -1))


def test_sort_is_a_permutation() -> None:
    x = np.array([3.0, 1.0, 2.0])
    np.testing.assert_array_equal(bb.jacrev(np.sort)(x), [[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    np.testing.assert_array_equal(bb.jacfwd(np.sort)(x), [[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    ties = np.array([2.0, 1.0, 2.0, 1.0])
    jacobian = bb.jacrev(lambda x: np.sort(x, kind="stable"))(ties)
    np.testing.assert_array_equal(jacobian, [[0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 1, 0]])
    spoiled = np.array([np.nan, 1.0, -np.inf])
    np.testing.assert_array_equal(np.sort(bb.Variable(spoiled)).data, [-np.inf, 1, np.nan])
    assert bb.vjp(np.sort, np.zeros((0,)))[1](np.zeros(0))[0].shape == (0,)


def test_partition_sorts_the_kth() -> None:
    y, pullback = bb.vjp(lambda x: np.partition(x, 2)[2], V)
    assert y == np.sort(V)[2]
    np.testing.assert_array_equal(pullback(1.0)[0], np.equal(V, y))
    y, pullback = bb.vjp(lambda x: np.partition(x, (1, 2), axis=0)[1:3], X[:, :, 0].repeat(2, 0))
    np.testing.assert_array_equal(y, np.partition(X[:, :, 0].repeat(2, 0), (1, 2), axis=0)[1:3])
    np.testing.assert_array_equal(pullback(np.ones((2, 3)))[0].sum(0), [2, 2, 2])


def test_take_adds_up_where_an_index_repeats() -> None:
    gradient = bb.grad(lambda x: np.sum(np.take(x, [1, 1, 4]) * np.array([1.0, 2.0, 4.0])))(V)
    np.testing.assert_array_equal(gradient, [0, 3, 0, 0, 4, 0])
    with pytest.raises(IndexError):
        np.take(bb.Variable(V), 6)


def test_indices_that_differ_along_a_batch() -> None:
    x, places = sample(3, 5), np.array([[0, 1], [2, 2], [4, 0]])
    for f in (
        np.take,
        lambda x, i: np.take_along_axis(x, i, 0),
        lambda x, i: np.choose(i % 2, [x[:2], x[2:4]]),
        lambda x, i: np.take(x, i + 3, mode="clip"),
        lambda x, i: np.take(np.stack([x, x * x], axis=1), i[:, None], axis=0),
    ):
        expected = np.stack([f(row, i) for row, i in zip(x, places, strict=True)])
        np.testing.assert_array_equal(bb.vmap(f)(x, places), expected)
        gradient = bb.grad(lambda x, i, f=f: np.sum(f(x, i) ** 3))
        expected = np.stack([gradient(row, i) for row, i in zip(x, places, strict=True)])
        np.testing.assert_allclose(bb.vmap(gradient)(x, places), expected, rtol=1e-13)


def test_places_in_what_a_sorter_sorts() -> None:
    rows = np.array([[3.0, 1.0, 2.0], [1.0, 5.0, 4.0]])
    for places in (
        lambda x: np.searchsorted(x, np.array([1.5, 2.0, 9.0]), side="right", sorter=np.argsort(x)),
        lambda x: x.searchsorted(2.0, sorter=np.argsort(x)),
    ):
        expected = [places(x) for x in rows]
        np.testing.assert_array_equal(bb.vmap(places)(rows), expected)
        np.testing.assert_array_equal([bb.compile(places)(x) for x in rows], expected)
        np.testing.assert_array_equal([places(bb.Variable(x)) for x in rows], expected)
    with pytest.raises(ValueError, match="sorter.size"):
        np.searchsorted(bb.Variable(rows[0]), 2.0, sorter=np.arange(2))


def test_arrays_by_keyword_behind_others_that_were_not_given() -> None:
    x, tolerance = np.array([1.0, 2.0, 3.0]), np.array([0.05, 0.2, 0.2])
    expected = np.isclose(x, x + 0.1, atol=tolerance, rtol=0)
    assert list(expected) == [False, True, True]
    close = lambda x, t: np.isclose(x, x + 0.1 + 0 * t, atol=t)  # noqa: E731  by default rtol is 1e-5
    np.testing.assert_array_equal(close(bb.Variable(x), bb.Variable(tolerance)), expected)
    np.testing.assert_array_equal(bb.vmap(close)(x, tolerance), expected)


def test_masks_that_are_variables() -> None:
    x, mask = np.arange(3.0), np.array([True, False, True])
    y, pullback = bb.vjp(lambda x: x[bb.Variable(mask)], x)
    np.testing.assert_array_equal(y, x[mask])
    np.testing.assert_array_equal(pullback(np.array([2.0, 3.0]))[0], [2.0, 0.0, 3.0])
    variable = bb.Variable(mask)
    assert np.tril(variable[:, None]).dtype == np.diff(variable).dtype == bool
    np.testing.assert_array_equal(np.diff(variable), [True, True])


def test_nan_to_num_has_derivative_zero_where_it_replaces() -> None:
    x = np.array([1.0, np.nan, np.inf, -np.inf])
    y, pullback = bb.vjp(lambda x: np.nan_to_num(x, nan=7.0, posinf=8.0), x)
    np.testing.assert_array_equal(y, [1, 7, 8, np.finfo(float).min])
    np.testing.assert_array_equal(pullback(np.ones(4))[0], [1, 0, 0, 0])
    z = np.array([complex(1, np.nan), 2j])
    y, pullback = bb.vjp(np.nan_to_num, z)
    np.testing.assert_array_equal(y, [1, 2j])
    np.testing.assert_array_equal(pullback(np.array([1 + 1j, 1]))[0], [1, 1])
    v = bb.Variable(x) * 1
    assert np.nan_to_num(v, copy=False) is v
    assert np.all(np.isfinite(v))


ROUNDED = {
    "round": np.round, "around": np.around, "fix": np.fix, "decimals": lambda x: np.round(x, 1),
    "tens": lambda x: np.round(x * 100, -1),
}  # fmt: skip


@pytest.mark.parametrize("name", ROUNDED)
def test_rounding_goes_in_steps(name: str) -> None:
    y, pullback = bb.vjp(ROUNDED[name], V)
    np.testing.assert_array_equal(y, ROUNDED[name](V))
    np.testing.assert_array_equal(pullback(np.ones(6))[0], 0)
    np.testing.assert_array_equal(bb.jvp(ROUNDED[name], (V,), (V,))[1], 0)


def test_rounding_of_complex_and_integers() -> None:
    z = V + 1j * V[::-1]
    np.testing.assert_array_equal(np.round(bb.Variable(z), 1).data, np.round(z, 1))
    k = np.array([12, 37])
    assert np.round(bb.Variable(k), -1).dtype == k.dtype
    np.testing.assert_array_equal(np.round(bb.Variable(k), -1).data, np.round(k, -1))


def written(write: Any) -> Any:
    """The array after writing values to it in place."""

    def f(x: Any, v: Any) -> Any:
        a = x * 1.0
        write(a, v)
        return a

    return f


WRITES: dict[str, Any] = {
    "copyto": lambda a, v: np.copyto(a, v[:4]),
    "copyto where": lambda a, v: np.copyto(a, v[:4], where=MASK),
    "put": lambda a, v: np.put(a, [3, 0, -1], v[:3]),
    "put repeated values": lambda a, v: np.put(a, [3, 0, 7, 8, 9], v[:2]),
    "put repeated places": lambda a, v: np.put(a, [3, 3, 7], v[:3]),
    "put wrap": lambda a, v: np.put(a, [30, -40], v, mode="wrap"),
    "put clip": lambda a, v: np.put(a, [30, -40, 5], v, mode="clip"),
    "place": lambda a, v: np.place(a, MASK, v),
    "putmask": lambda a, v: np.putmask(a, MASK, v),
    "put_along_axis": lambda a, v: np.put_along_axis(a, np.array([[[1, 2, 0, 1]]]), v[:4], axis=1),
    "put_along_axis flat": lambda a, v: np.put_along_axis(a, np.array([5, 1]), v[:2], axis=None),
}


@pytest.mark.parametrize("name", WRITES)
def test_writing_in_place(name: str) -> None:
    check(written(WRITES[name]), X, V)


@pytest.mark.parametrize("name", WRITES)
def test_writing_to_a_plain_array_would_lose_the_derivative(name: str) -> None:
    with pytest.raises(bb.LostDerivativeError, match="plain ndarray"):
        WRITES[name](X.copy(), bb.Variable(V))


def test_writing_reaches_views_and_bases() -> None:
    def f(x: Any, v: Any) -> Any:
        a = x * 1.0
        row = a[1]
        np.put(row, [0, 5], v[:2])
        np.copyto(a[0, 0], v[:4])
        return a * row[0, 0]

    check(f, X, V)


def test_writing_complains() -> None:
    a = bb.Variable(V) * 1
    with pytest.raises(IndexError, match="out of bounds"):
        np.put(a, [6], 1.0)
    with pytest.raises(TypeError, match="cannot cast"):
        np.copyto(a, np.array(1j))
    with pytest.raises(ValueError, match="empty"):
        np.place(a, a > -9, [])


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64])
def test_whole_numbers_are_rounded_and_clipped_without_wrapping(dtype: Any) -> None:
    x = np.array([5, 120, 3], dtype)
    calls: list[Any] = [
        lambda x: np.round(x, 2), lambda x: x.round(1), lambda x: np.clip(x, -1000, 4), lambda x: np.clip(x, 4, 2**70),
    ]  # fmt: skip
    for f in calls if dtype != np.int64 else calls[:3]:
        expected = f(x)
        for found in (f(bb.Variable(x)).data, bb.compile(f)(x), bb.vmap(f)(np.stack([x, x]))[1]):
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected)
    large = np.array([10**18 + 1])
    assert np.round(bb.Variable(large), 2).data == large
    assert bb.vjp(lambda x: np.round(x, np.int8(3)), 1.23456)[0] == 1.235


def test_numbers_for_nan_are_of_numpys_class() -> None:
    assert type(bb.vjp(np.nan_to_num, np.float64(2.0))[0]) is np.float64


COPIES: dict[str, Any] = {
    "leading axis of length 1": lambda y, x: np.copyto(y, x[None] * 2, where=y > 0),
    "two of them": lambda y, x: np.copyto(y, x[None, None] * 2, where=True),
    "and one entry": lambda y, x: np.copyto(y, x[None, :1], where=y > 0),
}


@pytest.mark.parametrize("name", COPIES)
def test_copyto_leaves_out_leading_axes(name: str) -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        COPIES[name](y, x)
        return y * 3.0

    check(f, np.array([-1.0, 0.5, 2.0, 3.0]))
    with pytest.raises(ValueError, match=r"shape \(2, ?4\)"):
        bb.vjp(lambda x: np.copyto(x * 1.0, np.stack([x, x]), where=True), np.ones(4))
    with pytest.raises(ValueError, match=r"shape \(2, ?4\)"):
        bb.vjp(lambda x: np.copyto(x * 1.0, np.stack([x, x]), where=x > 0), np.ones(4))


STORED: dict[str, Any] = {
    "place": lambda n, x: np.place(n, [True, False, True], x),
    "putmask": lambda n, x: np.putmask(n, [True, False, True], x),
    "at": lambda n, x: np.multiply.at(n, [0, 0, 2], x),
}


@pytest.mark.parametrize("name", STORED)
def test_what_an_array_cannot_hold_is_not_stored(name: str) -> None:
    """In a program NumPy decides: it raises, or stores a part."""

    def f(n: Any, x: Any) -> Any:
        y = n * 1
        STORED[name](y, x)
        return y

    for n, x in ((np.array([1, 2, 3]), np.array([0.5, 2.5, 3.0])), (np.ones(3), np.ones(3) * (1 + 2j))):
        with pytest.raises(bb.NoDerivativeError, match=r"np\.where|wide enough"):
            bb.vmap(f)(np.stack([n, n]), np.stack([x, x]))
        with warnings.catch_warnings(action="ignore"):
            if name == "at":
                np.testing.assert_array_equal(bb.compile(f)(n, x), f(n, x))
            else:
                with pytest.raises(TypeError, match="according to the rule 'safe'"):
                    bb.compile(f)(n, x)


def test_entries_into_an_array_of_another_dtype() -> None:
    """NumPy asks for a cast from out= to the array, and casts back."""
    x, wide = np.arange(3, dtype=np.float32), np.arange(3.0)
    for f in (
        lambda x, out: np.take(x, [2, 0], out=out),
        lambda x, out: np.compress([True, False, True], x, out=out),
    ):
        with pytest.raises(TypeError, match="safe"):
            f(x, np.zeros(2))
        with pytest.raises(TypeError, match="safe"):
            bb.vjp(lambda x, f=f: f(x, np.zeros_like(x, shape=2, dtype=float)), x)
        got = bb.vjp(lambda x, f=f: f(x, np.zeros_like(x, shape=2, dtype=np.float32)), wide)[0]
        np.testing.assert_array_equal(got, f(wide, np.zeros(2, np.float32)))
        assert got.dtype == np.float32


@pytest.mark.parametrize("dtype", "DF")
def test_complex_parts_are_rounded_and_replaced_each_by_itself(dtype: str) -> None:
    """An infinite part leaves the other one, and zeros keep their signs; as NumPy has it."""
    nan, inf = np.nan, np.inf
    parts = [(1.0, inf), (0.0, nan), (-0.4, -0.4), (-inf, -0.3), (nan, inf), (2.345, -1.005), (-0.0, 0.0), (3.0, -0.0)]
    z = np.array([complex(*part) for part in parts], dtype).reshape(2, 4, order="F")
    for f in (
        np.round,
        lambda z: np.round(z, 2),
        lambda z: np.round(z, -1),
        np.nan_to_num,
        lambda z: np.nan_to_num(z, nan=1.0, posinf=3.0),
    ):
        want = f(z)
        for y in (bb.jvp(f, (z,), (z,))[0], bb.vjp(f, z)[0], bb.vmap(f)(z), bb.compile(f)(z)):
            assert y.dtype == want.dtype
            for got, part in ((y.real, want.real), (y.imag, want.imag)):
                np.testing.assert_array_equal(got, part)
                known = ~np.isnan(part)
                np.testing.assert_array_equal(np.signbit(got[known]), np.signbit(part[known]))
    assert bb.jvp(np.round, (z,), (z,))[0].flags.f_contiguous  # as it lies


def test_correlations_and_jacobians_of_infinite_parts() -> None:
    c = np.array([[1, 2j, np.inf], [3, 1j, 2]])
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(bb.vjp(np.corrcoef, c)[0], np.corrcoef(c))
        jacobian = bb.jacrev(lambda x: 1j * np.sqrt(x))(np.zeros(1))
    assert jacobian[0, 0].real == 0
    assert jacobian[0, 0].imag == np.inf
