"""One call by itself: what its rules give along random directions, beside numerical derivatives of its function.

The function of a call is taken as it is: a row's NumPy function (in double precision), forward of a Function, the
function under a custom rule. Two tests. The quick one has two more values of the function and a tolerance; it finds
what may be wrong, entry by entry, and says which entries are smooth. The careful one has an error bar, from
bibun.numerical.directional. Where one-sided slopes differ (relu at 0, ties) every value between them is right.
Chooses no call; culprit.py does.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from bibun.checking.calls import (
    Array,
    Directions,
    again,
    coarsest,
    count,
    evaluate,
    flat,
    original,
    pulled,
    pushed,
    settled,
    widened,
)
from bibun.checking.gauge import GAUGES
from bibun.checking.problem import REPEATED, farthest, same
from bibun.checking.recording import Call

FORWARD, REVERSE, VALUE = "forward", "reverse", "value"
Modes = tuple[str, ...]

# The step h = eps**(1/3) balances h**2 truncation against eps / h rounding: each is about eps**(2/3) of the value.
QUICK = 64.0  # of these: what the quick test lets pass
SMOOTH = 0.01  # one-sided slopes that differ by less than this share of them are those of a smooth function
NEARER = (1.0, 2.0**-8, 2.0**-16)  # steps of the quick test, and nearer ones to make sure
ROUNDING = 64.0  # roundings of an entry that the rule itself may make
SPREAD = 8.0  # roundings of the largest entry, which sums (as in a matrix product) may spread to all
NUDGED = 32.0  # times what one rounding of the inputs does to a rule, that rounding inside it may do
MARGIN = 2.0  # error bars; a difference is a finding when it is seen along two directions
LINEAR = 0.1  # of what a rule is off: if derivatives along directions add up worse, there is no derivative
FLAT = 0.01  # an entry's cotangent is 1 / its slope, but for slopes below this share of the entry itself
RANGE = 0.25  # and below this power of eps of the largest: what sums spread would drown the rest


class Slopes(NamedTuple):
    """The derivative of every entry of the outputs along the direction, by differences; real and imaginary parts apart."""

    low: Array
    high: Array
    center: Array
    smooth: Array  # low and high are one
    valid: Array  # both sides are finite
    tolerance: Array
    size: Array  # of the entries themselves


class Finding(NamedTuple):
    """A rule that is wrong along a direction."""

    mode: str
    input: int
    expected: float
    error: float
    found: float


class Probe:
    """A call whose inputs `moved` move together, along `directions` (random ones, unless given)."""

    def __init__(
        self, call: Call, moved: tuple[int, ...], random: np.random.Generator, directions: Directions | None = None
    ) -> None:
        self.narrow = call
        self.call = widened(call)
        self.moved = moved
        self.random = random
        everywhere = bool(random.integers(2))
        self.directions = directions or {i: direction(self.call.values[i], random, everywhere) for i in moved}
        self.epsilon = float(coarsest(self.call).eps)
        self.step = float(2.0 ** round(np.log2(self.epsilon) / 3))
        self.here = flat(self.call.y) if original(call) is call.primitive.function else evaluate(call, call.values)

    # ---- the function

    def at(self, step: float) -> Array:
        """The outputs a step away; nan where the function has no value there."""
        here = self.call.values
        try:
            return self._of([here[i] + here[i].dtype.type(step) * t for i, t in self.directions.items()])
        except Exception:  # noqa: BLE001  the function is the user's: outside of its domain it may raise anything
            return np.full(self.here.size, np.nan)

    def _of(self, moved: list[Any]) -> Array:
        values = list(self.call.values)
        for i, value in zip(self.moved, moved, strict=True):
            values[i] = np.asarray(value, values[i].dtype).reshape(np.shape(values[i]))[()]
        return evaluate(self.call, values)

    @cached_property
    def slopes(self) -> Slopes:
        """By one step to each side."""
        above, below = self.at(self.step), self.at(-self.step)
        left, right = (self.here - below) / self.step, (above - self.here) / self.step
        center = (left + right) / 2
        valid = np.isfinite(center)
        size = np.abs(self.here)
        scale = np.abs(center) + size
        largest = np.max(scale, where=valid, initial=0)
        tolerance = self.epsilon ** (2 / 3) * (QUICK * scale + SPREAD * largest)
        smooth = valid & (np.abs(right - left) <= SMOOTH * (np.abs(left) + np.abs(right)) + tolerance)
        low, high = (np.where(smooth, center, end(left, right)) for end in (np.minimum, np.maximum))
        return Slopes(low, high, center, smooth, valid, tolerance, size)

    def _numerical(self, weights: Array) -> tuple[float, float]:
        """d/ds sum of weights and outputs, with its error bar."""
        from bibun.numerical import directional

        some = weights != 0
        chosen = weights[some]
        single = len(self.moved) == 1

        def total(moved: Any) -> float:
            return _sum(chosen, self._of([moved] if single else list(moved))[some])

        here, along = [self.call.values[i] for i in self.moved], list(self.directions.values())
        try:
            estimate = directional(total, here[0] if single else here, along[0] if single else along, method="real")
        except Exception:  # noqa: BLE001  as in `at`: nothing is known
            return 0.0, np.inf
        return float(estimate.value), float(estimate.error)

    def _differences(self, weights: Array) -> list[tuple[float, float]]:
        """The plain difference quotient at smaller and smaller steps, and what rounding and truncation may put it off."""
        some = weights != 0
        chosen, slopes = weights[some], self.slopes
        width = _sum(np.abs(chosen), (slopes.high - slopes.low)[some]) / 2
        noise = SPREAD * self.epsilon * _random_sum(chosen * (slopes.size[some] + np.max(slopes.size[some])))
        tolerance = width + _random_sum(chosen * slopes.tolerance[some])
        return [
            (_sum(chosen, (self.at(step) - self.at(-step))[some]) / (2 * step), tolerance + noise / step)
            for step in (self.step * shrink for shrink in NEARER)
        ]

    # ---- the rules

    @cached_property
    def pushed(self) -> Array | None:
        """The tangent of the outputs; None where the rule has none to give."""
        return pushed(self.call, self.directions)

    def _given(self, call: Call, weights: Array, modes: Modes) -> list[tuple[str, float]]:
        """What the rules of the call say of sum of weights and outputs, by every way there is."""
        mine = call is self.call
        given = [(REVERSE, value) for value in pulled(call, weights, self.directions)] if REVERSE in modes else []
        tangent = (self.pushed if mine else pushed(call, self.directions)) if FORWARD in modes else None
        if tangent is not None:
            some = weights != 0
            given.append((FORWARD, _sum(weights[some], tangent[some])))
        return given

    # ---- cotangents

    def weights(self, support: Array) -> Array:
        """Random weights that make the entries of the support count alike; 0 elsewhere."""
        slopes = self.slopes
        size = np.where(support, np.maximum(np.abs(slopes.center), FLAT * slopes.size), 0)
        largest = float(np.max(size, initial=0)) or 1.0
        random = _from_half_to_one(self.random.uniform(-1, 1, size.shape))
        chosen = np.where(support, random * largest / np.maximum(size, self.epsilon**RANGE * largest), 0)
        return settled(self.call, chosen)

    def _parts(self) -> Iterator[Array]:
        """Where the outputs stand: all together, then each of several alone."""
        everything = np.ones(self.here.size, bool)
        yield everything
        if len(self.call.outputs) > 1:
            start = 0
            for y in self.call.outputs:
                alone = np.zeros_like(everything)
                alone[start : start + count(y)] = True
                start += count(y)
                yield alone

    # ---- the quick test

    def quick(self) -> bool:
        """Whether nothing looks wrong."""
        slopes, tangent = self.slopes, self.pushed
        if tangent is not None and np.any(self._outside(tangent)):
            return False
        parts = list(self._parts())
        weights = self.weights(slopes.valid & parts[int(self.random.integers(len(parts)))])
        return self._within(weights) and not self._lost_to_rounding(weights, (FORWARD, REVERSE))

    def _within(self, weights: Array) -> bool:
        """Whether what is pulled back lies where the differences say, between one-sided slopes where these differ."""
        slopes, some = self.slopes, weights != 0
        ends = (weights * slopes.low)[some], (weights * slopes.high)[some]
        slack = _random_sum(weights[some] * slopes.tolerance[some])
        low, high = float(np.minimum(*ends).sum()) - slack, float(np.maximum(*ends).sum()) + slack
        return all(low <= found <= high for found in pulled(self.call, weights, self.directions))

    def _outside(self, tangent: Array) -> Array:
        """The entries whose tangent is not what the differences say."""
        s = self.slopes
        return s.valid & ~((s.low - s.tolerance <= tangent) & (tangent <= s.high + s.tolerance))

    # ---- the careful test

    def careful(self) -> list[Finding]:
        """What is wrong along this direction, whichever of the moved inputs it is by (the first is named)."""
        found: dict[str, Finding] = {}
        for weights, modes in self._cases():
            for finding in (*self._compared(weights, modes), *self._lost_to_rounding(weights, modes)):
                found.setdefault(finding.mode, finding)
        return list(found.values())

    def _cases(self) -> Iterator[tuple[Array, Modes]]:
        """Cotangents to compare by, and the modes: the smooth entries; those that look wrong; kinks that look wrong."""
        slopes, tangent = self.slopes, self.pushed
        for part in self._parts():
            if np.any(part & slopes.smooth):
                yield self.weights(part & slopes.smooth), (FORWARD, REVERSE)
        kinks = slopes.valid & ~slopes.smooth
        if kinks.any() and not self._within(weights := self.weights(kinks)):
            yield weights, (REVERSE,)
        if tangent is not None:
            outside = self._outside(tangent)
            for some in (outside & slopes.smooth, outside & kinks):
                if some.any():
                    yield self.weights(some), (FORWARD,)

    def _compared(self, weights: Array, modes: Modes) -> Iterator[Finding]:
        given = self._given(self.call, weights, modes)
        expected, error = self._numerical(weights) if given else (0.0, np.inf)
        margin = MARGIN * error + self._rounding(weights, self.epsilon)
        if not np.isfinite(margin):
            return
        for mode, value in given:
            off = abs(value - expected)
            if np.isfinite(value):
                wrong = off > margin and self._is_clear(weights, expected, value)
            else:
                off, wrong = abs(expected), self._is_finite(weights)
            if wrong and self._is_linear(weights, expected, max(2 * margin, LINEAR * off)):
                yield Finding(mode, self.moved[0], expected, error, value)

    def _rounding(self, weights: Array, precision: float) -> float:
        """What rounding in a rule may make of the sum of weights and tangents."""
        some = weights != 0
        size = np.maximum(np.abs(self.slopes.center), self.slopes.size)[some]
        return precision * _random_sum(weights[some] * (ROUNDING * size + SPREAD * np.max(size, initial=0)))

    def _is_clear(self, weights: Array, expected: float, found: float) -> bool:
        """Whether plain differences speak for what is expected, the nearest that can tell, and none for what was found.

        The wide steps of an extrapolation may pass over a jump beside the point, or over whole periods.
        """
        told = [d for d in self._differences(weights) if d[1] < abs(expected - found) / 4]
        if any(abs(slope - found) <= slack for slope, slack in told):
            return False
        return not told or abs(told[-1][0] - expected) <= told[-1][1]

    def _is_finite(self, weights: Array) -> bool:
        """Whether the inputs are, the function beside them, and its slope (that of a cube root at 0 grows)."""
        inputs = (self.call.values[i] for i in self.call.needed)
        if not self.slopes.valid.all() or not all(np.all(np.isfinite(x)) for x in inputs):
            return False
        (wide, slack), *nearer = self._differences(weights)
        return all(abs(slope) <= 2 * abs(wide) + slack + more for slope, more in nearer)

    def _is_linear(self, weights: Array, expected: float, slack: float) -> bool:
        """Whether the derivatives along two directions add up to that along their sum.

        They need not where there is no derivative: the middle one of three equal eigenvalues has one along every line.
        """
        other = Probe(self.narrow, self.moved, self.random)
        both = {i: t + other.directions[i] for i, t in self.directions.items()}
        along, error = other._numerical(weights)
        along_both, error_both = Probe(self.narrow, self.moved, self.random, both)._numerical(weights)
        return abs(along_both - along - expected) <= slack + MARGIN * (error + error_both)

    # ---- less than double precision

    def _lost_to_rounding(self, weights: Array, modes: Modes) -> list[Finding]:
        """Where a rule gives in the call's own precision what it does not in double precision (an overflow, say).

        What rounding may do is measured: by inputs that differ by a rounding of that precision.
        """
        if self.narrow is self.call or self.call.primitive.name in GAUGES:  # another sign of a vector is no error
            return []
        info, some = coarsest(self.narrow), weights != 0
        if info.eps == self.epsilon or not np.all(np.isfinite(flat(self.narrow.y)[some])):
            return []
        wide, narrow = (self._given(call, weights, modes) for call in (self.call, self.narrow))
        slack = self._rounding(weights, info.eps) + float(np.abs(weights).sum() * info.tiny)
        pairs = list(zip(wide, narrow, strict=False))
        if all(abs(a - b) <= slack for (_, a), (_, b) in pairs):
            return []
        nudged = self._given(self._nudged(float(info.eps)), weights, modes)
        return [
            Finding(mode, self.moved[0], a, slack, b)
            for ((mode, a), (_, b)), (_, c) in zip(pairs, nudged, strict=False)
            if np.isfinite(a) and np.isfinite(c) and not abs(a - b) <= slack + NUDGED * abs(a - c)
        ]

    def _nudged(self, precision: float) -> Call:
        values = list(self.call.values)
        for i in self.call.needed:
            values[i] = values[i] * (1 + precision * self.random.choice([-1.0, 1.0], np.shape(values[i])))[()]
        return again(self.call, values)


def other_value(call: Call) -> Finding | None:
    """Where forward of a custom rule computes another value than the function, which gives the same one each time."""
    if original(call) is call.primitive.function:
        return None
    try:
        expected, found = evaluate(call, call.values), flat(call.y)
        worst = farthest(found, expected, float(np.sqrt(coarsest(call).eps)))
        if worst is None or not all(same([evaluate(call, call.values)], [expected]) for _ in range(REPEATED)):
            return None
    except Exception:  # noqa: BLE001  the function is the user's
        return None
    return Finding(VALUE, call.needed[0], float(expected[worst]), 0.0, float(found[worst]))


def direction(x: Any, random: np.random.Generator, everywhere: bool) -> Any:
    """Random numbers of few digits, up to the size of each entry: x + h t is exact, and no entry passes 0.

    An entry that is 0 moves as far as the typical one, and so do, if `everywhere`, all smaller entries.
    """
    x = np.asarray(x)
    size = np.abs(x).astype(float)
    exponent = np.frexp(size)[1] - 1
    moves = np.isfinite(size)
    seen = moves & (size > 0)
    sizes = exponent[seen]
    middle = sizes.size // 2
    typical = int(np.partition(sizes, middle)[middle]) if sizes.size else 0
    exponent = np.where(seen, np.maximum(exponent, typical) if everywhere else exponent, typical)

    def part() -> Array:
        digits = _from_half_to_one((random.integers(-128, 128, x.shape) + 0.5) / 128)
        return np.where(moves, np.ldexp(digits, exponent), 0)

    t = part() + 1j * part() if x.dtype.kind == "c" else part()
    return np.asarray(t).astype(x.dtype)[()]


def _from_half_to_one(uniform: Array) -> Array:
    """Numbers in (-1, 1) moved out to at least a half."""
    return np.asarray(np.copysign((1 + np.abs(uniform)) / 2, uniform))


def _sum(weights: Array, values: Array) -> float:
    """Not by BLAS: NumPy sums in pairs, which rounds less, and starts no threads."""
    return float(np.sum(weights * values))


def _random_sum(errors: Array) -> float:
    """What errors of random signs (as the weights give them) add up to."""
    return float(np.sqrt(np.sum(errors * errors)))
