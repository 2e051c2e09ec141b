"""Recording: an interpreter of its own, which shows every call of a row to whoever looks. Keeps no call, judges none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from bibun.arrays.array import Array
from bibun.core.primitive import Primitive
from bibun.core.traced import plain

new = object.__new__


class Call(NamedTuple):
    """One call of a row, all values plain. `needed`: the inputs that depend on what f is differentiated by."""

    primitive: Primitive
    values: list[Any]
    settings: Mapping[str, Any]
    y: Any
    needed: tuple[int, ...]

    @property
    def outputs(self) -> tuple[Any, ...]:
        """The output, or each of several."""
        return self.y if isinstance(self.y, tuple) else (self.y,)


class Recorded(Array):
    """A value whose calls are shown to `see`. `active`: it depends on what f is differentiated by."""

    __slots__ = ("active", "see")
    __hash__ = Array.__hash__

    active: bool
    see: Callable[[Call], None]
    word = "a value that a check records"

    def process(self, primitive: Primitive, args: tuple[Any, ...], settings: Mapping[str, Any]) -> Any:
        """Call on the values, and show the call."""
        level, see = self.level, self.see
        values: list[Any] = []
        active: list[int] = []
        for i, arg in enumerate(args):
            mine = isinstance(arg, Recorded) and arg.level == level
            values.append(arg.value if mine else arg)
            if mine and arg.active:
                active.append(i)
        once = primitive.once  # a function of the user's may write to what it is given, and keep what it returns
        y = primitive(*map(_apart, values), **settings) if once else primitive(*values, **settings)
        if primitive.kind == "constant":
            return y
        y = _each(_apart, y) if once else y
        needed = tuple(i for i in active if _differentiates(primitive, i, values[i]))
        if needed:
            take = _taken if once else plain
            see(Call(primitive, list(map(take, values)), settings, _each(take, y), needed))
        return _each(lambda part: recorded(part, level, see, active=bool(needed)), y)

    def constant(self, value: Any) -> Recorded:
        """A value of this level that depends on nothing."""
        return recorded(value, self.level, self.see, active=False)

    def alias(self) -> Recorded:
        """Another object for the same value."""
        return recorded(self.value, self.level, self.see, active=self.active)

    def become(self, other: Recorded) -> None:
        """Be what `other` is."""
        self.level, self.value, self.see, self.active = other.level, other.value, other.see, other.active


def recorded(value: Any, level: int, see: Callable[[Call], None], *, active: bool = True) -> Recorded:
    """A value of this level."""
    made: Recorded = new(Recorded)
    made.level = level
    made.value = value
    made.see = see
    made.active = active
    return made


def _differentiates(primitive: Primitive, i: int, value: Any) -> bool:
    """Whether the row has a derivative by its input i."""
    if primitive.inputs is not None and primitive.pullbacks[i] is None:
        return False
    return np.result_type(plain(value)).kind in "fc"


def _apart(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


def _taken(value: Any) -> Any:
    return _apart(plain(value))


def _each(function: Callable[[Any], Any], y: Any) -> Any:
    """Of the output, or of each of several, keeping a named tuple what it is."""
    if not isinstance(y, tuple):
        return function(y)
    parts = map(function, y)
    return type(y)._make(parts) if hasattr(y, "_make") else tuple(parts)
