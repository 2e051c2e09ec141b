"""x[i] of a vector, which has a recorder of its own: as x[i:i+1] would have it, plainly, nested, and in a program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb

POINT = np.array([0.7, -1.2, 2.5])


def by_entries(x: Any) -> Any:
    a, b, c = x
    return a * b * x[-1] + np.sin(c) * x[1]


def by_products(x: Any) -> Any:
    """The same without brackets."""
    a, b, c = (x @ np.eye(3)[i] for i in range(3))
    return a * b * c + np.sin(c) * b


@pytest.mark.parametrize("made", [lambda f: f, bb.compile], ids=["plain", "compiled"])
@pytest.mark.parametrize("transform", [bb.grad, bb.hessian, bb.jacfwd, lambda f: bb.grad(lambda x: bb.grad(f)(x)[1])])
def test_derivatives_are_those_without_brackets(made: Any, transform: Any) -> None:
    expected = transform(by_products)(POINT)
    np.testing.assert_allclose(made(transform(by_entries))(POINT), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("key", [3, -4])
@pytest.mark.parametrize("made", [lambda f: f, bb.compile], ids=["plain", "compiled"])
def test_a_place_that_is_not_there_is_numpys_error(made: Any, key: int) -> None:
    with pytest.raises(IndexError, match=f"index {key} is out of bounds for axis 0 with size 3"):
        made(bb.grad(lambda x: x[key]))(POINT)


def test_true_is_no_place() -> None:
    np.testing.assert_array_equal(bb.grad(lambda x: np.sum(x[True] ** 2))(POINT), 2 * POINT)


@pytest.mark.parametrize("made", [lambda f: f, bb.compile], ids=["plain", "compiled"])
def test_an_entry_read_before_a_write_stays_what_it_was(made: Any) -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        before = y[0]
        y[0] = y[1] * y[2]
        return before**2 + 3 * y[0]

    np.testing.assert_allclose(made(bb.grad(f))(POINT), [2 * POINT[0], 3 * POINT[2], 3 * POINT[1]], rtol=1e-15)


def test_a_leaf_changed_by_its_owner_keeps_what_was_read() -> None:
    data = POINT.copy()
    x = bb.Variable(data)
    y = x[0] * x[1]
    data[:] = 0
    y.backward()
    np.testing.assert_array_equal(x.grad, [POINT[1], POINT[0], 0])


def test_an_entry_is_a_number_as_numpys_is() -> None:
    def f(x: Any) -> Any:
        before = y = x[0]
        y += 1.0  # another number: x, and what was read, stay
        return before * y + x[0]

    np.testing.assert_allclose(bb.grad(f)(POINT), [2 * POINT[0] + 2, 0, 0], rtol=1e-15)
