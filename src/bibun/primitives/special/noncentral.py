"""Rows of the noncentral distributions of χ², F and t: by the value and by the noncentrality, which both are closed."""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi, sqrt
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.core.kinds import elementwise
from bibun.primitives.special.densities import beta_density, gamma_density


def chi_square(x: Any, freedom: Any, noncentrality: Any) -> Any:
    """The density of χ²: e**(-(√x - √nc)²/2) (x/nc)**(df/4 - 1/2) Ie(df/2 - 1, √(x nc)) / 2, or for small x nc by 0F1"""
    near = x * noncentrality < 1
    a = freedom / 2
    x1, nc1 = np.where(near, x, 1.0), np.where(near, noncentrality, 0.0)
    by_series = gamma_density(a, x1 / 2) / 2 * np.exp(-nc1 / 2) * special.hyp0f1(a, x1 * nc1 / 4)
    x2, nc2 = np.where(near, 1.0, x), np.where(near, 1.0, noncentrality)
    apart = np.sqrt(x2) - np.sqrt(nc2)
    by_bessel = (x2 / nc2) ** (a / 2 - 0.5) * np.exp(-apart * apart / 2) * special.ive(a - 1, np.sqrt(x2 * nc2)) / 2
    return np.where(near, by_series, by_bessel)


def log_chi_square(x: Any, freedom: Any, noncentrality: Any) -> Any:
    """Its logarithm, by the logarithms of the factors, which do not underflow."""
    near = x * noncentrality < 1
    a = freedom / 2
    x1, nc1 = np.where(near, x, 1.0), np.where(near, noncentrality, 0.0)
    central = special.xlogy(a - 1, x1 / 2) - x1 / 2 - special.gammaln(a) - log(2)
    by_series = central - nc1 / 2 + np.log(special.hyp0f1(a, x1 * nc1 / 4))
    x2, nc2 = np.where(near, 1.0, x), np.where(near, 1.0, noncentrality)
    apart = np.sqrt(x2) - np.sqrt(nc2)
    bessel = np.log(special.ive(a - 1, np.sqrt(x2 * nc2)) / 2)
    return np.where(near, by_series, (a / 2 - 0.5) * np.log(x2 / nc2) - apart * apart / 2 + bessel)


def _chi_square_by_noncentrality(x: Any, freedom: Any, noncentrality: Any) -> Any:
    """(F(df + 2) - F(df)) / 2, the density with two degrees of freedom more, of the other sign"""
    return -chi_square(x, freedom + 2.0, noncentrality)


def _fisher_parts(a: Any, b: Any, f: Any) -> tuple[Any, Any, Any, Any]:
    """The half degrees of freedom, the beta variable and its complement."""
    total = b + 1.0 * a * f
    return a / 2, b / 2, np.where(np.isinf(f), 1.0, a * f / total), b / total


def fisher(a: Any, b: Any, c: Any, f: Any) -> Any:
    """The density of F: that of nc = 0, times e**(-nc/2) 1F1((a + b)/2; a/2; nc w/2), w = a f / (b + a f)"""
    p, q, w, rest = _fisher_parts(a, b, f)
    z = c * w / 2
    central = beta_density(p, q, w, rest) * rest * rest * a / b
    return central * np.exp(-c * rest / 2) * special.hyp1f1(-q, p, -z)


def log_fisher(a: Any, b: Any, c: Any, f: Any) -> Any:
    """Its logarithm, in the same way as that of χ²."""
    p, q, w, rest = _fisher_parts(a, b, f)
    central = special.xlogy(p - 1, w) + (q + 1) * np.log(rest) - special.betaln(p, q) + np.log(a / b)
    return central - c * rest / 2 + np.log(special.hyp1f1(-q, p, -c * w / 2))


