"""Forms of a linear system (polynomials, zeros and poles, sections, state space) and what moves its frequencies. No row.

Leading coefficients that are 0 are taken for absent, as SciPy does, where the shape of the result says how many there are: how
many roots there are is no variable. Where it does not, they are coefficients like any other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.arrays.deciding import common
from bibun.primitives.repeated import holds
from bibun.scipy._calls import any_traced, no_rule, stands_for
from bibun.scipy.linalg import expm
from bibun.scipy.signal._designs import digital, moved, of_roots, second_order

Polynomials = tuple[Any, Any]
Roots = tuple[Any, Any, Any]
States = tuple[Any, Any, Any, Any]


def _floats(x: Any) -> Any:
    x = np.atleast_1d(as_array(x))
    return x if x.dtype.kind in "fc" else x.astype(float)


def _doubles(x: Any) -> Any:
    """In double precision, where SciPy computes in it."""
    return _floats(x) * np.float64(1)


def trimmed(c: Any, size: float = 0.0) -> Any:
    """Without leading coefficients, of the last axis, that are no larger."""
    while c.shape[-1] > 1 and not common(np.any(np.abs(c[..., 0]) > size), "a polynomial without its leading zeros"):
        c = c[..., 1:]
    return c


def _aligned(b: Any, a: Any) -> Polynomials:
    """Of one length, the longer one's without the leading zeros that both have."""
    n = max(b.shape[0], a.shape[0])
    b, a = trimmed(np.stack([np.pad(c, (n - c.shape[0], 0)) for c in (b, a)]))
    return b, a


def _monic(a: Any) -> tuple[Any, Any]:
    """a over its first coefficient that is not 0, and that."""
    a = trimmed(_floats(a))
    if holds(a[0] == 0):
        raise ValueError("Denominator must have at least one nonzero element.")
    return a / a[0], a[0]


def _normalized(b: Any, a: Any) -> Polynomials:
    """Over the first coefficient of a; 1e-14 is SciPy's."""
    a, first = _monic(a)
    return trimmed(_floats(b) / first, 1e-14), a


def _roots(c: Any) -> Any:
    """The roots, in the precision of the coefficients also where there is none."""
    return np.roots(c) if c.shape[0] > 1 else np.zeros(0, c.dtype)


# ---- from one form to another


@stands_for(source.normalize)
def normalize(b: Any, a: Any) -> Polynomials:
    """b / a[0] and a / a[0], without leading zeros."""
    return _normalized(b, a)


@stands_for(source.tf2zpk)
def tf2zpk(b: Any, a: Any) -> Roots:
    """Zeros, poles and gain: the roots of b and of a, and b[0] / a[0]."""
    b, a = _normalized(b, a)
    return _roots(b), _roots(a), b[0]


@stands_for(source.zpk2tf)
def zpk2tf(z: Any, p: Any, k: Any) -> Polynomials:
    """k Π (s - z) and Π (s - p)"""
    z, p = np.atleast_1d(as_array(z)), np.atleast_1d(as_array(p))
    if z.ndim > 1:
        raise no_rule("zpk2tf", "z has one axis; take bibun.vmap over the others")
    return k * of_roots(z), of_roots(p)


@stands_for(source.sos2tf)
def sos2tf(sos: Any) -> Polynomials:
    """The products of the polynomials of the sections."""
    sos = as_array(sos) * 1.0
    b = a = np.ones(1, sos.dtype)
    for section in sos:
        b, a = np.polymul(b, section[:3]), np.polymul(a, section[3:])
    return b, a


@stands_for(source.sos2zpk)
def sos2zpk(sos: Any) -> Roots:
    """The roots of the sections, two of each: 0 where it has fewer."""
    k: Any = 1.0
    z: list[Any] = []
    p: list[Any] = []
    for section in as_array(sos):
        *roots, gain = tf2zpk(section[:3], section[3:])
        for found, those in zip((z, p), roots, strict=True):
            found.append(np.pad(those, (0, 2 - those.shape[0])).astype(complex))
        k = k * gain
    return np.concatenate(z), np.concatenate(p), k


@stands_for(source.zpk2sos)
def zpk2sos(z: Any, p: Any, k: Any, pairing: str | None = None, *, analog: bool = False) -> Any:
    """Sections of two zeros and two poles; which of them stand together is SciPy's choice."""
    z, p = (x.astype(complex) for x in (_floats(z), _floats(p)))
    return second_order(z, p, k, analog, pairing)


@stands_for(source.tf2sos)
def tf2sos(b: Any, a: Any, pairing: str | None = None, *, analog: bool = False) -> Any:
    """zpk2sos of the roots."""
    return zpk2sos(*tf2zpk(b, a), pairing, analog=analog)


