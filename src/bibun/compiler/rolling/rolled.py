"""What a loop of a graph is: a body that runs many times. Owns the record; building.py makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from bibun.compiler.graph import Graph


class Turn(NamedTuple):
    """In a key: an index that moves with the turns of loops: start + the sum of step * turn, the innermost loop first."""

    start: int
    steps: tuple[int, ...]


class TurnSlice(NamedTuple):
    """In a key: `length` entries from an index that moves with the turns of loops."""

    start: int
    steps: tuple[int, ...]
    length: int


def moves(settings: Mapping[str, Any] | None) -> int:
    """With the turns of how many loops, from the innermost out, a row's key moves."""
    key = settings.get("key") if isinstance(settings, dict) else None  # of one output of several it is a number
    moving = [k for k in key if isinstance(k, (Turn, TurnSlice))] if isinstance(key, tuple) else []
    return max((len(k.steps) for k in moving), default=0)


def at_turns(key: tuple[Any, ...], turns: Sequence[int]) -> tuple[Any, ...]:
    """The key in these turns, as NumPy takes it."""
    return tuple(map(partial(_at, turns), key))


def _at(turns: Sequence[int], k: Any) -> Any:
    if not isinstance(k, (Turn, TurnSlice)):
        return k
    start = k.start + sum(step * turn for step, turn in zip(k.steps, turns, strict=False))
    return start if isinstance(k, Turn) else slice(start, start + k.length)


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
