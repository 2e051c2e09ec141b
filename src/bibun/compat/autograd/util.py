"""Replacing entries of a tuple."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def subvals(x: Iterable[Any], replaced: Iterable[tuple[int, Any]]) -> tuple[Any, ...]:
    """x as a tuple, with the values given for some positions."""
    entries = list(x)
    for i, value in replaced:
        entries[i] = value
    return tuple(entries)


def subval(x: Iterable[Any], i: int, value: Any) -> tuple[Any, ...]:
    """x as a tuple, with one value at position i."""
    return subvals(x, [(i, value)])
