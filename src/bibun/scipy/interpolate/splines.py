"""B-splines: BSpline, make_interp_spline, splrep and splev, and the splines that FITPACK fits, by the point.

A value has derivatives by the point, the coefficients and the knots. Coefficients that interpolate have them by the data. Of
a smoothing spline the knots are chosen by the data, and jump: it has derivatives by the point alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import interpolate  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.core.traced import plain
from bibun.errors import NoDerivativeError, located
from bibun.scipy._calls import no_rule
from bibun.scipy._levels import is_traced
from bibun.scipy._objects import Beside, plainly, stands_beside
from bibun.scipy.interpolate.bases import basis, coefficients, interval, knots, periodic_coefficients
from bibun.scipy.interpolate.piecewise import around, at_points, of_memory, outside, taken


class BSpline(Beside, of=interpolate.BSpline):
    """Σ c[i] B[i](x) of degree k with knots t, by de Boor's algorithm."""

    def __init__(self, t: Any, c: Any, k: int, extrapolate: Any = True, axis: int = 0) -> None:
        t, c = as_array(t), as_array(c)
        self.t, self.k, self.extrapolate = t.astype(float) if t.dtype.kind in "biu" else t, int(k), extrapolate
        self.axis = axis % c.ndim
        self.c = np.moveaxis(c, self.axis, 0)

    @property
    def _scipy(self) -> Any:
        return None if is_traced(self.t, self.c) else interpolate.BSpline(*self.tck, self.extrapolate, self.axis)

    @plainly
    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        """The value, or the derivative of order nu, at x."""
        if nu < 0:
            raise ValueError(f"Cannot do derivative order nu={nu}.")
        spline, extrapolate = self, self.extrapolate if extrapolate is None else extrapolate
        for _ in range(nu):
            spline = spline._derivative()
        t, k, n = spline.t, spline.k, len(self.t) - self.k - 1
        first, last = self.t[self.k], self.t[n]

        def evaluate(v: Any) -> Any:
            if isinstance(extrapolate, str):
                v = first + (v - first) % (last - first)
            y = _de_boor(t, spline.c, k, v)
            return outside(v, np.stack([first, last]), y, extrapolate)

        return at_points(evaluate, x, self.axis)

    def _derivative(self) -> BSpline:
        """Of degree k - 1, with coefficients k (c[i + 1] - c[i]) / (t[i + k + 1] - t[i + 1])."""
        t, k, c = self.t, self.k, self.c
        n = len(t) - k - 1
        c = c[:n]
        if not k:
            made = BSpline(t, 0.0 * c, 0, self.extrapolate)
        else:
            gaps = t[k + 1 : n + k] - t[1:n]
            some = gaps != 0
            slopes = np.where(some, k / np.where(some, gaps, 1.0), 0.0)
            made = BSpline(
                t[1:-1], np.reshape(slopes, (-1, *(1,) * (c.ndim - 1))) * np.diff(c, axis=0), k - 1, self.extrapolate
            )
        made.axis = self.axis
        return made

    def derivative(self, nu: int = 1) -> BSpline:
        """The B-spline of its derivative; of a negative order, of its integral."""
        if nu < 0:
            return self.antiderivative(-nu)
        spline = self
        for _ in range(nu):
            spline = spline._derivative()
        return spline

    def antiderivative(self, nu: int = 1) -> BSpline:
        """The B-spline of its integral from the first knot: coefficients Σ c[j] (t[j + k + 1] - t[j]) / (k + 1)."""
        if nu < 0:
            return self.derivative(-nu)
        spline = self
        for _ in range(nu):
            t, k = spline.t, spline.k
            n = len(t) - k - 1
            c = spline.c[:n]
            gaps = np.reshape((t[k + 1 : n + k + 1] - t[:n]) / (k + 1), (-1, *(1,) * (c.ndim - 1)))
            sums = np.concatenate([np.zeros((1, *c.shape[1:])), np.cumsum(c * gaps, axis=0)])
            extrapolate = False if isinstance(spline.extrapolate, str) else spline.extrapolate
            made = BSpline(np.concatenate([t[:1], t, t[-1:]]), sums, k + 1, extrapolate)
            made.axis = spline.axis
            spline = made
        return spline

    @plainly
    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """The integral from a to b. Beyond the ends the spline goes on, repeats ("periodic"), or counts as 0 (False)."""
        whole, a, b = self.antiderivative(), as_array(a), as_array(b)
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        low, high = self.t[self.k], self.t[len(self.t) - self.k - 1]
        if isinstance(extrapolate, str):
            return of_memory(around(whole, b, low, high) - around(whole, a, low, high))
        if not extrapolate:
            a, b = np.clip(a, low, high), np.clip(b, low, high)
        return of_memory(whole(b, extrapolate=True) - whole(a, extrapolate=True))

    @property
    def tck(self) -> tuple[Any, Any, int]:
        """Knots, coefficients, degree."""
        return self.t, np.moveaxis(self.c, 0, self.axis), self.k


