"""Rows of the elliptic integrals and functions, by every argument (DLMF 19, 22), and of the arithmetic-geometric mean.

The derivatives of Legendre's integrals are written with Carlson's R_D, which has no removable singularity at m = 0 and 1:
K'(m) = R_D(0, 1, 1 - m)/6, E'(m) = -R_D(0, 1 - m, 1)/6. Those of R_D and R_J are integrals of the same kind with larger
exponents, which SciPy does not have: `symmetric_integral` computes them.
"""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.core.broadcasting import is_complex
from bibun.core.kinds import elementwise, several
from bibun.core.primitive import Primitive

Exponents = tuple[float, float, float, float]

# of the trapezoidal rule in log t: its error is exp(-2π d / step), d the distance of the nearest singularity, which is π for
# positive arguments and at least 0.6 for complex ones
_STEP, _COMPLEX_STEP = 0.5, 0.1
_BLOCK = 2**18  # numbers at once


def _symmetric_integral(a: Any, b: Any, c: Any, d: Any, exponents: Exponents) -> Any:
    """∫ (t + a)**-p (t + b)**-q (t + c)**-r (t + d)**-s dt over t > 0, by the trapezoidal rule in log t.

    Complex arguments: t goes along the ray in the middle of their directions.
    """
    zs = np.broadcast_arrays(a, b, c, d)
    dtype = np.result_type(*zs, np.float32)
    sizes = np.stack([np.abs(z).astype(float) for z in zs])
    used = (sizes > 0) & (np.reshape(exponents, (-1,) + (1,) * zs[0].ndim) > 0)
    low = np.log(np.min(np.where(used, sizes, np.inf), axis=0))
    high = np.log(np.max(np.where(used, sizes, 0), axis=0))
    left = 1 - sum(p * (size == 0) for size, p in zip(sizes, exponents, strict=True))  # the power of t near 0
    start, stop = low - 40 / np.maximum(left, 0.25), high + 40 / (sum(exponents) - 1)
    step = _COMPLEX_STEP if dtype.kind == "c" else _STEP
    length = np.max(np.where(np.isfinite(stop - start), stop - start, 0), initial=0)
    count = int(length / step) + 2
    turn: Any = 1.0
    if dtype.kind == "c":
        angles = np.stack([np.angle(z) for z in zs])
        turn = (np.max(np.where(used, angles, -pi), axis=0) + np.min(np.where(used, angles, pi), axis=0)) / 2
        turn = np.exp(1j * turn)
    width, block = (stop - start) / count, max(1, _BLOCK // max(1, zs[0].size))
    total = np.zeros(zs[0].shape, complex if dtype.kind == "c" else float)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for first in range(0, count + 1, block):
            nodes = np.arange(first, min(first + block, count + 1)).reshape((-1,) + (1,) * total.ndim)
            t = np.exp(start + nodes * width) * turn
            value = t
            for z, p in zip(zs, exponents, strict=True):
                if p:
                    value = value * (t + z) ** -p
            total = total + np.sum(value, axis=0)
        return np.asarray(np.where(left > 0, total * width, np.inf)).astype(dtype)[()]


def _raised(exponents: Exponents, i: int) -> Exponents:
    return tuple(p + (k == i) for k, p in enumerate(exponents))  # type: ignore[return-value]


def _slope_of_integral(i: int, exponents: Exponents, *arguments: Any) -> Any:
    return -exponents[i] * symmetric_integral(*arguments, exponents=_raised(exponents, i))


symmetric_integral: Primitive = elementwise(
    _symmetric_integral,
    lambda a, b, c, d, exponents: _slope_of_integral(0, exponents, a, b, c, d),
    lambda a, b, c, d, exponents: _slope_of_integral(1, exponents, a, b, c, d),
    lambda a, b, c, d, exponents: _slope_of_integral(2, exponents, a, b, c, d),
    lambda a, b, c, d, exponents: _slope_of_integral(3, exponents, a, b, c, d),
    guarded=True, domain=("positive",) * 4, name="symmetric_integral",
)  # fmt: skip


def _product(a: Any, b: Any) -> Any:
    """a b, and 0 where a is 0 and b infinite."""
    zero = np.equal(a, 0)
    return np.where(zero, 0.0, a * np.where(zero, 0.0, b))


# ---- Carlson's integrals


def _principal(y: Any) -> Any:
    """Where a principal value is taken: at a real negative y."""
    return (np.imag(y) == 0) & (np.real(y) < 0) if is_complex(y) else y < 0


def _rc_by_x(value: Any, x: Any, y: Any) -> Any:
    """-R_D(y, y, x)/6; for a principal value (1/√x - R_C) / (2(x - y))"""
    cut = _principal(y)
    safe = np.where(cut, 1.0, y)
    return np.where(cut, (x**-0.5 - value) / (2 * np.where(cut, x - y, 1.0)), -special.elliprd(safe, safe, x) / 6)


def _rc_by_y(value: Any, x: Any, y: Any) -> Any:
    """-R_D(x, y, y)/3; for a principal value (R_C - √x/y) / (2(x - y))"""
    cut = _principal(y)
    safe = np.where(cut, 1.0, y)
    outer = (value - x**0.5 / np.where(cut, y, 1.0)) / (2 * np.where(cut, x - y, 1.0))
    return np.where(cut, outer, -special.elliprd(x, safe, safe) / 3)


def _rg_by(x: Any, y: Any, z: Any) -> Any:
    """The slope of R_G by x: R_F(x, y, z)/4 - x R_D(y, z, x)/12"""
    return special.elliprf(x, y, z) / 4 - _product(x, special.elliprd(y, z, x)) / 12


def _rd_by(x: Any, y: Any, z: Any) -> Any:
    """The slope of R_D(x, y, z) by x: -(3/4) ∫ (t + x)**(-3/2) (t + y)**(-1/2) (t + z)**(-3/2) dt"""
    return -0.75 * symmetric_integral(x, y, z, np.ones_like(z), exponents=(1.5, 0.5, 1.5, 0.0))


def _rj_by(value: Any, x: Any, y: Any, z: Any, p: Any) -> Any:
    """The slope of R_J by x: -(3/4) ∫ (t + x)**(-3/2) (t + y)**(-1/2) (t + z)**(-1/2) / (t + p) dt.

    For a principal value (R_J - R_D(y, z, x)) / (2(p - x)).
    """
    cut = _principal(p)
    safe = np.where(cut, 1.0, p)
    inner = -0.75 * symmetric_integral(x, y, z, safe, exponents=(1.5, 0.5, 0.5, 1.0))
    outer = (value - special.elliprd(y, z, x)) / (2 * np.where(cut, p - x, 1.0))
    return np.where(cut, outer, inner)


def _rj_by_p(value: Any, x: Any, y: Any, z: Any, p: Any) -> Any:
    """-(3/2) ∫ ((t + x)(t + y)(t + z))**(-1/2) (t + p)**-2 dt; for a principal value from p ∂p = -(3/2) R_J - Σ x ∂x"""
    cut = _principal(p)
    safe = np.where(cut, 1.0, p)
    inner = -1.5 * symmetric_integral(x, y, z, safe, exponents=(0.5, 0.5, 0.5, 2.0))
    parts = (
        (_product(u, value) - _product(u, special.elliprd(v, w, u))) / (2 * np.where(cut, p - u, 1.0))
        for u, v, w in ((x, y, z), (y, z, x), (z, x, y))
    )
    return np.where(cut, (-1.5 * value - sum(parts)) / np.where(cut, p, 1.0), inner)


elliprc = elementwise(
    special.elliprc, lambda y, a, b: _rc_by_x(y, a, b), lambda y, a, b: _rc_by_y(y, a, b),
    guarded=True, domain=("positive", "positive"),
)  # fmt: skip
elliprf = elementwise(
    special.elliprf,
    lambda a, b, c: -special.elliprd(b, c, a) / 6,
    lambda a, b, c: -special.elliprd(c, a, b) / 6,
    lambda a, b, c: -special.elliprd(a, b, c) / 6,
    guarded=True, domain=("positive",) * 3,
)  # fmt: skip
elliprg = elementwise(
    special.elliprg,
    lambda a, b, c: _rg_by(a, b, c), lambda a, b, c: _rg_by(b, c, a), lambda a, b, c: _rg_by(c, a, b),
    guarded=True, domain=("positive",) * 3,
)  # fmt: skip
elliprd = elementwise(
    special.elliprd,
    lambda a, b, c: _rd_by(a, b, c),
    lambda a, b, c: _rd_by(b, a, c),
    lambda a, b, c: -2.25 * symmetric_integral(a, b, c, np.ones_like(c), exponents=(0.5, 0.5, 2.5, 0.0)),
    guarded=True, domain=("positive",) * 3,
)  # fmt: skip
elliprj = elementwise(
    special.elliprj,
    lambda y, a, b, c, d: _rj_by(y, a, b, c, d),
    lambda y, a, b, c, d: _rj_by(y, b, c, a, d),
    lambda y, a, b, c, d: _rj_by(y, c, a, b, d),
    lambda y, a, b, c, d: _rj_by_p(y, a, b, c, d),
    guarded=True, domain=("positive",) * 4,
)  # fmt: skip


# ---- Legendre's integrals and Jacobi's functions


def _turns(phi: Any) -> tuple[Any, Any, Any]:
    """How many half turns φ is from [-π/2, π/2], and the sine and cosine of the rest."""
    turns = np.rint(phi / pi)
    rest = phi - pi * turns
    return turns, np.sin(rest), np.cos(rest)


def _ellipkinc_by_m(phi: Any, m: Any) -> Any:
    """s³ R_D(c², 1, 1 - m s²)/6 of what φ is apart from n π, and n R_D(0, 1, 1 - m)/3 for that"""
    turns, s, c = _turns(phi)
    return s**3 * special.elliprd(c * c, 1.0, 1 - m * s * s) / 6 + _product(turns, special.elliprd(0.0, 1.0, 1 - m) / 3)


def _ellipeinc_by_m(phi: Any, m: Any) -> Any:
    """-s³ R_D(c², 1 - m s², 1)/6 of what φ is apart from n π, and -n R_D(0, 1 - m, 1)/3 for that"""
    turns, s, c = _turns(phi)
    whole = _product(turns, special.elliprd(0.0, 1 - m, 1.0) / 3)
    return -(s**3) * special.elliprd(c * c, 1 - m * s * s, 1.0) / 6 - whole


def _ellipj_by_u(y: Any, b: Any) -> Any:
    """cn dn, -sn dn, -m sn cn, dn"""
    sn, cn, dn, _ = y
    return cn * dn, -sn * dn, -b * sn * cn, dn


def _ellipj_by_m(y: Any, b: Any) -> Any:
    """By φ with ∂φ/∂m = -dn ∂F/∂m: cn ∂φ, -sn ∂φ, -(sn² + 2m sn cn ∂φ) / (2 dn), ∂φ"""
    sn, cn, dn, phi = y
    by_f = -_ellipkinc_by_m(phi, b)  # ∂φ is dn times it
    return cn * dn * by_f, -sn * dn * by_f, -sn * sn / (2 * dn) - b * sn * cn * by_f, dn * by_f


def _agm_by(y: Any, a: Any, b: Any) -> Any:
    """(2/3π) u R_D(0, v², u²), u = a/y and v = b/y: from agm(a, b) = π / (2 R_F(0, a², b²)); 2/(π u v) for tiny u"""
    none = np.equal(y, 0)
    y = np.where(none, 1.0, y)
    u, v = a / y, b / y
    tiny = np.abs(u) < 1e-150
    w = np.where(tiny, 1.0, u)
    usual = 2 / (3 * pi) * w * special.elliprd(0.0, np.where(tiny, 1.0, v * v), w * w)
    edge = np.where(np.equal(a, 0) & np.not_equal(b, 0), np.inf, 0.0)
    return np.where(none, edge, np.where(tiny, 2 / pi / v / u, usual))


ellipk = elementwise(
    special.ellipk, lambda x: special.elliprd(0.0, 1.0, 1 - x) / 6, guarded=True, domain=("probability",)
)
ellipkm1 = elementwise(
    special.ellipkm1, lambda x: -special.elliprd(0.0, 1.0, x) / 6, guarded=True, domain=("probability",)
)
ellipe = elementwise(
    special.ellipe, lambda x: -special.elliprd(0.0, 1 - x, 1.0) / 6, guarded=True, domain=("probability",)
)
ellipkinc = elementwise(
    special.ellipkinc, lambda a, b: 1 / np.sqrt(1 - b * np.sin(a) ** 2), lambda a, b: _ellipkinc_by_m(a, b),
    guarded=True, domain=("unit", "probability"),
)  # fmt: skip
ellipeinc = elementwise(
    special.ellipeinc, lambda a, b: np.sqrt(1 - b * np.sin(a) ** 2), lambda a, b: _ellipeinc_by_m(a, b),
    guarded=True, domain=("unit", "probability"),
)  # fmt: skip
ellipj = several(special.ellipj, _ellipj_by_u, _ellipj_by_m, domain=("unit", "probability"))
agm = elementwise(
    special.agm, lambda y, a, b: _agm_by(y, a, b), lambda y, a, b: _agm_by(y, b, a),
    guarded=True, domain=("positive", "positive"),
)  # fmt: skip
