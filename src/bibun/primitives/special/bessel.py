"""Rows of the Bessel functions, by the argument (DLMF 10.6, 10.29). By the order there is no rule."""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.core.broadcasting import is_complex
from bibun.core.kinds import elementwise
from bibun.errors import NoDerivativeError, located
from bibun.primitives.series import joined, polynomial

# J_1(x) / x and I_1(x) / x in powers of x**2, to |x| = 1: the next term is 7e-20
_J1 = [0.5 * (-0.25) ** k / (factorial(k) * factorial(k + 1)) for k in range(10)]
_I1 = [0.5 * 0.25**k / (factorial(k) * factorial(k + 1)) for k in range(10)]


def _over_x(y: Any, x: Any, coefficients: list[float]) -> Any:
    """y / x of an odd y, about 0 by its series."""
    return joined(np.abs(x) < 1, x, lambda x: polynomial(coefficients, x * x), lambda x: y / x, 1)


def _i1e_over_x(y: Any, x: Any) -> Any:
    near = np.abs(x) < 1
    return joined(near, x, lambda x: np.exp(-np.abs(x)) * polynomial(_I1, x * x), lambda x: y / x, 1)


def _scaled(slope: Any, y: Any, order: Any, x: Any, turn: complex) -> Any:
    """The slope of a scaled function: far out, where its parts cancel, that of x**(-1/2) Σ a_k(order) (turn / x)**k.

    `turn` is 1 for e**x K, -1 (of |x|) for e**-|x| I, i and -i for the scaled H1 and H2 (DLMF 10.40.1, 10.40.2, 10.17.5);
    from |x| = 30 + order**2 / 2 the next term is less than 1e-16.
    """
    least = 30 + 0.5 * order * order
    far = np.abs(x) > least
    x = np.where(far, x, least)  # at 1 the sum of order 3/2 is 0
    r = -1 / np.abs(x) if turn == -1 else turn / x
    term, total, weighted = 1.0, 1.0, 0.5
    for k in range(1, 19):
        term = term * (4.0 * order * order - (2 * k - 1) ** 2) * (r / (8 * k))
        total = total + term
        weighted = weighted + (k + 0.5) * term
    return np.where(far, -y / x * (weighted / total), slope)


def analytic(name: str, b: Any) -> Any:
    """b, which has to be real: complex, the scale exp(-|Re z|) or exp(-|Im z|) has no complex derivative."""
    if is_complex(b):
        plain = name.removesuffix("e")
        raise NoDerivativeError(
            f"{located()}{name} of a complex argument has no complex derivative: it is {plain} times a factor of |Re z| or "
            f"|Im z|. Write {plain}."
        )
    return b


def _half_difference(f: Any, order: Any, x: Any) -> Any:
    """(f_(v - 1) - f_(v + 1)) / 2, the slope of J, Y, H1 and H2"""
    return (f(order - 1.0, x) - f(order + 1.0, x)) / 2


def slope_of_ive(y: Any, a: Any, b: Any) -> Any:
    """(ive(v - 1, x) + ive(v + 1, x)) / 2 - sign(x) y, or its asymptotic series"""
    b = analytic("ive", b)
    return _scaled((special.ive(a - 1.0, b) + special.ive(a + 1.0, b)) / 2 - np.sign(b) * y, y, a, b, -1)


def slope_of_kve(y: Any, a: Any, b: Any) -> Any:
    """y - (kve(v - 1, x) + kve(v + 1, x)) / 2, or its asymptotic series"""
    slope = y - (special.kve(a - 1.0, b) + special.kve(a + 1.0, b)) / 2
    return _unless_infinite(y, _scaled(slope, y, a, b, 1))


def _unless_infinite(y: Any, slope: Any) -> Any:
    """The slope, which is infinite of the other sign at the pole x = 0, where its parts cancel to nan."""
    return np.where(np.isinf(y), -y, slope)


_V = "the order v: its derivative has no closed form"
_N = "the order n: an integer does not vary continuously"

