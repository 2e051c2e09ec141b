"""Calling f for an estimator: arguments, bounds, shapes, counting, and the units in which the rest computes.

Points and values are scaled by powers of two, which is exact, so that a variable of size 1e-150 or a function of size
1e200 is squared and raised to the eighth power elsewhere without harm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bibun.numerical.arguments import point_bounds
from bibun.numerical.estimators.axes import Array
from bibun.numerical.estimators.steps import Room
from bibun.numerical.evaluation import Evaluator, Options
from bibun.numerical.lines import Point
from bibun.numerical.outputs import Output
from bibun.numerical.samples import SMALLEST_SCALE

NEGLIGIBLE = 1e-30  # of the largest variable: a variable that small is 0
SMALLEST = 1e-290

Extra = tuple[tuple[Any, ...], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class WithArguments:
    """f(x, *positional, **named) as a function of x. Can be sent to another process if f can."""

    f: Callable[..., Any]
    positional: tuple[Any, ...]
    named: dict[str, Any]

    def __call__(self, x: Any) -> Any:
        return self.f(x, *self.positional, **self.named)


class Calls:
    """f, the point that it was last asked about, and how often it was called.

    unit    the size of each variable, a power of two, shape (n,);   scale    that of each number that f gives, (m,)
    """

    def __init__(self, name: str, f: Callable[..., Any], bounds: Any, scales: Any, options: Options) -> None:
        self.name, self.f, self.bounds, self.scales, self.options = name, f, bounds, scales, options
        self.evaluations = 0
        self.shape: tuple[int, ...] = ()
        self.value_shape: tuple[int, ...] = ()
        self.output: Output | None = None
        self.x = np.zeros(0)
        self.unit, self.scale = np.ones(0), np.ones(1)
        self.typical = 1.0
        self._visited = False
        self._limits = np.zeros((2, 0))
        self._extra: Extra = (), {}
        self._value: Array | None = None

    # ---- the point ---------------------------------------------------------------------------------

    def go(self, x: Any, extra: Extra) -> bool:
        """Go to x; False if that is where the last call was."""
        point = _real_array(self.name, x)
        if self._visited and point.shape != self.shape:
            raise ValueError(
                f"{self.name}: x has shape {point.shape}, but had {self.shape} before. What was learned holds for one "
                "function: make another estimator"
            )
        if self._visited and np.array_equal(point.ravel(), self.x) and _identical(extra, self._extra):
            return False
        if not self._visited:
            self._limits = np.array(point_bounds(self.name, self.bounds, Point(self.name, point)))
        self.shape, self.x, self._extra, self._value = point.shape, point.ravel(), extra, None
        self._visited = True
        low, high = self._limits
        outside = np.flatnonzero((self.x < low) | (self.x > high))
        if outside.size:
            i = int(outside[0])
            raise ValueError(
                f"{self.name}: entry {i} of x is {self.x[i]}, outside its bounds ({low[i]}, {high[i]}). Give the "
                "optimiser the same bounds"
            )
        return True

    @property
    def value_is_known(self) -> bool:
        return self._value is not None

    @property
    def value(self) -> Array:
        """f(x), in its units; nan where it gives nothing. At the first point f may raise, so that the caller sees why."""
        if self._value is None:
            if self.output is None:
                evaluator = self._evaluator()
                self.evaluations += 1
                self._value = self._first(evaluator.first(self.x.reshape(self.shape).copy()))
            else:
                row = self.at([self.x / self.unit])[0]
                self._value = np.full(self.output.size, np.nan) if row is None else row
        return self._value

    def remember(self, value: Array) -> None:
        """f(x) has been evaluated elsewhere."""
        self._value = value

    def _first(self, value: Any) -> Array:
        """Learn from the first result what f gives, and choose the units."""
        array = np.asarray(value)
        if array.dtype.kind == "c":
            raise TypeError(
                f"{self.name}: f gave complex numbers, but real ones are expected. Give real and imaginary parts"
            )
        self.value_shape, self.output = array.shape, Output(self.name, array)
        row = self.output.row(array)
        if row is None or array.dtype.kind == "O":
            raise TypeError(f"{self.name}: f gave {value!r}, not a number. Does f end with `return`?")
        self.scale = _power_of_two(np.abs(row))
        self.unit = _power_of_two(self._sizes())
        return row / self.scale

    def _sizes(self) -> Array:
        """How large each variable is taken to be: its value at the first point; that of the others if it is as good as 0."""
        if self.scales is not None:
            return self._given_sizes()
        sizes = np.where(np.isfinite(self.x), np.abs(self.x), 0.0)
        sizes = np.where(sizes > NEGLIGIBLE * np.max(sizes, initial=SMALLEST), sizes, 0.0)
        others = sizes[sizes > 0]
        self.typical = float(np.median(others)) if others.size else 1.0
        sizes = np.where(sizes == 0, self.typical, sizes)
        width = self._limits[1] - self._limits[0]
        finite = (width > 0) & np.isfinite(width)
        return np.where(finite, np.clip(sizes, width * 2.0**-20, width), sizes)

    def _given_sizes(self) -> Array:
        try:
            sizes = np.broadcast_to(np.asarray(self.scales, dtype=np.float64), self.shape).ravel()
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{self.name}: scales is {self.scales!r}, but a positive number for each entry of x of shape {self.shape} "
                "is expected, or one for all"
            ) from error
        if not np.all((sizes > 0) & np.isfinite(sizes)):
            raise ValueError(f"{self.name}: scales is {self.scales!r}, but positive and finite numbers are expected")
        self.typical = 0.0
        return sizes

    # ---- in units ----------------------------------------------------------------------------------

    @property
    def scaled_x(self) -> Array:
        return self.x / self.unit

    @property
    def reach(self) -> Array:
        """How far a variable that shows nothing may be taken, in units: the size of the others."""
        width = self._limits[1] - self._limits[0]
        return np.minimum(np.maximum(self.typical, SMALLEST_SCALE), np.where(width > 0, width, np.inf)) / self.unit

    @property
    def room(self) -> Room:
        """How far x is from its bounds, in units."""
        low, high = self._limits
        return Room((self.x - low) / self.unit, (high - self.x) / self.unit)

    def at(self, points: Sequence[Array]) -> list[Array | None]:
        """f at points in units, in its units; None where it gives nothing."""
        assert self.output is not None
        low, high = self._limits
        evaluator = self._evaluator()
        values = evaluator([np.clip(point * self.unit, low, high).reshape(self.shape) for point in points])
        self.evaluations += evaluator.evaluations
        return [self._row(value) for value in values]

    def _row(self, value: Any) -> Array | None:
        assert self.output is not None
        row = None if value is None else self.output.row(np.asarray(value))
        return row / self.scale if row is not None and row.size == self.output.size else None

    def _evaluator(self) -> Evaluator:
        return Evaluator(WithArguments(self.f, *self._extra) if any(self._extra) else self.f, self.options)


def _real_array(name: str, x: Any) -> Array:
    """A copy of x as float64."""
    try:
        array = np.array(x)
        if array.dtype.kind not in "fbiuO":
            raise TypeError(f"dtype {array.dtype}")
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{name}: x is {x!r}, but an array of real numbers is expected, as optimisers give it"
        ) from error


def _power_of_two(sizes: Array) -> Array:
    usable = np.isfinite(sizes) & (sizes > 0)
    return np.ldexp(1.0, np.where(usable, np.frexp(np.where(usable, sizes, 1.0))[1] - 1, 0))


def _identical(these: Extra, those: Extra) -> bool:
    """Whether f gets the same further arguments: the same objects, since comparing them may cost more than f."""
    return (
        len(these[0]) == len(those[0])
        and all(a is b for a, b in zip(these[0], those[0], strict=True))
        and these[1].keys() == those[1].keys()
        and all(these[1][name] is those[1][name] for name in these[1])
    )
