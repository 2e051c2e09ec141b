"""The continuous families: a line of mathematics each. What is derived from these lines is in continuous.py.

Sources: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions (1994); NIST's DLMF 7, 8 for the functions.
"""

from __future__ import annotations

from math import log, pi, sqrt
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.scipy.stats.continuous import POSITIVE, Continuous
from bibun.scipy.stats.formulas import (
    EULER,
    LOG_ROOT_2PI,
    above,
    above_loggamma,
    below,
    below_loggamma,
    beta_above,
    beta_below,
    distance,
    end,
    extreme,
    finite_exp,
    finite_expm1,
    flat_root,
    log1p_over,
    log_below_loggamma,
    log_difference,
    log_i0e,
    log_mass,
    log_normal,
    log_power_of_burr,
    log_scale_of_t,
    log_share,
    quantile_of_cauchy,
    quantile_of_dweibull,
    quantile_of_extreme,
    quantile_of_loggamma,
    quantile_of_tail,
    tail,
    tangent_of_right_angles,
)
from bibun.scipy.stats.values import ByValue

# Owen's T and Φ, whose difference it is, leave no digits in the tail
_OF_SKEWNORM = ByValue(
    lambda z, a: -np.exp(-(z**2) * (1 + a**2) / 2) / (pi * (1 + a**2)), which=("cdf", "sf", "logcdf", "logsf")
)

# Normal and its kind

