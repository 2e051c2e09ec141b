"""check_finite, and factors with zeros on the diagonal: traced and compiled functions raise where SciPy does, and only there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.linalg as plain

import bibun as bb
from bibun.scipy import linalg

pytestmark = pytest.mark.filterwarnings("ignore::bibun.CompileWarning")

_random = np.random.default_rng(0)
S = _random.normal(size=(3, 3))
S = S @ S.T + 3 * np.eye(3)
b, BAND = _random.normal(size=3), np.array([[0.0, 1.0, 1.0], [4.0, 4.0, 4.0], [1.0, 1.0, 0.0]])
ONE = """
    cho_factor cholesky det eig eigh eigvals eigvalsh inv lu lu_factor norm pinv pinvh qr rq svd svdvals polar null_space
"""
CALLS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(ONE.split(), (S,)),
    **dict.fromkeys(["solve", "solve_triangular", "lstsq"], (S, b)),
    **dict.fromkeys(["expm_frechet", "orthogonal_procrustes"], (S, S)),
    **dict.fromkeys(["cholesky_banded", "eig_banded", "eigvals_banded"], (BAND[:2],)),
    **dict.fromkeys(["eigh_tridiagonal", "eigvalsh_tridiagonal"], (b, b[:2])),
    "solve_toeplitz": (b + 3, b),
    "solveh_banded": (BAND[:2], b),
}


def poisoned(x: np.ndarray, bad: float) -> np.ndarray:
    x = x.copy()
    x.flat[-1] = bad
    return x


def numbers(y: Any) -> list[np.ndarray]:
    return [np.asarray(getattr(part, "data", part)) for part in bb.tree.flatten(y)[0]]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", CALLS)
def test_what_is_not_finite_is_refused_as_by_scipy(name: str, bad: float) -> None:
    first, *rest = CALLS[name]
    theirs, ours = getattr(plain, name), getattr(linalg, name)
    with pytest.raises(ValueError, match="array must not contain infs or NaNs"):
        theirs(poisoned(first, bad), *rest)
    with pytest.raises(ValueError, match="array must not contain infs or NaNs"):
        ours(bb.Variable(poisoned(first, bad)), *rest)
    compiled = bb.compile(lambda x: ours(x, *rest))
    for mine, expected in zip(numbers(compiled(first)), numbers(ours(bb.Variable(first), *rest)), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-9, atol=1e-12)
    with pytest.raises(ValueError, match="array must not contain infs or NaNs"):
        compiled(poisoned(first, bad))
    if rest:
        with pytest.raises(ValueError, match="array must not contain infs or NaNs"):
            ours(first, *(bb.Variable(poisoned(x, bad)) for x in rest))


def test_a_second_matrix_is_checked_and_settings_may_be_infinite() -> None:
    with pytest.raises(ValueError, match="infs or NaNs"):
        linalg.eigh(bb.Variable(S), poisoned(S, np.nan))
    y = linalg.eigh(bb.Variable(S), subset_by_value=(-np.inf, np.inf))[0]
    np.testing.assert_allclose(y.data, plain.eigh(S)[0], rtol=1e-12)
    assert np.isnan(linalg.matmul_toeplitz(bb.Variable(poisoned(b, np.nan)), b).data).any()  # asked for only there
    with pytest.raises(ValueError, match="infs or NaNs"):
        linalg.matmul_toeplitz(bb.Variable(b), poisoned(b, np.nan), check_finite=True)
    np.testing.assert_allclose(linalg.norm(bb.Variable(S), np.inf).data, plain.norm(S, np.inf), rtol=1e-12)


UNCHECKED = ("cholesky", "cho_factor", "lu_factor", "lu", "solve", "solve_triangular", "solve_toeplitz", "solveh_banded", "inv",
             "det", "norm", "qr")  # fmt: skip


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning", "ignore::scipy.linalg.LinAlgWarning")
@pytest.mark.parametrize("name", UNCHECKED)
def test_what_is_not_checked_is_computed_as_by_scipy(name: str) -> None:
    first, *rest = CALLS[name]
    expected = getattr(plain, name)(poisoned(first, np.nan), *rest, check_finite=False)
    f = lambda x: getattr(linalg, name)(x, *rest, check_finite=False)  # noqa: E731
    for found in (f(bb.Variable(poisoned(first, np.nan))), bb.compile(f)(poisoned(first, np.nan))):
        for mine, theirs in zip(numbers(found), numbers(expected), strict=True):
            np.testing.assert_array_equal(np.isnan(mine), np.isnan(theirs))


ERRORS = {"eig": np.nan, "eigvals": np.nan, "svd": np.nan, "svdvals": np.nan, "pinv": np.nan, "null_space": np.nan,
          "lstsq": np.inf, "orthogonal_procrustes": np.inf}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors_of_what_is_not_checked_are_scipys(name: str) -> None:
    first, *rest = CALLS[name]
    bad = poisoned(first, ERRORS[name])
    with pytest.raises(ValueError, match=r"NaN|illegal value") as theirs:
        getattr(plain, name)(bad, *rest, check_finite=False)
    f = lambda x: getattr(linalg, name)(x, *rest, check_finite=False)  # noqa: E731
    compiled = bb.compile(f)
    compiled(first)
    for run in (f, compiled):
        with pytest.raises(ValueError, match=r"NaN|illegal value") as ours:
            run(bb.Variable(bad) if run is f else bad)
        assert type(ours.value) is type(theirs.value)
    with pytest.raises(ValueError, match=r"NaN|illegal value"):
        bb.grad(lambda x: np.sum(np.abs(numbers(f(x))[0])))(bad)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("name", ["eig", "eigvals"])
def test_eigenvalues_of_an_infinite_matrix_are_nan(name: str) -> None:
    bad = poisoned(S, np.inf)
    f = lambda x: getattr(linalg, name)(x, check_finite=False)  # noqa: E731
    for mine, theirs in zip(
        numbers(f(bb.Variable(bad))), numbers(getattr(plain, name)(bad, check_finite=False)), strict=True
    ):
        assert mine.shape == theirs.shape
        assert np.isnan(mine).all()
        assert np.isnan(theirs).any()
    found = bb.grad(lambda x: np.real(np.sum(numbers_of(f(x)))))(bad)
    assert np.isnan(found).all()


def numbers_of(y: Any) -> Any:
    return y[0] if isinstance(y, tuple) else y


@pytest.mark.parametrize("trans", [0, 1])
def test_factors_of_a_singular_matrix_divide_by_0(trans: int) -> None:
    """As LAPACK's potrs and getrs, which ask nothing; at a factor beside it the derivative is as ever."""
    c, right = np.array([[2.0, 1.0], [0.0, 0.0]]), np.array([[1.0], [2.0]])
    pivots = np.array([0, 1])
    with np.errstate(all="ignore"):
        by_lu = plain.lu_solve((c, pivots), right, trans=trans)
        by_cholesky = plain.cho_solve((c, bool(trans)), right)
        for wrap in (bb.Variable, lambda x: bb.Variable(x) * 1.0):
            found = linalg.lu_solve((wrap(c), pivots), right, trans=trans)
            np.testing.assert_array_equal(found.data, by_lu)
            np.testing.assert_array_equal(linalg.cho_solve((wrap(c), bool(trans)), right).data, by_cholesky)
        compiled = bb.compile(lambda c: linalg.cho_solve((c, bool(trans)), right))
        np.testing.assert_array_equal(compiled(c), by_cholesky)
        stack = bb.vmap(lambda c: linalg.cho_solve((c, bool(trans)), right))(np.stack([c, np.eye(2)]))
        np.testing.assert_array_equal(stack, [by_cholesky, right])
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        linalg.solve_triangular(bb.Variable(c), right)


def test_a_cotangent_that_is_not_finite_gives_nan_and_no_error() -> None:
    """As of np.linalg.solve: a derivative that does not exist downstream is no reason to refuse the matrix."""
    for solve in (linalg.solve, linalg.solve_triangular, np.linalg.solve):
        _, pullback = bb.vjp(lambda a, solve=solve: solve(a, b), S)
        assert np.isnan(pullback(np.array([np.nan, 0.0, 0.0]))[0]).any()
