"""Derivatives of scipy.special's further ufuncs against mpmath: about removable singularities, far out, at edges."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest

import bibun as bb

special = pytest.importorskip("scipy.special")
mp = pytest.importorskip("mpmath")


class Truth(NamedTuple):
    """A function of one number, the same in mpmath, where they are compared, and how far both derivatives agree."""

    name: str
    f: Callable[[Any], Any]
    truth: Callable[[Any], Any]
    points: tuple[float, ...]
    first: float = 1e-13
    second: float = 1e-11


def of(name: str, position: int, *others: float) -> Callable[[Any], Any]:
    """The function of its argument at this position; the others are given."""
    f = getattr(special, name)
    return lambda x: f(*others[:position], x, *others[position:])


def part(name: str, output: int, position: int = 0, *others: float) -> Callable[[Any], Any]:
    """The same of one of several outputs."""
    f = of(name, position, *others)
    return lambda x: f(x)[output]


def integral(f: Callable[[Any], Any], points: list[Any]) -> Any:
    return mp.quad(f, points)


def chi_square(x: Any, freedom: Any, nc: Any) -> Any:
    """The noncentral distribution function, by its density."""
    return integral(lambda t: mp.exp(-(t + nc) / 2) / 2 * (t / 2) ** (freedom / 2 - 1) / mp.gamma(freedom / 2)
                    * mp.hyp0f1(freedom / 2, nc * t / 4), [0, x])  # fmt: skip


def fisher(a: Any, b: Any, nc: Any, f: Any) -> Any:
    """Σ Poisson(j; nc/2) I_w(a/2 + j, b/2)"""
    w = a * f / (b + a * f)
    return mp.nsum(lambda j: mp.exp(-nc / 2) * (nc / 2) ** j / mp.factorial(j)
                   * mp.betainc(a / 2 + j, b / 2, 0, w, regularized=True), [0, mp.inf])  # fmt: skip


def student(freedom: Any, t: Any) -> Any:
    return mp.betainc(freedom / 2, mp.mpf(1) / 2, freedom / (freedom + t * t), 1, regularized=True) / 2 + mp.mpf(1) / 2


def voigt(x: Any, sigma: Any, gamma: Any) -> Any:
    z = (x + 1j * gamma) / (sigma * mp.sqrt(2))
    return mp.re(mp.exp(-z * z) * mp.erfc(-1j * z)) / (sigma * mp.sqrt(2 * mp.pi))


def kolmogorov(x: Any) -> Any:
    return 2 * mp.nsum(lambda k: (-1) ** (k - 1) * mp.exp(-2 * k * k * x * x), [1, mp.inf])


def smirnov(n: int) -> Callable[[Any], Any]:
    def value(d: Any) -> Any:
        terms = (mp.binomial(n, k) * (d + mp.mpf(k) / n) ** (k - 1) * (1 - d - mp.mpf(k) / n) ** (n - k)
                 for k in range(int(mp.floor(n * (1 - d))) + 1))  # fmt: skip
        return d * sum(terms)

    return value


def agm_with(b: float) -> Callable[[Any], Any]:
    return lambda x: mp.agm(x, b)


def airye(derivative: int, of_airy: Any, sign: int) -> Callable[[Any], Any]:
    return lambda x: mp.exp(sign * 2 * x * mp.sqrt(x) / 3) * of_airy(x, derivative=derivative)


def legendre_5_2(x: Any) -> Any:
    return (1 - x * x) * (315 * x**3 - 105 * x) / 2


def laguerre(n: int, alpha: float) -> Callable[[Any], Any]:
    """(k + 1) L_(k+1) = (2k + 1 + α - x) L_k - (k + α) L_(k-1)"""

    def value(x: Any) -> Any:
        low, high = mp.mpf(0), mp.mpf(1)
        for k in range(n):
            low, high = high, ((2 * k + 1 + alpha - x) * high - (k + alpha) * low) / (k + 1)
        return high

    return value


def chebyshev(n: int, first: int) -> Callable[[Any], Any]:
    """T_n, U_n for `first` 1, 2: by the recurrence, from 1 and `first` x."""

    def value(x: Any) -> Any:
        low, high = mp.mpf(1), first * x
        for _ in range(n - 1):
            low, high = high, 2 * x * high - low
        return high

    return value


def ellipj(kind: str, u: Any, m: Any) -> Any:
    return mp.ellipfun(kind, u, m=m)


THIRD = 1 / 3
TRUTHS = [
    # elliptic integrals: m = 0 and 1, several half turns, all arguments alike
    Truth("ellipk", special.ellipk, mp.ellipk, (-40.0, -1e-9, 1e-9, 0.5, 0.999)),
    Truth("ellipkm1", special.ellipkm1, lambda p: mp.ellipk(1 - p), (1e-12, 0.5, 1 - 1e-9, 3.0)),
    Truth("ellipe", special.ellipe, mp.ellipe, (-40.0, -1e-9, 1e-9, 0.5, 0.999)),
    Truth("ellipkinc(x, 0.7)", of("ellipkinc", 0, 0.7), lambda x: mp.ellipf(x, 0.7), (1e-6, 1.5, 7.0)),
    Truth("ellipkinc(0.8, m)", of("ellipkinc", 1, 0.8), lambda m: mp.ellipf(0.8, m), (-3.0, 1e-9, 0.5, 1 - 1e-9)),
    Truth("ellipkinc(7, m)", of("ellipkinc", 1, 7.0), lambda m: mp.ellipf(7, m), (-3.0, 1e-9, 0.5)),
    Truth("ellipeinc(x, 0.7)", of("ellipeinc", 0, 0.7), lambda x: mp.ellipe(x, 0.7), (1e-6, 1.5, 7.0)),
    Truth("ellipeinc(7, m)", of("ellipeinc", 1, 7.0), lambda m: mp.ellipe(7, m), (-3.0, 1e-9, 0.5)),
    Truth("sn(u, 0.3)", part("ellipj", 0, 0, 0.3), lambda u: ellipj("sn", u, 0.3), (1e-6, 0.5, 4.0)),
    Truth("sn(0.8, m)", part("ellipj", 0, 1, 0.8), lambda m: ellipj("sn", 0.8, m), (1e-7, 0.5, 0.999), 1e-12),
    Truth("cn(3.1, m)", part("ellipj", 1, 1, 3.1), lambda m: ellipj("cn", 3.1, m), (1e-7, 0.5, 0.9), 1e-12),
    Truth("dn(3.1, m)", part("ellipj", 2, 1, 3.1), lambda m: ellipj("dn", 3.1, m), (1e-7, 0.5, 0.9), 1e-12),
    Truth("elliprc(x, 2)", of("elliprc", 0, 2.0), lambda x: mp.elliprc(x, 2), (1e-6, 2 - 1e-9, 2 + 1e-9, 90.0)),
    Truth("elliprc(2, y)", of("elliprc", 1, 2.0), lambda y: mp.elliprc(2, y), (-0.7, 1e-6, 2 + 1e-9, 90.0)),
    Truth("elliprf", of("elliprf", 1, 0.0, 2.0), lambda x: mp.elliprf(0, x, 2), (1e-6, 2 - 1e-9, 90.0)),
    Truth("elliprg", of("elliprg", 0, 0.0, 2.0), lambda x: mp.elliprg(x, 0, 2), (1e-3, 2 - 1e-9, 90.0)),
    Truth("elliprd by x", of("elliprd", 0, 0.5, 2.0), lambda x: mp.elliprd(x, 0.5, 2), (1e-6, 0.5, 2 + 1e-9, 90.0)),
    Truth("elliprd by z", of("elliprd", 2, 0.0, 2.0), lambda z: mp.elliprd(0, 2, z), (1e-6, 2 - 1e-9, 90.0)),
    Truth("elliprj by x", of("elliprj", 0, 1.0, 2.0, 0.5), lambda x: mp.elliprj(x, 1, 2, 0.5), (1e-4, 0.5, 1.0, 90.0)),
    Truth("elliprj by p", of("elliprj", 3, 0.0, 1.0, 2.0), lambda p: mp.elliprj(0, 1, 2, p), (1e-3, 1.0, 90.0)),
    Truth("R_J, a principal value", of("elliprj", 0, 1.0, 2.0, -0.7), lambda x: mp.elliprj(x, 1, 2, -0.7), (0.5, 3.0)),
    Truth("R_J by p, a principal value", of("elliprj", 3, 0.5, 1.0, 2.0), lambda p: mp.elliprj(0.5, 1, 2, p), (-0.7,)),
    Truth("agm", of("agm", 0, 2.0), agm_with(2.0), (1e-50, 1e-9, 2 - 1e-9, 2.0, 1e9)),
    # Airy, Kelvin, Struve, and integrals of Bessel functions
    Truth("Ai'", part("airy", 1), lambda x: mp.airyai(x, derivative=1), (-4.0, 1e-6, 2.0)),
    Truth("Bi", part("airy", 2), mp.airybi, (-4.0, 1e-6, 2.0)),
    Truth("eAi", part("airye", 0), airye(0, mp.airyai, 1), (0.02, 0.99, 1.01, 13.0, 1e4), 3e-13),
    Truth("eAi'", part("airye", 1), airye(1, mp.airyai, 1), (0.02, 0.99, 1.01, 13.0, 1e4), 3e-13),
    Truth("eBi", part("airye", 2), airye(0, mp.airybi, -1), (0.02, 0.99, 1.01, 13.0, 1e4), 3e-13),
    Truth("eBi'", part("airye", 3), airye(1, mp.airybi, -1), (0.02, 0.99, 1.01, 13.0, 1e4), 3e-13),
    Truth("∫Ai", part("itairy", 0), lambda x: mp.airyai(x, derivative=-1), (1e-6, 2.0)),
    Truth("ber", special.ber, lambda x: mp.ber(0, x), (1e-6, 0.99, 1.01, 6.0)),
    Truth("ber'", special.berp, lambda x: mp.diff(lambda t: mp.ber(0, t), x), (1e-6, 0.99, 1.01, 6.0)),
    Truth("bei'", special.beip, lambda x: mp.diff(lambda t: mp.bei(0, t), x), (1e-6, 0.99, 1.01, 6.0)),
    Truth("kei", special.kei, lambda x: mp.kei(0, x), (1e-6, 0.5, 6.0), 1e-12, 1e-10),
    Truth("∫(1 - J0)/t", part("it2j0y0", 0), lambda x: integral(lambda t: (1 - mp.j0(t)) / t, [0, x]), (1e-6, 0.99, 1.01)),
    Truth("struve(0.3, x)", of("struve", 1, 0.3), lambda x: mp.struveh(0.3, x), (1e-6, 0.5, 12.0), 1e-12),
    Truth("modstruve(0.3, x)", of("modstruve", 1, 0.3), lambda x: mp.struvel(0.3, x), (1e-6, 0.5, 12.0)),
    Truth("hankel1e(1.5, x)", lambda x: np.real(special.hankel1e(0.3, x)),
          lambda x: mp.re(mp.hankel1(0.3, x) * mp.exp(-1j * x)), (0.02, 3.0, 29.0, 31.0, 1e4)),
    # hypergeometric
    Truth("hyp0f1", of("hyp0f1", 1, 1.5), lambda x: mp.hyp0f1(1.5, x), (-20.0, 1e-9, 30.0)),
    Truth("hyp1f1", of("hyp1f1", 2, 0.5, 1.5), lambda x: mp.hyp1f1(0.5, 1.5, x), (-20.0, 1e-9, 30.0), 1e-12),
    Truth("hyp0f1(100, x)", of("hyp0f1", 1, 100.0), lambda x: mp.hyp0f1(100, x), (-60.0, -0.1, -1e-3, 1e-3, 30.0), 1e-12),
    Truth("hyp1f1(300, -1/2, x)", of("hyp1f1", 2, 300.0, -0.5), lambda x: mp.hyp1f1(300, -0.5, x), (-0.9, -0.5, -1e-3), 1e-12),
    Truth("hyp2f1", of("hyp2f1", 3, 0.5, 1.5, 2.5), lambda x: mp.hyp2f1(0.5, 1.5, 2.5, x), (-20.0, 1e-9, 0.9)),
    Truth("hyperu", of("hyperu", 2, 0.5, 1.5), lambda x: mp.hyperu(0.5, 1.5, x), (0.02, 3.0, 40.0), 1e-12),
    Truth("pbdv", part("pbdv", 0, 1, 0.5), lambda x: mp.pcfd(0.5, x), (-1.7, 1e-6, 6.0), 1e-10, 1e-10),
    Truth("wright_bessel", of("wright_bessel", 2, 0.5, 1.5),
          lambda x: mp.nsum(lambda k: x**k / mp.factorial(k) * mp.rgamma(0.5 * k + 1.5), [0, mp.inf]), (1e-9, 0.5, 8.0)),
    # orthogonal polynomials, by a continuous degree too
    Truth("eval_legendre(2.5, x)", of("eval_legendre", 1, 2.5), lambda x: mp.legendre(2.5, x), (-0.9, 1e-9, 1 - 1e-9)),
    Truth("T_n(0.3)", of("eval_chebyt", 0, 0.3), lambda n: mp.chebyt(n, 0.3), (-2.5, 0.5, 6.0)),
    Truth("T_n(3)", of("eval_chebyt", 0, 3.0), lambda n: mp.cosh(n * mp.acosh(3)), (-2.5, 0.5, 6.0)),
    Truth("U_n(0.3)", of("eval_chebyu", 0, 0.3), lambda n: mp.chebyu(n, 0.3), (-2.5, 0.5, 6.0)),
    Truth("U_-4(x)", of("eval_chebyu", 1, -4), lambda x: mp.chebyu(-4, x), (-0.9, 0.3, 1 - 1e-9)),
    Truth("lpmv(2, 5, x)", of("lpmv", 2, 2, 5.0), lambda x: legendre_5_2(x), (-0.9, 0.3, 1 - 1e-6)),
    Truth("lpmv(-2, 5, x)", of("lpmv", 2, -2, 5.0), lambda x: legendre_5_2(x) / 840, (-0.9, 0.3, 1 - 1e-6)),
    # of high degrees, where SciPy has whole ones by recurrences, and loses digits or overflows elsewhere
    Truth("L_60", of("eval_laguerre", 1, 60), laguerre(60, 0), (0.1, 10.0, 60.0), 1e-11, 1e-11),
    Truth("L_100", of("eval_laguerre", 1, np.int8(100)), laguerre(100, 0), (0.1, 10.0, 60.0), 1e-11, 1e-11),
    Truth("L_80 of 1/2", of("eval_genlaguerre", 2, 80, 0.5), laguerre(80, 0.5), (0.1, 10.0, 60.0), 1e-11, 1e-11),
    *(
        Truth(f"{name} of a degree of {type(n).__name__}", f, truth, points, 1e-11, 1e-11)
        for n in (200, 200.0)
        for name, f, truth, points in (
            ("P_200", of("eval_legendre", 1, n), lambda x: mp.legendre(200, x), (-0.9, 0.5, 0.99, 3.0)),
            ("P_200(2x - 1)", of("eval_sh_legendre", 1, n), lambda x: mp.legendre(200, 2 * x - 1), (0.05, 0.7)),
            ("P_200^0", of("lpmv", 2, 0, n), lambda x: mp.legendre(200, x), (-0.9, 0.5, 0.99)),
            ("C_200 of 3/2", of("eval_gegenbauer", 2, n, 1.5), lambda x: mp.gegenbauer(200, 1.5, x), (-0.9, 0.5, 0.99)),
            ("T_200", of("eval_chebyt", 1, n), chebyshev(200, 1), (-0.9, 0.5, 0.99, 3.0)),
            ("U_200", of("eval_chebyu", 1, n), chebyshev(200, 2), (-0.9, 0.4, 0.99, 3.0)),
        )
    ),
    # distributions
    Truth("fdtr", of("fdtr", 2, 3.0, 5.0), lambda x: mp.betainc(1.5, 2.5, 0, 3 * x / (5 + 3 * x), regularized=True),
          (1e-6, 0.9, 300.0)),
    Truth("stdtr", of("stdtr", 1, 3.0), lambda t: student(mp.mpf(3), t), (1e-6, 0.9, 300.0)),
    Truth("stdtr of 1e8", of("stdtr", 1, 1e8), mp.ncdf, (0.9,), 1e-7, 1e-6),
    Truth("owens_t by h", of("owens_t", 0, 0.7),
          lambda h: integral(lambda t: mp.exp(-h * h * (1 + t * t) / 2) / (1 + t * t), [0, 0.7]) / (2 * mp.pi),
          (-2.0, 1e-6, 9.0)),
    Truth("kolmogorov", special.kolmogorov, kolmogorov, (0.15, 0.799, 0.801, 3.0)),
    Truth("smirnov(7, d)", of("smirnov", 1, 7), smirnov(7), (1e-6, 0.13, 0.4, 0.9)),
    Truth("smirnov(300, d)", of("smirnov", 1, 300), smirnov(300), (1e-3, 0.052, 0.1), 1e-10, 1e-10),
    Truth("chndtr by x", of("chndtr", 0, 3.0, 2.0), lambda x: chi_square(x, 3, 2), (1e-3, 0.49, 0.51, 9.0)),
    Truth("chndtr by nc", of("chndtr", 2, 4.0, 3.0), lambda c: chi_square(4, 3, c), (1e-6, 0.24, 0.26, 30.0)),
    Truth("ncfdtr by f", of("ncfdtr", 3, 3.0, 5.0, 2.0), lambda f: fisher(3, 5, 2, f), (1e-3, 0.9, 30.0)),
    Truth("ncfdtr by nc", of("ncfdtr", 2, 3.0, 5.0, 0.9), lambda c: fisher(3, 5, c, mp.mpf(0.9)), (1e-6, 30.0)),
    Truth("voigt by x", of("voigt_profile", 0, 0.7, 0.3), lambda x: voigt(x, 0.7, 0.3), (1e-6, 0.9, 11.0, 300.0), 1e-12),
    Truth("voigt by σ", of("voigt_profile", 1, 0.9, 0.3), lambda s: voigt(mp.mpf(0.9), s, 0.3), (0.01, 0.4, 30.0), 1e-11),
    Truth("voigt by γ", of("voigt_profile", 2, 0.9, 0.7), lambda c: voigt(mp.mpf(0.9), 0.7, c), (1e-6, 0.4, 300.0), 1e-12),
    # gamma and others
    Truth("poch(z, -3)", of("poch", 0, -3.0), lambda z: 1 / ((z - 1) * (z - 2) * (z - 3)), (-2.0, -1e-9, 1e-9, 0.7), 1e-12),
    Truth("poch(z, 1/2)", of("poch", 0, 0.5), lambda z: mp.gamma(z + 0.5) * mp.rgamma(z), (-2.0, -2 + 1e-9, -1.7, 1e-9, 0.3)),
    Truth("poch(z, -1/2)", of("poch", 0, -0.5), lambda z: mp.gamma(z - 0.5) * mp.rgamma(z), (-2.0, -1.7, 1e-9, 0.3)),
    Truth("binom(-5/2, k)", of("binom", 1, -2.5),
          lambda k: mp.gamma(-1.5) * mp.rgamma(k + 1) * mp.rgamma(-1.5 - k), (-3.0, -0.5, 1.2, 3.0), 1e-12),
    Truth("binom(x, 2.5)", of("binom", 0, 2.5), lambda n: mp.binomial(n, 2.5), (0.3, 1.5 + 1e-9, 1.5, 40.0, 1e3), 1e-12),
    Truth("binom(5, k)", of("binom", 1, 5.0), lambda k: mp.binomial(5, k), (-0.5, -1 + 1e-9, 2.2, 6.0, 6.5), 1e-12),
    Truth("poch(x, 3)", of("poch", 0, 3.0), lambda a: a * (a + 1) * (a + 2), (-4.5, -2.0, -2 + 1e-9, 1e-9, 40.0), 1e-12),
    Truth("poch(2.5, m)", of("poch", 1, 2.5), lambda m: mp.rf(2.5, m), (-1.5, 1e-9, 8.0)),
    Truth("expn(3, x)", of("expn", 1, 3), lambda x: mp.expint(3, x), (1e-6, 0.9, 40.0)),
    Truth("expn(0, x)", of("expn", 1, 0), lambda x: mp.expint(0, x), (1e-3, 0.9, 40.0)),
    Truth("fresnel", part("fresnel", 0), mp.fresnels, (1e-6, 0.9, 4.8)),
    Truth("Re K+", lambda x: np.real(special.modfresnelp(x)[1]),
          lambda x: mp.re(mp.exp(-1j * x * x) * mp.erfc(mp.expjpi(-0.25) * x)) / 2, (0.02, 0.9, 13.0, 15.0, 1e3), 2e-12, 1e-10),
    Truth("wofz", lambda x: np.imag(special.wofz(x)), lambda x: mp.im(mp.exp(-x * x) * mp.erfc(-1j * x)),
          (1e-6, 0.9, 11.9, 12.1, 1e4)),
    Truth("wrightomega", special.wrightomega, lambda x: mp.re(mp.lambertw(mp.exp(x))), (-30.0, 1e-6, 30.0)),
    Truth("powm1(1e-12, b)", of("powm1", 1, 1e-12), lambda b: mp.mpf(1e-12) ** b - 1, (1e-9, 1.0, 2.0)),
    # (which has the derivatives of exp)
    Truth("expm1", special.expm1, mp.exp, (-90.0, -46.0, -30.0, 1e-9, 3.0)),
    Truth("NumPy's expm1", np.expm1, mp.exp, (-90.0, -46.0, -30.0, 1e-9, 3.0)),
    Truth("inv_boxcox1p(x, 0.3)", lambda x: special.inv_boxcox1p(x, 0.3),
          lambda x: (1 + mp.mpf(0.3) * x) ** (1 / mp.mpf(0.3)) - 1, (-3.3333,), 1e-11, 1e-11),
    Truth("exprel", special.exprel, lambda x: mp.expm1(x) / x, (-800.0, -3.0, 1e-9, 0.99, 1.01, 40.0, 700.0)),
    Truth("powm1(x, 1e-9)", of("powm1", 0, 1e-9), lambda a: a ** mp.mpf(1e-9) - 1, (1e-6, 1 + 1e-9, 40.0)),
]  # fmt: skip


def differentiated(truth: Callable[[Any], Any], x: float, order: int) -> Any:
    """d^order truth / dx^order, by mpmath's differences relative to x."""
    x = mp.mpf(x)
    return mp.re(mp.diff(lambda t: truth(x * (1 + t)), 0, order)) / x**order


