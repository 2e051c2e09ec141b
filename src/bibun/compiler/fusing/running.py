"""Lowering of running sums and products: each is a loop of its own; a flip before it and behind it is its direction."""

from __future__ import annotations

from bibun.compiler.fusing.affine import variable
from bibun.compiler.fusing.expressions import Expression, Expressions, Routine
from bibun.compiler.fusing.lowering import Lowering, kind_of, lowers
from bibun.compiler.graph import Node


@lowers("cumsum", "cumprod")
def _running(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    kind, make, axis = kind_of(node.dtype), lower.make, node.settings["axis"]
    if not node.size or kind not in ("f64", "f32", "i64", "i32"):
        return None
    x = make.cast(operands[0], kind)
    unflipped = flipped(make, x, axis)
    backward = x.op == "view" and unflipped.op != "view"
    word = "fadd" if node.name == "cumsum" else "fmul"
    routine = Routine("running", (word, axis, backward), ((node.shape, kind),), ((0, 0),))
    (y,) = make.routine(routine, unflipped if backward else x)
    return flipped(make, y, axis) if backward else y


def flipped(make: Expressions, x: Expression, axis: int) -> Expression:
    """From the last to the first along an axis."""
    places = [variable(i, -1, n - 1) if i == axis else variable(i) for i, n in enumerate(x.shape)]
    return make.view(x, places, x.shape)
