"""Captured arrays as they were when a recording first read them: whoever holds one may change it while the function runs."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np

from bibun.core.captured import COPIED

_SMALL = 4096  # bytes that are compared as they are; of more a checksum is


class Snapshot:
    """An array, and what it held: `held` is a copy, so that a derivative reads that, or the array itself where it is large."""

    __slots__ = ("_token", "array", "held")

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.array = array
        self.held = array.copy(order="K") if array.nbytes <= COPIED else array
        self._token = token(array)

    @property
    def copied(self) -> bool:
        """Whether what it held is still there after a change."""
        return self.held is not self.array

    def stands(self) -> bool:
        """Whether the array holds what it held."""
        return token(self.array) == self._token


def token(array: np.ndarray[Any, Any]) -> bytes | int:
    """What differs for arrays of one shape and layout that hold different numbers, but for one pair in 4,000,000,000."""
    base = memory_of(array)
    if isinstance(base, np.ndarray) and base.nbytes < array.nbytes:  # rows that overlap, or repeat
        array = base
    return array.tobytes() if array.nbytes <= _SMALL else crc32(np.ascontiguousarray(array))  # type: ignore[arg-type]


def writeable(array: np.ndarray[Any, Any]) -> bool:
    """As array.flags.writeable, which warns where np.broadcast_arrays has made the array; that one is not written to."""
    return not array.__array_interface__["data"][1]


def changeable(array: Any) -> bool:
    """Whether somebody may write to its memory, through the array itself or through one that it is a view of."""
    while isinstance(array, np.ndarray):
        if writeable(array):
            return True
        array = array.base
    return array is not None and not isinstance(array, bytes)


def memory_of(array: Any) -> Any:
    """What has the memory that an array shows."""
    while getattr(array, "base", None) is not None:
        array = array.base
    return array
