"""Which calls the text writes as updates in place: v[key] = x, v[key] += x. Says when that is right; writing.py does it.

In a graph nothing is written to: put gives a copy with entries replaced, and the sum of cotangents adds arrays that are
zeros but for an entry. In the text such a call may write into its operand, if that is an array of its own (`makes_new`)
that nothing else reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bibun.compiler.graph import Node
from bibun.core.primitive import Primitive
from bibun.primitives.indexing import Place, may_repeat

PUTS = ("put", "put_at")
SCATTERS = ("scatter_add", "scatter_add_at")
_SAME = {
    "real",
    "imag",
    "conjugate",
    "copy",
    "tied",
    "positive",
    "astype",
    "astype_step",
}  # may show their operand's memory
_NEW = {"sum", "prod", "max", "min", "cumsum", "cumprod", "matmul", "concatenate", "stack", *PUTS, *SCATTERS}


def makes_new(node: Node) -> bool:
    """Whether its value is an array that no other value shows, when the text has been written as it is here."""
    if not isinstance(node.row, Primitive) or node.like is None or not node.shape:
        return False
    if node.name == "broadcast_to":
        return node.operands[0].name == "constant"  # np.full
    return node.name in _NEW or (node.row.batch == "elementwise" and node.name not in _SAME)


def spreads(node: Node) -> bool:
    """Whether it only repeats its operand along a new first axis, as a loop does with what stays the same."""
    return node.name == "broadcast_to" and node.operands[0].shape == node.shape[1:]


def repeats(node: Node) -> bool:
    """Whether the key of a scatter_add or put may name an entry twice."""
    places = [k for k in node.settings["key"] if isinstance(k, Place)]
    masks = [place for place in places if node.operands[place.number - len(places)].dtype.kind == "b"]
    return (
        may_repeat(tuple(k for k in node.settings["key"] if k not in masks))
        if masks
        else may_repeat(node.settings["key"])
    )


def target(node: Node, readers: Mapping[int, Sequence[Node]], asked: set[int]) -> Node | None:
    """The operand into which a call is written: of put the array, of a sum with a scatter_add the other operand."""
    if node.name in PUTS:
        return node.operands[0] if node.operands[0].dtype == node.dtype else None
    added = scattered(node, readers, asked)
    if added is None:
        return None
    a, b = node.operands
    return a if added is b else b


def scattered(node: Node, readers: Mapping[int, Sequence[Node]], asked: set[int]) -> Node | None:
    """Of a sum or difference the operand that is a scatter_add which nothing else reads."""
    if node.name not in ("add", "subtract") or node.like is None:
        return None
    a, b = node.operands
    if a is b or any(x.shape != node.shape or x.dtype != node.dtype for x in (a, b)):
        return None
    for x in (b, a) if node.name == "add" else (b,):
        if x.name in SCATTERS and len(readers[x.number]) == 1 and x.number not in asked:
            return x
    return None
