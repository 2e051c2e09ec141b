"""What families of continuous and of discrete distributions share: their parameters, and what is left to SciPy."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np

from bibun.arrays.creation import as_array
from bibun.arrays.registry import add_rows
from bibun.core.kinds import elementwise, general
from bibun.core.primitive import Primitive
from bibun.primitives.repeated import holds
from bibun.scipy._calls import no_rule, refused
from bibun.scipy._levels import is_traced, without
from bibun.scipy.stats.values import number

_LEFT = {
    "fit": "the parameters are found numerically; write bibun.scipy.optimize.minimize of -np.sum(logpdf), whose minimum has a "
    "derivative",
    "expect": "write the integral (bibun.scipy.integrate.quad) or the sum of the function times the density",
    "entropy": "there is no closed form here; write the sum of -pmf * logpmf over the support",
    "support": "its ends are those of the standard one, times scale, plus loc; write them",
}


def reason(name: str) -> str:
    """Why a method of SciPy's has no derivative."""
    return _LEFT.get(name, "it is SciPy's, of plain numbers; write it with the methods that there are")


class Distribution:
    """A family of distributions, the base of both kinds.

    name, plain     SciPy's name, and SciPy's family
    shapes          the names of the parameters that are the family's own
    moved_by        the names of those that every family of the kind has
    """

    name: str
    plain: Any
    shapes: list[str]
    moved_by: tuple[str, ...]

    def __call__(self, *args: Any, **settings: Any) -> Any:
        """The distribution of these parameters: its methods take x alone."""
        return Frozen(self, args, settings)

    def __getattr__(self, name: str) -> Any:
        """What is left (rvs, fit, expect, ...) is SciPy's, of plain numbers; of samples, where loc and scale are traced."""
        if name == "plain" or name.startswith("__"):
            raise AttributeError(name)
        found = getattr(self.plain, name)
        if not callable(found) or name == "rvs":
            return found
        return refused(found, reason(name))

    def ppf(self, q: Any, *args: Any, **settings: Any) -> Any:
        """The quantile of a probability."""
        raise NotImplementedError

    def mean(self, *args: Any, **settings: Any) -> Any:
        """The expectation."""
        raise NotImplementedError

    def var(self, *args: Any, **settings: Any) -> Any:
        """The variance."""
        raise NotImplementedError

    def median(self, *args: Any, **settings: Any) -> Any:
        """The quantile of 1/2."""
        return self.ppf(0.5, *args, **settings)

    def interval(self, confidence: Any, *args: Any, **settings: Any) -> tuple[Any, Any]:
        """The quantiles between which so much of the probability lies, with as much on either side."""
        if not is_traced(confidence, args, settings):
            return self.plain.interval(confidence, *args, **settings)  # type: ignore[no-any-return]
        ends = (1.0 - confidence) / 2, (1.0 + confidence) / 2
        return self.ppf(ends[0], *args, **settings), self.ppf(ends[1], *args, **settings)

    def stats(self, *args: Any, moments: str = "mv", **settings: Any) -> Any:
        """Mean, variance, skewness and excess kurtosis, those whose letters are in `moments`, in this order."""
        if not is_traced(args, settings):
            return self.plain.stats(*args, moments=moments, **settings)
        known: Any = {"m": self.mean, "v": self.var}
        found = [
            known[letter](*args, **settings) if letter in known else self._form(letter, args, settings)
            for letter in "mvsk"
            if letter in moments
        ]
        return found[0] if len(found) == 1 else tuple(found)

    def moment(self, order: Any, *args: Any, **settings: Any) -> Any:
        """The expectation of x**order."""
        if not is_traced(args, settings):
            return self.plain.moment(order, *args, **settings)
        shapes, loc, scale = self.parameters(args, settings)
        if order in (1, 2):
            mean = self.mean(*args, **settings)
            return mean if order == 1 else mean**2 + self.var(*args, **settings)
        each = [number(self.name, "moment", *shapes, order=k) for k in range(1, order + 1)]
        terms = [comb(order, k) * scale**k * loc ** (order - k) * m for k, m in enumerate(each, 1)]
        return sum(terms, loc**order)

    def _form(self, letter: str, args: Any, settings: Any) -> Any:
        """Skewness or excess kurtosis, which loc and scale do not change."""
        shapes, _, _ = self.parameters(args, settings)
        return number(self.name, "stats", *shapes, order="mvsk".index(letter) + 1)

    def std(self, *args: Any, **settings: Any) -> Any:
        """The standard deviation."""
        if not is_traced(args, settings):
            return self.plain.std(*args, **settings)
        return np.sqrt(self.var(*args, **settings))

    def parameters(self, args: Any, settings: Any) -> tuple[list[Any], Any, Any]:
        """The shapes, loc and scale, from however they are given; scale 1 where the family has none."""
        names = [*self.shapes, *self.moved_by]
        if len(args) > len(names):
            raise TypeError(f"{self.name}: {len(args)} parameters, but it has {len(names)}: {', '.join(names)}.")
        given = dict(zip(names, args, strict=False)) | settings
        missing = [name for name in self.shapes if name not in given]
        if missing or given.keys() - set(names):
            raise TypeError(
                f"{self.name} takes {', '.join(names)}; missing: {missing}, unknown: {sorted(given.keys() - set(names))}."
            )
        shapes = [doubles(given[name]) for name in self.shapes]
        return shapes, doubles(given.get("loc", 0.0)), doubles(given.get("scale", 1.0))


