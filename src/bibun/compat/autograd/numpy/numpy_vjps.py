"""What autograd's rules, and those of its users, are written with. The rules of NumPy's functions are bibun's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bibun.compat.autograd.numpy.numpy_wrapper import metadata
from bibun.core import broadcasting


def unbroadcast(x: Any, target_meta: Any, broadcast_idx: int = 0) -> Any:
    """x summed over the axes that broadcasting added to a target, or repeated in it; real where that is real."""
    shape, _, _, is_complex = target_meta
    while np.ndim(x) > len(shape):
        x = np.sum(x, axis=broadcast_idx)
    x = broadcasting.unbroadcast(x, shape)
    return np.real(x) if np.iscomplexobj(x) and not is_complex else x


def unbroadcast_f(target: Any, f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The function that gives f of the cotangent, unbroadcast to the target."""
    meta = metadata(target)
    return lambda g: unbroadcast(f(g), meta)


def repeat_to_match_shape(g: Any, shape: tuple[int, ...], dtype: Any, axis: Any, keepdims: bool) -> tuple[Any, Any]:
    """(g repeated over the axes that a reduction of an array of this shape took away, how often)."""
    if not shape:
        return g, 1
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    taken = {a % len(shape) for a in axes}
    kept = tuple(1 if a in taken else n for a, n in enumerate(shape))
    repeated = np.broadcast_to(np.reshape(g, kept), shape)
    return repeated.astype(dtype), int(np.prod([shape[a] for a in taken]))


def match_complex(target: Any, x: Any) -> Any:
    """x real where the target is real, and complex where it is complex."""
    if np.iscomplexobj(x) and not np.iscomplexobj(target):
        return np.real(x)
    return x + 0j if np.iscomplexobj(target) and not np.iscomplexobj(x) else x


def replace_zero(x: Any, val: Any) -> Any:
    """x with `val` where it is 0."""
    return np.where(x, x, val)
