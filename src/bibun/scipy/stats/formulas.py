"""Formulas that the continuous families share, or that have cases: tails, quantiles, masses. Holds no family.

Sources: as of families.py.
"""

from __future__ import annotations

from math import log, pi
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.primitives.series import joined, polynomial
from bibun.scipy.stats.distribution import log_probability

LOG_ROOT_2PI = log(2 * pi) / 2
EULER = 0.57721566490153286061
# Of w, w**3, ...: DLMF 5.11.8 for h = 1/2 and h = 0.
_RATIO_OF_GAMMAS = [-1 / 4, 1 / 24, -1 / 20, 17 / 112, -31 / 36, 691 / 88]
# log(1 + u) / u in powers of u, to |u| = 1/10: the next is 1e-19
_LOG1P_OVER = [(-1) ** k / (k + 1) for k in range(18)]


def log_normal(z: Any) -> Any:
    """The logarithm of the standard normal density."""
    return -(z**2) / 2 - LOG_ROOT_2PI


def finite_exp(z: Any) -> Any:
    """e**z, which stays finite: what is e**-e**z has the slope 0 where it underflows, not 0 times infinity."""
    return np.exp(np.minimum(z, 700.0))


def finite_expm1(z: Any) -> Any:
    """e**z - 1, in the same way."""
    return np.expm1(np.minimum(z, 700.0))


def above(z: Any) -> Any:
    """z where it is positive, else 0."""
    return np.where(z > 0, z, 0.0)


def below(z: Any) -> Any:
    """z where it is not positive, else 0: at 0 it has the slope of z."""
    return np.where(z > 0, 0.0, z)


def log1p_over(u: Any) -> Any:
    """log(1 + u) / u, and 1 at 0: smooth there, as its derivatives are."""
    near = np.abs(u) < 0.1
    return joined(near, u, lambda v: polynomial(_LOG1P_OVER, v), lambda v: np.log1p(v) / v, 1.0)


def log_scale_of_t(w: Any) -> Any:
    """log of Γ((ν + 1) / 2) / (Γ(ν / 2) sqrt(ν π)), w = 1 / ν: by Stirling's series for ν from 50 on, to the normal's."""
    return joined(
        w < 0.02, w, lambda w: w * polynomial(_RATIO_OF_GAMMAS, w * w) - LOG_ROOT_2PI,
        lambda w: special.gammaln((1 / w + 1) / 2) - special.gammaln(0.5 / w) - np.log(pi / w) / 2, 0.1,
    )  # fmt: skip


def log_i0e(x: Any) -> Any:
    """log(I₀(x) e**-x) of x >= 0: smooth from 0 on, where special.i0e, of e**-|x|, has a kink"""
    near = x < 1
    return np.where(near, np.log(special.i0(np.where(near, x, 0.0))) - x, np.log(special.i0e(np.where(near, 1.0, x))))


def log_difference(a: Any, b: Any) -> Any:
    """log(exp(a) - exp(b)) for a > b"""
    return a + np.log(-np.expm1(b - a))


def log_mass(a: Any, b: Any) -> Any:
    """log of the normal probability between a and b: by the tail that both are in, or as of all of it less both tails; where they
    are near, whose difference this leaves no digits of, by the density."""
    narrow = (b - a) * (1 + np.abs(a)) < 3e-3
    tail = ((a > 0) | (b <= 0)) & ~narrow
    left, right = np.where(narrow | tail, -1.0, a), np.where(narrow | tail, 1.0, b)
    around = np.log1p(-special.ndtr(left) - special.ndtr(-right))
    near = _log_mass_of_neighbours(np.where(narrow, a, 0.0), np.where(narrow, b, 1e-3))
    mirrored = a > 0
    lower, upper = np.where(mirrored, -b, a), np.where(mirrored, -a, b)
    in_tail = _log_mass_of_a_tail(np.where(tail, lower, -2.0), np.where(tail, upper, -1.0))
    return np.where(narrow, near, np.where(tail, in_tail, around))


