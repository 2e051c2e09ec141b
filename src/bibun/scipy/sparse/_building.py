"""Sparse matrices made of others, one of which has traced entries: side by side, in blocks, Kronecker products, triangles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as source  # type: ignore[import-untyped]

from bibun.core.traced import Traced
from bibun.scipy._calls import no_rule, stands_for
from bibun.scipy.sparse._arrays import SparseArray, SparseMatrix
from bibun.scipy.sparse._matrices import LINES, parts
from bibun.scipy.sparse._pairs import summed

Placed = tuple[Any, Any, Any]  # entries, their rows and their columns


def _matrix(block: Any) -> Any:
    if isinstance(block, Traced):
        raise no_rule("a sparse matrix of blocks", "a dense block is traced; make it sparse, at fixed places")
    return block if isinstance(block, SparseArray) else source.coo_array(block)


def _some_new(blocks: Any) -> bool:
    return any(isinstance(b, source.sparray) or type(b) is SparseArray for b in blocks)


def _made(blocks: Any, shape: tuple[int, int], placed: list[Placed], *, array: bool = False) -> Any:
    """Of the old kind where all blocks are, as in SciPy."""
    new = array or _some_new(blocks)
    data, rows, columns = (np.concatenate(parts) for parts in zip(*placed, strict=True))
    entries, pattern = summed(data, rows, columns, shape)
    return (SparseArray if new else SparseMatrix)(entries, pattern.unordered(LINES))


def _blocks(rows: Any, *, array: bool = False) -> Any:
    """The matrix of blocks that stand in rows; None is a block of zeros."""
    grid = [[None if block is None else _matrix(block) for block in line] for line in rows]
    heights = [_extent(line, 0) for line in grid]
    widths = [_extent(line, 1) for line in zip(*grid, strict=True)]
    tops, lefts = np.cumsum([0, *heights]).tolist(), np.cumsum([0, *widths]).tolist()
    placed: list[Placed] = []
    for i, line in enumerate(grid):
        for j, block in enumerate(line):
            if block is not None:
                if block.shape != (heights[i], widths[j]):
                    raise ValueError(f"block {i, j} has shape {block.shape}, and its place {heights[i], widths[j]}")
                data, pattern = parts(block)
                placed.append((data, pattern.rows + tops[i], pattern.columns + lefts[j]))
    given = [block for line in rows for block in line if block is not None]
    return _made(given, (tops[-1], lefts[-1]), placed, array=array)


def _extent(line: Any, axis: int) -> int:
    sizes = [block.shape[axis] for block in line if block is not None]
    if not sizes:
        raise ValueError("a row or a column of blocks has None only")
    return int(sizes[0])


@stands_for(source.block_array)
def block_array(blocks: Any, *, format: Any = None, dtype: Any = None) -> Any:
    """A matrix of blocks, in rows; None is a block of zeros."""
    return typed(_blocks(blocks, array=True), dtype, format)


@stands_for(source.bmat)
def bmat(blocks: Any, format: Any = None, dtype: Any = None) -> Any:
    """A matrix of blocks, in rows; None is a block of zeros."""
    return typed(_blocks(blocks), dtype, format)


@stands_for(source.hstack)
def hstack(blocks: Any, format: Any = None, dtype: Any = None) -> Any:
    """Matrices beside one another."""
    return typed(_blocks([list(blocks)]), dtype, format)


@stands_for(source.vstack)
def vstack(blocks: Any, format: Any = None, dtype: Any = None) -> Any:
    """Matrices under one another."""
    return typed(_blocks([[block] for block in blocks]), dtype, format)


@stands_for(source.block_diag)
def block_diag(mats: Any, format: Any = None, dtype: Any = None) -> Any:
    """Matrices along the diagonal."""
    n = len(mats)
    blocks = [[m if i == j else None for j in range(n)] for i, m in enumerate(mats)]
    return typed(_blocks(blocks), dtype, format)


def typed(matrix: Any, dtype: Any, format: Any) -> Any:
    """Of a dtype, and in the order of a format; None is any."""
    matrix = matrix if dtype is None else matrix.astype(dtype)
    return matrix.tocsr() if format == "csr" else matrix.tocsc() if format == "csc" else matrix


@stands_for(source.kron)
def kron(A: Any, B: Any, format: Any = None) -> Any:
    """The blocks A[i, j] B."""
    (x, p), (y, q) = parts(_matrix(A)), parts(_matrix(B))
    first, second = np.repeat(np.arange(len(p.where)), len(q.where)), np.tile(np.arange(len(q.where)), len(p.where))
    rows = p.rows[first] * q.shape[0] + q.rows[second]
    columns = p.columns[first] * q.shape[1] + q.columns[second]
    shape = p.shape[0] * q.shape[0], p.shape[1] * q.shape[1]
    return typed(_made((A, B), shape, [(x[first] * y[second], rows, columns)]), None, format)


@stands_for(source.kronsum)
def kronsum(A: Any, B: Any, format: Any = None) -> Any:
    """The Kronecker product of one and A, and of B and one, added."""
    eye = source.eye_array if _some_new((A, B)) else source.eye
    dtype = np.result_type(A.dtype, B.dtype)
    return typed(kron(eye(B.shape[0], dtype=dtype), A) + kron(B, eye(A.shape[0], dtype=dtype)), None, format)


def _triangle(name: str, sign: int) -> Callable[..., Any]:
    @stands_for(getattr(source, name))
    def triangle(A: Any, k: int = 0, format: Any = None) -> Any:
        """The entries on one side of a diagonal."""
        data, pattern = parts(_matrix(A))
        kept = np.flatnonzero(sign * (pattern.columns - pattern.rows - k) >= 0)
        return typed(_made((A,), A.shape, [(data[kept], pattern.rows[kept], pattern.columns[kept])]), None, format)

    return triangle


tril, triu = _triangle("tril", -1), _triangle("triu", 1)
