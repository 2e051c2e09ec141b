"""Traced arrays beside the matrices of scipy.sparse: their operators are those of bibun.scipy.sparse. Owns no operator."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

from bibun.core.traced import Traced, alike


def is_sparse(x: Any) -> bool:
    """Whether it is one of SciPy's sparse matrices."""
    module = sys.modules.get("scipy.sparse")
    return module is not None and hasattr(module, "issparse") and bool(module.issparse(x))


def is_class(kind: type) -> bool:
    """Whether it is a class of sparse matrices, or near them; SciPy need not be there."""
    return kind.__module__.startswith("scipy.sparse")


def beside(primitive: Any, a: Any, b: Any) -> Any:
    """a op b, one of which is no operand for an array: the matrix's own, where it is SciPy's; else for Python to say."""
    if not is_sparse(a) and not is_sparse(b):
        text, number = (b, a) if isinstance(a, Traced) else (a, b)
        if primitive.name == "multiply" and isinstance(text, (str, bytes)) and not _repeats(number):
            raise TypeError(
                f"unsupported operand type(s) for *: {type(a).__name__!r} and {type(b).__name__!r}. To repeat a text write "
                f"{text!r} * int(n.astype(int))."
            )
        return NotImplemented
    room: Any = import_module("bibun.scipy.sparse._arrays")
    return room.operated(primitive.name, a, b)


def _repeats(number: Traced) -> bool:
    """Whether Python repeats a text so often: by a whole number of a recording, which it asks for. Others would be lost."""
    return number.records and isinstance(alike(number), (int, np.integer))


def operator(primitive: Any, *, reflected: bool, foreign: Mapping[type, bool]) -> Any:
    """x @ other, or other @ x where `reflected`."""

    def call(self: Any, other: Any) -> Any:
        if not isinstance(other, (np.ndarray, Traced)):
            if is_sparse(other):  # before what is foreign: one of them is a dict
                room: Any = import_module("bibun.scipy.sparse._matrices")
                return room.product(other, self) if reflected else room.product_from_the_left(self, other)
            if foreign[type(other)]:
                return NotImplemented
        return primitive(other, self) if reflected else primitive(self, other)

    return call


def asks() -> bool:
    """Whether it is the @ of a sparse matrix that wants an array of its other operand.

    Where that is an array of one object, it leaves the product to the other operand. (Its * is another question: it means
    one thing for sparse arrays and another for sparse matrices.)
    """
    frame = sys._getframe(2)
    caller = frame.f_back
    return (
        frame.f_code.co_name == "_matmul_dispatch"
        and frame.f_globals.get("__name__", "").startswith("scipy.sparse")
        and caller is not None
        and caller.f_code.co_name == "__matmul__"
    )


def boxed(x: Any) -> Any:
    """An array of one object."""
    box = np.empty((), object)
    box[()] = x
    return box
