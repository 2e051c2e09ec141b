"""Which real numbers of the outputs are compared: each of a few, random combinations of many. Knows no derivative.

A Row is a cotangent u: it stands for the number Re(sum u y). A reverse sweep from u gives its gradient, a forward
tangent dy its derivative Re(sum u dy), and the outputs at several points its numerical derivative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bibun.checking.directions import multipliers, power_of_two
from bibun.checking.problem import Array, Problem

EACH = 12  # up to this many real numbers in all outputs are compared one by one
COMBINATIONS = 2  # of each larger output
MOST_ROWS = 24


@dataclass(frozen=True, slots=True)
class Row:
    """A cotangent for each output, None for zero; `label` names the outputs it reads, "" the only number."""

    label: str
    parts: tuple[Array | None, ...]
    single: bool = False  # one real number of one output, by itself

    def of(self, outputs: list[Any]) -> Any:
        """Re(sum u y), in the precision of y. Complex for complex y of a real output: a complex step."""
        total: Any = None
        for u, y in zip(self.parts, outputs, strict=True):
            if u is None:
                continue
            term = np.sum(u * np.where(u != 0, y, 0))  # what is nan elsewhere is not read
            if u.dtype.kind == "c":
                term = term.real
            total = term if total is None else total + term
        return total

    def size(self, outputs: list[Array]) -> float:
        """sum |u| |y|: what the rounding of the row is to be measured by."""
        found = 0.0
        with np.errstate(all="ignore"):
            for u, y in zip(self.parts, outputs, strict=True):
                if u is not None:
                    found += float(np.sum(np.abs(u) * np.where((u != 0) & np.isfinite(y), np.abs(y), 0)))
        return found

    def cotangents(self, outputs: list[Array]) -> tuple[Array, ...]:
        """One for each output, of its dtype."""
        return tuple(
            np.zeros(y.shape, y.dtype)[()] if u is None else u.astype(y.dtype)[()]
            for u, y in zip(self.parts, outputs, strict=True)
        )

    def restricted(self, output: int, mask: Array) -> Row:
        """The entries of one output that the mask (flat) chooses."""
        parts: list[Array | None] = [None] * len(self.parts)
        u = self.parts[output]
        assert u is not None
        parts[output] = np.where(mask.reshape(u.shape), u, 0)
        return Row(self.label, tuple(parts))


def rows(problem: Problem, rng: np.random.Generator) -> list[Row]:
    """What is compared of the outputs of this problem; entries that are nan or infinite are left out."""
    outputs = problem.outputs
    count = sum(y.size * (2 if y.dtype.kind == "c" else 1) for y in outputs)
    if count <= EACH:
        return [row for i in range(len(outputs)) for row in _units(problem, i)]
    if COMBINATIONS * len(outputs) > MOST_ROWS:
        parts = [_combination(y, rng) for _ in range(COMBINATIONS) for y in outputs]
        step = len(outputs)
        return [
            Row(f"a random combination of all {step} outputs", tuple(parts[k * step : (k + 1) * step]))
            for k in range(COMBINATIONS)
        ]
    found = []
    for i, y in enumerate(outputs):
        if y.size <= COMBINATIONS and y.dtype.kind != "c":
            found += _units(problem, i)
        else:
            label = f"a random combination of {place(problem, i)}"
            found += [Row(label, _alone(problem, i, _combination(y, rng))) for _ in range(COMBINATIONS)]
    return [row for row in found if any(u is not None and np.any(u) for u in row.parts)]


def combined(problem: Problem, rng: np.random.Generator) -> Row:
    """One row of all outputs: the only number, or a random combination."""
    outputs = problem.outputs
    if len(outputs) == 1 and outputs[0].size == 1 and outputs[0].dtype.kind != "c":
        return Row("", (np.ones(outputs[0].shape),), single=True)
    return Row("a random combination of all outputs", tuple(_combination(y, rng) for y in outputs))


def place(problem: Problem, output: int) -> str:
    """How an output is named in a sentence."""
    y, path = problem.outputs[output], problem.paths[output]
    return f"output{path}" + (f" of shape {y.shape}" if y.shape else "")


def _alone(problem: Problem, output: int, u: Array) -> tuple[Array | None, ...]:
    parts: list[Array | None] = [None] * len(problem.outputs)
    parts[output] = u
    return tuple(parts)


def _units(problem: Problem, output: int) -> list[Row]:
    """A row for each finite real number in one output."""
    y, path = problem.outputs[output], problem.paths[output]
    complex_ = y.dtype.kind == "c"
    found = []
    for index in np.ndindex(y.shape):
        if not np.isfinite(y[index]):
            continue
        label = path + (f"[{', '.join(map(str, index))}]" if index else "")
        for unit, part in ((1, ".real"), (-1j, ".imag")) if complex_ else ((1, ""),):
            u = np.zeros(y.shape, y.dtype)
            u[index] = unit
            found.append(Row(label + part, _alone(problem, output, u), single=True))
    return found


def unit_row(problem: Problem, row: Row, output: int, at: int) -> Row:
    """One entry of an output by itself; of a complex one the part that weighs more in `row`."""
    y = problem.outputs[output]
    weight = row.parts[output]
    assert weight is not None
    index = np.unravel_index(at, y.shape)
    label = problem.paths[output] + (f"[{', '.join(str(int(k)) for k in index)}]" if index else "")
    u = np.zeros(y.shape, np.complex128 if y.dtype.kind == "c" else np.float64)
    if y.dtype.kind == "c":
        imaginary = abs(weight[index].imag) > abs(weight[index].real)
        u[index], label = (-1j, f"{label}.imag") if imaginary else (1, f"{label}.real")
    else:
        u[index] = 1
    return Row(label, _alone(problem, output, u), single=True)


def _combination(y: Array, rng: np.random.Generator) -> Array:
    """Random signs and magnitudes, so scaled that each entry of y counts for about as much as every other."""
    finite = np.isfinite(y)
    sizes = np.abs(np.where(finite, y, 0)).astype(float)
    typical = np.median(sizes[sizes > 0]) if np.any(sizes > 0) else 1.0
    scale = 1 / power_of_two(np.maximum(sizes, typical / 64))
    u = multipliers(rng, y.shape) * scale
    if y.dtype.kind == "c":
        return np.where(finite, u + 1j * multipliers(rng, y.shape) * scale, 0)
    return np.where(finite, u, 0)
