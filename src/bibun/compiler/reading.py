"""From a recording to a graph, simplified on the way. Owns what of a recording is read; the rules are in rewriting/."""

from __future__ import annotations

from collections.abc import Sequence

from bibun.compiler.graph import Graph
from bibun.compiler.rolling.building import Builder
from bibun.compiler.rolling.listed import spelled_out
from bibun.compiler.rolling.loops import Plan
from bibun.compiler.rolling.tabled import with_tables
from bibun.interpreters.recording import Recording


def read(recording: Recording, numbers: Sequence[int], *, fast: bool) -> Graph:
    """The graph of the calls that these, and the decisions of the run, depend on; loops as loops."""
    recording, numbers = spelled_out(recording, numbers)
    graph = Graph()
    recording, stream, found = with_tables(recording)
    place = {number: at for at, number in enumerate(stream.numbers)}
    plan = Plan(stream, found, [place[n] for n in numbers if n in place])
    builder = Builder(recording, plan, graph, fast=fast)
    graph.outputs = [builder.node(place[n]) if n in place else builder.leaf(n) for n in numbers]
    builder.release()
    return graph
