"""Arrays that are added to at slices that meet: the code grows no faster than how many there are."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.native.levels import BLOCK

FORCE = 0.1
SPRING = np.array([[1.0, -1.0], [-1.0, 1.0]])


def compliance(k: Any) -> Any:
    """The displacements of a chain of springs, all pulled alike, added up: FORCE sum_e (n - e)^2 / k_e, e from 0."""
    n = len(k)
    stiffness = np.zeros((n + 1, n + 1), like=k)
    for e in range(n):
        stiffness[e : e + 2, e : e + 2] += k[e] * SPRING
    return np.sum(np.linalg.solve(stiffness[1:, 1:], np.full(n, FORCE)))


def overlap_added(x: Any, window: Any) -> Any:
    """Pieces of x, 8 entries apart, through a window, squared where they meet."""
    out = np.zeros(len(x), like=x)
    for start in range(0, len(x) - 31, 8):
        out[start : start + 32] += np.sin(window * x[start : start + 32])
    return np.sum(out**2)


def patched(image: Any, window: Any) -> Any:
    """The same of patches of an image, 3 entries apart."""
    out = np.zeros(image.shape, like=image)
    for i in range(0, len(image) - 4, 3):
        for j in range(0, len(image) - 4, 3):
            out[i : i + 5, j : j + 5] += np.sin(window * image[i : i + 5, j : j + 5])
    return np.sum(out**2)


def by_hand(x: Any, window: Any, length: int, step: int) -> Any:
    """The gradient of both, by x: with the window at s, 2 out w cos(w x)."""
    corners = [range(0, n - length + 1, step) for n in x.shape]
    places = [
        tuple(slice(i, i + length) for i in corner)
        for corner in np.stack(np.meshgrid(*corners), -1).reshape(-1, x.ndim)
    ]
    out, slope = np.zeros(x.shape), np.zeros(x.shape)
    for s in places:
        out[s] += np.sin(window * x[s])
    for s in places:
        slope[s] += 2 * out[s] * window * np.cos(window * x[s])
    return slope


@pytest.mark.parametrize("n", [3, 15, 17, 40])
def test_a_matrix_of_elements(n: int) -> None:
    k = 1 + np.random.default_rng(n).random(n)
    want = -FORCE * np.arange(n, 0, -1) ** 2 / k**2
    np.testing.assert_allclose(bb.compile(bb.grad(compliance))(k), want, rtol=1e-10)


@pytest.mark.parametrize("pieces", [5, 33, 47])
def test_pieces_of_a_sequence(pieces: int) -> None:
    x, window = np.random.default_rng(pieces).random((2, 8 * pieces + 24))
    got = bb.compile(bb.grad(overlap_added))(x, window[:32])
    np.testing.assert_allclose(got, by_hand(x, window[:32], 32, 8), rtol=1e-12)


@pytest.mark.parametrize("side", [11, 20])
def test_patches_of_an_image(side: int) -> None:
    image, window = np.random.default_rng(side).random((2, side, side))
    got = bb.compile(bb.grad(patched))(image, window[:5, :5])
    np.testing.assert_allclose(got, by_hand(image, window[:5, :5], 5, 3), rtol=1e-12)


def length_of(function: Any, *arguments: Any) -> int:
    compiled = bb.compile(bb.grad(function))
    compiled(*arguments)
    return len(compiled.llvm())


def test_the_code_of_twice_as_many_is_about_twice_as_long() -> None:
    x, window = np.random.default_rng(0).random((2, 8 * 80 + 24))
    short, long = (length_of(overlap_added, x[: 8 * n + 24], window[:32]) for n in (40, 80))
    assert long < 2.5 * short
    short, long = (length_of(compliance, np.ones(n)) for n in (20, 40))
    assert long < 3.5 * short  # a matrix has four times as many entries then
    assert length_of(compliance, np.ones(22)) < 200_000  # it was 2 MB


def test_what_is_added_on_the_way_back_is_not_moved() -> None:
    """The way back through a sum gives to each piece what there is: no copy of the whole, with a hole or without."""
    compiled = bb.compile(bb.grad(compliance))
    compiled(np.ones(10))
    whole = [line for line in compiled.explain().split("\n") if "loop over 11 x 11" in line]
    assert len(whole) <= 2


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
def test_writes_that_read_what_those_before_have_left(dtype: Any) -> None:
    """Values are NumPy's, and derivatives those of the tape, where pieces that meet are changed, replaced and set to 0."""
    random = np.random.default_rng(7)
    keys = [(slice(i, i + 3), slice(j, j + 2)) for i in range(0, 6, 2) for j in range(6)]
    keys += [(2, slice(1, 6)), (slice(5, 0, -1), 3), (slice(0, 8, 2), slice(1, 4)), (slice(3, 4), slice(0, 7))]
    steps = [(key, int(random.integers(4))) for key in keys * 2]

    def changed(x: Any) -> Any:
        y = np.zeros_like(x)
        for key, kind in steps:
            if kind == 0:
                y[key] = np.sin(y[key]) + x[key]
            elif kind == 1:
                y[key] += x[key] * 0.5
            elif kind == 2:
                y[key] = x[key]
            else:
                y[key] = 0
        return y

    def total(x: Any) -> Any:
        return np.sum(np.abs(changed(x)) ** 2)

    x = random.normal(size=(8, 7)).astype(dtype)
    if dtype is np.complex128:
        x += 1j * random.normal(size=(8, 7))
    error = 1e-5 if dtype is np.float32 else 1e-12
    np.testing.assert_allclose(bb.compile(changed)(x), changed(x.copy()), rtol=error, atol=error)
    np.testing.assert_allclose(bb.compile(bb.grad(total))(x), bb.grad(total)(x), rtol=error, atol=error)


def test_parts_that_meet_and_are_as_large_as_the_whole_leave_some_of_it() -> None:
    def filled(x: Any) -> Any:
        y = np.zeros(36, like=x)
        for n in range(18):
            y[n : n + 2] = np.sin(x[n : n + 2] * n)
        return y

    x = np.linspace(0.1, 1, 36)
    np.testing.assert_allclose(bb.compile(filled)(x), filled(x.copy()), rtol=1e-14)


def test_no_block_is_long() -> None:
    """LLVM's time grows with the square of a block's length."""
    random = np.random.default_rng(0)
    functions = np.sin, np.tanh, np.sqrt, np.arctan, np.cos

    def wired(x: Any) -> Any:
        """Numbers of numbers, in no order that repeats."""
        numbers = [x[n] for n in range(8)]
        for kind, i, j in wires:
            numbers.append(functions[kind](numbers[-i] ** 2 + 0.5) * numbers[-j] + 0.1)
        return numbers[-1]

    wires = np.stack([random.integers(5, size=600), *random.integers(1, 8, (2, 600))]).T.tolist()
    compiled, x = bb.compile(bb.grad(wired)), np.linspace(0.1, 0.9, 8)
    np.testing.assert_allclose(compiled(x), bb.grad(wired)(x), rtol=1e-9)
    lines = compiled.llvm().split("\n")
    blocks = [len(list(group)) for label, group in groupby(lines, lambda line: not line.startswith("  ")) if not label]
    assert sum(blocks) > 4 * BLOCK
    assert max(blocks) < 2 * BLOCK
