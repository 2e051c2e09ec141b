"""gradient, jacobian and hessian: one line for each entry of x.

With the complex step a Jacobian costs one evaluation an entry, and a few for one test along a random direction in
which every entry has its part. What fails the test is differentiated by real differences.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bibun.numerical.arguments import options_of, point_bounds
from bibun.numerical.complex_step import Asks, eta_for, met_by_f
from bibun.numerical.complex_step import Values as Known
from bibun.numerical.course import EPS
from bibun.numerical.differentiation import NOT_ANALYTIC, UNTESTED, Lines, along, summary
from bibun.numerical.estimate import Estimate
from bibun.numerical.evaluation import Evaluator
from bibun.numerical.lines import Direction, Entry, Point, takes_complex_step
from bibun.numerical.samples import SMALLEST_SCALE
from bibun.numerical.search import Result
from bibun.numerical.solving import Task, Values

NOISE_STEPS = (2.0**-26, 2.0**-24)
NOISE_WEIGHT = 4.5
FEW = 5
TESTS = 6  # evaluations of a test of all complex steps

Function = Callable[[Any], Any]
Found = dict[tuple[int, int], Result]


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
            _compare_axes(found, _imaginary(evaluator, point, lines), lines)
    size, shape = lines.output.size, point.leaves[0].shape
    results = [found[i, k] for i in range(point.size) for k in range(size)]
    values = np.array([r.value for r in results]).reshape(*shape, size)
    errors = np.array([r.error for r in results]).reshape(*shape, size)
    value, error = lines.output.structure(values, shape), lines.output.errors(errors, shape)

    def name(i: int) -> str:
        return f"output {i % size} by x{list(point.where(i // size)[1])}"

    line = (f, lines.lines[0], 1, results[0].step) if results else None
    return Estimate(value, error, evaluator.evaluations, summary(results, name), line)


def _compare_axes(found: Found, up: Found, lines: Lines) -> None:
    from bibun.numerical.directions import merge_axes

    merge_axes(found, up, 1, lines.output.parts)


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
        found = _by_complex_steps(lines, point, method, limits)
    before = lines.values.output
    certain = before is not None and sum(result.error < np.inf for result in found.values())
    if point.size and (before is None or certain < point.size * before.size) and evaluator.left > 0:
        everything = range(len(lines.lines))
        lines.set_center(evaluator.first(point.copy()), everything)
        if before is not None and not lines.output.like(before):
            found = {}  # f gives complex numbers of real ones, and the complex steps took them for real
        wanted = [(i, k) for i in everything for k in range(lines.output.size) if (i, k) not in found]
        found.update(along(lines, 1, "real", wanted))
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


def _by_complex_steps(lines: Lines, point: Point, method: str, limits: tuple[Any, Any]) -> Found:
    """A complex step for each entry, and one test of them all: f along a direction, real and complex."""
    etas = [eta_for(line.scale) for line in lines.lines]
    if not all(np.all(np.isfinite(leaf)) for leaf in point.leaves):
        return {}
    if lines.evaluator.left <= point.size + TESTS:
        return {}
    lines.evaluator.kept = 1  # f(x), should the complex steps fail
    try:
        return _complex_steps(lines, point, method, limits, etas)
    finally:
        lines.evaluator.kept = 0


def _complex_steps(lines: Lines, point: Point, method: str, limits: tuple[Any, Any], etas: list[float]) -> Found:
    values, entries = lines.values, range(point.size)
    values.fetch({(0, complex(0.0, etas[0])): None})
    first = values.rows[0].get(complex(0.0, etas[0]))
    if first is None or values.output is None:
        return {}
    values.fetch({(i, complex(0.0, etas[i])): None for i in entries if i})
    rows: list[Any] = [values.rows[i].get(complex(0.0, eta)) for i, eta in enumerate(etas)]
    if any(row is None for row in rows):
        return {}
    slopes = np.array([row.imag / eta for row, eta in zip(rows, etas, strict=True)])  # (entries, components)
    scales = np.array([line.scale for line in lines.lines])
    for smallest in (SMALLEST_SCALE, 0.0):  # entries near 0 may vary on a scale of 1, or on their own
        direction = _balanced(np.where(scales > smallest, scales, smallest or 1.0), slopes)
        tests = _test(lines, point, direction, slopes, np.asarray(first).real, limits)
        if np.all(scales > SMALLEST_SCALE) or None not in tests:
            break
    noise = _common(tests)
    found: Found = {}
    for k, test in enumerate(tests):
        for i in entries if test is not None or method == "complex" else ():
            slope = float(slopes[i, k])
            if test is None:
                words = UNTESTED if lines.evaluator.left < 2 else NOT_ANALYTIC
                found[i, k] = Result(slope, np.inf, words)
            else:
                share = max(test.noise, noise * test.part) / (abs(direction[i]) * point.size**0.5)
                error = 1.5 * EPS * abs(slope) + NOISE_WEIGHT * share
                found[i, k] = Result(slope, float(error), "rounding", EPS, test.step)
    return found


def _common(tests: list[Any]) -> float:
    """The noise of a derivative beside its size, for the numbers of f together: a single one may be small by chance."""
    shares = sorted(test.noise / test.part for test in tests if test is not None and test.part)
    return shares[len(shares) // 2] if len(shares) >= FEW else 0.0


def _balanced(scales: npt.NDArray[np.float64], slopes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A direction of random signs and powers of two in which every entry that matters has a like part.

    An entry whose complex step is 0 moves by all of its scale: f may have dropped its imaginary part.
    """
    parts = scales * np.linalg.norm(slopes, axis=1)
    present = parts[(parts > 0) & np.isfinite(parts)]
    typical = float(np.median(present)) if present.size else 1.0
    with np.errstate(all="ignore"):
        shrink = np.where(parts > typical, typical / parts, 1.0)
    exponents = np.frexp(scales * np.maximum(shrink, 2.0**-20))[1]
    signs = np.random.default_rng(20241).choice([-1.0, 1.0], size=len(scales))
    return np.asarray(np.ldexp(signs, exponents))


