"""One exact derivative beside its numerical one, and the digits in which they agree. Prints nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bibun import numerical
from bibun.cli.arguments import Array, Leaf

ENTRYWISE = 200  # up to this many entries of an argument are perturbed one at a time, ...
OUTPUTS = 10_000  # ... if the derivative has no more entries than this
DIRECTIONS = 3
BUDGET = 5.0  # seconds for the numerical side of one argument
CALLS_PER_SLOPE = 12  # by real differences of a smooth function
WARN_DIGITS = 3.0
# Below 1e4 times the numerical error fewer than 4 digits can agree, whatever the exact derivative is: such an
# entry has no digits of its own, only "within the error", unless it differs by 4 times that error.
ERROR_WEIGHT = 1e4
DIFFERS = 4


@dataclass(frozen=True, slots=True)
class Direction:
    """Exact and numerical derivative along one random direction, at the output entry that agrees least."""

    exact: complex | float
    numerical: complex | float
    error: float
    digits: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One exact derivative and its check.

    `by` names the argument (two for a block of a Hessian). `numerical`, the bound on its `error` and `digits` are entry
    by entry, or None where only directions were compared; `digits` is nan where the numerical error is too large to
    tell, or where there is no number to compare. `agreement` is the smallest of them, None without any.
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
    by: tuple[str, ...],
    exact_value: object,
    f: Callable[[Array], Array],
    leaf: Leaf,
    seconds: float,
    method: str = "auto",
) -> Comparison:
    """Compare the exact derivative of f by this leaf, of shape output + leaf, with the numerical one, in float64."""
    exact = np.asarray(exact_value)
    x = leaf.array
    x = x.astype(np.result_type(x, np.float64))
    slopes = x.size * (2 if x.dtype.kind == "c" else 1)
    if x.size <= ENTRYWISE and exact.size <= OUTPUTS and slopes * CALLS_PER_SLOPE * seconds <= BUDGET:
        return _entry_by_entry(by, exact, _beside(f), x, method)
    return _along_directions(by, exact, _beside(f), x, seconds, method)


def _beside(f: Callable[[Array], Array]) -> Callable[[Any], Array]:
    """f of whatever number the numerical room chooses; there any exception means that f has no value."""

    def beside(x: Any) -> Array:
        try:
            return f(np.asarray(x))
        except Exception as error:
            raise ValueError(str(error)) from error

    return beside


def agreeing_digits(exact: Array, found: Array, error: Array) -> Array:
    """-log10 (|exact - found| / max(|exact|, |found|)), kept within 0 and 16.

    nan where either value is not finite, and where both are too close to the error of the numerical value for digits
    to mean anything and agree within it.
    """
    with np.errstate(all="ignore"):
        scale = np.maximum(np.abs(exact), np.abs(found))
        difference = np.abs(exact - found)
        digits = np.where(difference == 0, 16.0, np.clip(-np.log10(difference / scale), 0.0, 16.0))
        hidden = (difference > 0) & (scale < ERROR_WEIGHT * error) & (difference <= DIFFERS * error)
        known = np.isfinite(exact) & np.isfinite(found) & ~hidden
    return np.asarray(np.where(known, digits, np.nan), dtype=np.float64)


def _smallest(digits: Array) -> float | None:
    known = digits[~np.isnan(digits)]
    return float(known.min()) if known.size else None


def _warning(name: str, exact: Array, found: Array, error: Array, digits: Array, status: str, entries: bool) -> str:
    """What the reader must know: where they disagree, or why the numerical derivative tells nothing."""
    if not np.all(np.isfinite(exact)):
        count = int(np.sum(~np.isfinite(exact)))
        return f"{name}: {count} of {exact.size} entries of the exact derivative are not finite here."
    with np.errstate(all="ignore"):
        wrong = (digits < WARN_DIGITS) & (np.abs(exact - found) > DIFFERS * error)
    if not wrong.any():
        expected = status.startswith(("rounding", "noise", "boundary"))
        return "" if expected else f"{name}: the numerical derivative is limited by: {status}."
    worst = np.unravel_index(np.argmin(np.where(wrong, digits, np.inf)), exact.shape)
    where = f" at [{', '.join(map(str, worst))}]" if entries and exact.ndim else ""
    return (
        f"{name}{where}: exact {exact[worst]:.6g}, numerical {found[worst]:.6g} ± {error[worst]:.1g}. They disagree; "
        "`bibun check` finds out which rule is wrong."
    )


# Entry by entry


def _entry_by_entry(by: tuple[str, ...], exact: Array, f: Callable[[Any], Array], x: Array, method: str) -> Comparison:
    found, error, status = _jacobian(f, x, method) if x.size else (exact, np.zeros(exact.shape), "rounding")
    digits = agreeing_digits(exact, found, error)
    warning = _warning(", ".join(by), exact, found, error, digits, status, entries=True)
    return Comparison(by, exact, found, error, digits, (), _smallest(digits), warning)


def _jacobian(f: Callable[[Any], Array], x: Array, method: str) -> tuple[Array, Array, str]:
    """dy/dx, shape y + x. For complex x = a + ib: df/da - i df/db of a real f, the convention of `grad`; half of that
    of a complex f, its derivative if it is holomorphic."""
    if x.dtype.kind != "c":
        estimate = numerical.jacobian(f, x, method, progress=False)
        return np.asarray(estimate.value), np.asarray(estimate.error), estimate.status
    estimate = numerical.jacobian(
        lambda parts: f(parts[0] + 1j * parts[1]), np.stack([x.real, x.imag]), "real", progress=False
    )
    (real, imaginary), (e, g) = (
        np.moveaxis(np.asarray(part), -1 - x.ndim, 0) for part in (estimate.value, estimate.error)
    )
    unit = 2 if real.dtype.kind == "c" else 1
    return (real - 1j * imaginary) / unit, np.hypot(e, g) / unit, estimate.status


# Along random directions


def _along_directions(
    by: tuple[str, ...], exact: Array, f: Callable[[Any], Array], x: Array, seconds: float, method: str
) -> Comparison:
    count = int(np.clip(BUDGET / (CALLS_PER_SLOPE * max(seconds, 1e-9)), 1, DIRECTIONS)) if exact.size else 0
    generator = np.random.default_rng(0)
    size = (float(np.sqrt(np.mean(np.abs(x) ** 2))) if x.size else 0.0) or 1.0
    found, warning = [], ""
    for _ in range(count):
        v = generator.standard_normal(x.shape) * size
        if x.dtype.kind == "c":
            v = v + 1j * generator.standard_normal(x.shape) * size
        direction, worry = _one_direction(", ".join(by), exact, f, x, v, method)
        found.append(direction)
        warning = warning or worry
    agreement = _smallest(np.array([direction.digits for direction in found]))
    return Comparison(by, exact, None, None, None, tuple(found), agreement, warning)


def _one_direction(
    name: str, exact: Array, f: Callable[[Any], Array], x: Array, v: Array, method: str
) -> tuple[Direction, str]:
    """The exact and numerical derivative along v, at the entry of the output that agrees least, and a warning."""
    estimate = numerical.directional(f, x, v, method="real" if x.dtype.kind == "c" else method, progress=False)
    found, error = np.asarray(estimate.value), np.asarray(estimate.error)
    with np.errstate(all="ignore"):
        expected = np.asarray(np.tensordot(exact.astype(np.result_type(exact, np.float64)), v, axes=x.ndim))
    if found.dtype.kind != "c":
        expected = expected.real  # of a real f of complex x: df = Re(grad . v)
    digits = agreeing_digits(expected, found, error)
    worst = np.unravel_index(np.argmin(np.where(np.isnan(digits), np.inf, digits)), digits.shape)
    warning = _warning(
        name, exact, exact, np.zeros(()), np.full(exact.shape, 16.0), "rounding", entries=False
    ) or _warning(f"{name} along a random direction", expected, found, error, digits, estimate.status, entries=False)
    return Direction(expected[worst].item(), found[worst].item(), float(error[worst]), float(digits[worst])), warning


__all__ = ["Comparison", "Direction", "agreeing_digits", "compare"]
