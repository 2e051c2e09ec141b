"""A sparse matrix with traced entries, as SciPy's classes are: its methods and operators."""

from __future__ import annotations

import operator
from typing import Any, NoReturn

import numpy as np
import scipy.sparse as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array, holds_traced
from bibun.arrays.registry import row
from bibun.arrays.sparse import asks, boxed
from bibun.core.traced import Holder, Traced
from bibun.errors import NoDerivativeError, located
from bibun.scipy._calls import no_rule
from bibun.scipy.sparse._matrices import LINES, Coordinates, Pattern, indices, parts, product, product_from_the_left
from bibun.scipy.sparse._pairs import added, common, multiplied, summed


def is_sparse(x: Any) -> bool:
    """Whether it is a sparse matrix, of plain entries or of traced ones."""
    return isinstance(x, SparseArray) or bool(source.issparse(x))


class SparseArray(Holder):
    """A matrix whose entries are traced, at the places of a pattern. Places may repeat: their entries add up."""

    __slots__ = ("entries", "pattern")
    __array_priority__ = 2000.0  # above a traced array's
    __array_ufunc__ = None
    ndim = 2

    def __init__(self, data: Any, pattern: Pattern) -> None:
        if np.shape(data) != pattern.where.shape:
            raise ValueError(f"{np.shape(data)} entries at {pattern.where.shape} places")
        self.entries = data
        self.pattern = pattern

    @property
    def data(self) -> Any:
        """The entries, in SciPy's order."""
        if self.pattern.ordered_by:
            raise no_rule(
                "A.data of a sparse matrix", "SciPy has the entries of such a matrix in an order, or a layout, of its own; write "
                f"A.{self.pattern.ordered_by}.data"
            )  # fmt: skip
        return self.entries

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        return self.pattern.shape

    @property
    def dtype(self) -> Any:
        """Of the entries."""
        return self.entries.dtype

    @property
    def nnz(self) -> int:
        """The number of entries."""
        return len(self.pattern.where)

    def _with(self, data: Any, pattern: Pattern | None = None) -> Any:
        """A matrix of the same kind."""
        return type(self)(data, pattern or self.pattern)

    @property
    def T(self) -> Any:
        """The transpose."""
        return self._with(self.entries, self.pattern.transposed)

    def transpose(self) -> Any:
        """The transpose."""
        return self.T

    def conjugate(self) -> Any:
        """The complex conjugate."""
        return self._with(np.conjugate(self.entries))

    conj = conjugate

    def astype(self, dtype: Any) -> Any:
        """With entries of another type."""
        return self._with(self.entries.astype(dtype))

    def copy(self) -> Any:
        """Itself: nothing changes it."""
        return self

    def tocsr(self) -> Any:
        """With the entries row by row."""
        return self._lines(flipped=False)

    def tocsc(self) -> Any:
        """With the entries column by column."""
        return self._lines(flipped=True)

    def sorted_indices(self) -> Any:
        """With the entries line by line, those of a line in order."""
        return self._sorted(self.pattern.flipped)

    def _lines(self, flipped: bool) -> Any:
        """As SciPy does it: places that repeat stay where the matrix is of lines already."""
        pattern = self.pattern
        if isinstance(pattern, Coordinates) or pattern.ordered_by == LINES:
            return self._with(*summed(self.entries, pattern.rows, pattern.columns, self.shape, flipped))
        return self if pattern.flipped == flipped else self._sorted(flipped)

    def _sorted(self, flipped: bool) -> Any:
        lines, across = (
            (self.pattern.columns, self.pattern.rows) if flipped else (self.pattern.rows, self.pattern.columns)
        )
        order = np.lexsort((across, lines))
        starts = np.searchsorted(lines[order], np.arange(self.shape[flipped] + 1))
        return self._with(self.entries[order], Pattern(across[order], starts, self.shape, flipped))

    def _canonical(self) -> Any:
        """Row by row, at places that do not repeat."""
        return self._with(*summed(self.entries, self.pattern.rows, self.pattern.columns, self.shape))

    def tocoo(self) -> Any:
        """With the row and the column of each entry."""
        pattern = self.pattern
        return (
            self
            if pattern.ordered_by
            else self._with(self.entries, Coordinates(pattern.rows, pattern.columns, self.shape))
        )

    def toarray(self) -> Any:
        """The dense matrix."""
        return row("scatter_add")(self.entries, key=(self.pattern.rows, self.pattern.columns), shape=self.shape)

    todense = toarray

    def diagonal(self, k: int = 0) -> Any:
        """The entries with column - row = k, in a vector."""
        rows, columns = self.shape
        low, length = max(-k, 0), max(min(rows + min(k, 0), columns - max(k, 0)), 0)
        on = np.flatnonzero(self.pattern.columns - self.pattern.rows == k)
        return row("scatter_add")(self.entries[on], key=(self.pattern.rows[on] - low,), shape=(length,))

    def trace(self, offset: int = 0) -> Any:
        """The sum of a diagonal."""
        return np.sum(self.diagonal(offset))

    def sum(self, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
        """Of all entries, of each column (axis 0) or of each row."""
        if dtype is not None or out is not None:
            raise no_rule("the sum of a sparse matrix", "it has no dtype= and no out=; write A.astype(dtype).sum(axis)")
        if axis is None:
            return np.sum(self.entries)
        along = axis % 2
        matrix = self if along else self.T
        return product(matrix, np.ones(matrix.shape[1], self.dtype))

    def mean(self, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
        """The sum over the number of places."""
        return self.sum(axis, dtype, out) / (self.shape[0] * self.shape[1] if axis is None else self.shape[axis])

    def multiply(self, other: Any) -> Any:
        """Entry by entry with a number, a dense array or a sparse matrix."""
        if is_sparse(other):
            return self._with(*common(self, other))
        return self._with(self.entries * self._at_places(other))

    def power(self, n: Any) -> Any:
        """Entry by entry, to a power that leaves zeros what they are."""
        matrix = self._canonical()
        return matrix._with(matrix.entries**n)

    def _at_places(self, other: Any) -> Any:
        if not np.ndim(other):
            return other
        return np.broadcast_to(as_array(other), self.shape)[self.pattern.rows, self.pattern.columns]

    def dot(self, other: Any) -> Any:
        """The product."""
        return self @ other

    def __getitem__(self, key: Any) -> Any:
        """A part of it, as SciPy takes it of a matrix of numbers of entries."""
        matrix = self._canonical()
        numbers = source.csr_array(matrix.pattern.matrix(np.arange(1, matrix.nnz + 1)))
        found = self._indexed(numbers, indices_in(key))
        if source.issparse(found):
            if found.ndim == 1:
                raise no_rule(
                    "the index of a sparse array", "one row or column would be a sparse vector; write A[[i]] or A[:, [j]] for a "
                    "matrix of it, and A[[i]].toarray()[0] for a dense vector"
                )  # fmt: skip
            which, pattern = parts(found)
            return self._with(matrix.entries[which - 1], pattern)
        if not np.ndim(found):
            return matrix.entries[found - 1] if found else matrix.dtype.type(0)
        return np.where(found, np.append(matrix.entries, [0])[found - 1], 0)

    def _indexed(self, numbers: Any, key: Any) -> Any:
        return numbers[key]

    def __add__(self, other: Any) -> Any:
        if is_sparse(other):
            return self._with(*added(self, other))
        if np.ndim(other):
            return self.toarray() + other
        if not isinstance(other, Traced) and other == 0:
            return self
        raise no_rule("a sparse matrix and a number", "the sum has no zeros; write A.toarray() + x")

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self + -other

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __matmul__(self, other: Any) -> Any:
        return self._with(*multiplied(self, other)) if is_sparse(other) else product(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return self._with(*multiplied(other, self)) if is_sparse(other) else product_from_the_left(other, self)

    def __mul__(self, other: Any) -> Any:
        return self.multiply(other)

    def __rmul__(self, other: Any) -> Any:
        return self.multiply(other)

    def __pow__(self, n: Any) -> Any:
        return self.power(n)

    def __truediv__(self, other: Any) -> Any:
        if is_sparse(other):
            return NotImplemented
        real = np.ndim(other) == 0 and np.can_cast(self.dtype, np.float64)  # by a number SciPy divides in float64
        return self._with((self.entries.astype(np.float64) if real else self.entries) / self._at_places(other))

    def __neg__(self) -> Any:
        return self._with(-self.entries)

    def __abs__(self) -> Any:
        matrix = self._canonical()
        return matrix._with(np.abs(matrix.entries))

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if asks():
            return boxed(self)
        raise NoDerivativeError(
            f"{located()}a sparse matrix of traced entries would become a plain array. Write A.toarray() for the dense one; "
            "products (A @ x), sums and bibun.scipy.sparse.linalg take it as it is. Of a plain and a traced matrix, write "
            "A @ B, A + B, and B.multiply(A) of the traced one."
        )

    def __getattr__(self, name: str) -> Any:
        pattern = None if name.startswith("_") else self.pattern
        if isinstance(pattern, Coordinates) and name in ("row", "col", "coords"):
            return {"row": pattern.rows, "col": pattern.columns, "coords": (pattern.rows, pattern.columns)}[name]
        if type(pattern) is Pattern and name in ("indices", "indptr") and not pattern.ordered_by:
            return {"indices": pattern.where, "indptr": pattern.starts}[name]
        if name.startswith("_") or not hasattr(source.csr_array, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        raise AttributeError(
            f"{located()}a sparse matrix of traced entries has no {name}. Write it with its entries (A.data, at the places "
            "A.pattern.rows and A.pattern.columns), or with the dense matrix A.toarray()."
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(shape {self.shape}, {self.nnz} entries {self.entries!r})"


class SparseMatrix(SparseArray):
    """One of the old kind (csr_matrix, diags, ...): * is the product, ** a power of matrices, and a sum has two axes."""

    __slots__ = ()

    def __mul__(self, other: Any) -> Any:
        return self @ other if np.ndim(other) else self.multiply(other)

    def __rmul__(self, other: Any) -> Any:
        return self.__rmatmul__(other) if np.ndim(other) else self.multiply(other)

    def __pow__(self, n: Any) -> Any:
        if not isinstance(n, int) or n < 1:
            raise no_rule(
                "the power of a sparse matrix", "it is a whole number, at least 1; write A.power(n) for entries"
            )
        found = self
        for _ in range(n - 1):
            found = found @ self
        return found

    def sum(self, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
        """Of all entries; along an axis SciPy makes an np.matrix, which traced entries have not."""
        if axis is not None:
            _refuse_matrix("sum", "write np.ones(n) @ A, or A @ np.ones(n)")
        return super().sum(None, dtype, out)

    def __add__(self, other: Any) -> Any:
        if np.ndim(other) and not is_sparse(other):
            _refuse_matrix("sum with a dense array", "write A.toarray() + x")
        return super().__add__(other)

    __radd__ = __add__

    def todense(self) -> Any:
        """SciPy makes an np.matrix."""
        return _refuse_matrix("todense", "write A.toarray()")

    def _indexed(self, numbers: Any, key: Any) -> Any:
        found = source.csr_matrix(numbers)[key]
        return _refuse_matrix("index", "write A.toarray()[i, j]") if isinstance(found, np.matrix) else found


_OPERATORS = {"add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv}


def operated(name: str, a: Any, b: Any) -> Any:
    """A plain sparse matrix and a traced array, in this order or the other: the operator is that of a matrix of ours."""
    if name not in _OPERATORS:
        return NotImplemented
    return _OPERATORS[name](*(_ours(x) if source.issparse(x) else x for x in (a, b)))


def _ours(matrix: Any) -> SparseArray:
    return (SparseArray if isinstance(matrix, source.sparray) else SparseMatrix)(*parts(matrix))


def _refuse_matrix(name: str, instead: str) -> NoReturn:
    raise no_rule(
        f"the {name} of a sparse matrix", f"SciPy makes a np.matrix there, whose * is not that of arrays; {instead}, or make "
        "it with csr_array or diags_array"
    )  # fmt: skip


def indices_in(key: Any) -> Any:
    """A key, whose arrays are plain."""
    if holds_traced(key):
        indices("the index of a sparse matrix", key)
    return key
