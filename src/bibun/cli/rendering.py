"""A report as text for people, and as JSON for programs. Computes nothing.

Colour is rich's decision: only in a terminal. Without one the text is plain and 100 columns wide.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

import bibun
from bibun.checking.rendering import plain
from bibun.checking.report import Report as CheckReport
from bibun.cli.arguments import Array, Point
from bibun.cli.caching import Cache
from bibun.cli.comparing import Comparison
from bibun.cli.compiling import Program
from bibun.cli.failures import display_path
from bibun.cli.measuring import Report, Section, Timing

PLAIN_WIDTH = 100
SMALL = 24  # a derivative up to this many entries is shown entry by entry
FIRST = 4  # of a larger one, the first entries and a summary


def console(stream: IO[str]) -> Console:
    """A console on a stream; 100 columns where it is not a terminal."""
    made = Console(file=stream, highlight=False, soft_wrap=False)
    if not stream.isatty() and "COLUMNS" not in os.environ:
        made.width = PLAIN_WIDTH
    return made


def print_error(message: str) -> None:
    """`error: ` and the message, on stderr; one line of the message is one line of a pipe."""
    out = console(sys.stderr)
    first, *rest = message.split("\n")
    text = Text.assemble(("error: ", "bold red"), (first, "bold" if rest else ""))
    for line in rest:
        text.append("\n  " + line)
    out.print(text, soft_wrap=not out.is_terminal)


def print_report(report: Report) -> None:
    """The report as text on stdout, without trailing blanks where it is not a terminal."""
    out = console(sys.stdout)
    with out.capture() as captured:
        for part in _parts(report):
            out.print(part)
    text = captured.get()
    if not out.is_terminal:
        text = "".join(line.rstrip() + "\n" for line in text.splitlines())
    sys.stdout.write(text)


def print_check(report: CheckReport, *, as_json: bool) -> None:
    """The report of a check as it draws itself: a panel in a terminal, text elsewhere, or JSON."""
    out = console(sys.stdout)
    if out.is_terminal and not as_json:
        out.print(report)
    else:
        sys.stdout.write((report.to_json() if as_json else str(report)) + "\n")


def print_program(program: Program) -> None:
    """The result and the times, and the texts as they are: a source on stdout is Python."""
    out = console(sys.stdout)
    function = program.point.function
    name = f"{program.what} of {function.name}" if program.what else function.name
    with out.capture() as captured:
        out.print(Text.assemble((name, "bold"), "  ", (function.location, "dim")))
        out.print("")
        out.print(_point_table(program.point, program.results, differentiated=bool(program.what)))
        out.print("")
        out.print(_program_times(program))
    text = captured.get()
    if not out.is_terminal:
        text = "".join(line.rstrip() + "\n" for line in text.splitlines())
    sys.stdout.write("\n".join([text, *(part.rstrip("\n") + "\n" for part in program.texts)]))
    for warning in program.warnings:
        console(sys.stderr).print(Text.assemble(("warning: ", "bold yellow"), warning), soft_wrap=True)


def print_cache(cache: Cache) -> None:
    """Folder, number of files, bytes; or what was deleted. A path is never broken into lines."""
    out = console(sys.stdout)
    if cache.cleared:
        out.print(f"deleted {counted(cache.files, 'file')}, {size(cache.size)}, from {cache.folder}", soft_wrap=True)
        return
    rows = {
        "folder": f"{cache.folder}   (from {cache.chosen_by})" if cache.chosen_by else str(cache.folder),
        "files": str(cache.files),
        "size": f"{size(cache.size)} of {size(cache.limit)}",
    }
    for name, value in rows.items():
        out.print(Text.assemble((f"{name:<9}", "cyan"), value), soft_wrap=True)


def _program_times(program: Program) -> Text:
    return Text.assemble(
        ("time", "bold"),
        f"   plain {duration(program.plain)}   compiled {duration(program.compiled)}   ratio ",
        (f"{program.plain / program.compiled:.3g}", "bold"),
        f"   first call {duration(program.first)}",
    )


def _parts(report: Report) -> Iterator[Text | Table | str]:
    function = report.point.function
    yield Text.assemble((function.name, "bold"), "  ", (function.location, "dim"))
    yield ""
    yield _point_table(report.point, [("value", report.value)])
    for note in report.notes:
        yield ""
        yield Text(note, style="italic")
    for section in report.sections:
        yield ""
        yield _section_table(section)
    yield ""
    yield _time_line(report.timing, function.name)
    for warning in report.warnings:
        yield ""
        yield Text.assemble(("warning: ", "bold yellow"), warning)


def print_json(report: Report) -> None:
    """The whole report, every entry of every array, as one JSON object on stdout."""
    sys.stdout.write(json.dumps(as_json(report), allow_nan=False) + "\n")


# Numbers


def number(value: Any, digits: int | None = None) -> str:
    """A number in the digits its type holds: 15 for float64, 7 for float32, 10 for complex."""
    value = np.asarray(value)
    if value.dtype.kind not in "fc":
        return str(value)
    shown = digits or min(int(np.finfo(value.dtype).precision) + (value.dtype.itemsize <= 4), 15)
    if value.dtype.kind == "c":
        shown = min(shown, 10)
        return f"{value.real:.{shown}g}{value.imag:+.{shown}g}j"
    return f"{value:.{shown}g}"


def duration(seconds: float) -> str:
    """Three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def size(count: int) -> str:
    """Bytes in three digits and a unit; kB is 1000 of them."""
    for unit, large in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= 0.9995 * large:  # 999,500 B would be 1e+03 kB
            return f"{count / large:.3g} {unit}"
    return f"{count} B"


