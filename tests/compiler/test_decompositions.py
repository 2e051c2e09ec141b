"""Compiled linear algebra against NumPy's own: values, signs, derivatives, errors, and a matrix that is factored once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun import tree
from bibun.compiler.fusing import decompositions
from bibun.compiler.native import cache
from tests.compiler.calls import routines, through_numpy

pytest.importorskip("scipy.linalg", reason="its LAPACK is what compiled programs call")
LinAlgError = np.linalg.LinAlgError
inf, nan = np.inf, np.nan
TOLERANCE = {"d": 1e-11, "f": 2e-3}


def regular(shape: tuple[int, ...], dtype: str = "d", seed: int = 0) -> Any:
    """Matrices without structure, far from singular."""
    random = np.random.default_rng((seed, *shape))
    return (random.normal(size=shape) + 3 * np.eye(*shape[-2:])).astype(dtype)


def definite(a: Any) -> Any:
    return a @ np.swapaxes(a, -1, -2) + np.eye(a.shape[-1], dtype=a.dtype)


def same(y: Any, expected: Any, dtype: str = "d") -> None:
    """Equal to rounding, of one dtype and shape."""
    if isinstance(expected, tuple):
        for mine, theirs in zip(y, expected, strict=True):
            same(mine, theirs, dtype)
        return
    assert (np.result_type(y), np.shape(y)) == (np.result_type(expected), np.shape(expected))
    scale = max(1.0, np.max(np.abs(expected), initial=0, where=np.isfinite(expected)))
    np.testing.assert_allclose(y, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * scale)


SQUARE: dict[str, Callable[..., Any]] = {
    "solve": lambda a: np.linalg.solve(a, np.cos(a[..., :2])),
    "solve of the transpose": lambda a: np.linalg.solve(np.swapaxes(a, -1, -2), a),
    "inv": np.linalg.inv,
    "det": np.linalg.det,
    "slogdet": lambda a: tuple(np.linalg.slogdet(a)),
    "cholesky": lambda a: np.linalg.cholesky(definite(a)),
    "upper cholesky": lambda a: np.linalg.cholesky(definite(a), upper=True),
    "solve by cholesky": lambda a: np.linalg.solve(np.linalg.cholesky(definite(a)), a),
    "solve by cholesky's transpose": lambda a: np.linalg.solve(np.swapaxes(np.linalg.cholesky(definite(a)), -1, -2), a),
    "eigh": lambda a: tuple(np.linalg.eigh(definite(a))),
    "eigh of the upper triangle": lambda a: tuple(np.linalg.eigh(a, "U")),
    "eigvalsh": np.linalg.eigvalsh,
    "eigvalsh of the upper triangle": lambda a: np.linalg.eigvalsh(a, "U"),
    "svd": lambda a: tuple(np.linalg.svd(a)),
    "svdvals": np.linalg.svdvals,
    "qr": lambda a: tuple(np.linalg.qr(a)),
    "r alone": lambda a: np.linalg.qr(a, "r"),
    "solve by r": lambda a: np.linalg.solve(np.linalg.qr(a)[1], a),
    "solve by the transpose of r": lambda a: np.linalg.solve(np.swapaxes(np.linalg.qr(a)[1], -1, -2), a),
    "pinv": np.linalg.pinv,
    "norm": lambda a: np.linalg.norm(a, 2, axis=(-2, -1)),
}
SHAPES = [(1, 1), (2, 2), (5, 5), (30, 30), (7, 3, 3), (2, 3, 4, 4), (1, 3, 3)]


@pytest.mark.parametrize("dtype", "df")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", SQUARE)
def test_values(name: str, shape: tuple[int, ...], dtype: str) -> None:
    f, a = SQUARE[name], regular(shape, dtype)
    kept = a.copy()
    compiled = bb.compile(f)
    expected = f(a)
    for _ in range(2):
        same(compiled(a), expected, dtype)
    assert not through_numpy(compiled)
    np.testing.assert_array_equal(a, kept)


@pytest.mark.parametrize("name", SQUARE)
def test_other_memory_orders(name: str) -> None:
    f, whole = SQUARE[name], regular((10, 10))
    compiled = bb.compile(f)
    for a in (whole[::2, ::-2], whole[:5, :5].T, np.asfortranarray(whole[:5, :5]), regular((5, 5))):
        same(compiled(a), f(a))


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 6, 2), (2, 1, 7), (40, 3)], ids=str)
def test_rectangular_matrices(shape: tuple[int, ...], full: bool) -> None:
    a = np.random.default_rng(0).normal(size=shape)
    for f in (
        lambda a: tuple(np.linalg.svd(a, full_matrices=full)),
        lambda a: tuple(np.linalg.qr(a, "complete" if full else "reduced")),
        np.linalg.svdvals,
        np.linalg.pinv,
        lambda a: np.linalg.pinv(a, rcond=0.5),
    ):
        compiled = bb.compile(f)
        same(compiled(a), f(a))
        assert not through_numpy(compiled)


@pytest.mark.parametrize("mode", ["reduced", "complete"])
@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (2, 6, 2)], ids=str)
def test_derivatives_of_qr(shape: tuple[int, ...], mode: Any) -> None:
    a = np.random.default_rng(0).normal(size=shape)
    k = min(shape[-2:])

    def f(a: Any) -> Any:
        q, r = np.linalg.qr(a, mode)
        return scalar((q[..., :k] * np.cos(q[..., :k]), r))

    for function in (bb.value_and_grad(f), lambda a: bb.jvp(f, (a,), (a * a,)), lambda a: bb.hvp(f, (a,), (a * a,))):
        compiled = bb.compile(function)
        same(tuple(compiled(a)), tuple(function(a)))
        assert set(through_numpy(compiled)) <= {"mixing"}  # a look at the vectors of a complete basis


@pytest.mark.parametrize("dtype", "df")
@pytest.mark.parametrize(
    ("a", "b"), [((8, 3), (8,)), ((8, 3), (8, 2)), ((3, 5), (3, 1)), ((4, 4), (4,)), ((5, 1), (5,))], ids=str
)
def test_least_squares(a: tuple[int, ...], b: tuple[int, ...], dtype: str) -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=a).astype(dtype), random.normal(size=b).astype(dtype)
    dependent = np.repeat(x[:, :1], a[1], axis=1)
    for rcond in (None, 1e-3, -1):
        f = lambda x, y: np.linalg.lstsq(x, y, rcond)  # noqa: E731
        for matrix in (x, dependent) if rcond == 1e-3 else (x,):
            compiled = bb.compile(f)
            for mine, theirs in zip(compiled(matrix, y), f(matrix, y), strict=True):
                same(mine, theirs, dtype)
            assert "lstsq" not in through_numpy(compiled)


@pytest.mark.parametrize("shape", [(7, 3), (3, 5), (4, 4)], ids=str)
def test_derivatives_of_least_squares(shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(1)
    a, b = random.normal(size=shape), random.normal(size=shape[:1])

    def f(a: Any, b: Any) -> Any:
        x, residuals, _, s = np.linalg.lstsq(a, b)
        return scalar((x, residuals, s))

    gradient = bb.value_and_grad(f, argnums=(0, 1))
    for function in (
        gradient,
        lambda a, b: bb.jvp(f, (a, b), (a * a, b * b)),
        lambda a, b: bb.hvp(f, (a, b), (a * a, b * b)),
    ):
        compiled = bb.compile(function)
        for mine, theirs in zip(tree.flatten(compiled(a, b))[0], tree.flatten(function(a, b))[0], strict=True):
            same(mine, theirs)
        assert "lstsq" not in through_numpy(compiled)


def test_an_r_that_is_singular() -> None:
    f = lambda a: np.linalg.solve(np.linalg.qr(a)[1], np.ones((4, 1)))  # noqa: E731
    compiled, a = bb.compile(f), regular((4, 4))
    same(compiled(a), f(a))
    with pytest.raises(LinAlgError):
        compiled(np.zeros((4, 4)))


@pytest.mark.parametrize("n", range(2, 41, 3))
def test_vectors_have_numpys_signs(n: int) -> None:
    a = regular((n, n))
    symmetric = a + a.T
    for f, x in ((np.linalg.eigh, symmetric), (np.linalg.svd, a), (np.linalg.svd, a[:, : n // 2])):
        for mine, theirs in zip(bb.compile(f)(x), f(x), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-10)


@pytest.mark.parametrize(
    ("a", "b"),
    [((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (3, 4)), ((3, 3), (5, 3, 2)), ((2, 1, 3, 3), (4, 3, 1))],
    ids=str,
)
def test_right_hand_sides(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    x, y = regular(a), np.random.default_rng(1).normal(size=b)

    def by_cholesky(x: Any, y: Any) -> Any:
        return np.linalg.solve(np.linalg.cholesky(definite(x)), y)

    for f in (np.linalg.solve, by_cholesky):
        compiled = bb.compile(lambda x, y, f=f: f(x, y))
        same(compiled(x, y), f(x, y))
        assert not through_numpy(compiled)


# ---- derivatives --------------------------------------------------------------------------------


def scalar(y: Any) -> Any:
    """Something of all outputs, that is not linear."""
    parts = y if isinstance(y, tuple) else (y,)
    return sum(np.sum(np.tanh(part) * (k + 1)) for k, part in enumerate(parts))


@pytest.mark.parametrize("shape", [(4, 4), (3, 2, 2)], ids=str)
@pytest.mark.parametrize("name", [name for name in SQUARE if name != "svd"])
def test_gradients(name: str, shape: tuple[int, ...]) -> None:
    a = regular(shape)
    gradient = bb.value_and_grad(lambda a: scalar(SQUARE[name](a)))
    compiled = bb.compile(gradient)
    same(compiled(a), gradient(a))
    same(compiled(2 * a), gradient(2 * a))


@pytest.mark.parametrize("name", [name for name in SQUARE if name != "svd"])
def test_second_order(name: str) -> None:
    a = regular((3, 3))

    def product(a: Any, t: Any) -> Any:
        return bb.hvp(lambda a: scalar(SQUARE[name](a)), (a,), (t,))

    same(bb.compile(product)(a, a.T), product(a, a.T))


def test_one_factorisation_for_values_and_gradients() -> None:
    a, b = regular((6, 6)), np.arange(6.0)

    def f(a: Any, b: Any) -> Any:
        return b @ np.linalg.solve(a, b) + np.linalg.slogdet(a)[1] + np.linalg.det(a / 3)

    gradient = bb.value_and_grad(f, argnums=(0, 1))
    compiled = bb.compile(gradient)
    same(compiled(a, b), gradient(a, b))
    assert routines(compiled).count("lu") == 2  # of a and of a / 3


def likelihood(t: Any, x: Any, y: Any) -> Any:
    """Of a Gaussian process: -log p(y | x), but for a constant."""
    squares = np.sum((x[:, None, :] - x[None, :, :]) ** 2, axis=-1)
    kernel = np.exp(t[0] - squares * np.exp(t[1])) + np.exp(t[2]) * np.eye(len(y))
    factor = np.linalg.cholesky(kernel)
    weights = np.linalg.solve(factor.T, np.linalg.solve(factor, y))
    return y @ weights / 2 + np.sum(np.log(np.diagonal(factor)))


def test_likelihood_of_a_gaussian_process() -> None:
    random = np.random.default_rng(3)
    x, y, t = random.normal(size=(20, 2)), random.normal(size=20), np.array([0.1, 0.2, -1.0])
    gradient = bb.value_and_grad(likelihood)
    compiled = bb.compile(gradient)
    same(compiled(t, x, y), gradient(t, x, y))
    assert set(routines(compiled)) == {"cholesky", "triangular_solve"}


def test_in_loops() -> None:
    """Rolled up: the same matrix in every turn, and another one in each."""

    def iterated(a: Any, b: Any) -> Any:
        for _ in range(30):
            b = np.linalg.solve(a, b) + 1
        return b

    def newton(a: Any, b: Any) -> Any:
        for _ in range(12):
            b = b - np.linalg.solve(a + np.diag(3 * b * b), a @ b + b**3 - 1)
        return b

    def same_right_hand_side(a: Any, b: Any) -> Any:
        for _ in range(12):
            a = np.tanh(np.linalg.solve(a, np.outer(b, b)[:, :2])[:, :1]) * a + 3 * np.eye(5)
        return a

    a, b = definite(regular((5, 5))), np.linspace(0, 1, 5)
    for f in (iterated, newton, same_right_hand_side):
        gradient = bb.value_and_grad(lambda a, b, f=f: np.sum(f(a, b) ** 2), argnums=(0, 1))
        same(bb.compile(f)(a, b), f(a, b))
        same(bb.compile(gradient)(a, b), gradient(a, b))


# ---- what LAPACK refuses, and what it does not ----------------------------------------------------

SINGULAR = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [1.0, 2.0, 3.0]])


@pytest.mark.parametrize(
    ("f", "bad"),
    [
        (lambda a: np.linalg.solve(a, a[:, 0] + 1), SINGULAR),
        (np.linalg.inv, SINGULAR),
        (np.linalg.inv, np.zeros((3, 3))),
        (np.linalg.cholesky, -np.eye(3)),
        (np.linalg.svd, np.full((3, 3), nan)),
        (np.linalg.svdvals, np.full((3, 3), nan)),
        (bb.value_and_grad(lambda a: np.sum(np.linalg.inv(a))), SINGULAR),
    ],
)
def test_errors_are_numpys(f: Any, bad: Any) -> None:
    good = definite(regular((3, 3)))
    compiled = bb.compile(f)
    compiled(good)
    with pytest.raises(LinAlgError) as theirs:
        f(bad)
    with pytest.raises(LinAlgError, match=str(theirs.value)):
        compiled(bad)
    for mine, expected in zip(compiled(good), f(good), strict=True):
        np.testing.assert_allclose(mine, expected)


def test_one_singular_matrix_of_a_stack() -> None:
    stack = regular((4, 3, 3))
    compiled = bb.compile(np.linalg.inv)
    compiled(stack)
    stack[2] = SINGULAR
    with pytest.raises(LinAlgError):
        compiled(stack)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_stacks_of_small_matrices(n: int) -> None:
    """Elimination is written out: with every order of the rows' sizes, and zeros among the pivots."""
    random = np.random.default_rng(n)
    a = random.normal(size=(1000, n, n)) * 10.0 ** random.integers(-3, 4, size=(1000, n, 1))
    a[0] = np.fliplr(np.eye(n))
    b = random.normal(size=(1000, n, 2))
    y = bb.compile(np.linalg.solve)(a, b)
    residual = np.abs(a @ y - b).max(axis=(1, 2))
    assert np.all(residual <= 1e-13 * np.abs(a).max(axis=(1, 2)) * np.maximum(1, np.abs(y).max(axis=(1, 2))))
    np.testing.assert_allclose(bb.compile(np.linalg.det)(a), np.linalg.det(a), rtol=1e-11)
    inverse = bb.compile(np.linalg.inv)
    np.testing.assert_allclose(inverse(a), np.linalg.inv(a), rtol=1e-8, atol=1e-8)
    a[7] = 0
    with pytest.raises(LinAlgError):
        inverse(a)


