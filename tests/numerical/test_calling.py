"""How bibun.numerical calls f: no more often than allowed, nowhere outside the bounds, never with the caller's arrays;
with workers, in one call, from many threads; and what it says where that cannot be.
"""

from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.optimize import Bounds

import bibun as bb
from bibun.errors import LostDerivativeError
from bibun.numerical import Estimate, derivative, directional, gradient, hessian, jacobian

METHODS = ("auto", "real", "complex")
X = np.array([1.0, 2.0, 3.0])


def total(x: Any) -> Any:
    return np.sum(np.sin(x) * np.roll(x, 1))


def vector(x: Any) -> Any:
    return np.sin(x) * np.roll(x, 1)


def plain(x: Any) -> Any:
    return math.sin(x)


class Counted:
    """f, with the points that it was called with."""

    def __init__(self, f: Callable[[Any], Any], many: bool = False) -> None:
        self.f, self.many = f, many
        self.points: list[Any] = []

    def __call__(self, x: Any) -> Any:
        self.points += list(np.array(x)) if self.many else [np.array(x)]
        return self.f(x)

    @property
    def calls(self) -> int:
        return len(self.points)


FUNCTIONS: dict[str, Callable[..., Estimate]] = {
    "derivative": lambda f, **options: derivative(f, 1.3, **options),
    "derivative, of an array": lambda f, **options: derivative(f, X, **options),
    "second derivative": lambda f, **options: derivative(f, 1.3, 2, **options),
    "fifth derivative": lambda f, **options: derivative(f, 1.3, 5, **options),
    "derivative, complex": lambda f, **options: derivative(f, 1.3 + 0.5j, **options),
    "gradient": lambda f, **options: gradient(f, X, **options),
    "gradient, complex": lambda f, **options: gradient(f, X * (1 + 1j), **options),
    "jacobian": lambda f, **options: jacobian(f, X, **options),
    "sparse jacobian": lambda f, **options: jacobian(f, X, sparsity=np.ones((3, 3)), **options),
    "hessian": lambda f, **options: hessian(f, X, **options),
    "directional": lambda f, **options: directional(f, X, X, **options),
}
BLACK_BOXES: dict[str, list[Callable[[Any], Any]]] = {
    "derivative": [np.sin, plain, abs, lambda x: np.exp(1j * x), lambda x: np.float32(np.sin(x)), lambda x: 3.0],
    "gradient": [total, lambda x: np.sum(abs(x)), lambda x: float(np.sum(np.real(x) ** 2))],
    "jacobian": [vector, lambda x: abs(x) * x[0].real],
}


def black_boxes(name: str) -> list[Callable[[Any], Any]]:
    if "gradient" in name or name in ("hessian", "directional"):
        boxes = BLACK_BOXES["gradient"]
        return [lambda x, f=f: np.real(f(x)) for f in boxes] if "complex" in name else boxes
    boxes = BLACK_BOXES["derivative" if "derivative" in name else "jacobian"]
    return boxes[2:4] if "complex" in name else boxes


def same(one: Estimate, other: Estimate) -> bool:
    return np.array_equal(one.value, other.value) and np.array_equal(one.error, other.error)


# Calls are counted, and there are no more of them than allowed.


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("method", METHODS)
def test_never_more_calls_than_allowed_and_all_of_them_counted(name: str, method: str) -> None:
    for f in black_boxes(name):
        for most in (1, 2, 3, 4, 5, 6, 7, 9, 12, 15, 23, 40, 77, 200):
            counted = Counted(f)
            estimate = FUNCTIONS[name](counted, method=method, max_evaluations=most)
            assert counted.calls == estimate.evaluations <= most


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("order", [1, 2, 3, 4, 5, 6])
def test_what_a_budget_leaves_is_honest(method: str, order: int) -> None:
    truth = [np.cos(1.3), -np.sin(1.3), -np.cos(1.3), np.sin(1.3), np.cos(1.3), -np.sin(1.3)][order - 1]
    for most in range(1, 40):
        estimate = derivative(np.sin, 1.3, order, method, max_evaluations=most)
        assert estimate.error == np.inf or abs(estimate.value - truth) <= estimate.error
        assert estimate.error < np.inf or estimate.status.startswith("budget")


