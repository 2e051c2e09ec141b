"""Convolutions and correlations: one row, the whole convolution over some axes, and cuts of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as source  # type: ignore[import-untyped]
from numpy.lib.array_utils import normalize_axis_tuple

from bibun.arrays.creation import as_array
from bibun.arrays.registry import add_rows
from bibun.core.broadcasting import unbroadcast
from bibun.core.kinds import multilinear
from bibun.core.primitive import Primitive
from bibun.scipy._calls import beside, stands_for

# y[n] = sum of a[k] b[n - k] over the axes of `axes`, of all n (`valid`: of those where b, the shorter one, lies within a);
# over the other axes a and b broadcast. What is pulled back is then again one of both kinds, and costs as much.


def _convolved(a: Any, b: Any, *, axes: tuple[int, ...], method: str, valid: bool) -> Any:
    if not np.size(a) or not np.size(b):
        return np.zeros(_lengths(np.shape(a), np.shape(b), axes, valid), np.result_type(a, b))
    mode = "valid" if valid else "full"
    if method == "direct":
        return _direct(a, b, axes, mode)
    transform = source.oaconvolve if method == "overlapping" else source.fftconvolve
    return transform(a, b, mode, axes)


def _direct(a: Any, b: Any, axes: tuple[int, ...], mode: str) -> Any:
    """SciPy's, which is over all axes: where a and b have others, once an entry of those."""
    others = [i for i in range(a.ndim) if i not in axes]
    if all(b.shape[i] == 1 for i in others):
        return source.convolve(a, b, mode, "direct")
    n = len(others)
    a, b = (np.moveaxis(x, others, range(n)) for x in (a, b))
    batch = np.broadcast_shapes(a.shape[:n], b.shape[:n])
    a, b = (np.broadcast_to(x, (*batch, *x.shape[n:])) for x in (a, b))
    y = np.stack([source.convolve(a[i], b[i], mode, "direct") for i in np.ndindex(batch)])
    return np.moveaxis(np.reshape(y, (*batch, *y.shape[1:])), range(n), others)


def _lengths(a: tuple[int, ...], b: tuple[int, ...], axes: tuple[int, ...], valid: bool) -> tuple[int, ...]:
    beside = np.broadcast_shapes(*(tuple(1 if i in axes else n for i, n in enumerate(shape)) for shape in (a, b)))
    along = [max(m - n + 1 if valid else m + n - 1, 0) for m, n in zip(a, b, strict=True)]
    return tuple(n if i in axes else beside[i] for i, n in enumerate(along))


def _pull_first(g: Any, b: Any, a_shape: tuple[int, ...], axes: tuple[int, ...], method: str, valid: bool) -> Any:
    """g with b reversed: all of it, or where b lies within g."""
    found = convolve_row(g, np.flip(b, axes), axes=axes, method=method, valid=not valid)
    return unbroadcast(found, a_shape)


def _pull_second(g: Any, a: Any, b_shape: tuple[int, ...], axes: tuple[int, ...], method: str, valid: bool) -> Any:
    """g with a reversed, where a lies within g; or reversed, where g lies within a."""
    if valid:
        found = np.flip(convolve_row(a, np.flip(g, axes), axes=axes, method=method, valid=True), axes)
    else:
        found = convolve_row(g, np.flip(a, axes), axes=axes, method=method, valid=True)
    return unbroadcast(found, b_shape)


convolve_row: Primitive = multilinear(_convolved, _pull_first, _pull_second, name="scipy_convolve")
add_rows(convolve_row)


def _middle(y: Any, a: Any, axes: tuple[int, ...], late: int = 0) -> Any:
    """The middle of the whole convolution, as long as a; of two middles the last one if `late`."""
    key: list[Any] = [slice(None)] * y.ndim
    for i in axes:
        start = (y.shape[i] - a.shape[i] + late) // 2
        key[i] = slice(start, start + a.shape[i])
    return y[tuple(key)]


def convolved(a: Any, b: Any, mode: str, method: str, axes: tuple[int, ...] | None = None) -> Any:
    """full: all of it; same: the middle, as long as a; valid: where one lies within the other. Over all axes or some."""
    axes = tuple(range(a.ndim)) if axes is None else axes
    if a.ndim != b.ndim:
        raise ValueError("in1 and in2 should have the same dimensionality")
    if mode not in ("full", "same", "valid"):
        raise ValueError("acceptable mode flags are 'valid', 'same', or 'full'")
    if a.ndim == 0:
        return a * b
    if mode != "valid":
        y = convolve_row(a, b, axes=axes, method=method, valid=False)
        return y if mode == "full" else _middle(y, a, axes)
    if not all(a.shape[i] >= b.shape[i] for i in axes):
        a, b = b, a
    if not all(a.shape[i] >= b.shape[i] for i in axes):
        raise ValueError("For 'valid' mode, one must be at least as large as the other in every dimension")
    return convolve_row(a, b, axes=axes, method=method, valid=True)


