"""bibun.scipy.linalg against SciPy's own values and numerical derivatives of them, and against closed forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg as plain

import bibun as bb
from bibun.scipy import linalg
from tests.families.agreement import check, check_first, check_second
from tests.scipy.agreement import slopes

N = 4
_random = np.random.default_rng(0)
A = _random.normal(size=(N, N)) + 3 * np.eye(N)  # a general matrix with no eigenvalue on the negative axis
C = A + 1j * _random.normal(size=(N, N))
B, b = _random.normal(size=(N, 2)), _random.normal(size=N)
P = A @ A.T + np.eye(N)  # positive definite
S = A + A.T
BAND = _random.normal(size=(4, N)) + np.array([[0.0], [6.0], [0.0], [0.0]])
UPPER = 0.3 * _random.normal(size=(2, N)) + np.array(
    [[0.0], [4.0]]
)  # of a positive definite matrix with three diagonals
LOWER = UPPER[::-1].copy()
TALL = _random.normal(size=(2, 3, 2))
c, r = _random.normal(size=N) + np.array([5.0, 0, 0, 0]), _random.normal(size=N)

Case = tuple[Callable[..., Any], tuple[np.ndarray, ...]]


def case(f: Callable[..., Any], *xs: np.ndarray) -> Case:
    return f, xs


SOLVERS = {
    "solve": case(lambda a, b: linalg.solve(a, b), A, B),
    "solve transposed": case(lambda a, b: linalg.solve(a, b, transposed=True), A, b),
    "solve complex": case(lambda a, b: linalg.solve(a, b), C, B),
    "solve symmetric": case(lambda a, b: linalg.solve(a, b, assume_a="sym"), P, b),
    "solve tridiagonal": case(lambda a, b: linalg.solve(a, b, assume_a="tridiagonal"), A, B),
    "solve diagonal": case(lambda a, b: linalg.solve(a, b, assume_a="diagonal"), A, B),
    "solve triangular": case(lambda a, b: linalg.solve(a, b, assume_a="upper triangular"), A, B),
    "inv": case(lambda a: linalg.inv(a), A),
    "inv symmetric": case(lambda a: linalg.inv(a, assume_a="sym", lower=True), P),
    "upper": case(lambda a, b: linalg.solve_triangular(a, b), A, b),
    "lower adjoint": case(lambda a, b: linalg.solve_triangular(a, b, trans="C", lower=True), C, B),
    "upper, unit, transposed": case(lambda a, b: linalg.solve_triangular(a, b, trans=1, unit_diagonal=True), A, B),
    "banded": case(lambda a, b: linalg.solve_banded((2, 1), a, b), BAND, B),
    "three diagonals": case(lambda a, b: linalg.solve_banded((1, 1), a, b), BAND[:3], b),
    "toeplitz": case(lambda c, r, b: linalg.solve_toeplitz((c, r), b), c, r, B),
    "toeplitz, stacks": case(lambda c, b: linalg.solve_toeplitz(c, b), np.stack([c, c[::-1] + 9 * (c == c[0])]), B),
    "toeplitz, a stack of right sides": case(
        lambda c, r, b: linalg.solve_toeplitz((c, r), b), c, r, _random.normal(size=(3, N, 2))
    ),
    "symmetric toeplitz": case(lambda c, b: linalg.solve_toeplitz(c, b), c, b),
    "circulant": case(lambda c, b: linalg.solve_circulant(c, b), c, b),
    "sylvester": case(lambda a, b, q: linalg.solve_sylvester(a, b, q), A, P[:2, :2], B),
    "lyapunov": case(lambda a, q: linalg.solve_continuous_lyapunov(a, q), A, P),
    "lyapunov complex": case(lambda a, q: linalg.solve_continuous_lyapunov(a, q), C, P),
    "discrete lyapunov": case(lambda a, q: linalg.solve_discrete_lyapunov(a, q), A / 9, P),
    "discrete lyapunov, bilinear": case(lambda a, q: linalg.solve_discrete_lyapunov(a, q, method="bilinear"), A / 9, P),
    "lstsq": case(lambda a, b: linalg.lstsq(a, b)[0] * linalg.lstsq(a, b)[1], A[:, :2], b),
    "lstsq, stacks": case(lambda a, b: linalg.lstsq(a, b)[0] * linalg.lstsq(a, b)[1], TALL, b[:3, None]),
    "lstsq, stacks of vectors": case(lambda a, b: linalg.lstsq(a, b)[0], TALL, b[:3]),
    "lstsq, a stack of right sides": case(lambda a, b: linalg.lstsq(a, b)[0], TALL[0], _random.normal(size=(2, 3, 1))),
    "lu_solve": case(lambda a, b: linalg.lu_solve(linalg.lu_factor(a), b), A, b),
    "lu_solve transposed": case(lambda a, b: linalg.lu_solve(linalg.lu_factor(a), b, trans=1), A, B),
}

POSITIVE = {
    "solve": case(lambda a, b: linalg.solve(a, b, assume_a="pos", lower=True), P, B),
    "banded upper": case(lambda a, b: linalg.solveh_banded(a, b), UPPER, B),
    "banded lower": case(lambda a, b: linalg.solveh_banded(a, b, lower=True), LOWER, b),
    "cho_solve_banded": case(lambda a, b: linalg.cho_solve_banded((linalg.cholesky_banded(a), False), b), UPPER, B),
    "cho_solve_banded lower": case(
        lambda a, b: linalg.cho_solve_banded((linalg.cholesky_banded(a, lower=True), True), b), LOWER, B
    ),
    "cholesky": case(lambda a: linalg.cholesky(a), P),
    "cholesky lower": case(lambda a: linalg.cholesky(a, lower=True), P),
    "cholesky_banded": case(lambda a: linalg.cholesky_banded(a), UPPER),
    "cho_solve": case(lambda a, b: linalg.cho_solve(linalg.cho_factor(a), b), P, B),
    "cho_solve lower": case(lambda a, b: linalg.cho_solve(linalg.cho_factor(a, lower=True), b), P, b),
    "eigh of two": case(lambda a, b: np.abs(linalg.eigh(a, b)[1]), S, P),
    "eigh of two, type 2": case(lambda a, b: np.abs(linalg.eigh(a, b, type=2, lower=False)[1]), S, P),
    "eigh of two, type 3": case(lambda a, b: np.abs(linalg.eigh(a, b, type=3)[1]), S, P),
    "eigvals of two": case(lambda a, b: np.real(linalg.eigvals(a, b)), S, P),
    "eigenvalues between": case(
        lambda d, e: linalg.eigvalsh_tridiagonal(d, e, select="v", select_range=(-9.0, 1.0)), c, r[1:]
    ),
}

FUNCTIONS = {
    "expm": case(lambda a: linalg.expm(a), A / 3),
    "expm complex": case(lambda a: linalg.expm(a), C / 3),
    "expm_frechet": case(lambda a, e: linalg.expm_frechet(a, e)[1], A / 3, P / 9),
    "expm_frechet, blocks": case(lambda a, e: linalg.expm_frechet(a, e, "blockEnlarge", False), A / 3, P / 9),
    "sqrtm": case(lambda a: linalg.sqrtm(a), A),
    "fractional power": case(lambda a: linalg.fractional_matrix_power(a, 0.3), P / 3),
    "signm": case(lambda a: linalg.signm(a), A - 2.5 * np.eye(N)),
    "cosm": case(lambda a: linalg.cosm(a), A / 3),
    "cosm complex": case(lambda a: linalg.cosm(a), C / 3),
    "sinm": case(lambda a: linalg.sinm(a), A / 3),
    "sinm complex": case(lambda a: linalg.sinm(a), C / 3),
    "tanm": case(lambda a: linalg.tanm(a), A / 9),
    "coshm": case(lambda a: linalg.coshm(a), A / 3),
    "sinhm": case(lambda a: linalg.sinhm(a), A / 3),
    "tanhm": case(lambda a: linalg.tanhm(a), A / 3),
}

FACTORS = {
    "lu_factor": case(lambda a: linalg.lu_factor(a)[0], A),
    "lu": case(lambda a: linalg.lu(a)[1] @ np.ones((N, N)) + linalg.lu(a)[2], A),
    "lu wide": case(lambda a: linalg.lu(a, permute_l=True)[1], A[:3]),
    "lu tall": case(lambda a: linalg.lu(a, permute_l=True)[0], A[:, :2]),
    "qr": case(lambda a: linalg.qr(a)[0] + linalg.qr(a)[1], A),
    "qr economic": case(lambda a: linalg.qr(a, mode="economic")[1], A[:, :2]),
    "qr r": case(lambda a: linalg.qr(a, mode="r")[0], A[:, :2]),
    "qr pivoted": case(lambda a: linalg.qr(a, mode="economic", pivoting=True)[1], A[:, :3]),
    "rq": case(lambda a: linalg.rq(a)[0] + linalg.rq(a)[1], A),
    "rq economic": case(lambda a: linalg.rq(a, mode="economic")[0], A[:2]),
    "svd": case(lambda a: linalg.svd(a)[1], A),
    "polar": case(lambda a: linalg.polar(a)[0] + linalg.polar(a, side="left")[1], A),
    "polar tall": case(lambda a: linalg.polar(a)[0] @ linalg.polar(a)[1] @ linalg.polar(a)[1], A[:, :2]),
    "polar tall, left": case(lambda a: linalg.polar(a, "left")[1], A[:, :3]),
    "polar wide": case(lambda a: linalg.polar(a)[1] @ linalg.polar(a)[0].T, A[:2]),
    "polar complex": case(lambda a: linalg.polar(a)[0] + linalg.polar(a, "left")[1], C),
    "polar complex wide": case(lambda a: linalg.polar(a, "left")[1] @ linalg.polar(a)[0], C[:3]),
    "procrustes": case(lambda a, b: linalg.orthogonal_procrustes(a, b)[0], A, P),
    "pinv": case(lambda a: linalg.pinv(a), B),
    "pinvh": case(lambda a: linalg.pinvh(a), P),
    "det": case(lambda a: linalg.det(a), A),
    "norm": case(lambda a: linalg.norm(a, "nuc"), A),
    "eigh": case(lambda a: np.concatenate([linalg.eigh(a)[0][None], np.abs(linalg.eigh(a)[1])]), P),
    "eigvalsh": case(lambda a: linalg.eigvalsh(a, subset_by_index=(1, 2)), P),
    "eigh_tridiagonal": case(lambda d, e: np.abs(linalg.eigh_tridiagonal(d, e)[1]), c, r[1:]),
    "eigvals_banded": case(lambda a: linalg.eigvals_banded(a), UPPER),
    "eigvals_banded lower": case(lambda a: linalg.eigvals_banded(a, lower=True), LOWER),
    "eigvals": case(lambda a: np.abs(linalg.eigvals(a)), P),
    "eig": case(lambda a: np.abs(linalg.eig(a)[1]), P),
}

MATRICES = {
    "toeplitz": case(lambda c, r: linalg.toeplitz(c, r), c, r),
    "hankel": case(lambda c, r: linalg.hankel(c, r), c, r[:2]),
    "circulant": case(lambda c: linalg.circulant(c), c),
    "companion": case(lambda c: linalg.companion(c), c),
    "convolution_matrix": case(lambda c: linalg.convolution_matrix(c, 3, "same"), c),
    "leslie": case(lambda f, s: linalg.leslie(f, s), c, r[1:]),
    "fiedler": case(lambda c: linalg.fiedler(c), c),
    "fiedler_companion": case(lambda c: linalg.fiedler_companion(c), c),
    "block_diag": case(lambda a, b, c: linalg.block_diag(a, b, c), A, B, b),
    "khatri_rao": case(lambda a, b: linalg.khatri_rao(a, b), A, P[:2]),
    "matmul_toeplitz": case(lambda c, x: linalg.matmul_toeplitz(c, x), c, B),
    "matmul_toeplitz, stacks": case(
        lambda c, r, x: linalg.matmul_toeplitz((c, r), x), _random.normal(size=(2, 3)), r, B
    ),
    "diagsvd": case(lambda s: linalg.diagsvd(s, 4, 6), c),
}


@pytest.mark.parametrize(("f", "xs"), SOLVERS.values(), ids=SOLVERS.keys())
def test_solvers(f: Any, xs: Any) -> None:
    check(f, *xs)


@pytest.mark.parametrize(("f", "xs"), FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_functions_of_matrices(f: Any, xs: Any) -> None:
    check(f, *xs, batch=f is not FUNCTIONS["fractional power"][0])


@pytest.mark.parametrize(("f", "xs"), FACTORS.values(), ids=FACTORS.keys())
def test_factorisations(f: Any, xs: Any) -> None:
    check(f, *xs)


@pytest.mark.parametrize(("f", "xs"), POSITIVE.values(), ids=POSITIVE.keys())
def test_positive_definite(f: Any, xs: Any) -> None:
    check(f, *xs, batch=False)


@pytest.mark.parametrize(("f", "xs"), MATRICES.values(), ids=MATRICES.keys())
def test_matrices_of_vectors(f: Any, xs: Any) -> None:
    check(f, *xs)


def test_logm() -> None:
    check_first(lambda a: linalg.logm(a), P)
    check_second(lambda a: linalg.logm(a), P)


@pytest.mark.parametrize("name", ["logm", "fractional_matrix_power"])
def test_third_derivatives_ask_for_few_matrices(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as the derivative has numbers, not as many for each pair of directions: 64, and those that the directions share."""
    a, asked = np.array([[3.0, 1.0], [0.5, 2.0]]), []
    own = getattr(plain, name)

    def counted(*args: Any) -> Any:
        asked.append(args)
        return own(*args)

    monkeypatch.setattr(plain, name, counted)
    more = () if name == "logm" else (0.3,)
    third = bb.jacrev(bb.jacfwd(bb.jacfwd(lambda a: getattr(linalg, name)(a, *more))))(a)
    assert len(asked) < 128
    # along a² it is a function of the eigenvalues: d³ f(w + t w²) / dt³
    w, v = np.linalg.eig(a)
    slopes = {"logm": 2 / w**3}.get(name, 0.3 * -0.7 * -1.7 * w**-2.7)
    truth = v * (slopes * w**6) @ np.linalg.inv(v)
    np.testing.assert_allclose(np.einsum("abijklmn,ij,kl,mn", third, *[a @ a] * 3), truth, rtol=1e-9)
    stack = np.stack([a, a + 1, a])
    for xs in (stack, np.stack([plain.block_diag(x, x) for x in stack])):
        values = bb.vmap(lambda a: getattr(linalg, name)(a, *more))(xs)
        np.testing.assert_allclose(values, [own(x, *more) for x in xs], atol=1e-13)


