"""Stand-ins for the ufuncs of two results."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays.registry import implements, row

_floor_divide, _remainder = row("floor_divide"), row("remainder")
_fraction, _trunc, _mantissa, _binary_exponent = row("fraction"), row("trunc"), row("mantissa"), row("binary_exponent")


@implements(np.divmod)
def divmod_(x1: Any, x2: Any) -> tuple[Any, Any]:
    """The whole quotient, which goes in steps, and the remainder."""
    return _floor_divide(x1, x2), _remainder(x1, x2)


@implements(np.modf)
def modf(x: Any) -> tuple[Any, Any]:
    """What is behind the point, and what is before it, which goes in steps. Of integers too, both are floats."""
    fraction, whole = _fraction(x), _trunc(x)
    dtype = np.result_type(fraction)
    return fraction, whole if np.result_type(whole) == dtype else whole.astype(dtype)


@implements(np.frexp)
def frexp(x: Any) -> tuple[Any, Any]:
    """m and e with x = m 2**e and 1/2 <= |m| < 1. The integer e is plain."""
    return _mantissa(x), _binary_exponent(x)
