"""Numbers at equal distances decide in which bin an entry lies: compiled too, they are NumPy's to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb

LINES: dict[str, Callable[[Any, Any], Any]] = {
    "linspace": lambda a, b: np.linspace(a, b, 11),
    "without its end": lambda a, b: np.linspace(a, b, 11, endpoint=False),
    "of 50": lambda a, b: np.linspace(a, b, 50),
    "of one": lambda a, b: np.linspace(a, b, 1),
    "of arrays": lambda a, b: np.linspace(np.stack([a, b]), np.stack([b, a + 2]), 11),
    "of arrays, one without steps": lambda a, b: np.linspace(np.stack([a, b]), np.stack([b, b]), 11),
    "its step": lambda a, b: np.linspace(a, b, 11, retstep=True)[1],
}
ENDS = [(-0.5, 0.5), *np.random.default_rng(0).normal(size=(20, 2))]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_lines(line: Callable[[Any, Any], Any], dtype: Any) -> None:
    compiled = bb.compile(line)
    for ends in ENDS:
        a, b = (dtype(x) for x in ends)
        np.testing.assert_array_equal(compiled(a, b), line(a, b), strict=True)


def test_numbers_in_steps() -> None:
    """np.arange takes the step between its first two numbers, rounded as they are."""
    for a, b in ENDS:
        start, step = np.array(a), abs(b) / 7 + 0.01
        line = lambda start, step=step, end=a + 1: np.arange(start, end, step, like=start)  # noqa: E731
        want = np.arange(a, a + 1, step)
        np.testing.assert_array_equal(bb.vjp(line, start)[0], want)
        np.testing.assert_array_equal(bb.compile(line)(start), want)


BINS: dict[str, Callable[[Any, Any], Any]] = {
    "histogram": lambda x, w: np.histogram(x, weights=w),
    "histogram in a range": lambda x, w: np.histogram(x, 8, range=(-0.4, 0.4), weights=w),
    "histogram with bins": lambda x, w: np.histogram(x, np.linspace(-0.5, 0.5 + 0 * x[0], 11), weights=w),
    "histogram2d": lambda x, w: np.histogram2d(x, -x, weights=w),
    "histogramdd": lambda x, w: np.histogramdd(np.stack([x, -x], axis=1), weights=w),
    "digitize": lambda x, w: np.digitize(x, np.linspace(np.min(x), np.max(x), 11)),
}


@pytest.mark.parametrize("bins", BINS.values(), ids=BINS)
def test_entries_on_edges(bins: Callable[[Any, Any], Any]) -> None:
    """With whole weights sums are exact: a difference is an entry in another bin."""
    x, w = np.arange(-5, 6) / 10, 2.0 ** np.arange(11)
    compiled = bb.compile(bins)
    for shift in (x, np.zeros(11), np.roll(x, 3) * 3, x / 3):
        for got, want in zip(compiled(shift, w), bins(shift, w), strict=True):
            np.testing.assert_array_equal(got, want)


def test_the_gradient_by_the_weight_of_an_entry_on_an_edge() -> None:
    """dn[k]/dw[i] is whether entry i lies in bin k."""
    x = np.zeros(3)
    heights = lambda w: np.histogram(x + 0 * w, weights=w)[0] @ np.arange(10.0)  # noqa: E731
    np.testing.assert_array_equal(bb.compile(bb.grad(heights))(np.ones(3)), np.full(3, 5.0))
