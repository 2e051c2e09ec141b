"""Arrays of no axis, and other arguments at the edge: values, classes and complaints are NumPy's, traced and compiled."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb

NUMBER, NANS = np.array(3.0), np.array([np.nan, np.nan])
LINE, SLOPES = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 4.0])
TRUTHS = np.array([True, False, True])
PLACES = np.array([0.5 + 1j, 1.5])

Case = tuple[Callable[[Any], Any], Any]
CASES: dict[str, Case] = {
    "take": (lambda x: np.take(x, [0, 0], axis=-1), NUMBER),
    "take, axis 0": (lambda x: x.take([[0], [0]], axis=0), NUMBER),
    "take, axis 1": (lambda x: np.take(x, [0, 0], axis=1), NUMBER),
    "compress": (lambda x: np.compress([True], x, axis=0), NUMBER),
    "repeat": (lambda x: np.repeat(x, 2, axis=-1), NUMBER),
    "repeat, axis 1": (lambda x: np.repeat(x, 2, axis=1), NUMBER),
    "interp": (lambda x: np.interp(x, LINE, SLOPES), PLACES),
    "interp at complex points": (lambda x: np.interp([0.5], x, [0.0, 1.0]), PLACES),
    "interp with a period": (lambda x: np.interp(x, LINE, SLOPES, period=2), PLACES),
    "interp of complex values": (lambda x: np.interp([0.5], [0.0, 1.0], x), PLACES),
    "gradient": (np.gradient, TRUTHS),
    "gradient of second order": (lambda x: np.gradient(x, edge_order=2), TRUTHS),
    "gradient over truths": (lambda x: np.gradient(SLOPES, x), TRUTHS),
    "gradient of integers": (np.gradient, np.array([1, 4, 2], np.uint8)),
    **{f"pad {mode}": (lambda x, mode=mode: np.pad(x, 1, mode), NUMBER) for mode in ("edge", "reflect", "wrap")},
    "pad a vector": (lambda x: np.pad(x, 2, "reflect"), LINE),
}
for name in ("mean", "var", "std", "median", "average", "nanmean", "nanvar", "nanstd", "nanmedian", "sum", "max"):
    for axis in (0, -1, ()):
        CASES[f"{name}, axis {axis}"] = (lambda x, name=name, axis=axis: getattr(np, name)(x, axis=axis), NUMBER)
for name in ("quantile", "percentile", "nanquantile"):
    CASES[name] = (lambda x, name=name: getattr(np, name)(x, 0.5, axis=0), NUMBER)
for name in ("nanvar", "nanstd", "nanmax", "nanmin"):
    CASES[f"{name} of nan"] = (getattr(np, name), NANS)
    CASES[f"{name} of one nan"] = (getattr(np, name), np.array(np.nan))


def seen(f: Callable[[Any], Any], x: Any) -> tuple[Any, ...]:
    """The class, the dtype, the shape and the numbers of a result, or the class of what is raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            y = f(x)
        except (TypeError, ValueError) as error:  # AxisError is one
            return ("raises", TypeError if isinstance(error, TypeError) else ValueError)
    if isinstance(y, bb.Variable):
        y = y.data[()] if not y.shape else y.data
    return (type(y), y.dtype, y.shape, np.array(y).tolist())


@pytest.mark.parametrize("name", CASES)
def test_as_numpy(name: str) -> None:
    f, x = CASES[name]
    expected = seen(f, x)
    compiled = bb.compile(f)
    for _ in range(2):
        assert repr(seen(compiled, x)) == repr(expected)
    eager = seen(lambda x: f(bb.Variable(x)), x)
    assert repr(eager[1:]) == repr(expected[1:])  # a Variable has no class for numbers


@pytest.mark.parametrize("value", [True, False])
@pytest.mark.parametrize("part", [lambda a: a.real, lambda a: a.conjugate(), lambda a: a.imag], ids="rci")
def test_parts_of_truth_values_are_integers(part: Any, value: bool) -> None:
    compiled = bb.compile(part)
    for _ in range(2):
        assert compiled(value) == part(value)
        assert type(compiled(value)) is int


@pytest.mark.parametrize("value", [2.7, -2.7, 3, True])
def test_truncated_numbers(value: Any) -> None:
    compiled = bb.compile(lambda a: math.trunc(a) * 2)
    for _ in range(2):
        assert compiled(value) == math.trunc(value) * 2


