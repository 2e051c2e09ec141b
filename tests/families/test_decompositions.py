"""General eigenvalues, QR, least squares, condition numbers, tensors as matrices; what has no derivative, and the keywords."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.errors import DerivativeValueError, NoDerivativeError
from tests.families.agreement import check, check_first, check_second, sample

S, T = sample(3, 3), sample(3, 3, seed=1)
Z = S + 1j * T
TURNING = np.array([[0.5, 2.0, 0.3], [-1.5, 0.4, 0.1], [0.2, -0.3, 2.5]])  # a pair of complex eigenvalues, a real one
REAL = np.array([[1.0, 0.3, 0.2], [0.5, 2.5, -0.4], [0.1, 0.6, 4.0]])  # all eigenvalues real
STACK = np.stack([TURNING, REAL + TURNING])
WIDE, TALL = sample(3, 5, seed=2), sample(5, 3, seed=3)
CUBE = sample(2, 4, 3, seed=4)


def of_matrix(a: Any, f: Any) -> Any:
    """f of a matrix, by its eigenvectors."""
    w, v = np.linalg.eig(a)
    return np.real((v * f(w)) @ np.linalg.inv(v))


def rest_projector(a: Any) -> Any:
    rest = np.linalg.qr(a, "complete")[0][:, 3:]
    return rest @ rest.T


def least(k: int) -> Any:
    return lambda a, b: np.linalg.lstsq(a, b)[k]


FUNCTIONS: dict[str, Any] = {
    "eigenvalues": (lambda a: np.linalg.eig(a).eigenvalues, TURNING),
    "eigenvalues, real": (lambda a: np.linalg.eig(a)[0], REAL),
    "eigenvectors, real": (lambda a: np.linalg.eig(a).eigenvectors, REAL),
    "modulus of the vectors": (lambda a: np.abs(np.linalg.eig(a)[1]), TURNING),
    "product of a pair": (lambda a: np.imag(np.linalg.eig(a)[1] @ np.linalg.eig(a)[1].T), TURNING),
    "of a stack": (lambda a: np.abs(np.linalg.eig(a)[1]) * np.linalg.eig(a)[0][..., None, :], STACK),
    "complex": (lambda a: np.abs(np.linalg.eig(a)[1]), Z),
    "exponential": (lambda a: of_matrix(a, np.exp), TURNING),
    "inverse": (lambda a: of_matrix(a, lambda w: 1 / w), REAL),
    "eigvals": (np.linalg.eigvals, TURNING),
    "eigvals, real": (np.linalg.eigvals, REAL),
    "eigvals, complex": (np.linalg.eigvals, Z),
    "eigvals of a stack": (np.linalg.eigvals, STACK),
    "q": (lambda a: np.linalg.qr(a).Q, TALL),
    "r": (lambda a: np.linalg.qr(a).R, TALL),
    "q wide": (lambda a: np.linalg.qr(a)[0], WIDE),
    "r wide": (lambda a: np.linalg.qr(a)[1], WIDE),
    "r alone": (lambda a: np.linalg.qr(a, "r"), TALL),
    "r alone, wide": (lambda a: np.linalg.qr(a, mode="r"), WIDE),
    "q complete": (lambda a: np.linalg.qr(a, "complete")[0][:, :3], TALL),
    "r complete": (lambda a: np.linalg.qr(a, "complete")[1], TALL),
    "projector on the rest": (rest_projector, TALL),
    "q of a stack": (lambda a: np.linalg.qr(a)[0], CUBE),
    "q complex": (lambda a: np.linalg.qr(a)[0], Z),
    "r complex": (lambda a: np.linalg.qr(a)[1], Z[:2].copy()),
    "lstsq": (least(0), TALL, sample(5, 2)),
    "lstsq of a vector": (least(0), TALL, sample(5)),
    "lstsq, wide": (least(0), WIDE, sample(3, 2)),
    "lstsq, complex": (least(0), Z[:, :2].copy(), Z[:, 2].copy()),
    "lstsq, residuals": (least(1), TALL, sample(5, 2)),
    "lstsq, residuals of complex": (least(1), Z[:, :2].copy(), Z[:, 2].copy()),
    "lstsq, singular values": (lambda a: np.linalg.lstsq(a, sample(5))[3], TALL),
    "lstsq, given rcond": (lambda a, b: np.linalg.lstsq(a, b, rcond=-1)[0], TALL, sample(5)),
    "tensorinv": (np.linalg.tensorinv, sample(2, 3, 6)),
    "tensorinv, ind": (lambda a: np.linalg.tensorinv(a, ind=1), sample(6, 3, 2)),
    "tensorsolve": (np.linalg.tensorsolve, sample(2, 3, 6), sample(2, 3, seed=1)),
    "tensorsolve, axes": (lambda a, b: np.linalg.tensorsolve(a, b, axes=(0, 1)), sample(2, 3, 6), sample(6)),
    **{
        f"cond {p}": (lambda a, p=p: np.linalg.cond(a, p), S)
        for p in (None, 2, -2, 1, -1, np.inf, -np.inf, "fro", "nuc")
    },
    "cond of a stack": (lambda a: np.linalg.cond(a, 1), STACK),
    "cond, not square": (np.linalg.cond, TALL),
    "cond, complex": (lambda a: np.linalg.cond(a, "fro"), Z),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives(name: str) -> None:
    f, *xs = FUNCTIONS[name]
    if any(x.dtype.kind == "c" for x in xs):
        check_first(f, *xs)
        check_second(f, *xs)
    else:
        check(f, *xs, batch=False)


def test_the_types_are_numpys() -> None:
    for a in (TURNING, REAL, Z, REAL.astype(np.float32)):
        want = np.linalg.eig(a)
        got, _ = bb.vjp(np.linalg.eig, a)
        assert type(got) is type(want)
        for x, y in zip(got, want, strict=True):
            assert (x.dtype, x.tobytes()) == (y.dtype, y.tobytes())
        assert bb.vjp(np.linalg.eigvals, a)[0].dtype == np.linalg.eigvals(a).dtype
    x, residuals, rank, s = bb.vjp(lambda a: np.linalg.lstsq(a, sample(5)), TALL)[0]
    for got, want in zip((x, residuals, rank, s), np.linalg.lstsq(TALL, sample(5)), strict=True):
        assert np.array_equal(got, want)
        assert np.asarray(got).dtype == np.asarray(want).dtype
    assert bb.vjp(lambda a: np.linalg.lstsq(a, sample(3))[1], WIDE)[0].shape == (0,)


def test_the_eigenvalues_of_a_companion_matrix() -> None:
    """The roots of (x - 1)(x - 2)(x - 4), whose derivative by the coefficients is -x^k / p'(x)."""
    p = np.poly([1.0, 2.0, 4.0])

    def roots(c: Any) -> Any:
        a = np.eye(3, k=-1) + np.zeros_like(c, shape=(3, 3))
        a[0] = -c
        return np.sort(np.linalg.eigvals(a))

    x = np.array([1.0, 2.0, 4.0])
    want = -(x[:, None] ** np.array([2, 1, 0])) / np.polyval(np.polyder(p), x)[:, None]
    np.testing.assert_allclose(bb.jacrev(roots)(p[1:]), want, rtol=1e-11)
    np.testing.assert_allclose(bb.jacfwd(roots)(p[1:]), want, rtol=1e-11)


