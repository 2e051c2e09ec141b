"""Real and imaginary parts, and copies: what shares memory with an array shares it when the array is traced.

The truth is NumPy's own array after the same statements, and the derivative of the linear map that they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb

REAL = np.arange(1.0, 13.0).reshape(3, 4)
COMPLEX = REAL + 1j * REAL[::-1]
VIEWS: dict[str, Callable[[Any], Any]] = {
    "a.real": lambda a: a.real,
    "np.real": np.real,
    "a.real.T": lambda a: a.real.T,
    "a[1:].real": lambda a: a[1:].real,
    "np.real(a.T)": lambda a: np.real(a.T),
    "a.conj()": lambda a: a.conj(),
    "a.conjugate()": lambda a: a.conjugate(),
    "np.block": np.block,
    "np.block of a list": lambda a: np.block([a]),
    "meshgrid": lambda a: np.meshgrid(a[0], a[1])[0],
    "sparse meshgrid": lambda a: np.meshgrid(a[0], a[1], sparse=True)[0],
    "asfortranarray": lambda a: np.asfortranarray(a, like=a),
    "ascontiguousarray of T": lambda a: np.ascontiguousarray(a.T, like=a),
}
IMAGINARY: dict[str, Callable[[Any], Any]] = {
    "a.imag": lambda a: a.imag,
    "np.imag": np.imag,
    "a.imag[1:]": lambda a: a.imag[1:],
    "np.imag(a)[::2]": lambda a: np.imag(a)[::2],
    "a.T.imag": lambda a: a.T.imag,
}


def check_updates(take: Callable[[Any], Any], x: np.ndarray) -> None:
    """Statements that are linear in x: the tangent of f(x) is f of the tangent, and the pullback its transpose."""

    def f(x: Any) -> Any:
        a = 1 * x
        view = take(a)
        view[0] = 3 * view[-1]
        a[1] = 2 * a[0]
        view *= 2
        a[:, 1] += a[:, 0]
        return a, view

    generator = np.random.default_rng(0)
    t = generator.normal(size=x.shape).astype(x.dtype)
    t = t + 1j * generator.normal(size=x.shape) if x.dtype.kind == "c" else t
    y, dy = bb.jvp(f, (x,), (t,))
    for found, expected in zip((*y, *dy), (*f(x), *f(t)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-14)
    _, pullback = bb.vjp(f, x)
    g = tuple(generator.normal(size=part.shape).astype(part.dtype) for part in dy)
    for _ in range(2):
        (c,) = pullback(g)
        paired = np.sum(np.real(c * t)) - sum(np.sum(np.real(a * b)) for a, b in zip(g, dy, strict=True))
        assert abs(paired) < 1e-10


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("x", [REAL, COMPLEX], ids=["real", "complex"])
def test_updates_reach_what_numpy_shares(name: str, x: np.ndarray) -> None:
    check_updates(VIEWS[name], x)


@pytest.mark.parametrize("name", IMAGINARY)
def test_updates_of_an_imaginary_part_reach_the_array(name: str) -> None:
    check_updates(IMAGINARY[name], COMPLEX)


def test_an_infinite_part_leaves_the_other() -> None:
    z = bb.Variable(COMPLEX.copy()) * 1
    z.imag[0] = np.inf
    z.real = np.inf
    expected = COMPLEX.copy()
    expected.imag[0] = np.inf
    expected.real = np.inf
    np.testing.assert_array_equal(z.data, expected)


def test_the_part_of_a_number_is_a_number() -> None:
    def f(x: Any) -> Any:
        z = np.sum(x * (1 + 2j))
        before = z
        part = z.imag
        z += 1.0
        part += 5.0
        return np.real(before) * part * np.real(z)  # s (2 s + 5) (s + 1)

    x = np.array([2.0, 3.0])
    value, gradient = bb.value_and_grad(f)(x)
    assert value == f(x) == 5 * 15 * 6
    np.testing.assert_allclose(gradient, (15 * 6 + 5 * 2 * 6 + 5 * 15) * np.ones(2))


@pytest.mark.parametrize("take", [np.diagonal, lambda a: np.broadcast_to(a[0], (3, 4))], ids=["diagonal", "broadcast"])
def test_views_that_numpy_lets_nobody_write_to(take: Callable[[Any], Any]) -> None:
    for a in (REAL.copy(), bb.Variable(REAL.copy()) * 1.0):
        view = take(a)
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 7.0
