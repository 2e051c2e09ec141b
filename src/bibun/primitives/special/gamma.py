"""Rows of the gamma and beta functions, complete and incomplete, and of Hurwitz's zeta (DLMF 5, 8, 25)."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.core.kinds import elementwise
from bibun.primitives.series import polynomial

# B_2k / 2k, of ψ(x) = log x - 1/(2x) - Σ B_2k / (2k x**2k) (DLMF 5.11.2); the next term at x = 10 is 4e-17
_DIGAMMA = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)
# B_2k, of ψ'(x) = 1/x + 1/(2x²) + Σ B_2k / x**(2k + 1)
_TRIGAMMA = [2 * k * c for k, c in enumerate(_DIGAMMA, start=1)]
# B_2k / (2k (2k - 1)), of Stirling's log Γ(x) (DLMF 5.11.1); the next term at x = 12 is 2e-17
_STIRLING = [c / (2 * k - 1) for k, c in enumerate(_DIGAMMA, start=1)]
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


def _slope_of_rgamma(y: Any, x: Any) -> Any:
    """-y ψ(x); for x < 1/2 reflected, since ψ is infinite where y is 0: Γ(1 - x) (cos πx - ψ(1 - x) sin(πx) / π)"""
    low = np.real(x) < 0.5
    up = np.where(low, 1 - x, x)
    psi = np.where(np.equal(y, 0) & ~low, 0, special.psi(up))
    sine, cosine = _turned(np.where(low, x, 0))
    return np.where(low, special.gamma(np.where(low, up, 1)) * (cosine - psi * sine / pi), -y * psi)


def _gamma_density(a: Any, b: Any) -> Any:
    """b**(a - 1) e**-b / Γ(a)"""
    large = a > 13
    top = np.minimum(b, 800)  # e**-800 is 0, and 800**12 is finite in float32 too
    small = np.where(large, 1.0, a)
    power = top ** (small - 1) * np.exp(-top) * special.rgamma(small)
    return np.where(large, _poisson(np.where(large, a - 1.0, 13), np.where(large, b, 13)), power)


def _poisson(k: Any, x: Any) -> Any:
    """x**k e**-x / k! for k > 12: about its top its exponent is small, where k log x and x are not.

    Loader, "Fast and accurate computation of binomial probabilities" (2000).
    """
    x = np.minimum(np.maximum(x, 1e-30), 1e30)  # beyond, it is 0
    apart = (x - k) / k
    close = np.abs(apart) < 0.5
    logarithm = np.where(close, np.log1p(np.where(close, apart, 0)), np.log(np.where(close, 1, x / k)))
    r = 1 / k
    return np.exp(k * logarithm - (x - k) - r * polynomial(_STIRLING, r * r)) / np.sqrt(2 * pi * k)


def _beta_density(a: Any, b: Any, c: Any) -> Any:
    """c**(a - 1) (1 - c)**(b - 1) / B(a, b)"""
    n = a + 1.0 * b  # any n > 0 gives the same; with this one the factors are near the tops of their densities
    return n * _gamma_density(a, n * c) * _gamma_density(b, n * (1 - c)) / _gamma_density(n, n)


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
gammainc = elementwise(special.gammainc, _A, _gamma_density, guarded=True, domain=("positive", "positive"))
gammaincc = elementwise(
    special.gammaincc, _A, lambda a, b: -_gamma_density(a, b), guarded=True, domain=("positive", "positive")
)
gammaincinv = elementwise(
    special.gammaincinv, _A, lambda y, a: 1 / _gamma_density(a, y), guarded=True, domain=("positive", "probability")
)
gammainccinv = elementwise(
    special.gammainccinv, _A, lambda y, a: -1 / _gamma_density(a, y), guarded=True, domain=("positive", "probability")
)
betainc = elementwise(
    special.betainc, _A, _B, _beta_density,
    guarded=True, domain=("positive", "positive", "probability"),
)  # fmt: skip
betaincc = elementwise(
    special.betaincc, _A, _B, lambda a, b, c: -_beta_density(a, b, c),
    guarded=True, domain=("positive", "positive", "probability"),
)  # fmt: skip
betaincinv = elementwise(
    special.betaincinv, _A, _B, lambda y, a, b: 1 / _beta_density(a, b, y),
    guarded=True, domain=("positive", "positive", "probability"),
)  # fmt: skip
betainccinv = elementwise(
    special.betainccinv, _A, _B, lambda y, a, b: -1 / _beta_density(a, b, y),
    guarded=True, domain=("positive", "positive", "probability"),
)  # fmt: skip
