"""Lowering of the QR decomposition: LAPACK's reflections, and the product of them."""

from __future__ import annotations

from bibun.compiler.fusing.affine import identity
from bibun.compiler.fusing.decompositions import KIND, decomposes_into, swapped
from bibun.compiler.fusing.expressions import Box, Expression, Routine
from bibun.compiler.fusing.lowering import Lowering
from bibun.compiler.graph import Node


@decomposes_into("qr", "dgeqrf", "dorgqr")
def _qr(lower: Lowering, node: Node, a: Expression) -> list[Expression]:
    """r is the upper triangle of what holds the reflections below it; q has as many columns as r has rows."""
    make, (*batch, m, n) = lower.make, a.shape
    least, wide = min(m, n), len(batch)
    k = m if node.settings["mode"] == "complete" else least
    parts = (((*batch, n, m), KIND), ((*batch, least), KIND))
    packed, sizes = make.routine(Routine("reflections", (), parts, ((0, 0),)), swapped(make, a))
    vectors = make.view(packed, identity(wide + 2), (*batch, min(k, n), m))
    if k > n:
        box = Box((0,) * (wide + 2), (1,) * (wide + 2))
        vectors = make.make("place", (make.number(0, KIND), vectors), (box,), (*batch, k, m), KIND)
    (q,) = make.routine(Routine("orthogonal", (), ((vectors.shape, KIND),), ((0, 0),)), vectors, sizes)
    shape = (*batch, k, n)
    row, column = (make.make("iota", (), wide + axis, shape, "i64") for axis in (0, 1))
    upper = make.view(swapped(make, packed), identity(wide + 2), shape)
    above = make.map("less_equal", row, column, kind="i1")
    r = make.map("select", above, upper, make.number(0, KIND), kind=KIND)
    make.upper.add(r.number)
    return [swapped(make, q), r]
