"""scipy.signal with derivatives: convolutions, filters and their designs, resampling, spectra; plain arguments go to SciPy as
they are.

Windows and everything else that is not defined here is SciPy's own, or refuses traced arrays and says why.
"""

from __future__ import annotations

import scipy.signal as source  # type: ignore[import-untyped]

from bibun.scipy._calls import remaining
from bibun.scipy.signal._convolution import convolve, convolve2d, correlate, correlate2d, fftconvolve, oaconvolve
from bibun.scipy.signal._designs import bessel, butter, cheby1, cheby2, ellip, firwin, firwin2, iirfilter
from bibun.scipy.signal._filters import filtfilt, lfilter, lfilter_zi, sosfilt, sosfilt_zi, sosfiltfilt
from bibun.scipy.signal._responses import lsim
from bibun.scipy.signal._smoothing import (
    decimate,
    detrend,
    hilbert,
    medfilt,
    resample,
    resample_poly,
    savgol_filter,
    upfirdn,
)
from bibun.scipy.signal._spectra import coherence, csd, freqz, istft, periodogram, sosfreqz, spectrogram, stft, welch
from bibun.scipy.signal._waves import chirp, sawtooth, square

__all__ = [
    "bessel",
    "butter",
    "cheby1",
    "cheby2",
    "chirp",
    "coherence",
    "convolve",
    "convolve2d",
    "correlate",
    "correlate2d",
    "csd",
    "decimate",
    "detrend",
    "ellip",
    "fftconvolve",
    "filtfilt",
    "firwin",
    "firwin2",
    "freqz",
    "hilbert",
    "iirfilter",
    "istft",
    "lfilter",
    "lfilter_zi",
    "lsim",
    "medfilt",
    "oaconvolve",
    "periodogram",
    "resample",
    "resample_poly",
    "savgol_filter",
    "sawtooth",
    "sosfilt",
    "sosfilt_zi",
    "sosfiltfilt",
    "sosfreqz",
    "spectrogram",
    "square",
    "stft",
    "upfirdn",
    "welch",
]

_SYSTEM = "write lsim of the system (A, B, C, D) and its input, or the state equation: x = expm(A * dt) @ x"
_DISCRETE = "it finds places and counts, which are whole numbers"
__getattr__ = remaining(
    source,
    {
        **dict.fromkeys(("impulse", "step", "bode", "freqresp"), _SYSTEM),
        **dict.fromkeys(("dlsim", "dimpulse", "dstep"), "write lfilter"),
        **dict.fromkeys(
            ("find_peaks", "peak_widths", "peak_prominences", "argrelmax", "argrelmin", "argrelextrema"), _DISCRETE
        ),
        "deconvolve": "write lfilter of the signal and the divisor: lfilter(signal, divisor, [1, 0, 0, ...])",
        "wiener": "write the means of windows with convolve",
        "medfilt2d": "write medfilt",
        "order_filter": "write medfilt, or np.sort of windows",
        "czt": "write np.exp of the angles and a product with the matrix",
        "zoom_fft": "write np.exp of the angles and a product with the matrix",
        "lombscargle": "write the sums of sines and cosines",
        "sepfir2d": "write convolve along each axis",
        "envelope": "write np.abs(hilbert(x))",
    },
)
