"""Rows without native code: a Python function that runs the row on the program's memory."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.expressions import DTYPES


class ShapeChangedError(Exception):
    """A row gave another shape than in the run that was recorded."""


def callback(
    function: Callable[..., Any], weak: Sequence[bool], operands: Sequence[Buffer], outputs: dict[Any, Buffer]
) -> Callable[[int], None]:
    """address of the pointers to operands and outputs -> None, the function's results being in the outputs."""
    buffers = [*operands, *outputs.values()]
    views = [_view(buffer) for buffer in buffers]
    count = len(buffers)
    parts = list(outputs)

    def run(where: int) -> None:
        pointers = (ctypes.c_uint64 * count).from_address(where)
        arrays = [view(pointer) for view, pointer in zip(views, pointers, strict=True)]
        inputs = [_operand(a, w) for a, w in zip(arrays[: len(operands)], weak, strict=True)]
        y = function(*inputs)
        for part, target in zip(parts, arrays[len(operands) :], strict=True):
            value = y if part is None else y[part]
            if np.shape(value) != target.shape or np.result_type(value) != target.dtype:
                raise ShapeChangedError
            target[...] = value

    return run


def _operand(array: np.ndarray[Any, Any], weak: bool) -> Any:
    if array.shape:
        return array
    return array[()].item() if weak else array[()]


def _view(buffer: Buffer) -> Callable[[int], np.ndarray[Any, Any]]:
    dtype = DTYPES[buffer.kind] if buffer.kind in DTYPES else np.dtype(buffer.kind)
    size = max(buffer.entries, 1) * dtype.itemsize
    memory = ctypes.c_char * size
    if buffer.array is not None:
        array = buffer.array
        return lambda pointer: array
    shape = buffer.shape
    return lambda pointer: np.ndarray(shape, dtype, memory.from_address(pointer))  # type: ignore[arg-type]  # a buffer
