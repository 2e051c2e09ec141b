"""From a graph of rows to expressions: a function for each row, in LOWERINGS. A row that has none runs through NumPy."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any

import numpy as np

from bibun.compiler.fusing.affine import turn_of, variable
from bibun.compiler.fusing.expressions import COMPLEX, KINDS, Expression, Expressions
from bibun.compiler.fusing.shuffles import Shuffles
from bibun.compiler.graph import Graph, Node, users
from bibun.compiler.native.arithmetic import suits
from bibun.compiler.rewriting.patterns import number_of
from bibun.compiler.rewriting.rules import is_identity, is_power_of_two, scale
from bibun.compiler.rolling.rolled import moves
from bibun.core.primitive import Primitive
from bibun.primitives import TABLE

Lower = Callable[["Lowering", Node, list[Expression]], "Expression | None"]
LOWERINGS: dict[str, Lower] = {}
SEVERAL: dict[str, Callable[[Lowering, Node, list[Expression]], list[Expression] | None]] = {}  # of several outputs
COMPLEXES: dict[str, Lower] = {}  # where complex numbers take part (complexes.py)


def lowers(*names: str) -> Callable[[Lower], Lower]:
    """Register the lowering of rows: it gives None for a call that has to run through NumPy."""

    def register(function: Lower) -> Lower:
        LOWERINGS.update(dict.fromkeys(names, function))
        return function

    return register


def kind_of(dtype: np.dtype[Any]) -> str | None:
    """The kind of a dtype that has native code; None for others."""
    return KINDS.get(dtype.str)


def _steps_by_entries(node: Node) -> bool:
    """Whether a captured array's neighbours lie whole entries apart, as those of a field of records need not."""
    size = node.dtype.itemsize // (2 if is_complex(node) else 1)
    native = is_complex(node) or kind_of(node.dtype) is not None
    return not native or all(step % size == 0 for step in node.settings.strides)


def is_complex(node: Node) -> bool:
    """Whether it has complex numbers with native code."""
    return node.like is not None and node.dtype.str in COMPLEX


