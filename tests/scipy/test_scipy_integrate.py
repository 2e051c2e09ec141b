"""Differential equations: derivatives against closed forms and differences of SciPy's own numbers."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.scipy import integrate

scipy_integrate = pytest.importorskip("scipy.integrate")

A = np.array([1.0, 0.5, 1.5])


# Initial value problems


def oscillator(a: Any, method: str = "RK45", **settings: Any) -> Any:
    def field(t: Any, y: Any, b: Any) -> Any:
        return np.stack([y[1], -a[0] * y[0] - b * y[1] ** 3 + np.sin(a[2] * t)])

    settings = {"rtol": 1e-9, "atol": 1e-11} | settings
    return integrate.solve_ivp(field, (0, a[2]), a[:2] * 1.0, method, args=(a[1],), **settings)


@pytest.mark.parametrize("method", ["RK23", "RK45", "DOP853", "Radau", "BDF", "LSODA"])
@pytest.mark.parametrize("t_eval", [None, np.array([0.1, 0.7, 1.2])])
def test_an_initial_value_problem(method: str, t_eval: Any) -> None:
    tolerance = {"RK23": {"rtol": 1e-6}, "Radau": {"rtol": 1e-7}}.get(method, {})

    def end(a: Any) -> Any:
        return oscillator(a, method, t_eval=t_eval, **tolerance).y[:, -1]

    def reference(a: Any) -> Any:  # another method, to more digits
        field = lambda t, y: [y[1], -a[0] * y[0] - a[1] * y[1] ** 3 + np.sin(a[2] * t)]  # noqa: E731
        return scipy_integrate.solve_ivp(field, (0, a[2]), a[:2], "DOP853", t_eval, rtol=1e-12, atol=1e-13).y[:, -1]

    plain = oscillator(A, method, t_eval=t_eval, **tolerance).y[:, -1]
    np.testing.assert_allclose(bb.jvp(end, (A,), (A,))[0], plain, rtol=1e-7)
    h = 1e-4
    slopes = np.stack([(reference(A + h * e) - reference(A - h * e)) / (2 * h) for e in np.eye(3)], axis=1)
    accuracy = 2e-4 if method == "RK23" else 2e-5
    np.testing.assert_allclose(bb.jacrev(end)(A), slopes, rtol=accuracy, atol=accuracy)
    np.testing.assert_allclose(bb.jacfwd(end)(A), bb.jacrev(end)(A), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("method", ["RK45", "DOP853", "Radau"])
def test_an_initial_value_problem_to_second_order(method: str) -> None:
    def size(a: Any) -> Any:
        return np.sum(oscillator(a, method, rtol=1e-6).y[:, -1] ** 2)

    h = 1e-4
    slopes = np.stack([(bb.grad(size)(A + h * e) - bb.grad(size)(A - h * e)) / (2 * h) for e in np.eye(3)])
    np.testing.assert_allclose(bb.hessian(size)(A), slopes, rtol=1e-3, atol=1e-4)


def test_a_linear_problem_against_its_closed_form() -> None:
    def end(rate: Any, y0: Any, span: Any) -> Any:
        return integrate.solve_ivp(
            lambda t, y: -rate * y, (0.0, span), y0 * np.ones(1), "DOP853", rtol=1e-12, atol=1e-14
        ).y[0, -1]

    def closed(rate: Any, y0: Any, span: Any) -> Any:
        return y0 * np.exp(-rate * span)

    point = 0.7, 2.0, 1.5
    for transform in (bb.grad, bb.hessian):
        found, expected = (transform(f, argnums=(0, 1, 2))(*point) for f in (end, closed))
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9)


def test_dense_output_and_its_time() -> None:
    def at(t: Any, y0: Any) -> Any:
        return integrate.solve_ivp(lambda t, y: -y, (0, 2), y0, dense_output=True, rtol=1e-10, atol=1e-12).sol(t)

    t, y0 = np.array([0.3, 1.1]), np.array([2.0, 3.0])
    _, tangent = bb.jvp(at, (t, y0), (np.ones(2), y0))
    np.testing.assert_allclose(tangent, 0.0, atol=1e-7)  # y0 grows as it decays


@pytest.mark.parametrize("terminal", [True, False])
def test_an_event_by_its_closed_form(terminal: bool) -> None:
    def fall(a: Any) -> Any:
        def ground(t: Any, y: Any) -> Any:
            return y[0] - 0.1 * a[1]

        ground.terminal = terminal  # type: ignore[attr-defined]
        start = np.stack([10 + a[2], 0 * a[0]])
        found = integrate.solve_ivp(
            lambda t, y: np.stack([y[1], -9.81 * a[0] + 0 * y[0]]), (0, 3), start, events=ground
        )
        assert np.shape(found.y_events[0]) == (1, 2)
        return found.t[-1] if terminal else found.t_events[0][0]

    def closed(a: Any) -> Any:
        return np.sqrt(2 * (10 + a[2] - 0.1 * a[1]) / (9.81 * a[0]))

    np.testing.assert_allclose(bb.grad(fall)(A), bb.grad(closed)(A), rtol=1e-10)
    np.testing.assert_allclose(bb.hessian(fall)(A), bb.hessian(closed)(A), rtol=1e-9, atol=1e-12)


def test_vmap_takes_common_steps() -> None:
    def end(a: Any) -> Any:
        return integrate.solve_ivp(lambda t, y: -a[0] * y, (0, 1), a[1:], rtol=1e-9, atol=1e-11).y[:, -1]

    stack = np.stack([A, 2 * A])
    np.testing.assert_allclose(bb.vmap(end)(stack), [end(a) for a in stack], rtol=1e-8)
    looped = [bb.jacobian(end)(a) for a in stack]
    np.testing.assert_allclose(bb.vmap(bb.jacobian(end))(stack), looped, rtol=1e-7, atol=1e-9)


def test_a_steep_start_and_whole_initial_values() -> None:
    def end(a: Any) -> Any:  # y = 1 + 2 a √t, whose slope is very large at the start
        return integrate.solve_ivp(lambda t, y: a / np.sqrt(t) + 0 * y, (1e-12, 1.0), [1], rtol=1e-9, atol=1e-9).y[
            0, -1
        ]

    np.testing.assert_allclose(bb.grad(end)(0.5), 2.0, rtol=1e-4)


def test_odeint() -> None:
    t = np.linspace(0, 1, 4)

    def solution(rate: Any) -> Any:
        return integrate.odeint(lambda y, t, k: -k * y, [1.0, 2.0], t, args=(rate,))

    value, tangent = bb.jvp(solution, (0.7,), (1.0,))
    np.testing.assert_allclose(value, scipy_integrate.odeint(lambda y, t: -0.7 * y, [1.0, 2.0], t), rtol=1e-12)
    np.testing.assert_allclose(tangent, -t[:, None] * value, rtol=1e-6)


def test_plain_calls_are_scipys() -> None:
    field = lambda t, y: -y  # noqa: E731
    for method in ("RK45", "DOP853"):
        found, expected = (m.solve_ivp(field, (0, 1), [1.0], method) for m in (integrate, scipy_integrate))
        np.testing.assert_array_equal(found.y, expected.y)
        assert found.nfev == expected.nfev


def test_a_boundary_value_problem() -> None:
    def solution(a: Any) -> Any:
        found = integrate.solve_bvp(
            lambda x, y: np.stack([y[1], -a[0] * y[0]]), lambda left, right: np.stack([left[0] - a[1], right[0] - a[2]]),
            np.linspace(0, 1, 40), np.zeros((2, 40)), tol=1e-9,
        )  # fmt: skip
        return found.y[0, len(found.x) // 2]

    def closed(a: Any) -> Any:  # y'' = -a0 y
        w, x = np.sqrt(a[0]), solution_x
        return a[1] * np.cos(w * x) + (a[2] - a[1] * np.cos(w)) / np.sin(w) * np.sin(w * x)

    mesh = scipy_integrate.solve_bvp(
        lambda x, y: np.stack([y[1], -A[0] * y[0]]), lambda left, right: np.stack([left[0] - A[1], right[0] - A[2]]),
        np.linspace(0, 1, 40), np.zeros((2, 40)), tol=1e-9,
    ).x  # fmt: skip
    solution_x = mesh[len(mesh) // 2]
    np.testing.assert_allclose(bb.grad(solution)(A), bb.grad(closed)(A), rtol=1e-6)
    np.testing.assert_allclose(bb.hessian(solution)(A), bb.hessian(closed)(A), rtol=1e-4, atol=1e-5)

    def between(m: Any, a: Any) -> Any:  # the solution as a function
        found = m.solve_bvp(
            lambda x, y: np.stack([y[1], -a[0] * y[0]]), lambda left, right: np.stack([left[0] - a[1], right[0] - a[2]]),
            np.linspace(0, 1, 40), np.zeros((2, 40)), tol=1e-9,
        )  # fmt: skip
        return found.sol(np.array([0.013, 0.47, 1.0]))

    np.testing.assert_allclose(
        bb.jvp(lambda a: between(integrate, a), (A,), (A,))[0], between(scipy_integrate, A), rtol=1e-9
    )
    solution_x = np.array(0.47)
    np.testing.assert_allclose(bb.grad(lambda a: between(integrate, a)[0, 1])(A), bb.grad(closed)(A), rtol=1e-6)


@pytest.mark.parametrize("method", ["RK45", "DOP853", "Radau"])
@pytest.mark.parametrize("of_the_field", [True, False])
def test_the_solution_at_times_of_a_batch(method: str, of_the_field: bool) -> None:
    exact = {"rtol": 1e-10, "atol": 1e-12, "dense_output": True}

    def between(q: Any, sign: float = 1.0) -> Any:  # y = cos, -sin of t sqrt a
        a = q[0] if of_the_field else 1.3
        field = lambda t, y: np.stack([y[1], -a * y[0]])  # noqa: E731
        return integrate.solve_ivp(field, (0, sign * 2), [1.0, 0.0], method, **exact).sol(sign * q)[0]

    def closed(q: Any) -> Any:
        return np.cos(np.sqrt(q[0] if of_the_field else 1.3) * q)

    q = np.array([[0.3, 1.1, 1.9], [0.7, 0.2, 1.4]])
    for f in (between, lambda q: between(q, -1.0)):
        np.testing.assert_allclose(
            bb.vmap(f)(q), closed(q.T).T if not of_the_field else [closed(x) for x in q], atol=1e-7
        )
        looped = [bb.jacobian(closed)(x) for x in q]
        np.testing.assert_allclose(bb.vmap(bb.jacobian(f))(q), looped, atol=1e-6)
    single = bb.vmap(lambda t: between(np.stack([q[0, 0], t]))[1])(q[0])
    np.testing.assert_allclose(single, closed(q[0]), atol=1e-7)


def test_a_solution_of_a_plain_problem_is_scipys_and_can_be_stored() -> None:
    found = integrate.solve_ivp(lambda t, y: -y, (0, 1), [1.0], dense_output=True, rtol=1e-9, atol=1e-9).sol
    assert isinstance(found, scipy_integrate.OdeSolution)
    np.testing.assert_allclose(bb.grad(lambda t: found(t)[0])(0.3), -np.exp(-0.3), rtol=1e-6)
    assert pickle.loads(pickle.dumps(found))(0.3) == found(0.3)


@pytest.mark.parametrize("method", ["BDF", "Radau", "LSODA"])
def test_a_jacobian_that_is_given_may_read_what_is_traced(method: str) -> None:
    exact = {"rtol": 1e-9, "atol": 1e-10}

    def end(k: Any) -> Any:
        jac = lambda t, y: -k * np.eye(2)  # noqa: E731
        return integrate.solve_ivp(lambda t, y: -k * y, (0, 1), [1.0, 2.0], method, jac=jac, **exact).y[1, -1]

    k = np.array([1.3, 0.2])
    np.testing.assert_allclose(bb.grad(end)(1.3), -2 * np.exp(-1.3), rtol=1e-6)
    np.testing.assert_allclose(bb.vmap(bb.grad(end))(k), -2 * np.exp(-k), rtol=1e-6)


def test_what_is_refused_says_why() -> None:
    with pytest.raises(bb.NoDerivativeError, match="share t_span"):
        bb.vmap(lambda t: integrate.solve_ivp(lambda t, y: -y, (0, t), [1.0]).y[0, -1])(np.array([1.0, 2.0]))
    with pytest.raises(bb.NoDerivativeError, match="a mesh of its own"):
        bb.vmap(lambda y: integrate.solve_bvp(lambda x, y: y, lambda a, b: a, np.arange(3.0), y).y)(np.ones((2, 1, 3)))
    with pytest.raises(bb.NoDerivativeError, match="singular term"):
        bb.grad(
            lambda x: integrate.solve_bvp(lambda x, y: y, lambda a, b: a, x * np.linspace(0, 1, 3), np.ones((1, 3))).y[
                0, 0
            ]
        )(1.0)
