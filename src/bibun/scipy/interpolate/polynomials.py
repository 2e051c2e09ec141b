"""One polynomial through all points, in Newton's form, and interp1d: by the point, the values and the nodes."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import Any

import numpy as np
from scipy import interpolate  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.core.traced import bare, plain
from bibun.scipy._levels import is_traced, refuse_recorded
from bibun.scipy._objects import Beside, plainly
from bibun.scipy.interpolate.piecewise import at_points, taken
from bibun.scipy.interpolate.splines import make_interp_spline


class KroghInterpolator(Beside, of=interpolate.KroghInterpolator):
    """The polynomial through the points. Of a node that is repeated, y holds the derivatives there: y, y', y'', ..."""

    def __init__(self, xi: Any, yi: Any, axis: int = 0) -> None:
        self._scipy = None
        theirs = None if is_traced(xi, yi) else type(self)._theirs(xi, yi, axis)
        self.xi, yi = as_array(xi), as_array(yi)
        self.axis = axis % yi.ndim
        self.yi = np.moveaxis(yi, self.axis, 0)
        self.c = _divided_differences(self.xi, self.yi)
        self._scipy = theirs

    @plainly
    def __call__(self, x: Any) -> Any:
        """The value at x."""

        def evaluate(v: Any) -> Any:
            wide = (-1, *(1,) * (self.yi.ndim - 1))
            total: Any = 0.0
            for node, c in zip(reversed(list(self.xi)), reversed(self.c), strict=True):
                total = total * np.reshape(v - node, wide) + c
            return total + np.zeros((np.shape(v)[0], *self.yi.shape[1:]))

        return at_points(evaluate, x, self.axis)

    @plainly
    def derivatives(self, x: Any, der: int | None = None) -> Any:
        """The value and the derivatives up to order der - 1 (all that are not 0), stacked."""
        count = len(self.xi) if der is None else der
        return np.stack([self.derivative(x, order) for order in range(count)])

    @plainly
    def derivative(self, x: Any, der: int = 1) -> Any:
        """The derivative of order der."""

        def evaluate(v: Any) -> Any:
            wide = (-1, *(1,) * (self.yi.ndim - 1))
            zero = np.zeros((np.shape(v)[0], *self.yi.shape[1:]))
            totals: list[Any] = [zero] * (der + 1)  # of p, p', p''/2, ...
            for node, c in zip(reversed(list(self.xi)), reversed(self.c), strict=True):
                z = np.reshape(v - node, wide)
                totals = [total * z + (totals[j - 1] if j else c) for j, total in enumerate(totals)]
            return totals[der] * factorial(der)

        return at_points(evaluate, x, self.axis)


class BarycentricInterpolator(KroghInterpolator, of=interpolate.BarycentricInterpolator):
    """The polynomial through points that differ. Here too it is Newton's, which has no division by x - node."""

    def __init__(self, xi: Any, yi: Any = None, axis: int = 0, *, wi: Any = None, rng: Any = None) -> None:
        if yi is None:
            self.xi, self.axis = as_array(xi), axis
        else:
            super().__init__(xi, yi, axis)

    def set_yi(self, yi: Any, axis: int | None = None) -> None:
        """The values, or other ones, at the same nodes."""
        super().__init__(self.xi, yi, self.axis if axis is None else axis)

    def add_xi(self, xi: Any, yi: Any = None) -> None:
        """More nodes, and the values there."""
        if ("yi" in vars(self)) != (yi is not None):
            raise ValueError("the new nodes have values where those that there are have some, and no values where not.")
        xi = np.concatenate([self.xi, np.reshape(as_array(xi), -1)])
        if yi is None:
            self.xi = xi
        else:
            values = np.concatenate([self.yi, np.reshape(as_array(yi), (-1, *np.shape(self.yi)[1:]))])
            super().__init__(xi, np.moveaxis(values, 0, self.axis), self.axis)

    def __getattr__(self, name: str) -> Any:
        if name in ("yi", "c"):
            raise AttributeError("BarycentricInterpolator: its nodes have no values yet. Write set_yi(yi) before.")
        return super().__getattr__(name)


