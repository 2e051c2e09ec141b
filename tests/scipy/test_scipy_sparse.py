"""Sparse matrices beside traced arrays, against SciPy's values and numerical derivatives, and against dense matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as plain
import scipy.sparse.linalg as plain_linalg

import bibun as bb
from bibun.scipy import sparse
from bibun.scipy.sparse import linalg
from tests.families.agreement import check, check_first, check_second

N = 5
_random = np.random.default_rng(0)
A = (plain.random_array((N, N), density=0.4, rng=_random) + 4 * plain.eye_array(N)).tocsr()
CSC = A.tocsc()
COO = A.tocoo()
SYMMETRIC = (A + A.T + 4 * plain.eye_array(N)).tocsr()
COMPLEX = plain.csr_array(A * (1 + 0.5j))
x, X = _random.normal(size=N), _random.normal(size=(N, 3))
FORMATS = ("csr", "csc", "coo", "dia", "bsr", "lil", "dok")


@pytest.mark.parametrize("name", FORMATS)
def test_products_of_plain_matrices(name: str) -> None:
    m = A.asformat(name)
    check(lambda x: m @ x, x)
    check(lambda x: m @ x, X)
    check(lambda x: x @ m, x)
    check(lambda x: x.T @ m, X)
    check(lambda x: m.T @ x, x)


def test_products_of_matrices_of_the_old_kind_and_of_complex_ones() -> None:
    m = plain.csr_matrix(A)
    check(lambda x: m @ x, x)
    check(lambda x: m.dot(x), x)
    check(lambda x: COMPLEX @ x, x)
    check(lambda x: A @ x, x + 0.5j * x[::-1])


def _csr(d: Any) -> Any:
    return sparse.csr_array((d, A.indices, A.indptr), shape=(N, N))


TRACED = {
    "csr": (lambda d, x: _csr(d) @ x, A.data, x),
    "csr, from the left": (lambda d, x: x @ _csr(d), A.data, x),
    "csc": (lambda d, x: sparse.csc_array((d, CSC.indices, CSC.indptr)) @ x, CSC.data, X),
    "coo, transposed": (lambda d, x: sparse.coo_array((d, (COO.row, COO.col)), shape=(N, N)).T @ x, COO.data, x),
    "csr of coordinates": (lambda d, x: sparse.csr_matrix((d, (COO.row, COO.col)), shape=(N, N)) @ x, COO.data, x),
    "places that repeat": (
        lambda d: sparse.coo_array((d, ([0, 1, 0, 2, 0], [1, 1, 1, 0, 1]))) @ np.ones(2),
        A.data[:5],
    ),
    "times numbers": (lambda d, x: (-_csr(d) * 1.5).multiply(x) @ x, A.data, x),
    "sum of columns": (lambda d: _csr(d).sum(axis=0), A.data),
    "sum of rows": (lambda d: _csr(d).sum(axis=1), A.data),
    "sum": (lambda d: _csr(d).sum(), A.data),
    "diagonal": (lambda d: _csr(d).diagonal(), A.data),
    "dense": (lambda d: _csr(d).toarray(), A.data),
    "diags": (lambda d, e, x: sparse.diags([d, e, 1.0], [0, 1, -2], shape=(N, N)) @ x, x, x[1:], x),
    "one diagonal": (lambda e, x: sparse.diags_array(e, offsets=-1) @ x, x[1:], x),
}


@pytest.mark.parametrize("case", TRACED.values(), ids=TRACED.keys())
def test_matrices_with_traced_entries(case: Any) -> None:
    check(*case)


def _old(d: Any) -> Any:
    return sparse.csr_matrix((d, A.indices, A.indptr), shape=(N, N))


def test_a_matrix_over_a_number() -> None:
    check_first(lambda d, t: (_csr(d) / (1 + t**2)) @ x, A.data, np.array(0.5))
    check_first(lambda d, t: (t * _csr(d)) @ x, A.data, np.array(0.5))


def test_the_gradient_by_the_entries_is_that_of_the_dense_matrix_at_their_places() -> None:
    dense = bb.grad(lambda a: np.sum(np.sin(a @ X)))(A.toarray())
    found = bb.grad(lambda d: np.sum(np.sin(_csr(d) @ X)))(A.data)
    np.testing.assert_allclose(found, dense[COO.row, COO.col], rtol=1e-13)


def test_a_matrix_may_be_changed_after_the_product() -> None:
    m = A.copy()
    _, pullback = bb.vjp(lambda x: m @ x, x)
    m.data[:] = 0
    m.indices[:] = 0
    np.testing.assert_allclose(pullback(x)[0], A.T @ x)


SOLVERS = {
    "spsolve": (lambda d, b: linalg.spsolve(_csr(d), b), A.data, x),
    "spsolve, several": (lambda d, b: linalg.spsolve(sparse.csc_array((d, CSC.indices, CSC.indptr)), b), CSC.data, X),
    "spsolve, one column": (lambda d, b: linalg.spsolve(_csr(d), b), A.data, X[:, :1]),
    "splu": (lambda d, b: linalg.splu(sparse.csc_array((d, CSC.indices, CSC.indptr))).solve(b, "T"), CSC.data, x),
}


@pytest.mark.parametrize("case", SOLVERS.values(), ids=SOLVERS.keys())
def test_direct_solvers_by_the_entries(case: Any) -> None:
    check(*case, batch=False)


def test_entries_in_no_order_and_at_places_that_repeat() -> None:
    """SciPy's solver sorts and adds them up in place, which must not reach ours."""
    rows, columns = np.array([1, 0, 1, 2, 1, 2, 0]), np.array([2, 1, 1, 0, 1, 2, 0])
    data, b = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), np.array([1.0, 2.0, 3.0])

    def dense(d: Any) -> Any:
        a = np.zeros((3, 3), like=d)
        np.add.at(a, (rows, columns), d)
        return np.linalg.solve(a, b)

    for make in (sparse.csr_array, sparse.csc_array):
        check_first(lambda d, b, make=make: linalg.spsolve(make((d, (rows, columns))), b), data, b)
        found = bb.grad(lambda d, make=make: np.sum(linalg.spsolve(make((d, (rows, columns))), b) ** 2))(data)
        np.testing.assert_allclose(found, bb.grad(lambda d: np.sum(dense(d) ** 2))(data), rtol=1e-12)


