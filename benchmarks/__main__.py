"""`python -m benchmarks`: measure bibun against its peers on one thread and print the ratios."""

from __future__ import annotations

import argparse
import json
import sys

from benchmarks.compiled.first_call import measure_first_calls
from benchmarks.compiled.listing import FIRST_CALLS
from benchmarks.derivative_figures import FIGURES, measure_figures
from benchmarks.harness import FULL, QUICK, Effort, Measurement
from benchmarks.imports import measure_imports
from benchmarks.memory import measure_memory
from benchmarks.processes import empty_cache, run_worker, use_one_thread, write_bytecode
from benchmarks.report import as_json, print_tables, verdicts
from benchmarks.timing import measure
from benchmarks.workloads import IN_MEMORY, TIMED


def main() -> int:
    options = _options()
    keys = [*TIMED, *FIRST_CALLS, *(f"{w.key}-memory" for w in IN_MEMORY), *FIGURES, "import"]
    chosen = [key for key in keys if not options.names or any(name in key for name in options.names)]
    if options.list or not chosen:
        print("\n".join(keys))
        return 0 if options.list else 2
    use_one_thread()
    write_bytecode()
    effort = QUICK if options.quick else FULL
    measurements = []
    with empty_cache():
        for number, key in enumerate(chosen, 1):
            print(f"[{number}/{len(chosen)}] {key}", file=sys.stderr, flush=True)
            measurements.append(_measure(key, effort, options.quick))
    versions = {name: str(text) for name, text in run_worker("versions").items()}
    if options.json:
        print(json.dumps(as_json(measurements, versions), indent=2))
    else:
        print_tables(measurements, versions)
    return int(options.check and not all(v.reached for v in verdicts(measurements)))


def _measure(key: str, effort: Effort, quick: bool) -> Measurement:
    if key == "import":
        return measure_imports(5 if quick else 25)
    if key in FIRST_CALLS:
        return measure_first_calls(key, FIRST_CALLS[key], 2 if quick else 5)
    if key in FIGURES:
        return measure_figures(key)
    if key in TIMED:
        return measure(TIMED[key], effort)
    workload = next(w for w in IN_MEMORY if f"{w.key}-memory" == key)
    return measure_memory(workload, 1 if quick else 3)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="only rows whose key contains one of these (see --list)")
    parser.add_argument("--list", action="store_true", help="print the keys of the rows and stop")
    parser.add_argument("--quick", action="store_true", help="few and short rounds, for a first look")
    parser.add_argument("--json", action="store_true", help="print everything measured as JSON")
    parser.add_argument("--check", action="store_true", help="exit code 1 if a required ratio is not reached")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
