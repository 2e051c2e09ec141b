"""Index arrays of the code around a compiled function, which their owner may change: what eager code does, it does."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.native import cache

X = np.array([1.0, 2.0, 3.0, 5.0])


def added(x: Any, index: Any) -> Any:
    total = np.zeros(4, like=x)
    np.add.at(total, index, x[: len(index)])
    return np.sum(total**3)


def stored(x: Any, index: Any) -> Any:
    y = x * 1
    y[index] = 7.0
    return np.sum(y**2)


USES: dict[str, Callable[[Any, Any], Any]] = {
    "x[index]": lambda x, index: np.sum(x[index] ** 2),
    "take": lambda x, index: np.sum(np.take(x, index) ** 2),
    "two": lambda x, index: np.sum(np.outer(x, x)[index, index[::-1]]),
    "add.at": added,
    "stored": stored,
    "reduceat": lambda x, index: np.sum(np.add.reduceat(x, index) ** 2),
    "a loop": lambda x, index: sum((x[index] * k).sum() ** 2 for k in range(20)),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8])
def test_indices_that_are_refilled(use: Any, kind: Any) -> None:
    index = np.array([0, 2, 3], kind)
    gradient = bb.value_and_grad(lambda x: use(x, index))
    compiled = bb.compile(gradient)
    for now in ([0, 2, 3], [0, 1, 3], [1, 2, 3], [0, 1, 2], [0, 2, 3]):
        index[:] = now
        for _ in range(2):
            (value, slope), (want, expected) = compiled(X), gradient(X)
            np.testing.assert_allclose(value, want, rtol=1e-13)
            np.testing.assert_allclose(slope, expected, rtol=1e-13, err_msg=f"{now}")


def test_not_one_program_for_each_content() -> None:
    """The second program reads the array: else the sixteenth would be the last one, with a warning."""
    batch = np.zeros(3, int)
    compiled = bb.compile(bb.grad(lambda x: np.sum(x[batch] ** 2)))
    random = np.random.default_rng(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(40):
            batch[:] = random.integers(4, size=3)
            np.testing.assert_allclose(compiled(X), 2 * X * np.bincount(batch, minlength=4), rtol=1e-14)


def test_an_index_out_of_bounds_is_an_error_as_ever() -> None:
    index = np.array([0, 1])
    compiled = bb.compile(lambda x: np.sum(x[index]))
    assert compiled(X) == 3
    index[1] = 9
    with pytest.raises(IndexError):
        compiled(X)
    index[1] = 3
    assert compiled(X) == 6


def test_masks_and_views_of_larger_tables() -> None:
    mask = np.array([True, False, True, False])
    table = np.arange(24).reshape(6, 2, 2) % 4  # neighbours: a column of it is no piece of memory
    f = lambda x: np.sum(x[mask] ** 2) + np.sum(x[table[:, 0, 1]] * x[table[::2, 1][::-1, 0]][[0, 1, 2, 0, 1, 2]])  # noqa: E731
    compiled, gradient = bb.compile(bb.grad(f)), bb.grad(f)
    for step in range(6):
        np.testing.assert_allclose(compiled(X), gradient(X), rtol=1e-14)
        if step % 2:
            mask[:] = np.roll(mask, 1)
        else:
            table[step, 0, 1] = (table[step, 0, 1] + 1) % 4
    table[0, 0, 0] = 3 - table[0, 0, 0]  # is not read
    np.testing.assert_allclose(compiled(X), gradient(X), rtol=1e-14)


def test_an_index_that_the_function_makes_is_not_looked_at() -> None:
    def f(x: Any) -> Any:
        rows, columns = np.tril_indices(2)
        return np.sum(np.outer(x, x)[rows, columns])

    compiled: Any = bb.compile(f)
    np.testing.assert_allclose(compiled(X), f(X))
    assert "@unchanged" not in compiled.llvm()


def test_a_function_that_changes_its_own_index_runs_plainly() -> None:
    place = np.array([0])

    def f(x: Any) -> Any:
        y = np.sum(x[place])
        place[0] = (place[0] + 1) % 4
        return y

    compiled = bb.compile(f)
    with pytest.warns(bb.CompileWarning, match="index array"):
        first = compiled(X)
    assert [float(first), *(float(compiled(X)) for _ in range(3))] == [1, 2, 3, 5]


PROCESS = """
import numpy as np, bibun as bb
index = np.array(INDEX)
compiled = bb.compile(bb.grad(lambda x: np.sum(x[index] ** 2)))
x = np.arange(4.0)
found = [compiled(x).tolist()]
index[0] = 3
found.append(compiled(x).tolist())
print(found)
"""


@pytest.mark.parametrize("index", ["[0, 2]", "[1, 2]"])
def test_programs_from_disk_look_too(index: str, tmp_path: Path) -> None:
    environment = os.environ | {cache.VARIABLE: str(tmp_path)}

    def run() -> str:
        code = PROCESS.replace("INDEX", index)
        return subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        ).stdout

    first = run()
    expected = [[0.0] * 4, [0.0] * 4]
    for k in eval(index):
        expected[0][k] += 2.0 * k
    for k in (3, eval(index)[1]):
        expected[1][k] += 2.0 * k
    assert eval(first) == expected
    assert run() == first


def test_views_of_index_arrays_that_nobody_else_holds() -> None:
    """Only the view has a name: a mask of every other entry, places from behind."""
    x = np.arange(4.0)
    mask = np.array([True, False] * 4)[::2]
    masked = bb.compile(lambda x: x[mask])
    np.testing.assert_array_equal(masked(x), x)
    mask[1] = False
    np.testing.assert_array_equal(masked(x), [0.0, 2.0, 3.0])
    places = np.arange(3)[::-1]
    placed = bb.compile(bb.grad(lambda x: np.sum(x[places] ** 2)))
    np.testing.assert_array_equal(placed(x), [0.0, 2.0, 4.0, 0.0])
    places[0] = 0
    np.testing.assert_array_equal(placed(x), [0.0, 2.0, 0.0, 0.0])


def test_an_index_array_without_axes() -> None:
    """reshape() of no lengths was an error."""

    def f(x: np.ndarray, i: np.ndarray) -> Any:
        y = 1.0 * x
        y[i] = x[1] ** 2
        return np.sum(y**2)

    x, gradient = np.arange(1.0, 5.0), bb.compile(bb.grad(f))
    for i in (2, 0, -1):
        places = np.arange(4) == i % 4
        expected = np.where(places, 0.0, 2 * x) + np.where(np.arange(4) == 1, 4 * x[1] ** 3, 0.0)
        np.testing.assert_allclose(gradient(x, np.array(i)), expected, rtol=1e-14)