def _divided_differences(x: Any, y: Any) -> list[Any]:
    """c of c[0] + c[1] (v - x[0]) + c[2] (v - x[0]) (v - x[1]) + ..."""
    refuse_recorded(x)  # which nodes are equal is decided by their values
    nodes = np.asarray(bare(x)).tolist() if np.ndim(bare(x)) == 1 else [None] * len(x)
    n = len(x)
    start = [
        max((j for j in range(i) if nodes[j] != nodes[i]), default=-1) + 1 if nodes[i] is not None else i
        for i in range(n)
    ]
    column = [y[start[i]] for i in range(n)]
    found = [column[0]]
    for order in range(1, n):
        new = []
        for i in range(n - order):
            repeated = start[i + order] <= i
            if repeated:
                new.append(y[start[i] + order] / factorial(order))
            else:
                new.append((column[i + 1] - column[i]) / (x[i + order] - x[i]))
        column = new
        found.append(column[0])
    return found


def _of_orders(polynomial: KroghInterpolator, x: Any, der: Any) -> Any:
    """The derivative of an order, or those of several ones."""
    if np.ndim(der) == 0:
        return polynomial.derivative(x, der)
    return polynomial.derivatives(x, np.max(der) + 1)[der]


def barycentric_interpolate(xi: Any, yi: Any, x: Any, axis: int = 0, *, der: Any = 0, rng: Any = None) -> Any:
    """BarycentricInterpolator(xi, yi, axis)(x), or its derivative of an order, or of a list of orders."""
    if not is_traced(xi, yi, x):
        return interpolate.barycentric_interpolate(xi, yi, x, axis, der=der, rng=rng)
    return _of_orders(BarycentricInterpolator(xi, yi, axis), x, der)


def krogh_interpolate(xi: Any, yi: Any, x: Any, der: Any = 0, axis: int = 0) -> Any:
    """KroghInterpolator(xi, yi, axis).derivative(x, der), of an order or of a list of orders."""
    if not is_traced(xi, yi, x):
        return interpolate.krogh_interpolate(xi, yi, x, der, axis)
    return _of_orders(KroghInterpolator(xi, yi, axis), x, der)


_SPLINES = {"zero": 0, "slinear": 1, "quadratic": 2, "cubic": 3}


class interp1d(Beside, of=interpolate.interp1d):
    """Interpolation along an axis, of SciPy's kinds and parameters: by the point and by y; "linear" and splines by x too."""

    def __init__(
        self,
        x: Any,
        y: Any,
        kind: Any = "linear",
        axis: int = -1,
        copy: bool = True,
        bounds_error: Any = None,
        fill_value: Any = np.nan,
        assume_sorted: bool = False,
    ) -> None:
        theirs = None
        if not is_traced(x, y, fill_value):
            theirs = interpolate.interp1d(x, y, kind, axis, copy, bounds_error, fill_value, assume_sorted)
        x, y = as_array(x), as_array(y)
        y = y if y.dtype.kind in "fc" else y.astype(float)
        self.axis = axis % y.ndim
        y = np.moveaxis(y, self.axis, 0)
        if not assume_sorted:
            order = np.argsort(x, kind="mergesort")
            x, y = taken(x, order), taken(y, order)
        self.x, self._y = x, y
        extrapolated = isinstance(fill_value, str) and fill_value == "extrapolate"
        kind = (
            _SPLINES.get(kind, kind) if kind != "zero" else "first"
        )  # of a spline of degree 0 the ends reach outwards
        self._of = make_interp_spline(x, y, kind) if isinstance(kind, int) else self._steps(kind)
        self.fill_value = None if extrapolated else fill_value
        given = not extrapolated and not (isinstance(fill_value, float) and np.isnan(fill_value))
        self.bounds_error = (not extrapolated and not given) if bounds_error is None else bounds_error
        self._scipy = theirs

    def _steps(self, kind: str) -> Callable[[Any], Any]:
        x, y = self.x, self._y
        last = len(x) - 1
        if kind == "linear":
            return self._linear
        middles = (x[1:] + x[:-1]) / 2
        chosen = {
            "nearest": lambda v: np.searchsorted(middles, v, side="left"),
            "nearest-up": lambda v: np.searchsorted(middles, v, side="right"),
            "first": lambda v: np.clip(np.searchsorted(x, v, side="right") - 1, 0, last),
            "previous": lambda v: np.clip(np.searchsorted(x, v, side="right") - 1, 0, last),
            "next": lambda v: np.clip(np.searchsorted(x, v, side="left"), 0, last),
        }
        if kind not in chosen:
            raise NotImplementedError(f"{kind} is unsupported: Use fitpack routines for other types.")
        missing: Callable[[Any], Any] = {"previous": lambda v: v < x[0], "next": lambda v: v > x[-1]}.get(
            kind, lambda v: v != v
        )
        wide = (-1, *(1,) * (y.ndim - 1))
        return lambda v: np.where(
            np.reshape(missing(v), wide), np.nan, taken(y, chosen[kind](v)) + np.reshape(0.0 * v, wide)
        )

    def _linear(self, v: Any) -> Any:
        x, y = self.x, self._y
        i = np.clip(np.searchsorted(x, v, side="left") - 1, 0, len(x) - 2)
        low, high = taken(x, i), taken(x, i + 1)
        wide = (-1, *(1,) * (y.ndim - 1))
        start, end = taken(y, i), taken(y, i + 1)
        return (end - start) / np.reshape(high - low, wide) * np.reshape(v - low, wide) + start

    @plainly
    def __call__(self, x: Any) -> Any:
        """The values at x, in place of the axis."""

        def evaluate(v: Any) -> Any:
            y = self._of(v)
            if self.fill_value is None:
                return y
            below, above = v < self.x[0], v > self.x[-1]
            if self.bounds_error and np.any(plain(below | above)):
                raise ValueError("A value in x_new is outside the interpolation range.")
            pair = self.fill_value if isinstance(self.fill_value, tuple) else (self.fill_value, self.fill_value)
            wide = (-1, *(1,) * (np.ndim(y) - 1))
            return np.where(np.reshape(below, wide), pair[0], np.where(np.reshape(above, wide), pair[1], y))

        return at_points(evaluate, x, self.axis)


