"""Eigenvalues and singular values that repeat: right where the basis does not matter, an error where it does.

The truth is NumPy's value of the function nearby, by differences: these functions are smooth at repeated values.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.errors import DerivativeValueError
from bibun.scipy import linalg
from tests.families.agreement import along, paired, sample

G = sample(5, 5)
I5 = np.eye(5)


def unitary(*, wide: bool) -> np.ndarray:
    return np.linalg.qr(sample(5, 5, seed=1) + (1j * sample(5, 5, seed=2) if wide else 0))[0]


def with_values(values: Any, *, wide: bool) -> np.ndarray:
    u = unitary(wide=wide)
    return (u * np.asarray(values)) @ u.conj().T


REPEATED = {
    "pairs": with_values([1, 1, 2, 3, 3], wide=False),
    "identity": 2 * I5,
    "rank 2": with_values([0, 0, 0, 1, 2], wide=False),
    "zeros": np.zeros((5, 5)),
    "pairs, complex": with_values([1, 1, 2, 3, 3], wide=True),
    "rank 2, complex": with_values([0, 0, 0, 1, 2], wide=True),
    "huge": 1e100 * with_values([1, 1, 1, 1, -4], wide=False),
}
PAIRS, RANK_2 = REPEATED["pairs"], REPEATED["rank 2"]


def hermitian_direction(a: np.ndarray) -> np.ndarray:
    t = sample(5, 5, seed=3) + (1j * sample(5, 5, seed=4) if a.dtype.kind == "c" else 0)
    return 0.2 * (t + t.conj().T) * max(1.0, np.abs(a).max())  # small: projectors have large fifth derivatives


def projected(vectors: Any) -> Any:
    """A number that depends on the space which the vectors span, and not on them."""
    return np.sum(np.real(G * (vectors @ np.conj(vectors).T)))


def check_reverse(f: Any, a: np.ndarray) -> None:
    t = hermitian_direction(a)
    expected = along(f, (a,), (t,))
    np.testing.assert_allclose(paired(bb.grad(f)(a), t), expected, rtol=1e-8, atol=1e-9 * max(1, np.abs(expected)))


def check_both(f: Any, a: np.ndarray) -> None:
    check_reverse(f, a)
    t = hermitian_direction(a)
    expected = along(f, (a,), (t,))
    np.testing.assert_allclose(bb.jvp(f, (a,), (t,))[1], expected, rtol=1e-8, atol=1e-9 * max(1, np.abs(expected)))


def function_of(a: Any, f: Any) -> Any:
    """v f(w) v^H."""
    w, v = np.linalg.eigh(a)
    return (v * f(w)) @ np.conj(v).T


def of_matrix(a: Any, f: Any) -> Any:
    return np.sum(np.real(G * function_of(a, f)))


def restored(a: Any, f: Any = lambda s: s) -> Any:
    """u f(s) v^H."""
    u, s, vh = np.linalg.svd(a)
    return np.sum(np.real(G * ((u * f(s)) @ vh)))


# Values alone

SYMMETRIC = {
    "sum": lambda w: np.sum(w),
    "squares": lambda w: np.sum(w * w) / np.sum(np.abs(w) + 1),
    "exponentials": lambda w: np.log(np.sum(np.exp(w / 9))),
}


@pytest.mark.parametrize("matrix", [name for name in REPEATED if name not in ("huge", "zeros")])
@pytest.mark.parametrize("name", SYMMETRIC)
def test_symmetric_functions_of_eigenvalues(name: str, matrix: str) -> None:
    a, f = REPEATED[matrix] + 3 * I5, SYMMETRIC[name]
    check_both(lambda a: f(np.linalg.eigvalsh(a)), a)
    check_reverse(lambda a: f(np.linalg.eigh(a)[0]), a)
    check_both(lambda a: f(np.linalg.svdvals(a)), a)
    check_reverse(lambda a: f(np.linalg.svd(a)[1]), a)
    check_both(lambda a: np.linalg.norm(a, "nuc"), a)


def test_sum_of_squares_at_zeros() -> None:
    check_both(lambda a: np.sum(np.linalg.eigvalsh(a) ** 2), np.zeros((5, 5)))
    check_both(lambda a: np.sum(np.linalg.svdvals(a) ** 2), np.zeros((5, 5)))


def test_one_of_equal_values_shares_like_a_tie() -> None:
    """The smallest of k equal eigenvalues: the mean of their projectors, whatever basis LAPACK gives."""
    a, q = with_values([1, 1, 2, 3, 3], wide=False), unitary(wide=False)
    expected = q[:, :2] @ q[:, :2].T / 2
    found = bb.grad(lambda a: np.linalg.eigvalsh((a + a.T) / 2)[0])(a)
    np.testing.assert_allclose(found, expected, atol=1e-14)
    _, dy = bb.jvp(lambda a: np.linalg.eigvalsh(a)[1], (a,), (hermitian_direction(a),))
    np.testing.assert_allclose(dy, np.sum(expected * hermitian_direction(a)), rtol=1e-12)
    np.testing.assert_allclose(bb.grad(lambda a: np.linalg.norm(a, 2))(2 * I5), I5 / 5, atol=1e-15)


def test_small_values_of_a_graded_matrix_are_not_equal() -> None:
    """1e-20 and 3e-20 are equal to rounding of 1, but exact here: d log(w) = 1 / w."""
    a = np.diag([1.0, 1e-20, 3e-20])
    gradient = bb.grad(lambda a: np.sum(np.log(np.linalg.eigvalsh(a))))(a)
    np.testing.assert_allclose(np.diag(gradient), [1, 1e20, 1e20 / 3], rtol=1e-14)


# Vectors alone, where they span the whole space of the equal values


@pytest.mark.parametrize("matrix", ["pairs", "rank 2", "pairs, complex", "rank 2, complex"])
def test_projector_on_a_repeated_eigenspace(matrix: str) -> None:
    a = REPEATED[matrix]
    k = 3 if matrix.startswith("rank") else 2
    check_reverse(lambda a: projected(np.linalg.eigh(a)[1][:, :k]), a)
    check_reverse(lambda a: projected(np.linalg.eigh(a)[1][:, k:]), a)
    check_reverse(lambda a: projected(np.linalg.svd(a)[0][:, :2]), a)
    check_reverse(lambda a: projected(np.conj(np.linalg.svd(a)[2][:2]).T), a)


@pytest.mark.parametrize("matrix", ["pairs", "identity", "pairs, complex"])
def test_polar_factor(matrix: str) -> None:
    def polar(a: Any) -> Any:
        u, _, vh = np.linalg.svd(a)
        return np.sum(np.real(G * (u @ vh)))

    check_reverse(polar, REPEATED[matrix] + 1j * 0 * REPEATED[matrix] if "complex" in matrix else REPEATED[matrix])
    t = sample(5, 5, seed=5)  # not symmetric
    a = REPEATED["pairs"]
    np.testing.assert_allclose(paired(bb.grad(polar)(a), t), along(polar, (a,), (t,)), rtol=1e-8)


def test_projector_on_the_complement_of_the_range() -> None:
    tall = sample(5, 3, seed=6)
    t = sample(5, 3, seed=7)

    def beside(a: Any) -> Any:
        return projected(np.linalg.svd(a)[0][:, 3:])

    np.testing.assert_allclose(paired(bb.grad(beside)(tall), t), along(beside, (tall,), (t,)), rtol=1e-8)
    np.testing.assert_allclose(bb.jvp(beside, (tall,), (t,))[1], along(beside, (tall,), (t,)), rtol=1e-8)


# Values and vectors that do not repeat, beside others that do


@pytest.mark.parametrize("matrix", ["rank 2", "rank 2, complex"])
def test_leading_pairs_of_a_matrix_of_low_rank(matrix: str) -> None:
    """Principal components of fewer samples than axes: the rest is one repeated eigenvalue, 0."""

    def leading(a: Any) -> Any:
        w, v = np.linalg.eigh(a)
        return w[-1] * np.abs(v[0, -1]) ** 2 + w[-2] ** 2 * np.abs(v[1, -2])

    check_reverse(leading, REPEATED[matrix])
    a = REPEATED[matrix]
    batched = bb.vmap(bb.grad(leading))(np.stack([a, 2 * a]))
    np.testing.assert_allclose(batched, [bb.grad(leading)(a), bb.grad(leading)(2 * a)], rtol=1e-10, atol=1e-12)


def test_leading_singular_pair_of_a_matrix_of_low_rank() -> None:
    a = np.outer(sample(5, seed=8), sample(4, seed=9)) + 2 * np.outer(I5[0], [1, 0, 0, 0])
    t = sample(5, 4, seed=10)

    def leading(a: Any) -> Any:
        u, s, vh = np.linalg.svd(a, full_matrices=False)
        return s[0] * u[0, 0] * vh[0, 1] + s[1] ** 2

    np.testing.assert_allclose(paired(bb.grad(leading)(a), t), along(leading, (a,), (t,)), rtol=1e-8)


FUNCTIONS: dict[str, Any] = {
    "the matrix itself": lambda w: w,
    "exp": np.exp,
    "square root": lambda w: np.sqrt(w + 1),
    "inverse": lambda w: 1 / (w + 2),
}


@pytest.mark.parametrize("matrix", [name for name in REPEATED if name != "huge"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_of_the_matrix(name: str, matrix: str) -> None:
    """v h(w) v^H, of which neither the cotangent of v nor that of w shows h'(w) in the repeated space."""
    a = REPEATED[matrix]
    if name == "the matrix itself":
        a = a + I5  # not where h(w) is 0: there nothing is left to tell h'(w) from
    f = FUNCTIONS[name]
    check_reverse(lambda a: of_matrix(a, f), a)
    check_reverse(lambda a: np.real(np.trace(function_of(a, f))), a)
    jacobian = bb.jacrev(lambda a: function_of(a, f))(a)
    t = hermitian_direction(a)
    expected = along(lambda a: function_of(a, f), (a,), (t,))
    if a.dtype == float:
        np.testing.assert_allclose(np.tensordot(jacobian, t), expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("matrix", ["pairs", "identity", "pairs, complex"])
def test_the_matrix_by_its_singular_values(matrix: str) -> None:
    check_reverse(restored, REPEATED[matrix])
    check_reverse(lambda a: restored(a, np.sin), REPEATED[matrix])
    a, t = PAIRS, sample(5, 5, seed=5)  # not symmetric
    np.testing.assert_allclose(bb.grad(restored)(a), G, rtol=1e-11, atol=1e-12)
    expected = along(lambda a: restored(a, np.sin), (a,), (t,))
    np.testing.assert_allclose(paired(bb.grad(lambda a: restored(a, np.sin))(a), t), expected, rtol=1e-8)


def test_values_and_vectors_are_still_those_of_the_matrix() -> None:
    """The basis of the repeated space is a generic one: of the identity, not the unit vectors."""
    for a in REPEATED.values():
        w, v = np.linalg.eigh(bb.Variable(a))
        np.testing.assert_allclose(w.data, np.linalg.eigvalsh(a), rtol=1e-13, atol=1e-15)
        np.testing.assert_allclose((v.data * w.data) @ v.data.conj().T, a, rtol=1e-13, atol=1e-13 * np.abs(a).max())
        np.testing.assert_allclose(v.data.conj().T @ v.data, I5, atol=1e-14)
        u, s, vh = np.linalg.svd(bb.Variable(a))
        np.testing.assert_allclose((u.data * s.data) @ vh.data, a, rtol=1e-13, atol=1e-13 * np.abs(a).max())


# What depends on the basis


def two_functions_of(a: Any) -> Any:
    w, v = np.linalg.eigh(a)
    return np.concatenate([((v * np.exp(w)) @ v.T)[:2], ((v * np.sqrt(w)) @ v.T)[2:]])


REFUSED: dict[str, Any] = {
    "an entry": (lambda a: np.linalg.eigh(a)[1][0, 0], "pairs"),
    "an entry, identity": (lambda a: np.linalg.eigh(a)[1][0, 0], "identity"),
    "sum of all entries, identity": (lambda a: np.sum(np.linalg.eigh(a)[1]), "identity"),
    "one of two vectors": (lambda a: projected(np.linalg.eigh(a)[1][:, :1]), "pairs"),
    "all vectors": (lambda a: np.sum(G * np.linalg.eigh(a)[1]), "identity"),
    "vectors weighted by place": (lambda a: function_of(a, lambda w: w * np.arange(5))[0, 1], "identity"),
    "two functions of the matrix": (lambda a: np.sum(G * two_functions_of(a)), "pairs"),
    "the zero matrix itself": (lambda a: of_matrix(a, lambda w: w), "zeros"),
    "sum of the zero matrix itself": (lambda a: np.sum(function_of(a, lambda w: w)), "zeros"),
    "an entry of the zero matrix itself": (lambda a: function_of(a, lambda w: w)[0, 1], "zeros"),
    "complex": (lambda a: np.abs(np.linalg.eigh(a)[1][0, 0]), "pairs, complex"),
    "a left vector": (lambda a: np.linalg.svd(a)[0][0, 0], "pairs"),
    "a right vector": (lambda a: np.linalg.svd(a)[2][0, 0], "identity"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_depends_on_the_basis_is_refused(name: str) -> None:
    f, matrix = REFUSED[name]
    a = REPEATED[matrix]
    with pytest.raises(DerivativeValueError, match="equal to rounding, so their vectors are an arbitrary basis"):
        bb.grad(f)(a)
    with pytest.raises(DerivativeValueError, match=r"arbitrary bas[ei]s"):
        bb.jvp(f, (a,), (hermitian_direction(a),))


def test_vectors_of_zero_singular_values_are_refused() -> None:
    """Of two zeros, the left and the right vectors are bases that do not belong together."""
    lowest = np.diag([5.0, 4.0, 3.0, 0.0, 0.0])
    for f in (restored, lambda a: restored(a, np.cos)):
        with pytest.raises(DerivativeValueError, match=r"0 \(number 3\), 0 \(number 4\) are zero to rounding"):
            bb.grad(f)(lowest)
        with pytest.raises(DerivativeValueError, match="are zero to rounding"):
            bb.jvp(f, (lowest,), (G,))


def test_a_basis_of_the_complement_is_refused() -> None:
    with pytest.raises(DerivativeValueError, match="full_matrices=True the last 2 of 5 vectors are an arbitrary basis"):
        bb.grad(lambda a: np.sum(G * np.linalg.svd(a)[0]))(sample(5, 3))


COMPLETED: dict[str, Any] = {
    "qr": lambda a: np.linalg.qr(a, mode="complete")[0],
    "svd, left": lambda a: np.linalg.svd(a)[0],
    "svd, right": lambda a: np.linalg.svd(np.conj(a.T))[2].conj().T,
}


@pytest.mark.parametrize("wide", [False, True], ids=["real", "complex"])
@pytest.mark.parametrize("name", COMPLETED)
def test_a_basis_of_the_complement_in_forward_mode(name: str, wide: bool) -> None:
    """Its own tangent is refused; the first vectors' is that without it, and its projector is 1 - a (a^H a)^-1 a^H."""
    basis, complement = COMPLETED[name], lambda q: q[:, 3:] @ np.conj(q[:, 3:].T)
    a, t = sample(5, 3), sample(5, 3, seed=1)
    if wide:
        a, t = a + 1j * t, t - 1j * a[::-1]
    for part in (lambda q: q, lambda q: q[0, 4], lambda q: np.abs(q[1, 3]) ** 2 * 1e6):
        along = lambda a, t, part=part: bb.jvp(lambda a: part(basis(a)), (a,), (t,))[1]  # noqa: E731
        for run in (along, bb.compile(along)):
            with pytest.raises(DerivativeValueError, match="an arbitrary basis"):
                run(a, t)
    projector = lambda a: np.eye(5) - a @ np.linalg.inv(np.conj(a.T) @ a) @ np.conj(a.T)  # noqa: E731
    expected = bb.jvp(projector, (a,), (t,))[1]
    np.testing.assert_allclose(bb.jvp(lambda a: complement(basis(a)), (a,), (t,))[1], expected, atol=1e-13)
    if not wide:
        with pytest.raises(DerivativeValueError, match="an arbitrary basis"):
            bb.jacfwd(basis)(a)
        slopes = [bb.jacfwd(f)(a) for f in (lambda a: complement(basis(a)), projector)]
        np.testing.assert_allclose(*slopes, atol=1e-13)
        loss = lambda p: lambda a: np.sum(G * np.exp(p(a)))  # noqa: E731
        found = bb.hessian(loss(lambda a: complement(basis(a))))(a)
        np.testing.assert_allclose(found, bb.hessian(loss(projector))(a), rtol=1e-9, atol=1e-10)


def test_one_vector_that_completes_a_basis_cannot_turn() -> None:
    """It is what the others leave, (u x v) / |u x v| up to its sign."""
    a, t = sample(3, 2), sample(3, 2, seed=1)
    dq = bb.jvp(lambda a: np.linalg.qr(a, mode="complete")[0][:, 2], (a,), (t,))[1]
    normal = lambda a: (lambda n: n / np.linalg.norm(n))(np.cross(a[:, 0], a[:, 1]))  # noqa: E731
    sign = normal(a) @ np.linalg.qr(a, mode="complete")[0][:, 2]
    np.testing.assert_allclose(dq, sign * bb.jvp(normal, (a,), (t,))[1], atol=1e-14)


def test_phases_of_complex_vectors_are_refused() -> None:
    a = with_values([1, 2, 3, 4, 5], wide=True)
    for f in (lambda a: np.real(np.linalg.eigh(a)[1][1, 0]), lambda a: np.imag(np.linalg.svd(a)[0][0, 0])):
        with pytest.raises(DerivativeValueError, match="depends on the phases of the complex vectors"):
            bb.grad(f)(a)


def test_the_message() -> None:
    with pytest.raises(DerivativeValueError) as error:
        bb.grad(lambda a: np.linalg.eigh(a)[1][0, 0])(np.diag([1.0, 1.0, 2.0]))
    assert str(error.value) == (
        "eigh: the eigenvalues 1 (number 0), 1 (number 1) are equal to rounding, so their vectors are an arbitrary "
        "basis of one space, and what was computed from them, or its derivative, depends on that basis: it has no "
        "derivative here. Use what does not depend on it: the values alone (np.linalg.eigvalsh), the projector "
        "v @ v.T on that whole space (by reverse mode), the vectors of the other values; or write a function of the "
        "matrix without its vectors (np.linalg.solve, inv, matrix_power)."
    )


def test_single_precision_has_its_own_rounding() -> None:
    a = PAIRS.astype(np.float32)
    with pytest.raises(DerivativeValueError, match="equal to rounding"):
        bb.grad(lambda a: np.linalg.eigh(a)[1][0, 0])(a)
    gradient = bb.grad(lambda a: projected(np.linalg.eigh(a)[1][:, :2]))(a)
    assert gradient.dtype == np.float32
    exact = bb.grad(lambda a: projected(np.linalg.eigh(a)[1][:, :2]))(PAIRS)
    np.testing.assert_allclose(gradient, exact, rtol=1e-4, atol=1e-4)


def test_close_values_are_not_repeated() -> None:
    """A gap of 1e-9 is one: the projector on one of the two has a derivative, of size 1e9."""
    a = np.diag([1.0, 1.0 + 1e-9, 2.0])
    (t,) = (np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),)
    _, dy = bb.jvp(lambda a: np.linalg.eigh(a)[1][:, 0], (a,), (t,))
    np.testing.assert_allclose(np.abs(dy), [0, 1e9, 0], rtol=1e-6)


# The second derivative: right, or an error

SECOND = {
    "squares": lambda a: np.sum(np.linalg.eigvalsh(a) ** 2),
    "squares, eigh": lambda a: np.sum(np.linalg.eigh(a)[0] ** 2),
    "squares, svd": lambda a: np.sum(np.linalg.svdvals(a) ** 2),
    "trace": lambda a: np.sum(np.linalg.eigvalsh(a)),
    "trace of a function": lambda a: (lambda w, v: np.trace((v * w**2) @ v.T))(*np.linalg.eigh(a)),
    "leading value": lambda a: np.linalg.eigvalsh(a)[-1],
    "leading pair": lambda a: (lambda w, v: w[-1] * v[0, -1] ** 2)(*np.linalg.eigh(a)),
    "projector": lambda a: projected(np.linalg.eigh(a)[1][:, :2]),
}
DIRECTIONS = {"identity": I5, "diagonal": np.diag([1.0, 2.0, 3.0, 4.0, 5.0]), "any": hermitian_direction(I5)}


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("matrix", [np.diag([1.0, 1, 2, 3, 4]), np.diag([0.0, 0, 0, 1, 2]), PAIRS], ids=["1", "0", "q"])
@pytest.mark.parametrize("name", SECOND)
def test_second_derivative_is_right_or_refused(name: str, matrix: np.ndarray, direction: str) -> None:
    """The truth: second differences of values along two symmetric directions."""
    f, t, r = SECOND[name], DIRECTIONS[direction], hermitian_direction(I5)
    if name.startswith("leading") and matrix is PAIRS:
        return  # the leading value repeats too
    if name == "projector" and matrix[1, 1] == 0:
        return  # on two of three equal ones
    expected = along(lambda a: along(f, (a,), (t,)), (matrix,), (r,))
    found = []
    for second in (
        lambda: paired(bb.hvp(f, (matrix,), (t,)), r),
        lambda: paired(bb.grad(lambda a: np.sum(r * bb.grad(f)(a)))(matrix), t),
        lambda: bb.jvp(lambda a: bb.jvp(f, (a,), (t,))[1], (matrix,), (r,))[1],
    ):
        try:
            found.append(second())
        except DerivativeValueError as error:
            assert "arbitrary" in str(error)  # noqa: PT017
    np.testing.assert_allclose(found, np.full(len(found), expected), rtol=1e-5, atol=1e-5)
    if name in ("trace", "leading value") or (name == "squares" and direction == "identity"):
        assert found


def test_what_cancels_does_not_depend_on_a_basis() -> None:
    """In forward mode what is left of a turn of the basis is rounding, of what was given."""
    from bibun.scipy import linalg

    a = np.random.default_rng(0).normal(size=(5, 2))
    for f in (
        lambda a: a.T @ linalg.null_space(a.T),
        lambda a: linalg.null_space(a.T).T @ linalg.null_space(a.T) - np.eye(3),
    ):
        np.testing.assert_allclose(bb.jvp(f, (a,), (a,))[1], 0, atol=1e-13)
        np.testing.assert_allclose(bb.jacfwd(f)(a), 0, atol=1e-13)
    with pytest.raises(bb.DerivativeValueError, match="complete a basis"):
        bb.jvp(lambda a: linalg.null_space(a.T)[0, 0], (a,), (a,))


# Vectors that could be others: what depends on which they are is refused, at whatever vectors LAPACK gives, in both modes

UNITS, ONES = np.diag([1.0, 2.0, 3.0, 4.0])[:, :2], np.ones((4, 1))
NULL = np.diag([3.0, 2.0, 0.0, 0.0, 0.0])[:3]  # beside the vectors beyond the values there is that of one which is zero


def null_space(a: Any) -> Any:
    from bibun.scipy import linalg

    return linalg.null_space(a)


FURTHER: dict[str, tuple[Any, np.ndarray, Any]] = {
    "qr": (lambda a: np.linalg.qr(a, "complete")[0][:, 2:], UNITS, UNITS),
    "qr, complex": (lambda a: np.linalg.qr(a, "complete")[0][:, 2:], UNITS * (1 + 1j), UNITS),
    "svd, left": (lambda a: np.linalg.svd(a)[0][:, 2:], UNITS, UNITS),
    "svd, right": (lambda a: np.linalg.svd(a.T)[2][2:].T, UNITS, UNITS),
    "null_space": (lambda a: null_space(a.T), UNITS, UNITS),
    "null_space, of lower rank": (null_space, NULL, NULL),
    "qr, of ones": (lambda a: np.linalg.qr(a, "complete")[0][:, 1:], ONES, ONES),
    "svd, of ones": (lambda a: np.linalg.svd(a)[0][:, 1:], ONES, ONES),
    "svd, of zeros": (lambda a: np.linalg.svd(a)[2][2:].T, NULL, NULL),
}


@pytest.mark.parametrize("name", FURTHER)
def test_further_vectors_that_are_unit_vectors(name: str) -> None:
    """A sum of fourth powers has the slope 0 along every turn of unit vectors, and of some other ones."""
    basis, a, t = FURTHER[name]
    for f in (lambda a: np.sum(np.abs(basis(a)) ** 4), lambda a: np.sum(np.real(basis(a)) ** 3)):
        for run in (lambda f=f: bb.grad(f)(a), lambda f=f: bb.jvp(f, (a,), (t,))):
            with pytest.raises(DerivativeValueError, match="arbitrary"):
                run()
    projector = lambda a: (lambda v: np.sum(np.abs(v @ np.conj(v.T)) ** 3))(basis(a))  # noqa: E731
    np.testing.assert_allclose(bb.jvp(projector, (a,), (t,))[1], 0, atol=1e-13)
    np.testing.assert_allclose(np.sum(bb.grad(projector)(a) * t), 0, atol=1e-13)


def test_without_a_derivative_the_vectors_are_numpys() -> None:
    same = np.testing.assert_array_equal
    for f in (lambda a: np.linalg.qr(a, "complete")[0], lambda a: np.linalg.svd(a)[0]):
        same(bb.vmap(f)(np.stack([UNITS, 2 * UNITS])), np.stack([f(UNITS), f(2 * UNITS)]))
        np.testing.assert_allclose(bb.compile(f)(UNITS), f(UNITS), atol=1e-15)


def complex_sample(kind: str, seed: int = 0) -> np.ndarray:
    a = sample(5, 5, seed=2 * seed) + 1j * sample(5, 5, seed=2 * seed + 1)
    return a + np.conj(a.T) if kind == "eigh" else a[:, :3] if kind == "svd" else a


PHASES: dict[str, Any] = {
    "eigh": lambda a: np.linalg.eigh(a)[1],
    "eig": lambda a: np.linalg.eig(a)[1],
    "svd": lambda a: np.linalg.svd(a, full_matrices=False)[0],
}


@pytest.mark.parametrize("name", PHASES)
def test_phases_in_forward_mode(name: str) -> None:
    """Refused as in reverse mode; what does not depend on them has the derivative of reverse mode."""
    vectors, a, t = PHASES[name], complex_sample(name), complex_sample(name, 1)
    for part in (np.real, lambda v: 1e9 + np.imag(v[1:2, 1]) * 1e-9, lambda v: v[1, 0] ** 2):
        with pytest.raises(DerivativeValueError, match="phases of complex vectors are arbitrary"):
            bb.jvp(lambda a, part=part: part(vectors(a)), (a,), (t,))
    for part in (np.abs, lambda v: np.real(v[1] / v[0]), lambda v: np.real(v[:, :1] * np.conj(v[:, 0]))):
        f = lambda a, part=part: np.sum(np.cos(np.arange(1, 1 + part(vectors(a)).size)) * part(vectors(a)).ravel())  # noqa: E731
        dy = bb.jvp(f, (a,), (t,))[1]
        np.testing.assert_allclose(dy, np.real(np.sum(bb.grad(f)(a) * t)), rtol=1e-10)
        np.testing.assert_allclose(dy, along(f, (a,), (t,)), rtol=1e-6, atol=1e-5)


def test_phases_of_the_pairs_of_a_real_matrix() -> None:
    a, t = np.array([[0.3, -2.0, 0.5], [1.5, 0.1, 0.2], [0.4, 0.3, -1.0]]), sample(3, 3, seed=1)
    with pytest.raises(DerivativeValueError, match="phases of complex vectors are arbitrary"):
        bb.jvp(lambda a: np.linalg.eig(a)[1], (a,), (t,))
    f = lambda a: np.real(np.prod(np.linalg.eig(a)[1], axis=1))  # noqa: E731  the phases of a pair cancel
    np.testing.assert_allclose(bb.jvp(f, (a,), (t,))[1], along(f, (a,), (t,)), rtol=1e-6)


def test_what_depends_on_a_basis_beside_what_is_large() -> None:
    """It is told for each entry, whatever is large beside it; and what cancels is none, whatever is small."""
    a, t = sample(5, 3), sample(5, 3, seed=1)
    further = lambda a: np.linalg.qr(a, "complete")[0][:, 3:]  # noqa: E731
    for f in (
        lambda a: np.stack([1e18 * a[0, 0], 1e-9 * further(a)[0, 0]]),
        lambda a: 1e14 * np.sum(a) + further(a)[1],
        lambda a: 1e-30 * further(a) ** 3,
    ):
        with pytest.raises(DerivativeValueError, match="arbitrary"):
            bb.jvp(f, (a,), (t,))
        with pytest.raises(DerivativeValueError, match="arbitrary"):
            bb.jvp(lambda a, big, f=f: f(a), (a, 1e30), (t, 1e30))
    cancelled: tuple[Any, ...] = (
        lambda a: np.conj(a.T) @ further(a),
        lambda a: np.sum(further(a), axis=0) - further(a).T @ np.ones(5),
        lambda a: further(a) / further(a)[0] - further(a) * (1 / further(a)[0]),
        lambda a: np.log(np.abs(further(a))) - 0.5 * np.log(further(a) ** 2),
        lambda a: 1e-20 * (np.exp(30 * further(a)) * np.exp(-30 * further(a)) - 1),
    )
    for f in cancelled:
        for scale in (1e-5, 1.0, 1e5):
            np.testing.assert_allclose(bb.jvp(f, (scale * a,), (scale * t,))[1], 0, atol=1e-8 * scale)


def test_equal_values_that_do_not_move() -> None:
    """Their vectors stay a basis that could be any, though the tangent mixes none of them."""
    a, t = np.diag([1.0, 1.0, 2.0]), np.diag([0.0, 0.0, 1.0])
    for f in (lambda a: np.linalg.eigh(a)[1][:, 0] ** 2, lambda a: np.linalg.svd(a)[0][:, 2]):
        with pytest.raises(DerivativeValueError, match="arbitrary"):
            bb.jvp(f, (a,), (t,))
    projector = lambda a: (lambda v: v[:, :2] @ v[:, :2].T)(np.linalg.eigh(a)[1])  # noqa: E731
    np.testing.assert_allclose(bb.jvp(projector, (a,), (t,))[1], 0, atol=1e-15)


BASES = {
    "qr": lambda x: np.linalg.qr(x, "complete")[0][:, 3:],
    "svd": lambda x: np.linalg.svd(x)[0][:, 3:],
    "scipy.linalg.null_space": lambda x: linalg.null_space(x.T),
}


@pytest.mark.parametrize("scale", [1.0, 1e3, 1e-3])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", BASES)
def test_completed_bases_in_single_precision_beside_double(name: str, dtype: Any, scale: float) -> None:
    """What rounding leaves of a turn is of the coarsest dtype on the way, not of the result's. The projector on what the
    columns of x leave is P = 1 - x x⁺, and dP = -P dx x⁺ - (P dx x⁺)ᵀ."""
    basis, weights = BASES[name], sample(5, 5, seed=3)
    x, t = ((scale * sample(5, 3, seed=k)).astype(dtype) for k in (4, 5))
    p, back = np.eye(5) - x.astype(float) @ np.linalg.pinv(x.astype(float)), np.linalg.pinv(x.astype(float))
    dp = -p @ t @ back - (p @ t @ back).T
    tolerance = {"rtol": 1e3 * np.finfo(dtype).eps, "atol": 1e3 * np.finfo(dtype).eps}
    for f, slope in (
        (lambda n: np.sum(weights * (n @ n.T)), np.sum(weights * dp)),
        (lambda n: np.sum((n.T @ weights[0]) ** 2), weights[0] @ dp @ weights[0]),
    ):
        np.testing.assert_allclose(bb.jvp(lambda x, f=f: f(basis(x)), (x,), (t,))[1], slope, **tolerance)
    for dependent in (
        lambda n: np.sum(n * weights[:, :2]),
        lambda n: np.sum(weights * (n @ n.T)) + 1e-2 * np.sum(n[:, 0] * weights[0]),
    ):
        with pytest.raises(DerivativeValueError):
            bb.jvp(lambda x, f=dependent: f(basis(x)), (x,), (t,))
