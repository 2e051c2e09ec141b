"""Filters designed by their frequencies: of finite length from windows, and the classical recursive ones, by poles and zeros.

One row, constant: which poles and zeros SciPy puts into one section. The prototypes are SciPy's.
"""

from __future__ import annotations

from math import ceil, log2
from typing import Any

import numpy as np
import scipy.signal as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array, holds_traced
from bibun.arrays.registry import add_rows
from bibun.core.kinds import constant
from bibun.primitives.repeated import holds
from bibun.scipy._calls import no_rule, stands_for
from bibun.scipy.interpolate.piecewise import taken

_PASSES = {"lowpass": True, "bandstop": True, "highpass": False, "bandpass": False}


def _floats(x: Any) -> Any:
    return as_array(x) * 1.0


def plain_only(name: str, **settings: Any) -> None:
    """Refuse settings that SciPy makes plain numbers of."""
    for word, value in settings.items():
        if holds_traced(value):
            raise no_rule(name, f"{word} is for plain numbers; differentiate by the frequencies")


# ---- of finite length


@stands_for(source.firwin)
def firwin(
    numtaps: int, cutoff: Any, *, width: Any = None, window: Any = "hamming", pass_zero: Any = True, scale: bool = True,
    fs: Any = None,
) -> Any:  # fmt: skip
    """h[n] = the sum over the bands of (r sinc(r m) - l sinc(l m)) w[n], m = n - (numtaps - 1) / 2, scaled to 1 in the first.

    By the cutoffs (between 0 and fs / 2) and fs.
    """
    plain_only("firwin", width=width, window=window)
    nyquist = 0.5 * (2.0 if fs is None else fs)
    edges = np.atleast_1d(_floats(cutoff)) / nyquist
    if edges.ndim > 1 or not edges.shape[0]:
        raise ValueError("The cutoff argument must be at most one-dimensional, and not empty.")
    if holds((edges <= 0) | (edges >= 1)):
        raise ValueError("Invalid cutoff frequency: frequencies must be greater than 0 and less than fs/2.")
    if holds(np.diff(edges) <= 0):
        raise ValueError("Invalid cutoff frequencies: the frequencies must be strictly increasing.")
    if width is not None:
        window = ("kaiser", source.kaiser_beta(source.kaiser_atten(numtaps, float(width) / nyquist)))
    from_zero = _PASSES.get(pass_zero, pass_zero)
    if from_zero not in (True, False):
        raise ValueError(f"Parameter {pass_zero=} not in (True, False, 'bandpass', 'lowpass', 'highpass', 'bandstop')")
    if isinstance(pass_zero, str) and (edges.shape[0] == 1) != (pass_zero in ("lowpass", "highpass")):
        raise ValueError(f"cutoff does not have as many elements as pass_zero={pass_zero!r} needs: {edges.shape[0]}")
    to_nyquist = (edges.shape[0] % 2 == 0) == from_zero
    if to_nyquist and numtaps % 2 == 0:
        raise ValueError(
            "A filter with an even number of coefficients must have zero response at the Nyquist frequency."
        )
    ends = np.concatenate([np.zeros(int(from_zero)), edges, np.ones(int(to_nyquist))])
    left, right = ends[::2, None], ends[1::2, None]
    m = np.arange(numtaps) - 0.5 * (numtaps - 1)
    h = np.sum(right * np.sinc(right * m) - left * np.sinc(left * m), axis=0)
    h = h * source.get_window(window, numtaps, fftbins=False)
    if not scale:
        return h
    where = 0.0 if from_zero else 1.0 if ends.shape[0] == 2 and to_nyquist else 0.5 * (ends[0] + ends[1])
    return h / np.sum(h * np.cos(np.pi * m * where))