def apart(got: Any, want: Any) -> float:
    return float(abs(mp.mpf(float(got)) - want) / abs(want))


@pytest.mark.parametrize("line", TRUTHS, ids=lambda line: line.name)
def test_first_and_second_derivative(line: Truth) -> None:
    agree(line)


def agree(line: Truth) -> None:
    """Both derivatives, reverse and forward over reverse, with mpmath's."""
    with mp.workdps(30):
        for x in line.points:
            first, second = differentiated(line.truth, x, 1), differentiated(line.truth, x, 2)
            assert apart(bb.grad(line.f)(x), first) < line.first
            assert apart(bb.jvp(bb.grad(line.f), (x,), (1.0,))[1], second) < line.second


@pytest.mark.parametrize("n", [200_000, 1_000_001, 10_000_000])
def test_smirnov_of_large_counts(n: int) -> None:
    """Of more terms than are summed at once, and of so many that SciPy's is exp(-s² / 2), whose slopes are known."""
    tracemalloc.start()
    for c in (0.05, 0.5, 1.0, 2.5):
        d, step = c / n**0.5, 1e-3 * c / n**0.5
        values = [special.smirnov(n, d + k * step) for k in (-2, -1, 1, 2)]
        truth = (8 * (values[2] - values[1]) - values[3] + values[0]) / (12 * step)
        assert bb.grad(lambda d: special.smirnov(n, d))(d) == pytest.approx(truth, rel=1e-7)
    s = 2 * n**0.5 * d + 1 / (3 * n**0.5)
    second = 4 * n * (s * s - 1) * np.exp(-s * s / 2)
    assert bb.grad(bb.grad(lambda d: special.smirnov(n, d)))(d) == pytest.approx(second, rel=20 / n**0.5)
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()


