"""Lowering of running sums, products, extremes and recurrences: each is a loop of its own, and a flip is its direction."""

from __future__ import annotations

from typing import NamedTuple

from bibun.compiler.fusing.affine import identity, variable
from bibun.compiler.fusing.expressions import Expression, Expressions, Gathering, Routine
from bibun.compiler.fusing.lowering import Lowering, kind_of, lowers
from bibun.compiler.fusing.views import flipped, joined
from bibun.compiler.graph import Node

KINDS = ("f64", "f32", "i64", "i32")


@lowers("cumsum", "cumprod", "recurrence")
def _running(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    kind, make = kind_of(node.dtype), lower.make
    if not node.size or kind not in KINDS or any(x.shape != node.shape for x in operands):
        return None
    return running(make, node.name, [make.cast(x, kind) for x in operands], node.settings["axis"])


def running(make: Expressions, name: str, operands: list[Expression], axis: int) -> Expression:
    """Along an axis, forwards or backwards."""
    last = operands[-1]
    backward = last.op == "view" and flipped(make, last, axis).op != "view"
    if backward:
        operands = [flipped(make, x, axis) for x in operands]
    parts = ((last.shape, last.kind),)
    (y,) = make.routine(Routine("running", (name, axis, backward), parts, ((0, len(operands) - 1),)), *operands)
    return flipped(make, y, axis) if backward else y


# ---- running extremes (primitives/ufunc_methods.py) ---------------------------------------------


@lowers("accumulate", "accumulate_steps")
def _accumulate(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    (x,), name = operands, node.settings["row"].name
    return running(lower.make, name, [x], node.settings["axis"]) if _is_extreme(x, name) else None


def _is_extreme(x: Expression, name: str) -> bool:
    return bool(x.size and x.kind in KINDS and name in ("maximum", "minimum", "fmax", "fmin"))


class Extremes(NamedTuple):
    """Running extremes, where they become other ones, and, at each place, where that was last."""

    y: Expression
    over: Expression
    places: Expression


def _extremes(make: Expressions, x: Expression, axis: int, name: str) -> Extremes:
    y = running(make, name, [x], axis)
    thin = [n - (i == axis) for i, n in enumerate(x.shape)]
    before, behind = (make.view(y, [variable(i, 1, k * (i == axis)) for i in range(len(thin))], thin) for k in (0, 1))
    both = make.map("and", *(make.map("not_equal", a, a, kind="i1") for a in (before, behind)))
    other = make.map("and", make.map("not_equal", before, behind, kind="i1"), make.map("logical_not", both))
    first = make.broadcast(make.number(True, "i1"), [1 if i == axis else n for i, n in enumerate(x.shape)])
    over = joined(make, [first, other], axis, x.shape, "i1") if x.shape[axis] > 1 else first
    index = make.make("iota", (), axis, x.shape, "i64")
    last = running(make, "maximum", [make.map("select", over, index, make.number(0, "i64"), kind="i64")], axis)
    return Extremes(y, over, last)


@lowers("leaders")
def _leaders(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    (x,), axis, name = operands, node.settings["axis"], node.settings["ufunc"].__name__
    return _extremes(lower.make, x, axis, name).places if _is_extreme(x, name) else None


@lowers("tie_shares")
def _tie_shares(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """1 / how many have been equal since the running extreme came, where an entry is equal to it."""
    (x,), make, axis, name = operands, lower.make, node.settings["axis"], node.settings["ufunc"].__name__
    if not _is_extreme(x, name):
        return None
    y, over, places = _extremes(make, x, axis, name)
    wins = make.map("or", over, make.map("equal", y, x, kind="i1"))
    count = running(make, "cumsum", [make.cast(wins, "i64")], axis)
    at = Gathering(tuple(0 if i == axis else variable(i) for i in range(len(x.shape))), (identity(len(x.shape)),))
    first = make.make("gather", (count, places), at, x.shape, "i64")
    among = make.map("fadd", make.map("fsub", count, first), make.number(1, "i64"))
    share = make.map("reciprocal", make.cast(among, "f64"))
    return make.map("select", wins, share, make.number(0, "f64"), kind="f64")
