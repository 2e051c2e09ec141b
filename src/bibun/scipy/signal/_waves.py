"""Waves: a tone whose frequency changes, a saw, a square wave. No row."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.scipy._calls import no_rule, stands_for


def _angle(t: Any, f0: Any, t1: Any, f1: Any, method: str, vertex_zero: bool) -> Any:
    """2π times the integral of the frequency from 0 to t."""
    if method in ("linear", "lin", "li"):
        return 2 * np.pi * (f0 * t + (f1 - f0) / t1 * t**2 / 2)
    if method in ("quadratic", "quad", "q"):
        bend = (f1 - f0) / t1**2
        return 2 * np.pi * (f0 * t + bend * t**3 / 3 if vertex_zero else f1 * t + bend * ((t1 - t) ** 3 - t1**3) / 3)
    raise no_rule("chirp", f"the method is {method!r}, not 'linear' or 'quadratic'; write the angle, and np.cos of it")


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
    return np.where((w >= 0) & (w <= 1), np.where(t < w * 2 * np.pi, 1.0 + 0.0 * t, -1.0 + 0.0 * t), np.nan)
