"""Stand-ins for reductions that leave nan out, and for covariances. Quantiles are in quantiles.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays import reductions
from bibun.arrays.creation import as_array
from bibun.arrays.deciding import anywhere, everywhere
from bibun.arrays.protocol import with_out
from bibun.arrays.reductions import axes_of, reducing, root_of_squares
from bibun.arrays.registry import implements
from bibun.arrays.selection import of_parts
from bibun.errors import warn

_NONE = np._NoValue


def _present(a: Any, where: Any = _NONE) -> Any:
    """Where an entry counts: it is not nan, and `where` takes it."""
    present = np.ones(a.shape, bool) if a.dtype.kind not in "fc" else ~np.isnan(a)
    return present if where is True or where is _NONE else np.logical_and(present, where)


def _axes(axis: Any, a: Any) -> Any:
    """Of a number that may be nan NumPy takes the axes 0 and -1, which its mean and its variance refuse."""
    return axes_of(axis, a.ndim) if a.dtype.kind in "fc" else axis


def _filled(a: Any, value: Any) -> Any:
    """The entries, `value` in the place of nan."""
    a = as_array(a)
    return a if a.dtype.kind not in "fc" else np.where(np.isnan(a), np.asarray(value, a.dtype), a)


@reducing(np.nansum)
def nansum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = _NONE,
    where: Any = _NONE,
) -> Any:
    """The sum of the entries that are not nan."""
    return reductions.sum_(_filled(a, 0), axis, with_out(dtype, a, out), None, keepdims, initial, where)


@reducing(np.nanprod)
def nanprod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = _NONE,
    where: Any = _NONE,
) -> Any:
    """The product of the entries that are not nan."""
    return reductions.prod(_filled(a, 1), axis, with_out(dtype, a, out), None, keepdims, initial, where)


@reducing(np.nancumsum)
def nancumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """The sums up to each entry; nan adds nothing."""
    return reductions.cumsum(_filled(a, 0), axis, with_out(dtype, a, out))


@reducing(np.nancumprod)
def nancumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """The products up to each entry; nan changes nothing."""
    return reductions.cumprod(_filled(a, 1), axis, with_out(dtype, a, out))


def _check_inexact(a: Any, dtype: Any, out: Any) -> None:
    """Means of entries that may be nan are no whole numbers."""
    for name, given in (("dtype", dtype), ("out", None if out is None else out.dtype)):
        if a.dtype.kind in "fc" and given is not None and np.dtype(given).kind not in "fc":
            raise TypeError(f"If a is inexact, then {name} must be inexact")


@reducing(np.nanmean)
def nanmean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = _NONE
) -> Any:
    """The mean of the entries that are not nan; nan where there is none."""
    a = as_array(a)
    _check_inexact(a, dtype, out)
    axis = _axes(axis, a)
    present = _present(a, where)
    if not everywhere(np.any(present, axis=axis)):
        warn("Mean of empty slice", RuntimeWarning)
    with np.errstate(invalid="ignore"):
        return reductions.mean(a, axis, with_out(dtype, a, out), None, keepdims, where=present)


@reducing(np.nanvar)
def nanvar(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: Any = False,
    *,
    where: Any = _NONE,
    mean: Any = _NONE,
    correction: Any = _NONE,
) -> Any:
    """The variance of the entries that are not nan; nan where they are too few."""
    return _spread(a, axis, dtype, out, ddof, keepdims, where, mean, correction)


@reducing(np.nanstd)
def nanstd(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: Any = False,
    *,
    where: Any = _NONE,
    mean: Any = _NONE,
    correction: Any = _NONE,
) -> Any:
    """The root of the variance of the entries that are not nan."""
    return root_of_squares(_spread(a, axis, dtype, out, ddof, keepdims, where, mean, correction))


def _spread(
    a: Any, axis: Any, dtype: Any, out: Any, ddof: float, keepdims: Any, where: Any, mean: Any, correction: Any
) -> Any:
    """The variance."""
    a = as_array(a)
    _check_inexact(a, dtype, out)
    axis, keepdims = _axes(axis, a), bool(keepdims) and keepdims is not _NONE
    present = _present(a, where)
    few = np.sum(present, axis=axis, keepdims=keepdims) <= (ddof if correction is _NONE else correction)
    narrow = a.dtype.kind in "fc"
    with np.errstate(invalid="ignore", divide="ignore"):
        y = reductions.variance(a, axis, dtype, out, ddof, keepdims, present, mean, correction, narrow=narrow)
    if not anywhere(few):
        return y
    warn(f"{reductions.FEW}.", RuntimeWarning)
    return np.where(few, np.asarray(np.nan, y.dtype), y)[()]


def _extreme(function: Any, worst: float, a: Any, axis: Any, out: Any, keepdims: Any, initial: Any, where: Any) -> Any:
    """Of the entries that are not nan; nan where there is none."""
    a = as_array(a)
    a = a if out is None else a.astype(with_out(None, a, out), copy=False)
    if a.dtype.kind not in "fc":
        return function(a, axis, None, keepdims, initial, where)
    nothing = True  # to begin with: nan counts as that
    if initial is not _NONE:
        nothing = np.isnan(initial)
        initial = np.where(nothing, worst, initial) if anywhere(nothing) else initial
    y = function(_filled(a, worst), axis, None, keepdims, initial, where)
    keepdims = bool(keepdims) and keepdims is not _NONE
    none = nothing & ~np.any(_present(a, where), axis=axis, keepdims=keepdims)
    if not anywhere(none):
        return y
    warn("All-NaN slice encountered", RuntimeWarning)
    return np.where(none, np.asarray(np.nan, y.dtype), y)[()]


@reducing(np.nanmax)
def nanmax(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = _NONE, where: Any = _NONE
) -> Any:
    """The largest of the entries that are not nan."""
    return _extreme(reductions.max_, -np.inf, a, axis, out, keepdims, initial, where)


@reducing(np.nanmin)
def nanmin(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = _NONE, where: Any = _NONE
) -> Any:
    """The smallest of the entries that are not nan."""
    return _extreme(reductions.min_, np.inf, a, axis, out, keepdims, initial, where)


# Covariances


def _observations(x: Any, dtype: Any, *, rows: bool) -> Any:
    """A variable a row."""
    if x.ndim > 2:
        raise ValueError(f"np.cov: the variables have {x.ndim} axes; at most 2 are possible.")
    return np.atleast_2d(x).astype(dtype) if rows else np.atleast_2d(x).astype(dtype).T


def _frequencies(weights: Any, count: int, name: str) -> Any:
    weights = as_array(weights).astype(float)
    if name == "fweights" and anywhere(np.not_equal(weights, np.round(weights))):
        raise TypeError("fweights must be integer")
    if weights.ndim > 1:
        raise RuntimeError(f"cannot handle multidimensional {name}")
    if weights.shape[0] != count:
        raise RuntimeError(f"incompatible numbers of samples and {name}")
    if anywhere(np.less(weights, 0)):
        raise ValueError(f"{name} cannot be negative")
    return weights


@implements(np.cov)
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    """The matrix of covariances of the variables in the rows (columns, unless `rowvar`) of m, and of y below them."""
    if ddof is not None and ddof != int(ddof):
        raise ValueError("ddof must be integer")
    m, y = as_array(m), None if y is None else as_array(y)
    if dtype is None:
        dtype = np.result_type(m, np.float64) if y is None else np.result_type(m, y, np.float64)
    x = _observations(m, dtype, rows=rowvar or m.ndim == 1)
    if not x.shape[0]:
        return np.zeros((0, 0))
    if y is not None:
        x = np.concatenate([x, _observations(y, dtype, rows=rowvar or np.atleast_2d(y).shape[0] == 1)])
    ddof = (0 if bias else 1) if ddof is None else ddof
    n = x.shape[1]
    f = None if fweights is None else _frequencies(fweights, n, "fweights")
    a = None if aweights is None else _frequencies(aweights, n, "aweights")
    w = a if f is None else f if a is None else f * a
    average, total = reductions.average(x, axis=1, weights=w, returned=True)
    factor: Any = n if w is None else total[0]
    if ddof:
        factor = factor - (ddof if a is None else ddof * np.sum(w * a) / factor)
    if anywhere(np.less_equal(factor, 0)):
        warn(reductions.FEW, RuntimeWarning)
        factor = np.maximum(factor, 0)
    if not np.can_cast(average.dtype, x.dtype, "same_kind"):
        raise TypeError(f"np.cov: in dtype={x.dtype} the distances from a mean of {average.dtype} cannot stand.")
    x = x - average[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        c = x @ np.conjugate((x if w is None else x * w).T)
        scaled = c * np.true_divide(1, factor)  # NumPy scales where c stands, in its dtype
    return np.squeeze(scaled if scaled.dtype == c.dtype else scaled.astype(c.dtype))


@implements(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """The matrix of correlations: covariances by the roots of the variances."""
    c = cov(x, y, rowvar, dtype=dtype)
    if not c.ndim:
        return c / c
    deviation = np.sqrt(np.real(np.diag(c)))
    c = c / deviation[:, None] / deviation
    if c.dtype.kind == "c":
        return of_parts(c, lambda part: np.clip(part, -1, 1))
    return np.clip(c, -1, 1)