class Lowering:
    """The expressions of one graph. `inputs`: those of a loop's body, by the settings of their nodes."""

    def __init__(
        self, graph: Graph, make: Expressions, inputs: dict[Any, Expression] | None = None, turns: tuple[int, ...] = ()
    ) -> None:
        self.make = make
        self.turns = turns  # of the loops around
        self.inputs = inputs
        self.of: dict[int, Expression] = {}
        self.several: dict[int, list[Expression]] = {}  # of rows with several outputs: each of them
        self.checks: list[tuple[Expression, Any]] = []  # guards that rows bring with them
        self.shuffles = Shuffles(make)
        live = graph.live()
        self.readers = users(live)
        self.parts: dict[int, set[int]] = {}  # of each call or loop with several outputs: which are used
        for node in live:
            if node.name == "part":
                self.parts.setdefault(node.operands[0].number, set()).add(node.settings)
        for node in live:
            found = self.of[node.number] = self._lowered(node)
            for x in found.operands if found.op == "pair" else (found,):
                self.shuffles.note(x)
        self.outputs = [self._settled(node) for node in graph.outputs]
        self.results = [(node.shape, node.dtype.str) if is_complex(node) else (x.shape, x.kind)
                        for node, x in zip(graph.outputs, self.outputs, strict=True)]  # fmt: skip
        guards = [each for node, outcome in graph.guards for each in self._guard(node, outcome)]
        self.guards = guards + self.checks

    def _settled(self, node: Node) -> Expression:
        """The node with fewer moves, where it is many of them."""
        x = self.of[node.number]
        return self.make.pair(*map(self.shuffles.settled, x.operands)) if x.op == "pair" else self.shuffles.settled(x)

    def _guard(self, node: Node, outcome: Any) -> list[tuple[Expression, Any]]:
        """Of a complex number two: whether it is 0, or how its parts must be."""
        x = self._settled(node)
        if not is_complex(node):
            return [(x, outcome)]
        parts = self.make.halves(x)
        if isinstance(outcome, bool):
            return [(self.make.map("or", *(self.make.cast(part, "i1") for part in parts)), outcome)]
        return [(parts[0], complex(outcome).real), (parts[1], complex(outcome).imag)]

    def _lowered(self, node: Node) -> Expression:
        operands = [self.of[x.number] for x in node.operands]
        if not self.shuffles.moves(operands, node.name):
            for x in node.operands:
                self.of[x.number] = self._settled(x)
            operands = [self.of[x.number] for x in node.operands]
        if isinstance(node.row, str):
            return self._word(node, operands)
        if any(map(is_complex, (node, *node.operands))):
            complexes = COMPLEXES.get(node.name) if node.like is not None and _native(node, COMPLEX) else None
            return (complexes and complexes(self, node, operands)) or self._call(node, operands)
        if node.like is None and node.name in SEVERAL:
            parts = SEVERAL[node.name](self, node, operands)
            if parts is not None:
                self.several[node.number] = parts
                return parts[0]
        elif node.like is not None and _native(node):
            lower = LOWERINGS.get(node.name)
            if lower is None and node.row.batch == "elementwise":
                lower = _elementwise
            found = lower(self, node, operands) if lower is not None else None
            if found is not None:
                return found
        return self._call(node, operands)

    def _word(self, node: Node, operands: list[Expression]) -> Expression:
        if node.name == "loop":
            return LOWERINGS["loop"](self, node, operands)  # type: ignore[return-value]
        if node.name == "input" and self.inputs is not None:
            return self.inputs[node.settings]
        if node.name == "part":
            (call,) = operands
            parts = self.several.get(node.operands[0].number)
            if parts is not None:
                return self.make.cast(parts[node.settings], kind_or_dtype(node))
            if is_complex(node) and call.op == "loop":
                return COMPLEXES["part"](self, node, operands)  # type: ignore[return-value]
            if is_complex(node):
                return self.make.packed("part", (call,), node.settings, node.shape, node.dtype)
            return self.make.make("part", (call,), node.settings, node.shape, kind_or_dtype(node))
        if node.name == "constant":
            kind = kind_of(node.dtype)
            if kind is not None:
                return self.make.number(node.settings, kind)
            if is_complex(node):
                value, kind = complex(node.settings), COMPLEX[node.dtype.str]
                return self.make.pair(self.make.number(value.real, kind), self.make.number(value.imag, kind))
            return self.make.value(np.asarray(node.settings), node.dtype.str)
        if is_identity(node) and kind_of(node.dtype) is not None:
            return self._identity_matrix(node.shape, kind_or_dtype(node))
        if node.name == "captured" and not _steps_by_entries(node):
            whole = self.make.make("captured", (), node.settings, node.shape, node.dtype.str)
            return called(self.make, TABLE["copy"], {}, [(whole, False)], (node.shape, node.dtype), self.turns)
        if is_complex(node):
            return self.make.packed(node.name, (), node.settings, node.shape, node.dtype)
        return self.make.make(node.name, (), node.settings, node.shape, kind_or_dtype(node))

    def _identity_matrix(self, shape: tuple[int, ...], kind: str) -> Expression:
        """Computed, not read: what forward mode multiplies by it then needs no memory for it either."""
        make = self.make
        row, column = (make.make("iota", (), axis, shape, "i64") for axis in (0, 1))
        return make.map(
            "select", make.map("equal", row, column, kind="i1"), make.number(1, kind), make.number(0, kind), kind=kind
        )

    def _call(self, node: Node, operands: list[Expression]) -> Expression:
        """Through NumPy: a call, and its only output."""
        weak = [x.weak for x in node.operands]
        if all(weak) and node.weak and node.dtype.kind in "if":  # Python's operators take truth values as whole numbers
            operands = [self.make.cast(x, kind_or_dtype(node)) for x in operands]
        given = zip(operands, weak, strict=True)
        return called(self.make, node.row, node.settings, given, node.like and (node.shape, node.dtype), self.turns)


def called(
    make: Expressions,
    row: Primitive | str,
    settings: Any,
    operands: Iterable[tuple[Expression, bool]],
    like: tuple[tuple[int, ...], np.dtype[Any]] | None,
    turns: Sequence[int],
) -> Expression:
    """A row through NumPy: its output, or, without a likeness, all of them. A key that moves needs turns, of so many in each
    loop."""
    given = list(operands)
    for level in range(len(turns) - 1, len(turns) - 1 - moves(settings), -1):
        numbers = make.make("iota", (), 0, (turns[level],), "i64")
        given.append((make.view(numbers, [variable(turn_of(level))], ()), False))
    shape, kind = ((), "") if like is None else (like[0], kind_of(like[1]) or like[1].str)
    whole = make.make("call", tuple(x for x, _ in given), (row, settings, tuple(w for _, w in given)), shape, kind)
    if like is not None and kind in COMPLEX:
        return make.packed("part", (whole,), None, *like)
    return make.make("part", (whole,), None, shape, kind) if kind else whole


