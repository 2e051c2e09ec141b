"""Builds one loop of a graph: its body, what that reads of the code around it, and what is read of it there.

What does not change from turn to turn is computed before the loop. A long body is rolled up once more (again.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bibun.compiler.flat import Flat
from bibun.compiler.graph import Graph, Node
from bibun.compiler.rewriting import Rewriter
from bibun.compiler.rolling.again import Entry, entry_of, is_long, recorded, renumbered, row_of, together
from bibun.compiler.rolling.loops import Carried, Kept, Leaf, Stays
from bibun.compiler.rolling.periods import Repeats
from bibun.compiler.rolling.rolled import Rolled, Turn, TurnSlice, moves
from bibun.compiler.rolling.stacking import stacked
from bibun.compiler.rolling.stream import ENTRY, Stream
from bibun.interpreters.likeness import Like
from bibun.interpreters.recording import CAPTURED, GUARD, INPUT
from bibun.primitives import TABLE

if TYPE_CHECKING:
    from bibun.compiler.rolling.building import Builder


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
        if moving or moves(settings):
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
            stack = self.outer.loops[what.loop].saved(what.slot)
            return self._stack((stack.number, what.first, what.step), stack, what.first, what.step)
        return self._gathered(tuple(map(self.outer.node, what.calls)))

    def _carry(self, what: Carried) -> Node:
        found = self._carried.get(what)
        if found is None:
            if what.back > 1:
                self._carry(Carried(what.slot, what.back - 1))
            carried = self._like(self._shown(what.slot))
            made = self._own(self.body.make("input", (), ("carried", len(self._carried)), carried))
            found = self._own(_reshaped(self.rewriter, made, self._like(what.slot)))
            self._carried[what] = found
        return found

    def _like(self, slot: int) -> Like:
        return self.outer.call(self.stretch.start + slot)[3]  # type: ignore[no-any-return]

    def _shown(self, slot: int) -> int:
        """Of an array in another shape the slot of the array. That is what goes on to the next turn, where it may be written to
        in its place."""
        while self.outer.call(self.stretch.start + slot)[0] is TABLE["reshape"]:
            shown = self.outer.plan.operands[self.j, slot, 0]
            if not isinstance(shown, Carried) or shown.back or self._like(shown.slot).scalar is not None:
                break
            slot = shown.slot
        return slot

    def _stack(self, key: Any, stack: Node, first: int, step: int) -> Node:
        """An input that is another entry of a stacked array in each turn."""
        known = self._stacked.get(key)
        if known is None:
            like = Like(stack.shape[1:], stack.dtype, stack.like.scalar)
            made = self._own(self.body.make("input", (), ("stacked", len(self._stacked)), like))
            known = self._stacked[key] = (stack, made, first, step)
        return known[1]

    def _gathered(self, nodes: tuple[Node, ...]) -> Node:
        """Values from straight code, or from one turn of another loop, or captured arrays, one for each turn."""
        found = row_of(nodes)
        if found is not None:
            whole, row, first, move = found
            like = Like(whole.shape[1:], whole.dtype, whole.like.scalar)
            stack = self.outer.rewriter.make(TABLE["getitem"], (whole,), {"key": (row,)}, like)
            return self._stack((stack.number, first, move), stack, first, move)
        stack = self.outer.rewriter.make(TABLE["stack"], nodes, {"axis": 0}, _like_of(nodes))
        return self._stack((stack.number, 0, 1), stack, 0, 1)

    def _leaves(self, what: Leaf) -> Node:
        """Constants or captured arrays, one for each turn."""
        flat = self.outer.flat
        row = flat[what.numbers[0]][0] if what.numbers[0] >= 0 else None
        if row is ENTRY:
            return self._entries([flat[n][2] for n in what.numbers])
        if row is INPUT:
            return self._stays([flat[n][2][1] for n in what.numbers])
        if row is None:
            values = [flat.constants[-1 - n] for n in what.numbers]
            array = np.array(values)
            self.outer.graph.made.append((array, ("value", array)))
            scalar = (
                type(values[0])
                if isinstance(values[0], (float, int, complex)) and type(values[0]) is not np.float64
                else None
            )
        else:
            alone = all(map(flat.alone.__getitem__, what.numbers))
            found, scalar = stacked([flat[n][2] for n in what.numbers], alone=alone), None
            if found is None:
                return self._gathered(tuple(map(self.outer.leaf, what.numbers)))
            array = found
            origins = tuple([flat.origins.get(n, n) for n in what.numbers])
            self.outer.graph.made.append((array, ("stacked", origins, alone)))
        stack = self.outer.graph.make(CAPTURED, (), array, Like(array.shape, array.dtype, scalar))
        return self._stack(("leaves", *what.numbers), stack, 0, 1)

    @property
    def _around(self) -> LoopBuilder:
        """The loop in whose body this one is."""
        assert self.outer.around is not None
        return self.outer.around

    def _of_around(self, node: Node) -> Node:
        """An input of the body of the loop around, in the graph that is made of that body."""
        return self.outer.graph.make(INPUT, (), node.settings, node.like)

    def _entries(self, entries: Sequence[Entry]) -> Node:
        """Entries that another loop has stacked, at equal distances, which each turn of the loop around reads elsewhere."""
        around, outer = self._around, self.outer
        one, move = entries[0], entries[1].place - entries[0].place
        if one.origin is not None:
            return self._tables(entries)
        if one.within is not None:  # all of them are in one entry of what loops in loops have stacked
            whole = around._stack((one.source.number, one.first, one.step), one.source, one.first, one.step)
            inside = self._of_around(whole)
            return self._stack((inside.number, one.within, move), inside, one.within, move)
        source = around._inside(one.source)
        low = min(one.first, entries[-1].first)
        length = abs(entries[-1].first - one.first) + 1
        window = outer.rewriter.make(
            TABLE["getitem"],
            (self._of_around(source),),
            {"key": (TurnSlice(low, (one.step,), length),)},
            Like((length, *source.shape[1:]), source.dtype, source.like.scalar),
        )
        return self._stack((window.number, one.first - low, move), window, one.first - low, move)

    def _stays(self, numbers: Sequence[int]) -> Node:
        """Values that stay the same in the loop around, another one in each turn: stacked before that."""
        around = self._around
        values = [node for node, _ in around._stay.values()]
        nodes = tuple([values[n] for n in numbers])
        stack = around._inside(around.outer.rewriter.make(TABLE["stack"], nodes, {"axis": 0}, _like_of(nodes)))
        inside = self._of_around(stack)
        return self._stack((inside.number, 0, 1), inside, 0, 1)

    def _tables(self, entries: Sequence[Entry]) -> Node:
        """Entries of tables, another one for each turn, as those of one table."""
        around, outer = self._around, self.outer
        one, graph = entries[0], around.outer.graph
        tables = [entry.source.settings for entry in entries]
        known = one.origin[0] == "value" or one.origin[2]
        array = stacked(tables, alone=known)
        like = Like((len(entries), *one.source.shape[1:]), one.source.dtype, one.source.like.scalar)
        if array is None:
            each = Like(like.shape[1:], like.dtype, None if like.shape[1:] else like.dtype.type)
            return self._gathered(tuple([outer.graph.make(INPUT, (), entry.settings, each) for entry in entries]))
        parts = tuple([entry.origin[1] for entry in entries]) if one.origin[0] != "value" else ()
        graph.made.append((array, ("stacked", parts, known) if parts else ("value", array)))
        table = around._inside(graph.make(CAPTURED, (), array, Like(array.shape, array.dtype, like.scalar)))
        node = outer.rewriter.make(
            TABLE["getitem"],
            (self._of_around(table),),
            {"key": (slice(None), Turn(one.first, (one.step,)))},
            like,
        )
        return self._stack((node.number, 0, 1), node, 0, 1)

    # ---- keys that move -----------------------------------------------------------------------------

    def _moves(self, slot: int) -> bool:
        at = self.stretch.start + slot
        moving = self.outer.plan.stream.moving
        return bool((moving[at] != moving[at + self.stretch.period]).any())

    def _moving_key(self, slot: int, key: Sequence[Any]) -> tuple[Any, ...]:
        """The key with numbers that move as Turns."""
        at = self.stretch.start + slot
        moving = self.outer.plan.stream.moving
        none = [0] * 2 * len(key)  # of a key of too many numbers none is there
        first = moving[at].tolist() + none
        step = (moving[at + self.stretch.period] - moving[at]).tolist() + none
        entries: list[Any] = []
        n = 0
        for k in key:
            if type(k) is int:
                entries.append(Turn(first[n], (step[n],)) if step[n] else k)
                n += 1
            elif isinstance(k, (Turn, TurnSlice)):
                entries.append(k._replace(steps=(step[n], *k.steps)))
                n += 1
            elif type(k) is slice and type(k.start) is type(k.stop) is int and k.step is None:
                length = max(first[n + 1] - first[n], 0)
                entries.append(TurnSlice(first[n], (step[n],), length) if step[n] else k)
                n += 2
            else:
                entries.append(k)
        return tuple(entries)

    # ---- the node -----------------------------------------------------------------------------------

    def _finish(self) -> tuple[Node, dict[tuple[str, int], Node]]:
        """The loop's node, and its outputs: parts of it, or nodes of the outer graph where a value stays."""
        plan, turns = self.outer.plan, self.stretch.turns
        kept = sorted(s for s in plan.kept[self.j] if self._is_mine(self.values[s]))
        last = sorted(s for s in plan.last[self.j] if self._is_mine(self.values[s]) and s not in kept)
        following = [
            self.values[self._shown(c.slot)] if c.back == 1 else self._carried_on(Carried(c.slot, c.back - 1))
            for c in self._carried
        ]
        ends = [self.values[self._shown(slot)] for slot in last]
        self.body.outputs = [self._inside(v) for v in (*following, *(self.values[s] for s in kept), *ends)]
        self._roll_again()
        count, outputs = len(following), self.body.outputs
        saved, where = together(outputs[count : count + len(kept)])
        self.body.outputs = [*outputs[:count], *saved, *outputs[count + len(kept) :]]
        places = [(first, step) for _, _, first, step in self._stacked.values()]
        rolled = Rolled(self.body, turns, count, len(saved), places)
        operands = (
            *map(self._first, self._carried),
            *(node for node, _ in self._stay.values()),
            *(stack for stack, _, _, _ in self._stacked.values()),
        )
        node = self.outer.graph.make("loop", operands, rolled, None)
        self._decide(node)
        parts: dict[tuple[str, int], Node] = {}
        for slot, (n, entry) in zip(kept, where, strict=True):
            parts["saved", slot] = self._saved(node, count + n, saved[n], entry, slot)
        for n, (slot, end) in enumerate(zip(last, ends, strict=True), count + len(saved)):
            part = self.outer.graph.make("part", (node,), n, end.like)
            parts["last", slot] = _reshaped(self.outer.rewriter, part, self.values[slot].like)
        for slot in plan.kept[self.j] | plan.last[self.j]:
            if not self._is_mine(self.values[slot]):
                value = self.values[slot]
                parts["last", slot] = value
                like = Like((turns, *value.shape), value.dtype, None)
                parts["saved", slot] = self.outer.rewriter.make(
                    TABLE["broadcast_to"], (value,), {"shape": like.shape}, like
                )
        return node, parts

    def _carried_on(self, what: Carried) -> Node:
        """A carried value, for a turn further on."""
        return self._own(_reshaped(self.rewriter, self._carried[what], self._like(self._shown(what.slot))))

    def _first(self, what: Carried) -> Node:
        """What a carried value is in the first turn."""
        node = self.outer.node(self.stretch.start + what.slot - what.back * self.stretch.period)
        return _reshaped(self.outer.rewriter, node, self._like(self._shown(what.slot)))

    def _decide(self, node: Node) -> None:
        """A loop that takes decisions is run even where nobody reads what it gives: the last of them is asked again."""
        if self.body.guards:
            value, outcome = self.body.guards[-1]
            part = self.outer.graph.make("part", (node,), len(self.body.outputs), value.like)
            self.body.outputs.append(value)
            self.outer.graph.guard(part, outcome, self.body.places[-1])

    def _saved(self, node: Node, number: int, value: Node, entry: int | None, slot: int) -> Node:
        """The values of a slot in all turns: part `number` of the loop, or one column of that."""
        stack = self.outer.graph.make("part", (node,), number, self._stack_of(value))
        if entry is None:
            return stack
        like = self._stack_of(self.values[slot])
        return self.outer.rewriter.make(TABLE["getitem"], (stack,), {"key": (slice(None), entry)}, like)

    def _stack_of(self, value: Node) -> Like:
        """What the values of all turns are together."""
        scalar = value.like.scalar if value.weak else None
        return Like((self.stretch.turns, *value.shape), value.dtype, scalar)

    def _roll_again(self) -> None:
        """Roll up what repeats in the body. Inputs that are read no more are none of the loop's."""
        if not is_long(self.body):
            return
        origins = {id(array): origin for array, origin in self.outer.graph.made}
        entries = {
            made.settings: entry_of(made.settings, stack, first, step, origins)
            for stack, made, first, step in self._stacked.values()
        }
        recording, numbers = recorded(self.body, entries)
        flat = Flat(recording)
        repeats = Repeats(Stream(flat))
        if 2 * repeats.saved < len(repeats.stream.numbers):
            return
        self.body = self.outer.inner(flat, repeats, numbers, self)
        live = self.body.live()
        stay, stacked = list(self._stay.items()), list(self._stacked.items())
        self._stay = dict([stay[n] for n in renumbered(live, "stay")])
        self._stacked = dict([stacked[n] for n in renumbered(live, "stacked")])


def _reshaped(rewriter: Rewriter, node: Node, like: Like) -> Node:
    """The node, in the shape of what is like this; itself where it has that."""
    return node if node.shape == like.shape else rewriter.make(TABLE["reshape"], (node,), {"shape": like.shape}, like)


def _like_of(nodes: Sequence[Node]) -> Like:
    """Of these as one array, along a new first axis."""
    first = nodes[0]
    return Like((len(nodes), *first.shape), first.dtype, first.like.scalar if first.weak else None)
