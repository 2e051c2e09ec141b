"""Piecewise polynomials: PPoly, and the interpolators that are one: cubic Hermite, pchip, Akima, cubic splines.

Their coefficients are computed from x and y by operations that can be differentiated, so that a value has derivatives by the
point, by y and by x. At a breakpoint the derivative is that of the piece to its right, which is the one that is evaluated.
"""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np
from scipy import interpolate  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.core.traced import Traced, plain
from bibun.scipy._levels import is_traced
from bibun.scipy._objects import Beside, plainly, stands_beside
from bibun.scipy.interpolate.bands import solve_circle, solve_line


def _falls(x: Any) -> bool:
    return bool(np.all(plain(x)[..., -1] < plain(x)[..., 0]))


def pieces(x: Any, v: Any, last: int) -> Any:
    """Which piece each v lies in, of x that rise or fall; the first and the last one reach outwards."""
    if _falls(x):
        x, v = -x, -v
    return np.clip(np.searchsorted(x, v, side="right") - 1, 0, last)


def taken(a: Any, i: Any) -> Any:
    """a[i] along the first axis, where i may be another one for each entry of a batch."""
    return np.asarray(a, like=i)[i] if isinstance(i, Traced) else np.take(a, i, axis=0)


def at_points(evaluate: Any, v: Any, axis: int) -> Any:
    """evaluate(flat points) -> (points, ...), in the shape that SciPy gives: the axes of v in place of the axis `axis`."""
    v = as_array(v)
    v = v if v.dtype.kind in "fc" else v.astype(float)
    y = evaluate(np.reshape(v, -1))
    y = np.reshape(y, (*v.shape, *np.shape(y)[1:]))
    return np.moveaxis(y, tuple(range(v.ndim)), tuple(range(axis, axis + v.ndim))) if axis and v.ndim else y


def of_memory(y: Any) -> Any:
    """An array, as SciPy's integrals are, where it is a number."""
    return np.reshape(np.reshape(y, -1), np.shape(y))


def outside(v: Any, x: Any, y: Any, extrapolate: Any) -> Any:
    """y, and nan where v is not between the ends of x unless it is extrapolated."""
    if extrapolate:
        return y
    low, high = (x[-1], x[0]) if _falls(x) else (x[0], x[-1])
    known = (v >= low) & (v <= high)
    return np.where(np.reshape(known, (-1, *(1,) * (np.ndim(y) - 1))), y, np.nan)


def around(whole: Any, v: Any, start: Any, end: Any) -> Any:
    """The antiderivative, known from start to end, of what repeats: whole periods add up, the rest is in the first one."""
    periods = (v - start) // (end - start)
    return periods * (whole(end) - whole(start)) + whole(start + (v - start) % (end - start))