def _fisher_by_noncentrality(a: Any, b: Any, c: Any, f: Any) -> Any:
    """-e**(-nc/2) w**(a/2) (1 - w)**(b/2) / (a B(a/2, b/2)) 1F1((a + b)/2; a/2 + 1; nc w/2)"""
    p, q, w, rest = _fisher_parts(a, b, f)
    step = beta_density(p, q, w, rest) * w * rest / (2 * p)
    return -step * np.exp(-c * rest / 2) * special.hyp1f1(1 - q, p + 1, -c * w / 2)


def student_moment(freedom: Any, noncentrality: Any, t: Any, power: int) -> Any:
    """∫ s**power φ(t s - nc) g(s) ds, with g the density of s = √(χ²/df).

    The density of t is that of power 1; by the noncentrality the distribution falls by that of power 0. With p = df + power,
    c = df + t², b = t nc the integral of s**(p - 1) exp(-c s²/2 + b s) is Γ(p) c**(-p/2) exp(b²/4c) D_-p(-b/√c) for b < 0,
    and for any b the sum of an even and an odd 1F1, both multiplied here by exp(-b²/2c) (DLMF 12.5.1, 12.4.1, 13.2.39).
    """
    logarithm, factor = _student_parts(freedom, noncentrality, t, power)
    return np.exp(logarithm) * factor


def log_student(freedom: Any, noncentrality: Any, t: Any) -> Any:
    """The logarithm of the density of t."""
    logarithm, factor = _student_parts(freedom, noncentrality, t, 1)
    return logarithm + np.log(factor)


def _student_parts(freedom: Any, noncentrality: Any, t: Any, power: int) -> tuple[Any, Any]:
    """The logarithm of one factor of student_moment, which may underflow, and the other."""
    p, root = freedom + 1.0 * power, np.hypot(np.sqrt(freedom), t)  # √c, which does not overflow
    u, v = noncentrality * (t / root), noncentrality * (np.sqrt(freedom) / root)  # b / √c
    z = u * u / 2
    # (df/2)**(df/2) / Γ(df/2) times Γ(p/2) (2/c)**(p/2), whose parts overflow
    scale = (
        special.gammaln(p / 2) - special.gammaln(freedom / 2) + freedom / 2 * np.log(freedom)
        - p * np.log(root) + power / 2 * log(2) - v * v / 2 - log(2 * pi) / 2
    )  # fmt: skip
    low = (u < 0) & (z > 1)
    inner = np.where(low, 0.0, z)
    odd = np.where(low, 0.0, u) * sqrt(2) * special.poch(p / 2, 0.5)
    even = special.hyp1f1(0.5 - p / 2, 0.5, -inner) + odd * special.hyp1f1(1 - p / 2, 1.5, -inner)
    outer = np.where(low, z, 1.0)
    cylinder, _ = special.pbdv(-p, np.sqrt(2 * outer))
    tail = np.exp2(p / 2) * special.gamma(p / 2 + 0.5) * np.exp(-outer / 2) * cylinder / sqrt(pi)
    return scale, np.where(low, tail, even)


def _solved(y: Any, slope: Callable[[Any], Any]) -> Any:
    """The slope of a noncentrality y; but 0 where none has the probability, and SciPy gives an end of the range it searches."""
    none = (y < 1e-300) | np.equal(y, 1e4)
    return np.where(none, 0.0, slope(np.where(none, 1.0, y)))


def _quantile(y: Any, slope: Callable[[Any], Any]) -> Any:
    """The slope of a quantile y by the noncentrality; but 0 at the ends of the support, where it is for all of them."""
    end = np.equal(y, 0) | np.isinf(y)
    return np.where(end, 0.0, slope(np.where(end, 1.0, y)))


_FREEDOM = "the degrees of freedom: its derivative has no closed form"
_INVERSE = "{}: this is an inverse by the degrees of freedom, by which the distribution function has no derivative in closed form"

