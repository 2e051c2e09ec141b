"""A graph of a recording in which loops are loops: each is one node, whose body is a graph of its own.

What does not change from turn to turn is computed before the loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from bibun.compiler.around import owner
from bibun.compiler.graph import Graph, Node
from bibun.compiler.rewriting import Rewriter
from bibun.compiler.rewriting.rules import repeated_number
from bibun.compiler.rolling.loops import Carried, Kept, Leaf, Plan, Stays
from bibun.compiler.rolling.rolled import Rolled, Turn, TurnSlice
from bibun.compiler.rolling.stream import LEAF
from bibun.interpreters.likeness import Like
from bibun.interpreters.recording import CAPTURED, GUARD, Recording
from bibun.primitives import TABLE


class Builder:
    """Builds the graph. `node(n)` is the node of call n of the stream, wherever it is."""

    def __init__(self, recording: Recording, plan: Plan, graph: Graph, *, fast: bool) -> None:
        self.recording = recording
        self.plan = plan
        self.graph = graph
        self.fast = fast
        self.rewriter = Rewriter(graph, fast=fast)
        self.leaves: dict[int, Node] = {}
        self._shown: dict[Any, int] = {}  # captured arrays, by where their entries lie
        self._straight: dict[int, Node] = {}
        self._loops: dict[int, LoopBuilder] = {}
        decisions = (number for number, call in enumerate(recording.calls) if call[0] is GUARD)
        self.places = dict(zip(decisions, recording.places, strict=True)) if recording.places else {}
        starts = {s.start: j for j, s in enumerate(plan.stretches)}
        at, count = 0, len(plan.stream.codes)
        while at < count:
            j = starts.get(at)
            if j is None:
                self._call(at)
                at += 1
            else:
                self._loops[j] = LoopBuilder(self, j)
                at = plan.stretches[j].stop

    def release(self) -> None:
        """The graph is complete: let go of the loops, which hold their builder and with it the whole recording."""
        self._loops.clear()

    def leaf(self, number: int) -> Node:
        """The node of an argument, a captured array or a constant, by its number in the recording."""
        found = self.leaves.get(number)
        if found is None:
            if number < 0:
                found = self.graph.constant(self.recording.constants[-1 - number])
            else:
                row, operands, settings, like = self.recording.calls[number]
                found = self.leaf(operands[0]) if operands else self._array(number, row, settings, like)
            self.leaves[number] = found
        return found

    def _array(self, number: int, row: Any, settings: Any, like: Any) -> Node:
        """An argument or a captured array; of np.zeros that only the recording holds, the number."""
        if row is CAPTURED and self.recording.alone(number):
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
        other = self.recording.calls[first][2]
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
        loop = self._loops[j]
        return loop.last(slot) if turn == stretch.turns - 1 else loop.at(turn, slot)

    def call(self, at: int) -> Any:
        """The recorded call number `at` of the stream."""
        return self.recording.calls[self.plan.stream.numbers[at]]

    def place(self, at: int) -> str:
        """Where in the user's code decision number `at` of the stream is taken."""
        return self.places[self.plan.stream.numbers[at]]

    def _call(self, at: int) -> None:
        row, operands, settings, like = self.call(at)
        stream = self.plan.stream
        positions = stream.wide[at] if at in stream.wide else stream.positions[at].tolist()
        pairs = zip(operands, positions, strict=False)
        found = tuple([self.leaf(n) if p == LEAF else self.node(p) for n, p in pairs])
        if row is GUARD:
            self.graph.guard(found[0], settings, self.place(at))
        else:
            self._straight[at] = self.rewriter.make(row, found, settings, like)


