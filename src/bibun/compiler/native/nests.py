"""What stands in the loops of a nest: stores, scattered values, and the parts of running results (totals.py)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from bibun.compiler.fusing.affine import Affine, composed, variable
from bibun.compiler.fusing.diagonals import row_of
from bibun.compiler.fusing.expressions import identity_of
from bibun.compiler.fusing.nests import WHOLE_AXIS, Nest, Root, shares, terms_inside
from bibun.compiler.native.arithmetic import WORDS
from bibun.compiler.native.code import LLVM, Value, muladd
from bibun.compiler.native.evaluation import joined, trusted
from bibun.compiler.native.function import STORED, Function
from bibun.compiler.native.loops import Rows
from bibun.compiler.native.totals import ACCUMULATORS, Index, Total, Totals

REGISTERS = 20  # of products that are added up, at most
TERMS = 128  # entries, and terms of sums of products, that are written out side by side
HEAVY = 64  # of these: a longer body is not written twice
LENGTH = 600  # operations of all of them, at most
REREAD = 8  # turns that add to the same running results in memory, before these are written


class NestWriter(Totals):
    """Writes nests into a function, one after the other."""

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
        self.row = None if self.function.ground else row_of(nest)  # in a loop around, turns share memory
        self.jammed = self._unroll_and_jam(nest)
        long = _weight(nest) * self.jammed[1] > HEAVY or nest.length * self.jammed[1] > LENGTH
        self.heavy = long and self.width >= 32
        evaluation.flat = nest.flat
        evaluation.relaid = nest.relaid
        evaluation.mine = {root.of.number for root in nest.roots if root.computes}
        self.pairs = {id(root): self.pairs_of(root) for root in nest.roots if root.word is not None}
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

    def body(self) -> None:
        roots = [root for root in self.nest.roots if self._active(root)]
        for n, root in enumerate(roots):
            if n and _are_parts(roots[n - 1], root):
                continue  # it is stored with the one before
            if n + 1 < len(roots) and _are_parts(root, roots[n + 1]):
                self._compute_complex(root, roots[n + 1])
            else:
                self._compute(root)

    def _compute_complex(self, first: Root, second: Root) -> None:
        """The real and the imaginary parts of complex numbers, which are stored together."""
        for turn, combination in product(range(self.beside), self._combinations(first)):
            self.turn = turn
            index = self._index(first, combination)
            real, imaginary = (self.evaluation.value(root.value, index) for root in (first, second))
            self.function.store_complex(first.buffer, self._store_place(first, combination), real, imaginary)
        self.turn = 0

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

    def _scatter(self, root: Root, index: Index) -> None:
        """Put or add one value at a computed place, or a row of them."""
        function, evaluation = self.function, self.evaluation
        _, _, *operands = root.of.operands
        value = evaluation.value(root.value, index)
        indices = [
            evaluation.placed(operand, tuple([composed(p, index) for p in places]))
            for operand, places in zip(operands, root.scattering.indices, strict=True)
        ]
        axes = [a if isinstance(a, int) else composed(a, index) for a in root.scattering.axes]
        known = [trusted(operand) for operand in operands]
        pointer, _, (row, step) = evaluation.address(root.buffer, axes, indices, known)
        code = function.at(function.depth)
        kind = STORED.get(root.buffer.kind, root.buffer.kind)
        if root.scattering.adds:
            value = WORDS["fadd"](function.read(code, pointer, kind, row, step), value)
        function.put(code, pointer, value, kind, row, step)  # of a row: see plan


def _are_parts(first: Root, second: Root) -> bool:
    """Whether they are the real and the imaginary part of the same complex numbers, at the same places."""
    if first.of is not second.of or first.of.op != "pair" or first.copies or second.copies:
        return False
    return first.axes == second.axes and first.target[-1][0] == 0 and second.target[-1][0] == 1


def _weight(nest: Nest) -> int:
    """About how long the body is, in entries and terms that it computes."""
    return sum((1 + terms_inside(root.value)) * len(root.unrolled()) for root in nest.roots)


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
