"""derivative and directional: of functions of one number, and along a direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bibun.numerical.arguments import check_order, options_of, point_bounds
from bibun.numerical.differentiation import Lines, along, merge_axes, summary
from bibun.numerical.estimate import Estimate
from bibun.numerical.evaluation import Evaluator
from bibun.numerical.lines import Direction, Number, Point
from bibun.numerical.quick import quick
from bibun.numerical.search import Result

Function = Callable[[Any], Any]


def derivative(
    f: Function,
    x: Any,
    order: int = 1,
    method: str = "auto",
    *,
    vectorized: bool = False,
    bounds: Any = None,
    workers: Any = None,
    progress: bool | None = None,
    max_evaluations: int | None = None,
) -> Estimate:
    """d^order f / dx^order of a function of one number, at x or at each entry of x, with a bound on its error.

    f is called with one number at a time, of x's dtype, and gives a number, an array or containers of them; with
    `vectorized=True` with an array of n numbers, and gives results with a first axis of n. The value has the shape
    of x, then that of f of a number: each leaf of f's containers has shape x.shape + leaf.shape. For containers of
    arrays the value has them, too.

    method  "real"     symmetric differences at steps that are powers of two, extrapolated; any function of real numbers
            "complex"  Im f(x + i eta) / eta, exact to rounding, for an f that is analytic as written; where a test
                       says that it is not, the error is inf
            "auto"     the complex step where it passes the test (3 evaluations), else "real"
    bounds  (low, high), each a number, an array or containers like x, or None; SciPy's Bounds; or a list of pairs: f is
            never evaluated outside, and at a bound the derivative is one-sided
    workers an executor (concurrent.futures, dask.distributed's get_executor()) whose `map` calls f
    progress  a progress bar: always, never, or (None) in a terminal past two seconds
    max_evaluations  f is not called more often than this

    A complex x gives the derivative of an analytic function, dy/dx = lim (f(x+h) - f(x)) / h along the real axis; the
    imaginary axis is tried as well, and where it disagrees the status is "not analytic".

    Raises TypeError if x holds no numbers or f gives none, ValueError for a bad option; what f raises at x itself
    passes through. See Estimate for the meaning of the result.
    """
    calls = 0
    usual = workers is None and bounds is None and max_evaluations is None
    if usual and not vectorized and not progress and method in ("auto", "real"):
        estimate, calls = quick(f, x, order, method)
        if estimate is not None:
            return estimate
    options = options_of("derivative", f, method, vectorized, workers, progress, max_evaluations)
    order = check_order("derivative", order)
    point = Point("derivative", x)
    low, high = point_bounds("derivative", bounds, point)
    entries = [point.value(i) for i in range(point.size)]
    limits = [(low[i], high[i]) for i in range(point.size)]
    with (evaluator := Evaluator(f, options)).progress:
        evaluator.evaluations = calls
        at = [Number(entry, limit) for entry, limit in zip(entries, limits, strict=True)]
        lines = Lines(evaluator, at, "derivative", 0.5 if point.is_complex else 1.0)
        found = along(lines, order, method)
        if point.is_complex:
            lines_up = Lines(evaluator, [Number(entry, unit=1j) for entry in entries], "derivative")
            lines_up.take_centers(lines)
            up = along(lines_up, order, "real")
            merge_axes(found, up, order, lines.output.parts if point.size else [])
    if point.size == 0:
        value, error = point.structure(np.zeros(0)), point.structure(np.zeros(0))
        return Estimate(value, error, evaluator.evaluations, "rounding: x has no entries")
    return _shaped(point, lines, found, evaluator, order, entries)


def _shaped(
    point: Point, lines: Lines, found: dict[Any, Result], evaluator: Evaluator, order: int, entries: list[Any]
) -> Estimate:
    size = lines.output.size
    results = [found[i, k] for i in range(point.size) for k in range(size)]
    rows = np.array([r.value for r in results]).reshape(point.size, size)
    errors = np.array([r.error for r in results]).reshape(point.size, size)
    value = point.containers(rows, lambda part, shape: lines.output.structure(part, shape, lead_first=True))
    error = point.containers(errors, lambda part, shape: lines.output.errors(part, shape, lead_first=True))
    if type(value) is np.float64 and type(error) is np.float64:
        value, error = float(value), float(error)  # one plain number, as quick() gives it

    def name(i: int) -> str:
        return f"x = {entries[i // size]}"

    return Estimate(
        value,
        error,
        evaluator.evaluations,
        summary(results, name),
        (evaluator.f, lines.lines[0], order, results[0].step),
    )


def directional(
    f: Function,
    x: Any,
    direction: Any,
    order: int = 1,
    method: str = "auto",
    *,
    vectorized: bool = False,
    bounds: Any = None,
    workers: Any = None,
    progress: bool | None = None,
    max_evaluations: int | None = None,
) -> Estimate:
    """d^order/dt^order f(x + t v) at t = 0, v = `direction`, in about 3 evaluations (auto) or 12 (real), for any size of x.

    x and v are arrays or containers of the same make; f takes x and gives a number, an array or containers, and so is
    the value. Options and errors are those of `derivative`.
    """
    options = options_of("directional", f, method, vectorized, workers, progress, max_evaluations)
    order = check_order("directional", order)
    point, along_v = Point("directional", x), _direction(x, direction)
    if point.described != along_v.described:
        raise ValueError(
            f"directional: x is {point.described}, but the direction {along_v.described}; they must be alike"
        )
    limits = point_bounds("directional", bounds, point) if bounds is not None else None
    with (evaluator := Evaluator(f, options)).progress:
        line = Direction(point, along_v.leaves, limits)
        lines = Lines(evaluator, [line], "directional")
        found = along(lines, order, method)
    size = lines.output.size
    results = [found[0, k] for k in range(size)]
    values, errors = np.array([r.value for r in results]), np.array([r.error for r in results])
    with np.errstate(all="ignore"):  # a long direction, and the derivative may overflow
        for _ in range(order):
            values, errors = values * line.factor, errors * line.factor
    value, error = lines.output.structure(values, ()), lines.output.errors(errors, ())
    status = summary(results, lambda i: f"output {i}")
    return Estimate(value, error, evaluator.evaluations, status, (f, line, order, results[0].step))


def _direction(x: Any, direction: Any) -> Point:
    """The direction; a list may stand for an array."""
    from bibun import tree

    alike = tree.is_container(x) or not isinstance(direction, (list, tuple))
    return Point("directional", direction if alike else np.array(direction), "the direction")
