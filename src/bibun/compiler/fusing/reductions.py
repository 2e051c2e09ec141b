"""Lowering of reductions: over some axes, which are kept with length 1 or gone."""

from __future__ import annotations

from bibun.compiler.fusing.expressions import Expression
from bibun.compiler.fusing.lowering import Lowering, kind_or_dtype, lowers, power
from bibun.compiler.fusing.views import reshaped
from bibun.compiler.graph import Node

REDUCTIONS = {"sum": "fadd", "prod": "fmul", "max": "maximum", "min": "minimum", "all": "and", "any": "or"}
REDUCTIONS["largest"] = "maximum"  # of bibun.scipy.special


def reduction(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """A word over all entries along axes."""
    (x,), kind = operands, kind_or_dtype(node)
    axes = node.settings["axis"]
    word = REDUCTIONS[node.name]
    if word in ("maximum", "minimum") and any(x.shape[i] == 0 for i in axes):
        return None  # NumPy says what is wrong with it
    make = lower.make
    x = make.cast(x, "i1" if word in ("and", "or") else kind)
    found = make.reduce(word, x, axes)
    return reshaped(make, found, node.shape) if node.settings["keepdims"] else found


@lowers("norm")
def _norm(lower: Lowering, node: Node, operands: list[Expression]) -> Expression:
    (x,), make = operands, lower.make
    x = make.cast(x, kind_or_dtype(node))
    found = make.map("sqrt", make.reduce("fadd", make.map("fmul", x, x), node.settings["axis"]))
    return reshaped(make, found, node.shape) if node.settings["keepdims"] else found


@lowers("power_norm")
def _power_norm(lower: Lowering, node: Node, operands: list[Expression]) -> Expression:
    """(Σ x**p)**(1/p)"""
    (x,), make, p = operands, lower.make, node.settings["p"]
    powers = power(make, make.cast(x, kind_or_dtype(node)), p)
    found = power(make, make.reduce("fadd", powers, node.settings["axis"]), 1 / p)
    return reshaped(make, found, node.shape) if node.settings["keepdims"] else found


@lowers("logsumexp")
def _logsumexp(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """log Σ exp(x - m) + m with the largest x as m; 0 where that is infinite."""
    (x,), make, kind, axes = operands, lower.make, kind_or_dtype(node), node.settings["axis"]
    if kind[0] != "f" or not all(x.shape[i] for i in axes):
        return None
    x = make.cast(x, kind)
    thin = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    top = reshaped(make, make.reduce("maximum", x, axes), thin)
    top = make.map("select", make.map("isfinite", top, kind="i1"), top, make.number(0, kind), kind=kind)
    total = reshaped(make, make.reduce("fadd", make.map("exp", make.map("fsub", x, top)), axes), thin)
    return reshaped(make, make.map("fadd", make.map("log", total), top), node.shape)
