"""Undo broadcasting: the adjoint of repeating an array along axes is to sum along them. Plain NumPy, so it records itself."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from bibun.core.traced import Traced


def unbroadcast(cotangent: Any, shape: tuple[int, ...]) -> Any:
    """Sum `cotangent` to `shape`, from which it was broadcast."""
    have = cotangent.shape
    if have == shape:
        return cotangent
    axes = _repeated(have, shape)
    if isinstance(cotangent, Traced):
        if not shape:
            return cotangent.sum()
        return cotangent.sum(axis=axes, keepdims=True).reshape(shape)
    summed = np.add.reduce(cotangent, axis=axes, keepdims=True) if axes else cotangent
    return summed.reshape(shape)[()]


@lru_cache(1024)
def _repeated(have: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of `have` along which an array of `shape` is repeated."""
    extra = len(have) - len(shape)
    return tuple(i for i, n in enumerate(have) if i < extra or (shape[i - extra] == 1 and n != 1))


def is_complex(value: Any) -> bool:
    """Whether the dtype is complex."""
    return np.result_type(value).kind == "c"


def uniform(value: Any, shape: tuple[int, ...]) -> Any:
    """`value` at every place of `shape`, in no memory of its own."""
    return np.broadcast_to(value, shape) if shape else value
