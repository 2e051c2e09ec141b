"""Derivatives along lines, by the complex step where f lets it, by real differences elsewhere. Knows no public name.

`along` differentiates every number that f gives along every line: the functions of directions.py and gradients.py only
choose the lines and put the answers into shape.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from math import inf, isfinite, nan
from typing import Any

import numpy as np

from bibun.numerical.complex_step import certified, eta_for
from bibun.numerical.course import Start
from bibun.numerical.evaluation import Evaluator, OutOfBudget
from bibun.numerical.learning import learned
from bibun.numerical.lines import Line
from bibun.numerical.outputs import SHARE, Output
from bibun.numerical.samples import EPS, Samples
from bibun.numerical.search import BUDGET, LIMIT, USUAL, Result, search
from bibun.numerical.solving import Task, Values

MANY = 24  # lines: so many and more learn from the first few
PILOTS = 6
COMMON = 6  # lines that tell the noise of f together
FEWEST = 3  # evaluations of a complex step and its test
NOT_ANALYTIC = "not analytic: the complex step differs from real differences"
UNTESTED = "budget: max_evaluations leaves none to test the complex step"

Found = dict[tuple[int, int], Result]  # by line and component


class Lines:
    """The lines, what f gave on them so far, and its values at t = 0. `share`: of the evaluations that are left."""

    def __init__(self, evaluator: Evaluator, lines: Sequence[Line], name: str, share: float = 1.0) -> None:
        self.evaluator, self.lines, self.name, self.share = evaluator, lines, name, share
        self.values = Values(evaluator, lines)
        self._centers: dict[int, Any] = {}

    @property
    def output(self) -> Output:
        assert self.values.output is not None
        return self.values.output

    def limit(self, lines: int) -> int:
        """The evaluations that each of so many lines may still ask for."""
        if self.evaluator.options.max_evaluations is None:
            return LIMIT
        return min(LIMIT, 1 + int(self.share * max(0, self.evaluator.left)) // max(1, lines))  # 1 is f(x)

    def set_center(self, y: Any, lines: Sequence[int]) -> None:
        """f(x), the same for all of these lines."""
        if self.values.output is None or not self._centers:
            self.values.output = Output(self.name, y)
        with np.errstate(all="ignore"):  # of longdouble in float64
            row = self.output.row(y)
        for line in lines:
            self._centers[line] = row

    def take_centers(self, other: Lines, lines: Sequence[int] | None = None) -> None:
        """f at t = 0 as those lines of `other` know it: by default each from the one of its number."""
        self.values.output = other.values.output
        for i, line in enumerate(range(len(self.lines)) if lines is None else lines):
            if line in other._centers:
                self._centers[i] = other._centers[line]

    def center(self, line: int) -> Any:
        """f at t = 0 of this line."""
        if line not in self._centers:
            with np.errstate(all="ignore"):  # a direction may be infinite
                point = self.lines[line].at(0.0)
            self.set_center(self.evaluator.first(point), [line])
        row = self._centers[line]
        if row is None:
            raise ValueError(
                f"{self.name}: f does not give the same shapes at every point: {self.output.description} first"
            )
        return row

    def fetch_centers(self, lines: Sequence[int]) -> None:
        """f at t = 0 of these lines, all together. Where f raises, `center` will call it again and let that through."""
        missing = [line for line in lines if line not in self._centers]
        if missing and self.values.output is None:
            self.center(missing.pop(0))
        if len(missing) < 2 or self.evaluator.left < len(missing):
            return
        values = self.evaluator([self.lines[line].at(0.0) for line in missing])
        for line, value in zip(missing, values, strict=True):
            if value is not None:
                self.set_center(value, [line])

    def samples(self, line: int, component: int) -> Samples:
        """What is known along a line of one number of f."""
        at = self.lines[line]
        center = float(self.center(line)[component])
        return Samples(at.x, center, float(self.output.precisions[component]), at.mantissa, at.scale)


def along(
    lines: Lines,
    order: int,
    method: str,
    wanted: Sequence[tuple[int, int]] | None = None,
    start: Start = USUAL,
    *,
    together: bool = False,
) -> Found:
    """The derivative of component k along line i, for (i, k) in `wanted`, or for all. `together`: where there are many
    lines, the caller tests all of them by values of its own.
    """
    found: Found = {}
    if method != "real" and all(line.takes_complex for line in lines.lines):
        found = _if_real(lines, _complex(lines, order, method, wanted, start))
    count = len(lines.lines)
    if wanted is None:
        if lines.values.output is None and count:
            lines.center(0)
        wanted = [(i, k) for i in range(count) for k in range(lines.output.size if count else 0)]
    missing = [key for key in wanted if key not in found]
    used = sorted({line for line, _ in missing})
    if len(used) >= MANY and start is USUAL:
        first = set(used[len(used) // (2 * PILOTS) :: -(-len(used) // PILOTS)])
        pilots: list[Samples] = []
        thorough = [key for key in missing if key[0] in first]
        found.update(_real(lines, order, thorough, Start(thorough=True), len(used), pilots))
        start = replace(learned(pilots, order), together=together)
        missing = [key for key in missing if key[0] not in first]
    found.update(_real(lines, order, missing, start, len({line for line, _ in missing})))
    return _with_common_noise(found) if len(used) >= COMMON else found


def _if_real(lines: Lines, found: Found) -> Found:
    """What complex steps found; nothing where f(x) turns out to be complex: exp(1j * x) takes complex x as well."""
    before = lines.values.output
    if before is None or not lines.lines:
        return found
    doubtful = [i for i in range(len(lines.lines)) if not all(_certain(found.get((i, k))) for k in range(before.size))]
    if not doubtful or lines.evaluator.left < 1:
        return found
    lines.center(doubtful[0])
    return found if lines.output.like(before) else {}


def _certain(result: Result | None) -> bool:
    return result is not None and result.error < inf


def _with_common_noise(found: Found) -> Found:
    """f is the same along all lines, and so is its noise: where few samples made it small by chance, the error grows."""
    common: dict[int, list[float]] = {}
    for (_, component), result in found.items():
        if result.sigma:
            common.setdefault(component, []).append(result.sigma)
    middle = {component: sorted(sigmas)[len(sigmas) // 2] for component, sigmas in common.items()}
    return {
        key: replace(result, error=result.error * middle[key[1]] / result.sigma)
        if 0 < result.sigma < middle[key[1]]
        else result
        for key, result in found.items()
    }


def _real(
    lines: Lines,
    order: int,
    wanted: Sequence[tuple[int, int]],
    start: Start,
    among: int,
    taken: list[Samples] | None = None,
) -> Found:
    """By real differences, `among` so many lines that share the evaluations. The samples are left in `taken`."""
    found: Found = {}
    limit = lines.limit(among)
    lines.fetch_centers(sorted({line for line, _ in wanted}))
    tasks = []
    for line, component in wanted:
        try:
            samples = lines.samples(line, component)
        except OutOfBudget:
            found[line, component] = Result(nan, inf, BUDGET)
            continue
        reason = _not_finite(lines.lines[line], samples)
        if reason:
            found[line, component] = Result(nan, inf, reason)
            continue
        tasks.append(Task(line, component, samples.values, search(samples, order, limit, start), []))
        if taken is not None:
            taken.append(samples)
    lines.values.run(tasks)
    found.update({(task.line, task.component): task.result for task in tasks})
    return found


def _not_finite(line: Line, samples: Samples) -> str:
    if not (isfinite(line.x) and isfinite(line.scale)):
        return "not finite: x is nan or infinite"
    return "" if isfinite(samples.center) else f"not finite: f(x) is {samples.center}"


def _complex(lines: Lines, order: int, method: str, wanted: Sequence[tuple[int, int]] | None, start: Start) -> Found:
    """By the complex step: what passes its test; with method="complex" all, those that failed with error inf."""
    usable = [i for i, line in enumerate(lines.lines) if isfinite(line.x) and isfinite(line.scale)]
    if lines.evaluator.left <= FEWEST * len(usable):
        return {}
    with lines.evaluator.keeping_one():
        return _complex_steps(lines, order, method, wanted, start, usable)


def _complex_steps(
    lines: Lines,
    order: int,
    method: str,
    wanted: Sequence[tuple[int, int]] | None,
    start: Start,
    usable: Sequence[int],
) -> Found:
    values = lines.values
    first = {(i, complex(0.0, eta_for(lines.lines[i].scale))): None for i in usable}
    values.fetch(first)
    taken = [i for i, t in first if values.rows[i].get(t) is not None]
    if not taken or values.output is None:
        return {}
    if wanted is None:
        wanted = [(i, k) for i in taken for k in range(values.output.size)]
    complex_lines = set(taken)
    tasks = [_certified_task(lines, i, k, order, start) for i, k in wanted if i in complex_lines]
    values.run(tasks)
    found = {}
    for task in tasks:
        if task.result is not None:
            found[task.line, task.component] = task.result
        elif method == "complex":
            t = complex(0.0, eta_for(lines.lines[task.line].scale))
            value = values.rows[task.line][t][task.component].imag / t.imag if order == 1 else nan
            limited = order > 1 and lines.evaluator.options.max_evaluations is not None
            words = UNTESTED if limited or lines.evaluator.left < 2 else NOT_ANALYTIC
            found[task.line, task.component] = Result(float(value), inf, words)
    return found


def _certified_task(lines: Lines, i: int, k: int, order: int, start: Start) -> Task:
    line = lines.lines[i]
    known: dict[Any, Any] = {}
    limit = lines.limit(len(lines.lines))
    return Task(i, k, known, _by_complex_step(line, known, order, limit, start), [])


def _by_complex_step(
    line: Line, values: dict[Any, Any], order: int, limit: int, start: Start
) -> Generator[list[Any], None, Result | None]:
    """Order 1 by the complex step; higher ones by real differences of it, which lose one order less."""
    test = yield from certified(line.x, line.scale, values)
    if test is None:
        return None
    if order == 1:
        return Result(test.value, test.error, "rounding", EPS, test.step)
    precision = max(SHARE * EPS, test.error / max(abs(test.value), 1e-300))
    samples = Samples(line.x, test.value, precision, line.mantissa, line.scale)
    result = yield from search_imaginary(samples, values, eta_for(line.scale), order - 1, limit, start)
    return result if result.error <= 1e-3 * abs(result.value) or result.error == 0 else None


def search_imaginary(
    samples: Samples, known: dict[Any, Any], eta: float, order: int, limit: int, start: Start
) -> Generator[list[Any], None, Result]:
    """A search of the function Im f(x + t + i eta) / eta: asks for f at complex distances, which `known` then holds."""
    asks = search(samples, order, limit, start)
    try:
        while True:
            wanted = next(asks)
            missing = [t for t in wanted if t not in samples.values]
            try:
                yield [complex(t, eta) for t in missing]
            except OutOfBudget as spent:
                asks.throw(spent)  # the search ends with its result
            for t in missing:
                value = known[complex(t, eta)].imag / eta
                samples.values[t] = value if -inf < value < inf else nan
    except StopIteration as end:
        result: Result = end.value
        return result


def merge_axes(found: Found, up: Found, order: int, parts: list[tuple[int, int | None]]) -> None:
    """Compare f' along the real axis with that along the imaginary one. `parts`: the places of each number of f."""
    for i in sorted({line for line, _ in found}):
        for real, imaginary in parts:
            places = (real,) if imaginary is None else (real, imaginary)
            across = _joined([found[i, k] for k in places])
            along_up = _joined([up[i, k] for k in places]) / 1j**order
            bound = sum(found[i, k].error + up[i, k].error for k in places)
            difference = abs(across - along_up)
            unknown = [up[i, k].status for k in places if not up[i, k].error < inf]
            if unknown:
                status, difference = unknown[0], inf
            elif difference > bound:
                status = f"not analytic: {across:.6g} along the real axis, {along_up:.6g} along the imaginary one"
            else:
                continue
            for k in places:
                old = found[i, k]
                found[i, k] = Result(old.value, max(old.error, difference), status if old.error < inf else old.status)


