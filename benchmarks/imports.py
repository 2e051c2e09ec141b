"""Time of `import bibun` beside that of `import numpy`, each in a fresh interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from time import perf_counter

from benchmarks.harness import Measurement, Ratio, Requirement
from benchmarks.processes import ROOT

_STATEMENTS = {"bare python": "pass", "numpy": "import numpy", "bibun": "import bibun"}
_CHECKS = {"bibun": "import bibun; bibun.grad"}  # a folder of that name can be imported as well


def measure_imports(rounds: int) -> Measurement:
    """The row of import times, the start of the interpreter included in each."""
    measurement = Measurement("import", "import", "numpy", "s", requirements=[Requirement("bibun", "numpy", 1.3)])
    with tempfile.TemporaryDirectory() as bytecode:
        for name, statement in _STATEMENTS.items():
            problem = _run(_CHECKS.get(name, statement), bytecode)  # also compiles, once
            if problem:
                measurement.failures[name] = problem
            else:
                measurement.samples[name] = []
        names = list(measurement.samples)
        for round_number in range(rounds):
            turn = round_number % len(names)
            for name in names[turn:] + names[:turn]:
                start = perf_counter()
                _run(_STATEMENTS[name], bytecode)
                measurement.samples[name].append(perf_counter() - start)
    _note_without_start(measurement)
    return measurement


def _run(statement: str, bytecode: str) -> str:
    """The last line of the error, or nothing. Bytecode is written and read in any case."""
    command = [sys.executable, "-c", statement]
    settings = os.environ | {"PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    return (done.stderr.strip().splitlines() or ["failed"])[-1] if done.returncode else ""


def _note_without_start(measurement: Measurement) -> None:
    samples = measurement.samples
    if len(samples) < len(_STATEMENTS):
        return
    rounds = zip(samples["bare python"], samples["numpy"], samples["bibun"], strict=True)
    ratio = Ratio.of((bibun - bare) / (numpy - bare) for bare, numpy, bibun in rounds)
    measurement.notes.append(
        f"import, without the interpreter's own start: bibun / numpy "
        f"{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
    )
