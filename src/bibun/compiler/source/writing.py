"""A graph as lines of Python, a loop as a `for` loop. How one call is written is in spelling.py.

A value that is used once stands where it is used, as long as the line stays short. A guard is an `assert`: where it
fails, the function takes another path than this one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bibun.compiler.around import short
from bibun.compiler.graph import Graph, Node, users
from bibun.compiler.source.names import Names
from bibun.compiler.source.spelling import Speller, changes_dtype
from bibun.compiler.source.text import ADDS, ATOM, Text, atom, number, shaped, within, wrapped
from bibun.compiler.source.updates import PUTS, SCATTERS, makes_new, repeats, scattered, spreads, target
from bibun.primitives import TABLE

_LONGEST = 60  # characters of a value that stands where it is used
_OUTPUTS = {"svd": 3}  # how many outputs a row has that has several; else 2
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


class Block:
    """The lines of one graph.

    read        the text of an input, by its settings
    turns       the variables of the loops around it, the innermost first
    inline      outputs that stand where they are used, if nothing else reads them
    """

    def __init__(
        self,
        names: Names,
        graph: Graph,
        read: Callable[[Any], Text],
        *,
        turns: Sequence[str] = (),
        inline: Sequence[Node] = (),
    ) -> None:
        self.names = names
        self.graph = graph
        self.read = read
        self.lines: list[str] = []
        self.texts: dict[int, Text] = {}
        self.parts: dict[tuple[int, int], Text] = {}
        self.speller = Speller(names, turns)
        self.own: set[int] = set()  # inputs that are arrays of this block's own
        live = graph.live()
        self.readers = users(live)
        roots = [node.number for node in graph.roots()]
        inline = [*inline, *(node for node, _ in graph.guards)]
        kept = {node.number for node in inline if roots.count(node.number) == 1 and node.number not in self.readers}
        self.asked = set(roots) - kept
        self.kept = kept
        self._guards: dict[int, dict[Any, list[str]]] = {}  # where each outcome of a node is wanted
        for (node, outcome), place in zip(graph.guards, graph.places, strict=True):
            self._guards.setdefault(node.number, {}).setdefault((type(outcome), outcome), []).append(place)
        self.live = live

    def write(self) -> None:
        """All lines."""
        for node in self.live:
            self._write(node)
            for (_, outcome), places in self._guards.get(
                node.number, {}
            ).items():  # before what is right on this path only
                self._guard(self.texts[node.number], outcome, places)

    # ---- one value ----------------------------------------------------------------------------------

    def _write(self, node: Node) -> None:
        if isinstance(node.row, str):
            self._word(node)
        elif node.like is None:
            self._several(node)
        elif self._waits(node) or self._only_repeats(node):
            return
        elif target(node, self.readers, self.asked) is not None:
            self._update(node)
        elif node.name in SCATTERS:
            self._scatter(node)
        elif node.name == "add_along_axis" and node.settings["distinct"]:
            self._put_along(node)
        else:
            self._name(node, self.speller.call(node, [self.texts[x.number] for x in node.operands]))

    def line(self, text: str) -> None:
        """One more line."""
        self.lines += wrapped(text)

    def _word(self, node: Node) -> None:
        if node.name == "loop":
            from bibun.compiler.source.looping import write_loop

            write_loop(self, node)
        elif node.name == "input":
            self.texts[node.number] = self.read(node.settings)
        elif node.name == "captured":
            self.texts[node.number] = atom(self.names.array(node.settings))
        elif node.name == "part":
            self.texts[node.number] = self.parts[node.operands[0].number, node.settings]
        else:
            self.texts[node.number] = number(node.settings)

    def _name(self, node: Node, text: Text) -> None:
        """The value stands where it is used, or gets a name."""
        self.texts[node.number] = text
        if node.number in self.kept or (self._once(node) and len(text.text) <= _LONGEST):
            return
        self._named(node)

    def _named(self, node: Node) -> None:
        text = self.texts[node.number]
        if not _IDENTIFIER.fullmatch(text.text):
            self.texts[node.number] = atom(self.names.value())
            self.line(f"{self.texts[node.number].text} = {text.text}")

    def _once(self, node: Node) -> bool:
        """Whether one call reads it, once, and not in every turn of a loop."""
        readers = self.readers.get(node.number, [])
        if len(readers) != 1 or node.number in self.asked:
            return False
        (reader,) = readers
        if reader.operands.count(node) != 1:
            return False
        return reader.name != "loop" or reader.operands.index(node) < reader.settings.carried

    def _several(self, node: Node) -> None:
        """A call with several outputs."""
        used = {user.settings: user for user in self.readers.get(node.number, ())}
        usual = len(node.operands[0].shape) if node.name == "nonzero" else _outputs(node.name)
        names = [self.names.value() if n in used else "_" for n in range(max(usual, *used) if used else usual)]
        names += [self.names.value() for n in used if n >= len(names)]
        call = self.speller.call(node, [self.texts[x.number] for x in node.operands])
        self.line(f"{', '.join(names)}{',' * (len(names) == 1)} = {call.text}")
        for n in used:
            self.parts[node.number, n] = atom(names[n])

    def _guard(self, text: Text, outcome: Any, places: list[str]) -> None:
        if outcome is True or outcome is False:
            condition = text.text if outcome else f"not {within(text, 0)}"
        else:
            condition = f"{within(text, ADDS)} == {outcome!r}"
        where = ", ".join(dict.fromkeys(short(place) for place in places if place))
        self.line(f"assert {condition}" + (f"  # {where}" if where else ""))

    # ---- updates ------------------------------------------------------------------------------------

    def _waits(self, node: Node) -> bool:
        """Whether it is added to something by the one call that reads it."""
        readers = self.readers.get(node.number, [])
        if node.name not in SCATTERS or len(readers) != 1:
            return False
        return scattered(readers[0], self.readers, self.asked) is node

    def _update(self, node: Node) -> None:
        """Write into the operand where that is an array of its own that nothing else reads, else into a copy."""
        into = target(node, self.readers, self.asked)
        assert into is not None
        text = self.texts[into.number]
        mine = makes_new(into) or into.number in self.own
        free = into.number not in self.asked and all(
            self._has_read(reader, node) for reader in self.readers[into.number]
        )
        if not (free and mine and _IDENTIFIER.fullmatch(text.text)):
            new = self.names.value()
            self.line(f"{new} = {text.text}" if mine and free else f"{new} = {within(text, ATOM)}.copy()")
            text = atom(new)
        self.texts[node.number] = text
        if node.name in PUTS:
            _, value, *places = (self.texts[x.number] for x in node.operands)
            self.line(f"{text.text}[{self.speller.key(node.settings['key'], places)}] = {value.text}")
        else:
            added = scattered(node, self.readers, self.asked)
            assert added is not None
            self._add(text.text, added, "-" if node.name == "subtract" else "+")

    def _has_read(self, reader: Node, update: Node) -> bool:
        """Whether a reader of an array, and what shows its memory, is done with it when an update of it begins."""
        if reader is update:
            return True
        if reader.number > update.number or isinstance(reader.row, str):
            return False
        text = self.texts.get(reader.number)
        evaluated = text is not None and _IDENTIFIER.fullmatch(text.text)
        if evaluated and (makes_new(reader) or (reader.like is not None and not reader.shape)):
            return True
        if reader.number in self.asked or reader.number in self.kept or reader.like is None:
            return False
        return all(self._has_read(further, update) for further in self.readers[reader.number])

    def _only_repeats(self, node: Node) -> bool:
        """Whether only loops read it, which read what it repeats."""
        readers = self.readers.get(node.number, [])
        return (
            spreads(node)
            and node.number not in self.asked | self.kept
            and all(r.name == "loop" and node not in r.operands[: -len(r.settings.places) or None] for r in readers)
        )

    def _add(self, name: str, node: Node, sign: str) -> None:
        """Add what a scatter_add scatters."""
        value, *places = (self.texts[x.number] for x in node.operands)
        if repeats(node):
            function = "np.add.at" if sign == "+" else "np.subtract.at"
            self.line(f"{function}({name}, {self.speller.tuple(node.settings['key'], places)}, {value.text})")
            return
        if value.text.startswith("-") and node.operands[0].name == "negative":
            sign, value = "-" if sign == "+" else "+", Text(value.text[1:], value.binds)
        self.line(f"{name}[{self.speller.key(node.settings['key'], places)}] {sign}= {value.text}")

    def _put_along(self, node: Node) -> None:
        """Zeros with entries put in the order of indices."""
        name = self.names.value()
        value, index = (self.texts[x.number].text for x in node.operands)
        self.texts[node.number] = atom(name)
        self.line(f"{name} = np.zeros({shaped(node.shape, node.dtype)})")
        self.line(f"np.put_along_axis({name}, {index}, {value}, axis={node.settings['axis']})")

    def _scatter(self, node: Node) -> None:
        """Zeros with something at a key."""
        name = self.names.value()
        self.texts[node.number] = atom(name)
        self.line(f"{name} = np.zeros({shaped(node.shape, node.dtype)})")
        if repeats(node):
            self._add(name, node, "+")
        else:
            value, *places = (self.texts[x.number] for x in node.operands)
            self.line(f"{name}[{self.speller.key(node.settings['key'], places)}] = {value.text}")

    def promotes(self, node: Node) -> bool:
        """Whether a call reads it whose dtype depends on whether it is one of Python's numbers."""
        return any(changes_dtype(user) for user in self.readers.get(node.number, ()) if not isinstance(user.row, str))


def _outputs(name: str) -> int:
    """How many outputs a row has that has several."""
    row = TABLE.get(name)
    return row.function.nout if row and isinstance(row.function, np.ufunc) else _OUTPUTS.get(name, 2)
