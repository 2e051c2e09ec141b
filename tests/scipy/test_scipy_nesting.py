"""Solvers inside transforms inside transforms: batches within derivatives, solvers within solvers. Closed forms are the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.scipy import integrate, optimize, stats

pytest.importorskip("scipy")

# Each is √(a b), by another solver
SOLVERS: dict[str, Callable[[Any, Any], Any]] = {
    "brentq": lambda a, b: optimize.brentq(lambda x: x * x - a * b, 0, 10, xtol=1e-13),
    "root": lambda a, b: optimize.root(lambda x: x * x - a * b, np.ones(1), tol=1e-12).x[0],
    "minimize": lambda a, b: optimize.minimize(lambda x: x[0] ** 3 / 3 - a * b * x[0], np.ones(1), tol=1e-12).x[0],
    "least_squares": lambda a, b: optimize.least_squares(lambda x: x * x - a * b, np.ones(1), xtol=1e-14, ftol=1e-14).x[
        0
    ],
    "quad": lambda a, b: integrate.quad(lambda x: a * b / 2 / np.sqrt(x * a * b), 0, 1)[0],
    "quad to a limit": lambda a, b: integrate.quad(lambda x: 0.5 / np.sqrt(x + 1), -1 + 1e-30, a * b - 1)[0],
    "solve_ivp": lambda a, b: integrate.solve_ivp(
        lambda t, y: a * b / y / 2, (0, 1), [0.01], method="DOP853", rtol=1e-10, atol=1e-12
    ).y[0, -1],
    "quantile": lambda a, b: stats.rayleigh.ppf(1 - np.exp(-0.5), scale=np.sqrt(a * b)),
}
BS = np.array([0.7, 1.3])


@pytest.mark.parametrize("name", SOLVERS)
def test_a_batch_within_a_derivative_and_around_it(name: str) -> None:
    solver = SOLVERS[name]
    shift = 1e-4 if name == "solve_ivp" else 0.0  # its y' = a b / 2 y starts there: y² = a b + 1e-4

    def closed(a: float, b: Any, order: int) -> Any:
        c = a * b + shift
        return [np.sqrt(c), b / 2 / np.sqrt(c), -(b**2) / 4 / c**1.5][order]

    def total(a: Any) -> Any:
        return np.sum(bb.vmap(lambda b: solver(a, b))(BS))

    loose = 1e-5 if name == "solve_ivp" else 1e-7
    np.testing.assert_allclose(total(1.5), np.sum(closed(1.5, BS, 0)), rtol=loose)
    np.testing.assert_allclose(bb.grad(total)(1.5), np.sum(closed(1.5, BS, 1)), rtol=loose)
    np.testing.assert_allclose(bb.grad(bb.grad(total))(1.5), np.sum(closed(1.5, BS, 2)), rtol=10 * loose)
    np.testing.assert_allclose(bb.hessian(total)(1.5), np.sum(closed(1.5, BS, 2)), rtol=10 * loose)
    np.testing.assert_allclose(bb.jvp(total, (1.5,), (1.0,))[1], np.sum(closed(1.5, BS, 1)), rtol=loose)
    slopes = bb.vmap(bb.grad(lambda b: solver(1.5, b)))(BS)
    np.testing.assert_allclose(slopes, 1.5 / 2 / np.sqrt(1.5 * BS + shift), rtol=loose)


def test_a_root_of_an_integral() -> None:
    def upper(a: Any) -> Any:  # the x with ∫₀ˣ a s ds = 1: √(2 / a)
        return optimize.brentq(lambda x: integrate.quad(lambda s: a * s, 0, x)[0] - 1, 0, 10, xtol=1e-13)

    np.testing.assert_allclose(bb.grad(upper)(2.0), -0.5 * np.sqrt(2.0) * 2.0**-1.5, rtol=1e-9)
    np.testing.assert_allclose(bb.grad(bb.grad(upper))(2.0), 0.75 * np.sqrt(2.0) * 2.0**-2.5, rtol=1e-8)


def test_a_minimum_of_a_minimum() -> None:
    def least(y: Any, a: Any) -> Any:  # min over x of (x - a y)² + y² x²: (a y)² y² / (1 + y²)
        return optimize.minimize(lambda x: (x[0] - a * y) ** 2 + (y * x[0]) ** 2, np.zeros(1), tol=1e-12).fun

    def best(a: Any) -> Any:
        return optimize.minimize(lambda y: least(y[0], a) + (y[0] - 1) ** 2, np.ones(1), tol=1e-9).x[0]

    h = 1e-3
    truth = (best(1.2 + h) - best(1.2 - h)) / (2 * h)
    np.testing.assert_allclose(bb.grad(best)(1.2), truth, rtol=1e-4)


def test_a_fit_of_a_differential_equation() -> None:
    times = np.linspace(0.2, 2, 6)

    def decay(t: Any, rate: Any) -> Any:
        return integrate.solve_ivp(lambda s, y: -rate * y, (0, 2), [1.0], t_eval=t, rtol=1e-9, atol=1e-11).y[0]

    def rate(data: Any) -> Any:
        return optimize.curve_fit(decay, times, data, p0=[0.5], xtol=1e-13, ftol=1e-13)[0][0]

    data = np.exp(-0.7 * times) + 0.01 * np.cos(9 * times)
    slope = bb.jvp(rate, (data,), (np.ones(6),))[1]
    np.testing.assert_allclose(slope, (rate(data + 1e-4) - rate(data - 1e-4)) / 2e-4, rtol=1e-4)
