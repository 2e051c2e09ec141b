"""The picture of Estimate.plot(): the error of a plain difference quotient against its step. Estimates nothing.

With symmetric steps the error of the quotient of order n is about

    c h**2 + s / h**n        truncation, and the rounding or the noise of f

two straight lines in a log-log picture, slopes 2 and -n. A single step cannot beat their crossing; extrapolation and the
complex step do, and the estimate's own error bar shows by how much. c and s are fitted to the points of the picture.
matplotlib is imported inside `draw`: it is needed for nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor, frexp, inf, ldexp, log2, log10, nan
from textwrap import fill
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bibun import tree
from bibun.numerical.course import WIDEST
from bibun.numerical.estimate import Estimate
from bibun.numerical.evaluation import Quiet
from bibun.numerical.samples import SMALLEST_SCALE

STEPS = 30
BELOW_ANOTHER_SCALE = 24  # octaves between the scale of x and an ordinary one, from which on both are drawn
STRAIGHT = 0.3  # how far a slope may be from 2 to count as truncation
NOISE_SLOPE = 0.5  # and from -n, over many points that scatter
FEWEST = 4  # points for a line of noise

# The colours of Okabe and Ito, which colour-blind readers tell apart; the lines differ in their dashes as well.
BLACK, BLUE, ORANGE, GREEN, PURPLE = "#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7"

Array = npt.NDArray[np.float64]


class Errors(NamedTuple):
    """|quotient - derivative| by step, in the caller's units, nan where f has no value. `side` 0: symmetric steps;
    1, -1: f has values to the right or to the left only. `seen`: the difference is not 0.
    """

    steps: Array
    errors: Array
    seen: npt.NDArray[np.bool_]
    order: int
    side: int

    @property
    def power(self) -> int:
        """Of the step, in the truncation."""
        return 1 if self.side else 2


def draw(estimate: Estimate, axes: Any = None) -> Any:
    """Draw into `axes`, or into a new figure, and return the axes.

    Calls f at 30 to 60 steps, within the bounds that the estimate had. ImportError where matplotlib is missing;
    ValueError where the estimate holds no function (pickled, sparse, no entries) or no finite derivative.
    """
    if axes is None:
        try:
            from matplotlib import pyplot
        except ImportError as error:
            raise ImportError("plot: matplotlib draws the picture. Install it: pip install matplotlib") from error
    if estimate._line is None:
        raise ValueError(
            "plot: this estimate holds no function to draw. It was pickled, or it is of a sparse Jacobian, an optimiser's "
            "estimator or an x without entries. Take the derivative by one entry again, bibun.numerical.derivative(f, x)"
        )
    value = _first(estimate.value)
    if not np.isfinite(value):
        raise ValueError(f"plot: the derivative is {value}, so there are no errors to draw. Status: {estimate.status}")
    f, line, order, *step = estimate._line
    value_at = _value_along(f, line)
    errors = _measure(value_at, line, order, value)
    if axes is None:
        axes = pyplot.subplots(figsize=(7.5, 5), layout="constrained")[1]
    _draw_errors(axes, errors)
    if estimate.status.startswith("kink") and order == 1:
        _draw_sides(axes, value_at, line, value)
    _draw_lines(
        axes, errors, next((word for word in ("noise", "jump") if estimate.status.startswith(word)), "rounding")
    )
    for known in (known for known in step if known):
        known /= _factor(line)
        label = f"step of the estimate: ${_number(log2(known))}$"
        axes.axvline(known, color=PURPLE, linestyle=(0, (1, 1)), label=label)
    _draw_bar(axes, errors, float(abs(_first(estimate.error))))
    _label(axes, estimate, hasattr(line, "factor"), order)
    return axes


# ------------------------------------------------------------------------------------------ values of f


def _factor(line: Any) -> float:
    """A direction is scaled by a power of two, its steps and derivatives with it."""
    return float(getattr(line, "factor", 1.0))


def _first(y: Any) -> Any:
    """The first number of what f gave: a float or a complex number, nan for nothing."""
    try:
        number = np.asarray(tree.flatten(y)[0][0]).ravel()[0]
        return complex(number) if isinstance(number, complex | np.complexfloating) else float(number)
    except (TypeError, ValueError, IndexError, OverflowError):
        return nan


def _value_along(f: Callable[[Any], Any], line: Any) -> Callable[[float], Any]:
    """f at x + t v, nan where it has no finite value. A vectorised f may take one point, or a stack of one."""

    def of_stack(point: Any) -> Any:
        return f(np.stack([point]))

    for call in (f, of_stack):
        quiet = Quiet(call)
        center = _first(quiet(line.at(0.0)))
        if np.isfinite(center):
            break
    else:
        raise ValueError("plot: f gives no finite number at x any more, though it did when the derivative was taken")
    known: dict[float, Any] = {0.0: center}

    def value(t: float) -> Any:
        if t not in known:
            known[t] = _first(quiet(line.at(t))) if line.allows(t) else nan
            if not np.isfinite(known[t]) or (isinstance(known[t], complex) and not isinstance(center, complex)):
                known[t] = nan  # a real f that turns complex is outside its domain
        return known[t]

    return value


def _exponents(line: Any) -> list[int]:
    """Of the steps: from some times the scale of x down to its last bits. Two such ladders for an x near 0."""
    scales = [max(line.scale, SMALLEST_SCALE)]
    if 0 < line.scale < ldexp(SMALLEST_SCALE, -BELOW_ANOTHER_SCALE):
        scales.append(line.scale)
    found: set[int] = set()
    for scale in scales:
        top = frexp(scale)[1] + WIDEST
        bottom = max(top - line.mantissa - 2, -1060)
        found.update(range(top, bottom - 1, -max(1, -(-(top - bottom) // STEPS))))
    return sorted(found)


def _weights(order: int, side: int) -> dict[int, float]:
    """Those of f(x + i h) in the difference of this order: (f(x+h) - f(x-h)) / 2, f(x-h) - 2 f(x) + f(x+h), ..."""
    weights = np.ones(1)
    if side:
        for _ in range(order):
            weights = np.convolve(weights, [1.0, -1.0])
        return {side * i: float(w) * side**order for i, w in enumerate(weights[::-1])}
    for _ in range(order // 2):
        weights = np.convolve(weights, [1.0, -2.0, 1.0])
    if order % 2:
        weights = np.convolve(weights, [0.5, 0.0, -0.5])
    half = len(weights) // 2
    return {half - i: float(w) for i, w in enumerate(weights) if w}


def _measure(value: Callable[[float], Any], line: Any, order: int, derivative: Any) -> Errors:
    """With symmetric steps; where f has no values on one of the sides, with steps to the other."""
    found = _errors(value, line, order, 0, derivative)
    for side in (1, -1):
        if np.count_nonzero(np.isfinite(found.errors)) < FEWEST:
            found = _errors(value, line, order, side, derivative)
    if not np.any(np.isfinite(found.errors)):
        raise ValueError("plot: f has no finite values beside x, so there are no differences to draw")
    return found


def _errors(value: Callable[[float], Any], line: Any, order: int, side: int, derivative: Any) -> Errors:
    exponents, weights, factor = _exponents(line), _weights(order, side), _factor(line)
    if not isinstance(value(0.0), complex):
        derivative = derivative.real  # a real f of a complex x: the line goes along the real axis
    differences = []
    for exponent in exponents:
        step = ldexp(1.0, exponent)
        values = [value(i * step) for i in weights]
        differences.append(sum(w * v for w, v in zip(weights.values(), values, strict=True)))
    steps, found = np.ldexp(1.0, exponents) / factor, np.array(differences)
    with np.errstate(all="ignore"):
        errors = np.abs(found / steps**order - derivative)
    return Errors(steps, np.where(np.isfinite(errors), errors, nan), found != 0, order, side)


# ----------------------------------------------------------------------------- the two lines, in log2


def truncation_line(errors: Errors) -> float | None:
    """log2 c of c h**2, from the two points whose slope is nearest to 2; None where fewer than three lie on a line."""
    h, e = _logarithms(errors)
    with np.errstate(invalid="ignore"):
        slopes = np.diff(e) / np.diff(h)
        near = np.abs(slopes - errors.power) < STRAIGHT
    runs = near[:-1] & near[1:]  # two slopes in turn: chance seldom looks like that
    if not np.any(runs):
        return None
    good = np.flatnonzero(np.append(runs, False) | np.append(False, runs))
    i = int(good[np.argmin(np.abs(slopes[good] - errors.power))])
    return float(np.mean(e[i : i + 2] - errors.power * h[i : i + 2]))


def noise_line(errors: Errors, truncation: float | None) -> float | None:
    """log2 s of s / h**n, from the root mean square of the errors where truncation is small beside them."""
    h, e = _logarithms(errors)
    usable = np.isfinite(e) & errors.seen  # below the last place of f every difference is 0
    if truncation is not None:
        usable &= e > truncation + errors.power * h + 1
        usable &= h < _straight_until(h, e, truncation, errors.power)
    if np.count_nonzero(usable) < FEWEST:
        return None
    h, e = h[usable], e[usable]
    if abs(np.polyfit(h, e, 1)[0] + errors.order) > NOISE_SLOPE:
        return None
    amplitudes = e + errors.order * h
    largest = np.max(amplitudes)
    return float(largest + 0.5 * log2(np.mean(np.exp2(2 * (amplitudes - largest)))))


def _logarithms(errors: Errors) -> tuple[Array, Array]:
    e = np.where(errors.errors > 0, errors.errors, nan)
    return np.log2(errors.steps), np.log2(e)


def _straight_until(h: Array, e: Array, truncation: float, power: int) -> float:
    """The smallest step at which truncation is seen: wider ones say nothing of noise."""
    with np.errstate(invalid="ignore"):
        on_line = np.abs(e - truncation - power * h) < STRAIGHT
    pairs = np.flatnonzero(on_line[:-1] & on_line[1:])
    return float(h[pairs[0]]) if pairs.size else inf


# -------------------------------------------------------------------------------------------- drawing


def _draw_errors(axes: Any, errors: Errors) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    name = {0: "symmetric", 1: "right-hand", -1: "left-hand"}[errors.side]
    heights = np.where(errors.errors > 0, errors.errors, nan)
    axes.plot(
        errors.steps, heights, "o-", color=BLACK, markersize=4, linewidth=0.8, label=f"{name} difference, one step"
    )
    exact = errors.steps[errors.errors == 0]
    if exact.size:
        axes.plot(
            exact, np.full(exact.size, 0.03), "v", color=BLACK, markersize=5, markerfacecolor="none",
            transform=axes.get_xaxis_transform(), label="the same, error 0",
        )  # fmt: skip
    steps = errors.steps[np.isfinite(errors.errors)]
    axes.set_xlim(np.min(steps) / 2, np.max(steps) * 2)


def _draw_sides(axes: Any, value: Callable[[float], Any], line: Any, derivative: Any) -> None:
    for side, name, dashes in ((-1, "left", ":"), (1, "right", "--")):
        errors = _errors(value, line, 1, side, derivative)
        axes.plot(errors.steps, errors.errors, dashes, color=PURPLE, linewidth=2, label=f"slope to the {name}")


def _draw_lines(axes: Any, errors: Errors, word: str) -> None:
    """What bounds a single step: truncation and noise, as far as each is seen, and where they cross."""
    truncation = truncation_line(errors)
    noise = noise_line(errors, truncation)
    powers = errors.power, -errors.order
    for coefficient, power, dashes, color, name in (
        (truncation, powers[0], "--", BLUE, "truncation"),
        (noise, powers[1], "-.", ORANGE, word),
    ):
        if coefficient is None:
            continue
        with np.errstate(all="ignore"):
            heights = np.exp2(coefficient + power * np.log2(errors.steps))
        formula = "h" if power == 1 else f"h^{{{power}}}"
        label = rf"{name}, ${_number(coefficient)}\,{formula}$"
        axes.plot(errors.steps, heights, dashes, color=color, linewidth=1.5, label=label)
    if truncation is not None and noise is not None:
        step = (noise - truncation) / (powers[0] + errors.order)
        height = truncation + powers[0] * step
        label = f"they cross: error ${_number(height)}$ at $h = {_number(step)}$"
        axes.plot(
            [np.exp2(step)], [np.exp2(height)], "D", color=GREEN, markersize=9, markerfacecolor="none",
            markeredgewidth=2, label=label,
        )  # fmt: skip


def _number(logarithm: float) -> str:
    """2**logarithm in the notation of a formula, however large it is."""
    exponent = floor(logarithm * log10(2.0))
    mantissa = f"{10 ** (logarithm * log10(2.0) - exponent):.1f}"
    if -3 <= exponent <= 2:
        return f"{float(f'{2.0**logarithm:.2g}'):g}"
    return rf"{mantissa} \cdot 10^{{{exponent}}}"


def _draw_bar(axes: Any, errors: Errors, error: float) -> None:
    """The error bar of the estimate, from the lower edge of the picture, and the limits of the picture."""
    known = 0 < error < inf
    heights = [*errors.errors[errors.errors > 0], *([error] if known else [])] or [1.0]
    low, high = float(min(heights)) / 10, float(max(heights)) * 10
    if known:
        axes.axhspan(low, error, color=GREEN, alpha=0.2, linewidth=0)
        axes.axhline(error, color=GREEN, linewidth=1.5, label=f"error bar of the estimate: ${_number(log2(error))}$")
    else:
        words = "0" if error == 0 else "infinite: nothing is claimed"
        axes.plot([], [], " ", label=f"error bar of the estimate: {words}")
    axes.set_ylim(low, high)


def _label(axes: Any, estimate: Estimate, is_direction: bool, order: int) -> None:
    size = sum(np.size(leaf) for leaf in tree.flatten(estimate.value)[0])
    title = estimate.status[:1].upper() + estimate.status[1:]
    if size > 1:
        title += f". Drawn: the first of {size} entries"
    axes.set_title(fill(title, 75), fontsize="medium")
    name = "t" if is_direction else "x"
    power = f"{name}^{{{order}}}" if order > 1 else name
    axes.set_xlabel("step h, in units of t along the direction" if is_direction else "step h, in units of x")
    axes.set_ylabel(f"error of the difference quotient, in units of f / ${power}$")
    axes.grid(True, which="major", color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(fontsize="small", framealpha=0.9)
