"""A progress bar for long differentiations: rich draws it. Shown on demand, and in a terminal past two seconds."""

from __future__ import annotations

import sys
from time import monotonic
from types import TracebackType
from typing import Any

AFTER = 2.0  # seconds: what ends sooner needs no bar


class Progress:
    """Counts evaluations. `wanted`: True, False, or None for "in a terminal, past two seconds"."""

    def __init__(self, wanted: bool | None) -> None:
        self._wanted = wanted
        self._started = monotonic()
        self._bar: Any = None
        self._task: Any = None
        self._done = 0
        self._total = 0

    def __enter__(self) -> Progress:
        if self._wanted:
            self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done, total=self._done)
            self._bar.stop()

    def expect(self, total: int) -> None:
        """About how many evaluations there will be in all."""
        self._total = total
        if self._bar is not None:
            self._bar.update(self._task, total=total)

    def advance(self, count: int) -> None:
        """So many evaluations are done."""
        self._done += count
        if self._bar is None and self._wanted is None and monotonic() - self._started > AFTER and sys.stderr.isatty():
            self._open()
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done, total=max(self._total, self._done))

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Bar(*columns, console=Console(stderr=True))
        self._bar.start()
        self._task = self._bar.add_task("evaluations of f", total=max(self._total, self._done) or None)
