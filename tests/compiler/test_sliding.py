"""Compiled convolutions and sliding windows: against NumPy's and SciPy's values, derivatives of every kind, special values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import bibun as bb
from bibun import tree
from tests.compiler.agreement import precision, same
from tests.compiler.calls import through_numpy

inf, nan = np.inf, np.nan
LENGTHS = [(1, 1), (6, 1), (5, 5), (5, 4), (3, 7), (60, 10), (90, 40), (300, 50)]


def drawn(*shapes: tuple[int, ...], dtype: str = "d") -> list[Any]:
    random = np.random.default_rng(len(shapes))
    return [random.normal(size=shape).astype(dtype) for shape in shapes]


def agrees(f: Any, *arrays: Any, native: bool = True) -> None:
    """Values, gradients, tangents and second derivatives."""
    loss = lambda *arrays: np.sum(np.tanh(f(*arrays)) ** 2)  # noqa: E731
    everything = tuple(range(len(arrays)))
    tangents = tuple(np.cos(x) for x in arrays)
    for function in (
        f,
        bb.value_and_grad(loss, argnums=everything),
        lambda *arrays: bb.jvp(loss, arrays, tangents),
        lambda *arrays: bb.hvp(loss, arrays, tangents),
    ):
        compiled = bb.compile(function)
        for mine, theirs in zip(tree.flatten(compiled(*arrays))[0], tree.flatten(function(*arrays))[0], strict=True):
            same(mine, theirs)
        assert not (native and through_numpy(compiled))


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(("n", "m"), LENGTHS)
def test_sequences(n: int, m: int, mode: Any) -> None:
    a, b = drawn((n,), (m,))
    for f in (np.convolve, np.correlate):
        agrees(lambda a, b, f=f: f(a, b, mode), a, b, native=m <= 32)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_what_is_not_finite(mode: Any) -> None:
    """Beyond the ends of a sequence there is nothing that an infinity could be multiplied with."""
    for place, value in ((0, inf), (2, nan), (4, -inf)):
        a, b = drawn((9,), (5,))
        b[place] = value
        for x, y in ((a, b), (b, a), (b, b)):
            with np.errstate(all="ignore"):
                same(bb.compile(lambda x, y: np.convolve(x, y, mode))(x, y), np.convolve(x, y, mode))


def test_dtypes_strides_and_long_sequences() -> None:
    (a, b), (c,) = drawn((12,), (8,)), drawn((7,), dtype="f")
    f = lambda a, b: np.convolve(a, b, "same")  # noqa: E731
    for x, y in ((c, c[:3]), (a, c), (a[::-2], b[::3]), (np.arange(5), b), (np.arange(5), np.arange(3)), (a > 0, a)):
        same(bb.compile(f)(x, y), f(x, y), error=precision(x, y, f(x, y)))
    long, longer = drawn((50,), (90,))
    compiled = bb.compile(lambda a, b: np.convolve(a, b))
    same(compiled(longer, long), np.convolve(longer, long))
    assert through_numpy(compiled) == ["convolve"]


WINDOWS: dict[str, tuple[tuple[int, ...], Any, Any]] = {
    "a sequence": ((9,), 4, None), "all of it": ((6,), 6, None), "of one": ((6,), 1, None), "both axes": ((7, 6), (3, 2), None),
    "the first axis": ((7, 3), 4, 0), "one axis twice": ((9,), (3, 2), (0, 0)), "a middle axis": ((2, 8, 3), 5, 1),
    "a long one": ((90,), 40, None),
}  # fmt: skip


@pytest.mark.parametrize("name", WINDOWS)
def test_windows(name: str) -> None:
    shape, length, axis = WINDOWS[name]
    (x,) = drawn(shape)
    agrees(lambda x: sliding_window_view(x, length, axis), x)
    agrees(lambda x: np.var(sliding_window_view(x * x, length, axis), axis=-1), x)


def test_windows_of_a_batch() -> None:
    (x,) = drawn((4, 9))
    agrees(bb.vmap(lambda row: sliding_window_view(row, 3) @ np.arange(1.0, 4.0)), x)


def test_windows_of_other_dtypes() -> None:
    for x in (np.arange(6), np.arange(6) > 2, drawn((6,), dtype="f")[0], drawn((12,))[0][::-2], drawn((6,))[0] + 1j):
        same(bb.compile(lambda x: sliding_window_view(x, 3))(x), sliding_window_view(x, 3))
    same(bb.compile(lambda x: sliding_window_view(x, 0))(np.ones(3)), sliding_window_view(np.ones(3), 0))


def test_windows_times_a_matrix() -> None:
    x, k = drawn((120,), (30, 40))
    agrees(lambda x, k: sliding_window_view(x, 30) @ k, x, k)


# ---- SciPy's ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(
    ("a", "b"), [((7, 6), (3, 2)), ((3, 2), (7, 6)), ((5, 4, 3), (2, 1, 3)), ((4, 4), (4, 4)), ((9,), (4,))]
)
def test_arrays(a: tuple[int, ...], b: tuple[int, ...], mode: str) -> None:
    signal = pytest.importorskip("bibun.scipy.signal")
    x, y = drawn(a, b)
    agrees(lambda x, y: signal.convolve(x, y, mode, "direct"), x, y)
    agrees(lambda x, y: signal.correlate(x, y, mode, "direct"), x, y)


@pytest.mark.parametrize("boundary", ["fill", "wrap", "symm"])
def test_images(boundary: str) -> None:
    signal, ndimage = pytest.importorskip("bibun.scipy.signal"), pytest.importorskip("bibun.scipy.ndimage")
    x, y = drawn((8, 9), (3, 3))
    agrees(lambda x, y: signal.convolve2d(x, y, "same", boundary), x, y)
    mode = {"fill": "constant", "wrap": "wrap", "symm": "reflect"}[boundary]
    agrees(lambda x, y: ndimage.correlate(x, y, mode=mode), x, y)
    agrees(lambda x, y: ndimage.convolve1d(x, y[0], axis=0, mode=mode), x, y)


def test_arrays_that_are_not_finite() -> None:
    signal, plain = pytest.importorskip("bibun.scipy.signal"), pytest.importorskip("scipy.signal")
    for a, b in (((4, 5), (2, 3)), ((2, 3), (4, 5)), ((6,), (3,)), ((3,), (6,))):
        for value in (inf, nan):
            x, y = drawn(a, b)
            for of in (x, y):
                of.flat[0] = value
                with np.errstate(all="ignore"):
                    same(
                        bb.compile(lambda x, y: signal.convolve(x, y, "full", "direct"))(x, y),
                        plain.convolve(x, y, "full", "direct"),
                    )
