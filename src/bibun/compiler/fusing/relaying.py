"""The order of axes in memory: along which axis vectors are stored and read.

What a program keeps for itself lies as most of its vectors want it. What lies otherwise, and a nest reads again and again
across its rows, it reads from a copy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import prod
from typing import NamedTuple

from bibun.compiler.fusing.affine import Affine, strides
from bibun.compiler.fusing.buffers import Buffer, numbers
from bibun.compiler.fusing.expressions import Expression
from bibun.compiler.fusing.nests import WHOLE_AXIS, Nest, Root
from bibun.compiler.fusing.walking import Walk

AGAIN = 4  # times that each entry is read by a nest, for which a copy is worth it
FEW = 256  # entries of an array that stays as it is
_NONE = -1  # no axis


class Copied(NamedTuple):
    """An array, and its copy."""

    original: Expression
    copy: Buffer


def arrange(nests: Iterable[tuple[Nest, Sequence[Walk]]], buffers: dict[int, Buffer], own: Iterable[int]) -> None:
    """Put that axis last in memory along which an array is stored and read most often.

    own     the numbers of the expressions whose memory nobody but these nests uses
    """
    votes: dict[int, Counter[int | None]] = {n: Counter() for n in own if buffers[n].entries >= FEW}
    for nest, walks in nests if votes else ():
        turns = prod(loop.extent for loop in nest.loops)
        for root, walk in zip(nest.roots, walks, strict=True):
            accesses = {number: list(indices) for number, indices in walk.reads.items() if number in votes}
            if not root.copies and root.of.number in votes:
                accesses.setdefault(root.of.number, []).extend([_written(root)] * len(root.unrolled()))
            for number, indices in accesses.items():
                for index in indices:
                    votes[number][_wanted(index, nest)] += turns
    for number, found in votes.items():
        axes = sorted(axis for axis in found if axis is not None and axis != _NONE)
        if axes and not found[None]:
            buffers[number].steps = _last(buffers[number].shape, max(axes, key=lambda axis: found[axis]))


def _written(root: Root) -> tuple[Affine, ...]:
    """Where a root stores, in the variables of its loops instead of the axes of its domain."""

    def in_loops(terms: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
        found = [(d if d < 0 else root.axes[d], c) for d, c in terms]
        return tuple([(v, c) for v, c in found if v is not None])

    return tuple([(offset, in_loops(terms)) for offset, terms in root.target])


def _wanted(index: Sequence[Affine], nest: Nest) -> int | None:
    """The axis that a nest wants last in memory, or _NONE; None: it wants the memory as it is."""
    if nest.flat or not index:
        return None
    for n, (_, terms) in enumerate(index):
        for variable, coefficient in terms:
            if abs(coefficient) == 1 and (variable >= WHOLE_AXIS or (variable >= 0 and nest.loops[variable].vector)):
                return n
    return _NONE


def copies(nests: Sequence[tuple[Nest, Sequence[Walk]]], buffers: dict[int, Buffer]) -> list[Copied]:
    """The copies that are worth it. Each nest is told which of them it reads (its `relaid`)."""
    made: dict[tuple[int, int], Copied] = {}
    for nest, walks in nests:
        vector = next((n for n, loop in enumerate(nest.loops) if loop.vector), None)
        if vector is None or nest.flat:
            continue
        for walk in walks:
            for x, axis in _across(walk, vector, buffers):
                found = made.setdefault((x.number, axis), Copied(x, _copy(x, buffers[x.number], axis)))
                nest.relaid[x.number] = found.copy
    return list(made.values())


def _across(walk: Walk, vector: int, buffers: dict[int, Buffer]) -> Iterator[tuple[Expression, int]]:
    """What is read often along another axis than that which lies in memory, and that axis."""
    turns = prod(loop.extent for loop in walk.loops)
    for number, indices in walk.reads.items():
        buffer = buffers[number]
        if buffer.entries < FEW or len(indices) * turns < AGAIN * buffer.entries:
            continue
        axes = {_axis(index, vector) for index in indices}
        if len(axes) == 1:
            (axis,) = axes
            if axis is not None and abs(buffer.steps[axis]) > 1 and buffer.shape[axis] > 1:
                yield walk.expressions[number], axis


def _axis(index: Sequence[Affine], vector: int) -> int | None:
    """The axis along which the vector loop reads, one entry after the other."""
    axes = [n for n, (_, terms) in enumerate(index) if any(v == vector for v, _ in terms)]
    if len(axes) != 1 or abs(dict(index[axes[0]][1])[vector]) != 1:
        return None
    return axes[0]


def _copy(x: Expression, buffer: Buffer, axis: int) -> Buffer:
    """Memory in which this axis comes last."""
    return Buffer("temporary", next(numbers), x.shape, x.kind, _last(x.shape, axis))


def _last(shape: Sequence[int], axis: int) -> tuple[int, ...]:
    """The strides of an array that lies without gaps, this axis last."""
    order = [n for n in range(len(shape)) if n != axis] + [axis]
    steps = dict(zip(order, strides([shape[n] for n in order]), strict=True))
    return tuple(steps[n] for n in range(len(shape)))
