"""Continuous families that are met less often: a density each, and a distribution function by which it changes with the shapes.

Their probabilities and quantiles are SciPy's values, whose slope by the point is the density. A line of mathematics each, as in
families.py. Sources: SciPy's manual; for kappa4 Hosking, IBM J. Res. Dev. 38 (1994).
"""

from __future__ import annotations

from math import log, pi
from typing import Any

import numpy as np
from scipy import special, stats  # type: ignore[import-untyped]

from bibun.primitives.repeated import holds
from bibun.primitives.series import joined, polynomial
from bibun.primitives.special.distributions import slope_of_kolmogorov
from bibun.primitives.special.noncentral import log_chi_square, log_fisher, log_student
from bibun.scipy.stats.continuous import POSITIVE, Continuous
from bibun.scipy.stats.families import beta, levy, lognorm, vonmises
from bibun.scipy.stats.formulas import (
    LOG_ROOT_2PI,
    above,
    below,
    distance,
    extreme,
    finite_expm1,
    log_normal,
    log_power_of_burr,
    quantile_of_extreme,
)
from bibun.scipy.stats.transformed import burr
from bibun.scipy.stats.values import by_value

_ROOT_2PI = np.exp(LOG_ROOT_2PI)
_NONE = "{}: its derivative has no closed form"
# of u, u², ...: log(1 + u) = u - u²/2 + u³ (...); and what Stirling's series leaves of log Γ(a), in 1/a, 1/a³, ...
_LOG1P_REST = [(-1) ** k / (k + 2) for k in range(18)]
_STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188]

# Of the normal

alpha = Continuous(
    "alpha", lambda z, a: log_normal(a - 1 / z) - 2 * np.log(z) - special.log_ndtr(a),
    by_value(lambda z, a: special.ndtr(a - 1 / z) / special.ndtr(a)), support=POSITIVE,
)  # fmt: skip
argus = Continuous(
    "argus",
    lambda z, chi: 3 * np.log(chi) - LOG_ROOT_2PI + np.log(z) + np.log1p(-(z**2)) / 2 - chi**2 * (1 - z**2) / 2
    - np.log(_mass_of_argus(chi)),
    by_value(lambda z, chi: 1 - _mass_of_argus(chi * np.sqrt((1 - z) * (1 + z))) / _mass_of_argus(chi)), support=(0.0, 1.0),
)  # fmt: skip
crystalball = Continuous(
    "crystalball", lambda z, beta, m: _log_crystal(z, beta, m) - np.log(_below_core(beta, m) + _ROOT_2PI * special.ndtr(beta)),
    by_value(lambda z, beta, m: _mass_of_crystal(z, beta, m) / (_below_core(beta, m) + _ROOT_2PI * special.ndtr(beta))),
    positive=lambda beta, m: (beta > 0) & (m > 1),
)  # fmt: skip
fatiguelife = Continuous(
    "fatiguelife", lambda z, c: np.log1p(z) - (z - 1) ** 2 / (2 * z * c**2) - np.log(2 * c) - LOG_ROOT_2PI - 1.5 * np.log(z),
    by_value(lambda z, c: special.ndtr((np.sqrt(z) - 1 / np.sqrt(z)) / c)), support=POSITIVE,
)  # fmt: skip
gibrat = Continuous("gibrat", lambda z: lognorm.forms["logpdf"](z, 1.0), by_value(), support=POSITIVE)
powerlognorm = Continuous(
    "powerlognorm",
    lambda z, c, s: np.log(c / s) - np.log(z) + log_normal(np.log(z) / s) + (c - 1) * special.log_ndtr(-np.log(z) / s),
    by_value(lambda z, c, s: -np.expm1(c * special.log_ndtr(-np.log(z) / s))), support=POSITIVE,
    logsf=lambda z, c, s: c * special.log_ndtr(-np.log(z) / s),
)  # fmt: skip
powernorm = Continuous(
    "powernorm", lambda z, c: np.log(c) + log_normal(z) + (c - 1) * special.log_ndtr(-z),
    by_value(lambda z, c: -np.expm1(c * special.log_ndtr(-z))), logsf=lambda z, c: c * special.log_ndtr(-z),
)  # fmt: skip
recipinvgauss = Continuous(
    "recipinvgauss", lambda z, mu: -((1 - mu * z) ** 2) / (2 * z * mu**2) - LOG_ROOT_2PI - np.log(z) / 2,
    by_value(
        lambda z, mu: special.ndtr((z - 1 / mu) / np.sqrt(z)) - np.exp(2 / mu + special.log_ndtr(-(z + 1 / mu) / np.sqrt(z)))
    ),
    support=POSITIVE,
)  # fmt: skip


