"""A report drawn: plain text for a log, rich for a terminal, HTML for a notebook, JSON for a program. Computes nothing.

All but JSON are drawn from the same lines: of each argument one line, of each mode one below it, then what is wrong.
rich is imported only when a terminal asks for it.
"""

from __future__ import annotations

import json
import math
import os
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from bibun.checking.report import ArgumentReport, Comparison, Culprit, Report, WrongEntry

_T = TypeVar("_T", "Culprit", "WrongEntry")

WIDTH = 100  # of plain text
DIGITS = (15, 12, 9, 6)  # significant digits of a number: the most that fit the width
BESIDE = 24  # what is compared stands beside the numbers if it is no longer, else below them
LISTED = 8  # wrong entries of an argument that are listed
HEADINGS = ("argument", "derivative", "numerical", "digits", "")
COLOURS = {"agrees": "green", "disagrees": "red", "kink": "yellow", "undecided": "yellow", "no derivative": "red"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a report: cells under the headings, or only a text (`cells` empty). `verdict` gives its colour."""

    text: str  # the first cell, or the whole line
    cells: tuple[str, ...] = ()  # derivative, numerical, digits, and what is left to say
    indent: int = 0
    verdict: str = ""

    def mapped(self, function: Callable[[str], str]) -> Line:
        """The same line with the function of each text."""
        return replace(self, text=function(self.text), cells=tuple(map(function, self.cells)))


# What the lines say


def headline(report: Report) -> str:
    """The result in one sentence."""
    order = f" (derivatives of order {report.order})" if report.order > 1 else ""
    return f"check of {report.function}{order}: {_outcome(report)}"


def _outcome(report: Report) -> str:
    concerned = [argument.path for argument in report.arguments if argument.verdict == report.verdict]
    by = _listed(concerned, 3)
    if report.verdict == "agrees":
        return "all derivatives agree" + ("" if report.digits is None else f" to {_digits(report.digits)} digits")
    if report.verdict == "disagrees" and not concerned:
        return f"differentiated, it gives another value{_blamed(report.culprits)}"
    if report.verdict == "disagrees":
        return f"the derivative by {by} is wrong{_blamed(report.culprits)}"
    if report.verdict == "kink":
        return f"agrees, with a kink by {by}"
    if report.verdict == "undecided":
        return f"undecided by {by}, the numerical error is too large"
    return "no derivative could be compared"


def _blamed(culprits: tuple[Culprit, ...]) -> str:
    if not culprits:
        return ""
    place = _short_place(culprits[0].location).partition(" (")[0]
    return f", because of {culprits[0].primitive}" + (f" at {place}" if place else "")


def _listed(names: list[str], most: int) -> str:
    more = len(names) - most
    shown = names[:most] + ([f"{more} more"] if more > 0 else [])
    return " and ".join(part for part in (", ".join(shown[:-1]), shown[-1] if shown else "") if part) or "an argument"


def lines_of(report: Report, digits: int) -> Iterator[Line]:
    """The body: every argument, then the culprits and the notes."""
    for argument in report.arguments:
        yield from _argument_lines(argument, digits)
    for text in _of_modes(report.culprits, _culprit):
        yield Line(text, verdict="disagrees")
    for note in report.notes:
        yield Line(f"note: {note}")


def _argument_lines(argument: ArgumentReport, digits: int) -> Iterator[Line]:
    kind = f"{argument.shape} {argument.dtype}" if argument.shape else argument.dtype
    name = f"{argument.path}  {kind}"
    yield Line(name, ("", "", _digits(argument.digits), argument.verdict), verdict=argument.verdict)
    for where, same in groupby(argument.comparisons, _where):
        short = where.removeprefix("a ") if len(where) <= BESIDE else ""
        for found in same:
            derivative = with_error(found.value, found.error, digits)
            numerical = with_error(found.numerical, found.numerical_error, digits)
            yield Line(found.mode, (derivative, numerical, _digits(found.digits), short), 1, found.verdict)
        if not short and where not in argument.tested:
            yield Line(f"where they agree least: {where.removeprefix('of ')}", indent=1)
    for status in dict.fromkeys(found.status for found in argument.comparisons):
        if status and not status.startswith("rounding"):  # rounding limits every good derivative
            yield Line(_in_words(status, argument.verdict), indent=1)
    for text in _of_modes(argument.wrong[:LISTED], _wrong):
        yield Line(text, indent=1, verdict="disagrees")
    if len(argument.wrong) > LISTED:
        yield Line(f"and {len(argument.wrong) - LISTED} more", indent=1, verdict="disagrees")
    for text in (argument.note, _tested(argument)):
        if text:
            yield Line(text, indent=1)


def _in_words(status: str, verdict: str) -> str:
    if verdict == "kink" and status.startswith("kink"):
        return f"{status}; the derivative lies between them, which is no error"
    return f"the numerical derivative is limited by: {status}"


def _where(found: Comparison) -> str:
    return " ".join(part for part in (found.along.removeprefix("the number"), _of(found.output)) if part)


def _of(output: str) -> str:
    """The output is a path, "['loss'][2]", or words, "a random combination of ..."."""
    if output.startswith("."):
        return f"of output{output}"
    return f"of output {output}" if output.startswith("[") else output and f"of {output.strip()}"


def _of_modes(found: tuple[_T, ...], text_of: Callable[[_T, str], str]) -> list[str]:
    """A text for each; one text for those that differ in the mode only."""
    modes: dict[str, list[str]] = {}
    for one in found:
        modes.setdefault(text_of(one, "{modes}"), []).append(one.mode)
    return [text.replace("{modes}", " and ".join(of_text)) for text, of_text in modes.items()]


def _wrong(entry: WrongEntry, modes: str) -> str:
    index = f"[{', '.join(map(str, entry.index))}]" if entry.index else ""
    output = f" {_of(entry.output)}" if entry.output else ""
    return (
        f"wrong: {entry.argument}{index}{output}: expected {with_error(entry.expected, entry.error, 9)}, "
        f"found {number(entry.found, 9)} by {modes}"
    )


def _culprit(culprit: Culprit, modes: str) -> str:
    place = f" at {_short_place(culprit.location)}" if culprit.location else ""
    rule = (
        "its rule computes another value" if culprit.mode == "value" else f"its {modes} rule by input {culprit.input}"
    )
    return (
        f"culprit: {culprit.primitive}{place}, {rule}: "
        f"expected {with_error(culprit.expected, culprit.error, 9)}, found {number(culprit.found, 9)}"
    )


def _short_place(location: str) -> str:
    """Relative to the current folder, where the file lies below it."""
    return location.removeprefix(os.getcwd() + os.sep)  # noqa: PTH109  a prefix of a text


def _tested(argument: ArgumentReport) -> str:
    if not argument.tested:
        return ""
    if argument.resolution is None or not math.isfinite(argument.resolution):
        return f"tested: {argument.tested}"
    return f"tested: {argument.tested}; an error above {argument.resolution:.1g} in one entry would show"


def _cost(report: Report) -> str:
    plural = "" if report.evaluations == 1 else "s"
    time = f"{report.seconds:.3g} s" if report.seconds >= 1 else f"{report.seconds * 1e3:.3g} ms"
    return f"{report.evaluations:,} evaluation{plural} of {report.function}, {time}"


# Numbers


def number(value: Any, digits: int) -> str:
    """A number to so many significant digits; an array in one line, abridged."""
    array = np.asarray(value)
    if array.dtype.kind not in "fc":
        return " ".join(str(value).split())
    if array.size != 1:
        return " ".join(np.array2string(array, precision=6, threshold=6, edgeitems=2).split())
    entry = array.reshape(())
    if array.dtype.kind == "c":
        return f"{entry.real:.{min(digits, 9)}g}{entry.imag:+.{min(digits, 9)}g}j"
    return f"{entry:.{digits}g}"


def with_error(value: Any, error: float, digits: int) -> str:
    """`0.479425538604 +- 3e-13`: as many digits as the error allows, and no more than asked for."""
    array = np.asarray(value)
    if not error < math.inf:
        digits = min(digits, 6)
    elif array.size == 1 and array.dtype.kind in "fc" and error > 0 and np.isfinite(array).all():
        size = float(np.abs(array).max())
        known = math.floor(math.log10(size)) - math.floor(math.log10(error)) + 1 if size > 0 else 1
        digits = min(max(known, 1), digits)
    return f"{number(value, digits)} +- {error:.1g}"


def _digits(digits: float | None) -> str:
    return "" if digits is None or math.isnan(digits) else f"{digits:.1f}"


# Plain text


def to_text(report: Report) -> str:
    """The report in ASCII lines of at most 100 characters (only a longer word is left whole); no colour."""
    body = (text for text, _ in laid_out(report, WIDTH, _ascii))
    return "\n".join([*_wrapped(_ascii(headline(report)), WIDTH), "", *body, "", _ascii(_cost(report))])


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("ascii")  # a log may be written in any encoding


def laid_out(report: Report, width: int, clean: Callable[[str], str] = str) -> Iterator[tuple[str, Line]]:
    """The body in columns that fit the width, with as many digits as it allows: each text, and the line it shows."""
    for digits in DIGITS:
        body = [line.mapped(clean) for line in lines_of(report, digits)]
        widths = _widths(body)
        if fits := sum(widths) + 2 * (len(HEADINGS) - 1) <= width:
            break
    fits = fits or sum(widths[:-1]) + 2 * (len(HEADINGS) - 2) <= width
    if body and fits:
        yield _row(HEADINGS, widths), Line("")
    for line in body:
        if line.cells and not fits:
            derivative, numerical, agreed, last = line.cells
            parts = (line.text, derivative, numerical and f"numerical {numerical}", agreed and f"{agreed} digits", last)
            rows = _wrapped(", ".join(filter(None, parts)), width, "  " * line.indent)
        elif line.cells:
            cells = ("  " * line.indent + line.text, *line.cells)
            rows = [_row(cells, widths)]
            if len(rows[0]) > width:
                rows = [_row((*cells[:-1], ""), widths), *_wrapped(cells[-1], width, "  " * (line.indent + 2))]
        else:
            rows = _wrapped(line.text, width, "  " * line.indent)
        for row in rows:
            yield row, line


def _widths(body: list[Line]) -> list[int]:
    """The width of each column; the name of an argument reaches over the two empty cells after it."""
    widths = [len(heading) for heading in HEADINGS]
    names = 0
    for line in body:
        if line.cells:
            first = len(line.text) + 2 * line.indent
            names = max(names, 0 if line.cells[0] else first)
            lengths = (first if line.cells[0] else 0, *map(len, line.cells))
            widths = [max(pair) for pair in zip(widths, lengths, strict=True)]
    widths[0] += max(0, names - sum(widths[:3]) - 4)
    return widths


def _row(cells: tuple[str, ...], widths: list[int]) -> str:
    first, derivative, numerical, digits, last = cells
    if derivative or numerical:
        start = f"{first:<{widths[0]}}  {derivative:<{widths[1]}}  {numerical:<{widths[2]}}"
    else:
        start = f"{first:<{sum(widths[:3]) + 4}}"
    return f"{start}  {digits:>{widths[3]}}  {last}".rstrip()


def _wrapped(text: str, width: int, margin: str = "") -> list[str]:
    """Lines of words; numbers and paths stay in one piece."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=margin,
        subsequent_indent=margin + "    ",
        break_on_hyphens=False,
        break_long_words=False,
    )


