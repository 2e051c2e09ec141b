"""Signals resampled, smoothed, freed of their trend, made analytic: compositions of convolutions and Fourier transforms."""

from __future__ import annotations

from itertools import pairwise
from math import gcd
from typing import Any

import numpy as np
import scipy.signal as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array, holds_traced
from bibun.scipy._calls import any_traced, beside, no_rule, stands_for
from bibun.scipy.signal._convolution import convolved
from bibun.scipy.signal._filters import sosfilt, sosfiltfilt


def _along(h: Any, x: Any, mode: str) -> Any:
    """The convolution along the last axis."""
    h = np.reshape(h, (1,) * (x.ndim - 1) + h.shape)
    return convolved(x, h, mode, "direct", (x.ndim - 1,))


def _floating(x: Any) -> Any:
    x = as_array(x)
    return x if x.dtype.kind in "fc" else x.astype(float)


_SAVGOL_PADDING: dict[str, Any] = {"mirror": "reflect", "nearest": "edge", "wrap": "wrap"}


@stands_for(source.savgol_filter)
def savgol_filter(
    x: Any, window_length: int, polyorder: int, deriv: int = 0, delta: float = 1.0, axis: int = -1, mode: str = "interp",
    cval: float = 0.0,
) -> Any:  # fmt: skip
    """At each sample the polynomial that fits best the samples about it, or its derivative."""
    x = np.moveaxis(_floating(x), axis, -1)
    scale = delta**deriv
    h = (source.savgol_coeffs(window_length, polyorder, deriv=deriv) / scale).astype(x.dtype)
    half = window_length // 2
    sides = [(0, 0)] * (x.ndim - 1) + [(window_length - 1 - half, half)]
    if mode == "interp":
        if window_length > x.shape[-1]:
            raise ValueError("If mode is 'interp', window_length must be less than or equal to the size of x.")
        # the ends are the polynomials of the first and the last window: of each the filter as a matrix
        ends = source.savgol_filter(np.eye(window_length), window_length, polyorder, deriv, axis=0, mode="interp")
        ends = (ends / scale).astype(x.dtype)
        first = np.matmul(x[..., :window_length], ends[:half].T)
        last = np.matmul(x[..., -window_length:], ends[window_length - half :].T)
        middle = _along(h, x, "valid")[..., 2 * half + 1 - window_length :]  # an even window has its middle behind
        return np.moveaxis(np.concatenate([first, middle, last], axis=-1), -1, axis)
    if mode == "constant":
        padded = np.pad(beside(x, cval), sides, constant_values=cval)
    elif mode in _SAVGOL_PADDING:
        padded = np.pad(x, sides, mode=_SAVGOL_PADDING[mode])
    else:
        raise ValueError("mode must be 'mirror', 'constant', 'nearest' 'wrap' or 'interp'.")
    return np.moveaxis(_along(h, padded, "valid"), -1, axis)


