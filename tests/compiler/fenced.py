"""Memory that ends, or begins, at a page that nobody may touch: code that reads or writes beyond it is stopped at once.

A child process calls `run_fenced`, and dies of the first invalid access. Asserts nothing.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Sequence
from typing import Any

import numpy as np

PAGE = mmap.PAGESIZE
PROT_NONE = 0
_library = ctypes.CDLL(None, use_errno=True)


class Fence:
    """Whole pages between two pages that nobody may touch."""

    def __init__(self, size: int) -> None:
        inside = -(-max(size, 1) // PAGE) * PAGE
        self.memory = mmap.mmap(-1, inside + 2 * PAGE)
        self.start = ctypes.addressof(ctypes.c_char.from_buffer(self.memory)) + PAGE
        self.stop = self.start + inside
        for page in (self.start - PAGE, self.stop):
            if _library.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(PAGE), PROT_NONE):
                raise OSError(ctypes.get_errno(), "mprotect")

    def array(self, shape: tuple[int, ...], dtype: Any, *, at_end: bool) -> Any:
        """An array whose last entry, or first, touches the fence."""
        dtype = np.dtype(dtype)
        size = int(np.prod(shape)) * dtype.itemsize
        address = self.stop - size if at_end else self.start
        kept = (ctypes.c_char * max(size, 1)).from_address(address if size else self.start)
        kept.fence = self  # type: ignore[attr-defined]
        return np.ndarray(shape, dtype, kept)


def fenced(value: Any, *, at_end: bool) -> Any:
    """A copy of an array in fenced memory."""
    value = np.asarray(value)
    made = Fence(value.nbytes).array(value.shape, value.dtype, at_end=at_end)
    made[...] = value
    return made


def run_fenced(native: Any, leaves: Sequence[Any], *, at_end: bool) -> list[Any] | None:
    """A compiled program on fenced arguments, outputs and workspace: its outputs; None where it declines the call."""
    pairs = zip(leaves, native.inputs, strict=True)
    arrays = [fenced(np.require(x, leaf.dtype, ["C"]), at_end=at_end) for x, leaf in pairs]
    outputs = []
    for leaf in native.outputs:
        size = int(np.prod(leaf.shape)) * leaf.dtype.itemsize
        outputs.append(Fence(size).array(leaf.shape, leaf.dtype, at_end=at_end))
    workspace = Fence(native.workspace).array((native.workspace,), np.uint8, at_end=at_end)
    pointers = [_address(a) for a in (workspace, *arrays, *outputs)]
    frame = (ctypes.c_uint64 * len(pointers))(*pointers)
    if native._call(ctypes.addressof(frame), native._context):
        return None
    return [np.array(y) for y in outputs]


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])
