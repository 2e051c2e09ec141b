"""Patterns of nodes, and their instances: `multiply(X, 1)` matches, or makes, the product of anything and one.

A pattern is a row's name with patterns for its operands, a variable, or a number, which matches a node whose entries all
are that number. A condition in `where=` looks at what the variables stand for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bibun.compiler.graph import Node

Bindings = dict[str, Node]


def number_of(node: Node) -> Any:
    """The number that all entries of a node are, known while compiling; None if there is none."""
    while node.name in ("broadcast_to", "reshape"):
        (node,) = node.operands
    return node.settings if node.name == "constant" else None


class Variable:
    """Matches any node, the same one wherever the name stands."""

    def __init__(self, name: str, condition: Callable[[Node], bool] | None = None) -> None:
        self.name = name
        self.condition = condition

    def match(self, node: Node, found: Bindings) -> bool:
        """Whether it stands for the node."""
        if self.condition is not None and not self.condition(node):
            return False
        return found.setdefault(self.name, node) is node


class Number:
    """Matches a node whose entries all are this number, -0.0 told apart from 0.0."""

    def __init__(self, value: float) -> None:
        self.value = value

    def match(self, node: Node, found: Bindings) -> bool:
        """Whether all entries are the number."""
        value = number_of(node)
        if value is None or isinstance(value, (bool, np.bool_)) or value != self.value:
            return False
        return bool(value != 0 or np.signbit(np.real(value)) == np.signbit(self.value))


class Row:
    """Matches a call of the row of this name."""

    def __init__(self, name: str, *operands: Any) -> None:
        self.name = name
        self.operands = tuple(Number(x) if isinstance(x, (int, float)) else x for x in operands)

    def match(self, node: Node, found: Bindings) -> bool:
        """Whether the node is such a call."""
        if node.name != self.name or len(node.operands) != len(self.operands):
            return False
        return all(p.match(x, found) for p, x in zip(self.operands, node.operands, strict=True))


class Call(Row):
    """Matches a call of the row of this name, of however many operands."""

    def match(self, node: Node, found: Bindings) -> bool:
        """Whether the node is such a call."""
        return node.name == self.name


def row(name: str) -> Callable[..., Row]:
    """Patterns of a row, written as calls."""
    return lambda *operands: Row(name, *operands)


def constant_of(node: Node) -> bool:
    """A condition: known while compiling."""
    return number_of(node) is not None


def real(node: Node) -> bool:
    """A condition: of a real dtype."""
    return node.dtype.kind != "c"


def inexact(node: Node) -> bool:
    """A condition: floats or complex numbers."""
    return node.dtype.kind in "fc"


def unsigned(node: Node) -> bool:
    """A condition: no entry is -0.0."""
    return node.dtype.kind in "iub" or (node.dtype.kind == "f" and node.name in ("exp", "square", "absolute"))


X, Y, Z, A = Variable("x"), Variable("y"), Variable("z"), Variable("a")
REAL, INEXACT, UNSIGNED = Variable("x", real), Variable("x", inexact), Variable("x", unsigned)
C, D = Variable("c", constant_of), Variable("d", constant_of)
VARYING = Variable("x", lambda node: not constant_of(node))
ZERO, ONE = Number(0.0), Number(1.0)
