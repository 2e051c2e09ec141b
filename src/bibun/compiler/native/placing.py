"""Where in memory a new array lies, beside those that are read. Owns no array: says when another one is to be asked for.

A processor tells by the lowest 12 bits of addresses which loads have to wait for stores that are under way. In a loop that reads
x[i + 1], x[i], ... and writes y[i], loads wait for the stores of some turns before where y lies up to a kilobyte behind x modulo
4096: Rosenbrock's gradient of 10,000 entries then takes 1.5 times as long. Where the allocator puts y, it puts it again in the
next call, so that this is the luck of a process. A second array lies elsewhere, in all likelihood. (Both are freed at the end of
the heap, so its pages have to be kept.)
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from bibun.compiler.native.code import Code, Value

PAGE = 4096
_BEHIND = 1280  # bytes behind what is read, from which on nothing was measured
LEAST = 2**14  # bytes of arrays: smaller ones stay in the cache,
MOST = 2**24  # larger ones are mapped, all at one place of a page


def matters(leaf: Any) -> bool:
    """Whether the place of such an array does."""
    return leaf.scalar is None and LEAST <= leaf.dtype.itemsize * prod(leaf.shape) < MOST


def unlucky(code: Code, made: Value, read: Sequence[Value]) -> Value:
    """Whether this memory lies just behind one of those that are read."""
    found: Value | None = None
    address = code.emit(f"ptrtoint {made.typed} to i64", "i64")
    for memory in read:
        other = code.emit(f"ptrtoint {memory.typed} to i64", "i64")
        behind = code.emit(f"sub i64 {address.text}, {other.text}", "i64")
        place = code.emit(f"and i64 {behind.text}, {PAGE - 1}", "i64")
        before = code.emit(f"sub i64 {place.text}, 1", "i64")
        close = code.emit(f"icmp ult i64 {before.text}, {_BEHIND - 1}", "i1")
        found = close if found is None else found | close
    assert found is not None
    return found
