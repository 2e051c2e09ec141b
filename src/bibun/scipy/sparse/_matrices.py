"""A sparse matrix with traced entries, and the row of its product with a dense one, which plain sparse matrices use too."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array, holds_traced
from bibun.arrays.registry import add_rows, row
from bibun.core.kinds import multilinear
from bibun.core.primitive import Primitive
from bibun.core.traced import Holder
from bibun.errors import NoDerivativeError, located


def indices(name: str, value: Any) -> Any:
    """Whole numbers that say where the entries stand: plain, and in memory of their own."""
    if holds_traced(value):
        raise NoDerivativeError(
            f"{located()}{name}: the places of the entries are traced. They are whole numbers without a derivative: keep them "
            "as plain arrays outside of the arguments that are differentiated, mapped or compiled."
        )
    return np.array(value, dtype=np.intp)


class Pattern:
    """Where the entries of a matrix stand, line by line: of the matrix, or of its transpose where `flipped`."""

    def __init__(self, where: Any, starts: Any, shape: tuple[int, ...], flipped: bool) -> None:
        self.where = where
        self.starts = starts
        where.flags.writeable = starts.flags.writeable = False  # SciPy sorts indices where they are, if it can
        self.shape = shape
        self.flipped = flipped

    def __repr__(self) -> str:
        return f"Pattern({len(self.where)} of {self.shape}{', flipped' * self.flipped})"

    def matrix(self, data: Any) -> Any:
        """SciPy's matrix with these entries."""
        make = source.csc_array if self.flipped else source.csr_array
        return make((data, self.where, self.starts), shape=self.shape)

    @cached_property
    def lines(self) -> Any:
        """The line of each entry."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    @property
    def rows(self) -> Any:
        """The row of each entry."""
        return self.where if self.flipped else self.lines

    @property
    def columns(self) -> Any:
        """The column of each entry."""
        return self.lines if self.flipped else self.where

    @cached_property
    def transposed(self) -> Pattern:
        """That of the transpose, with the entries in the same order."""
        return Pattern(self.where, self.starts, self.shape[::-1], not self.flipped)


def parts(matrix: Any) -> tuple[Any, Pattern]:
    """The entries and the pattern of a sparse matrix, SciPy's or ours."""
    if isinstance(matrix, SparseArray):
        return matrix.data, matrix.pattern
    if matrix.format not in ("csr", "csc"):
        matrix = matrix.tocsr()
    pattern = Pattern(matrix.indices.copy(), matrix.indptr.copy(), matrix.shape, matrix.format == "csc")
    return matrix.data, pattern


# The product: of the entries and a dense vector or matrix


def _product(data: Any, x: Any, *, pattern: Pattern) -> Any:
    return pattern.matrix(data) @ x


def _pull_data(g: Any, x: Any, pattern: Pattern) -> Any:
    """g x^T, at the places of the entries only."""
    each = g[pattern.rows] * x[pattern.columns]
    return np.sum(each, axis=-1) if np.ndim(each) == 2 else each


def _batch(primitive: Any, values: list[Any], batched: list[bool], settings: Any) -> Any:
    """Many vectors are the columns of a matrix; many matrices of one pattern stand beside one another in a larger one."""
    data, x = values
    size = np.shape(data if batched[0] else x)[0]
    if not batched[0]:
        flat = np.moveaxis(x, 0, 1)
        y = primitive(data, np.reshape(flat, (np.shape(flat)[0], -1)), **settings)
        return np.moveaxis(np.reshape(y, (-1, *np.shape(flat)[1:])), 1, 0)
    x = x if batched[1] else np.broadcast_to(x, (size, *np.shape(x)))
    many = _repeated(settings["pattern"], size)
    y = primitive(np.reshape(data, (-1,)), np.reshape(x, (-1, *np.shape(x)[2:])), pattern=many)
    return np.reshape(y, (size, -1, *np.shape(x)[2:]))


def _repeated(pattern: Pattern, size: int) -> Pattern:
    """Block diagonal."""
    rows, columns = pattern.shape
    steps, entries = np.arange(size), len(pattern.where)
    across = rows if pattern.flipped else columns
    where = (pattern.where + across * steps[:, None]).ravel()
    starts = np.append((pattern.starts[:-1] + entries * steps[:, None]).ravel(), entries * size)
    return Pattern(where, starts, (rows * size, columns * size), pattern.flipped)