def _method(a: Any, b: Any, mode: str, method: str) -> str:
    """SciPy's choice, which depends on shapes and dtypes alone where there are no large integers."""
    if method == "auto":
        shapes = (np.zeros(x.shape, x.dtype) for x in (a, b))
        method = source.choose_conv_method(*shapes, mode=mode) if a.ndim else "direct"
    if method not in ("direct", "fft"):
        raise ValueError("Acceptable method flags are 'auto', 'direct', or 'fft'.")
    return method


def _of_nothing(function: Any, a: Any, b: Any, *settings: Any) -> Any:
    """SciPy's zeros, or its error: which of them it is hangs on the mode and the number of axes, not on values."""
    return function(*(np.zeros(x.shape, x.dtype) for x in (a, b)), *settings)


@stands_for(source.convolve)
def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """sum of a[k] b[n - k] over k."""
    a, b = as_array(in1), as_array(in2)
    if not a.size or not b.size:
        return _of_nothing(source.convolve, a, b, mode, method)
    return convolved(a, b, mode, _method(a, b, mode, method))


@stands_for(source.fftconvolve)
def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """The convolution by Fourier transforms, over some axes."""
    return _by_transforms(source.fftconvolve, in1, in2, mode, axes, "fft")


@stands_for(source.oaconvolve)
def oaconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """The convolution by Fourier transforms of overlapping parts."""
    return _by_transforms(source.oaconvolve, in1, in2, mode, axes, "overlapping")


def _by_transforms(function: Any, in1: Any, in2: Any, mode: str, axes: Any, method: str) -> Any:
    a, b = as_array(in1), as_array(in2)
    if not a.size or not b.size:
        return _of_nothing(function, a, b, mode, axes)
    return convolved(a, b, mode, method, None if axes is None else normalize_axis_tuple(axes, a.ndim))


def reversed_conjugate(b: Any) -> Any:
    """With which a convolution is a correlation."""
    b = np.flip(b)
    return np.conjugate(b) if b.dtype.kind == "c" else b


@stands_for(source.correlate)
def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """sum of a[n + k] conj(b[k]) over k."""
    a, b = as_array(in1), as_array(in2)
    if not a.size or not b.size:
        return _of_nothing(source.correlate, a, b, mode, method)
    return convolved(a, reversed_conjugate(b), mode, _method(a, b, mode, method))


_PADDING: dict[Any, str] = {"fill": "constant", "pad": "constant", "wrap": "wrap", "circular": "wrap", "symm": "symmetric",
                            "symmetric": "symmetric"}  # fmt: skip


@stands_for(source.convolve2d)
def convolve2d(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """The convolution of matrices, the first of which goes on beyond its edges by zeros, a number, itself or its mirror image."""
    return _in_two(source.convolve2d, as_array(in1), as_array(in2), mode, boundary, fillvalue)


def _in_two(function: Any, a: Any, b: Any, mode: str, boundary: str, fillvalue: Any, late: int = 0) -> Any:
    if a.ndim != 2 or b.ndim != 2:
        raise ValueError(f"{function.__name__} inputs must both be 2-D arrays")
    if not a.size or not b.size:
        return _of_nothing(function, a, b, mode, boundary)
    if boundary not in _PADDING:
        raise ValueError("Acceptable boundary flags are 'fill', 'circular' (or 'wrap'), and 'symmetric' (or 'symm').")
    if mode not in ("full", "same"):
        return convolved(a, b, mode, "direct")
    sides = [(n - 1, n - 1) for n in b.shape]
    if _PADDING[boundary] == "constant":
        padded = np.pad(beside(a, fillvalue), sides, constant_values=fillvalue)
    else:
        padded = np.pad(a, sides, mode=_PADDING[boundary])  # type: ignore[call-overload]
    whole = convolved(padded, b, "valid", "direct")
    return whole if mode == "full" else _middle(whole, a, (0, 1), late)


@stands_for(source.correlate2d)
def correlate2d(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """The correlation of matrices: the convolution with the second one reversed and conjugated."""
    second = reversed_conjugate(as_array(in2))
    return _in_two(source.correlate2d, as_array(in1), second, mode, boundary, fillvalue, late=1)
