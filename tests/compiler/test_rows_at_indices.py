"""Rows that indices choose: vectors run along them, and the sums have the bits of additions made one after the other."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb

RANDOM = np.random.default_rng(4)
AT = RANDOM.integers(-20, 20, 100)  # many meet, also within any 8 that follow each other
KEYS: dict[str, tuple[tuple[int, ...], Any]] = {
    "row": ((20, 16), AT),
    "short row": ((20, 5), AT),
    "shortest row": ((20, 3), AT),
    "long row": ((20, 37), AT),
    "half full": ((20, 17), AT),
    "of three axes": ((20, 3, 16), AT),
    "two indices": ((20, 20, 9), (AT, AT[::-1])),
    "part": ((20, 30), (AT, slice(3, 20))),
    "strided": ((20, 30), (AT, slice(3, 29, 2))),
    "backwards": ((20, 16), (AT, slice(None, None, -1))),
    "column": ((16, 20), (slice(None), AT)),
    "numbers": ((20,), AT),
    "an index for each entry": ((20, 16), (AT[:, None], np.arange(16) // 2)),
}


def each(key: Any, shape: tuple[int, ...]) -> Any:
    """The places in a flat array, in NumPy's order."""
    return np.arange(np.prod(shape)).reshape(shape)[key].ravel().tolist()


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("name", KEYS)
def test_sums_are_added_one_after_the_other(name: str, kind: Any) -> None:
    shape, key = KEYS[name]
    values = RANDOM.normal(size=np.zeros(shape)[key].shape).astype(kind)

    def total(v: Any) -> Any:
        y = np.zeros(shape, like=v)
        np.add.at(y, key, v * v)
        return y

    expected = np.zeros(int(np.prod(shape)))  # of a sum's dtype, which is that of what it is added to
    for place, number in zip(each(key, shape), (values * values).ravel(), strict=True):
        expected[place] += number
    compiled = bb.compile(total)
    for _ in range(2):
        np.testing.assert_array_equal(compiled(values), expected.reshape(shape))


@pytest.mark.parametrize("kind", [np.float64, np.int64, bool, complex])
@pytest.mark.parametrize("name", KEYS)
def test_the_last_one_stays(name: str, kind: Any) -> None:
    shape, key = KEYS[name]
    values = (10 * RANDOM.normal(size=np.zeros(shape)[key].shape)).astype(kind)

    def put(y: Any, v: Any) -> Any:
        y = y.copy()
        y[key] = np.flip(v, 0)
        return y

    expected = np.ones(int(np.prod(shape)), kind)
    for place, number in zip(each(key, shape), np.flip(values, 0).ravel(), strict=True):
        expected[place] = number
    compiled, ones = bb.compile(put), np.ones(shape, kind)
    for _ in range(2):
        np.testing.assert_array_equal(compiled(ones, values), expected.reshape(shape))


@pytest.mark.parametrize("width", [3, 4, 8, 15, 16, 21, 40])
def test_gradients_of_rows(width: int) -> None:
    """Of sum (t - U[i] . V[j])**2: -2 sum of (t - U[i] . V[j]) V[j] over the places where i is the row."""
    i, j = RANDOM.integers(30, size=200), RANDOM.integers(20, size=200)
    u, v, t = RANDOM.normal(size=(30, width)), RANDOM.normal(size=(20, width)), RANDOM.normal(size=200)
    compiled = bb.compile(bb.value_and_grad(lambda u, v: np.sum((t - np.sum(u[i] * v[j], axis=1)) ** 2)))
    rest = np.array([t[n] - u[i[n]] @ v[j[n]] for n in range(200)])
    slope = np.zeros_like(u)
    for n in range(200):
        slope[i[n]] -= 2 * rest[n] * v[j[n]]
    for _ in range(2):
        value, gradient = compiled(u, v)
        np.testing.assert_allclose(value, rest @ rest, rtol=1e-13)
        np.testing.assert_allclose(gradient, slope, rtol=1e-12, atol=1e-12)


def test_what_is_broadcast_over_rows() -> None:
    weights, rows = RANDOM.normal(size=100), RANDOM.normal(size=16)

    def total(w: Any, r: Any) -> Any:
        y = np.zeros((20, 16), like=w)
        np.add.at(y, AT, np.exp(w)[:, None])
        np.add.at(y, AT, np.exp(r))
        return y

    expected = np.zeros((20, 16))
    for n, place in enumerate(AT):
        expected[place] += np.exp(weights[n])
    for place in AT:
        expected[place] += np.exp(rows)
    compiled = bb.compile(total)
    for _ in range(2):
        np.testing.assert_allclose(compiled(weights, rows), expected, rtol=1e-14)


def test_traced_indices_and_those_out_of_bounds() -> None:
    def total(v: Any, at: Any) -> Any:
        y = np.zeros((20, 16), like=v)
        np.add.at(y, at, v)
        return y + v[at[:20]]

    compiled, values = bb.compile(total), RANDOM.normal(size=(100, 16))
    for at in (AT, AT[::-1].copy()):
        expected = np.zeros((20, 16))
        np.add.at(expected, at, values)
        np.testing.assert_array_equal(compiled(values, at), expected + values[at[:20]])
    wrong = AT.copy()
    wrong[50] = 20
    with pytest.raises(IndexError):
        compiled(values, wrong)


def scattered(shape: tuple[int, ...], key: Any) -> Callable[[Any], Any]:
    def total(v: Any) -> Any:
        y = np.zeros(shape, like=v)
        np.add.at(y, key, np.tanh(v))
        return y

    return total


@pytest.mark.parametrize("name", KEYS)
def test_nothing_dear_is_computed_number_by_number(name: str) -> None:
    shape, key = KEYS[name]
    values = RANDOM.normal(size=np.zeros(shape)[key].shape)
    compiled = bb.compile(scattered(shape, key))
    for _ in range(2):
        np.testing.assert_allclose(compiled(values), scattered(shape, key)(values), rtol=1e-13, atol=1e-14)
    functions = re.findall(r"@bibun\.tanh\.\w+", compiled.llvm())
    assert functions
    assert all(f.startswith("@bibun.tanh.f64x") for f in functions)


def test_full_rows_are_not_stored_before() -> None:
    table = RANDOM.normal(size=(20, 16))
    compiled = bb.compile(bb.grad(lambda e: np.sum(np.tanh(e[AT]))))
    counts = np.bincount(AT % 20, minlength=20)
    np.testing.assert_allclose(compiled(table), counts[:, None] / np.cosh(table) ** 2, rtol=1e-13)
    assert "no temporary arrays" in compiled.explain()


@pytest.mark.parametrize("width", [8, 16, 31])
def test_rows_are_read_as_they_lie(width: int) -> None:
    """Not the first entries of 8 rows, then the second ones, which lie far from each other."""
    table, at = RANDOM.normal(size=(30, width)), RANDOM.integers(-30, 30, 500)
    for f in (lambda t: np.abs(t[at]), *((lambda t: np.sum(t[at] * t[at[::-1]], axis=1),) * (width >= 16))):
        compiled = bb.compile(f)
        for _ in range(2):
            np.testing.assert_allclose(compiled(table), f(table), rtol=1e-13, atol=1e-14)
        assert "llvm.masked.gather" not in compiled.llvm()