def test_real_matrices_with_complex_functions() -> None:
    a = np.array([[-1.0, 0.5], [0.2, 2.0]])
    check_first(lambda a: linalg.logm(a), a)
    check_first(lambda a: linalg.sqrtm(a), a)


@pytest.mark.parametrize("mode", ["full", "economic", "r"])
@pytest.mark.parametrize("a", [A, A[:, :2], A[:2]], ids=["square", "tall", "wide"])
def test_signs_of_qr_and_rq_are_scipys(a: Any, mode: str) -> None:
    def values(y: Any) -> list[Any]:
        return [getattr(part, "data", part) for part in (y if isinstance(y, tuple) else (y,))]

    x = bb.Variable(a)
    for name, settings in (("qr", {}), ("qr", {"pivoting": True}), ("rq", {})):
        got = values(getattr(linalg, name)(x, mode=mode, **settings))
        want = values(getattr(plain, name)(a, mode=mode, **settings))
        assert len(got) == len(want)
        for y, z in zip(got, want, strict=True):
            np.testing.assert_allclose(y, z, atol=1e-13)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(
    "a", [A, A[:, :2], A[:2], C, C[:, :3]], ids=["square", "tall", "wide", "complex", "complex tall"]
)
def test_values_of_polar_are_scipys(a: Any, side: str) -> None:
    for y, z in zip(linalg.polar(bb.Variable(a), side), plain.polar(a, side), strict=True):
        np.testing.assert_allclose(y.data, z, atol=1e-13)


