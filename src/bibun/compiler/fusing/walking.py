"""What evaluating a root would read and compute, found without emitting anything: reads, cuts of loops, costs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from heapq import heappop, heappush
from itertools import count
from math import prod
from operator import itemgetter

from bibun.compiler.fusing.affine import Affine, composed, fixed, level_of, shifted, variable
from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.expressions import Box, Expression
from bibun.compiler.fusing.nests import INLINE_ALWAYS, WHOLE_AXIS, Loop, Root, computed_inline, terms_of
from bibun.compiler.native.arithmetic import cost

Index = tuple[Affine, ...]
MANY = 6000  # evaluations in one body; above, something must be stored
REPEATED = 128  # evaluations in one body that are written again between the cuts of loops
GATHER = 6  # additions that reading at a computed place is worth
VARIANTS, CHEAP = 4, 4  # an expression that costs more than CHEAP additions is computed at no more places than this


def span(a: Affine, loops: Sequence[Loop], turns: Sequence[int]) -> tuple[int, int]:
    """The least and the largest value of an index over whole loops, and `turns` of the loops around them."""
    low = high = a[0]
    for number, c in a[1]:
        last = c * ((extent_of(number, loops) if number >= 0 else turns[level_of(number)]) - 1)
        low, high = low + min(last, 0), high + max(last, 0)
    return low, high


def extent_of(number: int, loops: Sequence[Loop]) -> int:
    """How many places a variable stands for."""
    return number - WHOLE_AXIS if number >= WHOLE_AXIS else loops[number].extent


def inner_indices(expression: Expression, index: Index) -> list[Index]:
    """Of a reduction at an index: the indices of its operand, in order."""
    (x,), (_, axes) = expression.operands, expression.params
    found = [index]
    for i in sorted(axes):
        places = list(map(fixed, range(x.shape[i])))
        found = [(*before[:i], place, *before[i:]) for before in found for place in places]
    return found


def moved(places: Sequence[Affine], indices: Collection[Index]) -> Iterable[Index]:
    """Where an operand is read at these indices; `places`: its index, in the axes of what reads it."""
    if len(places) < 2 or not indices or not all(map(_is_picked, places)):
        return [tuple([composed(p, index) for p in places]) for index in indices]
    numbers = tuple([p for p in places if not p[1]])
    rest = count(len(next(iter(indices))))
    pick = itemgetter(*[p[1][0][0] if p[1] else next(rest) for p in places])
    return [pick(index + numbers) for index in indices]


def _is_picked(a: Affine) -> bool:
    """Whether it is a number, or a variable as it is."""
    offset, terms = a
    return not terms or (offset == 0 and len(terms) == 1 and terms[0][1] == 1 and terms[0][0] >= 0)


def place_index(index: Index, box: Box) -> Index:
    """The index within a part."""
    return tuple([shifted(i, -start) for i, start in zip(index, box.starts, strict=True)])


class Walk:
    """One root's evaluation. `stored`: what lies in memory; `turns`: of the loops around the nests.

    reads       the stored expressions that are read, each with its indices
    must        what has to be stored before this root can be evaluated
    cuts        for each loop the places where a part of a `place` begins or ends
    long        whether sums are written out in it, of more than a few terms
    whole       whether the axes that are one vector as a whole may be so: no part begins or ends in them
    """

    def __init__(self, loops: Sequence[Loop], stored: set[int], turns: Sequence[int]) -> None:
        self.loops = loops
        self.stored = stored
        self.reads: dict[int, set[Index]] = {}
        self.must: set[int] = set()
        self.cuts: list[set[int]] = [set() for _ in loops]
        self.computed: dict[int, set[Index]] = {}
        self.expressions: dict[int, Expression] = {}
        self.count = 0
        self.long = False
        self.whole = True
        self.turns = turns

    def visit(self, expression: Expression, indices: Iterable[Index], *, root: bool = False) -> None:
        """Follow evaluations at these indices through what is not stored: each expression once, with all its indices."""
        waiting = {expression.number: set(indices)}
        self.expressions[expression.number] = expression
        order = [-expression.number]  # operands have lower numbers
        while order:
            number = -heappop(order)
            x, at = self.expressions[number], waiting.pop(number)
            if number in self.stored and not (root and x is expression):
                self.reads.setdefault(number, set()).update(at)
                continue
            places = self.computed.setdefault(number, set())
            at -= places
            if not at:
                continue
            places |= at
            self.count += len(at)
            if self.count > MANY:
                return
            for operand, below in self._below(x, at):
                if operand.number in waiting:
                    waiting[operand.number].update(below)
                else:
                    waiting[operand.number] = set(below)
                    self.expressions[operand.number] = operand
                    heappush(order, -operand.number)

    def visit_flat(self, root: Root) -> None:
        """The same of a root that is one loop over all entries: every array is read at one place, and numbers anywhere."""
        mine = root.value.number if root.computes else -1
        waiting, seen = [root.value], set()
        while waiting:
            x = waiting.pop()
            if x.number in seen:
                continue
            seen.add(x.number)
            self.expressions[x.number] = x
            if x.number in self.stored and x.number != mine:
                self.reads.setdefault(x.number, set()).add((variable(0),) if x.size > 1 else ())
            elif x.size == 1 and root.value.size != 1:
                self.visit(x, [((0, ()),) * len(x.shape)])
            else:
                self.computed.setdefault(x.number, set()).add((variable(0),))
                waiting += x.operands

    def work(self) -> int:
        """About how many additions it takes: what does not depend on a loop is computed once for all of its turns."""
        total = 0
        for number, indices in (*self.computed.items(), *self.reads.items()):
            each = _own(self.expressions[number]) if number in self.computed else 1
            for index in indices:
                loops = {v for _, terms in index for v, _ in terms if v >= 0}
                total += each * prod(extent_of(v, self.loops) for v in loops)
        return total

    def _below(self, x: Expression, indices: set[Index]) -> list[tuple[Expression, Iterable[Index]]]:
        """What is evaluated for an expression, and where."""
        op = x.op
        if op in ("map", "cast"):
            return [(operand, indices) for operand in x.operands]
        if op == "view":
            return [(x.operands[0], moved(x.params, indices))]
        if op in ("number", "iota", "input", "captured"):
            return []
        if op == "flat":
            self._needs(x.operands[0])
            return []
        if op == "place":
            return [below for index in indices for below in self._parts(x, index)]
        if op == "gather":
            self._needs(x.operands[0])
            return [
                (operand, moved(places, indices))
                for operand, places in zip(x.operands[1:], x.params.indices, strict=True)
            ]
        if op == "reduce" and computed_inline(x):
            self.long |= terms_of(x) > INLINE_ALWAYS
            return [(x.operands[0], [i for index in indices for i in inner_indices(x, index)])]
        self.must.add(x.number)
        return []

    def _needs(self, x: Expression) -> None:
        self.expressions[x.number] = x
        if x.number in self.stored:
            self.reads.setdefault(x.number, set()).add(())
        else:
            self.must.add(x.number)

    def _parts(self, x: Expression, index: Index) -> list[tuple[Expression, list[Index]]]:
        """The parts that the index can reach, the loops cut where one begins or ends."""
        background, *parts = x.operands
        found = [] if background.op == "number" else [(background, [index])]
        for part, box in zip(parts, x.params, strict=True):
            if not self._cut(x, index, part, box) or self._repeats():
                self.must.add(x.number)
                return []
            if reaches(index, part, box, self.loops, self.turns):
                found.append((part, [place_index(index, box)]))
        return found

    def _repeats(self) -> bool:
        """Whether sums that are written out would be so between all cuts."""
        return self.long and self.count > REPEATED and any(self.cuts)

    def _cut(self, x: Expression, index: Index, part: Expression, box: Box) -> bool:
        """Cut the loops at the edges of a part; whether that is possible."""
        for i, start, step, n, whole in zip(index, box.starts, box.steps, part.shape, x.shape, strict=True):
            if n == whole or not i[1]:
                if step != 1 and n != 1:
                    return False
                continue
            (number, c) = i[1][0]
            if step != 1 or len(i[1]) > 1 or abs(c) != 1 or number < 0:
                return False
            for edge in (start, start + n):
                at = edge - i[0] if c == 1 else i[0] - edge + 1
                if 0 < at < extent_of(number, self.loops):
                    if number >= WHOLE_AXIS:
                        self.whole = False  # a vector is not cut
                        return True
                    self.cuts[number].add(at)
        return True


def reads_straight(root: Root, stored: set[int], buffers: Mapping[int, Buffer]) -> bool:
    """Whether everything that is evaluated is of the root's shape, or a single number."""
    waiting, seen = [root.value], set()
    while waiting:
        x = waiting.pop()
        if x.number in seen:
            continue
        seen.add(x.number)
        if x.number in stored and not (x is root.value and root.computes):
            buffer = buffers.get(x.number)
            if x.size != 1 and (x.shape != root.extents or buffer is None or not buffer.contiguous):
                return False
        elif x.op in ("map", "cast"):
            waiting += x.operands
        elif x.op == "view" and x.operands[0].size == 1:
            waiting.append(x.operands[0])
        elif x.op != "number" and x.size != 1:
            return False
    return True


