"""One answer from a fresh process, printed as one line of JSON.

Its arguments: `memory KEY CONTENDER`, `first KEY PROGRAM`, `figures KEY`, or `versions`.
"""

from __future__ import annotations

import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks.compiled.first_call import first_call_of
from benchmarks.compiled.listing import FIRST_CALLS
from benchmarks.derivative_figures import FIGURES
from benchmarks.memory import peak_of
from benchmarks.workloads import TIMED

_PACKAGES = ("bibun", "numpy", "scipy", "torch", "autograd", "mygrad", "jax", "llvmlite", "jacobi", "numdifftools")


def main(arguments: list[str]) -> dict[str, Any]:
    match arguments:
        case ["memory", key, contender]:
            return {"peak": peak_of(TIMED[key], contender)}
        case ["first", key, program]:
            return first_call_of(FIRST_CALLS[key], program)
        case ["figures", key]:
            return FIGURES[key].compute()
        case ["versions"]:
            return {"python": platform.python_version(), "machine": platform.machine()} | _versions()
    raise SystemExit(__doc__)


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:])))
