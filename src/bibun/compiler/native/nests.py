"""What stands in the loops of a nest: stores, scattered values, and reductions, whose running results are registers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from bibun.compiler.fusing.affine import ZERO, Affine, composed, fixed, variable
from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.expressions import identity_of
from bibun.compiler.fusing.nests import WHOLE_AXIS, Nest, Root, shares, terms_inside
from bibun.compiler.native.arithmetic import WORDS, two_sum
from bibun.compiler.native.code import LLVM, Value, muladd, select
from bibun.compiler.native.evaluation import Evaluation, joined, trusted
from bibun.compiler.native.function import Function, Lanes, lanes_of
from bibun.compiler.native.loops import Loops, Rows

Index = tuple[Affine, ...]
ACCUMULATORS = 4  # running results in registers, about: enough to hide how long an addition takes
REGISTERS = 20  # of products that are added up, at most
TERMS = 128  # entries, and terms of sums of products, that are written out side by side
HEAVY = 64  # of these: a longer body is not written twice
LENGTH = 600  # operations of all of them, at most
REREAD = 8  # turns that add to the same running results in memory, before these are written


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


class NestWriter(Loops):
    """Writes nests into a function, one after the other. `lost`: for sums, by root, where what rounding loses is kept."""

    def __init__(self, function: Function, evaluation: Evaluation, width: int) -> None:
        super().__init__(function, evaluation, width)
        self.lost: dict[int, Buffer] = {}

    def write(self, nest: Nest, cuts: Sequence[set[int]], rows: Rows | None = None) -> None:
        """The nest, at the level at which the function is. With `rows` it runs over these only, and adds to what is there."""
        evaluation = self.evaluation
        self.nest = nest
        self.cuts = cuts
        self.rows = rows
        self.fixed = {}
        row = None if rows is None else rows.loop
        self.totals = {id(root): Total(root, nest, row) for root in nest.roots if root.word is not None}
        self.registers = {}
        self.jammed = self._unroll_and_jam(nest)
        long = _weight(nest) * self.jammed[1] > HEAVY or nest.length * self.jammed[1] > LENGTH
        self.heavy = long and self.width >= 32
        evaluation.flat = nest.flat
        evaluation.relaid = nest.relaid
        evaluation.mine = {root.of.number for root in nest.roots if root.computes}
        evaluation.ranges = [(0, loop.extent - 1) for loop in nest.loops]
        self.vector = next((n for n, loop in enumerate(nest.loops) if loop.vector), None)
        self.lanes = self._lanes(nest)
        if rows is None:
            for root in nest.roots:
                if root.word is not None and self.totals[id(root)].adds:
                    fill(self.function, root.buffer, identity_of(root.word, root.buffer.kind))
        self.loops(0)
        evaluation.flat = False
        evaluation.mine = set()
        evaluation.relaid = {}

    def _lanes(self, nest: Nest) -> int:
        """Two registers of the widest kind, or one for a short loop."""
        widest = max((8 if r.value.kind in ("f64", "i64") else 4 for r in nest.roots), default=8)
        lanes = self.width // widest
        extent = max((loop.extent for loop in nest.loops if loop.vector), default=0)
        many = any(len(root.unrolled()) > ACCUMULATORS or terms_inside(root.value) for root in nest.roots)
        return 2 * lanes if extent > lanes and not many else lanes

    def _unroll_and_jam(self, nest: Nest) -> tuple[int, int]:
        """The loop around the vector loop, and how many of its turns run side by side."""
        number = len(nest.loops) - 2
        if nest.flat or number < 0 or not nest.loops[-1].vector or nest.loops[number].extent < 2:
            return -1, 1
        if any(
            root.scattering is not None or any(a is not None and a >= WHOLE_AXIS for a in root.axes)
            for root in nest.roots
        ):
            return -1, 1
        kept = sum(len(self._kept(root)) for root in nest.roots if self._keeps(root, number))
        reads = any(root.word is not None and self.totals[id(root)].depth is None for root in nest.roots)
        sharing = any(shares(root.value, root.axes.index(number)) for root in nest.roots if number in root.axes)
        if kept:
            most = (ACCUMULATORS if kept < ACCUMULATORS else REGISTERS) // kept
        else:
            most = REREAD if reads or sharing else 1
        most = min(most, TERMS // _weight(nest), LENGTH // max(nest.length, 1))
        count = min(nest.loops[number].extent, most)
        return number, 1 << max(count, 1).bit_length() - 1

    def _keeps(self, root: Root, number: int) -> bool:
        """Whether each turn of a loop has running results of its own, in registers."""
        depth = self.totals[id(root)].depth if root.word is not None else None
        return depth is not None and depth > number

    # ---- totals -------------------------------------------------------------------------------------

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
                for kept in product(self._turns(depth), self._kept(root)):
                    code = self.function.at(self.function.depth)
                    self.registers[id(root), *kept] = code.constant(start, root.value.kind, lanes)

    def end(self, depth: int) -> None:
        """Running results of this depth are written."""
        for root in self.nest.roots:
            total = self.totals.get(id(root))
            if total is not None and total.depth == depth and self._active(root, depth):
                for turn, kept in product(self._turns(depth), self._kept(root)):
                    self.turn = turn
                    value = self.registers.pop((id(root), self.turn, kept))
                    self.function.at(self.function.depth)
                    if value.lanes and self._reduces_lanes(root):
                        value = across(value, str(root.word))
                    self._write_total(root, kept, value, total.adds)
                self.turn = 0

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

    # ---- the body -----------------------------------------------------------------------------------

    def body(self) -> None:
        for root in self.nest.roots:
            if self._active(root):
                self._compute(root)

    def _compute(self, root: Root) -> None:
        """What one turn of all loops does for a root."""
        if root.scattering is not None:
            for combination in root.unrolled():
                self._scatter(root, self._index(root, combination))
        elif root.word is None:
            for turn, combination in product(range(self.beside), self._combinations(root)):
                self.turn = turn
                value = self.evaluation.value(root.value, self._index(root, combination))
                self.function.store(root.buffer, self._store_place(root, combination), value)
        elif self.totals[id(root)].depth is None:
            self._add_in_memory(root)
        else:
            for turn, combination in product(range(self.beside), self._combinations(root)):
                self.turn = turn
                kept = self._kept_of(root, combination)
                mine = turn if self._keeps(root, self.jammed[0]) else 0
                self._add(root, (id(root), mine, kept), self._index(root, combination))
        self.turn = 0

    def _combinations(self, root: Root) -> list[tuple[int, ...]]:
        return [()] if self.nest.flat else root.unrolled()

    def _active(self, root: Root, depth: int = WHOLE_AXIS) -> bool:
        """Whether the turns of the loops that are written now, those outside `depth`, belong to the root's domain."""
        if self.nest.flat:
            return True
        return all(
            axis is None or axis >= depth or self.evaluation.ranges[axis][1] < extent
            for axis, extent in zip(root.axes, root.extents, strict=True)
        )

    def _index(self, root: Root, combination: tuple[int, ...]) -> Index:
        if self.nest.flat:
            return (self.place(variable(0)),)
        return tuple([self.place(i) for i in root.index(combination)])

    def _store_place(self, root: Root, combination: tuple[int, ...]) -> Affine:
        if self.nest.flat:
            return self.place(variable(0))
        return self._target(root, self._index(root, combination))

    def _kept_of(self, root: Root, combination: tuple[int, ...]) -> tuple[int, ...]:
        """Of the indices along unrolled axes those that are kept."""
        if self.nest.flat:
            return ()
        axes = [a for a, axis in enumerate(root.axes) if axis is None]
        return tuple([i for a, i in zip(axes, combination, strict=True) if a not in root.reduced])

    def _add_in_memory(self, root: Root) -> None:
        """Every turn writes its running result: several of them, where the turns side by side write the same one."""
        adds = self.totals[id(root)].adds
        parts: dict[Any, list[Index]] = {}
        for turn, combination in product(range(self.beside), self._combinations(root)):
            self.turn = turn
            mine = turn if not self._reduces(root, self.jammed[0]) else 0
            kept = self._kept_of(root, combination)
            parts.setdefault((mine, kept), []).append(self._index(root, combination))
        pair = self.evaluation.factors(root.value) if root.word == "fadd" and root.value.kind[0] == "f" else None
        for (turn, kept), indices in parts.items():
            self.turn = turn
            if pair is not None and adds and not self._whole_axis(root):
                value = self._so_far(root, self._total_place(root, kept))
                for index in indices:
                    a, b = (self.evaluation.value(x, index) for x in pair)
                    self.function.at(self.function.depth)
                    value = muladd(a, b, value)
                self._write_total(root, kept, value, adds=False)
                continue
            values = [self.evaluation.value(root.value, index) for index in indices]
            self.function.at(self.function.depth)
            self._write_total(root, kept, self._lanes_joined(root, joined(str(root.word), values)), adds)

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

    def _add(self, root: Root, key: Any, index: Index) -> None:
        """One turn's part of a running result that is a register."""
        function, evaluation = self.function, self.evaluation
        before = self.registers[key]
        pair = evaluation.factors(root.value) if root.word == "fadd" and root.value.kind[0] == "f" else None
        mask = self._mask(root)
        if pair is not None:
            a, b = (evaluation.value(x, index) for x in pair)
            function.at(function.depth)
            if before.lanes and not (a.lanes or b.lanes) and self._stands_still(root):
                a, b = (self._lane(x, before, 0) for x in (a, b))  # both: 0 times infinity is nan
            total = muladd(a, b, before)
            self.registers[key] = total if mask is None else select(mask, total, before)
            return
        value = evaluation.value(root.value, index)
        code = function.at(function.depth)
        neutral = identity_of(str(root.word), value.kind)
        if mask is not None:
            value = select(mask, code.splat(value, before.lanes) if before.lanes else value, neutral)
        elif before.lanes and not value.lanes and self._stands_still(root):
            value = self._lane(value, before, neutral)
        self.registers[key] = WORDS[str(root.word)](before, value)

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

    def _scatter(self, root: Root, index: Index) -> None:
        """Put or add one value at a computed place."""
        function, evaluation = self.function, self.evaluation
        _, _, *operands = root.of.operands
        value = evaluation.value(root.value, index)
        indices = [
            evaluation.placed(operand, tuple([composed(p, index) for p in places]))
            for operand, places in zip(operands, root.scattering.indices, strict=True)
        ]
        axes = [a if isinstance(a, int) else composed(a, index) for a in root.scattering.axes]
        known = [trusted(operand) for operand in operands]
        places, _ = evaluation.offsets(root.buffer, axes, indices, known)
        base = function.base(root.buffer)
        code = function.at(function.depth)
        kind = "i8" if root.buffer.kind == "i1" else root.buffer.kind
        pointer = code.emit(f"getelementptr {LLVM[kind]}, {base.typed}, {places.typed}", "ptr")
        if root.scattering.adds:
            before = code.emit(f"load {LLVM[kind]}, {pointer.typed}", kind)
            value = WORDS["fadd"](before, value)
        if kind != value.kind:
            value = value.to(kind)
        code.line(f"store {value.typed}, {pointer.typed}")


