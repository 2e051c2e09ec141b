"""Linear algebra away from repeated values: forms of call, closed forms and identities, singular matrices, norms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.core.traced import bare
from bibun.errors import DerivativeValueError
from tests.families.agreement import along, check, check_first, check_second, paired, sample

S, T = sample(3, 3), sample(3, 3, seed=1)
A = S + 1j * T
REGULAR = S + 3 * np.eye(3)
POSITIVE = S @ S.T + np.eye(3)
HERMITIAN = A @ A.conj().T + np.eye(3)
STACK = np.stack([REGULAR, T + 3 * np.eye(3)])
POSITIVES = np.stack([POSITIVE, T @ T.T + 2 * np.eye(3)])
WIDE, TALL = sample(3, 4, seed=2), sample(4, 2, seed=3)
V = sample(3, seed=4)

FUNCTIONS: dict[str, Any] = {
    "solve": (np.linalg.solve, REGULAR, WIDE),
    "solve a vector": (np.linalg.solve, REGULAR, V),
    "solve a stack": (np.linalg.solve, STACK, sample(2, 3, 2)),
    "solve with one matrix": (np.linalg.solve, REGULAR, sample(2, 3, 2)),
    "solve for one right side": (np.linalg.solve, STACK, WIDE),
    "solve a stack for a vector": (np.linalg.solve, STACK, V),
    "solve complex": (np.linalg.solve, A, A.T.copy()),
    "solve complex for real": (np.linalg.solve, A, S),
    "inv": (np.linalg.inv, REGULAR),
    "inv of a stack": (np.linalg.inv, STACK),
    "inv complex": (np.linalg.inv, A),
    "det": (np.linalg.det, S),
    "det of a stack": (np.linalg.det, STACK),
    "det complex": (np.linalg.det, A),
    "slogdet": (lambda a: np.linalg.slogdet(a).logabsdet, S),
    "slogdet of a stack": (lambda a: np.linalg.slogdet(a)[1], STACK),
    "slogdet complex": (lambda a: np.linalg.slogdet(a)[1], A),
    "sign complex": (lambda a: np.linalg.slogdet(a).sign, A),
    "cholesky": (np.linalg.cholesky, POSITIVE),
    "cholesky upper": (lambda a: np.linalg.cholesky(a, upper=True), POSITIVE),
    "cholesky of a stack": (np.linalg.cholesky, POSITIVES),
    "cholesky complex": (np.linalg.cholesky, HERMITIAN),
    "cholesky upper complex": (lambda a: np.linalg.cholesky(a, upper=True), HERMITIAN),
    "pinv wide": (np.linalg.pinv, WIDE),
    "pinv tall": (np.linalg.pinv, TALL),
    "pinv complex": (np.linalg.pinv, A[:2].copy()),
    "pinv hermitian": (lambda a: np.linalg.pinv(a, hermitian=True), POSITIVE),
    "pinv hermitian complex": (lambda a: np.linalg.pinv(a, hermitian=True), HERMITIAN),
    "pinv rtol": (lambda a: np.linalg.pinv(a, rtol=1e-10), WIDE),
    "pinv default rtol": (lambda a: np.linalg.pinv(a, rtol=None), WIDE),
    "pinv rcond": (lambda a: np.linalg.pinv(a, 1e-10), WIDE),
    "eigenvalues": (lambda a: np.linalg.eigh(a).eigenvalues, POSITIVE),
    "eigenvectors": (lambda a: np.linalg.eigh(a)[1], POSITIVE),
    "eigenvectors, upper": (lambda a: np.linalg.eigh(a, "U")[1], POSITIVE),
    "eigenvectors of a stack": (lambda a: np.linalg.eigh(a)[1], POSITIVES),
    "modulus of complex eigenvectors": (lambda a: np.abs(np.linalg.eigh(a)[1]), HERMITIAN),
    "function of a matrix": (lambda a: of_matrix(a, np.sqrt), POSITIVE),
    "function of a complex matrix": (lambda a: of_matrix(a, np.log), HERMITIAN),
    "eigvalsh": (np.linalg.eigvalsh, POSITIVE),
    "eigvalsh, upper": (lambda a: np.linalg.eigvalsh(a, UPLO="u"), POSITIVE),
    "eigvalsh of a stack": (np.linalg.eigvalsh, POSITIVES),
    "eigvalsh complex": (np.linalg.eigvalsh, HERMITIAN),
    "svdvals": (np.linalg.svdvals, WIDE),
    "svdvals of a stack": (np.linalg.svdvals, STACK),
    "svdvals complex": (np.linalg.svdvals, A),
    "svd, values only": (lambda a: np.linalg.svd(a, compute_uv=False), TALL),
    "svd, hermitian values": (lambda a: np.linalg.svd(a, hermitian=True, compute_uv=False), POSITIVE - 2 * np.eye(3)),
    "svd, hermitian": (lambda a: restored(a, np.sin, hermitian=True), POSITIVE - 2 * np.eye(3)),
}
for full in (False, True):
    for name, matrix in {
        "square": S,
        "wide": WIDE,
        "tall": TALL,
        "stack": STACK,
        "complex": A,
        "cut": A[:, :2],
    }.items():
        FUNCTIONS[f"svd of {name}, full={full}"] = (
            lambda a, f=full: restored(a, np.sin, full_matrices=f),
            matrix.copy(),
        )
for name, matrix in {"square": S, "wide": WIDE, "tall": TALL}.items():
    FUNCTIONS[f"left vectors, {name}"] = (lambda a: np.linalg.svd(a, full_matrices=False)[0], matrix)
    FUNCTIONS[f"right vectors, {name}"] = (lambda a: np.linalg.svd(a, full_matrices=False).Vh, matrix)


def of_matrix(a: Any, f: Any) -> Any:
    """v f(w) v^H."""
    w, v = np.linalg.eigh(a)
    return (v * f(w)) @ np.conj(v).T


def restored(a: Any, f: Any, **settings: Any) -> Any:
    """u f(s) v^H."""
    u, s, vh = np.linalg.svd(a, **settings)
    k = s.shape[-1]
    return (u[..., :, :k] * f(s)[..., None, :]) @ vh[..., :k, :]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name: str) -> None:
    f, *xs = FUNCTIONS[name]
    check(f, *xs, batch=False)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_vmap_is_a_loop(name: str) -> None:
    """Also of the pullback, which is all that jacrev needs."""
    f, *xs = FUNCTIONS[name]
    stacks = [np.stack([x, 1.1 * x, x + 0.01 * np.conj(x)]) for x in xs]
    looped = np.stack([f(*entries) for entries in zip(*stacks, strict=True)])
    np.testing.assert_allclose(bb.vmap(f)(*stacks), looped, rtol=1e-10, atol=1e-12)
    gradient = bb.grad(lambda *ys: np.sum(np.abs(f(*ys)) ** 3))
    looped = np.stack([gradient(*entries) for entries in zip(*stacks, strict=True)])
    np.testing.assert_allclose(bb.vmap(gradient)(*stacks), looped, rtol=1e-9, atol=1e-10)
    if all(x.dtype == float for x in (*xs, f(*xs))):
        np.testing.assert_allclose(bb.jacrev(f)(*xs), bb.jacfwd(f)(*xs), rtol=1e-9, atol=1e-10)


# Closed forms and identities


def test_gradient_of_log_det_is_the_inverse_transposed() -> None:
    gradient = bb.grad(lambda a: np.linalg.slogdet(a)[1])
    np.testing.assert_allclose(gradient(REGULAR), np.linalg.inv(REGULAR).T, rtol=1e-13)
    np.testing.assert_allclose(gradient(A), np.linalg.inv(A).T, rtol=1e-12)


def test_tangent_of_log_det_is_the_trace_of_the_quotient() -> None:
    _, dy = bb.jvp(lambda a: np.linalg.slogdet(a)[1], (REGULAR,), (T,))
    np.testing.assert_allclose(dy, np.trace(np.linalg.solve(REGULAR, T)), rtol=1e-13)


def test_inverse_and_its_tangent() -> None:
    """d(a^-1) = -a^-1 da a^-1, and the second derivative 2 a^-1 da a^-1 da a^-1."""
    b = np.linalg.inv(REGULAR)

    def slope(a: Any) -> Any:
        return bb.jvp(np.linalg.inv, (a,), (T,))[1]

    np.testing.assert_allclose(slope(REGULAR), -b @ T @ b, rtol=1e-12)
    np.testing.assert_allclose(bb.jvp(slope, (REGULAR,), (T,))[1], 2 * b @ T @ b @ T @ b, rtol=1e-12)


def test_solve_gives_cotangents_for_what_is_differentiated() -> None:
    x = np.linalg.solve(REGULAR, V)
    g_b = np.linalg.solve(REGULAR.T, np.ones(3))
    loss = lambda a, b: np.sum(np.linalg.solve(a, b))  # noqa: E731
    np.testing.assert_allclose(bb.grad(loss, 0)(REGULAR, V), -np.outer(g_b, x), rtol=1e-13)
    np.testing.assert_allclose(bb.grad(loss, 1)(REGULAR, V), g_b, rtol=1e-13)
    g_a, g = bb.grad(loss, (0, 1))(REGULAR, V)
    np.testing.assert_allclose(g_a, -np.outer(g_b, x), rtol=1e-13)
    np.testing.assert_allclose(g, g_b, rtol=1e-13)


def test_cholesky_satisfies_its_equation_to_first_order() -> None:
    """dl l^T + l dl^T = da."""
    da = T + T.T
    factor, d = bb.jvp(np.linalg.cholesky, (POSITIVE,), (da,))
    np.testing.assert_allclose(d @ factor.T + factor @ d.T, da, rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(np.triu(d, 1), 0)


@pytest.mark.parametrize("f", [np.linalg.cholesky, np.linalg.eigvalsh])
def test_only_the_triangle_that_numpy_reads_has_a_derivative(f: Any) -> None:
    gradient = bb.grad(lambda a: np.sum(f(a) ** 3))(POSITIVE)
    np.testing.assert_array_equal(np.triu(gradient, 1), 0)
    through = bb.grad(lambda a: np.sum(f((a + a.T) / 2) ** 3))(POSITIVE)  # made symmetric: both triangles
    np.testing.assert_allclose(through, (gradient + gradient.T) / 2, rtol=1e-12)


def test_derivative_of_an_eigenvalue_is_the_projector() -> None:
    v = np.linalg.eigh(POSITIVE)[1]
    for k in range(3):
        gradient = bb.grad(lambda a, k=k: np.linalg.eigvalsh((a + a.T) / 2)[k])(POSITIVE)
        np.testing.assert_allclose(gradient, np.outer(v[:, k], v[:, k]), rtol=1e-11, atol=1e-13)


def test_second_derivative_of_an_eigenvalue() -> None:
    """2 sum_j m_ij^2 / (w_i - w_j) with m = v^T da v."""
    w, v = np.linalg.eigh(POSITIVE)
    da = T + T.T
    m = v.T @ da @ v
    expected = [2 * sum(m[i, j] ** 2 / (w[i] - w[j]) for j in range(3) if j != i) for i in range(3)]

    def slope(a: Any) -> Any:
        return bb.jvp(np.linalg.eigvalsh, (a,), (da,))[1]

    np.testing.assert_allclose(bb.jvp(slope, (POSITIVE,), (da,))[1], expected, rtol=1e-10)


def test_derivatives_of_singular_values_are_outer_products() -> None:
    u, _, vh = np.linalg.svd(WIDE, full_matrices=False)
    expected = np.einsum("ik,kj->kij", u, vh)
    np.testing.assert_allclose(bb.jacrev(np.linalg.svdvals)(WIDE), expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(bb.jacfwd(np.linalg.svdvals)(WIDE), expected, rtol=1e-12, atol=1e-14)


def test_gradient_of_the_nuclear_norm_is_the_polar_factor() -> None:
    u, _, vh = np.linalg.svd(WIDE, full_matrices=False)
    np.testing.assert_allclose(bb.grad(lambda a: np.linalg.norm(a, "nuc"))(WIDE), u @ vh, rtol=1e-12)


def test_pinv_of_a_matrix_of_lower_rank() -> None:
    """Along matrices of the same rank: a = b c with b 4 x 2 and c 2 x 3."""
    b, c = sample(4, 2), sample(2, 3, seed=1)
    check_first(lambda b, c: np.linalg.pinv(b @ c, rtol=1e-10), b, c)


def test_complex_derivative_of_the_inverse_is_holomorphic() -> None:
    _, along_real = bb.jvp(np.linalg.inv, (A,), (T + 0j,))
    _, along_imaginary = bb.jvp(np.linalg.inv, (A,), (1j * T,))
    np.testing.assert_allclose(along_imaginary, 1j * along_real, rtol=1e-13)


# Determinants of singular matrices

SINGULAR: dict[str, np.ndarray] = {
    "rank 2": np.stack([S[0], S[1], S[0] + S[1]]),
    "rank 1": np.outer(V, S[0]),
    "zeros": np.zeros((3, 3)),
    "zeros, 2 by 2": np.zeros((2, 2)),
    "zero, 1 by 1": np.zeros((1, 1)),
    "nearly": np.stack([S[0], S[1], S[0] + S[1]]) + 1e-9 * T,
    "complex": np.outer(A[0], A[1]),
    "one of a stack": np.stack([S, np.outer(V, S[0]), np.zeros((3, 3))]),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_det_of_a_singular_matrix(name: str) -> None:
    check_first(np.linalg.det, SINGULAR[name])
    check_second(np.linalg.det, SINGULAR[name])


def test_gradient_of_det_is_the_matrix_of_minors() -> None:
    a = SINGULAR["rank 2"]
    minors = [
        [(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) for j in range(3)] for i in range(3)
    ]
    np.testing.assert_allclose(bb.grad(np.linalg.det)(a), minors, rtol=1e-12)


def test_log_det_of_a_singular_matrix_has_no_derivative() -> None:
    with pytest.raises(DerivativeValueError, match=r"1 are singular: log\|det\| is -inf"):
        bb.grad(lambda a: np.sum(np.linalg.slogdet(a)[1]))(np.stack([np.ones((2, 2)), np.eye(2)]))


# Norms

ORDERS_OF_VECTORS = [None, np.inf, -np.inf, 1, 2, 3, 2.5, 0.5, -1, -2]
ORDERS_OF_MATRICES = [None, "fro", "nuc", np.inf, -np.inf, 1, -1, 2, -2]


def apart(*shape: int) -> np.ndarray:
    """Entries away from 0, so that powers have tame derivatives, and of which no two sums are alike."""
    x = sample(*shape, seed=5)
    return np.sign(x) * (0.5 + np.abs(x)) ** 1.3


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("order", ORDERS_OF_VECTORS)
def test_norm_of_vectors(order: Any, keepdims: bool) -> None:
    check(lambda x: np.linalg.norm(x, order, keepdims=keepdims), apart(3))
    check(lambda x: np.linalg.norm(x, order, axis=1, keepdims=keepdims), apart(3, 4))
    check(lambda x: np.linalg.norm(x, ord=order, axis=-2), apart(2, 3, 3))
    check(lambda x: np.linalg.norm(x, order), A[0].copy())


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("order", ORDERS_OF_MATRICES)
def test_norm_of_matrices(order: Any, keepdims: bool) -> None:
    check(lambda x: np.linalg.norm(x, order, keepdims=keepdims), apart(3, 4))
    check(lambda x: np.linalg.norm(x, order, axis=(2, 0), keepdims=keepdims), apart(2, 3, 4))
    check(lambda x: np.linalg.norm(x, order), A)
    check(lambda x: np.linalg.matrix_norm(x, ord=order or "fro", keepdims=keepdims), STACK)


@pytest.mark.parametrize("axis", [None, 1, (0, 2), (-1,)])
@pytest.mark.parametrize("order", [2, 1, 3, np.inf])
def test_vector_norm(order: Any, axis: Any) -> None:
    x = sample(2, 3, 4, seed=6)
    check(lambda x: np.linalg.vector_norm(x, ord=order, axis=axis), x)
    check_first(lambda x: np.linalg.vector_norm(x, ord=order, axis=axis, keepdims=True), x)


def test_norm_of_everything() -> None:
    check(np.linalg.norm, sample(2, 3, 4))
    check(lambda x: np.linalg.norm(x, axis=(0, 2)), sample(2, 3, 4))
    check(np.linalg.norm, A)


def test_count_of_nonzero_entries_is_constant() -> None:
    x = bb.Variable(np.array([[0.0, 2.0], [3.0, 4.0]]))
    np.testing.assert_array_equal(np.linalg.norm(x, 0, axis=1), [1, 2])


@pytest.mark.parametrize("order", [None, 1, 2, 3, 2.5, np.inf])
def test_norm_at_0_has_derivative_0(order: Any) -> None:
    def f(x: Any) -> Any:
        return np.sum(np.linalg.norm(x, order, axis=1))

    x = np.array([[0.0, 0.0], [1.0, 0.0]])
    np.testing.assert_array_equal(bb.grad(f)(x), [[0, 0], [1, 0]])
    np.testing.assert_array_equal(bb.jvp(f, (x,), (np.ones((2, 2)),))[1], 1)


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_direction_of_tiny_and_huge_vectors(size: float) -> None:
    x = np.array([[3.0, 4.0], [0.0, 0.0]]) * size
    expected = [[0.6, 0.8], [0, 0]]
    with np.errstate(over="ignore", under="ignore"):
        np.testing.assert_allclose(bb.grad(lambda x: np.sum(np.linalg.norm(x, axis=1)))(x), expected, rtol=1e-15)


@pytest.mark.parametrize("size", [1e-310, 1e-200, 1e-160, 1e-154, 1e154, 1e160, 1e290])
@pytest.mark.parametrize("order", [-3, -1, -0.5, 0.25, 0.5, 1.5, 3, 7.5])
def test_slopes_of_norms_do_not_depend_on_the_size(order: float, size: float) -> None:
    """A norm is homogeneous: |s x| = s |x|, so its gradient at s x is that at x, (|x[i]| / |x|)**(p - 1) sign(x[i])."""
    x = np.array([0.3, 0.5, -0.7])
    norm = lambda x: np.linalg.norm(x, order)  # noqa: E731
    expected = (np.abs(x) / np.sum(np.abs(x) ** order) ** (1 / order)) ** (order - 1) * np.sign(x)
    with np.errstate(all="ignore"):
        for gradient in (bb.grad(norm), bb.jacfwd(norm), bb.compile(bb.grad(norm))):
            np.testing.assert_allclose(gradient(x * size), expected, rtol=1e-13 if size > 1e-300 else 1e-9)


def test_slopes_of_norms_of_sizes_far_apart() -> None:
    gradient = lambda x, order: bb.grad(lambda x: np.linalg.norm(x, order))(np.array(x))  # noqa: E731
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(gradient([1.0, 1e-200, 2.0], -1), [0, 1, 0])
        np.testing.assert_array_equal(gradient([1.0, 1e200, -2.0], 3), [0, 1, 0])


@pytest.mark.parametrize("order", [0.5, 1.0, 1.5, 2.0, 3.0])
def test_slopes_of_norms_at_zero_are_in_the_middle(order: float) -> None:
    """Central differences are 0 there, of a kink and of a cusp; whether or not the order is differentiated too."""
    x, step = np.array([0.0, 1.0, -4.0]), 1e-4
    norm = np.linalg.norm
    expected = [(norm(x + h, order) - norm(x - h, order)) / (2 * step) for h in step * np.eye(3)]
    assert expected[0] == 0
    for f in (bb.grad, bb.jacfwd):
        np.testing.assert_allclose(f(lambda x: norm(x, order))(x), expected, rtol=1e-6)
        np.testing.assert_allclose(f(lambda v: norm(v[1:], v[0]))(np.array([order, *x]))[1:], expected, rtol=1e-6)


# Forms of call


def test_results_are_named_as_numpys() -> None:
    x = bb.Variable(POSITIVE)
    assert type(np.linalg.eigh(x)) is type(np.linalg.eigh(POSITIVE))
    assert type(np.linalg.svd(x)) is type(np.linalg.svd(POSITIVE))
    assert type(np.linalg.svd(x, hermitian=True)) is type(np.linalg.svd(POSITIVE))
    assert type(np.linalg.slogdet(x)) is type(np.linalg.slogdet(POSITIVE))


def test_lists_and_integers() -> None:
    x = bb.Variable(np.array([1.0, 2.0]))
    np.sum(np.linalg.solve([[2, 0], [0, 4]], x)).backward()
    np.testing.assert_allclose(x.grad, [0.5, 0.25], rtol=1e-15)


ERRORS: dict[str, Any] = {
    "solve a singular system": lambda a: np.linalg.solve(0 * a, V),
    "invert a singular matrix": lambda a: np.linalg.inv(0 * a),
    "invert a rectangle": lambda a: np.linalg.inv(a[:2]),
    "cholesky of a negative matrix": lambda a: np.linalg.cholesky(-a),
    "unknown triangle": lambda a: np.linalg.eigh(a, "M"),
    "unknown norm of vectors": lambda a: np.linalg.norm(a[0], "fro"),
    "unknown norm of matrices": lambda a: np.linalg.norm(a, "max"),
    "unknown norm, a number": lambda a: np.linalg.norm(a, 3),
    "norm of three axes": lambda a: np.linalg.norm(a[None], 2),
    "norm of one axis twice": lambda a: np.linalg.norm(a, axis=(0, 0)),
    "rcond and rtol": lambda a: np.linalg.pinv(a, 1e-3, rtol=1e-3),
}


@pytest.mark.parametrize("name", ERRORS)
def test_error_as_numpys(name: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as expected:
        ERRORS[name](POSITIVE)
    with pytest.raises(ValueError, match=r"\w") as found:
        ERRORS[name](bb.Variable(POSITIVE))
    assert found.type is expected.type


EMPTY: dict[str, Any] = {
    "inv": (np.linalg.inv, (0, 0)),
    "inv of no matrices": (np.linalg.inv, (0, 3, 3)),
    "det": (np.linalg.det, (0, 0)),
    "slogdet": (lambda a: np.linalg.slogdet(a)[1], (0, 0)),
    "solve": (lambda a: np.linalg.solve(a, np.ones((0, 2))), (0, 0)),
    "cholesky": (np.linalg.cholesky, (0, 0)),
    "pinv": (np.linalg.pinv, (3, 0)),
    "eigenvectors": (lambda a: np.linalg.eigh(a)[1], (0, 0)),
    "eigvalsh": (np.linalg.eigvalsh, (0, 0)),
    "svd": (lambda a: np.linalg.svd(a)[0], (0, 3)),
    "svd, not full": (lambda a: np.linalg.svd(a, full_matrices=False)[2], (3, 0)),
    "svdvals": (np.linalg.svdvals, (0, 3)),
    "norm": (np.linalg.norm, (0,)),
    "norm of no rows": (lambda a: np.linalg.norm(a, axis=1), (0, 3)),
    "nuclear norm": (lambda a: np.linalg.norm(a, "nuc"), (0, 3)),
    "vector_norm along an axis": (lambda a: np.linalg.vector_norm(a, axis=0, ord=1), (0, 3)),
    "vector_norm of no vectors": (lambda a: np.linalg.vector_norm(a, axis=1, ord=3), (0, 3)),
}


@pytest.mark.parametrize("name", EMPTY)
def test_empty(name: str) -> None:
    f, shape = EMPTY[name]
    x = np.ones(shape)
    y, pullback = bb.vjp(f, x)
    assert pullback(np.ones_like(y))[0].shape == shape
    assert np.shape(bb.jvp(f, (x,), (x,))[1]) == np.shape(f(x))


@pytest.mark.parametrize("order", [-1, -2.5, -np.inf, 0, 1, 2.5, np.inf])
@pytest.mark.parametrize("x", [np.zeros(0), np.array([0.0, 1.0]), np.array([np.inf]), np.array([3, 4])], ids=str)
def test_values_of_norms_at_the_edges(order: float, x: np.ndarray) -> None:
    if not x.size and order == -np.inf:
        return  # NumPy has none
    for norm in (lambda x: np.linalg.vector_norm(x, ord=order), lambda x: np.linalg.norm(x, order, 0)):
        with np.errstate(all="ignore"):
            expected, found = norm(x), norm(bb.Variable(x))
        np.testing.assert_allclose(bare(found), expected, rtol=1e-14)
        assert found.dtype == expected.dtype


def test_rank_above_a_tolerance_that_is_traced() -> None:
    matrices = np.random.default_rng(0).random((2, 3, 3))
    for rank in (
        lambda a: np.linalg.matrix_rank(a, rtol=a[0, 0]),
        lambda a: np.linalg.matrix_rank(a, a[0, 0]),
        lambda a: np.linalg.matrix_rank(a, tol=a[0, 0], hermitian=True),
    ):
        expected = [rank(a) for a in matrices]
        np.testing.assert_array_equal(bb.vmap(rank)(matrices), expected)
        assert [rank(bb.Variable(a)) for a in matrices] == expected
        assert [bb.compile(rank)(a) for a in matrices] == expected
    with pytest.raises(ValueError, match="both"):
        np.linalg.matrix_rank(bb.Variable(matrices), tol=bb.Variable(np.ones(2)), rtol=0.5)


def test_cutoff_of_pinv_that_is_traced() -> None:
    matrices = np.random.default_rng(0).random((2, 3, 3)) + 3 * np.eye(3)
    check_first(lambda a: np.linalg.pinv(a, rtol=1e-3 * a[0, 0]), matrices[0])
    with pytest.raises(bb.NoDerivativeError, match="the cutoff differs"):
        bb.vmap(lambda a: np.linalg.pinv(a, rtol=1e-3 * a[0, 0]))(matrices)


def test_jacobian_vector_products_pair_for_complex_to_real() -> None:
    """Re(sum g dy) = Re(sum pullback(g) t) for eigenvalues, which are real functions of complex entries."""
    t = T + 1j * S
    g = V
    dy = along(np.linalg.eigvalsh, (HERMITIAN,), (t,))
    (pulled,) = bb.vjp(np.linalg.eigvalsh, HERMITIAN)[1](g)
    np.testing.assert_allclose(paired(pulled, t), paired(g, dy), rtol=1e-9)


def test_a_number_is_one_of_numpys() -> None:
    for f in (
        lambda a: np.linalg.norm(a[0], 3),
        lambda a: np.linalg.vector_norm(a, ord=2.5),
        lambda a: np.linalg.cond(a, "fro"),
        lambda a: np.interp(a[0, 0], [-3.0, 3.0], a[1, :2]),
    ):
        assert type(bb.vjp(f, REGULAR)[0]) is type(f(REGULAR)) is np.float64


@pytest.mark.parametrize("p", [1.0, 2.0, 3.5])
def test_the_slope_of_a_norm_by_its_order(p: float) -> None:
    """N = (Σ|x|^p)^(1/p) has dN/dp = N (Σ|x|^p log|x| / (p N^p) - log(N^p) / p²), at 1 and 2 too."""
    x = np.array([3.0, -1.0, 2.0])
    powers = np.sum(np.abs(x) ** p)
    norm = powers ** (1 / p)
    want = norm * (np.sum(np.abs(x) ** p * np.log(np.abs(x))) / (p * powers) - np.log(powers) / p**2)
    for derivative in (bb.grad, bb.jacfwd, lambda f: bb.compile(bb.grad(f))):
        by_all = derivative(lambda v: np.linalg.norm(v[1:], v[0]))(np.array([p, *x]))
        np.testing.assert_allclose(by_all[0], want, rtol=1e-12)