class LoopBuilder:
    """Builds one loop. A value of its body is a node of the body, or, where it stays the same, one of the outer graph."""

    def __init__(self, outer: Builder, j: int) -> None:
        self.outer = outer
        self.j = j
        self.stretch = outer.plan.stretches[j]
        self.body = Graph()
        self.rewriter = Rewriter(self.body, fast=outer.fast)
        self.values: dict[int, Node] = {}
        self._mine: set[int] = set()  # ids of the nodes of the body
        self._carried: dict[Carried, Node] = {}
        self._stay: dict[int, tuple[Node, Node]] = {}
        self._stacked: dict[Any, tuple[Node, Node, int, int]] = {}
        for slot in range(self.stretch.period):
            self._call(slot)
        self.node, self._parts = self._finish()

    # ---- what the outer graph asks for ------------------------------------------------------------

    def last(self, slot: int) -> Node:
        """The value of a slot in the last turn."""
        found = self._parts.get(("last", slot))
        return self.at(self.stretch.turns - 1, slot) if found is None else found

    def at(self, turn: int, slot: int) -> Node:
        """The value of a slot in a turn that is saved."""
        like = self.outer.call(self.stretch.start + slot)[3]
        return self.outer.rewriter.make(TABLE["getitem"], (self.saved(slot),), {"key": (turn,)}, like)

    def saved(self, slot: int) -> Node:
        """The values of a slot in all turns, stacked."""
        return self._parts["saved", slot]

    # ---- the body -----------------------------------------------------------------------------------

    def _call(self, slot: int) -> None:
        row, operands, settings, like = self.outer.call(self.stretch.start + slot)
        found = tuple([self._operand(slot, w) for w in range(len(operands))])
        moving = self._moves(slot)
        if row is GUARD:
            graph = self.body if self._is_mine(found[0]) else self.outer.graph
            graph.guard(found[0], settings, self.outer.place(self.stretch.start + slot))
            return
        if not moving and not any(map(self._is_mine, found)) and found:
            self.values[slot] = self.outer.rewriter.make(row, found, settings, like)
            return
        if moving:
            settings = {**settings, "key": self._moving_key(slot, settings["key"])}
        self.values[slot] = self._own(self.rewriter.make(row, tuple(map(self._inside, found)), settings, like))

    def _is_mine(self, node: Node) -> bool:
        return id(node) in self._mine

    def _own(self, node: Node) -> Node:
        """Note that a node, and all that it was made of, is the body's."""
        for made in self.body.nodes[len(self._mine) :]:
            self._mine.add(id(made))
        return node

    def _inside(self, node: Node) -> Node:
        """A node of the outer graph as an input of the body; numbers as they are."""
        if self._is_mine(node):
            return node
        if node.name == "constant":
            return self._own(self.body.constant(node.settings, node.like))
        known = self._stay.get(node.number)
        if known is None:
            made = self._own(self.body.make("input", (), ("stay", len(self._stay)), node.like))
            known = self._stay[node.number] = (node, made)
        return known[1]

    def _operand(self, slot: int, w: int) -> Node:
        what = self.outer.plan.operands[self.j, slot, w]
        if isinstance(what, Carried):
            return self.values[what.slot] if what.back == 0 else self._carry(what)
        if isinstance(what, Stays):
            return self.outer.node(what.call)
        if isinstance(what, Leaf):
            return self.outer.leaf(what.numbers[0]) if len(what.numbers) == 1 else self._leaves(what)
        if isinstance(what, Kept):
            stack = self.outer._loops[what.loop].saved(what.slot)
            return self._stack((stack.number, what.first, what.step), stack, what.first, what.step)
        return self._gathered(tuple(map(self.outer.node, what.calls)))

    def _carry(self, what: Carried) -> Node:
        found = self._carried.get(what)
        if found is None:
            if what.back > 1:
                self._carry(Carried(what.slot, what.back - 1))
            like = self.outer.call(self.stretch.start + what.slot)[3]
            found = self._own(self.body.make("input", (), ("carried", len(self._carried)), like))
            self._carried[what] = found
        return found

    def _stack(self, key: Any, stack: Node, first: int, step: int) -> Node:
        """An input that is another entry of a stacked array in each turn."""
        known = self._stacked.get(key)
        if known is None:
            like = Like(stack.shape[1:], stack.dtype, stack.like.scalar)
            made = self._own(self.body.make("input", (), ("stacked", len(self._stacked)), like))
            known = self._stacked[key] = (stack, made, first, step)
        return known[1]

    def _gathered(self, nodes: tuple[Node, ...]) -> Node:
        """Values from straight code, or captured arrays, one for each turn."""
        like = Like((len(nodes), *nodes[0].shape), nodes[0].dtype, nodes[0].like.scalar if nodes[0].weak else None)
        stack = self.outer.rewriter.make(TABLE["stack"], nodes, {"axis": 0}, like)
        return self._stack((stack.number, 0, 1), stack, 0, 1)

    def _leaves(self, what: Leaf) -> Node:
        """Constants or captured arrays, one for each turn."""
        recording = self.outer.recording
        if what.numbers[0] < 0:
            values = [recording.constants[-1 - n] for n in what.numbers]
            array = np.array(values)
            self.outer.graph.made.append((array, ("value", array)))
            scalar = (
                type(values[0])
                if isinstance(values[0], (float, int, complex)) and type(values[0]) is not np.float64
                else None
            )
        else:
            alone = all(map(recording.alone, what.numbers))
            found, scalar = stacked([recording.calls[n][2] for n in what.numbers], alone=alone), None
            if found is None:
                return self._gathered(tuple(map(self.outer.leaf, what.numbers)))
            array = found
            origins = tuple([recording.origins.get(n, n) for n in what.numbers])
            self.outer.graph.made.append((array, ("stacked", origins, alone)))
        stack = self.outer.graph.make(CAPTURED, (), array, Like(array.shape, array.dtype, scalar))
        return self._stack(what.numbers, stack, 0, 1)

    # ---- keys that move -----------------------------------------------------------------------------

    def _moves(self, slot: int) -> bool:
        at = self.stretch.start + slot
        moving = self.outer.plan.stream.moving
        return bool((moving[at] != moving[at + self.stretch.period]).any())

    def _moving_key(self, slot: int, key: Sequence[Any]) -> tuple[Any, ...]:
        """The key with numbers that move as Turns."""
        at = self.stretch.start + slot
        moving = self.outer.plan.stream.moving
        first, step = moving[at].tolist(), (moving[at + self.stretch.period] - moving[at]).tolist()
        entries: list[Any] = []
        n = 0
        for k in key:
            if type(k) is int:
                entries.append(Turn(first[n], step[n]) if step[n] else k)
                n += 1
            elif type(k) is slice and type(k.start) is type(k.stop) is int and k.step is None:
                length = max(first[n + 1] - first[n], 0)
                entries.append(TurnSlice(first[n], step[n], length) if step[n] else k)
                n += 2
            else:
                entries.append(k)
        return tuple(entries)

    # ---- the node -----------------------------------------------------------------------------------

    def _finish(self) -> tuple[Node, dict[tuple[str, int], Node]]:
        """The loop's node, and its outputs: parts of it, or nodes of the outer graph where a value stays."""
        plan, turns = self.outer.plan, self.stretch.turns
        saved = sorted(s for s in plan.kept[self.j] if self._is_mine(self.values[s]))
        last = sorted(s for s in plan.last[self.j] if self._is_mine(self.values[s]) and s not in saved)
        following = [
            self.values[c.slot] if c.back == 1 else self._carried[Carried(c.slot, c.back - 1)] for c in self._carried
        ]
        self.body.outputs = [self._inside(v) for v in (*following, *(self.values[s] for s in (*saved, *last)))]
        places = [(first, step) for _, _, first, step in self._stacked.values()]
        rolled = Rolled(self.body, turns, len(self._carried), len(saved), places)
        operands = (
            *(self.outer.node(self.stretch.start + c.slot - c.back * self.stretch.period) for c in self._carried),
            *(node for node, _ in self._stay.values()),
            *(stack for stack, _, _, _ in self._stacked.values()),
        )
        node = self.outer.graph.make("loop", operands, rolled, None)
        self._decide(node)
        parts: dict[tuple[str, int], Node] = {}
        for n, slot in enumerate((*saved, *last)):
            like = self.values[slot].like
            kind = "saved" if n < len(saved) else "last"
            if kind == "saved":
                like = Like((turns, *like.shape), like.dtype, like.scalar if self.values[slot].weak else None)
            parts[kind, slot] = self.outer.graph.make("part", (node,), len(self._carried) + n, like)
        for slot in plan.kept[self.j] | plan.last[self.j]:
            if not self._is_mine(self.values[slot]):
                value = self.values[slot]
                parts["last", slot] = value
                like = Like((turns, *value.shape), value.dtype, None)
                parts["saved", slot] = self.outer.rewriter.make(
                    TABLE["broadcast_to"], (value,), {"shape": like.shape}, like
                )
        return node, parts

    def _decide(self, node: Node) -> None:
        """A loop that takes decisions is run even where nobody reads what it gives: the last of them is asked again."""
        if self.body.guards:
            value, outcome = self.body.guards[-1]
            part = self.outer.graph.make("part", (node,), len(self.body.outputs), value.like)
            self.body.outputs.append(value)
            self.outer.graph.guard(part, outcome, self.body.places[-1])


def stacked(arrays: Sequence[np.ndarray[Any, Any]], *, alone: bool) -> np.ndarray[Any, Any] | None:
    """Captured arrays as one: copied, if nobody can change them (`alone`); else in the memory where they are, if they lie
    at equal distances; else None: they are read in each call."""
    return np.stack(arrays) if alone else _in_place(arrays)


def _in_place(arrays: Sequence[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any] | None:
    """Arrays of one shape as one in the memory where they are, if they lie at equal distances in that of one array."""
    first = arrays[0]
    places = [a.__array_interface__["data"][0] for a in arrays]
    step = places[1] - places[0]
    together = first.base is not None and all(owner(a) is owner(first) for a in arrays)
    if not (step and together and all(q - p == step for p, q in pairwise(places))):
        return None
    return np.lib.stride_tricks.as_strided(first, (len(arrays), *first.shape), (step, *first.strides), writeable=False)
