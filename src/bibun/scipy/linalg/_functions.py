"""Functions of matrices: exponential, logarithm, powers, square root, sign, and the trigonometric ones made of the first.

The derivative of f at a in the direction e is the upper right block of f([[a, e], [0, a]]), and the pullback that of a^T:
Higham, "Functions of Matrices" (2008), chapter 3. Where an equation or SciPy gives the same for less, that is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.arrays.deciding import anywhere, everywhere
from bibun.arrays.registry import add_rows
from bibun.core.broadcasting import unbroadcast
from bibun.core.kinds import general
from bibun.core.primitive import Primitive
from bibun.core.traced import Traced, plain
from bibun.errors import DerivativeValueError, located
from bibun.primitives.matrices import power_of_two
from bibun.scipy._calls import no_rule, stands_for
from bibun.scipy.linalg._matrices import transpose
from bibun.scipy.linalg._solvers import solve, sylvester


def _blocks(a: Any, e: Any) -> Any:
    """[[a, e], [0, a]]."""
    a = np.broadcast_to(a, np.broadcast_shapes(np.shape(a), np.shape(e)))
    dtype = np.result_type(a, e)
    a, e = (x if np.result_type(x) == dtype else x.astype(dtype) for x in (a, np.broadcast_to(e, np.shape(a))))
    return np.concatenate([np.concatenate([a, e], axis=-1), np.concatenate([np.zeros_like(e), a], axis=-1)], axis=-2)


def _upper_right(x: Any) -> Any:
    n = np.shape(x)[-1] // 2
    return x[..., :n, n:]


# The exponential, and its derivative as a function of two matrices: l(a, e) is linear in e, and its own derivative by a
# in the direction t is the upper right block of l([[a, t], [0, a]], [[e, 0], [0, e]]).


def _expm(a: Any) -> Any:
    return source.expm(a)


def _frechet(a: Any, e: Any, *, method: str | None) -> Any:
    a, e = np.broadcast_arrays(a, e)
    y = np.empty(a.shape, np.result_type(a, e, np.float32))
    for i in np.ndindex(a.shape[:-2]):
        y[i] = source.expm_frechet(a[i], e[i], method, compute_expm=False, check_finite=False) if a.size else 0
    return y


def _second(a: Any, e: Any, t: Any, method: str | None) -> Any:
    """The derivative of l(a, e) by a in the direction t; in e and t it is symmetric."""
    return _upper_right(expm_frechet_row(_blocks(a, t), _blocks(e, np.zeros_like(e)), method=method))


expm_frechet_row: Primitive = general(
    _frechet,
    # of stacks it is broadcast: of one matrix in many directions, too, which is what a batch of tangents is
    lambda g, a, e, a_shape, method: unbroadcast(_second(transpose(a), transpose(e), g, method), a_shape),
    lambda g, a, e_shape, method: unbroadcast(expm_frechet_row(transpose(a), g, method=method), e_shape),
    pushforwards=(
        lambda t, a, e, method: _second(a, e, t, method),
        lambda t, a, method: expm_frechet_row(a, t, method=method),
    ),
    inputs=("a", "e"),
    batch="leading",
    domain=("square", "square"),
    name="expm_frechet",
)
expm_row = general(
    _expm,
    lambda g, a: expm_frechet_row(transpose(a), g, method=None),
    pushforwards=(lambda t, a: expm_frechet_row(a, t, method=None),),
    inputs=("a",),
    batch="leading",
    domain=("square",),
    name="expm",
)


@stands_for(source.expm)
def expm(A: Any) -> Any:
    """The exponential 1 + a + a^2 / 2 + ..."""
    a = as_array(A)
    return expm_row(np.reshape(a, (1, 1)) if a.ndim < 2 and a.size == 1 else a)


@stands_for(source.expm_frechet)
def expm_frechet(A: Any, E: Any, method: str | None = None, compute_expm: bool = True) -> Any:
    """The exponential of a, and its derivative in the direction e."""
    a, e = as_array(A), as_array(E)
    derivative = expm_frechet_row(a, e, method=method)
    if method != "blockEnlarge":  # where SciPy begins with a unit matrix of float64
        derivative, a = (x.astype(np.result_type(x, np.float64)) for x in (derivative, a))
    if not compute_expm:
        return derivative
    y = expm_row(a)
    return (y if y.shape == derivative.shape else np.copy(np.broadcast_to(y, derivative.shape))), derivative


# The logarithm and fractional powers: by the blocks


def _of_blocks(function: Callable[..., Any], name: str) -> Primitive:
    def derivative(t: Any, a: Any, power: Any) -> Any:
        of_a, of_t = power_of_two(a), power_of_two(t)  # it is linear in t, and SciPy's methods want blocks of one size
        return _upper_right(row(_blocks(a, t / of_t * of_a), power=power)) / of_a * of_t

    row = general(
        function,
        lambda g, a, power: derivative(g, transpose(a), power),
        pushforwards=(derivative,),
        inputs=("a",),
        batch="leading",
        domain=("dominant",),
        name=name,
    )
    return row


def _of_each(function: Callable[[Any], Any], a: Any) -> Any:
    """function(a), of equal matrices of a stack once, and [[y, 0], [0, y]] of [[x, 0], [0, x]]: that is what most of the blocks
    of higher derivatives are, since each direction moves one number. (Of a third one of logm, 15 in 16.)"""
    if a.ndim == 2 or not a.size:
        return function(a)
    known: dict[bytes, Any] = {}

    def found(x: Any) -> Any:
        n = len(x) // 2
        if len(x) == 2 * n and not x[:n, n:].any() and not x[n:, :n].any() and np.array_equal(x[:n, :n], x[n:, n:]):
            y = found(x[:n, :n])
            return _blocks(y, np.zeros_like(y))
        key = x.tobytes()
        if key not in known:
            known[key] = function(x)
        return known[key]

    return np.reshape(np.stack([found(a[i]) for i in np.ndindex(a.shape[:-2])]), a.shape)


def _logm(a: Any, *, power: None) -> Any:
    return _of_each(
        source.logm, np.asarray(a, np.result_type(a, np.float64))
    )  # it checks itself by its result, of float64


def _fractional_matrix_power(a: Any, *, power: float) -> Any:
    return _of_each(lambda x: source.fractional_matrix_power(x, power), a)


logm_row = _of_blocks(_logm, "logm")
fractional_matrix_power_row = _of_blocks(_fractional_matrix_power, "fractional_matrix_power")


@stands_for(source.logm)
def logm(A: Any) -> Any:
    """The logarithm whose eigenvalues have imaginary parts in (-pi, pi]."""
    return logm_row(as_array(A), power=None)


@stands_for(source.fractional_matrix_power)
def fractional_matrix_power(A: Any, t: Any) -> Any:
    """a^t for a number t."""
    if isinstance(t, Traced):
        raise no_rule("fractional_matrix_power", "by the exponent; write bibun.scipy.linalg.expm(t * logm(A))")
    return fractional_matrix_power_row(as_array(A), power=t)


# Square root and sign: their derivatives solve Sylvester equations

sqrtm_row = general(
    lambda a: source.sqrtm(a),
    lambda g, y: sylvester(transpose(y), transpose(y), g),
    pushforwards=(lambda t, y: sylvester(y, y, t),),
    inputs=("a",),
    batch="leading",
    domain=("dominant",),
    name="sqrtm",
)


@stands_for(source.sqrtm)
def sqrtm(A: Any) -> Any:
    """The y with y y = a whose eigenvalues have no negative real part: y dy + dy y = da."""
    return sqrtm_row(as_array(A))


def _push_sign(t: Any, y: Any, a: Any) -> Any:
    n = y @ a
    return sylvester(n, n, t - y @ t @ y)


def _pull_sign(g: Any, y: Any, a: Any) -> Any:
    n = transpose(y @ a)
    q = sylvester(n, n, g)
    return q - transpose(y) @ q @ transpose(y)


signm_row = general(
    lambda a: source.signm(a),
    _pull_sign,
    pushforwards=(_push_sign,),
    inputs=("a",),
    batch="leading",
    domain=("square",),
    name="signm",
)
add_rows(expm_frechet_row, expm_row, logm_row, fractional_matrix_power_row, sqrtm_row, signm_row)


@stands_for(source.signm)
def signm(A: Any) -> Any:
    """The matrix with a's eigenvectors and eigenvalues -1 or 1: with n = y a, n dy + dy n = da - y da y."""
    return signm_row(as_array(A))


