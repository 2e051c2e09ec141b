"""Responses over frequency of systems in their several forms, and transforms along arcs and at uneven times. No row."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.errors import DerivativeValueError, located
from bibun.primitives.repeated import holds
from bibun.scipy._calls import no_rule, stands_for
from bibun.scipy._levels import differentiated, steering
from bibun.scipy.signal._spectra import angles, counts, polynomial, precision

# ---- responses


def _places(name: str, num: Any, den: Any, worN: Any, kind: str) -> Any:
    """The frequencies, or as many as asked for, which SciPy chooses by the values."""
    if worN is None or counts(worN):
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
    return w, _of_roots(np.complex128(1j) * w, z, p, k)


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


def _points(m: int) -> int:
    if m < 1:
        raise ValueError(f"Invalid number of CZT output points ({m}) specified. m must be positive and integer type.")
    return m


@stands_for(source.czt)
def czt(x: Any, m: int | None = None, w: Any = None, a: Any = 1 + 0j, *, axis: int = -1) -> Any:
    """Σ x[n] z**-n at m points z = a w**-k, by x, w and a."""
    x = as_array(x)
    n = x.shape[axis]
    m = _points(n if m is None else m)
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
    m = _points(n if m is None else m)
    low, high = (ends[0], ends[1]) if ends.shape[0] == 2 else (np.float64(0), ends[0])
    scale = (high - low) / fs * (m / (m - 1) if endpoint else 1.0)
    chirp = np.exp(-1j * np.pi * scale / m * np.arange(max(m, n)) ** 2)
    y = _chirped(x, axis, m, np.exp(-2j * np.pi * (low / fs) * np.arange(n)), chirp)
    return y.astype(np.result_type(x, low, high, np.complex64))


@stands_for(source.lombscargle)
def lombscargle(
    x: Any, y: Any, freqs: Any, *, precenter: Any = None, normalize: Any = False, weights: Any = None,
    floating_mean: bool = False,
) -> Any:  # fmt: skip
    """The power of the sine and cosine of each frequency that fit y at the times x best, by all of them and the weights.

    Of the amplitudes a and b that solve Σ w c (a c + b s - y) = Σ w s (a c + b s - y) = 0 it is 2 Σ w y (a c + b s); see SciPy's
    for its normalisations. Where c and s are one function at the times (frequency 0, or Nyquist's), the power jumps, and
    DerivativeValueError is raised where a derivative by the frequencies or the times is asked.
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
    if w.shape != x.shape or holds(w < 0) or holds(np.sum(w) <= 0):
        raise ValueError("Parameter weights must have only non-negative entries which sum to a positive value!")
    w = w / np.sum(w)
    a, b, yc, ys = _fitted(x, y, freqs, w, floating_mean)
    power = a + 1j * b if how == "amplitude" else 2.0 * (a * yc + b * ys)
    power = np.reshape(power, ()) if freqs.shape[0] == 1 else power  # as SciPy does
    if how == "amplitude":
        return power
    if how == "power":
        return power * (x.shape[0] / 4.0)
    return power * (0.5 / (w @ (y * y) - ((w @ y) ** 2 if floating_mean else 0.0)))


def _fitted(x: Any, y: Any, freqs: Any, w: Any, floating_mean: bool) -> tuple[Any, Any, Any, Any]:
    """The amplitudes of the cosine and the sine of each frequency, and the products of these with y.

    SciPy turns both by an angle at which they are orthogonal. At evenly spaced times that angle is one of 0 / 0 at each
    frequency 2π k / n, where the power is smooth; so the normal equations are solved as they are.
    """
    angle = x[:, None] * freqs
    c, s = np.cos(angle), np.sin(angle)
    if floating_mean:
        c, s, y = c - w @ c, s - w @ s, y - w @ y
    cc, ss, cs, yc, ys = w @ (c * c), w @ (s * s), w @ (c * s), (w * y) @ c, (w * y) @ s
    below, least = cc * ss - cs * cs, np.finfo(float).eps
    both = np.maximum(cc + ss, least)
    single = below <= least * both * both
    if holds(single) and differentiated(x, freqs):
        raise DerivativeValueError(
            f"{located()}lombscargle: at a frequency of freqs (0, or Nyquist's) the sine and the cosine are one function at the "
            "times x, and the power jumps: it has no derivative by freqs and x there. Leave that frequency away."
        )
    below = np.where(single, 1.0, below)
    # the pseudoinverse of a matrix of rank 1 is that matrix over the square of its trace
    inverse = [np.where(single, one / both**2, other / below) for one, other in ((cc, ss), (cs, -cs), (ss, cc))]
    return inverse[0] * yc + inverse[1] * ys, inverse[1] * yc + inverse[2] * ys, yc, ys
