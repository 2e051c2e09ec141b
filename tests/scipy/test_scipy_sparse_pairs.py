"""Sparse matrices made of sparse matrices: products, sums, parts, blocks; dense matrices and SciPy's own are the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as plain

import bibun as bb
from bibun.scipy import sparse
from tests.families.agreement import check_second

N = 5
_random = np.random.default_rng(1)
A = (plain.random_array((N, N), density=0.4, rng=_random) + 4 * plain.eye_array(N)).tocsr()
B = plain.random_array((N, 3), density=0.5, rng=_random).tocsc()
COO, MATRIX = A.tocoo(), plain.csr_matrix(A)
R, MASK = np.array([3, 0, 3]), np.array([True, False, True, True, False])


def _a(d: Any) -> Any:
    return sparse.csr_array((d, A.indices, A.indptr), shape=A.shape)


def _old(d: Any) -> Any:
    return sparse.csr_matrix((d, A.indices, A.indptr), shape=A.shape)


def _b(d: Any) -> Any:
    return sparse.csc_array((d, B.indices, B.indptr), shape=B.shape)


# What is made of the entries, and what the same is of the dense matrices
CASES = {
    "product": (lambda d, e: _a(d) @ _b(e), lambda a, b: a @ b),
    "product with a plain one": (lambda d, e: _a(d) @ A @ B, lambda a, b: a @ A @ B.toarray()),
    "product of a plain one": (lambda d, e: B.T @ (COO @ _a(d)), lambda a, b: B.T.toarray() @ (A.toarray() @ a)),
    "sum": (lambda d, e: _a(d) + _a(d).T, lambda a, b: a + a.T),
    "differences": (lambda d, e: A.tocsc() - (_a(d) - 2 * A), lambda a, b: 3 * A.toarray() - a),
    "entry by entry": (lambda d, e: _a(d).multiply(_a(d).T) * A.T, lambda a, b: a * a.T * A.T.toarray()),
    "rows and columns": (lambda d, e: _a(d)[1:4:2] @ _b(e)[:, [1, 1, 0]], lambda a, b: a[1:4:2] @ b[:, [1, 1, 0]]),
    "rows by masks": (
        lambda d, e: _a(d)[R][:, MASK] @ _old(d)[0].T[MASK],
        lambda a, b: a[R][:, MASK] @ a[0][MASK][:, None],
    ),
    "powers": (lambda d, e: _a(d) ** 3 + _old(d) ** 3 / 7.0, lambda a, b: a**3 + a @ a @ a / 7),
    "star": (
        lambda d, e: _old(d) * A.T + 2.0 * A.T - _old(d) * 2.0,
        lambda a, b: a @ A.T.toarray() + 2 * A.T.toarray() - 2 * a,
    ),
    "over an array": (lambda d, e: _a(d) / np.arange(1.0, 6), lambda a, b: a / np.arange(1.0, 6)),
    "blocks": (
        lambda d, e: sparse.bmat([[_a(d), None], [_b(e).T, sparse.eye_array(3)]]),
        lambda a, b: np.block([[a, np.zeros((N, 3))], [b.T, np.eye(3)]]),
    ),
    "stacks": (
        lambda d, e: sparse.vstack([sparse.hstack([_a(d), B]), sparse.hstack([A, _b(e)])]),
        lambda a, b: np.block([[a, B.toarray()], [A.toarray(), b]]),
    ),
    "block diagonal": (
        lambda d, e: sparse.block_diag([_b(e), A]),
        lambda a, b: np.block([[b, np.zeros((N, N))], [np.zeros((N, 3)), A.toarray()]]),
    ),
    "Kronecker product": (lambda d, e: sparse.kron(_a(d), _b(e)), lambda a, b: np.kron(a, b)),
    "Kronecker sum": (
        lambda d, e: sparse.kronsum(_a(d), _b(e) @ _b(e).T),
        lambda a, b: np.kron(np.eye(N), a) + np.kron(b @ b.T, np.eye(N)),
    ),
    "triangles": (
        lambda d, e: sparse.tril(_a(d), -1) + sparse.triu(_a(d).T),
        lambda a, b: np.tril(a, -1) + np.triu(a.T),
    ),
    "diagonals": (
        lambda d, e: sparse.dia_array((np.reshape(d[:6], (2, 3)), [-1, 1]), shape=(4, 3)),
        lambda a, b: _diagonals(a[A.toarray() != 0][:6]),
    ),
}


def _diagonals(d: Any) -> Any:
    dense = np.zeros((4, 3), like=d)
    dense[[1, 2, 3, 0, 1], [0, 1, 2, 1, 2]] = d[[0, 1, 2, 4, 5]]
    return dense


def _dense(d: Any, e: Any) -> Any:
    a, b = np.zeros(A.shape, like=d), np.zeros(B.shape, like=e)
    a[COO.row, COO.col] = d
    columns = np.repeat(np.arange(3), np.diff(B.indptr))
    b[B.indices, columns] = e
    return a, b


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_is_made_of_matrices_is_what_is_made_of_dense_ones(case: Any) -> None:
    ours, dense = case

    def truth(d: Any, e: Any) -> Any:
        return dense(*_dense(d, e))

    y, _ = bb.jvp(lambda d, e: ours(d, e).toarray(), (A.data, B.data), (A.data, B.data))
    np.testing.assert_allclose(y, truth(A.data, B.data), rtol=1e-13, atol=1e-15)
    weights = np.cos(np.arange(y.size)).reshape(y.shape)
    mine = bb.grad(lambda d, e: np.sum(np.sin(ours(d, e).toarray()) * weights), (0, 1))
    theirs = bb.grad(lambda d, e: np.sum(np.sin(truth(d, e)) * weights), (0, 1))
    for k in (1.0, 1.5):
        for found, want in zip(mine(k * A.data, B.data), theirs(k * A.data, B.data), strict=True):
            np.testing.assert_allclose(found, want, rtol=1e-11, atol=1e-13)
    check_second(lambda d, e: ours(d, e).toarray() if _is_traced(d, e) else truth(d, e), A.data, B.data)
    stack = np.stack([A.data, 2 * A.data])
    found = bb.vmap(lambda d: mine(d, B.data)[0])(stack)
    np.testing.assert_allclose(found, [theirs(d, B.data)[0] for d in stack], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(bb.compile(mine)(A.data, B.data)[0], theirs(A.data, B.data)[0], rtol=1e-11, atol=1e-13)


def _is_traced(*xs: Any) -> bool:
    return any(not isinstance(x, np.ndarray) for x in xs)


NUMBERS = {
    "entry": lambda m: m[1, 1],
    "no entry": lambda m: m[0, 1] + m.sum(),
    "entries": lambda m: np.sum(m[[0, 1, 2], [0, 1, 0]] * np.arange(1.0, 4)),
    "diagonals": lambda m: (
        np.sum(m.diagonal(1) * np.arange(4.0)) + m.diagonal(-4)[0] + m.trace() + np.sum(m.diagonal(7))
    ),
    "absolute values": lambda m: np.sum(abs(m - 2 * m) @ np.arange(5.0)) + np.sum(m),
    "means": lambda m: m.mean() + np.sum(m.mean(axis=0) * np.arange(5.0)) + np.sum(m.mean(axis=-1) ** 2),
    "entries column by column": lambda m: np.sum(m.tocsc().data * np.arange(m.nnz)) + np.sum(m.tocsr().data ** 2),
}


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS.keys())
def test_numbers_of_a_matrix_are_scipys(number: Any) -> None:
    def theirs(d: Any) -> Any:
        return number(plain.csr_array((d, A.indices, A.indptr), shape=A.shape))

    y, slope = bb.jvp(lambda d: number(_a(d)), (A.data,), (A.data,))
    np.testing.assert_allclose(y, theirs(A.data), rtol=1e-13)
    np.testing.assert_allclose(slope, (theirs(1.001 * A.data) - theirs(0.999 * A.data)) / 0.002, rtol=1e-9, atol=1e-9)


# A plain matrix, a traced number and a traced dense array: the operators of NumPy's arrays know what SciPy's matrices mean
BESIDE = {
    "number": (lambda m, t, x: (t * m).toarray(), lambda a, t, x: t * a),
    "identity plus": (
        lambda m, t, x: (sparse.eye_array(N) + 0.1 * t * m) @ x,
        lambda a, t, x: (np.eye(N) + 0.1 * t * a) @ x,
    ),
    "entry by entry": (lambda m, t, x: (x * m).toarray(), lambda a, t, x: x * a),
    "sum": (lambda m, t, x: (x + m) @ (m - x), lambda a, t, x: (x + a) @ (a - x)),
    "difference": (lambda m, t, x: x - m, lambda a, t, x: x - a),
}


@pytest.mark.parametrize("name", ["csr_array", "dia_array", "lil_array"])
@pytest.mark.parametrize("case", BESIDE.values(), ids=BESIDE.keys())
def test_operators_beside_plain_matrices(case: Any, name: str) -> None:
    ours, dense = case
    matrix, x = getattr(plain, name)(A), np.cos(np.arange(25.0)).reshape(N, N)
    y, slope = bb.jvp(lambda t, x: ours(matrix, t, x), (0.3, x), (1.0, x.T))
    want, wanted = bb.jvp(lambda t, x: dense(A.toarray(), t, x), (0.3, x), (1.0, x.T))
    np.testing.assert_allclose(y, want, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(slope, wanted, rtol=1e-13, atol=1e-13)
    mine = bb.grad(lambda t, x: np.sum(np.sin(ours(matrix, t, x))), (0, 1))
    theirs = bb.grad(lambda t, x: np.sum(np.sin(dense(A.toarray(), t, x))), (0, 1))
    for f in (mine, bb.compile(mine), lambda t, x: bb.vmap(mine, (None, 0))(t, x[None])):
        for found, wanted in zip(f(0.3, x), theirs(0.3, x), strict=True):
            np.testing.assert_allclose(np.reshape(found, np.shape(wanted)), wanted, rtol=1e-11, atol=1e-13)
    t, v = bb.Variable(np.array(0.3)), bb.Variable(x)
    np.sum(np.sin(ours(matrix, t, v)) + 0 * t + 0 * v).backward()
    for found, wanted in zip((t.grad, v.grad), theirs(0.3, x), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-13)


def test_operators_of_the_old_kind_beside_traced_arrays() -> None:
    x = np.arange(5.0)
    y, slope = bb.jvp(lambda t, x: (x * MATRIX, (t * MATRIX) * x), (2.0, x), (1.0, x))
    np.testing.assert_allclose(y, (x * MATRIX, 2 * (MATRIX * x)), rtol=1e-14)
    np.testing.assert_allclose(slope, (x * MATRIX, 3 * (MATRIX * x)), rtol=1e-14)


WRONG = {
    "matrix first": (lambda t: A * t, bb.LostDerivativeError, r"with x first.*x \* A"),
    "over a number": (lambda t: A / t, bb.LostDerivativeError, r"\(1 / x\) \* A"),
    "plus a number": (lambda t: (t * A + t).data, bb.NoDerivativeError, r"A\.toarray\(\) \+ x"),
    "np.matrix": (lambda t: t * np.ones((N, N)) + MATRIX, bb.NoDerivativeError, r"write A\.toarray\(\) \+ x"),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG.keys())
def test_what_operators_cannot_do_says_what_to_write(case: Any) -> None:
    f, error, message = case
    for run in (lambda: f(bb.Variable(np.array(2.0))), lambda: bb.jvp(f, (2.0,), (1.0,))):
        with pytest.raises(error, match=message):
            run()


def test_entries_at_coordinates_are_in_the_order_of_scipys_matrix() -> None:
    rows, columns = np.array([2, 0, 2, 0, 2, 1]), np.array([1, 2, 0, 2, 1, 0])
    data = np.arange(1.0, 7)
    for name in ("csr_array", "csc_array", "csr_matrix", "csc_matrix"):
        theirs = getattr(plain, name)((data, (rows, columns)))
        ours = bb.jvp(lambda d, name=name: getattr(sparse, name)((d, (rows, columns))).data, (data,), (data,))[0]
        np.testing.assert_array_equal(ours, theirs.data)


ORDERS: dict[str, Any] = {  # of the same words for both: what their entries are, in this order
    "coo": lambda m, d: m.coo_matrix((d, (ROWS, COLUMNS))),
    "coo, negative": lambda m, d: -m.coo_array((d, (ROWS, COLUMNS))),
    "transposed": lambda m, d: m.coo_array((d, (ROWS, COLUMNS))).T,
    "csr of coo": lambda m, d: m.coo_array((d, (ROWS, COLUMNS))).tocsr(),
    "csc of coo": lambda m, d: m.csc_array(m.coo_array((d, (ROWS, COLUMNS)))),
    "csr in no order": lambda m, d: m.csr_array((d, [2, 0, 1, 1, 0, 2], [0, 3, 5, 6])).tocsr(),
    "sorted": lambda m, d: m.csr_array((d, [2, 0, 1, 1, 0, 2], [0, 3, 5, 6])).sorted_indices(),
    "csc of csr": lambda m, d: m.csr_array((d, [2, 0, 1, 1, 0, 2], [0, 3, 5, 6])).tocsc(),
    "coo of csc": lambda m, d: m.csc_array((d, [2, 0, 1, 1, 0, 2], [0, 3, 5, 6])).tocoo(),
    "diagonals": lambda m, d: m.diags([d, d[:5]], [0, 1]).tocsr(),
    "diagonals by column": lambda m, d: m.diags_array([d, d[:5]], offsets=[0, 1], format="csc"),
    "side by side": lambda m, d: m.hstack([m.coo_array((d, (ROWS, COLUMNS)))] * 2, format="csr"),
    "product": lambda m, d: (_square(m, d) @ _square(m, d)).tocsr().sorted_indices(),
    "product by column": lambda m, d: (_square(m, d) @ _square(m, d)).tocsc(),
}
ROWS, COLUMNS = np.array([2, 0, 2, 0, 2, 1]), np.array([1, 2, 0, 2, 1, 0])


def _square(m: Any, d: Any) -> Any:
    return m.csr_array((d, [2, 0, 1, 1, 0, 2], [0, 3, 5, 6]))


@pytest.mark.parametrize("name", ORDERS)
def test_the_order_of_the_entries_is_scipys(name: str) -> None:
    make, data, weights = ORDERS[name], np.arange(1.0, 7), np.cos(np.arange(40.0))
    theirs = make(plain, data)
    ours = make(sparse, bb.Variable(data))
    np.testing.assert_array_equal(ours.data.data, theirs.data)
    for place in {"coo": ("row", "col"), "csr": ("indices", "indptr"), "csc": ("indices", "indptr")}[theirs.format]:
        np.testing.assert_array_equal(getattr(ours, place), getattr(theirs, place))
    slope = bb.grad(lambda d: make(sparse, d).data ** 2 @ weights[: theirs.nnz])(data)
    step = lambda e: make(plain, data + e).data ** 2 @ weights[: theirs.nnz]  # noqa: E731
    np.testing.assert_allclose(slope, [(step(e) - step(-e)) / 2e-4 for e in 1e-4 * np.eye(6)], rtol=1e-6, atol=1e-6)
    b = np.arange(1.0, 1.0 + theirs.shape[1])
    np.testing.assert_allclose(bb.vmap(lambda d: make(sparse, d) @ b)(np.stack([data, data]))[1], theirs @ b)


def test_a_layout_that_is_not_scipys_has_no_data() -> None:
    v = bb.Variable(np.arange(1.0, 4))
    assert np.shape(plain.diags([v.data, v.data[:2]], [0, 1]).data) == (2, 3)
    with pytest.raises(bb.NoDerivativeError, match=r"write A\.tocsr\(\)\.data"):
        _ = sparse.diags([v, v[:2]], [0, 1]).data
    m = sparse.csr_array((v, [2, 0, 1], [0, 2, 3, 3]))
    with pytest.raises(bb.NoDerivativeError, match=r"write A\.tocsr\(\)\.sorted_indices\(\)\.data"):
        _ = (m @ m).data
    assert not hasattr(m, "row")


def test_kinds_follow_scipys() -> None:
    def kinds(d: Any) -> Any:
        old, new = _old(d), _a(d)
        found = (
            old.T,
            sparse.kron(old, MATRIX),
            sparse.hstack([old, old]),
            old @ old,
            sparse.diags([d], [0]),
            MATRIX @ old,
        )
        assert all(isinstance(m, sparse.SparseMatrix) for m in found)
        found = (new @ old, sparse.kron(old, A), sparse.hstack([new, old]), sparse.diags_array([d], offsets=[0]))
        assert not any(isinstance(m, sparse.SparseMatrix) for m in found)
        return np.sum(d)

    bb.grad(kinds)(A.data)


def test_a_matrix_of_the_old_kind_times_a_vector_is_the_product() -> None:
    x = np.arange(5.0)
    found = bb.jvp(lambda d: (_old(d) * x, x * _old(d), _old(d) * np.float64(2) @ x), (A.data,), (A.data,))[0]
    for ours, theirs in zip(found, (MATRIX * x, x * MATRIX, 2 * (MATRIX @ x)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-14)


def test_spdiags_and_shapes_that_do_not_fit() -> None:
    data = np.arange(1.0, 9).reshape(2, 4)
    found = bb.jvp(lambda d: sparse.spdiags(d, [0, 2], 4, 4).toarray(), (data,), (data,))[0]
    np.testing.assert_array_equal(found, plain.spdiags(data, [0, 2], 4, 4).toarray())
    for wrong in (lambda d: _b(d) @ A, lambda d: A + _b(d), lambda d: _b(d).multiply(A)):
        with pytest.raises(ValueError, match="do not fit|inconsistent|mismatch|incompatible"):
            bb.jvp(lambda d, wrong=wrong: wrong(d).data, (B.data,), (B.data,))


def test_a_flow_that_is_assembled_of_parts() -> None:
    """The energy of a conducting grid: div^T diag(k) div, with the gradient by the conductivities from dense matrices."""
    step = plain.diags_array([np.ones(3), -np.ones(3)], offsets=[1, 0], shape=(3, 4))
    div = plain.vstack([plain.kron(plain.eye_array(4), step), plain.kron(step, plain.eye_array(4))]).tocsr()
    k, source = 1 + _random.random(24), _random.normal(size=16)

    def energy(k: Any) -> Any:
        laplacian = div.T @ sparse.diags_array([k], offsets=[0]) @ div + 0.1 * plain.eye_array(16)
        return source @ sparse.linalg.spsolve(laplacian.tocsc(), source)

    def dense(k: Any) -> Any:
        return source @ np.linalg.solve(div.toarray().T @ (k[:, None] * div.toarray()) + 0.1 * np.eye(16), source)

    np.testing.assert_allclose(bb.grad(energy)(k), bb.grad(dense)(k), rtol=1e-9)
    np.testing.assert_allclose(bb.hessian(energy)(k), bb.hessian(dense)(k), rtol=1e-8, atol=1e-10)
