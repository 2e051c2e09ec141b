"""Central differences with Richardson's extrapolation, for the column beside the exact derivative.

D(h) = (f(h) - f(-h)) / 2h = f'(0) + c1 h**2 + c2 h**4 + ...: with h, h/4, h/16, ... each column of the
tableau removes one term, and the entry whose error estimate is smallest is taken (Ridders, Advances in
Engineering Software 4, 1982). Private to the command: it knows no tape and touches no array of the caller's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

FIRST_STEP = 0.25  # of the scale of the point: large, because the tableau discards what is too large
RATIO = 4.0
LEVELS = 12  # the last step is 6e-8 of the scale, where rounding alone leaves 8 digits
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class Slope:
    """A numerical derivative and its estimated error, entry by entry; nan where none could be had."""

    value: Array
    error: Array


def slope(f: Callable[[float], Array], levels: int = LEVELS) -> Slope:
    """df/dt at t = 0, of an f that takes t in units of the scale of the point.

    An exception or a value that is not finite at one step costs that step, no more.
    """
    best_value: Array | None = None
    best_error: Array | None = None
    previous: list[Array] = []
    step = FIRST_STEP
    for level in range(levels):
        row, noise = _central(f, step, previous)
        if row is not None:
            if best_value is None or best_error is None:
                best_value = np.full(row[0].shape, np.nan, row[0].dtype)
                best_error = np.full(row[0].shape, np.inf)
            _take_better(row, previous, noise, best_value, best_error)
            if level >= 3 and _is_settled(best_value, best_error, noise):
                break
        previous = row or []
        step /= RATIO
    if best_value is None or best_error is None:
        return Slope(np.array(np.nan), np.array(np.inf))
    return Slope(best_value, best_error)


def _central(f: Callable[[float], Array], step: float, previous: list[Array]) -> tuple[list[Array] | None, Array]:
    """One row of the tableau, and the rounding error of its first entry: eps |f| / h."""
    try:
        ahead, behind = np.asarray(f(step)), np.asarray(f(-step))
    except Exception:  # noqa: BLE001 - the user's code, outside its domain: a smaller step may stay inside
        return None, np.array(np.inf)
    if ahead.shape != behind.shape or (previous and ahead.shape != previous[0].shape):
        return None, np.array(np.inf)
    ahead, behind = (part.astype(np.result_type(part, np.float64)) for part in (ahead, behind))
    with np.errstate(all="ignore"):
        row = [(ahead - behind) / (2 * step)]
        noise = EPS * np.maximum(np.abs(ahead), np.abs(behind)) / step
        for column, older in enumerate(previous, start=1):
            factor = RATIO ** (2 * column)
            row.append(row[-1] + (row[-1] - older) / (factor - 1))
    return row, noise


def _take_better(row: list[Array], previous: list[Array], noise: Array, value: Array, error: Array) -> None:
    """Keep, entry by entry, the tableau entry with the smallest estimated error, in place."""
    with np.errstate(all="ignore"):
        for column in range(1, len(row)):
            spread = np.maximum(np.abs(row[column] - row[column - 1]), np.abs(row[column] - previous[column - 1]))
            estimate = spread + noise
            better = (estimate <= error) & np.isfinite(estimate)  # nan compares False
            np.copyto(value, row[column], where=better)
            np.copyto(error, estimate, where=better)


def _is_settled(value: Array, error: Array, noise: Array) -> bool:
    """Nothing more to gain: rounding, RATIO times larger at the next step, alone exceeds the error."""
    with np.errstate(all="ignore"):
        return bool(np.all((error <= 1e-12 * np.abs(value)) | (RATIO * noise >= error)))


def scale_of(x: Array) -> Array:
    """The unit of t: the power of two at or above |x|, and at least 1, so that x + h rounds little."""
    return np.exp2(np.ceil(np.log2(np.maximum(np.abs(x), 1.0))))


def levels_for(x: float) -> int:
    """Enough steps to come down to 6e-8 of |x| itself; most functions settle long before."""
    size = abs(x)
    extra = 0 if size == 0 or size >= 1 else int(np.ceil(-np.log(size) / np.log(RATIO)))
    return min(LEVELS + extra, 40)
