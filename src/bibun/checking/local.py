"""One call by itself: what its rules give along random directions, beside numerical derivatives of its function.

The function of a call is taken as it is: a row's NumPy function, forward of a Function, the function under a custom
rule. Two tests. The quick one has two more values of the function and a tolerance; it finds what may be wrong, entry by
entry, and says which entries are smooth. The careful one has an error bar, from bibun.numerical.directional.

Where one-sided slopes differ (relu at 0, ties) every value between them is right. Chooses no call; culprit.py does.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from bibun.checking.gauge import GAUGES
from bibun.checking.recording import Call
from bibun.core.cotangents import Scattered
from bibun.core.traced import new_level
from bibun.interpreters import function
from bibun.interpreters.convenient import RECORDERS
from bibun.interpreters.forward import dual, push
from bibun.interpreters.tape import Plan, cast, sweep
from bibun.interpreters.variable import leaf
from bibun.primitives import TABLE

Array = np.ndarray[Any, Any]
FORWARD, REVERSE = "forward", "reverse"

# The step h = eps**(1/3) balances h**2 truncation against eps / h rounding: each is about eps**(2/3) of the value.
QUICK = 64.0  # of these: what the quick test lets pass
SMOOTH = 0.01  # one-sided slopes that differ by less than this share of them are those of a smooth function
ROUNDING = 64.0  # roundings of an entry that the rule itself may make
SPREAD = 8.0  # roundings of the largest entry, which sums (as in a matrix product) may spread to all
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
    """A call whose inputs `moved` move together, along a random direction."""

    def __init__(
        self,
        call: Call,
        moved: tuple[int, ...],
        random: np.random.Generator,
        directions: dict[int, Any] | None = None,
    ) -> None:
        self.call = call
        self.moved = moved
        self.random = random
        wide = bool(random.integers(2))
        self.directions = directions or {i: direction(call.values[i], random, wide=wide) for i in moved}
        self.epsilon = max(_epsilon(v) for v in (*call.outputs, *(call.values[i] for i in call.needed)))

    # ---- the function

    def at(self, step: float) -> Array:
        """The outputs, flat, a step away; nan where the function has no value there."""
        here = self.call.values
        try:
            return self._of([here[i] + here[i].dtype.type(step) * t for i, t in self.directions.items()])
        except Exception:  # noqa: BLE001  the function is the user's: outside of its domain it may raise anything
            return np.full(self.here.size, np.nan)

    def _of(self, moved: list[Any]) -> Array:
        values = list(self.call.values)
        for i, value in zip(self.moved, moved, strict=True):
            values[i] = np.asarray(value, values[i].dtype).reshape(np.shape(values[i]))[()]
        y = evaluate(self.call, values)
        gauge = GAUGES.get(self.call.primitive.name)
        return flat(gauge.align(self.call.y, y) if gauge else y)

    @cached_property
    def here(self) -> Array:
        """The outputs at the point, flat."""
        return flat(self.call.y)

    @cached_property
    def slopes(self) -> Slopes:
        """By one step to each side."""
        step = 2.0 ** round(np.log2(self.epsilon) / 3)
        above, below = self.at(step), self.at(-step)
        left, right = (self.here - below) / step, (above - self.here) / step
        center = (left + right) / 2
        valid = np.isfinite(center)
        size = np.abs(self.here)
        scale = np.abs(center) + size
        largest = np.max(scale, where=valid, initial=0)
        tolerance = self.epsilon ** (2 / 3) * (QUICK * scale + SPREAD * largest)
        smooth = valid & (np.abs(right - left) <= SMOOTH * (np.abs(left) + np.abs(right)) + tolerance)
        low, high = (np.where(smooth, center, end(left, right)) for end in (np.minimum, np.maximum))
        return Slopes(low, high, center, smooth, valid, tolerance, size)

    # ---- the rules

    @cached_property
    def pushed(self) -> Array | None:
        """The tangent of the outputs, flat; None where the rule has none to give."""
        call = self.call
        tangents = [self.directions.get(i) for i in range(len(call.values))]
        try:
            dy = push(call.primitive, call.y, list(call.values), tangents, call.settings)
        except Exception:  # noqa: BLE001  the rule may be the user's; what it cannot do is not wrong
            return None
        if dy is None:
            return np.zeros_like(self.here)
        parts = dy if isinstance(call.y, tuple) else (dy,)
        return flat(tuple(dual(y, t, 0).tangent for y, t in zip(call.outputs, parts, strict=True)))

    def pulled(self, weights: Array) -> list[float]:
        """<pullback(cotangent), direction>, by every way the tape has; none where there is none to give."""
        g = self._cotangents(weights)
        found = []
        for way in (by_rule, by_recorder):
            try:
                cotangents = way(self.call, g)
            except Exception:  # noqa: BLE001  as in `pushed`
                continue
            if cotangents is not None:
                found.append(sum(_paired(cotangents[i], t) for i, t in self.directions.items()))
        return found

    # ---- cotangents, flat: a number beside every entry of `here`

    def weights(self, support: Array) -> Array:
        """Random numbers that make the entries of the support count alike; 0 elsewhere."""
        slopes = self.slopes
        size = np.where(support, np.maximum(np.abs(slopes.center), FLAT * slopes.size), 0)
        largest = float(np.max(size, initial=0)) or 1.0
        random = self.random.uniform(0.5, 1, size.shape) * self.random.choice([-1.0, 1.0], size.shape)
        chosen = np.where(support, random * largest / np.maximum(size, self.epsilon**RANGE * largest), 0)
        return flat(tuple(map(np.conj, _whole(self._cotangents(chosen)))))

    def _cotangents(self, weights: Array) -> Any:
        """As the outputs are; an output without any, as the tape has it for one that nothing used."""
        parts, start = [], 0
        for y in self.call.outputs:
            stop = start + _count(y)
            parts.append(_cotangent(weights[start:stop], y))
            start = stop
        gauge = GAUGES.get(self.call.primitive.name)
        if gauge:
            projected = gauge.project(tuple(parts), self.call.y)
            parts = [p if np.any(g) else g for p, g in zip(projected, parts, strict=True)]
        return tuple(parts) if isinstance(self.call.y, tuple) else parts[0]

    def outputs_alone(self) -> Iterator[Array]:
        """Where in `here` each output stands; everything, first."""
        everything = np.ones(self.here.size, bool)
        yield everything
        if len(self.call.outputs) > 1:
            start = 0
            for y in self.call.outputs:
                only = np.zeros_like(everything)
                only[start : start + _count(y)] = True
                start += _count(y)
                yield only

    # ---- the tests

    def quick(self) -> set[str]:
        """The modes that may be wrong."""
        pushed = self.pushed
        doubtful = {FORWARD} if pushed is not None and np.any(self._outside(pushed)) else set()
        choices = list(self.outputs_alone())
        if not self._within(self.weights(self.slopes.valid & choices[int(self.random.integers(len(choices)))])):
            doubtful.add(REVERSE)
        return doubtful

    def _within(self, weights: Array) -> bool:
        """Whether what is pulled back lies where the differences say, between one-sided slopes where these differ."""
        slopes, some = self.slopes, weights != 0
        ends = (weights * slopes.low)[some], (weights * slopes.high)[some]
        slack = _random_sum(weights[some] * slopes.tolerance[some])
        low, high = float(np.minimum(*ends).sum()) - slack, float(np.maximum(*ends).sum()) + slack
        return all(low <= found <= high for found in self.pulled(weights))

    def _outside(self, pushed: Array) -> Array:
        """The entries whose tangent is not what the differences say."""
        s = self.slopes
        return s.valid & ~((s.low - s.tolerance <= pushed) & (pushed <= s.high + s.tolerance))

    def careful(self) -> list[Finding]:
        """What is wrong along this direction, whichever of the moved inputs it is by (the first is named)."""
        found: dict[str, Finding] = {}
        for weights, modes in self._cases():
            for finding in self._compared(weights, modes):
                found.setdefault(finding.mode, finding)
        return list(found.values())

    def _cases(self) -> Iterator[tuple[Array, tuple[str, ...]]]:
        """Cotangents to compare by, and the modes: the smooth entries; those that look wrong; kinks that look wrong."""
        slopes, pushed = self.slopes, self.pushed
        for part in self.outputs_alone():
            if np.any(part & slopes.smooth):
                yield self.weights(part & slopes.smooth), (FORWARD, REVERSE)
        kinks = slopes.valid & ~slopes.smooth
        if kinks.any() and not self._within(weights := self.weights(kinks)):
            yield weights, (REVERSE,)
        if pushed is not None:
            outside = self._outside(pushed)
            for some in (outside & slopes.smooth, outside & kinks):
                if some.any():
                    yield self.weights(some), (FORWARD,)

    def _compared(self, weights: Array, modes: tuple[str, ...]) -> Iterator[Finding]:
        some = weights != 0
        given = [(REVERSE, value) for value in self.pulled(weights)] if REVERSE in modes else []
        if self.pushed is not None and FORWARD in modes:
            given.append((FORWARD, float(weights[some] @ self.pushed[some])))
        if not given:
            return
        expected, error = self._numerical(weights)
        slopes = self.slopes
        size = np.maximum(np.abs(slopes.center), slopes.size)[some]
        rounding = self.epsilon * _random_sum(weights[some] * (ROUNDING * size + SPREAD * np.max(size)))
        # what the differences by one small step leave open: a jump beside the point, say, which wide steps pass over
        apart = abs(expected - float(weights[some] @ ((slopes.low + slopes.high) / 2)[some]))
        width = float(np.abs(weights[some]) @ (slopes.high - slopes.low)[some]) / 2
        doubt = apart - width - _random_sum(weights[some] * slopes.tolerance[some])
        margin = MARGIN * max(error, doubt) + rounding
        # a value that is not finite may come from where there is no derivative, unless there is one everywhere
        wrong = [
            (mode, value)
            for mode, value in given
            if (abs(value - expected) > margin if np.isfinite(value) else slopes.valid.all())
        ]
        if not np.isfinite(margin) or not wrong:
            return
        off = min((abs(value - expected) for _, value in wrong if np.isfinite(value)), default=abs(expected))
        if self._is_linear(weights, expected, max(2 * margin, LINEAR * off)):
            for mode, value in wrong:
                yield Finding(mode, self.moved[0], expected, error, value)

    def _is_linear(self, weights: Array, expected: float, slack: float) -> bool:
        """Whether the derivatives along two directions add up to that along their sum.

        They need not where there is no derivative: the middle one of three equal eigenvalues has one along every line.
        """
        other = Probe(self.call, self.moved, self.random)
        both = {i: t + other.directions[i] for i, t in self.directions.items()}
        along, error = other._numerical(weights)
        along_both, error_both = Probe(self.call, self.moved, self.random, both)._numerical(weights)
        return abs(along_both - along - expected) <= slack + MARGIN * (error + error_both)

    def _numerical(self, weights: Array) -> tuple[float, float]:
        """d/ds sum of weights and outputs, with its error bar."""
        from bibun.numerical import directional

        some = weights != 0
        chosen = weights[some]
        single = len(self.moved) == 1

        def total(moved: Any) -> float:
            return float(chosen @ self._of([moved] if single else list(moved))[some])

        here = [self.call.values[i] for i in self.moved]
        along = list(self.directions.values())
        estimate = directional(total, here[0] if single else here, along[0] if single else along, method="real")
        return float(estimate.value), float(estimate.error)


def evaluate(call: Call, values: list[Any]) -> Any:
    """The function of the call on other values. What a user's function keeps or writes to stays as it was."""
    row = call.primitive
    if not row.once:
        return row.function(*values, **call.settings)
    values = [v.copy() if isinstance(v, np.ndarray) else v for v in values]
    if isinstance(row, function.Call):
        return function.Run(copy(row.owner)).forward(*values)
    return row.function(*values)


