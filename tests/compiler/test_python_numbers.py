"""Python's numbers as arguments: their arithmetic is Python's, and to NumPy's functions they are as weak as ever."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.compiler.agreement import same

NUMBERS = (3, 2.0, True)
FUNCTIONS = (
    np.add,
    np.multiply,
    np.maximum,
    np.hypot,
    np.floor_divide,
    np.remainder,
    np.arctan2,
    lambda a, b: np.where(a, a, b),
)


def _each(f: Any, *args: Any) -> None:
    """Compiled, f returns what it returns plainly, in the first call and in the next."""
    compiled = bb.compile(f)
    for _ in range(2):
        same(compiled(*args), f(*args), error=1e-6)


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize("number", NUMBERS)
def test_they_leave_the_dtype_of_what_they_meet(f: Any, number: Any) -> None:
    """np.add(x, 2.0) of a float32 x was float64 where 2.0 was an argument."""
    for other in (np.float32(3), np.int32(3), np.ones(2, np.float32), np.ones((), np.float32), np.ones(2, np.int32)):
        _each(f, other, number)
        _each(f, number, other)


@pytest.mark.parametrize("number", NUMBERS)
def test_numpy_makes_its_own_of_them_and_operators_do_not(number: Any) -> None:
    for f in (*FUNCTIONS[:-1], operator.add, operator.mul, operator.pow, operator.floordiv):
        _each(f, number, 2)
    for f in (operator.neg, operator.pos, operator.abs, np.abs, np.sin, np.square):
        _each(f, number)


def test_a_number_that_is_reshaped_shares_no_memory() -> None:
    def f(x: Any) -> Any:
        y = np.reshape(x, (1,))
        y[0] = 7.0
        return x, y

    _each(f, 2.0)
    _each(f, np.float64(2))
    assert bb.grad(lambda x: f(x)[0])(2.0) == 1.0


@pytest.mark.parametrize("x", [2.0, np.float64(2), np.array(2.0)])
def test_a_number_is_not_updated_in_place_though_an_array_is(x: Any) -> None:
    """y = x; y += 1 left x + 1 in x, of numbers too: a wrong value and a wrong derivative, without compile as well."""

    def f(x: Any) -> Any:
        y, seen = x * 1, []
        for _ in range(3):
            y *= 2
            seen.append(y)
        z = seen[0]
        z += 1
        return sum(seen) * y

    _each(f, x)
    for g in (f, lambda x: f(np.sum(np.ones(2) * x)), lambda x: f((x * np.ones(2))[0])):
        slope = (g(x + 0.5) - g(x - 0.5)) / 1.0  # f is a quadratic
        for transform in (bb.value_and_grad(g), bb.compile(bb.value_and_grad(g))):
            same(transform(x), (np.float64(g(x)), np.float64(slope)))
    same(bb.vmap(f)(np.arange(3.0)), np.array([f(k) for k in np.arange(3.0)]))


def test_an_array_of_shape_nothing_is_updated_in_place() -> None:
    def f(x: Any) -> Any:
        y = x
        y *= 2
        y *= 2
        return x + 1

    assert f(np.array(2.0)) == 9
    with pytest.warns(bb.CompileWarning, match="changes an argument where it stands"):
        assert bb.compile(f)(np.array(2.0)) == 9
    assert bb.compile(lambda x: f(x + 0.0))(np.array(2.0)) == 3  # of a number y *= 2 makes another one
    assert bb.value_and_grad(f)(np.array(2.0)) == bb.compile(bb.value_and_grad(f))(np.array(2.0)) == (9, 4)


def _agrees_or_raises(f: Any, calls: tuple[tuple[Any, ...], ...]) -> None:
    """One compiled function for all calls, each made twice, returns or raises what f does."""
    compiled = bb.compile(f)
    for args in calls:
        for _ in range(2):
            try:
                want = f(*args)
            except (ArithmeticError, ValueError) as error:
                with pytest.raises(type(error)):
                    compiled(*args)
            else:
                same(compiled(*args), want)


@pytest.mark.parametrize(
    "f", [operator.truediv, operator.floordiv, operator.mod, operator.pow, operator.mul, operator.add]
)
def test_operators_raise_and_give_the_class_that_pythons_do(f: Any) -> None:
    """x / 0 was inf, 2**0 was 1.0 after 2**-1, and 2**62 * 4 was 0: a program knew NumPy's operators only."""
    _agrees_or_raises(f, ((3, 2), (-7, 2), (7, -2), (2, 0), (0, 0), (2**62, 4), (2, 3)))
    _agrees_or_raises(f, ((3.0, 2.0), (-2.0, 0.5), (0.0, -1.0), (2.0, 0.0), (4.0, 0.5)))


def test_a_division_by_zero_that_is_handled() -> None:
    def inverse(x: Any) -> Any:
        try:
            return 1 / x
        except ZeroDivisionError:
            return 0 * x

    _agrees_or_raises(inverse, ((2.0,), (0.0,), (4.0,)))


def test_what_has_no_whole_number() -> None:
    """int(nan) was -2**63."""
    _agrees_or_raises(lambda x: int(x), ((1.5,), (np.nan,), (np.inf,), (1e30,), (2.5,)))


def test_a_whole_number_finds_its_place_in_a_dict() -> None:
    """It was looked up as an object that nobody knows."""
    _agrees_or_raises(lambda x, n: x * {1: 2.0, 3: 4.0}.get(n, 0.0), ((1.5, 1), (1.5, 3), (1.5, 2), (1.5, np.int64(3))))


def test_whole_numbers_of_more_than_64_bits() -> None:
    """As arguments they were an OverflowError."""
    _agrees_or_raises(lambda a: a * 2, ((3,), (10**30,), (-1,), (-(2**64),), (2**63,)))
