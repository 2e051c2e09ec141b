"""The functions that B-splines are sums of: the few that are not zero at a point, all of them, and their knots."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays.creation import as_array
from bibun.scipy.interpolate.bands import solve_circle, solve_line
from bibun.scipy.interpolate.piecewise import taken


def interval(t: Any, k: int, v: Any) -> Any:
    """The i with t[i] <= v < t[i + 1], between k and the last interval that is not empty."""
    return np.clip(np.searchsorted(t, v, side="right") - 1, k, _last(t, k))


def _last(t: Any, k: int) -> Any:
    n = len(t) - k - 1
    return np.searchsorted(t, t[n], side="left") - 1 if k else n - 1  # of steps the last one has no width


def local(t: Any, k: int, i: Any, v: Any, nu: int = 0) -> Any:
    """B[i - k], ..., B[i] at v, which is in interval i, or their derivatives: shape (k + 1, points)."""
    if nu > k:
        return np.zeros((k + 1, *np.shape(v)))
    if nu:  # k (B[j] / (t[j + k] - t[j]) - B[j + 1] / (t[j + k + 1] - t[j + 1])), B of degree k - 1
        lower = local(t, k - 1, i, v, nu - 1)
        shares = [k * lower[j] / (taken(t, i + 1 + j) - taken(t, i + 1 + j - k)) for j in range(k)]
        return np.stack([-shares[0], *(shares[j] - shares[j + 1] for j in range(k - 1)), shares[-1]])
    found = [1.0 + 0.0 * v]
    for degree in range(1, k + 1):
        made, left = [], 0.0 * v
        for r, one in enumerate(found):
            low, high = taken(t, i + r + 1 - degree), taken(t, i + r + 1)
            share = one / (high - low)
            made.append(left + (high - v) * share)
            left = (v - low) * share
        found = [*made, left]
    return np.stack(found)


def basis(t: Any, k: int, v: Any, nu: int = 0) -> Any:
    """B[j](v) for all j, or their derivatives: shape (points, functions)."""
    i, functions = interval(t, k, v), np.arange(len(t) - k - 1)
    some = local(t, k, i, v, nu)
    total: Any = 0.0
    for j in range(k + 1):
        total = total + some[j][:, None] * ((i - k + j)[:, None] == functions)
    return total


def uniform(place: Any, order: int) -> tuple[Any, list[Any]]:
    """The first of the order + 1 coefficients that a place reads, and their weights: uniform B-splines, by their recursion."""
    moved = place if order % 2 else place + 0.5
    low = np.floor(moved)
    u, weights = moved - low, [1.0 + 0.0 * place]
    for k in range(1, order + 1):
        before = [0.0, *weights, 0.0]
        weights = [((u + (k - j)) * before[j] + ((j + 1) - u) * before[j + 1]) / k for j in range(k + 1)]
    return low.astype(int) - order // 2, weights


def knots(x: Any, k: int) -> Any:
    """Those of interpolation without conditions at the ends: x less (k - 1) / 2 points next to each end."""
    if k % 2:
        half = (k + 1) // 2
        inner = x[half:-half]
    else:
        half = k // 2
        middles = (x[1:] + x[:-1]) / 2
        inner = middles[half:-half] if half else middles[:-1]
    if not k:
        return np.concatenate([x, x[-1:]])
    return np.concatenate([np.repeat(x[:1], k + 1), inner, np.repeat(x[-1:], k + 1)])


def coefficients(t: Any, k: int, x: Any, y: Any, left: Any = (), right: Any = ()) -> Any:
    """c with Σ c[j] B[j](x) = y, and with the derivatives (order, value) at the ends."""
    first, last = (
        [np.reshape(as_array(v) + 0.0 * y[0], (1, *np.shape(y)[1:])) for _, v in end] for end in (left, right)
    )
    wanted, n = np.concatenate([*first, y, *last]), len(t) - k - 1
    if len(wanted) != n:
        raise ValueError(
            f"The number of derivatives at boundaries does not match: {len(wanted)} equations for {n} unknowns."
        )
    rows = [(x[:1], order) for order, _ in left] + [(x, 0)] + [(x[-1:], order) for order, _ in right]
    intervals = [interval(t, k, at) for at, _ in rows]
    some = np.concatenate([local(t, k, i, at, nu) for i, (at, nu) in zip(intervals, rows, strict=True)], axis=1)
    starts = np.concatenate(intervals) - k  # the first function that is not zero, by equation
    return solve_line(_as_bands(some, starts - np.arange(n), k), k, wanted)


def _as_bands(some: Any, starts: Any, k: int) -> Any:
    """The k + 1 factors of each equation in 2 k + 1 diagonals, the first one at -k, ..., 0 from the main one.

    Where it is not, the points do not determine the spline (Schoenberg and Whitney), and the system is singular without it too.
    """
    rows = []
    for shift in range(-k, k + 1):
        total: Any = 0.0
        for j in range(k + 1):
            total = total + some[j] * (starts + j == shift)
        rows.append(total)
    return np.stack(rows)


def periodic_coefficients(t: Any, k: int, x: Any, y: Any) -> Any:
    """c with Σ c[j] B[j](x) = y of n points, where x[i] is in interval i + k and c[j + n] is c[j]: the n of them."""
    n = len(x)
    some = local(t, k, np.arange(n) + k, x)
    middle = k // 2  # the largest factor
    return np.roll(solve_circle(some, middle, y), middle, axis=0)
