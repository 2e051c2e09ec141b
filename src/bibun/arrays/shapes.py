"""Stand-ins for what moves entries: shapes, axes, broadcasting, repeating; and the plain answers about shapes.

Where NumPy gives a view, the result is one: an in-place update of it reaches the original. Padding, diagonals
and triangles are in padding.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from operator import index
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from bibun.arrays import in_place
from bibun.arrays.kinship import asked, joins, related
from bibun.arrays.layouts import along, copied, layout
from bibun.arrays.registry import implements, row
from bibun.core.traced import Traced, alike
from bibun.errors import LostDerivativeError, located

_reshape, _transpose, _broadcast_to = row("reshape"), row("transpose"), row("broadcast_to")
_flip, _roll, _copy = row("flip"), row("roll"), row("copy")
_astype, _astype_step = row("astype"), row("astype_step")


def lengths(shape: Any) -> tuple[int, ...]:
    """A shape as whole numbers, of which a truth value is none; one of a recording is thereby decided."""
    if isinstance(shape, np.ndarray) and shape.ndim:
        shape = list(shape)
    each = tuple(shape) if isinstance(shape, Sequence) else (shape,)
    if any(isinstance(alike(n), (bool, np.bool_)) for n in each):
        raise TypeError(f"expected a sequence of integers or a single integer, got {shape!r}")
    return tuple(map(index, each))


_LENGTHS = "lengths are whole numbers, and do not depend on the entries"
_DTYPE = "a dtype does not depend on the entries"


def is_traced(value: Any) -> bool:
    """isinstance, after which a type checker still takes the value for an array."""
    return isinstance(value, Traced)


@implements(np.shape, plain=_LENGTHS)
def shape(a: Any) -> Any:
    """The lengths of the axes."""
    return a.shape


@implements(np.ndim, plain=_LENGTHS)
def ndim(a: Any) -> int:
    """The number of axes."""
    return len(a.shape)


@implements(np.size, plain=_LENGTHS)
def size(a: Any, axis: Any = None) -> int:
    """The number of entries, or the length of an axis (the product of those of several)."""
    if axis is None:
        return prod(a.shape)
    return prod(a.shape[i] for i in normalize_axis_tuple(axis, len(a.shape)))


@implements(np.result_type, plain=_DTYPE)
def result_type(*arrays_and_dtypes: Any) -> Any:
    """The dtype that NumPy's promotion gives."""
    return np.result_type(*[alike(a) for a in arrays_and_dtypes])


@implements(np.can_cast, plain=_DTYPE)
def can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    """Whether NumPy would cast."""
    return np.can_cast(from_.dtype if is_traced(from_) else from_, to, casting)


@implements(np.iscomplexobj, plain=_DTYPE)
def iscomplexobj(x: Any) -> bool:
    """Whether the dtype is complex."""
    return bool(x.dtype.kind == "c")


@implements(np.isrealobj, plain=_DTYPE)
def isrealobj(x: Any) -> bool:
    """Whether the dtype is not complex."""
    return bool(x.dtype.kind != "c")


def astype(x: Any, dtype: Any, copy: bool = True) -> Any:
    """The entries in another dtype. To integers or booleans it is a step function, whose values are plain."""
    dtype = np.dtype(dtype)
    if dtype == x.dtype:
        return copied(x) if copy else x
    if dtype.kind == "O":
        raise LostDerivativeError(
            f"{located()}astype(object) would make Python numbers of {x.word} of shape {x.shape}, and its derivative would be "
            "lost. Keep its dtype, or use astype(float)."
        )
    y = _astype(x, dtype=dtype) if dtype.kind in "fc" else _astype_step(x, dtype=dtype)
    return y if x.shape or in_place.is_number(x) else in_place.memory(y)


def fitted(value: Any, dtype: np.dtype[Any]) -> Any:
    """A number, also in a list, as one of the dtype in which it is stored: Python's, which has to fit, and a traced whole
    number, while it may still be Python's."""
    if isinstance(value, (list, tuple)):
        return [fitted(v, dtype) for v in value]
    if type(value) in (int, float, complex):
        return np.asarray(value, dtype)
    if not isinstance(value, Traced) or np.shape(value) or np.result_type(value).kind not in "iu":
        return value
    return astype(value, dtype, copy=False) if dtype.kind in "iu" else value


def on_cpu(device: Any) -> None:
    """Refuse another device, as NumPy does."""
    if device not in (None, "cpu"):
        raise ValueError(f"device={device!r} is not understood: arrays are on 'cpu'.")


