"""The pytest plugin, in test runs of its own under this project's strict settings."""

import sys
from pathlib import Path

import pytest

from bibun.checking.pytest_plugin import show_report
from bibun.errors import WrongDerivativeError
from tests.docs.code_blocks import read_blocks

pytest_plugins = "pytester"

SETTINGS = """
[pytest]
addopts = -ra --strict-markers --strict-config --import-mode=importlib
xfail_strict = true
filterwarnings = error
"""

CUBE = """
import bibun as bb


@bb.custom_vjp
def cube(x):
    return x**3


cube.defvjp(lambda x: (x**3, x), lambda x, g: (2.9 * x**2 * g,))


def square(x):
    return x * x
"""

# Reports written by hand: what is shown does not depend on what a check finds.
REPORTS = """
from dataclasses import replace

from bibun.checking.report import ArgumentReport, Report

ARGUMENT = ArgumentReport("x", (3,), "float64", 1.0, "disagrees", note="told at length")
WRONG = Report("loss", 1, (ARGUMENT,), (), 17, 0.5, "disagrees")
RIGHT = Report("loss", 1, (replace(ARGUMENT, verdict="agrees"),), (), 17, 0.5, "agrees")
"""

TEXT = [
    "check of loss: the derivative by x is wrong",
    "",
    "argument  derivative  numerical  digits",
    "x  (3,) float64                     1.0  disagrees",
    "  told at length",
    "",
    "17 evaluations of loss, 500 ms",
]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with this project's settings; colours off."""
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    pytester.makeini(SETTINGS)
    return pytester


def failure(result: pytest.RunResult) -> list[str]:
    """The lines that pytest marks with E, without the mark."""
    return [line[1:].strip() for line in result.outlines if line.startswith("E ") or line == "E"]


def test_the_fixture_passes_a_right_derivative_and_returns_its_report(run: pytest.Pytester) -> None:
    run.makepyfile(
        CUBE + "def test_square(check_derivatives):\n    assert check_derivatives(square, 3.0).verdict == 'agrees'"
    )
    run.runpytest_inprocess().assert_outcomes(passed=1)


def test_the_fixture_fails_a_wrong_derivative_at_the_line_of_the_test(run: pytest.Pytester) -> None:
    run.makepyfile(CUBE + "def test_cube(check_derivatives):\n    check_derivatives(cube, 2.0, seed=1)")
    result = run.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    lines = failure(result)
    assert lines[0].startswith("bibun.errors.WrongDerivativeError: check of cube: the derivative by x is wrong")
    assert any(line.startswith("reverse") and "11.6" in line and "12 " in line for line in lines)
    marked = [line for line in result.outlines if line.startswith(">")]
    assert marked == [">       check_derivatives(cube, 2.0, seed=1)"] or marked == [
        ">   " + "    check_derivatives(cube, 2.0, seed=1)"
    ]


def test_a_settings_error_of_the_fixture_is_that_of_check(run: pytest.Pytester) -> None:
    run.makepyfile(
        CUBE + "import pytest\n\n\ndef test_bad(check_derivatives):\n"
        "    with pytest.raises(TypeError):\n        check_derivatives(square, 2.0, sed=1)"
    )
    run.runpytest_inprocess().assert_outcomes(passed=1)


ASSERTIONS = {
    "assert WRONG": ["assert " + TEXT[0], *TEXT[1:]],
    "assert given(WRONG)": ["assert " + TEXT[0], *TEXT[1:]],
    "assert given(WRONG), 'the loss of the network'": [
        "AssertionError: the loss of the network",
        "assert " + TEXT[0],
        *TEXT[1:],
    ],
    "assert given(WRONG).ok": ["assert False", *TEXT],
    "report = WRONG\n    assert report.ok": ["assert False", *TEXT],
}


@pytest.mark.parametrize("verbose", ["-q", "-v", "-vv"])
@pytest.mark.parametrize(("assertion", "shown"), ASSERTIONS.items())
def test_an_assertion_shows_the_report(run: pytest.Pytester, assertion: str, shown: list[str], verbose: str) -> None:
    run.makepyfile(f"{REPORTS}\ndef given(report):\n    return report\n\n\ndef test_it():\n    {assertion}\n")
    result = run.runpytest_inprocess(verbose)
    result.assert_outcomes(failed=1)
    assert failure(result) == [line.strip() for line in shown]
    assert "Report(" not in result.stdout.str()


