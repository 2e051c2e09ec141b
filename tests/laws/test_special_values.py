"""The second table: numbers at which a derivative is special. Zeros, ties, infinities, nan, edges of domains, huge and tiny.

Each line says a function, a point and the derivative there, from mathematics (at a kink: the subgradient that treats the
branches alike). Reverse and forward mode must both give it, and no rule may warn where NumPy's own value does not. Arrays
(norms, products, empty ones) are in test_special_arrays.py, the lines for scipy.special in scipy_values.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import bibun as bb
from bibun.core.rules import Missing, Rule
from tests.laws import scipy_values
from tests.laws.cases_special import SETTINGS
from tests.laws.differences import is_quiet
from tests.laws.table import TABLE

inf, nan = np.inf, np.nan


class At(NamedTuple):
    """f at a point, one number an argument, and its derivative by each."""

    name: str
    f: Callable[..., Any]
    point: tuple[float, ...]
    want: tuple[float, ...]


def positive_or_zero(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """f where x > 0, else 0: guarded by np.where, as users write it."""
    return lambda x: np.where(x > 0, f(x), 0)


# Each is 0 at 0.5, where the slope of the root is infinite
STEPS: list[tuple[str, Callable[[Any], Any]]] = [
    ("floor(x)", np.floor),
    ("ceil(x) - 1", lambda x: np.ceil(x) - 1),
    ("trunc(x)", np.trunc),
    ("fix(x)", np.fix),
    ("rint(x)", np.rint),
    ("round(x)", np.round),
    ("x // 1", lambda x: x // 1),
    ("1 // x - 2", lambda x: 1 // x - 2),
    ("divmod(x, 1)[0]", lambda x: np.divmod(x, 1)[0]),
    ("modf(x)[1]", lambda x: np.modf(x)[1]),
    ("sign(x) - 1", lambda x: np.sign(x) - 1),
    ("heaviside(x, 1) - 1", lambda x: np.heaviside(x, 1.0) - 1),
    ("copysign(0, x)", lambda x: np.copysign(0.0, x)),
    ("imag(x)", np.imag),
    ("angle(x)", np.angle),
]

POINTS = [
    # np.where guards: the branch that was not taken has no part in the derivative, whatever it computed
    At("where(x > 0, sqrt(x), 0)", positive_or_zero(np.sqrt), (0.0,), (0.0,)),
    At("where(x > 0, log(x), 0)", positive_or_zero(np.log), (0.0,), (0.0,)),
    At("where(x > 0, log2(x), 0)", positive_or_zero(np.log2), (0.0,), (0.0,)),
    At("where(x > 0, log10(x), 0)", positive_or_zero(np.log10), (0.0,), (0.0,)),
    At("where(x > 0, 1/x, 0)", positive_or_zero(lambda x: 1 / x), (0.0,), (0.0,)),
    At("where(x > 0, x**0.5, 0)", positive_or_zero(lambda x: x**0.5), (0.0,), (0.0,)),
    At("where(x > 0, x**-1.5, 0)", positive_or_zero(lambda x: x**-1.5), (0.0,), (0.0,)),
    At("where(x > 0, cbrt(x), 0)", positive_or_zero(np.cbrt), (0.0,), (0.0,)),
    At("where(x > 0, reciprocal(x), 0)", positive_or_zero(np.reciprocal), (0.0,), (0.0,)),
    At("where(x > 0, exp(sqrt(x)), 0)", positive_or_zero(lambda x: np.exp(np.sqrt(x))), (0.0,), (0.0,)),
    At("where(x > 0, sqrt(x), 0) below 0", positive_or_zero(np.sqrt), (-1.0,), (0.0,)),
    At("where(x > 0, log(x), 0) below 0", positive_or_zero(np.log), (-1.0,), (0.0,)),
    At("where(x > 0, log1p(-1 - x), 0)", positive_or_zero(lambda x: np.log1p(-1 - x)), (0.0,), (0.0,)),
    At("where(|x| < 1, arcsin(x), 0) at 1", lambda x: np.where(np.abs(x) < 1, np.arcsin(x), 0), (1.0,), (0.0,)),
    At("where(|x| < 1, arccos(x), 0) at -1", lambda x: np.where(np.abs(x) < 1, np.arccos(x), 0), (-1.0,), (0.0,)),
    At("where(|x| < 1, arctanh(x), 0) at 1", lambda x: np.where(np.abs(x) < 1, np.arctanh(x), 0), (1.0,), (0.0,)),
    At("where(x > 1, arccosh(x), 0) at 1", lambda x: np.where(x > 1, np.arccosh(x), 0), (1.0,), (0.0,)),
    At("where(b != 0, a/b, 0)", lambda a, b: np.where(b != 0, a / b, 0), (2.0, 0.0), (0.0, 0.0)),
    At("where(b != 0, a/b, 0) at 0, 0", lambda a, b: np.where(b != 0, a / b, 0), (0.0, 0.0), (0.0, 0.0)),
    At("where(a > 0, a**b, 0)", lambda a, b: np.where(a > 0, a**b, 0), (0.0, -1.0), (0.0, 0.0)),
    At("where(x > 0, angle(x + ix), 0)", lambda x: np.where(x > 0, np.angle(x + 1j * x), 0), (0.0,), (0.0,)),
    At("where(a > 0, arctan2(a, b), 0)", lambda a, b: np.where(a > 0, np.arctan2(a, b), 0), (0.0, 0.0), (0.0, 0.0)),
    # edges of domains: the derivative is infinite, as in mathematics
    At("sqrt at 0", np.sqrt, (0.0,), (inf,)),
    At("cbrt at 0", np.cbrt, (0.0,), (inf,)),
    At("log at 0", np.log, (0.0,), (inf,)),
    At("log1p at -1", np.log1p, (-1.0,), (inf,)),
    At("arcsin at 1", np.arcsin, (1.0,), (inf,)),
    At("arccos at -1", np.arccos, (-1.0,), (-inf,)),
    At("arccosh at 1", np.arccosh, (1.0,), (inf,)),
    At("reciprocal at 0", np.reciprocal, (0.0,), (-inf,)),
    At("divide by 0", np.divide, (2.0, 0.0), (inf, -inf)),
    # powers of base 0
    At("0**0", np.power, (0.0, 0.0), (0.0, 0.0)),
    At("0**1", np.power, (0.0, 1.0), (1.0, 0.0)),
    At("0**2", np.power, (0.0, 2.0), (0.0, 0.0)),
    At("0**3", np.power, (0.0, 3.0), (0.0, 0.0)),
    At("0**0.5", np.power, (0.0, 0.5), (inf, 0.0)),
    At("0**1.5", np.power, (0.0, 1.5), (0.0, 0.0)),
    At("0**-1", np.power, (0.0, -1.0), (-inf, -inf)),
    At("float_power 0**0", np.float_power, (0.0, 0.0), (0.0, 0.0)),
    At("float_power 0**1", np.float_power, (0.0, 1.0), (1.0, 0.0)),
    At("float_power 0**2", np.float_power, (0.0, 2.0), (0.0, 0.0)),
    At("x**0 at 0", lambda x: x**0, (0.0,), (0.0,)),
    At("x**1 at 0", lambda x: x**1, (0.0,), (1.0,)),
    At("x**2 at 0", lambda x: x**2, (0.0,), (0.0,)),
    At("x**0.0 at 0", lambda x: x**0.0, (0.0,), (0.0,)),
    At("x**1.0 at 0", lambda x: x**1.0, (0.0,), (1.0,)),
    At("x**2.0 at 0", lambda x: x**2.0, (0.0,), (0.0,)),
    At("x**2 below 0", lambda x: x**2, (-3.0,), (-6.0,)),
    At("x**3.0 below 0", lambda x: x**3.0, (-3.0,), (27.0,)),
    At("x**-2 below 0", lambda x: x**-2, (-2.0,), (0.25,)),
    At("0**x at 2", lambda x: 0.0**x, (2.0,), (0.0,)),
    At("1**x", lambda x: 1.0**x, (3.0,), (0.0,)),
    At("2**x at 0", lambda x: 2**x, (0.0,), (np.log(2.0),)),
    # kinks and ties
    At("abs at 0", np.abs, (0.0,), (0.0,)),
    At("abs at -0", np.abs, (-0.0,), (0.0,)),
    At("fabs at 0", np.fabs, (0.0,), (0.0,)),
    At("sign at 0", np.sign, (0.0,), (0.0,)),
    At("maximum of equals", np.maximum, (1.5, 1.5), (0.5, 0.5)),
    At("minimum of equals", np.minimum, (-1.5, -1.5), (0.5, 0.5)),
    At("fmax of equals", np.fmax, (0.0, 0.0), (0.5, 0.5)),
    At("fmin of equals", np.fmin, (0.0, 0.0), (0.5, 0.5)),
    At("maximum of 0 and -0", np.maximum, (0.0, -0.0), (0.5, 0.5)),
    At("relu at 0", lambda x: np.maximum(x, 0), (0.0,), (0.5,)),
    At("maximum of x and x", lambda x: np.maximum(x, x), (2.0,), (1.0,)),
    At("clip at the lower bound", lambda x: np.clip(x, 0.0, 1.0), (0.0,), (0.5,)),
    At("clip at the upper bound", lambda x: np.clip(x, 0.0, 1.0), (1.0,), (0.5,)),
    At("clip inside", lambda x: np.clip(x, 0.0, 1.0), (0.5,), (1.0,)),
    At("clip outside", lambda x: np.clip(x, 0.0, 1.0), (1.5,), (0.0,)),
    At("clip with a traced bound", lambda x, low: np.clip(x, low, None), (0.0, 0.5), (0.0, 1.0)),
    At("hypot(0, 0)", np.hypot, (0.0, 0.0), (0.0, 0.0)),
    At("hypot(0, 3)", np.hypot, (0.0, 3.0), (0.0, 1.0)),
    At("floor at an integer", np.floor, (2.0,), (0.0,)),
    At("rint at a half", np.rint, (2.5,), (0.0,)),
    *(
        At(f"x + sqrt({name}), a step", lambda x, step=step: x + np.sqrt(step(x)), (0.5,), (1.0,))
        for name, step in STEPS
    ),
    At("(-1)**floor(x) x", lambda x: (-1.0) ** np.floor(x) * x, (1.5,), (-1.0,)),
    At("floor(sqrt(x)) at 0", lambda x: np.floor(np.sqrt(x)), (0.0,), (0.0,)),
    At("remainder at a multiple", np.remainder, (4.0, 2.0), (1.0, -2.0)),
    At("remainder below 0", np.remainder, (-1.0, 3.0), (1.0, 1.0)),
    At("fmod below 0", np.fmod, (-4.0, 3.0), (1.0, 1.0)),
    At("copysign to -0", np.copysign, (2.0, -0.0), (-1.0, 0.0)),
    At("heaviside at 0", np.heaviside, (0.0, 0.5), (0.0, 1.0)),
    At("arctan2 on the negative axis", np.arctan2, (0.0, -2.0), (-0.5, 0.0)),
    # infinities
    At("logaddexp(-inf, -inf)", np.logaddexp, (-inf, -inf), (0.5, 0.5)),
    At("logaddexp(inf, inf)", np.logaddexp, (inf, inf), (0.5, 0.5)),
    At("logaddexp(-inf, 1)", np.logaddexp, (-inf, 1.0), (0.0, 1.0)),
    At("logaddexp(1, -inf)", np.logaddexp, (1.0, -inf), (1.0, 0.0)),
    At("logaddexp(inf, 1)", np.logaddexp, (inf, 1.0), (1.0, 0.0)),
    At("logaddexp(-inf, inf)", np.logaddexp, (-inf, inf), (0.0, 1.0)),
    At("logaddexp2(-inf, 1)", np.logaddexp2, (-inf, 1.0), (0.0, 1.0)),
    At("logaddexp2(inf, inf)", np.logaddexp2, (inf, inf), (0.5, 0.5)),
    At("exp(-inf)", np.exp, (-inf,), (0.0,)),
    At("exp(inf)", np.exp, (inf,), (inf,)),
    At("exp2(-inf)", np.exp2, (-inf,), (0.0,)),
    At("expm1(-inf)", np.expm1, (-inf,), (0.0,)),
    At("tanh(inf)", np.tanh, (inf,), (0.0,)),
    At("tanh(-inf)", np.tanh, (-inf,), (0.0,)),
    At("arctan(inf)", np.arctan, (inf,), (0.0,)),
    At("arcsinh(inf)", np.arcsinh, (inf,), (0.0,)),
    At("arccosh(inf)", np.arccosh, (inf,), (0.0,)),
    At("log(inf)", np.log, (inf,), (0.0,)),
    At("log1p(inf)", np.log1p, (inf,), (0.0,)),
    At("sqrt(inf)", np.sqrt, (inf,), (0.0,)),
    At("cbrt(-inf)", np.cbrt, (-inf,), (0.0,)),
    At("square(inf)", np.square, (inf,), (inf,)),
    At("abs(-inf)", np.abs, (-inf,), (-1.0,)),
    At("reciprocal(inf)", np.reciprocal, (inf,), (-0.0,)),
    At("1/inf", np.divide, (1.0, inf), (0.0, -0.0)),
    At("maximum(inf, 1)", np.maximum, (inf, 1.0), (1.0, 0.0)),
    At("minimum(-inf, 1)", np.minimum, (-inf, 1.0), (1.0, 0.0)),
    At("maximum(inf, inf)", np.maximum, (inf, inf), (0.5, 0.5)),
    At("inf * 2", np.multiply, (inf, 2.0), (2.0, inf)),
    At("sinh(-inf)", np.sinh, (-inf,), (inf,)),
    # nan: it passes on to what depends on it; what has lost to a number has derivative 0
    At("maximum(nan, 1): nan wins", np.maximum, (nan, 1.0), (1.0, 0.0)),
    At("maximum(1, nan): nan wins", np.maximum, (1.0, nan), (0.0, 1.0)),
    At("minimum(nan, 1): nan wins", np.minimum, (nan, 1.0), (1.0, 0.0)),
    At("fmax(nan, 1): the number wins", np.fmax, (nan, 1.0), (0.0, 1.0)),
    At("fmin(1, nan): the number wins", np.fmin, (1.0, nan), (1.0, 0.0)),
    At("nan * 0", np.multiply, (nan, 0.0), (0.0, nan)),
    At("nan ** 2", np.power, (nan, 2.0), (nan, nan)),
    At("hypot(nan, 1)", np.hypot, (nan, 1.0), (nan, nan)),
    At("logaddexp(nan, 1)", np.logaddexp, (nan, 1.0), (nan, nan)),
    At("where(isnan(x), 0, x)", lambda x: np.where(np.isnan(x), 0, x), (nan,), (0.0,)),
    # huge and tiny: the closed form's value, where no step of it needs to overflow
    At("logaddexp(0, 1000)", np.logaddexp, (0.0, 1000.0), (0.0, 1.0)),
    At("logaddexp(1000, 0)", np.logaddexp, (1000.0, 0.0), (1.0, 0.0)),
    At("logaddexp(-1e300, 1e300)", np.logaddexp, (-1e300, 1e300), (0.0, 1.0)),
    At("logaddexp2(0, 2000)", np.logaddexp2, (0.0, 2000.0), (0.0, 1.0)),
    At("tanh(1e300)", np.tanh, (1e300,), (0.0,)),
    At("arctan(1e300)", np.arctan, (1e300,), (0.0,)),
    At("arctan(1e100)", np.arctan, (1e100,), (1e-200,)),
    At("arcsinh(1e300)", np.arcsinh, (1e300,), (1e-300,)),
    At("arccosh(1e300)", np.arccosh, (1e300,), (1e-300,)),
    At("hypot(1e300, 1e300)", np.hypot, (1e300, 1e300), (np.sqrt(0.5), np.sqrt(0.5))),
    At("hypot(1e-300, 1e-300)", np.hypot, (1e-300, 1e-300), (np.sqrt(0.5), np.sqrt(0.5))),
    At("arctan2(1e200, 1e200)", np.arctan2, (1e200, 1e200), (5e-201, -5e-201)),
    At("arctan2(1e-200, 1e-200)", np.arctan2, (1e-200, 1e-200), (5e199, -5e199)),
    At("log(1e-300)", np.log, (1e-300,), (1e300,)),
    At("sqrt(1e-300)", np.sqrt, (1e-300,), (0.5e150,)),
    At("cbrt(1e-300)", np.cbrt, (1e-300,), (1e200 / 3,)),
    At("reciprocal(1e300)", np.reciprocal, (1e300,), (-0.0,)),
    At("1e-300 / 1e300", np.divide, (1e-300, 1e300), (1e-300, -0.0)),
    At("1e-300 / 1e-300", np.divide, (1e-300, 1e-300), (1e300, -1e300)),
    At("exp(-1e300)", np.exp, (-1e300,), (0.0,)),
    At("expm1(1e-300)", np.expm1, (1e-300,), (1.0,)),
    At("log1p(1e-300)", np.log1p, (1e-300,), (1.0,)),
    At("log1p(1e300)", np.log1p, (1e300,), (1e-300,)),
    At("sin(1e-300)", np.sin, (1e-300,), (1.0,)),
    At("1e-300 ** 2", np.power, (1e-300, 2.0), (2e-300, 0.0)),
    At("abs(1e-300)", np.abs, (1e-300,), (1.0,)),
    At("1e300 * 1e-300", np.multiply, (1e300, 1e-300), (1e-300, 1e300)),
    At("arcsin near 1", np.arcsin, (1 - 2.0**-52,), (2.0**25.5,)),
    At("arccosh near 1", np.arccosh, (1 + 2.0**-52,), (2.0**25.5,)),
    At("arctanh near 1", np.arctanh, (1 - 2.0**-52,), (2.0**51,)),
    At("sinc(0)", np.sinc, (0.0,), (0.0,)),
    At("sinc(1)", np.sinc, (1.0,), (-1.0,)),
    At("sinc(1/2)", np.sinc, (0.5,), (-4 / np.pi,)),
    *(At(*line) for line in scipy_values.POINTS),
]


def alike(got: Any, want: Any) -> None:
    np.testing.assert_allclose(got, want, rtol=4e-15, atol=0)


def of_points(table: list[At]) -> Any:
    return pytest.mark.parametrize("at", table, ids=lambda at: at.name)


@of_points(POINTS)
@pytest.mark.parametrize("shape", [(), (2, 1)], ids=["number", "array"])
def test_derivative_in_reverse(at: At, shape: tuple[int, ...]) -> None:
    point = tuple(np.full(shape, x) for x in at.point)
    with np.errstate(all="ignore"):  # the value may warn, as NumPy's own does
        y, pullback = bb.vjp(at.f, *point)
    cotangents = pullback(np.ones_like(y))
    alike(cotangents, [np.full(shape, x) for x in at.want])


@of_points(POINTS)
def test_derivative_in_forward(at: At) -> None:
    point = tuple(map(np.float64, at.point))
    mode = "warn" if is_quiet(at.f, point) else "ignore"
    for i, want in enumerate(at.want):
        with np.errstate(over=mode, divide=mode, invalid=mode):
            _, dy = bb.jvp(lambda x, i=i: at.f(*point[:i], x, *point[i + 1 :]), (point[i],), (1.0,))
        alike(dy, want)


@of_points([at for at in POINTS if len(at.point) > 1])
def test_derivative_by_each_argument_alone(at: At) -> None:
    point = tuple(map(np.float64, at.point))
    for i, want in enumerate(at.want):
        with np.errstate(all="ignore"):
            y, pullback = bb.vjp(lambda x, i=i: at.f(*point[:i], x, *point[i + 1 :]), point[i])
        alike(pullback(np.ones_like(y))[0], want)


SECOND = [
    ("x**2 at 0", lambda x: x**2, 0.0, 2.0),
    ("x**2.0 at 0", lambda x: x**2.0, 0.0, 2.0),
    ("x**3 at 0", lambda x: x**3, 0.0, 0.0),
    ("x**1 at 0", lambda x: x**1, 0.0, 0.0),
    ("x**0 at 0", lambda x: x**0, 0.0, 0.0),
    ("power(x, 2.0) at 0", lambda x: np.power(x, 2.0), 0.0, 2.0),
    ("x * x at 0", lambda x: x * x, 0.0, 2.0),
    ("x * abs(x) at 0", lambda x: x * np.abs(x), 0.0, 0.0),
    ("maximum(x, 0)**2 above 0", lambda x: np.maximum(x, 0) ** 2, 1.0, 2.0),
    ("where(x > 0, sqrt(x), 0) at 0", positive_or_zero(np.sqrt), 0.0, 0.0),
    ("where(x > 0, log(x), 0) at 0", positive_or_zero(np.log), 0.0, 0.0),
    ("where(x > 0, 1/x, 0) at 0", positive_or_zero(lambda x: 1 / x), 0.0, 0.0),
    ("where(x > 0, x**1.5, 0) at 0", positive_or_zero(lambda x: x**1.5), 0.0, 0.0),
    ("sqrt at 4", np.sqrt, 4.0, -1 / 32),
    ("hypot(x, 3) at 0", lambda x: np.hypot(x, 3.0), 0.0, 1 / 3),
    ("logaddexp(x, -inf)", lambda x: np.logaddexp(x, -inf), 1.0, 0.0),
    ("logaddexp(0, x) at 1000", lambda x: np.logaddexp(0.0, x), 1000.0, 0.0),
    ("tanh at 1e300", np.tanh, 1e300, 0.0),
    ("exp at -1e300", np.exp, -1e300, 0.0),
    ("sinc at 0", np.sinc, 0.0, -(np.pi**2) / 3),
    *scipy_values.SECOND,
]


@pytest.mark.parametrize(("name", "f", "x", "want"), SECOND, ids=[line[0] for line in SECOND])
def test_second_derivative(name: str, f: Callable[[Any], Any], x: float, want: float) -> None:
    mode = "warn" if is_quiet(f, (np.float64(x),)) else "ignore"
    one = (np.float64(1.0),)
    with np.errstate(over=mode, divide=mode, invalid=mode):
        alike(bb.grad(bb.grad(f))(x), want)
        alike(bb.jvp(bb.grad(f), (x,), one)[1], want)
        alike(bb.grad(lambda x: bb.jvp(f, (x,), one)[1])(x), want)
        alike(bb.jvp(lambda x: bb.jvp(f, (x,), one)[1], (x,), one)[1], want)


def ignores_values(row: Any) -> bool:
    """A row whose partials are numbers, or which compares: its derivative does not show a nan."""
    return not all(isinstance(partial, Rule) for partial in row.partials)


def free(row: Any) -> list[int]:
    """The inputs that the row has a derivative by."""
    return [i for i, partial in enumerate(row.partials) if not isinstance(partial, Missing)]


def by(row: Any, positions: list[int], xs: tuple[Any, ...]) -> Callable[..., Any]:
    """The row of these inputs; the others stay."""

    def f(*moving: Any) -> Any:
        whole = list(xs)
        for i, x in zip(positions, moving, strict=True):
            whole[i] = x
        return row(*whole)

    return f


ELEMENTWISE = [row for row in TABLE.values() if row.kind == "elementwise" and row.name not in SETTINGS and free(row)]
INTEGERS = ("whole", "trials", "many_trials")
UNARY = [row for row in ELEMENTWISE if len(row.partials) == 1 and not ignores_values(row)]


@pytest.mark.parametrize("row", UNARY, ids=lambda row: row.name)
def test_nan_in_nan_out(row: Any) -> None:
    if row.domain == ("complex",):
        pytest.skip("of a real x these are constant, or x itself")
    x = np.array([nan, {"above_one": 1.5, "negative": -0.75}.get(row.domain[0], 0.75)])
    y, pullback = bb.vjp(row, x)
    gradient = pullback(np.ones_like(y))[0]
    tangent = bb.jvp(row, (x,), (np.ones_like(x),))[1]
    assert np.isnan(gradient[0])
    assert np.isnan(tangent[0])
    assert np.isfinite(gradient[1])


BINARY = [
    row for row in ELEMENTWISE
    if len(row.partials) == 2
    and row.name not in ("maximum", "minimum", "fmax", "fmin", "multiply", "guarded_times")  # POINTS has them
    and row.name != "ldexp"  # linear, so that its derivative does not read the number
    and not ignores_values(row)
]  # fmt: skip


@pytest.mark.parametrize("row", BINARY, ids=lambda row: row.name)
def test_nan_in_either_argument_is_nan_in_some_derivative(row: Any) -> None:
    for i in free(row):
        point = tuple(nan if k == i else 2 if domain in INTEGERS else 1.5 for k, domain in enumerate(row.domain))
        with np.errstate(invalid="ignore"):  # NumPy's logaddexp raises the flag
            y, pullback = bb.vjp(by(row, free(row), point), *(point[i] for i in free(row)))
        assert np.isnan(y)
        assert np.isnan(pullback(np.ones_like(y))).any()


@pytest.mark.parametrize("row", ELEMENTWISE, ids=lambda row: row.name)
def test_empty_arrays(row: Any) -> None:
    xs = tuple(np.zeros((0, 3), int if domain in INTEGERS else float) for domain in row.domain)
    moving = tuple(xs[i] for i in free(row))
    f = by(row, free(row), xs)
    y, pullback = bb.vjp(f, *moving)
    assert [gx.shape for gx in pullback(np.zeros_like(y))] == [(0, 3)] * len(moving)
    assert bb.jvp(f, moving, moving)[1].shape == (0, 3)