def _weight(nest: Nest) -> int:
    """About how long the body is, in entries and terms that it computes."""
    return sum((1 + terms_inside(root.value)) * len(root.unrolled()) for root in nest.roots)


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


def fill(function: Function, buffer: Any, number: Any) -> None:
    """All entries of a buffer become a number; at the level at which the function is."""
    kind = "i8" if buffer.kind == "i1" else buffer.kind
    base = function.base(buffer)
    code = function.at(function.depth)
    if number == 0 and not (kind[0] == "f" and np.signbit(number)):
        function.module.declare("@llvm.memset.p0.i64", "void @llvm.memset.p0.i64(ptr, i8, i64, i1)")
        code.line(f"call void @llvm.memset.p0.i64({base.typed}, i8 0, i64 {buffer.bytes}, i1 false)")
        return
    value = code.constant(number, kind)

    def write(place: Value, _: list[Value]) -> list[Value]:
        inner = function.at(function.depth)
        pointer = inner.emit(f"getelementptr {LLVM[kind]}, {base.typed}, {place.typed}", "ptr")
        inner.line(f"store {value.typed}, {pointer.typed}")
        return []

    if buffer.entries:
        function.repeat("fill", (0, buffer.entries, 1), [], write)


def _plus(a: Affine, b: Affine) -> Affine:
    terms = dict(a[1])
    for v, c in b[1]:
        terms[v] = terms.get(v, 0) + c
    return (a[0] + b[0], tuple(sorted((v, c) for v, c in terms.items() if c)))
