"""Arrays that a compiled function reads from the code around it: what they hold at each call is what counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb


def matrices(count: int) -> list[Any]:
    random = np.random.default_rng(3)
    return [random.normal(size=(3, 3)) / 2 for _ in range(count)]


def chained(layers: Any) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        for w in layers:
            x = np.tanh(w @ x)
        return np.sum(x)

    return f


@pytest.mark.parametrize("count", [1, 5, 60])
@pytest.mark.parametrize("transform", [lambda f: f, bb.grad], ids=["value", "gradient"])
def test_a_list_of_arrays(count: int, transform: Any) -> None:
    """Also where the loop over them becomes one of the program."""
    layers = matrices(count)
    compiled, plain = bb.compile(transform(chained(layers))), transform(chained(layers))
    x = np.ones(3)
    np.testing.assert_allclose(compiled(x), plain(x), rtol=1e-12)
    for w in layers:
        w *= 1.3
    np.testing.assert_allclose(compiled(x), plain(x), rtol=1e-12)


def test_arrays_that_were_broadcast_with_others() -> None:
    """NumPy warns where it is asked whether they may be written to; what they show may change."""
    row = np.arange(3.0)
    wide, two = np.broadcast_arrays(row, np.full((2, 3), 2.0))[0], np.broadcast_arrays(2.0, np.ones((2, 3)))[0]
    f = bb.compile(bb.grad(lambda x: np.sum(x**2 * wide * two)))
    for _ in range(2):
        np.testing.assert_allclose(f(3.0), 2 * 3.0 * 2 * np.sum(wide))
        row *= 1.5


def test_rows_of_one_array() -> None:
    layers = np.stack(matrices(60))
    compiled, plain = bb.compile(bb.grad(chained(layers))), bb.grad(chained(layers))
    x = np.ones(3)
    compiled(x)
    layers *= 1.3
    np.testing.assert_allclose(compiled(x), plain(x), rtol=1e-12)


def test_arrays_at_equal_distances_in_memory_that_is_not_one_array() -> None:
    """Views of different arrays stay what they are, wherever these happen to lie."""
    layers = [w[:] for w in matrices(40)]
    compiled, plain = bb.compile(chained(layers)), chained(layers)
    x = np.ones(3)
    compiled(x)
    for w in layers:
        w *= 0.7
    np.testing.assert_allclose(compiled(x), plain(x), rtol=1e-12)


def test_arrays_that_the_run_makes() -> None:
    def f(x: Any) -> Any:
        for k in range(40):
            x = np.tanh(x * np.array([1.0, 0.1 * k, 2.0]))
        return np.sum(x)

    x = np.array([0.3, 0.2, 0.1])
    np.testing.assert_allclose(bb.compile(bb.grad(f))(x), bb.grad(f)(x), rtol=1e-12)


def test_complex_numbers_that_differ_in_the_sign_of_a_zero() -> None:
    """They are equal, and lie on two sides of a cut: the second one was the first one."""

    def roots(z: Any) -> Any:
        pairs = [np.sqrt(np.where(np.real(z) > 0, z, number)) for number in (complex(-1.0, 0.0), complex(-1.0, -0.0))]
        return tuple(pairs)

    z = np.array([-1.0 + 1j, 4.0])
    compiled = bb.compile(roots)
    for _ in range(2):
        above, below = compiled(z)
        np.testing.assert_array_equal(above, [1j, 2.0])
        np.testing.assert_array_equal(below, [-1j, 2.0])


X = np.arange(18.0).reshape(9, 2) / 7


@pytest.mark.parametrize("f", [lambda w: X.T @ (X @ w - 1), lambda w: (X @ w, X.T + w[:, None])[1] @ (X @ w)])
def test_an_array_and_its_transpose_are_one(f: Any) -> None:
    """The program reads both in one memory, in every call."""
    compiled, w = bb.compile(f), np.array([1.0, -2.0])
    for factor in (1.0, 1.5):
        X[2] *= factor
        np.testing.assert_allclose(compiled(w), f(w), rtol=1e-13)
    assert "a view of X" not in compiled.explain()  # type: ignore[attr-defined]


def test_an_array_beside_one_that_lies_like_its_transpose(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of the one case is not that of the other, which is recorded with the same calls."""
    monkeypatch.setenv("BIBUN_CACHE_DIR", str(tmp_path))
    x, other = np.array([[1.0, 2.0], [3.0, 4.0]]), np.zeros((4, 2))[::2]

    def product(a: Any, b: Any) -> Any:
        return bb.compile(lambda w: b @ (a @ w))(np.ones(2))

    apart = np.array([[5.0, 6.0], [7.0, 8.0]]).T
    np.testing.assert_array_equal(product(x, x.T), [24.0, 34.0])
    np.testing.assert_array_equal(product(x, apart), [64.0, 74.0])
    np.testing.assert_array_equal(product(other, other.T), [0.0, 0.0])


@pytest.mark.parametrize("field", ["z", "x", "n"])
def test_a_field_of_records_that_are_no_whole_number_of_entries_apart(field: str) -> None:
    records = np.zeros(9, dtype=[("n", "i8"), ("z", "c16"), ("x", "f8"), ("more", "i4")])
    records[field] = np.arange(9)
    compiled = bb.compile(lambda x: records[field] * x)
    for _ in range(2):
        np.testing.assert_array_equal(compiled(np.full(9, 2.0)), 2.0 * np.arange(9))
    records[field] += 1  # it is read at each call
    np.testing.assert_array_equal(compiled(np.full(9, 2.0)), 2.0 * np.arange(1, 10))
