"""Without machine code: one warning, and the same numbers, through NumPy."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler import compiled as module
from tests.compiler.programs_to_read import CASES, WEIGHTS, newton
from tests.compiler.reading_back import assert_alike

WITHOUT = """
import sys, warnings
sys.modules["llvmlite"] = None  # import llvmlite raises
import numpy as np
import bibun as bb

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    first = bb.compile(bb.value_and_grad(lambda x: np.sum(np.log1p(np.exp(x))) if x[0] > 0 else np.sum(x)))
    second = bb.compile(np.sin)
(warning,) = [w for w in caught if issubclass(w.category, bb.CompileWarning)]
print(warning.message)
print(warning.filename)
x = np.array([1.0, 2.0])
print(np.allclose(first(x)[1], 1 / (1 + np.exp(-x))), first(-x)[1], np.array_equal(second(x), np.sin(x)))
class Thing:
    scale = 2.0
    @bb.compile
    def times(self, x):
        return x * self.scale
print(Thing().times(x))
print(repr(first), first.source().count("def "), repr(first.llvm()), "NumPy" in first.explain())
"""


@pytest.mark.parametrize("options", [[], ["-O"]], ids=["", "-O"])
def test_where_llvmlite_is_missing(options: list[str]) -> None:
    """Under python -O too, which leaves out the asserts of other code: the guards stay."""
    done = subprocess.run([sys.executable, *options, "-c", WITHOUT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    message, where, *lines = done.stdout.splitlines()
    assert message.startswith("compile: no machine code on this machine (ModuleNotFoundError")
    assert "pip install llvmlite" in message
    assert where == "<string>"
    assert lines == ["True [1. 1.] True", "[2. 4.]", "<compiled <lambda>> 1 '' True"]


@pytest.fixture
def no_native(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> Any:
        raise RuntimeError("LLVM says no")

    monkeypatch.setattr(module, "from_disk", lambda *_: None)
    monkeypatch.setattr(module, "made", broken)


@pytest.mark.usefixtures("no_native")
@pytest.mark.parametrize("name", CASES)
def test_where_machine_code_cannot_be_made(name: str) -> None:
    f, arguments, named = CASES[name]
    compiled = bb.compile(f)
    with pytest.warns(
        bb.CompileWarning, match=r"no machine code could be made \(RuntimeError: LLVM says no\)"
    ) as caught:
        got = compiled(*arguments, **named)
    assert caught[0].filename == __file__
    assert_alike(got, f(*arguments, **named))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_alike(compiled(*arguments, **named), f(*arguments, **named))


@pytest.fixture
def numpy_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "available", lambda: False)


@pytest.mark.usefixtures("numpy_only")
def test_another_decision_makes_another_version() -> None:
    compiled = bb.compile(bb.grad(newton))
    for a in (2.0, 3.0, 100.0, 2.5, 2.0):
        np.testing.assert_allclose(compiled(a), bb.grad(newton)(a), rtol=1e-12)


def test_it_is_the_program_that_machine_code_is_made_of(request: pytest.FixtureRequest) -> None:
    """Of an array that only the run holds too, which is a number there."""

    def f(x: Any) -> Any:
        return np.where(x > 0, x, np.full(3, 0.5))

    x, sources = np.array([1.0, -1.0, 2.0]), []
    for fixture in ("monkeypatch", "numpy_only"):
        request.getfixturevalue(fixture)
        compiled = bb.compile(f)
        np.testing.assert_array_equal(compiled(x), [1.0, 0.5, 2.0])
        sources.append(compiled.source())
    assert sources[0] == sources[1]
    assert "0.5" in sources[1]


@pytest.mark.parametrize(
    "places", [np.argsort, lambda x: x > 1, lambda x: np.nonzero(x > 1)], ids=["order", "mask", "places"]
)
def test_a_plain_array_that_is_indexed_by_what_is_computed(places: Any) -> None:
    """Plainly, with a word on how there is a program."""
    weights = np.array([3.0, -1.0, 2.0])

    def weighed(x: Any) -> Any:
        return np.sum(weights[places(x)] * np.sort(x)[: len(weights[places(x)])])

    def asking(x: Any) -> Any:
        w = np.asarray(weights, like=x)
        return np.sum(w[places(x)] * np.sort(x)[: len(w[places(x)])])

    first = np.array([0.5, 2.0, 1.5])
    plainly, program = bb.compile(bb.grad(weighed)), bb.compile(bb.grad(asking))
    with pytest.warns(bb.CompileWarning, match=r"Write np\.asarray\(a, like=i\)\[i\] instead of a\[i\]"):
        plainly(first)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for x in (first, first[::-1].copy(), np.array([2.5, 0.1, 0.7])):
            np.testing.assert_allclose(plainly(x), bb.grad(weighed)(x), rtol=1e-14)
            np.testing.assert_allclose(program(x), bb.grad(weighed)(x), rtol=1e-13)


def test_sets_beside_a_plain_array() -> None:
    a = np.array([-1.0, 0.5, 2.0])
    f = bb.compile(lambda x: np.setdiff1d(a, x))
    for x in (np.array([0.5, 3.0]), np.array([2.0, 0.5]), np.array([7.0, 8.0])):
        np.testing.assert_array_equal(f(x), np.setdiff1d(a, x))


def test_a_program_that_only_decides() -> None:
    """It returned `(,)`, a SyntaxError: all that f returns was known when it was recorded."""
    compiled = bb.compile(lambda x: "up" if x > 0 else None)
    assert [compiled(x) for x in (1.0, -1.0, 2.0)] == ["up", None, "up"]


@pytest.mark.usefixtures("numpy_only")
def test_results_belong_to_the_caller() -> None:
    """An array that is returned is nobody else's: not the argument, and not what the next call returns."""
    compiled = bb.compile(lambda x: (x, x, x[1:], np.ones(2)))
    x = np.arange(3.0)
    for result in (compiled(x), compiled(x)):
        for array in result:
            array += 1
    np.testing.assert_array_equal(x, np.arange(3.0))
    np.testing.assert_array_equal(compiled(x)[3], np.ones(2))


