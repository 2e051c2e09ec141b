"""Index arrays that a run reads while it is recorded: it takes them for what they hold, and learns here whose they were."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

Watch = Callable[[np.ndarray[Any, Any]], Any]


class _Now(threading.local):
    watch: Watch | None = None


_now = _Now()


@contextmanager
def watched_by(watch: Watch) -> Iterator[None]:
    """Meanwhile, in this thread, `watch(array)` says what stands for an index array."""
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
