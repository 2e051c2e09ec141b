"""The running results of a nest: registers that go through its loops, are joined behind them and written."""

from __future__ import annotations

from itertools import product
from typing import Any

from bibun.compiler.fusing.affine import ZERO, Affine, composed, fixed, variable
from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.expressions import Expression, identity_of
from bibun.compiler.fusing.nests import WHOLE_AXIS, Nest, Root
from bibun.compiler.native.arithmetic import WORDS, two_sum
from bibun.compiler.native.code import Value, muladd, select
from bibun.compiler.native.evaluation import Evaluation, joined
from bibun.compiler.native.function import Function, Lanes, lanes_of
from bibun.compiler.native.loops import Loops

Index = tuple[Affine, ...]
ACCUMULATORS = 4  # running results in registers, about: enough to hide how long an addition takes


class Total:
    """One running result of a reduction: a root's, at one index of its unrolled axes that are kept.

    depth       the level in which it lives in registers; None where every turn of the innermost loop writes it
    adds        whether loops around that level reduce too, so that memory is added to
    """

    def __init__(self, root: Root, nest: Nest, row: int | None) -> None:
        loops = {axis for axis in root.axes if axis is not None and axis < WHOLE_AXIS}
        reduced = loops & {root.axes[a] for a in root.reduced}
        kept = loops - reduced if not nest.flat else set()
        if nest.flat:
            reduced = set(range(len(nest.loops)))
        scope = max(kept, default=-1) + 1
        self.depth = scope if any(n >= scope for n in reduced) else None
        self.adds = any(n < scope for n in reduced) or row in reduced


