"""One thread: the environment and the core that every measured process inherits, and how a worker is asked.

Thread pools read their sizes when NumPy, torch or jax is imported, so the parent sets them and measures
only in processes that it starts afterwards.
"""

from __future__ import annotations

import compileall
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

_PATIENCE = 600.0  # seconds for a worker's answer
CACHE = "BIBUN_CACHE_DIR"  # where bibun keeps compiled objects

_POOLS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
# Each of these makes a BLAS run other kernels than its users get.
_UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "NVPL_BLAS_DEBUG_CPU_TYPE")
_CORES = "BENCHMARK_CORES"  # what this process was allowed before it chose one


def use_one_thread() -> None:
    """For all processes started from now on: every thread pool at 1, OpenBLAS at its defaults, one core (Linux)."""
    for name in _UNSET:
        os.environ.pop(name, None)
    os.environ.update(dict.fromkeys(_POOLS, "1"))
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["JAX_ENABLE_X64"] = "1"
    if hasattr(os, "sched_setaffinity"):
        cores = os.sched_getaffinity(0)
        os.environ[_CORES] = ",".join(map(str, sorted(cores)))
        os.sched_setaffinity(0, {max(cores)})


def use_all_cores() -> int:
    """In a process started after use_one_thread: every core for its own threads again, and how many they are."""
    if not hasattr(os, "sched_setaffinity"):
        return os.cpu_count() or 1
    os.sched_setaffinity(0, {int(core) for core in os.environ[_CORES].split(",")})
    return len(os.sched_getaffinity(0))


def write_bytecode() -> None:
    """bibun's modules as bytecode, which pip writes when it installs a package, and not when that is editable."""
    import bibun

    compileall.compile_dir(Path(bibun.__file__).parent, quiet=1)


@contextmanager
def empty_cache() -> Iterator[None]:
    """For all processes started within: a folder of its own for compiled objects, gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ[CACHE] = folder
        try:
            yield
        finally:
            del os.environ[CACHE]


def run_worker(*arguments: str, **environment: str) -> dict[str, Any]:
    """What `python -m benchmarks.worker ARGUMENTS` prints as JSON on its last line, or RuntimeError."""
    command = [sys.executable, "-m", "benchmarks.worker", *arguments]
    settings = os.environ | environment
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False, timeout=_PATIENCE
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"worker {' '.join(arguments)}: no answer in {_PATIENCE:.0f} s") from error
    if done.returncode != 0:
        last_line = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise RuntimeError(f"worker {' '.join(arguments)} ended with code {done.returncode}: {last_line}")
    content: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return content
