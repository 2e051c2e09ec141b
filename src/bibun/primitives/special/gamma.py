"""Rows of the gamma and beta functions, complete and incomplete, and of Hurwitz's zeta (DLMF 5, 8, 25)."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.core.kinds import elementwise
from bibun.primitives.series import polynomial
from bibun.primitives.special.densities import beta_density, gamma_density

# B_2k / 2k, of ψ(x) = log x - 1/(2x) - Σ B_2k / (2k x**2k) (DLMF 5.11.2); the next term at x = 10 is 4e-17
_DIGAMMA = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)
# B_2k, of ψ'(x) = 1/x + 1/(2x²) + Σ B_2k / x**(2k + 1)
_TRIGAMMA = [2 * k * c for k, c in enumerate(_DIGAMMA, start=1)]
_SHIFT = 10


def _turned(x: Any) -> tuple[Any, Any]:
    """sin(πx) and cos(πx), of what x is apart from an integer."""
    n = np.rint(np.real(x))
    sign = 1 - 2 * np.remainder(n, 2)
    return sign * np.sin(pi * (x - n)), sign * np.cos(pi * (x - n))


def _trigamma(x: Any) -> Any:
    """ψ'(x) = Σ 1/(x + k)² + ψ'(x + 10), k < 10; for x < 1/2 reflected: (π / sin πx)² - ψ'(1 - x)"""
    low = np.real(x) < 0.5
    up = np.where(low, 1 - x, x)
    r = 1 / (up + _SHIFT)
    above = r + r * r / 2 + r * r * r * polynomial(_TRIGAMMA, r * r)
    for k in range(_SHIFT):  # DLMF 5.15.5; as exact as ζ(2, x) of SciPy, a tenth of its time, and for complex x too
        r = 1 / (up + k)
        above = above + r * r
    sine, _ = _turned(np.where(low, x, 0.5))
    return np.where(low, (pi / sine) ** 2 - above, above)


def _digamma_step(a: Any, b: Any) -> Any:
    """ψ(a + b) - ψ(a), for positive a and b without their cancellation: each term has the factor b"""
    usual = (a > 0) & (b > 0)
    direct = special.psi(a + b) - special.psi(a)
    a, b = np.where(usual, a, 1.0), np.where(usual, b, 1.0)
    u, v = 1 / (a + _SHIFT), 1 / (a + _SHIFT + b)
    s, t = u * u, v * v
    total, slope = _DIGAMMA[-1], 0.0  # slope: the divided difference of the polynomial between s and t
    for c in reversed((0.0, *_DIGAMMA[:-1])):
        total, slope = c + s * total, total + t * slope
    step = np.log1p(b * u) + b * u * v / 2 + b * u * v * (u + v) * slope
    for k in range(_SHIFT):
        step = step + b / (a + k) / (a + k + b)
    return np.where(usual, step, direct)


def _step(a: Any, m: Any) -> Any:
    """ψ(a + m) - ψ(a); for whole m, to the left of the last pole, where both are infinite alike, reflected:
    -(ψ(1 - a) - ψ(1 - a - m))"""
    turned = (a < 1) & (a + m <= 0) & np.equal(np.rint(m), m)
    low = np.where(turned, 1 - a - m, 1.0)
    direct = _digamma_step(np.where(turned, 1.0, a), np.where(turned, 1.0, m))
    backward = _digamma_step(low, np.where(turned, np.abs(m), 1.0))
    forward = _digamma_step(np.where(turned, 1 - a, 1.0), np.where(turned, np.abs(m), 1.0))
    return np.where(turned, np.where(m < 0, forward, -backward), direct)


def _reflected(x: Any) -> Any:
    """cos πx - ψ(1 - x) sin(πx) / π"""
    sine, cosine = _turned(x)
    return cosine - special.psi(1 - x) * sine / pi


def _slope_of_reflected(x: Any) -> Any:
    """(ψ'(1 - x) / π - π) sin πx - ψ(1 - x) cos πx"""
    sine, cosine = _turned(x)
    return (_trigamma(1 - x) / pi - pi) * sine - special.psi(1 - x) * cosine


# A row, since Γ(1 - x) is infinite below -170: in the pullback of a sum of products it would meet the 0 of each sine by itself.
reflected_digamma = elementwise(_reflected, _slope_of_reflected, native="reflected_digamma", name="reflected_digamma")


def _slope_of_rgamma(y: Any, x: Any) -> Any:
    """-y ψ(x); for x < 1/2 reflected, since ψ is infinite where y is 0: Γ(1 - x) (cos πx - ψ(1 - x) sin(πx) / π)"""
    low = np.real(x) < 0.5
    up = np.where(low, 1.0, x)
    psi = np.where(np.equal(y, 0) & ~low, 0, special.psi(up))
    below = special.gamma(np.where(low, 1 - x, 1)) * reflected_digamma(np.where(low, x, 0))
    return np.where(low, below, -y * psi)


def _rgamma_and_slope(x: Any) -> tuple[Any, Any]:
    y = special.rgamma(x)
    return y, _slope_of_rgamma(y, x)


def _between_poles(top: Any, m: Any) -> Any:
    """Whether Γ(top) is a number; where it is negative and m is whole, others have their poles where it has"""
    return (np.abs(top) < 170) & ((top > 0) | (np.not_equal(np.rint(top), top) & np.not_equal(np.rint(m), m)))


