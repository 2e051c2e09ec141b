"""Questions that NumPy asks of a class: np.isscalar's, and np.polynomial's before it spreads coefficients over x; and the
arrays that np.polynomial makes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.polynomial import chebyshev, hermite, hermite_e, laguerre, legendre, polynomial

import bibun as bb
from tests.families.agreement import check_first

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


BASES = {
    "poly": polynomial, "cheb": chebyshev, "leg": legendre, "herm": hermite, "herme": hermite_e, "lag": laguerre,
}  # fmt: skip
C, Y = np.array([1.0, -0.5, 0.25]), np.array([0.9, -0.3, 0.5])
C2, C3 = np.cos(np.arange(6.0)).reshape(2, 3), np.cos(np.arange(24.0)).reshape(2, 3, 4)

# x and c are both traced; `of` gives a function of the module: of("val") is chebval.
SERIES: dict[str, Any] = {
    "val": lambda of, x, c: of("val")(x, c),
    "val of a number": lambda of, x, c: of("val")(x[0], np.outer(c, c)),
    "val2d": lambda of, x, c: of("val2d")(x, c, C2),
    "val2d of its own coefficients": lambda of, x, c: of("val2d")(x, Y, np.outer(c, x)),
    "val3d": lambda of, x, c: of("val3d")(x, c, Y, C3),
    "grid2d": lambda of, x, c: of("grid2d")(x, c, C2),
    "grid3d": lambda of, x, c: of("grid3d")(x, c, Y, C3),
    "vander": lambda of, x, c: of("vander")(x, 3) * c[:, None],
    "vander2d": lambda of, x, c: of("vander2d")(x, c, [2, 1]),
    "vander3d": lambda of, x, c: of("vander3d")(x, c, Y, [1, 1, 1]),
    "der": lambda of, x, c: of("der")(np.outer(c, x), axis=1),
    "int": lambda of, x, c: of("int")(c, 2, k=[x[0], 1.0], lbnd=0.5),
    "sum with a longer one": lambda of, x, c: of("sub")(of("add")([1.0, 2.0, 3.0, 4.0], c), x),
    "product": lambda of, x, c: of("mul")(of("mulx")(c), of("pow")(x, 2)),
    "division": lambda of, x, c: np.concatenate(of("div")(c, x[:2])),
    "roots": lambda of, x, c: np.sort(np.abs(of("roots")(c))) * x[0],
    "fromroots": lambda of, x, c: of("fromroots")(x) * c[0],
    "fit": lambda of, x, c: of("fit")(x, c, 1, w=1 + x * x),
    "fit of some degrees": lambda of, x, c: of("fit")(x, c, [0, 2]),
}
CLASSES: dict[str, Any] = {
    "points": lambda kind, x, c: kind(C, domain=[0.0, 3.0])(x) * c,
    "coefficients": lambda kind, x, c: kind(c)(x),
    "domain": lambda kind, x, c: kind(c, domain=[x[0], 3.0])(Y),
    "arithmetic": lambda kind, x, c: (kind(c) * kind(x) - 2.0 * kind(c) ** 2 + x[0] * kind(C) / c[0] - c[1]).coef,
    "composition": lambda kind, x, c: kind(c)(kind(x)).coef,
    "derivative": lambda kind, x, c: kind(c).deriv()(x) + kind(c).integ()(x),
    "fit": lambda kind, x, c: kind.fit(x, c, 1)(Y),
    "conversion": lambda kind, x, c: kind.fit(x, c, 1).convert(kind=np.polynomial.Legendre).coef,
}


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("basis", BASES)
def test_series(basis: str, name: str) -> None:
    def f(x: Any, c: Any) -> Any:
        return SERIES[name](lambda word: getattr(BASES[basis], basis + word), x, c)

    _check_and_compile(f)


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("kind", [np.polynomial.Polynomial, np.polynomial.Chebyshev, np.polynomial.Hermite])
def test_classes_of_series(kind: Any, name: str) -> None:
    _check_and_compile(lambda x, c: CLASSES[name](kind, x, c))


def _check_and_compile(f: Any) -> None:
    """Derivatives as differences of plain NumPy's values; compiled, at another point than the one recorded."""
    check_first(f, X, C)
    compiled = bb.compile(f)
    compiled(X, C)
    np.testing.assert_allclose(compiled(X * 0.9, C * 1.1), f(X * 0.9, C * 1.1), rtol=1e-11, atol=1e-13)


def test_series_of_each_entry_of_a_batch() -> None:
    points, coefficients = np.stack([X, X / 2]), np.stack([C, Y])
    for f in (
        chebyshev.chebval,
        lambda x, c: legendre.legvander(x, 3) * c[0],
        lambda x, c: laguerre.lagval2d(x, c, C2),
    ):
        expected = np.stack([f(x, c) for x, c in zip(points, coefficients, strict=True)])
        np.testing.assert_allclose(bb.vmap(f)(points, coefficients), expected, rtol=1e-13)


def test_plain_series_stay_plain() -> None:
    for made in (chebyshev.chebvander(X, 2), hermite.hermval2d(X, Y, C2), np.polynomial.Polynomial.fit(X, Y, 1).coef):
        assert type(made) is np.ndarray
    for kind in (np.polynomial.Polynomial, np.polynomial.Laguerre):
        composed = kind(C)(kind(Y, domain=[0, 1]))
        assert type(composed) is kind
        np.testing.assert_allclose(composed(0.25), kind(C)(kind(Y, domain=[0, 1])(0.25)), rtol=1e-13)


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
