"""Where CPython and NumPy keep what the entry reads: found by looking at objects, and checked; unknown means no entry."""

from __future__ import annotations

import ctypes
import sys
import sysconfig
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.native.once import once

CONTIGUOUS, ALIGNED = 0x1, 0x100  # NumPy's flags


class Layouts(NamedTuple):
    """Offsets in bytes."""

    type: int
    size: int
    tuple_items: int
    list_items: int
    scalar: int
    data: int
    nd: int
    dims: int
    descr: int
    flags: int
    table: int


def _word(thing: Any, offset: int, kind: Any = ctypes.c_uint64) -> int:
    return int(kind.from_address(id(thing) + offset).value)


def _find(thing: Any, wanted: int, start: int, kind: Any = ctypes.c_uint64) -> int:
    """The first place behind `start` where an object holds this value."""
    step = ctypes.sizeof(kind)
    for offset in range(start, start + 128, step):
        if _word(thing, offset, kind) == wanted:
            return offset
    raise LookupError


@once
def layouts() -> Layouts | None:
    """The layouts of this interpreter; None where they are not as expected (another one than CPython, no GIL, 32 bits)."""
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED") or sys.maxsize < 2**32:
        return None
    try:
        return _looked_up()
    except LookupError:
        return None


def _looked_up() -> Layouts:
    array = np.arange(42.0).reshape(2, 3, 7)
    item = object()
    pair, row = (item, None), [item, None]
    kind = _find(array, id(np.ndarray), 0)
    data = _find(array, array.ctypes.data, kind + 8)
    nd = _find(array, 3, data + 8, ctypes.c_uint32)
    dims = next(
        o for o in range(nd + 4, nd + 64, 4)
        if o % 8 == 0 and _points_to(_word(array, o), (2, 3, 7))
    )  # fmt: skip
    descr = _find(array, id(array.dtype), dims + 8)
    flags = _find(array, array.flags.num, descr + 8, ctypes.c_uint32)
    size = _find(pair, 2, kind + 8)
    if _find(row, 2, kind + 8) != size:
        raise LookupError
    items = _find(pair, id(item), size + 8)
    list_items = next(o for o in range(size + 8, size + 40, 8) if _points_to(_word(row, o), (id(item), id(None))))
    scalar = next(
        o for o in range(kind + 8, kind + 24, 8)
        if all(ctypes.c_double.from_address(id(x) + o).value == x for x in (1.5, np.float64(2.5), -3.25))
    )  # fmt: skip
    for value, number in (
        (np.float32(1.5), ctypes.c_float),
        (np.int64(77), ctypes.c_int64),
        (np.int32(77), ctypes.c_int32),
    ):
        if number.from_address(id(value) + scalar).value != value:
            raise LookupError
    for kind_of_pair, part in (
        (complex, ctypes.c_double),
        (np.complex128, ctypes.c_double),
        (np.complex64, ctypes.c_float),
    ):
        both = kind_of_pair(2.5 - 3.25j)
        if tuple((part * 2).from_address(id(both) + scalar)) != (2.5, -3.25):
            raise LookupError
    return Layouts(kind, size, items, list_items, scalar, data, nd, dims, descr, flags, kind + 16)


def _points_to(address: int, words: tuple[int, ...]) -> bool:
    """Whether these words lie at an address that looks like one of the heap."""
    if address < 4096 or address % 8 or address > 2**47:
        return False
    return tuple((ctypes.c_int64 * len(words)).from_address(address)) == words
