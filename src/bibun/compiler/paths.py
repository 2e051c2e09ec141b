"""The ways through a function for one signature: a version for each sequence of decisions that its calls have taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.graph import Graph
from bibun.compiler.native.build import Native, Otherwise
from bibun.compiler.native.entry import Leaf
from bibun.compiler.native.watch import Pair, unchanged
from bibun.compiler.results import Results
from bibun.compiler.signature import lying
from bibun.compiler.source import Listing, arguments, runnable
from bibun.errors import BibunError

MOST = 16  # versions of one signature; a function that decides otherwise in every call is better run plainly


class Recipe(NamedTuple):
    """What a version was made of: the function, its arguments' leaves, and how they are put into its arguments.

    places      of the run's decisions, in the user's code
    constants   the numbers of the run
    order       how the arguments have to lie in memory (see signature.lying); None where that is all the same
    """

    f: Callable[..., Any]
    leaves: list[Leaf]
    rebuild: Callable[[Sequence[Any]], Any]
    places: list[str]
    constants: list[Any]
    order: tuple[Any, ...] | None = None


class Version:
    """One path, ready to run.

    native      its machine code; None where it runs through NumPy
    watched     index arrays of the code around, and what they held: it is for these
    """

    def __init__(
        self, graph: Callable[[], Graph], results: Results, recipe: Recipe, native: Native | None, pairs: Sequence[Pair]
    ) -> None:
        self._graph = graph
        self.watched = pairs
        self.results = results
        self.recipe = recipe
        self.native = native
        self._program = runnable(graph(), len(recipe.leaves)) if native is None else None

    @property
    def graph(self) -> Graph:
        """What is computed; of a program from disk, made when somebody asks."""
        return self._graph()

    def run(self, leaves: list[Any]) -> Any:
        """What the function returns; Otherwise where this path is not that of these arguments."""
        if self.recipe.order is not None and self.recipe.order != lying(leaves):
            raise Otherwise
        if self.native is not None:
            return self.results.assemble(self.native.run(leaves), fresh=True)
        assert self._program is not None
        if not unchanged(self.watched):
            raise Otherwise
        try:
            with np.errstate(all="ignore"):  # as machine code does
                values = self._program(*leaves)
        except (AssertionError, ArithmeticError, ValueError, TypeError, LookupError, BibunError):
            raise Otherwise from None  # a decision fell otherwise, or the function itself says what is wrong
        return self.results.assemble(values)

    @property
    def in_rows(self) -> bool:
        """Whether it is for arguments in row-major order, which machine code asks for itself."""
        return self.recipe.order is None or not any(self.recipe.order)

    def listing(self) -> Listing:
        """The program as text."""
        recipe = self.recipe
        named = arguments(recipe.f, recipe.rebuild, len(recipe.leaves))
        return Listing(self.graph, recipe.f, named, recipe.leaves, self.results)


class Paths:
    """The versions of one signature, the latest first. `plain`: the function is run as it is, and why. `keys`: of
    the versions' programs on disk."""

    def __init__(self) -> None:
        self.versions: list[Version] = []
        self.keys: set[bytes | None] = set()
        self.plain: str | None = None

    @property
    def full(self) -> bool:
        """Whether no further version is made."""
        return len(self.versions) >= MOST