class Totals(Loops):
    """What the loops of a nest add up, multiply or compare. `lost`: for sums, by root, where what rounding loses is kept."""

    totals: dict[int, Total]
    pairs: dict[int, list[tuple[Expression, Expression]]]  # by root

    def __init__(self, function: Function, evaluation: Evaluation, width: int) -> None:
        super().__init__(function, evaluation, width)
        self.lost: dict[int, Buffer] = {}

    def _turns(self, depth: int) -> range:
        """The turns that run side by side in this depth."""
        return range(self.beside if depth > self.jammed[0] >= 0 else 1)

    def begin(self, depth: int) -> None:
        """Running results of this depth begin with what joining leaves as it is."""
        for root in self.nest.roots:
            total = self.totals.get(id(root))
            if total is not None and total.depth == depth and self._active(root, depth):
                lanes = self._vector_of(root)
                start = identity_of(str(root.word), root.value.kind)
                for which in product(self._turns(depth), self._kept(root), self._parts(root)):
                    code = self.function.at(self.function.depth)
                    self.registers[id(root), *which] = code.constant(start, root.value.kind, lanes)

    def end(self, depth: int) -> None:
        """Running results of this depth are written."""
        for root in self.nest.roots:
            total = self.totals.get(id(root))
            if total is not None and total.depth == depth and self._active(root, depth):
                for turn, kept in product(self._turns(depth), self._kept(root)):
                    self.turn = turn
                    key = id(root), self.turn, kept
                    self.function.at(self.function.depth)
                    value = joined(str(root.word), [self.registers.pop((*key, part)) for part in self._parts(root)])
                    if value.lanes and self._reduces_lanes(root):
                        value = across(value, str(root.word))
                    self._write_total(root, kept, value, total.adds)
                self.turn = 0

    def pairs_of(self, root: Root) -> list[tuple[Expression, Expression]]:
        """The products that a running sum is of, each of which has a register: one, or two squares that are added."""
        if root.word != "fadd" or root.value.kind[0] != "f":
            return []
        pair = self.evaluation.factors(root.value)
        if pair is not None:
            return [pair]
        few = self.jammed[1] * len(self._kept(root)) <= ACCUMULATORS
        return self.evaluation.squares(root.value) if few else []

    def _parts(self, root: Root) -> range:
        """The numbers of the registers that make up one running result."""
        return range(max(1, len(self.pairs[id(root)])))

    def _vector_of(self, root: Root) -> int:
        """How many lanes a running result has: of an axis that is reduced, or of a whole one; 0: a number."""
        if self.vector is not None and (self.nest.flat or any(root.axes[a] == self.vector for a in root.reduced)):
            return self.lanes
        whole = self._whole_axis(root)
        return lanes_of(whole - WHOLE_AXIS).number if whole else 0

    def _whole_axis(self, root: Root) -> int:
        """The variable of an axis that is one vector; 0 where there is none."""
        return next((axis for axis in root.axes if axis is not None and axis >= WHOLE_AXIS), 0)

    def _reduces_lanes(self, root: Root) -> bool:
        """Whether the lanes of a running result are joined in the end."""
        if self.nest.flat:
            return True
        lanes = self._whole_axis(root) or self.vector  # None where nothing is a vector, as an unrolled axis is
        return lanes is not None and any(root.axes[a] == lanes for a in root.reduced)

    def _kept(self, root: Root) -> list[tuple[int, ...]]:
        """The indices along the unrolled axes that are kept."""
        found: list[tuple[int, ...]] = [()]
        for a, (axis, extent) in enumerate(zip(root.axes, root.extents, strict=True)):
            if axis is None and a not in root.reduced:
                found = [(*before, i) for before in found for i in range(extent)]
        return found

    def _active(self, root: Root, depth: int = WHOLE_AXIS) -> bool:
        """Whether the turns of the loops that are written now, those outside `depth`, belong to the root's domain."""
        if self.nest.flat:
            return True
        return all(
            axis is None or axis >= depth or self.evaluation.ranges[axis][1] < extent
            for axis, extent in zip(root.axes, root.extents, strict=True)
        )

    def _total_place(self, root: Root, kept: tuple[int, ...]) -> Affine:
        """Where a running result is written."""
        rest = iter(kept)
        index = []
        for a, axis in enumerate(root.axes):
            if a in root.reduced:
                index.append(fixed(0))
            elif axis is None:
                index.append(fixed(next(rest)))
            else:
                index.append(self.place(variable(axis)))
        return self._target(root, tuple(index))

    def _write_total(self, root: Root, kept: tuple[int, ...], value: Value, adds: bool) -> None:
        place = self._total_place(root, kept)
        if adds:
            before = self._so_far(root, place)
            lost = self.lost.get(id(root))
            if lost is not None:
                value = self._compensated(lost, before, value)
            else:
                value = WORDS[str(root.word)](before, value)
        self.function.store(root.buffer, place, value)
        if not adds and not root.target and self.function.depth == self.function.ground:
            self.function.keep((root.of.number, ()), value, self.function.ground)

    def _so_far(self, root: Root, place: Affine) -> Value:
        """A running result in memory: another one in each turn, even where its place is the same in all of them."""
        value, _ = self.function.load(root.buffer, place, self.function.depth)
        self.function.at(self.function.depth)
        return value

    def _compensated(self, lost: Buffer, before: Value, value: Value) -> Value:
        """The sum of both; what rounding has lost of it is added to what it has lost before."""
        total, error = two_sum(before, value)
        earlier, _ = self.function.load(lost, ZERO, self.function.depth)
        self.function.at(self.function.depth)
        self.function.store(lost, ZERO, earlier + error)
        return total

    def _target(self, root: Root, index: Index) -> Affine:
        place: Affine = (0, ())
        for t, step in zip(root.target, root.buffer.steps, strict=True):
            offset, terms = composed(t, index)
            place = _plus(place, (offset * step, tuple([(v, c * step) for v, c in terms])))
        return place

    def _add(self, root: Root, key: Any, index: Index) -> None:
        """One turn's part of a running result that is a register."""
        function, evaluation = self.function, self.evaluation
        mask = self._mask(root)
        pairs = self.pairs[id(root)]
        for part, pair in enumerate(pairs):
            before = self.registers[*key, part]
            a, b = (evaluation.value(x, index) for x in pair)
            function.at(function.depth)
            if before.lanes and not (a.lanes or b.lanes) and self._stands_still(root):
                a, b = (self._lane(x, before, 0) for x in (a, b))  # both: 0 times infinity is nan
            total = muladd(a, b, before)
            self.registers[*key, part] = total if mask is None else select(mask, total, before)
        if pairs:
            return
        before = self.registers[*key, 0]
        value = evaluation.value(root.value, index)
        code = function.at(function.depth)
        neutral = identity_of(str(root.word), value.kind)
        if mask is not None:
            value = select(mask, code.splat(value, before.lanes) if before.lanes else value, neutral)
        elif before.lanes and not value.lanes and self._stands_still(root):
            value = self._lane(value, before, neutral)
        self.registers[*key, 0] = WORDS[str(root.word)](before, value)

    def _stands_still(self, root: Root) -> bool:
        """Whether this turn's number counts for one place, not for a lane each."""
        return self.vector is not None and self.vector in self.fixed and not self._whole_axis(root)

    def _mask(self, root: Root) -> Value | None:
        """Which lanes count in this turn."""
        whole = self._whole_axis(root)
        if whole:
            lanes: Lanes | None = lanes_of(whole - WHOLE_AXIS) if self._reduces_lanes(root) else None
        else:
            lanes = self.function.vectors.get(self.vector) if self.vector is not None else None
        if lanes is None or lanes.mask is None:
            return None
        return Value(self.function.code, lanes.mask, "i1", lanes.number)

    def _lane(self, value: Value, like: Value, neutral: Any) -> Value:
        """One number beside vectors: in lane 0."""
        code = value.code
        rest = code.constant(neutral, like.kind, like.lanes)
        return code.emit(f"insertelement {rest.typed}, {value.typed}, i64 0", like.kind, like.lanes)

    def _lanes_joined(self, root: Root, value: Value) -> Value:
        """Along an axis that is one vector, and is reduced, its lanes."""
        whole = self._whole_axis(root)
        if not whole or not self._reduces_lanes(root):
            return value
        lanes = lanes_of(whole - WHOLE_AXIS)
        value = value.code.splat(value, lanes.number)
        if lanes.mask is not None:
            mask = Value(value.code, lanes.mask, "i1", lanes.number)
            value = select(mask, value, identity_of(str(root.word), value.kind))
        return across(value, str(root.word))

    def _reduces(self, root: Root, loop: int) -> bool:
        return any(root.axes[a] == loop for a in root.reduced)


def across(value: Value, word: str) -> Value:
    """The lanes of a vector joined by halves."""
    code = value.code
    while value.lanes > 1:
        half = value.lanes // 2
        low = ", ".join(f"i32 {k}" for k in range(half))
        high = ", ".join(f"i32 {k}" for k in range(half, 2 * half))
        parts = [
            code.emit(f"shufflevector {value.typed}, {value.type} poison, <{half} x i32> <{lanes}>", value.kind, half)
            for lanes in (low, high)
        ]
        value = WORDS[word](*parts)
    return code.emit(f"extractelement {value.typed}, i64 0", value.kind)


def _plus(a: Affine, b: Affine) -> Affine:
    terms = dict(a[1])
    for v, c in b[1]:
        terms[v] = terms.get(v, 0) + c
    return (a[0] + b[0], tuple(sorted((v, c) for v, c in terms.items() if c)))
