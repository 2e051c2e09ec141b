"""An expression at an index becomes a Value: the instructions that compute one entry, or a vector of entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from bibun.compiler.fusing.affine import Affine, added, composed, fixed, level_of, linear, scaled
from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.diagonals import DIAGONALS, counted
from bibun.compiler.fusing.expressions import Box, Expression
from bibun.compiler.fusing.nests import WHOLE_AXIS
from bibun.compiler.fusing.walking import inner_indices, place_index
from bibun.compiler.native.arithmetic import WORDS, is_tame, quotient
from bibun.compiler.native.code import LLVM, Value, literal, muladd, select
from bibun.compiler.native.function import STORED, Function, Lanes
from bibun.compiler.rewriting.rules import is_power_of_two

Index = tuple[Affine, ...]
_ZERO = {kind: literal(0, kind) for kind in ("f64", "f32", "i64", "i32", "i1")}


class Term(NamedTuple):
    """An expression at an index, or its negative. `pair`: where it is a product that is rounded, its factors."""

    expression: Expression
    place: Index
    negative: bool
    pair: tuple[Expression, Expression] | None


class Evaluation:
    """Evaluates in a Function. `buffers`: of what is stored; `ranges`: least and largest value of each loop now."""

    def __init__(self, function: Function, buffers: dict[int, Buffer]) -> None:
        self.function = function
        self.buffers = buffers
        self.ranges: list[tuple[int, int]] = []
        self.mine: set[int] = set()  # stored by the nest that is written now: computed, not read
        self.relaid: dict[int, Buffer] = {}  # read in the place of these
        self.flat = False
        self.turns: Sequence[int] = ()  # of the loops around the nests
        self.row: int | None = None  # the loop that is written as if it met no diagonals
        self.diagonals: list[Affine] = []  # those that it would have met: where they are in the row

    def value(self, x: Expression, index: Index) -> Value:
        """The value, written at the outermost level that it can stand at."""
        return self.placed(x, index)[0]

    def placed(self, x: Expression, index: Index) -> tuple[Value, int]:
        """The value and its level."""
        key = (x.number, index)
        found = self.function.known.get(key)
        if found is None:
            value, depth = self._made(x, index)
            # Which part of a `place` it came from may change with the loops, even where the value does not depend on them.
            self.function.keep(key, value, depth, max(map(self.function.depth_of, index), default=0))
            return value, depth
        return found

    def _made(self, x: Expression, index: Index) -> tuple[Value, int]:
        if x.number in self.buffers and x.number not in self.mine and x.op != "number":  # nothing waits for a number
            return self._read(self.relaid.get(x.number) or self.buffers[x.number], index)
        return getattr(self, f"_{x.op}")(x, index)  # type: ignore[no-any-return]

    def _read(self, buffer: Buffer, index: Index) -> tuple[Value, int]:
        if self.flat and len(index) == 1 and buffer.entries > 1:
            return self.function.load(buffer, index[0])
        return self.function.load(buffer, linear(index, buffer.steps))

    # ---- the operations -----------------------------------------------------------------------------

    def _number(self, x: Expression, index: Index) -> tuple[Value, int]:
        return self.function.code.constant(x.params, x.kind), self.function.ground

    def _iota(self, x: Expression, index: Index) -> tuple[Value, int]:
        return self.place_value(index[x.params])

    def _map(self, x: Expression, index: Index) -> tuple[Value, int]:
        if x.params in ("fadd", "fsub") and x.kind[0] == "f":
            first, second = (self._term(operand, index) for operand in x.operands)
            if x.params == "fsub":
                second = second._replace(negative=not second.negative)
            if (first.pair is None) != (second.pair is None):
                return self._fused(first, second) if second.pair is None else self._fused(second, first)
            for one, other in ((first, second), (second, first)):
                if self._scaled_square(one) and self._square(other):
                    return self._fused(one, other)
        if x.params == "equal":
            known = self._same_place(x, index)
            if known is not None:
                return self.function.code.constant(known, "i1"), self.function.ground
        operands = [self.placed(operand, index) for operand in x.operands]
        if x.params == "fadd":
            for n in (0, 1):  # a sum of padded arrays, where one of them is padding
                if x.operands[n].op == "place" and operands[n][0].text == _ZERO[x.kind]:
                    return operands[1 - n]
        depth = max(d for _, d in operands)
        self.function.at(depth)
        if x.params == "fdiv" and operands[0][0].lanes:
            divisor = _number(x.operands[1])
            if divisor is not None and is_tame(divisor, x.kind):
                return quotient(operands[0][0], divisor), depth
        return WORDS[x.params](*(v for v, _ in operands)), depth

    def _same_place(self, x: Expression, index: Index) -> bool | None:
        """Whether two places are one, as in an identity matrix; None where that is not known when the code is written."""
        first, second = (counted(operand, index, self._stored) for operand in x.operands)
        if first is None or second is None or self.flat:
            return None
        difference = added(first, scaled(second, -1))
        if not difference[1]:
            return difference[0] == 0
        low, high = self._span(difference)
        if low > 0 or high < 0:
            return False
        if self.row is None:
            return None
        terms = dict(difference[1])
        step = terms.pop(self.row, 0)
        if abs(step) != 1 or len(terms) > 1 or any(v < 0 or v >= WHOLE_AXIS or abs(c) != 1 for v, c in terms.items()):
            return None
        diagonal = scaled(added(difference, (0, ((self.row, -step),))), -step)
        if diagonal not in self.diagonals:
            if len(self.diagonals) == DIAGONALS:
                return None
            self.diagonals.append(diagonal)
        return False

    def _term(self, x: Expression, index: Index) -> Term:
        """What is added: found behind views, parts and signs."""
        negative = False
        while not self._stored(x):
            if x.op == "map" and x.params == "fneg":
                (x,) = x.operands
                negative = not negative
            elif x.op == "place":
                x, index = self._part(x, index)
            elif x.op == "view" and not self.flat and x.operands[0].op != "flat":
                index = tuple([composed(p, index) for p in x.params])
                (x,) = x.operands
            else:
                break
        pair = self.factors(x)
        exact = pair is not None and any(map(_power_of_2, pair))  # rounded or not, it is the same
        return Term(x, index, negative, None if exact else pair)

    def _stored(self, x: Expression) -> bool:
        return x.number in self.buffers and x.number not in self.mine

    def factors(self, x: Expression) -> tuple[Expression, Expression] | None:
        """What a product that is not stored is made of."""
        if x.op != "map" or self._stored(x):
            return None
        if x.params == "square":
            return x.operands[0], x.operands[0]
        return (x.operands[0], x.operands[1]) if x.params == "fmul" else None

    def _square(self, term: Term) -> bool:
        """Whether it is a square that is added."""
        return not term.negative and term.pair is not None and term.pair[0].number == term.pair[1].number

    def _scaled_square(self, term: Term) -> bool:
        """Whether it is a square times a number above 0: that and a square never take anything away from each other."""
        if term.negative or term.pair is None:
            return False
        for one, other in (term.pair, term.pair[::-1]):
            number, pair = _number(one), self.factors(other)
            if number is not None and number > 0 and pair is not None and pair[0].number == pair[1].number:
                return True
        return False

    def squares(self, x: Expression) -> list[tuple[Expression, Expression]]:
        """Of a sum of two squares, or of such times numbers above 0, their factors."""
        if x.op != "map" or x.params != "fadd" or self._stored(x):
            return []
        terms = [Term(operand, (), False, self.factors(operand)) for operand in x.operands]
        return (
            [t.pair for t in terms if t.pair] if all(self._square(t) or self._scaled_square(t) for t in terms) else []
        )

    def _fused(self, product: Term, other: Term) -> tuple[Value, int]:
        """A product plus what is none, rounded once. Of two products neither is favoured: x x - y y stays 0 for x = y."""
        assert product.pair is not None
        (a, da), (b, db) = (self.placed(y, product.place) for y in product.pair)
        c, dc = self.placed(other.expression, other.place)
        depth = max(da, db, dc)
        self.function.at(depth)
        a = -a if product.negative else a
        return muladd(a, b, -c if other.negative else c), depth

    def _cast(self, x: Expression, index: Index) -> tuple[Value, int]:
        value, depth = self.placed(x.operands[0], index)
        self.function.at(depth)
        return value.to(x.kind), depth

    def _view(self, x: Expression, index: Index) -> tuple[Value, int]:
        (source,) = x.operands
        if self.flat and len(index) == 1 and source.size == 1:
            return self.placed(source, (fixed(0),) * len(source.shape))
        if source.op == "flat":
            (position,) = (composed(p, index) for p in x.params)
            return self.function.load(self.buffers[source.operands[0].number], position)
        return self.placed(source, tuple([composed(p, index) for p in x.params]))

    def _flat(self, x: Expression, index: Index) -> tuple[Value, int]:
        return self.function.load(self.buffers[x.operands[0].number], index[0])

    def _place(self, x: Expression, index: Index) -> tuple[Value, int]:
        return self.placed(*self._part(x, index))

    def _part(self, x: Expression, index: Index) -> tuple[Expression, Index]:
        """The part in which the index lies, now that the loops are cut at the parts' edges."""
        background, *parts = x.operands
        for part, box in zip(reversed(parts), reversed(x.params), strict=True):
            if self._inside(index, part, box):
                return part, _at(place_index(index, box), box)
        return background, () if background.op == "number" else index

    def _inside(self, index: Index, part: Expression, box: Box) -> bool:
        for i, start, step, n in zip(index, box.starts, box.steps, part.shape, strict=True):
            low, high = self._span(i)
            if low < start or high > start + step * (n - 1) or (step != 1 and (low - start) % step):
                return False
        return True

    def _span(self, a: Affine) -> tuple[int, int]:
        low = high = a[0]
        for number, c in a[1]:
            first, last = self._range(number)
            low, high = low + min(c * first, c * last), high + max(c * first, c * last)
        return low, high

    def _range(self, number: int) -> tuple[int, int]:
        if number < 0:
            return 0, self.turns[level_of(number)] - 1
        return self.ranges[number] if number < WHOLE_AXIS else (0, number - WHOLE_AXIS - 1)

    def _reduce(self, x: Expression, index: Index) -> tuple[Value, int]:
        """A short one, entry by entry, as a tree; a sum of products as a chain of fused ones."""
        (operand,) = x.operands
        pair = self.factors(operand) if x.params[0] == "fadd" else None
        if pair is not None:
            return self._products(x, index, pair)
        values = [self.placed(x.operands[0], i) for i in inner_indices(x, index)]
        depth = max(d for _, d in values)
        self.function.at(depth)
        return joined(x.params[0], [v for v, _ in values]), depth

    def _products(self, x: Expression, index: Index, pair: tuple[Expression, Expression]) -> tuple[Value, int]:
        terms = [(self.placed(pair[0], i), self.placed(pair[1], i)) for i in inner_indices(x, index)]
        depth = max(d for term in terms for _, d in term)
        self.function.at(depth)
        total = terms[0][0][0] * terms[0][1][0]
        for (a, _), (b, _) in terms[1:]:
            total = muladd(a, b, total)
        return total, depth

    def _gather(self, x: Expression, index: Index) -> tuple[Value, int]:
        source, *operands = x.operands
        indices = [
            self.placed(operand, tuple([composed(p, index) for p in places]))
            for operand, places in zip(operands, x.params.indices, strict=True)
        ]
        axes = [a if isinstance(a, int) else composed(a, index) for a in x.params.axes]
        known = [trusted(operand) for operand in operands]
        return self.fetch(self.buffers[source.number], axes, indices, known, index)

    # ---- computed places ----------------------------------------------------------------------------

    def place_value(self, place: Affine, *, first: bool = False) -> tuple[Value, int]:
        """An affine function of loop variables as an integer; a vector where the vector loop takes part, or its `first` lane."""
        function = self.function
        offset, terms = place
        depth = function.depth_of(place)
        code = function.at(depth)
        total: Any = code.constant(offset, "i64")
        for number, step in terms:
            lanes, _ = function.across((0, ((number, step),)))
            if number < WHOLE_AXIS:
                _, loop = function.loop_of(number)
                total = total + (loop if step == 1 else loop * step)
            if lanes is not None and not first:
                steps = ", ".join(f"i64 {k * step}" for k in range(lanes.number))
                total = Value(code, f"<{steps}>", "i64", lanes.number) + code.splat(total, lanes.number)
        return total, depth

    def fetch(
        self,
        buffer: Buffer,
        axes: Sequence[Any],
        indices: Sequence[tuple[Value, int]],
        known: Sequence[bool],
        where: Sequence[Affine],
    ) -> tuple[Value, int]:
        """The entries of a buffer whose index along some axes is a value, checked against its length."""
        function = self.function
        pointers, depth, (row, step) = self.address(buffer, axes, indices, known)
        code = function.at(depth)
        kind = "i8" if buffer.kind == "i1" else buffer.kind
        if pointers.lanes:
            lanes = next(
                (found for i in (*axes, *where) if not isinstance(i, int) and (found := function.across(i)[0])), None
            )
            value = function.gather(code, pointers, kind, lanes or Lanes(pointers.lanes, None))
        else:
            value = function.read(code, pointers, kind, row, step)
        return (value.to("i1") if buffer.kind == "i1" else value), depth

    def address(
        self, buffer: Buffer, axes: Sequence[Any], indices: Sequence[tuple[Value, int]], known: Sequence[bool]
    ) -> tuple[Value, int, tuple[Lanes | None, int]]:
        """Pointers to the entries of a buffer whose index along some axes is a value, and their level.

        Where the indices are no vectors, one pointer: to the first lane of a row, with its lanes and how many entries lie
        between them. Negative indices count from the end; those out of bounds are 0, and are noted. `known`: which indices
        are in bounds for certain.
        """
        function = self.function
        fixed_part: Affine = (0, ())
        moving: list[tuple[int, int]] = []
        for number, (axis, step) in enumerate(zip(axes, buffer.steps, strict=True)):
            if isinstance(axis, int):
                moving.append((number, axis))
            else:
                fixed_part = linear([fixed_part, axis], [1, step])
        across = any(value.lanes for value, _ in indices)
        row = (None, 0) if across else function.across(fixed_part)
        start, depth = self.place_value(fixed_part, first=not across)
        depth = max([depth, *(d for _, d in indices)])
        function.at(depth)
        total = start
        for number, which in moving:
            inside = indices[which][0]
            if not known[which]:
                inside, bad = within(inside, buffer.shape[number])
                function.note(bad, depth)
            total = total + inside * buffer.steps[number]
        base = function.base(buffer)
        code = function.at(depth)
        kind = LLVM[STORED.get(buffer.kind, buffer.kind)]
        return code.emit(f"getelementptr {kind}, {base.typed}, {total.typed}", "ptr", total.lanes), depth, row


