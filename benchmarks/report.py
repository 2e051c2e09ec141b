"""What a run found, as tables in a terminal or as JSON. Measures nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.compiled.tables import MEAN, MEAN_TITLE, PREFIX, REQUIRED, compiler_tables, mean_over_rows
from benchmarks.harness import BY_HAND, HAND_WARM, PRIMAL, Measurement, Ratio, Requirement

_COLUMNS = (PRIMAL, BY_HAND, HAND_WARM, "bibun", "bibun Variable", "torch", "autograd", "mygrad", "jax jit")


@dataclass(frozen=True, slots=True)
class Verdict:
    """A requirement beside what was measured; `ratio` is None where one side could not be measured."""

    row: str
    requirement: Requirement
    ratio: Ratio | None

    @property
    def reached(self) -> bool:
        return self.ratio is not None and self.ratio.median <= self.requirement.limit


def verdicts(measurements: Sequence[Measurement]) -> list[Verdict]:
    found = [
        Verdict(m.title, requirement, m.ratio(requirement.contender, requirement.peer))
        for m in measurements
        for requirement in m.requirements
    ]
    if sum(m.key.startswith(f"{PREFIX}limit-") for m in measurements) == len(REQUIRED):
        count, mean = mean_over_rows(measurements)
        found.append(Verdict(MEAN_TITLE, MEAN, mean if count == len(REQUIRED) else None))
    return found


def print_tables(measurements: Sequence[Measurement], versions: dict[str, str]) -> None:
    """The ratios, the microseconds an operation, the requirements, and why a cell is empty."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)  # a log has no width of its own
    packages = ", ".join(f"{name} {text}" for name, text in versions.items())
    console.print(f"one thread; {packages}", soft_wrap=True)
    compared = [m for m in measurements if m.reference == BY_HAND]
    if compared:
        console.print(_ratio_table(compared))
    for table in compiler_tables(measurements):
        console.print(table)
    counted = [m for m in measurements if m.operations]
    if counted:
        console.print(_orientation("Microseconds an operation, forward and backward", counted, 1e6))
    remembered = [m for m in measurements if m.unit == "bytes"]
    if remembered:
        console.print(_orientation("Peak extra memory, MB", remembered, 1e-6))
    for m in measurements:
        if m.figures:
            console.print(_figures_table(m))
    found = verdicts([m for m in measurements if not m.key.startswith(PREFIX)])  # the compiler's tables have theirs
    if found:
        console.print(_verdict_table(found))
    for m in measurements:
        for note in m.notes:
            console.print(note, soft_wrap=True)
        for contender, reason in m.failures.items():
            console.print(f"- {m.title}, {contender}: {reason}", soft_wrap=True, markup=False)


def as_json(measurements: Sequence[Measurement], versions: dict[str, str]) -> dict[str, Any]:
    """Everything of the tables and every sample behind them."""
    return {
        "versions": versions,
        "rows": [
            m.to_json() | {"ratios": {name: _as_dict(m.ratio(name, m.reference)) for name in m.samples}}
            for m in measurements
        ],
        "requirements": [
            {
                "row": v.row,
                "contender": v.requirement.contender,
                "peer": v.requirement.peer,
                "required": v.requirement.limit,
                "ratio": _as_dict(v.ratio),
                "reached": v.reached,
            }
            for v in verdicts(measurements)
        ],
    }


def _ratio_table(measurements: Sequence[Measurement]) -> Table:
    table = Table(title="Ratio to the gradient written by hand in NumPy (smaller is better)")
    table.add_column("value and gradient")
    columns = [name for name in _COLUMNS if any(name in m.samples for m in measurements)]
    for name in columns:
        table.add_column(name, justify="right", style="bold" if name.startswith("bibun") else "")
    for m in measurements:
        table.add_row(m.title, *(str(m.ratio(name, m.reference) or "-") for name in columns))
    return table


def _orientation(title: str, measurements: Sequence[Measurement], scale: float) -> Table:
    table = Table(title=f"{title} (of this machine and run, for orientation)")
    table.add_column("row")
    columns = [name for name in _COLUMNS if any(name in m.samples for m in measurements)]
    for name in columns:
        table.add_column(name, justify="right")
    for m in measurements:
        cells = []
        for name in columns:
            samples = m.samples.get(name)
            cells.append(f"{median(samples) / (m.operations or 1) * scale:.2f}" if samples else "-")
        table.add_row(m.title, *cells)
    return table


def _figures_table(measurement: Measurement) -> Table:
    table = Table(title=measurement.title)
    table.add_column("")
    headings = list(next(iter(measurement.figures.values())))
    for heading in headings:
        table.add_column(heading, justify="right")
    for contender, figures in measurement.figures.items():
        values = (figures[heading] for heading in headings)
        cells = (f"{value:.0f}" if value >= 100 else f"{value:.2g}" for value in values)
        table.add_row(contender, *cells)
    return table


def _verdict_table(found: Sequence[Verdict]) -> Table:
    table = Table(title="Required and reached (median of the rounds, and its quartiles)")
    for heading in ("row", "ratio", "required", "reached", "quartiles", ""):
        table.add_column(heading, justify="right" if heading in ("required", "reached") else "left")
    for v in found:
        limit = f"<= {v.requirement.limit:g}"
        names = f"{v.requirement.contender} / {v.requirement.peer}"
        spread = f"{v.ratio.low:.3g} to {v.ratio.high:.3g}" if v.ratio else ""
        word = "[green]yes" if v.reached else "[red]no" if v.ratio else "[red]not measured"
        table.add_row(v.row, names, limit, str(v.ratio or "-"), spread, word)
    return table


def _as_dict(ratio: Ratio | None) -> dict[str, float] | None:
    return None if ratio is None else {"low": ratio.low, "median": ratio.median, "high": ratio.high}
