"""Eigenvalues and their vectors: of Hermitian, tridiagonal and banded matrices, of two matrices, and of any matrix.

The row is SciPy's eigh, whose vectors may have other signs than NumPy's; its rules are those of NumPy's. Where SciPy has another
method (for a part of the values, two matrices, bands), the vectors are those of eigh with the signs of that method.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.arrays.registry import add_rows, row
from bibun.core.kinds import constant
from bibun.core.primitive import Primitive
from bibun.primitives.repeated import clusters, holds, rotation
from bibun.scipy._calls import for_lapack, no_rule, stands_for
from bibun.scipy.linalg._factors import cholesky
from bibun.scipy.linalg._matrices import adjoint, hermitian, matrix_of_band, whole_band
from bibun.scipy.linalg._solvers import substituted
from bibun.scipy.linalg._turns import turns_row

# Eigenvalues. SciPy's eigh reads one triangle, as NumPy's does, and the rules are the same


def _eigh(a: Any, *, UPLO: str, paired: bool, driver: Any) -> Any:
    w, v = source.eigh(a, lower=UPLO == "L", driver=driver, check_finite=False)
    for matrix, run in clusters(w):
        v[matrix][:, run] = v[matrix][:, run] @ rotation(run.stop - run.start, v.dtype)
    return w, v


eigh_row = Primitive(
    "scipy_eigh",
    "general",
    _eigh,
    inputs=("a",),
    pullbacks=row("eigh").pullbacks,
    pushforwards=row("eigh").pushforwards,
    turn=row("eigh").turn,
    batch="leading",
    domain=("symmetric",),
)

add_rows(eigh_row)


def _turned(pairs: tuple[Any, Any], *inputs: Any, by: str, **settings: Any) -> tuple[Any, Any]:
    """Values and vectors, with the signs of SciPy's own call, whose method for a part or a structure is another one."""
    w, v = pairs
    return w, v * turns_row(v, *inputs, by=by, output=1, settings=settings)


def _taken(w: Any, v: Any, index: Any, value: Any) -> tuple[Any, Any]:
    """The part of the eigenvalues from one place to another, or above one number up to another."""
    if index is not None:
        first, last = index
        return w[..., first : last + 1], None if v is None else v[..., first : last + 1]
    if value is not None:
        places = _places((w > value[0]) & (w <= value[1]))
        along = np.take_along_axis
        return along(w, places, -1), None if v is None else along(v, places[..., None, :], -1)
    return w, v


def _places(inside: Any) -> Any:
    """Where it holds along the last axis, of a stack as many times in each row."""
    places = np.flatnonzero(inside)
    if np.ndim(inside) == 1:
        return places
    counts = np.sum(inside, axis=-1)
    if holds(counts != np.max(counts)):
        raise ValueError(
            f"of the matrices of the stack between {np.min(counts)} and {np.max(counts)} eigenvalues each are within the limits; "
            "that makes no array: take them matrix by matrix"
        )
    return np.reshape(places, (*np.shape(counts), -1)) % np.shape(inside)[-1]


def _standard(a: Any, b: Any, lower: bool, type_: int) -> tuple[Any, Any]:
    """The matrix of the equivalent problem without b, and a function that brings its vectors back."""
    c = cholesky(b, lower, check_finite=False)
    factor, adj = (0, 2) if lower else (2, 0)  # b = f f^H: f is op(c) with this trans
    a = hermitian(a, lower)
    if type_ == 1:
        left = substituted(c, a, factor, lower)
        return adjoint(substituted(c, adjoint(left), factor, lower)), lambda v: substituted(c, v, adj, lower)
    f = c if lower else adjoint(c)
    back = (lambda v: substituted(c, v, adj, lower)) if type_ == 2 else (lambda v: f @ v)
    return adjoint(f) @ a @ f, back


