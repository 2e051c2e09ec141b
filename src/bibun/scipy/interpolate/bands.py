"""Equations between neighbours: each unknown with a few before it and after it, along a line or around a circle.

A row of `bands` is a diagonal: bands[j, i] is the factor, in equation i, of unknown i + j - below. Solved in O(n) by
bibun.scipy.linalg's solve_banded. Knows of no spline.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.scipy.linalg import solve_banded


def solve_line(bands: Any, below: int, right: Any) -> Any:
    """The unknowns, as right has them along its first axis; factors of unknowns that there are not do not count."""
    above, n = len(bands) - 1 - below, np.shape(bands)[1]
    stored = []
    for shift in range(above, -below - 1, -1):  # band storage has an entry in the column of its unknown
        diagonal, gap = bands[shift + below], np.zeros(min(abs(shift), n))
        stored.append(
            np.concatenate([gap, diagonal[: max(n - shift, 0)]])
            if shift > 0
            else np.concatenate([diagonal[min(-shift, n) :], gap])
        )
    columns = np.reshape(right, (n, -1)) * 1.0
    return np.reshape(solve_banded((below, above), np.stack(stored), columns), np.shape(right))


def solve_circle(bands: Any, below: int, right: Any) -> Any:
    """The same, where the first unknown comes after the last one."""
    n, width = np.shape(bands)[1], max(below, len(bands) - 1 - below)
    flat, m = np.reshape(right, (n, -1)) * 1.0, n - width
    if m < 2 * width:
        everything = np.arange(n)
        return np.reshape(np.linalg.solve(_block(bands, below, everything, everything), flat), np.shape(right))
    # The last unknowns, as many as reach around, are a border: without them the others are a line.
    start, end, border = np.arange(width), np.arange(m - width, m), np.arange(m, n)
    columns = [
        _block(bands, below, start, border), np.zeros((m - 2 * width, width)), _block(bands, below, end, border),
    ]  # fmt: skip
    both = solve_line(bands[:, :m], below, np.concatenate([flat[:m], np.concatenate(columns)], axis=1))
    lines, by_border = both[:, :-width], both[:, -width:]

    def in_border(x: Any) -> Any:
        rows = _block(bands, below, border, start), _block(bands, below, border, end)
        return rows[0] @ x[:width] + rows[1] @ x[-width:]

    last = np.linalg.solve(_block(bands, below, border, border) - in_border(by_border), flat[m:] - in_border(lines))
    return np.reshape(np.concatenate([lines - by_border @ last, last]), np.shape(right))


def _block(bands: Any, below: int, rows: Any, columns: Any) -> Any:
    """The factors in these equations of these unknowns, around the circle."""
    n = np.shape(bands)[1]
    total: Any = 0.0
    for j in range(len(bands)):
        total = total + bands[j][rows][:, None] * ((rows + j - below)[:, None] % n == columns)
    return total
