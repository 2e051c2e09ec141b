"""How JAX compiles here, and after the tests the count of what was compared. Holds no test."""

from __future__ import annotations

import os
import sys
from typing import Any

# Thousands of small programs are compiled once and run a few times: JAX's optimiser would take longer than they do.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    module = sys.modules.get("tests.oracles.comparing")
    if module is None:
        return
    compared, seconds = module.COMPARED, module.SECONDS
    terminalreporter.section("compared with the peers")
    for peer in sorted({name for name, _ in compared}):
        counts = ", ".join(f"{compared[peer, q]} {q}" for q in ("vjp", "jvp", "hvp", "refused"))
        terminalreporter.write_line(f"{peer}: {counts}; {seconds[peer]:.0f} s")
