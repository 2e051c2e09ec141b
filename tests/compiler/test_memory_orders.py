"""Arrays that a compiled program keeps for itself lie as most of its vectors want them, and are read right by all others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.collected import Collected
from tests.compiler.agreement import agrees

ROWS, PARTS, WIDTH = 700, 5, 6
RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(ROWS, WIDTH)) / 3
W = RANDOM.normal(size=(PARTS, WIDTH, WIDTH)) / 3
INDEX = RANDOM.integers(0, ROWS, size=40)


def distances(x: Any, w: Any) -> Any:
    """(ROWS, PARTS, WIDTH), each row's entries from all of w: rows are what vectors are made of."""
    return np.einsum("kij,nkj->nki", w, x[:, None, :] - w[:, 0])


program = Collected()


@program
def by_rows_alone(x: Any, w: Any) -> Any:
    return np.sum(np.log(np.sum(np.exp(-np.sum(distances(x, w) ** 2, axis=2) / 99), axis=1)))


@program
def returned_too(x: Any, w: Any) -> Any:
    d = distances(x, w)
    return d, np.sum(d**3, axis=2)


@program
def by_the_last_axis_too(x: Any, w: Any) -> Any:
    d = distances(x, w)
    return np.sum(d, axis=0), np.sum(d**2, axis=2), np.max(d, axis=1)


@program
def multiplied_whole(x: Any, w: Any) -> Any:
    d = np.sin(distances(x, w))
    return d.reshape(ROWS, PARTS * WIDTH).T @ d.reshape(ROWS, PARTS * WIDTH)


@program
def through_numpy(x: Any, w: Any) -> Any:
    d = distances(x, w)
    return np.sum(np.abs(np.fft.rfft(d, axis=2)) ** 2, axis=0), np.sum(d * d, axis=2)


@program
def at_computed_places(x: Any, w: Any) -> Any:
    d = distances(x, w)
    return np.sum(d[INDEX] * d[INDEX[::-1]], axis=2), np.sum(d, axis=2), d[INDEX, 1][INDEX % 7 == 0]


@program
def as_one_axis(x: Any, w: Any) -> Any:
    d = distances(x, w)
    return np.cumsum(d.ravel()), np.sum(np.sort(d, axis=None)), np.sum(d, axis=2)


@program
def in_a_loop(x: Any, w: Any) -> Any:
    d = distances(x, w)
    total = np.sum(d, axis=2)
    for i in range(20):
        total = total * 0.5 + d[:, :, i % WIDTH] + d[i, :, 0] * np.sum(d[i + 20])
    return total


@program
def filled_in_a_loop(x: Any, w: Any) -> Any:
    y = np.zeros((30, ROWS), like=x)
    for i in range(30):
        y[i] = np.sum(distances(x, w * (1 + i / 30)), axis=(1, 2)) + y[i - 1]
    return np.sum(y, axis=0), y[:, ::50]


@program
def carried_through_a_loop(x: Any, w: Any) -> Any:
    d = distances(x, w)
    for i in range(10):
        d = np.tanh(distances(d[:, 0], w) + 0.1 * i) + np.sum(d, axis=2, keepdims=True) / 9
    return d


@program
def backwards_and_every_other(x: Any, w: Any) -> Any:
    d = distances(x, w)
    return np.sum(d[::-1] * d, axis=2), np.sum(d[::2] - d[1::2], axis=2), np.diagonal(d, axis1=1, axis2=2)


@program
def solved(x: Any, w: Any) -> Any:
    d = distances(x, w)[:, :, :PARTS]
    return np.linalg.solve(d + 9 * np.eye(PARTS), d[:, :, :1]), np.sum(d, axis=2)


@pytest.mark.parametrize("f", program, ids=lambda f: f.__name__)
def test_they_agree(f: Callable[[Any, Any], Any]) -> None:
    def total(x: Any, w: Any) -> Any:
        return sum(np.sum(np.sqrt(1 + part**2)) for part in bb.tree.flatten([f(x, w)])[0])

    agrees(f, (X, W), (X[::-1].copy(), W))
    agrees(bb.grad(total, argnums=(0, 1)), (X, W), (X[::-1].copy(), W))
    agrees(lambda x, w: bb.jvp(total, (x, w), (x, w)), (X, W))
    agrees(f, (X.astype("f"), W.astype("f")))


def test_sums_that_chunks_of_rows_share_lie_as_their_array_does() -> None:
    """Triangles packed behind the logarithms of their diagonals, as ADBench has them: the sums are read along both axes."""
    count, width = 25, 10
    index, below = np.zeros((width, width), int), np.tri(width, k=-1)
    index[np.tril_indices(width, -1)] = np.arange(width, width * (width + 1) // 2)
    x, means = RANDOM.normal(size=(1000, width)), RANDOM.normal(size=(count, width))
    packed = RANDOM.normal(size=(count, width * (width + 1) // 2)) / 3

    def total(means: Any, packed: Any) -> Any:
        scales = np.exp(packed[:, :width])
        factors = packed[:, index] * below + scales[:, :, None] * np.eye(width)
        squares = np.sum((factors @ (x.T - means[:, :, None])) ** 2, axis=1)
        return np.sum(np.log(np.sum(np.exp(-squares / 99), axis=0)))

    f = bb.grad(total, argnums=(0, 1))
    for threads in (1, 2):
        compiled = bb.compile(f, threads=threads)
        for got, want in zip(compiled(means, packed), f(means, packed), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-10)


def test_vectors_of_rows_are_stored_as_they_are() -> None:
    """Without this, 41 of the places that store something would scatter."""
    compiled = bb.compile(bb.grad(by_rows_alone, argnums=(0, 1)))
    compiled(X, W)
    assert compiled.llvm().count("call void @llvm.masked.scatter") < 10