def _number(x: Expression) -> float | None:
    """The number that all entries are, if the program knows it."""
    while x.op == "view":
        (x,) = x.operands
    return float(x.params) if x.op == "number" else None


def _power_of_2(x: Expression) -> bool:
    number = _number(x)
    return number is not None and is_power_of_two(number)


def _at(index: Index, box: Box) -> Index:
    """Within a strided part: its own indices."""
    return tuple([i if step == 1 else fixed(i[0] // step) for i, step in zip(index, box.steps, strict=True)])


def trusted(x: Expression) -> bool:
    """Whether an index array is one that lowering has checked."""
    return x.op == "number" or (x.op == "captured" and not x.params.flags.writeable)


def within(index: Value, length: int) -> tuple[Value, Value]:
    """An index as NumPy reads it, 0 where it is out of bounds, and where that is."""
    wrapped = select(index < 0, index + length, index)
    bad = (wrapped < 0) | (wrapped >= length)
    return select(bad, 0, wrapped), bad


def joined(word: str, values: Sequence[Value]) -> Value:
    """All by one associative word, in pairs."""
    values = list(values)
    while len(values) > 1:
        pairs = [WORDS[word](a, b) for a, b in zip(values[::2], values[1::2], strict=False)]
        values = pairs + ([values[-1]] if len(values) % 2 else [])
    return values[0]
