"""What is left of a recorded run: its calls as a few arrays, and how its arguments and results are put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from bibun.errors import UnrecordableError
from bibun.interpreters.merging import merge_alike
from bibun.interpreters.recorded import Recorded
from bibun.interpreters.recording import Recording

Structure = tuple[Sequence[Any], Any]  # leaves, and how they are put together


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
        recipe.leaves,
        results.scalars,
        arguments,
        result[0] if result else None,
        threads,
        watched(pairs),
        recipe.order,
    )


def leaf_of(value: Any) -> Leaf:
    """What is known of an argument before the call."""
    if isinstance(value, np.ndarray):
        return Leaf(value.shape, value.dtype, None)
    return Leaf((), np.result_type(value), type(value))


def why_not(results: Results, given: Structure, now: Structure, *, shown: bool) -> str:
    """Why f itself has to run in every call; empty where a program does what it did. `given`, `now`: its arguments before and
    after the run; `shown`: whether a text was made of a value."""
    stray = results.stray()
    if stray is not None:
        return (
            f"it returns a {type(stray).__name__}, which holds what it computed: a program gives arrays and numbers, in tuples, "
            "lists, dicts, named tuples or dataclasses"
        )
    if not same_containers(given, now):
        return (
            "it changes a container among its arguments, as a list that it appends to. To have a program, take a copy of it "
            "first, and return that"
        )
    return "it returns a text, which may be made of values" if results.texts and shown else ""


def same_containers(before: Structure, now: Structure) -> bool:
    """Whether arguments are of the containers and leaves that they were."""
    pairs = zip(before[0], now[0], strict=False)
    return before[1] == now[1] and len(before[0]) == len(now[0]) and all(a is b for a, b in pairs)


def check_arguments(arguments: Sequence[Recorded]) -> None:
    """Raise where the run wrote into its arguments: they are the caller's arrays, which a program only reads."""
    for n, argument in enumerate(arguments):
        if argument.number != n:  # it has become another entry
            raise UnrecordableError(
                f"it changes an argument where it stands, an array of shape {argument.shape}. To have a program, take a copy "
                "of it first, x = x.copy(), and return that"
            )


def of_the_run(
    results: Results, arguments: Sequence[Recorded], leaves: Sequence[Any]
) -> Callable[[list[Any]], Any] | None:
    """What the recorded run has computed, so that f need not run again for this call; None where that has changed since."""
    try:
        values = [leaf.value for leaf in results.recorded]
        written = [
            (leaf, arg.value) for n, (leaf, arg) in enumerate(zip(leaves, arguments, strict=True)) if arg.number != n
        ]
    except UnrecordableError:
        return None
    for leaf, value in written:  # as f would have written into it
        leaf[...] = value
    return lambda _: results.assemble(values)
