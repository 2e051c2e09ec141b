"""scipy.sparse with derivatives: products with traced arrays, and matrices whose entries are traced.

A matrix of plain entries stays SciPy's own: `A @ x` of it and a traced x is ours, and needs nothing from here. What is not
defined here is SciPy's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array, holds_traced
from bibun.scipy._calls import no_rule, remaining
from bibun.scipy.sparse._matrices import Pattern, SparseArray, indices


def _compressed(name: str, flipped: bool) -> Any:
    """csr_array and its kind, of (data, indices, indptr) or (data, (rows, columns)) with traced data."""
    make = getattr(source, name)

    def call(arg1: Any, shape: Any = None, dtype: Any = None, copy: bool = False, **more: Any) -> Any:
        if isinstance(arg1, SparseArray):
            return arg1
        if not holds_traced(arg1):
            return make(arg1, shape, dtype, copy, **more)
        if not isinstance(arg1, tuple):
            raise no_rule(
                name, "a dense traced matrix would lose its pattern; take its entries at fixed places: "
                f"{name}((x[rows, columns], (rows, columns)), shape)"
            )  # fmt: skip
        if len(arg1) == 2:
            data, (rows, columns) = arg1
            return _of_coordinates(data, indices(name, rows), indices(name, columns), shape, dtype)
        data, where, starts = arg1
        where, starts = indices(name, where), indices(name, starts)
        lines = len(starts) - 1
        if shape is None:
            other = int(where.max(initial=-1)) + 1
            shape = (other, lines) if flipped else (lines, other)
        return SparseArray(_typed(data, dtype), Pattern(where, starts, tuple(shape), flipped))

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"scipy.sparse.{name}; with traced entries a SparseArray, at the same places."
    return call


def _typed(data: Any, dtype: Any) -> Any:
    data = as_array(data)
    return data if dtype is None else data.astype(dtype)


def _of_coordinates(data: Any, rows: Any, columns: Any, shape: Any, dtype: Any = None) -> SparseArray:
    """Entries at (rows, columns), added up where places repeat."""
    if shape is None:
        shape = int(rows.max(initial=-1)) + 1, int(columns.max(initial=-1)) + 1
    order = np.argsort(rows, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=shape[0]))])
    return SparseArray(_typed(data, dtype)[order], Pattern(columns[order], starts, tuple(shape), False))


csr_array, csr_matrix = _compressed("csr_array", False), _compressed("csr_matrix", False)
csc_array, csc_matrix = _compressed("csc_array", True), _compressed("csc_matrix", True)
coo_array, coo_matrix = _compressed("coo_array", False), _compressed("coo_matrix", False)


def _diagonals(name: str) -> Any:
    make = getattr(source, name)

    def call(diagonals: Any, offsets: Any = 0, shape: Any = None, format: Any = None, dtype: Any = None) -> Any:
        if not holds_traced(diagonals):
            return make(diagonals, offsets=offsets, shape=shape, format=format, dtype=dtype)
        if np.ndim(offsets) == 0:
            first = as_array(diagonals)
            diagonals, offsets = [first if first.ndim < 2 else first[0]], [int(offsets)]
        parts = [np.atleast_1d(as_array(d)) for d in diagonals]
        if shape is None:
            n = parts[0].shape[0] + abs(int(offsets[0]))
            shape = n, n
        data, rows, columns = [], [], []
        for part, offset in zip(parts, map(int, offsets), strict=True):
            length = min(shape[0] + min(offset, 0), shape[1] - max(offset, 0))
            if part.shape[0] not in (1, length):
                raise ValueError(
                    f"Diagonal length (offset {offset}: {part.shape[0]} at {length}) does not agree with shape"
                )
            data.append(np.broadcast_to(part, (length,)))
            rows.append(np.arange(length) - min(offset, 0))
            columns.append(np.arange(length) + max(offset, 0))
        return _of_coordinates(np.concatenate(data), np.concatenate(rows), np.concatenate(columns), shape, dtype)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"scipy.sparse.{name}; with traced diagonals a SparseArray."
    return call


diags_array, diags = _diagonals("diags_array"), _diagonals("diags")


def issparse(x: Any) -> bool:
    """Whether it is a sparse matrix, of plain entries or of traced ones."""
    return isinstance(x, SparseArray) or bool(source.issparse(x))


_get = remaining(source, {})


def __getattr__(name: str) -> Any:
    """bibun.scipy.sparse.linalg, and what is SciPy's own."""
    if name == "linalg":
        from importlib import import_module

        return import_module(f"{__name__}.linalg")
    return _get(name)