def _values(a: Any, lower: bool, subset_by_index: Any = None, subset_by_value: Any = None) -> Any:
    return _taken(np.linalg.eigvalsh(a, "L" if lower else "U"), None, subset_by_index, subset_by_value)[0]


def _pairs(
    a: Any, lower: bool, back: Any = None, driver: Any = None, subset_by_index: Any = None, subset_by_value: Any = None
) -> tuple[Any, Any]:
    w, v = eigh_row(a, UPLO="L" if lower else "U", paired=False, driver=driver)
    return _taken(w, v if back is None else back(v), subset_by_index, subset_by_value)


@stands_for(source.eigh)
def eigh(
    a: Any, b: Any = None, *, lower: bool = True, eigvals_only: bool = False, type: int = 1, subset_by_index: Any = None,
    subset_by_value: Any = None, driver: Any = None,
) -> Any:  # fmt: skip
    """Eigenvalues, ascending, and vectors of a Hermitian matrix, of which one triangle is read.

    With b, of a v = w b v (type 1), a b v = w v (2) or b a v = w v (3). Equal eigenvalues: as for np.linalg.eigh.
    """
    part = {"subset_by_index": subset_by_index, "subset_by_value": subset_by_value}
    given = [for_lapack(a)] if b is None else [for_lapack(a), for_lapack(b)]
    whole, back = (given[0], None) if b is None else _standard(given[0], given[1], lower, type)
    if eigvals_only:
        return _values(whole, lower, **part)
    pairs = _pairs(whole, lower, back, driver if b is None else "evd", **part)
    if b is None and subset_by_index is None and subset_by_value is None:
        return pairs  # of the very call
    return _turned(pairs, *given, by="eigh", lower=lower, type=type, driver=driver, **part)


@stands_for(source.eigvalsh)
def eigvalsh(
    a: Any, b: Any = None, *, lower: bool = True, type: int = 1, subset_by_index: Any = None, subset_by_value: Any = None,
    driver: Any = None,
) -> Any:  # fmt: skip
    """Eigenvalues, ascending, of a Hermitian matrix."""
    settings: Any = {"subset_by_index": subset_by_index, "subset_by_value": subset_by_value}
    return eigh(a, b, lower=lower, eigvals_only=True, type=type, check_finite=False, **settings)


def _selected(select: Any, select_range: Any) -> dict[str, Any]:
    """eigh's words for a part of the eigenvalues."""
    names = {0: "a", 1: "v", 2: "i", "all": "a", "value": "v", "index": "i"}
    name = {"v": "subset_by_value", "i": "subset_by_index"}.get(names.get(select, select))
    return {} if name is None else {name: select_range}


@stands_for(source.eigh_tridiagonal)
def eigh_tridiagonal(
    d: Any, e: Any, eigvals_only: bool = False, select: Any = "a", select_range: Any = None, tol: float = 0.0,
    lapack_driver: str = "auto",
) -> Any:  # fmt: skip
    """Eigenvalues and vectors of the symmetric matrix with the diagonal d and e beside it. Computed from the whole matrix."""
    d, e = as_array(d), as_array(e)
    a = np.eye(d.shape[-1], dtype=d.dtype) * d[..., None, :]
    a = a + np.pad(np.eye(e.shape[-1], dtype=e.dtype) * e[..., None, :], [(0, 0)] * (d.ndim - 1) + [(1, 0), (0, 1)])
    if eigvals_only:
        return _values(a, True, **_selected(select, select_range))
    settings = {"select": select, "select_range": select_range, "tol": tol, "lapack_driver": lapack_driver}
    return _turned(_pairs(a, True, **_selected(select, select_range)), d, e, by="eigh_tridiagonal", **settings)


@stands_for(source.eigvalsh_tridiagonal)
def eigvalsh_tridiagonal(d: Any, e: Any, select: Any = "a", select_range: Any = None, tol: float = 0.0) -> Any:
    """The eigenvalues alone."""
    return eigh_tridiagonal(d, e, eigvals_only=True, select=select, select_range=select_range, check_finite=False)


