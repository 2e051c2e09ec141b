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
from bibun.scipy.sparse._arrays import SparseArray, SparseMatrix, is_sparse
from bibun.scipy.sparse._building import (
    block_array,
    block_diag,
    bmat,
    hstack,
    kron,
    kronsum,
    tril,
    triu,
    typed,
    vstack,
)
from bibun.scipy.sparse._matrices import LINES, Coordinates, Pattern, indices
from bibun.scipy.sparse._pairs import summed


def _compressed(name: str) -> Any:
    """csr_array and its kind, of (data, indices, indptr) or (data, (rows, columns)) with traced data."""
    make, flipped, kind = getattr(source, name), name.startswith("csc"), _kind(name)

    def call(arg1: Any, shape: Any = None, dtype: Any = None, copy: bool = False, **more: Any) -> Any:
        if isinstance(arg1, SparseArray):
            found = kind(arg1.entries, arg1.pattern)
            return _typed(
                found.tocsc() if flipped else found.tocsr() if name.startswith("csr") else found.tocoo(), dtype
            )
        if not holds_traced(arg1):
            return make(arg1, shape, dtype, copy, **more)
        if not isinstance(arg1, tuple):
            raise no_rule(
                name, "a dense traced matrix would lose its pattern; take its entries at fixed places: "
                f"{name}((x[rows, columns], (rows, columns)), shape)"
            )  # fmt: skip
        if len(arg1) == 2:
            data, (rows, columns) = arg1
            rows, columns = indices(name, rows), indices(name, columns)
            shape = shape or (int(rows.max(initial=-1)) + 1, int(columns.max(initial=-1)) + 1)
            if name.startswith("coo"):
                return _typed(kind(as_array(data), Coordinates(rows, columns, tuple(shape))), dtype)
            return _typed(kind(*summed(as_array(data), rows, columns, shape, flipped)), dtype)
        data, where, starts = arg1
        where, starts = indices(name, where), indices(name, starts)
        lines = len(starts) - 1
        if shape is None:
            other = int(where.max(initial=-1)) + 1
            shape = (other, lines) if flipped else (lines, other)
        return _typed(kind(as_array(data), Pattern(where, starts, tuple(shape), flipped)), dtype)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"scipy.sparse.{name}; with traced entries a SparseArray, at the same places."
    return call


def _kind(name: str) -> type[SparseArray]:
    return SparseArray if name.endswith("_array") else SparseMatrix


csr_array, csr_matrix = _compressed("csr_array"), _compressed("csr_matrix")
csc_array, csc_matrix = _compressed("csc_array"), _compressed("csc_matrix")
coo_array, coo_matrix = _compressed("coo_array"), _compressed("coo_matrix")


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
        placed = []
        for part, offset in zip(parts, map(int, offsets), strict=True):
            rows, columns = _places(offset, shape)
            if part.shape[0] not in (1, len(rows)):
                raise ValueError(
                    f"Diagonal length (offset {offset}: {part.shape[0]} at {len(rows)}) does not agree with shape"
                )
            placed.append((np.broadcast_to(part, rows.shape), rows, columns))
        return typed(_of_diagonals(placed, shape, dtype, _kind(name)), None, format)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"scipy.sparse.{name}; with traced diagonals a SparseArray."
    return call


def _places(offset: int, shape: Any) -> tuple[Any, Any]:
    """Rows and columns of a diagonal."""
    along = np.arange(max(min(shape[0] + min(offset, 0), shape[1] - max(offset, 0)), 0))
    return along - min(offset, 0), along + max(offset, 0)


def _of_diagonals(placed: Any, shape: Any, dtype: Any, kind: type[SparseArray]) -> SparseArray:
    data, rows, columns = (np.concatenate(arrays) for arrays in zip(*placed, strict=True))
    entries, pattern = summed(_typed(data, dtype), rows, columns, shape)
    return kind(entries, pattern.unordered(LINES))


def _banded(name: str) -> Any:
    make = getattr(source, name)

    def call(arg1: Any, shape: Any = None, dtype: Any = None, copy: bool = False, **more: Any) -> Any:
        if isinstance(arg1, SparseArray):
            ordered = arg1.tocsr()
            return _kind(name)(ordered.entries, ordered.pattern.unordered(LINES))
        if not holds_traced(arg1):
            return make(arg1, shape, dtype, copy, **more)
        if not isinstance(arg1, tuple) or shape is None:
            raise no_rule(name, "the traced matrix is dense; give its diagonals, (data, offsets), and shape=")
        data, offsets = np.atleast_2d(as_array(arg1[0])), np.atleast_1d(indices(name, arg1[1])).tolist()
        placed = []
        for line, offset in zip(data, offsets, strict=True):  # the entry of column j is line[j]
            rows, columns = (v[: max(data.shape[1] - max(offset, 0), 0)] for v in _places(offset, shape))
            placed.append((line[columns], rows, columns))
        return _of_diagonals(placed, shape, dtype, _kind(name))

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"scipy.sparse.{name}; with traced diagonals a SparseArray."
    return call


def _typed(data: Any, dtype: Any) -> Any:
    return data if dtype is None else data.astype(dtype)


diags_array, diags = _diagonals("diags_array"), _diagonals("diags")
dia_array, dia_matrix = _banded("dia_array"), _banded("dia_matrix")


def spdiags(data: Any, diags: Any, m: Any = None, n: Any = None, format: Any = None) -> Any:
    """scipy.sparse.spdiags; with traced diagonals a SparseArray."""
    if not holds_traced(data):
        return source.spdiags(data, diags, m, n, format)
    shape = m if n is None else (m, n)
    return typed(dia_matrix((data, diags), shape=shape or (np.shape(np.atleast_2d(data))[1],) * 2), None, format)


def issparse(x: Any) -> bool:
    """Whether it is a sparse matrix, of plain entries or of traced ones."""
    return is_sparse(x)


__all__ = [
    "block_array", "block_diag", "bmat", "coo_array", "coo_matrix", "csc_array", "csc_matrix", "csr_array", "csr_matrix",
    "dia_array", "dia_matrix", "diags", "diags_array", "hstack", "issparse", "kron", "kronsum", "spdiags", "tril", "triu",
    "vstack",
]  # fmt: skip

_FILLED = (
    "it is filled entry by entry; write coo_array((data, (rows, columns)), shape) with data an array or np.stack([...])"
)
_get = remaining(
    source,
    {
        **dict.fromkeys(("lil_array", "lil_matrix", "dok_array", "dok_matrix"), _FILLED),
        **dict.fromkeys(("bsr_array", "bsr_matrix"), "write csr_array((data, (rows, columns)), shape)"),
        "find": "which entries are zero depends on their values; write A.data and the places that it was made with",
        "save_npz": "a file holds plain numbers",
    },
)


def __getattr__(name: str) -> Any:
    """bibun.scipy.sparse.linalg, and what is SciPy's own."""
    if name == "linalg":
        from importlib import import_module

        return import_module(f"{__name__}.linalg")
    return _get(name)
