"""Extrapolation to h = 0 of values at h, h/2, h/4, ..., with a bound on what it leaves. Calls no function.

A value at step h is v(h) = v(0) + c1 h**p + c2 h**2p + ...: p = 2 for the symmetric differences, p = 1 for the
one-sided ones. Each column of Neville's table removes one term (Richardson 1911; Bulirsch and Stoer 1966):

    T[j][m] = T[j][m-1] + (T[j][m-1] - T[j-1][m-1]) / (2**(p m) - 1)

What a column adds is about the error of the column before it. An addition may be small by accident, so it counts
for no less than what the row above and the additions to its left let expect.
"""

from __future__ import annotations

LONGEST = 24
_DIVISORS = {ratio: [ratio**m - 1.0 for m in range(LONGEST)] for ratio in (2, 4)}

# Of the addition that the neighbours let expect, this share is taken where the true one is smaller.
ROW_ABOVE = 0.5
GEOMETRIC = 0.1


class Table:
    """Neville's table, a row for each level. `ratio` = 2**p is what the first error term shrinks by at each level.

    rows[j][m]         the extrapolated values
    additions[j][m]    |T[j][m] - T[j][m-1]|, as they are
    bounds[j][m]       the same, guarded against accidental zeros: about the error of T[j][m-1]
    truncations[j][m]  an estimate of the error of T[j][m]
    best[j]            the column of the least truncation
    """

    __slots__ = ("additions", "best", "bounds", "ratio", "rows", "truncations", "_divisors")

    def __init__(self, ratio: int) -> None:
        self.ratio = ratio
        self._divisors = _DIVISORS[ratio]
        self.rows: list[list[float]] = []
        self.additions: list[list[float]] = []
        self.bounds: list[list[float]] = []
        self.truncations: list[list[float]] = []
        self.best: list[int] = []

    def append(self, value: float) -> None:
        """Add the value at half the smallest step."""
        j = len(self.rows)
        row, additions, bounds = [value], [0.0], [abs(value)]
        if j:
            above, bounds_above, divisors = self.rows[-1], self.bounds[-1], self._divisors
            shrinks = self.ratio
            for m in range(1, j + 1):
                addition = (value - above[m - 1]) / divisors[m]
                value += addition
                size = abs(addition)
                row.append(value)
                additions.append(size)
                shrinks *= self.ratio
                if m < j:
                    expected = bounds_above[m] * ROW_ABOVE / shrinks
                else:
                    expected = self._geometric(bounds, m)
                bounds.append(size if size > expected else expected)
        self.rows.append(row)
        self.additions.append(additions)
        self.bounds.append(bounds)
        self._truncate(j, bounds)

    def _geometric(self, bounds: list[float], m: int) -> float:
        """What the newest column adds if the additions go on to shrink as they have."""
        if m < 2:
            return 0.0
        last, before = bounds[m - 1], bounds[m - 2]
        return GEOMETRIC * self.ratio * last * (min(1.0, last / before) if before > 0 else 0.0)

    def _truncate(self, j: int, bounds: list[float]) -> None:
        if j == 0:
            truncations = [float("inf")]  # a single value says nothing of its error, until there is a second
        else:
            truncations = bounds[1:]
            shrinking = self.ratio * bounds[j] / bounds[j - 1] if bounds[j - 1] > 0 else 1.0
            truncations.append(bounds[j] * min(1.0, max(shrinking, 1e-3)))
            if j == 1:
                self.truncations[0][0] = bounds[1] * self.ratio
        self.truncations.append(truncations)
        self.best.append(truncations.index(min(truncations)))