def test_methods_of_python_numbers_say_what_to_write() -> None:
    with pytest.raises(AttributeError, match=r"int\(x\)\.bit_length"):
        bb.compile(lambda a: a.bit_length())(8)
    with pytest.raises(AttributeError, match=r"methods of arrays"):
        bb.Variable(NUMBER).hex()  # type: ignore[attr-defined]
    compiled = bb.compile(lambda a: a * int(a).bit_length())
    assert [compiled(8), compiled(8), compiled(3)] == [32, 32, 6]
    with pytest.raises(bb.LostDerivativeError, match=r"Write np\.trunc"):
        math.trunc(bb.Variable(NUMBER))


# NumPy's arrays without axes are memory, which its numbers are not: of these, under vmap too, where both are axes of a batch.
def two_names(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def run(x: Any) -> Any:
        y = make(x)
        other = y
        y += x
        return other * 1.0

    return run


def through_a_view(look: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def run(x: Any) -> Any:
        y = np.zeros_like(x)
        y += 1.0
        shown = look(y)
        y += x
        shown[...] = shown * x
        return np.sum(shown) + 10.0 * y

    return run


def apart(x: Any) -> Any:
    column = np.reshape(np.exp(x), (1,))  # of a number, a copy
    y = np.exp(x)
    other = np.reshape(y, 1)
    other *= 2.0
    column[0] = x
    return np.sum(column + other) + 10.0 * y


PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "a number": two_names(lambda x: 2.0 * x),
    "a sum": two_names(lambda x: np.sum(np.stack([x, x]))),
    "zeros_like": two_names(np.zeros_like),
    "full_like": two_names(lambda x: np.full_like(x, 2.0)),
    "full_like itself": two_names(lambda x: np.full_like(x, 2.0 * x)),
    "a copy": two_names(lambda x: np.copy(2.0 * x)),
    "the method copy": two_names(lambda x: np.zeros_like(x).copy()),
    "the method copy of a number": two_names(lambda x: (2.0 * x).copy()),
    "astype": two_names(lambda x: np.ones_like(x).astype(np.longdouble)),
    "astype of a number": two_names(lambda x: (2.0 * x).astype(np.longdouble)),
    "where": two_names(lambda x: np.where(x > 1.0, x, 2.0)),
    "an ellipsis": two_names(lambda x: (2.0 * x)[...]),
    "an entry": two_names(lambda x: np.stack([x, x])[0, ...]),
    "squeezed": two_names(lambda x: np.squeeze(np.stack([x]))),
    "reshape": through_a_view(lambda y: y.reshape(1)),
    "transpose": through_a_view(lambda y: y.T),
    "a new axis": through_a_view(lambda y: y[None]),
    "atleast_1d": through_a_view(np.atleast_1d),
    "views of a number": apart,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_memory_without_axes(name: str) -> None:
    f, points = PROGRAMS[name], np.array([0.5, 1.5])
    step = 1e-6
    expected = np.array([f(x) for x in points])
    slopes = np.array([(f(x + step) - f(x - step)) / (2 * step) for x in points])
    for arrays in (False, True):
        for i, x in enumerate(points):
            given = np.array(x) if arrays else x
            value, slope = bb.value_and_grad(f)(given)
            np.testing.assert_allclose((value, slope), (f(given), slopes[i]), rtol=1e-6)
            np.testing.assert_allclose(bb.jvp(f, (given,), (np.ones_like(x),)), (f(given), slopes[i]), rtol=1e-6)
    np.testing.assert_allclose(bb.vmap(f)(points), expected, rtol=1e-6)
    np.testing.assert_allclose(bb.vmap(bb.grad(f))(points), slopes, rtol=1e-6)
    np.testing.assert_allclose(bb.jvp(bb.vmap(f), (points,), (np.ones(2),))[1], slopes, rtol=1e-6)


def test_parts_of_complex_arrays_without_axes() -> None:
    def f(x: Any) -> Any:
        z = np.zeros_like(x, dtype=complex)
        real = z.real
        real += x
        z.imag = 2.0 * x
        return np.abs(z * z)  # 5 x^2

    points = np.array([0.5, 1.5])
    np.testing.assert_allclose(bb.vmap(f)(points), 5 * points**2)
    np.testing.assert_allclose(bb.vmap(bb.grad(f))(points), 10 * points)
    np.testing.assert_allclose([bb.grad(f)(x) for x in points], 10 * points)


def test_parts_of_complex_numbers_cannot_be_stored() -> None:
    def f(x: Any) -> Any:
        z = x * (1.0 + 1.0j)
        z.real = 2.0 * x
        return z.imag

    for run in (f, bb.grad(f)):
        with pytest.raises(AttributeError, match="not writable"):
            run(np.float64(0.5))


def test_full_like_of_a_traced_number_can_be_written() -> None:
    def f(x: Any) -> Any:
        y = np.full_like(x, x[0] * x[1])
        y[0] = x[0]
        return np.sum(y)

    np.testing.assert_allclose(bb.grad(f)(np.array([2.0, 3.0, 5.0])), [1 + 2 * 3.0, 2 * 2.0, 0.0])


def test_rounding_of_arrays_is_no_operation_of_pythons() -> None:
    for x in (np.array(2.6), np.array([1.5, 2.5]), np.array(7), np.array(True), np.complex128(1 + 2j), 1 + 2j):
        with pytest.raises(TypeError) as theirs:
            round(x)  # type: ignore[call-overload]
        with pytest.raises(TypeError) as ours:
            bb.compile(round)(x)
        assert str(ours.value).startswith(str(theirs.value))
    assert bb.compile(round)(np.float64(2.6)) == 3


SHAPED: tuple[Callable[[Any, Any], Any], ...] = (
    lambda x, shape: np.zeros_like(x, shape=shape),
    lambda x, shape: np.full_like(x, 2.0, shape=shape),
    np.reshape,
    np.resize,
    lambda x, shape: np.broadcast_to(x[:1], shape),
    np.tile,
    lambda x, shape: x.reshape(shape),
    lambda x, shape: np.zeros(shape, like=x) if isinstance(x, bb.Variable) else np.zeros(shape),
)
LENGTHS = [True, (True, 2), [2, False], 2.0, (2, 1.0), np.True_, np.array([1, 2]), np.array(2), [2, 1], 2]


@pytest.mark.parametrize("shape", LENGTHS, ids=repr)
@pytest.mark.parametrize("k", range(len(SHAPED)))
def test_lengths_are_whole_numbers(k: int, shape: Any) -> None:
    """Truth values are none to NumPy, though they are to Python."""
    f = SHAPED[k]
    if (f is np.resize and np.ndim(shape) == 0 and isinstance(shape, np.ndarray)) or (
        f is np.tile and shape is np.True_
    ):
        return  # whims of NumPy's

    def outcome(x: Any) -> Any:
        try:
            return f(x, shape).shape
        except TypeError:
            return TypeError

    assert outcome(bb.Variable(np.ones(2))) == outcome(np.ones(2))


PUT: tuple[Callable[[Any, Any], Any], ...] = (
    lambda y, v: np.put(y, 0, v),
    lambda y, v: y.put(-1, v),
    lambda y, v: np.put(y, [0, 0], np.stack([v, 2 * v])),  # the last one stays
    lambda y, v: np.put(y, 5, v, mode="clip"),
    lambda y, v: np.put(y, 5, v, mode="wrap"),
    lambda y, v: np.put(y, [], v),
)


@pytest.mark.parametrize("k", range(len(PUT)))
def test_put_into_an_array_without_axes(k: int) -> None:
    def f(v: Any) -> Any:
        y = np.ones_like(v)
        PUT[k](y, v * v)
        return 3 * y

    expected = f(np.array(2.0))
    slope = 2 * (expected - f(np.array(0.0))) / 2.0  # of 3 v², 6 v², 3
    for y, dy in (bb.jvp(f, (np.array(2.0),), (1.0,)), bb.vjp(lambda v: f(v) + 0 * v, np.array(2.0))):
        np.testing.assert_array_equal(y, expected)
        np.testing.assert_allclose(dy(1.0)[0] if callable(dy) else dy, slope)
    with pytest.raises(IndexError, match="out of bounds"):
        np.put(bb.Variable(np.array(2.0)), 1, 3.0)
