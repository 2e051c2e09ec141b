"""One exact derivative beside its numerical one, and the digits in which they agree. Prints nothing."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bibun.cli.arguments import Array, Leaf
from bibun.cli.differences import Slope, levels_for, scale_of, slope

ENTRYWISE = 200  # up to this many entries of an argument are perturbed one at a time
DIRECTIONS = 3
BUDGET = 5.0  # seconds for the numerical side of one argument
CALLS_PER_SLOPE = 14  # measured: a smooth function settles after 6 or 7 steps, two calls each
WARN_DIGITS = 3.0
# An entry is judged against at least 1e4 times the numerical error: what is zero to rounding then counts as
# 4 digits or more instead of none, and a wrong entry is still seen if it is 10 times that error.
ERROR_WEIGHT = 1e4


@dataclass(frozen=True, slots=True)
class Direction:
    """Exact and numerical derivative along one random direction, at the output entry that agrees least."""

    exact: complex | float
    numerical: complex | float
    digits: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One exact derivative and its check.

    `by` names the argument (two for a block of a Hessian). `numerical` and `digits` are entry by entry, or
    None where only directions were compared. `agreement` is the smallest number of digits, None without any.
    """

    by: tuple[str, ...]
    exact: Array
    numerical: Array | None
    digits: Array | None
    directions: tuple[Direction, ...]
    agreement: float | None
    warning: str

    @property
    def name(self) -> str:
        return ", ".join(self.by)


def compare(
    by: tuple[str, ...], exact_value: object, f: Callable[[Array], Array], leaf: Leaf, seconds: float
) -> Comparison:
    """Compare the exact derivative of f by this leaf, of shape output + leaf, with central differences."""
    exact = np.asarray(exact_value)
    x = leaf.array
    x = x.astype(np.result_type(x, np.float64))
    slopes = x.size * (2 if x.dtype.kind == "c" else 1)
    if x.size <= ENTRYWISE and slopes * CALLS_PER_SLOPE * seconds <= BUDGET:
        return _entry_by_entry(by, exact, f, x)
    return _along_directions(by, exact, f, x, seconds)


def agreeing_digits(exact: Array, numerical: Array, error: Array) -> Array:
    """-log10 (|exact - numerical| / max(|exact|, |numerical|, 1e4 error)), kept within 0 and 16.

    `error` is the estimated error of the numerical value. nan where either value is not finite.
    """
    with np.errstate(all="ignore"):
        scale = np.maximum(np.maximum(np.abs(exact), np.abs(numerical)), ERROR_WEIGHT * error)
        difference = np.abs(exact - numerical)
        digits = np.where(difference == 0, 16.0, -np.log10(difference / scale))
        digits = np.where(np.isfinite(exact) & np.isfinite(numerical), np.clip(digits, 0.0, 16.0), np.nan)
    return np.asarray(digits, dtype=np.float64)


def _smallest(digits: Array) -> float | None:
    known = digits[~np.isnan(digits)]
    return float(known.min()) if known.size else None


# Entry by entry


def _entry_by_entry(by: tuple[str, ...], exact: Array, f: Callable[[Array], Array], x: Array) -> Comparison:
    numerical = np.full(exact.shape, np.nan, np.result_type(exact, np.float64))
    error = np.full(exact.shape, np.inf)
    for index in np.ndindex(x.shape):
        found = _partial(f, x, index)
        entry = (..., *index)
        if found.value.shape == numerical[entry].shape:
            numerical[entry], error[entry] = found.value, found.error
    digits = agreeing_digits(exact, numerical, error)
    agreement = _smallest(digits)
    warning = _entry_warning(by, exact, numerical, digits, error)
    return Comparison(by, exact, numerical, digits, (), agreement, warning)


def _partial(f: Callable[[Array], Array], x: Array, index: tuple[int, ...]) -> Slope:
    """df/dx[index]; for a complex entry df/da - i df/db of x = a + ib, the convention of `grad`."""
    scale = float(scale_of(x[index]))

    def along(direction: complex) -> Slope:
        def moved(t: float) -> Array:
            y = x.copy()
            y[index] = y[index] + t * scale * direction
            return f(y)

        return slope(moved, levels_for(abs(x[index])))

    real = along(1)
    if x.dtype.kind != "c":
        return Slope(real.value / scale, real.error / scale)
    imaginary = along(1j)
    return Slope((real.value - 1j * imaginary.value) / scale, (real.error + imaginary.error) / scale)