def _mass_of_argus(chi: Any) -> Any:
    """Φ(χ) - χ φ(χ) - 1/2"""
    return special.gammainc(1.5, chi**2 / 2) / 2


def _below_core(beta: Any, m: Any) -> Any:
    """The mass of the power law, to that of exp(-z²/2)."""
    return m / beta / (m - 1) * np.exp(-(beta**2) / 2)


def _tail_of_crystal(z: Any, beta: Any, m: Any) -> tuple[Any, Any]:
    """Whether z is in it, and log of 1 + (-β - z) β / m there."""
    tail = z <= -beta
    return tail, np.log1p(np.where(tail, -beta - z, 0.0) * beta / m)


def _log_crystal(z: Any, beta: Any, m: Any) -> Any:
    tail, far = _tail_of_crystal(z, beta, m)
    return np.where(tail, -(beta**2) / 2 - m * far, -(z**2) / 2)


def _mass_of_crystal(z: Any, beta: Any, m: Any) -> Any:
    tail, far = _tail_of_crystal(z, beta, m)
    core = _ROOT_2PI * (special.ndtr(np.where(tail, 0.0, z)) - special.ndtr(-beta))
    return np.where(tail, _below_core(beta, m) * np.exp((1 - m) * far), _below_core(beta, m) + core)


# Of gamma and beta, and noncentral ones

dgamma = Continuous(
    "dgamma", lambda z, a: special.xlogy(a - 1, distance(z)) - distance(z) - log(2) - special.gammaln(a),
    by_value(_NONE.format("the shape a")),
)  # fmt: skip
halfgennorm = Continuous(
    "halfgennorm", lambda z, beta: np.log(beta) - special.gammaln(1 / beta) - z**beta,
    by_value(_NONE.format("the shape beta")), support=POSITIVE,
)  # fmt: skip
rdist = Continuous(
    "rdist", lambda z, c: beta.forms["logpdf"]((z + 1) / 2, c / 2, c / 2) - log(2), by_value(_NONE.format("the shape c")),
    support=(-1.0, 1.0),
)  # fmt: skip
if hasattr(stats, "jf_skew_t"):  # since SciPy 1.14
    jf_skew_t = Continuous(
        "jf_skew_t", lambda z, a, b: (a + 0.5) * _log_share(z, a + b) + (b + 0.5) * _log_share(-z, a + b)
        - (a + b - 1) * log(2) - special.betaln(a, b) - np.log(a + b) / 2,
        by_value(_NONE.format("the shapes a and b")),
    )  # fmt: skip
pearson3 = Continuous(
    "pearson3", lambda z, skew: _log_pearson(z, skew), by_value(_NONE.format("the skewness")), positive=False,
    support=lambda skew: (
        np.where(skew > 0, -2 / np.where(skew > 0, skew, 1.0), -np.inf),
        np.where(skew < 0, -2 / np.where(skew < 0, skew, 1.0), np.inf),
    ),
)  # fmt: skip
ncx2 = Continuous(
    "ncx2", lambda z, df, nc: log_chi_square(z, df, nc), by_value(special.chndtr), support=POSITIVE,
    positive=lambda df, nc: (df > 0) & (nc >= 0),
)  # fmt: skip
ncf = Continuous(
    "ncf", lambda z, dfn, dfd, nc: log_fisher(dfn, dfd, nc, z),
    by_value(lambda z, dfn, dfd, nc: special.ncfdtr(dfn, dfd, nc, z)), support=POSITIVE,
    positive=lambda dfn, dfd, nc: (dfn > 0) & (dfd > 0) & (nc >= 0),
)  # fmt: skip
nct = Continuous(
    "nct", lambda z, df, nc: log_student(df, nc, z), by_value(lambda z, df, nc: special.nctdtr(df, nc, z)),
    positive=lambda df, nc: df > 0,
)  # fmt: skip


