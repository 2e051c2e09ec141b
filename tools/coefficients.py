"""Coefficients of the polynomials in bibun.compiler.native.mathematics. Owns how they are found; evaluates none of them.

    python tools/coefficients.py                # every table
    python tools/coefficients.py SINE TANGENT   # some

Each table is the minimax polynomial p of a function g under a weight: max |weight(x) (p(x) - g(x))| is least (remez.py). The
numbers are pasted into the modules that use them, with the printed line as their comment.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache

from mpmath import mp, mpf  # type: ignore[import-untyped]
from remez import Real, Table, fit


def series(coefficient: Callable[[int], Real], x: Real) -> Real:
    """sum of coefficient(k) x**k, for |x| < 1 or entire functions: where a formula would cancel."""
    total, k, power = mpf(0), 0, mpf(1)
    while k < 400:
        term = coefficient(k) * power
        total += term
        if k > 2 and abs(term) < abs(total) * mpf(10) ** -68:
            break
        k, power = k + 1, power * x
    return total


HALF_LN2 = mp.log(2) / 2 * mpf("1.0001")  # the reduction's own rounding leaves a little more than ln(2) / 2
LOW, HIGH = mp.sqrt(mpf(1) / 2) - 1, mp.sqrt(2) - 1


def exponential_tail(r: Real) -> Real:
    """(exp(r) - 1 - r) / r**2."""
    return series(lambda k: 1 / mp.factorial(k + 2), r)


def exponential_2_tail(r: Real) -> Real:
    """(2**r - 1 - r LN2) / r**2 with the double LN2."""
    return (mp.expm1(r * mp.log(2)) - r * float(mp.log(2))) / r**2 if r else mp.log(2) ** 2 / 2


def logarithm_tail(z: Real) -> Real:
    """(log((1 + 2 s) / (1 - 2 s)) - 4 s) / s**3 of z = s**2."""
    return series(lambda k: mpf(16) * 4**k / (2 * k + 3), z)


def logarithm_scalar_tail(f: Real) -> Real:
    """(f - log(1 + f)) / f**2."""
    return -logarithm_single_tail(f)


def logarithm_single_tail(f: Real) -> Real:
    """(log(1 + f) - f) / f**2."""
    return series(lambda k: mpf((-1) ** (k + 1)) / (k + 2), f)


def cosine(z: Real) -> Real:
    """cos(r) of z = r**2."""
    return mp.cos(mp.sqrt(z))


def power_tail(z: Real) -> Real:
    """(log2((1 + s) / (1 - s)) - 2 (s + s**3 / 3) / ln(2)) / s**5 of z = s**2."""
    return series(lambda k: mpf(2) / (2 * k + 5) / mp.log(2), z)


def power_single_tail(z: Real) -> Real:
    """log2((1 + s) / (1 - s)) / s of z = s**2."""
    return series(lambda k: mpf(2) / (2 * k + 1) / mp.log(2), z)


def sine_tail(z: Real) -> Real:
    """(r - sin(r)) / r**3 of z = r**2."""
    return series(lambda k: mpf((-1) ** k) / mp.factorial(2 * k + 3), z)


def sine_over_r(z: Real) -> Real:
    """sin(r) / r of z = r**2."""
    return series(lambda k: mpf((-1) ** k) / mp.factorial(2 * k + 1), z)


def cosine_tail(z: Real) -> Real:
    """(cos(r) - 1 + r**2 / 2) / r**4 of z = r**2."""
    return series(lambda k: mpf((-1) ** k) / mp.factorial(2 * k + 4), z)


def tangent_tail(z: Real) -> Real:
    """(tan(h) - h) / h**3 of z = h**2."""
    h = mp.sqrt(z)
    return (mp.tan(h) - h) / h**3 if z > 1e-20 else mpf(1) / 3


def arctangent_tail(z: Real) -> Real:
    """(t - atan(t)) / t**3 of z = t**2."""
    return series(lambda k: mpf((-1) ** k) / (2 * k + 3), z)


def arcsine_tail(z: Real) -> Real:
    """(asin(s) - s) / s**3 of z = s**2."""
    s = mp.sqrt(z)
    return (mp.asin(s) - s) / s**3 if z > 1e-20 else mpf(1) / 6


def sinh_tail(z: Real) -> Real:
    """(sinh(r) - r) / r**3 of z = r**2."""
    return series(lambda k: 1 / mp.factorial(2 * k + 3), z)


def tanh_tail(z: Real) -> Real:
    """(tanh(x) - x) / x**3 of z = x**2."""
    x = mp.sqrt(z)
    return (mp.tanh(x) - x) / x**3 if z > 1e-20 else mpf(-1) / 3


def cosh_tail(z: Real) -> Real:
    """(cosh(r) - 1) / r**2 of z = r**2."""
    return series(lambda k: 1 / mp.factorial(2 * k + 2), z)


def inverse_cube_root(f: Real) -> Real:
    """(1 + f)**(-1/3)."""
    return (1 + f) ** (mpf(-1) / 3)


def sinc_tail(z: Real) -> Real:
    """(1 - sin(pi r) / (pi r)) / r**2 of z = r**2."""
    return series(lambda k: mpf((-1) ** k) * mp.pi ** (2 * k + 2) / mp.factorial(2 * k + 3), z)


ERROR_EDGE, ERROR_CENTER, ERROR_FAR_CENTER = mpf("1.5"), mpf("1.125"), mpf("2.25")


def error_near(w: Real) -> Real:
    """erf(x) / x - 1 of w = x**2 - 1.125."""
    x = mp.sqrt(w + ERROR_CENTER)
    return mp.erf(x) / x - 1 if x else 2 / mp.sqrt(mp.pi) - 1


def error_far(w: Real) -> Real:
    """erfc(x)**(1/8) of w = x - 2.25."""
    return mp.erfc(w + ERROR_FAR_CENTER) ** (mpf(1) / 8)


def error_far_weight(w: Real) -> Real:
    """The relative error of erf for one of the polynomial, which must not exceed 0.03 either: then it is not small."""
    x = w + ERROR_FAR_CENTER
    return max(8 * mp.erfc(x) ** (mpf(7) / 8), mpf(2) ** -52) / mp.erf(x)


def tail(w: Real) -> Real:
    """e**(a**2) erfc(a) (1 + 2 a) of w = 1 / (a + 4) - 5/32."""
    t = w + mpf(5) / 32
    if t < mpf(1) / 64:  # the asymptotic series: its least term, at a = 60, is 10**-1560 of its first
        a = 1 / t - 4 if t else mpf(10) ** 100
        return (
            (1 + 2 * a) / a * sum((-1) ** k * mp.fac2(2 * k - 1) / (2 * a * a) ** k for k in range(30)) / mp.sqrt(mp.pi)
        )
    a = 1 / t - 4
    return mp.exp(a * a) * mp.erfc(a) * (1 + 2 * a)


def tail_weight(w: Real) -> Real:
    """The relative error, less of it for a > 28: only log_ndtr goes there, and a**2 is then much greater."""
    return (1 if w > mpf(-1) / 8 else mpf(2) ** -10) / tail(w)


@cache
def inverse_error(w: Real) -> Real:
    """y with 1 - erf(y)**2 = exp(-w), by Newton's method on log(erfc(y))."""
    x = mp.sqrt(-mp.expm1(-w))
    if x < 0.9:
        return mp.erfinv(x)
    target, y = mp.log(mp.exp(-w) / (1 + x)), mp.sqrt(w)
    for _ in range(60):
        step = (mp.log(mp.erfc(y)) - target) * mp.erfc(y) * mp.exp(y * y) * mp.sqrt(mp.pi) / 2
        y += step
        if abs(step) < mpf(10) ** -60:
            break
    return y


