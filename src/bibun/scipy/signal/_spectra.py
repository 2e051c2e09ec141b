"""Spectra of segments (Welch's method and its relatives), and the frequency responses of filters. No row."""

from __future__ import annotations

from collections.abc import Callable
from operator import index
from typing import Any

import numpy as np
import scipy.signal as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array, holds_traced
from bibun.arrays.registry import row
from bibun.arrays.selection import of_parts
from bibun.errors import warn
from bibun.scipy._calls import newer, no_rule, stands_for
from bibun.scipy.signal._filters import _extended
from bibun.scipy.signal._smoothing import detrend as _detrended


def _windowed(window: Any, nperseg: int | None, length: int) -> tuple[Any, int]:
    """The window, and the length of a segment."""
    if isinstance(window, (str, tuple)):
        n = 256 if nperseg is None else int(nperseg)
        if n > length:
            warn(
                f"nperseg={n} is greater than signal length max(len(x), len(y)) = {length}, using nperseg={length}",
                UserWarning,
            )
            n = length
        return source.get_window(window, n), n
    window = as_array(window)
    if window.ndim != 1 or window.shape[0] > length:
        raise ValueError("window must be 1-D, and no longer than the signal")
    if nperseg is not None and nperseg != window.shape[0]:
        raise ValueError("value specified for nperseg is different from length of window")
    return window, window.shape[0]


def _segments(x: Any, n: int, step: int, detrend: Any) -> Any:
    """The segments of the last axis, along two axes, each without its trend."""
    count = (x.shape[-1] - n) // step + 1
    parts = x[..., step * np.arange(count)[:, None] + np.arange(n)]
    if not detrend:
        return parts
    return detrend(parts) if callable(detrend) else _detrended(parts, type=detrend)


