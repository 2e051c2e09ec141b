"""How a comparison is measured: what a workload is, interleaved rounds, ratios with their spread.

Knows no workload and no peer (the other modules do), starts no process (processes.py does) and
prints nothing (report.py does).
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from time import perf_counter
from typing import Any

import numpy as np

BY_HAND = "by hand"
PRIMAL = "primal"  # the function alone, without a derivative: only its value is compared

Run = Callable[[], Any]
Builder = Callable[[Any], Run]


@dataclass(frozen=True, slots=True)
class Requirement:
    """`contender` takes at most `limit` times what `peer` takes."""

    contender: str
    peer: str
    limit: float


@dataclass(frozen=True, slots=True)
class Workload:
    """One row: a problem, and for each contender a builder `problem -> (() -> arrays)`.

    A builder imports its library and prepares what a user prepares once (a transform, a compiled
    function); only the call that it returns is timed. The result is any nesting of arrays, the same
    nesting for every contender. `small` is a size for warming up where memory is measured.
    """

    key: str
    title: str
    problem: Callable[[int], Any]
    size: int
    contenders: Mapping[str, Builder]
    requirements: Sequence[Requirement] = ()
    reference: str = BY_HAND
    operations: int | None = None
    small: int | None = None
    tolerance: float = 1e-9


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure: rounds, and seconds that one sample of one contender should last."""

    rounds: int
    sample_seconds: float


FULL = Effort(rounds=21, sample_seconds=0.03)
QUICK = Effort(rounds=5, sample_seconds=0.005)


@dataclass(slots=True)
class Measurement:
    """The samples of one row, one a round for each contender, and what kept a contender out.

    `unit` is "s" or "bytes". It crosses a process boundary as JSON (`to_json`, `from_json`).
    """

    key: str
    title: str
    reference: str
    unit: str
    samples: dict[str, list[float]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    requirements: list[Requirement] = field(default_factory=list)
    operations: int | None = None
    notes: list[str] = field(default_factory=list)

    def ratio(self, contender: str, other: str) -> Ratio | None:
        """Median and quartiles of contender / other, taken round by round, or None if one is missing."""
        if contender not in self.samples or other not in self.samples:
            return None
        return Ratio.of(a / b for a, b in zip(self.samples[contender], self.samples[other], strict=True))

    def to_json(self) -> dict[str, Any]:
        names = ("key", "title", "reference", "unit", "samples", "failures", "operations", "notes")
        content = {name: getattr(self, name) for name in names}
        content["requirements"] = [[r.contender, r.peer, r.limit] for r in self.requirements]
        return content

    @staticmethod
    def from_json(content: dict[str, Any]) -> Measurement:
        requirements = [Requirement(*r) for r in content["requirements"]]
        return Measurement(**{**content, "requirements": requirements})


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio's median over the rounds, between its lower and upper quartile."""

    low: float
    median: float
    high: float

    @staticmethod
    def of(ratios: Any) -> Ratio:
        values = list(ratios)
        if len(values) == 1:
            return Ratio(values[0], values[0], values[0])
        return Ratio(*quantiles(values, n=4, method="inclusive"))


def measure(workload: Workload, effort: Effort) -> Measurement:
    """Build every contender, check that their results are equal, then time them in interleaved rounds."""
    measurement = Measurement(
        workload.key,
        workload.title,
        workload.reference,
        "s",
        requirements=list(workload.requirements),
        operations=workload.operations,
    )
    runs = _prepare(workload, measurement)
    calls = {name: _calls_a_sample(run, effort.sample_seconds) for name, run in runs.items()}
    measurement.samples = {name: [] for name in runs}
    names = list(runs)
    for round_number in range(effort.rounds):
        turn = round_number % len(names)  # nobody always follows the same neighbour
        for name in names[turn:] + names[:turn]:
            gc.collect(1)  # each contender pays for its own garbage, none for its neighbour's
            measurement.samples[name].append(_sample(runs[name], calls[name]))
    return measurement


def _prepare(workload: Workload, measurement: Measurement) -> dict[str, Run]:
    """The contenders that run and agree with the reference; the others' reasons go to `failures`."""
    problem = workload.problem(workload.size)
    reference_run = workload.contenders[workload.reference](problem)
    expected = leaves(reference_run())
    runs = {workload.reference: reference_run}
    for name, build in workload.contenders.items():
        if name == workload.reference:
            continue
        try:
            run = build(problem)
            found = leaves(run())
        except Exception as error:  # noqa: BLE001  (one contender's failure is a result, printed in the table)
            measurement.failures[name] = f"{type(error).__name__}: {error}".splitlines()[0]
            continue
        wanted = expected[:1] if name == PRIMAL else expected
        difference = largest_difference(found, wanted)
        if difference <= workload.tolerance:
            runs[name] = run
        else:
            measurement.failures[name] = f"differs by {difference:.1e} from the result {workload.reference}"
    return {name: runs[name] for name in workload.contenders if name in runs}


def leaves(result: Any) -> list[np.ndarray[Any, Any]]:
    """The arrays of a nested result in a fixed order: dicts by key, sequences by position."""
    if isinstance(result, dict):
        return [leaf for key in sorted(result) for leaf in leaves(result[key])]
    if isinstance(result, (tuple, list)):
        return [leaf for item in result for leaf in leaves(item)]
    return [np.asarray(result)]


def largest_difference(found: Sequence[Any], wanted: Sequence[Any]) -> float:
    """max |found - wanted| / max |wanted| over the worst leaf; infinite where the shapes differ."""
    if [leaf.shape for leaf in found] != [leaf.shape for leaf in wanted]:
        return float("inf")
    worst = 0.0
    for a, b in zip(found, wanted, strict=True):
        scale = float(np.max(np.abs(b), initial=0.0)) or 1.0
        difference = float(np.max(np.abs(a - b), initial=0.0)) / scale
        worst = max(worst, float("inf") if np.isnan(difference) else difference)
    return worst


def _calls_a_sample(run: Run, seconds: float) -> int:
    """Warm up for about one sample's time, and count how many calls fill one."""
    calls, spent = 1, _sample(run, 1)
    while calls * spent < seconds:
        calls = min(2 * calls, max(calls + 1, int(seconds / max(spent, 1e-9))))
        spent = _sample(run, calls)
    return max(1, round(seconds / spent))


def _sample(run: Run, calls: int) -> float:
    """Seconds a call, over `calls` calls in a row, with the garbage collector as users have it."""
    start = perf_counter()
    for _ in range(calls):
        run()
    return (perf_counter() - start) / calls
