"""Peak extra memory of a gradient: how far the resident memory of a fresh process rises.

Above what it holds after imports, a warm-up on a small problem, and making the problem itself.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from benchmarks.harness import HAND_WARM, PRIMAL, Measurement, Requirement, Workload
from benchmarks.processes import run_worker

_STATUS = Path("/proc/self/status")


def measure_memory(workload: Workload, rounds: int) -> Measurement:
    """The row of `workload`'s peak memory: `rounds` fresh processes a contender, interleaved."""
    measurement = Measurement(
        f"{workload.key}-memory",
        f"peak memory: {workload.title}",
        workload.reference,
        "bytes",
        requirements=[Requirement("bibun", "torch", 1.0)],
    )
    names = [name for name in workload.contenders if name not in (PRIMAL, HAND_WARM)]
    for _ in range(rounds):
        for name in names:
            if name in measurement.failures:
                continue
            try:
                peak = run_worker("memory", workload.key, name)["peak"]
            except RuntimeError as error:
                measurement.failures[name] = str(error)
                measurement.samples.pop(name, None)
                continue
            measurement.samples.setdefault(name, []).append(peak)
    return measurement


def peak_of(workload: Workload, contender: str) -> int:
    """Bytes that the peak of the resident memory rises in this process; to be called once in it."""
    build = workload.contenders[contender]
    warm_up = build(workload.problem(workload.small or 1))
    warm_up()
    run = build(workload.problem(workload.size))
    before = _reset_peak()
    run()  # once: later calls of some peers find their heap in pieces, and would look worse
    return max(0, _peak() - before)


def _reset_peak() -> int:
    """Forget the peak so far (Linux: 5 in clear_refs) and give the resident memory now."""
    if not _STATUS.exists():
        return _peak()
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _peak() -> int:
    if _STATUS.exists():
        return _status("VmHWM")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _status(name: str) -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024