def by_rule(call: Call, g: Any) -> dict[int, Any]:
    """The cotangents of the inputs as the tape has the row pull them back."""
    plan = Plan(call.primitive, call.needed)
    saved = plan.save(call.y, call.values, [False] * len(call.values), call.settings)
    found = plan.pull(saved, g)
    pulled = zip(plan.needed, [found] if plan.single else found, strict=True)
    return {i: cast(_dense(c), np.result_type(call.values[i])) for i, c in pulled}


def by_recorder(call: Call, g: Any) -> dict[int, Any] | None:
    """The same by the row's fast recorder, which operators and ufuncs on Variables take; None where it has none."""
    row = call.primitive
    if call.settings or TABLE.get(row.name) is not row or row.function not in RECORDERS:
        return None
    level = new_level()
    leaves = {i: leaf(call.values[i], level) for i in call.needed}
    nodes = {i: x.node for i, x in leaves.items()}
    y = RECORDERS[row.function](*(leaves.get(i, v) for i, v in enumerate(call.values)))
    found = sweep([(y.node, g)])
    return {i: found.get(node, np.zeros_like(call.values[i])) for i, node in nodes.items()}


def direction(x: Any, random: np.random.Generator, *, wide: bool) -> Any:
    """Random numbers of few digits, up to the size of each entry: x + h t is exact, and no entry passes 0.

    An entry that is 0 moves as far as the typical one, and so do, if `wide`, all smaller entries.
    """
    x = np.asarray(x)
    size = np.abs(x).astype(float)
    exponent = np.frexp(size)[1] - 1
    seen = np.isfinite(size) & (size > 0)
    sizes = exponent[seen]
    middle = sizes.size // 2
    typical = int(np.partition(sizes, middle)[middle]) if sizes.size else 0
    exponent = np.where(seen, np.maximum(exponent, typical) if wide else exponent, typical)
    moves = np.isfinite(size)

    def part() -> Array:
        digits = random.integers(128, 256, x.shape) / 256 * random.choice([-1.0, 1.0], x.shape)
        return np.where(moves, np.ldexp(digits, exponent), 0)

    t = part() + 1j * part() if x.dtype.kind == "c" else part()
    return np.asarray(t).astype(x.dtype)[()]


