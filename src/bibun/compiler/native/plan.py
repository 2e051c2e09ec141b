"""A program as another process takes it from disk: where its code is, and what the table of addresses is made of there.

A plan belongs to a digest of the recorded calls (keys.py). So it can name arguments, captured arrays and constants of
containers by their place in the recording, the arguments and the results: in that process they are at the same places.

The origin of an entry of the table is one of

    process, name               an address of the process
    routine, name               one of BLAS or LAPACK
    pool, name                  one of the threads'
    dtype, n                    that of argument n
    constant, n                 the object that part n of the containers is
    key, n, k                   key k of part n, a dict
    captured, n                 the array that call n of the recording is
    stacked, numbers, alone     arrays of the recording, or of several such each, as one (rolling/stacking.py)
    watched                     the table of index arrays (watch.py)
    value, array                this array: settings and numbers of the recording
    numpy, ...                  a function that calls NumPy (callbacks.py)
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.exactly import InexactError, exactly
from bibun.compiler.native import cache
from bibun.compiler.native.callbacks import Memory, callback
from bibun.compiler.native.context import Context, routine
from bibun.compiler.native.pool import pool
from bibun.compiler.rolling.stacking import stacked

Array = np.ndarray[Any, Any]
Origin = tuple[Any, ...]


class Plan(NamedTuple):
    """codes: the keys of the code on disk. outputs: shape and kind of each."""

    codes: list[bytes]
    outputs: list[tuple[tuple[int, ...], str]]
    workspace: int
    calls_python: bool
    has_entry: bool
    origins: list[Origin]


class NotPortableError(Exception):
    """Something of a program is of this process alone."""


def write(key: bytes, plan: Plan) -> None:
    """Keep a plan for the processes that record the same."""
    cache.write(key, cache.PLAN, pickle.dumps(plan))


def read(key: bytes) -> Plan | None:
    """The plan that was kept, if any."""
    content = cache.read(key, cache.PLAN)  # written by this user's own processes, as code is that runs
    return None if content is None else pickle.loads(content)


# ---- from a program -------------------------------------------------------------------------------


def portable(
    origins: Iterable[Origin], arrays: Mapping[int, Array], made: Iterable[tuple[Array, Origin]]
) -> list[Origin]:
    """The origins with arrays by name. Raises NotPortableError where there is an array of which nothing is known.

    arrays      of the recording, by number
    made        arrays that were made for the program, and of what
    """
    known: dict[int, Origin] = {id(array): ("captured", n) for n, array in arrays.items()}
    known |= {id(array): origin for array, origin in made}
    return [_portable(origin, known) for origin in origins]


def _portable(origin: Origin, known: Mapping[int, Origin]) -> Origin:
    if origin[0] == "array":
        found = known.get(id(origin[1]))
        if found is None or (found[0] == "value" and not found[1].flags.c_contiguous):
            raise NotPortableError  # of an array in another order, another process would have one in row-major order
        return found
    if origin[0] != "numpy":
        return origin
    _, function, weak, operands, outputs = origin
    try:
        exactly(function)
    except InexactError:
        raise NotPortableError from None
    operands = [_named(memory, known) for memory in operands]
    return ("numpy", function, weak, operands, {part: _named(memory, known) for part, memory in outputs.items()})


def _named(memory: Memory, known: Mapping[int, Origin]) -> Memory:
    return memory if memory.array is None else memory._replace(array=_portable(("array", memory.array), known))


# ---- to a program ---------------------------------------------------------------------------------


class Process(NamedTuple):
    """What this process has for a plan: dtypes of arguments, parts of the containers, captured arrays by number, and the
    table of index arrays."""

    dtypes: Sequence[np.dtype[Any]]
    parts: Sequence[Any]
    arrays: Mapping[int, Array]
    watched: Array | None


def context(origins: Iterable[Origin], process: Process) -> Context:
    """The table. Raises LookupError where something is not there."""
    made = Context()
    for number, (word, *what) in enumerate(origins):
        _ADDS[word](made, f"slot{number}", process, *what)
    return made


def _routine(made: Context, slot: str, process: Process, name: str) -> None:
    if routine(name) is None:
        raise LookupError(name)
    made.routine(name)


def _array(process: Process, word: str, *what: Any) -> Array:
    if word == "captured":
        return process.arrays[what[0]]
    if word == "watched":
        assert process.watched is not None  # as in the process that made it: the key says so
        return process.watched
    if word == "value":
        return what[0]  # type: ignore[no-any-return]
    numbers, alone = what
    parts = [process.arrays[n] if isinstance(n, int) else _array(process, word, n, alone) for n in numbers]
    found = stacked(parts, alone=alone)
    if found is None:
        raise LookupError(word)
    return found


def _numpy(made: Context, slot: str, process: Process, function: Any, weak: Any, operands: Any, outputs: Any) -> None:
    def there(memory: Memory) -> Memory:
        return memory if memory.array is None else memory._replace(array=_array(process, *memory.array))

    run = callback(function, weak, [there(m) for m in operands], {part: there(m) for part, m in outputs.items()})
    made.held(slot, run, ("numpy",))


_ADDS: dict[str, Callable[..., None]] = {
    "process": lambda made, slot, process, name: made.of_process(name),
    "routine": _routine,
    "pool": lambda made, slot, process, name: made.slot(slot, lambda: getattr(pool(), name), ("pool", name)),
    "dtype": lambda made, slot, process, n: made.held(slot, process.dtypes[n], ("dtype", n)),
    "constant": lambda made, slot, process, n: made.held(slot, process.parts[n].content, ("constant", n)),
    "key": lambda made, slot, process, n, k: made.held(slot, list(process.parts[n].content)[k], ("key", n, k)),
    "numpy": _numpy,
    **{
        word: lambda made, slot, process, *what, word=word: made.array(slot, _array(process, word, *what))
        for word in ("captured", "stacked", "value", "watched")
    },
}