def test_a_budget_that_is_too_small_says_so() -> None:
    for most in (1, 5):
        estimate = gradient(total, X, max_evaluations=most)
        assert np.all(np.isinf(estimate.error))
        assert estimate.status.startswith("budget: max_evaluations leaves too few")


@pytest.mark.parametrize("name", ["derivative", "gradient", "jacobian", "hessian", "directional"])
def test_a_call_with_many_points_counts_as_many(name: str) -> None:
    f = np.sin if name in ("derivative", "jacobian") else lambda x: np.sum(np.sin(x), -1)
    for most in (None, 1, 4, 10, 30):
        counted = Counted(f, many=True)
        estimate = FUNCTIONS[name](counted, vectorized=True, max_evaluations=most)
        assert counted.calls == estimate.evaluations <= (most or 1000)


def test_a_batch_that_fails_is_tried_point_by_point_and_counted() -> None:
    def root(x: Any) -> Any:
        if np.iscomplexobj(x) or np.any(x < 1):
            raise ValueError("outside")
        return np.sqrt(x)

    counted = Counted(root, many=True)
    estimate = derivative(counted, 1.0, vectorized=True)
    assert counted.calls == estimate.evaluations
    assert estimate.status.startswith("boundary: f has finite values on the right")
    assert abs(estimate.value - 0.5) <= estimate.error < 1e-9


# Bounds.

WITHIN: dict[str, Callable[..., Estimate]] = {
    "derivative": lambda f, x, low, high, m: derivative(f, x[0], 1, m, bounds=(low[0], high[0])),
    "second derivative": lambda f, x, low, high, m: derivative(f, x[0], 2, m, bounds=(low[0], high[0])),
    "gradient": lambda f, x, low, high, m: gradient(lambda v: np.sum(f(v)), x, m, bounds=(low, high)),
    "jacobian": lambda f, x, low, high, m: jacobian(f, x, m, bounds=Bounds(low, high)),
    "pattern found": lambda f, x, low, high, m: jacobian(f, x, m, sparsity=True, bounds=(low, high)),
    "pattern given": lambda f, x, low, high, m: jacobian(f, x, m, sparsity=np.eye(3), bounds=(low, high)),
    "hessian": lambda f, x, low, high, m: hessian(
        lambda v: np.sum(f(v)), x, m, bounds=list(zip(low, high, strict=True))
    ),
    "directional": lambda f, x, low, high, m: directional(f, x, x[::-1], 1, m, bounds=(low, high)),
}


@pytest.mark.parametrize("name", WITHIN)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_nothing_is_evaluated_outside_the_bounds(name: str, method: str, dtype: str) -> None:
    random = np.random.default_rng(7)
    for _ in range(12):
        x = (random.normal(size=3) * 10.0 ** random.integers(-6, 6)).astype(dtype)
        below, above = 10.0 ** random.uniform(-16, 1, (2, 3)) * np.abs(x) * random.integers(0, 2, (2, 3))
        low, high = np.minimum(x - below, x), np.maximum(x + above, x)
        size = float(abs(x[0]))
        counted = Counted(lambda v, size=size: np.sin(v / size) ** 2)
        WITHIN[name](counted, x, low, high, method)
        for point in counted.points:
            at = np.resize(point.real, 3) if point.ndim else np.array([float(point.real), *x[1:]])
            assert not np.any((at < low) | (at > high))  # nan is a probe of the pattern


def test_a_bound_at_x_makes_the_derivative_one_sided() -> None:
    for bounds, side in (((0.5, 3.0), "right"), ((-1.0, 0.5), "left")):
        estimate = derivative(np.exp, 0.5, 1, "real", bounds=bounds)
        assert abs(estimate.value - np.exp(0.5)) <= estimate.error < 1e-9
        assert estimate.status.startswith(f"boundary: f has finite values on the {side}")


