"""What these tests have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler import compiled
from bibun.compiler.native import build, cache
from bibun.interpreters.recording import Recording


class _Filled:
    """NumPy, but for `empty`, which it fills: what a program does not write, or reads before it has, is nan."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def empty(self, shape: Any, dtype: Any) -> Any:
        made = np.empty(shape, dtype)
        made.reshape(-1).view(np.uint8)[...] = 0xFF
        return made


@pytest.fixture(autouse=True)
def _nothing_is_left_from_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call of a program runs in memory that holds nothing of an earlier one."""
    monkeypatch.setattr(build, "np", _Filled())


@pytest.fixture(autouse=True)
def _each_run_is_recorded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is on disk from an earlier test; but for those that look for starts without a recording, by `runs`."""
    if "runs" not in request.fixturenames:
        monkeypatch.setattr(compiled, "identity", lambda *_: None)


class Runs:
    """How many runs were recorded since the last look."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0

        def counted() -> Recording:
            self.count += 1
            return Recording()

        monkeypatch.setattr(compiled, "Recording", counted)

    def look(self) -> int:
        count, self.count = self.count, 0
        return count


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of the test's own, that a later function finds as another process would."""
    bb.compile(np.sin)  # makes what a process makes once
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "kept"))


@pytest.fixture
def runs(own_cache: None, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """With a cache of its own."""
    return Runs(monkeypatch)


def kept(suffix: str) -> list[Path]:
    """The files of a kind that are in the cache."""
    return sorted(path for path in cache.files() if path.suffix == suffix)