def _log_share(z: Any, n: Any) -> Any:
    """log(1 + z / √(n + z²)), for positive z; else log n - log(√(n + z²) (√(n + z²) + |z|)), which at 0 has the same slopes."""
    root = np.sqrt(n + z**2)
    return np.where(z > 0, np.log1p(above(z) / root), np.log(n) - np.log(root) - np.log(root - below(z)))


def _log_pearson(z: Any, skew: Any) -> Any:
    """a (log(1 + u) - u) - log(1 + u) - log √2π less what Stirling's series leaves of log Γ(a), u = z skew / 2, a = 4 / skew²:
    smooth to the normal's, at skew = 0."""
    u = z * skew / 2
    bend = joined(
        np.abs(u) < 0.1, u, lambda v: -polynomial(_LOG1P_REST, v), lambda v: (np.log1p(v) - v) / v**2, 1.0
    )  # log(1 + u) - u over u²
    w = skew**2 / 4

    def left(w: Any) -> Any:
        return special.gammaln(1 / w) - (1 / w - 0.5) * -np.log(w) + 1 / w - LOG_ROOT_2PI

    rest = joined(w < 0.02, w, lambda w: w * polynomial(_STIRLING, w**2), left, 1.0)
    return z**2 * bend - np.log1p(u) - LOG_ROOT_2PI - rest


# Of the exponential, the logistic and the extremes

exponpow = Continuous(
    "exponpow", lambda z, b: 1 + np.log(b) + special.xlogy(b - 1, z) + z**b - np.exp(z**b),
    by_value(lambda z, b: -np.expm1(-finite_expm1(z**b))), support=POSITIVE,
)  # fmt: skip
genexpon = Continuous(
    "genexpon", lambda z, a, b, c: np.log(a - b * np.expm1(-c * z)) - (a + b) * z - b * np.expm1(-c * z) / c,
    by_value(lambda z, a, b, c: -np.expm1(-(a + b) * z - b * np.expm1(-c * z) / c)), support=POSITIVE,
)  # fmt: skip
genlogistic = Continuous(
    "genlogistic", lambda z, c: np.log(c) + c * special.log_expit(z) + special.log_expit(-z),
    by_value(lambda z, c: np.exp(c * special.log_expit(z))), logcdf=lambda z, c: c * special.log_expit(z),
)  # fmt: skip
genhalflogistic = Continuous(
    "genhalflogistic", lambda z, c: log(2) - (1 - c) * extreme(z, c) - 2 * np.log1p(np.exp(-extreme(z, c))),
    by_value(lambda z, c: np.tanh(extreme(z, c) / 2)), support=lambda c: (0.0, 1 / c),
)  # fmt: skip
invweibull = Continuous(
    "invweibull",
    lambda z, c: np.log(c) - (c + 1) * np.log(z) - z**-c,
    by_value(lambda z, c: np.exp(-(z**-c))),
    support=POSITIVE,
)
kappa4 = Continuous(
    "kappa4", lambda z, h, k: -(1 - k) * extreme(z, k) + (1 - h) * _log_below_kappa(z, h, k),
    by_value(lambda z, h, k: np.exp(np.maximum(_log_below_kappa(z, h, k), -800.0))), positive=False,  # e**-800 is 0
    logcdf=lambda z, h, k: _log_below_kappa(z, h, k),
    support=lambda h, k: (
        np.where(
            h > 0, quantile_of_extreme(1 / np.where(h > 0, h, 1.0), k), np.where(k < 0, 1 / np.where(k < 0, k, 1.0), -np.inf)
        ),
        np.where(k > 0, 1 / np.where(k > 0, k, 1.0), np.inf),
    ),
)  # fmt: skip
laplace_asymmetric = Continuous(
    "laplace_asymmetric", lambda z, kappa: below(z) / kappa - above(z) * kappa - np.log(kappa + 1 / kappa),
    by_value(
        lambda z, kappa: np.where(
            z > 0, 1 - np.exp(-above(z) * kappa) / (1 + kappa**2), np.exp(below(z) / kappa) * kappa**2 / (1 + kappa**2)
        )
    ),
)  # fmt: skip
truncweibull_min = Continuous(
    "truncweibull_min",
    lambda z, c, a, b: np.log(c) + special.xlogy(c - 1, z) + a**c - z**c - np.log(-np.expm1(a**c - b**c)),
    by_value(lambda z, c, a, b: np.expm1(a**c - z**c) / np.expm1(a**c - b**c)), support=lambda c, a, b: (a, b),
    positive=lambda c, a, b: (c > 0) & (a >= 0) & (b > a),
)  # fmt: skip


