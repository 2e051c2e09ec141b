"""Questions that NumPy's Python code asks of a class, and none of its protocols carries: np.isscalar's, whether it is a
number, and np.polynomial's, whether x is an array, over which coefficients of more axes are spread.

Asked of a traced value both would be answered No, and another branch be taken, silently: so the names with which NumPy
asks stand for these in the modules that ask. Of everything else the answers are as before. np.polynomial also makes arrays
of its arguments, and arrays to fill with what it computes of them: there too, of traced ones it gets traced ones.
"""

from __future__ import annotations

import numbers
import sys
from collections.abc import Iterable
from functools import wraps
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.polynomial import _polybase, chebyshev, hermite, hermite_e, laguerre, legendre, polynomial, polyutils

from bibun.arrays import creation, lost, polynomials
from bibun.arrays.in_place import is_number
from bibun.core.traced import Traced


class _Numbers(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        if not isinstance(instance, Traced):
            return False
        asker = sys._getframe(1).f_back  # of np.isscalar
        module = "" if asker is None else str(asker.f_globals.get("__name__"))
        if module.startswith("scipy.optimize."):
            raise lost.as_number(instance, "float")  # what is to be minimised: its number, or SciPy's own error
        if asker is not None and module == "scipy.sparse._base" and asker.f_code.co_name == "__init__":
            raise lost.as_ndarray(instance)  # what an array is to be made of, which SciPy would catch
        return is_number(instance)


class _Number(metaclass=_Numbers):
    """What stands for a number."""


def _isinstance(instance: Any, kinds: Any) -> bool:
    return isinstance(instance, kinds) or (kinds is np.ndarray and isinstance(instance, Traced))


def _keeping(make: Any, stand_in: Any) -> Any:
    """np.array and its kind; of traced values and lists of them the stand-in."""

    def made(a: Any, *args: Any, **settings: Any) -> Any:
        traced = type(a) is not np.ndarray and creation.holds_traced(a)
        return (stand_in if traced else make)(a, *args, **settings)

    return made


def _to_fill(make: Any) -> Any:
    """np.empty and np.zeros: traced in a function that has traced values to store, of the innermost of their levels."""

    def made(shape: Any, dtype: Any = None) -> Any:
        like = _innermost(sys._getframe(1).f_locals.values())
        return make(shape, dtype) if like is None else make(shape, dtype, like=like)

    return made


def _innermost(values: Iterable[Any]) -> Any:
    """The traced value of the highest level; None where there is none."""
    return max((value for value in values if isinstance(value, Traced)), key=lambda value: value.level, default=None)


def _as_series(make: Any) -> Any:
    """as_series of np.polynomial; where one of several is traced, all are: the longer one is written into."""

    @wraps(make)
    def as_series(alist: Any, trim: bool = True) -> Any:
        made = make(alist, trim)
        like = _innermost(made)
        return made if like is None else [np.asarray(a, like=like) for a in made]

    return as_series


_as_anyarray = _keeping(np.asanyarray, creation.asarray)


def _asanyarray(a: Any, *args: Any, **settings: Any) -> Any:
    """np.asanyarray; a polynomial in the place of x stays one, not an array of one object, with which no traced one computes."""
    return a if isinstance(a, _polybase.ABCPolyBase) else _as_anyarray(a, *args, **settings)


class _NumPy:
    """numpy, as np.polynomial calls it."""

    def __init__(self) -> None:
        vars(self).update(
            vars(np),
            array=_keeping(np.array, creation.array),
            asarray=_keeping(np.asarray, creation.asarray),
            asanyarray=_asanyarray,
            empty=_to_fill(np.empty),
            zeros=_to_fill(np.zeros),
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)  # what NumPy loads when it is first asked for


def _divided(plain: Any) -> Any:
    """The polydiv that / of np.poly1d calls, with polynomials and not with their coefficients, which NumPy would ask."""

    def polydiv(u: Any, v: Any) -> Any:
        held = [p.coeffs for p in (u, v) if isinstance(p, np.poly1d)]
        return (polynomials.polydiv if any(isinstance(c, Traced) for c in held) else plain)(u, v)

    return polydiv


def _install() -> None:
    for names in (np.isscalar.__globals__, vars(_polybase)):
        names["numbers"] = SimpleNamespace(Number=(numbers.Number, _Number))
    stand_in = _NumPy()
    for module in (chebyshev, hermite, hermite_e, laguerre, legendre, polynomial, polyutils):
        vars(module)["isinstance"] = _isinstance
        vars(module)["np"] = stand_in
    np.poly1d.__truediv__.__globals__["polydiv"] = _divided(np.polydiv)
    polyutils.as_series = _as_series(polyutils.as_series)


_install()
