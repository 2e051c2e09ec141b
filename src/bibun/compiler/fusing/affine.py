"""Indices as affine functions of loop variables (or of the axes of an array): offset + sum of coefficient * variable.

An Affine is a tuple (offset, ((variable, coefficient), ...)), the variables in increasing order and no coefficient 0, so
that equal ones compare equal.
"""

from __future__ import annotations

from collections.abc import Sequence

Affine = tuple[int, tuple[tuple[int, int], ...]]
LOOPS = 64  # loops around nests, one in the other, at most: their variables are -LOOPS, the outermost, to -1
ZERO: Affine = (0, ())


def turn_of(level: int) -> int:
    """The variable of a loop around nests, in so many others."""
    return level - LOOPS


def level_of(turn: int) -> int:
    """In how many others the loop around nests is whose variable this is."""
    return turn + LOOPS


def fixed(offset: int) -> Affine:
    """A number."""
    return (offset, ())


def variable(number: int, coefficient: int = 1, offset: int = 0) -> Affine:
    """offset + coefficient * variable."""
    return (offset, ((number, coefficient),)) if coefficient else (offset, ())


def shifted(a: Affine, by: int) -> Affine:
    """a + by."""
    return (a[0] + by, a[1])


def scaled(a: Affine, by: int) -> Affine:
    """a * by."""
    if by == 1:
        return a
    return (a[0] * by, tuple([(v, c * by) for v, c in a[1]])) if by else ZERO


def added(a: Affine, b: Affine) -> Affine:
    """a + b."""
    if not b[1]:
        return (a[0] + b[0], a[1])
    if not a[1]:
        return (a[0] + b[0], b[1])
    terms = dict(a[1])
    for v, c in b[1]:
        terms[v] = terms.get(v, 0) + c
    return (a[0] + b[0], tuple(sorted((v, c) for v, c in terms.items() if c)))


def composed(a: Affine, values: Sequence[Affine]) -> Affine:
    """a with an affine function in the place of each variable; that of a loop around nests stays."""
    offset, terms = a
    if not terms:
        return a
    if len(terms) == 1 and terms[0][0] >= 0:
        ((v, c),) = terms
        inner = values[v]
        if c == 1:
            return (inner[0] + offset, inner[1])
        return (inner[0] * c + offset, tuple([(w, k * c) for w, k in inner[1]]))
    total: Affine = (offset, ())
    for v, c in terms:
        total = added(total, (0, ((v, c),)) if v < 0 else scaled(values[v], c))
    return total


def identity(ndim: int) -> tuple[Affine, ...]:
    """Each variable itself."""
    return tuple([(0, ((i, 1),)) for i in range(ndim)])


def strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Entries between neighbours along each axis, in row-major order."""
    found, step = [], 1
    for n in reversed(shape):
        found.append(step)
        step *= n
    return tuple(reversed(found))


def never_equal(a: Sequence[Affine], b: Sequence[Affine]) -> bool:
    """Whether two indices differ along an axis, in every turn of the loops around."""
    return len(a) == len(b) and any(
        terms == others and all(v < 0 for v, _ in terms) and start != first
        for (start, terms), (first, others) in zip(a, b, strict=True)
    )


def linear(index: Sequence[Affine], steps: Sequence[int]) -> Affine:
    """The place in memory of an index: the sum of index times stride."""
    total = ZERO
    for i, step in zip(index, steps, strict=True):
        total = added(total, scaled(i, step))
    return total