def log_share(part: Any, rest: Any, whole: Any) -> Any:
    """log of the share that a part is of the whole, by the logarithms of the three: near 1 it is that of 1 less the rest."""
    share, other = part - whole, rest - whole
    near = (share > -0.1) & (other > -700)
    return np.where(near, np.log1p(-np.exp(np.where(near, other, -1.0))), np.where(near, -1.0, share))


def _log_mass_of_a_tail(a: Any, b: Any) -> Any:
    """b <= 0. From -infinity on the logarithm is one, not the difference from that of nothing."""
    whole = np.equal(a, -np.inf)
    share = special.log_ndtr(np.where(whole, -2.0, a)) - special.log_ndtr(np.where(whole, -1.0, b))
    return special.log_ndtr(b) + np.where(whole, 0.0, np.log(-np.expm1(share)))


def _log_mass_of_neighbours(a: Any, b: Any) -> Any:
    """log of w φ(m) (1 + (m² - 1) w² / 24), w = b - a, m in the middle; the next term is below 1e-13"""
    w, m = b - a, (a + b) / 2
    return np.log(w) + log_normal(m) + np.log1p((m * m - 1) * w * w / 24)


def beta_below(a: Any, b: Any, w: Any, d: Any) -> Any:
    """The probability of at most w / (d + w) in the beta family: by w / (d + w) or the rest to 1, whichever is small, as the
    density has no digits of a rest that is 1 less a number near 1."""
    return np.where(w < d, special.betainc(a, b, _smaller(w, d, True)), special.betaincc(b, a, _smaller(w, d, False)))


def beta_above(a: Any, b: Any, w: Any, d: Any) -> Any:
    """The probability of more."""
    return np.where(w < d, special.betaincc(a, b, _smaller(w, d, True)), special.betainc(b, a, _smaller(w, d, False)))


def _smaller(w: Any, d: Any, first: bool) -> Any:
    """w / (d + w), or d / (d + w); 1/2 where that is the larger part."""
    return np.where((w < d) == first, (w if first else d) / (d + w), 0.5)


# To the left of it γ(c, e**z) / Γ(c) is the first term of its series, e**(c z) / Γ(c + 1), to rounding.
_FIRST_TERM = -40.0


def _loggamma(z: Any, c: Any) -> tuple[Any, Any, Any]:
    """Whether that is so, the logarithm of the term, and e**z where it is not."""
    far = z < _FIRST_TERM
    term = c * np.where(far, z, _FIRST_TERM) - special.gammaln(c + 1)
    return far, term, finite_exp(np.where(far, 0.0, z))


def below_loggamma(z: Any, c: Any) -> Any:
    """The probability of at most z in the log-gamma family."""
    far, term, x = _loggamma(z, c)
    return np.where(far, np.exp(term), special.gammainc(c, x))


def above_loggamma(z: Any, c: Any) -> Any:
    """The probability of more."""
    far, term, x = _loggamma(z, c)
    return np.where(far, -np.expm1(term), special.gammaincc(c, x))


def log_below_loggamma(z: Any, c: Any) -> Any:
    """The logarithm of the former, also where that underflows."""
    far, term, x = _loggamma(z, c)
    return np.where(far, term, log_probability(special.gammainc(c, x), special.gammaincc(c, x)))


def quantile_of_loggamma(c: Any, log_q: Any, inverse: Any, q: Any) -> Any:
    """log of inverse(c, q), log_q the logarithm of the probability below it; in the same way"""
    term = (log_q + special.gammaln(c + 1)) / c
    far = term < _FIRST_TERM
    return np.where(far, term, np.log(inverse(c, np.where(far, 0.5, q))))


def distance(z: Any) -> Any:
    """|z|, a constant at 0: the infinite slope that log |z| has there would make nan of the 0 between left and right."""
    return np.where(np.equal(z, 0), 0.0, np.abs(z))


