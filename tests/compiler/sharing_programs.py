"""Programs that share work with many threads in hard circumstances, each in a process of its own: python -m this NAME."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

import bibun as bb
from bibun.compiler.native import machine, pool


def jobs() -> list[tuple[Callable[..., Any], Any]]:
    """Functions with jobs of all sizes, which read and write other memory; what they compute is easily told apart."""
    random = np.random.default_rng(0)
    found: list[tuple[Callable[..., Any], Any]] = []
    for size in (50_001, 100_003, 700_001):
        x = random.normal(size=size)
        found += [(np.tanh, x), (lambda x: np.sum(np.sin(x) * x), x), (lambda x: (np.exp(x), np.max(x), np.sum(x)), x)]
    matrix = random.normal(size=(301, 1003))
    found.append((lambda x: np.sum(np.exp(x), axis=0), matrix))
    found.append((lambda x: np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True), matrix))
    found.append((lambda x: x @ x.T, matrix))
    return found


def bits(value: Any) -> Any:
    parts = value if isinstance(value, tuple) else (value,)
    return [np.asarray(part).tobytes() for part in parts]


def compared(threads: int, seconds: float, some: slice = slice(None)) -> None:
    """Some of them with so many threads, in turn, beside what one thread gives."""
    programs = [(bb.compile(f, threads=threads), x, bits(bb.compile(f, threads=1)(x))) for f, x in jobs()[some]]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for program, x, expected in programs:
            assert bits(program(x)) == expected


@contextmanager
def busy(count: int) -> Iterator[None]:
    """So many processes that compute all the time."""
    burners = []
    for _ in range(count):
        child = os.fork()
        if not child:
            while os.getppid() != 1:
                sum(range(10_000))
            os._exit(0)
        burners.append(child)
    try:
        yield
    finally:
        for child in burners:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def nobody_comes() -> None:
    """Helpers that are never there: no call waits for them."""
    ctypes.pythonapi.PyThread_start_new_thread = lambda *arguments: 0  # type: ignore[attr-defined]
    compared(2, 1)


def many_helpers() -> None:
    """More threads than cores, of which programs use 2, 3 or 5; callers at once; signals; all on one core now and then."""
    pool.cores = machine.cores = bb.compiler.compiled.cores = lambda: 5  # type: ignore[attr-defined]
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    mine = os.sched_getaffinity(0)
    with ThreadPoolExecutor(6) as callers:
        called = [
            callers.submit(compared, threads, 4, slice(None, None, order)) for threads in (2, 3, 5) for order in (1, -1)
        ]
        while not all(call.done() for call in called):
            for cores in ({min(mine)}, mine):
                for thread in Path("/proc/self/task").iterdir():
                    with suppress(ProcessLookupError):
                        os.sched_setaffinity(int(thread.name), cores)
                time.sleep(0.2)
    signal.setitimer(signal.ITIMER_REAL, 0)
    for call in called:
        call.result()


def hesitant(text: str) -> str:
    """The pool's code, where whoever has read the ticket, or the job, lets others have its core before it goes on; each job
    that is worth it wakes helpers."""
    text = text.replace(f"i64 {pool.PATIENCE})", "i64 0)")
    for number, place in enumerate(("\nread:\n", "\n  fence acquire\n")):
        give = pool._load("give").replace("%give", f"%give.{number}").replace("%p.give", f"%p.give.{number}")
        assert text.count(place) == 1
        text = text.replace(place, f"{place}{give}\n  %given.{number} = call i32 %give.{number}()\n")
    return text


def late_helpers() -> None:
    """One caller, so that job follows job; helpers lose their core where it matters, and come back when the job is gone."""
    pool._TEXT = hesitant(pool._TEXT)
    pool.cores = machine.cores = bb.compiler.compiled.cores = lambda: 4  # type: ignore[attr-defined]
    with busy(2 * len(os.sched_getaffinity(0))):
        compared(4, 3, slice(3, 6))
        compared(3, 3, slice(3, 6))


def beside_load() -> None:
    """With every core busy, two threads take no longer than one does, at the median."""
    x = np.linspace(-3, 3, 100_000)
    programs = [bb.compile(np.tanh, threads=threads) for threads in (1, 2)]
    times: list[list[float]] = [[], []]
    with busy(len(os.sched_getaffinity(0))):
        for _ in range(300):
            for program, taken in zip(programs, times, strict=True):
                begin = time.perf_counter()
                program(x)
                taken.append(time.perf_counter() - begin)
    one, two = map(np.median, times)
    assert two < 2 * one, f"{two * 1e6:.0f} us with two threads, {one * 1e6:.0f} with one"


if __name__ == "__main__":
    globals()[sys.argv[1]]()
