"""The derivative of a function with a long loop, from the derivatives of the same function with a short one.

A transform runs the function on values of its own, and takes all of its steps back again, which takes several times as long
as the function. Where nearly all that the function does is one loop whose turns are alike, it is recorded by itself, and its
derivative with a few turns, one more, and two more: these say what the recording of all turns is (rolling/continued.py).

The function runs once more where that does not succeed, so it has to be known that it does nothing else (sameness.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from bibun import tree
from bibun.compiler.exactly import InexactError
from bibun.compiler.native.once import once
from bibun.compiler.paths import Recipe
from bibun.compiler.results import Results
from bibun.compiler.rolling.continued import continued
from bibun.compiler.rolling.fewer import GIVEN, Fewer, Function, NotContinued, TurnLeaf, fewer, is_deeper
from bibun.compiler.rolling.stream import ENTRY
from bibun.compiler.runs import Run, check_arguments, over, same_containers, why_not
from bibun.compiler.sameness import computes_in_loops
from bibun.compiler.signature import Signature
from bibun.compiler.source.arguments import Slot
from bibun.core.calling import Instead, called_by
from bibun.core.watching import IndexArrays, watched_by
from bibun.interpreters.forward import Dual
from bibun.interpreters.recorded import Recorded
from bibun.interpreters.recording import INPUT, Recording
from bibun.interpreters.variable import Variable

COPIED = 2**24  # bytes of arrays around a function, of which copies are taken
BEFORE = 500  # calls that a run may begin with, since it begins again and again


class Stop(BaseException):
    """Ends a run that nobody needs any more; no error, which f may handle."""


class OuterArrays:
    """The arrays around a function that may run again, as they are before it runs."""

    def __init__(self, arrays: Sequence[np.ndarray[Any, Any]]) -> None:
        self._pairs = [(array, array.copy()) for array in arrays]

    def put_back(self) -> bool:
        """Whether the run has changed one; then it has not."""
        changed = [(array, copy) for array, copy in self._pairs if array.tobytes() != copy.tobytes()]
        for array, copy in changed:
            array[...] = copy
        return bool(changed)


def may_run_again(f: Callable[..., Any], call: Signature) -> OuterArrays | None:
    """What is to be put back if f runs again; None where it has no loops, or somebody would see that it runs twice, as who asks
    for errors of NumPy's."""
    arguments, _ = tree.flatten(call.rebuild([Slot(n) for n in range(len(call.leaves))]))
    arrays = computes_in_loops(f, arguments) if {"warn", "ignore"}.issuperset(np.geterr().values()) else None
    plain = arrays is not None and all(array.dtype.kind in "biufc" for array in arrays)
    return OuterArrays(arrays) if arrays is not None and plain and sum(a.nbytes for a in arrays) <= COPIED else None