norm = Continuous(
    "norm", log_normal, special.ndtr, sf=lambda z: special.ndtr(-z), logcdf=special.log_ndtr,
    logsf=lambda z: special.log_ndtr(-z), ppf=special.ndtri, isf=lambda q: -special.ndtri(q),
    mean=lambda: 0.0, var=lambda: 1.0, entropy=lambda: LOG_ROOT_2PI + 0.5,
)  # fmt: skip
halfnorm = Continuous(
    "halfnorm", lambda z: log_normal(z) + log(2), lambda z: special.erf(z / sqrt(2)), support=POSITIVE,
    sf=lambda z: special.erfc(z / sqrt(2)), ppf=lambda q: special.ndtri((1 + q) / 2), isf=lambda q: -special.ndtri(q / 2),
    mean=lambda: sqrt(2 / pi), var=lambda: 1 - 2 / pi, entropy=lambda: log(pi / 2) / 2 + 0.5,
)  # fmt: skip
lognorm = Continuous(
    "lognorm", lambda z, s: log_normal(np.log(z) / s) - np.log(s * z), lambda z, s: special.ndtr(np.log(z) / s),
    support=POSITIVE, sf=lambda z, s: special.ndtr(-np.log(z) / s), logcdf=lambda z, s: special.log_ndtr(np.log(z) / s),
    logsf=lambda z, s: special.log_ndtr(-np.log(z) / s), ppf=lambda q, s: np.exp(s * special.ndtri(q)),
    isf=lambda q, s: np.exp(-s * special.ndtri(q)), mean=lambda s: np.exp(s**2 / 2),
    var=lambda s: np.expm1(s**2) * np.exp(s**2), entropy=lambda s: LOG_ROOT_2PI + 0.5 + np.log(s),
)  # fmt: skip
truncnorm = Continuous(
    "truncnorm", lambda z, a, b: log_normal(z) - log_mass(a, b), lambda z, a, b: np.exp(log_mass(a, z) - log_mass(a, b)),
    support=lambda a, b: (a, b), positive=lambda a, b: a < b, sf=lambda z, a, b: np.exp(log_mass(z, b) - log_mass(a, b)),
    logcdf=lambda z, a, b: log_share(log_mass(a, z), log_mass(z, b), log_mass(a, b)),
    logsf=lambda z, a, b: log_share(log_mass(z, b), log_mass(a, z), log_mass(a, b)),
)  # fmt: skip
skewnorm = Continuous(
    "skewnorm", lambda z, a: log(2) + log_normal(z) + special.log_ndtr(a * z),
    _OF_SKEWNORM, positive=False,
    mean=lambda a: sqrt(2 / pi) * a / np.sqrt(1 + a**2), var=lambda a: 1 - 2 / pi * a**2 / (1 + a**2),
)  # fmt: skip
exponnorm = Continuous(
    "exponnorm", lambda z, K: 0.5 / K**2 - z / K - np.log(K) + special.log_ndtr(z - 1 / K),
    lambda z, K: special.ndtr(z) - np.exp(0.5 / K**2 - z / K + special.log_ndtr(z - 1 / K)),
    sf=lambda z, K: special.ndtr(-z) + np.exp(0.5 / K**2 - z / K + special.log_ndtr(z - 1 / K)),
    mean=lambda K: K, var=lambda K: 1 + K**2,
)  # fmt: skip
rayleigh = Continuous(
    "rayleigh", lambda z: np.log(z) - z**2 / 2, lambda z: -np.expm1(-(z**2) / 2), support=POSITIVE,
    sf=lambda z: np.exp(-(z**2) / 2), logsf=lambda z: -(z**2) / 2, ppf=lambda q: np.sqrt(-2 * np.log1p(-q)),
    isf=lambda q: np.sqrt(-2 * np.log(q)), mean=lambda: sqrt(pi / 2), var=lambda: 2 - pi / 2,
    entropy=lambda: EULER / 2 + 1 - log(2) / 2,
)  # fmt: skip
maxwell = Continuous(
    "maxwell", lambda z: log(2) - LOG_ROOT_2PI + 2 * np.log(z) - z**2 / 2, lambda z: special.gammainc(1.5, z**2 / 2),
    support=POSITIVE, sf=lambda z: special.gammaincc(1.5, z**2 / 2), ppf=lambda q: np.sqrt(2 * special.gammaincinv(1.5, q)),
    isf=lambda q: np.sqrt(2 * special.gammainccinv(1.5, q)), mean=lambda: 2 * sqrt(2 / pi), var=lambda: 3 - 8 / pi,
    entropy=lambda: EULER + log(2 * pi) / 2 - 0.5,
)  # fmt: skip
levy = Continuous(
    "levy", lambda z: -LOG_ROOT_2PI - 1.5 * np.log(z) - 0.5 / z, lambda z: special.erfc(np.sqrt(0.5 / z)),
    support=POSITIVE, sf=lambda z: special.erf(np.sqrt(0.5 / z)), ppf=lambda q: special.ndtri(q / 2) ** -2.0,
    isf=lambda q: 0.5 * special.erfinv(q) ** -2.0,
)  # fmt: skip
invgauss = Continuous(
    "invgauss", lambda z, mu: -LOG_ROOT_2PI - 1.5 * np.log(z) - (1 - z / mu) ** 2 / (2 * z),
    lambda z, mu: special.ndtr((z / mu - 1) / np.sqrt(z)) + np.exp(2 / mu + special.log_ndtr(-(z / mu + 1) / np.sqrt(z))),
    support=POSITIVE,
    sf=lambda z, mu: special.ndtr((1 - z / mu) / np.sqrt(z)) - np.exp(2 / mu + special.log_ndtr(-(z / mu + 1) / np.sqrt(z))),
    logcdf=lambda z, mu: np.logaddexp(
        special.log_ndtr((z / mu - 1) / np.sqrt(z)), 2 / mu + special.log_ndtr(-(z / mu + 1) / np.sqrt(z))
    ),
    logsf=lambda z, mu: _log_sf_of_invgauss(z, mu), mean=lambda mu: mu, var=lambda mu: mu**3,
)  # fmt: skip


