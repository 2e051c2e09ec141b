"""What is left of a recorded run: its calls as a few arrays, and how its arguments and results are put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.flat import Flat
from bibun.compiler.native.build import Arrangement
from bibun.compiler.native.entry import Leaf
from bibun.compiler.native.trees import trees
from bibun.compiler.native.watch import Pair, watched
from bibun.compiler.paths import Recipe
from bibun.compiler.results import Hole, Results
from bibun.compiler.source.arguments import Slot
from bibun.interpreters.merging import merge_alike
from bibun.interpreters.recording import Recording


class Run(NamedTuple):
    """`numbers`: of the calls whose values are returned."""

    flat: Flat
    numbers: list[int]
    results: Results
    recipe: Recipe
    layout: Arrangement


def over(recording: Recording, results: Results, recipe: Recipe, threads: int, pairs: Sequence[Pair]) -> Run:
    """Of a run that has given these results. `pairs`: index arrays of the code around, and what they held."""
    numbers = merge_alike(recording, [value.number for value in results.recorded])
    results.recorded = []  # they keep the whole recording alive
    layout = arrangement(recipe, results, threads, pairs)
    recipe = recipe._replace(places=recording.places, constants=recording.constants)
    return Run(Flat(recording), numbers, results, recipe, layout)


def arrangement(recipe: Recipe, results: Results, threads: int, pairs: Sequence[Pair]) -> Arrangement:
    """What a program is called with, and what is made of its outputs."""
    args, kwargs = recipe.rebuild([Slot(n) for n in range(len(recipe.leaves))])
    arguments = None if kwargs else trees(args, lambda v: isinstance(v, Slot))
    result = trees([results.returned], lambda v: isinstance(v, Hole))
    return Arrangement(
        recipe.leaves, results.scalars, arguments, result[0] if result else None, threads, watched(pairs)
    )


def leaf_of(value: Any) -> Leaf:
    """What is known of an argument before the call."""
    if isinstance(value, np.ndarray):
        return Leaf(value.shape, value.dtype, None)
    return Leaf((), np.result_type(value), type(value))
