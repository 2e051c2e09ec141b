"""Loops whose index moves where no machine code reads: beside index arrays, and into complex or short numbers.

Such rows run through NumPy in each turn, and have to be given the key of that turn.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler import compiled as module
from tests.collected import Collected

TURNS = 24
M = np.arange(90.0).reshape(30, 3) / 30
Z = np.exp(1j * np.arange(26))
PLACES = np.array([0, 2])
real, wide = Collected(), Collected()


@real
def entries_of_a_row(m: Any) -> Any:
    total = 0.0
    for j in range(TURNS):
        total = total * 0.5 + m[j, PLACES] ** 2
    return total


@real
def entries_of_a_column(m: Any) -> Any:
    total, m = 0.0, m.T
    for j in range(TURNS):
        total = total * 0.5 + m[[0, 2], j] * m[[1, 0], j + 1]
    return total


@real
def entries_put_into_rows(m: Any) -> Any:
    y = np.zeros_like(m)
    for j in range(1, TURNS):
        y[j, [0, 2]] = y[j - 1, [0, 2]] * 0.5 + m[j, [2, 0]]
    return y


@real
def entries_added_to_rows(m: Any) -> Any:
    y = m * 1.0
    for j in range(TURNS):
        y[j, PLACES] += m[j + 1, 0]
        np.add.at(y, (j, [0, 0, 2]), m[j, 1])
    return y


@wide
def a_state_kept_in_rows(z: Any) -> Any:
    out = np.zeros((TURNS, *z.shape), dtype=z.dtype, like=z)
    for k in range(TURNS):
        z = 0.5 * z * z + z.dtype.type(0.1)
        out[k] = z
    return out


@wide
def windows_from_both_ends(z: Any) -> Any:
    total = 0
    for j in range(TURNS):
        total = total * 0.5 + z[j : j + 2] * z[-1 - j]
    return total


@wide
def one_after_the_other(z: Any) -> Any:
    q = np.zeros(TURNS + 1, z.dtype, like=z) + z[0]
    for j in range(TURNS):
        q[j + 1] = q[j] * 0.5 + z[j] * z[j + 1]
    return q


@wide
def places_that_come_again(z: Any) -> Any:
    q = z * 1
    for j in range(TURNS):
        q[PLACES[j % 2]] = q[j] * 0.5 + z[j + 1]
    return q


def check(f: Callable[[Any], Any], x: Any, rtol: float) -> None:
    """Value, gradient and directional derivative, twice: as the plain transforms give them, and by a program."""
    weights = np.cos(np.arange(np.size(f(x)))).reshape(np.shape(f(x))).astype(x.dtype)

    def weighted(x: Any) -> Any:
        return np.sum(np.real(f(x) * weights))

    for run in (f, bb.grad(weighted), lambda x: bb.jvp(f, (x,), (x * x,))[1]):
        with warnings.catch_warnings():
            warnings.simplefilter("error", bb.CompileWarning)
            compiled = bb.compile(run)
            for scale in (1, 2):
                y = x * x.dtype.type(scale) / x.dtype.type(2)
                np.testing.assert_allclose(compiled(y), run(y), rtol=rtol, atol=rtol)


@pytest.mark.parametrize("f", real, ids=lambda f: f.__name__)
def test_beside_index_arrays(f: Callable[[Any], Any]) -> None:
    check(f, M, 1e-13)


@pytest.mark.parametrize("dtype", ["complex128", "complex64", "float16", "longdouble"])
@pytest.mark.parametrize("f", wide, ids=lambda f: f.__name__)
def test_numbers_without_machine_code(f: Callable[[Any], Any], dtype: str) -> None:
    z = Z.astype(dtype) if np.dtype(dtype).kind == "c" else np.cos(np.arange(26)).astype(dtype)
    check(f, z, {"complex64": 1e-5, "float16": 1e-2}.get(dtype, 1e-13))


def test_closed_form() -> None:
    """The truth without bibun: a geometric sum."""
    expected = sum(0.5 ** (TURNS - 1 - j) * M[j, PLACES] ** 2 for j in range(TURNS))
    np.testing.assert_allclose(bb.compile(entries_of_a_row)(M), expected, rtol=1e-14)


def test_from_disk(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIBUN_CACHE_DIR", str(tmp_path))
    first = bb.compile(one_after_the_other)(Z)
    monkeypatch.setattr(module, "made", None)  # nothing is made again
    np.testing.assert_array_equal(bb.compile(one_after_the_other)(Z), first)
    np.testing.assert_allclose(first, one_after_the_other(Z), rtol=1e-13)
