"""What rows are lowered to: a few operations on arrays of known shape, in which indices are affine functions.

    input, captured     memory that is there; params: the leaf, the array
    number              one value; params: the value
    iota                the index along an axis; params: the axis
    map                 entry by entry; params: the word (see native/arithmetic.py), operands of the same shape
    cast                to another kind
    view                entries of the operand at affine places: slices, transposes, broadcasts; params: an Affine an axis
    flat                the operand, which must lie in memory, as one axis in row-major order
    place               boxes put side by side, or onto a background; params: Boxes; operands: the background, the parts
    pair                complex numbers as they lie in memory, one more axis of 2, of their real and imaginary parts
    reduce              over some axes; params: (word, axes); the axes are gone
    contract            the sum of products of entries of two operands, read from their memory; params: a Contraction
    gather              entries at computed places; params: see Gathering
    scatter             values added or put at computed places; params: see Scattering
    carried             in the body of a loop, a value of the turn before; params: (the loop, which)
    patch               the background with a part put at a place that moves with the turns of a loop; params: Patch
    loop                a body that runs many times; params: a Body (see looping.py)
    call                a row that runs through NumPy; params: (row, settings, likes of its outputs)
    routine             what a library's routine, or a loop of another form, makes of memory; params: a Routine
    part                one output of a call, a routine or a loop; params: which

Every expression has a shape and a kind: f64, f32, i64, i32, i1 have native code; other dtypes only pass through calls.
Complex numbers are floats with one more axis of 2 (complexes.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.fusing.affine import Affine, composed, fixed, identity, linear, never_equal
from bibun.compiler.graph import frozen

Shape = tuple[int, ...]
KINDS = {"<f8": "f64", "<f4": "f32", "<i8": "i64", "<i4": "i32", "|b1": "i1"}
COMPLEX = {"<c16": "f64", "<c8": "f32"}  # the kind of the parts
PACKED = {kind: name for name, kind in COMPLEX.items()}
_BY_VALUE = ("number", "call")  # params that are not hashable, or equal where they should not be
DTYPES = {kind: np.dtype(name) for name, kind in KINDS.items()}
BYTES = {"f64": 8, "f32": 4, "i64": 8, "i32": 4, "i1": 1}


class Box(NamedTuple):
    """Where a part of a `place` lies: its first index and its step along each axis; the extent is the part's."""

    starts: tuple[int, ...]
    steps: tuple[int, ...]


class Gathering(NamedTuple):
    """source[...]: for each axis of the source an Affine of the output's axes, or the number of an index operand.

    `indices`: for each index operand, an Affine of the output's axes for each of its own axes.
    """

    axes: tuple[Any, ...]
    indices: tuple[tuple[Affine, ...], ...]


class Scattering(NamedTuple):
    """target[...] (+)= values: as Gathering, with the values' axes in the output's place. `adds`: else the last one stays."""

    axes: tuple[Any, ...]
    indices: tuple[tuple[Affine, ...], ...]
    adds: bool


class Factor(NamedTuple):
    """What a contraction reads of an operand: letters, the length of each, and where the entry of their places lies: for each
    axis of the operand an Affine of them, or one alone, in the row-major order of the whole."""

    letters: tuple[int, ...]
    lengths: Shape
    places: tuple[Affine, ...]

    def lies(self, steps: Sequence[int]) -> tuple[int, tuple[int, ...]]:
        """In memory with these strides: the place of the first entry, and how many lie between neighbours along each letter."""
        offset, terms = linear(self.places, steps if len(steps) == len(self.places) else (1,))
        return offset, tuple(dict(terms).get(n, 0) for n in range(len(self.letters)))


class Contraction(NamedTuple):
    """The sum, over every letter that the result has not, of the product of both factors."""

    a: Factor
    b: Factor
    result: tuple[int, ...]

    @property
    def lengths(self) -> dict[int, int]:
        """Of each letter."""
        return {c: n for x in (self.a, self.b) for c, n in zip(x.letters, x.lengths, strict=True)}


class Patch(NamedTuple):
    """Where a part lies in the background: for each axis an Affine of the part's axes and the turn."""

    places: tuple[Affine, ...]


class Routine(NamedTuple):
    """`name`: what is written (native/routines.py). `parts`: shape and kind of each output.

    over        (part, operand): this part is made in place; in the operand's memory, where nothing else reads that
    """

    name: str
    settings: tuple[Any, ...]
    parts: tuple[tuple[Shape, str], ...]
    over: tuple[tuple[int, int], ...] = ()