@pytest.mark.usefixtures("numpy_only")
def test_an_error_is_that_of_the_function() -> None:
    compiled = bb.compile(bb.grad(lambda a: np.sum(np.linalg.inv(a))))
    compiled(np.eye(2))
    with pytest.raises(np.linalg.LinAlgError):
        compiled(np.zeros((2, 2)))


@pytest.mark.usefixtures("numpy_only")
def test_captured_arrays_are_read_at_each_call() -> None:
    matrix = np.eye(3)
    compiled = bb.compile(lambda x: matrix @ x)
    compiled(np.ones(3))
    matrix[:] = 2.0
    np.testing.assert_array_equal(compiled(np.ones(3)), np.full(3, 6.0))


@pytest.mark.usefixtures("numpy_only")
def test_a_program_of_many_calls_has_no_limit_of_depth() -> None:
    def f(x: Any) -> Any:
        for k in range(3000):
            x = x + np.sin(x) if k % 7 and k % 11 and k % 13 else np.tanh(WEIGHTS[k % 12] @ x)
        return np.sum(x)

    x = np.full(4, 0.1)
    np.testing.assert_allclose(bb.compile(f)(x), f(x), rtol=1e-9)


def test_a_text_of_a_value_is_made_in_each_call() -> None:
    compiled = bb.compile(lambda x: (2 * x, f"{x:.1f}"))
    with pytest.warns(bb.CompileWarning, match="returns a text"):
        assert compiled(1.0) == (2.0, "1.0")
    assert compiled(3.0) == (6.0, "3.0")
    assert bb.compile(lambda x: (2 * x, "done"))(3.0) == (6.0, "done")


def test_a_variable_that_is_made_inside_runs_plainly() -> None:
    def slope(x: Any) -> Any:
        v = bb.Variable(x)
        y = np.sum(v * v)
        y.backward()
        return v.grad

    compiled = bb.compile(slope)
    with pytest.warns(
        bb.CompileWarning, match=r"runs plainly .* write the derivative as a function: bb\.compile\(bb\.grad"
    ):
        np.testing.assert_array_equal(compiled(np.array([1.0, 2.0])), [2, 4])
    np.testing.assert_array_equal(compiled(np.array([3.0, 2.0])), [6, 4])