# Terminal


@dataclass(frozen=True, slots=True)
class Drawn:
    """The report for rich, which asks for it in the width of the terminal."""

    report: Report

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.console import Group
        from rich.panel import Panel
        from rich.text import Text

        colour = COLOURS[self.report.verdict]
        parts = [Text(headline(self.report), f"bold {colour}"), Text()]
        for text, line in laid_out(self.report, options.max_width - 4):
            part = Text(text, "bold" if not line.text else "")
            if line.verdict not in ("", "agrees"):
                part.stylize(COLOURS[line.verdict])
            elif line.cells and not line.indent:
                part.stylize(COLOURS[line.verdict], len(text) - len(line.cells[-1]))
            elif line.text and not line.cells:
                part.stylize("dim")
            parts.append(part)
        yield Panel(Group(*parts), subtitle=Text(_cost(self.report)), border_style=colour, expand=False)


def to_rich(report: Report) -> Drawn:
    """What `rich.print` draws: a panel."""
    return Drawn(report)


# Notebook

# White on these reads well on a light page and on a dark one; all other text keeps the colour of the page.
_BADGES = {"agrees": "#1a7f37", "disagrees": "#c62828", "kink": "#9a6700", "undecided": "#9a6700"}
_CELL = "padding:2px 12px 2px 0;text-align:left;border:0;background:none"
_RULE = "border-top:1px solid rgba(128,128,128,.5)"


