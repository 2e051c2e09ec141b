"""explain(): what it counts against closed forms, what it says of the code around, and what this machine can do."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.explaining import peak
from tests.compiler import programs_to_read as programs


def explained(f: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    compiled = bb.compile(f)
    compiled(*arguments, **named)
    return str(compiled.explain())


def lines_of(text: str, section: str) -> list[str]:
    """The lines of a section, folded ones joined."""
    lines = text.splitlines()
    found: list[str] = []
    for line in lines[lines.index(f"  {section}") + 1 :]:
        if not line.startswith("    "):
            break
        if line.startswith("        "):
            found[-1] += f" {line.strip()}"
        else:
            found.append(line[4:])
    return found


@pytest.mark.parametrize("name", programs.CASES)
def test_every_program_is_explained_within_the_width(name: str) -> None:
    f, arguments, more = programs.CASES[name]
    text = explained(f, *arguments, **more)
    assert max(map(len, text.splitlines())) <= 100
    assert text == text.rstrip()


def test_flops_and_bytes_of_an_entrywise_function() -> None:
    """x (x + y): two operations an entry; two arrays are read, one is written."""
    text = explained(lambda x, y: x * (x + y), np.ones(1000), np.ones(1000))
    assert lines_of(text, "steps") == [
        "fused loop over 1000: multiply, add; reads 16 kB, writes 8 kB; 2,000 flops",
    ]
    assert lines_of(text, "cost of a call")[0] == "2,000 flops, 24 kB of arguments, captured arrays and results"


def test_flops_of_a_sum_of_squares() -> None:
    (line,) = lines_of(explained(lambda x: np.sum(x**2), np.ones(500)), "steps")
    assert line.endswith("reads 4 kB, writes 8 B; 1,000 flops")


def test_what_two_results_need_is_computed_once() -> None:
    """tanh is 16: 16 and 2 for each entry."""
    (line,) = lines_of(explained(lambda x: (np.tanh(x) + 1, np.tanh(x) * 2), np.ones(100)), "steps")
    assert "1,800 flops" in line


def test_flops_of_a_product_of_matrices() -> None:
    """2 m n k, by BLAS where SciPy is there: of rows of B that do not lie in memory one behind the other."""
    pytest.importorskip("scipy")
    (line,) = lines_of(explained(lambda a, b: a @ b.T, np.ones((30, 40)), np.ones((50, 40))), "steps")
    assert line == "BLAS [30, 40], [50, 40]: dgemm; reads 25.6 kB, writes 12 kB; 120 k flops"


def test_a_loop_counts_as_often_as_it_runs() -> None:
    def f(x: Any) -> Any:
        for _ in range(100):
            x = 0.5 * (x * x) + 0.1
        return x

    text = explained(f, np.ones(64))
    assert lines_of(text, "cost of a call")[0].startswith("19.2 k flops")  # 3 an entry and turn
    assert any(": 1 value carried from turn to turn" in line for line in lines_of(text, "loops of the code"))


def test_what_runs_in_numpy_and_why() -> None:
    text = explained(lambda a: np.sum(np.sort(a)), np.eye(3))
    assert any(line.startswith("NumPy [3, 3]: argsort: no machine code") for line in lines_of(text, "steps"))
    text = explained(lambda z: np.tanh(z), np.ones(3) + 1j)
    assert "NumPy [3]: tanh: no machine code for complex128" in text
    text = explained(lambda x: np.exp(x), np.ones(3, np.float16))
    assert "NumPy [3]: exp: float16 has no machine code" in text
    assert "what runs through NumPy is not counted" in text


def test_what_runs_in_lapack() -> None:
    text = explained(lambda a: np.linalg.eigvalsh(a), np.eye(9))
    assert any(line.startswith("LAPACK [9, 9]: eigvalsh; reads 648 B") for line in lines_of(text, "steps"))
    assert "what runs through LAPACK is not counted" in text


def test_running_sums() -> None:
    text = explained(lambda x: np.cumsum(x), np.ones(100))
    assert lines_of(text, "steps") == ["one pass over [100]: cumsum; reads 800 B, writes 800 B"]


def test_decisions_with_their_place() -> None:
    def f(x: Any) -> Any:
        return x**2 if np.sum(x) > 0 else -x

    compiled = bb.compile(f)
    compiled(np.ones(3))
    line = inspect.getsourcelines(f)[1] + 1
    assert lines_of(compiled.explain(), "decisions") == [f"test_explain.py:{line}: True"]
    compiled(-np.ones(3))
    found = lines_of(compiled.explain(), "decisions")
    assert found == [f"test_explain.py:{line}: False", "2 versions, one for each way of deciding; this is the latest"]


def test_what_is_read_and_what_was_kept() -> None:
    matrix, rate, heights = np.eye(3), 0.3, np.linspace(0.0, 0.7, 8)

    def f(x: Any) -> Any:
        return rate * (matrix @ x) + heights[3] * 0.25 + np.array([1.0, 7.0, 9.0])

    text = explained(f, np.ones(3))
    assert lines_of(text, "read at each call") == ["matrix: float64 (3, 3)"]
    kept = lines_of(text, "kept from the first call")
    assert "numbers of the code around: rate = 0.3" in kept
    assert any("float64 (3,)" in line for line in kept if line.startswith("arrays that it made"))
    assert all("0.25" not in line for line in kept)  # it stands in the code


def test_a_view_of_a_captured_array_is_read() -> None:
    table = np.arange(12.0).reshape(3, 4)
    text = explained(lambda x: table[1] * x, np.ones(4))
    assert lines_of(text, "read at each call") == ["c0: float64 (4,), a view of table"]


def test_results_that_do_not_depend_on_arguments() -> None:
    text = explained(lambda x: (x, np.arange(3.0), "name"), np.ones(2))
    assert "results that do not depend on the arguments: 2 of 3" in text


def test_random_numbers_are_named() -> None:
    def f(x: Any) -> Any:
        return x + np.random.default_rng(0).normal()

    assert "random numbers" in explained(f, 1.0)
    assert "random numbers" not in explained(lambda x: x + 1, 1.0)


def test_signatures_one_by_one() -> None:
    compiled = bb.compile(programs.scaled)
    compiled(np.ones(3), shift=1.0)
    compiled(np.ones(4), power=3.0, shift=1.0)
    text = compiled.explain()
    assert "for x: float64 (3,), more['shift']: float" in text
    assert "for x: float64 (4,), power: float, more['shift']: float" in text


def test_static_arguments() -> None:
    text = explained(programs.logistic, {"w": np.ones(3), "b": [1.0]}, "sum")
    assert "params['b'][0]: float, params['w']: float64 (3,), mode = 'sum'" in text


def test_how_it_is_called() -> None:
    assert lines_of(explained(np.sin, np.ones(3)), "runs") == ["as machine code, called by the interpreter itself"]
    assert lines_of(explained(programs.containers, (np.ones(3), 1.0)), "runs") == [
        "as machine code, called by the interpreter itself"
    ]
    (line,) = lines_of(explained(lambda x: deque([x + 1, x]), np.ones(3)), "runs")
    assert line.startswith("as machine code, called through Python: a result in containers")


def test_without_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bibun.compiler.compiled.available", lambda: False)
    text = explained(np.sin, np.ones(3))
    assert lines_of(text, "runs")[0].startswith("through NumPy")
    assert "flops" not in text


def test_plain_runs_say_why() -> None:
    def changing(x: Any) -> Any:
        y = x * shared
        shared[0] += 1.0
        return y

    shared = np.ones(2)
    compiled = bb.compile(changing)
    with pytest.warns(bb.CompileWarning):
        compiled(np.ones(2))
    assert "runs plainly, without a program: a plain array of shape (2,)" in " ".join(compiled.explain().split())


def test_before_a_call_there_is_nothing_to_explain() -> None:
    with pytest.raises(RuntimeError, match="call the function once"):
        bb.compile(np.sin).explain()


def test_the_peak_of_this_machine() -> None:
    """A core does more than one operation in a nanosecond, and caches are quicker than memory (to a factor of 2)."""
    assert 1e9 < peak.flops() < 1e13
    assert 1e8 < peak.bandwidth(1 << 26) < 1e13
    assert peak.bandwidth(1 << 15) > 0.5 * peak.bandwidth(1 << 26)


def test_the_least_time_is_less_than_the_time() -> None:
    from time import perf_counter

    x = np.ones(200_000)
    compiled = bb.compile(lambda x: np.sum(x * x))
    compiled(x)
    times = []
    for _ in range(20):
        start = perf_counter()
        compiled(x)
        times.append(perf_counter() - start)
    flops, moved = 400_000, 8 * len(x) + 8
    assert min(times) > 0.5 * max(
        flops / peak.flops(), moved / peak.bandwidth(moved) / 2
    )  # it reads only: half of a copy
