"""What stands for writes to entries that were just written, or read, at the same key. The patterns are in rules.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.compiler.graph import Node, resized


def put_there(rewriter: Any, node: Node, *, x: Node, y: Node) -> Node | None:
    """y, of x[k] = y; x[k]."""
    return y if _same_key(node, node.operands[0]) and y.like == node.like else None


def all_of_it(rewriter: Any, node: Node, *, x: Node, y: Node) -> Node | None:
    """x[...] = y, x[:] = y."""
    whole = all(k is Ellipsis or (isinstance(k, slice) and k == slice(None)) for k in node.settings["key"])
    return y if whole and y.like == node.like else None


def as_it_was(rewriter: Any, node: Node, *, x: Node) -> Node | None:
    """x[k] = x[k]."""
    return x if _same_key(node, node.operands[1]) and x.like == node.like else None


def put_again(rewriter: Any, node: Node, *, x: Node, y: Node, z: Node) -> Node | None:
    """x[k] = y; x[k] = z."""
    before = node.operands[0]
    return rewriter.make(node.row, (x, z), node.settings, node.like) if _same_key(node, before) else None


def put_instead(rewriter: Any, node: Node, *, x: Node, y: Node) -> Node | None:
    """x[k] = 0; x[k] += y, as on the way back through a[k] = f(a[k]): x[k] = y + 0, where y may be -0."""
    before, added = sorted(node.operands, key=lambda operand: operand.name)
    if not _same_key(before, added) or x.like != node.like or y.dtype != node.dtype:
        return None
    value = rewriter.call("add", y, 0.0, like=resized(node.like, y.shape))
    return rewriter.make(before.row, (x, value), before.settings, node.like)  # type: ignore[no-any-return]


def _same_key(node: Node, other: Node) -> bool:
    """Whether two rows name the same entries, in a key without arrays."""
    key, their = node.settings["key"], other.settings["key"]
    return not any(isinstance(k, (np.ndarray, list, bool, np.bool)) for k in (*key, *their)) and bool(key == their)
