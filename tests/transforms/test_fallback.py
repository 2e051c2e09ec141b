"""Black boxes inside differentiated code: closed forms are the truth, the bounds of the numerical derivatives the measure."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import bibun as bb
from bibun.transforms.fallback import disturbed, watching

X = np.array([0.3, 0.7, 1.1])


@bb.numerical_fallback
def sines(x: Any, k: Any) -> Any:
    """Of plain numbers: nothing traced may come here."""
    assert type(x) is np.ndarray
    return np.array([math.sin(float(v)) * float(k) for v in x])


def f(x: Any) -> Any:
    return np.sum(np.exp(x) * sines(x, 2.0) ** 2)


GRADIENT = 4 * np.exp(X) * (np.sin(X) ** 2 + np.sin(2 * X))
CURVATURE = 4 * np.exp(X) * (np.sin(X) ** 2 + 2 * np.sin(2 * X) + 2 * np.cos(2 * X))


def test_reverse_forward_and_second_order() -> None:
    assert_allclose(bb.grad(f)(X), GRADIENT, rtol=1e-10)
    assert_allclose(bb.jvp(f, (X,), (np.ones(3),))[1], np.sum(GRADIENT), rtol=1e-10)
    assert_allclose(bb.jacobian(lambda x: sines(x, 2.0))(X), np.diag(2 * np.cos(X)), atol=1e-10)
    assert_allclose(np.diag(bb.hessian(f)(X)), CURVATURE, rtol=1e-7)
    assert_allclose(bb.grad(lambda x: np.sum(bb.grad(f)(x)))(X), CURVATURE, rtol=1e-7)


def test_every_argument_and_batches() -> None:
    assert_allclose(bb.grad(lambda k: np.sum(sines(X, k)))(3.0), np.sum(np.sin(X)), rtol=1e-10)
    assert_allclose(bb.vmap(lambda x: sines(x, 2.0))(np.stack([X, X + 1])), 2 * np.sin([X, X + 1]))
    x = bb.Variable(X.copy())
    f(x).backward()
    assert_allclose(x.grad, GRADIENT, rtol=1e-10)


def test_containers_and_complex_numbers() -> None:
    @bb.numerical_fallback
    def both(p: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return complex(p["a"]) ** 2, {"size": abs(complex(p["z"])) ** 2}

    def g(p: dict[str, Any]) -> Any:
        y, rest = both(p)
        return np.real(y) * rest["size"]

    found = bb.grad(g)({"a": 3.0, "z": 1.0 + 2.0j})
    assert_allclose(found["a"], 2 * 3.0 * 5.0, rtol=1e-9)
    assert_allclose(found["z"], 9.0 * (2.0 - 4.0j), rtol=1e-9)  # df/da - i df/db


def test_it_may_change_its_arguments() -> None:
    @bb.numerical_fallback
    def spoils(x: Any) -> Any:
        x *= 2.0
        return float(np.sum(x**2))

    x = X.copy()
    assert_allclose(bb.grad(spoils)(x), 8 * X, rtol=1e-9)
    assert_array_equal(x, X)


@bb.numerical_fallback
def noisy(x: Any) -> Any:
    """sin(x), its digits from the seventh on at random: another number for each x."""
    bits = np.asarray(x).view(np.int64)
    return np.sin(x) + 1e-6 * (((bits * 2654435761) >> 32) % 2**20 / 2**20 - 0.5)


def test_the_bounds_are_told_and_hold() -> None:

    def g(x: Any) -> Any:
        return np.sum(noisy(x) * np.exp(x))

    expected = np.exp(X) * (np.cos(X) + np.sin(X))
    with watching() as used:
        found = bb.grad(g)(X)
    (one,) = used
    assert one.name == "noisy"
    assert one.status.startswith("noise")
    assert np.all(np.abs(found - expected) <= one.error)
    assert one.error < 1e-2
    with disturbed(0):
        off = bb.grad(g)(X)
    assert 0 < np.max(np.abs(off - found)) <= 1.001 * one.error


def test_a_check_knows_of_them() -> None:
    report = bb.check(lambda x: np.sum(noisy(x) * np.exp(x)), X)
    assert report.verdict in ("agrees", "undecided")
    assert any("noisy is differentiated numerically" in note for note in report.notes)
    (argument,) = report.arguments
    assert all(c.error > 1e-9 for c in argument.comparisons)  # rounding alone would be 1e-14


def test_a_wrong_rule_beside_a_black_box_is_still_found() -> None:
    @bb.custom_vjp
    def wrong(x: Any) -> Any:
        return x**2

    wrong.defvjp(lambda x: (x**2, x), lambda x, g: (g * x,))
    report = bb.check(lambda x: np.sum(sines(wrong(x), 2.0)), X)
    assert report.verdict == "disagrees"


def test_a_jump_has_no_derivative() -> None:
    @bb.numerical_fallback
    def step(x: Any) -> float:
        return 0.0 if float(x) < 1.0 else 1.0

    with pytest.raises(bb.NoDerivativeError, match="step has no derivative here that could be found numerically: jump"):
        bb.grad(step)(1.0)
    assert bb.grad(step)(3.0) == 0


def test_compiled_code_with_a_black_box_runs_plainly() -> None:
    compiled = bb.compile(bb.grad(f))
    with pytest.warns(bb.CompileWarning, match="black box"):
        assert_allclose(compiled(X), GRADIENT, rtol=1e-10)


@pytest.mark.parametrize(
    "differentiate", [lambda f: bb.grad(f)(0.0), lambda f: bb.jvp(f, (0.0,), (1.0,)), lambda f: bb.jacobian(f)(0.0)]
)
def test_an_estimate_that_nothing_bounds_is_refused(differentiate: Any) -> None:
    """The slope of the root at 0 is infinite; what is found is the number of the smallest step."""
    root = bb.numerical_fallback(math.sqrt)
    with pytest.raises(bb.NoDerivativeError, match="sqrt has no derivative here.*right of x only; nothing bounds"):
        differentiate(root)
    assert_allclose(bb.grad(root)(4.0), 0.25, rtol=1e-10)


def test_what_it_reads_from_around_is_told_in_the_users_words() -> None:
    def outer(x: Any) -> Any:
        @bb.numerical_fallback
        def inner(y: Any) -> Any:
            return x * y

        return inner(2.0)

    with pytest.raises(bb.NoDerivativeError, match="^inner reads a Variable from the code around it"):
        bb.grad(outer)(3.0)


@pytest.mark.parametrize("transform", [bb.numerical_fallback, bb.custom_vjp, bb.custom_jvp, bb.checkpoint])
def test_what_is_no_function_is_refused_at_once(transform: Any) -> None:
    with pytest.raises(TypeError, match=rf"^{transform.__name__}: 3.0 is no function"):
        transform(3.0)


def test_functions_without_a_name() -> None:
    """A partial and an object that is called have none."""

    class Cube:
        def __call__(self, x: Any) -> Any:
            return x**3

    for cube in (partial(lambda n, x: x**n, 3), Cube()):
        by_hand, forward = bb.custom_vjp(cube), bb.custom_jvp(cube)
        by_hand.defvjp(lambda x: (x**3, x), lambda x, g: (3 * x**2 * g,))
        forward.defjvp(lambda p, t: (p[0] ** 3, 3 * p[0] ** 2 * t[0]))
        for f in (by_hand, forward, bb.checkpoint(cube), bb.numerical_fallback(cube)):
            assert_allclose(bb.grad(f)(2.0), 12.0, rtol=1e-10)
    with pytest.raises(ValueError, match="backward of Cube returned 2 cotangents"):
        wrong = bb.custom_vjp(Cube())
        wrong.defvjp(lambda x: (x**3, x), lambda x, g: (g, g))
        bb.grad(wrong)(2.0)