@stands_for(source.eig_banded)
def eig_banded(
    a_band: Any, lower: bool = False, eigvals_only: bool = False, select: Any = "a", select_range: Any = None,
    max_ev: int = 0,
) -> Any:  # fmt: skip
    """Eigenvalues and vectors of a Hermitian matrix in band storage. Computed from the whole matrix."""
    ab = as_array(a_band)
    whole = matrix_of_band(whole_band(ab, lower), ab.shape[-2] - 1)
    if eigvals_only:
        return _values(whole, lower, **_selected(select, select_range))
    settings = {"lower": lower, "select": select, "select_range": select_range, "max_ev": max_ev}
    return _turned(_pairs(whole, lower, **_selected(select, select_range)), ab, by="eig_banded", **settings)


@stands_for(source.eigvals_banded)
def eigvals_banded(a_band: Any, lower: bool = False, select: Any = "a", select_range: Any = None) -> Any:
    """The eigenvalues alone."""
    return eig_banded(
        a_band, lower=lower, eigvals_only=True, select=select, select_range=select_range, check_finite=False
    )


@stands_for(source.eig)
def eig(a: Any, b: Any = None, left: bool = False, right: bool = True, homogeneous_eigvals: bool = False) -> Any:
    """Eigenvalues, complex, and right vectors of length 1."""
    if left or homogeneous_eigvals or b is not None:
        raise no_rule(
            "eig",
            "left=, homogeneous_eigvals= and a second matrix are not taken; left vectors are the rows of inv(right "
            "vectors), and a v = w b v is eig(solve(b, a))",
        )
    a = for_lapack(a)
    if not right:
        return eigvals(a, check_finite=False)
    lost = _lost(a)
    if lost is not None:
        return _complex(np.broadcast_to(lost, a.shape[:-1])), np.broadcast_to(lost, a.shape)
    w, v = np.linalg.eig(a)
    return _complex(w), v


def _lost(a: Any) -> Any:
    """Nan, in the place of results of a matrix with infinite entries that were not checked; None of one without."""
    bad = ~np.isfinite(a)
    if not holds(bad):
        return None
    if holds(np.isnan(a)):
        raise ValueError("illegal value in argument 4 of internal eig algorithm (geev)")
    return np.sum(a * np.nan)


@stands_for(source.eigvals)
def eigvals(a: Any, b: Any = None, homogeneous_eigvals: bool = False) -> Any:
    """Eigenvalues, complex; with b, of a v = w b v."""
    if homogeneous_eigvals:
        raise no_rule("eigvals", "homogeneous_eigvals= is not taken")
    a = for_lapack(a)
    if b is None:
        lost = _lost(a)
        return _complex(np.linalg.eigvals(a) if lost is None else np.broadcast_to(lost, a.shape[:-1]))
    b = for_lapack(b)
    w = _complex(np.linalg.eigvals(np.linalg.solve(b, a)))
    return np.take_along_axis(w, order_row(w, a, b), axis=-1)


def _complex(w: Any) -> Any:
    return w if w.dtype.kind == "c" else w.astype(np.result_type(w, np.complex64))


def _order(w: Any, a: Any, b: Any) -> Any:
    """The places of the eigenvalues in the order of SciPy's method for two matrices: of each the nearest that is left."""
    theirs, places = source.eigvals(a, b, check_finite=False), np.empty(w.shape, int)
    for i in np.ndindex(w.shape[:-1]):
        left = list(range(w.shape[-1]))
        for k, value in enumerate(np.broadcast_to(theirs, w.shape)[i]):
            places[(*i, k)] = left.pop(int(np.argmin(np.abs(w[i][left] - value))))
    return places


order_row = constant(_order, "an order is made of whole numbers", name="order_of_eigenvalues")
add_rows(order_row)
