"""One answer from a fresh process, printed as one line of JSON.

Its arguments: `memory KEY CONTENDER`, `figures KEY`, or `versions`.
"""

from __future__ import annotations

import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks.derivative_figures import FIGURES
from benchmarks.memory import peak_of
from benchmarks.workloads import TIMED

_PACKAGES = ("bibun", "numpy", "scipy", "torch", "autograd", "mygrad", "jax", "jacobi", "numdifftools")


def main(arguments: list[str]) -> dict[str, Any]:
    match arguments:
        case ["memory", key, contender]:
            return {"peak": peak_of(TIMED[key], contender)}
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