def reaches(index: Index, part: Expression, box: Box, loops: Sequence[Loop], turns: Sequence[int]) -> bool:
    """Whether any index over whole loops lies in a part."""
    for i, start, step, n in zip(index, box.starts, box.steps, part.shape, strict=True):
        low, high = span(i, loops, turns) if i[1] else (i[0], i[0])
        if high < start or low > start + step * (n - 1):
            return False
    return True


class Costs:
    """What computing an entry costs, in additions, with all that is computed on the way; reading counts as one."""

    def __init__(self, stored: set[int]) -> None:
        self.stored = stored
        self._known: dict[int, int] = {}

    def of(self, x: Expression) -> int:
        """Of computing an entry of x, whether or not it is stored."""
        order = [x]
        while order:
            top = order[-1]
            below = [y for y in top.operands if y.number not in self.stored]
            missing = [y for y in below if y.number not in self._known]
            if missing and top.number not in self._known:
                order += missing
                continue
            order.pop()
            if top.number not in self._known:
                total = len(top.operands) - len(below) + sum(self._known[y.number] for y in below)
                self._known[top.number] = min(_own(top) + total, 10**6)
        return self._known[x.number]


def _own(x: Expression) -> int:
    if x.op == "map":
        return cost(x.params)
    if x.op == "reduce":
        return terms_of(x)
    if x.op == "gather":
        return GATHER
    return 0 if x.op in ("view", "number", "iota", "flat") else 1
