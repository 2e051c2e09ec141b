"""Rows of the functions that are near to Bessel's: Airy, Kelvin, Struve, and integrals of them (DLMF 9, 10.61, 11.4, 10.43)."""

from __future__ import annotations

from math import factorial, pi, sqrt
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.core.kinds import elementwise, several
from bibun.primitives.series import joined, polynomial
from bibun.primitives.special.bessel import analytic, slope_of_ive, slope_of_kve

# ber'(x)/x = x² Σ b_k x**4k and bei'(x)/x = Σ c_k x**4k, to |x| = 1: the next terms are less than 1e-20 (DLMF 10.65.1)
_BER = [-((-1) ** k) * (k + 1) * 0.25 ** (2 * k + 1) / factorial(2 * k + 2) ** 2 for k in range(6)]
_BEI = [(-1) ** k * (k + 0.5) * 0.25 ** (2 * k) / factorial(2 * k + 1) ** 2 for k in range(6)]
# (1 - J0(x))/x² and (I0(x) - 1)/x² in powers of x², to |x| = 1
_J0 = [(-1) ** k * 0.25 ** (k + 1) / factorial(k + 1) ** 2 for k in range(9)]
_I0 = [0.25 ** (k + 1) / factorial(k + 1) ** 2 for k in range(9)]
_H0 = [2 / pi * (-1) ** k / np.prod(np.arange(1.0, 2 * k + 2, 2)) ** 2 for k in range(10)]  # H0(x)/x in powers of x²


def _airye(y: Any, x: Any) -> Any:
    """y' ± √x y; from x = 1, where its parts cancel, by K and I of order 1/3 and 2/3 (DLMF 9.6.2 to 9.6.5)."""
    x = analytic("airye", x)
    far = x > 1
    z = np.where(far, x, 1.0)
    root = np.sqrt(z)
    u = z * root / 1.5

    def far_out(value: Any, power: float, scale: Any, order: float, by: Any, of: Any) -> Any:
        # value = scale z**power of(±order, u), and du/dz = √z
        slopes = sum(by(of(v, u), v, u) for v in ((order,) if by is slope_of_kve else (order, -order)))
        return power * value / z + scale * z**power * root * slopes

    k, i = 1 / (pi * sqrt(3)), 1 / sqrt(3)
    outer = (
        far_out(y[0], 0.5, k, 1 / 3, slope_of_kve, special.kve),
        far_out(y[1], 1.0, -k, 2 / 3, slope_of_kve, special.kve),
        far_out(y[2], 0.5, i, 1 / 3, slope_of_ive, special.ive),
        far_out(y[3], 1.0, i, 2 / 3, slope_of_ive, special.ive),
    )
    below = x < 0  # there the Bi have no scale, and the Ai no value: their nan stays out of the products
    near = np.sqrt(np.where(far | below, 0.0, x))
    a, slope = (np.where(below, 0.0, part) for part in y[:2])
    inner = (
        np.where(below, y[0], slope + near * a),
        np.where(below, y[1], x * a + near * slope),
        y[3] - near * y[2],
        x * y[2] - near * y[3],
    )
    return tuple(np.where(far, o, i) for o, i in zip(outer, inner, strict=True))


def _itairy(x: Any) -> Any:
    """Ai(x), Bi(x), Ai(-x), Bi(-x)"""
    (a, _, b, _), (c, _, d, _) = special.airy(x), special.airy(-x)
    return a, b, c, d


def _over(x: Any, odd: Any, coefficients: list[float], factor: int = 0) -> Any:
    """odd / x, about 0 by its series in x⁴, times x**factor."""
    return joined(np.abs(x) < 1, x, lambda x: x**factor * polynomial(coefficients, x**4), lambda x: odd / x, 1)


def _slope_of_berp(x: Any) -> Any:
    """-bei(x) - ber'(x)/x"""
    return -special.bei(x) - _over(x, special.berp(x), _BER, 2)


