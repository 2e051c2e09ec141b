"""Rows of SciPy's own values of a family: probabilities where a formula has too few digits, and quantiles that it searches for.

The slopes of all of them are known: by the point the density, or one over it, and by a shape what the family says of its
distribution function. Owns no family: continuous.py enters them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from scipy import stats  # type: ignore[import-untyped]

from bibun.arrays.registry import add_rows
from bibun.core.kinds import constant, elementwise
from bibun.core.primitive import Primitive
from bibun.core.rules import Missing
from bibun.errors import OTHERWISE, NoDerivativeError, located
from bibun.primitives.repeated import holds
from bibun.scipy._levels import without
from bibun.transforms.forward import jvp

FAMILIES: dict[str, Any] = {}  # by their names, which are settings of the rows
_QUANTILES = {"ppf": "cdf", "isf": "sf"}
_FALLING = ("sf", "logsf", "isf")
_AT_ENDS = np.errstate(divide="ignore", over="ignore", invalid="ignore")  # a density of 0 has the logarithm -inf


@dataclass(frozen=True)
class ByValue:
    """In the place of a formula for cdf: the values are SciPy's.

    by_shape    ∂cdf/∂shape of z and the one shape, or the reason why there is none
    which       the functions whose values are taken, but for those that have a formula
    formula     of z and the shapes, from which ∂cdf/∂shape is taken
    """

    by_shape: Callable[[Any, Any], Any] | str = "a shape, as it has none"
    which: tuple[str, ...] = ("cdf", "sf")
    formula: Callable[..., Any] | None = None


def by_value(formula: Callable[..., Any] | str = "a shape, as it has none") -> ByValue:
    """SciPy's values of all functions. A formula for cdf says how they change with the shapes; in its place, why none does."""
    every = ("cdf", "sf", "logcdf", "logsf")
    return ByValue(formula, every) if isinstance(formula, str) else ByValue(which=every, formula=formula)


@_AT_ENDS
def _value(*inputs: Any, family: str, which: str) -> Any:
    # Of one member and many points, some of them outside, SciPy's norminvgauss gives one value: so one member a point
    return getattr(getattr(stats, family), which)(*np.broadcast_arrays(*inputs))


@_AT_ENDS
def _by_point(y: Any, x: Any, shapes: tuple[Any, ...], family: str, which: str) -> Any:
    """± the density, over the probability where its logarithm is meant; of a quantile ± 1 / density."""
    of = FAMILIES[family]
    sign = -1 if which in _FALLING else 1
    if which not in _QUANTILES:
        density = of.forms["logpdf"](x, *shapes)
        none = np.equal(density, -np.inf)
        if holds(none):  # a constant 0, where e**-infinity would multiply infinite slopes by 0
            density = np.where(none, -np.inf, of.forms["logpdf"](np.where(none, of.middle(*shapes), x), *shapes))
        return sign * np.exp(density - _constant_at_0(y) if which.startswith("log") else density)
    finite = np.isfinite(y)
    density = log_density(family, np.where(finite, y, of.middle(*shapes)), shapes)
    slope = np.exp(np.where(finite, -density, np.abs(y)))  # at infinity infinite, and so are its slopes
    return sign * np.where(np.isnan(y), np.nan, slope)


@_AT_ENDS
def log_density(family: str, z: Any, shapes: tuple[Any, ...]) -> Any:
    """The formula; where it is nan, at an end of the support, SciPy's value: mostly -infinity, and steep."""
    of = FAMILIES[family]
    density = of.forms["logpdf"](z, *shapes)
    unknown = np.isnan(density)
    if not holds(unknown):
        return density
    here, *given = (without(x, 0) for x in (z, *shapes))
    theirs = plain_value(here, *given, family=family, which="logpdf")
    return np.where(unknown, steep(theirs, z, of.middle(*given)), density)


def steep(logarithm: Any, z: Any, middle: Any) -> Any:
    """An infinite one of a density at an end of the support, and its slopes there, as infinite."""
    outwards = np.sign(without(z - middle, 0)) * (z - without(z, 0))  # 0, but for its derivative
    return logarithm / (1 - outwards)


def _constant_at_0(logarithm: Any) -> Any:
    """Of a probability that underflows infinity: over it everything is 0, the slope of a constant."""
    return np.where(np.equal(logarithm, -np.inf), np.inf, logarithm)