def _log_below_kappa(z: Any, h: Any, k: Any) -> Any:
    """log(1 - h e**t) / h, t = -extreme(z, k); where e**t overflows -infinity, or for negative h the line that it nears."""
    t = -extreme(z, k)
    far = t > 709
    near = -extreme(np.exp(np.where(far, 0.0, t)), np.where(far, 0.0, h))
    if not holds(far):
        return near
    negative = far & (h < 0)
    h = np.where(negative, h, -1.0)
    return np.where(far, np.where(negative, (np.log(-h) + t) / h, -np.inf), near)


# With heavy tails

foldcauchy = Continuous(
    "foldcauchy", lambda z, c: np.log(1 / (1 + (z - c) ** 2) + 1 / (1 + (z + c) ** 2)) - log(pi),
    by_value(lambda z, c: (np.arctan(z - c) + np.arctan(z + c)) / pi), support=POSITIVE, positive=lambda c: c >= 0,
)  # fmt: skip
kappa3 = Continuous(
    "kappa3", lambda z, a: np.log(a) - (1 / a + 1) * _log_of_kappa(z, a),
    by_value(lambda z, a: z * np.exp(-_log_of_kappa(z, a) / a)), support=POSITIVE,
)  # fmt: skip
levy_l = Continuous("levy_l", lambda z: levy.forms["logpdf"](np.abs(z)), by_value(), support=(-np.inf, 0.0))
mielke = Continuous(
    "mielke", lambda z, k, s: np.log(k) + log_power_of_burr(z, s, k / s, k - 1),
    by_value(lambda z, k, s: burr.forms["cdf"](z, s, k / s)),
    support=POSITIVE,
)  # fmt: skip
rel_breitwigner = Continuous(
    "rel_breitwigner", lambda z, rho: np.log(_scale_of_breit(rho)) - np.log1p(((z - rho) * (z + rho) / rho) ** 2),
    by_value(_NONE.format("the shape rho")), support=POSITIVE,
)  # fmt: skip
skewcauchy = Continuous(
    "skewcauchy", lambda z, a: -log(pi) - np.log1p((z / (1 + np.where(z > 0, a, -a))) ** 2),
    by_value(
        lambda z, a: (1 - a) / 2 + (1 + np.where(z > 0, a, -a)) / pi * np.arctan(z / (1 + np.where(z > 0, a, -a)))
    ),
    positive=lambda a: np.abs(a) < 1,
)  # fmt: skip
truncpareto = Continuous(
    "truncpareto", lambda z, b, c: np.log(b / -np.expm1(-b * np.log(c))) - (b + 1) * np.log(z),
    by_value(lambda z, b, c: np.expm1(-b * np.log(z)) / np.expm1(-b * np.log(c))), support=lambda b, c: (1.0, c),
    positive=lambda b, c: (b != 0) & (c > 1),
)  # fmt: skip


