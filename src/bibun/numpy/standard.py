"""What the array API standard asks for and NumPy lacks: of sort and argsort a descending order, and a stable one by itself; of
clip a bound alone; the limits of an array's numbers.

The dtype of frequencies is in fft.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.numpy.lists import taking_lists


@taking_lists
def sort(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, descending: bool = False, stable: Any = None
) -> Any:
    """The entries along the axis in increasing or decreasing order; else as numpy.sort."""
    if not descending:
        return np.sort(a, axis, **_given(kind, order, stable))
    # turned round before and after, so that a stable sort keeps the order of equal entries
    return np.flip(np.sort(np.flip(a, axis), axis, **_given(kind, order, _stable(kind, stable))), axis)


def argsort(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, descending: bool = False, stable: Any = None
) -> Any:
    """The indices that bring the entries in increasing or decreasing order; else as numpy.argsort.

    Those of equal entries stay in their order, where neither a kind nor stable=False is given; numpy.argsort leaves that open.
    """
    given = _given(kind, order, _stable(kind, stable))
    if not descending:
        return np.argsort(a, axis, **given)
    indices = np.argsort(np.flip(a, axis), axis, **given)
    last = (np.size(a) if axis is None else np.shape(a)[axis]) - 1
    return last - np.flip(indices, axis)


@taking_lists
def clip(
    a: Any, min: Any = None, max: Any = None, out: Any = None, *, a_min: Any = None, a_max: Any = None, **settings: Any
) -> Any:
    """The entries, or the bound that they are beyond; one bound may be given alone, by position too. Else as numpy.clip."""
    if (min is not None and a_min is not None) or (max is not None and a_max is not None):
        raise ValueError("clip: a bound is given twice, as min= or max= and as a_min= or a_max=. Leave one away.")
    return np.clip(a, a_min if min is None else min, a_max if max is None else max, out=out, **settings)


def _stable(kind: Any, stable: Any) -> Any:
    """The standard's default is True."""
    return True if kind is None and stable is None else stable


def _given(kind: Any, order: Any, stable: Any) -> dict[str, Any]:
    """The settings that are not left open."""
    settings = {"kind": kind, "order": order, "stable": stable}
    return {name: value for name, value in settings.items() if value is not None}


def finfo(dtype: Any) -> Any:
    """numpy.finfo of a dtype, or of an array's: the limits of its floating-point numbers."""
    return np.finfo(_dtype_of(dtype))


def iinfo(int_type: Any) -> Any:
    """numpy.iinfo of a dtype, or of an array's: the limits of its integers."""
    return np.iinfo(_dtype_of(int_type))


def _dtype_of(value: Any) -> Any:
    return value.dtype if isinstance(value, np.ndarray) else value


__all__ = ["argsort", "clip", "finfo", "iinfo", "sort"]
