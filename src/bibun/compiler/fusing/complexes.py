"""Lowering of complex numbers: a row of them is a few rows of their real and imaginary parts, computed as NumPy does.

In memory that is exchanged with others, complex numbers are floats with one more axis of 2 (a `packed` expression). What is
computed is a `pair` of two expressions, which is only put together where it is returned, or read by NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple, TypeVar

from bibun.compiler.fusing.expressions import COMPLEX, DTYPES, Expression, Expressions
from bibun.compiler.fusing.looping import numbers_of_parts
from bibun.compiler.fusing.lowering import COMPLEXES, LOWERINGS, Lowering, is_complex, kind_of
from bibun.compiler.fusing.views import reshaped
from bibun.compiler.graph import Node
from bibun.interpreters.likeness import Like


class Real:
    """An expression with Python's operators, for formulas."""

    __slots__ = ("make", "x")
    __hash__ = object.__hash__

    def __init__(self, make: Expressions, x: Expression) -> None:
        self.make = make
        self.x = x

    def of(self, value: float) -> Real:
        """A number of the same kind."""
        return Real(self.make, self.make.number(value, self.x.kind))

    def map(self, word: str, *others: Real | float, kind: str | None = None) -> Real:
        """A word of this and others."""
        operands = [y if isinstance(y, Real) else self.of(y) for y in others]
        return Real(self.make, self.make.map(word, self.x, *(y.x for y in operands), kind=kind))

    def __add__(self, other: Real | float) -> Real:
        return self.map("fadd", other)

    def __sub__(self, other: Real | float) -> Real:
        return self.map("fsub", other)

    def __mul__(self, other: Real | float) -> Real:
        return self.map("fmul", other)

    def __truediv__(self, other: Real) -> Real:
        return self.map("fdiv", other)

    def __neg__(self) -> Real:
        return self.map("fneg")

    def __abs__(self) -> Real:
        return self.map("fabs")

    def __lt__(self, other: Real | float) -> Real:
        return self.map("less", other, kind="i1")

    def __and__(self, other: Real) -> Real:
        return self.map("and", other)

    def __invert__(self) -> Real:
        return self.map("logical_not", kind="i1")

    def __or__(self, other: Real) -> Real:
        return self.map("or", other)

    def equals(self, other: Real | float) -> Real:
        """Where they are equal."""
        return self.map("equal", other, kind="i1")

    def differs(self, other: Real | float) -> Real:
        """Where they are not, also where one is nan."""
        return self.map("not_equal", other, kind="i1")

    def where(self, condition: Real, other: Real | float) -> Real:
        """This where the condition is true, else the other."""
        y = other if isinstance(other, Real) else self.of(other)
        return Real(self.make, self.make.map("select", condition.x, self.x, y.x, kind=self.x.kind))

    @property
    def is_zero(self) -> bool:
        """Whether it is the number +0, of what was real."""
        x = self.x
        while x.op == "view":
            (x,) = x.operands
        return x.op == "number" and float(x.params) == 0 and str(float(x.params)) == "0.0"


class Complex(NamedTuple):
    """A real and an imaginary part."""

    real: Real
    imag: Real


Formula = TypeVar("Formula", bound=Callable[..., "Complex | Real"])


def half(node: Node) -> Node:
    """The same call of the parts of its numbers."""
    if not is_complex(node):
        return node
    dtype = DTYPES[COMPLEX[node.dtype.str]]
    like = Like(node.shape, dtype, None if node.like.scalar is None else dtype.type)
    return Node(node.row, node.operands, node.settings, like, node.number)


def kind_of_parts(node: Node) -> str:
    """The kind in which a call with complex operands computes."""
    kinds = [COMPLEX[x.dtype.str] for x in (node, *node.operands) if is_complex(x) and not (x.weak and x is not node)]
    return "f32" if kinds and set(kinds) == {"f32"} and is_single(node) else "f64"


def is_single(node: Node) -> bool:
    """Whether no operand is of more than single precision."""
    return all(x.weak or x.dtype.itemsize <= (8 if is_complex(x) else 4) for x in node.operands)


def complex_of(make: Expressions, x: Expression, kind: str) -> Complex:
    """An operand as NumPy converts it: the imaginary part of what is real is +0."""
    if x.packed:
        real, imag = make.halves(x)
    else:
        real, imag = x, make.broadcast(make.number(0, kind), x.shape)
    return Complex(Real(make, make.cast(real, kind)), Real(make, make.cast(imag, kind)))


def packed(lower: Lowering, node: Node, found: Complex | Real) -> Expression:
    """A result as the node has it."""
    make = lower.make
    if isinstance(found, Real):
        return make.broadcast(make.cast(found.x, kind_of(node.dtype) or COMPLEX[node.dtype.str]), node.shape)
    kind = COMPLEX[node.dtype.str]
    real, imag = (make.broadcast(make.cast(part.x, kind), node.shape) for part in found)
    return make.pair(real, imag)


def complexes(*names: str) -> Callable[[Any], Any]:
    """Register the lowering of rows with complex numbers."""

    def register(function: Any) -> Any:
        COMPLEXES.update(dict.fromkeys(names, function))
        return function

    return register


