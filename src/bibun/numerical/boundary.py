"""x on the boundary of the domain: differences to one side. Asks for values of f, calls nothing."""

from __future__ import annotations

from collections.abc import Generator
from math import frexp, inf, ldexp, nan, sqrt
from typing import TYPE_CHECKING

from bibun.numerical.extrapolation import Table
from bibun.numerical.samples import Samples
from bibun.numerical.window import NOISE_WEIGHT, PRIOR_WEIGHT, SMALL_SAMPLE, TRUNCATION_WEIGHT

if TYPE_CHECKING:
    from bibun.numerical.search import Result


def one_sided(samples: Samples, order: int, side: int = 0) -> Generator[list[float], None, Result]:
    from bibun.numerical.search import EPS, SMALLEST_SCALE, Result
    side = side or _side(samples)
    if side == 0 or order > 1:
        return Result(nan, inf, "boundary: f has no finite values on either side")
    top = frexp(max(samples.scale, SMALLEST_SCALE))[1] - 4
    best = None
    for _ in range(5):
        best = None
        table = Table(2)
        steps: list[float] = []
        size = abs(samples.center)
        for exponent in range(top, top - 16, -1):
            step = side * ldexp(1.0, exponent)
            if step not in samples.values:
                yield [step]
            value = samples.values[step]
            if value != value:
                table = Table(2); steps = []
                continue
            steps.append(abs(step))
            if len(steps) == 1:
                size = max(size, abs(value))
            table.append((value - samples.center) / step)
            n = len(steps)
            if n < 6:
                continue
            prior = samples.precision * size
            total = 0.0; taken = 0
            for j in range(max(2, n - 3), n):
                found = abs(table.rows[j][table.best[j]] - table.rows[j - 1][table.best[j - 1]])
                truncation = table.truncations[j][table.best[j]] + table.bounds[j - 1][max(1, table.best[j - 1])]
                if truncation <= 0.5 * max(found, 12 * prior / steps[j]):
                    total += (max(found - truncation, 0) * steps[j] / 6) ** 2
                    taken += 1
            if not taken or total / taken < 9 * prior * prior:
                sigma = sqrt((PRIOR_WEIGHT * prior * prior + total) / (PRIOR_WEIGHT + taken))
            else:
                sigma = sqrt(total / taken) * SMALL_SAMPLE[taken]
            noises = [sigma * 6.0 / step for step in steps]
            errors = [TRUNCATION_WEIGHT * t[b] + NOISE_WEIGHT * q for t, b, q in zip(table.truncations, table.best, noises)]
            j = errors.index(min(errors))
            best = (table.rows[j][table.best[j]], errors[j], steps[j], sigma)
            if best[1] <= 1e-13 * abs(best[0]):
                break
            if noises[-1] > table.truncations[-1][table.best[-1]] or samples.evaluations > 70:
                break
        if best is not None and (best[1] < 0.05 * max(abs(best[0]), 1e-300) or samples.evaluations > 60):
            break
        top -= 10
    if best is None:
        return Result(nan, inf, "boundary: f has no finite values on either side")
    return Result(best[0], best[1] + 0.5 * EPS * abs(best[0]), "boundary: one-sided", best[3], best[2])


def _side(samples: Samples) -> int:
    for step in sorted((t for t in samples.values if t > 0)):
        above, below = samples.values[step], samples.values.get(-step, nan)
        if above == above and below != below:
            return 1
        if below == below and above != above:
            return -1
    return 0
