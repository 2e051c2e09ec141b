"""Loops that write into an array: compiled, each turn writes where the array stands, and reads what is still there."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import bibun as bb

ROWS, COLUMNS = 24, 6
X = np.linspace(0.5, 1.5, COLUMNS)
LOOPS: list[Callable[[Any, int], Any]] = []


def loop(function: Callable[[Any, int], Any]) -> Callable[[Any, int], Any]:
    LOOPS.append(function)
    return function


def zeros(x: Any, rows: int) -> Any:
    return np.zeros((rows, COLUMNS), like=x)


@loop
def rows(x: Any, n: int) -> Any:
    y = zeros(x, n)
    for i in range(n):
        y[i] = x * np.sin(x + i)
    return y


@loop
def each_from_the_one_before(x: Any, n: int) -> Any:
    y = zeros(x, n)
    y[0] = x
    for i in range(1, n):
        y[i] = np.sin(y[i - 1]) * x
    return y


@loop
def from_the_two_before(x: Any, n: int) -> Any:
    y = zeros(x, n)
    y[0] = x
    y[1] = 0.5 * x
    for i in range(2, n):
        y[i] = np.cos(y[i - 1]) * y[i - 2]
    return y


@loop
def added_and_multiplied(x: Any, n: int) -> Any:
    y = zeros(x, n)
    for i in range(n):
        y[i] += x
        y[i] *= 1.5
        y[i, 0] -= x[1]
    return y


@loop
def reversed_where_it_stands(x: Any, n: int) -> Any:
    y = zeros(x, n) + x
    for i in range(n):
        y[i] = y[i, ::-1] * x
    return y


@loop
def a_row_and_then_its_first_entries(x: Any, n: int) -> Any:
    """The row was not written: both begin at the same place."""
    y = zeros(x, n) + x
    for i in range(1, n):
        y[i] = 0.5 * y[i - 1] + x
        y[i, : COLUMNS - 1] = np.sin(y[i - 1, 1:])
    return y


@loop
def from_the_other_end(x: Any, n: int) -> Any:
    y = zeros(x, n) + x * x
    for i in range(n):
        y[i] = 0.5 * y[n - 1 - i] + 0.1 * np.sin(y[i])
    return y


@loop
def from_the_first_row(x: Any, n: int) -> Any:
    y = zeros(x, n) + x
    for i in range(n - 1):
        y[i] = 0.5 * y[0] + y[i + 1] * x
    return y


@loop
def neighbours_exchanged(x: Any, n: int) -> Any:
    y = zeros(x, n) + np.arange(n)[:, None] * x
    for i in range(n - 1):
        above = y[i] * 1.0
        y[i] = y[i + 1] + x
        y[i + 1] = above * x
    return y


@loop
def with_the_whole_in_each_turn(x: Any, n: int) -> Any:
    y = zeros(x, n)
    for i in range(n):
        y[i] = x * (1 + 0.01 * np.sum(y))
    return y


@loop
def whole_and_then_a_row(x: Any, n: int) -> Any:
    y = zeros(x, n) + x
    for i in range(n):
        y = np.sin(y)
        y[i] = x
    return y


@loop
def a_window(x: Any, n: int) -> Any:
    y = zeros(x, n + 2)
    y[:3] = x
    for i in range(n):
        y[i + 2] = np.mean(np.tanh(y[i : i + 2]), axis=0) + x
    return y


@loop
def sums_of_turns(x: Any, n: int) -> Any:
    y, total = zeros(x, n), 0.0
    for i in range(n):
        y[i] = x * i
        total = total + np.sum(y[i] * y[i - 1])
    return y * total


@loop
def two_arrays(x: Any, n: int) -> Any:
    y, z = zeros(x, n), zeros(x, n)
    y[0] = z[0] = x
    for i in range(1, n):
        y[i] = y[i - 1] + 0.1 * z[i - 1]
        z[i] = z[i - 1] - 0.1 * np.sin(y[i])
    return y * z


@loop
def with_the_array_of_the_turn_before(x: Any, n: int) -> Any:
    y, old = zeros(x, n), zeros(x, n)
    for i in range(n):
        new = y * 1.0
        new[i] = old[i - 1] + x * np.sum(y[i - 2])
        old, y = y, new
    return y + 0.5 * old


@loop
def columns(x: Any, n: int) -> Any:
    y = np.zeros((COLUMNS, n), like=x)
    for i in range(n):
        y[:, i] = x * i
        y[1:, i] += y[:-1, i - 1]
    return y


@loop
def through_a_view(x: Any, n: int) -> Any:
    y = zeros(x, n + 4)
    inside = y[2:-2]
    for i in range(n):
        inside[i] = x + y[i + 1]
    return y


@loop
def entries(x: Any, n: int) -> Any:
    y = np.zeros(n * COLUMNS, like=x)
    y[0] = x[0]
    for i in range(1, n * COLUMNS):
        y[i] = 0.5 * y[i - 1] + x[i % COLUMNS]
    return y


@loop
def slices_updated_in_place(x: Any, n: int) -> Any:
    y = np.ones(n * COLUMNS, like=x) * x[0]
    for i in range(n - 1):
        y[5 * i : 5 * i + 5] *= np.sin(x[1] + y[5 * i])
    return y


@loop
def one_axis_of_all(x: Any, n: int) -> Any:
    """Five entries behind the other, of rows of six: which rows these are follows no rule from turn to turn."""
    y = zeros(x, n) + x
    for i in range(n):
        y.ravel()[5 * i : 5 * i + 5] *= x[1]
    return y


@loop
def one_axis_of_all_in_several_ways(x: Any, n: int) -> Any:
    y = zeros(x, n) + x
    for i in range(n):
        y.ravel()[5 * i : 5 * i + 5] *= 0.9
        y.reshape(-1, 1)[5 * i] += np.sin(y.flat[5 * i + 3])
        y.flat[5 * i + 1] = y[i, 0]
    return y


def total(f: Callable[[Any, int], Any]) -> Callable[[Any, int], Any]:
    def weighed(x: Any, n: int) -> Any:
        y = f(x, n)
        return np.sum(y * np.cos(np.arange(y.size).reshape(y.shape)))

    return weighed


@pytest.mark.parametrize("f", LOOPS, ids=lambda f: f.__name__)
def test_loops_that_write(f: Callable[[Any, int], Any]) -> None:
    value = bb.compile(f, static_argnums=1)
    weighed = total(f)
    gradient = bb.compile(bb.grad(weighed), static_argnums=1)
    direction = np.cos(X)
    tangent = bb.compile(lambda x: bb.jvp(lambda x: weighed(x, ROWS), (x,), (direction,))[1])
    curvature = bb.compile(lambda x: bb.hvp(lambda x: weighed(x, ROWS), (x,), (direction,)))
    for x in (X, 0.3 + X[::-1].copy()):
        assert_allclose(value(x, ROWS), f(x, ROWS), rtol=1e-12, atol=1e-14)
        expected = bb.grad(weighed)(x, ROWS)
        size = np.abs(expected).max()
        assert_allclose(gradient(x, ROWS), expected, rtol=1e-11, atol=1e-13 * size)
        assert_allclose(tangent(x), expected @ direction, rtol=1e-10, atol=1e-12 * size)
        second = bb.hvp(lambda x: weighed(x, ROWS), (x,), (direction,))
        assert_allclose(curvature(x), second, rtol=1e-10, atol=1e-11 * np.abs(second).max())


LINEAR = [
    rows,
    each_from_the_one_before,
    added_and_multiplied,
    through_a_view,
    slices_updated_in_place,
    one_axis_of_all,
]


@pytest.mark.parametrize("f", LINEAR, ids=lambda f: f.__name__)
def test_eight_times_the_rows_take_about_eight_times_as_long(f: Callable[[Any, int], Any]) -> None:
    """Copying the array in each turn would take 64 times as long."""
    x = np.linspace(0.5, 1.5, COLUMNS)
    gradient = bb.compile(bb.grad(total(f)), static_argnums=1, threads=1)

    def fastest(n: int) -> float:
        gradient(x, n)
        times = []
        for _ in range(20):
            start = perf_counter()
            gradient(x, n)
            times.append(perf_counter() - start)
        return min(times)

    assert fastest(1600) < 30 * fastest(200)


@pytest.mark.parametrize("f", [slices_updated_in_place, one_axis_of_all], ids=lambda f: f.__name__)
def test_as_many_lines_for_many_rows(f: Callable[[Any, int], Any]) -> None:
    """They were written out: 250 turns took 6 seconds to compile."""
    lengths = []
    for n in (40, 400):
        compiled = bb.compile(bb.grad(total(f)), static_argnums=1)
        compiled(X, n)
        lengths.append(compiled.source().count("\n"))
    assert lengths[1] <= lengths[0] < 200


def test_what_is_written_twice_and_read_back() -> None:
    """x[k] = y; x[k] = x[k], as Python makes of x[k] *= 2, and x[...] = y."""

    def f(x: Any) -> Any:
        y = x * 1.0
        y[1:3] = x[:2]
        y[1:3] = y[1:3]
        y[1:3] = y[1:3] * 3.0
        z = np.zeros_like(x)
        z[...] = y
        return z

    compiled = bb.compile(f)
    assert_allclose(compiled(X), [X[0], 3 * X[0], 3 * X[1], *X[3:]], rtol=1e-15)
    assert compiled.source().count("[1:3] =") == 1


def test_second_derivatives_copy_no_array_in_each_turn() -> None:
    """They did: 13 ms for 4,000 rows, which take 70 microseconds."""

    def f(x: Any, n: int) -> Any:
        y = np.ones((n, 4), like=x) * x[1]
        for i in range(n):
            y[i] *= x[0]
        return np.sum(y**2)

    def squared(x: Any, n: int) -> Any:
        return np.sum(bb.grad(f)(x, n) ** 2)

    compiled = bb.compile(bb.grad(squared), static_argnums=1)
    for n in (200, 1600):  # f = 4 n a^2 b^2
        a, b = 0.5, 0.7
        slopes = 8 * n * a * b * np.array([b, a])
        curvature = 8 * n * np.array([[b * b, 2 * a * b], [2 * a * b, a * a]])
        assert_allclose(compiled(np.array([a, b]), n), 2 * curvature @ slopes, rtol=1e-10)

    def fastest(n: int) -> float:
        times = []
        for _ in range(20):
            start = perf_counter()
            compiled(np.array([0.5, 0.7]), n)
            times.append(perf_counter() - start)
        return min(times)

    assert fastest(1600) < 30 * fastest(200)


def test_numbers_of_keys_that_change_their_sign() -> None:
    """y[i - 1] is another row for i = 0: what is before 0 counts from the end."""

    def wrapped(x: Any) -> Any:
        y = np.zeros((COLUMNS, ROWS), like=x)
        for i in range(ROWS):
            y[:, i] = x * i
            y[1:, i] += y[:-1, i - 1]
        return y

    def from_the_end(x: Any) -> Any:
        y = np.zeros((ROWS, 2, COLUMNS), like=x)
        for i in range(-ROWS, 0):
            y[i, ..., -1] = x[0] * i
            y[..., i % 2, :][i] += np.cos(y[i - 1 if i > -ROWS else 0, 0])
        return y

    def cut_short(x: Any) -> Any:
        y = np.zeros(ROWS, like=x)
        for i in range(ROWS):
            y[i : i + 3] = x[i % COLUMNS]
            y[i - 2 : i + 1] += 1.0
        return y

    for f in (wrapped, from_the_end, cut_short):
        assert_allclose(bb.compile(f)(X), f(X), rtol=1e-13)
        weighed = lambda x, f=f: np.sum(f(x) ** 2)  # noqa: E731
        assert_allclose(bb.compile(bb.grad(weighed))(X), bb.grad(weighed)(X), rtol=1e-12)


def test_a_long_chain_of_scatters_compiles_in_time() -> None:
    """The body of a loop reads what the loops before it made. Visiting these anew from each would take 2**20 visits."""

    def springs(x: Any, pairs: Any) -> Any:
        force = np.zeros_like(x)
        for a, b in pairs:
            stretch = x[b] - x[a]
            force[a] += stretch
            force[b] -= stretch
        return force

    x, pairs = np.linspace(0, 1, 40) ** 2, [[k, k + 1] for k in range(20)]
    chain = np.diag([-1.0] + 19 * [-2.0] + [-1.0]) + np.diag(np.ones(20), 1) + np.diag(np.ones(20), -1)
    jacobian = bb.compile(bb.jacrev(springs))(x, pairs)
    assert_allclose(jacobian[:21, :21], chain, rtol=1e-14)
    assert_allclose(jacobian, bb.jacrev(springs)(x, pairs), rtol=1e-14)


def test_a_long_chain_of_sums_compiles_in_time() -> None:
    """As above, of entries that come back again and again."""

    def collected(v: Any, places: Any) -> Any:
        y = 0 * v
        for j in range(30):
            y[places[j % 4]] += v[j % 4]
        return y

    v, places = np.arange(30.0), np.array([3, 1, 0, 2])
    want = np.zeros((30, 30))
    want[places, range(4)] = [8, 8, 7, 7]
    assert_allclose(bb.compile(bb.jacfwd(collected))(v, places), want, rtol=1e-14)