class PPoly(Beside, of=interpolate.PPoly):
    """Σ c[j, i] (v - x[i])**(k - j) for v in [x[i], x[i + 1]], c of shape (k + 1, len(x) - 1, ...)."""

    _instead = "for a root write bibun.scipy.optimize.brentq(lambda t: spline(t) - y, a, b), which has derivatives"

    def __init__(self, c: Any, x: Any, extrapolate: Any = None, axis: int = 0) -> None:
        c = as_array(c)
        self.axis = axis % (c.ndim - 1)
        self.c = np.moveaxis(c, (self.axis, self.axis + 1), (0, 1)) if self.axis else c
        self.x, self.extrapolate = as_array(x), True if extrapolate is None else extrapolate

    @property
    def _scipy(self) -> Any:
        if is_traced(self.c, self.x):
            return None
        return interpolate.PPoly(*_as_given(self))

    @plainly
    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        """The value, or the derivative of order nu, at x."""
        if nu < 0:
            raise ValueError("Order of derivative cannot be negative")
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        start, end = self.x[0], self.x[-1]

        def evaluate(v: Any) -> Any:
            if isinstance(extrapolate, str):  # "periodic"
                v = start + (v - start) % (end - start)
            i = pieces(self.x, v, self.c.shape[1] - 1)
            z = np.reshape(v - taken(self.x, i), (-1, *(1,) * (self.c.ndim - 2)))
            k = self.c.shape[0] - 1
            total: Any = np.zeros((np.shape(v)[0], *self.c.shape[2:]))
            for j in range(k - nu + 1):
                factor = factorial(k - j) // factorial(k - j - nu)
                total = total * z + factor * taken(self.c[j], i)
            return outside(v, self.x, total, extrapolate)

        return at_points(evaluate, x, self.axis)

    def _like(self, c: Any) -> PPoly:
        made = PPoly(c, self.x, self.extrapolate)
        made.axis = self.axis
        return made

    def derivative(self, nu: int = 1) -> PPoly:
        """The piecewise polynomial of its derivative; of a negative order, of its integral."""
        if nu < 0:
            return self.antiderivative(-nu)
        c = self.c
        for _ in range(nu):
            k = c.shape[0] - 1
            powers = np.arange(k, 0, -1.0)
            c = c[:-1] * np.reshape(powers, (-1, *(1,) * (c.ndim - 1))) if k else c * 0.0
        return self._like(c)

    def antiderivative(self, nu: int = 1) -> PPoly:
        """The piecewise polynomial of its integral, from x[0]. That of a periodic one does not repeat: it is nan outside."""
        if nu < 0:
            return self.derivative(-nu)
        c = self.c
        for _ in range(nu):
            k = c.shape[0]
            wide = (-1, *(1,) * (c.ndim - 1))
            raised = c / np.reshape(np.arange(k, 0, -1.0), wide)
            steps = np.reshape(np.diff(self.x), (-1, *(1,) * (c.ndim - 2)))
            gains: Any = 0.0
            for j in range(k):
                gains = (gains + raised[j]) * steps
            starts = np.concatenate([np.zeros((1, *c.shape[2:])), np.cumsum(gains, axis=0)[:-1]])
            c = np.concatenate([raised, starts[None]])
        made = self._like(c)
        if nu and isinstance(self.extrapolate, str):
            made.extrapolate = False
        return made

    @plainly
    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """The integral from a to b; with extrapolate="periodic" of what repeats, whole periods and all."""
        whole = self.antiderivative()
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        if isinstance(extrapolate, str):
            a, b = as_array(a), as_array(b)
            return of_memory(around(whole, b, self.x[0], self.x[-1]) - around(whole, a, self.x[0], self.x[-1]))
        return of_memory(whole(b, extrapolate=extrapolate) - whole(a, extrapolate=extrapolate))


@stands_beside(interpolate.PPoly)
def _of_scipys(made: Any) -> PPoly:
    return PPoly(*_as_given(made))


def _as_given(made: Any) -> tuple[Any, ...]:
    """What a PPoly, ours or SciPy's, is made of: it keeps its axes in front."""
    c = np.moveaxis(made.c, (0, 1), (made.axis, made.axis + 1)) if made.axis else made.c
    return c, made.x, made.extrapolate, made.axis


def _prepared(x: Any, y: Any, axis: int) -> tuple[Any, Any, Any, int]:
    """x and y as floats, the axis of y first, and the steps of x so that they go with y."""
    x, y = (a if a.dtype.kind in "fc" else a.astype(float) for a in (as_array(x), as_array(y)))
    axis %= y.ndim
    y = np.moveaxis(y, axis, 0)
    if x.ndim != 1 or len(x) != len(y) or not np.all(plain(np.diff(x)) > 0):
        raise ValueError("`x` must be a strictly increasing sequence, as long as `y` along `axis`.")
    return x, y, np.reshape(np.diff(x), (-1, *(1,) * (y.ndim - 1))), axis


def _real(y: Any, name: str) -> Any:
    """Values whose slopes are chosen by their order."""
    y = as_array(y)
    if y.dtype.kind == "c":
        raise ValueError(f"`{name}` only works with real values for `y`. Interpolate np.real(y) and np.imag(y).")
    return y


def _hermite(y: Any, d: Any, h: Any) -> Any:
    """The coefficients of the cubic pieces with values y and slopes d."""
    slope = np.diff(y, axis=0) / h
    t = (d[:-1] + d[1:] - 2 * slope) / h
    return np.stack([t / h, (slope - d[:-1]) / h - t, d[:-1], y[:-1]])


