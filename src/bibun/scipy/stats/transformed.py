"""Continuous families that are others at a power, a logarithm or a fold of x, and some on an interval.

A line of mathematics each, as in families.py. Source: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions (1994).
"""

from __future__ import annotations

from math import log, pi, sqrt
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.scipy.stats.continuous import POSITIVE, Continuous
from bibun.scipy.stats.families import gamma, invgauss
from bibun.scipy.stats.formulas import (
    EULER,
    LOG_ROOT_2PI,
    finite_exp,
    flat_root,
    log_i0e,
    log_normal,
    log_power_of_burr,
    log_rest_over_power,
    rest_of_power,
)

_GAMMA: Any = gamma.forms
_INVGAUSS: Any = invgauss.forms


def _log_rest(y: Any) -> Any:
    """log(1 - exp(-y)) for y > 0, with all digits at either end."""
    near = y < log(2)
    below, above = np.where(near, y, 0.5), np.where(near, 1.0, y)
    return np.where(near, np.log(-np.expm1(-below)), np.log1p(-np.exp(-above)))


# Of the normal

johnsonsu = Continuous(
    "johnsonsu", lambda z, a, b: np.log(b) - np.log(np.hypot(1.0, z)) + log_normal(a + b * np.arcsinh(z)),
    lambda z, a, b: special.ndtr(a + b * np.arcsinh(z)), positive=lambda a, b: b > 0,
    sf=lambda z, a, b: special.ndtr(-a - b * np.arcsinh(z)), logcdf=lambda z, a, b: special.log_ndtr(a + b * np.arcsinh(z)),
    logsf=lambda z, a, b: special.log_ndtr(-a - b * np.arcsinh(z)), ppf=lambda q, a, b: np.sinh((special.ndtri(q) - a) / b),
    isf=lambda q, a, b: np.sinh((-special.ndtri(q) - a) / b), mean=lambda a, b: -np.exp(0.5 / b**2) * np.sinh(a / b),
    var=lambda a, b: np.expm1(b**-2.0) * (np.exp(b**-2.0) * np.cosh(2 * a / b) + 1) / 2,
)  # fmt: skip
johnsonsb = Continuous(
    "johnsonsb", lambda z, a, b: np.log(b) - np.log(z) - np.log1p(-z) + log_normal(a + b * special.logit(z)),
    lambda z, a, b: special.ndtr(a + b * special.logit(z)), support=(0.0, 1.0), positive=lambda a, b: b > 0,
    sf=lambda z, a, b: special.ndtr(-a - b * special.logit(z)),
    logcdf=lambda z, a, b: special.log_ndtr(a + b * special.logit(z)),
    logsf=lambda z, a, b: special.log_ndtr(-a - b * special.logit(z)),
    ppf=lambda q, a, b: special.expit((special.ndtri(q) - a) / b), isf=lambda q, a, b: special.expit((-special.ndtri(q) - a) / b),
)  # fmt: skip
foldnorm = Continuous(
    "foldnorm", lambda z, c: np.logaddexp(log_normal(z + c), log_normal(z - c)),
    lambda z, c: (special.erf((z - c) / sqrt(2)) + special.erf((z + c) / sqrt(2))) / 2, support=POSITIVE,
    positive=lambda c: c >= 0, sf=lambda z, c: (special.erfc((z - c) / sqrt(2)) + special.erfc((z + c) / sqrt(2))) / 2,
    mean=lambda c: _mean_of_foldnorm(c), var=lambda c: c**2 + 1 - _mean_of_foldnorm(c) ** 2,
)  # fmt: skip
rice = Continuous(
    "rice", lambda z, b: np.log(z) - (z - b) ** 2 / 2 + log_i0e(z * b),
    lambda z, b: special.chndtr(z**2, 2.0, b**2), support=POSITIVE, positive=lambda b: b >= 0,
    mean=lambda b: _mean_of_rice(b), var=lambda b: 2 + b**2 - _mean_of_rice(b) ** 2,
)  # fmt: skip
moyal = Continuous(
    "moyal", lambda z: -(z + np.exp(-z)) / 2 - LOG_ROOT_2PI, lambda z: special.erfc(finite_exp(-z / 2) / sqrt(2)),
    sf=lambda z: special.erf(finite_exp(-z / 2) / sqrt(2)), ppf=lambda q: -np.log(2 * special.erfcinv(q) ** 2),
    isf=lambda q: -np.log(2 * special.erfinv(q) ** 2), mean=lambda: log(2) + EULER, var=lambda: pi**2 / 2,
)  # fmt: skip
wald = Continuous(
    "wald", lambda z: _INVGAUSS["logpdf"](z, 1.0), lambda z: _INVGAUSS["cdf"](z, 1.0), support=POSITIVE,
    sf=lambda z: _INVGAUSS["sf"](z, 1.0), logcdf=lambda z: _INVGAUSS["logcdf"](z, 1.0),
    logsf=lambda z: _INVGAUSS["logsf"](z, 1.0), mean=lambda: 1.0, var=lambda: 1.0,
)  # fmt: skip