@pytest.mark.parametrize(("nc", "t"), [(-4.0, 2.0), (-0.4, 1e-6), (-0.4, -3.0), (6.0, -3.0), (1.5, 30.0), (1.5, -0.4)])
def test_noncentral_t(nc: float, t: float) -> None:
    """F = ∫ Φ(t s - nc) g(s) ds, with g the density of s = √(χ²/df), differentiated under the integral."""
    freedom = mp.mpf(3)
    scale = 2 * (freedom / 2) ** (freedom / 2) / mp.gamma(freedom / 2)

    def moment(weight: Callable[[Any], Any]) -> Any:
        with mp.workdps(25):
            return mp.quad(lambda s: weight(s) * mp.npdf(t * s - nc) * scale * s ** (freedom - 1)
                       * mp.exp(-freedom * s * s / 2), [0, 0.2, 0.5, 1, 2, 4, 12])  # fmt: skip

    by_t, by_nc = (bb.grad(special.nctdtr, argnums=i) for i in (2, 1))
    size = float(moment(lambda s: 1)) * (1 + abs(nc))
    for got, want in (
        (by_t(3.0, nc, t), moment(lambda s: s)),
        (by_nc(3.0, nc, t), -moment(lambda s: 1)),
        (bb.grad(by_t, argnums=2)(3.0, nc, t), moment(lambda s: -s * s * (t * s - nc))),
        (bb.grad(by_nc, argnums=1)(3.0, nc, t), -moment(lambda s: t * s - nc)),
    ):
        np.testing.assert_allclose(got, float(want), rtol=1e-11, atol=1e-12 * size)


