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

from bibun.core.kinds import guarded_times
from bibun.errors import OTHERWISE, NoDerivativeError, located
from bibun.primitives.repeated import holds
from bibun.scipy._implicit import implicit
from bibun.scipy._levels import differentiated, is_traced, moving, searched, without
from bibun.scipy.stats.distribution import Distribution, floats, log_probability, nan_unless

Formula = Callable[..., Any]
LINE = (-np.inf, np.inf)
POSITIVE = (0.0, np.inf)


class Continuous(Distribution):
    """A family of distributions of a real number: the methods of SciPy's, with parameters x, shapes, loc and scale.

    Formulas of the standard member, of z and the shapes (of the shapes alone: mean, var, entropy). `positive`: whether all
    shapes must be, or of which shapes there is a member. `cdf`: a reason, where it has no derivative by the shapes.
    """

    moved_by = ("loc", "scale")

    def __init__(
        self,
        name: str,
        logpdf: Formula,
        cdf: Formula | str,
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
        self.forms = {"logpdf": logpdf, "cdf": cdf, "sf": sf, "logcdf": logcdf, "logsf": logsf, "ppf": ppf, "isf": isf}
        self.moments = {"mean": mean, "var": var, "entropy": entropy}
        self.rows = {
            which: searched(getattr(self.plain, which), f"{name}.{which}")
            for which in ("logpdf", "cdf", "logcdf", "sf", "ppf", "isf")
        }

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
        return self._quantile("ppf", "cdf", q, args, settings)

    def isf(self, q: Any, *args: Any, **settings: Any) -> Any:
        """The x with sf(x) = q."""
        return self._quantile("isf", "sf", q, args, settings)

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
        value. So is a density itself where the logarithm is infinite.
        """
        if not is_traced(x, args, settings):
            return getattr(self.plain, which)(x, *args, **settings)
        shapes, loc, scale = self.parameters(args, settings)
        x = floats(x)
        z = (x - loc) / scale
        low, high = self.support_of(*shapes) if callable(self.support_of) else self.support_of
        density = which in ("logpdf", "pdf")
        formula, vanishes = "logpdf" if density else which, np.isnan if which == "logpdf" else _not_finite
        inside = (z >= low) & (z <= high) & np.isfinite(z) if density else (z > low) & (z < high)
        y = self._standard(formula, np.where(inside, z, _middle(low, high)), shapes)
        beyond = np.where(z <= low, *outside)
        if density:
            dead = inside & (vanishes(y) | (((z == low) | (z == high)) & np.isinf(y)))
            if holds(dead):
                inside = inside & ~dead
                y = self._standard(formula, np.where(inside, z, _middle(low, high)), shapes)
                at_ends = self.rows["logpdf"](*(without(value, 0) for value in (z, *shapes)))
                beyond = np.where(dead, at_ends, beyond)
            y = y - np.log(scale)
        y, valid = np.where(inside, y, beyond), self._of_family(shapes, scale) & (z == z)
        return nan_unless(valid, np.exp(y) if which == "pdf" else y, x, loc, scale, *shapes)

    def _standard(self, which: str, z: Any, shapes: list[Any]) -> Any:
        form = self.forms[which]
        if which in ("cdf", "sf") and isinstance(self.forms["cdf"], str):
            return self._by_value(which, z, shapes, self.forms["cdf"])
        if callable(form):
            return form(z, *shapes)
        if which == "sf":
            return 1 - self._standard("cdf", z, shapes)
        cdf, sf = (self._standard(form, z, shapes) for form in ("cdf", "sf"))
        return log_probability(cdf, sf) if which == "logcdf" else log_probability(sf, cdf)

    def _by_value(self, which: str, z: Any, shapes: list[Any], reason: str) -> Any:
        """SciPy's cdf or sf, whose derivative by z alone is known: the density."""
        if differentiated(*shapes):
            raise NoDerivativeError(
                f"{located()}{self.name}.cdf has no derivative rule by {reason}. Differentiate by x, loc and scale only, or "
                f"integrate the density (bibun.scipy.integrate.quad), or {OTHERWISE}."
            )
        y = self.rows[which](without(z, 0), *shapes)
        sign = 1 if which == "cdf" else -1
        for level in differentiated(z):
            slope = np.exp(self.forms["logpdf"](without(z, level), *shapes))  # type: ignore[operator, misc]
            y = moving(y, sign * slope * without(z, level + 1), level)
        return y

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
    def _quantile(self, which: str, inverse_of: str, q: Any, args: Any, settings: Any) -> Any:
        if not is_traced(q, args, settings):
            return getattr(self.plain, which)(q, *args, **settings)
        shapes, loc, scale = self.parameters(args, settings)
        q = floats(q)
        proper = (q >= 0) & (q <= 1)
        inputs, valid = (q, loc, scale, *shapes), self._of_family(shapes, scale) & proper
        form, opposite = self.forms[which], self.forms["isf" if which == "ppf" else "ppf"]
        if form is None and opposite is not None and which == "isf":
            form, q = opposite, 1 - q
        if form is not None:
            z = form(np.where(proper, q, 0.5), *shapes)  # type: ignore[operator]
        else:
            z = self._found(which, inverse_of, q, shapes)
        return nan_unless(valid, loc + scale * z, *inputs)

    def _found(self, which: str, inverse_of: str, q: Any, shapes: list[Any]) -> Any:
        """SciPy's quantile of the standard member, with the derivative of the solution of an equation, or of an end."""
        start = self.rows[which](*(without(value, 0) for value in (q, *shapes)))
        low, high = self.support_of(*shapes) if callable(self.support_of) else self.support_of
        inside = (start > low) & (start < high)
        p, z = np.where(inside, q, 0.5), np.where(inside, start, without(_middle(low, high), 0))[()]
        outside = holds(~inside)

        def residual(z: Any) -> Any:
            r = self._standard(inverse_of, z, shapes) - p
            return np.where(inside, r, z) if outside else r  # where shapes are none of the family's r is nan

        z = implicit(residual, z, name=f"{self.name}.{which}", separate=True)
        if not outside:
            return z
        at_end = self._end(which, np.where(start <= low, low, high), q, shapes)
        return np.where(inside, z, np.where(np.isnan(start), start, at_end))  # nan where q is no probability

    def _end(self, which: str, end: Any, q: Any, shapes: list[Any]) -> Any:
        """An end of the support as a quantile, with its derivatives by the shapes, and by q ± 1 / pdf."""
        moved, sign = np.zeros_like(without(end + q, 0)), 1 if which == "ppf" else -1
        for level in differentiated(q):
            z, *below = (without(value, level) for value in (end, *shapes))
            density = self._standard("logpdf", np.where(np.isfinite(z), z, 0.0) + moved, below)
            slope = np.where(np.isfinite(z) & ~np.isnan(density), np.exp(-density), np.inf)
            rise = without(q, level + 1) - without(q, level)  # zero, but for its derivative
            moved = moving(moved, guarded_times(rise, sign * slope), level)
        return end + moved

    @np.errstate(invalid="ignore")  # of a negative scale
    def _moment(self, which: str, args: Any, settings: Any, moved: Formula) -> Any:
        if not is_traced(args, settings):
            return getattr(self.plain, which)(*args, **settings)
        shapes, loc, scale = self.parameters(args, settings)
        form = self.moments[which]
        if form is None and differentiated(*shapes):
            raise NoDerivativeError(
                f"{located()}{self.name}.{which} has no derivative rule by its shapes: none in closed form is known here. "
                f"Integrate with bibun.scipy.integrate.quad, differentiate by loc and scale only, or {OTHERWISE}."
            )
        if form is None:
            standard = searched(getattr(self.plain, which), f"{self.name}.{which}")(*shapes)
        else:
            standard = form(*shapes)
        valid = self._of_family(shapes, scale) & (loc == loc)
        return nan_unless(valid, moved(standard, loc, scale), loc, scale, *shapes)


def _not_finite(y: Any) -> Any:
    return ~np.isfinite(y)


def _middle(low: Any, high: Any) -> Any:
    """A number between the ends of a support, where every formula is finite."""
    low_known, high_known = np.isfinite(low), np.isfinite(high)
    bounded = np.where(low_known, low, 0.0), np.where(high_known, high, 0.0)
    both = (bounded[0] + bounded[1]) / 2
    return np.where(
        low_known & high_known, both, np.where(low_known, bounded[0] + 1, np.where(high_known, bounded[1] - 1, 0.25))
    )
