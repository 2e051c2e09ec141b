"""Waves: a tone whose frequency changes, a saw, a square wave. No row."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as source  # type: ignore[import-untyped]
from scipy import special

from bibun.arrays.creation import as_array
from bibun.primitives.repeated import holds
from bibun.scipy._calls import stands_for


def _angle(t: Any, f0: Any, t1: Any, f1: Any, method: str, vertex_zero: bool) -> Any:
    """2π times the integral of the frequency from 0 to t."""
    if method in ("linear", "lin", "li"):
        return 2 * np.pi * (f0 * t + (f1 - f0) / t1 * t**2 / 2)
    if method in ("quadratic", "quad", "q"):
        bend = (f1 - f0) / t1**2
        return 2 * np.pi * (f0 * t + bend * t**3 / 3 if vertex_zero else f1 * t + bend * ((t1 - t) ** 3 - t1**3) / 3)
    if method in ("logarithmic", "log", "lo"):
        if holds(f0 * f1 <= 0):
            raise ValueError("For a logarithmic chirp, f0 and f1 must be nonzero and have the same sign.")
        return 2 * np.pi * f0 * t * special.exprel(np.log(f1 / f0) * t / t1)
    if method in ("hyperbolic", "hyp"):
        if holds((f0 == 0) | (f1 == 0)):
            raise ValueError("For a hyperbolic chirp, f0 and f1 must be nonzero.")
        return 2 * np.pi * f0 * t * _logarithm((f1 - f0) / (f1 * t1) * t)
    raise ValueError(
        f"method must be 'linear', 'quadratic', 'logarithmic', or 'hyperbolic', but a value of {method!r} was given."
    )


def _logarithm(u: Any) -> Any:
    """-log|1 - u| / u, which is 1 + u / 2 + u² / 3 + ... and has no digits left in that form where u is small."""
    small = np.abs(u) < 0.05  # where 13 terms have all digits
    near, far = np.where(small, u, 0.0), np.where(small, 1.0, u)
    series: Any = 0.0
    for k in range(13, 0, -1):
        series = series * near + 1 / k
    return np.where(small, series, -np.log(np.abs(np.where(small, 0.5, 1 - u))) / far)


@stands_for(source.chirp)
def chirp(
    t: Any,
    f0: Any,
    t1: Any,
    f1: Any,
    method: str = "linear",
    phi: Any = 0,
    vertex_zero: bool = True,
    *,
    complex: bool = False,
) -> Any:
    """cos of an angle whose speed goes from f0 at 0 to f1 at t1, and of phi degrees at 0."""
    t, f0, t1, f1 = (as_array(v) for v in (t, f0, t1, f1))
    angle = _angle(t, f0, t1, f1, method, vertex_zero) + as_array(phi) * np.pi / 180
    return np.exp(1j * angle) if complex else np.cos(angle)


@stands_for(source.sawtooth)
def sawtooth(t: Any, width: Any = 1) -> Any:
    """From -1 up to 1 in the share `width` of each 2π, and down again."""
    t, w = as_array(t) % (2 * np.pi), as_array(width)
    rises = t < w * 2 * np.pi
    up = t / (np.pi * np.where(rises, w, 1.0)) - 1
    down = (np.pi * (w + 1) - t) / (np.pi * (1 - np.where(rises, 0.0, w)))
    return np.where((w >= 0) & (w <= 1), np.where(rises, up, down), np.nan)


@stands_for(source.square)
def square(t: Any, duty: Any = 0.5) -> Any:
    """1 in the share `duty` of each 2π, and -1 in the rest: constant, where it does not jump."""
    t, w = as_array(t) % (2 * np.pi), as_array(duty)
    y = np.where((w >= 0) & (w <= 1), np.where(t < w * 2 * np.pi, 1.0 + 0.0 * t, -1.0 + 0.0 * t), np.nan)
    return y.astype(np.float64)


@stands_for(source.gausspulse)
def gausspulse(
    t: Any, fc: Any = 1000, bw: Any = 0.5, bwr: Any = -6, tpr: Any = -60, retquad: bool = False, retenv: bool = False
) -> Any:
    """exp(-a t²) cos(2π fc t); its sine and exp(-a t²) too where asked for; for "cutoff" the time when it has faded."""
    fc, bw, bwr = (as_array(v) for v in (fc, bw, bwr))
    if holds(fc < 0) or holds(bw <= 0) or holds(bwr >= 0):
        raise ValueError("gausspulse: fc must be >= 0, bw > 0 and bwr < 0 dB")
    a = -((np.pi * fc * bw) ** 2) / (4.0 * np.log(10.0 ** (bwr / 20.0)))
    if isinstance(t, str):
        if t != "cutoff" or holds(as_array(tpr) >= 0):
            raise ValueError("If `t` is a string, it must be 'cutoff', and tpr < 0 dB")
        return np.sqrt(-np.log(10.0 ** (as_array(tpr) / 20.0)) / a)
    t = as_array(t)
    envelope = np.exp(-a * t * t)
    found = envelope * np.cos(2 * np.pi * fc * t), envelope * np.sin(2 * np.pi * fc * t), envelope
    wanted = [y for y, asked in zip(found, (True, retquad, retenv), strict=True) if asked]
    return wanted[0] if len(wanted) == 1 else tuple(wanted)
