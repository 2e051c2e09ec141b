"""What autograd.numpy has beyond NumPy's names, or otherwise, as far as programs use it.

numpy_wrapper.py passes them on. They do not stand in it: what is looked up there is kept there, so that any, sum and bool are
NumPy's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun import numpy as bnp
from bibun import tree
from bibun.compat.autograd.tracer import getval, isbox

__all__ = [
    "byte",
    "int8",
    "int16",
    "int32",
    "int64",
    "int_",
    "intc",
    "intp",
    "make_diagonal",
    "metadata",
    "short",
    "where",
]


class _Whole(type):
    """A class of whole numbers that takes traced values too, and gives plain ones: they have no derivative.

    Whatever is asked about it is answered of NumPy's class, `plain`.
    """

    plain: Any

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return cls.plain(*map(getval, args), **kwargs)

    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, cls.plain)

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other, cls.plain)

    def __eq__(cls, other: object) -> bool:
        return other is cls or other is cls.plain

    def __hash__(cls) -> int:
        return hash(cls.plain)


_WHOLE = {
    cls: _Whole(cls.__name__, (cls,), {"plain": cls, "__doc__": cls.__doc__})
    for cls in (np.int8, np.int16, np.int32, np.int64)
}
int8, int16, int32, int64 = _WHOLE.values()
byte, short, intc, int_, intp = (_WHOLE.get(cls, cls) for cls in (np.byte, np.short, np.intc, np.int_, np.intp))


def where(condition: Any, *args: Any, **kwargs: Any) -> Any:
    """np.where, whose x and y may be given by keyword; of Python's own numbers and lists these, as in autograd."""
    if not args and not kwargs:
        return np.where(condition)
    if len(args) + len(kwargs) != 2:
        raise ValueError("either both or neither of x and y should be given")
    x = args[0] if args else kwargs["x"]
    y = args[1] if len(args) > 1 else kwargs["y"]
    found = bnp.where(condition, x, y)
    arrays = any(
        isinstance(leaf, (np.ndarray, np.generic)) or isbox(leaf) for leaf in tree.flatten((condition, x, y))[0]
    )
    return found if arrays else found.tolist()


def make_diagonal(D: Any, offset: int = 0, axis1: int = -1, axis2: int = -2) -> Any:
    """Matrices whose diagonals are along the last axis of D; only offset=0 and the last two axes, as in autograd."""
    if offset != 0 or {axis1, axis2} != {-1, -2}:
        raise NotImplementedError("make_diagonal: only offset=0, axis1=-1, axis2=-2.")
    return np.expand_dims(D, -1) * np.eye(np.shape(D)[-1])


def metadata(A: Any) -> tuple[tuple[int, ...], int, np.dtype[Any], bool]:
    """(shape, ndim, dtype, whether it is complex)."""
    return np.shape(A), np.ndim(A), np.result_type(A), bool(np.iscomplexobj(A))
