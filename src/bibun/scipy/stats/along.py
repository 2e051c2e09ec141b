"""Functions of samples: where the observations stand, what is missing, and which axes stay. Owns no statistic."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from math import prod
from typing import Any

import numpy as np

from bibun.arrays.creation import as_array
from bibun.arrays.reductions import axes_of
from bibun.primitives.repeated import holds
from bibun.scipy._calls import has_traced, no_rule
from bibun.scipy.stats.distribution import nan_unless

Function = Callable[..., Any]


def of_rows(function: Function, *samples: str, empty: bool = False) -> Callable[[Function], Function]:
    """For traced arguments, ours, which takes the `samples` (the first argument) with the observations along the last axis.

    A sample of no observations is one that is nan, unless ours may have it `empty`.

    axis=, nan_policy= and keepdims= are SciPy's, and looked after here. What nan_policy="omit" would leave out is an error.
    """
    parameters = signature(function)
    names = list(samples) or [next(iter(parameters.parameters))]

    def decorate(ours: Function) -> Function:
        own = {*signature(ours).parameters, *names, "axis", "nan_policy", "keepdims"}

        @wraps(function)
        def call(*args: Any, **settings: Any) -> Any:
            if not has_traced(args, settings):
                return function(*args, **settings)
            bound = parameters.bind(*args, **settings)
            asked = set(bound.arguments)
            bound.apply_defaults()
            given = {key: v for key, v in bound.arguments.items() if key in asked or key in own}  # SciPys differ
            axis, policy = given.pop("axis", -1), given.pop("nan_policy", "propagate")
            keepdims = given.pop("keepdims", False)
            found = {name: given.pop(name) for name in names if given[name] is not None}
            xs = rows(function.__name__, found.values(), axis, policy, keepdims)
            xs = xs if empty else [np.full((*x.shape[:-1], 1), np.nan, x.dtype) if x.shape[-1] == 0 else x for x in xs]
            return ours(**dict(zip(found, xs, strict=True)), **given)

        call.__doc__, call.__module__ = ours.__doc__, ours.__module__
        return call

    return decorate


def rows(name: str, xs: Any, axis: Any, nan_policy: str = "propagate", keepdims: bool = False) -> list[Any]:
    """The samples with their observations along the last axis. With `keepdims` the axes stay too, of one entry.

    A number is one observation. Of several samples axes are counted as NumPy broadcasts them, and the other axes must.
    """
    dtype = np.result_type(*(x if isinstance(x, (int, float)) else as_array(x) for x in xs))
    xs = [as_array(x).astype(dtype if dtype.kind in "fc" else float, copy=False) for x in xs]
    if nan_policy not in ("propagate", "omit", "raise"):
        raise ValueError(f"nan_policy must be one of 'propagate', 'raise', 'omit', not {nan_policy!r}")
    if nan_policy != "propagate" and any(holds(np.isnan(x)) for x in xs):
        if nan_policy == "raise":
            raise ValueError("The input contains nan values")
        raise no_rule(name, "nan_policy='omit' leaves another number out of each row; choose before: x[~np.isnan(x)]")
    xs = [np.reshape(x, (1,)) if np.ndim(x) == 0 else x for x in xs]
    if axis is not None:
        xs = _broadcast(xs, axis)
    return [_row(x, axis, keepdims) for x in xs]


def _broadcast(xs: list[Any], axis: Any) -> list[Any]:
    """With axes of one entry in front, to the same number of them."""
    n = max(np.ndim(x) for x in xs)
    xs = [x if np.ndim(x) == n else np.reshape(x, (1,) * (n - np.ndim(x)) + np.shape(x)) for x in xs]
    axes = axes_of(axis, n)
    try:
        np.broadcast_shapes(*(tuple(1 if i in axes else size for i, size in enumerate(np.shape(x))) for x in xs))
    except ValueError:
        raise ValueError("Array shapes are incompatible for broadcasting.") from None
    return xs


def undefined(x: Any) -> Any:
    """nan for each row, and so are its slopes by the row."""
    return nan_unless(np.False_, 0.0, np.sum(x, axis=-1))


def _row(x: Any, axis: Any, keepdims: bool) -> Any:
    shape, axes = np.shape(x), axes_of(axis, np.ndim(x))
    rest = [i for i in range(len(shape)) if i not in axes]
    others = [1 if i in axes else n for i, n in enumerate(shape) if keepdims or i not in axes]
    return np.reshape(np.transpose(x, (*rest, *axes)), (*others, prod(shape[i] for i in axes)))
