"""From a recording to a graph, simplified on the way. Owns what of a recording is read; the rules are in rewriting/."""

from __future__ import annotations

from collections.abc import Sequence

from bibun.compiler.graph import Graph
from bibun.compiler.rolling.building import Builder
from bibun.compiler.rolling.listed import spelled_out
from bibun.compiler.rolling.loops import Plan
from bibun.compiler.rolling.periods import Stretch, stretches
from bibun.compiler.rolling.stream import Stream
from bibun.compiler.rolling.tabled import tabled
from bibun.interpreters.recording import Recording


def read(recording: Recording, numbers: Sequence[int], *, fast: bool) -> Graph:
    """The graph of the calls that these, and the decisions of the run, depend on; loops as loops."""
    recording, numbers = spelled_out(recording, numbers)
    graph = Graph()
    recording, stream, found = _in_loops(recording)
    place = {number: at for at, number in enumerate(stream.numbers)}
    plan = Plan(stream, found, [place[n] for n in numbers if n in place])
    builder = Builder(recording, plan, graph, fast=fast)
    graph.outputs = [builder.node(place[n]) if n in place else builder.leaf(n) for n in numbers]
    return graph


def _in_loops(recording: Recording) -> tuple[Recording, Stream, list[Stretch]]:
    """The recording as a stream, and what of it repeats: with tables of numbers in keys, where more of it does then."""
    stream = Stream(recording)
    found = stretches(stream)
    other = tabled(recording, stream, found)
    if other is not None:
        second = Stream(other)
        more = stretches(second)
        if _saved(more) > _saved(found):
            return other, second, more
    return recording, stream, found


def _saved(found: Sequence[Stretch]) -> int:
    """How many calls there are less."""
    return sum(stretch.period * (stretch.turns - 1) for stretch in found)
