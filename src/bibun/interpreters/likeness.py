"""What a recorded value is, but for its entries: shape, dtype and class. Owns no value."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

SCALARS = (float, int, bool, complex)  # Python's own


class Like(NamedTuple):
    """What a value is, but for its entries. `scalar`: its class where it is no ndarray (np.float64, float, ...)."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scalar: type | None


FLOAT64 = Like((), np.dtype(np.float64), np.float64)


def likeness(value: Any) -> Like:
    """Shape, dtype and class of a plain value."""
    if type(value) is np.float64:
        return FLOAT64
    if isinstance(value, np.ndarray):
        return Like(value.shape, value.dtype, None)
    return Like((), np.result_type(value), type(value))
