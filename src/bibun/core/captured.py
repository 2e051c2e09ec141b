"""Keeping values that somebody else can change. The recorded value is what a derivative must use.

An array that the tape keeps and that the caller also holds (a plain array beside a Variable, the data of a Variable
that the user made) is copied up to `COPIED` bytes: the recorded value is used, whatever happens to the array. (A warm
copy of 600 kB costs 14 us, 3% of the matrix product that it is kept for.) A larger array is kept by reference with the
CRC-32 of its bytes (4 GB/s, once at the call and once in the sweep): a change raises MutatedArrayError, which names
both places. An array that is read-only and owns its memory is kept as it is: X.setflags(write=False) saves both costs.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np

from bibun.core.traced import Traced, recorded
from bibun.errors import MutatedArrayError, user_location

COPIED = 16 * 2**20


class Watched:
    """A large array kept by reference, with what its bytes were and where it was captured."""

    __slots__ = ("array", "checksum", "place")

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.array = array
        self.checksum = crc32(array)  # type: ignore[arg-type]  # zlib takes every contiguous buffer
        self.place = user_location()

    @property
    def dtype(self) -> Any:
        """Of the array."""
        return self.array.dtype

    def unwrap(self) -> np.ndarray[Any, Any]:
        """The array, if it is still what it was."""
        if crc32(self.array) != self.checksum:  # type: ignore[arg-type]
            raise MutatedArrayError(self.array.shape, self.place, user_location())
        return self.array


def owner(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array whose memory this one shows: itself, where it is nobody's view."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def lifted(values: list[Any]) -> list[Any]:
    """Under a recording, plain arrays as values of it: what a rule reads later is then known to be the same array."""
    if not any(isinstance(value, np.ndarray) for value in values):
        return values
    keeper = next((found for value in values if (found := recorded(value)) is not None), None)
    if keeper is None:
        return values
    return [keeper.constant(value) if isinstance(value, np.ndarray) else value for value in values]


def lying_as(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A copy that NumPy tells by its memory from no other: whether axes lie side by side decides views, and order A.

    Where there are gaps between entries or rows, the copy has gaps of one entry.
    """
    if array.flags.forc:
        return array.copy(order="K")
    steps, step, side_by_side = [1] * array.ndim, 1, array.itemsize
    for i in sorted(range(array.ndim), key=lambda i: abs(array.strides[i])):
        if array.shape[i] > 1:
            steps[i] = step + (abs(array.strides[i]) != side_by_side)
            step, side_by_side = steps[i] * array.shape[i], abs(array.strides[i]) * array.shape[i]
    strides = [n * array.itemsize for n in steps]
    held = np.lib.stride_tricks.as_strided(np.empty(step, array.dtype), array.shape, strides)
    held = held[tuple(slice(None, None, -1 if s < 0 else 1) for s in array.strides)]
    held[...] = array
    return held


def kept(value: Any) -> Any:
    """What to keep of `value`, which its owner may change before the derivative is taken."""
    if isinstance(value, np.ndarray):
        if not value.ndim:
            return value[()]
        if value.base is None and not value.flags.writeable:
            return value
        if value.nbytes <= COPIED or not value.flags.c_contiguous:
            return value.copy(order="K")
        return Watched(value)
    if isinstance(value, Traced):
        return value.alias()  # an in-place update of the original must not reach what is kept
    if isinstance(value, (list, tuple)):
        return np.array(value)
    return value
