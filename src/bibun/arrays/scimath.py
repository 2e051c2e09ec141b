"""Stand-ins for np.emath (numpy.lib.scimath), which goes over to complex numbers where an argument needs it.

Whether it does is a decision by the values, of the whole array: inside vmap, of the whole batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bibun.arrays.creation import as_array
from bibun.arrays.registry import implements
from bibun.core.traced import plain


def _widened(x: Any, outside: Callable[[Any], Any]) -> Any:
    """x as complex numbers, if it is real and anywhere outside of where the function is real."""
    x = as_array(x)
    if x.dtype.kind == "c" or not bool(np.any(plain(outside(x)))):
        return x
    return x.astype(np.complex64 if x.dtype.char in "fhHbB" else np.complex128)


def _negative(x: Any) -> Any:
    return np.less(x, 0)


def _beyond_one(x: Any) -> Any:
    return np.greater(np.abs(x), 1)


def _wide(function: Any, outside: Callable[[Any], Any]) -> Any:
    return lambda x: function(_widened(x, outside))


for _name in ("sqrt", "log", "log2", "log10"):
    implements(getattr(np.emath, _name))(_wide(getattr(np, _name), _negative))
for _name in ("arccos", "arcsin", "arctanh"):
    implements(getattr(np.emath, _name))(_wide(getattr(np, _name), _beyond_one))


@implements(np.emath.logn)
def logn(n: Any, x: Any) -> Any:
    """The logarithm to the base n."""
    return np.log(_widened(x, _negative)) / np.log(_widened(n, _negative))


@implements(np.emath.power)
def power(x: Any, p: Any) -> Any:
    """x**p."""
    x, p = _widened(x, _negative), as_array(p)
    if p.dtype.kind == "i" and bool(np.any(plain(np.less(p, 0)))):
        p = p.astype(float)
    return np.power(x, p)


@implements(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    """The real part, if all imaginary parts are below tol (above 1: times the machine epsilon)."""
    a = as_array(a)
    if a.dtype.kind != "c":
        return np.broadcast_to(a, a.shape)  # itself, or of a number an array without axes
    limit = np.finfo(a.dtype).eps * tol if tol > 1 else tol
    return a.real if bool(np.all(plain(np.less(np.abs(np.imag(a)), limit)))) else a


@implements(np.sort_complex)
def sort_complex(a: Any) -> Any:
    """Sorted by the real part, then by the imaginary part, as complex numbers."""
    y = np.sort(as_array(a))
    if y.dtype.kind == "c":
        return y
    return y.astype({"b": "F", "h": "F", "B": "F", "H": "F", "g": "G"}.get(y.dtype.char, "D"))
