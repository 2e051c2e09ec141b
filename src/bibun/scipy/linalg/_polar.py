"""The polar decomposition, and the rotation that it gives: the derivative needs no singular vectors, so equal singular values do
no harm.

With a = u h, s = u^H du is skew-Hermitian, and the skew part of u^H da gives the equation h s + s h = u^H da - da^H u:
Higham, "Functions of Matrices" (2008), chapter 8.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.arrays.registry import add_rows
from bibun.core.kinds import general
from bibun.errors import DerivativeValueError
from bibun.primitives.matrices import diagonals
from bibun.primitives.repeated import holds, zeros
from bibun.scipy._calls import check_finite, for_lapack, stands_for
from bibun.scipy.linalg._matrices import adjoint, conjugate
from bibun.scipy.linalg._solvers import sylvester


def _polar(a: Any) -> tuple[Any, Any]:
    """u with orthonormal columns, and h, of an a that has no more columns than rows."""
    w, s, vh = np.linalg.svd(a, full_matrices=False)
    return w @ vh, (adjoint(vh) * s[..., None, :]) @ vh


def _check_rank(h: Any) -> None:
    if holds(zeros(np.linalg.svdvals(h))):
        raise DerivativeValueError(
            "polar: the matrix is not of full rank to rounding, so its factors are not determined there (of numbers, "
            "a = u p with u = sign(a) and p = |a| at 0), and have no derivative. np.linalg.svd of reduced rank, pinv and lstsq "
            "have one where the rank stays."
        )


def _by_inverse(x: Any, h: Any) -> Any:
    """x h^-1 of a Hermitian h."""
    return adjoint(np.linalg.solve(h, adjoint(x)))


def _beside(u: Any, x: Any) -> Any:
    """(1 - u u^H) x: what is not in the space of the columns of u."""
    return x - u @ (adjoint(u) @ x)


def _push_polar(t: Any, y: Any) -> Any:
    """du = u s + (1 - u u^H) da h^-1, dh = u^H da - s h."""
    u, h = y
    _check_rank(h)
    c = adjoint(u) @ t
    s = sylvester(h, h, c - adjoint(c))
    du = u @ s
    if np.shape(u)[-2] > np.shape(u)[-1]:
        du = du + _by_inverse(_beside(u, t), h)
    return du, c - s @ h


def _pull_polar(g: Any, y: Any) -> Any:
    """In gradients: a_bar = u (s + h_bar) + (1 - u u^H) u_bar h^-1, h s + s h = c - c^H of c = u^H u_bar - h_bar h."""
    u, h = y
    _check_rank(h)
    u_bar, h_bar = conjugate(g[0]), conjugate(g[1])
    c = adjoint(u) @ u_bar - h_bar @ h
    a_bar = u @ (sylvester(h, h, c - adjoint(c)) + h_bar)
    if np.shape(u)[-2] > np.shape(u)[-1]:
        a_bar = a_bar + _by_inverse(_beside(u, u_bar), h)
    return conjugate(a_bar)


polar_row = general(
    _polar, _pull_polar, pushforwards=(_push_polar,), inputs=("a",), batch="leading", domain=("matrix",), name="polar"
)
add_rows(polar_row)


@stands_for(source.polar)
def polar(a: Any, side: str = "right") -> tuple[Any, Any]:
    """u, p with a = u p (a = p u for side='left'), u with orthonormal columns or rows and p positive semi-definite.

    A matrix that is not of full rank has no derivative: DerivativeValueError.
    """
    if side not in ("left", "right"):
        raise ValueError("`side` must be either 'right' or 'left'")
    check_finite(a)
    a = for_lapack(a)
    tall = a.shape[-2] >= a.shape[-1]
    u, h = polar_row(a if tall else adjoint(a))
    p = h if (side == "right") == tall else u @ h @ adjoint(u)
    return (u if tall else adjoint(u)), p


@stands_for(source.orthogonal_procrustes)
def orthogonal_procrustes(A: Any, B: Any) -> tuple[Any, Any]:
    """The orthogonal r for which a r is nearest to b, and the sum of the singular values of a^H b."""
    product = for_lapack(adjoint(as_array(A)) @ as_array(B))
    check_finite(product)  # as SciPy does of it in any case
    u, h = polar_row(product)
    return u, np.sum(np.real(diagonals(h)), axis=-1)
