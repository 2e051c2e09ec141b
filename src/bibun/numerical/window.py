"""What a few symmetric levels say of a derivative: its value, its truncation, the noise of f. Calls no function.

The levels are h = 2**top, 2**(top-1), ...; each has f(x-h) and f(x+h). Steps are counted in units of 2**top, so
that nothing over- or underflows but the answer itself.

odd part    (f(x+h) - f(x-h)) / 2          = f' h + f''' h**3 / 6 + ...    the odd orders
even part   (f(x-h) + f(x+h)) / 2 - f(x)   = f'' h**2 / 2 + ...            the even orders, and the gauge

The gauge: whatever the order asked for, the even part must extrapolate to 0 at h = 0. What it extrapolates to
is the noise of f, of rounding or worse, seen without one more call. A kink or a jump shows there as well.
"""

from __future__ import annotations

from functools import cache
from math import factorial, fsum, inf, ldexp, sqrt

from bibun.numerical.beside import differences
from bibun.numerical.extrapolation import Table
from bibun.numerical.samples import SMALLEST, Samples, scaled

# The standard deviation of the gauge's best entry, of an extrapolated quotient, and of a value beside the levels, in
# units of those of the values that go in. Measured on normal noise over tables of 3 to 7 levels.
GAUGE = 1.45
BETWEEN = 1.5
EXTRAPOLATED = 1.45
CONSISTENCY = 1.1 * EXTRAPOLATED

TRUNCATION_WEIGHT = 2.0
NOISE_WEIGHT = 2.0  # standard deviations, and more where few samples tell how large one is (Student's t)
UNCERTAIN = 4.6

PHASE = 32.0  # and this many are no noise at all
QUIET = 3.0  # standard deviations: as much as noise that the levels show too may be off between them

# The prior of the noise counts as this many samples; evidence of 3 times the prior replaces it.
PRIOR_WEIGHT = 2.0
NOISY = 9.0
# A standard deviation from 0, 1, 2, ... samples is too small by chance: what makes 95 % of them large enough.
SMALL_SAMPLE = (4.0, 4.0, 2.6, 2.0, 1.7, 1.6, 1.5)


@cache
def amplification(order: int) -> float:
    """The standard deviation of the quotient of this order at step 1, for values of standard deviation 1."""
    odd = order % 2 == 1
    one = sqrt(0.5) if odd else sqrt(1.5)
    taken = (order - 1) // 2
    squares = [4.0**i for i in range(taken + 1)]
    total = 0.0
    for i, square in enumerate(squares):
        weight = 1.0
        for other in squares:
            if other != square:
                weight /= square - other
        step = 2.0**i
        total += (weight / (step if odd else step * step)) ** 2
    return one * sqrt(total) * factorial(order)