def lagrange(x: Any, w: Any) -> Any:
    """The polynomial through the points (x, w), as a poly1d: Newton's form multiplied out."""
    if not is_traced(x, w):
        return interpolate.lagrange(x, w)
    x, total = as_array(x), np.zeros(1)
    for node, c in zip(reversed(list(x)), reversed(_divided_differences(x, as_array(w))), strict=True):
        shifted = np.concatenate([total, [0.0]]) - node * np.concatenate([[0.0], total])
        total = np.concatenate([shifted[:-1], shifted[-1:] + c])
    return np.poly1d(total[1:])


def pade(an: Any, m: int, n: int | None = None) -> Any:
    """The polynomials p and q of degrees n and m, q(0) = 1, with p / q = Σ an x**k up to the order n + m, by the coefficients."""
    if not is_traced(an):
        return interpolate.pade(an, m, n)
    a = as_array(an)
    n = len(a) - 1 - m if n is None else n
    if n < 0 or n + m > len(a) - 1:
        raise ValueError("Order of q+p <m+n> must be smaller than len(an).")
    a = a if a.dtype.kind in "fc" else a.astype(float)
    padded = np.concatenate([np.zeros(m, a.dtype), a[: n + m + 1]])
    k = np.arange(n + m + 1)[:, None]
    earlier = padded[m + k - np.arange(1, m + 1)]  # of a[k - 1], ..., a[k - m]
    found = np.linalg.solve(np.concatenate([np.eye(n + m + 1, n + 1, dtype=a.dtype), -earlier], axis=1), a[: n + m + 1])
    return np.poly1d(found[n::-1]), np.poly1d(np.concatenate([found[:n:-1], np.ones(1, a.dtype)]))


def approximate_taylor_polynomial(
    f: Callable[..., Any], x: Any, degree: int, scale: Any, order: int | None = None
) -> Any:
    """The Taylor polynomial at x of the polynomial through f at order + 1 places about x: by x, scale and what f reads."""
    order = degree if order is None else order
    n = order + 1
    places = scale * np.cos(np.linspace(0, np.pi, n, endpoint=bool(n % 1))) + x
    values = f(places)
    if not is_traced(x, scale, values):
        return interpolate.approximate_taylor_polynomial(f, x, degree, scale, order)
    derivatives = KroghInterpolator(places, values).derivatives(x, der=degree + 1)
    return np.poly1d(np.stack([derivatives[k] / factorial(k) for k in range(degree, -1, -1)]))
