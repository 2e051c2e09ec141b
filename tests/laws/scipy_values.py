"""The second table for scipy.special: lines of test_special_values.py, empty where SciPy is not installed. Asserts nothing.

(name, f, point, derivative by each argument) in POINTS, (name, f, x, second derivative) in SECOND, from mathematics.
"""

from __future__ import annotations

from collections.abc import Callable
from math import e, exp, inf, log, log1p, nan, pi, sqrt
from typing import Any

import numpy as np

try:
    from scipy import special
except ImportError:
    special = None

ZETA_3 = 1.2020569031595942  # ζ(3)
D = (1 + 1e-9) - 1  # how far 1 + 1e-9 is from 1


def positive_or_zero(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """f where x > 0, else 0: guarded by np.where, as users write it."""
    return lambda x: np.where(x > 0, f(x), 0)


def first(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: f(x)[0]


def at(f: Any, *orders: float) -> Callable[[Any], Any]:
    """f of these orders or parameters, and x."""
    return lambda x: f(*orders, x)


def with_lambda(f: Any, x: float) -> Callable[[Any], Any]:
    return lambda b: f(x, b)


def lambert(x: Any) -> Any:
    return np.real(special.lambertw(x))


def points() -> list[tuple[str, Any, tuple[float, ...], tuple[float, ...]]]:
    """The lines of first derivatives."""
    s = special
    return [
        # guards: the branch that was not taken has no part
        ("where(x > 0, gammaln(x), 0)", positive_or_zero(s.gammaln), (0.0,), (0.0,)),
        ("where(x > 0, digamma(x), 0) at -1", positive_or_zero(s.digamma), (-1.0,), (0.0,)),
        ("where(x > 0, entr(x), 0)", positive_or_zero(s.entr), (0.0,), (0.0,)),
        ("where(x > 0, xlogy(x, x), 0)", positive_or_zero(lambda x: s.xlogy(x, x)), (0.0,), (0.0,)),
        ("where(x > 0, ndtri(x), 0)", positive_or_zero(s.ndtri), (0.0,), (0.0,)),
        ("where(x > 0, logit(x), 0)", positive_or_zero(s.logit), (0.0,), (0.0,)),
        ("where(x > 0, y1(x), 0)", positive_or_zero(s.y1), (0.0,), (0.0,)),
        ("where(x > 0, exp1(x), 0)", positive_or_zero(s.exp1), (0.0,), (0.0,)),
        # the error functions
        ("erf(0)", s.erf, (0.0,), (2 / sqrt(pi),)),
        ("erf(1e200)", s.erf, (1e200,), (0.0,)),
        ("erf(-inf)", s.erf, (-inf,), (0.0,)),
        ("erfc(inf)", s.erfc, (inf,), (0.0,)),
        ("erfcx(0)", s.erfcx, (0.0,), (-2 / sqrt(pi),)),
        ("erfcx(-inf)", s.erfcx, (-inf,), (-inf,)),
        ("erfcx(1e10)", s.erfcx, (1e10,), (-1e-20 / sqrt(pi),)),
        ("erfcx(1e200)", s.erfcx, (1e200,), (0.0,)),
        ("erfcx(inf)", s.erfcx, (inf,), (0.0,)),
        ("dawsn(0)", s.dawsn, (0.0,), (1.0,)),
        ("dawsn(1e10)", s.dawsn, (1e10,), (-5e-21,)),
        ("dawsn(-inf)", s.dawsn, (-inf,), (0.0,)),
        ("erfinv(0)", s.erfinv, (0.0,), (sqrt(pi) / 2,)),
        ("erfinv(1)", s.erfinv, (1.0,), (inf,)),
        ("erfinv(-1)", s.erfinv, (-1.0,), (inf,)),
        ("erfcinv(0)", s.erfcinv, (0.0,), (-inf,)),
        ("erfcinv(2)", s.erfcinv, (2.0,), (-inf,)),
        ("ndtr(0)", s.ndtr, (0.0,), (1 / sqrt(2 * pi),)),
        ("ndtr(inf)", s.ndtr, (inf,), (0.0,)),
        ("log_ndtr(0)", s.log_ndtr, (0.0,), (sqrt(2 / pi),)),
        ("log_ndtr(-1e5)", s.log_ndtr, (-1e5,), (1e5 + 1e-5,)),
        ("log_ndtr(-1e200)", s.log_ndtr, (-1e200,), (1e200,)),
        ("log_ndtr(-inf)", s.log_ndtr, (-inf,), (inf,)),
        ("log_ndtr(inf)", s.log_ndtr, (inf,), (0.0,)),
        ("ndtri(0)", s.ndtri, (0.0,), (inf,)),
        ("ndtri(1/2)", s.ndtri, (0.5,), (sqrt(2 * pi),)),
        ("ndtri(1)", s.ndtri, (1.0,), (inf,)),
        ("ndtri_exp(-inf)", s.ndtri_exp, (-inf,), (0.0,)),
        ("ndtri_exp(0)", s.ndtri_exp, (0.0,), (inf,)),
        # gamma, beta and zeta
        ("gamma(0)", s.gamma, (0.0,), (-inf,)),
        ("gamma(1)", s.gamma, (1.0,), (-np.euler_gamma,)),
        ("gamma(180)", s.gamma, (180.0,), (inf,)),
        ("gammaln(0)", s.gammaln, (0.0,), (-inf,)),
        ("gammaln(1e300)", s.gammaln, (1e300,), (log(1e300),)),
        ("gammaln(inf)", s.gammaln, (inf,), (inf,)),
        ("rgamma(0)", s.rgamma, (0.0,), (1.0,)),
        ("rgamma(-1)", s.rgamma, (-1.0,), (-1.0,)),
        ("rgamma(-5)", s.rgamma, (-5.0,), (-120.0,)),
        ("rgamma(180)", s.rgamma, (180.0,), (0.0,)),
        ("rgamma(inf)", s.rgamma, (inf,), (0.0,)),
        ("digamma(0)", s.digamma, (0.0,), (inf,)),
        ("digamma(1)", s.digamma, (1.0,), (pi**2 / 6,)),
        ("digamma(-1/2)", s.digamma, (-0.5,), (pi**2 / 2 + 4,)),
        ("digamma(-1e10 - 1/2)", s.digamma, (-1e10 - 0.5,), (pi**2 - 1e-10,)),
        ("digamma(1e300)", s.digamma, (1e300,), (1e-300,)),
        ("digamma(inf)", s.digamma, (inf,), (0.0,)),
        ("zeta(2, 1)", at(s.zeta, 2), (1.0,), (-2 * ZETA_3,)),
        ("zeta(2, 0)", at(s.zeta, 2), (0.0,), (-inf,)),
        ("beta(1, 4)", s.beta, (1.0, 4.0), (-25 / 48, -1 / 16)),
        (
            "betaln(1e8, 2)",
            s.betaln,
            (1e8, 2.0),
            (-1e-8 - 1 / (1e8 + 1), 1 - np.euler_gamma - log(1e8 + 2) + 0.5 / (1e8 + 2)),
        ),
        ("betaln(1, 1e-8)", s.betaln, (1.0, 1e-8), (-1e-8 * (pi**2 / 6 - 1e-8 * ZETA_3), -1e8)),
        ("gammainc(1/2, 0)", at(s.gammainc, 0.5), (0.0,), (inf,)),
        ("gammainc(1, 0)", at(s.gammainc, 1.0), (0.0,), (1.0,)),
        ("gammainc(2, 0)", at(s.gammainc, 2.0), (0.0,), (0.0,)),
        ("gammainc(20, 0)", at(s.gammainc, 20.0), (0.0,), (0.0,)),
        ("gammainc(2, inf)", at(s.gammainc, 2.0), (inf,), (0.0,)),
        ("gammaincc(20, inf)", at(s.gammaincc, 20.0), (inf,), (0.0,)),
        ("gammainc(1e6, 1e6)", at(s.gammainc, 1e6), (1e6,), (exp(-1 / 12e6) / sqrt(2e6 * pi),)),
        ("gammaincinv(2, 0)", at(s.gammaincinv, 2.0), (0.0,), (inf,)),
        ("betainc(1, 1, x)", at(s.betainc, 1.0, 1.0), (0.3,), (1.0,)),
        ("betainc(1/2, 1/2, 0)", at(s.betainc, 0.5, 0.5), (0.0,), (inf,)),
        ("betainc(2, 1, 1)", at(s.betainc, 2.0, 1.0), (1.0,), (2.0,)),
        ("betaincc(2, 2, 0)", at(s.betaincc, 2.0, 2.0), (0.0,), (0.0,)),
        # Bessel functions
        ("j0(0)", s.j0, (0.0,), (0.0,)),
        ("j1(0)", s.j1, (0.0,), (0.5,)),
        ("jv(0, 0)", at(s.jv, 0), (0.0,), (0.0,)),
        ("jv(1/2, 0)", at(s.jv, 0.5), (0.0,), (inf,)),
        ("jv(1, 0)", at(s.jv, 1), (0.0,), (0.5,)),
        ("jv(2, 0)", at(s.jv, 2), (0.0,), (0.0,)),
        ("y0(0)", s.y0, (0.0,), (inf,)),
        ("y1(0)", s.y1, (0.0,), (inf,)),
        ("yv(1/2, 0)", at(s.yv, 0.5), (0.0,), (inf,)),
        ("yn(2, 0)", at(s.yn, 2), (0.0,), (inf,)),
        ("i0(0)", s.i0, (0.0,), (0.0,)),
        ("i1(0)", s.i1, (0.0,), (0.5,)),
        ("iv(1/2, 0)", at(s.iv, 0.5), (0.0,), (inf,)),
        ("ive(1, 0)", at(s.ive, 1), (0.0,), (0.5,)),
        ("i0e(0)", s.i0e, (0.0,), (0.0,)),
        ("i0e(1e20)", s.i0e, (1e20,), (-0.5e-30 / sqrt(2 * pi),)),
        ("i0e(-1e20)", s.i0e, (-1e20,), (0.5e-30 / sqrt(2 * pi),)),
        ("i0e(inf)", s.i0e, (inf,), (0.0,)),
        ("i1e(0)", s.i1e, (0.0,), (0.5,)),
        ("i1e(-1e20)", s.i1e, (-1e20,), (-0.5e-30 / sqrt(2 * pi),)),
        ("k0(0)", s.k0, (0.0,), (-inf,)),
        ("k1(inf)", s.k1, (inf,), (0.0,)),
        ("kv(1, 0)", at(s.kv, 1), (0.0,), (-inf,)),
        ("kn(0, 0)", at(s.kn, 0), (0.0,), (-inf,)),
        ("k0e(0)", s.k0e, (0.0,), (-inf,)),
        ("k0e(1e20)", s.k0e, (1e20,), (-0.5e-30 * sqrt(pi / 2),)),
        ("k1e(inf)", s.k1e, (inf,), (0.0,)),
        ("kve(1/2, 4): √(π/2x)", at(s.kve, 0.5), (4.0,), (-sqrt(pi / 2) / 16,)),
        # integrals
        ("expi(0)", s.expi, (0.0,), (inf,)),
        ("expi(-inf)", s.expi, (-inf,), (0.0,)),
        ("exp1(0)", s.exp1, (0.0,), (-inf,)),
        ("exp1(inf)", s.exp1, (inf,), (0.0,)),
        ("spence(0)", s.spence, (0.0,), (-inf,)),
        ("spence(1)", s.spence, (1.0,), (-1.0,)),
        ("spence(1 + 1e-9)", s.spence, (1 + 1e-9,), (-log1p(D) / D,)),
        ("Si(0)", first(s.sici), (0.0,), (1.0,)),
        ("Si(inf)", first(s.sici), (inf,), (0.0,)),
        ("Ci(0)", lambda x: s.sici(x)[1], (0.0,), (inf,)),
        ("Shi(0)", first(s.shichi), (0.0,), (1.0,)),
        ("W(0)", lambert, (0.0,), (1.0,)),
        ("W(e)", lambert, (e,), (1 / (2 * e),)),
        # logistic functions and entropies
        ("expit(40)", s.expit, (40.0,), (exp(-40.0),)),
        ("expit(1000)", s.expit, (1000.0,), (0.0,)),
        ("expit(-inf)", s.expit, (-inf,), (0.0,)),
        ("log_expit(1000)", s.log_expit, (1000.0,), (0.0,)),
        ("log_expit(-inf)", s.log_expit, (-inf,), (1.0,)),
        ("logit(0)", s.logit, (0.0,), (inf,)),
        ("logit(1e-300)", s.logit, (1e-300,), (1e300,)),
        ("logit(1)", s.logit, (1.0,), (inf,)),
        ("xlogy(0, 0)", s.xlogy, (0.0, 0.0), (-inf, 0.0)),
        ("xlogy(0, 2)", s.xlogy, (0.0, 2.0), (log(2.0), 0.0)),
        ("xlogy(2, 0)", s.xlogy, (2.0, 0.0), (-inf, inf)),
        ("xlog1py(0, -1)", s.xlog1py, (0.0, -1.0), (-inf, 0.0)),
        ("xlog1py(2, 1e-300)", s.xlog1py, (2.0, 1e-300), (1e-300, 2.0)),
        ("entr(0)", s.entr, (0.0,), (inf,)),
        ("rel_entr(0, 2)", s.rel_entr, (0.0, 2.0), (-inf, 0.0)),
        ("rel_entr(0, 0)", s.rel_entr, (0.0, 0.0), (nan, 0.0)),
        ("rel_entr(1e300, 1e-300)", lambda a: s.rel_entr(a, 1e-300), (1e300,), (2 * log(1e300) + 1,)),
        ("kl_div(0, 2)", s.kl_div, (0.0, 2.0), (-inf, 1.0)),
        ("kl_div(0, 0)", s.kl_div, (0.0, 0.0), (nan, 1.0)),
        ("kl_div(1 + 1e-9, 1)", s.kl_div, (1 + 1e-9, 1.0), (log1p(D), -D)),
        # losses
        ("huber(1, 0)", s.huber, (1.0, 0.0), (0.0, 0.0)),
        ("huber(1, 1)", s.huber, (1.0, 1.0), (0.0, 1.0)),
        ("huber(1, -3)", s.huber, (1.0, -3.0), (2.0, -1.0)),
        ("huber(1, inf)", s.huber, (1.0, inf), (inf, 1.0)),
        ("pseudo_huber(0, 0)", s.pseudo_huber, (0.0, 0.0), (0.0, 0.0)),
        ("pseudo_huber(0, 2)", s.pseudo_huber, (0.0, 2.0), (2.0, 0.0)),
        ("pseudo_huber(1, 0)", s.pseudo_huber, (1.0, 0.0), (0.0, 0.0)),
        ("pseudo_huber(3, 4)", s.pseudo_huber, (3.0, 4.0), (0.8, 2.4)),
        ("pseudo_huber(1, -inf)", s.pseudo_huber, (1.0, -inf), (inf, -1.0)),
        ("pseudo_huber(1e-200, 1e200)", s.pseudo_huber, (1e-200, 1e200), (1e200, 1e-200)),
        # transformations
        ("boxcox(0, 1)", s.boxcox, (0.0, 1.0), (1.0, 1.0)),
        ("boxcox(0, 2)", s.boxcox, (0.0, 2.0), (0.0, 0.25)),
        ("boxcox(0, 1/2)", s.boxcox, (0.0, 0.5), (inf, 4.0)),
        ("boxcox(2, 0)", s.boxcox, (2.0, 0.0), (0.5, log(2.0) ** 2 / 2)),
        ("boxcox1p(1, 0)", s.boxcox1p, (1.0, 0.0), (0.5, log(2.0) ** 2 / 2)),
        ("boxcox1p(1e-10, 0)", s.boxcox1p, (1e-10, 0.0), (1 - 1e-10, 0.5e-20 * (1 - 1e-10))),
        ("boxcox1p(-1, 2)", s.boxcox1p, (-1.0, 2.0), (0.0, 0.25)),
        ("inv_boxcox(2, 0)", s.inv_boxcox, (2.0, 0.0), (e**2, -2 * e**2)),
        ("inv_boxcox(-1, 1)", lambda y: s.inv_boxcox(y, 1.0), (-1.0,), (1.0,)),
        ("inv_boxcox1p(2, 0)", s.inv_boxcox1p, (2.0, 0.0), (e**2, -2 * e**2)),
        ("exprel(0)", s.exprel, (0.0,), (0.5,)),
        ("exprel(-1e300)", s.exprel, (-1e300,), (0.0,)),
        ("exprel(-inf)", s.exprel, (-inf,), (0.0,)),
        ("exp10(-inf)", s.exp10, (-inf,), (0.0,)),
        ("special.log1p(-1)", s.log1p, (-1.0,), (inf,)),
        ("special.cbrt(0)", s.cbrt, (0.0,), (inf,)),
        ("sindg(90)", s.sindg, (90.0,), (0.0,)),
        ("sindg(180)", s.sindg, (180.0,), (-pi / 180,)),
        ("tandg(45)", s.tandg, (45.0,), (pi / 90,)),
        ("radian(1, 1, 1)", s.radian, (1.0, 1.0, 1.0), (pi / 180, pi / 10800, pi / 648000)),
    ]


def second() -> list[tuple[str, Any, float, float]]:
    """The lines of second derivatives."""
    s = special
    return [
        ("erf at 0", s.erf, 0.0, 0.0),
        ("erf at 1e200", s.erf, 1e200, 0.0),
        ("erfcx at 0", s.erfcx, 0.0, 2.0),
        ("erfcx at 1e10", s.erfcx, 1e10, 2e-30 / sqrt(pi)),
        ("dawsn at 1e10", s.dawsn, 1e10, 1e-30),
        ("log_ndtr at 0", s.log_ndtr, 0.0, -2 / pi),
        ("log_ndtr at -1e200", s.log_ndtr, -1e200, -1.0),
        ("log_ndtr at -inf", s.log_ndtr, -inf, -1.0),
        ("log_ndtr at 1e200", s.log_ndtr, 1e200, 0.0),
        ("where(x > 0, gammaln(x), 0) at 0", positive_or_zero(s.gammaln), 0.0, 0.0),
        ("where(x > 0, y1(x), 0) at 0", positive_or_zero(s.y1), 0.0, 0.0),
        ("gammaln at 1", s.gammaln, 1.0, pi**2 / 6),
        ("gamma at 1", s.gamma, 1.0, np.euler_gamma**2 + pi**2 / 6),
        ("rgamma at 0", s.rgamma, 0.0, 2 * np.euler_gamma),
        ("digamma at 1", s.digamma, 1.0, -2 * ZETA_3),
        ("digamma at 1/2", s.digamma, 0.5, -14 * ZETA_3),
        ("gammainc(1, x) at 0", at(s.gammainc, 1.0), 0.0, -1.0),
        ("gammainc(2, x) at 0", at(s.gammainc, 2.0), 0.0, 1.0),
        ("gammainc(20, x) at 0", at(s.gammainc, 20.0), 0.0, 0.0),
        ("j0 at 0", s.j0, 0.0, -0.5),
        ("j1 at 0", s.j1, 0.0, 0.0),
        ("i0 at 0", s.i0, 0.0, 0.5),
        ("jv(2, x) at 0", at(s.jv, 2), 0.0, 0.25),
        ("i0e at 1e20", s.i0e, 1e20, 0.75e-50 / sqrt(2 * pi)),
        ("k0e at 1e20", s.k0e, 1e20, 0.75e-50 * sqrt(pi / 2)),
        ("spence at 1", s.spence, 1.0, 0.5),
        ("Si at 0", first(s.sici), 0.0, 0.0),
        ("Si at inf", first(s.sici), inf, 0.0),
        ("expit at 0", s.expit, 0.0, 0.0),
        ("expit at 40", s.expit, 40.0, -exp(-40.0)),
        ("log_expit at 0", s.log_expit, 0.0, -0.25),
        ("xlogy(x, x) at 1", lambda x: s.xlogy(x, x), 1.0, 1.0),
        ("kl_div(0, x) at 0", at(s.kl_div, 0.0), 0.0, 0.0),
        ("huber(1, x) inside", at(s.huber, 1.0), 0.5, 1.0),
        ("pseudo_huber(2, x) at 0", at(s.pseudo_huber, 2.0), 0.0, 1.0),
        ("boxcox(2, λ) at 0", with_lambda(s.boxcox, 2.0), 0.0, log(2.0) ** 3 / 3),
        ("boxcox(0, λ) at 1", with_lambda(s.boxcox, 0.0), 1.0, -2.0),
        ("inv_boxcox(1, λ) at 0", with_lambda(s.inv_boxcox, 1.0), 0.0, 11 * e / 12),
        ("exprel at 0", s.exprel, 0.0, 1 / 3),
        ("exprel at -inf", s.exprel, -inf, 0.0),
    ]


POINTS = points() if special else []
SECOND = second() if special else []
