"""Lowering of loops over nests: the body's expressions beside those around it, as far as they are needed."""

from __future__ import annotations

from typing import Any

from bibun.compiler.fusing.affine import identity, turn_of, variable
from bibun.compiler.fusing.expressions import DTYPES, Expression
from bibun.compiler.fusing.lowering import Lowering, called, lowers
from bibun.compiler.fusing.origins import turns
from bibun.compiler.graph import Graph, Node
from bibun.compiler.rolling.rolled import Rolled, Turn
from bibun.primitives import TABLE


class Body:
    """What a loop computes in each turn.

    carried     expressions that stand for the values of the turn before
    following   what they become, in the same order
    parts       (number of the part, expression, whether it is stacked): what the loop gives
    guards      decisions of each turn
    """

    __slots__ = ("carried", "following", "guards", "parts", "turns")

    def __init__(self, turns: int) -> None:
        self.turns = turns
        self.carried: list[Expression] = []
        self.following: list[Expression] = []
        self.parts: list[tuple[int, Expression, bool]] = []
        self.guards: list[tuple[Expression, Any]] = []


@lowers("loop")
def _loop(lower: Lowering, node: Node, operands: list[Expression]) -> Expression:
    rolled: Rolled = node.settings
    body = Body(rolled.turns)
    wanted = sorted(lower.parts.get(node.number, ()))
    needed = rolled.needed(wanted)
    inputs = _inputs(lower, rolled, operands, body)
    outputs = [rolled.body.outputs[n] for n in (*needed, *wanted)]
    inner = Graph()
    inner.nodes, inner.outputs, inner.guards = rolled.body.nodes, outputs, rolled.body.guards
    lowered = Lowering(inner, lower.make, inputs, (*lower.turns, rolled.turns))
    body.carried = [inputs["carried", n] for n in needed]
    body.following = [
        lower.make.cast(x, c.kind) for x, c in zip(lowered.outputs[: len(needed)], body.carried, strict=True)
    ]
    stacked = rolled.carried + rolled.saved
    body.parts = [(n, x, n < stacked) for n, x in zip(wanted, lowered.outputs[len(needed) :], strict=True)]
    body.guards = lowered.guards
    first = [operands[n] for n in needed]
    around = [_stored(x) for n, x in enumerate(operands) if n >= rolled.carried]
    return lower.make.make("loop", (*first, *around), body, (), "")


def _inputs(lower: Lowering, rolled: Rolled, operands: list[Expression], body: Body) -> dict[Any, Expression]:
    """What the body's inputs are: what stays is the expression itself, a stack is read at the turn's place."""
    stay = len(operands) - len(rolled.places)
    found: dict[Any, Expression] = {}
    for n, x in enumerate(operands):
        if n < rolled.carried:
            found["carried", n] = lower.make.make("carried", (), (id(body), n), x.shape, x.kind)
        elif n < stay:
            found["stay", n - rolled.carried] = x
        else:
            found["stacked", n - stay] = _entry(lower, x, *rolled.places[n - stay], rolled.turns)
    return found


def _stored(x: Expression) -> Expression:
    """What a loop reads of the code around it: of a part that is another one in each turn there, the whole."""
    while x.op == "view" and turns(x.params):
        (x,) = x.operands
    return x


def _entry(lower: Lowering, x: Expression, first: int, step: int, count: int) -> Expression:
    """The entry of a stack that a turn reads: a view, or NumPy's where no machine code reads such numbers."""
    if x.kind not in DTYPES:
        key = {"key": (Turn(first, (step,)),)}
        return called(lower.make, TABLE["getitem"], key, [(x, False)], x.shape[1:], x.kind, (*lower.turns, count))
    turn = variable(turn_of(len(lower.turns)), step, first)
    return lower.make.view(x, [turn, *identity(len(x.shape) - 1)], x.shape[1:])
