"""Products: every form of call, its closed form where it has one, and the errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.families.agreement import check, check_first, sample

A, B, V, W = sample(3, 4), sample(4, 5, seed=1), sample(4, seed=2), sample(3, seed=3)
STACK, OTHER = sample(2, 3, 4, seed=4), sample(2, 4, 5, seed=5)
SQUARE = sample(3, 3, seed=6)
C = SQUARE + 1j * sample(3, 3, seed=7)
LISTS = [[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]]

MATMUL = {
    "matrix, matrix": (A, B),
    "matrix, vector": (A, V),
    "vector, matrix": (V, B),
    "vector, vector": (V, V[::-1].copy()),
    "stack, matrix": (STACK, B),
    "matrix, stack": (A, OTHER),
    "stack, stack": (STACK, OTHER),
    "stack, vector": (STACK, V),
    "vector, stack": (V, OTHER),
    "stack of 1, stack": (STACK[:1], OTHER),
    "stack, stack of 1": (STACK, OTHER[:1]),
    "stacks that broadcast": (sample(5, 1, 3, 4), OTHER),
    "complex": (C, C.T.copy()),
    "complex, real": (C, SQUARE),
}


@pytest.mark.parametrize("name", MATMUL)
def test_matmul(name: str) -> None:
    check(lambda a, b: a @ b, *MATMUL[name])


PRODUCTS: dict[str, Any] = {
    "dot": (np.dot, A, B),
    "dot of vectors": (np.dot, V, V + 1),
    "dot of matrix and vector": (np.dot, A, V),
    "dot of numbers": (np.dot, np.array(1.5), np.array(-2.0)),
    "dot with a number": (np.dot, np.array(1.5), A),
    "dot of more axes": (np.dot, STACK, OTHER),
    "dot of more axes and vector": (np.dot, STACK, V),
    "dot of vector and more axes": (np.dot, V, OTHER),
    "inner of vectors": (np.inner, V, V + 1),
    "inner": (np.inner, A, STACK),
    "inner of matrices": (np.inner, A, A + 1),
    "inner with a number": (np.inner, np.array(2.0), A),
    "vdot": (np.vdot, A, STACK[0]),
    "vdot complex": (np.vdot, C, C.T.copy()),
    "outer": (np.outer, A, V),
    "outer complex": (np.outer, C, V),
    "linalg.outer": (np.linalg.outer, V, W),
    "tensordot": (np.tensordot, A, A),
    "tensordot axes=1": (lambda a, b: np.tensordot(a, b, 1), STACK, B),
    "tensordot axes=0": (lambda a, b: np.tensordot(a, b, axes=0), V, A),
    "tensordot of two axes": (lambda a, b: np.tensordot(a, b, ([2, 0], [1, 0])), STACK, OTHER),
    "tensordot negative axis": (lambda a, b: np.tensordot(a, b, (-1, 0)), A, B),
    "linalg.tensordot": (lambda a, b: np.linalg.tensordot(a, b, axes=1), A, B),
    "linalg.matmul": (np.linalg.matmul, STACK, B),
    "kron": (np.kron, SQUARE, A),
    "kron of unequal axes": (np.kron, V[:2], A[:2, :2]),
    "kron with a number": (np.kron, np.array(2.0), A),
    "cross": (np.cross, SQUARE, SQUARE.T + 1),
    "cross broadcasting": (np.cross, STACK[..., :3], W),
    "cross axis": (lambda a, b: np.cross(a, b, axis=0), A, A + 1),
    "cross axes": (lambda a, b: np.cross(a, b, axisa=0, axisb=1, axisc=0), A, A.T + 1),
    "linalg.cross": (np.linalg.cross, SQUARE, SQUARE.T + 1),
    "vecdot": (np.vecdot, STACK, V),
    "vecdot complex": (np.vecdot, C, C.T.copy()),
    "linalg.vecdot": (lambda a, b: np.linalg.vecdot(a, b, axis=0), A, A + 1),
    "multiply.outer": (np.multiply.outer, A, V),
}
if hasattr(np, "matvec"):
    PRODUCTS |= {
        "matvec": (np.matvec, STACK, V),
        "matvec of stacks": (np.matvec, A, STACK),
        "vecmat": (np.vecmat, V, OTHER),
        "vecmat complex": (np.vecmat, C[0].copy(), C),
    }


@pytest.mark.parametrize("name", PRODUCTS)
def test_product(name: str) -> None:
    f, *xs = PRODUCTS[name]
    check(f, *xs)


@pytest.mark.parametrize("function", [np.vecdot, np.linalg.vecdot])
def test_vectors_of_unequal_lengths_have_no_vecdot(function: Any) -> None:
    for a, b in ((STACK, V[:1]), (STACK[..., :1], V)):
        for one, other in ((bb.Variable(a), b), (a, bb.Variable(b))):
            with pytest.raises(ValueError, match="differ in length"):
                function(one, other)


@pytest.mark.parametrize("third", [0, 1, 2])
def test_cross_of_two_components(third: int) -> None:
    """NumPy deprecates them; so the truth is the cross product with the third component 0."""
    wide = np.zeros((2, 3))
    wide[:, :2] = A[:2, :2]
    b = STACK[1, :2, :3]

    def of_two(a: Any) -> Any:
        return np.cross(a, b if third else b[:, :2])

    expected, direction = np.cross(wide, b if third else np.c_[b[:, :2], [0, 0]]), np.c_[sample(2, 2), [0, 0]]
    y, dy = bb.jvp(of_two, (wide[:, :2],), (direction[:, :2],))
    moved = np.cross(direction, b if third else np.c_[b[:, :2], [0, 0]])
    np.testing.assert_allclose(y, expected if third else expected[:, 2])
    np.testing.assert_allclose(dy, moved if third else moved[:, 2])


# Chains


@pytest.mark.parametrize("arrays", [(A, B), (A, B, B.T.copy(), V), (V, B, B.T.copy()), (A, B, B.T.copy(), A.T.copy())])
def test_multi_dot(arrays: Any) -> None:
    check_first(lambda *xs: np.linalg.multi_dot(xs), *arrays)


def test_multi_dot_takes_the_cheapest_order() -> None:
    """(a b) c of 2 x 100, 100 x 3, 3 x 100 costs 1,200 products, a (b c) 50,000: no 100 x 100 matrix is made."""
    shapes = []

    def f(a: Any, b: Any, c: Any) -> Any:
        return np.linalg.multi_dot([a, b, c])

    def walk(node: Any) -> None:
        for parent in node.parents if isinstance(node.parents, tuple) else (node.parents,):
            if parent is not None and parent.parents is not None:
                shapes.append([np.shape(v) for v in parent.saved if isinstance(v, np.ndarray)])
                walk(parent)

    xs = [bb.Variable(np.ones(s)) for s in ((2, 100), (100, 3), (3, 100))]
    walk(f(*xs).node)
    assert shapes == [[(100, 3), (2, 100)]]


@pytest.mark.parametrize("n", [-3, -2, -1, 1, 2, 3, 5, 6])
def test_matrix_power(n: int) -> None:
    stack = sample(2, 3, 3, seed=8) + 3 * np.eye(3)
    check_first(lambda a: np.linalg.matrix_power(a, n), stack)


def test_matrix_power_0_is_constant() -> None:
    y, dy = bb.jvp(lambda a: np.linalg.matrix_power(a, 0) + a, (SQUARE,), (C.real,))
    np.testing.assert_array_equal(y, np.eye(3) + SQUARE)
    np.testing.assert_array_equal(dy, C.real)


def test_derivative_of_the_cube_is_the_sum_over_places() -> None:
    t = sample(3, 3, seed=9)
    _, dy = bb.jvp(lambda a: np.linalg.matrix_power(a, 3), (SQUARE,), (t,))
    a = SQUARE
    np.testing.assert_allclose(dy, t @ a @ a + a @ t @ a + a @ a @ t, rtol=1e-13)


# einsum

EINSUM: dict[str, tuple[Any, ...]] = {
    "product": ("ij,jk->ik", A, B),
    "implicit output": ("ij,jk", A, B),
    "implicit output is sorted": ("ba", A),
    "spaces": (" i j , j k -> i k ", A, B),
    "upper case": ("Ij,jK", A, B),
    "trace": ("ii", SQUARE),
    "diagonal": ("ii->i", SQUARE),
    "diagonals of a stack": ("...ii->...i", sample(2, 3, 3)),
    "thrice": ("iii->i", sample(2, 2, 2)),
    "two repeated": ("iijj->ij", sample(2, 2, 3, 3)),
    "diagonal and sum": ("iij,j->i", sample(3, 3, 4), V),
    "own sum": ("ij->j", A),
    "sum of everything": ("ij->", A),
    "transpose": ("ij->ji", A),
    "identity": ("i->i", V),
    "own sum of one of two": ("ij,kl->ik", A, B),
    "sum of both": ("ij,kl->", A, B),
    "outer": ("i,j->ij", V, W),
    "ellipsis": ("...j,jk->...k", STACK, B),
    "ellipsis in both": ("...ij,...jk", STACK, OTHER),
    "ellipsis of unequal length": ("...j,...j->...", STACK, V),
    "ellipsis alone": ("...,...", A, V),
    "ellipsis summed last": ("i...->...", STACK),
    "ellipsis of length 1": ("...ij,...jk->...ik", STACK[:1], OTHER),
    "three": ("ij,jk,kl->il", A, B, B.T.copy()),
    "three, one axis": ("i,i,i->i", V, V + 1, V - 1),
    "axis of length 1": ("ij,ij->ij", A[:1], A),
    "axes of length 1": ("ij,ij->i", A[:, :1], A[:1]),
    "number": (",i->i", np.array(2.0), V),
    "complex": ("ij,kj,kk->i", C, C.T.copy(), C),
}


@pytest.mark.parametrize("optimize", [False, True, "greedy", "optimal"])
@pytest.mark.parametrize("name", EINSUM)
def test_einsum(name: str, optimize: Any) -> None:
    subscripts, *xs = EINSUM[name]
    check_first(lambda *ys: np.einsum(subscripts, *ys, optimize=optimize), *xs)


@pytest.mark.parametrize("name", EINSUM)
def test_einsum_second_order_and_batches(name: str) -> None:
    subscripts, *xs = EINSUM[name]
    check(lambda *ys: np.einsum(subscripts, *ys), *xs)


INTERLEAVED: dict[str, Any] = {
    "with output": lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [0, 2]),
    "implicit output": lambda a, b: np.einsum(a, [0, 1], b, [1, 2]),
    "implicit output is sorted": lambda a, b: np.einsum(a, [30, 2], b, [2, 5]),
    "ellipsis": lambda a, b: np.einsum(a, [..., 1], b, [1, 2], [..., 2]),
}


@pytest.mark.parametrize("name", INTERLEAVED)
def test_einsum_of_operands_and_lists(name: str) -> None:
    check(INTERLEAVED[name], A, B)


def test_einsum_by_one_operand_evaluates_only_that() -> None:
    gradient = bb.grad(lambda a: np.einsum("ij,jk->", a, B))(A)
    np.testing.assert_allclose(gradient, np.ones((3, 1)) * B.sum(axis=1), rtol=1e-14)


def test_einsum_along_a_path_and_large() -> None:
    """The path is for the call that it was made for; the pullbacks (64,000 products) find their own."""
    a, b, c = (sample(40, 40, seed=k) for k in range(3))
    path = np.einsum_path("ij,jk,kl->il", a, b, c)[0]
    check_first(lambda a, b, c: np.einsum("ij,jk,kl->il", a, b, c, optimize=path), a, b, c)
    found = []
    bb.vmap(lambda a: found.append(np.einsum_path("ij,jk,kl->il", a, b, c)[0]))(np.stack([a, b]))
    assert found == [path]


def test_einsum_dtype_and_out() -> None:
    y = np.einsum("ij->i", bb.Variable(A), dtype=np.float32, casting="same_kind")
    assert y.dtype == np.float32
    out = bb.Variable(np.zeros(3))
    x = bb.Variable(A)
    assert np.einsum("ij->i", x, out=out) is out
    np.sum(out).backward()
    np.testing.assert_array_equal(x.grad, np.ones((3, 4)))


def test_einsum_gives_a_writeable_view_of_a_diagonal() -> None:
    def scaled(a: Any) -> Any:
        b = a * 1.0
        diagonal = np.einsum("ii->i", b)
        diagonal *= 2
        return b

    expected = SQUARE * (1 + np.eye(3))
    np.testing.assert_array_equal(scaled(SQUARE), expected)
    y, dy = bb.jvp(scaled, (SQUARE,), (np.ones((3, 3)),))
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(dy, 1 + np.eye(3))


ERRORS: dict[str, Any] = {
    "as many terms as operands": (lambda x: np.einsum("ij,jk", x), "2 terms"),
    "output in no operand": (lambda x: np.einsum("ij->ik", x), "'k' is in no operand"),
    "output twice": (lambda x: np.einsum("ij->ii", x), "'i' stands twice"),
    "too many letters": (lambda x: np.einsum("ijk->i", x), "do not fit an operand of 2 axes"),
    "too few letters": (lambda x: np.einsum("i->i", x), "do not fit an operand of 2 axes"),
    "no letter": (lambda x: np.einsum("i1->i", x), "'1' in 'i1'"),
    "two arrows": (lambda x: np.einsum("ij->->i", x), "one '->'"),
    "lengths": (lambda x: np.einsum("ij,jk", x, x), "could not be broadcast"),
    "matmul": (lambda x: x @ x, "mismatch in its core dimension"),
    "tensordot": (lambda x: np.tensordot(x, x, 1), "shape-mismatch for sum"),
    "linalg.outer": (lambda x: np.linalg.outer(x, x), "must be one-dimensional"),
    "cross": (lambda x: np.cross(x, x), "must be 2 or 3"),
    "linalg.cross": (lambda x: np.linalg.cross(x, x), "3-dimensional vectors"),
    "multi_dot of one": (lambda x: np.linalg.multi_dot([x]), "at least two"),
    "multi_dot of a stack": (lambda x: np.linalg.multi_dot([x, x[None], x]), "axes"),
    "matrix_power": (lambda x: np.linalg.matrix_power(x, 2), "square"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_error(name: str) -> None:
    call, text = ERRORS[name]
    with pytest.raises(ValueError, match=text):
        call(bb.Variable(A))
    with pytest.raises(ValueError, match=r"\w"):  # NumPy refuses it too
        call(A)


def test_matrix_power_of_a_fraction() -> None:
    with pytest.raises(TypeError):
        np.linalg.matrix_power(bb.Variable(SQUARE), 0.5)


# Lists, and what is kept


def test_lists_beside_traced_arrays() -> None:
    def f(x: Any) -> Any:
        return np.dot(LISTS, x) + np.inner(LISTS, x) + (LISTS @ x) + np.matvec(LISTS, x)

    if not hasattr(np, "matvec"):
        pytest.skip("NumPy 2.2")
    y, dy = bb.jvp(f, (W,), (np.ones(3),))
    np.testing.assert_allclose(y, 4 * np.array(LISTS) @ W, rtol=1e-14)
    np.testing.assert_allclose(dy, 4 * np.sum(LISTS, axis=1), rtol=1e-14)
    np.testing.assert_allclose(bb.grad(lambda x: np.sum(f(x)))(W), 4 * np.sum(LISTS, axis=0), rtol=1e-14)


def test_matmul_keeps_one_factor_for_the_other() -> None:
    x = bb.Variable(A)
    product = (2 * x) @ B
    kept = [v for v in product.node.saved if isinstance(v, np.ndarray)]
    assert [v.shape for v in kept] == [B.shape]


@pytest.mark.parametrize(
    "shapes", [((0, 4), (4, 2)), ((3, 0), (0, 2)), ((3, 4), (4, 0)), ((0, 3, 4), (4, 2)), ((0,), (0,))]
)
def test_empty_products(shapes: Any) -> None:
    xs = tuple(np.ones(s) for s in shapes)
    for f in (np.matmul, np.dot, lambda a, b: np.tensordot(a, b, 0), np.kron):
        y, pullback = bb.vjp(f, *xs)
        assert [c.shape for c in pullback(np.ones_like(y))] == list(shapes)


def test_derivatives_match_closed_forms() -> None:
    """grad of x^T m x is (m + m^T) x, its Hessian m + m^T; of sum(a b): row sums of b, column sums of a."""
    m = sample(4, 4, seed=10)

    def form(x: Any) -> Any:
        return x @ m @ x

    np.testing.assert_allclose(bb.grad(form)(V), (m + m.T) @ V, rtol=1e-13)
    np.testing.assert_allclose(bb.hessian(form)(V), m + m.T, rtol=1e-13)
    g_a, g_b = bb.grad(lambda a, b: np.sum(a @ b), argnums=(0, 1))(A, B)
    np.testing.assert_allclose(g_a, np.tile(B.sum(axis=1), (3, 1)), rtol=1e-13)
    np.testing.assert_allclose(g_b, np.tile(A.sum(axis=0)[:, None], (1, 5)), rtol=1e-13)