class Inner:
    """The function that the innermost transform of a run is of, recorded on plain values. `depth`: in how many it is.

    allowed     what is to be put back if the run is given up for that, asked once; None where it may not be
    """

    def __init__(self, allowed: Callable[[], OuterArrays | None]) -> None:
        self.depth = 0
        self._allowed = once(allowed)
        self._refused = False
        self._function: Function | None = None

    def call(self, f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """In place of a transform: f is recorded on plain values, and Stop is raised. Where that is not allowed, f(...)."""
        if self._refused:
            return f(*args, **kwargs)
        leaves, unflatten = tree.flatten((args, kwargs))
        recording = _recording(leaves)
        if recording is None or len(recording.calls) > BEFORE or self._allowed() is None:
            if self.depth:
                raise Stop  # the transforms around it have been passed by
            self._refused = True
            return f(*args, **kwargs)
        self.depth += 1
        plain = [_plain(leaf, recording) for leaf in leaves]
        given = [leaf.number if isinstance(leaf, Recorded) else None for leaf in plain]
        first = len(recording.calls)
        args, kwargs = unflatten(plain)
        before = tree.structure((args, kwargs))
        try:
            returned, self.unflatten = tree.flatten(f(*args, **kwargs))
            recording.check()
            clean = True
        except Exception:  # noqa: BLE001  it runs again, for all to see
            clean = False
        around = self._allowed()
        if (around is not None and around.put_back()) or not clean:
            raise Stop
        now = [leaf.number if isinstance(leaf, Recorded) else None for leaf in plain]
        plainly = same_containers(before, tree.structure((args, kwargs))) and now == given
        if recording.shown or recording.by_order or not plainly or not all(isinstance(x, Recorded) for x in returned):
            raise Stop
        self._function = Function(recording, first, given, [leaf.number for leaf in returned])
        raise Stop

    def run(self, recipe: Recipe, leaves: Sequence[Any], threads: int) -> Run | None:
        """The run of recipe.f with these arguments; None where it has to be recorded whole."""
        short = None if self._function is None else fewer(self._function)
        if short is None:
            return None
        few, turns = np.array([(loop.few, loop.turns) for loop in short.loops]).T
        one = np.eye(len(few), dtype=int)
        runs = []
        try:
            for n in (few, *few + one, few + 2):
                recording, results = recorded(recipe, leaves, _Turned(self, short, n.tolist(), leaves))
                if recording.by_order:
                    return None
                runs.append(over(recording, results, recipe, threads, ()))
            flat, numbers = continued([(run.flat, run.numbers) for run in runs], (turns - few).tolist(), short)
        except (Stop, NotContinued, InexactError):
            return None
        return runs[0]._replace(flat=flat, numbers=numbers)


def runs_of(recipe: Recipe, leaves: Sequence[Any], threads: int) -> Iterator[Run]:
    """Those that a program of recipe.f with these arguments may have been made of."""
    inner = Inner(lambda: OuterArrays(()))  # as it was when the program was made
    with suppress(Stop):
        yield over(*recorded(recipe, leaves, inner.call), recipe, threads, ())
    run = inner.run(recipe, leaves, threads)
    if run is not None:
        yield run
    with suppress(Stop):
        yield over(*recorded(recipe, leaves), recipe, threads, ())


class _Turned:
    """Stands in for that function: it has as many turns as wanted, and is called once."""

    def __init__(self, inner: Inner, short: Fewer, turns: Sequence[int], arguments: Sequence[Any]) -> None:
        self._inner, self._short, self._turns, self._arguments = inner, short, turns, arguments
        self._depth = 0
        self._recording: Recording | None = None

    def __call__(self, f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """As a transform calls it."""
        if self._recording is not None:
            raise Stop
        self._depth += 1
        if self._depth < self._inner.depth:
            return f(*args, **kwargs)
        leaves, _ = tree.flatten((args, kwargs))
        self._recording = _recording(leaves)
        return self._inner.unflatten(self._short.run(self._turns, leaves, self))

    def argument(self, number: int) -> Any:
        """Number `number` of the whole run's, which the function reads from around it."""
        assert self._recording is not None
        return self._recording.known(number, self._arguments[number])

    def leaf(self, entry: TurnLeaf, value: Any) -> Any:
        """A constant or an array of one turn."""
        assert self._recording is not None
        return self._recording.add(ENTRY, (), entry, value)


def recorded(recipe: Recipe, leaves: Sequence[Any], instead: Instead | None = None) -> tuple[Recording, Results]:
    """recipe.f recorded, where instead(f, args, kwargs) is what its transforms call. Raises Stop where there is no program of
    it, or `instead` does."""
    recording = Recording()
    recorded = [recording.input(n, leaf) for n, leaf in enumerate(leaves)]
    args, kwargs = recipe.rebuild(recorded)
    given = tree.structure((args, kwargs))
    try:
        with called_by(instead), watched_by(IndexArrays({}, recording.captured)), np.errstate(all="ignore"):
            results = Results(recipe.f(*args, **kwargs))
        recording.check()
        check_arguments(recorded)
    except Exception:  # noqa: BLE001  f is recorded whole, for all to see
        raise Stop from None
    if recording.shown or why_not(results, given, tree.structure((args, kwargs)), shown=False):
        raise Stop
    return recording, results


def _recording(leaves: Sequence[Any]) -> Recording | None:
    """That in which all takes place; None where there is none, or a batch is among the leaves, of which f sees one entry."""
    inner = [_inner(leaf) for leaf in leaves]
    if any(map(is_deeper, inner)):
        return None
    return next((value.recording for value in inner if isinstance(value, Recorded)), None)


def _inner(value: Any) -> Any:
    """What the transforms of a value are of."""
    while isinstance(value, (Variable, Dual)):
        value = value.value
    return value


def _plain(leaf: Any, recording: Recording) -> Any:
    """What f is given for it: of a value of transforms a leaf of its own, which is told from others of the same value."""
    if not isinstance(leaf, (Variable, Dual)):
        return leaf
    value = _inner(leaf)
    return recording.add(INPUT, (), GIVEN, value.held if isinstance(value, Recorded) else value)
