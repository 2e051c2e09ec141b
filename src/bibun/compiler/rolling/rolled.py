"""What a loop of a graph is: a body that runs many times. Owns the record; building.py makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from bibun.compiler.graph import Graph


class Turn(NamedTuple):
    """In a key: an index that moves with the turns of the loop: start + step * turn."""

    start: int
    step: int


class TurnSlice(NamedTuple):
    """In a key: `length` entries from an index that moves with the turns of the loop."""

    start: int
    step: int
    length: int


def moves(settings: Mapping[str, Any] | None) -> bool:
    """Whether a row's key moves with the turns of the loop."""
    key = (settings or {}).get("key")
    return isinstance(key, tuple) and any(isinstance(k, (Turn, TurnSlice)) for k in key)


def at_turn(key: tuple[Any, ...], turn: int) -> tuple[Any, ...]:
    """The key of one turn, as NumPy takes it."""
    return tuple(map(partial(_at, turn), key))


def _at(turn: int, k: Any) -> Any:
    if isinstance(k, Turn):
        return k.start + k.step * turn
    if isinstance(k, TurnSlice):
        start = k.start + k.step * turn
        return slice(start, start + k.length)
    return k


class Rolled:
    """A body and how often it runs. The operands of the loop's node are, in this order:

    carried     the first value of each value that goes from one turn to the next
    stay        values that are the same in every turn
    stacked     arrays of which turn t reads the entry first + step * t of the first axis

    The body's inputs are numbered in the same order. Its outputs are the next values of `carried`, then `saved` values,
    which the loop stacks along a new first axis, then values of which the loop gives that of the last turn.
    """

    __slots__ = ("body", "carried", "places", "saved", "turns")

    def __init__(self, body: Graph, turns: int, carried: int, saved: int, places: list[tuple[int, int]]) -> None:
        self.body = body
        self.turns = turns
        self.carried = carried
        self.saved = saved
        self.places = places

    def needed(self, wanted: Sequence[int]) -> list[int]:
        """Which carried values these outputs, and the guards, depend on."""
        graph = Graph()
        graph.nodes, graph.guards = self.body.nodes, self.body.guards
        needed: set[int] = set()
        while True:
            graph.outputs = [self.body.outputs[n] for n in (*needed, *wanted)]
            found = {x.settings[1] for x in graph.live() if x.name == "input" and x.settings[0] == "carried"}
            if found <= needed:
                return sorted(needed)
            needed |= found