@pytest.mark.filterwarnings("ignore:Diagonal number . is exactly zero")
@pytest.mark.parametrize(
    "a", [np.arange(1.0, 10).reshape(3, 3), np.array([[1.0, 2, 3], [3, 6, 5]])], ids=["square", "wide"]
)
def test_lu_where_no_row_is_divided_by_the_pivot_that_is_0(a: Any) -> None:
    for k in (1, 2):
        check_first(lambda a, k=k: linalg.lu(a)[k], a)
        check_second(lambda a, k=k: linalg.lu(a)[k], a)


@pytest.mark.filterwarnings("ignore:Diagonal number . is exactly zero")
@pytest.mark.parametrize("a", [np.ones((3, 2)), np.zeros((2, 2)), np.ones((2, 3, 3))], ids=["tall", "zero", "stack"])
def test_lu_of_dependent_columns_has_no_derivative(a: Any) -> None:
    for transform in (bb.jacrev, bb.jacfwd):
        with pytest.raises(bb.DerivativeValueError, match="lu: a pivot that rows below it are divided by is 0"):
            transform(lambda a: linalg.lu(a)[1])(a)


def test_polar_where_singular_values_are_equal() -> None:
    """At a = s q, q orthogonal, u follows the skew part of q^T t and p its symmetric part, whatever basis the vectors have."""
    q = plain.expm(np.array([[0.0, 1.0, -0.5], [-1.0, 0.0, 0.3], [0.5, -0.3, 0.0]]))
    t = np.arange(9.0).reshape(3, 3) ** 2 / 9
    _, (du, dp) = bb.jvp(lambda a: linalg.polar(a), (2 * q,), (t,))
    turned = q.T @ t
    np.testing.assert_allclose(du, q @ (turned - turned.T) / 4, atol=1e-14)
    np.testing.assert_allclose(dp, (turned + turned.T) / 2, atol=1e-14)

    def f(a: Any) -> Any:
        u, p = linalg.polar(a)
        r, total = linalg.orthogonal_procrustes(np.eye(3), a)
        return np.sum(t * u) + np.sum(t.T * p @ r) + total

    for a in (2 * q, np.eye(3), np.diag([1.0, 1.0, 3.0])):
        check_first(f, a)
        check_second(f, a)