@stands_for(source.tf2ss)
def tf2ss(num: Any, den: Any) -> States:
    """A, B, C, D, in the canonical form of a controller."""
    den, first = _monic(den)
    num = np.atleast_2d(_floats(num) / first)
    n = den.shape[0] - 1
    while num.shape[1] > n + 1 and not holds(np.abs(num[:, 0]) > 1e-14):  # SciPy's
        num = num[:, 1:]
    if num.shape[1] > n + 1:
        raise ValueError("Improper transfer function. `num` is longer than `den`.")
    num = np.pad(num, [(0, 0), (n + 1 - num.shape[1], 0)])
    first = num[:, :1]
    if not n:
        return np.zeros((1, 1)), np.zeros((1, 1)), np.zeros((num.shape[0], 1)), first
    a = np.concatenate([-den[None, 1:], np.eye(n - 1, n)])
    return a, np.eye(n, 1), num[:, 1:] - first * den[1:], first


@stands_for(source.ss2tf)
def ss2tf(A: Any, B: Any, C: Any, D: Any, input: int = 0) -> Polynomials:
    """C adj(s - A) B + D det(s - A) of each output, by one input, and det(s - A), by Faddeev's and Le Verrier's recursion.

    It has derivatives where eigenvalues of A are equal, too.
    """
    A, B, C, D = (np.atleast_2d(as_array(matrix)) * 1.0 for matrix in (A, B, C, D))
    b, d, n = B[:, input], D[:, input], A.shape[0]
    unit = np.eye(n, dtype=A.dtype)
    den, num, adjugate = [np.ones((), A.dtype)], [0.0 * d], unit
    for k in range(1, n + 1):
        num.append(C @ (adjugate @ b))
        adjugate = A @ adjugate
        den.append(-np.trace(adjugate) / k)
        adjugate = adjugate + den[-1] * unit
    found = np.stack(den)
    return np.stack(num, axis=-1) + d[:, None] * found, found


@stands_for(source.zpk2ss)
def zpk2ss(z: Any, p: Any, k: Any) -> States:
    """tf2ss of zpk2tf"""
    return tf2ss(*zpk2tf(z, p, k))  # type: ignore[no-any-return]


@stands_for(source.ss2zpk)
def ss2zpk(A: Any, B: Any, C: Any, D: Any, input: int = 0) -> Roots:
    """tf2zpk of ss2tf"""
    num, den = ss2tf(A, B, C, D, input)
    return tf2zpk(num[0], den)  # type: ignore[no-any-return]


@stands_for(source.residue)
def residue(b: Any, a: Any, tol: float = 1e-3, rtype: str = "avg") -> Roots:
    """Σ r / (s - p), and a polynomial k, that are b / a, of poles that are `tol` apart."""
    b, a = _doubles(b), trimmed(_doubles(a))
    poles: Any = np.roots(a)
    poles = np.take_along_axis(poles, np.argsort(np.abs(poles)), 0)
    apart = poles[:, None] - poles + np.eye(poles.shape[0])
    if holds((np.abs(apart) < tol) & (np.eye(poles.shape[0]) == 0)):
        raise no_rule("residue", "where poles are equal, they have no derivative by the coefficients")
    top = trimmed(b)
    k: Any = np.polydiv(top, a)[0] if top.shape[0] >= a.shape[0] else np.empty(0)
    # of b and of its remainder by a the values at the poles are the same
    return np.polyval(b, poles) / np.prod(apart, axis=-1) / a[0], poles, k


# ---- from one frequency to another


def _put_in(c: Any, top: Any, bottom: Any, order: int) -> Any:
    """bottom**order c(top / bottom), of polynomials, all of one length: np.polymul would take leading zeros away."""
    length = max(top.shape[0], bottom.shape[0])
    top, bottom = (np.pad(part, (length - part.shape[0], 0)) for part in (top, bottom))
    total, power = c[:1], np.ones(1, c.dtype)
    for k in range(1, c.shape[0]):
        power = np.convolve(power, bottom)
        total = np.convolve(total, top) + c[k] * power
    for _ in range(order - c.shape[0] + 1):
        total = np.convolve(total, bottom)
    return total


def _substituted(b: Any, a: Any, top: Any, bottom: Any) -> Polynomials:
    """Of s -> top / bottom, the numbers among them in lists."""
    b, a = _floats(b), _floats(a)
    dtype = np.result_type(b, a)
    top, bottom = (np.stack([as_array(c).astype(dtype) for c in part]) for part in (top, bottom))
    order = max(b.shape[0], a.shape[0]) - 1
    return _normalized(_put_in(b, top, bottom, order), _put_in(a, top, bottom, order))


@stands_for(source.lp2lp)
def lp2lp(b: Any, a: Any, wo: Any = 1.0) -> Polynomials:
    """s -> s / wo"""
    return _substituted(_doubles(b), _doubles(a), [1 / wo, 0.0], [1.0])


@stands_for(source.lp2hp)
def lp2hp(b: Any, a: Any, wo: Any = 1.0) -> Polynomials:
    """s -> wo / s"""
    return _substituted(b, a, [wo], [1.0, 0.0])