@_AT_ENDS
def _by_shape(k: int, y: Any, x: Any, shapes: tuple[Any, ...], family: str, which: str) -> Any:
    """By shape k; of a quantile -∂cdf/∂shape / density, or where it is an end of the support the slope of that."""
    of = FAMILIES[family]
    sign = -1 if which in _FALLING else 1
    shape = np.broadcast_to(shapes[k], np.shape(y))[()]

    def slope_of(form: Callable[..., Any]) -> Any:
        return jvp(lambda s: form(*shapes[:k], s, *shapes[k + 1 :]), (shape,), (np.ones_like(shape),))[1]

    if which not in _QUANTILES:
        known: ByValue = of.forms["cdf"]
        formula, by_shape = known.formula, known.by_shape
        if formula is not None:
            slope = sign * slope_of(lambda *given: formula(x, *given) + 0.0 * given[k])
        elif isinstance(by_shape, str):
            raise NoDerivativeError(
                f"{located()}{family}.cdf has no derivative rule by {by_shape}. Differentiate by x, loc and scale only, or "
                f"integrate the density (bibun.scipy.integrate.quad), or {OTHERWISE}."
            )
        else:
            slope = sign * by_shape(x, *shapes)
        return slope * np.exp(-_constant_at_0(y)) if which.startswith("log") else slope
    low, high = of.ends(*shapes)
    middle = of.middle(*shapes)
    # Beside y the probability, too: SciPy's end may be another one by a rounding
    inside = np.greater(y, low) & np.less(y, high) & np.greater(x, 0) & np.less(x, 1)
    z = np.where(inside, y, middle)
    slope = -sign * slope_of(lambda *given: of.standard(_QUANTILES[which], z, given))
    slope = slope * np.exp(-of.forms["logpdf"](z, *shapes))
    first, last = (slope_of(lambda *given, i=i: of.ends(*given)[i] + 0.0 * given[k]) for i in (0, 1))
    return np.where(inside, slope, np.where(np.less(y, middle), first, last))


value_of_a_family = elementwise(
    _value,
    lambda y, x, family, which: _by_point(y, x, (), family, which),
    guarded=True,
    domain=("probability",),
    name="value_of_a_family",
)
value_with_a_shape = elementwise(
    _value,
    lambda y, a, b, family, which: _by_point(y, a, (b,), family, which),
    lambda y, a, b, family, which: _by_shape(0, y, a, (b,), family, which),
    guarded=True,
    domain=("probability", "positive"),
    name="value_with_a_shape",
)
value_with_two_shapes = elementwise(
    _value,
    lambda y, a, b, c, family, which: _by_point(y, a, (b, c), family, which),
    lambda y, a, b, c, family, which: _by_shape(0, y, a, (b, c), family, which),
    lambda y, a, b, c, family, which: _by_shape(1, y, a, (b, c), family, which),
    guarded=True,
    domain=("probability", "positive", "positive"),
    name="value_with_two_shapes",
)
value_with_three_shapes = elementwise(
    _value,
    lambda y, a, b, c, d, family, which: _by_point(y, a, (b, c, d), family, which),
    lambda y, a, b, c, d, family, which: _by_shape(0, y, a, (b, c, d), family, which),
    lambda y, a, b, c, d, family, which: _by_shape(1, y, a, (b, c, d), family, which),
    lambda y, a, b, c, d, family, which: _by_shape(2, y, a, (b, c, d), family, which),
    guarded=True,
    domain=("probability", "positive", "positive", "positive"),
    name="value_with_three_shapes",
)
plain_value = constant(
    _value, "a count, or a value where there is no slope", batch="elementwise", name="plain_value_of_a_family"
)


def _number(*inputs: Any, family: str, which: str, order: int) -> Any:
    of = getattr(stats, family)
    if which == "stats":
        return of.stats(*inputs, moments="mvsk"[order - 1])
    return of.moment(order, *inputs) if which == "moment" else getattr(of, which)(*inputs)


def _refuse(_: Any, family: str, which: str) -> NoReturn:
    counts = hasattr(getattr(stats, family), "pmf")
    instead = f"add up {family}.pmf" if counts else f"write the integral (bibun.scipy.integrate.quad) of {family}.pdf"
    raise NoDerivativeError(
        f"{located()}{family}.{which} has no derivative rule by its shapes: none in closed form is known here; {instead} times "
        f"what is meant, differentiate by {'loc' if counts else 'loc and scale'} only, or {OTHERWISE}."
    )


number_of_a_family: Primitive = Primitive(
    "number_of_a_family",
    "general",
    _number,
    inputs=None,
    pullbacks=(Missing(_refuse, ("family", "which")),),
    pushforwards=(Missing(_refuse, ("family", "which")),),
    batch="elementwise",
)
_VALUES = (value_of_a_family, value_with_a_shape, value_with_two_shapes, value_with_three_shapes)  # by how many shapes
add_rows(*_VALUES, plain_value, number_of_a_family)


def number(family: str, which: str, *inputs: Any, order: int = 0) -> Any:
    """SciPy's value of what has no formula here, of the shapes, and of a count: a moment, an entropy, a sum."""
    return number_of_a_family(*inputs, family=family, which=which, order=order)


def value(family: str, which: str, x: Any, shapes: Any) -> Any:
    """SciPy's value of the standard member, with all its derivatives."""
    return _VALUES[len(shapes)](x, *shapes, family=family, which=which)
