"""Rows of the Mathieu and the spheroidal wave functions, by the argument: the second output is the slope of the first.

The slope of the second is what the differential equation says (DLMF 28.2.1, 28.20.1, 30.2.1, 30.6).
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.core.kinds import elementwise, several

_DEGREE = pi / 180
_M = "the order m: an integer does not vary continuously"
_N = "the degree n: an integer does not vary continuously"
_Q = "the parameter q: its derivative has no closed form"
_C = "the parameter c: its derivative has no closed form"
_CV = "the characteristic value cv: its derivative has no closed form"

Slopes = Callable[..., tuple[Any, Any]]


def _angular(value: Any) -> Slopes:
    """In degrees: y' π/180, and (2q cos 2x - a) y π/180"""

    def slopes(y: Any, a: Any, b: Any, c: Any) -> tuple[Any, Any]:
        return _DEGREE * y[1], _DEGREE * (2 * b * special.cosdg(2 * c) - value(a, b)) * y[0]

    return slopes


def _modified(value: Any) -> Slopes:
    """y', and (a - 2q cosh 2x) y"""

    def slopes(y: Any, a: Any, b: Any, c: Any) -> tuple[Any, Any]:
        return y[1], (value(a, b) - 2 * b * np.cosh(2 * c)) * y[0]

    return slopes


def _prolate(y: Any, m: Any, c: Any, value: Any, x: Any) -> tuple[Any, Any]:
    """(1 - x²) y'' = 2x y' - (λ - c²x² - m²/(1 - x²)) y"""
    rest = 1 - x * x
    return y[1], (2 * x * y[1] - (value - c * c * x * x - 1.0 * m * m / rest) * y[0]) / rest


def _oblate_angular(y: Any, m: Any, c: Any, value: Any, x: Any) -> tuple[Any, Any]:
    """(1 - x²) y'' = 2x y' - (λ + c²x² - m²/(1 - x²)) y"""
    rest = 1 - x * x
    return y[1], (2 * x * y[1] - (value + c * c * x * x - 1.0 * m * m / rest) * y[0]) / rest


def _oblate_radial(y: Any, m: Any, c: Any, value: Any, x: Any) -> tuple[Any, Any]:
    """(1 + x²) y'' = (λ - c²x² - m²/(1 + x²)) y - 2x y'"""
    rest = 1 + x * x
    return y[1], ((value - c * c * x * x - 1.0 * m * m / rest) * y[0] - 2 * x * y[1]) / rest


mathieu_a = elementwise(special.mathieu_a, _M, _Q)
mathieu_b = elementwise(special.mathieu_b, _M, _Q)
pro_cv = elementwise(special.pro_cv, _M, _N, _C)
obl_cv = elementwise(special.obl_cv, _M, _N, _C)

_MATHIEU = {
    "mathieu_cem": _angular(special.mathieu_a),
    "mathieu_sem": _angular(special.mathieu_b),
    "mathieu_modcem1": _modified(special.mathieu_a),
    "mathieu_modcem2": _modified(special.mathieu_a),
    "mathieu_modsem1": _modified(special.mathieu_b),
    "mathieu_modsem2": _modified(special.mathieu_b),
}
_SPHEROIDAL = {
    "pro_ang1": (_prolate, special.pro_cv, "unit"),
    "pro_rad1": (_prolate, special.pro_cv, "above_two"),
    "pro_rad2": (_prolate, special.pro_cv, "above_two"),
    "obl_ang1": (_oblate_angular, special.obl_cv, "unit"),
    "obl_rad1": (_oblate_radial, special.obl_cv, "above_two"),
    "obl_rad2": (_oblate_radial, special.obl_cv, "above_two"),
}


def _own_value(slopes: Slopes, value: Any) -> Slopes:
    return lambda y, a, b, c, d: slopes(y, a, c, value(a, b, c), d)


def _given_value(slopes: Slopes) -> Slopes:
    return lambda y, a, c, d, e: slopes(y, a, c, d, e)


ROWS = {
    name: several(getattr(special, name), _M, _Q, slopes, domain=("mode", "positive", "positive"))
    for name, slopes in _MATHIEU.items()
}
for _name, (_slopes, _value, _domain) in _SPHEROIDAL.items():
    ROWS[_name] = several(
        getattr(special, _name),
        _M,
        _N,
        _C,
        _own_value(_slopes, _value),
        domain=("mode", "higher_mode", "positive_order", _domain),
    )
    ROWS[f"{_name}_cv"] = several(
        getattr(special, f"{_name}_cv"), _M, _N, _C, _CV, _given_value(_slopes),
        domain=("mode", "higher_mode", "positive_order", "positive_order", _domain),
    )  # fmt: skip