def _slope_of_beip(x: Any) -> Any:
    """ber(x) - bei'(x)/x"""
    return special.ber(x) - _over(x, special.beip(x), _BEI)


def _kelvin(y: Any, x: Any) -> Any:
    """Be', Ke', i Be - Be'/x, i Ke - Ke'/x"""
    return y[2], y[3], _slope_of_berp(x) + 1j * _slope_of_beip(x), 1j * y[1] - y[3] / x


def _by_x(f: Any, x: Any, coefficients: list[float]) -> Any:
    """f(x) / x, about 0 by its series in x², which has the factor x"""
    return joined(np.abs(x) < 1, x, lambda x: x * polynomial(coefficients, x * x), lambda x: f(x) / x, 1)


def _slope_of_struve(f: Any, sign: int, v: Any, x: Any) -> Any:
    """(f_(v - 1) ∓ f_(v + 1) + (x/2)**v / (√π Γ(v + 3/2))) / 2, where f_-1 is 2/π ∓ f_1."""
    zero = np.equal(v, 0)
    w = np.where(zero, 1.0, v)
    step = np.where(zero, 1.0, (0.5 * x) ** w) / sqrt(pi) * special.rgamma(v + 1.5)
    above = f(v + 1.0, x)
    below = np.where(zero, 2 / pi + sign * above, f(w - 1.0, x))
    return (below + sign * above + step) / 2


def _h0_over_x(x: Any) -> Any:
    """H_0(x)/x, about 0 by its series"""
    return joined(np.abs(x) < 1, x, lambda x: polynomial(_H0, x * x), lambda x: special.struve(0.0, x) / x, 1)


_V = "the order v: its derivative has no closed form"

airy = several(special.airy, lambda y, x: (y[1], x * y[0], y[3], x * y[2]))
airye = several(special.airye, _airye, domain=("positive",))
itairy = several(special.itairy, _itairy)

ber = elementwise(special.ber, lambda x: special.berp(x))
bei = elementwise(special.bei, lambda x: special.beip(x))
ker = elementwise(special.ker, lambda x: special.kerp(x), guarded=True, domain=("positive",))
kei = elementwise(special.kei, lambda x: special.keip(x), guarded=True, domain=("positive",))
berp = elementwise(special.berp, _slope_of_berp)
beip = elementwise(special.beip, _slope_of_beip)
kerp = elementwise(special.kerp, lambda y, x: -special.kei(x) - y / x, guarded=True, domain=("positive",))
keip = elementwise(special.keip, lambda y, x: special.ker(x) - y / x, guarded=True, domain=("positive",))
kelvin = several(special.kelvin, _kelvin, domain=("positive",))

itj0y0 = several(special.itj0y0, lambda x: (special.j0(x), special.y0(x)), domain=("positive",))
iti0k0 = several(special.iti0k0, lambda x: (special.i0(x), special.k0(x)), domain=("positive",))
it2j0y0 = several(
    special.it2j0y0, lambda x: (_by_x(lambda x: 1 - special.j0(x), x, _J0), -special.y0(x) / x), domain=("positive",)
)
it2i0k0 = several(
    special.it2i0k0, lambda x: (_by_x(lambda x: special.i0(x) - 1, x, _I0), -special.k0(x) / x), domain=("positive",)
)

struve = elementwise(
    special.struve,
    _V,
    lambda a, b: _slope_of_struve(special.struve, -1, a, b),
    guarded=True,
    domain=("order", "positive"),
)
modstruve = elementwise(
    special.modstruve, _V, lambda a, b: _slope_of_struve(special.modstruve, 1, a, b),
    guarded=True, domain=("order", "positive"),
)  # fmt: skip
itstruve0 = elementwise(special.itstruve0, lambda x: special.struve(0.0, x))
it2struve0 = elementwise(special.it2struve0, lambda x: -_h0_over_x(x))
itmodstruve0 = elementwise(special.itmodstruve0, lambda x: special.modstruve(0.0, x))
