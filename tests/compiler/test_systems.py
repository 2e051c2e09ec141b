"""Compiled solvers of SciPy's: against SciPy's own values, derivatives, dtypes, memory orders, stacks, and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.exactly import exactly
from tests.compiler.calls import routines, through_numpy
from tests.compiler.test_decompositions import definite, regular, same

scipy_linalg = pytest.importorskip("scipy.linalg", reason="the solvers are its own")
linalg = pytest.importorskip("bibun.scipy.linalg")

TRIANGLES = [(t, lower, unit) for t in (0, 1, "C") for lower in (False, True) for unit in (False, True)]
SOLVERS: dict[str, Any] = {
    f"triangle {t} {lower} {unit}": lambda module, a, b, given=(t, lower, unit): module.solve_triangular(a, b, *given)
    for t, lower, unit in TRIANGLES
}
SOLVERS |= {
    f"{structure} {more}": lambda module, a, b, given={"assume_a": structure, **more}: module.solve(a, b, **given)
    for structure in ("general", "gen", "pos", "positive definite", "upper triangular", "lower triangular")
    for more in ({}, {"lower": True}, {"transposed": True})
}
SOLVERS |= {
    f"by the factor {lower}": lambda module, a, b, lower=lower: module.cho_solve(module.cho_factor(a, lower=lower), b)
    for lower in (False, True)
}

SOLVERS["tridiagonal"] = lambda module, a, b: module.solve_banded((1, 1), banded(a), b)


def banded(a: Any) -> Any:
    return np.stack([a[0], np.diagonal(a) + 3, a[-1]])


def drawn(n: int, k: tuple[int, ...], dtype: str = "d") -> tuple[Any, Any]:
    a = definite(regular((n, n), dtype)) / n
    return a, np.random.default_rng(n).normal(size=(n, *k)).astype(dtype)


@pytest.mark.parametrize("dtype", "df")
@pytest.mark.parametrize(("n", "k"), [(1, ()), (3, (2,)), (6, ()), (7, (3,)), (2, (1,))], ids=str)
@pytest.mark.parametrize("name", SOLVERS)
def test_values(name: str, n: int, k: tuple[int, ...], dtype: str) -> None:
    (a, b), f = drawn(n, k, dtype), SOLVERS[name]
    compiled = bb.compile(lambda a, b: f(linalg, a, b))
    for _ in range(2):
        same(compiled(a, b), f(scipy_linalg, a, b), dtype)
    assert not through_numpy(compiled) or (n == 1 and name == "tridiagonal")


@pytest.mark.parametrize("name", SOLVERS)
def test_derivatives(name: str) -> None:
    (a, b), f = drawn(4, (2,)), SOLVERS[name]
    loss = lambda a, b: np.sum(np.tanh(f(linalg, a, b)))  # noqa: E731
    gradient = bb.value_and_grad(loss, argnums=(0, 1))
    tangent = lambda a, b: bb.jvp(loss, (a, b), (a.T, b[::-1]))  # noqa: E731
    product = lambda a, b: bb.hvp(loss, (a, b), (a.T, b[::-1]))  # noqa: E731
    for function in (gradient, tangent, product):
        compiled = bb.compile(function)
        for mine, theirs in zip(bb.tree.flatten(compiled(a, b))[0], bb.tree.flatten(function(a, b))[0], strict=True):
            same(mine, theirs)
        assert not through_numpy(compiled)


def test_memory_orders_and_mixed_dtypes() -> None:
    whole, b = regular((10, 10)), np.arange(1.0, 11.0)
    f = lambda a, b: linalg.solve_triangular(a, b, lower=True)  # noqa: E731
    compiled = bb.compile(f)
    for a in (whole[::2, ::-2], whole[:5, :5].T, np.asfortranarray(whole[:5, :5]), regular((5, 5)).astype("f")):
        same(compiled(a, b[::2]), f(a, b[::2]))
    a, n = np.tril(np.ones((3, 3), int)), np.arange(3)
    same(bb.compile(f)(a, n), f(a, n))
    same(bb.compile(lambda b: f(whole.T, b))(b), f(whole.T, b))
    z = np.ones((3, 3)) + 1j
    same(bb.compile(f)(z, n), f(z, n))


def test_the_transpose_of_a_factor_is_not_copied() -> None:
    a, b = drawn(6, ())

    def f(a: Any, b: Any) -> Any:
        factor = np.linalg.cholesky(a)
        return linalg.solve_triangular(factor.T, linalg.solve_triangular(factor, b, lower=True))

    compiled = bb.compile(f)
    same(compiled(a, b), np.linalg.solve(a, b))
    assert routines(compiled) == ["cholesky", "triangular_solve", "triangular_solve"]
    assert "transpose" not in compiled.explain()


def test_stacks_and_batches() -> None:
    a, b = regular((3, 4, 4)), np.random.default_rng(0).normal(size=(3, 4, 2))
    tridiagonal = lambda a, b: linalg.solve_banded((1, 1), a[..., :3, :] + np.array([[0.0], [5.0], [0.0]]), b)  # noqa: E731
    for f in (lambda a, b: linalg.solve_triangular(a, b, lower=True), linalg.solve, tridiagonal):
        same(bb.compile(f)(a, b), f(a, b))
        batch = bb.vmap(f)
        same(bb.compile(batch)(a, b), batch(a, b))
        columns = bb.vmap(f, in_axes=(None, 0))
        same(bb.compile(columns)(a[0], b), columns(a[0], b))


def test_what_scipy_refuses() -> None:
    a, b = drawn(4, ())
    singular, undefined, unread = a.copy(), a.copy(), a.copy()
    singular[2, 2], undefined[0, 1], unread[0, 3] = 0, np.nan, np.inf
    solve = lambda a, b: linalg.solve_triangular(a, b, lower=True)  # noqa: E731
    cases = [
        (solve, singular, b, np.linalg.LinAlgError), (solve, undefined, b, ValueError), (solve, unread, b, ValueError),
        (solve, a, b * np.inf, ValueError), (linalg.solve, np.zeros((4, 4)), b, np.linalg.LinAlgError),
        (lambda a, b: linalg.solve_banded((1, 1), banded(a) * a[0, 0], b), np.zeros((4, 4)), b, np.linalg.LinAlgError),
        (lambda a, b: linalg.solve(a, b, assume_a="pos"), -a, b, np.linalg.LinAlgError),
    ]  # fmt: skip
    for f, wrong, right, error in cases:
        compiled = bb.compile(f)
        same(compiled(a, b), f(a, b))
        with pytest.raises(error):
            compiled(wrong, right)
        same(compiled(a, b), f(a, b))
    unit = bb.compile(lambda a, b: linalg.solve_triangular(a, b, lower=True, unit_diagonal=True))
    unit(a, b)
    same(unit(singular, b), scipy_linalg.solve_triangular(singular, b, lower=True, unit_diagonal=True))


def test_empty_and_one_by_one() -> None:
    for a, b in (
        (np.ones((0, 0)), np.ones((0, 2))),
        (np.ones((3, 3)), np.ones((3, 0))),
        (np.full((1, 1), 2.0), np.ones(5)),
    ):
        same(bb.compile(linalg.solve)(a, b), linalg.solve(a, b))


def test_a_solver_has_an_exact_text() -> None:
    """So that its program is found on disk before it is made."""
    systems = [
        linalg._solvers.Triangular(True),
        linalg._solvers.Triangular(True, 1),
        linalg._solvers.Dense("gen", False),
    ]
    assert len({exactly(system) for system in systems}) == len(systems)
