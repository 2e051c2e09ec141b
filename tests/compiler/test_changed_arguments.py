"""A function that writes into its arguments: they are the caller's arrays, and hold afterwards what NumPy leaves there."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb

COUNTS = np.zeros(3)


def entry(x: Any) -> Any:
    x[0] = 5.0
    return np.sum(x)


def sum_where_it_stands(x: Any) -> Any:
    x += 1.0
    return x


def through_a_view(x: Any) -> None:
    x.T[1:] *= 2.0


def out(x: Any) -> Any:
    return np.add(x, 1.0, out=x)


def beside_an_array_from_outside(x: Any) -> Any:
    y = x + COUNTS
    COUNTS[:] += 1.0
    x *= 2.0
    return y


@pytest.mark.parametrize("f", [entry, sum_where_it_stands, through_a_view, out, beside_an_array_from_outside])
def test_the_caller_sees_the_change_in_the_first_call_and_in_the_next(f: Callable[[Any], Any]) -> None:
    """The program returned the right value, and left the caller's array as it was."""
    runs = []
    for called in (f, bb.compile(f)):
        COUNTS[:] = 0.0
        x = np.array([1.0, 2.0, 3.0])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", bb.CompileWarning)
            runs.append([(np.copy(called(x)) if f is not through_a_view else called(x), x.copy()) for _ in range(3)])
        runs[-1].append((COUNTS.copy(), x))
    for want, got in zip(*runs, strict=True):
        for a, b in zip(want, got, strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_warning_says_what_to_write() -> None:
    with pytest.warns(bb.CompileWarning, match=r"changes an argument where it stands, .* \(3,\).*x = x.copy\(\)"):
        bb.compile(entry)(np.ones(3))


def test_copies_numbers_and_derivatives_are_compiled() -> None:
    """x += 1 makes another number, and a derivative leaves its argument alone, compiled or not."""

    def copied(x: Any) -> Any:
        x = x.copy()
        x[0] = 5.0
        return x

    x = np.ones(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number in (2, 2.0, np.float64(2)):
            assert bb.compile(sum_where_it_stands)(number) == 3
        np.testing.assert_array_equal(bb.compile(copied)(x), [5.0, 1.0, 1.0])
        np.testing.assert_array_equal(bb.compile(bb.grad(entry))(x), [0.0, 1.0, 1.0])
    np.testing.assert_array_equal(x, np.ones(3))
