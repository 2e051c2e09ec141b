"""Where each entry of an array comes from that is put together from parts of others; and such an array as one gather.

Knows `view`, `place` and sums of padded arrays; anything else is a source.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bibun.compiler.fusing.affine import Affine, fixed, variable
from bibun.compiler.fusing.expressions import Box, Expression, Expressions, Gathering, is_zero

Array = np.ndarray[Any, Any]
SOURCES = 4  # arrays and numbers that a result is put together from, at most; of more, parts are laid side by side
LAYERS = 4  # sums of entries that are added at the same place, at most
_DEEP = 40  # joins of views of joins ...
_REMEMBERED = 1 << 23  # entries of joins, together, that are not looked up again


class Table:
    """Where each entry of an array comes from: which source, and which entry of that in row-major order.

    One of a lowering: an array that others are written onto is looked up once. Source 0 is the number 0.
    """

    def __init__(self, make: Expressions) -> None:
        self.make = make
        self.sources: list[Expression] = []
        self._numbers: dict[int, int] = {}
        self._known: dict[int, tuple[Array, Array]] = {}
        self._remembered = 0
        self._sums: dict[int, tuple[Array, Array] | None] = {}

    def suits(self, *arrays: Expression) -> bool:
        """Whether they have few sources."""
        waiting, seen, found = [(x, 0) for x in arrays], set(), {0}
        while waiting:
            y, depth = waiting.pop()
            if y.number in seen:
                continue
            seen.add(y.number)
            if depth > _DEEP:
                return False
            if self._moves(y):
                waiting += [(z, depth + (z.op != y.op)) for z in y.operands]
            else:
                found.add(self._source(y))
        return len(found) <= SOURCES + 1

    def _moves(self, x: Expression) -> bool:
        if is_sum(x):
            return self._of_sum(x) is not None
        return x.op == "place" or (x.op == "view" and not turns(x.params))

    def _of_sum(self, x: Expression) -> tuple[Array, Array] | None:
        """The same of a sum of padded arrays, where no two of them meet."""
        if x.number not in self._sums:
            base, terms = terms_of(x)
            layers = self.layers(terms, x.shape) if base is None else None
            self._sums[x.number] = layers[0] if layers is not None and len(layers) == 1 else None
        return self._sums[x.number]

    def _source(self, x: Expression) -> int:
        while x.op == "view" and is_zero(x):
            (x,) = x.operands
        if is_zero(x) and not np.signbit(x.params):  # a -0 that is written stays one
            return 0
        if x.number not in self._numbers:
            self.sources.append(x)
            self._numbers[x.number] = len(self.sources)
        return self._numbers[x.number]

    def of(self, x: Expression) -> tuple[Array, Array]:
        """For each entry its source and the place there."""
        found = self._known.get(x.number)
        if found is None:
            found = self._of(x)
            self._remembered += x.size
            if self._remembered <= _REMEMBERED:
                self._known[x.number] = found
        return found

    def _of(self, x: Expression) -> tuple[Array, Array]:
        found = self._of_sum(x) if is_sum(x) else None
        if found is not None:
            return found
        if x.op == "place":
            return self._joined(x)
        if x.op == "view" and not turns(x.params):
            (y,) = x.operands
            at = tuple([_indices(p, x.shape) for p in x.params])
            if self._moves(y):
                which, where = self.of(y)
                return np.broadcast_to(which[at], x.shape), np.broadcast_to(where[at], x.shape)
            place: Any = 0
            for index, n in zip(at, y.shape, strict=True):
                place = place * n + index
            return np.full(x.shape, self._source(y), np.int32), np.broadcast_to(np.asarray(place, np.int64), x.shape)
        where = np.arange(x.size).reshape(x.shape)
        return np.full(x.shape, self._source(x), np.int32), where

    def _joined(self, x: Expression) -> tuple[Array, Array]:
        """A join, and those that it is written onto."""
        joins = [x]
        while joins[-1].operands[0].op == "place" and joins[-1].operands[0].number not in self._known:
            joins.append(joins[-1].operands[0])
        which, where = (np.array(np.broadcast_to(a, x.shape)) for a in self.of(joins[-1].operands[0]))
        for join in reversed(joins):
            for part, box in zip(join.operands[1:], join.params, strict=True):
                region = region_of(part.shape, box)
                which[region], where[region] = self.of(part)
        return which, where

    def layers(self, terms: Sequence[Expression], shape: tuple[int, ...]) -> list[tuple[Array, Array]] | None:
        """Arrays whose sum, in order, adds to each entry what the terms add to it, in order; None if they are many."""
        counts = np.zeros(shape, np.int32)
        layers: list[tuple[Array, Array]] = []
        for term in terms:
            for part, box in zip(term.operands[1:], term.params, strict=True):
                region = region_of(part.shape, box)
                which, where = self.of(part)
                here = counts[region]
                for level in np.unique(here[which != 0]).tolist():
                    if level == LAYERS:
                        return None
                    if level == len(layers):
                        layers.append((np.zeros(shape, np.int32), np.zeros(shape, np.int64)))
                    mask = (which != 0) & (here == level)
                    for array, values in zip(layers[level], (which, where), strict=True):
                        array[region] = np.where(mask, values, array[region])
                counts[region] += which != 0
        return layers

    def expression(self, which: Array, where: Array, like: Expression) -> Expression:
        """The array itself."""
        make = self.make
        total: Expression | None = None
        for source in np.unique(which).tolist():
            valid = which == source
            x = make.number(0, like.kind) if source == 0 else self.sources[source - 1]
            value = make.broadcast(x, like.shape) if x.op == "number" else self._gathered(x, valid, where)
            total = value if total is None else make.map("select", self._mask(valid), value, total, kind=like.kind)
        assert total is not None
        total.kept = total.op in ("gather", "map")  # an index is read once for each entry, not wherever that is used
        return total

    def _mask(self, valid: Array) -> Expression:
        for axis in range(valid.ndim):
            first = valid.take([0], axis)
            valid = first if (valid == first).all() else valid
        return self._constant(np.array(valid), "i1")

    def _constant(self, array: Array, kind: str) -> Expression:
        array.setflags(write=False)
        return self.make.value(array, kind)

    def _gathered(self, x: Expression, valid: Array, where: Array) -> Expression:
        """Entries of x, where they are valid; any others elsewhere."""
        make = self.make
        axes: list[Any] = []
        operands: list[Expression] = []
        places: list[tuple[Affine, ...]] = []
        for index, n in zip(np.unravel_index(where * valid, x.shape) if x.shape else (), x.shape, strict=True):
            index, known = _shrunk(index, valid)
            affine = _affine(index, known, valid.shape, n)
            if affine is not None:
                axes.append(affine)
                continue
            kept = [axis for axis in range(index.ndim) if index.shape[axis] > 1]
            axes.append(len(operands))
            operands.append(self._constant(np.ascontiguousarray(index.reshape([index.shape[a] for a in kept])), "i64"))
            places.append(tuple([variable(axis) for axis in kept]))
        if not operands:
            return make.view(x, axes, valid.shape)
        return make.make("gather", (x, *operands), Gathering(tuple(axes), tuple(places)), valid.shape, x.kind)


def padded(x: Expression) -> bool:
    """Zeros but for some parts."""
    return x.op == "place" and is_zero(x.operands[0])


def is_sum(x: Expression) -> bool:
    """What a padded array is added to."""
    return x.op == "map" and x.params == "fadd" and any(map(padded, x.operands))


def terms_of(x: Expression) -> tuple[Expression | None, list[Expression]]:
    """What a sum begins with that is not padded, if anything, and the padded arrays that are added, in order."""
    terms: list[Expression] = []
    while x.op == "map" and x.params == "fadd":
        a, b = x.operands
        if not padded(b):
            a, b = b, a
        if not padded(b):
            break
        terms.append(b)
        x = a
    if padded(x):
        return None, [x, *reversed(terms)]
    return (None if is_zero(x) else x), terms[::-1]


def turns(places: Sequence[Affine]) -> bool:
    """Whether a place moves with the turns of a loop."""
    return any(v < 0 for _, terms in places for v, _ in terms)


def region_of(shape: Sequence[int], box: Box) -> tuple[slice, ...]:
    """The places of a part."""
    return tuple([slice(b, b + s * (n - 1) + 1, s) for b, s, n in zip(box.starts, box.steps, shape, strict=True)])


def _indices(place: Affine, shape: Sequence[int]) -> Any:
    """The values of an index, in an array that broadcasts to the shape."""
    total: Any = np.full((1,) * len(shape), place[0])
    for v, c in place[1]:
        total = total + c * np.arange(shape[v]).reshape([-1 if axis == v else 1 for axis in range(len(shape))])
    return total


def _shrunk(index: Array, valid: Array) -> tuple[Array, Array]:
    """Without the axes along which an index stays the same, as far as it is valid; 0 where it is nowhere."""
    most = int(index.max(initial=0)) + 1
    for axis in range(index.ndim):
        low = np.where(valid, index, most).min(axis=axis, keepdims=True)
        high = np.where(valid, index, -1).max(axis=axis, keepdims=True)
        if (low >= high).all():
            index, valid = np.where(high < 0, 0, high), high >= 0
    return index, valid


def _affine(index: Array, valid: Array, shape: tuple[int, ...], length: int) -> Affine | None:
    """An index along at most one axis as a function of it, if it is one, and within bounds everywhere."""
    kept = [axis for axis in range(index.ndim) if index.shape[axis] > 1]
    if not kept:
        return fixed(int(index.ravel()[0]))
    if len(kept) > 1:
        return None
    found = np.flatnonzero(valid.ravel())
    values = index.ravel()
    if len(found) < 2:
        return None
    step, rest = divmod(int(values[found[1]] - values[found[0]]), int(found[1] - found[0]))
    start = int(values[found[0]]) - step * int(found[0])
    last = start + step * (shape[kept[0]] - 1)
    if rest or not 0 <= min(start, last) <= max(start, last) < length:
        return None
    return variable(kept[0], step, start) if (values[found] == start + step * found).all() else None