@stands_for(source.firwin2)
def firwin2(
    numtaps: int, freq: Any, gain: Any, *, nfreqs: int | None = None, window: Any = "hamming", antisymmetric: bool = False,
    fs: Any = None,
) -> Any:  # fmt: skip
    """The inverse Fourier transform of the gain that goes straight from one frequency to the next, times a window.

    By the gains, and by the frequencies between the first and the last.
    """
    plain_only("firwin2", window=window, fs=fs)
    nyquist = 0.5 * (2.0 if fs is None else fs)
    freq, gain = _floats(freq), _floats(gain)
    if freq.shape != gain.shape:
        raise ValueError("freq and gain must be of same length.")
    if nfreqs is not None and numtaps >= nfreqs:
        raise ValueError(f"ntaps must be less than nfreqs, but firwin2 was called with {numtaps=} and {nfreqs=}")
    if holds((freq[0] != 0) | (freq[-1] != nyquist)):
        raise ValueError("freq must start with 0 and end with fs/2.")
    if holds(np.diff(freq) < 0):
        raise ValueError("The values in freq must be nondecreasing.")
    if holds(freq[2:] == freq[:-2]) or holds((freq[1] == 0) | (freq[-2] == nyquist)):
        raise ValueError("A value in freq must not occur more than twice, nor 0 and fs/2 more than once.")
    turned, even = bool(antisymmetric), numtaps % 2 == 0
    none_at_0, none_at_end = turned, turned != even
    if holds(((gain[0] != 0) & none_at_0) | ((gain[-1] != 0) & none_at_end)):
        raise ValueError("firwin2: a filter of this length and symmetry has zero gain at 0, or at fs/2.")
    same = 1.0 * (freq[1:] == freq[:-1])  # a step, which is made steep
    steep = np.finfo(float).eps * nyquist * (np.concatenate([[0.0], same]) - np.concatenate([same, [0.0]]))
    x = np.linspace(0.0, nyquist, 1 + 2 ** ceil(log2(numtaps)) if nfreqs is None else nfreqs)
    shift = np.exp(-(numtaps - 1) / 2 * 1j * np.pi * x / nyquist) * (1j if turned else 1.0)
    h = np.fft.irfft(np.interp(x, freq + steep, gain) * shift)[:numtaps]
    if window is not None:
        h = h * source.get_window(window, numtaps, fftbins=False)
    return h * (np.arange(numtaps) != numtaps // 2) if turned and not even else h


# ---- recursive


_KINDS = {
    **dict.fromkeys(("band", "bandpass", "pass", "bp"), "bandpass"),
    **dict.fromkeys(("bs", "bandstop", "bands", "stop"), "bandstop"),
    **dict.fromkeys(("l", "low", "lowpass", "lp"), "lowpass"),
    **dict.fromkeys(("high", "highpass", "h", "hp"), "highpass"),
}


def moved(zpk: Any, kind: str, w: Any, b: Any = None) -> tuple[Any, Any, Any]:
    """The lowpass prototype with its edge at 1 brought to w, or to a band: s -> s / w, w / s, (s² + w²) / (s b) or over it."""
    z, p, k = (np.atleast_1d(zpk[0]), np.atleast_1d(zpk[1]), zpk[2])
    more = len(p) - len(z)
    if kind == "lowpass":
        return w * z, w * p, k * w**more
    turned = k * np.real(np.prod(-z) / np.prod(-p))
    if kind == "highpass":
        return np.concatenate([w / z, np.zeros(more)]), w / p, turned
    square = w * w

    def both(s: Any) -> Any:
        s = s if s.dtype == complex else s.astype(complex)  # + 0j would change the side of the cut that a zero is on
        root = np.sqrt(s * s - square)
        return np.concatenate([s + root, s - root])

    if kind == "bandpass":
        return np.concatenate([both(z * b / 2), np.zeros(more)]), both(p * b / 2), k * b**more
    middle = 1j * w * np.ones(more)
    return np.concatenate([both(b / 2 / z), middle, -middle]), both(b / 2 / p), turned


def digital(z: Any, p: Any, k: Any, c: Any = 4.0) -> tuple[Any, Any, Any]:
    """s -> c (z - 1) / (z + 1), Tustin's transform at c / 2 samples a unit."""
    more = p.shape[0] - z.shape[0]
    gain = k * np.real(np.prod(c - z) / np.prod(c - p))
    return np.concatenate([(c + z) / (c - z), -np.ones(more)]), (c + p) / (c - p), gain


def _sections(z: Any, p: Any, *, analog: bool, pairing: str | None) -> Any:
    """Of each of SciPy's sections the places of its two zeros and its two poles; behind the last of them stand 0, and none."""
    sos = source.zpk2sos(z, p, 1.0, pairing, analog=analog)
    return np.stack([_places(sos[:, :3], z), _places(sos[:, 3:], p)], axis=1)


def _places(polynomials: Any, roots: Any) -> Any:
    left, places = list(range(len(roots))), np.full((len(polynomials), 2), len(roots) + 1)
    for row, line in zip(polynomials, places, strict=True):
        for i, root in enumerate(np.sort_complex(np.roots(np.trim_zeros(row, "f")))):
            nearest = min(left, key=lambda j, root=root: abs(roots[j] - root), default=None)  # type: ignore[misc]
            added = nearest is None or (root == 0 and abs(roots[nearest]) > 1e-3)
            line[i] = len(roots) if added else nearest
            if not added:
                left.remove(nearest)  # type: ignore[arg-type]
    return places


places_in_sections = constant(_sections, "which poles and zeros go together is a choice", name="places_in_sections")
add_rows(places_in_sections)


def second_order(z: Any, p: Any, k: Any, analog: bool, pairing: str | None = None) -> Any:
    """Sections (c₁s - r₁)(c₂s - r₂), where c is 1, and of a root that there is not c = 0 and r = -1."""
    places = places_in_sections(z, p, analog=analog, pairing=pairing)
    parts = []
    for i, roots in enumerate((z, p)):
        pair = taken(np.concatenate([roots, [0.0, -1.0]]), places[:, i])
        c = 1.0 * (places[:, i] <= roots.shape[0])
        r, s = pair[:, 0], pair[:, 1]
        parts.append(np.stack([c[:, 0] * c[:, 1], np.real(-c[:, 0] * s - c[:, 1] * r), np.real(r * s)], axis=-1))
    first = np.where(np.arange(places.shape[0]) == 0, k, 1.0)
    return np.concatenate([parts[0] * first[:, None], parts[1]], axis=-1)


def _designed(prototype: Any, Wn: Any, btype: str, analog: bool, output: str, fs: Any) -> Any:
    """The prototype at the frequencies Wn, as polynomials (ba), as zeros, poles and gain (zpk), or as sections (sos)."""
    kind, output, w = _KINDS.get(btype.lower()), output.lower(), _floats(Wn)
    if kind is None:
        raise ValueError(f"'{btype}' is an invalid bandtype for filter.")
    if output not in ("ba", "zpk", "sos"):
        raise ValueError(f"'{output}' is not a valid output form.")
    if fs is not None:
        if analog:
            raise ValueError("fs cannot be specified for an analog filter")
        w = w / (fs / 2)
    bands = kind in ("bandpass", "bandstop")
    if w.shape not in (((2,),) if bands else ((), (1,))):
        raise ValueError(f"Wn must be {'two frequencies' if bands else 'one frequency'} for a {kind} filter")
    if holds(w <= 0) or (not analog and holds(w >= 1)):
        raise ValueError("filter critical frequencies must be greater than 0, and digital ones less than fs/2")
    if bands and holds(w[0] >= w[1]):
        raise ValueError("Wn[0] must be less than Wn[1]")
    w = w if bands else np.reshape(w, ())[()]
    w = w if analog else 4.0 * np.tan(np.pi * w / 2)
    band = (np.sqrt(w[0] * w[1]), w[1] - w[0]) if bands else (w,)
    z, p, k = moved(prototype, kind, *band)
    z, p, k = (z, p, k) if analog else digital(z, p, k)
    if output == "zpk":
        return z, p, k
    if output == "sos":
        return second_order(z, p, k, analog)
    return k * np.real(of_roots(z)), np.real(of_roots(p))


def of_roots(roots: Any) -> Any:
    """The polynomial that has them."""
    return np.poly(roots) if roots.shape[0] else np.ones(1)


@stands_for(source.butter)
def butter(N: int, Wn: Any, btype: str = "low", analog: bool = False, output: str = "ba", fs: Any = None) -> Any:
    """Butterworth's filter of order N, by its frequencies Wn and fs."""
    return _designed(source.buttap(N), Wn, btype, analog, output, fs)


@stands_for(source.iirfilter)
def iirfilter(
    N: int, Wn: Any, rp: Any = None, rs: Any = None, btype: str = "band", analog: bool = False, ftype: str = "butter",
    output: str = "ba", fs: Any = None,
) -> Any:  # fmt: skip
    """The filter of the name `ftype`, by its frequencies Wn and fs."""
    plain_only("iirfilter", rp=rp, rs=rs)
    prototype = source.iirfilter(N, 1.0, rp, rs, "lowpass", True, ftype, "zpk")  # moved by nothing
    return _designed(prototype, Wn, btype.lower(), analog, output.lower(), fs)


@stands_for(source.cheby1)
def cheby1(
    N: int, rp: Any, Wn: Any, btype: str = "low", analog: bool = False, output: str = "ba", fs: Any = None
) -> Any:
    """Chebyshev's filter of ripples in the passband, by its frequencies Wn and fs."""
    plain_only("cheby1", rp=rp)
    return _designed(source.cheb1ap(N, rp), Wn, btype, analog, output, fs)


@stands_for(source.cheby2)
def cheby2(
    N: int, rs: Any, Wn: Any, btype: str = "low", analog: bool = False, output: str = "ba", fs: Any = None
) -> Any:
    """Chebyshev's filter of ripples in the stopband, by its frequencies Wn and fs."""
    plain_only("cheby2", rs=rs)
    return _designed(source.cheb2ap(N, rs), Wn, btype, analog, output, fs)


@stands_for(source.ellip)
def ellip(
    N: int, rp: Any, rs: Any, Wn: Any, btype: str = "low", analog: bool = False, output: str = "ba", fs: Any = None
) -> Any:
    """Cauer's elliptic filter, by its frequencies Wn and fs."""
    plain_only("ellip", rp=rp, rs=rs)
    return _designed(source.ellipap(N, rp, rs), Wn, btype, analog, output, fs)


@stands_for(source.bessel)
def bessel(
    N: int, Wn: Any, btype: str = "low", analog: bool = False, output: str = "ba", norm: str = "phase", fs: Any = None
) -> Any:
    """Bessel's filter, by its frequencies Wn and fs."""
    return _designed(source.besselap(N, norm=norm), Wn, btype, analog, output, fs)
