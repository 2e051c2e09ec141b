"""Matrices made of vectors (Toeplitz, companion, band storage, ...): indexing and joins in NumPy's words. No row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.scipy._calls import stands_for


def flat(x: Any) -> Any:
    """SciPy reads c and r as vectors, whatever their shape."""
    return np.reshape(as_array(x), (-1,))


def conjugate(x: Any) -> Any:
    """The complex conjugate; a real array itself."""
    return np.conjugate(x) if x.dtype.kind == "c" else x


def transpose(x: Any) -> Any:
    """The last two axes swapped."""
    return np.swapaxes(x, -1, -2)


def adjoint(x: Any) -> Any:
    """x^H."""
    return conjugate(transpose(x))


def hermitian(a: Any, lower: bool) -> Any:
    """The matrix of which a has one triangle; only the real part of the diagonal counts."""
    half = np.tril(a, -1) if lower else np.triu(a, 1)
    return half + adjoint(half) + np.real(a * np.eye(a.shape[-1], dtype=bool))


def one_by_one(f: Callable[..., tuple[Any, ...]], arrays: list[Any], axes: list[int]) -> tuple[Any, ...]:
    """f of each problem of a stack, whose axes stand before the `axes` last ones of each array; the results as stacks."""
    stack = np.broadcast_shapes(*(x.shape[:-k] for x, k in zip(arrays, axes, strict=True)))
    wide = [np.broadcast_to(x, (*stack, *x.shape[-k:])) for x, k in zip(arrays, axes, strict=True)]
    each = [f(*(x[i] for x in wide)) for i in np.ndindex(stack)]
    return tuple(np.reshape(np.stack(part), (*stack, *np.shape(part[0]))) for part in zip(*each, strict=True))


def toeplitz_of(c: Any, r: Any) -> Any:
    """t[i, j] = c[i - j] below and on the diagonal, r[j - i] above it."""
    m, n = c.shape[-1], r.shape[-1]
    values = np.concatenate([c[..., ::-1], r[..., 1:]], axis=-1)
    return values[..., m - 1 - np.arange(m)[:, None] + np.arange(n)]


@stands_for(source.toeplitz)
def toeplitz(c: Any, r: Any = None) -> Any:
    """t[i, j] = c[i - j] below and on the diagonal, r[j - i] above it; r is conj(c) if it is not given."""
    c = np.atleast_1d(as_array(c))
    return toeplitz_of(c, conjugate(c) if r is None else np.atleast_1d(as_array(r)))


@stands_for(source.hankel)
def hankel(c: Any, r: Any = None) -> Any:
    """h[i, j] = c[i + j], and behind the last of c the entries of r; r is zero if it is not given."""
    c = flat(c)
    r = np.zeros_like(c) if r is None else flat(r)
    values = np.concatenate([c, r[1:]])
    return values[np.arange(c.shape[0])[:, None] + np.arange(r.shape[0])]


@stands_for(source.circulant)
def circulant(c: Any) -> Any:
    """m[i, j] = c[(i - j) mod n]."""
    c = np.atleast_1d(as_array(c))
    i = np.arange(c.shape[-1])
    return c[..., (i[:, None] - i) % c.shape[-1]]


@stands_for(source.companion)
def companion(a: Any) -> Any:
    """The matrix with the characteristic polynomial a[0] x^n + ... + a[n]: -a[1:] / a[0] in its first row."""
    a = as_array(a)
    n = a.shape[-1] - 1
    if n < 1:
        raise ValueError("The length of `a` along the last axis must be at least 2.")
    first = (-a[..., 1:] / a[..., :1])[..., None, :]
    below = np.broadcast_to(np.eye(n - 1, n), (*a.shape[:-1], n - 1, n))
    return np.concatenate([first, below.astype(first.dtype)], axis=-2)


@stands_for(source.convolution_matrix)
def convolution_matrix(a: Any, n: int, mode: str = "full") -> Any:
    """The Toeplitz matrix m with m @ v = np.convolve(a, v, mode) for v of length n."""
    a = as_array(a)
    whole = source.convolution_matrix(np.arange(1, a.shape[-1] + 1), n, mode)  # which entry of a stands where
    return a[..., np.maximum(whole, 1) - 1] * (whole > 0)


@stands_for(source.leslie)
def leslie(f: Any, s: Any) -> Any:
    """The fecundities f in the first row, the survival rates s below the diagonal."""
    f, s = as_array(f), as_array(s)
    below = np.concatenate([s[..., :, None] * np.eye(s.shape[-1], dtype=s.dtype), np.zeros_like(s)[..., None]], axis=-1)
    return np.concatenate([f[..., None, :], below], axis=-2)


@stands_for(source.fiedler)
def fiedler(a: Any) -> Any:
    """|a[i] - a[j]|."""
    a = np.atleast_1d(as_array(a))
    return np.abs(a[..., :, None] - a[..., None, :])


@stands_for(source.fiedler_companion)
def fiedler_companion(a: Any) -> Any:
    """The pentadiagonal matrix with the characteristic polynomial a."""
    a = as_array(a)
    n = a.shape[-1]
    if n <= 2:
        return source.fiedler_companion(a)  # empty, or -a[1] / a[0]: SciPy's own words are NumPy's there
    where = source.fiedler_companion(np.arange(1.0, n + 1))
    ratios = -a / a[..., :1]
    place = np.where(where < 0, np.round(-where), 1).astype(int) - 1  # -a[k] / a[0] shows as -(k + 1)
    ones = (where > 0).astype(ratios.dtype)
    return np.where(where < 0, ratios[..., place], ones)


@stands_for(source.block_diag)
def block_diag(*arrs: Any) -> Any:
    """The matrices along the diagonal, zeros beside them; of stacks of matrices, a stack."""
    blocks = [np.atleast_2d(as_array(a)) for a in arrs]
    batch = np.broadcast_shapes(*(b.shape[:-2] for b in blocks))
    columns, before, rows = sum(b.shape[-1] for b in blocks), 0, []
    for block in blocks:
        block = np.broadcast_to(block, (*batch, *block.shape[-2:]))
        sides = (before, columns - before - block.shape[-1])
        rows.append(np.pad(block, [(0, 0)] * (block.ndim - 1) + [sides]))
        before += block.shape[-1]
    return np.concatenate(rows, axis=-2)


@stands_for(source.khatri_rao)
def khatri_rao(a: Any, b: Any) -> Any:
    """Column by column the Kronecker product of a and b."""
    a, b = as_array(a), as_array(b)
    product = a[..., :, None, :] * b[..., None, :, :]
    return np.reshape(product, (*product.shape[:-3], a.shape[-2] * b.shape[-2], product.shape[-1]))


@stands_for(source.diagsvd)
def diagsvd(s: Any, M: int, N: int) -> Any:
    """The M x N matrix with the singular values s on its diagonal."""
    s = as_array(s)
    n = s.shape[-1]
    if n not in (M, N):
        raise ValueError("Length of s must be M or N.")
    return np.pad(s[..., :, None] * np.eye(n, dtype=s.dtype), [(0, 0)] * (s.ndim - 1) + [(0, M - n), (0, N - n)])


@stands_for(source.matmul_toeplitz)
def matmul_toeplitz(c_or_cr: Any, x: Any) -> Any:
    """toeplitz(c, r) @ x; of stacks of c, r and x a stack."""
    c, r = column_and_row(c_or_cr)
    y = np.matmul(toeplitz_of(c, r), as_array(x))
    return y.astype(np.result_type(y, np.float64))  # as SciPy has it from a Fourier transform


def column_and_row(c_or_cr: Any) -> tuple[Any, Any]:
    """(c, r), or c alone, whose conjugate is then r; of stacks, as many of both."""
    if not isinstance(c_or_cr, tuple):
        c = np.atleast_1d(as_array(c_or_cr))
        return c, conjugate(c)
    c, r = (np.atleast_1d(as_array(x)) for x in c_or_cr)
    stack = np.broadcast_shapes(c.shape[:-1], r.shape[:-1])
    c, r = (x if x.shape[:-1] == stack else np.broadcast_to(x, (*stack, x.shape[-1])) for x in (c, r))
    return c, r


# Band storage: ab[u + i - j, j] = a[i, j], for the l diagonals below the main one and the u above it


def shifted(x: Any, by: int, axis: int = -1) -> Any:
    """y[i] = x[i - by], and zero where that is outside."""
    n = x.shape[axis]
    if by == 0 or n == 0:
        return x
    if abs(by) >= n:
        return np.zeros_like(x)
    x = np.moveaxis(x, axis, -1)
    zeros = np.zeros_like(x[..., : abs(by)])
    y = [zeros, x[..., :-by]] if by > 0 else [x[..., -by:], zeros]
    return np.moveaxis(np.concatenate(y, axis=-1), -1, axis)


def band_product(ab: Any, x: Any, u: int) -> Any:
    """a @ x, one diagonal after the other; x is a matrix."""
    terms = [shifted(ab[..., k, :, None] * x, k - u, axis=-2) for k in range(ab.shape[-2])]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def band_transposed(ab: Any, u: int) -> Any:
    """The band storage of a^T, which has u diagonals below and ab.shape[-2] - u - 1 above."""
    rows = ab.shape[-2]
    return np.stack([shifted(ab[..., k, :], k - u) for k in reversed(range(rows))], axis=-2)


def whole_band(ab: Any, lower: bool) -> Any:
    """The band storage of a Hermitian matrix, of which ab has one triangle; only the real part of the diagonal counts."""
    u = ab.shape[-2] - 1
    if lower:
        ab = conjugate(band_transposed(ab, 0))  # a = a^H: the lower triangle's adjoint is the upper one
    above, main = ab[..., :u, :], ab[..., u:, :]
    if ab.dtype.kind == "c":
        main = np.real(main).astype(ab.dtype)
    below = conjugate(band_transposed(ab, u))[..., 1:, :]
    return np.concatenate([above, main, below], axis=-2)


def matrix_of_band(ab: Any, u: int) -> Any:
    """The whole matrix a."""
    rows, n = ab.shape[-2:]
    i, j = np.arange(n)[:, None], np.arange(n)
    row = u + i - j
    inside = (row >= 0) & (row < rows)
    return ab[..., np.where(inside, row, 0), j] * inside


def band_of_matrix(a: Any, below: int, u: int) -> Any:
    """The diagonals below the main one and the u above it, in band storage; what it has no place for is zero."""
    n = a.shape[-1]
    row, j = np.arange(below + u + 1)[:, None], np.arange(n)
    i = row + j - u
    inside = (i >= 0) & (i < n)
    return a[..., np.where(inside, i, 0), j] * inside
