"""Compiled running sums, products, extremes, recurrences: against exact sums, NumPy's results, uncompiled derivatives."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.primitives import TABLE
from tests.compiler.calls import routines, through_numpy

inf, nan = np.inf, np.nan
RUNNING = {"cumsum": np.cumsum, "cumprod": np.cumprod}
SHAPES = [
    (1,),
    (5,),
    (8,),
    (17,),
    (1000,),
    (3, 4),
    (4, 70),
    (70, 4),
    (9, 33),
    (2, 3, 4),
    (3, 40, 5),
    (2, 5, 300),
    (11, 1),
]
PLACES = [(shape, axis) for shape in SHAPES for axis in range(len(shape))]


def drawn(shape: tuple[int, ...], dtype: str = "d") -> Any:
    return np.random.default_rng(shape).uniform(-1.3, 1.3, shape).astype(dtype)


@pytest.mark.parametrize("dtype", "dfqi?")
@pytest.mark.parametrize(("shape", "axis"), PLACES, ids=str)
@pytest.mark.parametrize("name", RUNNING)
def test_values(name: str, shape: tuple[int, ...], axis: int, dtype: str) -> None:
    x = (
        drawn(shape, dtype)
        if dtype in "df"
        else drawn(shape) * 3 > 1
        if dtype == "?"
        else (drawn(shape) * 3).astype(dtype)
    )
    f = RUNNING[name]
    forward = bb.compile(lambda x: f(x, axis=axis))
    backward = bb.compile(lambda x: np.flip(f(np.flip(x, axis), axis=axis), axis))
    for _ in range(2):
        close(forward(x), f(x, axis=axis))
        close(backward(x), np.flip(f(np.flip(x, axis), axis=axis), axis))
    assert not through_numpy(forward) + through_numpy(backward)
    assert routines(backward) == ["running"]


def close(y: Any, expected: Any) -> None:
    assert (y.dtype, y.shape) == (expected.dtype, expected.shape)
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(y, expected)
        return
    scale = np.finfo(expected.dtype).eps * max(1, np.max(np.abs(expected), initial=0))
    np.testing.assert_allclose(y, expected, rtol=0, atol=64 * scale)


@pytest.mark.parametrize("n", [7, 100, 4099])
def test_sums_are_as_accurate_as_one_after_the_other(n: int) -> None:
    x = np.random.default_rng(n).normal(size=n)
    exact = list(accumulate(map(Fraction, x.tolist())))
    bound = np.finfo(float).eps * np.arange(n) * np.cumsum(np.abs(x)) / 2
    for compiled, terms in ((bb.compile(np.cumsum), x), (bb.compile(lambda x: np.cumsum(x[::-1])), x[::-1].copy())):
        errors = [
            abs(float(Fraction(mine) - truth)) for mine, truth in zip(compiled(terms).tolist(), exact, strict=True)
        ]
        if terms is x:
            assert np.all(errors <= bound)
        else:
            np.testing.assert_allclose(errors, 0, atol=float(bound.max()))


@pytest.mark.parametrize("name", RUNNING)
@pytest.mark.parametrize(
    "x",
    [
        [-0.0] * 20,
        [1.0, inf, 2.0, -inf, 3.0] * 5,
        [1.0] * 9 + [nan] + [2.0] * 9,
        [1e-200] * 3 + [1e200] * 30,
        [0.0, inf] * 10,
    ],
    ids=range(5),
)
def test_special_values(name: str, x: Any) -> None:
    x, f = np.array(x), RUNNING[name]
    with np.errstate(all="ignore"):
        for axis, array in ((0, x), (0, x[:, None] * np.ones(3)), (1, x * np.ones((3, 1)))):
            y, expected = bb.compile(lambda a: f(a, axis=axis))(array), f(array, axis=axis)
            np.testing.assert_allclose(y, expected, rtol=1e-14)
            np.testing.assert_array_equal(np.signbit(y[y == 0]), np.signbit(expected[expected == 0]))


@pytest.mark.parametrize("name", RUNNING)
def test_strided_captured_and_empty(name: str) -> None:
    f, whole = RUNNING[name], drawn((12, 14))
    part = whole[::3, ::-2]
    for axis in (0, 1):
        compiled = bb.compile(lambda x: f(x, axis=axis))
        close(compiled(part), f(part, axis=axis))
        close(compiled(part.T), f(part.T, axis=axis))
        close(bb.compile(lambda x: x + f(part, axis=axis))(1.0), 1 + f(part, axis=axis))
        for shape in ((0, 3), (3, 0)):
            close(compiled(np.zeros(shape)), f(np.zeros(shape), axis=axis))
    close(bb.compile(f)(whole), f(whole))


@pytest.mark.parametrize(
    ("shape", "axis"), [((9,), 0), ((300,), 0), ((3, 20), 1), ((20, 3), 0), ((2, 5, 70), 1)], ids=str
)
@pytest.mark.parametrize("name", RUNNING)
def test_derivatives(name: str, shape: tuple[int, ...], axis: int) -> None:
    derivatives_agree(lambda x: np.sum(np.tanh(RUNNING[name](x, axis=axis))), drawn(shape))


def derivatives_agree(f: Any, x: Any) -> None:
    """Natively, with those of eager runs: reverse, forward, second order."""
    t = drawn(x.shape)[::-1].copy()
    gradient = bb.value_and_grad(f)
    tangent = lambda x, t: bb.jvp(f, (x,), (t,))  # noqa: E731
    product = lambda x, t: bb.hvp(f, (x,), (t,))  # noqa: E731
    for function, arguments in ((gradient, (x,)), (tangent, (x, t)), (product, (x, t))):
        compiled = bb.compile(function)
        for mine, theirs in zip(compiled(*arguments), function(*arguments), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-11, atol=1e-11)
        assert not through_numpy(compiled)


def test_the_gradient_of_a_product_with_zeros() -> None:
    x = np.array([2.0, 0.0, 4.0, 0.0, 5.0])
    gradient = bb.compile(bb.grad(lambda x: np.sum(np.cumprod(x))))
    np.testing.assert_array_equal(gradient(x), [1.0, 2.0 + 8.0, 0.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("shape", "axis"), [((1,), 0), ((50,), 0), ((9, 20), 1), ((20, 9), 0), ((30, 100), 0)], ids=str
)
def test_recurrences(shape: tuple[int, ...], axis: int) -> None:
    a, b = drawn(shape), drawn(shape)[::-1].copy()
    row = TABLE["recurrence"]
    compiled = bb.compile(lambda a, b: row(a, b, axis=axis))
    y = np.moveaxis(compiled(a, b), axis, 0)
    for s, before, factor, term in zip(
        y[1:], y, np.moveaxis(a, axis, 0)[1:], np.moveaxis(b, axis, 0)[1:], strict=False
    ):
        np.testing.assert_allclose(s, factor * before + term, rtol=1e-14, atol=1e-15)
    np.testing.assert_array_equal(y[0], np.moveaxis(b, axis, 0)[0])
    np.testing.assert_allclose(compiled(a, b), row.function(a, b, axis=axis), rtol=1e-12, atol=1e-13)


# ---- running extremes ---------------------------------------------------------------------------

EXTREMES = (np.maximum, np.minimum, np.fmax, np.fmin)


@pytest.mark.parametrize("dtype", "dfqi?")
@pytest.mark.parametrize(("shape", "axis"), [*PLACES[::3], ((0, 3), 1), ((3, 0), 0)], ids=str)
@pytest.mark.parametrize("function", EXTREMES)
def test_values_of_extremes(function: Any, shape: tuple[int, ...], axis: int, dtype: str) -> None:
    """Also of nan, infinities and ties."""
    x = np.round(drawn(shape) * 4) if dtype in "df" else drawn(shape) * 3
    x = (x > 1 if dtype == "?" else x).astype(dtype)
    if dtype in "df" and x.size > 8:
        x.flat[[1, 5, 6]] = nan, inf, nan
    compiled = bb.compile(lambda x: function.accumulate(x, axis=axis))
    for values in (x, np.flip(x, axis)):
        y, expected = compiled(values), function.accumulate(values, axis=axis)
        assert y.dtype == expected.dtype
        np.testing.assert_array_equal(y, expected)
    assert dtype == "?" or not x.size or not through_numpy(compiled)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(
    ("shape", "axis"), [((1,), 0), ((40,), 0), ((3, 20), 1), ((20, 3), 0), ((2, 9, 4), 1)], ids=str
)
@pytest.mark.parametrize("function", EXTREMES)
def test_derivatives_of_extremes(function: Any, shape: tuple[int, ...], axis: int, ties: bool) -> None:
    x = np.round(drawn(shape) * 3) if ties else drawn(shape)
    derivatives_agree(lambda x: np.sum(np.tanh(function.accumulate(x * np.abs(x), axis=axis)) ** 2), x)


def test_ties_that_come_with_other_values() -> None:
    """Equal extremes share: a decision, which another program is for."""
    f = lambda x: np.sum(np.maximum.accumulate(x) * np.arange(1.0, 5.0))  # noqa: E731
    compiled = bb.compile(bb.grad(f))
    np.testing.assert_array_equal(compiled(np.array([1.0, 3.0, 2.0, 0.0])), [1.0, 9.0, 0.0, 0.0])
    np.testing.assert_array_equal(compiled(np.array([1.0, 3.0, 3.0, 0.0])), [1.0, 2.0 + 3.5, 3.5, 0.0])
    np.testing.assert_array_equal(compiled(np.array([nan, 3.0, 3.0, 0.0])), [10.0, 0.0, 0.0, 0.0])
