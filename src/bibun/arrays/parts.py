"""The real and the imaginary part of an array, which are views of it. Their rows are in primitives/elementwise.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays import in_place, indexing
from bibun.arrays.registry import implements, row
from bibun.core.traced import alike

_real, _imag = row("real"), row("imag")


@implements(np.real)
def real(val: Any) -> Any:
    """The real part; of a real array itself, of True 1."""
    if val.dtype.kind != "c":
        return +val if type(alike(val)) is bool else val
    return in_place.view(val, _real(val), _real, {})


@implements(np.imag)
def imag(val: Any) -> Any:
    """The imaginary part; of a real array zeros."""
    y = _imag(val)
    return in_place.view(val, y, _imag, {}) if val.dtype.kind == "c" else y


def set_real(array: Any, value: Any) -> None:
    """array.real = value."""
    _check_memory(array)
    part = in_place.view(array, _real(array), _real, {}) if array.dtype.kind == "c" else array
    indexing.set_(part, ..., value)


def set_imag(array: Any, value: Any) -> None:
    """array.imag = value."""
    _check_memory(array)
    if array.dtype.kind != "c":
        raise TypeError("array does not have imaginary part to set")
    indexing.set_(in_place.view(array, _imag(array), _imag, {}), ..., value)


def _check_memory(array: Any) -> None:
    """Refuse to store into the part of a number, as NumPy does."""
    if not array.shape and in_place.is_number(array):
        raise AttributeError("the real and the imaginary part of a number are not writable. Write x = re + 1j * im.")
