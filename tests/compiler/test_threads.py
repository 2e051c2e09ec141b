"""Threads: of the compiler's own they change no bit of a result; of the user's any number may call; a fork has its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.native.machine import available
from bibun.compiler.native.pool import cores

needs_cores = pytest.mark.skipif(not available() or cores() < 2, reason="one core, or no machine code")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

random = np.random.default_rng(5)
LONG = random.normal(size=300_007)
WIDE = random.normal(size=(301, 1003))
TALL = random.normal(size=(60_001, 7))
INDEX = random.integers(0, 1000, 200_003)


def softmax(x: Any) -> Any:
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def normalised(x: Any) -> Any:
    return (x - np.mean(x, axis=0)) / np.sqrt(np.var(x, axis=0) + 1e-3)


def scattered(x: Any) -> Any:
    y = np.zeros(1000, like=x)
    np.add.at(y, INDEX, np.sin(x[: INDEX.size]))
    return y


def heat(x: Any) -> Any:
    for _ in range(5):
        x = x + 0.1 * (np.roll(x, 1) - 2 * x + np.roll(x, -1))
    return x


def rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


PROGRAMS: dict[str, tuple[Callable[..., Any], Any]] = {
    "entry by entry": (lambda x: np.sin(x) * x + np.exp(-x * x), LONG),
    "a sum": (lambda x: np.sum(np.cos(x) / (1 + x * x)), LONG),
    "several sums": (lambda x: (np.sum(x), np.sum(x * x), np.max(x), np.min(np.abs(x)), np.prod(1 + 1e-9 * x)), LONG),
    "a mean, and what is left": (lambda x: x - np.mean(x), LONG),
    "over the first axis": (lambda x: np.sum(np.exp(x), axis=0), WIDE),
    "over the last axis": (lambda x: np.sum(np.exp(x), axis=1), WIDE),
    "over a long first axis": (lambda x: np.sum(np.tanh(x), axis=0), TALL),
    "over a short last axis": (lambda x: np.max(np.tanh(x), axis=1), TALL),
    "softmax": (softmax, WIDE),
    "normalised": (normalised, TALL),
    "a product, then entries": (lambda x: np.tanh(x @ x[:7, :7].T) * x, TALL),
    "a product with its transpose": (lambda x: np.log1p((x.T @ x) ** 2), TALL),
    "scatter": (scattered, LONG),
    "gather": (lambda x: np.sum(np.sqrt(np.abs(x[INDEX])) * x[INDEX]), LONG),
    "a running sum": (lambda x: np.cumsum(np.sin(x)), LONG),
    "neighbours, in turns": (heat, LONG),
    "float32": (lambda x: np.sum(np.exp(x.astype(np.float32))), LONG),
    "whole numbers": (lambda x: np.sum((x > 0.3).astype(np.int64)), LONG),
    "the gradient of a sum": (bb.value_and_grad(rosenbrock), LONG),
    "the gradient of softmax": (bb.grad(lambda x: np.sum(softmax(x) ** 2)), WIDE),
    "the gradient of a scatter": (bb.grad(lambda x: np.sum(scattered(x) ** 2)), LONG),
}  # fmt: skip


def bits(value: Any) -> Any:
    if isinstance(value, tuple):
        return [bits(part) for part in value]
    return type(value), np.asarray(value).dtype, np.shape(value), np.asarray(value).tobytes()


def close(value: Any, expected: Any) -> None:
    if isinstance(value, tuple):
        for part, other in zip(value, expected, strict=True):
            close(part, other)
    else:
        single = np.asarray(value).dtype == np.float32
        np.testing.assert_allclose(value, expected, rtol=1e-5 if single else 1e-10, atol=1e-10)


@needs_cores
@pytest.mark.parametrize(("f", "x"), PROGRAMS.values(), ids=PROGRAMS)
def test_the_number_of_threads_changes_no_bit(f: Callable[..., Any], x: Any) -> None:
    alone, together = bb.compile(f, threads=1), bb.compile(f, threads=2)
    expected = bits(alone(x))
    close(alone(x), f(x))
    for _ in range(5):
        assert bits(together(x)) == expected


@needs_cores
def test_large_loops_are_shared() -> None:
    """Otherwise the test above compares nothing."""
    shared = 0
    for f, x in PROGRAMS.values():
        compiled = bb.compile(f, threads=2)
        compiled(x)
        text: str = compiled.llvm()  # type: ignore[attr-defined]
        shared += "@stage1" in text
    assert shared > len(PROGRAMS) / 2


@needs_cores
def test_what_takes_microseconds_is_not_shared() -> None:
    """What several results are computed from is computed once: of these the nearest of 5 means, 7 us for 2000 points."""
    points = np.random.default_rng(1).normal(size=(2000, 3))

    def distances(means: Any) -> Any:
        return np.sum(np.min(np.sum((points[:, None, :] - means) ** 2, axis=2), axis=1))

    def likelihood(means: Any) -> Any:
        near = np.exp(-np.sum((points[:1000, None, :2] - means[:, :2]) ** 2, axis=2))
        return np.sum(np.log(np.sum(near, axis=1)))

    for f in (distances, likelihood):
        compiled = bb.compile(bb.value_and_grad(f), threads=2)
        compiled(points[:5])
        assert "parts" not in str(compiled.explain())  # type: ignore[attr-defined]
    compiled = bb.compile(np.tanh, threads=2)
    compiled(LONG)
    assert "parts" in str(compiled.explain())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name",
    [
        "nobody_comes",
        "beside_load",
        pytest.param("late_helpers", marks=pytest.mark.heavy),
        pytest.param("many_helpers", marks=pytest.mark.heavy),
    ],
)
@needs_cores
@needs_fork
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to a core")
def test_helpers_in_hard_circumstances(name: str) -> None:
    """sharing_programs.py says which; a caller that waits for a thread that does not come never ends."""
    command = [sys.executable, "-m", "tests.compiler.sharing_programs", name]
    done = subprocess.run(command, timeout=120, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@needs_cores
@pytest.mark.parametrize("f", [lambda x, i: np.sum(np.sin(x[i])), lambda x, i: np.sin(x[i])], ids=["sum", "entries"])
@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_in_the_part_of_another_thread(f: Callable[..., Any], threads: int) -> None:
    """An index out of bounds, at the end: each thread has the first chunks or the last ones, and NumPy says what is wrong."""
    compiled = bb.compile(f, threads=threads)
    i = np.arange(LONG.size)
    for place in (0, LONG.size // 2, LONG.size - 1):
        np.testing.assert_allclose(compiled(LONG, i), f(LONG, i), rtol=1e-10)
        i[place] = LONG.size
        with pytest.raises(IndexError, match="out of bounds"):
            compiled(LONG, i)
        i[place] = place


@pytest.mark.parametrize("threads", [0, -1, 1.0, 2.5, "2", np.nan, (1,), True])
def test_what_is_no_number_of_threads(threads: Any) -> None:
    with pytest.raises(ValueError, match="how many cores a large loop may use"):
        bb.compile(np.sin, threads=threads)


@pytest.mark.parametrize("threads", [1, 2, np.int64(2), 1000, None])
def test_any_whole_number_from_one(threads: Any) -> None:
    np.testing.assert_allclose(bb.compile(np.sin, threads=threads)(LONG), np.sin(LONG), rtol=1e-14)


# ---- threads of the user ---------------------------------------------------------------------------


def together(count: int, work: Callable[[int], Any]) -> list[Any]:
    """work(0), work(1), ... at once, each in a thread of its own."""
    gate = threading.Barrier(count)

    def begin(k: int) -> Any:
        gate.wait()
        return work(k)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(begin, range(count)))


@pytest.fixture
def impatient() -> Any:
    """The interpreter changes threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("size", [3, 100_000])
