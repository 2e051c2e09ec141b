"""Rows that join any number of arrays, of equal numbers of axes. Splits are slices, and need none.

The setting `axis` is a non-negative number.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.core.kinds import linear

Shapes = list[tuple[int, ...]]


def _concatenate(*xs: Any, axis: int) -> Any:
    return np.concatenate(xs, axis=axis)


def _parts(g: Any, xs_shape: Shapes, needed: tuple[int, ...], axis: int) -> list[Any]:
    """The part of the cotangent that each input has become."""
    before = (slice(None),) * axis
    ends = [0]
    for shape in xs_shape:
        ends.append(ends[-1] + shape[axis])
    return [g[(*before, slice(ends[i], ends[i + 1]))] for i in needed]


def _stack(*xs: Any, axis: int) -> Any:
    return np.stack(xs, axis=axis) if any(map(np.ndim, xs)) else np.array(xs)


def _layers(g: Any, needed: tuple[int, ...], axis: int) -> list[Any]:
    """The layer of the cotangent that each input has become."""
    before = (slice(None),) * axis
    return [g[(*before, i)] for i in needed]


def _join_batch(primitive: Any, values: Any, batched: Any, settings: Any) -> Any:
    size = next(np.shape(v)[0] for v, mine in zip(values, batched, strict=True) if mine)
    values = [v if mine else np.broadcast_to(v, (size, *np.shape(v))) for v, mine in zip(values, batched, strict=True)]
    return primitive(*values, axis=settings["axis"] + 1)


concatenate = linear(_concatenate, _parts, inputs=None, joint=True, batch=_join_batch, name="concatenate")
stack = linear(_stack, _layers, inputs=None, joint=True, batch=_join_batch, name="stack")
