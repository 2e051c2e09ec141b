"""np.vectorize and np.frompyfunc of functions of traced numbers: a loop over the entries, as NumPy's is.

NumPy asks nobody before np.vectorize makes objects of its arguments, and numbers of what the function returns. So calls of
np.vectorize objects come here first, and go on to NumPy where nothing is traced.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np

from bibun.arrays.creation import as_array, holds_traced
from bibun.core.traced import Traced
from bibun.errors import LostDerivativeError, NoDerivativeError, located
from bibun.tree import named


def of_objects(function: np.ufunc, inputs: tuple[Any, ...]) -> Any:
    """What np.frompyfunc has made, of arrays whose entries it is called with."""
    shape = np.broadcast_shapes(*(np.shape(x) for x in inputs))
    flat = [np.reshape(np.broadcast_to(x, shape), (-1,)) for x in map(_entries, inputs)]
    results = [function(*map(_boxed, entries)) for entries in zip(*flat, strict=True)]
    results = [tuple(map(_unboxed, r)) if isinstance(r, tuple) else _unboxed(r) for r in results]
    return _collected(results, shape, [object] * function.nout)


def _boxed(entry: Any) -> Any:
    """An array of one object, which NumPy's loop hands over as it is."""
    box = np.empty((), object)
    box[()] = entry
    return box


def _unboxed(box: Any) -> Any:
    return box[()] if isinstance(box, np.ndarray) else box


def of_traced(vectorized: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A call of an np.vectorize object with traced values among its arguments, or behind what it returns.

    Entries of traced arrays are traced, and what the function returns may be. With a signature, "(n),(n)->()" say, it is
    called with arrays of these axes.
    """
    return _each(vectorized, args, kwargs) if vectorized.signature is None else _each_core(vectorized, args, kwargs)


def _each(vectorized: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The loop over numbers; what is excluded is passed on as it is."""
    places = [n for n in range(len(args)) if n not in vectorized.excluded]
    names = [name for name in kwargs if name not in vectorized.excluded]
    varying = [_entries(value) for value in (*(args[n] for n in places), *(kwargs[name] for name in names))]
    if not varying:
        return vectorized.pyfunc(*args, **kwargs)
    shape = np.broadcast_shapes(*(np.shape(value) for value in varying))
    flat = [np.reshape(np.broadcast_to(value, shape), (-1,)) for value in varying]

    def call(entries: Any) -> Any:
        given, by_name = list(args), dict(kwargs)
        for n, entry in zip(places, entries, strict=False):
            given[n] = entry
        return vectorized.pyfunc(*given, **by_name | dict(zip(names, entries[len(places) :], strict=True)))

    results = [call(entries) for entries in zip(*flat, strict=True)]
    if any(map(np.ndim, _parts(results))):
        raise ValueError(
            "vectorize: the function returned an array for an entry; say what goes in and out: signature=."
        )
    return _collected(results, shape, vectorized.otypes)


def _each_core(vectorized: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The loop over what is in front of the axes of the signature."""
    inputs = vectorized.signature.replace(" ", "").split("->")[0].strip("()").split("),(")
    if vectorized.excluded or kwargs or len(inputs) != len(args):
        raise NoDerivativeError(
            f"{located()}np.vectorize with a signature takes traced arrays by position, one for each input of "
            f"{vectorized.signature!r}, and no excluded ones. Write the loop, or bibun.vmap."
        )
    counts = [len(core.split(",")) if core else 0 for core in inputs]
    shapes = [np.shape(arg) for arg in args]
    loops = [shape[: len(shape) - count] for shape, count in zip(shapes, counts, strict=True)]
    shape = np.broadcast_shapes(*loops)
    spread = [
        np.broadcast_to(arg, (*shape, *whole[len(whole) - count :]))
        for arg, whole, count in zip(args, shapes, counts, strict=True)
    ]
    results = [vectorized.pyfunc(*(arg[i] for arg in spread)) for i in np.ndindex(*shape)]
    return _collected(results, shape, vectorized.otypes)


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
    results = [named(result) for result in results]
    if not results:
        return np.empty(shape, dtype)
    if dtype is None and not isinstance(results[0], Traced):
        dtype = np.asarray(results[0]).dtype
    core = np.shape(results[0])
    if not holds_traced(results):
        return np.asarray(results, dtype).reshape((*shape, *core))
    made = np.reshape(np.stack([as_array(result) for result in results]), (*shape, *core))
    return made if dtype is None or np.dtype(dtype).kind not in "fc" else made.astype(dtype)


def _install() -> None:
    plainly = np.vectorize.__call__

    @wraps(plainly)
    def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if self.pyfunc is np._NoValue:  # a decorator's first call, with the function
            return plainly(self, *args, **kwargs)
        if any(isinstance(value, Traced) or holds_traced(value) for value in (*args, *kwargs.values())):
            return of_traced(self, tuple(map(named, args)), {name: named(value) for name, value in kwargs.items()})
        try:
            return plainly(self, *args, **kwargs)
        except LostDerivativeError:  # it returns traced values that it reads from the code around it
            return of_traced(self, args, kwargs)

    np.vectorize.__call__ = call  # type: ignore[method-assign]


_install()
