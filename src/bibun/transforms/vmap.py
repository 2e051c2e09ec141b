"""vmap: a function of one entry becomes a function of a batch."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from bibun import tree
from bibun.core.traced import Traced, is_masked, new_level
from bibun.errors import NoDerivativeError
from bibun.interpreters.batch import Batch, batch
from bibun.transforms.arguments import MASKED, at_level, number_like, refuse_objects


def vmap(f: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0) -> Callable[..., Any]:
    """The function that applies f to every entry along an axis of its arguments, and stacks the results.

    in_axes: the axis of each argument's batch; an int for all, or one for each argument (None: the same for every
    entry; for an argument that is a container, an int or None for all of it, or the same containers of them).
    out_axes: where the batch's axis goes in the outputs. Keyword arguments are batched along axis 0 (as in JAX).
    """

    @wraps(f)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        if isinstance(in_axes, (tuple, list)) and len(in_axes) != len(args):
            raise ValueError(
                f"vmap: in_axes has {len(in_axes)} entries for {len(args)} arguments; one for each is needed."
            )
        axes = in_axes if isinstance(in_axes, (tuple, list)) else (in_axes,) * len(args)
        level = new_level()
        sizes: dict[int, str] = {}
        batched = [
            _enter(arg, axis, level, sizes, f"argument {i}")
            for i, (arg, axis) in enumerate(zip(args, axes, strict=True))
        ]
        named = {name: _enter(arg, 0, level, sizes, name) for name, arg in kwargs.items()}
        if not sizes:
            raise ValueError("vmap: in_axes is None for every argument, so there is no batch.")
        if len(sizes) > 1:
            found = ", ".join(f"{where} has {size}" for size, where in sizes.items())
            raise ValueError(f"vmap: the batches differ in length: {found}.")
        (size,) = sizes
        return _leave(f(*batched, **named), out_axes, level, size)

    return mapped


def _enter(arg: Any, axis: Any, level: int, sizes: dict[int, str], where: str) -> Any:
    """The argument with its batched leaves as Batches."""
    if axis is None:
        return arg
    leaves, unflatten = tree.flatten(arg)
    axes = [axis] * len(leaves) if isinstance(axis, int | np.integer) else _axes_like(arg, axis)
    return unflatten([_entered(x, a, level, sizes, where) for x, a in zip(leaves, axes, strict=True)])


def _axes_like(arg: Any, axis: Any) -> list[Any]:
    """The axis of every leaf, from a container like the argument's; an int or None in it holds for all below."""
    if axis is None or isinstance(axis, int | np.integer):
        return [axis] * len(tree.flatten(arg)[0])
    parts, below = tree.children(arg), tree.children(axis)
    if not parts or parts.keys() != below.keys():
        raise TypeError(f"vmap: the axes {axis!r} do not fit a value of type {type(arg).__name__}: {_keys(parts)}.")
    return [a for key, part in parts.items() for a in _axes_like(part, below[key])]


def _keys(parts: dict[Any, Any]) -> str:
    return f"it has the parts {', '.join(map(repr, parts))}" if parts else "it has no parts"


def _entered(x: Any, axis: int | None, level: int, sizes: dict[int, str], where: str) -> Any:
    if axis is None or not number_like(x):
        return x
    if is_masked(x):
        raise NoDerivativeError(f"vmap: {where} is {MASKED}")
    shape = np.shape(x)
    if not -len(shape) <= axis < len(shape):
        raise ValueError(
            f"vmap: {where} of shape {shape} has no axis {axis}. Use in_axes=None to pass it to every entry."
        )
    sizes.setdefault(shape[axis], where)
    value = x.alias() if isinstance(x, Traced) else np.array(x)
    return batch(np.moveaxis(value, axis, 0), level)


def _leave(y: Any, out_axes: Any, level: int, size: int) -> Any:
    """The outputs with the batch's axis where it is asked for; what did not depend on the batch is repeated."""
    leaves, unflatten = tree.flatten(y)
    axes = [out_axes] * len(leaves) if isinstance(out_axes, int | np.integer) else _axes_like(y, out_axes)

    def left(value: Any, axis: Any) -> Any:
        if not number_like(value):
            raise TypeError(f"vmap: the function returned {type(value).__name__}, which cannot be stacked.")
        refuse_objects("vmap", value)
        if at_level(value, Batch, level, "vmap"):
            if axis is None:
                raise ValueError("vmap: out_axes is None for an output that differs along the batch.")
            return _placed(value.value, axis)
        if axis is None:
            return value
        return _placed(np.repeat(np.reshape(value, (1, *np.shape(value))), size, axis=0), axis)

    return unflatten([left(value, axis) for value, axis in zip(leaves, axes, strict=True)])


def _placed(whole: Any, axis: int) -> Any:
    """The batch's axis, which is the first, at its place in the output."""
    if not -np.ndim(whole) <= axis < np.ndim(whole):
        raise ValueError(f"vmap: out_axes is {axis}, but the output has shape {np.shape(whole)}, the batch included.")
    return np.moveaxis(whole, 0, axis)
