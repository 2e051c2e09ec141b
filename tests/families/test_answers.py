"""Questions that NumPy asks of a class: np.isscalar's, and np.polynomial's before it spreads coefficients over x."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.polynomial import chebyshev, hermite, hermite_e, laguerre, legendre, polynomial

import bibun as bb

X = np.array([0.3, 0.7, 1.2])
EVALUATED = {
    polynomial.polyval: polynomial.polyder,
    chebyshev.chebval: chebyshev.chebder,
    legendre.legval: legendre.legder,
    hermite.hermval: hermite.hermder,
    hermite_e.hermeval: hermite_e.hermeder,
    laguerre.lagval: laguerre.lagder,
}


@pytest.mark.parametrize("tensor", [True, False])
@pytest.mark.parametrize("columns", [3, 1])
@pytest.mark.parametrize("evaluate", EVALUATED, ids=lambda f: f.__name__)
def test_coefficients_of_more_axes(evaluate: Any, columns: int, tensor: bool) -> None:
    """NumPy's own derivative of the polynomial is the truth; three columns fit three points by accident."""
    coefficients = np.arange(1.0, 10.0).reshape(3, 3)[:, :columns]
    slope = evaluate(X, EVALUATED[evaluate](coefficients), tensor=tensor)
    weights = np.cos(np.arange(slope.size)).reshape(slope.shape)

    def f(x: Any) -> Any:
        return np.sum(weights * evaluate(x, coefficients, tensor=tensor))

    expected = weights * slope
    expected = expected.sum(0) if slope.ndim == 2 else expected
    for transform in (lambda f: f, bb.compile):
        value, gradient = transform(bb.value_and_grad(f))(X)
        np.testing.assert_allclose(value, f(X), rtol=1e-14)
        np.testing.assert_allclose(gradient, expected, rtol=1e-13)
    np.testing.assert_allclose(bb.jvp(f, (X,), (np.ones(3),))[1], expected.sum(), rtol=1e-13)
    many = bb.vmap(lambda x: evaluate(x, coefficients, tensor=tensor))(np.stack([X, X / 2]))
    np.testing.assert_allclose(many[1], evaluate(X / 2, coefficients, tensor=tensor), rtol=1e-14)


def test_roots_are_spread_over_the_points() -> None:
    value, gradient = bb.value_and_grad(lambda x: np.sum(polynomial.polyvalfromroots(x, [1.0, 2.0, 3.0])))(X)
    np.testing.assert_allclose(value, np.sum((X - 1) * (X - 2) * (X - 3)), rtol=1e-14)
    np.testing.assert_allclose(gradient, 3 * X**2 - 12 * X + 11, rtol=1e-13)


def power(x: Any) -> Any:
    return x**2 if np.isscalar(x) else x**3


def test_a_traced_number_is_a_scalar() -> None:
    assert bb.grad(power)(2.0) == 4
    assert bb.jvp(power, (2.0,), (1.0,)) == (4, 4)
    assert bb.compile(bb.grad(power))(2.0) == 4
    assert bb.hessian(power)(2.0) == 2
    np.testing.assert_array_equal(bb.vmap(power)(np.array([2.0, 3.0])), [4, 9])


def test_a_traced_array_is_none() -> None:
    assert bb.grad(power)(np.array(2.0)) == 12  # np.isscalar(np.array(2.0)) is False
    np.testing.assert_array_equal(bb.jacobian(power)(np.array([2.0])), [[12]])


def test_a_density_of_one_number_or_many() -> None:
    def density(x: Any) -> Any:
        scalar = np.isscalar(x)
        y = np.exp(-(np.atleast_1d(x) ** 2))
        return y[0] if scalar else y

    assert bb.grad(density)(0.5) == pytest.approx(-np.exp(-0.25), rel=1e-15)


def test_the_answers_for_everything_else_are_numpys() -> None:
    answers = [np.isscalar(x) for x in (1, 2.0, 1j, True, "a", np.float32(1), np.array(1.0), [1], None, 2**70)]
    assert answers == [True, True, True, True, True, True, False, False, False, True]
