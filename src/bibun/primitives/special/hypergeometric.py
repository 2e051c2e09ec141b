"""Rows of the hypergeometric, parabolic cylinder and Wright functions, by the argument (DLMF 10.46, 12.8, 13.3, 15.5, 16.3)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.core.kinds import elementwise, several
from bibun.core.primitive import Primitive
from bibun.primitives.repeated import holds

_A = "the parameter a: its derivative has no closed form"
_B = "the parameter b: its derivative has no closed form"
_C = "the parameter c: its derivative has no closed form"
_V = "the order v: its derivative has no closed form"


def _slope_of_log_wright(y: Any, a: Any, b: Any, c: Any) -> Any:
    """exp(log Φ(a, a + b, x) - y)"""
    return np.exp(special.log_wright_bessel(a, a + 1.0 * b, c) - y)


def _limit(v: Any, x: Any) -> Any:
    """0F1(v; x). SciPy's goes by Bessel functions, which over- and underflow for v above 100: where |x| < v by the power series,
    whose terms fall by the factor 1 / k and more."""
    y = special.hyp0f1(v, x)
    near = (np.real(v) > 30) & (np.abs(x) < np.abs(v))
    if not np.any(near):
        return y
    w, z = np.where(near, v, 1.0), np.where(near, x, 0.0)
    total = np.ones_like(w * z)
    for k in range(20, 0, -1):
        total = 1 + total * z / (k * (w + k - 1))
    return np.where(near, total, y).astype(y.dtype)[()]


def _confluent(a: Any, b: Any, x: Any) -> Any:
    """1F1(a; b; x). SciPy's has no digits between -1 and 0 for a large a: there Kummer's e**x 1F1(b - a; b; -x). It has
    infinity where a = 0 and b is a negative whole number or 0, where the slope of a polynomial is 1F1 = 1."""
    turned = np.False_ if np.iscomplexobj(x) else (x < 0) & (x >= -1) & (np.asarray(a) > 20)
    y = special.hyp1f1(np.where(turned, b - 1.0 * a, a), b, np.where(turned, -x, x))
    y = np.where(turned, np.exp(np.where(turned, x, 0.0)), 1.0) * y
    return np.where(np.equal(a, 0), 1.0, y).astype(np.result_type(y, np.float32))[()]


def _slope_of_confluent(a: Any, b: Any, x: Any) -> Any:
    """a / b 1F1(a + 1; b + 1; x); 0 where a is, whatever b is"""
    none = np.equal(a, 0)
    if holds(none):
        b = np.where(none, 1.0, b)
    return np.divide(a, b) * confluent(a + 1.0, b + 1.0, x)


def _slope_of_gauss(a: Any, b: Any, c: Any, x: Any) -> Any:
    """a b / c F(a + 1, b + 1; c + 1); where a = c, and so where both are 0, it is b (1 - x)**(-b - 1)"""
    both = np.equal(a, 0) & np.equal(c, 0)
    return np.divide(np.where(both, 1.0, a), np.where(both, 1.0, c)) * b * special.hyp2f1(a + 1.0, b + 1.0, c + 1.0, x)


# The functions with their digits, for the slopes
limit_0f1: Primitive = elementwise(
    _limit, "the parameter v: its derivative has no closed form", lambda a, b: limit_0f1(a + 1.0, b) / a,
    domain=("positive", "real"), name="limit_0f1",
)  # fmt: skip
confluent: Primitive = elementwise(
    _confluent, _A, _B, lambda a, b, c: _slope_of_confluent(a, b, c),
    domain=("positive", "positive", "real"), name="confluent",
)  # fmt: skip
hyp0f1 = elementwise(
    special.hyp0f1, "the parameter v: its derivative has no closed form",
    lambda a, b: limit_0f1(a + 1.0, b) / a, domain=("positive", "real"),
)  # fmt: skip
hyp1f1 = elementwise(
    special.hyp1f1, _A, _B, lambda a, b, c: _slope_of_confluent(a, b, c),
    domain=("positive", "positive", "real"),
)  # fmt: skip
hyp2f1 = elementwise(
    special.hyp2f1, _A, _B, _C, lambda a, b, c, d: _slope_of_gauss(a, b, c, d),
    guarded=True, domain=("positive", "positive", "positive", "unit"),
)  # fmt: skip
hyperu = elementwise(
    special.hyperu, _A, _B, lambda a, b, c: -(a * special.hyperu(a + 1.0, b + 1.0, c)),
    guarded=True, domain=("positive", "positive", "positive"),
)  # fmt: skip
pbdv = several(
    special.pbdv, _V, lambda y, a, b: (y[1], (b * b / 4 - a - 0.5) * y[0]), domain=("order", "real")
)  # D'' = (x²/4 - v - 1/2) D
pbvv = several(special.pbvv, _V, lambda y, a, b: (y[1], (b * b / 4 - a - 0.5) * y[0]), domain=("order", "real"))
pbwa = several(special.pbwa, _A, lambda y, a, b: (y[1], (a - b * b / 4) * y[0]), domain=("order", "real"))
wright_bessel = elementwise(
    special.wright_bessel, _A, _B, lambda a, b, c: special.wright_bessel(a, a + 1.0 * b, c), domain=("positive",) * 3
)
if hasattr(special, "log_wright_bessel"):  # since SciPy 1.14
    log_wright_bessel = elementwise(special.log_wright_bessel, _A, _B, _slope_of_log_wright, domain=("positive",) * 3)
