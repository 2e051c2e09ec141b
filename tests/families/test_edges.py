"""Second derivatives at ties and zeros, truncated inverses, and arguments in forms that NumPy takes too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

import bibun as bb
from bibun.scipy import linalg

X = np.array([[1.0, 2.0], [1.0, -1.0], [1.0, 0.5]])


def test_newtons_first_step_of_a_logistic_fit() -> None:
    """All margins are equal at w = 0: the Hessian of Σ log(1 + exp(-m)) is XᵀX / 4 there."""
    y = np.array([1.0, -1.0, 1.0])
    for loss in (lambda w: np.sum(np.logaddexp(0, -y * (X @ w))), lambda w: np.sum(special.softplus(-y * (X @ w)))):
        np.testing.assert_allclose(bb.hessian(loss)(np.zeros(2)), X.T @ X / 4, rtol=1e-14)
        np.testing.assert_allclose(bb.compile(bb.hessian(loss))(np.zeros(2)), X.T @ X / 4, rtol=1e-14)


@pytest.mark.parametrize("f", [np.logaddexp.reduce, lambda x: np.logaddexp.accumulate(x)[-1], special.logsumexp])
def test_the_second_derivative_where_terms_are_equal(f: Any) -> None:
    np.testing.assert_allclose(bb.hessian(f)(np.zeros(2)), [[0.25, -0.25], [-0.25, 0.25]], rtol=1e-14)
    np.testing.assert_allclose(bb.hessian(lambda x: np.logaddexp2(x[0], x[1]))(np.ones(2)) / np.log(2),
                               [[0.25, -0.25], [-0.25, 0.25]], rtol=1e-14)  # fmt: skip


def test_equal_infinities_share_equally() -> None:
    np.testing.assert_array_equal(bb.grad(lambda v: np.logaddexp(v[0], v[1]))(np.array([np.inf, np.inf])), [0.5, 0.5])


@pytest.mark.parametrize("a", [2.0, 10.0, 0.1])
@pytest.mark.parametrize("power", [np.power, np.float_power, lambda a, b: a**b])
def test_the_mixed_derivative_of_a_power_at_exponent_0(power: Any, a: float) -> None:
    """∂²/∂a∂b a**b = a**(b - 1) (1 + b log a)."""
    found = bb.hessian(lambda v: power(v[0], v[1]))(np.array([a, 0.0]))
    np.testing.assert_allclose(found, [[0, 1 / a], [1 / a, np.log(a) ** 2]], rtol=1e-14)
    assert np.all(np.isfinite(bb.grad(lambda v: power(v[0], v[1]))(np.array([0.0, 0.0]))))


SECOND: dict[
    str, tuple[Callable[[Any], Any], float, float]
] = {  # at the edge the limit of the second derivative within
    "arcsin at 1": (np.arcsin, 1.0, np.inf),
    "arcsin at -1": (np.arcsin, -1.0, -np.inf),
    "arccos at 1": (np.arccos, 1.0, -np.inf),
    "arccos at -1": (np.arccos, -1.0, np.inf),
    "arctanh at 1": (np.arctanh, 1.0, np.inf),
    "arctanh at -1": (np.arctanh, -1.0, -np.inf),
    "arccosh at 1": (np.arccosh, 1.0, -np.inf),
    "emath.arcsin at -1": (np.emath.arcsin, -1.0, -np.inf),
    "emath.arccos at 1": (np.emath.arccos, 1.0, -np.inf),
    "emath.arctanh at 1": (np.emath.arctanh, 1.0, np.inf),
    "log at 0": (np.log, 0.0, -np.inf),
    "sqrt at 0": (np.sqrt, 0.0, -np.inf),
    "rgamma at -700": (special.rgamma, -700.0, -np.inf),  # -2 ψ(701) 700! there
    "rgamma at -701": (special.rgamma, -701.0, np.inf),
}


@pytest.mark.parametrize(("f", "edge", "limit"), SECOND.values(), ids=SECOND)
def test_the_second_derivative_at_an_edge_by_all_orders_of_modes(f: Any, edge: float, limit: float) -> None:
    """Reverse over reverse has the terms of an infinite cotangent one by one: none may be 0 times infinity."""

    def pushed(x: Any) -> Any:
        return bb.jvp(f, (x,), (1.0,))[1]

    def grad_of_grad(x: Any) -> Any:
        return bb.grad(bb.grad(f))(x)

    with np.errstate(all="ignore"):
        found = [
            grad_of_grad(edge),
            bb.jvp(bb.grad(f), (edge,), (1.0,))[1],
            bb.grad(pushed)(edge),
            bb.jvp(pushed, (edge,), (1.0,))[1],
            bb.compile(grad_of_grad)(edge),
        ]
        if abs(edge) <= 1:
            near = edge - 1e-6 * np.sign(edge) if f is not np.arccosh and edge else edge + 1e-6
            assert np.sign(bb.grad(bb.grad(f))(near)) == np.sign(limit)
    np.testing.assert_array_equal(found, limit)


def test_slopes_of_inverse_functions_beside_their_edges() -> None:
    """arcsin' = 1 / sqrt(d (2 - d)) at x = 1 - d, and so on; compiled too, and of complex numbers on either side of a cut."""
    d = 2.0 ** -np.arange(1.0, 50, 7)
    root = np.sqrt(d * (2 - d))
    for f, slope in (
        (np.arcsin, 1 / root), (np.arccos, -1 / root), (np.arctanh, 1 / root**2),
        (lambda x: np.arccosh(2 - x), -1 / np.sqrt(d * (2 + d))),
    ):  # fmt: skip
        gradient = bb.grad(lambda x, f=f: np.sum(f(x)))
        np.testing.assert_allclose(gradient(1 - d), slope, rtol=4e-16)
        np.testing.assert_allclose(bb.compile(gradient)(1 - d), slope, rtol=4e-16)
    z = np.array([complex(2, 0.0), complex(2, -0.0), complex(-2, 0.0), complex(-2, -0.0), 0.3 + 0.4j])
    beside = z + 1j * np.copysign(1e-9, np.imag(z))
    for f in (np.arcsin, np.arccos, np.arctanh, np.arccosh):

        def push(z: Any, f: Any = f) -> Any:
            return bb.jvp(f, (z,), (np.ones_like(z),))[1]

        numerical = (f(beside + 1e-6) - f(beside - 1e-6)) / 2e-6
        np.testing.assert_allclose(push(z), numerical, rtol=1e-7)
        np.testing.assert_allclose(bb.compile(push)(z), numerical, rtol=1e-7)


