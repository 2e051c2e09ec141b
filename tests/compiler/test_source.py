"""The source of a compiled function is text that Python runs: run, it returns what the plain function returns."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.compiler import programs_to_read as programs
from tests.compiler.programs_to_read import CASES
from tests.compiler.reading_back import assert_alike, program_of


@pytest.fixture(params=[True, False], ids=["native", "numpy"])
def native(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """With machine code, and without: then the program itself runs through NumPy."""
    if not request.param:
        monkeypatch.setattr("bibun.compiler.compiled.available", lambda: False)
    return bool(request.param)


@pytest.mark.parametrize("name", CASES)
def test_run_it_returns_what_the_function_returns(name: str, native: bool) -> None:
    f, arguments, named = CASES[name]
    want = f(*arguments, **named)
    compiled = bb.compile(f)
    assert_alike(compiled(*arguments, **named), want)
    text = compiled.source()
    around = {**vars(programs), "self": getattr(f, "__wrapped__", None)}
    got = program_of(text, around)(*arguments, **named)
    assert_alike(got, want)
    assert max(map(len, text.splitlines())) <= 100


def source_of(f: Callable[..., Any], *arguments: Any) -> str:
    compiled = bb.compile(f)
    compiled(*arguments)
    return str(compiled.source())


def test_a_loop_is_a_loop() -> None:
    text = source_of(bb.grad(programs.heat), np.linspace(0, 1, 16))
    assert text.count("for t in range(") == 2
    assert len(text.splitlines()) < 40


def test_the_same_call_is_made_once_however_it_is_spelled() -> None:
    def f(x: Any) -> Any:
        return np.sin(x * x[::-1]) + np.multiply(x, x[::-1]) + x[np.array([2, 0, 1])] - x[[2, 0, 1]]

    text = source_of(f, np.arange(3.0))
    assert text.count("x * ") == 1
    assert text.count("[c0]") == 1


def test_an_update_is_an_update() -> None:
    """y[i] = 0.5 y[i - 1] + x[i] comes back, and is no copy of the array in every turn."""
    text = source_of(programs.recurrence, np.ones(30))
    assert "[t + 1] = 0.5 * v1[t] + x[t + 1]" in text
    assert text.count("copy()") <= 1


def test_an_argument_is_not_written_to() -> None:
    def f(x: Any) -> Any:
        for i in range(20):
            x[i] = 2 * x[i]
        return np.sum(x)

    x = np.ones(20)
    program_of(source_of(lambda x: f(x + 0), x), {})(x)
    np.testing.assert_array_equal(x, np.ones(20))


def test_names_of_arguments_and_of_captured_arrays() -> None:
    matrix = np.array([[1.0, 2.0], [3.0, 4.0]])

    def energy(position: Any, parameters: Any) -> Any:
        return position @ matrix @ position * parameters["stiffness"]

    text = source_of(bb.grad(energy), np.ones(2), {"stiffness": 2.0})
    assert "def grad_energy(position, parameters, *, matrix):" in text
    assert "stiffness = parameters['stiffness']" in text
    assert "#   position: float64 (2,)" in text
    assert "#   matrix: float64 (2, 2)" in text


def test_a_name_that_is_taken_gets_a_number() -> None:
    def f(v1: Any, t: Any) -> Any:
        for _ in range(40):
            v1 = np.sin(v1) * np.cos(t)
        return np.sum(v1)

    x = np.array([0.1, 0.2])
    assert_alike(program_of(source_of(bb.grad(f), x, x), {})(x, x), bb.grad(f)(x, x))


def test_a_guard_says_where_it_is_and_stops_another_path() -> None:
    def f(x: Any) -> Any:
        return x**2 if x > 0 else -x

    text = source_of(f, 2.0)
    line = inspect.getsourcelines(f)[1] + 1
    assert f"assert x > 0  # test_source.py:{line}" in text
    program = program_of(text, {})
    assert program(3.0) == 9.0
    with pytest.raises(AssertionError):
        program(-1.0)


def test_a_captured_array_is_read_when_the_text_runs() -> None:
    matrix = np.eye(2)
    program_text = source_of(lambda x: matrix @ x, np.ones(2))
    np.testing.assert_array_equal(program_of(program_text, {"matrix": 2 * matrix})(np.ones(2)), [2.0, 2.0])


def test_an_array_that_the_run_made_is_in_the_text() -> None:
    text = source_of(programs.matrix_made_inside, np.ones(2))
    assert "c0=np.array([[2.0, 1.0], [0.0, 3.0]])" in text


def test_dtypes_are_kept() -> None:
    text = source_of(bb.grad(programs.promoted), np.ones(3, np.float32), np.ones(3))
    assert "#   x: float32 (3,)" in text


def test_before_a_call_there_is_no_source() -> None:
    with pytest.raises(RuntimeError, match="call the function once"):
        bb.compile(np.sin).source()


def test_a_product_with_a_number_needs_no_guard() -> None:
    """The guard of 0 times infinity is left where the cotangent may be 0, and nowhere else."""
    mean = source_of(bb.grad(lambda x: np.mean(np.log1p(np.exp(-x)))), np.ones(3))
    assert "guarded_times" not in mean
    root = bb.grad(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)))
    assert "guarded_times" in source_of(root, np.array([0.0, 4.0]))
    np.testing.assert_array_equal(bb.compile(root)(np.array([0.0, 4.0])), [0.0, 0.25])
