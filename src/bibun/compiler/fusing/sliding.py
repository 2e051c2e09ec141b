"""Lowering of sliding windows, which are views, of the sums of what overlaps in them, and of convolutions: products with
windows. Convolutions by Fourier transforms stay SciPy's."""

from __future__ import annotations

from bibun.compiler.fusing.affine import Affine, variable
from bibun.compiler.fusing.expressions import Box, Expression, Expressions
from bibun.compiler.fusing.lowering import Lowering, kind_of, lowers
from bibun.compiler.fusing.products import einsum
from bibun.compiler.fusing.views import flipped, joined
from bibun.compiler.graph import Node

SHORT = 32  # entries of a sequence; of a longer one
LONGER = 4  # times as long the other one has to be, or NumPy's loop is faster


def _windows(make: Expressions, x: Expression, axis: int, length: int) -> Expression:
    """y[..., i, ..., k] = x[..., i + k, ...]."""
    last = len(x.shape)
    places: list[Affine] = [(0, ((axis, 1), (last, 1))) if i == axis else variable(i) for i in range(last)]
    return make.view(x, places, [*(n - length + 1 if i == axis else n for i, n in enumerate(x.shape)), length])


def _padded(make: Expressions, x: Expression, sides: dict[int, int]) -> Expression:
    """With so many zeros on both sides of axes."""
    shape = [n + 2 * sides.get(i, 0) for i, n in enumerate(x.shape)]
    box = Box(tuple(sides.get(i, 0) for i in range(len(shape))), (1,) * len(shape))
    return make.make("place", (make.number(0, x.kind), x), (box,), shape, x.kind)


@lowers("sliding_windows")
def _sliding_windows(lower: Lowering, node: Node, operands: list[Expression]) -> Expression:
    return _windows(lower.make, operands[0], node.settings["axis"], node.settings["length"])


@lowers("overlap_add")
def _overlap_add(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """y[..., i, ...] = the sum of g[..., i - k, ..., k] over k."""
    (g,), make, axis = operands, lower.make, node.settings["axis"]
    last, length = len(node.shape), g.shape[-1]
    if not g.size or g.kind == "i1":
        return None
    padded = _padded(make, g, {axis: length - 1})
    places: list[Affine] = [
        (length - 1, ((axis, 1), (last, -1))) if i == axis else variable(i) for i in range(last + 1)
    ]
    return make.reduce("fadd", make.view(padded, places, (*node.shape, length)), [last])


# ---- convolutions -------------------------------------------------------------------------------


@lowers("convolve")
def _convolve(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """Of sequences."""
    found = _floats(lower, node, operands)
    if found is None:
        return None
    a, b = found
    if node.settings["mode"] == "valid":
        return _inside(lower.make, a, b, (0,))
    return _whole(lower.make, node, *((a, b) if a.size >= b.size else (b, a)))


@lowers("scipy_convolve")
def _of_scipy(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """Of arrays: as SciPy does, the larger one is padded with zeros, where infinities of the other become nan."""
    found, axes, make = _floats(lower, node, operands), node.settings["axes"], lower.make
    if found is None or node.settings["method"] != "direct":
        return None
    a, b = found
    if node.settings["valid"]:
        return _inside(make, a, b, axes)
    if len(axes) == len(a.shape) and a.size < b.size:
        a, b = b, a
    if len(a.shape) == 1:
        return _whole(make, node, a, b)
    if a.size < b.size or any(b.shape[i] != 1 for i in range(len(b.shape)) if i not in axes):
        return None
    return _inside(make, _padded(make, a, {i: b.shape[i] - 1 for i in axes}), b, axes)


def _floats(lower: Lowering, node: Node, operands: list[Expression]) -> list[Expression] | None:
    """Both in the dtype of the result, where that is one of floats and there is something to add up."""
    kind = kind_of(node.dtype)
    if kind not in ("f64", "f32") or not (node.size and all(x.size for x in operands)):
        return None
    return [lower.make.cast(x, kind) for x in operands]


def _inside(make: Expressions, a: Expression, b: Expression, axes: tuple[int, ...]) -> Expression | None:
    """Where b lies within a: the product of its reverse with each window."""
    wide = len(a.shape)
    for i in axes:
        a = _windows(make, a, i, b.shape[i])
    new = {i: wide + n for n, i in enumerate(axes)}
    letters = [tuple(range(wide + len(axes))), tuple(new.get(i, i) for i in range(wide))]
    return einsum(make, [a, flipped(make, b, *axes)], letters, tuple(range(wide)), a.kind)


def _whole(make: Expressions, node: Node, a: Expression, b: Expression) -> Expression | None:
    """All of it, of sequences. At the ends only a part of b meets a: there is no product with what is beyond a."""
    n, m = a.size, b.size
    inside = _inside(make, a, b, (0,))
    if m == 1 or inside is None:
        return inside
    if m > SHORT and n < LONGER * m:
        return None
    row, column = (make.make("iota", (), axis, (m - 1, m), "i64") for axis in (0, 1))
    ends = []
    for start, offset, word in ((0, m - 1, "less_equal"), (n - m + 1, 2 * (m - 1), "greater")):
        part = _padded(make, make.view(a, [variable(0, 1, start)], (m - 1,)), {0: m - 1})
        window = make.view(part, [(offset, ((0, 1), (1, -1)))], (m - 1, m))
        there = make.map(word, column, row, kind="i1")
        ends.append(make.map("select", there, make.map("fmul", window, b), make.number(0, a.kind), kind=a.kind))
    head, tail = (make.reduce("fadd", x, [1]) for x in ends)
    return joined(make, [head, inside, tail], 0, node.shape, a.kind)
