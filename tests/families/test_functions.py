"""Functions that call the user's: along an axis, over axes, piece by piece."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.families.agreement import check, check_first, check_second, sample

X, T = sample(3, 4), sample(2, 3, 4, seed=1)

CALLS: dict[str, Any] = {
    "sums": lambda x, t: np.apply_along_axis(np.sum, 0, x) * t,
    "lines": lambda x, t: np.apply_along_axis(lambda a: a / np.sum(a * a), 1, x) * t,
    "matrices": lambda x, t: np.apply_along_axis(lambda a: np.outer(a, a[:2]), 1, t),
    "arguments": lambda x, t: np.apply_along_axis(lambda a, b, c=1: a[0] * b + c * a, axis=-1, arr=t, b=2.0, c=3.0),
    "sorted": lambda x, t: np.apply_along_axis(np.sort, -1, x) * t,
    "over axes": lambda x, t: np.apply_over_axes(np.sum, t * x, [0, 2]),
    "over the last axis": lambda x, t: np.apply_over_axes(np.mean, t * x, -1),
    "running": lambda x, t: np.apply_over_axes(np.cumsum, t * x, (0, 1)),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls(name: str) -> None:
    check(CALLS[name], X, T)


PIECES: dict[str, Any] = {
    "two": lambda x: np.piecewise(x, [x < 0, x >= 0], [np.exp, lambda a: a * a]),
    "otherwise": lambda x: np.piecewise(x, [x < -1, x > 1], [-1.0, lambda a: a**3, np.sin]),
    "arguments": lambda x: np.piecewise(x, [x < 0], [lambda a, k: a * k, lambda a, k: k + 0 * a], 3.0),
    "one condition": lambda x: np.piecewise(x[0], x[0] < 0, [np.sin, 2.0]),
    "last of several": lambda x: np.piecewise(x, [x < 1, x < 0], [np.sin, np.cos]),
    "number": lambda x: np.piecewise(x[0, 0], [x[0, 0] < 0, x[0, 0] >= 0], [np.sin, np.cos]),
    "outside of its domain": lambda x: np.piecewise(x, [x > 0], [np.log, lambda a: -a]),
}


@pytest.mark.parametrize("name", PIECES)
def test_pieces(name: str) -> None:
    f = PIECES[name]
    check_first(f, X)
    check_second(f, X)
    stacked = np.stack([X, 0.9 * X[::-1]])
    np.testing.assert_allclose(bb.vmap(f)(stacked), [f(x) for x in stacked])
    gradient = bb.grad(lambda x: np.sum(f(x) ** 2))
    np.testing.assert_allclose(bb.vmap(gradient)(stacked), [gradient(x) for x in stacked], rtol=1e-12)
    np.testing.assert_allclose(bb.compile(bb.vmap(gradient))(stacked), bb.vmap(gradient)(stacked), rtol=1e-10)
    compiled = bb.compile(gradient)
    for x in stacked:
        np.testing.assert_allclose(compiled(x), gradient(x), rtol=1e-10)


def test_a_piece_may_look_at_all_of_its_entries() -> None:
    check_first(lambda x: np.piecewise(x, [x > 0], [lambda a: a - np.mean(a), np.sin]), X)


ARRAYS: dict[str, Any] = {
    "an array": lambda x: np.piecewise(x, [x > np.median(x)], [np.array([10.0, 20, 30]), -1.0]),
    "of x": lambda x: np.piecewise(x, [x > np.median(x)], [2 * np.ravel(x)[:3], 0]),
    "a list": lambda x: np.piecewise(x, [x > np.median(x)], [[10.0, 20, 30], lambda a: a * a]),
    "one entry": lambda x: np.piecewise(x, [x < 0], [np.array([10.0]), np.sin]),
    "rows": lambda x: np.piecewise(x, [x[:, 0] > x[1, 0]], [7.0, np.sin]),
    "function of rows": lambda x: np.piecewise(x, [x[:, 0] > x[1, 0]], [lambda a: a**3, 1.0]),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_a_piece_may_have_a_number_for_each_of_its_entries(name: str) -> None:
    f, x = ARRAYS[name], X.ravel()[:6].reshape(3, 2)
    check_first(f, x)
    stacked = np.stack([x, x[::-1], np.roll(x, 1)])
    np.testing.assert_allclose(bb.vmap(f)(stacked), [f(x) for x in stacked])


def test_pieces_of_no_entries() -> None:
    f = ARRAYS["one entry"]
    assert bb.vmap(f)(np.zeros((3, 0))).shape == (3, 0)
    assert bb.vmap(PIECES["two"])(np.zeros((3, 0))).shape == (3, 0)


def test_what_these_refuse() -> None:
    for x in (np.ravel(X), bb.Variable(np.ravel(X))):
        with pytest.raises(ValueError, match="cannot assign 12 input values"):
            np.piecewise(x, [x > 1], [x, 0])
    with pytest.raises(ValueError, match="functions are expected"):
        bb.grad(lambda x: np.sum(np.piecewise(x, [x > 0], [1, 2, 3])))(X)
    with pytest.raises(ValueError, match="an array of the correct shape"):
        bb.grad(lambda x: np.sum(np.apply_over_axes(lambda a, i: np.sum(a), x, [0])))(X)
