"""What a program returns: from the arrays that it computes to the containers and classes that the function returns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from gc import get_referents
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from bibun import tree
from bibun.interpreters.recorded import Recorded


class Results:
    """The outputs of a recorded run: which leaves are recorded, of which class they were; the rest is constant."""

    def __init__(self, returned: Any) -> None:
        leaves, self.unflatten = tree.flatten(returned)
        self.texts = any(isinstance(leaf, str) for leaf in leaves)
        self.recorded = [leaf for leaf in leaves if isinstance(leaf, Recorded)]
        self.leaves = [None if isinstance(leaf, Recorded) else leaf for leaf in leaves]
        self.classes = [_class(leaf.held) if isinstance(leaf, Recorded) else None for leaf in leaves]
        self.returned = tree.map_(lambda leaf: _HOLE if isinstance(leaf, Recorded) else leaf, returned)

    def __reduce__(self) -> tuple[Any, ...]:
        """For another process, once `recorded` is read."""
        return _again, (self.returned, self.scalars)

    def assemble(self, values: Sequence[Any], *, fresh: bool = False) -> Any:
        """What the function returns, from the values of the recorded leaves. `fresh`: nobody else holds these arrays."""
        rest = iter(values if fresh else [np.array(v, order="C") if isinstance(v, np.ndarray) else v for v in values])
        pairs = zip(self.leaves, self.classes, strict=True)
        return self.unflatten([_copied(leaf) if cls is None else _as(cls, next(rest)) for leaf, cls in pairs])

    @property
    def scalars(self) -> list[type | None]:
        """For each recorded leaf its class; None for an array."""
        return [None if cls is np.ndarray else cls for cls in self.classes if cls is not None]

    def stray(self) -> Any:
        """A returned leaf that no program makes anew: an iterator, or an object that holds recorded values. None if none is."""
        return next((leaf for leaf in self.leaves if isinstance(leaf, Iterator) or _holds_recorded(leaf)), None)


def _again(returned: Any, scalars: list[type | None]) -> Results:
    made = Results(returned)
    rest = iter(scalars)
    kinds = [next(rest) or np.ndarray if isinstance(leaf, Hole) else None for leaf in made.leaves]
    made.classes = kinds
    made.leaves = [None if isinstance(leaf, Hole) else leaf for leaf in made.leaves]
    return made


class Hole:
    """Where a recorded leaf stands in what is returned."""


_HOLE = Hole()


_WITHOUT = (bool, int, float, complex, str, bytes, np.generic, np.ndarray, np.dtype, type, ModuleType, type(None))
_OBJECTS = 10_000  # that are looked at


def _holds_recorded(leaf: Any) -> bool:
    """Whether a recorded value can be reached from an object: its attributes, entries, or the variables of a closure."""
    seen: set[int] = set()
    waiting = [leaf]
    while waiting and len(seen) < _OBJECTS:
        thing = waiting.pop()
        if isinstance(thing, Recorded):
            return True
        if id(thing) not in seen and not isinstance(thing, _WITHOUT):
            seen.add(id(thing))
            if isinstance(thing, FunctionType):  # not its globals
                waiting += (thing.__closure__, thing.__defaults__, thing.__kwdefaults__, vars(thing))
            else:
                waiting += get_referents(thing)
    return False


def _class(value: Any) -> type:
    return np.ndarray if isinstance(value, np.ndarray) else type(value)


def _as(cls: type, value: Any) -> Any:
    """An array, or a number of the class that the function returns."""
    return np.asarray(value) if cls is np.ndarray else cls(value)


def _copied(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, np.ndarray) else leaf
