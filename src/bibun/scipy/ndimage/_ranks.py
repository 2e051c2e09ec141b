"""Filters of ranks: the largest, the smallest, the median entry of a window. No row.

Where entries of a window are equal, the derivative is that of np.max, np.min and np.sort.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.ndimage as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array, holds_traced
from bibun.scipy._calls import no_rule, stands_for
from bibun.scipy.ndimage._edges import chosen, each, given, surrounded


def windows(x: Any, size: Any, footprint: Any, mode: Any, cval: Any, origin: Any, axes: Any) -> Any:
    """The entries of the window about each entry, along a new first axis."""
    axes = chosen(axes, x.ndim)
    if holds_traced(size) or holds_traced(footprint):
        raise no_rule(
            "a filter of ranks", "its window is chosen by whole numbers; give size= or footprint= as plain ones"
        )
    if footprint is None:
        if size is None:
            raise RuntimeError("no footprint provided")
        footprint = np.ones([int(n) for n in each(size, len(axes))], bool)
    footprint = np.asarray(footprint, bool)
    if footprint.ndim != len(axes) or not footprint.any():
        raise RuntimeError("footprint must have as many axes as the input, or as there are in axes=, and some entry")
    lengths = x.shape
    if 0 in lengths:
        return np.stack([x] * int(footprint.sum()))
    x = surrounded(x, axes, footprint.shape, origin, mode, cval)
    parts = []
    for place in np.argwhere(footprint):
        key = [slice(None)] * x.ndim
        for axis, start in zip(axes, place.tolist(), strict=True):
            key[axis] = slice(start, start + lengths[axis])
        parts.append(x[tuple(key)])
    return np.stack(parts)


def _ranked(windows: Any, rank: int) -> Any:
    count = len(windows)
    rank = rank + count if rank < 0 else rank
    if not 0 <= rank < count:
        raise RuntimeError("rank not within filter footprint size")
    if rank in (0, count - 1):
        return np.min(windows, axis=0) if rank == 0 else np.max(windows, axis=0)
    return np.sort(windows, axis=0)[rank]


@stands_for(source.rank_filter)
def rank_filter(
    input: Any, rank: int, size: Any = None, footprint: Any = None, output: Any = None, mode: Any = "reflect",
    cval: Any = 0.0, origin: Any = 0, *, axes: Any = None,
) -> Any:  # fmt: skip
    """The entry of that rank of each window."""
    x = as_array(input)
    return given(_ranked(windows(x, size, footprint, mode, cval, origin, axes), int(rank)), x, output)


@stands_for(source.percentile_filter)
def percentile_filter(
    input: Any, percentile: float, size: Any = None, footprint: Any = None, output: Any = None, mode: Any = "reflect",
    cval: Any = 0.0, origin: Any = 0, *, axes: Any = None,
) -> Any:  # fmt: skip
    """The entry below which so many of a hundred are."""
    x = as_array(input)
    around = windows(x, size, footprint, mode, cval, origin, axes)
    share = percentile + 100.0 if percentile < 0 else percentile
    if not 0 <= share <= 100:
        raise RuntimeError("invalid percentile")
    return given(_ranked(around, -1 if share == 100 else int(len(around) * share / 100)), x, output)


@stands_for(source.median_filter)
def median_filter(
    input: Any, size: Any = None, footprint: Any = None, output: Any = None, mode: Any = "reflect", cval: Any = 0.0,
    origin: Any = 0, *, axes: Any = None,
) -> Any:  # fmt: skip
    """The middle entry of each window; of an even number of them the upper one."""
    x = as_array(input)
    around = windows(x, size, footprint, mode, cval, origin, axes)
    return given(_ranked(around, len(around) // 2), x, output)


def _extreme(name: str, rank: int) -> Any:
    @stands_for(getattr(source, name))
    def of_windows(
        input: Any, size: Any = None, footprint: Any = None, output: Any = None, mode: Any = "reflect", cval: Any = 0.0,
        origin: Any = 0, *, axes: Any = None,
    ) -> Any:  # fmt: skip
        """The largest or smallest entry of each window."""
        return rank_filter(input, rank, size, footprint, output, mode, cval, origin, axes=axes)

    @stands_for(getattr(source, f"{name}1d"))
    def along_an_axis(
        input: Any,
        size: int,
        axis: int = -1,
        output: Any = None,
        mode: str = "reflect",
        cval: Any = 0.0,
        origin: int = 0,
    ) -> Any:
        """The same along one axis."""
        return rank_filter(input, rank, size, None, output, mode, cval, origin, axes=(axis,))

    return of_windows, along_an_axis


maximum_filter, maximum_filter1d = _extreme("maximum_filter", -1)
minimum_filter, minimum_filter1d = _extreme("minimum_filter", 0)
