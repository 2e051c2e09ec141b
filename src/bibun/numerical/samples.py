"""The values of one real function of one variable about a point, by their distance from it. Calls no function."""

from __future__ import annotations

from math import frexp, inf, ldexp

EPS = 2.0**-52
SMALLEST = 5e-324
LOWEST = {11: -22, 24: -147}  # the smallest exponents of a step for float16 and float32, by their digits
SMALLEST_SCALE = 2.0**-6  # an x nearer to 0 says nothing of the scale on which f varies


class Samples:
    """values[t] = f(x + t), nan where f has no finite value. Filled by whoever calls f.

    x           the point; 0 for a line x + t v, whose `scale` says what t counts as large
    center      f(x)
    precision   what the rounding of f is taken to be, relative to its size, until there is evidence
    floor       the smallest exponent of a step that is still exact beside x
    beside      the distances, not powers of two, at which f was looked at between the levels
    """

    __slots__ = ("beside", "center", "floor", "precision", "scale", "values", "x")

    def __init__(self, x: float, center: float, precision: float, mantissa: int = 53, scale: float = 0.0) -> None:
        self.x, self.center, self.precision = x, center, precision
        self.scale = scale or abs(x)
        self.values: dict[float, float] = {0.0: center}
        self.beside: list[float] = []
        self.floor = max(frexp(max(self.scale, 1e-300))[1] - mantissa + 2, LOWEST.get(mantissa, -1060))

    def pair(self, exponent: int) -> tuple[float, float]:
        """f(x - h) and f(x + h) at h = 2**exponent."""
        step = ldexp(1.0, exponent)
        return self.values[-step], self.values[step]

    def valid(self, exponent: int) -> bool:
        """Whether f has finite values on both sides."""
        below, above = self.pair(exponent)
        return below == below and above == above

    def even(self, exponent: int) -> float:
        """The even part, (f(x-h) + f(x+h)) / 2 - f(x)."""
        below, above = self.pair(exponent)
        return (below - self.center) * 0.5 + (above - self.center) * 0.5

    def odd(self, exponent: int) -> float:
        """The odd part, (f(x+h) - f(x-h)) / 2."""
        below, above = self.pair(exponent)
        return above * 0.5 - below * 0.5

    def rounding(self, exponent: int) -> float:
        """The rounding of f at this level."""
        below, above = self.pair(exponent)
        return self.precision * max(abs(below), abs(above), abs(self.center))

    @property
    def evaluations(self) -> int:
        """How many values there are, that of the point included."""
        return len(self.values)


def scaled(value: float, exponent: int) -> float:
    """value * 2**exponent, infinite where it is too large."""
    try:
        return ldexp(value, exponent)
    except OverflowError:
        return inf if value > 0 else -inf
