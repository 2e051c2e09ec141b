"""Rows of eigenvalues of Hermitian matrices and of singular values, with their vectors. Repeated values: repeated.py.

Written with gradients (x_bar) in the sense of the inner product Re tr(x^H y); a cotangent is the conjugate of one.
A row's setting `paired` says that its vectors are used together with values that the call does not see.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.core.kinds import general
from bibun.primitives.matrices import (
    conjugate,
    diagonals,
    frobenius,
    half_lower,
    half_upper,
    hermitian_transpose,
    skew_part,
    transpose,
)
from bibun.primitives.repeated import (
    AGAIN,
    TOGETHER,
    check_tangents,
    clusters,
    differentiated,
    gaps,
    holds,
    inverse_unless,
    limits,
    pairs_of,
    reject_completion,
    reject_zeros,
    rotation,
    rounding,
    shared,
    turn,
    turn_of_equal,
    unused,
    use,
    zeros,
)

# Eigenvalues of Hermitian matrices. NumPy reads one triangle, so the other has derivative 0.


def _half(x: Any, UPLO: str) -> Any:
    """The triangle that NumPy reads, with half of the diagonal."""
    return half_lower(x) if UPLO == "L" else half_upper(x)


def _in_basis(t: Any, v: Any, UPLO: str) -> Any:
    """v^H da v, where da is the Hermitian matrix of which NumPy reads a triangle of t."""
    half = _half(t, UPLO)
    return hermitian_transpose(v) @ (half + hermitian_transpose(half)) @ v


def _eigh(a: Any, *, UPLO: Any, paired: bool) -> Any:
    """As NumPy's, but with a generic basis for equal values."""
    result: Any = np.linalg.eigh(a, UPLO)
    w, v = result
    for matrix, run in clusters(w):
        v[matrix][:, run] = v[matrix][:, run] @ rotation(run.stop - run.start, v.dtype)
    return result


def _pull_eigh(g: Any, y: Any, UPLO: str, paired: bool) -> Any:
    """a_bar = v (diag(w_bar) + skew(v^H v_bar) / (w_j - w_i)) v^H, in the triangle."""
    (g_w, g_v), (w, v) = g, y
    if unused(g_v):
        inner = v * shared(g_w, w)[..., None, :]
    else:
        vectors = hermitian_transpose(v) @ conjugate(g_v)
        gap, near = gaps(w)
        how = use(g_w, paired, g_w, g_v, w)
        missing = limits("eigh", "eigenvalues", w, near, vectors, rounding(frobenius(g_v)), g_w, how)
        inner = (
            v @ (inverse_unless(gap, near | np.eye(np.shape(w)[-1], dtype=bool)) * skew_part(vectors) + missing)
            + v * g_w[..., None, :]
        )
    return _half(conjugate(2 * (inner @ hermitian_transpose(v))), UPLO)


def _push_eigh(t: Any, y: Any, UPLO: str, paired: bool) -> Any:
    """With m = v^H da v: dw = diag(m), dv = v (m / (w_j - w_i)), without change of phase."""
    w, v = y
    m = _in_basis(t, v, UPLO)
    gap, near = gaps(w)
    check_tangents("eigh", "eigenvalues", w, near, m, frobenius(m), paired, t, w)
    return np.real(diagonals(m)), v @ (inverse_unless(gap, near | np.eye(np.shape(w)[-1], dtype=bool)) * m)


def turn_eigh(y: Any, inputs: Any, settings: Any) -> Any:
    """How the vectors move that could be others: those of equal values, and phases."""
    w, v = y
    moved = turn_of_equal(v, gaps(w)[1])
    return None if moved is None else (None, moved)


eigh = general(
    _eigh,
    _pull_eigh,
    pushforwards=(_push_eigh,),
    turn=turn_eigh,
    inputs=("a",),
    batch="leading",
    domain=("symmetric",),
    name="eigh",
)


def _eigvalsh(a: Any, *, UPLO: Any) -> Any:
    return np.linalg.eigvalsh(a, UPLO)


def _pull_eigvalsh(g: Any, a: Any, UPLO: str) -> Any:
    w, v = eigh(a, UPLO=UPLO, paired=differentiated(g))
    inner = v * shared(g, w)[..., None, :]
    return _half(conjugate(2 * (inner @ hermitian_transpose(v))), UPLO)


def _push_eigvalsh(t: Any, a: Any, UPLO: str) -> Any:
    w, v = eigh(a, UPLO=UPLO, paired=True)
    return shared(np.real(diagonals(_in_basis(t, v, UPLO))), w)


eigvalsh = general(
    _eigvalsh,
    _pull_eigvalsh,
    pushforwards=(_push_eigvalsh,),
    inputs=("a",),
    batch="leading",
    domain=("symmetric",),
    name="eigvalsh",
)


# Singular values: a = u diag(s) v^H. Of m = u^H da v, the Hermitian part turns u and v alike, by 1 / (s_j - s_i), the
# skew part turns them apart, by 1 / (s_j + s_i); what u or v does not span is reached by 1 / s.


