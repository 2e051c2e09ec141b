"""Factorisations and what follows from them: LU, Cholesky, QR, singular values, norms, pseudo-inverses, least squares.

The only row is that of LU, which NumPy does not have. Eigenvalues are in _eigenvalues.py.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import scipy.linalg as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.arrays.deciding import whole
from bibun.arrays.linalg import ROUNDING
from bibun.arrays.registry import add_rows
from bibun.core.kinds import constant, general
from bibun.errors import DerivativeValueError
from bibun.primitives.matrices import diagonals
from bibun.primitives.repeated import holds
from bibun.scipy._calls import beside, check_finite, for_lapack, no_rule, stands_for
from bibun.scipy.linalg._matrices import (
    adjoint,
    band_of_matrix,
    hermitian,
    matrix_of_band,
    one_by_one,
    transpose,
    whole_band,
)
from bibun.scipy.linalg._solvers import substituted
from bibun.scipy.linalg._turns import turns_row

# LU: a[order] = l u. The pivots are whole numbers in a row whose other output is not, so they come as floating-point ones.


def _lu(a: Any) -> tuple[Any, Any]:
    packed, pivots = source.lu_factor(a, check_finite=False)
    return packed, pivots.astype(np.finfo(packed.dtype).dtype)


def _order(pivots: Any, *, length: int) -> Any:
    """The rows as the exchanges of the pivots leave them."""
    steps = np.asarray(pivots).astype(int)
    order = np.broadcast_to(np.arange(length), (*steps.shape[:-1], length)).copy()
    for k in range(steps.shape[-1]):
        here, there = (np.full(steps.shape[:-1], k)[..., None], steps[..., k : k + 1])
        first, second = np.take_along_axis(order, here, -1), np.take_along_axis(order, there, -1)
        np.put_along_axis(order, here, second, -1)
        np.put_along_axis(order, there, first, -1)
    return order


order_of_pivots = constant(_order, "an order of rows is made of whole numbers", name="order_of_pivots")


def _permuted(x: Any, order: Any) -> Any:
    order = np.broadcast_to(
        order[..., None], np.broadcast_shapes(np.shape(order)[:-1], np.shape(x)[:-2]) + np.shape(x)[-2:]
    )
    return np.take_along_axis(np.broadcast_to(x, np.shape(order)), order, axis=-2)


def _square(packed: Any) -> tuple[Any, Any]:
    """l and u as square matrices: further columns of l, and rows of u, are those of the unit matrix."""
    m, n = np.shape(packed)[-2:]
    k, size = min(m, n), max(m, n)
    one = np.eye(size, dtype=np.result_type(packed))
    lower, upper = np.tril(packed, -1)[..., :, :k], np.triu(packed)[..., :k, :]
    beside = [(0, 0)] * (np.ndim(packed) - 2)
    lower = np.pad(lower, [*beside, (0, size - m), (0, size - k)]) + one
    return lower, np.pad(upper, [*beside, (0, size - k), (0, size - n)]) + one * (np.arange(size) >= k)


def _padded(x: Any, size: int) -> Any:
    m, n = np.shape(x)[-2:]
    return np.pad(x, [(0, 0)] * (np.ndim(x) - 2) + [(0, size - m), (0, size - n)])


def _divisor(upper: Any, m: int, n: int) -> Any:
    """u, as rows are divided by its pivots: the last row's, which may be 0, divides none, and is 1 here."""
    k = min(m, n)
    dividing = np.arange(max(m, n)) < (k if m > n else k - 1)
    if holds((diagonals(upper) == 0) & dividing):
        raise DerivativeValueError(
            "lu: a pivot that rows below it are divided by is 0, so the first columns are linearly dependent, and l is not "
            "determined by the matrix there, and has no derivative. np.linalg.svd of reduced rank, pinv and lstsq have one "
            "where the rank stays."
        )
    return np.where(np.diag(~dividing), 1, upper)


def _push_lu(t: Any, y: Any) -> Any:
    """With c = l^-1 da and w = tril(c u^-1, -1): dl = l w, du = c - w u."""
    packed, pivots = y
    m, n = np.shape(packed)[-2:]
    lower, upper = _square(packed)
    da = _padded(_permuted(t, order_of_pivots(pivots, length=m)), max(m, n))
    c = substituted(lower, da, lower=True, unit_diagonal=True)
    w = np.tril(transpose(substituted(_divisor(upper, m, n), transpose(c), trans=1)), -1)
    return (lower @ w + np.triu(c - w @ upper))[..., :m, :n], np.zeros_like(pivots)