# Made of exponentials, as SciPy does


def _waves(a: Any, sign: int) -> Any:
    """e^(i a) + sign e^(-i a)."""
    return expm(1j * a) + sign * expm(-1j * a)


@stands_for(source.cosm)
def cosm(A: Any) -> Any:
    """(e^(i a) + e^(-i a)) / 2."""
    a = as_array(A)
    return 0.5 * _waves(a, 1) if a.dtype.kind == "c" else np.real(expm(1j * a))


@stands_for(source.sinm)
def sinm(A: Any) -> Any:
    """(e^(i a) - e^(-i a)) / 2i."""
    a = as_array(A)
    return -0.5j * _waves(a, -1) if a.dtype.kind == "c" else np.imag(expm(1j * a))


@stands_for(source.tanm)
def tanm(A: Any) -> Any:
    """cos(a)^-1 sin(a)."""
    return solve(cosm(A), sinm(A))


@stands_for(source.coshm)
def coshm(A: Any) -> Any:
    """(e^a + e^-a) / 2."""
    a = as_array(A)
    return 0.5 * (expm(a) + expm(-a))


@stands_for(source.sinhm)
def sinhm(A: Any) -> Any:
    """(e^a - e^-a) / 2."""
    a = as_array(A)
    return 0.5 * (expm(a) - expm(-a))


