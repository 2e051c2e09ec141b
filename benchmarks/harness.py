"""What a workload is, what a measurement of it holds, ratios with their spread, and when two results are equal.

Knows no workload and no peer (the other modules do), times nothing (timing.py does) and prints nothing
(report.py does).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

import numpy as np

BY_HAND = "by hand"
HAND_WARM = "by hand, warm"  # in a process where bibun has run, and has let the C library keep freed pages
PRIMAL = "primal"  # the function alone, without a derivative: only its value is compared
VALUE, GRADIENT = slice(0, 1), slice(1, None)  # of the leaves of (value, gradient)

Run = Callable[[], Any]
Builder = Callable[[Any], Run]


@dataclass(frozen=True, slots=True)
class Call:
    """A Run that is one call: timed without a function of Python around it, which takes as long as a small gradient."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    def __call__(self) -> Any:
        return self.function(*self.arguments)


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
    nesting for every contender; `parts` says which of its leaves a contender gives that does not give all, or None
    where it gives something else. Ratios are to `denominator`, or else to the reference. `small` is a size for warming up
    where memory is measured.
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
    denominator: str | None = None
    parts: Mapping[str, slice | None] = field(default_factory=lambda: {PRIMAL: VALUE})


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure: rounds, and seconds that one sample of one contender should last."""

    rounds: int
    sample_seconds: float


# 0.1 s: long enough that the collector's full passes, some milliseconds each, are part of every sample of a tape
FULL = Effort(rounds=15, sample_seconds=0.1)
QUICK = Effort(rounds=5, sample_seconds=0.02)


@dataclass(slots=True)
class Measurement:
    """The samples of one row, one a round for each contender, and what kept a contender out.

    `unit` is "s", "bytes" or "count". `figures`: a table of its own, a line for each contender.
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
    figures: dict[str, dict[str, float]] = field(default_factory=dict)

    def ratio(self, contender: str, other: str) -> Ratio | None:
        """Median and quartiles of contender / other, taken round by round, or None if one is missing."""
        if contender not in self.samples or other not in self.samples:
            return None
        return Ratio.of(a / b for a, b in zip(self.samples[contender], self.samples[other], strict=True))

    def to_json(self) -> dict[str, Any]:
        names = ("key", "title", "reference", "unit", "samples", "failures", "operations", "notes", "figures")
        content = {name: getattr(self, name) for name in names}
        content["requirements"] = [[r.contender, r.peer, r.limit] for r in self.requirements]
        return content


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

    def __str__(self) -> str:
        return f"{self.median:.0f}" if self.median >= 100 else f"{self.median:.3g}"


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