def test_many_threads_call_while_it_compiles(size: int, impatient: None) -> None:
    """More threads than versions that one signature may have: one of them compiles, the others wait for it."""
    compiled = bb.compile(bb.value_and_grad(lambda x: np.sum(np.sin(x) * x)))
    points = [np.full(size, float(k)) for k in range(24)]
    found = together(24, lambda k: [compiled(points[k]) for _ in range(3)])
    for x, results in zip(points, found, strict=True):
        for value, gradient in results:
            np.testing.assert_allclose(value, np.sum(np.sin(x) * x), rtol=1e-12)
            np.testing.assert_allclose(gradient, np.sin(x) + x * np.cos(x), rtol=1e-12)
    if available():
        assert "versions" not in compiled.explain()  # type: ignore[attr-defined]


def test_threads_with_shapes_of_their_own(impatient: None) -> None:
    compiled = bb.compile(lambda x: np.cumsum(x) * 2)
    found = together(8, lambda k: [compiled(np.arange(float(n))) for n in range(k % 3 + 1, 6)])
    for k, results in enumerate(found):
        for n, result in zip(range(k % 3 + 1, 6), results, strict=True):
            np.testing.assert_array_equal(result, np.cumsum(np.arange(float(n))) * 2)


def test_threads_that_decide_in_their_own_ways(impatient: None) -> None:
    def f(x: Any) -> Any:
        for k in range(6):
            if x < k:
                return x * k
        return x

    compiled = bb.compile(f)
    found = together(12, lambda k: [compiled(k % 7 - 0.5) for _ in range(50)])
    for k, results in enumerate(found):
        assert results == [f(k % 7 - 0.5)] * 50


