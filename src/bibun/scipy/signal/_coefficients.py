"""Coefficients of filters by formulas: notches and peaks, least squares, minimum phase, Savitzky and Golay's; windows. No row."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, log2
from typing import Any

import numpy as np
import scipy.signal as source  # type: ignore[import-untyped]
from scipy import special

from bibun.arrays.creation import as_array, holds_traced
from bibun.primitives.repeated import holds
from bibun.scipy._calls import no_rule, stands_for
from bibun.scipy.signal._designs import plain_only

# ---- notches and peaks


def _notched(name: str, w0: Any, Q: Any, fs: Any) -> tuple[Any, Any]:
    """1 / (1 + tan(half the bandwidth)), and the cosine of the angle."""
    w = np.float64(2) * as_array(w0) / fs  # SciPy computes in double precision
    if holds((w < 0) | (w > 1)):
        raise ValueError(f"{name}: w0 should be between 0 and fs/2")
    return 1 / (1 + np.tan(np.pi * w / Q / 2)), np.cos(np.pi * w)


@stands_for(source.iirnotch)
def iirnotch(w0: Any, Q: Any, fs: Any = 2.0) -> tuple[Any, Any]:
    """b and a of a filter that lets all but w0 pass, Q times narrower than w0 is high; by w0, Q and fs."""
    gain, cosine = _notched("iirnotch", w0, Q, fs)
    return np.stack([gain, -2 * gain * cosine, gain]), np.stack([1.0 + 0 * gain, -2 * gain * cosine, 2 * gain - 1])


@stands_for(source.iirpeak)
def iirpeak(w0: Any, Q: Any, fs: Any = 2.0) -> tuple[Any, Any]:
    """b and a of a filter that lets w0 alone pass."""
    gain, cosine = _notched("iirpeak", w0, Q, fs)
    return np.stack([1 - gain, 0.0 * gain, gain - 1]), np.stack([1.0 + 0 * gain, -2 * gain * cosine, 2 * gain - 1])


@stands_for(source.iircomb)
def iircomb(w0: Any, Q: Any, ftype: str = "notch", fs: Any = 2.0, *, pass_zero: bool = False) -> tuple[Any, Any]:
    """b and a of a filter that lets the multiples of w0 pass, or all but them, by Q."""
    if holds_traced(w0) or holds_traced(fs):
        raise no_rule("iircomb", "its length is fs / w0; differentiate by Q")
    b, a = source.iircomb(w0, 30.0, ftype, fs, pass_zero=pass_zero)  # of which the places and the signs are taken
    beta = np.tan(np.pi / 2 / as_array(Q))
    notch, middle = ftype.lower() == "notch", np.zeros(len(b) - 2)
    first, last = (1 / (1 + beta),) * 2 if notch else (beta / (1 + beta), -beta / (1 + beta))
    pole, sign = (1 - beta) / (1 + beta), np.sign(a[-1])
    ends = ((first, sign * last), (1.0 + 0 * beta, sign * pole))
    return tuple(np.concatenate([np.reshape(one, 1), middle, np.reshape(other, 1)]) for one, other in ends)  # type: ignore[return-value]


# ---- of finite length


@stands_for(source.savgol_coeffs)
def savgol_coeffs(
    window_length: int, polyorder: int, deriv: int = 0, delta: Any = 1.0, pos: Any = None, use: str = "conv"
) -> Any:
    """Those that savgol_filter weighs with, by delta."""
    plain_only("savgol_coeffs", pos=pos)
    return source.savgol_coeffs(window_length, polyorder, deriv, 1.0, pos, use) / as_array(delta) ** deriv


@stands_for(source.firls)
def firls(numtaps: int, bands: Any, desired: Any, *, weight: Any = None, fs: Any = None) -> Any:
    """The h with the least weighed ∫ (gain - desired)² over the bands, by all of these; `desired` is straight in each band."""
    if numtaps % 2 == 0 or numtaps < 1:
        raise ValueError("numtaps must be odd and >= 1")
    bands = np.reshape(as_array(bands), (-1, 2)) / (1.0 if fs is None else fs / 2)
    desired = np.reshape(as_array(desired), (-1, 2))
    if bands.shape != desired.shape:
        raise ValueError("desired must have one entry per frequency")
    if (
        holds((bands < 0) | (bands > 1))
        or holds(np.diff(np.reshape(bands, -1)) < 0)
        or holds(bands[:, 0] == bands[:, 1])
    ):
        raise ValueError("bands must be monotonically nondecreasing, within 0 and fs/2, and have width > 0.")
    w = np.ones(bands.shape[0]) if weight is None else as_array(weight)
    if holds(desired < 0) or holds(w < 0):
        raise ValueError("desired and weight must be non-negative.")
    half = numtaps // 2
    n = np.arange(numtaps)[:, None, None]

    def within(f: Any) -> Any:
        return (f[..., 1] - f[..., 0]) @ w

    q = within(np.sinc(bands * n) * bands)  # ∫ cos(π n f) of each band
    k = np.arange(half + 1)
    matrix = q[np.abs(k[:, None] - k)] + q[k[:, None] + k]
    slope = (desired[:, 1:] - desired[:, :1]) / (bands[:, 1:] - bands[:, :1])
    start = desired[:, :1] - bands[:, :1] * slope
    n = n[: half + 1]
    # ∫ f cos(π n f) = f sin(π n f) / π n + cos(π n f) / (π n)²; of n = 0 it is f² / 2
    bend = np.where(n == 0, -(bands**2) / 2, np.cos(np.pi * n * bands) / (np.pi * np.maximum(n, 1)) ** 2)
    a = np.linalg.solve(matrix, within(bands * (slope * bands + start) * np.sinc(bands * n) + slope * bend))
    return np.concatenate([a[:0:-1], 2 * a[:1], a[1:]])


@stands_for(source.minimum_phase)
def minimum_phase(h: Any, method: str = "homomorphic", n_fft: int | None = None, *, half: bool = True) -> Any:
    """A filter of the same gain (or its root, `half`) that has all zeros within the circle, by the logarithm of the gain."""
    h = as_array(h)
    n = h.shape[0]
    if h.dtype.kind == "c" or h.ndim != 1 or n <= 2:
        raise ValueError("h must be real, 1-D and at least 2 samples long")
    if method != "homomorphic":
        raise no_rule("minimum_phase", "method='hilbert' takes a root where the gain is 0; write method='homomorphic'")
    length = 2 ** ceil(log2(2 * (n - 1) / 0.01)) if n_fft is None else int(n_fft)
    if length < n:
        raise ValueError(f"n_fft must be at least len(h)=={n}")
    gain = np.abs(np.fft.fft(h, length))
    # SciPy's 1e-7: the logarithm stays finite
    logarithm = np.log(gain + 1e-7 * np.min(np.where(gain > 0, gain, np.inf))) * (0.5 if half else 1.0)
    once = np.concatenate([[1.0], np.full(length // 2 - 1, 2.0), np.zeros(length - length // 2)])
    if length % 2:
        once[length // 2] = 1
    found = np.fft.ifft(np.exp(np.fft.fft(np.real(np.fft.ifft(logarithm)) * once.astype(gain.dtype))))
    return np.real(found)[: n // 2 + n % 2 if half else n]


# ---- windows: of places n about the middle, and how far the ends are


def _tapered(place: Any, alpha: Any) -> Any:
    """Tukey's: of alpha = 0 and less a box, of 1 and more Hann's."""
    box = alpha <= 0
    part = np.where(box | (alpha > 1), 1.0, alpha)
    return np.where(box, 1.0, 0.5 * (1 + np.cos(np.pi * np.maximum((np.abs(place) - 1) / part + 1, 0.0))))


_WINDOWS: dict[str, Callable[..., Any]] = {
    "kaiser": lambda n, r, beta: special.i0(beta * np.sqrt(1 - (n / r) ** 2)) / special.i0(beta),
    "gaussian": lambda n, r, std: np.exp(-(n**2) / (2 * std**2)),
    "general_gaussian": lambda n, r, p, sig: np.exp(-0.5 * np.abs(n / sig) ** (2 * p)),
    "general_hamming": lambda n, r, alpha: alpha + (1 - alpha) * np.cos(np.pi * n / r),
    "tukey": lambda n, r, alpha: _tapered(n / r, alpha),
    "exponential": lambda n, r, center, tau: np.exp(-np.abs(n + r - (r if center is None else center)) / tau),
}  # fmt: skip


@stands_for(source.get_window)
def get_window(window: Any, Nx: int, fftbins: bool = True) -> Any:
    """The window of a name and its parameters, by these: (name, parameter, ...), or the beta of Kaiser's."""
    name, *parameters = window if isinstance(window, tuple) else ("kaiser", window)
    if name not in _WINDOWS:
        raise no_rule("get_window", f"with derivatives by their parameters there are {', '.join(_WINDOWS)}")
    if Nx < 1:
        raise ValueError(f"Parameter {Nx=} is not a positive integer")
    if name == "exponential" and not fftbins and parameters and parameters[0] is not None:
        raise ValueError("If sym==True, center must be None.")
    given = [p if p is None else as_array(p) for p in parameters]
    if Nx == 1:
        return np.ones(1) + sum(0.0 * p for p in given if p is not None)
    reach = (Nx if fftbins else Nx - 1) / 2
    return _WINDOWS[name](np.arange(Nx) - reach, reach, *given)