@pytest.mark.parametrize("n", [2, 3, 4, 6])
def test_proportional_rows(n: int) -> None:
    """Where the pivot is a power of two, and one of the rows has it, nothing is rounded: elimination leaves zeros."""
    random = np.random.default_rng(n)
    compiled = bb.compile(np.linalg.inv)
    compiled(regular((n, n)))
    for power in (0.25, -1.0, 1.0, 8.0):
        a = random.normal(size=(n, n))
        a[:, 0] = 1
        a[0, 0] = 4
        a[n - 1] = a[0] * power
        with pytest.raises(LinAlgError):
            np.linalg.inv(a)
        with pytest.raises(LinAlgError):
            compiled(a)


def test_determinants_of_singular_matrices() -> None:
    stack = regular((3, 3, 3))
    det, slogdet = bb.compile(np.linalg.det), bb.compile(np.linalg.slogdet)
    det(stack), slogdet(stack)
    stack[1] = SINGULAR
    assert det(stack)[1] == 0
    assert [x[1] for x in slogdet(stack)] == [0, -inf]
    same(det(stack), np.linalg.det(stack))


def test_gradient_of_a_determinant_at_a_singular_matrix() -> None:
    compiled = bb.compile(bb.grad(np.linalg.det))
    compiled(regular((3, 3)))
    cofactors = [[5 * 3 - 6 * 2, 6 * 1 - 4 * 3, 4 * 2 - 5 * 1], [0, 0, 0], [-3, 6, -3]]
    np.testing.assert_allclose(compiled(SINGULAR), cofactors, atol=1e-13)


