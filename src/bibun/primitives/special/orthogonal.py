"""Rows of the orthogonal polynomials and Legendre functions, by the argument (DLMF 14.10, 18.9); of Chebyshev's by the degree."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.core.kinds import elementwise
from bibun.core.primitive import Primitive
from bibun.primitives.repeated import holds

_N = "the degree n: its derivative has no closed form"
_INTEGER = "the degree n: an integer does not vary continuously"
_ALPHA = "the parameter alpha: its derivative has no closed form"
_BETA = "the parameter beta: its derivative has no closed form"


def _below(n: Any) -> Any:
    """n - 1, an integer where n is one; for the degree 0, whose slope has the factor 0, not -1"""
    return np.where(np.equal(n, 0), 1, n) - np.int64(1)


def _multiple(m: Any, x: Any) -> tuple[Any, Any, Any]:
    """cos mθ, sin mθ and sin θ of x = cos θ; beyond 1 of the hyperbolic functions. To the left of 0 by the angle from there,
    π - θ, which has all digits at -1."""
    size, left = np.abs(x), x < 0
    inside, beyond = np.minimum(size, 1.0), np.maximum(size, 1.0)
    angle, far = m * np.arccos(inside), m * np.arccosh(beyond)
    cosine, sine = np.cos(angle) * np.cosh(far), np.sin(angle) + np.sinh(far)  # in each one is that of 0
    whole = np.rint(m)
    rest = np.where(left, pi * (m - whole), 0.0)
    sign = np.where(left, 1 - 2 * np.remainder(whole, 2), 1.0)
    complex_there = left & (size > 1) & np.not_equal(m, whole)
    turned = np.cos(rest) * cosine + np.sin(rest) * sine
    sine = np.where(left, np.sin(rest) * cosine - np.cos(rest) * sine, sine)
    return np.where(complex_there, np.nan, sign * turned), sign * sine, np.sqrt(np.abs(1 - size) * (1 + size))


@np.errstate(over="ignore", invalid="ignore")
def _chebyt(n: Any, x: Any) -> Any:
    """cos nθ: SciPy's function has few digits or none of degrees that are not whole, and of negative ones."""
    if np.iscomplexobj(x):
        return special.eval_chebyt(np.fabs(n), x)
    cosine, _, _ = _multiple(np.asarray(n, float), np.asarray(x, float))
    return cosine.astype(np.result_type(n, x, np.float32))[()]


@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def _chebyu(n: Any, x: Any) -> Any:
    """sin((n + 1)θ) / sin θ, in the same way; at the ends its limit"""
    if np.iscomplexobj(x):
        return np.sign(n + 1.0) * special.eval_chebyu(np.fabs(n + 1.0) - 1, x)
    dtype, m, x = np.result_type(n, x, np.float32), np.asarray(n, float) + 1, np.asarray(x, float)
    whole = np.rint(m)
    cosine, sine, unit = _multiple(m, x)
    end = np.equal(unit, 0)
    limit = np.where(x > 0, m, np.where(np.equal(m, whole), -m * cosine, np.copysign(np.inf, sine)))
    complex_there = (x < -1) & np.not_equal(m, whole)
    y = np.where(complex_there, np.nan, np.where(end, limit, sine / np.where(end, 1.0, unit)))
    return y.astype(dtype)[()]


def _t_by_degree(n: Any, x: Any) -> Any:
    """-θ sin(nθ) with x = cos θ, where θ / sin θ = 2F1(1, 1; 3/2; (1 - x)/2) goes on beyond x = 1"""
    end = np.equal(x, -1)
    inside = np.where(end, 0.0, x)
    y = -(1 - inside * inside) * special.hyp2f1(1.0, 1.0, 1.5, (1 - inside) / 2) * chebyu(n - 1.0, inside)
    return np.where(end, _t_by_degree_at_the_end(n, np.where(end, x, 0.0)), y)


def _t_by_degree_at_the_end(n: Any, x: Any) -> Any:
    """The same about x = -1, where 2F1 is infinite: -π sin(nπ) + √(2 (1 + x)) (sin(nπ) + nπ cos(nπ))"""
    whole = np.rint(n)
    sign, rest = 1 - 2 * np.remainder(whole, 2), pi * (n - whole)  # sin(nπ) is 0 at whole n
    sine, cosine = sign * np.sin(rest), sign * np.cos(rest)
    rising = sine + n * pi * cosine
    none = np.equal(rising, 0)  # as for n = 0: the slope of the root is infinite
    return -pi * sine + np.where(none, 0.0, rising) * np.sqrt(np.where(none, 0.5, 1 + x) * 2)


