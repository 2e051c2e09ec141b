"""Rows of eigenvalues of Hermitian matrices and of singular values, with their vectors.

What a derivative is at repeated values, and the checks, are in repeated.py. Written with gradients (x_bar) in the sense
of the inner product Re tr(x^H y); a cotangent is the conjugate of such a gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.core.broadcasting import is_complex
from bibun.core.kinds import general
from bibun.errors import DerivativeValueError
from bibun.primitives.repeated import (
    AGAIN,
    EQUAL,
    TOGETHER,
    ZERO,
    check_directions,
    check_pairs,
    conjugate,
    diagonal,
    differentiated,
    epsilon,
    gaps,
    hermitian_transpose,
    holds,
    inverse,
    reject_zero,
    shared,
    size,
    skew,
    transpose,
    unused,
    use,
)

# Eigenvalues of Hermitian matrices. NumPy reads one triangle, so the other has derivative 0.


def _half(x: Any, UPLO: str) -> Any:
    """The triangle that NumPy reads, with half of the diagonal."""
    n = np.shape(x)[-1]
    lower = np.tri(n, dtype=np.float16) - 0.5 * np.eye(n, dtype=np.float16)
    return x * (lower if UPLO.upper() == "L" else lower.T)


def _eigh(a: Any, *, UPLO: str, paired: bool) -> Any:
    """`paired`: the vectors are used together with values that this call does not see, which vary with a."""
    return np.linalg.eigh(a, UPLO)


def _pull_eigh(g: Any, y: Any, UPLO: str, paired: bool) -> Any:
    """a_bar = v (diag(w_bar) + skew(v^H v_bar) / (w_j - w_i)) v^H, in the triangle."""
    (g_w, g_v), (w, v) = g, y
    if unused(g_v):
        inner = v * shared(g_w, w)[..., None, :]
    else:
        vectors = hermitian_transpose(v) @ conjugate(g_v)
        gap, near = gaps(w)
        limit = ZERO * epsilon(w) * size(g_v)
        check_pairs("eigh", "eigen", w, near, vectors, limit, g_w, use(g_w, paired, g_w, g_v, w))
        dropped = near | np.eye(np.shape(w)[-1], dtype=bool)
        inner = v @ (inverse(gap, dropped) * skew(vectors)) + v * g_w[..., None, :]
    return _half(conjugate(2 * (inner @ hermitian_transpose(v))), UPLO)


def _push_eigh(t: Any, y: Any, UPLO: str, paired: bool) -> Any:
    """With m = v^H da v: dw = diag(m), dv = v (m / (w_j - w_i)), without change of phase."""
    w, v = y
    half = _half(t, UPLO)
    m = hermitian_transpose(v) @ (half + hermitian_transpose(half)) @ v
    gap, near = gaps(w)
    check_directions("eigh", "eigen", w, near, m, size(m), paired, t, w)
    dropped = near | np.eye(np.shape(w)[-1], dtype=bool)
    return np.real(diagonal(m)), v @ (inverse(gap, dropped) * m)


eigh = general(
    _eigh, _pull_eigh, pushforwards=(_push_eigh,), inputs=("a",), batch="leading", domain=("symmetric",), name="eigh"
)


def _eigvalsh(a: Any, *, UPLO: str) -> Any:
    return np.linalg.eigvalsh(a, UPLO)


def _pull_eigvalsh(g: Any, a: Any, UPLO: str) -> Any:
    w, v = eigh(a, UPLO=UPLO, paired=differentiated(g))
    inner = v * shared(g, w)[..., None, :]
    return _half(conjugate(2 * (inner @ hermitian_transpose(v))), UPLO)


def _push_eigvalsh(t: Any, a: Any, UPLO: str) -> Any:
    w, v = eigh(a, UPLO=UPLO, paired=True)
    half = _half(t, UPLO)
    return shared(np.real(diagonal(hermitian_transpose(v) @ (half + hermitian_transpose(half)) @ v)), w)


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
# skew part turns them apart, by 1 / (s_j + s_i); what u does not span is reached by 1 / s.


def _svd(a: Any, *, full_matrices: bool, paired: bool) -> Any:
    """`paired`: as for eigh."""
    return np.linalg.svd(a, full_matrices=full_matrices)


def _zeros(s: Any) -> Any:
    """Which singular values are zero to rounding."""
    return s <= EQUAL * epsilon(s) * np.sqrt(np.sum(s * s, axis=-1, keepdims=True))



def _of_values(g_s: Any, s: Any) -> Any:
    """Equal values share; at 0 a singular value has the kink of |x|, with derivative 0."""
    return np.where(np.equal(s, 0), 0, shared(g_s, s))


def _beside(bar: Any, basis: Any, inner: Any) -> Any:
    """What of the vectors' gradient lies outside of the space of the first k of them; None if they span everything.

    Further vectors (full_matrices) complete the basis: they turn against the first k as these turn against them.
    """
    k = np.shape(inner)[-1]
    if np.shape(basis)[-2] == k:
        return None
    first = basis[..., :, :k]
    rest = bar[..., :, :k] - first @ inner
    if np.shape(basis)[-1] == k:
        return rest
    further = basis[..., :, k:]
    return rest - further @ (hermitian_transpose(bar[..., :, k:]) @ first)


def _check_svd(y: Any, near: Any, zero: Any, g: Any, bars: Any, inner: Any, rests: Any, use: str) -> None:
    """Raise if the cotangents depend on the bases taken for equal values, for zero ones, or for the further vectors."""
    (u, s, vh), g_s = y, g[1]
    bases = (u, hermitian_transpose(vh))
    limit = ZERO * epsilon(s) * np.maximum(size(bars[0]), size(bars[1]))
    if is_complex(u) or holds(near):
        check_pairs("svd", "singular ", s, near, inner[0] + inner[1], limit, g_s, use)
    k = np.shape(s)[-1]
    for bar, basis in zip(bars, bases, strict=True):
        further = basis[..., :, k:]
        if np.shape(further)[-1] and holds(np.abs(skew(hermitian_transpose(further) @ bar[..., :, k:])) > limit):
            raise DerivativeValueError(
                f"svd: with full_matrices=True the last {np.shape(further)[-1]} vectors are an arbitrary basis of what the "
                f"first {k} leave, and what was computed from them depends on it: it has no derivative. Use "
                "full_matrices=False, or the projector on that whole space."
            )
    if not holds(zero):
        return
    both = zero[..., None, :] & zero[..., :, None]
    bad = both & ((np.abs(skew(inner[0])) > limit) | (np.abs(skew(inner[1])) > limit))
    for rest in rests:
        if rest is not None and holds(zero[..., None, :] & (np.abs(rest) > limit)):
            reject_zero("svd", s, zero)
    if holds(bad) or use == AGAIN or (use == TOGETHER and holds(zero & (np.abs(g_s) > 0))):
        reject_zero("svd", s, zero)


def _pull_svd(g: Any, y: Any, full_matrices: bool, paired: bool) -> Any:
    """a_bar = u (diag(s_bar) + skew(x + z) / (s_j - s_i) + skew(x - z) / (s_j + s_i)) v^H + what u and v do not span,
    with x = u^H u_bar and z = v^H v_bar.
    """
    (g_u, g_s, g_vh), (u, s, vh) = g, y
    k = np.shape(s)[-1]
    first, first_h = u[..., :, :k], vh[..., :k, :]
    if unused(g_u) and unused(g_vh):
        return conjugate((first * _of_values(g_s, s)[..., None, :]) @ first_h)
    u_bar, v_bar = conjugate(g_u), transpose(g_vh)
    x, z = hermitian_transpose(first) @ u_bar[..., :, :k], first_h @ v_bar[..., :, :k]
    gap, near = gaps(s)
    zero = _zeros(s)
    rests = _beside(u_bar, u, x), _beside(v_bar, hermitian_transpose(vh), z)
    _check_svd(y, near, zero, g, (u_bar, v_bar), (x, z), rests, use(g_s, paired, g_u, g_s, g_vh, s))
    alike = inverse(gap, near | np.eye(k, dtype=bool)) * skew(x + z)
    apart = inverse(s[..., None, :] + s[..., :, None], zero[..., None, :] & zero[..., :, None]) * skew(x - z)
    inverse = inverse(s, zero)[..., None, :]
    inner = first @ (alike + apart) + first * g_s[..., None, :]
    if rests[0] is not None:
        inner = inner + rests[0] * inverse
    a_bar = inner @ first_h
    if rests[1] is not None:
        a_bar = a_bar + (first * inverse) @ hermitian_transpose(rests[1])
    return conjugate(a_bar)


def _turned(t: Any, basis: Any, other: Any, turn: Any, m: Any, inverse: Any) -> tuple[Any, Any]:
    """The tangent of one side's vectors, and what of the matrix's tangent lies outside of the first k of them (or None)."""
    k = np.shape(m)[-1]
    first = basis[..., :, :k]
    tangent = first @ turn
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
    v = hermitian_transpose(vh)
    k = np.shape(s)[-1]
    first_u, first_v = u[..., :, :k], v[..., :, :k]
    m = hermitian_transpose(first_u) @ t @ first_v
    adjoint = hermitian_transpose(m)
    gap, near = gaps(s)
    zero = _zeros(s)
    both = zero[..., None, :] & zero[..., :, None]
    inverse = inverse(s, zero)[..., None, :]
    alike = inverse(gap, near | np.eye(k, dtype=bool)) * ((m + adjoint) / 2)
    apart = inverse(s[..., None, :] + s[..., :, None], both) * ((m - adjoint) / 2)
    du, rest_u = _turned(t, u, first_v, alike + apart, m, inverse)
    dv, rest_v = _turned(hermitian_transpose(t), v, first_u, alike - apart, adjoint, inverse)
    limit = ZERO * epsilon(s) * size(t)
    check_directions("svd", "singular ", s, near & ~both, (m + adjoint) / 2, size(t), paired, t, s)
    if holds(zero):
        moved = [np.any(both & (np.abs(m) > limit), axis=-1)]
        moved += [np.any(zero[..., None, :] & (np.abs(r) > limit), axis=-1) for r in (rest_u, rest_v) if r is not None]
        if any(map(holds, moved)) or differentiated(t) or differentiated(s):
            reject_zero("svd", s, zero)
    return du, np.real(diagonal(m)), hermitian_transpose(dv)


svd = general(
    _svd, _pull_svd, pushforwards=(_push_svd,), inputs=("a",), batch="leading", domain=("matrix",), name="svd"
)


def _pull_svdvals(g: Any, a: Any) -> Any:
    u, s, vh = svd(a, full_matrices=False, paired=differentiated(g))
    return conjugate((u * _of_values(g, s)[..., None, :]) @ vh)


def _push_svdvals(t: Any, a: Any) -> Any:
    u, s, vh = svd(a, full_matrices=False, paired=True)
    return _of_values(np.real(diagonal(hermitian_transpose(u) @ t @ hermitian_transpose(vh))), s)


svdvals = general(
    np.linalg.svdvals,
    _pull_svdvals,
    pushforwards=(_push_svdvals,),
    inputs=("a",),
    batch="leading",
    domain=("matrix",),
    name="svdvals",
)
