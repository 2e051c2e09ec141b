"""Interpolation in several dimensions: on a grid, on triangles, and by radial functions: by the point and by the values."""

from __future__ import annotations

from functools import cached_property
from itertools import combinations_with_replacement, product
from typing import Any

import numpy as np
from scipy import interpolate, spatial, special  # type: ignore[import-untyped]

from bibun import tree
from bibun.arrays.creation import as_array
from bibun.core.traced import bare, plain
from bibun.errors import NoDerivativeError, located
from bibun.scipy._calls import no_rule
from bibun.scipy._levels import batches, is_traced, refuse_recorded, without
from bibun.scipy._objects import Beside, plainly
from bibun.scipy.interpolate.bases import basis, coefficients, knots
from bibun.scipy.interpolate.piecewise import taken
from bibun.scipy.interpolate.splines import RectBivariateSpline
from bibun.scipy.interpolate.surfaces import CloughTocher2DInterpolator

_DEGREES = {"slinear": 1, "cubic": 3, "quintic": 5}


def _points(xi: Any, size: int) -> tuple[Any, tuple[int, ...]]:
    """Points (number, size), from an array of them or a tuple of coordinates, and the shape that they came in."""
    given = isinstance(xi, tuple)  # of numbers: one point, whose value is a number
    if given:
        xi = np.stack(np.broadcast_arrays(*(as_array(x) for x in xi)), axis=-1)
    xi = as_array(xi)
    xi = xi if xi.dtype.kind in "fc" else xi.astype(float)
    if xi.ndim == 1 and not given:
        xi = np.reshape(xi, (-1, 1)) if size == 1 else xi[None]
    return np.reshape(xi, (-1, size)), np.shape(xi)[:-1]


def _entries(values: Any, cell: Any) -> Any:
    """values[i, j, ...], by one index into all of them: that may be another one for each entry of a batch."""
    shape, place = np.shape(values), 0
    for length, i in zip(shape, cell, strict=False):
        place = place * length + i
    return taken(np.reshape(values, (-1, *shape[len(cell) :])), place)


class RegularGridInterpolator(Beside, of=interpolate.RegularGridInterpolator):
    """On a grid: linear, nearest, slinear, cubic, quintic; by the points, the values and, but for splines, the grid.

    The coefficients of splines are solved for exactly, whatever `solver`. SciPy's own solver stops at a residual of 1e-5:
    with solver=scipy.sparse.linalg.spsolve its values are these.
    """

    def __init__(
        self,
        points: Any,
        values: Any,
        method: str = "linear",
        bounds_error: bool = True,
        fill_value: Any = np.nan,
        *,
        solver: Any = None,
        solver_args: Any = None,
    ) -> None:
        self.grid = tuple(as_array(p) * 1.0 for p in points)
        values = as_array(values)
        self.values = values if values.dtype.kind in "fc" else values.astype(float)
        self.method, self.bounds_error, self.fill_value = method, bounds_error, fill_value
        flipped = [axis for axis, p in enumerate(self.grid) if np.all(plain(p)[..., -1] < plain(p)[..., 0])]
        if flipped:
            self.grid = tuple(np.flip(p) if axis in flipped else p for axis, p in enumerate(self.grid))
            self.values = np.flip(self.values, axis=tuple(flipped))
        if not is_traced(points, values, fill_value):
            more = {"solver": solver, "solver_args": solver_args}
            self._scipy = interpolate.RegularGridInterpolator(points, values, method, bounds_error, fill_value, **more)

    @plainly
    def __call__(self, xi: Any, method: Any = None, *, nu: Any = None) -> Any:
        """The values at the points xi (..., dimensions)."""
        method = self.method if method is None else method
        flat, shape = _points(xi, len(self.grid))
        inside: Any = True
        for axis, p in enumerate(self.grid):
            inside = inside & (flat[:, axis] >= p[0]) & (flat[:, axis] <= p[-1])
        if self.bounds_error and not np.all(plain(inside)):
            raise ValueError("One of the requested xi is out of bounds.")
        if method in ("linear", "nearest"):
            y = self._corners(flat, method)
        elif method in _DEGREES:
            y = self._splines(flat, _DEGREES[method], nu)
        else:
            raise NoDerivativeError(
                f"{located()}RegularGridInterpolator: method={method!r} is not differentiated; take linear, nearest, slinear, "
                "cubic or quintic."
            )
        if self.fill_value is not None and not self.bounds_error:
            y = np.where(np.reshape(inside, (-1, *(1,) * (np.ndim(y) - 1))), y, self.fill_value)
        return np.reshape(y, (*shape, *np.shape(y)[1:]))

    def _corners(self, flat: Any, method: str) -> Any:
        """Σ over the corners of a cell: the value there times the shares of the point along the axes."""
        cells, shares = [], []
        for axis, p in enumerate(self.grid):
            v = flat[:, axis]
            i = np.clip(np.searchsorted(p, v, side="right") - 1, 0, len(p) - 2)
            low, high = taken(p, i), taken(p, i + 1)
            cells.append(i)
            shares.append((v - low) / (high - low))
        if method == "nearest":
            near = tuple(np.where(share <= 0.5, i, i + 1) for i, share in zip(cells, shares, strict=True))
            zero = np.reshape(0.0 * np.sum(flat, axis=1), (-1, *(1,) * (self.values.ndim - len(near))))
            return _entries(self.values, near) + zero
        total: Any = 0.0
        wide = (-1, *(1,) * (self.values.ndim - len(cells)))
        for corner in product((0, 1), repeat=len(cells)):
            weight: Any = 1.0
            for up, share in zip(corner, shares, strict=True):
                weight = weight * (share if up else 1 - share)
            total = total + _entries(
                self.values, tuple(i + up for i, up in zip(cells, corner, strict=True))
            ) * np.reshape(weight, wide)
        return total

    def _splines(self, flat: Any, k: int, nu: Any) -> Any:
        """The tensor product of interpolating splines: their coefficients along each axis, then the basis at the points."""
        c: Any = self.values
        orders = [0] * len(self.grid) if nu is None else list(nu)
        for axis, p in enumerate(self.grid):
            c = np.moveaxis(coefficients(knots(p, k), k, p, np.moveaxis(c, axis, 0)), 0, axis)
        for axis, p in enumerate(self.grid):
            at_point = basis(knots(p, k), k, flat[:, axis], orders[axis])
            c = np.einsum("ni,i...->n...", at_point, c) if not axis else np.einsum("ni,ni...->n...", at_point, c)
        return c


