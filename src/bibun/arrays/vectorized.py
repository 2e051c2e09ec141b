"""np.vectorize and np.frompyfunc of functions of traced numbers: a loop over the entries, as NumPy's is.

NumPy asks nobody before np.vectorize makes objects of its arguments, and numbers of what the function returns. So calls of
np.vectorize objects come here first, and go on to NumPy where nothing is traced.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from math import prod
from typing import Any

import numpy as np

from bibun.arrays.creation import as_array, holds_traced
from bibun.arrays.layouts import laid_as
from bibun.core.traced import Traced
from bibun.errors import LostDerivativeError, located
from bibun.tree import named


def of_objects(function: np.ufunc, inputs: tuple[Any, ...]) -> Any:
    """What np.frompyfunc has made, of arrays whose entries it is called with."""
    shape = np.broadcast_shapes(*(np.shape(x) for x in inputs))
    flat = [np.reshape(np.broadcast_to(x, shape), (-1,)) for x in map(_entries, inputs)]
    results = [function(*map(_boxed, entries)) for entries in zip(*flat, strict=True)]
    results = [tuple(map(_unboxed, r)) if isinstance(r, tuple) else _unboxed(r) for r in results]
    return _laid(_collected(results, shape, [object] * function.nout), [x for x in inputs if np.shape(x) == shape])


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
    called with arrays of these axes. What is excluded is passed on as it is.
    """
    places = [n for n in range(len(args)) if n not in vectorized.excluded]
    names = [name for name in kwargs if name not in vectorized.excluded]

    def call(entries: Any) -> Any:
        given, by_name = list(args), dict(kwargs)
        for n, entry in zip(places, entries, strict=False):
            given[n] = entry
        return vectorized.pyfunc(*given, **by_name | dict(zip(names, entries[len(places) :], strict=True)))

    varying = [*(args[n] for n in places), *(kwargs[name] for name in names)]
    if vectorized.signature is not None:
        return _each_core(vectorized, call, varying)
    return _each(vectorized, call, varying) if varying else vectorized.pyfunc(*args, **kwargs)


def _each(vectorized: Any, call: Callable[[Any], Any], varying: list[Any]) -> Any:
    """The loop over numbers."""
    shape = np.broadcast_shapes(*(np.shape(value) for value in varying))
    otypes = vectorized.otypes
    if otypes is None and prod(shape) and any(map(_is_narrow, varying)):
        otypes = _dtypes_of_the_first(call, varying)
    varying = list(map(_entries, varying))
    flat = [np.reshape(np.broadcast_to(value, shape), (-1,)) for value in varying]
    results = [call(entries) for entries in zip(*flat, strict=True)]
    if any(map(np.ndim, _parts(results))):
        raise ValueError(
            "vectorize: the function returned an array for an entry; say what goes in and out: signature=."
        )
    return _laid(_collected(results, shape, otypes), [value for value in varying if np.shape(value) == shape])


def _laid(found: Any, alike: list[Any]) -> Any:
    """In the order in memory of the arguments that have its shape, as results of ufuncs lie."""
    if not alike:
        return found
    if isinstance(found, tuple):
        return tuple(_laid(part, alike) for part in found)
    return laid_as(found, "K", alike[0])


def _dtypes_of_the_first(call: Callable[[Any], Any], varying: list[Any]) -> list[Any] | None:
    """The dtypes of all results are those of the function of the first entries, as numbers of NumPy's; of floats they are
    asked for by a call of their own, as NumPy's are."""
    first = call([np.reshape(as_array(value), (-1,))[0] for value in varying])
    dtypes = [np.result_type(as_array(part)) for part in _parts([first])]
    return dtypes if all(dtype.kind in "fc" for dtype in dtypes) else None


def _is_narrow(value: Any) -> bool:
    """Whether it is traced, and of fewer digits than Python's numbers have."""
    return isinstance(value, Traced) and value.dtype.kind in "fc" and value.dtype != _of_python(value)


def _of_python(value: Any) -> Any:
    return np.dtype(complex if value.dtype.kind == "c" else float)


def _each_core(vectorized: Any, call: Callable[[Any], Any], varying: list[Any]) -> Any:
    """The loop over what is in front of the axes of the signature."""
    inputs = re.findall(r"\(([^()]*)\)", vectorized.signature.split("->")[0])
    if len(inputs) != len(varying):
        raise TypeError(f"wrong number of positional arguments: expected {len(inputs)}, got {len(varying)}")
    varying = list(map(as_array, varying))
    counts = [len(core.split(",")) if core.strip() else 0 for core in inputs]
    shapes = [np.shape(value) for value in varying]
    loops = [shape[: len(shape) - count] for shape, count in zip(shapes, counts, strict=True)]
    shape = np.broadcast_shapes(*loops)
    spread = [
        np.broadcast_to(value, (*shape, *whole[len(whole) - count :]))
        for value, whole, count in zip(varying, shapes, counts, strict=True)
    ]
    return _collected([call([value[i] for value in spread]) for i in np.ndindex(*shape)], shape, vectorized.otypes)


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
    """Entries as NumPy's own loop gives them to the function: Python's numbers, and traced ones of as many digits."""
    if isinstance(value, Traced):
        return value.astype(_of_python(value)) if _is_narrow(value) else value
    return as_array(value) if holds_traced(value) else np.asarray(value, dtype=object)


def _column(results: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """One output."""
    results = [named(result) for result in results]
    if not results:
        return np.empty(shape, dtype)
    first = results[0]
    if dtype is None and not isinstance(first, Traced):
        dtype = np.asarray(first).dtype
        if dtype.kind not in "fc" and holds_traced(results):
            raise LostDerivativeError(
                f"{located()}np.vectorize takes the dtype of the first result, {first!r}, for all of them: NumPy would round "
                f"the others to {dtype}, and their derivatives would be lost. Return a float there ({float(first)!r} instead of "
                f"{first!r}), or say otypes=[float]."
            )
    if dtype is None and first.dtype.kind == "f":
        dtype = first.dtype
    core = np.shape(first)
    if not holds_traced(results):
        return np.asarray(results, dtype).reshape((*shape, *core))
    made = np.reshape(np.stack([as_array(result) for result in results]), (*shape, *core))
    return made if dtype is None or np.dtype(dtype).kind == "O" else made.astype(dtype)


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