j0 = elementwise(special.j0, lambda x: -special.j1(x))
j1 = elementwise(special.j1, lambda y, x: special.j0(x) - _over_x(y, x, _J1))
y0 = elementwise(special.y0, lambda x: -special.y1(x), guarded=True, domain=("positive",))
y1 = elementwise(
    special.y1, lambda y, x: _unless_infinite(y, special.y0(x) - y / x), guarded=True, domain=("positive",)
)
jv = elementwise(
    special.jv, _V, lambda a, b: (special.jv(a - 1.0, b) - special.jv(a + 1.0, b)) / 2,
    guarded=True, domain=("order", "positive"),
)  # fmt: skip
yv = elementwise(
    special.yv, _V, lambda y, a, b: _unless_infinite(y, (special.yv(a - 1.0, b) - special.yv(a + 1.0, b)) / 2),
    guarded=True, domain=("order", "positive"),
)  # fmt: skip
yn = elementwise(
    special.yn, _N, lambda y, a, b: _unless_infinite(y, _half_difference(special.yn, np.trunc(a), b)),
    guarded=True, domain=("whole", "positive"),
)  # fmt: skip

i0 = elementwise(special.i0, lambda x: special.i1(x))
i1 = elementwise(
    special.i1, lambda y, x: np.where(np.isinf(y), np.abs(y), special.i0(x) - _over_x(y, x, _I1)), guarded=True
)
i0e = elementwise(special.i0e, lambda y, x: _scaled(special.i1e(x) - np.sign(x) * y, y, 0, x, -1))
i1e = elementwise(special.i1e, lambda y, x: _scaled(special.i0e(x) - _i1e_over_x(y, x) - np.sign(x) * y, y, 1, x, -1))
iv = elementwise(
    special.iv, _V, lambda a, b: (special.iv(a - 1.0, b) + special.iv(a + 1.0, b)) / 2,
    guarded=True, domain=("order", "positive"),
)  # fmt: skip
ive = elementwise(special.ive, _V, slope_of_ive, guarded=True, domain=("order", "positive"))
k0 = elementwise(special.k0, lambda x: -special.k1(x), guarded=True, domain=("positive",))
k1 = elementwise(special.k1, lambda y, x: -special.k0(x) - y / x, guarded=True, domain=("positive",))
k0e = elementwise(
    special.k0e, lambda y, x: _unless_infinite(y, _scaled(y - special.k1e(x), y, 0, x, 1)),
    guarded=True, domain=("positive",),
)  # fmt: skip
k1e = elementwise(
    special.k1e, lambda y, x: _unless_infinite(y, _scaled(y - special.k0e(x) - y / x, y, 1, x, 1)),
    guarded=True, domain=("positive",),
)  # fmt: skip
kv = elementwise(
    special.kv, _V, lambda a, b: -(special.kv(a - 1.0, b) + special.kv(a + 1.0, b)) / 2,
    guarded=True, domain=("order", "positive"),
)  # fmt: skip
kn = elementwise(
    special.kn, _N, lambda a, b: -(special.kn(np.trunc(a) - 1.0, b) + special.kn(np.trunc(a) + 1.0, b)) / 2,
    guarded=True, domain=("whole", "positive"),
)  # fmt: skip
jve = elementwise(
    special.jve, _V, lambda a, b: _half_difference(special.jv, a, analytic("jve", b)),
    guarded=True, domain=("order", "positive"),
)  # fmt: skip
yve = elementwise(
    special.yve, _V, lambda y, a, b: _unless_infinite(y, _half_difference(special.yv, a, analytic("yve", b))),
    guarded=True, domain=("order", "positive"),
)  # fmt: skip
hankel1 = elementwise(
    special.hankel1, _V, lambda a, b: _half_difference(special.hankel1, a, b),
    guarded=True, domain=("order", "positive"),
)  # fmt: skip
hankel2 = elementwise(
    special.hankel2, _V, lambda a, b: _half_difference(special.hankel2, a, b),
    guarded=True, domain=("order", "positive"),
)  # fmt: skip
hankel1e = elementwise(
    special.hankel1e, _V,
    lambda y, a, b: _scaled(_half_difference(special.hankel1e, a, b) - 1j * y, y, a, b, 1j),
    guarded=True, domain=("order", "positive"),
)  # fmt: skip
hankel2e = elementwise(
    special.hankel2e, _V,
    lambda y, a, b: _scaled(_half_difference(special.hankel2e, a, b) + 1j * y, y, a, b, -1j),
    guarded=True, domain=("order", "positive"),
)  # fmt: skip
besselpoly = elementwise(
    special.besselpoly,
    lambda a, b, c: special.besselpoly(a, b + 1.0, c - 1.0) - special.besselpoly(a, b + 1.0, c + 1.0),
    "the power lmb: its derivative has no closed form",
    "the order nu: its derivative has no closed form",
    domain=("positive", "positive_order", "positive_order"),
)
kve = elementwise(special.kve, _V, slope_of_kve, guarded=True, domain=("order", "positive"))
