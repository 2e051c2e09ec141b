"""Stand-ins for np.linalg: settings brought to the form of the rows, and the norms by their `ord`.

Functions that NumPy calls with arrays only (inv, det, slogdet) are rows under their own names.
"""

from __future__ import annotations

from math import inf, prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from bibun.arrays.creation import as_array
from bibun.arrays.deciding import batched
from bibun.arrays.layouts import laid_as
from bibun.arrays.registry import implements, row
from bibun.arrays.shapes import is_traced
from bibun.core.traced import Traced, plain
from bibun.errors import NoDerivativeError, located
from bibun.primitives.matrices import half_lower
from bibun.primitives.repeated import differentiated, generic_completion, holds, inverse_unless, zeros

_solve, _cholesky, _pinv = row("solve"), row("cholesky"), row("pinv")
_norm, _power_norm = row("norm"), row("power_norm")
_eigh, _eigvalsh, _svd, _svdvals = row("eigh"), row("eigvalsh"), row("svd"), row("svdvals")
_matrix_rank = row("matrix_rank")
ROUNDING = 1e-9  # of the largest singular value: below, one is that of a matrix of lower rank


def _adjoint(x: Any) -> Any:
    y = np.swapaxes(x, -1, -2)
    return np.conjugate(y) if y.dtype.kind == "c" else y


@implements(np.linalg.solve)
def solve(a: Any, b: Any) -> Any:
    """x with a x = b; b is a vector if it has one axis, else (a stack of) matrices."""
    a, b = as_array(a), as_array(b)
    if b.ndim == 1:
        return _solve(a, b[:, None])[..., 0]
    return _solve(a, b)


