"""Solutions of equations and minima: derivatives against closed forms and differences of SciPy's own solutions."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.sparse.linalg import aslinearoperator

import bibun as bb
from bibun.scipy import optimize, sparse
from tests.families.agreement import check_first, check_second
from tests.scipy.agreement import check_beside, slopes

scipy_optimize = pytest.importorskip("scipy.optimize")
scipy_sparse = pytest.importorskip("scipy.sparse")

A = np.array([3.0, 1.0])


def test_importing_bibun_imports_no_scipy() -> None:
    code = "import sys, bibun, bibun.scipy; sys.exit(any(name.split('.')[0] == 'scipy' for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# One number


ROOTS: dict[str, Callable[..., Any]] = {
    "brentq": lambda f: optimize.brentq(f, 0.0, 10.0),
    "brenth": lambda f: optimize.brenth(f, 0.0, 10.0),
    "ridder": lambda f: optimize.ridder(f, 0.0, 10.0),
    "bisect": lambda f: optimize.bisect(f, 0.0, 10.0),
    "toms748": lambda f: optimize.toms748(f, 0.0, 10.0),
    "newton": lambda f: optimize.newton(f, 1.5, tol=1e-12),
    "root_scalar": lambda f: optimize.root_scalar(f, bracket=(0.0, 10.0)).root,
    "exact newton": lambda f: optimize.root_scalar(f, method="newton", x0=1.5).root,
    "exact halley": lambda f: optimize.root_scalar(f, method="halley", x0=1.5).root,
    "full output": lambda f: optimize.brentq(f, 0.0, 10.0, full_output=True)[1].root,
    "root": lambda f: optimize.root(f, 1.5).x[0],
    "fsolve": lambda f: optimize.fsolve(f, 1.5)[0],
    "fixed_point": lambda f: optimize.fixed_point(lambda x: x - f(x) / 12, 1.5, xtol=1e-12),
}


@pytest.mark.parametrize("name", ROOTS)
def test_the_cube_root_as_a_solution(name: str) -> None:
    def cube_root(a: Any) -> Any:
        return ROOTS[name](lambda x: x**3 - a)  # a is captured

    derivative: Any = cube_root
    for order, factor in enumerate((1.0, 1 / 3, -2 / 9, 10 / 27)):
        value = factor * 8.0 ** (1 / 3 - order)
        np.testing.assert_allclose(derivative(8.0), value, rtol=1e-8)
        derivative = bb.grad(derivative)
    _, tangent = bb.jvp(lambda a: bb.jvp(cube_root, (a,), (1.0,))[1], (8.0,), (1.0,))
    np.testing.assert_allclose(tangent, -2 / 9 * 8.0 ** (-5 / 3), rtol=1e-8)
    np.testing.assert_allclose(bb.hessian(cube_root)(8.0), -2 / 9 * 8.0 ** (-5 / 3), rtol=1e-8)
    cubes = np.array([1.0, 8.0, 27.0])
    np.testing.assert_allclose(bb.vmap(cube_root)(cubes), [1, 2, 3], rtol=1e-8)
    np.testing.assert_allclose(bb.vmap(bb.grad(cube_root))(cubes), [1 / 3, 1 / 12, 1 / 27], rtol=1e-8)


def test_the_same_by_args() -> None:
    def root(a: Any, b: Any) -> Any:
        return optimize.brentq(lambda x, a: x**3 + b * x - a, 0, 10, args=(a,))

    check_first(root, np.float64(8.0), np.float64(1.0))
    check_second(root, np.float64(8.0), np.float64(1.0))


def test_levels_that_are_nested_and_differ_between_argument_and_closure() -> None:
    def outer(b: float) -> Any:
        return bb.grad(lambda a: optimize.brentq(lambda x, c: x**3 + b * x - c, 0, 10, args=(a,)))(8.0)

    # x³ + b x = a: x_a = 1 / (3 x² + b), and x_ab from differences of the closed form
    def slope(b: float) -> float:
        x = scipy_optimize.brentq(lambda x: x**3 + b * x - 8.0, 0, 10, xtol=1e-14)
        return float(1 / (3 * x**2 + b))

    np.testing.assert_allclose(bb.grad(outer)(1.0), (slope(1 + 1e-4) - slope(1 - 1e-4)) / 2e-4, rtol=1e-6)


def test_newton_of_an_array_is_a_root_an_entry() -> None:
    a = np.array([1.0, 8.0, 27.0])

    def roots(a: Any) -> Any:
        return optimize.newton(lambda x, a: x**3 - a, np.array([1.2, 1.8, 3.3]), args=(a,), tol=1e-13)

    np.testing.assert_allclose(bb.jacobian(roots)(a), np.diag(1 / (3 * np.array([1.0, 2.0, 3.0]) ** 2)), rtol=1e-9)


def test_variables_define_by_run() -> None:
    a = bb.Variable(np.array(8.0))
    x = optimize.brentq(lambda x: x**3 - a, 0, 10)
    (x**2).backward()
    np.testing.assert_allclose(a.grad, 2 * 2 / 12, rtol=1e-9)
    with pytest.raises(bb.NoDerivativeError, match="nest transforms"):
        optimize.brentq(lambda x: x**3 - a, 0, 10).backward(create_graph=True)


def test_compiled_it_runs_plainly() -> None:
    with pytest.warns(bb.CompileWarning, match="solver"):
        found = bb.compile(bb.grad(lambda a: optimize.brentq(lambda x: x**3 - a, 0, 10)))(8.0)
    np.testing.assert_allclose(found, 1 / 12, rtol=1e-9)


# Systems


def system(a: Any, method: str = "hybr") -> Any:
    def equations(x: Any, a: Any) -> Any:
        return [x[0] ** 2 + x[1] - a[0], x[1] * x[0] - a[1] * A[1]]

    return optimize.root(equations, np.array([1.0, 1.0]), args=(a,), method=method, tol=1e-12).x


@pytest.mark.parametrize("method", ["hybr", "lm", "krylov", "broyden1"])
def test_a_system_of_equations(method: str) -> None:
    check_first(lambda a: system(a, method), A)


def test_a_system_to_second_order() -> None:
    check_second(system, A)


def test_the_value_of_fun_at_a_root_has_derivatives_too() -> None:
    slope = bb.grad(lambda a: optimize.root(lambda x: x**3 - a, 1.5).fun[0])(8.0)
    np.testing.assert_allclose(slope, 0.0, atol=1e-12)  # it is 0 for every a


def test_the_exact_jacobian_saves_evaluations() -> None:
    def equations(x: Any) -> Any:
        return np.exp(x) - np.arange(1.0, 6.0) + 0.1 * np.sum(x)

    with_it, without = optimize.root(equations, np.zeros(5)), scipy_optimize.root(equations, np.zeros(5))
    np.testing.assert_allclose(with_it.x, without.x, rtol=1e-8)
    assert with_it.nfev < without.nfev


def test_a_function_of_plain_numbers_only_is_solved_as_by_scipy() -> None:
    import math

    found = optimize.root(lambda x: [math.cos(float(x[0])) - x[0]], [0.5])
    assert found.x == scipy_optimize.root(lambda x: [math.cos(float(x[0])) - x[0]], [0.5]).x

    def plain(x: Any) -> float:
        return (math.sin(float(x[0])) - 0.3) ** 2 + float(x[1]) ** 2

    line = {"type": "ineq", "fun": lambda x: float(x[0]) - 0.1}
    for settings in ({}, {"bounds": [(0, 1), (0.2, 1)]}, {"constraints": line}, {"method": "Nelder-Mead"}):
        one, other = (m.minimize(plain, [0.5, 0.4], **settings) for m in (optimize, scipy_optimize))
        np.testing.assert_array_equal(one.x, other.x)
        assert one.nfev == other.nfev
    one, other = (m.minimize_scalar(lambda x: (math.sin(x) - 0.3) ** 2) for m in (optimize, scipy_optimize))
    assert one.x == other.x


def test_a_singular_jacobian_says_so() -> None:
    with pytest.raises(bb.DerivativeValueError, match="singular"):
        bb.grad(
            lambda a: optimize.root(lambda x: np.stack([x[0] + x[1] - a, 2 * x[0] + 2 * x[1] - 2 * a]), [1.0, 1.0]).x[0]
        )(1.0)


def test_no_solution_has_no_derivative() -> None:
    with pytest.raises(bb.DerivativeValueError, match="not converged"):
        bb.grad(lambda a: optimize.root(lambda x: np.exp(x) + a * x**2, np.array([1.0])).x[0])(1.0)


# Minima


METHODS = ["BFGS", "CG", "Newton-CG", "L-BFGS-B", "TNC", "SLSQP", "trust-ncg", "trust-exact", "dogleg", "trust-constr"]


def bowl(x: Any, a: Any) -> Any:
    return np.sum((x - a) ** 2) + np.sum((x - 2 * a) ** 4) / 10 + x[0] * x[1] / 2


@pytest.mark.parametrize("method", METHODS)
def test_a_minimum(method: str) -> None:
    def minimum(a: Any) -> Any:
        return optimize.minimize(bowl, np.zeros(2), args=(a,), method=method, tol=1e-10).x

    reference = scipy_optimize.minimize(bowl, np.zeros(2), (A,), tol=1e-10).x
    np.testing.assert_allclose(minimum(A), reference, rtol=1e-5)
    # by the theorem, with derivatives of `bowl` written out
    x = minimum(A)
    curvature = np.diag(2 + 12 / 10 * (x - 2 * A) ** 2) + np.array([[0, 0.5], [0.5, 0]])
    mixed = np.diag(-2 - 24 / 10 * (x - 2 * A) ** 2)
    np.testing.assert_allclose(bb.jacobian(minimum)(A), -np.linalg.solve(curvature, mixed), rtol=1e-7)


def test_a_minimum_to_second_order_and_in_every_mode() -> None:
    def minimum(a: Any) -> Any:
        return optimize.minimize(bowl, np.zeros(2), args=(a,), method="trust-exact", tol=1e-13).x

    check_first(minimum, A)
    check_second(minimum, A)
    stack = np.stack([A, A / 2])
    looped = [bb.jacobian(minimum)(a) for a in stack]
    np.testing.assert_allclose(bb.vmap(bb.jacobian(minimum))(stack), looped, rtol=1e-9)


def test_the_least_value_has_the_partial_derivative() -> None:
    def least(a: Any) -> Any:
        return optimize.minimize(bowl, np.zeros(2), args=(a,), tol=1e-12).fun

    x = optimize.minimize(bowl, np.zeros(2), args=(A,), tol=1e-12).x
    np.testing.assert_allclose(bb.grad(least)(A), bb.grad(bowl, argnums=1)(x, A), rtol=1e-7)  # the envelope theorem


def test_what_is_at_a_bound_moves_with_the_bound() -> None:
    def minimum(a: Any) -> Any:
        return optimize.minimize(lambda x: np.sum((x - a) ** 2), np.zeros(2), bounds=[(0, a[0] / 2), (None, None)]).x

    np.testing.assert_allclose(bb.jacobian(minimum)(A), [[0.5, 0], [0, 1]], atol=1e-9)

    def fixed(a: Any) -> Any:
        return optimize.minimize(lambda x: np.sum((x - a) ** 2), np.zeros(2), bounds=[(0, 1.0), (0, 5.0)]).x

    np.testing.assert_allclose(bb.jacobian(fixed)(A), [[0, 0], [0, 1]], atol=1e-9)


@pytest.mark.filterwarnings("ignore:delta_grad")  # SciPy's, of a constraint that is linear
@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
def test_constraints_hold_the_solution(method: str) -> None:
    def projected(a: Any) -> Any:
        on_line = {"type": "eq", "fun": lambda x: x[0] + x[1] - 1}
        return optimize.minimize(lambda x: np.sum((x - a) ** 2), np.zeros(2), method=method, constraints=on_line).x

    np.testing.assert_allclose(bb.jacobian(projected)(A), [[0.5, -0.5], [-0.5, 0.5]], atol=1e-6)


def test_a_projection_on_a_disc() -> None:
    def projected(a: Any, r: Any) -> Any:
        inside = scipy_optimize.NonlinearConstraint(lambda x: np.sum(x**2), -np.inf, r**2)
        found = optimize.minimize(
            lambda x: np.sum((x - a) ** 2), np.zeros(2), method="SLSQP", constraints=inside, tol=1e-12
        )
        return found.x

    def closed(a: Any, r: Any) -> Any:
        return r * a / np.sqrt(np.sum(a**2))

    np.testing.assert_allclose(projected(A, 1.0), closed(A, 1.0), rtol=1e-7)
    for argument in (0, 1):
        found, expected = (bb.jacobian(f, argnums=argument)(A, 1.0) for f in (projected, closed))
        np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(bb.jacobian(projected)(A / 10, 1.0), np.eye(2), atol=1e-6)  # not held


def test_a_minimum_along_a_line() -> None:
    def minimum(a: Any) -> Any:
        return optimize.minimize_scalar(lambda x: (x - a) ** 2 + x**4 / 4, tol=1e-12).x

    x = minimum(2.0)
    np.testing.assert_allclose(bb.grad(minimum)(2.0), 2 / (2 + 3 * x**2), rtol=1e-6)
    held = bb.grad(lambda a: optimize.minimize_scalar(lambda x: (x - a) ** 2, bounds=(0, 1), method="bounded").x)(2.0)
    np.testing.assert_allclose(held, 0.0, atol=1e-9)


def test_constraints_that_read_a_batch_from_around_them() -> None:
    def nearest(a: Any) -> Any:  # to (1, 1), on x + 2 y = a
        equal = {"type": "eq", "fun": lambda x: x[0] + 2 * x[1] - a}
        return optimize.minimize(lambda x: np.sum((x - 1) ** 2), np.zeros(2), constraints=equal, tol=1e-12).x

    a = np.array([1.3, 2.0, 4.0])
    np.testing.assert_allclose(bb.vmap(nearest)(a), 1 + np.outer((a - 3) / 5, [1, 2]), atol=1e-8)
    np.testing.assert_allclose(bb.vmap(bb.jacobian(nearest))(a), [[0.2, 0.4]] * 3, atol=1e-8)


def test_leastsq() -> None:
    x = np.linspace(0, 1, 8)

    def rate(a: Any) -> Any:
        return optimize.leastsq(
            lambda p, a: p[0] * np.exp(-p[1] * x) - np.exp(-a * x) - 0.1 * x, [1.0, 1.0], args=(a,)
        )[0][1]

    np.testing.assert_allclose(bb.grad(rate)(0.7), (rate(0.7 + 1e-4) - rate(0.7 - 1e-4)) / 2e-4, rtol=1e-5)
    np.testing.assert_allclose(bb.vmap(rate)(np.array([0.7, 0.9])), [rate(0.7), rate(0.9)], rtol=1e-7)
    with pytest.raises(bb.NoDerivativeError, match="write least_squares"):
        bb.grad(lambda a: optimize.leastsq(lambda p: p - a, np.ones(1), full_output=True)[0][0])(0.3)


@pytest.mark.parametrize("name", ["differential_evolution", "dual_annealing", "shgo", "direct"])
def test_global_searches(name: str) -> None:
    settings: Any = {"differential_evolution": {"rng": 1}, "dual_annealing": {"rng": 1, "maxiter": 50}}.get(name, {})

    def lowest(a: Any) -> Any:  # of two valleys the one about -1; x[1] is held by its bound
        def valleys(x: Any) -> Any:
            return (x[0] ** 2 - 1) ** 2 + a * x[0] + (x[1] - 3) ** 2

        return getattr(optimize, name)(valleys, [(-2, 2), (0, 1 + a)], **settings).x

    found, theirs = (
        getattr(m, name)(lambda x: np.sum((x - 1) ** 2), [(0, 3)], **settings) for m in (optimize, scipy_optimize)
    )
    assert found.nfev == theirs.nfev
    h = 1e-6
    x = lowest(0.3)[0]  # 4 x (x² - 1) + a = 0
    loose = 1e-3 if name == "direct" else 1e-5
    np.testing.assert_allclose(bb.jacobian(lowest)(0.3), [-1 / (12 * x**2 - 4), 1.0], rtol=loose)
    np.testing.assert_allclose(bb.vmap(lowest)(np.array([0.3, 0.3 + h])), [lowest(0.3)] * 2, atol=loose)


def test_bounds_constraints_and_programs_under_vmap() -> None:
    def held(a: Any) -> Any:
        on_line = {"type": "ineq", "fun": lambda x: 2 - x[0] - x[1]}
        quarter = [(0, None), (0, None)]
        return optimize.minimize(
            lambda x: np.sum((x - a) ** 2), np.zeros(2), bounds=quarter, constraints=on_line, tol=1e-12
        ).x

    stack = np.array([[2.0, 1.0], [0.3, 0.4], [-1.0, 0.5], [4.0, -3.0]])
    looped = [[[0.5, -0.5], [-0.5, 0.5]], np.eye(2), [[0, 0], [0, 1]], np.zeros((2, 2))]
    np.testing.assert_allclose(bb.vmap(bb.jacobian(held))(stack), looped, atol=1e-7)

    def vertex(b: Any) -> Any:
        return optimize.linprog([-1.0, -2.0], [[1.0, 1.0], [1.0, 3.0]], b).x

    b = np.array([[4.0, 6.0], [5.0, 6.0]])
    np.testing.assert_allclose(bb.vmap(bb.jacobian(vertex))(b), [[[1.5, -0.5], [-0.5, 0.5]]] * 2, atol=1e-9)


# Fits


X = np.linspace(0, 1, 20)
Y = 2 * np.exp(X / 2) + np.sin(13 * X) / 10


def model(x: Any, a: Any, b: Any) -> Any:
    return a * np.exp(b * x)


def test_a_fit_and_its_covariance_by_the_data() -> None:
    def fit(y: Any) -> Any:
        popt, pcov = optimize.curve_fit(model, X, y, ftol=1e-14, xtol=1e-14)
        return np.concatenate([popt, np.reshape(pcov, -1)])

    popt, pcov = scipy_optimize.curve_fit(model, X, Y)
    np.testing.assert_allclose(fit(Y), [*popt, *pcov.ravel()], rtol=1e-5)
    check_first(fit, Y)
    check_second(lambda y: optimize.curve_fit(model, X, y, ftol=1e-14, xtol=1e-14)[0], Y)


def test_a_fit_with_errors_and_bounds() -> None:
    def fit(sigma: Any) -> Any:
        return optimize.curve_fit(
            model, X, Y, sigma=sigma, absolute_sigma=True, bounds=([0, 0], [9, 9]), xtol=1e-14, ftol=1e-14
        )[0]

    check_first(fit, np.linspace(0.5, 1.5, 20))


ROBUST: dict[str, tuple[Any, Any]] = {  # rho(z) and its derivative
    "linear": (lambda z: z, np.ones_like),
    "huber": (
        lambda z: np.where(z.real <= 1, z, 2 * np.sqrt(z) - 1),
        lambda z: np.where(z.real <= 1, 1, 1 / np.sqrt(z)),
    ),
    "soft_l1": (lambda z: 2 * (np.sqrt(1 + z) - 1), lambda z: 1 / np.sqrt(1 + z)),
    "cauchy": (np.log1p, lambda z: 1 / (1 + z)),
    "arctan": (np.arctan, lambda z: 1 / (1 + z * z)),
}


@pytest.mark.parametrize("loss", ROBUST)
def test_robust_least_squares(loss: str) -> None:
    scale, (rho, slope) = 0.5, ROBUST[loss]

    def fit(y: Any) -> Any:
        found = optimize.least_squares(
            lambda p: model(X, *p) - y, [1.0, 1.0], loss=loss, f_scale=scale, xtol=1e-14, ftol=1e-14, gtol=1e-12
        )
        return np.concatenate([found.x, np.reshape(found.cost, 1)])

    def to_all_digits(y: Any) -> Any:
        """SciPy's solution has 8; Newton's method, its derivative by complex steps, finds the others."""

        def stationary(p: Any) -> Any:
            residual = model(X, *p) - y
            partials = np.array([model(X, 1.0, p[1]), X * model(X, *p)])
            return partials @ (slope((residual / scale) ** 2) * residual)

        p = fit(y)[:2]
        for _ in range(4):
            columns = [stationary(p + 1e-30j * e).imag / 1e-30 for e in np.eye(2)]
            p = p - np.linalg.solve(np.array(columns).T, stationary(p))
        cost = 0.5 * scale**2 * np.sum(rho(((model(X, *p) - y) / scale) ** 2))
        return np.append(p, cost)

    check_first(fit, Y, truth=to_all_digits)


def test_linear_least_squares_between_bounds() -> None:
    generator = np.random.default_rng(0)
    M, b = generator.standard_normal((6, 3)), generator.standard_normal(6)
    check_first(lambda M, b: optimize.lsq_linear(M, b, (-0.1, 0.1), tol=1e-13, method="bvls").x, M, b)
    check_first(lambda M, b: optimize.nnls(M, b)[0], M, b)
    check_first(lambda M, b: optimize.nnls(M, b)[1], M, b)


def test_linear_least_squares_with_a_sparse_matrix() -> None:
    """Without bounds in force x = A⁺ b."""
    A, b = scipy_sparse.csr_array([[1.0, 0.0], [1.0, 2.0], [0.0, 1.0]]), np.array([1.0, 2.0, 3.0])
    dense = A.toarray()
    for kind in (A, A.tocoo(), aslinearoperator(A)):
        np.testing.assert_allclose(optimize.lsq_linear(kind, b).x, scipy_optimize.lsq_linear(dense, b).x, rtol=1e-9)
        slope = bb.jacobian(lambda b, kind=kind: optimize.lsq_linear(kind, b).x)(b)
        np.testing.assert_allclose(slope, np.linalg.pinv(dense), atol=1e-12)

    def dense_solution(data: Any) -> Any:
        matrix = scipy_sparse.csr_array((data, A.indices, A.indptr), shape=A.shape).toarray()
        return scipy_optimize.lsq_linear(matrix, b, (-9.0, 1.0), method="bvls", tol=1e-13).x

    def solution(data: Any) -> Any:
        matrix = sparse.csr_array((data, A.indices, A.indptr), shape=A.shape)
        return optimize.lsq_linear(matrix, b, (-9.0, 1.0), tol=1e-13).x

    np.testing.assert_allclose(bb.jacobian(solution)(A.data), slopes(dense_solution, A.data), atol=1e-7)


# Rosenbrock's function


@pytest.mark.parametrize("name", ["rosen", "rosen_der", "rosen_hess", "rosen_hess_prod"])
@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_function_of_rosenbrock(name: str, n: int) -> None:
    x, more = np.linspace(-1.2, 1.5, n), ((np.arange(1.0, n + 1),) if name == "rosen_hess_prod" else ())
    check_beside(lambda m, x, *p: getattr(m, name)(x, *p), optimize, scipy_optimize, x, *more, rtol=1e-5)
    np.testing.assert_allclose(bb.grad(optimize.rosen)(x), scipy_optimize.rosen_der(x), rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(bb.hessian(optimize.rosen)(x), scipy_optimize.rosen_hess(x), rtol=1e-12)


# Programs


def test_a_linear_program_by_all_that_it_is_made_of() -> None:
    def solution(c: Any, M: Any, b: Any) -> Any:
        found = optimize.linprog(c, M, b)
        return np.concatenate([found.x, np.reshape(found.fun, 1)])

    check_first(solution, np.array([-1.0, -2.0]), np.array([[1.0, 1.0], [1.0, 3.0]]), np.array([4.0, 6.0]))


def test_a_linear_program_with_sparse_matrices() -> None:
    """SciPy's own example: x = (10, -3), where x[0] = 4 - 2 x[1] and x[1] is at its bound."""
    M, bounds = scipy_sparse.csr_array([[-3.0, 1.0], [1.0, 2.0]]), [(None, None), (-3, None)]

    def cost(data: Any, b: Any) -> Any:
        matrix = sparse.csr_array((data, M.indices, M.indptr), shape=M.shape)
        return optimize.linprog([-1.0, 4.0], A_ub=matrix, b_ub=b, bounds=bounds).fun

    b = np.array([6.0, 4.0])
    assert optimize.linprog([-1.0, 4.0], A_ub=M, b_ub=b, bounds=bounds).fun == -22
    by_entries, by_b = bb.grad(cost, argnums=(0, 1))(M.data, b)
    np.testing.assert_allclose(by_entries, [0, 0, 10, -3], atol=1e-12)
    np.testing.assert_allclose(by_b, [0, -1], atol=1e-12)
    equal = scipy_sparse.coo_array([[1.0, 1.0]])
    solution = lambda b: optimize.linprog([1.0, 4.0], A_eq=equal, b_eq=b)  # noqa: E731
    np.testing.assert_allclose(bb.jacobian(lambda b: solution(b).x)(np.array([3.0])), [[1.0], [0.0]], atol=1e-12)
    np.testing.assert_allclose(bb.vmap(lambda b: solution(b).fun)(np.array([[3.0], [2.0]])), [3.0, 2.0])


