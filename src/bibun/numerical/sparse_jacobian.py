"""A sparse Jacobian: columns that share no row are differentiated together, along the sum of their unit vectors.

Curtis, Powell and Reid 1974. coloring.py groups the columns, sparsity.py finds the pattern or proves a given one wrong;
here they meet the derivatives with error bars.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from bibun.numerical.coloring import decompress, groups
from bibun.numerical.differentiation import Lines, along, summary
from bibun.numerical.estimate import Estimate
from bibun.numerical.evaluation import Evaluator, OutOfBudget
from bibun.numerical.lines import Direction, Point
from bibun.numerical.samples import SMALLEST_SCALE
from bibun.numerical.search import Result
from bibun.numerical.sparsity import as_pattern, find_missing, find_pattern, random_direction, verify_pattern

Array = npt.NDArray[Any]
SEEDS = (1, 2)  # a disagreement must show along two directions
CHANCE = 1e-6  # of its row: a smaller one may be an error bar that was too small


def sparse_jacobian(
    evaluator: Evaluator, point: Point, method: str, sparsity: Any, limits: tuple[Array, Array]
) -> Estimate:
    """The value and the error as csr_array of shape (y.size, x.size)."""
    if point.is_complex:
        raise TypeError("jacobian: sparsity is for real x, but x is complex. Leave sparsity out")
    center = evaluator.first(point.copy())
    columns = _Columns(evaluator, point, method, limits, center)
    if any(imaginary is not None for _, imaginary in columns.output.parts):
        raise TypeError("jacobian: sparsity is for real y, but f gave complex numbers. Leave sparsity out")
    shape = (columns.size, point.size)
    pattern, note = as_pattern(sparsity, shape), ""
    found = pattern is None
    if found:
        try:
            search = find_pattern(columns.flat, point.leaves[0], bounds=columns.bounds)
        except OutOfBudget:
            raise ValueError(
                f"jacobian: max_evaluations is {evaluator.options.max_evaluations}, too few to find the pattern. Allow "
                "more, or pass the pattern as sparsity"
            ) from None
        pattern, note = search.matrix, f"; pattern: {pattern_words(search.matrix)}, {search.note}"
    colours = groups(pattern)
    value, error, results = columns.along_groups(colours)
    wrong = columns.wrong_rows(pattern, colours, value, error)
    if wrong.size and found:  # what the probes could not see: all columns by themselves
        colours = np.arange(point.size)
        pattern = as_pattern(np.ones(shape, bool), shape)
        value, error, results = columns.along_groups(colours)
        note = "; pattern: dense, as the one that was found missed entries"
    elif wrong.size:
        try:
            missing = find_missing(columns.flat, point.leaves[0], pattern, wrong, bounds=columns.bounds)
        except OutOfBudget:
            missing = np.zeros((0, 2), np.intp)
        where = ", ".join(f"({i}, {j})" for i, j in missing[:5]) or f"in rows {wrong[:5].tolist()}"
        raise ValueError(
            f"jacobian: the pattern given as sparsity lacks entries: {where}. "
            "Add them, or pass sparsity=True to have the pattern found"
        )
    status = summary(results, lambda i: f"output {i % shape[0]}, colour {i // shape[0]}") + note
    return Estimate(
        decompress(pattern, colours, value, columns.scales),
        decompress(pattern, colours, error, columns.scales),
        evaluator.evaluations,
        status,
    )


def pattern_words(pattern: Any) -> str:
    """How full a pattern is."""
    return f"{pattern.nnz} of {pattern.shape[0] * pattern.shape[1]} entries"


class _Columns:
    """Derivatives along groups of columns; column j moves by scales[j], a power of two of the size of x[j]."""

    def __init__(
        self, evaluator: Evaluator, point: Point, method: str, limits: tuple[Array, Array], center: Any
    ) -> None:
        self.evaluator, self.point, self.method, self.limits, self.center = evaluator, point, method, limits, center
        probe = Lines(evaluator, [], "jacobian")
        probe.set_center(center, [])
        self.output, self.size = probe.output, probe.output.size
        sizes = np.maximum(np.abs(point.leaves[0].ravel()).astype(float), SMALLEST_SCALE)
        self.scales = np.ldexp(0.5, np.frexp(np.where(np.isfinite(sizes), sizes, 1.0))[1])
        shape = point.leaves[0].shape
        self.bounds = None if not np.any(np.isfinite(limits)) else tuple(limit.reshape(shape) for limit in limits)

    @property
    def flat(self) -> Callable[[Array], Array]:
        """f for the probes: a row of numbers, nan where it has no value."""

        def probed(x: Array) -> Array:
            (value,) = self.evaluator([self.point.unflatten([x[()]])])
            row = None if value is None else self.output.row(value)
            return np.full(self.size, np.nan) if row is None else row

        return probed

    def _along(self, directions: list[Array]) -> tuple[Array, Array, list[Result]]:
        """Values and errors, shape (y.size, directions)."""
        shape = self.point.leaves[0].shape
        at = [Direction(self.point, [v.reshape(shape)], self.limits) for v in directions]
        lines = Lines(self.evaluator, at, "jacobian")
        lines.set_center(self.center, range(len(at)))
        everything = [(i, k) for i in range(len(at)) for k in range(self.size)]
        found = along(lines, 1, self.method, everything)
        results = [found[key] for key in everything]
        factors = np.repeat([line.factor for line in at], self.size)
        value = np.array([result.value for result in results]) * factors
        error = np.array([result.error for result in results]) * factors
        return value.reshape(len(at), self.size).T, error.reshape(len(at), self.size).T, results

    def along_groups(self, colours: Array) -> tuple[Array, Array, list[Result]]:
        """The compressed Jacobian: column k is the derivative along the columns of colour k."""
        count = int(colours.max(initial=-1)) + 1
        return self._along([np.where(colours == k, self.scales, 0.0) for k in range(count)])

    def wrong_rows(self, pattern: Any, colours: Array, value: Array, error: Array) -> Array:
        """The rows in which derivatives along random directions prove the pattern wrong."""
        wrong = np.zeros(0, np.intp)
        for seed in SEEDS:
            v = random_direction(self.point.size, self.scales, rng_seed=seed)
            slope, slope_error, _ = self._along([v])
            check = verify_pattern(pattern, colours, value, error, v, slope[:, 0], slope_error[:, 0], self.scales)
            wrong = check.wrong
            if not wrong.size or check.share > CHANCE:
                break
        return wrong
