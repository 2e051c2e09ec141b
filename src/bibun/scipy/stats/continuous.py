"""Continuous distributions: a family is its density, its distribution function and its support; the rest is derived.

    pdf = exp(logpdf)    sf = 1 - cdf    ppf: the x with cdf(x) = q    isf: the x with sf(x) = q

each at (x - loc) / scale. Where a family gives a form of its own that keeps the digits of a tail, that is taken. The
families are in families.py; numbers without a traced one among them go to SciPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats  # type: ignore[import-untyped]

from bibun.primitives.repeated import holds
from bibun.scipy._levels import is_traced, without
from bibun.scipy.stats.distribution import Distribution, doubles, log_probability, nan_unless
from bibun.scipy.stats.values import FAMILIES, ByValue, log_density, number, plain_value, steep, value

Formula = Callable[..., Any]
LINE = (-np.inf, np.inf)
POSITIVE = (0.0, np.inf)


class Continuous(Distribution):
    """A family of distributions of a real number: the methods of SciPy's, with parameters x, shapes, loc and scale.

    Formulas of the standard member, of z and the shapes (of the shapes alone: mean, var, entropy). `positive`: whether all
    shapes must be, or of which shapes there is a member.
    """

    moved_by = ("loc", "scale")

    def __init__(
        self,
        name: str,
        logpdf: Formula,
        cdf: Formula | ByValue,
        *,
        support: tuple[float, float] | Formula = LINE,
        positive: bool | Formula = True,
        sf: Formula | None = None,
        logcdf: Formula | None = None,
        logsf: Formula | None = None,
        ppf: Formula | None = None,
        isf: Formula | None = None,
        mean: Formula | None = None,
        var: Formula | None = None,
        entropy: Formula | None = None,
    ) -> None:
        self.name, self.plain = name, getattr(stats, name)
        self.shapes = [] if self.plain.shapes is None else self.plain.shapes.split(", ")
        self.support_of, self.positive = support, positive
        self.forms: dict[str, Any] = {
            "logpdf": logpdf, "cdf": cdf, "sf": sf, "logcdf": logcdf, "logsf": logsf, "ppf": ppf, "isf": isf,
        }  # fmt: skip
        self.moments = {"mean": mean, "var": var, "entropy": entropy}
        FAMILIES[name] = self

    # The methods of x

    def logpdf(self, x: Any, *args: Any, **settings: Any) -> Any:
        """log pdf"""
        return self._of_x("logpdf", x, args, settings, (-np.inf, -np.inf))

    def pdf(self, x: Any, *args: Any, **settings: Any) -> Any:
        """The density."""
        return self._of_x("pdf", x, args, settings, (-np.inf, -np.inf))

    def cdf(self, x: Any, *args: Any, **settings: Any) -> Any:
        """The probability of at most x."""
        return self._of_x("cdf", x, args, settings, (0.0, 1.0))

    def sf(self, x: Any, *args: Any, **settings: Any) -> Any:
        """The probability of more than x."""
        return self._of_x("sf", x, args, settings, (1.0, 0.0))

    def logcdf(self, x: Any, *args: Any, **settings: Any) -> Any:
        """log cdf"""
        return self._of_x("logcdf", x, args, settings, (-np.inf, 0.0))

    def logsf(self, x: Any, *args: Any, **settings: Any) -> Any:
        """log sf"""
        return self._of_x("logsf", x, args, settings, (0.0, -np.inf))

    def ppf(self, q: Any, *args: Any, **settings: Any) -> Any:
        """The x with cdf(x) = q."""
        return self._quantile("ppf", q, args, settings)

    def isf(self, q: Any, *args: Any, **settings: Any) -> Any:
        """The x with sf(x) = q."""
        return self._quantile("isf", q, args, settings)

    # The methods of the parameters alone

    def mean(self, *args: Any, **settings: Any) -> Any:
        """The expectation."""
        return self._moment("mean", args, settings, lambda m, loc, scale: loc + scale * m)

    def var(self, *args: Any, **settings: Any) -> Any:
        """The variance."""
        return self._moment("var", args, settings, lambda v, loc, scale: scale**2 * v)

    def entropy(self, *args: Any, **settings: Any) -> Any:
        """The differential entropy."""
        return self._moment("entropy", args, settings, lambda h, loc, scale: h + np.log(scale))

    def nnlf(self, theta: Any, x: Any) -> Any:
        """-Σ logpdf(x), theta the shapes, loc and scale."""
        *shapes, loc, scale = theta
        return -np.sum(self.logpdf(x, *shapes, loc=loc, scale=scale))

    # How

    @np.errstate(divide="ignore", over="ignore", invalid="ignore")  # a probability of 0 has the logarithm -inf
    def _of_x(self, which: str, x: Any, args: Any, settings: Any, outside: Any) -> Any:
        """The formula inside the support, and a constant outside; of a density by its logarithm.

        That may be none at an end of the support, or far out in a tail that underflows: there it is a constant too, of SciPy's
        value, but where the density is infinite, and so is its slope.
        """
        if not is_traced(x, args, settings):
            return getattr(self.plain, which)(x, *args, **settings)
        shapes, loc, scale = self.parameters(args, settings)
        x = doubles(x)
        z = (x - loc) / scale
        low, high = self.ends(*shapes)
        density = which in ("logpdf", "pdf")
        formula, vanishes = "logpdf" if density else which, np.isnan if which == "logpdf" else _not_finite
        inside = (z >= low) & (z <= high) & np.isfinite(z) if density else (z > low) & (z < high)
        y = self.standard(formula, np.where(inside, z, _middle(low, high)), shapes)
        beyond = np.where(z <= low, *outside)
        if density:
            at_end = (z == low) | (z == high)
            dead = inside & (vanishes(y) | (at_end & np.isinf(y)))
            if holds(dead):
                inside = inside & ~dead
                y = self.standard(formula, np.where(inside, z, _middle(low, high)), shapes)
                at_ends = plain_value(*(without(x, 0) for x in (z, *shapes)), family=self.name, which="logpdf")
                # By its factor 0 an end at 0 is not moved by the scale: the infinite slope would make nan of this
                moved = (x - loc) / np.where(z == 0, without(scale, 0), scale)
                beyond = np.where(dead, _endless(at_ends, at_end, moved, _middle(low, high)), beyond)
            y = y - np.log(scale)
        y = np.where(inside, y, beyond)
        y = _exp(y) if which == "pdf" else y
        return nan_unless(self._of_family(shapes, scale) & (z == z), y, x, loc, scale, *shapes)

    def ends(self, *shapes: Any) -> tuple[Any, Any]:
        """The support of the standard member."""
        return self.support_of(*shapes) if callable(self.support_of) else self.support_of

    def middle(self, *shapes: Any) -> Any:
        """A number between them, where every formula is finite."""
        return _middle(*self.ends(*shapes))

    def standard(self, which: str, z: Any, shapes: Any) -> Any:
        """One of the forms of the standard member, within the support."""
        form, by_value = self.forms[which], self.forms["cdf"]
        if callable(form):
            return form(z, *shapes)
        if isinstance(by_value, ByValue) and which in by_value.which:
            return value(self.name, which, z, shapes)
        if which == "sf":
            return 1 - self.standard("cdf", z, shapes)
        cdf, sf = (self.standard(form, z, shapes) for form in ("cdf", "sf"))
        return log_probability(cdf, sf) if which == "logcdf" else log_probability(sf, cdf)

    def _of_family(self, shapes: list[Any], scale: Any) -> Any:
        """Whether there is a member of these shapes and this scale."""
        valid = scale > 0
        if callable(self.positive):
            valid = valid & self.positive(*shapes)
        elif self.positive:
            for shape in shapes:
                valid = valid & (shape > 0)
        return valid

    @np.errstate(divide="ignore", over="ignore", invalid="ignore")  # at q = 0 and q = 1
    def _quantile(self, which: str, q: Any, args: Any, settings: Any) -> Any:
        if not is_traced(q, args, settings):
            return getattr(self.plain, which)(q, *args, **settings)
        shapes, loc, scale = self.parameters(args, settings)
        q = doubles(q)
        proper = (q >= 0) & (q <= 1)
        inputs, valid = (q, loc, scale, *shapes), self._of_family(shapes, scale) & proper
        form, opposite = self.forms[which], self.forms["isf" if which == "ppf" else "ppf"]
        if form is None and opposite is not None and which == "isf":
            which, form, q = "ppf", opposite, 1 - q
        z = self._of_probability(which, form, np.where(proper, q, 0.5), shapes)
        return nan_unless(valid, loc + scale * z, *inputs)

    def _of_probability(self, which: str, form: Any, q: Any, shapes: list[Any]) -> Any:
        """The formula; of 0 and 1, where the slopes of its parts are 0 and infinite, the end of the support."""
        if form is None:
            return value(self.name, which, q, shapes)
        at_end = np.equal(q, 0) | np.equal(q, 1)
        if not holds(at_end):
            return form(q, *shapes)
        known = [without(x, 0) for x in (np.where(at_end, q, 0.0), *shapes)]
        z = plain_value(*known, family=self.name, which=which)
        # Where the density is infinite, the formula has the slope 0 and those of higher order
        at_end = at_end & ~(np.isfinite(z) & np.equal(log_density(self.name, z, tuple(known[1:])), np.inf))
        end = value(self.name, which, np.where(at_end, q, 0.0), shapes)
        return np.where(at_end, end, form(np.where(at_end, 0.5, q), *shapes))

    @np.errstate(invalid="ignore")  # of a negative scale
    def _moment(self, which: str, args: Any, settings: Any, moved: Formula) -> Any:
        if not is_traced(args, settings):
            return getattr(self.plain, which)(*args, **settings)
        shapes, loc, scale = self.parameters(args, settings)
        form = self.moments[which]
        standard = number(self.name, which, *shapes) if form is None else form(*shapes)
        return nan_unless(self._of_family(shapes, scale), moved(standard, loc, scale), loc, scale, *shapes)


def _not_finite(y: Any) -> Any:
    return ~np.isfinite(y)


def _exp(y: Any) -> Any:
    """e**y; where y is infinite, with its slopes."""
    endless = np.equal(y, np.inf)
    return np.where(endless, y, np.exp(np.where(endless, 0.0, y))) if holds(endless) else np.exp(y)


def _endless(logarithm: Any, at_end: Any, z: Any, middle: Any) -> Any:
    """The logarithm of a density at an end, with its slopes where it is infinite; a peak between the ends has none."""
    endless = np.equal(logarithm, np.inf) & at_end
    return np.where(endless, steep(np.where(endless, logarithm, 1.0), z, middle), logarithm)


def _middle(low: Any, high: Any) -> Any:
    """A number between the ends of a support, where every formula is finite."""
    low_known, high_known = np.isfinite(low), np.isfinite(high)
    bounded = np.where(low_known, low, 0.0), np.where(high_known, high, 0.0)
    both = (bounded[0] + bounded[1]) / 2
    return np.where(
        low_known & high_known, both, np.where(low_known, bounded[0] + 1, np.where(high_known, bounded[1] - 1, 0.25))
    )