if hasattr(np, "astype"):

    @implements(np.astype)
    def _astype_function(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
        on_cpu(device)
        return astype(x, dtype, copy)


def reshaped(a: Any, shape: tuple[int, ...]) -> Any:
    """In row-major order, to a shape without -1: a view where the memory allows it."""
    y = _reshape(a, shape=shape)
    if not a.shape and in_place.is_number(a):  # it has no memory to show
        return y
    in_rows = getattr(a, "view_of", None) is None and (not a.shape or alike(a).flags.c_contiguous)
    if in_rows or _is_view(layout(a), shape):
        y = in_place.view(a, y, _reshape, {"shape": shape})
    return related(a, y) if joins(a.shape, shape) else y


def _is_view(memory: Any, shape: tuple[int, ...]) -> bool:
    """Whether NumPy shows this memory in another shape, without a copy."""
    return bool(np.may_share_memory(memory, np.reshape(memory, shape)))


def permuted(a: Any, axes: tuple[int, ...]) -> Any:
    """The axes in another order: always a view."""
    return in_place.view(a, _transpose(a, axes=axes), _transpose, {"axes": axes})


@implements(np.reshape)
def reshape(a: Any, /, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: Any = None) -> Any:
    """The same entries in another shape, read and written in row-major (C) or column-major (F) order."""
    shape = newshape if shape is None else shape
    shape = lengths(shape)
    if -1 in shape or prod(shape) != prod(a.shape):
        shape = np.empty(a.shape, bool).reshape(shape).shape  # with NumPy's own complaints
    if order in ("A", "K"):
        asked(a)
        flags = layout(a).flags
        order = "F" if flags.f_contiguous and not flags.c_contiguous else "C"
    if copy:
        a = _copy(a)
    y = transpose(reshaped(transpose(a), shape[::-1])) if order == "F" else reshaped(a, shape)
    if copy is False:
        asked(a)
    if copy is False and a.size and getattr(y, "base", None) is None and isinstance(alike(a), np.ndarray):
        raise ValueError("Unable to avoid creating a copy while reshaping.")
    return y


@implements(np.ravel)
def ravel(a: Any, order: str = "C") -> Any:
    """One axis: a view where the entries lie side by side in memory, else a copy, as in NumPy."""
    if order in ("A", "K"):
        asked(a)
    if order == "K":
        memory = layout(a)
        if 0 in memory.strides:  # NumPy walks through it, and leaves axes that repeat where they are
            walk = np.nditer([memory, None], ["zerosize_ok"], [["readonly"], ["writeonly", "allocate"]], order="K")
            memory = walk.operands[1]
        a = permuted(a, in_place.outermost_first(memory, memory.ndim))
        order = "C"
    flags = layout(a).flags
    aside = flags.forc if order == "A" else flags.f_contiguous if order == "F" else flags.c_contiguous
    return related(a, reshape(a, (-1,), order, copy=not aside or None))


def flatten(a: Any, order: str = "C") -> Any:
    """One axis, a copy."""
    return _copy(ravel(a, order))


@implements(np.transpose)
def transpose(a: Any, axes: Any = None) -> Any:
    """The axes in another order; reversed where none is given."""
    n = len(a.shape)
    return permuted(a, tuple(range(n - 1, -1, -1)) if axes is None else _permutation(axes, n))


def _permutation(axes: Any, n: int) -> tuple[int, ...]:
    order: tuple[int, ...] = normalize_axis_tuple(axes, n)
    if len(order) != n:
        raise ValueError("axes don't match array")
    return order


@implements(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    """The last two axes swapped."""
    if len(x.shape) < 2:
        raise ValueError(f"matrix_transpose needs at least 2 axes; the array has {len(x.shape)}.")
    return swapaxes(x, -1, -2)


@implements(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """Two axes swapped."""
    order = list(range(len(a.shape)))
    i, j = (normalize_axis_index(k, len(order)) for k in (axis1, axis2))
    order[i], order[j] = order[j], order[i]
    return permuted(a, tuple(order))


@implements(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """Axes moved to other positions, the rest in their order."""
    n = len(a.shape)
    moved, to = normalize_axis_tuple(source, n, "source"), normalize_axis_tuple(destination, n, "destination")
    if len(moved) != len(to):
        raise ValueError("`source` and `destination` arguments must have the same number of elements")
    order = [i for i in range(n) if i not in moved]
    for place, axis in sorted(zip(to, moved, strict=True)):
        order.insert(place, axis)
    return permuted(a, tuple(order))


@implements(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """An axis moved to stand before position `start`."""
    n = len(a.shape)
    axis = normalize_axis_index(axis, n)
    start = start + n if start < 0 else start
    if not 0 <= start <= n:
        raise np.exceptions.AxisError(f"start={start} is not between 0 and {n}, the number of axes")
    return moveaxis(a, axis, start - 1 if axis < start else start)


@implements(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Any:
    """Without axes of length 1."""
    have = a.shape
    if axis is None:
        return reshaped(a, tuple(n for n in have if n != 1))
    drop = normalize_axis_tuple(axis, len(have))
    if any(have[i] != 1 for i in drop):
        raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
    return reshaped(a, tuple(n for i, n in enumerate(have) if i not in drop))


@implements(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Any:
    """With new axes of length 1 at these positions of the result."""
    axis = axis if isinstance(axis, (tuple, list)) else (axis,)
    new = normalize_axis_tuple(axis, len(axis) + len(a.shape))
    old = iter(a.shape)
    return reshaped(a, tuple(1 if i in new else next(old) for i in range(len(new) + len(a.shape))))


def _at_least(numpy_function: Any, shape_of: Any) -> None:
    @implements(numpy_function)
    def at_least(*arrays: Any) -> Any:
        made = tuple(reshaped(a, shape_of(a.shape)) if is_traced(a) else numpy_function(a) for a in arrays)
        return made[0] if len(made) == 1 else made


_at_least(np.atleast_1d, lambda s: s or (1,))
_at_least(np.atleast_2d, lambda s: s if len(s) > 1 else (1, *s) if s else (1, 1))
_at_least(np.atleast_3d, lambda s: s if len(s) > 2 else (*s, 1) if len(s) == 2 else (1, *(s or (1,)), 1))


@implements(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    """Repeated along axes of length 1 and new axes in front, without memory."""
    shape = lengths(shape)
    if shape == array.shape:  # of a number an array without axes
        return array if isinstance(alike(array), np.ndarray) else _broadcast_to(array, shape=shape)
    return in_place.view(array, _broadcast_to(array, shape=shape), _broadcast_to, {"shape": shape})


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """All in the shape that they have together."""
    shape = np.broadcast_shapes(*map(np.shape, args))
    return tuple(np.broadcast_to(a, shape) for a in args)


@implements(np.flip)
def flip(m: Any, axis: Any = None) -> Any:
    """The order of the entries along the axes reversed."""
    n = len(m.shape)
    axis = tuple(range(n)) if axis is None else normalize_axis_tuple(axis, n)
    return in_place.view(m, _flip(m, axis=axis), _flip, {"axis": axis})


@implements(np.fliplr)
def fliplr(m: Any) -> Any:
    """The second axis reversed."""
    if len(m.shape) < 2:
        raise ValueError("Input must be >= 2-d.")
    return flip(m, 1)


@implements(np.flipud)
def flipud(m: Any) -> Any:
    """The first axis reversed."""
    if len(m.shape) < 1:
        raise ValueError("Input must be >= 1-d.")
    return flip(m, 0)


@implements(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """A quarter turn, k times, from the first of the two axes towards the second."""
    i, j = normalize_axis_tuple(axes, len(m.shape))
    turns = k % 4
    if turns == 0:
        return m[:]
    if turns == 2:
        return flip(m, (i, j))
    return swapaxes(flip(m, j), i, j) if turns == 1 else flip(swapaxes(m, i, j), j)


@implements(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """Entries shifted along the axes; what leaves at one end comes in at the other."""
    if axis is None:
        return _reshape(roll(_reshape(a, shape=(a.size,)), shift, 0), shape=a.shape)
    axis = normalize_axis_tuple(axis, len(a.shape), allow_duplicate=True)
    pairs = [(int(step), int(i)) for step, i in np.broadcast(shift, axis)]
    return _roll(a, shift=tuple(step for step, _ in pairs), axis=tuple(i for _, i in pairs))


@implements(np.repeat)
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each entry along the axis `repeats` times (a number, or one an entry)."""
    if axis is None:
        a, axis = ravel(a), 0
    elif not a.shape:
        a = ravel(a)
    axis = normalize_axis_index(axis, len(a.shape))
    if np.ndim(repeats) == 0 or np.size(repeats) == 1:
        times = int(np.reshape(repeats, ()))
        before, behind = a.shape[: axis + 1], a.shape[axis + 1 :]
        wide = _broadcast_to(_reshape(a, shape=(*before, 1, *behind)), shape=(*before, times, *behind))
        return _with_memory(_reshape(wide, shape=(*before[:-1], before[-1] * times, *behind)))
    if is_traced(repeats):  # the shape of the result: a decision for each of them
        repeats = np.array([index(times) for times in repeats], int)
    return along(a, axis, np.repeat(np.arange(a.shape[axis]), repeats))


@implements(np.tile)
def tile(A: Any, reps: Any) -> Any:
    """The whole array `reps` times along each axis."""
    reps = tuple(map(index, reps)) if isinstance(reps, (tuple, list)) or np.ndim(reps) else (index(reps),)
    n = max(len(reps), len(A.shape))
    reps, have = (1,) * (n - len(reps)) + reps, (1,) * (n - len(A.shape)) + A.shape
    apart = _reshape(A, shape=tuple(k for length in have for k in (1, length)))
    wide = _broadcast_to(apart, shape=tuple(k for pair in zip(reps, have, strict=True) for k in pair))
    return _with_memory(_reshape(wide, shape=tuple(r * length for r, length in zip(reps, have, strict=True))))


def _with_memory(y: Any) -> Any:
    """A new array: of one entry, its repeats are still shown by broadcasting, and what its views would write would be lost."""
    memory = alike(y)
    return y if not isinstance(memory, np.ndarray) or memory.flags.c_contiguous else _copy(y)


@implements(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    """The entries in row-major order, repeated as often as the new shape needs."""
    new_shape = lengths(new_shape)
    if not a.size:
        return np.zeros_like(a, shape=new_shape)
    return ravel(a)[np.arange(prod(new_shape)).reshape(new_shape) % a.size]
