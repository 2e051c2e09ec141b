"""The derivative of one function at the points that an optimiser visits, and when to measure its axes again.

Two calls a variable give the derivative. Six give it too, and say how wide to step from then on: they are spent
at the first point, and later where what was learned has gone out of date and that matters. Calls f through a Probe.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bibun.numerical.estimators.axes import LADDER, TINY, Array, Axes, Forecast, Indices, Pairs
from bibun.numerical.estimators.derivative import Derivative
from bibun.numerical.estimators.noise import POINTS, NoiseModel, Spacing, noise_of
from bibun.numerical.estimators.probe import Probe
from bibun.numerical.estimators.steps import (
    Room,
    Steps,
    best_steps,
    central_variance,
    next_windows,
    sided_variance,
    variance_if_measured,
)

NOISE_SPACING = 2.0**-20  # of the extent: far below any structure, far above the rounding of x
NOISE_TRIALS = 4  # spacings tried, a factor of 64 apart
NOISE_PERIOD = 24  # gradients; f may grow noisier on the way
NOISE_PAUSE = 3  # gradients, at least
CHANGED = 10.0  # |f| by this factor: the noise is measured again; by its square, once its dependence on f is known

FIRST_ROUNDS, ROUNDS = 8, 2  # windows tried for an axis, the first time and later
RETRIES = 12  # steps tried where f has no value at the first ones
SHRINK, COARSE, GROW, LEAP = 1 / 16, 1 / 4, 4.0, 64.0
DIFFERENT = 16.0  # variances: two slopes differ by more than noise
ALIKE = 9.0
NOT_FINE = 0.05  # of the slope and the curvature: where the two narrow pairs differ by more, a smaller window is tried
ROUGH = 0.01  # relative error of a slope above which a wider window is tried

MATTERS = 0.03  # an error of this share of the gradient is worth measuring axes again
GAIN = 9.0  # if that leaves so many times less variance
BURIED = 0.15  # an error of this share: the optimiser is near what noise allows, and more accuracy is all that helps
PERIOD = 8  # gradients, after which a smaller error matters
SLIGHTLY = 0.2
SLIGHT_GAIN = 2.0
LONGEST_PERIOD = 64
DISAPPOINTING = 100.0  # times the variance that was planned for: the step was wrong
OUTGROWN = 10.0  # a derivative so many times larger than what was learned could explain
ASTRAY = 25.0  # variances between the change of f and what the gradients say of it: something learned is wrong
KINK, KINK_NOISE, KINK_SHARE = (
    4.0,
    6.0,
    0.1,
)  # a kink is more than the curvature before, noise, and a share of the slope
COLUMN_MATTERS = 1e-3  # for a Jacobian: of the length of its column


class Tracker:
    """What was learned of one function: its noise, and its axes."""

    def __init__(self, probe: Probe, rounding: Array, reach: Array, random: np.random.Generator) -> None:
        x = probe.x
        self.axes = Axes(x, probe.center.size)
        self._reach = reach
        self.noise = NoiseModel(rounding)
        self.size = probe.center
        self._random = random
        self._calls = self._noise_call = 0
        self._age = np.zeros(x.size, int)
        self._pause = np.zeros(x.size, int)
        self._checked = -PERIOD
        self._last: tuple[Array, Array, Derivative] | None = None
        self._curvature = np.zeros((probe.center.size, x.size))  # half the second derivatives, at the last point

    def differentiate(self, probe: Probe, room: Room) -> Derivative:
        """The derivative at probe.x, from two calls of f for most variables."""
        with np.errstate(all="ignore"):  # what is not finite is seen and told
            return self._differentiate(probe, room)

    def _differentiate(self, probe: Probe, room: Room) -> Derivative:
        first = self._calls == 0
        forecast = self.axes.move(probe.x)
        if probe.center_is_known:
            self.size = probe.center
        if first or self._noise_is_old():
            self._measure_noise(probe, room)
        n = probe.x.size
        planned, stale = None, np.ones(n, bool)
        if not first:
            self.axes.window = next_windows(self.axes, self.noise, self.size, probe.x)
            planned = best_steps(self.axes, self.noise, forecast, self.size, probe.x, room)
            stale = self._stale(planned, forecast, room)
        found = self._found_at(probe, forecast, room, planned, stale)
        outgrown = ~stale & self._outgrown(found)
        if np.any(outgrown):
            stale |= outgrown
            self.axes.known[outgrown] = False
            self._six_calls(probe, np.flatnonzero(outgrown), forecast, room, found)
        if not (stale.all() or self._agrees(probe, found)):
            self._measure_noise(probe, room)
            self.axes.known[:] = False
            planned, stale = None, np.ones(n, bool)
            found = self._found_at(probe, forecast, room, None, stale)
            self._checked = self._calls
        if planned is not None:
            little = stale & (found.variance.sum(axis=0) > planned.variance / SLIGHT_GAIN**2)
            self._pause = np.where(little, PERIOD, self._pause - 1)
        self._age = np.where(stale, 0, self._age + 1)
        self._calls += 1
        self.axes.gradient = np.where(np.isfinite(found.value), found.value, 0.0)
        self._last = (probe.x, probe.center, found) if probe.center_is_known else None
        return found

    def _found_at(
        self, probe: Probe, forecast: Forecast, room: Room, planned: Steps | None, stale: npt.NDArray[np.bool_]
    ) -> Derivative:
        found = Derivative.unknown(self.size.size, probe.x.size)
        if planned is not None:
            self._two_calls(probe, np.flatnonzero(~stale), forecast, room, planned, found)
            poor = ~stale & (found.variance.sum(axis=0) > DISAPPOINTING * planned.variance)
            if np.any(poor):  # f is larger than it was at the last point, and so is its noise
                planned = best_steps(self.axes, self.noise, forecast, self.size, probe.x, room)
                again = np.flatnonzero(poor & (planned.variance < found.variance.sum(axis=0) / DISAPPOINTING))
                self._two_calls(probe, again, forecast, room, planned, found)
        self._six_calls(probe, np.flatnonzero(stale), forecast, room, found)
        found.value[:, room.wider <= 0] = 0.0  # a variable that its bounds hold fast, with error inf
        return found

    def _outgrown(self, found: Derivative) -> npt.NDArray[np.bool_]:
        """The variables whose derivative is larger than anything that was learned of them could explain."""
        size = np.sum(found.value**2, axis=0)
        return np.asarray(size > OUTGROWN**2 * self.axes.explained + OUTGROWN * np.sum(found.variance, axis=0))

    def _agrees(self, probe: Probe, found: Derivative) -> bool:
        """Whether f changed since the last point as the two gradients say: their mean along the way, to third order."""
        if self._last is None or not probe.center_is_known or self._calls - self._checked < PERIOD:
            return True
        x, f, before = self._last
        s = probe.x - x
        error = probe.center - f - (found.value + before.value) @ s / 2
        noise = self.noise.level(probe.center) ** 2 + self.noise.level(f) ** 2
        variance = found.variance + before.variance
        slopes = np.where(np.isfinite(variance), variance, 0.0) @ s**2 / 4
        bend = np.abs((found.value - before.value) * s).sum(axis=1) / 2
        return not np.sum(error**2) > ASTRAY * np.sum(noise + slopes + bend**2)

    # ---- noise -------------------------------------------------------------------------------------

    def _noise_is_old(self) -> bool:
        if self._calls - self._noise_call >= NOISE_PERIOD:
            return True
        now, (low, high) = np.abs(self.size), self.noise.range
        outside = (now < low / CHANGED) | (now > high * CHANGED)
        far = (now < low / CHANGED**2) | (now > high * CHANGED**2)
        rested = self._calls - self._noise_call >= NOISE_PAUSE
        return bool(np.any((outside & self.noise.undecided) | (far & rested)))

    def _measure_noise(self, probe: Probe, room: Room) -> None:
        """Along a line in a random direction, away from the bounds."""
        signs = np.where(self._random.random(probe.x.size) < 0.5, -1.0, 1.0)
        spacing = NOISE_SPACING
        sigma = np.zeros_like(self.size)
        for _ in range(NOISE_TRIALS):
            step = self.axes.extent * spacing
            length = step * (POINTS - 1)
            signs = np.where(np.where(signs > 0, room.up, room.down) < length, -signs, signs)
            step = np.where(np.where(signs > 0, room.up, room.down) < length, 0.0, signs * step)
            values = np.vstack([probe.center, probe.at([probe.x + j * step for j in range(1, POINTS)])])
            if not np.all(np.isfinite(values)):
                signs = -signs  # one side may lie outside the domain
                spacing /= 64
                continue
            sigma, verdict = noise_of(values)
            if verdict is Spacing.GOOD:
                break
            spacing *= 64.0 if verdict is Spacing.TOO_SMALL else 1 / 64
        self.size = probe.center
        self.noise.add(probe.center, sigma)
        self._noise_call = self._calls

    # ---- two calls a variable ------------------------------------------------------------------------

    def _two_calls(
        self, probe: Probe, which: Indices, forecast: Forecast, room: Room, planned: Steps, found: Derivative
    ) -> None:
        for _ in range(RETRIES):
            if not which.size:
                return
            steps, sides = planned.step[which], planned.side[which]
            near = np.where(sides == 0, -steps, sides * steps)
            far = np.where(sides == 0, steps, 2 * sides * steps)
            values = probe.along(which, np.stack([near, far]))
            good = np.isfinite(values).all(axis=(0, 1))
            self._take(probe, which[good], values[:, :, good], forecast, planned, found)
            room = room.without(which, np.stack([near, far]), values)
            which = which[~good]
            if which.size:
                planned = best_steps(self.axes, self.noise, forecast, self.size, probe.x, room)
                which = which[np.isfinite(planned.variance[which])]

    def _take(
        self, probe: Probe, which: Indices, values: Array, forecast: Forecast, planned: Steps, found: Derivative
    ) -> None:
        steps, sides = planned.step[which], planned.side[which]
        axes, squares, covariance = self.axes, steps**2, forecast.covariance[:, which]
        noise = self.noise.variance(np.max(values**2, axis=0))
        value = (values[1] - values[0]) / (2 * steps)
        value = value - forecast.cubic[:, which] * squares - axes.quintic[:, which] * squares**2
        variance = central_variance(noise, covariance, axes.beyond[:, which], steps)
        central = sides == 0
        if not central.all():
            f = probe.center[:, None]
            sided = (
                sides * (4 * (values[0] - f) - (values[1] - f)) / (2 * steps) + 2 * forecast.cubic[:, which] * squares
            )
            wide = sided_variance(noise, covariance, axes.known_quartic[:, which], steps)
            value, variance = np.where(central, value, sided), np.where(central, variance, wide)
        found.kink[which] = False
        if probe.center_is_known:
            half, kink = self._bend(which, np.mean(values, axis=0) - probe.center[:, None], steps, noise, value)
            variance = variance + np.where(central & kink, half**2, 0.0)
            found.kink[which] = (central & kink).any(axis=0)
        found.value[:, which], found.variance[:, which] = value, variance
        found.step[which], found.side[which] = steps, sides
        if not probe.center_is_known and central.any():
            bend = axes.quadratic[:, which] * squares + axes.quartic[:, which] * squares**2
            self.size = np.median(((values[0] + values[1]) / 2 - bend)[:, central], axis=1)

    def _bend(
        self, which: Indices, rise: Array, steps: Array, noise: Array, value: Array
    ) -> tuple[Array, npt.NDArray[np.bool_]]:
        """Half of what the slope changes by at x, from the mean of f(x - h) and f(x + h) less f(x), and where that is
        too much for the curvature that was seen before.
        """
        squares, before = steps**2, self._curvature[:, which]
        seen, unseen = rise / squares, np.sqrt(noise) / squares
        kink = np.abs(seen) > KINK * before + KINK_NOISE * unseen + KINK_SHARE * np.abs(value) / steps
        self._curvature[:, which] = np.minimum(np.abs(seen), 4 * before + KINK_NOISE * unseen)
        return rise / steps, kink

    # ---- six calls a variable ------------------------------------------------------------------------

    def _six_calls(self, probe: Probe, which: Indices, forecast: Forecast, room: Room, found: Derivative) -> None:
        rounds = np.where(self.axes.known, ROUNDS, FIRST_ROUNDS)
        for attempt in range(FIRST_ROUNDS):
            which = which[room.wider[which] > 0]
            if not which.size:
                return
            fits = 2.0 ** np.floor(np.log2(np.maximum(room.both[which], TINY)))
            window = self.axes.window[which]
            sides = np.where(fits >= window * SHRINK, 0.0, room.side[which])
            limit = np.where(sides == 0, fits, 2.0 ** np.floor(np.log2(room.wider[which])))
            self.axes.window[which] = np.minimum(window, limit)
            last = attempt + 1 >= rounds[which]
            again = np.zeros(which.size, bool)
            for group, measure in ((sides == 0, self._measure_pairs), (sides != 0, self._measure_side)):
                if np.any(group):
                    part = which[group]
                    again[group], room = measure(probe, part, sides[group], last[group], forecast, room, found)
            which = which[again]

    def _measure_pairs(
        self, probe: Probe, which: Indices, sides: Array, last: npt.NDArray[np.bool_], forecast: Forecast, room: Room,
        found: Derivative,
    ) -> tuple[npt.NDArray[np.bool_], Room]:  # fmt: skip
        steps = self.axes.window[which] * LADDER[:, None]
        below, above = probe.along(which, -steps), probe.along(which, steps)
        room = room.without(which, np.vstack([-steps, steps]), np.vstack([below, above]))
        pairs = Pairs(steps, below, above, probe.center)
        good, factor = self._judge(pairs, which, room)
        again = ~good | ((factor != 1) & ~last)
        take = ~again
        part = which[take]
        if part.size:
            pairs = Pairs(steps[:, take], below[:, :, take], above[:, :, take], probe.center)
            found.variance[:, part] = self.axes.learn_pairs(probe.x, part, pairs, self.noise, forecast)
            found.value[:, part] = self.axes.gradient[:, part]
            found.step[part], found.side[part] = steps[2, take], 0
            half, kink = self._kinks(pairs)
            self._curvature[:, part] = np.max(np.abs(pairs.bends()), axis=0)
            found.variance[:, part] += np.where(kink, half**2, 0.0)
            found.kink[part] = kink.any(axis=0)
        self.axes.window[which[again]] *= factor[again]
        return again, room

    def _kinks(self, pairs: Pairs) -> tuple[Array, npt.NDArray[np.bool_]]:
        """Half the change of slope at x, and where it is one: the same at all three steps, where that of a smooth
        function shrinks with the step.
        """
        half = pairs.bends() * pairs.steps[:, None]
        noise = np.sqrt(pairs.variance(self.noise)[0])
        shrinks = np.abs(half[0]) < np.abs(half[2]) / 2
        seen = np.abs(half[0]) > KINK_NOISE * noise + KINK_SHARE * np.abs(pairs.slopes()[0])
        return half[0], seen & ~shrinks

    def _judge(self, pairs: Pairs, which: Indices, room: Room) -> tuple[npt.NDArray[np.bool_], Array]:
        """Whether f has values there, and by what factor the window should change: smaller where the three slopes do not
        belong to one smooth function, wider where noise hides whether they do. In sums over the numbers that f gives.
        """
        slopes = pairs.slopes()
        size, finite = np.sum(slopes**2, axis=1), np.asarray(np.isfinite(slopes).all(axis=(0, 1)))
        narrow, wide = np.sum((slopes[1] - slopes[0]) ** 2, axis=0), np.sum((slopes[2] - slopes[1]) ** 2, axis=0)
        variance = np.sum(pairs.variance(self.noise), axis=1)
        clear = (wide > DIFFERENT * (variance[1] + variance[2])) & (narrow > DIFFERENT * (variance[0] + variance[1]))
        wild = clear & (narrow > wide / 4) & (wide > 1e-6 * size.max(axis=0))
        bend = np.sum((pairs.bends()[2] * pairs.steps[2]) ** 2, axis=0)
        coarse = ~self.axes.known[which] & clear & (narrow > NOT_FINE**2 * (size[0] + bend))
        alike = wide <= ALIKE * (variance[1] + variance[2])
        rough = variance[1] > ROUGH**2 * size[1]
        blind = variance[2] > size[2]  # not even the widest pair shows a slope
        limit = np.minimum(np.maximum(self.axes.extent, self._reach)[which], room.both[which])
        leap = 2.0 ** np.floor(np.log2(np.maximum(limit / pairs.steps[2], 1)) / 3)
        grown = np.where(blind, np.maximum(leap, LEAP), GROW)
        may_grow = alike & rough & (grown * pairs.steps[2] <= limit)
        return finite, np.select([~finite, wild, coarse, may_grow], [1.0, SHRINK, COARSE, grown], 1.0)

    def _measure_side(
        self, probe: Probe, which: Indices, sides: Array, last: npt.NDArray[np.bool_], forecast: Forecast, room: Room,
        found: Derivative,
    ) -> tuple[npt.NDArray[np.bool_], Room]:  # fmt: skip
        steps = sides * self.axes.window[which] * LADDER[:, None]
        values = probe.along(which, steps)
        room = room.without(which, steps, values)
        slopes = (values - probe.center[:, None]) / steps[:, None]
        noise = self.noise.variance(np.maximum(values**2, probe.center[:, None] ** 2)) / steps[:, None] ** 2
        nearer, wider = 2 * slopes[0] - slopes[1], 2 * slopes[1] - slopes[2]
        apart = np.sum((nearer - wider) ** 2, axis=0)
        size = np.maximum(np.sum(nearer**2, axis=0), np.sum(wider**2, axis=0))
        clear = apart > 13 * DIFFERENT * np.sum(noise[0], axis=0)
        factor = np.where(apart > size / 4, SHRINK, COARSE)
        wild = clear & (apart > NOT_FINE**2 * size)
        good = np.isfinite(slopes).all(axis=(0, 1))
        again = ~good | (wild & ~last)
        part = which[~again]
        if part.size:
            take = ~again
            found.variance[:, part] = self.axes.learn_one_sided(
                probe.x, part, steps[:, take], slopes[:, :, take], noise[:, :, take]
            )
            found.value[:, part] = self.axes.gradient[:, part]
            found.step[part], found.side[part] = np.abs(steps[2, take]), sides[take]
        retry = again & good
        self.axes.window[which[retry]] *= factor[retry]
        return again, room

    # ---- when ----------------------------------------------------------------------------------------

    def _stale(self, planned: Steps, forecast: Forecast, room: Room) -> npt.NDArray[np.bool_]:
        """The variables whose axes should be measured again."""
        variance = planned.variance
        measured = variance_if_measured(self.axes, self.noise, forecast, self.size)
        matters = self._reference(room)
        stale = (variance > matters) & (measured < variance / GAIN)
        stale |= (variance > (BURIED / MATTERS) ** 2 * matters) & (measured < variance / SLIGHT_GAIN)
        slightly = (variance > SLIGHTLY**2 * matters) & (measured < variance / SLIGHT_GAIN)
        stale |= (self._age >= PERIOD) & slightly
        stale &= self._pause <= 0
        old = (self._age >= LONGEST_PERIOD) & (measured < variance)
        return np.asarray(stale | old | ~self.axes.known)

    def _reference(self, room: Room) -> Array:
        """The variance above which an error matters.

        For a gradient: a share of what f would fall by, in the mean over the variables that are not at a bound; a
        variable whose derivative is g and curvature c moves f by about g**2 / (c + |g| / extent). Or of the length of
        the gradient, which is what an optimiser goes by until it knows curvatures. For a Jacobian: a share of the
        length of the column.
        """
        axes = self.axes
        if self.size.size > 1:
            return np.asarray(COLUMN_MATTERS**2 * np.sum(axes.gradient**2, axis=0))
        g = axes.gradient[0]
        stiffness = 2 * np.abs(axes.quadratic[0]) + np.abs(g) / axes.extent + TINY
        free = room.both > 0
        if not np.any(free):
            return np.full(g.shape, np.inf)
        fall, length = np.mean((g**2 / stiffness)[free]), np.mean(g[free] ** 2)
        return np.asarray(MATTERS**2 * np.minimum(fall * stiffness, length))
