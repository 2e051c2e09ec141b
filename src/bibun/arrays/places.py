"""Where the entries of a view lie in the array that it shows: a key of the view as a key of that. Reads no array.

NumPy itself makes the view, of memory that is never touched, and its strides tell. Keys upon keys are put together without
that in keys.py; in_place.py writes.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import Any, NamedTuple

import numpy as np

from bibun.arrays.keys import is_basic, slice_of, spelled
from bibun.arrays.registry import row
from bibun.core.primitive import Primitive
from bibun.primitives.memory import getitem_apart
from bibun.primitives.shapes import inverse

_einsum, _getitem, _reshape, _transpose = row("einsum"), row("getitem"), row("reshape"), row("transpose")
_broadcast_to = row("broadcast_to")

Calls = tuple[tuple[Primitive, dict[str, Any]], ...]


class Places(NamedTuple):
    """The entries of x at `key` are those of a part of a view, whose axes have these `lengths`.

    x[key] = v, with v of that shape:
    split       reshaped so, where an axis of the part runs along two of x,
    axes        then its axes in this order, those of x,
    joined      then reshaped so, where two axes of the part run along one of x.
    """

    key: tuple[Any, ...]
    lengths: tuple[int, ...]
    split: tuple[int, ...]
    axes: tuple[int, ...]
    joined: tuple[int, ...]

    def laid(self, value: Any) -> Any:
        """What is assigned to the part, as x[key] takes it."""
        if self.joined == self.lengths and self.axes == tuple(range(len(self.axes))):
            return value
        if np.size(value) == 1:
            return np.reshape(value, ())
        more = np.ndim(value) - len(self.lengths)
        if more > 0:  # NumPy leaves out axes of length 1 in front
            value = np.reshape(value, np.shape(value)[more:])
        value = np.reshape(np.broadcast_to(value, self.lengths), self.split)
        return np.reshape(np.transpose(value, self.axes), self.joined)


def shown(primitive: Primitive, memory: Any, settings: dict[str, Any]) -> Any:
    """What a call that makes a view shows of an ndarray."""
    if primitive is _einsum:  # of one operand, where the row makes a copy
        return np.einsum("->".join(settings["subscripts"]), memory)
    return primitive.function(memory, **settings)


def as_slices(
    shape: tuple[int, ...], primitive: Primitive, settings: dict[str, Any], key: tuple[Any, ...]
) -> Places | None:
    """Where in x of this shape the entries of primitive(x, **settings)[key] lie, if a basic key of x takes just these."""
    if not is_basic(key):
        return None
    memory = np.empty(shape, bool)  # of which an entry is a byte
    part = shown(primitive, memory, settings)[key if Ellipsis in key else (*key, Ellipsis)]
    if not np.may_share_memory(part, memory):  # empty, or of a list of entries
        return None
    return _basic(shape, _first(part, memory), part.shape, part.strides)


def as_lists(
    shape: tuple[int, ...], primitive: Primitive, settings: dict[str, Any], key: tuple[Any, ...]
) -> tuple[Any, ...]:
    """The same for any key: a list of places along each axis of x, which has one."""
    memory = np.empty(shape, bool)
    view = shown(primitive, memory, settings)
    if not np.may_share_memory(view, memory):
        return np.unravel_index(shown(primitive, np.arange(memory.size).reshape(shape), settings)[key], shape)
    entries = np.full(np.broadcast_to(False, view.shape)[key].shape, _first(view, memory))
    for axis, (n, step) in enumerate(zip(view.shape, view.strides, strict=True)):
        along = np.arange(n).reshape(-1, *(1,) * (view.ndim - axis - 1))
        entries += np.broadcast_to(along, view.shape)[key] * step
    return np.unravel_index(entries, shape)


def calls(part: Any, memory: Any) -> Calls:
    """The calls, one after the other, that make of an array in row-major order what an ndarray shows of its memory."""
    again = [length > 1 and not step for length, step in zip(part.shape, part.strides, strict=True)]
    if any(again):
        once = part[tuple(slice(1) if repeats else slice(None) for repeats in again)]
        return *calls(once, memory), (_broadcast_to, {"shape": part.shape})
    first, size = _first(part, memory), memory.itemsize
    steps = tuple(step // size for step in part.strides)
    places = _basic(memory.shape, first // size, part.shape, steps)
    long = [axis for axis, length in enumerate(part.shape) if length > 1]
    if places is None and len(long) == 1:  # a diagonal is a slice of all entries
        n, step = part.shape[long[0]], steps[long[0]]
        along = slice_of(range(first // size, first // size + n * step, step))
        flat = (_reshape, {"shape": (memory.size,)}), (_getitem, {"key": (along,)})
        return flat if part.ndim == 1 else (*flat, (_reshape, {"shape": part.shape}))
    made: list[tuple[Primitive, dict[str, Any]]] = []
    if places is None and (shape := _stepped(memory.size, part.shape, steps)):  # what was reshaped
        places = _basic(shape, first // size, part.shape, steps)
        made.append((_reshape, {"shape": shape}))
    if places is None:  # several diagonals, or windows that overlap
        entries = np.full(part.shape, first // size)
        for axis, step in enumerate(steps):
            entries += (np.arange(part.shape[axis]) * step).reshape(-1, *(1,) * (part.ndim - axis - 1))
        return (_reshape, {"shape": (memory.size,)}), (getitem_apart, {"key": (entries,)})
    if places.key:
        made.append((_getitem, {"key": places.key if places.joined else (*places.key, Ellipsis)}))
    if places.joined != places.lengths or places.axes != tuple(range(len(places.axes))):
        made += [  # what `laid` does, undone
            (_reshape, {"shape": tuple(places.split[axis] for axis in places.axes)}),
            (_transpose, {"axes": inverse(places.axes)}),
            (_reshape, {"shape": places.lengths}),
        ]
    return tuple(made)


def _stepped(size: int, lengths: tuple[int, ...], steps: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape of so many entries in whose axes these steps are steps of 1; None where one is no multiple of the next."""
    distinct = sorted({abs(step) for step, length in zip(steps, lengths, strict=True) if length > 1}, reverse=True)
    if any(outer % inner for outer, inner in pairwise((size, *distinct))):
        return None
    return tuple(outer // inner for outer, inner in pairwise((size, *distinct, 1)))


def _first(part: Any, memory: Any) -> int:
    """The place of its first entry."""
    return int(part.__array_interface__["data"][0] - memory.__array_interface__["data"][0])


def _basic(shape: tuple[int, ...], first: int, lengths: tuple[int, ...], steps: tuple[int, ...]) -> Places | None:
    """The places of `first` and what lies by so many steps from it, if a slice of each axis of x takes them."""
    starts = [int(i) for i in np.unravel_index(first, shape)] if shape else []
    strides = [prod(shape[i + 1 :]) for i in range(len(shape))]
    split: list[int] = []
    runs: list[list[tuple[int, int, int]]] = [[] for _ in shape]  # along each axis of x: step, length, which of split
    for length, step in zip(lengths, steps, strict=True):
        pieces = _pieces(shape, strides, starts, length, step)
        if pieces is None:
            return None
        for axis, stride, n in pieces:
            runs[axis].append((stride, n, len(split)))
            split.append(n)
    key: list[Any] = []
    axes: list[int] = []
    joined = []
    for start, n, along in zip(starts, shape, runs, strict=True):
        if not along:
            key.append(start)
            continue
        along.sort(key=lambda run: -abs(run[0]))
        for (outer, _, _), (inner, length, _) in pairwise(along):
            if outer != inner * length:
                return None
        step, count = along[-1][0], prod(length for _, length, _ in along)
        taken = range(start, start + step * count, step)
        if not 0 <= taken[-1] < n:
            return None
        key.append(taken)
        axes += [which for _, _, which in along]
        joined.append(count)
    return Places(spelled(key, shape), lengths, tuple(split), tuple(axes), tuple(joined))


def _pieces(
    shape: tuple[int, ...], strides: list[int], starts: list[int], length: int, step: int
) -> list[tuple[int, int, int]] | None:
    """An axis of the part as steps along axes of x, the outermost first: axis, step, how many. None where it is not."""
    found: list[tuple[int, int, int]] = []
    while length > 1:
        axis = next((i for i, n in enumerate(shape) if n > 1 and strides[i] <= abs(step)), None)
        if axis is None or step % strides[axis]:
            return None
        n, along = shape[axis], step // strides[axis]
        if 0 <= starts[axis] + along * (length - 1) < n:
            return [(axis, along, length), *found]
        count = n // abs(along)  # steps to the end of the axis: from there it runs on along the axis before
        whole = n % along == 0 and length % count == 0
        if not whole or not 0 <= starts[axis] + along * (count - 1) < n:
            return None
        found.insert(0, (axis, along, count))
        length, step = length // count, step * count
    return found
