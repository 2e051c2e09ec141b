"""Captured arrays as one array, where that is possible. Owns no graph."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from bibun.interpreters.snapshots import memory_of


def stacked(arrays: Sequence[np.ndarray[Any, Any]], *, alone: bool) -> np.ndarray[Any, Any] | None:
    """Captured arrays as one: copied, if nobody can change them (`alone`); else in the memory where they are, if they lie
    at equal distances; else None: they are read in each call."""
    return np.stack(arrays) if alone else _in_place(arrays)


def _in_place(arrays: Sequence[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any] | None:
    """Arrays of one shape as one in the memory where they are, if they lie at equal distances in that of one array."""
    first = arrays[0]
    places = [a.__array_interface__["data"][0] for a in arrays]
    step = places[1] - places[0]
    together = first.base is not None and all(memory_of(a) is memory_of(first) for a in arrays)
    if not (step and together and all(q - p == step for p, q in pairwise(places))):
        return None
    return np.lib.stride_tricks.as_strided(first, (len(arrays), *first.shape), (step, *first.strides), writeable=False)
