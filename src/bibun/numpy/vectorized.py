"""np.vectorize for functions of traced numbers: a loop over the entries, as NumPy's is."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays.creation import as_array, holds_traced
from bibun.core.traced import Traced
from bibun.errors import NoDerivativeError, located
from bibun.interpreters.buffer import unnamed


class vectorize(np.vectorize):
    """A function of numbers as one of arrays, called once for each entry of the broadcast arguments.

    Entries of traced arrays are traced, and what the function returns may be. With a signature, "(n),(n)->()" say, it is
    called with arrays of these axes.
    """

    pyfunc: Any
    otypes: Any
    signature: Any

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = unnamed(args), unnamed(kwargs)
        if self.signature is None and self.pyfunc is not np._NoValue:
            return self._each(args, kwargs)
        if any(isinstance(value, Traced) for value in (*args, *kwargs.values())):
            return self._each_core(args)
        return super().__call__(*args, **kwargs)

    def _each(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The loop over numbers; what is excluded is passed on as it is."""
        places = [n for n in range(len(args)) if n not in self.excluded]
        names = [name for name in kwargs if name not in self.excluded]
        varying = [_entries(value) for value in (*(args[n] for n in places), *(kwargs[name] for name in names))]
        if not varying:
            return self.pyfunc(*args, **kwargs)
        shape = np.broadcast_shapes(*(np.shape(value) for value in varying))
        flat = [np.reshape(np.broadcast_to(value, shape), (-1,)) for value in varying]

        def call(entries: Any) -> Any:
            given, named = list(args), dict(kwargs)
            for n, entry in zip(places, entries, strict=False):
                given[n] = entry
            return self.pyfunc(*given, **named | dict(zip(names, entries[len(places) :], strict=True)))

        results = [call(entries) for entries in zip(*flat, strict=True)]
        if any(map(np.ndim, _parts(results))):
            raise ValueError(
                "vectorize: the function returned an array for an entry; say what goes in and out: signature=."
            )
        otypes = self.otypes
        if otypes is None and results and not holds_traced(_parts(results)):
            # as NumPy does: the dtype is that of what comes of NumPy's numbers
            given = [*(args[n] for n in places), *(kwargs[name] for name in names)]
            first = call([np.asarray(value).flat[0] for value in given])
            otypes = [np.asarray(part).dtype for part in (first if isinstance(first, tuple) else (first,))]
        return _collected(results, shape, otypes)

    def _each_core(self, args: tuple[Any, ...]) -> Any:
        """The loop over what is in front of the axes of the signature."""
        inputs = self.signature.replace(" ", "").split("->")[0].strip("()").split("),(")
        if self.excluded or len(inputs) != len(args):
            raise NoDerivativeError(
                f"{located()}np.vectorize with a signature takes traced arrays by position, one for each input of "
                f"{self.signature!r}, and no excluded ones. Write the loop, or bibun.vmap."
            )
        counts = [len(core.split(",")) if core else 0 for core in inputs]
        shapes = [np.shape(arg) for arg in args]
        loops = [shape[: len(shape) - count] for shape, count in zip(shapes, counts, strict=True)]
        shape = np.broadcast_shapes(*loops)
        spread = [
            np.broadcast_to(arg, (*shape, *whole[len(whole) - count :]))
            for arg, whole, count in zip(args, shapes, counts, strict=True)
        ]
        return _collected([self.pyfunc(*(arg[i] for arg in spread)) for i in np.ndindex(*shape)], shape, self.otypes)


def _collected(results: list[Any], shape: tuple[int, ...], otypes: Any) -> Any:
    """The results as one array for each output."""
    if not results and otypes is None:
        raise ValueError("cannot call `vectorize` on size 0 inputs unless `otypes` is set")
    several = isinstance(results[0], tuple) if results else len(otypes) > 1
    columns = list(zip(*results, strict=True)) if several and results else [results] * max(len(otypes or "x"), 1)
    made = tuple(_column(column, shape, otypes[k] if otypes else None) for k, column in enumerate(columns))
    return made if several else made[0]


def _parts(results: list[Any]) -> list[Any]:
    """Every output of every call."""
    return [part for result in results for part in (result if isinstance(result, tuple) else (result,))]


def _entries(value: Any) -> Any:
    """A traced array, or an array of Python's objects, as NumPy's own loop gives them to the function."""
    if isinstance(value, Traced):
        return value
    return as_array(value) if holds_traced(value) else np.asarray(value, dtype=object)


def _column(results: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """One output."""
    results = unnamed(list(results))
    if not results:
        return np.empty(shape, dtype)
    if dtype is None and not isinstance(results[0], Traced):
        dtype = np.asarray(results[0]).dtype
    core = np.shape(results[0])
    if not holds_traced(results):
        return np.asarray(results, dtype).reshape((*shape, *core))
    made = np.reshape(np.stack([as_array(result) for result in results]), (*shape, *core))
    return made if dtype is None or np.dtype(dtype).kind not in "fc" else made.astype(dtype)


__all__ = ["vectorize"]