def test_equal_eigenvalues() -> None:
    """Their sum is the trace; vectors, and what tells them apart, have no derivative."""
    a = np.diag([2.0, 2.0, 3.0])
    np.testing.assert_allclose(bb.grad(lambda a: np.sum(np.linalg.eigvals(a)))(a), np.eye(3), atol=1e-15)
    np.testing.assert_allclose(bb.grad(lambda a: np.linalg.eigvals(a)[0])(a), np.diag([0.5, 0.5, 0]), atol=1e-15)
    np.testing.assert_allclose(bb.grad(lambda a: np.linalg.eig(a)[0][2])(a), np.diag([0, 0, 1.0]), atol=1e-15)
    with pytest.raises(DerivativeValueError, match="equal to rounding"):
        bb.grad(lambda a: of_matrix(a, np.exp)[0, 0])(a)
    with pytest.raises(DerivativeValueError, match="equal to rounding"):
        bb.jvp(np.linalg.eig, (a,), (S,))
    turn = np.zeros((3, 3))
    turn[0, 2] = 1.0  # of the vector of 3 into the first axis: da / (3 - 2)
    np.testing.assert_allclose(bb.grad(lambda a: np.linalg.eig(a)[1][0, 2])(a), turn, atol=1e-15)


@pytest.mark.parametrize("values", [np.linalg.eigvals, lambda a: np.linalg.eig(a)[0]], ids=["eigvals", "eig"])
def test_eigenvalues_whose_second_derivative_is_rounding(values: Any) -> None:
    """The phases of the vectors do not matter to them: the trace, and the values of a multiple of one matrix, are linear."""
    trace = lambda a: np.real(np.sum(values(a)))  # noqa: E731
    np.testing.assert_allclose(bb.hvp(trace, (TURNING,), (REAL,)), 0, atol=1e-12)
    np.testing.assert_allclose(bb.grad(lambda a: np.sum(bb.grad(trace)(a) * REAL))(TURNING), 0, atol=1e-12)
    sizes = lambda s: np.sum(np.abs(values(s * TURNING)) ** 3)  # noqa: E731
    expected = 6 * 1.5 * np.sum(np.abs(np.linalg.eigvals(TURNING)) ** 3)
    np.testing.assert_allclose(bb.grad(bb.grad(sizes))(1.5), expected, rtol=1e-12)
    np.testing.assert_allclose(bb.grad(bb.grad(bb.grad(sizes)))(1.5), expected / 1.5, rtol=1e-12)


