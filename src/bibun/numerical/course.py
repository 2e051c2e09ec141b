"""Where a search stands: the steps that are of use, what it has tried, and how it asks for values. Decides nothing."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from math import copysign, frexp, inf, ldexp, log2

from bibun.numerical.beside import distance
from bibun.numerical.samples import EPS, SMALLEST_SCALE, Samples
from bibun.numerical.singular import Singular
from bibun.numerical.window import Window

START = 4  # octaves below the scale of x, at which the widest level lies
WIDEST = 4  # octaves above it: beyond, x itself is lost
NEAR_ZERO = 2.0**-7  # an x nearer to 0 may lie in structure of its own size
ROUNDINGS = 16  # a part of f below so many roundings is not seen

Asks = Generator[list[float], None, bool]


@dataclass(frozen=True, slots=True)
class Start:
    """How to begin. `levels` of them, the widest `octaves` above the usual, or at 2**top; `thorough`: wider levels are
    tried for every digit; `enough`: an error that is not worth more values, for an f of size 1, and times the scale of x
    where `top` is None. `together`: many lines are tested by one pair of values, and none needs one beside its levels.
    """

    levels: int = 4
    octaves: int = 0
    top: int | None = None
    thorough: bool = False
    enough: float = 0.0
    together: bool = False


class Course:
    """The state of one search for a derivative of `order`, by windows of so many `levels` at first.

    floor, ceiling   no exponent below `floor`, none from `ceiling` on is of use; `highest` is the widest of all
    rescues          how often a search that did not converge has gone elsewhere
    widenings        how often wider levels were tried; `tried` without being promised anything
    before           the window that was widened last, to go back to
    coarse           the window whose noise was taken for structure
    farther          the window on a larger scale, where f was looked at nearer to an x near 0
    latest           the window that was analysed last
    bottomless       f varied as much at the smallest step as at any
    suspected        the lowest levels of the windows in which a kink or a jump was looked for
    """

    __slots__ = (
        "before", "bottomless", "ceiling", "coarse", "decay", "enough", "farther", "floor", "highest", "latest", "levels",
        "limit", "loudest", "near_x", "order", "rescues", "samples", "scale", "singular", "start", "suspected", "thorough",
        "together", "tried", "usual", "widenings",
    )  # fmt: skip

    def __init__(self, samples: Samples, order: int, limit: int, start: Start) -> None:
        self.samples, self.order, self.limit = samples, order, limit
        self.scale = max(samples.scale, SMALLEST_SCALE)
        self.thorough = start.thorough
        self.together = start.together
        self.enough = start.enough / (self.scale if start.top is None else 1.0)
        exponent = frexp(self.scale)[1]
        self.floor = samples.floor
        self.highest = min(exponent + WIDEST, 1020)
        if start.top is not None:
            self.highest = max(self.highest, start.top + 1)
        self.ceiling = self.highest + 1
        coarse = int(log2(samples.precision / EPS) / 16) + 1 if samples.precision > 4 * EPS else 0
        self.usual = exponent - START + coarse + order - 1
        self.start = self.usual + start.octaves if start.top is None else start.top
        self.levels = max(1, min(start.levels + (order - 1) // 2, (limit - 1) // 2))
        self.rescues = self.widenings = 0
        self.before: Window | None = None
        self.coarse: Window | None = None
        self.farther: Window | None = None
        self.latest: Window | None = None
        self.singular: Singular | None = None
        self.tried = self.near_x = self.bottomless = False
        self.loudest = inf  # amplitude of the noise in which structure was looked for
        self.decay = 0.0
        self.suspected: set[int] = set()

    def need(self, *exponents: int) -> Asks:
        """Ask for these pairs, the widest by itself: it may lie outside the domain. False where one has no value, and
        the ceiling is then there.
        """
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

    def need_one(self, exponent: int) -> Asks:
        """The same for a pair that says nothing of wider ones: the ceiling stays."""
        ceiling = self.ceiling
        valid = yield from self.need(exponent)
        self.ceiling = ceiling
        return valid

    def look_beside(self, window: Window, *, mirrored: bool = False) -> Generator[list[float], None, bool]:
        """Ask for f below the smallest level, and analyse the window with it. False where it has no value."""
        t = copysign(distance(self.samples, window.bottom - 1), self.samples.x)  # the same for f(-x) at -x
        t = -t if mirrored else t
        if abs(frexp(t)[0]) == 0.5 or t in self.samples.values or self.samples.evaluations >= self.limit:
            return False
        yield [t]
        if self.samples.values[t] != self.samples.values[t]:
            return False
        self.samples.beside.append(t)
        window.analyse()
        return True

    def window(self, top: int, count: int) -> Window:
        """The analysis of these levels, whose values are there."""
        self.latest = Window(self.samples, top, count, self.order)
        return self.latest

    def room(self, window: Window) -> int:
        """How many octaves wider levels may be."""
        return min(self.ceiling, self.highest + 1) - 1 - window.top

    @property
    def spent(self) -> bool:
        """Whether no more values may be asked for."""
        return self.samples.evaluations >= self.limit

    def parts(self, exponent: int) -> tuple[float, float, float]:
        """|odd part|, |even part| and the rounding of f at this level."""
        samples = self.samples
        return abs(samples.odd(exponent)), abs(samples.even(exponent)), samples.rounding(exponent)

    def top_near_x(self) -> int | None:
        """The top of a window on the scale of an x near 0, where that is another scale."""
        x = abs(self.samples.x)
        return frexp(x)[1] - START if 0 < x < NEAR_ZERO else None
