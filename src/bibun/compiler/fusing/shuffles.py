"""Many small moves of entries as one: chains of slices, joins and writes whose places are known become a gather.

A triangular matrix that is filled entry by entry, and the way back through it, are hundreds of moves and no arithmetic. Of
each entry of the result it is known where it comes from; so the result is read there, through an index array. Knows
`view`, `place` and sums of padded arrays; anything else is a source.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bibun.compiler.fusing.affine import Affine, fixed, shifted, variable
from bibun.compiler.fusing.expressions import Box, Expression, Expressions, Gathering, is_zero

Array = np.ndarray[Any, Any]
MANY = 16  # parts; fewer moves are left as they are
SOURCES = 4  # arrays and numbers that a result is put together from, at most; of more, parts are laid side by side
LAYERS = 4  # sums of entries that are added at the same place, at most
LONG = 1024  # entries of a part that is better read by a loop of its own
LARGE = 1 << 22  # entries: of more no index is made
_DEEP = 40  # joins of views of joins ...


class Chain:
    """Arrays that differ by one write each. `last`: for each entry, the write that was the last one; -1 for none.

    again       some entry was written twice, so that `last` says nothing about earlier arrays
    """

    def __init__(self, root: Expression, shape: tuple[int, ...]) -> None:
        self.root = root
        self.writes: list[tuple[Expression, Box]] = []
        self.last = np.full(shape, -1, np.int32)
        self.again = False

    def write(self, part: Expression, box: Box) -> int:
        """One more; how many there are then."""
        region = self.last[_region(part.shape, box)]
        self.again |= bool((region >= 0).any())
        region[...] = len(self.writes)
        self.writes.append((part, box))
        return len(self.writes)


class Shuffles:
    """Of one lowering: what it has made that moves entries only."""

    def __init__(self, make: Expressions) -> None:
        self.make = make
        self._chains: dict[int, tuple[Chain, int]] = {}
        self._counts: dict[int, int] = {}
        self._settled: dict[int, Expression] = {}

    # ---- while it is lowered -----------------------------------------------------------------------

    def note(self, x: Expression) -> None:
        """That this was made, in order."""
        if x.op != "place" or len(x.params) != 1 or x.number in self._chains or x.size > LARGE:
            return
        background, part = x.operands
        chain, writes = self._chains.get(background.number, (None, 0))
        if chain is None or writes != len(chain.writes):
            if self.count(x) < MANY or not self._has_pieces(x):  # not worth it, so far
                return
            chain = Chain(background, x.shape)
        self._chains[x.number] = (chain, chain.write(part, x.params[0]))

    def view(self, x: Expression, places: Sequence[Affine], shape: Sequence[int]) -> Expression:
        """x at places: read from what was there before the last writes, or from what was written, where that is known."""
        found = self._chains.get(x.number)
        if found is None or not all(shape) or _turns(places):
            return self.make.view(x, places, shape)
        chain, writes = found
        if chain.again and writes != len(chain.writes):
            return self.make.view(x, places, shape)
        region = chain.last[tuple([_reach(p, shape) for p in places])]
        region = np.where(region < writes, region, -1)
        first = int(region.min())
        if first == int(region.max()):
            if first < 0:
                return (
                    self.view(chain.root, places, shape) if chain.root.shape == x.shape else self._of(chain.root, shape)
                )
            part, box = chain.writes[first]
            if all(step == 1 for step in box.steps):
                inside = [shifted(p, -start) for p, start in zip(places, box.starts, strict=True)]
                return self.view(part, inside, shape)
        return self.make.view(x, places, shape)

    def _of(self, number: Expression, shape: Sequence[int]) -> Expression:
        return self.make.broadcast(number, shape)

    def moves(self, operands: Sequence[Expression], name: str) -> bool:
        """Whether a row only moves entries of these operands, so that more moves may follow."""
        return name in _MOVING or (name == "add" and any(map(_padded, operands)))

    def count(self, x: Expression) -> int:
        """How many parts it is put together from."""
        waiting = [x]
        while waiting:
            y = waiting[-1]
            below = [z for z in self._below(y) if z.number not in self._counts]
            if below:
                waiting += below
                continue
            waiting.pop()
            own = len(y.params) if y.op == "place" else 0
            self._counts[y.number] = min(own + sum(self._counts[z.number] for z in self._below(y)), 1 << 40)
        return self._counts[x.number]

    def _has_pieces(self, x: Expression) -> bool:
        """Whether it has MANY parts, each of them once, and short ones: to read long ones, no index is wanted."""
        waiting, seen, parts = [x], {x.number}, 0
        while waiting and parts < max(MANY, x.size // LONG):
            y = waiting.pop()
            parts += len(y.params) if y.op == "place" else 0
            below = [z for z in self._below(y) if z.number not in seen]
            seen.update(z.number for z in below)
            waiting += below
        return parts >= max(MANY, x.size // LONG)

    def _below(self, x: Expression) -> tuple[Expression, ...]:
        if x.op == "place" or (x.op == "view" and not _turns(x.params)):
            return x.operands
        return x.operands if _is_sum(x) else ()

    # ---- when it is used ---------------------------------------------------------------------------

    def settled(self, x: Expression) -> Expression:
        """x itself, or the same entries by fewer moves."""
        if x.op not in ("place", "view", "map") or self.count(x) < MANY or not 0 < x.size <= LARGE:
            return x
        if not self._has_pieces(x):
            return x
        found = self._settled.get(x.number)
        if found is None:
            found = self._settled[x.number] = self._made(x) or x
        return found

    def _made(self, x: Expression) -> Expression | None:
        if x.op == "view" and x.operands[0].size <= 4 * x.size:  # the whole may be wanted too
            return self.make.view(self.settled(x.operands[0]), x.params, x.shape)
        if _is_sum(x):
            return self._made_sum(x)
        table = _Table(self)
        found = table.of(x) if table.suits(x) else None
        if found is None:
            return self._side_by_side(x)
        return table.expression(*found, x)

    def _made_sum(self, x: Expression) -> Expression | None:
        base, terms = _terms(x)
        table = _Table(self)
        if not all(map(table.suits, terms)):
            return self._sum_side_by_side(x, base, terms)
        layers = table.layers(terms, x.shape)
        if layers is None:
            return None
        total = None if base is None else self.settled(base)
        for layer in layers:
            found = table.expression(*layer, x)
            total = found if total is None else self.make.map("fadd", total, found)
        return total

    def _side_by_side(self, x: Expression) -> Expression | None:
        """The parts of a chain as those of one join."""
        found = self._chains.get(x.number)
        if found is None or found[0].again:
            return None
        chain, writes = found
        if chain.root.op != "number" and chain.root.shape != x.shape:
            return None
        parts, boxes = zip(*chain.writes[:writes], strict=True)
        return self.make.make("place", (self.settled(chain.root), *parts), tuple(boxes), x.shape, x.kind)

    def _sum_side_by_side(self, x: Expression, base: Expression | None, terms: list[Expression]) -> Expression | None:
        """A sum of arrays that are zero but for parts of which no two meet."""
        chain = Chain(x, x.shape)
        for term in terms:
            for part, box in zip(term.operands[1:], term.params, strict=True):
                chain.write(part, box)
        if chain.again:
            return None
        parts, boxes = zip(*chain.writes, strict=True)
        zero = self.make.number(0, x.kind)
        joined = self.make.make("place", (zero, *map(self.settled, parts)), tuple(boxes), x.shape, x.kind)
        return joined if base is None else self.make.map("fadd", self.settled(base), joined)


_MOVING = (
    *("getitem", "put", "scatter_add", "concatenate", "stack", "reshape", "transpose", "copy", "tied", "positive"),
    *("broadcast_to", "diagonal", "flip"),
)  # fmt: skip


class _Table:
    """Where each entry of an array comes from: which source, and which entry of that in row-major order.

    Source 0 is the number 0.
    """

    def __init__(self, shuffles: Shuffles) -> None:
        self.shuffles = shuffles
        self.sources: list[Expression] = []
        self._numbers: dict[int, int] = {}
        self._known: dict[int, tuple[Array, Array]] = {}

    def suits(self, x: Expression) -> bool:
        """Whether it has few sources."""
        waiting, seen = [(x, 0)], set()
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
                self._source(y)
        return len(self.sources) <= SOURCES

    def _moves(self, x: Expression) -> bool:
        if _is_sum(x):
            base, terms = _terms(x)
            layers = self.layers(terms, x.shape) if base is None else None
            return layers is not None and len(layers) == 1
        return x.op == "place" or (x.op == "view" and not _turns(x.params))

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
            found = self._known[x.number] = self._of(x)
        return found

    def _of(self, x: Expression) -> tuple[Array, Array]:
        if _is_sum(x) and self._moves(x):
            layers = self.layers(_terms(x)[1], x.shape)
            assert layers is not None
            return layers[0]
        if x.op == "place":
            return self._joined(x)
        if x.op == "view" and not _turns(x.params):
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
        while joins[-1].operands[0].op == "place":
            joins.append(joins[-1].operands[0])
        which, where = (np.array(np.broadcast_to(a, x.shape)) for a in self.of(joins[-1].operands[0]))
        for join in reversed(joins):
            for part, box in zip(join.operands[1:], join.params, strict=True):
                region = _region(part.shape, box)
                which[region], where[region] = self.of(part)
        return which, where

    def layers(self, terms: Sequence[Expression], shape: tuple[int, ...]) -> list[tuple[Array, Array]] | None:
        """Arrays whose sum, in order, adds to each entry what the terms add to it, in order; None if they are many."""
        counts = np.zeros(shape, np.int32)
        layers: list[tuple[Array, Array]] = []
        for term in terms:
            for part, box in zip(term.operands[1:], term.params, strict=True):
                region = _region(part.shape, box)
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
        make = self.shuffles.make
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
        return self.shuffles.make.value(array, kind)

    def _gathered(self, x: Expression, valid: Array, where: Array) -> Expression:
        """Entries of x, where they are valid; any others elsewhere."""
        make = self.shuffles.make
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


def _padded(x: Expression) -> bool:
    """Zeros but for some parts."""
    return x.op == "place" and is_zero(x.operands[0])


def _is_sum(x: Expression) -> bool:
    """What a padded array is added to."""
    return x.op == "map" and x.params == "fadd" and any(map(_padded, x.operands))


def _terms(x: Expression) -> tuple[Expression | None, list[Expression]]:
    """What a sum begins with that is not padded, if anything, and the padded arrays that are added, in order."""
    terms: list[Expression] = []
    while x.op == "map" and x.params == "fadd":
        a, b = x.operands
        if not _padded(b):
            a, b = b, a
        if not _padded(b):
            break
        terms.append(b)
        x = a
    if _padded(x):
        return None, [x, *reversed(terms)]
    return (None if is_zero(x) else x), terms[::-1]


def _turns(places: Sequence[Affine]) -> bool:
    """Whether a place moves with the turns of a loop."""
    return any(v < 0 for _, terms in places for v, _ in terms)


def _region(shape: Sequence[int], box: Box) -> tuple[slice, ...]:
    return tuple([slice(b, b + s * (n - 1) + 1, s) for b, s, n in zip(box.starts, box.steps, shape, strict=True)])


def _reach(place: Affine, shape: Sequence[int]) -> slice:
    """All that an index may be along an axis, and perhaps more."""
    low = high = place[0]
    for v, c in place[1]:
        low, high = low + min(c * (shape[v] - 1), 0), high + max(c * (shape[v] - 1), 0)
    return slice(low, high + 1)


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
