"""The ten steps run as programs, and what they print agrees with closed forms."""

import math
import subprocess
import sys
from pathlib import Path

import pytest

STEPS = Path(__file__).resolve().parents[2] / "examples" / "steps"

VALUE = math.exp(2 * 0.5**2)  # y = exp(x**2)**2 at x = 0.5
DERIVATIVE = 4 * 0.5 * VALUE


def program(step: int) -> subprocess.CompletedProcess[str]:
    (path,) = STEPS.glob(f"step{step:02}_*.py")
    command = [sys.executable, "-W", "error", path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done


def run(step: int) -> dict[str, str]:
    """What the step prints after each equals sign, by what it prints before it."""
    return dict(line.rsplit(" = ", maxsplit=1) for line in program(step).stdout.splitlines())


def number(text: str) -> float:
    return float(text.strip("[]"))


def test_the_files_are_ten_and_open_with_their_theory():
    paths = sorted(STEPS.glob("*.py"))
    assert [path.name[:6] for path in paths] == [f"step{i:02}" for i in range(1, 11)]
    for i, path in enumerate(paths, start=1):
        assert path.read_text(encoding="utf-8").startswith(f'"""Step {i}: ')


def test_step_1():
    printed = run(1)
    assert number(printed["x.data"]) == 1
    assert number(printed["same_box.data"]) == 2
    assert printed["table.data.shape"] == "(2, 3)"


def test_step_2():
    printed = run(2)
    assert printed["type(y)"] == "Variable"
    assert number(printed["square"]) == 100
    assert number(printed["cube"]) == 1000


def test_step_3():
    printed = run(3)
    assert number(printed["a"]) == 0.25
    assert number(printed["b"]) == pytest.approx(math.exp(0.25), rel=1e-15)
    assert number(printed["y"]) == pytest.approx(VALUE, rel=1e-15)


def test_step_4():
    printed = run(4)
    assert number(printed["d(x**2)/dx at 2"]) == pytest.approx(4, abs=1e-10)
    # f''' = (48 x + 64 x**3) f, so the error is h**2 / 6 * 32 f = 5.3 h**2 f
    assert number(printed["dy/dx at 0.5"]) - DERIVATIVE == pytest.approx(1e-8 / 6 * 32 * VALUE, rel=1e-3)
    errors = {h: number(printed[f"error with h of {h:.0e}"]) for h in (1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12)}
    for h in (1e-2, 1e-4):
        assert errors[h] == pytest.approx(h**2 / 6 * 32 * VALUE, rel=0.05)
    assert errors[1e-6] == min(errors.values())
    assert errors[1e-6] < errors[1e-8] < errors[1e-12]


def test_step_5():
    printed = run(5)
    assert number(printed["dy/dx at 0.5"]) == pytest.approx(DERIVATIVE, rel=1e-15)
    assert printed["same gradient"] == "True"
    assert number(printed["multiplications from x"]) == 200**3 + 200**2
    assert number(printed["multiplications from y"]) == 2 * 200**2


def test_step_6():
    printed = run(6)
    assert number(printed["b.grad"]) == pytest.approx(2 * math.exp(0.25), rel=1e-15)
    assert number(printed["a.grad"]) == pytest.approx(2 * VALUE, rel=1e-15)
    assert number(printed["x.grad"]) == 3.297442541400256 == pytest.approx(DERIVATIVE, rel=1e-15)


def test_step_7():
    printed = run(7)
    assert number(printed.pop("x.grad")) == pytest.approx(DERIVATIVE, rel=1e-15)
    assert len(printed) == 4
    assert set(printed.values()) == {"True"}


def test_step_8():
    printed = run(8)
    assert "recursion" in printed["recursion"]
    assert number(printed["x.grad"]) == pytest.approx(1.0001**20_000, rel=1e-11)
    assert number(printed["1.0001**steps"]) == 1.0001**20_000


def test_step_9():
    printed = run(9)
    assert number(printed["x.grad"]) == pytest.approx(DERIVATIVE, rel=1e-15)
    assert printed["row.grad"] == "[2. 4. 6.]"
    assert printed["row.grad.dtype"] == "float32"
    assert printed["Variable(1.0)"] == "<class 'float'> is not supported"
    assert printed["without as_array"] == "float64"
    assert printed["with as_array"] == "ndarray"


def test_step_10():
    report = program(10).stderr  # unittest writes there
    assert "Ran 7 tests" in report
    assert report.rstrip().endswith("OK")