def counted(count: int, thing: str) -> str:
    """1 file, 2 files"""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _summary(value: Array) -> str:
    """The first entries, and for a large array the smallest, the largest and the norm."""
    if not value.ndim:
        return number(value)
    first = "  ".join(number(entry, 6) for entry in islice(value.flat, 6 if value.size <= 6 else 3))
    if value.size <= 6:
        return first or "(empty)"
    return f"{first}  …  {_extremes(value)}"


def _extremes(value: Array) -> str:
    parts = [f"{name} {number(entry, 5)}" for name, entry in _extreme_values(value)]
    return "  ".join(parts)


def _extreme_values(value: Array) -> Iterator[tuple[str, Any]]:
    if value.dtype.kind != "c":
        yield "min", value.min()
        yield "max", value.max()
    yield "norm", np.linalg.norm(value.ravel())


# Tables


def _point_table(point: Point, results: Iterable[tuple[str, Any]], *, differentiated: bool = True) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 3, 0, 0))
    for _ in range(3):
        table.add_column(overflow="fold")
    leaves = {leaf.name for leaf in point.leaves}
    for name, value in point.entries():
        kind, shown = _described(value)
        if name in leaves or not differentiated:
            table.add_row(Text(name, "cyan"), kind, shown)
        else:
            table.add_row(Text(name, "cyan"), kind, Text(f"{shown}   (not differentiated)", "dim"))
    for name, value in results:
        kind, shown = _described(value)
        table.add_row(Text(name, "bold"), kind, Text(shown, "bold"))
    return table


def _described(value: Any) -> tuple[str, str]:
    """The type and shape of a value, and the value as far as a line holds it."""
    if not isinstance(value, np.ndarray | np.generic):
        return type(value).__name__, repr(value)
    array = np.asarray(value)
    shown = _summary(array) if array.dtype.kind in "fciu" else np.array2string(array, threshold=6)
    return f"{array.dtype} {_shape(array)}".strip(), shown


def _shape(value: Array) -> str:
    return str(value.shape) if value.ndim else ""


def _section_table(section: Section) -> Table:
    """Rows of label, exact, numerical, digits; one without numbers names the argument of the rows below."""
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="bold", pad_edge=False)
    table.add_column(section.title, overflow="fold")
    table.add_column("exact", no_wrap=True)
    table.add_column("numerical", no_wrap=True)
    table.add_column("digits that agree", justify="right", min_width=6)
    shown: set[tuple[str, ...]] = set()
    for comparison in section.comparisons:
        if comparison.by[::-1] in shown and not comparison.warning:
            continue  # of a Hessian, the block (b, a) is the block (a, b) transposed
        shown.add(comparison.by)
        for row in _comparison_rows(comparison):
            table.add_row(*row)
    return table


def _comparison_rows(comparison: Comparison) -> Iterator[tuple[Text, Text, Text, Text]]:
    exact, numerical = comparison.exact, comparison.numerical
    name = Text(f"  {comparison.name}", "cyan")
    if not exact.ndim and numerical is not None:
        yield name, *_pair(exact, numerical), _digits(comparison.agreement, comparison.within)
        return
    how = ""
    if comparison.directions:
        count = len(comparison.directions)
        how = f"along {count} random direction{'s' if count > 1 else ''}"
    yield (
        Text.assemble(name, f"  {_shape(exact)}"),
        Text(""),
        Text(how, "dim"),
        _digits(comparison.agreement, comparison.within),
    )
    shown = exact.size if exact.size <= SMALL else FIRST
    for index in islice(np.ndindex(exact.shape), shown):
        label = Text(f"    [{', '.join(map(str, index))}]" if index else "    value")
        if numerical is None or comparison.digits is None or comparison.error is None:
            yield label, _exact(exact[index]), Text(""), Text("")
        else:
            digits = _digits(float(comparison.digits[index]), float(comparison.error[index]))
            yield label, *_pair(exact[index], numerical[index]), digits
    if exact.size > shown:
        yield from _summary_rows(exact, numerical)
    for position, direction in enumerate(comparison.directions, start=1):
        label = Text(f"    direction {position}")
        yield label, *_pair(direction.exact, direction.numerical), _digits(direction.digits, direction.error)


