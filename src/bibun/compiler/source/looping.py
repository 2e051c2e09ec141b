"""A loop as a `for` loop: values that it keeps go into an array made before it, carried ones are assigned at its end."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from bibun.compiler.graph import Graph, Node
from bibun.compiler.rolling.rolled import Rolled
from bibun.compiler.source.text import ATOM, Text, affine, atom, shaped, within
from bibun.compiler.source.updates import makes_new, spreads, target
from bibun.compiler.source.writing import Block

_NAME = re.compile(r"[A-Za-z_]\w*")


class Parts(NamedTuple):
    """What is wanted of a loop: numbers of its outputs. `carried`: the values that these, and guards, depend on."""

    carried: list[int]
    saved: list[int]
    last: list[int]


class LoopText:
    """Writes one loop into the block around it."""

    def __init__(self, outer: Block, node: Node) -> None:
        self.outer = outer
        self.node = node
        self.rolled: Rolled = node.settings
        self.names = outer.names
        self.turn = self.names.turn(len(outer.speller.turns))
        self.parts = self._wanted()
        graph = Graph()
        graph.nodes, graph.guards, graph.places = (
            self.rolled.body.nodes,
            self.rolled.body.guards,
            self.rolled.body.places,
        )
        outputs = self.rolled.body.outputs
        self.following = [outputs[n] for n in self.parts.carried]
        saved = list(dict.fromkeys(outputs[n] for n in self.parts.saved))
        last = [outputs[n] for n in self.parts.last if outputs[n] not in self.following]
        graph.outputs = [*self.following, *saved, *last]
        self.body = Block(
            self.names, graph, self._input, turns=(self.turn, *outer.speller.turns), inline=[*self.following, *saved]
        )
        self.carried = {n: self._begin(n) for n in self.parts.carried}
        self.body.write()
        self._finish()

    def _wanted(self) -> Parts:
        numbers = sorted({user.settings for user in self.outer.readers.get(self.node.number, ())})
        stacked = self.rolled.carried + self.rolled.saved
        return Parts(
            self.rolled.needed(numbers), [n for n in numbers if n < stacked], [n for n in numbers if n >= stacked]
        )

    def _operand(self, settings: Any) -> Node:
        """The value around the loop that an input of the body comes from."""
        kind, n = settings
        first = {"carried": 0, "stay": self.rolled.carried}
        start = first.get(kind, len(self.node.operands) - len(self.rolled.places))
        found: Node = self.node.operands[start + n]
        return found

    def _input(self, settings: Any) -> Text:
        """What an input of the body reads."""
        kind, n = settings
        if kind == "carried":
            return self.carried[n]
        node = self._operand(settings)
        if kind == "stacked" and spreads(node):
            return self.outer.texts[node.operands[0].number]
        text = self.outer.texts[node.number]
        if kind == "stay":
            return text
        inside = next(x for x in self.body.live if x.name == "input" and x.settings == settings)
        first, step = self.rolled.places[n]
        weak = inside.weak and self.body.promotes(inside)
        return atom(f"{within(text, ATOM)}[{affine(first, (step,), (self.turn,))}]" + ".item()" * weak)

    # ---- carried values -----------------------------------------------------------------------------

    def _begin(self, n: int) -> Text:
        """The variable of a carried value: that of its first value, where nothing else needs it; else a new one."""
        node = self._operand(("carried", n))
        text = self.outer.texts[node.number]
        alone = len(self.outer.readers[node.number]) == 1 and self.node.operands.count(node) == 1
        alone = alone and node.number not in self.outer.asked
        written = self._is_written(n)
        if alone and _NAME.fullmatch(text.text) and (makes_new(node) or not written):
            return text
        name = atom(self.names.value())
        own = not written or (makes_new(node) and alone)
        self.outer.line(f"{name.text} = {text.text}" if own else f"{name.text} = {within(text, ATOM)}.copy()")
        return name

    def _is_written(self, n: int) -> bool:
        """Whether the body writes into the carried array: then it is the loop's own."""
        following = self.rolled.body.outputs[n]
        inside = next((x for x in self.body.live if x.name == "input" and x.settings == ("carried", n)), None)
        if inside is None or not makes_new(following) or inside.number in self.body.asked:
            return False
        readers = self.body.readers.get(inside.number, [])
        if not any(target(reader, self.body.readers, self.body.asked) is inside for reader in readers):
            return False
        self.body.own.add(inside.number)
        return True

    # ---- the end of a turn --------------------------------------------------------------------------

    def _finish(self) -> None:
        body, outputs = self.body, self.rolled.body.outputs
        before: list[str] = []
        stacks: dict[int, str] = {}
        for n in self.parts.saved:
            node = outputs[n]
            if node.number not in stacks:
                stack = stacks[node.number] = self.names.stack()
                before.append(f"{stack} = np.empty({shaped((self.rolled.turns, *node.shape), node.dtype)})")
                body.line(f"{stack}[{self.turn}] = {body.texts[node.number].text}")
            self.outer.parts[self.node.number, n] = atom(stacks[node.number])
        variables = {text.text for text in self.carried.values()}
        for n in self.parts.last:
            self.outer.parts[self.node.number, n] = self._last(outputs[n], variables)
        self._assign()
        for line in before:
            self.outer.line(line)
        lines = body.lines or ["pass"]
        used = any(re.search(rf"\b{self.turn}\b", line) for line in lines)
        self.outer.line(f"for {self.turn if used else '_'} in range({self.rolled.turns}):")
        self.outer.lines += [f"    {line}" for line in lines]

    def _last(self, node: Node, variables: set[str]) -> Text:
        """The variable that holds a value of the last turn behind the loop."""
        for n, following in zip(self.parts.carried, self.following, strict=True):
            if following is node:
                self._leave(node)
                return self.carried[n]
        text = self.body.texts[node.number]
        if _NAME.fullmatch(text.text) and text.text not in variables and node.name != "input":
            return text
        name = atom(self.names.value())
        self.body.line(f"{name.text} = {text.text}")
        return name

    def _leave(self, node: Node) -> None:
        """A carried array that one name alone has behind the loop belongs to the code around it."""
        parts = [n for n in self.parts.last if self.rolled.body.outputs[n] is node]
        if makes_new(node) and len(parts) == self.following.count(node) == 1:
            users = self.outer.readers[self.node.number]
            self.outer.own.update(user.number for user in users if user.settings == parts[0])

    def _assign(self) -> None:
        """Carried values become what they are in the next turn: one after the other, where none reads one that is changed."""
        pairs = [(self.carried[n].text, self.body.texts[node.number].text) for n, node in self._following()]
        waiting = [(name, text) for name, text in pairs if name != text]
        while waiting:
            free = next((p for p in waiting if not any(_reads(text, p[0]) for q, text in waiting if q != p[0])), None)
            if free is None:
                names, texts = (", ".join(column) for column in zip(*waiting, strict=True))
                self.body.line(f"{names} = {texts}")
                return
            waiting.remove(free)
            self.body.line(f"{free[0]} = {free[1]}")

    def _following(self) -> list[tuple[int, Node]]:
        return list(zip(self.parts.carried, self.following, strict=True))


def _reads(text: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", text) is not None


def write_loop(block: Block, node: Node) -> None:
    """Write a loop at the end of a block."""
    LoopText(block, node)
