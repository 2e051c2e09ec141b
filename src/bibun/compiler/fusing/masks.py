"""Lowering of brackets with one mask that is computed. How many of its entries are true is a decision of the run.

What is computed entry by entry of x[mask], and then summed up or put back at the mask, is computed of x, and counts where the
mask is true: nothing is moved then.
"""

from __future__ import annotations

from math import prod

from bibun.compiler.fusing.affine import Affine, fixed, variable
from bibun.compiler.fusing.expressions import Expression, Expressions, Gathering, Scattering, identity_of
from bibun.compiler.fusing.lowering import Lowering, kind_of, lowers
from bibun.compiler.fusing.reductions import REDUCTIONS, reduction
from bibun.compiler.fusing.running import running
from bibun.compiler.fusing.views import flipped, reshaped
from bibun.compiler.graph import Node

_FIRST: tuple[tuple[Affine, ...], ...] = ((variable(0),),)  # the index array runs along the first axis
DEPTH = 40  # calls behind each other that are looked at


def _counts(make: Expressions, mask: Expression) -> Expression:
    """How many are true up to each entry."""
    return running(make, "cumsum", [make.cast(mask, "i64")], 0)


def _rows(make: Expressions, x: Expression, index: Expression) -> Expression:
    """x[index]"""
    shape = (*index.shape, *x.shape[1:])
    axes = (0, *(variable(i) for i in range(1, len(shape))))
    return make.make("gather", (x, index), Gathering(axes, _FIRST), shape, x.kind)


def _index(make: Expressions, mask: Expression, count: int) -> Expression:
    """Where the `count` true entries of one axis are: the k-th is the one at which their number becomes k + 1."""
    # Written from the last to the first, so that of equal counts the true entry stays; place 0 is for none before it.
    places = flipped(make, _counts(make, mask), 0)
    entries = flipped(make, make.make("iota", (), 0, mask.shape, "i64"), 0)
    zero = make.broadcast(make.number(0, "i64"), (count + 1,))
    found = make.make("scatter", (zero, entries, places), Scattering((0,), _FIRST, False), (count + 1,), "i64")
    index = make.view(found, [variable(0, 1, 1)], (count,))
    make.masks[index.number] = mask
    return index


@lowers("flatnonzero")
def _flatnonzero(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    (x,), make = operands, lower.make
    return _index(make, reshaped(make, make.cast(x, "i1"), (x.size,)), node.size) if node.size else None


def taken(make: Expressions, x: Expression, mask: Expression, shape: tuple[int, ...]) -> Expression | None:
    """x[mask]"""
    if not x.size or not prod(shape):
        return None
    x, mask = _first_axis(make, x, mask)
    return _rows(make, x, _index(make, mask, shape[0]))


def filled(lower: Lowering, x: Expression, mask: Expression, v: Expression) -> Expression | None:
    """x with v at the mask: one value, or a row for all, or a row for each that is true."""
    make = lower.make
    if not x.size or not v.size or len(v.shape) > len(x.shape) - len(mask.shape) + 1:
        return None
    rest, shape = x.shape[len(mask.shape) :], x.shape
    if len(v.shape) <= len(rest) or v.shape[0] == 1:
        v = reshaped(make, v, v.shape[max(len(v.shape) - len(rest), 0) :])
        return make.map("select", _wide(make, mask, x), v, x, kind=x.kind)
    x, mask = _first_axis(make, x, mask)
    whole = _whole(make, v)
    if whole is not None and whole[0] is mask:
        v = whole[1]
    else:
        counts = _counts(make, mask)
        last = make.view(counts, [fixed(mask.size - 1)], ())
        lower.checks.append((make.map("equal", last, make.number(v.shape[0], "i64"), kind="i1"), True))
        index = make.map("fsub", counts, make.number(1, "i64"))
        v = _rows(make, v, make.map("maximum", index, make.number(0, "i64")))
    return reshaped(make, make.map("select", _wide(make, mask, x), v, x, kind=x.kind), shape)


@lowers(*REDUCTIONS)
def _reduction(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """Of what a mask has left, over the axis on which it lies."""
    (x,), make, axes = operands, lower.make, node.settings["axis"]
    whole = _whole(make, x) if make.masks and 0 in axes else None
    if whole is not None:
        mask, x = whole
        word = REDUCTIONS[node.name]
        kind = "i1" if word in ("and", "or") else kind_of(node.dtype) or x.kind
        x = make.cast(x, kind)
        neutral = make.number(identity_of(word, kind), kind)
        x = make.map("select", _wide(make, mask, x), x, neutral, kind=kind)
    return reduction(lower, node, [x])


def _first_axis(make: Expressions, x: Expression, mask: Expression) -> tuple[Expression, Expression]:
    """The axes that the mask has as one."""
    rest = x.shape[len(mask.shape) :]
    return reshaped(make, x, (mask.size, *rest)), reshaped(make, mask, (mask.size,))


def _wide(make: Expressions, mask: Expression, x: Expression) -> Expression:
    return reshaped(make, mask, (*mask.shape, *(1,) * (len(x.shape) - len(mask.shape))))


Whole = tuple[Expression, Expression]


def _whole(make: Expressions, x: Expression, depth: int = 0) -> Whole | None:
    """A mask, and what x would be at all entries, if x is computed of entries taken by that mask, each for itself."""
    if x.number not in make.whole:
        make.whole[x.number] = None if depth == DEPTH else _found(make, x, depth)
    return make.whole[x.number]


def _found(make: Expressions, x: Expression, depth: int) -> Whole | None:
    if x.op == "gather" and len(x.operands) == 2:
        source, index = x.operands
        mask = make.masks.get(index.number)
        return (mask, source) if mask is not None and x is _rows(make, source, index) else None
    if x.op not in ("map", "cast"):
        return None
    parts = [y if _repeats(y) else _whole(make, y, depth + 1) for y in x.operands]
    masks = [part[0] for part in parts if isinstance(part, tuple)]
    if None in parts or not masks or any(mask is not masks[0] for mask in masks):
        return None
    size = masks[0].size
    entries = [
        part[1] if isinstance(part, tuple) else make.view(part.operands[0], part.params, (size, *part.shape[1:]))
        for part in parts
        if part is not None
    ]
    if x.op == "cast":
        return masks[0], make.cast(entries[0], x.kind)
    return masks[0], make.map(x.params, *entries, kind=x.kind)


def _repeats(x: Expression) -> bool:
    """Whether it is the same all along the first axis."""
    return x.op == "view" and all(axis != 0 for _, terms in x.params for axis, _ in terms)
