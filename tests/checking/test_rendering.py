"""Reports written by hand, as text, in a terminal, in a notebook and as JSON."""

import io
import json
import re
import subprocess
import sys
from dataclasses import fields, replace
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.console import Console

from bibun.checking.rendering import number, to_html, to_json, to_rich, to_text, with_error
from bibun.checking.report import ArgumentReport, Comparison, Culprit, Report, WrongEntry

RIGHT = Comparison(
    "forward", 0.41997434161402614, 6e-17, 0.4199743416140, 2e-13, 13.4, "agrees", "rounding", along="entry (1,)"
)
WRONG = replace(RIGHT, mode="reverse", value=0.83994868322805, digits=0.3, verdict="disagrees", along="entry (1,)")
W = ArgumentReport(
    "params['w']",
    (50, 784),
    "float64",
    13.1,
    "agrees",
    (replace(RIGHT, mode="reverse", value=-12.25, error=2e-15, along="a random direction"),),
    tested="1 random direction through 39200 entries",
    resolution=3.1e-9,
)
B = ArgumentReport(
    "params['b']",
    (3,),
    "float64",
    0.3,
    "disagrees",
    (WRONG, RIGHT),
    (WrongEntry("params['b']", (1,), 0.419974341614, 2e-13, 0.839948683228, "reverse"),),
    "1 of 3 entries",
    "each of 3 entries",
)
TANH = Culprit("tanh", "reverse", 0, 0.41997434, 2e-13, 0.83994868, "model.py:12 (np.tanh(x))")
KINK = ArgumentReport(
    "x",
    (),
    "float32",
    None,
    "kink",
    (Comparison("reverse", np.float32(1), 1e-7, 0.0, 1.0, None, "kink", "kink: slopes -1 and 1"),),
)
NOISY = replace(KINK, verdict="undecided", comparisons=(replace(KINK.comparisons[0], status="noise of the function"),))
INTEGERS = ArgumentReport("n", (4,), "int64", None, "no derivative", note="integers have no derivative")

AGREES = Report("loss", 1, (W,), (), 17, 0.0044, "agrees", ("forward: np.foo has no rule",))
DISAGREES = Report("loss", 1, (W, B, INTEGERS), (TANH,), 1234, 1.5, "disagrees")
REPORTS = {
    "agrees": AGREES,
    "disagrees": DISAGREES,
    "kink": Report("f", 1, (KINK,), (), 1, 0.01, "kink"),
    "undecided": Report("<lambda>", 2, (NOISY,), (), 20, 0.01, "undecided"),
    "no derivative": Report("f", 1, (INTEGERS,), (), 1, 0.01, "no derivative"),
    "nothing": Report("f", 1, (), (), 0, 0.0, "no derivative"),
}
every_report = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)


# Numbers

NUMBERS = [
    (0.47942553860420301, 3e-13, 15, "0.4794255386042 +- 3e-13"),
    (0.47942553860420301, 3e-13, 9, "0.479425539 +- 3e-13"),
    (-1234.5678, 0.2, 15, "-1234.6 +- 0.2"),
    (1e-20, 1e-3, 15, "1e-20 +- 0.001"),  # one digit at least
    (0.0, 1.0, 15, "0 +- 1"),
    (1.0, np.inf, 6, "1 +- inf"),
    (1.23456789, np.inf, 15, "1.23457 +- inf"),  # digits that nobody vouches for
    (np.nan, np.inf, 6, "nan +- inf"),
    (np.inf, 0.0, 6, "inf +- 0"),
    (2.5, 0.0, 15, "2.5 +- 0"),
    (np.float32(0.1), 1e-8, 15, "0.1 +- 1e-08"),
    (1 + 2j, 1e-3, 15, "1+2j +- 0.001"),
    (np.array([0.5]), 1e-3, 15, "0.5 +- 0.001"),
    (np.array([0.5, 0.25]), 1e-3, 15, "[0.5 0.25] +- 0.001"),
]