def formula(*names: str, double: bool = False) -> Callable[[Formula], Formula]:
    """Register a formula of complex numbers for rows. `double`: in double precision, of single numbers too."""

    def register(function: Formula) -> Formula:
        def lower(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
            kind = "f64" if double else kind_of_parts(node)
            return packed(lower, node, function(*(complex_of(lower.make, x, kind) for x in operands)))

        COMPLEXES.update(dict.fromkeys(names, lower))
        return function

    return register


# ---- part by part -------------------------------------------------------------------------------


@complexes("astype", "astype_step")
def _astype(lower: Lowering, node: Node, operands: list[Expression]) -> Expression:
    """To real numbers the real part; a truth value is whether it is not 0."""
    make, (x,) = lower.make, operands
    if is_complex(node):
        return packed(lower, node, complex_of(make, x, COMPLEX[node.dtype.str]))
    z = complex_of(make, x, x.kind)
    return packed(lower, node, z.real.differs(0) | z.imag.differs(0) if node.dtype == bool else z.real)


_FIRST = (
    *("getitem", "getitem_at", "scatter_add", "scatter_add_at", "take_along_axis", "add_along_axis", "broadcast_to"),
    *("transpose", "flip", "diagonal", "reshape", "roll", "sum", "cumsum"),
)  # fmt: skip
_VALUES = {
    **dict.fromkeys(_FIRST, slice(0, 1)), "put": slice(0, 2), "put_at": slice(0, 2), "where": slice(1, 3),
    "concatenate": slice(None), "stack": slice(None), "add": slice(None),
}  # fmt: skip


@complexes(*_VALUES)
def _by_parts(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """What moves or adds entries does so with the real parts and with the imaginary ones; indices are the same."""
    values, kind = _VALUES[node.name], COMPLEX.get(node.dtype.str)
    if kind is None or any(x.packed for x in set(operands) - set(operands[values])):
        return None
    given = [complex_of(lower.make, x, kind) for x in operands[values]]
    found = []
    for k in (0, 1):
        parts = list(operands)
        parts[values] = [z[k].x for z in given]
        found.append(LOWERINGS[node.name](lower, half(node), parts))
    real, imag = found
    return None if real is None or imag is None else lower.make.pair(real, imag)


@complexes("norm")
def _norm(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """The root of the sum of the squares of all parts: those of the real ones, and those of the imaginary ones."""
    make, kind = lower.make, COMPLEX[node.operands[0].dtype.str]
    squares = [make.map("fmul", part, part) for part in make.halves(operands[0])]
    found = make.map("sqrt", make.reduce("fadd", make.map("fadd", *squares), node.settings["axis"]))
    return make.cast(reshaped(make, found, node.shape), kind_of(node.dtype) or kind)


# ---- products -----------------------------------------------------------------------------------


LARGE = 1 << 15  # multiplications in one product of matrices: more than these BLAS does faster, which NumPy calls


def _is_large(node: Node) -> bool:
    """Whether the matrices of a product, or of each of a stack, are large."""
    a, b = node.operands
    if node.name == "matmul":
        return prod(a.shape[-2:]) * (b.shape[-1] if len(b.shape) > 1 else 1) > LARGE
    first, second, result = node.settings["subscripts"]
    lengths: dict[str, int] = {}
    for c, n in zip((*first, *second), (*a.shape, *b.shape), strict=True):
        lengths[c] = max(n, lengths.get(c, 1))
    stack = set(first) & set(second) & set(result)
    return prod(n for c, n in lengths.items() if c not in stack) > LARGE


@complexes("matmul", "einsum")
def _product(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """The sums of the products of parts, of two operands: four of them, or two where one is real."""
    if len(operands) > 2 or not is_complex(node) or (len(operands) == 2 and _is_large(node)):
        return None
    make, real, kind = lower.make, half(node), COMPLEX[node.dtype.str]
    given = [complex_of(make, x, kind) for x in operands]
    if not all(x.packed for x in operands):
        given = [Complex(z.real, z.real) if not x.packed else z for x, z in zip(operands, given, strict=True)]
    if len(operands) == 1 or not all(x.packed for x in operands):
        chosen = [[z[k].x for z in given] for k in (0, 1)]
    else:
        a, b = given
        chosen = [[x.x, y.x] for x, y in ((a.real, b.real), (a.imag, b.imag), (a.real, b.imag), (a.imag, b.real))]
    found = [LOWERINGS[node.name](lower, real, parts) for parts in chosen]
    terms = [Real(make, x) for x in found if x is not None]
    if len(terms) < len(found):
        return None
    return packed(
        lower, node, Complex(*terms) if len(terms) == 2 else Complex(terms[0] - terms[1], terms[2] + terms[3])
    )


# ---- loops --------------------------------------------------------------------------------------


@complexes("part")
def _part_of_loop(lower: Lowering, node: Node, operands: list[Expression]) -> Expression:
    """What a loop gives in two parts."""
    (loop,) = operands
    kind = COMPLEX[node.dtype.str]
    numbers = numbers_of_parts(node.operands[0].settings, node.settings)
    return lower.make.pair(*(lower.make.make("part", (loop,), n, node.shape, kind) for n in numbers))