class _Cubic(PPoly):
    """A PPoly whose pieces are cubics with slopes at x."""

    def _set(self, x: Any, y: Any, d: Any, h: Any, axis: int, extrapolate: Any) -> None:
        super().__init__(_hermite(y, d, h), x, extrapolate)
        self.axis = axis


class CubicHermiteSpline(_Cubic, of=interpolate.CubicHermiteSpline):
    """Cubics with given slopes dydx at x."""

    def __init__(self, x: Any, y: Any, dydx: Any, axis: int = 0, extrapolate: Any = None) -> None:
        x, values, h, axis = _prepared(x, y, axis)
        self._set(x, values, np.moveaxis(as_array(dydx), axis, 0), h, axis, extrapolate)


class PchipInterpolator(_Cubic, of=interpolate.PchipInterpolator):
    """Cubics that are monotone where the data are (Fritsch and Butland, 1984): slopes are weighed harmonic means."""

    def __init__(self, x: Any, y: Any, axis: int = 0, extrapolate: Any = None) -> None:
        x, y, h, axis = _prepared(x, _real(y, type(self).__name__), axis)
        self._set(x, y, _monotone_slopes(y, h), h, axis, extrapolate)


def _monotone_slopes(y: Any, h: Any) -> Any:
    m = np.diff(y, axis=0) / h
    if len(m) == 1:
        return np.concatenate([m, m])
    same = m[:-1] * m[1:] > 0
    w1, w2 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    inner = np.where(same, (w1 + w2) / (w1 / np.where(same, m[:-1], 1.0) + w2 / np.where(same, m[1:], 1.0)), 0.0)
    first, last = _end_slope(h[0], h[1], m[0], m[1]), _end_slope(h[-1], h[-2], m[-1], m[-2])
    return np.concatenate([first[None], inner, last[None]])


def _end_slope(h0: Any, h1: Any, m0: Any, m1: Any) -> Any:
    """That of the parabola through three points, unless it is of the wrong sign or too steep to be monotone."""
    d = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    steep = (np.sign(m0) != np.sign(m1)) & (np.abs(d) > 3 * np.abs(m0))
    return np.where(np.sign(d) != np.sign(m0), 0.0 * d, np.where(steep, 3 * m0, d))


class Akima1DInterpolator(_Cubic, of=interpolate.Akima1DInterpolator):
    """Cubics whose slope at a point depends on two points on either side (Akima, 1970); method "akima" or "makima"."""

    def __init__(self, x: Any, y: Any, axis: int = 0, *, method: str = "akima", extrapolate: Any = None) -> None:
        if method not in ("akima", "makima"):
            raise NotImplementedError(f"`method`={method} is unsupported.")
        x, y, h, axis = _prepared(x, _real(y, type(self).__name__), axis)
        m = np.diff(y, axis=0) / h
        if len(m) == 1:
            slopes = np.concatenate([m, m])
        else:
            left, right = 2 * m[0] - m[1], 2 * m[-1] - m[-2]
            ends = (2 * left - m[0])[None], left[None], m, right[None], (2 * right - m[-1])[None]
            slopes = _akima_slopes(np.concatenate(ends), method)
        self._set(x, y, slopes, h, axis, False if extrapolate is None else extrapolate)


def _akima_slopes(m: Any, method: str) -> Any:
    apart = np.abs(np.diff(m, axis=0))
    if method == "makima":
        apart = apart + np.abs(m[1:] + m[:-1]) / 2
    right, left = apart[2:], apart[:-2]
    total = right + left
    uneven = total > 1e-9 * np.max(total, initial=-np.inf)
    weighed = (right * m[1:-2] + left * m[2:-1]) / np.where(uneven, total, 1.0)
    return np.where(uneven, weighed, (m[3:] + m[:-3]) / 2)


