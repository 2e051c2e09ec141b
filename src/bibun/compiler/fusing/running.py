"""Lowering of running sums, products and recurrences: each is a loop of its own, and a flip is its direction."""

from __future__ import annotations

from bibun.compiler.fusing.affine import variable
from bibun.compiler.fusing.expressions import Expression, Expressions, Routine
from bibun.compiler.fusing.lowering import Lowering, kind_of, lowers
from bibun.compiler.graph import Node


@lowers("cumsum", "cumprod", "recurrence")
def _running(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    kind, make, axis = kind_of(node.dtype), lower.make, node.settings["axis"]
    if not node.size or kind not in ("f64", "f32", "i64", "i32") or any(x.shape != node.shape for x in operands):
        return None
    operands = [make.cast(x, kind) for x in operands]
    last = operands[-1]
    backward = last.op == "view" and flipped(make, last, axis).op != "view"
    if backward:
        operands = [flipped(make, x, axis) for x in operands]
    routine = Routine("running", (node.name, axis, backward), ((node.shape, kind),), ((0, len(operands) - 1),))
    (y,) = make.routine(routine, *operands)
    return flipped(make, y, axis) if backward else y


def flipped(make: Expressions, x: Expression, axis: int) -> Expression:
    """From the last to the first along an axis."""
    places = [variable(i, -1, n - 1) if i == axis else variable(i) for i, n in enumerate(x.shape)]
    return make.view(x, places, x.shape)