def test_what_is_whole_is_constant_or_refused() -> None:
    cost = np.array([[4.0, 1, 3], [2, 0, 5], [3, 2, 2]])

    def least(cost: Any) -> Any:
        return np.sum(cost[optimize.linear_sum_assignment(cost)])

    rows, columns = scipy_optimize.linear_sum_assignment(cost)
    expected = np.zeros((3, 3))
    expected[rows, columns] = 1
    np.testing.assert_array_equal(bb.grad(least)(cost), expected)
    with pytest.raises(bb.NoDerivativeError, match="whole number"):
        bb.grad(lambda c: optimize.milp(c, integrality=[1, 1]).fun)(np.array([1.0, 2.0]))


def _bowl(t: Any) -> Callable[[Any], Any]:
    return lambda x: np.sum((x - t) ** 2) + x[0] ** 4


LEFT: dict[str, Callable[[Any], Any]] = {  # beside a solution, in tuples, lists and objects
    "unbounded_sol": lambda t: optimize.lsq_linear(np.array([[2.0, 1.0], [1.0, 3.0]]) * t, A).unbounded_sol[0],
    "final_simplex": lambda t: optimize.minimize(_bowl(t), [0.3, 0.2], method="Nelder-Mead").final_simplex[0],
    "v": lambda t: optimize.minimize(_bowl(t), [0.3, 0.2], method="trust-constr", bounds=[(0, 2), (0, 2)]).v[0],
    "hess_inv": lambda t: optimize.minimize(_bowl(t), [0.3, 0.2], method="L-BFGS-B").hess_inv @ A[:2],
    "jac": lambda t: optimize.least_squares(
        lambda x: x * t + x**3 - 1, np.ones(2), jac=lambda x: scipy_sparse.csr_array(np.diag(3 * x**2 + 1)),
        loss="soft_l1", tr_solver="lsmr",
    ).jac @ A[:2],
    "xl": lambda t: optimize.shgo(_bowl(t), [(0, 2)] * 2).xl[0],
    "population": lambda t: optimize.differential_evolution(_bowl(t), [(0, 2)] * 2, seed=1, maxiter=5, tol=1).population[0],
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("field", LEFT)
def test_what_a_solver_leaves_has_no_derivative(field: str) -> None:
    with pytest.raises(bb.NoDerivativeError, match=rf"\.{field} has no derivative rule"):
        bb.grad(lambda t: np.sum(LEFT[field](t)))(1.0)