chndtr = elementwise(
    special.chndtr,
    lambda a, b, c: chi_square(a, b, c),
    _FREEDOM,
    lambda a, b, c: _chi_square_by_noncentrality(a, b, c),
    guarded=True,
    domain=("positive",) * 3,
)
chndtrix = elementwise(
    special.chndtrix,
    lambda y, b, c: 1 / chi_square(y, b, c),
    _FREEDOM,
    lambda y, b, c: _quantile(y, lambda x: -_chi_square_by_noncentrality(x, b, c) / chi_square(x, b, c)),
    guarded=True, domain=("probability", "positive", "positive"),
)  # fmt: skip
chndtrinc = elementwise(
    special.chndtrinc,
    lambda y, a, b: _solved(y, lambda c: -chi_square(a, b, c) / _chi_square_by_noncentrality(a, b, c)),
    _FREEDOM,
    lambda y, a, b: _solved(y, lambda c: 1 / _chi_square_by_noncentrality(a, b, c)),
    guarded=True, domain=("above_one", "positive", "small_probability"),
)  # fmt: skip
ncfdtr = elementwise(
    special.ncfdtr,
    _FREEDOM,
    _FREEDOM,
    lambda a, b, c, d: _fisher_by_noncentrality(a, b, c, d),
    lambda a, b, c, d: fisher(a, b, c, d),
    guarded=True,
    domain=("positive",) * 4,
)
ncfdtri = elementwise(
    special.ncfdtri, _FREEDOM, _FREEDOM,
    lambda y, a, b, c: _quantile(y, lambda f: -_fisher_by_noncentrality(a, b, c, f) / fisher(a, b, c, f)),
    lambda y, a, b, c: 1 / fisher(a, b, c, y),
    guarded=True, domain=("positive", "positive", "positive", "probability"),
)  # fmt: skip
ncfdtrinc = elementwise(
    special.ncfdtrinc, _FREEDOM, _FREEDOM,
    lambda y, a, b, d: _solved(y, lambda c: 1 / _fisher_by_noncentrality(a, b, c, d)),
    lambda y, a, b, d: _solved(y, lambda c: -fisher(a, b, c, d) / _fisher_by_noncentrality(a, b, c, d)),
    guarded=True, domain=("positive", "positive", "small_probability", "above_one"),
)  # fmt: skip
nctdtr = elementwise(
    special.nctdtr, _FREEDOM, lambda a, b, c: -student_moment(a, b, c, 0), lambda a, b, c: student_moment(a, b, c, 1),
    guarded=True, domain=("positive", "real", "real"),
)  # fmt: skip


def _of_quantile(y: Any, at_infinity: Any, slope: Any) -> Any:
    """The slope of a quantile; at an infinite one that of the end, which no parameter moves, and which p reaches steeply."""
    endless = np.isinf(y)
    return np.where(endless, at_infinity, slope(np.where(endless, 0.0, y)))


nctdtrit = elementwise(
    special.nctdtrit, _FREEDOM,
    lambda y, a, b: _of_quantile(y, 0.0, lambda t: student_moment(a, b, t, 0) / student_moment(a, b, t, 1)),
    lambda y, a, b: _of_quantile(y, np.abs(y), lambda t: 1 / student_moment(a, b, t, 1)),
    guarded=True, domain=("positive", "real", "probability"),
)  # fmt: skip
nctdtrinc = elementwise(
    special.nctdtrinc, _FREEDOM,
    lambda y, a, c: -1 / student_moment(a, y, c, 0),
    lambda y, a, c: student_moment(a, y, c, 1) / student_moment(a, y, c, 0),
    guarded=True, domain=("positive", "probability", "real"),
)  # fmt: skip


def _by_freedom(function: Any, *inputs: str) -> Any:
    return elementwise(function, *(_INVERSE.format(word) for word in inputs))


chndtridf = _by_freedom(special.chndtridf, "the argument x", "the probability p", "the noncentrality nc")
ncfdtridfn = _by_freedom(
    special.ncfdtridfn, "the probability p", "the degrees of freedom dfd", "the noncentrality nc", "the argument f"
)
ncfdtridfd = _by_freedom(
    special.ncfdtridfd, "the degrees of freedom dfn", "the probability p", "the noncentrality nc", "the argument f"
)
nctdtridf = _by_freedom(special.nctdtridf, "the probability p", "the noncentrality nc", "the argument t")
