"""Interpolants: SciPy's numbers, and the slopes of these, by the point, the values and the nodes."""

from __future__ import annotations

import tracemalloc
from inspect import signature
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.scipy import interpolate
from tests.scipy.agreement import check_beside

scipy_interpolate = pytest.importorskip("scipy.interpolate")

GENERATOR = np.random.default_rng(0)
X = np.cumsum(0.3 + GENERATOR.random(7))
Y = GENERATOR.standard_normal((7, 2))
AT = np.array([[X[0] - 0.2, X[0] + 0.11], [X[3] + 0.12, X[-1] + 0.15]])
WITHIN = np.array([X[0] + 0.05, X[2] + 0.13, X[5] + 0.1])


def beside(f: Any, *xs: Any, **settings: Any) -> None:
    check_beside(f, interpolate, scipy_interpolate, *xs, **settings)


END_CONDITIONS = [
    "not-a-knot", "clamped", "natural", ("clamped", "not-a-knot"), ((1, np.array([0.3, 0.4])), (2, np.array([0.1, 0.2]))),
]  # fmt: skip


@pytest.mark.parametrize("end", END_CONDITIONS, ids=str)
def test_cubic_splines(end: Any) -> None:
    beside(lambda m, v, x, y: m.CubicSpline(x, y, bc_type=end)(v), AT, X, Y)
    beside(lambda m, v, x, y: m.CubicSpline(x, y, bc_type=end)(v, 1), AT, X, Y, rtol=1e-5)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_cubic_splines_of_few_points(n: int) -> None:
    beside(lambda m, v, x, y: m.CubicSpline(x, y)(v), AT, X[:n], Y[:n])


def test_periodic_splines_and_integrals() -> None:
    beside(lambda m, v, y: m.CubicSpline(X, np.concatenate([y, y[:1]]), bc_type="periodic")(v), AT, Y[:-1])
    beside(lambda m, a, b, x, y: m.CubicSpline(x, y).integrate(a, b), 0.9, 2.1, X, Y)
    beside(lambda m, v, x, y: m.CubicSpline(x, y, axis=1).antiderivative()(v), AT, X, Y.T)
    beside(lambda m, v, x, y: m.CubicSpline(x, y).derivative()(v), AT, X, Y, rtol=1e-5)


PERIODIC: dict[str, Any] = {
    "cubic": lambda m, y: m.CubicSpline(X, y, bc_type="periodic"),
    "pchip": lambda m, y: m.PchipInterpolator(X, y),
    "pieces": lambda m, y: m.PPoly(np.stack([y[1:] ** 2, y[:-1]]), X),
    "b-spline": lambda m, y: m.make_interp_spline(X, y, bc_type="periodic"),
}


@pytest.mark.parametrize("name", PERIODIC)
@pytest.mark.parametrize(("a", "b"), [(-0.9, 2.3), (0.9, -2.1), (1.1, 2.6)])  # in periods from X[0]
def test_integrals_of_what_repeats_count_whole_periods(name: str, a: float, b: float) -> None:
    period = X[-1] - X[0]

    def integral(m: Any, a: Any, b: Any, y: Any) -> Any:
        return PERIODIC[name](m, np.append(y, y[0])).integrate(a, b, extrapolate="periodic")

    beside(integral, X[0] + a * period, X[0] + b * period, Y[:-1, 0])
    limits = X[0] + a * period, X[0] + b * period
    np.testing.assert_allclose(
        integral(interpolate, *limits, Y[:-1, 0]), integral(scipy_interpolate, *limits, Y[:-1, 0])
    )


