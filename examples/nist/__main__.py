"""The command line of the NIST example: a table of agreeing digits, or a picture of one problem.

    python -m examples.nist                                       all 20 problems from both starting points
    python -m examples.nist Thurber Nelson                        only these
    python -m examples.nist --plot Thurber --output thurber.png   data, fit and residuals

Owns options and layout; the numbers come from fit.py.
"""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from .dataset import Dataset, load, names
from .fit import CERTIFIED_DIGITS, STAGES, Fit, agreeing_digits, fit
from .picture import draw

LIMITS = (4, 6, 9)
COLUMNS = ("parameters by SciPy", "parameters", "standard deviations", "residual sum of squares")

app = typer.Typer(add_completion=False)


@app.command()
def main(
    problems: Annotated[list[str] | None, typer.Argument(help="Names of problems; all 20 if none.")] = None,
    plot: Annotated[str | None, typer.Option(help="Draw data, fit and residuals of this problem.")] = None,
    output: Annotated[Path | None, typer.Option(help="Save the picture here and open no window.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON in place of the table.")] = False,
) -> None:
    """Fit the NIST nonlinear regression problems with SciPy's solver and bibun's derivatives."""
    if output is not None and plot is None:
        raise typer.BadParameter("--output names the file of a picture: say which with --plot NAME")
    if plot is not None:
        dataset = _load(plot)
        draw(dataset, fit(dataset, dataset.starts[1]), output)
        return
    datasets = [_load(name) for name in problems or names()]
    runs = [(dataset, start) for dataset in datasets for start in (1, 2)]
    screen = Console(stderr=True)
    progress = track(runs, "fitting", console=screen, transient=True, disable=not screen.is_terminal)
    fits = [(dataset, start, fit(dataset, dataset.starts[start - 1])) for dataset, start in progress]
    rows = [record(dataset, start, found) for dataset, start, found in fits]
    if as_json:
        print(json.dumps({"fits": rows, "at_least": summary(rows)}, indent=2))
    else:
        Console().print(table(rows))


def record(dataset: Dataset, start: int, found: Fit) -> dict:
    """One fit as plain data. Digits are the smallest over the parameters."""
    digits = (
        agreeing_digits(found.solver_parameters, dataset.parameters),
        agreeing_digits(found.parameters, dataset.parameters),
        agreeing_digits(found.standard_deviations, dataset.standard_deviations),
        agreeing_digits(found.residual_sum_of_squares, dataset.residual_sum_of_squares),
    )
    return {
        "problem": dataset.name,
        "level": dataset.level,
        "start": start,
        "digits": dict(zip(COLUMNS, digits, strict=True)),
        "parameters": found.parameters.tolist(),
        "standard_deviations": found.standard_deviations.tolist(),
        "residual_sum_of_squares": found.residual_sum_of_squares,
        "residual_calls": found.residual_calls,
        "jacobian_calls": found.jacobian_calls,
        "stages": list(found.stages),
        "seconds": found.seconds,
    }


def summary(rows: list[dict]) -> dict[str, dict[str, int]]:
    """How many fits have at least 4, 6 and 9 digits, for each column of digits."""
    return {
        str(limit): {column: sum(row["digits"][column] >= limit for row in rows) for column in COLUMNS}
        for limit in LIMITS
    }


def table(rows: list[dict]) -> Table:
    """The rows laid out for a terminal of 80 columns."""
    stages = "\n".join(f"{key}: {meaning}" for key, meaning in STAGES.items())
    layout = Table(
        title=f"NIST nonlinear regression: digits that agree with the {CERTIFIED_DIGITS} certified",
        caption=f"Digits: the smallest over b. f, J: calls of residuals and Jacobian.\n{stages}",
        caption_justify="left",
        box=None,
        padding=(0, 1),
        header_style="bold",
    )
    for heading in ("", "level", "start"):
        layout.add_column(heading)
    for heading in ("b by\nSciPy", "b", "std\ndev", "RSS", "f", "J", "ms"):
        layout.add_column(heading, justify="right")
    layout.add_column("by")
    for row in rows:
        repeated = row["start"] == 2
        layout.add_row(
            "" if repeated else row["problem"],
            "" if repeated else row["level"].lower(),
            str(row["start"]),
            *(_coloured(row["digits"][column]) for column in COLUMNS),
            str(row["residual_calls"]),
            str(row["jacobian_calls"]),
            f"{1000 * row['seconds']:.0f}",
            "+".join(row["stages"]),
            end_section=repeated,
        )
    for limit, counts in summary(rows).items():
        layout.add_row(f"{limit} digits", f"of {len(rows)}", "", *(str(counts[column]) for column in COLUMNS))
    return layout


def _coloured(digits: float) -> str:
    colour = "green" if digits >= 9 else "yellow" if digits >= 6 else "red"
    return f"[{colour}]{digits:.1f}[/]"


def _load(name: str) -> Dataset:
    try:
        return load(name)
    except KeyError as error:
        raise typer.BadParameter(error.args[0]) from error


if __name__ == "__main__":
    app(prog_name="python -m examples.nist")