class CubicSpline(_Cubic, of=interpolate.CubicSpline):
    """Cubics with continuous second derivatives; bc_type as in SciPy. The slopes solve a system of equations."""

    def __init__(self, x: Any, y: Any, axis: int = 0, bc_type: Any = "not-a-knot", extrapolate: Any = None) -> None:
        x, y, h, axis = _prepared(x, y, axis)
        n = len(y)
        if isinstance(bc_type, str) and bc_type == "periodic":
            slopes = _periodic_slopes(y, h) if n > 2 else 0.0 * y
            extrapolate = "periodic" if extrapolate is None else extrapolate
        else:
            slopes = _spline_slopes(y, h, [_end_condition(end) for end in _ends(bc_type)])
        self._set(x, y, slopes, h, axis, extrapolate)


def _ends(bc_type: Any) -> tuple[Any, Any]:
    return (bc_type, bc_type) if isinstance(bc_type, str) else tuple(bc_type)


def _end_condition(end: Any) -> tuple[int, Any]:
    """(order of the derivative, its value); order 3: the third derivative is continuous at the next point."""
    named: dict[str, tuple[int, Any]] = {"not-a-knot": (3, 0.0), "clamped": (1, 0.0), "natural": (2, 0.0)}
    return named[end] if isinstance(end, str) else (end[0], as_array(end[1]))


def _spline_slopes(y: Any, h: Any, ends: list[tuple[int, Any]]) -> Any:
    """Row i of the system: h[i] s[i-1] + 2 (h[i-1] + h[i]) s[i] + h[i-1] s[i+1] = 3 (h[i] m[i-1] + h[i-1] m[i])."""
    n, m, step = len(y), np.diff(y, axis=0) / h, np.reshape(h, -1)
    if n == 2:
        ends = [(1, m[0]) if order == 3 else (order, value) for order, value in ends]
    first = _end_row(ends[0], step, m, h, 1)
    last = _end_row(ends[1], np.flip(step), np.flip(m, axis=0), np.flip(h, axis=0), -1)
    if (
        n == 3 and ends[0][0] == ends[1][0] == 3
    ):  # one parabola: both ends say the same, so one of them has its own words
        first, last = (1.0, 1.0, 2 * m[0]), (1.0, 1.0, 2 * m[1])
    inner = 2 * (step[:-1] + step[1:])
    main = np.concatenate([_row(first[0]), inner, _row(last[0])])
    upper = np.concatenate([_row(first[1]), step[:-1], np.zeros(1)])
    lower = np.concatenate([np.zeros(1), step[1:], _row(last[1])])
    right = np.concatenate([first[2][None], 3 * (h[1:] * m[:-1] + h[:-1] * m[1:]), last[2][None]])
    return solve_line(np.stack([lower, main, upper]), 1, right)


def _row(value: Any) -> Any:
    return np.reshape(as_array(value), (1,)) * 1.0


def _end_row(end: tuple[int, Any], step: Any, m: Any, h: Any, sign: int) -> tuple[Any, Any, Any]:
    """The equation of an end, for the slope at it and the next one: two factors and the right side."""
    order, value = end
    if order == 1:
        return 1.0, 0.0, value + 0.0 * m[0]
    if order == 2:
        return 2.0, 1.0, 3 * m[0] - sign * value * h[0] / 2
    both = step[0] + step[1]
    wide = h[0] + h[1]
    return step[1], both, ((h[0] + 2 * wide) * h[1] * m[0] + h[0] ** 2 * m[1]) / wide


def _periodic_slopes(y: Any, h: Any) -> Any:
    """The same rows, around the circle."""
    m, step = np.diff(y, axis=0) / h, np.reshape(h, -1)
    before, m_before, h_before = np.roll(step, 1), np.roll(m, 1, axis=0), np.roll(h, 1, axis=0)
    s = solve_circle(np.stack([step, 2 * (before + step), before]), 1, 3 * (h * m_before + h_before * m))
    return np.concatenate([s, s[:1]])


def pchip_interpolate(xi: Any, yi: Any, x: Any, der: Any = 0, axis: int = 0) -> Any:
    """PchipInterpolator(xi, yi, axis)(x, der), of a list of orders a list."""
    if not is_traced(xi, yi, x):
        return interpolate.pchip_interpolate(xi, yi, x, der, axis)
    found = PchipInterpolator(xi, yi, axis)
    return found(x, der) if np.ndim(der) == 0 else [found(x, order) for order in der]