def _log_sf_of_invgauss(z: Any, mu: Any) -> Any:
    """log(1 - cdf) where the cdf is small; further out, where sf underflows, log of the difference of logarithms"""
    cdf = invgauss.forms["cdf"](z, mu)
    left = cdf < 0.5
    x = np.where(left, mu, z)
    far = log_difference(
        special.log_ndtr((1 - x / mu) / np.sqrt(x)), 2 / mu + special.log_ndtr(-(x / mu + 1) / np.sqrt(x))
    )
    return np.where(left, np.log1p(-np.where(left, cdf, 0.5)), far)


# Gamma, beta and their kind. The incomplete functions have no derivative by their parameters: the rows say so.

gamma = Continuous(
    "gamma", lambda z, a: special.xlogy(a - 1, z) - z - special.gammaln(a), lambda z, a: special.gammainc(a, z),
    support=POSITIVE, sf=lambda z, a: special.gammaincc(a, z), ppf=lambda q, a: special.gammaincinv(a, q),
    isf=lambda q, a: special.gammainccinv(a, q), mean=lambda a: a, var=lambda a: a,
    entropy=lambda a: a + special.gammaln(a) + (1 - a) * special.psi(a),
)  # fmt: skip
chi2 = Continuous(
    "chi2", lambda z, df: special.xlogy(df / 2 - 1, z) - z / 2 - special.gammaln(df / 2) - log(2) * df / 2,
    lambda z, df: special.gammainc(df / 2, z / 2), support=POSITIVE, sf=lambda z, df: special.gammaincc(df / 2, z / 2),
    ppf=lambda q, df: 2 * special.gammaincinv(df / 2, q), isf=lambda q, df: 2 * special.gammainccinv(df / 2, q),
    mean=lambda df: df, var=lambda df: 2 * df,
    entropy=lambda df: df / 2 + log(2) + special.gammaln(df / 2) + (1 - df / 2) * special.psi(df / 2),
)  # fmt: skip
chi = Continuous(
    "chi", lambda z, df: log(2) * (1 - df / 2) - special.gammaln(df / 2) + special.xlogy(df - 1, z) - z**2 / 2,
    lambda z, df: special.gammainc(df / 2, z**2 / 2), support=POSITIVE, sf=lambda z, df: special.gammaincc(df / 2, z**2 / 2),
    ppf=lambda q, df: flat_root(2 * special.gammaincinv(df / 2, q)),
    isf=lambda q, df: flat_root(2 * special.gammainccinv(df / 2, q)),
    mean=lambda df: sqrt(2) * np.exp(special.gammaln((df + 1) / 2) - special.gammaln(df / 2)),
    var=lambda df: df - 2 * np.exp(2 * (special.gammaln((df + 1) / 2) - special.gammaln(df / 2))),
)  # fmt: skip
invgamma = Continuous(
    "invgamma", lambda z, a: -(a + 1) * np.log(z) - special.gammaln(a) - 1 / z, lambda z, a: special.gammaincc(a, 1 / z),
    support=POSITIVE, sf=lambda z, a: special.gammainc(a, 1 / z), ppf=lambda q, a: 1 / special.gammainccinv(a, q),
    isf=lambda q, a: 1 / special.gammaincinv(a, q), mean=lambda a: np.where(a > 1, 1 / (a - np.where(a > 1, 1, -1)), np.inf),
    var=lambda a: np.where(a > 2, 1 / (a - 1) ** 2 / np.where(a > 2, a - 2, 1.0), np.inf),
    entropy=lambda a: a - (a + 1) * special.psi(a) + special.gammaln(a),
)  # fmt: skip
loggamma = Continuous(
    "loggamma", lambda z, c: c * z - np.exp(z) - special.gammaln(c), lambda z, c: below_loggamma(z, c),
    sf=lambda z, c: above_loggamma(z, c), logcdf=lambda z, c: log_below_loggamma(z, c),
    ppf=lambda q, c: quantile_of_loggamma(c, np.log(q), special.gammaincinv, q),
    isf=lambda q, c: quantile_of_loggamma(c, np.log1p(-q), special.gammainccinv, q),
    mean=special.psi, var=lambda c: special.zeta(2.0, c),
)  # fmt: skip
gennorm = Continuous(
    "gennorm", lambda z, beta: np.log(beta / 2) - special.gammaln(1 / beta) - np.abs(z) ** beta,
    ByValue("the shape beta: its derivative has no closed form"),
    var=lambda beta: np.exp(special.gammaln(3 / beta) - special.gammaln(1 / beta)), mean=lambda beta: 0.0 * beta,
    entropy=lambda beta: 1 / beta - np.log(beta / 2) + special.gammaln(1 / beta),
)  # fmt: skip
beta = Continuous(
    "beta", lambda z, a, b: special.xlog1py(b - 1, -z) + special.xlogy(a - 1, z) - special.betaln(a, b),
    lambda z, a, b: special.betainc(a, b, z), support=(0.0, 1.0), sf=lambda z, a, b: special.betaincc(a, b, z),
    ppf=lambda q, a, b: special.betaincinv(a, b, q), isf=lambda q, a, b: special.betainccinv(a, b, q),
    mean=lambda a, b: a / (a + b), var=lambda a, b: a * b / ((a + b) ** 2 * (a + b + 1)),
    entropy=lambda a, b: special.betaln(a, b) - (a - 1) * special.psi(a) - (b - 1) * special.psi(b)
    + (a + b - 2) * special.psi(a + b),
)  # fmt: skip