@stands_for(source.tanhm)
def tanhm(A: Any) -> Any:
    """cosh(a)^-1 sinh(a)."""
    return solve(coshm(A), sinhm(A))


@stands_for(source.funm)
def funm(A: Any, func: Callable[..., Any]) -> Any:
    """v func(w) v⁻¹ of the eigenvalues w, which differ, and the vectors v; real where it is, of a real matrix.

    func takes the array of the eigenvalues, as complex numbers. Raises DerivativeValueError near a matrix that has too few
    eigenvectors, where the derivative would lose half of its digits.
    """
    a = as_array(A)
    w, v = np.linalg.eig(a.astype(np.result_type(a, np.complex64)))
    # A derivative has two factors v and two v⁻¹, so it loses the digits of the condition twice, and some by the gaps of w.
    # Measured on [[1, 1], [0, 1 + gap]]: at 700 in double precision 8 digits are left, at 2000 there are 7.
    condition = np.linalg.cond(plain(v))
    if anywhere(condition > (700 if w.dtype.char == "D" else 50)):
        raise DerivativeValueError(
            f"{located()}funm: the eigenvectors are nearly dependent (condition {np.max(plain(condition)):.1e}): v func(w) v⁻¹ "
            "and its derivative lose too many digits. Write expm, logm, sqrtm, or fractional_matrix_power, which do without "
            "eigenvectors."
        )
    y = np.swapaxes(solve(np.swapaxes(v, -1, -2), np.swapaxes(v * func(w)[..., None, :], -1, -2)), -1, -2)
    tolerance = np.finfo(y.dtype).eps * (1e6 if y.dtype.char == "D" else 1e3)  # SciPy's
    return np.real(y) if a.dtype.kind != "c" and everywhere(np.abs(np.imag(y)) <= tolerance) else y
