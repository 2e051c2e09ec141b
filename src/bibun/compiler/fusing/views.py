"""Lowering of what only moves entries: views, other shapes, joins."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod

from bibun.compiler.fusing.affine import Affine, added, fixed, identity, strides, variable
from bibun.compiler.fusing.expressions import Box, Expression, Expressions, half_of
from bibun.compiler.fusing.lowering import Lowering, kind_or_dtype, lowers
from bibun.compiler.graph import Node

# ---- views --------------------------------------------------------------------------------------


@lowers("broadcast_to")
def _broadcast_to(lower: Lowering, node: Node, operands: list[Expression]) -> Expression:
    return lower.make.broadcast(operands[0], node.shape)


@lowers("transpose")
def _transpose(lower: Lowering, node: Node, operands: list[Expression]) -> Expression:
    axes = node.settings["axes"]
    places = [variable(axes.index(i)) for i in range(len(axes))]
    return lower.make.view(operands[0], places, node.shape)


@lowers("flip")
def _flip(lower: Lowering, node: Node, operands: list[Expression]) -> Expression:
    return flipped(lower.make, operands[0], *node.settings["axis"])


def flipped(make: Expressions, x: Expression, *axes: int) -> Expression:
    """From the last to the first along these axes."""
    places = [variable(i, -1, n - 1) if i in axes and n else variable(i) for i, n in enumerate(x.shape)]
    return make.view(x, places, x.shape)


@lowers("diagonal")
def _diagonal(lower: Lowering, node: Node, operands: list[Expression]) -> Expression:
    (x,) = operands
    offset, first, second = (node.settings[name] for name in ("offset", "axis1", "axis2"))
    last = len(node.shape) - 1
    rest = iter(range(last))
    places = [
        variable(last, 1, max(-offset, 0)) if i == first
        else variable(last, 1, max(offset, 0)) if i == second
        else variable(next(rest))
        for i in range(len(x.shape))
    ]  # fmt: skip
    return lower.make.view(x, places, node.shape)


@lowers("reshape")
def _reshape(lower: Lowering, node: Node, operands: list[Expression]) -> Expression:
    return reshaped(lower.make, operands[0], node.shape)


def reshaped(make: Expressions, x: Expression, shape: tuple[int, ...]) -> Expression:
    """In another shape: a view where axes are split, or have length 1; else a view of the whole as one axis."""
    if x.shape == shape:
        return x
    if 0 in shape:
        return make.broadcast(make.number(0, x.kind), shape)
    if x.op == "view" and x.operands[0].op == "number":
        return make.broadcast(x.operands[0], shape)
    groups = _groups(x.shape, shape)
    turned = _turned(make, x, shape, groups) if groups is not None else None
    if turned is not None:
        return turned
    if groups is None or any(len(old) > 1 for old, _ in groups):
        whole, half = half_of(x) or (x, 0)
        wide = whole.size // x.size  # 2 of complex numbers
        flat = make.make("flat", (make.in_order(whole),), None, (wide * prod(shape),), x.kind)
        position: Affine = (half, ())
        for i, step in enumerate(strides(shape)):
            position = added(position, variable(i, step * wide))
        return make.view(flat, [position], shape)
    places: list[Affine] = [fixed(0)] * len(x.shape)
    for old, new in groups:
        position = (0, ())
        for i, step in zip(new, strides([shape[i] for i in new]), strict=True):
            position = added(position, variable(i, step))
        places[old[0]] = position
    return make.view(x, places, shape)


def _turned(
    make: Expressions, x: Expression, shape: tuple[int, ...], groups: Sequence[tuple[list[int], list[int]]]
) -> Expression | None:
    """Of a transpose whose axes are joined as they lie in memory: the transpose of what is joined there, which needs no copy."""
    if x.op != "view" or all(len(old) == 1 for old, _ in groups):
        return None
    (source,) = x.operands
    axes = [terms[0][0] if place == variable(terms[0][0]) else -1 for place in x.params if (terms := place[1])]
    if sorted(axes) != list(range(len(x.shape))) or source.packed or 1 in x.shape:
        return None
    if source.shape != tuple(x.shape[axis] for axis in axes):  # a slice of it
        return None
    lies = {axis: n for n, axis in enumerate(axes)}  # of each axis of x, which of the source it is
    if any(lies[b] != lies[a] + 1 for old, _ in groups for a, b in pairwise(old)):
        return None
    order = sorted(range(len(groups)), key=lambda n: lies[groups[n][0][0]])
    new = [i for n in order for i in groups[n][1]]
    below = reshaped(make, source, tuple(shape[i] for i in new))
    return make.view(below, [variable(i) for i in new], shape)


def _groups(old: tuple[int, ...], new: tuple[int, ...]) -> list[tuple[list[int], list[int]]] | None:
    """Which axes of the old shape become which of the new, axes of length 1 left out."""
    left = [i for i, n in enumerate(old) if n != 1]
    right = [i for i, n in enumerate(new) if n != 1]
    groups = []
    while left and right:
        a, b = [left.pop(0)], [right.pop(0)]
        have, want = old[a[0]], new[b[0]]
        while have != want:
            if have < want:
                if not left:
                    return None
                a.append(left.pop(0))
                have *= old[a[-1]]
            else:
                if not right:
                    return None
                b.append(right.pop(0))
                want *= new[b[-1]]
        groups.append((a, b))
    return None if left or right else groups


# ---- joins --------------------------------------------------------------------------------------


@lowers("concatenate")
def _concatenate(lower: Lowering, node: Node, operands: list[Expression]) -> Expression:
    axis, kind = node.settings["axis"], kind_or_dtype(node)
    parts = [lower.make.cast(x, kind) for x in operands if x.size]
    return joined(lower.make, parts, axis, node.shape, kind)


def joined(make: Expressions, parts: list[Expression], axis: int, shape: tuple[int, ...], kind: str) -> Expression:
    """Side by side along an axis."""
    if len(parts) == 1 and parts[0].shape == shape:
        return parts[0]
    boxes, start = [], 0
    for part in parts:
        boxes.append(Box(tuple(start if i == axis else 0 for i in range(len(shape))), (1,) * len(shape)))
        start += part.shape[axis]
    return make.make("place", (make.number(0, kind), *parts), tuple(boxes), shape, kind)


@lowers("stack")
def _stack(lower: Lowering, node: Node, operands: list[Expression]) -> Expression:
    axis, kind = node.settings["axis"], kind_or_dtype(node)
    thin = tuple(1 if i == axis else n for i, n in enumerate(node.shape))
    parts = [reshaped(lower.make, lower.make.cast(x, kind), thin) for x in operands]
    return joined(lower.make, parts, axis, node.shape, kind)


@lowers("roll")
def _roll(lower: Lowering, node: Node, operands: list[Expression]) -> Expression:
    (x,) = operands
    for shift, axis in zip(node.settings["shift"], node.settings["axis"], strict=True):
        n = x.shape[axis]
        shift = shift % n if n else 0
        if shift:
            x = joined(lower.make, [_cut(lower.make, x, axis, n - shift, n), _cut(lower.make, x, axis, 0, n - shift)],
                       axis, x.shape, x.kind)  # fmt: skip
    return x


def _cut(make: Expressions, x: Expression, axis: int, start: int, stop: int) -> Expression:
    places = [variable(i, 1, start if i == axis else 0) for i in range(len(x.shape))]
    return make.view(x, places, [stop - start if i == axis else n for i, n in enumerate(x.shape)])


@lowers("cross")
def _cross(lower: Lowering, node: Node, operands: list[Expression]) -> Expression:
    make, kind = lower.make, kind_or_dtype(node)
    a, b = (make.broadcast(make.cast(x, kind), node.shape) for x in operands)
    last = len(node.shape) - 1
    thin = (*node.shape[:-1], 1)

    def entry(x: Expression, k: int) -> Expression:
        return make.view(x, [*identity(last), fixed(k)], thin)

    parts = [
        make.map("fsub", make.map("fmul", entry(a, i), entry(b, j)), make.map("fmul", entry(a, j), entry(b, i)))
        for i, j in ((1, 2), (2, 0), (0, 1))
    ]
    return joined(make, parts, last, node.shape, kind)
