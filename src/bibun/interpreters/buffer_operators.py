"""Python's operators and conversions on Buffers: those of the value. What a Buffer is, is in buffer.py."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from bibun.arrays import in_place
from bibun.arrays.array import OPERATORS
from bibun.core.traced import Traced
from bibun.interpreters.filling import make_room
from bibun.tree import named

_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


def _binary(function: Callable[[Any, Any], Any]) -> Any:
    return lambda self, other: function(self.value, named(other))


def _reflected(function: Callable[[Any, Any], Any]) -> Any:
    return lambda self, other: function(named(other), self.value)


def _augmented(function: Callable[[Any, Any], Any], in_memory: Callable[[Any, Any], Any]) -> Any:
    def update(self: Any, other: Any) -> Any:
        other = named(other)
        if isinstance(other, Traced) or isinstance(self.value, Traced):
            make_room(self, (other,))
            in_place.assign(self.value, function(self.value, other))
        else:
            in_memory(self.value, other)
        return self

    return update


def _unary(function: Callable[[Any], Any]) -> Any:
    return lambda self: function(self.value)


def install(cls: Any) -> None:
    """Give them to the class."""
    for name in OPERATORS:
        function = getattr(operator, f"__{name}__")
        setattr(cls, f"__{name}__", _binary(function))
        setattr(cls, f"__r{name}__", _reflected(function))
        setattr(cls, f"__i{name}__", _augmented(function, getattr(operator, f"__i{name}__")))
    for name in _COMPARISONS:
        setattr(cls, f"__{name}__", _binary(getattr(operator, name)))
    for function in (operator.neg, operator.pos, operator.abs, operator.invert, operator.index):
        setattr(cls, f"__{function.__name__.strip('_')}__", _unary(function))
    for conversion in (bool, int, float, complex, repr, str):
        setattr(cls, f"__{conversion.__name__}__", _unary(conversion))
