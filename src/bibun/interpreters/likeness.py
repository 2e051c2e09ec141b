"""What a recorded value is, but for its entries: shape, dtype and class. Owns no value."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np

SCALARS = frozenset((float, int, bool, complex))  # Python's own


class Like(NamedTuple):
    """What a value is, but for its entries. `scalar`: its class where it is no ndarray (np.float64, float, ...)."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scalar: type | None


FLOAT64 = Like((), np.dtype(np.float64), np.float64)


# Of each shape and dtype that was recorded; by the dtype's number too: long and long long are equal.
_OF_ARRAYS: dict[Hashable, Like] = {}


def likeness(value: Any) -> Like:
    """Shape, dtype and class of a plain value; of arrays that are alike, the same object."""
    if type(value) is np.float64:
        return FLOAT64
    if isinstance(value, np.ndarray):
        dtype = value.dtype
        key = value.shape, dtype, dtype.num
        found = _OF_ARRAYS.get(key)
        return _OF_ARRAYS.setdefault(key, Like(value.shape, dtype, None)) if found is None else found
    return Like((), np.result_type(value), type(value))
