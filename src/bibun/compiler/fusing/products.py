"""Lowering of sums of products: matmul and einsum become contractions of two operands, axes named by numbers (letters).

Transposes and repeated axes of the operands are taken into the letters. A `contract` reads other views of them, slices and axes
that are taken together, where they lie, if BLAS can.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from bibun.compiler.fusing.affine import fixed, identity, variable
from bibun.compiler.fusing.expressions import Expression, Expressions
from bibun.compiler.fusing.lowering import Lowering, kind_of, lowers
from bibun.compiler.fusing.matrices import Letters, Term, Way, as_it_is, cheapest, steps_of
from bibun.compiler.fusing.nests import INLINE_PRODUCT
from bibun.compiler.graph import Node
from bibun.compiler.native.tiles import SHORT

SHORTEST = 4  # the side of a matrix: products with two shorter ones are loops around the long one


@lowers("matmul")
def _matmul(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """Batch axes are aligned at their end; then come rows and the shared axis, the shared axis and columns."""
    a, b = operands
    wide = max(len(a.shape), len(b.shape)) - 2
    row, shared, column = wide, wide + 1, wide + 2
    left = (*range(wide - len(a.shape) + 2, wide), row, shared) if len(a.shape) > 1 else (shared,)
    right = (*range(wide - len(b.shape) + 2, wide), shared, column) if len(b.shape) > 1 else (shared,)
    result = (*range(max(wide, 0)), *([row] if len(a.shape) > 1 else []), *([column] if len(b.shape) > 1 else []))
    return einsum(lower.make, [a, b], [left, right], result, kind_of(node.dtype), whole=not lower.turns)


@lowers("einsum")
def _einsum(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    *inputs, output = node.settings["subscripts"]
    names = {c: k for k, c in enumerate(sorted(set("".join(inputs))))}
    letters = [tuple(names[c] for c in term) for term in inputs]
    result = tuple(names[c] for c in output)
    return einsum(lower.make, operands, letters, result, kind_of(node.dtype), whole=not lower.turns)


def einsum(
    make: Expressions,
    operands: Sequence[Expression],
    letters: Sequence[Letters],
    result: Letters,
    kind: str | None,
    *,
    whole: bool = False,
) -> Expression | None:
    """Two at a time. None for what is not computed in floats. `whole`: what views are of may be stored for a product."""
    if kind not in ("f64", "f32"):
        return None
    extents: dict[int, int] = {}
    for x, names in zip(operands, letters, strict=True):
        for c, n in zip(names, x.shape, strict=True):
            extents[c] = n if extents.get(c, 1) == 1 else extents[c]
    terms = [_plain(make, make.cast(x, kind), names, extents) for x, names in zip(operands, letters, strict=True)]
    for first, second in _path(terms, result, extents):
        a, b = terms[first], terms[second]
        rest = [t for k, t in enumerate(terms) if k not in (first, second)]
        wanted = set(result).union(*(names for _, names in rest))
        kept = tuple(c for c in dict.fromkeys(a[1] + b[1]) if c in wanted)
        if not rest:
            kept = tuple(c for c in result if c in kept)
        terms = [*rest, _product(make, a, b, kept, extents, whole=whole)]
    return _arranged(make, *terms[0], result, extents)


def _path(terms: Sequence[Term], result: Letters, extents: dict[int, int]) -> list[tuple[int, int]]:
    """Which two operands next, of those that are left."""
    if len(terms) <= 2:
        return [(0, 1)] if len(terms) == 2 else []
    word = ",".join("".join(map(chr, (97 + c for c in names))) for _, names in terms)
    word += "->" + "".join(chr(97 + c) for c in result if any(c in names for _, names in terms))  # else of length 1
    arrays = [np.broadcast_to(0.0, [extents[c] for c in names]) for _, names in terms]
    path, _ = np.einsum_path(word, *arrays, optimize="greedy")
    pairs = []
    for step in path[1:]:
        pairs += [(step[0], step[1]) if len(step) == 2 else (0, 1)] * (len(step) - 1)
    return pairs if len(pairs) == len(terms) - 1 and all(len(s) == 2 for s in path[1:]) else [(0, 1)] * (len(terms) - 1)


def _plain(make: Expressions, x: Expression, names: Letters, extents: dict[int, int]) -> Term:
    """Each letter once (of a repeated one the diagonal), axes of length 1 beside longer ones left out."""
    kept = tuple(c for c, n in dict(zip(names, x.shape, strict=True)).items() if n == extents[c] and n != 1)
    places = [variable(kept.index(c)) if c in kept else fixed(0) for c in names]
    return make.view(x, places, [extents[c] for c in kept]), kept


def _product(
    make: Expressions,
    a: Term,
    b: Term,
    kept: Letters,
    extents: dict[int, int],
    *,
    whole: bool,
) -> Term:
    a = _summed(make, *a, {*b[1], *kept})
    b = _summed(make, *b, {*a[1], *kept})
    a = _absorbed(make, *a, set(b[1]))
    b = _summed(make, *b, {*a[1], *kept})  # along a letter that a only repeated
    b = _absorbed(make, *b, set(a[1]))
    a = _summed(make, *a, {*b[1], *kept})
    if {*a[1], *b[1]} <= {*kept}:
        left, right = (_arranged(make, *x, kept, extents) for x in (a, b))
        return make.map("fmul", left, right), kept
    way = _by_matrices(make, a, b, kept, extents, whole=whole)
    return way.made(make) if way is not None else _inline(make, a, b, kept, extents)


def _by_matrices(
    make: Expressions, a: Term, b: Term, kept: Letters, extents: dict[int, int], *, whole: bool
) -> Way | None:
    """A product of matrices, of which no two sides are short, and not a very small one. Of one alone they may be shorter in
    tiles, which copy nothing."""
    rows = prod(extents[c] for c in kept if c in a[1] and c not in b[1])
    columns = prod(extents[c] for c in kept if c in b[1] and c not in a[1])
    shared = prod(extents[c] for c in {*a[1], *b[1]} if c not in kept)
    short = sorted((rows, columns, shared))
    if short[0] == 1 or shared <= 4 or short[1] < SHORTEST or rows * columns * shared <= 64:
        return None
    alone = all(c not in b[1] for c in kept if c in a[1])
    if short[1] <= SHORT and not alone:
        return None
    way = cheapest(make, a, b, kept, whole=whole)
    if short[1] <= SHORT and not (way is not None and way.tiled):
        return None
    return way or as_it_is(a, b, kept)


def _inline(
    make: Expressions,
    a: Term,
    b: Term,
    kept: Letters,
    extents: dict[int, int],
) -> Term:
    """As a sum of products: a short one per entry, a long one along the memory of the larger operand."""
    large, small = (a, b) if a[0].size >= b[0].size else (b, a)
    order = (*_in_memory(*large), *(c for c in small[1] if c not in large[1]))
    if prod(extents[c] for c in order if c not in kept) <= INLINE_PRODUCT:
        order = (*kept, *(c for c in order if c not in kept))
    left, right = (_arranged(make, *x, order, extents) for x in (a, b))
    total = make.reduce("fadd", make.map("fmul", left, right), [i for i, c in enumerate(order) if c not in kept])
    return total, tuple(c for c in order if c in kept)


def _in_memory(x: Expression, names: Letters) -> Letters:
    """The letters in the order in which they lie in memory: of the transpose of a matrix the other way round."""
    source, places = (x.operands[0], x.params) if x.op == "view" else (x, identity(len(x.shape)))
    steps = [0] * len(names)
    for step, (_, terms) in zip(steps_of(source), places, strict=True):
        for axis, times in terms:
            if axis >= 0:  # below 0: a turn of a loop
                steps[axis] += step * times
    if 0 in steps:
        return names  # repeated along an axis
    return tuple(names[i] for i in sorted(range(len(names)), key=lambda i: -abs(steps[i])))


def _summed(make: Expressions, x: Expression, names: Letters, needed: set[int]) -> Term:
    """Letters that nothing else has are summed at once."""
    axes = tuple(i for i, c in enumerate(names) if c not in needed)
    return make.reduce("fadd", x, axes), tuple(c for c in names if c in needed)


def _absorbed(make: Expressions, x: Expression, names: Letters, others: set[int]) -> Term:
    """A transpose, and axes repeated along letters that the other operand has, as letters of what is below."""
    while x.op == "view":
        (source,) = x.operands
        used = []
        for (offset, terms), n in zip(x.params, source.shape, strict=True):
            if offset or len(terms) > 1 or (not terms and n != 1):
                return x, names
            axis, step = terms[0] if terms else (-1, 1)
            if terms and (axis < 0 or step != 1 or x.shape[axis] != n or axis in used):  # below 0: a turn of a loop
                return x, names
            used.append(axis)
        if any(i not in used and names[i] not in others for i in range(len(names))):
            return x, names
        if -1 in used:  # an axis of length 1, which has no letter
            keep = [i for i, u in enumerate(used) if u >= 0]
            places = [variable(keep.index(i)) if u >= 0 else fixed(0) for i, u in enumerate(used)]
            thin = make.view(source, places, [source.shape[i] for i in keep])
            if thin.op == "view" and thin.operands[0] is source:
                return (thin, tuple(names[used[i]] for i in keep))
            source, used = thin, [used[i] for i in keep]
        x, names = source, tuple(names[u] for u in used)
    return x, names


def _arranged(make: Expressions, x: Expression, names: Letters, result: Letters, extents: dict[int, int]) -> Expression:
    """The axes in the order of the result; of length 1 or repeated where it has none."""
    x, names = _summed(make, x, names, set(result))
    places = [variable(result.index(c)) for c in names]
    return make.view(x, places, [extents[c] for c in result])
