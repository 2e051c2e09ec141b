"""The first call: from the plain function to its first derivative, in a fresh process, after the imports.

bibun with an empty disk cache (trace and compile), bibun again in a second process with that cache, and jax, which has no
cache on disk here. Each process is asked once.
"""

from __future__ import annotations

import tempfile
from importlib import import_module
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.compiled.rows import COMPILED, JAX, Row, compiled, jitted, placed
from benchmarks.harness import Measurement, Requirement, leaves
from benchmarks.processes import CACHE, run_worker

FROM_DISK = "from disk"
WITH_IMPORTS = "imports too"  # the first of bibun, and what `bibun.compile` and llvmlite take to import before it
_REQUIREMENTS = (Requirement(COMPILED, JAX, 0.5), Requirement(FROM_DISK, JAX, 0.1))
_TOLERANCE = 1e-3  # of a sum over the result, float32 among them: compile-limit-... compares it entry by entry


def measure_first_calls(key: str, row: Row, rounds: int) -> Measurement:
    """`rounds` times three processes, interleaved; the cache on disk is a new folder each time."""
    measurement = Measurement(key, f"{row.title}: first call", JAX, "s", requirements=list(_REQUIREMENTS))
    sums: list[float] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            for name in (JAX, COMPILED, FROM_DISK):
                if name in measurement.failures:
                    continue
                try:
                    answer = _ask(key, name, cache, sums)
                except RuntimeError as error:
                    measurement.failures[name] = str(error)
                    continue
                measurement.samples.setdefault(name, []).append(answer["seconds"])
                if name == COMPILED:
                    measurement.samples.setdefault(WITH_IMPORTS, []).append(answer["imports"] + answer["seconds"])
    for name in measurement.failures:
        measurement.samples.pop(name, None)
    if COMPILED in measurement.failures:
        measurement.samples.pop(WITH_IMPORTS, None)
    return measurement


def _ask(key: str, name: str, cache: str, sums: list[float]) -> dict[str, float]:
    """The seconds of one fresh process, or RuntimeError. `sums`: of all results so far."""
    program = JAX if name == JAX else COMPILED
    answer = run_worker("first", key, program, **{CACHE: cache, "JAX_ENABLE_COMPILATION_CACHE": "false"})
    sums.append(answer["sum"])
    if not abs(sums[-1] - sums[0]) <= _TOLERANCE * abs(sums[0]):
        raise RuntimeError(f"its result's magnitudes sum to {sums[-1]}, those of the first to {sums[0]}")
    return answer


def first_call_of(row: Row, program: str) -> dict[str, float]:
    """In a fresh process: the seconds of the call, those of its imports, and the sum of the result's magnitudes."""
    import_module("scipy.special")
    if program == COMPILED:
        import_module("bibun")
    start = perf_counter()
    if program == JAX:
        import_module("jax.numpy")
        import_module("jax.scipy.special")
    else:
        import_module("bibun").compile  # noqa: B018  (imported when its name is first used)
        import_module("llvmlite.binding")
    imports = perf_counter() - start
    problem = placed(row.problem(row.size))
    build: Any = jitted if program == JAX else (lambda row, problem: compiled(row, problem, threads=1))
    start = perf_counter()
    result = build(row, problem)()
    seconds = perf_counter() - start
    total = float(sum(np.sum(np.abs(leaf)) for leaf in leaves(result)))
    return {"seconds": seconds, "imports": imports, "sum": total}
