"""Stand-ins for polynomials given by their coefficients, the highest power first, as np.poly1d holds them.

np.poly1d itself holds a traced vector of coefficients and calls these. np.polynomial computes in Python, and is let do so
with traced arrays: answers.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays.creation import as_array
from bibun.arrays.deciding import everywhere
from bibun.arrays.registry import BY_NAME, implements, row
from bibun.errors import warn

_roots, _rounded_product = row("roots"), row("rounded_product")


def _coefficients(*polynomials: Any) -> tuple[Any, ...]:
    """As vectors; of a np.poly1d those that it holds."""
    return tuple(np.atleast_1d(p.coeffs if isinstance(p, np.poly1d) else as_array(p)) for p in polynomials)


def _as_given(y: Any, *polynomials: Any) -> Any:
    """A np.poly1d where one was given."""
    return np.poly1d(y) if any(isinstance(p, np.poly1d) for p in polynomials) else y


def _longer(a: Any, length: int) -> Any:
    """With zeros in front."""
    return np.concatenate([np.zeros(length - a.shape[0], a.dtype), a]) if a.shape[0] < length else a


def _aligned(a1: Any, a2: Any) -> tuple[Any, Any]:
    a, b = _coefficients(a1, a2)
    length = max(a.shape[0], b.shape[0])
    return _longer(a, length), _longer(b, length)


@implements(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    """The sum."""
    a, b = _aligned(a1, a2)
    return _as_given(a + b, a1, a2)


@implements(np.polysub)
def polysub(a1: Any, a2: Any) -> Any:
    """The difference."""
    a, b = _aligned(a1, a2)
    return _as_given(a - b, a1, a2)


@implements(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    """The product."""
    a, b = map(_from_its_degree, _coefficients(a1, a2))
    return _as_given(np.convolve(a, b), a1, a2)


def _from_its_degree(p: Any) -> Any:
    """Without zeros in front, as a poly1d is."""
    trimmed = np.trim_zeros(p, "f")
    return trimmed if len(trimmed) else p[-1:] if len(p) else np.zeros(1)


@implements(np.polydiv)
def polydiv(u: Any, v: Any) -> tuple[Any, Any]:
    """The quotient and the remainder, by long division."""
    a, b = (p + 0.0 for p in _coefficients(u, v))
    dtype = np.result_type(a, b)
    rest, n, scale = a.astype(dtype), b.shape[0], 1.0 / b[0]
    quotient, gone = [], []
    for _ in range(a.shape[0] - n + 1):
        factor = scale * rest[0]
        quotient.append(factor)
        gone.append(rest[0] - _rounded_product(factor, b[0]))
        rest = np.concatenate([rest[1:n] - factor * b[1:], rest[n:]])
    q = np.stack(quotient) if quotient else np.zeros(1, dtype)
    # NumPy keeps the entries that the division has made 0, until the first that is not: nan, where it divides by 0
    if gone and not everywhere(np.less_equal(np.abs(np.stack(gone)), 1e-8)):
        rest = np.concatenate([np.stack(gone), rest])
    rest = np.concatenate([np.zeros(1, dtype), rest]) if not rest.shape[0] else rest
    while rest.shape[0] > 1 and everywhere(np.less_equal(np.abs(rest[0]), 1e-8)):
        rest = rest[1:]
    return _as_given(q, u, v), _as_given(rest, u, v)


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """p[0] x**(n-1) + ... + p[n-1], by Horner's scheme; of a np.poly1d x the composed polynomial."""
    (coefficients,) = _coefficients(p)
    composed = isinstance(x, np.poly1d)
    x = x if composed else as_array(x)
    y: Any = 0 if composed else np.zeros_like(x)
    for c in coefficients:
        y = y * x + c
    return y


