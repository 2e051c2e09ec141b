"""One exact derivative beside its numerical one, and the digits in which they agree. Prints nothing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bibun.cli.arguments import Array, Leaf
from bibun.cli.differences import Slope, levels_for, scale_of, slope

ENTRYWISE = 200  # up to this many entries of an argument are perturbed one at a time
DIRECTIONS = 3
BUDGET = 5.0  # seconds for the numerical side of one argument
CALLS_PER_SLOPE = 14  # measured: a smooth function settles after 6 or 7 steps, two calls each
WARN_DIGITS = 3.0
# Below 1e4 times the numerical error fewer than 4 digits can agree, whatever the exact derivative is: such an
# entry has no digits of its own, only "within the error", unless it differs by 10 times that error.
ERROR_WEIGHT = 1e4
DIFFERS = 10


@dataclass(frozen=True, slots=True)
class Direction:
    """Exact and numerical derivative along one random direction, at the output entry that agrees least."""

    exact: complex | float
    numerical: complex | float
    error: float
    digits: float

    @property
    def differs(self) -> bool:
        return self.digits < WARN_DIGITS and abs(self.exact - self.numerical) > DIFFERS * self.error


@dataclass(frozen=True, slots=True)
class Comparison:
    """One exact derivative and its check.

    `by` names the argument (two for a block of a Hessian). `numerical`, its estimated `error` and `digits`
    are entry by entry, or None where only directions were compared; `digits` is nan where the numerical error
    is too large to tell, or where there is no number to compare. `agreement` is the smallest of them, None
    without any.
    """

    by: tuple[str, ...]
    exact: Array
    numerical: Array | None
    error: Array | None
    digits: Array | None
    directions: tuple[Direction, ...]
    agreement: float | None
    warning: str

    @property
    def name(self) -> str:
        return ", ".join(self.by)

    @property
    def within(self) -> float | None:
        """The largest numerical error, for a derivative that agrees within it and has no digits to count."""
        if self.agreement is not None or self.error is None or not self.error.size:
            return None
        largest = float(self.error.max())
        return largest if np.isfinite(largest) else None


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
    """-log10 (|exact - numerical| / max(|exact|, |numerical|)), kept within 0 and 16.

    nan where either value is not finite, and where both are too close to the estimated error of the numerical
    value for digits to mean anything and agree within it.
    """
    with np.errstate(all="ignore"):
        scale = np.maximum(np.abs(exact), np.abs(numerical))
        difference = np.abs(exact - numerical)
        digits = np.where(difference == 0, 16.0, np.clip(-np.log10(difference / scale), 0.0, 16.0))
        hidden = (difference > 0) & (scale < ERROR_WEIGHT * error) & (difference <= DIFFERS * error)
        known = np.isfinite(exact) & np.isfinite(numerical) & ~hidden
    return np.asarray(np.where(known, digits, np.nan), dtype=np.float64)


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
    return Comparison(by, exact, numerical, error, digits, (), agreement, warning)


def _partial(f: Callable[[Array], Array], x: Array, index: tuple[int, ...]) -> Slope:
    """df/dx[index]. For a complex entry x = a + ib: df/da - i df/db of a real f, the convention of `grad`;
    half of that of a complex f, its derivative if it is holomorphic."""
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
    unit = scale * (2 if real.value.dtype.kind == "c" else 1)
    return Slope((real.value - 1j * imaginary.value) / unit, (real.error + imaginary.error) / unit)


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
        wrong = (digits < WARN_DIGITS) & (np.abs(exact - numerical) > DIFFERS * error)
    if not wrong.any():
        return ""
    worst = np.unravel_index(np.argmin(np.where(wrong, digits, np.inf)), exact.shape)
    what = f"{', '.join(by)}{' at ' + _index(worst) if exact.ndim else ''}"
    return _disagreement(what, exact[worst], numerical[worst])


def _infinite(by: tuple[str, ...], exact: Array) -> str:
    count = int(np.sum(~np.isfinite(exact)))
    return f"{', '.join(by)}: {count} of {exact.size} entries of the exact derivative are not finite here."


def _index(where: Iterable[Any]) -> str:
    return f"[{', '.join(str(int(i)) for i in where)}]"


def _disagreement(what: str, exact: complex, numerical: complex) -> str:
    return (
        f"{what}: exact {exact:.6g}, numerical {numerical:.6g}. "
        "They disagree: a kink, noise or a wrong hand-written backward is likely."
    )


# Along random directions


def _along_directions(
    by: tuple[str, ...], exact: Array, f: Callable[[Array], Array], x: Array, seconds: float
) -> Comparison:
    count = int(np.clip(BUDGET / (CALLS_PER_SLOPE * max(seconds, 1e-9)), 1, DIRECTIONS)) if exact.size else 0
    generator = np.random.default_rng(0)
    size = (float(np.sqrt(np.mean(np.abs(x) ** 2))) if x.size else 0.0) or 1.0
    found = []
    for _ in range(count):
        v = generator.standard_normal(x.shape) * size
        if x.dtype.kind == "c":
            v = v + 1j * generator.standard_normal(x.shape) * size
        found.append(_one_direction(exact, f, x, v))
    warning = next(
        (
            _disagreement(f"{', '.join(by)} along a random direction", direction.exact, direction.numerical)
            for direction in found
            if direction.differs
        ),
        "",
    )
    if not np.all(np.isfinite(exact)):
        warning = _infinite(by, exact)
    agreement = _smallest(np.array([direction.digits for direction in found]))
    return Comparison(by, exact, None, None, None, tuple(found), agreement, warning)


def _one_direction(exact: Array, f: Callable[[Array], Array], x: Array, v: Array) -> Direction:
    """The exact and numerical derivative along v, at the entry of the output that agrees least."""
    numerical = slope(lambda t: f(x + t * v))
    with np.errstate(all="ignore"):
        expected = np.asarray(np.tensordot(exact.astype(np.result_type(exact, np.float64)), v, axes=x.ndim))
    if numerical.value.dtype.kind != "c":
        expected = expected.real  # of a real f of complex x: df = Re(grad . v)
    if numerical.value.shape != expected.shape:
        return Direction(expected.flat[0].item(), float("nan"), float("inf"), float("nan"))
    digits = agreeing_digits(expected, numerical.value, numerical.error)
    worst = np.unravel_index(np.argmin(np.where(np.isnan(digits), np.inf, digits)), digits.shape)
    return Direction(
        expected[worst].item(),
        numerical.value[worst].item(),
        float(numerical.error[worst]),
        float(digits[worst]),
    )


__all__ = ["Comparison", "Direction", "agreeing_digits", "compare"]
