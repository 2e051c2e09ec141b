"""The class ndarray of bibun.numpy: what isinstance asks about, and NumPy's class in all else."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.core.traced import Traced
from bibun.numpy.creation import empty


class _Arrays(type):
    """isinstance(x, ndarray) is true of NumPy's arrays, of traced ones, and of what bibun.numpy makes."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, (np.ndarray, Traced)) if cls is ndarray else super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, (np.ndarray, Traced)) if cls is ndarray else super().__subclasscheck__(subclass)


class ndarray(np.ndarray[Any, Any], metaclass=_Arrays):
    """NumPy's ndarray for code that asks isinstance(x, np.ndarray), annotates with it, or derives a class from it."""

    def __new__(cls, shape: Any, dtype: Any = float, *more: Any, **settings: Any) -> Any:
        if cls is not ndarray:
            return super().__new__(cls, shape, dtype, *more, **settings)
        return np.ndarray(shape, dtype, *more, **settings) if more or settings else empty(shape, dtype)

    def __array_finalize__(self, given: Any) -> None:
        """As NumPy's."""


__all__ = ["ndarray"]
