"""autograd.scipy.signal: a convolution along some axes that sums over others; the rest is bibun.scipy.signal's.

No rule stands here: the convolution is written with NumPy's functions, which have theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bibun.compat.autograd.passing import passing_on

__getattr__, __dir__ = passing_on(__name__, "bibun.scipy.signal", "scipy.signal")


def convolve(
    A: Any,
    B: Any,
    axes: Sequence[Sequence[int]] | None = None,
    dot_axes: Sequence[Sequence[int]] = ((), ()),
    mode: str = "full",
) -> Any:
    """The convolution along axes[0] of A and axes[1] of B, summed over the products along dot_axes.

    The result has the other axes of A, then those of B, then the convolved ones. mode "full" has n + m - 1 entries
    along an axis, "same" those of A, "valid" |n - m| + 1: the places where one lies within the other.
    """
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"convolve: mode={mode!r}; it is 'full', 'same' or 'valid'.")
    both = (range(np.ndim(A)), range(np.ndim(B))) if axes is None else axes
    over_a, over_b = ([axis % np.ndim(x) for axis in given] for x, given in zip((A, B), both, strict=True))
    dot_a, dot_b = ([axis % np.ndim(x) for axis in given] for x, given in zip((A, B), dot_axes, strict=True))
    if len(over_a) != len(over_b) or len(dot_a) != len(dot_b):
        raise ValueError(f"convolve: axes={axes} and dot_axes={dot_axes} must name as many axes of A as of B.")
    sizes = [(np.shape(A)[a], np.shape(B)[b]) for a, b in zip(over_a, over_b, strict=True)]
    if mode == "valid" and not (all(n >= m for n, m in sizes) or all(n <= m for n, m in sizes)):
        raise ValueError(f"convolve: mode='valid' needs one array that is the longer along every axis, not {sizes}.")
    rest_a, rest_b = _rest(A, over_a, dot_a), _rest(B, over_b, dot_b)
    windows = np.transpose(A, [*rest_a, *over_a, *dot_a])
    for k, (n, m) in enumerate(sizes):
        windows = _windows(windows, len(rest_a) + k, n, m, mode)
    # windows: rest_a, convolved, dot, kernel; B: rest_b, kernel, dot
    kernel = np.transpose(B, [*rest_b, *over_b, *dot_b])
    depth, dots = len(sizes), len(dot_a)
    of_windows = [len(rest_a) + depth + i for i in (*range(dots), *range(dots, dots + depth))]
    of_kernel = [len(rest_b) + i for i in (*range(depth, depth + dots), *range(depth))]
    product = np.tensordot(windows, kernel, (of_windows, of_kernel))  # rest_a, convolved, rest_b
    here = list(range(len(rest_a), len(rest_a) + depth))
    return np.moveaxis(product, here, list(range(-depth, 0))) if depth else product


def _rest(x: Any, *used: list[int]) -> list[int]:
    taken = [axis for axes in used for axis in axes]
    return [axis for axis in range(np.ndim(x)) if axis not in taken]


def _windows(x: Any, axis: int, n: int, m: int, mode: str) -> Any:
    """One more axis, the last: entry [i, k] along it and `axis` is x[i + shift - k], zero outside."""
    short = min(n, m)
    first, count = {"full": (0, n + m - 1), "same": ((m - 1) // 2, n), "valid": (short - 1, max(n, m) - short + 1)}[
        mode
    ]
    at = first + np.arange(count)[:, None] - np.arange(m)
    inside = (at >= 0) & (at < n)
    found = np.take(x, np.where(inside, at, 0), axis=axis)  # [..., count, m, ...]
    shape = [1] * np.ndim(found)
    shape[axis], shape[axis + 1] = np.shape(at)
    found = found if inside.all() else np.where(np.reshape(inside, shape), found, 0)
    return np.moveaxis(found, axis + 1, -1)