betaprime = Continuous(
    "betaprime", lambda z, a, b: special.xlogy(a - 1, z) - special.xlog1py(a + b, z) - special.betaln(a, b),
    lambda z, a, b: beta_below(a, b, z, 1.0), support=POSITIVE, sf=lambda z, a, b: beta_above(a, b, z, 1.0),
    mean=lambda a, b: np.where(b > 1, a / np.where(b > 1, b - 1, 1.0), np.inf),
)  # fmt: skip
f = Continuous(
    "f",
    lambda z, n, d: d / 2 * np.log(d) + n / 2 * np.log(n) + special.xlogy(n / 2 - 1, z)
    - (n + d) / 2 * np.log(d + n * z) - special.betaln(n / 2, d / 2),
    lambda z, n, d: beta_below(n / 2, d / 2, n * z, d), support=POSITIVE,
    sf=lambda z, n, d: beta_above(n / 2, d / 2, n * z, d),
    ppf=lambda q, n, d: d / n * (1 / special.betainccinv(d / 2, n / 2, q) - 1),
    isf=lambda q, n, d: d / n * (1 / special.betaincinv(d / 2, n / 2, q) - 1),
    mean=lambda n, d: np.where(d > 2, d / np.where(d > 2, d - 2, 1.0), np.inf),
    var=lambda n, d: np.where(
        d > 4, 2 * d**2 * (n + d - 2) / (n * (np.where(d > 4, d, 6.0) - 2) ** 2 * (np.where(d > 4, d, 6.0) - 4)), np.inf
    ),
)  # fmt: skip
t = Continuous(
    "t",
    lambda z, df: log_scale_of_t(1 / df) - (1 + 1 / df) / 2 * z**2 * log1p_over(z**2 / df),
    ByValue("the degrees of freedom df: its derivative has no closed form"),
    mean=lambda df: np.where(df > 1, 0.0 * df, np.inf),
    var=lambda df: np.where(df > 2, df / np.where(df > 2, df - 2, 1.0), np.where(df > 1, np.inf, np.nan)),
    entropy=lambda df: (df + 1) / 2 * (special.psi((df + 1) / 2) - special.psi(df / 2))
    + np.log(df) / 2 + special.betaln(df / 2, 0.5),
)  # fmt: skip

# Exponential and its kind

