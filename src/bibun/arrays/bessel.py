"""The stand-in for np.i0, the one Bessel function that NumPy has."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays.creation import as_array
from bibun.arrays.registry import implements, row

_bessel_i = row("bessel_i")


@implements(np.i0)
def i0(x: Any) -> Any:
    """The modified Bessel function of order 0; integers as floats."""
    x = as_array(x)
    if x.dtype.kind == "c":
        raise TypeError("i0 not supported for complex values")
    return _bessel_i(x if x.dtype.kind == "f" else x.astype(float), order=0)
