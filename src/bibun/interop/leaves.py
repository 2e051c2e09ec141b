"""A NumPy function as other packages need it: from arrays to a tuple of arrays, with the functions made of it.

The pushforward, the pullback, the transpose and the batch of such a function are such functions too, written with bibun's
transforms: so another package can differentiate and batch them again, to any order. Knows no other package.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from bibun import tree
from bibun.transforms.forward import jvp
from bibun.transforms.reverse import vjp
from bibun.transforms.vmap import vmap


class Kind(NamedTuple):
    """What is known of an array before it is computed."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class Run:
    """function(*arrays) -> a tuple of arrays. `kinds` says of which kind they are, from the kinds of the arguments."""

    def __init__(self, function: Callable[..., tuple[Any, ...]], kinds: Any = None) -> None:
        self.function = function
        self._kinds = kinds or self.on_ones
        self._known: dict[tuple[Kind, ...], list[Kind]] = {}

    def __call__(self, *arrays: Any) -> tuple[Any, ...]:
        return self.function(*arrays)

    def kinds(self, given: Sequence[Kind]) -> list[Kind]:
        """The kinds of the results."""
        key = tuple(given)
        if key not in self._known:
            self._known[key] = self._kinds(given)
        return self._known[key]

    def on_ones(self, given: Sequence[Kind]) -> list[Kind]:
        """By a run on ones, whatever it warns of."""
        try:
            with np.errstate(all="ignore"):
                found = self.function(*(np.ones(*kind)[()] for kind in given))
        except Exception as error:  # a user's own code
            error.add_note(
                "raised in a run on ones, which was to find the shapes of the results; see results= of to_jax"
            )
            raise
        return [Kind(np.shape(y), np.result_type(y)) for y in found]

    def pushed(self, moving: tuple[int, ...], count: int) -> Run:
        """From the `count` arguments and the tangents of `moving` to the tangents of the results that have any."""

        def push(*arrays: Any) -> tuple[Any, ...]:
            xs, ts = arrays[:count], arrays[count:]
            ys, moved = jvp(self._of(moving, xs), tuple(xs[i] for i in moving), ts)
            return tuple(t for t, y in zip(moved, ys, strict=True) if inexact(y))

        return Pushed(self, moving, count, push)

    def pulled(self, needed: tuple[int, ...], count: int) -> Run:
        """From the `count` arguments and the cotangents of the results that have any to the cotangents of `needed`."""

        def pull(*arrays: Any) -> tuple[Any, ...]:
            xs, gs = arrays[:count], iter(arrays[count:])
            ys, pullback = vjp(self._of(needed, xs), *(xs[i] for i in needed))
            return pullback(tuple(next(gs) if inexact(y) else np.zeros_like(y) for y in ys))  # type: ignore[no-any-return]

        return Run(pull, lambda given: [given[i] for i in needed])

    def transposed(self, linear: tuple[int, ...], zeros: Sequence[Kind], count: int) -> Run:
        """Of a function that is linear in some arguments: from the others and the cotangents to the cotangents of these."""
        others = [i for i in range(count) if i not in linear]

        def transpose(*arrays: Any) -> tuple[Any, ...]:
            xs: list[Any] = [None] * count
            for i, x in zip(others, arrays, strict=False):
                xs[i] = x
            _, pullback = vjp(self._of(linear, xs), *(np.zeros(*kind)[()] for kind in zeros))
            return pullback(tuple(arrays[len(others) :]))  # type: ignore[no-any-return]

        return Run(transpose, lambda given: list(zeros))

    def batched(self, axes: Sequence[int | None]) -> Run:
        """One call for every entry along these axes of the arguments, stacked along the first axis of each result."""

        def kinds(given: Sequence[Kind]) -> list[Kind]:
            entry = [
                Kind(tuple(np.delete(kind.shape, axis).tolist()), kind.dtype) if axis is not None else kind
                for kind, axis in zip(given, axes, strict=True)
            ]
            size = next(kind.shape[axis] for kind, axis in zip(given, axes, strict=True) if axis is not None)
            return [Kind((size, *kind.shape), kind.dtype) for kind in self.kinds(entry)]

        return Run(vmap(self.function, tuple(axes)), kinds)

    def _of(self, chosen: Sequence[int], xs: Sequence[Any]) -> Callable[..., Any]:
        """The function of some of its arguments."""

        def of_some(*some: Any) -> Any:
            arrays = list(xs)
            for i, x in zip(chosen, some, strict=True):
                arrays[i] = x
            return self.function(*arrays)

        return of_some


class Pushed(Run):
    """A pushforward, whose transpose is known: the pullback."""

    def __init__(self, base: Run, moving: tuple[int, ...], count: int, push: Callable[..., Any]) -> None:
        super().__init__(push, lambda given: [k for k in base.kinds(given[:count]) if k.dtype.kind in "fc"])
        self.base, self.moving, self.arguments = base, moving, count

    def transposed(self, linear: tuple[int, ...], zeros: Sequence[Kind], count: int) -> Run:
        """By the tangents the pullback; by some of them only, as of any function."""
        if linear == tuple(range(self.arguments, count)):
            return self.base.pulled(self.moving, self.arguments)
        return super().transposed(linear, zeros, count)


def inexact(y: Any) -> bool:
    """Whether it is of a dtype that has derivatives. Raises TypeError for one that NumPy does not compute in."""
    dtype = np.dtype(y.dtype) if hasattr(y, "dtype") else np.result_type(y)
    if dtype.kind not in "biufc":
        raise TypeError(f"a result of dtype {dtype}, in which NumPy does not compute. Make it float32.")
    return dtype.kind in "fc"


class Call:
    """One call of a function of containers: leaves of these classes are its arrays, the others are held."""

    def __init__(
        self, f: Callable[..., Any], args: Any, kwargs: Any, classes: Any, by_position: tuple[type, ...] = ()
    ) -> None:
        self.f = f
        leaves, self._unflatten = tree.flatten((args, kwargs))
        first = len(tree.flatten(args)[0])  # the leaves from here on were given by keyword
        self.where = [
            i
            for i, leaf in enumerate(leaves)
            if isinstance(leaf, classes) or (i < first and isinstance(leaf, by_position))
        ]
        self.arrays = [leaves[i] for i in self.where]
        self.rest = list(leaves)
        for i in self.where:
            self.rest[i] = None
        self.result: Any = None  # from the leaves of the result to its containers, once f has run

    def __call__(self, *arrays: Any) -> tuple[Any, ...]:
        leaves = [
            x.copy() if isinstance(x, np.ndarray) else x for x in self.rest
        ]  # f may change them, and runs more than once
        for i, x in zip(self.where, arrays, strict=True):
            leaves[i] = x
        args, kwargs = self._unflatten(leaves)
        found, self.result = tree.flatten(self.f(*args, **kwargs))
        return tuple(found)
