"""Stand-ins for np.linalg: general eigenvalues, QR, least squares, condition numbers, and tensors taken as matrices."""

from __future__ import annotations

from math import inf, prod
from typing import Any

import numpy as np

from bibun.arrays.creation import as_array
from bibun.arrays.linalg import norm, svdvals, truncated_inverse, truncates
from bibun.arrays.registry import implements, row
from bibun.core.traced import plain
from bibun.errors import NoDerivativeError, located
from bibun.primitives.matrices import power_of_two
from bibun.primitives.repeated import differentiated, generic_completion

_eig, _eigvals, _qr, _lstsq, _inv = row("eig"), row("eigvals"), row("qr"), row("lstsq"), row("inv")
_singular = row("singular")


_QRResult: Any = type(np.linalg.qr(np.eye(1)))  # which NumPy does not export
_EigResult: Any = type(np.linalg.eig(np.eye(1)))


def _are_real(a: Any, w: Any) -> bool:
    """NumPy gives real results for a real matrix whose eigenvalues all are real: a decision by the values."""
    return a.dtype.kind != "c" and not bool(np.any(np.not_equal(np.imag(plain(w)), 0)))


@implements(np.linalg.eig)
def eig(a: Any) -> Any:
    """Eigenvalues, and eigenvectors of length 1 as columns, of a square matrix.

    What depends on the phases of complex vectors, or on the basis of the vectors of equal eigenvalues, has no derivative:
    DerivativeValueError.
    """
    w, v = _eig(a, strict=True)
    return _EigResult(np.real(w), np.real(v)) if _are_real(a, w) else _EigResult(w, v)


@implements(np.linalg.eigvals)
def eigvals(a: Any) -> Any:
    """Eigenvalues of a square matrix, in no order. Equal ones share the derivative."""
    w = _eigvals(a)
    return np.real(w) if _are_real(a, w) else w


@implements(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    """a = q r, the columns of q orthonormal and r upper triangular; mode "r" is r alone."""
    if mode == "r":
        return _qr(a, mode="reduced")[1]
    if mode not in ("reduced", "complete"):
        raise NoDerivativeError(
            f"{located()}np.linalg.qr(mode={mode!r}) has no derivative rule: it gives the reflections that LAPACK "
            "works with. The modes reduced, complete and r have."
        )
    q, r = _qr(a, mode=mode)
    k = r.shape[-1]
    if q.shape[-1] <= k or not differentiated(a):
        return _QRResult(q, r)
    return _QRResult(generic_completion(q, np.full(q.shape[:-2], k)), r)


@implements(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """x with the least |b - a x| (of these, the shortest), the sums of squares that are left, the rank, the singular values.

    The derivative is that of a matrix whose rank does not change.
    """
    a, b = as_array(a), as_array(b)
    if a.ndim != 2 or b.ndim not in (1, 2):
        raise np.linalg.LinAlgError(f"lstsq: a must have 2 axes and b 1 or 2; the shapes are {a.shape} and {b.shape}.")
    m, n = a.shape
    eps = float(np.finfo(float).eps)  # of single precision too: LAPACK is asked for double
    rcond = eps * max(m, n) if rcond is None else rcond
    if truncates(a, rcond):
        inverse, kept, s = truncated_inverse(a, rcond)
        return inverse @ b, s[:0], np.sum(kept, dtype=np.int32), s
    x, residuals, s = _lstsq(a, b if b.ndim == 2 else b[:, None], rcond=float(rcond))
    cutoff = (rcond if rcond >= 0 else eps / 2) * np.max(s, initial=0)
    rank = np.sum(np.greater(s, cutoff), dtype=np.int32)
    if m <= n or bool(np.any(np.not_equal(plain(rank), n))):
        residuals = residuals[:0]
    return (x if b.ndim == 2 else x[:, 0]), residuals, rank, s


@implements(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """|x| |x^-1| in the norm p; in the 2-norm, the largest singular value by the smallest. Infinite for a singular matrix."""
    if 0 in x.shape[-2:]:
        raise np.linalg.LinAlgError("cond is not defined on empty arrays")
    if p is None or p in (2, -2):
        s = svdvals(x)
        s = s / power_of_two(s, -1)  # as below
        with np.errstate(all="ignore"):
            y = s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
        return _infinite_unless_nan(y, x)
    x = x if x.dtype.kind in "fc" else x.astype(float)
    singular = _singular(x)
    regular = np.where(singular[..., None, None], np.eye(x.shape[-1], dtype=x.dtype), x)
    scale = power_of_two(regular)  # without it squares, and the slopes of inverses, leave the range
    y = norm(x / scale, p, (-2, -1)) * norm(_inv(regular / scale), p, (-2, -1))
    y = np.where(singular, inf, y).astype(y.dtype)
    return _infinite_unless_nan(y if x.ndim > 2 else y[()], x)


def _infinite_unless_nan(y: Any, x: Any) -> Any:
    """Nan as infinity, where the matrix has no nan itself."""
    wrong = np.isnan(y) & ~np.any(np.isnan(x), axis=(-2, -1))
    return np.where(wrong, inf, y).astype(y.dtype) if bool(np.any(plain(wrong))) else y


@implements(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse of a as a map from its last axes to its first `ind`: tensordot(tensorinv(a), a, ind) is the identity."""
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    rows, columns = a.shape[:ind], a.shape[ind:]
    return np.reshape(_inv(np.reshape(a, (prod(columns), -1))), (*columns, *rows))


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """x with tensordot(a, x, x.ndim) = b, the axes of a that are named moved to its end first."""
    a, b = as_array(a), as_array(b)
    if axes is not None:
        kept = [i for i in range(a.ndim) if i not in [k % a.ndim for k in axes]]
        a = np.transpose(a, (*kept, *(k % a.ndim for k in axes)))
    shape = a.shape[b.ndim :]
    if prod(shape) ** 2 != a.size:
        raise np.linalg.LinAlgError(
            "Input arrays must satisfy the requirement prod(a.shape[b.ndim:]) == prod(a.shape[:b.ndim])"
        )
    matrix = np.reshape(a, (-1, prod(shape)))
    return np.reshape(np.linalg.solve(matrix, np.reshape(b, (-1,))), shape)
