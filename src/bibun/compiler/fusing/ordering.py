"""Which expressions there are, and the order in which what is stored of them is made."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from bibun.compiler.fusing.expressions import Expression
from bibun.compiler.fusing.looping import Body
from bibun.compiler.fusing.nests import computed_inline

WHOLE = {"call", "contract", "loop", "routine"}  # these read their operands whole, from memory
LONG_WORK = 4096  # entries of what takes long to compute


def in_order(live: Sequence[Expression], given: Container[int]) -> list[Expression]:
    """Operands first; before what takes long, all that does not wait for it, so that more nests come together."""
    ranks: dict[int, tuple[int, bool]] = {}
    for x in live:
        level, long = 0, x.size >= LONG_WORK
        for y in x.operands if x.number not in given else ():
            above, waits = ranks[y.number]
            whole = y.op in WHOLE or (y.op == "reduce" and not computed_inline(y))
            if whole and any(z.size >= LONG_WORK for z in y.operands):
                above, waits = above + 1, False
            if above > level:
                level, long = above, waits or x.size >= LONG_WORK
            elif above == level:
                long = long or waits
        ranks[x.number] = level, long
    return sorted(live, key=lambda x: (*ranks[x.number], x.number))


def live_from(roots: Sequence[Expression], given: Container[int]) -> list[Expression]:
    """All that the roots depend on, operands first; what is given depends on nothing."""
    found: dict[int, Expression] = {}
    waiting = list(roots)
    while waiting:
        x = waiting.pop()
        if x.number not in found:
            found[x.number] = x
            if x.number not in given:
                waiting += x.operands
    return [found[n] for n in sorted(found)]


def read_in_loops(live: Iterable[Expression]) -> set[int]:
    """What the bodies of loops are made of; they read it wherever it has been stored.

    Each expression is visited once: a body reads what earlier loops made, and those are loops again.
    """
    found: set[int] = set()
    waiting = [root for x in live if x.op == "loop" for root in roots_of_body(x.params)]
    while waiting:
        x = waiting.pop()
        if x.number not in found:
            found.add(x.number)
            waiting += x.operands
            if x.op == "loop":
                waiting += roots_of_body(x.params)
    return found


def roots_of_body(body: Body) -> list[Expression]:
    """What a turn gives: to the next turn, to what is read after the loop, to its guards."""
    return [*body.following, *(part for _, part, _ in body.parts), *(guard for guard, _ in body.guards)]