class Window:
    """The analysis of the levels top, top - 1, ... of one function of one variable, for one order of derivative.

    value, error    the derivative and its bound, in the caller's units
    truncation, noise   the two parts of the error, at the level `chosen`, in units of 2**top
    sigma           the noise of f, relative to its size;   noisy: it is above the prior
    evidence        the number of samples that sigma rests on
    in_phase        a value beside the levels is not where they let expect it
    decay           Taylor terms of order m shrink like decay**m at the widest level; `decay_bound` where
                    the noise allows no better answer
    """

    __slots__ = (
        "best", "chosen", "count", "decay", "decay_bound", "error", "even", "evidence", "gauge", "in_phase", "noise",
        "noise_weight", "noises", "noisy", "odd", "order", "own_decay", "scaled", "sigma", "sizes", "slope",
        "table", "top", "truncation", "value", "_divided", "_errors", "_samples", "_skipped",
    )  # fmt: skip

    def __init__(self, samples: Samples, top: int, count: int, order: int) -> None:
        self._samples = samples
        self.top, self.order, self.count = top, order, 0
        self._skipped = (order - 1) // 2  # levels that the divided differences of a high order use up
        self._divided: list[float] = []
        self.odd: list[float] = []
        self.even: list[float] = []
        self.sizes: list[float] = []
        self.table, self.gauge = Table(4), Table(4)
        for _ in range(count):
            self.append()
        self.analyse()

    @property
    def bottom(self) -> int:
        """The exponent of the smallest level."""
        return self.top - self.count + 1

    def append(self) -> None:
        """Take in the next smaller level, whose samples are there."""
        samples, j = self._samples, self.count
        below, above = samples.pair(self.top - j)
        center = samples.center
        self.odd.append(above * 0.5 - below * 0.5)
        self.even.append((below - center) * 0.5 + (above - center) * 0.5)
        self.sizes.append(max(abs(below), abs(above), abs(center)))
        self.count = j + 1
        self.gauge.append(self.even[j])
        quotient = self.odd[j] * 2.0**j if self.order % 2 else self.even[j] * 4.0**j
        if self._skipped == 0:
            self.table.append(quotient * self.order)  # 1! and 2!
        else:
            self._divide(quotient, j)

    def _divide(self, quotient: float, j: int) -> None:
        """Newton's divided differences of the quotients in h**2: the coefficient of the order, up to h**2 terms."""
        differences = [quotient]
        square = 4.0**-j
        for i, older in enumerate(self._divided[: self._skipped], start=1):
            differences.append((older - differences[-1]) / (4.0 ** (i - j) - square))
        self._divided = differences
        if len(differences) > self._skipped:
            self.table.append(differences[-1] * factorial(self.order))

    def analyse(self) -> None:
        """Noise, error and decay of the levels taken in so far."""
        rows = len(self.table.rows)
        if rows == 0:
            self.value, self.error, self.slope, self.noisy, self.evidence = 0.0, inf, 0.0, False, 0.0
            return
        self._measure_noise()
        amplified = amplification(self.order) * EXTRAPOLATED
        noises, errors, truncations, best = [], [], self.table.truncations, self.table.best
        last = self.sizes[-1]
        weight = self.noise_weight = NOISE_WEIGHT + UNCERTAIN / (self.evidence + 0.5)
        for i in range(rows):
            j = i + self._skipped
            size = self.sizes[j]
            if self.noisy and size < last:
                size = last
            noise = self.sigma * size * amplified * 2.0 ** (j * self.order) + SMALLEST
            noises.append(noise)
            errors.append(TRUNCATION_WEIGHT * truncations[i][best[i]] + weight * noise)
        self.noises, self._errors = noises, errors
        chosen = errors.index(min(errors))
        self._choose(chosen, rows)
        self._measure_decay()

    def _choose(self, chosen: int, rows: int) -> None:
        """The entry of the least error, which never claims less than its neighbours disagree (Lepski 1990)."""
        table, errors = self.table, self._errors
        scaled = table.rows[chosen][table.best[chosen]]
        error = errors[chosen]
        for i in range(max(0, chosen - 1), min(rows, chosen + 3)):
            if i == chosen:
                continue
            allowed = errors[i]
            if i < chosen:  # a wider level may have found its truncation small by accident
                allowed += TRUNCATION_WEIGHT * table.bounds[i][table.best[i]]
            error = max(error, abs(scaled - table.rows[i][table.best[i]]) - allowed)
        self.chosen = chosen
        self.truncation = table.truncations[chosen][table.best[chosen]]
        self.noise = self.noises[chosen]
        self.scaled = scaled
        self.value = self.unscaled(scaled)
        self.error = self.unscaled(error)
        level = chosen + self._skipped
        varies = max(abs(self.odd[level]), abs(self.even[level]))
        self.slope = max(self.unscaled(varies * 2.0 ** (level * self.order)), abs(self.value))

    def unscaled(self, derivative: float) -> float:
        """A derivative in units of 2**top, in the caller's units."""
        return scaled(derivative, -self.top * self.order)

    @property
    def precision(self) -> float:
        """The prior of the noise, relative to the size of f."""
        return self._samples.precision

    @property
    def size(self) -> float:
        """The largest value of f that was seen."""
        return max(self.sizes)

    def varies(self) -> float:
        """The largest change of f over the window."""
        return max(max(map(abs, self.odd)), max(map(abs, self.even)))

    def _measure_noise(self) -> None:
        """sigma from the prior and from what the gauge and the consistency of the levels show."""
        prior = self._samples.precision
        taken: list[tuple[float, float]] = []
        self.in_phase = False
        self._read_gauge(prior, taken)
        self._read_consistency(prior, taken)
        for t in self.beside:
            self._read_beside(t, prior, taken)
        total = fsum(sample * sample * weight for sample, weight in taken)
        evidence = fsum(weight for _, weight in taken)
        self.evidence = evidence
        if evidence > 0 and total / evidence > NOISY * prior * prior:
            self.noisy = True
            self.sigma = sqrt(total / evidence) * SMALL_SAMPLE[min(int(evidence), 6)]
        else:
            self.noisy = False
            self.sigma = sqrt((PRIOR_WEIGHT * prior * prior + total) / (PRIOR_WEIGHT + evidence))
        if evidence < 1:
            self.sigma = max(self.sigma, self._most_noise())

    def _most_noise(self) -> float:
        """While the gauge shows truncation only: the noise is no larger than what it shows."""
        gauge, most = self.gauge, inf
        for j in range(1, self.count):
            row, additions = gauge.rows[j], gauge.additions[j]
            size = self.sizes[j] + SMALLEST
            for m in range(1, j + 1):
                most = min(most, max(abs(row[m]), additions[m]) / (GAUGE * size))
        return most

    def _read_gauge(self, prior: float, taken: list[tuple[float, float]]) -> None:
        gauge = self.gauge
        for j in range(1, self.count):
            additions = gauge.additions[j]
            addition = min(additions[1:])
            found = abs(gauge.rows[j][additions.index(addition, 1)])
            size = self.sizes[j] + SMALLEST
            if found > 2 * addition:
                taken.append(((found - addition) / (GAUGE * size), 1.0 if found > 4 * addition else 0.5))
            elif addition <= 2 * prior * size:
                taken.append((found / (GAUGE * size), 1.0))

    @property
    def beside(self) -> list[float]:
        """The distances beside the levels at which f was looked at."""
        low, high = ldexp(1.0, self.bottom - 2), ldexp(1.0, self.bottom + 2)
        return [t for t in self._samples.beside if low < abs(t) < high]

    @property
    def below(self) -> bool:
        """Whether one of them is far below the smallest level, as it is where the look was at this window."""
        return any(abs(t) < ldexp(1.0, self.bottom - 1) for t in self.beside)

    def differs(self, t: float) -> tuple[float, float]:
        """How far f(x + t) is from what the levels let expect, and the truncation of that."""
        samples = self._samples
        return differences(self.odd, self.even, samples.values[t] - samples.center, ldexp(t, -self.top))

    def _read_beside(self, t: float, prior: float, taken: list[tuple[float, float]]) -> None:
        """f between the levels. Where it is far from what they let expect, they say nothing of the noise: they are in phase."""
        found, truncation = self.differs(t)
        if self.order == 1 and abs(t) < ldexp(1.0, self.bottom):  # where it is no more than that of the derivative
            left = self.table.truncations[-1][self.table.best[-1]] * ldexp(abs(t), -self.top)
            truncation = min(truncation, 2 * left + min(self.gauge.additions[-1][1:], default=inf))
        size = self.sizes[-1] + SMALLEST
        if found > 2 * truncation:
            sample = (found - truncation) / (BETWEEN * size)
            shown = sqrt(fsum(other * other for other, _ in taken) / len(taken)) if taken else self._most_noise()
            others = max(prior, shown)
            if sample > QUIET * others:
                taken.clear()
            self.in_phase |= sample > PHASE * others
            taken.append((sample, 1.0))
        elif truncation <= 2 * prior * size:
            taken.append((found / (BETWEEN * size), 1.0))

    def _read_consistency(self, prior: float, taken: list[tuple[float, float]]) -> None:
        """Neighbouring levels differ by the truncation that they show, and by noise."""
        table = self.table
        unit = amplification(self.order) * CONSISTENCY
        for i in range(2, len(table.rows)):
            found = abs(table.rows[i][table.best[i]] - table.rows[i - 1][table.best[i - 1]])
            truncation = table.truncations[i][table.best[i]] + table.bounds[i - 1][max(table.best[i - 1], 1)]
            j = i + self._skipped
            size = self.sizes[j] + SMALLEST
            step = 2.0 ** (-j * self.order)
            if truncation <= 0.5 * max(found, 3 * prior * size * unit / step):
                taken.append((max(found - truncation, 0.0) * step / (unit * size), 1.0))

    def _measure_decay(self) -> None:
        """How fast the Taylor terms shrink at the widest level, from the corners of the two tables."""
        prior = self._samples.precision * self.sizes[0] + SMALLEST
        sigma = max(self.sigma * self.sizes[-1], prior)
        odd, even = abs(self.odd[0]), abs(self.even[0])
        unit = max(odd, even, sigma)
        if unit == 0.0:  # as small as the smallest number
            self.own_decay = self.decay = self.decay_bound = 0.0
            return
        decay = even / unit if odd >= even else 0.0
        bound = max(decay, min(1.0, sigma / unit))
        own = 0.0
        odd_table = self.table if self.order == 1 else None
        for m in range(1, self.count):
            grown = 2.0 ** (m * (m + 1))  # what the steps of the levels, multiplied and squared, come to
            floor = sigma * grown * 4.0**-m * 1.3
            term = self.gauge.additions[m][m] * grown
            power = 1.0 / (2 * m - 1)
            if term > floor:
                decay = max(decay, (term / unit) ** power)
            bound = max(bound, (max(term, floor) / unit) ** power)
            if odd_table is None:
                continue
            floor *= EXTRAPOLATED * 0.7071067811865476 * 2.0**m
            term = odd_table.additions[m][m] * grown
            power = 1.0 / (2 * m)
            if term > floor:
                own = max(own, (term / unit) ** power)
                decay = max(decay, own)
            bound = max(bound, (max(term, floor) / unit) ** power)
        self.own_decay = own if odd_table is not None else decay
        self.decay, self.decay_bound = decay, bound