@implements(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    """The m-th derivative."""
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    (y,) = _coefficients(p)
    for _ in range(int(m)):
        y = y[:-1] * np.arange(y.shape[0] - 1, 0, -1)
    return _as_given(y, p)


@implements(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """The m-th integral, with these constants of integration."""
    m = int(m)
    if m < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    (y,) = _coefficients(p)
    constants = np.atleast_1d(np.zeros(m) if k is None else as_array(k))
    if constants.shape[0] == 1 and m > 1:
        constants = np.broadcast_to(constants, (m,))
    if constants.shape[0] < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    for i in range(m):
        y = np.concatenate([y / np.arange(y.shape[0], 0, -1), constants[i : i + 1]])
    return _as_given(y, p)


@implements(np.vander)
def vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    """The powers of each entry, from N - 1 to 0, or the other way round."""
    x = as_array(x)
    if x.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    x = x.astype(np.promote_types(x.dtype, int))
    n = x.shape[0] if N is None else int(N)
    powers = np.zeros((x.shape[0], 0), x.dtype)
    if n > 0:
        repeated = np.broadcast_to(x[:, None], (x.shape[0], n - 1))
        powers = np.cumprod(np.concatenate([np.ones_like(x[:, None]), repeated], axis=1), axis=1)
    return powers if increasing else np.copy(np.flip(powers, 1), order="C")


@implements(np.roots)
def roots(p: Any) -> Any:
    """Where the polynomial is 0; in an order that NumPy chooses. Real where all are real, as NumPy's."""
    (c,) = _coefficients(p)
    if c.ndim != 1:
        raise ValueError("Input must be a rank-1 array.")
    while c.shape[0] and everywhere(np.equal(c[0], 0)):
        c = c[1:]
    if c.shape[0] < 2:
        return np.array([])
    y = _roots(c)
    return np.real(y) if everywhere(np.equal(np.imag(y), 0)) else y


@implements(np.poly)
def poly(seq_of_zeros: Any) -> Any:
    """The polynomial with these zeros, or the characteristic one of a square matrix."""
    zeros = np.atleast_1d(as_array(seq_of_zeros))
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1] and zeros.shape[0]:
        real = zeros.dtype.kind != "c"
        zeros = np.linalg.eigvals(zeros)
    elif zeros.ndim == 1:
        real = zeros.dtype.kind != "c"
        zeros = zeros if zeros.dtype.kind in "fc" else zeros.astype(float)
    else:
        raise ValueError("input must be 1d or non-empty square 2d array.")
    if not zeros.shape[0]:
        return 1.0
    if zeros.dtype.char == "e":
        zeros = zeros.astype(float)  # as NumPy has no polynomials of half precision
    y: Any = np.ones(1, zeros.dtype)
    for i in range(zeros.shape[0]):
        y = np.concatenate([y[:1], y[1:] - zeros[i] * y[:-1], -zeros[i] * y[-1:]])
    if y.dtype.kind == "c" and (real or everywhere(np.equal(np.sort(zeros), np.sort(np.conjugate(zeros))))):
        return np.real(y)
    return y


@implements(np.polyfit)
def polyfit(x: Any, y: Any, deg: Any, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False) -> Any:
    """The coefficients of the polynomial of degree `deg` with the least sum of (w (p(x) - y))**2.

    Columns of the powers of x are scaled to length 1, and singular values below rcond times the largest count as zero.
    """
    x, y = as_array(x) + 0.0, as_array(y) + 0.0
    n = int(deg) + 1
    _check_fit(x, y, n)
    if rcond is None:
        rcond = x.shape[0] * np.finfo(x.dtype).eps
    left, right = vander(x, n), y
    if w is not None:
        w = as_array(w) + 0.0
        if w.shape != x.shape:
            raise TypeError("expected a 1-d array of the length of y for weights")
        left, right = left * w[:, None], (right.T * w).T
    scale = np.sqrt(np.sum(left * left, axis=0))
    left = left / scale
    c, residuals, rank, sizes = np.linalg.lstsq(left, right, float(rcond))
    fitted = (c.T / scale).T
    if full:
        return fitted, residuals, rank, sizes, rcond
    if not everywhere(np.equal(rank, n)):
        warn("Polyfit may be poorly conditioned", np.exceptions.RankWarning)
    return (fitted, _covariance(left, scale, residuals, y, cov)) if cov else fitted


def _check_fit(x: Any, y: Any, n: int) -> None:
    """NumPy's conditions on the points."""
    if n < 1:
        raise ValueError("expected deg >= 0")
    if x.ndim != 1:
        raise TypeError("expected 1D vector for x")
    if not x.size:
        raise TypeError("expected non-empty vector for x")
    if y.ndim not in (1, 2):
        raise TypeError("expected 1D or 2D array for y")
    if x.shape[0] != y.shape[0]:
        raise TypeError("expected x and y to have same length")


def _covariance(left: Any, scale: Any, residuals: Any, y: Any, cov: Any) -> Any:
    """Of the coefficients: the inverse of the normal matrix, times the variance of what the fit leaves."""
    m, n = left.shape
    factor: Any = 1
    if cov != "unscaled":
        if m <= n:
            raise ValueError("the number of data points must exceed order to scale the covariance matrix")
        factor = residuals / (m - n)
    base = np.linalg.inv(left.T @ left) / np.outer(scale, scale)
    return base * factor if y.ndim == 1 else base[:, :, None] * factor


# Those of np.polynomial that NumPy asks traced arrays about: coefficients c[i, j] of x**i y**j


def _horner(x: Any, c: Any) -> Any:
    y = c[-1]
    for k in range(c.shape[0] - 2, -1, -1):
        y = y * x + c[k]
    return y


def _in_two_variables(*, grid: bool) -> Any:
    """At the points (x, y), or at all of a grid."""

    def evaluate(x: Any, y: Any, c: Any) -> Any:
        x, y, c = as_array(x), as_array(y), as_array(c)
        c = c * 1.0 if c.dtype.kind in "biu" else c  # as NumPy has coefficients
        if not grid and x.shape != y.shape:
            raise ValueError("x, y are incompatible")
        along_x = _horner(x, np.reshape(c, c.shape + (1,) * x.ndim))
        return _horner(y, np.reshape(along_x, along_x.shape + (1,) * y.ndim) if grid else along_x)

    return evaluate


BY_NAME["numpy.polynomial.polynomial.polyval2d"] = _in_two_variables(grid=False)
BY_NAME["numpy.polynomial.polynomial.polygrid2d"] = _in_two_variables(grid=True)