def _u_by_degree(n: Any, x: Any) -> Any:
    """θ cos((n + 1)θ) / sin θ"""
    return special.hyp2f1(1.0, 1.0, 1.5, (1 - x) / 2) * chebyt(n + 1.0, x)


def _lower(polynomial: Any, n: Any, *rest: Any) -> Any:
    """The polynomial of degree n - 1, by SciPy's recurrence where it had this for n; for the degree 0, whose slope is 0, 0."""
    return np.where(np.equal(n, 0), 0.0, polynomial(_below(n), *rest))


def _gegenbauer(n: Any, alpha: Any, x: Any) -> Any:
    """C_n^(α)(x), which for a negative whole n is 0. Of whole floats too by the recurrence that SciPy has for integers: its
    formula for others overflows from n = 170 on, where P_n, T_n and U_n, whose slopes these are, do not."""
    dtype = np.result_type(n, alpha, x, np.float32)
    whole = np.equal(np.rint(n), n) & (np.abs(n) < 1e6)  # more steps than that take long
    y = special.eval_gegenbauer(np.where(whole, np.maximum(n, 0), 0).astype(np.int64), alpha, x)
    if not np.all(whole):
        y = np.where(whole, y, special.eval_gegenbauer(n * 1.0, alpha, x))
    return np.where(whole & (n < 0), 0.0, y).astype(dtype)[()]


def _by_neighbours(n: Any, x: Any) -> Any:
    """Where the polynomial of degree n is none, and has a singularity at x = -1 that the next slope has to a higher power:
    SciPy's hypergeometric function loses it. There the slope is that of the differential equation."""
    if np.result_type(x).kind == "c":
        return np.False_
    return np.not_equal(np.rint(n), n) & (x < 0.5) & (x > -1)


def _joined(beside: Any, n: Any, x: Any, equation: Any, polynomial: Any) -> Any:
    """equation(n, x) where `beside`, else polynomial(n, x), each of numbers of its own."""
    if not holds(beside):
        return polynomial(n, x)
    known = equation(np.where(beside, n, 0.5), np.where(beside, x, 0.0))
    return np.where(beside, known, polynomial(np.where(beside, 1.0, n), np.where(beside, 0.5, x)))


def _slope_of_legendre(n: Any, x: Any) -> Any:
    """C_(n-1)^(3/2), or -P^1 / √(1 - x²), with -n - 1 for n below -1/2, of which P is the same"""
    degree = np.abs(n + 0.5) - 0.5
    return _joined(
        _by_neighbours(degree, x), degree, x, lambda n, x: -special.lpmv(1, n, x) / np.sqrt((1 - x) * (1 + x)),
        lambda n, x: gegenbauer(n - 1.0, 1.5, x),
    )  # fmt: skip


def _slope_of_gegenbauer(n: Any, alpha: Any, x: Any) -> Any:
    """2 α C_(n-1)^(α+1), or ((n + 2α) x C_n - (n + 1) C_(n+1)) / (1 - x²)"""
    beside = _by_neighbours(n, x)
    alpha = 1.0 * alpha

    def equation(n: Any, x: Any) -> Any:
        above = (n + 2 * alpha) * x * gegenbauer(n, alpha, x) - (n + 1) * gegenbauer(n + 1.0, alpha, x)
        return above / ((1 - x) * (1 + x))

    return _joined(beside, n, x, equation, lambda n, x: 2 * alpha * gegenbauer(n - 1.0, alpha + 1, x))


def _slope_of_jacobi(n: Any, alpha: Any, beta: Any, x: Any) -> Any:
    """(n + α + β + 1) / 2 P_(n-1)^(α+1,β+1), or with s = n + α + β + 1
    (s (α - β + (n + s + 1) x) P_n - 2 (n + 1) s P_(n+1)) / ((n + s + 1) (1 - x²))"""

    def equation(n: Any, x: Any) -> Any:
        s = n + 1.0 * alpha + beta + 1
        here, next_ = (special.eval_jacobi(k, alpha, beta, x) for k in (n, n + 1.0))
        above = (alpha - 1.0 * beta + (n + s + 1) * x) * here - 2 * (n + 1) * next_
        return s * above / ((n + s + 1) * (1 - x) * (1 + x))

    def polynomial(n: Any, x: Any) -> Any:
        s = n + 1.0 * alpha + beta + 1
        return s / 2 * _lower(special.eval_jacobi, n, alpha + 1.0, beta + 1.0, x)

    return _joined(_by_neighbours(n, x), n, x, equation, polynomial)


