"""Functions of arrays that are also given lists: np.sum([x, y]), np.dot([x, y], w). A list that holds traced values is joined."""

from __future__ import annotations

from functools import wraps
from typing import Any

from bibun.arrays.creation import as_array, holds_traced
from bibun.tree import unnamed

NAMES = frozenset((
    "amax", "amin", "append", "argmax", "argmin", "average", "convolve", "corrcoef", "cov", "cross", "cumprod", "cumsum", "diag",
    "diff", "dot", "einsum", "gradient", "inner", "interp", "kron", "max", "mean", "median", "min", "nanmax", "nanmean", "nanmin",
    "nansum", "outer", "percentile", "polyfit", "polyval", "prod", "ptp", "quantile", "ravel", "std", "sum", "tensordot", "trace",
    "trapezoid", "var", "vdot", "where",
))  # fmt: skip


def taking_lists(function: Any) -> Any:
    """The function, of arrays in the place of lists and tuples in which traced values stand."""

    @wraps(function)
    def call(*args: Any, **settings: Any) -> Any:
        return function(*map(_joined, args), **{name: _joined(value) for name, value in settings.items()})

    return call


def _joined(value: Any) -> Any:
    return as_array(unnamed(value)) if isinstance(value, (list, tuple)) and holds_traced(value) else value
