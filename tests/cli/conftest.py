"""Running the command inside this process, in a folder of its own."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from bibun.cli.app import app


class Output(NamedTuple):
    """What one run left behind."""

    code: int
    stdout: str
    stderr: str


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path


@pytest.fixture
def write(folder: Path) -> Callable[..., Path]:
    """write(text, name="model.py") writes a file of the user's into the current folder."""

    def written(text: str, name: str = "model.py") -> Path:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return file

    return written


@pytest.fixture
def bibun(folder: Path) -> Callable[..., Output]:
    """bibun("diff", "model.py:f", ...) runs the command in the current folder."""

    def run(*arguments: Any) -> Output:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Output(result.exit_code, result.stdout, result.stderr)

    return run
