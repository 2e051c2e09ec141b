"""The objects that an optimiser calls: GradientEstimator and JacobianEstimator. Learns nothing itself: tracker.py does.

The literature: Moré and Wild, SIAM J. Sci. Comput. 33 (2011) 1292 and ACM TOMS 38 (2012) 19, on noise and steps; Gill,
Murray, Saunders and Wright, SIAM J. Sci. Stat. Comput. 4 (1983) 310, on a step for each variable; Shi, Xuan, Oztoprak
and Nocedal, Optim. Methods Softw. 38 (2023) 289, on noisy functions in quasi-Newton methods.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from typing import Any, Self

import numpy as np

from bibun.numerical.arguments import point_bounds
from bibun.numerical.estimate import Estimate
from bibun.numerical.estimators.axes import Array
from bibun.numerical.estimators.path import Path
from bibun.numerical.estimators.probe import Probe
from bibun.numerical.estimators.steps import Room
from bibun.numerical.estimators.tracker import Derivative, Tracker
from bibun.numerical.evaluation import Evaluator, Options
from bibun.numerical.lines import Point
from bibun.numerical.outputs import Output

BAR = 3.0  # standard deviations in an error bar
FINE = 100.0  # noise within so many roundings is called rounding


class _Estimator:
    """What both estimators share: calling f, remembering the last point, what is told of it."""

    _name = ""

    def __init__(
        self, f: Callable[..., Any], *, bounds: Any = None, vectorized: bool = False, workers: Any = None, seed: int = 0
    ) -> None:
        if not callable(f):
            raise TypeError(f"{self._name}: f is of type {type(f).__name__}, not a function. Write {self._name}(f)")
        self.f = f
        self.evaluations = 0
        self.error: Any = None
        self.noise: Any = None
        self.steps: Any = None
        self.status = "not called yet"
        self._options = Options(vectorized, workers, False, None)
        self._bounds, self._random = bounds, np.random.default_rng(seed)
        self._limits: tuple[Array, Array] | None = None
        self._output: Output | None = None
        self._tracker: Tracker | None = None
        self._shape: tuple[int, ...] = ()
        self._x: Array | None = None
        self._extra: tuple[tuple[Any, ...], dict[str, Any]] = (), {}
        self._center: Array | None = None
        self._found: Derivative | None = None

    def __copy__(self) -> Self:
        return deepcopy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        twin = object.__new__(type(self))
        for name, value in vars(self).items():
            setattr(twin, name, value if name in ("f", "_bounds", "_options") else deepcopy(value, memo))
        return twin

    @property
    def estimate(self) -> Estimate:
        """The last derivative, its error bar, all evaluations so far, and the status."""
        if self._found is None or self._output is None:
            raise ValueError(f"{self._name}: there is no estimate before the first call")
        return Estimate(self._structured(self._found.value), self.error, self.evaluations, self.status)

    def _visit(self, x: Any, extra: tuple[tuple[Any, ...], dict[str, Any]]) -> bool:
        """Go to x; False if that is where the last call was."""
        point = np.array(x, dtype=np.float64)
        same = self._x is not None and point.shape == self._shape and np.array_equal(point.ravel(), self._x)
        if same and _identical(extra, self._extra):
            return False
        if self._tracker is not None and point.shape != self._shape:
            raise ValueError(
                f"{self._name}: x has shape {point.shape}, but had {self._shape} before. What was learned holds for "
                "one function: make another estimator"
            )
        if self._limits is None:
            self._limits = point_bounds(self._name, self._bounds, Point(self._name, point))
        self._shape, self._x, self._extra = point.shape, point.ravel(), extra
        self._center = self._found = None
        low, high = self._limits
        outside = np.flatnonzero((self._x < low) | (self._x > high))
        if outside.size:
            i = int(outside[0])
            raise ValueError(
                f"{self._name}: entry {i} of x is {self._x[i]}, outside its bounds ({low[i]}, {high[i]}). Give the "
                "optimiser the same bounds"
            )
        return True

    def _evaluate(self, points: Sequence[Array]) -> list[Array | None]:
        output, evaluator = self._output, self._evaluator()
        assert output is not None
        values = evaluator([point.reshape(self._shape) for point in points])
        self.evaluations += evaluator.evaluations
        return [None if value is None else output.row(value) for value in values]

    def _evaluator(self) -> Evaluator:
        positional, named = self._extra
        return Evaluator(partial(self.f, *_after_x(positional), **named) if positional or named else self.f, self._options)