def test_equal_bounds_leave_nothing_to_differentiate() -> None:
    estimate = gradient(total, X, bounds=(X - [0, 1, 1], X + [0, 1, 1]))
    assert np.isinf(estimate.error[0])
    assert estimate.status.startswith("boundary")
    assert abs(estimate.value[1] - (np.cos(2) + np.sin(3))) <= estimate.error[1] < 1e-9


@pytest.mark.parametrize(
    "bounds",
    [
        ([0.0, 1.0], [2.0, 3.0]),
        np.array([[0.0, 1.0], [2.0, 3.0]]),
        [(0, 2), (1, 3)],  # as scipy.optimize.minimize takes them
        [(None, 2), (1, None)],
        (None, [2, 3]),
        (0, 3),
        Bounds([0, 1], [2, 3]),
    ],
)
def test_bounds_in_every_form(bounds: Any) -> None:
    estimate = gradient(total, np.array([1.0, 2.0]), bounds=bounds)
    assert estimate.status == "rounding"


def test_bounds_in_the_containers_of_x() -> None:
    x = {"a": X, "b": 2.0}
    low, high = {"a": X, "b": 2.0}, {"a": X + 1, "b": 2.5}
    counted = []

    def f(p: Any) -> Any:
        counted.append(p)
        return np.sum(np.sin(p["a"])) * p["b"]

    estimate = gradient(f, x, "real", bounds=(low, high))
    assert all(np.all(p["a"] >= X) and 2.0 <= p["b"] <= 2.5 for p in counted)
    assert np.all(np.abs(estimate.value["a"] - 2 * np.cos(X)) <= estimate.error["a"])


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ((2, 0), "the lower bound 2.0 of entry 0 is above its upper bound 0.0"),
        ((3, 4), r"entry 0 of x is 1.0, outside its bounds \(3.0, 4.0\)"),
        ((np.nan, 2), "with nan. Write None or infinity"),
        ((0, 1, 2), r"\(low, high\) is expected"),
        (1.0, r"\(low, high\) is expected"),
        (([0, 0], [1, 1]), r"\(low, high\) is expected"),
    ],
)
def test_bounds_that_are_wrong_are_told(bounds: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        derivative(np.sin, 1.0, bounds=bounds)


# Workers, threads, progress.


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_workers_give_the_same_digits(pool: Callable[[int], Executor]) -> None:
    with pool(2) as workers:
        for f, name in ((total, "gradient"), (vector, "jacobian"), (total, "hessian"), (plain, "derivative")):
            for method in METHODS:
                if f is plain and method == "complex":
                    continue  # math.sin drops imaginary parts: how it tells depends on the process
                assert same(FUNCTIONS[name](f, method=method), FUNCTIONS[name](f, method=method, workers=workers))
    with pytest.raises(RuntimeError, match="shutdown"):
        gradient(total, X, workers=workers)


def test_a_function_that_cannot_be_sent_is_told() -> None:
    with ProcessPoolExecutor(1) as workers, pytest.raises(Exception, match="pickle") as caught:
        gradient(lambda x: np.sum(x), X, workers=workers)
    assert "Let f be a function of a module" in caught.value.__notes__[0]


def test_threads_do_not_meet() -> None:
    points = [0.1 * i for i in range(1, 20)]
    expected = [derivative(np.sin, x) for x in points]
    before, different = list(warnings.filters), []

    def work() -> None:
        for _ in range(3):
            different.extend(x for x, e in zip(points, expected, strict=True) if derivative(np.sin, x) != e)
            gradient(lambda v: float(np.sum(v)), X)  # drops the imaginary part

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not different
    assert warnings.filters == before


def test_progress_goes_to_stderr_and_needs_no_terminal() -> None:
    code = "import math; from bibun.numerical import derivative; derivative(math.sin, 1.0, progress=True)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "evaluations of f" in done.stderr


# Points in one call.


def test_one_call_for_many_points_gives_the_same_digits() -> None:
    assert same(gradient(total, X), gradient(lambda x: np.sum(np.sin(x) * np.roll(x, 1, -1), -1), X, vectorized=True))
    assert same(derivative(vector_of_one, X), derivative(vectors, X, vectorized=True))


def vector_of_one(x: Any) -> Any:
    return np.array([np.sin(x), np.cos(x)])


def vectors(x: Any) -> Any:
    return np.stack([np.sin(x), np.cos(x)], axis=-1)


def test_one_call_for_many_containers() -> None:
    x = {"a": X, "b": 2.0}
    one = gradient(lambda p: np.sum(np.sin(p["a"])) * p["b"], x)
    many = gradient(lambda p: np.sum(np.sin(p["a"]), -1) * p["b"], x, vectorized=True)
    assert same(Estimate(one.value["a"], one.error["a"], 0, ""), Estimate(many.value["a"], many.error["a"], 0, ""))
    along = directional(lambda p: np.sum(p[0] ** 2, -1) * p[1], (X, 2.0), (X, 1.0), vectorized=True)
    assert abs(along.value - 70) <= along.error


@pytest.mark.parametrize("f", [np.sum, lambda x: np.sin(x)[:-1], lambda x: [1.0 for _ in x]])
def test_a_result_without_the_axis_of_the_points_is_told(f: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError, match="the first axis must be that of the points"):
        derivative(f, X, vectorized=True)


# What f does.


def test_a_function_that_changes_its_argument_changes_nothing_else() -> None:
    x = X.copy()
    view, seen = x[::2], []

    def f(v: Any) -> Any:
        seen.append(v)
        y = np.sum(v**2) + 0 * view[0]
        v *= 0
        return y

    for estimate in (gradient(f, x), directional(f, x, np.eye(3)[0]), hessian(f, x)):
        value, error = np.asarray(estimate.value), np.asarray(estimate.error)
        assert np.array_equal(x, X)
        assert not any(np.shares_memory(v, x) for v in seen)
        assert not np.shares_memory(value, error)
    assert np.array_equal(gradient(f, x).value, 2 * X)


def test_a_function_that_gives_the_same_buffer_each_time() -> None:
    buffer = np.zeros(2)

    def f(x: Any) -> Any:
        buffer[:] = np.sin(x.real), np.cos(x.real)
        return buffer

    estimate = derivative(f, 1.3)
    assert np.all(np.abs(estimate.value - [np.cos(1.3), -np.sin(1.3)]) <= estimate.error)
    assert not np.shares_memory(estimate.value, buffer)


class OutsideDomainError(Exception):
    """What a user's simulation may raise."""


@pytest.mark.parametrize("error", [ValueError, OutsideDomainError, OSError, StopIteration, UserWarning])
def test_an_exception_on_one_side_is_a_boundary(error: type[Exception]) -> None:
    def f(x: Any) -> Any:
        if np.max(np.real(x)) > 1:
            raise error("too large")
        return np.sin(x)

    for estimate in (derivative(f, 1.0, 1, "real"), gradient(lambda v: np.sum(f(v)), np.array([1.0]), "real")):
        assert estimate.status.startswith("boundary: f has finite values on the left")
        assert np.all(np.abs(estimate.value - np.cos(1)) <= estimate.error)


@pytest.mark.parametrize("error", [TypeError, AttributeError, OutsideDomainError, StopIteration])
def test_a_function_that_takes_no_complex_numbers(error: type[Exception]) -> None:
    def f(x: Any) -> Any:
        if np.iscomplexobj(x):
            raise error("complex")
        return np.sin(x)

    for estimate in (derivative(f, 1.0), gradient(lambda v: np.sum(f(v)), np.array([1.0]))):
        assert estimate.status == "rounding"
        assert np.all(np.abs(estimate.value - np.cos(1)) <= estimate.error)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, NameError])