def test_polar_of_a_singular_matrix_has_no_derivative() -> None:
    """Of numbers it is sign(a) and |a|, here that of the second entry."""
    for transform in (bb.jacrev, bb.jacfwd):
        for k in (0, 1):
            with pytest.raises(bb.DerivativeValueError, match="not of full rank"):
                transform(lambda a, k=k: linalg.polar(a)[k])(np.diag([1.0, 0.0]))


TRIDIAGONAL = np.array([[2.0, -1.0, 0.5, 1.0, 3.0], [0.7, -0.4, 0.9, 0.3, 0.0]])
HERMITIAN = np.triu(C, 1) + np.diag(np.arange(1.0, N + 1)) + 0.5j * np.eye(N)
LARGE = np.random.default_rng(0).normal(size=(40, 30))  # from 26 on the two methods of an SVD differ
OTHER = np.random.default_rng(14).normal(size=(2, N, N))  # solve(b, a) has the eigenvalues in another order than SciPy
PARTS: dict[str, Any] = {
    "eigvals_banded": lambda m, a: m.eigvals_banded(a(LOWER), lower=True, select="i", select_range=(0, 1)),
    "eigvals_banded between": lambda m, a: m.eigvals_banded(a(UPPER), select="v", select_range=(4.0, 9.0)),
    "eig_banded": lambda m, a: m.eig_banded(a(UPPER), select="i", select_range=(1, 2)),
    "eig_banded whole": lambda m, a: m.eig_banded(a(LOWER), lower=True),
    **{
        f"eigh_tridiagonal {driver}": lambda m, a, driver=driver: m.eigh_tridiagonal(
            a(TRIDIAGONAL[0]), TRIDIAGONAL[1, :-1], lapack_driver=driver
        )
        for driver in ("auto", "stemr", "stev")
    },
    "eigh_tridiagonal part": lambda m, a: m.eigh_tridiagonal(
        a(TRIDIAGONAL[0]), TRIDIAGONAL[1, :-1], select="v", select_range=(0.0, 9.0)
    ),
    "eigh by index": lambda m, a: m.eigh(a(S), subset_by_index=(0, 1)),
    "eigh by value": lambda m, a: m.eigh(a(S), subset_by_value=(-np.inf, 5.0), lower=False),
    "eigh complex": lambda m, a: m.eigh(a(HERMITIAN), subset_by_index=(1, 3), lower=False),
    "eigh of two": lambda m, a: m.eigh(a(S), P, type=3),
    "eigvals of two": lambda m, a: m.eigvals(a(S), P),
    "eigvals of two, another order": lambda m, a: m.eigvals(a(OTHER[0]), OTHER[1]),
    "pinvh": lambda m, a: m.pinvh(a(HERMITIAN), lower=False),
    "svd by QR": lambda m, a: m.svd(a(LARGE), full_matrices=False, lapack_driver="gesvd"),
    "svd by QR, complex": lambda m, a: m.svd(
        a(LARGE[:3] + 1j * LARGE[3:6]), full_matrices=False, lapack_driver="gesvd"
    ),
    "lstsq by QR": lambda m, a: m.lstsq(a(A[:, :2]), B, lapack_driver="gelsy"),
}