@implements(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """The lower triangular L with L L^H = a, from the lower triangle of a; or the upper U with U^H U = a.

    The derivative is that of what NumPy computes: by the triangle of a that it reads (the lower for L, the upper for
    U), as a numerical derivative has it. For a matrix computed so that it is symmetric this makes no difference.
    """
    return laid_as(_adjoint(_cholesky(_adjoint(a))), "C", a) if upper else _cholesky(a)


@implements(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:
    """Eigenvalues, ascending, and eigenvectors of a Hermitian matrix, from one triangle of it.

    Vectors of equal eigenvalues are an arbitrary basis of one space: here a generic one, so of the identity not the
    unit vectors. What does not depend on it (a function of the matrix, the projector on the space) has a derivative;
    for what does, DerivativeValueError. Forward mode also raises where the tangent mixes such vectors.
    """
    return _eigh(a, UPLO=_triangle(UPLO), paired=False)


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """Eigenvalues, ascending, of a Hermitian matrix, from one triangle of it."""
    return _eigvalsh(a, UPLO=_triangle(UPLO))


def _triangle(UPLO: str) -> str:
    if UPLO.upper() not in ("L", "U"):
        raise ValueError(f"UPLO argument must be 'L' or 'U'; it is {UPLO!r}.")
    return UPLO.upper()


@implements(np.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """u, s, v^H with a = u diag(s) v^H, s descending; or s alone. Equal singular values: as for eigh."""
    if hermitian:
        return _hermitian_svd(a) if compute_uv else _sizes(eigvalsh(a))
    if not compute_uv:
        return _svdvals(a)
    result = _svd(a, full_matrices=bool(full_matrices), paired=False)
    if not full_matrices or a.shape[-1] == a.shape[-2] or not differentiated(a):
        return result
    u, s, vh = result
    kept = np.sum(np.logical_not(zeros(s)), axis=-1)
    return result._make((generic_completion(u, kept, 1), s, _adjoint(generic_completion(_adjoint(vh), kept, 2))))


def _sizes(w: Any) -> Any:
    """The absolute values, descending."""
    return np.flip(np.sort(np.abs(w), axis=-1), axis=-1)


def _hermitian_svd(a: Any) -> Any:
    """From the eigenvectors: the signs of the eigenvalues go to v^H."""
    w, v = eigh(a)
    order = np.flip(np.argsort(np.abs(w), axis=-1), axis=-1)
    w = np.take_along_axis(w, order, axis=-1)
    u = np.take_along_axis(v, order[..., None, :], axis=-1)
    vh = _adjoint(u * np.sign(w)[..., None, :])
    empty: Any = np.linalg.svd(np.zeros((0, 0)))  # for the type of the result, which NumPy does not export
    return type(empty)(u, np.abs(w), vh)


@implements(np.linalg.svdvals)
def svdvals(x: Any, /) -> Any:
    """Singular values, descending."""
    return _svdvals(x)


@implements(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = np._NoValue) -> Any:
    """The pseudo-inverse; singular values below rcond (or rtol) times the largest count as zero."""
    a = as_array(a)
    if a.size and a.dtype.kind not in "fc":
        a = a.astype(float)
    if rcond is not None and rtol is not np._NoValue:
        raise ValueError("`rtol` and `rcond` can't be both set.")
    if rcond is None:
        rcond = 1e-15 if rtol is np._NoValue else rtol
    if rcond is None:
        rcond = max(a.shape[-2:]) * np.finfo(a.dtype).eps
    if is_traced(rcond):
        rcond = _decided(rcond)
    if hermitian:
        half = half_lower(a)  # NumPy reads the lower triangle, and of the diagonal the real part
        a = half + _adjoint(half)
    return truncated_inverse(a, rcond)[0] if truncates(a, rcond) else _pinv(a, rcond=rcond)


def truncates(a: Any, rcond: Any) -> bool:
    """Whether singular values count as zero that are not zero to rounding. The rows of pinv and lstsq have the derivative
    for matrices of their rank (Golub and Pereyra); what is cut off here has one of its own."""
    if not np.size(a) or not np.any(np.asarray(rcond) > ROUNDING):
        return False
    s = _svdvals(a)
    largest = np.max(s, axis=-1, keepdims=True)
    return holds((s <= np.asarray(rcond)[..., None] * largest) & (s > ROUNDING * largest))


def truncated_inverse(a: Any, rcond: Any) -> tuple[Any, Any, Any]:
    """Σ v uᴴ / s over the singular values s above rcond times the largest; which these are, and s."""
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    kept = np.greater(s, np.asarray(rcond)[..., None] * np.max(s, axis=-1, keepdims=True))
    weights = inverse_unless(s[..., None, :], np.logical_not(kept)[..., None, :])
    return (_adjoint(vh) * weights) @ _adjoint(u), kept, s


def _decided(cutoff: Any) -> Any:
    """The value of a traced cutoff: the pseudo-inverse goes in steps as it varies."""
    if batched(cutoff) or isinstance(plain(cutoff), Traced):
        raise NoDerivativeError(
            f"{located()}pinv: the cutoff differs from entry to entry of a batch, or from call to call of a compiled function. "
            "Give a number or an ndarray, or write a loop in the place of vmap."
        )
    return plain(cutoff)


@implements(np.linalg.matrix_rank, plain=_matrix_rank.reason)
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """How many singular values are above tol, or above rtol times the largest."""
    if A.ndim < 2 or not (is_traced(tol) or is_traced(rtol)):
        return _matrix_rank(A, tol=tol, hermitian=hermitian, rtol=rtol)
    if tol is not None and rtol is not None:
        raise ValueError("`tol` and `rtol` can't be both set.")
    s = _sizes(eigvalsh(A)) if hermitian else _svdvals(A)
    cutoff = tol[..., None] if rtol is None else np.max(s, axis=-1, keepdims=True, initial=0) * rtol[..., None]
    return np.count_nonzero(np.greater(s, cutoff), axis=-1)


# Norms


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """A norm of vectors (one axis) or of matrices (two axes), or the 2-norm of everything.

    At an entry 0 its derivative by that entry is 0, the middle of a kink; also of orders between 0 and 1, where it is that of
    a cusp with the slopes -inf and inf (as in PyTorch; np.abs(x) ** p has nan there).
    """
    x, n = x if x.dtype.kind in "fc" else x.astype(float), x.ndim
    if ord is None and axis is None:
        return _norm(x, axis=tuple(range(n)), keepdims=bool(keepdims))
    axis = normalize_axis_tuple(range(n) if axis is None else axis, n)
    if len(axis) == 1:
        return _norm_of_vectors(x, ord, axis, keepdims)
    if len(axis) == 2:
        return _norm_of_matrices(x, ord, axis, keepdims)
    raise ValueError(f"Improper number of dimensions to norm: it is over one axis or two, not {len(axis)}.")


def _norm_of_vectors(x: Any, ord: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    settings: Any = {"axis": axis, "keepdims": bool(keepdims)}
    traced = isinstance(ord, Traced)  # then 1 and 2 have a slope by it
    if ord is None or (ord == 2 and not traced):
        return _norm(x, **settings)
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order '{ord}' for vectors")
    if ord == 0:
        return np.sum((x != 0).astype(np.finfo(np.result_type(x, np.float16)).dtype), **settings)
    size = np.abs(x)
    if ord == inf:
        return np.max(size, initial=0, **settings)
    if ord == -inf:
        return np.min(size, **settings)
    if ord == 1 and not traced:
        return np.sum(size, **settings)
    if not traced:
        return _power_norm(size, p=float(ord), **settings)
    p: Any = ord
    y = _power(np.sum(_power(size, p), **settings), 1 / p)  # the root has an infinite slope at 0, the norm none
    return y if y.ndim else y[()]


def _power(size: Any, p: Any) -> Any:
    """size**p, constant at 0."""
    zero = np.equal(size, 0)
    return np.where(zero, 0 if p > 0 else inf, np.where(zero, 1, size) ** p)


def _norm_of_matrices(x: Any, ord: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    rows, columns = axis
    if ord in (None, "fro", "f"):
        return _norm(x, axis=tuple(sorted(axis)), keepdims=bool(keepdims))
    if ord in ("nuc", 2, -2):
        y = _of_singular_values(_svdvals(np.moveaxis(x, axis, (-2, -1))), ord)
    elif ord in (1, -1, inf, -inf):
        summed, left = axis if abs(ord) == 1 else (columns, rows)
        sums = np.sum(np.abs(x), axis=summed)
        left -= left > summed
        y = np.max(sums, axis=left, initial=0) if ord > 0 else np.min(sums, axis=left)
    else:
        raise ValueError(f"Invalid norm order {ord!r} for matrices.")
    return np.expand_dims(y, axis) if keepdims else y


def _of_singular_values(s: Any, ord: Any) -> Any:
    if ord == "nuc":
        return np.sum(s, axis=-1)
    if not s.shape[-1]:
        return np.max(s, axis=-1, initial=0) if ord == 2 else np.min(s, axis=-1)
    which = 0 if ord == 2 else -1
    return s[..., which] if s.ndim > 1 else s[which]  # with an ellipsis it would be an array


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """A norm of the matrices of the last two axes."""
    return norm(x, ord, (-2, -1), keepdims)


@implements(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """A norm over one axis, several, or all, as of one long vector."""
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim)
    if ord == 2 and not isinstance(ord, Traced):
        return _norm(x, axis=axes, keepdims=bool(keepdims))
    rest = [i for i in range(x.ndim) if i not in axes]
    y = np.reshape(np.transpose(x, (*axes, *rest)), (prod(x.shape[i] for i in axes), *(x.shape[i] for i in rest)))
    y = norm(y, ord, 0)
    return np.expand_dims(y, axes) if keepdims else y