def _log_of_kappa(z: Any, a: Any) -> Any:
    """log(a + z**a), of large z by z**-a; at z = 0, which has a density, with its slopes."""
    far = z > 1
    high, low = np.where(far, z, 1.0), np.where(far, 0.0, z)
    return np.where(far, a * np.log(high) + np.log1p(a * high**-a), np.log(a + low**a))


def _scale_of_breit(rho: Any) -> Any:
    root = np.hypot(1.0, 1 / rho)
    return 2 / pi * np.sqrt(2 / (1 + root)) * root


# By Bessel functions

geninvgauss = Continuous(
    "geninvgauss", lambda z, p, b: (p - 1) * np.log(z) - b * (z + 1 / z) / 2 + b - log(2) - np.log(special.kve(p, b)),
    by_value(_NONE.format("the shapes p and b")), support=POSITIVE, positive=lambda p, b: (p == p) & (b > 0),
)  # fmt: skip
norminvgauss = Continuous(
    "norminvgauss",
    lambda z, a, b: np.log(a / pi) + np.log(special.k1e(a * np.hypot(1.0, z))) - np.log(np.hypot(1.0, z))
    + b * z - a * np.hypot(1.0, z) + np.sqrt(a**2 - b**2),
    by_value(_NONE.format("the shapes a and b")), positive=lambda a, b: (a > 0) & (np.abs(b) < a),
)  # fmt: skip
kstwobign = Continuous("kstwobign", lambda z: np.log(-slope_of_kolmogorov(z)), by_value(), support=POSITIVE)

# On an interval, and on the circle

anglit = Continuous("anglit", lambda z: np.log(np.cos(2 * z)), by_value(), support=(-pi / 4, pi / 4))
bradford = Continuous(
    "bradford", lambda z, c: np.log(c) - np.log1p(c * z) - np.log(np.log1p(c)),
    by_value(lambda z, c: np.log1p(c * z) / np.log1p(c)), support=(0.0, 1.0),
)  # fmt: skip
cosine = Continuous("cosine", lambda z: np.log1p(np.cos(z)) - log(2 * pi), by_value(), support=(-pi, pi))
tukeylambda = Continuous(
    "tukeylambda", lambda z, lam: -_log_sum_of_tukey(special.tklmbda(z, lam), special.tklmbda(-z, lam), lam),
    by_value(lambda z, lam: special.tklmbda(z, lam)), positive=False,
    support=lambda lam: (
        np.where(lam > 0, -1 / np.where(lam > 0, lam, 1.0), -np.inf), np.where(lam > 0, 1 / np.where(lam > 0, lam, 1.0), np.inf)
    ),
)  # fmt: skip
vonmises_line = Continuous(
    "vonmises_line", vonmises.forms["logpdf"], by_value(_NONE.format("the concentration kappa")), support=(-pi, pi),
    positive=lambda kappa: kappa >= 0,
)  # fmt: skip
wrapcauchy = Continuous(
    "wrapcauchy", lambda z, c: np.log1p(-(c**2)) - log(2 * pi) - np.log((1 - c) ** 2 + 4 * c * np.sin(z / 2) ** 2),
    by_value(lambda z, c: _turned(z, (1 + c) / (1 - c))), support=(0.0, 2 * pi), positive=lambda c: (c > 0) & (c < 1),
)  # fmt: skip


def _log_sum_of_tukey(p: Any, rest: Any, lam: Any) -> Any:
    """log(p**(λ - 1) + (1 - p)**(λ - 1))"""
    return np.logaddexp((lam - 1) * np.log(p), (lam - 1) * np.log(rest))


def _turned(z: Any, ratio: Any) -> Any:
    low = z < pi
    half = np.where(low, z, 2 * pi - z) / 2
    share = np.arctan2(ratio * np.sin(half), np.cos(half)) / pi
    return np.where(low, share, 1 - share)


RARER = {name: family for name, family in globals().items() if isinstance(family, Continuous)}
for _family in (beta, burr, levy, lognorm, vonmises):  # which are those of others
    del RARER[_family.name]

__all__ = ["RARER", *RARER]