def _pull_lu(g: Any, y: Any) -> Any:
    """a_bar = l^-T (u_bar + tril(l^T l_bar - u_bar u^T, -1) u^-T), back in the order of the rows of a."""
    packed, pivots = y
    m, n = np.shape(packed)[-2:]
    lower, upper = _square(packed)
    g = _padded(g[0], max(m, n))
    u_bar = np.triu(g)
    w = np.tril(transpose(lower) @ np.tril(g, -1) - u_bar @ transpose(upper), -1)
    c_bar = u_bar + transpose(substituted(_divisor(upper, m, n), transpose(w)))
    a_bar = substituted(lower, c_bar, trans=1, lower=True, unit_diagonal=True)[..., :m, :n]
    return _permuted(a_bar, np.argsort(order_of_pivots(pivots, length=m), axis=-1))


lu_row = general(
    _lu,
    _pull_lu,
    pushforwards=(_push_lu,),
    inputs=("a",),
    batch="leading",
    domain=("matrix",),
    name="lu_factor",
)


@stands_for(source.lu_factor)
def lu_factor(a: Any) -> tuple[Any, Any]:
    """l below the diagonal and u above in one matrix, and the exchanges of rows."""
    packed, pivots = lu_row(as_array(a))
    return packed, pivots.astype(np.int32)


@stands_for(source.lu)
def lu(a: Any, permute_l: bool = False, p_indices: bool = False) -> Any:
    """p, l, u with a = p l u; p l and u where `permute_l`; the rows of l in place of p where `p_indices`: a = l[p] u."""
    packed, pivots = lu_row(as_array(a))
    m, n = packed.shape[-2:]
    k = min(m, n)
    lower = np.tril(packed, -1)[..., :, :k] + np.eye(m, k, dtype=packed.dtype)
    upper = np.triu(packed)[..., :k, :]
    rows = np.argsort(order_of_pivots(pivots, length=m), axis=-1)
    if permute_l:
        return _permuted(lower, rows), upper
    if p_indices:
        return rows.astype(np.int32), lower, upper
    return (rows[..., None] == np.arange(m)).astype(np.finfo(packed.dtype).dtype), lower, upper


@stands_for(source.lu_solve, unchecked="lu_and_piv")
def lu_solve(lu_and_piv: Any, b: Any, trans: int = 0) -> Any:
    """x with a x = b, a^T x = b or a^H x = b, from lu_factor(a)."""
    packed, pivots = as_array(lu_and_piv[0]), lu_and_piv[1]
    order = order_of_pivots(pivots, length=packed.shape[-1])
    b = as_array(b)
    x = b[..., None] if b.ndim == 1 else b
    if trans:
        x = substituted(packed, substituted(packed, x, trans, singular=True), trans, lower=True, unit_diagonal=True)
        x = _permuted(x, np.argsort(order, axis=-1))
    else:
        x = substituted(packed, _permuted(x, order), lower=True, unit_diagonal=True)
        x = substituted(packed, x, singular=True)
    return x[..., 0] if b.ndim == 1 else x


add_rows(order_of_pivots, lu_row)


# Cholesky: the derivative is by the triangle that is read


@stands_for(source.cholesky)
def cholesky(a: Any, lower: bool = False) -> Any:
    """The upper u with u^H u = a, or the lower l with l l^H = a."""
    return np.linalg.cholesky(for_lapack(a), upper=not lower)


@stands_for(source.cho_factor)
def cho_factor(a: Any, lower: bool = False) -> tuple[Any, bool]:
    """Cholesky's factor for cho_solve; its other triangle is a's."""
    a = for_lapack(a)
    return cholesky(a, lower, check_finite=False) + (np.triu(a, 1) if lower else np.tril(a, -1)), lower


@stands_for(source.cho_solve)
def cho_solve(c_and_lower: Any, b: Any) -> Any:
    """x with a x = b, from cho_factor(a)."""
    c, lower = c_and_lower
    first, second = (0, 2) if lower else (2, 0)
    return substituted(c, substituted(c, b, first, lower, singular=True), second, lower, singular=True)


@stands_for(source.cholesky_banded)
def cholesky_banded(ab: Any, lower: bool = False) -> Any:
    """Cholesky's factor in the band storage of a. Computed from the whole matrix, in n^2 numbers."""
    ab = as_array(ab)
    u = ab.shape[-2] - 1
    factor = cholesky(matrix_of_band(whole_band(ab, lower), u), lower, check_finite=False)
    above = 0 if lower else u
    place = np.arange(u + 1)[:, None] + np.arange(ab.shape[-1]) - above  # the row of a that an entry is for
    return band_of_matrix(factor, u - above, above) + ab * ((place < 0) | (place >= ab.shape[-1]))


