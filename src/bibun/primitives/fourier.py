"""Rows of the discrete Fourier transform along one axis. Several axes, and the Hermitian ones, are composed in arrays/fourier.py.

`n` is the length to which the input is cut or filled with zeros (of irfft, the length of the output), `axis` one
non-negative number. The matrix of a transform is symmetric, so fft and ifft are their own transposes: cotangents pair
without conjugation. The transforms of real data have those of one another, weighed: rfft leaves away the frequencies
that mirror the ones it gives, so all but the first (and, of an even length, the last) stand for two.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.core.kinds import linear
from bibun.core.primitive import Primitive

_SWAPPED = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def resized(x: Any, length: int, axis: int) -> Any:
    """x cut to this length along the axis, or filled with zeros to it."""
    shape = np.shape(x)
    if length <= shape[axis]:
        return x if length == shape[axis] else x[(*(slice(None),) * axis, slice(length))]
    zeros = np.zeros((*shape[:axis], length - shape[axis], *shape[axis + 1 :]), np.result_type(x))
    return np.concatenate([x, zeros], axis=axis)


def _twice_inside(number: float, n: int, axis: int, ndim: int, dtype: Any) -> Any:
    """`number` at the frequencies that stand for two, 1 at the others, as it multiplies along the axis."""
    weights = np.full(n // 2 + 1, number, np.empty(0, dtype).real.dtype)
    weights[0] = 1
    if n % 2 == 0:
        weights[-1] = 1
    return weights.reshape((-1,) + (1,) * (ndim - 1 - axis))


def _pull_rfft(g: Any, x_shape: tuple[int, ...], n: int, axis: int, norm: Any) -> Any:
    """Re sum_k g_k w^(jk) over the frequencies that rfft gives."""
    half = np.conjugate(g) * _twice_inside(0.5, n, axis, len(x_shape), np.result_type(g))
    return resized(irfft(half, n=n, axis=axis, norm=_SWAPPED[norm]), x_shape[axis], axis)


def _pull_irfft(g: Any, x_shape: tuple[int, ...], x_dtype: Any, n: int, axis: int, norm: Any) -> Any:
    """Of the numbers that irfft reads, each moves the output along its wave, and all but the ends along the mirrored one."""
    waves = rfft(g, n=n, axis=axis, norm=_SWAPPED[norm])
    waves = np.conjugate(waves) if x_dtype.kind == "c" else np.real(waves)
    return resized(waves * _twice_inside(2.0, n, axis, len(x_shape), np.result_type(g)), x_shape[axis], axis)


fft: Primitive = linear(
    np.fft.fft,
    lambda g, x_shape, n, axis, norm: resized(fft(g, n=n, axis=axis, norm=norm), x_shape[axis], axis),
    batch="axis",
)
ifft: Primitive = linear(
    np.fft.ifft,
    lambda g, x_shape, n, axis, norm: resized(ifft(g, n=n, axis=axis, norm=norm), x_shape[axis], axis),
    batch="axis",
)
rfft = linear(np.fft.rfft, _pull_rfft, batch="axis")
irfft = linear(np.fft.irfft, _pull_irfft, batch="axis")