INF = float("inf")
# At points where a formula divides 0 by 0 or subtracts infinities: the first and the second derivative, from mathematics.
EDGES = [
    ("1F1(-2; -2; x), to x²", of("hyp1f1", 2, -2.0, -2.0), 0.5, 1.5, 1.0),
    ("1F1(-1; -2; x), to x", of("hyp1f1", 2, -1.0, -2.0), 0.5, 0.5, 0.0),
    ("1F1'(-2; -2; x), to x²", bb.grad(of("hyp1f1", 2, -2.0, -2.0)), 0.5, 1.0, 0.0),
    ("F'(-2, 3; -2; x)", bb.grad(of("hyp2f1", 3, -2.0, 3.0, -2.0)), 0.5, 12 * 2.0**5, 60 * 2.0**6),
    ("ellipk(0)", special.ellipk, 0.0, np.pi / 8, 9 * np.pi / 64),
    ("ellipk(1)", special.ellipk, 1.0, INF, INF),
    ("ellipkm1(1)", special.ellipkm1, 1.0, -np.pi / 8, 9 * np.pi / 64),
    ("ellipe(0)", special.ellipe, 0.0, -np.pi / 8, -3 * np.pi / 64),
    ("ellipe(1)", special.ellipe, 1.0, -INF, None),
    ("ellipkinc(x, 1) at 0", of("ellipkinc", 0, 1.0), 0.0, 1.0, 0.0),
    ("ellipkinc(π/2, m) at 0", of("ellipkinc", 1, np.pi / 2), 0.0, np.pi / 8, 9 * np.pi / 64),
    ("ellipkinc(0.5, m) at 1", of("ellipkinc", 1, 0.0), 1.0, 0.0, 0.0),
    ("sn(u, 1) at 0", part("ellipj", 0, 0, 1.0), 0.0, 1.0, 0.0),
    ("sn(0, m) at 0.5", part("ellipj", 0, 1, 0.0), 0.5, 0.0, 0.0),
    ("R_C(x, 1) at 1", of("elliprc", 0, 1.0), 1.0, -1 / 6, 3 / 20),
    ("R_C(1, y) at 1", of("elliprc", 1, 1.0), 1.0, -1 / 3, 2 / 5),
    ("R_D(x, 1, 1) at 1", of("elliprd", 0, 1.0, 1.0), 1.0, -3 / 10, 9 / 28),
    ("R_D(1, 1, z) at 1", of("elliprd", 2, 1.0, 1.0), 1.0, -9 / 10, 45 / 28),
    ("R_G(x, 1, 1) at 1", of("elliprg", 0, 1.0, 1.0), 1.0, 1 / 6, -1 / 20),
    ("R_J(1, 1, 1, p) at 1", of("elliprj", 3, 1.0, 1.0, 1.0), 1.0, -3 / 5, 6 / 7),
    ("agm(x, 2) at 2", of("agm", 0, 2.0), 2.0, 0.5, -1 / 16),
    ("agm(x, 2) at 0", of("agm", 0, 2.0), 0.0, INF, None),
    ("agm(x, 1) at 1e-200", of("agm", 0, 1.0), 1e-200, np.pi / 2 / np.log(4e200) ** 2 * 1e200, None),
    ("agm(0, x) at 2", of("agm", 1, 0.0), 2.0, 0.0, None),
    ("ber'(x) at 0", special.berp, 0.0, 0.0, 0.0),
    ("bei'(x) at 0", special.beip, 0.0, 0.5, 0.0),
    ("∫(1 - J0)/t at 0", part("it2j0y0", 0), 0.0, 0.0, 0.25),
    ("∫H0/t at 0", special.it2struve0, 0.0, -2 / np.pi, 0.0),
    ("struve(0, x) at 0", of("struve", 1, 0.0), 0.0, 2 / np.pi, 0.0),
    ("besselpoly(x, 1, 1) at 0", of("besselpoly", 0, 1.0, 1.0), 0.0, 1 / 3, 0.0),
    ("P_3 at 1", of("eval_legendre", 1, 3), 1.0, 6.0, 15.0),
    ("P_0 at 0.5", of("eval_legendre", 1, 0), 0.5, 0.0, 0.0),
    ("P_-3 at 0.5", of("eval_legendre", 1, -3), 0.5, 1.5, 3.0),
    ("T_3 at -1", of("eval_chebyt", 1, 3), -1.0, 9.0, -24.0),
    ("U_2 at 1", of("eval_chebyu", 1, 2), 1.0, 8.0, 8.0),
    ("U_0 at 1", of("eval_chebyu", 1, 0), 1.0, 0.0, 0.0),
    ("T_n(1) by n", of("eval_chebyt", 0, 1.0), 2.0, 0.0, 0.0),
    ("U_n(1) by n", of("eval_chebyu", 0, 1.0), 2.0, 1.0, 0.0),
    ("H_0 at 0", of("eval_hermite", 1, 0), 0.0, 0.0, 0.0),
    ("H_1 at 0", of("eval_hermite", 1, 1), 0.0, 2.0, 0.0),
    ("L_1 at 0", of("eval_laguerre", 1, 1), 0.0, -1.0, 0.0),
    ("C_0 of 1/2", of("eval_gegenbauer", 2, 0, 0.5), 0.3, 0.0, 0.0),
    ("P_0^(1,1)", of("eval_jacobi", 3, 0, 1.0, 1.0), 0.3, 0.0, 0.0),
    ("P_0^(2.6,0.5) at -5.6", of("eval_jacobi", 3, 0, 2.6, 0.5), -5.6, 0.0, 0.0),
    ("P_1^(2.6,0.5) at -5.6", of("eval_jacobi", 3, 1, 2.6, 0.5), -5.6, 2.55, 0.0),
    ("L_0 of 1/2", of("eval_genlaguerre", 2, 0, 0.5), 0.3, 0.0, 0.0),
    ("P_1^(-1,-1), of n + a + b + 1 = 0", of("eval_jacobi", 3, 1, -1.0, -1.0), 0.3, 0.0, 0.0),
    ("P_3^0 at 1", of("lpmv", 2, 0, 3.0), 1.0, 6.0, None),
    ("P_3^2 at 1", of("lpmv", 2, 2, 3.0), 1.0, -30.0, None),
    ("P_3^3 at -1", of("lpmv", 2, 3, 3.0), -1.0, 0.0, None),
    ("binom(x, 2) at 1", of("binom", 0, 2.0), 1.0, 0.5, 1.0),
    ("binom(1, k) at 2", of("binom", 1, 1.0), 2.0, -0.5, None),
    ("poch(x, 2) at 0", of("poch", 0, 2.0), 0.0, 1.0, 2.0),
    ("poch(x, 2) at -3", of("poch", 0, 2.0), -3.0, -5.0, 2.0),
    ("expn(3, 0)", of("expn", 1, 3), 0.0, -1.0, INF),
    ("exp1 as expn(1, 0)", of("expn", 1, 1), 0.0, -INF, None),
    ("kolmogorov(0)", special.kolmogorov, 0.0, 0.0, 0.0),
    ("smirnov(1, d)", of("smirnov", 1, 1), 0.4, -1.0, 0.0),
    ("smirnov(2, 0)", of("smirnov", 1, 2), 0.0, -1.0, -2.0),
    ("bdtr(5, 5, p)", of("bdtr", 2, 5, 5), 0.3, 0.0, 0.0),
    ("bdtr(0, 1, p)", of("bdtr", 2, 0, 1), 0.3, -1.0, 0.0),
    ("nbdtr(0, 1, p)", of("nbdtr", 2, 0, 1), 0.3, 1.0, 0.0),
    ("pdtr(0.7, 0)", of("pdtr", 1, 0.7), 0.0, -1.0, 1.0),
    ("chdtr(2, 0)", of("chdtr", 1, 2.0), 0.0, 0.5, -0.25),
    ("fdtr(2, 2, 0)", of("fdtr", 2, 2.0, 2.0), 0.0, 1.0, -2.0),
    ("stdtr(inf, 0)", of("stdtr", 1, INF), 0.0, 1 / np.sqrt(2 * np.pi), 0.0),
    ("stdtr(1, 0)", of("stdtr", 1, 1.0), 0.0, 1 / np.pi, 0.0),
    ("chndtr(1, 2, nc) at 0", of("chndtr", 2, 1.0, 2.0), 0.0, -0.25 * np.exp(-0.5), 3 / 32 * np.exp(-0.5)),
    # no noncentrality has this probability: SciPy's values are 0 and 10,000 about it; and ends of a support
    ("chndtrinc by x, of a probability above that of nc = 0", of("chndtrinc", 0, 0.65, 0.99973), 3.486, 0.0, 0.0),
    ("chndtrinc by p, of a probability above that of nc = 0", of("chndtrinc", 2, 3.486, 0.65), 0.99973, 0.0, 0.0),
    ("ncfdtrinc by p, of a probability above that of nc = 0", of("ncfdtrinc", 2, 3.0, 5.0, 1.5), 0.999, 0.0, 0.0),
    ("ncfdtrinc by f, of a noncentrality above 10,000", of("ncfdtrinc", 3, 3.0, 5.0, 0.3), 1e5, 0.0, 0.0),
    ("ncfdtri by nc at p = 0", of("ncfdtri", 2, 3.0, 5.0, 0.0), 2.0, 0.0, 0.0),
    ("ncfdtri by nc at p = 1", of("ncfdtri", 2, 3.0, 5.0, 1.0), 2.0, 0.0, 0.0),
    ("ncfdtri by p at 1", of("ncfdtri", 3, 3.0, 5.0, 2.0), 1.0, INF, None),
    ("chndtrix by nc at p = 0", of("chndtrix", 2, 0.0, 2.0), 0.5, 0.0, 0.0),
    (  # e^(-nc/2) √(a f / b) (a / b) / B(a/2, b/2), in lowest order
        "ncfdtr by f near 0",
        of("ncfdtr", 3, 3.0, 5.0, 2.0),
        1e-20,
        np.exp(-1) * np.sqrt(0.6e-20) * 0.6 / special.beta(1.5, 2.5),
        None,
    ),
    ("nctdtr(1, nc, 0) at 0", of("nctdtr", 1, 1.0, 0.0), 0.0, -1 / np.sqrt(2 * np.pi), 0.0),
    ("tklmbda(x, 0) at 0", of("tklmbda", 0, 0.0), 0.0, 0.25, 0.0),
    ("tklmbda(1, λ) at 0", of("tklmbda", 1, 0.0), 0.0, 0.0, 0.0),
    ("voigt(x, 0, 1) at 1", of("voigt_profile", 0, 0.0, 1.0), 1.0, -0.5 / np.pi, 0.5 / np.pi),
    ("voigt(0, 0, γ) at 1", of("voigt_profile", 2, 0.0, 0.0), 1.0, -1 / np.pi, 2 / np.pi),
    ("voigt(1, 1, γ) at 0", of("voigt_profile", 2, 1.0, 1.0), 0.0, None, None),
    ("hyp2f1(1, 1, 2, x) at 0", of("hyp2f1", 3, 1.0, 1.0, 2.0), 0.0, 0.5, 2 / 3),
    ("wright_bessel(1, 1, x) at 0", of("wright_bessel", 2, 1.0, 1.0), 0.0, 1.0, 0.5),
    ("wrightomega(1)", special.wrightomega, 1.0, 0.5, 0.125),
    ("wrightomega(-inf)", special.wrightomega, -INF, 0.0, 0.0),
    ("powm1(2, b) at 0", of("powm1", 1, 2.0), 0.0, np.log(2), np.log(2) ** 2),
    ("powm1(0, b) at 2", of("powm1", 0, 2.0), 0.0, 0.0, 2.0),
    ("S(0)", part("fresnel", 0), 0.0, 0.0, 0.0),
    ("airy at 0", part("airy", 1), 0.0, 0.0, special.airy(0.0)[0]),
    ("exprel(800)", special.exprel, 800.0, INF, INF),
]


