"""Tangents: forward mode. A Dual is a value and its tangent; nothing else is kept, so memory does not grow with the calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bibun.arrays.array import Array
from bibun.core.kinds import transposed_pushforward
from bibun.core.primitive import Primitive
from bibun.core.resolve import arguments
from bibun.core.traced import alone

# turned(tangents, moved, level), of turning.py, which knows batches too.
_turned: list[Callable[[Any, Any, int], Any]] = []
new = object.__new__


def provide(turned: Callable[[Any, Any, int], Any]) -> None:
    """Called once, by what keeps account of bases that could turn."""
    _turned[:] = [turned]


class Dual(Array):
    """A value and its tangent (None: zero)."""

    __slots__ = ("tangent",)
    __hash__ = Array.__hash__

    tangent: Any
    word = "a traced value of forward mode"

    def process(self, primitive: Primitive, args: tuple[Any, ...], settings: Mapping[str, Any]) -> Any:
        """Call on the values, and push the tangents forward."""
        level = self.level
        values: list[Any] = []
        tangents: list[Any] = []
        for arg in args:
            mine = isinstance(arg, Dual) and arg.level == level
            values.append(arg.value if mine else arg)
            tangents.append(arg.tangent if mine else None)
        y = primitive(*values, **settings)
        if primitive.kind == "constant":
            return y
        dy = self.pushed(primitive, y, values, tangents, settings)
        if not isinstance(y, tuple):
            return self.made(y, dy)
        parts = [self.made(part, None if dy is None else dy[k]) for k, part in enumerate(y)]
        return type(y)._make(parts) if hasattr(y, "_make") else tuple(parts)

    def pushed(
        self, primitive: Primitive, y: Any, values: list[Any], tangents: list[Any], settings: Mapping[str, Any]
    ) -> Any:
        """The tangent of y; None where it is zero."""
        dy = push(primitive, y, values, tangents, settings)
        if primitive.turn is None or dy is None:
            return dy
        return _turned[0](dy, primitive.turn(y, values, settings), self.level)

    def made(self, value: Any, tangent: Any) -> Dual:
        """Another one of its kind."""
        return dual(value, tangent, self.level)

    def constant(self, value: Any) -> Dual:
        """A Dual whose tangent is zero."""
        return self.made(self.below(value), None)

    def alone(self, views: list[Any]) -> bool:
        """Whether nobody else holds its value and its tangent."""
        return alone(self, views) and (self.tangent is None or alone(self, views, "tangent"))

    def alias(self) -> Dual:
        """Another Dual of the same value and tangent."""
        return self.made(self.value, self.tangent)

    def become(self, other: Dual) -> None:
        """Be what `other` is."""
        self.level, self.value, self.tangent = other.level, other.value, other.tangent


def dual(value: Any, tangent: Any, level: int) -> Dual:
    """A Dual of this level, the tangent fitted to the value: real where it is real, of its shape and dtype."""
    made: Dual = new(Dual)
    made.level = level
    made.value = value
    made.tangent = None if tangent is None else _fitted(tangent, value)
    return made


def _fitted(tangent: Any, value: Any) -> Any:
    have, want = np.result_type(tangent), np.result_type(value)
    if have is not want and have != want:
        if have.kind == "c" and want.kind != "c":
            tangent = np.real(tangent)
        if want.kind in "fc":
            tangent = tangent.astype(want)
    shape = np.shape(value)
    return tangent if np.shape(tangent) == shape else np.broadcast_to(tangent, shape)


def push(
    primitive: Primitive,
    y: Any,
    values: list[Any],
    tangents: list[Any],
    settings: Mapping[str, Any],
    each: Callable[[Any, int], Any] | None = None,
) -> Any:
    """The tangent of y; None where it is zero. `each` is applied to the part of every input, and given its number."""
    moving = [i for i, tangent in enumerate(tangents) if tangent is not None]
    variadic = primitive.inputs is None
    if not variadic:
        moving = [i for i in moving if primitive.pullbacks[i] is not None]
    if not moving:
        return None
    if primitive.joint:
        parts = [primitive(*(_or_zeros(primitive, i, values, tangents) for i in range(len(values))), **settings)]
    elif primitive.kind in ("linear", "multilinear"):
        parts = [primitive(*values[:i], tangents[i], *values[i + 1 :], **settings) for i in moving]
    elif primitive.pushforwards and all(primitive.pushforwards[0 if variadic else i] for i in moving):
        if variadic:
            rule: Any = primitive.pushforwards[0]
            parts = [rule.function(tangents, *arguments(rule, primitive, y, values, settings))]
        else:
            rules = [(primitive.pushforwards[i], tangents[i]) for i in moving]
            parts = [r.function(t, *arguments(r, primitive, y, values, settings)) for r, t in rules if r]
    else:
        parts = [transposed_pushforward(primitive, i, tangents[i], y, values, settings) for i in moving]
    if each is not None:
        parts = [each(part, number) for number, part in enumerate(parts)]
    total = parts[0]
    for part in parts[1:]:
        total = tuple(p + q for p, q in zip(total, part, strict=True)) if isinstance(y, tuple) else total + part
    return total


def _or_zeros(primitive: Primitive, i: int, values: list[Any], tangents: list[Any]) -> Any:
    """The tangent of input i, zeros where it has none; an input that is no number of the map (an index, a condition) itself."""
    if tangents[i] is not None:
        return tangents[i]
    if primitive.inputs is not None and primitive.pullbacks[i] is None:
        return values[i]
    return np.zeros_like(values[i]) if np.ndim(values[i]) else np.zeros((), np.result_type(values[i]))[()]
