"""Questions that NumPy's Python code asks of a class, and none of its protocols carries: np.isscalar's, whether it is a
number, and np.polynomial's, whether x is an array, over which coefficients of more axes are spread.

Asked of a traced value both would be answered No, and another branch be taken, silently: so the names with which NumPy
asks stand for these in the modules that ask. Of everything else the answers are as before.
"""

from __future__ import annotations

import numbers
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev, hermite, hermite_e, laguerre, legendre, polynomial

from bibun.arrays.in_place import is_number
from bibun.core.traced import Traced


class _Numbers(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Traced) and is_number(instance)


class _Number(metaclass=_Numbers):
    """What stands for a number."""


def _isinstance(instance: Any, kinds: Any) -> bool:
    return isinstance(instance, kinds) or (kinds is np.ndarray and isinstance(instance, Traced))


def _install() -> None:
    np.isscalar.__globals__["numbers"] = SimpleNamespace(Number=(numbers.Number, _Number))
    for module in (chebyshev, hermite, hermite_e, laguerre, legendre, polynomial):
        vars(module)["isinstance"] = _isinstance


_install()