def _plain_slope_of_chebyu(n: Any, x: Any) -> Any:
    """2 C_(n-1)^(2), since U_n = -U_(-n-2) of |n + 1| - 1 with the sign of n + 1; or ((n + 1) T_(n+1) - x U_n) / (x² - 1)"""
    m = n + 1.0
    return _joined(
        _by_neighbours(m, x), m, x, lambda m, x: (m * chebyt(m, x) - x * chebyu(m - 1, x)) / ((x - 1) * (x + 1)),
        lambda m, x: 2 * np.sign(m) * gegenbauer(np.abs(m) - 2, 2.0, x),
    )  # fmt: skip


def _curvature_of_chebyu(n: Any, x: Any) -> Any:
    """8 C_(n-2)^(3), or (3x U' - n (n + 2) U) / (1 - x²)"""
    m = n + 1.0

    def equation(m: Any, x: Any) -> Any:
        return (3 * x * slope_of_chebyu(m - 1, x) - (m - 1) * (m + 1) * chebyu(m - 1, x)) / ((1 - x) * (1 + x))

    return _joined(
        _by_neighbours(m, x), m, x, equation, lambda m, x: 8 * np.sign(m) * gegenbauer(np.abs(m) - 3, 3.0, x)
    )


def _slope_of_chebyu_by_degree(n: Any, x: Any) -> Any:
    """∂/∂n of ((n + 1) T_(n+1) - x U_n) / (x² - 1); at x = 1 n² + 2n + 2/3"""
    rest = x * x - 1
    edge = np.equal(rest, 0)
    m = n + 1.0
    outer = chebyt(m, x) + m * _t_by_degree(m, x) - x * _u_by_degree(n, x)
    return np.where(edge, m * m - 1 / 3, outer / np.where(edge, 1.0, rest))


def _slope_of_lpmv(order: Any, v: Any, x: Any) -> Any:
    """Of a degree that is not whole -(P^(m+1) / √(1 - x²) + m x P^m / (1 - x²)), m the order."""
    order = 1 * order  # of few bits, order + 1 would wrap

    def equation(v: Any, x: Any) -> Any:
        rest = (1 - x) * (1 + x)
        return -special.lpmv(order + 1, v, x) / np.sqrt(rest) - order * x / rest * special.lpmv(order, v, x)

    return _joined(_by_neighbours(v, x), v, x, equation, lambda v, x: _slope_of_whole_lpmv(order, v, x))


def _slope_of_whole_lpmv(order: Any, v: Any, x: Any) -> Any:
    """For m ≥ 0, P = (-1)**m (1 - x²)**(m/2) (2m - 1)!! C_(v-m)^(m+1/2)(x); for m < 0, (v + m)! / (v - m)! of that with -m."""
    m = np.abs(1.0 * order)
    scale = (1 - 2 * np.remainder(m, 2)) * 2**m * special.poch(0.5, m)
    low = order < 0
    turned = (1 - 2 * np.remainder(m, 2)) / np.where(low, special.poch(v - m + 1, 2 * m), 1.0)
    scale = scale * np.where(low, turned, 1.0)
    rest = 1 - x * x
    falling = gegenbauer(v - m, m + 0.5, x) * -m * x * np.where(m == 0, 1.0, rest) ** (m / 2 - 1)
    rising = (2 * m + 1) * gegenbauer(v - m - 1, m + 1.5, x) * rest ** (m / 2)
    return scale * (falling + rising)


def _harmonic_by_polar(y: Any, m: Any, n: Any, theta: Any, phi: Any) -> Any:
    """m cot φ Y_n^m + √((n - m)(n + m + 1)) e**(-iθ) Y_n^(m+1)"""
    last = np.equal(m, n)
    above = special.sph_harm(np.where(last, m, m + 1), n, theta, phi)
    return m / np.tan(phi) * y + np.sqrt((n - m) * (n + m + 1)) * np.exp(-1j * theta) * above


