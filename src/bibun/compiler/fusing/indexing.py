"""Lowering of brackets: basic keys are views and boxes, index arrays gather and scatter."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.fusing import masks
from bibun.compiler.fusing.affine import Affine, fixed, turn_of, variable
from bibun.compiler.fusing.expressions import Box, Expression, Expressions, Gathering, Scattering, is_zero
from bibun.compiler.fusing.lowering import Lowering, lowers
from bibun.compiler.fusing.origins import turns
from bibun.compiler.fusing.views import reshaped
from bibun.compiler.graph import Node
from bibun.compiler.rolling.rolled import Turn, TurnSlice
from bibun.primitives.indexing import Place


class Key(NamedTuple):
    """A key read against a shape. `axes`: for each axis of the source an Affine of the taken array's axes, or the number
    of an index array; `taken`: the shape of what is taken; `block`: where the axes of the index arrays stand in it.
    """

    axes: tuple[Any, ...]
    arrays: tuple[Any, ...]
    taken: tuple[int, ...]
    block: tuple[int, int]


def read_key(lower: Lowering, key: tuple[Any, ...], shape: tuple[int, ...], traced: list[Expression]) -> Key | None:
    """As NumPy reads brackets; None for a mask that is not known while compiling."""
    entries = _expanded(key, shape, traced)
    if entries is None:
        return None
    advanced = [n for n, k in enumerate(entries) if isinstance(k, (np.ndarray, Expression))]
    if not advanced:
        return _basic(entries, shape, len(lower.turns))
    # Beside index arrays, a number is one too; the block stands where they are, or in front if they are apart.
    advanced = [n for n, k in enumerate(entries) if isinstance(k, (np.ndarray, Expression, int))]
    if any(isinstance(k, (Turn, TurnSlice)) for k in entries):
        return None
    together = advanced[-1] - advanced[0] + 1 == len(advanced)
    arrays = [entries[n] for n in advanced]
    wide = np.broadcast_shapes(*(np.shape(a) if not isinstance(a, Expression) else a.shape for a in arrays))
    taken: list[int] = [] if together else list(wide)
    axes: list[Any] = []
    at = 0 if not together else -1
    source = 0
    for n, k in enumerate(entries):
        if n in advanced:
            if at < 0:
                at = len(taken)
                taken += wide
            axes.append(advanced.index(n))
            source += 1
        elif k is None:
            taken.append(1)
        else:
            start, stop, step = k.indices(shape[source])
            axes.append(variable(len(taken), step, start))
            taken.append(len(range(start, stop, step)))
            source += 1
    return Key(tuple(axes), tuple(arrays), tuple(taken), (at, len(wide)))


def _expanded(key: tuple[Any, ...], shape: tuple[int, ...], traced: list[Expression]) -> list[Any] | None:
    """An entry an axis of the source, or None for a new one: slices, numbers, index arrays; masks as index arrays."""
    entries: list[Any] = []
    for k in key:
        if isinstance(k, Place):
            k = traced[k.number]
            if k.kind == "i1":
                return None
        elif isinstance(k, (list, np.ndarray, bool, np.bool_)):
            k = np.asarray(k)
            if k.dtype == bool:
                if k.ndim == 0:
                    return None
                entries += [np.asarray(i) for i in np.nonzero(k)]
                continue
            k = k.astype(np.int64)
        elif isinstance(k, (Turn, TurnSlice)):
            pass
        elif isinstance(k, np.integer):
            k = int(k)
        entries.append(k)
    used = sum(k is not None and k is not Ellipsis for k in entries)
    rest = [slice(None)] * (len(shape) - used)
    places = [n for n, k in enumerate(entries) if k is Ellipsis]
    if places:
        entries[places[0] : places[0] + 1] = rest
    else:
        entries += rest
    return entries


def _basic(entries: list[Any], shape: tuple[int, ...], loops: int) -> Key:
    """loops: how many are around."""
    axes: list[Any] = []
    taken: list[int] = []
    source = 0
    for k in entries:
        if k is None:
            taken.append(1)
            continue
        if isinstance(k, int):
            axes.append(fixed(k % shape[source] if shape[source] else 0))
        elif isinstance(k, Turn):
            axes.append((k.start, _turns(k, loops)))
        elif isinstance(k, TurnSlice):
            axes.append((k.start, (*_turns(k, loops), (len(taken), 1))))
            taken.append(k.length)
        else:
            start, stop, step = k.indices(shape[source])
            axes.append(variable(len(taken), step, start))
            taken.append(len(range(start, stop, step)))
        source += 1
    return Key(tuple(axes), (), tuple(taken), (0, 0))


def _turns(k: Turn | TurnSlice, loops: int) -> tuple[tuple[int, int], ...]:
    """The terms of an affine index, the outermost loop first."""
    return tuple([(turn_of(loops - n), step) for n, step in enumerate(k.steps, 1) if step])[::-1]


def _index_operands(
    make: Expressions, key: Key, shape: tuple[int, ...]
) -> tuple[tuple[Expression, ...], tuple[tuple[Affine, ...], ...]]:
    """The index arrays, and at which of the taken array's indices each of them is read."""
    operands, places = [], []
    at, wide = key.block
    for number, array in enumerate(key.arrays):
        if not isinstance(array, Expression):
            length = shape[key.axes.index(number)]
            array = np.where(np.less(array, 0), np.add(array, length), array).astype(np.int64)
            array.setflags(write=False)  # NumPy has found it to be within bounds
            array = make.number(array[()], "i64") if not array.shape else make.value(array, "i64")
        operands.append(make.cast(array, "i64"))
        lead = wide - len(array.shape)
        places.append(tuple([fixed(0) if n == 1 else variable(at + lead + i) for i, n in enumerate(array.shape)]))
    return tuple(operands), tuple(places)


