"""Calling f: one point after another, many in one call, or on other machines. Chooses no point.

Every value that f cannot give, by an exception or by nan, is None here: the search then stays where f has values.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

# What f may raise at a point outside its domain. Anything else is an error of the program, and reaches the caller.
OUTSIDE = (ArithmeticError, ValueError, LookupError, AssertionError, RuntimeError, TypeError)


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
        if self.max_evaluations is not None and self.max_evaluations < 1:
            raise ValueError(f"max_evaluations is {self.max_evaluations}, but f must be called at least once")


class Evaluator:
    """Calls f and counts. `share` is a bound on the evaluations of one entry, where the caller gave one for all."""

    def __init__(self, f: Callable[[Any], Any], options: Options) -> None:
        from bibun.numerical.progress import Progress

        self.f, self.options = f, options
        self.evaluations = 0
        self.progress = Progress(options.progress)

    @property
    def left(self) -> int:
        """How many calls the caller still allows."""
        most = self.options.max_evaluations
        return 1 << 60 if most is None else most - self.evaluations

    def first(self, point: Any) -> Any:
        """f(x) itself: where it raises, the caller must know."""
        self.evaluations += 1
        with np.errstate(all="ignore"):
            if not self.options.vectorized:
                return self.f(point)
            return _row_of(self.f(np.stack([point])), 0, 1)

    def __call__(self, points: Sequence[Any]) -> list[Any]:
        """What f gives at each point, None where it gives nothing."""
        self.evaluations += len(points)
        if self.options.vectorized:
            values = self._in_one_call(points)
        elif self.options.workers is not None:
            values = list(self.options.workers.map(Quiet(self.f), points))
        else:
            quiet = Quiet(self.f)
            values = []
            for point in points:
                values.append(quiet(point))
                self.progress.advance(1)
            return values
        self.progress.advance(len(points))
        return values

    def _in_one_call(self, points: Sequence[Any]) -> list[Any]:
        values = Quiet(self.f)(np.stack(points))
        if values is not None:
            return [_row_of(values, i, len(points)) for i in range(len(points))]
        if len(points) == 1:
            return [None]
        return [self._in_one_call([point])[0] for point in points]  # one of them lies outside the domain


def _row_of(values: Any, index: int, count: int) -> Any:
    """The result of one of the points that f was given together."""
    from bibun import tree

    def take(leaf: Any) -> Any:
        array = np.asarray(leaf)
        if array.ndim == 0 or len(array) != count:
            raise ValueError(
                f"vectorized=True: f gave shape {array.shape} for {count} points, but the first axis must be that of "
                f"the points: shape ({count}, ...). Without vectorized=True f is called with one point"
            )
        return array[index].copy()

    return tree.map_(take, values)


class Quiet:
    """f, with NumPy's warnings off, and None where f ends with an exception. Can be sent to another process."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f = f

    def __call__(self, point: Any) -> Any:
        with np.errstate(all="ignore"):
            try:
                return copied(self.f(point))
            except OUTSIDE:
                return None


def copied(y: Any) -> Any:
    """f may give the same buffer each time, or an alias of x."""
    if type(y) in (float, np.float64):
        return y
    from bibun import tree

    return tree.map_(lambda leaf: leaf.copy() if isinstance(leaf, np.ndarray) else leaf, y)


class _Silence:
    """No ComplexWarning while a complex number goes through f: f may drop the imaginary part, and the test sees it.

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
                warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._filters.__exit__(None, None, None)


silence = _Silence()
