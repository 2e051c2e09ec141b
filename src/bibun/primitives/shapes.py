"""Rows that move entries, or repeat them, or change their dtype, and compute nothing.

Shapes and axes in settings are resolved: no -1, no negative axis.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.core.broadcasting import unbroadcast
from bibun.core.kinds import constant, linear


def _reshape(x: Any, *, shape: tuple[int, ...]) -> Any:
    return np.reshape(x, shape)


def _reshape_batch(primitive: Any, values: Any, batched: Any, settings: Any) -> Any:
    return primitive(values[0], shape=(np.shape(values[0])[0], *settings["shape"]))


def _transpose(x: Any, *, axes: tuple[int, ...]) -> Any:
    return np.transpose(x, axes)


def _transpose_batch(primitive: Any, values: Any, batched: Any, settings: Any) -> Any:
    return primitive(values[0], axes=(0, *(n + 1 for n in settings["axes"])))


def inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    """The permutation that undoes this one."""
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


def _broadcast_to(x: Any, *, shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(x, shape)


def _broadcast_batch(primitive: Any, values: Any, batched: Any, settings: Any) -> Any:
    (x,), shape = values, settings["shape"]
    have = np.shape(x)
    x = np.reshape(x, (have[0], *(1,) * (len(shape) - len(have) + 1), *have[1:]))
    return primitive(x, shape=(have[0], *shape))


def _flip(x: Any, *, axis: tuple[int, ...]) -> Any:
    return np.flip(x, axis)


def _roll(x: Any, *, shift: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    return np.roll(x, shift, axis)


def _diagonal(x: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    return np.diagonal(x, offset, axis1, axis2)


def _undiagonal(g: Any, x_shape: tuple[int, ...], offset: int, axis1: int, axis2: int) -> Any:
    """Zeros with g on the diagonal."""
    others = tuple(i for i in range(len(x_shape)) if i not in (axis1, axis2))
    order = (*others, axis1, axis2)
    places = np.arange(np.shape(g)[-1])
    zeros = np.zeros_like(g, shape=tuple(x_shape[i] for i in order))
    zeros[..., places + max(-offset, 0), places + max(offset, 0)] = g
    return np.transpose(zeros, inverse(order))


def _diagonal_batch(primitive: Any, values: Any, batched: Any, settings: Any) -> Any:
    return primitive(values[0], offset=settings["offset"], axis1=settings["axis1"] + 1, axis2=settings["axis2"] + 1)


def _astype(x: Any, *, dtype: Any) -> Any:
    return x.astype(dtype)


def _copy(x: Any) -> Any:
    return x.copy()


reshape = linear(_reshape, lambda g, x_shape: np.reshape(g, x_shape), batch=_reshape_batch, name="reshape")
transpose = linear(_transpose, lambda g, axes: np.transpose(g, inverse(axes)), batch=_transpose_batch, name="transpose")
broadcast_to = linear(
    _broadcast_to, lambda g, x_shape: unbroadcast(g, x_shape), batch=_broadcast_batch, name="broadcast_to"
)
flip = linear(_flip, lambda g, axis: np.flip(g, axis), batch="reduction", name="flip")
roll = linear(_roll, lambda g, shift, axis: np.roll(g, tuple(-n for n in shift), axis), batch="reduction", name="roll")
diagonal = linear(_diagonal, _undiagonal, batch=_diagonal_batch, domain=("matrix",), name="diagonal")
copy = linear(_copy, lambda g: g, batch="elementwise", name="copy")
# To a float or complex dtype. The interpreters give each cotangent the dtype of its input.
astype = linear(_astype, lambda g: g, batch="elementwise", name="astype")
astype_step = constant(
    lambda x, *, dtype: x.astype(dtype),
    "rounding to integers, or to True and False, goes in steps: it does not vary continuously",
    batch="elementwise",
    name="astype_step",
)
