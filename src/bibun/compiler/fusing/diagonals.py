"""Rows that meet identity matrices, as those of Hessians do: what is multiplied by them is zero but on a few diagonals.

The innermost loop then computes a row as if it met none of them, which most often is the same number all along the row. The
entries on the diagonals are computed by themselves, behind it (native/loops.py). Every entry is what it would be without
this, for infinities and nan too: 0 times the factor is still computed, only less often.
"""

from __future__ import annotations

from collections.abc import Callable

from bibun.compiler.fusing.affine import Affine, composed
from bibun.compiler.fusing.expressions import Expression
from bibun.compiler.fusing.nests import Nest

LONG = 32  # entries of a row, at least
DIAGONALS = 4  # that a row meets, at most

Index = tuple[Affine, ...]


def counted(x: Expression, index: Index, stored: Callable[[Expression], bool]) -> Affine | None:
    """The place that an array of the numbers 0, 1, 2, ... has at an index; None for another array."""
    while x.op == "view" and not stored(x):
        index = tuple([composed(p, index) for p in x.params])
        (x,) = x.operands
    return index[x.params] if x.op == "iota" and not stored(x) else None


def only_stores(nest: Nest) -> bool:
    """Whether entries can be computed twice: each is stored, and nothing is read from where one is."""
    if nest.flat or any(root.word is not None or root.scattering is not None for root in nest.roots):
        return False
    read = {buffer.name for buffer in nest.reads}
    return not any(root.buffer.name in read or root.buffer.inside is not None for root in nest.roots)


def row_of(nest: Nest) -> int | None:
    """The loop over a row that may meet diagonals."""
    rows = [number for number, loop in enumerate(nest.loops) if loop.vector and loop.extent >= LONG]
    return rows[0] if rows and only_stores(nest) else None
