"""The ways through a function for one signature: a version for each sequence of decisions that its calls have taken."""

from __future__ import annotations

from typing import Any

from bibun.compiler.graph import Graph
from bibun.compiler.native.build import Native, Otherwise
from bibun.compiler.results import Results
from bibun.compiler.source import Decided, Source
from bibun.errors import BibunError

MOST = 16  # versions of one signature; a function that decides otherwise in every call is better run plainly


class Version:
    """One path, ready to run. `native`: its machine code; None where it runs through NumPy."""

    def __init__(
        self, graph: Graph, results: Results, names: list[str], places: list[str], native: Native | None
    ) -> None:
        self.graph = graph
        self.results = results
        self.names = names
        self.places = places
        self.native = native
        self._program = Source(graph, names).function() if native is None else None

    def run(self, leaves: list[Any]) -> Any:
        """What the function returns; Otherwise where this path is not that of these arguments."""
        if self.native is not None:
            return self.results.assemble(self.native.run(leaves))
        assert self._program is not None
        try:
            values = self._program(*leaves)
        except Decided:
            raise Otherwise from None
        except (ArithmeticError, ValueError, TypeError, LookupError, BibunError):
            raise Otherwise from None  # the function itself says what is wrong, or knows what to do
        return self.results.assemble(values)

    @property
    def source(self) -> Source:
        """The program as text."""
        return Source(self.graph, self.names)


class Paths:
    """The versions of one signature, the latest first. `plain`: the function is run as it is, and why."""

    def __init__(self) -> None:
        self.versions: list[Version] = []
        self.plain: str | None = None

    @property
    def full(self) -> bool:
        """Whether no further version is made."""
        return len(self.versions) >= MOST