@pytest.mark.parametrize("value", [nan, inf, 0.0])
@pytest.mark.parametrize(
    "f", [lambda a: np.linalg.solve(a, a), np.linalg.det, np.linalg.eigvalsh, np.linalg.cholesky], ids=range(4)
)
def test_an_entry_that_is_no_number(f: Any, value: float) -> None:
    a = regular((6, 6))
    a[1, 1] = value
    compiled = bb.compile(f)
    with np.errstate(all="ignore"):
        try:
            expected = f(a)
        except LinAlgError:
            with pytest.raises(LinAlgError):
                compiled(a)
        else:
            np.testing.assert_allclose(compiled(a), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("scale", [1.0, 2.0**700, 2.0**-700])
@pytest.mark.parametrize("f", [np.linalg.eigh, np.linalg.svd], ids=["eigh", "svd"])
def test_equal_values_have_the_rows_basis(f: Any, scale: float) -> None:
    """A traced call takes a generic basis for them; the compiled one too, after a run without equal values."""
    a, q = scale * definite(regular((4, 4))), np.linalg.qr(regular((4, 4)))[0]
    double = scale * (q * [2.0, 2.0, 5.0, 1.0]) @ q.T  # equal to rounding

    def function(a: Any) -> Any:
        first, *_, last = f(a)
        return np.sum((last[:2] if f is np.linalg.svd else last[:, 1:3].T) ** 3 * 1e-3) + 0 * np.sum(first)

    compiled = bb.compile(function)
    compiled(a)
    expected = bb.vjp(function, double)[0]
    np.testing.assert_allclose(compiled(double), expected, rtol=1e-10)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3, 3)], ids=str)
