"""Functions of another package as calls of one row: bibun differentiates what calls them, the other package the functions.

The row's derivatives are calls of the row again, with functions that the other package made of the first: so they can be
differentiated further, in both modes, and batched; in a compiled program they are called as NumPy's functions are. Knows no
other package: `Package` is what a file of this room says of one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NamedTuple

import numpy as np

from bibun.core.primitive import Primitive
from bibun.core.rules import Rule
from bibun.core.traced import Traced
from bibun.interop.leaves import Call, inexact
from bibun.primitives import TABLE

Function = Callable[..., Any]
_ARRAYS, _NUMBERS = (Traced, np.ndarray, np.generic), (float, complex)


class Package(NamedTuple):
    """What is asked of another package, for a function of its arrays that returns a tuple of them."""

    run: Callable[[Function, Sequence[Any]], list[Any]]  # on ndarrays, to ndarrays
    pull: Callable[[Function, tuple[int, ...], int], Function]  # of count arguments and the cotangents, for `needed`
    push: Callable[[Function, tuple[int, ...], int], Function]  # of count arguments and the tangents of `moving`
    batch: Callable[[Function, list[int | None]], Function]


def wrapped(f: Function, package: Package) -> Function:
    """f for ndarrays and traced arrays, in containers, and for numbers by position; what is neither is passed on as it is."""

    @wraps(f)
    def function(*args: Any, **kwargs: Any) -> Any:
        call = Call(f, args, kwargs, _ARRAYS, _NUMBERS)
        found = foreign(*call.arrays, f=_Foreign(call, package))
        return call.result(list(_parts(found)))

    return function


class _Foreign:
    """A function of the other package's arrays; and, once it or the batch of it has run, which results have derivatives."""

    def __init__(self, function: Function, package: Package, varies: list[bool] | None = None) -> None:
        self.function, self.package = function, package
        self.varies: list[bool] = [] if varies is None else varies


def _run(*arrays: Any, f: _Foreign) -> Any:
    found = f.package.run(f.function, arrays)
    f.varies[:] = map(inexact, found)
    return found[0] if len(found) == 1 else tuple(found)


def _pull(g: Any, needed: tuple[int, ...], xs: Sequence[Any], f: _Foreign) -> list[Any]:
    gs = [part for part, varies in zip(_parts(g), f.varies, strict=True) if varies]
    pulled = _Foreign(f.package.pull(f.function, needed, len(xs)), f.package)
    return list(_parts(foreign(*xs, *gs, f=pulled)))


def _push(ts: list[Any], xs: Sequence[Any], y: Any, f: _Foreign) -> Any:
    moving = tuple(i for i, t in enumerate(ts) if t is not None)
    pushed = _Foreign(f.package.push(f.function, moving, len(xs)), f.package)
    moved = iter(_parts(foreign(*xs, *(ts[i] for i in moving), f=pushed)))
    found = [
        next(moved) if varies else np.zeros(np.shape(part)) for part, varies in zip(_parts(y), f.varies, strict=True)
    ]
    return tuple(found) if isinstance(y, tuple) else found[0]


def _batch(_: Any, values: list[Any], batched: list[bool], settings: Any) -> Any:
    f: _Foreign = settings["f"]
    axes: list[int | None] = [0 if mine else None for mine in batched]
    return foreign(*values, f=_Foreign(f.package.batch(f.function, axes), f.package, f.varies))


def _parts(y: Any) -> tuple[Any, ...]:
    return y if isinstance(y, tuple) else (y,)


foreign = Primitive(
    "foreign",
    "general",
    _run,
    inputs=None,
    pullbacks=(Rule(_pull, ("needed", "xs", "f")),),
    pushforwards=(Rule(_push, ("xs", "y", "f")),),
    batch=_batch,
)
TABLE["foreign"] = foreign  # where compiled programs look rows up