def _is_mask(node: Node, traced: list[Expression]) -> bool:
    """Whether the key is a computed mask alone."""
    return len(traced) == len(node.settings["key"]) == 1 and traced[0].kind == "i1" and bool(traced[0].shape)


@lowers("getitem", "getitem_at")
def _getitem(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    x, *traced = operands
    if _is_mask(node, traced):
        return masks.taken(lower.make, lower.shuffles.settled(x), traced[0], node.shape)
    key = read_key(lower, node.settings["key"], x.shape, traced)
    if key is None:
        return None
    make = lower.make
    if not key.arrays:
        return lower.shuffles.view(x, key.axes, key.taken)
    indices, places = _index_operands(make, key, x.shape)
    return make.gather(lower.shuffles.settled(x), indices, Gathering(key.axes, places), key.taken)


@lowers("scatter_add", "scatter_add_at")
def _scatter_add(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    v, *traced = operands
    if v.kind == "i1":
        return None  # of truth values no sum is taken, but whether any is there
    zero = lower.make.broadcast(lower.make.number(0, v.kind), node.shape)
    if _is_mask(node, traced):
        return masks.filled(lower, zero, traced[0], v)
    return _scattered(lower, zero, v, node.settings["key"], traced, adds=True)


@lowers("put", "put_at")
def _put(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    x, v, *traced = operands
    kind = x.kind
    if _is_mask(node, traced):
        return masks.filled(lower, x, traced[0], lower.make.cast(v, kind))
    return _scattered(lower, x, lower.make.cast(v, kind), node.settings["key"], traced, adds=False)


def _scattered(
    lower: Lowering,
    background: Expression,
    v: Expression,
    brackets: tuple[Any, ...],
    traced: list[Expression],
    *,
    adds: bool,
) -> Expression | None:
    """The background with v put at the key, or added there."""
    make, shape = lower.make, background.shape
    key = read_key(lower, brackets, shape, traced)
    if key is None:
        return None
    if len(v.shape) > len(key.taken):  # NumPy drops leading axes of length 1 in an assignment
        v = reshaped(make, v, v.shape[len(v.shape) - len(key.taken) :])
    v = make.broadcast(v, key.taken)
    if not v.size:
        return background
    if key.arrays:
        indices, places = _index_operands(make, key, shape)
        scattering = Scattering(key.axes, places, adds)
        return make.make("scatter", (background, v, *indices), scattering, shape, background.kind)
    if turns(key.axes):
        return _patched(make, background, v, key, adds=adds)
    starts: list[int] = []
    steps: list[int] = []
    extents: list[int] = []
    order: list[Affine] = []
    for start, terms in key.axes:
        step = terms[0][1] if terms else 1
        extent = key.taken[terms[0][0]] if terms else 1
        if step < 0:  # the same entries from the other end
            start, step = start + step * (extent - 1), -step
            order.append(variable(len(extents), -1, extent - 1))
        else:
            order.append(variable(len(extents)))
        starts.append(start)
        steps.append(step if extent > 1 else 1)
        extents.append(extent)
    part = reshaped(make, v, tuple(extents))
    part = make.view(part, order, extents)
    if all(e == n and s == 1 for e, s, n in zip(extents, steps, shape, strict=True)):
        return part  # it covers everything, and the background of an added one is zero
    return lower.shuffles.place(background, part, Box(tuple(starts), tuple(steps)))


def _patched(make: Expressions, background: Expression, v: Expression, key: Key, *, adds: bool) -> Expression:
    """At a place that moves with the turns of a loop."""
    if adds and not is_zero(background):
        v = make.map("fadd", make.view(background, key.axes, key.taken), v)
    return make.patch(background, v, key.axes)


@lowers("take_along_axis")
def _take_along_axis(lower: Lowering, node: Node, operands: list[Expression]) -> Expression:
    x, i = operands
    axis = node.settings["axis"]
    axes = tuple(0 if n == axis else variable(n) if x.shape[n] != 1 else fixed(0) for n in range(len(x.shape)))
    places = tuple(fixed(0) if n == 1 else variable(k) for k, n in enumerate(i.shape))
    index = lower.make.cast(i, "i64")
    return lower.make.gather(x, (index,), Gathering(axes, (places,)), node.shape)


@lowers("add_along_axis")
def _add_along_axis(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    v, i = operands
    axis, shape = node.settings["axis"], node.shape
    if v.kind == "i1" or v.shape != i.shape or any(v.shape[n] != shape[n] for n in range(len(shape)) if n != axis):
        return None
    axes = tuple(0 if n == axis else variable(n) for n in range(len(shape)))
    places = tuple(fixed(0) if n == 1 else variable(k) for k, n in enumerate(i.shape))
    zero = lower.make.broadcast(lower.make.number(0, v.kind), shape)
    index = lower.make.cast(i, "i64")
    return lower.make.make("scatter", (zero, v, index), Scattering(axes, (places,), True), shape, v.kind)
