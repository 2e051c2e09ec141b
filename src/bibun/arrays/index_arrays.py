"""Traced index arrays in a key, as one: where there are several, the axes that they index are laid together.

Indexes nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from bibun.arrays.deciding import anywhere
from bibun.core.traced import Traced
from bibun.errors import NoDerivativeError, located
from bibun.primitives.indexing import Place, fill


class Laid(NamedTuple):
    """x[...] is laid(x)[key], `index` in the place of the key's Place(0)."""

    order: tuple[int, ...]  # of the axes of x
    shape: tuple[int, ...]  # of x in that order, with the indexed axes as one
    key: tuple[Any, ...]
    index: Any

    def laid(self, x: Any) -> Any:
        """An array of the shape of x, as `index` sees it."""
        if len(self.order) == len(self.shape):  # of one index array: as it is
            return x
        return np.reshape(np.transpose(x, self.order), self.shape)

    def back(self, y: Any, shape: tuple[int, ...]) -> Any:
        """The array of this shape that is laid as y."""
        if len(self.order) == len(self.shape):
            return y
        return np.transpose(np.reshape(y, [shape[axis] for axis in self.order]), np.argsort(self.order))


def together(shape: tuple[int, ...], key: tuple[Any, ...], traced: Sequence[Any]) -> Laid:
    """The key of an array of this shape, with one index array instead of all that are in it, if several are traced."""
    if len(traced) == 1:
        return Laid(tuple(range(len(shape))), shape, key, traced[0])
    entries, apart = _by_axis(shape, fill(key, traced))
    axes = np.cumsum([k is not None for k in entries]) - 1
    places = [n for n, k in enumerate(entries) if k is not None and not isinstance(k, slice)]
    indexed = [int(axes[n]) for n in places]
    index: Any = 0
    for axis, n in zip(indexed, places, strict=True):
        index = index * shape[axis] + _within(entries[n], axis, shape[axis])
    length = prod(shape[axis] for axis in indexed)
    first, last = places[0], places[-1]
    if apart or last - first + 1 != len(places):  # NumPy then puts the axes of index arrays in front
        rest = [axis for axis in range(len(shape)) if axis not in indexed]
        kept = [k for n, k in enumerate(entries) if n not in places]
        return Laid((*indexed, *rest), (length, *(shape[axis] for axis in rest)), (Place(0), *kept), index)
    laid = (*shape[: indexed[0]], length, *shape[indexed[-1] + 1 :])
    return Laid(tuple(range(len(shape))), laid, (*entries[:first], Place(0), *entries[last + 1 :]), index)


def _by_axis(shape: tuple[int, ...], key: tuple[Any, ...]) -> tuple[list[Any], bool]:
    """One entry for each axis, and the Nones; and whether an ellipsis stands between indices."""
    entries: list[Any] = []
    ellipsis = None
    for k in key:
        if k is Ellipsis:
            ellipsis = len(entries)
        elif k is None or isinstance(k, slice) or np.result_type(k).kind != "b":
            entries.append(k)
        elif np.ndim(k):
            entries += np.nonzero(k)
        else:
            raise NoDerivativeError(
                f"{located()}True and False beside several traced index arrays have no rule. Write x[None] for the axis "
                "that they make."
            )
    missing = len(shape) - sum(k is not None for k in entries)
    if missing < 0:
        raise IndexError(f"too many indices for an array of shape {shape}: {len(shape) - missing}.")
    at = len(entries) if ellipsis is None else ellipsis
    is_index = [k is not None and not isinstance(k, slice) for k in entries]
    entries[at:at] = [slice(None)] * missing
    return entries, any(is_index[:at]) and any(is_index[at:])


def _within(index: Any, axis: int, length: int) -> Any:
    """The index, counted from the front."""
    index = index if isinstance(index, Traced) else np.asarray(index)
    if anywhere(np.less(index, -length) | np.greater_equal(index, length)):
        raise IndexError(f"an index is out of bounds for axis {axis} with size {length}")
    return np.where(np.less(index, 0), index + length, index)