@pytest.mark.parametrize(("name", "f", "x", "first", "second"), EDGES, ids=[line[0] for line in EDGES])
def test_edges(name: str, f: Callable[[Any], Any], x: float, first: float | None, second: float | None) -> None:
    with np.errstate(all="ignore"):
        for got, want in ((bb.grad(f)(x), first), (bb.jvp(bb.grad(f), (x,), (1.0,))[1], second)):
            if want is None:
                assert not np.isnan(got) or second is None
            else:
                np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("x", [0.7, 2.0, 20.0, 60.0])
def test_the_second_derivative_of_a_scaled_bessel_function_of_half_order(x: float) -> None:
    """ive(3/2, x) = sqrt(2 / (pi x)) e**-x (cosh x - sinh x / x), differentiated by mpmath at 40 digits."""
    with mpmath.workdps(40):
        truth = mpmath.diff(lambda t: mpmath.besseli(1.5, t) * mpmath.exp(-t), x, 2)
    f = lambda x: special.ive(1.5, x)  # noqa: E731
    np.testing.assert_allclose(bb.grad(bb.grad(f))(x), float(truth), rtol=1e-9)
    np.testing.assert_allclose(bb.jvp(bb.grad(f), (x,), (1.0,))[1], float(truth), rtol=1e-9)


