"""Rows of the QR decomposition and of least squares.

Written with gradients (x_bar) in the sense of the inner product Re tr(x^H y); a cotangent is the conjugate of one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.core.kinds import general
from bibun.core.primitive import Primitive
from bibun.core.rules import rule
from bibun.errors import DerivativeValueError
from bibun.primitives import linalg, spectral
from bibun.primitives.matrices import (
    conjugate,
    diagonals,
    frobenius,
    half_upper,
    hermitian_transpose,
    power_of_two,
    skew_part,
)
from bibun.primitives.repeated import holds, pairs_of, rounding, turn, unused

# QR of m x n: with c = q^H da r^-1 of the first k = min(m, n) columns, dr r^-1 is upper triangular with a real diagonal
# (as LAPACK makes that of r), q^H dq skew-Hermitian, and c is their sum. Further columns follow from these.


def _check_rank(r: Any) -> None:
    """Raise if the first columns are dependent."""
    sizes = np.abs(diagonals(r))
    if np.shape(sizes)[-1] and holds(sizes <= rounding(frobenius(r)[..., 0])):
        raise DerivativeValueError(
            f"qr: the first {np.shape(sizes)[-1]} columns are linearly dependent to rounding, so q is not determined by the "
            "matrix there, and has no derivative. np.linalg.svd of reduced rank, pinv and lstsq have one where the rank "
            "stays."
        )


def _by_inverse(x: Any, r: Any) -> Any:
    """x r^-1."""
    return hermitian_transpose(np.linalg.solve(hermitian_transpose(r), hermitian_transpose(x)))


def _pull_square(q_bar: Any, r_bar: Any, q: Any, r: Any) -> Any:
    """(q_bar + q s) r^-H, s Hermitian with the upper triangle of r_bar r^H - q^H q_bar."""
    upper = half_upper(r_bar @ hermitian_transpose(r) - hermitian_transpose(q) @ q_bar)
    inner = q_bar + q @ (upper + hermitian_transpose(upper))
    return hermitian_transpose(np.linalg.solve(r, hermitian_transpose(inner)))


def _check_completion(bar: Any, further: Any, n: int) -> None:
    if holds(np.abs(skew_part(hermitian_transpose(further) @ bar)) > rounding(frobenius(bar))):
        raise DerivativeValueError(
            f"qr: with mode='complete' the columns of q beyond the first {n} are an arbitrary basis of what these leave, "
            "and what was computed from them depends on it: it has no derivative. Use mode='reduced', or the projector on "
            "that whole space."
        )


def _pull_qr(g: Any, y: Any, mode: str) -> Any:
    (g_q, g_r), (q, r) = g, y
    n = np.shape(r)[-1]
    k = min(np.shape(q)[-2], n)
    q_bar, r_bar = conjugate(g_q), conjugate(g_r)[..., :k, :]
    q, further, r = q[..., :, :k], q[..., :, k:], r[..., :k, :]
    _check_rank(r[..., :, :k])
    if np.shape(further)[-1]:
        rest = q_bar[..., :, k:]
        _check_completion(rest, further, k)
        q_bar = q_bar[..., :, :k] - further @ (hermitian_transpose(rest) @ q)
    if n == k:
        return conjugate(_pull_square(q_bar, r_bar, q, r))
    own, behind, behind_bar = r[..., :, :k], r[..., :, k:], r_bar[..., :, k:]  # r[:, k:] = q^H a[:, k:]
    q_bar = q_bar + q @ behind @ hermitian_transpose(behind_bar)
    first = _pull_square(q_bar, r_bar[..., :, :k], q, own)
    return conjugate(np.concatenate([first, q @ behind_bar], axis=-1))


def _push_qr(t: Any, y: Any, mode: str) -> Any:
    q, r = y
    n = np.shape(r)[-1]
    k = min(np.shape(q)[-2], n)
    q, further, own = q[..., :, :k], q[..., :, k:], r[..., :k, :k]
    _check_rank(own)
    moved = _by_inverse(t[..., :, :k], own)
    c = hermitian_transpose(q) @ moved
    upper = half_upper(c + hermitian_transpose(c))
    dq, dr = moved - q @ upper, upper @ own
    if n > k:
        behind = hermitian_transpose(dq) @ (q @ r[..., :, k:]) + hermitian_transpose(q) @ t[..., :, k:]
        dr = np.concatenate([dr, behind], axis=-1)
    if np.shape(further)[-1]:
        dq = np.concatenate([dq, -q @ (hermitian_transpose(dq) @ further)], axis=-1)
        dr = np.concatenate([dr, np.zeros_like(r[..., k:, :])], axis=-2)
    return dq, dr


def _turn_qr(y: Any, inputs: Any, settings: Any) -> Any:
    q, r = y
    found = turn(pairs_of(np.arange(np.shape(q)[-1]) >= np.shape(r)[-1]), np.result_type(q))
    return None if found is None else (q @ found, None)


qr = general(
    np.linalg.qr, _pull_qr, pushforwards=(_push_qr,), inputs=("a",), batch="leading", domain=("matrix",), turn=_turn_qr
)


# Least squares, x = a^+ b, of which the derivative is Golub and Pereyra's, for a rank that stays


def _lstsq(a: Any, b: Any, *, rcond: float) -> Any:
    """The solution, |b - a x|^2 for each column of b (zeros of a wide matrix), and the singular values."""
    x, residuals, _, s = np.linalg.lstsq(a, b, rcond)
    if not _is_tall(a):
        residuals = np.zeros(b.shape[1], s.dtype)
    elif not residuals.size:  # NumPy gives none of a matrix of lower rank
        residuals = np.sum(np.abs(b - a @ x) ** 2, axis=0)
    return x, residuals, s


def _is_tall(a: Any) -> bool:
    return bool(np.shape(a)[0] > np.shape(a)[1])


def _inverse(a: Any, rcond: float) -> Any:
    return linalg.pinv(a, rcond=rcond if rcond >= 0 else float(np.finfo(np.result_type(a)).eps) / 2)


def _pull_lstsq(g: Any, needed: tuple[int, ...], y: Any, xs: list[Any], rcond: float) -> list[Any]:
    (g_x, g_residuals, g_s), (x, _, s), (a, b) = g, y, xs
    inverse, left = _inverse(a, rcond), b - a @ x
    b_bar_all = 2 * left * g_residuals if _is_tall(a) else np.zeros_like(left)
    a_bar = -b_bar_all @ hermitian_transpose(x)
    if not unused(g_x):
        x_bar, scale = conjugate(g_x), power_of_two(s, -1)
        b_bar = hermitian_transpose(inverse) @ x_bar
        a_bar = a_bar + (left / scale) @ hermitian_transpose((scale * inverse) @ b_bar)
        beside = (x_bar - hermitian_transpose(a) @ b_bar) / scale
        a_bar = a_bar + hermitian_transpose(scale * inverse) @ x @ hermitian_transpose(beside)
        a_bar, b_bar_all = a_bar - b_bar @ hermitian_transpose(x), b_bar_all + b_bar
    if 0 in needed and not unused(g_s):
        u, _, vh = spectral.svd(a, full_matrices=False, paired=False)
        a_bar = a_bar + (u * g_s) @ vh
    return [conjugate(b_bar_all if i else a_bar) for i in needed]


def _push_lstsq(tangents: list[Any], y: Any, xs: list[Any], rcond: float) -> Any:
    (x, _, s), (a, b), (da, db) = y, xs, tangents
    inverse, left = _inverse(a, rcond), b - a @ x
    moved = np.zeros_like(left) if db is None else db
    ds = np.zeros_like(s)
    dx = np.zeros_like(x)
    if da is not None:
        moved = moved - da @ x
        adjoint, scale = hermitian_transpose(da), power_of_two(s, -1)
        beside = (adjoint / scale) @ (hermitian_transpose(scale * inverse) @ x)
        dx = (scale * inverse) @ (hermitian_transpose(inverse) @ (adjoint @ (left / scale)))
        dx = dx + beside - inverse @ (a @ beside)
        u, _, vh = spectral.svd(a, full_matrices=False, paired=False)
        ds = np.real(diagonals(hermitian_transpose(u) @ da @ hermitian_transpose(vh)))
    dr = 2 * np.sum(np.real(conjugate(left) * moved), axis=0) if _is_tall(a) else np.zeros_like(s, shape=b.shape[1:])
    return dx + inverse @ moved, dr, ds


lstsq = Primitive(
    "lstsq",
    "general",
    _lstsq,
    inputs=None,
    pullbacks=(rule(_pull_lstsq),),
    pushforwards=(rule(_push_lstsq),),
    domain=("matrix", "real"),
)