def central(w: Real) -> Real:
    """erfinv(x) / x of -log(1 - x**2) - 1."""
    w += 1
    return inverse_error(w) / mp.sqrt(-mp.expm1(-w)) if w else mp.sqrt(mp.pi) / 2


def far(s: Real) -> Real:
    """erfinv(x) / sqrt(w) of 1 / sqrt(w) - 1/4, w = -log(1 - x**2)."""
    s += QUARTER
    return inverse_error(1 / s**2) * s


@cache
def log_gamma_tail(f: Real) -> Real:
    """(log(gamma(2 + f)) - (1 - Euler) f) / f**2."""
    return (mp.loggamma(2 + f) - (1 - mp.euler) * f) / f**2 if abs(f) > 1e-12 else (mp.zeta(2) - 1) / 2


def log_gamma_weight(f: Real) -> Real:
    """The relative error at 2 + f."""
    return f * f / abs(mp.loggamma(2 + f)) if abs(f) > 1e-12 else abs(f) / (1 - mp.euler)


@cache
def stirling_tail(z: Real) -> Real:
    """x (log(gamma(x)) - (x - 1/2) log(x) + x - log(2 pi) / 2) of z = 1 / x**2."""
    if z < 1e-4:
        return sum(mp.bernoulli(2 * k) / (2 * k * (2 * k - 1)) * z ** (k - 1) for k in range(1, 40))
    x = 1 / mp.sqrt(z)
    return x * (mp.loggamma(x) - (x - HALF) * mp.log(x) + x - mp.log(2 * mp.pi) / 2)


