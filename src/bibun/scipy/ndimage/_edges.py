"""What functions of scipy.ndimage share: an image beyond its edges, settings for each axis, the dtype of a result."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from bibun.core.traced import Traced
from bibun.scipy._calls import beside, no_rule

_MODES: dict[str, Any] = {
    "reflect": "symmetric", "grid-mirror": "symmetric", "mirror": "reflect", "nearest": "edge", "wrap": "wrap",
    "grid-wrap": "wrap", "constant": "constant", "grid-constant": "constant",
}  # fmt: skip


def _padded(x: Any, sides: list[tuple[int, int]], mode: str, cval: Any) -> Any:
    """With so many entries more beyond each edge."""
    if mode not in _MODES:
        raise RuntimeError("boundary mode not supported")
    if _MODES[mode] == "constant":
        return np.pad(beside(x, cval), sides, constant_values=cval)
    return np.pad(x, sides, mode=_MODES[mode])


def surrounded(x: Any, axes: Any, lengths: Any, origin: Any, mode: Any, cval: Any) -> Any:
    """With as many entries more as windows of these lengths reach beyond the edges, one length, origin and mode an axis."""
    origins, modes = each(origin, len(axes)), each(mode, len(axes))
    for axis, n, shift, how in zip(axes, lengths, origins, modes, strict=True):
        if not 0 <= n // 2 + shift < n:
            raise ValueError("invalid origin")
        sides = [(0, 0)] * x.ndim
        sides[axis] = (n // 2 + shift, n - 1 - n // 2 - shift)
        x = _padded(x, sides, how, cval)
    return x


def wide(x: Any) -> Any:
    """In double precision, in which SciPy computes."""
    return x.astype(np.result_type(x, np.float64))


def given(y: Any, like: Any, output: Any) -> Any:
    """As SciPy's output= asks: by default in the dtype of the image."""
    if isinstance(output, (np.ndarray, Traced)):
        raise no_rule("this function", "output= is an array; leave it away, or give a dtype")
    dtype = like.dtype if output is None else np.dtype(output)
    if dtype.kind == "b" and y.dtype.kind == "f":
        y = np.trunc(y)  # to an integer, as C casts
    return y.astype(np.result_type(dtype, np.complex64) if y.dtype.kind == "c" and dtype.kind != "c" else dtype)


def each(value: Any, n: int) -> list[Any]:
    """One for each of n axes."""
    if not isinstance(value, (list, tuple)) and np.ndim(value) == 0:
        return [value] * n
    if len(value) != n:
        raise RuntimeError("sequence argument must have length equal to input rank")
    return list(value)


def chosen(axes: Any, ndim: int) -> tuple[int, ...]:
    """The axes, none of them negative; None is all."""
    return tuple(range(ndim)) if axes is None else normalize_axis_tuple(axes, ndim)
