"""Integrals and differential equations: derivatives against closed forms and differences of SciPy's own numbers."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from numpy.exceptions import ComplexWarning

import bibun as bb
from bibun.scipy import integrate
from tests.families.agreement import check_first, check_second

scipy_integrate = pytest.importorskip("scipy.integrate")

A = np.array([1.0, 0.5, 1.5])


# Quadrature


def test_an_integral_whose_derivative_is_more_singular_than_it() -> None:
    def area(a: Any) -> Any:
        return integrate.quad(lambda x: x**a, 0, 1)[0]  # 1 / (1 + a)

    derivative: Any = area
    for order, sign in enumerate((1, -1, 2)):
        np.testing.assert_allclose(derivative(-0.5), sign * 0.5 ** -(order + 1), rtol=1e-9)
        derivative = bb.grad(derivative)
    np.testing.assert_allclose(bb.jvp(area, (-0.5,), (1.0,))[1], -4.0, rtol=1e-9)


def window(a: Any) -> Any:
    return integrate.quad(lambda x, c: np.exp(-c * x * x * a[0]), a[1], a[2] * a[1] + 1, args=(a[2],), epsabs=1e-13)[0]


def test_limits_arguments_and_closures_at_once() -> None:
    check_first(window, A)
    check_second(window, A)


def test_an_integral_under_vmap() -> None:
    stack = np.stack([A, A / 2])
    looped = [bb.grad(window)(a) for a in stack]
    np.testing.assert_allclose(bb.vmap(bb.grad(window))(stack), looped, rtol=1e-12)
    np.testing.assert_allclose(bb.vmap(lambda a: integrate.quad(lambda x: a * x, 0.0, 2.0)[0])(A), 2 * A, rtol=1e-12)


def test_an_infinite_interval_and_a_report() -> None:
    def area(a: Any) -> Any:
        value, error, report = integrate.quad(lambda x: np.exp(-a * x * x), -np.inf, np.inf, full_output=True)
        assert error < 1e-7
        assert report["neval"] > 20
        return value

    np.testing.assert_allclose(bb.grad(area)(2.0), -np.sqrt(np.pi) / 2 / 2**1.5, rtol=1e-8)


def test_weights() -> None:
    def area(w: Any, b: Any) -> Any:
        return integrate.quad(lambda x: w * x, 0.0, b, weight="cos", wvar=3.0)[0]  # ∫ w x cos 3x

    check_first(area, np.float64(1.3), np.float64(2.0))
    with pytest.raises(bb.NoDerivativeError, match="weight"):
        bb.grad(lambda b: integrate.quad(np.cos, 0.0, b, weight="alg", wvar=(-0.5, 0))[0])(1.0)
    by_argument = bb.grad(lambda c: integrate.quad(lambda x: c * np.cos(x), 0.0, 1.0, weight="alg", wvar=(-0.5, 0))[0])(
        2.0
    )
    np.testing.assert_allclose(by_argument, scipy_integrate.quad(np.cos, 0, 1, weight="alg", wvar=(-0.5, 0))[0])


def test_variables_define_by_run() -> None:
    a, b = bb.Variable(np.array(2.0)), bb.Variable(np.array(1.5))
    area = integrate.quad(lambda x: a * x**2, 0.0, b)[0]
    area.backward()
    np.testing.assert_allclose([a.grad, b.grad], [1.5**3 / 3, 2 * 1.5**2], rtol=1e-12)
    with pytest.raises(bb.NoDerivativeError, match="nest transforms"):
        integrate.quad(lambda x: a * x**2, 0.0, b)[0].backward(create_graph=True)
    end = bb.Variable(np.array(1.5, np.float32))
    integrate.quad(lambda x: x, 0.0, end)[0].backward()
    assert end.grad.dtype == np.float32


def test_arrays_and_several_dimensions() -> None:
    def vector(a: Any) -> Any:
        return integrate.quad_vec(lambda x: np.exp(-x * a) * np.array([1, x, x]), a[0], 3.0)[0]

    check_first(vector, A)

    def volume(a: Any) -> Any:
        return integrate.dblquad(lambda y, x: np.exp(-a[0] * x * y) * a[1], 0, a[2], lambda x: a[0] * x, 3.0)[0]

    plain = scipy_integrate.dblquad(lambda y, x: np.exp(-A[0] * x * y) * A[1], 0, A[2], lambda x: A[0] * x, 3.0)
    assert volume(A) == plain[0]
    np.testing.assert_allclose(bb.grad(volume)(A), bb.numerical.gradient(volume, A).value, rtol=1e-6)
    box = bb.grad(lambda a: integrate.tplquad(lambda z, y, x: a * x, 0, 1, 0, 1, 0, lambda x, y: y * a)[0])(2.0)
    np.testing.assert_allclose(box, 1.0, rtol=1e-9)  # a² / 4
    check_first(lambda a: integrate.fixed_quad(lambda x: np.exp(a[0] * x), a[1], a[2])[0], A)


def of_a_complex_number(name: str, z: Any) -> tuple[Any, Any]:
    """(an integral, the same by NumPy's words), both real."""
    if name == "quad":
        return integrate.quad(lambda t: np.real(np.exp(z * t)), 0, 1)[0], np.real((np.exp(z) - 1) / z)
    if name == "complex_func":
        value = integrate.quad(lambda t: np.exp(z * t) * np.conj(z), 0, 1, complex_func=True)[0]
        return np.abs(value + z), np.abs((np.exp(z) - 1) / z * np.conj(z) + z)
    if name == "quad_vec":  # not holomorphic, of an array, up to a limit
        value = integrate.quad_vec(lambda t: np.exp(z * t) * np.conj(z) * np.stack([t**0, t]), 0, np.abs(z))[0]
        b = np.abs(z)
        first, second = (np.exp(z * b) - 1) / z, b * np.exp(z * b) / z - (np.exp(z * b) - 1) / z**2
        return np.abs(value[0]) + np.imag(value[1] * z), np.abs(first * np.conj(z)) + np.imag(second * np.conj(z) * z)
    value = integrate.dblquad(lambda y, x: np.real(np.exp(z * x) * y), 0, 1, 0, lambda x: 1.0)[0]
    return value, np.real((np.exp(z) - 1) / z / 2)


@pytest.mark.parametrize("name", ["quad", "complex_func", "quad_vec", "dblquad"])
def test_a_complex_parameter(name: str) -> None:
    z = 0.6 + 0.8j
    gradients = [bb.grad(lambda z, k=k: of_a_complex_number(name, z)[k]) for k in range(2)]
    np.testing.assert_allclose(gradients[0](z), gradients[1](z), rtol=1e-9)

    def second(k: int) -> Any:
        return bb.grad(lambda z: np.imag(gradients[k](z)))(z)

    np.testing.assert_allclose(second(0), second(1), rtol=1e-8)


def test_a_complex_array_of_a_real_parameter() -> None:
    def size(a: Any) -> Any:
        return np.abs(integrate.quad_vec(lambda t: np.exp(1j * a * t), 0, 1)[0])  # |sin(a/2) / (a/2)|

    def exact(a: Any) -> Any:
        return np.sin(a / 2) / (a / 2)

    np.testing.assert_allclose(bb.grad(size)(1.3), bb.grad(exact)(1.3), rtol=1e-9)
    np.testing.assert_allclose(bb.hessian(size)(1.3), bb.grad(bb.grad(exact))(1.3), rtol=1e-8)
    np.testing.assert_allclose(bb.grad(bb.grad(size))(1.3), bb.grad(bb.grad(exact))(1.3), rtol=1e-8)


def test_a_complex_integrand_without_complex_func_is_real_with_a_warning() -> None:
    def area(a: Any) -> Any:
        return integrate.quad(lambda t: np.exp(1j * a * t), 0, 1)[0]

    with pytest.warns(ComplexWarning):
        np.testing.assert_allclose(area(1.3), np.sin(1.3) / 1.3, rtol=1e-12)
    with pytest.warns(ComplexWarning):
        np.testing.assert_allclose(bb.grad(area)(1.3), np.cos(1.3) / 1.3 - np.sin(1.3) / 1.3**2, rtol=1e-9)


@pytest.mark.parametrize("name", ["trapezoid", "simpson", "cumulative_trapezoid", "cumulative_simpson"])
@pytest.mark.parametrize("n", [3, 6, 7])
def test_samples(name: str, n: int) -> None:
    generator = np.random.default_rng(n)
    x, y = np.cumsum(0.3 + generator.random(n)), generator.standard_normal((2, n))
    ours, theirs = getattr(integrate, name), getattr(scipy_integrate, name)
    for settings in ({"x": x}, {"dx": 0.3}):
        value, _ = bb.jvp(lambda y: ours(y, **settings), (y,), (y,))
        np.testing.assert_allclose(value, theirs(y, **settings), rtol=1e-13, atol=1e-14)
    check_first(lambda y, x: ours(y, x=x), y, x)
    check_second(lambda y, x: ours(y, x=x), y, x)


@pytest.mark.parametrize("n", [2, 3, 4, 6, 7])
def test_a_batch_of_places_one_of_which_is_repeated(n: int) -> None:
    x, y = np.cumsum(0.1 + np.random.default_rng(n).random((3, n)), axis=1), np.cos(np.arange(n))
    x[1, 1] = x[1, 0]
    expected = [scipy_integrate.simpson(y, x=one) for one in x]
    np.testing.assert_allclose(bb.vmap(lambda x: integrate.simpson(y, x=x))(x), expected, rtol=1e-13)


@pytest.mark.parametrize("name", ["trapezoid", "simpson", "cumulative_trapezoid", "cumulative_simpson", "romb"])
@pytest.mark.parametrize("n", [2, 3, 4, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
def test_samples_keep_the_precision_that_scipy_gives_them(name: str, n: int, dtype: Any) -> None:
    y = (np.arange(n) + 1).astype(dtype)
    for settings in (
        {},
        {"dx": 0.3},
        {"dx": np.float64(0.3)},
        {"x": np.arange(n, dtype=np.float32)},
        {"x": np.arange(n) / 2},
    ):
        if name == "romb" and (n == 4 or "x" in settings):
            continue
        expected = getattr(scipy_integrate, name)(y, **settings)
        value, tangent = bb.jvp(lambda y, s=settings: getattr(integrate, name)(y, **s), (y,), (y,))
        np.testing.assert_allclose(value, expected, rtol=1e-5)
        if name != "trapezoid" or np.result_type(*settings.values(), y) == dtype:  # mixed, SciPy's has changed
            assert value.dtype == tangent.dtype == expected.dtype


def test_romberg() -> None:
    y = np.cos(np.arange(9.0))
    value, tangent = bb.jvp(lambda y: integrate.romb(y, 0.1), (y,), (y,))
    np.testing.assert_allclose([value, tangent], scipy_integrate.romb(y, 0.1), rtol=1e-13)  # it is linear


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
