"""Sets: the entries without repetitions, and what two arrays share."""

from __future__ import annotations

from inspect import signature
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.families.agreement import check_first, check_second, sample

V, W = sample(5), sample(4, seed=1)


def twice(v: Any) -> Any:
    return np.concatenate([v, v[:2]])


VALUES: dict[str, Any] = {
    "unique": lambda v, w: np.unique(twice(v * v * v)) * w[0],
    "unique of a matrix": lambda v, w: np.unique(np.outer(v, w)),
    "unique rows": lambda v, w: np.unique(np.stack([v, v * v, v]), axis=0) * w[0],
    "unique columns": lambda v, w: np.unique(np.stack([w, w * w, w], axis=1), axis=1, return_index=True)[0] * v[0],
    "unique_all": lambda v, w: np.unique_all(twice(v)).values * w[0],
    "unique_values": lambda v, w: np.unique_values(twice(v)) * w[0],
    "unique_counts": lambda v, w: np.unique_counts(twice(v)).values * np.unique_counts(twice(v)).counts * w[0],
    "unique_inverse": lambda v, w: np.unique_inverse(twice(v)).values * w[0],
    "intersect1d": lambda v, w: np.intersect1d(v, np.concatenate([v[:3], w])),
    "union1d": lambda v, w: np.union1d(v, np.concatenate([v[:3], w])),
    "setdiff1d": lambda v, w: np.setdiff1d(v, np.concatenate([v[:3], w])),
    "setdiff1d as it is": lambda v, w: np.setdiff1d(v, v[:3], assume_unique=True) * w[0],
    "setxor1d": lambda v, w: np.setxor1d(v, np.concatenate([v[:3], w])),
    "trim_zeros": lambda v, w: np.trim_zeros(np.concatenate([[0.0], v, [0.0], w, [0.0, 0.0]])),
    "trim_zeros in front": lambda v, w: np.trim_zeros(np.pad(v * w[0], 2), "f"),
    "trim_zeros of a matrix": lambda v, w: np.trim_zeros(np.pad(np.outer(v, w), 2), axis=1),
}


@pytest.mark.parametrize("name", VALUES)
def test_values(name: str) -> None:
    if name == "trim_zeros of a matrix" and "axis" not in signature(np.trim_zeros).parameters:
        pytest.skip("this NumPy trims vectors only")
    f = VALUES[name]
    check_first(f, V, W)
    check_second(f, V, W)


INDICES: dict[str, Any] = {
    "of all": lambda v: np.unique(twice(v), return_index=True, return_inverse=True, return_counts=True),
    "of a matrix": lambda v: np.unique(np.outer(v, v), return_inverse=True),
    "of rows": lambda v: np.unique(np.stack([v, -v, v]), True, True, True, axis=0),
    "of nan": lambda v: np.unique(np.concatenate([v, [np.nan, np.nan]]), return_counts=True),
    "of each nan": lambda v: np.unique(np.concatenate([v, [np.nan, np.nan]]), return_counts=True, equal_nan=False),
    "shared": lambda v: np.intersect1d(twice(v), v[1:], return_indices=True),
    "shared as they are": lambda v: np.intersect1d(v, v[1:][::-1], assume_unique=True, return_indices=True),
}


@pytest.mark.parametrize("name", INDICES)
def test_indices_are_plain(name: str) -> None:
    seen: list[Any] = []

    def f(v: Any) -> Any:
        seen.extend(INDICES[name](v))
        return np.sum(v)

    bb.grad(f)(V)
    for got, want in zip(seen, INDICES[name](V), strict=True):
        np.testing.assert_array_equal(getattr(got, "data", got) if got is seen[0] else got, want)
        assert got is seen[0] or isinstance(got, np.ndarray)


def test_equal_entries_have_the_derivative_of_the_first() -> None:
    gradient = bb.grad(lambda v: np.sum(np.unique(v) * [1.0, 10.0]))(np.array([2.0, 1.0, 2.0, 1.0]))
    np.testing.assert_array_equal(gradient, [10, 1, 0, 0])


def test_inside_vmap_the_kept_places_are_the_same() -> None:
    stacked = np.stack([V, -V])
    np.testing.assert_array_equal(bb.vmap(np.unique)(stacked), np.sort(stacked))
    with pytest.raises(bb.DerivativeValueError, match=r"inside vmap np\.unique would keep other places"):
        bb.vmap(np.unique)(np.array([[1.0, 1.0, 2.0], [1.0, 2.0, 2.0]]))
    with pytest.raises(bb.DerivativeValueError, match=r"inside vmap np\.trim_zeros would keep other places"):
        bb.vmap(np.trim_zeros)(np.array([[0.0, 1.0], [1.0, 0.0]]))


def test_compiled_sets_change_their_size() -> None:
    f = lambda v: np.sum(np.unique(v) ** 2) + np.sum(np.trim_zeros(v) ** 3)  # noqa: E731
    compiled = bb.compile(bb.grad(f))
    for v in (np.array([1.0, 2.0, 1.0, 0.0]), np.array([3.0, 2.0, 1.0, 0.5]), np.array([0.0, 2.0, 2.0, 2.0])):
        np.testing.assert_allclose(compiled(v), bb.grad(f)(v))


@pytest.mark.parametrize("dtype", ["i8", "u1", "i4", "D", "F", "d", "?"])
def test_different_entries_lie_as_numpy_leaves_them(dtype: str) -> None:
    """Since 2.3 in the order of a table of hashes, where it has one for the dtype."""
    x = np.array([30, 7, 7, 2, 120, 5, 0, 30], "i8").astype(dtype)
    if x.dtype.kind == "c":
        x = x + np.array([0, 1j, 1j, 2, 0, -3j, 1, 0], x.dtype)
    expected = np.unique_values(x)
    np.testing.assert_array_equal(np.unique_values(bb.Variable(x)).data, expected)
    np.testing.assert_array_equal(bb.compile(np.unique_values)(x), expected)
    np.testing.assert_array_equal(bb.vmap(np.unique_values)(np.stack([x, x])), [expected, expected])
    if x.dtype.kind == "c":
        weights = np.arange(1.0, expected.size + 1)
        _, pullback = bb.vjp(lambda x: np.unique_values(x) * weights, x)
        first = [int(np.flatnonzero(x == value)[0]) for value in expected]
        np.testing.assert_array_equal(pullback(np.ones_like(expected))[0][first], weights)
    if "sorted" in signature(np.unique).parameters:
        np.testing.assert_array_equal(
            np.unique(bb.Variable(x), sorted=False, equal_nan=False).data, np.unique(x, sorted=False, equal_nan=False)
        )
