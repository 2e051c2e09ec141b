"""Random programs that write through views of views, and arrays that lie in memory in every way. Owns no assertion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import numpy as np

Program = Callable[[Any, Any], tuple[Any, ...]]

# What makes an array of others: new ones that lie as theirs do, views, and what is one or the other.
NEW: list[Callable[[Any], Any]] = [
    lambda a: a + 1.0,
    lambda a: 2.0 * a.T,
    lambda a: np.copy(a.T),
    lambda a: a.copy(),
    lambda a: a.copy(order="F"),
    np.zeros_like,
    lambda a: np.ones_like(a.T),
    lambda a: np.full_like(a, 3.0, order="F"),
    lambda a: np.zeros(a.shape, like=a),
    lambda a: np.ones(a.shape, order="F", like=a) * a,
    lambda a: np.sort(a, axis=0),
    lambda a: np.partition(a.T, 1, axis=-1),
    lambda a: a.astype(a.dtype),
    lambda a: a.T.astype(a.dtype, order="C"),
    lambda a: np.roll(a, 1, axis=-1),
    lambda a: np.cumsum(a, axis=0),
    lambda a: np.where(a > 0.5, a, 2 * a),
    lambda a: np.maximum(a, np.zeros(a.shape, like=a)),
    lambda a: a + a.copy(order="F"),
    lambda a: np.concatenate([a, a.T.copy().T]),
    lambda a: np.stack([a, 2 * a], axis=-1),
    lambda a: np.stack([a, 2 * a]),
    lambda a: np.take(a, [1, 0], axis=0),
    lambda a: np.pad(a, 1)[1:-1],
    lambda a: np.sum(np.stack([a, a], axis=1), axis=1),
    lambda a: np.moveaxis(a, 0, -1) @ a.reshape(a.shape[0], -1),
    lambda a: np.repeat(a, 2, axis=-1),
    lambda a: np.delete(a, 0, axis=-1),
]
SEEN: list[Callable[[Any], Any]] = [
    lambda a: a.T,
    lambda a: a[::-1],
    lambda a: a[..., ::2],
    lambda a: a[1:],
    lambda a: np.moveaxis(a, 0, -1),
    lambda a: np.flip(a),
    lambda a: a[None],
    np.ravel,
    lambda a: a.T.ravel(),
    lambda a: a.ravel(order="F"),
    lambda a: a.reshape(-1),
    lambda a: a.T.reshape(-1),
    lambda a: a.reshape(-1, order="F"),
    lambda a: a.reshape(a.shape[-1], -1),
    lambda a: a.ravel(order="K"),
    lambda a: a.T.flatten(order="A"),
    lambda a: a.reshape(-1, order="A"),
    lambda a: a.reshape(-1, 1, a.shape[-1]),
    lambda a: a.reshape(-1, 2) if a.size % 2 == 0 else a.reshape(-1, 1),
    lambda a: np.squeeze(a),
    lambda a: np.ascontiguousarray(a, like=a),
    lambda a: np.asfortranarray(a, like=a),
    lambda a: np.asarray(a, order="C", like=a),
]


def _add(a: Any, value: Any) -> None:
    a += value


def _scale(a: Any, value: Any) -> None:
    a *= 1.0 + value


WRITES: list[Callable[[Any, Any], Any]] = [
    lambda a, value: a.__setitem__(0, value),
    lambda a, value: a.__setitem__((..., -1), value),
    lambda a, value: a.ravel().__setitem__(1, value),
    lambda a, value: a.T.ravel().__setitem__(slice(1, None, 2), value),
    lambda a, value: a.reshape(-1).__setitem__(-1, value),
    lambda a, value: a.T.reshape(a.shape[0], -1).__setitem__(0, value),
    lambda a, value: a.flat.__setitem__(1, value),
    lambda a, value: a.sort(axis=0),
    lambda a, value: np.multiply(a, 3.0, out=a),
    lambda a, value: np.add(a, value, out=a.T.T),
    _add,
    _scale,
]


def program(seed: int) -> Program:
    """Makes and writes to arrays, by chance but the same in each call for arguments of the same shapes; returns all of them."""

    def f(x: Any, z: Any) -> tuple[Any, ...]:
        random = Random(seed)
        arrays = [x * 1.0, z + 0.5] if random.random() < 0.9 else [x, z]
        for _ in range(random.randint(3, 9)):
            taken = random.choice(arrays)
            kind = random.random()
            if kind < 0.35:
                made = random.choice(NEW)(taken) if taken.ndim in (2, 3) else taken * 2.0
            elif kind < 0.7:
                made = random.choice(SEEN)(taken)
            else:
                if taken.size > 1:
                    random.choice(WRITES)(taken, random.choice([7.0, x[0, 1], z[1, 0] * 2]))
                continue
            if made.ndim <= 4 and 1 < made.size < 300:
                arrays.append(made)
            if random.random() < 0.15:
                del arrays[random.randrange(len(arrays) - 1)]
        return tuple(a * 1.0 for a in arrays)

    return f


def laid(array: Any) -> Iterator[Any]:
    """The same entries in memory in many ways, in new memory each time."""
    yield np.array(array, order="C")
    yield np.array(array, order="F")
    wide = np.zeros([2 * n for n in array.shape])
    part = wide[tuple(slice(n) for n in array.shape)]
    part[...] = array
    yield part
    backwards = array[::-1, ::-1].copy()
    yield backwards[::-1, ::-1]
    yield np.repeat(array.T, 2, axis=0)[::2].T
