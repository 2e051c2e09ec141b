"""Lowering of pseudo-inverses and least squares: both by the singular values, which are computed once for both."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.compiler.fusing.decompositions import decomposes, decomposes_into, single_or_double, singular
from bibun.compiler.fusing.expressions import DTYPES, Expression, Expressions
from bibun.compiler.fusing.lowering import Lowering
from bibun.compiler.fusing.products import einsum
from bibun.compiler.fusing.views import reshaped
from bibun.compiler.graph import Node


def _inverted(make: Expressions, s: Expression, rcond: Any) -> Expression:
    """1 / s, and 0 for those that are not above rcond times the largest."""
    axis = len(s.shape) - 1
    largest = reshaped(make, make.reduce("maximum", s, [axis]), (*s.shape[:-1], 1))
    above = make.map("greater", s, make.map("fmul", largest, make.number(rcond, s.kind)), kind="i1")
    return make.map("select", above, make.map("reciprocal", s), make.number(0, s.kind), kind=s.kind)


@decomposes("pinv", "dgesdd")
def _pinv(lower: Lowering, node: Node, a: Expression) -> Expression | None:
    """v diag(1 / s) u^H, of the transpose's u and v."""
    rcond, make, kind = node.settings["rcond"], lower.make, single_or_double(node)
    if not isinstance(rcond, (float, int, np.floating)):
        return None
    v, s, u = (make.cast(x, kind) for x in singular(lower, a, "S"))  # (k, columns), (k,), (rows, k)
    axis = len(s.shape) - 1
    inverse = reshaped(make, _inverted(make, s, rcond), (*s.shape[:-1], 1, s.shape[-1]))
    batch = tuple(range(axis))
    letters = ((*batch, axis, axis + 1), (*batch, axis + 2, axis))
    return einsum(make, [v, make.map("fmul", u, inverse)], letters, (*batch, axis + 1, axis + 2), kind)


@decomposes_into("lstsq", "dgesdd")
def _lstsq(lower: Lowering, node: Node, a: Expression, b: Expression) -> list[Expression] | None:
    """x = v diag(1 / s) u^H b, |b - a x|^2 of a tall matrix, and s (primitives/least_squares.py)."""
    make, kind, rcond = lower.make, single_or_double(node), node.settings["rcond"]
    if rcond < 0:
        rcond = float(np.finfo(DTYPES[kind]).eps) / 2
    v, s, u = (make.cast(x, kind) for x in singular(lower, a, "S"))
    a, b = make.cast(a, kind), make.cast(b, kind)

    def product(*operands: Expression, letters: str) -> Expression:
        first, second, result = letters.split()
        found = einsum(make, operands, (_numbers(first), _numbers(second)), _numbers(result), kind)
        assert found is not None  # it is in floats
        return found

    inverse = reshaped(make, _inverted(make, s, rcond), (s.size, 1))
    x = product(v, make.map("fmul", product(u, b, letters="mk mj kj"), inverse), letters="kn kj nj")
    if a.shape[0] <= a.shape[1]:
        return [x, make.broadcast(make.number(0, kind), b.shape[1:]), s]
    left = make.map("fsub", b, product(a, x, letters="mn nj mj"))
    return [x, make.reduce("fadd", make.map("fmul", left, left), [0]), s]


def _numbers(letters: str) -> tuple[int, ...]:
    return tuple(map(ord, letters))