A, B = np.array([[1.0, 0.2], [0.2, 0.1]]), np.array([[0.0, 1.0], [1.0, 0.5]])
TRUNCATED: dict[str, Callable[[Any], Any]] = {
    "pinv": lambda e: np.linalg.pinv(A + e * B, rcond=0.5),
    "pinv of a batch": lambda e: np.linalg.pinv(np.stack([A + e * B, A * (1 + e)]), rcond=np.array([0.5, 1e-3])),
    "pinv of a Hermitian": lambda e: np.linalg.pinv(A + e * B, rcond=0.5, hermitian=True),
    "lstsq": lambda e: np.linalg.lstsq(A + e * B, np.array([1.0, 2.0]), rcond=0.5)[0],
    "scipy.linalg.pinv": lambda e: linalg.pinv(A + e * B, rtol=0.5),
    "scipy.linalg.lstsq": lambda e: linalg.lstsq(A + e * B, np.array([1.0, 2.0]), 0.5)[0],
}


@pytest.mark.parametrize("f", TRUNCATED.values(), ids=TRUNCATED)
def test_inverses_that_cut_singular_values_off(f: Callable[[Any], Any]) -> None:
    """Not Golub and Pereyra's derivative, which is that of matrices of lower rank."""
    e, h = 0.05, 1e-4
    numerical = (8 * (f(e + h) - f(e - h)) - (f(e + 2 * h) - f(e - 2 * h))) / (12 * h)
    np.testing.assert_allclose(bb.jacrev(f)(e), numerical, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(bb.jacfwd(f)(e), numerical, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(bb.compile(bb.jacrev(f))(e), numerical, rtol=1e-9, atol=1e-9)


def test_an_inverse_of_lower_rank_with_a_cutoff() -> None:
    matrix = np.array([[1.0, 2.0], [2.0, 4.0]])
    found = bb.jacrev(lambda e: np.linalg.pinv(matrix * e, rcond=1e-6))(1.0)
    np.testing.assert_allclose(found, -np.linalg.pinv(matrix), rtol=1e-12)


def test_chebyshev_polynomials_of_degree_0_beyond_their_interval() -> None:
    x = np.array([-2.0, -0.5, 3.0])
    found = bb.jacobian(lambda x: np.stack([special.eval_chebyt(n, x) for n in range(3)]))(x)
    np.testing.assert_allclose(np.einsum("kii->ki", found), [0 * x, 1 + 0 * x, 4 * x], rtol=1e-13)
    assert (
        bb.grad(lambda x: special.eval_chebyc(0, x))(-3.0) == bb.grad(lambda x: special.eval_sh_chebyt(0, x))(-1.0) == 0
    )


def test_a_product_of_polynomials_begins_at_its_degree() -> None:
    for a in (np.array([0.0, 1.0, 2.0]), np.zeros(2), np.array([0.0, 0.0, 3.0])):
        value = np.polymul(bb.Variable(a), [1.0, 1.0])
        np.testing.assert_array_equal(value.data, np.polymul(a, [1.0, 1.0]))


def test_conditions_in_lists_and_an_axis_in_a_tuple() -> None:
    x = np.array([1.0, 5.0])
    np.testing.assert_array_equal(bb.grad(lambda x: np.sum(np.select([[True, False]], [3 * x], [1, 2])))(x), [3, 0])
    if hasattr(np, "cumulative_sum"):  # since NumPy 2.1
        found = bb.jacobian(lambda x: np.cumulative_sum(x[None], axis=(1,)))(x)
        np.testing.assert_array_equal(found[0], [[1, 0], [1, 1]])


def test_tukeys_lambda_outside_its_support() -> None:
    """Constant there: 0 and 1 for |x| > 1 / λ."""
    for x in (-2.0, 2.0):
        assert bb.grad(lambda x: special.tklmbda(x, 1.0))(x) == bb.grad(lambda b: special.tklmbda(x, b))(1.0) == 0
    np.testing.assert_allclose(bb.grad(lambda x: special.tklmbda(x, 1.0))(0.3), 0.5, rtol=1e-14)  # (x + 1) / 2


def test_a_noncentral_t_of_many_degrees_of_freedom() -> None:
    """Nearly normal about the noncentrality."""
    with np.errstate(over="ignore"):
        slope = bb.grad(lambda x: special.nctdtr(1e4, 0.5, x))(0.3)
    np.testing.assert_allclose(slope, np.exp(-0.02) / np.sqrt(2 * np.pi), rtol=1e-4)


@pytest.mark.parametrize("a", [-2.0, np.array([-1.5, 2.0])])
def test_a_complex_power_of_a_negative_number(a: Any) -> None:
    """d a**z / dz = a**z log a, on the principal branch."""
    z = 0.5 + 0.3j
    expected = (a + 0j) ** z * np.log(a + 0j)
    np.testing.assert_allclose(bb.jvp(lambda z: a**z, (z,), (1 + 0j,))[1], expected, rtol=1e-14)
    np.testing.assert_allclose(bb.jacobian(lambda z: a**z)(z), expected, rtol=1e-14)


@pytest.mark.parametrize(
    "operate", [lambda x, m: x * m, lambda x, m: m * x, lambda x, m: x + m, lambda x, m: x / m, lambda x, m: x**m]
)
def test_masked_arrays_are_refused_on_both_sides(operate: Any) -> None:
    """Their sums leave entries out, which a rule would not know."""
    masked = np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])
    with pytest.raises(bb.LostDerivativeError, match="masked array"):
        bb.grad(lambda x: np.sum(operate(x, masked)))(np.ones(3))


