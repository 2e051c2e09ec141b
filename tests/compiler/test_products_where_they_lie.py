"""Products of matrices that read slices, joined axes and transposes where they lie, or in the order that suits them best.

In tiles on every machine. Entries are small whole numbers: in any order their sums are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.native import contraction, tiles
from bibun.compiler.native.machine import available

pytestmark = pytest.mark.skipif(not available(), reason="no machine code on this machine")
rng = np.random.default_rng(5)


@pytest.fixture(autouse=True)
def _wide_registers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contraction, "suits", lambda sides, kind, _: tiles.suits(sides, kind, tiles.BITS))


def whole(*shape: int) -> Any:
    """Small whole numbers."""
    return rng.integers(-8, 9, size=shape).astype(float)


def joined(x: Any) -> Any:
    return x.reshape(-1, x.shape[-1])


# what is computed of arrays of shape (6, 50, 30), of a matrix of shape (30, 30), and the same written as a sum
STRAIGHT: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "joined axes": (lambda x, y, k: joined(x) @ k, lambda x, y, k: joined(_times(x, k))),
    "joined axes that are summed over": (lambda x, y, k: joined(x).T @ joined(y), lambda x, y, k: _gram(x, y)),
    "the same by tensordot": (lambda x, y, k: np.tensordot(x, y, ((0, 1), (0, 1))), lambda x, y, k: _gram(x, y)),
    "the same by einsum": (lambda x, y, k: np.einsum("bti,btj->ij", x, y), lambda x, y, k: _gram(x, y)),
    "a slice": (lambda x, y, k: x[:, 1:] @ k, lambda x, y, k: _times(x[:, 1:], k)),
    "two slices": (lambda x, y, k: x[1, :20] @ y[2, 3:33], lambda x, y, k: _times(x[1, :20], y[2, 3:33])),
}  # fmt: skip


def _times(x: Any, k: Any) -> Any:
    return sum(x[..., i, None] * k[i] for i in range(len(k)))


def _gram(x: Any, y: Any) -> Any:
    return sum(x[b, t, :, None] * y[b, t] for b in range(6) for t in range(50))


@pytest.mark.parametrize("name", STRAIGHT)
def test_nothing_is_copied(name: str) -> None:
    """Copying both operands, one of them across its rows, took up to 40 times as long as the product."""
    f, expected = STRAIGHT[name]
    x, y, k = whole(6, 50, 30), whole(6, 50, 30), whole(30, 30)
    compiled = bb.compile(f)
    np.testing.assert_array_equal(compiled(x, y, k), expected(x, y, k))
    steps = compiled.explain()  # type: ignore[attr-defined]
    assert "in tiles" in steps
    assert "copy" not in steps


@pytest.mark.parametrize("key", [np.s_[:], np.s_[:-1, :, :-2], np.s_[1:, 2:], np.s_[:, ::2], np.s_[:, :, 1:-1]])
def test_transposes_whose_axes_are_joined(key: Any) -> None:
    """Those of slices do not lie as one axis, even where the slice begins with the first entry."""
    x = rng.normal(size=(3, 4, 6))
    for order in permutations(range(3)):
        for split in (1, 2):
            y = x[key].transpose(order)
            shape = (int(np.prod(y.shape[:split])), -1)
            compiled = bb.compile(lambda x, order=order, shape=shape: 2 * x[key].transpose(order).reshape(shape))
            expected = [[2 * v for v in row] for row in y.copy().reshape(shape).tolist()]
            assert compiled(x).tolist() == expected


def dilated(kernels: Any, h: Any) -> Any:
    """Three layers of a convolution, each over two times that lie further apart."""
    for layer in range(3):
        apart = 2**layer
        h = h[:, :-apart] @ kernels[layer, 0] + h[:, apart:] @ kernels[layer, 1]
    return np.sum(h * h)


def test_slices_of_values_on_the_way_and_back() -> None:
    kernels, h = (
        rng.integers(-1, 2, size=(3, 2, 10, 10)).astype(float),
        rng.integers(-1, 2, size=(4, 30, 10)).astype(float),
    )
    compiled = bb.compile(bb.grad(dilated, argnums=(0, 1)))
    for found, expected in zip(compiled(kernels, h), _dilated_gradient(kernels, h), strict=True):
        np.testing.assert_array_equal(found, expected)


def _dilated_gradient(kernels: Any, h: Any) -> tuple[Any, Any]:
    """By hand, in whole numbers."""
    kernels, before = kernels.astype(np.int64), [h.astype(np.int64)]
    for layer in range(3):
        apart = 2**layer
        before.append(before[-1][:, :-apart] @ kernels[layer, 0] + before[-1][:, apart:] @ kernels[layer, 1])
    back, by_kernels = 2 * before[-1], np.zeros_like(kernels)
    for layer in reversed(range(3)):
        apart, x = 2**layer, before[layer]
        by_kernels[layer, 0] = np.einsum("bti,btj->ij", x[:, :-apart], back)
        by_kernels[layer, 1] = np.einsum("bti,btj->ij", x[:, apart:], back)
        following = np.zeros_like(x)
        following[:, :-apart] += back @ kernels[layer, 0].T
        following[:, apart:] += back @ kernels[layer, 1].T
        back = following
    return by_kernels, back


@pytest.mark.parametrize("sizes", [(32, 4, 32, 32), (64, 8, 16, 16), (10, 5, 40, 40), (32, 30, 30, 30), (1, 5, 10, 10)])
def test_gradients_of_three_operands(sizes: tuple[int, ...]) -> None:
    """No operand of a step has to lie as BLAS needs it: then it is copied so, and the step does not run through NumPy."""
    b, s, i, j = sizes
    x, y, k, c = whole(b, s), whole(b, i), whole(s, i, j), whole(b, j)
    compiled = bb.compile(bb.grad(lambda x, y, k: np.sum(c * np.einsum("bs,bi,sij->bj", x, y, k)), argnums=(0, 1, 2)))
    by_x, by_y, by_k = compiled(x, y, k)
    products = x[:, :, None, None] * y[:, None, :, None] * c[:, None, None, :]
    np.testing.assert_array_equal(by_k, products.sum(axis=0))
    np.testing.assert_array_equal(by_x, (y[:, None, :, None] * k * c[:, None, None, :]).sum(axis=(2, 3)))
    np.testing.assert_array_equal(by_y, (x[:, :, None, None] * k * c[:, None, None, :]).sum(axis=(1, 3)))
    assert "NumPy" not in compiled.explain()  # type: ignore[attr-defined]


def test_a_matrix_is_turned_where_that_is_quicker() -> None:
    """G K^T of a narrow K: BLAS took twice as long as tiles, which need K's columns as rows."""
    g, k = whole(2000, 10), whole(50, 10)
    compiled = bb.compile(lambda g, k: g @ k.T)
    np.testing.assert_array_equal(compiled(g, k), _times(g, k.T))
    assert "in tiles" in compiled.explain()  # type: ignore[attr-defined]


def test_turns_of_a_loop() -> None:
    """What a loop carries, and parts of it, in products."""
    k, x = rng.integers(-1, 2, size=(24, 12)).astype(float), rng.integers(-1, 2, size=(30, 24)).astype(float)

    def f(k: Any, x: Any) -> Any:
        for _ in range(40):
            x = np.sign(np.concatenate([x[:, 2:14] + x[:, :24] @ k, x[:, :12]], axis=1))
        return x

    expected = x.astype(np.int64)
    for _ in range(40):
        product = _times(expected, k.astype(np.int64))
        expected = np.sign(np.concatenate([expected[:, 2:14] + product, expected[:, :12]], axis=1))
    np.testing.assert_array_equal(bb.compile(f)(k, x), expected)