class Expression:
    """One array. `kept`: it is stored, however it is used; `packed`: complex numbers as they lie in memory."""

    __slots__ = ("kept", "kind", "number", "op", "operands", "packed", "params", "shape")

    def __init__(
        self, op: str, operands: tuple[Expression, ...], params: Any, shape: Shape, kind: str, number: int
    ) -> None:
        self.op = op
        self.operands = operands
        self.params = params
        self.shape = shape
        self.kind = kind
        self.number = number
        self.kept = False
        self.packed = op == "pair"

    @property
    def size(self) -> int:
        """The number of entries."""
        total = 1
        for n in self.shape:
            total *= n
        return total

    def __repr__(self) -> str:
        operands = ", ".join(f"e{x.number}" for x in self.operands)
        return f"e{self.number} = {self.op}({operands}; {self.params}) {self.kind}{list(self.shape)}"


class Expressions:
    """Makes expressions, each once; views of views are one view."""

    def __init__(self) -> None:
        self.all: list[Expression] = []
        self.values: list[np.ndarray[Any, Any]] = []
        self.masks: dict[int, Expression] = {}  # of indices that are where a mask is true: the mask
        self.whole: dict[int, tuple[Expression, Expression] | None] = {}  # of what masks take (masks.py)
        self.upper: set[int] = set()  # matrices that are upper triangles
        self._known: dict[Any, Expression] = {}

    def make(
        self, op: str, operands: tuple[Expression, ...], params: Any, shape: Sequence[int], kind: str
    ) -> Expression:
        """The expression: the one that there is, or a new one."""
        key = _key(op, operands, params, shape, kind)
        found = self._known.get(key)
        if found is None:
            found = Expression(op, operands, params, tuple(shape), kind, len(self.all))
            self._known[key] = found
            self.all.append(found)
        return found

    def routine(self, routine: Routine, *operands: Expression) -> list[Expression]:
        """The parts of a routine, which reads its operands in row-major order."""
        whole = self.make("routine", tuple([self.in_order(x) for x in operands]), routine, (), "")
        return [self.make("part", (whole,), n, shape, kind) for n, (shape, kind) in enumerate(routine.parts)]

    def has_routine(self, routine: Routine, *operands: Expression) -> bool:
        """Whether there is this one already."""
        return _key("routine", [self.in_order(x) for x in operands], routine, (), "") in self._known

    def in_order(self, x: Expression) -> Expression:
        """In row-major order: a captured array lies as it is."""
        return self.map("positive", x) if x.op == "captured" and not x.params.flags.c_contiguous else x

    def packed(
        self, op: str, operands: tuple[Expression, ...], params: Any, shape: Sequence[int], dtype: np.dtype[Any]
    ) -> Expression:
        """Complex numbers of this shape and dtype, as they lie in memory."""
        found = self.make(op, operands, params, (*shape, 2), COMPLEX[dtype.str])
        found.packed = True
        return found

    def halves(self, x: Expression) -> tuple[Expression, Expression]:
        """The real and the imaginary part of packed numbers."""
        shape = x.shape[:-1]
        real, imaginary = (self.view(x, [*identity(len(shape)), fixed(k)], shape) for k in (0, 1))
        return real, imaginary

    def pair(self, real: Expression, imaginary: Expression) -> Expression:
        """Packed numbers of their parts: those that they are the parts of, or new ones."""
        shape = np.broadcast_shapes(real.shape, imaginary.shape)
        real, imaginary = self.broadcast(real, shape), self.broadcast(imaginary, shape)
        whole = half_of(real)
        if whole is not None and self.halves(whole[0]) == (real, imaginary):
            return whole[0]
        return self.make("pair", (real, imaginary), None, (*shape, 2), real.kind)

    def gather(
        self, source: Expression, indices: tuple[Expression, ...], gathering: Gathering, shape: Sequence[int]
    ) -> Expression:
        """Entries at computed places; of a part of packed numbers, which lie in memory already, from these."""
        whole = half_of(source)
        if whole is not None:
            source, half = whole
            gathering = gathering._replace(axes=(*gathering.axes, fixed(half)))
        return self.make("gather", (source, *indices), gathering, shape, source.kind)

    def value(self, array: np.ndarray[Any, Any], kind: str) -> Expression:
        """An array whose entries are known, and stay as they are."""
        self.values.append(array)
        return self.make("captured", (), array, array.shape, kind)

    def number(self, value: Any, kind: str) -> Expression:
        """One value of shape ()."""
        return self.make("number", (), DTYPES[kind].type(value), (), kind)

    def map(self, word: str, *operands: Expression, kind: str | None = None) -> Expression:
        """Entry by entry; operands are broadcast."""
        shape = np.broadcast_shapes(*(x.shape for x in operands))
        operands = tuple([self.broadcast(x, shape) for x in operands])
        if word in ("fadd", "fsub") and any(x.op == "patch" for x in operands):
            a, b = operands if operands[1].op == "patch" or word == "fsub" else operands[::-1]
            if b.op == "patch" and is_zero(b.operands[0]):
                return self._added(word, a, b)
        return self.make("map", operands, word, shape, kind or operands[0].kind)

    def _added(self, word: str, a: Expression, part: Expression) -> Expression:
        """a with what a patch of zeros holds added where it lies."""
        value, places = part.operands[1], part.params.places
        there = self.view(a, places, value.shape)
        if not is_zero(there):
            value = self.map(word, there, value)
        elif word == "fsub":
            value = self.map("negative", value)
        return self.patch(a, value, places)

    def patch(self, background: Expression, value: Expression, places: Sequence[Affine]) -> Expression:
        """The background with the value at places that move with the turns of a loop."""
        if (
            background.op == "patch"
            and background.params.places == places
            and background.operands[1].shape == value.shape  # a row and its first entries lie at the same places
        ):
            background = background.operands[0]
        if value is self.view(background, places, value.shape):
            return background
        return self.make("patch", (background, value), Patch(tuple(places)), background.shape, background.kind)

    def cast(self, x: Expression, kind: str) -> Expression:
        """To another kind."""
        if x.kind == kind:
            return x
        if x.op == "number":
            return self.number(x.params, kind)
        if x.op == "view":
            return self.view(self.cast(x.operands[0], kind), x.params, x.shape)
        return self.make("cast", (x,), None, x.shape, kind)

    def view(self, x: Expression, places: Sequence[Affine], shape: Sequence[int]) -> Expression:
        """x at affine places of the new axes."""
        places, shape = tuple(places), tuple(shape)
        if x.op == "pair":
            return self.view(x.operands[places[-1][0]], places[:-1], shape)
        if x.op == "view":
            return self.view(x.operands[0], [composed(p, places) for p in x.params], shape)
        if shape == x.shape and places == identity(len(shape)):
            return x
        if x.op == "patch":
            if places == x.params.places and shape == x.operands[1].shape:
                return x.operands[1]
            if never_equal(places, x.params.places):
                return self.view(x.operands[0], places, shape)
        return self.make("view", (x,), places, shape, x.kind)

    def broadcast(self, x: Expression, shape: Sequence[int]) -> Expression:
        """Repeated along axes of length 1 and new ones in front."""
        shape = tuple(shape)
        if x.shape == shape:
            return x
        lead = len(shape) - len(x.shape)
        places: list[Affine] = [fixed(0) if n == 1 else (0, ((i + lead, 1),)) for i, n in enumerate(x.shape)]
        return self.view(x, places, shape)

    def reduce(self, word: str, x: Expression, axes: Sequence[int]) -> Expression:
        """Over axes, which are gone."""
        axes = tuple(axes)
        if not axes:
            return x
        if x.kind == "i1":
            word = _OF_TRUTH.get(word, word)
        shape = tuple(n for i, n in enumerate(x.shape) if i not in axes)
        if 0 in x.shape:
            return self.broadcast(self.number(identity_of(word, x.kind), x.kind), shape)
        return self.make("reduce", (x,), (word, axes), shape, x.kind)


