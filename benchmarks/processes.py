"""Fresh processes on one thread: their environment, how one is started, what a worker does first.

Thread pools read their sizes when NumPy, torch or jax is imported, so they are set by the parent.
Measures nothing.
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


def environment() -> dict[str, str]:
    """This process's environment with every thread pool at 1 and OpenBLAS at its defaults."""
    result = {name: value for name, value in os.environ.items() if name not in _UNSET}
    result.update(dict.fromkeys(_POOLS, "1"))
    result["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    result["JAX_PLATFORMS"] = "cpu"
    result["JAX_ENABLE_X64"] = "1"
    return result


def pin() -> None:
    """Keep this process and its children on one core, where the system can (Linux)."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def run_worker(*arguments: str) -> dict[str, Any]:
    """What `python -m benchmarks.worker ARGUMENTS` prints as JSON on its last line, or RuntimeError."""
    command = [sys.executable, "-m", "benchmarks.worker", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last_line = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise RuntimeError(f"worker {' '.join(arguments)} ended with code {done.returncode}: {last_line}")
    content: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return content
