"""Lowering of what finds and counts, and of what asks what kind of number an entry is."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from bibun.compiler.fusing.affine import identity, variable
from bibun.compiler.fusing.expressions import Expression, Gathering
from bibun.compiler.fusing.lowering import Lowering, common_kind, kind_of, lowers
from bibun.compiler.fusing.views import reshaped
from bibun.compiler.graph import Node


def _settings(node: Node, *names: str) -> dict[str, Any] | None:
    """The settings of a call whose further arguments NumPy takes by position too; None where some are others."""
    given = dict(node.settings or {})
    for name, operand in zip(names, node.operands[1:], strict=False):
        if operand.name != "constant":
            return None
        given[name] = operand.settings
    return given if set(given) <= set(names) else None


@lowers("argmax", "argmin")
def _extreme(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """The first index at which the extreme is; where that is nan, the first nan."""
    settings = _settings(node, "axis", "out", "keepdims")
    if settings is None or settings.get("out") is not None or not operands[0].size or operands[0].kind == "i1":
        return None
    x, make, axis = operands[0], lower.make, settings.get("axis")
    if axis is None or not x.shape:  # NumPy takes a number along axis 0, too
        x, axis = reshaped(make, x, (prod(x.shape),)), 0
    axis = axis % len(x.shape)
    thin = tuple(1 if i == axis else n for i, n in enumerate(x.shape))
    best = reshaped(make, make.reduce("maximum" if node.name == "argmax" else "minimum", x, [axis]), thin)
    found = make.map("equal", x, best, kind="i1")
    if x.kind[0] == "f":
        found = make.map("or", found, make.map("isnan", x, kind="i1"))
    places = make.make("iota", (), 0, (x.shape[axis],), "i64")
    places = make.view(places, [variable(axis)], x.shape)
    index = make.map("select", found, places, make.number(x.shape[axis], "i64"), kind="i64")
    return reshaped(make, make.reduce("minimum", index, [axis]), node.shape)


@lowers("count_nonzero")
def _count_nonzero(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    settings = _settings(node, "axis", "keepdims")
    if settings is None or kind_of(node.dtype) != "i64":
        return None
    x, make, axis = operands[0], lower.make, settings.get("axis")
    axes = range(len(x.shape)) if axis is None else [axis] if isinstance(axis, int) else axis
    ones = make.cast(make.cast(x, "i1"), "i64")
    return reshaped(make, make.reduce("fadd", ones, sorted(i % len(x.shape) for i in axes)), node.shape)


@lowers("searchsorted")
def _searchsorted(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """How many entries of the sorted a come before x, in steps that are powers of 2; nan comes last."""
    settings = node.settings or {}
    if len(operands) != 2 or not set(settings) <= {"side"}:
        return None
    kind, make, right = common_kind(node), lower.make, settings.get("side") == "right"
    a, x = (make.cast(operand, kind) for operand in operands)
    if kind == "i1" or not a.size or kind_of(node.dtype) != "i64":
        return None
    nan = make.map("not_equal", x, x, kind="i1")
    count = make.broadcast(make.number(0, "i64"), x.shape)
    one, length = make.number(1, "i64"), make.number(a.size, "i64")
    gathering = Gathering((0,), (identity(len(x.shape)),))
    for step in reversed(range(a.size.bit_length())):
        further = make.map("fadd", count, make.number(1 << step, "i64"))
        place = make.map("fsub", make.map("minimum", further, length), one)
        entry = make.make("gather", (a, place), gathering, x.shape, kind)
        before = make.map("less_equal" if right else "less", entry, x, kind="i1")
        last = nan if right else make.map("and", nan, make.map("equal", entry, entry, kind="i1"))
        before = make.map("and", make.map("or", before, last), make.map("less_equal", further, length, kind="i1"))
        count = make.map("select", before, further, count, kind="i64")
    return count


@lowers("isclose", "allclose")
def _close(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """|a - b| <= atol + rtol |b| with a finite b, or a = b, or, if equal_nan, both nan."""
    given = {"rtol": 1e-5, "atol": 1e-8, "equal_nan": False, **(node.settings or {})}
    if {x.kind for x in operands} != {"f64"} or len(operands) != 2 or len(given) != 3:
        return None
    if not all(isinstance(v, (float, int)) for v in given.values()):
        return None
    (a, b), make = operands, lower.make
    rtol, atol = (make.number(given[name], "f64") for name in ("rtol", "atol"))
    limit = make.map("fadd", atol, make.map("fmul", rtol, make.map("fabs", b)))
    near = make.map("less_equal", make.map("fabs", make.map("fsub", a, b)), limit, kind="i1")
    close = make.map("and", near, make.map("isfinite", b, kind="i1"))
    close = make.map("or", close, make.map("equal", a, b, kind="i1"))
    if given["equal_nan"]:
        nans = (make.map("isnan", x, kind="i1") for x in (a, b))
        close = make.map("or", close, make.map("and", *nans))
    return close if node.name == "isclose" else make.reduce("and", close, range(len(close.shape)))


@lowers("imag", "isreal", "iscomplex")
def _of_real(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """What is known of every real number."""
    kind = kind_of(node.dtype)
    value = lower.make.number(node.name == "isreal", kind or "i1")
    return lower.make.broadcast(value, node.shape) if kind else None


@lowers("isposinf", "isneginf")
def _infinite(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    (x,), make = operands, lower.make
    if x.kind[0] != "f":
        return None
    sign = 1 if node.name == "isposinf" else -1
    return make.map("equal", x, make.number(sign * np.inf, x.kind), kind="i1")