@stands_beside(interpolate.BSpline)
def of_scipys(made: Any) -> BSpline:
    """Ours, of SciPy's."""
    return BSpline(made.t, np.moveaxis(made.c, 0, made.axis), made.k, made.extrapolate, made.axis)


def _de_boor(t: Any, c: Any, k: int, v: Any) -> Any:
    i = interval(t, k, v)
    wide = (-1, *(1,) * (c.ndim - 1))
    d = [taken(c, i - k + j) for j in range(k + 1)]
    for r in range(1, k + 1):
        for j in range(k, r - 1, -1):
            low, high = taken(t, i - k + j), taken(t, i + j - r + 1)
            share = np.reshape((v - low) / (high - low), wide)
            d[j] = (1 - share) * d[j - 1] + share * d[j]
    return d[k]


def make_interp_spline(
    x: Any, y: Any, k: int = 3, t: Any = None, bc_type: Any = None, axis: int = 0, check_finite: bool = True
) -> Any:
    """The BSpline of degree k through the points; bc_type as in SciPy. Of a periodic one the last point is the first."""
    if not is_traced(x, y, t, bc_type):
        made = interpolate.make_interp_spline(x, y, k, t, bc_type, axis, check_finite)
        return of_scipys(made)
    x, y = as_array(x), as_array(y)
    axis %= y.ndim
    y = np.moveaxis(y, axis, 0)
    if isinstance(bc_type, str) and bc_type == "periodic":
        if k > 1:
            return _periodic(x, y, k, t, axis)
        bc_type = None  # SciPy's then is as any other
    left, right = _conditions(bc_type)
    if t is None:
        if not left and not right:
            t = knots(x, k)
        else:
            inner = x[1:-1] if k % 2 else (x[1:] + x[:-1]) / 2
            t = np.concatenate([np.repeat(x[:1], k + 1), inner, np.repeat(x[-1:], k + 1)])
    t = as_array(t)
    c = coefficients(t, k, x, y, left, right)
    made = BSpline(t, c, k)
    made.axis = axis
    return made


def make_lsq_spline(
    x: Any, y: Any, t: Any, k: int = 3, w: Any = None, axis: int = 0, check_finite: bool = True, **settings: Any
) -> Any:
    """The BSpline with knots t of the least Σ (w (spline(x) - y))²."""
    if not is_traced(x, y, t, w):
        made = interpolate.make_lsq_spline(x, y, t, k, w, axis, check_finite, **settings)
        return of_scipys(made)
    x, y, t = as_array(x), as_array(y), as_array(t)
    axis %= y.ndim
    y = np.moveaxis(y, axis, 0)
    weights = np.ones((len(x), 1)) if w is None else np.reshape(as_array(w), (-1, 1))
    q, r = np.linalg.qr(weights * basis(t, k, x))
    c = np.linalg.solve(r, np.swapaxes(q, 0, 1) @ (weights * np.reshape(y, (len(x), -1))))
    made = BSpline(t, np.reshape(c, (-1, *np.shape(y)[1:])), k)
    made.axis = axis
    return made


def _conditions(bc_type: Any) -> tuple[list[Any], list[Any]]:
    """The derivatives that are given at either end: (order, value)."""
    named = {"clamped": [(1, 0.0)], "natural": [(2, 0.0)], "not-a-knot": [], None: []}
    ends = (bc_type, bc_type) if bc_type is None or isinstance(bc_type, str) else tuple(bc_type)
    left, right = (named[end] if end is None or isinstance(end, str) else list(end) for end in ends)
    return left, right


