"""Copies in another order of axes: what a nest reads again and again across its rows, it reads from such a copy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import NamedTuple

from bibun.compiler.fusing.affine import Affine, strides
from bibun.compiler.fusing.buffers import Buffer, numbers
from bibun.compiler.fusing.expressions import Expression
from bibun.compiler.fusing.nests import Nest
from bibun.compiler.fusing.walking import Walk

AGAIN = 4  # times that each entry is read by a nest, for which a copy is worth it
FEW = 256  # entries of an array of which no copy is made


class Copied(NamedTuple):
    """An array, and its copy."""

    original: Expression
    copy: Buffer


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
    order = [n for n in range(len(x.shape)) if n != axis] + [axis]
    steps = dict(zip(order, strides([x.shape[n] for n in order]), strict=True))
    return Buffer("temporary", next(numbers), x.shape, x.kind, tuple(steps[n] for n in range(len(x.shape))))
