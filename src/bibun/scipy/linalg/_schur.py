"""The Schur form a = z t z^H, t upper triangular, of matrices whose eigenvalues are distinct.

With m = z^H da z and s = z^H dz skew-Hermitian, m = s t + dt - t s. Below the diagonal dt is 0, and the part l of s there
follows column by column: (t_jj - t) l_j = m_j - Σ l_k t_kj over k < j, of the rows below j. The signs (of complex vectors the
phases) are free; the rule leaves them where they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.arrays.registry import add_rows
from bibun.core.kinds import general
from bibun.core.transposition import transpose
from bibun.errors import DerivativeValueError, located
from bibun.primitives.matrices import diagonals, frobenius
from bibun.primitives.repeated import EQUAL, holds, reject_phase, rounding
from bibun.scipy._calls import for_lapack, no_rule, stands_for
from bibun.scipy.linalg._matrices import adjoint


def _schur(a: Any) -> tuple[Any, Any]:
    t, z = np.empty_like(a), np.empty_like(a)
    for i in np.ndindex(a.shape[:-2]):
        t[i], z[i] = source.schur(a[i], "complex" if a.dtype.kind == "c" else "real", check_finite=False)
    return t, z


def _check(t: Any) -> None:
    """Raise where two eigenvalues are equal, or are a pair of complex ones in a block of two real rows."""
    w = diagonals(t)
    if holds(np.not_equal(diagonals(t[..., 1:, :]), 0)):
        raise DerivativeValueError(
            f"{located()}schur: a pair of complex eigenvalues is a block of two rows in the real form, whose rotation is a "
            "convention of LAPACK's: it has no derivative rule. Write output='complex'."
        )
    near = np.abs(w[..., None, :] - w[..., :, None]) <= rounding(frobenius(t), EQUAL)
    if holds(near & ~np.eye(np.shape(w)[-1], dtype=bool)):
        raise DerivativeValueError(
            f"{located()}schur: some eigenvalues are equal to rounding, so the order of the vectors, and with it the triangular "
            "form, is arbitrary: it has no derivative. Write expm, sqrtm, logm or solve_sylvester, whichever it is for."
        )


def _push(da: Any, y: Any) -> tuple[Any, Any]:
    t, z = y
    columns: list[Any] = []  # of l
    m, n = adjoint(z) @ da @ z, np.shape(t)[-1]
    for j in range(n - 1):
        right = m[..., j + 1 :, j] - sum(columns[k][..., j - k :] * t[..., k, j][..., None] for k in range(j))
        system = t[..., j, j][..., None, None] * np.eye(n - 1 - j, dtype=t.dtype) - t[..., j + 1 :, j + 1 :]
        columns.append(np.linalg.solve(system, right[..., None])[..., 0])
    padded = [np.concatenate([np.zeros_like(m[..., : j + 1, 0]), c], axis=-1) for j, c in enumerate(columns)]
    lower = np.stack([*padded, np.zeros_like(m[..., 0])], axis=-1) if n else m
    s = lower - adjoint(lower)
    return np.triu(m - s @ t + t @ s), z @ s


def _push_schur(da: Any, y: Any, a: Any) -> tuple[Any, Any]:
    _check(y[0])
    return _push(da, y)


def _pull_schur(g: Any, y: Any, a: Any) -> Any:
    (g_t, g_z), (t, z) = g, y
    _check(t)
    if np.result_type(a).kind == "c":
        turned = np.sum(g_t * t, axis=-2) - np.sum(g_t * t, axis=-1) + np.sum(g_z * z, axis=-2)
        if holds(np.abs(np.imag(turned)) > rounding(frobenius(g_t) * frobenius(t) + frobenius(g_z))[..., 0]):
            reject_phase("schur")
    joined = lambda da: np.stack(_push(da, y))  # noqa: E731
    return transpose(joined, np.zeros_like(a), np.stack([g_t, g_z]))[0]


def _turn_schur(y: Any, inputs: Any, settings: Any) -> Any:
    """By the phases of complex vectors."""
    t, z = y
    if np.result_type(z).kind != "c":
        return None
    phase = 1j * np.random.default_rng(0).normal(size=np.shape(z)[-1]).astype(np.result_type(np.real(z)))
    return t * phase - phase[:, None] * t, z * phase


schur_row = general(
    _schur, _pull_schur, pushforwards=(_push_schur,), turn=_turn_schur, inputs=("a",), batch="leading", domain=("symmetric",),
    name="schur",
)  # fmt: skip
add_rows(schur_row)


@stands_for(source.schur)
def schur(a: Any, output: str = "real", sort: Any = None) -> Any:
    """t, z with a = z t z^H, t upper triangular with the eigenvalues on its diagonal, z unitary. The eigenvalues have to be
    distinct, and real for output="real"; what depends on the phases of complex vectors has no derivative.
    """
    if sort is not None:
        raise no_rule("schur", "sort= is not taken; write expm, sqrtm, logm or eig, whichever it is for")
    if output not in ("real", "complex", "r", "c"):
        raise ValueError(f"argument must be 'real', or 'complex', not {output}")
    a = for_lapack(as_array(a))
    a = a.astype(np.result_type(a, np.float32))
    return schur_row(a.astype(np.result_type(a, np.complex64)) if output in ("complex", "c") else a)
