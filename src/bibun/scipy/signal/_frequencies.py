"""Responses over frequency of systems in their several forms, and transforms along arcs and at uneven times. No row."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array, holds_traced
from bibun.scipy._calls import no_rule, stands_for
from bibun.scipy._levels import steering
from bibun.scipy.signal._spectra import angles, polynomial, precision

# ---- responses


def _places(name: str, num: Any, den: Any, worN: Any, kind: str) -> Any:
    """The frequencies, or as many as asked for, which SciPy chooses by the values."""
    if worN is None or (np.ndim(worN) == 0 and not holds_traced(worN)):
        values = steering(name, num=num, den=den)
        return source.findfreqs(values["num"], values["den"], 200 if worN is None else worN, kind)
    return np.atleast_1d(as_array(worN))


@stands_for(source.freqs)
def freqs(b: Any, a: Any, worN: Any = 200, plot: Any = None) -> tuple[Any, Any]:
    """Frequencies, and the response b(s) / a(s) at s = i w."""
    if plot is not None:
        raise no_rule("freqs", "nothing is plotted; leave plot= away")
    b, a = np.atleast_1d(as_array(b)), np.atleast_1d(as_array(a))
    w = _places("freqs", b, a, worN, "ba")
    return w, np.polyval(b, 1j * w) / np.polyval(a, 1j * w)


def _of_roots(x: Any, z: Any, p: Any, k: Any) -> Any:
    z, p = (np.atleast_1d(as_array(roots)) for roots in (z, p))
    return as_array(k) * np.prod(x[:, None] - z, axis=-1) / np.prod(x[:, None] - p, axis=-1)


@stands_for(source.freqs_zpk)
def freqs_zpk(z: Any, p: Any, k: Any, worN: Any = 200) -> tuple[Any, Any]:
    """Frequencies, and the response k Π (s - z) / Π (s - p) at s = i w."""
    w = _places("freqs_zpk", np.atleast_1d(as_array(z)), np.atleast_1d(as_array(p)), worN, "zp")
    return w, _of_roots(1j * w, z, p, k)


@stands_for(source.freqz_zpk)
def freqz_zpk(z: Any, p: Any, k: Any, worN: Any = 512, whole: bool = False, fs: Any = 2 * np.pi) -> tuple[Any, Any]:
    """Frequencies, and the same at exp(i w)."""
    w, shown = angles(worN, whole, fs, False, precision(as_array(z), as_array(p)))
    return shown, _of_roots(np.exp(1j * w), z, p, k)


@stands_for(source.group_delay)
def group_delay(system: Any, w: Any = 512, whole: bool = False, fs: Any = 2 * np.pi) -> tuple[Any, Any]:
    """Frequencies, and minus the slope of the phase of b / a there; 0 where it is singular."""
    b, a = (np.atleast_1d(as_array(c)) for c in system)
    w, shown = angles(w, whole, fs, False, np.float64)
    c = np.convolve(b, np.conjugate(a[::-1]))
    z = np.exp(-1j * w)
    below = polynomial(c, z)
    singular = below == 0
    slope = np.real(polynomial(c * np.arange(c.shape[0]), z) / np.where(singular, 1.0, below)) - (a.shape[0] - 1)
    return shown, np.where(singular, 0.0, slope)


# ---- transforms


def _chirped(x: Any, axis: int, m: int, first: Any, chirp: Any) -> Any:
    """y[k] = chirp[k] Σ x[n] first[n] chirp[n] / chirp[k - n], by Bluestein: a convolution."""
    x = np.moveaxis(x, axis, -1)
    n = x.shape[-1]
    length = n + m - 1
    over = np.fft.fft(1 / np.concatenate([chirp[1:n][::-1], chirp[:m]]), length)
    y = np.fft.ifft(over * np.fft.fft(x * (first * chirp[:n]), length))[..., n - 1 :]
    return np.moveaxis(y * chirp[:m], -1, axis)


@stands_for(source.czt)
def czt(x: Any, m: int | None = None, w: Any = None, a: Any = 1 + 0j, *, axis: int = -1) -> Any:
    """Σ x[n] z**-n at m points z = a w**-k, by x, w and a."""
    x = as_array(x)
    n = x.shape[axis]
    m = n if m is None else m
    k = np.arange(max(m, n))
    chirp = np.exp(-1j * np.pi * (k**2 % (2 * m)) / m) if w is None else (as_array(w) + 0j) ** (k**2 / 2)
    return _chirped(x, axis, m, (as_array(a) * 1.0) ** -np.arange(float(n)), chirp)


@stands_for(source.zoom_fft)
def zoom_fft(x: Any, fn: Any, m: int | None = None, *, fs: Any = 2, endpoint: bool = False, axis: int = -1) -> Any:
    """Σ x[n] exp(-2πi f n / fs) at m frequencies from fn[0], or from 0, to fn, by x, fn and fs."""
    x, ends = as_array(x), np.atleast_1d(as_array(fn))
    if ends.shape[0] > 2:
        raise ValueError("fn must be a scalar or 2-length sequence")
    n = x.shape[axis]
    m = n if m is None else m
    low, high = (ends[0], ends[1]) if ends.shape[0] == 2 else (0.0, ends[0])
    scale = (high - low) / fs * (m / (m - 1) if endpoint else 1.0)
    chirp = np.exp(-1j * np.pi * scale / m * np.arange(max(m, n)) ** 2)
    return _chirped(x, axis, m, np.exp(-2j * np.pi * (low / fs) * np.arange(n)), chirp)


@stands_for(source.lombscargle)
def lombscargle(
    x: Any, y: Any, freqs: Any, *, precenter: Any = None, normalize: Any = False, weights: Any = None,
    floating_mean: bool = False,
) -> Any:  # fmt: skip
    """The power of the sine and cosine of each frequency that fit y at the times x best, by all of them and the weights.

    With t shifted by τ, at which Σ w cos sin = 0, it is 2 (YC² / CC + YS² / SS); see SciPy's for its normalisations.
    """
    if precenter is True:
        raise no_rule("lombscargle", "precenter= is deprecated; write y - np.mean(y)")
    x, y, freqs = (as_array(v) for v in (x, y, freqs))
    if not (x.ndim == y.ndim == freqs.ndim == 1 and x.shape == y.shape and x.shape[0] and freqs.shape[0]):
        raise ValueError("Parameters x, y, weights must be 1-D arrays of equal non-zero length, and freqs one too")
    how = {False: "power", True: "normalize"}.get(normalize, normalize)
    if how not in ("power", "normalize", "amplitude"):
        raise ValueError("Normalize must be: False (or 'power'), True (or 'normalize'), or 'amplitude'.")
    w = np.ones(x.shape) if weights is None else as_array(weights)
    w = w / np.sum(w)

    def sums(angle: Any) -> tuple[Any, Any, Any, Any, Any]:
        """Σ w c², Σ w s², Σ w c s, Σ w y c and Σ w y s, less those of the means where they float."""
        c, s = np.cos(angle), np.sin(angle)
        cc, cs, yc, ys = w @ (c * c), w @ (c * s), (w * y) @ c, (w * y) @ s
        if not floating_mean:
            return cc, 1.0 - cc, cs, yc, ys
        mean, c, s = w @ y, w @ c, w @ s
        return cc - c * c, 1.0 - cc - s * s, cs - c * s, yc - mean * c, ys - mean * s

    angle = x[:, None] * freqs
    cc, ss, cs, _, _ = sums(angle)
    tau = 0.5 * np.arctan2(2.0 * cs, cc - ss)
    cc, ss, _, yc, ys = sums(angle - tau)
    least = np.finfo(float).epsneg
    a, b = yc / np.maximum(cc, least), ys / np.maximum(ss, least)
    if how == "amplitude":
        return (a + 1j * b) * np.exp(1j * tau)
    power = 2.0 * (a * yc + b * ys)
    if how == "power":
        return power * (x.shape[0] / 4.0)
    return power * (0.5 / (w @ (y * y) - ((w @ y) ** 2 if floating_mean else 0.0)))