def _mean_of_foldnorm(c: Any) -> Any:
    return 2 * np.exp(log_normal(c)) + c * special.erf(c / sqrt(2))


def _mean_of_rice(b: Any) -> Any:
    """sqrt(π/2) 1F1(-1/2, 1, -b²/2), by Bessel functions (DLMF 13.6.9 and 13.3)."""
    half = b**2 / 2
    return sqrt(pi / 2) * ((1 + half) * np.exp(log_i0e(half / 2)) + half * special.i1e(half / 2))


# Of gamma

erlang = Continuous(
    "erlang", _GAMMA["logpdf"], _GAMMA["cdf"], support=POSITIVE, sf=_GAMMA["sf"], ppf=_GAMMA["ppf"],
    isf=_GAMMA["isf"], mean=gamma.moments["mean"], var=gamma.moments["var"], entropy=gamma.moments["entropy"],
)  # fmt: skip
gengamma = Continuous(
    "gengamma", lambda z, a, c: np.log(np.abs(c)) + special.xlogy(c * a - 1, z) - z**c - special.gammaln(a),
    lambda z, a, c: np.where(c > 0, special.gammainc(a, z**c), special.gammaincc(a, z**c)), support=POSITIVE,
    positive=lambda a, c: (a > 0) & (c != 0),
    sf=lambda z, a, c: np.where(c > 0, special.gammaincc(a, z**c), special.gammainc(a, z**c)),
    ppf=lambda q, a, c: np.where(c > 0, special.gammaincinv(a, q), special.gammainccinv(a, q)) ** (1 / c),
    isf=lambda q, a, c: np.where(c > 0, special.gammainccinv(a, q), special.gammaincinv(a, q)) ** (1 / c),
)  # fmt: skip
nakagami = Continuous(
    "nakagami",
    lambda z, nu: log(2) + special.xlogy(nu, nu) - special.gammaln(nu) + special.xlogy(2 * nu - 1, z) - nu * z**2,
    lambda z, nu: special.gammainc(nu, nu * z**2), support=POSITIVE, sf=lambda z, nu: special.gammaincc(nu, nu * z**2),
    ppf=lambda q, nu: flat_root(special.gammaincinv(nu, q) / nu), isf=lambda q, nu: flat_root(special.gammainccinv(nu, q) / nu),
    mean=lambda nu: _mean_of_nakagami(nu), var=lambda nu: 1 - _mean_of_nakagami(nu) ** 2,
)  # fmt: skip


def _mean_of_nakagami(nu: Any) -> Any:
    return np.exp(special.gammaln(nu + 0.5) - special.gammaln(nu)) / np.sqrt(nu)


# Of the exponential and the logistic

