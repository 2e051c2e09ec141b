"""The installed `bibun` script as a user meets it: a process, a pipe, exit codes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(sys.executable).with_name("bibun")


def bibun(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "FORCE_COLOR", "NO_COLOR")}
    return subprocess.run(
        [SCRIPT, *arguments],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        env=kept | environment,
        timeout=120,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.py").write_text(
        "import numpy as np\n\n\ndef wave(x, k):\n    return np.sum(np.sin(k * x))\n\n\n"
        "def wrong(x):\n    return x / missing\n"
    )
    return tmp_path


def test_version(folder: Path) -> None:
    import bibun as package

    result = bibun(folder, "--version")
    assert (result.returncode, result.stdout) == (0, f"bibun {package.__version__}\n")


def test_alone_it_prints_its_help(folder: Path) -> None:
    result = bibun(folder)
    assert result.returncode == 0
    assert "diff" in result.stdout
    assert result.stdout == bibun(folder, "--help").stdout


def test_help_of_diff_names_every_option(folder: Path) -> None:
    printed = bibun(folder, "diff", "--help").stdout
    for option in ("--at", "--wrt", "--jacobian", "--hessian", "--order", "--json", "FILE:FUNCTION"):
        assert option in printed


def test_help_of_check_names_every_option(folder: Path) -> None:
    printed = bibun(folder, "check", "--help").stdout
    for option in ("--at", "--wrt", "--gradient", "--order", "--seed", "--json", "FILE:FUNCTION"):
        assert option in printed


def test_check_tells_a_script_whether_a_derivative_is_wrong(folder: Path) -> None:
    (folder / "by_hand.py").write_text("import numpy as np\n\n\ndef sine(x):\n    return np.sin(x)\n\n\n")
    with (folder / "by_hand.py").open("a") as file:
        file.write("def right(x):\n    return np.cos(x)\n\n\ndef wrong(x):\n    return -np.cos(x)\n")
    for name, code in (("right", 0), ("wrong", 1)):
        result = bibun(folder, "check", "by_hand.py:sine", "--at", "0.5", "--gradient", name)
        assert (result.returncode, result.stderr) == (code, "")
        assert result.stdout.isascii()
        assert max(map(len, result.stdout.splitlines())) <= 100


def test_diff_in_a_pipe_is_plain(folder: Path) -> None:
    result = bibun(folder, "diff", "model.py:wave", "--at", "x=[0.5, 1.5]", "--at", "k=2")
    assert (result.returncode, result.stderr) == (0, "")
    assert "\x1b" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100
    assert result.stdout.startswith("wave  model.py:4\n")


def test_colours_can_be_forced(folder: Path) -> None:
    result = bibun(folder, "diff", "model.py:wave", "--at", "x=1", "--at", "k=2", FORCE_COLOR="1")
    assert result.returncode == 0
    assert "\x1b[" in result.stdout


def test_an_error_is_one_message_and_code_2(folder: Path) -> None:
    result = bibun(folder, "diff", "model.py:wrong", "--at", "1")
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr == (
        "error: model.py:9: return x / missing\n  NameError: name 'missing' is not defined\n  called with x = 1.0\n"
    )


def test_a_wrong_option_is_code_2(folder: Path) -> None:
    result = bibun(folder, "diff", "model.py:wave", "--order", "none")
    assert result.returncode == 2
    assert "--order" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_negative_number_and_another_folder(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    result = bibun(folder / "elsewhere", "diff", "../model.py:wave", "--at", "x=-1", "--at", "k=2")
    assert result.returncode == 0
    single = bibun(folder, "diff", "model.py:wrong", "--at", "-1.5")
    assert "called with x = -1.5" in single.stderr
