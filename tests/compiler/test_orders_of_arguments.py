"""What shares memory with what may hang on how arguments lie: a program is used for arguments for which it does the same."""

from __future__ import annotations

import warnings
from random import Random
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.arrays.kinship import joins
from bibun.compiler import compiled as module
from bibun.interpreters import stand_ins
from tests.collected import Collected
from tests.compiler.agreement import same
from tests.compiler.conftest import Runs
from tests.compiler.orders import laid, program

X = np.random.default_rng(8).normal(size=(3, 4))
Z = np.random.default_rng(9).normal(size=(3, 4))
written = Collected()


@written
def new_array(x: Any) -> Any:
    y = np.zeros_like(x)
    y.ravel()[1] = x[0, 0]
    return y


@written
def new_array_in_the_other_order(x: Any) -> Any:
    y = np.empty_like(x.T)
    y[...] = x[1, 2]
    y.T.ravel()[1] = x[0, 0]
    return y


@written
def copy(x: Any) -> Any:
    y = np.copy(x.T)
    y.T.ravel()[:2] *= 3.0
    return y


@written
def of_a_sum(x: Any) -> Any:
    y = x.T + 1.0
    y.reshape(-1)[1] = x[0, 0]
    return y


@written
def sorted_and_rounded(x: Any) -> Any:
    y = np.sort(x.T, axis=0).astype("f")
    y.reshape(2, 2, 3)[1, :, 0] += 1.0
    return y


@written
def the_array_after_its_ravel(x: Any) -> Any:
    y = x * 2.0
    flat = y.ravel()
    y[1] = x[0, 0]
    return flat


@written
def a_copy_that_could_be_a_view_of_a_copy(x: Any) -> Any:
    y = x * 2.0
    middle = y.T.ravel()
    last = middle.reshape(2, 6).T.ravel()
    del middle
    last[1:4] = x[0, :3]
    return y, last


@written
def in_an_order(x: Any) -> Any:
    y = x * 2.0
    there = np.ascontiguousarray(y, like=y)
    there[0] += 1.0
    return y


@written
def product_of_orders(x: Any) -> Any:
    y = np.ones(x.T.shape, like=x) * x.T
    y.ravel()[1] = x[0, 0]
    return y


@pytest.mark.parametrize("large", [stand_ins.LARGE, 2])
@pytest.mark.parametrize("f", written, ids=lambda f: f.__name__)
def test_calls_in_every_order(f: Any, large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand_ins, "LARGE", large)
    compiled = bb.compile(f)
    for first, second in zip([*laid(X)] * 5, [x for x in laid(X) for _ in range(5)], strict=True):
        for x in (first, second):
            same(compiled(x), f(x), error=1e-7 if f is sorted_and_rounded else 0.0)
    assert len(compiled.careful.paths) == 1


def weighted(f: Any) -> Any:
    """One number, of all that f gives."""
    return lambda x, z: sum(np.sum(np.cos(np.arange(y.size)).reshape(y.shape) * y) for y in f(x, z))