def interpn(
    points: Any, values: Any, xi: Any, method: str = "linear", bounds_error: bool = True, fill_value: Any = np.nan
) -> Any:
    """RegularGridInterpolator(points, values, method, bounds_error, fill_value)(xi); splinef2d is RectBivariateSpline."""
    if not is_traced(points, values, xi):
        return interpolate.interpn(points, values, xi, method, bounds_error, fill_value)
    if isinstance(xi, tuple):  # as an array, of which one point is a row
        xi = np.stack(np.broadcast_arrays(*(as_array(x) for x in xi)), axis=-1)
    if method == "splinef2d":
        return _by_spline(points, values, xi, bounds_error, fill_value)
    return RegularGridInterpolator(points, values, method, bounds_error, fill_value)(xi)


def _by_spline(points: Any, values: Any, xi: Any, bounds_error: bool, fill_value: Any) -> Any:
    """RectBivariateSpline(*points, values) at the points xi; outside the grid it is the fill value."""
    if len(points) != 2 or np.ndim(values) != 2:
        raise ValueError("The method splinef2d can only be used for scalar data with one point per coordinate")
    if fill_value is None and not bounds_error:
        raise ValueError("The method splinef2d does not support extrapolation.")
    flat, shape = _points(xi, 2)
    x, y = flat[:, 0], flat[:, 1]
    inside = (x >= points[0][0]) & (x <= points[0][-1]) & (y >= points[1][0]) & (y <= points[1][-1])
    if bounds_error and not np.all(plain(inside)):
        raise ValueError("One of the requested xi is out of bounds.")
    found = RectBivariateSpline(points[0], points[1], values).ev(x, y)
    return np.reshape(found if bounds_error else np.where(inside, found, fill_value), shape)


