"""Index arrays that a run reads while it is recorded: it takes them for what they hold, and learns here whose they were."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from sys import getrefcount
from typing import Any

import numpy as np

from bibun.core.captured import owner

Array = np.ndarray[Any, Any]


class IndexArrays:
    """The index arrays that a run reads.

    volatile    those that have changed before, by identity
    operand     what stands for one of these: its place among the operands
    """

    def __init__(self, volatile: Mapping[int, Array], operand: Callable[[Array], Any]) -> None:
        self.volatile = volatile
        self.operand = operand
        self._read: dict[int, tuple[Array, Array]] = {}  # by identity: the array, and what it held

    def __call__(self, array: Array) -> Any:
        """What stands for an index array: itself, taken for what it holds, or an operand."""
        if id(array) in self.volatile:
            return self.operand(array)
        if id(array) not in self._read:
            self._read[id(array)] = array, array.copy(order="K" if array.flags.forc else "C")
        return array

    def shared(self) -> list[tuple[Array, Array]]:
        """Those that somebody else holds too, who may change them, and what they held. To be asked when the run is over."""
        found = []
        for array, copy in self._read.values():
            root = owner(array)
            holders = 3 + (root is array)  # a view, or `_read` and `array`; `root`; getrefcount's argument
            view = root is not array and getrefcount(array) > 3  # `_read`, `array`, the argument
            if root.base is not None or view or getrefcount(root) > holders:
                found.append((array, copy))
        return found


class _Now(threading.local):
    watch: IndexArrays | None = None


_now = _Now()


@contextmanager
def watched_by(watch: IndexArrays) -> Iterator[None]:
    """Meanwhile, in this thread, it says what stands for an index array."""
    before, _now.watch = _now.watch, watch
    try:
        yield
    finally:
        _now.watch = before


def index(given: Any) -> Any:
    """What stands for an index, or for the parts of a key."""
    if _now.watch is None:
        return given
    if isinstance(given, tuple):
        return tuple(map(index, given))
    return _now.watch(given) if type(given) is np.ndarray and given.size and given.dtype.kind in "iub" else given