def test_an_antiderivative_of_what_repeats_does_not() -> None:
    y = np.append(Y[:-1, 0], Y[0, 0])
    for m in (interpolate, scipy_interpolate):
        assert np.isnan(m.CubicSpline(X, y, bc_type="periodic").antiderivative()(X[-1] + 0.1))
    beside(lambda m, y: m.CubicSpline(X, y, bc_type="clamped").derivative(-1)(X[-1] + 0.1), y)
    beside(lambda m, y: m.make_interp_spline(X, y).antiderivative(-1)(X[-1] + 0.1), y)


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_periodic_splines_of_few_points(n: int) -> None:
    beside(lambda m, v, y: m.CubicSpline(X[:n], np.concatenate([y, y[:1]]), bc_type="periodic")(v), AT, Y[: n - 1])
    beside(
        lambda m, x: m.CubicSpline(x, np.concatenate([Y[: n - 1], Y[:1]]), bc_type="periodic")(WITHIN), X[:n], rtol=1e-5
    )


LONG: dict[str, Any] = {
    "not-a-knot": lambda m, x, y: m.CubicSpline(x, y),
    "natural": lambda m, x, y: m.CubicSpline(x, y, bc_type="natural"),
    "periodic": lambda m, x, y: m.CubicSpline(x, np.append(y[:-1], y[0]), bc_type="periodic"),
    "b-spline": lambda m, x, y: m.make_interp_spline(x, y, bc_type="clamped"),
    "periodic b-spline": lambda m, x, y: m.make_interp_spline(x, np.append(y[:-1], y[0]), 4, bc_type="periodic"),
    "interp1d": lambda m, x, y: m.interp1d(x, y, kind="cubic"),
    "FITPACK": lambda m, x, y: m.InterpolatedUnivariateSpline(x, y),
}