def _summary_rows(exact: Array, numerical: Array | None) -> Iterator[tuple[Text, Text, Text, Text]]:
    yield Text(f"    … {exact.size - FIRST:,} more", "dim"), Text(""), Text(""), Text("")
    with np.errstate(all="ignore"):
        beside: Iterable[tuple[str, Any]] = _extreme_values(numerical) if numerical is not None else ()
        others = dict(beside)
        for name, value in _extreme_values(exact):
            other = _pair(value, others[name]) if name in others else (_exact(value), Text(""))
            yield Text(f"    {name}"), *other, Text("")


def _exact(value: Any) -> Text:
    return Text(_aligned(number(value)), "bold")


def _aligned(text: str) -> str:
    return text if text.startswith("-") else f" {text}"


def _pair(exact: Any, numerical: Any) -> tuple[Text, Text]:
    """Both numbers; of the numerical one, the leading digits that are the same in green."""
    if np.isnan(numerical):
        return _exact(exact), Text(" -", "dim")
    left = _aligned(number(exact))
    kind = np.asarray(exact).dtype
    right = _aligned(number(np.asarray(numerical).astype(np.result_type(kind, np.float64))))
    same = _same_length(left, right)
    return Text(left, "bold"), Text.assemble((right[:same], "green"), (right[same:], "dim"))


def _same_length(left: str, right: str) -> int:
    """How many characters of two numbers agree from the left; none if their exponents differ."""
    if left.partition("e")[2] != right.partition("e")[2]:
        return 0
    pairs = enumerate(zip(left, right, strict=False))
    return next((position for position, (a, b) in pairs if a != b), min(len(left), len(right)))


def _digits(digits: float | None, error: float | None) -> Text:
    if digits is None or np.isnan(digits):
        known = error is not None and np.isfinite(error)
        return Text(f"within {error:.0e}" if known else "-", "dim")
    style = "green" if digits >= 6 else "yellow" if digits >= 3 else "bold red"
    return Text(f"{digits:.1f}" if digits < 16 else "16", style)


def _time_line(timing: Timing, name: str) -> Text:
    return Text.assemble(
        ("time", "bold"),
        f"   {name} {duration(timing.function)}   {timing.what} {duration(timing.derivative)}   ratio ",
        (f"{timing.ratio:.3g}", "bold"),
    )


# JSON


def as_json(report: Report) -> dict[str, Any]:
    """The report as dicts and lists; what JSON lacks is text: "nan", "inf", "-inf", "1+2j"."""
    function = report.point.function
    leaves = {leaf.name for leaf in report.point.leaves}
    return {
        "bibun": bibun.__version__,
        "function": function.name,
        "file": display_path(function.file),
        "line": function.line,
        "arguments": {
            name: {**_json_array(value), "differentiated": name in leaves} for name, value in report.point.entries()
        },
        "value": _json_array(report.value),
        "derivatives": [
            _json_comparison(section.title, comparison)
            for section in report.sections
            for comparison in section.comparisons
        ],
        "time": {
            "function": report.timing.function,
            "derivative": report.timing.derivative,
            "of": report.timing.what,
            "ratio": report.timing.ratio,
        },
        "notes": list(report.notes),
        "warnings": report.warnings,
    }


def _json_comparison(title: str, comparison: Comparison) -> dict[str, Any]:
    entrywise = comparison.numerical is not None
    return {
        "kind": title.split()[0],
        "by": list(comparison.by),
        "shape": list(comparison.exact.shape),
        "exact": plain(comparison.exact),
        "numerical": plain(comparison.numerical) if entrywise else None,
        "directions": [
            {
                "exact": plain(d.exact),
                "numerical": plain(d.numerical),
                "digits": plain(d.digits),
            }
            for d in comparison.directions
        ],
        "digits": comparison.agreement,
        "numerical_error": plain(comparison.error) if entrywise else None,
        "digits_by_entry": _nulls(comparison.digits) if entrywise else None,
    }


def _nulls(digits: Any) -> Any:
    """Digits, null where there are none to count."""
    if isinstance(digits, np.ndarray):
        return _nulls(digits.tolist())
    if isinstance(digits, list):
        return [_nulls(entry) for entry in digits]
    return None if np.isnan(digits) else digits


def _json_array(value: Any) -> dict[str, Any]:
    if isinstance(value, np.ndarray | np.generic):
        return {"dtype": str(value.dtype), "shape": list(value.shape), "value": plain(value)}
    return {"value": value if isinstance(value, bool | int | str | None) else repr(value)}
