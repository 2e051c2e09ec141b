"""From a recording to a graph, simplified on the way. Owns what of a recording is read; the rules are in rewriting/."""

from __future__ import annotations

from collections.abc import Sequence

from bibun.compiler.flat import Flat
from bibun.compiler.graph import Graph
from bibun.compiler.rolling.building import build
from bibun.compiler.rolling.listed import spelled_out
from bibun.compiler.rolling.tabled import with_tables


def read(flat: Flat, numbers: Sequence[int], *, fast: bool) -> Graph:
    """The graph of the calls that these, and the decisions of the run, depend on; loops as loops."""
    flat, numbers = spelled_out(flat, numbers)
    graph = Graph()
    flat, repeats = with_tables(flat)
    build(flat, repeats, numbers, graph, fast=fast, around=None)
    return graph