@pytest.mark.parametrize("name", LONG)
def test_splines_of_many_points_take_memory_in_proportion(name: str) -> None:
    """They are linear in y, so that the tangent is SciPy's spline of the direction. A full matrix would be 288 MB."""
    x = np.cumsum(0.5 + GENERATOR.random(6000))
    y, direction = GENERATOR.standard_normal((2, 6000))
    v = x[:-1:200] + 0.1

    def at(n: int) -> tuple[Any, ...]:
        f = lambda y, x=x[:n]: LONG[name](interpolate, x, y)(v[v < x[-1]])  # noqa: E731
        bb.grad(lambda x: np.sum(f(y[:n], x) ** 2))(x[:n])
        found, tangent = bb.jvp(f, (y[:n],), (direction[:n],))
        return f(y[:n]), found, tangent, *bb.vjp(f, y[:n])[1](found)

    at(12)  # what is imported and made once
    tracemalloc.start()
    try:
        value, found, tangent, back = at(6000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6e7
    for y_found in (value, found):
        np.testing.assert_allclose(y_found, LONG[name](scipy_interpolate, x, y)(v), rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(tangent, LONG[name](scipy_interpolate, x, direction)(v), rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(back @ direction, found @ tangent, rtol=1e-9)


@pytest.mark.parametrize("name", ["PchipInterpolator", "Akima1DInterpolator", "makima"])
def test_local_cubics(name: str) -> None:
    def make(m: Any, x: Any, y: Any) -> Any:
        return m.Akima1DInterpolator(x, y, method="makima") if name == "makima" else getattr(m, name)(x, y)

    beside(lambda m, v, x, y: make(m, x, y)(v), AT, X, Y)


def test_hermite_and_piecewise_polynomials() -> None:
    beside(lambda m, v, x, y, d: m.CubicHermiteSpline(x, y, d)(v), AT, X, Y, Y[::-1])
    c = GENERATOR.standard_normal((4, 6, 2))
    beside(lambda m, v, c: m.PPoly(c, X)(v), AT, c)
    beside(lambda m, v, c: m.PPoly(c, X, extrapolate=False)(v), AT, c)
    for extrapolate in (True, False, "periodic"):  # breakpoints may fall
        beside(lambda m, v, c, x: m.PPoly(c, x, extrapolate)(v), AT, c, X[::-1])
    beside(lambda m, c, x: m.PPoly(c, x).integrate(2.1, 0.9), c, X[::-1])
    for one in (X, bb.Variable(X)):
        with pytest.raises(ValueError, match="negative"):
            interpolate.PPoly(c, X)(one, -1)
        with pytest.raises((ValueError, NotImplementedError), match="derivative order"):  # SciPy's, by its version
            interpolate.make_interp_spline(X, Y)(one, -1)


@pytest.mark.parametrize("k", [0, 1, 2, 3, 4, 5])
def test_interpolating_b_splines(k: int) -> None:
    if k:
        beside(lambda m, v, x, y: m.make_interp_spline(x, y, k)(v), AT, X, Y, rtol=1e-5)
    else:  # steps, at the last of which is a point
        beside(lambda m, y: m.make_interp_spline(X, y, 0)(np.append(AT, X)), Y)


@pytest.mark.parametrize("end", ["natural", "clamped", ([(1, [0.0, 0.1])], [(2, [0.1, 0.0])])], ids=str)
def test_b_splines_with_conditions_at_the_ends(end: Any) -> None:
    beside(lambda m, v, x, y: m.make_interp_spline(x, y, 3, bc_type=end)(v), AT, X, Y)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_periodic_b_splines(k: int) -> None:
    at = AT if k < 2 else np.concatenate([AT, X[0] - 0.2 - 0.1 * AT[:2], X[-1] + 0.3 * AT[:2]])

    def spline(m: Any, v: Any, y: Any) -> Any:
        return m.make_interp_spline(X, np.concatenate([y, y[:1]]), k, bc_type="periodic")(v)

    beside(spline, at, Y[:-1], rtol=1e-5)
    beside(
        lambda m, x: x * m.make_interp_spline(x, np.append(Y[:-1, 0], Y[0, 0]), k, bc_type="periodic")(X + 0.1),
        X,
        rtol=1e-4,
    )


@pytest.mark.parametrize("k", [1, 3])
def test_b_splines_of_least_squares(k: int) -> None:
    x = np.linspace(X[0], X[-1], 11) + 0.03 * np.cos(np.arange(11.0))
    y, w = GENERATOR.standard_normal((2, 11)), 0.5 + GENERATOR.random(11)
    t = np.concatenate([np.repeat(x[0], k + 1), [X[2], X[4]], np.repeat(x[-1], k + 1)])
    beside(lambda m, v, y, w: m.make_lsq_spline(x, y, t, k, w, axis=1)(v), WITHIN, y, w, rtol=1e-5, value=1e-10)
    beside(
        lambda m, y, inner: m.make_lsq_spline(x + 0.01 * inner[0], y, t + 0.01 * inner[0], k)(WITHIN),
        y[0],
        np.ones(2),
        rtol=1e-5,
        value=1e-10,
    )


def test_b_splines() -> None:
    t = np.array([0.0] * 4 + [0.5, 1.0, 2.0] + [3.0] * 4)
    c, v = GENERATOR.standard_normal(7), np.array([-0.1, 0.3, 0.7, 1.6, 2.4, 3.2])
    beside(lambda m, v, c: m.BSpline(t, c, 3)(v), v, c)
    beside(lambda m, v, c: m.BSpline(t, c, 3)(v, 2), v, c)
    beside(lambda m, v, c: m.BSpline(t, c, 3, extrapolate=False)(v), v, c)
    beside(lambda m, v, c: m.BSpline(t, c, 3).antiderivative()(v), v, c)
    beside(lambda m, b, c: m.BSpline(t, c, 3).integrate(0.2, b), 1.3, c)
    for a, b in (
        (-0.7, 1.3),
        (1.3, 3.8),
        (3.8, -0.7),
        (3.2, 3.8),
    ):  # without extrapolation it counts as 0 beyond the ends
        beside(lambda m, a, b, c: m.BSpline(t, c, 3).integrate(a, b, extrapolate=False), a, b, c)


@pytest.mark.parametrize(
    "kind", ["linear", "nearest", "nearest-up", "previous", "next", "zero", "slinear", "quadratic", "cubic", 2]
)
def test_interp1d(kind: Any) -> None:
    beside(lambda m, v, y: m.interp1d(X, y, kind)(v), WITHIN, Y.T)
    steps = kind in ("nearest", "nearest-up", "previous", "next", "zero")  # they do not vary with the nodes
    beside(lambda m, v, x, y: m.interp1d(x, y, kind, axis=0, fill_value="extrapolate")(v), AT, X, Y, skip=(1,) * steps)
    beside(lambda m, v, y: m.interp1d(X, y, kind, axis=0, bounds_error=False, fill_value=(1.0, 2.0))(v), AT, Y)
    with pytest.raises(ValueError, match="outside"):
        bb.jvp(interpolate.interp1d(X, Y.T, kind), (AT,), (AT,))


def test_one_polynomial_through_all_points() -> None:
    for name in ("BarycentricInterpolator", "KroghInterpolator"):
        beside(lambda m, v, x, y: getattr(m, name)(x, y)(v), WITHIN, X, Y, rtol=1e-4, value=1e-9)
        beside(lambda m, v, y: getattr(m, name)(X, y)(v), X[:3], Y, rtol=1e-4, value=1e-9)  # at nodes
    repeated = np.array([0.0, 0, 1, 1, 1, 2, 3])
    beside(lambda m, v, y: m.KroghInterpolator(repeated, y)(v), WITHIN / 2, Y, rtol=1e-4, value=1e-9)
    beside(lambda m, v, y: m.KroghInterpolator(repeated, y).derivative(v, 2), WITHIN / 2, Y, rtol=1e-4, value=1e-9)


@pytest.mark.parametrize("name", ["pchip_interpolate", "krogh_interpolate", "barycentric_interpolate"])
@pytest.mark.parametrize("der", [2, [0, 1], (1,)], ids=str)
def test_derivatives_of_several_orders(name: str, der: Any) -> None:
    beside(lambda m, y: np.stack(list(getattr(m, name)(X, y, WITHIN, der=der))), Y, rtol=1e-5, value=1e-8)


GRID = [np.linspace(0, 1, 6), np.linspace(0, 2, 7), np.linspace(-1, 1, 6)]
VALUES = np.sin(GRID[0])[:, None, None] * np.cos(GRID[1])[None, :, None] + GRID[2] ** 2 * GRID[0][:, None, None]
POINTS = np.array([[0.13, 0.41, -0.7], [0.72, 1.53, 0.13], [0.53, 1.13, 0.9]])


@pytest.mark.parametrize("method", ["linear", "nearest", "slinear", "cubic", "quintic"])
def test_grids(method: str) -> None:
    sparse = pytest.importorskip("scipy.sparse.linalg")
    exact = {"solver": sparse.spsolve} if method in ("slinear", "cubic", "quintic") else {}  # by default an iteration
    beside(lambda m, p, z: m.RegularGridInterpolator(GRID, z, method, **exact)(p), POINTS, VALUES, rtol=1e-5)


def test_grids_by_the_grid_and_beyond_it() -> None:
    beside(lambda m, p, g, z: m.RegularGridInterpolator((g, *GRID[1:]), z)(p), POINTS, GRID[0], VALUES)
    beside(lambda m, p, z: m.interpn(GRID, z, p, bounds_error=False, fill_value=None), POINTS + 0.61, VALUES)
    beside(lambda m, p, z: m.interpn(GRID, z, p, bounds_error=False), POINTS * 1.5, VALUES)


def test_grids_by_fitpacks_spline() -> None:
    z, outer = VALUES[:, :, 0], np.array([[0.13, 0.41], [1.2, 0.4], [0.53, -0.1]])
    beside(lambda m, p, z: m.interpn(GRID[:2], z, p, "splinef2d"), POINTS[:, :2], z, rtol=1e-5)
    beside(lambda m, p, z: m.interpn(GRID[:2], z, p, "splinef2d", False, 2.5), outer, z, rtol=1e-5)
    with pytest.raises(ValueError, match="out of bounds"):
        interpolate.interpn(GRID[:2], z, bb.Variable(outer), "splinef2d")


SCATTERED, HEIGHTS = GENERATOR.random((9, 2)), GENERATOR.random(9)
INSIDE = 0.35 + 0.3 * GENERATOR.random((5, 2))


@pytest.mark.parametrize(
    "kernel",
    [
        "thin_plate_spline",
        "linear",
        "cubic",
        "quintic",
        "multiquadric",
        "inverse_multiquadric",
        "inverse_quadratic",
        "gaussian",
    ],
)
def test_radial_functions(kernel: str) -> None:
    def at(m: Any, q: Any, p: Any, z: Any) -> Any:
        return m.RBFInterpolator(p, z, kernel=kernel, epsilon=1.3, smoothing=0.1)(q)

    beside(at, INSIDE, SCATTERED, HEIGHTS, rtol=1e-5, value=1e-9)


def test_triangles() -> None:
    beside(lambda m, z: m.griddata(SCATTERED, z, INSIDE), HEIGHTS)

    def by_point(q: Any) -> Any:
        return interpolate.griddata(SCATTERED, HEIGHTS, q)

    def by_data(p: Any) -> Any:
        return interpolate.LinearNDInterpolator(p, HEIGHTS)(INSIDE)

    for f, x in ((by_point, INSIDE), (by_data, SCATTERED)):
        plain = lambda x, f=f: np.asarray(f(x))  # noqa: E731
        for mode in (bb.jacfwd, bb.jacrev):
            e = np.ones_like(x) * 1e-6 * np.cos(np.arange(x.size)).reshape(x.shape)
            slope = np.tensordot(mode(f)(x), e, x.ndim)
            np.testing.assert_allclose(slope, (plain(x + e) - plain(x - e)) / 2, rtol=1e-5, atol=1e-11)
    with pytest.raises(bb.NoDerivativeError, match="write that"):
        bb.grad(lambda z: np.sum(interpolate.griddata(SCATTERED[:, 0], z, INSIDE[:, 0], "nearest")))(HEIGHTS)


# FITPACK


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_splrep_and_splev(k: int) -> None:
    beside(lambda m, v, y: m.splev(v, m.splrep(X, y, k=k, s=0)), AT, Y[:, 0], rtol=1e-5)


@pytest.mark.parametrize("k", [1, 3])
def test_splrep_with_given_knots(k: int) -> None:
    x = np.linspace(X[0], X[-1], 11) + 0.03 * np.cos(np.arange(11.0))
    y, w = GENERATOR.standard_normal(11), 0.5 + GENERATOR.random(11)
    beside(lambda m, y, w, t: m.splev(WITHIN, m.splrep(x, y, w, k=k, t=t)), y, w, X[[2, 4]], rtol=1e-4, value=1e-9)
    beside(lambda m, y: m.splrep(x, y, k=k, t=X[[2, 4]], task=-1)[1], y, rtol=1e-5, value=1e-9)


@pytest.mark.parametrize("ext", [0, 1, 3])
@pytest.mark.parametrize("der", [0, 1])
def test_splev_beyond_the_ends(ext: int, der: int) -> None:
    beside(lambda m, v, y: m.splev(v, m.splrep(X, y, s=0), der, ext), AT, Y[:, 0])


def test_smoothing_splines_by_the_point_only() -> None:
    beside(lambda m, v: m.UnivariateSpline(X, Y[:, 0], s=0.5)(v), AT)
    beside(lambda m, v, y: m.InterpolatedUnivariateSpline(X, y)(v), AT, Y[:, 0])
    for make in (
        lambda y: interpolate.UnivariateSpline(X, y, s=0.5)(1.0),
        lambda y: interpolate.splrep(X, y, s=0.5)[1][0],
    ):
        with pytest.raises(bb.NoDerivativeError, match="smoothing spline"):
            bb.grad(make)(Y[:, 0])


def test_splines_on_a_rectangle() -> None:
    z = VALUES[:, :, 0]
    beside(
        lambda m, x, y, z: m.RectBivariateSpline(GRID[0], GRID[1], z)(x, y), [0.13, 0.6], [0.4, 0.9, 1.7], z, rtol=1e-5
    )
    beside(
        lambda m, x, y, z: m.RectBivariateSpline(GRID[0], GRID[1], z).ev(x, y, dx=1),
        [0.13, 0.6],
        [0.4, 1.7],
        z,
        rtol=1e-4,
    )


@pytest.mark.parametrize("name", ["InterpolatedUnivariateSpline", "UnivariateSpline"])
def test_fitpacks_interpolating_splines_by_their_points(name: str) -> None:
    """By x too, and their derivatives and integrals; weights are of no matter to them."""
    t, y = np.linspace(0.0, 3.0, 7), np.sin(np.linspace(0.0, 3.0, 7)) + 0.1
    more: dict[str, Any] = {} if name.startswith("Inter") else {"s": 0, "w": np.arange(1.0, 8.0)}
    uses: list[Any] = [
        lambda s: s(1.3), lambda s: s.derivative()(1.3), lambda s: s.derivative(2)(0.4), lambda s: s.antiderivative()(2.2),
        lambda s: s.integral(0.3, 2.5), lambda s: s.integral(-1.0, 2.0), lambda s: s(1.3, 1),
    ]  # fmt: skip
    for use in uses:
        plainly = lambda t, y: use(getattr(scipy_interpolate, name)(t, y, **more))  # noqa: E731
        traced = lambda t, y: use(getattr(interpolate, name)(t, y, **more))  # noqa: E731
        np.testing.assert_allclose(traced(bb.Variable(t), bb.Variable(y)).data, plainly(t, y), rtol=1e-12, atol=1e-12)
        found = bb.grad(traced, argnums=(0, 1))(t, y)
        h = 1e-5
        for k, slopes in enumerate(found):
            for i, slope in enumerate(slopes):
                moved = [
                    (t + (k == 0) * sign * h * np.eye(7)[i], y + (k == 1) * sign * h * np.eye(7)[i]) for sign in (1, -1)
                ]
                np.testing.assert_allclose(slope, (plainly(*moved[0]) - plainly(*moved[1])) / (2 * h), atol=1e-7)
    spline = getattr(interpolate, name)(t, bb.Variable(y), **more)
    assert not hasattr(spline, "roots")
    with pytest.raises(bb.NoDerivativeError, match="bbox"):
        getattr(interpolate, name)(t, bb.Variable(y), bbox=[-1.0, 4.0], **more)


def test_the_integral_of_fitpacks_spline_by_its_limits() -> None:
    t = np.linspace(0.0, 3.0, 7)
    spline = interpolate.InterpolatedUnivariateSpline(t, np.sin(t))
    np.testing.assert_allclose(bb.grad(lambda b: spline.integral(0.5, b))(1.3), spline(1.3), rtol=1e-12)
    np.testing.assert_allclose(bb.grad(spline.derivative())(1.3), spline(1.3, 2), rtol=1e-12)


def test_a_smoothing_spline_of_a_given_penalty() -> None:
    """By the values, which it is linear in, the weights, the penalty, the nodes and the point; of 0 it interpolates."""
    random = np.random.default_rng(0)
    nodes, at = np.sort(random.random(9) * 4), np.array([0.3, 1.1, 2.2, 3.9])
    data, w = np.sin(nodes) + 0.1 * random.normal(size=9), 1 + random.random(9)
    f = lambda m, y, w, lam, x, v: m.make_smoothing_spline(x, y, w, lam)(v)  # noqa: E731
    beside(f, data, w, np.array(0.1), nodes, at, rtol=1e-5, value=1e-10)
    columns = [scipy_interpolate.make_smoothing_spline(nodes, e, w, 0.1)(at) for e in np.eye(9)]
    found = bb.jacobian(lambda y: interpolate.make_smoothing_spline(nodes, y, w, 0.1)(at))(data)
    np.testing.assert_allclose(found, np.transpose(columns), rtol=1e-10, atol=1e-12)
    many = np.stack([data, data**2], axis=1)
    for axis, y in ((0, many), (-1, many.T)):
        if axis and "axis" not in signature(scipy_interpolate.make_smoothing_spline).parameters:
            continue
        more = {"axis": axis} if axis else {}
        theirs = scipy_interpolate.make_smoothing_spline(nodes, y, lam=0.3, **more)
        ours = interpolate.make_smoothing_spline(nodes, bb.Variable(y), lam=0.3, **more)
        np.testing.assert_allclose(ours(at).data, theirs(at), rtol=1e-10)
    through = interpolate.make_smoothing_spline(nodes, bb.Variable(data), lam=0.0)
    np.testing.assert_allclose(through(nodes).data, data, rtol=1e-12)
    with pytest.raises(bb.NoDerivativeError, match="cross-validation"):
        bb.grad(lambda y: interpolate.make_smoothing_spline(nodes, y)(1.0))(data)
    with pytest.raises(ValueError, match="ascend"):
        interpolate.make_smoothing_spline(nodes[::-1], bb.Variable(data), lam=1.0)


@pytest.mark.parametrize("name", ["splprep", "make_splrep", "make_splprep"])
def test_splines_whose_knots_are_chosen_by_the_data_say_so(name: str) -> None:
    if not hasattr(scipy_interpolate, name):
        pytest.skip("this SciPy has it not")
    y = bb.Variable(Y[:, 0])
    with pytest.raises(bb.NoDerivativeError, match=f"{name} has no derivative rule: FITPACK chooses the knots"):
        getattr(interpolate, name)(*(([X, y],) if "prep" in name else (X, y)), s=1.0)


@pytest.mark.parametrize("name", ["PchipInterpolator", "Akima1DInterpolator"])
def test_slopes_that_are_chosen_by_order_are_of_real_values(name: str) -> None:
    for module, x in ((scipy_interpolate, X), (interpolate, bb.Variable(X))):
        with pytest.raises(ValueError, match=f"`{name}` only works with real values for `y`"):
            getattr(module, name)(x, Y[:, 0] + 1j)


@pytest.mark.parametrize("name", ["CubicSpline", "make_interp_spline"])
def test_a_value_and_an_integral_are_arrays_without_axes(name: str) -> None:
    x, y = np.arange(6), np.array([1.0, 2.0, 0.0, 3.0, 1.0, 1.0])
    made, theirs = getattr(interpolate, name), getattr(scipy_interpolate, name)(x, y)
    for f, want in (
        (lambda t: made(x, y)(t), theirs(2.0)),
        (lambda t: made(x, y).integrate(0.0, t), theirs.integrate(0.0, 2.0)),
        (lambda t: made(x, y).integrate(0.0, t, extrapolate="periodic"), theirs.integrate(0.0, 2.0)),
    ):
        for found in (bb.jvp(f, (2.0,), (1.0,))[0], bb.vjp(f, np.array(2.0))[0], bb.compile(f)(2.0)):
            assert type(found) is type(want) is np.ndarray
            np.testing.assert_allclose(found, want, rtol=1e-13, atol=1e-14)


def test_knots_of_whole_numbers_are_floats() -> None:
    x, y = np.arange(6), np.array([1.0, 2.0, 0.0, 3.0, 1.0, 1.0])
    for k in (1, 2, 3):
        t = interpolate.make_interp_spline(x, bb.Variable(y), k).t
        assert t.dtype == scipy_interpolate.make_interp_spline(x, y, k).t.dtype == np.float64
        assert interpolate.splrep(x, bb.Variable(y), k=k)[0].dtype == scipy_interpolate.splrep(x, y, k=k)[0].dtype
