"""The measurements behind the report: value, exact derivatives, numerical ones beside them, times.

Everything it returns is data (`Report`); how it looks is `rendering`'s business.
"""

import os
import re
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np

import bibun
from bibun.cli.arguments import Array, Leaf, Point
from bibun.cli.comparing import Comparison, compare
from bibun.cli.failures import CommandError, user_code, user_line, user_place
from bibun.errors import BibunError

AUTOMATIC_ENTRIES = 10_000  # a Jacobian up to this many entries is shown without --jacobian
LARGEST_ENTRIES = 20_000_000  # above this many entries (160 MB) a Jacobian or Hessian is refused
TIMING_BUDGET = 0.15  # seconds, for the function and for the derivative each


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked: gradient (jacobian and hessian False, order 0), or exactly one of the others."""

    jacobian: bool = False
    hessian: bool = False
    order: int = 0


@dataclass(frozen=True, slots=True)
class Timing:
    """Median seconds for one call of the function on plain arrays, and of its derivative."""

    function: float
    derivative: float
    what: str

    @property
    def ratio(self) -> float:
        return self.derivative / self.function


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the report: `gradient`, `Jacobian`, `Hessian`, `derivatives`."""

    title: str
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All that the command prints."""

    point: Point
    value: Array
    sections: tuple[Section, ...]
    timing: Timing
    notes: tuple[str, ...]

    @property
    def warnings(self) -> list[str]:
        found = [comparison.warning for section in self.sections for comparison in section.comparisons]
        return [warning for warning in found if warning]


def measure(point: Point, request: Request) -> Report:
    """Call the user's function, differentiate it as requested, compare and time."""
    value, seconds = _value(point)
    notes: list[str] = []
    # What the function prints has been seen once, in the plain call; from here on it runs many times.
    with silent():
        if request.order:
            title, sections, derivative = (
                f"order {request.order}",
                *_orders(point, value, request.order, seconds),
            )
        elif request.hessian:
            title, sections, derivative = "Hessian", *_hessian(point, value, seconds)
        elif request.jacobian or value.ndim:
            if not request.jacobian:
                notes.append(_automatic(point, value))
            title, sections, derivative = "Jacobian", *_jacobian(point, value, seconds)
        else:
            title, sections, derivative = "gradient", *_gradient(point, value, seconds)
        timing = _timed(point, derivative, title)
    return Report(point, value, tuple(sections), timing, tuple(notes))


@contextmanager
def _quiet(stream: TextIO) -> Iterator[None]:
    """No warnings of NumPy's, and what the user's function prints goes to `stream`."""
    with redirect_stdout(stream), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@contextmanager
