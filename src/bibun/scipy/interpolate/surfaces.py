"""Splines of several variables: of tensor products of B-splines, and of triangles between scattered points."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import numpy as np
from scipy import interpolate  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.scipy._calls import no_rule
from bibun.scipy._levels import is_traced
from bibun.scipy._objects import Beside, plainly
from bibun.scipy.interpolate.bases import interval, local
from bibun.scipy.interpolate.piecewise import taken


class NdBSpline(Beside, of=interpolate.NdBSpline):
    """Σ c[i, j, ...] B[i](x) B[j](y) ..., by the points (..., variables), the coefficients and the knots."""

    def __init__(self, t: Any, c: Any, k: Any, *, extrapolate: bool | None = None) -> None:
        theirs = None if is_traced(t, c) else interpolate.NdBSpline(t, c, k, extrapolate=extrapolate)
        self.t, self.c = tuple(as_array(knots) for knots in t), as_array(c)
        self.k = tuple(np.broadcast_to(k, (len(self.t),)).tolist())
        self.extrapolate = extrapolate is None or bool(extrapolate)
        self._scipy = theirs

    @plainly
    def __call__(self, xi: Any, *, nu: Any = None, extrapolate: bool | None = None) -> Any:
        """The value, or the derivative of the orders nu, one a variable."""
        xi, n = as_array(xi) * 1.0, len(self.t)
        orders = [0] * n if nu is None else [int(order) for order in nu]
        flat = np.reshape(xi, (-1, n))
        inside: Any = True
        parts = []  # of each variable the first of the coefficients that a point reads, and the functions there
        for axis, (t, k, order) in enumerate(zip(self.t, self.k, orders, strict=True)):
            v = flat[:, axis]
            i = interval(t, k, v)
            inside = inside & (v >= t[k]) & (v <= t[len(t) - k - 1])
            parts.append((i - k, local(t, k, i, v, order)))
        shape, more = np.shape(self.c)[:n], np.shape(self.c)[n:]
        strides = [prod(shape[axis + 1 :]) for axis in range(n)]
        coefficients = np.reshape(self.c, (-1, *more))
        y: Any = 0.0
        for chosen in product(*(range(k + 1) for k in self.k)):
            place = sum((first + j) * stride for (first, _), j, stride in zip(parts, chosen, strides, strict=True))
            weight = prod((functions[j] for (_, functions), j in zip(parts, chosen, strict=True)), start=1.0)
            y = y + np.reshape(weight, (-1, *(1,) * len(more))) * taken(coefficients, place)
        if not (self.extrapolate if extrapolate is None else extrapolate):
            y = np.where(np.reshape(inside, (-1, *(1,) * len(more))), y, np.nan)
        return np.reshape(y, (*np.shape(xi)[:-1], *more))


class CloughTocher2DInterpolator(Beside, of=interpolate.CloughTocher2DInterpolator):
    """Cubic on the triangles of Delaunay, with slopes that bend least, by the values, in which it is linear.

    SciPy finds the slopes by iterations, to `tol`; here they are exact to rounding.
    """

    _instead = (
        "differentiate by the values; LinearNDInterpolator and RBFInterpolator have derivatives by the places too"
    )

    def __init__(
        self,
        points: Any,
        values: Any,
        fill_value: Any = np.nan,
        tol: float = 1e-6,
        maxiter: int = 400,
        rescale: bool = False,
    ) -> None:
        if is_traced(points):
            raise no_rule("CloughTocher2DInterpolator", self._instead)
        theirs = None
        if not is_traced(values, fill_value):
            theirs = interpolate.CloughTocher2DInterpolator(points, values, fill_value, tol, maxiter, rescale)
        self.values, self.fill_value = as_array(values), fill_value
        units = np.eye(np.shape(self.values)[0])
        self._weights = interpolate.CloughTocher2DInterpolator(points, units, np.nan, 1e-14, 10_000, rescale)
        self._scipy = theirs

    @plainly
    def __call__(self, *args: Any) -> Any:
        """The values at points (..., 2), or at coordinates given one by one."""
        if is_traced(args):
            raise no_rule("CloughTocher2DInterpolator", self._instead)
        weights = self._weights(*args)
        outside = np.isnan(weights[..., 0])
        y = np.tensordot(np.where(outside[..., None], 0.0, weights), self.values, 1)
        return np.where(np.reshape(outside, (*outside.shape, *(1,) * (np.ndim(y) - outside.ndim))), self.fill_value, y)
