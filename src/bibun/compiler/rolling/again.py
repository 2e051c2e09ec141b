"""The body of a loop as a recording of its own, in which loops are found by the same means. Finds none; building.py does.

What a body reads of a stack, another entry in each turn, is a leaf there. An inner loop reads such leaves in turn where
they are entries of one stack at equal distances; these are in a window of it that moves with the loop around.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from bibun.compiler.graph import Graph, Node
from bibun.compiler.rolling.stream import ENTRY
from bibun.interpreters.likeness import likeness
from bibun.interpreters.recording import CAPTURED, GUARD, INPUT, Recording
from bibun.primitives import TABLE

LEAST = 600  # nodes of a body in which a loop is looked for: fewer compile as quickly, and run quicker, one by one
_PRODUCT = 8  # as many of them is a product of matrices


class Entry(NamedTuple):
    """Which entry of a stack an input of a body is: first + step * turn, or of that entry the one at `within`.

    settings    of the input
    source      the stack, around the loop
    origin      of what it was made, where it is a table of numbers or of captured arrays (native/plan.py)
    """

    settings: tuple[str, int]
    source: Node
    first: int
    step: int
    within: int | None = None
    origin: Any = None

    @property
    def place(self) -> int:
        """By which it is told from others that take turns with it, if these have to lie at equal distances; else -1."""
        if self.origin is not None:
            return -1
        return self.first if self.within is None else self.within

    @property
    def stack(self) -> Hashable:
        """What these have in common."""
        if self.origin is not None:
            table = self.source.settings
            return self.origin[0], self.origin[2:], table.shape, table.strides, table.dtype, self.first, self.step
        return self.source.number, self.step, None if self.within is None else self.first


def is_long(body: Graph) -> bool:
    """Whether a loop in it is worth looking for."""
    products = sum(node.row is TABLE["matmul"] for node in body.nodes)
    return len(body.nodes) + (_PRODUCT - 1) * products >= LEAST


def entry_of(settings: Any, stack: Node, first: int, step: int, origins: Mapping[int, Any]) -> Entry:
    """Of an input that reads a stack; of one column of what an inner loop has stacked, the whole of that is the stack.

    origins: of arrays that were made, by identity.
    """
    if stack.row is CAPTURED:
        origin = origins.get(id(stack.settings))
        word = None if origin is None else origin[:1] if origin[0] == "value" else origin
        return Entry(settings, stack, first, step, None, word)
    column = column_of(stack)
    if column is None:
        return Entry(settings, stack, first, step)
    return Entry(settings, stack.operands[0], first, step, column)


def column_of(stack: Node) -> int | None:
    """Which column a stack is of another one; None where it is none."""
    key: tuple[Any, ...] = stack.settings["key"] if stack.row is TABLE["getitem"] else ()
    if len(key) != 2 or key[0] != slice(None) or type(key[1]) is not int:
        return None
    column: int = key[1]
    return column


def row_of(nodes: Sequence[Node]) -> tuple[Node, int, int, int] | None:
    """Of entries that lie at equal distances in one row of what loops in loops have stacked: the stack, the number of the
    row, the place of the first of them, and how far the next one is."""
    if not all(node.row is TABLE["getitem"] and len(node.settings["key"]) == 1 for node in nodes):
        return None
    stacks, row = [node.operands[0] for node in nodes], nodes[0].settings["key"][0]
    columns = [column_of(stack) for stack in stacks]
    if type(row) is not int or columns[0] is None or columns[1] is None:
        return None
    first, move = columns[0], columns[1] - columns[0]
    whole = stacks[0].operands[0]
    same = all(node.settings["key"][0] == row and node.operands[0].operands[0] is whole for node in nodes)
    return (whole, row, first, move) if same and columns == [first + move * k for k in range(len(nodes))] else None


def recorded(body: Graph, entries: Mapping[Any, Entry]) -> tuple[Recording, list[int]]:
    """The body as a recording, and the numbers of its outputs there. entries: of inputs, by their settings."""
    recording = Recording()
    numbers: dict[int, int] = {}
    guards = defaultdict(list)
    for (node, outcome), place in zip(body.guards, body.places, strict=True):
        guards[node.number].append((outcome, place))
    for node in body.live():
        if node.name == "constant" and likeness(node.settings) == node.like:
            recording.constants.append(node.settings)
            numbers[node.number] = -len(recording.constants)
        else:
            entry = entries.get(node.settings) if node.name == INPUT else None
            row, settings = (node.row, node.settings) if entry is None else (ENTRY, entry)
            operands = tuple([numbers[x.number] for x in node.operands])
            numbers[node.number] = len(recording.calls)
            recording.calls.append((row, operands, settings, node.like))
        for outcome, place in guards[node.number]:
            recording.calls.append((GUARD, (numbers[node.number],), outcome, node.like))
            recording.places.append(place)
    return recording, [numbers[node.number] for node in body.outputs]


def together(nodes: Sequence[Node]) -> tuple[list[Node], list[tuple[int, int | None]]]:
    """What to save that these values of a body are in: of most entries of what an inner loop has stacked, the stack.

    Also for each value the place in that list, and which entry it is there."""
    taken: defaultdict[Node, set[int]] = defaultdict(set)
    for node in nodes:
        if _is_entry(node):
            taken[node.operands[0]].add(node.settings["key"][0])
    made: dict[Node, int] = {}
    where: list[tuple[int, int | None]] = []
    for node in nodes:
        whole = node.operands[0] if _is_entry(node) else node
        if whole is not node and 2 * len(taken[whole]) > whole.shape[0]:
            where.append((made.setdefault(whole, len(made)), node.settings["key"][0]))
        else:
            where.append((made.setdefault(node, len(made)), None))
    return list(made), where


def _is_entry(node: Node) -> bool:
    if node.row is not TABLE["getitem"] or node.operands[0].name != "part":
        return False
    key = node.settings["key"]
    return len(key) == 1 and type(key[0]) is int and node.operands[0].operands[0].name == "loop"


def renumbered(inputs: Iterable[Node], kind: str) -> list[int]:
    """Give the inputs of a kind the numbers 0, 1, ...; those that they had. (Nobody has seen this graph yet.)"""
    mine = [node for node in inputs if node.name == INPUT and node.settings[0] == kind]
    numbers = [node.settings[1] for node in mine]
    for n, node in enumerate(mine):
        node.settings = (kind, n)
    return numbers