exponweib = Continuous(
    "exponweib",
    lambda z, a, c: np.log(a * c) + special.xlogy(a * c - 1, z) + (a - 1) * np.log(special.exprel(-(z**c))) - z**c,
    lambda z, a, c: (-np.expm1(-(z**c))) ** a, support=POSITIVE, logcdf=lambda z, a, c: a * _log_rest(z**c),
    sf=lambda z, a, c: -np.expm1(a * _log_rest(z**c)),
    ppf=lambda q, a, c: q ** (1 / a / c) * log_rest_over_power(q, 1 - q, 1 / a) ** (1 / c),
    isf=lambda q, a, c: (1 - q) ** (1 / a / c) * log_rest_over_power(1 - q, q, 1 / a) ** (1 / c),
)  # fmt: skip
burr = Continuous(
    "burr",
    lambda z, c, d: np.log(c * d) + log_power_of_burr(z, c, d, c * d - 1),
    lambda z, c, d: np.exp(d * special.log_expit(c * np.log(z))), support=POSITIVE,
    sf=lambda z, c, d: -np.expm1(d * special.log_expit(c * np.log(z))),
    logcdf=lambda z, c, d: d * special.log_expit(c * np.log(z)),
    logsf=lambda z, c, d: _log_rest(-d * special.log_expit(c * np.log(z))),
    ppf=lambda q, c, d: q ** (1 / (c * d)) * rest_of_power(q, 1 - q, 1 / d) ** (-1 / c),
    isf=lambda q, c, d: (1 - q) ** (1 / (c * d)) * rest_of_power(1 - q, q, 1 / d) ** (-1 / c),
)  # fmt: skip

# On an interval


def _loguniform(name: str) -> Continuous:
    """It has two names."""
    return Continuous(
        name, lambda z, a, b: -np.log(z) - np.log(np.log(b / a)), lambda z, a, b: np.log(z / a) / np.log(b / a),
        support=lambda a, b: (a, b), positive=lambda a, b: (a > 0) & (b > a),
        sf=lambda z, a, b: np.log(b / z) / np.log(b / a), ppf=lambda q, a, b: a * np.exp(q * np.log(b / a)),
        isf=lambda q, a, b: b * np.exp(-q * np.log(b / a)), mean=lambda a, b: (b - a) / np.log(b / a),
        var=lambda a, b: (b - a) * ((b + a) / 2 - (b - a) / np.log(b / a)) / np.log(b / a),
        entropy=lambda a, b: (np.log(a) + np.log(b)) / 2 + np.log(np.log(b / a)),
    )  # fmt: skip


loguniform, reciprocal = _loguniform("loguniform"), _loguniform("reciprocal")


def _side(z: Any, c: Any) -> tuple[Any, Any, Any]:
    """Whether z is to the left of the peak c, how far from the end on that side, and how far the peak is."""
    left = (z < c) | (c == 1)
    return left, np.where(left, z, 1 - z), np.where(left, c, 1 - c)


def _triangle(z: Any, c: Any, *, above: bool) -> Any:
    left, far, peak = _side(z, c)
    rest = np.where(
        far < 0.5, peak - far**2, z * (1 - z) + np.where(left, c - z, z - c)
    )  # peak - far², near 1 by 1 - z
    return np.where(left == above, rest, far**2) / peak


def _of_triangle(q: Any, rest: Any, c: Any) -> Any:
    left = q < c
    return np.where(left, np.sqrt(np.where(left, c * q, 1.0)), 1 - np.sqrt(np.where(left, 1.0, (1 - c) * rest)))


triang = Continuous(
    "triang", lambda z, c: log(2) + np.log(_side(z, c)[1]) - np.log(_side(z, c)[2]),
    lambda z, c: _triangle(z, c, above=False), support=(0.0, 1.0), positive=lambda c: (c >= 0) & (c <= 1),
    sf=lambda z, c: _triangle(z, c, above=True),
    ppf=lambda q, c: _of_triangle(q, 1 - q, c), isf=lambda q, c: 1 - _of_triangle(q, 1 - q, 1 - c),
    mean=lambda c: (1 + c) / 3, var=lambda c: (1 - c + c**2) / 18, entropy=lambda c: 0.5 - log(2) + 0.0 * c,
)  # fmt: skip

TRANSFORMED = {name: family for name, family in globals().items() if isinstance(family, Continuous)}
for _name in ("gamma", "invgauss"):  # which are families.py's
    del TRANSFORMED[_name]

__all__ = ["TRANSFORMED", *TRANSFORMED]