OTHER_ASSERTIONS = {
    "assert not given(WRONG)": "passes",
    "assert given(RIGHT)": "passes",
    "wrong = WRONG\n    assert 1 == 2": "assert 1 == 2",
    "wrong = WRONG\n    assert wrong.verdict == 'agrees', 'mine'": None,
    "wrong = WRONG\n    raise ValueError('another')": "ValueError: another",
    "wrong = WRONG\n    raise AssertionError": "AssertionError",
}


@pytest.mark.parametrize(("assertion", "first"), OTHER_ASSERTIONS.items())
def test_other_failures_stay_as_they_are(run: pytest.Pytester, assertion: str, first: str | None) -> None:
    run.makepyfile(f"{REPORTS}\ndef given(report):\n    return report\n\n\ndef test_it():\n    {assertion}\n")
    result = run.runpytest_inprocess()
    if first == "passes":
        result.assert_outcomes(passed=1)
        return
    result.assert_outcomes(failed=1)
    if first is not None:
        assert failure(result)[0] == first
        assert TEXT[0] not in result.stdout.str()


def test_the_short_summary_names_the_argument(run: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    run.makepyfile(test_m=f"{REPORTS}\ndef test_it():\n    assert WRONG\n")
    run.runpytest_inprocess().stdout.fnmatch_lines(["FAILED test_m.py::test_it - assert " + TEXT[0]])


def test_it_works_in_unittest(run: pytest.Pytester) -> None:
    run.makepyfile(
        f"{REPORTS}\nimport unittest\n\n\nclass Cases(unittest.TestCase):\n    def test_it(self):\n        assert WRONG\n"
    )
    result = run.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    assert "assert " + TEXT[0] in failure(result)


def test_a_run_without_bibun_does_not_import_it(run: pytest.Pytester) -> None:
    run.makepyfile(
        "import sys\n\n\ndef test_it():\n"
        "    assert 'bibun_pytest' in sys.modules\n"
        "    assert not {'bibun', 'numpy'} & sys.modules.keys()\n\n\n"
        "def test_failing():\n    assert 1 == 2\n"
    )
    run.runpytest_subprocess().assert_outcomes(passed=1, failed=1)


def test_the_fixture_is_listed(run: pytest.Pytester) -> None:
    result = run.runpytest_inprocess("--fixtures")
    result.stdout.fnmatch_lines(["check_derivatives*", "*bibun.check(f, [*]args)*"])


def test_the_plugin_can_be_left_out(run: pytest.Pytester) -> None:
    run.makepyfile(f"{REPORTS}\ndef test_it():\n    assert WRONG\n")
    result = run.runpytest_subprocess("-p", "no:bibun")
    result.assert_outcomes(failed=1)
    assert TEXT[-1] not in failure(result)


def test_it_works_among_workers(run: pytest.Pytester) -> None:
    run.makepyfile(f"{REPORTS}\ndef test_it():\n    assert WRONG\n")
    result = run.runpytest_subprocess("-n", "1")
    result.assert_outcomes(failed=1)
    assert TEXT[-1] in failure(result)


def test_the_tests_of_the_documentation_pass(run: pytest.Pytester) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "pytest.md"
    files = [block for block in read_blocks(page) if block.title]
    assert len(files) == 3
    for block in files:
        run.path.joinpath(block.title).write_text(block.source, encoding="utf-8")
    run.runpytest_inprocess().assert_outcomes(passed=7)


def test_only_assertions_are_changed() -> None:
    for error in (ValueError("assert"), WrongDerivativeError("assert"), AssertionError("assert")):
        show_report(error)
        assert error.args == ("assert",)
    with pytest.raises(AssertionError) as caught:
        raise AssertionError
    show_report(caught.value)
    assert caught.value.args == ()
    assert "bibun_pytest" in sys.modules