expon = Continuous(
    "expon", lambda z: -z, lambda z: -np.expm1(-z), support=POSITIVE, sf=lambda z: np.exp(-z), logsf=lambda z: -z,
    ppf=lambda q: -np.log1p(-q), isf=lambda q: -np.log(q), mean=lambda: 1.0, var=lambda: 1.0, entropy=lambda: 1.0,
)  # fmt: skip
laplace = Continuous(
    "laplace", lambda z: -np.abs(z) - log(2), lambda z: np.where(z > 0, 1 - np.exp(-above(z)) / 2, np.exp(below(z)) / 2),
    sf=lambda z: np.where(z > 0, np.exp(-above(z)) / 2, 1 - np.exp(below(z)) / 2),
    ppf=lambda q: np.where(q > 0.5, -np.log(2 * (1 - np.where(q > 0.5, q, 0.5))), np.log(2 * np.where(q > 0.5, 0.5, q))),
    isf=lambda q: np.where(q > 0.5, np.log(2 * (1 - np.where(q > 0.5, q, 0.5))), -np.log(2 * np.where(q > 0.5, 0.5, q))),
    mean=lambda: 0.0, var=lambda: 2.0, entropy=lambda: log(2) + 1,
)  # fmt: skip
logistic = Continuous(
    "logistic", lambda z: special.log_expit(z) + special.log_expit(-z), special.expit, sf=lambda z: special.expit(-z),
    logcdf=special.log_expit, logsf=lambda z: special.log_expit(-z), ppf=special.logit, isf=lambda q: -special.logit(q),
    mean=lambda: 0.0, var=lambda: pi**2 / 3, entropy=lambda: 2.0,
)  # fmt: skip
gumbel_r = Continuous(
    "gumbel_r", lambda z: -z - np.exp(-z), lambda z: np.exp(-finite_exp(-z)), logcdf=lambda z: -np.exp(-z),
    sf=lambda z: -np.expm1(-finite_exp(-z)), ppf=lambda q: -np.log(-np.log(q)), isf=lambda q: -np.log(-np.log1p(-q)),
    mean=lambda: EULER, var=lambda: pi**2 / 6, entropy=lambda: EULER + 1,
)  # fmt: skip
gumbel_l = Continuous(
    "gumbel_l", lambda z: z - np.exp(z), lambda z: -np.expm1(-finite_exp(z)), sf=lambda z: np.exp(-finite_exp(z)),
    logsf=lambda z: -np.exp(z), ppf=lambda q: np.log(-np.log1p(-q)), isf=lambda q: np.log(-np.log(q)),
    mean=lambda: -EULER, var=lambda: pi**2 / 6, entropy=lambda: EULER + 1,
)  # fmt: skip
gompertz = Continuous(
    "gompertz", lambda z, c: np.log(c) + z - c * np.expm1(z), lambda z, c: -np.expm1(-c * finite_expm1(z)), support=POSITIVE,
    sf=lambda z, c: np.exp(-c * finite_expm1(z)), logsf=lambda z, c: -c * np.expm1(z),
    ppf=lambda q, c: np.log1p(-np.log1p(-q) / c), isf=lambda q, c: np.log1p(-np.log(q) / c),
)  # fmt: skip
weibull_min = Continuous(
    "weibull_min", lambda z, c: np.log(c) + special.xlogy(c - 1, z) - z**c, lambda z, c: -np.expm1(-(z**c)),
    support=POSITIVE, sf=lambda z, c: np.exp(-(z**c)), logsf=lambda z, c: -(z**c),
    ppf=lambda q, c: (-np.log1p(-q)) ** (1 / c), isf=lambda q, c: (-np.log(q)) ** (1 / c),
    mean=lambda c: special.gamma(1 + 1 / c), var=lambda c: special.gamma(1 + 2 / c) - special.gamma(1 + 1 / c) ** 2,
    entropy=lambda c: -EULER / c - np.log(c) + EULER + 1,
)  # fmt: skip
weibull_max = Continuous(
    "weibull_max", lambda z, c: np.log(c) + special.xlogy(c - 1, -z) - (-z) ** c, lambda z, c: np.exp(-((-z) ** c)),
    support=(-np.inf, 0.0), logcdf=lambda z, c: -((-z) ** c), sf=lambda z, c: -np.expm1(-((-z) ** c)),
    ppf=lambda q, c: -((-np.log(q)) ** (1 / c)), isf=lambda q, c: -((-np.log1p(-q)) ** (1 / c)),
    mean=lambda c: -special.gamma(1 + 1 / c), var=lambda c: special.gamma(1 + 2 / c) - special.gamma(1 + 1 / c) ** 2,
    entropy=lambda c: -EULER / c - np.log(c) + EULER + 1,
)  # fmt: skip
dweibull = Continuous(
    "dweibull", lambda z, c: np.log(c / 2) + special.xlogy(c - 1, distance(z)) - distance(z) ** c,
    lambda z, c: np.where(z > 0, 1 - np.exp(-(above(z) ** c)) / 2, np.exp(-((-below(z)) ** c)) / 2),
    sf=lambda z, c: np.where(z > 0, np.exp(-(above(z) ** c)) / 2, 1 - np.exp(-((-below(z)) ** c)) / 2),
    ppf=lambda q, c: quantile_of_dweibull(q, c), isf=lambda q, c: -quantile_of_dweibull(q, c), mean=lambda c: 0.0 * c,
    var=lambda c: special.gamma(1 + 2 / c),
)  # fmt: skip


