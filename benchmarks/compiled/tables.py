"""The compiler's rows as tables for a terminal, and the geometric mean over them. Measures nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import exp, log
from statistics import median

from rich.table import Table

from benchmarks.compiled.first_call import FROM_DISK, WITH_IMPORTS
from benchmarks.compiled.listing import REQUIRED
from benchmarks.compiled.rows import COMPILED, EAGER, JAX, LIMIT, LIMIT_WARM, TWO_THREADS
from benchmarks.harness import BY_HAND, PRIMAL, Measurement, Ratio, Requirement

PREFIX = "compile-"
_SCALES = {"us": 1e6, "ms": 1e3}
MEAN = Requirement(COMPILED, LIMIT, 1.4)
MEAN_TITLE = f"geometric mean of the {len(REQUIRED)} rows"


def compiler_tables(measurements: Sequence[Measurement]) -> Iterator[Table]:
    """A table for each family of rows that was measured."""
    columns = (COMPILED, EAGER, PRIMAL, BY_HAND, JAX, LIMIT_WARM)
    families: tuple[tuple[str, Callable[[list[Measurement]], Table]], ...] = (
        (
            "limit",
            lambda rows: _with_means(_ratios("Ratio to the limit (smaller is better)", rows, LIMIT, columns), rows),
        ),
        ("more", lambda rows: _ratios("Other workloads: ratio to jax jit", rows, JAX, (*columns[:-2], LIMIT))),
        ("cores", lambda rows: _ratios("Two threads: ratio to one", rows, COMPILED, (TWO_THREADS,))),
        (
            "first",
            lambda rows: _ratios(
                "First call: ratio to jax jit's", rows, JAX, (COMPILED, FROM_DISK, WITH_IMPORTS), unit="ms"
            ),
        ),
    )
    for family, table in families:
        rows = [m for m in measurements if m.key.startswith(f"{PREFIX}{family}-")]
        if rows:
            yield table(rows)


def mean_over_rows(measurements: Sequence[Measurement], contender: str = COMPILED) -> tuple[int, Ratio | None]:
    """How many rows have a ratio of `contender` to the limit, and the geometric mean of their ratios."""
    rows = [m for m in measurements if m.key.startswith(f"{PREFIX}limit-")]
    ratios = [ratio for m in rows if (ratio := m.ratio(contender, LIMIT)) is not None]
    if not ratios:
        return 0, None
    means = (exp(sum(log(part) for part in parts) / len(ratios)) for parts in zip(*map(_parts, ratios), strict=True))
    return len(ratios), Ratio(*means)


def _parts(ratio: Ratio) -> tuple[float, float, float]:
    return ratio.low, ratio.median, ratio.high


def _ratios(title: str, rows: list[Measurement], reference: str, names: Sequence[str], unit: str = "us") -> Table:
    """A line a row: the reference's time, and every other contender's ratio to it beside what is required of it."""
    table = Table(title=title)
    names = [name for name in names if any(name in m.samples for m in rows) or _required(rows, name, reference)]
    table.add_column("row")
    table.add_column(f"{reference}, {unit}", justify="right")
    for name in names:
        table.add_column(name, justify="right", style="bold" if name.startswith(EAGER) else "")
        if _required(rows, name, reference):
            table.add_column("quartiles", justify="right")
            table.add_column("required", justify="right")
    for m in rows:
        samples = m.samples.get(reference)
        cells: list[str] = []
        for name in names:
            required = _required([m], name, reference)
            cells += _cells(m.ratio(name, reference), required, bool(_required(rows, name, reference)))
        table.add_row(
            m.title.removesuffix(": first call"), f"{_SCALES[unit] * median(samples):.3g}" if samples else "-", *cells
        )
    return table


def _required(rows: Sequence[Measurement], name: str, reference: str) -> float | None:
    limits = (r.limit for m in rows for r in m.requirements if (r.contender, r.peer) == (name, reference))
    return next(limits, None)


def _cells(ratio: Ratio | None, required: float | None, with_requirement: bool) -> list[str]:
    """The ratio and, in a table with requirements of it, its quartiles, what is required, and whether it is so."""
    if not with_requirement:
        return [str(ratio or "-")]
    spread = f"{ratio.low:.3g} to {ratio.high:.3g}" if ratio else ""
    if required is None:
        return [str(ratio or "-"), spread, ""]
    word = "[red]-" if ratio is None else "[green]yes" if ratio.median <= required else "[red]no"
    return [str(ratio or "-"), spread, f"<= {required:.3g} {word}[/]"]


def _with_means(table: Table, rows: list[Measurement]) -> Table:
    """A last line: the mean over the rows that each contender can do, and how many, where not all.

    What is required of the mean is required of all rows, so that it is reached only with all.
    """
    cells: list[str] = []
    for column in table.columns[2:]:
        name = str(column.header)
        if name in ("quartiles", "required"):
            continue
        count, mean = mean_over_rows(rows, name)
        found = str(mean or "-") if count in (0, len(rows)) else f"{mean} of {count}"
        judged = _cells(mean if count == len(REQUIRED) else None, MEAN.limit, name == COMPILED)
        cells += [found, *judged[1:]]
    table.add_section()
    table.add_row("geometric mean", "", *cells)
    return table
