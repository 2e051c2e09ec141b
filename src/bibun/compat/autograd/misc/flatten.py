"""Containers of arrays as one vector, and back. Both ways are differentiable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bibun import tree


def flatten(value: Any) -> tuple[Any, Callable[[Any], Any]]:
    """(vector, unflatten): all numbers of the containers, dicts by sorted keys, and the way back."""
    leaves, rebuild = tree.flatten(value)
    shapes = [np.shape(leaf) for leaf in leaves]
    sizes = [int(np.prod(shape)) for shape in shapes]
    vector = np.concatenate([np.ravel(leaf) for leaf in leaves]) if leaves else np.array([])

    def unflatten(vector: Any) -> Any:
        parts, start = [], 0
        for shape, size in zip(shapes, sizes, strict=True):
            parts.append(np.reshape(vector[start : start + size], shape)[()])
            start += size
        return rebuild(parts)

    return vector, unflatten


def flatten_func(func: Callable[..., Any], example: Any) -> tuple[Callable[..., Any], Callable[[Any], Any], Any]:
    """(func from vector to vector, unflatten, the example as a vector)."""
    vector, unflatten = flatten(example)
    return (lambda x, *args: flatten(func(unflatten(x), *args))[0]), unflatten, vector