@pytest.mark.parametrize(("value", "error", "digits", "text"), NUMBERS)
def test_a_number_with_its_error(value: Any, error: float, digits: int, text: str) -> None:
    assert with_error(value, error, digits) == text


def test_values_that_are_no_numbers() -> None:
    assert number(None, 9) == "None"
    assert number(np.zeros((2, 2)), 9) == "[[0. 0.] [0. 0.]]"
    assert len(number(np.linspace(0, 1, 1000), 9)) < 60


# Plain text


def test_the_text_of_a_wrong_derivative() -> None:
    assert to_text(DISAGREES).splitlines() == [
        "check of loss: the derivative by params['b'] is wrong, because of tanh at model.py:12",
        "",
        "argument   derivative                  numerical                digits",
        "params['w']  (50, 784) float64                                    13.1  agrees",
        "  reverse  -12.25 +- 2e-15             0.419974341614 +- 2e-13    13.4  random direction",
        "  tested: 1 random direction through 39200 entries; an error above 3e-09 in one entry would show",
        "params['b']  (3,) float64                                          0.3  disagrees",
        "  reverse  0.83994868322805 +- 6e-17   0.419974341614 +- 2e-13     0.3  entry (1,)",
        "  forward  0.419974341614026 +- 6e-17  0.419974341614 +- 2e-13    13.4  entry (1,)",
        "  wrong: params['b'][1]: expected 0.419974342 +- 2e-13, found 0.839948683 by reverse",
        "  1 of 3 entries",
        "  tested: each of 3 entries",
        "n  (4,) int64                                                           no derivative",
        "  integers have no derivative",
        "culprit: tanh at model.py:12 (np.tanh(x)), its reverse rule by input 0: expected 0.41997434 +-",
        "    2e-13, found 0.83994868",
        "",
        "1,234 evaluations of loss, 1.5 s",
    ]


def test_the_text_of_a_kink_says_that_it_is_no_error() -> None:
    assert to_text(REPORTS["kink"]).splitlines() == [
        "check of f: agrees, with a kink by x",
        "",
        "argument   derivative  numerical  digits",
        "x  float32                                kink",
        "  reverse  1 +- 1e-07  0 +- 1",
        "  kink: slopes -1 and 1; the derivative lies between them, which is no error",
        "",
        "1 evaluation of f, 10 ms",
    ]


FIRST_LINES = {
    "agrees": "check of loss: all derivatives agree to 13.1 digits",
    "disagrees": "check of loss: the derivative by params['b'] is wrong, because of tanh at model.py:12",
    "undecided": "check of <lambda> (derivatives of order 2): undecided by x, the numerical error is too large",
    "no derivative": "check of f: no derivative could be compared",
    "nothing": "check of f: no derivative could be compared",
}


@pytest.mark.parametrize(("name", "line"), FIRST_LINES.items())
def test_the_first_line_is_the_result(name: str, line: str) -> None:
    assert to_text(REPORTS[name]).splitlines()[0] == line


def test_what_limited_the_numerical_derivative_is_said_unless_it_is_rounding() -> None:
    assert "  the numerical derivative is limited by: noise of the function" in to_text(REPORTS["undecided"])
    assert "rounding" not in to_text(DISAGREES)


def test_many_arguments_and_entries_are_counted() -> None:
    entry = B.wrong[0]
    many = replace(B, wrong=tuple(replace(entry, index=(i,)) for i in range(20)))
    arguments = tuple(replace(many, path=f"params[{i}]") for i in range(9))
    lines = to_text(replace(DISAGREES, arguments=arguments, culprits=())).splitlines()
    assert lines[0] == "check of loss: the derivative by params[0], params[1], params[2] and 6 more is wrong"
    assert sum(line.startswith("  wrong: ") for line in lines) == 9 * 8
    assert lines.count("  and 12 more") == 9


