"""Parameters of the Python array API standard that NumPy's functions do not have: sort and argsort in descending order.

The dtype of frequencies is in fft.py.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np

from bibun.numpy.lists import taking_lists


@taking_lists
@wraps(np.sort)
def sort(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, descending: bool = False, stable: Any = None
) -> Any:
    """The entries in increasing or decreasing order along the axis. In decreasing order, too, equal ones stay in theirs,
    where neither a kind nor stable=False is given."""
    if not descending:
        return np.sort(a, axis, kind, order, stable=stable)
    # turned round before and after, so that a stable sort keeps the order of equal entries
    return np.flip(np.sort(np.flip(a, axis), axis, kind, order, stable=_stable(kind, stable)), axis)


@wraps(np.argsort)
def argsort(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, descending: bool = False, stable: Any = None
) -> Any:
    """The indices that sort, as sort does."""
    if not descending:
        return np.argsort(a, axis, kind, order, stable=stable)
    indices = np.argsort(np.flip(a, axis), axis, kind, order, stable=_stable(kind, stable))
    last = (np.size(a) if axis is None else np.shape(a)[axis]) - 1
    return last - np.flip(indices, axis)


def _stable(kind: Any, stable: Any) -> Any:
    """The standard's default is True. Without `descending` it is NumPy's, whose indices differ where entries are equal."""
    return True if kind is None and stable is None else stable


__all__ = ["argsort", "sort"]