def _spectra(
    x: Any, y: Any, fs: float, window: Any, nperseg: Any, noverlap: Any, nfft: Any, detrend: Any, return_onesided: bool,
    scaling: str, axis: int, mode: str, boundary: str | None = None, padded: bool = False,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Frequencies, times, and for each segment (last axis) the spectrum (along `axis`): conj(X) Y, or X for mode 'stft'."""
    same = y is x
    x, y = (np.moveaxis(as_array(v), axis, -1) for v in (x, y))
    length = max(x.shape[-1], y.shape[-1])
    x, y = (np.pad(v, [(0, 0)] * (v.ndim - 1) + [(0, length - v.shape[-1])]) for v in (x, y))
    dtype = np.result_type(x, y, np.complex64)
    window, n = _windowed(window, nperseg, length)
    nfft = n if nfft is None else int(nfft)
    overlap = n // 2 if noverlap is None else int(noverlap)
    if nfft < n or overlap >= n:
        raise ValueError("nfft must be at least nperseg, and noverlap less than it.")
    step = n - overlap
    window = window.astype(dtype if window.dtype.kind == "c" else np.finfo(dtype).dtype)
    if boundary is not None:
        x, y = (_bounded(v, n // 2, boundary) for v in (x, y))
    if padded:
        more = (-(x.shape[-1] - n) % step) % n
        x, y = (np.pad(v, [(0, 0)] * (v.ndim - 1) + [(0, more)]) for v in (x, y))
    if scaling not in ("density", "spectrum"):
        raise ValueError(f"Unknown scaling: {scaling!r}")
    scale = 1.0 / (fs * np.sum(window * window)) if scaling == "density" else 1.0 / np.sum(window) ** 2
    onesided = return_onesided and x.dtype.kind != "c" and y.dtype.kind != "c"
    if return_onesided and not onesided:
        warn("Input data is complex, switching to return_onesided=False", UserWarning)
    transform = np.fft.rfft if onesided else np.fft.fft
    first = transform(window * _segments(x, n, step, detrend), nfft)
    if mode == "stft":
        result = first * np.sqrt(scale)
    else:
        other = first if same else transform(window * _segments(y, n, step, detrend), nfft)
        times = np.ones(first.shape[-1], np.finfo(dtype).dtype)
        if onesided:
            times[1 : None if nfft % 2 else -1] = 2
        result = np.conjugate(first) * other * (times * scale)
        result = np.real(result) if same else result
    frequencies = np.fft.rfftfreq(nfft, 1 / fs) if onesided else np.fft.fftfreq(nfft, 1 / fs)
    time = np.arange(n / 2, x.shape[-1] - n / 2 + 1, step) / fs
    if boundary is not None:
        time = time - (n / 2) / fs
    result = result.astype(dtype if result.dtype.kind == "c" else np.finfo(dtype).dtype)
    return frequencies, time, np.moveaxis(result, -1, axis - 1 if axis < 0 else axis)


def _bounded(x: Any, n: int, boundary: str) -> Any:
    if boundary == "zeros":
        return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(n, n)])
    return _extended(x, n, boundary)


@stands_for(source.csd)
def csd(
    x: Any, y: Any, fs: float = 1.0, window: Any = "hann_periodic", nperseg: Any = None, noverlap: Any = None, nfft: Any = None,
    detrend: Any = "constant", return_onesided: bool = True, scaling: str = "density", axis: int = -1, average: str = "mean",
) -> tuple[Any, Any]:  # fmt: skip
    """The cross spectrum of x and y, averaged over segments."""
    found = _spectra(x, y, fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis, "psd")
    frequencies, _, spectra = found
    if average == "mean":
        return frequencies, np.mean(spectra, axis=-1)
    if average != "median":
        raise ValueError(f'average must be "median" or "mean", got {average}')
    count = spectra.shape[-1]
    k = 2 * np.arange(1.0, (count - 1) // 2 + 1)
    bias = float(1 + np.sum(1.0 / (k + 1) - 1.0 / k))  # of the median of so many chi-squared numbers
    if spectra.dtype.kind == "c":
        return frequencies, of_parts(spectra, lambda part: np.median(part, axis=-1)) / bias
    return frequencies, np.median(spectra, axis=-1) / bias


@stands_for(source.welch)
def welch(
    x: Any, fs: float = 1.0, window: Any = "hann_periodic", nperseg: Any = None, noverlap: Any = None, nfft: Any = None,
    detrend: Any = "constant", return_onesided: bool = True, scaling: str = "density", axis: int = -1, average: str = "mean",
) -> Any:  # fmt: skip
    """The power spectrum of x, averaged over segments."""
    x = as_array(x)
    return csd(x, x, fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis, average)


@stands_for(source.periodogram)
def periodogram(
    x: Any, fs: float = 1.0, window: Any = "boxcar", nfft: int | None = None, detrend: Any = "constant",
    return_onesided: bool = True, scaling: str = "density", axis: int = -1,
) -> tuple[Any, Any]:  # fmt: skip
    """The power spectrum of x as one segment."""
    x = np.moveaxis(as_array(x), axis, -1)
    n = x.shape[-1] if nfft is None else min(nfft, x.shape[-1])
    settings = (n, 0, nfft, detrend, return_onesided, scaling, -1)
    frequencies, power = welch(x[..., :n], fs, "boxcar" if window is None else window, *settings)
    return frequencies, np.moveaxis(power, -1, axis)


@stands_for(source.coherence)
def coherence(
    x: Any, y: Any, fs: float = 1.0, window: Any = "hann_periodic", nperseg: Any = None, noverlap: Any = None,
    nfft: Any = None, detrend: Any = "constant", axis: int = -1,
) -> tuple[Any, Any]:  # fmt: skip
    """|P_xy|^2 / (P_xx P_yy)."""
    settings: Any = {"fs": fs, "window": window, "nperseg": nperseg, "noverlap": noverlap, "nfft": nfft, "detrend": detrend,
                     "axis": axis}  # fmt: skip
    frequencies, both = csd(x, y, **settings)
    return frequencies, np.abs(both) ** 2 / welch(x, **settings)[1] / welch(y, **settings)[1]


@stands_for(source.stft)
def stft(
    x: Any, fs: float = 1.0, window: Any = "hann_periodic", nperseg: Any = 256, noverlap: Any = None, nfft: Any = None,
    detrend: Any = False, return_onesided: bool = True, boundary: str | None = "zeros", padded: bool = True, axis: int = -1,
    scaling: str = "spectrum",
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Frequencies, times, and the transforms of the segments."""
    if scaling not in ("spectrum", "psd"):
        raise ValueError(f"Parameter {scaling=} not in ['spectrum', 'psd']!")
    x = as_array(x)
    scaling = "density" if scaling == "psd" else scaling
    segments = (window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis, "stft", boundary, padded)
    return _spectra(x, x, fs, *segments)


@stands_for(source.spectrogram)
def spectrogram(
    x: Any, fs: float = 1.0, window: Any = ("tukey_periodic", 0.25), nperseg: Any = None, noverlap: Any = None, nfft: Any = None,
    detrend: Any = "constant", return_onesided: bool = True, scaling: str = "density", axis: int = -1, mode: str = "psd",
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Frequencies, times, and the spectra of the segments: power, complex, or its magnitude."""
    if mode not in ("psd", "complex", "magnitude"):
        raise no_rule(
            "spectrogram", "mode= is 'psd', 'complex' or 'magnitude'; the angle is np.angle of the complex one"
        )
    x = as_array(x)
    window, n = _windowed(window, nperseg, x.shape[axis])
    overlap = n // 8 if noverlap is None else noverlap
    how = "psd" if mode == "psd" else "stft"
    found = _spectra(x, x, fs, window, n, overlap, nfft, detrend, return_onesided, scaling, axis, how)
    return (*found[:2], np.abs(found[2]) if mode == "magnitude" else found[2])


@stands_for(source.istft)
def istft(
    Zxx: Any, fs: float = 1.0, window: Any = "hann_periodic", nperseg: Any = None, noverlap: Any = None, nfft: Any = None,
    input_onesided: bool = True, boundary: bool = True, time_axis: int = -1, freq_axis: int = -2, scaling: str = "spectrum",
) -> tuple[Any, Any]:  # fmt: skip
    """Times, and the signal that has these transforms of segments: their overlapping sum over that of the squared windows."""
    Z = as_array(Zxx)
    frequency, time = freq_axis % Z.ndim, time_axis % Z.ndim
    Z = np.moveaxis(Z, (time, frequency), (-2, -1))
    whole = 2 * (Z.shape[-1] - 1) if input_onesided else Z.shape[-1]
    n = whole if nperseg is None else int(nperseg)
    nfft = (n if input_onesided and n == whole + 1 else whole) if nfft is None else int(nfft)
    step = n - (n // 2 if noverlap is None else int(noverlap))
    if nfft < n or step < 1 or scaling not in ("spectrum", "psd"):
        raise ValueError("nfft must be at least nperseg, noverlap less than it, and scaling 'spectrum' or 'psd'.")
    window = source.get_window(window, n) if isinstance(window, (str, tuple)) else as_array(window)
    if window.shape != (n,):
        raise ValueError(f"window must have length of {n}")
    window = window.astype(np.finfo(Z.dtype).dtype)
    parts = np.fft.irfft(Z, nfft) if input_onesided else np.fft.ifft(Z, nfft)
    scale = np.sum(window) if scaling == "spectrum" else np.sqrt(fs * np.sum(window**2))
    parts = parts[..., :n] * (window * scale)
    places = step * np.arange(Z.shape[-2])[:, None] + np.arange(n)
    length = n + step * (Z.shape[-2] - 1)
    x = row("scatter_add")(parts, key=(..., places), shape=(*parts.shape[:-2], length))
    squares = row("scatter_add")(np.broadcast_to(window**2, places.shape), key=(places,), shape=(length,))
    inner = slice(n // 2, length - n // 2) if boundary else slice(None)
    x, squares = x[..., inner], squares[inner]
    covered = squares > 1e-10
    if not np.all(covered):
        warn(
            "NOLA condition failed, STFT may not be invertible." + " Possibly due to missing boundary" * (not boundary),
            UserWarning,
        )
    x = np.moveaxis(x / np.where(covered, squares, 1.0), -1, time - (frequency < time))
    return np.arange(x.shape[0]) / fs, x


# Frequency responses


def counts(worN: Any) -> bool:
    """Whether it says how many frequencies there are, and is none."""
    if holds_traced(worN) or np.ndim(worN):
        return False
    try:
        index(worN)
    except TypeError:
        return False
    return True


def angles(worN: Any, whole: bool, fs: float, include_nyquist: bool, dtype: Any) -> tuple[Any, Any]:
    """The angles, and the frequencies as they are returned."""
    worN = 512 if worN is None else worN
    if counts(worN):
        last = 2 * np.pi if whole else np.pi
        w = np.linspace(0, last, index(worN), endpoint=include_nyquist and not whole, dtype=dtype)
        return w, w * (fs / (2 * np.pi))
    worN = np.atleast_1d(as_array(worN))
    worN = worN if worN.dtype.kind in "fc" else worN.astype(float)
    return 2 * np.pi * worN / fs, worN


def precision(*xs: Any) -> Any:
    """The dtype of the real parts."""
    return np.finfo(np.result_type(*xs, np.float32)).dtype


def polynomial(c: Any, z: Any) -> Any:
    """The sum of c[k] z^k, for the coefficients along the first axis."""
    total = c[-1] + 0 * z
    for k in range(c.shape[0] - 2, -1, -1):
        total = total * z + c[k]
    return total


@stands_for(source.freqz)
def freqz(
    b: Any, a: Any = 1, worN: Any = 512, whole: bool = False, plot: Callable[..., Any] | None = None, fs: float = 2 * np.pi,
    include_nyquist: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """Frequencies, and the response b(z) / a(z) at z = exp(-i w)."""
    b, a = np.atleast_1d(as_array(b)), np.atleast_1d(as_array(a))
    if b.ndim > 1 or a.ndim > 1 or plot is not None:
        raise no_rule("freqz", "b and a have one axis, and nothing is plotted; take bibun.vmap over the others")
    w, shown = angles(worN, whole, fs, include_nyquist, precision(b, a))
    z = np.exp(-1j * w)
    y = polynomial(b, z) / polynomial(a, z)
    if len(a) == 1 and (worN is None or counts(worN)) and len(b) <= (1 if whole else 2) * (len(w) - include_nyquist):
        y = y.astype(np.result_type(b, np.complex64))  # SciPy's is a Fourier transform of b then
    return shown, y


def _of_sections(sos: Any, worN: Any = 512, whole: bool = False, fs: float = 2 * np.pi) -> tuple[Any, Any]:
    """The product of the responses of the sections."""
    sos = as_array(sos)
    w, shown = angles(worN, whole, fs, False, precision(sos))
    z, h = np.exp(-1j * w), 1.0
    for section in sos:
        h = h * (polynomial(section[:3], z) / polynomial(section[3:], z))
    return shown, h


sosfreqz = stands_for(source.sosfreqz)(_of_sections)
freqz_sos = newer(source, "freqz_sos", stands_for, _of_sections)
