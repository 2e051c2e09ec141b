"""Densities of the distributions: what the partial derivatives of their integrals are made of. Holds no row."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.primitives.series import polynomial

# B_2k / (2k (2k - 1)), of Stirling's log Γ(x) (DLMF 5.11.1); the next term at x = 12 is 2e-17
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


def gamma_density(a: Any, b: Any) -> Any:
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


def beta_density(a: Any, b: Any, c: Any, rest: Any = None) -> Any:
    """c**(a - 1) (1 - c)**(b - 1) / B(a, b); `rest` is 1 - c, where more of its digits are known"""
    rest = 1 - c if rest is None else rest
    n = a + 1.0 * b  # any n > 0 gives the same; with this one the factors are near the tops of their densities
    return n * gamma_density(a, n * c) * gamma_density(b, n * rest) / gamma_density(n, n)