# Extremes and heavy tails. y is what the tail is exponential in, smooth in the shape c at 0 too.


genextreme = Continuous(
    "genextreme", lambda z, c: -np.exp(-extreme(z, c)) - (1 - c) * extreme(z, c),
    lambda z, c: np.exp(-np.exp(-extreme(z, c))), positive=False,
    support=lambda c: (end(c, above=False), end(c, above=True)), logcdf=lambda z, c: -np.exp(-extreme(z, c)),
    sf=lambda z, c: -np.expm1(-np.exp(-extreme(z, c))), ppf=lambda q, c: quantile_of_extreme(-np.log(q), c),
    isf=lambda q, c: quantile_of_extreme(-np.log1p(-q), c),
)  # fmt: skip
genpareto = Continuous(
    "genpareto", lambda z, c: -(c + 1) * tail(z, c), lambda z, c: -np.expm1(-tail(z, c)), positive=False,
    support=lambda c: (0.0, -end(c, above=False)), sf=lambda z, c: np.exp(-tail(z, c)), logsf=lambda z, c: -tail(z, c),
    ppf=lambda q, c: quantile_of_tail(-np.log1p(-q), 1 - q, c), isf=lambda q, c: quantile_of_tail(-np.log(q), q, c),
    mean=lambda c: np.where(c < 1, 1 / np.where(c < 1, 1 - c, 1.0), np.inf), entropy=lambda c: 1 + c,
)  # fmt: skip


