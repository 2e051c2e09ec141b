"""Products of matrices of which an axis is repeated, or whose rows overlap in memory: at sizes that go to BLAS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.native.machine import available

pytestmark = pytest.mark.skipif(not available(), reason="no machine code on this machine")
rng = np.random.default_rng(3)
N = 64
A, B, VECTOR = rng.normal(size=(N, N)), rng.normal(size=(N, N)), rng.normal(size=N)
LONG = rng.normal(size=2 * N - 1)

REPEATED: dict[str, Callable[..., Any]] = {
    "rows": lambda a, v: a @ np.broadcast_to(v, (N, N)),
    "columns": lambda a, v: a @ np.broadcast_to(v[:, None], (N, N)),
    "rows at the left": lambda a, v: np.broadcast_to(v, (N, N)) @ a,
    "columns at the left": lambda a, v: np.broadcast_to(v[:, None], (N, N)) @ a,
    "both": lambda a, v: np.broadcast_to(v, (N, N)) @ np.broadcast_to(v[:, None], (N, N)) + a,
    "both across": lambda a, v: np.broadcast_to(v[:, None], (N, N)) @ np.broadcast_to(v, (N, N)) + a,
    "added": lambda a, v: a @ (np.zeros((N, N)) + v),
    "einsum": lambda a, v: np.einsum("ij,kj,il->kl", a, np.broadcast_to(v, (N, N)), a),
}


@pytest.mark.parametrize("name", REPEATED)
def test_an_axis_along_which_an_operand_is_repeated(name: str) -> None:
    f = REPEATED[name]
    np.testing.assert_allclose(bb.compile(f)(A, VECTOR), f(A, VECTOR), rtol=1e-12, atol=1e-12)
    gradient = bb.grad(lambda a, v: np.sum(np.sin(f(a, v))), argnums=(0, 1))
    for found, expected in zip(bb.compile(gradient)(A, VECTOR), gradient(A, VECTOR), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(
    "pool",
    [np.mean, np.sum, lambda x, axis: np.tanh(np.sum(x, axis=axis))],
    ids=["mean", "sum", "tanh of sum"],
)
def test_gradients_of_means_of_products(pool: Any, axis: int) -> None:
    """The cotangent of a mean is one row, repeated."""
    x, w = rng.normal(size=(200, 30)), rng.normal(size=(30, 40))
    gradient = bb.grad(lambda w, x: np.sum(pool(np.tanh(x @ w) @ w.T, axis=axis) ** 2), argnums=(0, 1))
    for found, expected in zip(bb.compile(gradient)(w, x), gradient(w, x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)
    gradient = bb.grad(lambda w, x: np.sum(pool(x @ w, axis=axis) ** 2))
    np.testing.assert_allclose(bb.compile(gradient)(w, x), gradient(w, x), rtol=1e-9, atol=1e-10)


VIEWS = {
    "a sliding window": np.lib.stride_tricks.sliding_window_view(LONG, N),
    "a repeated row": np.broadcast_to(VECTOR, (N, N)),
    "a repeated column": np.broadcast_to(VECTOR[:, None], (N, N)),
    "a repeated number": np.broadcast_to(np.float64(1.5), (N, N)),
    "every other": rng.normal(size=(2 * N, 2 * N))[::2, ::2],
    "rows with gaps": rng.normal(size=(N, 2 * N))[:, :N],
    "backwards": rng.normal(size=(N, N))[::-1, ::-1],
    "transposed": rng.normal(size=(N, N)).T,
    "a window of pairs": np.lib.stride_tricks.as_strided(LONG, (N, N), (8, 8)),
    "a diagonal": np.lib.stride_tricks.as_strided(rng.normal(size=N * (N + 1)), (N, N), (8 * (N + 1), 8)),
    "overlapping by half": np.lib.stride_tricks.as_strided(rng.normal(size=N * N), (N, N), (8 * N // 2, 8)),
}


@pytest.mark.parametrize("name", VIEWS)
def test_captured_and_given_views(name: str) -> None:
    view = VIEWS[name]
    products = [
        lambda m, v: v @ m, lambda m, v: m @ v, lambda m, v: v.T @ m, lambda m, v: m @ v.T, lambda m, v: v @ v.T + m,
        lambda m, v: v @ m[:, 0], lambda m, v: np.einsum("ij,kj->ki", m, v), lambda m, v: m[:1] @ v, lambda m, v: v @ m[:, :1],
    ]  # fmt: skip
    for f in products:
        expected = f(A, np.array(view))
        np.testing.assert_allclose(bb.compile(lambda m: f(m, view))(A), expected, rtol=1e-12, atol=1e-11)
        np.testing.assert_allclose(bb.compile(f)(A, view), expected, rtol=1e-12, atol=1e-11)


TURNED: dict[str, Callable[..., Any]] = {
    "a transpose of the code around": lambda a, r: A.T @ r,
    "from the right": lambda a, r: r @ A,
    "an array that lies in columns": lambda a, r: COLUMNS @ r,
    "an argument's": lambda a, r: a.T @ r,
    "without its first row": lambda a, r: a[1:].T @ r[1:],
    "by einsum": lambda a, r: np.einsum("ji,j->i", A, r) + np.einsum("kij,j->ki", STACK.transpose(0, 2, 1), r)[0],
}
COLUMNS, STACK = np.asfortranarray(A), rng.normal(size=(3, N, N))


@pytest.mark.parametrize("name", TURNED)
def test_a_transpose_is_read_along_its_memory(name: str) -> None:
    """Entry by entry down the columns of memory it took four times as long."""
    f = TURNED[name]
    compiled = bb.compile(f)
    exact = f(A.astype(np.longdouble), VECTOR.astype(np.longdouble)).astype(float)
    np.testing.assert_allclose(compiled(A, VECTOR), exact, rtol=1e-12, atol=1e-13)
    assert "gather" not in compiled.llvm()  # type: ignore[attr-defined]
