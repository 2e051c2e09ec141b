"""Objects beside SciPy's: of plain data their values, options and methods are SciPy's, and traced points find ours."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import interpolate as theirs
from scipy import stats as plain_stats

import bibun as bb
from bibun.scipy import interpolate, stats

GENERATOR = np.random.default_rng(0)
X = np.linspace(0.0, 1.0, 7)
Y, Z = np.sin(5 * X), np.cos(3 * X)[:, None] * X
P, D, Q = GENERATOR.random((12, 2)), GENERATOR.random(12), 0.4 + 0.2 * GENERATOR.random((4, 2))
T = np.r_[[0.0] * 4, 0.5, [1.0] * 4]

NUMBERS: dict[str, Callable[[Any, Any, Any], Any]] = {  # one point, given by its coordinates
    **{
        f"grid, {method}": lambda m, a, b, method=method: m.RegularGridInterpolator((X, X), Z, method)((a, b))
        for method in ("linear", "nearest", "slinear", "cubic")
    },
    "grid of vectors": lambda m, a, b: m.RegularGridInterpolator((X, X), np.stack([Z, Z], axis=-1))((a, b)),
    "grid, a list": lambda m, a, b: m.RegularGridInterpolator((X, X), Z)([a, b]),
    "interpn": lambda m, a, b: m.interpn((X, X), Z, (a, b)),
    "triangles": lambda m, a, b: m.LinearNDInterpolator(P, D)(a, b),
    "triangles, a pair": lambda m, a, b: m.LinearNDInterpolator(P, D)((a, b)),
    "griddata": lambda m, a, b: m.griddata(P, D, (a, b)),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_one_point_has_the_shape_of_scipys(name: str) -> None:
    f = NUMBERS[name]
    expected = f(theirs, 0.53, 0.47)
    for found in (f(interpolate, 0.53, 0.47), bb.jvp(lambda a: f(interpolate, a, 0.47), (0.53,), (1.0,))[0]):
        assert np.shape(found) == np.shape(expected)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-5 if "cubic" in name else 0)  # SciPy's iterates


PLAIN: dict[str, Callable[[Any], Any]] = {  # what has no derivative
    "pchip grid": lambda m: m.RegularGridInterpolator((X, X), Z, "pchip")(Q),
    "neighbors": lambda m: m.RBFInterpolator(P, D, neighbors=5)(Q),
    "rescaled triangles": lambda m: m.LinearNDInterpolator(P, D, rescale=True)(Q),
    "basis_element": lambda m: m.BSpline.basis_element([0, 1, 2, 3, 4])(np.linspace(0, 4, 9)),
    "design_matrix": lambda m: m.BSpline.design_matrix(X, T, 3).toarray(),
    "insert_knot": lambda m: m.BSpline(T, np.arange(5.0), 3).insert_knot(0.3)(X),
    "from_spline": lambda m: m.PPoly.from_spline(theirs.splrep(X, Y))(X),
    "from_spline of an object": lambda m: m.PPoly.from_spline(m.make_interp_spline(X, Y)).derivative()(X),
    "from_bernstein_basis": lambda m: m.PPoly.from_bernstein_basis(theirs.BPoly(Z, np.arange(8.0)))(X),
    "integral": lambda m: m.RectBivariateSpline(X, X, Z).integral(0.1, 0.7, 0.2, 0.9),
    "partial_derivative": lambda m: m.RectBivariateSpline(X, X, Z).partial_derivative(1, 0)(X, X),
    "roots": lambda m: m.CubicSpline(X, Y).roots(),
    "solve along an axis": lambda m: m.CubicSpline(X, np.stack([Y, Y]), axis=1).derivative().solve(0.1)[1],
    "smoothing": lambda m: _smoothed(m.UnivariateSpline(X, Y, s=0.1)),
    "bounds": lambda m: _unbounded(m.RegularGridInterpolator((X, X), Z)),
}


def _smoothed(spline: Any) -> Any:
    spline.set_smoothing_factor(0.5)
    return spline(X)


def _unbounded(grid: Any) -> Any:
    grid.bounds_error, grid.fill_value = False, -1.0
    return grid([[2.0, 2.0], [0.4, 0.3]])


@pytest.mark.parametrize("name", PLAIN)
def test_of_plain_data_all_is_scipys(name: str) -> None:
    np.testing.assert_array_equal(PLAIN[name](interpolate), PLAIN[name](theirs))


def test_what_scipys_class_makes_is_differentiated_by_the_point() -> None:
    element = interpolate.BSpline.basis_element([0, 1, 2, 3, 4])
    np.testing.assert_allclose(bb.grad(element)(1.3), element(1.3, 1), rtol=1e-12)
    pieces = interpolate.PPoly.from_spline(theirs.splrep(X, Y))
    np.testing.assert_allclose(bb.grad(pieces)(0.3), pieces(0.3, 1), rtol=1e-12)
    with pytest.raises(bb.NoDerivativeError, match=r"BSpline\.basis_element .* arguments are plain"):
        interpolate.BSpline.basis_element(bb.Variable(np.arange(5.0)))
    with pytest.raises(AttributeError, match="no attribute"):
        _ = interpolate.PPoly.nothing


def test_values_that_are_set_later() -> None:
    p = interpolate.BarycentricInterpolator(X)
    q = theirs.BarycentricInterpolator(X)
    with pytest.raises(AttributeError, match="no values yet"):
        p(0.37)
    for one in (p, q):
        one.set_yi(Y)
    np.testing.assert_allclose(p(0.37), q(0.37), rtol=1e-13)
    np.testing.assert_allclose(bb.grad(p)(0.37), q.derivative(0.37), rtol=1e-10)
    for one in (p, q):
        one.add_xi([1.5, 1.7], [0.2, 0.4])
    np.testing.assert_allclose(p(0.37), q(0.37), rtol=1e-12)
    np.testing.assert_allclose(bb.grad(p)(0.37), q.derivative(0.37), rtol=1e-9)

    with pytest.raises(ValueError, match="new nodes have values"):
        p.add_xi([2.0])

    def traced(y: Any) -> Any:
        one = interpolate.BarycentricInterpolator(X)
        one.set_yi(y)
        return one(0.37)

    np.testing.assert_allclose(bb.grad(traced)(Y) @ Y, theirs.BarycentricInterpolator(X, Y)(0.37), rtol=1e-12)


def test_kernel_densities() -> None:
    mine, scipys = stats.gaussian_kde(X, 0.3), plain_stats.gaussian_kde(X, 0.3)
    np.testing.assert_array_equal(mine.integrate_box_1d(0, 0.4), scipys.integrate_box_1d(0, 0.4))
    assert np.array_equal(mine.resample(4, 0), scipys.resample(4, 0))
    mine.set_bandwidth("silverman")
    scipys.set_bandwidth("silverman")
    np.testing.assert_allclose(mine(0.3), scipys(0.3), rtol=1e-13)
    np.testing.assert_allclose(bb.vmap(mine)(X[:, None])[:, 0], scipys(X), rtol=1e-13)


def test_what_is_scipys_alone_says_so_of_traced_data() -> None:
    y = bb.Variable(Y)
    with pytest.raises(AttributeError, match=r"CubicSpline\.roots .*no derivative.*optimize\.brentq"):
        interpolate.CubicSpline(X, y).roots()
    with pytest.raises(bb.NoDerivativeError, match=r"CubicSpline\.solve .*optimize\.brentq"):
        interpolate.CubicSpline(X, Y).solve(y[1])
    with pytest.raises(AttributeError, match=r"gaussian_kde\.resample"):
        stats.gaussian_kde(y).resample(3)
    for f, message in (
        (lambda q: interpolate.RegularGridInterpolator((X, X), Z, "pchip")(q), "'pchip' is not differentiated"),
        (lambda q: interpolate.RBFInterpolator(P, D, neighbors=5)(q), "neighbors= chooses points"),
        (lambda q: interpolate.LinearNDInterpolator(P, D, rescale=True)(q), "not rescaled"),
    ):
        with pytest.raises(bb.NoDerivativeError, match=message):
            f(bb.Variable(Q))


def test_objects_are_copied_and_pickled() -> None:
    for one in (interpolate.CubicSpline(X, Y), interpolate.interp1d(X, Y), interpolate.UnivariateSpline(X, Y)):
        for other in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
            assert other(0.3) == one(0.3)
            np.testing.assert_array_equal(bb.grad(other)(0.3), bb.grad(one)(0.3))
