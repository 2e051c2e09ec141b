"""What a program calls in Python: a function of NumPy's, run on the program's memory.

The functions are data, not closures: another process makes the same of them (plan.py).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from threading import local
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.fusing.expressions import DTYPES
from bibun.compiler.native import fourier
from bibun.compiler.rolling.rolled import at_turns, moves
from bibun.primitives import TABLE


class Memory(NamedTuple):
    """An operand or an output. `array`: what lies there, where that is an array of its own."""

    shape: tuple[int, ...]
    kind: str
    array: Any


class Copy(NamedTuple):
    """The operand itself."""

    def __call__(self, x: Any) -> Any:
        return x


class Row(NamedTuple):
    """A row of the table, with its settings."""

    name: str
    settings: tuple[tuple[str, Any], ...]

    def __call__(self, *operands: Any) -> Any:
        return TABLE[self.name].function(*operands, **dict(self.settings))

    def resolved(self) -> Callable[..., Any]:
        """The function itself."""
        function = TABLE[self.name].function
        return partial(function, **dict(self.settings)) if self.settings else function


class MovingRow(NamedTuple):
    """A row in the body of loops, whose key moves with their turns; these are the last operands."""

    name: str
    settings: tuple[tuple[str, Any], ...]

    def __call__(self, *operands: Any) -> Any:
        settings = dict(self.settings)
        count = len(operands) - moves(settings)
        key = at_turns(settings["key"], list(map(int, operands[count:])))
        return TABLE[self.name].function(*operands[:count], **settings | {"key": key})


class Einsum(NamedTuple):
    """A contraction."""

    subscripts: str

    def __call__(self, a: Any, b: Any) -> Any:
        return np.einsum(self.subscripts, a, b, optimize=True)


class Parts(NamedTuple):
    """All outputs of a row of one matrix, in this dtype; the `turned` ones as LAPACK would give them."""

    row: Row
    dtype: str
    turned: tuple[int, ...]

    def __call__(self, a: Any) -> tuple[Any, ...]:
        y = self.row(a.astype(self.dtype))
        parts = y if isinstance(y, tuple) else (y,)
        return tuple([np.swapaxes(part, -1, -2) if n in self.turned else part for n, part in enumerate(parts)])


class ShapeChangedError(Exception):
    """A row gave another shape than in the run that was recorded."""


class _Interrupts(local):
    """Of each thread: what asked it to stop while it was in a program, which only knows that it has to leave."""

    def __init__(self) -> None:
        self.held: list[BaseException] = []


_interrupts = _Interrupts()


def stop_if_interrupted() -> None:
    """Raise what a program that was left could not: an interrupt from the keyboard, say."""
    if _interrupts.held:
        raise _interrupts.held.pop()


def callback(
    function: Callable[..., Any], weak: Sequence[bool], operands: Sequence[Memory], outputs: dict[Any, Memory]
) -> Callable[[int], None]:
    """address of the pointers to operands and outputs -> None, the function's results being in the outputs."""
    views = [_view(memory) for memory in (*operands, *outputs.values())]
    kind = ctypes.c_uint64 * len(views)
    parts = list(outputs)
    first = len(operands)
    numbers = [n for n, memory in enumerate(operands) if not memory.shape]
    call = function.resolved() if isinstance(function, Row) else function
    # The arrays at the addresses of the last call; and what makes results in their place, and whether that
    # has been looked for, once the first ones have suited.
    known: list[Any] = [([], []), None, parts != [None]]

    def run(where: int) -> None:
        try:
            compute(where)
        except Exception:
            raise  # the function itself, run plainly, raises it again
        except BaseException as interrupt:
            _interrupts.held[:] = [interrupt]
            raise

    def compute(where: int) -> None:
        pointers = kind.from_address(where)[:]
        before, arrays = known[0]
        if pointers != before:
            arrays = [view(pointer) for view, pointer in zip(views, pointers, strict=True)]
            known[0] = (pointers, arrays)
        inputs = arrays[:first]
        for n in numbers:
            inputs[n] = arrays[n][()].item() if weak[n] else arrays[n][()]
        if known[1] is not None:
            known[1](*inputs, out=arrays[first])
            return
        y = call(*inputs)
        for part, target in zip(parts, arrays[first:], strict=True):
            value = y if part is None else y[part]
            value = value if isinstance(value, np.ndarray) else np.asarray(value)
            if value.shape != target.shape or value.dtype != target.dtype:
                raise ShapeChangedError
            target[...] = value
        if not known[2]:
            known[1:] = _into(function, call, arrays), True

    return run


def _into(function: Any, call: Any, arrays: Sequence[Any]) -> Callable[..., Any] | None:
    """(operands, out=array) -> anything, where the function can give its result in an array that is there."""
    if isinstance(function, Row) and function.name in fourier.NAMES:
        return fourier.into(function.name, dict(function.settings), arrays[0].shape, arrays[-1]) or call
    return call if isinstance(call, np.ufunc) and call.nout == 1 else None


def _view(memory: Memory) -> Callable[[int], np.ndarray[Any, Any]]:
    shape, kind, array = memory
    if array is not None:
        return lambda pointer: array
    dtype = DTYPES[kind] if kind in DTYPES else np.dtype(kind)
    content = ctypes.c_char * (max(prod(shape), 1) * dtype.itemsize)
    return lambda pointer: np.ndarray(shape, dtype, content.from_address(pointer))  # type: ignore[arg-type]  # a buffer
