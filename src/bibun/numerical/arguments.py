"""What the functions of this room check of their arguments, and what they say where it is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bibun.numerical.evaluation import Options
from bibun.numerical.lines import Point

METHODS = ("auto", "real", "complex")


def options_of(
    name: str, f: Any, method: str, vectorized: bool, workers: Any, progress: bool | None, max_evaluations: int | None
) -> Options:
    """The options, checked."""
    if not callable(f):
        raise TypeError(f"{name}: f is of type {type(f).__name__}, not a function. Write {name}(f, x)")
    if method not in METHODS:
        raise ValueError(f'{name}: method is {method!r}, but "auto", "real" or "complex" is expected')
    return Options(vectorized, workers, progress, max_evaluations)


def check_order(name: str, order: Any) -> int:
    """An order is a whole number from 1 to 10."""
    if not isinstance(order, (int, np.integer)) or isinstance(order, bool) or not 1 <= order <= 10:
        raise ValueError(f"{name}: order is {order!r}, but a whole number from 1 to 10 is expected")
    return int(order)


def point_bounds(name: str, bounds: Any, point: Point) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The lower and the upper bound of every entry of x, from (low, high), SciPy's Bounds, or pairs (low, high)."""
    none = np.full(point.size, -np.inf), np.full(point.size, np.inf)
    if bounds is None:
        return none
    low, high = _pair(name, bounds, point)
    if point.is_complex:
        raise ValueError(f"{name}: bounds are for real numbers, but x is complex")
    x = np.concatenate([leaf.ravel() for leaf in point.leaves]) if point.leaves else np.zeros(0)
    if np.any(np.isnan(low) | np.isnan(high)):
        raise ValueError(f"{name}: bounds is {bounds!r}, with nan. Write None or infinity where there is no bound")
    crossed = np.flatnonzero(low > high)
    if crossed.size:
        i = int(crossed[0])
        raise ValueError(f"{name}: the lower bound {low[i]} of entry {i} is above its upper bound {high[i]}")
    outside = np.flatnonzero((x < low) | (x > high))
    if outside.size:
        i = int(outside[0])
        raise ValueError(f"{name}: entry {i} of x is {x[i]}, outside its bounds ({low[i]}, {high[i]})")
    return low, high


def _pair(name: str, bounds: Any, point: Point) -> tuple[Any, Any]:
    size = point.size
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        bounds = bounds.lb, bounds.ub
    try:
        pairs = list(bounds)
        if len(pairs) == size and _are_pairs(bounds, size):
            pairs = [[p[0] for p in pairs], [p[1] for p in pairs]]
        low, high = pairs
        return _limit(low, -np.inf, point), _limit(high, np.inf, point)
    except (TypeError, ValueError, KeyError) as error:
        raise ValueError(
            f"{name}: bounds is {bounds!r}, but (low, high) is expected, each a number or an array like x"
        ) from error


def _are_pairs(bounds: Any, size: int) -> bool:
    """Whether these are (low, high) of each entry. For two entries a list of two tuples is, as SciPy writes it."""
    if not all(np.size(pair) == 2 for pair in bounds):
        return False
    return size != 2 or (isinstance(bounds, list) and all(isinstance(pair, tuple) for pair in bounds))


def _limit(bound: Any, none: float, point: Point) -> npt.NDArray[np.float64]:
    """One number for each entry, from one for all, an array like x, or containers like x."""
    from bibun import tree

    flat = np.ravel(np.asarray(bound, dtype=object))
    if len(point.leaves) > 1 and tree.is_container(bound) and not any(part is None for part in flat):
        leaves = tree.flatten(bound)[0]
        parts = [np.broadcast_to(part, leaf.shape) for part, leaf in zip(leaves, point.leaves, strict=True)]
        flat = np.concatenate([part.ravel() for part in parts])
    flat = np.where([v is None for v in flat], none, flat).astype(float)
    return np.broadcast_to(flat, point.size)
