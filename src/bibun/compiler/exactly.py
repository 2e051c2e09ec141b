"""Values as text that is the same for the same value in every process, and different for different ones.

Numbers to the last bit, containers by their class, arrays by their entries. What has no such text (a function, an object
whose equality is its own affair) is refused, never guessed.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import fields
from types import EllipsisType
from typing import Any

import numpy as np

_BY_REPR = (bool, int, str, bytes, type(None), EllipsisType)
_CLASSES = (bool, int, float, complex, *{np.dtype(letter).type for letter in "?bBhHiIlLqQefdFD"})


class InexactError(TypeError):
    """There is no such text for a value."""


def exactly(value: Any) -> str:
    """The text. Raises InexactError."""
    kind = type(value)
    if kind in _BY_REPR:
        return repr(value)
    if kind is tuple:
        return f"({','.join(map(exactly, value))})"
    if kind is dict:
        return f"{{{','.join(f'{exactly(name)}:{exactly(v)}' for name, v in value.items())}}}"
    if kind is slice:
        return f"slice({exactly(value.start)},{exactly(value.stop)},{exactly(value.step)})"
    if kind is float:
        return f"float({struct.pack('<d', value).hex()})"
    if kind is complex:
        return f"complex({struct.pack('<dd', value.real, value.imag).hex()})"
    if kind is list:
        return f"[{','.join(map(exactly, value))}]"
    if isinstance(value, np.dtype) and value.kind in "biufc" and value.metadata is None:
        return f"dtype({value.str},{value.num})"  # long and long long are equal, but not the same
    if isinstance(value, np.generic) and kind in _CLASSES:
        return f"{exactly(value.dtype)}({value.tobytes().hex()})"
    if kind is np.ndarray and value.dtype.kind in "biufc":
        digest = hashlib.sha256(value.tobytes()).hexdigest()
        return f"array({exactly(value.dtype)},{value.shape},{value.strides},{value.flags.num},{digest})"
    if isinstance(value, type) and value in _CLASSES:
        return f"class({value.__name__},{np.dtype(value).num})"
    if isinstance(value, tuple) and kind.__module__.startswith("bibun.") and hasattr(kind, "_fields"):
        return _named(kind, value)
    made_as = getattr(kind, "__dataclass_params__", None)
    if made_as is not None and made_as.frozen and made_as.eq and kind.__module__.startswith("bibun."):
        return _named(kind, [getattr(value, field.name) for field in fields(value)])
    raise InexactError(f"a {kind.__name__} has no text that says exactly what it is")


def _named(kind: type, parts: Iterable[Any]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}({','.join(map(exactly, parts))})"
