"""Rows of the functions that are elementary, but for an edge: logistic ones, entropies, losses, powers, degrees."""

from __future__ import annotations

from math import factorial, log, pi
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.core.kinds import elementwise
from bibun.primitives.series import joined, polynomial

LN2, LN10 = log(2.0), log(10.0)
DEGREE = pi / 180

# d/du (e**u - 1) / u in powers of u, to |u| = 1: the next term is 2e-18
_EXPREL = [1 / (factorial(k) * (k + 2)) for k in range(18)]
# (u / (1 + u) - log(1 + u)) / u**2 in powers of u, to |u| = 1/10: the next term is 1e-16 of the first
_POWER = [(-1) ** (k + 1) * (k + 1) / (k + 2) for k in range(16)]


def _ratio(a: Any, b: Any) -> Any:
    """a / b, and 0 where both are 0."""
    return a / np.where(np.equal(a, 0) & np.equal(b, 0), 1, b)


def _log_ratio(a: Any, b: Any) -> Any:
    """log(a / b), by the difference where a is near b"""
    near = np.abs(a - b) < b / 2
    close = np.log1p(np.where(near, a - b, 0) / np.where(near, b, 1))
    return np.where(near, close, np.log(np.where(near, 1, a)) - np.log(np.where(near, 1, b)))


def _one_less_ratio(a: Any, b: Any) -> Any:
    """1 - a / b, and 1 where both are 0"""
    b = np.where(np.equal(a, 0) & np.equal(b, 0), 1, b)
    return (b - a) / b


def _slope_of_exprel(y: Any, x: Any) -> Any:
    """(e**x - y) / x, about 0 by its series, and above by e**x = x y + 1: before y is infinite, e**x is."""

    def apart(x: Any) -> Any:
        return np.where(x > 0, y * (1 - 1 / x) + 1 / x, (np.exp(np.minimum(x, 0)) - y) / x)

    return joined(np.abs(x) < 1, x, lambda x: polynomial(_EXPREL, x), apart, 1)


def slope_of_boxcox(y: Any, logarithm: Any, b: Any) -> Any:
    """(a**b log a - y) / b, and log²(a) / 2 at b = 0"""
    edge = np.equal(logarithm, -np.inf)  # a = 0, where a**b log a is 0
    logarithm = np.where(edge, 0, logarithm)
    u = b * logarithm
    near = (np.abs(u) < 1) & ~edge
    close = logarithm * logarithm * polynomial(_EXPREL, np.where(near, u, 0))
    return np.where(near, close, (np.exp(u) * logarithm - np.where(near, 0, y)) / np.where(near, 1, b))


def _slope_of_inv_boxcox(y: Any, a: Any, b: Any) -> Any:
    """y (u / (1 + u) - log(1 + u)) / b² with u = a b, about 0 by its series"""
    u = a * b
    near = np.abs(u) < 0.1
    close = a * a * polynomial(_POWER, np.where(near, u, 0))
    v, b = np.where(near, 1, u), np.where(near, 1, b)
    return y * np.where(near, close, (v / (1 + v) - np.log1p(v)) / b / b)


# Logistic functions
expit = elementwise(special.expit, lambda y, x: y * special.expit(-x), native="expit")
log_expit = elementwise(special.log_expit, lambda x: special.expit(-x), native="log_expit")
logit = elementwise(special.logit, lambda x: 1 / x + 1 / (1 - x), guarded=True, native="logit", domain=("probability",))

# Entropies
xlogy = elementwise(
    special.xlogy,
    lambda b: np.log(b),
    lambda a, b: _ratio(a, b),
    guarded=True,
    domain=("real", "positive"),
    native="xlogy",
)
xlog1py = elementwise(
    special.xlog1py,
    lambda b: np.log1p(b),
    lambda a, b: _ratio(a, 1 + b),
    guarded=True,
    domain=("real", "positive"),
    native="xlog1py",
)
entr = elementwise(special.entr, lambda x: -np.log(x) - 1, guarded=True, domain=("positive",), native="entr")
rel_entr = elementwise(
    special.rel_entr, lambda a, b: _log_ratio(a, b) + 1, lambda a, b: -_ratio(a, b),
    guarded=True, domain=("positive", "positive"), native="rel_entr",
)  # fmt: skip
kl_div = elementwise(
    special.kl_div, _log_ratio, _one_less_ratio, guarded=True, domain=("positive", "positive"), native="kl_div"
)

