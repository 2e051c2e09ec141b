"""Stand-ins for np.fft: lengths and axes as NumPy takes them, one axis after the other in NumPy's order. The rows are one axis's.

np.fft.fftfreq and rfftfreq make plain arrays of plain numbers, and need nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from bibun.arrays.creation import as_array
from bibun.arrays.reductions import reducing  # stands in for functions whose out= may be given by position too
from bibun.arrays.registry import implements, row
from bibun.errors import warn

_SWAPPED = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def _along(name: str, a: Any, n: int | None, axis: int, norm: str | None) -> Any:
    """The row of that name, along one axis."""
    a = as_array(a)
    if norm not in _SWAPPED:
        raise ValueError(f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".')
    axis = normalize_axis_index(axis, a.ndim)
    if n is None:
        n = 2 * (a.shape[axis] - 1) if name == "irfft" else a.shape[axis]
    if (n := index(n)) < 1:
        raise ValueError(f"Invalid number of FFT data points ({n}) specified.")
    if name == "rfft" and a.dtype.kind == "c":
        raise TypeError(f"np.fft.rfft takes real numbers, and these are {a.dtype}. Take np.fft.fft, or the real part.")
    return row(name)(a, n=n, axis=axis, norm=norm)


@reducing(np.fft.fft)
def fft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None) -> Any:
    """y[k] = sum of a[j] exp(-2 pi i j k / n)."""
    return _along("fft", a, n, axis, norm)


@reducing(np.fft.ifft)
def ifft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None) -> Any:
    """y[j] = sum of a[k] exp(2 pi i j k / n) / n."""
    return _along("ifft", a, n, axis, norm)


@reducing(np.fft.rfft)
def rfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None) -> Any:
    """Of real numbers: the frequencies 0 to n // 2, which determine the others."""
    return _along("rfft", a, n, axis, norm)


@reducing(np.fft.irfft)
def irfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None) -> Any:
    """The n real numbers that have these frequencies 0 to n // 2."""
    return _along("irfft", a, n, axis, norm)


@reducing(np.fft.hfft)
def hfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None) -> Any:
    """The transform of n numbers of which the second half mirrors the first, conjugated: it is real."""
    return _along("irfft", np.conjugate(as_array(a)), n, axis, _swapped(norm))


@reducing(np.fft.ihfft)
def ihfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None) -> Any:
    """The inverse of hfft."""
    return np.conjugate(_along("rfft", a, n, axis, _swapped(norm)))


def _swapped(norm: str | None) -> str | None:
    """The norm of the other direction; one that there is not stays, for `_along` to refuse."""
    return _SWAPPED.get(norm, norm)


def _lengths(a: Any, s: Sequence[int | None] | None, axes: Sequence[int] | None) -> tuple[list[int | None], list[int]]:
    """The length along each axis (None: what one axis alone takes), and the axes."""
    if s is None:
        axes = list(range(a.ndim)) if axes is None else list(axes)
        return [a.shape[i] for i in axes], axes
    if axes is None:
        warn("`axes` should not be `None` if `s` is not `None` (Deprecated in NumPy 2.0)", DeprecationWarning)
        axes = range(-len(s), 0)
    if len(s) != len(axes):
        raise ValueError("Shape and axes have different lengths.")
    return [a.shape[i] if n == -1 else n for n, i in zip(s, axes, strict=True)], list(axes)


def _each(name: str, a: Any, lengths: list[int | None], axes: list[int], norm: str | None) -> Any:
    for n, axis in zip(lengths, axes, strict=True):
        a = _along(name, a, n, axis, norm)
    return a


def _all_axes(name: str, a: Any, s: Any, axes: Any, norm: str | None) -> Any:
    a = as_array(a)
    lengths, axes = _lengths(a, s, axes)
    return _each(name, a, lengths[::-1], axes[::-1], norm)


@reducing(np.fft.fftn)
def fftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None, out: Any = None) -> Any:
    """fft along several axes."""
    return _all_axes("fft", a, s, axes, norm)


@reducing(np.fft.ifftn)
def ifftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None, out: Any = None) -> Any:
    """ifft along several axes."""
    return _all_axes("ifft", a, s, axes, norm)


@reducing(np.fft.rfftn)
def rfftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None, out: Any = None) -> Any:
    """rfft along the last of several axes, then fft along the others."""
    a = as_array(a)
    lengths, axes = _lengths(a, s, axes)
    y = _along("rfft", a, lengths[-1], axes[-1], norm)
    return _each("fft", y, lengths[-2::-1], axes[-2::-1], norm)


@reducing(np.fft.irfftn)
def irfftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None, out: Any = None) -> Any:
    """ifft along all but the last of several axes, then irfft along the last."""
    a = as_array(a)
    lengths, axes = _lengths(a, s, axes)
    last = lengths[-1] if s is not None else None
    y = _each("ifft", a, lengths[:-1], axes[:-1], norm)
    return _along("irfft", y, last, axes[-1], norm)


def _of_two_axes(transform: Any) -> Any:
    def of_two_axes(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None, out: Any = None) -> Any:
        return transform(a, s, axes, norm)

    return of_two_axes


for _two, _many in ((np.fft.fft2, fftn), (np.fft.ifft2, ifftn), (np.fft.rfft2, rfftn), (np.fft.irfft2, irfftn)):
    reducing(_two)(_of_two_axes(_many))


def _shifted(x: Any, axes: Any, part: Any) -> Any:
    x = as_array(x)
    axes = tuple(range(x.ndim)) if axes is None else axes
    shift = [part(x.shape[i]) for i in axes] if not isinstance(axes, (int, np.integer)) else part(x.shape[axes])
    return np.roll(x, shift, axes)


@implements(np.fft.fftshift)
def fftshift(x: Any, axes: Any = None) -> Any:
    """Frequency 0 to the middle."""
    return _shifted(x, axes, lambda n: n // 2)


@implements(np.fft.ifftshift)
def ifftshift(x: Any, axes: Any = None) -> Any:
    """Frequency 0 back to the front."""
    return _shifted(x, axes, lambda n: -(n // 2))
