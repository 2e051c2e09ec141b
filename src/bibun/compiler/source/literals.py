"""An array as an expression: what a short one holds, or how a regular one is made. Large irregular ones have none."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.compiler.source.text import filled, number, of_dtype, shaped

_SHORT = 256  # entries
_UNSAID = ("float64", "int64", "bool", "complex128")  # what NumPy makes of Python's numbers


def literal(array: np.ndarray[Any, Any]) -> str | None:
    """An expression that makes an equal array; None where it would be long."""
    if not array.size:
        return f"np.zeros({shaped(array.shape, array.dtype)})"
    first = array.reshape(-1)[0]
    if array.size > 4 and (array == first).all() and not (first == 0 and np.signbit(array.real).any()):
        return filled(first, number(first).text, array.shape, array.dtype)
    if array.ndim == 2 and array.shape[0] == array.shape[1] > 2 and np.array_equal(array, np.eye(len(array))):
        return f"np.eye({len(array)}{_dtype(array)})"
    if array.ndim == 1 and array.size > 4 and array.dtype.kind in "if" and np.isfinite(array).all():
        start, step = int(array[0]), int(array[1]) - int(array[0])
        stop = start + step * array.size
        if step and np.array_equal(array, np.arange(start, stop, step)):
            words = (
                [str(stop)] if (start, step) == (0, 1) else [str(start), str(stop), *([str(step)] if step != 1 else [])]
            )
            return f"np.arange({', '.join(words)}{_dtype(array, 'int64')})"
    return f"np.array({_nested(array.tolist())}{_dtype(array, *_UNSAID)})" if array.size <= _SHORT else None


def _dtype(array: np.ndarray[Any, Any], *unsaid: str) -> str:
    return "" if array.dtype.name in (unsaid or ("float64",)) else f", dtype={of_dtype(array.dtype)}"


def _nested(value: Any) -> str:
    return f"[{', '.join(map(_nested, value))}]" if isinstance(value, list) else number(value).text
