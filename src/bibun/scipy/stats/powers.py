"""Powers that make a sample more normal: Box and Cox's, Yeo and Johnson's, and the likelihood of their exponent."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special, stats  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.errors import NoDerivativeError
from bibun.primitives.repeated import holds
from bibun.scipy._calls import no_rule
from bibun.scipy._levels import is_traced
from bibun.scipy.stats.distribution import floats
from bibun.scipy.stats.samples import _Sample


def boxcox(x: Any, lmbda: Any = None, alpha: Any = None, optimizer: Any = None) -> Any:
    """(x**lmbda - 1) / lmbda, log x for 0."""
    if not is_traced(x, lmbda):
        return stats.boxcox(x, lmbda, alpha, optimizer)
    if lmbda is None:
        raise _searched("boxcox")
    x = as_array(x)
    if x.ndim != 1:
        raise ValueError("Data must be 1-dimensional.")
    if holds(x <= 0):
        raise ValueError("Data must be positive.")
    return special.boxcox(x, lmbda)


def boxcox_llf(lmb: Any, data: Any, *, axis: int = 0, keepdims: bool = False, nan_policy: str = "propagate") -> Any:
    """(lmb - 1) Σ log x - n / 2 log var(boxcox(x, lmb))"""
    if not is_traced(lmb, data):
        return stats.boxcox_llf(lmb, data, **_given(axis, keepdims, nan_policy))
    s = _Sample("boxcox_llf", data, axis, nan_policy, keepdims)
    return _likelihood(s, special.boxcox(s.x, lmb), (lmb - 1) * np.log(s.x))


def yeojohnson(x: Any, lmbda: Any = None) -> Any:
    """boxcox(1 + x, lmbda) where x is positive, -boxcox(1 - x, 2 - lmbda) where it is negative."""
    if not is_traced(x, lmbda):
        return stats.yeojohnson(x, lmbda)
    if lmbda is None:
        raise _searched("yeojohnson")
    return _yeojohnson(floats(x), lmbda)


def _yeojohnson(x: Any, lmbda: Any) -> Any:
    up = x >= 0
    return np.where(
        up, special.boxcox1p(np.where(up, x, 0.0), lmbda), -special.boxcox1p(np.where(up, 0.0, -x), 2 - lmbda)
    )


def yeojohnson_llf(lmb: Any, data: Any, *, axis: int = 0, nan_policy: str = "propagate", keepdims: bool = False) -> Any:
    """(lmb - 1) Σ sign(x) log(|x| + 1) - n / 2 log var(yeojohnson(x, lmb))"""
    if not is_traced(lmb, data):
        return stats.yeojohnson_llf(lmb, data, **_given(axis, keepdims, nan_policy))
    s = _Sample("yeojohnson_llf", data, axis, nan_policy, keepdims)
    slope = np.where(s.x >= 0, 1.0, -1.0).astype(s.x.dtype)
    return _likelihood(s, _yeojohnson(s.x, lmb), (lmb - 1) * slope * np.log1p(slope * s.x))


def _given(axis: Any, keepdims: bool, nan_policy: str) -> dict[str, Any]:
    """Those that are not the default: SciPy has not had them from the start."""
    defaults = {"axis": 0, "keepdims": False, "nan_policy": "propagate"}
    return {k: v for k, v in {"axis": axis, "keepdims": keepdims, "nan_policy": nan_policy}.items() if v != defaults[k]}


def _likelihood(s: _Sample, y: Any, terms: Any) -> Any:
    spread = s.mean((y - s.mean(y)) ** 2)
    return s.out(s.count * (s.mean(terms) - np.log(spread) / 2))


def _searched(name: str) -> NoDerivativeError:
    return no_rule(
        name, f"without lmbda it is found by a search; write {name}(x, lmbda), with the lmbda of the least "
        f"-{name}_llf(lmbda, x) by bibun.scipy.optimize.minimize_scalar, which has a derivative"
    )  # fmt: skip