@pytest.mark.parametrize("name", [n for n in SQUARE if n not in ("norm", "pinv")])
def test_nothing(name: str, shape: tuple[int, ...]) -> None:
    a = np.zeros(shape)
    same(bb.compile(SQUARE[name])(a), SQUARE[name](a))


@pytest.mark.parametrize("name", ["slogdet", "qr", "eigh", "svd"])
def test_one_of_several_outputs_in_a_loop(name: str) -> None:
    def total(a: Any) -> Any:
        found = 0.0
        for _ in range(20):
            found = found + np.sum(getattr(np.linalg, name)(a @ a.T)[name in ("slogdet", "qr", "svd")] ** 2)
            a = 1.1 * a
        return found

    a = regular((2, 2))
    for f in (total, bb.grad(total)):
        np.testing.assert_allclose(bb.compile(f)(a), f(a), rtol=1e-9)


def test_captured_matrices() -> None:
    for a in (regular((4, 4)), np.asfortranarray(regular((4, 4))), regular((8, 8))[::2, 1::2]):
        f = lambda b, a=a: np.linalg.solve(a, b) + np.linalg.solve(a.T, b)  # noqa: E731
        compiled = bb.compile(f)
        same(compiled(np.arange(4.0)), f(np.arange(4.0)))
        a *= 2
        same(compiled(np.arange(4.0)), f(np.arange(4.0)))


def test_without_scipy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    monkeypatch.setattr(decompositions, "blas", dict)
    a = regular((4, 4))
    compiled = bb.compile(np.linalg.inv)
    same(compiled(a), np.linalg.inv(a))
    assert through_numpy(compiled) == ["inv"]
