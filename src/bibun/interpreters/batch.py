"""Batches: vmap. A Batch is an array with one more axis in front, which the code that runs on it does not see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bibun.arrays.array import Array, refuse_shape
from bibun.core.batching import WAYS
from bibun.core.primitive import Primitive
from bibun.core.traced import alone
from bibun.errors import DerivativeValueError, located

new = object.__new__


class Batch(Array):
    """One value an entry of the batch; `value` has the batch along its first axis."""

    __slots__ = ()
    __hash__ = Array.__hash__
    word = "a batch"

    def process(self, primitive: Primitive, args: tuple[Any, ...], settings: Mapping[str, Any]) -> Any:
        """Call once for the whole batch where the row knows how, else once an entry."""
        level = self.level
        batched = [isinstance(arg, Batch) and arg.level == level for arg in args]
        values = [arg.value if mine else arg for arg, mine in zip(args, batched, strict=True)]
        how = primitive.batch
        y = (how if callable(how) else WAYS[how])(primitive, values, batched, settings)
        if not isinstance(y, tuple):
            return batch(y, level)
        parts = [batch(part, level) for part in y]
        return type(y)._make(parts) if hasattr(y, "_make") else tuple(parts)

    @property
    def shape(self) -> tuple[int, ...]:
        """Without the axis of the batch."""
        shape: tuple[int, ...] = np.shape(self.value)[1:]
        return shape

    @shape.setter
    def shape(self, shape: Any) -> None:
        refuse_shape(self, shape)

    @property
    def data(self) -> Any:
        """Refused: it would show the entries of the whole batch."""
        raise DerivativeValueError(
            f"{located()}inside vmap a value is another one for each entry, so it has no data. Compute with it as it is."
        )

    def constant(self, value: Any) -> Batch:
        """The same value for every entry."""
        value = self.below(value)
        return batch(np.broadcast_to(value, (np.shape(self.value)[0], *np.shape(value))), self.level)

    def alone(self, views: list[Any]) -> bool:
        """Whether nobody else holds the values."""
        return alone(self, views)

    def alias(self) -> Batch:
        """Another Batch of the same values."""
        return batch(self.value, self.level)

    def become(self, other: Batch) -> None:
        """Be what `other` is."""
        self.level, self.value = other.level, other.value

    def __bool__(self) -> bool:
        raise DerivativeValueError(
            f"{located()}inside vmap a condition is a batch: it may be true for one entry and "
            "false for another, so `if` cannot choose. Write np.where(condition, a, b)."
        )


def batch(value: Any, level: int) -> Batch:
    """A Batch of this level over the first axis of `value`."""
    made: Batch = new(Batch)
    made.level = level
    made.value = value
    return made