def test_errors_of_the_program_reach_the_caller(error: type[BaseException]) -> None:
    def f(x: Any) -> Any:
        if np.any(x != 1.0):
            raise error("stop")
        return np.real(x)

    with pytest.raises(error):
        derivative(f, 1.0, 1, "real")
    with pytest.raises(error):
        gradient(lambda v: np.sum(f(v)), np.array([1.0]), "real")


def test_what_f_raises_at_x_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        derivative(lambda x: 1 / 0, 1.0)


def test_masked_results_have_no_value() -> None:
    estimate = derivative(lambda x: np.ma.array([np.sin(x), x], mask=[False, True]), 1.0)
    assert abs(estimate.value[0] - np.cos(1)) <= estimate.error[0]
    assert np.isinf(estimate.error[1])


# Complex numbers.


@pytest.mark.parametrize("method", METHODS)
def test_complex_results_of_real_x(method: str) -> None:
    truth = 1j * np.exp(1j * X)
    estimate = derivative(lambda x: np.exp(1j * x), X, 1, method)
    assert np.all(np.abs(estimate.value - truth) <= estimate.error)
    assert np.all(estimate.error < 1e-12)
    estimate = jacobian(lambda x: np.exp(1j * x), X, method)
    assert np.all(np.abs(estimate.value - np.diag(truth)) <= estimate.error)
    real, mixed = derivative(lambda x: (x * x, np.exp(1j * x)), 1.0, 1, method).value
    assert abs(real - 2) < 1e-13
    assert abs(mixed - truth[0]) < 1e-12


