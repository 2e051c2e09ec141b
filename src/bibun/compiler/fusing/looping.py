"""Lowering of loops over nests: the body's expressions beside those around it, as far as they are needed."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.compiler.fusing.affine import identity, turn_of, variable
from bibun.compiler.fusing.expressions import DTYPES, Expression, Expressions
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
    following, given = lowered.outputs[: len(needed)], lowered.outputs[len(needed) :]
    pairs = [pair for n, x in zip(needed, following, strict=True) for pair in zip(
        parts_of(lower.make, inputs["carried", n]), parts_of(lower.make, x), strict=True)]  # fmt: skip
    body.carried = [carried for carried, _ in pairs]
    body.following = [lower.make.cast(x, carried.kind) for carried, x in pairs]
    stacked = rolled.carried + rolled.saved
    body.parts = [
        (number, part, n < stacked) for n, x in zip(wanted, given, strict=True)
        for number, part in zip(numbers_of_parts(rolled, n), parts_of(lower.make, x), strict=False)
    ]  # fmt: skip
    body.guards = lowered.guards
    first = [part for n in needed for part in parts_of(lower.make, operands[n])]
    around = [_stored(part) for x in operands[rolled.carried :] for part in _read(x)]
    return lower.make.make("loop", (*first, *around), body, (), "")


def parts_of(make: Expressions, x: Expression) -> tuple[Expression, ...]:
    """What goes from turn to turn: the expression, or the parts of complex numbers."""
    return make.halves(x) if x.packed else (x,)


def numbers_of_parts(rolled: Rolled, number: int) -> tuple[int, int]:
    """By which numbers the loop gives one of its outputs: the second one is that of the imaginary part."""
    return number, len(rolled.body.outputs) + number


def _read(x: Expression) -> tuple[Expression, ...]:
    """What a loop reads of the code around it: of complex numbers that lie nowhere their parts, but for repeated numbers."""
    if x.op != "pair":
        return (x,)
    return tuple([half for half in x.operands if half.op != "view" or half.operands[0].op != "number"])


def _inputs(lower: Lowering, rolled: Rolled, operands: list[Expression], body: Body) -> dict[Any, Expression]:
    """What the body's inputs are: what stays is the expression itself, a stack is read at the turn's place."""
    stay = len(operands) - len(rolled.places)
    found: dict[Any, Expression] = {}
    for n, x in enumerate(operands):
        if n < rolled.carried:
            found["carried", n] = _carried(lower.make, (id(body), n), x)
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


def _carried(make: Expressions, name: tuple[int, ...], x: Expression) -> Expression:
    """What stands for a carried value whose first one is x."""
    if not x.packed:
        return make.make("carried", (), name, x.shape, x.kind)
    return make.pair(*(make.make("carried", (), (*name, k), x.shape[:-1], x.kind) for k in (0, 1)))


def _entry(lower: Lowering, x: Expression, first: int, step: int, count: int) -> Expression:
    """The entry of a stack that a turn reads: a view, or NumPy's where no machine code reads such numbers."""
    if x.packed:
        halves = lower.make.halves(x)
        return lower.make.pair(*(_entry(lower, half, first, step, count) for half in halves))
    if x.kind not in DTYPES:
        key, like = {"key": (Turn(first, (step,)),)}, (x.shape[1:], np.dtype(x.kind))
        return called(lower.make, TABLE["getitem"], key, [(x, False)], like, (*lower.turns, count))
    turn = variable(turn_of(len(lower.turns)), step, first)
    return lower.make.view(x, [turn, *identity(len(x.shape) - 1)], x.shape[1:])
