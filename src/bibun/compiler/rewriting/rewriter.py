"""Builds a graph of which every node has been looked up in the rules. Owns the search; the rules are in rules.py.

A node is simplified when it is made, its operands having been simplified before, so one pass from the inputs to the
outputs is enough. What a rule makes is made through the same door.
"""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from bibun.compiler.graph import Graph, Node, resized
from bibun.compiler.rewriting import patterns
from bibun.compiler.rewriting.patterns import Bindings, number_of
from bibun.compiler.rewriting.rules import RULES, UNSAFE, Rule
from bibun.core.primitive import Primitive
from bibun.interpreters.likeness import Like, likeness
from bibun.primitives import TABLE


def _indexed(rules: tuple[Rule, ...]) -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        found.setdefault(rule.pattern.name, []).append(rule)
    return found


_SAFE = _indexed(RULES)
_ALL = _indexed(RULES + UNSAFE)


class Rewriter:
    """Makes simplified nodes. `fast`: use also the rules that hold for real numbers but not in floating point."""

    def __init__(self, graph: Graph, *, fast: bool = False) -> None:
        self.graph = graph
        self.rules = _ALL if fast else _SAFE

    def make(self, row: Any, operands: tuple[Node, ...], settings: Any, like: Any) -> Node:
        """A node of this value: simpler where a rule says so."""
        if isinstance(row, str):
            return self.graph.make(row, operands, settings, like)
        if any(x.name == "constant" and type(x.settings) is int and x.dtype.kind != "i" for x in operands):
            operands = self._within_64_bits(operands)
        if row.batch == "elementwise" and like is not None:
            narrow = self._without_broadcasts(row, operands, settings, like)
            if narrow is not None:
                return narrow
        found = self.rules.get(row.name)
        if found:
            node = Node(row, operands, settings, like, -1)
            for rule in found:
                made = self._applied(rule, node)
                if made is not None:
                    return made
        folded = self._folded(row, operands, settings, like)
        return folded if folded is not None else self.graph.make(row, operands, settings, like)

    def call(self, name: str, *operands: Any, like: Like) -> Node:
        """A call of an elementwise row, of the dtype of `like`; numbers among the operands are constants of it."""
        nodes = tuple(x if isinstance(x, Node) else self.graph.constant(like.dtype.type(x)) for x in operands)
        shape = np.broadcast_shapes(*(x.shape for x in nodes))
        return self.make(TABLE[name], nodes, None, like if shape == like.shape else resized(like, shape))

    def fitted(self, node: Node, like: Like) -> Node | None:
        """The node in the shape of `like`, by broadcasting; None where it is of another dtype."""
        if node.dtype != like.dtype or (node.weak and like.scalar is not node.like.scalar):
            return None
        if node.shape == like.shape:
            return node
        return self.make(TABLE["broadcast_to"], (node,), {"shape": like.shape}, like)

    def _applied(self, rule: Rule, node: Node) -> Node | None:
        found: Bindings = {}
        if not rule.pattern.match(node, found):
            return None
        replacement = rule.replacement
        if not isinstance(replacement, (patterns.Row, patterns.Variable, patterns.Number)):
            made = replacement(self, node, **found)
        elif all(x.dtype == node.dtype for x in found.values()):
            made = self._instance(replacement, found, node)
        else:
            return None
        return None if made is None else self.fitted(made, node.like)

    def _instance(self, pattern: Any, found: Bindings, node: Node) -> Node:
        """What a replacement stands for: elementwise rows of the node's dtype."""
        if isinstance(pattern, patterns.Variable):
            return found[pattern.name]
        if isinstance(pattern, patterns.Number):
            return self.graph.constant(node.dtype.type(pattern.value))
        return self.call(pattern.name, *(self._instance(p, found, node) for p in pattern.operands), like=node.like)

    def _within_64_bits(self, operands: tuple[Node, ...]) -> tuple[Node, ...]:
        """Whole numbers of more than 64 bits as what they are beside floats; beside integers, which only compare with them,
        all that counts is the sign."""
        inexact = all(x.dtype.kind in "fc" for x in operands if x.name != "constant")
        return tuple(
            self.graph.constant(float(x.settings) if inexact else inf if x.settings > 0 else -inf)
            if x.name == "constant" and type(x.settings) is int and (inexact or x.dtype.kind == "O")
            else x
            for x in operands
        )

    def _without_broadcasts(self, row: Primitive, operands: tuple[Node, ...], settings: Any, like: Like) -> Node | None:
        """An elementwise row broadcasts by itself; one of repeated entries only is computed once, and repeated."""
        if not any(x.name == "broadcast_to" for x in operands):
            return None
        narrow = tuple(x.operands[0] if x.name == "broadcast_to" else x for x in operands)
        small = self.make(row, narrow, settings, resized(like, np.broadcast_shapes(*(x.shape for x in narrow))))
        return self.fitted(small, like)

    def _folded(self, row: Primitive, operands: tuple[Node, ...], settings: Any, like: Any) -> Node | None:
        """An elementwise row of numbers, computed now."""
        if row.batch != "elementwise" or like is None or like.shape or not operands:
            return None
        if any(x.name != "constant" for x in operands):
            return None
        with np.errstate(all="ignore"):
            value = row.function(*(x.settings for x in operands), **(settings or {}))
        return self.graph.constant(value, like) if likeness(value).dtype == like.dtype else None


__all__ = ["Rewriter", "number_of"]
