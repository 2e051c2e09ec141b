"""gradient, jacobian and hessian: one line for each entry of x.

With the complex step a Jacobian costs one evaluation an entry, and a few for one test along a random direction in
which every entry has its part. What fails the test is differentiated by real differences.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bibun.numerical.arguments import options_of, point_bounds
from bibun.numerical.complex_steps import by_complex_steps
from bibun.numerical.course import Start
from bibun.numerical.differentiation import MANY, Found, Lines, along, merge_axes, summary
from bibun.numerical.estimate import Estimate
from bibun.numerical.evaluation import Evaluator
from bibun.numerical.lines import Entry, Point, takes_complex_step
from bibun.numerical.search import Result
from bibun.numerical.second_order import second_derivatives
from bibun.numerical.together import agree

Function = Callable[[Any], Any]


def gradient(
    f: Function,
    x: Any,
    method: str = "auto",
    *,
    vectorized: bool = False,
    bounds: Any = None,
    workers: Any = None,
    progress: bool | None = None,
    max_evaluations: int | None = None,
) -> Estimate:
    """g[i...] = df/dx[i...] of a function f of an array, or of containers of arrays, that gives one real number.

    The value has the containers and shapes of x, in float64. Evaluations: n + 6 for n entries where f lets the complex
    step through (method "auto"), about 8 n to 12 n by real differences. For a complex x the value is
    df/d(re x) - i df/d(im x), as `bibun.grad` has it.

    Options and errors are those of `derivative`; ValueError if f gives more than one number (use `jacobian`).
    """
    options = options_of("gradient", f, method, vectorized, workers, progress, max_evaluations)
    point = Point("gradient", x)
    low, high = point_bounds("gradient", bounds, point)
    with (evaluator := Evaluator(f, options)).progress:
        lines, found = _columns("gradient", evaluator, point, method, (low, high))
        _require_one_number(lines, point)
        results = [found[i, 0] for i in range(point.size)]
        values = np.array([r.value for r in results])
        errors = np.array([r.error for r in results])
        if point.is_complex:
            other = _imaginary(evaluator, point, lines)
            up = [other.get((i, 0), Result(0.0, 0.0, "rounding")) for i in range(point.size)]
            values = values - 1j * np.array([r.value for r in up])
            errors = np.hypot(errors, [r.error for r in up])
            results += up
    status = summary(results, lambda i: f"x{list(point.where(i % point.size)[1])}")
    line = (f, lines.lines[0], 1, results[0].step) if results else None
    return Estimate(point.like_x(values), point.structure(errors), evaluator.evaluations, status, line)


def jacobian(
    f: Function,
    x: Any,
    method: str = "auto",
    *,
    sparsity: Any = None,
    vectorized: bool = False,
    bounds: Any = None,
    workers: Any = None,
    progress: bool | None = None,
    max_evaluations: int | None = None,
) -> Estimate:
    """J[i..., j...] = dy[i...]/dx[j...] for y = f(x), shape y.shape + x.shape; x is an array or a number.

    Where f gives containers of arrays, so is the value, each leaf with the axes of x behind its own. A complex x needs an
    analytic f, as in `derivative`.

    sparsity  a pattern, y.size by x.size (scipy.sparse or a dense array, non-zero where y may depend on x), or True
              to find it by probing. Columns that share no row are then differentiated together, and the value and the
              error are scipy.sparse.csr_array. A pattern that misses an entry is a ValueError. Needs SciPy.

    The other options and the errors are those of `derivative`. Evaluations: as for `gradient`; with `sparsity` that many a
    colour, and those of the probing.
    """
    options = options_of("jacobian", f, method, vectorized, workers, progress, max_evaluations)
    point = Point("jacobian", x)
    if len(point.leaves) != 1:
        raise TypeError(
            f"jacobian: x holds {len(point.leaves)} arrays or numbers, but one array is expected. Pass np.array(x), or "
            "the arrays joined by np.concatenate, and let f take them apart"
        )
    limits = point_bounds("jacobian", bounds, point)
    with (evaluator := Evaluator(f, options)).progress:
        if sparsity is not None and sparsity is not False:
            from bibun.numerical.sparse_jacobian import sparse_jacobian

            return sparse_jacobian(evaluator, point, method, sparsity, limits)
        lines, found = _columns("jacobian", evaluator, point, method, limits)
        if point.is_complex:
            merge_axes(found, _imaginary(evaluator, point, lines), 1, lines.output.parts)
    size, shape = lines.output.size, point.leaves[0].shape
    results = [found[i, k] for i in range(point.size) for k in range(size)]
    values = np.array([r.value for r in results]).reshape(*shape, size)
    errors = np.array([r.error for r in results]).reshape(*shape, size)
    value, error = lines.output.structure(values, shape), lines.output.errors(errors, shape)

    def name(i: int) -> str:
        return f"output {i % size} by x{list(point.where(i // size)[1])}"

    line = (f, lines.lines[0], 1, results[0].step) if results else None
    return Estimate(value, error, evaluator.evaluations, summary(results, name), line)


def _require_one_number(lines: Lines, point: Point) -> None:
    if point.size == 0:
        lines.set_center(lines.evaluator.first(point.copy()), [])
    if lines.output.is_one_complex_number:
        raise ValueError(
            "gradient: f gave a complex number, but one real number has a gradient. Give that number, for example y.real "
            "or abs(y), or use jacobian"
        )
    if not lines.output.is_one_real_number:
        raise ValueError(
            f"gradient: f gave {lines.output.description}, but one real number has a gradient. Give that number, for "
            "example np.sum(y), or use jacobian"
        )


def _entries(point: Point, limits: tuple[Any, Any], unit: complex = 1.0) -> list[Entry]:
    low, high = limits
    return [Entry(point, i, (float(low[i]), float(high[i])), unit) for i in range(point.size)]


def _columns(
    name: str, evaluator: Evaluator, point: Point, method: str, limits: tuple[Any, Any]
) -> tuple[Lines, Found]:
    """The derivatives of every number that f gives by every entry of x."""
    lines = Lines(evaluator, _entries(point, limits), name, 0.5 if point.is_complex else 1.0)
    found: Found = {}
    if method != "real" and point.size and all(takes_complex_step(leaf.dtype) for leaf in point.leaves):
        found = by_complex_steps(lines, point, method, limits)
    before = lines.values.output
    certain = before is not None and sum(result.error < np.inf for result in found.values())
    if point.size and (before is None or certain < point.size * before.size) and evaluator.left > 0:
        everything = range(len(lines.lines))
        lines.set_center(evaluator.first(point.copy()), everything)
        if before is not None and not lines.output.like(before):
            found = {}  # f gives complex numbers of real ones, and the complex steps took them for real
        wanted = [(i, k) for i in everything for k in range(lines.output.size) if (i, k) not in found]
        together = len({i for i, _ in wanted}) == point.size and not point.is_complex
        found.update(along(lines, 1, "real", wanted, together=together))
        if together and point.size >= MANY and not agree(lines, point, found, limits):
            found.update(along(lines, 1, "real", wanted, Start()))
    elif point.size == 0:
        lines.set_center(evaluator.first(point.copy()), [])
    return lines, found


def _imaginary(evaluator: Evaluator, point: Point, across: Lines) -> Found:
    """The derivatives along the imaginary axis of each entry."""
    entries = [i for i in range(point.size) if point.leaves[point.where(i)[0]].dtype.kind == "c"]
    lines = Lines(evaluator, [Entry(point, i, unit=1j) for i in entries], across.name)
    lines.take_centers(across, entries)
    wanted = [(line, k) for line in range(len(entries)) for k in range(lines.output.size)]
    found = along(lines, 1, "real", wanted)
    return {(entries[line], k): result for (line, k), result in found.items()}


def hessian(
    f: Function,
    x: Any,
    method: str = "auto",
    *,
    vectorized: bool = False,
    bounds: Any = None,
    workers: Any = None,
    progress: bool | None = None,
    max_evaluations: int | None = None,
) -> Estimate:
    """H[i..., j...] = d2f / dx[i...] dx[j...] of a function f of one array that gives one real number.

    The value has shape x.shape + x.shape and is symmetric. Evaluations: about 3 n**2 for n entries where f lets the
    complex step through, by real differences of complex steps; about 6 n**2 by real differences alone.

    Options and errors are those of `gradient`.
    """
    options = options_of("hessian", f, method, vectorized, workers, progress, max_evaluations)
    point = Point("hessian", x)
    if len(point.leaves) != 1 or point.is_complex:
        held = "complex numbers" if point.is_complex else f"{len(point.leaves)} arrays or numbers"
        raise TypeError(
            f"hessian: x holds {held}, but one array of real numbers is expected. Pass np.array(x), or the arrays joined "
            "by np.concatenate, and let f take them apart"
        )
    limits = point_bounds("hessian", bounds, point)
    with (evaluator := Evaluator(f, options)).progress:
        lines = Lines(evaluator, _entries(point, limits), "hessian")
        found = second_derivatives(lines, point, method, limits)
    n, shape = point.size, point.leaves[0].shape
    values, errors = np.zeros((n, n)), np.zeros((n, n))
    for (i, j), result in found.items():
        values[i, j] = values[j, i] = result.value
        errors[i, j] = errors[j, i] = result.error
    keys = list(found)
    status = summary(
        list(found.values()), lambda i: f"x{list(point.where(keys[i][0])[1])}, x{list(point.where(keys[i][1])[1])}"
    )
    line = (f, lines.lines[0], 2) if found else None
    return Estimate(
        values.reshape(shape + shape)[()], errors.reshape(shape + shape)[()], evaluator.evaluations, status, line
    )