def test_threads_that_compile_programs_of_their_own(impatient: None) -> None:
    found = together(16, lambda k: bb.compile(lambda x: np.sum(x**2) + k)(np.ones(4)))
    assert found == [4.0 + k for k in range(16)]


def test_threads_that_compile_first() -> None:
    """In a new process, where all that machine code shares is made by whoever comes first."""
    text = """
        import sys, threading
        import numpy as np
        import bibun as bb
        sys.setswitchinterval(1e-6)
        gate, found, x = threading.Barrier(20), [], np.ones(300_000)

        def work():
            gate.wait()
            f = bb.compile(lambda v: np.sum(np.exp(v) * 0 + v))
            found.extend(f(x) for _ in range(3))

        threads = [threading.Thread(target=work) for _ in range(20)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert found == [300_000.0] * 60, found
    """
    lines = "\n".join(line[8:] for line in text.splitlines())
    assert subprocess.run([sys.executable, "-c", lines], timeout=120, check=False).returncode == 0


@pytest.mark.parametrize(("size", "turns"), [(200_000, 300), (2_000, 30_000)])
def test_the_interpreter_is_free_while_it_computes(size: int, turns: int) -> None:
    """Another thread makes progress in the middle of one call, though the interpreter itself would not change threads."""
    if not available():
        pytest.skip("no machine code on this machine")

    def slow(x: Any) -> Any:
        for _ in range(turns):
            x = np.sin(x) + 0.1
        return x

    compiled = bb.compile(slow, threads=1)
    x = np.zeros(size)
    compiled(x)
    ticks, over = [0], threading.Event()

    def tick() -> None:
        while not over.is_set():
            ticks[0] += 1
            time.sleep(0.0005)

    before = sys.getswitchinterval()
    sys.setswitchinterval(100)
    other = threading.Thread(target=tick)
    try:
        other.start()
        first = ticks[0]
        compiled(x)
        made = ticks[0] - first
    finally:
        over.set()
        sys.setswitchinterval(before)
        other.join()
    assert made >= 5


# ---- forks -------------------------------------------------------------------------------------------


def in_a_fork(work: Callable[[], bool], seconds: float = 60) -> None:
    """Fail unless `work` is true in a child process, in time."""
    child = os.fork()
    if not child:
        code = 1
        try:
            code = 0 if work() else 1
        finally:
            os._exit(code)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    pytest.fail(f"the child did not end in {seconds} s")


forks = pytest.mark.filterwarnings(
    "ignore:.*use of fork:DeprecationWarning"
)  # what Python says where there are threads


@needs_fork
@forks
def test_a_fork_calls_what_was_compiled_before() -> None:
    compiled = bb.compile(lambda x: np.sum(np.sin(x) ** 2))
    expected = compiled(LONG)
    in_a_fork(lambda: all(compiled(LONG) == expected for _ in range(20)))
    assert compiled(LONG) == expected


@needs_fork
@forks
def test_a_fork_compiles() -> None:
    bb.compile(np.sin)(LONG)
    in_a_fork(lambda: np.allclose(bb.compile(lambda x: np.cos(x) + 1)(LONG), np.cos(LONG) + 1))


@needs_fork
@forks
def test_a_fork_of_a_fork() -> None:
    compiled = bb.compile(lambda x: np.sum(np.sin(x) ** 2))
    expected = compiled(LONG)

    def child() -> bool:
        in_a_fork(lambda: bool(compiled(LONG) == expected))
        return bool(compiled(LONG) == expected)

    in_a_fork(child)


@needs_fork
@forks
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to a core")
def test_a_fork_that_may_use_one_core() -> None:
    compiled = bb.compile(lambda x: np.sum(np.sin(x) ** 2))
    expected = compiled(LONG)
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(mine)})
    try:
        in_a_fork(lambda: bool(compiled(LONG) == expected))
    finally:
        os.sched_setaffinity(0, mine)


@needs_fork
@forks
def test_forks_while_other_threads_compute_and_compile(impatient: None) -> None:
    compiled = bb.compile(lambda x: np.sum(np.sin(x) ** 2))
    expected = compiled(LONG)
    over = threading.Event()

    def compute() -> None:
        while not over.is_set():
            compiled(LONG)

    def compile_more() -> None:
        k = 0
        while not over.is_set():
            k += 1
            compiled(LONG[:k])  # a program for each shape, under the lock of this function

    others = [threading.Thread(target=work) for work in (compute, compile_more)]
    for other in others:
        other.start()
    try:
        for _ in range(5):
            in_a_fork(lambda: bool(compiled(LONG) == expected) and bool(np.isfinite(compiled(LONG[:-1]))))
    finally:
        over.set()
        for other in others:
            other.join()
