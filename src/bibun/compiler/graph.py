"""The program as a graph: each node is one call of a row, made once for the same operands and settings.

Nodes are numbered in an order in which operands come first. A Graph never changes a node: a pass over it (rewriting.py)
builds another one. What the words mean that are no rows is said at `WORDS`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np

from bibun.core.primitive import Primitive
from bibun.interpreters.likeness import Like, likeness

WORDS = {
    "input": "an argument; settings: its leaf's number",
    "captured": "an array from outside; settings: the array",
    "constant": "a number; settings: the number",
    "part": "one output of several; settings: which",
    "loop": "a body run many times; settings: a Loop (see rolling)",
}


class Node:
    """One value. `row`: a row of the table, or a word of WORDS."""

    __slots__ = ("like", "number", "operands", "row", "settings")

    def __init__(self, row: Any, operands: tuple[Node, ...], settings: Any, like: Any, number: int) -> None:
        self.row: Primitive | str = row
        self.operands = operands
        self.settings = settings
        self.like: Like = like
        self.number = number

    @property
    def name(self) -> str:
        """Of the row, or the word."""
        return self.row if isinstance(self.row, str) else self.row.name

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self.like.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the entries."""
        return self.like.dtype

    @property
    def size(self) -> int:
        """The number of entries."""
        total = 1
        for n in self.like.shape:
            total *= n
        return total

    @property
    def weak(self) -> bool:
        """Whether it is a Python number, whose dtype gives way to others."""
        return self.like is not None and self.like.scalar in (float, int, bool, complex)

    def __repr__(self) -> str:
        operands = ", ".join(f"v{x.number}" for x in self.operands)
        like = f"{self.dtype}{list(self.shape)}" if self.like is not None else "several"
        return f"v{self.number} = {self.name}({operands}; {self.settings}) {like}"


class Graph:
    """Nodes, and what is asked of them: outputs, and guards (a node, and how it must fall). `places`: of the guards.

    `made`: arrays that were made for it, and of what (native/plan.py): those of the recording are found without.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.outputs: list[Node] = []
        self.guards: list[tuple[Node, Any]] = []
        self.places: list[str] = []  # in the user's code
        self.made: list[tuple[np.ndarray[Any, Any], tuple[Any, ...]]] = []
        self._known: dict[Hashable, Node] = {}

    def make(self, row: Any, operands: tuple[Node, ...], settings: Any, like: Any) -> Node:
        """The node of this call: the one that there is, or a new one."""
        if isinstance(settings, np.ndarray):
            same: Hashable = id(settings)  # a captured array: what it holds may change
        else:
            same = frozen(settings) if settings is not None else ()
        key = (row if isinstance(row, str) else row.name, tuple([x.number for x in operands]), same)
        node = self._known.get(key)
        if node is None:
            node = self._known[key] = Node(row, operands, settings, like, len(self.nodes))
            self.nodes.append(node)
        return node

    def constant(self, value: Any, like: Like | None = None) -> Node:
        """A number."""
        return self.make("constant", (), value, like or likeness(value))

    def guard(self, node: Node, outcome: Any, place: str) -> None:
        """A decision, and where in the user's code it is taken."""
        self.guards.append((node, outcome))
        self.places.append(place)

    def roots(self) -> list[Node]:
        """All that is asked for."""
        return [*self.outputs, *(node for node, _ in self.guards)]

    def live(self) -> list[Node]:
        """The nodes that what is asked for depends on, in order."""
        wanted = bytearray(len(self.nodes))
        for node in self.roots():
            wanted[node.number] = 1
        for node in reversed(self.nodes):
            if wanted[node.number]:
                for operand in node.operands:
                    wanted[operand.number] = 1
        return [node for node in self.nodes if wanted[node.number]]


def users(nodes: Iterable[Node]) -> dict[int, list[Node]]:
    """Who reads each of the nodes, by number."""
    found: dict[int, list[Node]] = {}
    for node in nodes:
        for operand in node.operands:
            found.setdefault(operand.number, []).append(node)
    return found


def frozen(value: Any) -> Hashable:
    """A hashable stand-in for settings, the same for the same: arrays (of a key) of equal entries are, 0.0 is not -0.0."""
    kind = type(value)
    if kind is int or kind is str or kind is bool or value is None:
        return (kind, value)
    if kind is dict:
        return tuple([(name, frozen(value[name])) for name in value])
    if kind is tuple or kind is list:
        return (kind, *[frozen(v) for v in value])
    if kind is slice:
        return (slice, frozen(value.start), frozen(value.stop), frozen(value.step))
    if isinstance(value, np.ndarray):
        return (np.ndarray, value.dtype.str, value.shape, hashlib.sha256(value.tobytes()).digest())
    if isinstance(value, (float, complex, np.generic)):
        return (kind, repr(value))
    if isinstance(value, tuple):  # a named tuple, as the Place of an index
        return (kind, *[frozen(v) for v in value])
    return (kind, value) if isinstance(value, Hashable) else (kind, id(value))


def resized(like: Like, shape: Sequence[int]) -> Like:
    """Of the same dtype in another shape."""
    shape = tuple(shape)
    return Like(shape, like.dtype, None if shape else like.dtype.type)