sparse_product: Primitive = multilinear(
    _product,
    _pull_data,
    lambda g, data, pattern: sparse_product(data, g, pattern=pattern.transposed),
    inputs=("data", "x"),
    batch=_batch,
    name="sparse_product",
)


add_rows(sparse_product)


def product(matrix: Any, x: Any) -> Any:
    """matrix @ x, for a sparse matrix and a dense vector or matrix."""
    data, pattern = parts(matrix)
    x = as_array(x)
    if x.ndim not in (1, 2) or x.shape[0] != pattern.shape[1]:
        raise ValueError(f"a sparse matrix of shape {pattern.shape} cannot multiply an array of shape {x.shape}")
    return sparse_product(data, x, pattern=pattern)


def product_from_the_left(x: Any, matrix: Any) -> Any:
    """x @ matrix."""
    data, pattern = parts(matrix)
    return np.transpose(product(SparseArray(data, pattern.transposed), np.transpose(as_array(x))))


class SparseArray(Holder):
    """A matrix whose entries `data` are traced, at the places of a pattern. Places may repeat: their entries add up."""

    __slots__ = ("data", "pattern")
    __array_priority__ = 2000.0  # above a traced array's
    __array_ufunc__ = None
    ndim = 2

    def __init__(self, data: Any, pattern: Pattern) -> None:
        if np.shape(data) != pattern.where.shape:
            raise ValueError(f"{np.shape(data)} entries at {pattern.where.shape} places")
        self.data = data
        self.pattern = pattern

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        return self.pattern.shape

    @property
    def dtype(self) -> Any:
        """Of the entries."""
        return self.data.dtype

    @property
    def nnz(self) -> int:
        """The number of entries."""
        return len(self.pattern.where)

    @property
    def T(self) -> SparseArray:
        """The transpose."""
        return SparseArray(self.data, self.pattern.transposed)

    def transpose(self) -> SparseArray:
        """The transpose."""
        return self.T

    def conjugate(self) -> SparseArray:
        """The complex conjugate."""
        return SparseArray(np.conjugate(self.data), self.pattern)

    conj = conjugate

    def toarray(self) -> Any:
        """The dense matrix."""
        return row("scatter_add")(self.data, key=(self.pattern.rows, self.pattern.columns), shape=self.shape)

    todense = toarray

    def diagonal(self, k: int = 0) -> Any:
        """The entries with column - row = k, in a vector."""
        return np.diagonal(self.toarray(), k)

    def sum(self, axis: int | None = None) -> Any:
        """Of all entries, of each column (axis 0) or of each row."""
        if axis is None:
            return np.sum(self.data)
        along = axis % 2
        matrix = self if along else self.T
        return product(matrix, np.ones(matrix.shape[1], self.dtype))

    def multiply(self, other: Any) -> SparseArray:
        """Entry by entry with a number or a dense array."""
        if np.ndim(other):
            other = np.broadcast_to(as_array(other), self.shape)[self.pattern.rows, self.pattern.columns]
        return SparseArray(self.data * other, self.pattern)

    def dot(self, other: Any) -> Any:
        """The product."""
        return self @ other

    def __matmul__(self, other: Any) -> Any:
        if isinstance(other, SparseArray) or source.issparse(other):
            raise NoDerivativeError(
                f"{located()}the product of two sparse matrices has no derivative rule. Multiply by a dense matrix, or in "
                "turn: A @ (B @ x)."
            )
        return product(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return product_from_the_left(other, self)

    def __mul__(self, other: Any) -> SparseArray:
        return self.multiply(other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> SparseArray:
        return SparseArray(self.data / other, self.pattern) if np.ndim(other) == 0 else NotImplemented

    def __neg__(self) -> SparseArray:
        return SparseArray(-self.data, self.pattern)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise NoDerivativeError(
            f"{located()}a sparse matrix of traced entries would become a plain array. Write A.toarray() for the dense one; "
            "products (A @ x), sums and bibun.scipy.sparse.linalg take it as it is."
        )

    def __repr__(self) -> str:
        return f"SparseArray(shape {self.shape}, {self.nnz} entries {self.data!r})"