@pytest.mark.parametrize("name", PARTS)
def test_values_of_traced_matrices_are_scipys(name: str) -> None:
    """The selection, and the sign of every vector, which is that of another method for each structure."""
    got, want = PARTS[name](linalg, bb.Variable), PARTS[name](plain, np.array)
    assert isinstance(want, tuple) == isinstance(got, tuple)
    for y, z in zip(*((v if isinstance(v, tuple) else (v,)) for v in (got, want)), strict=True):
        if z is not None:
            np.testing.assert_allclose(getattr(y, "data", y), z, atol=1e-12)


@pytest.mark.parametrize("driver", ["gelsd", "gelsy"])
def test_least_squares_of_stacks_are_those_of_each(driver: str) -> None:
    """As SciPy has them since 1.16, in front."""
    for right, axes in ((b[:3], 1), (B[:3], 2), (np.stack([B[:3], -B[:3]]), 2)):
        found = linalg.lstsq(bb.Variable(TALL), right, lapack_driver=driver)
        rights = np.broadcast_to(right, (2, *right.shape[-axes:]))
        each = [plain.lstsq(a, y, lapack_driver=driver) for a, y in zip(TALL, rights, strict=True)]
        for got, want in zip(found[: 4 if driver == "gelsd" else 3], zip(*each, strict=True), strict=False):
            np.testing.assert_allclose(getattr(got, "data", got), np.stack(want), atol=1e-13)


