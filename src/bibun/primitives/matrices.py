"""The words in which rules on (stacks of) matrices are written. Owns no row."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.core.broadcasting import is_complex
from bibun.core.traced import plain


def transpose(x: Any) -> Any:
    """The last two axes swapped."""
    return np.swapaxes(x, -1, -2)


def conjugate(x: Any) -> Any:
    """The complex conjugate; a real array itself."""
    return np.conjugate(x) if is_complex(x) else x


def hermitian_transpose(x: Any) -> Any:
    """x^H."""
    return conjugate(np.swapaxes(x, -1, -2))


def skew_part(x: Any) -> Any:
    """(x - x^H) / 2."""
    return (x - hermitian_transpose(x)) / 2


def diagonals(x: Any) -> Any:
    """The main diagonal of each matrix."""
    return np.diagonal(x, axis1=-2, axis2=-1)


def entrywise(x: Any) -> Any:
    """One number a matrix, as it multiplies the matrix's entries."""
    return np.expand_dims(x, (-2, -1))


def finite_ones(x: Any) -> tuple[Any, Any]:
    """Which matrices hold neither nan nor an infinity, as it compares with their entries; and the stack with the identity in the
    place of the others, on which LAPACK's SVD may run for ever, or fails for the whole stack."""
    finite = np.all(np.isfinite(x), axis=(-2, -1), keepdims=True)
    if np.all(plain(finite)):
        return finite, x
    return finite, np.where(finite, x, np.eye(np.shape(x)[-2], np.shape(x)[-1], dtype=np.result_type(x)))


def frobenius(x: Any) -> Any:
    """The 2-norm of each matrix, as it compares with the matrix's entries."""
    return magnitude(x, (-2, -1))


def half_upper(x: Any) -> Any:
    """The upper triangle with half of the diagonal: phi(x^H)^H."""
    return transpose(half_lower(transpose(x)))


def half_lower(x: Any) -> Any:
    """The lower triangle phi(x), with half of the diagonal: phi(x) + phi(x)^H = x for Hermitian x."""
    n, dtype = np.shape(x)[-1], np.finfo(np.result_type(x)).dtype
    mask = np.tri(n, dtype=dtype)
    np.fill_diagonal(mask, 0.5)
    return x * mask


def magnitude(x: Any, axis: Any = -1) -> Any:
    """The 2-norm over the axes, which are kept: of scaled entries, since squares leave the range halfway to its ends."""
    x = np.abs(x)
    limits = np.finfo(np.result_type(x))
    scale = np.minimum(np.maximum(np.max(x, axis=axis, keepdims=True, initial=0), limits.tiny), limits.max)
    return scale * np.sqrt(np.sum((x / scale) ** 2, axis=axis, keepdims=True))


def power_of_two(x: Any, axis: Any = (-2, -1)) -> Any:
    """One about as large as the largest entry of each matrix, 1 of zeros and of nan: by it, scaling is exact.

    Its exponent is an integer, so it has no derivative.
    """
    limits = np.finfo(np.result_type(x))
    largest = np.max(np.abs(x), axis=axis, keepdims=True, initial=0)
    size = np.where(largest > 0, np.minimum(np.maximum(largest, limits.tiny), limits.max / 2), 1)
    return np.exp2(np.floor(np.log2(size)).astype(np.int32).astype(limits.dtype))
