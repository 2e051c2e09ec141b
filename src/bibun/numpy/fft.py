"""The functions of numpy.fft, which find traced arrays by themselves; the frequencies also in a dtype, as the standard has it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.fft import *  # noqa: F403
from numpy.fft import __all__ as __all__


def fftfreq(n: int, d: Any = 1.0, device: Any = None, *, dtype: Any = None) -> Any:  # type: ignore[no-redef]
    """The frequencies of fft, of numbers n and step d; in double precision without a dtype."""
    made = np.fft.fftfreq(n, d, device)
    return made if dtype is None else made.astype(dtype)


def rfftfreq(n: int, d: Any = 1.0, device: Any = None, *, dtype: Any = None) -> Any:  # type: ignore[no-redef]
    """The frequencies of rfft, of n numbers and step d; in double precision without a dtype."""
    made = np.fft.rfftfreq(n, d, device)
    return made if dtype is None else made.astype(dtype)