class LinearNDInterpolator(Beside, of=interpolate.LinearNDInterpolator):
    """Linear on the triangles of Delaunay: by the point, the values and the data points, which triangulation held fixed."""

    def __init__(self, points: Any, values: Any, fill_value: float = np.nan, rescale: bool = False) -> None:
        theirs = None
        if not is_traced(points, values, fill_value):
            theirs = interpolate.LinearNDInterpolator(points, values, fill_value, rescale)
            points = theirs.tri.points if isinstance(points, spatial.Delaunay) else points
        points = np.stack(points, axis=-1) if isinstance(points, tuple) else points
        self.points, self.values, self.fill_value, self._rescaled = (
            as_array(points),
            as_array(values),
            fill_value,
            rescale,
        )
        self._scipy = theirs

    @cached_property
    def triangles(self) -> Any:
        """Delaunay's."""
        if batches(self.points) or self._rescaled:
            raise NoDerivativeError(
                f"{located()}LinearNDInterpolator: the triangulation is of one set of plain points, not rescaled; scale them "
                "before, and inside vmap map over the values."
            )
        return spatial.Delaunay(bare(self.points)) if self._scipy is None else self._scipy.tri

    @plainly
    def __call__(self, *args: Any) -> Any:
        """The values at points (..., dimensions), or at coordinates given one by one."""
        size = np.shape(self.points)[1]
        flat, shape = _points(args[0] if len(args) == 1 else tuple(args), size)
        refuse_recorded(flat, self.points)
        if batches(flat):
            raise NoDerivativeError(
                f"{located()}LinearNDInterpolator: inside vmap map over the values; pass all points at once."
            )
        where = self.triangles.find_simplex(bare(flat))
        corners = self.triangles.simplices[where]
        vertices = np.moveaxis(np.take(self.points, corners, axis=0), 1, 2)  # (point, coordinate, corner)
        matrix = np.concatenate([vertices, np.ones((len(where), 1, size + 1))], axis=1)
        right = np.concatenate([flat, np.ones((len(where), 1))], axis=1)
        weights = np.linalg.solve(matrix, right[:, :, None])[..., 0]
        y = np.einsum("nk,nk...->n...", weights, np.take(self.values, corners, axis=0))
        y = np.where(np.reshape(where >= 0, (-1, *(1,) * (np.ndim(y) - 1))), y, self.fill_value)
        return np.reshape(y, (*shape, *np.shape(y)[1:]))


class NearestNDInterpolator(Beside, of=interpolate.NearestNDInterpolator):
    """The value of the nearest data point, by the values: which one is nearest is decided by the places."""

    def __init__(self, x: Any, y: Any, rescale: bool = False, tree_options: Any = None) -> None:
        x = np.stack(x, axis=-1) if isinstance(x, tuple) else as_array(x)
        if batches(x):
            raise no_rule("NearestNDInterpolator", "inside vmap map over the values, of one set of points")
        refuse_recorded(x)
        self.points, self.values = x, as_array(y)
        plain = bare(x)
        self._nearest = interpolate.NearestNDInterpolator(plain, np.arange(len(plain)), rescale, tree_options)
        if not is_traced(x, y):
            self._scipy = interpolate.NearestNDInterpolator(x, y, rescale, tree_options)

    @plainly
    def __call__(self, *args: Any, **query_options: Any) -> Any:
        """The values at points (..., dimensions), or at coordinates given one by one."""
        places = [tree.map_(lambda x: without(x, 0), arg) for arg in args]
        if query_options or batches(*places):
            raise no_rule("NearestNDInterpolator", "of traced data it takes places alone, the same for a whole batch")
        refuse_recorded(*places)
        found = np.take(self.values, self._nearest(*places).astype(int), axis=0)
        return found if found.dtype.kind == "c" else found.astype(float)  # as SciPy does


def griddata(
    points: Any, values: Any, xi: Any, method: str = "linear", fill_value: float = np.nan, rescale: bool = False
) -> Any:
    """LinearNDInterpolator(points, values)(xi), in one dimension interp1d.

    By the values also NearestNDInterpolator ("nearest"), and in two dimensions CloughTocher2DInterpolator ("cubic").
    """
    if not is_traced(points, values, xi):
        return interpolate.griddata(points, values, xi, method, fill_value, rescale)
    if isinstance(points, tuple):
        points = np.stack(points, axis=-1)
    points = as_array(points)
    if method != "linear":
        if points.ndim == 1 or method not in ("nearest", "cubic"):
            raise no_rule("griddata", f"method={method!r} in one dimension is interp1d's; write that")
        if method == "nearest":
            return NearestNDInterpolator(points, values, rescale)(xi)
        return CloughTocher2DInterpolator(points, values, fill_value, rescale=rescale)(xi)
    if points.ndim == 1 or points.shape[1] == 1:
        from bibun.scipy.interpolate.polynomials import interp1d

        xi = xi[0] if isinstance(xi, tuple) else xi
        return interp1d(np.reshape(points, -1), values, "linear", 0, bounds_error=False, fill_value=fill_value)(xi)
    return LinearNDInterpolator(points, values, fill_value, rescale)(xi)