def _test(
    lines: Lines,
    point: Point,
    direction: npt.NDArray[np.float64],
    slopes: npt.NDArray[np.float64],
    center: Any,
    limits: tuple[Any, Any],
) -> list[Any]:
    """For each number that f gives, how the complex steps fare along the direction: a Test, or None."""
    pieces = np.split(direction, point.starts[1:-1])
    shaped = [piece.reshape(leaf.shape) for piece, leaf in zip(pieces, point.leaves, strict=True)]
    line = Direction(point, shaped, limits)
    values = Values(lines.evaluator, [line], lines.values.output)
    with np.errstate(all="ignore"):
        along_line = (direction / line.factor) @ slopes
        parts = np.linalg.norm((direction / line.factor)[:, None] * slopes, axis=0)
    tasks = []
    for k in range(slopes.shape[1]):
        known: dict[Any, Any] = {}
        tasks.append(
            Task(0, k, known, _tested(float(center[k]), float(along_line[k]), float(parts[k]), line.factor, known), [])
        )
    values.run(tasks)
    return [task.result and task.result.scaled(line.factor) for task in tasks]


class _Tested(NamedTuple):
    """Complex steps that passed: the noise of the derivative along the direction, the step, and what it is a sum of."""

    noise: float
    step: float
    part: float

    def scaled(self, factor: float) -> _Tested:
        """For a direction that is longer by this factor."""
        return _Tested(self.noise * factor, self.step, self.part * factor)


def _tested(center: float, slope: float, part: float, scale: float, known: Known) -> Asks:
    """The test of complex_step, and then the noise: f'(x - h) + f'(x + h) - 2 f'(x) at two steps whose square vanishes."""
    test = yield from met_by_f(center, slope, scale, known, part)
    if test is None:
        return None
    eta = eta_for(scale)
    noises = []
    for h in (scale * step for step in NOISE_STEPS):
        yield [complex(h, eta), complex(-h, eta)]
        both = 0.5 * (known[complex(h, eta)].imag / eta + known[complex(-h, eta)].imag / eta)
        noises.append(both - slope)
    noise = float(np.hypot(*noises)) / 2**0.5
    return _Tested(noise, test.step, part) if np.isfinite(noise) else None


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
    from bibun.numerical.second_order import second_derivatives

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