def to_html(report: Report) -> str:
    """A table that needs no style sheet and no script, and takes its colours from the page."""
    rows = [_html_row("th", HEADINGS)] if report.arguments else []
    rows += [_html_line(line) for line in lines_of(report, DIGITS[0])]
    return (
        f'<div style="font-size:13px;overflow-x:auto"><p style="margin:4px 0">{_badge(report.verdict)} '
        f"{escape(headline(report))}</p>"
        f'<table style="border-collapse:collapse">{"".join(rows)}</table>'
        f'<p style="margin:4px 0;opacity:.75">{escape(_cost(report))}</p></div>'
    )


def _badge(verdict: str) -> str:
    colour = _BADGES.get(verdict, "#57606a")
    return f'<b style="background:{colour};color:#fff;border-radius:4px;padding:1px 6px">{escape(verdict)}</b>'


def _html_row(tag: str, cells: tuple[str, ...], style: str = "") -> str:
    return "<tr>" + "".join(f'<{tag} style="{_CELL};{style}">{escape(cell)}</{tag}>' for cell in cells) + "</tr>"


def _html_line(line: Line) -> str:
    if not line.cells:
        style = f"{_CELL};white-space:normal" + (";font-weight:bold" if line.verdict else ";opacity:.75")
        return f'<tr><td colspan="{len(HEADINGS)}" style="{style}">{escape(line.text)}</td></tr>'
    if line.indent:
        return _html_row("td", (line.text, *line.cells), "font-family:monospace")
    name, digits = escape(line.text), escape(line.cells[2])
    style = f'style="{_CELL};{_RULE}"'
    return (
        f'<tr><td colspan="3" {style}><b>{name}</b></td><td {style}>{digits}</td>'
        f"<td {style}>{_badge(line.verdict)}</td></tr>"
    )


# JSON


def to_json(report: Report) -> str:
    """One object: the fields of the report under their names, with `digits` and `ok`. See `plain` for the values."""
    return json.dumps({**plain(report), "digits": plain(report.digits), "ok": report.ok}, allow_nan=False)


def plain(value: Any) -> Any:
    """What JSON can write: dataclasses as objects, arrays and tuples as lists; nan, inf and complex numbers as texts
    ("nan", "-inf", "(1+2j)" without its parentheses)."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray | np.generic):
        ready = value.dtype.kind in "iub" or (value.dtype.kind == "f" and np.isfinite(value).all())
        return value.tolist() if ready else plain(value.tolist())
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return repr(value).strip("()")
