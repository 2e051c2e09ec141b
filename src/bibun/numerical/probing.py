"""A function changed in a few columns at a time, and the rows that answer: entries found in few calls.

Owns the calls, the steps, what counts as an answer, and the search by blocks of columns. Decides nothing about which
answers to trust; sparsity.py does.

A row that answers a block of columns depends on one of its four quarters at least, so the quarters are tried next,
for all blocks at once that share no row: these are the colours of the pattern of rows and blocks. A tridiagonal
pattern takes 8 calls a level, 41 for n = 1000; a dense one 1.3 n.
"""

from collections.abc import Callable
from typing import Any, final

import numpy as np

from bibun.numerical.coloring import Array, column_colours

Answers = Callable[[Array], Array]  # from the columns that are changed (n booleans) to the rows that answer (m)


@final
class ProbedFunction:
    """f of flat arrays, with its number of calls, its value and noise at x, and steps that suit x."""

    __slots__ = ("_bounds", "_f", "_rng", "_shape", "coarse", "evaluations", "known", "level", "noise", "value", "x")

    def __init__(self, f: Callable[[Any], Any], x: Any, bounds: Any, seed: int) -> None:
        x = np.asarray(x)
        self._f, self._shape = f, x.shape
        self.x = np.array(x.ravel(), dtype=x.dtype if x.dtype.kind in "fc" else np.float64)
        self._rng = np.random.default_rng(seed)
        self._bounds = None if bounds is None else [np.broadcast_to(bound, x.shape).ravel() for bound in bounds]
        self.evaluations = 0
        self.value = self(self.x)
        self.known = np.isfinite(self.value)
        self.noise = self._noise(self(self.x))
        self.level = self._level()
        self.coarse = min(0.1, self.level**0.2)  # 7e-4: far above rounding, and still near x

    def __call__(self, point: Array) -> Array:
        self.evaluations += 1
        with np.errstate(all="ignore"):
            value = np.array(self._f(point.reshape(self._shape).copy())).ravel()
        if value.dtype.kind not in "fc":
            value = value.astype(np.float64)
        if self.evaluations > 1 and value.size != self.value.size:
            raise ValueError(
                f"f gives {self.value.size} numbers at x and {value.size} beside it, so it has no Jacobian. "
                "Give f a result whose shape does not depend on the values of x"
            )
        return value

    def _noise(self, again: Array) -> Array:
        """A bound on how much f differs from call to call, in each row; zeros for a function that does not."""
        with np.errstate(invalid="ignore"):
            range_ = np.abs(again - self.value)
        if not np.any(range_[self.known] != 0):
            return np.zeros(self.value.size)
        for _ in range(3):
            with np.errstate(invalid="ignore"):
                range_ = np.fmax(range_, np.abs(self(self.x) - self.value))
        level = np.median(range_[range_ > 0])  # five samples of one row can be close by chance, of all rows hardly
        noise: Array = np.where(range_ > 0, 8 * np.maximum(range_, level), 0)
        return noise

    def _level(self) -> float:
        """Rounding, or the noise of a typical noisy row where that is more, beside the values; at most 1e-3."""
        noisy = self.known & (self.noise > 0) & (self.value != 0)
        noise = float(np.median(self.noise[noisy] / np.abs(self.value[noisy]))) if noisy.any() else 0.0
        return min(1e-3, max(noise, float(np.finfo(np.result_type(self.x, self.value)).eps)))

    def steps(self, size: float) -> Array:
        """size times |x|, times 1 to 2 at random; where x is 0, the median of the others stands for it."""
        scale = np.abs(self.x)
        usable = np.isfinite(scale) & (scale > 0)
        typical = np.median(scale[usable]) if usable.any() else 1.0
        steps: Array = np.where(usable, scale, typical) * (size * self._rng.uniform(1, 2, self.x.size))
        return steps.astype(scale.dtype)

    def signs(self) -> Array:
        """+1 or -1 for each column, at random."""
        signs: Array = self._rng.choice(np.array([-1, 1], np.int8), self.x.size)
        return signs

    def moved(self, base: Array, steps: Array) -> Array:
        """base + steps, kept within the bounds: the other way where that is outside, halfway where both are."""
        if self._bounds is None:
            return base + steps
        lower, upper = self._bounds
        steps = np.where((base + steps < lower) | (base + steps > upper), -steps, steps)
        outside = (base + steps < lower) | (base + steps > upper)
        farther = np.where(upper - base > base - lower, upper, lower)
        halfway = np.where(outside, base + (np.where(outside, farther, base) - base) / 2, base + steps)
        point: Array = halfway.astype(base.dtype)
        return point

    def has_room(self, size: float) -> bool:
        """Whether x lies within the bounds with all `steps` of this size, to both sides."""
        if self._bounds is None:
            return True
        largest = self.steps(2 * size)  # not less than any of steps(size)
        return bool(np.all((self.x - largest >= self._bounds[0]) & (self.x + largest <= self._bounds[1])))

    def beside(self) -> tuple[Array, Array]:
        """A point beside x where all rows have values, and these: zeros and ties of x, which hide entries, are gone.

        It is x itself where f has no values beside it.
        """
        steps, signs = self.steps(self.coarse), self.signs()
        for factor in (signs, -signs, 1, -1):
            point = self.moved(self.x, factor * steps)
            value = self(point)
            if not np.isnan(value[self.known]).any():
                return point, value
        return self.x, self.value

    def differs(self, value: Array, base_value: Array) -> Array:
        """Rows that changed, beyond the noise, which may grow with the value; a change to or from nan counts."""
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            noise = self.noise * np.fmax(1, np.abs(base_value / self.value))
            same: Array = (value == base_value) | (np.abs(value - base_value) <= noise)
        return ~same

    def changes(self, base: Array, base_value: Array, steps: Array) -> Answers:
        """Rows answer if small changes of the columns change them, or if they are nan whatever is tried."""

        def answers(columns: Array) -> Array:
            changed, silent = np.zeros(base_value.size, bool), self.known.copy()
            for factor in (1, -1, 2**-10, -(2**-10)):
                value = self(np.where(columns, self.moved(base, factor * steps), base))
                changed |= self.differs(value, base_value) & ~np.isnan(value)
                silent &= np.isnan(value)
                if not silent.any():
                    break
            return changed | silent

        return answers

    def nan_answers(self) -> Answers:
        """Rows answer if nan in the columns makes them nan, or changes them though they are free of noise."""

        def answers(columns: Array) -> Array:
            value = self(np.where(columns, np.nan, self.x))
            answered: Array = np.isnan(value) | (self.differs(value, self.value) & (self.noise == 0))
            return answered

        return answers


