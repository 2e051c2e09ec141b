"""Many searches at once: each line and each number that f gives is a search of its own; values of f are shared.

The searches go on in rounds. A round gathers what all of them ask for, has it evaluated together, and hands it out.
So a vectorised f is called a few times in all, and workers are all busy.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from math import inf, nan
from typing import Any

import numpy as np

from bibun.numerical.evaluation import Evaluator, OutOfBudget, silence
from bibun.numerical.lines import Line
from bibun.numerical.outputs import Output

Offset = float | complex
FAILED = complex(nan, nan)


@dataclass(slots=True)
class Task:
    """A generator that asks for one number that f gives, at distances t along one line, until it returns its result."""

    line: int
    component: int
    values: dict[Any, Any]
    asks: Generator[list[Any], None, Any]
    wanted: list[Any]
    result: Any = None

    def step(self) -> bool:
        """Go on with the values that are there. False when it has returned."""
        try:
            self.wanted = next(self.asks)
        except StopIteration as end:
            self.result, self.wanted = end.value, []
            return False
        return True

    def stop(self) -> None:
        """No more values: it ends with what it has, or with no result."""
        try:
            self.asks.throw(OutOfBudget())
        except StopIteration as end:
            self.result = end.value
        except OutOfBudget:
            self.result = None
        self.wanted = []


class Values:
    """The rows that f gave along each line, and how to get more. Complex points give rows of complex numbers."""

    def __init__(self, evaluator: Evaluator, lines: Sequence[Line], output: Output | None = None) -> None:
        self.evaluator, self.lines, self.output = evaluator, lines, output
        self.rows: list[dict[Offset, Any]] = [{} for _ in lines]

    def fetch(self, wanted: dict[tuple[int, Offset], None]) -> None:
        """Have f evaluated at these distances, all together. What lies outside the bounds is not evaluated."""
        with np.errstate(all="ignore"):  # x + t may overflow
            self._fetch(wanted)

    def _fetch(self, wanted: dict[tuple[int, Offset], None]) -> None:
        inside = []
        for line, t in wanted:
            if self.lines[line].allows(t.real):
                inside.append((line, t))
            else:
                self.rows[line][t] = None
        if not inside:
            return
        self.evaluator.progress.expect(self.evaluator.evaluations + 2 * len(inside))
        points = [self.lines[line].at(t) for line, t in inside]
        if isinstance(inside[0][1], complex):
            with silence:
                values = self.evaluator(points, are_complex=True)
        else:
            values = self.evaluator(points)
        for (line, t), value in zip(inside, values, strict=True):
            self.rows[line][t] = None if value is None else self._row(value, isinstance(t, complex))

    def _row(self, value: Any, is_complex: bool) -> Any:
        if self.output is None:
            self.output = Output.of_complex(value)
        if self.output is None:
            return None
        return self.output.complex_row(value) if is_complex else self.output.row(value)

    def run(self, tasks: list[Task]) -> None:
        """Until every task has its result."""
        live = [task for task in tasks if task.step()]
        while live:
            if self.evaluator.options.max_evaluations is not None:
                live = self._affordable(live)
            wanted: dict[tuple[int, Offset], None] = {}
            for task in live:
                known = self.rows[task.line]
                for t in task.wanted:
                    if t not in known:
                        wanted[task.line, t] = None
            real = {key: None for key in wanted if not isinstance(key[1], complex)}
            try:
                self.fetch({key: None for key in wanted if key not in real})
                self.fetch(real)
            except OutOfBudget:
                for task in live:
                    task.stop()
                return
            live = [task for task in live if self._hand_out(task)]

    @np.errstate(all="ignore")
    def _affordable(self, live: list[Task]) -> list[Task]:
        """The tasks whose next values max_evaluations allows; the others are stopped."""
        left, going_on = self.evaluator.left, []
        asked: set[tuple[int, Offset]] = set()
        for task in live:
            line, known = self.lines[task.line], self.rows[task.line]
            new = {(task.line, t) for t in task.wanted if t not in known and line.allows(t.real)} - asked
            if len(new) > left:
                task.stop()
                continue
            left -= len(new)
            asked |= new
            going_on.append(task)
        return going_on

    def _hand_out(self, task: Task) -> bool:
        rows, values, component = self.rows[task.line], task.values, task.component
        for t in task.wanted:
            row = rows[t]
            if row is None:
                values[t] = FAILED if isinstance(t, complex) else nan
            elif isinstance(t, complex):
                values[t] = complex(row[component])
            else:
                value = float(row[component])
                values[t] = value if -inf < value < inf else nan
        return task.step()
