"""One pair of values that tests the derivatives by all entries together. Knows no public name.

Along many lines a search spares the value beside its levels, where a function in phase with them would show. The
derivative along a random direction, in which every entry has its part, is the sum of theirs, or one of them is wrong.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.numerical.beside import SHARE
from bibun.numerical.differentiation import Found, Lines
from bibun.numerical.lines import Direction, Point
from bibun.numerical.samples import EPS, SMALLEST_SCALE
from bibun.numerical.solving import Values

STEP = SHARE * 2.0**-16  # of the scale of each entry: beside all powers of two, and its square a rounding
SLACK = 1e-6  # of the parts: a derivative in phase is wrong by more than itself
ROUNDINGS = 64.0


def agree(lines: Lines, point: Point, found: Found, limits: tuple[Any, Any]) -> bool:
    """Whether f changes along a random direction as the derivatives by the entries say; True where nobody can tell."""
    if lines.evaluator.left < 2:
        return True
    rng = np.random.default_rng(20242)
    scales = np.array([max(line.scale, SMALLEST_SCALE) for line in lines.lines])
    v = scales * rng.uniform(0.5, 1.0, scales.size) * rng.choice([-1.0, 1.0], scales.size)
    pieces = np.split(v, point.starts[1:-1])
    shaped = [piece.reshape(leaf.shape) for piece, leaf in zip(pieces, point.leaves, strict=True)]
    line = Direction(point, shaped, limits)
    step = STEP * line.factor
    values = Values(lines.evaluator, [line], lines.output)
    values.fetch({(0, -step): None, (0, step): None})
    below, above = values.rows[0][-step], values.rows[0][step]
    if below is None or above is None:
        return True
    with np.errstate(all="ignore"):
        for k in range(lines.output.size):
            results = [found[i, k] for i in range(scales.size)]
            parts = v * np.array([result.value for result in results])
            errors = np.abs(v) * np.array([result.error for result in results])
            sigma = max(EPS, max(result.sigma for result in results))
            noise = ROUNDINGS * sigma * max(abs(below[k]), abs(above[k]))
            bound = STEP * (4 * errors.sum() + SLACK * np.abs(parts).sum()) + noise
            if abs((above[k] - below[k]) / 2 - STEP * parts.sum()) > bound:
                return False
    return True
