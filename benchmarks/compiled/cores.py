"""A second core: the same compiled function with one thread and with two, both cores allowed to both."""

from __future__ import annotations

from typing import Any

from benchmarks.compiled.rows import COMPILED, TWO_THREADS, Row, compiled, placed
from benchmarks.harness import Builder, Requirement, Run, Workload
from benchmarks.processes import use_all_cores

_LIMIT = 1 / 1.6  # two threads at least 1.6 times as fast


def on_two_cores(row: Row, required: bool) -> Workload:
    return Workload(
        key=f"compile-cores-{row.key}",
        title=row.title,
        problem=lambda size: placed(row.problem(size)),
        size=row.size,
        contenders={COMPILED: _with_threads(row, 1), TWO_THREADS: _with_threads(row, 2)},
        requirements=(Requirement(TWO_THREADS, COMPILED, _LIMIT),) if required else (),
        reference=COMPILED,
        tolerance=row.tolerance,
    )


def _with_threads(row: Row, threads: int) -> Builder:
    def build(problem: Any) -> Run:
        cores = use_all_cores()
        if cores < threads:
            raise RuntimeError(f"{threads} threads need {threads} cores, and this process may use {cores}")
        return compiled(row, problem, threads)

    return build
