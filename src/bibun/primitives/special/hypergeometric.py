"""Rows of the hypergeometric, parabolic cylinder and Wright functions, by the argument (DLMF 10.46, 12.8, 13.3, 15.5, 16.3)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.core.kinds import elementwise, several

_A = "the parameter a: its derivative has no closed form"
_B = "the parameter b: its derivative has no closed form"
_C = "the parameter c: its derivative has no closed form"
_V = "the order v: its derivative has no closed form"


def _slope_of_log_wright(y: Any, a: Any, b: Any, c: Any) -> Any:
    """exp(log Φ(a, a + b, x) - y)"""
    return np.exp(special.log_wright_bessel(a, a + 1.0 * b, c) - y)


hyp0f1 = elementwise(
    special.hyp0f1, "the parameter v: its derivative has no closed form",
    lambda a, b: special.hyp0f1(a + 1.0, b) / a, domain=("positive", "real"),
)  # fmt: skip
hyp1f1 = elementwise(
    special.hyp1f1, _A, _B, lambda a, b, c: a / b * special.hyp1f1(a + 1.0, b + 1.0, c),
    domain=("positive", "positive", "real"),
)  # fmt: skip
hyp2f1 = elementwise(
    special.hyp2f1, _A, _B, _C, lambda a, b, c, d: np.divide(a, c) * b * special.hyp2f1(a + 1.0, b + 1.0, c + 1.0, d),
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
