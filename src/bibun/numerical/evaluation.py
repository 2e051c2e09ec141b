"""Calling f: one point after another, many in one call, or on other machines. Chooses no point.

Every value that f cannot give, by an exception or by nan, is None here: the search then stays where f has values.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from threading import Lock, active_count
from typing import Any, Literal

import numpy as np

# What f raises at a point beside x says that the point is outside its domain, unless it is one of these: an error of
# the program, which reaches the caller. At a complex point any exception says that f does not take complex numbers.
PROGRAM = (NameError, AttributeError, ImportError, SyntaxError, MemoryError)


class OutOfBudget(Exception):
    """max_evaluations does not allow the values that are asked for. A search ends by it; it never reaches the caller."""


@dataclass(frozen=True, slots=True)
class Options:
    """How f is called: see the functions that take these by keyword."""

    vectorized: bool = False
    workers: Any = None
    progress: bool | None = None
    max_evaluations: int | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and not callable(getattr(self.workers, "map", None)):
            raise TypeError(
                f"workers is of type {type(self.workers).__name__}, but an executor is expected, for example "
                "concurrent.futures.ProcessPoolExecutor()"
            )
        most = self.max_evaluations
        if most is not None and (not isinstance(most, (int, np.integer)) or isinstance(most, bool)):
            raise TypeError(f"max_evaluations is {most!r}, but a whole number is expected, or None for no limit")
        if most is not None and most < 1:
            raise ValueError(f"max_evaluations is {most}, but f must be called at least once")


class Evaluator:
    """Calls f and counts: OutOfBudget instead of one call more than the caller allows. `kept`: so many are not spent."""

    def __init__(self, f: Callable[[Any], Any], options: Options) -> None:
        from bibun.numerical.progress import Progress

        self.f, self.options = f, options
        self.evaluations = self.kept = 0
        self.progress = Progress(options.progress)

    @contextmanager
    def keeping_one(self) -> Iterator[None]:
        """One call is kept from being spent: f(x), should the complex steps fail."""
        self.kept = 1
        try:
            yield
        finally:
            self.kept = 0

    @property
    def left(self) -> int:
        """How many calls the caller still allows."""
        most = self.options.max_evaluations
        return 1 << 60 if most is None else int(most) - self.evaluations - self.kept

    def _count(self, calls: int) -> None:
        if calls > self.left:
            raise OutOfBudget
        self.evaluations += calls

    def first(self, point: Any) -> Any:
        """f(x) itself: where it raises, the caller must know."""
        self._count(1)
        with np.errstate(all="ignore"):
            if not self.options.vectorized:
                return self.f(point)
            return _row_of(self.f(_stacked([point])), 0, 1)

    def __call__(self, points: Sequence[Any], are_complex: bool = False) -> list[Any]:
        """What f gives at each point, None where it gives nothing."""
        self._count(len(points))
        quiet = Quiet(self.f, are_complex)
        if self.options.vectorized:
            values = self._in_one_call(quiet, points)
        elif self.options.workers is not None:
            values = _on_workers(self.options.workers, quiet, points)
        else:
            values = []
            for point in points:
                values.append(quiet(point))
                self.progress.advance(1)
            return values
        self.progress.advance(len(points))
        return values

    def _in_one_call(self, quiet: Quiet, points: Sequence[Any]) -> list[Any]:
        values = quiet(_stacked(points))
        if values is not None:
            return [_row_of(values, i, len(points)) for i in range(len(points))]
        if len(points) == 1 or quiet.are_complex or len(points) > self.left:
            return [None] * len(points)
        self._count(len(points))
        return [self._in_one_call(quiet, [point])[0] for point in points]  # one of them lies outside the domain


def _stacked(points: Sequence[Any]) -> Any:
    """The points as f takes them with vectorized=True: each leaf with a first axis of the points."""
    from bibun import tree

    if not tree.is_container(points[0]):
        return np.stack(points)
    flat = [tree.flatten(point) for point in points]
    return flat[0][1]([np.stack(leaves) for leaves in zip(*(leaves for leaves, _ in flat), strict=True)])


def _on_workers(workers: Any, quiet: Quiet, points: Sequence[Any]) -> list[Any]:
    try:
        return list(workers.map(quiet, points))
    except Exception as error:
        if "pickle" in str(error):
            error.add_note(
                "workers: f, its argument and its result go to other processes. Let f be a function of a module"
            )
        raise


def _row_of(values: Any, index: int, count: int) -> Any:
    """The result of one of the points that f was given together."""
    from bibun import tree

    def take(leaf: Any) -> Any:
        array = np.asarray(leaf)
        if array.ndim == 0 or len(array) != count:
            raise ValueError(
                f"vectorized=True: f gave shape {array.shape} for {count} points, but the first axis must be that of "
                f"the points: an array of shape ({count}, ...). Without vectorized=True f is called with one point"
            )
        return array[index].copy()

    return tree.map_(take, values)


class Quiet:
    """f, with NumPy's warnings off, and None where f ends with an exception. Can be sent to another process."""

    def __init__(self, f: Callable[[Any], Any], are_complex: bool = False) -> None:
        self.f, self.are_complex = f, are_complex

    def __call__(self, point: Any) -> Any:
        with np.errstate(all="ignore"), silence if self.are_complex else nullcontext():
            try:
                return copied(self.f(point))
            except Exception as error:
                if isinstance(error, PROGRAM) and not self.are_complex:
                    raise
                return None


def copied(y: Any) -> Any:
    """f may give the same buffer each time, or an alias of x."""
    if type(y) in (float, np.float64):
        return y
    from bibun import tree

    return tree.map_(lambda leaf: leaf.copy() if isinstance(leaf, np.ndarray) else leaf, y)


class _Silence:
    """While a complex number goes through f, that f drops an imaginary part (ComplexWarning) is an error inside f, which
    ends the complex step. Where other threads run it would be an error in them as well: there the warning is only
    silenced, and the test of the complex step must see it.

    warnings.catch_warnings is not safe among threads, so the first that enters sets the filter and the last that
    leaves takes it away.
    """

    def __init__(self) -> None:
        self._lock, self._inside = Lock(), 0
        self._filters: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                action: Literal["error", "ignore"] = "error" if active_count() == 1 else "ignore"
                warnings.simplefilter(action, np.exceptions.ComplexWarning)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._filters.__exit__(None, None, None)

    def forget(self) -> None:
        """A process that was made meanwhile never leaves."""
        self._lock = Lock()
        if self._inside:
            self._inside = 0
            self._filters.__exit__(None, None, None)


silence = _Silence()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=silence.forget)
