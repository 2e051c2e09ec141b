"""Filters of an image's Fourier transform: its product with that of a Gaussian, a box, an ellipsoid, or a shift. No row."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import add, mul
from typing import Any

import numpy as np
import scipy.ndimage as source  # type: ignore[import-untyped]
from numpy.lib.array_utils import normalize_axis_index
from scipy import special

from bibun.arrays.creation import as_array
from bibun.scipy._calls import stands_for
from bibun.scipy.ndimage._edges import given


def _turns(shape: tuple[int, ...], n: int, axis: int) -> list[Any]:
    """The frequency of each entry, one array an axis; of real transforms of length n (unless it is negative) along one."""
    axis = normalize_axis_index(axis, len(shape))
    found = [np.arange(m) / n if i == axis and n >= 0 else np.fft.fftfreq(m) for i, m in enumerate(shape)]
    return [np.reshape(f, [-1 if i == k else 1 for k in range(len(shape))]) for i, f in enumerate(found)]


def _parts(widths: Any, turns: list[Any]) -> list[Any]:
    """The frequencies by what a width has of each, along each axis."""
    return [widths[i] * f for i, f in enumerate(turns)]


def _ball(widths: Any, turns: list[Any]) -> Any:
    """The transform of a line, a disc, a ball, or an ellipsoid of these widths: 1 at 0."""
    parts = _parts(widths, turns)
    r = np.pi * np.sqrt(reduce(add, [part**2 for part in parts]))
    zero = r == 0
    r = np.where(zero, 1.0, r)
    found = (np.sin(r) / r, 2 * special.j1(r) / r, 3 * (np.sin(r) - r * np.cos(r)) / r**3)[len(parts) - 1]
    return np.where(zero, 1.0, found)


def _box(width: Any, turns: Any) -> Any:
    """The transform of a line of this width; where that is not positive, it is 1 at frequency 0 alone, for SciPy."""
    return np.where((width > 0) | (turns == 0), np.sinc(width * turns), 0.0)


def _product(name: str, doc: str, setting: str, factor: Callable[[Any, list[Any]], Any]) -> Any:
    @stands_for(getattr(source, name))
    def call(input: Any, n: int = -1, axis: int = -1, output: Any = None, **width: Any) -> Any:
        """By the image, and by the widths, one or one an axis."""
        x, widths = as_array(input), np.broadcast_to(as_array(width[setting]), (np.ndim(input),))
        if name == "fourier_ellipsoid" and x.ndim > 3:
            raise NotImplementedError("Only 1d, 2d and 3d inputs are supported")
        y = x * factor(widths, _turns(x.shape, n, axis))
        return given(y, x if x.dtype.kind in ("c", y.dtype.kind) else y, output)

    call.__doc__ = doc
    return call


fourier_gaussian = _product(
    "fourier_gaussian",
    "Of a Gaussian.",
    "sigma",
    lambda widths, turns: np.exp(-2 * np.pi**2 * reduce(add, [part**2 for part in _parts(widths, turns)])),
)
fourier_uniform = _product(
    "fourier_uniform",
    "Of a box.",
    "size",
    lambda widths, turns: reduce(mul, (_box(widths[i], f) for i, f in enumerate(turns))),
)
fourier_shift = _product(
    "fourier_shift",
    "Of a shift.",
    "shift",
    lambda widths, turns: np.exp(-2j * np.pi * reduce(add, _parts(widths, turns))),
)
fourier_ellipsoid = _product("fourier_ellipsoid", "Of an ellipsoid.", "size", _ball)