def test_direct_solvers_by_the_right_side() -> None:
    check(lambda b: linalg.spsolve(CSC, b), x)
    check(lambda b: linalg.spsolve(plain.csc_array(COMPLEX), b), x)
    check(lambda b: linalg.factorized(CSC)(b), x)
    for trans in "NTH":
        check_first(lambda b, t=trans: linalg.splu(CSC).solve(b, t), X)
        check_second(lambda b, t=trans: linalg.splu(plain.csc_array(COMPLEX)).solve(b, t), x + 1j)


def test_a_factorisation_is_scipys_beside() -> None:
    factor = linalg.splu(CSC)
    np.testing.assert_array_equal(factor.perm_c, plain_linalg.splu(CSC).perm_c)
    np.testing.assert_array_equal(factor.solve(x), plain_linalg.splu(CSC).solve(x))


METHODS = ("cg", "cgs", "bicg", "bicgstab", "gmres", "lgmres", "minres", "qmr", "gcrotmk", "tfqmr")


@pytest.mark.parametrize("method", METHODS)
def test_iterative_solvers(method: str) -> None:
    solve = getattr(linalg, method)

    def of_entries(d: Any, b: Any) -> Any:
        m = sparse.csr_array((d, SYMMETRIC.indices, SYMMETRIC.indptr), shape=(N, N))
        return solve(m, b, rtol=1e-13)[0]

    symmetric = method in ("cg", "minres")  # for others the matrix may become what the method cannot solve
    for f, inputs in ((of_entries, (SYMMETRIC.data, x)), (lambda b: solve(SYMMETRIC, b, rtol=1e-13)[0], (x,))):
        if not (symmetric and len(inputs) == 2):
            check_first(f, *inputs)
            check_second(f, *inputs)
    direct = bb.grad(lambda b: np.sum(linalg.spsolve(SYMMETRIC, b) ** 3))(x)
    np.testing.assert_allclose(bb.grad(lambda b: np.sum(solve(SYMMETRIC, b, rtol=1e-12)[0] ** 3))(x), direct, rtol=1e-9)


def test_iterative_solvers_of_dense_matrices_and_operators() -> None:
    check_first(lambda a, b: linalg.gmres(a, b, rtol=1e-13)[0], SYMMETRIC.toarray(), x)
    operator = plain_linalg.aslinearoperator(A)
    check_first(lambda b: linalg.gmres(operator, b, rtol=1e-13)[0], x)
    check_second(lambda b: linalg.gmres(operator, b, rtol=1e-13)[0], x)


def test_starts_of_an_iteration_in_a_batch() -> None:
    found = bb.vmap(lambda start: linalg.cg(SYMMETRIC, x, start, rtol=1e-13)[0])(np.ones((2, N)))
    np.testing.assert_allclose(found, [plain_linalg.spsolve(SYMMETRIC.tocsc(), x)] * 2, rtol=1e-9)


