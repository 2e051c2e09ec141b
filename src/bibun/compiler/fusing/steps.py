"""The steps of a schedule that are no nests. They only hold; schedule.py makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.expressions import Expression
from bibun.compiler.fusing.looping import Body

if TYPE_CHECKING:
    from bibun.compiler.fusing.schedule import Schedule


class Call:
    """A step that is no nest: a row through NumPy, a contraction by BLAS, a copy of what only NumPy knows.

    outputs     the buffers of its parts
    """

    __slots__ = ("expression", "operands", "outputs")

    def __init__(self, expression: Expression, operands: list[Buffer], outputs: dict[Any, Buffer]) -> None:
        self.expression = expression
        self.operands = operands
        self.outputs = outputs


class Guard:
    """A decision to be checked: `number` in the order of the run, and how it must fall."""

    __slots__ = ("buffer", "number", "outcome")

    def __init__(self, buffer: Buffer, number: int, outcome: Any) -> None:
        self.buffer = buffer
        self.number = number
        self.outcome = outcome


class LoopStep:
    """A loop over nests: its own schedule, run `turns` times.

    carried     for each carried value: the buffer of its first value, that of the turn before, that of the turn
    parts       (the part of a turn, or the last turn's value, the buffer around it where it is stacked)
    reads       the memory around it that its turns read
    """

    __slots__ = ("body", "carried", "expression", "outputs", "reads", "schedule")

    def __init__(self, expression: Expression) -> None:
        self.reads: list[Buffer] = []
        self.expression = expression
        self.body: Body = expression.params
        self.outputs: dict[int, Buffer] = {}  # of its parts
        self.carried: list[tuple[Buffer, Buffer, Buffer]] = []
        self.schedule: Schedule | None = None
