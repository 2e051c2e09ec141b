"""Second derivatives: real differences of complex steps where f lets them through, else real differences twice.

Complex: d/dx_i of Im f(x + t e_i + i eta e_j) / eta, for j >= i. Real: along e_i, e_j and their sum,

    H_ij = (d2/dt2 f(x + t (e_i + s e_j)) - H_ii - s**2 H_jj) / 2 s

with s a power of two that makes the two parts alike.
"""

from __future__ import annotations

from math import frexp, inf, ldexp
from typing import Any

import numpy as np

from bibun.numerical.complex_step import eta_for
from bibun.numerical.complex_steps import by_complex_steps
from bibun.numerical.course import Start
from bibun.numerical.differentiation import Found, Lines, along, search_imaginary
from bibun.numerical.lines import Direction, Entry, Point, takes_complex_step
from bibun.numerical.outputs import SHARE
from bibun.numerical.samples import EPS, SMALLEST_SCALE, Samples
from bibun.numerical.search import Result
from bibun.numerical.solving import Task

USUAL = 2.0**-10  # of the scale of x: steps below are not those that a search begins with
LEVELS = 3  # of steps for a derivative of complex steps: they have no rounding to speak of


def second_derivatives(lines: Lines, point: Point, method: str, limits: tuple[Any, Any]) -> Found:
    """H[i, j] for j >= i."""
    n = point.size
    if n == 0:
        return {}
    if method != "real" and takes_complex_step(point.leaves[0].dtype):
        first = by_complex_steps(lines, point, method, limits)
        certain = bool(first) and all(result.error < inf for result in first.values())
        if certain and lines.values.output is not None and lines.output.is_one_real_number:
            return _of_complex_steps(lines, point, first, limits)
    lines.set_center(lines.evaluator.first(point.copy()), range(n))
    if not lines.output.is_one_real_number:
        raise ValueError(
            f"hessian: f gave {lines.output.description}, but one real number has a Hessian. Give that number, for "
            "example np.sum(y)"
        )
    return _of_values(lines, point, limits)


class _Pair(Entry):
    """x + t e_i + i eta e_j: entry i moves by real steps while the imaginary step of entry j is taken."""

    __slots__ = ("_j", "eta")

    def __init__(self, point: Point, i: int, j: int, bounds: tuple[float, float]) -> None:
        super().__init__(point, i, bounds)
        self._j = point.where(j)[1]
        self.eta = eta_for(float(abs(point.value(j))))

    def at(self, t: float | complex) -> Any:
        moved = np.asarray(super().at(t.real if isinstance(t, complex) else t)).astype(np.complex128)
        moved[self._j] += complex(0.0, self.eta)
        return moved[()]


def _of_complex_steps(lines: Lines, point: Point, first: Found, limits: tuple[Any, Any]) -> Found:
    low, high = limits
    pairs = [(i, j) for i in range(point.size) for j in range(i, point.size)]
    at = [_Pair(point, i, j, (float(low[i]), float(high[i]))) for i, j in pairs]
    everything = Lines(lines.evaluator, at, "hessian")
    everything.values.output = lines.output
    limit = everything.limit(len(pairs))

    def task(index: int, start: Start) -> Task:
        line, slope = at[index], first[pairs[index][1], 0]
        precision = max(SHARE * EPS, 0.25 * slope.error / max(abs(slope.value), 1e-300))
        samples = Samples(line.x, slope.value, min(precision, 1e-8), line.mantissa, line.scale)
        known: dict[Any, Any] = {}
        return Task(index, 0, known, search_imaginary(samples, known, line.eta, 1, limit, start), [])

    diagonal = {i: task(index, Start(LEVELS)) for index, (i, j) in enumerate(pairs) if i == j}
    everything.values.run(list(diagonal.values()))
    usual = {
        i: done.result.step >= USUAL * max(at[done.line].scale, SMALLEST_SCALE) for i, done in diagonal.items()
    }  # elsewhere f has structure that usual steps along this entry do not show, or are in phase with
    mixed = [task(index, Start(LEVELS, together=usual[i])) for index, (i, j) in enumerate(pairs) if i != j]
    everything.values.run(mixed)
    return {pairs[done.line]: done.result for done in (*diagonal.values(), *mixed)}


def _of_values(lines: Lines, point: Point, limits: tuple[Any, Any]) -> Found:
    n = point.size
    lines.share = 2.0 / (n + 1)  # n of the n (n + 1) / 2 lines
    diagonal = along(lines, 2, "real", [(i, 0) for i in range(n)])
    found: Found = {(i, i): diagonal[i, 0] for i in range(n)}
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    scales = [frexp(max(line.scale, SMALLEST_SCALE))[1] for line in lines.lines]
    directions, ratios = [], []
    for i, j in pairs:
        ratio = ldexp(1.0, scales[j] - scales[i])
        v = np.zeros(n)
        v[i], v[j] = 1.0, ratio
        directions.append(Direction(point, [v.reshape(point.leaves[0].shape)], limits))
        ratios.append(ratio)
    both = Lines(lines.evaluator, directions, "hessian")
    both.take_centers(lines, [0] * len(pairs))
    mixed = along(both, 2, "real", [(k, 0) for k in range(len(pairs))])
    for k, (i, j) in enumerate(pairs):
        found[i, j] = _polarised(mixed[k, 0], directions[k].factor, found[i, i], found[j, j], ratios[k])
    return found


def _polarised(along_both: Result, factor: float, first: Result, second: Result, ratio: float) -> Result:
    square = factor * factor
    value = (along_both.value * square - first.value - ratio * ratio * second.value) / (2 * ratio)
    error = (along_both.error * square + first.error + ratio * ratio * second.error) / (2 * ratio)
    worst = max((along_both, first, second), key=lambda r: r.error)
    return Result(value, error + EPS * abs(value), worst.status, worst.sigma, worst.step)
