"""Loop nests: which axes become loops, and what is evaluated in them. Owns the choice for one root; schedule.py groups.

The domain of a root is the shape of what it evaluates. An axis of it is a serial loop, the vector loop (the innermost
one), unrolled (each index along it is a constant of the code), or short enough to be one vector as a whole.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from bibun.compiler.fusing.affine import Affine, fixed, variable
from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.expressions import Expression, Gathering, Scattering

STRAIGHT = 64  # entries: a domain of no more is straight code
UNROLLED = 32  # combinations of indices along unrolled axes
INLINE_SUM = 16  # entries: a reduction over no more is computed where it is used
INLINE_PRODUCT = 32  # the same of a sum of products
INLINE_ROW = 16  # entries: so long a sum along rows that indices choose is none of these, since vectors add it up
INLINE_ALWAYS = 4  # a reduction over no more, whatever the number of its results
WHOLE_AXIS = 1000  # variable WHOLE_AXIS + n stands for all n places of a short axis, in one vector
_WHOLE = 32  # entries of such an axis, at most
_LOOKED_AT = 64
_SIDE_BY_SIDE = 512  # terms of sums of products that are written out, so that what they share is read once
_ROW = 8  # entries of a row that indices choose: vectors run along so many, although another axis is longer
_LANES = 8  # entries of a vector, about
_SHORT, _LONG = 32, 4  # an innermost axis shorter than 32 is not the vector loop where another is 4 times as long


def terms_of(reduction: Expression) -> int:
    """How many entries each result of a reduction joins."""
    total = 1
    for i in reduction.params[1]:
        total *= reduction.operands[0].shape[i]
    return total


def computed_inline(reduction: Expression) -> bool:
    """Whether a reduction is written out where it is used; of few long results a vector is reduced instead."""
    terms = terms_of(reduction)
    if terms <= INLINE_ALWAYS:
        return True
    if terms > (INLINE_PRODUCT if is_product(reduction) else INLINE_SUM) or reduction.size < STRAIGHT:
        return False
    return terms < INLINE_ROW or not any(_reads_rows(reduction.operands[0], axis) for axis in reduction.params[1])


def is_product(x: Expression) -> bool:
    """Whether it is a sum of products."""
    return x.op == "reduce" and x.params[0] == "fadd" and x.operands[0].op == "map" and x.operands[0].params == "fmul"


def products_inside(x: Expression) -> list[Expression]:
    """The sums of products that are computed where x is."""
    waiting, seen, found = [x], set[int](), []
    while waiting and len(seen) < _LOOKED_AT:
        y = waiting.pop()
        if y.number in seen:
            continue
        seen.add(y.number)
        if is_product(y) and computed_inline(y):
            found.append(y)
        elif y.op in ("map", "view", "cast"):
            waiting += y.operands
    return found


def terms_inside(x: Expression) -> int:
    """How many terms the longest sum of products has that is computed where x is; 0 where there is none."""
    return max(map(terms_of, products_inside(x)), default=0)


def shares(x: Expression, axis: int) -> bool:
    """Whether sums of products along an axis of x have a factor in common."""
    for product in products_inside(x):
        before = axis
        for reduced in product.params[1]:
            before += reduced <= before
        if product.shape == x.shape and any(not _varies(y, before) for y in product.operands[0].operands):
            return True
    return False


def _varies(x: Expression, axis: int) -> bool:
    """Whether it is not the same all along an axis, as far as its views say."""
    if x.op in ("map", "cast"):
        return any(_varies(y, axis) for y in x.operands)
    if x.op == "view":
        return any(v == axis for _, terms in x.params for v, _ in terms)
    return x.op != "number"


class Loop(NamedTuple):
    """One loop of a nest."""

    extent: int
    vector: bool


class Root:
    """One thing that a nest computes.

    value       what is evaluated at each index of the domain
    extents     the domain
    word        of a reduction, what joins entries; None: they are stored
    reduced     the axes of the domain that are reduced
    buffer      where it goes
    target      for each axis of the buffer its index, an Affine of the domain's axes
    copies      the value is stored elsewhere already
    axes        for each axis of the domain its variable: the number of its loop, or WHOLE_AXIS + extent; None: unrolled
    """

    __slots__ = ("axes", "buffer", "copies", "extents", "of", "reduced", "scattering", "target", "value", "word")

    def __init__(
        self,
        of: Expression,
        value: Expression,
        buffer: Buffer,
        target: tuple[Affine, ...],
        *,
        word: str | None = None,
        reduced: tuple[int, ...] = (),
        scattering: Any = None,
        copies: bool = False,
    ) -> None:
        self.copies = copies
        self.of = of
        self.value = value
        self.extents = value.shape
        self.word = word
        self.reduced = reduced
        self.buffer = buffer
        self.target = target
        self.scattering = scattering
        self.axes: tuple[int | None, ...] = ()

    @property
    def computes(self) -> bool:
        """Whether it stores an expression as it computes it, so that others in the nest need not read it."""
        return self.word is None and self.scattering is None and self.value is self.of and not self.copies

    def unrolled(self) -> list[tuple[int, ...]]:
        """All combinations of indices along the unrolled axes, in order."""
        found: list[tuple[int, ...]] = [()]
        for axis, extent in zip(self.axes, self.extents, strict=True):
            if axis is None:
                found = [(*before, i) for before in found for i in range(extent)]
        return found

    def index(self, combination: tuple[int, ...]) -> tuple[Affine, ...]:
        """The index of the domain: loop variables, and these constants."""
        rest = iter(combination)
        return tuple([fixed(next(rest)) if axis is None else variable(axis) for axis in self.axes])


class Nest:
    """Loops from the outermost to the innermost, and the roots inside.

    flat        arrays are read as one axis
    reads       the memory that is read
    relaid      by expression, the copy in another order of axes that is read in its place
    length      of the body, about: how many operations its roots evaluate, each at as many places as they do
    """

    __slots__ = ("flat", "length", "loops", "reads", "relaid", "roots")

    def __init__(self, loops: tuple[Loop, ...], *, flat: bool) -> None:
        self.loops = loops
        self.flat = flat
        self.roots: list[Root] = []
        self.length = 0
        self.reads: list[Buffer] = []
        self.relaid: dict[int, Buffer] = {}

    @property
    def size(self) -> int:
        """How often the body runs."""
        total = 1
        for loop in self.loops:
            total *= loop.extent
        return total


def flattens(root: Root) -> bool:
    """Whether the whole domain can be one loop: every array in it is read from end to end in the same order."""
    shape = root.extents
    if len(shape) < 2 or root.scattering is not None:
        return False
    if root.word is None:
        straight = root.buffer.contiguous and root.buffer.shape == shape
        if not straight or any(t != variable(i) for i, t in enumerate(root.target)):
            return False
    elif len(root.reduced) != len(shape):
        return False
    return True


def plan(root: Root, *, whole: bool = True) -> tuple[tuple[Loop, ...], tuple[int | None, ...]]:
    """The loops of a root's domain, and for each axis its variable. `whole`: a short axis may be one vector."""
    extents = root.extents
    total = 1
    for n in extents:
        total *= n
    if root.scattering is not None:
        return _plan_scattering(root)
    if not extents or (total <= STRAIGHT and extents[-1] <= INLINE_ALWAYS):
        return (), (None,) * len(extents)
    if whole and extents[-1] <= _WHOLE and total <= 8 * extents[-1] and total <= 2 * STRAIGHT:
        return (), (*(None,) * (len(extents) - 1), WHOLE_AXIS + extents[-1])
    vector = len(extents) - 1
    longest = max(range(len(extents)), key=lambda i: extents[i])
    if extents[vector] < _SHORT and extents[longest] >= _LONG * extents[vector] and not _reads_rows(root.value, vector):
        vector = longest
    terms = terms_inside(root.value)
    most = _SIDE_BY_SIDE // terms if terms else 0
    unrolled: set[int] = set()
    count = 1
    for i in reversed(range(len(extents))):  # the innermost axes first
        if i == vector or count * extents[i] > UNROLLED:
            continue
        often = max(_LANES, total // (count * extents[i] * _LANES))  # how often the body would run
        side_by_side = extents[i] <= most and count * extents[i] <= often and shares(root.value, i)
        if vector != len(extents) - 1 or extents[i] <= 4 or side_by_side:
            unrolled.add(i)
            count *= extents[i]
    serial = [i for i in range(len(extents)) if i != vector and i not in unrolled]
    order = [*serial, vector]
    loops = tuple([Loop(extents[i], i == vector) for i in order])
    return loops, tuple([order.index(i) if i in order else None for i in range(len(extents))])


def _plan_scattering(root: Root) -> tuple[tuple[Loop, ...], tuple[int | None, ...]]:
    """Entries that meet at one place come one after the other, as in the values: so vectors run along rows, or nowhere."""
    extents, row = root.extents, _row_of(root)
    order = [i for i in range(len(extents)) if i != row] + ([] if row is None else [row])
    return tuple([Loop(extents[i], i == row) for i in order]), tuple(map(order.index, range(len(extents))))


def _row_of(root: Root) -> int | None:
    """The axis of scattered values along which they go to one row of the target."""
    long = [i for i, extent in enumerate(root.extents) if extent >= INLINE_ALWAYS]
    return next((i for i in long if _is_row(root.scattering, i)), None)


def _is_row(at: Gathering | Scattering, axis: int) -> bool:
    """Whether entries along an axis of what is gathered or scattered lie one behind the other, whatever the indices are."""
    last = at.axes[-1]
    moves = any(v == axis for places in at.indices for _, terms in places for v, _ in terms)
    return not isinstance(last, int) and last[1] == ((axis, 1),) and not moves


def _reads_rows(x: Expression, axis: int) -> bool:
    """Whether entries along an axis of x are computed from rows that indices choose."""
    if x.shape[axis] < _ROW:
        return False
    waiting, seen = [(x, axis)], set[tuple[int, int]]()
    while waiting and len(seen) < _LOOKED_AT:
        y, along = waiting.pop()
        if (y.number, along) in seen:
            continue
        seen.add((y.number, along))
        if y.op == "gather" and _is_row(y.params, along):
            return True
        if y.op in ("map", "cast"):
            waiting += [(operand, along) for operand in y.operands]
        elif y.op == "view":
            waiting += [(y.operands[0], n) for n, (_, terms) in enumerate(y.params) if terms == ((along, 1),)]
    return False