@cache
def gamma_tail(f: Real) -> Real:
    """(gamma(2 + f) - 1) / f."""
    return (mp.gamma(2 + f) - 1) / f if abs(f) > 1e-20 else 1 - mp.euler


DIGAMMA_ROOT = mp.findroot(mp.digamma, mpf("1.4616321449683623"))


@cache
def digamma_tail(t: Real) -> Real:
    """digamma(x) / (x - root) of x - 3/2."""
    x = t + mpf("1.5")
    return mp.digamma(x) / (x - DIGAMMA_ROOT) if abs(x - DIGAMMA_ROOT) > 1e-20 else mp.polygamma(1, x)


@cache
def asymptotic_tail(z: Real) -> Real:
    """(log(x) - 1 / (2 x) - digamma(x)) x**2 of z = 1 / x**2."""
    if z < 1e-4:
        return sum(mp.bernoulli(2 * k) / (2 * k) * z ** (k - 1) for k in range(1, 40))
    x = 1 / mp.sqrt(z)
    return (mp.log(x) - 1 / (2 * x) - mp.digamma(x)) * x * x


@cache
def i0_near(z: Real) -> Real:
    """(I0(x) - 1) / z of z = x**2."""
    return (mp.besseli(0, mp.sqrt(z)) - 1) / z if z else QUARTER


@cache
def i1_near(z: Real) -> Real:
    """(I1(x) / x - 1/2) / z of z = x**2."""
    return (mp.besseli(1, mp.sqrt(z)) / mp.sqrt(z) - HALF) / z if z else mpf(1) / 16


def bessel_far(order: int, t: Real) -> Real:
    """e**-x sqrt(x) I(x) of t = 1 / x; for x > 500 the asymptotic series."""
    if t > mpf("0.002"):
        return mp.besseli(order, 1 / t) * mp.exp(-1 / t) / mp.sqrt(t)
    return mp.hyp2f0(HALF - order, HALF + order, t / 2) / mp.sqrt(2 * mp.pi) if t else 1 / mp.sqrt(2 * mp.pi)


@cache
def i0_slope(x: Real) -> Real:
    """The derivative of log(I0(x)) by x**2."""
    return mp.besseli(1, x) / (2 * x * mp.besseli(0, x)) if x else QUARTER


@cache
def i1_slope(x: Real) -> Real:
    """The derivative of log(I1(x) / x) by x**2."""
    return mp.besseli(2, x) / (2 * x * mp.besseli(1, x)) if x else mpf(1) / 8


MIDDLE = mpf(9) / 64
MIDDLE_LOW, MIDDLE_HIGH = mpf(1) / 12 - MIDDLE, mpf(1) / 5 - MIDDLE


@cache
def i0_middle(w: Real) -> Real:
    """e**-x sqrt(x) I0(x) of 1 / x - 9/64."""
    return bessel_far(0, w + MIDDLE)


@cache
def i1_middle(w: Real) -> Real:
    """e**-x sqrt(x) I1(x) of 1 / x - 9/64."""
    return bessel_far(1, w + MIDDLE)


@cache
def i0_far(w: Real) -> Real:
    """e**-x sqrt(x) I0(x) of 1 / x - 1/16."""
    return bessel_far(0, w + mpf(1) / 16)


@cache
def i1_far(w: Real) -> Real:
    """e**-x sqrt(x) I1(x) of 1 / x - 1/16."""
    return bessel_far(1, w + mpf(1) / 16)