@pytest.mark.parametrize("large", [stand_ins.LARGE, 2])
@pytest.mark.parametrize("seed", range(60))
def test_random_programs(seed: int, large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values, and gradients by central differences, in calls each of which has its arguments in another order."""
    monkeypatch.setattr(stand_ins, "LARGE", large)
    f, random, steps = program(seed), Random(seed), np.random.default_rng(seed)
    compiled, gradient = bb.compile(f), bb.compile(bb.grad(weighted(f), argnums=(0, 1)))
    for _ in range(4):
        which = random.randrange(5), random.randrange(5)

        def arguments(*values: Any, which: tuple[int, ...] = which) -> list[Any]:
            return [list(laid(value))[n] for value, n in zip(values, which, strict=True)]

        given, plain = arguments(X, Z), arguments(X, Z)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", bb.CompileWarning)  # of a program that writes into its arguments
            same((compiled(*given), given), (f(*plain), plain), error=1e-11)
            if not all(map(np.array_equal, plain, (X, Z))):
                return
            slopes = gradient(*arguments(X, Z))
        dx, dz = steps.normal(size=(2, *X.shape)) * 1e-6
        rise = weighted(f)(*arguments(X + dx, Z + dz)) - weighted(f)(*arguments(X - dx, Z - dz))
        np.testing.assert_allclose(2 * (np.sum(slopes[0] * dx) + np.sum(slopes[1] * dz)), rise, rtol=1e-4, atol=1e-9)


def test_without_a_write_one_program_is_for_all_orders() -> None:
    def f(x: Any) -> Any:
        y = np.zeros(x.shape, like=x)
        y[0] = x.T.ravel()[:4]
        return (x + y).T.reshape(-1) * np.ascontiguousarray(x, like=x).ravel()

    compiled = bb.compile(f)
    for x in laid(X):
        same(compiled(x), f(x))
    ((version,),) = [paths.versions for paths in compiled.careful.paths.values()]
    assert version.recipe.order is None


@pytest.mark.parametrize("order", ["K", "A"])
def test_an_order_that_asks_how_arrays_lie(order: Any) -> None:
    def f(x: Any) -> Any:
        return x.flatten(order) + np.reshape(x * 2, -1, order="A"), (x.T + 1.0).ravel(order)

    compiled = bb.compile(f)
    for x in [*laid(X)] * 2:
        same(compiled(x), f(x))
    ((version, *_),) = [paths.versions for paths in compiled.careful.paths.values()]
    assert version.native is not None
    row = bb.compile(lambda x: x.ravel(order) * 2)  # of which there is one order only
    for x in laid(X):
        same(row(x[:1]), 2 * X[0])
    assert [len(paths.versions) for paths in row.careful.paths.values()] == [1]


def test_what_is_gone_sees_no_write() -> None:
    def f(x: Any) -> Any:
        y = (x * 2.0).T.ravel()
        y[0] = x[1, 1]
        return y

    compiled = bb.compile(f)
    for x in (X, X[::-1]):  # of x * 2.0 in C order that is a copy
        same(compiled(x), f(x))
    assert [len(paths.versions) for paths in compiled.careful.paths.values()] == [1]


def test_from_disk(runs: Runs) -> None:
    """A start says how arguments have to lie, and what is asked of a program from disk is recorded of arguments that do."""
    for count in (1, 0):
        for x in laid(X):
            compiled = bb.compile(of_a_sum)
            same(compiled(x), of_a_sum(x))
            assert runs.look() == count
            assert "def of_a_sum" in compiled.source()
            runs.look()
    other = bb.compile(of_a_sum)
    for x in [*laid(X), *laid(X)]:
        same(other(x), of_a_sum(x))


def test_without_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "available", lambda: False)
    compiled = bb.compile(of_a_sum)
    for x in [*laid(X), *laid(X)]:
        same(compiled(x), of_a_sum(x))


@pytest.mark.parametrize(
    ("shape", "new", "joined"),
    [
        ((3, 4), (12,), True),
        ((12,), (3, 4), False),
        ((3, 4), (3, 2, 2), False),
        ((3, 4), (1, 3, 1, 4), False),
        ((1, 12, 1), (12,), False),
        ((3, 4, 5), (3, 20), True),
        ((6, 4), (2, 12), True),
        ((6, 4), (2, 3, 4), False),
        ((0, 4), (0,), False),
    ],
)
def test_which_reshapes_join_axes(shape: Any, new: Any, joined: bool) -> None:
    """They are those of which NumPy has no view where axes lie far apart."""
    assert joins(shape, new) is joined
    apart = np.zeros([2 * n + 1 for n in shape])[tuple(slice(None, 2 * n, 2) for n in shape)]
    assert joined is (apart.size > 0 and not np.may_share_memory(apart, apart.reshape(new)))


@pytest.mark.parametrize("make", [np.zeros_like, np.copy, lambda x: np.ones_like(np.sin(x)), lambda x: x.astype(float)])
@pytest.mark.parametrize("show", [lambda z: z.ravel(), lambda z: z.reshape(-1), lambda z: z.T.ravel()])
def test_new_arrays_in_a_batch_lie_as_each_entry_does(make: Any, show: Any) -> None:
    def f(x: Any) -> Any:
        z = make(x)
        z += x
        show(z)[0] = 10.0
        return z

    for batch in (np.arange(12.0).reshape(2, 2, 3), np.arange(12.0).reshape(2, 3, 2).transpose(0, 2, 1)):
        np.testing.assert_array_equal(bb.compile(bb.vmap(f))(batch), np.array([f(x) for x in batch]))
