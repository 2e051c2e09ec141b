"""The objects that an optimiser calls: GradientEstimator and JacobianEstimator. Learns nothing itself: tracker.py does.

The literature: Moré and Wild, SIAM J. Sci. Comput. 33 (2011) 1292 and ACM TOMS 38 (2012) 19, on noise and steps; Gill,
Murray, Saunders and Wright, SIAM J. Sci. Stat. Comput. 4 (1983) 310, on a step for each variable; Shi, Xuan, Oztoprak
and Nocedal, Optim. Methods Softw. 38 (2023) 289, on noisy functions in quasi-Newton methods.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Self

import numpy as np

from bibun.numerical.estimate import Estimate
from bibun.numerical.estimators.axes import Array
from bibun.numerical.estimators.calls import Calls
from bibun.numerical.estimators.derivative import Derivative
from bibun.numerical.estimators.path import Path
from bibun.numerical.estimators.probe import Probe
from bibun.numerical.estimators.tracker import Tracker
from bibun.numerical.evaluation import Options

BAR = 3.0  # standard deviations in an error bar
FINE = 100.0  # noise within so many roundings is called rounding


class _Estimator:
    """What both estimators share: the derivative at the last point, and what is told of it."""

    _name = ""

    def __init__(
        self, f: Callable[..., Any], *, bounds: Any = None, scales: Any = None, vectorized: bool = False,
        workers: Any = None, seed: int = 0,
    ) -> None:  # fmt: skip
        if not callable(f):
            raise TypeError(f"{self._name}: f is of type {type(f).__name__}, not a function. Write {self._name}(f)")
        self.error: Any = None
        self.noise: Any = None
        self.steps: Any = None
        self.status = "not called yet"
        self._calls = Calls(self._name, f, bounds, scales, Options(vectorized, workers, False, None))
        self._random = np.random.default_rng(seed)
        self._tracker: Tracker | None = None
        self._found: Derivative | None = None

    def __copy__(self) -> Self:
        return deepcopy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        for shared in (self._calls.f, self._calls.bounds, self._calls.options):
            memo[id(shared)] = shared  # the function is the same, what is learned of it is not
        twin = object.__new__(type(self))
        for name, value in vars(self).items():
            setattr(twin, name, deepcopy(value, memo))
        return twin

    @property
    def evaluations(self) -> int:
        """How often f was called, in all."""
        return self._calls.evaluations

    @property
    def estimate(self) -> Estimate:
        """The last derivative, its error bar, all evaluations so far, and the status."""
        if self._found is None:
            raise ValueError(f"{self._name}: there is no estimate before the first call")
        return Estimate(self._structured(self._found.value), self.error, self.evaluations, self.status)

    def _go(self, x: Any, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        if self._calls.go(x, (args, named)):
            self._found = None

    def _differentiate(self) -> Derivative:
        """The derivative at the point of the last call, in units."""
        if self._found is None:
            self._found = self._tracked()
            self.error = self._structured(BAR * np.sqrt(self._found.variance))
            self.steps = (self._found.step * self._calls.unit).reshape(self._calls.shape)
        return self._found

    def _tracked(self) -> Derivative:
        calls = self._calls
        if self._tracker is None:
            calls.value  # noqa: B018  evaluates f: where it fails at the first point, the caller sees why
        if not np.all(np.isfinite(calls.x)):
            return self._nothing("x is nan or infinite")
        if calls.value_is_known and not np.all(np.isfinite(calls.value)):
            return self._nothing("f(x) is nan or infinite")
        probe = Probe(calls.at, calls.scaled_x, calls.scale.size, calls.value if calls.value_is_known else None)
        if self._tracker is None:
            assert calls.output is not None
            self._tracker = Tracker(probe, calls.output.precisions, calls.reach, self._random)
        found = self._tracker.differentiate(probe, calls.room)
        if probe.center_is_known:
            calls.remember(probe.center)
        self._tell(found)
        return found

    def _nothing(self, reason: str) -> Derivative:
        self.status = f"not finite: {reason}"
        return Derivative.unknown(self._calls.scale.size, self._calls.x.size)

    def _tell(self, found: Derivative) -> None:
        """noise and status."""
        assert self._tracker is not None
        noise, size = self._tracker.noise, self._tracker.size
        level = noise.level(size)
        fine = np.all(level <= FINE * noise.rounding * np.maximum(np.abs(size), noise.range[0]))
        level = level * self._calls.scale
        self.noise = level.reshape(())[()] if level.size == 1 else level.reshape(self._calls.value_shape)
        words = ["rounding" if fine else f"noise of the function at level {np.max(level):.1e}"]
        n = found.side.size
        missing = np.count_nonzero(~np.isfinite(found.value).all(axis=0))
        fixed = np.count_nonzero(found.step == 0) - missing
        sided = np.count_nonzero(found.side)
        if sided or fixed:
            parts = [f"one-sided for {sided}" if sided else "", f"no room for {fixed}" if fixed else ""]
            words.insert(0, f"boundary: {' and '.join(filter(None, parts))} of {n} variables")
        if np.any(found.kink):
            words.insert(0, f"kink: the slopes differ on the two sides of x for {found.kink.sum()} of {n} variables")
        if missing:
            words.insert(0, f"not finite: f has no values beside x for {missing} of {n} variables")
        self.status = "; ".join(words)

    def _structured(self, rows: Array) -> Array:
        """A derivative, or its error, in units, as the caller gets it: a new array."""
        calls = self._calls
        with np.errstate(over="ignore"):
            return (rows * calls.scale[:, None] / calls.unit).reshape(self._shape)

    @property
    def _shape(self) -> tuple[int, ...]:
        raise NotImplementedError


class GradientEstimator(_Estimator):
    """The gradient of f, for an optimiser, where f may be noisy: g[i] = df/dx[i] from two calls of f a variable.

        gradient = GradientEstimator(f)
        scipy.optimize.minimize(gradient.value, x0, jac=gradient, method="L-BFGS-B")

    f(x, *args) gives one real number; x is a float64 array of any shape, made anew for each call. At the first point
    the noise of f and a step for each variable are learned, in 6 calls a variable or a few more; later points take two, and a
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
    scales       how large each variable is, one positive number for each or one for all, where the first point does not
                 tell: for variables that start at 0 and differ by orders of magnitude
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
        self, f: Callable[..., Any], *, bounds: Any = None, scales: Any = None, vectorized: bool = False,
        workers: Any = None, seed: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(f, bounds=bounds, scales=scales, vectorized=vectorized, workers=workers, seed=seed)
        self._path = Path()
        self._told: float | None = None  # the value at the last point in units, if it was asked for
        self._on_path = False

    def __call__(self, x: Any, *args: Any, **named: Any) -> Array:
        """The gradient at x."""
        self._go(x, args, named)
        return self._structured(self._differentiate().value)

    def value(self, x: Any, *args: Any, **named: Any) -> float:
        """f(x), smoothed where noise could decide a comparison. The gradient at x is then at hand."""
        self._go(x, args, named)
        if self._told is None:
            f = self._seen()
            if np.isfinite(f) and self._path.near(f, self._variance_of(f)):
                self._differentiate()
            self._told = self._smoothed(f)
        return float(self._told * self._calls.scale[0])

    def value_and_gradient(self, x: Any, *args: Any, **named: Any) -> tuple[float, Array]:
        """Both, for `minimize(gradient.value_and_gradient, x0, jac=True)`."""
        self._go(x, args, named)
        f = self._seen()
        found = self._differentiate()
        self._told = self._smoothed(f)
        return float(self._told * self._calls.scale[0]), self._structured(found.value)

    def _go(self, x: Any, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        if self._calls.go(x, (args, named)):
            self._found = self._told = None
            self._on_path = False

    def _seen(self) -> float:
        """f(x) as it comes, in units."""
        value = self._calls.value
        if value.size != 1:
            raise TypeError(
                f"{self._name}: f gave shape {self._calls.value_shape}, but one real number has a gradient. For a "
                "function of many numbers, as of least_squares, use JacobianEstimator"
            )
        return float(value[0])

    def _differentiate(self) -> Derivative:
        if self._tracker is None:
            self._seen()
        found = super()._differentiate()
        if self._told is not None:
            self._smoothed(self._told)
        return found

    def _variance_of(self, f: float) -> float:
        return 0.0 if self._tracker is None else float(self._tracker.noise.level(np.array([f]))[0] ** 2)

    def _smoothed(self, f: float) -> float:
        """What is told of f(x). Where the gradient is known, the point becomes one of the path."""
        if self._found is None or self._on_path or self._tracker is None:
            return f if self._told is None else self._told
        g, variance = self._found.value[0], self._found.variance[0]
        if not (np.isfinite(f) and np.all(np.isfinite(g))):
            return f
        self._on_path = True
        doubt, seen = np.where(np.isfinite(variance), variance, 0.0), self._seen()
        x, axes = self._calls.scaled_x, self._tracker.axes
        return self._path.add(x, seen, self._variance_of(seen), g, doubt, axes, self._told)

    @property
    def _shape(self) -> tuple[int, ...]:
        return self._calls.shape


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
        self._go(x, args, named)
        return self._structured(self._differentiate().value)

    @property
    def _shape(self) -> tuple[int, ...]:
        return self._calls.value_shape + self._calls.shape
