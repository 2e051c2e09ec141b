"""A complex step for each entry of x, and one test of them all along a random direction. Knows no public name.

The test of complex_step.py is made once, for the derivative along a direction in which every entry has its part; and the
noise of that derivative tells the rounding of each.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bibun.numerical.complex_step import Asks, eta_for, met_by_f
from bibun.numerical.complex_step import Values as Known
from bibun.numerical.differentiation import NOT_ANALYTIC, UNTESTED, Found, Lines
from bibun.numerical.lines import Direction, Point
from bibun.numerical.samples import EPS, SMALLEST_SCALE
from bibun.numerical.search import Result
from bibun.numerical.solving import Task, Values

NOISE_STEPS = (2.0**-26, 2.0**-24)
NOISE_WEIGHT = 4.5
FEW = 5
TESTS = 6  # evaluations of a test of all complex steps


def by_complex_steps(lines: Lines, point: Point, method: str, limits: tuple[Any, Any]) -> Found:
    """A complex step for each entry, and one test of them all: f along a direction, real and complex."""
    etas = [eta_for(line.scale) for line in lines.lines]
    if not all(np.all(np.isfinite(leaf)) for leaf in point.leaves):
        return {}
    if lines.evaluator.left <= point.size + TESTS:
        return {}
    with lines.evaluator.keeping_one():
        return _complex_steps(lines, point, method, limits, etas)


def _complex_steps(lines: Lines, point: Point, method: str, limits: tuple[Any, Any], etas: list[float]) -> Found:
    values, entries = lines.values, range(point.size)
    values.fetch({(0, complex(0.0, etas[0])): None})
    first = values.rows[0].get(complex(0.0, etas[0]))
    if first is None or values.output is None:
        return {}
    values.fetch({(i, complex(0.0, etas[i])): None for i in entries if i})
    rows: list[Any] = [values.rows[i].get(complex(0.0, eta)) for i, eta in enumerate(etas)]
    if any(row is None for row in rows):
        return {}
    slopes = np.array([row.imag / eta for row, eta in zip(rows, etas, strict=True)])  # (entries, components)
    scales = np.array([line.scale for line in lines.lines])
    for smallest in (SMALLEST_SCALE, 0.0):  # entries near 0 may vary on a scale of 1, or on their own
        direction = _balanced(np.where(scales > smallest, scales, smallest or 1.0), slopes)
        tests = _test(lines, point, direction, slopes, np.asarray(first).real, limits)
        if np.all(scales > SMALLEST_SCALE) or None not in tests:
            break
    noise = _common(tests)
    found: Found = {}
    for k, test in enumerate(tests):
        for i in entries if test is not None or method == "complex" else ():
            slope = float(slopes[i, k])
            if test is None:
                words = UNTESTED if lines.evaluator.left < 2 else NOT_ANALYTIC
                found[i, k] = Result(slope, np.inf, words)
            else:
                share = max(test.noise, noise * test.part) / (abs(direction[i]) * point.size**0.5)
                error = 1.5 * EPS * abs(slope) + NOISE_WEIGHT * share
                found[i, k] = Result(slope, float(error), "rounding", EPS, test.step)
    return found


def _common(tests: list[Any]) -> float:
    """The noise of a derivative beside its size, for the numbers of f together: a single one may be small by chance."""
    shares = sorted(test.noise / test.part for test in tests if test is not None and test.part)
    return shares[len(shares) // 2] if len(shares) >= FEW else 0.0


def _balanced(scales: npt.NDArray[np.float64], slopes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A direction of random signs and powers of two in which every entry that matters has a like part.

    An entry whose complex step is 0 moves by all of its scale: f may have dropped its imaginary part.
    """
    parts = scales * np.linalg.norm(slopes, axis=1)
    present = parts[(parts > 0) & np.isfinite(parts)]
    typical = float(np.median(present)) if present.size else 1.0
    with np.errstate(all="ignore"):
        shrink = np.where(parts > typical, typical / parts, 1.0)
    exponents = np.frexp(scales * np.maximum(shrink, 2.0**-20))[1]
    signs = np.random.default_rng(20241).choice([-1.0, 1.0], size=len(scales))
    return np.asarray(np.ldexp(signs, exponents))


def _test(
    lines: Lines,
    point: Point,
    direction: npt.NDArray[np.float64],
    slopes: npt.NDArray[np.float64],
    center: Any,
    limits: tuple[Any, Any],
) -> list[Any]:
    """For each number that f gives, how the complex steps fare along the direction: a Test, or None."""
    pieces = np.split(direction, point.starts[1:-1])
    shaped = [piece.reshape(leaf.shape) for piece, leaf in zip(pieces, point.leaves, strict=True)]
    line = Direction(point, shaped, limits)
    values = Values(lines.evaluator, [line], lines.values.output)
    with np.errstate(all="ignore"):
        along_line = (direction / line.factor) @ slopes
        parts = np.linalg.norm((direction / line.factor)[:, None] * slopes, axis=0)
    tasks = []
    for k in range(slopes.shape[1]):
        known: dict[Any, Any] = {}
        tasks.append(
            Task(0, k, known, _tested(float(center[k]), float(along_line[k]), float(parts[k]), line.factor, known), [])
        )
    values.run(tasks)
    return [task.result and task.result.scaled(line.factor) for task in tasks]


class _Tested(NamedTuple):
    """Complex steps that passed: the noise of the derivative along the direction, the step, and what it is a sum of."""

    noise: float
    step: float
    part: float

    def scaled(self, factor: float) -> _Tested:
        """For a direction that is longer by this factor."""
        return _Tested(self.noise * factor, self.step, self.part * factor)


def _tested(center: float, slope: float, part: float, scale: float, known: Known) -> Asks:
    """The test of complex_step, and then the noise: f'(x - h) + f'(x + h) - 2 f'(x) at two steps whose square vanishes."""
    test = yield from met_by_f(center, slope, scale, known, part)
    if test is None:
        return None
    eta = eta_for(scale)
    noises = []
    for h in (scale * step for step in NOISE_STEPS):
        yield [complex(h, eta), complex(-h, eta)]
        both = 0.5 * (known[complex(h, eta)].imag / eta + known[complex(-h, eta)].imag / eta)
        noises.append(both - slope)
    noise = float(np.hypot(*noises)) / 2**0.5
    return _Tested(noise, test.step, part) if np.isfinite(noise) else None