_ENDLESS = [
    complex(np.inf, 1),
    complex(1, -np.inf),
    complex(np.inf, np.inf),
    complex(-np.inf, -0.0),
    1 + 2j,
    complex(np.nan, 1),
]


@pytest.mark.parametrize("dtype", "DF")
@pytest.mark.parametrize("exponent", [0, 1.0, 2, 2.0, -1, -1.0, 0.5, 3, 1 + 1j, np.float64(0.5)], ids=repr)
def test_complex_powers_by_the_operator_and_by_the_function(exponent: Any, dtype: str) -> None:
    """NumPy's operator of an array is a root, a reciprocal or a square where its function is a power: infinities tell."""
    z = np.array(_ENDLESS, dtype)
    for f in (lambda z: z**exponent, lambda z: np.power(z, exponent)):
        for x in (z, z[:1].reshape(())):
            with np.errstate(all="ignore"):
                want = f(x)
                found = [
                    f(bb.Variable(x)),
                    f(bb.Variable(x).copy()),
                    bb.jvp(f, (x,), (x,))[0],
                    bb.vjp(f, x)[0],
                    bb.compile(f)(x),
                    *([bb.vmap(f)(x[None])[0]] if x.ndim else []),  # else the entries are numbers
                ]
            for y in found:
                y = y.data if isinstance(y, bb.Variable) else y
                assert y.dtype == want.dtype
                np.testing.assert_allclose(np.real(y), np.real(want), rtol=1e-6, equal_nan=True)
                np.testing.assert_allclose(np.imag(y), np.imag(want), rtol=1e-6, equal_nan=True)


def test_a_complex_power_in_place_is_the_operators() -> None:
    x = np.array(_ENDLESS)
    y = bb.Variable(x).copy()
    with np.errstate(all="ignore"):
        x **= 0.5
        y **= 0.5
    np.testing.assert_array_equal(y.data, x)
