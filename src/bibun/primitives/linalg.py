"""Rows of linear algebra: solve, inverse, determinants, Cholesky factor, pseudo-inverse, 2-norm; of stacks of matrices.

Eigenvalues and singular values are in spectral.py. Cotangents pair without conjugation, df = Re(sum g dx), so the
pullback of a function of a complex matrix is a transpose. The formulas are those of Giles, "Collected matrix
derivative results for forward and reverse mode algorithmic differentiation" (2008), but for the determinant's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.core.broadcasting import is_complex, unbroadcast
from bibun.core.kinds import general, reduction
from bibun.core.primitive import Primitive
from bibun.core.rules import rule
from bibun.core.traced import plain
from bibun.errors import DerivativeValueError
from bibun.primitives.matrices import (
    conjugate,
    entrywise,
    finite_ones,
    half_lower,
    hermitian_transpose,
    power_of_two,
    transpose,
)
from bibun.primitives.repeated import mixing
from bibun.primitives.spectral import eigh, eigvalsh, svd, svdvals

__all__ = ["eigh", "eigvalsh", "mixing", "svd", "svdvals"]


# Systems of equations: y = a^-1 b, one factorisation for both cotangents and one for both tangents


def _pull_solve(g: Any, needed: tuple[int, ...], y: Any, xs: list[Any]) -> list[Any]:
    """g_b = a^-T g, g_a = -g_b y^T."""
    a, b = xs
    g_b = np.linalg.solve(transpose(a), g)
    pulled = (
        lambda: unbroadcast(-g_b @ transpose(y), np.shape(a)),
        lambda: unbroadcast(g_b, np.shape(b)),
    )
    return [pulled[i]() for i in needed]


def _push_solve(tangents: list[Any], y: Any, xs: list[Any]) -> Any:
    """dy = a^-1 (db - da y)."""
    da, db = tangents
    right = db if da is None else -da @ y if db is None else db - da @ y
    return np.linalg.solve(xs[0], right)


solve = Primitive(
    "solve",
    "general",
    np.linalg.solve,
    inputs=None,
    pullbacks=(rule(_pull_solve),),
    pushforwards=(rule(_push_solve),),
    batch="leading",
    domain=("square", "square"),
)
inv = general(
    np.linalg.inv,
    lambda g, y: -transpose(y) @ g @ transpose(y),
    pushforwards=(lambda t, y: -y @ t @ y,),
    inputs=("a",),
    batch="leading",
    domain=("square",),
)


# Determinants. The derivative of det a is the matrix of cofactors, which singular matrices have too.


def _inverse_of_regular(a: Any) -> Any:
    """a^-1 where it gives the cofactors to five eighths of the digits or more; else None, and the SVD must."""
    with np.errstate(all="ignore"):
        try:
            inverse = np.linalg.inv(a)
        except np.linalg.LinAlgError:
            return None
        condition = np.linalg.norm(a, 1, (-2, -1)) * np.linalg.norm(inverse, 1, (-2, -1))
    return inverse if np.all(condition < np.finfo(inverse.dtype).eps ** -0.375) else None


def _are_normal(sizes: Any) -> bool:
    """Whether they have all of their digits: none has over- or underflowed."""
    limits = np.finfo(np.result_type(sizes))
    return bool(np.all((sizes >= limits.tiny) & (sizes <= limits.max)))


def _cofactor(a: Any) -> Any:
    """The matrix of cofactors, adj(a)^T. Of a = u s v^H it is det(u) det(v^H) u* diag(product of the other s) v^T."""
    finite, a = finite_ones(a)
    inverse = _inverse_of_regular(a)
    with np.errstate(over="ignore", under="ignore"):
        determinant = np.linalg.det(a)
    if inverse is not None and _are_normal(np.abs(determinant)):
        return np.where(finite, entrywise(determinant) * transpose(inverse), np.nan)
    u, s, vh = np.linalg.svd(a)
    others = np.prod(np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]), axis=-1)
    factor = entrywise(np.linalg.det(u) * np.linalg.det(vh))
    return np.where(finite, factor * ((np.conj(u) * others[..., None, :]) @ np.conj(vh)), np.nan)


def _second_derivative_of_det(h: Any, y: Any, a: Any) -> Any:
    """The derivative of the cofactors in the direction h; it is symmetric, so it is its own transpose.

    sum(b h) y - y h^T b with b = a^-T. Of a singular a, in the bases u, v of the SVD, with k = u^H h v and p_ij the
    product of all singular values but s_i and s_j: m_ii = sum_j p_ij k_jj, m_ij = -p_ij k_ji.
    """
    finite, a = finite_ones(a)
    largest = np.max(np.abs(plain(y)), axis=(-2, -1), keepdims=True, initial=0)
    if _inverse_of_regular(plain(a)) is not None and _are_normal(np.where(plain(finite), largest, 1)):
        inverse = transpose(np.linalg.inv(a))
        return np.sum(inverse * h, axis=(-2, -1), keepdims=True) * y - y @ (transpose(h) @ inverse)
    u, s, vh = np.linalg.svd(a)
    one = np.eye(np.shape(s)[-1], dtype=bool)
    left_out = one[:, None] | one[None, :] | one[..., None]  # on the diagonal all: products of n - 1 might overflow
    p = np.prod(np.where(left_out, 1, s[..., None, None, :]), axis=-1) * ~one
    k = hermitian_transpose(u) @ h @ hermitian_transpose(vh)
    m = np.einsum("...ij,...jj->...i", p, k)[..., None] * one - p * transpose(k)
    found = entrywise(np.linalg.det(u) * np.linalg.det(vh)) * (conjugate(u) @ m @ conjugate(vh))
    return np.where(finite, found, np.nan)


cofactor = general(
    _cofactor,
    _second_derivative_of_det,
    pushforwards=(_second_derivative_of_det,),
    inputs=("a",),
    batch="leading",
    domain=("square",),
    name="cofactor",
)
det = general(
    np.linalg.det,
    lambda g, a: entrywise(g) * cofactor(a),
    pushforwards=(lambda t, a: np.sum(t * cofactor(a), axis=(-2, -1)),),
    inputs=("a",),
    batch="leading",
    domain=("square",),
)


def _inverse_for_log(a: Any, sign: Any) -> Any:
    singular = np.count_nonzero(plain(sign) == 0)
    if singular:
        raise DerivativeValueError(
            f"slogdet: of {np.size(plain(sign))} matrices {singular} are singular: log|det| is -inf there and has no "
            "derivative. np.linalg.det has one at singular matrices too."
        )
    return np.linalg.inv(a)


def _pull_slogdet(g: Any, y: Any, a: Any) -> Any:
    """With z = tr(a^-1 da): d log|det| = Re z, and the sign of a complex determinant turns: d sign = i sign Im z."""
    g_sign, g_log = g
    inverse = transpose(_inverse_for_log(a, y[0]))
    if is_complex(inverse):
        g_log = g_log + 1j * np.imag(g_sign * y[0])
    return entrywise(g_log) * inverse


def _push_slogdet(t: Any, y: Any, a: Any) -> Any:
    z = np.sum(t * transpose(_inverse_for_log(a, y[0])), axis=(-2, -1))
    if is_complex(z):
        return y[0] * (1j * np.imag(z)), np.real(z)
    return np.zeros_like(z), z


slogdet = general(
    np.linalg.slogdet,
    _pull_slogdet,
    pushforwards=(_push_slogdet,),
    inputs=("a",),
    batch="leading",
    domain=("square",),
)


# Cholesky: y y^H = a, of which NumPy reads the lower triangle, so that the upper one has derivative 0


def _pull_cholesky(g: Any, y: Any) -> Any:
    """phi(s + s^H)* with s = y^-H phi(y^H g*) y^-1."""
    adjoint = hermitian_transpose(y)
    s = np.linalg.solve(adjoint, half_lower(adjoint @ conjugate(g)))
    s = np.linalg.solve(adjoint, hermitian_transpose(s))
    return conjugate(half_lower(s + hermitian_transpose(s)))


def _push_cholesky(t: Any, y: Any) -> Any:
    """dy = y phi(y^-1 da y^-H)."""
    lower = half_lower(t)
    half = np.linalg.solve(y, lower + hermitian_transpose(lower))
    return y @ half_lower(np.linalg.solve(y, hermitian_transpose(half)))


cholesky = general(
    np.linalg.cholesky,
    _pull_cholesky,
    pushforwards=(_push_cholesky,),
    inputs=("a",),
    batch="leading",
    domain=("positive_definite",),
)


# Pseudo-inverse: Golub and Pereyra's formula (1973), for matrices that keep their rank nearby


def _pinv(a: Any, *, rcond: Any) -> Any:
    return np.linalg.pinv(a, rcond=rcond)


def _chain(a: Any, b: Any, c: Any) -> Any:
    """a b c by the smaller product: of a tall matrix nothing is as large as its length squared."""
    (m, k), (n, p) = np.shape(a)[-2:], np.shape(c)[-2:]
    return (a @ b) @ c if m * n * (k + p) <= k * p * (m + n) else a @ (b @ c)


def _pull_pinv(g: Any, y: Any, a: Any) -> Any:
    scale = power_of_two(a)  # y y^H can leave the range where its product with g does not
    g, adjoint, scaled = hermitian_transpose(conjugate(g)) / scale, hermitian_transpose(y), scale * y
    left = g - _chain(a, y, g)  # what is left of it beside the range of a, and below beside that of a^H
    right = g - _chain(g, y, a)
    pulled = _chain(left, scaled, adjoint) + _chain(adjoint, scaled, right)
    return conjugate(pulled - _chain(adjoint, hermitian_transpose(g), scale * adjoint))


def _push_pinv(t: Any, y: Any, a: Any) -> Any:
    """-y da y + y y^H da^H (1 - a y) + (1 - y a) da^H y^H y."""
    scale = power_of_two(a)
    t, scaled = t / scale, scale * y
    adjoint, t_adjoint = hermitian_transpose(y), hermitian_transpose(t)
    first = _chain(scaled, adjoint, t_adjoint)
    second = _chain(t_adjoint, adjoint, scaled)
    return first - _chain(first, a, y) + second - _chain(y, a, second) - _chain(y, t, scaled)


pinv = general(
    _pinv,
    _pull_pinv,
    pushforwards=(_push_pinv,),
    inputs=("a",),
    batch="leading",
    domain=("matrix",),
    name="pinv",
)


# The 2-norm over any axes; its derivative at 0 is 0, the middle of the subgradients


def _norm(x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    if len(axis) == np.ndim(x):
        return np.linalg.norm(x, None, None, keepdims)
    return np.sqrt(np.sum((np.conj(x) * x).real, axis=axis, keepdims=keepdims))


def _length(y: Any, x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    """The norm, its axes kept; from scaled entries where their squares over- or underflow, or lose digits."""
    limits = np.finfo(np.result_type(y))
    values = plain(y)
    if np.all((values > np.sqrt(limits.tiny / limits.eps)) & (values < np.inf)):
        return y if keepdims else np.expand_dims(y, axis)
    scale = power_of_two(x, axis)
    return scale * norm(x / scale, axis=axis, keepdims=True)


def _unit(y: Any, x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    """x* / |x|, the slope, whose entries are at most 1; 0 where |x| is 0."""
    length = _length(y, x, axis, keepdims)
    zero = np.equal(length, 0)
    return np.where(zero, 0, conjugate(x) / np.where(zero, 1, length))


def _pull_norm(g: Any, y: Any, x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    return (g if keepdims else np.expand_dims(g, axis)) * _unit(y, x, axis, keepdims)


def _push_norm(t: Any, y: Any, x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    return np.sum(np.real(_unit(y, x, axis, keepdims) * t), axis=axis, keepdims=keepdims)


norm = reduction(_norm, _pull_norm, _push_norm, name="norm")


# (Σ size**p)**(1/p) of sizes >= 0, with derivative (size / y)**(p - 1): of what may over- or underflow only a ratio is left


def _power_norm(size: Any, *, p: float, axis: tuple[int, ...], keepdims: bool) -> Any:
    return np.sum(size**p, axis=axis, keepdims=keepdims) ** (1 / p)


def _power_length(y: Any, size: Any, p: float, axis: tuple[int, ...]) -> Any:
    """The norm, its axes kept; from scaled sizes where a sum of powers over- or underflows."""
    limits = np.finfo(np.result_type(y))
    with np.errstate(over="ignore", under="ignore"):
        ends = np.array([limits.tiny / limits.eps, limits.max]) ** (1 / p)
    values = plain(y)
    if np.all((values > np.min(ends)) & (values < np.max(ends))):
        return y
    leading = np.max(size, axis=axis, keepdims=True, initial=0) if p > 0 else np.min(size, axis=axis, keepdims=True)
    scale = np.where((leading == 0) | (leading == np.inf), np.ones_like(leading), leading)
    return scale * power_norm(size / scale, p=p, axis=axis, keepdims=True)


def _power_slope(y: Any, size: Any, p: float, axis: tuple[int, ...], keepdims: bool) -> Any:
    """(size / y)**(p - 1). At a size of 0, a kink, a cusp or the edge of one, it is 0."""
    if not np.size(size):
        return size
    length = _power_length(y if keepdims else np.expand_dims(y, axis), size, p, axis)
    zero, ones = np.equal(size, 0) | np.equal(length, 0), np.ones_like(size)
    part, whole = (size, length) if p > 0 else (length, size)  # part / whole is at most 1
    ratio = np.where(zero, ones, part) / np.where(zero, ones, whole)
    return np.where(zero, np.zeros_like(size), ratio ** (p - 1 if p > 0 else 1 - p))


def _pull_power_norm(g: Any, y: Any, x: Any, p: float, axis: tuple[int, ...], keepdims: bool) -> Any:
    return (g if keepdims else np.expand_dims(g, axis)) * _power_slope(y, x, p, axis, keepdims)


def _push_power_norm(t: Any, y: Any, x: Any, p: float, axis: tuple[int, ...], keepdims: bool) -> Any:
    return np.sum(t * _power_slope(y, x, p, axis, keepdims), axis=axis, keepdims=keepdims)


power_norm = reduction(_power_norm, _pull_power_norm, _push_power_norm, domain=("positive",), name="power_norm")
