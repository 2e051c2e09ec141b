"""Rows of the exponential, sine and cosine integrals (DLMF 6), the dilogarithm (25.12) and Lambert's W (4.13)."""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.core import kinds
from bibun.core.kinds import elementwise, general
from bibun.primitives.series import joined, polynomial

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


def _guarded_over(g: Any, even: Any, x: Any) -> Any:
    """g even / x, infinite at 0 unless g is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return kinds.guarded_times(g, even / x)


def _pull_sici(g: Any, x: Any) -> Any:
    """g[0] sin(x) / x + g[1] cos(x) / x"""
    finite = _at_most_finite(x)
    return g[0] * _about_0(np.sin(finite), _SINE, x) + _guarded_over(g[1], np.cos(finite), x)


def _push_sici(t: Any, x: Any) -> Any:
    finite = _at_most_finite(x)
    return t * _about_0(np.sin(finite), _SINE, x), _guarded_over(t, np.cos(finite), x)


def _pull_shichi(g: Any, x: Any) -> Any:
    """g[0] sinh(x) / x + g[1] cosh(x) / x"""
    return g[0] * _about_0(np.sinh(x), _SINH, x) + _guarded_over(g[1], np.cosh(x), x)


def _push_shichi(t: Any, x: Any) -> Any:
    return t * _about_0(np.sinh(x), _SINH, x), _guarded_over(t, np.cosh(x), x)


expi = elementwise(special.expi, lambda x: np.exp(x) / x, guarded=True, domain=("nonzero",))
exp1 = elementwise(special.exp1, lambda x: -np.exp(-x) / x, guarded=True, domain=("positive",))
spence = elementwise(special.spence, _slope_of_spence, guarded=True, domain=("positive",))
sici = general(
    special.sici, _pull_sici, pushforwards=(_push_sici,), inputs=("x",), batch="elementwise", domain=("positive",)
)
shichi = general(
    special.shichi, _pull_shichi, pushforwards=(_push_shichi,), inputs=("x",), batch="elementwise", domain=("positive",)
)
lambertw = elementwise(
    special._ufuncs._lambertw,  # what special.lambertw calls
    lambda y: np.exp(-y) / (1 + y),
    "the branch k: an integer does not vary continuously",
    "the tolerance tol: it is a setting",
    guarded=True, domain=("positive", "whole", "tolerance"), name="lambertw",
)  # fmt: skip
