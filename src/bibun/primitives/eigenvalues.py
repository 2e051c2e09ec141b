"""Rows of eigenvalues and eigenvectors of general square matrices. Those of Hermitian ones are in spectral.py.

The results are complex here, whatever they turn out to be; arrays/decompositions.py makes them real where NumPy does. A
vector has the length 1 and an arbitrary phase, and the rules choose v_j^H dv_j = 0. With m = v^-1 da v,
dw = diag(m) and dv = v (m_ij / (w_j - w_i)), less what of it lies along each vector.

The setting `strict` of eig says whether the result might depend on the phases. The derivative of the values does not,
whatever rounding leaves of cotangents that cancel (those of the second derivative of a trace).
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from bibun.core.kinds import constant, general
from bibun.errors import DerivativeValueError
from bibun.primitives.matrices import diagonals, frobenius, hermitian_transpose, magnitude, transpose
from bibun.primitives.repeated import (
    EQUAL,
    differentiated,
    holds,
    inverse_unless,
    reject_phase,
    rounding,
    unused,
)


def _wide(x: Any) -> Any:
    return x.astype(np.result_type(x, np.complex64))


def _eig(a: Any, *, strict: bool) -> Any:
    result: Any = np.linalg.eig(a)
    return result._make(map(_wide, result))


def _near(w: Any) -> tuple[Any, Any]:
    """w_j - w_i at [i, j], and which of these pairs are equal to rounding (i and j different)."""
    gap = w[..., None, :] - w[..., :, None]
    return gap, (np.abs(gap) <= rounding(magnitude(w), EQUAL)[..., None]) & ~np.eye(np.shape(w)[-1], dtype=bool)


def _check_basis(v: Any) -> None:
    """Raise if the vectors are no basis: then the eigenvalues move like a root, with an infinite slope."""
    s = np.linalg.svdvals(v)
    if holds(s[..., -1:] <= rounding(s[..., :1])):
        raise DerivativeValueError(
            "eig: the eigenvectors are linearly dependent to rounding (the matrix is defective, or nearly), and eigenvalues "
            "have no derivative there: they move like the root of the change. The coefficients of the characteristic "
            "polynomial, np.linalg.det, trace and matrix_power have one."
        )


def _reject_equal() -> NoReturn:
    raise DerivativeValueError(
        "eig: some eigenvalues are equal to rounding, so their vectors are an arbitrary basis of one space, and what was "
        "computed from them depends on it: it has no derivative here. Use the values alone (np.linalg.eigvals), the "
        "vectors of the other values, or write a function of the matrix without its vectors (np.linalg.solve, inv, "
        "matrix_power)."
    )


def _shared(g: Any, w: Any) -> Any:
    """For each value the mean of g over the values equal to it."""
    _, near = _near(w)
    if not holds(near):
        return g
    weights = (near | np.eye(np.shape(w)[-1], dtype=bool)).astype(np.result_type(w))
    return np.sum(weights * g[..., None, :], axis=-1) / np.sum(weights, axis=-1)


def _check_phases(own: Any, w: Any, limit: Any, dtype: Any) -> None:
    """Raise if the result depends on the phases. Vectors of a real matrix come in pairs, conjugates of one another,
    which turn against each other; real ones do not turn.
    """
    turn = np.imag(own)
    if dtype.kind != "c":
        turn = np.where(np.imag(w) > 0, turn - np.roll(turn, -1, axis=-1), 0)
    if holds(np.abs(turn) > limit[..., 0]):
        reject_phase("eig")


def _pull_eig(g: Any, y: Any, a: Any, strict: bool) -> Any:
    """g_a = v^-T (diag(g_w) + (x - v^T v* diag(x)) / (w_j - w_i)) v^T with x = v^T g_v."""
    (g_w, g_v), (w, v) = g, y
    _check_basis(v)
    if unused(g_v):
        if strict and differentiated(v):
            w, v = eig(a, strict=False)
        inner = _shared(g_w, w)[..., None] * transpose(v)
    else:
        gap, near = _near(w)
        x, limit = transpose(v) @ g_v, rounding(frobenius(g_v))
        own = diagonals(x)
        if strict:
            _check_phases(own, w, limit, np.result_type(a))
        # a function of the matrix uses both, and its limit for equal values cannot be told from these cotangents
        used = np.any(np.not_equal(g_v, 0), axis=-2) | np.not_equal(g_w, 0)
        if holds(near & (used[..., None, :] | used[..., :, None])):
            _reject_equal()
        others = x - (transpose(v) @ np.conjugate(v)) * own[..., None, :]
        turn = others * inverse_unless(gap, near | np.eye(np.shape(w)[-1], dtype=bool))
        inner = (turn + g_w[..., None] * np.eye(np.shape(w)[-1], dtype=turn.dtype)) @ transpose(v)
    return np.linalg.solve(transpose(v), inner)


def _in_basis(t: Any, v: Any) -> Any:
    _check_basis(v)
    return np.linalg.solve(v, t @ v)


def _push_eig(t: Any, y: Any) -> Any:
    w, v = y
    m = _in_basis(t, v)
    gap, near = _near(w)
    if holds(near & (np.abs(m) > rounding(frobenius(m)))) or (holds(near) and (differentiated(t) or differentiated(w))):
        _reject_equal()
    dv = v @ (m * inverse_unless(gap, near | np.eye(np.shape(w)[-1], dtype=bool)))
    return diagonals(m), dv - v * diagonals(hermitian_transpose(v) @ dv)[..., None, :]


def _turn_eig(y: Any, inputs: Any, settings: Any) -> Any:
    """How the vectors move by their phases: those of pairs against each other, and not at all real ones, of a real matrix."""
    (w, v), (a,) = y, inputs
    if not settings["strict"]:
        return None
    turn = np.random.default_rng(0).normal(size=np.shape(w)[-1])
    if np.result_type(a).kind != "c":
        side = np.sign(np.imag(w))
        turn = side * np.where(side < 0, np.roll(turn, 1), turn)
    return (
        (None, 1j * v * turn.astype(np.result_type(np.imag(w)))[..., None, :]) if holds(np.not_equal(turn, 0)) else None
    )


eig = general(
    _eig,
    _pull_eig,
    pushforwards=(_push_eig,),
    turn=_turn_eig,
    inputs=("a",),
    batch="leading",
    domain=("square",),
    name="eig",
)


# The values alone. LAPACK finds them in another way, and perhaps in another order.


def _eigvals(a: Any) -> Any:
    return _wide(np.linalg.eigvals(a))


def _order(w: Any, others: Any) -> Any:
    """Where in w each of the others is: the nearest that is not taken."""
    if not w.size:
        return np.zeros(w.shape, int)
    gaps = np.abs(w[..., None, :] - others[..., :, None])
    order = np.argmin(gaps, axis=-1)
    for index in np.ndindex(order.shape[:-1]):
        if len({*order[index].tolist()}) < order.shape[-1]:
            free = gaps[index].copy()
            for k in range(order.shape[-1]):
                order[(*index, k)] = nearest = np.argmin(free[k])
                free[:, nearest] = np.inf
    return order


eigenvalue_order = constant(_order, "an index is an integer: it does not vary continuously", name="eigenvalue_order")


def _pull_eigvals(g: Any, y: Any, a: Any) -> Any:
    w, v = eig(a, strict=False)
    _check_basis(v)
    g = np.take_along_axis(g, eigenvalue_order(y, w), axis=-1)
    return np.linalg.solve(transpose(v), _shared(g, w)[..., None] * transpose(v))


def _push_eigvals(t: Any, y: Any, a: Any) -> Any:
    w, v = eig(a, strict=False)
    dw = _shared(diagonals(_in_basis(t, v)), w)
    return np.take_along_axis(dw, np.argsort(eigenvalue_order(y, w), axis=-1), axis=-1)


eigvals = general(
    _eigvals,
    _pull_eigvals,
    pushforwards=(_push_eigvals,),
    inputs=("a",),
    batch="leading",
    domain=("square",),
    name="eigvals",
)
