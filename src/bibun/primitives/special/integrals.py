"""Rows of the exponential, sine, cosine and Fresnel integrals (DLMF 6, 7), the dilogarithm (25.12) and Lambert's W (4.13)."""

from __future__ import annotations

from math import factorial, pi, sqrt
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.core.kinds import elementwise, several
from bibun.primitives.series import joined, polynomial
from bibun.primitives.special.errors import slope_of_erfcx

# -log(1 + d) / d in powers of d, to |d| = 1/10: the next term is 6e-18
_LOG1P = [(-1) ** (k + 1) / (k + 1) for k in range(16)]
# sin(x) / x and sinh(x) / x in powers of x**2, to |x| = 1: the next term is 2e-20
_SINE = [(-1) ** k / factorial(2 * k + 1) for k in range(10)]
_SINH = [1 / factorial(2 * k + 1) for k in range(10)]


def _slope_of_spence(x: Any) -> Any:
    """log(x) / (1 - x)"""
    near = np.abs(x - 1) < 0.1
    return joined(near, x - 1, lambda d: polynomial(_LOG1P, d), lambda d: -np.log(np.where(near, 2, x)) / d, 1)


def _at_most_finite(x: Any) -> Any:
    """x, and 0 in place of infinity: sin(0) / infinity is the limit of sin(x) / x."""
    return np.where(np.isinf(x), 0, x)


def _about_0(odd: Any, coefficients: list[float], x: Any) -> Any:
    """odd(x) / x, about 0 by its series; `odd` holds the values odd(x)."""
    return joined(np.abs(x) < 1, x, lambda x: polynomial(coefficients, x * x), lambda x: odd / x, 1)


def _sici(x: Any) -> tuple[Any, Any]:
    """sin(x)/x, cos(x)/x"""
    finite = _at_most_finite(x)
    return _about_0(np.sin(finite), _SINE, x), np.cos(finite) / x


def _shichi(x: Any) -> tuple[Any, Any]:
    """sinh(x)/x, cosh(x)/x"""
    return _about_0(np.sinh(x), _SINH, x), np.cosh(x) / x


def _slope_of_expn(y: Any, a: Any, b: Any) -> Any:
    """-E_(n-1)(x), and -(e**-x + y)/x for n = 0; SciPy cuts the order to an integer"""
    a = np.trunc(a)
    first = np.equal(a, 0)
    order = np.where(first, 1, a) - np.int64(1)
    return np.where(first, -(np.exp(-b) + y) / np.where(first, b, 1.0), -special.expn(order, b))


def _modified_fresnel(y: Any, x: Any, sign: int) -> tuple[Any, Any]:
    """-exp(±i x²), and erfcx'(e**(∓iπ/4) x) e**(∓iπ/4) / 2, since K is erfcx(e**(∓iπ/4) x) / 2"""
    turn = complex(sqrt(0.5), -sign * sqrt(0.5))
    return -np.exp(sign * 1j * x * x), turn / 2 * slope_of_erfcx(2 * y[1], turn * x)


expi = elementwise(special.expi, lambda x: np.exp(x) / x, guarded=True, domain=("nonzero",))
exp1 = elementwise(special.exp1, lambda x: -np.exp(-x) / x, guarded=True, domain=("positive",))
spence = elementwise(special.spence, _slope_of_spence, guarded=True, domain=("positive",))
sici = several(special.sici, lambda x: _sici(x), domain=("positive",))
shichi = several(special.shichi, lambda x: _shichi(x), domain=("positive",))
expn = elementwise(
    special.expn, "the order n: an integer does not vary continuously", lambda y, a, b: _slope_of_expn(y, a, b),
    guarded=True, domain=("whole", "positive"),
)  # fmt: skip
fresnel = several(special.fresnel, lambda x: (np.sin(pi / 2 * x * x), np.cos(pi / 2 * x * x)))
modfresnelp = several(special.modfresnelp, lambda y, x: _modified_fresnel(y, x, 1), domain=("positive",))
modfresnelm = several(special.modfresnelm, lambda y, x: _modified_fresnel(y, x, -1), domain=("positive",))
wrightomega = elementwise(special.wrightomega, lambda y: y / (1 + y), domain=("real",))
lambertw = elementwise(
    special._ufuncs._lambertw,  # what special.lambertw calls
    lambda y: np.exp(-y) / (1 + y),
    "the branch k: an integer does not vary continuously",
    "the tolerance tol: it is a setting",
    guarded=True, domain=("positive", "whole", "tolerance"), name="lambertw",
)  # fmt: skip