def half_of(x: Expression) -> tuple[Expression, int] | None:
    """The packed numbers of which this is one part, and which part; None where it is none."""
    if x.op != "view" or not x.operands[0].packed:
        return None
    (whole,) = x.operands
    *places, (half, terms) = x.params
    in_place = tuple(places) == identity(len(x.shape))
    entire = in_place and x.shape == whole.shape[:-1]  # a slice from 0 has these places too
    return (whole, half) if not terms and entire else None


def is_zero(x: Expression) -> bool:
    """Whether it is the number 0, or repeats it."""
    while x.op == "view":
        (x,) = x.operands
    return x.op == "number" and x.params == 0


def _key(op: str, operands: Sequence[Expression], params: Any, shape: Sequence[int], kind: str) -> Any:
    if op == "captured":
        same: Any = id(params)  # what its entries are may change
    else:
        same = frozen(params) if op in _BY_VALUE else params
    return (op, tuple([x.number for x in operands]), same, kind, tuple(shape))


_OF_TRUTH = {"maximum": "or", "minimum": "and"}  # a truth value has one bit, which alone is a sign
_IDENTITIES: dict[str, Any] = {"fadd": 0, "fmul": 1, "and": True, "or": False}


def identity_of(word: str, kind: str) -> Any:
    """What joining leaves as it is."""
    if word in _IDENTITIES:
        return _IDENTITIES[word]
    if kind[0] == "f":
        return -np.inf if word == "maximum" else np.inf
    extreme = np.iinfo(np.dtype(f"i{int(kind[1:]) // 8}"))
    return extreme.min if word == "maximum" else extreme.max