# Losses: `a` is δ, `b` the residual
huber = elementwise(
    special.huber, lambda a, b: np.maximum(np.abs(b) - a, 0), lambda a, b: np.minimum(np.maximum(b, -1.0 * a), a),
    domain=("positive", "real"), native="huber",
)  # fmt: skip
pseudo_huber = elementwise(
    special.pseudo_huber,
    lambda a, b: 4 * np.hypot(a, b) * np.sin(np.arctan2(b, a) / 2) ** 4,
    lambda a, b: a * np.sin(np.arctan2(b, a)),
    domain=("positive", "real"),
    native="pseudo_huber",
)

# Transformations: `b` is λ
boxcox = elementwise(
    special.boxcox,
    lambda a, b: a ** (b - 1.0),
    lambda y, a, b: slope_of_boxcox(y, np.log(a), b),
    guarded=True, domain=("positive", "real"), native="boxcox",
)  # fmt: skip
boxcox1p = elementwise(
    special.boxcox1p,
    lambda a, b: (1 + a) ** (b - 1.0),
    lambda y, a, b: slope_of_boxcox(y, np.log1p(a), b),
    guarded=True, domain=("positive", "real"), native="boxcox1p",
)  # fmt: skip
inv_boxcox = elementwise(
    special.inv_boxcox,
    lambda y, b: y ** (1.0 - b),
    _slope_of_inv_boxcox,
    guarded=True,
    domain=("positive", "positive"),
    native="inv_boxcox",
)
inv_boxcox1p = elementwise(
    special.inv_boxcox1p,
    lambda a, b: special.inv_boxcox(a, b) ** (1.0 - b),
    lambda a, b: _slope_of_inv_boxcox(special.inv_boxcox(a, b), a, b),
    guarded=True, domain=("positive", "positive"), native="inv_boxcox1p",
)  # fmt: skip

# Powers, and exponentials near 0; those that NumPy has too are named apart from NumPy's
exp2 = elementwise(special.exp2, lambda y: y * LN2, name="special.exp2", native="exp2")
exp10 = elementwise(special.exp10, lambda y: y * LN10, native="exp10")
expm1 = elementwise(special.expm1, lambda x: np.exp(x), name="special.expm1", native="expm1")
log1p = elementwise(
    special.log1p, lambda x: 1 / (1 + x), guarded=True, domain=("positive",), name="special.log1p", native="log1p"
)
exprel = elementwise(special.exprel, _slope_of_exprel, native="exprel")
cbrt = elementwise(
    special.cbrt, lambda y: 1 / (3 * y * y), guarded=True, domain=("nonzero",), name="special.cbrt", native="cbrt"
)
powm1 = elementwise(
    special.powm1, lambda a, b: b * np.power(a, b - 1.0), lambda a, b: np.power(a, b) * np.log(a),
    guarded=True, domain=("positive", "real"),
)  # fmt: skip
cosm1 = elementwise(special.cosm1, lambda x: -np.sin(x), native="cosm1")

# Degrees
sindg = elementwise(special.sindg, lambda x: DEGREE * special.cosdg(x))
cosdg = elementwise(special.cosdg, lambda x: -DEGREE * special.sindg(x))
tandg = elementwise(special.tandg, lambda x: DEGREE / special.cosdg(x) ** 2, guarded=True)
cotdg = elementwise(special.cotdg, lambda x: -DEGREE / special.sindg(x) ** 2, guarded=True, domain=("nonzero",))
radian = elementwise(special.radian, DEGREE, DEGREE / 60, DEGREE / 3600, native="radian")
round_ = elementwise(special.round, 0, domain=("generic",), name="special.round", native="rint")
