"""The objects that an optimiser calls: GradientEstimator and JacobianEstimator. Learns nothing itself: tracker.py does.

The literature: Moré and Wild, SIAM J. Sci. Comput. 33 (2011) 1292 and ACM TOMS 38 (2012) 19, on noise and steps; Gill,
Murray, Saunders and Wright, SIAM J. Sci. Stat. Comput. 4 (1983) 310, on a step for each variable; Shi, Xuan, Oztoprak
and Nocedal, Optim. Methods Softw. 38 (2023) 289, on noisy functions in quasi-Newton methods.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
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
        self._value_shape: tuple[int, ...] = ()
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
        if self._found is None:
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
        evaluator = Evaluator(_with_arguments(self.f, self._extra), self._options)
        values = evaluator([point.reshape(self._shape) for point in points])
        self.evaluations += evaluator.evaluations
        return [self._row(value) for value in values]

    def _row(self, value: Any) -> Array | None:
        assert self._output is not None
        row = None if value is None else self._output.row(np.asarray(value))
        return row if row is not None and row.size == self._output.size else None

    def _value(self) -> Array:
        """f(x), as it comes. At the first point f may raise, so that the caller sees why."""
        assert self._x is not None
        if self._center is None and self._output is None:
            evaluator = Evaluator(_with_arguments(self.f, self._extra), self._options)
            value = evaluator.first(self._x.reshape(self._shape).copy())
            self.evaluations += 1
            self._output = self._output_of(value)
            self._center = self._output.row(np.asarray(value))
        elif self._center is None:
            row = self._evaluate([self._x])[0]
            self._center = np.full(self._output_size, np.nan) if row is None else row
        assert self._center is not None
        return self._center

    @property
    def _output_size(self) -> int:
        return 1 if self._output is None else self._output.size

    def _output_of(self, value: Any) -> Output:
        array = np.asarray(value)
        self._value_shape = array.shape
        output = Output(self._name, array)
        if array.dtype.kind == "c":
            raise TypeError(
                f"{self._name}: f gave complex numbers, but real ones are expected. Give real and imaginary parts"
            )
        return output

    def _differentiate(self) -> Derivative:
        """The derivative at the point of the last visit, and what is told of it."""
        if self._found is None:
            assert self._x is not None
            self._found = (
                self._tracked(self._x) if np.all(np.isfinite(self._x)) else self._nothing("x is nan or infinite")
            )
            self.error = self._structured(BAR * np.sqrt(self._found.variance))
            self.steps = self._found.step.reshape(self._shape)
        return self._found

    def _tracked(self, x: Array) -> Derivative:
        assert self._limits is not None
        if self._tracker is None:
            self._value()  # what was seen at the first point may lie behind
        if self._center is not None and not np.all(np.isfinite(self._center)):
            return self._nothing("f(x) is not finite")
        low, high = self._limits
        room, probe = Room(x - low, high - x), Probe(self._evaluate, x, self._output_size, self._center)
        if self._tracker is None:
            assert self._output is not None
            self._tracker = Tracker(probe, self._output.precisions, room, self._random)
        found = self._tracker.differentiate(probe, room)
        self._center = probe.center if probe.center_is_known else None
        self._tell(found)
        return found

    def _nothing(self, reason: str) -> Derivative:
        assert self._x is not None
        self.status = f"not finite: {reason}"
        shape = self._output_size, self._x.size
        return Derivative(np.full(shape, np.nan), np.full(shape, np.inf), np.zeros(shape[1]), np.zeros(shape[1]))

    def _tell(self, found: Derivative) -> None:
        """noise and status."""
        assert self._tracker is not None
        noise, size = self._tracker.noise, self._tracker.size
        level = noise.level(size)
        self.noise = level.reshape(())[()] if level.size == 1 else level
        fine = np.all(level <= FINE * noise.rounding * np.maximum(np.abs(size), noise.range[0]))
        words = ["rounding" if fine else f"noise of the function at level {np.max(level):.1e}"]
        n = found.side.size
        missing = np.count_nonzero(~np.isfinite(found.value).all(axis=0))
        fixed = np.count_nonzero(found.step == 0) - missing
        sided = np.count_nonzero(found.side)
        if sided or fixed:
            fix = f"no room for {fixed}" if fixed else ""
            one = f"one-sided for {sided}" if sided else ""
            words.insert(0, f"boundary: {' and '.join(filter(None, (fix, one)))} of {n} variables")
        if missing:
            words.insert(0, f"not finite: f has no values beside x for {missing} of {n} variables")
        self.status = "; ".join(words)

    def _structured(self, rows: Array) -> Array:
        raise NotImplementedError


class GradientEstimator(_Estimator):
    """The gradient of f, for an optimiser, where f may be noisy: g[i] = df/dx[i] from two calls of f a variable.

        gradient = GradientEstimator(f)
        scipy.optimize.minimize(gradient.value, x0, jac=gradient, method="L-BFGS-B")

    f(x, *args) gives one real number; x is a float64 array of any shape, made anew for each call. At the first point
    the noise of f and a step for each variable are learned, in 6 to 8 calls a variable; later points take two, and a
    variable is learned again when what is known of it has gone out of date and that matters.

    gradient(x)                     the gradient, of x's shape
    gradient.value(x)               f(x), smoothed where noise could decide a comparison: see below
    gradient.value_and_gradient(x)  both, for minimize(..., jac=True)
    gradient.estimate               the last gradient as an Estimate
    gradient.error                  its error bar, of x's shape: three standard deviations; inf where nothing is known
    gradient.noise                  the standard deviation of f at the last point
    gradient.steps                  the steps taken there
    gradient.status                 what limits the error, in the words of Estimate
    gradient.evaluations            how often f was called, in all

    A line search compares values of f, and noise makes it stall long before the gradient is small. `value` gives f(x)
    as it is while values differ by much more than the noise. Where they do not it corrects f(x) by the integral of
    the gradient from the points before. Without noise nothing is changed but the last digits.

    bounds       (low, high), SciPy's Bounds, or a pair for each variable: f is never called outside of them. At a bound
                 the difference is one-sided
    vectorized   f takes points of shape (points,) + x.shape and gives as many numbers
    workers      an executor of concurrent.futures that evaluates the points of a gradient together
    seed         of the direction along which noise is measured

    The estimator is for one function and one thread. It can be pickled if f can, and a copy learns by itself.
    Raises TypeError if f does not give a real number; ValueError where x leaves the bounds or changes its shape. What f
    raises at the first point reaches the caller; at others, ArithmeticError, ValueError and their like mean that f has
    no value there.
    """

    _name = "GradientEstimator"

    def __init__(
        self, f: Callable[..., Any], *, bounds: Any = None, vectorized: bool = False, workers: Any = None, seed: int = 0
    ) -> None:
        super().__init__(f, bounds=bounds, vectorized=vectorized, workers=workers, seed=seed)
        self._path = Path()
        self._told: float | None = None  # the value at the last point, if it was asked for
        self._on_path = False

    def __call__(self, x: Any, *args: Any, **named: Any) -> Array:
        """The gradient at x."""
        self._visit(x, (args, named))
        return self._structured(self._differentiate().value).copy()

    def value(self, x: Any, *args: Any, **named: Any) -> float:
        """f(x), smoothed where noise could decide a comparison. The gradient at x is then at hand."""
        self._visit(x, (args, named))
        f = float(self._value()[0])
        if self._told is None:
            if np.isfinite(f) and self._path.near(f, self._variance_of(f)):
                self._differentiate()
            self._told = self._smoothed(f)
        return self._told

    def value_and_gradient(self, x: Any, *args: Any, **named: Any) -> tuple[float, Array]:
        """Both, for `minimize(gradient.value_and_gradient, x0, jac=True)`."""
        self._visit(x, (args, named))
        f = float(self._value()[0])
        found = self._differentiate()
        self._told = self._smoothed(f)
        return self._told, self._structured(found.value).copy()

    def _visit(self, x: Any, extra: tuple[tuple[Any, ...], dict[str, Any]]) -> bool:
        moved = super()._visit(x, extra)
        if moved:
            self._told, self._on_path = None, False
        return moved

    def _differentiate(self) -> Derivative:
        found = super()._differentiate()
        if self._told is not None:
            self._smoothed(self._told)
        return found

    def _variance_of(self, f: float) -> float:
        return 0.0 if self._tracker is None else float(self._tracker.noise.level(np.array([f]))[0] ** 2)

    def _smoothed(self, f: float) -> float:
        """What is told of f(x). Where the gradient is known, the point becomes one of the path."""
        if self._found is None or self._on_path or self._tracker is None or self._x is None:
            return f if self._told is None else self._told
        g, variance = self._found.value[0], self._found.variance[0]
        if not (np.isfinite(f) and np.all(np.isfinite(g))):
            return f
        self._on_path = True
        doubt = np.where(np.isfinite(variance), variance, 0.0)
        seen = float(self._value()[0])
        return self._path.add(self._x, seen, self._variance_of(seen), g, doubt, self._tracker.axes, self._told)

    def _output_of(self, value: Any) -> Output:
        output = super()._output_of(value)
        if not output.is_one_real_number:
            raise TypeError(
                f"{self._name}: f gave {output.description}, but one real number has a gradient. For a function of "
                "many numbers, as of least_squares, use JacobianEstimator"
            )
        return output

    def _structured(self, rows: Array) -> Array:
        return rows[0].reshape(self._shape)


class JacobianEstimator(_Estimator):
    """The Jacobian of f, for an optimiser, where f may be noisy: J[i..., j...] = dy[i...]/dx[j...], two calls a variable.

        scipy.optimize.least_squares(f, x0, jac=JacobianEstimator(f))

    f(x, *args) gives an array of real numbers, or a list of them; the Jacobian has shape y.shape + x.shape. Each of the
    numbers has its own noise; a variable has one step for all of them, which makes the sum of the squared errors of its
    column least. Attributes, options and errors are those of GradientEstimator, `error` of the shape of the Jacobian
    and `noise` of that of y, in one row.
    """

    _name = "JacobianEstimator"

    def __call__(self, x: Any, *args: Any, **named: Any) -> Array:
        """The Jacobian at x."""
        self._visit(x, (args, named))
        return self._structured(self._differentiate().value).copy()

    def _structured(self, rows: Array) -> Array:
        return rows.reshape(self._value_shape + self._shape)


@dataclass(frozen=True, slots=True)
class _WithArguments:
    """f(x, *positional, **named) as a function of x. Can be sent to another process if f can."""

    f: Callable[..., Any]
    positional: tuple[Any, ...]
    named: dict[str, Any]

    def __call__(self, x: Any) -> Any:
        return self.f(x, *self.positional, **self.named)


def _with_arguments(f: Callable[..., Any], extra: tuple[tuple[Any, ...], dict[str, Any]]) -> Callable[[Any], Any]:
    return _WithArguments(f, *extra) if any(extra) else f


def _identical(these: tuple[tuple[Any, ...], dict[str, Any]], those: tuple[tuple[Any, ...], dict[str, Any]]) -> bool:
    """Whether f gets the same further arguments: the same objects, since comparing them may cost more than f."""
    return (
        len(these[0]) == len(those[0])
        and all(a is b for a, b in zip(these[0], those[0], strict=True))
        and these[1].keys() == those[1].keys()
        and all(these[1][name] is those[1][name] for name in these[1])
    )
