"""The search for the levels that give a derivative its smallest error. Asks for values of f, calls nothing.

A search is a generator: it yields the distances t at which it needs f(x + t), goes on when `samples.values` holds
them, and returns a Result. Who runs it may evaluate them one by one, in one call, or on other machines.

It starts with a window of levels at a fraction of |x| and then moves: deeper (a level of half the step) while
truncation limits the answer, wider while noise does, far down where nothing converges. Every move is undone if
the answer gets worse.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from math import frexp, inf, ldexp, log2, nan

from bibun.numerical.boundary import one_sided
from bibun.numerical.samples import Samples
from bibun.numerical.singular import Singular, singular, suspected
from bibun.numerical.window import NOISE_WEIGHT, TRUNCATION_WEIGHT, Window

Requests = Generator[list[float], None, "Result"]

EPS = 2.0**-52
TARGET = 1e-13  # where the claimed error is this share of the derivative, nothing more is asked for
SMALLEST_SCALE = 2.0**-6  # an x nearer to 0 says nothing of the scale on which f varies
NEAR_ZERO = 2.0**-7
WIDEST = 4  # octaves above |x|: beyond, x itself is lost
LEVELS = 4
MOST_LEVELS = 14
PROBES = 9
FARTHEST = 40
ADJOINING = 3  # so many octaves wider, the levels join the window that is there
FINEST_NOISE = 1e-8  # and below this it is noise
FINE_NOISE = 1e-3  # relative noise below this is rather noise than structure
WORTH_A_TRY = 1e-10  # with a larger error, wider levels are tried even where the decay promises nothing
DECAY_MARGIN = 1.25
UNRESOLVED = 0.3  # an error of this share of the slope leaves no digit
TREND = 0.3
SUSPICIOUS = 1e-10  # noise above this is first taken for structure that the levels are too wide for


@dataclass(frozen=True, slots=True)
class Result:
    """What a search found. `sigma` is the noise of f relative to its size, `step` the one that was chosen."""

    value: float
    error: float
    status: str
    sigma: float = 0.0
    step: float = 0.0


def search(samples: Samples, order: int = 1, limit: int = 60, levels: int = LEVELS) -> Requests:
    """The derivative of this order at x, from at most `limit` values of f."""
    return _Search(samples, order, limit, levels).run()


class _Search:
    def __init__(self, samples: Samples, order: int, limit: int, levels: int) -> None:
        self.samples, self.order, self.limit = samples, order, limit
        scale = max(samples.scale, SMALLEST_SCALE)
        exponent = frexp(scale)[1]
        self.floor = samples.floor
        self.highest = min(exponent + WIDEST, 1020)
        self.ceiling = self.highest + 1  # the smallest exponent known to be of no use
        coarse = int(log2(samples.precision / EPS) / 16) + 1 if samples.precision > 4 * EPS else 0
        self.start = exponent - 4 + coarse + order - 1
        self.levels = levels + (order - 1) // 2
        self.rescues = 0
        self.coarse: Window | None = None  # where noise was taken for structure
        self.widenings = 0
        self.singular: Singular | None = None
        self.tried = False
        self.near_x = False  # whether the scale of a small x was tried
        self.before: Window | None = None  # the window before it was widened
        self.decay_before = 0.0
        self.probed = False

    # ---- samples -------------------------------------------------------------------------------

    def _need(self, *exponents: int) -> Generator[list[float], None, bool]:
        """Ask for these pairs, the widest by itself: it may lie outside the domain. False, with a lower ceiling, where one has no value."""
        values = self.samples.values
        for part in (exponents[:1], exponents[1:]):
            missing = []
            for exponent in part:
                step = ldexp(1.0, exponent)
                if step not in values:
                    missing += [-step, step]
            if missing:
                yield missing
            for exponent in part:
                if not self.samples.valid(exponent):
                    self.ceiling = min(self.ceiling, exponent)
                    return False
        return True

    @property
    def spent(self) -> bool:
        return self.samples.evaluations >= self.limit
    # ---- the course of the search --------------------------------------------------------------

    def run(self) -> Requests:
        top = self.start
        while True:
            top = max(min(top, self.ceiling - 1), self.floor + self.levels)
            placed = yield from self._need(*range(top, top - self.levels, -1))
            if not placed and self.before is not None:
                move = yield from self._refine(self.before)
            elif not placed:
                below = yield from self._retreat()
                if below is None:
                    return (yield from one_sided(self.samples, self.order))
                top = below
                continue
            else:
                move = yield from self._refine(Window(self.samples, top, self.levels, self.order))
            if isinstance(move, int):
                top = move
                continue
            if move is None:
                return (yield from one_sided(self.samples, self.order))
            if self.singular is not None:
                return Result(*self.singular)
            if move.noisy and (yield from self._is_singular(move)):
                assert self.singular is not None
                return Result(*self.singular)
            finer = yield from self._unresolved(move)
            if finer is not None:
                top, self.coarse = finer, move
                continue
            move = self._coarse_or(move)
            return (yield from self._finish(move))

    def _coarse_or(self, window: Window) -> Window:
        """The window where noise was taken for structure, if nothing finer was there after all."""
        coarse = self.coarse
        if coarse is None or window is coarse or window.error < coarse.error:
            return window
        amplitude, before = window.sigma * window.sizes[-1], coarse.sigma * coarse.sizes[-1]
        same_noise = window.noisy and amplitude > 0.1 * before
        return coarse if same_noise or abs(window.value - coarse.value) <= window.error else window

    def _retreat(self) -> Generator[list[float], None, int | None]:
        """A level has no value on one side: where to go on, or None where x is the boundary of the domain."""
        self.rescues += 1
        x = abs(self.samples.x)
        if self.rescues == 1 and 0 < x < NEAR_ZERO:
            return frexp(x)[1] - 4  # the domain may start at 0: try the scale of x
        if self.rescues > 5 or self.spent:
            return None
        found = yield from self._probe(inf, self.ceiling)
        return found if isinstance(found, int) else None

    def _refine(self, window: Window) -> Generator[list[float], None, Window | int | None]:
        """Move until nothing is gained: the window to answer from, the top of another, or None: one side only."""
        while True:
            before = self.before
            if before is not None:
                self.before = None
                if window.error > 1.2 * before.error and (not before.noisy or before.evidence >= 1):
                    self.ceiling = min(self.ceiling, window.top)
                    self.widenings += 2
                    window = before
            if self.spent or self._settled(window):
                return window
            varies = max(max(map(abs, window.odd)), max(map(abs, window.even)))
            if varies == 0.0:
                return window  # constant, as far as f can show
            if varies <= 8 * self.samples.precision * max(window.sizes):  # nothing but rounding is seen
                if window.top < min(self.ceiling - 1, self.highest):
                    return min(self.ceiling - 1, self.highest, window.top + 8)
                return window
            if window.error < 0.05 * window.slope or window.count < 3:
                move = self._improve(window)
            else:
                move = yield from self._converge(window, varies)
            if move == "deeper":
                exponent = window.bottom - 1
                if exponent <= self.floor or not (yield from self._deepen(window, exponent)):
                    return window
            elif isinstance(move, int):
                return move
            elif isinstance(move, range):
                if (yield from self._need(*move)):
                    window = Window(self.samples, move[0], window.count + len(move), self.order)
                else:
                    self.before = None
            elif move is None:
                return window
            else:
                return None

    def _deepen(self, window: Window, exponent: int) -> Generator[list[float], None, bool]:
        ceiling = self.ceiling
        if not (yield from self._need(exponent)):
            self.ceiling = ceiling
            return False
        window.append()
        window.analyse()
        return True

    def _settled(self, window: Window) -> bool:
        return window.error <= TARGET * abs(window.value) and (window.evidence >= 3 or not window.noisy)

    # ---- moves where nothing converges ----------------------------------------------------------

    def _converge(self, window: Window, varies: float) -> Generator[list[float], None, object]:
        if (yield from self._is_singular(window)):
            return None
        limited_by_noise = window.noise > 2 * window.truncation
        room = min(self.ceiling, self.highest + 1) - 1 - window.top
        decay = window.decay if window.noisy else window.decay_bound
        likely = not window.noisy or window.sigma < FINE_NOISE
        if limited_by_noise and likely and room > 0 and self.widenings < 4 and (decay < 0.3 or window.noisy):
            self.before = window
            self.widenings += 1
            octaves = max(3, min(12, int(-log2(max(decay, 1e-6))) - 3))
            return window.top + min(octaves, room)
        if window.truncation > 0.3 * window.noise and window.decay < 0.7 and window.count < 6:
            return "deeper"
        steady = abs(window.decay - self.decay_before) < 0.2 * self.decay_before
        if steady and window.count < 7 and window.truncation > window.noise:
            return "deeper"
        if self.rescues >= 5 or (window.noisy and window.sigma < FINEST_NOISE):
            return None
        self.rescues += 1
        x = abs(self.samples.x)
        if 0 < x < NEAR_ZERO and not self.near_x:
            self.near_x = True
            top = frexp(x)[1] - 4
            if top < window.bottom - 1:
                self.ceiling = min(self.ceiling, window.bottom)
                return top
        self.decay_before = window.decay
        if window.noisy and self.coarse is None:
            self.coarse = window
        found = yield from self._probe(varies, window.bottom, window.sigma * window.sizes[-1] if window.noisy else 0.0)
        if found == "side":
            return "side"
        if isinstance(found, int):
            self.ceiling = min(self.ceiling, window.bottom)
            return found
        if room > 0 and self.widenings < 3:
            self.before = window
            self.widenings += 1
            return window.top + min(3, room)
        return None

    def _is_singular(self, window: Window) -> Generator[list[float], None, bool]:
        """Whether f has a kink or a jump at x, then kept in `singular`."""
        kind = "" if self.singular or self.order > 1 else suspected(window)
        if kind:
            self.singular = yield from singular(self.samples, window, kind)
        return self.singular is not None

    def _probe(
        self, varies: float, ceiling: int, noise: float = 0.0
    ) -> Generator[list[float], None, int | str | None]:
        """Look below `ceiling` for a scale on which f is a line. The top of a window there; "side" where f has values
        on one side only; None where there is only noise, or nothing.
        """
        lowest, highest, exponent = self.floor, ceiling, ceiling - 14
        for _ in range(PROBES):
            exponent = max(exponent, lowest)
            kept = self.ceiling
            valid = yield from self._need(exponent)
            self.ceiling = kept
            if not valid:
                if exponent <= lowest + 1:
                    return "side"
            else:
                odd, even, rounding = self._parts(exponent)
                seen = max(odd, even)
                if seen <= 16 * rounding:  # too far down
                    lowest = max(lowest, exponent + 1)
                    if highest - exponent <= 3:
                        return None
                    exponent = (highest + exponent) // 2
                    continue
                if even <= 0.3 * odd and not (noise > 0 and seen >= 0.1 * noise):
                    return self._top_for(exponent, odd, even, rounding, varies, highest)
            if exponent <= lowest:
                return None  # as much at the smallest step: noise, a jump, or something finer still
            highest = min(highest, exponent)
            exponent -= max(10, (exponent - lowest) // 2)
        return None

    def _top_for(self, exponent: int, odd: float, even: float, rounding: float, varies: float, highest: int) -> int:
        """The top of a window on the scale of f, where at 2**exponent it looks like a line."""
        length = odd / even if even > 8 * rounding else inf  # in units of 2**exponent
        if varies < inf:
            length = min(length, varies / odd)
        top = frexp(length)[1] + exponent - 4 if length < inf else highest - 4
        return max(min(top, highest - 2), self.floor + 4)

    def _parts(self, exponent: int) -> tuple[float, float, float]:
        """|odd part|, |even part| and the rounding of f at this level."""
        samples = self.samples
        return abs(samples.odd(exponent)), abs(samples.even(exponent)), samples.rounding(exponent)

    # ---- moves where it converges ---------------------------------------------------------------

    def _improve(self, window: Window) -> object:
        target = TARGET * abs(window.scaled)
        noise, truncation = NOISE_WEIGHT * window.noise, TRUNCATION_WEIGHT * window.truncation
        last = len(window.table.rows) - 1
        if truncation > max(target, 0.5 * noise) or (window.evidence < 1 and window.count < 6):
            if window.count >= MOST_LEVELS or (window.count >= 7 and window.chosen < last - 3):
                return None
            return "deeper"
        x = abs(self.samples.x)
        noises = window.noises
        if (
            window.chosen == last > 0
            and noises[-1] < 0.7 * noises[-2]
            and 0 < x < NEAR_ZERO
            and window.sizes[-1] > 4 * abs(self.samples.center)
        ):  # noise shrinks with the step: f is large only away from x
            top = frexp(x)[1] - 4
            if top < window.bottom - 2 and self.rescues < 5:
                self.rescues += 1
                self.ceiling = min(self.ceiling, window.bottom)
                return top
        wider = self._widen(window, target)
        if wider is None and window.noisy and window.evidence < 3 and window.count < 9:
            return "deeper"
        return wider

    def _widen(self, window: Window, target: float) -> object:
        """Noise limits the answer: would wider levels have less of it, and not too much truncation?"""
        room = min(self.ceiling, self.highest + 1) - 1 - window.top
        error = TRUNCATION_WEIGHT * window.truncation + NOISE_WEIGHT * window.noise
        if self.widenings >= 3 or room <= 0 or error <= 8 * target:
            return None
        octaves = self._octaves(window, room, error)
        if not octaves and error > WORTH_A_TRY * abs(window.scaled) and not self.tried:
            self.tried = True
            octaves = min(2, room)
        if not octaves:
            return None
        self.widenings += 1
        self.before = window
        if octaves <= ADJOINING:
            return range(window.top + octaves, window.top, -1)
        return window.top + octaves

    def _octaves(self, window: Window, room: int, error: float) -> int:
        """How many octaves wider would be best, by the measured decay; 0 where they are not worth their evaluations."""
        slope = max(abs(window.scaled), abs(window.odd[0]) if self.order % 2 else abs(window.even[0]))
        decay = DECAY_MARGIN * (window.decay if window.noisy else window.decay_bound)
        per_size = window.noises[0] / window.sizes[0] * max(window.sizes)
        best, octaves = error, 0
        for wider in range(1, min(room, FARTHEST) + 1):
            truncation, noise = slope, per_size * 2.0 ** (-wider * self.order)
            shrinks = (2.0**wider * decay) ** 2
            for _ in range(wider + window.count if wider <= ADJOINING else self.levels):
                truncation *= shrinks
                expected = TRUNCATION_WEIGHT * truncation + NOISE_WEIGHT * noise
                if expected < best:
                    best, octaves = expected, wider
                noise *= 2.0**self.order
                shrinks /= 4
        worth = 0.7 if octaves <= 1 else 0.6 if octaves <= ADJOINING else 0.13
        return octaves if best < worth * error else 0

    # ---- before the answer ----------------------------------------------------------------------

    def _unresolved(self, window: Window) -> Generator[list[float], None, int | None]:
        """Noise, or structure finer than the levels? Two far smaller scales tell. The top of a window there."""
        if self.probed or not window.noisy or window.sigma <= SUSPICIOUS or self.spent:
            return None
        self.probed = True
        amplitude = window.sigma * window.sizes[-1]
        below = min(window.bottom, self.start - 6) - 16
        for exponent in (max(below, self.floor + 11), max(below - 4, self.floor + 8)):
            if not (yield from self._need(exponent)):
                return None
            odd, even, rounding = self._parts(exponent)
            predicted = abs(window.value) * ldexp(1.0, exponent) if self.order == 1 else 0.0
            seen = max(odd, even)
            quiet = seen > 16 * rounding and even < 0.1 * amplitude and abs(odd - predicted) < 0.1 * amplitude
            if not quiet:
                return None
        if abs(odd - predicted) > 0.2 * predicted + 8 * rounding and odd > 2 * even:
            top = frexp(amplitude / seen)[1] + exponent - 3
        else:
            top = (window.bottom + exponent) // 2 + 2
        if top >= window.bottom - 1:
            return None
        self.ceiling, self.rescues, self.widenings = window.bottom, 0, 0
        return max(top, self.floor + 3)

    def _finish(self, window: Window) -> Requests:
        error = window.error
        if max(max(map(abs, window.odd)), max(map(abs, window.even))) == 0.0:
            error = window.unscaled(window.noises[0])
        error += yield from self._argument_rounding(window, error)
        error += 0.5 * EPS * abs(window.value)
        status = "rounding" if not window.noisy else f"noise of the function at level {window.sigma:.1g}"
        if error > UNRESOLVED * window.slope > 0:
            status = "unresolved"
            hidden = window.sigma * window.sizes[-1] > TREND * window.varies()  # noise, or what is too fine for the levels
            if window.truncation > window.noise or (hidden and window.sigma > FINEST_NOISE):
                error = max(error, self._steepest())
        step = ldexp(1.0, window.top - window.chosen)
        return Result(window.value, error, status, window.sigma, step)

    def _steepest(self) -> float:
        """The largest quotient of this order that any of the values shows: where nothing converges, the least to be claimed."""
        center, order = self.samples.center, self.order
        quotients = [
            abs(value - center) / abs(t) ** order for t, value in self.samples.values.items() if t and value == value
        ]
        return max(quotients, default=inf)

    def _argument_rounding(self, window: Window, error: float) -> Generator[list[float], None, float]:
        """f may round its argument, f(x (1 + delta)), which steps that are powers of two cannot show. A pair beside them can."""
        samples, level = self.samples, window.chosen + (self.order - 1) // 2
        even = abs(window.even[level])
        exponent = window.top - level
        curvature = scaled(2 * even, -2 * exponent)
        x = abs(samples.x)
        systematic = 0.25 * EPS * x * curvature
        seen = systematic > error and even > 4 * window.sigma * window.sizes[level]
        if self.order != 1 or not (seen or (ldexp(1.0, exponent) < x * 2.0**-20 and not window.noisy)):
            return 0.0
        step = ldexp(0.7310585786300049, exponent)
        yield [-step, step]
        below, above = samples.values[-step], samples.values[step]
        if below != below or above != above:
            return systematic
        true_step = 0.5 * ((samples.x + step) - (samples.x - step))
        at = true_step / ldexp(1.0, window.top)
        steps = [2.0**-j for j in range(window.count)]
        odd = _interpolate([part / h for part, h in zip(window.odd, steps, strict=True)], steps, at) * at
        even_there = _interpolate([part / h / h for part, h in zip(window.even, steps, strict=True)], steps, at) * at * at
        center = samples.center
        residual = max(
            abs((above - below) * 0.5 - odd), abs((below - center) * 0.5 + (above - center) * 0.5 - even_there)
        )
        floor = 4 * window.sigma * window.sizes[level] + window.truncation * at
        if residual > 8 * floor:
            return systematic + NOISE_WEIGHT * scaled(residual, -exponent)
        return min(systematic, 2 * residual / max(window.slope, 1e-300) * curvature)


def scaled(value: float, exponent: int) -> float:
    """value * 2**exponent, infinite where it is too large."""
    try:
        return ldexp(value, exponent)
    except OverflowError:
        return inf


def _interpolate(values: list[float], steps: list[float], at: float) -> float:
    """The polynomial in h**2 through these values, at h = `at` (Neville)."""
    squares = [step * step for step in steps]
    square, row = at * at, list(values)
    for m in range(1, len(row)):
        for i in range(len(row) - m):
            row[i] = row[i + 1] + (row[i + 1] - row[i]) * (square - squares[i + m]) / (squares[i + m] - squares[i])
    return row[0]


_ = nan
