"""How a contraction becomes products of matrices: from which memory its operands are read, in which order its result lies.

Views are read where they lie, if that suits BLAS or tiles. Where it does not, or costs more than a copy, copies are read. Each
way has a cost, in multiplications: about 30 of them take a nanosecond in tiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from math import prod
from typing import NamedTuple

from bibun.compiler.fusing.affine import identity, strides, variable
from bibun.compiler.fusing.buffers import entries_apart
from bibun.compiler.fusing.expressions import Contraction, Expression, Expressions, Factor
from bibun.compiler.native.contraction import plan, tiled
from bibun.compiler.native.tiles import LEAST

Letters = tuple[int, ...]
Term = tuple[Expression, Letters]
LIE = {"input", "captured", "carried", "part", "contract", "scatter", "patch"}  # these lie in memory anyway,
COMPUTED = {"map", "cast", "place", "reduce"}  # these may
SLOWER = 2  # times that BLAS takes longer than tiles
CALL = {True: 2_000, False: 20_000}  # what each product costs beside, in tiles and by BLAS,
COPIED, TURNED = 16, 48  # and each entry that is copied, in the order in which it lies or in another one


class Read(NamedTuple):
    """An operand, how it is read, and what it costs to have it so."""

    source: Expression
    factor: Factor
    cost: int


class Way(NamedTuple):
    """One of taking the products."""

    a: Read
    b: Read
    result: Letters
    cost: int
    tiled: bool

    def made(self, make: Expressions) -> Term:
        """The contraction, and the letters of its axes."""
        contraction = Contraction(self.a.factor, self.b.factor, self.result)
        lengths = contraction.lengths
        shape = [lengths[c] for c in self.result]
        return make.make(
            "contract", (self.a.source, self.b.source), contraction, shape, self.a.source.kind
        ), self.result


def cheapest(make: Expressions, a: Term, b: Term, kept: Letters, *, whole: bool) -> Way | None:
    """The way that costs least; None where there is none. `whole`: what views are of may be stored for it."""
    straight = _cheapest(_as_they_lie(a, whole=whole), _as_they_lie(b, whole=whole), [kept])
    worth = LEAST[a[0].kind]
    if straight is not None and (
        straight.cost < SLOWER * worth or (straight.tiled and not straight.a.cost + straight.b.cost)
    ):
        return straight
    shared = [c for c in a[1] if c in b[1] and c not in kept]
    batch = [c for c in kept if c in a[1] and c in b[1]]
    rows, columns = ([c for c in x[1] if c in kept and c not in batch] for x in (a, b))
    left, right = (
        [*_as_they_lie(x, whole=whole), *(_turned(make, x, (*batch, *order)) for order in orders)]
        for x, orders in ((a, [(*rows, *shared), (*shared, *rows)]), (b, [(*shared, *columns), (*columns, *shared)]))
    )
    turned = _cheapest(left, right, list(dict.fromkeys([kept, (*batch, *rows, *columns)])))
    if straight is None or (turned is not None and turned.tiled and turned.cost + worth < straight.cost):
        return turned
    return straight


def as_it_is(a: Term, b: Term, kept: Letters) -> Way:
    """What neither BLAS nor tiles can take."""
    left, right = (_as_they_lie(x, whole=False)[-1] for x in (a, b))
    return Way(left, right, kept, 0, tiled=False)


def _cheapest(left: Iterable[Read], right: Iterable[Read], results: Sequence[Letters]) -> Way | None:
    ways = [
        way for a, b in product(list(left), list(right)) for n, c in enumerate(results) if (way := _way(a, b, c, n > 0))
    ]
    return min(ways, key=lambda way: way.cost, default=None)


def _way(a: Read, b: Read, result: Letters, turned: bool) -> Way | None:
    contraction, kind = Contraction(a.factor, b.factor, result), a.source.kind
    lengths = contraction.lengths
    made = [lengths[c] for c in result]
    found = plan(contraction, kind, [steps_of(a.source), steps_of(b.source), strides(made)])
    if found is None:
        return None
    sides = tiled(found, kind)
    turns = prod(group.length for group in (*found.loops, *found.sums))
    each = sides.m * sides.k * sides.whole(kind) if sides else SLOWER * found.m.length * found.n.length * found.k.length
    cost = a.cost + b.cost + turns * (each + CALL[sides is not None]) + (TURNED * prod(made) if turned else 0)
    return Way(a, b, result, cost, sides is not None)


def _as_they_lie(term: Term, *, whole: bool) -> list[Read]:
    """The memory that a view is of, if there is any, or may be for it and is not much more; and a copy of the view."""
    x, names = term
    copy = Read(x, Factor(names, x.shape, identity(len(names))), COPIED * x.size if x.op == "view" else 0)
    if x.op != "view" or any(v < 0 for _, terms in x.params for v, _ in terms):  # below 0: a turn of a loop
        return [copy]
    (source,) = x.operands
    if source.op == "flat":
        (source,) = source.operands
    elif source.op not in LIE and not (whole and source.op in COMPUTED and source.size <= 2 * x.size):
        return [copy]
    return [Read(source, Factor(names, x.shape, x.params), 0), copy]


def _turned(make: Expressions, term: Term, order: Letters) -> Read:
    """A copy in another order."""
    x, names = term
    shape = [x.shape[names.index(c)] for c in order]
    copy = make.view(x, [variable(order.index(c)) for c in names], shape)
    return Read(
        copy, Factor(order, tuple(shape), identity(len(order))), 0 if copy is x and x.op != "view" else TURNED * x.size
    )


def steps_of(x: Expression) -> tuple[int, ...]:
    """How many entries lie between neighbours along each axis, where x is memory."""
    return entries_apart(x.params, packed=x.packed) if x.op == "captured" else strides(x.shape)
