"""Where arrays lie: arguments, captured arrays, outputs, and what the program keeps for itself."""

from __future__ import annotations

from typing import Any

from bibun.compiler.fusing.affine import strides
from bibun.compiler.fusing.expressions import BYTES


class Buffer:
    """Memory of one array. `place`: input, captured, output or temporary; `number`: which of them.

    `steps`: entries between neighbours along each axis; arguments are in row-major order, captured arrays as they are.
    `inside`: the buffer that this one is an entry of, another one in each turn of a loop.
    """

    __slots__ = ("array", "inside", "kind", "number", "place", "shape", "steps")

    def __init__(
        self,
        place: str,
        number: int,
        shape: tuple[int, ...],
        kind: str,
        steps: tuple[int, ...] | None = None,
        array: Any = None,
        inside: Buffer | None = None,
    ) -> None:
        self.inside = inside
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
        return self.entries * BYTES.get(self.kind, 16)

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
