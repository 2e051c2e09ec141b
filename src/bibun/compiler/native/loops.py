"""The loops of a nest as code: cut where parts begin and end, the vector loop with its rest, one of them over rows.

The loop around the vector loop may be unrolled into it ("unroll and jam"): several of its turns run side by side, so that
what does not depend on it is read once for all of them. Running results go through every loop in registers. What stands
in the loops is written by `body`, which nests.py defines, `begin` and `end`, which totals.py does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from bibun.compiler.fusing.affine import Affine, added, fixed, scaled
from bibun.compiler.fusing.nests import Nest
from bibun.compiler.native.code import Value, select
from bibun.compiler.native.evaluation import Evaluation
from bibun.compiler.native.function import Function, Lanes, first_lanes

FEW = 3  # entries between two cuts that are written out one by one


class Rows(NamedTuple):
    """The loop of a nest that runs over some rows only: from `start` to `stop`, which are values of the function."""

    loop: int
    start: Value
    stop: Value


class Loops:
    """Writes loops into a function. `width`: bytes of a vector register.

    row         the loop over a row of which entries on diagonals are computed by themselves
    heavy       whether the body is so long that it is written once, with a mask, and not again for the rest
    jammed      the loop of which several turns run side by side, and how many
    beside      how many there are now
    turn        which of them is written now
    """

    nest: Nest
    rows: Rows | None
    cuts: Sequence[set[int]]
    fixed: dict[int, Affine]  # loops that stand still at one turn
    registers: dict[Any, Value]
    vector: int | None
    lanes: int
    row: int | None = None
    heavy: bool = False
    jammed: tuple[int, int] = (-1, 1)
    beside: int = 1
    turn: int = 0

    def __init__(self, function: Function, evaluation: Evaluation, width: int) -> None:
        self.function = function
        self.evaluation = evaluation
        self.width = width

    def body(self) -> None:
        """One turn of the innermost loop."""
        raise NotImplementedError

    def begin(self, depth: int) -> None:
        """Before the loops from `depth` on."""
        raise NotImplementedError

    def end(self, depth: int) -> None:
        """Behind them."""
        raise NotImplementedError

    def place(self, a: Affine) -> Affine:
        """With where the loops are that stand still, and in the turn that is written now."""
        for v, c in a[1] if self.fixed else ():
            if v in self.fixed:
                a = added(a, added((0, ((v, -c),)), scaled(self.fixed[v], c)))
        if self.turn:
            a = (a[0] + sum(c * self.turn for v, c in a[1] if v == self.jammed[0]), a[1])
        return a

    def loops(self, number: int) -> None:
        """Loop `number` and all inside it."""
        self.begin(number)
        if number == len(self.nest.loops):
            self.body()
        else:
            extent = self.nest.loops[number].extent
            edges = sorted({0, extent, *(c for c in self.cuts[number] if 0 < c < extent)})
            for start, stop in pairwise(edges):
                if self.rows is not None and self.rows.loop == number:
                    self._some(number, start, stop)
                elif number == self.row and self.beside == 1 and stop - start == extent:
                    self._beside_diagonals(number, extent)
                else:
                    self._all(number, start, stop)
        self.end(number)

    # ---- whole loops --------------------------------------------------------------------------------

    def _all(self, number: int, start: int, stop: int) -> None:
        """From one cut to the next."""
        innermost = number + 1 == len(self.nest.loops)
        if stop - start <= (FEW if innermost else 1):
            for k in range(start, stop):
                self._still(number, k)
        elif self.nest.loops[number].vector:
            whole = (stop - start) // self.lanes * self.lanes
            if self.heavy and 0 < whole < stop - start:
                self._masked(number, start, stop)
                return
            if whole:
                self._vectors(number, start, start + whole, None)
            if start + whole < stop:
                rest = stop - start - whole
                self._vectors(number, start + whole, start + whole + self.lanes, first_lanes(rest, self.lanes), rest)
        elif number == self.jammed[0]:
            side = self.jammed[1]
            whole = start + (stop - start) // side * side
            if start < whole:
                self._side_by_side(number, start, whole, side)
            if whole < stop:
                self._side_by_side(number, whole, stop, stop - whole)
        else:
            self._repeat(number, start, stop, 1)

    def _beside_diagonals(self, number: int, extent: int) -> None:
        """A row as if it met none of the diagonals (fusing/diagonals.py), then the entries on those that were met."""
        evaluation = self.evaluation
        evaluation.row, evaluation.diagonals = number, []
        self._all(number, 0, extent)
        diagonals, evaluation.row = evaluation.diagonals, None
        for diagonal in diagonals:
            self._on_diagonal(number, diagonal, extent)

    def _on_diagonal(self, number: int, diagonal: Affine, extent: int) -> None:
        """The entry of a row that is on a diagonal, in those rows that meet it."""
        offset, terms = diagonal
        if not terms:
            if 0 <= offset < extent:
                self._still(number, offset)
            return
        ((outer, sign),) = terms
        ranges = self.evaluation.ranges
        low, high = before = ranges[outer]
        ends = (-offset * sign, (extent - 1 - offset) * sign)
        first, last = max(low, min(ends)), min(high, max(ends))
        if first > last:
            return
        ranges[outer] = first, last
        if (first, last) == before:
            self._still(number, diagonal)
        else:
            self.function.at(self.function.depth)
            _, row = self.function.loop_of(outer)
            self._when((row >= first) & (row <= last), lambda: self._still(number, diagonal))
        ranges[outer] = before

    def _side_by_side(
        self, number: int, start: Any, stop: Any, count: int, span: tuple[int, int] | None = None
    ) -> None:
        """A loop whose body is `count` of its turns."""
        self.beside = count
        low, high = span or (start, stop - 1)
        self._repeat(number, start, stop, count, span=(low, high - count + 1))  # its variable is that of the first
        self.beside = 1

    def _still(self, number: int, k: int | Affine) -> None:
        """One turn of a loop, its variable a number, or a place that the loops around tell."""
        before = self.evaluation.ranges[number]
        if isinstance(k, int):
            self.evaluation.ranges[number] = (k, k)
            k = fixed(k)
        self.fixed[number] = k
        self._once(number, None)
        del self.fixed[number]
        self.evaluation.ranges[number] = before

    def _vectors(self, number: int, start: Any, stop: Any, mask: str | None, rest: int | None = None) -> None:
        """Whole vectors, or one of which only the lanes of a mask count."""
        self.function.vectors[number] = Lanes(self.lanes, mask)
        self._repeat(number, start, stop, self.lanes, rest)
        del self.function.vectors[number]

    # ---- some rows ----------------------------------------------------------------------------------

    def _some(self, number: int, start: int, stop: int) -> None:
        """What of a stretch between two cuts belongs to the rows."""
        assert self.rows is not None
        self.function.at(self.function.depth)
        low, high = self.rows.start, self.rows.stop
        first = low if start == 0 else select(low < start, start, low)
        last = high if stop == self.nest.loops[number].extent else select(high > stop, stop, high)
        last = select(last < first, first, last)  # none of them: not a number below 0, rounded down to whole vectors
        if stop - start <= FEW:
            for k in range(start, stop):
                self.function.at(self.function.depth)
                self._when((low <= k) & (high > k), lambda k=k: self._still(number, k))  # type: ignore[misc]
            return
        span = (start, stop - 1)
        if not self.nest.loops[number].vector:
            if number == self.jammed[0]:
                side = self.jammed[1]
                begin, first = first, first + ((last - first) & -side)
                self._when(begin < first, lambda: self._side_by_side(number, begin, first, side, span))
                self.function.at(self.function.depth)
            self._when(first < last, lambda: self._repeat(number, first, last, 1, span=span))
            return
        if self.heavy:
            self._when(first < last, lambda: self._masked(number, first, last, span))
            return
        whole = first + ((last - first) & -self.lanes)
        self._when(first < whole, lambda: self._spanned(number, first, whole, None, span))
        self.function.at(self.function.depth)
        mask = self._first_lanes(last - whole)
        self._when(whole < last, lambda: self._spanned(number, whole, whole + self.lanes, mask, span))

    def _first_lanes(self, count: Value) -> str:
        """A mask of so many lanes, a number that is known when the code runs."""
        code = self.function.at(self.function.depth)
        lanes = ", ".join(f"i64 {k}" for k in range(self.lanes))
        return (Value(code, f"<{lanes}>", "i64", self.lanes) < code.splat(count, self.lanes)).text

    def _masked(self, number: int, start: Any, stop: Any, span: tuple[int, int] | None = None) -> None:
        """Vectors of which those lanes count that lie before the end."""
        self._repeat(number, start, stop, self.lanes, span=span or (start, stop - 1), masked=True)
        del self.function.vectors[number]

    def _spanned(self, number: int, start: Value, stop: Value, mask: str | None, span: tuple[int, int]) -> None:
        self.function.vectors[number] = Lanes(self.lanes, mask)
        self._repeat(number, start, stop, self.lanes, span=span, single=mask is not None)
        del self.function.vectors[number]

    def _when(self, condition: Value, write: Callable[[], None]) -> None:
        """Code for the case that a condition holds; running results go on either way."""
        function = self.function
        level, label = function.levels[-1], function.label("when")
        came, before = level.label, level.lines
        level.lines, level.label, level.block = [], f"{label}.yes", 0
        keys, entering = len(level.keys), dict(self.registers)
        write()
        inside, last = level.lines, level.label
        for key in level.keys[keys:]:
            function.known.pop(key, None)
        del level.keys[keys:]
        level.lines, level.label = before, f"{label}.end"
        before += [f"  br i1 {condition.text}, label %{label}.yes, label %{label}.end", f"{label}.yes:", *inside]
        before += [f"  br label %{label}.end", f"{label}.end:"]
        level.block = len(before)
        for n, (key, first) in enumerate(entering.items()):
            now = self.registers[key]
            if now is not first:
                before.append(f"  %{label}.r{n} = phi {first.type} [{first.text}, %{came}], [{now.text}, %{last}]")
                self.registers[key] = function.code.parameter(f"{label}.r{n}", first.kind, first.lanes)

    # ---- one loop -----------------------------------------------------------------------------------

    def _repeat(
        self,
        number: int,
        start: Any,
        stop: Any,
        step: int,
        rest: int | None = None,
        *,
        span: tuple[int, int] | None = None,
        single: bool = False,
        masked: bool = False,
    ) -> None:
        """A loop that runs at least once. `rest`: how many lanes count; `span`: of its variable, where that is no number."""
        function, before = self.function, self.evaluation.ranges[number]
        self.evaluation.ranges[number] = span or (start, start + rest - 1 if rest else stop - 1)
        if single or (isinstance(start, int) and stop - start == step):
            code = function.at(function.depth)
            self._once(number, start if isinstance(start, Value) else code.constant(start, "i64"))
        else:
            keys = list(self.registers)

            def write(variable: Value, now: list[Value]) -> list[Value]:
                if masked:
                    code = function.at(function.depth)
                    end = stop if isinstance(stop, Value) else code.constant(stop, "i64")
                    function.vectors[number] = Lanes(self.lanes, self._first_lanes(end - variable))
                self.registers = dict(zip(keys, now, strict=True))
                self.loops(number + 1)
                return [self.registers[key] for key in keys]

            following = function.repeat("loop", (start, stop, step), [self.registers[key] for key in keys], write)
            self.registers = dict(zip(keys, following, strict=True))
        self.evaluation.ranges[number] = before

    def _once(self, number: int, variable: Value | None) -> None:
        """The body of a loop in a level of its own, so that loops inside keep their depth."""
        function = self.function
        function.interrupt()
        outer = function.levels[-1]
        function.push(variable, outer.label)
        self.loops(number + 1)
        label = function.levels[-1].label
        outer.lines += function.pop()
        outer.label = label
