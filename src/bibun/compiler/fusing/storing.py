"""Which expressions are stored, so that they are not computed again and again.

Some have to be: what calls and loops read as a whole. Others are when a walk shows that they would be computed at many
places, in an inner loop that they do not depend on, or in several nests, and are not cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import prod
from typing import Any

from bibun.compiler.fusing.expressions import Expression
from bibun.compiler.fusing.nests import WHOLE_AXIS, Nest
from bibun.compiler.fusing.ordering import WHOLE
from bibun.compiler.fusing.walking import CHEAP, MANY, VARIANTS, Costs, Walk
from bibun.compiler.native.arithmetic import cost

WORTH = 12  # additions: what costs more is not computed in two nests, or again in every turn of an outer loop
APART = 1500  # evaluations between two values that are stored because there are too many of them
VECTORS = 64  # entries of a function of mathematics that are computed in vectors, not one in each turn
LANES, FULL = 16, 3 / 4  # of two vectors, about, and how full rows make them that are computed where they are scattered
DEAR = 8  # additions, which a division takes
MANY_PLACES = 16  # of an array, computed one by one
MANY_ROOTS = 16  # that are computed of one number: it is stored
DEEP = 100  # operations in a row, of which one is stored


def necessary(live: Sequence[Expression], outputs: Iterable[Expression], given: Iterable[int]) -> set[int]:
    """What is stored in any case."""
    found = {x.number for x in outputs} | set(given)
    for x in live:
        if x.kept or x.op in ("input", "captured", "carried", "part", "contract", "scatter", "patch", "pair"):
            found.add(x.number)
        if x.op in WHOLE:
            found |= {y.number for y in x.operands}
        if x.op in ("gather", "flat"):
            found.add(x.operands[0].number)
    found |= _deep(live, found)
    return found | _shared(live, found)


def _deep(live: Sequence[Expression], stored: set[int]) -> set[int]:
    """One of every DEEP operations in a row: writing them follows operands, and calls itself to do so."""
    depths: dict[int, int] = {}
    found = set()
    for x in live:
        if x.number not in stored:
            depth = 1 + max((depths.get(y.number, 0) for y in x.operands), default=0)
            if depth >= DEEP and x.op in ("map", "reduce", "cast"):
                found.add(x.number)
                depth = 0
            depths[x.number] = depth
    return found


def _shared(live: Sequence[Expression], stored: set[int]) -> set[int]:
    """Numbers that many roots would be computed of, each of them all the way down: of layers of numbers that are wired at will
    the last ones would be made of all others, again and again."""
    roots: dict[int, int] = {}  # of each expression the roots that are computed of it, as bits
    found, costs = set(), Costs(stored)
    bit = 1
    for x in reversed(live):
        mine = roots.pop(x.number, 0)
        many = x.size == 1 and x.op in ("map", "reduce") and mine.bit_count() >= MANY_ROOTS and costs.of(x) >= WORTH
        if many:
            found.add(x.number)
        if many or x.number in stored:
            mine, bit = bit, bit << 1
        for y in x.operands:
            if x.op == "place" and x.number in stored:  # each part is a root
                mine, bit = bit, bit << 1
            roots[y.number] = roots.get(y.number, 0) | mine
    return found - stored


class Storing:
    """Finds what else is to be stored. `stored`: what is already; `users`: of each expression, by number."""

    def __init__(self, stored: set[int], users: Mapping[int, Sequence[int]]) -> None:
        self.stored = stored
        self.users = users

    def variants(self, walk: Walk) -> set[int]:
        """What would be computed at many places of one turn of a loop, and is not cheap."""
        if walk.count > MANY:
            return _cuts(walk, self.stored)
        found = set()
        costs = Costs(self.stored)
        turns = prod(loop.extent for loop in walk.loops)
        vector = next((n for n, loop in enumerate(walk.loops) if loop.vector), -1)
        for number, indices in walk.computed.items():
            x = walk.expressions[number]
            if x.op not in ("map", "reduce", "gather") or not walk.loops or number in self.stored:
                continue
            shifts = {tuple((o if terms else 0, terms) for o, terms in index) for index in indices}
            again = len(indices) * turns >= 2 * x.size
            if (
                (again and len(shifts) > VARIANTS and costs.of(x) > CHEAP)
                or _written_out(x, indices, costs)
                or (len(x.shape) and self._again(walk, indices) and costs.of(x) >= WORTH)
                or _one_by_one(x, indices, vector)
            ):
                found |= self._small(x, costs)
        return self._last(found)

    def scattered(self, steps: Iterable[Any], walks: Mapping[int, Sequence[Walk]]) -> set[int]:
        """What is dear and would be computed where it is scattered: one by one, or in vectors that rows leave half empty.

        Asked when all else is known, since much that is dear is stored anyway. `walks`: of each nest, by identity.
        """
        nests = [s for s in steps if isinstance(s, Nest) and s.roots[0].scattering is not None]
        return {number for nest in nests for number in self._before_scattering(nest.roots[0].value, *walks[id(nest)])}

    def _before_scattering(self, x: Expression, walk: Walk) -> set[int]:
        row = next((loop.extent for loop in walk.loops if loop.vector), 1)
        if x.number in self.stored or x.size < VECTORS or row >= FULL * -(-row // LANES) * LANES:
            return set()
        dear = [y for y in map(walk.expressions.__getitem__, walk.computed) if _is_dear(y)]
        smaller = {y.number for y in dear if VECTORS <= y.size <= x.size // 2}  # once for each row
        return self._last(smaller) or (self._small(x, Costs(self.stored)) if dear else set())

    def _small(self, x: Expression, costs: Costs) -> set[int]:
        """What to store instead of x: the smaller arrays that make it costly, where they alone do."""
        smaller: dict[int, int] = {}
        waiting, seen = list(x.operands), set[int]()
        while waiting:
            y = waiting.pop()
            if y.number in seen or y.number in self.stored or y.op in ("number", "iota"):
                continue
            seen.add(y.number)
            if y.op in ("map", "reduce", "gather") and y.size * 2 <= x.size and costs.of(y) > CHEAP:
                smaller[y.number] = costs.of(y)
            elif y.op in ("map", "view", "cast"):
                waiting += y.operands
        rest = costs.of(x) - sum(smaller.values())
        return set(smaller) if smaller and rest <= max(CHEAP, len(smaller)) else {x.number}

    def _again(self, walk: Walk, indices: Iterable[Any]) -> bool:
        """Whether an expression does not depend on an outer loop, but on a loop inside of it."""
        for index in indices:
            used = {number for _, terms in index for number, _ in terms if number < WHOLE_AXIS}
            if used and any(n not in used and walk.loops[n].extent > 1 for n in range(max(used))):
                return True
        return False

    def repeated(self, walks: Iterable[tuple[int, Walk]]) -> set[int]:
        """What would be computed in more than one nest, and is not cheap."""
        where: dict[int, set[int]] = {}
        expressions: dict[int, Expression] = {}
        for key, walk in walks:
            for number in walk.computed:
                where.setdefault(number, set()).add(key)
                expressions[number] = walk.expressions[number]
        costs = Costs(self.stored)
        found = {
            number
            for number, nests in where.items()
            if len(nests) > 1 and number not in self.stored and expressions[number].op in ("map", "reduce")
            and expressions[number].size > 1 and costs.of(expressions[number]) >= WORTH
        }  # fmt: skip
        return self._last(found)

    def _last(self, found: set[int]) -> set[int]:
        """Without those that only others of them use: when these are stored, those are computed once."""
        return {number for number in found if any(user not in found for user in self.users.get(number, [number]))}


def _written_out(x: Expression, indices: Iterable[Any], costs: Costs) -> bool:
    """Whether a loop over its entries would be shorter code: before a loop, entry by entry, it computes many of them."""
    places = [index for index in indices if not any(terms for _, terms in index)]
    return len(places) >= MANY_PLACES and costs.of(x) > CHEAP


def _is_dear(x: Expression) -> bool:
    """Whether vectors save much: neither in moving entries, nor in a few additions."""
    return x.op == "reduce" or (x.op == "map" and cost(x.params) >= DEAR)


def _one_by_one(x: Expression, indices: Iterable[Any], vector: int) -> bool:
    """Whether it is a function of mathematics of one number in each turn of the loops around the vector loop."""
    if vector < 0 or x.op != "map" or cost(x.params) < WORTH or x.size < VECTORS:
        return False
    used = {number for index in indices for _, terms in index for number, _ in terms}
    return vector not in used and 0 <= max(used, default=-1) < WHOLE_AXIS


def _cuts(walk: Walk, stored: set[int]) -> set[int]:
    """Of a walk with too much in it: sums about as far apart as a body may be long; where there are none, values.

    A sum rather than its terms, and what is evaluated at many places, alone.
    """

    def is_sum(n: int) -> bool:
        return walk.expressions[n].op == "reduce" and len(walk.computed[n]) > 1

    sums = _apart(walk, is_sum)
    if sums - stored:
        return sums
    candidates = {n for n in walk.computed if walk.expressions[n].op in ("map", "reduce") and n not in stored}
    most = max(walk.computed, key=lambda n: (n in candidates, is_sum(n), len(walk.computed[n])))
    if most not in candidates:
        return set()
    few = len(walk.computed[most]) <= MANY_PLACES
    return (few and _apart(walk, candidates.__contains__)) or {most}


def _apart(walk: Walk, suits: Callable[[int], bool]) -> set[int]:
    """Of what a walk computes that which suits, so many evaluations apart."""
    found, since = set(), 0
    for number in sorted(walk.computed):
        since += len(walk.computed[number])
        if since >= APART and suits(number):
            found.add(number)
            since = 0
    return found
