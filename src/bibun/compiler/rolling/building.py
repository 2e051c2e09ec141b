"""A graph of a recording in which loops are loops: each is one node, whose body is a graph of its own.

What does not change from turn to turn is computed before the loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bibun.compiler.flat import Flat
from bibun.compiler.graph import Graph, Node
from bibun.compiler.rewriting import Rewriter
from bibun.compiler.rewriting.rules import repeated_number
from bibun.compiler.rolling.bodies import LoopBuilder
from bibun.compiler.rolling.loops import Plan
from bibun.compiler.rolling.periods import Repeats
from bibun.compiler.rolling.stream import ENTRY, LEAF
from bibun.core.captured import owner
from bibun.interpreters.recording import CAPTURED, GUARD, INPUT
from bibun.primitives import TABLE


def build(
    flat: Flat,
    repeats: Repeats,
    numbers: Sequence[int],
    graph: Graph,
    *,
    fast: bool,
    around: LoopBuilder | None,
) -> None:
    """Make the graph of the calls that these, and the decisions, depend on; around: the loop whose body it is."""
    places = repeats.stream.places[np.array(numbers, np.int64)].tolist()
    plan = Plan(repeats, [at for at in places if at > LEAF])
    builder = Builder(flat, plan, graph, fast=fast, around=around)
    graph.outputs = [builder.node(at) if at > LEAF else builder.leaf(n) for n, at in zip(numbers, places, strict=True)]
    builder.loops.clear()  # they hold their builder, and with it the whole recording


class Builder:
    """Builds the graph. `node(n)` is the node of call n of the stream, wherever it is."""

    def __init__(self, flat: Flat, plan: Plan, graph: Graph, *, fast: bool, around: LoopBuilder | None) -> None:
        self.around = around
        self.flat = flat
        self.plan = plan
        self.graph = graph
        self.fast = fast
        self.rewriter = Rewriter(graph, fast=fast)
        self.leaves: dict[int, Node] = {}
        self._shown: dict[Any, int] = {}  # captured arrays, by where their entries lie
        self._straight: dict[int, Node] = {}
        self.loops: dict[int, LoopBuilder] = {}
        self.places = dict(zip(flat.numbers_of(lambda row, *_: row is GUARD), flat.places, strict=True))
        starts = {s.start: j for j, s in enumerate(plan.stretches)}
        at, count = 0, len(plan.stream.numbers)
        while at < count:
            j = starts.get(at)
            if j is None:
                self._call(at)
                at += 1
            else:
                self.loops[j] = LoopBuilder(self, j)
                at = plan.stretches[j].stop

    def leaf(self, number: int) -> Node:
        """The node of an argument, a captured array or a constant, by its number in the recording."""
        found = self.leaves.get(number)
        if found is None:
            if number < 0:
                found = self.graph.constant(self.flat.constants[-1 - number])
            else:
                row, operands, settings, like = self.flat[number]
                found = self.leaf(operands[0]) if operands else self._array(number, row, settings, like)
            self.leaves[number] = found
        return found

    def _array(self, number: int, row: Any, settings: Any, like: Any) -> Node:
        """An argument or a captured array; of np.zeros that only the recording holds, the number."""
        if row is ENTRY:
            return self.graph.make(INPUT, (), settings.settings, like)
        if row is CAPTURED and self.flat.alone[number]:
            value = repeated_number(settings)
            if value is not None:
                repeated = self.rewriter.make(
                    TABLE["broadcast_to"], (self.graph.constant(value),), {"shape": like.shape}, like
                )
                return repeated if repeated.like == like else self.graph.make(row, (), settings, like)
        turned = self._turned(number, settings, like) if row is CAPTURED else None
        return self.graph.make(row, (), settings, like) if turned is None else turned

    def _turned(self, number: int, array: np.ndarray[Any, Any], like: Any) -> Node | None:
        """A captured array that is another one with its axes exchanged, as X.T beside X: what both show is read once."""
        if array.ndim < 2 or array.dtype.kind != "f":
            return None
        axes = list(zip(array.strides, array.shape, strict=True))
        where = id(owner(array)), array.__array_interface__["data"][0]
        first = self._shown.setdefault((*where, array.dtype, frozenset(axes)), number)
        if first == number or len(set(axes)) < len(axes):
            return None
        other = self.flat[first][2]
        lies = list(zip(other.strides, other.shape, strict=True))
        order = tuple([lies.index(axis) for axis in axes])
        return self.rewriter.make(TABLE["transpose"], (self.leaf(first),), {"axes": order}, like)

    def node(self, call: int) -> Node:
        """The value of a call of the stream."""
        j = int(self.plan.owner[call])
        if j < 0:
            return self._straight[call]
        stretch = self.plan.stretches[j]
        turn, slot = divmod(call - stretch.start, stretch.period)
        loop = self.loops[j]
        return loop.last(slot) if turn == stretch.turns - 1 else loop.at(turn, slot)

    def call(self, at: int) -> Any:
        """The recorded call number `at` of the stream."""
        return self.flat[self.plan.stream.numbers[at]]

    def place(self, at: int) -> str:
        """Where in the user's code decision number `at` of the stream is taken."""
        return self.places[self.plan.stream.numbers[at]]

    def _call(self, at: int) -> None:
        row, operands, settings, like = self.call(at)
        stream = self.plan.stream
        positions = stream.wide[at] if at in stream.wide else stream.positions[at].tolist()
        pairs = zip(operands, positions, strict=False)
        found = tuple([self.leaf(n) if p <= LEAF else self.node(p) for n, p in pairs])
        if row is GUARD:
            self.graph.guard(found[0], settings, self.place(at))
        else:
            self._straight[at] = self.rewriter.make(row, found, settings, like)

    def inner(self, flat: Flat, repeats: Repeats, numbers: Sequence[int], around: LoopBuilder) -> Graph:
        """The graph of a loop's body, rolled up too."""
        graph = Graph()
        build(flat, repeats, numbers, graph, fast=self.fast, around=around)
        self.graph.made += graph.made
        return graph
