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
        bb.Variable(NUMBER).as_integer_ratio()  # type: ignore[attr-defined]
    compiled = bb.compile(lambda a: a * int(a).bit_length())
    assert [compiled(8), compiled(8), compiled(3)] == [32, 32, 6]
    with pytest.raises(bb.LostDerivativeError, match=r"Write np\.trunc"):
        math.trunc(bb.Variable(NUMBER))