def _svd_of_finite_ones(a: Any, full_matrices: bool) -> Any:
    """Of a matrix with an infinity all is nan, as its singular values are for NumPy; of nan NumPy says that there are none."""
    infinite = np.isinf(a)
    if np.ndim(a) < 2 or not infinite.any():
        return np.linalg.svd(a, full_matrices=full_matrices)
    endless = infinite.any(axis=(-2, -1), keepdims=True) & ~np.isnan(a).any(axis=(-2, -1), keepdims=True)
    result = np.linalg.svd(np.where(endless, 0, a), full_matrices=full_matrices)
    for part in (result.U, result.S[..., None], result.Vh):
        np.copyto(part, np.nan, where=endless)
    return result


def _svd(a: Any, *, full_matrices: bool, paired: bool) -> Any:
    """As NumPy's, but with generic bases for equal values; for zeros, whose sides do not belong together, two."""
    result: Any = _svd_of_finite_ones(a, full_matrices)
    u, s, vh = result
    for matrix, run in clusters(s):
        k, zero = run.stop - run.start, bool(zeros(s)[matrix][run].any())
        u[matrix][:, run] = u[matrix][:, run] @ rotation(k, u.dtype)
        vh[matrix][run] = rotation(k, u.dtype, seed=int(zero)).conj().T @ vh[matrix][run]
    return result


def _of_values(g_s: Any, s: Any) -> Any:
    """Equal values share; at 0 a singular value has the kink of |x|, with derivative 0."""
    return np.where(np.equal(s, 0), 0, shared(g_s, s))


def _factors(s: Any, near: Any, zero: Any) -> tuple[Any, Any, Any]:
    """1 / (s_j - s_i), 1 / (s_j + s_i) and 1 / s_j at [i, j], and 0 where that is not defined."""
    gap = s[..., None, :] - s[..., :, None]
    both = zero[..., None, :] & zero[..., :, None]
    return (
        inverse_unless(gap, near | np.eye(np.shape(s)[-1], dtype=bool)),
        inverse_unless(s[..., None, :] + s[..., :, None], both),
        inverse_unless(s[..., None, :], zero[..., None, :]),
    )


def _beside(bar: Any, basis: Any, inner: Any) -> Any:
    """What of the gradient lies outside of the first k vectors' space; None where they span everything.

    Further vectors (full_matrices) complete the basis: they turn against the first k as these turn against them.
    """
    k = np.shape(inner)[-1]
    if np.shape(basis)[-2] == k:
        return None
    first = basis[..., :, :k]
    rest = bar[..., :, :k] - first @ inner
    if np.shape(basis)[-1] == k:
        return rest
    return rest - basis[..., :, k:] @ (hermitian_transpose(bar[..., :, k:]) @ first)


def _check_zeros(s: Any, zero: Any, g_s: Any, inner: Any, rests: Any, limit: Any, how: str) -> None:
    """Raise if the cotangents depend on the vectors of singular values that are zero."""
    if not holds(zero):
        return
    both = zero[..., None, :] & zero[..., :, None]
    bad = [both & (np.abs(skew_part(x)) > limit) for x in inner]
    bad += [zero[..., None, :] & (np.abs(rest) > limit) for rest in rests if rest is not None]
    if how == TOGETHER:
        bad.append(zero & (np.abs(g_s) > 0))
    if how == AGAIN or any(map(holds, bad)):
        reject_zeros("svd", s, zero)


def _check_completion(bar: Any, basis: Any, k: int, limit: Any) -> None:
    """Raise if the cotangents depend on the basis that completes the first k vectors."""
    further = basis[..., :, k:]
    if holds(np.abs(skew_part(hermitian_transpose(further) @ bar[..., :, k:])) > limit):
        reject_completion("svd", k, np.shape(basis)[-1])


def _pull_svd(g: Any, y: Any, full_matrices: bool, paired: bool) -> Any:
    """With x = u^H u_bar and z = v^H v_bar: a_bar = what u and v do not span
    + u (diag(s_bar) + skew(x + z) / (s_j - s_i) + skew(x - z) / (s_j + s_i)) v^H.
    """
    (g_u, g_s, g_vh), (u, s, vh) = g, y
    k = np.shape(s)[-1]
    u_k, vh_k = u[..., :, :k], vh[..., :k, :]
    if unused(g_u) and unused(g_vh):
        return conjugate((u_k * _of_values(g_s, s)[..., None, :]) @ vh_k)
    v, u_bar, v_bar = hermitian_transpose(vh), conjugate(g_u), transpose(g_vh)
    x, z = hermitian_transpose(u_k) @ u_bar[..., :, :k], vh_k @ v_bar[..., :, :k]
    rest_u, rest_v = _beside(u_bar, u, x), _beside(v_bar, v, z)
    zero, (_, near) = zeros(s), gaps(s)
    how, limit = use(g_s, paired, g_u, g_s, g_vh, s), rounding(np.maximum(frobenius(g_u), frobenius(g_vh)))
    _check_zeros(s, zero, g_s, (x, z), (rest_u, rest_v), limit, how)
    missing = limits("svd", "singular values", s, near, x + z, limit, g_s, how)
    _check_completion(u_bar, u, k, limit)
    _check_completion(v_bar, v, k, limit)
    alike, apart, inverse = _factors(s, near, zero)
    inner = u_k @ (alike * skew_part(x + z) + apart * skew_part(x - z) + missing) + u_k * g_s[..., None, :]
    if rest_u is not None:
        inner = inner + rest_u * inverse
    a_bar = inner @ vh_k
    if rest_v is not None:
        a_bar = a_bar + (u_k * inverse) @ hermitian_transpose(rest_v)
    return conjugate(a_bar)