def test_what_no_eigenvector_has() -> None:
    with pytest.raises(DerivativeValueError, match="phases"):
        bb.grad(lambda a: np.sum(np.real(np.linalg.eig(a)[1])))(Z)
    with pytest.raises(DerivativeValueError, match="defective"):
        bb.grad(lambda a: np.linalg.eigvals(a)[0])(np.array([[1.0, 1.0], [0.0, 1.0]]))


def test_rank_and_completion() -> None:
    with pytest.raises(DerivativeValueError, match="dependent"):
        bb.grad(lambda a: np.linalg.qr(a)[0][0, 0])(np.ones((3, 2)))
    with pytest.raises(DerivativeValueError, match="arbitrary basis"):
        bb.grad(lambda a: np.linalg.qr(a, "complete")[0][0, 3])(TALL)
    with pytest.raises(NoDerivativeError, match="raw"):
        np.linalg.qr(bb.Variable(TALL), mode="raw")
    assert np.linalg.matrix_rank(bb.Variable(TALL)) == 3


def test_least_squares_of_deficient_rank() -> None:
    """Along changes that keep the rank, as of the pseudo-inverse."""
    left, right, b = sample(5, 2), sample(2, 3, seed=1), sample(5, seed=2)
    check_first(lambda x, y: np.linalg.lstsq(x @ y, b)[0], left, right)
    assert np.linalg.lstsq(bb.Variable(left @ right), b)[2] == 2


def test_singular_matrices() -> None:
    a = np.stack([REAL, np.ones((3, 3))])
    with np.errstate(all="ignore"):
        for p in (1, "fro"):
            y = bb.vjp(lambda a, p=p: np.linalg.cond(a, p), a)[0]
            np.testing.assert_allclose(y, np.linalg.cond(a, p))
    slope = bb.grad(lambda a: np.linalg.cond(a, 1)[0])(a)
    assert np.all(np.isfinite(slope))


@pytest.mark.parametrize("name", ["eig", "eigvals", "qr", "lstsq", "cond"])
def test_compiled(name: str) -> None:
    functions: dict[str, Any] = {
        "eig": lambda a: np.sum(np.abs(np.linalg.eig(a)[1]) ** 3),
        "eigvals": lambda a: np.sum(np.abs(np.linalg.eigvals(a)) ** 3),
        "qr": lambda a: np.sum(np.linalg.qr(a)[1] ** 2 * a),
        "lstsq": lambda a: np.sum(np.linalg.lstsq(a, S)[0] ** 2) + np.linalg.lstsq(a, S)[2],
        "cond": lambda a: np.linalg.cond(a, 1) + np.linalg.cond(a),
    }
    f = functions[name]
    compiled = bb.compile(bb.value_and_grad(f))
    for a in (TURNING, REAL, TURNING + 0.1 * S):  # real and complex eigenvalues take versions of their own
        for got, want in zip(compiled(a), bb.value_and_grad(f)(a), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)


def test_batches() -> None:
    stack = np.stack([TURNING, TURNING + 0.1 * S])
    for f in (lambda a: np.abs(np.linalg.eig(a)[1]), lambda a: np.linalg.qr(a)[0], lambda a: np.linalg.lstsq(a, S)[0]):
        gradient = bb.grad(lambda a, f=f: np.sum(f(a) ** 3))
        np.testing.assert_allclose(bb.vmap(f)(stack), np.stack([f(a) for a in stack]), rtol=1e-12)
        np.testing.assert_allclose(bb.vmap(gradient)(stack), np.stack([gradient(a) for a in stack]), atol=1e-12)


@pytest.mark.parametrize("rcond", [None, -1, 1e-6])
def test_rank_of_single_precision_is_numpys(rcond: Any) -> None:
    """NumPy asks LAPACK for double, so 4 eps of double is what counts as zero."""
    a = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    a[:, 2] = a[:, 0] + a[:, 1]
    b = np.arange(4, dtype=np.float32)
    f = lambda a: np.linalg.lstsq(a, b, rcond)  # noqa: E731
    for got, want in zip(f(bb.Variable(a)), f(a), strict=True):
        np.testing.assert_array_equal(got.data if isinstance(got, bb.Variable) else got, want)


@pytest.mark.parametrize("settings", [{"hermitian": True}, {}, {"rcond": 1e-3}], ids=str)
def test_pseudo_inverses_of_whole_numbers(settings: Any) -> None:
    a = np.array([[[2, 1], [1, 3]], [[1, 2], [2, 4]]])
    np.testing.assert_allclose(
        bb.vmap(lambda y: np.linalg.pinv(y, **settings))(a), np.linalg.pinv(a, **settings), atol=1e-15
    )