pareto = Continuous(
    "pareto", lambda z, b: np.log(b) - (b + 1) * np.log(z), lambda z, b: -np.expm1(-b * np.log(z)), support=(1.0, np.inf),
    sf=lambda z, b: z**-b, logsf=lambda z, b: -b * np.log(z), ppf=lambda q, b: (1 - q) ** (-1 / b),
    isf=lambda q, b: q ** (-1 / b), mean=lambda b: np.where(b > 1, b / np.where(b > 1, b - 1, 1.0), np.inf),
    var=lambda b: np.where(b > 2, b / (np.where(b > 2, b, 3.0) - 2) / (np.where(b > 2, b, 3.0) - 1) ** 2, np.inf),
    entropy=lambda b: 1 + 1 / b - np.log(b),
)  # fmt: skip
lomax = Continuous(
    "lomax", lambda z, c: np.log(c) - (c + 1) * np.log1p(z), lambda z, c: -np.expm1(-c * np.log1p(z)), support=POSITIVE,
    sf=lambda z, c: np.exp(-c * np.log1p(z)), logsf=lambda z, c: -c * np.log1p(z),
    ppf=lambda q, c: np.expm1(-np.log1p(-q) / c), isf=lambda q, c: q ** (-1 / c) - 1, entropy=lambda c: 1 + 1 / c - np.log(c),
)  # fmt: skip
powerlaw = Continuous(
    "powerlaw", lambda z, a: np.log(a) + special.xlogy(a - 1, z), lambda z, a: z**a, support=(0.0, 1.0),
    logcdf=lambda z, a: a * np.log(z), ppf=lambda q, a: q ** (1 / a), mean=lambda a: a / (a + 1),
    var=lambda a: a / ((a + 2) * (a + 1) ** 2), entropy=lambda a: 1 - 1 / a - np.log(a),
)  # fmt: skip
cauchy = Continuous(
    "cauchy", lambda z: -log(pi) - np.log1p(z**2), lambda z: np.arctan2(1.0, -z) / pi, sf=lambda z: np.arctan2(1.0, z) / pi,
    ppf=lambda q: quantile_of_cauchy(q), isf=lambda q: -quantile_of_cauchy(q), entropy=lambda: log(4 * pi),
)  # fmt: skip


halfcauchy = Continuous(
    "halfcauchy", lambda z: log(2 / pi) - np.log1p(z**2), lambda z: 2 / pi * np.arctan(z), support=POSITIVE,
    sf=lambda z: 2 / pi * np.arctan2(1.0, z), ppf=lambda q: tangent_of_right_angles(q), isf=lambda q: 1 / np.tan(pi / 2 * q),
    entropy=lambda: log(2 * pi),
)  # fmt: skip
halflogistic = Continuous(
    "halflogistic", lambda z: log(2) - z - 2 * np.log1p(np.exp(-z)), lambda z: -np.expm1(-z) / (1 + np.exp(-z)), support=POSITIVE,
    sf=lambda z: 2 * special.expit(-z), ppf=lambda q: 2 * np.arctanh(q),
    logsf=lambda z: np.where(z < 1, np.log1p(-np.tanh(np.where(z < 1, z, 0.0) / 2)), log(2) + special.log_expit(-z)),
    isf=lambda q: -special.logit(q / 2), mean=lambda: 2 * log(2), var=lambda: pi**2 / 3 - 4 * log(2) ** 2,
    entropy=lambda: 2 - log(2),
)  # fmt: skip
hypsecant = Continuous(
    "hypsecant", lambda z: log(2 / pi) - np.abs(z) - np.log1p(np.exp(-2 * np.abs(z))),
    lambda z: 2 / pi * np.where(z > 0, pi / 2 - np.arctan(np.exp(-above(z))), np.arctan(np.exp(below(z)))),
    sf=lambda z: 2 / pi * np.where(z > 0, np.arctan(np.exp(-above(z))), pi / 2 - np.arctan(np.exp(below(z)))),
    ppf=lambda q: np.log(tangent_of_right_angles(q)), isf=lambda q: -np.log(tangent_of_right_angles(q)), mean=lambda: 0.0,
    var=lambda: pi**2 / 4,
)  # fmt: skip
_LAPLACE: Any = laplace.forms
loglaplace = Continuous(
    "loglaplace", lambda z, c: np.log(c / 2) - c * np.abs(np.log(z)) - np.log(z),
    lambda z, c: _LAPLACE["cdf"](c * np.log(z)), support=POSITIVE, sf=lambda z, c: _LAPLACE["sf"](c * np.log(z)),
    ppf=lambda q, c: np.where(q < 0.5, 2 * q, 0.5 / np.where(q < 0.5, 0.5, 1 - q)) ** (1 / c),
    isf=lambda q, c: np.where(q < 0.5, 0.5 / np.where(q < 0.5, q, 0.5), 2 * (1 - q)) ** (1 / c),
    mean=lambda c: np.where(c > 1, c**2 / (np.where(c > 1, c, 2.0) ** 2 - 1), np.inf), entropy=lambda c: np.log(2 / c) + 1,
)  # fmt: skip
fisk = Continuous(
    "fisk", lambda z, c: np.log(c) + log_power_of_burr(z, c, 1.0, c - 1),
    lambda z, c: special.expit(c * np.log(z)), support=POSITIVE, sf=lambda z, c: special.expit(-c * np.log(z)),
    logcdf=lambda z, c: special.log_expit(c * np.log(z)), logsf=lambda z, c: special.log_expit(-c * np.log(z)),
    ppf=lambda q, c: (q / (1 - q)) ** (1 / c), isf=lambda q, c: ((1 - q) / q) ** (1 / c),
    entropy=lambda c: 2 - np.log(c),
)  # fmt: skip
burr12 = Continuous(
    "burr12", lambda z, c, d: np.log(c * d) + special.xlogy(c - 1, z) - (d + 1) * np.log1p(z**c),
    lambda z, c, d: -np.expm1(-d * np.log1p(z**c)), support=POSITIVE, sf=lambda z, c, d: np.exp(-d * np.log1p(z**c)),
    logsf=lambda z, c, d: -d * np.log1p(z**c), ppf=lambda q, c, d: np.expm1(-np.log1p(-q) / d) ** (1 / c),
    isf=lambda q, c, d: np.expm1(-np.log(q) / d) ** (1 / c),
)  # fmt: skip