def flat(y: Any) -> Array:
    """All outputs as one axis of real numbers, a complex one as two. Integers, which have no derivative, are left out."""
    parts = [np.ravel(part) for part in _whole(y)]
    wide = [p.astype(complex).view(float) if p.dtype.kind == "c" else p for p in parts if p.dtype.kind in "fc"]
    return np.concatenate(wide).astype(float) if wide else np.empty(0)


def _whole(y: Any) -> tuple[Any, ...]:
    return y if isinstance(y, tuple) else (y,)


def _count(y: Any) -> int:
    """How many entries of `flat` an output takes."""
    return int(np.size(y)) * {"f": 1, "c": 2}.get(np.result_type(y).kind, 0)


def _cotangent(weights: Array, y: Any) -> Any:
    """The cotangent that pairs with dy as the weights do with the flat dy: a - ib for the weights a, b of re and im."""
    dtype, shape = np.result_type(y), np.shape(y)
    if not weights.any():
        return np.broadcast_to(np.zeros((), dtype), shape)
    values = np.conj(weights.view(complex)) if dtype.kind == "c" else weights
    return values.reshape(shape).astype(dtype)[()]


def _dense(cotangent: Any) -> Any:
    return cotangent.dense() if isinstance(cotangent, Scattered) else cotangent


def _paired(cotangent: Any, t: Any) -> float:
    """Re sum c t; what does not move does not count, even if its cotangent is nan."""
    moves = np.asarray(t) != 0
    return float(np.sum(np.real(np.asarray(cotangent)[moves] * np.asarray(t)[moves])))


def _random_sum(errors: Array) -> float:
    """What errors of random signs (as the weights give them) add up to."""
    return float(np.linalg.norm(errors))


def _epsilon(value: Any) -> float:
    dtype = np.result_type(value)
    return float(np.finfo(dtype).eps) if dtype.kind in "fc" else 0.0
