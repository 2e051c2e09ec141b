"""Images and signals by the samples about each: medians and other ranks, Wiener's filter; uniform splines. No row."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import scipy.signal as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.scipy._calls import stands_for
from bibun.scipy.interpolate.bases import uniform
from bibun.scipy.interpolate.piecewise import taken
from bibun.scipy.signal._convolution import correlate


def _windows(x: Any, sizes: list[int]) -> Any:
    """The samples about each, beyond the edges zeros, along a new last axis."""
    if not all(n % 2 for n in sizes):
        raise ValueError("Each element of kernel_size should be odd.")
    padded = np.pad(x, [(n // 2, n // 2) for n in sizes])
    key = []
    for i, (length, n) in enumerate(zip(x.shape, sizes, strict=True)):
        places = np.arange(length)[:, None] + np.arange(n)  # of the samples of each window, by axes i and i + ndim
        key.append(np.reshape(places, [length if k == i else n if k == i + x.ndim else 1 for k in range(2 * x.ndim)]))
    return np.reshape(padded[tuple(key)], (*x.shape, -1))


def _sizes(size: Any, ndim: int) -> list[int]:
    return [3] * ndim if size is None else np.broadcast_to(size, (ndim,)).tolist()


@stands_for(source.medfilt)
def medfilt(volume: Any, kernel_size: Any = None) -> Any:
    """The median of the samples about each, beyond the edges zeros; where values are equal, see np.median."""
    x = np.atleast_1d(as_array(volume))
    windows = _windows(x, _sizes(kernel_size, x.ndim))
    return np.sort(windows, axis=-1)[..., windows.shape[-1] // 2]


@stands_for(source.medfilt2d)
def medfilt2d(input: Any, kernel_size: Any = 3) -> Any:
    """medfilt of an image."""
    if np.ndim(input) != 2:
        raise ValueError(f"medfilt2d: input must have two axes, but has {np.ndim(input)}")
    return medfilt(input, kernel_size)


@stands_for(source.order_filter)
def order_filter(a: Any, domain: Any, rank: int) -> Any:
    """The sample of that rank among those about each where `domain` is not 0."""
    x, domain = as_array(a), np.asarray(domain)
    windows = _windows(x, list(domain.shape))[..., domain.ravel() != 0]
    return np.sort(windows, axis=-1)[..., rank]


@stands_for(source.wiener)
def wiener(im: Any, mysize: Any = None, noise: Any = None) -> Any:
    """The local mean, and beside it as much of the rest as the local variance is above the noise."""
    x = as_array(im)
    sizes = _sizes(mysize, x.ndim)
    ones, count = np.ones(sizes), prod(sizes)
    mean = correlate(x, ones, "same") / count
    variance = correlate(x**2, ones, "same") / count - mean**2
    noise = np.mean(variance) if noise is None else noise
    quiet = variance < noise
    return np.where(quiet, mean, mean + (x - mean) * (1 - noise / np.where(quiet, 1.0, variance)))


# ---- splines with a coefficient for each sample


def _coefficients(name: str) -> Any:
    of = getattr(source, name)

    @stands_for(of)
    def call(signal: Any, lamb: float = 0.0) -> Any:
        """The coefficients of the spline through the samples, or near them where `lamb` smooths: the product with a matrix."""
        x = as_array(signal)
        if x.ndim != 1:
            raise ValueError(f"{name}: signal must have one axis, but has {x.ndim}")
        return np.stack([of(line, lamb) for line in np.eye(x.shape[0])], axis=1) @ x

    return call


cspline1d, qspline1d = _coefficients("cspline1d"), _coefficients("qspline1d")


def _evaluated(of: Any, order: int) -> Any:
    @stands_for(of)
    def call(cj: Any, newx: Any, dx: Any = 1.0, x0: Any = 0) -> Any:
        """The spline at places, by its coefficients, the places, dx and x0; mirrored at the first and last sample."""
        c, last = as_array(cj), np.shape(cj)[0] - 1
        if last < 0:
            raise ValueError("Spline coefficients 'cj' must not be empty.")
        place = (as_array(newx) - x0) / dx
        place = last - np.abs(np.abs(place) % max(2 * last, 1) - last)
        first, weights = uniform(place, order)
        return sum(taken(c, np.clip(first + j, 0, last)) * w for j, w in enumerate(weights))

    return call


cspline1d_eval, qspline1d_eval = _evaluated(source.cspline1d_eval, 3), _evaluated(source.qspline1d_eval, 2)