def test_the_output_and_the_place_are_named() -> None:
    entry = replace(B.wrong[0], output="['loss'][2]", index=())
    found = replace(WRONG, output="['loss'][2]")
    text = to_text(replace(DISAGREES, arguments=(replace(B, wrong=(entry,), comparisons=(found,)),)))
    assert "wrong: params['b'] of output ['loss'][2]: expected" in text
    assert "  where they agree least: entry (1,) of output ['loss'][2]\n" in text
    part = replace(found, output=".real", along="the number")
    assert "  of output.real" in to_text(replace(DISAGREES, arguments=(replace(B, comparisons=(part,)),)))
    combined = replace(found, output="a random combination of output of shape (3,)", along="the number")
    text = to_text(replace(DISAGREES, arguments=(replace(B, comparisons=(combined,)),)))
    assert "  where they agree least: a random combination of output of shape (3,)\n" in text


def test_modes_that_say_the_same_share_a_line() -> None:
    entries = (B.wrong[0], replace(B.wrong[0], mode="forward"), replace(B.wrong[0], mode="gradient", found=2.0))
    blamed = (TANH, replace(TANH, mode="forward"), replace(TANH, input=1))
    text = to_text(replace(DISAGREES, arguments=(replace(B, wrong=entries),), culprits=blamed))
    assert re.findall("found (.*)", text) == [
        "0.839948683 by reverse and forward",
        "2 by gradient",
        *["0.83994868"] * 2,
    ]
    assert re.findall("its (.*):", text) == ["reverse and forward rule by input 0", "reverse rule by input 1"]


def test_a_place_below_the_current_folder_is_relative(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blamed = replace(DISAGREES, culprits=(replace(TANH, location=f"{tmp_path}/model.py:12 (np.tanh(x))"),))
    assert to_text(blamed) == to_text(DISAGREES)
    unknown = replace(DISAGREES, culprits=(replace(TANH, location=""),))
    assert "because of tanh\n" in to_text(unknown)


WIDE = replace(
    B,
    path="network['encoder']['layers'][11]['attention']['θ']",
    comparisons=(
        replace(WRONG, mode="forward over reverse", value=-1.2345678901234e-105, numerical=-1.2345678901e-105),
        replace(WRONG, mode="reverse over reverse", value=-1.2345678 - 2.3456789j, numerical=-1.2345678 - 2.3456789j),
    ),
    note="long " * 60,
)


@every_report
def test_text_is_ascii_and_at_most_100_wide(report: Report) -> None:
    for shown in (report, replace(report, arguments=(*report.arguments, WIDE))):
        lines = to_text(shown).splitlines()
        assert max(map(len, lines)) <= 100
        assert all(line.isascii() for line in lines)
        assert all(line == line.rstrip() for line in lines)


def test_the_report_prints_itself() -> None:
    assert str(DISAGREES) == to_text(DISAGREES)
    assert DISAGREES.to_json() == to_json(DISAGREES)
    assert DISAGREES._repr_html_() == to_html(DISAGREES)


# Terminal


def drawn(report: Report, width: int, *, terminal: bool = False) -> str:
    system = "standard" if terminal else None
    out = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=system)
    out.print(report)
    return out.file.getvalue()  # type: ignore[attr-defined]


@every_report
@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_terminal_of_any_width_shows_the_panel(report: Report, width: int) -> None:
    lines = drawn(report, width).splitlines()
    assert lines[0].startswith("╭")
    assert max(map(len, lines)) <= width
    words = re.sub(r"[│╭╮╰╯─\s]+", " ", " ".join(lines))
    for word in to_text(report).splitlines()[0].split():
        assert word in words


def test_narrow_terminals_get_fewer_digits() -> None:
    assert "0.419974341614026 +- 6e-17" in drawn(DISAGREES, 120)
    assert "0.419974342 +- 6e-17" in drawn(DISAGREES, 85)


def test_colours_are_for_terminals() -> None:
    assert "\x1b[" not in drawn(DISAGREES, 80)
    coloured = drawn(DISAGREES, 100, terminal=True)
    assert "\x1b[31m" in coloured  # red
    assert "\x1b[1;32m" in drawn(AGREES, 100, terminal=True)  # bold green


