"""One thread: the environment and the core that every measured process inherits, and how a worker is asked.

Thread pools read their sizes when NumPy, torch or jax is imported, so the parent sets them and measures
only in processes that it starts afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

_POOLS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
# Each of these makes OpenBLAS run other kernels than its users get.
_UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def use_one_thread() -> None:
    """For all processes started from now on: every thread pool at 1, OpenBLAS at its defaults, one core (Linux)."""
    for name in _UNSET:
        os.environ.pop(name, None)
    os.environ.update(dict.fromkeys(_POOLS, "1"))
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["JAX_ENABLE_X64"] = "1"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def run_worker(*arguments: str) -> dict[str, Any]:
    """What `python -m benchmarks.worker ARGUMENTS` prints as JSON on its last line, or RuntimeError."""
    command = [sys.executable, "-m", "benchmarks.worker", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last_line = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise RuntimeError(f"worker {' '.join(arguments)} ended with code {done.returncode}: {last_line}")
    content: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return content
