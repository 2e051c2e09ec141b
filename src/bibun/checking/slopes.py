"""Numerical derivatives of a problem along a direction, and by one entry, with their bounds. bibun.numerical does the work.

The outputs are kept by their distance t, so that many rows of outputs, looked at later, cost no evaluation more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import Any

import numpy as np

from bibun.checking.outputs import Row
from bibun.checking.problem import Array, Problem
from bibun.numerical.samples import SMALLEST_SCALE

# t is counted from here: the numerical search starts at a fraction of its point, 2**-9, and goes no farther than 1/2.
START = 2.0**-5
START_SINGLE = 2.0**-2  # for functions of single precision, whose noise asks for wider steps
COMPLEX_ROUNDINGS = 1024.0  # what the worst of NumPy's complex functions, log1p, is off by where its result is small
MOST_KEPT = 2**20  # entries of outputs; of larger ones only the rows are kept
_DOUBLE = 1e-15  # the rounding unit of double precision, and of more, is below this


@dataclass(frozen=True, slots=True)
class Slope:
    """A numerical derivative of one row of the outputs. `unit`: the row's largest value beside the scale of the step.
    `slack`: a difference that is not held against anybody, because complex functions of NumPy's are less precise.
    """

    value: float
    error: float
    status: str
    unit: float
    slack: float = 0.0

    @property
    def kink(self) -> bool:
        return self.status.startswith("kink")

    @property
    def known(self) -> bool:
        return isfinite(self.value) and isfinite(self.error)

    def divided(self, factor: float) -> Slope:
        """The same along a direction that is so many times shorter."""
        size = abs(factor)
        return Slope(self.value / factor, self.error / size, self.status, self.unit / size, self.slack / size)


class Ray:
    """The outputs along one real parameter. `scale`: what is a large step. `rows`: what will be asked of the outputs."""

    def __init__(self, problem: Problem, start: float, scale: float, rows: Sequence[Row]) -> None:
        self.problem, self.start, self.scale, self.rows = problem, start, scale, rows
        self.reference = problem.reference  # the outputs at the start; none: not known yet
        self._seen: dict[Any, list[Array]] = {}
        self._numbers: dict[Any, Any] = {}  # in their place where the outputs are large
        self._large = sum(y.size for y in problem.outputs) > MOST_KEPT

    def values(self, t: Any) -> list[Array]:
        """The leaves at the parameter t."""
        raise NotImplementedError

    def number(self, row: Row, t: Any) -> Any:
        """The row at the parameter t; an earlier run is not repeated."""
        key = complex(t) if np.iscomplexobj(t) else float(t)
        if key == self.start and not isinstance(key, complex) and self.reference:
            return row.of(self.reference)
        if (id(row), key) in self._numbers:
            return self._numbers[id(row), key]
        if key in self._seen:
            return row.of(self._seen[key])
        outputs = self.problem.plain(self.values(key))
        if self._large:
            self._numbers |= {(id(each), key): each.of(outputs) for each in self.rows}
        else:
            self._seen[key] = outputs
        return row.of(outputs)

    def slope(self, row: Row, method: str = "auto") -> Slope:
        """The derivative of the row by the parameter."""
        from bibun import numerical

        size = row.size(self.problem.reference)
        single = all(np.finfo(y.dtype).eps > _DOUBLE for y in self.problem.reference)

        def number(t: Any) -> Any:
            nonlocal size
            value = self.number(row, t)
            if np.isfinite(value):
                size = max(size, abs(value))
            return np.float32(value) if single and not np.iscomplexobj(value) else value

        if method == "auto" and (_single(self.problem) or self._complex(row)):
            method = "real"
        found = numerical.derivative(number, self.start, method=method)
        value, error = float(found.value), float(found.error)
        if not isfinite(value):
            value = nan
        slack = COMPLEX_ROUNDINGS * float(np.finfo(float).eps) * abs(value) if method == "auto" else 0.0
        return Slope(value, error if error == error else inf, found.status, float(size) / self.scale, slack)

    def _complex(self, row: Row) -> bool:
        """A complex step needs real leaves and real outputs."""
        return any(leaf.complex for leaf in self.problem.leaves) or any(
            u is not None and u.dtype.kind == "c" for u in row.parts
        )


class Line(Ray):
    """x + t v. A direction of None is 0. `point`: the x, where it is not the problem's own."""

    def __init__(
        self, problem: Problem, direction: list[Array | None], rows: Sequence[Row], point: list[Array] | None = None
    ) -> None:
        super().__init__(problem, START_SINGLE if _single(problem) else START, 1.0, rows)
        self.direction, self.point = direction, point or problem.numerical_point
        if point:
            self.reference = []

    def values(self, t: Any) -> list[Array]:
        step = t - self.start
        return [x.copy() if v is None else _moved(x, step * v) for x, v in zip(self.point, self.direction, strict=True)]


class Entry(Ray):
    """One entry, or the real or imaginary part of one, as the parameter."""

    def __init__(
        self, problem: Problem, leaf: int, index: tuple[int, ...], rows: Sequence[Row], *, imaginary: bool
    ) -> None:
        x = problem.leaves[leaf].value[index]
        start = float(x.imag if imaginary else x.real)
        super().__init__(problem, start, max(abs(start), SMALLEST_SCALE), rows)
        self.leaf, self.index, self.imaginary, self.point = leaf, index, imaginary, problem.numerical_point

    def values(self, t: Any) -> list[Array]:
        found = [x.copy() for x in self.point]
        x = found[self.leaf]
        if isinstance(t, complex) and x.dtype.kind != "c":
            x = found[self.leaf] = x.astype(np.complex128)
        if x.dtype.kind == "c" and self.problem.leaves[self.leaf].complex:
            x[self.index] = complex(x[self.index].real, t) if self.imaginary else complex(t, x[self.index].imag)
        else:
            x[self.index] = t
        return found


def _single(problem: Problem) -> bool:
    """Whether the function computes in less than double precision, as far as its leaves and outputs tell."""
    return max(float(np.finfo(a.dtype).eps) for a in (*problem.numerical_point, *problem.reference)) > _DOUBLE


def _moved(x: Array, step: Array) -> Array:
    """x + step, added in full precision, in the dtype of x; complex for a complex step."""
    moved = x + step
    if moved.dtype != x.dtype and not (moved.dtype.kind == "c" and x.dtype.kind != "c"):
        moved = moved.astype(x.dtype)
    return np.asarray(moved)