def test_brackets_are_no_markup() -> None:
    argument = replace(W, path="params['[red]']")
    assert "params['[red]']" in drawn(replace(AGREES, arguments=(argument,), function="f[bold]"), 100)
    assert "f[bold], 4.4 ms" in drawn(replace(AGREES, function="f[bold]"), 100)
    assert isinstance(to_rich(AGREES), type(AGREES.__rich__()))


def test_rich_is_imported_only_for_a_terminal() -> None:
    code = (
        "import sys\n"
        "from bibun.checking.report import Report\n"
        "from bibun.checking import rendering\n"
        "report = Report('f', 1, (), (), 0, 0.0, 'agrees')\n"
        "str(report), report.to_json(), report._repr_html_(), report.__rich__()\n"
        "sys.exit('rich' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Notebook


@every_report
def test_html_is_well_formed_and_says_the_same(report: Report) -> None:
    tree = ElementTree.fromstring(to_html(report))
    words = " ".join("".join(tree.itertext()).split())
    assert to_text(report).splitlines()[0] in words
    for argument in report.arguments:
        assert argument.path in words
        assert argument.dtype in words
    widths = {sum(int(cell.get("colspan", "1")) for cell in row) for row in tree.iter("tr")}
    assert widths <= {5}


def test_html_escapes_what_it_shows() -> None:
    found = set()

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            found.add(tag)

    bad = replace(B, path="x['<script>']", note="<img src=x>", verdict="disagrees")
    blamed = replace(TANH, location="m.py:3 (a < b and <i>)", primitive="<b>")
    html = to_html(Report("<lambda>", 1, (bad,), (blamed,), 1, 1.0, "disagrees", ("<u>",)))
    Tags().feed(html)
    assert found == {"div", "p", "b", "table", "tr", "th", "td"}
    assert "x['&lt;script&gt;']".replace("'", "&#x27;") in html


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours #rrggbb, WCAG 2.1."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@every_report
def test_html_reads_on_light_and_dark_pages(report: Report) -> None:
    """The only colours of its own are white on a badge; everything else is the page's."""
    html = to_html(report)
    badges = re.findall(r"background:(#[0-9a-f]{6});color:#fff", html)
    assert badges
    assert all(contrast(badge, "#ffffff") >= 4.5 for badge in badges)
    assert html.count("color:#") == len(badges)


# JSON


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


@every_report
def test_json_has_the_fields_of_the_report(report: Report) -> None:
    found = json.loads(to_json(report), parse_constant=refuse)
    assert set(found) == {field.name for field in fields(Report)} | {"digits", "ok"}
    assert found["verdict"] == report.verdict
    assert found["ok"] == bool(report)
    assert [argument["path"] for argument in found["arguments"]] == [argument.path for argument in report.arguments]


def test_json_values() -> None:
    entry = replace(B.wrong[0], expected=np.float64("nan"), error=np.inf, found=1 - 2j)
    culprit = replace(TANH, expected=np.array([[1.0, -np.inf]]), found=np.float32(0.5))
    argument = replace(B, wrong=(entry,), comparisons=(replace(WRONG, value=np.int64(3)),))
    found = json.loads(to_json(replace(DISAGREES, arguments=(argument,), culprits=(culprit,))), parse_constant=refuse)
    (shown,) = found["arguments"]
    assert shown["shape"] == [3]
    assert shown["resolution"] is None
    assert shown["comparisons"][0]["value"] == 3
    assert shown["wrong"][0] | {"mode": ""} == {
        "argument": "params['b']",
        "index": [1],
        "expected": "nan",
        "error": "inf",
        "found": "1-2j",
        "mode": "",
        "output": "",
    }
    assert found["culprits"][0]["expected"] == [[1.0, "-inf"]]
    assert found["culprits"][0]["found"] == 0.5
    assert found["digits"] == 0.3