def kind_or_dtype(node: Node) -> str:
    """The kind of its dtype; the name of a dtype without native code."""
    return kind_of(node.dtype) or node.dtype.str


def _native(node: Node, more: Container[str] = ()) -> bool:
    """Whether every dtype that takes part has native code, or is one of these."""
    return all(
        x.like is not None and (kind_of(x.dtype) or x.dtype.str in more) for x in (node, *node.operands)
    ) and not any(isinstance(v, np.ndarray) and v.dtype.hasobject for v in (node.settings or {}).values())


# ---- entry by entry -----------------------------------------------------------------------------


def _elementwise(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """In the dtype in which NumPy computes: the result's, or, where that is a truth value, that of the operands together."""
    row: Any = node.row
    kind = kind_of(node.dtype)
    assert kind is not None
    common = kind
    if kind == "i1":
        common = "i1" if row.name.startswith("logical_") else common_kind(node)
    if row.native is None or not suits(row.native, common):
        return None
    operands = [lower.make.cast(x, common) for x in operands]
    return lower.make.map(row.native, *operands, kind=kind)


@lowers("add")
def _add(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """What is added where 0 has just been put is put there."""
    a, b = operands
    return lower.shuffles.added(a, b) or lower.shuffles.added(b, a) or _elementwise(lower, node, operands)


@lowers("multiply")
def _multiply(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """(c x) (d y) = ((c d) x) y, where d is a power of two and nobody else reads d y: nothing is rounded twice. The chain
    rule leaves such constants of squares."""
    for left, right in (node.operands, node.operands[::-1]):
        numbers = [number_of(x.operands[0]) if x.name == "multiply" else None for x in (left, right)]
        if any(c is None for c in numbers) or not left.dtype == right.dtype == node.dtype or node.dtype.kind != "f":
            break
        product = scale(*numbers) if is_power_of_two(numbers[1]) and len(lower.readers[right.number]) == 1 else None
        if product is not None:
            kind = kind_or_dtype(node)
            x, y = (lower.make.cast(lower.of[of.operands[1].number], kind) for of in (left, right))
            return lower.make.map(
                "fmul", lower.make.map("fmul", lower.make.number(product, kind), x, kind=kind), y, kind=kind
            )
    return _elementwise(lower, node, operands)


@lowers("power", "float_power")
def _power(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    number = number_of(node.operands[1])
    if number not in (3, 4) or node.dtype.kind != "f":
        return _elementwise(lower, node, operands)
    x = lower.make.cast(operands[0], kind_or_dtype(node))
    return power(lower.make, lower.make.broadcast(x, node.shape), number)


def power(make: Expressions, x: Expression, number: float) -> Expression:
    """x**number. x**3 = (x x) x and x**4 = (x x)**2, 1.5 and 2 ulp from the power at most. Rounding errors of x x count by how
    far it is above a power of two, so higher powers would be further off; x x is no subnormal number or infinity where the power
    is not 0 or infinite, so these two are right there as well."""
    if number not in (3, 4):
        return make.map("pow", x, make.number(number, x.kind), kind=x.kind)
    square = make.map("square", x, kind=x.kind)
    return make.map("fmul", square, x if number == 3 else square, kind=x.kind)


def common_kind(node: Node) -> str:
    """The kind that NumPy brings operands of a comparison to; Python's numbers give way. Whole numbers of Python's it compares
    as they are, so where they may not fit, they do not give way."""
    kinds = [x.dtype.type(0).item() if x.weak else x.dtype for x in node.operands]
    kind = kind_of(np.result_type(*kinds)) or "f64"
    return "i64" if kind == "i32" and not all(map(_fits, node.operands)) else kind


def _fits(node: Node) -> bool:
    """Whether it has 32 bits, if it is a whole number of Python's."""
    number = number_of(node)
    return node.like.scalar is not int or (number is not None and -(2**31) <= number < 2**31)


@lowers("where")
def _where(lower: Lowering, node: Node, operands: list[Expression]) -> Expression:
    kind = kind_or_dtype(node)
    condition, a, b = operands
    make = lower.make
    return make.map("select", make.cast(condition, "i1"), make.cast(a, kind), make.cast(b, kind), kind=kind)


@lowers("astype", "astype_step")
def _astype(lower: Lowering, node: Node, operands: list[Expression]) -> Expression:
    return lower.make.cast(operands[0], kind_or_dtype(node))


@lowers("tied", "copy", "positive", "real", "conjugate")
def _same(lower: Lowering, node: Node, operands: list[Expression]) -> Expression:
    return lower.make.cast(operands[0], kind_or_dtype(node))