def _entry_warning(by: tuple[str, ...], exact: Array, numerical: Array, digits: Array, error: Array) -> str:
    if not np.all(np.isfinite(exact)):
        return _infinite(by, exact)
    missing = np.isnan(numerical)
    if missing.any():
        return (
            f"{', '.join(by)}: no numerical derivative in {missing.sum()} of {exact.size} entries: the "
            "function fails or is not finite on one side of the point. It may be at the edge of its domain."
        )
    with np.errstate(all="ignore"):
        wrong = (digits < WARN_DIGITS) & (np.abs(exact - numerical) > 10 * error)
    if not wrong.any():
        return ""
    worst = np.unravel_index(np.argmin(np.where(wrong, digits, np.inf)), exact.shape)
    return _disagreement(by, worst, exact[worst], numerical[worst])


def _infinite(by: tuple[str, ...], exact: Array) -> str:
    count = int(np.sum(~np.isfinite(exact)))
    return f"{', '.join(by)}: {count} of {exact.size} entries of the exact derivative are not finite here."


def _disagreement(by: tuple[str, ...], where: tuple[np.intp, ...], exact: complex, numerical: complex) -> str:
    index = f"[{', '.join(str(int(i)) for i in where)}]" if where else ""
    return (
        f"{', '.join(by)}{' at ' + index if index else ''}: exact {exact:.6g}, numerical {numerical:.6g}. "
        "They disagree: a kink, noise or a wrong hand-written backward is likely."
    )


# Along random directions


def _along_directions(
    by: tuple[str, ...], exact: Array, f: Callable[[Array], Array], x: Array, seconds: float
) -> Comparison:
    count = int(np.clip(BUDGET / (CALLS_PER_SLOPE * max(seconds, 1e-9)), 1, DIRECTIONS))
    generator = np.random.default_rng(0)
    size = float(np.sqrt(np.mean(np.abs(x) ** 2))) if x.size else 0.0
    found, warning = [], ""
    for _ in range(count):
        v = generator.standard_normal(x.shape) * (size or 1.0)
        if x.dtype.kind == "c":
            v = v + 1j * generator.standard_normal(x.shape) * (size or 1.0)
        direction, differs = _one_direction(exact, f, x, v)
        found.append(direction)
        if differs and not warning:
            warning = _disagreement(by, (), direction.exact, direction.numerical).replace(
                ":", " along a random direction:", 1
            )
    if not np.all(np.isfinite(exact)):
        warning = _infinite(by, exact)
    known = [direction.digits for direction in found if not np.isnan(direction.digits)]
    return Comparison(by, exact, None, None, tuple(found), min(known) if known else None, warning)


def _one_direction(exact: Array, f: Callable[[Array], Array], x: Array, v: Array) -> tuple[Direction, bool]:
    """The exact and numerical derivative along v, at the entry of the output that agrees least."""
    with np.errstate(all="ignore"):
        expected = np.asarray(np.tensordot(exact, v, axes=x.ndim))
        if x.dtype.kind == "c":
            expected = expected.real  # of a real function: df = Re(grad . v)
    numerical = slope(lambda t: f(x + t * v))
    if numerical.value.shape != expected.shape:
        return Direction(float(expected.flat[0]), float("nan"), float("nan")), False
    digits = agreeing_digits(expected, numerical.value, numerical.error)
    worst = np.unravel_index(np.argmin(np.where(np.isnan(digits), np.inf, digits)), digits.shape)
    difference = abs(expected[worst] - numerical.value[worst])
    differs = bool(digits[worst] < WARN_DIGITS and difference > 10 * numerical.error[worst])
    return Direction(expected[worst].item(), numerical.value[worst].item(), float(digits[worst])), differs


__all__ = ["Comparison", "Direction", "agreeing_digits", "compare"]
