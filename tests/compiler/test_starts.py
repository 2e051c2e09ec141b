"""Starts from disk: a function that is known to be the same is not recorded again, and no other one ever runs its program."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import weakref
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun import tree
from bibun.compiler import starts
from bibun.compiler.native import cache
from bibun.compiler.native.machine import available
from tests.compiler.agreement import same
from tests.compiler.conftest import Runs, kept
from tests.compiler.test_plans import GROUPS, PROGRAMS

pytestmark = pytest.mark.skipif(not available(), reason="no machine code on this machine")

X = np.array([0.5, 1.5, -3.0, 0.0, -0.0])


# ---- another process ---------------------------------------------------------------------------------------

PROCESS = """
import json
import numpy as np
import bibun as bb
from bibun.compiler import compiled as module
{moved}
runs, make = [], module.Recording
module.Recording = lambda: runs.append(1) or make()

RATE = 0.01

def slope(state, parameters):
    x, y, z = state
    sigma, rho, beta = parameters
    return np.stack([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])

def distance(steps):
    def last(state, parameters):
        for _ in range(steps):
            state = state + RATE * slope(state, parameters)
        return np.sum(state * state)
    return last

def decided(x):
    return {factor} * x if x > 0 else -x

compiled = bb.compile(bb.value_and_grad(distance(50), argnums=(0, 1)))
results = [*compiled(np.ones(3), np.array([10.0, 28.0, 8 / 3]))]
signs = bb.compile(decided)
results += [signs(2.0), signs(-3.0), signs(2.0)]
results.append(bb.compile(bb.hessian(lambda x: np.sum(x**4)))(np.arange(3.0)))
text = [np.asarray(y).tobytes().hex() for y in [*results[0:1], *results[1], *results[2:]]]
count = len(runs)
print(json.dumps([count, text, compiled.source(), compiled.llvm(), len(compiled.explain()) > 100]))
"""


def test_a_second_process_records_nothing(tmp_path: Path) -> None:
    """Also where the function stands at other lines; one that computes something else is recorded."""

    def outcome(factor: str, moved: str = "") -> Any:
        text = PROCESS.replace("{factor}", factor).replace("{moved}", moved)
        done = subprocess.run(
            [sys.executable, "-c", text],
            env=os.environ | {cache.VARIABLE: str(tmp_path)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    count, *first = outcome("2.0")
    again, *second = outcome("2.0")
    moved, *third = outcome("2.0", "\n\n# three lines further down\n")
    other, *fourth = outcome("3.0")
    assert (count, again, moved, other) == (5, 0, 0, 2)  # the loop once more, which is too short for few turns
    assert second == first
    assert third[0] == first[0]
    assert fourth[0][3:6] == [np.float64(y).tobytes().hex() for y in (6.0, 3.0, 6.0)]


# ---- the same function again ---------------------------------------------------------------------------------

CAPTURING = {  # arrays of the code around
    "loops", "an index", "an index that is a derivative", "captured", "through NumPy, of what is captured",
}  # fmt: skip
OTHERS = {"containers", "decompositions"}  # they return a text, a named tuple


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_started_and_can_be_looked_at(name: str, runs: Runs) -> None:
    f, args = PROGRAMS[name]
    first, second = bb.compile(f), bb.compile(f)
    want = first(*args)
    same(want, f(*args), error=1e-12)
    assert runs.look() == (2 if name == "loops" else 1)  # once more: its turns are too few
    for result in (second(*args), second(*args)):
        same(result, f(*args), error=1e-12)
        for a, b in zip(tree.flatten(result)[0], tree.flatten(want)[0], strict=True):
            assert type(a) is type(b)
            if isinstance(a, np.ndarray):
                assert a.tobytes() == b.tobytes()
                assert a.dtype is b.dtype
    assert runs.look() == (name in CAPTURING | OTHERS) * (2 if name == "loops" else 1)
    assert (second.source(), second.llvm()) == (first.source(), first.llvm())
    assert second.explain() == first.explain()
    (paths,) = second.careful.paths.values()
    assert len(paths.versions) == 1


NOT_KNOWN = {"captured": 16, "keys": 2}  # those of captured arrays


@pytest.mark.parametrize("name", GROUPS)
def test_functions_that_are_nearly_alike(name: str, runs: Runs) -> None:
    cases = GROUPS[name]
    for count in (len(cases), NOT_KNOWN.get(name, 0)):
        for f, args, options in cases:
            compiled = bb.compile(f, **options)
            for _ in range(2):
                same(compiled(*args), f(*args), error=1e-14)
        assert runs.look() == count


# ---- decisions and errors -------------------------------------------------------------------------------------


def signs(x: Any) -> Any:
    if x < -1:
        raise ValueError("below -1")
    return x * 2 if x > 0 else x - 1


def test_each_way_of_deciding_is_started(runs: Runs) -> None:
    first = bb.compile(signs)
    assert (first(1.0), first(-0.5)) == (2.0, -1.5)
    assert runs.look() == 2
    second = bb.compile(signs)
    assert [second(x) for x in (-0.5, 1.0, -0.25, 3.0)] == [-1.5, 2.0, -1.25, 6.0]
    assert runs.look() == 0
    (paths,) = second.careful.paths.values()
    assert len(paths.versions) == 2
    assert "2 versions" in second.explain()
    with pytest.raises(ValueError, match="below -1"):
        bb.compile(signs)(-2.0)


def test_a_way_that_is_new_joins_the_others(runs: Runs) -> None:
    def steps(x: Any) -> Any:
        while x < 100:
            x = x * 2
        return x

    starts_at = [100.0 / 2**n for n in range(starts.MOST)]
    for x in starts_at:
        assert bb.compile(steps)(x) == 100.0
        assert (runs.look(), len(kept(cache.START))) == (1, 1)
    compiled = bb.compile(steps)
    assert {compiled(x) for x in starts_at} == {100.0}
    assert runs.look() == 0
    bb.compile(steps)(100 / 2**20)  # there are only so many
    compiled = bb.compile(steps)
    assert {compiled(x) for x in starts_at[::-1]} == {100.0}
    assert runs.look() == 2


def test_ways_of_another_number_are_left_alone(runs: Runs) -> None:
    """A number of the code around is that of the first call for each way of deciding, from disk as recorded."""
    space: dict[str, Any] = {}
    exec("k = 2.0\ndef f(x): return x * k if x > 0 else x - k", space)
    f = space["f"]
    for k in (2.0, 3.0):
        space["k"] = k
        assert [bb.compile(f)(x) for x in (1.0, -1.0)] == [k, -1 - k]
    runs.look()
    compiled = bb.compile(f)
    assert compiled(1.0) == 3.0
    space["k"] = 2.0
    assert compiled(-1.0) == -3.0
    assert runs.look() == 0


def test_errors_of_numpy_that_are_asked_for_come(runs: Runs) -> None:
    for _ in range(2):
        with np.errstate(over="raise"), pytest.raises(FloatingPointError):
            bb.compile(lambda x: np.exp(x) + 1)(np.array([1000.0]))
        with np.errstate(over="ignore"):
            assert bb.compile(lambda x: np.exp(x) + 1)(np.array([1000.0]))[0] == np.inf


# ---- arguments --------------------------------------------------------------------------------------------------


def test_static_arguments(runs: Runs) -> None:
    def f(x: Any, how: Any) -> Any:
        return how(x) if callable(how) else x * len(how)

    hows: tuple[Any, ...] = (
        np.sin,
        np.cos,
        lambda x: x * 2,
        lambda x: x * 3,
        "a",
        "bb",
        (1, 2),
        (1, 2, 3),
        [1],
        [1, 2],
    )
    for count in (len(hows), 0):
        for how in hows:
            same(bb.compile(f, static_argnums=1)(X, how), f(X, how))
        assert runs.look() == count
    for how in (np.ones(1), np.ones(2), ModuleType("a")):
        same(bb.compile(lambda x, how: x * 2, static_argnums=1)(X, how), X * 2)
        same(bb.compile(lambda x, how: x * 2, static_argnums=1)(X, how), X * 2)
    assert runs.look() == 5  # of a module nothing is read


def test_containers_classes_and_names(runs: Runs) -> None:
    def total(*args: Any, **named: Any) -> Any:
        leaves = [*args, *named.values()]
        weight, found = 1.0, 0.0
        for leaf in leaves:
            for v in leaf.values() if isinstance(leaf, dict) else leaf if isinstance(leaf, (tuple, list)) else [leaf]:
                found, weight = found + v * weight, weight + 1
        return found

    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        ((1.0, 2.0), {}), ((1, 2), {}), ((1, 2.0), {}), ((True, 2.0), {}), ((np.float64(1), 2.0), {}), ((np.float32(1), 2.0), {}),
        (((1.0, 2.0),), {}), (([1.0, 2.0],), {}), (({"a": 1.0, "b": 2.0},), {}), (({"b": 1.0, "a": 2.0},), {}),
        (({1: 1.0, "b": 2.0},), {}), (({True: 1.0, "b": 2.0},), {}), ((), {"a": 1.0, "b": 2.0}), ((), {"b": 1.0, "a": 2.0}),
        ((1.0,), {"b": 2.0}), ((1.0, (2.0,)), {}), ((1.0, ()), {}), ((np.ones(2), 2.0), {}), ((np.ones(3), 2.0), {}),
        ((np.ones(2, np.float32), 2.0), {}), ((np.ones((1, 2)), 2.0), {}),
    ]  # fmt: skip
    calls = [
        call
        for call in calls
        if not isinstance(next(iter(call[0]), None), dict) or len(set(map(type, call[0][0]))) == 1
    ]
    for count in (len(calls), 0):
        for args, named in calls:
            same(bb.compile(total)(*args, **named), total(*args, **named))
        assert runs.look() == count


def test_options_are_part_of_it(runs: Runs) -> None:
    for count in (3, 0):
        for options in ({}, {"fast": True}, {"threads": 1}):
            bb.compile(lambda x: np.log(np.exp(x)), **options)(np.ones(3))
        assert runs.look() == count if os.cpu_count() != 1 else True


# ---- what is on disk --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", cache.KINDS)
def test_files_that_are_gone(suffix: str, runs: Runs) -> None:
    for _ in range(2):
        same(bb.compile(bb.grad(lambda x: np.sum(np.sin(x) * x)))(X), np.cos(X) * X + np.sin(X))
    assert runs.look() == 1
    for path in kept(suffix):
        path.unlink()
    for _ in range(2):
        same(bb.compile(bb.grad(lambda x: np.sum(np.sin(x) * x)))(X), np.cos(X) * X + np.sin(X))
    assert runs.look() == 1


def test_results_that_are_not_made_anew_are_not_kept(runs: Runs) -> None:
    for f in (lambda x: (x + 1, np.arange(3)), lambda x: (x + 1, "text"), lambda x: (x + 1, np.sin)):
        for _ in range(2):
            same(bb.compile(f)(X), f(X))
        assert (runs.look(), kept(cache.START)) == (2, [])


def test_arrays_of_the_run_are_in_it_while_they_are_small(runs: Runs) -> None:
    for n, counts in ((10, (1, 0)), (200_000, (1, 1))):
        for count in counts:
            compiled = bb.compile(lambda x, n: np.linspace(0, 1, n) ** 2 * x, static_argnums=1)
            same(compiled(2.0, n), np.linspace(0, 1, n) ** 2 * 2)
            assert runs.look() == count


# ---- looking at it ----------------------------------------------------------------------------------------------


def test_it_is_looked_at_when_its_arguments_have_gone(runs: Runs) -> None:
    """Large ones are not kept alive, or as they were; where the program hangs on them, an error says so."""

    def decided(x: Any) -> Any:
        return x * 2 if x[0] > 10 else x * 3

    def straight(x: Any) -> Any:
        return x * 2

    for f, fits in ((decided, False), (straight, True)):
        large = np.full(100_000, 20.0)
        first, second = bb.compile(f), bb.compile(f)
        first(large), second(large)
        assert second.source() == first.source()
        third = bb.compile(f)
        third(large)
        alive = weakref.ref(large)
        del large
        gc.collect()
        assert alive() is None
        if fits:
            assert third.source() == first.source()
        else:
            with pytest.raises(RuntimeError, match="decided.*from disk.*compile the function anew"):
                third.source()


def test_it_is_not_looked_at_as_what_it_is_not(runs: Runs) -> None:
    space: dict[str, Any] = {}
    exec("k = 2.0\ndef f(x): return x * k", space)
    for _ in range(2):
        compiled = bb.compile(space["f"])
        compiled(X)
    assert runs.look() == 1
    space["k"] = 3.0
    same(compiled(X), X * 2.0)  # as of the first call
    for look in (compiled.source, compiled.explain, compiled.llvm):
        with pytest.raises(RuntimeError, match="have changed"):
            look()
    space["k"] = 2.0
    assert "2.0" in compiled.source()


def test_arguments_of_another_order_in_memory(runs: Runs) -> None:
    """Whether x.T.reshape(-1) is a view hangs on it, and so what a write into that changes."""

    def f(x: Any) -> Any:
        y = 2 * x.T
        y.T.reshape(-1)[0] += 5
        return y * 1

    rows = np.arange(6.0).reshape(2, 3)
    for count in (1, 0):
        for x in (np.asfortranarray(rows), rows):
            same(bb.compile(f)(x), f(x))
            assert runs.look() == count