def _turned(t: Any, basis: Any, other: Any, inner: Any, m: Any, inverse: Any) -> tuple[Any, Any]:
    """The tangent of one side's vectors, and what of t lies outside of the first k of them (None: nothing)."""
    k = np.shape(m)[-1]
    first = basis[..., :, :k]
    tangent = first @ inner
    if np.shape(basis)[-2] == k:
        return tangent, None
    rest = t @ other - first @ m
    scaled = rest * inverse
    tangent = tangent + scaled
    if np.shape(basis)[-1] > k:
        further = -first @ (hermitian_transpose(scaled) @ basis[..., :, k:])
        tangent = np.concatenate([tangent, further], axis=-1)
    return tangent, rest


def _push_svd(t: Any, y: Any, full_matrices: bool, paired: bool) -> Any:
    """ds = Re diag(m) with m = u^H da v; du and dv as above, each taking half of the change of phase."""
    u, s, vh = y
    k = np.shape(s)[-1]
    v = hermitian_transpose(vh)
    u_k, v_k = u[..., :, :k], v[..., :, :k]
    m = hermitian_transpose(u_k) @ t @ v_k
    alike, apart = (m + hermitian_transpose(m)) / 2, skew_part(m)
    zero, (_, near) = zeros(s), gaps(s)
    both = zero[..., None, :] & zero[..., :, None]
    check_tangents("svd", "singular values", s, near & ~both, alike, frobenius(t), paired, t, s)
    by_gap, by_sum, inverse = _factors(s, near, zero)
    du, rest_u = _turned(t, u, v_k, by_gap * alike + by_sum * apart, m, inverse)
    dv, rest_v = _turned(
        hermitian_transpose(t), v, u_k, by_gap * alike - by_sum * apart, hermitian_transpose(m), inverse
    )
    if holds(zero):
        limit = rounding(frobenius(t))
        bad = [both & (np.abs(m) > limit)]
        bad += [zero[..., None, :] & (np.abs(rest) > limit) for rest in (rest_u, rest_v) if rest is not None]
        if any(map(holds, bad)) or differentiated(t) or differentiated(s):
            reject_zeros("svd", s, zero)
    return du, np.real(diagonals(m)), hermitian_transpose(dv)


def _turn_svd(y: Any, inputs: Any, settings: Any) -> Any:
    """Those of equal values, and phases, turn alike on both sides; of zeros, and beyond the values, each side for itself."""
    u, s, vh = y
    k, zero, (_, near) = np.shape(s)[-1], zeros(s), gaps(s)
    alike = turn((near | np.eye(k, dtype=bool)) & pairs_of(~zero), np.result_type(u))
    du, dv = (
        _turn_of_side(basis, alike, zero, seed) for seed, basis in enumerate((u, hermitian_transpose(vh)), start=1)
    )
    return None if du is None and dv is None else (du, None, None if dv is None else hermitian_transpose(dv))


def _turn_of_side(basis: Any, alike: Any, zero: Any, seed: int) -> Any:
    k, n = np.shape(zero)[-1], np.shape(basis)[-1]
    beyond = np.concatenate([zero, np.ones((*np.shape(zero)[:-1], n - k), bool)], axis=-1)
    apart = turn(pairs_of(beyond), np.result_type(basis), seed)
    moved = [] if alike is None else [basis[..., :, :k] @ alike]
    if moved and n > k:
        moved = [np.concatenate([moved[0], np.zeros_like(basis[..., :, k:])], axis=-1)]
    if apart is not None:
        moved.append(basis @ apart)
    return sum(moved[1:], moved[0]) if moved else None


svd = general(
    _svd,
    _pull_svd,
    pushforwards=(_push_svd,),
    turn=_turn_svd,
    inputs=("a",),
    batch="leading",
    domain=("matrix",),
    name="svd",
)


def _pull_svdvals(g: Any, a: Any) -> Any:
    u, s, vh = svd(a, full_matrices=False, paired=differentiated(g))
    return conjugate((u * _of_values(g, s)[..., None, :]) @ vh)


def _push_svdvals(t: Any, a: Any) -> Any:
    u, s, vh = svd(a, full_matrices=False, paired=True)
    return _of_values(np.real(diagonals(hermitian_transpose(u) @ t @ hermitian_transpose(vh))), s)


svdvals = general(
    np.linalg.svdvals,
    _pull_svdvals,
    pushforwards=(_push_svdvals,),
    inputs=("a",),
    batch="leading",
    domain=("matrix",),
    name="svdvals",
)
