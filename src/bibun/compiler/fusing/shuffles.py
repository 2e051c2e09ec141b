"""Many small moves of entries as one: chains of slices, joins and writes whose places are known become a gather.

A triangular matrix that is filled entry by entry, and the way back through it, are hundreds of moves and no arithmetic. Of
each entry of the result it is known where it comes from (origins.py); so the result is read there, through an index array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bibun.compiler.fusing.affine import Affine, fixed, shifted, variable
from bibun.compiler.fusing.expressions import Box, Expression, Expressions, is_zero
from bibun.compiler.fusing.origins import Table, is_sum, padded, region_of, terms_of, turns

MANY = 16  # parts; fewer moves are left as they are
LONG = 1024  # entries of a part that is better read by a loop of its own
LARGE = 1 << 22  # entries: of more no index is made
SEEN = 16  # writes that one that reads what they have left may see
_MOVING = (
    *("getitem", "put", "scatter_add", "concatenate", "stack", "reshape", "transpose", "copy", "tied", "positive"),
    *("broadcast_to", "diagonal", "flip"),
)  # fmt: skip


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
        region = self.last[region_of(part.shape, box)]
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
        self._table = Table(make)

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
            chain = self._chain(background, x.shape)
        self._chains[x.number] = (chain, chain.write(part, x.params[0]))

    def _chain(self, x: Expression, shape: tuple[int, ...]) -> Chain:
        """Of the writes that made x."""
        writes = []
        while x.op == "place" and len(x.params) == 1 and x.number not in self._chains:
            background, part = x.operands
            writes.append((part, x.params[0]))
            x = background
        chain = Chain(x, shape)
        for part, box in reversed(writes):
            chain.write(part, box)
        return chain

    def place(self, background: Expression, part: Expression, box: Box) -> Expression:
        """The background with a part put into a box: as it is, where that is what stands there.

        Python says y[i] = y[i] once more for y[i] += v, and the way back through that puts 0 there and adds what was there.
        """
        there = tuple([variable(i, s, b) for i, (b, s) in enumerate(zip(box.starts, box.steps, strict=True))])
        if _same(part, self.view(background, there, part.shape)):
            return background
        base = _bare(background.operands[0] if _holds(background, part, box) else background)
        return self.make.make("place", (base, part), (box,), background.shape, background.kind)

    def added(self, x: Expression, term: Expression) -> Expression | None:
        """A sum with zeros but for what is put where x is 0, known by its key: x with that part."""
        if not padded(term) or len(term.params) > 1:
            return None
        (box,), (_, part) = term.params, term.operands
        if not _holds(x, part, box) or not is_zero(x.operands[1]) or x.kind != term.kind:
            return None
        background = x.operands[0]
        return self.place(self.make.broadcast(background, x.shape), part, box)

    def view(self, x: Expression, places: Sequence[Affine], shape: Sequence[int]) -> Expression:
        """x at places: read from what was there before the last writes, or from what was written, where that is known."""
        found = self._chains.get(x.number)
        if found is None or not all(shape) or turns(places):
            return self.make.view(x, places, shape)
        chain, writes = found
        if chain.again and writes != len(chain.writes):
            return self.make.view(x, places, shape)
        region = chain.last[tuple([_reach(p, shape) for p in places])]
        region = np.where(region < writes, region, -1)
        first = int(region.min())
        if first == int(region.max()):
            if first < 0:
                return self._root(chain, places, shape)
            part, box = chain.writes[first]
            if all(step == 1 for step in box.steps):
                inside = [shifted(p, -start) for p, start in zip(places, box.starts, strict=True)]
                return self.view(part, inside, shape)
        return (self._overlapping(chain, region, places, shape) if chain.again else None) or self.make.view(
            x, places, shape
        )

    def _root(self, chain: Chain, places: Sequence[Affine], shape: Sequence[int]) -> Expression:
        """What was there before the writes."""
        root = chain.root
        return self.view(root, places, shape) if root.shape == chain.last.shape else self.make.broadcast(root, shape)

    def _overlapping(
        self, chain: Chain, region: Any, places: Sequence[Affine], shape: Sequence[int]
    ) -> Expression | None:
        """Of writes that meet: what the few that are seen here have written, in order. Else a write that reads what those
        before have left would go back through all of them."""
        writers = [int(n) for n in np.unique(region)]
        axes = [terms[0][0] for _, terms in places if terms]
        plain = all(not terms or (len(terms) == 1 and terms[0][1] == 1) for _, terms in places)
        if len(writers) > SEEN or not plain or axes != list(range(len(shape))):
            return None
        seen = [chain.writes[n] for n in writers if n >= 0]
        if any(step != 1 for _, box in seen for step in box.steps):
            return None
        parts, boxes = zip(*[self._within(part, box, places, shape) for part, box in seen], strict=True)
        zero = self.make.number(0, chain.root.kind)
        background = _bare(self._root(chain, places, shape)) if writers[0] < 0 else zero
        return self.make.make("place", (background, *parts), tuple(boxes), shape, chain.root.kind)

    def _within(
        self, part: Expression, box: Box, places: Sequence[Affine], shape: Sequence[int]
    ) -> tuple[Expression, Box]:
        """What is seen at places, one a step along each axis, of a part, and where it lies there."""
        starts, extents = [], []
        inside: list[Affine] = []
        for (offset, terms), start, extent in zip(places, box.starts, part.shape, strict=True):
            if not terms:
                inside.append(fixed(offset - start))
                continue
            axis = terms[0][0]
            first = max(start - offset, 0)
            inside.append(variable(axis, 1, offset + first - start))
            starts.append(first)
            extents.append(min(start + extent - offset, shape[axis]) - first)
        return self.view(part, inside, extents), Box(tuple(starts), (1,) * len(starts))

    def moves(self, operands: Sequence[Expression], name: str) -> bool:
        """Whether a row only moves entries of these operands, so that more moves may follow."""
        return name in _MOVING or (name == "add" and any(map(padded, operands)))

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
        if x.op == "place" or (x.op == "view" and not turns(x.params)):
            return x.operands
        return x.operands if is_sum(x) else ()

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
        if is_sum(x):
            return self._made_sum(x)
        if not self._table.suits(x):
            return self._side_by_side(x)
        return self._table.expression(*self._table.of(x), x)

    def _made_sum(self, x: Expression) -> Expression | None:
        base, terms = terms_of(x)
        if not self._table.suits(*terms):
            return self._sum_side_by_side(x, base, terms)
        layers = self._table.layers(terms, x.shape)
        if layers is None:
            return None
        total = None if base is None else self.settled(base)
        for layer in layers:
            found = self._table.expression(*layer, x)
            total = found if total is None else self.make.map("fadd", total, found)
        return total

    def _side_by_side(self, x: Expression) -> Expression | None:
        """The parts of a chain as those of one join."""
        found = self._chains.get(x.number)
        if found is None:
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


def _bare(x: Expression) -> Expression:
    """Of a number that is repeated, the number."""
    return x.operands[0] if x.op == "view" and x.operands[0].op == "number" else x


def _holds(x: Expression, part: Expression, box: Box) -> bool:
    """Whether what was written last into x fills the box in which a part goes."""
    return x.op == "place" and x.params == (box,) and x.operands[1].shape == part.shape


def _same(x: Expression, y: Expression) -> bool:
    """Whether they are the same, or the same view: along an axis of length 1 there is one place."""
    if x.op != "view" or y.op != "view" or x.operands != y.operands or x.shape != y.shape:
        return x is y
    first, second = ([_there(p, z.shape) for p in z.params] for z in (x, y))
    return first == second


def _there(place: Affine, shape: Sequence[int]) -> Affine:
    offset, terms = place
    return offset, tuple([(v, c) for v, c in terms if v < 0 or shape[v] > 1])


def _reach(place: Affine, shape: Sequence[int]) -> slice:
    """All that an index may be along an axis, and perhaps more."""
    low = high = place[0]
    for v, c in place[1]:
        low, high = low + min(c * (shape[v] - 1), 0), high + max(c * (shape[v] - 1), 0)
    return slice(low, high + 1)
