"""Index arrays of the code around a function: a program keeps what they held, and looks whether they still hold it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]  # an array, and a copy of it

# The table is the number of pieces of memory, and for each where it is, where its copy is, and its bytes.
UNCHANGED = """\
define internal i32 @unchanged(ptr %table, ptr %compare) nounwind {
entry:
  %count = load i64, ptr %table
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%next, %look]
  %more = icmp slt i64 %i, %count
  br i1 %more, label %look, label %same
look:
  %first = mul i64 %i, 3
  %at.0 = add i64 %first, 1
  %at.1 = add i64 %first, 2
  %at.2 = add i64 %first, 3
  %p.0 = getelementptr i64, ptr %table, i64 %at.0
  %p.1 = getelementptr i64, ptr %table, i64 %at.1
  %p.2 = getelementptr i64, ptr %table, i64 %at.2
  %now = load ptr, ptr %p.0
  %before = load ptr, ptr %p.1
  %bytes = load i64, ptr %p.2
  %differs = call i32 %compare(ptr %now, ptr %before, i64 %bytes)
  %next = add i64 %i, 1
  %equal = icmp eq i32 %differs, 0
  br i1 %equal, label %loop, label %other
same:
  ret i32 0
other:
  ret i32 1
}"""


class Watched(NamedTuple):
    """The pairs, and the table that machine code reads."""

    pairs: Sequence[Pair]
    table: Array


def watched(pairs: Sequence[Pair]) -> Watched | None:
    """None where there are none."""
    if not pairs:
        return None
    pieces = np.concatenate([np.stack(piece, axis=1) for pair in pairs for piece in _pieces(*pair)])
    return Watched(pairs, np.concatenate([[len(pieces)], pieces.ravel()]).astype(np.int64))


def _pieces(now: Array, before: Array) -> Iterator[tuple[Array, Array, Array]]:
    """Addresses in both, and bytes, of what lies together in the memory of `now`: all of it, or rows, or entries."""
    if now.flags.forc:  # and the copy is in the same order
        yield np.array([now.ctypes.data]), np.array([before.ctypes.data]), np.array([now.nbytes])
        return
    rows = now.strides[-1] == now.itemsize
    axes = now.ndim - rows
    bytes_of_one = now.itemsize * (now.shape[-1] if rows else 1)
    places = np.indices(now.shape[:axes]).reshape(axes, -1).T if axes else np.zeros((1, 0), np.int64)
    yield (
        now.ctypes.data + places @ np.array(now.strides[:axes], np.int64),
        before.ctypes.data + places @ np.array(before.strides[:axes], np.int64),
        np.full(len(places), bytes_of_one),
    )


def unchanged(pairs: Sequence[Pair]) -> bool:
    """Whether all arrays hold what they held."""
    return all(np.array_equal(now, before) for now, before in pairs)