def silent() -> Iterator[None]:
    """Nothing at all is seen of what runs inside."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, _quiet(nowhere):
        yield


# The value


def _value(point: Point) -> tuple[Array, float]:
    """The plain call: its value, checked to be a finite number or array, and its time."""
    result, seconds = called(point)
    _check_result(point, result)
    value = np.asarray(result)
    if not np.all(np.isfinite(value)):
        raise CommandError(_not_finite(point, value))
    return value, seconds


def called(point: Point) -> tuple[Any, float]:
    """The plain call and its time; what the function prints goes to stderr."""
    function = point.function
    start = time.perf_counter()
    with user_code(function.file, function.place, _called_with(point)), _quiet(sys.stderr):
        result = point.call(*point.copies())
    return result, time.perf_counter() - start


def _called_with(point: Point) -> str:
    return "called with " + ", ".join(_brief(name, value) for name, value in point.entries())


def _brief(name: str, value: Any) -> str:
    if isinstance(value, np.ndarray) and value.ndim:
        return f"{name} {value.dtype} {value.shape}"
    return f"{name} = {value}" if isinstance(value, np.ndarray | np.generic) else f"{name} = {value!r:.40}"


def _check_result(point: Point, result: Any) -> None:
    function = point.function
    if isinstance(result, bool | int | float | complex | np.ndarray | np.generic):
        value = np.asarray(result)
        if value.dtype.kind in "fc":
            return
        why = f"{value.dtype} {'numbers' if value.ndim else 'number'}"
        raise CommandError(
            f"{function.place}\n{function.name} returned {why} of value {_short(value)}: only floating "
            "numbers have a derivative."
        )
    if result is None:
        raise CommandError(f"{function.place}\n{function.name} returned None: is a `return` missing?")
    hint = "np.stack([a, b]) joins arrays of one shape" if isinstance(result, list | tuple) else "return one array"
    raise CommandError(
        f"{function.place}\n{function.name} returned a {type(result).__name__}; "
        f"bibun diff needs one number or one array ({hint})."
    )


def _short(value: Array) -> str:
    return np.array2string(value, threshold=6, edgeitems=2, precision=6)


def _not_finite(point: Point, value: Array) -> str:
    """The line of the first overflow, division by zero or invalid value: NumPy is told to raise there."""
    function = point.function
    bad = value[~np.isfinite(value)].flat[0]
    where = f" in {int(np.sum(~np.isfinite(value)))} of {value.size} entries" if value.ndim else ""
    place, cause = function.place, ""
    raising = np.errstate(divide="raise", over="raise", invalid="raise")
    with silent(), raising:
        try:
            point.call(*point.copies())
        except Exception as error:  # noqa: BLE001 - the user's code; where it raises is the answer
            place = user_line(error.__traceback__, function.file) or place
            cause = f": {error}"
    return (
        f"{place}\n{function.name} returned {bad}{where}{cause}. There is no derivative at this point: "
        f"give another one.\n{_called_with(point)}"
    )


# The derivatives


def _run(point: Point, derivative: Callable[..., Any], what: str) -> Any:
    function = point.function
    with user_code(function.file, function.place, f"in the {what}; the plain call works"):
        try:
            return derivative(*point.copies())
        except BibunError as error:
            if user_place(error.__traceback__, function.file):
                raise
            # Raised by the transform itself: its "argument 2" is our leaf 2.
            named = re.sub(r"argument (\d+)", lambda match: point.leaves[int(match[1])].name, str(error))
            raise CommandError(f"{function.place}\n{named}") from error


def _all(point: Point) -> tuple[int, ...]:
    return tuple(range(len(point.leaves)))


def _gradient(point: Point, value: Array, seconds: float) -> tuple[list[Section], Callable[..., Any]]:
    derivative = bibun.value_and_grad(point.call, argnums=_all(point))
    _, exact = _run(point, derivative, "gradient")
    return [Section("gradient", _compared(point, exact, value, seconds))], derivative


def _jacobian(point: Point, value: Array, seconds: float) -> tuple[list[Section], Callable[..., Any]]:
    for leaf in point.leaves:
        _check_size("Jacobian", leaf.name, (*value.shape, *leaf.array.shape), "vjp or bibun.jvp")
    derivative = bibun.jacobian(point.call, argnums=_all(point))
    exact = _run(point, derivative, "Jacobian")
    return [Section("Jacobian", _compared(point, exact, value, seconds))], derivative


def _hessian(point: Point, value: Array, seconds: float) -> tuple[list[Section], Callable[..., Any]]:
    """All blocks d2f / da db, compared with differences of the exact gradient, itself compared with f."""
    _check_scalar(point, value, "--hessian")
    for row in point.leaves:
        for column in point.leaves:
            shape = (*row.array.shape, *column.array.shape)
            _check_size("Hessian", f"{row.name}, {column.name}", shape, "hvp")
    gradients, _ = _gradient(point, value, seconds)
    derivative = bibun.hessian(point.call, argnums=_all(point))
    blocks = _run(point, derivative, "Hessian")
    found = []
    for i, row in enumerate(point.leaves):
        for j, column in enumerate(point.leaves):
            partial = bibun.grad(point.call, argnums=i)
            along = _in_one(point, partial, j)
            seconds = _seconds(partial, point)
            found.append(compare((row.name, column.name), blocks[i][j], along, column, seconds, "real"))
    return [*gradients, Section("Hessian", tuple(found))], derivative


def _orders(point: Point, value: Array, order: int, seconds: float) -> tuple[list[Section], Callable[..., Any]]:
    """f', f'', ...: each compared with the numerical derivative of the exact one before it."""
    _check_scalar(point, value, "--order")
    if len(point.leaves) != 1 or point.leaves[0].array.size != 1 or point.leaves[0].array.ndim:
        shapes = ", ".join(f"{leaf.name} {leaf.array.shape}" for leaf in point.leaves)
        raise CommandError(
            f"{point.function.place}\n--order needs one number to differentiate by; here it is {shapes}. "
            "Choose a number with --wrt NAME, or ask for --hessian."
        )
    leaf, found, lower = point.leaves[0], [], point.call
    for current in range(1, order + 1):
        derivative = bibun.grad(lower)
        exact = _run(point, derivative, f"derivative of order {current}")
        method = "auto" if current == 1 else "real"  # exact derivatives are not called with complex numbers
        found.append(compare((f"order {current}",), exact, _in_one(point, lower, 0), leaf, seconds, method))
        seconds, lower = _seconds(derivative, point), derivative
    return [Section(f"derivatives by {leaf.name}", tuple(found))], lower


