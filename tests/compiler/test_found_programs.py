"""Programs that were once compiled wrong, or took forever: the smallest that show it."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.compiler.agreement import agrees, same


@pytest.mark.parametrize("shape", [(8, 5), (16, 4), (16, 5), (16, 8), (17, 17)])
@pytest.mark.parametrize("product", [False, True])
def test_sum_over_rows_of_which_one_column_stands_still(shape: tuple[int, int], product: bool) -> None:
    """The first column is a loop cut to one turn: its running sum has one place, and was read before the loop."""

    def f(x: Any, v: Any, s: Any) -> Any:
        w = v.copy()
        w[0:1] = s
        return np.sum(x * (x - w) if product else np.tanh(x + w), axis=0)

    random = np.random.default_rng(0)
    agrees(f, (random.random(shape), random.random(shape[1]), np.asarray(0.5)))


def test_what_is_shared_again_and_again_compiles_at_once() -> None:
    """As a graph it is small; as a tree it has so many leaves that looking for what to store took minutes."""

    def f(x: Any) -> Any:
        h, seen = 0.0 * x[0], []
        for row in x:
            h = 0.6 * h + np.tanh(row)
            seen.append(h)
        y = np.tanh(np.stack(seen))
        for _ in range(2):
            z = y
            for _ in range(3):
                z = 0.5 * z + 0.25 * np.sin(z + y)
            y = z - np.mean(z)
        return np.sum(y)

    start = perf_counter()
    agrees(bb.value_and_grad(f), (np.random.default_rng(0).random((8, 17)),))
    assert perf_counter() - start < 30


@pytest.mark.parametrize("count", [1, 4, 5, 12, 300])
@pytest.mark.parametrize("shape", [(20000,), (6000, 3), (300, 70)])
def test_a_part_at_the_beginning_of_many_rows(count: int, shape: tuple[int, ...]) -> None:
    """A strip of rows behind the part has none of it: less than none, rounded to whole vectors, were some."""

    def f(x: Any) -> Any:
        y = 1.0 * x
        y[:count] = 7.0
        y[-count:] = 9.0
        return np.sum(y, axis=0), np.sum(y * x), np.sum(x > 0.5), y

    agrees(f, (np.random.default_rng(0).uniform(-1, 1, shape),))


@pytest.mark.parametrize("threads", [1, 2])
def test_computed_places_in_many_rows(threads: int) -> None:
    """A stage says whether an index was out of bounds; what one thread says was asked for before it was known."""
    x = np.random.default_rng(0).random(40000)
    compiled = bb.compile(lambda x, i: np.sum(np.take_along_axis(x, i, axis=-1) * x), threads=threads)
    for places in (np.argsort(x), np.arange(40000) - 40000):
        same(compiled(x, places), np.sum(x[places] * x))
    with pytest.raises(IndexError):
        compiled(x, np.full(40000, 40000))


def test_copies_in_another_order_have_names_of_their_own() -> None:
    """Their numbers were those of the memory of stages: in some process, one program wrote behind its workspace."""
    random = np.random.default_rng(0)
    x, places = random.random((5000, 7)).astype(np.float32), random.integers(0, 7, (5000, 7))

    def f(x: Any) -> Any:
        y = np.tanh(x * x + x)
        return np.flip(y, 0), np.take_along_axis(x, places, -1), np.concatenate([y, np.flip(x, 0), y[:1]])

    compiled = bb.compile(f)
    same(compiled(x), f(x), error=1e-5)
    (paths,) = compiled.careful.paths.values()
    temporaries = paths.versions[0].native.written.schedule.temporaries
    assert temporaries
    assert all(buffer.number >= 0 for buffer in temporaries)


@pytest.mark.parametrize("shape", [(5,), (5, 2)])
def test_adding_at_places_that_are_arguments(shape: tuple[int, ...]) -> None:
    """np.add.at took its key as a plain array, which an argument of a compiled function is not, nor one of a batch."""

    def f(x: Any, places: Any) -> Any:
        total = np.zeros((3, *shape[1:]), like=x)
        np.add.at(total, places, x)
        np.subtract.at(total.T, (..., places[:2]), 0.5)
        return np.sum(total**3)

    random = np.random.default_rng(0)
    xs, places = random.normal(size=(4, *shape)), random.integers(-3, 3, (4, 5))
    agrees(bb.value_and_grad(f), *zip(xs, places, strict=True))
    same(bb.vmap(f)(xs, places), np.stack([f(*case) for case in zip(xs, places, strict=True)]))
    with pytest.raises(IndexError):
        bb.compile(f)(xs[0], places[0] + 6)


def test_the_extreme_of_a_number() -> None:
    """NumPy takes a number as an array of one entry; along axis 0 lowering divided by its number of axes."""
    agrees(lambda x: (np.argmax(x, axis=0), np.argmin(x, axis=-1), np.argmax(x)), (2.0,))


def test_repeats_that_are_arguments() -> None:
    """They say how long the result is, so each is a decision; np.repeat of plain arrays took them as a list of values."""

    def f(x: Any, times: Any) -> Any:
        return np.repeat(np.sin(x), times), np.repeat(x, x.astype(int))

    compiled = bb.compile(f)
    x = np.array([1.0, 0.0, 2.5])
    for times in ([1, 2, 3], [0, 0, 4], [1, 2, 3]):
        same(compiled(x, np.array(times)), f(x, np.array(times)))
    same(compiled(x[:0], np.array([], int)), f(x[:0], np.array([], int)))
    agrees(bb.grad(lambda x, times: np.sum(np.repeat(x, times) ** 3)), (x, np.array([2, 0, 1])))


def test_numpy_is_called_with_memory_of_this_call() -> None:
    """What a program hands to NumPy is kept from call to call: other memory, other dtypes and numbers of shape () are new."""

    def f(x: Any, s: Any) -> Any:
        z = np.exp(1j * x) * s
        return np.real(z * z), np.sort(x) * s, np.abs(z)

    compiled = bb.compile(f)
    random = np.random.default_rng(0)
    kept = []
    for _ in range(6):
        x, s = random.normal(size=50), float(random.normal())
        found = compiled(x, s)
        same(found, f(x, s))
        kept.append((x, s, found))
    for x, s, found in kept:
        same(found, f(x, s))