@pytest.mark.parametrize("x", [-0.9, -5.0])
def test_the_scaled_bi_of_a_negative_argument(x: float) -> None:
    """There the scale is 1, and Bi'' = x Bi; Ai's scaled value is nan."""
    f = lambda x: special.airye(x)[2]  # noqa: E731
    np.testing.assert_allclose(bb.grad(f)(x), special.airy(x)[3], rtol=1e-13)
    np.testing.assert_allclose(bb.grad(bb.grad(f))(x), x * special.airy(x)[2], rtol=1e-13)


@pytest.mark.parametrize("name", ["yn", "kn", "expn"])
@pytest.mark.filterwarnings("ignore:floating point number truncated")
def test_an_order_that_scipy_cuts_to_an_integer(name: str) -> None:
    f = getattr(special, name)
    for order in (0.5, 1.5, 2.7):
        cut, whole = (bb.grad(lambda x, n=n: f(n, x))(1.3) for n in (order, float(int(order))))
        assert cut == whole


@pytest.mark.parametrize("name", ["bdtr", "bdtrc", "bdtri", "nbdtr", "nbdtrc", "nbdtri"])
@pytest.mark.filterwarnings("ignore:floating point number truncated")
@pytest.mark.filterwarnings("ignore:non-integer arg n is deprecated")
def test_counts_that_scipy_cuts_to_integers(name: str) -> None:
    """The slopes are those of SciPy's values, which do not change between whole numbers."""
    f = getattr(special, name)
    for k, n in ((2.5, 5), (2, 5.5), (2.7, 5.8), (2, 4.5), (0, 1.5), (4.2, 4.9) if name[0] == "n" else (1.1, 2.9)):
        p, h = np.array([0.3, 0.6]), 1e-5
        slope = (f(k, n, p + h) - f(k, n, p - h)) / (2 * h)
        np.testing.assert_allclose(np.diagonal(bb.jacobian(f, argnums=2)(k, n, p)), slope, rtol=1e-6)


