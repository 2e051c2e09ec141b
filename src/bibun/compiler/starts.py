"""Starts without a recording: which programs on disk are those of a function, where it is known to be the same one.

A start belongs to a digest of the function, of all that it reads from around it, and of the kind of its arguments
(sameness.py). It says which programs there are, one for each way of deciding, and what is made of their results. A program
checks its own decisions, so one that is not of these arguments says so, and the next one is tried. A function that reads
captured arrays of somebody else's has no digest; small ones that the run itself has made are kept in the start.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from weakref import ref

import numpy as np

from bibun.compiler.exactly import InexactError, exactly
from bibun.compiler.graph import Graph
from bibun.compiler.keys import digest, key_of
from bibun.compiler.long_loops import runs_of
from bibun.compiler.native import cache, plan
from bibun.compiler.native.build import Otherwise, from_disk
from bibun.compiler.native.entry import nodes
from bibun.compiler.native.once import once
from bibun.compiler.paths import MOST, Recipe, Version
from bibun.compiler.reading import read
from bibun.compiler.results import Results
from bibun.compiler.runs import Run, arrangement, leaf_of
from bibun.compiler.sameness import sameness
from bibun.compiler.signature import Signature, lying
from bibun.compiler.source.arguments import Slot

_KEPT = 2**20  # bytes of arrays that a run has made
_COPIED = 2**16  # bytes of an argument that is copied for whoever asks later what a program computes


class Start(NamedTuple):
    """Of one program: its key; what its results are made into; arrays of the run by number; what else its recipe says."""

    key: bytes
    results: Results
    arrays: dict[int, np.ndarray[Any, Any]]
    places: list[str]
    constants: list[Any]
    order: tuple[Any, ...] | None


class Compiling(NamedTuple):
    """What is compiled, and how."""

    f: Callable[..., Any]
    fast: bool
    threads: int


def identity(of: Compiling, call: Signature) -> bytes | None:
    """The digest; None where it is not known that another process has the same, or an error of NumPy's is asked for."""
    if not {"warn", "ignore"}.issuperset(np.geterr().values()):
        return None
    args, kwargs = call.rebuild([Slot(n) for n in range(len(call.leaves))])
    leaves = map(leaf_of, call.leaves)
    with suppress(Exception):  # objects around f may raise what they like when they are looked at
        kinds = [(x.shape, x.dtype, x.scalar and f"{x.scalar.__module__}.{x.scalar.__name__}") for x in leaves]
        orders = [x.flags.forc and x.flags.f_contiguous for x in call.leaves if isinstance(x, np.ndarray)]
        how = f"{of.fast} {of.threads} {exactly(kinds)} {orders}"  # f may ask whether x.T.reshape(-1) is a view
        return digest([sameness(of.f, args, kwargs).encode(), how.encode()])
    return None


def keep(name: bytes, key: bytes, run: Run) -> None:
    """Let other processes start this program, where they can."""
    arrays = run.flat.arrays
    if (
        run.layout.watched is not None
        or not all(array.flags.c_contiguous for array in arrays.values())
        or sum(array.nbytes for array in arrays.values()) > _KEPT
        or not _is_plain(run)
        or plan.read(key) is None
    ):
        return
    start = Start(
        key, run.results, arrays, list(dict.fromkeys(run.recipe.places)), run.recipe.constants, run.recipe.order
    )
    others = [other for other in _kept(name) if other.key != key]
    cache.write(name, cache.START, pickle.dumps([start, *others][:MOST]))


def _is_plain(run: Run) -> bool:
    """Whether the result is of containers and constants that can be made anew."""
    if run.layout.result is None:
        return False
    parts = list(nodes([run.layout.result]))
    with suppress(InexactError):
        exactly([part.content for part in parts if part.kind == "constant"])
        exactly([list(part.content) for part in parts if part.kind == "dict"])
        return not run.results.texts
    return False


def _kept(name: bytes) -> list[Start]:
    content = cache.read(name, cache.START)  # written by this user's own processes, as plans are
    return [] if content is None else pickle.loads(content)


def started(
    name: bytes, of: Compiling, call: Signature, tried: Container[bytes | None]
) -> tuple[bytes, Version, Any] | None:
    """A program from disk that is of this call, by its key, and the call's result. `tried`: those that are known not to be."""
    leaves, order = [leaf_of(value) for value in call.leaves], lying(call.leaves)
    for start in _kept(name):
        if start.order not in (None, order):
            continue
        recipe = Recipe(of.f, leaves, call.rebuild, start.places, start.constants, start.order)
        layout = arrangement(recipe, start.results, of.threads, ())
        graph = once(Again(start.key, of, recipe, call.leaves).graph)
        native = None if start.key in tried else from_disk(start.key, graph, layout, start.arrays)
        if native is not None:
            version = Version(graph, start.results, recipe, native, ())
            with suppress(Otherwise):
                return start.key, version, version.run(call.leaves)
    return None


class Again:
    """What a program from disk computes, for whoever asks: f is recorded with the arguments that the program first ran with.
    Those that are large may have gone or changed by then; that it is the same program, its key says."""

    def __init__(self, key: bytes, of: Compiling, recipe: Recipe, leaves: Sequence[Any]) -> None:
        self.key, self.how, self.recipe = key, of, recipe
        self._leaves = [_later(leaf) for leaf in leaves]

    def graph(self) -> Graph:
        """Raises RuntimeError where the function no longer gives this program."""
        f = self.how.f
        with suppress(Exception), np.errstate(all="ignore"):  # f, or what it reads, has changed
            for run in runs_of(self.recipe, [get() for get in self._leaves], self.how.threads):
                if key_of(run.flat, run.numbers, run.layout, fast=self.how.fast) == self.key:
                    return read(run.flat, run.numbers, fast=self.how.fast)
        raise RuntimeError(
            f"compile({getattr(f, '__name__', 'f')}): the program is from disk, without a run of the function, and a run gives "
            "another one now: the arguments, or what it reads from around it, have changed. To look at the program, compile the "
            "function anew, call it, and ask then."
        )


def _later(leaf: Any) -> Callable[[], Any]:
    """What gives a leaf later on, or, where it has gone, one like it, which lies like it: f may do otherwise else."""
    if not isinstance(leaf, np.ndarray):
        return lambda: leaf
    if leaf.nbytes <= _COPIED:
        copy = _lying_like(leaf.shape, leaf.dtype, leaf.strides)
        copy[...] = leaf
        return lambda: copy
    large, like = ref(leaf), (leaf.shape, leaf.dtype, leaf.strides)
    return lambda: _lying_like(*like) if large() is None else large()


def _lying_like(shape: tuple[int, ...], dtype: np.dtype[Any], strides: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Ones that lie in memory like an array of these strides, in as little as that takes."""
    steps = [step * (n - 1) for n, step in zip(shape, strides, strict=True)]
    before, behind = -sum(min(step, 0) for step in steps), sum(max(step, 0) for step in steps)
    if 0 in shape:
        before = behind = 0
    made: np.ndarray[Any, Any] = np.ndarray(shape, dtype, bytearray(before + behind + dtype.itemsize), before, strides)
    made[...] = 1
    return made