def test_a_real_function_of_complex_x_is_not_analytic() -> None:
    for estimate in (derivative(abs, 1 + 1j), jacobian(lambda z: abs(z) ** 2, np.array([1 + 1j]))):
        assert estimate.status.startswith("not analytic")
        assert np.all(estimate.error >= 0.5)


def test_a_gradient_of_real_and_complex_leaves() -> None:
    z = np.array([1 + 2j, 0.5 - 1j])
    estimate = gradient(lambda p: np.sum(np.abs(p[0]) ** 2) * np.sum(p[1]), (z, np.ones(2)))
    expected = bb.grad(lambda p: np.sum(np.abs(p[0]) ** 2) * np.sum(p[1]))((z, np.ones(2)))
    for value, error, truth in zip(estimate.value, estimate.error, expected, strict=True):
        assert value.dtype == truth.dtype
        assert np.all(np.abs(value - truth) <= error)


def test_a_hessian_by_complex_steps_that_fail_is_right() -> None:
    estimate = hessian(lambda x: np.sum(np.abs(x) ** 3), np.array([1.3, -0.7]), "complex")
    assert np.all(np.abs(estimate.value - np.diag([7.8, 4.2])) <= estimate.error)


# x, the direction, the result.


@dataclass
class Weights:
    w: np.ndarray
    b: float