@pytest.mark.parametrize("name", ["eigh", "eigvalsh", "eigvalsh_tridiagonal", "eigvals_banded"])
def test_eigenvalues_within_limits_of_each_of_a_stack(name: str) -> None:
    """Other places in each matrix; the slopes are those of each matrix by itself."""
    diagonals = np.array([[[1.0, 2.0, 3.0, 4.0], [1.0, 2.5, 3.5, 7.0]], [[1.8, 2.5, 4.5, 7.0], [-1.0, 0.5, 2.0, 3.6]]])
    beside = 0.1 * np.ones(3)

    def one(m: Any, d: Any) -> Any:
        between = {"select": "v", "select_range": (1.5, 3.8)}
        if name == "eigvalsh_tridiagonal":
            return m.eigvalsh_tridiagonal(d, np.broadcast_to(beside, (*d.shape[:-1], 3)), **between)
        off = np.broadcast_to(np.append(0.0, beside), d.shape)
        if name == "eigvals_banded":
            return m.eigvals_banded(np.stack([off, d], axis=-2), **between)
        a = np.eye(4) * d[..., None, :] + np.diag(beside, 1) + np.diag(beside, -1)
        if name == "eigvalsh":
            return m.eigvalsh(a, subset_by_value=(1.5, 3.8))
        w, v = m.eigh(a, subset_by_value=(1.5, 3.8))
        return np.concatenate([w[..., None, :], v], axis=-2)

    want = np.stack([np.stack([one(plain, d) for d in row]) for row in diagonals])
    y, jacobian = one(linalg, bb.Variable(diagonals)).data, bb.jacrev(lambda d: one(linalg, d))(diagonals)
    np.testing.assert_allclose(y, want, atol=1e-12)
    for i in np.ndindex(2, 2):
        np.testing.assert_allclose(jacobian[i][..., *i, :], slopes(lambda d: one(plain, d), diagonals[i]), atol=1e-7)
    with pytest.raises(ValueError, match="between 0 and 2 eigenvalues each"):
        bb.jacrev(lambda d: one(linalg, d))(np.stack([diagonals[0, 0], diagonals[0, 1] + 9]))


STACKS: dict[str, Any] = {
    "columns": np.stack([c, 2 * c + 1]),
    "columns and a row": (np.stack([c, c + 1]), r),
    "a column and rows": (c, np.stack([r, r + 1])[:, None]),
    "one": c,
}


@pytest.mark.parametrize("kind", STACKS)
@pytest.mark.parametrize("shape", [(N,), (N, 3), (2, N, 1)], ids=str)
def test_toeplitz_of_stacks(kind: str, shape: tuple[int, ...]) -> None:
    """Stacks are in front, as SciPy has them since 1.17."""
    x, given = _random.normal(size=shape), STACKS[kind]
    column, row = given if isinstance(given, tuple) else (given, given)
    i, j = np.indices((N, N))
    matrix = np.where(i >= j, column[..., i - j], row[..., j - i])
    traced = tuple(map(bb.Variable, given)) if isinstance(given, tuple) else bb.Variable(given)
    np.testing.assert_allclose(linalg.matmul_toeplitz(traced, x).data, matrix @ x, atol=1e-12)
    np.testing.assert_allclose(linalg.solve_toeplitz(traced, x).data, np.linalg.solve(matrix, x), atol=1e-9)


