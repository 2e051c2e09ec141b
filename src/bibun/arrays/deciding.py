"""Decisions that a stand-in takes by entries: under vmap for the whole batch, in a recording as a guard."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.core.traced import plain
from bibun.errors import DerivativeValueError, located


def batched(value: Any) -> bool:
    """Whether it differs along a batch, of vmap."""
    return bool(np.ndim(plain(value)) > np.ndim(value))


def anywhere(flag: Any) -> bool:
    """Whether a comparison is true of any entry."""
    return bool(np.any(plain(flag)))


def everywhere(flag: Any) -> bool:
    """Whether a comparison is true of all entries."""
    return bool(np.all(plain(flag)))


def whole(number: Any, name: str) -> int:
    """A whole number that a shape depends on: the same for all entries of a batch, or refused."""
    found = plain(number)
    if np.ndim(found):
        if np.any(np.not_equal(np.min(found), np.max(found))):
            raise DerivativeValueError(
                f"{located()}inside vmap {name} would be another one for each entry, and so give them other shapes. Give the "
                "number, or write a loop in the place of vmap."
            )
        found = np.max(found)
    return int(found)


def common(flag: Any, name: str) -> Any:
    """A comparison that says what a result keeps: plain, or recorded; the same for all entries of a batch, or refused."""
    kept = plain(flag)
    batches = tuple(range(np.ndim(kept) - np.ndim(flag)))
    if not batches:
        return kept
    everywhere_kept = np.all(kept, axis=batches)
    if np.any(np.not_equal(everywhere_kept, np.any(kept, axis=batches))):
        raise DerivativeValueError(
            f"{located()}inside vmap {name} would keep other places of one entry than of another, and so give them other "
            "shapes. Write a loop in the place of vmap, or np.where(condition, x, 0)."
        )
    return everywhere_kept