def _periodic(x: Any, y: Any, k: int, t: Any, axis: int) -> BSpline:
    """Coefficients that repeat with the points, on knots that do."""
    if t is not None:
        raise no_rule("make_interp_spline", "for bc_type='periodic' the knots are not given: leave t= away")
    if not np.allclose(plain(y[0]), plain(y[-1]), atol=1e-15):
        raise ValueError("First and last points does not match while periodic case expected")
    n = len(x) - 1
    x_knots = x if k % 2 else np.concatenate([x[:1], (x[1:-1] + x[:-2]) / 2, x[-1:]])
    around = np.arange(-k, n + k + 1)
    t = x_knots[around % n] + (around // n) * (x[-1] - x[0])
    c = periodic_coefficients(t, k, x[:-1], y[:-1])
    made = BSpline(t, c[np.arange(n + k) % n], k, "periodic")
    made.axis = axis
    return made


# FITPACK's


def splrep(
    x: Any,
    y: Any,
    w: Any = None,
    xb: Any = None,
    xe: Any = None,
    k: int = 3,
    task: int = 0,
    s: Any = None,
    **settings: Any,
) -> Any:
    """(t, c, k). By x and y of an interpolating spline (s=0, or no w), whose knots are at x; of these w is no matter.

    Of the least squares for given inner knots t= also by w and t.
    """
    if not is_traced(x, y, w, xb, xe, s, settings):
        return interpolate.splrep(x, y, w, xb, xe, k, task, s, **settings)
    inner = settings.pop("t", None)
    if inner is not None and not settings and task in (0, -1) and xb is None and xe is None:
        x = as_array(x)
        ends = [np.repeat(x[end], k + 1) for end in (0, -1)]
        made = make_lsq_spline(x, y, np.concatenate([ends[0], as_array(inner), ends[1]]), k, w)
        return made.t, np.concatenate([made.c, np.zeros(k + 1)]), k
    if (s is None and w is not None) or is_traced(s) or s:
        raise _smooths("splrep")
    if task or inner is not None or settings or xb is not None or xe is not None:
        raise no_rule("splrep", "of traced data it takes x, y, k, and s=0 or w and t, alone")
    made = make_interp_spline(x, y, k)
    c = np.concatenate([made.c, np.zeros(k + 1)])
    return made.t, c, k


def splev(x: Any, tck: Any, der: int = 0, ext: int = 0) -> Any:
    """The value, or the derivative of order der, at x; ext as in SciPy."""
    if isinstance(tck, BSpline):
        tck = tck.tck
    if not is_traced(x, tck):
        return interpolate.splev(x, tck, der, ext)
    t, c, k = tck
    if isinstance(c, (list, tuple)):
        return [splev(x, (t, one, k), der, ext) for one in c]
    t, c, v = as_array(t), as_array(c), as_array(x)
    low, high = t[k], t[len(t) - k - 1]
    inside = (v >= low) & (v <= high)
    if ext == 2 and not np.all(inside):
        raise ValueError("x value out of bounds")
    y = BSpline(t, c[: len(t) - k - 1], k)(np.clip(v, low, high) if ext == 3 and not der else v, der)
    return np.where(inside, y, 0.0) if ext == 1 else y


def _smooths(name: str) -> NoDerivativeError:
    return NoDerivativeError(
        f"{located()}{name}: a smoothing spline has no derivative by its data: FITPACK chooses the knots by them, and the choice "
        "jumps. Interpolate (s=0, make_interp_spline), penalise bends (make_smoothing_spline with lam=), or fit coefficients to "
        "fixed knots by least squares (make_lsq_spline)."
    )


class UnivariateSpline(Beside, of=interpolate.UnivariateSpline):
    """FITPACK's spline: by the point. With s=0, which interpolates, by x and y too."""

    _instead = "take its values, derivative, antiderivative and integral"
    _name = "UnivariateSpline"
    _smoothing: int | None = None  # what s is, where it is not given
    _order: tuple[str, ...] = ("w", "bbox", "k", "s", "ext", "check_finite")

    def __init__(self, x: Any, y: Any, *more: Any, **settings: Any) -> None:
        if is_traced(x, y, more, settings):
            self._from_traced(x, y, *more, **settings)
            return
        self._scipy = getattr(interpolate, self._name)(x, y, *more, **settings)
        t, c, k = self._scipy._eval_args
        self._tck, self._ext = (t, c, k), self._scipy.ext

    def set_smoothing_factor(self, s: float) -> None:
        """Another spline of the same plain data."""
        if self._scipy is None:
            raise _smooths(self._name)
        self._scipy.set_smoothing_factor(s)
        self._tck = self._scipy._eval_args

    def _from_traced(self, x: Any, y: Any, *more: Any, **settings: Any) -> None:
        given = dict(zip(self._order, more, strict=False)) | settings
        smoothing = given.get("s", self._smoothing)
        if is_traced(smoothing) or smoothing != 0:
            raise _smooths(self._name)
        bbox = given.get("bbox")
        if bbox is not None and any(end is not None for end in bbox):
            raise no_rule(self._name, "of traced data it takes no bbox=")
        self._tck, self._ext, self._scipy = splrep(x, y, k=given.get("k", 3), s=0), given.get("ext", 0), None

    @plainly
    def __call__(self, x: Any, nu: int = 0, ext: Any = None) -> Any:
        """The value, or the derivative of order nu, at x."""
        named = {"extrapolate": 0, "zeros": 1, "raise": 2, "const": 3}
        ext = self._ext if ext is None else ext
        return splev(x, self._tck, nu, named.get(ext, ext))

    def derivative(self, n: int = 1) -> UnivariateSpline:
        """The derivative of order n, a spline."""
        return self._like(self._spline.derivative(n))

    def antiderivative(self, n: int = 1) -> UnivariateSpline:
        """An antiderivative of order n, a spline that is 0 at its first knot."""
        return self._like(self._spline.antiderivative(n))

    @plainly
    def integral(self, a: Any, b: Any) -> Any:
        """The integral from a to b; the spline counts as 0 beyond its knots."""
        t, _, k = self._tck
        low, high = t[k], t[len(t) - k - 1]
        return self._spline.integrate(np.clip(a, low, high), np.clip(b, low, high))[()]

    @property
    def _spline(self) -> BSpline:
        t, c, k = self._tck
        return BSpline(t, c[: len(t) - k - 1], k)

    def _like(self, spline: BSpline) -> UnivariateSpline:
        made: UnivariateSpline = object.__new__(UnivariateSpline)
        t, c, k = spline.tck
        made._tck, made._ext, made._scipy = (t, np.concatenate([c, np.zeros(k + 1)]), k), self._ext, None
        return made


class InterpolatedUnivariateSpline(UnivariateSpline, of=interpolate.InterpolatedUnivariateSpline):
    """FITPACK's spline through the points: by the point and by y."""

    _name = "InterpolatedUnivariateSpline"
    _order, _smoothing = ("w", "bbox", "k", "ext", "check_finite"), 0


class RectBivariateSpline(Beside, of=interpolate.RectBivariateSpline):
    """A tensor product of splines on a grid: by the point, and with s=0, which interpolates, by z."""

    def __init__(
        self, x: Any, y: Any, z: Any, bbox: Any = None, kx: int = 3, ky: int = 3, s: float = 0, **settings: Any
    ) -> None:
        self.degrees = kx, ky
        box = [None] * 4 if bbox is None else bbox
        if is_traced(x, y, s, box, settings) or (is_traced(z) and (s or bbox is not None)):
            raise _smooths("RectBivariateSpline")
        if is_traced(z):
            self.knots = knots(np.asarray(x, float), kx), knots(np.asarray(y, float), ky)
            left, right = (np.asarray(v, float) for v in (x, y))
            half = coefficients(self.knots[0], kx, left, as_array(z))
            self.coefficients = np.swapaxes(coefficients(self.knots[1], ky, right, np.swapaxes(half, 0, 1)), 0, 1)
            return
        made = interpolate.RectBivariateSpline(x, y, z, box, kx, ky, s, **settings)
        self.knots = made.get_knots()
        self.coefficients = np.reshape(
            made.get_coeffs(), [len(t) - k - 1 for t, k in zip(self.knots, self.degrees, strict=True)]
        )
        self._scipy = made

    @plainly
    def __call__(self, x: Any, y: Any, dx: int = 0, dy: int = 0, grid: bool = True) -> Any:
        """The values at all pairs of x and y (`grid`), or at pairs of entries."""
        x, y = as_array(x), as_array(y)
        if not grid:
            x, y = np.broadcast_arrays(x, y)
        flat = [np.clip(np.reshape(v, -1), t[0], t[-1]) for v, t in zip((x, y), self.knots, strict=True)]
        bases = [basis(t, k, v, nu) for t, k, v, nu in zip(self.knots, self.degrees, flat, (dx, dy), strict=True)]
        if grid:
            return bases[0] @ self.coefficients @ np.swapaxes(bases[1], 0, 1)
        return np.reshape(np.sum((bases[0] @ self.coefficients) * bases[1], axis=1), np.shape(x))[()]

    def ev(self, xi: Any, yi: Any, dx: int = 0, dy: int = 0) -> Any:
        """The values at pairs of entries."""
        return self(xi, yi, dx, dy, grid=False)