# QR


def _pivots_of_qr(a: Any) -> Any:
    return source.qr(a, mode="r", pivoting=True, check_finite=False)[1]


qr_pivots = constant(_pivots_of_qr, "an order of columns is made of whole numbers", name="qr_pivots")


add_rows(qr_pivots)


@stands_for(source.qr)
def qr(a: Any, mode: str = "full", pivoting: bool = False) -> Any:
    """q, r (and the order p of columns) with a = q r (a[:, p] = q r); r alone for mode='r'."""
    a = for_lapack(a)
    if mode not in ("full", "r", "economic", "raw"):
        raise ValueError("Mode argument should be one of ['full', 'r', 'economic', 'raw']")
    if mode == "raw":
        raise no_rule("qr", "mode='raw' gives LAPACK's reflectors; take mode='economic'")
    order: tuple[Any, ...] = ()
    if pivoting:
        order = (qr_pivots(a),)
        index = order[0] if a.ndim == 2 else np.broadcast_to(order[0][..., None, :], a.shape)
        a = a[:, index] if a.ndim == 2 else np.take_along_axis(a, index, axis=-1)
    if mode == "economic":
        return (*np.linalg.qr(a), *order)
    q, r = np.linalg.qr(a, "complete")
    return (r, *order) if mode == "r" else (q, r, *order)


@stands_for(source.rq)
def rq(a: Any, mode: str = "full") -> Any:
    """r, q with a = r q: the QR factorisation of a^H, from the last row and column on."""
    a = for_lapack(a)
    found = qr(adjoint(a[..., ::-1, ::-1]), mode=mode, check_finite=False)
    if mode == "r":
        return adjoint(found[0])[..., ::-1, ::-1]
    return tuple(adjoint(x)[..., ::-1, ::-1] for x in reversed(found))


# Singular values


@stands_for(source.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, lapack_driver: str = "gesdd") -> Any:
    """u, s, v^H with a = u diag(s) v^H; or s alone."""
    if not compute_uv:
        return svdvals(a, check_finite=False)
    a = for_lapack(a)
    _refuse(np.isnan(a), "A has a NaN entry")
    u, s, vh = np.linalg.svd(a, full_matrices)
    if lapack_driver == "gesdd":  # NumPy's
        return u, s, vh
    k, settings = s.shape[-1], {"full_matrices": full_matrices, "lapack_driver": lapack_driver}
    turns = turns_row(u[..., :k], a, by="svd", output=0, settings=settings)
    left, right = u[..., :k] * turns, adjoint(turns) * vh[..., :k, :]
    return np.concatenate([left, u[..., k:]], axis=-1), s, np.concatenate([right, vh[..., k:, :]], axis=-2)


@stands_for(source.svdvals)
def svdvals(a: Any) -> Any:
    """The singular values, descending."""
    a = for_lapack(a)
    _refuse(np.isnan(a), "A has a NaN entry")
    return np.linalg.svdvals(a)


def _refuse(bad: Any, message: str) -> None:
    """SciPy's error, where NumPy's LAPACK has another: of entries that were not checked for being finite."""
    if holds(bad):
        raise ValueError(message)


def _rank(s: Any, shape: Any, rcond: Any, name: str) -> int:
    """How many singular values are more than rcond times the largest."""
    if rcond is None:
        rcond = np.finfo(s.dtype).eps * max(shape[-2:])
    return whole(np.sum(s > np.max(s, axis=-1, keepdims=True, initial=0.0) * rcond, axis=-1), f"the rank in {name}")


@stands_for(source.null_space)
def null_space(A: Any, rcond: Any = None, *, lapack_driver: str = "gesdd") -> Any:
    """Orthonormal columns whose span is where A x = 0, at constant rank.

    The basis is free up to a rotation: what depends on the space alone, as the projector q q^H does, has a derivative; what
    depends on the basis is an error.
    """
    a = for_lapack(A)
    _, s, vh = svd(a, True, True, check_finite=False, lapack_driver=lapack_driver)
    return adjoint(vh[..., _rank(s, a.shape, rcond, "null_space") :, :])