def search_entries(
    answers: Answers, rows: Array, n: int, *, most: float = np.inf, keep: bool = True
) -> tuple[Array, Array] | None:
    """Rows and columns of the entries in the rows that are wanted; None if that takes more evaluations than `most`.

    A row that answers a block but none of its parts (each is lost in rounding, say, but not their sum) keeps all parts
    if `keep`, and else none: so does x y at x = y = 0, where a derivative of 0 is no loss.
    """
    if not n or not rows.any():
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    row = np.flatnonzero(answers(np.ones(n, bool)) & rows)
    block = np.zeros(row.size, np.intp)
    spent, blocks = 1, 1
    if not row.size:
        return row, block
    for width, parts in _levels(n):
        colours = column_colours(row, block, (rows.size, blocks), thorough=False)
        spent += parts * count(colours)
        if spent > most:
            return None
        blocks = -(-n // width)
        child = block * parts + np.arange(parts)[:, None]
        exists = child < blocks
        hit = np.zeros(child.shape, bool)
        order = np.argsort(colours[block], kind="stable")
        for mine in np.split(order, np.flatnonzero(np.diff(colours[block][order])) + 1):
            for part in range(parts):
                chosen = np.zeros(blocks, bool)
                chosen[child[part, mine][exists[part, mine]]] = True
                if chosen.any():
                    hit[part, mine] = answers(np.repeat(chosen, width)[:n])[row[mine]]
        hit &= exists
        if keep:
            hit |= exists & ~hit.any(axis=0)
        parts_hit, entry = np.nonzero(hit)
        row, block = row[entry], child[parts_hit, entry]
    return row, block


def _levels(n: int) -> list[tuple[int, int]]:
    """Sizes of blocks, from at most 16 blocks down to single columns, and in how many parts the larger block falls."""
    size = 1
    while n > 16 * size:
        size *= 4
    levels = [(size, -(-n // size))] if n > 1 else []
    while size > 1:
        size //= 4
        levels.append((size, 4))
    return levels


def count(colours: Array) -> int:
    """The number of colours, 0 for no columns."""
    return int(colours.max(initial=-1)) + 1
