"""Words of elementwise rows that are formulas of other words: entropies, losses, transformations, steps between floats.

Those of SciPy are computed as SciPy does, in double precision for single numbers too.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, log, nan, pi, sqrt

from bibun.compiler.native.arithmetic import COSTS, WORDS, two_sum, word
from bibun.compiler.native.code import Value, absolute, copysign, fma, select

_OVERFLOW = 709.78  # exp of more is infinite


def in_double(function: Callable[..., Value]) -> Callable[..., Value]:
    """Enter a formula under its name; of single numbers it is rounded once, at the end."""

    def formula(*xs: Value) -> Value:
        return function(*(x.to("f64") for x in xs)).to(xs[0].kind)

    name = function.__name__.strip("_")
    WORDS[name] = formula
    COSTS[name] = 40
    return formula


def _exp(x: Value) -> Value:
    return WORDS["exp"](x)


def _log(x: Value) -> Value:
    return WORDS["log"](x)


def _expm1(x: Value) -> Value:
    return WORDS["expm1"](x)


def _log1p(x: Value) -> Value:
    return WORDS["log1p"](x)


WORDS["times"] = lambda a, b: a * b  # a product that is rounded before anything is added to it


# ---- powers, and exponentials near 0 ------------------------------------------------------------


@in_double
def _exp10(x: Value) -> Value:
    return x.code.call("pow", 10.0, x)


@in_double
def _exprel(x: Value) -> Value:
    """(e**x - 1) / x"""
    return select(absolute(x) < 1e-16, 1, select(x > 717.0, inf, _expm1(x) / x))


@in_double
def _cosm1(x: Value) -> Value:
    """cos x - 1 = -2 sin(x / 2)**2"""
    half = WORDS["sin"](x * 0.5)
    return 0 - half * half * 2


@in_double
def _erfcinv(x: Value) -> Value:
    return WORDS["ndtri"](x * 0.5) * -sqrt(0.5)


@in_double
def _radian(degrees: Value, minutes: Value, seconds: Value) -> Value:
    return ((degrees * 60 + minutes) * 60 + seconds) * (pi / 648000)


@in_double
def _log_hypot(x: Value, y: Value) -> Value:
    """log |x + i y|: near 1 by log1p of x² + y² - 1, with what rounding loses of that."""
    a, b = WORDS["maximum"](absolute(x), absolute(y)), WORDS["minimum"](absolute(x), absolute(y))
    squares, rest = (a * a, b * b), (fma(a, a, -(a * a)), fma(b, b, -(b * b)))
    first, lost = two_sum(squares[0], _number(-1, a))
    total, more = two_sum(first, squares[1])
    near = _log1p(total + (lost + more + rest[0] + rest[1])) * 0.5
    scale = select(a > 1e307, 0.25, select(a < 1e-290, _number(2.0**100, a), 1))
    back = select(a > 1e307, log(4), select(a < 1e-290, _number(-100 * log(2), a), 0))
    far = _log(x.code.call("hypot", x * scale, y * scale)) + back
    return select((total > -0.5) & (total < 1.0), near, far)


COSTS["log_hypot"] = 70


# ---- entropies ----------------------------------------------------------------------------------


def _unless_nan(a: Value, b: Value, value: Value) -> Value:
    """The value, and nan where a or b is."""
    return select(a.is_nan() | b.is_nan(), nan, value)


@in_double
def _xlogy(a: Value, b: Value) -> Value:
    return select(a.equals(0) & ~b.is_nan(), 0, a * _log(b))


@in_double
def _xlog1py(a: Value, b: Value) -> Value:
    return select(a.equals(0) & ~b.is_nan(), 0, a * _log1p(b))


@in_double
def _entr(x: Value) -> Value:
    """-x log x"""
    value = select(x > 0, -x * _log(x), select(x.equals(0), 0, _number(-inf, x)))
    return select(x.is_nan(), x, value)


@in_double
def _rel_entr(a: Value, b: Value) -> Value:
    """a log(a / b), by their difference where they are near each other; by two logarithms where a / b is out of range."""
    ratio = a / b
    close = _log1p((a - b) / b)
    apart = select((ratio > 2.2250738585072014e-308) & (ratio < inf), _log(ratio), _log(a) - _log(b))
    value = a * select((ratio > 0.5) & (ratio < 2.0), close, apart)
    edge = select(a.equals(0) & (b >= 0), 0, _number(inf, a))
    return _unless_nan(a, b, select((a > 0) & (b > 0), value, edge))


def _number(value: float, like: Value) -> Value:
    return like.code.constant(value, like.kind, like.lanes)


@in_double
def _kl_div(a: Value, b: Value) -> Value:
    """a log(a / b) - a + b"""
    value = a * _log(a / b) - a + b
    edge = select(a.equals(0) & (b >= 0), b, inf)
    return _unless_nan(a, b, select((a > 0) & (b > 0), value, edge))


# ---- losses -------------------------------------------------------------------------------------


@in_double
def _huber(delta: Value, r: Value) -> Value:
    size = absolute(r)
    return select(delta < 0, inf, select(size <= delta, r * r * 0.5, delta * (size - delta * 0.5)))


@in_double
def _pseudo_huber(delta: Value, r: Value) -> Value:
    """δ² (sqrt(1 + (r / δ)²) - 1)"""
    v = r / delta
    value = delta * delta * _expm1(_log1p(v * v) * 0.5)
    return select(delta < 0, inf, select(delta.equals(0) | r.equals(0), 0, value))


# ---- transformations ----------------------------------------------------------------------------


def _power_less_1(logarithm: Value, b: Value) -> Value:
    """(e**(b logarithm) - 1) / b, where e**(b logarithm) may be too large"""
    u = b * logarithm
    beyond = copysign(1, b) * _exp(u - _log(absolute(b))) - 1 / b
    return select(u < _OVERFLOW, _expm1(u) / b, beyond)


@in_double
def _boxcox(a: Value, b: Value) -> Value:
    """(a**b - 1) / b"""
    logarithm = _log(a)
    return select(absolute(b) < 1e-19, logarithm, _power_less_1(logarithm, b))


@in_double
def _boxcox1p(a: Value, b: Value) -> Value:
    """((1 + a)**b - 1) / b"""
    logarithm = _log1p(a)
    small = (absolute(logarithm) < 1e-289) & (absolute(b) < 1e273)
    return select((absolute(b) < 1e-19) | small, logarithm, _power_less_1(logarithm, b))


def _exponent(a: Value, b: Value) -> Value:
    """log(1 + a b) / b, where a b may be too large"""
    u = a * b
    beyond = _log(copysign(1, b) * (a + 1 / b)) + _log(absolute(b))
    return select(u < 1.79e308, _log1p(u), beyond) / b


@in_double
def _inv_boxcox(a: Value, b: Value) -> Value:
    """(1 + a b)**(1 / b)"""
    return _exp(select(b.equals(0), a, _exponent(a, b)))


@in_double
def _inv_boxcox1p(a: Value, b: Value) -> Value:
    """(1 + a b)**(1 / b) - 1"""
    value = _expm1(select(b.equals(0), a, _exponent(a, b)))
    return select((absolute(a * b) < 1e-154) & b.differs(0), a, value)


# ---- gamma --------------------------------------------------------------------------------------


@in_double
def _rgamma(x: Value) -> Value:
    """1 / Γ(x), which is x near 0 and 0 at the poles"""
    pole = (x <= 0) & WORDS["floor"](x).equals(x)
    return select(absolute(x) < 1e-300, x, select(pole, 0, 1 / WORDS["gamma"](x)))


@in_double
def _reflected_digamma(x: Value) -> Value:
    """cos πx - ψ(1 - x) sin(πx) / π, by what x is apart from an integer"""
    whole = WORDS["rint"](x)
    sign = 1 - (whole - 2 * WORDS["floor"](whole * 0.5)) * 2
    rest = (x - whole) * pi
    return sign * (WORDS["cos"](rest) - WORDS["digamma"](1 - x) * WORDS["sin"](rest) * (1 / pi))


# ---- sine ---------------------------------------------------------------------------------------

WORDS["sinc"] = lambda x: x.code.call("sinc", x)
COSTS["sinc"] = 24


# ---- floats and their neighbours ----------------------------------------------------------------


def _moved(x: Value, step: Value | int) -> Value:
    """The float whose bits are `step` further on, away from 0; of 0 the smallest one above."""
    smallest = 5e-324 if x.kind == "f64" else 1e-45
    return select(x.equals(0), smallest, (x.bits() + step).as_float())


@word("spacing")
def _spacing(x: Value) -> Value:
    """To the next float away from 0."""
    return select(absolute(x).equals(inf), nan, _moved(x, 1) - x)


@word("nextafter")
def _nextafter(a: Value, b: Value) -> Value:
    outwards = (a < b) ^ (a < 0)
    one = select(outwards, a.code.constant(1, a.bits().kind, a.lanes), -1)
    step = select(a.equals(0), copysign(_moved(a, 1), b), _moved(a, one))
    return _unless_nan(a, b, select(a.equals(b), b, step))


@word("angle")
def _angle(x: Value) -> Value:
    """Of a real number: π where the sign is negative, that of zero too."""
    return select(x.is_nan(), x, select(x.bits() < 0, x.code.constant(pi, x.kind, x.lanes), 0))


COSTS["spacing"] = COSTS["nextafter"] = 8
