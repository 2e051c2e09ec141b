"""Does an exact derivative agree with a numerical one? One number beside another, each with its bound. Computes neither."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite, isinf, isnan, log10
from sys import float_info

from bibun.checking.report import Comparison
from bibun.checking.slopes import Slope

# The numerical bound holds for about 99 derivatives of 100, and the rest exceed it by little. A contradiction is
# only what exceeds it by so much, at two numerical derivatives from different points.
MARGIN = 4.0

RESERVE = 2.0  # a closer look at a contradiction may find the bounds larger by this

# An error bar above both says nothing: this share of the derivative, and this one of what f varies by at its own scale.
TOO_WIDE = 0.1
TOO_WIDE_FOR_ZERO = 1e-3

_GRAVITY = {"agrees": 0, "kink": 1, "no derivative": 2, "undecided": 3, "disagrees": 4}


@dataclass(frozen=True, slots=True)
class Judged:
    """What one mode gives for one row along one direction, and what came of it. `bar`: what rounding may do to it."""

    mode: int
    row: int
    exact: float
    bar: float
    slope: Slope
    verdict: str
    digits: float | None

    @property
    def gap(self) -> float:
        return self.exact - self.slope.value

    @property
    def threshold(self) -> float:
        """A gap above this is a contradiction."""
        return threshold(self.slope, self.bar)

    @property
    def visible(self) -> float:
        """An error of the exact derivative above this is certain to be seen, and to stand when it is looked at closely."""
        return RESERVE * (self.threshold + self.slope.error + self.bar)

    def comparison(self, mode: str, output: str, along: str) -> Comparison:
        slope = self.slope
        return Comparison(
            mode, self.exact, self.bar, slope.value, slope.error, self.digits, self.verdict, slope.status, output, along
        )


def judge(mode: int, row: int, exact: float, bar: float, slope: Slope, *, excused: bool = False) -> Judged:
    """The verdict on one number. `excused`: nan is no error, because other outputs are nan and reverse mode spreads it."""
    verdict = "undecided" if excused and not isfinite(exact) else _verdict(exact, bar, slope)
    total = 0.0 if verdict == "disagrees" else bar + slope.error
    digits = digits_of(exact, slope.value, total) if verdict in ("agrees", "disagrees") else None
    return Judged(mode, row, exact, bar, slope, verdict, digits)


def _verdict(exact: float, bar: float, slope: Slope) -> str:
    if not slope.known or slope.status.startswith("jump"):
        return "undecided"
    if isnan(exact):
        return "disagrees"
    if isinf(exact):
        return "disagrees" if slope.error <= TOO_WIDE * max(abs(slope.value), slope.unit) or slope.kink else "undecided"
    if abs(exact - slope.value) > threshold(slope, bar):
        return "disagrees"
    if slope.kink:
        return "kink"
    if exact == slope.value == slope.unit == 0:  # nothing but zeros were seen
        return "agrees"
    total = bar + slope.error
    narrow = max(TOO_WIDE * max(abs(exact), abs(slope.value)), TOO_WIDE_FOR_ZERO * slope.unit, float_info.min)
    return "agrees" if total <= narrow else "undecided"


def threshold(slope: Slope, bar: float) -> float:
    """What a gap has to exceed. At a kink the error is no estimate: it reaches from one slope to the other."""
    return (1.01 if slope.kink else MARGIN) * slope.error + bar + slope.slack


def digits_of(exact: float, numerical: float, total: float) -> float | None:
    """The decimal digits in which they agree for certain: the gap, but no less than the bounds, beside the size."""
    if not (isfinite(exact) and isfinite(numerical)):
        return 0.0
    size = max(abs(exact), abs(numerical))
    gap = abs(exact - numerical)
    if size == 0 or (total >= 0.1 * size and gap <= MARGIN * total):
        return None
    return max(0.0, min(16.0, -log10(max(gap / size, total / size, 1e-16))))


def worst(judged: Iterable[Judged]) -> Judged:
    """The gravest verdict; among equals the one of the fewest digits."""
    return max(judged, key=lambda j: (_GRAVITY[j.verdict], -(99.0 if j.digits is None else j.digits)))


def gravest(verdicts: Iterable[str]) -> str:
    """The verdict on all of them."""
    return max(verdicts, key=_GRAVITY.__getitem__, default="no derivative")
