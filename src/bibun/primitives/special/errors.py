"""Rows of the error functions and of the normal distribution (DLMF 7)."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.core.broadcasting import is_complex
from bibun.core.kinds import elementwise
from bibun.primitives.series import polynomial

# (2m + 1)!!, the coefficients of the derivatives of erfcx and dawsn far out in z = 1/(2 x**2), to |x| = 10 (DLMF 7.12.1)
_FAR = [1.0]
for _m in range(1, 14):
    _FAR.append(_FAR[-1] * (2 * _m + 1))


def _bell(x: Any, factor: float) -> Any:
    """exp(factor x**2), factor -1 or -1/2: beyond |x| = 40, where it is less than e**-800, no square overflows."""
    if is_complex(x):
        return np.exp(factor * x * x)
    near = np.minimum(np.maximum(x, -40), 40)
    return np.exp(factor * near * near)


def slope_of_erfcx(y: Any, x: Any) -> Any:
    """2 x y - 2/√π; for x > 10, where its two parts cancel, -1/(√π x²) (1 - 3/(2x²) + 15/(2x²)² - ...)"""

    def far(x: Any) -> Any:
        r = 1 / x
        return -1 / sqrt(pi) * r * r * polynomial(_FAR, -r * r / 2)

    near = np.logical_not(np.real(x) > 10)  # of a Python number too, where ~ is not
    return np.where(near, 2 * np.where(near, x, 0) * y - 2 / sqrt(pi), far(np.where(near, 10, x)))


def _slope_of_wofz(y: Any, x: Any) -> Any:
    """2i/√π - 2 x y; above the real axis from |z| = 12, where its parts cancel, -i/(√π z²) (1 + 3/(2z²) + 15/(2z²)² + ...)"""
    z = x + 0j
    far = (np.abs(z) > 12) & (np.imag(z) >= 0)
    r = 1 / np.where(far, z, 12)
    outer = -1j / sqrt(pi) * r * r * polynomial(_FAR, r * r / 2)
    return np.where(far, outer, 2j / sqrt(pi) - 2 * np.where(far, 0, z) * y)


def _voigt(a: Any, b: Any, c: Any) -> tuple[Any, Any, Any]:
    """The profile and its slopes by x and γ as one complex number, for σ = 0 of Cauchy: (1/π) i/z, z = x + iγ."""
    sharp = np.equal(b, 0)
    width = np.where(sharp, 1.0, b) * sqrt(2)
    z = a + 1j * c
    u = z / width
    w = special.wofz(u)
    by_z = np.where(sharp, -1j / pi / np.where(sharp, z, 1.0) ** 2, _slope_of_wofz(w, u) / (width * width * sqrt(pi)))
    by_width = -(np.real(w) + np.real(u * _slope_of_wofz(w, u))) / (width * width) * sqrt(2 / pi)
    return np.real(by_z), np.where(sharp, 0.0, by_width), -np.imag(by_z)


def _slope_of_dawsn(y: Any, x: Any) -> Any:
    """1 - 2 x y; for |x| > 10, where its two parts cancel, -1/(2x²) (1 + 3/(2x²) + 15/(2x²)² + ...)"""
    if is_complex(x):
        return 1 - 2 * x * y

    def far(x: Any) -> Any:
        r = 1 / x
        return -r * r / 2 * polynomial(_FAR, r * r / 2)

    near = ~(np.abs(x) > 10)
    return np.where(near, 1 - 2 * np.where(near, x, 0) * y, far(np.where(near, 10, x)))


def _slope_of_log_ndtr(x: Any) -> Any:
    """φ(x) / Φ(x); for x < 0, where both vanish, √(2/π) / erfcx(-x/√2), which is -x below -1e8"""
    if is_complex(x):
        return sqrt(2 / pi) / special.erfcx(-x / sqrt(2))
    high, low = x > 0, x < -1e8
    up, down = np.where(high, x, 0), np.where(high | low, 0, x)
    above = _bell(up, -0.5) / special.ndtr(up) / sqrt(2 * pi)
    return np.where(high, above, np.where(low, -x, sqrt(2 / pi) / special.erfcx(-down / sqrt(2))))


erf = elementwise(special.erf, lambda x: 2 / sqrt(pi) * _bell(x, -1), native="erf")
erfc = elementwise(special.erfc, lambda x: -2 / sqrt(pi) * _bell(x, -1), native="erfc")
erfcx = elementwise(special.erfcx, slope_of_erfcx)
erfi = elementwise(special.erfi, lambda x: 2 / sqrt(pi) * np.exp(x * x))
dawsn = elementwise(special.dawsn, _slope_of_dawsn)
erfinv = elementwise(
    special.erfinv, lambda y: sqrt(pi) / 2 * np.exp(y * y), guarded=True, native="erfinv", domain=("unit",)
)
erfcinv = elementwise(
    special.erfcinv, lambda y: -sqrt(pi) / 2 * np.exp(y * y), guarded=True, domain=("probability",), native="erfcinv"
)
ndtr = elementwise(special.ndtr, lambda x: _bell(x, -0.5) / sqrt(2 * pi), native="ndtr")
log_ndtr = elementwise(special.log_ndtr, _slope_of_log_ndtr, native="log_ndtr")
ndtri = elementwise(
    special.ndtri, lambda y: sqrt(2 * pi) * np.exp(y * y / 2), guarded=True, native="ndtri", domain=("probability",)
)
ndtri_exp = elementwise(
    special.ndtri_exp, lambda y: sqrt(pi / 2) * special.erfcx(-y / sqrt(2)), guarded=True, domain=("negative",)
)
wofz = elementwise(special.wofz, _slope_of_wofz)
voigt_profile = elementwise(
    special.voigt_profile, lambda a, b, c: _voigt(a, b, c)[0], lambda a, b, c: _voigt(a, b, c)[1],
    lambda a, b, c: _voigt(a, b, c)[2], domain=("real", "positive", "positive"),
)  # fmt: skip