@stands_for(source.hilbert)
def hilbert(x: Any, N: int | None = None, axis: int = -1) -> Any:
    """The analytic signal: positive frequencies twice, negative ones not at all."""
    x = as_array(x)
    if x.dtype.kind == "c":
        raise ValueError("x must be real.")
    n = x.shape[axis] if N is None else N
    if n <= 0:
        raise ValueError("N must be positive.")
    times = np.zeros(n, np.finfo(np.result_type(x, np.float32)).dtype)
    times[0] = 1
    times[1 : (n + 1) // 2] = 2
    if n % 2 == 0:
        times[n // 2] = 1
    times = np.reshape(times, (n,) + (1,) * (x.ndim - 1 - axis % x.ndim))
    return np.fft.ifft(times * np.fft.fft(x, n, axis), axis=axis)


@stands_for(source.detrend)
def detrend(data: Any, axis: int = -1, type: str = "linear", bp: Any = 0) -> Any:
    """Less the mean, or the straight line that fits best, of each part between the break points."""
    x = np.moveaxis(_floating(data), axis, -1)
    if type not in ("linear", "l", "constant", "c"):
        raise ValueError("Trend type must be 'linear' or 'constant'.")
    if type.startswith("c"):
        return np.moveaxis(x - np.mean(x, axis=-1, keepdims=True), -1, axis)
    n = x.shape[-1]
    breaks = np.unique(np.concatenate([[0, n], np.atleast_1d(bp)])).astype(int)
    if breaks[-1] > n:
        raise ValueError("Breakpoints must be less than length of data along given axis.")
    rest = []
    for start, stop in pairwise(breaks):
        line = np.stack([np.ones(stop - start), np.arange(1, stop - start + 1) / (stop - start)])
        basis = np.linalg.svd(line, full_matrices=False)[2].astype(x.dtype)  # orthonormal rows that span the lines
        part = x[..., start:stop]
        rest.append(part - np.matmul(np.matmul(part, basis.T), basis))
    return np.moveaxis(np.concatenate(rest, axis=-1), -1, axis)


_BEYOND: dict[str, dict[str, Any]] = {
    "wrap": {"mode": "wrap"}, "edge": {"mode": "edge"}, "symmetric": {"mode": "symmetric"}, "reflect": {"mode": "reflect"},
    "antisymmetric": {"mode": "symmetric"}, "antireflect": {"mode": "reflect", "reflect_type": "odd"},
}  # fmt: skip
_STRAIGHT = ("smooth", "line")  # on along the last two samples of an end, or along the first and the last one


def _beyond(x: Any, n: int, mode: str, cval: Any) -> Any:
    """n samples more at both ends of the last axis."""
    sides = [(0, 0)] * (x.ndim - 1) + [(n, n)]
    if mode == "constant":
        return np.pad(beside(x, cval), sides, constant_values=cval)
    x = _floating(x)
    if mode not in _STRAIGHT:
        padded = np.pad(x, sides, **_BEYOND[mode])
        if mode != "antisymmetric":
            return padded
        mirrored = np.arange(-n, x.shape[-1] + n) // x.shape[-1] % 2 == 1
        return np.where(mirrored, -padded, padded)
    first, last = x[..., :1], x[..., -1:]
    if mode == "smooth":
        slopes = x[..., 1:2] - first, last - x[..., -2:-1]
    else:
        slopes = ((last - first) / (x.shape[-1] - 1),) * 2
    steps = np.arange(1, n + 1, dtype=np.finfo(x.dtype).dtype)
    return np.concatenate([first - steps[::-1] * slopes[0], x, last + steps * slopes[1]], axis=-1)


def _spread(x: Any, up: int) -> Any:
    """`up` - 1 zeros between samples."""
    x = np.pad(x[..., None], [(0, 0)] * x.ndim + [(0, up - 1)])
    return np.reshape(x, (*x.shape[:-2], x.shape[-2] * up))[..., : x.shape[-2] * up - up + 1]


@stands_for(source.upfirdn)
def upfirdn(h: Any, x: Any, up: int = 1, down: int = 1, axis: int = -1, mode: str = "constant", cval: Any = 0) -> Any:
    """`up` - 1 zeros behind each sample, the filter h, and of that each `down`-th. x goes on beyond its ends by `mode`."""
    h, x = as_array(h), np.moveaxis(as_array(x), axis, -1)
    if h.ndim != 1 or not h.shape[0]:
        raise ValueError("h must be 1-D with non-zero length")
    if mode not in ("constant", *_BEYOND, *_STRAIGHT):
        raise ValueError(f"Unknown mode: {mode}")
    zeros = mode == "constant" and not any_traced(cval) and not cval
    reach = 0 if zeros else -(-(h.shape[0] - 1) // up)  # samples beyond the ends that h meets
    length = (x.shape[-1] - 1) * up + h.shape[0]
    y = _along(h, _spread(x if zeros else _beyond(x, reach, mode, cval), up), "full")
    return np.moveaxis(y[..., reach * up : reach * up + length : down], -1, axis)


_BACKGROUND: dict[str, Any] = {"mean": np.mean, "median": np.median, "minimum": np.min, "maximum": np.max}


@stands_for(source.resample_poly)
def resample_poly(
    x: Any, up: int, down: int, axis: int = 0, window: Any = ("kaiser", 5.0), padtype: str = "constant",
    cval: Any = None,
) -> Any:  # fmt: skip
    """`up` samples for each `down` of x, by a low-pass filter of phase zero."""
    if padtype not in ("constant", *_BACKGROUND, *_BEYOND, *_STRAIGHT):
        raise ValueError(f"padtype must be one of {', '.join(['constant', *_BACKGROUND, *_BEYOND, *_STRAIGHT])}")
    if cval is not None and padtype != "constant":
        raise ValueError("cval has no effect when padtype is not 'constant'")
    x = _floating(x)
    up, down = int(up) // gcd(int(up), int(down)), int(down) // gcd(int(up), int(down))
    if up < 1 or down < 1:
        raise ValueError("up and down must be >= 1")
    if up == down == 1:
        return np.copy(x)
    if isinstance(window, list) or holds_traced(window) or isinstance(window, np.ndarray):
        h = as_array(window)
        half = (h.shape[0] - 1) // 2
    else:
        half = 10 * max(up, down)
        h = source.firwin(2 * half + 1, 1.0 / max(up, down), window=window).astype(x.dtype)
    length = -(-x.shape[axis] * up // down)
    before = down - half % down
    first = (half + before) // down
    taps = (first + length - 1) * down + 1 - (x.shape[axis] - 1) * up  # of which the last sample needs as many
    behind = max(taps - before - h.shape[0], 0)
    h = np.concatenate([np.zeros(before, h.dtype), h * up, np.zeros(behind, h.dtype)])
    background = _BACKGROUND[padtype](x, axis=axis, keepdims=True) if padtype in _BACKGROUND else None
    if background is None:
        y = upfirdn(h, x, up, down, axis, padtype, 0 if cval is None else cval)
    else:
        y = upfirdn(h, x - background, up, down, axis)
    y = np.moveaxis(np.moveaxis(y, axis, -1)[..., first : first + length], -1, axis)
    return y if background is None else y + background


@stands_for(source.decimate)
def decimate(x: Any, q: int, n: int | None = None, ftype: Any = "iir", axis: int = -1, zero_phase: bool = True) -> Any:
    """Each q-th sample behind a low-pass filter."""
    x = _floating(x)
    if ftype == "fir":
        h = source.firwin((20 * q if n is None else n) + 1, 1.0 / q, window="hamming").astype(x.dtype)
        if zero_phase:
            return resample_poly(x, 1, q, axis=axis, window=h)
        y = np.moveaxis(upfirdn(h, x, 1, q, axis), axis, -1)
        return np.moveaxis(y[..., : -(-x.shape[axis] // q)], -1, axis)
    if ftype != "iir":
        raise no_rule("decimate", "ftype= is 'iir' or 'fir'; write the filter with sosfiltfilt or filtfilt, and [::q]")
    sos = source.cheby1(8 if n is None else n, 0.05, 0.8 / q, output="sos").astype(x.dtype)
    y = np.moveaxis((sosfiltfilt if zero_phase else sosfilt)(sos, x, axis), axis, -1)
    return np.moveaxis(y[..., ::q], -1, axis)


@stands_for(source.resample)
def resample(x: Any, num: int, t: Any = None, axis: int = 0, window: Any = None, domain: str = "time") -> Any:
    """`num` samples of the periodic signal that has the frequencies of x."""
    if domain not in ("time", "freq"):
        raise ValueError(f"Parameter {domain=} not in ('time', 'freq')!")
    x = np.moveaxis(_floating(x), axis, -1)
    n = x.shape[-1]
    real = domain == "time" and x.dtype.kind != "c"
    values = x if domain == "freq" else np.fft.fft(x)
    if window is not None:
        values = values * _window(window, n, values.dtype)
    m = min(num, n)
    low, high = values[..., : m // 2 + 1], values[..., n - (m - m // 2 - 1) :]
    if m % 2 == 0 and num != n:  # the frequency m / 2 stands for itself and for -m / 2
        middle = low[..., -1:]
        if num < n:
            middle = middle + values[..., n - m // 2 : n - m // 2 + 1]
            low = np.concatenate([low[..., :-1], middle], axis=-1)
        else:
            low = np.concatenate([low[..., :-1], middle / 2], axis=-1)
            high = np.concatenate([middle / 2, high], axis=-1)
    zeros = np.zeros((*low.shape[:-1], num - low.shape[-1] - high.shape[-1]), low.dtype)
    y = np.fft.ifft(np.concatenate([low, zeros, high], axis=-1)) * (num / n)
    y = np.moveaxis(np.real(y) if real else y, -1, axis)
    return y if t is None else (y, t[0] + (t[1] - t[0]) * (n / num) * np.arange(num))


def _window(window: Any, n: int, dtype: Any) -> Any:
    if callable(window):
        return window(np.fft.fftfreq(n))
    if hasattr(window, "shape"):
        if window.shape != (n,):
            raise ValueError(
                f"{window.shape=} != ({n},), i.e., window length is not equal to number of frequency bins!"
            )
        return window
    return np.fft.ifftshift(source.get_window(window, n)).astype(np.finfo(dtype).dtype)