def _poch_by_base(y: Any, a: Any, m: Any, scale: Any = 1.0) -> Any:
    """y (ψ(a + m) - ψ(a)), y = Γ(a + m) / Γ(a) times scale; about the poles of Γ(a), where y is 0, by the slope of 1/Γ"""
    root = (a < 0.5) & _between_poles(a + m, m) & (a > -170)
    top = np.where(root, a + m, 1.0)
    r, slope = _rgamma_and_slope(np.where(root, a, 0.0))
    about = special.gamma(top) * (special.psi(top) * r + slope) * scale
    return np.where(root, about, y * _step(np.where(root, 1.0, a), np.where(root, 1.0, m)))


def _binom_by_n(y: Any, n: Any, k: Any) -> Any:
    """y (ψ(n + 1) - ψ(n - k + 1)), which is (n - k + 1)_k / k! by its base"""
    return _poch_by_base(y, n - 1.0 * k + 1, 1.0 * k, special.rgamma(k + 1.0))


def _binom_by_k(y: Any, n: Any, k: Any) -> Any:
    """y (ψ(n - k + 1) - ψ(k + 1)); about the poles of Γ(k + 1) and Γ(n - k + 1), where y is 0, by the slope of 1/Γ"""
    k = 1.0 * k
    root = ((k < -0.5) | (n - k < -0.5)) & _between_poles(n + 1.0, n) & (np.abs(k) < 170) & (np.abs(n - k) < 170)
    (r, r1), (t, t1) = (_rgamma_and_slope(np.where(root, x, 0.0)) for x in (k + 1, n - k + 1))
    about = special.gamma(np.where(root, n + 1.0, 1.0)) * (r1 * t - r * t1)
    return np.where(root, about, y * _step(np.where(root, 1.0, k + 1), np.where(root, 1.0, n - 2 * k)))


_A = "the parameter a: its derivative has no closed form"
_B = "the parameter b: its derivative has no closed form"

gamma = elementwise(special.gamma, lambda y, x: y * special.psi(x), guarded=True, native="gamma", domain=("positive",))
gammaln = elementwise(special.gammaln, lambda x: special.psi(x), guarded=True, native="gammaln", domain=("positive",))
loggamma = elementwise(special.loggamma, lambda x: special.psi(x), guarded=True, domain=("positive",))
gammasgn = elementwise(special.gammasgn, 0, domain=("generic",))
rgamma = elementwise(special.rgamma, _slope_of_rgamma, guarded=True, native="rgamma")
digamma = elementwise(special.psi, _trigamma, guarded=True, native="digamma", domain=("positive",), name="digamma")
zeta = elementwise(
    special._ufuncs._zeta,  # what special.zeta calls
    "the parameter s: its derivative has no closed form", lambda a, b: -(a * special.zeta(a + 1.0, b)),
    guarded=True, domain=("above_one", "positive"), name="zeta",
)  # fmt: skip
beta = elementwise(
    special.beta, lambda y, a, b: -y * _digamma_step(a, b), lambda y, a, b: -y * _digamma_step(b, a),
    guarded=True, domain=("positive", "positive"),
)  # fmt: skip
betaln = elementwise(
    special.betaln, lambda a, b: -_digamma_step(a, b), lambda a, b: -_digamma_step(b, a),
    guarded=True, domain=("positive", "positive"),
)  # fmt: skip
binom = elementwise(
    special.binom,
    lambda y, a, b: _binom_by_n(y, a, b),
    lambda y, a, b: _binom_by_k(y, a, b),
    guarded=True,
    domain=("positive", "probability"),
)
poch = elementwise(
    special.poch, lambda y, a, b: _poch_by_base(y, 1.0 * a, 1.0 * b), lambda y, a, b: y * special.psi(1.0 * a + b),
    guarded=True, domain=("positive", "positive"),
)  # fmt: skip
zetac = elementwise(special.zetac, "the argument: the derivative of Riemann's zeta has no closed form")
riemann_zeta = elementwise(
    special._ufuncs._riemann_zeta,  # what special.zeta calls without q
    "the argument: the derivative of Riemann's zeta has no closed form", name="riemann_zeta",
)  # fmt: skip
gammainc = elementwise(special.gammainc, _A, gamma_density, guarded=True, domain=("positive", "positive"))
gammaincc = elementwise(
    special.gammaincc, _A, lambda a, b: -gamma_density(a, b), guarded=True, domain=("positive", "positive")
)
gammaincinv = elementwise(
    special.gammaincinv, _A, lambda y, a: 1 / gamma_density(a, y), guarded=True, domain=("positive", "probability")
)
gammainccinv = elementwise(
    special.gammainccinv, _A, lambda y, a: -1 / gamma_density(a, y), guarded=True, domain=("positive", "probability")
)
betainc = elementwise(
    special.betainc, _A, _B, lambda a, b, c: beta_density(a, b, c),
    guarded=True, domain=("positive", "positive", "probability"),
)  # fmt: skip
betaincc = elementwise(
    special.betaincc, _A, _B, lambda a, b, c: -beta_density(a, b, c),
    guarded=True, domain=("positive", "positive", "probability"),
)  # fmt: skip
betaincinv = elementwise(
    special.betaincinv, _A, _B, lambda y, a, b: 1 / beta_density(a, b, y),
    guarded=True, domain=("positive", "positive", "probability"),
)  # fmt: skip
betainccinv = elementwise(
    special.betainccinv, _A, _B, lambda y, a, b: -1 / beta_density(a, b, y),
    guarded=True, domain=("positive", "positive", "probability"),
)  # fmt: skip