def test_the_slopes_of_vectors_with_scipys_signs() -> None:
    check(lambda d: linalg.eigh_tridiagonal(d, TRIDIAGONAL[1, :-1])[1], TRIDIAGONAL[0])
    check(lambda a, b: linalg.eigh(a, b, subset_by_index=(0, 1))[1], S, P, batch=False)
    check(lambda a: linalg.svd(a, lapack_driver="gesvd")[0], A)
    check(lambda a: linalg.svd(a, False, lapack_driver="gesvd")[2], A[:2])
    f = bb.compile(bb.grad(lambda d: np.sum(linalg.eigh_tridiagonal(d, TRIDIAGONAL[1, :-1])[1] ** 3)))
    for d in (TRIDIAGONAL[0], TRIDIAGONAL[0, ::-1].copy()):
        check(lambda d: np.sum(linalg.eigh_tridiagonal(d, TRIDIAGONAL[1, :-1])[1] ** 3), d)
        np.testing.assert_allclose(
            f(d), bb.grad(lambda d: np.sum(linalg.eigh_tridiagonal(d, TRIDIAGONAL[1, :-1])[1] ** 3))(d)
        )


def test_the_imaginary_part_of_a_hermitian_diagonal_does_not_count() -> None:
    _, pullback = bb.vjp(linalg.pinvh, np.diag([1 + 0.5j, 2]))
    np.testing.assert_allclose(pullback(np.eye(2))[0], np.diag([-1.0, -0.25]), rtol=1e-14)


def test_exponential_of_a_time() -> None:
    """d/dt exp(t a) = a exp(t a), d²/dt² = a² exp(t a), of entries of both sizes."""
    for scale in (0.1, 10.0):
        a = scale * _random.normal(size=(3, 3))
        f = bb.jacobian(lambda t, a=a: linalg.expm(t * a))
        truth = a @ plain.expm(0.7 * a)
        np.testing.assert_allclose(f(0.7), truth, rtol=1e-12, atol=1e-13 * np.max(np.abs(truth)))
        twice = a @ truth
        np.testing.assert_allclose(bb.jacobian(f)(0.7), twice, rtol=1e-12, atol=1e-13 * np.max(np.abs(twice)))


@pytest.mark.parametrize("name", ["expm", "sinm", "coshm"])
def test_reverse_mode_over_a_batch_of_tangents(name: str) -> None:
    """The sum of the Jacobian's entries is the derivative in the direction of ones; its gradient by differences of that."""
    function, a, ones = getattr(linalg, name), A[:3, :3] / 5, np.ones((3, 3))

    def plainly(a: Any) -> Any:
        up, down = (plain.expm_frechet(s * a, s * ones, compute_expm=False) for s in (1, -1))
        if name == "sinm":
            return np.sum(plain.expm_frechet(1j * a, 1j * ones, compute_expm=False).imag)
        return np.sum(up) if name == "expm" else np.sum(up + down) / 2

    truth = slopes(plainly, a)
    for jacobian in (bb.jacfwd, bb.jacrev):
        found = bb.grad(lambda a, j=jacobian: np.sum(j(lambda a: function(a))(a)))(a)
        np.testing.assert_allclose(found, truth, rtol=1e-8, atol=1e-9)


def test_logarithm_and_root_of_commuting_matrices() -> None:
    """In the direction of a power of a itself they are functions of a number: log' = 1/x, sqrt' = 1/(2 sqrt x)."""
    _, d_log = bb.jvp(lambda a: linalg.logm(a), (P,), (P @ P,))
    np.testing.assert_allclose(d_log, P, rtol=1e-10)
    _, d_root = bb.jvp(lambda a: linalg.sqrtm(a), (P,), (P,))
    np.testing.assert_allclose(d_root, plain.sqrtm(P) / 2, rtol=1e-11)


def test_exponential_of_a_matrix_that_cannot_be_diagonalised() -> None:
    """d/de exp([[1, 1 + e], [0, 1]]) = [[0, e], [0, 0]]: there are no eigenvectors to go through."""
    jordan = np.array([[1.0, 1.0], [0.0, 1.0]])
    _, dy = bb.jvp(lambda a: linalg.expm(a), (jordan,), (np.array([[0.0, 1.0], [0.0, 0.0]]),))
    np.testing.assert_allclose(dy, [[0.0, np.e], [0.0, 0.0]], atol=1e-15)


