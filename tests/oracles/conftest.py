"""The count of what was compared, after the tests. Holds no test."""

from __future__ import annotations

import sys
from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    module = sys.modules.get("tests.oracles.comparing")
    if module is None:
        return
    compared, seconds = module.COMPARED, module.SECONDS
    terminalreporter.section("compared with the peers")
    for peer in sorted({name for name, _ in compared}):
        counts = ", ".join(f"{compared[peer, q]} {q}" for q in ("vjp", "jvp", "hvp", "refused"))
        terminalreporter.write_line(f"{peer}: {counts}; {seconds[peer]:.0f} s")
