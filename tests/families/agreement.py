"""Checks that derivatives of a plain NumPy function agree with one another and with numerical ones. No cases here.

The truth here is independent of the package: NumPy's own value, and a difference quotient of fourth order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import bibun as bb

STEP = 1e-3  # truncation 1e-12 times the fifth derivative, rounding 2e-13 times the value
TOLERANCE = 1e-7

Function = Callable[..., Any]
Arrays = tuple[np.ndarray, ...]


def along(f: Function, xs: Arrays, directions: Arrays) -> np.ndarray:
    """df/dh f(x + h t) at h = 0, by differences of plain values."""

    def at(h: float) -> np.ndarray:
        return np.asarray(f(*(x + h * t for x, t in zip(xs, directions, strict=True))))

    return (8 * (at(STEP) - at(-STEP)) - (at(2 * STEP) - at(-2 * STEP))) / (12 * STEP)


def random_like(generator: np.random.Generator, x: Any) -> np.ndarray:
    """Normal entries of the shape and dtype of x."""
    real = generator.standard_normal(np.shape(x))
    if np.result_type(x).kind == "c":
        real = real + 1j * generator.standard_normal(np.shape(x))
    return np.asarray(real, dtype=np.result_type(x))


def paired(g: Any, t: Any) -> float:
    """Re(sum g t)."""
    return float(np.real(np.sum(np.multiply(g, t))))


def check_first(f: Function, *xs: np.ndarray, truth: Function | None = None) -> None:
    """Value as NumPy's, forward as numerical, reverse the transpose of forward, inputs as they were.

    truth: the same function with more digits, where those of f's plain values do not do for differences.
    """
    generator = np.random.default_rng(3)
    before = [x.copy() for x in xs]
    directions = tuple(random_like(generator, x) for x in xs)
    value = np.asarray(f(*xs))
    y, dy = bb.jvp(f, xs, directions)
    np.testing.assert_allclose(np.asarray(y), value, rtol=1e-13, atol=1e-14)
    assert np.result_type(y) == value.dtype
    assert np.shape(dy) == value.shape
    np.testing.assert_allclose(dy, along(truth or f, xs, directions), rtol=TOLERANCE, atol=TOLERANCE)
    y, pullback = bb.vjp(f, *xs)
    np.testing.assert_allclose(np.asarray(y), value, rtol=1e-13, atol=1e-14)
    g = random_like(generator, value)
    cotangents = pullback(g)
    for x, c in zip(xs, cotangents, strict=True):
        assert np.shape(c) == x.shape
        assert np.result_type(c) == x.dtype
    pulled = sum(paired(c, t) for c, t in zip(cotangents, directions, strict=True))
    np.testing.assert_allclose(pulled, paired(g, dy), rtol=1e-10, atol=1e-10)
    for x, copy in zip(xs, before, strict=True):
        np.testing.assert_array_equal(x, copy)


def check_second(f: Function, *xs: np.ndarray) -> None:
    """Second order: forward over reverse, reverse over reverse, forward over forward, against numerical ones."""
    generator = np.random.default_rng(4)
    directions = tuple(random_like(generator, x) for x in xs)
    weights = random_like(generator, f(*xs))

    def number(*ys: Any) -> Any:
        z = np.multiply(f(*ys), weights)
        return np.sum(np.real(z * z))

    everything = tuple(range(len(xs)))
    gradient = bb.grad(number, argnums=everything)

    def one_gradient(k: int) -> Function:
        return lambda *ys: gradient(*ys)[k]

    for k in everything:
        expected = along(one_gradient(k), xs, directions)
        _, forward = bb.jvp(one_gradient(k), xs, directions)
        np.testing.assert_allclose(forward, expected, rtol=TOLERANCE, atol=10 * TOLERANCE)
        g = random_like(generator, xs[k])
        _, pullback = bb.vjp(one_gradient(k), *xs)
        pulled = sum(paired(c, t) for c, t in zip(pullback(g), directions, strict=True))
        np.testing.assert_allclose(pulled, paired(g, expected), rtol=10 * TOLERANCE, atol=10 * TOLERANCE)

    def slope(*ys: Any) -> Any:
        return bb.jvp(number, ys, directions)[1]

    _, twice = bb.jvp(slope, xs, directions)
    np.testing.assert_allclose(twice, along(slope, xs, directions), rtol=10 * TOLERANCE, atol=10 * TOLERANCE)


def check_single_precision(f: Function, *xs: np.ndarray) -> None:
    """The dtypes that NumPy gives for float32, in both modes; the numbers of float64, to float32's digits."""
    short = tuple(x.astype(np.float32) for x in xs)
    expected = np.result_type(f(*short))
    generator = np.random.default_rng(5)
    directions = tuple(random_like(generator, x) for x in short)
    y, dy = bb.jvp(f, short, directions)
    assert np.result_type(y) == np.result_type(dy) == expected
    _, exact = bb.jvp(f, tuple(x.astype(float) for x in short), tuple(t.astype(float) for t in directions))
    np.testing.assert_allclose(dy, exact, rtol=1e-4, atol=1e-4)
    y, pullback = bb.vjp(f, *short)
    for c in pullback(np.asarray(y)):
        assert np.result_type(c) == np.float32


def check_batch(f: Function, *xs: np.ndarray) -> None:
    """vmap is a loop: of the function, and of its gradient."""
    generator = np.random.default_rng(6)
    stacks = tuple(np.stack([x, *(random_like(generator, x) for _ in range(2))]) for x in xs)
    looped = np.stack([np.asarray(f(*entries)) for entries in zip(*stacks, strict=True)])
    np.testing.assert_allclose(bb.vmap(f)(*stacks), looped, rtol=1e-12, atol=1e-13)
    gradient = bb.grad(lambda *ys: np.sum(np.real(f(*ys)) ** 2), argnums=tuple(range(len(xs))))
    batched = bb.vmap(gradient)(*stacks)
    for k, found in enumerate(batched):
        looped = np.stack([gradient(*entries)[k] for entries in zip(*stacks, strict=True)])
        np.testing.assert_allclose(found, looped, rtol=1e-11, atol=1e-12)


def check(f: Function, *xs: np.ndarray, batch: bool = True) -> None:
    """All of the above."""
    check_first(f, *xs)
    check_second(f, *xs)
    if all(x.dtype == float for x in xs):
        check_single_precision(f, *xs)
    if batch:
        check_batch(f, *xs)


def sample(*shape: int, seed: int = 0) -> np.ndarray:
    """Distinct entries between -2 and 2, away from 0 and from one another."""
    n = int(np.prod(shape))
    entries = np.linspace(-2, 2, n + 2)[1:-1] + 0.3 / (n + 1)
    return np.random.default_rng(seed).permutation(entries).reshape(shape)