@pytest.mark.parametrize(("name", "output", "x"), [("airy", 0, 104.0), ("iti0k0", 1, 715.0), ("it2i0k0", 1, 715.0)])
def test_outputs_that_are_not_asked_for_may_be_infinite(name: str, output: int, x: float) -> None:
    """Ai and K vanish, with all derivatives, where Bi and I have overflowed."""
    f = part(name, output)
    with np.errstate(all="ignore"):
        for second in (bb.grad(bb.grad(f))(x), bb.hessian(f)(x), bb.compile(bb.grad(bb.grad(f)))(x)):
            assert abs(second) < 1e-300


@pytest.mark.parametrize("name", ["eval_chebyt", "eval_chebyc", "eval_sh_chebyt"])
@pytest.mark.parametrize("n", [0.0, 1.0, 2.0, 7.0, -3.0, 0.5, 2.3])
def test_chebyshev_polynomials_by_the_degree_at_the_lower_end(n: float, name: str) -> None:
    """-π sin(nπ), which is 0 for whole n, and -π² cos(nπ)."""
    end, scale = {"eval_chebyt": (-1.0, 1), "eval_chebyc": (-2.0, 2), "eval_sh_chebyt": (0.0, 1)}[name]
    slope = bb.grad(lambda n: getattr(special, name)(n, end))
    np.testing.assert_allclose(slope(n), -scale * float(mpmath.pi * mpmath.sinpi(n)), rtol=1e-14, atol=0)
    np.testing.assert_allclose(
        bb.grad(slope)(n), -scale * float(mpmath.pi**2 * mpmath.cospi(n)), rtol=1e-14, atol=1e-14
    )
    mixed = bb.grad(lambda x: bb.grad(lambda n: special.eval_chebyt(n, x))(n))
    assert mixed(-1.0) == (np.inf * np.sign(mixed(-1 + 1e-8)) if n else 0.0)
