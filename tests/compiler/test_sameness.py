"""A function that reads another value, function or library is another one: none runs a program of before, in any process."""

from __future__ import annotations

import builtins
import functools
import math
import random
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.native.machine import available
from tests.compiler.agreement import same
from tests.compiler.conftest import Runs
from tests.compiler.nearly_alike import COUNTERS, KNOWN, NUMBERS, UNKNOWN, function

pytestmark = pytest.mark.skipif(not available(), reason="no machine code on this machine")

X = np.array([0.5, 1.5, -3.0, 0.0, -0.0])


@pytest.mark.parametrize("name", [*KNOWN, *UNKNOWN])
def test_another_value_is_another_function(name: str, runs: Runs) -> None:
    text, values = (KNOWN | UNKNOWN)[name]
    for again in range(2):
        for value in values:
            f = function(text, value)
            compiled = bb.compile(f)
            with np.errstate(all="ignore"):
                for x in (X, X[::-1].copy()):
                    got, want = compiled(x), function(text, value)(x)
                    same(got, want)
                    if values[:1] == NUMBERS[:1] and "sum" not in text:  # a sum that is 0 may have the other sign
                        np.testing.assert_array_equal(np.signbit(np.real(got)), np.signbit(np.real(want)))
        found = runs.look()
        assert found == (0 if again else len(values)) if name in KNOWN else found >= len(values)


def test_what_changes_in_one_function(runs: Runs) -> None:
    """Its code, defaults, closure and globals are looked at when it is compiled."""
    space: dict[str, Any] = {}
    exec("k = 2.0\ndef g(x): return x + 1\ndef f(x, d=1.0): return g(x) * k * d", space)
    f = space["f"]

    def compiled_again() -> int:
        same(bb.compile(f)(X), f(X))
        return runs.look()

    assert [compiled_again(), compiled_again()] == [1, 0]
    space["k"] = 3.0
    assert [compiled_again(), compiled_again()] == [1, 0]
    f.__defaults__ = (5.0,)
    assert [compiled_again(), compiled_again()] == [1, 0]
    space["g"] = lambda x: x - 1
    assert [compiled_again(), compiled_again()] == [1, 0]
    space["g"].__code__ = (lambda x: x - 2).__code__
    assert [compiled_again(), compiled_again()] == [1, 0]
    space["len"] = 1
    space["k"] = 2.0
    f.__defaults__ = (1.0,)
    exec("def g(x): return x + 1", space)
    assert compiled_again() == 0  # as in the beginning
    f.note = "an attribute"
    assert compiled_again() == 0  # which nobody reads


@pytest.mark.parametrize(
    ("owner", "name", "other"),
    [
        (np, "sin", np.cos),
        (np, "sin", lambda x: x * 3),
        (np, "sin", functools.wraps(np.sin)(lambda x: x * 3)),
        (np, "sum", lambda x: x[0] * 3),
        (np, "hanning", functools.wraps(np.hanning)(lambda n: np.ones(n))),
        (np.linalg, "norm", lambda x: x[0] * 3),
        (np, "pi", 3.0),
        (np, "ones", lambda shape, dtype=float: np.full(shape, 2, dtype)),  # which the sweep begins with
        (math, "sqrt", functools.wraps(math.sqrt)(lambda x: 3.0)),
        (builtins, "abs", functools.wraps(abs)(lambda x: x * 3)),
        (bb, "grad", lambda f: f),
    ],
)
def test_a_library_that_is_changed(
    owner: Any, name: str, other: Any, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def f(x: Any) -> Any:
        there = np.sin(x) + np.sum(x) * np.pi + np.linalg.norm(x) + math.sqrt(2.0) + np.hanning(5)
        return abs(there) + bb.grad(lambda x: np.sum(x * x))(x)

    same(bb.compile(f)(X), f(X))
    plain = f(X)
    runs.look()
    same(bb.compile(f)(X), plain)
    assert runs.look() == 0
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, other)
        changed = f(X)
        compiled = bb.compile(f)(X)
        count = runs.look()
    assert not np.allclose(changed, plain)
    same(compiled, changed)
    assert count == 1
    same(bb.compile(f)(X), plain)
    assert runs.look() == 0


def test_a_value_that_became_a_text(runs: Runs) -> None:
    """In the program it is that of the recorded run, so that is the process's own."""
    for x in (1.5, 1.25, 1.125):
        assert bb.compile(lambda x: x * len(f"{x}"))(x) == x * len(f"{x}")
        assert runs.look() == 1


def test_how_arrays_are_printed_is_part_of_it(runs: Runs) -> None:
    def f(x: float) -> Any:
        return x * len(f"{np.ones(3) / 3}")

    for count in (1, 0):
        for digits in (3, 8):
            with np.printoptions(precision=digits):
                assert bb.compile(f)(1.0) == f(1.0)
            assert runs.look() == count


# ---- what a run does beside its result ------------------------------------------------------------------------


def test_chance_is_drawn_in_each_run(runs: Runs) -> None:
    generator = np.random.default_rng(0)
    for f in (
        lambda x: x * np.random.rand(),  # noqa: NPY002
        lambda x: x * generator.normal(),
        lambda x: x * random.random(),
        lambda x, draw=np.random.standard_normal: x * draw(),
    ):
        assert len({float(bb.compile(f)(2.0)) for _ in range(3)}) == 3
        assert runs.look() == 3


def test_what_is_printed_is_printed_again(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    def f(x: float) -> float:
        print("here")  # noqa: T201
        return x + 1

    for _ in range(3):
        assert bb.compile(f)(1.0) == 2.0
    assert capsys.readouterr().out == "here\n" * 3


@pytest.mark.parametrize("name", COUNTERS)
def test_a_counter_counts(name: str, runs: Runs) -> None:
    """Each newly compiled function runs once, as if there were nothing on disk; in other processes too."""
    for _ in range(2):
        space: dict[str, Any] = {}
        exec(COUNTERS[name], space)
        for n in range(1, 4):
            assert bb.compile(space["f"])(2.0) == 2.0 * n
            assert space["now"]() == n
    assert runs.look() == 6


def test_what_is_changed_and_stays_as_it_was(runs: Runs) -> None:
    """It can be left out: the code around sees the same."""
    space: dict[str, Any] = {}
    exec("n = [0]\ndef f(x):\n n[0] = 5\n return x * n[0]", space)
    for count in (1, 1, 0):  # the first one has changed it
        assert bb.compile(space["f"])(2.0) == 10.0
        assert runs.look() == count
    space["n"][0] = 4
    assert (bb.compile(space["f"])(2.0), space["n"]) == (10.0, [5])