def _joined(parts: list[Result]) -> complex:
    return complex(parts[0].value, parts[1].value if len(parts) > 1 else 0.0)


def summary(results: Sequence[Result], name: Callable[[int], str] = str) -> str:
    """The worst status first, each with how many entries it is true of and where the first of them is."""
    counts: dict[str, list[int]] = {}
    for i, result in enumerate(results):
        counts.setdefault(result.status.split(":")[0].split(" at level")[0], []).append(i)
    if len(results) == 1 or not counts:
        return results[0].status if results else "rounding: there are no entries"
    if len(counts) == 1 and results[0].status == "rounding":
        return "rounding"
    worst = sorted(counts.items(), key=lambda item: SEVERITY.index(item[0]) if item[0] in SEVERITY else 0)
    words = []
    for kind, entries in worst:
        first = max(entries, key=lambda i: _relative(results[i]))
        where = f", worst at {name(first)}" if kind != "rounding" else ""
        words.append(f"{results[first].status} ({len(entries)} of {len(results)} entries{where})")
    return "; ".join(words)


def _relative(result: Result) -> float:
    return result.error / abs(result.value) if result.value and np.isfinite(result.error) else result.error


SEVERITY = (
    "not finite", "jump", "unresolved", "not analytic", "kink", "budget", "boundary", "noise of the function", "rounding",
)  # fmt: skip
