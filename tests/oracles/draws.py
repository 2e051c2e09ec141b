"""Random arguments of one call: arrays and keywords, from a seed. Knows no function; the tables say what each one takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Shape = tuple[int, ...]
Interval = tuple[float, float]
Call = tuple[tuple[np.ndarray, ...], dict[str, Any]]
Strategy = Callable[["Draw"], Call]

# Few shapes, drawn again and again: JAX compiles each operation once a shape.
SHAPES: tuple[Shape, ...] = ((), (4,), (2, 3), (3, 2, 4))
REAL: Interval = (-2.0, 2.0)
POSITIVE: Interval = (0.3, 2.5)
INNER: Interval = (-0.9, 0.9)


class Draw:
    """Draws from one seed. `kind` is the dtype of every array that it draws: "d", "f" or "D"."""

    def __init__(self, seed: int | Sequence[int], kind: str = "d") -> None:
        self.generator = np.random.default_rng(seed)
        self.kind = kind

    def one_of(self, *choices: Any) -> Any:
        return choices[self.generator.integers(len(choices))]

    def flag(self) -> bool:
        return bool(self.generator.integers(2))

    def whole(self, low: int, high: int) -> int:
        """low <= n <= high."""
        return int(self.generator.integers(low, high + 1))

    def shape(self, low: int = 0, high: int = 3) -> Shape:
        """One of SHAPES with this many axes."""
        return self.one_of(*(s for s in SHAPES if low <= len(s) <= high))

    def within(self, interval: Interval, shape: Shape) -> np.ndarray:
        """Real numbers of this interval, all different, in float64."""
        return np.asarray(self.generator.uniform(*interval, shape))

    def array(self, shape: Shape | None = None, interval: Interval = REAL) -> np.ndarray:
        """Numbers of this interval; complex ones have imaginary parts in (-1, 1)."""
        shape = self.shape() if shape is None else shape
        x = self.within(interval, shape)
        if self.kind == "D":
            x = x + 1j * self.within((-1, 1), shape)
        return np.asarray(x).astype(self.kind)

    def square(self, n: int | None = None, *batch: int, apart: float = 2.0) -> np.ndarray:
        """Square matrices with a dominant diagonal of different numbers: far from singular, their eigenvalues far apart."""
        n = self.whole(2, 3) if n is None else n
        return (0.4 * self.array((*batch, n, n)) + apart * np.diag(np.arange(1, n + 1))).astype(self.kind)

    def symmetric(self, n: int | None = None, *batch: int) -> np.ndarray:
        """Hermitian positive definite matrices with eigenvalues far apart."""
        a = self.square(n, *batch)
        return ((a + np.conj(np.swapaxes(a, -1, -2))) / 2).astype(self.kind)

    def broadcasting(self) -> tuple[Shape, Shape]:
        """Two shapes that broadcast with one another."""
        shape = self.shape()
        fewer = tuple(self.one_of(1, n) for n in shape)
        pair = [shape, self.one_of(fewer, shape, (), shape[1:])]
        return (pair[0], pair[1]) if self.flag() else (pair[1], pair[0])

    def axis(self, ndim: int) -> int:
        return self.whole(-ndim, ndim - 1)

    def axes(self, ndim: int) -> int | tuple[int, ...] | None:
        """None, one axis or several different ones."""
        if ndim == 0 or self.whole(0, 3) == 0:
            return None
        if self.flag():
            return self.axis(ndim)
        some = self.generator.permutation(ndim)[: self.whole(1, ndim)]
        return tuple(int(k) - ndim * self.flag() for k in some)

    def mask(self, shape: Shape) -> np.ndarray:
        """True in at least one place of each line."""
        mask = self.generator.random(shape) < 0.6
        mask[..., 0] = True
        return mask

    def settings(self, **choices: Sequence[Any]) -> dict[str, Any]:
        """Some of these keywords, each with one of its choices."""
        return {name: self.one_of(*values) for name, values in choices.items() if self.flag()}


def unary(interval: Interval = REAL) -> Strategy:
    """One array of any shape."""
    return lambda d: ((d.array(interval=interval),), {})


def binary(first: Interval = REAL, second: Interval | None = None) -> Strategy:
    """Two arrays that broadcast."""

    def draw(d: Draw) -> Call:
        a, b = d.broadcasting()
        return (d.array(a, first), d.array(b, second or first)), {}

    return draw


def several(*intervals: Interval, shape: Shape | None = None) -> Strategy:
    """One array of each interval; their shapes are the same, that which is given, or ()."""

    def draw(d: Draw) -> Call:
        common = d.shape() if shape is None else shape
        return tuple(d.array(d.one_of(common, common, ()), interval) for interval in intervals), {}

    return draw


def reduced(
    *, interval: Interval = REAL, least: int = 0, masked: bool = False, one: bool = False, **more: Sequence[Any]
) -> Strategy:
    """One array with axis, keepdims, where= (if masked) and more keywords; `one` axis at most."""

    def draw(d: Draw) -> Call:
        x = d.array(d.shape(least), interval)
        axis = d.axes(x.ndim)
        settings = d.settings(keepdims=(True, False), **more)
        if axis is not None and not (one and isinstance(axis, tuple)):
            settings["axis"] = axis
        if masked and x.ndim and settings.get("axis") in (None, -1, x.ndim - 1) and d.flag():
            settings["where"] = d.mask(x.shape)
        return (x,), settings

    return draw


def along(*, interval: Interval = REAL, least: int = 1, **more: Sequence[Any]) -> Strategy:
    """One array with one axis, always given, and more keywords."""

    def draw(d: Draw) -> Call:
        x = d.array(d.shape(least), interval)
        return (x,), {"axis": d.axis(x.ndim), **d.settings(**more)}

    return draw


def alternatives(*strategies: Strategy) -> Strategy:
    """One of these."""
    return lambda d: d.one_of(*strategies)(d)


def of_shapes(*groups: tuple[Shape, ...], interval: Interval = REAL, **more: Sequence[Any]) -> Strategy:
    """Arrays of one of these groups of shapes."""
    return lambda d: (tuple(d.array(s, interval) for s in d.one_of(*groups)), d.settings(**more))