chebyt: Primitive = elementwise(
    _chebyt, lambda a, b: _t_by_degree(a, b), lambda a, b: a * chebyu(a - 1.0, b),
    guarded=True, domain=("real", "unit"), name="chebyt",
)  # fmt: skip
chebyu: Primitive = elementwise(
    _chebyu, lambda a, b: _u_by_degree(a, b), lambda a, b: slope_of_chebyu(a, b),
    guarded=True, domain=("real", "unit"), name="chebyu",
)  # fmt: skip
gegenbauer: Primitive = elementwise(
    _gegenbauer, _N, _ALPHA, lambda a, b, c: _slope_of_gegenbauer(a, b, c),
    domain=("whole", "positive", "unit"), name="gegenbauer",
)  # fmt: skip
slope_of_chebyu: Primitive = elementwise(
    _plain_slope_of_chebyu,
    lambda a, b: _slope_of_chebyu_by_degree(a, b),
    lambda a, b: _curvature_of_chebyu(a, b),
    domain=("real", "unit"), name="slope_of_chebyu",
)  # fmt: skip
eval_legendre = elementwise(special.eval_legendre, _N, lambda a, b: _slope_of_legendre(a, b), domain=("whole", "unit"))
eval_sh_legendre = elementwise(
    special.eval_sh_legendre, _N, lambda a, b: 2 * _slope_of_legendre(a, 2 * b - 1),
    domain=("whole", "probability"),
)  # fmt: skip
eval_chebyt = elementwise(
    special.eval_chebyt, lambda a, b: _t_by_degree(a, b), lambda a, b: a * chebyu(a - 1.0, b),
    guarded=True, domain=("real", "unit"),
)  # fmt: skip
eval_chebyu = elementwise(
    special.eval_chebyu, lambda a, b: _u_by_degree(a, b), lambda a, b: slope_of_chebyu(a, b),
    guarded=True, domain=("real", "unit"),
)  # fmt: skip
eval_chebyc = elementwise(
    special.eval_chebyc, lambda a, b: 2 * _t_by_degree(a, b / 2), lambda a, b: a * chebyu(a - 1.0, b / 2),
    guarded=True, domain=("real", "unit"),
)  # fmt: skip
eval_chebys = elementwise(
    special.eval_chebys,
    lambda a, b: _u_by_degree(a, b / 2),
    lambda a, b: slope_of_chebyu(a, b / 2) / 2,
    guarded=True, domain=("real", "unit"),
)  # fmt: skip
eval_sh_chebyt = elementwise(
    special.eval_sh_chebyt,
    lambda a, b: _t_by_degree(a, 2 * b - 1),
    lambda a, b: 2 * a * chebyu(a - 1.0, 2 * b - 1),
    guarded=True, domain=("real", "probability"),
)  # fmt: skip
eval_sh_chebyu = elementwise(
    special.eval_sh_chebyu,
    lambda a, b: _u_by_degree(a, 2 * b - 1),
    lambda a, b: 2 * slope_of_chebyu(a, 2 * b - 1),
    guarded=True, domain=("real", "probability"),
)  # fmt: skip
eval_gegenbauer = elementwise(
    special.eval_gegenbauer, _N, _ALPHA, lambda a, b, c: _slope_of_gegenbauer(a, b, c),
    domain=("whole", "positive", "unit"),
)  # fmt: skip
eval_jacobi = elementwise(
    special.eval_jacobi, _N, _ALPHA, _BETA,
    lambda a, b, c, d: _slope_of_jacobi(a, b, c, d),
    domain=("whole", "positive", "positive", "unit"),
)  # fmt: skip
eval_sh_jacobi = elementwise(
    special.eval_sh_jacobi,
    _N,
    "the parameter p: its derivative has no closed form",
    "the parameter q: its derivative has no closed form",
    lambda a, b, c, d: a * special.eval_sh_jacobi(_below(a), b + 2.0, c + 1.0, d),
    domain=("whole", "above_one", "probability", "probability"),
)  # fmt: skip
eval_laguerre = elementwise(
    special.eval_laguerre, _N, lambda a, b: -_lower(special.eval_genlaguerre, a, 1.0, b), domain=("whole", "positive")
)
eval_genlaguerre = elementwise(
    special.eval_genlaguerre, _N, _ALPHA, lambda a, b, c: -_lower(special.eval_genlaguerre, a, b + 1.0, c),
    domain=("whole", "positive", "positive"),
)  # fmt: skip
eval_hermite = elementwise(
    special.eval_hermite, _INTEGER, lambda a, b: 2 * a * special.eval_hermite(_below(a), b), domain=("whole", "real")
)
eval_hermitenorm = elementwise(
    special.eval_hermitenorm, _INTEGER, lambda a, b: a * special.eval_hermitenorm(_below(a), b),
    domain=("whole", "real"),
)  # fmt: skip
lpmv = elementwise(
    special.lpmv, "the order m: an integer does not vary continuously",
    "the degree v: its derivative has no closed form", lambda a, b, c: _slope_of_lpmv(a, b, c),
    guarded=True, domain=("whole", "order", "unit"),
)  # fmt: skip
if hasattr(special, "sph_harm"):  # until SciPy 1.16: the order m, the degree n, the azimuth θ, the polar angle φ
    sph_harm = elementwise(
        special.sph_harm, "the order m: an integer does not vary continuously", _INTEGER, lambda y, a: 1j * a * y,
        lambda y, a, b, c, d: _harmonic_by_polar(y, 1.0 * a, b, c, d),
        guarded=True, domain=("mode", "higher_mode", "real", "positive"),
    )  # fmt: skip
