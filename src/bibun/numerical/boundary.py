"""x on the boundary of the domain: differences to one side. Asks for values of f, calls nothing.

The quotient of order k is k! times Newton's divided difference of f(x), f(x + h), f(x + 2h), ..., f(x + 2**(k-1) h). It
has every power of h in its error, so the table removes one power a column, and needs more levels than a symmetric one.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import cache
from itertools import pairwise
from math import factorial, frexp, inf, isfinite, ldexp, nan, sqrt
from typing import NamedTuple

from bibun.numerical.extrapolation import Table
from bibun.numerical.samples import EPS, SMALLEST_SCALE, Samples, scaled
from bibun.numerical.window import TRUNCATION_WEIGHT

TARGET = 1e-13
NOISE_WEIGHT = 4.0
EXTRAPOLATED = 4.2  # the standard deviation of an extrapolated quotient in units of that of the quotient; measured
FEWEST, MOST = 6, 16  # levels
WINDOWS = 5
DOWN = 10  # octaves to the next window, where one does not converge
CONVERGED = 0.05
UNDERESTIMATED = 1.5  # the middle one of three normal deviates, to one standard deviation


class OneSided(NamedTuple):
    """A derivative from one side of x, and the bound of its error."""

    value: float
    error: float
    sigma: float
    step: float
    side: int

    @property
    def status(self) -> str:
        if self.side == 0:
            return "boundary: f has no finite values on either side of x"
        return f"boundary: f has finite values on the {'right' if self.side > 0 else 'left'} of x only"


NOTHING = OneSided(nan, inf, 0.0, 0.0, 0)


def one_sided(samples: Samples, order: int, side: int = 0, limit: int = 70) -> Generator[list[float], None, OneSided]:
    """The derivative of this order from the side that has values, or from `side`."""
    side = side or _side(samples)
    if side == 0:
        return NOTHING
    top = frexp(max(samples.scale, SMALLEST_SCALE))[1] - 4
    best = NOTHING._replace(side=side)
    for _ in range(WINDOWS):
        found = yield from _window(samples, order, side, top, limit)
        if found.error < best.error or not isfinite(best.value):
            best = found
        if found.error < CONVERGED * max(abs(found.value), _varies(samples, order)) or samples.evaluations >= limit:
            break
        top -= DOWN
    return best


def _varies(samples: Samples, order: int) -> float:
    """What a derivative of this order would be of use for: the change of f over the widest step, beside that step."""
    widest = max((abs(t) for t, value in samples.values.items() if t and value == value), default=inf)
    changes = (
        abs(value - samples.center) for t, value in samples.values.items() if abs(t) == widest and value == value
    )
    return max(changes, default=0.0) / widest**order


def _side(samples: Samples) -> int:
    """The side on which f has values, by the smallest step that was tried."""
    for step in sorted(t for t in samples.values if t > 0 and -t in samples.values):
        above, below = samples.values[step], samples.values[-step]
        if above == above and below != below:
            return 1
        if below == below and above != above:
            return -1
    return 0


def _window(samples: Samples, order: int, side: int, top: int, limit: int) -> Generator[list[float], None, OneSided]:
    """From levels 2**top, 2**(top - 1), ... until nothing is gained; quotients in units of 2**top."""
    table, best = Table(2), NOTHING._replace(side=side)
    nodes: list[float] = []  # the values, with those of the wider levels before them
    sizes = abs(samples.center)
    for exponent in range(top, max(top - MOST, samples.floor - 1), -1):
        step = side * ldexp(1.0, exponent)
        if step not in samples.values:
            yield [step]
        value = samples.values[step]
        if value != value:
            if nodes:
                break  # a hole beside x: nothing below it is looked at
            top -= 1
            continue
        nodes.append(value)
        sizes = max(sizes, abs(value)) if len(nodes) == 1 else sizes
        if len(nodes) < order:
            continue
        table.append(_quotient(samples.center, nodes, order))
        if len(table.rows) < FEWEST and samples.evaluations < limit:
            continue
        best, settled = _answer(samples, table, order, side, top, sizes)
        if settled or samples.evaluations >= limit:
            break
    return best


def _quotient(center: float, nodes: list[float], order: int) -> float:
    """k! f[x, x + h, ..., x + 2**(k-1) h] with h = 2**(1-n) for the n-th value."""
    last = len(nodes) - 1
    values = [center] + [nodes[last - i] for i in range(order)]
    unit = 2.0 ** (-last)
    steps = [0.0] + [unit * 2.0**i for i in range(order)]
    for m in range(1, order + 1):
        values = [(values[i + 1] - values[i]) / (steps[i + m] - steps[i]) for i in range(len(values) - 1)]
    return values[0] * factorial(order)


@cache
def _amplification(order: int) -> float:
    """The standard deviation of the quotient at step 1 for values of standard deviation 1."""
    steps = [0.0] + [2.0**i for i in range(order)]
    total = 0.0
    for i, step in enumerate(steps):
        weight = 1.0
        for j, other in enumerate(steps):
            if j != i:
                weight /= step - other
        total += weight * weight
    return sqrt(total) * factorial(order)


def _answer(samples: Samples, table: Table, order: int, side: int, top: int, size: float) -> tuple[OneSided, bool]:
    """The entry of the least error, and whether more levels are of no use."""
    rows = len(table.rows)
    unit = _amplification(order) * EXTRAPOLATED
    grows = [2.0 ** ((i + order - 1) * order) for i in range(rows)]  # a quotient's noise, at steps that shrink
    sigma = _sigma(samples.precision * size, table, unit, grows)
    noises = [sigma * unit * grow for grow in grows]
    truncations = [row[column] for row, column in zip(table.truncations, table.best, strict=True)]
    errors = [TRUNCATION_WEIGHT * t + NOISE_WEIGHT * n for t, n in zip(truncations, noises, strict=True)]
    j = errors.index(min(errors[len(errors) // 2 :]), len(errors) // 2)  # the first rows may agree by accident
    quotient, error = table.rows[j][table.best[j]], errors[j]
    if _drifts(table, samples.precision * size * unit * grows[-1]):
        error = inf
    value = scaled(quotient, -top * order)
    bound = scaled(error, -top * order) + 0.5 * EPS * abs(value)
    step = ldexp(1.0, top - j - order + 1)
    signed = value if side > 0 or order % 2 == 0 else -value
    relative = sigma / size if size else 0.0
    settled = error <= TARGET * abs(quotient) or noises[-1] > truncations[-1]
    return OneSided(signed, bound, relative, step, side), settled


def _sigma(prior: float, table: Table, unit: float, grows: list[float]) -> float:
    """The noise of f: the prior, or the middle one of how far the last levels differ beyond their truncation.

    A truncation that is too small by accident makes one of them large; noise makes all of them so.
    """
    seen = []
    for j in range(max(2, len(grows) - 3), len(grows)):
        a, b = table.best[j], table.best[j - 1]
        found = abs(table.rows[j][a] - table.rows[j - 1][b])
        truncation = table.bounds[j][max(1, a)] + table.bounds[j - 1][max(1, b)]
        seen.append(max(found - truncation, 0.0) / (unit * grows[j]))
    middle = sorted(seen)[len(seen) // 2] if len(seen) == 3 else 0.0
    return max(prior, UNDERESTIMATED * middle)


def _drifts(table: Table, noise: float) -> bool:
    """Whether the quotients go on to change as much from level to level: x log x at 0, the square root."""
    values = [row[column] for row, column in zip(table.rows, table.best, strict=True)][-4:]
    changes = [abs(a - b) for a, b in pairwise(values)]
    return len(changes) == 3 and min(changes) > 8 * noise and changes[2] > 0.6 * changes[1] > 0.36 * changes[0]