@stands_for(source.orth)
def orth(A: Any, rcond: Any = None) -> Any:
    """Orthonormal columns whose span is that of A's columns, at constant rank: the left singular vectors."""
    check_finite(A)
    a = for_lapack(A)
    u, s, _ = np.linalg.svd(a, full_matrices=False)
    return u[..., : _rank(s, a.shape, rcond, "orth")]


@stands_for(source.subspace_angles)
def subspace_angles(A: Any, B: Any) -> Any:
    """The angles between the spans of the columns, the largest first: of sines and cosines, which are singular values.

    Columns are independent; angles that are 0 have no derivative.
    """
    check_finite(A, B)
    a, b = for_lapack(A), for_lapack(B)
    if a.shape[-2] != b.shape[-2]:
        raise ValueError(f"A and B must have the same number of rows, got {a.shape[-2]} and {b.shape[-2]}")
    for x in (a, b):
        _refuse(_rank(svdvals(x), x.shape, None, "subspace_angles") < x.shape[-1], "the columns must be independent")
    a, b = (np.linalg.qr(x)[0] for x in ((a, b) if a.shape[-1] >= b.shape[-1] else (b, a)))
    common = np.conj(np.swapaxes(a, -1, -2)) @ b
    return np.arctan2(np.linalg.svdvals(b - a @ common), np.flip(np.linalg.svdvals(common), -1))


@stands_for(source.pinv)
def pinv(a: Any, *, atol: Any = None, rtol: Any = None, return_rank: bool = False) -> Any:
    """The pseudo-inverse; singular values up to atol + rtol * the largest count as zero. With `return_rank` and their number."""
    a = for_lapack(a)
    _refuse(np.isnan(a), "A has a NaN entry")
    if not atol and not return_rank:
        return np.linalg.pinv(a, rtol=rtol)
    least, share = 0.0 if atol is None else atol, max(a.shape[-2:]) * np.finfo(a.dtype).eps if rtol is None else rtol
    _refuse(np.less([least, share], 0), "atol and rtol values must be positive.")
    s = np.linalg.svdvals(a)
    largest = np.max(s, axis=-1, keepdims=True, initial=0.0)
    kept = s > least + share * largest
    if holds(
        kept != (s > ROUNDING * largest)
    ):  # else it is that of a matrix of its rank, whose derivative needs no vectors
        u, s, vh = np.linalg.svd(a, full_matrices=False)
        inverse = (adjoint(vh) * np.where(kept, 1 / np.where(kept, s, 1), 0)[..., None, :]) @ adjoint(u)
    else:
        inverse = np.linalg.pinv(a, rtol=ROUNDING)
    return (inverse, np.sum(kept, axis=-1)) if return_rank else inverse


@stands_for(source.pinvh)
def pinvh(a: Any, atol: Any = None, rtol: Any = None, lower: bool = True, return_rank: bool = False) -> Any:
    """The pseudo-inverse of a Hermitian matrix, from one triangle of it."""
    return pinv(hermitian(for_lapack(a), lower), atol=atol, rtol=rtol, return_rank=return_rank, check_finite=False)


@stands_for(source.lstsq)
def lstsq(a: Any, b: Any, cond: Any = None, lapack_driver: str | None = None) -> Any:
    """The x of least norm that minimises |a x - b|, the squared residuals, the rank of a and its singular values.

    With lapack_driver="gelsy", whose QR has no singular values: an empty array and None in their places, as in SciPy.
    """
    a, b = for_lapack(a), for_lapack(b)
    _refuse(np.isinf(a), f"illegal value in 4-th argument of internal {lapack_driver}")
    if a.ndim > 2 or b.ndim > 2:
        one = partial(lstsq, cond=cond, lapack_driver=lapack_driver)
        return one_by_one(one, [a, b], [2, min(b.ndim, 2)])  # each has a rank of its own
    if cond is None:
        cond = np.finfo(np.result_type(a, b, np.float32)).eps
    x, residuals, rank, s = np.linalg.lstsq(a, b, cond)
    rank = rank.astype(int)
    if lapack_driver == "gelsy":
        return x, np.empty(0, x.dtype), rank, None
    return x, residuals[0] if b.ndim == 1 and residuals.shape == (1,) else residuals, rank, s


@stands_for(source.norm)
def norm(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """A norm of vectors or of matrices."""
    return np.linalg.norm(beside(as_array(a), ord), ord, axis, keepdims)


@stands_for(source.det)
def det(a: Any) -> Any:
    """The determinant, in double precision."""
    a = as_array(a)
    return np.linalg.det(a.astype(np.result_type(a, np.float64)))