def test_an_iteration_that_has_not_converged_has_no_derivative() -> None:
    with pytest.raises(bb.DerivativeValueError, match=r"cg has not converged \(info=1\).*maxiter="):
        bb.grad(lambda b: np.sum(linalg.cg(SYMMETRIC, b, rtol=1e-13, maxiter=1)[0]))(x)


def test_compiled() -> None:
    def f(d: Any, b: Any) -> Any:
        return np.sum(linalg.spsolve(_csr(d), A @ b) ** 2) + np.sum((_csr(d) @ b) ** 2)

    compiled = bb.compile(bb.grad(f, argnums=(0, 1)))
    for k in (1.0, 2.0):
        for found, want in zip(compiled(k * A.data, k * x), bb.grad(f, argnums=(0, 1))(k * A.data, k * x), strict=True):
            np.testing.assert_allclose(found, want, rtol=1e-11)


def test_plain_arguments_give_what_scipy_gives() -> None:
    assert isinstance(sparse.csr_array(A.toarray()), plain.csr_array)
    assert isinstance(sparse.diags([x], [0]), plain.dia_matrix)
    assert sparse.eye_array is plain.eye_array
    assert sparse.issparse(A)
    np.testing.assert_array_equal(linalg.spsolve(CSC, x), plain_linalg.spsolve(CSC, x))


REFUSED = {
    "dense": (lambda d: sparse.csr_array(d), np.eye(3), bb.NoDerivativeError, r"take its entries at fixed places"),
    "plain": (lambda d: np.linalg.inv(_csr(d)), A.data, bb.NoDerivativeError, r"Write A\.toarray\(\)"),
    "multiply": (lambda d: A.multiply(_csr(d)).data, A.data, bb.NoDerivativeError, r"B\.multiply\(A\) of the traced"),
    "row": (lambda d: _csr(d)[0], A.data, bb.NoDerivativeError, r"write A\[\[i\]\]"),
    "other method": (lambda d: _csr(d).argmax(), A.data, AttributeError, r"has no argmax.*A\.toarray"),
    "operator": (
        lambda d: linalg.cg(plain_linalg.LinearOperator((N, N), matvec=lambda v: d[:N] * v, dtype=float), x)[0],
        A.data,
        bb.NoDerivativeError,
        r"cg has no derivative rule.*LinearOperator reads traced numbers",
    ),
    "operator without a dtype": (
        lambda d: linalg.gmres(plain_linalg.LinearOperator((N, N), matvec=lambda v: d[:N] * v), x)[0],
        A.data,
        bb.LostDerivativeError,
        r"linalg\.LinearOperator has no derivative rule.*LinearOperator reads traced numbers.*as a sparse one",
    ),
    "array as operator": (
        lambda d: linalg.aslinearoperator(np.diag(d)),
        x,
        bb.NoDerivativeError,
        r"take an array as it is",
    ),
    "lil": (lambda d: sparse.lil_array(np.diag(d)), x, bb.NoDerivativeError, r"coo_array\(\(data"),
    "dense block": (lambda d: sparse.hstack([A, np.diag(d)]), x, bb.NoDerivativeError, r"a dense block is traced"),
    "sum of a matrix": (lambda d: _old(d).sum(axis=0), A.data, bb.NoDerivativeError, r"np\.ones\(n\) @ A"),
    "dense of a matrix": (lambda d: _old(d).todense(), A.data, bb.NoDerivativeError, r"A\.toarray\(\)"),
    "entries of a matrix": (lambda d: _old(d)[[0], [1]], A.data, bb.NoDerivativeError, r"A\.toarray\(\)\[i, j\]"),
    "star": (lambda x: plain.csr_matrix(A) * x, x, bb.LostDerivativeError, r"write the product as A @ x"),
    "scipy's": (
        lambda x: plain_linalg.spsolve(CSC, x),
        x,
        bb.LostDerivativeError,
        r"bibun\.scipy\.sparse\.linalg\.spsolve",
    ),
    "eigs": (
        lambda d: linalg.eigs(_csr(d)),
        A.data,
        bb.NoDerivativeError,
        r"eigs has no derivative rule.*A\.toarray",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_refused(case: Any) -> None:
    f, primal, error, message = case
    with pytest.raises(error, match=message):
        bb.jvp(f, (primal,), (primal,))


def test_traced_places_are_refused() -> None:
    with pytest.raises(bb.NoDerivativeError, match="the places of the entries are traced"):
        bb.vmap(lambda i: sparse.coo_array((x, (i, i))) @ x)(np.arange(2 * N).reshape(2, N))
