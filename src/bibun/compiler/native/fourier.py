"""Fourier transforms without the Python around them: the compiled function of NumPy's that np.fft calls, found by looking.

It is NumPy's own affair, so it is compared with np.fft before it is used; where it is another one, programs call np.fft.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from bibun.compiler.native.once import once

NAMES = {"fft", "ifft", "rfft", "irfft"}
_FORWARD = {"fft": True, "ifft": False, "rfft": True, "irfft": False}
Into = Callable[..., Any]


@once
def _functions() -> dict[tuple[str, int], Any]:
    """By the row's name and whether the length is odd; empty where one is missing, or gives something else than np.fft."""
    try:
        module = import_module("numpy.fft._pocketfft_umath")
        found = {
            (name, odd): getattr(module, f"rfft_n_{'odd' if odd else 'even'}" if name == "rfft" else name)
            for name in NAMES
            for odd in (0, 1)
        }
        return found if all(_is_right(found[key], *key) for key in found) else {}
    except (ImportError, AttributeError, TypeError, ValueError):
        return {}


def _is_right(function: Any, name: str, odd: int) -> bool:
    n = 6 + odd
    rows = np.arange(4.0 * n).reshape(4, n) ** 1.5
    x = rows if name == "rfft" else rows[:, : n // 2 + 1] * (1 + 0.5j) if name == "irfft" else rows * (1 - 2j)
    want = getattr(np.fft, name)(x, n, 1, "ortho")
    out = np.empty_like(want)
    function(x, 1 / np.sqrt(n), axes=[(1,), (), (1,)], out=out)
    return bool(np.array_equal(out, want))


def into(name: str, settings: dict[str, Any], shape: tuple[int, ...], out: Any) -> Into | None:
    """(x, out=array), which makes a row's result of an x of this shape in an array like `out`; None for np.fft."""
    axis, norm = settings.get("axis", -1) % len(shape), settings.get("norm") or "backward"
    n = out.shape[axis] if name == "irfft" else settings.get("n") or shape[axis]
    function = _functions().get((name, n % 2))
    if function is None or norm not in ("backward", "ortho", "forward"):
        return None
    axes = [(axis,), (), (axis,)]
    real = out.real.dtype
    scaled = norm == ("forward" if _FORWARD[name] else "backward")
    factor: Any = 1
    if norm == "ortho":
        factor = np.reciprocal(np.sqrt(n, dtype=real))
    elif scaled:
        factor = np.reciprocal(n, dtype=real)
    if axis == len(shape) - 1:
        return lambda x, out: function(x, factor, out)
    return lambda x, out: function(x, factor, axes=axes, out=out)
