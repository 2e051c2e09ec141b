"""f about one point: x + t e_i, each evaluated once however often it is asked for. Chooses no point."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from bibun.numerical.estimators.axes import Array

AT_ONCE = 1 << 20  # numbers in the points that are made together: 8 MB

Evaluate = Callable[[Sequence[Array]], list[Array | None]]


class Probe:
    """`evaluate` takes points and gives rows of `size` numbers, None where f gives nothing."""

    def __init__(self, evaluate: Evaluate, x: Array, size: int, center: Array | None = None) -> None:
        self.x, self.size = x, size
        self._evaluate = evaluate
        self._rows: dict[tuple[int, float], Array | None] = {}
        self._center = center

    @property
    def center_is_known(self) -> bool:
        return self._center is not None

    @property
    def center(self) -> Array:
        """f(x); nan where it gives nothing."""
        if self._center is None:
            self._center = self.at([self.x])[0]
        return self._center

    def at(self, points: Sequence[Array]) -> Array:
        """f at any points, shape (points, m)."""
        return self._table(self._evaluate([point.copy() for point in points]))

    def along(self, entries: Iterable[int], distances: Array) -> Array:
        """f(x + t e_i) for each i and its column of distances, shape (k, entries): shape (k, m, entries)."""
        keys = [[(int(i), float(t)) for i, t in zip(entries, row, strict=True)] for row in distances]
        missing = [key for key in dict.fromkeys(key for row in keys for key in row) if key not in self._rows]
        share = max(1, AT_ONCE // max(1, self.x.size))
        for start in range(0, len(missing), share):
            part = missing[start : start + share]
            self._rows.update(zip(part, self._evaluate([self._shifted(i, t) for i, t in part]), strict=True))
        return np.stack([self._table([self._rows[key] for key in row]).T for row in keys])

    def _shifted(self, i: int, t: float) -> Array:
        point = self.x.copy()
        point[i] += t
        return point

    def _table(self, rows: Sequence[Array | None]) -> Array:
        table = np.array([np.full(self.size, np.nan) if row is None else row for row in rows]).reshape(-1, self.size)
        table[~np.isfinite(table)] = np.nan
        return table