def test_containers_of_every_kind() -> None:
    value = derivative(np.sin, {"a": X, "b": [1, 2.0]}).value
    assert np.allclose(value["a"], np.cos(X), rtol=1e-14)
    assert np.allclose(value["b"], np.cos([1, 2.0]), rtol=1e-14)
    value = gradient(lambda p: np.sum(p.w**2) * p.b, Weights(X, 2)).value
    assert np.allclose(value.w, 4 * X, rtol=1e-14)
    assert np.isclose(value.b, 14, rtol=1e-14)
    assert derivative(np.sin, []).value == gradient(lambda x: 0.0, []).value == []
    assert derivative(np.sin, np.zeros((0, 2))).value.shape == (0, 2)
    assert jacobian(np.sin, np.zeros(0), sparsity=True).value.shape == (0, 0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: derivative(np.sin, None), TypeError, "x is None"),
        (lambda: derivative(np.sin, "1"), TypeError, "x holds str"),
        (lambda: derivative(np.sin, 10**400), ValueError, "too large for float64"),
        (lambda: derivative(lambda x: 10**400, 1.0), ValueError, "too large for float64"),
        (lambda: gradient(np.sum, np.ma.array(X)), TypeError, r"masked array. Pass x.compressed\(\)"),
        (lambda: gradient(np.sum, bb.Variable(X)), LostDerivativeError, "x is a Variable.*Write x.data"),
        (lambda: derivative(lambda x: bb.Variable(X), 1.0), LostDerivativeError, "f gave a Variable"),
        (lambda: bb.grad(lambda a: derivative(lambda b: a * b, 1.0).value)(2.0), LostDerivativeError, "bibun.grad"),
        (lambda: jacobian(np.sin, [1.0, 2.0]), TypeError, r"x holds 2 arrays or numbers.*np.array\(x\)"),
        (lambda: hessian(np.sum, {"a": X, "b": X}), TypeError, "x holds 2 arrays or numbers"),
        (lambda: hessian(np.sum, X * 1j), TypeError, "x holds complex numbers"),
        (lambda: gradient(np.sum, X * 1j), ValueError, "f gave a complex number.*y.real"),
        (lambda: directional(np.sum, X, np.ones(2)), ValueError, r"x is of shape \(3,\), but the direction of shape"),
        (lambda: directional(lambda p: p["a"], {"a": 1.0}, {"b": 1.0}), ValueError, "they must be alike"),
        (lambda: derivative(np.sin, 1.0, max_evaluations=0), ValueError, "at least once"),
        (lambda: gradient(np.sum, X, max_evaluations=1.5), TypeError, "a whole number is expected"),
        (lambda: derivative(np.sin, 1.0, workers=4), TypeError, "an executor is expected"),
        (lambda: jacobian(vector, X, sparsity=True, max_evaluations=4), ValueError, "too few to find the pattern"),
        (lambda: jacobian(lambda x: 1j * x, X, sparsity=True), TypeError, "f gave complex numbers"),
    ],
)
def test_wrong_use_is_told(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_orders_and_directions_of_every_kind() -> None:
    assert derivative(np.exp, 0.5, np.int64(2)).value == derivative(np.exp, 0.5, 2).value
    assert directional(lambda x: np.sum(x**2), X, [1, 1, 1]).value == pytest.approx(12, rel=1e-14)
    huge = directional(lambda x: np.sum(np.sin(x)), X, [1e300, 0, 0], 2)
    assert huge.error == np.inf
    infinite = directional(lambda x: np.sum(np.sin(x)), X, [np.inf, 0, 0])
    assert infinite.error == np.inf
    assert infinite.status.startswith("not finite")


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_the_smallest_and_largest_x(dtype: str) -> None:
    info = np.finfo(dtype)
    for x in (info.max, -info.max, info.tiny, info.smallest_subnormal, np.dtype(dtype).type(-0.0)):
        for method in ("auto", "real"):
            estimate = derivative(lambda v: v, x, 1, method)
            assert abs(estimate.value - 1) <= estimate.error or estimate.error == np.inf
            assert derivative(np.sqrt, abs(x) * 0, 1, method).error == np.inf


def test_the_complex_step_claims_what_it_drops() -> None:
    for x in (0.0, 5e-324, 1e-310):
        estimate = derivative(lambda v: v**3, x)
        assert abs(estimate.value - 3 * x * x) <= estimate.error < 1e-20


def test_an_estimate_is_compared_copied_and_pickled() -> None:
    for estimate in (derivative(np.sin, 1.0), gradient(total, X), jacobian(vector, X, sparsity=True)):
        for other in (pickle.loads(pickle.dumps(estimate)), copy.copy(estimate), copy.deepcopy(estimate)):
            assert other == estimate
            assert hash(other) == hash(estimate)
    assert gradient(total, X) != gradient(total, X + 1)
    assert derivative(np.sin, 1.0) != 3


def test_numerical_derivatives_of_derivatives() -> None:
    second = derivative(lambda x: derivative(np.sin, x).value, 1.0)
    assert abs(second.value + np.sin(1)) < 1e-13
    matrix = jacobian(lambda x: bb.grad(lambda v: np.sum(v**3))(x), X)
    assert np.all(np.abs(matrix.value - np.diag(6 * X)) <= matrix.error)
