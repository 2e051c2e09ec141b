"""Where arrays lie: arguments, captured arrays, outputs, and what the program keeps for itself."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np

from bibun.compiler.fusing.affine import strides
from bibun.compiler.fusing.expressions import BYTES

numbers = count()  # of memory that programs keep, from one source: by its name it is found; writers take those below 0


def entries_apart(array: np.ndarray[Any, Any], *, packed: bool) -> tuple[int, ...]:
    """How many entries lie between neighbours along each axis of an array; `packed`: parts of complex numbers."""
    size = array.itemsize // 2 if packed else array.itemsize
    return (*(s // size for s in array.strides), *((1,) if packed else ()))


class Buffer:
    """Memory of one array. `place`: input, captured, output or temporary; `number`: which of them.

    `steps`: entries between neighbours along each axis; arguments are in row-major order, captured arrays as they are.
    `packed`: complex numbers, whose last axis is that of their real and imaginary parts.
    `inside`: the buffer that this one is an entry of, another one in each turn of a loop. `level`: how many are around that.
    `strip`: where only a strip of rows is there at a time: the axis of the rows, and how many they are.
    """

    __slots__ = ("array", "inside", "kind", "level", "number", "packed", "place", "shape", "steps", "strip")

    def __init__(
        self,
        place: str,
        number: int,
        shape: tuple[int, ...],
        kind: str,
        steps: tuple[int, ...] | None = None,
        array: Any = None,
    ) -> None:
        self.inside: Buffer | None = None
        self.level = 0
        self.packed = False
        self.strip: tuple[int, int] | None = None
        self.place = place
        self.number = number
        self.shape = shape
        self.kind = kind
        self.steps = strides(shape) if steps is None else steps
        self.array = array

    @property
    def entries(self) -> int:
        """How many entries."""
        total = 1
        for n in self.shape:
            total *= n
        return total

    @property
    def bytes(self) -> int:
        """The memory of a contiguous one."""
        entries = self.entries
        if self.strip is not None:
            axis, rows = self.strip
            entries = entries // self.shape[axis] * rows
        return entries * (BYTES.get(self.kind) or np.dtype(self.kind).itemsize)

    def cut(self, axis: int, rows: int) -> None:
        """Keep a strip of rows only; the order of the axes in memory stays."""
        self.strip = (axis, rows)
        lengths = [rows if n == axis else length for n, length in enumerate(self.shape)]
        order = sorted(range(len(lengths)), key=lambda n: (-self.steps[n], -lengths[n]))
        packed = dict(zip(order, strides([lengths[n] for n in order]), strict=True))
        self.steps = tuple(packed[n] for n in range(len(lengths)))

    @property
    def name(self) -> str:
        """As it is called in the program."""
        return f"{self.place}{self.number}"

    @property
    def contiguous(self) -> bool:
        """Whether it lies in row-major order without gaps."""
        return self.steps == strides(self.shape)

    def __repr__(self) -> str:
        return f"{self.name}: {self.kind}{list(self.shape)}"