def relative(x: Real, divisor: Real) -> Real:
    """x / divisor, 0 at 0 / 0: there the polynomial's own error no longer counts."""
    return x / divisor if divisor else mpf(0)


HALF, QUARTER = mpf("0.5"), mpf("0.25")
EIGHTH_TURN, QUARTER_TURN = (mp.pi / 4) ** 2 * mpf("1.0001"), (mp.pi / 2) ** 2 * mpf("1.0001")

TABLES = [
    Table("EXPONENTIAL", 9, -HALF_LN2, HALF_LN2, exponential_tail, lambda r: r * r),
    Table("EXPONENTIAL_SINGLE", 4, -HALF_LN2, HALF_LN2, exponential_tail, lambda r: r * r),
    Table("EXPONENTIAL_EIGHTH", 5, -HALF_LN2 / 8, HALF_LN2 / 8, exponential_tail, lambda r: r * r),
    Table("EXPONENTIAL_2", 9, -HALF, HALF, exponential_2_tail, lambda r: r * r),
    Table("EXPONENTIAL_2_SINGLE", 4, -HALF, HALF, exponential_2_tail, lambda r: r * r),
    Table("LOGARITHM", 6, 0, mpf("0.0073595"), logarithm_tail, lambda z: z / 4),
    Table("LOGARITHM_SCALAR", 19, LOW, HIGH, logarithm_scalar_tail, abs),
    Table("LOGARITHM_SINGLE", 8, LOW, HIGH, logarithm_single_tail, abs),
    Table("POWER", 7, 0, mpf("0.029438"), power_tail, lambda z: z * z / 3),
    Table("POWER_SINGLE", 4, 0, mpf("0.029438"), power_single_tail, lambda z: 1 / power_single_tail(z)),
    Table("SINE", 5, 0, EIGHTH_TURN, sine_tail, lambda z: relative(mp.sqrt(z) ** 3, mp.sin(mp.sqrt(z)))),
    Table("SINE_SINGLE", 3, 0, EIGHTH_TURN, sine_over_r, lambda z: 1 / sine_over_r(z)),
    Table("COSINE", 5, 0, EIGHTH_TURN, cosine_tail, lambda z: z * z),
    Table("COSINE_SINGLE", 4, 0, EIGHTH_TURN, cosine, lambda z: mpf(1)),
    Table("TANGENT", 8, 0, EIGHTH_TURN / 4, tangent_tail, lambda z: z),
    Table("TANGENT_SINGLE", 3, 0, EIGHTH_TURN / 4, tangent_tail, lambda z: z),
    Table("ARCTANGENT", 11, 0, mpf("0.2501"), arctangent_tail, lambda z: z),
    Table("ARCTANGENT_SINGLE", 5, 0, mpf("0.2501"), arctangent_tail, lambda z: z),
    Table("ARCSINE", 12, 0, mpf("0.25"), arcsine_tail, lambda z: z),
    Table("ARCSINE_SINGLE", 4, 0, mpf("0.25"), arcsine_tail, lambda z: z),
    Table("SINH", 4, 0, HALF_LN2**2, sinh_tail, lambda z: z),
    Table("SINH_SINGLE", 1, 0, HALF_LN2**2, sinh_tail, lambda z: z),
    Table("COSH", 4, 0, HALF_LN2**2, cosh_tail, lambda z: z),
    Table("COSH_SINGLE", 2, 0, HALF_LN2**2, cosh_tail, lambda z: z),
    Table("INVERSE_CUBE_ROOT", 5, LOW, HIGH, inverse_cube_root, lambda f: mp.cbrt(1 + f)),
    Table("SINC", 8, 0, mpf("0.25"), sinc_tail, lambda z: z / (1 - z * sinc_tail(z)), True),
    Table("SINC_SINGLE", 4, 0, mpf("0.25"), sinc_tail, lambda z: z / (1 - z * sinc_tail(z))),
    Table("TAIL", 23, mpf(-5) / 32, mpf(3) / 32, tail, tail_weight, True),
    Table("TAIL_SINGLE", 12, mpf(-5) / 32, mpf(3) / 32, tail, tail_weight),
    Table("CENTRAL", 22, mpf(-1), mpf("4.0001"), central, lambda w: 1 / central(w), True),
    Table("CENTRAL_SINGLE", 10, mpf(-1), mpf("4.0001"), central, lambda w: 1 / central(w)),
    Table("FAR", 10, 1 / mp.sqrt(746) - QUARTER, 1 / mp.sqrt(mpf("4.999")) - QUARTER, far, lambda s: 1 / far(s)),
    Table("LOG_GAMMA", 16, -HALF, HALF, log_gamma_tail, log_gamma_weight),
    Table("STIRLING", 9, 0, mpf(4) / 49, stirling_tail, mp.sqrt),
    Table("GAMMA", 17, -HALF, HALF, gamma_tail, lambda f: abs(f) / mp.gamma(2 + f)),
    Table("DIGAMMA", 21, -HALF, HALF, digamma_tail, lambda t: 1 / digamma_tail(t), True),
    Table("ASYMPTOTIC", 10, 0, mpf(1) / 9, asymptotic_tail, lambda z: relative(z, mp.log(1 / mp.sqrt(z)) if z else 0)),
    Table("SINE_FLOAT", 2, 0, EIGHTH_TURN, sine_tail, lambda z: relative(mp.sqrt(z) ** 3, mp.sin(mp.sqrt(z)))),
    Table("COSINE_FLOAT", 2, 0, EIGHTH_TURN, cosine_tail, lambda z: z * z),
    Table("I0_NEAR", 11, 0, 25, i0_near, lambda z: z / mp.besseli(0, mp.sqrt(z))),
    Table("I0_SLOPE", 2, 0, 5, i0_slope, lambda x: 1 / i0_slope(x)),
    Table("I0_MIDDLE", 19, MIDDLE_LOW, MIDDLE_HIGH, i0_middle, lambda w: 1 / i0_middle(w), True),
    Table("I0_FAR", 17, -mpf(1) / 16, mpf(1) / 12 - mpf(1) / 16, i0_far, lambda w: 1 / i0_far(w), True),
    Table("I1_NEAR", 11, 0, 25, i1_near, lambda z: relative(z * mp.sqrt(z), mp.besseli(1, mp.sqrt(z)))),
    Table("I1_SLOPE", 2, 0, 5, i1_slope, lambda x: 1 / i1_slope(x)),
    Table("I1_MIDDLE", 19, MIDDLE_LOW, MIDDLE_HIGH, i1_middle, lambda w: 1 / i1_middle(w), True),
    Table("I1_FAR", 17, -mpf(1) / 16, mpf(1) / 12 - mpf(1) / 16, i1_far, lambda w: 1 / i1_far(w), True),
    Table("TANH_FLOAT", 4, 0, mpf("0.390625"), tanh_tail, lambda z: z),
    Table("ERROR_NEAR", 14, -ERROR_CENTER, ERROR_CENTER, error_near, lambda w: 1 / (1 + error_near(w))),
    Table("ERROR_NEAR_SINGLE", 8, -ERROR_CENTER, ERROR_CENTER, error_near, lambda w: 1 / (1 + error_near(w))),
    Table("ERROR_FAR", 15, ERROR_EDGE - ERROR_FAR_CENTER, 6 - ERROR_FAR_CENTER, error_far, error_far_weight),
    Table("ERROR_FAR_SINGLE", 6, ERROR_EDGE - ERROR_FAR_CENTER, 4 - ERROR_FAR_CENTER, error_far, error_far_weight),
]


def main(names: list[str]) -> None:
    """Print the tables, as the modules hold them."""
    for table in TABLES:
        if names and table.name not in names:
            continue
        coefficients, error = fit(table)
        interval = f"[{mp.nstr(mpf(table.low), 5)}, {mp.nstr(mpf(table.high), 5)}]"
        what = (table.function.__doc__ or table.name).rstrip(".")
        sys.stdout.write(f"# {what}, on {interval}, degree {table.degree}, error 2**{mp.nstr(mp.log(error, 2), 4)}\n")
        sys.stdout.write(f"{table.name} = (\n" + "".join(f"    {float(c)!r},\n" for c in coefficients) + ")\n")
        if table.constant_in_two:
            sys.stdout.write(f"{table.name}_LOW = {float(coefficients[0] - float(coefficients[0]))!r}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