class Frozen:
    """A distribution with its parameters fixed."""

    def __init__(self, family: Any, args: Any, settings: Any) -> None:
        self.dist, self.args, self.kwds = family, args, settings

    def __getattr__(self, name: str) -> Any:
        """A method of the family, with the parameters put in; what has no derivative is SciPy's."""
        if name in ("dist", "args", "kwds") or name.startswith("__"):
            raise AttributeError(name)
        if not hasattr(type(self.dist), name):
            if is_traced(self.args, self.kwds) and name != "rvs":
                raise no_rule(f"{self.dist.name}.{name}", reason(name))
            return getattr(self.dist.plain(*self.args, **self.kwds), name)
        method = getattr(self.dist, name)
        if name == "stats":  # whose setting comes after the parameters
            return lambda moments="mv": method(*self.args, moments=moments, **self.kwds)

        def call(*given: Any, **settings: Any) -> Any:
            first = [settings.pop(word) for word in ("x", "k", "q", "confidence", "order") if word in settings]
            return method(*given, *first, *self.args, **self.kwds, **settings)

        return call


# 1 / p and log p of a probability near 0: -1 / p**2 overflows below 1e-154, where dp / p does not
inverse_probability: Primitive = general(
    lambda x: np.divide(1, x),
    lambda g, y: -(g * y) * y,
    pushforwards=(lambda t, y: -(t * y) * y,),
    inputs=("x",), batch="elementwise", domain=("positive",), native="reciprocal", name="inverse_probability",
)  # fmt: skip
log_of_probability = elementwise(
    lambda x: np.log(x), lambda x: inverse_probability(x), domain=("positive",), native="log", name="log_of_probability"
)
add_rows(inverse_probability, log_of_probability)


def log_probability(p: Any, rest: Any) -> Any:
    """log p, by rest = 1 - p where p is near 1: log(1 - 1e-20) is not 0. Of a p that underflows a constant, -infinity."""
    near, none = p > 0.5, np.equal(p, 0)
    far = log_of_probability(np.where(near | none, 0.5, p))
    return np.where(none, -np.inf, np.where(near, np.log1p(-np.where(near, rest, 0.5)), far))


def nan_unless(valid: Any, y: Any, *inputs: Any) -> Any:
    """y where it is valid, elsewhere nan, and so its derivatives of every order by the inputs: of a constant they would be 0.
    Where one of the inputs is nan, it is not valid.

    √(x - x₀ - 1) at x = x₀ is nan with all derivatives, and its row keeps them from neighbours that do not depend on it.
    """
    nothing: Any = np.nan
    for x in inputs:
        valid = valid & (x == x)
    if holds(~valid):
        with np.errstate(invalid="ignore"):
            nothing = sum((np.sqrt(x - without(x, 0) - 1.0) for x in inputs), nothing)
    return np.where(valid, y, nothing)


def floats(x: Any) -> Any:
    """An array of floats; whole numbers are made ones."""
    x = as_array(x)
    return (x if x.dtype.kind in "fc" else x.astype(float))[()]


def doubles(x: Any) -> Any:
    """An array of floats of 64 bits, in which SciPy's distributions answer, whatever they are given."""
    x = as_array(x)
    return x.astype(np.result_type(x, np.float64), copy=False)[()]
