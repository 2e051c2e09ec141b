"""Along one level of batches, an entry at a time: for what cannot be done of a batch at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from bibun.core.traced import Traced
from bibun.interpreters.batch import Batch, batch

Entry = Callable[[Any], Any]  # the value at one entry, of each in a list or tuple of them


def innermost(values: Iterable[Any]) -> Any:
    """The traced value of the highest level; None where none is traced."""
    return max((v for v in values if isinstance(v, Traced)), key=lambda v: v.level, default=None)


def each_entry(top: Batch, derive: Callable[[Entry], Any]) -> Any:
    """derive(entry) of every entry of that level, as one batch; or as a tuple of them, where it gives several values."""
    found = stacked([derive(partial(_entry, top.level, i)) for i in range(len(top.value))])
    return tuple(batch(v, top.level) for v in found) if isinstance(found, tuple) else batch(found, top.level)


def taking_batches(pull: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """pull(g, *read), a rule of the user's; an entry at a time where it takes no batch.

    A rule may leave NumPy (a solver, a file, a branch). The Jacobian by one sweep gives it a batch of cotangents.
    """

    def pulled(g: Any, *read: Any) -> list[Any]:
        try:
            return pull(g, *read)
        except Exception:
            top = innermost(v for part in (g, *read) for v in (part if isinstance(part, (tuple, list)) else (part,)))
            if not isinstance(top, Batch) or not len(top.value):
                raise
            return list(each_entry(top, lambda entry: pull(entry(g), *map(entry, read))))

    return pulled


def to_write_to(value: Any) -> Any:
    """An array that a function of the user's may write to: the tape keeps the other one."""
    if isinstance(value, Traced):
        return value.alias()
    return value.copy(order="K") if type(value) is np.ndarray and value.ndim else value


def stacked(found: list[Any]) -> Any:
    """The values of all entries, or of each of several outputs, as one."""
    if isinstance(found[0], (tuple, list)):
        return tuple(np.stack(part) for part in zip(*found, strict=True))
    return np.stack(found)


def _entry(level: int, i: int, value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_entry(level, i, v) for v in value)
    return value.value[i] if isinstance(value, Batch) and value.level == level else value
