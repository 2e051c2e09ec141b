"""Legendre functions and spherical harmonics of scipy.special, with their derivatives up to order diff_n.

Called without a traced argument, each is SciPy's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.arrays.scipy_backend import as_scipy_has_it
from bibun.scipy import _special_rows as rows_here
from bibun.scipy._calls import any_traced, as_degrees

scipy_special = as_scipy_has_it(special)


def _derivatives(row: Any, *arguments: Any, diff_n: int, **options: Any) -> Any:
    settings = {"options": tuple(options.items())} if row is not rows_here.legendre_p else {}
    arguments = tuple(map(as_degrees, arguments))
    return np.stack([row(*arguments, order=k, **settings) for k in range(diff_n + 1)])


def _all(n: int, m: int, *values: Any) -> tuple[Any, Any]:
    """The degrees 0, 1, ..., n and the orders 0, 1, ..., m, -m, ..., -1, along two axes before those of the values."""
    after = (1,) * len(np.broadcast_shapes(*(np.shape(value) for value in values)))
    orders = [*range(abs(m) + 1), *range(-abs(m), 0)]
    return np.reshape(np.arange(n + 1), (-1, 1, *after)), np.reshape(orders, (1, -1, *after))


def _as_precise(y: Any, *values: Any) -> Any:
    """As precise as the values are: degrees and orders that are whole numbers of 64 bits do not count here."""
    dtype = np.result_type(np.float32, *map(np.result_type, values))
    return y.astype(np.result_type(dtype, np.complex64) if y.dtype.kind == "c" else dtype, copy=False)


def legendre_p(n: Any, z: Any, *, diff_n: int = 0) -> Any:
    """P_n(z) and its derivatives up to order `diff_n`, along a first axis."""
    if not any_traced(n, z):
        return scipy_special.legendre_p(n, z, diff_n=diff_n)
    return _derivatives(rows_here.legendre_p, n, z, diff_n=diff_n)


def legendre_p_all(n: Any, z: Any, *, diff_n: int = 0) -> Any:
    """P_0(z), ..., P_n(z)."""
    if not any_traced(n, z):
        return scipy_special.legendre_p_all(n, z, diff_n=diff_n)
    return _as_precise(legendre_p(_all(n, 0, z)[0][:, 0], z, diff_n=diff_n), z)


def assoc_legendre_p(n: Any, m: Any, z: Any, *, branch_cut: Any = 2, norm: bool = False, diff_n: int = 0) -> Any:
    """P_n^m(z) and its derivatives up to order `diff_n`, along a first axis."""
    if not any_traced(n, m, z):
        return scipy_special.assoc_legendre_p(n, m, z, branch_cut=branch_cut, norm=norm, diff_n=diff_n)
    return _derivatives(rows_here.assoc_legendre_p, n, m, z, diff_n=diff_n, branch_cut=branch_cut, norm=norm)


def assoc_legendre_p_all(n: Any, m: Any, z: Any, *, branch_cut: Any = 2, norm: bool = False, diff_n: int = 0) -> Any:
    """The same of all degrees and orders up to n and m."""
    settings = {"branch_cut": branch_cut, "norm": norm, "diff_n": diff_n}
    if not any_traced(n, m, z):
        return scipy_special.assoc_legendre_p_all(n, m, z, **settings)
    return assoc_legendre_p(*_all(n, m, z), z, **settings)


def sph_legendre_p(n: Any, m: Any, theta: Any, *, diff_n: int = 0) -> Any:
    """P_n^m(cos θ) as in Y_n^m, and its derivatives by θ up to order `diff_n`, along a first axis."""
    if not any_traced(n, m, theta):
        return scipy_special.sph_legendre_p(n, m, theta, diff_n=diff_n)
    return _derivatives(rows_here.sph_legendre_p, n, m, theta, diff_n=diff_n)


def sph_legendre_p_all(n: Any, m: Any, theta: Any, *, diff_n: int = 0) -> Any:
    """The same of all degrees and orders up to n and m."""
    if not any_traced(n, m, theta):
        return scipy_special.sph_legendre_p_all(n, m, theta, diff_n=diff_n)
    return _as_precise(sph_legendre_p(*_all(n, m, theta), theta, diff_n=diff_n), theta)


def sph_harm_y(n: Any, m: Any, theta: Any, phi: Any, *, diff_n: int = 0) -> Any:
    """Y_n^m(θ, φ), with its gradient and Hessian matrix by θ and φ for diff_n = 1 and 2."""
    if not any_traced(n, m, theta, phi):
        return scipy_special.sph_harm_y(n, m, theta, phi, diff_n=diff_n)
    ps = sph_legendre_p(n, m, theta, diff_n=diff_n)
    turn = 1j * np.asarray(m)
    wave = np.exp(turn * phi)

    def by(i: int, j: int) -> Any:  # i times by θ, j times by φ
        return ps[i] * wave * turn**j

    y = by(0, 0)
    if diff_n == 0:
        return y
    gradient = np.stack([by(1, 0), by(0, 1)], axis=-1)
    if diff_n == 1:
        return y, gradient
    return y, gradient, np.stack([np.stack([by(2, 0), by(1, 1)], -1), np.stack([by(1, 1), by(0, 2)], -1)], -2)


def sph_harm_y_all(n: Any, m: Any, theta: Any, phi: Any, *, diff_n: int = 0) -> Any:
    """The same of all degrees and orders up to n and m."""
    if not any_traced(n, m, theta, phi):
        return scipy_special.sph_harm_y_all(n, m, theta, phi, diff_n=diff_n)
    y = sph_harm_y(*_all(n, m, theta, phi), theta, phi, diff_n=diff_n)
    return tuple(_as_precise(part, theta, phi) for part in y) if diff_n else _as_precise(y, theta, phi)
