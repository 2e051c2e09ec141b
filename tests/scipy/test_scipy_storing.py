"""Functions for solvers that fill an array like their argument, d = np.zeros_like(y), with numbers that are traced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.scipy import integrate, optimize

P = 1.3


def oscillator(t: Any, y: Any, p: Any) -> Any:
    d = np.zeros_like(y)
    d[0] = y[1]
    d[1] = -p * y[0]
    return d


def slope_of_cosine(t: float) -> float:
    """d/dp cos(√p t)"""
    return float(-np.sin(np.sqrt(P) * t) * t / (2 * np.sqrt(P)))


@pytest.mark.parametrize("method", ["RK45", "Radau", "BDF", "LSODA"])
@pytest.mark.parametrize("closure", [False, True])
def test_solve_ivp(method: str, closure: bool) -> None:
    def last(p: Any) -> Any:
        tolerances = {"rtol": 1e-9, "atol": 1e-11, "method": method}
        if closure:
            return integrate.solve_ivp(lambda t, y: oscillator(t, y, p), (0, 1), [1.0, 0.0], **tolerances).y[0, -1]
        return integrate.solve_ivp(oscillator, (0, 1), [1.0, 0.0], args=(p,), **tolerances).y[0, -1]

    assert bb.grad(last)(P) == pytest.approx(slope_of_cosine(1.0), rel=1e-5)
    assert bb.jvp(last, (P,), (1.0,))[1] == pytest.approx(slope_of_cosine(1.0), rel=1e-5)


def test_starts_made_of_the_parameter() -> None:
    """y = p cos(√p t)"""
    gradient = bb.grad(
        lambda p: integrate.solve_ivp(oscillator, (0, 1), np.stack([p, 0 * p]), args=(p,), rtol=1e-9, atol=1e-11).y[
            0, -1
        ]
    )(P)
    assert gradient == pytest.approx(np.cos(np.sqrt(P)) + P * slope_of_cosine(1.0), rel=1e-6)


def test_odeint() -> None:
    gradient = bb.grad(
        lambda p: integrate.odeint(
            oscillator, [1.0, 0.0], np.array([0.0, 1.0]), (p,), tfirst=True, rtol=1e-9, atol=1e-9
        )[-1, 0]
    )(P)
    assert gradient == pytest.approx(slope_of_cosine(1.0), rel=1e-5)


def residuals(x: Any, p: Any) -> Any:
    r = np.empty_like(x)
    r[0] = x[0] ** 2 - p
    r[1] = x[1] - x[0] * p
    return r


@pytest.mark.parametrize(
    "solve",
    [
        lambda p: optimize.root(residuals, np.array([1.0, 1.0]), args=(p,)).x,
        lambda p: optimize.fsolve(residuals, [1.0, 1.0], args=(p,)),
        lambda p: optimize.least_squares(residuals, [1.0, 1.0], args=(p,), xtol=1e-15, ftol=1e-15, gtol=1e-15).x,
        lambda p: optimize.root(lambda x: residuals(x, p), np.array([1.0, 1.0])).x,
    ],
)
def test_roots(solve: Any) -> None:
    """x = √p, y = p √p"""
    expected = [0.5 / np.sqrt(P), 1.5 * np.sqrt(P)]
    np.testing.assert_allclose(bb.jacobian(solve)(P), expected, rtol=1e-6)


def test_minimize() -> None:
    def objective(x: Any, p: Any) -> Any:
        r = np.zeros_like(x)
        r[0] = x[0] - p**2
        r[1:] = 2 * x[1:] - p
        return np.sum(r**2)

    best = bb.jacobian(lambda p: optimize.minimize(objective, np.ones(3), args=(p,)).x)(P)
    np.testing.assert_allclose(best, [2 * P, 0.5, 0.5], rtol=1e-5)


def test_what_cannot_be_stored_there_either_is_the_first_error() -> None:
    def f(x: Any, p: Any) -> Any:
        return np.array([x[0] - float(p)])

    with pytest.raises(bb.LostDerivativeError, match=r"float"):
        bb.grad(lambda p: optimize.fsolve(f, [1.0], args=(p,))[0])(P)