def _compared(point: Point, exact: Sequence[Any], value: Array, seconds: float) -> tuple[Comparison, ...]:
    cost = seconds * len(point.leaves)  # the budget is one for all arguments
    return tuple(
        compare((leaf.name,), exact[index], _in_one(point, point.call, index), leaf, cost)
        for index, leaf in enumerate(point.leaves)
    )


def _in_one(point: Point, f: Callable[..., Any], index: int) -> Callable[[Array], Array]:
    """f as a function of one leaf, the others fixed; every call gets arrays of its own."""

    def of_one(x: Array) -> Array:
        leaves = point.copies()
        leaves[index] = x if x.ndim else x[()]
        return np.asarray(f(*leaves))

    return of_one


def _seconds(f: Callable[..., Any], point: Point) -> float:
    start = time.perf_counter()
    f(*point.copies())
    return time.perf_counter() - start


# What is too large or of the wrong kind


def _check_scalar(point: Point, value: Array, option: str) -> None:
    if value.ndim:
        raise CommandError(
            f"{point.function.place}\n{option} needs a function that returns one number; "
            f"{point.function.name} returned shape {value.shape}. "
            "Reduce it, with np.sum for example, or ask for --jacobian."
        )


def _automatic(point: Point, value: Array) -> str:
    """The note for an array output without --jacobian, or the error that asks for it."""
    entries = value.size * sum(leaf.array.size for leaf in point.leaves)
    returned = f"{point.function.name} returned shape {value.shape}"
    if entries > AUTOMATIC_ENTRIES:
        raise CommandError(
            f"{point.function.place}\n{returned}, not one number, and its Jacobian has {entries:,} entries. "
            "Write --jacobian to compute it all the same, or return one number, np.sum(...) for example."
        )
    return f"{returned}, so this is its Jacobian, as with --jacobian."


def _check_size(what: str, name: str, shape: tuple[int, ...], instead: str) -> None:
    entries = int(np.prod(shape, dtype=object)) if shape else 1
    if entries > LARGEST_ENTRIES:
        raise CommandError(
            f"the {what} by {name} would have shape {shape}: {entries:,} numbers, "
            f"{entries * 8 / 1e9:.1f} GB. "
            f"Use bibun.{instead} in a program of your own, or choose other arguments with --wrt."
        )


# Times


def _timed(point: Point, derivative: Callable[..., Any], what: str) -> Timing:
    leaves = point.copies()
    return Timing(median(lambda: point.call(*leaves)), median(lambda: derivative(*leaves)), what)


def median(call: Callable[[], Any]) -> float:
    """Median seconds a call, over repeats that fill the budget; short calls are timed in groups."""
    start = time.perf_counter()
    call()
    first = time.perf_counter() - start
    if first > TIMING_BUDGET:
        return first
    group = max(1, int(2e-4 / max(first, 1e-9)))  # 0.2 ms a group: 1,000 times the clock's own cost
    times: list[float] = []
    end = time.perf_counter() + TIMING_BUDGET
    while (start := time.perf_counter()) < end:
        for _ in range(group):
            call()
        times.append((time.perf_counter() - start) / group)
    return statistics.median(times) if times else first


__all__ = ["Comparison", "Leaf", "Report", "Request", "Section", "Timing", "measure"]