def flat_root(w: Any) -> Any:
    """√w of a quantile w; at 0, where it is asked of a density that is infinite there, with the slope 0 that w has."""
    zero = np.equal(w, 0)
    return np.where(zero, w, np.sqrt(np.where(zero, 1.0, w)))


def rest_of_power(q: Any, rest: Any, power: Any) -> Any:
    """1 - q**power, q = 1 - rest, by the smaller of the two; at q = 0 the constant 1, of which a power of q is a factor."""
    low = q < 0.5
    far = -np.expm1(power * np.log1p(-np.where(low, 0.5, rest)))
    return np.where(low, 1 - np.where(low & (q > 0), q, 0.0) ** power, far)


def log_rest_over_power(q: Any, rest: Any, power: Any) -> Any:
    """-log(1 - u) / u, u = q**power, in the same way."""
    low = q < 0.5
    near = log1p_over(-(np.where(low & (q > 0), q, 0.0) ** power))
    above, below = np.where(low, 0.5, q), np.where(low, 0.5, rest)
    return np.where(low, near, -np.log(rest_of_power(above, below, power)) / above**power)


def quantile_of_dweibull(q: Any, c: Any) -> Any:
    """∓(-log(2 q))**(1/c), the left one's mirrored at 1/2"""
    low = q < 0.5
    return np.where(low, -1.0, 1.0) * (-np.log(2 * np.where(low, q, 1 - q))) ** (1 / c)


def extreme(z: Any, c: Any) -> Any:
    """-log(1 - c z) / c"""
    return z * log1p_over(-c * z)


def tail(z: Any, c: Any) -> Any:
    """log(1 + c z) / c"""
    return z * log1p_over(c * z)


def log_power_of_burr(z: Any, c: Any, d: Any, power: Any) -> Any:
    """log of z**power (1 + z**c)**-(d + 1), power = c d - 1: of large z by z**-c, of small z as it stands."""
    far = z > 1
    low, high = np.where(far, 1.0, z), np.where(far, z, 1.0)
    near = special.xlogy(power, low) - (d + 1) * np.log1p(low**c)
    return np.where(far, -(c + 1) * np.log(high) - (d + 1) * np.log1p(high**-c), near)


def end(c: Any, *, above: bool) -> Any:
    """1 / |c| where the support ends, for c of one sign; infinity for the other."""
    ends = c > 0 if above else c < 0
    return np.where(ends, 1 / np.where(ends, c, 1.0), np.inf if above else -np.inf)


def quantile_of_extreme(s: Any, c: Any) -> Any:
    """(1 - s**c) / c, and -log(s) at c = 0"""
    return quantile_of_tail(-np.log(s), s, -c)


def quantile_of_tail(y: Any, s: Any, c: Any) -> Any:
    """(s**-c - 1) / c with y = -log(s), about c y = 0 by y: at the ends y is infinite."""
    far = (np.abs(c * y) > 1) & (c != 0)
    power, finite = np.where(far, c, 1.0), np.where(np.isinf(y), 0.0, y)
    return np.where(
        far, (np.where(far, s, 0.5) ** -power - 1) / power, y * special.exprel(np.where(far, 0.0, c * finite))
    )


def quantile_of_cauchy(q: Any) -> Any:
    """tan(π (q - 1/2)), near the ends by their distance: -1 / tan(πq), of which all digits are left"""
    middle, low = np.abs(q - 0.5) < 0.25, q < 0.5
    end = np.where(middle, 0.25, np.where(low, q, 1 - q))
    return np.where(middle, np.tan(pi * (np.where(middle, q, 0.5) - 0.5)), np.where(low, -1.0, 1.0) / np.tan(pi * end))


def tangent_of_right_angles(q: Any) -> Any:
    """tan(π/2 q), which is infinite at 1"""
    low = q < 0.5
    tangent = np.tan(pi / 2 * np.where(low, q, 1 - q))
    return np.where(low, tangent, 1 / np.where(low, 1.0, tangent))