def _root(s: Any) -> Any:
    """√s, with the slope 0 at 0: a point's distance from itself."""
    return np.where(s == 0, 0.0, np.sqrt(np.where(s == 0, 1.0, s)))


# Kernels of s = (epsilon r)², and the least degree of the polynomial beside each
_KERNELS: dict[str, Any] = {
    "linear": (lambda s: -_root(s), 0),
    "thin_plate_spline": (lambda s: np.where(s == 0, 0.0, special.xlogy(s, np.where(s == 0, 1.0, s)) / 2), 1),
    "cubic": (lambda s: _root(s) ** 3, 1),
    "quintic": (lambda s: -(_root(s) ** 5), 2),
    "multiquadric": (lambda s: -np.sqrt(s + 1), 0),
    "inverse_multiquadric": (lambda s: 1 / np.sqrt(s + 1), -1),
    "inverse_quadratic": (lambda s: 1 / (s + 1), -1),
    "gaussian": (lambda s: np.exp(-s), -1),
}


class RBFInterpolator(Beside, of=interpolate.RBFInterpolator):
    """Σ a[i] φ(|x - y[i]|) + a polynomial: by the points, the values d, the data points y, smoothing and epsilon."""

    def __init__(
        self,
        y: Any,
        d: Any,
        neighbors: Any = None,
        smoothing: Any = 0.0,
        kernel: str = "thin_plate_spline",
        epsilon: Any = None,
        degree: int | None = None,
    ) -> None:
        self.y, self.d, self.neighbors, self.smoothing = as_array(y), as_array(d), neighbors, smoothing
        self.kernel, least = _KERNELS[kernel]
        given = epsilon
        if epsilon is None:
            if kernel not in ("linear", "thin_plate_spline", "cubic", "quintic"):
                raise ValueError(f"`epsilon` must be specified if `kernel` is '{kernel}'.")
            epsilon = 1.0
        self.epsilon, self.degree = epsilon, max(least, 0) if degree is None else degree
        if not is_traced(y, d, smoothing, epsilon):
            self._scipy = interpolate.RBFInterpolator(y, d, neighbors, smoothing, kernel, given, degree)

    @cached_property
    def coefficients(self) -> Any:
        """Of the kernels, and of the polynomial beside them."""
        if self.neighbors is not None:
            raise NoDerivativeError(
                f"{located()}RBFInterpolator: neighbors= chooses points, and the choice jumps. Leave it away."
            )
        n, d = len(self.y), self.d
        beside = self._polynomial(self.y)
        count = np.shape(beside)[1]
        matrix = self._kernel(self.y) + np.eye(n) * np.broadcast_to(as_array(self.smoothing), (n,))
        top, bottom = (
            np.concatenate([matrix, beside], axis=1),
            np.concatenate([beside.T, np.zeros((count, count))], axis=1),
        )
        right = np.concatenate([np.reshape(d, (n, -1)), np.zeros((count, np.size(d) // n))])
        return np.linalg.solve(np.concatenate([top, bottom]), right)

    def _kernel(self, x: Any) -> Any:
        apart = (x[:, None, :] - self.y[None, :, :]) * self.epsilon
        return self.kernel(np.sum(apart**2, axis=-1))

    def _polynomial(self, x: Any) -> Any:
        """All monomials up to the degree, of coordinates about the data."""
        low, high = np.min(bare(self.y)), np.max(bare(self.y))
        z = (x - (low + high) / 2) / ((high - low) / 2 or 1.0)
        columns = [
            np.prod(z[:, list(chosen)], axis=1) if chosen else np.ones(np.shape(x)[0])
            for order in range(self.degree + 1)
            for chosen in combinations_with_replacement(range(np.shape(x)[1]), order)
        ]
        return np.stack(columns, axis=1) if columns else np.zeros((np.shape(x)[0], 0))

    @plainly
    def __call__(self, x: Any) -> Any:
        """The values at points (number, dimensions)."""
        x = as_array(x)
        rows = np.concatenate([self._kernel(x), self._polynomial(x)], axis=1)
        return np.reshape(rows @ self.coefficients, (np.shape(x)[0], *np.shape(self.d)[1:]))
