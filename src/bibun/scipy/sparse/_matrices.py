"""Where the entries of a sparse matrix stand, and the row of its product with a dense one, of plain or traced entries."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array, holds_traced
from bibun.arrays.registry import add_rows
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


# The calls after which SciPy has the entries in our order: those of a product stay unsorted in tocsr()
LINES, SORTED = "tocsr()", "tocsr().sorted_indices()"


class Pattern:
    """Where the entries of a matrix stand, line by line: of the matrix, or of its transpose where `flipped`.

    Where SciPy has the entries in another order, `ordered_by` is the call after which it has them in this one.
    """

    def __init__(self, where: Any, starts: Any, shape: tuple[int, ...], flipped: bool, ordered_by: str = "") -> None:
        self.where = where
        self.ordered_by = ordered_by
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
        return Pattern(self.where, self.starts, self.shape[::-1], not self.flipped, self.ordered_by)

    def repeated(self, size: int) -> Pattern:
        """Block diagonal."""
        rows, columns = self.shape
        steps, entries = np.arange(size), len(self.where)
        across = rows if self.flipped else columns
        where = (self.where + across * steps[:, None]).ravel()
        starts = np.append((self.starts[:-1] + entries * steps[:, None]).ravel(), entries * size)
        return Pattern(where, starts, (rows * size, columns * size), self.flipped)

    def unordered(self, ordered_by: str) -> Pattern:
        """The same places, of entries that SciPy has in another order."""
        return Pattern(self.where, self.starts, self.shape, self.flipped, ordered_by)


class Coordinates(Pattern):
    """Where the entries stand, in any order: the row and the column of each."""

    rows: Any = None
    columns: Any = None

    def __init__(self, rows: Any, columns: Any, shape: tuple[int, ...]) -> None:
        self.rows, self.columns, self.shape = rows, columns, shape
        self.where, self.ordered_by = columns, ""
        rows.flags.writeable = columns.flags.writeable = False

    def __repr__(self) -> str:
        return f"Coordinates({len(self.rows)} of {self.shape})"

    def matrix(self, data: Any) -> Any:
        """SciPy's matrix with these entries."""
        return source.coo_array((data, (self.rows, self.columns)), shape=self.shape).tocsr()

    @cached_property
    def transposed(self) -> Pattern:
        """That of the transpose, with the entries in the same order."""
        return Coordinates(self.columns, self.rows, self.shape[::-1])

    def repeated(self, size: int) -> Pattern:
        """Block diagonal."""
        height, width = self.shape
        steps = np.arange(size)[:, None]
        rows, columns = (self.rows + height * steps).ravel(), (self.columns + width * steps).ravel()
        return Coordinates(rows, columns, (height * size, width * size))


def parts(matrix: Any) -> tuple[Any, Pattern]:
    """The entries and the pattern of a sparse matrix, SciPy's or ours."""
    if isinstance(matrix, Holder):
        return matrix.entries, matrix.pattern  # type: ignore[attr-defined]
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
    many = settings["pattern"].repeated(size)
    y = primitive(np.reshape(data, (-1,)), np.reshape(x, (-1, *np.shape(x)[2:])), pattern=many)
    return np.reshape(y, (size, -1, *np.shape(x)[2:]))


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
    return _checked_product(data, pattern, as_array(x))


def _checked_product(data: Any, pattern: Pattern, x: Any) -> Any:
    if x.ndim not in (1, 2) or x.shape[0] != pattern.shape[1]:
        raise ValueError(f"a sparse matrix of shape {pattern.shape} cannot multiply an array of shape {x.shape}")
    return sparse_product(data, x, pattern=pattern)


def product_from_the_left(x: Any, matrix: Any) -> Any:
    """x @ matrix."""
    data, pattern = parts(matrix)
    return np.transpose(_checked_product(data, pattern.transposed, np.transpose(as_array(x))))
