"""The page of operations, which docs/hooks/operations.py writes, lists the whole table."""

import runpy
from pathlib import Path

import pytest

from bibun.primitives import TABLE

HOOK = Path(__file__).resolve().parents[2] / "docs" / "hooks" / "operations.py"


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return runpy.run_path(str(HOOK))["page"]().splitlines()


def test_every_row_has_one_line(lines: list[str]) -> None:
    operations = [line.split("`")[1].split(".")[-1] for line in lines if line.startswith("| `")]
    assert sorted(operations) == sorted(name.split(".")[-1] for name in TABLE)


def test_an_elementwise_row_shows_its_partial_derivatives(lines: list[str]) -> None:
    assert "| `np.tanh` | elementwise | x | `1 - y * y` |" in lines


def test_rows_of_scipy_show_their_partial_derivatives_and_why_there_is_none(lines: list[str]) -> None:
    pytest.importorskip("scipy.special")
    assert "| `scipy.special.gamma` | elementwise | x | `y * special.psi(x)` |" in lines
    (line,) = [line for line in lines if line.startswith("| `scipy.special.jv` |")]
    assert "none by the order v: its derivative has no closed form" in line


def test_a_constant_row_shows_why_it_has_no_derivative(lines: list[str]) -> None:
    (line,) = [line for line in lines if line.startswith("| `np.argmax` |")]
    assert TABLE["argmax"].reason in line
