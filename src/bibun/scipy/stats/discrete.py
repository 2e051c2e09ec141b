"""Discrete distributions: derivatives by the parameters. The number k of a count is whole, and is no variable."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
from scipy import special, stats  # type: ignore[import-untyped]

from bibun.core.traced import plain
from bibun.errors import NoDerivativeError, located
from bibun.primitives.repeated import holds
from bibun.scipy._levels import differentiated, is_traced, without
from bibun.scipy.stats.distribution import Distribution, floats, log_probability, nan_unless
from bibun.scipy.stats.values import number, plain_value

Formula = Callable[..., Any]


class Discrete(Distribution):
    """A family of distributions of a whole number: the methods of SciPy's, with parameters k, shapes and loc.

    Formulas of k - loc and the shapes: logpmf within the support, and cdf of a whole k below its end; `valid` says which
    shapes are a member's. Where the last shape is one of `ends`, probabilities are those of `products`: exp(k log p) is 0 for
    p = 0, as is p**k, but the slope of this is 1 for k = 1.
    """

    moved_by = ("loc",)

    def __init__(
        self,
        name: str,
        logpmf: Formula,
        cdf: Formula | None,
        *,
        support: Formula,
        valid: Formula,
        sf: Formula | None = None,
        mean: Formula | None = None,
        var: Formula | None = None,
        ends: tuple[float, ...] = (),
        products: dict[str, Formula] | None = None,
    ) -> None:
        self.name, self.plain = name, getattr(stats, name)
        self.shapes = self.plain.shapes.split(", ")
        self.support_of = support
        self.forms = {"logpmf": logpmf, "cdf": cdf, "sf": sf}
        self.ends, self.products = ends, products or {}
        self.moments = {"mean": mean, "var": var}
        self.valid = valid

    def logpmf(self, k: Any, *args: Any, **settings: Any) -> Any:
        """log pmf"""
        return self._of_k("logpmf", k, args, settings)

    def pmf(self, k: Any, *args: Any, **settings: Any) -> Any:
        """The probability of k."""
        return self._of_k("pmf", k, args, settings)

    def cdf(self, k: Any, *args: Any, **settings: Any) -> Any:
        """The probability of at most k."""
        return self._of_k("cdf", k, args, settings)

    def sf(self, k: Any, *args: Any, **settings: Any) -> Any:
        """The probability of more than k."""
        return self._of_k("sf", k, args, settings)

    def logcdf(self, k: Any, *args: Any, **settings: Any) -> Any:
        """log cdf"""
        return self._log("cdf", "sf", k, args, settings)

    def logsf(self, k: Any, *args: Any, **settings: Any) -> Any:
        """log sf"""
        return self._log("sf", "cdf", k, args, settings)

    def ppf(self, q: Any, *args: Any, **settings: Any) -> Any:
        """The least k with cdf(k) >= q: a whole number, constant where it does not jump."""
        return self._least("ppf", q, args, settings)

    def isf(self, q: Any, *args: Any, **settings: Any) -> Any:
        """The least k with sf(k) <= q."""
        return self._least("isf", q, args, settings)

    def mean(self, *args: Any, **settings: Any) -> Any:
        """The expectation."""
        return self._moment("mean", args, settings)

    def var(self, *args: Any, **settings: Any) -> Any:
        """The variance."""
        return self._moment("var", args, settings)

    def _of_k(self, which: str, k: Any, args: Any, settings: Any) -> Any:
        if not is_traced(k, args, settings):
            return getattr(self.plain, which)(k, *args, **settings)
        shapes, loc, _ = self.parameters(args, settings)
        n = without(floats(k) - loc, 0)  # no derivative by a count, which is whole
        low, high = self.support_of(*shapes)
        with np.errstate(divide="ignore", invalid="ignore"):
            if which in ("logpmf", "pmf"):
                inside = (n >= low) & (n <= high) & (np.floor(n) == n)
                y = self._formula(which, np.where(inside, n, np.where(np.isfinite(low), low, 0.0)), shapes)
                y = np.where(inside, y, 0.0 if which == "pmf" else -np.inf)
            else:
                y = self._sum(which, np.floor(n), low, high, shapes)
        return nan_unless(self.valid(*shapes) & (n == n), y, loc, *shapes)

    def _sum(self, which: str, n: Any, low: Any, high: Any, shapes: list[Any]) -> Any:
        """cdf or sf, of a whole number."""
        if self.forms["cdf"] is None:
            return number(self.name, which, n, *shapes)
        inside = (n >= low) & (n < high)
        within = np.where(inside, n, low)
        below, above = (0.0, 1.0) if which == "cdf" else (1.0, 0.0)
        y = (
            1 - self._formula("cdf", within, shapes)
            if self.forms[which] is None
            else self._formula(which, within, shapes)
        )
        return np.where(inside, y, np.where(n < low, below, above))

    def _formula(self, which: str, n: Any, shapes: list[Any]) -> Any:
        """The formula of this name, or where the last shape is at an end the product that has the slope there."""
        form: Any = self.forms["logpmf" if which == "pmf" else which]
        usual = (lambda n, *shapes: np.exp(form(n, *shapes))) if which == "pmf" else form
        product = self.products.get(which)
        end = self._at_end(shapes)
        if product is None or not holds(end):
            return usual(n, *shapes)
        *others, p = shapes
        return np.where(
            end,
            product(n, *others, np.where(end, p, self.ends[0])),
            usual(n, *others, np.where(end, 0.5, p)),
        )

    def _at_end(self, shapes: list[Any]) -> Any:
        """Whether the last shape is the least or the greatest that the family has."""
        return reduce(np.logical_or, (np.equal(shapes[-1], end) for end in self.ends), False)

    def _log(self, which: str, rest: str, k: Any, args: Any, settings: Any) -> Any:
        """log cdf or log sf. Where the last shape is at an end, and only there, the probability may be 0 within the support:
        then it rises from there like a power, and its logarithm like log p or log(1 - p).
        """
        if not is_traced(k, args, settings):
            return getattr(self.plain, f"log{which}")(k, *args, **settings)
        p = getattr(self, which)(k, *args, **settings)
        y = log_probability(p, getattr(self, rest)(k, *args, **settings))
        shapes, loc, _ = self.parameters(args, settings)
        n, (low, high) = np.floor(without(floats(k) - loc, 0)), self.support_of(*shapes)
        vanishes = self._at_end(shapes) & np.equal(p, 0) & (n >= low) & (n < high)
        if not holds(vanishes):
            return y
        end = np.where(vanishes, shapes[-1], 0.5)
        with np.errstate(divide="ignore"):
            return np.where(vanishes, np.log(end) + np.log1p(-end), y)

    def _least(self, which: str, q: Any, args: Any, settings: Any) -> Any:
        if not is_traced(q, args, settings):
            return getattr(self.plain, which)(q, *args, **settings)
        shapes, loc, _ = self.parameters(args, settings)
        k = plain_value(*(without(x, 0) for x in (q, *shapes)), family=self.name, which=which)
        return nan_unless(~np.isnan(k), k + loc, loc, *shapes)

    def _moment(self, which: str, args: Any, settings: Any) -> Any:
        if not is_traced(args, settings):
            return getattr(self.plain, which)(*args, **settings)
        shapes, loc, _ = self.parameters(args, settings)
        form = self.moments[which]
        y = number(self.name, which, *shapes) if form is None else form(*shapes)
        return nan_unless(self.valid(*shapes), y + loc if which == "mean" else y, loc, *shapes)


def _log_choose(n: Any, k: Any) -> Any:
    return special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)


def _counts(n: Any) -> Any:
    """Whether it can be a number of trials."""
    return (n >= 0) & (np.floor(n) == n)


def _whole(n: Any) -> Any:
    """A number of trials: no variable."""
    if differentiated(n):
        raise NoDerivativeError(
            f"{located()}a number of trials is whole: there is no derivative by it. Pass it as a plain number."
        )
    return n


def _harmonic(n: Any, a: Any) -> Any:
    """Σ i**-a, i from 1 to n."""
    n = _whole(n)
    i = np.arange(1.0, np.fmax.reduce(np.ravel(plain(n)), initial=0.0) + 1)
    terms = np.expand_dims(a, -1) * -np.log(i)
    return np.sum(np.where(i <= np.expand_dims(n, -1), np.exp(terms), 0.0), axis=-1)


poisson = Discrete(
    "poisson", lambda k, mu: special.xlogy(k, mu) - special.gammaln(k + 1) - mu,
    lambda k, mu: special.gammaincc(k + 1, mu), sf=lambda k, mu: special.gammainc(k + 1, mu),
    valid=lambda mu: mu >= 0,
    support=lambda mu: (0, np.inf), mean=lambda mu: mu, var=lambda mu: mu, ends=(0.0,),
    products={"pmf": lambda k, mu: mu**k * np.exp(-mu - special.gammaln(k + 1))},
)  # fmt: skip
binom = Discrete(
    "binom", lambda k, n, p: _log_choose(_whole(n), k) + special.xlogy(k, p) + special.xlog1py(n - k, -p),
    lambda k, n, p: special.betaincc(k + 1, np.maximum(_whole(n) - k, 1), p),
    sf=lambda k, n, p: special.betainc(k + 1, np.maximum(_whole(n) - k, 1), p),
    valid=lambda n, p: _counts(n) & (p >= 0) & (p <= 1),
    support=lambda n, p: (0, n), mean=lambda n, p: _whole(n) * p, var=lambda n, p: _whole(n) * p * (1 - p),
    ends=(0.0, 1.0), products={"pmf": lambda k, n, p: np.exp(_log_choose(_whole(n), k)) * p**k * (1 - p) ** (n - k)},
)  # fmt: skip
bernoulli = Discrete(
    "bernoulli", lambda k, p: special.xlogy(k, p) + special.xlog1py(1 - k, -p), lambda k, p: 1 - p,
    sf=lambda k, p: p, valid=lambda p: (p >= 0) & (p <= 1),
    support=lambda p: (0, 1), mean=lambda p: p, var=lambda p: p * (1 - p),
    ends=(0.0, 1.0), products={"pmf": lambda k, p: p**k * (1 - p) ** (1 - k)},
)  # fmt: skip
nbinom = Discrete(
    "nbinom",
    lambda k, n, p: special.gammaln(n + k) - special.gammaln(k + 1) - special.gammaln(n) + n * np.log(p)
    + special.xlog1py(k, -p),
    lambda k, n, p: special.betainc(n, k + 1, p), sf=lambda k, n, p: special.betaincc(n, k + 1, p),
    valid=lambda n, p: (n > 0) & (p > 0) & (p <= 1),
    support=lambda n, p: (0, np.inf), mean=lambda n, p: n * (1 - p) / p, var=lambda n, p: n * (1 - p) / p**2,
    ends=(1.0,), products={
        "pmf": lambda k, n, p: np.exp(special.gammaln(n + k) - special.gammaln(k + 1) - special.gammaln(n)) * p**n * (1 - p) ** k
    },
)  # fmt: skip
geom = Discrete(
    "geom", lambda k, p: special.xlog1py(k - 1, -p) + np.log(p), lambda k, p: -np.expm1(np.log1p(-p) * k),
    sf=lambda k, p: np.exp(np.log1p(-p) * k), valid=lambda p: (p > 0) & (p <= 1),
    support=lambda p: (1, np.inf), mean=lambda p: 1 / p, var=lambda p: (1 - p) / p**2, ends=(1.0,),
    products={
        "pmf": lambda k, p: p * (1 - p) ** (k - 1), "cdf": lambda k, p: 1 - (1 - p) ** k, "sf": lambda k, p: (1 - p) ** k,
    },
)  # fmt: skip
betabinom = Discrete(
    "betabinom",
    lambda k, n, a, b: _log_choose(_whole(n), k) + special.betaln(k + a, n - k + b) - special.betaln(a, b), None,
    valid=lambda n, a, b: _counts(n) & (a > 0) & (b > 0),
    support=lambda n, a, b: (0, n), mean=lambda n, a, b: _whole(n) * a / (a + b),
    var=lambda n, a, b: _whole(n) * a * b * (a + b + n) / ((a + b) ** 2 * (a + b + 1)),
)  # fmt: skip
planck = Discrete(
    "planck", lambda k, a: np.log(-np.expm1(-a)) - a * k, lambda k, a: -np.expm1(-a * (k + 1)),
    sf=lambda k, a: np.exp(-a * (k + 1)), valid=lambda a: a > 0,
    support=lambda a: (0, np.inf), mean=lambda a: 1 / np.expm1(a),
    var=lambda a: np.exp(-a) / np.expm1(-a) ** 2,
)  # fmt: skip
logser = Discrete(
    "logser", lambda k, p: special.xlogy(k, p) - np.log(k) - np.log(-np.log1p(-p)), None, valid=lambda p: (p > 0) & (p < 1),
    support=lambda p: (1, np.inf),
    mean=lambda p: p / (p - 1) / np.log1p(-p),
    var=lambda p: -p * (p + np.log1p(-p)) / ((1 - p) ** 2 * np.log1p(-p) ** 2),
)  # fmt: skip

betanbinom = Discrete(
    "betanbinom",
    lambda k, n, a, b: special.betaln(a + _whole(n), b + k) - np.log(n + k) - special.betaln(n, k + 1) - special.betaln(a, b),
    None, valid=lambda n, a, b: _counts(n) & (a > 0) & (b > 0), support=lambda n, a, b: (0, np.inf),
    mean=lambda n, a, b: np.where(a > 1, _whole(n) * b / (np.where(a > 1, a, 2.0) - 1), np.inf),
)  # fmt: skip
boltzmann = Discrete(
    "boltzmann", lambda k, a, n: np.log(np.expm1(-a) / np.expm1(-a * _whole(n))) - a * k,
    lambda k, a, n: np.expm1(-a * (k + 1)) / np.expm1(-a * _whole(n)), valid=lambda a, n: (a > 0) & (n > 0) & _counts(n),
    support=lambda a, n: (0, n - 1),
    mean=lambda a, n: 1 / np.expm1(a) - _whole(n) / np.expm1(a * n),
    var=lambda a, n: np.exp(a) / np.expm1(a) ** 2 - _whole(n) ** 2 * np.exp(a * n) / np.expm1(a * n) ** 2,
)  # fmt: skip
dlaplace = Discrete(
    "dlaplace", lambda k, a: np.log(np.tanh(a / 2)) - a * np.abs(k),
    lambda k, a: np.where(k >= 0, 1 - np.exp(-a * np.abs(k)) / (np.exp(a) + 1), np.exp(-a * np.abs(k + 1)) / (np.exp(a) + 1)),
    sf=lambda k, a: np.where(
        k >= 0, np.exp(-a * np.abs(k)) / (np.exp(a) + 1), 1 - np.exp(-a * np.abs(k + 1)) / (np.exp(a) + 1)
    ),
    valid=lambda a: a > 0, support=lambda a: (-np.inf, np.inf), mean=lambda a: 0.0 * a,
    var=lambda a: 2 * np.exp(a) / np.expm1(a) ** 2,
)  # fmt: skip
hypergeom = Discrete(
    "hypergeom",
    lambda k, M, n, N: _log_choose(_whole(n), k) + _log_choose(_whole(M) - n, _whole(N) - k) - _log_choose(M, N), None,
    valid=lambda M, n, N: _counts(M) & _counts(n) & _counts(N) & (n <= M) & (N <= M),
    support=lambda M, n, N: (np.maximum(N - (M - n), 0), np.minimum(n, N)),
    mean=lambda M, n, N: _whole(N) * _whole(n) / _whole(M),
    var=lambda M, n, N: _whole(N) * _whole(n) * (_whole(M) - n) * (M - N) / (M**2 * (M - 1)),
)  # fmt: skip
skellam = Discrete(
    "skellam",
    lambda k, a, b: k / 2 * np.log(a / b) - (np.sqrt(a) - np.sqrt(b)) ** 2 + np.log(special.ive(np.abs(k), 2 * np.sqrt(a * b))),
    None, valid=lambda a, b: (a > 0) & (b > 0), support=lambda a, b: (-np.inf, np.inf), mean=lambda a, b: a - b,
    var=lambda a, b: a + b,
)  # fmt: skip
yulesimon = Discrete(
    "yulesimon", lambda k, a: np.log(a) + special.betaln(k, a + 1), lambda k, a: 1 - k * special.beta(k, a + 1),
    sf=lambda k, a: k * special.beta(k, a + 1), valid=lambda a: a > 0, support=lambda a: (1, np.inf),
    mean=lambda a: np.where(a > 1, a / (np.where(a > 1, a, 2.0) - 1), np.inf),
    var=lambda a: np.where(a > 2, a**2 / ((np.where(a > 2, a, 3.0) - 1) ** 2 * (np.where(a > 2, a, 3.0) - 2)), np.inf),
)  # fmt: skip
zipfian = Discrete(
    "zipfian", lambda k, a, n: -a * np.log(k) - np.log(_harmonic(n, a)), lambda k, a, n: _harmonic(k, a) / _harmonic(n, a),
    valid=lambda a, n: (a >= 0) & (n > 0) & _counts(n), support=lambda a, n: (1, n),
    mean=lambda a, n: _harmonic(n, a - 1) / _harmonic(n, a),
    var=lambda a, n: _harmonic(n, a - 2) / _harmonic(n, a) - (_harmonic(n, a - 1) / _harmonic(n, a)) ** 2,
)  # fmt: skip

DISCRETE = {name: family for name, family in globals().items() if isinstance(family, Discrete)}

__all__ = ["DISCRETE", *DISCRETE]
