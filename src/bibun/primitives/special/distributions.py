"""Rows of the distribution functions that rest on the gamma and beta functions, of normal ones, of Kolmogorov's and Tukey's.

A distribution function rises by its density; an inverse function falls or rises by one over it. By the parameters that are
exponents of the density there is mostly no closed form.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from math import comb, nan, perm, pi, sqrt
from operator import add
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.core.kinds import elementwise
from bibun.core.primitive import Primitive
from bibun.primitives.special.densities import beta_density, gamma_density
from bibun.primitives.special.elementary import slope_of_boxcox


def _binomial(k: Any, n: Any, p: Any) -> Any:
    """The density of p at which k of n is the bound: p**k (1 - p)**(n - k - 1) / B(k + 1, n - k), k rounded down, n cut"""
    k, n = np.floor(1.0 * k), np.trunc(1.0 * n)
    return beta_density(k + 1, n - k, p)


def _negative_binomial(k: Any, n: Any, p: Any) -> Any:
    """p**(n - 1) (1 - p)**k / B(n, k + 1), both cut to whole numbers"""
    return beta_density(np.trunc(1.0 * n), np.trunc(1.0 * k) + 1, p)


def _poisson(k: Any, m: Any) -> Any:
    """m**k e**-m / k!, k rounded down"""
    return gamma_density(np.floor(1.0 * k) + 1, m)


def _chi_square(a: Any, b: Any) -> Any:
    """The density of χ² with a degrees of freedom at b"""
    return gamma_density(a / 2, b / 2) / 2


def _fisher(a: Any, b: Any, x: Any) -> Any:
    """The density of F with a and b degrees of freedom at x"""
    total = b + 1.0 * a * x
    return beta_density(a / 2, b / 2, a * x / total, b / total) * a / total * (b / total)


def _student(a: Any, t: Any) -> Any:
    """(1 + t²/a)**(-(a + 1)/2) / (√a B(1/2, a/2)), normal for infinite a"""
    normal = np.isinf(a)
    a = np.where(normal, 1.0, a)
    usual = np.exp(-(a + 1) / 2 * np.log1p(t / a * t)) / (np.sqrt(a) * special.beta(0.5, a / 2))
    return np.where(normal, np.exp(-t * t / 2) / sqrt(2 * pi), usual)


def _by_tail(p: Any) -> Any:
    """√(2π) exp(Φ⁻¹(p)² / 2), the slope of Φ⁻¹"""
    z = special.ndtri(p)
    return sqrt(2 * pi) * np.exp(z * z / 2)


def slope_of_kolmogorov(x: Any) -> Any:
    """-8x Σ (-1)**(k - 1) k² exp(-2k²x²); below x = 0.8 turned over: -√(2π) Σ (2c/x² - 1) exp(-c/x²) / x², c = (2k - 1)²π²/8"""
    high = x > 0.8
    far, close = np.where(high, x, 1.0), np.where(high | (x < 0.03), 1.0, x)  # below 0.03 it is less than e**-1370
    above = reduce(add, ((-1) ** k * 8 * k * k * far * np.exp(-2 * k * k * far * far) for k in range(1, 7)))
    powers = [((2 * k - 1) * pi) ** 2 / 8 / close / close for k in range(1, 4)]
    below = reduce(add, ((1 - 2 * c) * np.exp(-c) for c in powers)) * sqrt(2 * pi) / close / close
    return np.where(high, above, np.where(x < 0.03, 0.0, below))


def _tukey_by_lambda(p: Any, b: Any) -> Any:
    """The slope of boxcox(1 - p, λ) - boxcox(p, λ) by λ"""
    low, high = special.boxcox(p, b), special.boxcox(1 - p, b)
    return slope_of_boxcox(high, np.log1p(-p), b) - slope_of_boxcox(low, np.log(p), b)


_SUMMED = (
    1_000_000  # the count n from which on SciPy's smirnov is an asymptotic formula, and its derivatives that one's
)
_CHUNK = 2**16  # terms at once


def _powers(base: Any, exponent: Any, times: int) -> tuple[Any, Any]:
    """A factor, and the logarithm of the rest, of the derivative of base**exponent."""
    factor = np.ones(len(base))
    for i in range(times):
        factor = factor * (exponent - i)
    return factor, special.xlogy(exponent - times, base)


def _terms_of_smirnov(n: int, d: float, k: Any, order: int) -> float:
    """Σ C(n, k) times the derivative of (d + k/n)**(k - 1) (1 - d - k/n)**(n - k) by d, by Leibniz, over some k"""
    u, v = d + k / n, np.maximum(1 - d - k / n, 0.0)
    log_comb = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    total = 0.0
    for i in range(order + 1):
        (f, log_f), (g, log_g) = _powers(u, k - 1, i), _powers(v, n - k, order - i)
        none = f * g == 0
        terms = np.where(none, 0.0, f * g * np.exp(np.where(none, 0.0, log_comb + log_f + log_g)))
        total += comb(order, i) * (-1) ** (order - i) * float(np.sum(terms))
    return total


def _one_of_smirnov(n: int, d: float, order: int) -> float:
    """The derivative of d Σ C(n, k) (d + k/n)**(k - 1) (1 - d - k/n)**(n - k), k ≤ n (1 - d); of large n that of
    exp(-s² / 2), s = 2 √n d + 1 / (3 √n)"""
    if not 0 <= d <= 1:
        return nan
    if n > _SUMMED:
        s = 2 * sqrt(n) * d + 1 / (3 * sqrt(n))
        return float((-2 * sqrt(n)) ** order * special.eval_hermitenorm(order, s) * np.exp(-s * s / 2))
    last = min(int(n * (1 - d)), n - 1)
    total = (-1) ** order * perm(n, order) * (1 - d) ** (n - order) if n >= order else 0.0  # of the term k = 0
    for start in range(1, last + 1, _CHUNK):
        k = np.arange(start, min(start + _CHUNK, last + 1))
        total += d * _terms_of_smirnov(n, d, k, order) + order * _terms_of_smirnov(n, d, k, order - 1)
    return float(total)


def _derivative_of_smirnov(a: Any, b: Any, order: int) -> Any:
    with np.errstate(invalid="ignore"):
        found = np.vectorize(_one_of_smirnov, otypes=[float])(np.asarray(a).astype(int), np.asarray(b, float), order)
    return np.asarray(found, np.result_type(np.asarray(b), np.float32))[()]


_K = "the count k: the function is constant between whole numbers"
_N = "the count n: its derivative has no closed form"
_SHAPE = "the shape parameter: its derivative has no closed form"
_FREEDOM = "the degrees of freedom: its derivative has no closed form"
_INVERSE = "{}: this is an inverse by a parameter, by which the distribution function has no derivative in closed form"


def _inverse_by_parameter(name: str, *inputs: str) -> Primitive:
    return elementwise(getattr(special, name), *(_INVERSE.format(word) for word in inputs))


# Binomial, negative binomial and Poisson: counts k, number of trials n, probability p
bdtr = elementwise(
    special.bdtr, _K, _N, lambda a, b, c: -_binomial(a, b, c), guarded=True, domain=("whole", "trials", "probability")
)
bdtrc = elementwise(
    special.bdtrc, _K, _N, lambda a, b, c: _binomial(a, b, c), guarded=True, domain=("whole", "trials", "probability")
)
bdtri = elementwise(
    special.bdtri, _K, _N, lambda y, a, b: -1 / _binomial(a, b, y),
    guarded=True, domain=("whole", "trials", "probability"),
)  # fmt: skip
nbdtr = elementwise(
    special.nbdtr,
    _K,
    _N,
    lambda a, b, c: _negative_binomial(a, b, c),
    guarded=True,
    domain=("whole", "trials", "probability"),
)
nbdtrc = elementwise(
    special.nbdtrc, _K, _N, lambda a, b, c: -_negative_binomial(a, b, c),
    guarded=True, domain=("whole", "trials", "probability"),
)  # fmt: skip
nbdtri = elementwise(
    special.nbdtri, _K, _N, lambda y, a, b: 1 / _negative_binomial(a, b, y),
    guarded=True, domain=("whole", "trials", "probability"),
)  # fmt: skip
pdtr = elementwise(special.pdtr, _K, lambda a, b: -_poisson(a, b), guarded=True, domain=("whole", "positive"))
pdtrc = elementwise(special.pdtrc, _K, lambda a, b: _poisson(a, b), guarded=True, domain=("whole", "positive"))
pdtri = elementwise(special.pdtri, _K, lambda y, a: -1 / _poisson(a, y), guarded=True, domain=("whole", "probability"))

# χ², F, gamma and Student's t
chdtr = elementwise(special.chdtr, _FREEDOM, _chi_square, guarded=True, domain=("positive", "positive"))
chdtrc = elementwise(
    special.chdtrc, _FREEDOM, lambda a, b: -_chi_square(a, b), guarded=True, domain=("positive", "positive")
)
chdtri = elementwise(
    special.chdtri, _FREEDOM, lambda y, a: -1 / _chi_square(a, y), guarded=True, domain=("positive", "probability")
)
fdtr = elementwise(
    special.fdtr, _FREEDOM, _FREEDOM, lambda a, b, c: _fisher(a, b, c), guarded=True, domain=("positive",) * 3
)
fdtrc = elementwise(
    special.fdtrc, _FREEDOM, _FREEDOM, lambda a, b, c: -_fisher(a, b, c), guarded=True, domain=("positive",) * 3
)
fdtri = elementwise(
    special.fdtri, _FREEDOM, _FREEDOM, lambda y, a, b: 1 / _fisher(a, b, y),
    guarded=True, domain=("positive", "positive", "probability"),
)  # fmt: skip
gdtr = elementwise(
    special.gdtr, lambda a, b, c: c * gamma_density(b, a * c), _SHAPE, lambda a, b, c: a * gamma_density(b, a * c),
    guarded=True, domain=("positive",) * 3,
)  # fmt: skip
gdtrc = elementwise(
    special.gdtrc, lambda a, b, c: -c * gamma_density(b, a * c), _SHAPE, lambda a, b, c: -a * gamma_density(b, a * c),
    guarded=True, domain=("positive",) * 3,
)  # fmt: skip
gdtria = elementwise(
    special.gdtria, lambda y, b, c: 1 / (c * gamma_density(b, y * c)), _SHAPE, lambda y, c: -y / c,
    guarded=True, domain=("probability", "positive", "positive"),
)  # fmt: skip
gdtrix = elementwise(
    special.gdtrix, lambda y, a: -y / a, _SHAPE, lambda y, a, b: 1 / (a * gamma_density(b, a * y)),
    guarded=True, domain=("positive", "positive", "probability"),
)  # fmt: skip
stdtr = elementwise(special.stdtr, _FREEDOM, lambda a, b: _student(a, b), domain=("positive", "real"))
stdtrit = elementwise(
    special.stdtrit, _FREEDOM, lambda y, a: 1 / _student(a, y), guarded=True, domain=("positive", "probability")
)

# Inverses of the normal distribution by its mean and by its deviation
nrdtrimn = elementwise(
    special.nrdtrimn, lambda a, b: -b * _by_tail(a), lambda a: -special.ndtri(a), 1,
    guarded=True, domain=("probability", "positive", "real"),
)  # fmt: skip
nrdtrisd = elementwise(
    special.nrdtrisd,
    lambda b: -1 / special.ndtri(b),
    lambda a, b, c: (a - c) / special.ndtri(b) ** 2 * _by_tail(b),
    lambda b: 1 / special.ndtri(b),
    guarded=True, domain=("real", "above_half", "real"),
)  # fmt: skip
owens_t = elementwise(
    special.owens_t,
    lambda a, b: -np.exp(-a * a / 2) * special.erf(a * b / sqrt(2)) / sqrt(8 * pi),
    lambda a, b: np.exp(-a * a * (1 + b * b) / 2) / (2 * pi * (1 + b * b)),
)


def _inside(p: Any, slope: Callable[[Any], Any]) -> Any:
    """The slope, but 0 where p is 0 or 1: there it is constant."""
    constant = np.equal(p, 0) | np.equal(p, 1)
    return np.where(constant, 0.0, slope(np.where(constant, 0.5, p)))


# Tukey's λ: the inverse of p -> boxcox(p, λ) - boxcox(1 - p, λ)
tklmbda = elementwise(
    special.tklmbda,
    lambda y, b: _inside(y, lambda p: 1 / (p ** (b - 1.0) + (1 - p) ** (b - 1.0))),
    lambda y, b: _inside(y, lambda p: _tukey_by_lambda(p, b) / (p ** (b - 1.0) + (1 - p) ** (b - 1.0))),
    guarded=True, domain=("probability", "probability"),
)  # fmt: skip

# Kolmogorov's and Smirnov's, of the greatest distance
kolmogorov = elementwise(special.kolmogorov, slope_of_kolmogorov, domain=("positive",))
kolmogi = elementwise(special.kolmogi, lambda y: 1 / slope_of_kolmogorov(y), guarded=True, domain=("probability",))
derivative_of_smirnov: Primitive = elementwise(
    _derivative_of_smirnov, _N, lambda a, b, order: derivative_of_smirnov(a, b, order=order + 1),
    domain=("many_trials", "small_probability"), name="derivative_of_smirnov",
)  # fmt: skip
smirnov = elementwise(
    special.smirnov, _N, lambda a, b: derivative_of_smirnov(a, b, order=1), domain=("many_trials", "small_probability")
)
smirnovi = elementwise(
    special.smirnovi, _N, lambda y, a: 1 / derivative_of_smirnov(a, y, order=1),
    guarded=True, domain=("many_trials", "probability"),
)  # fmt: skip

bdtrik = _inverse_by_parameter("bdtrik", "the probability y", "the count n", "the probability p")
bdtrin = _inverse_by_parameter("bdtrin", "the count k", "the probability y", "the probability p")
nbdtrik = _inverse_by_parameter("nbdtrik", "the probability y", "the count n", "the probability p")
nbdtrin = _inverse_by_parameter("nbdtrin", "the count k", "the probability y", "the probability p")
pdtrik = _inverse_by_parameter("pdtrik", "the probability p", "the mean m")
btdtria = _inverse_by_parameter("btdtria", "the probability p", "the parameter b", "the argument x")
btdtrib = _inverse_by_parameter("btdtrib", "the parameter a", "the probability p", "the argument x")
chdtriv = _inverse_by_parameter("chdtriv", "the probability p", "the argument x")
fdtridfd = _inverse_by_parameter("fdtridfd", "the degrees of freedom dfn", "the probability p", "the argument x")
gdtrib = _inverse_by_parameter("gdtrib", "the parameter a", "the probability p", "the argument x")
stdtridf = _inverse_by_parameter("stdtridf", "the probability p", "the argument t")
