"""A function of the user's and its arguments as a solver of SciPy's is given them. Knows no solver, and no derivative of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bibun import tree
from bibun.arrays.creation import as_array, holds_traced
from bibun.core.traced import Traced
from bibun.errors import BibunError, LostDerivativeError
from bibun.interpreters.buffer import fillable
from bibun.scipy._levels import Entry, all_at, at, batches, entries, nested, plain_function
from bibun.tree import named


def floats(x: Any) -> Any:
    """Numbers as SciPy's solvers hand them to a function: an array, and of whole numbers one of floats."""
    x = as_array(x)
    return x.astype(float) if x.dtype.kind in "biu" else x


def storing(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, which may make its result as np.zeros_like(x) of a plain x and store numbers there that are traced.

    NumPy makes an array then that cannot hold them, and f raises. From then on it is given arrays of bibun.numpy's, of
    which others like them can: these are slower.
    """
    given = False

    def filled(*args: Any, **settings: Any) -> Any:
        return tree.map_(named, f(*map(fillable, args), **settings))

    def call(*args: Any, **settings: Any) -> Any:
        nonlocal given
        if given:
            return filled(*args, **settings)
        try:
            return f(*args, **settings)
        except LostDerivativeError as error:
            try:
                y = filled(*args, **settings)
            except BibunError:
                raise error from None
            given = True
            return y

    return call


class Problem:
    """f(x, *args, **settings), where args, and what f reads from the code around it, may be traced."""

    def __init__(self, f: Callable[..., Any], args: Any = (), settings: dict[str, Any] | None = None) -> None:
        self.f = storing(f)
        self.args = args if isinstance(args, tuple) else (args,)
        self.settings = settings or {}

    def __call__(self, x: Any) -> Any:
        """As it is, with what is traced."""
        y = self.f(x, *self.args, **self.settings)
        return as_array(y) if holds_traced(y) or isinstance(y, (list, tuple)) else y

    def plain(self, entry: Entry) -> Callable[[Any], Any]:
        """For SciPy: of x alone, in one entry of the batches."""
        args, settings = all_at((self.args, self.settings), entry)
        f = plain_function(self.f, entry)
        return lambda x: f(x, *args, **settings)

    def sizes(self, start: Any, *more: Any) -> dict[int, int]:
        """The batches that it, its arguments and its start have."""
        found = batches(start, self.args, self.settings, *more)
        first = np.asarray(all_at(floats(start), dict.fromkeys(found, 0)))[()]
        return found | batches(self(first))  # f may read one from the code around it


def each(sizes: dict[int, int], run: Callable[[Entry], dict[str, Any]]) -> dict[str, Any]:
    """What `run` gives, for every entry of the batches: numbers as batches of them, the rest as lists."""
    found = [run(entry) for entry in entries(sizes)]
    if not sizes:
        return found[0]
    return {key: _together([one.get(key) for one in found], sizes) for key in found[0]}


def _together(values: list[Any], sizes: dict[int, int]) -> Any:
    if all(isinstance(value, dict) and value.keys() == values[0].keys() for value in values):
        return {key: _together([value[key] for value in values], sizes) for key in values[0]}
    try:
        arrays = [np.asarray(value) for value in values]
    except ValueError:  # of no shape that an array has
        return values
    alike = len({array.shape for array in arrays}) == 1 and all(array.dtype.kind in "biufc" for array in arrays)
    return nested(arrays, sizes) if alike else values


def derived(problem: Problem, entry: Entry, transform: Callable[[Any], Any], start: Any) -> Callable[[Any], Any] | None:
    """A derivative of the function for SciPy; None where the function is not one that can be differentiated.

    It then calls code that takes plain numbers only, and SciPy takes differences, as it does by itself.
    """
    args, settings = all_at((problem.args, problem.settings), entry)
    derivative = transform(lambda x: Problem(problem.f, args, settings)(x))

    def plain(x: Any) -> Any:
        y = derivative(np.asarray(x, float)[()])
        return at(y, entry) if isinstance(y, Traced) else y

    try:
        plain(start)
    except (BibunError, TypeError, ValueError):
        return None
    return plain
