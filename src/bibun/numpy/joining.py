"""What joins arrays and lists in which traced values stand: concatenate, r_ and c_."""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np

from bibun.arrays.creation import as_array, holds_traced
from bibun.core.traced import Traced
from bibun.tree import unnamed


@wraps(np.concatenate)
def concatenate(arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    """Arrays one behind the other; each may be a list that holds traced values."""
    if not isinstance(arrays, Traced) and holds_traced(arrays):
        arrays = [as_array(unnamed(part)) if isinstance(part, (list, tuple)) else part for part in arrays]
    return np.concatenate(arrays, axis, out, dtype=dtype, casting=casting)


class Joined:
    """np.r_ or np.c_, with traced values among what stands in the brackets."""

    def __init__(self, numpy_object: Any) -> None:
        self.numpy_object = numpy_object

    def __getitem__(self, key: Any) -> Any:
        key = key if isinstance(key, tuple) else (key,)
        if not any(map(holds_traced, key)):
            return self.numpy_object[key]
        how = [self.numpy_object.axis, self.numpy_object.ndmin, self.numpy_object.trans1d]
        directive: tuple[Any, ...] = ()
        if isinstance(key[0], str):
            directive, key = key[:1], key[1:]
            numbers = [int(number) for number in directive[0].split(",")]
            how[: len(numbers)] = numbers
        axis, ndmin, first = how
        parts = [
            _with_axes(as_array(unnamed(part)), ndmin, first)
            if holds_traced(part)
            else self.numpy_object[(*directive, part)]
            for part in key
        ]
        return np.concatenate(parts, axis)

    def __len__(self) -> int:
        return 0


def _with_axes(x: Any, ndmin: int, first: int) -> Any:
    """With axes of length 1 up to `ndmin`; those of x begin at `first`, or so that they end at it from behind."""
    shape = np.shape(x)
    missing = max(ndmin - len(shape), 0)
    before = min(first if first >= 0 else missing + first + 1, missing)
    return np.reshape(x, (*(1,) * before, *shape, *(1,) * (missing - before)))


r_, c_ = Joined(np.r_), Joined(np.c_)

__all__ = ["c_", "concatenate", "r_"]