def test_the_derivative_is_by_what_is_read() -> None:
    """Of a triangular solver the other triangle has derivative 0, and of a Hermitian one too."""
    for f, zero in (
        (lambda a: linalg.solve_triangular(a, b), np.tril(A, -1)),
        (lambda a: linalg.solve(a, b, assume_a="pos", lower=True), np.triu(A, 1)),
        (lambda a: linalg.cholesky(a), np.tril(A, -1)),
    ):
        g = bb.grad(lambda a, f=f: np.sum(f(a)))(P)
        assert np.all(g[zero != 0] == 0)
        assert np.all(g[zero == 0] != 0)


def test_compiled() -> None:
    def f(a: Any, q: Any) -> Any:
        x = linalg.solve_continuous_lyapunov(linalg.expm(a / 3), q)
        return np.sum(linalg.lu_solve(linalg.lu_factor(a), x) ** 2)

    compiled = bb.compile(bb.value_and_grad(f))
    for a in (A, A.T.copy(), A[::-1].copy() + 4 * np.eye(N)):  # the pivots differ
        value, gradient = compiled(a, P)
        want, truth = bb.value_and_grad(f)(a, P)
        np.testing.assert_allclose(value, want, rtol=1e-12)
        np.testing.assert_allclose(gradient, truth, rtol=1e-10, atol=1e-12)


def test_whole_numbers_have_the_dtypes_of_scipys() -> None:
    for f in (lambda m, a: m.lu(a, p_indices=True)[0], lambda m, a: m.lstsq(a, B)[2], lambda m, a: m.lu_factor(a)[1]):
        assert np.asarray(f(linalg, bb.Variable(A)).data).dtype == np.asarray(f(plain, A)).dtype


def test_plain_arguments_give_what_scipy_gives() -> None:
    assert type(linalg.expm(A)) is np.ndarray
    q, r_, p = linalg.qr(A, pivoting=True)
    assert p.dtype == plain.qr(A, pivoting=True)[2].dtype
    assert linalg.hadamard is plain.hadamard
    assert isinstance(linalg.pinv(A, return_rank=True)[1], (int, np.integer))


def test_a_lu_under_vmap_has_pivots_of_its_own() -> None:
    stack = np.stack([A, A[::-1], A[[1, 0, 3, 2]]])
    np.testing.assert_allclose(
        bb.vmap(lambda a: linalg.lu_solve(linalg.lu_factor(a), b))(stack), np.linalg.solve(stack, b)
    )


REFUSED = {
    "schur, sorted": (lambda a: linalg.schur(a, sort="lhp"), "sort= is not taken; write expm"),
    "ordqz": (lambda a: linalg.ordqz(a, a), "depends on the order of the eigenvalues; write eigvals"),
    "hessenberg": (lambda a: linalg.hessenberg(a), "write what it is for: eigvals, or eig"),
    "eig, left": (lambda a: linalg.eig(a, left=True), "left vectors are the rows of inv"),
    "power by its exponent": (lambda a: linalg.fractional_matrix_power(a, a[0, 0]), r"expm\(t \* logm\(A\)\)"),
    "qr raw": (lambda a: linalg.qr(a, mode="raw"), "take mode='economic'"),
}


@pytest.mark.parametrize(("f", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(f: Any, message: str) -> None:
    with pytest.raises(
        bb.NoDerivativeError, match=rf"at .*test_scipy_linalg\.py:\d+ .*has no derivative rule.*{message}"
    ):
        bb.jvp(f, (A,), (A,))


def test_errors_of_scipys_own_functions_name_ours() -> None:
    with pytest.raises(bb.LostDerivativeError, match=r"Write bibun\.scipy\.linalg\.expm\(\.\.\.\)"):
        bb.grad(lambda a: np.sum(plain.expm(a)))(A)
    with pytest.raises(bb.LostDerivativeError, match=r"Write bibun\.scipy\.linalg\.solve_toeplitz"):
        bb.grad(lambda a: np.sum(plain.solve_toeplitz(a, b)))(c)
    with pytest.raises(bb.LostDerivativeError, match=r"scipy\.linalg\.ldl has no derivative rule"):
        bb.grad(lambda a: np.sum(plain.ldl(a)[0]))(A)