# On an interval, and on the circle

uniform = Continuous(
    "uniform", lambda z: 0.0 * z, lambda z: z, support=(0.0, 1.0), ppf=lambda q: q, isf=lambda q: 1 - q,
    mean=lambda: 0.5, var=lambda: 1 / 12, entropy=lambda: 0.0,
)  # fmt: skip
arcsine = Continuous(
    "arcsine", lambda z: -log(pi) - np.log(z * (1 - z)) / 2, lambda z: 2 / pi * np.arcsin(np.sqrt(z)), support=(0.0, 1.0),
    ppf=lambda q: np.sin(pi / 2 * q) ** 2, mean=lambda: 0.5, var=lambda: 1 / 8, entropy=lambda: log(pi / 4),
)  # fmt: skip
semicircular = Continuous(
    "semicircular", lambda z: log(2 / pi) + (np.log1p(z) + np.log1p(-z)) / 2,
    ByValue(),  # the slopes of a square root and an arcsine cancel
    support=(-1.0, 1.0),
    mean=lambda: 0.0, var=lambda: 0.25,
    entropy=lambda: log(pi) - 0.5,
)  # fmt: skip
truncexpon = Continuous(
    "truncexpon", lambda z, b: -z - np.log(-np.expm1(-b)), lambda z, b: np.expm1(-z) / np.expm1(-b),
    support=lambda b: (0.0, b), sf=lambda z, b: (np.exp(-z) - np.exp(-b)) / -np.expm1(-b),
    ppf=lambda q, b: -np.log1p(q * np.expm1(-b)),
)  # fmt: skip
vonmises = Continuous(
    "vonmises", lambda z, kappa: kappa * special.cosm1(z) - log(2 * pi) - log_i0e(kappa),
    ByValue("the concentration kappa: its derivative has no closed form"), positive=lambda kappa: kappa >= 0,
    entropy=lambda kappa: -kappa * special.i1e(kappa) / special.i0e(kappa) + log(2 * pi) + log_i0e(kappa) + kappa,
)  # fmt: skip

CONTINUOUS = {name: family for name, family in globals().items() if isinstance(family, Continuous)}

__all__ = ["CONTINUOUS", *CONTINUOUS]
