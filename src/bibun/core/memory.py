"""Memory: pages that are kept, since a derivative allocates and frees the same large buffers again and again; and Python's
collector."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

_LARGE = 2**16  # bytes
_state = {"kept": False}


def keep_pages(value: object) -> None:
    """At the first large array: let the C library keep up to 64 MiB of freed memory, instead of returning its pages.

    Returned pages are faulted in anew by the next call: a quarter of a millisecond a megabyte, more than most work on
    them costs. glibc raises its thresholds to the largest block below 32 MiB that it has seen freed; this shows it
    one, untouched. Elsewhere it does nothing.
    """
    if isinstance(value, np.ndarray) and value.nbytes > _LARGE:
        keep_pages_of_large_arrays()


def keep_pages_of_large_arrays() -> None:
    """The same, where there will be such arrays."""
    if not _state["kept"]:
        _state["kept"] = True
        np.empty(2**25 - _LARGE, np.uint8)


@contextmanager
def collector_off() -> Iterator[None]:
    """A recording is many small objects and no cycles; searching for these again and again would double its time."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
