"""What solvers are started from: SciPy's kinds of starts, and batches of them and of what else the problem is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.scipy import optimize

scipy_optimize = pytest.importorskip("scipy.optimize")


def apart(x: Any) -> Any:
    return x**-1 - 1 / np.sqrt(3)  # of whole numbers NumPy has no reciprocal


SOLVERS: dict[str, Callable[..., Any]] = {
    "minimize": lambda m, f, x0: m.minimize(lambda x: np.sum(f(x) ** 2), x0).x,
    "by differences": lambda m, f, x0: m.minimize(lambda x: np.sum(f(x) ** 2), x0, method="Nelder-Mead").x,
    "root": lambda m, f, x0: m.root(f, x0).x,
    "lm": lambda m, f, x0: m.root(f, x0, method="lm").x,
    "krylov": lambda m, f, x0: m.root(f, x0, method="krylov").x,
    "fsolve": lambda m, f, x0: m.fsolve(f, x0),
    "least_squares": lambda m, f, x0: m.least_squares(f, x0).x,
    "leastsq": lambda m, f, x0: m.leastsq(f, x0)[0],
    "newton": lambda m, f, x0: m.newton(f, x0),
    "fixed_point": lambda m, f, x0: m.fixed_point(lambda x: x + f(x), x0),
}
STARTS = {"list": [1.5, 2.0], "tuple": (1, 2), "whole": np.array([1, 2]), "number": 1.5, "whole number": 2, "one": [1]}


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("start", STARTS)
def test_every_start_that_scipy_takes(solver: str, start: str) -> None:
    if solver == "newton" and start in ("tuple", "whole"):
        pytest.skip("SciPy's own calls f with whole numbers")
    solve, x0 = SOLVERS[solver], STARTS[start]
    expected = solve(scipy_optimize, apart, np.asarray(x0, float))
    found = solve(optimize, apart, x0)
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, np.full(np.shape(expected), np.sqrt(3)), rtol=1e-4)
    _, slope = bb.jvp(lambda a: solve(optimize, lambda x: a * x**-1 - 1 / np.sqrt(3), x0), (1.0,), (1.0,))
    np.testing.assert_allclose(slope, expected, rtol=1e-4)  # x = a sqrt 3


@pytest.mark.parametrize("p0", [2, [2], (2.0,), np.array([2])])
def test_a_fit_is_started_from_any_of_these_too(p0: Any) -> None:
    t = np.linspace(0.1, 1, 6)
    (found, _), (slope, _) = bb.jvp(lambda y: optimize.curve_fit(lambda t, k: t / k**-1, t, y, p0=p0), (2 * t,), (t,))
    np.testing.assert_allclose([found, slope], [[2.0], [1.0]], rtol=1e-6)


def test_a_start_of_two_axes_is_refused_as_by_scipy() -> None:
    with pytest.raises(ValueError, match="one dimension"):
        optimize.minimize(lambda x: np.sum(x**2), np.ones((2, 2)))
    with pytest.raises(ValueError, match="neither bracket nor starting point"):
        optimize.root_scalar(lambda x: x - 1)


def test_the_report_of_newton_of_an_array() -> None:
    def report(a: Any) -> Any:
        return optimize.newton(lambda x: x**2 - a, [1.0, 2.0], full_output=True, tol=1e-12)

    expected = scipy_optimize.newton(lambda x: x**2 - 3.0, [1.0, 2.0], full_output=True)
    found = report(3.0)
    assert found._fields == expected._fields
    np.testing.assert_array_equal([found.converged, found.zero_der], [expected.converged, expected.zero_der])
    np.testing.assert_allclose(bb.jacobian(lambda a: report(a).root)(3.0), [1 / np.sqrt(12)] * 2, rtol=1e-9)
    np.testing.assert_allclose(bb.vmap(lambda a: report(a).root)(np.array([4.0, 9.0])), [[2, 2], [3, 3]], rtol=1e-9)
    x, one = optimize.newton(lambda x: x**2 - 4.0, 1, full_output=True)
    np.testing.assert_allclose([x, one.root], 2.0, rtol=1e-8)


def test_fsolve_says_that_it_has_found_nothing() -> None:
    def above(x: Any) -> Any:
        return x**2 + 1

    with pytest.warns(RuntimeWarning, match="progress"):
        optimize.fsolve(above, [1.0])
    found, expected = (
        m.fsolve(above, [1.0], fprime=lambda x: [[2 * x[0]]], full_output=True) for m in (optimize, scipy_optimize)
    )
    assert found[2] == expected[2] != 1
    assert found[1].keys() == expected[1].keys()


# Batches

TIMES = np.linspace(0.1, 1, 6)
POINTS = np.array([[1.0, 1.6], [0.5, 0.3], [0.8, 1.4]])


def decay(t: Any, a: Any, k: Any) -> Any:
    return a * np.exp(-k * t)


def equations(x: Any, p: Any) -> Any:
    return np.stack([x[0] - p[0], x[1] ** 2 - p[1], 0.1 * (x[0] * x[1] - 1)])


def within(p: Any, **held: Any) -> Any:
    return optimize.minimize(lambda x: np.sum((x - p) ** 2), p, tol=1e-12, **held).x


FULL = {"bounds": [(0, 0.9), (0, 0.9)]}
SUM = {"type": "ineq", "fun": lambda x: 1 - x[0] - x[1]}
TIGHT = {"xtol": 1e-14, "ftol": 1e-14, "gtol": 1e-14}
BATCHED: dict[str, Callable[[Any], Any]] = {
    "curve_fit": lambda p: optimize.curve_fit(decay, TIMES, decay(TIMES, *p) + 0.01 * TIMES, p0=p)[0],
    "curve_fit, bounds": lambda p: optimize.curve_fit(decay, TIMES, decay(TIMES, *p), bounds=(0, 3))[0],
    "pcov": lambda p: optimize.curve_fit(decay, TIMES, decay(TIMES, *p) + 0.01 * TIMES)[1],
    "minimize, bounds": lambda p: within(p, **FULL),
    "minimize, constraints": lambda p: within(p, constraints=SUM),
    "minimize, both": lambda p: within(p, constraints=SUM, **FULL),
    "least_squares": lambda p: optimize.least_squares(equations, p, args=(p,), **TIGHT).x,
    "least_squares, bounds": lambda p: optimize.least_squares(equations, p, args=(p,), bounds=(0, 3), **TIGHT).x,
    "leastsq": lambda p: optimize.leastsq(equations, p, args=(p,), xtol=1e-14, ftol=1e-14)[0],
}


@pytest.mark.parametrize("name", BATCHED)
def test_a_batch_is_a_loop(name: str) -> None:
    solve = BATCHED[name]
    looped = [solve(p) for p in POINTS]
    np.testing.assert_allclose(bb.vmap(solve)(POINTS), looped, rtol=1e-7, atol=1e-8)
    slopes = [bb.jacobian(solve)(p) for p in POINTS]
    np.testing.assert_allclose(bb.vmap(bb.jacobian(solve))(POINTS), slopes, rtol=1e-6, atol=1e-7)


def test_a_report_of_a_batch_is_one_of_batches() -> None:
    def report(p: Any) -> Any:
        return optimize.curve_fit(decay, TIMES, decay(TIMES, *p) + 0.01 * TIMES, full_output=True)[2]["fvec"]

    np.testing.assert_allclose(bb.vmap(report)(POINTS), [report(p) for p in POINTS], atol=1e-9)
    for f in (report, lambda p: optimize.minimize(lambda x: np.sum((x - p) ** 4 + x**2), [1, 1]).hess_inv):
        with pytest.raises(bb.NoDerivativeError, match="what the solver has left"):
            bb.vmap(bb.grad(lambda p, f=f: np.sum(f(p))))(POINTS)


def test_jacobians_that_are_given_may_read_what_is_traced() -> None:
    def rate(k: Any) -> Any:
        jac = lambda t, a: (k * t)[:, None]  # noqa: E731
        return optimize.curve_fit(lambda t, a: a * k * t, TIMES, 3 * TIMES, p0=[1.0], jac=jac)[0][0]

    np.testing.assert_allclose(bb.grad(rate)(2.0), -3 / 4, rtol=1e-9)

    def lowest(k: Any) -> Any:
        slope, product = lambda x: 2 * k * (x - k), lambda x, p: 2 * k * p
        return optimize.minimize(lambda x: np.sum(k * (x - k) ** 2), [0], (), "Newton-CG", slope, None, product).x[0]

    np.testing.assert_allclose(bb.grad(lowest)(2.0), 1.0, rtol=1e-9)