@stands_for(source.lp2bp)
def lp2bp(b: Any, a: Any, wo: Any = 1.0, bw: Any = 1.0) -> Polynomials:
    """s -> (s² + wo²) / (s bw)"""
    return _substituted(b, a, [1.0, 0.0, wo * wo], [bw, 0.0])


@stands_for(source.lp2bs)
def lp2bs(b: Any, a: Any, wo: Any = 1.0, bw: Any = 1.0) -> Polynomials:
    """s -> s bw / (s² + wo²)"""
    return _substituted(b, a, [bw, 0.0], [1.0, 0.0, wo * wo])


@stands_for(source.bilinear)
def bilinear(b: Any, a: Any, fs: Any = 1.0) -> Polynomials:
    """s -> 2 fs (z - 1) / (z + 1)"""
    return _substituted(*_aligned(_doubles(b), _doubles(a)), [2 * fs, -2 * fs], [1.0, 1.0])


@stands_for(source.lp2lp_zpk)
def lp2lp_zpk(z: Any, p: Any, k: Any, wo: Any = 1.0) -> Roots:
    """s -> s / wo"""
    return moved((_floats(z), _floats(p), k), "lowpass", wo)


@stands_for(source.lp2hp_zpk)
def lp2hp_zpk(z: Any, p: Any, k: Any, wo: Any = 1.0) -> Roots:
    """s -> wo / s"""
    return moved((_floats(z), _floats(p), k), "highpass", wo)


@stands_for(source.lp2bp_zpk)
def lp2bp_zpk(z: Any, p: Any, k: Any, wo: Any = 1.0, bw: Any = 1.0) -> Roots:
    """s -> (s² + wo²) / (s bw)"""
    return moved((_floats(z), _floats(p), k), "bandpass", wo, bw)


@stands_for(source.lp2bs_zpk)
def lp2bs_zpk(z: Any, p: Any, k: Any, wo: Any = 1.0, bw: Any = 1.0) -> Roots:
    """s -> s bw / (s² + wo²)"""
    return moved((_floats(z), _floats(p), k), "bandstop", wo, bw)


@stands_for(source.bilinear_zpk)
def bilinear_zpk(z: Any, p: Any, k: Any, fs: Any) -> Roots:
    """s -> 2 fs (z - 1) / (z + 1)"""
    return digital(_floats(z), _floats(p), k, 2.0 * fs)


# ---- from continuous to discrete time

_WEIGHTS = {"bilinear": 0.5, "tustin": 0.5, "euler": 0.0, "forward_diff": 0.0, "backward_diff": 1.0}


@stands_for(source.cont2discrete)
def cont2discrete(system: Any, dt: Any, method: str = "zoh", alpha: Any = None) -> Any:
    """The system that has the outputs of `system` at the multiples of dt, in the same form, and dt."""
    if not isinstance(system, (tuple, list)) or len(system) not in (2, 3, 4):
        raise ValueError("First argument must either be a tuple of 2 (tf), 3 (zpk), or 4 (ss) arrays.")
    if len(system) < 4:
        to, back = (tf2ss, ss2tf) if len(system) == 2 else (zpk2ss, ss2zpk)
        return (*back(*cont2discrete(to(*system), dt, method, alpha)[:4]), dt)
    a, b, c, d = (np.atleast_2d(as_array(matrix)) for matrix in system)
    n, m = b.shape
    if method in _WEIGHTS or method == "gbt":
        alpha = _WEIGHTS.get(method, alpha)
        if alpha is None or (not any_traced(alpha) and not 0 <= alpha <= 1):
            raise ValueError("Alpha parameter must be within the interval [0,1] for the gbt method")
        step = np.eye(n) - alpha * dt * a
        driven = np.linalg.solve(step, dt * b)
        held = np.linalg.solve(step, np.eye(n) + (1.0 - alpha) * dt * a)
        return held, driven, np.linalg.solve(step.T, c.T).T, d + alpha * (c @ driven), dt
    if method == "impulse":
        held = expm(a * dt)
        return held, held @ b * dt, c, c @ b * dt, dt
    if method not in ("zoh", "foh"):
        raise ValueError(f"Unknown transformation method '{method}'")
    both = np.concatenate([a, b], axis=1) * dt
    if method == "zoh":
        steps = expm(np.concatenate([both, np.zeros((m, n + m))]))
        return steps[:n, :n], steps[:n, n:], c, d, dt
    upper = np.pad(both, [(0, 0), (0, m)])
    steps = expm(np.concatenate([upper, np.eye(m, n + 2 * m, n + m), np.zeros((m, n + 2 * m))]))[:n]
    held, first, second = steps[:, :n], steps[:, n : n + m], steps[:, n + m :]
    return held, first - second + held @ second, c, d + c @ second, dt
